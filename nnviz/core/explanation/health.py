"""What all rows say of a node and of the layers: where a node is stuck, how large slopes are, what to try.

Knows nothing of Qt.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnviz.core.activation import Activation
from nnviz.core.address import Address, column_title
from nnviz.core.explanation.arithmetic import Line, Note, Section, write
from nnviz.core.explanation.mean import all_rows
from nnviz.core.expressions import Number
from nnviz.core.health import FATES, Fate, Flags, Health, SlopeSize, fates, in_words, slope_sizes
from nnviz.core.names import listed
from nnviz.core.network import Network
from nnviz.core.numbers import shown
from nnviz.core.results import Computed
from nnviz.core.state import State

FEW_NAMES = 6
"""Of more nodes than this only the first are named."""
DEAD = (
    "Try new random weights, a smaller learning rate, or leaky_relu, which lets a slope through below 0, too."
)
SATURATED = (
    "Try smaller weights, such as new random ones, or inputs that are standardised: mean 0, deviation 1."
)
REMEDIES: dict[Fate, str] = {
    "vanish": "Try relu or its kin with new random weights, which are by He then, or fewer layers.",
    "explode": "Try smaller weights, or inputs that are standardised: mean 0, deviation 1.",
    "are 0": "Mostly the nodes onward are dead or the weights to them 0: try new random weights.",
}
"""What can be done about the slopes of a layer."""


def node_health(state: State, address: Address, computed: Computed) -> list[Section]:
    """Return what all rows say of a node: nothing of one row alone, and where nothing can be odd about it."""
    rows, network = len(state.data), state.network
    if rows < 2 or address.kind != "node" or address.layer < 0:
        return []
    function, notes = network.layers[address.layer].function, list[Line | Note]()
    past = address.layer == len(network.layers) - 1 and state.measure.short
    if (function.flat or function.saturated) and not past:
        known = computed.health
        notes += _stuck(function, known, address) if known else [Note("", "counting rows …")]
    if computed.whole:
        sizes, slopes = slope_sizes(computed.whole.slopes), fates(computed.whole.slopes)
        notes += _faded(slopes[address.layer], sizes[address.layer], sizes[-1])
    return [Section(f"On all {rows:,} rows", tuple(notes))] if notes else []


def _stuck(function: Activation, known: Health, address: Address) -> Iterator[Note]:
    layer, node = known.layers[address.layer], address.node
    zero, rows = int(layer.zero[node]), known.rows
    count = zero + int(layer.still[node])
    where = in_words((*function.flat, *function.saturated))
    moves = "hardly moves, and hardly any" if function.saturated else "stays the same, and no"
    does = "passes 0, and no" if zero == count and not function.saturated else moves
    there = f"there {function.name} {does} slope comes back through it"
    yield Note("", f"{where} on {count:,} of {rows:,} rows ({percent(count, rows)}): {there}.")
    badge = known.badges().get((address.layer, node), "")
    if badge:
        much = "nothing" if badge.startswith("dead") else "next to nothing"
        yield Note("", f"It is {badge}, and so its weights learn {much}.")
        yield Note("", DEAD if "dead" in badge else SATURATED)


def _faded(fate: Fate, size: SlopeSize, last: SlopeSize) -> Iterator[Note]:
    """Yield what becomes of the slopes of a node's layer, with their sizes."""
    if fate:
        of_weights, at_z = (f"{shown(own)} against {shown(its)}" for own, its in zip(size, last, strict=True))
        yield Note("", f"The slopes of its layer {fate}, {FATES[fate]}: of w {of_weights}, at z {at_z}.")
        yield Note("", REMEDIES[fate])


def layers_health(state: State, computed: Computed) -> list[Section]:
    """Return how large the slopes of every layer are, and which nodes are odd on all rows."""
    network, whole = state.network, computed.whole
    if whole is None or len(state.data) < 2 or len(network.layers) < 2:
        return []
    rows: list[Line | Note] = [Note("", "√(Σ slope² / count) of a layer's mean slopes, of w and at z:")]
    slopes = fates(whole.slopes)
    for k, size in enumerate(slope_sizes(whole.slopes)):
        title = column_title(k + 1, len(network.layers))
        for of, value in zip(("w", "z"), size, strict=True):
            rows.append(Line(f"{title}, {of}", "", write(Number(value, slope=True), value)))
        if slopes[k]:
            rows.append(Note("", f"They {slopes[k]}, {FATES[slopes[k]]}. {REMEDIES[slopes[k]]}"))
    sections = [Section(f"Size of the slopes over {all_rows(state)}", tuple(rows))]
    if computed.health:
        odd = {"Dead": computed.health.dead, "Saturated": computed.health.saturated}
        named = tuple(Note(f"{word}:", names) for word, of in odd.items() if (names := _names(network, of)))
        sections += [Section("Nodes on all rows", named)] if named else []
    return sections


def _names(network: Network, odd: tuple[Flags, ...]) -> str:
    names = [
        layer.nodes[node]
        for layer, nodes in zip(network.layers, odd, strict=True)
        for node in np.flatnonzero(nodes).tolist()
    ]
    return listed(names, FEW_NAMES) if names else ""


def percent(count: int, of: int) -> str:
    """Return a share as whole per cent, 0 and 100 only where it is none or all."""
    share = round(100 * count / of)
    if count < of and share == 100:
        return "over 99 %"
    return "under 1 %" if count and share == 0 else f"{share} %"
