"""What the walk says of its steps, for networks of every kind: the arithmetic closes as it stands."""

import re
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.walk.walk import PHASES, Walk
from nnviz.document.walk.words import MOST_LINES, words
from tests.core.test_explain import computed
from tests.core.written import closes


def state_of(hidden="tanh", output="identity", outputs=2, **training):
    layers = (
        Layer(("h0", "h1"), hidden, [[0.5, -1.0], [0.25, 2.0]], [0.1, -0.2]),
        Layer(
            tuple(f"y{k}" for k in range(outputs)), output, np.linspace(-1.0, 1.5, 2 * outputs).reshape(-1, 2)
        ),
    )
    data = Dataset([[1.0, 2.0], [-1.0, 0.5], [0.3, 0.7]], np.eye(3)[:, :outputs])
    return State(Network(("a", "b"), layers), data, Training(**training))


def said_of(state, row=0):
    """Return every step of a walk, and what is said of it."""
    found = computed(state, row)
    phases = PHASES if state.trainable else PHASES[:1]
    walk = Walk(state.network.sizes, phases, len(state.data))
    return [(step, words(state, found, step, state.loss())) for step in walk.steps]


def arithmetic(saying):
    """Return what stands behind the label of a line."""
    _, sign, rest = re.fullmatch(r"(.*?) (=|←|≈) (.*)", saying.text).groups()
    return f"≈ {rest}" if sign == "≈" else rest


def test_new_values_after_a_training_of_a_script_are_said_to_be_nnvizs_own():
    state = train(state_of(), updates=1).state
    for watched in (False, True):
        said = said_of(replace(state, run=replace(state.run, watched=watched)))
        own = [step for step, told in said if "an update of nnviz's own, by the settings" in told.text]
        assert [(step.deed, step.layer, step.node) for step in own] == ([("update", 1, 0)] if watched else [])


def check(state):
    for row in range(len(state.data)):
        for step, told in said_of(state, row):
            assert told.sayings, step
            for saying in told.sayings:
                assert saying.aside or closes(arithmetic(saying)), saying.text


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_all_arithmetic_closes(activation):
    check(state_of(activation))


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "relu"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_all_arithmetic_closes_for_every_kind_of_output(output, outputs):
    check(state_of(output=output, outputs=outputs))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 1, 2])
def test_update_says_what_a_step_of_training_makes_of_each_weight(optimizer, batch_size):
    state = train(state_of(optimizer=optimizer, batch_size=batch_size), updates=2).state
    check(state)
    after = train(state, updates=1).state.network
    for step, told in said_of(state):
        if step.deed != "update":
            continue
        news = [float(re.split("[=≈] ", saying.text)[-1].replace("−", "-")) for saying in told.sayings]
        layer = after.layers[step.layer]
        expected = [*layer.weights[step.node], *([] if layer.biases is None else [layer.biases[step.node]])]
        assert news == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_a_batch_of_one_row_is_said_to_be_one():
    told = dict(said_of(state_of(batch_size=1)))
    first = next(said for step, said in told.items() if step.deed == "mean")
    assert re.search("means over the batch of row [123]$", first.text)


def test_without_targets_the_walk_goes_forward_alone():
    state = state_of()
    state = State(state.network, Dataset(state.data.inputs), state.training)
    assert [step.deed for step, _ in said_of(state)] == ["forward"] * 4
    check(state)


def test_of_many_weights_some_are_told_and_how_many_more():
    many = Network(tuple(f"x{k}" for k in range(20)), (Layer(("y",), "identity", np.ones((1, 20))),))
    told = dict(said_of(State(many, Dataset(np.ones((1, 20)), [[3.0]]))))
    slopes = next(said for step, said in told.items() if step.deed == "slopes")
    assert len([saying for saying in slopes.sayings if not saying.aside]) == MOST_LINES
    assert "and 13 more" in slopes.text


@pytest.mark.parametrize("rows", [3, 50])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_too_large_for_a_number_can_be_told_of(rows, optimizer):
    layers = (
        Layer(("h0", "h1"), "relu", [[1e200, -1.0], [0.25, 1e180]], [0.1, -0.2]),
        Layer(("y",), "identity", [[1e160, 2.0]]),
    )
    data = Dataset(np.ones((rows, 2)), np.ones((rows, 1)))
    state = State(Network(("a", "b"), layers), data, Training(optimizer=optimizer))
    with np.errstate(all="ignore"):
        assert all(told.text for _, told in said_of(state))
