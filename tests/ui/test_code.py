"""The code panel: the program of the open network is highlighted, clicked, copied and saved."""

import os
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QPushButton

from nnviz.core.address import Address
from nnviz.document.walk import Walk, WalkProgress
from nnviz.files.code import STYLES, program
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.kit.controls import ComboBox, ElidedLabel
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.panels.code import CodePanel
from nnviz.ui.panels.code_text import CodeText, Lines
from tests.bench.windows import LARGE
from tests.bench.windows import state as made
from tests.core.oracle import set_weight
from tests.files.programs import of_classes, shipped
from tests.ui.bare import Bare
from tests.ui.hands import address_named, bring, choose, click, hover, press, set_number, type_name
from tests.ui.runs import pixels_of
from tests.ui.sees import status

NODE_0, NODE_1, OUTPUT = Address("node", 0, 0), Address("node", 0, 1), Address("node", 1, 0)
LEFT = Qt.MouseButton.LeftButton
FORWARD = "z0 = x @ W0.T"


class Code(Bare):
    """The panel on screen; its file dialog begins in `folder`."""

    def __init__(self, qtbot, folder, what="relu", style="numpy", size=(520, 760)):
        super().__init__(qtbot, what)
        self.desk.suggestion = lambda end: folder / f"mine{end}"
        self.desk.settings.remember("code style", style)
        self.panel = CodePanel(self.desk)
        self.hovered = []
        self.desk.address_hovered.connect(self.hovered.append)
        self.show(self.panel, size)
        self.desk.frames.add(self.panel)
        self.style = style

    @property
    def text(self):
        """The program's text, as it is in the next frame."""
        self.desk.frames.show_pending()
        return self.panel.findChild(CodeText)

    def weight(self, value, source=0):
        self.document.push(set_weight(self.document.state, 0, 0, source, value), "a weight")

    def is_true(self):
        """Return whether the panel shows the program of the open network."""
        return self.text.toPlainText() == program(self.document.state, self.style).text.removesuffix("\n")

    def press(self, text):
        (button,) = (own for own in self.panel.findChildren(QPushButton) if own.text() == text)
        QTest.mouseClick(button, LEFT)

    def line_of(self, said):
        """Return the number of the only line that says this, from 0."""
        (line,) = (k for k, own in enumerate(self.text.toPlainText().split("\n")) if said in own)
        return line

    def at(self, said):
        """Scroll to the line that says this, and return a place on it."""
        line = said if isinstance(said, int) else self.line_of(said)
        cursor, bar = QTextCursor(self.text.document().findBlockByNumber(line)), self.text.verticalScrollBar()
        bar.setValue(bar.value() + self.text.cursorRect(cursor).top() - 40)
        place = self.text.cursorRect(cursor)
        return QPoint(place.left() + 6, place.center().y())

    def click(self, at):
        QTest.mouseClick(self.text.viewport(), LEFT, pos=self.at(at))
        return self.document.now.address

    def _in_sight(self):
        """Yield each line in sight, stripped, with the colours of its pixels from left to right."""
        text, pixels = self.text, pixels_of(self.text.viewport())
        block = text.cursorForPosition(QPoint(0, 0)).block()
        while block.isValid() and (place := text.cursorRect(QTextCursor(block))).bottom() < len(pixels):
            if place.top() >= 0:
                yield block.text().strip(), [f"#{colour:06X}" for colour in pixels[place.center().y()]]
            block = block.next()

    def lit(self, role, theme="light"):
        """Return the lines in sight whose ground is painted in the colour of a role."""
        colour = getattr(PALETTES[theme], role)
        return [line for line, colours in self._in_sight() if colours[-2] == colour]

    def marked(self):
        """Return which marks stand in the margin beside each line in sight that is lit up."""
        roles = {role: getattr(PALETTES["light"], role) for role in ("accent", "walk")}
        found = {
            line: {role for role, colour in roles.items() if colour in colours[:12]}
            for line, colours in self._in_sight()
        }
        return {line: marks for line, marks in found.items() if marks}

    def coloured(self, said, role, theme="light"):
        """Return the parts of a line that have the colour of a role."""
        block, colour = self.text.document().findBlockByNumber(self.line_of(said)), PALETTES[theme]
        units = block.text().encode("utf-16-le")
        return [
            units[2 * own.start : 2 * (own.start + own.length)].decode("utf-16-le")
            for own in block.layout().formats()
            if own.format.foreground().color().name().upper() == getattr(colour, role)
        ]

    @property
    def legend(self):
        """The text of the line under the program."""
        self.desk.frames.show_pending()
        return self.panel.findChildren(ElidedLabel)[-1].text()

    @property
    def described(self):
        """The program's description for a screen reader."""
        return self.text.accessibleDescription()


@pytest.fixture
def code(qtbot, tmp_path):
    """Return a function that opens the panel on `relu`, or on another State: a Code."""
    opened = []

    def open_it(*what, **words):
        opened.append(Code(qtbot, tmp_path, *what, **words))
        return opened[-1]

    yield open_it
    for own in opened:
        own.close()


# --- what it shows


def test_it_shows_the_program_of_what_is_open_and_follows_it(code, qtbot):
    own = code()
    assert own.is_true()
    assert "[2.0, 4.0],  # node_0" in own.text.toPlainText()
    state = shipped("xor", updates=20)
    for changed in (
        set_weight(state, 0, 0, 0, 1 / 3),
        replace(state, training=replace(state.training, optimizer="adam", batch_size=2)),
        replace(state, network=replace(state.network, inputs=("é", "😀"))),
        load(example("relu").path),
        state,
    ):
        own.document.push(changed, "a change")
        qtbot.waitUntil(own.is_true)
    own.document.undo()
    qtbot.waitUntil(own.is_true)
    own.document.redo()
    own.runner.speed = 1.0
    with qtbot.waitSignal(own.runner.run_ended):
        own.runner.run()
    qtbot.waitUntil(own.is_true)
    assert "the result of 20 updates" in own.text.toPlainText()


def test_what_is_scrolled_to_and_selected_stays_while_numbers_change(code, qtbot):
    own = code(size=(364, 300))
    text = own.text
    text.setTextCursor(text.document().find("return np.maximum"))
    own.at("def forward")
    place = text.verticalScrollBar().value()
    assert place > 0
    for weight in (0.1, -1 / 3, 40000.0):
        own.weight(weight)
        qtbot.waitUntil(lambda w=weight: f"[{w!r}, 4.0]" in text.toPlainText())
    assert text.verticalScrollBar().value() == place
    assert text.textCursor().selectedText() == "return np.maximum"


def test_a_hidden_panel_writes_nothing(code, monkeypatch):
    own = code()
    before = own.text.toPlainText()
    own.panel.hide()
    own.desk.frames.remove(own.panel)
    monkeypatch.setattr("nnviz.ui.panels.code.program", lambda *_: pytest.fail("nobody sees it"))
    own.weight(9.0)
    own.document.select(NODE_0)
    own.player.step()
    monkeypatch.undo()
    assert own.text.toPlainText() == before
    own.panel.show()
    own.desk.frames.add(own.panel)
    assert "[9.0, 4.0],  # node_0" in own.text.toPlainText()


def test_numbers_words_and_comments_have_their_colours_in_each_theme(code, qapp):
    named = replace(load(example("relu").path), name='😀 """ it\'s')
    own = code(named)
    assert own.coloured("# node_0", "number") == ["2.0", "4.0"]
    assert own.coloured("# node_0", "muted") == ["# node_0"]
    assert own.coloured("😀", "muted") == [f"# {named.name}"]
    own.document.select(NODE_0)
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        QApplication.processEvents()
        assert own.coloured("import numpy", "keyword", theme) == ["import", "as"]
        assert own.lit("selection", theme)


def test_a_long_line_wraps_and_continues_indented(code):
    own = code("xor", size=(320, 400))
    text = own.text
    block = text.document().findBlockByNumber(own.line_of("# node_0"))
    first, *others = (block.layout().lineAt(k).x() for k in range(block.layout().lineCount()))
    assert others
    assert min(others) > first
    assert text.horizontalScrollBar().maximum() == 0


def test_a_style_that_cannot_express_the_network_says_why(code, monkeypatch, qtbot):
    def refuses(*_):
        raise ValueError("NumPy has no such network")

    own = code()
    monkeypatch.setitem(STYLES, "numpy", STYLES["numpy"]._replace(lines=refuses))
    own.weight(0.5)
    qtbot.waitUntil(lambda: not own.text.isVisible())
    said = [label.text() for label in own.panel.findChildren(QLabel) if label.isVisible()]
    assert "NumPy has no such network" in said
    assert not any(button.isEnabled() for button in own.panel.findChildren(QPushButton))
    monkeypatch.undo()
    own.document.undo()
    qtbot.waitUntil(own.text.isVisible)
    assert own.is_true()
    assert all(button.isEnabled() for button in own.panel.findChildren(QPushButton))


# --- lit up


def test_the_lines_of_the_selection_are_marked_and_scrolled_to(code):
    own = code(size=(520, 900))
    own.document.select(NODE_0)
    assert {"[2.0, 4.0],  # node_0", FORWARD, "a0 = relu(z0)"} <= set(own.lit("selection"))
    assert "[4.0, -5.0],  # node_1" not in own.lit("selection")
    assert own.marked()[FORWARD] == {"accent"}
    assert own.described.startswith(f"node_0: lines {own.line_of('# node_0') + 1}, ")
    own.document.select(None)
    assert (own.lit("selection"), own.marked(), own.described) == ([], {}, "")
    own.document.select(Address("weight", 1, 0, 1))
    assert "[2.0, 7.0],  # output" in own.lit("selection")
    own.at("a1 = a0 @ W1.T")
    assert "a1 = a0 @ W1.T" in own.lit("selection")
    assert FORWARD not in own.lit("selection")
    own.panel.resize(520, 300)
    own.text.verticalScrollBar().setValue(own.text.verticalScrollBar().maximum())
    own.document.select(Address("node", -1, 0))
    assert own.lit("selection")[0].startswith("inputs = ")


def test_the_lines_of_the_walk_have_marks_of_their_own(code, qtbot):
    own = code(size=(520, 900))
    for phase, line in (
        ("Forward", FORWARD),
        ("Loss", "return np.mean((prediction - y) ** 2)"),
        ("Backward", "slope_W0 = slope_z0.T @ x"),
        ("Update", "w[:] = w - learning_rate * slope"),
    ):
        own.player.show_phase(phase.lower())
        assert line in own.lit("walked")
        assert f"{phase}: line" in own.described
    own.player.stop()
    assert (own.lit("walked"), own.described) == ([], "")
    own.player.speed = 1.0
    own.player.step()
    assert FORWARD in own.lit("walked")
    assert "a1 = a0 @ W1.T" not in own.lit("walked")
    assert own.marked()[FORWARD] == {"walk"}
    own.player.step()
    own.player.step()
    qtbot.waitUntil(lambda: "a1 = a0 @ W1.T" in own.lit("walked"))
    assert FORWARD not in own.lit("walked")
    own.document.select(NODE_0)
    own.player.show_phase("forward")
    assert own.marked()[FORWARD] == {"accent", "walk"}
    assert own.described.startswith("node_0: lines ")
    assert "; Forward: lines " in own.described
    assert own.legend == "▌ node_0    ▶ Forward"


def test_the_lines_of_the_walk_are_visible_when_panel_or_style_change(code):
    own = code("xor", size=(364, 260))
    for phase in ("update", "forward", "backward"):
        own.player.show_phase(phase)
        assert own.lit("walked")
    own.panel.hide()
    own.desk.frames.remove(own.panel)
    own.player.show_phase("update")
    own.panel.show()
    own.desk.frames.add(own.panel)
    assert own.lit("walked")
    QTest.keyClick(own.panel.findChild(ComboBox), Qt.Key.Key_Down)
    assert own.lit("walked")


def test_the_program_of_a_large_network_loads_its_numbers_from_a_file(code, qtbot):
    own = code(made(*LARGE))
    stored = 'W0 = stored["W0"]'
    assert stored in own.text.toPlainText()
    own.document.select(Address("weight", 0, 100, 700))
    own.at(stored)
    assert stored in own.lit("selection")
    own.player.show_phase("update")
    assert own.lit("walked")
    own.weight(0.25)
    own.runner.step()
    qtbot.waitUntil(own.is_true)
    own.press("Copy")
    assert status(own) == "Copied the program, but not the file with its numbers; press Save… to save both"


# --- clicked


def test_clicks_on_a_line_select_its_addresses_in_turn(code):
    own = code()
    first, second = (Address("weight", 0, 0, source) for source in (0, 1))
    assert [own.click("# node_0") for _ in range(4)] == [NODE_0, first, second, NODE_0]
    assert own.click("z0 = x @") == NODE_1
    assert own.click("import numpy") == NODE_1
    assert own.legend == "This line belongs to no node or edge"
    own.click("# node_1")
    assert own.legend == "▌ accounts → node_1"


def test_enter_selects_and_selected_text_selects_no_node(code):
    own = code()
    text = own.text
    start = own.at("# node_0")
    QTest.mousePress(text.viewport(), LEFT, pos=start)
    QTest.mouseMove(text.viewport(), start + QPoint(80, 0))
    QTest.mouseRelease(text.viewport(), LEFT, pos=start + QPoint(80, 0))
    assert text.textCursor().hasSelection()
    assert own.document.now.address is None
    text.setFocus()
    text.setTextCursor(QTextCursor(text.document()))
    while text.textCursor().blockNumber() < own.line_of("# node_0"):
        QTest.keyClick(text, Qt.Key.Key_Down)
    assert own.document.now.address is None
    QTest.keyClick(text, Qt.Key.Key_Return)
    assert own.document.now.address == NODE_0
    QTest.keyClick(text, Qt.Key.Key_Up)
    QTest.keyClick(text, Qt.Key.Key_Enter)
    assert own.document.now.address == NODE_0
    for name in ("Style of the program", "Copy the program", "Save the program, ready to run"):
        QTest.keyClick(own.panel.window().focusWidget(), Qt.Key.Key_Tab)
        assert own.panel.window().focusWidget().accessibleName() == name


def test_the_diagram_highlights_the_address_of_the_hovered_line(code):
    own = code()
    view = own.text.viewport()
    hover(view, own.at("# output"))
    assert own.hovered == [OUTPUT]
    assert view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    hover(view, own.at("import numpy"))
    assert own.hovered[1:] == [None]
    assert view.cursor().shape() == Qt.CursorShape.IBeamCursor
    for selected, shown in ((None, NODE_0), (NODE_0, NODE_0), (NODE_1, NODE_1), (OUTPUT, NODE_0)):
        own.document.select(selected)
        for line in ("import numpy", FORWARD):
            hover(view, own.at(line))
        assert own.hovered[-1] == shown, "a line that is lit up shows just the selection"


# --- copied and saved


def test_the_program_or_the_selected_text_is_copied_as_plain_text(code):
    own = code()
    own.weight(2.5)
    own.press("Copy")
    assert QGuiApplication.clipboard().text() == program(own.document.state, "numpy").text
    assert status(own) == "Copied the program"
    own.text.setTextCursor(own.text.document().find(FORWARD))
    own.text.setFocus()
    QTest.keyClick(own.text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    data = QGuiApplication.clipboard().mimeData()
    assert (data.text(), data.hasHtml()) == (FORWARD, False)


def test_a_program_is_saved_with_its_numbers_or_says_why_not(code, answer, tmp_path, approved):
    for name in ("relu", "digits"):
        own = code(name)
        answer(QFileDialog, type_name(tmp_path / f"{name}.py"))
        own.press("Save…")
        assert status(own) == f"Saved {name}.py" + " and digits.npz" * (name == "digits")
        written = (tmp_path / f"{name}.py").read_text("utf-8")
        assert written == program(own.document.state).text
    assert sorted(os.listdir(tmp_path)) == ["digits.npz", "digits.py", "relu.py"]

    (tmp_path / "mine.npz").write_bytes(b"another's")
    told = []
    for name in ("mine.py", "other.npz"):
        answer(QFileDialog, type_name(tmp_path / name))
        answer(QMessageBox, choose("OK", told))
        own.press("Save…")
        assert told[-1] == status(own)
    assert (tmp_path / "mine.npz").read_bytes() == b"another's"
    assert not (tmp_path / "other.npz").exists()
    approved("a program that cannot be saved", "\n".join(told))


# --- in the window


def test_the_chosen_style_is_shown_and_remembered(open_window, settings):
    window = open_window("relu")
    code = bring(window, "Code")
    text, choice = code.findChild(CodeText), code.head.findChild(ComboBox)
    QTest.keyClick(choice, Qt.Key.Key_Home)
    for style in STYLES:
        written = program(window.document.state, style).text.removesuffix("\n")
        assert text.toPlainText() == written
        QTest.keyClick(choice, Qt.Key.Key_Down)
    assert settings.get("code style", "") == style
    assert bring(open_window("relu"), "Code").findChild(CodeText).toPlainText() == written


def test_a_click_on_the_diagram_leaves_the_code_in_front_and_explains_beside_it(afresh, qtbot):
    window = afresh("relu")
    text = bring(window, "Code").findChild(CodeText)
    set_number(window, address_named(window, "node_0", "accounts"), "2.5")
    qtbot.waitUntil(lambda: "2.5" in text.toPlainText())
    click(window, address_named(window, "node_0"))
    window.desk.frames.show_pending()
    assert text.isVisible()
    assert text.accessibleDescription().startswith("node_0: line")
    press(window, "Notes")
    click(window, address_named(window, "node_1"))
    assert window.board.docks["Explain"].is_in_view
    bring(window, "Code")
    window.board.docks["Code"].setFloating(True)
    QApplication.processEvents()
    press(window, "Notes")
    click(window, address_named(window, "node_0"))
    assert window.board.docks["Explain"].is_in_view
    assert text.isVisible()


# --- which lines compute what a step of the walk says


def lit(state, style, layers):
    """Yield each deed with the lines that are lit up once its first step of a layer is done."""
    lines = program(state, style).lines
    walk = Walk(state.network.sizes, rows=len(state.data))
    for deed, layer in dict.fromkeys(step[:2] for step in walk.steps if step.layer in layers):
        progress = WalkProgress(walk).at(1 + [step[:2] for step in walk.steps].index((deed, layer)))
        found = [lines[k].text.strip() for k in sorted(Lines(lines).walk_lines(progress))]
        yield f"{style}, {deed} {layer}:\n  " + "\n  ".join(found)


def test_the_marked_lines_compute_the_step_of_the_walk(approved):
    classes = of_classes(depths=([3],))["cross_entropy_softmax3_1"]
    assert classes.validated
    for name, state, layers in (
        ("many rows", shipped("many-rows"), (0, 1)),
        ("one row", shipped("relu"), (1,)),
        ("cross-entropy", classes, (1,)),
    ):
        texts = [text for style in STYLES for text in lit(state, style, layers)]
        approved(f"lit up by a step | {name}", "\n".join(texts))
    assert not any("softmax_back" in line.text for style in STYLES for line in program(classes, style).lines)
