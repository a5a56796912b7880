"""Where the slope of one weight or bias comes from on one row: the whole chain, path by path or by layer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod

import numpy as np

from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import Line, Note, write
from nnviz.core.explanation.node import backward_lines
from nnviz.core.explanation.scene import Scene
from nnviz.core.expressions import DIGITS, PRODUCT, Expression, Number, Product, Sum
from nnviz.core.rules import Symbol

_NAMES = ("a", "y", "error")
FEW_PATHS = 6
"""Up to so many paths to the outputs are written out one by one."""


def start_of(scene: Scene, address: Address) -> Number:
    """Return the value at the start of a weight; a bias starts at 1."""
    return scene.a(address.layer - 1, address.source) if address.kind == "weight" else Number(1.0)


def slope_line(scene: Scene, address: Address) -> Line:
    """Return the slope of one row's loss."""
    start, end = start_of(scene, address), scene.slope_z(address.layer, address.node)
    slope = Number(start.value * end.value, address, slope=True)
    formula = "value at its start · slope at its end" if address.kind == "weight" else "1 · slope at its end"
    return Line("slope", formula, write(start * end, slope.value, result=slope))


def chain_lines(scene: Scene, address: Address) -> list[Line | Note]:
    """Return the whole chain: a product along each path to the outputs, or a sum for each layer."""
    onward = scene.network.layers[address.layer :]
    paths = prod(len(layer) for layer in onward[1:])
    if paths > FEW_PATHS or not all(layer.function.elementwise for layer in onward):
        return _by_layer(scene, address)
    return [*_by_path(scene, address)]


def _by_path(scene: Scene, address: Address) -> Iterator[Line]:
    """Yield the product along each path, and their sum where there are several."""
    following = scene.network.layers[address.layer + 1 :]
    slopes = []
    paths = list(itertools.product(*(range(len(layer)) for layer in following)))
    for k, path in enumerate(paths):
        nodes = (address.node, *path)
        expression = _along(scene, address, nodes)
        value = expression.computed()
        slopes.append(Number(value, address, slope=True))
        label = "chain" if len(paths) == 1 else f"path {k + 1}"
        yield Line(label, _path_formula(scene, address, nodes), write(expression, value, result=slopes[-1]))
    if len(paths) > 1:
        total = slope_line(scene, address).value
        written = write(Sum(*slopes), total, result=Number(total, address, slope=True))
        yield Line("sum of paths", "", written)


def _along(scene: Scene, address: Address, nodes: tuple[int, ...]) -> Expression:
    """Return start · f′(z) · w · f′(z) · … · the loss's own slope along one path."""
    factors: list[Expression] = [start_of(scene, address)] if address.kind == "weight" else []
    for k, node in enumerate(nodes):
        layer = address.layer + k
        if k:
            factors.append(scene.w(layer, node, nodes[k - 1]))
        if _has_factor(scene, layer):
            factors.append(scene.passes(layer, node))
    factors.append(_last_rule(scene).at(_values(scene, nodes[-1])))
    parts = scene.measure.parts(len(scene.network.outputs))
    return Product(*factors) / parts if parts > 1 else Product(*factors)


def _has_factor(scene: Scene, layer: int) -> bool:
    """Tell whether the activation's slope is a factor: not where a is z or the loss takes it in."""
    is_last = layer == len(scene.network.layers) - 1
    return not (scene.network.layers[layer].function.linear or (is_last and scene.measure.short))


def _last_rule(scene: Scene) -> Expression:
    """Return the loss's own slope, the last factor of every path."""
    short = scene.measure.short
    return short.rule(1.0) if short else scene.measure.slope_rule


def _values(scene: Scene, output: int) -> dict[str, Expression]:
    assert scene.targets is not None
    a, y = scene.a(len(scene.network.layers) - 1, output), Number(float(scene.targets[output]))
    return {"a": a, "y": y, "error": scene.error(output)}


def _path_formula(scene: Scene, address: Address, nodes: tuple[int, ...]) -> str:
    """Return the path in words: which value, which activations and weights, which error."""
    parts = [scene.name(address.layer - 1, address.source)] if address.kind == "weight" else []
    for k, node in enumerate(nodes):
        layer = scene.network.layers[address.layer + k]
        if k:
            weight = Address("weight", address.layer + k, node, nodes[k - 1])
            parts.append(f"w({weight.name(scene.network)})")
        if _has_factor(scene, address.layer + k):
            parts.append(f"{layer.activation}′ of {layer.nodes[node]}")
    last = scene.network.layers[-1].nodes[nodes[-1]]
    outputs = len(scene.network.outputs)
    share = " / outputs" if scene.measure.parts(outputs) > 1 else ""
    names = {name: Symbol(f"{name} of {last}" if outputs > 1 or name == "error" else name) for name in _NAMES}
    rule = _last_rule(scene).at(names)
    own = "".join(piece.text for piece in rule.pieces(DIGITS, PRODUCT)).replace("·", " · ")
    return " · ".join([*parts, own]) + share


def _by_layer(scene: Scene, address: Address) -> list[Line | Note]:
    """Return how the slope at the end comes about, then that of the node that adds most to it, and so on."""
    lines: list[Line | Note] = []
    node = address.node
    for layer in range(address.layer, len(scene.network.layers)):
        name = scene.name(layer, node)
        told = f"The slope at the end, {name}:" if layer == address.layer else f"{name} adds most to it:"
        lines.append(Note("", told))
        lines += backward_lines(scene, layer, node)
        if layer + 1 < len(scene.network.layers):
            node = _adds_most(scene, layer, node)
    return lines


def _adds_most(scene: Scene, layer: int, node: int) -> int:
    assert scene.slopes is not None
    onward = scene.network.layers[layer + 1].weights[:, node] * scene.slopes.layers[layer + 1].inputs[0]
    return int(np.argmax(np.abs(np.nan_to_num(onward))))
