"""Every activation, optimizer and loss follows its definition, and a new one is one entry."""

import json
import math
import re
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS, activation, normal
from nnviz.core.address import Address
from nnviz.core.expressions import InexactError, Number
from nnviz.core.function import LARGEST, USUAL, Bend, steady_stretch, stretch_of
from nnviz.core.losses import CROSS_ENTROPY, LOSSES, MSE, loss_of
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import health, zero_reason
from nnviz.core.schedules import schedule
from nnviz.core.slopes import prediction_slopes, slopes, slopes_by_input
from nnviz.core.train import train
from nnviz.explain.explain import measure_slope
from nnviz.files.registry import load, save
from nnviz.picture.svg import svg
from tests.core import made_up, oracle
from tests.core.oracle import NAMES, activate, defined, kinks, set_bias
from tests.core.refusals import refusals
from tests.core.test_explain import explained, last, line, lines_of

EVERY, ENTRIES = [*NAMES, "hinge"], [*ACTIVATIONS, "hinge"]
ELEMENTWISE = [name for name in EVERY if name != "softmax"]
FAR = [-1e308, -1e300, -800.0, -700.0, -1e-300, 1e-300, 700.0, 800.0, 1e300, 1e308]
GRID = np.concatenate((np.linspace(-30, 30, 601), np.random.default_rng(0).normal(size=199)))


@pytest.fixture(autouse=True)
def made_up_entries(monkeypatch):
    """Let an activation and an optimizer that are made up go through all that the others do."""
    made_up.register(monkeypatch)


def back(function, z, slope_a):
    """Return ∂L/∂z, shape (rows, nodes)."""
    slope_z = np.empty_like(z)
    function.backward(z, function(z), slope_a, slope_z)
    return slope_z


# --- activations


def test_every_entry_has_a_definition_to_be_compared_with():
    design = "identity relu leaky_relu elu selu silu gelu softsign sigmoid tanh softplus softmax"
    assert set(ACTIVATIONS) == {name.partition("(")[0] for name in EVERY} >= set(design.split())
    assert set(OPTIMIZERS) == set(oracle.OPTIMIZERS) >= {"gradient_descent", "momentum", "adam"}
    assert set(LOSSES) == {name.partition("(")[0].split()[0] for name in oracle.LOSSES}


@pytest.mark.parametrize("name", EVERY)
def test_an_activation_is_its_formula(name):
    function, z = activation(name), GRID.reshape(-1, 4)
    expected = np.array([activate(name, row) for row in z.tolist()])
    np.testing.assert_allclose(function(z), expected, rtol=1e-12, atol=1e-14)
    far = np.array([[each, 0.0] for each in FAR])
    assert np.isfinite(function(far)).all()
    assert np.isfinite(back(function, far, np.ones_like(far))).all()
    with np.errstate(invalid="ignore"):
        assert math.isnan(function(np.array([[math.nan, 1.0]]))[0, 0])


@pytest.mark.parametrize("name", EVERY)
def test_what_comes_back_is_the_jacobian_times_the_slope_and_what_numpy_is_told(name):
    function, h = activation(name), 1e-6
    z = np.array([[-3.01, -0.49, 0.26, 2.01], [4.01, 1.01, -1.51, -30.01]])  # no multiples of 1/80
    slope_a = np.array([[1.0, -2.0, 0.5, 3.0], [-1.0, 0.25, 2.0, 1.0]])
    a, slope_z = function(z), back(function, z, slope_a)
    for j, moved in enumerate(h * np.eye(4)):
        difference = (function(z + moved) - function(z - moved)) / (2 * h)
        assert slope_z[:, j] == pytest.approx((difference * slope_a).sum(axis=1), abs=1e-8)
    names = {"np": np, "math": math, "z": z, "a": a, "slope_a": slope_a}
    assert eval(function.notation.numpy, names) == pytest.approx(a, rel=1e-13, abs=1e-15)
    assert eval(function.notation.numpy_slope, names) == pytest.approx(slope_z, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_written_slope_is_the_limit_of_differences(name):
    """The formulas of Explain, evaluated in float64 and as fractions, give the computed numbers."""
    function, h = activation(name), 1e-6
    z = GRID + 1 / 160  # halfway between the places where an activation may have a kink
    difference = (function(z + h) - function(z - h)) / (2 * h)
    np.testing.assert_allclose(function.slope(z), difference, rtol=1e-7, atol=2e-9)
    sixteenths = [Fraction(count, 16) for count in range(-320, 321, 5)]
    for z in (*GRID[::7], -700.0, -1e-9, 0.0, 1e-9, 700.0, *sixteenths):
        there = np.array([[float(z)]])
        numbers = {"z": Number(float(z)), "a": Number(float(function(there)[0, 0]))}
        expected = pytest.approx(function.slope(there)[0, 0], rel=1e-12, abs=1e-15)
        assert function.slope_rule.at(numbers).computed() == expected
        if not isinstance(z, Fraction):
            continue
        if (exact := function.exact(z)) is not None:
            assert float(exact) == pytest.approx(defined(oracle.SCALAR, name)(float(z)), rel=1e-12, abs=1e-15)
        with suppress(InexactError):
            found = function.slope_rule.at(numbers).evaluate(lambda number: Fraction(number.value))
            assert float(found) == expected


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_kinks_flat_and_saturated_parts_are_where_the_slope_says(name):
    function = activation(name)
    assert list(function.kinks) == kinks(name)
    z = np.linspace(-30, 30, 6001)
    flat = np.zeros(z.shape, dtype=bool)
    for low, high in function.flat:
        flat |= (low <= z) & (z <= high)
    found = function.slope(z[None])[0]
    assert not found[flat].any()
    assert found[~flat & (np.abs(z) < 5)].all()
    limit = 0.02 if name == "tanh" else 0.01
    for low, high in function.saturated:
        edge, away = (high, -1.0) if math.isinf(low) else (low, 1.0)
        beyond = edge + away * np.linspace(1e-9, 50, 1000)
        assert (np.abs(function.slope(beyond[None])) < limit).all()
        assert (np.abs(function.slope(np.array([[edge - 0.15 * away]]))) > 0.9 * limit).all()


@pytest.mark.parametrize("name", EVERY)
def test_a_random_start_suits_the_activation(name):
    (layer,) = oracle.make_network([300, 200], [name], [True]).randomised(5).layers
    rng, limit = np.random.default_rng([5, 0]), np.sqrt(6 / 500)
    after_glorot = activation(name).start == "glorot"
    assert after_glorot or name not in ("identity", "sigmoid", "tanh", "softsign", "softmax")
    assert not (after_glorot and name in ("relu", "leaky_relu", "elu", "selu", "silu", "gelu", "softplus"))
    after_he = rng.normal(0, np.sqrt(2 / 300), (200, 300)) if not after_glorot else None
    expected = rng.uniform(-limit, limit, (200, 300)) if after_glorot else after_he
    assert layer.weights.tolist() == expected.tolist()
    assert layer.biases.tolist() == [0] * 200


# selu's constants are those of the paper, PyTorch and Keras; the others were computed with 50 digits
KNOWN = """
selu 1 1.0507009873554804934193349852946    selu -1e308 -1.7580993408473768599402175208123
selu -1 -1.1113307378125627618              elu -1 -0.6321205588285576784
silu 1 0.73105857863000487926               silu -30 -2.8072868906517896862e-12
gelu 1 0.84134474606854294859               gelu -1 -0.15865525393145705141
gelu -10 -7.6198530241605260660e-23         softsign -3 -0.75
"""
"""An activation, z and a."""
NORMAL = """
-37 5.7255712225245768227e-300   -16.75 2.8313142815440512382e-63   -5 2.8665157187919391167e-7
-0.1 0.46017216272297101633      0 0.5                              2 0.97724986805182079280
"""
"""z and the share of a normal distribution below z, with 20 digits."""


def test_known_values_are_right_to_the_last_digits():
    words = KNOWN.split()
    found = [
        ACTIVATIONS[name](np.array([[float(z)]]))[0, 0]
        for name, z in zip(words[::3], words[1::3], strict=True)
    ]
    assert found == pytest.approx([float(a) for a in words[2::3]], rel=2e-15, abs=0)
    z, shares = np.array(NORMAL.split(), dtype=float).reshape(-1, 2).T
    assert normal(z) == pytest.approx(shares, rel=1.5e-15, abs=0)
    z = np.linspace(-6, 6, 241)
    by_c = [math.erfc(-each / math.sqrt(2)) / 2 for each in z]
    np.testing.assert_allclose(normal(z), by_c, rtol=2e-14)


def test_a_parameter_stands_in_brackets_unless_it_is_the_usual():
    texts = "leaky_relu(0.2)", "leaky_relu( .20 )", "leaky_relu(0.01)", "elu(1.0)", "elu(2.0)", "elu(1e-5)"
    names = "leaky_relu(0.2)", "leaky_relu(0.2)", "leaky_relu", "elu", "elu(2)", "elu(1e-05)"
    layers = [Layer(("n",), text, [[1.0]]) for text in texts]
    assert [layer.activation for layer in layers] == [layer.function.name for layer in layers] == [*names]
    assert all(activation(layer.activation) is layer.function for layer in layers)


def test_a_bad_activation_or_parameter_is_refused(approved):
    texts = ["relu(0.2)", "selu()", "swish", "relu "]
    leaks = ("", ")", "1)", "-0.1)", "nan)", "inf)", "x)", "0.2", "0.2))", "1e-400)")
    texts += [f"leaky_relu({leak}" for leak in leaks]
    texts += [f"elu({alpha})" for alpha in ("0", "-1", "1e999", "1,000", "")]
    cases = {repr(text): partial(Layer, ("n",), text, [[1.0]]) for text in texts}
    approved("bad activations", refusals(cases))
    with pytest.raises(TypeError, match="softmax has no elementwise slope"):
        ACTIVATIONS["softmax"].slope(np.zeros((1, 2)))


# --- activations as curves


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_curve_is_the_activation_and_its_slope_to_the_last_bit(name):
    function = activation(name)
    curve = Bend(function).curve((-5.0, 5.0))
    there = np.isfinite(curve.slope)
    np.testing.assert_array_equal(curve.a, function(curve.z))
    np.testing.assert_array_equal(curve.slope[there], function.slope(curve.z[there]))
    assert np.count_nonzero(~there) == len(function.kinks)
    assert (np.diff(curve.z) >= 0).all()
    assert (curve.z[0], curve.z[-1]) == (-5.0, 5.0)
    reading = Bend(function).point(-0.7)
    assert (reading.a, reading.slope) == (function(np.array([-0.7]))[0], function.slope(np.array([-0.7]))[0])


def test_a_kink_has_the_left_slope_and_no_line_joins_the_jump():
    expected = {"relu": 0.0, "leaky_relu": 0.01, "leaky_relu(0.2)": 0.2, "elu": 1.0, "elu(0.5)": 0.5}
    expected["selu"] = 1.7580993408473766
    assert {name: activation(name).slope(np.zeros((1, 1)))[0, 0] for name in expected} == expected
    for name, left in {"relu": 0.0, "leaky_relu(0.2)": 0.2, "elu(0.5)": 0.5}.items():
        curve = Bend(activation(name)).curve((-4.0, 4.0))
        gap = int(np.flatnonzero(np.isnan(curve.slope))[0])
        assert curve.slope[[gap - 1, gap + 1]].tolist() == [left, 1.0]
        assert curve.z[gap - 1] == 0.0 < curve.z[gap + 1] < 1e-300
    for name, stretch in (("tanh", (-4.0, 4.0)), ("relu", (1.0, 4.0))):
        assert np.isfinite(Bend(activation(name)).curve(stretch).slope).all()


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=12), st.data())
def test_the_curve_of_a_softmax_varies_one_z_and_holds_the_others(z, data):
    node = data.draw(st.integers(0, len(z) - 1))
    bend = Bend(ACTIVATIONS["softmax"], np.array(z), node)
    curve = bend.curve((-10.0, 10.0))
    others = [value for k, value in enumerate(z) if k != node]
    for own, a, slope in zip(curve.z[::40], curve.a[::40], curve.slope[::40], strict=True):
        expected = 1 / (1 + sum(math.exp(other - own) for other in others))
        assert a == pytest.approx(expected, rel=1e-9)
        assert slope == pytest.approx(expected * (1 - expected), rel=1e-6, abs=1e-15)
    held = ACTIVATIONS["softmax"](np.array([z]))[0, node]
    assert bend.point(z[node]).a == pytest.approx(held, rel=1e-12)


def test_no_number_is_too_large_for_a_curve():
    for own in (math.inf, -math.inf, math.nan, 1e300, 1.7e308, -1.7e308):
        low, high = steady_stretch(None, stretch_of(np.array([own, 1.0, math.nan]), own))
        assert -2 * LARGEST < low < high < 2 * LARGEST
        for name in ELEMENTWISE:
            curve = Bend(activation(name)).curve((low, high))
            assert np.isfinite(curve.z).all()
            bottom, top = curve.heights(curve.a)
            assert -math.inf < bottom < top
            assert math.isfinite(curve.times)


def test_a_stretch_shows_the_bend_and_all_rows_and_stays_while_it_is_not_too_wide():
    far_out = [*np.linspace(-3, 9, 49), 1e6]
    for z, own, expected in (
        ([], math.nan, (-USUAL, USUAL)),
        ([0.1, 0.2], 0.1, (-USUAL, USUAL)),
        ([1.0, 26.0], 26.0, (-USUAL, 26.0)),
        ([1.0], -50.0, (-50.0, USUAL)),
        (far_out, 0.0, (-USUAL, 9.0)),
        (far_out, 1e6, (-USUAL, 1e6)),
    ):
        assert stretch_of(np.array(z), own) == expected
    first = steady_stretch(None, (-4.0, 10.0))
    assert first[0] < -4.0 < 10.0 < first[1]
    assert steady_stretch(first, (-4.0, 10.5)) is steady_stretch(first, (-4.0, 4.0)) is first
    assert steady_stretch(first, (-4.0, 20.0))[1] > 20.0
    assert steady_stretch((-4.5, 100.0), (-4.0, 10.0)) == first


def test_a_slope_beside_a_large_a_has_a_scale_of_its_own():
    times = [Bend(activation("relu")).curve((-4.0, high)).times for high in (4.0, 26.0, 60.0, 300.0)]
    assert times == [1.0, 20.0, 50.0, 200.0]
    assert Bend(activation("leaky_relu")).curve((-300.0, -1.0)).times == 10.0, "3 over the least slope, 0.25"
    curve = Bend(activation("sigmoid")).curve((-4.0, 4.0))
    assert (curve.times, curve.slope.max()) == (1.0, 0.25)
    assert curve.heights(np.array([])) == pytest.approx((-0.06 * curve.a.max(), 1.06 * curve.a.max()))


# --- optimizers


@pytest.mark.parametrize("name", [*OPTIMIZERS, "calm"])
def test_updates_are_those_of_the_definition_and_of_the_rule_as_text(name):
    rng, entry, rate = np.random.default_rng(1), OPTIMIZERS[name], np.array(0.0)
    parameters, gradient, memory = rng.normal(size=7), np.empty(7), np.zeros((len(entry.memories), 7))
    expected, reference = parameters.copy(), oracle.optimizer_steps(name)
    optimizer = entry(parameters, gradient, memory, rate)
    assert entry.rule[-1][0] == "w"
    for k in range(1, 60):
        true_slopes = rng.normal(size=7)
        rate.fill(0.1 / k)
        values = {"w": parameters[0], "slope": true_slopes[0], "learning_rate": rate, "t": k}
        values |= dict(zip(entry.memories, memory[:, 0], strict=True))
        numbers = {each: Number(float(value)) for each, value in values.items()}
        for each, rule in entry.rule:
            numbers[each] = Number(rule.at(numbers).computed())
        gradient[:] = rate * true_slopes if entry.follows_slope else true_slopes
        optimizer.update(k)
        expected = reference(expected, true_slopes, rate)
        assert parameters == pytest.approx(expected, rel=1e-12)
        assert parameters[0] == pytest.approx(numbers["w"].value, rel=1e-12)
        assert memory[:, 0] == pytest.approx([numbers[each].value for each in entry.memories], rel=1e-12)


# --- losses and slopes


OTHERS = [case for case in oracle.CASES if case[0] != "mse"]
CASES = [*(("mse", name) for name in ENTRIES), *OTHERS, ("log_cosh", "identity")]


@pytest.mark.crossed(entry=range(len(CASES)), depth=(0, 1, 2, 4), outputs=(1, 3), seed=(0, 1))
def test_loss_and_slopes_are_those_of_the_definition(entry, depth, outputs, seed):
    loss, output = CASES[entry]
    hidden = [ENTRIES[(entry + 5) % len(ENTRIES)]] * depth
    state = oracle.classes(output, outputs, 3, hidden, seed, loss=loss)
    network, x, y = of = state.network, state.data.inputs, state.data.targets
    found = slopes(*of, loss)
    assert found.loss == state.loss() == pytest.approx(oracle.loss(*of, loss), rel=1e-12)
    flat = oracle.flat_slopes(*of, loss)
    for direction in np.random.default_rng(seed).normal(size=(3, len(flat))):
        expected = oracle.slope_along(direction, *of, loss)
        assert flat @ direction == pytest.approx(expected, rel=1e-5, abs=1e-7 * max(1.0, found.loss))
    rows = [oracle.flat_slopes(network, x[i : i + 1], y[i : i + 1], loss) for i in range(3)]
    assert flat == pytest.approx(np.mean(rows, axis=0), abs=1e-12)


@pytest.mark.crossed(entry=range(len(CASES)), depth=(0, 1, 2, 3, 4), outputs=(1, 3), seed=(0, 1))
def test_slopes_by_an_input_are_central_differences(entry, depth, outputs, seed):
    loss, output = CASES[entry]
    hidden = [ENTRIES[(entry + 5 * k + 3) % len(ENTRIES)] for k in range(depth)]
    state = oracle.classes(output, outputs, 3, hidden, seed, loss=loss)
    network, x, y = state.network, state.data.inputs, state.data.targets
    by_loss, trace, step = slopes(network, x, y, loss).inputs, network.forward(x), 1e-6
    penalised = slopes(network, x, y, loss, l1=0.3, l2=0.2).inputs
    assert by_loss.tolist() == penalised.tolist(), "a penalty for weights does not depend on the inputs"
    for i in range(3):
        low, high = (x + sign * step * np.eye(3)[i] for sign in (-1, 1))
        rows = [
            [oracle.loss(network, [a], [b], loss) for a, b in zip(end, y, strict=True)] for end in (low, high)
        ]
        expected = np.subtract(*rows[::-1]) / (2 * step)
        assert 3 * by_loss[:, i] == pytest.approx(expected, rel=1e-7, abs=1e-7)
        rows = [[oracle.predict(network, row) for row in end] for end in (low, high)]
        expected = np.subtract(*rows[::-1]) / (2 * step)
        assert slopes_by_input(network, trace, i) == pytest.approx(expected, rel=1e-7, abs=1e-7)
        for row in range(3):
            of_z = prediction_slopes(network, trace.rows([row]), range(outputs))
            found = of_z @ network.layers[0].weights[:, i]
            assert found == pytest.approx(expected[row], rel=1e-7, abs=1e-7)


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=6),
    st.integers(-50, 50),
)
def test_one_row_one_output_no_hidden_layer_is_exactly_two_x_error(pairs, target):
    weights, x = zip(*pairs, strict=True)
    error = sum(w * v for w, v in pairs) - target
    found = slopes(Network.from_weights({"output": weights}), [x], [[target]])
    assert found.layers[0].weights.tolist() == [[2 * v * error for v in x]]
    assert found.inputs.tolist() == [[2 * w * error for w in weights]]
    assert found.mse == error**2


def test_node_slopes_are_their_biases_slopes_and_a_relu_at_zero_passes_none():
    network = oracle.make_network([2, 3, 1], ["tanh", "identity"], [True, False])
    first, second = slopes(network, [[1, 2], [3, 4]], [[0], [1]]).layers
    assert first.biases.tolist() == first.nodes.tolist()
    assert second.biases is None
    assert second.nodes == pytest.approx(second.inputs.sum(axis=0))
    network = Network.from_weights({"node_0": [1], "output": [1]})
    assert slopes(network, [[0.0]], [[1.0]]).layers[0].nodes.tolist() == [0.0]
    large = slopes(Network.from_weights({"output": [1e200]}), [[1e200]], [[0.0]])
    assert (np.isfinite(large.layers[0].weights).any(), large.mse) == (False, math.inf)


def test_slopes_take_rows_that_fit_and_never_rearrange_others(approved):
    one, two = (oracle.make_network([1, outputs], ["identity"], [False]) for outputs in (1, 2))
    x = [[1], [2], [3]]
    cases = {
        "three inputs": (oracle.make_network([2, 1], ["identity"], [False]), [[1, 2, 3]], [[1]]),
        "outputs by rows": (two, x, [[1, 2, 3], [4, 5, 6]]),
        "targets in a line": (two, x, [1, 2, 3, 4, 5, 6]),
    }
    approved("rows that do not fit", refusals({name: partial(slopes, *of) for name, of in cases.items()}))
    assert slopes(two, [1], [5, 6]).mse == slopes(two, [[1]], [[5, 6]]).mse
    assert slopes(one, x, [4, 5, 6]).mse == slopes(one, x, [[4], [5], [6]]).mse
    assert slopes(one, 1, 4).mse == slopes(one, [[1]], [[4]]).mse


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.integers(0, 100))
def test_targets_that_are_shares_have_the_true_slopes_whatever_they_sum_to(shares, seed):
    network = oracle.classes(seed=seed).network
    of = network, np.array([[0.3, -1.0, 2.0]]), np.array([shares]), CROSS_ENTROPY
    flat = oracle.flat_slopes(*of)
    for direction in np.random.default_rng(seed).normal(size=(3, len(flat))):
        assert flat @ direction == pytest.approx(oracle.slope_along(direction, *of), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("z", [1000.0, -1000.0, 40.0, 0.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_cross_entropy_of_extremes_is_finite_and_right(z, y):
    """ln(1 + e^t) of t = −z for a 1 and z for a 0, for both outputs: the other z of the softmax is 0."""
    t, a = z if y == 0.0 else -z, 0.0 if z < -700 else 1 / (1 + math.exp(-z))
    for layer, targets in (
        (Layer(("p",), "sigmoid", [[z]]), [[y]]),
        (Layer(("p", "q"), "softmax", [[z], [0.0]]), [[y, 1 - y]]),
    ):
        found = slopes(Network(("x",), (layer,)), [[1.0]], targets, CROSS_ENTROPY)
        assert found.loss == pytest.approx(t if t > 700 else math.log1p(math.exp(t)), rel=1e-12, abs=1e-17)
        assert found.layers[0].inputs[0, 0] == pytest.approx(a - y, rel=1e-12, abs=1e-17)


def test_a_loss_that_does_not_fit_the_output_is_refused(approved):
    outputs = ("relu", "identity", "tanh", "leaky_relu(0.2)")
    cases = {output: partial(oracle.classes, output) for output in outputs}
    approved("cross-entropy of other outputs", refusals(cases))
    assert all(loss_of("mse", output) is MSE for output in outputs)


# --- one entry more


@pytest.fixture
def hinge():
    """Return a State with the activation "hinge" and the optimizer "calm", edited from a tanh network."""
    state = edits.set_activation(made_up.state("tanh"), 0, "hinge")
    state = edits.set_training(state, replace(state.training, optimizer="calm"))
    assert state == made_up.state(optimizer="calm")
    assert state.network.layers[0].function is made_up.HINGE
    return state


def test_rules_of_optimizers_and_new_entries_are_written(hinge, approved):
    rules = [f"{name}: {each} ← {rule.text}" for name in OPTIMIZERS for each, rule in OPTIMIZERS[name].rule]
    approved("rules of the optimizers", "\n".join(rules))
    for title, address in (
        ("the node of a new activation", Address("node", 0, 2)),
        ("the weight of a new optimizer", Address("weight", 0, 1, 0)),
        ("the bias of a new optimizer", Address("bias", 0, 1)),
    ):
        approved(title, "\n".join(each.text for each in lines_of(explained(hinge, address))))


def test_a_new_activation_is_checked_and_has_badges_and_reasons(hinge, approved):
    own = slopes(hinge.network, hinge.data.inputs, hinge.data.targets)
    for address in hinge.network.all_weights():
        assert last(measure_slope(hinge, address, None)).agrees(own.slope(address)), address
    for bias in (0.5, 0.499995, 0.500005):  # 0.5·1 − 1·2 + 0.5 = −1 on the first row
        weight = explained(set_bias(hinge, 0, 0, bias), Address("weight", 0, 0, 0))
        assert line(weight, "check").check_agrees is False
    found = health(hinge.network, hinge.network.forward(hinge.data.inputs))
    assert found.badges() == {(0, 2): "saturated on all rows"}
    reason = zero_reason(hinge.network, own, Address("weight", 0, 2, 0))
    approved("a slope of zero by a new activation", reason)
    more = edits.add_node(hinge, 1)
    assert more.network.sizes == (2, 4, 1)
    assert more.network.predict([1, 2]).tolist() == hinge.network.predict([1, 2]).tolist()


def test_new_entries_train_and_are_saved_drawn_and_known_to_the_command(hinge, tmp_path, capsys):
    whole, half = train(hinge, updates=30), train(hinge, updates=15).state
    assert whole.history[-1, 1] < 0.5 * whole.history[0, 1]
    assert train(half, updates=15).state.network == whole.state.network
    assert half.run.memory.shape == (1, 12)
    assert half.run.memory.any()
    file, other = tmp_path / "hinge.json", tmp_path / "b.json"
    save(hinge, file)
    assert load(file) == hinge
    assert main(["check", str(file)]) == 0
    assert main(["train", str(file), "--updates", "5", "--optimizer", "calm", "-o", str(other)]) == 0
    assert json.loads(other.read_text("utf-8"))["training"]["optimizer"] == "calm"
    texts = re.findall(r">([^<]*)</text>", svg(hinge, view="slopes"))
    assert {"hinge · biases", "z −4.5", "−1"} <= set(texts)  # node_2: z and a
    capsys.readouterr()


def test_a_schedule_is_given_by_its_name_and_numbers(approved):
    assert schedule("constant") is None
    assert schedule("step(100, 0.5)").name == "step(100, 0.5)"
    assert schedule("cosine(5e2)").rate(1.0, 250) == pytest.approx(0.5)
    wrong = ("wave(3)", "step", "step(100)", "step(1.5, 0.5)", "step(0, 0.5)", "step(9, 2)", "cosine(x)")
    approved("schedules that are none", refusals({text: partial(schedule, text) for text in wrong}))
