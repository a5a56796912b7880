"""The walk through one update: the words of each step, their order, and a slow update."""

import re
import threading
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.document.document import Document
from nnviz.document.job import Limits
from nnviz.document.player import FIRST_S, LAST_S, LONGEST_S, MOVE_S, READ_S, Player, film_frames
from nnviz.document.training import Runner
from nnviz.document.walk import MOST_LINES, PHASES, Walk, WalkProgress, step_text
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.core.oracle import make_network, make_state, set_weight
from tests.core.test_explain import computed
from tests.core.written import closes

pytestmark = pytest.mark.usefixtures("qapp")
EXAMPLES = ["relu", "twenty-updates", "two-hidden-layers", "xor"]


class Walker:
    """A player of a document on an example, or on a State; `said` holds messages for the status line."""

    def __init__(self, what, **limits):
        self.document = Document(load(example(what).path) if isinstance(what, str) else what)
        self.runner = Runner(self.document, Limits(**limits))
        self.player = Player(self.document, self.runner)
        self.player.speed, self.said = 1.0, []
        self.player.message.connect(self.said.append)

    @property
    def progress(self):
        """The progress of the walk."""
        return self.document.now.walk

    def step(self, times=1):
        """Take some steps; finish the last one at once, too."""
        for _ in range(times):
            self.player.step()
        self.player.pause()

    def to_the_end(self):
        """Walk through all phases but the update, which is under way then unless it is quick."""
        self.player.show_phase("update")
        self.player.to_end()

    def lines_of(self, *phases):
        """Yield the words for a phase that is chosen, and for each of its steps."""
        for phase in phases:
            self.player.show_phase(phase)
            yield f"{phase}: {self.said.pop()}"
            end = self.progress.walk.phase_end(self.progress.position)
            while self.progress.position < end and self.progress.goal < end:
                self.player.step()
                deed, layer, node = self.progress.described_steps[0]
                yield f"{deed} {layer} {node}: {self.document.now.walk_line}"
                yield from (f"status line: {self.said.pop()}" for _ in list(self.said))
            self.player.stop()


@pytest.fixture
def walker(monkeypatch):
    """Return a function that makes a Walker, whose steps take no time; all of them stop at the end."""
    monkeypatch.setattr("nnviz.document.player.FASTEST_MS", 1)
    made = []

    def make(*what, **limits):
        made.append(Walker(*what, **limits))
        return made[-1]

    yield make
    for own in made:
        own.player.stop()
        own.runner.pause()


# --- its words


def state_of(hidden="tanh", output="identity", outputs=2, **training):
    network = make_network((2, 2, outputs), (hidden, output), (True, False), 1)
    return make_state(network, 3, **training)


def said_of(state, row=0):
    """Return every step of a walk, and its words."""
    found = computed(state, row)
    walk = Walk(state.network.sizes, PHASES if state.trainable else PHASES[:1], len(state.data))
    return [(step, step_text(state, found, step)) for step in walk.steps]


def wrong(said):
    """Return the steps without words, and the lines whose arithmetic does not give its result."""
    found = [step for step, told in said if not told.text_lines]
    for text in (saying.text for _, told in said for saying in told.text_lines if not saying.is_remark):
        _, sign, rest = re.fullmatch(r"(.*?) (=|←|≈) (.*)", text).groups()
        found += [] if closes(f"≈ {rest}" if sign == "≈" else rest) else [text]
    return found


def test_all_arithmetic_gives_its_result(amount):
    states = [state_of(activation) for activation in ACTIVATIONS]
    states += [state_of("tanh", *of) for of in product(["softmax", "sigmoid", "relu"], [1, 3])]
    states.append(replace(states[0], data=Dataset(states[0].data.inputs)))
    rows = range(amount(quick=1, ci=3, night=3))
    assert [each for state in states for row in rows for each in wrong(said_of(state, row))] == []
    assert [step.deed for step, _ in said_of(states[-1])] == ["forward"] * 4
    factors = ({"l1": 0.01}, {"l2": 0.3}, {"l1": 0.3, "l2": 0.01})
    states = [state_of(output=each, **of) for each, of in product(["identity", "softmax"], factors)]
    assert [each for state in states for row in rows for each in wrong(said_of(state, row))] == []


def test_a_penalty_is_in_the_slopes_of_weights_and_beside_the_loss(approved):
    state = set_weight(state_of("relu", outputs=1, l1=0.5, l2=0.25, learning_rate=0.5), 0, 0, 0, -2)
    said = said_of(state)
    for step, told in (pair for pair in said if pair[0].deed == "slopes"):
        shown = [float(re.split("[=≈] ", each.text)[-1].replace("−", "-")) for each in told.text_lines[:-1]]
        own = computed(state, 0).slopes.layers[step.layer]
        biases = [] if own.biases is None else [own.biases[step.node]]
        assert shown == pytest.approx([*own.weights[step.node], *biases], rel=1e-5, abs=1e-9)
    after = train(state, updates=1).state.network
    (last,) = (told for step, told in said if step[:3] == ("update", 1, 0))
    new = [float(re.split("[=≈] ", each.text)[-1].replace("−", "-")) for each in last.text_lines]
    assert new == pytest.approx(after.layers[1].weights[0], rel=1e-5)
    chosen = [f"{step.deed}: {told.text}" for step, told in said if step.deed in ("losses", "slopes")]
    approved("a penalty", "\n".join(chosen))


def test_an_update_says_what_training_makes_of_each_weight():
    for optimizer, batch_size in product(OPTIMIZERS, [None, 1, 2]):
        state = train(state_of(optimizer=optimizer, batch_size=batch_size), updates=2).state
        after, said = train(state, updates=1).state.network, said_of(state)
        assert wrong(said) == []
        for step, told in (pair for pair in said if pair[0].deed == "update"):
            news = [float(re.split("[=≈] ", each.text)[-1].replace("−", "-")) for each in told.text_lines]
            layer = after.layers[step.layer]
            biases = [] if layer.biases is None else [layer.biases[step.node]]
            expected = [*layer.weights[step.node], *biases]
            assert news == pytest.approx(expected, rel=1e-5, abs=1e-9), (optimizer, batch_size)


def test_words_for_scripts_batches_and_many_weights(approved):
    trained = train(state_of(), updates=1).state
    for watched in (False, True):
        said = said_of(replace(trained, run=replace(trained.run, watched=watched)))
        own = [(step, told.text) for step, told in said if "nnviz computes" in told.text]
        assert [(step.deed, step.layer, step.node) for step, _ in own] == [("update", 1, 0)] * watched
    many = make_state(make_network((20, 1), ("identity",), (False,)), 1)
    slopes = next(said for step, said in said_of(many) if step.deed == "slopes")
    assert len([saying for saying in slopes.text_lines if not saying.is_remark]) == MOST_LINES
    texts = [own[0][1], slopes.text]
    for size in (1, 2):
        batch = next(told.text for step, told in said_of(state_of(batch_size=size)) if step.deed == "mean")
        texts.append(re.sub("[123](, [123])?$", "N", batch.rpartition("; ")[2]))
    assert ")/2 " in batch
    approved(
        "an update of a script, a node of 20 weights, and batches of one and two rows", "\n\n".join(texts)
    )


def test_numbers_beyond_float64_have_words_too():
    hidden = Layer(("h0", "h1"), "relu", [[1e200, -1.0], [0.25, 1e180]], [0.1, -0.2])
    network = Network(("a", "b"), (hidden, Layer(("y",), "identity", [[1e160, 2.0]])))
    for rows, optimizer in product([3, 50], OPTIMIZERS):
        data = Dataset(np.ones((rows, 2)), np.ones((rows, 1)))
        with np.errstate(all="ignore"):
            said = said_of(State(network, data, Training(optimizer=optimizer)))
        assert all(told.text for _, told in said)


@pytest.mark.parametrize("name", ["relu", "many-rows", "xor", "mazur"])
def test_every_step_is_said_with_its_arithmetic(walker, approved, name):
    approved(f"the steps | {name}", "\n".join(walker(name).lines_of(*PHASES)))


def test_a_step_of_a_layer_is_said_in_a_few_words(walker, approved):
    layers = walker("two-hidden-layers")
    layers.player.set_by_layer(True)
    approved("whole layers", "\n".join(layers.lines_of(*PHASES)))


def test_words_are_worked_out_once_and_many_rows_are_not_written_out(walker, qtbot):
    rows = walker("many-rows")

    def words():
        return rows.document.now.walk_text()

    rows.step()
    first = words()
    assert words() is first
    rows.step()
    assert words() is not first
    rows.document.select_row(1)
    assert words().text == "node_1: z = 1·4 + (−1)·(−5) = 9; a = relu(9) = 9"
    digits = walker("digits")
    digits.player.show_phase("loss")
    digits.player.to_end()
    qtbot.waitUntil(lambda: "computing" not in digits.document.now.walk_text().text)
    assert "Cross-entropy = 42.832677 [sum over 800 rows]/800 ≈ " in digits.document.now.walk_text().text


# --- a film of it


def film(walk, moves=4, said="", by_layer=False):
    """Return (position, t, seconds) of every moment."""
    frames = film_frames(WalkProgress(walk, by_layer=by_layer), moves, lambda _: said)
    return [(progress.position, t, seconds) for progress, t, seconds in frames]


def test_every_step_of_a_film_moves_and_then_rests_and_the_end_shows_all():
    walk = Walk((2, 2, 1))
    moments = film(walk)
    assert len(moments) == len(walk) * 5 + 1
    moving = [(0, t, MOVE_S / 4) for t in (0.25, 0.5, 0.75)]
    assert moments[:5] == [(0, 0.0, FIRST_S), *moving, (1, 0.0, READ_S)]
    assert [position for position, _, seconds in moments if seconds == READ_S] == [*range(1, len(walk) + 1)]
    assert moments[-1] == (0, 0.0, LAST_S)
    *shown, last = (progress for progress, _, _ in film_frames(WalkProgress(walk), 2, str))
    assert not last.active
    phases = [progress.phase for progress in shown]
    assert tuple(dict.fromkeys(phases)) == PHASES
    few, many, most = (film(Walk((1, 1)), said="x" * n)[4][2] for n in (10, 60, 6000))
    assert READ_S < few < many < most == LONGEST_S
    lengths = [len(film(Walk((3, 3, 1)), moves=1, by_layer=by_layer)) for by_layer in (False, True)]
    assert lengths == [41, 25]


# --- its steps


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_round_equals_one_update_bit_for_bit_and_back_undoes_it(walker, name):
    own, other = walker(name), walker(name)
    before, rounds = own.document.state, len(own.progress.walk)
    own.step(rounds)
    assert not own.progress.active
    other.runner.step()
    walked, stepped = own.document.state, other.document.state
    assert walked.iteration == 1
    assert walked.network == stepped.network
    assert np.array_equal(walked.run.history.points, stepped.run.history.points)
    for _ in range(rounds + 1):
        own.player.back()
    assert own.document.state is before
    assert not own.progress.active


def test_play_goes_through_a_phase_step_by_step_and_leaves_the_document_alone(walker, qtbot):
    xor, moves = walker("xor"), []
    state = xor.document.state
    xor.document.changed.connect(
        lambda old, new: moves.extend([new.walk.position] * (old.walk.position != new.walk.position))
    )
    for _ in range(3):
        xor.player.play()
        qtbot.waitUntil(lambda: not xor.player.progress.playing)
    assert moves == [*range(1, 15)]
    assert (xor.document.state, xor.document.undo_text()) == (state, "")


def test_without_targets_the_walk_goes_forward_and_over_the_rows_but_not_past_a_free_one(walker, qtbot):
    state = load(example("relu").path)
    own = walker(replace(state, data=replace(state.data, targets=None)))
    for _ in range(3):
        own.player.play()
        assert own.progress.moving
        qtbot.waitUntil(lambda: not own.player.progress.playing)
        assert own.progress.position == len(own.progress.walk) == 3
    rows = walker("many-rows")
    seen = [rows.document.now.row]
    rows.document.changed.connect(lambda old, new: seen.append(new.row) if new.row != old.row else None)
    rows.player.repeat = "rows"
    rows.player.play()
    qtbot.waitUntil(lambda: len(seen) > 4)
    rows.player.stop()
    assert seen[:5] == [0, 1, 2, 3, 0]
    rows.document.show_what_if_row([7.5, -2.0])
    rows.player.play()
    rows.player.to_end()
    assert not rows.player.progress.playing
    assert rows.document.now.what_if_row is not None


def test_what_cannot_be_walked_is_said(walker, approved):
    rows, said = walker("many-rows"), []
    data, empty = rows.document.state.data, Dataset.empty(rows.document.state.network)
    rows.player.show_phase("backward")
    assert rows.progress.active
    rows.document.show_what_if_row([1.0, 1.0])
    assert not rows.progress.active, "a what-if row has no way back"
    for other in (None, replace(data, targets=None), empty):
        if other is not None:
            rows.document.start(replace(rows.document.state, data=other))
        rows.said.clear()
        rows.player.show_phase("backward")
        rows.player.show_phase("forward")
        said += [" | ".join(rows.said)]
        assert rows.progress.active == (other is not empty)
    approved("a phase that cannot be walked", "\n".join(said))


# --- its update


@pytest.fixture(params=[{}, {"long_unit_s": 0.0}], ids=["in a frame", "in a thread"])
def own(walker, request):
    """Return a Walker whose update is made within a frame, or takes longer."""
    network = Network.from_weights({"node_0": [2.0, 4.0], "output": [2.0]})
    data = Dataset([[3.0, 5.0]], [[60.0]])
    return walker(State(network, data, Training(learning_rate=0.001)), **request.param)


def test_back_takes_an_update_back_but_not_what_a_person_did(own, qtbot, qapp):
    mine = set_weight(own.document.state, 0, 0, 0, 9.0)
    own.document.push(mine, "mine")
    own.to_the_end()
    own.player.back()  # while the update is under way, unless it is quick
    qapp.processEvents()  # what is still under way would come now
    assert (own.document.state, own.document.undo_text()) == (mine, "mine")
    assert (own.progress.active, own.progress.phase) == (True, "update")
    own.to_the_end()
    qtbot.waitUntil(lambda: not own.progress.active)
    assert own.document.state.iteration == 1
    own.player.back()
    assert own.document.state is mine
    assert (own.progress.active, own.progress.phase) == (True, "update")


def test_back_takes_the_update_back_also_after_other_layers_were_walked(walker):
    """All new weights are said before they change at once."""
    relu = walker("relu")
    before = relu.document.state
    relu.player.show_phase("update")
    relu.step(4)
    assert relu.document.state is before
    relu.step()
    assert relu.document.state.iteration == 1
    relu.document.push(edits.add_layer(relu.document.state, 0), "Add a hidden layer")
    relu.player.show_phase("forward")
    relu.document.undo()
    relu.player.back()
    assert relu.document.state is before
    relu.step()
    assert relu.document.state is not before


@pytest.mark.parametrize("ready", [False, True], ids=["under way", "ready"])
@pytest.mark.parametrize("leave", ["stop", "to_start", "back", "edit"])
def test_no_update_comes_after_the_walk_was_left_or_the_network_edited(own, qapp, leave, ready):
    own.to_the_end()
    for thread in threading.enumerate():
        if ready and thread.name == "nnviz training":
            thread.join()  # its update waits to be shown
    was_made, state = not own.progress.active, own.document.state
    if leave == "edit":
        state = set_weight(state, 0, 0, 0, 9.0)
        own.document.push(state, "mine")
        state = own.document.state  # with the run that has ended
    getattr(own.player, "back" if leave == "edit" else leave)()
    qapp.processEvents()  # what is still under way would come now
    assert own.document.state.iteration == (0 if leave == "back" else state.iteration)
    assert was_made or not own.runner.running
    if leave == "edit":
        assert own.document.state is state
        assert not own.progress.active


def test_rounds_of_all_four_phases_train(own, qtbot):
    own.player.repeat = "rounds"
    own.player.set_by_layer(True)
    own.player.play()
    qtbot.waitUntil(lambda: own.document.state.iteration == 2)
    assert own.player.progress.playing


def test_a_refused_update_leaves_the_walk_where_it_is(own, qtbot):
    own.document.push(edits.set_training(own.document.state, Training(learning_rate=1e300)), "far too much")
    own.to_the_end()
    qtbot.waitUntil(lambda: not own.runner.running)
    assert own.document.state.iteration == 0
    assert (own.player.progress.playing, own.progress.active) == (False, True)


def test_the_update_of_a_walk_is_made_and_taken_back_although_a_run_has_just_begun():
    walker = Walker("xor")
    walker.player.show_phase("update")
    walker.runner.run()
    walker.to_the_end()
    walker.runner.pause()
    assert walker.document.state.iteration == 1
    walker.player.back()
    assert (walker.document.state.iteration, walker.progress.active) == (0, True)
