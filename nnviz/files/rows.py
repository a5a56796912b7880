"""Which columns of a table are a network's inputs and targets: by their names, or as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nnviz.core.names import SHOWN, on_one_line, shortened
from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.files.csv import Table
from nnviz.files.errors import FileError

TOLD = 3
"""So many columns are told by their names."""


class Placed(NamedTuple):
    """Where in a table inputs and targets stand; no targets where there are none.

    `foreign` are the names of columns that are taken as they stand because none bears a name of the network:
    of an input by its number, of an output by its number behind those.
    """

    inputs: list[int]
    targets: list[int]
    foreign: dict[int, str]


def placed(table: Table, network: Network) -> Placed:
    """Find the columns by the names of inputs and outputs, which may be called target; else as they stand.

    They stand as inputs, and then targets or none. Raises FileError for a table with others, and where some
    of the names are there and some are not.
    """
    outputs = network.outputs
    headers = ("target",) if len(outputs) == 1 else tuple(f"target {name}" for name in outputs)
    known = (table.places(names) for names in (outputs, headers))
    targets = next((places for places in known if places is not None), [])
    inputs = table.places(network.inputs)
    if inputs is not None:
        return Placed(inputs, targets, {})
    rest = [place for place in range(table.width) if place not in targets]
    width = len(network.inputs)
    if len(rest) not in ((width,) if targets else (width, width + len(outputs))):
        found = f"or {width + len(outputs)} with the targets, found {len(rest)}"
        if targets:
            found = f"found {len(rest)} beside the targets"
        raise FileError(f"expected {counted(width, 'column')}, one for each input, {found}", "line 1")
    names = {} if table.names is None else {i: table.names[place] for i, place in enumerate(rest)}
    return Placed(rest[:width], targets or rest[width:], names)


def in_their_order(foreign: Mapping[int, str], network: Network) -> str:
    """Return a sentence that says as what the columns of foreign names are taken."""
    own = [*network.inputs, *network.outputs]
    called = {i: on_one_line(shortened(name, SHOWN)) for i, name in foreign.items()}
    pairs = [f"{name} as {shortened(own[i], SHOWN)}" for i, name in called.items()]
    more = f" and {len(pairs) - TOLD} more" if len(pairs) > TOLD else ""
    return f"the columns are taken in their order: {', '.join(pairs[:TOLD])}{more}"
