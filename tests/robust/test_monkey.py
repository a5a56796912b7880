"""A monkey plays with the window, watched: seeded clicks, keys, drags, drops and what else hands can do.

Nothing is raised, Qt warns of nothing, nothing is silent; in the end the window shows what the State says.
The window opens as the program opens it. A failure names the seed and the last deeds.
"""

import gc
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections import deque
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)

from nnviz.files.examples import paths
from nnviz.ui.kit.settings import Settings
from nnviz.ui.window.app import LOG_NAME, Opened, normalize_exceptions
from nnviz.ui.window.window import MainWindow
from tests.robust.naughty import NAMES, NO_NAMES
from tests.robust.truths import TRUTHS, logged
from tests.ui.hands import drag_away, drag_over, let_go, turn, write
from tests.ui.sees import OF_THE_MACHINE, untrue

NUMBERS = "0 1 -1 0.5 1e308 -1e308 1e-320 -0 1e400 nan 3,5 12345678901234567890"
RUBBISH = ("", "--", "=1+1", "<b>x</b>", "1 2 3", "\t", "1e", "%s%n", "'; drop", *NO_NAMES[:20])
TABLES = ("1\t2\n3\t4", '"', "x1,x2,y\n1,2,3\n4,5,6", "a;b\n1;2", "1,2,3", "\0", "1e999,1")
_ENDING_KEYS = "Return Escape Tab Backtab"
_KEYS = "Space Left Right Up Down Home End PageUp PageDown Delete Backspace F2 Menu Plus Minus A V C"
ENDING_KEYS = [Qt.Key[f"Key_{name}"] for name in _ENDING_KEYS.split()]
KEYS = [*ENDING_KEYS, *(Qt.Key[f"Key_{name}"] for name in _KEYS.split())]
NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
MODIFIERS = (*(NONE,) * 6, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier)
BUTTONS = (*(LEFT,) * 5, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
ENDS = (".json", ".py", ".png", ".svg", ".csv", "", ".txt")
LAST, REST_S = 50, 0.4
SILENT_S = 3.0
"""How long the window's thread may take to answer, while it has a processor to run on, if only a slow one."""
BEAT_MS, LOOK_S = 20, 0.1


class Silences:
    """Within it, notes in `found` when the window's thread is silent for too long, with its place."""

    def __init__(self):
        self.found = []
        self._timer = QTimer(interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=[threading.get_ident()], daemon=True)

    def __enter__(self):
        self._beat()
        self._timer.start()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._timer.stop()
        self._thread.join()

    def _beat(self):
        self._at = time.monotonic(), without_processor_s()

    def _look(self, main):
        while not self._over.wait(LOOK_S):
            at, without = self._at
            silent = time.monotonic() - at - (without_processor_s() - without)
            if silent > SILENT_S:
                stack = "".join(traceback.format_stack(sys._current_frames()[main]))
                self.found.append(f"silent for {silent:.1f} s\n{stack}")
                self._beat()


def without_processor_s():
    """Return how long the main thread could have run so far, and others did; 0 where nobody counts it."""
    with suppress(OSError):
        return int(Path("/proc/self/schedstat").read_text().split()[1]) * 1e-9
    return 0.0


class NoBrowser(QObject):
    """Takes the links that would open a browser."""

    @Slot(QUrl)
    def take(self, url):
        """Do nothing with it."""


class Monkey:
    """Does one thing after the other for some seconds, also within dialogs, menus and drags.

    Each method `do_…` is a deed, each method `free_…` one for a window with no menu and no dialog above it.
    After it has closed the window, or a signal has ended the program, the next opens as the program would.
    """

    def __init__(self, seed, folder, log, silences):
        self.rng, self.folder, self._log, self._silences = random.Random(seed), folder, log, silences
        self.last, self.done = deque(maxlen=LAST), 0
        self._deeds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        self._free_deeds = [getattr(self, name) for name in dir(self) if name.startswith("free_")]
        self.files = sorted(path for path in folder.iterdir() if path.is_file())
        self._contents = [path.read_bytes() for path in self.files]
        self._settings, self._elsewhere = Settings(remembers=False), None
        self._timer = QTimer(singleShot=True)
        self._timer.timeout.connect(self._act)
        self._open(folder / self.rng.choice(paths()).name)

    def _open(self, file=None):
        self.note(f"a new window on {file or 'what was open last'}")
        self.opened = Opened(self._settings, file, self.folder / "data")

    @property
    def window(self):
        """The workspace of the window that is open."""
        return self.opened.workspace

    def play(self, seconds):
        """Go on until the time is over or a fault is found, then let all that moves come to rest."""
        self._until = time.monotonic() + seconds
        while not self._is_over() or self.window is None:
            self._timer.start(0)
            normalize_exceptions(QApplication.exec)
            if self.opened.code or not self.is_alive():
                self._end()
                self._open()

    def faults(self):
        """Return the faults so far: those in the program's log, and silences."""
        return self._silences.found + logged(self.folder / "data" / LOG_NAME)

    def leave(self):
        """Close the window without a question."""
        self._timer.stop()
        self.window.files.asks = False
        self._end()

    def _end(self):
        """Close as the program does; the end of a process would free the frozen objects, too."""
        self.opened.close()
        gc.unfreeze()

    def _is_over(self):
        return time.monotonic() > self._until or bool(self.faults())

    def _act(self):
        if not self.is_alive() or self._rests():
            QApplication.exit()
            return
        self._timer.start(self.rng.choice((0, 0, 1, 5, 20)))  # first: what follows may be modal
        if self.window is None:  # it is on the screen, and not filled yet
            return
        if self._is_over():
            self._close_what_is_above()
            return
        self.done += 1
        modal = QApplication.activeModalWidget()
        if isinstance(modal, QFileDialog):
            self.answer_file_dialog(modal)
        elif isinstance(modal, QDialog) and self.rng.random() < 0.3:
            self.answer(modal)
        else:
            self._do(self.rng.choice(self._deeds + (self._free_deeds if self._above() is None else [])))

    def _do(self, deed):
        try:
            deed()
        except RuntimeError as error:
            mine = traceback.extract_tb(error.__traceback__)[-1].filename == __file__
            if not mine or "already deleted" not in str(error):
                raise  # else it was a menu that closed under the monkey's own hands

    def _rests(self):
        """Return whether the time is over and has been for a while, with nothing open above the window."""
        if not self._is_over() or self.window is None:
            return False
        self._until = min(self._until, time.monotonic())
        self.window.main_window.showNormal()
        self.window.runner.pause()
        self.window.player.stop()
        return time.monotonic() > self._until + REST_S and self._above() is None

    def is_alive(self):
        """Return whether the window is there, if only as an icon."""
        windows = [own for own in QApplication.topLevelWidgets() if isinstance(own, MainWindow)]
        return any(own.isVisible() or own.isMinimized() for own in windows)

    def _close_what_is_above(self):
        if isinstance(above := self._above(), QDialog):
            above.reject()
        elif above is not None:
            above.close()

    def note(self, text):
        """Write a deed to the log, before it is done."""
        self.last.append(text)
        self._log.write(text + "\n")
        self._log.flush()

    # --- what there is to take hold of

    def _above(self):
        return QApplication.activePopupWidget() or QApplication.activeModalWidget()

    def _widgets(self, kind=QWidget):
        top = self._above() or self.window.main_window
        own = [each for each in top.findChildren(kind) if each.isVisible() and each.window() is top.window()]
        return own or [top]

    def _any(self, kind=QWidget):
        widget = self.rng.choice(self._widgets(kind))
        return widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget

    def _point(self, widget):
        return QPoint(self.rng.randrange(max(widget.width(), 1)), self.rng.randrange(max(widget.height(), 1)))

    def _widget_and_point(self):
        widget = self._any()
        return widget, self._point(widget)

    def _text(self):
        return self.rng.choice((*NUMBERS.split() * 2, *RUBBISH, self.rng.choice(NAMES)))[:60]

    def _focused(self):
        return QApplication.focusWidget() or self._above() or self.window.main_window

    # --- what can be done everywhere

    def do_click(self):
        self._click(*self._widget_and_point(), self.rng.choice(BUTTONS), self.rng.choice(MODIFIERS))

    def do_double_click(self):
        widget, at = self._widget_and_point()
        self._click(widget, at)
        QTest.mouseDClick(widget, LEFT, NONE, at)
        QTest.mouseRelease(widget, LEFT, NONE, at)  # or the button stays down for other tests

    def do_press_button(self):
        button = self._any(QAbstractButton)
        self._click(button, button.rect().center())

    def _click(self, widget, at, button=LEFT, modifier=NONE):
        self.note(f"click {named(widget)} at {at.x()},{at.y()} {button.name} {modifier.name}")
        QTest.mouseClick(widget, button, modifier, at)

    def do_field(self):
        """Type into a field, and end it somehow."""
        field = self.rng.choice(self._widgets(QLineEdit) + self._widgets(QAbstractSpinBox))
        text, key = self._text(), self.rng.choice(ENDING_KEYS)
        self.note(f"type {text!r} into {named(field)}, then {key.name}")
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        write(field, text)
        QTest.keyClick(self._focused(), key)

    def do_key(self):
        key, modifier, widget = self.rng.choice(KEYS), self.rng.choice(MODIFIERS), self._focused()
        self.note(f"key {key.name} {modifier.name} to {named(widget)}")
        QTest.keyClick(widget, key, modifier)

    def do_type(self):
        widget, text = self._focused(), self._text()
        self.note(f"type {text!r} into {named(widget)}")
        write(widget, text)

    def do_context_menu(self):
        widget, at = self._widget_and_point()
        self.note(f"context menu of {named(widget)} at {at.x()},{at.y()}")
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        QApplication.sendEvent(widget, event)

    def do_hover(self):
        widget = self._any()
        for _ in range(5):
            at = self._point(widget)
            self.note(f"move over {named(widget)} to {at.x()},{at.y()}")
            QTest.mouseMove(widget, at)

    def do_wheel(self):
        widget, modifier = self._any(), self.rng.choice(MODIFIERS)
        notches = self.rng.choice((-10, -1, -0.25, 0.25, 1, 10))
        self.note(f"turn the wheel by {notches} over {named(widget)} {modifier.name}")
        turn(widget, notches, modifier)

    def do_resize(self):
        size = self.rng.randrange(200, 1900), self.rng.randrange(150, 1200)
        shows = ("showMinimized", "showMaximized", "showFullScreen", "showNormal")
        show = self.rng.choice((*(None,) * 16, *shows))
        self.note(f"{show or 'resize'} to {size}")
        self.window.main_window.resize(*size)
        if show:
            getattr(self.window.main_window, show)()

    def do_paste(self):
        text = self.rng.choice((*TABLES, self._text()))
        self.note(f"paste {text!r} into {named(self._focused())}")
        QGuiApplication.clipboard().setText(text)
        QTest.keySequence(self._focused(), QKeySequence(QKeySequence.StandardKey.Paste))

    def do_signal(self):
        """End the program as a shutdown does; the next one offers the unsaved work."""
        if self.rng.random() < 0.03:
            self.note("SIGTERM")
            os.kill(os.getpid(), signal.SIGTERM)

    def do_nothing(self):
        self.note("wait")
        QTest.qWait(self.rng.choice((1, 30, 120)))

    # --- what can be done in a window with nothing above it

    def free_number(self):
        """Click a number or a name of the diagram, type, and end it somehow."""
        labels = [label for label in self.window.diagram.picture.labels if label.address]
        if labels:
            label, text, key = self.rng.choice(labels), self._text(), self.rng.choice(ENDING_KEYS)
            self.note(f"type {text!r} at {label.address}, then {key.name}")
            at = QPoint(*(round(value) for value in label.rect.center))
            QTest.mouseClick(self.window.diagram, LEFT, NONE, at)
            write(self._focused(), text)
            QTest.keyClick(self._focused(), key)

    def free_shortcut(self):
        actions = [own for own in self.window.main_window.findChildren(QAction) if own.shortcuts()]
        action = self.rng.choice(actions)
        if action.shortcut() != QKeySequence.StandardKey.Quit or self.rng.random() < 0.1:
            self.note(f"shortcut {action.shortcut().toString()} {action.text()!r}")
            QTest.keySequence(self._focused(), action.shortcut())

    def free_entry(self):
        """Choose any entry of the menus."""
        menu = self.rng.choice(self.window.main_window.menuBar().actions()).menu()
        while isinstance(menu, QMenu):
            menu.aboutToShow.emit()
            entries = [own for own in menu.actions() if own.isEnabled() and not own.isSeparator()]
            entry = self.rng.choice(entries) if entries else None
            menu = entry.menu() if entry else None
            quits = entry and "Quit" in entry.text().replace("&", "")
            if entry and not menu and (not quits or self.rng.random() < 0.1):
                self.note(f"choose {entry.text()!r}")
                entry.trigger()

    def free_menu(self):
        """Open a menu as hands do, to be gone through by keys and clicks."""
        bar = self.window.main_window.menuBar()
        self._click(bar, bar.actionGeometry(self.rng.choice(bar.actions())).center())

    def free_drag(self):
        """Drag any widget, the diagram, the gap between two panels, or a panel by its title row."""
        widgets = self._any(), self.window.diagram, self.window.board, self._any(QDockWidget)
        widget, button, modifier = map(self.rng.choice, (widgets, BUTTONS, MODIFIERS))
        points = [self._point(widget) for _ in range(self.rng.randrange(2, 8))]
        places = [(at.x(), at.y()) for at in points]
        self.note(f"drag {named(widget)} {places} {button.name} {modifier.name}")
        QTest.mousePress(widget, button, modifier, points[0])
        for at in points:
            QTest.mouseMove(widget, at)
        QTest.mouseRelease(widget, button, modifier, points[-1])

    def free_drop(self):
        """Drag a file or a text over the window, and let it go there or not."""
        data, (widget, at) = QMimeData(), self._widget_and_point()
        if self.rng.random() < 0.7:
            what = self.rng.choice([*self.files, self.folder, self.folder / "gone.json"])
            links = [QUrl.fromLocalFile(str(what)), QUrl("https://example.invalid/x.json")]
            data.setUrls(links[: self.rng.choice((1, 2))])
        else:
            what = self.rng.choice(TABLES)
            data.setText(what)
        self.note(f"drop {what!r} on {named(widget)}")
        if not drag_over(widget, data, at):
            return  # Qt tells a widget nothing more of a drag that it refused
        if self.rng.random() < 0.8:
            let_go(widget, data, at)
        else:
            drag_away(widget)

    def free_change_the_file(self):
        """Let another program write the file that is open, or delete it, and most often come back."""
        if (path := self.window.document.path) is None:
            return
        if self.rng.random() < 0.1:
            self.note(f"delete {path.name}")
            path.unlink(missing_ok=True)
        else:
            number = self.rng.randrange(len(self.files))
            self.note(f"write {self.files[number].name} over {path.name}")
            path.write_bytes(self._contents[number])
        if self.rng.random() < 0.7:
            self.free_go_elsewhere()

    def free_go_elsewhere(self):
        """Go to another window, and come back a little later."""
        if self._elsewhere is None:
            self.note("go to another window")
            self._elsewhere = QLabel("Elsewhere")
            self._elsewhere.show()
            self._elsewhere.activateWindow()
            QTimer.singleShot(30, self._come_back)

    def _come_back(self):
        self._elsewhere.close()
        self._elsewhere = None
        if self.window and self.is_alive():
            self.window.main_window.activateWindow()

    # --- what can be done with a dialog

    def answer(self, dialog):
        """Press one of a dialog's buttons."""
        buttons = [own for own in dialog.findChildren(QAbstractButton) if own.isVisible() and own.isEnabled()]
        if buttons:
            button = self.rng.choice(buttons)
            self._click(button, button.rect().center())
        else:
            self.note(f"close {named(dialog)}")
            dialog.reject()

    def answer_file_dialog(self, dialog):
        """Type a file of our folder, or go away: nothing outside is touched."""
        name = dialog.findChild(QLineEdit, "fileNameEdit")
        made = [self.folder / f"made{k}{end}" for k in range(3) for end in ENDS]
        path = self.rng.choice([*self.files, *made])
        if name is None or self.rng.random() < 0.3:
            self.note("leave the file dialog")
            dialog.reject()
        else:
            self.note(f"type {path.name} into the file dialog")
            name.setText(str(path))
            QTest.keyClick(name, Qt.Key.Key_Return)


def named(widget):
    """Return a widget's name for the log."""
    name = widget.accessibleName() or widget.objectName()
    if isinstance(widget, QAbstractButton):
        name = widget.text() or name
    return f"{type(widget).__name__} {name!r}"


def made_files(folder):
    """Put files into `folder` that can be opened, and some that cannot."""
    first = paths()[0].read_bytes()
    files = {
        **{path.name: path.read_bytes() for path in paths()},
        "half.json": first[: len(first) // 2],
        "empty.json": b"",
        "binary.json": bytes(range(256)),
        "weights.py": b'{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}',
        "rows.csv": b"x1,x2,y\n1,2,3\n4,5,6\n",
        "bad.csv": b'x1,"y\n1,2\n',
        "empty.csv": b"",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)


def let_loose(seed, seconds, folder):
    """Let a monkey loose; return how many things it did. If something is amiss, fail with the last."""
    made_files(folder)
    path = folder.with_name(f"{folder.name}.log")
    browser = NoBrowser()
    for scheme in ("http", "https", "mailto", "file"):
        QDesktopServices.setUrlHandler(scheme, browser, "take")
    with path.open("w") as log, Silences() as silences:
        monkey = Monkey(seed, folder, log, silences)
        monkey.play(seconds)
        faults = monkey.faults()
        if not faults and monkey.is_alive():
            monkey.window.desk.frames.show_pending()
            for holds in TRUTHS:
                holds(monkey.window)
            faults = untrue(monkey.window)
        monkey.leave()
    last = "\n".join(monkey.last)
    assert not faults, f"monkey of seed {seed}, after {monkey.done} deeds, the last:\n{last}\n{faults[0]}"
    assert not monkey.faults()
    return monkey.done


@pytest.fixture
def jungle(qapp, tmp_path, monkeypatch, qtlog):
    """Return a folder to play in, as the program would live there."""
    folder = tmp_path / "jungle"
    folder.mkdir()
    monkeypatch.chdir(folder)
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    yield folder
    QApplication.clipboard().clear()
    lines = [record.message for record in qtlog.records]
    assert not [line for line in lines if not line.startswith(OF_THE_MACHINE)]


def test_a_monkey_without_a_display(jungle, amount):
    for seed in range(amount(quick=1, ci=1, night=20)):
        print(seed, let_loose(seed, amount(quick=0.8, ci=3, night=15), jungle), "deeds")


@pytest.mark.window
def test_a_monkey_in_a_real_window(jungle, amount):
    for seed in range(100, 100 + amount(quick=1, ci=2, night=40)):
        print(seed, let_loose(seed, amount(quick=10, ci=10, night=15), jungle), "deeds")


def wait(seconds):
    """Let the window's thread wait in vain, as for a pipe or a lock."""
    threading.Event().wait(seconds)


def test_a_wait_that_is_too_long_is_told_with_its_place_and_a_shorter_one_is_none(qtbot, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SILENT_S", 0.4)
    with Silences() as silences:
        for _ in range(2):
            QTimer.singleShot(0, lambda: wait(0.2))
            qtbot.wait(240)
        assert silences.found == []
        QTimer.singleShot(0, lambda: wait(0.6))
        qtbot.waitUntil(lambda: bool(silences.found))
    assert silences.found[0].startswith(("silent for 0.", "silent for 1."))
    assert "in wait\n" in silences.found[0]
