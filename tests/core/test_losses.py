"""Both losses against their definitions, and what training measures: by hand, by differences, at extremes."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.accuracy import classifies, decided, right
from nnviz.core.address import Address
from nnviz.core.confusion import confusion
from nnviz.core.decision import decides
from nnviz.core.edits import set_training
from nnviz.core.explanation.explain import explain
from nnviz.core.losses import CROSS_ENTROPY, LOSSES, MSE, A, Loss, Y, fitting, loss_of
from nnviz.core.measured import measured
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.rules import Function
from nnviz.core.run import Training, epoch_order
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.trainer import Trainer
from tests.core import oracle
from tests.core.test_explain import computed, every_where, explained
from tests.core.written import closes

OUTPUTS = {"mse": ("identity", "sigmoid", "softmax"), "cross_entropy": ("sigmoid", "softmax")}
CASES = [(loss, output) for loss, outputs in OUTPUTS.items() for output in outputs]


def by_hand(loss, output, network, x, y):
    """The mean over rows of a row's loss, from the definitions, one number at a time."""
    rows = []
    for row, targets in zip(x, y, strict=True):
        told = list(zip(oracle.predict(network, row), targets, strict=True))
        if loss == "mse":
            rows.append(sum((a - t) ** 2 for a, t in told) / len(told))
        elif output == "softmax":
            rows.append(-sum(t * math.log(a) for a, t in told))
        else:
            rows.append(-sum(t * math.log(a) + (1 - t) * math.log(1 - a) for a, t in told) / len(told))
    return sum(rows) / len(rows)


def differences(loss, output, network, x, y):
    values, found = oracle.parameters(network), []
    for i, value in enumerate(values):
        h = 1e-6 * max(1.0, abs(value))
        ends = [[*values[:i], value + step, *values[i + 1 :]] for step in (h, -h)]
        high, low = (by_hand(loss, output, oracle.with_parameters(network, end), x, y) for end in ends)
        found.append((high - low) / (2 * h))
    return np.array(found)


def flat(found):
    parts = (part for layer in found.layers for part in (layer.weights, layer.biases))
    return np.concatenate([part.ravel() for part in parts if part is not None])


def a_network(depth, output, outputs, seed=0):
    rng, sizes = np.random.default_rng(seed), [3, *[4] * depth, outputs]
    layers = [
        Layer(
            tuple(f"n{k}_{j}" for j in range(nodes)),
            "tanh" if k < depth else output,
            rng.normal(size=(nodes, fan_in)),
            rng.normal(size=nodes) if k % 2 == 0 else None,
        )
        for k, (fan_in, nodes) in enumerate(itertools.pairwise(sizes))
    ]
    return Network(("x0", "x1", "x2"), tuple(layers))


def a_state(depth=1, loss="cross_entropy", output="softmax", outputs=3, rows=11, seed=0, **settings):
    rng = np.random.default_rng([seed, 5])
    y = np.eye(outputs)[rng.integers(outputs, size=rows)]
    if output == "sigmoid":
        y = rng.integers(2, size=(rows, outputs)).astype(float)
    data = Dataset(rng.normal(size=(rows, 3)), y)
    training = Training(loss=loss, **{"learning_rate": 0.1, "updates": 7, **settings})
    return State(a_network(depth, output, outputs, seed), data, training)


@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(("loss", "output"), CASES)
@pytest.mark.parametrize("outputs", [1, 3])
def test_value_and_slopes_are_those_of_the_definition(depth, loss, output, outputs):
    state = a_state(depth, loss, output, outputs)
    network, (x, y) = state.network, (state.data.inputs, state.data.targets)
    found = slopes(network, x, y, loss)
    assert found.loss == pytest.approx(by_hand(loss, output, network, x, y), rel=1e-12)
    assert state.loss() == pytest.approx(found.loss, rel=1e-12)
    np.testing.assert_allclose(flat(found), differences(loss, output, network, x, y), rtol=1e-5, atol=1e-8)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.integers(0, 100))
def test_targets_that_are_shares_have_the_true_slopes_whatever_they_sum_to(shares, seed):
    network = a_network(1, "softmax", 3, seed)
    x, y = np.array([[0.3, -1.0, 2.0]]), np.array([shares])
    found = flat(slopes(network, x, y, CROSS_ENTROPY))
    expected = differences(CROSS_ENTROPY, "softmax", network, x, y)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("z", [1000.0, -1000.0, 40.0, 0.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_extremes_are_finite_and_right(output, z, y):
    names = ("p", "q") if output == "softmax" else ("p",)
    weights = [[z], [0.0]] if output == "softmax" else [[z]]
    targets = [[y, 1 - y]] if output == "softmax" else [[y]]
    found = slopes(Network(("x",), (Layer(names, output, weights),)), [[1.0]], targets, CROSS_ENTROPY)
    # ln(1 + e^t) of t = −z for a 1 and z for a 0, for both outputs: the other z of the softmax is 0
    t = z if y == 0.0 else -z
    expected = t if t > 700 else math.log1p(math.exp(t))
    assert found.loss == pytest.approx(expected, rel=1e-12, abs=1e-17)
    a = 0.0 if z < -700 else 1 / (1 + math.exp(-z))
    assert found.layers[0].inputs[0, 0] == pytest.approx(a - y, rel=1e-12, abs=1e-17)


def test_the_slope_at_the_output_is_a_minus_y_over_rows():
    soft, sigmoids = a_state(2), a_state(2, output="sigmoid")
    for state, count in ((soft, 11), (sigmoids, 11 * 3)):
        found = slopes(state.network, state.data.inputs, state.data.targets, CROSS_ENTROPY)
        expected = (found.trace.prediction - state.data.targets) / count
        np.testing.assert_allclose(found.layers[-1].inputs, expected, rtol=1e-12)


@pytest.mark.parametrize("output", ["relu", "identity", "tanh", "leaky_relu(0.2)"])
def test_a_loss_that_does_not_fit_is_refused_with_what_would(output):
    with pytest.raises(ValueError, match=r"cross-entropy needs softmax or sigmoid on the output, which has "):
        a_state(output=output)
    assert loss_of("mse", output) is MSE


def test_no_loss_is_called_so():
    with pytest.raises(ValueError, match=r"loss: no loss is called 'hinge'; known are mse, cross_entropy"):
        Training(loss="hinge")


# --- training


def history_by_hand(state):
    """Iteration, loss and validation as DESIGN has them, update by update from the definitions."""
    training, (x, y) = state.training, (state.data.inputs, state.data.targets)
    rows = int(len(x) * (1 - training.validation))
    loss, output = training.loss, state.network.layers[-1].activation
    size = training.batch_size or rows
    network, points, t = state.network, [], 0
    values = np.array(oracle.parameters(network))
    memories = [{"m": 0.0, "v": 0.0} for _ in values]

    def measure():
        point = [t, by_hand(loss, output, network, x[:rows], y[:rows])]
        if rows < len(x):
            point.append(by_hand(loss, output, network, x[rows:], y[rows:]))
        points.append(point)

    measure()
    per_epoch = -(-rows // size)
    while t < training.updates:
        epoch, batch = divmod(t, per_epoch)
        order = epoch_order(training.seed, epoch, rows) if per_epoch > 1 else np.arange(rows)
        some = order[batch * size : (batch + 1) * size]
        found = flat(slopes(network, x[some], y[some], loss))
        t += 1
        rule = oracle.OPTIMIZERS[training.optimizer]
        pairs = zip(values, found, memories, strict=True)
        values = np.array([rule(w, g, training.learning_rate, memory, t) for w, g, memory in pairs])
        network = oracle.with_parameters(network, values)
        if t % per_epoch == 0 or t == training.updates:
            measure()
    return points


@pytest.mark.parametrize(("loss", "output"), CASES)
@pytest.mark.parametrize("depth", [0, 2, 4])
@pytest.mark.parametrize("validation", [0.0, 0.3])
@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_history_is_that_of_the_definition(loss, output, depth, validation, batch_size):
    state = a_state(depth, loss, output, validation=validation, batch_size=batch_size, optimizer="adam")
    result = train(state)
    expected = history_by_hand(state)
    assert result.history.shape == (len(expected), 2 + (validation > 0))
    np.testing.assert_allclose(result.history, expected, rtol=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_validation_rows_change_nothing(optimizer):
    state = a_state(validation=0.3, optimizer=optimizer)
    rows = int(11 * 0.7)
    inputs = state.data.inputs.copy()
    inputs[rows:] += 1.0
    other = replace(state, data=Dataset(inputs, state.data.targets))
    one, two = train(state), train(other)
    assert one.history[:, 1].tolist() == two.history[:, 1].tolist()
    assert one.history[:, 2].tolist() != two.history[:, 2].tolist()
    alone = replace(state, data=Dataset(inputs[:rows], state.data.targets[:rows]))
    alone = replace(alone, training=replace(state.training, validation=0.0))
    assert train(alone).history.tolist() == one.history[:, :2].tolist()


@pytest.mark.parametrize(
    ("rows", "validation", "trained"), [(10, 0.3, 7), (10, 0.2, 8), (3, 0.5, 1), (150, 0.3, 105)]
)
def test_the_split_is_that_of_keras(rows, validation, trained):
    assert a_state(rows=rows, validation=validation).trained_rows == trained


def test_without_a_row_to_train_on_there_is_nothing_to_train():
    state = a_state(rows=2, validation=0.9)
    assert not state.trainable
    assert state.loss() is None
    with pytest.raises(ValueError, match="validation: it leaves none of 2 rows to train on: make it smaller"):
        train(state)


@pytest.mark.parametrize("validation", [-0.1, 1.0, math.nan])
def test_a_validation_that_cannot_be_is_refused(validation):
    with pytest.raises(ValueError, match="validation: expected a number from 0 on and below 1"):
        Training(validation=validation)


def test_work_cut_in_two_comes_to_the_same_and_keeps_all_curves():
    state = a_state(validation=0.3, batch_size=3, updates=9)
    whole = train(state)
    half = train(replace(state, training=replace(state.training, updates=6))).state
    rest = train(replace(half, training=replace(state.training, updates=3)))
    assert rest.state.network == whole.state.network
    names = [curve.name for curve in whole.state.run.beside]
    assert names == ["validation", "accuracy", "validation accuracy"]
    for name in names:
        one, two = (each.state.run.curve(name).points.tolist() for each in (whole, rest))
        assert one == two


def test_another_loss_or_another_split_begins_a_run():
    after = train(a_state(output="sigmoid", validation=0.3)).state
    for changes in ({"loss": "mse"}, {"validation": 0.2}):
        assert set_training(after, replace(after.training, **changes)).run is None
    assert set_training(after, replace(after.training, learning_rate=0.5)).run is after.run


# --- accuracy


@pytest.mark.parametrize(("output", "outputs"), [("softmax", 3), ("sigmoid", 3), ("sigmoid", 1)])
def test_training_counts_as_accuracy_does(output, outputs):
    state = train(a_state(output=output, outputs=outputs, rows=40, updates=3)).state
    hits = right(state.network, state.network.predict(state.data.inputs), state.data.targets)
    assert state.run.curve("accuracy").last == (3, hits.mean())


def test_accuracy_counts_what_a_person_counts():
    network = a_network(0, "softmax", 3)
    prediction = np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0], [0.1, 0.2, 0.7], [math.nan, 0, 1]])
    targets = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], float)
    assert right(network, prediction, targets).tolist() == [True, True, False, False]
    (wanted,), (taken,) = decided(network, targets).T[:1], decided(network, prediction).T[:1]
    found = confusion(wanted, taken, 3)
    assert found.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert (found.lost, found.right, found.rows) == (1, 2, 4)
    several = a_network(0, "sigmoid", 2)
    said = right(several, np.array([[0.5, 0.4], [0.9, 0.6]]), np.array([[1, 0], [1, 0]], float))
    assert said.tolist() == [True, False]


@pytest.mark.parametrize(
    ("output", "outputs", "targets", "is_one"),
    [
        ("softmax", 3, [[1, 0, 0]], True),
        ("sigmoid", 2, [[1, 0]], True),
        ("identity", 1, [[1], [0]], True),
        ("identity", 1, [[1], [0.5]], False),
        ("identity", 1, [[0], [0]], False),
        ("identity", 2, [[1, 0]], False),
        ("sigmoid", 1, None, False),
        ("sigmoid", 1, [[1], [1]], True),
        ("sigmoid", 1, [[60]], False),
        ("sigmoid", 1, [[1], [0], [0.99]], False),
        ("sigmoid", 2, [[1, 0], [0, -1]], False),
        ("softmax", 3, [[0.2, 0.3, 0.5]], False),
        ("softmax", 3, [[1, 0, 0], [0, 0, 2]], False),
        ("softmax", 3, [], False),
    ],
)
def test_what_tells_classes(output, outputs, targets, is_one):
    y = None if targets is None else np.array(targets, float).reshape(-1, outputs)
    rows = 1 if y is None else len(y)
    assert classifies(a_network(0, output, outputs), Dataset(np.zeros((rows, 3)), y)) == is_one


@pytest.mark.parametrize(("target", "is_one"), [(60.0, False), (1.0, True), (None, True)])
def test_a_sigmoid_decides_at_a_half_unless_a_target_is_no_class(target, is_one):
    network = a_network(0, "sigmoid", 1)
    data = Dataset(np.zeros((1, 3)), None if target is None else [[target]])
    assert decides(State(network, data)) == is_one


def test_all_is_measured_of_both_parts():
    state = train(a_state(validation=0.3, updates=3)).state
    found, points = measured(state), {curve.name: curve.history.last[1] for curve in state.run.beside}
    assert found.loss == pytest.approx(state.run.history.last[1], rel=1e-12)
    assert found.validation == pytest.approx(points["validation"], rel=1e-12)
    assert (found.accuracy, found.validation_accuracy) == (points["accuracy"], points["validation accuracy"])


# --- explained


@pytest.mark.parametrize(("loss", "output"), CASES)
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("scale", [1.0, 60.0, 120.0])
def test_every_line_closes(loss, output, outputs, scale):
    state = a_state(1, loss, output, outputs, validation=0.3)
    last = state.network.layers[-1]
    state = replace(state, network=state.network.with_layer(1, replace(last, weights=scale * last.weights)))
    network = state.network
    for address in (None, *every_where(network)):
        for row in (0, 10):
            for mean in (False, True):
                for line in explained(state, address, row, mean).lines:
                    assert closes(line.arithmetic), line.text


def test_softmax_and_cross_entropy_are_told_in_one_step_with_its_reason_and_by_factors():
    state = a_state(0)
    told = explain(state, Address("node", 0, 0), computed(state, 0)).text()
    assert "dL/dz = a - y" in told
    assert "cancels the 1/a of the ln" in told
    assert "dL/da = -y/a" in told
    assert "Cross-entropy" in explain(state, None, computed(state, 0)).text()
    assert "MSE" not in told


# --- a third one


def test_a_third_loss_is_one_entry(monkeypatch):
    """The hinge of targets 0 and 1, which are taken as −1 and 1: max(0, 1 − (2y − 1)·a)."""

    def terms(_z, a, y):
        return np.maximum(0.0, 1.0 - (2.0 * y - 1.0) * a)

    def slopes_a(_z, a, y):
        signs = 2.0 * y - 1.0
        return np.where(signs * a < 1.0, -signs, 0.0)

    def bound(z, a, y, out):
        return lambda: np.copyto(out, slopes_a(z, a, y))

    sign = 2 * Y - 1
    margin = Function("max0", lambda value: max(0.0, value))
    hinge = Loss(
        "hinge",
        "Hinge",
        "L",
        averaged=True,
        outputs=("identity",),
        terms=terms,
        slopes=bound,
        slopes_a=slopes_a,
        term=margin(1 - sign * A),
        slope_rule=-sign,
        elsewhere=MSE.elsewhere,
        total=lambda z, a, y, _: lambda: float(terms(z, a, y).sum()),
    )
    monkeypatch.setitem(LOSSES, "hinge", (hinge,))
    assert fitting("hinge") == ("identity",)
    state = a_state(2, "hinge", "identity", 1)
    found = slopes(state.network, state.data.inputs, state.data.targets, "hinge")
    expected = np.mean(terms(None, state.network.predict(state.data.inputs), state.data.targets))
    assert found.loss == pytest.approx(expected, rel=1e-12)
    result = train(state)
    assert result.history[-1, 1] < result.history[0, 1]
    assert result.in_words.startswith("Hinge ")
    assert next(Trainer(state).work(1)) is None
