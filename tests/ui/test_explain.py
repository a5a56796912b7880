"""The panel Explain: read, clicked and copied, with the marks of dead and saturated nodes."""

import itertools
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTextBrowser, QToolButton, QToolTip

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.picture.palette import PALETTES
from nnviz.ui.kit.controls import ElidedLabel
from nnviz.ui.kit.theme import set_size_percent
from nnviz.ui.panels.explain import HINT, ExplainPanel, line_breaks
from tests.core.oracle import make_network, make_state, set_weight
from tests.core.test_explain import BANK
from tests.core.test_health import deep, one_layer
from tests.ui.bare import Bare
from tests.ui.hands import address_named, bring, click, hover, pick, point, press, rest, set_number, unfold
from tests.ui.sees import OF_THE_MACHINE, explained, labels, written

INVISIBLE = str.maketrans({"\u200b": "", "\u2060": "", "\u00a0": " ", "\u2028": " "})
EDGE = ("weight", 0, 0, 0)


class Reader(Bare):
    """The panel on screen, with its document and selection."""

    def __init__(self, qtbot, state=BANK, size=(364, 700), first=HINT, **times):
        super().__init__(qtbot, state, **times)
        self.qtbot, self.hovered = qtbot, []
        self.panel = ExplainPanel(self.desk)
        self.desk.address_hovered.connect(self.hovered.append)
        self.show(self.panel, size)
        self.desk.frames.add(self.panel)
        self.browser = self.panel.findChild(QTextBrowser)
        self.reads(first)

    def text(self):
        """Return the texts of the title row and the page."""
        labels = [label.text() for label in self.panel.findChildren(QLabel)]
        return "\n".join([*labels, self.browser.toPlainText()]).translate(INVISIBLE)

    def reads(self, text):
        """Wait until the page says `text`; return all that it says."""
        self.qtbot.waitUntil(lambda: text in self.text())
        return self.text()

    def select(self, *address):
        self.document.select(Address(*address))

    def point(self, text, after=""):
        """Return where `text` stands, the first behind `after`, in the viewport."""
        document = self.browser.document()
        cursor = document.find(text, document.find(after) if after else QTextCursor(document))
        assert not cursor.isNull(), text
        end, start = self.browser.cursorRect(cursor), QTextCursor(document)
        start.setPosition(cursor.selectionStart())
        return QPoint((self.browser.cursorRect(start).left() + end.left()) // 2, end.center().y())

    def click(self, text, after=""):
        QTest.mouseClick(self.browser.viewport(), Qt.MouseButton.LeftButton, pos=self.point(text, after))


@pytest.fixture
def read(bare):
    """Return a function that opens the panel on a State, the bank's unless another is given: a Reader."""
    return partial(bare, kind=Reader)


# --- the plot above the text


def views(window):
    """Return the panel Explain, and the names of the plot above its text and of the module of this plot."""
    window.desk.frames.show_pending()
    card = window.board.docks["Explain"].card
    return card, card.view and (type(card.view).__name__, card.phrase)


def test_the_plot_of_the_selection_stands_above_the_text_once_the_library_is_loaded(open_window):
    window = open_window("relu")
    window.desk.has_plots = False
    bring(window, "Explain")
    click(window, address_named(window, "node_0"))
    assert views(window)[1] is None
    window.desk.allow_plots()
    for address, plot in (
        (address_named(window, "node_0"), ("ActivationView", "the activation of a node")),
        (address_named(window, "node_0", "accounts"), ("LossCurve", "the loss over one weight")),
        (address_named(window, "accounts"), None),
        (address_named(window, "output"), ("ActivationView", "the activation of a node")),
        (None, None),
    ):
        window.document.select(address)
        card, seen = views(window)
        assert (seen, card.choice.isVisible()) == (plot, address is not None)
        assert card.more_button.isVisible() == (plot is not None)
    for address in (address_named(window, "output"), address_named(window, "accounts")):
        window.document.select(address)
        pick(card.choice, "Matrix")
        assert views(window)[1] == ("WeightMatrix", "the weights")
        assert card.view.layer == max(address.layer, 0)
        assert "Σ value·w" in explained(window) or "accounts" in explained(window)
    pick(card.choice, "No plot")
    assert views(window)[1] is None


def test_the_divider_is_dragged_and_its_place_is_remembered(open_window, settings):
    window = open_window("relu")
    window.history.load()
    card = bring(window, "Explain")
    window.document.select(Address(*EDGE))
    views(window)
    text, divider = card.findChild(QTextBrowser), card.parts.handle(1)
    QApplication.processEvents()
    before, middle = card.view.height(), divider.rect().center()
    QTest.mousePress(divider, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(divider, middle + QPoint(0, 60))
    QTest.mouseRelease(divider, Qt.MouseButton.LeftButton, pos=middle)
    QApplication.processEvents()
    assert card.view.height() == pytest.approx(before + 60, abs=8)
    share = 100 * card.view.height() / card.parts.height()
    assert settings.get("explain divider", 0) == pytest.approx(share, abs=2)
    height = card.view.height()
    window.document.select(None)
    views(window)
    assert text.height() > 0.9 * card.parts.height(), "without a plot, the text has all of the height"
    window.document.select(Address(*EDGE))
    views(window)
    QApplication.processEvents()
    assert card.view.height() == pytest.approx(height, abs=3)
    again = bring(open_window("relu"), "Explain")
    again.parts.resize(card.parts.size())
    assert again.parts._percent == settings.get("explain divider", 0)


# --- what it says


def test_it_explains_what_is_selected_and_follows_row_state_and_switch(read, approved):
    bank = read(BANK, (1200, 700))  # so wide that no font needs another line
    approved("nothing is selected", bank.text())
    bank.select("node", 0, 0)
    approved("a hidden node", bank.reads("On all 4 rows"))
    bank.select(*EDGE)
    approved("an edge", bank.reads("= 1.984"))
    bank.document.select_row(3)
    approved("an edge in row 4", bank.reads("8·32 = 256"))
    bank.document.edit("a weight", set_weight, 0, 0, 0, 1.0)
    bank.reads("1 − 0.0004·")
    bank.document.show_slopes(True, True)
    approved("the mean over all rows", bank.reads("Mean slope over all 4 rows"))
    bank.document.undo()
    bank.reads("2 − 0.0004·40 = 1.984")
    bank.select("node", 1, 0)
    approved("an output", bank.reads("= 148"))
    bank.select("node", -1, 1)
    approved("an input", bank.reads("mean |∂output/∂x|"))


def test_with_a_penalty_a_slope_has_a_term_for_it(read, approved):
    bank = read(BANK, (1200, 700))
    bank.document.edit("L2", edits.set_training, replace(BANK.training, l2=0.25))
    approved("a loss with a penalty", bank.reads("Training loss"))
    bank.select(*EDGE)
    approved("an edge with a penalty", bank.reads("agrees"))
    bank.click("2", after="3·(−32) + 2·0.25·")
    assert bank.document.now.address == Address(*EDGE)
    bank.document.undo()
    assert "penalty" not in bank.reads("slope = start node's value · end node's slope = 3·(−32)")


def test_names_from_a_file_are_plain_text_and_long_ones_stand_whole_in_a_tooltip(read):
    bank = read(edits.rename(BANK, 0, 0, "<b>a</b> & co"))
    bank.select(*EDGE)
    bank.reads("<b>a</b> & co → node_0")
    name = "a_name_as_long_as_they_come_in_some_files_of_the_world"
    bank.document.push(edits.rename(BANK, 0, 0, name), "a name")
    bank.select("node", -1, 0)
    bank.reads(name)
    assert [label.fits for label in bank.panel.findChildren(ElidedLabel) if label.text() == name] == [False]


def test_a_bias_that_is_taken_away_and_a_network_without_rows_are_said(read, approved):
    bank = read(edits.add_biases(BANK, 0))
    bank.select("bias", 0, 0)
    bank.reads("bias of node_0")
    bank.document.edit("no biases", edits.remove_biases, 0)
    bank.reads("Click a node, an edge")
    bank.document.push(State(BANK.network, Dataset.empty(BANK.network)), "no rows")
    bank.select("node", 0, 0)
    approved("there are no rows", bank.reads("There are no rows"))


def test_what_takes_many_rows_comes_later_and_the_row_at_once(read):
    network = make_network((3, 4, 1), ("tanh", "identity"), (True, False))
    state = make_state(network, 80_000)  # in blocks of 32 rows, which takes a while
    reader = read(state, first="computing", quick_ns=1_000.0, block_ns=1.0)
    reader.select(*EDGE)
    assert "computing the mean slope over 80,000 rows …" in reader.reads("end node's slope")
    reader.document.select_row(5)
    assert "computing" not in reader.reads("[sum over 80,000 rows]")


def test_nothing_is_computed_while_it_is_hidden(read, monkeypatch):
    bank, passes, forward = read(), [], Network.forward
    monkeypatch.setattr(Network, "forward", lambda *of: passes.append(1) or forward(*of))
    bank.panel.hide()
    bank.desk.frames.remove(bank.panel)
    bank.panel.rest()
    bank.select("node", 0, 0)
    bank.document.edit("a weight", set_weight, 0, 0, 0, 1.0)
    QApplication.processEvents()
    assert passes == []
    bank.panel.show()
    bank.desk.frames.add(bank.panel)
    bank.reads("3·1 + 5·4 = 23")


def test_it_is_written_only_when_something_in_it_has_changed(read, monkeypatch):
    bank, written = read(), []
    bank.select("node", 0, 0)
    bank.reads("On all 4 rows")
    monkeypatch.setattr("nnviz.ui.panels.explain.html", lambda *of: written.append(of) or "")
    bank.player.show_phase("backward")
    bank.document.show_slopes(True)
    bank.document.push(replace(bank.document.state, name="another", notes="others"), "words")
    bank.desk.frames.show_pending()
    assert written == []
    bank.document.select_row(1)
    bank.desk.frames.show_pending()
    assert len(written) == 1


def test_what_is_found_later_is_written_when_it_comes(read):
    network = make_network((3, 4, 1), ("relu", "identity"), (True, False))
    reader = read(make_state(network, 80_000), first="computing", quick_ns=1_000.0, block_ns=1.0)
    reader.select("node", 0, 0)
    reader.reads("counting rows …")
    assert reader.document.now.health is None  # the diagram asks for it
    reader.reads("of 80,000 rows")


def test_an_input_selected_by_click_or_arrow_key_shows_its_slopes(open_window):
    window = open_window("many-rows")
    bring(window, "Explain")
    click(window, address_named(window, "accounts"))
    assert "= 2·1·2·1 + 4·0·7·1 = 4" in explained(window)
    assert "= 2·(−32) + 4·0 = −64" in explained(window)
    assert "≈ −64 ✓ agrees" in explained(window)
    click(window, address_named(window, "node_0"))
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Down):
        QTest.keyClick(window.diagram, key)
    assert window.document.now.address == address_named(window, "children")
    before = explained(window)
    assert "= 4·(−32) + (−5)·0 = −128" in before
    window.document.show_slopes(True, True)
    assert explained(window) == before, "the slope that is checked stays that of the row"
    set_number(window, Address("input", -1, 1), "6")
    assert "x = 6" in explained(window)
    window.document.undo()
    assert explained(window) == before


def test_slopes_by_an_input_over_many_rows_come_later_and_follow_the_weights(read):
    network = make_network((3, 4, 1), ("tanh", "identity"), (True, False))
    reader = read(make_state(network, 80_000), first="computing", quick_ns=1_000.0, block_ns=1.0)
    reader.select("node", -1, 1)
    assert "Mean over all 80,000 rows\ncomputing …" in reader.reads("✓ agrees")
    before = reader.reads("mean |∂MSE/∂x|")
    reader.document.select_row(5)
    assert "mean |∂MSE/∂x|" in reader.reads("Row 6 of 80,000")
    reader.document.edit("a weight", set_weight, 0, 0, 0, 9.0)
    assert "computing …" in reader.reads("Mean over all 80,000 rows\ncomputing …")
    assert reader.reads("mean |∂MSE/∂x|").partition("Mean")[2] != before.partition("Mean")[2]


def test_a_what_if_row_has_the_slope_of_the_prediction_only(read):
    bank = read()
    bank.select("node", -1, 0)
    bank.reads("✓ agrees")
    bank.document.show_what_if_row([1.0, 2.0])
    text = bank.reads("What-if row")
    assert "∂output/∂x" in text
    assert "∂MSE/∂x" not in text
    assert "check" not in text


# --- pointing, copying


def test_clicking_a_factor_leads_to_its_edge_or_node_and_hovering_tells_its_part(read):
    bank = read()
    bank.select(*EDGE)
    bank.reads("3·1·2·2·(−8)")
    bank.click("2", after="3·1·")
    assert bank.document.now.address == Address("weight", 1, 0, 0)
    bank.reads("26·(−16)")
    bank.click("26", after="end node's slope")
    assert bank.document.now.address == Address("node", 0, 0)
    bank.reads("3·2 + 5·4 = 26")
    bank.hovered.clear()
    hover(bank.browser.viewport(), bank.point("5", after="+ "))
    assert bank.hovered == [Address("node", -1, 1)]
    hover(bank.browser.viewport(), QPoint(330, 690))
    assert bank.hovered[-1] is None
    hover(bank.browser.viewport(), bank.point("5", after="+ "))
    QApplication.sendEvent(bank.browser, QEvent(QEvent.Type.Leave))
    assert bank.hovered[-2:] == [Address("node", -1, 1), None]


def test_only_slopes_are_purple_and_the_copy_button_copies_ascii(read, approved):
    bank = read()
    bank.select(*EDGE)
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
    assert purple == {"−96", "−32", "0", "256", "40"}  # one of them from a difference
    (copy,) = (own for own in bank.panel.findChildren(QPushButton) if own.text() == "Copy")
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    approved("an edge is copied", text)
    assert text.isascii()
    bank.select("node", 1, 0)
    bank.reads("52 − 60 = −8")
    bank.browser.setFocus()
    for key in (Qt.Key.Key_A, Qt.Key.Key_C):
        QTest.keyClick(bank.browser, key, Qt.KeyboardModifier.ControlModifier)
    text = QGuiApplication.clipboard().text()
    assert "52 - 60 = -8" in text
    assert "(-8)^2 = 64" in text
    assert text.isascii()


def test_a_program_ends_well_with_an_explanation_in_the_clipboard():
    program = """
from nnviz.ui.kit.theme import application
from nnviz.ui.panels.explain import ExplainBrowser
app = application()
browser = ExplainBrowser()
browser.show_html("<p>z = −1</p>", False)
browser.selectAll()
browser.copy()
assert app.clipboard().text() == "z = -1"
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    said = [line for line in ended.stderr.splitlines() if not line.startswith(OF_THE_MACHINE)]
    assert (ended.returncode, said) == (0, [])


# --- where lines break


def test_the_least_height_of_a_plot_does_not_depend_on_the_plots_before(open_window):
    window = open_window("relu")
    bring(window, "Explain")
    window.desk.allow_plots()
    heights = []
    for name, *source in (("node_0", "accounts"), ("node_0",), ("node_0", "accounts")):
        window.document.select(address_named(window, name, *source))
        heights.append(views(window)[0].parts.widget(0).minimumSizeHint().height())
    assert heights[0] == heights[2] != heights[1]


def lines_of(browser):
    """Yield the lines of the page as they are laid out, each with the one before in its paragraph."""
    block = browser.document().begin()
    while block.isValid():
        layout, text, before = block.layout(), block.text(), None
        for k in range(layout.lineCount()):
            line = layout.lineAt(k)
            one = text[line.textStart() : line.textStart() + line.textLength()].translate(INVISIBLE)
            yield before, one
            before = None if text[: line.textStart() + line.textLength()].endswith("\u2028") else one
        block = block.next()


def test_a_line_breaks_between_terms_and_in_no_product_that_has_room(read):
    network = make_network((2, 3, 2), ("tanh", "softmax"), (True, False))
    reader = read(make_state(network, 4))
    for width in (280, 364, 500):
        reader.panel.resize(width, 700)
        for address in ("weight", 0, 1, 0), ("node", 1, 1), ("node", 0, 0), ("bias", 0, 2):
            reader.select(*address)
            reader.reads("∂MSE/∂z")
            QApplication.processEvents()  # a scroll bar may have come, which leaves less room
            reader.desk.frames.show_pending()
            for before, line in lines_of(reader.browser):
                if before is not None and ("·" in before or "=" in line):
                    term = re.split(" [+−=≈] ", before)[-1] + re.split(" [+−=≈] ", line)[0]
                    broken = not re.match("[+−=≈] ", line)
                    alone = before.rstrip().endswith("·") and len(term) > width / 9
                    after_a_comma = before.rstrip().endswith(",")
                    assert not broken or alone or after_a_comma, (width, before, line)


def test_lines_break_at_the_same_places_with_and_without_a_scroll_bar(read):
    """Else the bar may leave with the lines that it brought, and come again without an end."""
    network = make_network((2, 3, 2), ("tanh", "softmax"), (True, False))
    reader = read(replace(make_state(network, 4), training=Training(optimizer="adam")))
    reader.select("weight", 0, 1, 0)

    def page(width, height):
        reader.panel.resize(width, height)
        QApplication.processEvents()
        reader.desk.frames.show_pending()
        reader.reads("∂MSE/∂z")
        return reader.browser.toPlainText(), reader.browser.verticalScrollBar().isVisible()

    for width in range(280, 500, 4):
        long, short = page(width, 3000), page(width, 200)
        assert (long[1], short[1]) == (False, True)
        assert long[0] == short[0], width


def test_a_cross_entropy_breaks_neither_behind_its_minus_nor_before_a_closing_parenthesis(read):
    layer = Layer(("output",), "sigmoid", [[0.4123456, -0.3]], [0.1])
    network, settings = Network(("x", "y"), (layer,)), Training(loss="cross_entropy")
    reader = read(State(network, Dataset([[0.13, -0.13], [0.5, 0.1]], [[0.0], [1.0]]), settings))
    reader.reads("ln(1 − a)")
    for width in range(300, 420, 12):
        reader.panel.resize(width, 700)
        QApplication.processEvents()
        reader.desk.frames.show_pending()
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
        for at in line_breaks(text, lambda part: len(part) <= room)
    )
    assert [text[a:b] for a, b in itertools.pairwise([0, *ends, len(text)])] == lines


def test_another_size_of_everything_is_taken_over_and_lines_break_elsewhere(read, qapp):
    state = make_state(make_network((2, 3, 2), ("tanh", "softmax"), (True, False)), 4)
    reader = read(state, (500, 3000))  # so high that no scroll bar comes, which would also break lines anew
    reader.select("weight", 0, 1, 0)
    reader.reads("✓ agrees")

    def page():
        for _ in range(3):
            QApplication.processEvents()
            reader.desk.frames.show_pending()
        text = reader.browser.document()
        return reader.browser.cursorRect(text.find("agrees")), text.toPlainText()

    before = page()
    set_size_percent(qapp, 200)
    larger = page()
    reader.panel.resize(501, 3000)
    page()
    reader.panel.resize(500, 3000)
    assert page() == larger
    assert larger[0].height() == pytest.approx(2 * before[0].height(), abs=4)
    assert larger[1] != before[1], "lines may break elsewhere"
    set_size_percent(qapp, 100)
    assert page() == before


def test_a_whole_edge_is_read_without_scrolling(read):
    state = make_state(make_network((2, 2, 1), ("tanh", "identity"), (True, True)), 4)
    reader = read(state, (364, 380))
    for own in (state, train(state, updates=7).state):
        reader.document.start(own)
        reader.document.select_row(3)
        reader.select("weight", 0, 0, 1)
        for part in ("w ≈", "slope =", "chain =", "✓ agrees", "mean slope =", "new w ="):
            reader.reads(part)
        assert reader.browser.verticalScrollBar().maximum() == 0


# --- what is odd on all rows: marks on the diagram, reasons, remedies that help

BADGE = [Address("badge", 0, node) for node in range(3)]


def odd():
    """Return four rows: one node is dead, one passes 0 for the first row alone, one lives."""
    return one_layer("relu", [1.0, 1.0, 0.1], [-9.0, 1.5, 1.0], [-2.0, -1.0, 1.0, 2.0])


def badges(window):
    return [written(window, badge) for badge in BADGE]


def activation_button(window, layer):
    return next(
        own
        for own in window.diagram.findChildren(QToolButton)
        if own.accessibleName().startswith(f"Activation of {layer}")
    )


def choose_activation(window, layer, name):
    """Open the list under a heading by a click, and click an activation in it."""
    button = activation_button(window, layer)

    def take():
        menu = button.menu()
        action = next(own for own in menu.actions() if own.text().replace("&", "").startswith(f"{name}:"))
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())

    button.menu().aboutToShow.connect(take, Qt.ConnectionType.QueuedConnection)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_dead_on_all_rows_is_marked_and_the_remedy_that_explain_names_takes_it_away(afresh, qtbot, approved):
    window, told = afresh(odd()), []
    assert badges(window) == ["dead on all rows", "relu passes 0", ""]
    assert [window.diagram.picture.label(badge).style for badge in BADGE[:2]] == ["mark", "note"]
    window.document.select_row(3)
    assert badges(window) == ["dead on all rows", "", ""]
    window.document.select_row(0)
    for name, share in (("node_1", "1 of 4 rows"), ("node_0", "4 of 4 rows")):
        click(window, address_named(window, name))
        qtbot.waitUntil(lambda share=share: share in explained(window))
        told.append(explained(window).partition("On all")[2])
    approved("nodes that pass 0 on one row and on all", "\n---\n".join(told))
    assert "dead on all rows" in window.diagram.accessibleDescription()
    press(window, "Run")
    qtbot.waitUntil(lambda: window.document.now.is_moving and window.document.state.iteration > 0)
    assert badges(window)[0] == "dead on all rows", "the marks are there while it is trained"
    with qtbot.waitSignal(window.runner.run_ended):
        window.training.speed.setValue(100)
    assert badges(window)[0] == "dead on all rows"
    choose_activation(window, "the hidden layer", "leaky_relu")
    qtbot.waitUntil(lambda: badges(window)[0] == "")
    qtbot.waitUntil(lambda: "On all 4 rows" not in explained(window))
    assert "dead" not in window.diagram.accessibleDescription()


def test_slopes_that_vanish_stand_in_the_heading_until_the_remedy_brings_them_back(afresh, qtbot, approved):
    window, line = afresh(deep()), Address("subheading", 0)

    def marks_in_sight():
        return [text for text in labels(window.diagram) if "vanish" in text]

    assert [written(window, line._replace(layer=k)) for k in (0, 2, 3)] == [
        "sigmoid · vanish",
        *["sigmoid · biases"] * 2,
    ]
    assert marks_in_sight() == ["vanish", "vanish"]  # of layers 1 and 2
    bring(window, "Explain")
    qtbot.waitUntil(lambda: "The slopes of this layer vanish" in explained(window))
    told = [activation_button(window, "hidden layer 1").accessibleName()]
    told += [line for line in explained(window).split("\n") if "The slopes of this layer vanish" in line]
    window.main_window.resize(1900, 1000)
    qtbot.waitUntil(lambda: window.diagram.width() > 1400)
    rest(window.diagram, point(window, line))
    approved("slopes that vanish", "\n".join([*told, QToolTip.text()]))
    QToolTip.hideText()
    assert "vanish" in written(window, line)
    for layer in range(1, 5):
        choose_activation(window, f"hidden layer {layer}", "relu")
        qtbot.waitUntil(lambda k=layer: window.document.state.network.layers[k - 1].activation == "relu")
    unfold(window.training)
    press(window, "New random weights")
    assert "vanish" not in written(window, line)
    assert marks_in_sight() == []
    assert "vanish" not in activation_button(window, "hidden layer 1").accessibleName()
    qtbot.waitUntil(lambda: "The slopes of this layer vanish" not in explained(window))


def test_a_mark_that_goes_in_a_run_leaves_no_pixels_where_a_heading_stands_alone(afresh, qapp):
    window = afresh(one_layer("relu", [-1.0], [0.0], [1.0, 2.0]))
    QTest.keyClick(window.main_window, Qt.Key.Key_F11)
    QTest.qWait(50)
    place = window.diagram.picture.place(Address("subheading", 0))
    assert "slopes are 0" in written(window, Address("subheading", 0))
    window.document.set_in_motion(True)
    window.document.push(one_layer("relu", [1.0], [0.0], [1.0, 2.0]), "as a run does")
    window.desk.frames.show_pending()
    seen = []
    for _ in range(2):
        QTest.qWait(50)
        whole = qapp.primaryScreen().grabWindow(window.diagram.window().winId()).toImage()
        at = window.diagram.mapTo(window.diagram.window(), QPoint(int(place.x), int(place.y)))
        seen.append(whole.copy(at.x() - 60, at.y(), int(place.width) + 120, int(place.height)))
        window.diagram.update()
    window.document.set_in_motion(False)
    QTest.keyClick(window.diagram.window(), Qt.Key.Key_F11)
    assert seen[0] == seen[1]
