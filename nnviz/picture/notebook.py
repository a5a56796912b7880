"""How networks, States, results and weights show themselves in a notebook. Knows nothing of Qt.

On a ground of their own, for a notebook's may be light or dark, and of a bounded size: it is kept in the
notebook's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from nnviz.core.address import column_title
from nnviz.core.network import Layer, Layers, Network
from nnviz.core.numbers import counted
from nnviz.core.slopes import Slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import Result
from nnviz.picture.curve import curve_svg
from nnviz.picture.elements import document, words
from nnviz.picture.legend import sheet
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import View
from nnviz.picture.picture import row_picture
from nnviz.picture.svg import sheet_svg
from nnviz.picture.table import Table, html

SIZE = 900.0, 500.0
MOST_EDGES = 1500
"""In all where not every one is drawn."""
LARGEST = 500_000
"""Letters of a diagram."""
PALETTE = PALETTES["light"]


@singledispatch
def drawn(shown: object) -> str:
    """Return a value as SVG, or as HTML where it is made of weights or slopes."""
    raise TypeError(f"a {type(shown).__name__} has no picture")


@drawn.register
def _state(state: State) -> str:
    picture = row_picture(state, View(*SIZE))
    if picture.few_edges:
        return sheet_svg(sheet(picture, *SIZE), PALETTE)
    strongest = max(MOST_EDGES // len(picture.weights), 1)
    note = f"the strongest {counted(strongest, 'weight')} of each layer, over a haze of all"
    drawing = sheet_svg(sheet(picture, *SIZE), PALETTE, strongest=strongest, note=note)
    return drawing if len(drawing) <= LARGEST else _too_deep(state.network)


def _too_deep(network: Network) -> str:
    told = f"{len(network.layers)} layers are too many for a picture here; nnviz.show opens a window"
    width, height = SIZE[0], 40.0
    return document(width, height, told, PALETTE.canvas, [words(20.0, height / 2, told, 13.0, PALETTE.ink)])


@drawn.register
def _network(network: Network) -> str:
    return _state(State(network, Dataset.empty(network)))


@drawn.register
def _result(result: Result) -> str:
    return curve_svg(result.history, result.in_words, PALETTE, result.state.measure.title)


@drawn.register
def _layers(layers: Layers) -> str:
    names = [layers.inputs, *(layer.nodes for layer in layers)]
    titles = (f"{_title(k, layers)}, {layer.activation}" for k, layer in enumerate(layers))
    tables = [
        Table(title, layer.nodes, sources, layer.weights, layer.biases)
        for title, layer, sources in zip(titles, layers, names[:-1], strict=True)
    ]
    return html(tables, PALETTE.positive, PALETTE.negative)


@drawn.register
def _layer(layer: Layer) -> str:
    sources = _numbers(layer.weights.shape[1])
    table = Table(layer.activation, layer.nodes, sources, layer.weights, layer.biases)
    return html([table], PALETTE.positive, PALETTE.negative)


@drawn.register
def _slopes(slopes: Slopes) -> str:
    tables = []
    for k, layer in enumerate(slopes.layers):
        nodes, sources = map(_numbers, layer.weights.shape)
        title = f"{_title(k, slopes.layers)}, slopes of the {slopes.measure.word}"
        tables.append(Table(title, nodes, sources, layer.weights, layer.biases))
    return html(tables, PALETTE.slope, PALETTE.slope)


def _title(layer: int, layers: Sequence[object]) -> str:
    return column_title(layer + 1, len(layers))


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))
