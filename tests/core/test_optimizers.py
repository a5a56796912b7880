"""The optimizers against PyTorch's definitions, written out in `oracle.optimizer_steps`."""

import numpy as np
import pytest

from nnviz.core.optimizers import OPTIMIZERS
from tests.core.oracle import optimizer_steps


def test_the_registry_holds_the_three_of_the_design():
    assert set(OPTIMIZERS) == {"gradient_descent", "momentum", "adam"}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_are_those_of_the_definition(name):
    rng = np.random.default_rng(1)
    parameters, slopes = rng.normal(size=7), np.empty(7)
    expected, reference = parameters.copy(), optimizer_steps(name)
    rate = np.array(0.0)
    optimizer = OPTIMIZERS[name](parameters, slopes, np.zeros((len(OPTIMIZERS[name].memories), 7)), rate)
    for k in range(1, 30):
        true_slopes = rng.normal(size=7)
        rate.fill(0.1 / k)
        slopes[:] = rate * true_slopes if optimizer.rate_in_slopes else true_slopes
        optimizer.update(k)
        expected = reference(expected, true_slopes, rate)
        assert parameters == pytest.approx(expected, rel=1e-12)


def test_adams_first_step_is_the_learning_rate_whatever_the_slope():
    parameters, slopes = np.zeros(3), np.array([1e-3, -5.0, 1e9])
    OPTIMIZERS["adam"](parameters, slopes, np.zeros((2, 3)), np.array(0.01)).update(1)
    assert parameters == pytest.approx([-0.01, 0.01, -0.01], rel=1e-4)


def test_momentum_sums_what_it_remembers():
    parameters, slopes, memory = np.zeros(1), np.ones(1), np.zeros((1, 1))
    momentum = OPTIMIZERS["momentum"](parameters, slopes, memory, np.array(1.0))
    for k in (1, 2, 3):
        momentum.update(k)
    assert memory[0, 0] == pytest.approx(1 + 0.9 + 0.81)
    assert parameters[0] == pytest.approx(-(1 + 1.9 + 2.71))
