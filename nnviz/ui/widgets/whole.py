"""Runs the window so that what C code raises cannot end the process. Knows nothing of the window."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class _HandledError(Exception):
    """What is being handled all the time."""


def with_whole_exceptions(run: Callable[[], Result]) -> Result:
    """Call `run`, with every exception in it whole from the start.

    Python before 3.12 leaves one that C code raises half made until somebody looks at it, and PySide (6.8 to
    6.11) ends the process at a half made one that comes out of a method that Qt has called within a call from
    Python. While an exception is handled Python makes every further one whole, as later versions always do;
    there, this does nothing. It has its price: a bare `raise`, or `sys.exc_info()`, where a slot handles
    nothing meets the exception that is always handled.
    """
    if sys.version_info >= (3, 12):
        return run()
    try:
        raise _HandledError
    except _HandledError:
        return run()


def forget_handled(error: BaseException | None) -> None:
    """Take the one that is always handled from what an exception says to have come while."""
    while error is not None:
        if isinstance(error.__context__, _HandledError):
            error.__context__ = None
        error = error.__context__
