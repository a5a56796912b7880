"""Pictures and tables of networks, layers and histories in a Jupyter notebook.

A picture has its own background, because a notebook may be light or dark. The size of a picture is limited,
because the notebook file stores the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import singledispatch
from html import escape
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import column_title
from nnviz.core.history import bucket_length, ceiling, in_columns
from nnviz.core.network import Layer, Layers, Network
from nnviz.core.numbers import as_text, counted, exact_text, full_text, shortened
from nnviz.core.slopes import Slopes
from nnviz.core.state import Dataset, State
from nnviz.core.train import Result
from nnviz.picture.palette import PALETTES, rgb
from nnviz.picture.parts import Rect, View
from nnviz.picture.picture import row_picture
from nnviz.picture.scales import round_ticks, tick_texts
from nnviz.picture.svg import document, line, sheet, sheet_svg, svg_text
from nnviz.picture.text import one_line, text_width

DIAGRAM_SIZE = 900.0, 500.0
"""Width and height of a diagram, in pixels."""
MOST_EDGES = 1500
"""Largest number of edges in a diagram of a large network, where nnviz does not draw every edge."""
PALETTE = PALETTES["light"]


@singledispatch
def render(value: object) -> str:
    """Return a value as SVG, or as HTML tables if the value consists of weights or slopes."""
    raise TypeError(f"nnviz cannot draw a value of type {type(value).__name__}")


@render.register
def _state(state: State) -> str:
    picture = row_picture(state, View(*DIAGRAM_SIZE))
    strongest = max(MOST_EDGES // len(picture.weights), 1)
    note = "" if picture.few_edges else f"lines: the strongest {counted(strongest, 'weight')} of each layer"
    return sheet_svg(sheet(picture, *DIAGRAM_SIZE), PALETTE, strongest=strongest, note=note)


@render.register
def _network(network: Network) -> str:
    return _state(State(network, Dataset.empty(network)))


@render.register
def _result(result: Result) -> str:
    return curve_svg(result.history, result.in_words, result.state.measure.title)


@render.register
def _layers(layers: Layers) -> str:
    names = [layers.inputs, *(layer.nodes for layer in layers)]
    titles = (f"{column_title(k, len(layers))}, {layer.activation}" for k, layer in enumerate(layers, 1))
    parts = zip(titles, layers, names[:-1], strict=True)
    tables = [LayerTable(title, own.nodes, before, own.weights, own.biases) for title, own, before in parts]
    return html(tables, PALETTE.positive, PALETTE.negative)


@render.register
def _layer(layer: Layer) -> str:
    sources = _numbers(layer.weights.shape[1])
    table = LayerTable(layer.activation, layer.nodes, sources, layer.weights, layer.biases)
    return html([table], PALETTE.positive, PALETTE.negative)


@render.register
def _slopes(slopes: Slopes) -> str:
    tables = []
    for k, layer in enumerate(slopes.layers, 1):
        nodes, sources = map(_numbers, layer.weights.shape)
        title = f"{column_title(k, len(slopes.layers))}, slopes of the {slopes.measure.phrase}"
        tables.append(LayerTable(title, nodes, sources, layer.weights, layer.biases))
    return html(tables, PALETTE.slope, PALETTE.slope)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


MOST_TABLES, MOST_NODES, MOST_SOURCES = 8, 20, 12
"""MOST_TABLES: most tables. MOST_NODES, MOST_SOURCES: most nodes (rows) and sources (columns) per table.

The limits keep the notebook file small. A text says what is left out.
"""
MOST_OPACITY = 0.35
"""Opacity of the colour behind the largest number. Dark and light text stay readable on this colour."""


class LayerTable(NamedTuple):
    """The numbers of a layer: weights, shape (nodes, sources), and biases, shape (nodes,), or None."""

    title: str
    nodes: Sequence[str]
    sources: Sequence[str]
    weights: Array
    biases: Array | None


def html(tables: Sequence[LayerTable], positive: str, negative: str) -> str:
    """Return the tables as HTML. A colour behind each number shows the sign, its opacity shows the size.

    `positive` and `negative` are the colours of positive and negative numbers.

    A notebook shows a text between dollar signs as a formula. Here, names with dollar signs stay plain text.
    """
    lines = [line for table in tables[:MOST_TABLES] for line in _table(table, positive, negative)]
    if len(tables) > MOST_TABLES:
        lines.append(f"<p>left out: {counted(len(tables) - MOST_TABLES, 'layer')}</p>")
    return "\n".join(('<div class="tex2jax_ignore mathjax_ignore">', *lines, "</div>", ""))


def _table(table: LayerTable, positive: str, negative: str) -> Iterator[str]:
    nodes, sources = table.nodes[:MOST_NODES], table.sources[:MOST_SOURCES]
    limits = [
        f"the first {len(some)} of {counted(len(every), thing)}"
        for some, every, thing in ((nodes, table.nodes, "node"), (sources, table.sources, "input"))
        if len(some) < len(every)
    ]
    numbers, heads = table.weights[: len(nodes), : len(sources)], [*map(_name, sources)]
    if table.biases is not None:
        numbers, heads = np.column_stack((numbers, table.biases[: len(nodes)])), [*heads, "bias"]
    largest = float(np.abs(np.nan_to_num(numbers)).max()) or 1.0
    caption = f"{table.title}: {', '.join(limits)}" if limits else table.title
    yield f'<table><caption style="text-align: left">{escape(caption)}</caption>'
    yield f"<tr><th></th>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    for node, row in zip(nodes, numbers.tolist(), strict=True):
        cells = (_cell(value, value / largest, positive, negative) for value in row)
        yield f"<tr><th>{_name(node)}</th>{''.join(cells)}</tr>"
    yield "</table>"


def _name(name: str) -> str:
    return escape(one_line(shortened(name)))


def _cell(value: float, share: float, positive: str, negative: str) -> str:
    opacity = MOST_OPACITY * min(abs(share), 1.0) if math.isfinite(share) else MOST_OPACITY
    colour = "rgba({}, {}, {}, {:.2g})".format(*rgb(positive if value > 0 else negative), opacity)
    more = "" if exact_text(value) else f' title="{full_text(value)}"'
    return f'<td style="background-color: {colour}"{more}>{as_text(value)}</td>'


CURVE_SIZE = 640.0, 320.0
"""Width and height of a curve's picture, in pixels."""
TITLE_SIZE, TEXT_SIZE = 13.0, 11.5
"""Font sizes of the title and of the other texts, in pixels."""
MARGIN, TOP, RIGHT, BOTTOM = 20.0, 52.0, 32.0, 46.0
"""Space around the plot: at the left, above, at the right and below, in pixels."""
NUMBERS_GAP, KEY_LINE = 8.0, 18.0
"""NUMBERS_GAP: space between plot and axis numbers. KEY_LINE: length of lines in the legend. In pixels."""
TICKS = 5
"""Approximate number of ticks on each axis."""
CURVES = PALETTE.accent, PALETTE.validation
"""Colours of the training curve and of the validation curve."""


def curve_svg(history: Array, title: str, measure: str) -> str:
    """Return a loss history, shape (points, 2 or 3), as an SVG document.

    The columns are iteration, loss (called `measure`), and loss over the validation rows, NaN where unknown.
    A long history keeps a few points per pixel, among them the extremes.
    """
    last = float(history[-1, 0]) or 1.0
    curves = [_in_columns(history[:, :2], last)]
    if history.shape[1] > 2:
        validation = history[~np.isnan(history[:, 2])]
        curves += [_in_columns(validation[:, ::2], last)] if len(validation) else []
    low = min(0.0, *(float(points[:, 1].min()) for points in curves))
    high = max(0.0, *(min(float(points[:, 1].max()), ceiling(points[:, 1])) for points in curves))
    span = high - low or 1.0
    across, up = round_ticks(0.0, last, TICKS, least=1.0), round_ticks(low, low + span, TICKS)
    texts = tick_texts(up)
    left = MARGIN + max(text_width(text, TEXT_SIZE) for text in texts) + NUMBERS_GAP
    plot = Rect(left, TOP, CURVE_SIZE[0] - RIGHT - left, CURVE_SIZE[1] - TOP - BOTTOM)
    parts = [svg_text((MARGIN, 20.0), title, TITLE_SIZE, PALETTE.ink, weight=600)]
    parts.append(svg_text((left, 40.0), measure, TEXT_SIZE, PALETTE.muted))
    if len(curves) > 1:
        parts += _key(plot)
    parts.append(svg_text((plot.right, CURVE_SIZE[1] - 12.0), "iterations", TEXT_SIZE, PALETTE.muted, "end"))
    for value, text in zip(up, texts, strict=True):
        y = plot.bottom - (value - low) / span * plot.height
        parts.append(line(plot.x, y, plot.right, y, PALETTE.line))
        parts.append(svg_text((plot.x - NUMBERS_GAP, y), text, TEXT_SIZE, PALETTE.muted, "end"))
    for value, text in zip(across, tick_texts(across), strict=True):
        x = plot.x + value / last * plot.width
        parts.append(line(x, plot.bottom, x, plot.bottom + 4.0, PALETTE.line))
        parts.append(svg_text((x, plot.bottom + 14.0), text, TEXT_SIZE, PALETTE.muted, "middle"))
    for points, colour in zip(curves, CURVES, strict=False):
        inside = np.minimum(points, (math.inf, high + span))  # a curve that diverges leaves the picture
        shares = (inside - (0.0, low)) / (last, -span)
        parts.append(_curve(shares * (plot.width, plot.height) + (plot.x, plot.bottom), colour))
    return document(*CURVE_SIZE, title, PALETTE.canvas, parts)


def _in_columns(points: Array, last: float) -> Array:
    return in_columns(points, last / CURVE_SIZE[0], bucket_length(int(last)))


def _key(plot: Rect) -> list[str]:
    """Return the key of the curves, at the right above the plot."""
    parts, right = [], plot.right
    for text, colour in reversed(tuple(zip(("training", "validation"), CURVES, strict=True))):
        parts.append(svg_text((right, 40.0), text, TEXT_SIZE, PALETTE.muted, "end"))
        left = right - text_width(text, TEXT_SIZE) - NUMBERS_GAP
        parts.append(line(left - KEY_LINE, 40.0, left, 40.0, colour, ' stroke-width="2"'))
        right = left - KEY_LINE - 2 * NUMBERS_GAP
    return parts


def _curve(places: Array, colour: str) -> str:
    """Return a line through `places`, and a dot at its end."""
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in places.tolist())
    x, y = places[-1]
    return (
        f'<polyline points="{through}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    )
