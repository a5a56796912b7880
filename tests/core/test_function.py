"""The picture of the function: at each of its points stands what the network predicts for that row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core import cost, function
from nnviz.core.cost import finished
from nnviz.core.function import Section, activations, predictions, refined, section, span_of
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset
from tests.core import oracle


def wide(inputs, *sizes, activation="tanh", output="sigmoid"):
    """A network with so many inputs, hidden nodes and outputs, with biases."""
    rng, layers, fan_in = np.random.default_rng(3), [], inputs
    for k, size in enumerate(sizes):
        nodes = tuple(f"n{k}_{j}" for j in range(size))
        weights = rng.normal(0, 1 / np.sqrt(fan_in), (size, fan_in))
        layers.append(
            Layer(nodes, output if k == len(sizes) - 1 else activation, weights, rng.normal(size=size))
        )
        fan_in = size
    return Network(tuple(f"x{i}" for i in range(inputs)), tuple(layers))


def held_row(network, seed=0):
    return np.random.default_rng(seed).normal(size=len(network.inputs))


def asked(where, values, *at):
    """Return the row at a point of a picture, written out by hand: (across,) or (across, up)."""
    row = where.held.copy()
    for place, each, index in zip(where.along, values, at, strict=True):
        row[place] = each[index]
    return row


@settings(max_examples=60)
@given(st.data())
def test_at_each_point_of_a_plane_stands_the_prediction_for_that_row(data):
    state = data.draw(oracle.states())
    network = state.network
    count = min(2, len(network.inputs))
    along = tuple(data.draw(st.permutations(range(len(network.inputs))))[:count])
    where = Section(along, ((-2.0, 3.0), (-1.5, 0.5))[:count], held_row(network))
    values = where.middles(*(4, 3)[:count])
    found = finished(predictions(network, where, values))
    assert found.shape == (*reversed([len(each) for each in values]), len(network.outputs))
    for index in np.ndindex(*found.shape[:-1]):
        row = asked(where, values, *reversed(index))
        assert found[index] == pytest.approx(oracle.predict(network, row), rel=1e-9, abs=1e-12)


def test_of_784_inputs_two_vary_and_the_others_are_held():
    network = wide(784, 12, 3, output="softmax")
    where = Section((100, 37), ((0.0, 1.0), (-4.0, 4.0)), held_row(network))
    values = where.middles(7, 5)
    found = finished(predictions(network, where, values))
    rows = [asked(where, values, i, j) for j in range(5) for i in range(7)]
    assert found.reshape(35, 3) == pytest.approx(network.predict(rows), rel=1e-11)
    assert found[..., 0].std() > 1e-4
    assert function.point_ns(network) < 0.1 * cost.forward_ns(network)


def test_every_nodes_values_are_those_of_a_pass_forward():
    network = wide(3, 5, 4, 2)
    where = Section((2, 0), ((-1.0, 1.0), (-3.0, 3.0)), held_row(network))
    values = where.middles(6, 4)
    found = finished(activations(network, where, values))
    rows = where.rows(*(each.ravel() for each in np.meshgrid(*values)))
    for mine, theirs in zip(found, network.forward(rows).a, strict=True):
        assert mine.reshape(24, -1) == pytest.approx(theirs, rel=1e-12)


def test_cut_into_many_units_it_is_the_same():
    network = wide(4, 300, 200, 2)
    where = Section((1, 3), ((-1.0, 1.0), (-3.0, 3.0)), held_row(network))
    values = where.middles(150, 12)
    assert len(list(predictions(network, where, values))) > 5
    rows = where.rows(*(each.ravel() for each in np.meshgrid(*values)))
    found = finished(predictions(network, where, values))
    assert found.reshape(-1, 2) == pytest.approx(network.predict(rows), rel=1e-11)


def test_a_picture_becomes_finer_up_to_a_point_for_each_pixel():
    network = wide(2, 8, 1)
    where = Section((0, 1), ((-1.0, 1.0), (-1.0, 1.0)), np.zeros(2))
    pictures = [step for step in refined(network, where, (301, 120), 1e5) if step is not None]
    widths = [len(picture.values[0]) for picture in pictures]
    assert widths == sorted(widths)
    assert len(widths) > 1
    assert pictures[0].prediction.size * function.point_ns(network) < 2e5
    assert pictures[-1].prediction.shape == (120, 301, 1)
    assert [len(each) for each in pictures[-1].values] == [301, 120]
    assert [*map(len, next(refined_at_once(network, where)).values)] == [301, 120]


def refined_at_once(network, where):
    return (step for step in refined(network, where, (301, 120), 1e12) if step is not None)


def test_the_middles_of_pixels_share_a_span_evenly():
    where = Section((0,), ((2.0, 4.0),), np.zeros(1))
    assert where.middles(4)[0].tolist() == [2.25, 2.75, 3.25, 3.75]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([0.0, 10.0, 4.0], (-1.0, 11.0)),
        ([5.0, 5.0], (0.0, 10.0)),
        ([0.0], (-1.0, 1.0)),
        ([], (-1.0, 1.0)),
        ([-1.7e308, 1.7e308], (-1e300, 1e300)),
    ],
)
def test_a_span_shows_all_rows_and_some_room(column, expected):
    data = Dataset(np.array(column).reshape(-1, 1))
    assert span_of(data, 0) == pytest.approx(expected)
    assert section(data, (0,), np.zeros(1)).spans[0] == pytest.approx(expected)


def test_what_is_too_large_for_a_number_is_not_finite_and_warns_nobody():
    network = Network(("x", "y"), (Layer(("output",), "identity", [[1e200, -1e200]]),))
    where = Section((0, 1), ((-1e300, 1e300), (-1e300, 1e300)), np.zeros(2))
    found = finished(predictions(network, where, where.middles(3, 3)))
    assert not np.isfinite(found[0, 0, 0])
