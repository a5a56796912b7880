"""A walk through one update: what is said of each step, where it pauses, and the way back."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits, structure
from nnviz.core.state import Dataset
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.document.walk import player as player_module
from nnviz.document.walk.narrator import Narrator
from nnviz.document.walk.player import Player
from nnviz.document.walk.walk import PHASES
from nnviz.files.examples import example
from nnviz.files.registry import load

pytestmark = pytest.mark.usefixtures("qapp")
EXAMPLES = ["relu", "twenty-updates", "two-hidden-layers", "xor"]


class Walker:
    """A player and its narrator on an example, or on a State; `said` is what the status line would say."""

    def __init__(self, what):
        self.document = Document(load(example(what).path) if isinstance(what, str) else what)
        self.selection, self.runner = Selection(self.document), Runner(self.document)
        self.player = Player(self.document, self.selection, self.runner)
        self.player.speed = 1.0
        derived = Derived(self.document, self.selection)
        self.narrator = Narrator(self.player, derived, self.player)
        self.progress, self.said = self.player.progress, []
        self.player.said.connect(self.said.append)

    def step(self, times=1):
        """Take so many steps, of which the last is done at once, too."""
        for _ in range(times):
            self.player.step()
        self.player.pause()

    def lines_of(self, *phases):
        """Yield what is said where a phase is chosen, and of each of its steps."""
        for phase in phases:
            self.player.show_phase(phase)
            yield f"{phase}: {self.said.pop()}"
            end = self.progress.walk.phase_end(self.progress.position)
            while self.progress.position < end and self.player.progress.goal < end:
                self.player.step()
                deed, layer, node = self.progress.told[0]
                yield f"{deed} {layer} {node}: {self.narrator.text}"
                yield from (f"status line: {self.said.pop()}" for _ in list(self.said))
            self.player.stop()


@pytest.fixture
def walker(monkeypatch):
    """Return a function that makes a Walker, whose steps take no time; all of them stop at the end."""
    monkeypatch.setattr(player_module, "FASTEST_MS", 1)
    made = []

    def make(what):
        made.append(Walker(what))
        return made[-1]

    yield make
    for own in made:
        own.player.stop()
        own.runner.pause()


@pytest.mark.parametrize("name", ["relu", "many-rows", "xor", "mazur"])
def test_every_step_is_said_with_its_arithmetic(walker, approved, name):
    approved(f"the steps | {name}", "\n".join(walker(name).lines_of(*PHASES)))


def test_a_step_of_a_layer_is_said_in_a_few_words(walker, approved):
    layers = walker("two-hidden-layers")
    layers.progress.by_layer = True
    approved("whole layers", "\n".join(layers.lines_of(*PHASES)))


def test_48_is_3_times_16(walker):
    state = load(example("relu").path)
    sayings = list(walker(edits.set_target(state, 0, 0, 48)).lines_of("backward"))
    assert sayings[3] == "backward 0 0: node_0: ∂MSE/∂a = 2·8 = 16; relu′(z) = 1; ∂MSE/∂z = 16·1 = 16"
    assert "accounts → node_0: slope = 3·16 = 48; children → node_0: slope = 5·16 = 80" in sayings[5]


def test_a_batch_is_said_to_be_one(walker):
    state = load(example("many-rows").path)
    state = replace(state, training=replace(state.training, batch_size=2))
    _, first, *_ = walker(state).lines_of("update")
    assert ")/2 = " in first
    assert "from here on the diagram shows means over the batch of rows " in first


def test_many_rows_are_not_written_out(walker, qtbot):
    digits = walker("digits")
    digits.player.show_phase("loss")
    digits.player.to_end()
    qtbot.waitUntil(lambda: "computing" not in digits.narrator.words().text)
    assert "Cross-entropy, mean over the 800 rows trained on ≈ " in digits.narrator.words().text


def test_the_words_of_a_step_are_worked_out_once(walker):
    rows = walker("many-rows")
    words = rows.narrator.words
    rows.step()
    first = words()
    assert words() is first
    rows.step()
    assert words() is not first
    rows.selection.row = 1
    assert words().text == "node_1: z = 1·4 + (−1)·(−5) = 9; a = relu(9) = 9"


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


def test_all_new_weights_are_said_before_they_change_at_once(walker):
    relu = walker("relu")
    before = relu.document.state
    relu.player.show_phase("update")
    relu.step(4)
    assert relu.document.state is before
    relu.step()
    assert relu.document.state.iteration == 1


def test_play_goes_through_a_phase_step_by_step_and_leaves_the_document_alone(walker, qtbot):
    xor, moves = walker("xor"), []
    state = xor.document.state
    xor.player.changed.connect(lambda: moves.append(xor.progress.position))
    for _ in range(3):
        xor.player.play()
        qtbot.waitUntil(lambda: not xor.player.playing)
    assert moves == [0, *range(1, 5), 4, *range(5, 7), 6, *range(7, 15)]
    assert xor.document.state is state
    assert xor.document.undo_text() == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_way_to_walk_says_twice_that_something_changed(walker, name):
    player, told = walker(name).player, []
    player.changed.connect(lambda: told.append(1))
    for verb in (
        *(player.step, player.step, player.back, player.to_end, player.play, player.back, player.to_start),
        *(lambda: player.show_phase("update"), player.to_end, player.back, player.play, player.pause),
        *(player.step, player.stop),
    ):
        told.clear()
        verb()
        assert len(told) == 1, verb


def test_a_network_without_targets_is_walked_forward_again_and_again(walker, qtbot):
    state = load(example("relu").path)
    own = walker(replace(state, data=replace(state.data, targets=None)))
    for _ in range(3):
        own.player.play()
        assert own.progress.moving
        qtbot.waitUntil(lambda: not own.player.playing)
        assert own.progress.position == len(own.progress.walk) == 3


def test_back_takes_the_update_back_also_after_other_layers_were_walked(walker):
    relu = walker("relu")
    before = relu.document.state
    relu.player.show_phase("update")
    relu.step(5)
    assert relu.document.state is not before
    relu.document.push(structure.add_layer(relu.document.state, 0), "Add a hidden layer")
    relu.player.show_phase("forward")
    relu.document.undo()
    relu.player.back()
    assert relu.document.state is before
    relu.step()
    assert relu.document.state is not before


def test_the_forward_pass_can_repeat_over_the_rows_but_not_past_a_free_one(walker, qtbot):
    rows = walker("many-rows")
    seen = [rows.selection.row]
    rows.selection.row_changed.connect(lambda: seen.append(rows.selection.row))
    rows.player.repeat = "rows"
    rows.player.play()
    qtbot.waitUntil(lambda: len(seen) > 4)
    rows.player.stop()
    assert seen[:5] == [0, 1, 2, 3, 0]
    rows.selection.try_out([7.5, -2.0])
    rows.player.play()
    rows.player.to_end()
    assert not rows.player.playing
    assert rows.selection.free is not None


def test_what_cannot_be_walked_is_said(walker, approved):
    rows = walker("many-rows")
    rows.player.show_phase("backward")
    assert rows.progress.active
    rows.selection.try_out([1.0, 1.0])
    assert not rows.progress.active, "a free row has no way back"
    said = []
    for document in (
        None,
        Dataset(rows.document.state.data.inputs, None),
        Dataset.empty(rows.document.state.network),
    ):
        if document is not None:
            rows.document.start(replace(rows.document.state, data=document))
        rows.said.clear()
        rows.player.show_phase("backward")
        rows.player.show_phase("forward")
        said += [" | ".join(rows.said)]
        assert rows.progress.active == bool(document is None or len(document))
    approved("a phase that cannot be walked", "\n".join(said))
