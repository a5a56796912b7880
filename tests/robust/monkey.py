"""A monkey at the window: seeded clicks, keys, drags, drops and what else hands can do.

The window opens as the program opens it.

`python -m tests.robust.monkey --seed 7` lets one loose.
"""

import argparse
import faulthandler
import gc
import os
import random
import signal
import tempfile
import time
import traceback
from collections import deque
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QTabBar,
    QWidget,
)

from nnviz.files.examples import examples, paths
from nnviz.ui.widgets.theme import application, apply_theme
from nnviz.ui.widgets.whole import with_whole_exceptions
from nnviz.ui.window.app import Opened
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.settings import Settings
from nnviz.ui.window.unexpected import LOG_NAME
from tests.robust import truths
from tests.robust.actions import Stage
from tests.robust.naughty import NAMES, NO_NAMES
from tests.robust.witness import Witness, logged
from tests.ui.hands import drag_away, drag_over, let_go, turn, write
from tests.ui.sees import untrue

_NUMBERS = "0 1 -1 0.5 1e308 -1e308 1e-320 -0 1e400 nan 3,5 12345678901234567890"
NUMBERS = _NUMBERS.split()
RUBBISH = ("", "--", "=1+1", "<b>x</b>", "1 2 3", "\t", "1e", "%s%n", "'; drop", *NO_NAMES[:20])
TABLES = ("1\t2\n3\t4", '"', "x1,x2,y\n1,2,3\n4,5,6", "a;b\n1;2", "1,2,3", "\0", "1e999,1")
KEYS = (
    *(Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Space),
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End),
    *(Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_F2),
    *(Qt.Key.Key_Menu, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_A, Qt.Key.Key_V, Qt.Key.Key_C),
)
NONE = Qt.KeyboardModifier.NoModifier
MODIFIERS = (*(NONE,) * 6, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier)
LEFT = Qt.MouseButton.LeftButton
BUTTONS = (*(LEFT,) * 5, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
LAST, REST_S = 50, 0.4


class NoBrowser(QObject):
    """Takes the links that would open a browser."""

    @Slot(QUrl)
    def take(self, url):
        """Do nothing with it."""


class Monkey:
    """Does one thing after the other for some seconds, also within dialogs, menus and drags.

    Where it closes the window, or a signal ends the program, the next one opens as the program would.
    """

    def __init__(self, seed, folder, log, witness):
        self.rng, self.folder, self._log, self._witness = random.Random(seed), folder, log, witness
        self.last, self.done = deque(maxlen=LAST), 0
        self._deeds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        self.files = sorted(path for path in folder.iterdir() if path.is_file())
        self._contents = [path.read_bytes() for path in self.files]
        self._settings, self._elsewhere = Settings(remembers=False), None
        self._timer = QTimer(singleShot=True)
        self._timer.timeout.connect(self._act)
        self._open(folder / self.rng.choice(paths()).name)

    def _open(self, file=None):
        self.note(f"a new window on {file or 'what was open last'}")
        self.opened, self._heard = Opened(self._settings, file, self.folder / "data"), False

    @property
    def window(self):
        """The workspace of the window that is open."""
        return self.opened.workspace

    def play(self, seconds):
        """Go on until the time is over or something is amiss, then let what is under way come to rest."""
        self._until = time.monotonic() + seconds
        while not self._is_over() or self.window is None:
            self._timer.start(0)
            with_whole_exceptions(QApplication.exec)
            if self.opened.code or not self.alive():
                self._end()
                self._open()

    def leave(self):
        """Close the window without a question."""
        self._timer.stop()
        self.window.files.asks = False
        self._end()

    def _end(self):
        """Do as the program does once its window is closed; what it had frozen would be gone with it."""
        self.opened.close()
        gc.unfreeze()

    def _is_over(self):
        return time.monotonic() > self._until or bool(self._witness.faults)

    def _act(self):
        if not self.alive() or self._rests():
            QApplication.exit()
            return
        self._timer.start(self.rng.choice((0, 0, 1, 5, 20)))  # first: what follows may be modal
        if self.window is None:  # it is on the screen, and not filled yet
            return
        if self._is_over():
            self._close_what_is_above()
            return
        if not self._heard:
            self._heard = True
            self._witness.listen()
        self.done += 1
        modal = QApplication.activeModalWidget()
        if isinstance(modal, QFileDialog):
            self.answer_file_dialog(modal)
        elif isinstance(modal, QDialog) and self.rng.random() < 0.3:
            self.answer(modal)
        else:
            self._do(self.rng.choice(self._deeds))

    def _do(self, deed):
        try:
            deed()
        except RuntimeError as error:
            if (
                "already deleted" not in str(error)
                or traceback.extract_tb(error.__traceback__)[-1].filename != __file__
            ):
                raise  # else it was a menu that closed under the monkey's own hands

    def _rests(self):
        """Tell whether the time is over and has been for a while, with nothing open above the window."""
        if not self._is_over() or self.window is None:
            return False
        self._until = min(self._until, time.monotonic())
        self.window.main_window.showNormal()
        self.window.runner.pause()
        self.window.player.stop()
        return time.monotonic() > self._until + REST_S and self._above() is None

    def alive(self):
        """Tell whether the window is there, if only as an icon."""
        windows = [own for own in QApplication.topLevelWidgets() if isinstance(own, MainWindow)]
        return any(own.isVisible() or own.isMinimized() for own in windows)

    def _close_what_is_above(self):
        if isinstance(above := self._above(), QDialog):
            above.reject()
        elif above is not None:
            above.close()

    def note(self, text):
        """Tell what is done, before it is done."""
        self.last.append(text)
        self._log.write(text + "\n")
        self._log.flush()

    # --- what there is to take hold of

    def _above(self):
        return QApplication.activePopupWidget() or QApplication.activeModalWidget()

    def _top(self):
        return self._above() or self.window.main_window

    def _is_free(self):
        """Tell whether the window itself can be reached: no menu, no dialog is above it."""
        return self._top() is self.window.main_window

    def _widgets(self, kind=QWidget):
        top = self._top()
        own = [each for each in top.findChildren(kind) if each.isVisible() and each.window() is top.window()]
        return own or [top]

    def _any(self, kind=QWidget):
        widget = self.rng.choice(self._widgets(kind))
        return widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget

    def _point(self, widget):
        return QPoint(self.rng.randrange(max(widget.width(), 1)), self.rng.randrange(max(widget.height(), 1)))

    def _text(self):
        return self.rng.choice((*NUMBERS, *NUMBERS, *RUBBISH, self.rng.choice(NAMES)))[:60]

    def _focused(self):
        return QApplication.focusWidget() or self._top()

    # --- what can be done

    def do_click(self):
        widget = self._any()
        self._click(widget, self._point(widget), self.rng.choice(BUTTONS), self.rng.choice(MODIFIERS))

    def do_press_button(self):
        widget = self._any(QAbstractButton)
        self._click(widget, widget.rect().center(), LEFT, NONE)

    def _click(self, widget, at, button, modifier):
        self.note(f"click {named(widget)} at {at.x()},{at.y()} {button.name} {modifier.name}")
        QTest.mouseClick(widget, button, modifier, at)

    def do_double_click(self):
        widget = self._any()
        at = self._point(widget)
        self.note(f"double click {named(widget)} at {at.x()},{at.y()}")
        QTest.mouseDClick(widget, LEFT, NONE, at)

    def do_number(self):
        """Click a number or a name of the diagram, type, and end it somehow."""
        if not self._is_free():
            return
        labels = [label for label in self.window.diagram.picture.labels if label.address]
        if labels:
            label, text = self.rng.choice(labels), self._text()
            key = self.rng.choice(KEYS[:4])
            self.note(f"type {text!r} at {label.address}, then {key.name}")
            x, y = (round(value) for value in label.rect.center)
            QTest.mouseClick(self.window.diagram, LEFT, NONE, QPoint(x, y))
            write(self._focused(), text)
            QTest.keyClick(self._focused(), key)

    def do_field(self):
        """Type into a field, and end it somehow."""
        fields = self._widgets(QLineEdit) + self._widgets(QAbstractSpinBox)
        field, text, key = self.rng.choice(fields), self._text(), self.rng.choice(KEYS[:4])
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

    def do_shortcut(self):
        if not self._is_free():
            return
        actions = [own for own in self.window.main_window.findChildren(QAction) if own.shortcuts()]
        action = self.rng.choice(actions)
        if action.shortcut() == QKeySequence(QKeySequence.StandardKey.Quit) and self.rng.random() < 0.9:
            return
        self.note(f"shortcut {action.shortcut().toString()} {action.text()!r}")
        QTest.keySequence(self._focused(), action.shortcut())

    def do_choose_entry(self):
        """Choose any entry of the menus."""
        if not self._is_free():
            return
        menu = self.rng.choice(self.window.main_window.menuBar().actions()).menu()
        while isinstance(menu, QMenu):
            menu.aboutToShow.emit()
            entries = [own for own in menu.actions() if own.isEnabled() and not own.isSeparator()]
            entry = self.rng.choice(entries) if entries else None
            menu = entry.menu() if entry else None
            if (
                entry
                and not menu
                and ("Quit" not in entry.text().replace("&", "") or self.rng.random() < 0.1)
            ):
                self.note(f"choose {entry.text()!r}")
                entry.trigger()

    def do_open_menu(self):
        """Open a menu as hands do, to be gone through by keys and clicks."""
        if not self._is_free():
            return
        bar = self.window.main_window.menuBar()
        at = bar.actionGeometry(self.rng.choice(bar.actions())).center()
        self._click(bar, at, LEFT, NONE)

    def do_context_menu(self):
        widget = self._any()
        at = self._point(widget)
        self.note(f"context menu of {named(widget)} at {at.x()},{at.y()}")
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        QApplication.sendEvent(widget, event)

    def do_drag(self):
        self._drag(self._any())

    def do_drag_in_diagram(self):
        self._drag(self.window.diagram)

    def do_separator(self):
        """Drag what stands between two panels, or a panel by its title row."""
        self._drag(self.window.board)

    def do_title_row(self):
        self._drag(self._any(QDockWidget))

    def _drag(self, widget):
        """Press, move through some points and let go."""
        if not self._is_free():
            return
        points = [self._point(widget) for _ in range(self.rng.randrange(2, 8))]
        button, modifier = self.rng.choice(BUTTONS), self.rng.choice(MODIFIERS)
        self.note(
            f"drag {named(widget)} {[(own.x(), own.y()) for own in points]} {button.name} {modifier.name}"
        )
        QTest.mousePress(widget, button, modifier, points[0])
        for at in points:
            QTest.mouseMove(widget, at)
        QTest.mouseRelease(widget, button, modifier, points[-1])

    def do_hover(self):
        widget = self._any()
        for _ in range(5):
            at = self._point(widget)
            self.note(f"move over {named(widget)} to {at.x()},{at.y()}")
            QTest.mouseMove(widget, at)

    def do_wheel(self):
        widget, notches, modifier = (
            self._any(),
            self.rng.choice((-10, -1, -0.25, 0.25, 1, 10)),
            self.rng.choice(MODIFIERS),
        )
        self.note(f"turn the wheel by {notches} over {named(widget)} {modifier.name}")
        turn(widget, notches, modifier)

    def do_tab(self):
        bar = self._any(QTabBar)
        if isinstance(bar, QTabBar) and bar.count():  # Qt keeps those of panels that are hidden
            self._click(bar, bar.tabRect(self.rng.randrange(bar.count())).center(), LEFT, NONE)

    def do_combo(self):
        combo = self._any(QComboBox)
        if isinstance(combo, QComboBox) and combo.count():
            key = self.rng.choice((Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_F4))
            self.note(f"{key.name} in {named(combo)}")
            QTest.keyClick(combo, key)

    def do_resize(self):
        size = self.rng.randrange(200, 1900), self.rng.randrange(150, 1200)
        self.note(f"resize to {size}")
        self.window.main_window.resize(*size)

    def do_state(self):
        if self.rng.random() < 0.2:
            show = self.rng.choice(("showMinimized", "showMaximized", "showFullScreen", "showNormal"))
            self.note(show)
            getattr(self.window.main_window, show)()

    def do_drop(self):
        """Drag a file or a text over the window, and let it go there or not."""
        if not self._is_free():
            return
        data, widget = QMimeData(), self._any()
        if self.rng.random() < 0.7:
            path = self.rng.choice([*self.files, self.folder, self.folder / "gone.json"])
            data.setUrls(
                [QUrl.fromLocalFile(str(path)), QUrl("https://example.invalid/x.json")][
                    : self.rng.choice((1, 2))
                ]
            )
        else:
            path = self.rng.choice(TABLES)
            data.setText(path)
        at = self._point(widget)
        self.note(f"drop {path!r} on {named(widget)}")
        if drag_over(widget, data, at) and self.rng.random() < 0.8:
            let_go(widget, data, at)
        else:
            drag_away(widget)

    def do_paste(self):
        text = self.rng.choice((*TABLES, self._text()))
        self.note(f"paste {text!r} into {named(self._focused())}")
        QGuiApplication.clipboard().setText(text)
        QTest.keySequence(self._focused(), QKeySequence(QKeySequence.StandardKey.Paste))

    def do_undo(self):
        does = self.rng.choice((self.window.undo, self.window.redo))
        for _ in range(self.rng.choice((1, 1, 5, 40)) if self._is_free() else 0):
            self.note(does.__name__)
            does()

    def do_example(self):
        if self._is_free() and self.rng.random() < 0.3:
            name = self.rng.choice(examples()).name
            self.note(f"open the example {name}")
            self.window.files.open_example(name)

    def do_save(self):
        if self._is_free() and self.rng.random() < 0.3:
            self.note("save")
            QTest.keySequence(self._focused(), QKeySequence(QKeySequence.StandardKey.Save))

    def do_change_the_file(self):
        """Let another program write the file that is open, or delete it, and most often come back."""
        path = self.window.document.path
        if not self._is_free() or path is None:
            return
        number = self.rng.randrange(len(self.files))
        if self.rng.random() < 0.1:
            self.note(f"delete {path.name}")
            path.unlink(missing_ok=True)
        else:
            self.note(f"write {self.files[number].name} over {path.name}")
            path.write_bytes(self._contents[number])
        if self.rng.random() < 0.7:
            self.do_go_elsewhere()

    def do_go_elsewhere(self):
        """Go to another window, and come back a little later."""
        if self._is_free() and self._elsewhere is None:
            self.note("go to another window")
            self._elsewhere = QLabel("Elsewhere")
            self._elsewhere.show()
            self._elsewhere.activateWindow()
            QTimer.singleShot(30, self._come_back)

    def _come_back(self):
        self._elsewhere.close()
        self._elsewhere = None
        if self.window and self.alive():
            self.window.main_window.activateWindow()

    def do_signal(self):
        """End the program as a shutdown does; what was unsaved is offered by the next."""
        if self.rng.random() < 0.03:
            self.note("SIGTERM")
            os.kill(os.getpid(), signal.SIGTERM)

    def do_pace(self):
        self.window.runner.speed = speed = self.rng.choice((0.0, 0.5, 0.9, 1.0))
        self.note(f"speed {speed}")

    def do_nothing(self):
        self.note("wait")
        QTest.qWait(self.rng.choice((1, 30, 120)))

    def answer(self, dialog):
        """Press one of a dialog's buttons."""
        buttons = [own for own in dialog.findChildren(QAbstractButton) if own.isVisible() and own.isEnabled()]
        if buttons:
            button = self.rng.choice(buttons)
            self._click(button, button.rect().center(), LEFT, NONE)
        else:
            self.note(f"close {named(dialog)}")
            dialog.reject()

    def answer_file_dialog(self, dialog):
        """Type a file of our folder, or go away: nothing outside is touched."""
        name = dialog.findChild(QLineEdit, "fileNameEdit")
        path = self.rng.choice(
            [*self.files, *(self.folder / f"made{k}{end}" for k in range(3) for end in ENDS)]
        )
        if name is None or self.rng.random() < 0.3:
            self.note("leave the file dialog")
            dialog.reject()
            return
        self.note(f"type {path.name} into the file dialog")
        name.setText(str(path))
        QTest.keyClick(name, Qt.Key.Key_Return)


ENDS = (".json", ".py", ".png", ".svg", ".csv", "", ".txt")


def named(widget):
    """Return what a widget is called in the log."""
    told = widget.accessibleName() or widget.objectName()
    if isinstance(widget, QAbstractButton):
        told = widget.text() or told
    return f"{type(widget).__name__} {told!r}"


def made_files(folder):
    """Put files into `folder` that can be opened, and some that cannot."""
    for path in paths():
        (folder / path.name).write_bytes(path.read_bytes())
    first = paths()[0].read_bytes()
    for name, data in {
        "half.json": first[: len(first) // 2],
        "empty.json": b"",
        "binary.json": bytes(range(256)),
        "weights.py": b'{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}',
        "rows.csv": b"x1,x2,y\n1,2,3\n4,5,6\n",
        "bad.csv": b'x1,"y\n1,2\n',
        "empty.csv": b"",
    }.items():
        (folder / name).write_bytes(data)


def what_holds_holds(window, folder):
    """Check that the models are right, and that what the window shows is what the State says."""
    stage = Stage(window, folder)
    for truth in truths.TRUTHS:
        if truth is not truths.undo_leads_to_the_first_state:  # nobody has noted which it was
            truth(stage)
    assert not (false := untrue(window)), false


def let_loose(seed, seconds, folder):
    """Let a monkey loose; return how many things it did. Where something was amiss, fail with the last."""
    made_files(folder)
    path = folder.with_name(f"{folder.name}.log")
    browser = NoBrowser()
    for scheme in ("http", "https", "mailto", "file"):
        QDesktopServices.setUrlHandler(scheme, browser, "take")
    with path.open("w") as log, Witness() as witness:
        monkey = Monkey(seed, folder, log, witness)
        monkey.play(seconds)
        try:
            if not witness.faults and monkey.alive():
                what_holds_holds(monkey.window, folder)
        except Exception:
            witness.faults.append(traceback.format_exc())
        monkey.leave()
    faults = witness.faults + logged(folder / "data" / LOG_NAME)
    last = "\n".join(monkey.last)
    assert not faults, f"monkey of seed {seed}, after {monkey.done} deeds, the last:\n{last}\n{faults[0]}"
    path.unlink()
    return monkey.done


def main():
    """Let monkeys loose, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    faulthandler.enable()
    app = application()
    app.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    apply_theme(app, "light")
    gc.disable()
    for seed in range(options.seed, options.seed + options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            try:
                print(seed, let_loose(seed, options.seconds, Path(folder)), flush=True)
            except AssertionError as error:
                print(f"{error}\nFAILED {seed}", flush=True)


if __name__ == "__main__":
    main()
