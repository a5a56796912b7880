"""Leads through steps on the real window, which stays usable: what is done by hand is noticed."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, SignalInstance
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMainWindow, QWidget
from shiboken6 import isValid

from nnviz.ui.guide.card import RING_PX, Pointer, Ring, StepCard
from nnviz.ui.guide.placing import place
from nnviz.ui.guide.step import Spot, Step
from nnviz.ui.widgets.announce import announce

MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.ParentChange)
"""Events of a widget after which what is spoken of may be elsewhere."""


class Guide(QObject):
    """Shows `steps` one after another, from the first, in `window`, until the last is done or all is skipped.

    `after` is the widget from which Tab leads to the card; `changes` are signals after which a deed may be
    done or what is spoken of be elsewhere.
    """

    def __init__(
        self,
        window: QMainWindow,
        name: str,
        steps: tuple[Step, ...],
        after: QWidget,
        changes: Iterable[SignalInstance],
    ) -> None:
        super().__init__(window)
        self._window, self._name, self._steps = window, name, steps
        self._number, self._done, self._sign = 0, False, object()
        self._watched: list[QWidget] = []
        self._card, self._ring, self._pointer = StepCard(window, name), Ring(window), Pointer(window)
        self._placed_for: tuple[object, ...] = ()
        self._card.follow(after)
        self._card.next_asked.connect(lambda: self._go(1))
        self._card.back_asked.connect(lambda: self._go(-1))
        self._card.skip_asked.connect(self.end)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._look)
        for changed in changes:
            changed.connect(self._soon.start)
        self._go(0)

    def end(self) -> None:
        """Take card, ring and line away."""
        self._soon.blockSignals(True)  # changes may still start it before Qt deletes it
        self._watch([])
        for part in (self._card, self._ring, self._pointer):
            part.hide()
            part.deleteLater()
        self.deleteLater()

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self._steps[self._number]

    def _go(self, steps: int) -> None:
        if self._number + steps == len(self._steps):
            self.end()
            return
        self._number += steps
        self.step.begin()
        self._done, self._sign = False, self.step.sign()
        self._show(self.step.says)

    def _look(self) -> None:
        """See whether the deed is done, and where things are now."""
        if not self._done and self.step.sign() != self._sign:
            self._done = True
            self._show(self.step.then)
        else:
            self._place()

    def _show(self, text: str) -> None:
        number, count, title = self._number + 1, len(self._steps), self.step.title
        self._card.show_step(number, count, title, text, done=self._done)
        self._place()
        self._card.show()
        self._card.raise_()
        told = text if self._done else f"{self._name}, {number} of {count}: {title}. {text}"
        announce(self._card, told)

    def _place(self) -> None:
        """Put the card beside what is spoken of, and the ring around it."""
        spot = self.step.then_at() if self._done else self.step.at()
        at = spot.within(self._window) if spot else None
        kept = [rect for each in self.step.kept() if each and (rect := each.within(self._window))]
        room = (self._window.centralWidget() or self._window).geometry()  # menus and toolbar stay free
        placed_for = self._card.size(), room, at
        covers = any(self._card.geometry().intersects(rect) for rect in kept)
        if covers or placed_for != self._placed_for:  # else it stays, whatever comes and goes elsewhere
            self._placed_for = placed_for
            self._put_card(room, _around(at) if at else None, kept)
        self._put_ring(spot)
        self._watch([self._window, *_with_parents(spot)])

    def _put_card(self, room: QRect, ring: QRect | None, kept: list[QRect]) -> None:
        """Put the card near the ring, and lead a line from one to the other."""
        card, line = place(self._card.size(), room, ring, [*kept, ring] if ring else kept)
        self._card.move(card.topLeft())
        self._pointer.setVisible(line is not None)
        if line:
            self._pointer.lead(line)
            self._pointer.raise_()
            self._card.raise_()

    def _put_ring(self, spot: Spot | None) -> None:
        home = spot.widget.window() if spot else self._window
        rect = spot.within(home) if spot else None
        if self._ring.parentWidget() is not home:
            self._ring.setParent(home)
        self._ring.setVisible(rect is not None)
        if rect:
            self._ring.setGeometry(_around(rect).intersected(home.rect()))
            self._ring.raise_()
            self._card.raise_()

    def _watch(self, widgets: list[QWidget]) -> None:
        for widget in set(self._watched) - set(widgets):
            if isValid(widget):  # Qt deletes the frames of floating panels
                widget.removeEventFilter(self)
        for widget in set(widgets) - set(self._watched):
            widget.installEventFilter(self)
        self._watched = widgets

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what moves; Escape that nobody else took skips all of it."""
        if event.type() in MOVES:
            self._soon.start()
        elif watched is self._window and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                self.end()
        return False


def _around(rect: QRect) -> QRect:
    """Return where the ring around something is."""
    return rect.adjusted(-RING_PX, -RING_PX, RING_PX, RING_PX)


def _with_parents(spot: Spot | None) -> list[QWidget]:
    widgets, widget = [], spot.widget if spot else None
    while widget is not None:
        widgets.append(widget)
        widget = widget.parentWidget()
    return widgets
