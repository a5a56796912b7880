"""Where the numbers of one node come from: forward, the loss, and back. One row."""

from __future__ import annotations

import numpy as np

from nnviz.core.activation import Joint
from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import Line, Note, write
from nnviz.core.explanation.scene import FEW_TERMS, Scene
from nnviz.core.expressions import Expression, Number
from nnviz.core.losses import Short
from nnviz.core.numbers import MINUS

CLOSE = 1e-9
"""What is written from a is right where it is so near to what was computed from z."""


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
    """Return the error of an output, its term of the loss, and the row's loss where outputs are several."""
    assert scene.targets is not None
    last = len(scene.network.layers) - 1
    error = scene.error(output)
    difference = scene.a(last, output) - float(scene.targets[output])
    lines = [Line("error", "prediction − target", write(difference, error.value, result=error))]
    value, label, term = _term(scene, output)
    lines.append(Line(label, "", write(term, value)))
    outputs = len(scene.network.outputs)
    if outputs > 1:
        lines.append(row_loss_line(scene))
    return lines


def _term(scene: Scene, output: int) -> tuple[float, str, Expression]:
    """Return what an output adds to the row's loss: its value, formula and arithmetic.

    That is written from z where the a that stands there is too near to 0 or 1 to tell.
    """
    measure, last = scene.measure, len(scene.network.layers) - 1
    assert scene.targets is not None
    y, value = Number(float(scene.targets[output])), float(scene.terms[output])
    term = measure.term.at({"a": scene.a(last, output), "y": y, "error": scene.error(output)})
    if measure.term_by_z is None or abs(term.computed() - value) <= CLOSE * max(1.0, abs(value)):
        return value, measure.term.text, term
    zs = [scene.z(last, k) for k in range(len(scene.network.outputs))]
    formula, by_z = measure.term_by_z(zs, y, output, lambda terms: scene.sum(terms, "by z"))
    return value, formula, by_z


def row_loss_line(scene: Scene) -> Line:
    """Return the loss of the row."""
    assert scene.targets is not None
    measure, outputs = scene.measure, len(scene.network.outputs)
    told = [j for j in range(outputs) if measure.averaged or scene.targets[j]] or [0]
    expression = scene.sum([_term(scene, j)[2] for j in told], scene.row_loss)
    formula = measure.term.text
    if outputs > 1:
        sign, formula = (MINUS, formula[1:]) if formula.startswith(MINUS) else ("", formula)
        formula = f"{sign}Σ {formula}"
    if measure.parts(outputs) > 1:
        expression, formula = expression / outputs, f"{formula} / outputs"
    value = float(scene.terms.sum()) / measure.parts(outputs)
    return Line(scene.row_loss, formula, write(expression, value), scene.folds(scene.row_loss, len(told)))


def backward_lines(scene: Scene, layer: int, node: int) -> list[Line | Note]:
    """Return the slope with respect to a, the activation's slope and that with respect to z of a node.

    A loss that goes together with the output's activation tells the last at once; then come its factors.
    """
    short = scene.measure.short if layer == len(scene.network.layers) - 1 else None
    if short is None:
        return [*_by_factors(scene, layer, node)]
    lines: list[Line | Note] = [_short_line(scene, short, node), Note("", short.reason)]
    assert scene.slopes is not None
    slopes_a = scene.slopes.layers[layer].outputs[0]
    if scene.network.layers[layer].function.elementwise:
        slopes_a = slopes_a[node : node + 1]
    if np.isfinite(slopes_a).all() and np.abs(slopes_a).max() < 1 / CLOSE:
        return [*lines, *_by_factors(scene, layer, node)]
    return [*lines, Note("", "By its factors it cannot be told: an output is too near to 0 or 1.")]


def _short_line(scene: Scene, short: Short, output: int) -> Line:
    """Return the slope with respect to the z of an output in one step."""
    assert scene.targets is not None
    last, total = len(scene.network.layers) - 1, float(scene.targets.sum())
    rule, parts = short.rule(total), scene.measure.parts(len(scene.network.outputs))
    y = Number(float(scene.targets[output]))
    expression = rule.at({"a": scene.a(last, output), "y": y, "Σy": Number(total)})
    formula, slope = rule.text, scene.slope_z(last, output)
    if parts > 1:
        expression, formula = expression / parts, f"({formula}) / outputs"
    return Line(scene.to("z"), formula, write(expression, slope.value, result=slope))


def _by_factors(scene: Scene, layer: int, node: int) -> list[Line]:
    first = _slope_a_line(scene, layer, node)
    function = scene.network.layers[layer].function
    slope = scene.slope_z(layer, node)
    if function.joint is not None:
        return [first, _joint_slope_line(scene, function.joint, layer, node)]
    if function.linear:
        return [first, Line(scene.to("z"), scene.to("a"), write(slope, slope.value))]
    product = scene.slope_a(layer, node) * scene.passes(layer, node)
    formula = f"{scene.to('a')} · {function.name}′(z)"
    last = Line(scene.to("z"), formula, write(product, slope.value, result=slope))
    return [first, _passes_line(scene, layer, node), last]


def _slope_a_line(scene: Scene, layer: int, node: int) -> Line:
    slope, label = scene.slope_a(layer, node), scene.to("a")
    if layer == len(scene.network.layers) - 1:
        assert scene.targets is not None
        rule, parts = scene.measure.slope_rule, scene.measure.parts(len(scene.network.outputs))
        y = Number(float(scene.targets[node]))
        expression = rule.at({"a": scene.a(layer, node), "y": y, "error": scene.error(node)})
        formula = rule.text
        if parts > 1:
            expression, formula = expression / parts, f"{formula} / outputs"
        return Line(label, formula, write(expression, slope.value, result=slope))
    onward = scene.network.layers[layer + 1].weights[:, node]
    terms = [scene.w(layer + 1, k, node) * scene.slope_z(layer + 1, k) for k in range(len(onward))]
    expression = scene.sum(terms, f"back{layer}")
    name = scene.folds(f"back{layer}", len(terms))
    formula = f"Σ w·{scene.to('z')} onward"
    return Line(label, formula, write(expression, slope.value, result=slope), name)


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
    result, formula = scene.slope_z(layer, node), formula.replace("∂L/∂a", scene.to("a"))
    return Line(
        scene.to("z"), formula, write(expression, result.value, result=result), scene.folds(name, count)
    )
