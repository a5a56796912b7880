"""Where the numbers of one node come from: forward, the loss, and back. One row."""

from __future__ import annotations

import numpy as np

from nnviz.core.activation import Joint
from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import Line, Note, write
from nnviz.core.explanation.scene import FEW_TERMS, Scene
from nnviz.core.expressions import Number, Square


def input_lines(scene: Scene, node: int, row: int | None) -> list[Line | Note]:
    """Return the value of an input, where it stands in the data, and what it adds to each z.

    `row` is None for a free row, which is not in the data.
    """
    value, fed = scene.a(-1, node), len(scene.network.layers[0])
    products = value.value * scene.network.layers[0].weights[:, node]
    few = FEW_TERMS if fed > FEW_TERMS + 1 else fed
    if row is None:
        given = "It is tried out, and not in the data: training knows nothing of it."
    else:
        place = f"in row {row + 1:,} of the data, column {scene.name(-1, node)}"
        given = f"It is given, {place}: training leaves it as it is."
    lines: list[Line | Note] = [
        Line("value", "", write(value, value.value)),
        Note("", given),
        Note("", "Each node that it feeds adds this value times the weight between them to its z:"),
    ]
    largest = sorted(map(int, np.argsort(-np.abs(products), kind="stable")[:few]))
    lines += [_onward_line(scene, node, j, float(products[j])) for j in largest]
    if few < fed:
        lines.append(Note("", f"For the {fed - few:,} other nodes it comes to no more."))
    return lines


def _onward_line(scene: Scene, node: int, fed: int, product: float) -> Line:
    result = Number(product, Address("node", 0, fed))
    written = write(scene.a(-1, node) * scene.w(0, fed, node), product, result=result)
    return Line(f"for {scene.name(0, fed)}", "value·w", written)


def forward_lines(scene: Scene, layer: int, node: int) -> list[Line]:
    """Return z and a of a node."""
    return [_z_line(scene, layer, node), _a_line(scene, layer, node)]


def _z_line(scene: Scene, layer: int, node: int) -> Line:
    weights = scene.network.layers[layer].weights[node]
    terms = [scene.a(layer - 1, i) * scene.w(layer, node, i) for i in range(len(weights))]
    bias = scene.b(layer, node)
    expression = scene.sum(terms, "z")
    if bias is not None:
        expression = expression + bias
    formula = "Σ value·w" if bias is None else "Σ value·w + b"
    z = scene.z(layer, node)
    return Line("z", formula, write(expression, z.value, result=z), scene.folds("z", len(terms)))


def _a_line(scene: Scene, layer: int, node: int) -> Line:
    function = scene.network.layers[layer].function
    a, z = scene.a(layer, node), scene.z(layer, node)
    if function.linear:
        return Line("a", "z", write(z, a.value))
    if function.joint is None:
        return Line("a", function.call, write(function.written(z), a.value, result=a))
    zs = [scene.z(layer, j) for j in range(len(scene.values(layer)))]
    formula, expression = function.joint.value(zs, node, lambda terms: scene.sum(terms, "a"))
    return Line("a", formula, write(expression, a.value, result=a), scene.folds("a", len(zs)))


def loss_lines(scene: Scene, output: int) -> list[Line]:
    """Return the error of an output, its square, and the row's MSE where there are several outputs."""
    assert scene.targets is not None
    last = len(scene.network.layers) - 1
    error = scene.error(output)
    difference = scene.a(last, output) - float(scene.targets[output])
    lines = [Line("error", "prediction − target", write(difference, error.value, result=error))]
    lines.append(Line("error²", "", write(Square(error), error.value * error.value)))
    outputs = len(scene.network.outputs)
    if outputs > 1:
        lines.append(row_mse_line(scene))
    return lines


def row_mse_line(scene: Scene) -> Line:
    """Return the MSE of the row."""
    outputs = len(scene.network.outputs)
    errors = [scene.error(j) for j in range(outputs)]
    squares = [error.value * error.value for error in errors]
    expression, formula = scene.sum([Square(error) for error in errors], "row's MSE"), "error²"
    if outputs > 1:
        expression, formula = expression / outputs, "Σ error² / outputs"
    name = scene.folds("row's MSE", outputs)
    return Line("row's MSE", formula, write(expression, sum(squares) / outputs), name)


def backward_lines(scene: Scene, layer: int, node: int) -> list[Line]:
    """Return ∂MSE/∂a, the activation's slope and ∂MSE/∂z of a node."""
    first = _slope_a_line(scene, layer, node)
    function = scene.network.layers[layer].function
    slope = scene.slope_z(layer, node)
    if function.joint is not None:
        return [first, _joint_slope_line(scene, function.joint, layer, node)]
    if function.linear:
        return [first, Line("∂MSE/∂z", "∂MSE/∂a", write(slope, slope.value))]
    product = scene.slope_a(layer, node) * scene.passes(layer, node)
    last = Line("∂MSE/∂z", f"∂MSE/∂a · {function.name}′(z)", write(product, slope.value, result=slope))
    return [first, _passes_line(scene, layer, node), last]


def _slope_a_line(scene: Scene, layer: int, node: int) -> Line:
    slope = scene.slope_a(layer, node)
    if layer == len(scene.network.layers) - 1:
        expression, formula = 2 * scene.error(node), "2·error"
        outputs = len(scene.network.outputs)
        if outputs > 1:
            expression, formula = expression / outputs, "2·error / outputs"
        return Line("∂MSE/∂a", formula, write(expression, slope.value, result=slope))
    onward = scene.network.layers[layer + 1].weights[:, node]
    terms = [scene.w(layer + 1, k, node) * scene.slope_z(layer + 1, k) for k in range(len(onward))]
    expression = scene.sum(terms, f"back{layer}")
    name = scene.folds(f"back{layer}", len(terms))
    return Line("∂MSE/∂a", "Σ w·∂MSE/∂z onward", write(expression, slope.value, result=slope), name)


def _passes_line(scene: Scene, layer: int, node: int) -> Line:
    function, slope = scene.network.layers[layer].function, scene.passes(layer, node)
    assert function.slope_rule is not None
    expression = function.slope_rule.at({"z": scene.z(layer, node), "a": scene.a(layer, node)})
    if isinstance(expression, Number):
        expression = slope  # the same, and it knows its place
    return Line(f"{function.name}′(z)", function.slope_rule.text, write(expression, slope.value))


def _joint_slope_line(scene: Scene, joint: Joint, layer: int, node: int) -> Line:
    count, name = len(scene.values(layer)), f"joint{layer}"
    a, slopes = ([of(layer, k) for k in range(count)] for of in (scene.a, scene.slope_a))
    formula, expression = joint.slope(a, slopes, node, lambda terms: scene.sum(terms, name))
    result = scene.slope_z(layer, node)
    return Line("∂MSE/∂z", formula, write(expression, result.value, result=result), scene.folds(name, count))
