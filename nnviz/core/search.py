"""Search for nodes, edges (weights) and biases by typed text.

=========================================== ============================================================
`node 1_17`, `pixel_3`                      nodes by name; a typed space can stand for `_`
`pixel_3_4 -> node_0_5`, `-> node_0_5`      edges, sorted by |w|; an empty side matches every node
`bias of node_1_3`                          biases by the name of the node
`10 largest weights`, `smallest of node_3`  weights by value; the smallest are the most negative weights
`strongest of node_3`, `5 weakest weights`  weights by |w|
`largest biases`                            biases by value
`dead`, `saturated`                         nodes that are dead or saturated on every row
=========================================== ============================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.core.network import Network
from nnviz.core.results import Flags, Health
from nnviz.core.state import State

Indices = NDArray[np.intp]

LIMIT = 20

Score: TypeAlias = Callable[[Array], Array]
MEASURES: dict[str, Score] = {
    "largest": lambda w: w,
    "smallest": lambda w: -w,
    "strongest": np.abs,
    "weakest": lambda w: -np.abs(w),
}
"""For each search word, a function that scores weights. Search shows the weights with high scores first."""

STUCK: dict[str, tuple[Callable[[Health], tuple[Flags, ...]], str]] = {
    "dead": (lambda each: each.dead, "{} gives 0 on every row"),
    "saturated": (lambda each: each.saturated, "{} is saturated on every row"),
}
"""For each search word: a function that marks the matching nodes of each layer, and the note on a match.

In the note, {} stands for the activation.
"""

_BIAS = re.compile(r"bias(?:es)?(?: of)?(?: (?P<name>.+))?")
_EXTREME = re.compile(
    r"(?:the )?(?:(?P<count>\d{1,6}) )?(?P<word>[a-z]{3,})(?: (?P<kind>[wb][a-z]*))?"
    r"(?: (?:of|into)(?: (?P<name>.+))?)?"
)


class Match(NamedTuple):
    """A search result: the address, title and value of a node, weight or bias, and a note or "".

    The note says why a node was found, such as "relu gives 0 on every row". The value of a node is the node's
    output on the selected row, or None if the data has no rows.
    """

    address: Address
    title: str
    value: float | None
    note: str = ""


def find(
    state: State, text: str, limit: int = LIMIT, row: int = 0, health: Health | None = None
) -> list[Match]:
    """Return at most `limit` matches for `text`, the best match first, or an empty list for an empty text.

    `row` is the index of the selected row. `health` says which nodes are dead or saturated on all rows;
    without `health`, the search finds no such nodes.
    """
    text = " ".join(text.casefold().split())
    if not text:
        return []
    network = state.network
    matches = chain(  # of generators, so that a search ends when there are enough matches
        _nodes(state, _named(network, text), row),
        _edges(network, text, limit),
        _biases(network, text),
        _extremes(network, text, limit),
        _stuck(state, text, row, health),
    )
    return list(islice(matches, limit))


# --- names


def _plain(name: str) -> str:
    return re.sub(r"[\s_.\-]+", "_", name.casefold().strip())


def _named(network: Network, text: str) -> list[Indices]:
    """Return the nodes of each column whose name matches `text`, or all nodes for an empty text.

    Only the best kind of match in the network counts: the whole name, else its beginning, else another part.
    """
    plain = _plain(text)
    ranks = [
        np.array([_rank(_plain(name), plain) for name in network.names(column)])
        for column in range(len(network.sizes))
    ]
    best = min(int(rank.min()) for rank in ranks)
    return [np.flatnonzero(rank == best) if best < _NOT else np.empty(0, np.intp) for rank in ranks]


_NOT = 3


def _rank(name: str, text: str) -> int:
    if text not in name:
        return _NOT
    return 0 if name == text else 1 if name.startswith(text) else 2


# --- nodes


def _nodes(state: State, columns: list[Indices], row: int, note: str = "{}") -> Iterator[Match]:
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
            yield Match(Address("node", column - 1, node), title, value, note.format(kind))


def _stuck(state: State, text: str, row: int, health: Health | None) -> Iterator[Match]:
    word = text.removesuffix(" nodes")
    for name, (flags, note) in STUCK.items():
        if health and len(word) >= 3 and name.startswith(word):
            columns = [np.empty(0, np.intp), *map(np.flatnonzero, flags(health))]
            yield from _nodes(state, columns, row, note)


# --- edges and biases


def _match(network: Network, address: Address) -> Match:
    return Match(address, network.name_of(address), network.value_of(address))


def _edges(network: Network, text: str, limit: int) -> Iterator[Match]:
    """Yield the edges between the nodes on both sides of an arrow, the strongest first.

    A name may contain an arrow, so each arrow is tried.
    """
    for arrow in re.finditer("->|→", text):
        starts, ends = _named(network, text[: arrow.start()]), _named(network, text[arrow.end() :])
        areas = [(ends[k + 1], starts[k]) for k in range(len(network.layers))]
        yield from _first(network, "weight", areas, MEASURES["strongest"], limit)


def _biases(network: Network, text: str) -> Iterator[Match]:
    query = _BIAS.fullmatch(text)
    if query:
        for layer, nodes in enumerate(_named(network, query["name"] or "")[1:]):
            if network.layers[layer].biases is not None:
                yield from (_match(network, Address("bias", layer, node)) for node in nodes.tolist())


def _extremes(network: Network, text: str, limit: int) -> Iterator[Match]:
    query = _EXTREME.fullmatch(text)
    measures = [MEASURES[word] for word in MEASURES if query and word.startswith(query["word"])]
    if not query or not measures:
        return
    count = min(int(query["count"] or limit), limit)
    nodes = _named(network, query["name"] or "")[1:]
    kind: Kind = "bias" if (query["kind"] or "").startswith("b") else "weight"
    sources = [np.arange(size) for size in network.sizes[:-1]]
    if kind == "bias":  # whose address has the source −1
        sources = [np.array([-1])[: layer.biases is not None] for layer in network.layers]
    yield from _first(network, kind, list(zip(nodes, sources, strict=True)), measures[0], count)


# --- weights and biases by score


def _first(
    network: Network, kind: Kind, areas: list[tuple[Indices, Indices]], measure: Score, count: int
) -> list[Match]:
    """Return the `count` weights or biases with the highest scores by `measure`.

    `areas` holds for each layer the (nodes, sources) to search.
    """
    heads: list[tuple[float, int, int, int]] = []
    for k, (nodes, sources) in enumerate(areas):
        if len(sources):
            layer = network.layers[k]
            values = layer.weights if kind == "weight" or layer.biases is None else layer.biases[:, None]
            scores = measure(values[np.ix_(nodes, sources)])
            for place in _top(scores.ravel(), count).tolist():
                node, source = divmod(place, len(sources))
                heads.append((-float(scores[node, source]), k, int(nodes[node]), int(sources[source])))
    return [_match(network, Address(kind, *place)) for _, *place in sorted(heads)[:count]]


def _top(scores: Array, count: int) -> Indices:
    """Return the indices of the `count` highest scores, in any order."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.argpartition(scores, -count)[-count:] if count else np.empty(0, np.intp)
