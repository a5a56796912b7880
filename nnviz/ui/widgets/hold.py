"""What cannot act for now looks like it, and says why."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget


def hold(what: QWidget | QAction, why: str, tip: str, *, can: bool = True) -> None:
    """Let a widget or an action take nothing, and its tooltip say `why`; "" lets it say what it does.

    Even then it takes nothing unless it `can` do something.
    """
    what.setEnabled(can and not why)
    what.setToolTip(why or tip)
