"""The penalty for large weights, and frozen parts, against plain references."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import nnviz
from nnviz.core.address import Address
from nnviz.core.edits import (
    add_layer,
    add_node,
    freeze,
    remove_biases,
    remove_node,
    rename,
    set_training,
    unfreeze,
)
from nnviz.core.losses import Penalty
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.replay import Replay, state_at_start
from nnviz.core.results import means_in_blocks
from nnviz.core.slopes import run_work, slopes
from nnviz.core.state import Training
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from tests.core import oracle
from tests.core.oracle import classes
from tests.core.refusals import refusals


def test_penalties_of_large_weights_are_numbers():
    weights, l2 = np.array([1e200, -2.0]), Penalty(0.0, 0.1)
    l1 = Penalty(0.1, 0.0)
    assert l1.of(weights).tolist() == [1e199, 0.2]
    assert [total for _, _, total in l1.sums(weights)] == [1e200]
    assert l2.of(weights).tolist() == [math.inf, 0.4]


FACTORS = (0.03, 0.0), (0.0, 0.02), (0.03, 0.02)


@pytest.mark.crossed(
    case=oracle.CASES,
    hidden=((), ("tanh",), ("relu", "tanh"), ("tanh", "relu", "softplus"), ("tanh",) * 4),
    factors=FACTORS,
)
def test_slopes_contain_the_slope_of_the_penalty(case, hidden, factors):
    (loss, output), (l1, l2) = case, factors
    state = classes(output, hidden=hidden, loss=loss)
    network, x, y = state.network, state.data.inputs, state.data.targets
    found = slopes(network, x, y, loss, l1=l1, l2=l2)
    assert found.loss == slopes(network, x, y, loss).loss
    assert found.penalty == pytest.approx(oracle.penalty(network, l1, l2), rel=1e-12)
    values = np.array(oracle.parameters(network))

    def training_loss(k, step):
        moved = oracle.with_parameters(network, values + step * (np.arange(len(values)) == k))
        return oracle.loss(moved, x, y, loss) + oracle.penalty(moved, l1, l2)

    def central(k, step):
        return (training_loss(k, step) - training_loss(k, -step)) / (2 * step)

    measured = [(4 * central(k, 1e-4) - central(k, 2e-4)) / 3 for k in range(len(values))]  # 4th order
    np.testing.assert_allclose(oracle._flat(found), measured, rtol=0, atol=1e-9)
    blocks = run_work(means_in_blocks(None, with_factors(state, l1, l2), block_ns=1.0)).slopes
    assert blocks.penalty == found.penalty
    for one, other in zip(blocks.layers, found.layers, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-12, atol=1e-14)


def with_factors(state, l1, l2, **settings):
    return set_training(state, replace(state.training, l1=l1, l2=l2, **settings))


def test_the_slope_of_l1_is_0_at_a_weight_of_0():
    network = nnviz.Network.from_weights({"output": [0.0, 2.0, -3.0]})
    (layer,) = slopes(network, [[0.0, 0.0, 0.0]], [[0.0]], l1=0.5).layers
    assert layer.weights.tolist() == [[0.0, 0.5, -0.5]]


def test_a_penalty_by_hand():
    """One input of 3, a weight of 2 and a bias of 1: the prediction is 7, the error 3."""
    layer = nnviz.Layer(["output"], "identity", [[2.0]], [1.0])
    network = nnviz.Network(["x"], [layer])
    found = slopes(network, [[3.0]], [[4.0]], l1=0.5, l2=0.25)
    assert (found.mse, found.penalty) == (9.0, 0.5 * 2 + 0.25 * 4)
    assert found.layers[0].weights.item() == 2 * 3 * 3 + 0.5 + 2 * 0.25 * 2
    assert found.layers[0].biases.item() == 2 * 3
    state = nnviz.State(network, nnviz.Dataset([[3.0]], [[4.0]]), Training(0.01))
    after = train(state, updates=1, l1=0.5, l2=0.25).state.network.layers[0]
    assert after.weights.item() == pytest.approx(2 - 0.01 * 19.5, rel=1e-15)
    assert after.biases.item() == pytest.approx(1 - 0.01 * 6, rel=1e-15)


@pytest.mark.crossed(
    case=oracle.CASES,
    hidden=((), ("tanh",), ("relu", "tanh"), ("tanh", "relu", "softplus"), ("tanh",) * 4),
    batch_size=(None, 1, 4),
    optimizer=(*OPTIMIZERS,),
    factors=FACTORS,
    frozen=((), ("output_0",), ("layer 0",), ("bias output_1", "output_2")),
)
def test_updates_are_those_of_the_definitions(case, hidden, batch_size, optimizer, factors, frozen):
    """The history is the loss of the data alone. Frozen values keep every bit."""
    (loss, output), (l1, l2) = case, factors
    state = classes(output, hidden=hidden, updates=20, loss=loss, validation=0.3, batch_size=batch_size)
    if "bias output_1" in frozen and state.network.layers[-1].biases is None:
        frozen = ("output_2",)
    state = with_factors(state, l1, l2, optimizer=optimizer, frozen=frozen)
    networks, result = [*oracle.plain_updates(state, 20)], train(state)
    found = oracle.parameters(result.state.network)
    assert found == pytest.approx(oracle.parameters(networks[-1]), rel=1e-9, abs=1e-12)
    losses = [oracle.losses_of(state, networks[int(k)]) for k in result.history[:, 0]]
    np.testing.assert_allclose(result.history[:, 1:], losses, rtol=1e-9)
    starts = zip(oracle.parameters(state.network), found, oracle.frozen_names(state.network), strict=True)
    for before, after, names in starts:
        assert before == after or names.isdisjoint(frozen)


def test_a_part_frozen_in_the_middle_of_a_run_stands_still_and_goes_on_later():
    """The optimizer's memory of a frozen part waits, too."""
    state = classes(updates=10, optimizer="momentum")
    first = train(state).state
    held = train(freeze(first, Address("node", 0, 1))).state
    assert held.network.layers[0].weights[1].tolist() == first.network.layers[0].weights[1].tolist()
    assert held.network.layers[0].weights[0].tolist() != first.network.layers[0].weights[0].tolist()
    assert (held.iteration, len(held.run.segments)) == (20, 2)
    free = train(unfreeze(held, Address("weight", 0, 1, 2)), updates=1).state
    assert (held.network.layers[0].weights[1] != free.network.layers[0].weights[1]).all()
    node = slice(4, 8)  # three weights and the bias of the second node
    assert held.run.memory[0][node].tolist() == first.run.memory[0][node].tolist()


def test_long_updates_have_the_penalty_once_and_hold_frozen_parts(monkeypatch):
    monkeypatch.setattr("nnviz.core.engines.PASS_NS", 1.0)
    monkeypatch.setattr("nnviz.core.engines.kernel", None)
    state = with_factors(classes(rows=40, updates=3), 0.03, 0.02, frozen=("node_2",))
    assert Trainer(state).engine.is_long
    networks = [*oracle.plain_updates(state, 3)]
    found = oracle.parameters(train(state).state.network)
    assert found == pytest.approx(oracle.parameters(networks[-1]), rel=1e-9)


# --- names of frozen parts


def parts(state):
    return state.training.frozen


def test_parts_are_frozen_by_name_and_follow_edits():
    state = oracle.small_state()
    node, layer = Address("node", 0, 1), Address("layer", 0)
    weight, bias = Address("weight", 1, 0, 2), Address("bias", 0, 2)
    one = freeze(freeze(freeze(state, node), weight), bias)
    assert parts(one) == ("node_0_1", "node_0_2 -> node_1_0", "bias node_0_2")
    assert freeze(one, Address("weight", 0, 1, 0)) is one
    assert parts(rename(one, 1, 1, "a -> b")) == ("a -> b", "node_0_2 -> node_1_0", "bias node_0_2")
    assert parts(rename(one, 1, 2, "c")) == ("node_0_1", "c -> node_1_0", "bias c")
    assert parts(remove_node(one, 1, 2)) == ("node_0_1",)
    assert parts(add_node(one, 1, 0)) == parts(one)
    assert parts(remove_biases(one, 0)) == parts(one)[:2]
    whole = freeze(one, layer)
    assert parts(whole) == ("node_0_2 -> node_1_0", "layer 0")
    assert parts(add_layer(whole, 0)) == ("node_0_2 -> node_1_0", "layer 1")
    assert parts(add_layer(whole, 1)) == ("layer 0",)
    assert parts(remove_node(whole, 1, 0)) == parts(whole)
    assert whole.freezing(Address("bias", 0, 0)) == whole.freezing(node) == layer
    assert whole.freezing(Address("weight", 1, 0, 1)) is None
    assert parts(unfreeze(whole, Address("weight", 0, 1, 0))) == ("node_0_2 -> node_1_0",)
    assert parts(unfreeze(one, node)) == ("node_0_2 -> node_1_0", "bias node_0_2")


def test_a_run_ends_if_the_name_of_a_part_that_was_frozen_changes():
    state = classes(updates=3)
    run = train(freeze(state, Address("node", 0, 1))).state
    assert rename(train(state).state, 1, 1, "x").run is not None
    assert rename(run, 1, 1, "x").run is None
    assert rename(unfreeze(run, Address("node", 0, 1)), 1, 1, "x").run is None
    other = rename(run, 1, 2, "x")
    assert other.run is run.run
    again = Replay(state_at_start(other), other)
    assert [*again.work(3)]
    assert oracle.parameters(again.state().network) == oracle.parameters(run.network)
    assert parts(rename(run, 1, 1, "x")) == ("x",)


def test_names_and_factors_that_cannot_be(approved):
    state = oracle.small_state()
    named = rename(state, 1, 0, "layer 0")
    cases = {
        "an unknown node": partial(with_factors, state, 0, 0, frozen=("node_9",)),
        "an input": partial(with_factors, state, 0, 0, frozen=("input_0",)),
        "a layer too many": partial(with_factors, state, 0, 0, frozen=("layer 3",)),
        "a weight over two layers": partial(with_factors, state, 0, 0, frozen=("input_0 -> node_1_0",)),
        "a bias that is not there": partial(with_factors, state, 0, 0, frozen=("layer 1", "bias node_1_0")),
        "a name of two parts": partial(freeze, named, Address("node", 0, 0)),
        "a factor below 0": partial(with_factors, state, -0.1, 0),
        "a factor that is not a number": partial(with_factors, state, 0, math.nan),
        "an infinite factor": partial(train, state, l2=math.inf),
    }
    approved("penalties and frozen parts that cannot be", refusals(cases))


def test_a_file_keeps_penalty_and_frozen_parts_and_its_run_goes_on_with_the_same_bits(tmp_path):
    state = with_factors(classes(updates=6, optimizer="adam"), 0.01, 0.02, frozen=("node_1", "layer 1"))
    path = tmp_path / "kept.json"
    half = train(state).state
    nnviz.save(half, path)
    read = nnviz.load(path)
    assert read == half
    assert read.run.segments == half.run.segments
    ends = [oracle.parameters(train(each).state.network) for each in (half, read)]
    assert ends[0] == ends[1]
    nnviz.save(classes(), path)
    text = path.read_text("utf-8")
    assert all(word not in text for word in ("l1", "l2", "frozen"))
