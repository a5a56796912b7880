"""The selected row and address always belong to the state that is there, whoever asks and whenever."""

import pytest

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.selection import Selection

pytestmark = pytest.mark.usefixtures("qapp")

OUTPUT, MOVED = Address("node", 1, 0), Address("node", 2, 0)
FIRST, SECOND = Address("weight", 0, 0, 0), Address("weight", 0, 1, 0)


@pytest.fixture
def document():
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    return Document(State(network, Dataset([[3, 5], [1, 2], [0, 1]])))


def test_a_listener_sees_the_moved_selection_before_the_selection_announces_the_move(document):
    heard = []
    document.state_changed.connect(lambda *_: heard.append((selection.address, selection.row)))
    selection = Selection(document)
    selection.address_changed.connect(lambda: heard.append("address"))
    selection.row_changed.connect(lambda row: heard.append(f"row {row}"))
    document.state_changed.connect(lambda *_: heard.append("state"))
    selection.select(OUTPUT)
    selection.row = 2
    heard.clear()
    document.push(edits.remove_rows(structure.add_layer(document.state, 1), [2]), "both")
    assert heard[:2] == [(MOVED, 1), "state"]
    assert sorted(heard[2:]) == ["address", "row 1"]
    heard.clear()
    document.push(structure.add_node(document.state, 1), "a node")
    document.push(edits.set_weight(document.state, 0, 0, 0, 1.0), "a weight")
    assert heard == [(MOVED, 1), "state"] * 2  # the selection stays where it is, which is no news
    document.push(edits.remove_rows(document.state, [1]), "fewer rows")
    assert heard[4:] == [(MOVED, 0), "state", "row 0"]


def test_a_row_chosen_while_a_state_is_announced_is_announced_afterwards(document):
    selection, heard = Selection(document), []

    def choose(*_):
        selection.row = 1
        heard.append("chosen")

    document.state_changed.connect(choose)
    selection.address_changed.connect(lambda: heard.append("address"))
    selection.row_changed.connect(lambda row: heard.append(f"row {row}"))
    document.state_changed.connect(lambda *_: heard.append("state"))
    selection.select(OUTPUT)
    heard.clear()
    document.push(structure.add_layer(document.state, 1), "a layer")
    assert heard[:2] == ["chosen", "state"]
    assert sorted(heard[2:]) == ["address", "row 1"]


def test_only_what_the_network_has_is_selected(document):
    selection = Selection(document)
    for address in (Address("node", 7, 0), Address("bias", 0, 0)):  # the layer has no biases
        selection.select(address)
        assert selection.address is None
    for removed in (1, 0):
        selection.select(FIRST, SECOND)
        document.push(structure.remove_node(document.state, 1, removed), "a node less")
        assert (selection.weights, selection.second) == ((FIRST, None), None)
        document.push(structure.add_node(document.state, 1, None), "a node")
