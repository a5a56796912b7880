"""The command that trains: what it writes and prints, and how nothing of it is lost. Imports no Qt."""

from __future__ import annotations

import argparse
import math
import tempfile

import numpy as np

from nnviz.cli.printing import complain, print_json, print_table, weights_json
from nnviz.cli.saving import save
from nnviz.core import training
from nnviz.core.accuracy import UNSHUFFLED, are_unshuffled
from nnviz.core.activations import Array
from nnviz.core.measured import measured
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.core.training import Result
from nnviz.files import atomic, csv, native
from nnviz.files.errors import FileError

LINES = 50
"""Longest history that is printed whole."""


def train(state: State, chosen: argparse.Namespace) -> None:
    """Train, print the history of the loss, and write what was asked for."""
    names = ("updates", "learning_rate", "batch_size", "optimizer", "seed", "loss", "validation")
    try:
        result = training.train(state, **{name: getattr(chosen, name) for name in names})
    except ValueError as error:
        raise FileError(str(error)) from None
    if result.diverged:
        complain(
            f"the {result.state.measure.word} grew beyond all bounds; the weights are those after "
            f"{counted(result.state.iteration, 'update')}, and a smaller learning rate may help"
        )
    if result.state.unbounded:
        complain(result.state.unbounded)
    if result.state.training.validation and are_unshuffled(state.network, state.data):
        complain(UNSHUFFLED)
    faults = _write_results(result, chosen)
    try:
        _print(result, chosen)
    finally:  # what was not written is told even where nothing can be printed
        if faults:
            raise FileError("; ".join(faults))


def _print(result: Result, chosen: argparse.Namespace) -> None:
    if chosen.json:
        print_json(_as_json(result))
    else:
        rows = csv.rows(_some(result.history), _name(result))
        found = measured(result.state)
        if found.accuracy is not None:
            shares = found.accuracy, found.validation_accuracy
            rows.append(("accuracy", *(repr(share) for share in shares if share is not None)))
        print_table(rows)


def _name(result: Result) -> str:
    return result.state.measure.name


def _as_json(result: Result) -> dict[str, object]:
    """Return what `--json` prints; the loss under its own name, and what else there is to measure."""
    state = result.state
    found = measured(state)
    beside = {
        name: value
        for name in ("validation", "accuracy", "validation_accuracy")
        if (value := getattr(found, name)) is not None
    }
    return {
        "iteration": state.iteration,
        _name(result): float(result.history[-1, 1]),
        **beside,
        "diverged": result.diverged,
        "history": [[int(iteration), *map(_known, losses)] for iteration, *losses in result.history.tolist()],
        "layers": [weights_json(layer) for layer in state.network.layers],
    }


def _known(loss: float) -> float | None:
    return None if math.isnan(loss) else loss


def _write_results(result: Result, chosen: argparse.Namespace) -> list[str]:
    """Write what was asked for, each whether another one can be written or not; return what was not."""
    faults = []
    if chosen.history is not None:
        try:
            atomic.write(chosen.history, csv.history(result.history, _name(result)))
        except FileError as error:
            faults.append(str(error))
    if chosen.out is not None:
        try:
            save(result.state, chosen.out)
        except FileError as error:
            faults.append(f"{error}; {_rescued(result.state)}")
    return faults


def _rescued(state: State) -> str:
    """Save what took long to make where temporary files are; say where, or why not."""
    try:
        with tempfile.NamedTemporaryFile(prefix="nnviz-", suffix=".json", delete=False) as file:
            file.write(native.write(state))
    except (OSError, FileError) as error:
        return f"nor could it be saved as a temporary file: {error}"
    return f"what came of it is in {file.name}"


def _some(points: Array) -> Array:
    """Return all points, or about twenty of many, the first and the last among them."""
    if len(points) <= LINES:
        return points
    chosen: Array = points[np.unique(np.linspace(0, len(points) - 1, 21).round().astype(int))]
    return chosen
