"""File commands of the window: new, open, save, recent files, tables and weight sets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from nnviz.core.edits import keep_set, new_set_name
from nnviz.core.numbers import SHORT_LETTERS, file_label, one_line, shortened
from nnviz.core.state import State
from nnviz.document.autosave import loss_on_save
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import (
    CancelledError,
    FileError,
    MissingActivationsError,
    Progress,
    UnsuitableFormatError,
)
from nnviz.files.examples import example, examples
from nnviz.files.on_disk import BACKUP_SUFFIX, ChangedError, News
from nnviz.files.registry import (
    TABLES,
    encode,
    is_native,
    kinds,
    load,
    losses_on_save,
    openable_suffixes,
    parts_kept_by_json,
)
from nnviz.files.source import Activations
from nnviz.ui.dialogs.questions import (
    KEEP_MINE,
    SAVE_ANYWAY,
    SAVE_AS,
    SAVE_ELSEWHERE,
    SAVE_JSON,
    TAKE_THEIRS,
    AskActivations,
    ask_version,
    leave_question,
)
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.dialogs import (
    BUTTON,
    Answer,
    AskText,
    FileDialog,
    ProgressDialog,
    ask,
    ask_save_path,
    file_name,
    name_filter,
    show_message,
    unused_path,
)
from nnviz.ui.kit.menus import clear_menu
from nnviz.ui.kit.settings import Settings
from nnviz.ui.panels.data import load_rows

if TYPE_CHECKING:
    from nnviz.files.table.reading import Table, TableLayout


def ask_keep_weights(window: QWidget, desk: Desk) -> None:
    """Ask for a name, and keep the current weights as a weight set with this name."""
    document, title = desk.document, "Keep the current weights"
    check = partial(keep_set, document.state)
    dialog = AskText(window, title, "&Name of the set", new_set_name(document.state), "&Keep", check)
    name = dialog.ask()
    if name is not None and document.edit(f"Keep {name}", keep_set, name):
        desk.message.emit(f"Kept the current weights as {name}: restore them in the panel Runs")


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
    """Return the result of `read`; ask for activation functions if the file does not contain them.

    `read` takes a Progress and the activations. `given` are activations that the person has already named. An
    earlier answer for the same file is used again if the file still has the same number of layers. If `asks`
    is false, no dialog opens and MissingActivationsError is raised.
    Raises FileError, and CancelledError if the person cancels.
    """

    def attempt(activations: Activations) -> _T:
        with ProgressDialog(window, f"Reading {file_label(path)}") as reading:
            return read(reading, activations)

    if given:
        settings.remember_activations(path, given)
    try:
        return attempt(given)
    except MissingActivationsError as error:
        if not asks:
            raise
        missing = error
    answer = settings.chosen_activations(path)
    if answer is None or len(answer) != len(missing.proposal):
        dialog = AskActivations(window, file_label(path), missing.sizes, missing.proposal)
        if not dialog.is_accepted():
            raise CancelledError
        answer = dialog.activations
    result = attempt(answer)
    settings.remember_activations(path, answer)
    return result


PASTED = "Pasted table"
NONE_RECENT = "No recent files: files that you open or save will be listed here"


class FileCommands(QObject):
    """Opens and saves the document for a window, and loads tables into the document."""

    opened = Signal()
    reloaded = Signal()
    """Emitted when nnviz has read the open file again after another program changed the file."""

    def __init__(self, window: QWidget, desk: Desk) -> None:
        super().__init__(window)
        self._window, self._document, self._settings = window, desk.document, desk.settings
        self._runner, self._say = desk.runner, desk.message.emit
        self.asks = True
        """Whether the window may ask about unsaved changes."""

    def new(self) -> None:
        """Ask for the layers of a new network, and open the network."""
        from nnviz.ui.dialogs.new_network import NewNetwork

        dialog = NewNetwork(self._window)
        if dialog.is_accepted():
            self.open_new(dialog.state(), "Opened a new network with random weights from seed 0")

    def open_new(self, state: State, message: str, *, example: bool = False) -> bool:
        """Ask about unsaved changes, and open a State as a new document without a file.

        Return False and change nothing if the person cancels.
        """
        if not self.may_leave():
            return False
        self._document.start(state, example=example)
        if example:
            self._settings.remember("last", "")
        self.opened.emit()
        self._say(message)
        return True

    def ask_open(self) -> None:
        """Ask for a file; open the file as a network, or load its rows if it is a table."""
        networks, tables = name_filter("Networks", openable_suffixes()), name_filter("Tables", TABLES)
        if path := self._ask_for("Open a network", networks, tables):
            self.take(path)

    def open(self, path: Path) -> bool:
        """Read a network file, ask about unsaved changes, and open the network. Return whether it is open.

        If the file cannot be read, report why.
        """
        reading = partial(read_asking, self._window, self._settings, path, partial(self._document.read, path))
        read = self._attempt(reading, f"{file_label(path)} was not opened", "the open network is unchanged")
        if read is None or not self.may_leave():
            return False
        state, file = read
        self._document.start(state, file)
        self._settings.remember_open(path)
        self._say("; ".join(filter(None, (f"Opened {file_label(path)}", file.as_read.notes))))
        self.opened.emit()
        return True

    def take(self, path: Path) -> None:
        """Open a network file, or load the rows of a table."""
        if path.suffix.lower() in TABLES:
            self.load_table(path)
        else:
            self.open(path)

    def open_example(self, name: str) -> None:
        """Open the example `name` as a document without a file, so that Save asks for a file."""
        chosen = example(name)
        assert chosen is not None
        message = chosen.line if chosen.line.startswith(chosen.title) else f"{chosen.title}: {chosen.line}"
        self.open_new(load(chosen.path), message, example=True)

    def fill_recent(self, menu: QMenu) -> None:
        """Fill a menu with the files that were opened or saved last."""
        menu.clear()
        for path in self._settings.recent:
            title = one_line(shortened(str(path), 2 * SHORT_LETTERS))
            menu.addAction(title.replace("&", "&&"), partial(self.take, path))
        if menu.isEmpty():
            menu.addAction(NONE_RECENT).setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Clear this list", self._settings.forget_recent)

    def fill_examples(self, menu: QMenu) -> None:
        """Fill a menu with the examples."""
        clear_menu(menu)
        for group, members in groupby(examples(), lambda each: each.group):
            submenu = menu.addMenu(group)
            submenu.setToolTipsVisible(True)
            for each in members:
                title = f"{each.title}\t{each.line}".replace("&", "&&")
                submenu.addAction(title, partial(self.open_example, each.name)).setToolTip(each.line)

    def ask_rows(self) -> None:
        """Ask for a table file, and load its rows."""
        if path := self._ask_for("Load rows from CSV", name_filter("Tables", (*TABLES, ".txt"))):
            self.load_table(path)

    def load_table(self, path: Path, *, asks: bool = False) -> None:
        """Load the rows of a file. If the file cannot be read, report why and change nothing.

        If `asks` is true, ask how to use the table even if its rows fit the network.
        """
        from nnviz.files.table.reading import read  # imported late, as below: most sessions read no table

        name, data = file_label(path), b""

        def read_table(layout: TableLayout | None = None) -> Table:
            nonlocal data
            with ProgressDialog(self._window, f"Reading {name}") as reading:
                data = data or read_bytes(path, reading)
                return read(data, reading, layout, fitting=True)

        if self._use_table(name, read_table, f"{name} was not loaded", "the rows are unchanged", asks=asks):
            self._settings.remember_folder(path)

    def paste_table(self, text: str) -> None:
        """Ask how to use a table that is given as text. If the text is not a table, report why."""
        from nnviz.files.table.reading import parse

        self._use_table(PASTED, partial(parse, text, None, fitting=True), "Nothing was pasted", asks=True)

    def save(self) -> bool:
        """Save the document to its file, or ask for a file. Return whether the document is saved.

        A file that nnviz did not write is replaced only if the document has unsaved changes.
        """
        document, path = self._document, self._document.path
        if path is None or self._is_of_another_kind:
            return self.ask_save()
        if is_native(path) or document.file_news() is not News.NONE or document.modified:
            return self._save(path)
        self._say(f"{file_label(path)} was not written: the network has no unsaved changes")
        return True

    def ask_save(self) -> bool:
        """Ask for a file, and save the document to that file. Return whether the document is saved."""
        path = self._document.path
        suggestion = self.suggestion(path.suffix if path else ".json")
        if self._is_of_another_kind:
            suggestion = unused_path(self.suggestion(".json"))
        path = ask_save_path(self._window, "Save the network", suggestion, kinds())
        return path is not None and self._save(path)

    @property
    def _is_of_another_kind(self) -> bool:
        """Whether a save to the document's file would change the format of the file."""
        file = self._document.file
        return file is not None and not file.as_read.is_saved

    def suggestion(self, end: str) -> Path:
        """Return the path to suggest for a new file whose name ends in `end`, such as "-predicted.csv".

        The path is in the folder of the open file, or else in the folder used last.
        """
        path = self._document.path
        if path:
            return path.with_name(path.stem + end)
        return Path(self._settings.folder, file_name(self._document.title) + end)

    def may_leave(self) -> bool:
        """Ask whether to save unsaved changes. Return False on Cancel.

        nnviz does not ask about an example that only a run has changed: training repeats the run.
        """
        if not (self._document.modified and self.asks):
            return True
        self._runner.pause()
        if self._document.can_be_repeated:
            return True
        question = leave_question(self._document)
        answer = ask(self._window, *question, [BUTTON.Save, BUTTON.Discard, BUTTON.Cancel])
        return self.save() if answer == BUTTON.Save else answer == BUTTON.Discard

    def check_file(self) -> None:
        """Check whether another program has changed or removed the file.

        Ask which version to keep if the file was changed; report if the file was removed.
        """
        news, path = self._document.file_news(), self._document.path
        if path and news is News.GONE:
            self._say(f"{file_label(path)} was moved or deleted: Save writes it again")
        elif path and news is News.CHANGED:
            self._settle(path, at_save=False)

    def _use_table(self, name: str, read: Callable[..., Table], *report: str, asks: bool) -> bool:
        """Read a table, and load its rows, or ask how to use the table. Return whether the table is used.

        `read` reads the table, with a TableLayout if the person has chosen one. `report` holds the texts
        that `_attempt` needs. If `asks` is false, ask only about a table that does not fit.
        """
        table = self._attempt(read, *report) if self._document.may_change() else None
        if table is None:
            return False
        self._runner.pause()
        result = None
        if not asks and len(table) == table.rows_in_file:
            with suppress(FileError):
                result = load_rows(self._document.state, table)
        if result is None:
            return self._ask_use(name, table, read)
        state, summary = result
        self._document.push(state, f"Load {name}")
        self._say(f"Loaded {name}: {summary}")
        return True

    def _ask_use(self, name: str, table: Table, read: Callable[[TableLayout], Table]) -> bool:
        """Ask how to use a table, and use it that way. Return whether the person chose a use."""
        from nnviz.ui.dialogs.table import OpenTable

        dialog = OpenTable(self._window, self._document.state, name, table, read)
        if not dialog.is_accepted():
            self._say("The rows are unchanged")
            return False
        message = f"{name}: {dialog.result_text}"
        if dialog.chosen_use == "network":
            return self.open_new(dialog.state, message)
        self._document.push(dialog.state, "Paste a table" if name == PASTED else f"Load {name}")
        self._say(message)
        return True

    def _attempt(self, read: Callable[[], _T], fault: str, unchanged: str = "") -> _T | None:
        """Return the result of `read`, or None after a report that begins with `fault`.

        `unchanged` ends the report if the person cancels.
        """
        try:
            return read()
        except CancelledError:
            self._say(f"{fault}: {unchanged}")
        except FileError as error:
            self._refuse(f"{fault}: {error}")
        return None

    def _refuse(self, sentence: str) -> None:
        """Show a sentence that says why a file was not read, in the status bar and a dialog."""
        self._say(sentence)
        show_message(self._window, sentence)

    def _save(self, path: Path, *, overwrite: bool = False, part: bool = False) -> bool:
        """Save the document to a file. Return whether the file was written.

        `overwrite`: the person agreed to replace another program's version. `part`: the person agreed to lose
        the parts of the document that the file cannot hold.
        """
        try:
            lost, own = losses_on_save(self._document.state, path), is_native(path)
            if not part and (warning := loss_on_save(self._document, path)):
                encode(self._document.state, path)  # raises before the person is asked in vain
                return self._offer_json(path, warning, part=True)
            more = self._document.save(path, overwrite=overwrite, part=bool(lost) and not own)
        except ChangedError:
            self._document.file_news()  # reported here, so not again when the window gets the focus
            return self._settle(path, at_save=True)
        except UnsuitableFormatError as error:
            return self._offer_json(path, str(error), part=False)
        except FileError as error:
            self._refuse(str(error))
            return False
        is_complete = own or not lost
        (self._settings.remember_open if is_complete else self._settings.remember_folder)(path)
        at = self._runner.travel.place
        saved = f"Saved {file_label(path)}{at}" if is_complete else f"Wrote {file_label(path)}{at}"
        self._say("; ".join(filter(None, (saved, lost, more))))
        return True

    def _settle(self, path: Path, *, at_save: bool) -> bool:
        """Ask which version to keep after another program has changed the file.

        Return whether the document is saved.
        """
        self._runner.pause()
        answer = ask_version(self._window, file_label(path))
        if answer == SAVE_AS:
            return self.ask_save()
        if answer == TAKE_THEIRS:
            self._take_theirs(path)
        elif answer == KEEP_MINE and at_save:
            return self._save(path, overwrite=True, part=True)
        elif answer == KEEP_MINE:
            self._document.keep_own_version()
            backup = f"{file_label(path)}{BACKUP_SUFFIX}"
            self._say(f"Kept your version: when you save, the other version becomes {backup}")
        return False

    def _take_theirs(self, path: Path) -> None:
        try:
            self._document.load_other_version()
        except FileError as error:
            self._refuse(f"{file_label(path)} was not read again: {error}")
        else:
            self.reloaded.emit()
            self._say(f"{file_label(path)} was read again: Undo restores your version")

    def _offer_json(self, path: Path, why: str, *, part: bool) -> bool:
        """Offer to save as nnviz JSON, since the file at `path` cannot hold the whole State.

        With `part`, offer also to write the file at `path` without some parts. Return whether a file was
        written.
        """
        self._runner.pause()
        if is_native(path):
            run = self._document.state.run
            more = "To save the run, use Export CSV in the loss plot's menu." if run and run.watched else ""
            answer = ask(self._window, f"{why}.", more, [BUTTON.Save, BUTTON.Cancel])
            return answer == BUTTON.Save and self._save(path, part=True)
        own = unused_path(path.with_suffix(".json"))
        keeps = parts_kept_by_json(self._document.state)
        more = f"{file_label(own)} (nnviz JSON, in the same folder) keeps {keeps}."
        if path.exists():
            more = f"{more} {file_label(path)} stays unchanged."
        answers: list[Answer] = [SAVE_JSON, SAVE_ELSEWHERE, *[SAVE_ANYWAY] * part, BUTTON.Cancel]
        answer = ask(self._window, f"{why}.", more, answers)
        if answer == SAVE_JSON:
            return self._save(own, part=True)
        if answer == SAVE_ELSEWHERE:
            return self.ask_save()
        return answer == SAVE_ANYWAY and self._save(path, part=True)

    def _ask_for(self, title: str, *kinds: str) -> Path | None:
        """Ask for a file to read, starting in the folder that was used last."""
        dialog = FileDialog(self._window, title, self._settings.folder, ";;".join((*kinds, "All files (*)")))
        dialog.setFileMode(FileDialog.FileMode.ExistingFile)
        return dialog.ask()
