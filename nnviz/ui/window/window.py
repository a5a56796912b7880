"""The main window, its docks and their arrangement.

The module imports only Qt and the settings, for a fast first frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QByteArray, QEvent, QMargins, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QHideEvent,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFrame,
    QMainWindow,
    QScrollArea,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import apply_style, named_frame, px, size_factor

if TYPE_CHECKING:
    from nnviz.ui.kit.card import Card, Panel


MOVES = (QEvent.Type.Move, QEvent.Type.MouseButtonRelease, QEvent.Type.NonClientAreaMouseButtonRelease)
"""Types of Qt events after which a dock may have moved, or a drag of the dock may have ended."""

FLOAT_OFFSET_PX = 32
"""Offset of a floating panel from its docked place, right and down, in pixels."""
SHARE_ACROSS, SHARE_DOWN = 0.25, 0.34
"""A panel's minimum width and height are usually at most these shares of the screen's width and height."""


Place: TypeAlias = Literal["right, above", "right", "below, left", "below"]
"""Place of a panel at the first start: at the right of the diagram or below it."""


class PanelEntry(NamedTuple):
    """An entry of the table of panels. Panels in the same place are tabs, in the order of the table.

    `tip` says what the panel does and begins with a verb, such as "Shows the network as a program".
    `home` is the module and the class of the panel, such as "code:CodePanel". The panel is imported and made
    when it is first visible.
    """

    name: str
    place: Place
    tip: str
    home: str


class Dock(QDockWidget):
    """A dock for one panel; the dock makes its panel when the dock is first visible.

    ============== =====================================================================================
    `updated`      the dock may have moved, opened or closed; carries the value of `is_open`
    `focus_lost`   the widget that had the keyboard focus is hidden now
    `changed`      the panel needs more height than the dock has, or less height than before
    `seen`         (panel, whether it is visible) the panel became visible or hidden
    ============== =====================================================================================
    """

    updated = Signal(bool)
    focus_lost = Signal()
    changed = Signal()
    seen = Signal(object, bool)

    def __init__(self, name: str, board: QMainWindow) -> None:
        super().__init__(name, board)
        self._board = board
        self.setObjectName(name)
        self.card: Panel | None = None
        self.is_in_view = False
        """Whether the panel is made and visible: neither hidden nor behind another tab."""
        self._make: Callable[[], Panel] | None = None
        self._head = named_frame("head")
        self.setTitleBarWidget(self._head)
        self._room = Room()
        self._room.changed.connect(self.changed)
        self.setWidget(self._room)
        self._soon = QTimer(self, singleShot=True, interval=0)  # QTimer.singleShot would keep it alive
        self._soon.timeout.connect(self.update_panel)
        self.visibilityChanged.connect(self._soon.start)
        self.topLevelChanged.connect(self._soon.start)

    @property
    def least(self) -> QSize:
        """The smallest size of the dock at which all controls of the panel are visible."""
        frame = self.minimumSizeHint().height() - self._room.minimumSizeHint().height()
        return self._room.least.grownBy(QMargins(0, 0, 0, frame))

    def fill(self, make: Callable[[], Panel]) -> None:
        """Set the function that makes the panel. The dock calls `make` as soon as the dock is visible."""
        self._make = make
        self.update_panel()

    def update_panel(self) -> None:
        """Make, show or hide the panel, and place its heading, depending on whether the dock is visible."""
        self._place_head()
        in_sight = self.isVisible() and (self.isFloating() or not self._behind)
        if in_sight and self._make:
            self._fill(self._make())
        if self.card and in_sight != self.is_in_view:
            self.is_in_view = in_sight
            self._leave()
            self.card.setVisible(in_sight)  # behind a tab, Qt only moves the panel away, so it would work on
            self._head.setEnabled(in_sight)  # a hidden heading must not get the keyboard focus
            self.seen.emit(self.card, in_sight)
        self.updated.emit(self.is_open)

    @property
    def is_open(self) -> bool:
        """Whether the dock is open: in front of its tabs, or behind another tab."""
        return not self.isHidden()

    @property
    def _behind(self) -> bool:
        """Whether the dock is behind another tab.

        Qt moves such a dock beyond the left and upper edges, but calls it visible. A dock beyond the right
        or lower edge is not behind a tab: that happens for a moment when the window shrinks.
        """
        place = self.geometry()
        return place.right() < 0 and place.bottom() < 0

    def bring_to_front(self, *, take_focus: bool = False) -> None:
        """Show the dock in front of its tabs; with `take_focus`, move the keyboard focus into the dock."""
        self.show()
        self.raise_()
        self.update_panel()
        if take_focus:
            self.activateWindow()
            self.focus()

    def come_forward(self) -> None:
        """Show the dock in front of its tabs, unless the dock is hidden or floats."""
        if self.is_open and not self.isFloating():
            self.bring_to_front()

    def focus(self) -> None:
        """Move the keyboard focus to the panel's first widget that accepts it, or to the panel itself."""
        widgets = [*self.card.findChildren(QWidget), *self._head.findChildren(QWidget)] if self.card else []
        usable = (widget for widget in widgets if widget.isEnabled() and widget.isVisible())
        focusable = (widget for widget in usable if widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        next(focusable, self.widget()).setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def has_focus(self) -> bool:
        """Whether a widget in the dock has the keyboard focus."""
        focused = QApplication.focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def _fill(self, card: Panel) -> None:
        self._make, self.card, self._head = None, card, card.head
        self._room.show_card(card)
        self._move_head(into_panel=self.isFloating())  # even while a mouse button presses the dock's tab
        self._fit_head()

    def _place_head(self) -> None:
        """Use the heading as the dock's title bar; if the dock floats, put the heading into the panel.

        A floating dock is dragged by the frame of the system. While a mouse button is pressed the heading
        stays where it is, since Qt would end a drag.
        """
        if not QApplication.mouseButtons():
            self._move_head(into_panel=self.isFloating())
        self._fit_head()

    def _move_head(self, *, into_panel: bool) -> None:
        """Put the heading into the panel, below Qt's title bar, or use the heading as the title bar."""
        bar = None if into_panel else self._head
        if self.titleBarWidget() is not bar:
            self.setTitleBarWidget(bar)  # type: ignore[arg-type]  # None restores Qt's title bar
            if self.card and into_panel:
                self.card.put_head()
            self._head.show()

    def _fit_head(self) -> None:
        """Style the heading as part of the tabs, and hide the heading text if the tab says the same."""
        tabbed = not self.isFloating() and bool(self._board.tabifiedDockWidgets(self))
        if self.card:
            same = self.card.heading.text().casefold() == self.windowTitle().casefold()
            self.card.heading.setVisible(not (same and (tabbed or self.isFloating())))
            self.card.set_tight(tabbed)
        if self._head.property("tabbed") is not tabbed:
            self._head.setProperty("tabbed", tabbed)
            apply_style(self._head)

    def _leave(self) -> None:
        if self.has_focus:
            self.focus_lost.emit()

    # --- Qt events

    def event(self, event: QEvent) -> bool:
        """Call `update_panel` after the dock was moved or dragged. Float the dock on a double click."""
        if isinstance(event, QMouseEvent) and self._is_double_click(event):
            self.toggle_floating()
            return True
        done = super().event(event)
        if event.type() == QEvent.Type.Move and self.card:
            self.update_panel()
        elif event.type() in MOVES:
            self._soon.start()  # after Qt has laid out the docks
        return done

    def _is_double_click(self, event: QMouseEvent) -> bool:
        """Return whether the event is a double click on the heading of the docked dock.

        Qt would float the dock without a title bar.
        """
        double_click, left = QEvent.Type.MouseButtonDblClick, Qt.MouseButton.LeftButton
        on_head = self._head.geometry().contains(event.position().toPoint())
        return not self.isFloating() and on_head and (event.type(), event.button()) == (double_click, left)

    def hideEvent(self, event: QHideEvent) -> None:
        """Emit `focus_lost` if the hidden dock has the keyboard focus."""
        super().hideEvent(event)
        self._leave()

    def toggle_floating(self) -> None:
        """Float the dock, or dock it again. The floating window lies beside the docked place."""
        floats, place = not self.isFloating(), self.mapToGlobal(QPoint())
        self._move_head(into_panel=floats)  # first, so that the new window has a title bar from the start
        self.setFloating(floats)
        if floats and self.pos() == place:
            offset = px(FLOAT_OFFSET_PX)
            moved = QRect(place + QPoint(offset, offset), self.size())
            self.move(within(moved, moved, self.screen().availableGeometry()).topLeft())
        self.bring_to_front()


class Room(QScrollArea):
    """The scroll area of a panel. The area's minimum size is the panel's, but at most a share of the screen.

    The minimum size stays the same while the panel is hidden behind a tab. `changed` is emitted
    when the panel needs more height than the area has, or less height than before.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(widgetResizable=True)
        self._card: Card | None = None
        self._needed = 0
        self._set_panel(named_frame("card"))
        self.setObjectName("room")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        screen, card = self.screen().availableSize(), self._card
        more = card.extra_height if card and size_factor() == 1.0 else 0.0
        share = QSize(int(SHARE_ACROSS * screen.width()), int((SHARE_DOWN + more) * screen.height()))
        if card and card.content_px:
            share.setHeight(min(share.height(), px(card.content_px)))
        return self._panel.minimumSizeHint().boundedTo(share)

    def sizeHint(self) -> QSize:  # noqa: D102
        return self._panel.sizeHint()

    @property
    def least(self) -> QSize:
        """The smallest size that shows all controls of the panel beside a vertical scroll bar."""
        margin = self._card.body.contentsMargins().right() if self._card else 0
        bar = self.verticalScrollBar().sizeHint().width()
        return self._panel.minimumSizeHint().grownBy(QMargins(0, 0, max(bar - margin, 0), 0))

    def show_card(self, card: Card) -> None:
        """Show `card` as the panel, instead of the former panel."""
        self._card = card
        self._set_panel(card)

    def _set_panel(self, panel: QWidget) -> None:
        self._panel = panel
        self.setWidget(panel)
        panel.setAutoFillBackground(False)  # Qt turns this on, and would paint the round corners

    def _choose_bars(self) -> None:
        """Allow horizontal scrolling only if the area is too narrow for all controls of the panel."""
        off, on = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setHorizontalScrollBarPolicy(off if self.width() >= self.least.width() else on)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        self._choose_bars()
        super().resizeEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Update the minimum size of the area when the panel's layout changes."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._choose_bars()
            before, self._needed = self._needed, self.least.height()
            is_loose = self._needed < before and self.height() <= before
            if is_loose or 0 < before <= self.height() < self._needed:
                self.changed.emit()
        return super().viewportEvent(event)


RIGHT, BELOW = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
GAP_PX = 10
RIGHT_PX, BELOW_PX = 364, 246
"""RIGHT_PX: width of the right column at the first start. BELOW_PX: height of the panels below."""
MOST_ACROSS, LEAST_DOWN = 0.44, 0.3
"""Shares of the Board, the area of the diagram and the panels. MOST_ACROSS: widest right column.

LEAST_DOWN: height that is always free for the panels below the diagram.
"""
DIAGRAM_PX = 440
"""Height that the panels below leave free for the diagram and its gaps, in pixels at interface size 100 %."""
ARRANGEMENT = "arrangement"
"""Settings key: the arrangement of the panels."""
VERSION = 1
"""Version of the saved arrangement of the panels; arrangements of other versions are ignored."""


class Board(QMainWindow):
    """The area of the diagram and the docks: a QMainWindow inside the main window.

    The board has a margin of its own, so that the menu bar, toolbar and status bar have none. The board is
    empty until `arrange` is called.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._training_before = 0
        """Height of the Training dock before it was last resized, in pixels."""
        self.setWindowFlags(Qt.WindowType.Widget)
        self.keep_margin(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # Qt would list the docks
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.TopRightCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, RIGHT)
        centre = QWidget()  # stays, since Qt would share out all room again for a new widget
        self._centre, self._empty = QVBoxLayout(centre), named_frame("card")
        self._centre.setContentsMargins(0, 0, 0, 0)
        self._centre.addWidget(self._empty)
        self.setCentralWidget(centre)
        self.docks: dict[str, Dock] = {}
        self._first = QByteArray()

    def keep_margin(self, on: bool) -> None:
        """Turn the margin around the diagram and the docks on or off."""
        gap = px(GAP_PX) if on else 0
        self.setContentsMargins(gap, gap, gap, gap)

    def arrange(self, diagram: QWidget, panels: Sequence[PanelEntry]) -> None:
        """Put the diagram in the middle, and the panels' docks where they were in the last session."""
        self._centre.replaceWidget(self._empty, diagram)
        self._empty.deleteLater()
        self._add_docks(panels)
        self._first = self.saveState(VERSION)
        training = self.docks["Training"]
        training.changed.connect(lambda: QTimer.singleShot(0, self, self._fit_training))
        training.installEventFilter(self)
        state = self._settings.get(ARRANGEMENT, QByteArray())
        if self.restoreState(state, VERSION):
            again = partial(self.restoreState, state, VERSION)  # sizes in pixels of the interface size in use
            QTimer.singleShot(0, self, again)
            return
        if state:
            self.restoreState(self._first, VERSION)  # Qt may have restored a part
        self.share()
        filled = Qt.ConnectionType.SingleShotConnection
        training.seen.connect(lambda *_: QTimer.singleShot(0, self, self.share), filled)

    def show_panel(self, name: str, opened: bool) -> None:
        """Show the panel `name` in front. Hide the panel if it is visible and `opened` is false."""
        dock = self.docks[name]
        if opened or not dock.is_in_view:
            dock.bring_to_front(take_focus=True)
        else:
            dock.hide()

    def reset(self) -> None:
        """Put the panels where they are at the first start, with the sizes of the first start."""
        self.restoreState(self._first, VERSION)
        self.share()
        self.update_docks()

    def remember(self) -> None:
        """Save the arrangement of the panels in the settings, for the next start."""
        if self.docks:
            self._settings.remember(ARRANGEMENT, self.saveState(VERSION))

    def update_docks(self) -> None:
        """Make, show or hide the panel of every dock, depending on whether the dock is visible."""
        for dock in self.docks.values():
            dock.update_panel()

    @property
    def visible_docks(self) -> list[Dock]:
        """The docks that are visible: open, and not behind another tab."""
        return [dock for dock in self.docks.values() if dock.is_in_view]

    def _docks_in(self, area: Qt.DockWidgetArea) -> list[Dock]:
        """Return the visible docks in an area, in the order of the table of panels."""
        return [dock for dock in self.visible_docks if self.dockWidgetArea(dock) == area]

    def covers(self, name: str, other: str) -> bool:
        """Return whether the panel `name` is visible and the panel `other` is a tab behind it."""
        dock = self.docks[name]
        return dock.is_in_view and self.docks[other] in self.tabifiedDockWidgets(dock)

    def _add_docks(self, panels: Sequence[PanelEntry]) -> None:
        """Make a dock for each panel, in its first place."""
        first: dict[Place, Dock] = {}
        for panel in panels:
            dock = self.docks[panel.name] = Dock(panel.name, self)
            if panel.place in first:
                self.tabifyDockWidget(first[panel.place], dock)
            elif panel.place.startswith("right"):
                self.addDockWidget(RIGHT, dock, DOWN)
            else:
                self.addDockWidget(BELOW, dock, ACROSS)
            first.setdefault(panel.place, dock)
            dock.show()
        for dock in first.values():
            dock.raise_()

    def share(self) -> None:
        """Resize every dock to the size that it has at the first start, at the interface size in use."""
        data, loss, training = (self.docks[name] for name in ("Data", "Loss", "Training"))
        right = max(px(RIGHT_PX), training.least.width())  # a wide font needs more
        left = max((self.width() - right - 3 * px(GAP_PX)) // 2, 1)
        self._widen(training, right)
        least = round(LEAST_DOWN * self.height())
        below = least if size_factor() > 1.0 else max(self.height() - DIAGRAM_PX, least)
        self.resizeDocks([data], [min(px(BELOW_PX), below)], DOWN)
        self.resizeDocks([data, loss], [left, left], ACROSS)
        self._stack([training, self.docks["Explain"]], [max(training.least.height(), 1)])

    def _fit_training(self) -> None:
        """Resize the Training dock to the height that its panel needs now; Qt does not do that."""
        docks, training = self._docks_in(RIGHT), self.docks["Training"]
        if len(docks) > 1 and docks[0] is training:  # the table of panels begins with Training
            self._stack(docks, [training.least.height(), *(dock.height() for dock in docks[1:-1])])

    def _widen(self, dock: Dock, width: int) -> None:
        """Set the width of the right column, which holds `dock`, but not above MOST_ACROSS of the board."""
        self.resizeDocks([dock], [min(width, round(MOST_ACROSS * self.width()))], ACROSS)

    def _widen_right(self) -> None:
        """Widen the right column until all of its controls are visible, as far as there is room."""
        for dock in self._docks_in(RIGHT):
            if dock.width() < dock.least.width():
                self._widen(dock, dock.least.width())

    def _stack(self, docks: list[Dock], heights: list[int]) -> None:
        """Set the heights of docks in one column; the last dock gets the remaining height.

        If the sum were too large, Qt would shorten all docks by the same amount.
        """
        left = max(self.height() - (len(docks) + 1) * px(GAP_PX) - sum(heights), 1)
        self.resizeDocks(docks, [*heights, left], DOWN)

    # --- Qt events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adapt the height of the Training dock and the width of the right column to their panels."""
        super().resizeEvent(event)
        fits = self.docks and self._training_before == self.docks["Training"].least.height()
        if fits and event.size().height() != event.oldSize().height():
            QTimer.singleShot(0, self, self._fit_training)
        if event.size().width() > event.oldSize().width():
            QTimer.singleShot(0, self, self._widen_right)

    def eventFilter(self, training: QObject, event: QEvent) -> bool:
        """Store the height that the Training dock had before Qt resized the dock."""
        if isinstance(event, QResizeEvent):
            self._training_before = event.oldSize().height()
        return super().eventFilter(training, event)

    def event(self, event: QEvent) -> bool:
        """Style each new tab bar."""
        if event.type() == QEvent.Type.ChildPolished:
            child = event.child()  # type: ignore[attr-defined]
            if isinstance(child, QTabBar):
                child.setDrawBase(False)
                child.setExpanding(False)
                child.setElideMode(Qt.TextElideMode.ElideNone)  # tabs without room can be scrolled to
                child.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        return super().event(event)


SIZE_PX = QSize(1280, 800)
"""Size of the window at the first start, in pixels, if the screen is large enough."""
MAXIMISED = "maximised"
"""Settings key: whether the window was maximised when it was closed."""


class MainWindow(QMainWindow):
    """The window of one document; `board` holds the diagram and the panels.

    ========= =============================================================================
    `painted` emitted twice: after the first frame, and after the first frame with panels
    `closing` carries the close event, which a slot may ignore
    `dropped` carries the path of a file that was dropped on the window
    ========= =============================================================================
    """

    painted = Signal()
    closing = Signal(object)
    dropped = Signal(Path)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._frame_is_due = True
        self.board = Board(settings)
        self.setCentralWidget(self.board)
        self.setWindowTitle("nnviz")
        self.setAcceptDrops(True)
        self.resize(SIZE_PX.boundedTo(self.screen().availableSize()))
        fits = self.restoreGeometry(settings.get("geometry", QByteArray()))
        if not fits and settings.get(MAXIMISED, False):  # Qt refuses a screen of very different width
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def fit_screen(self) -> None:
        """Move and shrink the window until the window and its frame are wholly on the screen."""
        if not self.isMaximized() and not self.isFullScreen():
            room, frame = self.screen().availableGeometry(), self.frameGeometry()
            self.setGeometry(within(self.geometry(), frame, room))

    def set_panels(self, diagram: QWidget, panels: Sequence[PanelEntry]) -> None:
        """Put the diagram and the panels on the board."""
        self.board.arrange(diagram, panels)
        self._frame_is_due = True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Emit `painted` after the first frame, and after the first frame with panels.

        A timer emits the signal. The timer starts here, since in `showEvent` it would fire too early.
        """
        super().paintEvent(event)
        if self._frame_is_due:
            self._frame_is_due = False
            QTimer.singleShot(0, self, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the geometry and arrangement and close, unless a slot of `closing` ignores the event."""
        self.closing.emit(event)
        if event.isAccepted():
            self._settings.remember("geometry", self.saveGeometry())
            self._settings.remember(MAXIMISED, self.isMaximized())
            self.board.remember()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept the drag if it holds one file."""
        _accept_file(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Emit `dropped` with the path of the file, after Qt has finished the drop."""
        if path := _accept_file(event):
            QTimer.singleShot(0, self, lambda: self.dropped.emit(path))


def _accept_file(event: QDropEvent) -> Path | None:
    """Accept the first local file of a drag as a copy. Return its path, or None if no file is accepted."""
    local = (url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
    path = next((Path(file) for file in local if file), None)
    if path and event.possibleActions() & Qt.DropAction.CopyAction:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        return path
    return None


def within(window: QRect, frame: QRect, room: QRect) -> QRect:
    """Return the geometry of a window that fits on a screen.

    `window` is the geometry without frame, `frame` the geometry with frame, `room` the screen. The frame is
    moved into `room`, and shrunk if the frame is larger than `room`.
    """
    size = frame.size().boundedTo(room.size())
    left = min(max(frame.left(), room.left()), room.left() + room.width() - size.width())
    top = min(max(frame.top(), room.top()), room.top() + room.height() - size.height())
    start, end = window.topLeft() - frame.topLeft(), frame.bottomRight() - window.bottomRight()
    margins = QMargins(start.x(), start.y(), end.x(), end.y())
    return QRect(QPoint(left, top), size).marginsRemoved(margins)
