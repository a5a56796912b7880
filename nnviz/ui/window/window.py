"""The board: the diagram with the panels' docks around it, and their arrangement. Imports nothing but Qt."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QTabBar, QTabWidget, QVBoxLayout, QWidget

from nnviz.ui.widgets.theme import factor, px
from nnviz.ui.window.dock import Dock
from nnviz.ui.window.panels import PANELS, Place
from nnviz.ui.window.settings import Settings

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

    def put(self, diagram: QWidget) -> None:
        """Put the diagram in the middle and docks around it, as they were left."""
        self._centre.removeWidget(self._empty)
        self._centre.addWidget(diagram)
        self._empty.deleteLater()
        self.docks = {panel.name: Dock(panel.name, self) for panel in PANELS}
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
        for panel in PANELS:
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
