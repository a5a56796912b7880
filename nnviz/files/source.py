"""A file as its format reads it (`Source`), and lists of what a format does not keep."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from nnviz.core.activations import proposed
from nnviz.core.network import Network
from nnviz.core.numbers import quoted
from nnviz.core.state import State
from nnviz.files.atomic import STANDARD_INPUT, is_stream, read_bytes
from nnviz.files.errors import FileError, Progress, UnansweredError

Activations: TypeAlias = tuple[str, ...] | None
"""What a person says the layers have, one each, for a file that does not say it."""

_NO_PLAIN_NAME = re.compile(r"|\.{1,2}|.*[/\\:\x00].*", re.DOTALL)
"""Nothing, this folder, the one above, and what leads into another one."""


def as_names(given: Sequence[str]) -> tuple[str, ...]:
    """Return the activations `given` in Python. Raises FileError for one text, whose letters are no names."""
    if isinstance(given, str):
        raise FileError(f"expected a list of names, found {quoted(given)}", "activations")
    return tuple(given)


@dataclass(frozen=True)
class TableWishes:
    """A person's choices for a table for which a network is made.

    ========= ==============================================================================
    `targets` the names of the target columns; () for those that nnviz proposes
    `decimal` the decimal sign, "." or ","; None to detect it
    `seed`    the seed of the random weights
    ========= ==============================================================================
    """

    targets: tuple[str, ...] = ()
    decimal: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Source:
    """A file as a format reads it.

    ============= =========================================================================
    `data`        all its bytes
    `path`        where they stand, or "standard input"
    `progress`    whom to tell how far the reading is
    `activations` what a person says the layers have
    `wishes`      what a person says of a table
    `told`        what is not as it stands there, in sentences
    `assumed`     what such a file never says, and is the same for all of them
    `defaults`    what the file does not say and which default is taken, in sentences: the loss
    ============= =========================================================================
    """

    data: bytes = field(repr=False)
    path: Path = Path(STANDARD_INPUT)
    progress: Progress | None = None
    activations: Activations = None
    told: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    wishes: TableWishes = TableWishes()
    defaults: list[str] = field(default_factory=list)

    def beside(self, name: str) -> bytes:
        """Return the bytes of a file in the same folder. Raises FileError.

        The name comes from a file that may be hostile: what is no plain one, or a link to elsewhere, is
        refused.
        """
        if _NO_PLAIN_NAME.fullmatch(name):
            raise FileError(f"{quoted(name)} is not the plain name of a file beside it")
        if self.path == Path(STANDARD_INPUT) or is_stream(self.path):
            raise FileError(f"it needs the file {quoted(name)} beside it, and {self.path} has none")
        folder = os.path.realpath(self.path.parent)
        target = os.path.realpath(os.path.join(folder, name))
        if os.path.dirname(target) != folder:
            raise FileError(f"{quoted(name)} is a link to another folder")
        return read_bytes(Path(target), self.progress)

    def answered(self, sizes: Sequence[int]) -> tuple[str, ...]:
        """Return the activations that a person has given for a network of these `sizes`, inputs first.

        Raises UnansweredError where none are given.
        """
        if self.activations is None:
            raise UnansweredError(tuple(sizes), proposed(len(sizes) - 1))
        return self.activations


RUN, SETTINGS = "the run", "the training settings"


def lost(state: State, again: State) -> list[str]:
    """Return the parts of `state` that `again`, which its file would be read as, does not have.

    Of an empty part, such as no notes, nothing is lost.
    """
    parts = {
        "the rows": state.data != again.data,
        "the names of the inputs": state.network.inputs != again.network.inputs,
        "the names of the nodes": _nodes(state.network) != _nodes(again.network),
        "the title": state.name != again.name,
        "the notes": state.notes != again.notes,
        SETTINGS: state.training != again.training,
        RUN: state.run is not again.run,
        "the earlier runs": state.runs != again.runs,
        "the weight sets": state.weight_sets != again.weight_sets,
        "the columns of raw rows": any(column.values for column in state.columns),  # scaling is no loss
    }
    return [part for part, is_lost in parts.items() if is_lost]


def _nodes(network: Network) -> list[tuple[str, ...]]:
    return [layer.nodes for layer in network.layers]
