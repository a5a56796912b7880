"""A page of the help as data: sections of terms, and what each means."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Rows: TypeAlias = tuple[tuple[str, str], ...]
"""Terms, each with what it means."""
Section: TypeAlias = tuple[str, Rows]
"""A heading and what stands under it."""


class Page(NamedTuple):
    """What a page is called, and what returns its sections when it is first read."""

    title: str
    sections: Callable[[], tuple[Section, ...]]
