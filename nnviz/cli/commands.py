"""Runner of the commands of `nnviz`. The commands import Qt only to draw PNG and PDF files and films."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz.cli.arguments import UsageError, parse
from nnviz.cli.terminal import print_lines, print_remark
from nnviz.files import examples
from nnviz.files.errors import AmbiguousCellError, FileError

if TYPE_CHECKING:
    from nnviz.core.state import State


_BY_LOSS = ("train", "slopes", "convert", "code")
"""Commands whose result depends on the loss. Some files do not contain the loss."""


def run(arguments: list[str]) -> int:
    """Run the command named in `arguments` and return an exit code. Raises UsageError and FileError."""
    try:
        chosen = parse(arguments)
    except SystemExit:  # --help has been printed
        return 0
    if chosen.version:
        from nnviz import __version__
        from nnviz.system import engine

        print_lines([f"nnviz {__version__}, trains with {engine()}"])
    elif chosen.command is None:
        raise UsageError("nnviz: expected a FILE or a command; see `nnviz --help`")
    else:
        _check_outputs(chosen)
        try:
            return _COMMANDS.get(chosen.command, _with_output)(chosen) or 0
        except AmbiguousCellError as error:
            how = "--decimal . or --decimal ," if "decimal" in chosen else "with `nnviz convert --decimal`"
            raise FileError(f"{error} ({how})") from None
    return 0


def _check_outputs(chosen: argparse.Namespace) -> None:
    """Raise FileError if an output file cannot be written, and UsageError if it would overwrite the input."""
    from nnviz.files import atomic

    out, history = getattr(chosen, "out", None), getattr(chosen, "history", None)
    for path in filter(None, (out, history)):
        atomic.check_writable(path)
    if history is not None and _place(history) in [
        _place(examples.file_of(chosen.file)),
        out and _place(out),
    ]:
        raise UsageError(f"nnviz train: --history would overwrite another file of this command: {history}")
    tables = ("sweep", "runs")  # whose FILE can be a CSV table, too
    if chosen.command in tables and out is not None and _place(out) == _place(examples.file_of(chosen.file)):
        raise UsageError(f"nnviz {chosen.command}: --out would overwrite FILE: {out}")


def _place(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def load(chosen: argparse.Namespace) -> State:
    """Return the State in FILE, and print to standard error what nnviz changed or assumed when reading FILE.

    Raises FileError. Raises UsageError if FILE is not a table, but `nnviz convert` has options for a table.
    """
    from nnviz.files import registry
    from nnviz.files.atomic import read_bytes
    from nnviz.files.source import Source, TableOptions

    path, converts = examples.file_of(chosen.file), chosen.command == "convert"
    targets, decimal = tuple(getattr(chosen, "target", ())), getattr(chosen, "decimal", None)
    wishes = TableOptions(targets, decimal, chosen.seed or 0 if converts else 0)
    source = Source(read_bytes(path), path, activations=chosen.activations, table_options=wishes)
    if converts and (targets or decimal) and not registry.is_table(source):
        raise UsageError(f"nnviz convert: --target and --decimal need a table; {chosen.file} is not a table")
    state = registry.read(source)
    defaults = source.defaults if chosen.command in _BY_LOSS else []
    for sentence in defaults + source.notes:
        print_remark(f"{path}: {sentence}")
    return state


def screenshot(chosen: argparse.Namespace) -> None:
    """Draw the whole window into a PNG file."""
    from nnviz import system

    file = examples.file_of(chosen.file)
    system.draw_without_display()
    from nnviz.ui.window.app import screenshot as draw

    draw(str(file), str(chosen.out), chosen.size, chosen.theme, chosen.activations)


def check(chosen: argparse.Namespace) -> None:
    """Load a file, and print that no fault was found. Raises FileError if the file has a fault."""
    load(chosen)
    print_lines([f"{chosen.file}: no fault found"])


def list_examples(_chosen: argparse.Namespace) -> None:
    """Print the name and the description of every example."""
    print_lines(f"{each.name}\t{each.line}" for each in examples.examples())


def _with_output(chosen: argparse.Namespace) -> int | None:
    """Read FILE, and run a command of `nnviz.cli.output`, which is slow to import."""
    state = load(chosen)
    from nnviz.cli import output

    return output.COMMANDS[chosen.command](state, chosen)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "screenshot": screenshot,
    "check": check,
    "examples": list_examples,
}
"""The commands that do not need `nnviz.cli.output`."""
