"""The walk: what it says of each step, the order of its steps, and its update, which may take a while."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.job import Limits
from nnviz.document.training.runner import Runner
from nnviz.document.walk.player import Player
from nnviz.document.walk.reel import FIRST_S, LAST_S, LONGEST_S, MOVE_S, READ_S, Reel
from nnviz.document.walk.walk import PHASES, Walk
from nnviz.document.walk.words import MOST_LINES, words
from tests.core.test_explain import computed
from tests.core.written import closes

pytestmark = pytest.mark.usefixtures("qapp")

# --- its words


def state_of(hidden="tanh", output="identity", outputs=2, **training):
    layers = (
        Layer(("h0", "h1"), hidden, [[0.5, -1.0], [0.25, 2.0]], [0.1, -0.2]),
        Layer(
            tuple(f"y{k}" for k in range(outputs)), output, np.linspace(-1.0, 1.5, 2 * outputs).reshape(-1, 2)
        ),
    )
    data = Dataset([[1.0, 2.0], [-1.0, 0.5], [0.3, 0.7]], np.eye(3)[:, :outputs])
    return State(Network(("a", "b"), layers), data, Training(**training))


def said_of(state, row=0):
    """Return every step of a walk, and what is said of it."""
    found = computed(state, row)
    phases = PHASES if state.trainable else PHASES[:1]
    walk = Walk(state.network.sizes, phases, len(state.data))
    return [(step, words(state, found, step, state.loss())) for step in walk.steps]


def wrong(said):
    """Return the steps without words, and the lines whose arithmetic does not give its result."""
    found = []
    for step, told in said:
        found += [] if told.sayings else [step]
        for saying in told.sayings:
            if not saying.aside:
                _, sign, rest = re.fullmatch(r"(.*?) (=|←|≈) (.*)", saying.text).groups()
                found += [] if closes(f"≈ {rest}" if sign == "≈" else rest) else [saying.text]
    return found


def test_all_arithmetic_gives_its_result(amount):
    states = [state_of(activation) for activation in ACTIVATIONS]
    states += [
        state_of(output=output, outputs=outputs)
        for output, outputs in product(["softmax", "sigmoid", "relu"], [1, 3])
    ]
    without = state_of()
    states.append(State(without.network, Dataset(without.data.inputs), without.training))
    rows = range(amount(quick=1, ci=3, night=3))  # in the first, one z is below 0 and one above
    assert [each for state in states for row in rows for each in wrong(said_of(state, row))] == []
    assert [step.deed for step, _ in said_of(states[-1])] == ["forward"] * 4


def test_an_update_says_what_training_makes_of_each_weight():
    for optimizer, batch_size in product(OPTIMIZERS, [None, 1, 2]):
        state = train(state_of(optimizer=optimizer, batch_size=batch_size), updates=2).state
        after, said = train(state, updates=1).state.network, said_of(state)
        assert wrong(said) == []
        for step, told in said:
            if step.deed == "update":
                news = [float(re.split("[=≈] ", each.text)[-1].replace("−", "-")) for each in told.sayings]
                layer = after.layers[step.layer]
                biases = [] if layer.biases is None else [layer.biases[step.node]]
                expected = [*layer.weights[step.node], *biases]
                assert news == pytest.approx(expected, rel=1e-5, abs=1e-9), (optimizer, batch_size)


def test_words_for_scripts_batches_and_many_weights(approved):
    trained = train(state_of(), updates=1).state
    for watched in (False, True):
        said = said_of(replace(trained, run=replace(trained.run, watched=watched)))
        own = [(step, told.text) for step, told in said if "nnviz's own" in told.text]
        assert [(step.deed, step.layer, step.node) for step, _ in own] == [("update", 1, 0)] * watched
    batch = next(told.text for step, told in said_of(state_of(batch_size=1)) if step.deed == "mean")
    many = Network(tuple(f"x{k}" for k in range(20)), (Layer(("y",), "identity", np.ones((1, 20))),))
    told = dict(said_of(State(many, Dataset(np.ones((1, 20)), [[3.0]]))))
    slopes = next(said for step, said in told.items() if step.deed == "slopes")
    assert len([saying for saying in slopes.sayings if not saying.aside]) == MOST_LINES
    texts = own[0][1], re.sub("row [123]$", "row N", batch.rpartition("; ")[2]), slopes.text
    approved("an update of a script, a batch of one row, and a node of 20 weights", "\n\n".join(texts))


def test_numbers_beyond_float64_have_words_too():
    layers = (
        Layer(("h0", "h1"), "relu", [[1e200, -1.0], [0.25, 1e180]], [0.1, -0.2]),
        Layer(("y",), "identity", [[1e160, 2.0]]),
    )
    for rows, optimizer in product([3, 50], OPTIMIZERS):
        data = Dataset(np.ones((rows, 2)), np.ones((rows, 1)))
        state = State(Network(("a", "b"), layers), data, Training(optimizer=optimizer))
        with np.errstate(all="ignore"):
            assert all(told.text for _, told in said_of(state))


# --- a film of it


def film(reel, moves=4, said=lambda: ""):
    """Return (position, t, seconds) of every moment."""
    return [(reel.progress.position, reel.t, seconds) for seconds in reel.play(moves, said)]


def test_every_step_of_a_film_moves_and_then_rests_and_the_end_shows_all():
    walk = Walk((2, 2, 1))
    reel = Reel(walk)
    moments = film(reel)
    assert len(moments) == len(walk) * 5 + 1
    assert moments[:5] == [
        (0, 0.0, FIRST_S),
        *((0, t, MOVE_S / 4) for t in (0.25, 0.5, 0.75)),
        (1, 0.0, READ_S),
    ]
    assert [position for position, _, seconds in moments if seconds == READ_S] == [*range(1, len(walk) + 1)]
    assert moments[-1] == (0, 0.0, LAST_S)
    assert not reel.progress.active
    assert film(Reel(Walk((2, 2, 1)))) == moments
    few, many, most = (film(Reel(Walk((1, 1))), said=lambda n=n: "x" * n)[4][2] for n in (10, 60, 6000))
    assert READ_S < few < many < most == LONGEST_S
    lengths = [len(film(Reel(Walk((3, 3, 1)), by_layer=by_layer), moves=1)) for by_layer in (False, True)]
    assert lengths == [41, 25]


def test_a_film_has_all_phases_in_their_order():
    reel, seen = Reel(Walk((2, 2, 1))), []
    for _ in reel.play(2, str):
        if reel.progress.active and reel.progress.phase not in seen:
            seen.append(reel.progress.phase)
    assert tuple(seen) == PHASES


# --- its update


@pytest.fixture
def document():
    network = Network.from_weights({"node_0": [2.0, 4.0], "output": [2.0]})
    return Document(State(network, Dataset([[3.0, 5.0]], [[60.0]]), Training(learning_rate=0.001)))


@pytest.fixture(params=["in a frame", "in a thread"])
def runner(document, request):
    """Return a runner that makes an update within a frame, or takes longer."""
    runner = Runner(document, Limits() if request.param == "in a frame" else Limits(long_trainer_ns=0.0))
    yield runner
    runner.pause()


@pytest.fixture
def player(document, runner):
    player = Player(document, Selection(document), runner)
    player.speed = 1.0
    yield player
    player.stop()


def to_the_end(player):
    """Walk through all phases but the update, which is under way then unless it is quick."""
    player.show_phase("update")
    player.to_end()


def test_back_takes_an_update_back_but_not_what_a_person_did(document, player, qtbot, qapp):
    mine = edits.set_weight(document.state, 0, 0, 0, 9.0)
    document.push(mine, "mine")
    to_the_end(player)
    player.back()  # while the update is under way, unless it is quick
    qapp.processEvents()  # what is still under way would come now
    assert document.state is mine
    assert (document.undo_text(), player.progress.active, player.progress.phase) == ("mine", True, "update")
    to_the_end(player)
    qtbot.waitUntil(lambda: not player.progress.active)
    assert document.state.iteration == 1
    player.back()
    assert document.state is mine
    assert (player.progress.active, player.progress.phase) == (True, "update")


@pytest.mark.parametrize("leave", ["stop", "to_start", "back", "edit"])
def test_no_update_comes_after_the_walk_was_left_or_the_network_edited(document, player, runner, qapp, leave):
    to_the_end(player)
    was_made, state = not player.progress.active, document.state
    if leave == "edit":
        state = edits.set_weight(state, 0, 0, 0, 9.0)
        document.push(state, "mine")
    getattr(player, "back" if leave == "edit" else leave)()
    qapp.processEvents()  # what is still under way would come now
    assert document.state.iteration == (0 if leave == "back" else state.iteration)
    assert was_made or not runner.running
    if leave == "edit":
        assert document.state is state
        assert not player.progress.active


def test_rounds_of_all_four_phases_train(document, player, qtbot, monkeypatch):
    monkeypatch.setattr("nnviz.document.walk.player.FASTEST_MS", 1)
    player.repeat = "rounds"
    player.progress.by_layer = True
    player.play()
    qtbot.waitUntil(lambda: document.state.iteration == 2)
    assert player.playing
    player.pause()


def test_a_refused_update_leaves_the_walk_where_it_is(document, player, runner, qtbot):
    document.push(edits.set_training(document.state, Training(learning_rate=1e300)), "far too much")
    to_the_end(player)
    qtbot.waitUntil(lambda: not runner.running)
    assert document.state.iteration == 0
    assert (player.playing, player.progress.active) == (False, True)
