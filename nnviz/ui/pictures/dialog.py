"""The dialog before a picture is written or copied: its size, its theme, its ground."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QGridLayout, QLabel, QWidget

from nnviz.core.numbers import parsed_whole, written
from nnviz.picture.palette import PALETTES
from nnviz.ui.pictures.drawing import PNG_RATIO, Look
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.dialogs import column_of, heading, primary
from nnviz.ui.widgets.number_field import NumberField, nudge_whole

LEAST_PX, MOST_PX = 50, 5_000
"""A PNG of the most has 100 million pixels."""


class LookDialog(QDialog):
    """Asks for the Look of a picture; `copies` tells whether it is to be copied instead of written."""

    def __init__(self, window: QWidget, title: str, look: Look) -> None:
        super().__init__(window)
        self.copies = False
        self.setWindowTitle(title)
        nudge = partial(nudge_whole, least=LEAST_PX)
        self._width, self._height = (NumberField(_pixels, written, nudge) for _ in range(2))
        self._theme, self._transparent = Choice(), QCheckBox("&Transparent background")
        self._theme.addItems([name.capitalize() for name in PALETTES])
        self._told = QLabel()
        self._told.setObjectName("muted")
        self._show(look)
        column = column_of(self)
        column.addWidget(heading(title))
        column.addLayout(self._fields())
        column.addWidget(self._transparent)
        column.addWidget(self._told)
        column.addWidget(self._buttons())

    @property
    def look(self) -> Look:
        """What is chosen."""
        theme = list(PALETTES)[self._theme.currentIndex()]
        return Look(self._width.value, self._height.value, theme, self._transparent.isChecked())

    def accept(self) -> None:
        """Close, unless a size cannot be read."""
        if self._width.commit() and self._height.commit():
            super().accept()

    def eventFilter(self, field: QObject, event: QEvent) -> bool:
        """Press the button that Enter presses, also from a field, which would keep Enter to itself."""
        enter = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.type() == QEvent.Type.KeyPress:
            self._save.click()
            return True
        return super().eventFilter(field, event)

    def _show(self, look: Look) -> None:
        for field, value in ((self._width, look.width), (self._height, look.height)):
            field.show_value(value)
            field.refused.connect(self._tell)
            field.accepted.connect(self._tell_pixels)
            field.installEventFilter(self)
        self._theme.setCurrentIndex(list(PALETTES).index(look.theme))
        self._transparent.setChecked(look.transparent)
        self._tell_pixels()

    def _fields(self) -> QGridLayout:
        grid = QGridLayout()
        fields: tuple[tuple[str, QWidget], ...] = (
            ("&Width", self._width),
            ("&Height", self._height),
            ("T&heme", self._theme),
        )
        for k, (text, field) in enumerate(fields):
            label = QLabel(text)
            label.setBuddy(field)
            field.setAccessibleName(text.replace("&", ""))
            grid.addWidget(label, 0, k)
            grid.addWidget(field, 1, k)
        return grid

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        copy = buttons.addButton("&Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self._save = primary(buttons.addButton("&Save as…", QDialogButtonBox.ButtonRole.AcceptRole))
        copy.clicked.connect(self._copy)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _copy(self) -> None:
        self.copies = True
        self.accept()
        self.copies = self.result() == QDialog.DialogCode.Accepted

    def _tell(self, why: str) -> None:
        self._told.setText(why or self._pixels_of_png())

    def _tell_pixels(self) -> None:
        self._told.setText(self._pixels_of_png())

    def _pixels_of_png(self) -> str:
        width, height = (PNG_RATIO * field.value for field in (self._width, self._height))
        return f"Pixels of the screen; a PNG has {width} × {height}, so that it is sharp"


def _pixels(text: str) -> int:
    pixels = parsed_whole(text, LEAST_PX)
    if pixels > MOST_PX:
        raise ValueError(f"expected a whole number up to {MOST_PX:,}")
    return pixels
