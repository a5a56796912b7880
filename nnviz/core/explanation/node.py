"""Where the numbers of one node come from: forward, the loss, and back. One row."""

from __future__ import annotations

import numpy as np

from nnviz.core.explanation.arithmetic import write
from nnviz.core.explanation.expressions import (
    Call,
    Expression,
    Negative,
    Number,
    Product,
    Quotient,
    Square,
    Sum,
)
from nnviz.core.explanation.lines import Line
from nnviz.core.explanation.scene import Scene

LARGE_POWER = 600.0
"""e^z of a softmax is written shifted where some |z| is larger: float64 ends at e^709."""


def forward_lines(scene: Scene, layer: int, node: int) -> list[Line]:
    """Return z and a of a node; of an input its value."""
    if layer < 0:
        value = scene.a(layer, node)
        return [Line("value", "", write(value, value.value))]
    return [_z_line(scene, layer, node), _a_line(scene, layer, node)]


def _z_line(scene: Scene, layer: int, node: int) -> Line:
    weights = scene.network.layers[layer].weights[node]
    terms: list[Expression] = [
        Product(scene.a(layer - 1, i), scene.w(layer, node, i)) for i in range(len(weights))
    ]
    sizes = list(scene.values(layer - 1) * weights)
    bias = scene.b(layer, node)
    found = scene.sum(terms, sizes, "z")
    if bias is not None:
        found = Sum(*found.parts, bias)
    formula = "Σ value·w" if bias is None else "Σ value·w + b"
    z = scene.z(layer, node)
    return Line("z", formula, write(found, z.value, result=z), scene.folds("z", len(terms)))


def _a_line(scene: Scene, layer: int, node: int) -> Line:
    function = scene.network.layers[layer].function
    a, z = scene.a(layer, node), scene.z(layer, node)
    if function.name == "identity":
        return Line("a", "z", write(z, a.value))
    if function.name == "softmax":
        return _softmax_line(scene, layer, node)
    return Line("a", f"{function.name}(z)", write(Call(function.name, z), a.value, result=a))


def _softmax_line(scene: Scene, layer: int, node: int) -> Line:
    z = scene.trace.z[layer][0]
    shift = float(z.max()) if np.abs(z).max() > LARGE_POWER else 0.0
    powers: list[Expression] = []
    for j in range(len(z)):
        own = scene.z(layer, j)
        powers.append(Call("e^", Number(own.value - shift, own.address)))
    with np.errstate(all="ignore"):
        sizes = [float(size) for size in np.exp(z - shift)]
    bottom = scene.sum(powers, sizes, "a")
    formula = "e^(z − m) / Σ e^(z − m), m the largest z" if shift else "e^z / Σ e^z"
    a = scene.a(layer, node)
    written = write(Quotient(powers[node], bottom), a.value, result=a)
    return Line("a", formula, written, scene.folds("a", len(powers)))


def loss_lines(scene: Scene, output: int) -> list[Line]:
    """Return the error of an output, its square, and the row's MSE where there are several outputs."""
    assert scene.targets is not None
    last = len(scene.network.layers) - 1
    error = scene.error(output)
    target = Number(float(scene.targets[output]))
    difference = Sum(scene.a(last, output), Negative(target))
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
    found: Expression = scene.sum([Square(error) for error in errors], squares, "row's MSE")
    formula = "error²"
    if outputs > 1:
        found, formula = Quotient(found, Number(outputs)), "Σ error² / outputs"
    name = scene.folds("row's MSE", outputs)
    return Line("row's MSE", formula, write(found, sum(squares) / outputs), name)


def backward_lines(scene: Scene, layer: int, node: int) -> list[Line]:
    """Return ∂MSE/∂a, the activation's slope and ∂MSE/∂z of a node."""
    lines = [_slope_a_line(scene, layer, node)]
    function = scene.network.layers[layer].function
    slope = scene.slope_z(layer, node)
    if function.name == "softmax":
        return [*lines, _softmax_slope_line(scene, layer, node)]
    if function.name != "identity":
        lines.append(_passes_line(scene, layer, node))
        product = Product(scene.slope_a(layer, node), scene.passes(layer, node))
        found = write(product, slope.value, result=slope)
        return [*lines, Line("∂MSE/∂z", f"∂MSE/∂a · {function.name}′(z)", found)]
    return [*lines, Line("∂MSE/∂z", "∂MSE/∂a", write(slope, slope.value))]


def _slope_a_line(scene: Scene, layer: int, node: int) -> Line:
    slope = scene.slope_a(layer, node)
    if layer == len(scene.network.layers) - 1:
        found: Expression = Product(Number(2.0), scene.error(node))
        formula, outputs = "2·error", len(scene.network.outputs)
        if outputs > 1:
            found, formula = Quotient(found, Number(outputs)), "2·error / outputs"
        return Line("∂MSE/∂a", formula, write(found, slope.value, result=slope))
    onward = scene.network.layers[layer + 1].weights[:, node]
    slopes = [scene.slope_z(layer + 1, k) for k in range(len(onward))]
    terms = [Product(scene.w(layer + 1, k, node), slope) for k, slope in enumerate(slopes)]
    sizes = [float(w) * slope.value for w, slope in zip(onward, slopes, strict=True)]
    found = scene.sum(terms, sizes, f"back{layer}")
    name = scene.folds(f"back{layer}", len(terms))
    return Line("∂MSE/∂a", "Σ w·∂MSE/∂z onward", write(found, slope.value, result=slope), name)


def _passes_line(scene: Scene, layer: int, node: int) -> Line:
    function = scene.network.layers[layer].function
    a, z, slope = scene.a(layer, node), scene.z(layer, node), scene.passes(layer, node)
    one = Number(1.0)
    found: Expression = slope
    if function.name == "sigmoid":
        found = Product(a, Sum(one, Negative(a)))
    elif function.name == "tanh":
        found = Sum(one, Negative(Square(a)))
    elif function.name == "softplus":
        found = Call("sigmoid", z)
    written = write(found, slope.value)
    return Line(f"{function.name}′(z)", function.slope_formula, written)


def _softmax_slope_line(scene: Scene, layer: int, node: int) -> Line:
    values = scene.values(layer)
    slopes = [scene.slope_a(layer, k) for k in range(len(values))]
    terms = [Product(slope, scene.a(layer, k)) for k, slope in enumerate(slopes)]
    sizes = [slope.value * float(values[k]) for k, slope in enumerate(slopes)]
    mean = scene.sum(terms, sizes, f"softmax{layer}")
    found = Product(scene.a(layer, node), Sum(slopes[node], Negative(mean)))
    result = scene.slope_z(layer, node)
    name = scene.folds(f"softmax{layer}", len(terms))
    written = write(found, result.value, result=result)
    return Line("∂MSE/∂z", "a·(∂MSE/∂a − Σ ∂MSE/∂a·a)", written, name)
