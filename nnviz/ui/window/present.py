"""Presentation mode: the diagram fills the screen, and pressed keys can be shown."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QKeyCombination, QObject, QPropertyAnimation, Qt, Signal
from PySide6.QtGui import QFont, QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QGraphicsOpacityEffect, QLabel, QToolBar, QWidget

from nnviz.picture.parts import MOST_GROWTH
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.kit.theme import ui_font
from nnviz.ui.window.window import VERSION, MainWindow

LARGEST = 8.0
"""Largest zoom factor of the diagram in presentation mode."""
SEEN_MS, HEIGHT_SHARE = 1400, 1 / 24
"""SEEN_MS: how long a key's name is shown. HEIGHT_SHARE: font size as a share of the diagram's height."""
MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta)


class Present(QObject):
    """Presentation mode of a window: shows only the diagram, and later restores the window.

    `shows_keys` says whether pressed keys are shown. The signal `changed` carries whether the mode is on. If
    the diagram has the keyboard focus, Escape ends the mode; otherwise the focused widget gets Escape.
    """

    changed = Signal(bool)

    def __init__(self, window: MainWindow, diagram: Diagram, *, shows_keys: bool) -> None:
        super().__init__(window)
        self._window, self._diagram = window, diagram
        self.shows_keys = shows_keys
        self._hidden_parts: list[QWidget] = []
        """The parts of the window that are hidden while presenting, except the panels."""
        self._state = Qt.WindowState.WindowNoState
        self._arrangement: QByteArray | None = None
        self._keys: PressedKey | None = None
        diagram.installEventFilter(self)

    @property
    def is_on(self) -> bool:
        """Whether presentation mode is on."""
        return self._arrangement is not None

    def turn(self, on: bool) -> None:
        """Turn presentation mode on or off."""
        if on:
            self.enter()
        else:
            self.leave()

    def enter(self) -> None:
        """Turn presentation mode on: show only the diagram, on the full screen."""
        if self.is_on:
            return
        window, board = self._window, self._window.board
        self._state, self._arrangement = window.windowState(), board.saveState(VERSION)
        parts = (window.menuBar(), window.statusBar(), *window.findChildren(QToolBar))
        self._hidden_parts = [part for part in parts if part.isVisibleTo(window)]
        for part in (*self._hidden_parts, *board.docks.values()):
            part.hide()
        board.keep_margin(False)
        self._diagram.set_presenting(True, LARGEST)
        window.setWindowState(self._state | Qt.WindowState.WindowFullScreen)
        self._diagram.setFocus()
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        self.changed.emit(True)

    def leave(self) -> None:
        """Turn presentation mode off: restore the window as it was."""
        if self._arrangement is None:
            return
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        self._window.setWindowState(self._state)
        for part in self._hidden_parts:
            part.show()
        self._window.board.keep_margin(True)
        self._window.board.restoreState(self._arrangement, VERSION)
        self._arrangement = None
        self._window.board.update_docks()
        self._diagram.set_presenting(False, MOST_GROWTH)
        self._window.activateWindow()  # a floating panel was activated last
        self._diagram.setFocus()
        if self._keys:
            self._keys.hide()
        self.changed.emit(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """On Escape, end presentation mode, but not an animation of an update. Show pressed keys."""
        if not self.is_on or not isinstance(event, QKeyEvent) or event.type() == QEvent.Type.KeyRelease:
            return False
        if watched is self._diagram and event.key() == Qt.Key.Key_Escape:
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.leave()
            return True
        if event.type() == QEvent.Type.ShortcutOverride and watched is QApplication.focusWidget():
            self._show(event)
        return False

    def _show(self, event: QKeyEvent) -> None:
        if self.shows_keys and Qt.Key(event.key()) not in MODIFIERS:
            self._keys = self._keys or PressedKey(self._diagram)
            self._keys.show_key(event.keyCombination())


class PressedKey(QLabel):
    """A label with the name of a pressed key, at the bottom of a widget; the label fades out."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        self.setObjectName("key")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(effect)
        self._fading = QPropertyAnimation(effect, b"opacity", self)
        self._fading.setDuration(SEEN_MS)
        self._fading.setStartValue(1.0)
        self._fading.setKeyValueAt(0.7, 1.0)
        self._fading.setEndValue(0.0)
        self._fading.finished.connect(self.hide)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the fading when the label is hidden."""
        self._fading.stop()
        super().hideEvent(event)

    def show_key(self, key: QKeyCombination) -> None:
        """Show the name of a key, such as "Ctrl+Z", for SEEN_MS milliseconds."""
        room = self._room
        self.setText(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText))
        self.setFont(ui_font(room.height() * HEIGHT_SHARE, QFont.Weight.DemiBold))
        size = self.sizeHint()
        self.setGeometry(
            (room.width() - size.width()) // 2,
            room.height() - size.height() * 3 // 2,
            size.width(),
            size.height(),
        )
        self.show()
        self.raise_()
        self._fading.stop()
        self._fading.start()
