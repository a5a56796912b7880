"""The dialog that makes rows: which kind, how many, how much noise, which seed, and for which network.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
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
from nnviz.core.columns import Columns
from nnviz.core.made.kinds import KINDS, Kind, check_noise, check_rows
from nnviz.core.names import SHOWN, shortened
from nnviz.core.numbers import counted, parsed, parsed_whole, written
from nnviz.core.state import State
from nnviz.document.idle import Throttle
from nnviz.ui.made.marks import series, thumbnail
from nnviz.ui.made.preview import MOST_DRAWN, Preview
from nnviz.ui.widgets.dialogs import column_of, heading, primary
from nnviz.ui.widgets.number_field import Modifiers, Nudge, NumberField, nudge_number, nudge_whole
from nnviz.ui.widgets.theme import colours, px

LIST_PX, FIELD_PX, INDENT_PX = 190, 90, 24
LEAST = QSize(720, 560)
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
        self.setMinimumSize(LEAST)
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
