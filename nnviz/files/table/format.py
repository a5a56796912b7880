"""A table as a file that is opened: a network is made for its columns, as they are proposed."""

from __future__ import annotations

from dataclasses import replace

from nnviz.core.limits import NAME
from nnviz.core.names import file_named, shortened
from nnviz.core.state import State
from nnviz.files.source import Source
from nnviz.files.table.building import built
from nnviz.files.table.findings import findings, proposed
from nnviz.files.table.layout import NAMES, Layout
from nnviz.files.table.table import Table
from nnviz.files.table.table import read as read_table


def sniff(_data: bytes) -> bool:
    """Tell that a table is known by the name of its file alone: any text may be one."""
    return False


def read(source: Source) -> State:
    """Return a new network for the columns of a table; what was taken as what is told. Raises FileError."""
    wishes = source.wishes
    table = read_table(source.data, source.progress, Layout(decimal=wishes.decimal), fitting=True)
    found = findings(table, targets=wishes.targets)
    made = built(table, found, proposed(found))
    state = made.network(wishes.seed)
    source.told.append("; ".join((*_unusual(table), *made.said, _network(state))))
    return replace(state, name=shortened(file_named(source.path).removesuffix(source.path.suffix), NAME.most))


def _unusual(table: Table) -> list[str]:
    """Return how a table is laid out, where a person may not expect it."""
    layout = table.layout
    said = [] if layout.encoding == "UTF-8" else [f"read as {layout.encoding}"]
    if layout.decimal == ",":
        said.append("with a decimal comma")
    if layout.delimiter not in (",", "\t", None):
        said.append(f"{NAMES[layout.delimiter]} separate")
    return said


def _network(state: State) -> str:
    sizes = "-".join(map(str, state.network.sizes))
    return f"network {sizes}, output {state.network.layers[-1].activation}, {state.measure.word}"
