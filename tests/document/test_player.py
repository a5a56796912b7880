"""The walk's update, which may take longer than a frame: it is an update once the runner has made it."""

import pytest

from nnviz.core import edits
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.job import Limits
from nnviz.document.training.runner import Runner
from nnviz.document.walk.player import Player

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def document():
    network = Network.from_weights({"node_0": [2.0, 4.0], "output": [2.0]})
    return Document(State(network, Dataset([[3.0, 5.0]], [[60.0]]), Training(learning_rate=0.001)))


@pytest.fixture(params=["in a frame", "in a thread"])
def runner(document, request):
    """A runner that makes an update within a frame, or takes longer."""
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


def updated(player):
    return not player.progress.active


def test_back_after_an_update_takes_the_update_back(document, player, qtbot):
    before = document.state
    to_the_end(player)
    qtbot.waitUntil(lambda: updated(player))
    assert document.state.iteration == 1
    player.back()
    assert document.state is before
    assert player.progress.active
    assert player.progress.phase == "update"


def test_back_while_the_update_is_under_way_keeps_what_a_person_did_before(document, player, qapp):
    mine = edits.set_weight(document.state, 0, 0, 0, 9.0)
    document.push(mine, "mine")
    to_the_end(player)
    player.back()
    assert document.state is mine
    qapp.processEvents()  # what is still under way would come now
    assert document.state is mine
    assert document.undo_text() == "mine"
    assert player.progress.active


@pytest.mark.parametrize("leave", ["stop", "to_start", "back"])
def test_whoever_leaves_the_update_gets_none_later(document, player, runner, qapp, leave):
    to_the_end(player)
    was_made = updated(player)
    state = document.state
    getattr(player, leave)()
    qapp.processEvents()  # what is still under way would come now
    assert document.state.iteration == (0 if leave == "back" else state.iteration)
    assert was_made or not runner.running


def test_an_edit_while_the_update_is_under_way_is_no_update(document, player, qapp):
    to_the_end(player)
    mine = edits.set_weight(document.state, 0, 0, 0, 9.0)
    document.push(mine, "mine")
    player.back()
    qapp.processEvents()  # what is still under way would come now
    assert document.state is mine
    assert not player.progress.active


def test_all_four_phases_again_and_again_train(document, player, qtbot):
    player.repeat = "rounds"
    player.progress.by_layer = True
    player.play()
    qtbot.waitUntil(lambda: document.state.iteration == 3, timeout=20_000)
    assert player.playing
    player.pause()


def test_an_update_that_is_refused_leaves_the_walk_where_it_is(document, player, runner, qtbot):
    state = document.state
    document.push(edits.set_training(state, Training(learning_rate=1e300)), "far too much")
    to_the_end(player)
    qtbot.waitUntil(lambda: not runner.running)
    assert document.state.iteration == 0
    assert not player.playing
    assert player.progress.active
