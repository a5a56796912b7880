"""A dock: the place of one panel, which can be moved, tabbed, floated and hidden. Imports nothing but Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMargins, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QFrame, QMainWindow, QMenu, QScrollArea, QWidget

from nnviz.ui.widgets.theme import factor, px

if TYPE_CHECKING:
    from nnviz.ui.widgets.card import Card
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
