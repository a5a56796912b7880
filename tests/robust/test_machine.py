"""Random sequences of everything that can be done to a document: what has to hold holds after each of them.

Each method `do_…` of Machine is an action: what is new in nnviz adds its actions there. `truths` says what
has to hold. A failure names the sequence, which hypothesis has made as short as it can.
"""

import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QCoreApplication

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address
from nnviz.core.coach import Remedy
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.train import with_settings
from nnviz.document.document import Document
from nnviz.document.job import USUAL_LIMITS, Limits
from nnviz.document.player import Player
from nnviz.document.training import Runner
from nnviz.document.walk import PHASES
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.files.table.reading import parse
from nnviz.ui.panels.data import paste_cells
from tests.robust.naughty import NAMES, NO_NAMES
from tests.robust.truths import TRUTHS, arrays

pytestmark = pytest.mark.usefixtures("qapp")

USUAL = (0.0, 1.0, -1.0, 0.5, -0.25, 2.0, 3.0, 0.1, -7.5)
EXTREME = (-0.0, 1e-320, -1e-320, 1e-155, 1e155, -1e155, 1e308, -1e308, 1.7976931348623157e308)
CELLS = [*map(str, USUAL * 4), "1e308", "1e309", "nan", "", "x", "1,5", "١"]
ODD_ACTIVATIONS = ("leaky_relu(0.2)", "elu(0.5)", "elu(1e308)", "elu(-1)", "relu(", "nothing")
EXAMPLES = ("forward", "relu", "many-rows", "two-hidden-layers", "two-weight-sets", "xor", "curve")
SETTINGS = {
    "learning_rate": (0.01, 0.1, 1e-320, 1e308, 1.0),
    "updates": (1, 3, 20, 40),
    "batch_size": (None, 1, 2, 100),
    "optimizer": tuple(OPTIMIZERS),
    "seed": (0, 1, 2**63 - 1),
}
WAYS = "step run change_a_setting there_and_back scrub back"
WISHES = "toggle play pause step back to_start to_end to_end stop"
MOST_NODES, MOST_LAYERS, MOST_ROWS = 5, 4, 6
MOST_EVENTS = 100_000
TRAINING = "change_a_setting run step go_on_to_the_end back scrub there_and_back train_a_while walk"
TIMES = {"edit": 6, **dict.fromkeys(f"undo redo undo_and_redo_all {TRAINING}".split(), 4)}
"""How many times as often as the others an action is chosen: some need others before they do much."""


def numbers_of(value):
    return b"".join(array.tobytes() for array in arrays(value))


class Machine(RuleBasedStateMachine):
    """Does one action after the other to the models of a document.

    An action takes all its chance from `rng`, and may return what it did, in words. Without anything to do it
    does nothing; what may be refused it does by `attempt`. Undoing all leads to the State `first`. `shown` is
    all that was shown, with its numbers as they were then, `iterations` those of a run.
    """

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._failed, self._hook = [], sys.excepthook
        sys.excepthook = lambda *error: self._failed.append(error[1])  # of a slot, which raises nowhere else
        names = [name.removeprefix("do_") for name in dir(self) if name.startswith("do_")]
        assert set(TIMES) <= set(names)
        self._names = [name for name in names for _ in range(TIMES.get(name, 1))]

    @initialize(in_thread=st.booleans())
    def open_it(self, in_thread):
        self.document = Document(load(example("many-rows").path))
        self.runner = Runner(self.document, Limits(long_unit_s=0.0) if in_thread else USUAL_LIMITS)
        self.player = Player(self.document, self.runner)
        self.refusals, self.is_going = [], False
        self.document.refused.connect(self.refusals.append)
        self.runner.travel.message.connect(self._note_the_way)
        self.runner.travel.rested.connect(lambda: self._note_the_way(""))
        self.begin()
        self.document.changed.connect(lambda _, new: self._see(new.state))

    @rule(rng=st.randoms(use_true_random=True))  # what hypothesis draws comes in the same order too often
    def act(self, rng):
        self.rng, name = rng, rng.choice(self._names)
        note(f"{name}: {getattr(self, f'do_{name}')() or 'done'}")

    @invariant()
    def all_holds(self):
        if self._failed:
            raise self._failed[0]
        for holds in TRUTHS:
            holds(self)
        assert self.document.undo_text() or self.state is self.first
        for shown in self.iterations.values():
            assert len({numbers for _, numbers in shown}) == 1, "an iteration is not what it was"

    def teardown(self):
        try:
            if hasattr(self, "document"):
                self.player.stop()
                self.do_undo_and_redo_all()
                self.all_holds()
                for state, numbers in self.shown.values():
                    assert numbers_of(state) == numbers, "a State that was shown has changed"
        finally:
            sys.excepthook = self._hook
            self._folder.cleanup()

    def begin(self):
        """Note that another document was opened."""
        self.first, self.shown, self.iterations = self.state, {}, {}
        self._see(self.first)

    def _see(self, state):
        self.shown.setdefault(id(state), (state, numbers_of(state)))
        if run := state.run:
            which = id(run.start), id(state.data), run.segments, run.iteration
            self.iterations.setdefault(which, []).append((state, numbers_of(state.network)))

    def _note_the_way(self, text):
        self.is_going = text.startswith("Going")

    @property
    def state(self):
        return self.document.state

    def finish(self):
        """Wait for the end of a run, at full speed, and of the way to an iteration."""
        self.runner.speed = 1.0
        for _ in range(MOST_EVENTS):
            if not (self.runner.running or self.is_going):
                return
            QCoreApplication.processEvents()
        raise AssertionError("a run does not end")

    def attempt(self, edit, *where, merge=None, beneath=False):
        """Edit as a person does; what is refused is refused in a sentence, and changes nothing.

        Only `beneath` a run is edited what it leaves as it is, so that it may go on.
        """
        name, before = getattr(edit, "__name__", "edit"), self.state
        self.refusals.clear()
        way = self.document.edit_below_run if beneath else self.document.edit
        if way(name, edit, *where, merge=merge):
            assert self.refusals == []
            assert beneath or self.state is before or not self.runner.running, "a run goes on with an edit"
            return f"{name} {where}"
        (refusal,) = self.refusals
        assert refusal.strip(), f"{name} was refused without a word"
        assert "\n" not in refusal
        assert self.state is before
        return f"{name} {where}: refused, {refusal}"

    def number(self):
        return self.rng.choice(EXTREME if self.rng.random() < 0.1 else USUAL)

    def name(self):
        return self.rng.choice(NO_NAMES if self.rng.random() < 0.1 else NAMES)

    def weight(self):
        return self.rng.choice(self.state.network.all_weights())

    def address(self):
        column, node = self.column_and_node()
        return self.rng.choice((Address("node", column - 1, node), self.weight()))

    def column_and_node(self):
        sizes = self.state.network.sizes
        column = self.rng.randrange(len(sizes))
        return column, self.rng.randrange(sizes[column])

    def layer(self):
        return self.rng.randrange(len(self.state.network.layers))

    # --- numbers and rows

    def do_set_a_number(self):
        address = self.address()
        if address.kind == "node" and (address := edits.number_at(self.state, address)) is None:
            return "no number"
        merge = self.rng.choice((None, "keys"))
        return self.attempt(edits.set_value, address, self.number(), self.document.now.row, merge=merge)

    def do_drag_a_number(self):
        address, merge = self.weight(), object()
        start = self.state.network.value_of(address)
        for k in range(1, 4):
            self.attempt(edits.set_value, address, start + k * 0.1, merge=merge)
        return f"drag {address}"

    def do_set_a_target(self):
        if rows := len(self.state.data):
            row, output = self.rng.randrange(rows), self.rng.randrange(len(self.state.network.outputs))
            return self.attempt(edits.set_value, Address("target", 0, output), self.number(), row)
        return "no row"

    def do_add_a_row(self):
        rows = len(self.state.data)
        return rows < MOST_ROWS and self.attempt(edits.add_row, self.rng.choice([None, *range(rows)]))

    def do_remove_rows(self):
        rows = len(self.state.data)
        number = self.rng.choice((0, min(1, rows), min(2, rows), rows))
        return self.attempt(edits.remove_rows, sorted(self.rng.sample(range(rows), number)))

    def do_set_all_rows(self):
        network, rows = self.state.network, self.rng.randint(0, 4)
        inputs = np.array([self.number() for _ in range(rows * len(network.inputs))])
        targets = np.full((rows, len(network.outputs)), self.number()) if self.rng.random() < 0.7 else None
        return self.attempt(edits.set_rows, inputs.reshape(rows, len(network.inputs)), targets)

    def do_paste(self):
        """Paste some numbers into the table, which may not fit or not be numbers."""
        lines = [self.rng.choices(CELLS, k=self.rng.randint(1, 3)) for _ in range(self.rng.randint(1, 3))]
        text, row, column = (
            "\n".join(map("\t".join, lines)),
            self.rng.randrange(MOST_ROWS),
            self.rng.randrange(3),
        )
        try:
            return self.attempt(lambda state: paste_cells(state, parse(text), row, column)[0])
        except FileError as error:
            return f"not pasted: {error}"

    # --- the network

    def do_edit(self):
        """Make one of the plain edits."""
        node, layer, name = self.column_and_node(), self.layer(), self.name()
        plain = (
            (edits.rename, *node, name),
            (edits.keep_set, name),
            (edits.add_biases, layer),
            (edits.remove_biases, layer),
            (edits.remove_node, *node),
            (edits.remove_layer, layer),
        )
        return self.attempt(*self.rng.choice(plain))

    def do_write_notes(self):
        notes, merge = (
            self.rng.choice((self.name(), self.state.notes + "x")),
            self.rng.choice((None, "notes")),
        )
        return self.attempt(edits.set_notes, notes, merge=merge, beneath=True)

    def do_set_activation(self):
        name = self.rng.choice([*ACTIVATIONS, *ODD_ACTIVATIONS])
        return self.attempt(edits.set_activation, self.layer(), name)

    def do_add_a_node(self):
        column, node = self.column_and_node()
        few = self.state.network.sizes[column] < MOST_NODES
        return few and self.attempt(edits.add_node, column, self.rng.choice((None, node)))

    def do_add_a_layer(self):
        few = len(self.state.network.layers) < MOST_LAYERS
        return few and self.attempt(edits.add_layer, self.layer())

    def do_new_random_weights(self):
        seed = self.rng.choice((None, 0, 5, 2**63 - 1))
        if seed is not None:
            return self.attempt(edits.randomise, seed)
        return self.runner.new_random_weights()

    def do_use_or_remove_a_set(self):
        if sets := len(self.state.weight_sets):
            edit = self.rng.choice((edits.use_set, edits.remove_set))
            return self.attempt(edit, self.rng.randrange(sets))
        return "no set"

    # --- what is selected

    def do_select(self):
        address, second = self.rng.choice((None, self.address())), self.rng.choice((None, self.weight()))
        self.document.select(address, second)
        return f"{address} {second}"

    def do_choose_a_row(self):
        row = self.rng.randint(-1, MOST_ROWS + 1)
        self.document.select_row(row)
        return f"row {row}"

    def do_show_slopes(self):
        self.document.show_slopes(self.rng.random() < 0.7, self.rng.random() < 0.5)

    # --- undo and files

    def do_undo(self):
        for _ in range(self.rng.choice((1, 1, 2, 5))):
            self.document.undo()

    def do_redo(self):
        for _ in range(self.rng.choice((1, 1, 2, 5))):
            self.document.redo()

    def do_undo_and_redo_all(self):
        """Undo all: the first State comes again; redo all: so does the last, but for a run under way."""
        self.runner.pause()
        self._redo_all()
        last = self.state
        while self.document.undo_text():
            self.document.undo()
        assert self.state is self.first
        self._redo_all()
        assert self.state is last

    def _redo_all(self):
        while self.document.redo_text():
            self.document.redo()

    def do_save_and_open(self):
        """Save, open the file, and compare the States."""
        path, state = Path(self._folder.name) / "kept.json", self.state
        try:
            self.document.save(path)
        except FileError as error:
            return f"not saved: {error}"
        assert load(path) == state
        assert not self.document.modified
        if self.rng.random() < 0.3:
            self.runner.pause()
            self.document.start(*self.document.read(path))
            self.begin()
            return "saved and opened"
        return "saved"

    def do_open_an_example(self):
        self.runner.pause()
        name = self.rng.choice(EXAMPLES)
        self.document.start(load(example(name).path), example=True)
        self.begin()
        return name

    # --- training

    def do_change_a_setting(self):
        name = self.rng.choice([*SETTINGS])
        changed = {name: self.rng.choice(SETTINGS[name])}
        self.runner.set_training(replace(self.state.training, **changed))
        return changed

    def do_run(self):
        """Begin a run, at a speed at which it goes on for a while, or to its end."""
        self.runner.speed = speed = self.rng.choice((0.0, 0.3, 1.0))
        self.runner.run()
        if speed == 1.0:
            self.finish()
        else:
            QCoreApplication.processEvents()
        return f"at {speed}"

    def do_pause(self):
        self.runner.toggle() if self.rng.random() < 0.3 else self.runner.pause()

    def do_go_on_to_the_end(self):
        self.finish()

    def do_step(self):
        self.runner.step()
        self.finish()

    def do_back(self):
        self.runner.back()
        self.finish()

    def do_restart(self):
        self.runner.restart()
        self.finish()

    def do_scrub(self):
        """Drag through the iterations of the run, and let go."""
        self.runner.begin_drag()
        for _ in range(self.rng.randint(1, 3)):
            self.runner.scrub_to(self.rng.randint(0, self.runner.travel.end + 1))
            if self.rng.random() < 0.7:
                self.finish()
        self.runner.end_drag()
        self.finish()

    def do_there_and_back(self):
        """Go to two iterations and to the end of the run, which stays the end."""
        self.finish()
        travel, end = self.runner.travel, self.document.past.end
        for iteration in (self.rng.randint(0, travel.end), self.rng.randint(0, travel.end), travel.end):
            self.runner.scrub_to(iteration)
            self.finish()
            assert self.document.past.end is end

    def do_try_another_rate(self):
        if self.document.past.end.run:
            given = {"learning_rate": self.rng.choice((0.001, 0.1))}
            self.runner.run_with(Remedy("another rate", "", partial(with_settings, given=given)))
        self.finish()

    def do_train_a_while(self):
        """Make a run that has several settings, and go back and forth in it."""
        for way in self.rng.choices(WAYS.split(), k=self.rng.randint(3, 8)):
            getattr(self, f"do_{way}")()

    # --- the walk

    def do_walk(self):
        self.player.speed, self.player.repeat = 1.0, self.rng.choice(("phase", "rows", "rounds"))
        wish = self.rng.choice(WISHES.split())
        getattr(self.player, wish)()
        return wish

    def do_show_a_phase(self):
        self.player.show_phase(self.rng.choice(PHASES))

    def do_let_time_pass(self):
        QCoreApplication.processEvents()


def test_whatever_is_done_in_whatever_order_the_document_stays_right(amount):
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=amount(quick=4, ci=25, night=20_000),
            stateful_step_count=amount(quick=20, ci=40, night=60),
            derandomize=amount(quick=True, ci=True, night=False),
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
