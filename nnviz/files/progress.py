"""How far a long reading has come, and that a person has stopped it. Knows nothing of formats and windows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeAlias, TypeVar

from nnviz.files.errors import FileError

Progress: TypeAlias = Callable[[float], None]
"""Told, now and then, which part is read, from 0 to 1; what it raises ends the reading."""

STEP = 2**18
"""Letters between two such words: some milliseconds of reading."""

LOOK_S = 0.02
"""Between two looks, while something is waited for, at what a person does."""

_Found = TypeVar("_Found")


class CancelledError(FileError):
    """A person has stopped the reading."""

    def __init__(self) -> None:
        super().__init__("you have stopped it")


def waited(work: Callable[[], _Found], progress: Progress | None) -> _Found:
    """Return what `work` returns, which waits for something; nobody knows how far it is.

    With `progress` it runs in a thread, so that a window stays alive and can end the wait.
    """
    if progress is None:
        return work()
    found: Future[_Found] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()  # nobody can end it while nothing comes
    while not wait([found], LOOK_S).done:
        progress(0.0)
    return found.result()
