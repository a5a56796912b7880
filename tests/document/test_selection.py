"""The selection is of the State that is there, for whoever asks and whenever."""

import pytest

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.selection import Selection

pytestmark = pytest.mark.usefixtures("qapp")

OUTPUT = Address("node", 1, 0)


@pytest.fixture
def document():
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    return Document(State(network, Dataset([[3, 5], [1, 2], [0, 1]])))


def test_whoever_hears_of_the_state_before_the_selection_does_reads_it_resolved(document):
    heard = []
    document.state_changed.connect(lambda *_: heard.append((selection.address, selection.row)))
    selection = Selection(document)
    selection.select(OUTPUT)
    selection.row = 2
    document.push(structure.add_layer(document.state, 1), "a layer")
    document.push(edits.remove_rows(document.state, [1, 2]), "fewer rows")
    assert heard == [(Address("node", 2, 0), 2), (Address("node", 2, 0), 0)]


def test_all_know_the_state_before_they_hear_that_the_selection_moved(document):
    selection, heard = Selection(document), []
    selection.address_changed.connect(lambda: heard.append("address"))
    selection.row_changed.connect(lambda row: heard.append(row))
    document.state_changed.connect(lambda *_: heard.append("state"))
    selection.select(OUTPUT)
    selection.row = 2
    heard.clear()
    smaller = edits.remove_rows(structure.add_layer(document.state, 1), [2])
    document.push(smaller, "both")
    assert sorted(heard[1:], key=str) == [1, "address"]
    assert heard[0] == "state"


def test_a_row_that_is_chosen_while_all_are_told_of_a_state_is_told_once_they_know(document):
    selection, heard = Selection(document), []

    def choose(*_):
        selection.row = 1
        heard.append("chosen")

    document.state_changed.connect(choose)
    selection.address_changed.connect(lambda: heard.append("address"))
    selection.row_changed.connect(lambda row: heard.append(row))
    document.state_changed.connect(lambda *_: heard.append("state"))
    selection.select(OUTPUT)
    heard.clear()
    document.push(structure.add_layer(document.state, 1), "a layer")
    assert heard[:2] == ["chosen", "state"]
    assert sorted(heard[2:], key=str) == [1, "address"]


def test_what_stays_where_it_is_is_not_told_again(document):
    selection, heard = Selection(document), []
    selection.select(Address("node", 0, 0))
    selection.address_changed.connect(lambda: heard.append("address"))
    document.push(structure.add_node(document.state, 1), "a node")
    document.push(edits.set_weight(document.state, 0, 0, 0, 1.0), "a weight")
    assert heard == []


def test_what_the_network_does_not_have_cannot_be_selected(document):
    selection = Selection(document)
    selection.select(Address("node", 7, 0))
    assert selection.address is None
    selection.select(Address("bias", 0, 0))  # the layer has none
    assert selection.address is None


def test_a_second_weight_that_is_gone_leaves_the_first(document):
    selection = Selection(document)
    selection.select(Address("weight", 0, 0, 0), Address("weight", 0, 1, 0))
    document.push(structure.remove_node(document.state, 1, 1), "a node less")
    assert selection.weights == (Address("weight", 0, 0, 0), None)
    document.push(structure.add_node(document.state, 1, None), "a node")
    selection.select(Address("weight", 0, 0, 0), Address("weight", 0, 1, 0))
    document.push(structure.remove_node(document.state, 1, 0), "the first less")
    assert selection.weights == (Address("weight", 0, 0, 0), None)
    assert selection.second is None
