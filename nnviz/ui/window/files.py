"""New, Open, Save, rows from CSV, dropped files, and the questions before anything would be lost."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from nnviz.core.losses import MSE
from nnviz.core.names import SHOWN, file_named, on_one_line, shortened
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.kept_runs import KeptRuns
from nnviz.document.lost_by_saving import lost_by_saving
from nnviz.document.training.travel import Travel
from nnviz.files.errors import FileError, UnfitError
from nnviz.files.examples import example, examples
from nnviz.files.on_disk import KEPT, ChangedError, News
from nnviz.files.progress import CancelledError
from nnviz.files.registry import TABLES, encoded, is_native, kept_by_native, kinds, left_out, load, openable
from nnviz.ui.widgets.ask_where import ask_where, file_name, filter_of, unused
from nnviz.ui.widgets.dialogs import tell
from nnviz.ui.widgets.file_dialog import FileDialog
from nnviz.ui.window.ask_json import Instead, ask_json, ask_part
from nnviz.ui.window.ask_leave import ask_leave
from nnviz.ui.window.ask_whose import Whose, ask_whose
from nnviz.ui.window.new_network import NewNetwork
from nnviz.ui.window.reading_asked import read_asking
from nnviz.ui.window.settings import Settings
from nnviz.ui.window.tables import Tables

NONE_RECENT = "No recent files: what you open or save will stand here"


class FileCommands(QObject):
    """Opens and saves the document for a window."""

    said = Signal(str)
    opened = Signal()
    taken = Signal()
    """What another program has saved is in the place of what was open."""
    about_to_ask = Signal()
    """Whatever changes the document by itself must wait for the answer."""
    loss_changed = Signal(str)
    """The loss became the usual one of the output's activation; carries the one it was before."""

    def __init__(self, window: QWidget, document: Document, travel: Travel, settings: Settings) -> None:
        super().__init__(window)
        self._travel = travel
        self._window, self._document, self._settings = window, document, settings
        self.runs = KeptRuns()
        self.tables = Tables(window, document, settings, self.open_new)
        self.tables.said.connect(self.said)
        self.tables.loss_changed.connect(self.loss_changed)
        self.tables.about_to_ask.connect(self.about_to_ask)
        self._in_part: tuple[State | None, str] = (None, "")
        """The State that a file holds in part, and what that leaves out."""
        self.asks = True
        """Whether a person can be asked what becomes of unsaved changes."""

    def new(self) -> None:
        """Ask for a network's sizes and start with it."""
        dialog = NewNetwork(self._window)
        if not dialog.exec():
            return
        begun = self.open_new(dialog.state(), "New network with random weights, seed 0")
        if begun and dialog.loss_changed:
            self.loss_changed.emit(MSE.name)

    def open_new(self, state: State, said: str, *, example: bool = False) -> bool:
        """Ask about unsaved changes, and open a network made anew as a document without a file.

        Return False, with all as it was, where the person wants to stay.
        """
        if not self.may_leave():
            return False
        self._document.start(state, example=example)
        if example:
            self._settings.remember("last", "")
        self.opened.emit()
        self.said.emit(said)
        return True

    def ask_open(self) -> None:
        """Ask which file to open, or whose rows to take."""
        if path := self._ask_for(
            "Open a network", filter_of("Networks", openable()), filter_of("Tables", TABLES)
        ):
            self.take(path)

    def open(self, path: Path) -> bool:
        """Open a file, after the question about unsaved changes; where it cannot be read, say why."""
        try:
            read = read_asking(self._window, self._settings, path, partial(self._document.read, path))
        except CancelledError:
            self.said.emit(f"{file_named(path)} was not opened; all is as it was")
            return False
        except FileError as error:
            self._refuse(f"{file_named(path)} was not opened: {error}")
            return False
        if not self.may_leave():
            return False
        state, file = read
        self._document.start(state, file)
        self._settings.opened(path)
        self.said.emit(
            "; ".join(
                filter(
                    None,
                    (f"Opened {file_named(path)}", file.as_read.told, self.runs.offer(self._document)),
                )
            )
        )
        self.opened.emit()
        return True

    def take(self, path: Path) -> None:
        """Open a file that was chosen or dropped; of a table, take the rows."""
        if path.suffix.lower() in TABLES:
            self.tables.load(path)
        else:
            self.open(path)

    def open_example(self, name: str) -> None:
        """Open an example by its name; saving it asks for a file of one's own."""
        chosen = example(name)
        assert chosen is not None
        titled = chosen.line.startswith(chosen.title)
        said = chosen.line if titled else f"{chosen.title}: {chosen.line}"
        self.open_new(load(chosen.path), said, example=True)

    def fill_recent(self, menu: QMenu) -> None:
        """Fill a menu with the files that were open last."""
        menu.clear()
        for path in self._settings.recent:
            shown = on_one_line(shortened(str(path), 2 * SHOWN))
            menu.addAction(shown.replace("&", "&&"), partial(self.take, path))
        if menu.isEmpty():
            menu.addAction(NONE_RECENT).setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Forget these", self._settings.forget_recent)

    def fill_examples(self, menu: QMenu) -> None:
        """Fill a menu with the examples."""
        menu.clear()
        menu.setToolTipsVisible(True)
        for each in examples():
            title = f"{each.title}\t{each.line}".replace("&", "&&")
            menu.addAction(title, partial(self.open_example, each.name)).setToolTip(each.line)

    def ask_rows(self) -> None:
        """Ask which file to take rows from."""
        if path := self._ask_for("Load rows from CSV", filter_of("Tables", (*TABLES, ".txt"))):
            self.tables.load(path)

    def save(self) -> bool:
        """Save where it came from, or ask where; what nnviz has not written is left alone unless changed."""
        document, path = self._document, self._document.path
        if path is None or self._is_of_another_kind:
            return self.ask_save()
        if is_native(path) or document.news() is not News.NONE or document.modified:
            return self._save(path)
        self.said.emit(f"Nothing has changed: {file_named(path)} is as it was opened or saved")
        return True

    def ask_save(self) -> bool:
        """Ask where to save."""
        path = self._document.path
        if self._is_of_another_kind:
            suggestion = unused(self.suggestion(".json"))
        else:
            suggestion = self.suggestion(path.suffix if path else ".json")
        path = ask_where(self._window, "Save the network", suggestion, kinds())
        return path is not None and self._save(path)

    @property
    def _is_of_another_kind(self) -> bool:
        """Whether a save where it came from would make another kind of file of it."""
        file = self._document.file
        return file is not None and not file.as_read.is_saved

    def suggestion(self, end: str) -> Path:
        """Return the path of a file beside the open one, or in the folder used last, with another end."""
        path = self._document.path
        if path:
            return path.with_name(path.stem + end)
        return Path(self._settings.folder, file_name(self._document.title) + end)

    def may_leave(self) -> bool:
        """Ask about unsaved changes, but for a run that is kept; False where the person wants to stay."""
        if not (self._document.modified and self.asks):
            return True
        self.about_to_ask.emit()
        if self.runs.keep(self._document):
            return True
        written, left = self._in_part
        buttons = QMessageBox.StandardButton
        answer = ask_leave(self._window, self._document, left if written is self._document.state else "")
        return self.save() if answer == buttons.Save else answer == buttons.Discard

    def look(self) -> None:
        """See whether another program has changed the file, and let the person choose."""
        news, path = self._document.news(), self._document.path
        if news is not News.NONE:
            self._in_part = (None, "")
        if path and news is News.GONE:
            self.said.emit(f"{file_named(path)} is no longer there; Save writes it anew")
        elif path and news is News.CHANGED:
            self._settle(path, at_save=False)

    def _save(self, path: Path, *, over: bool = False, part: bool = False) -> bool:
        """Save, `over` another program's version and only a `part` where that has been asked."""
        try:
            lost, own = left_out(self._document.state, path), is_native(path)
            if not part and (told := lost_by_saving(self._document, path)):
                encoded(self._document.state, path)  # or it is refused before anything is asked
                return self._offer_json(path, told, part=True)
            more = self._document.save(path, over=over, part=bool(lost) and not own)
        except ChangedError:
            self._document.news()  # told here, and not once more when the window has the focus again
            return self._settle(path, at_save=True)
        except UnfitError as error:
            return self._offer_json(path, str(error), part=False)
        except FileError as error:
            self._refuse(str(error))
            return False
        whole = own or not lost
        self._in_part = (self._document.state, "" if whole else lost)
        (self._settings.opened if whole else self._settings.used)(path)
        at, again = self._travel.place
        saved = f"Saved {file_named(path)}{at}" if whole else f"Written{at}: {lost}"
        self.said.emit("; ".join(filter(None, (saved, again, lost if own else "", more))))
        return True

    def _settle(self, path: Path, *, at_save: bool) -> bool:
        """Ask whose version counts where another program has changed the file; tell whether ours is saved."""
        self.about_to_ask.emit()
        whose = ask_whose(self._window, file_named(path))
        if whose is Whose.ELSEWHERE:
            return self.ask_save()
        if whose is Whose.THEIRS:
            self._take_theirs(path)
        elif whose is Whose.MINE and at_save:
            return self._save(path, over=True, part=True)
        elif whose is Whose.MINE:
            self._document.keep_mine()
            self.said.emit(f"Yours is kept; Save replaces theirs, which stays as {file_named(path)}{KEPT}")
        return False

    def _take_theirs(self, path: Path) -> None:
        try:
            self._document.take_theirs()
        except FileError as error:
            self._refuse(f"{file_named(path)} was not taken: {error}")
        else:
            self.taken.emit()
            self.said.emit(f"{file_named(path)} is shown as it is now; Undo brings yours back")

    def _offer_json(self, path: Path, why: str, *, part: bool) -> bool:
        """Offer nnviz's own file where another kind cannot hold everything, or, but for a `part`, nothing."""
        self.about_to_ask.emit()
        if is_native(path):
            run = self._document.state.run
            more = "Export CSV in the menu of its plot keeps it." if run and run.watched else ""
            return ask_part(self._window, f"{why}.", more) and self._save(path, part=True)
        beside = unused(path.with_suffix(".json"))
        keeps = kept_by_native(self._document.state)
        more = f"nnviz JSON keeps {keeps}: {file_named(beside)}, in the same folder"
        if path.exists():
            more += f"; {file_named(path)} stays as it is"
        chosen = ask_json(self._window, f"{why}.", f"{more}.", part=part)
        if chosen is Instead.JSON:
            return self._save(beside, part=True)
        if chosen is Instead.ELSEWHERE:
            return self.ask_save()
        return chosen is Instead.ANYWAY and self._save(path, part=True)

    def _ask_for(self, title: str, *kinds: str) -> Path | None:
        """Ask for a file to read; the folder that was used last is shown first."""
        every = ";;".join((*kinds, "All files (*)"))
        dialog = FileDialog(self._window, title, self._settings.folder, every)
        dialog.setFileMode(FileDialog.FileMode.ExistingFile)
        return dialog.ask()

    def _refuse(self, sentence: str) -> None:
        self.said.emit(sentence)
        tell(self._window, sentence)
