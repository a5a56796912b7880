"""The first steps, which teach a newcomer the window, and the guide that shows such instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QEvent, QLine, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolBar, QVBoxLayout, QWidget

from nnviz.core.address import Address
from nnviz.picture.parts import Rect
from nnviz.ui.diagram.walk import Obstacles, Size, best_pointer, free_place, rectangles
from nnviz.ui.dialogs.help import read_sections
from nnviz.ui.kit.card import push_button, quiet_button
from nnviz.ui.kit.controls import announce, fill_box
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import application, colours, ui_font
from nnviz.ui.window.workspace import Workspace

SHARES = (0.25, 0.5, 0.75)
"""Points on a side of a rectangle where the guide's line may end, as shares of the side's length."""


def card_place(
    size: QSize, room: QRect, spot: QRect | None, avoid: Sequence[QRect]
) -> tuple[QRect, QLine | None]:
    """Return the rectangle of the guide's text box in `room`, and the line from the box to `spot`.

    `size` is the size of the box, `spot` the rectangle to point at. If `spot` is None, the box is at the
    lower left, and the line is None. The box covers as little as possible of the rectangles in `avoid`.
    """
    nothing, rects = np.empty((0, 2)), rectangles([_rect(each) for each in avoid])
    obstacles = Obstacles(rects, nothing, rects, rectangles([]), nothing)
    near = _rect(spot or QRect(room.bottomLeft(), QSize(0, 0)))
    ends = np.array(_border(near)) if spot else nothing
    best = free_place(_rect(room), [Size(size.width(), size.height(), 0.0)], obstacles, near, ends).rect
    card = QRect(QPoint(round(best.x), round(best.y)), size)
    if not spot:
        return card, None
    return card, best_pointer(_rect(card), ends, obstacles).toLine()


def _rect(rect: QRect) -> Rect:
    return Rect(float(rect.x()), float(rect.y()), float(rect.width()), float(rect.height()))


def _border(rect: Rect) -> list[tuple[float, float]]:
    """Return points on the four sides of a rectangle."""
    across, down = ([start + share * length for share in SHARES] for start, length in (rect[::2], rect[1::2]))
    return [
        *((x, y) for x in across for y in (rect.y, rect.bottom)),
        *((x, y) for y in down for x in (rect.x, rect.right)),
    ]


class Spot(NamedTuple):
    """A place on the screen: the rectangle `part` of a widget, or the whole widget if `part` is None."""

    widget: QWidget
    part: QRect | None = None

    def rectangle(self, window: QWidget) -> QRect | None:
        """Return the rectangle of this place in `window`, or None if `window` does not show the widget."""
        if not self.widget.isVisible() or self.widget.window() is not window:
            return None
        part = self.part or self.widget.rect()
        return part.translated(self.widget.mapTo(window, QPoint(0, 0)))


Where: TypeAlias = Callable[[], Spot | None]


@dataclass(frozen=True)
class GuideStep:
    """One step of the guide.

    =============== ===============================================================
    `title`         the title of the step
    `task`          the text that says what to do, in one or two sentences
    `reply`         the text after the user has done the task
    `target_spot`   returns the place on the screen to point at, a Spot
    `result_spot`   returns the place to point at after the task is done
    `watched_value` returns a value that changes when the user does the task
    `panels`        names of the panels that the step shows, and that the text box must not cover
    =============== ===============================================================
    """

    title: str
    task: str
    reply: str
    target_spot: Where
    result_spot: Where
    watched_value: Callable[[], object]
    panels: tuple[str, ...] = ()


NAME = "First steps"
LETTERS = 46
"""Approximate number of letters on a line of the guide's text box."""
RING_PX = 6
"""Distance from the place that the guide points at to the outer edge of the ring around it, in pixels."""
DOT_PX = 6
"""Radius of the dot at the end of the guide's line, plus a margin, in pixels."""


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
        fill_box(column, 4, self._title, self._text)
        column.setContentsMargins(16, 10, 14, 10)
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
    """A ring with a soft halo around the place that a step points at. Mouse events pass through the ring."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        accent = QColor(colours().accent)
        halo = QColor(accent)
        halo.setAlphaF(0.25)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, width in ((halo, 6.0), (accent, 2.0)):
                painter.setPen(QPen(colour, width))
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), 10, 10)


class Pointer(QWidget):
    """A line with a dot at its end. Mouse events pass through the line."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._line = QLine()

    def show_line(self, line: QLine) -> None:
        """Show a line, in the window's coordinates."""
        around = QRect(line.p1(), line.p2()).normalized().adjusted(-DOT_PX, -DOT_PX, DOT_PX, DOT_PX)
        self.setGeometry(around)
        self._line = line.translated(-around.topLeft())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        accent = QColor(colours().accent)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(accent, 2.0))
            painter.drawLine(self._line)
            painter.setBrush(accent)
            painter.drawEllipse(QPointF(self._line.p2()), DOT_PX - 2.0, DOT_PX - 2.0)


MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.ParentChange)
"""Events after which a widget may be hidden, or at another place on the screen."""


class Guide(QObject):
    """Shows the first steps one after another, until the user finishes the last step or skips the guide.

    Tab leads from the diagram to the text box. The guide checks after every change whether the user has
    completed the step, and whether the place to point at has moved.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._window, self._steps = workspace, workspace.main_window, steps(workspace)
        super().__init__(self._window)
        self._number, self._done, self._sign = 0, False, object()
        self._card, self._ring = StepCard(self._window), Ring(self._window)
        self._pointer = Pointer(self._window)
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
        """End the guide: remove the text box, the ring and the line."""
        application().removeEventFilter(self)
        self._soon.blockSignals(True)  # a change may start the timer before Qt deletes it
        for part in (self._card, self._ring, self._pointer):
            part.hide()
            part.deleteLater()
        self.deleteLater()

    @property
    def step(self) -> GuideStep:
        """The current step."""
        return self._steps[self._number]

    def _go(self, steps: int) -> None:
        if self._number + steps == len(self._steps):
            self.end()
            return
        self._number += steps
        for panel in self.step.panels:
            self._workspace.board.docks[panel].bring_to_front()
        self._done, self._sign = False, self.step.watched_value()
        self._show(self.step.task)

    def _update(self) -> None:
        """Check whether the user has completed the step, and follow the place it points at."""
        if not self._done and self.step.watched_value() != self._sign:
            self._done = True
            self._show(self.step.reply)
        else:
            self._place()

    def _show(self, text: str) -> None:
        number, count, title = self._number + 1, len(self._steps), self.step.title
        self._card.show_step(number, count, title, text, done=self._done)
        self._place()
        self._card.show()
        self._card.raise_()
        announce(self._card, text if self._done else f"{NAME}, {number} of {count}: {title}. {text}")

    def _place(self) -> None:
        """Move the text box near the place that the step points at, and the ring around this place."""
        spot = self.step.result_spot() if self._done else self.step.target_spot()
        at = spot.rectangle(self._window) if spot else None
        places = _visible_parts(self._workspace, self.step.panels)
        avoid = [rect for each in places if each and (rect := each.rectangle(self._window))]
        room = (self._window.centralWidget() or self._window).geometry()  # menus and toolbar stay free
        placed_for = self._card.size(), room, at
        covers = any(self._card.geometry().intersects(rect) for rect in avoid)
        if covers or placed_for != self._placed_for:  # else the card stays
            self._placed_for = placed_for
            self._put_card(room, _around(at) if at else None, avoid)
        self._put_ring(spot)

    def _put_card(self, room: QRect, ring: QRect | None, avoid: list[QRect]) -> None:
        """Move the text box near the ring, and connect box and ring by a line."""
        card, line = card_place(self._card.size(), room, ring, [*avoid, ring] if ring else avoid)
        self._card.move(card.topLeft())
        self._pointer.setVisible(line is not None)
        if line:
            self._pointer.show_line(line)
            self._pointer.raise_()
            self._card.raise_()

    def _put_ring(self, spot: Spot | None) -> None:
        home = spot.widget.window() if spot else self._window
        rect = spot.rectangle(home) if spot else None
        if self._ring.parentWidget() is not home:
            self._ring.setParent(home)
        self._ring.setVisible(rect is not None)
        if rect:
            self._ring.setGeometry(_around(rect).intersected(home.rect()))
            self._ring.raise_()
            self._card.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the place when a widget moves. End the guide on Escape, unless a widget uses this key."""
        if event.type() in MOVES:
            self._soon.start()
        elif watched is self._window and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                self.end()
        return False


def _around(rect: QRect) -> QRect:
    """Return the rectangle of the ring around a rectangle."""
    return rect.adjusted(-RING_PX, -RING_PX, RING_PX, RING_PX)


def begin(workspace: Workspace) -> None:
    """Start the first steps from the beginning; close a guide that is already open."""
    for guide in workspace.main_window.findChildren(Guide):
        guide.end()
    workspace.present.leave()
    Guide(workspace)


def steps(workspace: Workspace) -> tuple[GuideStep, ...]:
    """Return the five first steps in their order. Their texts are in the folder `help` of the resources."""
    document, player, button = workspace.document, workspace.player, partial(_toolbar_button, workspace)
    panel, output = partial(_panel, workspace), partial(_output, workspace)
    train, notes = ("Training", "Loss"), ("Notes",)

    def run() -> Spot:
        return Spot(workspace.training.run_buttons.run)

    places: tuple[tuple[Where, Where, Callable[[], object], tuple[str, ...]], ...] = (
        (partial(_weight, workspace), output, lambda: id(document.state.network), ()),
        (partial(button, "play"), partial(button, "step"), lambda: player.progress.active, ()),
        (output, panel("Explain"), lambda: document.now.address, ("Explain",)),
        (run, panel("Loss"), lambda: document.state.iteration, train),
        (partial(_menu, workspace, "Examples"), panel("Notes"), lambda: document.title, notes),
    )
    return tuple(
        GuideStep(title, task, reply, target, result, watched, panels)
        for (title, ((task, reply),)), (target, result, watched, panels) in zip(
            read_sections("first_steps"), places, strict=True
        )
    )


def _panel(workspace: Workspace, name: str) -> Where:
    """Return a function that returns the place of a panel, or None if the panel is not visible."""
    dock = workspace.board.docks[name]
    return lambda: Spot(dock) if dock.is_in_view else None


def _on_diagram(workspace: Workspace, *addresses: Address) -> Spot:
    """Return the place of the first address that is visible on the diagram, or of the whole diagram."""
    picture = workspace.diagram.picture
    present = (address for address in addresses if picture.content.network.has(address))
    places = map(picture.place, present)
    rect = next((place for place in places if place and picture.layout.body.meets(place)), None)
    return Spot(workspace.diagram, qrect(rect).toAlignedRect() if rect else None)


def _weight(workspace: Workspace) -> Spot:
    addresses = (label.address for label in workspace.diagram.picture.labels)
    return _on_diagram(workspace, *(address for address in addresses if address.kind == "weight"))


def _output(workspace: Workspace) -> Spot:
    """Return the place of the first output node."""
    last = len(workspace.document.state.network.layers) - 1
    return _on_diagram(workspace, Address("node", last, 0))


def _visible_parts(workspace: Workspace, panels: tuple[str, ...]) -> Iterator[Spot | None]:
    """Yield the places that the guide's text box must not cover.

    These are the nodes, the numbers and the callout of the diagram, the panels, and the selected data row.
    """
    diagram, table = workspace.diagram, workspace.data.table
    if not diagram.callout.box.isEmpty():
        yield Spot(diagram, diagram.callout.box.toAlignedRect())
    numbers = (label.rect for label in diagram.picture.labels if label.value is not None)
    for rect in (*diagram.picture.nodes.values(), *numbers):
        yield Spot(diagram, qrect(rect).toAlignedRect())
    for panel in panels:
        yield _panel(workspace, panel)()
    row, view = table.visualRect(table.currentIndex()), table.viewport().rect()
    yield Spot(table.viewport(), QRect(0, row.y(), view.width(), row.height()).intersected(view))


def _toolbar_button(workspace: Workspace, name: str) -> Spot | None:
    """Return the place of an action's toolbar button, or None if the action has no button."""
    bar, action = workspace.main_window.findChild(QToolBar), workspace.main_window.findChild(QAction, name)
    widget = bar.widgetForAction(action) if bar and action else None
    return Spot(widget) if widget else None


def _menu(workspace: Workspace, title: str) -> Spot | None:
    bar = workspace.main_window.menuBar()
    entry = next(action for action in bar.actions() if action.text().replace("&", "") == title)
    return Spot(bar, bar.actionGeometry(entry))
