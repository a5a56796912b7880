"""The dialogs that export a picture or a film."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from nnviz.core.numbers import file_label
from nnviz.document.job import refusal_sentence
from nnviz.files import film
from nnviz.files.errors import FileError, Progress
from nnviz.files.film import FPS, SIZE_PX
from nnviz.picture.palette import PALETTES
from nnviz.ui.dialogs.films import Subject, film_of
from nnviz.ui.dialogs.pictures import KINDS, Drawing, Look, image, write
from nnviz.ui.kit.controls import ComboBox
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.dialogs import Dialog, add_labelled, export, heading
from nnviz.ui.kit.number_field import NumberField, whole_number
from nnviz.ui.kit.theme import theme_in_use

SVG_TYPE = "image/svg+xml"


class Exporter:
    """Writes pictures and films for a window, copies pictures, and remembers their sizes and themes."""

    def __init__(self, window: QWidget, desk: Desk) -> None:
        self._window, self._desk = window, desk
        self._looks: dict[str, Look] = {}
        self._films: dict[str, tuple[Look, int]] = {}

    def ask(self, drawing: Drawing) -> None:
        """Ask for the size and theme of a picture, then write the picture to a file."""
        title = f"Export {drawing.phrase}"
        dialog = LookDialog(self._window, title, self._look(drawing))
        if not dialog.is_accepted():
            return
        look = self._looks[drawing.phrase] = dialog.chosen_look

        def write_picture(path: Path, _progress: Progress) -> str:
            write(drawing, look, path)
            return f"Exported {drawing.phrase} as {file_label(path)}"

        export(self._window, self._desk, title, f"{drawing.ending}.png", KINDS, write_picture)

    def ask_film(self, subject: Subject) -> None:
        """Ask for the size and theme of a film and for a file, then write the film. The user can cancel."""
        what = subject.kind
        title = f"Export film of the {what}"
        look, fps = self._films.get(what, (Look(*SIZE_PX, theme_in_use()), FPS))
        dialog = LookDialog(self._window, title, look, fps)
        if not dialog.is_accepted():
            return
        look, fps = self._films[what] = dialog.chosen_look, dialog.fps.value

        def write_film(path: Path, progress: Progress) -> str:
            film.check(path)
            try:
                film.write(film_of(subject, look, fps, progress), path)
            except ValueError as error:
                raise FileError(refusal_sentence(error)) from error
            return f"Exported the {what} as {file_label(path)}"

        kinds = film.available_kinds()
        export(self._window, self._desk, title, f"-{what}{next(iter(kinds.values()))[0]}", kinds, write_film)

    def copy(self, drawing: Drawing) -> None:
        """Copy a picture both as pixels and as SVG, so that another program can paste either."""
        look, clipboard = self._look(drawing), QGuiApplication.clipboard()
        clipboard.setImage(image(drawing, look))
        clipboard.mimeData().setData(SVG_TYPE, drawing.svg(look))  # Qt frees its own data before Python ends
        self._desk.message.emit(f"Copied {drawing.phrase} as a picture, {look.width} × {look.height}")

    def _look(self, drawing: Drawing) -> Look:
        size = drawing.size
        return self._looks.get(drawing.phrase, Look(size.width(), size.height(), theme_in_use()))


MIN_PX, MAX_PX = 50, 5_000
"""Smallest and largest width or height of a picture, in pixels."""


class LookDialog(Dialog):
    """Asks for the size, theme and background of a picture, or for the size, theme and rate of a film.

    `fps` is the field for frames per second of a film.
    """

    def __init__(self, window: QWidget, title: str, look: Look, fps: int | None = None) -> None:
        super().__init__(window, title, "&Save as…")
        self._grid, most = QGridLayout(), MAX_PX if fps is None else film.MOST_PX
        self._theme = ComboBox(map(str.capitalize, PALETTES), look.theme.capitalize())
        self._transparent = QCheckBox("&Transparent background")
        self._transparent.setChecked(look.transparent)
        self._transparent.setVisible(fps is None)
        self._width = self._add_number("&Width", look.width, MIN_PX, most)
        self._height = self._add_number("&Height", look.height, MIN_PX, most)
        add_labelled(self._grid, "The&me", self._theme)
        if fps is not None:
            self.fps = self._add_number("&Frames per second", fps, 1, film.MOST_FPS)
        self._lay_out(heading(title), self._grid, self._transparent)

    @property
    def chosen_look(self) -> Look:
        """The chosen size, theme and background."""
        theme = list(PALETTES)[self._theme.currentIndex()]
        return Look(self._width.value, self._height.value, theme, self._transparent.isChecked())

    def _add_number(self, text: str, value: int, low: int, high: int) -> NumberField:
        field = self._number(whole_number(low, high))
        field.show_value(value)
        add_labelled(self._grid, text, field)
        return field
