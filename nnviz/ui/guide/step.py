"""A step of a guide as data: its words, what it points at, and what tells that its deed is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget


class Spot(NamedTuple):
    """A part of a widget, or all of it."""

    widget: QWidget
    part: QRect | None = None

    def within(self, window: QWidget) -> QRect | None:
        """Return where it is in a window; None where it is not in sight, or in another window."""
        if not self.widget.isVisible() or self.widget.window() is not window:
            return None
        part = self.part or self.widget.rect()
        return part.translated(self.widget.mapTo(window, QPoint(0, 0)))


Where: TypeAlias = Callable[[], Spot | None]


@dataclass(frozen=True)
class Step:
    """One card.

    ========= ==========================================================================
    `title`   what it is about
    `says`    what to do, in one or two sentences
    `then`    what to see when it is done
    `at`      what the first sentences speak of
    `then_at` what the others speak of
    `sign`    the deed is done when this is no longer what it was when the step began
    `begin`   brings what it speaks of into sight
    `kept`    what the card must not cover either
    ========= ==========================================================================
    """

    title: str
    says: str
    then: str
    at: Where
    then_at: Where
    sign: Callable[[], object]
    begin: Callable[[], object] = lambda: None
    kept: Callable[[], Iterable[Spot | None]] = tuple
