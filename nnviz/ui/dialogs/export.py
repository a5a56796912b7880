"""The dialogs that export a picture or a film."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QGridLayout, QLabel, QWidget

from nnviz.core.numbers import field_text, file_label, parse_whole
from nnviz.document.job import refusal_sentence
from nnviz.files import film
from nnviz.files.errors import CancelledError, FileError
from nnviz.files.film import FPS, SIZE_PX
from nnviz.picture.palette import PALETTES
from nnviz.ui.dialogs.films import Subject, film_of
from nnviz.ui.dialogs.pictures import KINDS, PNG_RATIO, Drawing, Look, image, write
from nnviz.ui.kit.controls import Choice
from nnviz.ui.kit.dialogs import (
    ProgressDialog,
    ask_save_path,
    dialog_column,
    heading,
    make_primary,
    show_message,
)
from nnviz.ui.kit.number_field import NumberField, nudge_whole
from nnviz.ui.kit.theme import theme_in_use

SVG_TYPE = "image/svg+xml"


class Exporter(QObject):
    """Writes pictures and films for a window, copies pictures, and remembers their sizes and themes."""

    message = Signal(str)

    def __init__(self, window: QWidget, suggestion: Callable[[str], Path]) -> None:
        """`suggestion` takes the end of a file's name, such as "-walk.mp4", and returns a proposed path."""
        super().__init__(window)
        self._window, self._suggestion = window, suggestion
        self._looks: dict[str, Look] = {}
        self._films: dict[str, tuple[Look, int]] = {}

    def ask(self, drawing: Drawing) -> None:
        """Ask for the size and theme of a picture, then write the picture to a file or copy it."""
        title = f"Export {drawing.phrase}"
        dialog = LookDialog(self._window, title, self._ask_look(drawing))
        accepted = bool(dialog.exec())
        look, copies = dialog.chosen_look, dialog.copies
        dialog.deleteLater()
        if not accepted:
            return
        self._looks[drawing.phrase] = look
        if copies:
            self.copy(drawing)
        elif path := ask_save_path(self._window, title, self._suggestion(f"{drawing.ending}.png"), KINDS):
            self._write(drawing, path)

    def ask_film(self, subject: Subject) -> None:
        """Ask for the size and theme of a film and for a file, then write the film. The user can cancel."""
        what = subject.kind
        title = f"Export the {what}"
        dialog = FilmDialog(
            self._window, title, *self._films.get(what, (Look(*SIZE_PX, theme_in_use()), FPS))
        )
        accepted = bool(dialog.exec())
        look, fps = dialog.chosen_look, dialog.fps
        dialog.deleteLater()
        if not accepted:
            return
        self._films[what] = look, fps
        offered = film.available_kinds()
        suffix = next(iter(offered.values()))[0]
        if path := ask_save_path(self._window, title, self._suggestion(f"-{what}{suffix}"), offered):
            self._write_film(subject, look, fps, path)

    def copy(self, drawing: Drawing) -> None:
        """Copy a picture both as pixels and as SVG, so that another program can paste either."""
        look, clipboard = self._ask_look(drawing), QGuiApplication.clipboard()
        clipboard.setImage(image(drawing, look))
        clipboard.mimeData().setData(SVG_TYPE, drawing.svg(look))  # Qt frees its own data before Python ends
        self.message.emit(f"Copied {drawing.phrase} as a picture, {look.width} × {look.height}")

    def _ask_look(self, drawing: Drawing) -> Look:
        size = drawing.size
        return self._looks.get(drawing.phrase, Look(size.width(), size.height(), theme_in_use()))

    def _write(self, drawing: Drawing, path: Path) -> None:
        try:
            write(drawing, self._looks[drawing.phrase], path)
        except FileError as error:
            self._refuse(str(error))
        else:
            self.message.emit(f"Exported {drawing.phrase} as {file_label(path)}")

    def _write_film(self, subject: Subject, look: Look, fps: int, path: Path) -> None:
        name = file_label(path)
        try:
            film.check(path)
            with ProgressDialog(self._window, f"Exporting {name}") as waiting:
                film.write(film_of(subject, look, fps, waiting), path)
        except CancelledError:
            self.message.emit(f"Export cancelled: {name} was not written")
        except FileError as error:
            self._refuse(str(error))
        except ValueError as error:
            self._refuse(refusal_sentence(error))
        else:
            size = film.size_note(path, look.width, look.height)
            exported = f"Exported the {subject.kind} as {name}"
            self.message.emit(f"{exported}; {size}" if size else exported)

    def _refuse(self, why: str) -> None:
        self.message.emit(why)
        show_message(self._window, why)


MIN_PX, MAX_PX = 50, 5_000
"""Smallest and largest width or height of a picture, in pixels."""


class SizeDialog(QDialog):
    """Asks for a size and a theme; subclasses ask for more.

    `facts` takes a valid width and height, and returns the text to show below the fields.
    """

    def __init__(
        self, window: QWidget, title: str, look: Look, max_px: int, facts: Callable[[int, int], str]
    ) -> None:
        super().__init__(window)
        self._facts = facts
        self.setWindowTitle(title)
        self._grid, self._numbers, self._theme = QGridLayout(), list[NumberField](), Choice()
        self._message = QLabel()
        self._message.setObjectName("muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._buttons = buttons
        self._save = make_primary(buttons.addButton("&Save as…", QDialogButtonBox.ButtonRole.AcceptRole))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._width = self._add_number("&Width", look.width, MIN_PX, max_px)
        self._height = self._add_number("&Height", look.height, MIN_PX, max_px)
        self._theme.addItems([name.capitalize() for name in PALETTES])
        self._theme.setCurrentIndex(list(PALETTES).index(look.theme))
        self._add("The&me", self._theme)

    @property
    def chosen_look(self) -> Look:
        """The chosen size and theme."""
        theme = list(PALETTES)[self._theme.currentIndex()]
        return Look(self._width.value, self._height.value, theme)

    def accept(self) -> None:
        """Close the dialog if all numbers are valid."""
        if all(number.commit() for number in self._numbers):
            super().accept()

    def eventFilter(self, field: QObject, event: QEvent) -> bool:
        """Press the default button on Enter, even while a number field has the focus."""
        enter = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.type() == QEvent.Type.KeyPress:
            self._save.click()
            return True
        return super().eventFilter(field, event)

    def _add_number(self, text: str, value: int, low: int, high: int) -> NumberField:
        field = NumberField(
            partial(_read_whole, low=low, high=high), field_text, partial(nudge_whole, least=low)
        )
        field.show_value(value)
        field.refused.connect(self._show_message)
        field.accepted.connect(self._show_facts)
        field.installEventFilter(self)
        self._numbers.append(field)
        self._add(text, field)
        return field

    def _add(self, text: str, field: QWidget) -> None:
        label, column = QLabel(text), self._grid.count() // 2
        label.setBuddy(field)
        field.setAccessibleName(text.replace("&", ""))
        self._grid.addWidget(label, 0, column)
        self._grid.addWidget(field, 1, column)

    def _lay_out(self, *between: QWidget) -> None:
        column = dialog_column(self)
        column.addWidget(heading(self.windowTitle()))
        column.addLayout(self._grid)
        for part in (*between, self._message, self._buttons):
            column.addWidget(part)
        self._show_facts()

    def _show_message(self, why: str) -> None:
        self._message.setText(why or self._facts(self._width.value, self._height.value))

    def _show_facts(self) -> None:
        self._show_message("")


class LookDialog(SizeDialog):
    """Asks for the size, theme and background of a picture. `copies` is True if the user presses Copy."""

    def __init__(self, window: QWidget, title: str, look: Look) -> None:
        super().__init__(window, title, look, MAX_PX, _picture_facts)
        self.copies = False
        self._transparent = QCheckBox("&Transparent background")
        self._transparent.setChecked(look.transparent)
        copy = self._buttons.addButton("&Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._copy)
        self._lay_out(self._transparent)

    @property
    def chosen_look(self) -> Look:
        """The chosen size, theme and background."""
        return replace(super().chosen_look, transparent=self._transparent.isChecked())

    def _copy(self) -> None:
        self.copies = True
        self.accept()
        self.copies = self.result() == QDialog.DialogCode.Accepted


class FilmDialog(SizeDialog):
    """Asks for the size, the theme and the frame rate of a film."""

    def __init__(self, window: QWidget, title: str, look: Look, fps: int) -> None:
        super().__init__(window, title, look, film.MOST_PX, _film_facts)
        self._fps = self._add_number("&Frames per second", fps, 1, film.MOST_FPS)
        self._lay_out()

    @property
    def fps(self) -> int:
        """The chosen number of frames per second."""
        fps: int = self._fps.value
        return fps


def _picture_facts(width: int, height: int) -> str:
    return f"The PNG file has {PNG_RATIO * width} × {PNG_RATIO * height} pixels, to stay sharp on any screen."


def _film_facts(width: int, height: int) -> str:
    even = film.even_size(width, height)
    if even != (width, height):
        return f"An MP4 has {even[0]} × {even[1]} pixels, because its width and height must be even."
    return "The size is in pixels. A GIF or an animated PNG repeats without end."


def _read_whole(text: str, low: int, high: int) -> int:
    number = parse_whole(text, low)
    if number > high:
        raise ValueError(f"expected a whole number up to {high:,}")
    return number
