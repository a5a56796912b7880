"""Explain's arithmetic closes as written, its numbers are the core's, and its sentences are approved."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.address import Address
from nnviz.core.columns import Column
from nnviz.core.expressions import EXP, Negative, Number, Product, Quotient, Square, Sum
from nnviz.core.landscape import LARGEST, loss_line, loss_map, size_of
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import Computed, Results, input_in_blocks, means_in_blocks, next_batch, zero_reason
from nnviz.core.slopes import Slopes, forward_ns, run_work, slopes, slopes_by_input
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.explain.explain import explain, measure_slope
from nnviz.explain.lines import Line, Note, Scene, ascii_text, shortened_sum, write
from nnviz.explain.node import slope_line
from tests.core import oracle
from tests.core.oracle import NAMES, defined, make_network, make_state, nearest_kink, states
from tests.core.written import closes, evaluated

BANK = State(
    Network.from_weights(
        {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
    ),
    Dataset([[3, 5], [1, -1], [0, 0], [8, 4]], [[60], [50], [0], [140]]),
    Training(learning_rate=0.0004),
)
PENALTIES = [{}, {"l2": 0.01}, {"l1": 0.1}, {"l1": 0.003, "l2": 0.07}]
NO_HIDDEN = State(
    Network(("a", "b", "c"), (Layer(("output",), "identity", [[0, 2, 1]]),)), Dataset([[1, 2, 3]], [[0]])
)


def state_of(data, *layers, **training):
    """Return a State of one input."""
    return State(Network(("x",), layers), Dataset(*data), Training(**training))


def last(steps):
    for step in steps:
        found = step
    return found


def computed(state, row, means=True):
    """Compute the results that a State's explanation needs; without `means` only those that come first."""
    if not 0 <= row < len(state.data):
        return Computed(row)
    results, batch = Results(state), next_batch(state)
    found = Computed(row, results.trace_of(row, True))
    if state.data.targets is None:
        return found
    found = replace(found, slopes=results.slopes_of(row, True))
    if not means:
        return found
    means, update = (
        run_work(means_in_blocks(rows, state, math.inf, results.trace)) for rows in (None, batch)
    )
    return replace(found, means=means, update=update)


def means_by_input(state, node):
    return run_work(input_in_blocks(node, state)) if state.trained_rows else None


def explained(state, address, row=0, mean=False):
    check, found = None, computed(state, row)
    if address is not None and address.layer < 0:
        found = replace(found, by_input=means_by_input(state, address.node))
    if address is not None and (address.kind != "node" or address.layer < 0) and state.trainable:
        check = last(measure_slope(state, address, None if mean and address.layer >= 0 else row))
    return explain(state, address, found, mean=mean, check=check)


def told(explanation):
    """label → arithmetic, or the note's text."""
    return {
        row.label: row.text if isinstance(row, Note) else row.arithmetic
        for section in explanation.sections
        for row in section.rows
    }


def lines_of(explanation):
    """Return all lines with formulas, without the notes."""
    return [row for section in explanation.sections for row in section.rows if isinstance(row, Line)]


def line(explanation, label):
    return next(own for own in lines_of(explanation) if own.label == label)


def every_where(network):
    """Return the address of every node, weight and bias."""
    columns = enumerate(network.sizes, -1)
    nodes = [Address("node", k, j) for k, size in columns for j in range(size)]
    return [*nodes, *network.all_weights()]


def written(explanation):
    """Return all that a person reads, a line each."""
    texts = [explanation.title]
    for section in explanation.sections:
        texts.append(f"[{section.heading}]")
        texts += [f"{row.label}: {row.text}" if isinstance(row, Note) else row.text for row in section.rows]
    return "\n".join(texts)


def notes(explanation):
    return [row.text for section in explanation.sections for row in section.rows if isinstance(row, Note)]


# --- arithmetic

n, RELU = Number, activation("relu").written
FLOATS = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6)


def test_arithmetic_is_written_with_its_signs_parentheses_and_roundings():
    """A rounded result has ≈; 0 and decimal arithmetic that is exact as written have =."""
    w = 3.6 + 0.0288 + 4e-16
    assert w != 3.6288
    for expression, value, text in (
        (Sum(Product(n(3), n(2)), Product(n(5), n(4))), 26.0, "3·2 + 5·4 = 26"),
        (Product(n(-3), n(-2)), 6.0, "−3·(−2) = 6"),
        (Square(n(-8)), 64.0, "(−8)² = 64"),
        (Sum(n(3), n(-5)), -2.0, "3 − 5 = −2"),
        (Sum(n(52), Negative(n(60))), -8.0, "52 − 60 = −8"),
        (Sum(n(2), Negative(Product(n(0.01), n(-28)))), 2.28, "2 − 0.01·(−28) = 2.28"),
        (Quotient(Sum(n(14), n(28), n(-42)), n(4)), 0.0, "(14 + 28 − 42)/4 = 0"),
        (Product(n(2), Sum(n(-1), n(3))), 4.0, "2·(−1 + 3) = 4"),
        (Sum(n(1), Negative(Sum(n(2), n(3)))), -4.0, "1 − (2 + 3) = −4"),
        (RELU(n(-13)), 0.0, "relu(−13) = 0"),
        (Quotient(n(1), n(3)), 1 / 3, "1/3 ≈ 0.333333"),
        (n(1 / 3), 1 / 3, "≈ 0.333333"),
        (n(0.25), 0.25, "0.25"),
        (Sum(n(0.1), n(0.2)), 0.1 + 0.2, "0.1 + 0.2 = 0.3"),
        (Sum(n(w), Negative(n(0))), w, "3.6288 − 0 = 3.6288"),
        (n(w), w, "3.6288"),
        (n(-0.76029000123), -0.76029000123, "≈ −0.76029"),
        (RELU(n(-0.24175123456)), 0.0, "relu(−0.241751) = 0"),
        (Product(n(0), n(5.621234567891e152), n(2)), 0.0, "0·5.62123e152·2 = 0"),
        (Sum(n(1 / 3), Negative(n(1 / 3))), 0.0, "0.333333 − 0.333333 = 0"),
        (Square(n(1.23456789e-200)), 0.0, "(1.23457e−200)² ≈ 0"),
        (Sum(n(0)), 0.0, "0"),
        (Sum(n(1 / 3)), 1 / 3, "≈ 0.333333"),
    ):
        line = write(expression, value)
        assert line.text == text


def test_operands_get_more_digits_until_the_line_closes(monkeypatch):
    a, b = 1.0000004, 0.99999951
    line = write(Sum(n(a / 3), Negative(n(b / 3))), a / 3 - b / 3)
    assert closes(line.text)
    assert len(line.text.split(" − ")[0]) > len("0.333333")
    assert [Quotient(n(top), n(0.0)).computed() for top in (1.0, -1.0)] == [math.inf, -math.inf]
    assert math.isnan(Quotient(n(0.0), n(0.0)).computed())
    cancelled = write(Sum(n(0.1), n(0.2), n(-0.3)), 0.0)
    assert closes(cancelled.text)
    assert cancelled.value == 0.1 + 0.2 - 0.3
    sizes = [1.0, 9.0, 2.0, -8.0, 3.0, 4.0]  # a long sum shows its largest terms
    monkeypatch.setattr("nnviz.explain.lines.FEW_TERMS", 2)
    line = write(shortened_sum([n(s) for s in sizes]), sum(sizes))
    assert line.text == "9 − 8 + 10 [4 more] = 11"


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=30))
def test_any_sum_of_products_closes_as_it_is_written(pairs):
    value = math.fsum(a * b for a, b in pairs)
    line = write(Sum(*(Product(n(a), n(b)) for a, b in pairs)), value)
    assert closes(line.text)
    assert math.isclose(line.value, value, abs_tol=1e-12 * sum(abs(a * b) for a, b in pairs))


@pytest.mark.parametrize("name", ["e^", *(name for name in NAMES if name not in ("identity", "softmax"))])
def test_any_function_closes_and_is_exact_only_where_it_is(name):
    rng = np.random.default_rng(0)
    for w, z in ((0.0, 1.5), (2.0, 0.0), (-1e6, -30.0), *rng.normal(0, (1000, 10), (20, 2)).tolist()):
        value = math.exp(z) if name == "e^" else defined(oracle.SCALAR, name)(z)
        function = EXP if name == "e^" else activation(name).written
        line = write(Product(n(w), function(n(z))), w * value)
        assert closes(line.text)
        before, sign, result = evaluated(line.text)
        assert sign == "≈" or before == pytest.approx(result, rel=1e-14, abs=0)


# --- explanations


def test_nodes_weights_and_biases_are_explained_as_the_course_does(approved):
    """On the first row node_0 is 26 and the output 52, with the target 60."""
    layer = Layer(("output",), "identity", [[2.0]], [-3.0])
    biased = State(Network(("x",), (layer,)), Dataset([[4.0]], [[1.0]]))
    weight = explained(BANK, Address("weight", 0, 0, 0))
    cases = {
        "a hidden node": explained(BANK, Address("node", 0, 0)),
        "an input on row 2": explained(BANK, Address("node", -1, 1), row=1),
        "an output": explained(BANK, Address("node", 1, 0)),
        "the loss": explained(BANK, None),
        "a weight": weight,
        "a weight over all rows": explained(BANK, Address("weight", 0, 0, 0), mean=True),
        "a node with a bias": explained(biased, Address("node", 0, 0)),
        "a bias": explained(biased, Address("bias", 0, 0)),
    }
    for i in range(3):  # exercises 8 and 9: slopes 14, 28, 42 and one update
        cases[f"exercise 8 | weight {i}"] = explained(NO_HIDDEN, Address("weight", 0, 0, i))
    for title, explanation in cases.items():
        approved(title, written(explanation))
    assert weight.text().isascii()
    approved("a weight as it is copied", weight.text())
    assert ascii_text("√(4)·(−8)² ≈ 2.5") == "sqrt(4)*(-8)^2 ~= 2.5"
    assert ascii_text("∂MSE/∂z = Σ w·δ").startswith("dMSE/dz = sum of w*")
    assert ascii_text("∂top speed (km/h)/∂x") == "dtop speed (km/h)/dx"


def test_every_number_of_a_node_or_edge_knows_its_address():
    def factors(line):
        return [piece for piece in line.written.pieces if piece.address is not None]

    weight = explained(BANK, Address("weight", 0, 0, 0))
    start, hidden, output = (Address("node", k, 0) for k in (-1, 0, 1))
    own, onward = (Address("weight", k, 0, 0) for k in (0, 1))
    assert [piece.address for piece in factors(line(weight, "chain"))] == [start, hidden, onward, output, own]
    assert [piece.slope for piece in factors(line(weight, "slope"))] == [False, True, True]
    assert line(weight, "check").check_agrees
    assert line(explained(BANK, Address("weight", 0, 0, 0), mean=True), "check").value == pytest.approx(40)


def test_few_paths_are_written_out_and_many_are_summed_by_layer():
    network = make_network((1, 2, 2, 1), ("tanh", "relu", "identity"), (True, False, True))
    weight = explained(make_state(network, 1), Address("weight", 0, 1, 0))
    assert [own.label for own in lines_of(weight)][1:5] == ["slope", "path 1", "path 2", "sum of paths"]
    assert line(weight, "sum of paths").value == pytest.approx(line(weight, "slope").value)
    path = "tanh′ of node_0_1 · w(node_0_1 → node_1_1) · relu′ of node_1_1 · w(node_1_1 → output)"
    assert path in line(weight, "path 2").formula
    network = make_network((3, 9, 9, 1), ("tanh", "tanh", "identity"), (True, True, True))
    state, address = make_state(network, 2), Address("weight", 0, 4, 1)
    weight = explained(state, address)
    back = next(own for own in lines_of(weight) if "[3 more]" in own.arithmetic)
    assert back.arithmetic.count("·") == 6
    assert "node_0_4" in notes(weight)[0]


def test_what_is_particular_is_explained(approved):
    """A parameter in brackets, a batch, a mean that is not known yet, no rows and no targets."""
    leaky = state_of(([[-3.0]], [[0.0]]), Layer(("output",), "leaky_relu(0.2)", [[2.0]]))
    bare, empty = (State(BANK.network, data) for data in (Dataset([[3, 5]]), Dataset.empty(BANK.network)))
    three = Layer(("a", "b", "c"), "softmax", [[1.0], [0.0], [2.0]])
    crossed = state_of(([[1.0]], [[0.0, 1.0, 0.0]]), three, loss="cross_entropy")
    encoded = Column("color", ("blue", "red"), ("blue", "red"))
    columns = (Column("age", ("age",), mean=30.0, deviation=8.5), encoded)
    layer = Layer(
        tuple("pqrst"), "identity", [[1.0, 2.0, 0.5], [2.0, 0.0, 1.0], [0.0] * 3, [3.0] * 3, [-1.0] * 3]
    )
    people = Dataset([[0.5, 1, 0], [-2, 0, 1]], [[1.0, 2, 3, 4, 5]] * 2)
    people = State(Network(("age", "blue", "red"), (layer,)), people, columns=columns)
    for title, state, address in (
        ("softmax and cross-entropy | input", crossed, Address("node", -1, 0)),
        ("no hidden layer, standardised | input", people, Address("node", -1, 0)),
        ("no hidden layer, one-hot | input", people, Address("node", -1, 1)),
        ("leaky_relu(0.2) | node", leaky, Address("node", 0, 0)),
        ("leaky_relu(0.2) | weight", leaky, Address("weight", 0, 0, 0)),
        ("no rows", empty, Address("node", 0, 0)),
        ("no targets | output", bare, Address("node", 1, 0)),
        ("no targets | input", bare, Address("node", -1, 0)),
        ("softmax and cross-entropy | node", crossed, Address("node", 0, 0)),
        ("softmax and cross-entropy | loss", crossed, None),
    ):
        approved(title, written(explained(state, address)))
    rows = replace(BANK, training=replace(BANK.training, batch_size=2))
    batch = ", ".join(str(row + 1) for row in next_batch(rows))
    heading = explained(rows, Address("weight", 0, 0, 0)).sections[-1].heading
    assert heading == f"Next update · batch of rows {batch}"
    many = Dataset(np.tile(BANK.data.inputs, (3, 1)), np.tile(BANK.data.targets, (3, 1)))
    many = replace(BANK, data=many, training=replace(BANK.training, batch_size=8))
    heading = explained(many, Address("weight", 0, 0, 0)).sections[-1].heading
    assert heading == "Next update · a batch of 8 rows"
    first = computed(BANK, 1, means=False)
    assert first.means is None
    approved("before the means are known", written(explain(BANK, Address("weight", 0, 0, 0), first)))
    approved("before the means by an input are known", written(explain(BANK, Address("node", -1, 0), first)))
    what_if = replace(first, slopes=None, by_input=means_by_input(BANK, 0), is_what_if=True)
    approved("a what-if row | input", written(explain(BANK, Address("node", -1, 0), what_if)))
    all_validated = replace(BANK, training=Training(validation=0.9))
    explanation = explain(all_validated, Address("node", -1, 0), first)
    assert [each.heading for each in explanation.sections] == ["Row 2 of 4 (validation row)"]


@given(
    states(max_hidden=2, max_rows=4),
    st.booleans(),
    st.sampled_from([*OPTIMIZERS]),
    st.integers(0, 3),
    st.sampled_from(PENALTIES),
    st.data(),
)
def test_lines_close_and_their_values_are_those_of_slopes_and_training(
    state, mean, optimizer, before, factors, data
):
    settings = Training(optimizer=optimizer, batch_size=2, **factors)
    state = State(state.network, state.data, settings)
    state = train(state, updates=before).state if before else state
    after = train(state, updates=1).state.network
    row = data.draw(st.integers(0, len(state.data) - 1))
    found, x, y = computed(state, row), state.data.inputs, state.data.targets
    own, of_data = (slopes(state.network, x[row : row + 1], y[row : row + 1], **of) for of in (factors, {}))
    whole = slopes(state.network, x, y, **factors)
    addresses = every_where(state.network)
    for address in addresses[:: max(1, len(addresses) // 6)]:
        explanation = explain(state, address, found, mean=mean)
        assert [each.text for each in lines_of(explanation) if not closes(each.arithmetic)] == []
        if address.layer < 0:
            expected = {"∂MSE/∂x": own.inputs[0, address.node]}
        elif address.kind == "node":
            expected = {"∂MSE/∂z": own.layers[address.layer].inputs[0, address.node]}
        else:
            expected = {"slope": own.slope(address)}
            chains = [each for each in lines_of(explanation) if each.label in ("chain", "sum of paths")]
            for chain in chains:
                assert chain.value == pytest.approx(of_data.slope(address), rel=1e-9, abs=1e-12)
            expected |= {f"new {address.symbol}": after.value_of(address)}
            if mean and len(x) > 1:
                expected["mean slope"] = whole.slope(address)
        told_values = {label: line(explanation, label).value for label in expected}
        assert told_values == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.crossed(
    case=oracle.CASES,
    outputs=(1, 3),
    scale=(1.0, 60.0, 120.0),
    row=(0, 10),
    mean=(False, True),
    factors=PENALTIES,
)
def test_every_line_of_each_loss_closes(case, outputs, scale, row, mean, factors):
    loss, output = case
    state = oracle.classes(output, outputs, loss=loss, validation=0.3, **factors)
    network, end = state.network, state.network.layers[-1]
    network = network.with_layer(1, replace(end, weights=scale * end.weights))
    state = replace(state, network=network)
    for address in (None, *every_where(network)[::3]):
        lines = lines_of(explained(state, address, row, mean))
        assert [each.text for each in lines if not closes(each.arithmetic)] == []


# --- the penalty


def with_penalty(state, **factors):
    return replace(state, training=replace(state.training, **factors))


def test_the_penalty_is_written_apart_and_adds_up(approved):
    both = with_penalty(BANK, l1=0.5, l2=0.01)
    approved("a penalty | loss", written(explained(both, None)))
    weight = explained(both, Address("weight", 0, 0, 0))
    assert line(weight, "check").check_agrees, "−95.46, and not −96 as without the penalty"
    approved("a penalty | weight", written(weight))
    approved("a penalty | mean slope", written(explained(both, Address("weight", 0, 1, 1), mean=True)))
    whole = slope_line(Scene.of(both, computed(both, 0)), Address("weight", 0, 0, 0)).text
    terms = "3·(−32) + 0.5·sign(2) + 2·0.01·2 = −95.46"
    assert whole == f"slope = start node's value · end node's slope + 0.5·sign(w) + 2·0.01·w = {terms}"
    shown = told(explained(with_penalty(NO_HIDDEN, l2=0.1), None))
    assert shown["Penalty"] == "0.1·(0² + 2² + 1²) = 0.5"
    for output, outputs in (("softmax", 3), ("sigmoid", 1)):
        state = oracle.classes(output, outputs, l1=0.02, l2=0.003)
        explanation, penalty = explained(state, None), oracle.penalty(state.network, 0.02, 0.003)
        assert line(explanation, "Penalty").value == pytest.approx(penalty, rel=1e-12)
        assert "[sum over " in line(explanation, "Penalty").arithmetic
        total = oracle.loss(state.network, state.data.inputs, state.data.targets, "cross_entropy") + penalty
        assert line(explanation, "Training loss").value == pytest.approx(total, rel=1e-12)
        assert [each.text for each in lines_of(explanation) if not closes(each.arithmetic)] == []


def test_a_slope_of_zero_has_its_reason_with_a_penalty_too(approved):
    weight = Address("weight", 0, 0, 0)
    cancelling = state_of(([[1.0]], [[1.5]]), Layer(("out",), "identity", [[1.0]]), l2=0.5)
    dead = with_penalty(BANK, l2=0.5)
    nothing = state_of(([[1.0]], [[0.0]]), Layer(("out",), "identity", [[0.0]]), l1=0.5)
    cases = {
        "data and penalty": (cancelling, weight),
        "a dead node": (dead, Address("weight", 0, 1, 0)),
        "a weight of 0": (nothing, weight),
        "a slope that is not 0": (dead, weight),
    }
    shown = {name: told(explained(*case)) for name, case in cases.items()}
    assert [own["slope"].split()[-1] for own in shown.values()] == ["0", "4", "0", "−94"]
    reasons = {
        name: f"{own.get('why 0', '')} | {own.get('why data is 0', '')}" for name, own in shown.items()
    }
    approved("slopes of zero with a penalty", reasons)


@given(states(max_hidden=3), st.sampled_from(PENALTIES[1:]), st.data())
def test_the_check_measures_the_slope_with_the_penalty(state, factors, data):
    state, of = with_penalty(state, **factors), (state.network, state.data.inputs, state.data.targets)
    address = data.draw(st.sampled_from(state.network.all_weights()))
    row = data.draw(st.none() | st.integers(0, len(state.data) - 1))
    of_row = of if row is None else (of[0], of[1][row : row + 1], of[2][row : row + 1])
    check, w = last(measure_slope(state, address, row)), state.network.value_of(address)
    if nearest_kink(*of[:2]) > 1e-2 and (abs(w) > check.step or address.kind == "bias"):
        assert check.agrees(slopes(*of_row, **factors).slope(address))


# --- the numerical check


@given(states(max_hidden=3))
def test_the_check_measures_the_slope(state):
    check = last(measure_slope(state, Address("weight", 0, 0, 0), None))
    of = state.network, state.data.inputs, state.data.targets
    first = np.eye(1, len(oracle.parameters(state.network)))[0]
    assert check.measured == pytest.approx(oracle.slope_along(first, *of), rel=1e-3, abs=1e-5)
    if nearest_kink(*of[:2]) > 1e-2:
        slope = slopes(*of).layers[0].weights[0, 0]
        assert check.agrees(slope)


@given(states(max_hidden=3), st.integers(0, 3))
def test_the_check_measures_the_slope_by_an_input(state, node):
    address, row = Address("node", -1, node % len(state.network.inputs)), len(state.data) - 1
    x, y = state.data.inputs, state.data.targets
    if nearest_kink(state.network, x) > 1e-2:
        whole = slopes(state.network, x, y)
        assert last(measure_slope(state, address, None)).agrees(whole.inputs[:, address.node].sum())
        own = slopes(state.network, x[row:], y[row:])
        assert last(measure_slope(state, address, row)).agrees(own.inputs[0, address.node])
        lines = [each for each in lines_of(explained(state, address, row)) if each.label == "check"]
        assert [each.check_agrees for each in lines] == [True]


def test_the_means_by_an_input_are_those_of_the_rows_slopes():
    state = make_state(make_network((3, 4, 2), ("tanh", "softmax"), (True, False)), 170, validation=0.2)
    network, address, rows = state.network, Address("node", -1, 2), state.trained_rows
    x, y = state.data.inputs[:rows], state.data.targets[:rows]
    by_row = np.c_[slopes_by_input(network, network.forward(x), 2), rows * slopes(network, x, y).inputs[:, 2]]
    expected = by_row.mean(axis=0), np.abs(by_row).mean(axis=0)
    known = network.forward(state.data.inputs)
    for found in (
        run_work(input_in_blocks(2, state, 1.0)),
        run_work(input_in_blocks(2, state, math.inf, known)),
        run_work(input_in_blocks(2, replace(state, data=Dataset(state.data.inputs)))),
    ):
        np.testing.assert_allclose(found, np.array(expected)[:, : found.shape[1]], rtol=1e-12)
    assert len([*input_in_blocks(2, state, 1.0)]) == math.ceil(rows / 32)
    for label, mean in (("mean ∂output_0/∂x", expected[0][0]), ("mean |∂MSE/∂x|", expected[1][2])):
        own = line(explained(state, address), label)
        assert own.value == pytest.approx(mean, rel=1e-12)
        assert " [sum over 136 rows]/136 ≈ " in own.arithmetic


def test_a_check_across_a_kink_does_not_agree(approved):
    hidden = Layer(("left", "right"), "relu", [[1.0], [2.0]], [-1.0, 5.0])
    state = state_of(([[2.0], [1.0]], [[0.0], [0.0]]), hidden, Layer(("out",), "identity", [[3.0, 1.0]]))
    weight = explained(state, Address("weight", 0, 0, 0), row=1)
    assert line(weight, "check").check_agrees is False
    approved("a check across a kink", told(weight)["differs"])
    state = state_of(([[1.0]], [[0.0]]), hidden, Layer(("out",), "identity", [[3.0, 1.0]]))
    approved("a check across a kink | input", told(explained(state, Address("node", -1, 0)))["differs"])


def test_a_check_in_blocks_of_rows_is_the_same_as_at_once():
    state = make_state(make_network((3, 4, 2), ("tanh", "softmax"), (True, False)), 170)
    address = Address("weight", 0, 2, 1)
    few_rows = 20 * 3 * forward_ns(state.network)  # no block is smaller than 32 rows
    at_once, means = last(measure_slope(state, address, None)), computed(state, 3).means
    steps = list(measure_slope(state, address, None, few_rows))
    assert len(steps) > 5
    assert steps[-1].measured == pytest.approx(at_once.measured, rel=1e-9)
    in_blocks = run_work(means_in_blocks(None, state, few_rows))
    assert not isinstance(in_blocks.slopes, Slopes)
    assert in_blocks.slopes.mse == pytest.approx(means.slopes.loss, rel=1e-12)
    for one, other in zip(in_blocks.slopes.layers, means.slopes.layers, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-12)
        np.testing.assert_allclose(one.nodes, other.nodes, rtol=1e-12)


# --- why a slope is 0


ROUNDED = Layer(("a", "b", "c"), "softmax", [[800.0], [0.0], [799.0]])
SURE = Layer(("a",), "sigmoid", [[50.0]])
MID, OUT = Layer(("mid",), "relu", [[1.0]]), Layer(("out",), "identity", [[0.0]])
OF_ZERO = state_of(([[1.0]], [[1.0, 0.0, 0.0]]), ROUNDED, loss="cross_entropy")
OF_ONE = state_of(([[1.0]], [[1.0]]), SURE, loss="cross_entropy")


def test_a_slope_of_zero_has_its_reason(approved):
    cases = {
        "an input of 0": (BANK, Address("weight", 0, 0, 0), 2),
        "a relu that passes 0": (BANK, Address("weight", 0, 1, 0), 0),
        "a node of 0": (BANK, Address("weight", 1, 0, 1), 0),
        "a slope that is not 0": (BANK, Address("weight", 1, 0, 0), 0),
        "no error": (replace(NO_HIDDEN, data=Dataset([[1, 2, 3]], [[7]])), Address("weight", 0, 0, 1), 0),
        "a softmax that rounds to 0": (OF_ZERO, Address("weight", 0, 1, 0), 0),
        "a sigmoid that rounds to 1": (OF_ONE, Address("weight", 0, 0, 0), 0),
        "a weight of 0 onward": (state_of(([[2.0]], [[1.0]]), MID, OUT), Address("weight", 0, 0, 0), 0),
    }
    reasons = {name: told(explained(*case)).get("why 0", "") for name, case in cases.items()}
    approved("slopes of zero", "\n".join(f"{name}: {reason}" for name, reason in reasons.items()))
    for name, (state, address, row) in cases.items():
        x, y = state.data.inputs[row : row + 1], state.data.targets[row : row + 1]
        own = slopes(state.network, x, y, state.training.loss)
        assert zero_reason(state.network, own, address) == reasons[name]


def test_where_a_softmax_rounds_to_0_the_cross_entropy_is_computed_by_z(approved):
    state = replace(OF_ZERO, data=Dataset([[1.0]], [[0.0, 1.0, 0.0]]))
    assert state.network.predict([[1.0]])[0, 1] == 0
    assert state.loss() == pytest.approx(800 + math.log(1 + math.exp(-1)), rel=1e-12)
    approved("a cross-entropy by z", written(explained(state, Address("node", 0, 1))))


# --- numbers that are too large


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_activation_is_explained_by_finite_numbers_where_z_is_very_large(name):
    network = make_network((1, 2), (name,), (False,), scale=1e4)  # z is 1257 and −1321: e^z is infinite
    state = State(network, Dataset([[1.0]], [[0.0, 1.0]]))
    for address in every_where(network):
        assert all(np.isfinite(own.value) for own in lines_of(explained(state, address)))


NUMBERS = (sys.float_info.max, 1e308, 1e300, 1e155, 1e-155, 1e-320, 5e-324, -0.0)


def filled(number, name="identity"):
    """Return a State of 2-2-1 nodes and 2 rows whose every number is ± `number`."""
    hidden = Layer(("a", "b"), name, [[number, -number], [-number, number]], [number, -number])
    network = Network(("x", "y"), (hidden, Layer(("out",), "identity", [[number, -number]], [-number])))
    return State(network, Dataset([[number, -number], [-number, number]], [[number], [-number]]))


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_that_are_too_large_are_explained_measured_and_drawn(number, amount):
    first = NUMBERS.index(number)
    names = [("identity", "relu", "tanh")[(first + k) % 3] for k in range(amount(quick=1, ci=3, night=3))]
    for state in (filled(number, name) for name in names):
        weights, found = state.network.all_weights(), computed(state, 0)
        for part in (None, *every_where(state.network)):
            assert all(explain(state, part, found, mean=mean).text() for mean in (False, True))
        for weight in weights:
            for check in (last(measure_slope(state, weight, row)) for row in (None, 0)):
                assert type(check.measured) is float
            drawn = last(loss_line(state, weight, None))
            assert all(abs(end) <= LARGEST for end in drawn.stretch)
            assert all(map(math.isfinite, drawn.heights()))
        surface = last(loss_map(state, weights[0], weights[-1], np.empty((0, 2)), None))
        assert all(abs(end) <= LARGEST for stretch in surface.stretches for end in stretch)
    assert size_of(filled(1e200), Address("weight", 0, 0, 0)) == pytest.approx(1e200)
    assert size_of(filled(1e-320), Address("weight", 0, 0, 0)) == 1.0
