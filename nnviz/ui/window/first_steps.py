"""The first steps, which teach a newcomer the window, and the guide that shows such instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolBar, QVBoxLayout, QWidget

from nnviz.core.address import Address
from nnviz.picture.parts import Rect
from nnviz.ui.diagram.walk import Obstacles, Size, free_place, rectangles
from nnviz.ui.dialogs.help import read_sections
from nnviz.ui.kit.card import push_button, quiet_button
from nnviz.ui.kit.controls import announce, fill_box
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import application, colours, ui_font
from nnviz.ui.window.workspace import Workspace


def card_place(size: QSize, room: QRect, spot: QRect | None, avoid: Sequence[QRect]) -> QPoint:
    """Return the upper left corner of the guide's text box in `room`, near `spot`.

    `size` is the size of the box, `spot` the rectangle that the step points at. If `spot` is None, the box is
    at the lower left. The box covers as little as possible of the rectangles in `avoid`.
    """
    nothing, rects = np.empty((0, 2)), rectangles([_rect(each) for each in avoid])
    obstacles = Obstacles(rects, nothing, rects, rectangles([]), nothing)
    near = _rect(spot or QRect(room.bottomLeft(), QSize(0, 0)))
    best = free_place(_rect(room), [Size(size.width(), size.height(), 0.0)], obstacles, near, nothing).rect
    return QPoint(round(best.x), round(best.y))


def _rect(rect: QRect) -> Rect:
    return Rect(float(rect.x()), float(rect.y()), float(rect.width()), float(rect.height()))


Where: TypeAlias = Callable[[], QRect | None]
"""Function that returns a rectangle in the window to point at, or None if the window does not show it."""


class GuideStep(NamedTuple):
    """One step of the guide.

    =============== ===============================================================
    `target`        returns the rectangle to point at
    `result`        returns the rectangle to point at after the task is done
    `watched_value` returns a value that changes when the user does the task
    `panels`        names of the panels that the step shows, and that the text box must not cover
    =============== ===============================================================
    """

    target: Where
    result: Where
    watched_value: Callable[[], object]
    panels: tuple[str, ...] = ()


NAME = "First steps"
LETTERS = 46
"""Approximate number of letters on a line of the guide's text box."""
RING_PX = 6
"""Distance from the place that the guide points at to the outer edge of the ring around it, in pixels."""


class StepCard(QFrame):
    """The text box of a step. A click on a button does not move the focus; Tab reaches the buttons."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("guide")
        self.setAccessibleName(NAME)
        self._count, self._title, self._text = QLabel(self), QLabel(self), QLabel(self, wordWrap=True)
        self._count.setObjectName("muted")
        self._title.setFont(ui_font(14, QFont.Weight.DemiBold))
        self.skip = quiet_button("Skip", f"End the {NAME.lower()} (Esc); to start again, use the Help menu")
        self.back = push_button("Back", "Go back to the previous step")
        self.next = push_button("Next", "Go on to the next step")
        row, column = QHBoxLayout(), QVBoxLayout(self)
        fill_box(row, 8, self.skip, self._count, self.back, self.next)
        row.insertStretch(2, 1)
        fill_box(column, 4, self._title, self._text, margins=(16, 10, 14, 10))
        column.addSpacing(4)
        column.addLayout(row)

    def follow(self, widget: QWidget) -> None:
        """Put the buttons of the text box after `widget` in the tab order."""
        for before, after in ((widget, self.next), (self.next, self.back), (self.back, self.skip)):
            QWidget.setTabOrder(before, after)

    def show_step(self, number: int, count: int, title: str, text: str, *, done: bool) -> None:
        """Show step `number` of `count`. After the task is done (`done=True`), Next is the primary button."""
        self._count.setText(f"{number} of {count} ✓" if done else f"{number} of {count}")
        self._title.setText(title)
        self._text.setText(text)
        self.back.setEnabled(number > 1)
        self.next.setText("Finish" if number == count else "Next")
        self.next.setObjectName("primary" if done else "")
        self.next.style().polish(self.next)
        width = LETTERS * self.fontMetrics().averageCharWidth()
        self.setFixedSize(width, self.heightForWidth(width))


class Ring(QWidget):
    """A ring around the place that a step points at. Mouse events pass through the ring."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colours().accent), 3.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), 10, 10)


MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.ParentChange)
"""Events after which a widget may be hidden, or at another place on the screen."""


class Guide(QObject):
    """Shows the first steps one after another, until the user finishes the last step or skips the guide.

    Tab leads from the diagram to the text box. The guide checks after every change whether the user has
    completed the step, and whether the place to point at has moved.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._window, self._steps = workspace, workspace.main_window, steps(workspace)
        self._texts = read_sections("first_steps")
        super().__init__(self._window)
        self._number, self._done, self._sign = 0, False, object()
        self._card, self._ring = StepCard(self._window), Ring(self._window)
        self._placed_for: tuple[object, ...] = ()
        document, player, diagram = workspace.document, workspace.player, workspace.diagram
        self._card.follow(diagram)
        self._card.next.clicked.connect(lambda: self._go(1))
        self._card.back.clicked.connect(lambda: self._go(-1))
        self._card.skip.clicked.connect(self.end)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._update)
        for changed in (document.changed, document.file_changed, player.frame, diagram.layout_changed):
            changed.connect(self._soon.start)
        workspace.present.changed.connect(self.end)  # presenting hides the panels that the steps show
        application().installEventFilter(self)
        self._go(0)

    def end(self) -> None:
        """End the guide: remove the text box and the ring."""
        application().removeEventFilter(self)
        self._soon.blockSignals(True)  # a change may start the timer before Qt deletes it
        for part in (self._card, self._ring):
            part.hide()
            part.deleteLater()
        self.deleteLater()

    def _go(self, steps: int) -> None:
        if self._number + steps == len(self._steps):
            self.end()
            return
        self._number += steps
        step = self._steps[self._number]
        for panel in step.panels:
            self._workspace.board.docks[panel].bring_to_front()
        self._done, self._sign = False, step.watched_value()
        self._show()

    def _update(self) -> None:
        """Check whether the user has completed the step, and follow the place it points at."""
        if not self._done and self._steps[self._number].watched_value() != self._sign:
            self._done = True
            self._show()
        else:
            self._place()

    def _show(self) -> None:
        """Show the task of the step or, after the user has done the task, the reply."""
        title, ((task, reply),) = self._texts[self._number]
        number, count, text = self._number + 1, len(self._steps), reply if self._done else task
        self._card.show_step(number, count, title, text, done=self._done)
        self._place()
        self._card.show()
        self._card.raise_()
        announce(self._card, text if self._done else f"{NAME}, {number} of {count}: {title}. {text}")

    def _place(self) -> None:
        """Move the text box near the place that the step points at, and the ring around this place."""
        step, card = self._steps[self._number], self._card
        at = step.result() if self._done else step.target()
        ring = at.adjusted(-RING_PX, -RING_PX, RING_PX, RING_PX) if at else None
        avoid = [*filter(None, (*_visible_parts(self._workspace, step.panels), ring))]
        room = (self._window.centralWidget() or self._window).geometry()  # menus and toolbar stay free
        placed_for = card.size(), room, ring
        if placed_for != self._placed_for or any(map(card.geometry().intersects, avoid)):  # else it stays
            self._placed_for = placed_for
            card.move(card_place(card.size(), room, ring, avoid))
        self._ring.setVisible(ring is not None)
        if ring:
            self._ring.setGeometry(ring.intersected(self._window.rect()))
            self._ring.raise_()
            card.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the place when a widget moves. End the guide on Escape, unless a widget uses this key."""
        if event.type() in MOVES:
            self._soon.start()
        elif watched is self._window and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                self.end()
        return False


def begin(workspace: Workspace) -> None:
    """Start the first steps from the beginning; close a guide that is already open."""
    for guide in workspace.main_window.findChildren(Guide):
        guide.end()
    workspace.present.leave()
    Guide(workspace)


def steps(workspace: Workspace) -> tuple[GuideStep, ...]:
    """Return the five first steps in their order. Their texts are in the folder `help` of the resources."""
    document, diagram = workspace.document, workspace.diagram
    window, player, run = workspace.main_window, workspace.player, workspace.training.run_buttons.run

    def panel(name: str) -> Where:
        return partial(_place, window, workspace.board.docks[name])

    def button(name: str) -> QRect | None:
        bar, action = window.findChild(QToolBar), window.findChild(QAction, name)
        return _place(window, bar.widgetForAction(action)) if bar and action else None

    def weight() -> QRect | None:
        addresses = (label.address for label in diagram.picture.labels)
        return _on_diagram(workspace, *(address for address in addresses if address.kind == "weight"))

    def output() -> QRect | None:
        return _on_diagram(workspace, Address("node", len(document.state.network.layers) - 1, 0))

    def examples() -> QRect | None:
        bar = window.menuBar()
        entry = next(action for action in bar.actions() if action.text().replace("&", "") == "Examples")
        return _place(window, bar, bar.actionGeometry(entry))

    train = partial(_place, window, run)
    return (
        GuideStep(weight, output, lambda: id(document.state.network)),
        GuideStep(partial(button, "play"), partial(button, "step"), lambda: player.progress.active),
        GuideStep(output, panel("Explain"), lambda: document.now.address, ("Explain",)),
        GuideStep(train, panel("Loss"), lambda: document.state.iteration, ("Training", "Loss")),
        GuideStep(examples, panel("Notes"), lambda: document.title, ("Notes",)),
    )


def _place(window: QWidget, widget: QWidget, part: QRect | None = None) -> QRect | None:
    """Return the rectangle of a widget, or of its `part`, in `window`; None if `window` does not show it."""
    if not (widget.isVisible() and window.isAncestorOf(widget)):
        return None
    rect = (part or widget.rect()).translated(widget.mapTo(window, QPoint()))
    return rect if window.rect().intersects(rect) else None  # a panel behind a tab lies outside


def _on_diagram(workspace: Workspace, *addresses: Address) -> QRect | None:
    """Return the place of the first address that is visible on the diagram, or of the whole diagram."""
    picture = workspace.diagram.picture
    present = (address for address in addresses if picture.content.network.has(address))
    places = map(picture.place, present)
    rect = next((place for place in places if place and picture.layout.body.meets(place)), None)
    return _place(workspace.main_window, workspace.diagram, qrect(rect).toAlignedRect() if rect else None)


def _visible_parts(workspace: Workspace, panels: tuple[str, ...]) -> Iterator[QRect | None]:
    """Yield the places that the guide's text box must not cover.

    These are the nodes, the numbers and the callout of the diagram, the panels, and the selected data row.
    """
    window, diagram, table = workspace.main_window, workspace.diagram, workspace.data.table
    numbers = (label.rect for label in diagram.picture.labels if label.value is not None)
    rects = [qrect(rect) for rect in (*diagram.picture.nodes.values(), *numbers)]
    for rect in (*rects, diagram.callout.box):
        if not rect.isEmpty():
            yield _place(window, diagram, rect.toAlignedRect())
    for panel in panels:
        yield _place(window, workspace.board.docks[panel])
    row, view = table.visualRect(table.currentIndex()), table.viewport().rect()
    yield _place(window, table.viewport(), QRect(0, row.y(), view.width(), row.height()).intersected(view))
