"""Windows for the tests, and a check that a test leaves nothing behind."""

from contextlib import suppress

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox

from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.picture import Picture
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme, set_size_percent, theme_in_use
from nnviz.ui.window.app import Garbage
from nnviz.ui.window.session import fill
from nnviz.ui.window.window import MainWindow
from tests.patient import PatientBot
from tests.ui.bare import Bare, Seen
from tests.ui.hands import choose_entry
from tests.ui.sees import at_work

LAST_FRAME_MS = 200
"""How long after a test its last frame may come, in milliseconds."""


@pytest.fixture(scope="session")
def qapp():
    """Return the application; its garbage is collected as in the program, and never within a call of Qt's."""
    app = application()
    apply_theme(app, "light")
    Garbage(app)
    return app


@pytest.fixture(autouse=True)
def leaves_nothing_behind(qapp, request):
    """Fail a test after which a timer, an animation or a top-level widget is still alive and at work.

    The light theme, the usual size and the usual font come back after every test.
    """
    before, font = set(map(id, QApplication.topLevelWidgets())), qapp.font()
    yield
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, MainWindow) and widget.isHidden():  # a program's, which would end with it
            widget.deleteLater()
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [own for own in QApplication.topLevelWidgets() if own.isVisible() and id(own) not in before]
    with suppress(TimeoutError):  # the last frame of the test may still come
        PatientBot(request).waitUntil(lambda: not at_work(), timeout=LAST_FRAME_MS)
    running = at_work()
    resized = set_size_percent(qapp, 100)
    if restyled := theme_in_use() != "light" or qapp.font() != font:
        apply_theme(qapp, "light")
    if (resized or restyled) and not running:  # a window that a module's tests share follows
        PatientBot(request).waitUntil(lambda: not at_work())
    assert not left, f"top-level widgets left: {left}"
    assert QApplication.mouseButtons() == Qt.MouseButton.NoButton, "a button of the mouse is left pressed"
    assert not running, f"left running: {[(thing, thing.parent()) for thing in running]}"


class Unanswered(QObject):
    """Ends the dialog that is in front at two looks, one after the other; `met` says which that were.

    Its timer is none of those that a test sees at work.
    """

    def __init__(self, every_ms):
        super().__init__()
        self.met, self._seen = [], None
        self.startTimer(every_ms)

    def timerEvent(self, _event):  # noqa: N802
        before, self._seen = self._seen, QApplication.activeModalWidget()
        if self._seen and self._seen is before:
            text = self._seen.text() if isinstance(self._seen, QMessageBox) else ""
            self.met.append((type(before).__name__, before.windowTitle(), text))
            before.done(0)


@pytest.fixture(autouse=True)
def nobody_waits(qapp):
    """Fail a test in which a dialog waits for an answer that does not come, instead of waiting with it."""
    unanswered = Unanswered(20_000)
    yield
    assert not unanswered.met, f"a dialog waited for an answer: {unanswered.met}"


@pytest.fixture
def settings():
    """Settings that remember nothing beyond the test."""
    return Settings(remembers=False)


@pytest.fixture
def open_window(qtbot, settings):
    """Return a function that opens a window on an example's name, or on a State: its Workspace."""
    windows = []

    def open_it(what="relu", size=(1280, 800)):
        state = load(example(what).path) if isinstance(what, str) else what
        empty = MainWindow(settings)
        empty.resize(*size)
        window = Seen(fill(empty, Document(state), settings))
        empty.show()
        qtbot.waitExposed(window.main_window)
        qtbot.waitUntil(lambda: window.history.curve is not None)
        for _ in range(4):  # until docks and panels have what they need
            QApplication.processEvents()
        windows.append(window)
        return window

    yield open_it
    for window in windows:
        window.runner.pause()
        window.player.stop()
        for beside in window.main_window.findChildren(QDialog):
            beside.hide()
        for dock in window.board.docks.values():
            dock.hide()
        window.main_window.hide()
        window.main_window.deleteLater()
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # or what comes would style it, too


@pytest.fixture
def pictures_made(monkeypatch):
    """Return a list that every new Picture of a diagram is put into."""
    made, make = [], Picture.__init__

    def count(self, *args, **words):
        make(self, *args, **words)
        made.append(self)

    monkeypatch.setattr(Picture, "__init__", count)
    return made


@pytest.fixture
def answer():
    """Return a function: when a dialog of a class opens, do something with it. All must come, in order."""
    timers, met = [], []

    def when(kind, does):
        timer = QTimer(interval=20)
        number = len(timers)

        def look():
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, kind) or number != len(met):
                return
            if not dialog.isActiveWindow():
                dialog.activateWindow()  # without a window manager nobody does when one before it closes
            else:
                timer.stop()
                met.append(number)
                does(dialog)

        timer.timeout.connect(look)
        timer.start()
        timers.append(timer)

    yield when
    for timer in timers:
        timer.stop()
    assert len(met) == len(timers), "a dialog did not come"


@pytest.fixture
def carry_out(answer):
    """Return a function that takes the kind of the next dialog, and deeds; the dialog closes at the end."""

    def when(kind, *deeds):
        def do(dialog):
            try:
                for deed in deeds:
                    deed(dialog)
            finally:
                if dialog.isVisible():
                    dialog.reject()

        answer(kind, do)

    return when


@pytest.fixture
def heard(monkeypatch):
    """Return a list that collects the announcements to a screen reader, each as (widget, text)."""
    said = []

    def hear(event):
        if isinstance(event, QAccessibleAnnouncementEvent):
            said.append((event.object(), event.message()))

    monkeypatch.setattr(QAccessible, "updateAccessibility", hear)
    return said


@pytest.fixture
def bare(qtbot):
    """Return a function that opens an example, or a State, without a window: a Bare, or a kind of it."""
    opened = []

    def open_it(*what, kind=Bare, **words):
        opened.append(kind(qtbot, *what, **words))
        return opened[-1]

    yield open_it
    for own in opened:
        own.close()


@pytest.fixture(scope="module")
def lasting(qapp, request):
    """Return a window that all tests of a module may share: its Workspace; `afresh` starts it anew."""
    settings = Settings(remembers=False)
    main = MainWindow(settings)
    main.resize(1280, 800)
    window = Seen(fill(main, Document(load(example("relu").path)), settings))
    main.show()
    PatientBot(request).waitUntil(
        lambda: main.windowHandle().isExposed() and window.history.curve is not None
    )
    yield window
    for dock in window.board.docks.values():
        dock.hide()
    main.hide()
    main.deleteLater()
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def afresh(qtbot, lasting):
    """Return a function that starts the module's window anew on an example, or a State: its Workspace."""

    def quiet():
        lasting.runner.pause()
        lasting.player.stop()
        lasting.diagram.session.close()
        for beside in lasting.main_window.findChildren(QDialog):
            beside.hide()
        for dock in lasting.board.docks.values():
            dock.setFloating(False)

    def start(what="relu", size=(1280, 800)):
        quiet()
        lasting.main_window.resize(*size)
        lasting.document.select(None)
        lasting.document.show_slopes(False, False)
        choose_entry(lasting, "Stop after each phase")
        lasting.training.speed.setValue(50)
        lasting.runner.speed, lasting.player.speed = 0.5, 0.25
        lasting.document.start(load(example(what).path) if isinstance(what, str) else what)
        lasting.status.show_message("")
        lasting.main_window.activateWindow()
        qtbot.waitUntil(lasting.main_window.isActiveWindow)
        lasting.diagram.setFocus()
        for _ in range(4):  # until docks and panels have what they need
            QApplication.processEvents()
        return Seen(lasting)

    yield start
    quiet()
    qtbot.waitUntil(lambda: not at_work())
