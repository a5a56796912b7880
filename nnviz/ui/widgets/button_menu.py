"""A menu that a button opens: below it, and the button is lit no longer than the mouse is over it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu


def open_below(button: QAbstractButton, menu: QMenu) -> None:
    """Open a menu below a button."""
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def follow(button: QAbstractButton, menu: QMenu) -> None:
    """Have a button see, when its menu closes, whether the mouse has left: nobody said so meanwhile."""

    def look() -> None:
        if not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
            button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
            QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))

    menu.aboutToHide.connect(look)
