"""The diagram alone on the whole screen, for people who sit far away, and the keys that are pressed there."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QKeyCombination, QObject, QPropertyAnimation, Qt, Signal
from PySide6.QtGui import QFont, QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QGraphicsOpacityEffect, QLabel, QToolBar, QWidget

from nnviz.picture.parts import MOST_GROWTH
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.kit.theme import ui_font
from nnviz.ui.window.window import VERSION, MainWindow

LARGEST = 8.0
"""How many times as large as in a small room the diagram may be there."""
SEEN_MS, HEIGHT_SHARE = 1400, 1 / 24
"""How long a key is to be seen, and how large it is, as a share of the height."""
MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta)


class Present(QObject):
    """Shows the diagram of a window alone, and all as it was again.

    `shows_keys` puts the key that is pressed on the screen. `changed` tells whether it is on now. Escape ends
    it where the diagram has the keyboard: it is for whoever is typing first.
    """

    changed = Signal(bool)

    def __init__(self, window: MainWindow, diagram: Diagram, *, shows_keys: bool) -> None:
        super().__init__(window)
        self._window, self._diagram = window, diagram
        self.shows_keys = shows_keys
        self._around: list[QWidget] = []
        """What is hidden meanwhile, but for the panels."""
        self._state = Qt.WindowState.WindowNoState
        self._arrangement: QByteArray | None = None
        self._keys: PressedKey | None = None
        diagram.installEventFilter(self)

    @property
    def on(self) -> bool:
        """Whether the diagram is alone."""
        return self._arrangement is not None

    def turn(self, on: bool) -> None:
        """Show the diagram alone, or all."""
        if on:
            self.enter()
        else:
            self.leave()

    def enter(self) -> None:
        """Show the diagram alone on the whole screen."""
        if self.on:
            return
        window, board = self._window, self._window.board
        self._state, self._arrangement = window.windowState(), board.saveState(VERSION)
        around = (window.menuBar(), window.statusBar(), *window.findChildren(QToolBar))
        self._around = [part for part in around if part.isVisibleTo(window)]
        for part in (*self._around, *board.docks.values()):
            part.hide()
        board.keep_margin(False)
        self._diagram.stand_alone(True, LARGEST)
        window.setWindowState(self._state | Qt.WindowState.WindowFullScreen)
        self._diagram.setFocus()
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        self.changed.emit(True)

    def leave(self) -> None:
        """Show all as it was."""
        if self._arrangement is None:
            return
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        self._window.setWindowState(self._state)
        for part in self._around:
            part.show()
        self._window.board.keep_margin(True)
        self._window.board.restoreState(self._arrangement, VERSION)
        self._arrangement = None
        self._window.board.look()
        self._diagram.stand_alone(False, MOST_GROWTH)
        self._window.activateWindow()  # a panel that floats has come last
        self._diagram.setFocus()
        if self._keys:
            self._keys.hide()
        self.changed.emit(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Escape before the walk does, and show what is pressed."""
        if not self.on or not isinstance(event, QKeyEvent) or event.type() == QEvent.Type.KeyRelease:
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
    """The name of a key, at the bottom of a widget, until it has faded."""

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
        """Leave nothing to do behind."""
        self._fading.stop()
        super().hideEvent(event)

    def show_key(self, key: QKeyCombination) -> None:
        """Show the name of a key, with those that are held with it."""
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
