import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address
from nnviz.core.cost import forward_ns
from nnviz.core.explanation.arithmetic import Note
from nnviz.core.explanation.check import checking
from nnviz.core.explanation.explain import explain
from nnviz.core.explanation.mean import is_noise
from nnviz.core.health import health
from nnviz.core.network import Layer, Network
from nnviz.core.oddities import zero_reason
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import Computed, means_from, means_in_blocks, next_batch
from nnviz.core.run import Training
from nnviz.core.slopes import Slopes, slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from tests.core.oracle import central_differences, make_network, make_state, nearest_kink, states
from tests.core.written import closes

BANK = State(
    Network.from_weights(
        {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
    ),
    Dataset([[3, 5], [1, -1], [0, 0], [8, 4]], [[60], [50], [0], [140]]),
    Training(learning_rate=0.0004),
)
NO_HIDDEN = State(
    Network(("a", "b", "c"), (Layer(("output",), "identity", [[0, 2, 1]]),)), Dataset([[1, 2, 3]], [[0]])
)


def last(steps):
    for step in steps:
        found = step
    return found


def returned(steps):
    """Run a generator to its end, and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def computed(state, row, means=True):
    """What a State's explanation needs, computed at once; without `means` what is known first."""
    network, data = state.network, state.data
    if not 0 <= row < len(data):
        return Computed(row)
    trace = network.forward(data.inputs)
    if data.targets is None:
        return Computed(row, trace.rows(slice(row, row + 1)))
    loss = state.training.loss
    own = slopes(network, data.inputs[row : row + 1], data.targets[row : row + 1], loss)
    if not means:
        return Computed(row, own.trace, own)
    batch = next_batch(state)
    trained = trace.rows(slice(state.trained_rows))
    update = means_from(state, trained if batch is None else trace.rows(list(batch)), batch)
    return Computed(row, own.trace, own, means_from(state, trained, None), update)


def explained(state, address, row=0, mean=False, unfolded=()):
    check = None
    if address is not None and address.kind != "node" and state.trainable:
        check = last(checking(state, address, None if mean else row))
    found = computed(state, row)
    return explain(state, address, found, mean=mean, check=check, unfolded=frozenset(unfolded))


def told(explanation):
    """label → arithmetic, or the note's text."""
    return {
        row.label: row.text if isinstance(row, Note) else row.arithmetic
        for section in explanation.sections
        for row in section.rows
    }


def line(explanation, label):
    return next(own for own in explanation.lines if own.label == label)


def factors(line):
    """The numbers of a line that stand for a node or an edge."""
    return [piece for piece in line.written.pieces if piece.address is not None]


def every_where(network):
    for i in range(len(network.inputs)):
        yield Address("node", -1, i)
    for k, layer in enumerate(network.layers):
        for j in range(len(layer)):
            yield Address("node", k, j)
            for i in range(layer.weights.shape[1]):
                yield Address("weight", k, j, i)
            if layer.biases is not None:
                yield Address("bias", k, j)


def test_a_hidden_node_is_explained_as_the_course_does():
    node = explained(BANK, Address("node", 0, 0))
    assert node.title == "node_0"
    assert [section.heading for section in node.sections] == ["Row 1 of 4", "On all 4 rows"]
    lines = told(node)
    assert lines["z"] == "3·2 + 5·4 = 26"
    assert lines["a"] == "relu(26) = 26"
    assert lines["∂MSE/∂a"] == "2·(−16) = −32"
    assert lines["∂MSE/∂z"] == "−32·1 = −32"


def sentences(explanation):
    return [row.text for section in explanation.sections for row in section.rows if isinstance(row, Note)]


def test_an_input_tells_where_it_comes_from_and_what_it_adds_to_every_sum():
    given_input = explained(BANK, Address("node", -1, 1), row=1)
    assert given_input.title == "children"
    assert [section.heading for section in given_input.sections] == ["Row 2 of 4"]
    assert sentences(given_input) == [
        "It is given, in row 2 of the data, column children: training leaves it as it is.",
        "Each node that it feeds adds this value times the weight between them to its z:",
    ]
    assert [own.text for own in given_input.lines] == [
        "value = −1",
        "for node_0 = value·w = −1·4 = −4",
        "for node_1 = value·w = −1·(−5) = 5",
    ]
    assert [piece.address for piece in factors(given_input.lines[2])] == [
        Address("node", -1, 1),
        Address("weight", 0, 1, 1),
        Address("node", 0, 1),
    ]


def test_an_input_that_feeds_many_nodes_tells_where_it_counts_most():
    network = make_network((2, 12, 1), ("relu", "identity"), (False, False))
    state = make_state(network, 1)
    found = explained(state, Address("node", -1, 0))
    products = np.abs(state.data.inputs[0, 0] * network.layers[0].weights[:, 0])
    largest = [network.layers[0].nodes[j] for j in sorted(np.argsort(-products)[:6])]
    assert [own.label for own in found.lines] == ["value", *(f"for {name}" for name in largest)]
    assert sentences(found)[-1] == "For the 6 other nodes it comes to no more."


def test_an_input_needs_no_targets():
    state = State(BANK.network, Dataset(BANK.data.inputs))
    found = explained(state, Address("node", -1, 0))
    assert [own.arithmetic for own in found.lines] == ["3", "3·2 = 6", "3·4 = 12"]
    assert not any("target" in text for text in sentences(found))


def test_an_output_tells_its_error_and_the_mse():
    lines = told(explained(BANK, Address("node", 1, 0)))
    assert lines["error"] == "52 − 60 = −8"
    assert lines["error²"] == "(−8)² = 64"
    assert lines["∂MSE/∂a"] == "2·(−8) = −16"
    assert lines["MSE"] == "((−8)² + 13² + 0² + 8²)/4 = 74.25"


def test_a_bias_stands_in_z():
    layer = Layer(("output",), "identity", [[2.0]], [-3.0])
    state = State(Network(("x",), (layer,)), Dataset([[4.0]], [[1.0]]))
    assert told(explained(state, Address("node", 0, 0)))["z"] == "4·2 − 3 = 5"
    bias = explained(state, Address("bias", 0, 0))
    assert bias.title == "bias of output"
    assert told(bias)["slope"] == "1·8 = 8"
    assert told(bias)["new b"] == "−3 − 0.01·8 = −3.08"


def test_exercise_8_and_9_slopes_and_one_update():
    found = [told(explained(NO_HIDDEN, Address("weight", 0, 0, i))) for i in range(3)]
    assert [lines["slope"] for lines in found] == ["1·14 = 14", "2·14 = 28", "3·14 = 42"]
    assert [lines["chain"] for lines in found] == ["1·2·7 = 14", "2·2·7 = 28", "3·2·7 = 42"]
    assert found[1]["new w"] == "2 − 0.01·28 = 1.72"


def test_a_weight_of_one_row_and_the_mean_that_the_update_takes():
    weight = explained(BANK, Address("weight", 0, 0, 0))
    assert weight.title == "accounts → node_0"
    lines = told(weight)
    assert lines["slope"] == "3·(−32) = −96"
    assert lines["chain"] == "3·1·2·2·(−8) = −96"
    assert lines["mean slope"] == "(3·(−32) + 1·0 + 0·0 + 8·32)/4 = 40"
    assert lines["new w"] == "2 − 0.0004·40 = 1.984"
    assert "The update takes this mean, not the row's slope." in lines.values()
    assert line(weight, "check").ticked


def test_the_mean_over_all_rows_comes_first_where_it_is_wanted():
    weight = explained(BANK, Address("weight", 0, 0, 0), mean=True)
    assert [section.heading for section in weight.sections] == [
        "",
        "Mean over all 4 rows",
        "Row 1 of 4, one term of the mean",
        "Next update · mean over all 4 rows",
    ]
    assert line(weight, "check").value == pytest.approx(40)


def test_every_path_is_written_out_and_their_sum():
    network = make_network((1, 2, 2, 1), ("tanh", "relu", "identity"), (True, False, True))
    weight = explained(make_state(network, 1), Address("weight", 0, 1, 0))
    labels = [own.label for own in weight.lines]
    assert labels[1:5] == ["slope", "path 1", "path 2", "sum of paths"]
    assert line(weight, "sum of paths").value == pytest.approx(line(weight, "slope").value)
    assert (
        "tanh′ of node_0_1 · w(node_0_1 → node_1_1) · relu′ of node_1_1 · w(node_1_1 → output)"
        in line(weight, "path 2").formula
    )


def test_a_function_with_a_parameter_has_it_in_brackets_behind_its_name():
    layer = Layer(("output",), "leaky_relu(0.2)", [[2.0]])
    state = State(Network(("x",), (layer,)), Dataset([[-3.0]], [[0.0]]))
    node = explained(state, Address("node", 0, 0))
    assert line(node, "a").formula == "leaky_relu(0.2)(z)"
    assert told(node)["a"] == "leaky_relu(0.2)(−6) = −1.2"
    assert "leaky_relu(0.2)′ of output" in line(explained(state, Address("weight", 0, 0, 0)), "chain").formula


NOISE = "The rows' slopes cancel out: what is left is rounding, not a slope"


def mirrored(optimizer):
    """Rows whose slopes of the bias cancel out but for rounding."""
    x = np.array([0.1, 0.7, 1.3, -0.1, -0.7, -1.3])
    layer = Layer(("output",), "identity", [[0.3]], [1e-17])
    data = Dataset(x[:, None], (2 * x)[:, None])
    return State(Network(("x",), (layer,)), data, Training(optimizer=optimizer))


def noise(explanation):
    notes = [row.text for section in explanation.sections for row in section.rows if isinstance(row, Note)]
    return next((text for text in notes if text.startswith(NOISE)), "")


def test_a_mean_slope_below_the_rounding_of_its_terms_is_called_noise():
    for optimizer, more in (("gradient_descent", "."), ("adam", ", and adam makes a step even of it.")):
        state = mirrored(optimizer)
        bias = Address("bias", 0, 0)
        assert 0 < abs(computed(state, 0).whole.slopes.of(bias)) < 1e-15
        assert noise(explained(state, bias)) == NOISE + more
        assert noise(explained(state, bias, mean=True)) == NOISE + more
        assert noise(explained(state, Address("weight", 0, 0, 0))) == ""


@given(st.integers(0, 2**32), st.integers(2, 200), st.floats(-12, 0))
def test_only_what_may_be_rounding_is_called_noise(seed, rows, exponent):
    error = np.random.default_rng(seed).normal(size=rows)
    error += 10.0**exponent * np.abs(error).sum() - error.mean()
    layer = Layer(("output",), "identity", [[0.0]], [0.0])
    state = State(Network(("x",), (layer,)), Dataset(np.ones((rows, 1)), -error[:, None]))
    whole, bias = computed(state, 0).whole, Address("bias", 0, 0)
    true = 2 * math.fsum(error) / rows
    off = abs(whole.slopes.of(bias) - true)
    if not is_noise(whole, bias):
        assert abs(whole.slopes.of(bias)) > off or whole.slopes.of(bias) == 0.0


def test_many_paths_are_summed_by_layer_and_unfold():
    network = make_network((3, 9, 9, 1), ("tanh", "tanh", "identity"), (True, True, True))
    state, address = make_state(network, 2), Address("weight", 0, 4, 1)
    weight = explained(state, address)
    back = next(own for own in weight.lines if "[3 more]" in own.arithmetic)
    assert back.name == "back0"
    assert back.arithmetic.count("·") == 6
    whole = explained(state, address, unfolded={"back0"})
    unfolded = next(own for own in whole.lines if own.name == "back0")
    assert unfolded.arithmetic.count("·") == 9
    assert unfolded.value == back.value
    notes = [row.text for section in weight.sections for row in section.rows if isinstance(row, Note)]
    assert notes[0] == "The slope at the end, node_0_4:"
    assert notes[2] == "output adds most to it:"


@settings(max_examples=60, deadline=None)
@given(states(), st.booleans(), st.data())
def test_all_arithmetic_closes_and_all_slopes_are_the_cores(state, mean, data):
    row = data.draw(st.integers(0, len(state.data) - 1))
    found = computed(state, row)
    own = slopes(state.network, state.data.inputs[row : row + 1], state.data.targets[row : row + 1])
    all_rows = slopes(state.network, state.data.inputs, state.data.targets)
    for address in every_where(state.network):
        explanation = explain(state, address, found, mean=mean)
        for each in explanation.lines:
            assert closes(each.arithmetic), each
        if address.layer < 0:
            continue
        if address.kind == "node":
            slope = own.layers[address.layer].inputs[0, address.node]
            assert line(explanation, "∂MSE/∂z").value == pytest.approx(slope, rel=1e-9, abs=1e-12)
            continue
        expected = [
            each.layers[address.layer].weights[address.node, address.source]
            if address.kind == "weight"
            else each.layers[address.layer].nodes[address.node]
            for each in (own, all_rows)
        ]
        assert line(explanation, "slope").value == pytest.approx(expected[0], rel=1e-9, abs=1e-12)
        if len(state.data) > 1:
            mean_line = line(explanation, "mean slope")
            assert mean_line.value == pytest.approx(expected[1], rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(states(max_hidden=3), st.sampled_from(["gradient_descent", "momentum", "adam"]), st.integers(1, 3))
def test_the_new_value_is_what_one_step_of_training_makes_of_it(state, optimizer, before):
    state = train(State(state.network, state.data), updates=before, optimizer=optimizer, batch_size=2).state
    training = Training(optimizer=optimizer, batch_size=2)
    state = State(state.network, state.data, training, run=state.run)
    after = train(state, updates=1).state
    found = computed(state, 0)
    for address in every_where(state.network):
        if address.kind == "node":
            continue
        layer = after.network.layers[address.layer]
        new = (
            layer.weights[address.node, address.source]
            if address.kind == "weight"
            else layer.biases[address.node]
        )
        label = "new w" if address.kind == "weight" else "new b"
        told_new = line(explain(state, address, found), label)
        assert closes(told_new.arithmetic)
        assert told_new.value == pytest.approx(new, rel=1e-9, abs=1e-12)


def test_a_batch_update_names_its_rows():
    network = make_network((2, 1), ("identity",), (False,))
    state = make_state(network, 5, batch_size=2)
    rows = next_batch(state)
    weight = explained(state, Address("weight", 0, 0, 0))
    assert weight.sections[-1].heading == f"Next update · batch of rows {rows[0] + 1}, {rows[1] + 1}"


@settings(max_examples=30, deadline=None)
@given(states(max_hidden=3))
def test_the_check_measures_the_slope(state):
    address = next(w for w in every_where(state.network) if w.kind == "weight")
    check = last(checking(state, address, None))
    expected = central_differences(state.network, state.data.inputs, state.data.targets)[0]
    assert check.measured == pytest.approx(expected, rel=1e-3, abs=1e-5)
    if nearest_kink(state.network, state.data.inputs) > 1e-2:
        slope = slopes(state.network, state.data.inputs, state.data.targets).layers[0].weights[0, 0]
        assert check.agrees(slope)
        assert check.reason(slope) == ""


def test_a_check_across_a_kink_names_the_node_and_the_row():
    layers = (
        Layer(("left", "right"), "relu", [[1.0], [2.0]], [-1.0, 5.0]),
        Layer(("out",), "identity", [[3.0, 1.0]]),
    )
    state = State(Network(("x",), layers), Dataset([[2.0], [1.0]], [[0.0], [0.0]]))
    weight = explained(state, Address("weight", 0, 0, 0), row=1)
    assert line(weight, "check").ticked is False
    assert told(weight)["differs"] == (
        "the z of left changes its sign within w ± h in row 2, where relu has a kink."
    )


def test_a_check_in_blocks_of_rows_is_the_same_as_at_once():
    state = make_state(make_network((3, 4, 2), ("tanh", "softmax"), (True, False)), 170)
    address = Address("weight", 0, 2, 1)
    few_rows = 20 * 3 * forward_ns(state.network)  # no block is smaller than 32 rows
    at_once, means = last(checking(state, address, None)), computed(state, 3).whole
    steps = list(checking(state, address, None, few_rows))
    assert len(steps) > 5
    assert steps[-1].measured == pytest.approx(at_once.measured, rel=1e-9)
    in_blocks = returned(means_in_blocks(state, None, few_rows))
    assert not isinstance(in_blocks.slopes, Slopes)
    assert in_blocks.slopes.mse == pytest.approx(means.slopes.loss, rel=1e-12)
    for one, other in zip(in_blocks.slopes.layers, means.slopes.layers, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-12)
        np.testing.assert_allclose(one.nodes, other.nodes, rtol=1e-12)


def test_the_row_is_known_at_once_and_the_means_later():
    state = make_state(make_network((3, 2), ("identity",), (False,)), 9)
    first = computed(state, 4, means=False)
    address = Address("weight", 0, 0, 0)
    assert first.whole is None
    lines = told(explain(state, address, first))
    assert "computing the mean over 9 rows …" in lines.values()
    assert lines["check"] == "measuring …"


@pytest.mark.parametrize(
    ("address", "row", "reason"),
    [
        (Address("weight", 0, 0, 0), 2, "the input accounts, the value at its start, is 0"),
        (Address("weight", 0, 1, 0), 0, "node_1 passes 0: the slope of relu is 0 where z ≤ 0"),
        (Address("weight", 1, 0, 1), 0, "node_1, the value at its start, is 0"),
        (Address("weight", 1, 0, 0), 0, ""),
    ],
)
def test_a_slope_of_zero_has_its_reason(address, row, reason):
    x, y = BANK.data.inputs[row : row + 1], BANK.data.targets[row : row + 1]
    assert zero_reason(BANK.network, slopes(BANK.network, x, y), address) == reason
    assert told(explained(BANK, address, row)).get("0 because", "") == reason


def test_no_error_no_slope():
    state = State(NO_HIDDEN.network, Dataset([[1, 2, 3]], [[7]]))
    assert told(explained(state, Address("weight", 0, 0, 1)))["0 because"] == "the error is 0"


def test_no_error_no_slope_where_an_output_is_rounded_to_0_or_1():
    layer = Layer(("a", "b", "c"), "softmax", [[800.0], [0.0], [799.0]])
    training = Training(loss="cross_entropy")
    state = State(Network(("x",), [layer]), Dataset([[1.0]], [[1.0, 0.0, 0.0]]), training)
    assert told(explained(state, Address("weight", 0, 1, 0)))["0 because"] == "the error of b is 0"
    sure = State(Network(("x",), [Layer(("a",), "sigmoid", [[50.0]])]), Dataset([[1.0]], [[1.0]]), training)
    assert told(explained(sure, Address("weight", 0, 0, 0)))["0 because"] == "the error is 0"


def test_a_weight_of_zero_onward_is_named():
    layers = (Layer(("mid",), "identity", [[1.0]]), Layer(("out",), "identity", [[0.0]]))
    state = State(Network(("x",), layers), Dataset([[2.0]], [[1.0]]))
    assert told(explained(state, Address("weight", 0, 0, 0)))["0 because"] == (
        "every weight that leads on from mid is 0"
    )


def test_dead_and_saturated_nodes_are_so_on_every_row():
    layers = (
        Layer(("dead", "alive"), "relu", [[-1.0], [1.0]]),
        Layer(("flat", "moving"), "tanh", [[0.0, 5.0], [0.0, 0.1]]),
        Layer(("low", "mid"), "sigmoid", [[-9.0, 0.0], [1.0, 0.0]]),
    )
    state = State(Network(("x",), layers), Dataset([[1.0], [2.0]]))
    network, trace = state.network, state.network.forward(state.data.inputs)
    assert [own.tolist() for own in health(network, trace).dead] == [
        [True, False],
        [False, False],
        [False, False],
    ]
    assert [own.tolist() for own in health(network, trace).saturated] == [
        [False, False],
        [True, False],
        [True, False],
    ]
    empty = health(network, network.forward(np.empty((0, 1))))
    assert not any(own.any() for own in (*empty.dead, *empty.saturated))


def test_what_is_odd_about_a_network_takes_one_pass(monkeypatch):
    passes = []
    forward = Network.forward
    monkeypatch.setattr(Network, "forward", lambda *of: passes.append(1) or forward(*of))
    state = State(
        Network(("x",), (Layer(("dead", "alive"), "relu", [[-1.0], [1.0]]),)), Dataset([[1.0], [2.0]])
    )
    trace = state.network.forward(state.data.inputs)
    assert health(state.network, trace).badges() == {(0, 0): "dead on all rows"}
    assert len(passes) == 1


def test_without_rows_or_targets_a_sentence_says_so():
    assert told(explained(State(BANK.network, Dataset.empty(BANK.network)), Address("node", 0, 0))) == {
        "": "There are no rows: add one in the data table, or type an input."
    }
    lines = told(explained(State(BANK.network, Dataset([[3, 5]])), Address("node", 1, 0)))
    assert lines["a"] == "52"
    assert lines[""] == "No targets, so no error and no slope: type a target in the data table."


def test_every_number_of_a_node_or_edge_knows_its_address():
    weight = explained(BANK, Address("weight", 0, 0, 0))
    chain = line(weight, "chain")
    assert [piece.address for piece in factors(chain)] == [
        Address("node", -1, 0),
        Address("node", 0, 0),
        Address("weight", 1, 0, 0),
        Address("node", 1, 0),
        Address("weight", 0, 0, 0),
    ]
    slope = line(weight, "slope")
    assert [piece.slope for piece in factors(slope)] == [False, True, True]


def test_the_copy_is_ascii():
    text = explained(BANK, Address("weight", 0, 0, 0)).text()
    assert "3*(-32) = -96" in text
    assert text.isascii()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_huge_inputs_are_explained_without_overflow(name):
    network = make_network((1, 2), (name,), (False,), scale=2000.0)
    state = State(network, Dataset([[1.0]], [[0.0, 1.0]]))
    for each in explained(state, Address("node", 0, 0)).lines:
        assert np.isfinite(each.value)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_optimizer_can_be_explained(activation, optimizer):
    layers = (
        Layer(("h0", "h1"), activation, [[0.5, -1.0], [0.25, 2.0]], [0.1, -0.2]),
        Layer(("y",), "identity", [[1.5, -0.5]], None),
    )
    data = Dataset([[1.0, 2.0], [-1.0, 0.5]], [[1.0], [0.0]])
    state = State(Network(("a", "b"), layers), data, Training(optimizer=optimizer))
    found = computed(state, 0)
    for address in (Address("node", 0, 1), Address("weight", 0, 1, 0), Address("bias", 0, 0)):
        lines = explain(state, address, found).lines
        assert all(np.isfinite(line.value) for line in lines)
        if address.kind != "node":
            updated = train(state, updates=1).state.network.layers[0]
            new = updated.weights[1, 0] if address.kind == "weight" else updated.biases[0]
            assert lines[-1].value == pytest.approx(new, rel=1e-9)
