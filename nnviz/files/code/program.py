"""A program as lines, each of which knows the part of the walk that it belongs to and what it computes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address

MARK = b"nnviz wrote this for the program beside it"
"""By this a file of numbers is known as one that may be written over."""

Deed: TypeAlias = Literal["forward", "loss", "backward", "slopes", "mean", "update", "fit"]
"""What the walk's steps do; a library's `fit` goes back and updates in one line."""


@dataclass(frozen=True)
class Line:
    """A line of a program.

    =========== ==========================================================================
    `text`      without its end
    `deed`      what it is part of, or None
    `addresses` the nodes that it computes, or the weights and biases that it holds, or of each row the
                inputs or targets
    =========== ==========================================================================
    """

    text: str = ""
    deed: Deed | None = None
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True)
class Program:
    """The lines of a program, and by name the numbers that it loads from an `.npz` beside it, if any."""

    lines: tuple[Line, ...]
    beside: Mapping[str, Array] = field(default_factory=dict, compare=False)

    @cached_property
    def text(self) -> str:
        """The program itself."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def npz(self) -> bytes:
        """The bytes of the file beside it, which holds `beside`."""
        file, arrays = io.BytesIO(), dict[str, Any](self.beside)
        np.savez(file, **arrays)
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = MARK
        return file.getvalue()
