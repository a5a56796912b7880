"""What a weight, a bias or a node is called, and where its value stands."""

import pytest

from nnviz.core.address import Address, all_weights
from nnviz.core.structure import add_biases
from nnviz.core.training.passes import Parameters, place
from nnviz.files.examples import example
from nnviz.files.registry import load


@pytest.fixture
def network():
    return add_biases(load(example("relu").path), 0).network


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (Address("node", -1, 1), "children"),
        (Address("node", 1, 0), "output"),
        (Address("weight", 0, 1, 0), "accounts → node_1"),
        (Address("weight", 1, 0, 1), "node_1 → output"),
        (Address("bias", 0, 1), "bias of node_1"),
    ],
)
def test_a_number_is_called_by_its_nodes(network, address, name):
    assert address.name(network) == name


def test_weights_and_biases_have_a_value_and_a_place_in_the_flat_vector(network):
    assert Address("weight", 0, 1, 1).value(network) == -5.0
    assert Address("bias", 0, 1).value(network) == 0.0
    flat = Parameters(network, 0).values
    every = all_weights(network)
    assert [place(network, address) for address in every] == list(range(len(flat)))
    assert [address.value(network) for address in every] == flat.tolist()


def test_a_number_is_within_the_network_or_not(network):
    every = all_weights(network)
    assert every[2] == Address("bias", 0, 0)
    assert all(address.within(network) for address in every)
    assert Address("node", -1, 1).within(network)
    gone = (
        Address("bias", 1, 0),
        Address("weight", 0, 0, 2),
        Address("weight", 0, 2, 0),
        Address("node", 2, 0),
    )
    assert not any(address.within(network) for address in gone)
