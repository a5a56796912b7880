"""The command `nnviz sweep`: its CSV file, which grows as the runs end, and its progress."""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TextIO

from nnviz.cli.arguments import UsageError
from nnviz.cli.terminal import StopRequest, print_remark, print_text
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.core.sweep import READERS, SETTINGS, SweepRun, Trial, carry_out_trials, combinations
from nnviz.core.workers import WorkerError, open_workers
from nnviz.files import atomic
from nnviz.files.errors import FileError, as_file_errors

COLUMNS = tuple(each.name for each in fields(SweepRun) if each.repr)


def sweep(state: State, chosen: argparse.Namespace) -> int:
    """Train with every combination of settings. Print a line for each run, or write the lines to a CSV file.

    The file gets each line when its run ends; at the end, the lines stand in the order of the combinations.
    Return the exit code. Raises FileError and UsageError.
    """
    path: Path | None = chosen.out
    if chosen.resume and path is None:
        raise UsageError("nnviz sweep: --resume needs the CSV file of the sweep: -o SWEEP.csv")
    if (chosen.backend == "dask") != bool(chosen.scheduler):
        raise UsageError("nnviz sweep: use --backend dask and --scheduler ADDRESS together")
    swept = {name: values for name in READERS if (values := getattr(chosen, name)) is not None}
    with as_file_errors():
        trials = combinations(state, swept, chosen.seeds, chosen.updates)
        try:
            workers = open_workers(chosen.backend, chosen.jobs, chosen.scheduler)
        except WorkerError as error:
            raise FileError(str(error)) from None
    lines = _lines_of(path, trials) if chosen.resume and path is not None else {}
    left = [place for place in range(len(trials)) if place not in lines]
    has_failed, progress, parts = False, Progress(len(left)), [trials[place] for place in left]
    with StopRequest(interrupts=True) as stop, closing(workers), _opened(path, lines) as out:
        try:
            with as_file_errors(), closing(carry_out_trials(parts, workers)) as runs:
                for k, run in runs:
                    lines[left[k]] = [_cell(getattr(run, name)) for name in COLUMNS]
                    out.write(_csv([lines[left[k]]]))
                    progress.show()
        except (KeyboardInterrupt, WorkerError) as end:
            has_failed = isinstance(end, WorkerError)
            made = f"the sweep stopped after {counted(len(lines), 'run')} of {len(trials)}"
            how = "--resume makes the others" if path else ""
            print_remark("; ".join(filter(None, (str(end), made, how))))
    text = _csv([COLUMNS, *(lines[place] for place in sorted(lines))])
    if path is None:
        print_text(text)
    elif len(lines) == len(trials):
        atomic.write(path, text.encode())
    return stop.exit_code or int(has_failed)


class Progress:
    """Shows on standard error how many runs are made and how long the rest takes, if that is a terminal."""

    def __init__(self, runs: int) -> None:
        self._runs, self._made, self._start = runs, 0, time.monotonic()
        self._next = self._start

    def show(self) -> None:
        """Count one more run, and show the progress at most five times a second."""
        self._made += 1
        now = time.monotonic()
        if sys.stderr is None or not sys.stderr.isatty() or (now < self._next and self._made < self._runs):
            return
        self._next = now + 0.2
        left_s = (now - self._start) / self._made * (self._runs - self._made)
        end = "\n" if self._made == self._runs else ""
        text = f"\r{self._made} of {counted(self._runs, 'run')}, {left_s:.0f} s left "
        print(text, end=end, file=sys.stderr, flush=True)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _csv(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


@contextmanager
def _opened(path: Path | None, lines: dict[int, list[str]]) -> Iterator[TextIO]:
    """Open the CSV file with the lines that are there already, or a text in memory. Raises FileError."""
    if path is None:
        yield io.StringIO()
        return
    atomic.write(path, _csv([COLUMNS, *lines.values()]).encode())
    try:
        with path.open("a", buffering=1, encoding="utf-8", newline="") as out:  # writes each line at once
            yield out
    except OSError as error:
        raise FileError(f"{path}: {(error.strerror or str(error)).lower()}") from None


def _lines_of(path: Path, trials: list[Trial]) -> dict[int, list[str]]:
    """Return the complete lines of a CSV file by the place of their run in `trials`.

    Raises FileError if the file is not that of this sweep.
    """
    if not path.exists():
        return {}
    data = atomic.read_bytes(path).decode("utf-8", "replace")
    complete = data[: data.rfind("\n") + 1]  # the last line may have been cut off
    try:
        rows = list(csv.reader(io.StringIO(complete)))
    except csv.Error as error:
        raise FileError(f"{path}: {error}") from None
    if rows and rows[0] != list(COLUMNS):
        raise FileError(f"{path}: not the CSV file of a sweep; without --resume, nnviz writes it anew")
    places = {tuple(_cell(trial.settings[name]) for name in SETTINGS): k for k, trial in enumerate(trials)}
    lines = {}
    for number, row in enumerate(rows[1:], 2):
        settings = tuple(row[: len(SETTINGS)])
        if len(row) != len(COLUMNS) or settings not in places:
            raise FileError(f"{path}, line {number}: a run of another sweep; choose another file")
        made, training = row[COLUMNS.index("updates")], trials[places[settings]].state.training
        may_be_short = row[-1] == "true" or training.until or training.patience or training.keep
        if made != str(training.updates) and not (may_be_short and int(made) < training.updates):
            raise FileError(f"{path}, line {number}: a run of {made} updates, not of {training.updates}")
        lines[places[settings]] = row
    return lines
