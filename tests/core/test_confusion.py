"""Which classes are taken for which, against a count by hand."""

import numpy as np
import pytest

from nnviz.core.accuracy import NO_CLASS, decided
from nnviz.core.confusion import confusion, decided_in_blocks, decisions
from nnviz.core.network import Layer, Network
from nnviz.core.results import Results
from nnviz.core.state import Dataset, State

NAN = float("nan")


def network(activation, *outputs):
    """Return a network of one layer that gives its inputs on."""
    return Network(outputs, (Layer(tuple(f"{o}!" for o in outputs), activation, np.eye(len(outputs))),))


def test_a_softmax_decides_once_between_its_outputs():
    net = network("softmax", "cat", "dog", "owl")
    assert decisions(net) == (("cat!", "dog!", "owl!"),)
    outputs = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [NAN, 0.0, 1.0]])
    assert decided(net, outputs).tolist() == [[1], [0], [NO_CLASS]]


def test_each_sigmoid_decides_alone():
    net = network("sigmoid", "rain", "wind")
    assert decisions(net) == (("not rain!", "rain!"), ("not wind!", "wind!"))
    said = decided(net, np.array([[0.5, 0.49], [NAN, 1.0]]))
    assert said.tolist() == [[1, 0], [NO_CLASS, 1]]


def test_counts_and_shares_are_those_of_a_count_by_hand():
    wanted, taken = np.array([0, 0, 0, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 1, 0, NO_CLASS])
    found = confusion(wanted, taken, 3)
    assert found.counts.tolist() == [[2, 2, 0], [1, 1, 0], [0, 0, 0]]
    assert (found.right, found.lost, found.rows) == (3, 1, 7)
    np.testing.assert_allclose(found.recalls, [2 / 4, 1 / 2, NAN])
    np.testing.assert_allclose(found.precisions, [2 / 3, 1 / 3, NAN])
    np.testing.assert_allclose(found.shares, [[1 / 2, 1 / 2, 0], [1 / 2, 1 / 2, 0], [0, 0, 0]])


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_rows_decided_in_blocks_are_those_decided_together(activation):
    draw = np.random.default_rng(3)
    inputs, targets = draw.normal(size=(500, 3)), draw.integers(0, 2, (500, 3)).astype(float)
    state = State(network(activation, "a", "b", "c"), Dataset(inputs, targets))
    together = Results(state)
    together.decide()
    work, steps = decided_in_blocks(state, block_ns=1.0), 0
    while True:
        try:
            next(work)
            steps += 1
        except StopIteration as end:
            for found, known in zip(end.value, together.decided, strict=True):
                assert found.tolist() == known.tolist()
            break
    assert steps > 1
