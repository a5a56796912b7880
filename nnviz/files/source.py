"""File formats: the functions of a format (`Codec`) and the file that these functions read (`Source`).

The module also names the parts of a State that a file can lose.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from nnviz.core.activations import activation, default_activations
from nnviz.core.numbers import quoted, shortened
from nnviz.core.state import State
from nnviz.files.atomic import STANDARD_INPUT, is_stream, read_bytes
from nnviz.files.errors import FileError, MissingActivationsError, Progress, as_file_errors

Activations: TypeAlias = tuple[str, ...] | None
"""Activations that a person gives for a file without activations, one for each layer; None if not given."""

_NO_PLAIN_NAME = re.compile(r"|\.{1,2}|.*[/\\:\x00].*", re.DOTALL)
"""Texts that are not the name of a file in the folder: empty, this folder, its parent, or a path."""


def activation_names(given: Sequence[str]) -> tuple[str, ...]:
    """Return a script's list of activations as a tuple. Raises FileError for a str, which is not a list."""
    if isinstance(given, str):
        raise FileError(f"expected a list of names, found {quoted(given)}", "activations")
    return tuple(given)


def check_given(given: Sequence[str], own: Sequence[str], place: str = "") -> None:
    """Raise FileError if the activations that a person gives are not the model's `own` ones."""
    with as_file_errors(place):
        names = [activation(name).name for name in given]
    if names != [*own]:
        raise FileError(f"the model already has the activations {', '.join(own)}: do not give any", place)


@dataclass(frozen=True)
class TableOptions:
    """A person's choices for reading a table and making a network for it.

    ========= ==============================================================================
    `targets` the names of the target columns; () for the columns that nnviz proposes
    `decimal` the decimal sign, "." or ","; None to detect it
    `seed`    the seed of the random weights
    ========= ==============================================================================
    """

    targets: tuple[str, ...] = ()
    decimal: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Source:
    """The file that a format reads. The format appends notes for the person to the last three lists.

    =============== ==========================================================================
    `data`          all bytes of the file
    `path`          the path of the file, or "standard input"
    `progress`      callback for the progress of reading, or None
    `activations`   the activations that a person gives
    `table_options` a person's choices for a table
    `notes`         notes on differences between the network and the file, as sentences
    `assumptions`   notes on assumptions about properties that this format cannot hold
    `defaults`      notes on defaults for settings that this file does not have, such as the loss
    =============== ==========================================================================
    """

    data: bytes = field(repr=False)
    path: Path = Path(STANDARD_INPUT)
    progress: Progress | None = None
    activations: Activations = None
    notes: list[str] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    table_options: TableOptions = TableOptions()
    defaults: list[str] = field(default_factory=list)

    def read_sibling(self, name: str) -> bytes:
        """Return the bytes of another file in the same folder. Raises FileError.

        The name comes from a file that may be hostile, so a path or a link to another folder is refused.
        """
        if _NO_PLAIN_NAME.fullmatch(name):
            raise FileError(f"{quoted(name)} is not the name of a file in the folder of the opened file")
        if self.path == Path(STANDARD_INPUT) or is_stream(self.path):
            raise FileError(f"{quoted(name)} is needed too: open the model from its folder, not {self.path}")
        folder = os.path.realpath(self.path.parent)
        target = os.path.realpath(os.path.join(folder, name))
        if os.path.dirname(target) != folder:
            raise FileError(f"{quoted(name)} is a link to another folder, which nnviz does not follow")
        return read_bytes(Path(target), self.progress)

    def given_activations(self, sizes: Sequence[int]) -> tuple[str, ...]:
        """Return the activations that a person gives for a network of these layer `sizes`, inputs first.

        Raises MissingActivationsError if the person has not given activations.
        """
        if self.activations is None:
            raise MissingActivationsError(tuple(sizes), default_activations(len(sizes) - 1))
        return self.activations


class Codec(NamedTuple):
    """The functions that read and write a file format.

    ========== =======================================================================================
    `sniff`    bytes → whether a file is in this format
    `read`     Source → State; raises FileError
    `write`    State → bytes; raises FileError; None if nnviz only reads the format
    `left_out` State → names of the parts that `write` does not keep, such as "the rows"
    `raw_rows` State, name of the file → sentence on how this file standardises raw rows, or ""
    `unread`   parts of a file that nnviz does not read, in words; "" if `read` reads everything
    ========== =======================================================================================
    """

    sniff: Callable[[bytes], bool]
    read: Callable[[Source], State]
    write: Callable[[State], bytes] | None = None
    left_out: Callable[[State], list[str]] = lambda _: []
    raw_rows: Callable[[State, str], str] = lambda _state, _name: ""
    unread: str = ""


RUN, SETTINGS = "the run", "the training settings"


def lost_parts(state: State, reread: State) -> list[str]:
    """Return the names of the parts of `state` that a file loses; `reread` is the State read from the file.

    Empty parts, such as empty notes, do not count.
    """
    layers = zip(state.network.layers, reread.network.layers, strict=True)
    parts = {
        "the rows": state.data != reread.data,
        "the names of the inputs": state.network.inputs != reread.network.inputs,
        "the names of the nodes": any(own.nodes != its.nodes for own, its in layers),
        "the title": state.name != reread.name,
        "the notes": state.notes != reread.notes,
        SETTINGS: state.training != reread.training,
        RUN: state.run is not reread.run,
        "the kept runs": len(state.runs) > len(reread.runs),
        "the weight sets": state.weight_sets != reread.weight_sets,
        "the classes of the columns": any(column.values for column in state.columns),  # scaling is not lost
    }
    for column in state.columns.computed.values():
        name, text = shortened(column.name), shortened(column.formula)
        parts[f"the formula {text} of {name} (give the value of {name} as an input)"] = True
    return [part for part, is_lost in parts.items() if is_lost]
