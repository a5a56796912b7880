"""The dialog that generates rows, with a preview.

This module imports pyqtgraph, which takes 150 ms, so nnviz imports the module only after the first frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QTransform
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.activations import Array
from nnviz.core.generators import KINDS, Kind, check_noise, check_rows
from nnviz.core.numbers import counted, field_text, parse_number, parse_whole, shortened
from nnviz.core.state import Columns, Dataset, State
from nnviz.document.idle import APART_MS, Slicer
from nnviz.picture.palette import Palette
from nnviz.picture.scales import class_colour
from nnviz.ui.kit.controls import fill_box
from nnviz.ui.kit.dialogs import Dialog, add_labelled, heading, show_text, wrapped
from nnviz.ui.kit.number_field import Modifiers, Nudge, NumberField, nudge_number, nudge_whole
from nnviz.ui.kit.theme import colours, px
from nnviz.ui.panels.function_plane import SYMBOLS, WIDTHS, RowMarks, Rows, class_shape
from nnviz.ui.plot.plot import Plot, QuietAxis

RATIO = 2.0
"""Device pixels per pixel of a thumbnail, so that thumbnails are sharp on any screen."""
MARK_PX, PADDING_PX = 3.0, 3.0
"""In pixels, for a thumbnail. MARK_PX: size of a mark. PADDING_PX: free border around all marks."""
MARK_NAMES = ("orange squares", "blue circles", "green triangles")
"""Names of the marks of classes 0, 1 and 2."""


class Series(NamedTuple):
    """The number of a class, and the points of the rows in this class, shape (rows, 2)."""

    number: int
    points: Array


def series(data: Dataset, most: int) -> list[Series]:
    """Group the first `most` rows by class. A point is (x1, x2), or (x, target) if there is one input."""
    assert data.targets is not None
    inputs, targets = data.inputs[:most], data.targets[:most]
    if inputs.shape[1] == 1:
        return [Series(1, np.hstack([inputs, targets]))]
    classes = targets.argmax(axis=1) if targets.shape[1] > 1 else (targets[:, 0] >= 0.5).astype(int)
    return [Series(k, inputs[classes == k]) for k in range(len(MARK_NAMES)) if (classes == k).any()]


def _marks(groups: list[Series], palette: Palette) -> Rows:
    """Return the rows with the colours and shapes of their marks."""
    numbers = [each.number for each in groups for _ in each.points]
    points = np.concatenate([each.points for each in groups])
    colours = [class_colour(palette, k) for k in numbers]
    return Rows(points, colours, [*map(class_shape, numbers)], np.zeros(len(points), dtype=bool))


def limits(groups: list[Series], part: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges (low, high) of x and of y, each widened at both ends by `part` of its length."""
    points = np.concatenate([each.points for each in groups])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, part * (high - low), 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return (left, right), (bottom, top)


def thumbnail(groups: list[Series], size: QSize, palette: Palette) -> QPixmap:
    """Return a small picture of the rows on a transparent background."""
    pixmap = QPixmap(size * RATIO)
    pixmap.setDevicePixelRatio(RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    rows, width = _marks(groups, palette), px(100) / 100 * MARK_PX
    (left, right), (bottom, top) = limits(groups, 0.0)
    room = np.array([size.width(), size.height()]) - 2 * PADDING_PX
    places = PADDING_PX + (rows.points - (left, top)) / (right - left, bottom - top) * room
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, shape, colour in zip(places.tolist(), rows.shapes, rows.colours, strict=True):
            painter.setTransform(QTransform.fromTranslate(*at))
            drawSymbol(painter, SYMBOLS[shape], width * WIDTHS[shape], Qt.PenStyle.NoPen, QColor(colour))
    return pixmap


MAX_DRAWN = 2000
"""Largest number of rows to draw; the marks of more rows would merge."""
MARGIN = 0.06
"""Free border on each side of the preview, as a share of the range of the points."""
MIN_PREVIEW = QSize(280, 180)


class Preview(Plot):
    """Shows generated rows in a plot that ignores mouse and keyboard."""

    def __init__(self) -> None:
        self._across, self._up = QuietAxis("bottom", grid=True), QuietAxis("left", grid=True)
        super().__init__(self._across, self._up)
        self._series: list[Series] = []
        self._marks = RowMarks()
        self.add(5, self._marks)
        self.box.setMouseEnabled(False, False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(MIN_PREVIEW)
        self.restyle()

    def sizeHint(self) -> QSize:
        """Return a smaller size than pyqtgraph's 600 × 480 pixels."""
        return QSize(px(420), px(300))

    def show_rows(self, data: Dataset, across: str, up: str) -> None:
        """Show rows; `across` and `up` are the names of the horizontal and the vertical axis."""
        self._series = series(data, MAX_DRAWN)
        self._across.set_text(across)
        self._up.set_text(up)
        self.box.setAspectLocked(data.inputs.shape[1] > 1)  # keeps circles round
        self.set_view(*limits(self._series, MARGIN))
        self._draw()

    @property
    def row_counts(self) -> dict[str, int]:
        """Number of plotted rows of each class. The keys are mark names, such as "blue circles"."""
        return {MARK_NAMES[each.number]: len(each.points) for each in self._series}

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        if self._series:
            self._draw()

    def _draw(self) -> None:
        palette = colours()
        self._marks.show_rows(_marks(self._series, palette), palette.surface, palette.surface)


LIST_PX, FIELD_PX, INDENT_PX = 190, 90, 24
MIN_DIALOG = QSize(720, 560)
ICON = QSize(52, 40)
THUMBNAIL_ROWS = 150
"""Number of rows drawn in a thumbnail."""
NUDGE_TIP = "Up, Down and the mouse wheel change the number by 1, or with Shift by 10"


class MakeRows(Dialog):
    """Asks which rows to make. `state()` returns a State with the rows; `summary` describes the result."""

    def __init__(self, window: QWidget | None, state: State) -> None:
        super().__init__(window, "Make rows", "&Make rows")
        self._open = state
        self._prefers_mine = True
        self._typed: set[NumberField] = set()
        self.setMinimumSize(MIN_DIALOG)
        self.kinds = QListWidget()
        self.preview = Preview()
        self._title, self._description, self._message = heading(""), wrapped(), wrapped()
        self.rows = self._field("Rows", _read_rows, str, partial(nudge_whole, least=1))
        self.noise = self._field("Noise", _read_noise, field_text, _nudge_noise)
        self.seed = self._field("Seed", partial(parse_whole, least=0), str, nudge_whole)
        self.seed.show_value(0)
        self.for_open_network = QRadioButton("&Put these rows into my network")
        self.for_new_network = QRadioButton("Make a &network that suits these rows")
        self._of_mine, self._of_suiting = wrapped(), wrapped()
        self._drawing = Slicer(self, self._draw_steps, lambda: True)
        self._fill()
        self._add_parts()
        self.kinds.currentRowChanged.connect(self._choose)
        one_of = QButtonGroup(self)  # else Qt groups them with pyqtgraph's menu buttons
        for button in (self.for_open_network, self.for_new_network):
            one_of.addButton(button)
            button.clicked.connect(self._remember_preference)
        self.kinds.setCurrentRow(0)
        self.kinds.setFocus()
        self._draw_thumbnails()

    @property
    def kind(self) -> Kind:
        """The selected kind of rows."""
        return list(KINDS.values())[max(0, self.kinds.currentRow())]

    @property
    def summary(self) -> str:
        """A description of the result, for the status bar."""
        made = f"Made {counted(self.rows.value, 'row')}: {self.kind.title}, seed {self.seed.value}"
        if self.for_open_network.isChecked():
            return f"{made}; the weights are unchanged"
        return f"{made}; the network has random weights, seed {self.kind.training.seed}"

    def state(self) -> State:
        """Return the open State with the new rows, or a State with a new network for the rows."""
        numbers = self.rows.value, self.noise.value, self.seed.value
        if self.for_open_network.isChecked():
            data = self.kind.data(*numbers)
            state = edits.set_rows(self._open, data.inputs, data.targets)
            return replace(state, columns=Columns())  # generated rows have no original columns
        return self.kind.state(*numbers)

    # --- widgets

    def _field(
        self, name: str, read: Callable[[str], Any], write: Callable[[Any], str], nudge: Nudge
    ) -> NumberField:
        def read_named(text: str) -> Any:
            try:
                return read(text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

        field = NumberField(read_named, write, nudge)
        field.setFixedWidth(FIELD_PX)
        field.confirmed.connect(self._accept_button.click)
        field.refused.connect(self._show_message)
        field.nudged.connect(lambda _: field.commit())
        field.accepted.connect(partial(self._number_changed, field))
        return field

    def _fill(self) -> None:
        self.kinds.setAccessibleName("Kinds of rows")
        self.kinds.setIconSize(ICON * (px(100) / 100))
        self.kinds.setFixedWidth(LIST_PX)
        for kind in KINDS.values():
            item = QListWidgetItem(kind.title, self.kinds)
            item.setToolTip(kind.line)

    def _add_parts(self) -> None:
        self.rows.setToolTip(f"The number of rows to make\n{NUDGE_TIP}")
        self.noise.setToolTip(
            "Each point is shifted at random; the noise is the standard deviation of the shift\n"
            "Up, Down and the mouse wheel change the number by 0.1, or with Alt by 0.01"
        )
        self.seed.setToolTip(f"The same seed makes the same rows\n{NUDGE_TIP}")
        self.for_open_network.setToolTip("Replace only the rows, and keep the weights, names and settings")
        self.for_new_network.setToolTip(
            "Open a new document with these rows, matching settings and notes, and random weights"
        )
        right = QVBoxLayout()
        shown = (self._title, self._description, self.preview, self._message, self._numbers())
        mine, suiting = (self.for_open_network, self._of_mine), (self.for_new_network, self._of_suiting)
        for line in (self._of_mine, self._of_suiting):
            line.setContentsMargins(INDENT_PX, 0, 0, 0)
        fill_box(right, 8, *shown, *mine, *suiting)
        right.setStretchFactor(self.preview, 1)
        across = QHBoxLayout()
        fill_box(across, 16, self.kinds, right)
        across.setStretchFactor(right, 1)
        self._lay_out(across).setStretchFactor(across, 1)

    def _numbers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        for text, field in (("&Rows", self.rows), ("N&oise", self.noise), ("&Seed", self.seed)):
            add_labelled(grid, text, field)
        grid.setColumnStretch(3, 1)
        return grid

    # --- display

    def _choose(self) -> None:
        """Show the selected kind. Typed numbers stay, the others take the kind's values."""
        kind, network = self.kind, self._open.network
        for field, proposed in ((self.rows, kind.rows), (self.noise, kind.noise)):
            if field not in self._typed:
                field.show_value(proposed)
        self._title.setText(kind.title)
        self._description.setText(kind.line)
        fits = kind.fits(network)
        self.for_open_network.setEnabled(fits)
        (self.for_open_network if fits and self._prefers_mine else self.for_new_network).setChecked(True)
        sizes = shortened("-".join(map(str, network.sizes)))
        inputs, outputs = counted(len(kind.inputs), "input"), counted(len(kind.outputs), "output")
        replaces = f"The new rows replace {counted(len(self._open.data), 'row')} of your network ({sizes})"
        needs = f"These rows need a network with {inputs} and {outputs}; your network is {sizes}"
        self._of_mine.setText(replaces if fits else needs)
        self._of_suiting.setText(kind.network_text)
        self._draw()

    def _remember_preference(self) -> None:
        self._prefers_mine = self.for_open_network.isChecked()

    def _number_changed(self, field: NumberField, _value: object) -> None:
        self._typed.add(field)
        self._drawing.restart(APART_MS)

    def _draw_steps(self) -> Iterator[None]:
        self._draw()
        yield
        self._draw_thumbnails()

    def _draw(self) -> None:
        kind, rows = self.kind, self.rows.value
        across, up = kind.inputs if len(kind.inputs) > 1 else (*kind.inputs, *kind.outputs)
        self.preview.show_rows(kind.data(rows, self.noise.value, self.seed.value), across, up)
        self._show_message("")

    def _draw_thumbnails(self) -> None:
        for k, kind in enumerate(KINDS.values()):
            icon, picture = QIcon(), self._thumbnail(kind)
            for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # else Qt tints it
                icon.addPixmap(picture, mode)
            self.kinds.item(k).setIcon(icon)

    def _thumbnail(self, kind: Kind) -> QPixmap:
        rows = self.rows.value if self.rows in self._typed else kind.rows
        noise = self.noise.value if self.noise in self._typed else kind.noise
        data = kind.data(min(rows, THUMBNAIL_ROWS), noise, self.seed.value)
        return thumbnail(series(data, THUMBNAIL_ROWS), self.kinds.iconSize(), colours())

    def _show_message(self, refusal: str) -> None:
        """Show why a number is refused, or the meaning of the marks if `refusal` is ""."""
        self._message.setObjectName("error" if refusal else "muted")
        self._message.style().polish(self._message)
        show_text(self._message, refusal or self._legend())

    def _legend(self) -> str:
        names, rows = list(self.preview.row_counts), self.rows.value
        classes = ", ".join(f"{name}: {self._class(k)}" for k, name in enumerate(names))
        legend = f"{classes[:1].upper()}{classes[1:]}." if len(names) > 1 else ""
        part = f"The picture shows {MAX_DRAWN:,} of {counted(rows, 'row')}." if rows > MAX_DRAWN else ""
        return " ".join(filter(None, (legend, part)))

    def _class(self, k: int) -> str:
        return f"target {k}" if len(self.kind.outputs) == 1 else self.kind.outputs[k]


def _read_rows(text: str) -> int:
    rows = parse_whole(text, least=1)
    check_rows(rows)
    return rows


def _read_noise(text: str) -> float:
    noise = parse_number(text)
    check_noise(noise)
    return noise


def _nudge_noise(value: float, steps: int, modifiers: Modifiers) -> float:
    return max(0.0, nudge_number(value, steps, modifiers))
