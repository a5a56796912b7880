"""The data panel: rows typed, dragged, selected, removed, pasted, used for validation, and its columns."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTableView

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.edits import standardise
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.kit.card import HOW_TO_SHOW
from nnviz.ui.kit.theme import apply_theme, colours
from nnviz.ui.panels.data import DataPanel
from tests.core.oracle import set_weight
from tests.ui.bare import Bare
from tests.ui.clipped import clipped, cut_off
from tests.ui.hands import choose_entry, choose_in_table_menu, turn, write
from tests.ui.runs import pixels_of
from tests.ui.sees import status, written

Key, LEFT = Qt.Key, Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
COURSE = Network.from_weights(
    {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
)
ROWS = [[3.0, 5.0], [1.0, -1.0], [0.0, 0.0], [8.0, 4.0]]
TARGETS = [[60.0], [50.0], [0.0], [140.0]]
WIDEST = "−1.234"


class Desk(Bare):
    """A panel on screen with its document."""

    def __init__(self):
        super().__init__(None, State(COURSE, Dataset(ROWS, TARGETS)))
        self.said = []
        self._panel = DataPanel(self.desk)
        self.desk.message.connect(self.said.append)

    @property
    def data(self):
        """The panel as a person sees it: the changes that wait for the next frame are shown first."""
        self.desk.frames.show_pending()
        return self._panel

    @property
    def table(self):
        return self.data.findChild(QTableView)

    def start(self, rows=ROWS, targets=TARGETS, network=COURSE, training=None):
        """Begin anew with other rows."""
        self.document.start(State(network, Dataset(rows, targets), training or Training()))
        self.table.setFocus()
        self.said.clear()

    @property
    def inputs(self):
        return self.document.state.data.inputs.tolist()

    @property
    def targets(self):
        return self.document.state.data.targets.tolist()

    def texts(self, row):
        model = self.table.model()
        return [model.index(row, c).data() for c in range(model.columnCount())]

    def headers(self):
        model = self.table.model()
        return [model.headerData(c, Qt.Orientation.Horizontal) for c in range(model.columnCount())]

    def place(self, row, column):
        return self.table.visualRect(self.table.model().index(row, column)).center()

    def click(self, row, column, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.mouseClick(self.table.viewport(), LEFT, modifier, self.place(row, column))

    def type(self, text, *keys):
        for letter in text:  # the first one opens a field
            write(QApplication.focusWidget(), letter)
        for key in keys:
            self.qtbot.keyClick(QApplication.focusWidget(), key)

    def type_at(self, row, column, text, *keys):
        """Click a cell, and type there."""
        self.click(row, column)
        self.type(text, *keys)

    def key(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.table, key, modifiers)

    def editor(self):
        return self.table.findChild(QLineEdit)

    def leave_editor(self):
        for editor in self.table.findChildren(QLineEdit):
            if editor.isVisible():
                self.qtbot.keyClick(editor, Key.Key_Escape)
        self.qtbot.waitUntil(lambda: self.editor() is None)

    def paste(self, text, row=0, column=0):
        self.table.setCurrentIndex(self.table.model().index(row, column))
        QGuiApplication.clipboard().setText(text)
        self.key(Key.Key_V, CONTROL)

    def press(self, text):
        button = next(b for b in self.data.findChildren(QPushButton) if b.text() == text)
        self.qtbot.mouseClick(button, LEFT)

    def labels(self):
        return [label.text() for label in self.data.findChildren(QLabel) if label.isVisible()]

    def selected(self):
        return [index.row() for index in self.table.selectionModel().selectedRows()]

    def undo_all(self):
        """Undo every edit; return how many there were."""
        count = 0
        while self.document.undo_text():
            self.document.undo()
            count += 1
        return count


@pytest.fixture(scope="module")
def one_desk(qapp):
    desk = Desk()
    desk.data.show()
    desk.data.activateWindow()
    desk.desk.frames.add(desk.data)
    yield desk
    desk.desk.frames.remove(desk.data)
    desk.data.hide()
    desk.data.deleteLater()


@pytest.fixture
def desk(one_desk, qtbot):
    """Return the desk of all tests with the rows of the course."""
    one_desk.qtbot = qtbot
    one_desk.start()
    one_desk.data.resize(1000, 460)
    one_desk.data.activateWindow()
    one_desk.table.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is one_desk.table)
    yield one_desk
    one_desk.leave_editor()
    one_desk.data.rest()


def test_a_row_shows_inputs_target_prediction_error_and_its_square(desk):
    assert desk.headers() == ["accounts", "children", "target", "prediction", "error", "error²"]
    assert desk.texts(0) == ["3", "5", "60", "52", "−8", "64"]
    assert desk.texts(1) == ["1", "−1", "50", "63", "13", "169"]
    assert "DATA · 4 ROWS" in desk.labels()
    desk.click(2, 1)
    desk.document.push(set_weight(desk.document.state, 1, 0, 0, 3.0), "a weight")
    assert desk.texts(0)[3:] == ["78", "18", "324"]
    assert desk.table.currentIndex().row() == 2
    desk.document.push(edits.add_node(desk.document.state, 0), "an input")
    assert desk.headers()[:4] == ["accounts", "children", "input_2", "target"]
    desk.document.push(edits.rename(desk.document.state, 0, 2, "age"), "a name")
    assert desk.headers()[2] == "age"
    layer = Layer(("low", "high"), "identity", [[1.0], [2.0]])
    desk.start([[3.0]], [[1.0, 10.0]], Network(("x",), (layer,)))
    columns = [f"{kind} {name}" for kind in ("target", "prediction", "error") for name in ("low", "high")]
    assert desk.headers() == ["x", *columns, "MSE"]
    assert desk.texts(0) == ["3", "1", "10", "3", "6", "2", "−4", "10"]


@pytest.mark.fonts
def test_tooltip_and_editor_show_all_digits_of_a_number(desk):
    desk.start([[1.72, 1.7200000003], [0.5, 0.00029000000004], [1 / 3, -1 / 3]], None)
    shown = [desk.texts(row)[:2] for row in range(3)]
    assert shown == [["1.72", "1.720"], ["0.5", "0.0002900"], ["0.3333", "−0.3333"]]
    index = desk.table.model().index(2, 1)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "−0.3333333333333333"
    desk.data.resize(400, 260)
    for column, text in ((0, "0.3333333333333333"), (1, "-0.3333333333333333")):
        desk.type_at(2, column, "", Key.Key_F2)
        assert desk.editor().text() == desk.editor().selectedText() == text
        assert list(cut_off(desk.editor())) == []
        assert desk.table.viewport().rect().contains(desk.editor().geometry())
        desk.leave_editor()


@pytest.mark.fonts
def test_a_longer_number_widens_its_column_once_it_is_typed_or_computed(desk):
    desk.data.resize(600, 260)
    narrow = desk.table.columnWidth(1)
    desk.type_at(0, 1, "0.12345678", Key.Key_Return)
    assert desk.table.columnWidth(1) > narrow
    assert width_of(desk.table, "0.12345678") + 12 <= desk.table.columnWidth(1)
    desk.start()
    desk.data.resize(380, 260)
    narrow = desk.table.columnWidth(3)
    desk.document.edit("a weight", set_weight, 1, 0, 0, -1.2345678e-101)
    desk.document.edit("a weight", set_weight, 1, 0, 1, -1.2345678e-101)
    desk.table.grab()  # which finds what has no room
    desk.qtbot.waitUntil(lambda: desk.table.columnWidth(3) > narrow)


def test_enter_tab_escape_and_a_click_elsewhere_end_typing(desk):
    desk.type_at(0, 0, "4", Key.Key_Return)
    assert (desk.inputs[0][0], desk.texts(0)[3]) == (4.0, "56")
    assert (desk.table.currentIndex().row(), desk.table.currentIndex().column()) == (1, 0)
    assert desk.document.undo_text() == "accounts of row 1"
    assert desk.undo_all() == 1
    assert desk.texts(0) == ["3", "5", "60", "52", "−8", "64"]
    desk.type_at(2, 1, "99", Key.Key_Escape)
    assert (desk.inputs[2][1], desk.document.undo_text()) == (0.0, "")
    desk.type_at(2, 1, "9")
    desk.click(0, 0)
    assert desk.inputs[2][1] == 9.0
    desk.type_at(0, 1, "7", Key.Key_Tab)
    desk.type("1/2", Key.Key_Tab)
    desk.type("−2", Key.Key_Backtab)
    desk.type("0,25", Key.Key_Return)
    assert (desk.inputs[0][1], desk.targets[0], desk.inputs[1][0]) == (7.0, [0.25], -2.0)


def test_enter_and_a_double_click_edit_with_the_text_selected_and_no_prediction(desk, qtlog):
    desk.type_at(3, 2, "", Key.Key_Return)
    assert desk.editor().selectedText() == "140"
    desk.leave_editor()
    desk.click(1, 0)
    for click in (QTest.mouseDClick, QTest.mouseRelease):  # or the button stays down for other tests
        click(desk.table.viewport(), LEFT, pos=desk.place(1, 0))
    assert desk.editor().selectedText() == "1"
    desk.leave_editor()
    desk.type_at(0, 3, "5", Key.Key_Return)
    assert desk.editor() is None
    assert [each for each in qtlog.records if "edit" in each.message] == []


def test_tab_in_the_last_cell_makes_a_row(desk):
    desk.type_at(3, 2, "7", Key.Key_Tab)
    assert (desk.inputs, desk.targets[3], desk.document.now.row) == ([*ROWS, [0, 0]], [7.0], 4)
    assert QApplication.focusWidget().accessibleName() == "accounts, row 5"
    desk.type("9", Key.Key_Tab)
    desk.type("8", Key.Key_Return)
    assert desk.inputs == [*ROWS, [9, 8]]
    for _ in range(3):
        desk.document.undo()
    assert (desk.inputs, desk.targets[3]) == (ROWS, [7.0])


def test_a_cell_takes_digits_and_leaves_other_keys_to_the_window(desk):
    desk.click(0, 0)
    for sign in (" ", ".", ",", "x"):
        event = QKeyEvent(QEvent.Type.KeyPress, ord(sign.upper()), Qt.KeyboardModifier.NoModifier, sign)
        event.accept()
        desk.table.keyPressEvent(event)
        assert (event.isAccepted(), desk.editor()) == (False, None), sign
    desk.type("−1", Key.Key_Return)
    assert desk.inputs[0][0] == -1.0
    desk.leave_editor()
    used = []
    QShortcut(QKeySequence("2"), desk.data).activated.connect(lambda: used.append("2"))
    desk.click(1, 0)
    desk.key(Key.Key_2)
    assert (desk.editor().text(), used) == ("2", [])
    desk.leave_editor()
    desk.click(1, 3)  # a prediction
    desk.key(Key.Key_2)
    assert (desk.editor(), used) == (None, ["2"])


@pytest.mark.fonts
def test_a_refused_text_stays_in_the_editor_with_a_message(desk, approved):
    desk.type_at(0, 0, "1,000", Key.Key_Return)
    (sentence,) = desk.said
    approved("1,000 in a cell", sentence)
    assert (desk.editor().text(), desk.inputs[0][0]) == ("1,000", 3.0)
    assert sentence in desk.labels()
    desk.type("10", Key.Key_Return)
    assert desk.inputs[0][0] == 10.0
    assert sentence not in desk.labels()
    desk.data.resize(430, 260)
    desk.type_at(1, 2, "", Key.Key_F2, Key.Key_Backspace, Key.Key_Return)
    refusal = desk.data.findChild(QLabel, "error")
    desk.qtbot.waitUntil(refusal.isVisible)
    approved("one of several targets is emptied in its field", refusal.text())
    assert desk.data.width() == 430
    assert clipped(desk.data) == []
    desk.type("", Key.Key_Up)
    approved("an empty field is nudged", refusal.text())
    desk.leave_editor()
    assert desk.targets == TARGETS


def test_arrow_keys_and_the_wheel_nudge_an_open_cell_in_decimal(desk):
    rows = np.arange(400.0).reshape(200, 2)
    desk.start(rows, None)
    desk.data.resize(1000, 260)
    desk.type_at(0, 0, "0.2", Key.Key_Up)
    assert desk.editor().text() == "0.3"
    desk.qtbot.keyClick(desk.editor(), Key.Key_Down, SHIFT)
    assert desk.editor().text() == "-0.7"
    assert turn(desk.editor(), 9)
    assert desk.editor().text() == "0.2"
    turn(desk.editor(), -2, SHIFT)
    assert desk.editor().text() == "-1.8"
    for _ in range(4):
        turn(desk.editor(), 0.25, SHIFT)  # as a touchpad does
    assert desk.editor().text() == "-0.8"
    assert desk.table.verticalScrollBar().value() == 0
    desk.type("", Key.Key_Return)
    assert desk.inputs[0][0] == -0.8
    turn(desk.table.viewport(), -1)
    assert desk.table.verticalScrollBar().value() > 0
    assert desk.inputs[1:] == rows[1:].tolist()


def test_rows_are_added_below_the_selected_one_and_removed_as_one_edit(desk):
    desk.click(2, 4)
    assert desk.document.now.row == 2
    desk.document.select_row(1)
    assert (desk.table.currentIndex().row(), desk.selected()) == (1, [1])
    desk.press("Add")
    assert desk.inputs == [[3, 5], [1, -1], [0, 0], [0, 0], [8, 4]]
    assert desk.document.now.row == desk.table.currentIndex().row() == 2
    assert "DATA · 5 ROWS" in desk.labels()
    desk.document.undo()
    assert desk.inputs == ROWS
    assert "DATA · 4 ROWS" in desk.labels()
    desk.click(0, 0)
    desk.click(1, 0, SHIFT)
    desk.press("Remove")
    assert (desk.inputs, desk.document.now.row) == ([[0, 0], [8, 4]], 0)
    assert desk.document.undo_text() == "Remove 2 rows"
    desk.document.undo()
    assert (desk.inputs, desk.targets) == (ROWS, TARGETS)
    desk.click(3, 0)
    desk.key(Key.Key_Delete, CONTROL)
    assert (desk.inputs, desk.document.now.row, desk.selected()) == (ROWS[:3], 2, [2])


def test_a_number_that_is_being_typed_is_taken_before_a_row_is_added_or_removed(desk):
    desk.type_at(1, 0, "7")
    desk.press("Add")
    assert desk.inputs == [[3, 5], [7, -1], [0, 0], [0, 0], [8, 4]]
    desk.type("9")
    desk.press("Remove")
    assert desk.inputs == [[3, 5], [7, -1], [0, 0], [8, 4]]
    desk.document.undo()
    assert desk.inputs[2][0] == 9.0


def test_the_diagram_follows_the_selection_by_keys_and_clicks(desk):
    for key, modifiers, left in (
        (Key.Key_End, CONTROL, [0, 1, 2]),
        (Key.Key_Down, CONTROL, [0, 2, 3]),
        (Key.Key_Down, SHIFT, [2, 3]),
        (Key.Key_PageDown, SHIFT, []),
    ):
        desk.start()
        desk.click(0, 0)
        desk.key(key, modifiers)
        assert desk.document.now.row not in left, "the row on the diagram is one that Ctrl+Delete removes"
        desk.key(Key.Key_Delete, CONTROL)
        assert desk.inputs == [ROWS[row] for row in left], (key, modifiers)
    desk.start()
    desk.click(0, 0)
    desk.click(0, 0, CONTROL)
    assert (desk.document.now.row, desk.selected()) == (0, [0]), "a row stays selected"
    desk.click(2, 0, CONTROL)
    assert (desk.document.now.row, desk.selected()) == (2, [0, 1, 2])


def test_delete_in_a_cell_that_cannot_be_empty_says_so_and_keeps_the_row(desk, approved):
    for column in (0, 2, 4):
        for key in (Key.Key_Delete, Key.Key_Backspace):
            desk.type_at(1, column, "", key)
            assert (desk.inputs, desk.targets) == (ROWS, TARGETS)
    assert desk.said[::2] == desk.said[1::2]
    approved("Delete on an input, one of the targets and an error", "\n".join(desk.said[::2]))


def test_a_target_is_emptied_only_if_no_row_has_targets_left(desk, approved):
    said = []
    for how in ((Key.Key_Delete,), (Key.Key_F2, Key.Key_Backspace, Key.Key_Return)):
        desk.start(ROWS[:1], TARGETS[:1])
        desk.type_at(0, 2, "", *how)
        assert desk.document.state.data.targets is None
        assert desk.texts(0) == ["3", "5", "–", "52", "–", "–"]
        said.append(desk.said[-1])
        assert desk.document.undo_text() == "target of row 1"
        desk.document.undo()
        assert desk.targets == TARGETS[:1]
    desk.start()
    desk.click(0, 2)
    desk.click(3, 2, SHIFT)
    desk.type("", Key.Key_Delete)
    assert (desk.inputs, desk.document.state.data.targets) == (ROWS, None)
    said.append(desk.said[-1])
    desk.type_at(0, 2, "60", Key.Key_Return)
    assert desk.targets == [[60], [0], [0], [0]]
    assert desk.texts(0)[4] == "−8"
    said.append(desk.said[-1])
    approved("targets are emptied by keys, and one typed", "\n".join(said))


def test_an_empty_table_says_how_to_add_rows(desk, approved):
    desk.table.selectAll()
    desk.press("Remove")
    assert not desk.table.isVisible()
    approved("no rows", "\n".join(desk.labels()))
    desk.press("Add")
    assert desk.texts(0) == ["0", "0", "–", "0", "–", "–"]
    assert QApplication.focusWidget() is desk.table
    assert "DATA · 1 ROW" in desk.labels()


def test_only_visible_rows_are_predicted(desk, monkeypatch):
    seen, forward = [], Network.forward
    monkeypatch.setattr(
        Network, "forward", lambda self, x: seen.append(len(np.atleast_2d(x))) or forward(self, x)
    )
    rows = np.arange(120_000.0).reshape(60_000, 2)
    desk.start(rows, rows[:, :1])
    desk.document.select_row(59_999)
    desk.data.grab()
    assert 0 < sum(seen) < 200
    assert float(desk.texts(59_999)[3]) == COURSE.predict(rows[-1])[0, 0]


def test_what_is_painted_follows_every_change_of_a_number(desk):
    desk.start(*kept_rows(100, 0.0))
    document = desk.document
    for change in (
        lambda: document.edit("a weight", set_weight, 0, 0, 0, 3.0),
        document.undo,
        lambda: document.edit("an input", edits.set_value, Address("input", -1, 0), 8.0, 1),
        lambda: document.edit("a target", edits.set_value, Address("target", 0, 0), 24.0, 1),
        lambda: document.edit("an activation", edits.set_activation, 0, "tanh"),
        lambda: document.edit("validation", edits.validate_from, 2),
        lambda: desk.table.verticalScrollBar().setValue(7),
        lambda: document.edit("no targets", edits.set_rows, document.state.data.inputs, None),
        document.undo,
    ):
        before = desk.table.viewport().grab().toImage()
        change()
        after = desk.table.viewport().grab().toImage()
        desk.table.cells.update_texts(range(0), range(0))  # which forgets all that was painted
        assert before != after == desk.table.viewport().grab().toImage()


def test_numbers_are_pasted_from_the_current_cell_on_as_one_edit(desk):
    for text in ("5\t6\t7\n8\t.5\t0,5", "5;6;7\n8;,5;0,5", "5,6,7\n8,.5,0.5\n"):
        desk.start()
        desk.paste(text, row=3)
        assert desk.inputs == [*ROWS[:3], [5, 6], [8, 0.5]], text
        assert desk.targets == [*TARGETS[:3], [7], [0.5]], text
        assert desk.said == ["Pasted 2 rows of 3 numbers; added 1 new row"]
        assert desk.undo_all() == 1
        assert (desk.inputs, desk.targets) == (ROWS, TARGETS)


def test_pasting_reports_its_result_and_a_copy_has_all_digits(desk, approved):
    desk.paste("5\t6\n7\t8", row=3)
    assert (desk.inputs[3:], desk.targets[3:]) == ([[5, 6], [7, 8]], [[140], [0]])
    desk.start()
    desk.document.edit("", standardise, [0])
    desk.paste("5\t6")
    assert desk.inputs[0] == [5, 6]
    desk.paste("6\t7", column=1)
    approved("pasted into standardised cells and beside them", "\n".join(desk.said))
    desk.start()
    desk.click(0, 0)
    desk.key(Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "3\t5\t60"
    desk.paste(QGuiApplication.clipboard().text(), row=1)
    assert (desk.inputs[1], desk.targets[1]) == (ROWS[0], TARGETS[0])


def test_a_text_that_does_not_fit_is_not_pasted(desk, approved):
    texts = ("1\t\t3", "1\t2\nx\t3", "1\t1/2", "1\t3/14", "nan\t3", "1\t2\t3\t4")
    for text in texts:
        desk.paste(text)
        assert (desk.inputs, desk.targets) == (ROWS, TARGETS), text
    said = [f"{text!r}: {sentence}" for text, sentence in zip(texts, desk.said, strict=True)]
    approved("texts that cannot be pasted", "\n".join(said))


def kept_rows(count=10, validation=0.3):
    """Return rows, targets, network and settings: a share is kept, and each number is the row's own."""
    numbers = np.arange(count, dtype=float).reshape(-1, 1)
    return [
        numbers,
        10 * numbers,
        Network.from_weights({"output": [0.5]}),
        Training(0.001, 5, validation=validation),
    ]


@pytest.fixture
def split(desk):
    """Return the line over the kept rows of a table of ten."""
    desk.start(*kept_rows())
    return desk.table.split


def edge(table, row):
    """Return where the upper edge of a row is at its right end, in the pixels of the line over kept rows."""
    y = table.rowViewportPosition(0) + row * table.rowHeight(0)
    return table.split.mapFrom(table.viewport(), QPoint(table.viewport().width() - 20, y))


def drag_line(desk, *rows):
    line = desk.table.split
    QTest.mousePress(line, LEFT, pos=line.rect().center())
    for row in rows:
        QTest.mouseMove(line, edge(desk.table, row))
    QTest.mouseRelease(line, LEFT, pos=line.rect().center())


def test_the_line_is_above_the_first_validation_row_and_counts_them(desk, split):
    table = desk.table
    assert (desk.table.split.isVisible(), desk.table.split.caption) == (True, "validation: 30 %, 3 rows")
    assert abs(desk.table.split.geometry().center().y() - table.rowViewportPosition(7)) <= 2
    spoken = [table.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in (6, 7)]
    assert [text.endswith(", validation row") for text in spoken] == [False, True]
    desk.start(*kept_rows(200))
    assert desk.table.split.geometry().top() > table.viewport().height()
    table.scrollToBottom()
    table.scrollTo(table.model().index(140, 0), table.ScrollHint.PositionAtCenter)
    assert abs(desk.table.split.geometry().center().y() - table.rowViewportPosition(140)) <= 2
    assert desk.table.split.caption == "validation: 30 %, 60 rows"
    rows, _, *others = kept_rows()
    desk.start(rows, None, *others)
    assert not desk.table.split.isVisible()
    desk.start(*kept_rows(1, 0.0))
    assert not desk.table.split.isVisible()


def test_cells_beside_the_line_can_be_clicked(desk, split):
    desk.document.select_row(0)
    for y, row in ((-6, 6), (5, 7)):
        at = split.mapTo(desk.table.viewport(), edge(desk.table, 7) + QPoint(0, y))
        QTest.mouseClick(desk.table.viewport().childAt(at) or desk.table.viewport(), LEFT, pos=at)
        assert desk.document.now.row == row


@pytest.mark.fonts
def test_the_numbers_of_validation_rows_are_lighter(desk, split):
    desk.document.push(edits.set_rows(desk.document.state, np.full((10, 1), 8.0), np.ones((10, 1))), "8")

    def darkest(row):
        """Return the darkest pixel of a row's first number."""
        cell = desk.table.visualRect(desk.table.model().index(row, 0)).adjusted(4, 10, -4, -4)
        return (pixels_of(desk.table.viewport().grab(cell).toImage()) & 0xFF).min()

    assert max(darkest(1), darkest(6)) + 20 < min(darkest(7), darkest(9))


def error_cells(desk, column):
    """Return, for each row, whether the number of a column is painted in the colour of errors."""
    red = int(colours().error[1:], 16)
    cells = [desk.table.visualRect(desk.table.model().index(row, column)) for row in range(4)]
    grabbed = [desk.table.viewport().grab(cell).toImage() for cell in cells]
    return [bool((pixels_of(image) == red).any()) for image in grabbed]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_only_large_errors_and_the_losses_of_their_rows_have_the_colour_of_errors(desk, qapp, theme):
    apply_theme(qapp, theme)
    line = Network.from_weights({"output": [1.0]}, inputs=["x"])
    desk.start([[0], [45.1], [44.9], [3]], [[0], [50], [50], [9]], line)  # a tenth of the range is 5
    desk.data.resize(1000, 460)
    assert [desk.texts(row)[3] for row in range(4)] == ["0", "−4.9", "−5.1", "−6"]
    assert [error_cells(desk, column) for column in (3, 4)] == [[False, False, True, True]] * 2
    assert not any(error_cells(desk, 1) + error_cells(desk, 2))
    why = ", large: more than a tenth of the range of the targets"
    spoken = [desk.table.model().index(row, 3).data(Qt.ItemDataRole.AccessibleTextRole) for row in (1, 2)]
    assert [text.endswith(why) for text in spoken] == [False, True]
    of_class = Network(("x",), (Layer(("output",), "sigmoid", [[1.0]]),))
    desk.start([[0.5], [-0.5], [0.5], [-0.5]], [[1], [1], [0], [0]], of_class)
    assert [error_cells(desk, column) for column in (3, 4)] == [[False, True, True, False]] * 2
    assert desk.table.model().index(1, 3).data(Qt.ItemDataRole.ToolTipRole).endswith("the class is wrong")
    desk.start(np.empty((0, 1)), np.empty((0, 1)), line)
    desk.table.grab()  # nothing to colour
    apply_theme(qapp, "light")


def heads(table):
    """Return the texts in front of the listed rows."""
    model = table.model()
    return [model.headerData(line, Qt.Orientation.Vertical) for line in range(model.rowCount())]


def test_a_mark_says_of_each_row_whether_its_class_is_right(desk):
    line = Network.from_weights({"output": [1.0]}, inputs=["x"])
    desk.start([[0], [45]], [[0], [50]], line)
    assert heads(desk.table) == ["1", "2"]
    of_class = Network(("x",), (Layer(("output",), "sigmoid", [[1.0]]),))
    desk.start([[0.5], [-0.5], [0.5], [-0.5]], [[1], [1], [0], [0]], of_class)
    assert heads(desk.table) == ["1 ✓", "2 ✗", "3 ✗", "4 ✓"]
    desk.document.edit("w", edits.set_value, Address("weight", 0, 0, 0), -1.0)
    assert heads(desk.data.table) == ["1 ✗", "2 ✓", "3 ✓", "4 ✗"]
    spoken = desk.table.model().headerData(0, Qt.Orientation.Vertical, Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "row 1, wrong class"
    desk.document.hide_results(True)
    assert heads(desk.data.table) == ["1", "2", "3", "4"]
    desk.document.hide_results(False)


def test_the_numbers_of_rows_have_room_for_marks_that_come_and_go(open_window):
    window = open_window("iris")
    header = window.data.table.verticalHeader()
    widths = []
    for _ in range(2):
        QApplication.processEvents()
        assert header.width() >= header.sizeHint().width()
        widths.append(header.width())
        choose_entry(window, "Hide results")
        window.desk.frames.show_pending()
    QApplication.processEvents()
    assert widths[1] < widths[0] == header.width()
    window.document.edit("a target", edits.set_value, Address("target", -1, 0), 0.5, 100)
    window.desk.frames.show_pending()
    QApplication.processEvents()
    assert header.width() == widths[1]
    assert "✗" not in "".join(heads(window.data.table))


def test_only_wrong_rows_are_listed_until_escape(open_window):
    window = open_window("iris")
    table, wrong = window.data.table, "Only wrong rows"
    choose_in_table_menu(window, wrong)
    listed = heads(table)
    assert 0 < len(listed) < 150
    assert all(head.endswith("✗") for head in listed)
    assert window.data.filter.sentence.text() == f"{len(listed)} rows: the class is wrong (when listed)"
    QTest.keyClick(table, Key.Key_Escape)
    assert [head for head in heads(table) if head.endswith("✗")] == listed
    choose_entry(window, "Hide results")
    choose_entry(window, wrong)
    assert (len(heads(table)), status(window)) == (150, HOW_TO_SHOW)


TENTH = "more than a tenth of the range of the targets (when listed)"


@pytest.mark.parametrize(
    ("targets", "told", "listed"),
    [
        ([[52, 0], [63, 0]], ["No row has a large error"], []),
        ([[52, 0], [0, 0]], [], [([1], TENTH)]),
        ([[52, 9], [0, 9]], [], [([0, 1], "large errors (when listed)")]),
        ([[52, 9], [63, 7]], [], [([0, 1], TENTH)]),
        (None, ["No row has an error: rows with targets are needed"], []),
    ],
)
def test_rows_are_wrong_by_the_error_of_any_output_or_the_reason_is_told(desk, targets, told, listed):
    nodes = {"node_0": [2, 4], "node_1": [4, -5], "output_0": [2, 7], "output_1": [0, 0]}
    desk.start([[3, 5], [1, -1]], targets, Network.from_weights(nodes, hidden="relu", output="relu"))
    asked = []
    desk.desk.rows_requested.connect(lambda rows, why: asked.append((rows.tolist(), why)))
    desk.said.clear()
    desk.data.show_wrong()
    assert [said for said in desk.said if not said.startswith("All rows")] == told
    assert asked == listed
    assert any(said.startswith("All rows") for said in desk.said) == (len(listed) and len(listed[0][0]) == 2)


def test_dragging_the_line_is_one_edit_and_leaves_a_training_row(desk, split):
    document = desk.document
    drag_line(desk, 6, 5, 4)
    assert (document.state.trained_rows, document.state.training.validation) == (4, 0.6)
    assert desk.table.split.caption == "validation: 60 %, 6 rows"
    drag_line(desk, 8)
    assert document.state.trained_rows == 8
    document.undo()
    assert document.state.trained_rows == 4
    document.undo()
    assert (document.state.training.validation, desk.table.split.caption) == (0.3, "validation: 30 %, 3 rows")
    drag_line(desk, 10)
    assert (document.state.training.validation, desk.table.split.caption) == (0.0, "")
    assert desk.table.split.isVisible()
    drag_line(desk, 9)
    assert desk.table.split.caption == "validation: 10 %, 1 row"
    drag_line(desk, 0)
    assert document.state.trained_rows == 1
    desk.start(*kept_rows(100_000, validation=0.0))
    desk.table.scrollToBottom()
    drag_line(desk, 99_998)
    assert document.state.trained_rows == 99_998
    assert desk.table.split.caption.endswith("2 rows")


def test_rows_are_shuffled_with_the_seed(desk):
    document = desk.document
    desk.start(*kept_rows(10, 0.0))
    document.push(train(document.state).state, "Run")
    before = document.state
    desk.data.shuffle()
    assert document.state == edits.shuffle_rows(before)
    assert desk.said[-1] == "Shuffled 10 rows with seed 0"
    document.undo()
    assert document.state is before


# --- the data panel in the window


def with_inputs(count, name="feature_{}", names=()):
    """Return rows with a number of inputs, each of many digits."""
    rng = np.random.default_rng(0)
    layer = Layer(("output",), "identity", rng.normal(size=(1, count)))
    network = Network(names or tuple(name.format(i) for i in range(count)), (layer,))
    return State(network, Dataset(rng.normal(size=(9, count)), rng.normal(size=(9, 1))))


def start(window, state, size=None):
    """Show another document in a window of a size, and return its table."""
    window.document.start(state)
    if size:
        window.main_window.resize(*size)
    for _ in range(3):
        QApplication.processEvents()
    return window.data.table


def width_of(table, text):
    """Return how wide a number is that a person types."""
    font = QFont(table.font())
    font.setWeight(QFont.Weight.DemiBold)
    return QFontMetrics(font).horizontalAdvance(text)


def widths(table):
    return [table.columnWidth(column) for column in range(table.model().columnCount())]


def first_numbers(table, rows):
    return [table.model().index(row, 0).data() for row in range(rows)]


def with_room(window, numbers):
    """Return the table of a window of at least 1280 pixels that has room for `numbers` side by side.

    With another font 1280 pixels may be few.
    """
    table = window.data.table
    needed = int(numbers * width_of(table, WIDEST)) + 1
    while (missing := needed - table.viewport().width()) > 0:
        window.main_window.resize(window.main_window.width() + max(missing, 10), 800)
        QApplication.processEvents()
    return table


def is_empty(table, row, left, right, bottom):
    """Return whether the pixels of a row between two columns of the screen are all the ground's."""
    seen = pixels_of(table.viewport())[row.y() : bottom, left:right]
    return set(seen.ravel().tolist()) == {int(PALETTES["light"].surface[1:], 16)}


@pytest.mark.fonts
def test_up_to_four_inputs_are_visible_and_more_scroll_sideways(open_window):
    window = open_window(with_inputs(1, "x{}"))
    table = with_room(window, numbers=11)  # what Inter has at 1280
    for count in (1, 2, 3, 4):
        start(window, with_inputs(count, "x{}"))
        assert sum(widths(table)) == table.viewport().width()
        assert width_of(table, WIDEST) <= min(widths(table)) - 12
    start(window, load(example("digits").path), (1280, 800))
    room = table.viewport().rect()
    assert sum(room.contains(table.visualRect(table.model().index(row, 0))) for row in range(20)) >= 5

    narrow = start(window, with_inputs(9, "x{}")).columnWidth(0)
    start(window, with_inputs(9, "something_{}"))
    assert table.columnWidth(0) > narrow, "another name fits the columns anew"
    start(window, with_inputs(2), (1920, 1080))
    window.document.push(edits.add_node(window.document.state, 0), "an input")
    assert sum(widths(table)) == table.viewport().width()

    start(window, with_inputs(64), (1280, 800))
    bar, row = table.horizontalScrollBar(), table.visualRect(table.model().index(1, 0))
    right = table.viewport().width()
    narrowest = min(width_of(table, text) for text in first_numbers(table, 3))
    assert bar.maximum() > 0
    for part in (0.3, 0.4, 0.5, 0.6):
        bar.setValue(table.columnWidth(0) - round(part * narrowest))
        above_dots = row.bottom() - row.height() // 2  # with some fonts "…" begins at the edge
        assert is_empty(table, row, 0, 1, above_dots), "no part of a number that is cut off at the left"
    bar.setValue(0)
    bar.setValue(table.columnViewportPosition(table.columnAt(right - 1) + 1) - (right - 4))
    assert is_empty(table, row, right - 4, right, row.bottom()), "no font has room for “…” there"

    for count, name, size in (
        (64, "feature_{}", (1280, 800)),
        (2, "input_{}", (1000, 650)),
        (4, "input_{}", (1000, 650)),
        (64, "input_{}", (1000, 650)),
        (64, "x{}", (1280, 800)),
    ):
        start(window, with_inputs(count, name), size)
        header, rows = table.horizontalHeader(), table.verticalHeader()
        for k, width in enumerate(widths(table)):
            title = table.model().headerData(k, Qt.Orientation.Horizontal)
            assert header.fontMetrics().horizontalAdvance(title) + 8 <= width, title
        bar.setValue(bar.maximum())
        assert rows.isVisible(), "the numbers of the rows stay"
        assert rows.mapTo(table, rows.rect().topLeft()).x() >= 0
        bar.setValue(0)
        if name == "x{}":
            assert max(width_of(table, text) for text in first_numbers(table, 9)) <= table.columnWidth(0) - 6
    long = [f"a measurement of the {part}, taken in the garden by the people" for part in ("sepal", "petal")]
    start(window, with_inputs(2, names=tuple(long)))
    for k, part in enumerate(("sepal", "petal")):
        shown, tip = (
            table.model().headerData(k, Qt.Orientation.Horizontal, role)
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
        )
        assert (part in shown, tip) == (True, long[k])
        assert header.fontMetrics().horizontalAdvance(shown) <= table.columnWidth(k)


def test_in_a_run_columns_only_become_wider(qtbot, open_window):
    window = open_window("many-rows")
    document, table, seen = window.document, with_room(window, numbers=14), []
    weight = Address("weight", 1, 0, 0)
    own = edits.value_at(document.state, weight)
    document.set_in_motion(True)
    for value in (own, 1.2345678e101, own):
        document.push(edits.set_value(document.state, weight, value), "Run", "run")
        window.desk.frames.show_pending()
        qtbot.waitUntil(lambda: not table.fit_soon.isActive() and table.cells.fit(table.columnWidth))
        seen.append(widths(table))
    assert seen[0] != seen[1] == seen[2]
    document.set_in_motion(False)
    qtbot.waitUntil(lambda: widths(table) == seen[0])


def in_sight(window):
    """Return whether the columns stand side by side, each with all its numbers."""
    table = window.data.table
    return table.cells.fit(table.columnWidth) and table.horizontalScrollBar().maximum() == 0


def run(window, qtbot):
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()


@pytest.mark.fonts
def test_validation_rows_are_shown_and_every_number_is_visible_after_a_run(qtbot, open_window, amount):
    window = open_window("many-rows")
    document, rows = window.document, len(window.document.state.data)
    window.training.fields.validation.setText("40 %")
    QTest.keyClick(window.training.fields.validation, Key.Key_Return)
    kept = rows - document.state.trained_rows
    assert (document.state.training.validation, kept > 0) == (0.4, True)
    assert window.data.table.split.caption == f"validation: 40 %, {kept} rows"
    window.document.select_row(rows - 1)
    assert written(window, Address("subheading", -1)).startswith(f"row {rows} of {rows}, ")
    before = document.state
    choose_entry(window, "Shuffle rows")
    assert status(window).startswith(f"Shuffled {rows} rows with seed ")
    choose_entry(window, "Undo")
    assert document.state is before
    some = ["many-rows", "twenty-updates"]
    every = ["xor", "tuning-by-hand", *some]
    for name in amount(quick=some, ci=every, night=every):
        document.start(load(example(name).path))
        run(window, qtbot)
        table = with_room(window, numbers=9)
        qtbot.waitUntil(lambda: in_sight(window))
    document.start(load(example("twenty-updates").path))
    qtbot.waitUntil(lambda: in_sight(window))
    before = widths(table)
    for k in range(3):
        state = edits.set_value(document.state, Address("weight", 0, 0, k), -1.2345678e-101)
        document.push(edits.set_value(state, Address("input", -1, k), 1.2345678e-101, 0), "Set")
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() > 0)  # as these fit in no size
    qtbot.waitUntil(lambda: table.cells.fit(table.columnWidth))
    for _ in range(3):
        document.undo()
    qtbot.waitUntil(lambda: widths(table) == before)
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() == 0)  # Qt reckons that out a little later

    window.runner.set_training(replace(document.state.training, learning_rate=0.03))
    run(window, qtbot)
    for k, weight in ((0, None), (0, -6.661338147750939e-16), (1, 0.0), (2, 0.0)):
        if weight is not None:  # below 0 it is longer
            document.push(edits.set_value(document.state, Address("weight", 0, 0, k), weight), "Set")
        table.grab()  # which finds what has no room
        qtbot.waitUntil(lambda: in_sight(window))
        assert clipped(window.data) == []
    assert [table.model().index(0, k).data() for k in (4, 6)] == ["−6.661e−16", "4.437e−31"]


def test_the_next_action_removes_a_refusal_from_the_status_bar(open_window):
    window = open_window("xor")
    table = window.data.table
    for key, after in ((Key.Key_Escape, ""), (Key.Key_Return, "x_0 of row 1: 9")):
        table.setFocus()
        table.setCurrentIndex(table.model().index(0, 0))
        QTest.keyClick(table, Key.Key_9)
        editor = table.findChild(QLineEdit)
        for text, pressed in (("abc", Key.Key_Return), ("9", key)):
            editor.selectAll()
            write(editor, text)
            QTest.keyClick(editor, pressed)
            assert ("'abc' is not a number" in status(window)) == (text == "abc")
        assert status(window) == after
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
