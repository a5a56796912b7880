"""Commands for files: new, open, save, recent files, tables, weight sets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from nnviz.core.edits import keep_set, loss_with_set, new_set_name, remove_set, set_in_use, use_set
from nnviz.core.losses import MSE
from nnviz.core.numbers import SHOWN, file_named, loss_in_words, on_one_line, shortened
from nnviz.core.slopes import QUICK_NS, forward_ns
from nnviz.core.state import State
from nnviz.document.autosave import KeptRuns, lost_by_saving
from nnviz.document.document import Document
from nnviz.document.training import Travel
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import CancelledError, FileError, Progress, UnansweredError, UnfitError
from nnviz.files.examples import example, examples
from nnviz.files.on_disk import KEPT, ChangedError, News
from nnviz.files.registry import TABLES, encoded, is_native, kept_by_native, kinds, left_out, load, openable
from nnviz.files.source import Activations
from nnviz.files.table.reading import Table, TableLayout, parse
from nnviz.files.table.reading import read as read_table
from nnviz.ui.dialogs.ask import AskActivations, Instead, Whose, ask_json, ask_leave, ask_part, ask_whose
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.dialogs.table import OpenTable
from nnviz.ui.kit.controls import ListMenu
from nnviz.ui.kit.dialogs import AskText, FileDialog, Waiting, ask_where, file_name, filter_of, tell, unused
from nnviz.ui.kit.settings import Settings
from nnviz.ui.panels.data import Taken, loaded

NONE_YET = "No weight sets yet: keep the present weights, to come back to them"


class WeightSets(QObject):
    """Fills a menu; what is chosen there is an undo entry. `said` carries a sentence for the status line."""

    said = Signal(str)

    def __init__(self, window: QWidget, document: Document) -> None:
        super().__init__(window)
        self._window, self._document = window, document

    def add_to(self, menu: QMenu) -> None:
        """Add the submenu to a menu; it is filled whenever it opens."""
        shown = ListMenu("&Weight sets", menu)
        menu.addMenu(shown)
        shown.aboutToShow.connect(lambda: self._fill(shown))

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        sets = self._document.state.weight_sets
        for place in range(len(sets)):
            action = menu.addAction("\t".join([self._name(place), self._told(place)]))
            action.setCheckable(True)
            action.setChecked(set_in_use(self._document.state, place))
            action.triggered.connect(partial(self._use, place))
        if not sets:
            menu.addAction(NONE_YET).setEnabled(False)
        menu.addSeparator()
        menu.addAction("Keep the present weights…", self._ask_keep)
        if sets:
            removal = ListMenu("Remove", menu)
            menu.addMenu(removal)
            for place in range(len(sets)):
                removal.addAction(self._name(place), partial(self._remove, place))

    def _name(self, place: int) -> str:
        return self._document.state.weight_sets[place].name.replace("&", "&&").replace("\t", " ")

    def _told(self, place: int) -> str:
        """Return the loss with a set, unless it takes long to compute."""
        state = self._document.state
        quick = forward_ns(state.network, len(state.data)) <= QUICK_NS
        loss = loss_with_set(state, place) if quick else None
        return "" if loss is None else loss_in_words(state.measure.title, loss)

    def _use(self, place: int) -> None:
        name = self._document.state.weight_sets[place].name
        if self._document.edit(f"Use {name}", use_set, place):
            self.said.emit(f"The weights are those of {name} now")

    def _ask_keep(self) -> None:
        state, title = self._document.state, "Keep the present weights"
        check = partial(keep_set, state)
        dialog = AskText(self._window, title, "&Name of the set", new_set_name(state), "&Keep", check)
        name = dialog.asked()
        if name is not None and self._document.edit(f"Keep {name}", keep_set, name):
            self.said.emit(f"Kept the present weights as {name}; Network → Weight sets puts them back in")

    def _remove(self, place: int) -> None:
        name = self._document.state.weight_sets[place].name
        if self._document.edit(f"Remove {name}", remove_set, place):
            self.said.emit(f"Removed the weight set {name}; the weights in use stay")


PASTED = "What was pasted"


class Tables(QObject):
    """Takes tables into the document of a window; `open_new` opens another one, and tells whether it could.

    ================ ==============================================================
    `said`           carries a sentence for the status line
    `loss_changed`   the loss became the usual one of the new output; carries the one before
    `about_to_ask`   whatever changes the document by itself must wait for the answer
    ================ ==============================================================
    """

    said = Signal(str)
    loss_changed = Signal(str)
    about_to_ask = Signal()

    def __init__(
        self, window: QWidget, document: Document, settings: Settings, open_new: Callable[[State, str], bool]
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._settings = window, document, settings
        self._open_new = open_new

    def load(self, path: Path, *, asks: bool = False) -> None:
        """Take a file's rows; where it cannot be read, say why and keep those that are there.

        Where it `asks`, also rows that fit are not taken at once: a network of their own may be wished.
        """
        if not self._document.may_change():
            return
        name = file_named(path)
        try:
            with Waiting(self._window, f"Reading {name}") as reading:
                data = read_bytes(path, reading)
                table = read_table(data, reading, fitting=True)
        except CancelledError:
            self.said.emit(f"{name} was not loaded; the rows are what they were")
        except FileError as error:
            self._refuse(f"{name} was not loaded: {error}")
        else:
            self.about_to_ask.emit()
            taken = None if asks else _taken_at_once(self._document, table)
            if taken is not None:
                self._document.push(taken.state, f"Load {name}")
                self.said.emit(f"Loaded {name}: {taken.said}")
            elif not self._ask(name, table, partial(self._read, name, data)):
                return
            self._settings.used(path)

    def ask_text(self, text: str) -> None:
        """Ask what is to be made of a table that stands in a text. Say why where it is none."""
        if not self._document.may_change():
            return
        try:
            table = parse(text, fitting=True)
        except FileError as error:
            self._refuse(f"Nothing was pasted: {error}")
        else:
            self.about_to_ask.emit()
            self._ask(PASTED, table, lambda said: parse(text, said=said, fitting=True))

    def _read(self, name: str, data: bytes, said: TableLayout) -> Table:
        with Waiting(self._window, f"Reading {name}") as reading:
            return read_table(data, reading, said, fitting=True)

    def _ask(self, name: str, table: Table, read: Callable[[TableLayout], Table]) -> bool:
        """Ask what becomes of a table, and do it; tell whether anything was done."""
        dialog = OpenTable(self._window, self._document.state, name, table, read)
        chosen = bool(dialog.exec())
        dialog.setParent(None)  # else Python keeps it, with the whole table, once Qt has deleted it
        dialog.deleteLater()
        if not chosen:
            self.said.emit("The rows are what they were")
            return False
        said = f"{name}: {dialog.said}"
        if dialog.what == "network":
            return self._open_new(dialog.state, said)
        before = self._document.state.training.loss
        self._document.push(dialog.state, "Paste a table" if name == PASTED else f"Load {name}")
        self.said.emit(said)
        if self._document.state.training.loss != before:
            self.loss_changed.emit(before)
        return True

    def _refuse(self, sentence: str) -> None:
        self.said.emit(sentence)
        tell(self._window, sentence)


def _taken_at_once(document: Document, table: Table) -> Taken | None:
    """Return the rows in the place of those that are there, where there is no doubt; else None."""
    if len(table) < table.of:
        return None
    try:
        taken = loaded(document.state, table)
    except FileError:
        return None
    return None if taken.foreign else taken


_T = TypeVar("_T")


def read_asking(
    window: QWidget,
    settings: Settings,
    path: Path,
    read: Callable[[Progress, Activations], _T],
    given: Activations = None,
    *,
    asks: bool = True,
) -> _T:
    """Return what `read` gives, with the activations that a person has `given` or is asked for.

    What was answered for that file before is not asked again, unless it has other layers by now. Raises
    FileError, and CancelledError where the person stops it.
    """
    if given:
        settings.answered(path, given)
    try:
        return _reading(window, path, read, given)
    except UnansweredError as error:
        if not asks:
            raise
        missing = error
    answer = settings.answer(path)
    if answer is None or len(answer) != len(missing.proposal):
        dialog = AskActivations(window, file_named(path), missing.sizes, missing.proposal)
        answer = dialog.answer if dialog.exec() else None
        dialog.deleteLater()
    if answer is None:
        raise CancelledError
    found = _reading(window, path, read, answer)
    settings.answered(path, answer)
    return found


def _reading(
    window: QWidget, path: Path, read: Callable[[Progress, Activations], _T], answer: Activations
) -> _T:
    with Waiting(window, f"Reading {file_named(path)}") as reading:
        return read(reading, answer)


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
