"""Lines of an explanation for one row: values and slopes of nodes, slopes of weights, the loss."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np

from nnviz.core.address import Address
from nnviz.core.expressions import Expression, Number, Product, Sum, Symbol
from nnviz.core.losses import Short
from nnviz.core.numbers import MINUS, counted
from nnviz.core.parameters import learned_numbers
from nnviz.core.slopes import prediction_slopes
from nnviz.core.state import State
from nnviz.explain.lines import FEW_TERMS, Line, Note, Scene, shortened_sum, write

TERM_TOLERANCE = 1e-9
"""Explain computes a loss term from a if the error is at most this times max(1, |term|); else from z."""
FEW_OUTPUTS = 3
"""Number of largest outputs whose slopes by an input Explain shows."""
FEW_FACTORS = 8
"""Largest number of factors of all paths from an input to an output that Explain writes in one line."""


def input_lines(scene: Scene, node: int, row: int | None) -> list[Line | Note]:
    """Return the lines of an input: its value, its place in the data, and what the first layer does with it.

    `row` is the index of the row, or None for a what-if row (inputs that are not in the data).
    """
    value = scene.a(-1, node)
    place = f"row {(row or 0) + 1:,}, column {scene.name(-1, node)} of the data"
    given = f"The value is in {place}. Training does not change the data."
    if row is None:
        given = "This what-if row is not in the data, so training does not use this row."
    return [
        Line(Address("node", -1).symbol, "", write(value, value.value)),
        Note("", given),
        Note("", "Each node of the next layer adds the product of value and weight, value·w, to its z."),
    ]


def input_slope_lines(scene: Scene, node: int) -> Iterator[tuple[int, Line]]:
    """Yield the lines of the slopes of the predictions by an input, and of the loss if the row has a target.

    Each line comes with the index of its output, or −1 for the loss. If there are many outputs, only the
    largest FEW_OUTPUTS have a line. If the paths from the input to an output have few factors, each term of a
    slope is the product along a path.
    """
    layers, last = scene.network.layers, len(scene.network.layers) - 1
    hidden = [range(len(layer)) for layer in layers[:-1]]
    count, elementwise = prod(map(len, hidden)), all(layer.function.elementwise for layer in layers)
    product = "·".join("w" if layer.function.linear else f"w·{layer.activation}′" for layer in layers)
    few_paths = elementwise and count * (product.count("·") + 1) <= FEW_FACTORS
    by_path = f"Σ {product} over all paths" if count > 1 else product
    outputs = sorted(np.argsort(-scene.values(last), kind="stable")[:FEW_OUTPUTS].tolist())
    slopes_z = prediction_slopes(scene.network, scene.trace, outputs)
    for output, slopes in zip(outputs, slopes_z, strict=True):
        symbol = f"∂{scene.name(last, output)}/∂"
        formula = by_path if few_paths else f"Σ w·{symbol}z of the next layer"
        if few_paths:
            paths = (_factors(scene, -1, (node, *path, output)) for path in itertools.product(*hidden))
            terms: list[Expression] = [Product(*(factor for _, factor in path)) for path in paths]
        else:
            ends = [Number(float(each), Address("node", 0, j), slope=True) for j, each in enumerate(slopes)]
            terms = [scene.w(0, j, node) * end for j, end in enumerate(ends)]
        slope = Number(float(layers[0].weights[:, node] @ slopes), Address("node", -1, node), slope=True)
        yield output, Line(f"{symbol}x", formula, write(shortened_sum(terms), slope))
    if scene.slopes:
        yield -1, _slope_a_line(scene, -1, node)


def layer_note(state: State, layer: int) -> Note:
    """Return a note with the numbers of nodes, weights and biases of a layer."""
    own = state.network.layers[layer]
    nodes, sources = own.weights.shape
    into = counted(sources, "weight") if own.biases is None else f"{counted(sources, 'weight')} and a bias"
    learned = counted(learned_numbers(state)[layer], "number")
    return Note("", f"{counted(nodes, 'node')}, each with {into}: training changes {learned}.")


def layer_lines(scene: Scene, layer: int) -> list[Line | Note]:
    """Return the lines of a layer: the a of each node, or of the first nodes of a wide layer."""
    names = scene.network.layers[layer].nodes
    few = names[:FEW_TERMS] if len(names) > FEW_TERMS + 1 else names
    lines: list[Line | Note] = [replace(_a_line(scene, layer, j), label=own) for j, own in enumerate(few)]
    if omits := len(names) - len(few):
        omitted = f"Explain omits the other {omits:,} nodes: select a node to see its value."
        lines.append(Note("", omitted))
    return lines


def forward_lines(scene: Scene, layer: int, node: int) -> list[Line]:
    """Return two lines: the z and the a of a node."""
    return [_z_line(scene, layer, node), _a_line(scene, layer, node)]


def _z_line(scene: Scene, layer: int, node: int) -> Line:
    weights = scene.network.layers[layer].weights[node]
    terms = [scene.a(layer - 1, i) * scene.w(layer, node, i) for i in range(len(weights))]
    formula, expression = "Σ value·w", shortened_sum(terms)
    if (bias := scene.b(layer, node)) is not None:
        formula, expression = f"{formula} + b", expression + bias
    return Line("z", formula, write(expression, scene.z(layer, node)))


def _a_line(scene: Scene, layer: int, node: int) -> Line:
    function, z = scene.network.layers[layer].function, scene.z(layer, node)
    expression: Expression = z
    if function.joint:
        zs = [scene.z(layer, j) for j in range(len(scene.values(layer)))]
        formula, expression = function.joint.value(zs, node, shortened_sum)
    elif function.linear:
        formula = "z"
    else:
        formula, expression = function.call, function.written(z)
    return Line("a", formula, write(expression, scene.a(layer, node)))


def loss_lines(scene: Scene, output: int) -> list[Line]:
    """Return the lines of an output's error and of the output's term of the loss.

    If the network has several outputs, the line of the row's loss follows.
    """
    difference = scene.prediction(output) - scene.y(output)
    lines = [Line("error", "prediction − target", write(difference, scene.error(output)))]
    value, label, term = _term(scene, output)
    lines.append(Line(label, "", write(term, value)))
    if len(scene.network.outputs) > 1:
        lines.append(row_loss_line(scene))
    return lines


def _term(scene: Scene, output: int) -> tuple[float, str, Expression]:
    """Return the term of an output in the row's loss: value, formula and arithmetic.

    The term is written with z if a is too close to 0 or 1 to give the value.
    """
    measure, last = scene.measure, len(scene.network.layers) - 1
    symbols, value = _symbols(scene, output), float(scene.terms[output])
    term = measure.term.at(symbols)
    if measure.term_by_z is None or abs(term.computed() - value) <= TERM_TOLERANCE * max(1.0, abs(value)):
        return value, measure.term.text, term
    zs = [scene.z(last, k) for k in range(len(scene.network.outputs))]
    formula, by_z = measure.term_by_z(zs, symbols["y"], output, shortened_sum)
    return value, formula, by_z


def row_loss_line(scene: Scene) -> Line:
    """Return the line of the row's loss."""
    measure, outputs = scene.measure, len(scene.network.outputs)
    terms = [j for j in range(outputs) if measure.averaged or scene.terms[j]] or [0]
    label = f"the row's {measure.phrase}"
    expression = shortened_sum([_term(scene, j)[2] for j in terms])
    formula = measure.term.text
    if outputs > 1:
        sign, formula = (MINUS, formula[1:]) if formula.startswith(MINUS) else ("", formula)
        formula = f"{sign}Σ {formula}"
    formula, expression = _averaged(scene, formula, expression)
    value = float(scene.terms.sum()) / measure.parts(outputs)
    return Line(label, formula, write(expression, value))


def backward_lines(scene: Scene, layer: int, node: int) -> list[Line | Note]:
    """Return the lines of ∂L/∂a, of the activation's slope f′(z), and of the product ∂L/∂z.

    If the loss has a short form of ∂L/∂z, the line of the short form comes first.
    """
    short = scene.measure.short if layer == len(scene.network.layers) - 1 else None
    if short is None:
        return [*_factor_lines(scene, layer, node)]
    lines: list[Line | Note] = [_short_line(scene, short, node), Note("", short.reason)]
    assert scene.slopes is not None
    slopes_a = scene.slopes.layers[layer].outputs[0]
    if scene.network.layers[layer].function.elementwise:
        slopes_a = slopes_a[node : node + 1]
    if np.isfinite(slopes_a).all() and np.abs(slopes_a).max() < 1 / TERM_TOLERANCE:
        return [*lines, *_factor_lines(scene, layer, node)]
    return [*lines, Note("", "An output is near 0 or 1: this slope's factor ∂L/∂a is too large to show.")]


def _averaged(
    scene: Scene, formula: str, expression: Expression, rule: Expression | None = None
) -> tuple[str, Expression]:
    """Return both divided by the number of outputs if the loss averages the terms of the outputs.

    `rule` is the expression that `formula` is the text of, or None if `formula` needs no parentheses.
    """
    parts = scene.measure.parts(len(scene.network.outputs))
    factor = rule.factor if rule else formula
    return (f"{factor} / outputs", expression / parts) if parts > 1 else (formula, expression)


def _short_line(scene: Scene, short: Short, output: int) -> Line:
    """Return the line of the slope with respect to z of an output, by the short form of the loss."""
    assert scene.targets is not None
    last, total = len(scene.network.layers) - 1, float(scene.targets.sum())
    rule, slope = short.rule(total), scene.slope_z(last, output)
    expression = rule.at({**_symbols(scene, output), "Σy": Number(total)})
    formula, expression = _averaged(scene, rule.text, expression, rule)
    return Line(scene.slope_symbol("z"), formula, write(expression, slope))


def _factor_lines(scene: Scene, layer: int, node: int) -> list[Line]:
    """Return the lines of ∂L/∂a, of f′(z) if the activation has this factor, and of ∂L/∂z."""
    function, slope_a = scene.network.layers[layer].function, scene.slope_symbol("a")
    lines, slope = [_slope_a_line(scene, layer, node)], scene.slope_z(layer, node)
    expression: Expression = slope
    if function.joint:
        count = len(scene.values(layer))
        a, slopes = ([of(layer, k) for k in range(count)] for of in (scene.a, scene.slope_a))
        formula, expression = function.joint.slope(a, slopes, node, shortened_sum)
        formula = formula.replace("∂L/∂a", slope_a)
    elif function.linear:
        formula = slope_a
    else:
        lines.append(_activation_slope_line(scene, layer, node))
        formula = f"{slope_a} · {function.name}′(z)"
        expression = scene.slope_a(layer, node) * scene.activation_slope(layer, node)
    return [*lines, Line(scene.slope_symbol("z"), formula, write(expression, slope))]


def _slope_a_line(scene: Scene, layer: int, node: int) -> Line:
    slope, label = scene.slope_a(layer, node), scene.slope_symbol("x" if layer < 0 else "a")
    if layer == len(scene.network.layers) - 1:
        rule = scene.measure.slope_rule
        formula, expression = _averaged(scene, rule.text, rule.at(_symbols(scene, node)), rule)
    else:
        following = range(len(scene.network.layers[layer + 1]))
        terms = [scene.w(layer + 1, k, node) * scene.slope_z(layer + 1, k) for k in following]
        formula, expression = f"Σ w·{scene.slope_symbol('z')} of the next layer", shortened_sum(terms)
    return Line(label, formula, write(expression, slope))


def _activation_slope_line(scene: Scene, layer: int, node: int) -> Line:
    function, slope = scene.network.layers[layer].function, scene.activation_slope(layer, node)
    assert function.slope_rule is not None
    expression = function.slope_rule.at({"z": scene.z(layer, node), "a": scene.a(layer, node)})
    if isinstance(expression, Number):
        expression = slope  # the same value, with its address
    return Line(f"{function.name}′(z)", function.slope_rule.text, write(expression, slope.value))


_NAMES = ("a", "y", "error")
FEW_PATHS = 6
"""Largest number of paths to the outputs that are written out one by one."""


def start_of(scene: Scene, address: Address) -> Number:
    """Return the value of the node at which a weight starts, or 1 for a bias."""
    return scene.a(address.layer - 1, address.source) if address.kind == "weight" else Number(1.0)


def slope_line(scene: Scene, address: Address, *, penalised: bool = True) -> Line:
    """Return the line of the slope of a weight or bias for one row: start node's value · end node's ∂L/∂z.

    If `penalised`, the slope of a weight contains the slope of the penalty.
    """
    assert scene.slopes is not None
    start, end = start_of(scene, address), scene.slope_z(address.layer, address.node)
    formula = "start node's value · end node's slope" if address.kind == "weight" else "1 · node's slope"
    terms, value = [start * end], start.value * end.value
    if penalised and address.kind == "weight" and scene.penalty:
        formula = " + ".join((formula, *(term.text for term in scene.penalty.slope_terms)))
        w = Number(scene.network.value_of(address), address)
        terms += [term.at({"w": w}) for term in scene.penalty.slope_terms]
        value = scene.slopes.slope(address)
    slope = Number(value, address, slope=True)
    return Line("slope", formula, write(Sum(*terms), slope))


def chain_lines(scene: Scene, address: Address) -> list[Line | Note]:
    """Return the lines of the chain rule: a product along each path from a weight or bias to the outputs.

    The result is the slope of the data's loss, without the penalty. If there are more than FEW_PATHS paths,
    or an activation such as softmax uses all z of a layer, return the lines of the slope at the weight's end
    instead.
    """
    onward = scene.network.layers[address.layer :]
    paths = prod(len(layer) for layer in onward[1:])
    if paths > FEW_PATHS or not all(layer.function.elementwise for layer in onward):
        end = f"Slope at node {scene.name(address.layer, address.node)}:"
        return [Note("", end), *backward_lines(scene, address.layer, address.node)]
    return [*_path_lines(scene, address)]


def _path_lines(scene: Scene, address: Address) -> Iterator[Line]:
    """Yield the line of each path's product, and with several paths that of their sum."""
    following = scene.network.layers[address.layer + 1 :]
    slopes = []
    paths = list(itertools.product(*(range(len(layer)) for layer in following)))
    for k, path in enumerate(paths):
        formula, expression = _path(scene, address, (address.node, *path))
        slopes.append(Number(expression.computed(), address, slope=True))
        label = "chain" if len(paths) == 1 else f"path {k + 1}"
        yield Line(label, formula, write(expression, slopes[-1]))
    if len(paths) > 1:
        total = Number(slope_line(scene, address, penalised=False).value, address, slope=True)
        yield Line("sum of paths", "", write(Sum(*slopes), total))


def _path(scene: Scene, address: Address, nodes: tuple[int, ...]) -> tuple[str, Expression]:
    """Return the product along one path: value · f′(z) · w · f′(z) · … · slope of the loss.

    The result is the formula, with the names of the nodes, and the expression with numbers.
    """
    factors: list[tuple[str, Expression]] = [*_factors(scene, address.layer, nodes)]
    if scene.measure.short and not scene.network.layers[-1].function.linear:
        factors.pop()  # the short form of the loss contains the slope of the last activation
    if address.kind == "weight":
        factors.insert(0, (scene.name(address.layer - 1, address.source), start_of(scene, address)))
    factors.append((_last_factor(scene, nodes[-1]), _last_rule(scene).at(_symbols(scene, nodes[-1]))))
    formula = " · ".join(name for name, _ in factors)
    return _averaged(scene, formula, Product(*(factor for _, factor in factors)))


def _factors(scene: Scene, first: int, nodes: tuple[int, ...]) -> Iterator[tuple[str, Number]]:
    """Yield the name and value of each factor along a path: the weights, and the slopes of the activations.

    `nodes` holds the path's node in each layer from layer `first` on. An identity has no factor.
    """
    for layer, node in enumerate(nodes, first):
        if layer > first:
            weight = Address("weight", layer, node, nodes[layer - first - 1])
            yield f"w({scene.network.name_of(weight)})", scene.w(layer, node, weight.source)
        if layer >= 0 and not scene.network.layers[layer].function.linear:
            name = f"{scene.network.layers[layer].activation}′ of {scene.name(layer, node)}"
            yield name, scene.activation_slope(layer, node)


def _last_rule(scene: Scene) -> Expression:
    """Return the slope of the loss, the last factor of every path."""
    short = scene.measure.short
    return short.rule(1.0) if short else scene.measure.slope_rule


def _symbols(scene: Scene, output: int) -> dict[str, Number]:
    """Return the numbers for the symbols a, y and error in the formulas of a loss."""
    return {"a": scene.prediction(output), "y": scene.y(output), "error": scene.error(output)}


def _last_factor(scene: Scene, output: int) -> str:
    """Return the formula of the slope of the loss; with several outputs, its symbols name the output."""
    name, several = scene.network.outputs[output], len(scene.network.outputs) > 1
    symbols = {each: Symbol(f"{each} of {name}" if several or each == "error" else each) for each in _NAMES}
    return _last_rule(scene).at(symbols).factor.replace("·", " · ")
