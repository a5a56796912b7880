"""What the commands do and print. Imports no Qt but to draw PNG and PDF."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz.cli.arguments import parse
from nnviz.cli.usage import UsageError
from nnviz.core.numbers import full
from nnviz.files import examples
from nnviz.files.errors import FileError

if TYPE_CHECKING:
    from nnviz.core.activations import Array
    from nnviz.core.network import Network
    from nnviz.core.slopes import LayerSlopes
    from nnviz.core.state import State

SIZE_PX = (1200, 800)
"""Width and height of a rendered diagram, where none is given."""
LINES = 50
"""Longest MSE history that is printed whole."""


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Raises UsageError and FileError."""
    try:
        chosen = parse(arguments)
    except SystemExit:  # --help has been printed
        return 0
    if chosen.version:
        from nnviz import __version__

        print(f"nnviz {__version__}")
    elif chosen.command is None:
        raise UsageError("nnviz: expected a FILE or a command; `nnviz --help` lists them")
    else:
        _COMMANDS[chosen.command](chosen)
    return 0


def load(file: str) -> State:
    """Return the State that FILE holds. Raises FileError."""
    from nnviz.files import registry

    return registry.load(examples.file_of(file))


def predict(chosen: argparse.Namespace) -> None:
    """Print one prediction a line: of the rows given, else of the file's own."""
    state = load(chosen.file)
    rows = _rows_to_predict(state, chosen.row, chosen.data)
    prediction = state.network.predict(rows)
    _check_finite(prediction)
    if chosen.json:
        _print_json({"predictions": prediction.tolist()})
    else:
        _print_lines(" ".join(map(repr, row)) for row in prediction.tolist())


def _rows_to_predict(state: State, typed: list[list[float]], data: Path | None) -> Array:
    import numpy as np

    width = len(state.network.inputs)
    for row in typed:
        _check_width(len(row), width, f"--row {','.join(map(full, row))}")
    parts = [np.array(typed, dtype=np.float64).reshape(len(typed), width)]
    if data is not None:
        parts.append(_rows_of(data, state.network))
    if not typed and data is None:
        parts.append(state.data.inputs)
    rows: Array = np.concatenate(parts)
    if len(rows) == 0:
        raise FileError("the file has no rows; give one with --row, or a CSV file with --data", "data")
    return rows


def _rows_of(path: Path, network: Network) -> Array:
    from nnviz.files import csv
    from nnviz.files.opening import read_bytes

    data = read_bytes(path)
    try:
        rows = csv.read(data).columns(network.inputs)
    except FileError as error:
        raise FileError(f"{path}, {error}") from None
    _check_width(rows.shape[1], len(network.inputs), str(path))
    return rows


def _check_width(width: int, expected: int, place: str) -> None:
    if width != expected:
        numbers = "1 number" if expected == 1 else f"{expected} numbers"
        raise FileError(f"expected {numbers} a row, one for each input, found {width}", place)


def _check_finite(result: Array) -> None:
    import numpy as np

    if not np.isfinite(result).all():
        raise FileError("the result is too large for a number: make the weights or the data smaller")


def slopes(chosen: argparse.Namespace) -> None:
    """Print the MSE and every slope, in a table or as JSON."""
    import numpy as np

    from nnviz.core.slopes import slopes as slopes_of

    state = load(chosen.file)
    network, inputs, targets = state.network, state.data.inputs, state.data.targets
    if targets is None or len(inputs) == 0:
        raise FileError("there are no rows with targets, and so no MSE and no slopes", "data")
    result = slopes_of(network, inputs, targets)
    for numbers in (np.array(result.mse), *(layer.weights for layer in result.layers)):
        _check_finite(numbers)
    if chosen.json:
        _print_json({"mse": result.mse, "layers": [_weights_json(layer) for layer in result.layers]})
    else:
        print(f"MSE {result.mse!r}\n")
        _print_table(_slope_rows(network, result.layers))


def _slope_rows(network: Network, slopes: Sequence[LayerSlopes]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("node", "from", "weight", "slope")]
    for k, (layer, slope) in enumerate(zip(network.layers, slopes, strict=True)):
        for j, node in enumerate(layer.nodes):
            for i, source in enumerate(network.names(k)):
                rows.append(
                    (node, source, repr(float(layer.weights[j, i])), repr(float(slope.weights[j, i])))
                )
            if layer.biases is not None and slope.biases is not None:
                rows.append((node, "(bias)", repr(layer.biases[j].item()), repr(slope.biases[j].item())))
    return rows


def train(chosen: argparse.Namespace) -> None:
    """Train, print the MSE history, and write what was asked for."""
    from nnviz.core import training
    from nnviz.files import atomic, csv

    state = load(chosen.file)
    names = ("updates", "learning_rate", "batch_size", "optimizer", "seed")
    try:
        result = training.train(state, **{name: getattr(chosen, name) for name in names})
    except ValueError as error:
        raise FileError(str(error)) from None
    if result.diverged:
        print(
            f"the MSE grew beyond all bounds; the weights are those after {result.state.iteration} updates, "
            "and a smaller learning rate may help",
            file=sys.stderr,
        )
    if chosen.out is not None:
        _save(result.state, chosen.out)
    if chosen.history is not None:
        atomic.write(chosen.history, csv.history(result.history))
    if chosen.json:
        _print_json(
            {
                "iteration": result.state.iteration,
                "mse": float(result.history[-1, 1]),
                "diverged": result.diverged,
                "history": [[int(iteration), mse] for iteration, mse in result.history.tolist()],
                "layers": [_weights_json(layer) for layer in result.state.network.layers],
            }
        )
    else:
        _print_table([("iteration", "mse"), *_history_rows(result.history)])


def render(chosen: argparse.Namespace) -> None:
    """Draw the diagram into a file."""
    try:
        _render(load(chosen.file), chosen)
    except ValueError as error:
        raise FileError(str(error)) from error


def _render(state: State, chosen: argparse.Namespace) -> None:
    size = chosen.size or SIZE_PX
    if chosen.out.suffix.lower() == ".svg":
        from nnviz.files import atomic
        from nnviz.picture.svg import svg

        text = svg(state, size=size, theme=chosen.theme, view=chosen.view)
        atomic.write(chosen.out, text.encode())
        return
    from nnviz import _system

    _system.draw_without_display()
    from nnviz.ui.diagram.export import render as draw

    draw(state, chosen.out, size, chosen.theme, chosen.view)


def screenshot(chosen: argparse.Namespace) -> None:
    """Draw the whole window into a file."""
    from nnviz import _system

    file = examples.file_of(chosen.file)
    _system.draw_without_display()
    from nnviz.ui.window.app import screenshot as draw

    draw(str(file), str(chosen.out), chosen.size, chosen.theme)


def convert(chosen: argparse.Namespace) -> None:
    """Load one file and save it as another."""
    _save(load(chosen.file), chosen.out)


def _save(state: State, path: Path) -> None:
    from nnviz.files import registry

    registry.save(state, path)
    if lost := registry.left_out(state, path):
        print(lost, file=sys.stderr)


def check(chosen: argparse.Namespace) -> None:
    """Load a file; a fault is told by main."""
    load(chosen.file)
    print(f"{chosen.file}: no fault found")


def list_examples(_chosen: argparse.Namespace) -> None:
    """Print every example's name and line."""
    _print_lines(f"{each.name}\t{each.line}" for each in examples.examples())


def _weights_json(layer: Any) -> dict[str, Any]:
    return {
        "weights": layer.weights.tolist(),
        "biases": None if layer.biases is None else layer.biases.tolist(),
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, allow_nan=False))


def _print_lines(lines: Iterable[str]) -> None:
    print("\n".join(lines))


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Print rows of text in columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    _print_lines(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def _history_rows(points: Array) -> list[tuple[str, ...]]:
    """Return all points as text, or about twenty of many, the first and the last among them."""
    import numpy as np

    if len(points) > LINES:
        points = points[np.unique(np.linspace(0, len(points) - 1, 21).round().astype(int))]
    return [(str(int(iteration)), repr(mse)) for iteration, mse in points.tolist()]


_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "predict": predict,
    "slopes": slopes,
    "train": train,
    "render": render,
    "screenshot": screenshot,
    "convert": convert,
    "check": check,
    "examples": list_examples,
}
