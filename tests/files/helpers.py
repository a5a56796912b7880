"""What is refused, how much work something is, and which files there are."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnviz.files.errors import FileError


def refused(step: Callable, *arguments, **named) -> str:
    """Return the sentence with which a call raises FileError."""
    with pytest.raises(FileError) as caught:
        step(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refusals(cases: dict, step: Callable) -> str:
    """Return a line `name: sentence` for every case, each of which `step` has to refuse with FileError."""
    lines, taken = [], []
    for name, case in cases.items():
        try:
            step(case)
        except FileError as error:
            lines.append(f"{name}: {error}")
        else:
            taken.append(name)
    assert not taken, f"not refused: {taken}"
    assert "\n" not in "".join(lines)
    return "\n".join(lines)


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def calls(step: Callable) -> int:
    """Return the number of function calls that a step makes: its work, without a clock."""
    count = 0

    def one_more(_frame, event, _of):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(one_more)
    try:
        step()
    finally:
        sys.setprofile(None)
    return count
