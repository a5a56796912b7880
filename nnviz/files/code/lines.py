"""A program as lines of text; each line lists the nodes, weights or other values that it computes."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.expressions import Expression
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import MINUS, shortened
from nnviz.core.state import State
from nnviz.files import atomic
from nnviz.files.errors import FileError, writing_error

SCREENFUL = 40
"""Weights that would need more lines of code than this go into a separate file; so do rows."""
A_LINE = 5
"""Number of float64 values, with all digits, that fit on a line of code."""


class Notation(NamedTuple):
    """Code with which a program makes an array from lists (`make`) or reads an array by name (`load`)."""

    make: str = "np.array"
    load: str = 'stored["{}"]'


class Numbers:
    """Writer of a program's weights and rows. `separate_arrays` are the arrays for a separate `.npz` file."""

    def __init__(self, state: State, may_be_beside: bool) -> None:
        self.state, self.separate_arrays = state, dict[str, Array]()
        layers, data = state.network.layers, state.data
        lines = sum(len(layer) * -(-layer.weights.shape[1] // A_LINE) for layer in layers)
        self.weights_beside = may_be_beside and lines > SCREENFUL
        self.rows_beside = may_be_beside and data.numbers > SCREENFUL * A_LINE
        self._rows = dict(zip(data.ARRAYS, data.arrays, strict=False))
        if self.weights_beside:
            self.separate_arrays |= state.network.named_arrays
        if self.rows_beside:
            self.separate_arrays |= self._rows

    def imports(self) -> Iterator[CodeLine]:
        """Yield the imports that a program needs to load its numbers, except the import of NumPy."""
        if self.separate_arrays:
            yield CodeLine("from pathlib import Path")
            yield CodeLine()

    def stored(self) -> Iterator[CodeLine]:
        """Yield the lines that open the separate file with the numbers, if the program has one."""
        if self.separate_arrays:
            what = " and ".join(["weights"] * self.weights_beside + ["rows"] * self.rows_beside)
            yield CodeLine(f"# The {what} are in the file of the same name that ends in .npz")
            yield CodeLine('stored = np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False)')
            yield CodeLine()

    def weights(self, notation: Notation) -> Iterator[CodeLine]:
        """Yield the lines that define the weights and biases of every layer."""
        yield CodeLine("# The network: row j of a layer's W holds the weights that feed its node j")
        network = self.state.network
        if self.weights_beside:
            for name in network.named_arrays:
                nodes = of_nodes(network, int(name[1:]))
                yield CodeLine(f"{name} = {notation.load.format(name)}", None, nodes)
        else:
            for k, layer in enumerate(network.layers):
                yield from _weights(k, layer, notation)
        yield CodeLine()

    def rows(self, notation: Notation) -> Iterator[CodeLine]:
        """Yield the lines that define the inputs and the targets of all rows, if the State has rows."""
        if not len(self.state.data):
            return
        yield CodeLine(rows_heading(self.state))
        for (name, values), addresses in zip(self._rows.items(), of_row(self.state.network), strict=False):
            if self.rows_beside:
                yield CodeLine(f"{name} = {notation.load.format(name)}", None, addresses)
            else:
                yield from array(f"{name} = {notation.make}([", map(repr, values.tolist()), "])", addresses)
        yield CodeLine()


def are_raw(state: State) -> bool:
    """Return whether the network's inputs are scaled, one-hot encoded or computed from the table's values."""
    return bool(state.columns.computed) or not all(each.is_plain for each in state.columns.of_inputs)


def rows_heading(state: State) -> str:
    """Return the comment that a program has above its rows."""
    return "# The rows" + " as the network takes them, not as the table has them" * are_raw(state)


def _weights(k: int, layer: Layer, notation: Notation) -> Iterator[CodeLine]:
    yield CodeLine(f"W{k} = {notation.make}([")
    for j, (name, row) in enumerate(zip(layer.nodes, layer.weights.tolist(), strict=True)):
        *before, last = array("    [", map(repr, row), "],", weights_of(k, j, len(row)))
        yield from before
        yield replace(last, text=f"{last.text}  # {comment(name)}")
    yield CodeLine(f"]){UNFORMATTED}")
    if layer.biases is not None:
        biases = tuple(Address("bias", k, j) for j in range(len(layer)))
        yield from array(f"b{k} = {notation.make}([", map(repr, layer.biases.tolist()), "])", biases)


def array(start: str, items: Iterable[str], end: str, addresses: tuple[Address, ...]) -> Iterator[CodeLine]:
    """Yield lines of code: `start`, the items, and `end`, with as many items on a line as fit.

    Several lines that are no part of a longer statement end in UNFORMATTED.
    """
    items = list(items)
    one = f"{start}{', '.join(items)}{end}"
    indent = " " * (len(start) - len(start.lstrip()))
    last = f"{indent}{end}" if indent else f"{end}{UNFORMATTED}"
    texts = [one] if len(one) <= WIDTH else [start, *filled(items, f"{indent}    "), last]
    for text in texts:
        yield CodeLine(text, None, addresses)


WIDTH = 88
"""Largest number of characters in a line of numbers, and in a line of code for `ruff format` and Black."""
UNFORMATTED = "  # fmt: skip"
"""Comment at the end of numbers, which a formatter would write one on a line."""

_PYTHON = {"·": " * ", "/": " / ", "²": " ** 2", "e^(": "np.exp(", "^": " ** ", "√(": "np.sqrt(", MINUS: "-"}
_PYTHON |= {"≤": "<=", "π": "math.pi", "cos(": "math.cos(", "floor(": "math.floor("}
_SIGN = re.compile("|".join(map(re.escape, _PYTHON)))


def comment(text: str) -> str:
    """Return a user's text, shortened and with escapes for unprintable letters, for use in a comment."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in shortened(text))


def filled(items: Iterable[str], indent: str) -> Iterator[str]:
    """Yield lines of items, each followed by a comma, as many on a line as fit."""
    line = ""
    for item in items:
        if line and len(line) + len(item) + 2 > WIDTH:
            yield line
            line = ""
        line += f" {item}," if line else f"{indent}{item},"
    if line:
        yield line


def python(expression: Expression) -> str:
    """Return a rule as a Python expression: `0.9·v + slope²` as `0.9 * v + slope ** 2`."""
    text = "".join(piece.text for piece in expression.pieces(digits=17))
    return _SIGN.sub(lambda sign: _PYTHON[sign[0]], text)


def of_nodes(network: Network, *layers: int) -> tuple[Address, ...]:
    """Return the addresses of all nodes in the layers with these indices, by default in all layers."""
    return _nodes(tuple((k, len(network.layers[k])) for k in layers or range(len(network.layers))))


@lru_cache
def _nodes(counts: tuple[tuple[int, int], ...]) -> tuple[Address, ...]:
    """Return the addresses of nodes by (layer, count) pairs; cached, since many lines share them."""
    return tuple(Address("node", k, j) for k, count in counts for j in range(count))


def of_inputs(network: Network) -> tuple[Address, ...]:
    """Return the addresses of the input nodes."""
    return tuple(Address("node", -1, i) for i in range(len(network.inputs)))


def of_outputs(network: Network) -> tuple[Address, ...]:
    """Return the addresses of the output nodes."""
    return of_nodes(network, len(network.layers) - 1)


def of_row(network: Network) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Return two tuples: the addresses of a row's inputs, and the addresses of the row's targets."""
    inputs = tuple(own._replace(kind="input") for own in of_inputs(network))
    return inputs, tuple(own._replace(kind="target") for own in of_outputs(network))


def weights_of(layer: int, node: int, count: int) -> tuple[Address, ...]:
    """Return the addresses of the `count` incoming weights of a node; `layer` and `node` are indices."""
    return tuple(Address("weight", layer, node, i) for i in range(count))


def numbers_path(path: Path) -> Path:
    """Return the path of the `.npz` file from which the program at `path` loads its numbers."""
    return path.with_suffix(".npz")


def save(program: Program, path: Path) -> None:
    """Write a program and the file of its numbers. After an error, both old files are unchanged.

    Raises FileError, for example if the numbers would overwrite a file that nnviz has not written.
    """
    if program.separate_arrays:
        _check_ours(numbers_path(path), path)
        return atomic.write_pair(path, program.text.encode(), numbers_path(path), program.npz)
    return atomic.write(path, program.text.encode())


def _check_ours(numbers: Path, path: Path) -> None:
    """Raise FileError if nnviz has not written the file `numbers`, whose name the person did not type."""
    try:
        mode = os.stat(numbers).st_mode
    except (FileNotFoundError, ValueError):  # writing raises a FileError for an invalid name
        return
    except OSError as error:
        raise writing_error(path, error) from error
    if stat.S_ISREG(mode):  # reading a pipe would block
        with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(numbers) as archive:
            if archive.comment == MARK:
                return
    raise FileError(
        f"{path} was not saved: its numbers would overwrite {numbers.name}, which nnviz has not written; "
        "choose another name"
    )


MARK = b"nnviz wrote this for the program beside it"
"""Comment in the `.npz` files of nnviz; nnviz overwrites only a file with this comment."""

Deed: TypeAlias = Literal["forward", "loss", "backward", "slopes", "mean", "update", "fit"]
"""Step of a training iteration that a line of code does; "fit" does backward and update in one line."""


@dataclass(frozen=True)
class CodeLine:
    """A line of a program.

    =========== ==========================================================================
    `text`      the text without the line end
    `deed`      the step of a training iteration that the line belongs to, or None
    `addresses` the nodes, weights or other values that the line computes or contains
    =========== ==========================================================================
    """

    text: str = ""
    deed: Deed | None = None
    addresses: tuple[Address, ...] = ()


def heading(text: str) -> Iterator[CodeLine]:
    """Yield a comment above a part of a program, with a blank line above the comment."""
    yield CodeLine()
    yield CodeLine(f"# {text}")


def definition(
    head: str, body: Iterable[CodeLine], deed: Deed | None = None, addresses: tuple[Address, ...] = ()
) -> Iterator[CodeLine]:
    """Yield the definition of a function, such as "predict(x)", with a blank line above and below."""
    yield CodeLine()
    yield CodeLine(f"def {head}:", deed, addresses)
    yield from body
    yield CodeLine()


@dataclass(frozen=True)
class Program:
    """The lines of a program, and the arrays that the program loads by name from an `.npz` file."""

    lines: tuple[CodeLine, ...]
    separate_arrays: Mapping[str, Array] = field(default_factory=dict, compare=False)

    @cached_property
    def text(self) -> str:
        """The whole text of the program."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def npz(self) -> bytes:
        """The bytes of the `.npz` file with the numbers."""
        file, arrays = io.BytesIO(), dict[str, Any](self.separate_arrays)
        np.savez(file, **arrays)
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = MARK
        return file.getvalue()
