"""The main window, its docks and their arrangement.

The module imports only Qt and the settings, for a fast first frame.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
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
from nnviz.ui.kit.theme import NO_LIMIT, OWN_SIZE, PLOT_DOWN, apply_style, px, styled

if TYPE_CHECKING:
    from nnviz.ui.kit.card import Card, Panel


MOVES = (QEvent.Type.Move, QEvent.Type.MouseButtonRelease, QEvent.Type.NonClientAreaMouseButtonRelease)
"""Types of Qt events after which a dock may have moved, or a drag of the dock may have ended."""

TAB_GAP_PX = 12
"""Space between the last tab of a row and the heading of the panel in front, in pixels."""
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
    `updated`      the dock may have moved, opened or closed; carries whether the dock is open
    `focus_lost`   the widget that had the keyboard focus is hidden now
    `seen`         (panel, whether it is visible) the panel became visible or hidden
    ============== =====================================================================================
    """

    updated = Signal(bool)
    focus_lost = Signal()
    seen = Signal(object, bool)

    def __init__(self, name: str, board: QMainWindow) -> None:
        super().__init__(name, board)
        self._board = board
        self.setObjectName(name)
        self.card: Panel | None = None
        self.is_in_view = False
        """Whether the panel is made and visible: neither hidden nor behind another tab."""
        self._make: Callable[[], Panel] | None = None
        self._head = styled(QFrame(), "head")
        self._no_head = QWidget()
        """The title bar of a dock whose heading stands on the row of the tabs."""
        self.setTitleBarWidget(self._head)
        self.room = Room()
        self.room.changed.connect(self._fit_head)
        self.setWidget(self.room)
        self._soon = QTimer(self, singleShot=True, interval=0)  # QTimer.singleShot would keep it alive
        self._soon.timeout.connect(self.update_panel)
        self.visibilityChanged.connect(self._soon.start)
        self.topLevelChanged.connect(self._soon.start)

    @property
    def least(self) -> QSize:
        """The smallest size of the dock at which all controls of the panel are visible."""
        bar = self.titleBarWidget()
        return self.room.least.grownBy(QMargins(0, bar.sizeHint().height() if bar else 0, 0, 0))

    def fill(self, make: Callable[[], Panel]) -> None:
        """Set the function that makes the panel. The dock calls `make` as soon as the dock is visible."""
        self._make = make
        self.update_panel()

    def update_panel(self) -> None:
        """Make, show or hide the panel, and place its heading, depending on whether the dock is visible."""
        in_sight = self.isVisible() and (self.isFloating() or not self._behind)
        if in_sight and self._make:
            self._fill(self._make())
        if self.card and in_sight != self.is_in_view:
            self.is_in_view = in_sight
            self._leave()
            self.card.setVisible(in_sight)  # behind a tab, Qt only moves the panel away, so it would work on
            self._head.setEnabled(in_sight)  # a hidden heading must not get the keyboard focus
            self.seen.emit(self.card, in_sight)
        self._place_head()
        self.updated.emit(not self.isHidden())

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
        if self.isHidden():
            self.show()
            lay_out(self._board)  # or Qt has no tab to bring to the front
        self.raise_()
        self.update_panel()
        if take_focus:
            self.activateWindow()
            self.focus()

    def focus(self) -> None:
        """Move the keyboard focus to the panel's first widget that accepts it, or to the panel itself."""
        widgets = [*self.card.findChildren(QWidget), *self._head.findChildren(QWidget)] if self.card else []
        usable = (widget for widget in widgets if widget.isEnabled() and widget.isVisible())
        focusable = (widget for widget in usable if widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        next(focusable, self.widget()).setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def has_focus(self) -> bool:
        """Whether a widget of the panel has the keyboard focus."""
        focused = QApplication.focusWidget()
        return focused is not None and (self.isAncestorOf(focused) or self._head.isAncestorOf(focused))

    def _fill(self, card: Panel) -> None:
        self._make, self.card, self._head = None, card, card.head
        self._head.installEventFilter(self)
        self.room.show_card(card)
        self._move_head(None if self.isFloating() else self._head)  # even while a button presses the tab
        self._place_head()

    def _place_head(self) -> None:
        """Put the heading on the row of the tabs, into the title bar or, if the dock floats, into the panel.

        A floating dock is dragged by the frame of the system. While a mouse button is pressed, the heading
        stays inside or outside the panel, since Qt would end a drag.
        """
        is_tab = self.is_in_view and not self.isFloating() and self._board.tabifiedDockWidgets(self)
        tabs = self._tabs if is_tab else None
        if not QApplication.mouseButtons() or bool(self.titleBarWidget()) != self.isFloating():
            self._move_head(None if self.isFloating() else self._no_head if tabs else self._head)
        self._fit_head()
        if tabs:
            if self._head.parent() is not self._board:  # a new parent takes the keyboard focus away
                self._head.setParent(self._board)  # not to the tabs, which Qt may delete
            left, size = tabs.tabRect(tabs.count() - 1).right() + px(TAB_GAP_PX), self._head.sizeHint()
            width = min(size.width(), tabs.width() - left - 1)
            place = QPoint(tabs.width() - width - 1, tabs.height() - size.height())
            self._head.setGeometry(QRect(tabs.pos() + place, QSize(width, size.height())))
            self._head.show()

    @property
    def _tabs(self) -> QTabBar | None:
        """The row of tabs above the dock, if the heading fits beside the tabs; otherwise None."""
        bars = self._board.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        visible = (bar for bar in bars if bar.isVisible())
        bar = next((bar for bar in visible if bar.tabText(bar.currentIndex()) == self.windowTitle()), None)
        if bar is None:
            return None
        needed = bar.tabRect(bar.count() - 1).right() + px(TAB_GAP_PX) + self._head.minimumSizeHint().width()
        return bar if needed < bar.width() else None

    def _move_head(self, bar: QWidget | None) -> None:
        """Use `bar`, the heading or an empty widget, as title bar; or Qt's own bar and the heading inside."""
        if self.titleBarWidget() is not bar or (bar is self._head and self._head.parent() is not self):
            self.setTitleBarWidget(bar)  # type: ignore[arg-type]  # None restores Qt's title bar
            if self.card and bar is None:
                self.card.put_head()
            self._head.show()

    def _fit_head(self) -> None:
        """Style the heading as part of the tabs, and hide the heading text if the tab says the same.

        If the panel wants it, limit the height of its room; Qt would replace a limit of the dock itself.
        """
        tabbed = not self.isFloating() and bool(self._board.tabifiedDockWidgets(self))
        is_alone = not (tabbed or self.isFloating())
        if self.card:
            same = self.card.heading.text().casefold() == self.windowTitle().casefold()
            self.card.heading.setVisible(is_alone or not same)
            self.card.set_tight(tabbed)
        is_limited = is_alone and self.card and self.card.height_is_fixed
        self.room.setMaximumHeight(self.room.least.height() if is_limited else NO_LIMIT)
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
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize) and self.card:
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

    def eventFilter(self, head: QObject, event: QEvent) -> bool:
        """Place the heading again after its text or its buttons have changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._soon.start()
        return super().eventFilter(head, event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Emit `focus_lost` if the hidden dock has the keyboard focus."""
        super().hideEvent(event)
        self._leave()

    def toggle_floating(self) -> None:
        """Float the dock, or dock it again."""
        floats = not self.isFloating()
        self._move_head(None if floats else self._head)  # first: the window has a title bar from the start
        self.setFloating(floats)
        if floats:
            self.setFocus()  # or Qt would give it to a field, as if the person had clicked into the field
        self.bring_to_front()


def lay_out(board: QMainWindow) -> None:
    """Give the docks of a window their sizes and tabs now, instead of in the next event loop."""
    if layout := board.layout():
        layout.activate()


class Room(QScrollArea):
    """The scroll area of a panel. The area's minimum size is the panel's, but at most a share of the screen.

    The minimum size stays the same while the panel is hidden behind a tab. `changed` is emitted
    when the panel needs another height than before.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(widgetResizable=True)
        self._card: Card | None = None
        self._needed = 0
        self._set_panel(styled(QFrame(), "card"))
        self.setObjectName("room")
        self.setProperty(OWN_SIZE, True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        screen, card = self.screen().availableSize(), self._card
        share = QSize(int(SHARE_ACROSS * screen.width()), int(SHARE_DOWN * screen.height()))
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
            if before != self._needed:
                self.changed.emit()
        return super().viewportEvent(event)


RIGHT, BELOW = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
GAP_PX = 10
RIGHT_PX = 364
"""Least width of the right column in a built-in arrangement, in pixels at interface size 100 %."""
PLOT_ACROSS = 1 / 3
"""Least width of the plot in front below the diagram, as a share of the window."""
FRAME_ACROSS_PX, FRAME_DOWN_PX, TABS_PX = 32, 54, 40
"""Space around the plot of a panel, and height of a row of tabs with the gap above, in pixels at 100 %."""
LOW_PX, LOW = 720, 0.3
"""In a window lower than LOW_PX pixels, the panels below the diagram get the share LOW of the height."""
TEXTS, TEXT_DOWN = ("Explain", "Notes", "Code"), 0.14
"""Panels in the right column that may be lower than a plot, and their least share of the window's height."""
MOST_ACROSS = 0.44
"""Share of the board, the area of the diagram and the panels: the widest right column."""
ARRANGEMENT, BUILT_IN, SHARES, CLOSED = "arrangement", "built-in arrangement", "shares", "closed panels"
"""Settings keys: the places of the panels, the name of the built-in arrangement in use or "", the panels'
shares of the room, and the panels that were closed."""
VERSION = 2
"""Version of the saved arrangement of the panels; arrangements of other versions are ignored."""


class Arrangement(NamedTuple):
    """A built-in arrangement of the panels: the names of the open panels at the right and below the diagram.

    Panels of one place that are tabs of each other share its room. `across` is the least share of the
    window's width for the right column, `down` the least share of its height for the panels below.
    """

    name: str
    tip: str
    right: tuple[str, ...]
    below: tuple[str, ...] = ("Data", "Loss")
    across: float = 0.24
    down: float = 0.0

    @property
    def panels(self) -> tuple[str, ...]:
        """The names of the open panels."""
        return (*self.right, *self.below)


ARRANGEMENTS = (
    Arrangement("editing", "A large diagram, the notes and the rows", ("Training", "Notes")),
    Arrangement("training", "A large plot of the loss", ("Training", "Notes"), down=0.45),
    Arrangement("function", "A large plot of the function", ("Training", "Function"), across=0.36),
    Arrangement(
        "projecting", "The diagram, Training and the loss alone", ("Training", "Loss"), (), across=0.28
    ),
)
"""The built-in arrangements; the first one is the arrangement of the first start."""


class Board(QMainWindow):
    """The area of the diagram and the docks: a QMainWindow inside the main window.

    The board has a margin of its own, so that the menu bar, toolbar and status bar have none. The board is
    empty until `arrange` is called.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._built_in: Arrangement | None = None
        """The built-in arrangement in use, or None after the person has changed it."""
        self._shares: dict[str, tuple[float, float]] = {}
        """Width and height of each dock, as shares of the board."""
        self._fitted: dict[str, QSize] = {}
        """The sizes of the docks after the last fit."""
        self._closed: set[str] = set()
        """The panels that the person has closed."""
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.fit)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.keep_margin(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # Qt would list the docks
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.TopRightCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, RIGHT)
        centre = QWidget()  # stays, since Qt would share out all room again for a new widget
        self._centre, self._empty = QVBoxLayout(centre), styled(QFrame(), "card")
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
        for dock in self.docks.values():
            dock.dockLocationChanged.connect(lambda _: QTimer.singleShot(0, self, self._keep_shares))
            dock.seen.connect(self._panel_seen)
        self.docks["Training"].room.changed.connect(self._soon.start)
        places = self._settings.get(ARRANGEMENT, QByteArray())
        if self.restoreState(places, VERSION):
            self._soon.start()
            self._shares = _shares_in(self._settings.get(SHARES, ""))
            self._closed = set(self._settings.get(CLOSED, "").split("\n"))
            name = self._settings.get(BUILT_IN, "")
            self._built_in = next((each for each in ARRANGEMENTS if each.name == name), None)
        elif places:
            self.arrange_for(ARRANGEMENTS[0])  # Qt may have restored a part
        else:
            self._use(ARRANGEMENTS[0])

    def arrange_for(self, arrangement: Arrangement) -> None:
        """Put the panels into a built-in arrangement."""
        self.restore(self._first)
        self._use(arrangement)

    def restore(self, places: QByteArray) -> None:
        """Put the panels where they were when `saveState` returned `places`."""
        for dock in self.docks.values():
            dock.hide()
        lay_out(self)  # or Qt leaves its old tabs visible
        self.restoreState(places, VERSION)
        self._soon.start()
        self.update_docks()

    def _use(self, arrangement: Arrangement) -> None:
        """Open the panels of a built-in arrangement, and close the others. All panels are in their places."""
        self._built_in = arrangement
        self._closed.clear()
        for name, dock in self.docks.items():
            dock.setVisible(name in arrangement.panels)
        for name in arrangement.right:
            if self.dockWidgetArea(self.docks[name]) != RIGHT:
                self.addDockWidget(RIGHT, self.docks[name], DOWN)
        self._soon.start()

    def _first_shares(self, arrangement: Arrangement) -> dict[str, tuple[float, float]]:
        """Return the shares of the board of the docks in a built-in arrangement."""
        window, width, height = self.window().size(), self.width(), self.height()
        least = self.docks["Training"].least.width()
        others = sum(self.docks[name].minimumSizeHint().width() for name in arrangement.below[:-1])
        plot = PLOT_ACROSS * window.width() + px(FRAME_ACROSS_PX) if arrangement.below else 0.0
        room = max(least, min(MOST_ACROSS * width, width - 4 * px(GAP_PX) - plot - others))
        right = min(max(px(RIGHT_PX), least, arrangement.across * window.width()), room)
        needed = PLOT_DOWN * window.height() + px(FRAME_DOWN_PX)
        below = max(LOW * height if window.height() < LOW_PX else needed, arrangement.down * height)
        rest = width - right - 4 * px(GAP_PX)
        plot = max(rest / 2, plot)
        of_below = zip(arrangement.below, (rest - plot, plot), strict=False)
        widths = dict.fromkeys(arrangement.right, right) | dict(of_below)
        down = dict.fromkeys(arrangement.right, height) | dict.fromkeys(arrangement.below, below)
        return {name: (widths[name] / width, down[name] / height) for name in widths}

    def show_panel(self, name: str, opened: bool) -> None:
        """Show the panel `name` in front. Close the panel if it is visible and `opened` is false."""
        dock = self.docks[name]
        if opened or not dock.is_in_view:
            self._closed.discard(name)
            dock.bring_to_front(take_focus=True)
        else:
            self._closed.add(name)
            dock.hide()

    def offer(self, name: str) -> None:
        """Show the panel `name` in front of its tabs, unless the person has closed the panel."""
        if name not in self._closed and not self.docks[name].isFloating():
            self.docks[name].bring_to_front()

    def remember(self) -> None:
        """Save the arrangement of the panels in the settings, for the next start."""
        if self.docks:
            self._settings.remember(ARRANGEMENT, self.saveState(VERSION))
            self._settings.remember(BUILT_IN, self._built_in.name if self._built_in else "")
            self._settings.remember(SHARES, json.dumps(self._shares))
            self._settings.remember(CLOSED, "\n".join(sorted(self._closed)))

    def update_docks(self) -> None:
        """Make, show or hide the panel of every dock, depending on whether the dock is visible."""
        for dock in self.docks.values():
            dock.update_panel()

    @property
    def visible_docks(self) -> list[Dock]:
        """The docks that are visible: open, and not behind another tab."""
        return [dock for dock in self.docks.values() if dock.is_in_view]

    @property
    def _right_docks(self) -> list[Dock]:
        """The visible docks in the right column, in the order of the table of panels."""
        return [dock for dock in self.visible_docks if self.dockWidgetArea(dock) == RIGHT]

    @property
    def front(self) -> str:
        """The name of the panel in front in the right column, other than Training; "" if there is none."""
        names = (dock.windowTitle() for dock in self._right_docks)
        return next((name for name in names if name != "Training"), "")

    def _add_docks(self, panels: Sequence[PanelEntry]) -> None:
        """Make a dock for each panel, in its first place."""
        first: dict[Place, Dock] = {}
        for panel in panels:
            dock = self.docks[panel.name] = Dock(panel.name, self)
            dock.hide()  # or Qt makes tabs that stay visible after the dock is hidden
            area, orientation = (RIGHT, DOWN) if panel.place.startswith("right") else (BELOW, ACROSS)
            self.addDockWidget(area, dock, orientation)
            if (other := first.setdefault(panel.place, dock)) is not dock:
                self.tabifyDockWidget(other, dock)

    def _keep_shares(self) -> None:
        """Keep the shares of the board that the person has given to the docks since the last fit."""
        if not self._soon.isActive() and (sizes := self._sizes()) != self._fitted:
            self._built_in, self._fitted = None, sizes
            across, down = max(self.width(), 1), max(self.height(), 1)
            shares = {name: (size.width() / across, size.height() / down) for name, size in sizes.items()}
            self._shares |= shares

    def _panel_seen(self) -> None:
        """Fit the panels of a built-in arrangement again: a plot in front needs more height than a text."""
        if self._built_in:
            self._soon.start()

    def _sizes(self) -> dict[str, QSize]:
        """Return the sizes of the visible docks that do not float."""
        return {dock.windowTitle(): dock.size() for dock in self.visible_docks if not dock.isFloating()}

    def _share_of(self, dock: Dock) -> tuple[float, float] | None:
        """Return the shares of a dock, or of a tab of the same place; None if they are unknown."""
        names = [dock.windowTitle(), *(other.windowTitle() for other in self.tabifiedDockWidgets(dock))]
        return next((self._shares[name] for name in names if name in self._shares), None)

    def _places_in(self, area: Qt.DockWidgetArea) -> list[Dock]:
        """Return an open dock of each place in an area: docks that are tabs of each other have one place."""
        places: list[Dock] = []
        for dock in self.docks.values():
            is_docked = not (dock.isHidden() or dock.isFloating()) and self.dockWidgetArea(dock) == area
            if is_docked and not set(places) & set(self.tabifiedDockWidgets(dock)):
                places.append(dock)
        return places

    def fit(self) -> None:
        """Resize every dock to its share of the board, and Training to the height of its panel."""
        if self._built_in:
            self._shares = self._first_shares(self._built_in)
        for area in Qt.DockWidgetArea.__members__.values():
            shares = {dock: share for dock in self._places_in(area) if (share := self._share_of(dock))}
            for k, (orientation, room) in enumerate(((ACROSS, self.width()), (DOWN, self.height()))):
                if shares:  # Qt forgets all sizes for an empty list
                    sizes = [max(round(share[k] * room), 1) for share in shares.values()]
                    self.resizeDocks([*shares], sizes, orientation)
        lay_out(self)
        self.update_docks()  # makes the panels in the order in which Tab goes through them
        self._fit_training()
        self._fitted = self._sizes()

    def _fit_training(self) -> None:
        """Give Training the height of its panel, but leave room for a plot or notes below it.

        If the sum of the heights were too large, Qt would shorten all docks by the same amount.
        """
        column, training = self._right_docks, self.docks["Training"]
        if len(column) > 1 and column[0] is training:  # the table of panels begins with Training
            room = self.height() - (len(column) + 1) * px(GAP_PX)
            first = min(training.least.height(), room - self._least_height(column[-1]))
            heights = [first, *(dock.height() for dock in column[1:-1])]
            self.resizeDocks(column, [*heights, max(room - sum(heights), 1)], DOWN)
            lay_out(self)

    def _least_height(self, dock: Dock) -> int:
        """Return the height that a panel in the right column needs, with its row of tabs."""
        plot, least, height = getattr(dock.card, "plot", None), dock.least.height(), self.window().height()
        if plot is None or dock.windowTitle() in TEXTS:
            return px(FRAME_DOWN_PX) + round(TEXT_DOWN * height)
        least_plot: int = max(plot.minimumSizeHint().height(), plot.minimumHeight())
        return px(TABS_PX) + least - least_plot + round(PLOT_DOWN * height)

    # --- Qt events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the shares of the docks."""
        super().resizeEvent(event)
        if self.docks:
            self.fit()
            self._soon.start()  # again when the panels have their new sizes

    def event(self, event: QEvent) -> bool:
        """Style each new tab bar. Keep the shares of the docks after the person has moved a separator."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            QTimer.singleShot(0, self, self._keep_shares)
        if event.type() == QEvent.Type.ChildPolished:
            child = event.child()  # type: ignore[attr-defined]
            if isinstance(child, QTabBar):
                child.setDrawBase(False)
                child.setExpanding(False)
                child.setElideMode(Qt.TextElideMode.ElideNone)  # tabs without room can be scrolled to
                child.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
                child.installEventFilter(self)
        return super().event(event)

    def eventFilter(self, tabs: QObject, event: QEvent) -> bool:
        """Keep the keyboard focus away from a tab bar that Qt has moved out of the board."""
        if isinstance(tabs, QTabBar) and event.type() == QEvent.Type.Move:
            in_sight = self.rect().intersects(tabs.geometry())
            tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus if in_sight else Qt.FocusPolicy.NoFocus)
        return super().eventFilter(tabs, event)


def _shares_in(text: str) -> dict[str, tuple[float, float]]:
    """Return the saved shares of the docks; none if `text` is damaged."""
    with suppress(ValueError, TypeError, AttributeError):
        return {name: (float(across), float(down)) for name, (across, down) in json.loads(text).items()}
    return {}


SIZE_PX = QSize(1280, 800)
"""Size of the window at the first start, in pixels, if the screen is large enough."""


class MainWindow(QMainWindow):
    """The window of one document; `board` holds the diagram and the panels.

    ========= =============================================================================
    `painted` emitted twice: after the first frame, and after the first frame with panels
    `closing` carries the close event, which a slot may ignore
    `dropped` carries the path of a file that was dropped on the window
    `resized` the window has another size
    ========= =============================================================================
    """

    painted = Signal()
    closing = Signal(object)
    dropped = Signal(Path)
    resized = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._frame_is_due = True
        self.board = Board(settings)
        self.setCentralWidget(self.board)
        self.setWindowTitle("nnviz")
        self.setAcceptDrops(True)
        self.resize(SIZE_PX.boundedTo(self.screen().availableSize()))
        self.restoreGeometry(settings.get("geometry", QByteArray()))

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Emit `resized` after Qt has laid out the window."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self.resized.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the geometry and arrangement and close, unless a slot of `closing` ignores the event."""
        self.closing.emit(event)
        if event.isAccepted():
            self._settings.remember("geometry", self.saveGeometry())
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
    return QRect(QPoint(left, top), size).marginsRemoved(QMargins(start.x(), start.y(), end.x(), end.y()))
