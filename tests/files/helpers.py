"""What is refused, how much work something is, and which files there are."""

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from nnviz.files.errors import FileError
from tests.core.refusals import refusals as refusals_of


def refused(step: Callable, *arguments, **named) -> str:
    """Return the sentence with which a call raises FileError."""
    with pytest.raises(FileError) as caught:
        step(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def cases_of(text: str, separator: str = "¦") -> list[str]:
    r"""Return the cases in a text, which stand between separators; in them \n is the end of a line."""
    signs = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\0": "\0"}
    return [re.sub(r"\\[nrt0]", lambda sign: signs[sign[0]], case.strip()) for case in text.split(separator)]


def shown(case) -> str:
    """Return a case as its name: on one line, with its ends alone if it is long."""
    text = ascii(case)
    return text if len(text) <= 90 else f"{text[:50]}…{text[-25:]} ({len(text):,} letters)"


def refusals(cases, step: Callable) -> str:
    """Return a line `name: sentence` for every case, each of which `step` has to refuse with FileError.

    Cases that are in no dictionary by their names are their own names.
    """
    if not isinstance(cases, dict):
        cases, given = {shown(case): case for case in cases}, cases
        assert len(cases) == len(given), "two cases have one name"
    text = refusals_of({name: partial(step, case) for name, case in cases.items()}, FileError)
    assert len(text.split("\n")) == len(cases), "a sentence has more than one line"
    return text


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
