"""A run that diverges stops before anything turns to NaN or infinity, without a warning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.network import Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.trainer import Trainer
from tests.core import oracle


def finite(state):
    return (
        np.isfinite(oracle.parameters(state.network)).all()
        and np.isfinite(state.run.memory).all()
        and np.isfinite(state.run.history.points).all()
    )


def one_weight(rate, **training):
    """w = 1, x = 1, target 0: each update multiplies w by 1 − 2·rate."""
    return State(
        Network.from_weights({"output": [1.0]}), Dataset([[1.0]], [[0.0]]), Training(rate, **training)
    )


def test_the_last_finite_weights_are_kept():
    """w after k updates is (−9)^k, whose square is finite up to k = 161."""
    result = train(one_weight(5.0), updates=1000)
    assert result.diverged
    assert result.state.iteration == 161
    assert result.state.network.layers[0].weights[0, 0] == pytest.approx(-(9.0**161), rel=1e-12)
    assert result.history[:, 0].tolist() == list(range(162))
    assert result.history[:, 1] == pytest.approx(81.0 ** np.arange(162.0), rel=1e-12)
    assert finite(result.state)


@pytest.mark.parametrize("updates", [161, 162])
def test_it_stops_at_the_same_update_wherever_the_work_ends(updates):
    result = train(one_weight(5.0), updates=updates)
    assert result.state.iteration == 161
    assert result.diverged == (updates == 162)


def test_every_state_on_the_way_is_finite():
    trainer = Trainer(one_weight(5.0))
    iterations = []
    for _ in trainer.work(1000):
        taken = trainer.state()
        assert finite(taken)
        iterations.append(taken.iteration)
    assert trainer.diverged
    assert iterations[160] == 161
    assert trainer.loss == pytest.approx(81.0**161, rel=1e-12)


def test_a_diverged_run_makes_no_more_updates():
    trainer = Trainer(one_weight(5.0))
    list(trainer.work(1000))
    before = trainer.state()
    list(trainer.work(10))
    assert trainer.iteration == 161
    assert oracle.parameters(trainer.state().network) == oracle.parameters(before.network)


def test_a_learning_rate_that_was_lowered_on_the_way_is_kept_to():
    """The way back to the last finite weights uses each update's own learning rate."""
    trainer = Trainer(one_weight(5.0))
    for _ in trainer.work(1000):
        trainer.learning_rate = 0.25 if 100 <= trainer.iteration < 103 else 5.0
    weight = trainer.state().network.layers[0].weights[0, 0]
    assert trainer.diverged
    assert abs(weight) == pytest.approx(9.0 ** (trainer.iteration - 3) / 8, rel=1e-12)
    assert 1e152 < abs(weight) < 1.4e154


@pytest.mark.parametrize("batch_size", [None, 1, 4])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ["relu", "softplus", "tanh", "softmax"])
def test_too_large_a_learning_rate_never_gives_a_number_that_is_none(activation, optimizer, batch_size):
    network = oracle.make_network([2, 5, 3, 2], ["relu", activation, "identity"], [True, True, True])
    state = oracle.make_state(network, 9, learning_rate=1e200, batch_size=batch_size, optimizer=optimizer)
    result = train(state, updates=400)
    assert finite(result.state)
    assert result.diverged or result.state.iteration == 400
    assert np.isfinite(result.state.loss())
    last = result.history[-1].tolist()
    assert last == pytest.approx([result.state.iteration, result.state.loss()], rel=1e-12)


@settings(max_examples=40)
@given(oracle.states(max_hidden=2), st.sampled_from(list(OPTIMIZERS)), st.floats(-5, 300), st.booleans())
def test_any_learning_rate_stays_finite(state, optimizer, exponent, single_rows):
    result = train(
        state,
        updates=30,
        learning_rate=10.0**exponent,
        optimizer=optimizer,
        batch_size=1 if single_rows else None,
    )
    assert finite(result.state)


@pytest.mark.parametrize("batch_size", [None, 1])
def test_adam_stops_before_its_memory_overflows(batch_size):
    """The slope is 2e200: its square is no number, though weights and MSE would stay finite."""
    state = State(
        Network.from_weights({"output": [0.0]}),
        Dataset([[1e60], [1e60]], [[1e140], [1e140]]),
        Training(0.01, batch_size=batch_size, optimizer="adam"),
    )
    result = train(state, updates=5)
    assert result.diverged
    assert result.state.iteration == 0
    assert finite(result.state)
    assert result.history.tolist() == [[0, 1e280]]


@pytest.mark.parametrize("batch_size", [None, 1])
def test_a_weight_that_overflows_behind_a_relu_is_found(batch_size):
    """node_0's weight would turn to −∞, its relu to 0, and the MSE would look harmless."""
    network = Network.from_weights({"node_0": [1.0], "output": [1e100]})
    state = State(network, Dataset([[1e10], [1e10]], [[1.0], [1.0]]), Training(1e150, batch_size=batch_size))
    result = train(state, updates=3)
    assert result.diverged
    assert finite(result.state)
    assert result.state.network == network


def test_a_start_whose_mse_is_no_number_is_refused_in_one_sentence():
    network = Network.from_weights({"output": [1e200]})
    with pytest.raises(ValueError, match="the MSE is too large for a number"):
        Trainer(State(network, Dataset([[1e200]], [[0.0]])))


def test_huge_but_finite_numbers_train_without_a_warning():
    network = Network.from_weights({"output": [1e150]})
    result = train(State(network, Dataset([[1.0]], [[0.0]]), Training(0.25)), updates=3)
    assert result.history[:, 1] == pytest.approx([1e300, 0.25e300, 0.0625e300, 0.015625e300])
