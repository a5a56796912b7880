"""The dialog that generates rows, with a preview.

Imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.activations import Array
from nnviz.core.generators import KINDS, Kind, check_noise, check_rows
from nnviz.core.numbers import SHOWN, counted, parsed, parsed_whole, shortened, written
from nnviz.core.state import Columns, Dataset, State
from nnviz.document.idle import Throttle
from nnviz.picture.palette import Palette
from nnviz.picture.shades import class_colour
from nnviz.ui.kit.dialogs import column_of, heading, primary
from nnviz.ui.kit.number_field import Modifiers, Nudge, NumberField, nudge_number, nudge_whole
from nnviz.ui.kit.theme import colours, px
from nnviz.ui.panels.function_plane import RowMarks, Rows, class_shape, draw_mark
from nnviz.ui.plot.plot import Plot, QuietAxis

RATIO = 2.0
"""Device pixels on a side of a small picture's pixel, so that it is sharp on any screen."""
RADIUS_PX, AROUND_PX = 1.5, 3.0
"""A row in a small picture, and what stays free around all of them."""
WORDS = ("orange squares", "blue circles", "green triangles")
"""What the marks of class 0, 1 and 2 are."""


class Series(NamedTuple):
    """Rows of one class: where they stand, shape (rows, 2)."""

    number: int
    points: Array

    @property
    def words(self) -> str:
        """How they are marked, in words."""
        return WORDS[self.number]


def series(data: Dataset, most: int) -> list[Series]:
    """Return the first `most` rows: of one input as (input, target), of two as (first, second), by class."""
    assert data.targets is not None
    inputs, targets = data.inputs[:most], data.targets[:most]
    if inputs.shape[1] == 1:
        return [Series(1, np.hstack([inputs, targets]))]
    classes = targets.argmax(axis=1) if targets.shape[1] > 1 else (targets[:, 0] >= 0.5).astype(int)
    return [Series(k, inputs[classes == k]) for k in range(len(WORDS)) if (classes == k).any()]


def marked(shown: list[Series], palette: Palette) -> Rows:
    """Return the rows as they are marked."""
    numbers = [each.number for each in shown for _ in each.points]
    points = np.concatenate([each.points for each in shown])
    colours = [class_colour(palette, k) for k in numbers]
    return Rows(points, colours, [*map(class_shape, numbers)], np.zeros(len(points), dtype=bool))


def limits(shown: list[Series], part: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return from where to where the rows reach, across and up, and a `part` of that more on each side."""
    points = np.concatenate([each.points for each in shown])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, part * (high - low), 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return (left, right), (bottom, top)


def thumbnail(shown: list[Series], size: QSize, palette: Palette) -> QPixmap:
    """Return a small picture of the rows, on nothing."""
    pixmap = QPixmap(size * RATIO)
    pixmap.setDevicePixelRatio(RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    rows, radius = marked(shown, palette), px(100) / 100 * RADIUS_PX
    no_rim = QColor(Qt.GlobalColor.transparent)
    (left, right), (bottom, top) = limits(shown, 0.0)
    room = np.array([size.width(), size.height()]) - 2 * AROUND_PX
    places = AROUND_PX + (rows.points - (left, top)) / (right - left, bottom - top) * room
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, shape, colour in zip(places.tolist(), rows.shapes, rows.colours, strict=True):
            draw_mark(painter, QPointF(*at), shape, QColor(colour), no_rim, radius)
    return pixmap


MOST_DRAWN = 2000
"""More rows than this are not told apart in the picture."""
MARGIN = 0.06
"""Of the width that rows reach over, what stays free beside them."""
LEAST_PREVIEW = QSize(280, 180)


class Preview(Plot):
    """Shows made rows; nothing in it is moved or chosen."""

    def __init__(self) -> None:
        self._across, self._up = QuietAxis("bottom", grid=True), QuietAxis("left", grid=True)
        super().__init__(self._across, self._up)
        self._series: list[Series] = []
        self._marks = RowMarks()
        self.add(self._marks, 5)
        self.plotItem.vb.setMouseEnabled(False, False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(LEAST_PREVIEW)
        self.set_palette(colours())

    def sizeHint(self) -> QSize:
        """Ask for little: pyqtgraph asks for 600 × 480."""
        return QSize(px(420), px(300))

    def show_rows(self, data: Dataset, across: str, up: str) -> None:
        """Show rows under the names of what is across and what is up."""
        self._series = series(data, MOST_DRAWN)
        self._across.set_text(across)
        self._up.set_text(up)
        self.plotItem.vb.setAspectLocked(data.inputs.shape[1] > 1)  # a circle is round
        self.look(*limits(self._series, MARGIN))
        self._draw()

    @property
    def drawn(self) -> dict[str, int]:
        """How many rows stand in the picture under each mark, by its words."""
        return {each.words: len(each.points) for each in self._series}

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_marks"):
            self.set_palette(colours())
            self._draw()

    def _draw(self) -> None:
        palette = colours()
        self._marks.show_rows(marked(self._series, palette), palette.surface, palette.surface)


LIST_PX, FIELD_PX, INDENT_PX = 190, 90, 24
LEAST_DIALOG = QSize(720, 560)
ICON = QSize(52, 40)
SMALL_ROWS = 150
"""Rows of a small picture."""
SHARE = 4.0
"""The preview takes at most one part in so many of the time, however many rows are made."""
WHOLE = "Up, Down and the wheel change it by 1, with Shift by 10"


class MakeRows(QDialog):
    """Offers every kind; `state` is what is open with the rows that are chosen, `said` what was done."""

    def __init__(self, window: QWidget | None, state: State) -> None:
        super().__init__(window)
        self._open = state
        self._wishes_mine = True
        self._typed: set[NumberField] = set()
        self.setWindowTitle("Make rows")
        self.setMinimumSize(LEAST_DIALOG)
        self.kinds = QListWidget()
        self.preview = Preview()
        self._title, self._line, self._told = heading(""), _muted(), QLabel()
        self.rows = self._field("Rows", _read_rows, str, partial(nudge_whole, least=1))
        self.noise = self._field("Noise", _read_noise, written, _nudge_noise)
        self.seed = self._field("Seed", partial(parsed_whole, least=0), str, nudge_whole)
        self.seed.show_value(0)
        self.mine = QRadioButton("&Put them into my network")
        self.suiting = QRadioButton("Take a &network that suits them")
        self._of_mine, self._of_suiting = _muted(INDENT_PX), _muted(INDENT_PX)
        self._small = Throttle(self, self._draw_small, share=SHARE)
        self._large = Throttle(self, self._draw, share=SHARE)
        self._fill()
        self._lay_out()
        self.kinds.currentRowChanged.connect(self._choose)
        one_of = QButtonGroup(self)  # else Qt takes those in pyqtgraph's menu for others of them
        for button in (self.mine, self.suiting):
            one_of.addButton(button)
            button.clicked.connect(self._take_wish)
        self.kinds.setCurrentRow(0)
        self.kinds.setFocus()
        self._draw_small()

    @property
    def kind(self) -> Kind:
        """The kind that is chosen."""
        return list(KINDS.values())[max(0, self.kinds.currentRow())]

    @property
    def said(self) -> str:
        """What was made, in a sentence."""
        made = f"Made {counted(self.rows.value, 'row')}: {self.kind.title}, seed {self.seed.value}"
        if self.mine.isChecked():
            return f"{made}; the weights are what they were"
        return f"{made}, and a network with random weights, seed {self.kind.suits.training.seed}"

    def state(self) -> State:
        """Return what is open with the rows in it, or these with a network that suits them."""
        numbers = self.rows.value, self.noise.value, self.seed.value
        if self.mine.isChecked():
            data = self.kind.data(*numbers)
            put = edits.set_rows(self._open, data.inputs, data.targets)
            return replace(put, columns=Columns())  # made rows are inputs as they stand
        return self.kind.state(*numbers)

    def accept(self) -> None:
        """Close, unless a number cannot be read."""
        held = [field.commit() for field in (self.rows, self.noise, self.seed)]
        if all(held):
            super().accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Press the button that Enter presses, also from a field or the list, which would keep Enter."""
        enter = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.type() == QEvent.Type.KeyPress:
            self._make.click()
            return True
        return super().eventFilter(watched, event)

    # --- what stands in it

    def _field(
        self, name: str, read: Callable[[str], Any], write: Callable[[Any], str], nudge: Nudge
    ) -> NumberField:
        def read_named(text: str) -> Any:
            try:
                return read(text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

        field = NumberField(read_named, write, nudge)
        field.setAccessibleName(name)
        field.setFixedWidth(FIELD_PX)
        field.installEventFilter(self)
        field.refused.connect(self._tell)
        field.nudged.connect(lambda _: field.commit())
        field.accepted.connect(partial(self._number_changed, field))
        return field

    def _fill(self) -> None:
        self.kinds.setAccessibleName("Kinds of rows")
        self.kinds.setIconSize(ICON * (px(100) / 100))
        self.kinds.setMinimumWidth(LIST_PX)
        self.kinds.setMaximumWidth(LIST_PX)
        self.kinds.installEventFilter(self)
        for kind in KINDS.values():
            item = QListWidgetItem(kind.title, self.kinds)
            item.setToolTip(kind.line)

    def _lay_out(self) -> None:
        self.rows.setToolTip(f"How many rows are made\n{WHOLE}")
        self.noise.setToolTip(
            "How far chance moves each row: the standard deviation of a normal distribution\n"
            "Up, Down and the wheel change it by 0.1, with Alt by 0.01"
        )
        self.seed.setToolTip(f"The same seed makes the same rows\n{WHOLE}")
        self.mine.setToolTip("Replace the rows alone: weights, names and settings stay")
        self.suiting.setToolTip(
            "Open these rows, a network with random weights, settings and notes as a new document"
        )
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._make = primary(box.addButton("&Make rows", QDialogButtonBox.ButtonRole.AcceptRole))
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        self._told.setWordWrap(True)
        right = QVBoxLayout()
        right.setSpacing(8)
        for part in (self._title, self._line):
            right.addWidget(part)
        right.addWidget(self.preview, 1)
        right.addWidget(self._told)
        right.addLayout(self._numbers())
        for choice, line in ((self.mine, self._of_mine), (self.suiting, self._of_suiting)):
            right.addWidget(choice)
            right.addWidget(line)
        across = QHBoxLayout()
        across.setSpacing(16)
        across.addWidget(self.kinds)
        across.addLayout(right, 1)
        column = column_of(self)
        column.addLayout(across, 1)
        column.addWidget(box)

    def _numbers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        for column, (text, field) in enumerate(
            (("&Rows", self.rows), ("N&oise", self.noise), ("&Seed", self.seed))
        ):
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
        grid.setColumnStretch(3, 1)
        return grid

    # --- what it shows

    def _choose(self) -> None:
        """Show another kind; a number that was typed stays, the others are those it proposes."""
        kind, network = self.kind, self._open.network
        for field, proposed in ((self.rows, kind.rows), (self.noise, kind.noise)):
            if field not in self._typed:
                field.show_value(proposed)
        self._title.setText(kind.title)
        self._line.setText(kind.line)
        fits = kind.fits(network)
        self.mine.setEnabled(fits)
        (self.mine if fits and self._wishes_mine else self.suiting).setChecked(True)
        sizes = shortened("-".join(map(str, network.sizes)), SHOWN)
        whose = f"{len(kind.inputs)} inputs" if len(kind.inputs) > 1 else "1 input"
        wish = f"{whose} and {counted(len(kind.outputs), 'output')}"
        self._of_mine.setText(
            f"{sizes} as it is, in the place of its {counted(len(self._open.data), 'row')}"
            if fits
            else f"For {wish}; this one is {sizes}"
        )
        self._of_suiting.setText(kind.suits.in_words(kind.network()))
        self._large.show_now()

    def _take_wish(self) -> None:
        self._wishes_mine = self.mine.isChecked()

    def _number_changed(self, field: NumberField, _value: object) -> None:
        self._typed.add(field)
        self._small.changed()
        self._large.changed()

    def _draw(self) -> None:
        kind, rows = self.kind, self.rows.value
        across, up = kind.inputs if len(kind.inputs) > 1 else (*kind.inputs, *kind.outputs)
        self.preview.show_rows(kind.data(rows, self.noise.value, self.seed.value), across, up)
        self._tell("")

    def _draw_small(self) -> None:
        for k, kind in enumerate(KINDS.values()):
            icon, picture = QIcon(), self._thumbnail(kind)
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # or Qt tints it
                icon.addPixmap(picture, mode)
            self.kinds.item(k).setIcon(icon)

    def _thumbnail(self, kind: Kind) -> QPixmap:
        rows = self.rows.value if self.rows in self._typed else kind.rows
        noise = self.noise.value if self.noise in self._typed else kind.noise
        data = kind.data(min(rows, SMALL_ROWS), noise, self.seed.value)
        return thumbnail(series(data, SMALL_ROWS), self.kinds.iconSize(), colours())

    def _tell(self, refusal: str) -> None:
        """Say why a number is refused, or what the marks of the picture are."""
        self._told.setObjectName("error" if refusal else "muted")
        self._told.style().polish(self._told)
        self._told.setText(refusal or self._marks())
        self._told.setVisible(bool(self._told.text()))

    def _marks(self) -> str:
        drawn = list(self.preview.drawn)
        told = (
            ", ".join(f"{words}: {self._class(k)}" for k, words in enumerate(drawn)) if len(drawn) > 1 else ""
        )
        rows = self.rows.value
        some = f"{MOST_DRAWN:,} of {counted(rows, 'row')} are drawn" if rows > MOST_DRAWN else ""
        told = "; ".join(filter(None, (told, some)))
        return told[:1].upper() + told[1:]

    def _class(self, k: int) -> str:
        return f"target {k}" if len(self.kind.outputs) == 1 else self.kind.outputs[k]


def _muted(indent: int = 0) -> QLabel:
    label = QLabel()
    label.setContentsMargins(indent, 0, 0, 0)
    label.setObjectName("muted")
    label.setWordWrap(True)
    return label


def _read_rows(text: str) -> int:
    rows = parsed_whole(text, least=1)
    check_rows(rows)
    return rows


def _read_noise(text: str) -> float:
    noise = parsed(text)
    check_noise(noise)
    return noise


def _nudge_noise(value: float, steps: int, modifiers: Modifiers) -> float:
    return max(0.0, nudge_number(value, steps, modifiers))
