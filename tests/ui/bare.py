"""A diagram without the window around it, in a tenth of the time; the hands of the tests work on it."""

import os
from types import SimpleNamespace

from PySide6.QtCore import QLoggingCategory
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.document.document import Document
from nnviz.document.idle import Idle
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.heads import Heads, Structure
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.settings import SIZES_PERCENT, Settings
from nnviz.ui.kit.theme import application, apply_theme, set_size_percent
from nnviz.ui.panels.explain import ExplainPanel
from nnviz.ui.window.session import fill
from nnviz.ui.window.window import MainWindow
from tests.ui.hands import pick


def open_plot(own, size, *, matrix=False):
    """Return the panel Explain of a Bare, in sight, with a large plot; the first weight is selected."""
    own.desk.allow_plots()
    card = ExplainPanel(own.desk)
    own.document.select(Address("weight", 0, 0, 0))
    own.show(card, size)
    own.desk.frames.add(card)
    if matrix:
        pick(card.choice, "Matrix")
    own.desk.frames.show_pending()
    card.parts.setSizes([size[1], 0])
    card.parts.splitterMoved.emit(0, 1)  # as a drag does
    QApplication.processEvents()
    return card


class Seen:
    """A thing with a `desk` as a person sees it: waiting changes are shown before each look."""

    def __init__(self, thing):
        self._thing = thing

    def __getattr__(self, name):
        self._thing.desk.frames.show_pending()
        return getattr(self._thing, name)


class Bare:
    """A document with all that a window would keep for it; its diagram is made when it is asked for."""

    def __init__(self, qtbot, what="relu", size=(886, 413), **times):
        set_size_percent(application(), SIZES_PERCENT[0])
        self._qtbot, self._size = qtbot, size
        state = load(example(what).path) if isinstance(what, str) else what
        self.document = Document(state, idle=Idle(**times))
        self.desk = Desk(self.document)
        self.runner, self.player = self.desk.runner, self.desk.player
        self.structure = Structure(self.desk)
        self.status = SimpleNamespace(text="")
        self.desk.message.connect(self.say)
        self._diagram = None

    def say(self, text):
        """Say `text` in the status line."""
        self.status.text = text

    @property
    def diagram(self):
        """The diagram, in sight."""
        if self._diagram is None:
            self._diagram = Diagram(self.desk)
            heads = Heads(self._diagram, self.structure)
            self.show(self._diagram, self._size)
            for view in (self._diagram, self._diagram.numbers, heads):
                self.desk.frames.add(view)
        self.desk.frames.show_pending()
        return self._diagram

    def show(self, widget, size):
        """Bring a widget into sight, in front of all."""
        self._qtbot.addWidget(widget)
        widget.resize(*size)
        with self._qtbot.waitActive(widget):
            widget.show()
            widget.activateWindow()
        QApplication.processEvents()
        return widget

    def close(self):
        """Let nothing go on."""
        self.runner.pause()
        self.player.stop()
        self.document.idle.drop()
        self.desk.frames.show_pending()


def window_in_a_process(name):
    """Return a window on an example, not yet shown, where Qt's warnings are left out: a Workspace."""
    QLoggingCategory.setFilterRules("default.warning=false")
    apply_theme(application(), "light")
    settings = Settings(remembers=False)
    return fill(MainWindow(settings), Document(load(example(name).path)), settings)


def end_process(line):
    """Print a last line and end at once: closing the window would ask whether to save."""
    print(line, flush=True)
    os._exit(0)
