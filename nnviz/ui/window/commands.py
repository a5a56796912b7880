"""Everything a person can ask the window for, as actions: icon, text, shortcut, what it does."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from nnviz.ui.widgets.icons import icon


class Commands:
    """Makes actions, and keeps their icons in the theme's ink."""

    def __init__(self, owner: QWidget) -> None:
        self._owner = owner
        self._icons: dict[QAction | QToolButton, tuple[str, str | None]] = {}

    def add(
        self,
        text: str,
        does: Callable[[], object] | None = None,
        *,
        icon_name: str = "",
        keys: QKeySequence.StandardKey | str | None = None,
        tip: str = "",
        checkable: bool = False,
    ) -> QAction:
        """Return a new action; `keys` is its shortcut, `tip` says more than `text`."""
        action = QAction(text, self._owner)
        if isinstance(keys, str):
            action.setShortcut(QKeySequence(keys))
        elif keys is not None:
            action.setShortcuts(QKeySequence.keyBindings(keys))
        action.setCheckable(checkable)
        shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip((tip or text.replace("&", "").rstrip("…")) + (f" ({shortcut})" if shortcut else ""))
        if does is not None:
            action.triggered.connect(lambda *_: does())
        if icon_name:
            self.set_icon(action, icon_name)
        self._owner.addAction(action)
        return action

    def set_icon(self, owner: QAction | QToolButton, name: str, colour: str | None = None) -> None:
        """Give an action or a button an icon, now and after a change of theme."""
        if self._icons.get(owner) != (name, colour):
            self._icons[owner] = (name, colour)
            owner.setIcon(icon(name, colour))

    def recolour(self) -> None:
        """Draw all icons again in the theme's ink."""
        for owner, (name, colour) in self._icons.items():
            owner.setIcon(icon(name, colour))
