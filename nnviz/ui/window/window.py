"""The main window: its docks and their arrangement.

Imports only Qt and the settings, for a fast first frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QMargins,
    QObject,
    QPoint,
    QRect,
    QSize,
    QSizeF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QCloseEvent,
    QContextMenuEvent,
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
    QMenu,
    QScrollArea,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from nnviz.ui.kit.controls import take_file
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import factor, px

if TYPE_CHECKING:
    from nnviz.ui.kit.card import Card


MOVES = (
    QEvent.Type.Move,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.NonClientAreaMouseButtonRelease,
)
"""Events after which a dock may be somewhere else, or be free to have another frame."""

ASIDE_PX = 32
"""So far from its place a panel floats at first."""
SHARE_ACROSS, SHARE_DOWN = 0.25, 0.34
"""Of the screen that a panel may ask for: three stand side by side, two one above the other."""


Place: TypeAlias = Literal["right, above", "right", "below, left", "below"]
"""At the right of the diagram from top to bottom, or below it from left to right."""


class Panel(NamedTuple):
    """One line of the table of panels; panels of one place are tabs of it, in this order.

    `make` is called with the Workspace when the panel is first in sight.
    """

    name: str
    place: Place
    tip: str
    make: Callable[[Any], Card]


class Dock(QDockWidget):
    """Holds a panel, which is made when it is first in sight.

    ============== ==============================================================================
    `looked`       where it stands may be another place; whether it is open, if only behind a tab
    `focus_lost`   what had the focus in it is out of sight
    `filled`       its panel was made
    `changed`      it is as high as its panel needed, which needs another height now
    ============== ==============================================================================
    """

    looked = Signal(bool)
    focus_lost = Signal()
    filled = Signal(object)
    changed = Signal()

    def __init__(self, name: str, board: QMainWindow) -> None:
        super().__init__(name, board)
        self._board = board
        self.setObjectName(name)
        self.card: Card | None = None
        self.in_sight = False
        self._make: Callable[[], Card] | None = None
        self._head = _empty("head")
        self.setTitleBarWidget(self._head)
        self._room = Room()
        self._room.changed.connect(self.changed)
        self.setWidget(self._room)
        self._soon = QTimer(self, singleShot=True, interval=0)  # singleShot would hold a dock that ends first
        self._soon.timeout.connect(self.look)
        self.visibilityChanged.connect(self._soon.start)
        self.topLevelChanged.connect(self._soon.start)

    @property
    def least(self) -> QSize:
        """How large it is where all controls of its panel are in sight."""
        around = self.minimumSizeHint().height() - self._room.minimumSizeHint().height()
        return self._room.least.grownBy(QMargins(0, 0, 0, around))

    def fill(self, make: Callable[[], Card]) -> None:
        """Have the panel made by `make`, now or when it is first in sight."""
        self._make = make
        self.look()

    def call(self, title: str) -> None:
        """Give it another title; what is remembered of it stays."""
        self.setWindowTitle(title)
        self._fit_head()

    def look_soon(self) -> None:
        """Look what is in sight once Qt has laid the docks out."""
        self._soon.start()

    def look(self) -> None:
        """Take account of whether it is in sight, and where its heading has to stand."""
        self._place_head()
        in_sight = self.isVisible() and (self.isFloating() or not self._behind)
        if in_sight and self._make:
            self._put(self._make())
        if self.card and in_sight != self.card.isVisibleTo(self):
            self._leave()
            self.card.setVisible(in_sight)  # behind a tab Qt only moves it away, and it would go on working
            self._head.setEnabled(in_sight)  # and the keyboard would still get there
        self.in_sight = in_sight
        self.looked.emit(self.is_open)

    @property
    def is_open(self) -> bool:
        """Whether it is not hidden; it may stand behind another tab."""
        return not self.isHidden()

    @property
    def _behind(self) -> bool:
        """Whether it is behind another tab: Qt moves it off to the left and above, and calls it visible.

        Where a window shrinks it may stand beyond the right or lower edge for a moment: that is no tab.
        """
        place = self.geometry()
        return place.right() < 0 and place.bottom() < 0

    def come(self, *, take_focus: bool = False) -> None:
        """Show it in front of its tabs, and let the keyboard go there if that is wanted."""
        self.show()
        self.raise_()
        self.look()
        if take_focus:
            self.activateWindow()
            self.focus()

    def come_forward(self) -> None:
        """Come before the other tabs of its place; one that is hidden stays so."""
        if self.is_open and not self.isFloating():
            self.raise_()
            self.look()

    def focus(self) -> None:
        """Give the keyboard to the first part of the panel that takes it, or to the panel as a whole."""
        within = [*self.card.findChildren(QWidget), *self._head.findChildren(QWidget)] if self.card else []
        takes = (
            widget
            for widget in within
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled() and widget.isVisible()
        )
        next(takes, self.widget()).setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is in it."""
        focused = QApplication.focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def _put(self, card: Card) -> None:
        self._make, self.card, self._head = None, card, card.head
        self._room.put(card)
        self._bear_head(within=self.isFloating())  # also while a button is down, which pressed its tab
        self._fit_head()
        self.filled.emit(card)

    def _place_head(self) -> None:
        """Put the heading where the dock is taken hold of; a floating one has the system's frame for that.

        Not while it is dragged, which Qt would break off.
        """
        if not QApplication.mouseButtons():
            self._bear_head(within=self.isFloating())
        self._fit_head()

    def _bear_head(self, *, within: bool) -> None:
        """Put the heading into the panel, below Qt's own bar, or where that bar would stand."""
        wanted = None if within else self._head
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)  # type: ignore[arg-type]  # None brings Qt's own back
            if self.card and within:
                self.card.put_head()
            self._head.show()

    def _fit_head(self) -> None:
        """Go on below the tabs where it has some, and leave out what they say."""
        tabbed = not self.isFloating() and bool(self._board.tabifiedDockWidgets(self))
        if self.card:
            same = self.card.heading.text().casefold() == self.windowTitle().casefold()
            self.card.heading.setVisible(not (same and (tabbed or self.isFloating())))
            self.card.stand_close(tabbed)
        if self._head.property("tabbed") is not tabbed:
            self._head.setProperty("tabbed", tabbed)
            self._head.style().unpolish(self._head)
            self._head.style().polish(self._head)

    def _leave(self) -> None:
        if self.has_focus:
            self.focus_lost.emit()

    # --- what Qt calls

    def event(self, event: QEvent) -> bool:
        """Look again where it was moved, as from behind a tab, and after a drag has ended."""
        if isinstance(event, QMouseEvent) and self._is_wish_to_float(event):
            self.turn_loose()
            return True
        done = super().event(event)
        if event.type() == QEvent.Type.Move and self.card:
            self.look()
        elif event.type() in MOVES:
            self.look_soon()
        return done

    def _is_wish_to_float(self, event: QMouseEvent) -> bool:
        """Tell whether it is a double click on the heading; Qt would float it without a bar."""
        twice, left = QEvent.Type.MouseButtonDblClick, Qt.MouseButton.LeftButton
        on_head = self._head.geometry().contains(event.position().toPoint())
        return not self.isFloating() and on_head and (event.type(), event.button()) == (twice, left)

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the keyboard back."""
        super().hideEvent(event)
        self._leave()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with it."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Put back" if self.isFloating() else "&Float", self.turn_loose)
        menu.addAction("&Hide", self.hide)
        menu.popup(event.globalPos())

    def turn_loose(self) -> None:
        """Float it, at first a little aside, since tabs may be where it was, or put it back."""
        floats, left = not self.isFloating(), self.mapToGlobal(QPoint())
        self._bear_head(within=floats)  # first, so that its window has a bar from the start
        self.setFloating(floats)
        if floats and self.pos() == left:
            room = self.screen().availableGeometry().adjusted(0, 0, -self.width(), -self.height())
            x, y = left.x() + px(ASIDE_PX), left.y() + px(ASIDE_PX)
            self.move(max(min(x, room.right()), room.left()), max(min(y, room.bottom()), room.top()))
        self.come()


class Room(QScrollArea):
    """A panel's room: it asks for what the panel needs, but for no more than its share of the screen.

    What needs more is scrolled to. It asks for the same while the panel is hidden behind a tab.
    `changed`: it is as high as the panel needed, which needs another height now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._card: Card | None = None
        self._needed = 0
        self._hold(_empty("card"))
        self.setObjectName("room")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        screen, card = self.screen().availableSize(), self._card
        more = card.more_down if card and factor() == 1.0 else 0.0
        share = QSize(int(SHARE_ACROSS * screen.width()), int((SHARE_DOWN + more) * screen.height()))
        if card and card.content_px:
            share.setHeight(min(share.height(), px(card.content_px)))
        return self._panel.minimumSizeHint().boundedTo(share)

    def sizeHint(self) -> QSize:  # noqa: D102
        return self._panel.sizeHint()

    @property
    def least(self) -> QSize:
        """How large it is where all controls are in sight: its bar may stand where the panel's margin is."""
        margin = self._card.body.contentsMargins().right() if self._card else 0
        bar = self.verticalScrollBar().sizeHint().width()
        return self._panel.minimumSizeHint().grownBy(QMargins(0, 0, max(bar - margin, 0), 0))

    def put(self, card: Card) -> None:
        """Hold this panel in the place of the one before."""
        self._card = card
        self._hold(card)

    def _hold(self, panel: QWidget) -> None:
        self._panel = panel
        self.setWidget(panel)
        panel.setAutoFillBackground(False)  # which Qt turns on, and which would fill the round corners

    def _choose_bars(self) -> None:
        """Scroll sideways only where a control would be out of sight, not where a margin is."""
        off, on = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setHorizontalScrollBarPolicy(off if self.width() >= self.least.width() else on)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        self._choose_bars()
        super().resizeEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Ask anew when what the panel needs has changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._choose_bars()
            before, self._needed = self._needed, self.least.height()
            is_loose = self._needed < before and self.height() <= before
            if is_loose or 0 < before <= self.height() < self._needed:
                self.changed.emit()
        return super().viewportEvent(event)


def _empty(name: str) -> QWidget:
    widget = QFrame()
    widget.setObjectName(name)
    return widget


RIGHT, BELOW = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
GAP_PX = 10
RIGHT_PX, BELOW_PX = 364, 246
"""How wide the column at the right is at first, and how high what stands below the diagram."""
MOST_ACROSS, LEAST_DOWN = 0.44, 0.3
"""Of the board's width the column takes at most, and of its height what stands below where room is scarce."""
DIAGRAM_PX = 440
"""So high the diagram is at 100 %, with the gaps around it, before what stands below takes more."""
ARRANGEMENT, WINDOW = "arrangement", "window"
VERSION = 1
"""Of the arrangement that is remembered: another one than this is forgotten."""


class Board(QMainWindow):
    """A QMainWindow within the window, so that the docks alone have a margin; empty until filled."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._wished: dict[Dock, QSizeF] = {}
        """What docks had when the size of everything last changed, at 100 %."""
        self._remembered = False
        """Whether the sizes that docks are to have are those of the last session."""
        self._training_before = 0
        """How high Training was before it was last resized."""
        self.setWindowFlags(Qt.WindowType.Widget)
        self.keep_margin(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # Qt would list the docks
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.TopRightCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, RIGHT)
        centre = QWidget()  # stays, since Qt would share all room anew for another one
        self._centre, self._empty = QVBoxLayout(centre), QFrame()
        self._empty.setObjectName("card")
        self._centre.setContentsMargins(0, 0, 0, 0)
        self._centre.addWidget(self._empty)
        self.setCentralWidget(centre)
        self.docks: dict[str, Dock] = {}
        self._first = QByteArray()

    def keep_margin(self, kept: bool) -> None:
        """Leave the window's colour free around all, or not."""
        gap = px(GAP_PX) if kept else 0
        self.setContentsMargins(gap, gap, gap, gap)

    def put(self, diagram: QWidget, panels: Sequence[Panel]) -> None:
        """Put the diagram in the middle and docks of the panels around it, as they were left."""
        self._centre.removeWidget(self._empty)
        self._centre.addWidget(diagram)
        self._empty.deleteLater()
        self.docks = {panel.name: Dock(panel.name, self) for panel in panels}
        self._panels = panels
        self._arrange()
        self._first = self.saveState(VERSION)
        training = self.docks["Training"]
        training.changed.connect(lambda: QTimer.singleShot(0, self, self._fit_training))
        training.installEventFilter(self)
        state = self._settings.bytes(ARRANGEMENT)
        if state and self.restoreState(state, VERSION):
            QTimer.singleShot(0, self, self._fit_window)  # once the panels say what they need
            return
        if state:
            self.restoreState(self._first, VERSION)  # for Qt has read a part
        self._share()
        training.filled.connect(lambda _: QTimer.singleShot(0, self, self._share))

    def show_panel(self, name: str, opened: bool) -> None:
        """Open a panel, or close it; one that is open behind a tab comes to the front."""
        dock = self.docks[name]
        if opened or not dock.in_sight:
            dock.come(take_focus=True)
        else:
            dock.hide()

    def reset(self) -> None:
        """Bring the arrangement of the first start back."""
        self._wished.clear()
        self.restoreState(self._first, VERSION)
        self._share()
        self.look()

    def about_to_grow(self) -> None:
        """Take note of what the panels have, before the size of everything changes."""
        if self._remembered:
            self._wished.clear()
            self._remembered = False
        for dock in self.in_sight:
            wished = QSizeF(dock.size()) / factor()
            if factor() > 1.0 and self.dockWidgetArea(dock) == BELOW:
                wished.setHeight(max(wished.height(), BELOW_PX))  # of which it may have given way
            self._wished.setdefault(dock, wished)

    def grow(self) -> None:
        """Give the panels the room that they had, where there is as much, at the size of everything now."""
        self.keep_margin(True)
        QTimer.singleShot(0, self, self._grow)  # once the texts have

    def _grow(self) -> None:
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        stand = [
            (dock, (self._wished[dock] * factor()).toSize()) for dock in self.in_sight if dock in self._wished
        ]
        areas = [self.dockWidgetArea(dock) for dock, _ in stand]
        right, below = (
            [own for own, there in zip(stand, areas, strict=True) if there == area] for area in (RIGHT, BELOW)
        )
        for dock, size in right[:1]:
            self._widen(dock, max(size.width(), dock.least.width()))
        for dock, size in below[:1]:
            most = self._most_below if factor() > 1.0 and not self._remembered else self.height()
            self.resizeDocks([dock], [min(size.height(), most)], down)
        if len(right) > 1:
            heights = [max(size.height(), dock.least.height()) for dock, size in right[:-1]]
            self._stack([dock for dock, _ in right], heights)
        room, whole = self._centre.geometry().width(), sum(size.width() for _, size in below)
        if len(below) > 1:
            widths = [max(room * size.width() // whole, 1) for _, size in below]
            self.resizeDocks([dock for dock, _ in below], widths, across)

    def remember(self) -> None:
        """Keep the arrangement for the next start, if there is one."""
        if self.docks:
            self._settings.remember(ARRANGEMENT, self.saveState(VERSION))
            self._settings.remember(_size_of(WINDOW), self.window().size())
            for name, dock in self.docks.items():
                stands = dock.in_sight and not dock.isFloating()
                self._settings.remember(_size_of(name), dock.size() if stands else QSize())

    def look(self) -> None:
        """Have every dock look whether it is in sight."""
        for dock in self.docks.values():
            dock.look()

    @property
    def in_sight(self) -> list[Dock]:
        """The docks that are not hidden and not behind a tab."""
        return [dock for dock in self.docks.values() if dock.in_sight]

    def covers(self, name: str, other: str) -> bool:
        """Tell whether a panel is in front of another one, whose place it shares."""
        dock = self.docks[name]
        return dock.in_sight and self.docks[other] in self.tabifiedDockWidgets(dock)

    @property
    def _most_below(self) -> int:
        """How high what stands below the diagram may be, at first and when everything is drawn larger."""
        scarce = round(LEAST_DOWN * self.height())
        return scarce if factor() > 1.0 else max(self.height() - DIAGRAM_PX, scarce)

    @property
    def _first_below(self) -> int:
        """How high what stands below the diagram is at first."""
        return min(px(BELOW_PX), self._most_below)

    def _arrange(self) -> None:
        """Put every dock where the table wants it."""
        first: dict[Place, Dock] = {}
        for panel in self._panels:
            dock = self.docks[panel.name]
            dock.setFloating(False)
            if panel.place in first:
                self.tabifyDockWidget(first[panel.place], dock)
            elif panel.place.startswith("right"):
                self.addDockWidget(RIGHT, dock, Qt.Orientation.Vertical)
            else:
                self.addDockWidget(BELOW, dock, Qt.Orientation.Horizontal)
            first.setdefault(panel.place, dock)
            dock.show()
        for dock in first.values():
            dock.raise_()

    def _fit_window(self) -> None:
        """Give the panels the share of the window that they had: another screen makes another window.

        In a smaller one they keep what they have at the first start, if they had it. What they had is in
        pixels, so it is restored as well where everything has been drawn larger meanwhile.
        """
        before, now = self._settings.extent(_size_of(WINDOW)), self.window().size()
        if before.isEmpty() or (before == now and factor() == 1.0):
            return
        self.look()
        self._remembered = True
        across, down = now.width() / before.width(), now.height() / before.height()
        for dock in self.in_sight:
            had = self._settings.extent(_size_of(dock.objectName()))
            if not had.isValid():
                continue
            width, height = had.width() * across, had.height() * down
            if self.dockWidgetArea(dock) == RIGHT:
                width = max(width, min(had.width(), px(RIGHT_PX)))
            elif self.dockWidgetArea(dock) == BELOW:
                height = max(height, min(had.height(), self._first_below))
            if dock is self.docks["Training"]:
                height = min(height, had.height())
            self._wished[dock] = QSizeF(width, height) / factor()
        self._grow()

    def _share(self) -> None:
        """Give every dock its size of the first start."""
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        docks = self.docks
        right = max(px(RIGHT_PX), docks["Training"].least.width())  # of a wide font it needs more
        left = max((self.width() - right - 3 * px(GAP_PX)) // 2, 1)
        self._widen(docks["Training"], right)
        self.resizeDocks([docks["Data"]], [self._first_below], down)
        self.resizeDocks([docks["Data"], docks["MSE"]], [left, left], across)
        self._stack([docks["Training"], docks["Explain"]], [max(docks["Training"].least.height(), 1)])

    def _fit_training(self) -> None:
        """Give Training what it needs now, and what it needs no more to the panels below: Qt would not."""
        docks = [dock for dock in self.in_sight if self.dockWidgetArea(dock) == RIGHT]
        training = self.docks["Training"]
        if len(docks) > 1 and training in docks:
            others = [dock for dock in docks if dock is not training]
            heights = [dock.height() for dock in others[:-1]]
            self._stack([training, *others], [training.least.height(), *heights])

    def _widen(self, dock: Dock, width: int) -> None:
        """Give the column at the right, in which a dock stands, a width, or as much of it as there may be."""
        width = min(width, round(MOST_ACROSS * self.width()))
        self.resizeDocks([dock], [width], Qt.Orientation.Horizontal)

    def _find_room(self) -> None:
        """Bring all controls of the column at the right into sight, where there is room by now."""
        for dock in self.in_sight:
            if self.dockWidgetArea(dock) == RIGHT and dock.width() < dock.least.width():
                self._widen(dock, dock.least.width())

    def _stack(self, docks: list[Dock], heights: list[int]) -> None:
        """Give docks that stand one above the other these heights, and the last one what is left.

        Where all ask for more than there is, Qt would take as much from each.
        """
        left = max(self.height() - (len(docks) + 1) * px(GAP_PX) - sum(heights), 1)
        self.resizeDocks(docks, [*heights, left], Qt.Orientation.Vertical)

    # --- what Qt calls

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let panels that had to give way have what they need again, and Training no more than it needed."""
        super().resizeEvent(event)
        fits = self.docks and self._training_before == self.docks["Training"].least.height()
        if fits and event.size().height() != event.oldSize().height():
            QTimer.singleShot(0, self, self._fit_training)
        if event.size().width() > event.oldSize().width():
            QTimer.singleShot(0, self, self._find_room)

    def eventFilter(self, training: QObject, event: QEvent) -> bool:
        """Take note of what Training had, before Qt gave it its part of another height."""
        if isinstance(event, QResizeEvent):
            self._training_before = event.oldSize().height()
        return super().eventFilter(training, event)

    def event(self, event: QEvent) -> bool:
        """Style the tab bars, which Qt makes when it needs them; let sizes that a person drags be so."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonPress:
            if self.childAt(event.position().toPoint()) is None:  # of a drag Qt tells mousePressEvent nothing
                self._wished.clear()
        elif event.type() == QEvent.Type.ChildPolished:
            child = event.child()  # type: ignore[attr-defined]
            if isinstance(child, QTabBar):
                child.setDrawBase(False)
                child.setExpanding(False)
                child.setElideMode(Qt.TextElideMode.ElideNone)  # what has no room is scrolled to
                child.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        return super().event(event)


def _size_of(name: str) -> str:
    """Return under which key the size of a panel, or of the window, is remembered."""
    return f"sizes/{name}"


SIZE_PX = QSize(1280, 800)
"""How large the window is at its first start, where the screen has room."""
MAXIMISED = "maximised"
"""Whether the window was, as it is remembered."""


class MainWindow(QMainWindow):
    """The window of one document: `board` holds the diagram and the panels.

    ========= ==========================================================================
    `painted` after the first frame, and after the first one with panels
    `closing` the close event, which a slot may ignore
    `dropped` the path of a file that was dropped on it
    ========= ==========================================================================
    """

    painted = Signal()
    closing = Signal(object)
    dropped = Signal(Path)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._frame_is_due = True
        self._given = QSize()
        """What a person made of its size, or what it was at first."""
        self.board = Board(settings)
        self.setCentralWidget(self.board)
        self.setWindowTitle("nnviz")
        self.setAcceptDrops(True)
        self.resize(SIZE_PX.boundedTo(self.screen().availableSize()))
        geometry = settings.bytes("geometry")
        fits = geometry is not None and self.restoreGeometry(
            geometry
        )  # not on a screen of very different width
        if not fits and settings.flag(MAXIMISED, first=False):
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def fit_screen(self) -> None:
        """Stand within the screen with the whole frame, and no larger than it is."""
        if not self.isMaximized() and not self.isFullScreen():
            room, frame = self.screen().availableGeometry(), self.frameGeometry()
            self.setGeometry(within(self.geometry(), frame, room))

    def about_to_grow(self) -> None:
        """Take note of its size, before the size of everything changes, unless it had to have that one."""
        if self.size() != self._given.expandedTo(self.minimumSizeHint()):
            self._given = self.size()

    def grow(self) -> None:
        """Be as large as before any growth, or as it has to be, and within the screen."""
        if (layout := self.layout()) and not self.isMaximized() and not self.isFullScreen():
            layout.activate()  # else it has to be as large as what is in it was
            self.resize(self._given)
        self.fit_screen()

    def put(self, diagram: QWidget, panels: Sequence[Panel]) -> None:
        """Put the diagram and the panels in their places."""
        self.board.put(diagram, panels)
        self._frame_is_due = True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say so after a first frame: a timer started when shown would end before it."""
        super().paintEvent(event)
        if self._frame_is_due:
            self._frame_is_due = False
            QTimer.singleShot(0, self, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close unless somebody objects, and remember the window."""
        self.closing.emit(event)
        if event.isAccepted():
            self._settings.remember("geometry", self.saveGeometry())
            self._settings.remember(MAXIMISED, self.isMaximized())
            self.board.remember()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        take_file(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell of the file once the drop is over."""
        if path := take_file(event):
            QTimer.singleShot(0, self, lambda: self.dropped.emit(path))


def within(window: QRect, frame: QRect, room: QRect) -> QRect:
    """Return where `window` stands when its `frame` is moved, and where needed shrunk, into `room`."""
    size = frame.size().boundedTo(room.size())
    left = min(max(frame.left(), room.left()), room.left() + room.width() - size.width())
    top = min(max(frame.top(), room.top()), room.top() + room.height() - size.height())
    return QRect(
        left + window.left() - frame.left(),
        top + window.top() - frame.top(),
        size.width() - frame.width() + window.width(),
        size.height() - frame.height() + window.height(),
    )
