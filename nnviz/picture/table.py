"""Weights and slopes as HTML tables, as a notebook shows them. Knows nothing of Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.names import SHOWN, shortened
from nnviz.core.numbers import counted, exactly, shown, shown_in_full
from nnviz.picture.palette import rgb
from nnviz.picture.text import plain

MOST_TABLES, MOST_NODES, MOST_SOURCES = 8, 20, 12
"""More are left out, and that is said: what a notebook shows it also keeps in its file."""
DENSEST = 0.35
"""Opacity of the colour behind the largest number: dark and light writing can be read on it."""


class Table(NamedTuple):
    """The numbers of a layer: weights of shape (nodes, sources), biases of shape (nodes,) or None."""

    title: str
    nodes: Sequence[str]
    sources: Sequence[str]
    weights: Array
    biases: Array | None


def html(tables: Sequence[Table], positive: str, negative: str) -> str:
    """Return tables, a number's sign as the colour behind it, its size as how dense that is.

    Names are text alone, also for what sets formulas between dollar signs.
    """
    lines = [line for table in tables[:MOST_TABLES] for line in _table(table, positive, negative)]
    if len(tables) > MOST_TABLES:
        lines.append(f"<p>{counted(len(tables) - MOST_TABLES, 'more layer')}</p>")
    return "\n".join(('<div class="tex2jax_ignore mathjax_ignore">', *lines, "</div>", ""))


def _table(table: Table, positive: str, negative: str) -> Iterator[str]:
    nodes, sources = table.nodes[:MOST_NODES], table.sources[:MOST_SOURCES]
    left_out = [
        f"the first {len(some)} of {counted(len(every), thing)}"
        for some, every, thing in ((nodes, table.nodes, "node"), (sources, table.sources, "input"))
        if len(some) < len(every)
    ]
    numbers, heads = table.weights[: len(nodes), : len(sources)], [*map(_name, sources)]
    if table.biases is not None:
        numbers, heads = np.column_stack((numbers, table.biases[: len(nodes)])), [*heads, "bias"]
    largest = float(np.abs(np.nan_to_num(numbers)).max()) or 1.0
    caption = f"{table.title}: {', '.join(left_out)}" if left_out else table.title
    yield f'<table><caption style="text-align: left">{escape(caption)}</caption>'
    yield f"<tr><th></th>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
    for node, row in zip(nodes, numbers.tolist(), strict=True):
        cells = (_cell(value, value / largest, positive, negative) for value in row)
        yield f"<tr><th>{_name(node)}</th>{''.join(cells)}</tr>"
    yield "</table>"


def _name(name: str) -> str:
    return escape(plain(shortened(name, SHOWN)))


def _cell(value: float, share: float, positive: str, negative: str) -> str:
    opacity = DENSEST * min(abs(share), 1.0) if math.isfinite(share) else DENSEST
    colour = "rgba({}, {}, {}, {:.2g})".format(*rgb(positive if value > 0 else negative), opacity)
    more = "" if exactly(value) else f' title="{shown_in_full(value)}"'
    return f'<td style="background-color: {colour}"{more}>{shown(value)}</td>'
