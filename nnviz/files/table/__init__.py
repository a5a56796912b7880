"""The format of tables of rows, `.csv` and `.tsv`.

`reading.head` and `reading.read` find the layout, `columns.findings` describes each column, `columns.built`
makes rows and columns from a person's choices, and a network for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from nnviz.core.edits import standardise, standardising_note
from nnviz.core.numbers import NAME, file_named, shortened
from nnviz.core.state import State
from nnviz.files.atomic import read_bytes
from nnviz.files.source import Source
from nnviz.files.table.columns import built, findings, proposed
from nnviz.files.table.reading import NAMES, Table, TableLayout
from nnviz.files.table.reading import read as read_table
from nnviz.system import resources


def sniff(_data: bytes) -> bool:
    """Tell that a table is known by the name of its file alone: any text may be one."""
    return False


def read(source: Source) -> State:
    """Return a new network for the columns of a table; what was taken as what is told. Raises FileError."""
    wishes = source.wishes
    table = read_table(source.data, source.progress, TableLayout(decimal=wishes.decimal), fitting=True)
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


VALIDATION = 0.2
"""The share of the rows that is kept; they stand in a random order."""


@dataclass(frozen=True)
class ReadySet:
    """A table to try things on: its `name`, which is its file's, what it is in a `line`, and its `source`.

    `standardises`: its inputs are of so different a size that it is opened with all of them standardised.
    """

    name: str
    title: str
    line: str
    source: str
    standardises: bool = False

    @property
    def path(self) -> Path:
        """Its file."""
        return resources() / "data" / f"{self.name}.csv"

    def state(self) -> State:
        """Return its rows with a new network, and notes that say where both come from. Raises FileError."""
        source = Source(read_bytes(self.path), self.path)
        state = read(source)
        state = replace(state, training=replace(state.training, validation=VALIDATION))
        done = [*source.told]
        if self.standardises:
            done.append(standardising_note(state))
            state = standardise(state, range(len(state.network.inputs)))
        notes = (
            f"{self.line}\n\n{self.source}\n\nWhat was taken: {'; '.join(done)}. The last fifth of the rows "
            "is kept for validation: nothing is trained on it.\n\n**Try:** press Run.\n"
        )
        return replace(state, name=self.title, notes=notes)


READY_SETS = (
    ReadySet(
        "iris",
        "Iris",
        "150 flowers by four lengths: which of three species?",
        "R. A. Fisher, The use of multiple measurements in taxonomic problems (1936); CC BY 4.0.",
    ),
    ReadySet(
        "wine",
        "Wine",
        "178 wines by 13 measurements: which of three cultivars?",
        "M. Forina and others, UCI Machine Learning Repository (1992); CC BY 4.0.",
        standardises=True,
    ),
    ReadySet(
        "digits",
        "Digits",
        "797 images of 8×8 pixels: which digit?",
        "E. Alpaydin and C. Kaynak, UCI Machine Learning Repository (1998); CC BY 4.0.",
    ),
    ReadySet(
        "passengers",
        "Passengers",
        "600 passengers with texts and missing ages: who survived?",
        "Made up for nnviz: no ship and no person is meant.",
    ),
    ReadySet(
        "wages",
        "Wages",
        "600 wages from nine columns of very different size: a number to predict.",
        "Made up for nnviz: no survey is meant.",
        standardises=True,
    ),
)
"""Every one, in the order of the menu."""
