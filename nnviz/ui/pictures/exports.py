"""What a person does to have a picture: asks for a file, or copies it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from nnviz.core.names import file_named
from nnviz.document.training.outcome import refusal
from nnviz.files.errors import FileError
from nnviz.files.motion import kinds
from nnviz.files.motion.film import FPS, SIZE_PX
from nnviz.files.progress import CancelledError
from nnviz.ui.pictures.dialog import FilmDialog, LookDialog
from nnviz.ui.pictures.drawing import KINDS, Drawing, Look, image, write
from nnviz.ui.pictures.motion import Subject, film_of
from nnviz.ui.widgets.ask_where import ask_where
from nnviz.ui.widgets.dialogs import tell
from nnviz.ui.widgets.theme import theme_in_use
from nnviz.ui.widgets.waiting import Waiting

SVG_TYPE = "image/svg+xml"


class Exports(QObject):
    """Writes pictures and films for a window, and copies pictures; how they are to look is remembered."""

    said = Signal(str)

    def __init__(self, window: QWidget, suggestion: Callable[[str], Path]) -> None:
        """`suggestion` makes the path of a file whose name has this end."""
        super().__init__(window)
        self._window, self._suggestion = window, suggestion
        self._looks: dict[str, Look] = {}
        self._films: dict[str, tuple[Look, int]] = {}

    def ask(self, drawing: Drawing) -> None:
        """Ask how a picture is to look, and where to write it."""
        title = f"Export {drawing.what}"
        dialog = LookDialog(self._window, title, self._look(drawing))
        chosen = bool(dialog.exec())
        look, copies = dialog.look, dialog.copies
        dialog.deleteLater()
        if not chosen:
            return
        self._looks[drawing.what] = look
        if copies:
            self.copy(drawing)
        elif path := ask_where(self._window, title, self._suggestion(f"{drawing.ending}.png"), KINDS):
            self._write(drawing, path)

    def ask_film(self, subject: Subject) -> None:
        """Ask how a film is to look, and where to write it, and write it while a person can stop it."""
        what = subject.what
        title = f"Export the {what}"
        dialog = FilmDialog(
            self._window, title, *self._films.get(what, (Look(*SIZE_PX, theme_in_use()), FPS))
        )
        chosen = bool(dialog.exec())
        look, fps = dialog.look, dialog.fps
        dialog.deleteLater()
        if not chosen:
            return
        self._films[what] = look, fps
        offered = kinds.offered()
        suffix = next(iter(offered.values()))[0]
        if path := ask_where(self._window, title, self._suggestion(f"-{what}{suffix}"), offered):
            self._write_film(subject, look, fps, path)

    def copy(self, drawing: Drawing) -> None:
        """Copy a picture as pixels and as SVG, so that a program takes what it can use."""
        look, clipboard = self._look(drawing), QGuiApplication.clipboard()
        clipboard.setImage(image(drawing, look))
        clipboard.mimeData().setData(SVG_TYPE, drawing.svg(look))  # what Qt makes does not outlive Python
        self.said.emit(f"Copied {drawing.what} as a picture, {look.width} × {look.height}")

    def _look(self, drawing: Drawing) -> Look:
        size = drawing.size
        return self._looks.get(drawing.what, Look(size.width(), size.height(), theme_in_use()))

    def _write(self, drawing: Drawing, path: Path) -> None:
        try:
            write(drawing, self._looks[drawing.what], path)
        except FileError as error:
            self._refuse(str(error))
        else:
            self.said.emit(f"Exported {drawing.what} as {file_named(path)}")

    def _write_film(self, subject: Subject, look: Look, fps: int, path: Path) -> None:
        name = file_named(path)
        try:
            kinds.check(path)
            with Waiting(self._window, f"Exporting {name}") as waiting:
                kinds.write(film_of(subject, look, fps, waiting), path)
        except CancelledError:
            self.said.emit(f"{name} was not written; all is as it was")
        except FileError as error:
            self._refuse(str(error))
        except ValueError as error:
            self._refuse(refusal(error))
        else:
            of_size = kinds.of_size(path, look.width, look.height)
            self.said.emit(f"Exported the {subject.what} as {name}{of_size and f', {of_size}'}")

    def _refuse(self, why: str) -> None:
        self.said.emit(why)
        tell(self._window, why)
