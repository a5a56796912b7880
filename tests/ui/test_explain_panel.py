"""The explain panel, read and clicked as a person does."""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTextBrowser

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.picture.palette import PALETTES
from nnviz.ui.explain.browser import breaks_of
from nnviz.ui.explain.panel import HINT, ExplainPanel
from tests.core.oracle import make_network, make_state
from tests.core.test_explain import BANK
from tests.core.written import closes

INVISIBLE = {"\u200b": "", "\u2060": "", "\u00a0": " "}


class Reader:
    """The panel on screen, with its document and selection."""

    def __init__(self, qtbot, state, size=(364, 700), first=HINT, **times):
        self.qtbot = qtbot
        self.document = Document(state)
        self.selection = Selection(self.document)
        derived = Derived(self.document, self.selection, **times)
        self.panel = ExplainPanel(self.document, self.selection, derived)
        self.hovered = []
        self.panel.address_hovered.connect(self.hovered.append)
        qtbot.addWidget(self.panel)
        self.panel.resize(*size)
        self.panel.show()
        self.browser = self.panel.findChild(QTextBrowser)
        self.reads(first)

    def text(self):
        """What the title row and the page say."""
        labels = [label.text() for label in self.panel.findChildren(QLabel)]
        text = "\n".join([*labels, self.browser.toPlainText()])
        for sign, plain in INVISIBLE.items():
            text = text.replace(sign, plain)
        return text

    def reads(self, text):
        self.qtbot.waitUntil(lambda: text in self.text())

    def select(self, *address):
        self.selection.select(Address(*address))

    def point(self, text, after=""):
        """Where `text` stands, the first behind `after`, in the viewport."""
        document = self.browser.document()
        cursor = document.find(after) if after else QTextCursor(document)
        cursor = document.find(text, cursor)
        assert not cursor.isNull(), text
        end = self.browser.cursorRect(cursor)
        start = QTextCursor(document)
        start.setPosition(cursor.selectionStart())
        begin = self.browser.cursorRect(start)
        return QPoint((begin.left() + end.left()) // 2, begin.center().y())

    def click(self, text, after=""):
        self.qtbot.mouseClick(self.browser.viewport(), Qt.MouseButton.LeftButton, pos=self.point(text, after))


@pytest.fixture
def bank(qtbot):
    return Reader(qtbot, BANK)


def test_nothing_selected_tells_how_to_select_and_the_mse(bank):
    assert "Click a node or an edge to see where its numbers come from." in bank.text()
    assert "((−8)² + 13² + 0² + 8²)/4 = 74.25" in bank.text()


def test_a_selected_node_is_explained(bank):
    bank.select("node", 0, 0)
    bank.reads("3·2 + 5·4 = 26")
    bank.reads("relu(26) = 26")
    assert "Row 1 of 4" in bank.text()


def test_a_selected_edge_tells_slope_chain_check_and_new_weight(bank):
    bank.select("weight", 0, 0, 0)
    bank.reads("accounts → node_0")
    for text in ("3·(−32) = −96", "3·1·2·2·(−8) = −96", "✓ agrees", "2 − 0.0004·40 = 1.984"):
        assert text in bank.text()


def test_it_follows_the_row_the_state_and_the_switch(bank):
    bank.select("weight", 0, 0, 0)
    bank.selection.row = 3
    bank.reads("8·32 = 256")
    bank.document.push(edits.set_weight(bank.document.state, 0, 0, 0, 1.0), "a weight")
    bank.reads("1 − 0.0004·")
    bank.selection.show_slopes(True, True)
    bank.reads("Mean over all 4 rows")
    bank.document.undo()
    bank.reads("2 − 0.0004·40 = 1.984")


def test_clicking_a_factor_leads_to_its_edge_or_node(bank):
    bank.select("weight", 0, 0, 0)
    bank.reads("3·1·2·2·(−8)")
    bank.click("2", after="3·1·")
    assert bank.selection.address == Address("weight", 1, 0, 0)
    bank.reads("26·(−16)")
    bank.click("26", after="slope at its end")
    assert bank.selection.address == Address("node", 0, 0)


def test_hovering_a_factor_tells_its_part_and_leaving_takes_it_back(bank):
    bank.select("node", 0, 0)
    bank.reads("3·2 + 5·4 = 26")
    bank.qtbot.mouseMove(bank.browser.viewport(), bank.point("5", after="+ "))
    bank.qtbot.waitUntil(lambda: bank.hovered == [Address("node", -1, 1)])
    bank.qtbot.mouseMove(bank.browser.viewport(), QPoint(330, 690))
    bank.qtbot.waitUntil(lambda: bank.hovered[-1] is None)


def test_only_slopes_are_purple(bank):
    bank.select("weight", 0, 0, 0)
    bank.reads("✓ agrees")
    purple, block = set(), bank.browser.document().begin()
    while block.isValid():
        places = block.begin()
        while not places.atEnd():
            fragment = places.fragment()
            if fragment.charFormat().foreground().color().name().upper() == PALETTES["light"].slope:
                purple.add(fragment.text())
            places += 1
        block = block.next()
    assert purple == {"−96", "−32", "0", "32", "40"}  # one of them from a difference


def test_the_copy_button_copies_ascii(bank):
    bank.select("weight", 0, 0, 0)
    bank.reads("✓ agrees")
    bank.qtbot.mouseClick(bank.panel.findChild(QPushButton), Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("accounts -> node_0\n")
    assert "new w = w - learning_rate*slope = 2 - 0.0004*40 = 1.984\n" in text
    assert text.isascii()


def test_selected_text_is_copied_as_ascii(bank):
    bank.select("node", 1, 0)
    bank.reads("52 − 60 = −8")
    bank.browser.setFocus()
    bank.qtbot.keyClick(bank.browser, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    bank.qtbot.keyClick(bank.browser, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    text = QGuiApplication.clipboard().text()
    assert "52 - 60 = -8" in text
    assert "(-8)^2 = 64" in text
    assert text.isascii()


def test_a_program_ends_well_with_an_explanation_in_the_clipboard():
    program = """
from nnviz.ui.widgets.theme import application
from nnviz.ui.explain.browser import ExplainBrowser
app = application()
browser = ExplainBrowser()
browser.show_html("<p>z = −1</p>", False)
browser.selectAll()
browser.copy()
assert app.clipboard().text() == "z = -1"
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_long_sum_unfolds_and_folds_again(qtbot):
    network = make_network((9, 100, 100, 1), ("relu", "relu", "identity"), (True, True, True))
    reader = Reader(qtbot, make_state(network, 20), (364, 900))
    reader.select("node", 1, 3)
    reader.reads("[94 more]")
    assert reader.text().count("·") < 20
    reader.click("94 more")
    reader.reads("show fewer")
    assert reader.text().count("·") > 100
    reader.browser.verticalScrollBar().setValue(reader.browser.verticalScrollBar().maximum())
    reader.click("show fewer")
    reader.reads("[94 more]")


def test_names_from_a_file_are_plain_text(qtbot):
    state = edits.rename(BANK, 0, 0, "<b>a</b> & co")
    reader = Reader(qtbot, state)
    reader.select("weight", 0, 0, 0)
    reader.reads("<b>a</b> & co → node_0")


def test_a_bias_that_is_taken_away_is_no_longer_explained(qtbot):
    reader = Reader(qtbot, structure.add_biases(BANK, 0))
    reader.select("bias", 0, 0)
    reader.reads("bias of node_0")
    reader.document.push(structure.remove_biases(reader.document.state, 0), "no biases")
    reader.reads("Click a node or an edge")


def test_what_takes_many_rows_comes_later_and_the_row_at_once(qtbot):
    network = make_network((3, 4, 1), ("tanh", "identity"), (True, False))
    state = make_state(network, 200_000)  # in blocks of 32 rows, which takes a while
    reader = Reader(qtbot, state, first="computing", quick_ns=1_000.0, block_ns=1.0)
    reader.select("weight", 0, 0, 0)
    reader.reads("slope at its end")
    assert "computing the mean over 200,000 rows …" in reader.text()
    reader.selection.row = 5
    reader.reads("[sum of 200,000 rows]")
    assert "computing" not in reader.text()


def test_nothing_is_computed_while_it_is_hidden(bank, monkeypatch):
    passes, forward = [], Network.forward
    monkeypatch.setattr(Network, "forward", lambda *of: passes.append(1) or forward(*of))
    bank.panel.hide()
    bank.select("node", 0, 0)
    bank.document.push(edits.set_weight(bank.document.state, 0, 0, 0, 1.0), "a weight")
    QApplication.processEvents()
    assert passes == []
    bank.panel.show()
    bank.reads("3·1 + 5·4 = 23")


def lines_of(browser):
    """The lines of the page as they are laid out, each with the one before in its paragraph."""
    block = browser.document().begin()
    while block.isValid():
        layout, text, before = block.layout(), block.text(), None
        for k in range(layout.lineCount()):
            line = layout.lineAt(k)
            one = text[line.textStart() : line.textStart() + line.textLength()]
            for sign, plain in INVISIBLE.items():
                one = one.replace(sign, plain)
            yield before, one
            before = None if one.endswith("\u2028") else one
        block = block.next()


@pytest.mark.parametrize("width", [280, 364, 500])
def test_a_line_breaks_between_terms_and_in_no_product_that_has_room(qtbot, width):
    network = make_network((2, 3, 2), ("tanh", "softmax"), (True, False))
    reader = Reader(qtbot, make_state(network, 4), (width, 700))
    for address in (("weight", 0, 1, 0), ("node", 1, 1), ("node", 0, 0), ("weight", 1, 0, 1), ("bias", 0, 2)):
        reader.select(*address)
        reader.reads("∂MSE/∂z")
        for before, line in lines_of(reader.browser):
            if before is not None and ("·" in before or "=" in line):
                term = re.split(" [+−=≈] ", before)[-1] + re.split(" [+−=≈] ", line)[0]
                broken = not re.match("[+−=≈] ", line)
                assert not broken or (before.rstrip().endswith("·") and len(term) > width / 9), (before, line)


def test_a_cross_entropy_breaks_neither_behind_its_minus_nor_before_a_closing_parenthesis(qtbot):
    layer = Layer(("output",), "sigmoid", [[0.4123456, -0.3]], [0.1])
    network, settings = Network(("x", "y"), (layer,)), Training(loss="cross_entropy")
    data = Dataset([[0.13, -0.13], [0.5, 0.1]], [[0.0], [1.0]])
    reader = Reader(qtbot, State(network, data, settings))
    reader.reads("ln(1 − a)")
    for width in range(300, 420, 6):
        reader.panel.resize(width, 700)
        QApplication.processEvents()
        for before, line in lines_of(reader.browser):
            assert not line.startswith(")"), (width, before, line)
            assert not (before or "").rstrip().endswith("−"), (width, before, line)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("1·2 + 3·4 = 14", 99, ["1·2", " + 3·4", " = 14"]),
        ("5 − 0.1·2/(√(3) + 1) ≈ 4.9", 20, ["5", " − 0.1·2/(√(3) + 1)", " ≈ 4.9"]),
        ("(1·2 + 3·4)/2 = 7", 10, ["(1·2", " + 3·4)/2", " = 7"]),
        ("1·(2 + 3·(4 − 5)) + 6", 13, ["1·(2", " + 3·(4 − 5))", " + 6"]),
        ("12345·12345·12345 + 1", 12, ["12345·", "12345·", "12345", " + 1"]),
        (" = a of b · c", 8, [" = a of b · ", "c"]),
    ],
)
def test_where_a_line_may_break(text, room, lines):
    ends = sorted(
        at + (text[at] == "·" or text[at - 1] == "·")
        for at in breaks_of(text, lambda part: len(part) <= room)
    )
    assert [text[a:b] for a, b in itertools.pairwise([0, *ends, len(text)])] == lines


@pytest.mark.parametrize("updates", [0, 7])
def test_a_whole_edge_is_read_without_scrolling(qtbot, updates):
    layers = (
        Layer(("node_0", "node_1"), "tanh", [[0.123456789, -1.23456789], [0.3, 0.7]], [0.1, 0.2]),
        Layer(("output",), "identity", [[1.3456789, -0.6]], [0.3]),
    )
    inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
    state = State(Network(("input_0", "input_1"), layers), Dataset(inputs, [[0], [1], [1], [0]]))
    reader = Reader(qtbot, train(state, updates=updates).state if updates else state, (364, 380))
    reader.selection.row = 3
    reader.select("weight", 0, 0, 1)
    for part in ("input_1 → node_0", "w ≈", "slope =", "chain =", "✓ agrees", "mean slope =", "new w ="):
        reader.reads(part)
    assert reader.browser.verticalScrollBar().maximum() == 0


def test_a_long_name_is_shortened_in_the_title_row_and_whole_in_its_tooltip(qtbot):
    name = "a_name_as_long_as_they_come_in_some_files_of_the_world"
    reader = Reader(qtbot, edits.rename(BANK, 0, 0, name))
    reader.select("node", -1, 0)
    reader.reads("…")
    assert name in {label.toolTip() for label in reader.panel.findChildren(QLabel)}


def test_without_rows_a_sentence_says_so(qtbot):
    reader = Reader(qtbot, State(BANK.network, Dataset(np.empty((0, 2)))))
    reader.select("node", 0, 0)
    reader.reads("There are no rows: add one in the data table, or type an input.")


def test_all_arithmetic_that_is_shown_closes(qtbot):
    network = make_network((2, 3, 2, 1), ("tanh", "relu", "sigmoid"), (True, False, True))
    reader = Reader(qtbot, make_state(network, 3))
    for address in (("node", 0, 1), ("node", 2, 0), ("weight", 0, 2, 1), ("weight", 1, 0, 1), ("bias", 2, 0)):
        reader.select(*address)
        reader.reads("→" if address[0] == "weight" else network.names(address[1] + 1)[address[2]])
        lines = re.findall(r"^= (.*[=≈] \S+?)(?: [✓✗].*)?$", reader.text().replace("\u2028", "\n"), re.M)
        assert lines
        for line in lines:
            assert closes(line), line
