"""What the mouse does on the diagram: click, scrub a number, pan, zoom, hover."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from nnviz.core.numbers import nudged
from nnviz.picture.picture import Part
from nnviz.ui.diagram.camera import Camera
from nnviz.ui.diagram.edit_session import EditSession
from nnviz.ui.diagram.editing import EDITABLE
from nnviz.ui.diagram.editor import nudge_size
from nnviz.ui.selection import Selection

SLACK = 4.0
"""A press that moves less than this many pixels is a click."""
PIXELS_A_STEP = 6.0
"""Scrubbing: so many pixels sideways are one nudge."""

_drags = itertools.count()


class Gestures:
    """Turns mouse events into edits, selection and camera moves.

    `at` tells what is under a point, `text_at` whose text is; `looked` is called when the camera moves.
    """

    def __init__(
        self,
        at: Callable[[float, float], Part | None],
        text_at: Callable[[float, float], Part | None],
        session: EditSession,
        selection: Selection,
        camera: Camera,
        looked: Callable[[], None],
    ) -> None:
        self._at, self._text_at = at, text_at
        self._session, self._selection = session, selection
        self._camera, self._looked = camera, looked
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._part: Part | None = None
        self._scrub_from: float | None = None
        self._drag = 0
        self.moved = False

    @property
    def scrubbing(self) -> bool:
        """Whether a number is being dragged."""
        return self._scrub_from is not None and self.moved

    @property
    def panning(self) -> bool:
        """Whether the picture is being dragged."""
        return self._pressed is not None and self.moved and self._scrub_from is None

    def press(self, event: QMouseEvent) -> None:
        """Begin a click, a scrub or a pan."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        if self._session.open:
            self._session.editor.commit()
        self._pressed = self._last = event.position()
        self.moved, self._drag = False, next(_drags)
        self._part = self._text_at(event.position().x(), event.position().y())
        number = self._part is not None and self._part.kind in EDITABLE and not _adding(event)
        left = event.button() == Qt.MouseButton.LeftButton
        self._scrub_from = self._session.value(self._part) if number and left and self._part else None

    def move(self, event: QMouseEvent) -> None:
        """Go on with a scrub or a pan."""
        if self._pressed is None:
            return
        way = event.position() - self._pressed
        if not self.moved and max(abs(way.x()), abs(way.y())) < SLACK:
            return
        self.moved = True
        if self._scrub_from is not None and self._part is not None:
            steps = round(way.x() / PIXELS_A_STEP)
            value = nudged(self._scrub_from, steps, nudge_size(event.modifiers()))
            self._session.set_number(self._part, value, ("scrub", self._drag))
        else:
            step = event.position() - self._last
            self._camera.pan(step.x(), step.y())
            self._looked()
        self._last = event.position()

    def release(self, event: QMouseEvent) -> None:
        """End it; a press that did not move is a click."""
        if self._pressed is None:
            return
        clicked = not self.moved
        self._pressed = self._scrub_from = None
        self.moved = False
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            self._click(self._part, event)

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned:
            self._camera.zoom_at(event.position().x(), event.position().y(), 1.0015**turned)
            self._looked()
        event.accept()

    def double_click(self, event: QMouseEvent) -> None:
        """Edit the number of an edge or node whose number is not in sight; on nothing, show everything."""
        part = self._at(event.position().x(), event.position().y())
        if part is None:
            self._camera.fit()
            self._looked()
        elif part.kind == "weight":
            self._session.edit(part)

    def _click(self, text: Part | None, event: QMouseEvent) -> None:
        selection = self._selection
        part = text or self._at(event.position().x(), event.position().y())
        if part is None or part.kind in ("heading", "subheading"):
            selection.select(None)
        elif _adding(event) and part.kind in ("weight", "slope"):
            first = selection.part if selection.part and selection.part.kind == "weight" else None
            second = part._replace(kind="weight")
            selection.select(first or second, second if first and first != second else None)
        elif text and text.kind in (*EDITABLE, "name"):
            self._session.edit(text)
        elif part.kind in ("weight", "slope"):
            selection.point_at(part._replace(kind="weight"))
        else:
            selection.point_at(Part("node", part.column, part.node))


def _adding(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
