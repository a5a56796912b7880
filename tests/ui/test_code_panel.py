"""The code panel: the program of what is open, lit up, clicked, copied and saved as a person does."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QPushButton

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.files.code import STYLES, program
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.code.marks import Legend
from nnviz.ui.code.text import CodeText
from nnviz.ui.widgets.choice import Choice
from tests.bench.windows import LARGE
from tests.bench.windows import state as made
from tests.ui.hands import (
    address_named,
    bring,
    choose,
    choose_entry,
    click,
    hover,
    press,
    set_number,
    type_name,
)
from tests.ui.sees import status

NODE_0 = Address("node", 0, 0)


def program_of(window):
    """Return the program of what is open, as the panel shows it."""
    return program(window.document.state, "numpy").text.removesuffix("\n")


@pytest.fixture
def shown(open_window):
    """Return a function that opens a window with the code in front: the window, and the program's text."""

    def open_it(what="relu", size=(1280, 800)):
        window = open_window(what, size)
        return window, bring(window, "Code").findChild(CodeText)

    return open_it


@pytest.fixture
def code(shown, settings):
    """Return the same function, for the style NumPy."""
    settings.remember("code style", "numpy")
    return shown


def press_here(window, text):
    """Press the panel's own button that says `text`."""
    (button,) = (own for own in window.board.docks["Code"].findChildren(QPushButton) if own.text() == text)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def line_of(text, said):
    """Return the number of the only line that says this, from 0."""
    (line,) = (k for k, own in enumerate(text.toPlainText().split("\n")) if said in own)
    return line


def at(text, line):
    """Scroll to a line, and return a place on it."""
    cursor, bar = QTextCursor(text.document().findBlockByNumber(line)), text.verticalScrollBar()
    bar.setValue(bar.value() + text.cursorRect(cursor).top() - 40)
    place = text.cursorRect(cursor)
    return QPoint(place.left() + 6, place.center().y())


def click_line(text, said):
    QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=at(text, line_of(text, said)))


def in_sight(text):
    """Yield each line in sight, stripped, and how high in the viewport it begins."""
    block, height = text.cursorForPosition(QPoint(0, 0)).block(), text.viewport().height()
    while block.isValid() and (place := text.cursorRect(QTextCursor(block))).bottom() < height:
        if place.top() >= 0:
            yield block.text().strip(), place.center().y()
        block = block.next()


def lit(text, role, theme="light"):
    """Return the lines in sight whose ground is painted in the colour of a role."""
    image, colour = text.viewport().grab().toImage(), getattr(PALETTES[theme], role)
    x = image.width() - 2
    return [line for line, y in in_sight(text) if image.pixelColor(x, y).name().upper() == colour]


def marked(text):
    """Return which marks stand in the margin beside each line in sight that is lit up."""
    image, margin = text.viewport().grab().toImage(), range(12)
    roles = {getattr(PALETTES["light"], role): role for role in ("accent", "walk")}
    found = {}
    for line, y in in_sight(text):
        colours = {image.pixelColor(x, y).name().upper() for x in margin}
        if own := {role for colour, role in roles.items() if colour in colours}:
            found[line] = own
    return found


def coloured(text, said, role, theme="light"):
    """Return the parts of a line that have the colour of a role."""
    block = text.document().findBlockByNumber(line_of(text, said))
    units = block.text().encode("utf-16-le")
    formats = block.layout().formats()
    return [
        units[2 * own.start : 2 * (own.start + own.length)].decode("utf-16-le")
        for own in formats
        if own.format.foreground().color().name().upper() == getattr(PALETTES[theme], role)
    ]


def legend_of(window):
    """Return what the line under the program says."""
    return window.board.docks["Code"].findChild(Legend).accessibleName()


def test_it_shows_the_program_of_what_is_open(code):
    window, text = code()
    assert text.toPlainText() == program_of(window)
    assert "[2.0, 4.0],  # node_0" in text.toPlainText()


def test_an_edited_weight_stands_in_its_line(code, qtbot):
    window, text = code()
    set_number(window, address_named(window, "node_0", "accounts"), "2.5")
    qtbot.waitUntil(lambda: "[2.5, 4.0],  # node_0" in text.toPlainText())
    choose_entry(window, "Undo")
    qtbot.waitUntil(lambda: "[2.0, 4.0],  # node_0" in text.toPlainText())
    assert text.toPlainText() == program_of(window)


def test_rows_nodes_and_settings_that_come_and_go_are_followed(code, qtbot):
    window, text = code("xor")
    state = window.document.state
    for changed in (
        edits.set_weight(state, 0, 0, 0, 1 / 3),
        replace(state, training=replace(state.training, optimizer="adam", batch_size=2)),
        replace(state, network=replace(state.network, inputs=("é", "😀"))),
        load(example("relu").path),
        state,
    ):
        window.document.push(changed, "a change")
        qtbot.waitUntil(lambda: text.toPlainText() == program_of(window))


def test_what_is_scrolled_to_and_selected_stays_while_numbers_change(code, qtbot):
    window, text = code()
    cursor = text.document().find("return np.maximum")
    text.setTextCursor(cursor)
    at(text, line_of(text, "def forward"))
    place = text.verticalScrollBar().value()
    assert place > 0
    for weight in (0.1, -1 / 3, 40000.0):
        window.document.push(edits.set_weight(window.document.state, 0, 0, 0, weight), "a weight")
        qtbot.waitUntil(lambda w=weight: f"[{w!r}, 4.0]" in text.toPlainText())
    assert text.verticalScrollBar().value() == place
    assert text.textCursor().selectedText() == "return np.maximum"


def test_a_number_beside_what_is_selected_changes_and_the_selection_does_not(code, qtbot):
    window, text = code()
    text.setTextCursor(text.document().find(", 4.0],  #"))
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 123.5), "a weight")
    qtbot.waitUntil(lambda: "[123.5, 4.0]" in text.toPlainText())
    assert text.textCursor().selectedText() == ", 4.0],  #"


def test_it_follows_a_run_to_its_end(code, qtbot):
    window, text = code("xor")
    with qtbot.waitSignal(window.runner.run_ended, timeout=20_000):
        press(window, "Run")
    qtbot.waitUntil(lambda: text.toPlainText() == program_of(window))
    assert "500 updates of training" in text.toPlainText()


def test_it_writes_nothing_while_it_is_out_of_sight(code, monkeypatch):
    window, text = code()
    before = text.toPlainText()
    bring(window, "Notes")
    monkeypatch.setattr("nnviz.ui.code.panel.program", lambda *_: pytest.fail("nobody sees it"))
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0), "a weight")
    window.selection.select(NODE_0)
    window.player.step()
    monkeypatch.undo()
    assert text.toPlainText() == before
    bring(window, "Code")
    assert "[9.0, 4.0],  # node_0" in text.toPlainText()


def test_a_node_that_is_selected_on_the_diagram_lights_its_lines_up(code):
    window, text = code(size=(1920, 1080))
    click(window, address_named(window, "node_0"))
    assert text.isVisible()
    assert {"[2.0, 4.0],  # node_0", "z0 = x @ W0.T", "a0 = relu(z0)"} <= set(lit(text, "selection"))
    assert "[4.0, -5.0],  # node_1" not in lit(text, "selection")
    assert marked(text)["z0 = x @ W0.T"] == {"accent"}
    number = line_of(text, "# node_0") + 1
    assert text.accessibleDescription().startswith(f"node_0: lines {number}, ")
    window.selection.select(None)
    assert (lit(text, "selection"), marked(text), text.accessibleDescription()) == ([], {}, "")


def test_an_edge_lights_up_where_its_weight_stands_and_what_it_feeds(code):
    window, text = code(size=(1920, 1080))
    window.selection.select(Address("weight", 1, 0, 1))
    assert "[2.0, 7.0],  # output" in lit(text, "selection")
    at(text, line_of(text, "a1 = a0 @ W1.T"))
    assert "a1 = a0 @ W1.T" in lit(text, "selection")
    assert "z0 = x @ W0.T" not in lit(text, "selection")


def test_selected_lines_are_scrolled_into_sight(code):
    window, text = code()
    text.verticalScrollBar().setValue(text.verticalScrollBar().maximum())
    window.selection.select(Address("node", -1, 0))
    assert lit(text, "selection")[0].startswith("inputs = ")


def test_a_click_on_a_line_selects_what_it_is_about_and_another_one_the_next(code):
    window, text = code()
    click_line(text, "# node_0")
    assert window.selection.address == NODE_0
    for source in (0, 1):
        click_line(text, "# node_0")
        assert window.selection.address == Address("weight", 0, 0, source)
    click_line(text, "# node_0")
    assert window.selection.address == NODE_0
    click_line(text, "z0 = x @")
    assert window.selection.address == Address("node", 0, 1)
    click_line(text, "import numpy")
    assert window.selection.address == Address("node", 0, 1)
    assert legend_of(window) == "This line is about no node or edge"
    click_line(text, "# node_1")
    assert legend_of(window) == "accounts → node_1"


def within(text, said):
    """Scroll to a text, and return the middle of it."""
    found = text.document().find(said)
    at(text, found.blockNumber())
    end, start = text.cursorRect(found), QTextCursor(found)
    start.setPosition(found.selectionStart())
    return QPoint((text.cursorRect(start).left() + end.left()) // 2, end.center().y())


@pytest.mark.parametrize("style", ["course", "numpy"])
def test_a_click_on_a_number_selects_its_weight_or_bias(shown, settings, style):
    settings.remember("code style", style)
    state = load(example("xor").path)
    layers = state.network.layers
    layers = replace(layers[0], weights=[[1, 2], [33, -44], [5, 6]], biases=[0.25, 0.5, 0.75]), layers[1]
    window, text = shown(replace(state, network=replace(state.network, layers=layers)))
    for said, address in (
        ("-44", Address("weight", 0, 1, 1)),
        ("33", Address("weight", 0, 1, 0)),
        ("0.75", Address("bias", 0, 2)),
    ):
        place = within(text, said)
        for _ in range(2):
            QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=place)
            assert window.selection.address == address


def test_text_that_is_selected_with_the_mouse_selects_no_node(code):
    window, text = code()
    start = at(text, line_of(text, "# node_0"))
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(text.viewport(), left, pos=start)
    QTest.mouseMove(text.viewport(), start + QPoint(80, 0))
    QTest.mouseRelease(text.viewport(), left, pos=start + QPoint(80, 0))
    assert text.textCursor().hasSelection()
    assert window.selection.address is None


def test_arrows_move_the_caret_and_enter_selects(code):
    window, text = code()
    text.setFocus()
    while text.textCursor().blockNumber() < line_of(text, "# node_0"):
        QTest.keyClick(text, Qt.Key.Key_Down)
    assert window.selection.address is None
    QTest.keyClick(text, Qt.Key.Key_Return)
    assert window.selection.address == NODE_0
    QTest.keyClick(text, Qt.Key.Key_Up)
    QTest.keyClick(text, Qt.Key.Key_Enter)
    assert window.selection.address == NODE_0


def test_tab_leads_from_the_program_to_the_style_and_the_buttons(code):
    window, text = code()
    text.setFocus()
    reached = []
    for _ in range(3):
        QTest.keyClick(window.main_window.focusWidget(), Qt.Key.Key_Tab)
        reached.append(window.main_window.focusWidget().accessibleName())
    assert reached == [
        "Style of the program",
        "Copy the program",
        "Save the program, which runs as it stands",
    ]


def test_a_line_under_the_mouse_shows_on_the_diagram_what_it_is_about(code):
    window, text = code()
    hovered = []
    bring(window, "Code").address_hovered.connect(hovered.append)
    hover(text.viewport(), at(text, line_of(text, "# output")))
    assert hovered == [Address("node", 1, 0)]
    assert text.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    hover(text.viewport(), at(text, line_of(text, "import numpy")))
    assert hovered[1:] == [None]
    assert text.viewport().cursor().shape() == Qt.CursorShape.IBeamCursor


def test_a_line_that_is_lit_up_for_the_selection_shows_just_that_under_the_mouse(code):
    window, text = code()
    hovered = []
    bring(window, "Code").address_hovered.connect(hovered.append)
    first, second = Address("node", 0, 0), Address("node", 0, 1)
    for selected, lit_up in ((None, first), (first, first), (second, second), (Address("node", 1, 0), first)):
        window.selection.select(selected)
        for line in ("import numpy", "z0 = x @ W0.T"):
            hover(text.viewport(), at(text, line_of(text, line)))
        assert hovered[-1] == lit_up


def test_the_lines_of_a_phase_are_lit_up(code):
    window, text = code(size=(1920, 1080))
    for phase, line in (
        ("Forward", "z0 = x @ W0.T"),
        ("Loss", "return np.mean((prediction - y) ** 2)"),
        ("Backward", "slope_W0 = slope_z0.T @ x"),
        ("Update", "w -= learning_rate * slope"),
    ):
        window.player.show_phase(phase.lower())
        assert line in [own.replace("w[:] = w - ", "w -= ") for own in lit(text, "walked")]
        assert f"{phase}: line" in text.accessibleDescription()
    window.player.stop()
    assert (lit(text, "walked"), text.accessibleDescription()) == ([], "")


def test_a_walk_lights_up_the_lines_of_the_node_that_it_is_at(code, qtbot):
    window, text = code(size=(1920, 1080))
    window.player.speed = 1.0
    window.player.step()
    assert "z0 = x @ W0.T" in lit(text, "walked")
    assert "a1 = a0 @ W1.T" not in lit(text, "walked")
    assert marked(text)["z0 = x @ W0.T"] == {"walk"}
    for _ in range(2):
        window.player.step()
    qtbot.waitUntil(lambda: "a1 = a0 @ W1.T" in lit(text, "walked"))
    assert "z0 = x @ W0.T" not in lit(text, "walked")


def test_the_walk_and_the_selection_are_told_apart_on_one_line(code):
    window, text = code(size=(1920, 1080))
    window.selection.select(NODE_0)
    window.player.show_phase("forward")
    assert marked(text)["z0 = x @ W0.T"] == {"accent", "walk"}
    assert text.accessibleDescription().startswith("node_0: lines ")
    assert "; Forward: lines " in text.accessibleDescription()


def test_the_lines_of_the_walk_are_scrolled_into_sight(code):
    window, text = code("xor")
    for phase in ("update", "forward", "backward"):
        window.player.show_phase(phase)
        assert lit(text, "walked")


def test_code_that_comes_to_the_front_or_in_another_style_shows_where_the_walk_is(code):
    window, text = code("xor")
    bring(window, "Explain")
    window.player.show_phase("update")
    bring(window, "Code")
    assert lit(text, "walked")
    QTest.keyClick(window.board.docks["Code"].findChild(Choice), Qt.Key.Key_Down)
    assert lit(text, "walked")


def test_a_line_without_room_goes_on_further_in(code):
    _, text = code("xor")
    block = text.document().findBlockByNumber(line_of(text, "# node_0"))
    first, *others = (block.layout().lineAt(k).x() for k in range(block.layout().lineCount()))
    assert others
    assert min(others) > first
    assert text.horizontalScrollBar().maximum() == 0


def test_what_is_copied_by_hand_is_plain_text(code):
    _, text = code()
    text.setTextCursor(text.document().find("z0 = x @ W0.T"))
    text.setFocus()
    QTest.keyClick(text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    data = QGuiApplication.clipboard().mimeData()
    assert (data.text(), data.hasHtml()) == ("z0 = x @ W0.T", False)


def test_copy_takes_the_whole_program(code):
    window, _ = code()
    set_number(window, address_named(window, "node_0", "accounts"), "2.5")
    press_here(window, "Copy")
    assert QGuiApplication.clipboard().text() == program(window.document.state, "numpy").text
    assert status(window) == "Copied the program"


def run(path):
    """Run a program in a process that knows nothing of nnviz; return its lines."""
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-I", str(path)],
        env=bare,
        cwd=path.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["relu", "xor"])
def test_a_saved_program_runs_by_itself_and_prints_what_the_window_predicts(code, answer, tmp_path, name):
    window, _ = code(name)
    path = tmp_path / "mine.py"
    answer(QFileDialog, type_name(path))
    press_here(window, "Save…")
    assert status(window) == "Saved mine.py"
    state = window.document.state
    predictions = [float(line) for line in run(path)[: len(state.data)]]
    assert predictions == pytest.approx(state.network.predict(state.data.inputs)[:, 0].tolist(), abs=1e-12)
    assert os.listdir(tmp_path) == ["mine.py"]


def test_a_program_of_many_numbers_is_saved_with_them_beside_it(code, answer, tmp_path):
    window, _ = code("digits")
    path = tmp_path / "mine.py"
    answer(QFileDialog, type_name(path))
    press_here(window, "Save…")
    assert status(window) == "Saved mine.py and mine.npz"
    state = window.document.state
    predicted = [[float(word) for word in line.split()] for line in run(path)[: len(state.data)]]
    assert predicted == pytest.approx(state.network.predict(state.data.inputs), abs=1e-12)


def test_numbers_that_somebody_else_has_written_are_not_replaced(code, answer, tmp_path):
    window, _ = code("digits")
    path, told = tmp_path / "mine.py", []
    path.with_suffix(".npz").write_bytes(b"another's")
    answer(QFileDialog, type_name(path))
    answer(QMessageBox, choose("OK", told))
    press_here(window, "Save…")
    assert told == [status(window)]
    assert "would take the place of mine.npz" in status(window)
    assert (path.exists(), path.with_suffix(".npz").read_bytes()) == (False, b"another's")


def test_a_program_is_not_saved_by_the_name_of_its_numbers(code, answer, tmp_path):
    window, _ = code("digits")
    told = []
    answer(QFileDialog, type_name(tmp_path / "mine.npz"))
    answer(QMessageBox, choose("OK", told))
    press_here(window, "Save…")
    assert told == ["mine.npz was not saved: the name of a program ends in .py"]
    assert os.listdir(tmp_path) == []


def test_a_program_that_cannot_be_saved_says_why_and_leaves_nothing(code, answer, tmp_path):
    window, _ = code()
    told = []
    answer(QFileDialog, type_name(tmp_path / "missing" / "mine.py"))
    answer(QMessageBox, choose("OK", told))
    press_here(window, "Save…")
    assert told == [status(window)]
    assert "mine.py" in status(window)
    assert os.listdir(tmp_path) == []


def test_another_theme_colours_the_program_anew(code):
    window, text = code()
    window.selection.select(NODE_0)
    try:
        for theme in ("dark", "light"):
            window.set_theme(theme)
            assert coloured(text, "import numpy", "keyword", theme) == ["import", "as"]
            assert lit(text, "selection", theme)
    finally:
        window.set_theme("light")


def test_numbers_words_and_comments_have_their_colours(code):
    window, text = code()
    named = replace(window.document.state, name='😀 """ it\'s')
    window.document.push(named, "a name")
    bring(window, "Notes")
    bring(window, "Code")
    assert coloured(text, "# node_0", "number") == ["2.0", "4.0"]
    assert coloured(text, "# node_0", "muted") == ["# node_0"]
    assert coloured(text, "😀", "muted") == [f"# {named.name}"]
    assert coloured(text, "import numpy", "keyword") == ["import", "as"]


@pytest.mark.parametrize("style", STYLES)
def test_the_style_that_is_chosen_is_shown_and_remembered(shown, style):
    window, text = shown()
    choice = window.board.docks["Code"].findChild(Choice)
    QTest.keyClick(choice, Qt.Key.Key_Home)
    for _ in range(list(STYLES).index(style)):
        QTest.keyClick(choice, Qt.Key.Key_Down)
    written = program(window.document.state, style).text.removesuffix("\n")
    assert text.toPlainText() == written
    assert shown()[1].toPlainText() == written


def test_a_style_that_cannot_hold_the_network_says_why_in_its_place(code, monkeypatch, qtbot):
    def refuses(*_):
        raise ValueError("NumPy has no such network")

    window, text = code()
    dock = window.board.docks["Code"]
    monkeypatch.setitem(STYLES, "numpy", STYLES["numpy"]._replace(lines=refuses))
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 0.5), "a weight")
    qtbot.waitUntil(lambda: not text.isVisible())
    said = [own.text() for own in dock.findChildren(QLabel) if own.isVisible()]
    assert said == ["NumPy has no such network"]
    assert not any(own.isEnabled() for own in dock.findChildren(QPushButton))
    monkeypatch.undo()
    choose_entry(window, "Undo")
    qtbot.waitUntil(text.isVisible)
    assert text.toPlainText() == program_of(window)
    assert all(own.isEnabled() for own in dock.findChildren(QPushButton))


def test_a_click_on_the_diagram_leaves_the_code_in_front(code):
    window, text = code()
    click(window, address_named(window, "node_0"))
    assert text.isVisible()
    press(window, "Notes")
    click(window, address_named(window, "node_1"))
    assert window.explain.isVisible()


def test_a_click_on_the_diagram_explains_beside_code_that_stands_elsewhere(code):
    window, text = code()
    window.board.docks["Code"].setFloating(True)
    QApplication.processEvents()
    press(window, "Notes")
    click(window, address_named(window, "node_0"))
    assert window.explain.isVisible()
    assert text.isVisible()


def test_a_large_network_is_loaded_from_beside_the_program(code, qtbot):
    window, text = code(made(*LARGE))
    assert 'W0 = stored["W0"]' in text.toPlainText()
    window.selection.select(Address("weight", 0, 100, 700))
    at(text, line_of(text, 'W0 = stored["W0"]'))
    assert 'W0 = stored["W0"]' in lit(text, "selection")
    window.player.show_phase("update")
    assert lit(text, "walked")
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 0.25), "a weight")
    press(window, "One update")
    qtbot.waitUntil(lambda: text.toPlainText() == program_of(window))
    press_here(window, "Copy")
    assert status(window) == "Copied the program; it loads numbers from a file, which Save… writes"
