"""The format of tables, `.csv` and `.tsv`.

`reading.read` detects the layout. `columns.findings` describes each column. `columns.build` makes rows and
columns from a person's choices. `columns.Built` makes a network for these columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from nnviz.core.edits import standardise, standardising_note
from nnviz.core.numbers import NAME, file_label, shortened
from nnviz.core.state import State
from nnviz.files.atomic import read_bytes
from nnviz.files.source import Codec, Source
from nnviz.files.table.columns import build, findings, proposed_choices
from nnviz.files.table.reading import TableLayout
from nnviz.files.table.reading import read as read_table
from nnviz.system import resources


def read(source: Source) -> State:
    """Return a new network for the columns of a table; `source.notes` gets a summary. Raises FileError."""
    wishes = source.table_options
    table = read_table(source.data, source.progress, TableLayout(decimal=wishes.decimal), fitting=True)
    columns = findings(table, targets=wishes.targets)
    rows = build(table, columns, proposed_choices(columns))
    state = rows.network(wishes.seed)
    sizes, output = "-".join(map(str, state.network.sizes)), state.network.layers[-1].activation
    network = f"the network is {sizes} with {output} output and {state.measure.phrase} loss"
    layout = ["the decimal sign is a comma"] if table.layout.decimal == "," else []
    source.notes.append("; ".join((*layout, *rows.notes, network)))
    title = file_label(source.path).removesuffix(source.path.suffix)
    return replace(state, name=shortened(title, NAME.limit))


VALIDATION = 0.2
"""Share of validation rows in the tables that ship with nnviz; these are the last rows of a table."""


@dataclass(frozen=True)
class ReadySet:
    """A table that ships with nnviz. `name` is the stem of the file name; `line` describes the table.

    `source` names the origin of the table. `standardises` says whether nnviz standardises all inputs, because
    they have very different ranges.
    """

    name: str
    title: str
    line: str
    source: str
    standardises: bool = False

    @property
    def path(self) -> Path:
        """The path of the table's file."""
        return resources() / "data" / f"{self.name}.csv"

    def state(self) -> State:
        """Return the rows with a new network, and notes on the source of the table. Raises FileError."""
        source = Source(read_bytes(self.path), self.path)
        state = read(source)
        state = replace(state, training=replace(state.training, validation=VALIDATION))
        summary = [*source.notes]
        if self.standardises:
            summary.append(standardising_note(state))
            state = standardise(state, range(len(state.network.inputs)))
        notes = (
            f"{self.line}\n\n{self.source}\n\nHow nnviz uses the table: {'; '.join(summary)}. The last fifth "
            "of the rows is for validation: the network is not trained on it.\n\n**Try:** press Run.\n"
        )
        return replace(state, name=self.title, notes=notes)


READY_SETS = msgspec.json.decode(
    (resources() / "data" / "ready_sets.json").read_bytes(), type=tuple[ReadySet, ...]
)
"""All tables that ship with nnviz, in the order of the menu."""


TABLE = Codec(lambda _: False, read)  # any text may be a table, so only the suffix decides
