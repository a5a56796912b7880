"""The command `nnviz train`: trains, prints the loss, and saves the result. Imports no Qt."""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import replace

import numpy as np

from nnviz.cli.arguments import UsageError
from nnviz.cli.output import save_network
from nnviz.cli.printing import print_json, print_remark, print_table, weights_json
from nnviz.cli.stopping import StopRequest
from nnviz.core import train as training_core
from nnviz.core.activations import Array
from nnviz.core.metrics import SORTED_BY_CLASS, measure_all, overfitting_since, rows_are_sorted
from nnviz.core.numbers import as_text, counted
from nnviz.core.state import State
from nnviz.core.train import Best, Result
from nnviz.files import atomic, native
from nnviz.files.errors import FileError
from nnviz.files.table import writing

LINES = 50
"""A loss history with at most this number of points is printed in full."""
SETTINGS = ("updates", "learning_rate", "batch_size", "optimizer", "seed", "loss", "validation")
"""Names of options of `nnviz train`. Each option sets the field with the same name in `Training`."""


def train(state: State, chosen: argparse.Namespace) -> int:
    """Train the network, write the output files and print the loss history. Return the exit code.

    After the first signal, the training ends early and the result is saved. The next signal ends the command
    at once.
    """
    with StopRequest() as stop:
        try:
            state = training_core.with_settings(state, {name: getattr(chosen, name) for name in SETTINGS})
            best = _best(state, chosen)
            result = training_core.carry_out(state, stop.is_asked, best.follow if best else None)
        except ValueError as error:
            raise FileError(str(error)) from None
        made = result.state.iteration - state.iteration
        if stop.exit_code and not made:
            print_remark("training stopped before the first update; nothing was saved")
            return stop.exit_code
        since = overfitting_since(result.state)
        if best:
            result = replace(result, state=best.state(result.state))
        _remark(result, since, chosen)
        if stop.exit_code:
            print_remark(f"training stopped after {made:,} of {counted(state.training.updates, 'update')}")
        faults = _write_results(result, chosen)
    try:
        _print(result, since, chosen)
    except BrokenPipeError:
        if not stop.exit_code:  # otherwise the signal has ended the reader too
            raise
    finally:  # report unwritten files even if printing fails
        if faults:
            raise FileError("; ".join(faults))
    return stop.exit_code


def _best(state: State, chosen: argparse.Namespace) -> Best | None:
    """Return an object that finds the network with the lowest validation loss, or None without --keep.

    Raises UsageError if no row is used for validation.
    """
    if chosen.keep is None:
        return None
    if state.trainable and not state.validated:
        raise UsageError("nnviz train: --keep best needs validation rows; add --validation 0.2")
    return Best(state)


def _remark(result: Result, since: int | None, chosen: argparse.Namespace) -> None:
    """Print to standard error how the training went; `since` is the first iteration of overfitting."""
    state, run = result.state, result.state.run
    assert run is not None
    if result.diverged:
        print_remark(
            f"the {state.measure.phrase} grew without bound, so the result has the weights after "
            f"{counted(state.iteration, 'update')}; try a smaller learning rate"
        )
    if state.unbounded:
        print_remark(state.unbounded)
    if state.training.validation and rows_are_sorted(state.network, state.data):
        print_remark(SORTED_BY_CLASS)
    if since is not None:
        print_remark(f"the validation loss has risen since iteration {since} (overfitting)")
        if not chosen.keep:
            print_remark("--keep best saves the network with the lowest validation loss")
    if chosen.keep:
        curve, last = run.curve("validation"), int(result.history[-1, 0])
        assert curve is not None
        least = as_text(curve.last[1])
        print_remark(f"kept iteration {state.iteration} of {last} (lowest validation loss: {least})")


def _print(result: Result, since: int | None, chosen: argparse.Namespace) -> None:
    state, run, name = result.state, result.state.run, result.state.measure.name
    assert run is not None
    found = measure_all(state)
    if not chosen.json:
        rows = writing.rows_text(_thinned(result.history, state.iteration), name)
        if found.accuracy is not None:
            shares = found.accuracy, found.validation_accuracy
            rows.append(("accuracy", *(repr(share) for share in shares if share is not None)))
        print_table(rows)
        return
    extras = {
        "validation": found.validation,
        "accuracy": found.accuracy,
        "validation_accuracy": found.validation_accuracy,
        "over_fitting_since": since,
        "kept": chosen.keep,
    }
    print_json(
        {
            "iteration": state.iteration,
            name: run.history.last[1],
            **{key: value for key, value in extras.items() if value is not None},
            "diverged": result.diverged,
            "history": [[int(at), *map(_none_if_nan, losses)] for at, *losses in result.history.tolist()],
            "layers": [weights_json(layer) for layer in state.network.layers],
        }
    )


def _none_if_nan(loss: float) -> float | None:
    return None if math.isnan(loss) else loss


def _write_results(result: Result, chosen: argparse.Namespace) -> list[str]:
    """Write the history file and the network file; return a sentence for each file that failed."""
    faults = []
    if chosen.history is not None:
        try:
            atomic.write(chosen.history, writing.history_text(result.history, result.state.measure.name))
        except FileError as error:
            faults.append(str(error))
    if chosen.out is not None:
        try:
            save_network(result.state, chosen.out)
        except FileError as error:
            faults.append(f"{error}; {_save_temporary(result.state)}")
    return faults


def _save_temporary(state: State) -> str:
    """Save the result as a temporary file; return a sentence with the path or the reason of the failure."""
    try:
        with tempfile.NamedTemporaryFile(prefix="nnviz-", suffix=".json", delete=False) as file:
            file.write(native.write(state))
    except (OSError, FileError) as error:
        return f"the result was not saved as a temporary file either: {error}"
    return f"the result was saved as {file.name} instead"


def _thinned(points: Array, iteration: int) -> Array:
    """Return all points if at most LINES, else about 20, with the first, the last and that of `iteration`."""
    if len(points) <= LINES:
        return points
    evenly = np.linspace(0, len(points) - 1, 21).round().astype(int)
    at = np.searchsorted(points[:, 0], iteration, side="right") - 1
    chosen: Array = points[np.union1d(evenly, at)]
    return chosen
