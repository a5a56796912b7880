"""The commands of `nnviz`, as functions. They import Qt only to draw PNG and PDF files and films."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nnviz.cli.arguments import UsageError, parse
from nnviz.cli.terminal import print_json, print_lines, print_remark, print_table, weights_json
from nnviz.files import examples
from nnviz.files.errors import AmbiguousCellError, FileError

if TYPE_CHECKING:
    from nnviz.core.network import Network
    from nnviz.core.slopes import LayerSlopes
    from nnviz.core.state import State
    from nnviz.files.source import TableOptions


_BY_LOSS = ("train", "slopes", "convert", "code")
"""Commands whose result depends on the loss. Some files do not contain the loss."""
SIZE_PX = (1200, 800)
"""Default width and height of a diagram, in pixels."""


def run(arguments: list[str]) -> int:
    """Run the command named in `arguments` and return an exit code. Raises UsageError and FileError."""
    try:
        chosen = parse(arguments)
    except SystemExit:  # --help has been printed
        return 0
    if chosen.version:
        from nnviz import __version__

        print_lines([f"nnviz {__version__}"])
    elif chosen.command is None:
        raise UsageError("nnviz: expected a FILE or a command; see `nnviz --help`")
    else:
        _check_outputs(chosen)
        try:
            return _COMMANDS[chosen.command](chosen) or 0
        except AmbiguousCellError as error:
            how = "--decimal . or --decimal ," if "decimal" in chosen else "with `nnviz convert --decimal`"
            raise FileError(f"{error} ({how})") from None
    return 0


def _check_outputs(chosen: argparse.Namespace) -> None:
    """Raise FileError if an output file cannot be written, and UsageError if it would overwrite the input."""
    from nnviz.files import atomic

    out, history = getattr(chosen, "out", None), getattr(chosen, "history", None)
    for path in (out, history):
        if path is not None:
            atomic.check_writable(path)
    if history is not None and _place(history) in [
        _place(examples.file_of(chosen.file)),
        out and _place(out),
    ]:
        raise UsageError(f"nnviz train: --history would overwrite another file of this command: {history}")


def _place(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def load(chosen: argparse.Namespace, wishes: TableOptions | None = None) -> State:
    """Return the State in FILE, and print to standard error what nnviz changed or assumed when reading FILE.

    `wishes` holds the options for reading a table. If `wishes` is None, only the option --decimal is used.
    Raises FileError. Raises UsageError if FILE is not a table, but `wishes` has targets or a decimal sign.
    """
    from nnviz.files import registry
    from nnviz.files.atomic import read_bytes
    from nnviz.files.source import Source, TableOptions

    path = examples.file_of(chosen.file)
    own = wishes or TableOptions(decimal=getattr(chosen, "decimal", None))
    source = Source(read_bytes(path), path, activations=chosen.activations, table_options=own)
    if wishes and (wishes.targets or wishes.decimal) and not registry.is_table(source):
        option = "--target" if wishes.targets else "--decimal"
        raise UsageError(f"nnviz convert: {option} is for a table, and {chosen.file} is not a table")
    state = registry.read(source)
    defaults = source.defaults if chosen.command in _BY_LOSS else []
    for sentence in defaults + source.notes:
        print_remark(f"{path}: {sentence}")
    return state


def predict(chosen: argparse.Namespace) -> None:
    """Predict the rows of --row and --data; without both, the rows of FILE. Print or save the predictions."""
    from nnviz.cli.output import predict

    predict(load(chosen), chosen)


def slopes(chosen: argparse.Namespace) -> None:
    """Print the loss and its slope (gradient) with respect to every weight, as a table or as JSON."""
    import numpy as np

    from nnviz.core.slopes import slopes as slopes_of

    state = load(chosen)
    network, inputs, targets = state.network, state.data.inputs, state.data.targets
    if targets is None or len(inputs) == 0:
        raise FileError(
            f"the {state.measure.phrase} and its slopes need targets, but no row in the file has any", "data"
        )
    trained = slice(state.trained_rows)
    result = slopes_of(network, inputs[trained], targets[trained], state.training.loss)
    for numbers in (np.array(result.loss), *(layer.weights for layer in result.layers)):
        if not np.isfinite(numbers).all():
            raise FileError("the result is infinite: reduce the weights or the values in the data")
    if chosen.json:
        layers = [weights_json(layer) for layer in result.layers]
        print_json({result.measure.name: result.loss, "layers": layers})
    else:
        print_lines([f"{result.measure.title} {result.loss!r}", ""])
        print_table(_slope_rows(network, result.layers))


def _slope_rows(network: Network, slopes: Sequence[LayerSlopes]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("node", "from", "weight", "slope")]
    for k, (layer, slope) in enumerate(zip(network.layers, slopes, strict=True)):
        for j, node in enumerate(layer.nodes):
            pairs = zip(layer.weights[j].tolist(), slope.weights[j].tolist(), strict=True)
            for source, (weight, own) in zip(network.names(k), pairs, strict=True):
                rows.append((node, source, repr(weight), repr(own)))
            if layer.biases is not None and slope.biases is not None:
                rows.append((node, "(bias)", repr(layer.biases[j].item()), repr(slope.biases[j].item())))
    return rows


def train(chosen: argparse.Namespace) -> int:
    """Train the network, write the output files and print the loss history. Return the exit code."""
    from nnviz.cli.output import train

    return train(load(chosen), chosen)


def render(chosen: argparse.Namespace) -> None:
    """Draw the diagram of the network into a file."""
    try:
        _render(load(chosen), chosen)
    except ValueError as error:
        raise FileError(str(error)) from error


def _render(state: State, chosen: argparse.Namespace) -> None:
    from nnviz.cli import output

    size = chosen.size or SIZE_PX
    if output.is_film(chosen):
        output.write_film(state, chosen)
        return
    if chosen.out.suffix.lower() == ".svg":
        from nnviz.files import atomic
        from nnviz.picture.svg import svg

        text = svg(
            state, size, chosen.theme, chosen.view, transparent=chosen.transparent, pictures=chosen.pictures
        )
        atomic.write(chosen.out, text.encode())
        return
    from nnviz import system

    system.draw_without_display()
    from nnviz.ui.dialogs.pictures import render as draw

    draw(state, chosen.out, size, chosen.theme, chosen.view, chosen.transparent, chosen.pictures)


def screenshot(chosen: argparse.Namespace) -> None:
    """Draw the whole window into a PNG file."""
    from nnviz import system

    file = examples.file_of(chosen.file)
    system.draw_without_display()
    from nnviz.ui.window.app import screenshot as draw

    draw(str(file), str(chosen.out), chosen.size, chosen.theme, chosen.activations)


def convert(chosen: argparse.Namespace) -> None:
    """Convert a file to another format; shuffle or standardise the rows if the options ask for it."""
    from nnviz.cli.output import convert
    from nnviz.files.source import TableOptions

    state = load(chosen, TableOptions(tuple(chosen.target), chosen.decimal, chosen.seed or 0))
    if chosen.seed is not None:
        state = replace(state, training=replace(state.training, seed=chosen.seed))
    convert(state, examples.file_of(chosen.file), chosen)


def check(chosen: argparse.Namespace) -> None:
    """Load a file, and print that no fault was found. Raises FileError if the file has a fault."""
    load(chosen)
    print_lines([f"{chosen.file}: no fault found"])


def code(chosen: argparse.Namespace) -> None:
    """Print or save a Python program that computes the network's predictions."""
    from nnviz.cli.output import write_program

    write_program(load(chosen), chosen)


def list_examples(_chosen: argparse.Namespace) -> None:
    """Print the name and the description of every example."""
    print_lines(f"{each.name}\t{each.line}" for each in examples.examples())


_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "predict": predict,
    "slopes": slopes,
    "train": train,
    "render": render,
    "screenshot": screenshot,
    "convert": convert,
    "check": check,
    "code": code,
    "examples": list_examples,
}
