"""Which lines of a program are lit up where the walk is: those that compute what the step says."""

import pytest

from nnviz.document.walk.walk import Deed, Progress, Step, Walk
from nnviz.files.code import program
from nnviz.ui.code.lit import Lines, pointed_at
from tests.files.programs import of_classes, shipped


def lit(style: str, deed: Deed, layer: int, node: int = 0, name: str = "many-rows") -> list[str]:
    """Return what the lines say that are lit up once a step is done."""
    state = shipped(name)
    lines = program(state, style).lines
    progress = Progress(Walk(state.network.sizes, rows=len(state.data)))
    progress.stand_at(progress.walk.steps.index(Step(deed, layer, node)) + 1)
    return [lines[k].text.strip() for k in sorted(Lines(lines).walked(progress))]


MEAN = "slopes[node] = slopes[node] + row_slopes[node] / len(input_data)"
BACK = ["def relu_back(z, slope_a):", "return slope_a * (z > 0)"]
FIT = "fitted = model.fit("


@pytest.mark.parametrize(
    ("style", "deed", "layer", "node", "said"),
    [
        ("course", "mean", 0, 1, [MEAN]),
        ("numpy", "mean", 0, 1, ["slope_W0 = slope_z0.T @ x"]),
        ("pytorch", "mean", 0, 1, ["loss.backward()"]),
        ("keras", "mean", 0, 1, [FIT]),
        ("numpy", "backward", 1, 0, [*BACK, "slope_a1 = 2 * (a1 - y) / y.size", "slope_z1 = relu_back("]),
        ("numpy", "slopes", 1, 0, ["slope_W1 = slope_z1.T @ a0"]),
        ("course", "backward", 1, 0, [*BACK, "output_slope = relu_back("]),
        ("course", "slopes", 1, 0, ["'output': hidden_layer_outputs * output_slope,"]),
        ("pytorch", "slopes", 1, 0, ["loss.backward()"]),
        ("keras", "backward", 1, 0, [FIT]),
        ("keras", "slopes", 1, 0, [FIT]),
        ("keras", "update", 1, 0, [FIT]),
        ("course", "update", 0, 0, ["weights_updated[node] = "]),
    ],
)
def test_the_lines_are_lit_up_that_compute_what_a_step_says(style, deed, layer, node, said):
    assert [text[: len(own)] for text, own in zip(lit(style, deed, layer, node), said, strict=True)] == said


def test_of_one_row_the_mean_lights_up_the_slopes_of_all_weights():
    assert lit("numpy", "mean", 1, name="relu") == ["slope_W1 = slope_z1.T @ a0", "slope_W0 = slope_z0.T @ x"]


def test_no_slope_is_lit_up_in_loss():
    assert not any("slope" in text for deed in ("loss", "losses") for text in lit("numpy", deed, 1))


def at(style: str, said: str, within: str) -> tuple[str, int | None] | None:
    """Return the name of what a click on a text within a line selects, and the row."""
    state = shipped("many-rows")
    lines = program(state, style).lines
    line = next(k for k, own in enumerate(lines) if said in own.text)
    found = pointed_at(lines, line, lines[line].text.index(within))
    return found and (found.address.name(state.network), found.row)


def test_a_value_of_a_row_leads_to_its_input_and_its_row():
    state = shipped("many-rows")
    inputs, output = state.network.inputs, state.network.layers[-1].nodes[0]
    assert at("course", "input_data = ", "-1]") == (inputs[1], 1)
    assert at("numpy", "inputs = ", "-1.0]") == (inputs[1], 1)
    assert at("numpy", "targets = ", "140.0]") == (output, 3)


def test_a_nodes_name_leads_to_the_node_and_a_number_to_its_edge():
    assert at("course", "    'node_0': np.array", "node_0") == ("node_0", None)
    assert at("numpy", "# node_1", "node_1") == ("node_1", None)
    assert at("numpy", "# node_1", ".0,") == (f"{shipped('many-rows').network.inputs[0]} → node_1", None)
    assert at("numpy", "z0 = x @", "x") is None


@pytest.mark.parametrize(
    ("style", "deed", "said"),
    [
        ("course", "loss", ["error = model_outputs - target"]),
        ("course", "backward", ["output_0_slope = error[0]"]),
        ("numpy", "backward", ["slope_z1 = (a1 - y) / len(y)"]),
        ("numpy", "loss", ["z = forward(x)[-2]", "return np.sum(y * "]),
        ("pytorch", "loss", ["loss = cross_entropy(model[:-1](train_inputs), train_targets)"]),
        ("keras", "loss", ["loss=keras.losses.CategoricalCrossentropy(from_logits=True),"]),
        ("keras", "backward", ["fitted = trained.fit("]),
    ],
)
def test_with_cross_entropy_they_are_those_of_the_loss_from_z(style, deed, said):
    state = of_classes(depths=([3],))["cross_entropy_softmax3_1"]
    assert state.validated
    lines = program(state, style).lines
    progress = Progress(Walk(state.network.sizes, rows=len(state.data)))
    step = next(step for step in progress.walk.steps if (step.deed, step.layer) == (deed, 1))
    progress.stand_at(progress.walk.steps.index(step) + 1)
    found = [lines[k].text.strip() for k in sorted(Lines(lines).walked(progress))]
    assert all(any(text.startswith(own) for text in found) for own in said), found
    assert not any("softmax_back" in line.text for line in lines)
