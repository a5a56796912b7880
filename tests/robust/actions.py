"""Everything that can be done to what is open, in one table: what is new in nnviz adds its actions here.

An action gets a Stage, and a `random.Random`, which is all its chance; it may return what it did, in words.
Where there is nothing to do it does nothing; what may be refused it does by `attempt`. Knows no widgets.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QCoreApplication

from nnviz.core import edits, structure
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address, all_weights
from nnviz.core.history import History
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.document.walk.walk import PHASES
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.data.paste import pasted
from tests.robust.naughty import NAMES, NO_NAMES

USUAL = (0.0, 1.0, -1.0, 0.5, -0.25, 2.0, 3.0, 0.1, -7.5)
EXTREME = (-0.0, 1e-320, -1e-320, 1e-155, 1e155, -1e155, 1e308, -1e308, 1.7976931348623157e308)
MOST_NODES, MOST_LAYERS, MOST_ROWS = 5, 4, 6
MOST_EVENTS = 100_000

ACTIONS: dict[str, Callable] = {}


class Stage:
    """What is acted on: the models of a workspace, or of a document alone, and a folder for files.

    `first` is the State that undoing all leads to; `seen` are all that were shown, with their numbers as
    they were at first, and `iterations` those of every iteration of a run.
    """

    def __init__(self, models, folder):
        self.document, self.selection, self.derived = models.document, models.selection, models.derived
        self.runner, self.player, self.folder = models.runner, models.player, folder
        self.refusals = []
        self.document.refused.connect(self.refusals.append)
        self.going = False
        """Whether the way to another iteration is under way."""
        self.runner.travel.said.connect(self._told)
        self.runner.travel.rested.connect(lambda: self._told(""))
        self.begin()
        self.document.state_changed.connect(lambda _, new: self._see(new))

    def begin(self):
        """Note that another document was opened."""
        self.first = self.document.state
        self.seen, self.iterations = {}, {}
        self._see(self.first)

    def _see(self, state):
        self.seen.setdefault(id(state), (state, numbers_of(state)))
        if run := state.run:
            which = id(run.start), id(state.data), run.segments, run.iteration
            self.iterations.setdefault(which, []).append((state, numbers_of(state.network)))

    def _told(self, text):
        self.going = text.startswith("Going")

    def finish(self):
        """Let what is under way come to its end: a run, at full speed, and the way to an iteration."""
        self.runner.speed = 1.0
        for _ in range(MOST_EVENTS):
            if not (self.runner.running or self.going):
                return
            QCoreApplication.processEvents()
        raise AssertionError("a run does not end")


OFTEN: list[str] = []
"""The names of all, those several times that need others of them before they do much."""


def action(does, times=1):
    """Put an action into the table."""
    ACTIONS[does.__name__] = does
    OFTEN.extend([does.__name__] * times)
    return does


def often(does):
    """Put an action into the table that is to be chosen often."""
    return action(does, 4)


def attempt(stage, text, edit, *where, merge=None, beneath=False):
    """Edit as a person does; what is refused is refused in a sentence, and changes nothing.

    Only `beneath` a run is edited what it leaves as it is, so that it may go on.
    """
    document, before = stage.document, stage.document.state
    stage.refusals.clear()
    way = document.edit_beneath if beneath else document.edit
    if way(text, edit, *where, merge=merge):
        assert stage.refusals == []
        assert beneath or document.state is before or not stage.runner.running, (
            "it goes on with what was edited"
        )
        return f"{text} {where}"
    (refusal,) = stage.refusals
    assert refusal.strip(), f"{text} was refused without a word"
    assert "\n" not in refusal
    assert document.state is before
    return f"{text} {where}: refused, {refusal}"


def numbers_of(value):
    """Return every number of a State, or of a part of it, as bytes."""
    value = value.points if isinstance(value, History) else value  # its buffer grows on
    if isinstance(value, np.ndarray):
        return value.tobytes()
    parts = getattr(value, "__dict__", None) or (value if isinstance(value, tuple) else ())
    parts = parts.values() if isinstance(parts, dict) else parts
    return b"".join(map(numbers_of, parts))


def number(rng):
    return rng.choice(EXTREME if rng.random() < 0.1 else USUAL)


def any_name(rng):
    return rng.choice(NO_NAMES if rng.random() < 0.1 else NAMES)


def any_address(stage, rng):
    network = stage.document.state.network
    kind = rng.choice(("node", "weight"))
    if kind == "weight":
        return rng.choice(all_weights(network))
    column = rng.randrange(len(network.sizes))
    return Address("node", column - 1, rng.randrange(network.sizes[column]))


def any_column(stage, rng):
    """Return a column and a node of it."""
    sizes = stage.document.state.network.sizes
    column = rng.randrange(len(sizes))
    return column, rng.randrange(sizes[column])


def any_layer(stage, rng):
    return rng.randrange(len(stage.document.state.network.layers))


# --- numbers and rows


@action
def set_a_number(stage, rng):
    address = any_address(stage, rng)
    if address.kind == "node" and (address := edits.number_at(stage.document.state, address)) is None:
        return "no number"
    merge = rng.choice((None, "keys"))
    return attempt(stage, "set", edits.set_value, address, number(rng), stage.selection.row, merge=merge)


@action
def drag_a_number(stage, rng):
    address = rng.choice(all_weights(stage.document.state.network))
    start, merge = address.value(stage.document.state.network), object()
    for k in range(1, 4):
        attempt(stage, "drag", edits.set_value, address, start + k * 0.1, merge=merge)
    return f"drag {address}"


@action
def set_a_target(stage, rng):
    data, outputs = stage.document.state.data, stage.document.state.network.outputs
    if not len(data):
        return "no row"
    where = rng.randrange(len(data)), rng.randrange(len(outputs)), number(rng)
    return attempt(stage, "target", edits.set_target, *where)


@action
def add_a_row(stage, rng):
    rows = len(stage.document.state.data)
    if rows >= MOST_ROWS:
        return "enough"
    return attempt(stage, "add a row", edits.add_row, rng.choice([None, *range(rows)]))


@action
def remove_rows(stage, rng):
    rows = len(stage.document.state.data)
    chosen = sorted(rng.sample(range(rows), rng.choice((0, min(1, rows), min(2, rows), rows))))
    return attempt(stage, "remove rows", edits.remove_rows, chosen)


@action
def set_all_rows(stage, rng):
    network, rows = stage.document.state.network, rng.randint(0, 4)
    inputs = np.array([number(rng) for _ in range(rows * len(network.inputs))])
    inputs = inputs.reshape(rows, len(network.inputs))
    targets = np.full((rows, len(network.outputs)), number(rng)) if rng.random() < 0.7 else None
    return attempt(stage, "set rows", edits.set_rows, inputs, targets)


@action
def paste(stage, rng):
    """Paste some numbers into the table, which may not fit or not be numbers."""
    cells = [*map(str, USUAL), "1e308", "1e309", "nan", "", "x", "1,5", "١"]
    weights = [4] * len(USUAL) + [1] * 7
    lines = ["\t".join(rng.choices(cells, weights, k=rng.randint(1, 3))) for _ in range(rng.randint(1, 3))]
    row, column = rng.randrange(MOST_ROWS), rng.randrange(3)
    try:
        return attempt(stage, "paste", lambda state: pasted(state, "\n".join(lines), row, column)[0])
    except FileError as error:
        return f"not pasted: {error}"


# --- the network


def edit(text, function, *where):
    """Put an edit into the table; each of `where` draws what it takes."""

    def does(stage, rng):
        taken = [part for draw in where for part in draw(stage, rng)]
        return attempt(stage, text, function, *taken)

    does.__name__ = text.replace(" ", "_")
    action(does)


def in_tuple(draw):
    return lambda *given: (draw(*given),)


edit("rename", edits.rename, any_column, lambda _, rng: (any_name(rng),))
edit("add biases", structure.add_biases, in_tuple(any_layer))
edit("remove biases", structure.remove_biases, in_tuple(any_layer))
edit("remove a node", structure.remove_node, any_column)
edit("remove a layer", structure.remove_layer, in_tuple(any_layer))
edit("keep a set", edits.keep_set, lambda _, rng: (any_name(rng),))


@action
def write_notes(stage, rng):
    notes = rng.choice((any_name(rng), stage.document.state.notes + "x"))
    merge = rng.choice((None, "notes"))
    return attempt(stage, "Edit the notes", edits.set_notes, notes, merge=merge, beneath=True)


@action
def set_activation(stage, rng):
    name = rng.choice(
        [*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)", "elu(1e308)", "elu(-1)", "relu(", "nothing"]
    )
    return attempt(stage, "activation", edits.set_activation, any_layer(stage, rng), name)


@action
def add_a_node(stage, rng):
    column, node = any_column(stage, rng)
    if stage.document.state.network.sizes[column] >= MOST_NODES:
        return "enough"
    return attempt(stage, "add a node", structure.add_node, column, rng.choice((None, node)))


@action
def add_a_layer(stage, rng):
    if len(stage.document.state.network.layers) >= MOST_LAYERS:
        return "enough"
    return attempt(stage, "add a layer", structure.add_layer, any_layer(stage, rng))


@action
def new_random_weights(stage, rng):
    stage.runner.new_random_weights(rng.choice((None, 0, 5, 2**63 - 1)))


@action
def use_or_remove_a_set(stage, rng):
    sets = stage.document.state.weight_sets
    if not sets:
        return "no set"
    edit = rng.choice((edits.use_set, edits.remove_set))
    return attempt(stage, edit.__name__, edit, rng.randrange(len(sets)))


# --- what is selected


@action
def select(stage, rng):
    second = rng.choice((None, rng.choice(all_weights(stage.document.state.network))))
    address = rng.choice((None, any_address(stage, rng), any_address(stage, rng)))
    stage.selection.select(address, second)
    return f"select {address} {second}"


@action
def choose_a_row(stage, rng):
    stage.selection.row = row = rng.randint(-1, MOST_ROWS + 1)
    return f"row {row}"


@action
def show_slopes(stage, rng):
    stage.selection.show_slopes(rng.random() < 0.7, rng.random() < 0.5)


# --- undo, files


@often
def undo(stage, rng):
    for _ in range(rng.choice((1, 1, 2, 5))):
        stage.document.undo()


@often
def redo(stage, rng):
    for _ in range(rng.choice((1, 1, 2, 5))):
        stage.document.redo()


@often
def undo_and_redo_all(stage, rng):
    """Take all back: the first State comes again; do all again: so does the last, but for a run under way."""
    stage.runner.pause()
    document, last = stage.document, stage.document.state
    while document.redo_text():
        document.redo()
        last = document.state
    while document.undo_text():
        document.undo()
    assert document.state is stage.first
    while document.redo_text():
        document.redo()
    assert document.state is last


@action
def save_and_open(stage, rng):
    """Save, and open what was saved: it is equal."""
    path, state = stage.folder / "kept.json", stage.document.state
    try:
        stage.document.save(path)
    except FileError as error:
        return f"not saved: {error}"
    assert load(path) == state
    assert not stage.document.modified
    if rng.random() < 0.3:
        stage.runner.pause()
        stage.document.open(path)
        stage.begin()
        return "saved and opened"
    return "saved"


@action
def open_an_example(stage, rng):
    stage.runner.pause()
    name = rng.choice(
        ("forward", "relu", "many-rows", "two-hidden-layers", "two-weight-sets", "xor", "curve")
    )
    stage.document.start(load(example(name).path), example=True)
    stage.begin()
    return f"opened {name}"


# --- training


@often
def change_a_setting(stage, rng):
    old = stage.document.state.training
    name, values = rng.choice(
        (
            ("learning_rate", (0.01, 0.1, 1e-320, 1e308, 1.0)),
            ("updates", (1, 3, 20, 40)),
            ("batch_size", (None, 1, 2, 100)),
            ("optimizer", tuple(OPTIMIZERS)),
            ("seed", (0, 1, 2**63 - 1)),
        )
    )
    stage.runner.set_training(replace(old, **{name: rng.choice(values)}))
    return f"{name} changed"


@often
def run(stage, rng):
    """Begin a run, at a speed at which it goes on for a while, or to its end."""
    stage.runner.speed = speed = rng.choice((0.0, 0.3, 1.0))
    stage.runner.run()
    if speed == 1.0:
        stage.finish()
    else:
        QCoreApplication.processEvents()
    return f"run at {speed}"


@often
def step(stage, rng):
    stage.runner.step()
    stage.finish()


@action
def pause(stage, rng):
    stage.runner.toggle() if rng.random() < 0.3 else stage.runner.pause()


@often
def go_on_to_the_end(stage, rng):
    stage.finish()


@often
def back(stage, rng):
    stage.runner.back()
    stage.finish()


@action
def restart(stage, rng):
    stage.runner.restart()
    stage.finish()


@often
def scrub(stage, rng):
    """Drag through the iterations of the run, and let go."""
    stage.runner.hold()
    for _ in range(rng.randint(1, 3)):
        stage.runner.scrub_to(rng.randint(0, stage.runner.travel.end + 1))
        if rng.random() < 0.7:
            stage.finish()
    stage.runner.let_go()
    stage.finish()


@often
def there_and_back(stage, rng):
    """Go to another iteration and to the end of the run."""
    stage.finish()
    travel, end = stage.runner.travel, stage.runner.travel.past.end
    for iteration in (rng.randint(0, travel.end), rng.randint(0, travel.end), travel.end):
        stage.runner.scrub_to(iteration)
        stage.finish()
        assert travel.past.end is end
    return f"iteration {travel.end}"


@action
def try_another_rate(stage, rng):
    stage.runner.try_again(rng.randint(0, stage.runner.travel.end), rng.choice((0.001, 0.1)))
    stage.finish()


@often
def train_a_while(stage, rng):
    """Make a run that has several settings, and go back and forth in it."""
    for _ in range(rng.randint(3, 8)):
        rng.choice((step, step, run, change_a_setting, there_and_back, scrub, back))(stage, rng)


# --- the walk


@often
def walk(stage, rng):
    player = stage.player
    player.speed, player.repeat = 1.0, rng.choice(("phase", "rows", "rounds"))
    wish = rng.choice(("toggle", "play", "pause", "step", "back", "to_start", "to_end", "to_end", "stop"))
    getattr(player, wish)()
    return wish


@action
def show_a_phase(stage, rng):
    phase = rng.choice(PHASES)
    stage.player.show_phase(phase)
    return phase


@action
def let_time_pass(stage, rng):
    QCoreApplication.processEvents()
