"""Which of explanation and notes is in front, as the diagram is pointed at, edited and looked through."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QSplitter

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.player import Player
from nnviz.ui.selection import Selection
from nnviz.ui.training.runner import Runner
from nnviz.ui.words import Words
from tests.ui.hands import click, part_named, point, set_number, write


class Desk:
    """A diagram and the card of words beside it, on a file with notes."""

    def __init__(self, qtbot, state: State):
        self.document = Document(state)
        self.selection = Selection(self.document)
        self.player = Player(self.document, self.selection, Runner(self.document))
        self.diagram = Diagram(self.document, self.selection, self.player)
        self.words = Words(self.document, self.selection)
        self.both = QSplitter()
        self.both.addWidget(self.diagram)
        self.both.addWidget(self.words)
        qtbot.addWidget(self.both)
        self.both.resize(1200, 600)
        self.both.setSizes([800, 400])
        self.both.show()
        qtbot.waitExposed(self.both)

    def in_front(self):
        return "notes" if self.words.notes.isVisible() else "explain"

    def press(self, text):
        buttons = [b for b in self.words.findChildren(QPushButton) if b.text() == text and b.isVisible()]
        QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)


@pytest.fixture
def desk(qtbot):
    return Desk(qtbot, load(example("relu").path))


def on_edge(desk, weight):
    """Return a point of an edge where no number stands."""
    x, picture = point(desk, weight).x() + 60, desk.diagram.picture
    return QPoint(x, next(y for y in range(desk.diagram.height()) if picture.at(x, y) == weight))


def test_a_click_on_a_node_explains_it(desk):
    assert desk.in_front() == "notes"
    click(desk, part_named(desk, "node_0"))
    assert desk.in_front() == "explain"


def test_a_click_on_the_edge_that_is_selected_already_explains_it(desk, qtbot):
    weight = part_named(desk, "output", "node_0")
    set_number(desk, weight, "2")
    assert desk.selection.part == weight
    assert desk.in_front() == "notes"
    QTest.mouseClick(desk.diagram, Qt.MouseButton.LeftButton, pos=on_edge(desk, weight))
    assert desk.in_front() == "explain"


def test_arrows_explain_what_they_select(desk):
    desk.diagram.setFocus()
    QTest.keyClick(desk.diagram, Qt.Key.Key_Right)
    assert desk.in_front() == "explain"


def test_editing_a_number_leaves_the_notes_in_front(desk):
    set_number(desk, part_named(desk, "node_0", desk.document.state.network.inputs[0]), "3")
    assert desk.document.state.network.layers[0].weights[0, 0] == 3.0
    assert desk.in_front() == "notes"


def test_notes_that_are_being_written_stay(desk):
    desk.press("Edit")
    write(desk.words.notes.field, "node_0 is ")
    click(desk, part_named(desk, "node_0"))
    assert desk.in_front() == "notes"


def test_a_document_without_notes_begins_with_the_explanation(desk):
    desk.document.start(replace(desk.document.state, notes=""))
    desk.words.begin()
    assert desk.in_front() == "explain"
