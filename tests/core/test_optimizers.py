"""The optimizers against PyTorch's definitions, written out in `oracle.optimizer_steps`."""

import numpy as np
import pytest

from nnviz.core.expressions import Number
from nnviz.core.optimizers import OPTIMIZERS
from tests.core import oracle
from tests.core.oracle import optimizer_steps


def test_every_optimizer_has_a_definition_to_be_compared_with():
    assert set(OPTIMIZERS) == set(oracle.OPTIMIZERS) >= {"gradient_descent", "momentum", "adam"}


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


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rule_as_text_is_the_rule_that_is_computed(name):
    rng = np.random.default_rng(2)
    entry, rate = OPTIMIZERS[name], 0.05
    parameters, slopes, memory = (
        rng.normal(size=1),
        np.empty(1),
        np.zeros((len(OPTIMIZERS[name].memories), 1)),
    )
    optimizer = entry(parameters, slopes, memory, np.array(rate))
    for k in range(1, 80):
        slope = float(rng.normal())
        values = {"w": parameters[0], "slope": slope, "learning_rate": rate, "t": float(k)}
        values |= dict(zip(entry.memories, memory[:, 0], strict=True))
        numbers = {each: Number(float(value)) for each, value in values.items()}
        for each, rule in entry.rule:
            numbers[each] = Number(rule.at(numbers).computed())
        slopes[:] = rate * slope if entry.rate_in_slopes else slope
        optimizer.update(k)
        assert [each for each, _ in entry.rule][-1] == "w"
        assert parameters[0] == pytest.approx(numbers["w"].value, rel=1e-12)
        assert memory[:, 0] == pytest.approx([numbers[each].value for each in entry.memories], rel=1e-12)


def test_the_rules_as_text_are_the_definitions():
    definitions = {
        "gradient_descent": ["w ← w − learning_rate·slope"],
        "momentum": ["v ← 0.9·v + slope", "w ← w − learning_rate·v"],
        "adam": [
            "m ← 0.9·m + 0.1·slope",
            "v ← 0.999·v + 0.001·slope²",
            "m_hat ← m/(1 − 0.9^t)",
            "v_hat ← v/(1 − 0.999^t)",
            "w ← w − learning_rate·m_hat/(√(v_hat) + 1e−8)",
        ],
    }
    for name, lines in definitions.items():
        assert [f"{each} ← {rule.text}" for each, rule in OPTIMIZERS[name].rule] == lines


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
