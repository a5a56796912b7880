"""Runs that were left without saving: kept for each file, so that leaving it needs no question. No widgets.

What training alone has made of a file's network is taken up again where the file is opened as it was.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.core.training.past import is_trained, leads_to, makes_again
from nnviz.document.document import Document
from nnviz.document.presence import key_of
from nnviz.document.recovery import holds
from nnviz.files import atomic, snapshot
from nnviz.files.errors import FileError
from nnviz.files.on_disk import OnDisk
from nnviz.files.opening import read_bytes
from nnviz.files.runs import savable
from nnviz.files.snapshot import About, Copy

MOST, MOST_BYTES = 20, 256 * 2**20
"""So many files' runs are kept, of so many bytes together: the latest."""


class KeptRuns:
    """Runs in `folder`, one a file; without a folder none is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def keep(self, document: Document) -> bool:
        """Tell whether `document` can be left without loss, since only training has changed it.

        An example's run by its own settings can be made again; that of a file is kept, where that can be.
        One that goes on from here is kept already: it stays.
        """
        saved, state, file = document.saved, document.state, document.file
        if saved is None or not is_trained(saved, state):
            return False
        if file is None:
            again = state.iteration == saved.iteration or makes_again(saved, state)
            return again and state.training == saved.training
        if self._folder is None or state.iteration <= saved.iteration or savable(state) is not state:
            return False
        kept = self._kept(file, saved)
        if kept and leads_to(state, kept) and all(run in kept.runs for run in state.runs):
            return True
        about = About(document.title, holds(state), file.path.absolute(), file.digest)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = self._copy(self._folder, file.path)
            atomic.write(copy, *snapshot.sealed(snapshot.parts(state, about)), private=True)
        except (OSError, FileError):
            return False
        _sweep(self._folder, copy)
        return True

    def offer(self, document: Document) -> str:
        """Let redo take up what is kept for the file that was just opened; return a sentence on it, or ""."""
        file, opened = document.file, document.state
        later = self._kept(file, opened) if file else None
        if later is None:
            return ""
        made = counted(later.iteration - opened.iteration, "update")
        document.offer(later, f"Run of {made}")
        return f"a run of {made} from before is kept, and Redo takes it up"

    def _kept(self, file: OnDisk, opened: State) -> State | None:
        """Return what is kept of `file`, which holds `opened`, as what training has made of it."""
        if self._folder is None:
            return None
        try:
            copy = Copy(read_bytes(self._copy(self._folder, file.path)))
            return _after(opened, copy.state()) if copy.about.digest == file.digest else None
        except FileError:
            return None

    @staticmethod
    def _copy(folder: Path, path: Path) -> Path:
        return folder / f"{key_of(path)}.run"


def _after(opened: State, kept: State) -> State | None:
    """Return `kept` as what training has made of `opened`; None where it was something else."""
    run = kept.run
    start = opened.run.start if opened.run else opened.network
    if run is None or run.start.layers != start.layers or kept.data != opened.data:
        return None
    later = replace(kept, data=opened.data, run=replace(run, start=start))
    return later if later.iteration > opened.iteration and is_trained(opened, later) else None


def _sweep(folder: Path, latest: Path) -> None:
    """Delete the oldest that are too many or too large; the latest stays."""
    atomic.sweep(folder)
    held = 0
    with contextlib.suppress(OSError):
        copies = sorted(folder.glob("*.run"), key=lambda path: path.lstat().st_mtime, reverse=True)
        for count, path in enumerate(copies, 1):
            held += path.lstat().st_size
            if path != latest and (count > MOST or held > MOST_BYTES):
                with contextlib.suppress(OSError):  # of a folder that is called so
                    os.unlink(path)
