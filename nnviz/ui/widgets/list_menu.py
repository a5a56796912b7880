"""A menu of names, in which typing goes to a name as in any list."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget

WITH_LETTERS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
"""What may be held while a name is typed."""


class ListMenu(QMenu):
    """Goes to the entry that begins with what is typed; Enter alone chooses, where Qt's menu would at once.

    One letter again and again goes through the entries that begin with it.
    """

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._typed = ""
        self._last = QElapsedTimer()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take what is typed; a space belongs to a name once that has begun."""
        text = event.text()
        goes_on = self._last.isValid() and self._last.elapsed() < QApplication.keyboardInputInterval()
        typed = (self._typed if goes_on else "") + text
        if not text or not text.isprintable() or not typed.strip() or event.modifiers() & ~WITH_LETTERS:
            super().keyPressEvent(event)
            return
        self._typed = typed
        self._last.start()
        self._go_to(typed.casefold())

    def _go_to(self, typed: str) -> None:
        """Go to the next entry that begins so; the present one stays while it still does."""
        again = len(set(typed)) == 1
        wanted = typed[0] if again else typed
        actions = [action for action in self.actions() if action.isEnabled() and action.isVisible()]
        at = actions.index(self.activeAction()) + again if self.activeAction() in actions else 0
        found = (action for action in actions[at:] + actions[:at] if _name(action).startswith(wanted))
        if action := next(found, None):
            self.setActiveAction(action)


def _name(action: QAction) -> str:
    return action.text().replace("&&", "&").casefold()
