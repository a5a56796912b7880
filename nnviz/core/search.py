"""Search for nodes and edges (weights) by typed text.

=========================================== ============================================================
`node 1_17`, `pixel_3`                      nodes by name; a typed space can stand for `_`
`pixel_3_4 -> node_0_5`, `-> node_0_5`      edges, sorted by |w|; an empty side matches every node
=========================================== ============================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import State

Indices = NDArray[np.intp]

LIMIT = 20


class Match(NamedTuple):
    """A search result: the address, title and value of a node or weight, and a note or "".

    The note on a node is its activation. The value of a node is the node's output on the selected row, or
    None if the data has no rows.
    """

    address: Address
    title: str
    value: float | None
    note: str = ""


def find(state: State, text: str, limit: int = LIMIT, row: int = 0) -> list[Match]:
    """Return at most `limit` matches for `text`, the best match first, or an empty list for an empty text.

    `row` is the index of the selected row.
    """
    text = " ".join(text.casefold().split())
    if not text:
        return []
    # of generators, so that a search ends when there are enough matches
    matches = chain(_nodes(state, _named(state.network, text), row), _edges(state.network, text, limit))
    return list(islice(matches, limit))


# --- names


def _plain(name: str) -> str:
    return re.sub(r"[\s_.\-]+", "_", name.casefold().strip())


def _named(network: Network, text: str) -> list[Indices]:
    """Return the nodes of each column whose name matches `text`, or all nodes for an empty text.

    Only the best kind of match in the network counts: the whole name, else its beginning, else another part.
    """
    plain = _plain(text)
    columns = [[_plain(name) for name in network.names(column)] for column in range(len(network.sizes))]
    for is_match in (str.__eq__, str.startswith, str.__contains__):
        found = [np.flatnonzero([is_match(name, plain) for name in names]) for names in columns]
        if any(map(len, found)):
            break
    return found


# --- nodes


def _nodes(state: State, columns: list[Indices], row: int) -> Iterator[Match]:
    network = state.network
    if not any(len(nodes) for nodes in columns):
        return
    trace = network.forward(state.data.inputs[row : row + 1])
    for column, nodes in enumerate(columns):
        values = trace.feeding(column)
        kind = "input" if column == 0 else network.layers[column - 1].activation
        for node in nodes.tolist():
            value = float(values[0, node]) if len(values) else None
            title = network.names(column)[node]
            yield Match(Address("node", column - 1, node), title, value, kind)


# --- edges


def _edges(network: Network, text: str, limit: int) -> Iterator[Match]:
    """Yield the edges between the nodes on both sides of an arrow, the strongest first.

    A name may contain an arrow, so each arrow is tried.
    """
    for arrow in re.finditer("->|→", text):
        starts, ends = _named(network, text[: arrow.start()]), _named(network, text[arrow.end() :])
        areas = [(ends[k + 1], starts[k]) for k in range(len(network.layers))]
        yield from _strongest(network, areas, limit)


def _strongest(network: Network, areas: list[tuple[Indices, Indices]], count: int) -> Iterator[Match]:
    """Yield the `count` ≥ 1 strongest weights; `areas` has for each layer the (nodes, sources) to search."""
    heads: list[tuple[float, int, int, int]] = []
    for k, (nodes, sources) in enumerate(areas):
        strengths = np.abs(network.layers[k].weights[np.ix_(nodes, sources)]).ravel()
        if len(strengths):
            for place in np.argpartition(-strengths, min(count, len(strengths)) - 1)[:count].tolist():
                node, source = divmod(place, len(sources))
                heads.append((-float(strengths[place]), k, int(nodes[node]), int(sources[source])))
    for _, *place in sorted(heads)[:count]:
        address = Address("weight", *place)
        yield Match(address, network.name_of(address), network.value_of(address))
