"""The data panel, driven as a person drives it."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTableView

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.picture.palette import PALETTES
from nnviz.ui.data.cells import first_fitting
from nnviz.ui.data.panel import DataPanel
from nnviz.ui.widgets.theme import ui_font
from tests.ui.clipped import clipped, cut_off
from tests.ui.hands import drag, entry, set_number, turn, write

COURSE = Network.from_weights(
    {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
)
ROWS = [[3.0, 5.0], [1.0, -1.0], [0.0, 0.0], [8.0, 4.0]]
TARGETS = [[60.0], [50.0], [0.0], [140.0]]


class Desk:
    """A panel on screen with its document."""

    def __init__(self, qtbot, state):
        self.qtbot = qtbot
        self.document = Document(state)
        self.selection = Selection(self.document)
        self.panel = DataPanel(self.document, self.selection, Derived(self.document, self.selection))
        self.said = []
        self.panel.said.connect(self.said.append)
        qtbot.addWidget(self.panel)
        self.panel.resize(1000, 260)
        self.panel.show()
        self.panel.activateWindow()
        self.table = self.panel.findChild(QTableView)
        self.table.setFocus()
        qtbot.waitUntil(lambda: QApplication.focusWidget() is self.table)

    @property
    def data(self):
        return self.document.state.data

    def texts(self, row):
        model = self.table.model()
        return [model.index(row, c).data() for c in range(model.columnCount())]

    def headers(self):
        model = self.table.model()
        return [model.headerData(c, Qt.Orientation.Horizontal) for c in range(model.columnCount())]

    def place(self, row, column):
        return self.table.visualRect(self.table.model().index(row, column)).center()

    def click(self, row, column, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.mouseClick(
            self.table.viewport(), Qt.MouseButton.LeftButton, modifier, self.place(row, column)
        )

    def type(self, text, *keys):
        for sign in text:  # QTest.keyClicks aborts at a sign that is not ASCII
            event = QKeyEvent(QEvent.Type.KeyPress, ord(sign.upper()), Qt.KeyboardModifier.NoModifier, sign)
            QApplication.sendEvent(QApplication.focusWidget(), event)
        for key in keys:
            self.qtbot.keyClick(QApplication.focusWidget(), key)

    def editor(self):
        return self.table.findChild(QLineEdit)

    def press(self, text):
        button = next(b for b in self.panel.findChildren(QPushButton) if b.text() == text)
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def labels(self):
        return [label.text() for label in self.panel.findChildren(QLabel) if label.isVisible()]


@pytest.fixture
def desk(qtbot):
    return Desk(qtbot, State(COURSE, Dataset(ROWS, TARGETS)))


def test_a_row_shows_inputs_target_prediction_error_and_its_square(desk):
    assert desk.headers() == ["accounts", "children", "target", "prediction", "error", "error²"]
    assert desk.texts(0) == ["3", "5", "60", "52", "−8", "64"]
    assert desk.texts(1) == ["1", "−1", "50", "63", "13", "169"]
    assert "DATA · 4 ROWS" in desk.labels()


def test_several_outputs_have_a_column_each_and_one_mse(qtbot):
    layer = Layer(("low", "high"), "identity", [[1.0], [2.0]])
    desk = Desk(qtbot, State(Network(("x",), (layer,)), Dataset([[3.0]], [[1.0, 10.0]])))
    assert desk.headers() == [
        "x",
        "target low",
        "target high",
        "prediction low",
        "prediction high",
        "error low",
        "error high",
        "MSE",
    ]
    assert desk.texts(0) == ["3", "1", "10", "3", "6", "2", "−4", "10"]


def test_a_number_is_shown_as_everywhere_and_with_all_digits_in_the_tooltip_and_editor(qtbot):
    desk = Desk(qtbot, State(COURSE, Dataset([[1 / 3, -1 / 3]], [[0.0]])))
    index = desk.table.model().index(0, 1)
    assert index.data() == "−0.3333"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "−0.3333333333333333"
    desk.click(0, 1)
    desk.type("", Qt.Key.Key_F2)
    assert desk.editor().text() == "-0.3333333333333333"
    assert desk.editor().selectedText() == desk.editor().text()


def test_a_rounded_number_does_not_pass_for_an_exact_one(qtbot):
    desk = Desk(qtbot, State(COURSE, Dataset([[1.72, 1.7200000003], [0.5, 0.00029000000004]], None)))
    assert desk.texts(0)[:2] == ["1.72", "1.720"]
    assert desk.texts(1)[:2] == ["0.5", "0.0002900"]


def test_typing_over_a_cell_and_enter_changes_it_and_goes_down(desk):
    desk.click(0, 0)
    desk.type("4", Qt.Key.Key_Return)
    assert desk.data.inputs[0, 0] == 4.0
    assert desk.texts(0)[3] == "56"
    assert (desk.table.currentIndex().row(), desk.table.currentIndex().column()) == (1, 0)
    assert desk.document.undo_text() == "accounts of row 1"
    desk.document.undo()
    assert desk.texts(0) == ["3", "5", "60", "52", "−8", "64"]
    assert desk.document.undo_text() == ""


def test_tab_accepts_and_edits_the_next_cell_that_can_be_typed_into(desk):
    desk.click(0, 1)
    desk.type("7", Qt.Key.Key_Tab)
    desk.type("1/2", Qt.Key.Key_Tab)
    desk.type("−2", Qt.Key.Key_Backtab)
    desk.type("0,25", Qt.Key.Key_Return)
    assert desk.data.inputs[0, 1] == 7.0
    assert desk.data.targets[0, 0] == 0.25
    assert desk.data.inputs[1, 0] == -2.0


def test_tab_in_the_last_cell_makes_a_row_and_edits_its_first_cell(desk):
    desk.click(3, 2)
    desk.type("7", Qt.Key.Key_Tab)
    assert desk.data.inputs.tolist() == [*ROWS, [0, 0]]
    assert desk.data.targets[3, 0] == 7.0
    assert desk.selection.row == 4
    assert QApplication.focusWidget().accessibleName() == "accounts, row 5"
    desk.type("9", Qt.Key.Key_Tab)
    desk.type("8", Qt.Key.Key_Return)
    assert desk.data.inputs.tolist() == [*ROWS, [9, 8]]
    for _ in range(3):
        desk.document.undo()
    assert desk.data.inputs.tolist() == ROWS
    assert desk.data.targets[3, 0] == 7.0


def test_a_row_that_tab_made_goes_with_escape_while_it_is_untouched(desk):
    for typed, rows in (("", 4), ("5", 5)):
        desk.click(3, 2)
        desk.type("", Qt.Key.Key_F2, Qt.Key.Key_Tab)
        assert len(desk.data) == 5
        if typed:
            desk.type(typed, Qt.Key.Key_Tab)
        desk.type("", Qt.Key.Key_Escape)
        assert len(desk.data) == rows
        desk.qtbot.waitUntil(lambda: desk.editor() is None)


def test_a_sign_that_begins_no_number_is_left_to_the_window(desk):
    desk.click(0, 0)
    for sign in (" ", ".", ",", "x"):
        event = QKeyEvent(QEvent.Type.KeyPress, ord(sign.upper()), Qt.KeyboardModifier.NoModifier, sign)
        event.accept()
        desk.table.keyPressEvent(event)
        assert not event.isAccepted()
        assert desk.editor() is None
    desk.type("−1", Qt.Key.Key_Return)
    assert desk.data.inputs[0, 0] == -1.0


def test_a_digit_on_a_cell_opens_it_though_the_window_has_a_use_for_it(desk):
    shortcut = QShortcut(QKeySequence("2"), desk.panel)
    used = []
    shortcut.activated.connect(lambda: used.append("2"))
    desk.click(1, 0)
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_2)
    assert (desk.editor().text(), used) == ("2", [])
    desk.type("", Qt.Key.Key_Escape)
    desk.qtbot.waitUntil(lambda: desk.editor() is None)
    desk.click(1, 3)  # a prediction
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_2)
    assert used == ["2"]


@pytest.mark.parametrize("column", [0, 1])
def test_all_that_is_typed_into_a_cell_is_in_sight_within_the_table(desk, column):
    desk.panel.resize(400, 260)
    desk.click(0, column)
    desk.type("-0.3333333333333333")
    assert list(cut_off(desk.editor())) == []
    assert desk.table.viewport().rect().contains(desk.editor().geometry())


def test_escape_restores(desk):
    desk.click(2, 1)
    desk.type("99", Qt.Key.Key_Escape)
    assert desk.data.inputs[2, 1] == 0.0
    assert desk.document.undo_text() == ""


def test_a_click_elsewhere_accepts(desk):
    desk.click(2, 1)
    desk.type("9")
    desk.click(0, 0)
    assert desk.data.inputs[2, 1] == 9.0


def test_enter_and_a_double_click_edit_with_the_text_selected(desk):
    desk.click(3, 2)
    desk.type("", Qt.Key.Key_Return)
    assert desk.editor().selectedText() == "140"
    desk.type("", Qt.Key.Key_Escape)
    desk.qtbot.waitUntil(lambda: desk.editor() is None)
    desk.click(1, 0)
    desk.qtbot.mouseDClick(desk.table.viewport(), Qt.MouseButton.LeftButton, pos=desk.place(1, 0))
    assert desk.editor().selectedText() == "1"


def test_up_and_down_nudge_in_decimal(desk):
    desk.click(2, 0)
    desk.type("0.2", Qt.Key.Key_Up)
    assert desk.editor().text() == "0.3"
    desk.qtbot.keyClick(desk.editor(), Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert desk.editor().text() == "-0.7"
    desk.type("", Qt.Key.Key_Return)
    assert desk.data.inputs[2, 0] == -0.7


def test_dragging_a_number_sideways_scrubs_it_as_one_undo_entry(qtbot):
    desk = Desk(qtbot, State(COURSE, Dataset(ROWS, TARGETS)))
    before = desk.texts(1)
    drag(desk.table.viewport(), desk.place(1, 0), -36)
    assert desk.data.inputs[1, 0] == 0.4
    assert desk.texts(1)[0] == "0.4"
    assert desk.texts(1)[3] != before[3]  # the prediction follows
    drag(desk.table.viewport(), desk.place(1, 2), 12, Qt.KeyboardModifier.NoModifier)
    assert desk.data.targets[1, 0] == 50.2
    desk.document.undo()
    desk.document.undo()
    assert desk.texts(1) == before
    assert desk.document.undo_text() == ""


def test_a_drag_downwards_selects_rows_and_a_prediction_is_not_scrubbed(qtbot):
    desk = Desk(qtbot, State(COURSE, Dataset(ROWS, TARGETS)))
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(desk.table.viewport(), left, pos=desk.place(0, 0))
    QTest.mouseMove(desk.table.viewport(), desk.place(1, 0))
    QTest.mouseMove(desk.table.viewport(), desk.place(2, 0))
    QTest.mouseRelease(desk.table.viewport(), left, pos=desk.place(2, 0))
    drag(desk.table.viewport(), desk.place(1, 3), 36)
    assert desk.document.undo_text() == ""


def test_the_wheel_nudges_an_open_cell_and_scrolls_over_the_others(qtbot):
    rows = np.arange(400.0).reshape(200, 2)
    desk = Desk(qtbot, State(COURSE, Dataset(rows, None)))
    desk.click(0, 0)
    desk.type("0,2", Qt.Key.Key_F2)
    assert turn(desk.editor(), 1)
    assert desk.editor().text() == "0.3"
    turn(desk.editor(), -2, Qt.KeyboardModifier.ShiftModifier)
    assert desk.editor().text() == "-1.7"
    for _ in range(4):
        turn(desk.editor(), 0.25, Qt.KeyboardModifier.ShiftModifier)  # as a touchpad does
    assert desk.editor().text() == "-0.7"
    assert desk.table.verticalScrollBar().value() == 0
    desk.type("", Qt.Key.Key_Return)
    assert desk.data.inputs[0, 0] == -0.7
    turn(desk.table.viewport(), -1)
    assert desk.table.verticalScrollBar().value() > 0
    assert np.array_equal(desk.data.inputs[1:], rows[1:])


@pytest.mark.parametrize("text", ["1/2", "0,5", " 5e-1 ", "0.5"])
def test_a_number_is_written_alike_in_table_diagram_and_settings(open_window, text):
    window = open_window("xor")
    table, rate = window.data.table, window.training.fields.learning_rate
    set_number(window, Address("weight", 0, 0, 0), text)
    table.setCurrentIndex(table.model().index(0, 0))
    table.edit(table.currentIndex())
    for field in (table.findChild(QLineEdit), rate):
        field.setFocus()
        field.selectAll()
        write(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
    state = window.document.state
    numbers = (state.network.layers[0].weights[0, 0], state.data.inputs[0, 0], state.training.learning_rate)
    assert numbers == (0.5, 0.5, 0.5)


def test_a_refused_text_stays_in_the_editor_with_a_sentence(desk):
    desk.click(0, 0)
    desk.type("1,000", Qt.Key.Key_Return)
    assert desk.editor().text() == "1,000"
    sentence = "accounts: 1,000 can be read in two ways: write it without a thousands separator"
    assert sentence in desk.labels()
    assert desk.said == [sentence]
    assert desk.data.inputs[0, 0] == 3.0
    desk.type("10", Qt.Key.Key_Return)
    assert desk.data.inputs[0, 0] == 10.0
    assert sentence not in desk.labels()


def test_predictions_cannot_be_typed_into(desk):
    desk.click(0, 3)
    desk.type("5")
    assert desk.editor() is None


def test_enter_on_a_prediction_does_nothing(desk, qtlog):
    desk.click(0, 3)
    desk.type("", Qt.Key.Key_Return)
    assert desk.editor() is None
    assert [each for each in qtlog.records if "edit" in each.message] == []


def test_the_selected_row_is_the_one_on_the_diagram_both_ways(desk):
    desk.click(2, 4)
    assert desk.selection.row == 2
    desk.selection.row = 1
    assert desk.table.currentIndex().row() == 1
    assert [i.row() for i in desk.table.selectionModel().selectedRows()] == [1]


def test_plus_row_adds_zeros_below_the_selected_one_and_selects_them(desk):
    desk.click(1, 0)
    desk.press("Add row")
    assert desk.data.inputs.tolist() == [[3, 5], [1, -1], [0, 0], [0, 0], [8, 4]]
    assert desk.selection.row == 2
    assert desk.table.currentIndex().row() == 2
    assert "DATA · 5 ROWS" in desk.labels()
    desk.document.undo()
    assert desk.data.inputs.tolist() == ROWS
    assert "DATA · 4 ROWS" in desk.labels()


def test_a_number_that_is_being_typed_is_taken_before_a_row_is_added_or_removed(desk):
    desk.click(1, 0)
    desk.type("7")
    desk.press("Add row")
    assert desk.data.inputs.tolist() == [[3, 5], [7, -1], [0, 0], [0, 0], [8, 4]]
    desk.type("9")
    desk.press("Remove row")
    assert desk.data.inputs.tolist() == [[3, 5], [7, -1], [0, 0], [8, 4]]
    desk.document.undo()
    assert desk.data.inputs[2, 0] == 9.0


def test_remove_takes_every_selected_row_as_one_undo_entry(desk):
    desk.click(0, 0)
    desk.click(2, 0, Qt.KeyboardModifier.ControlModifier)
    desk.press("Remove row")
    assert desk.data.inputs.tolist() == [[1, -1], [8, 4]]
    assert desk.selection.row == 0
    assert desk.document.undo_text() == "remove 2 rows"
    desk.document.undo()
    assert desk.data.targets.tolist() == TARGETS


def test_ctrl_delete_removes_the_selected_row_and_the_one_after_takes_its_place(desk):
    desk.click(3, 0)
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_Delete, CONTROL)
    assert desk.data.inputs.tolist() == ROWS[:3]
    assert desk.selection.row == 2
    assert [i.row() for i in desk.table.selectionModel().selectedRows()] == [2]


CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    ("key", "modifiers", "left"),
    [
        (Qt.Key.Key_End, CONTROL, [0, 1, 2]),
        (Qt.Key.Key_Down, CONTROL, [0, 2, 3]),
        (Qt.Key.Key_Down, SHIFT, [2, 3]),
        (Qt.Key.Key_End, CONTROL | SHIFT, []),
    ],
)
def test_keys_that_go_to_another_row_take_the_selection_with_them(desk, key, modifiers, left):
    desk.click(0, 0)
    desk.qtbot.keyClick(desk.table, key, modifiers)
    kept = [ROWS[row] for row in left]
    assert desk.selection.row not in left, "the row on the diagram is one that Ctrl+Delete removes"
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_Delete, CONTROL)
    assert desk.data.inputs.tolist() == kept


def test_a_row_that_a_click_takes_out_of_the_selection_is_not_the_one_on_the_diagram(desk):
    desk.click(0, 0)
    desk.click(2, 0, CONTROL)
    desk.click(2, 0, CONTROL)
    assert desk.selection.row == 0
    desk.click(0, 0, CONTROL)
    assert desk.selection.row == 0
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_Delete, CONTROL)
    assert desk.data.inputs.tolist() == ROWS[1:], "the last one stays selected"


def click_number(desk, row, modifier=Qt.KeyboardModifier.NoModifier):
    """Click the number of a row."""
    numbers = desk.table.verticalHeader()
    at = QPoint(5, numbers.sectionViewportPosition(row) + 8)
    desk.qtbot.mouseClick(numbers.viewport(), Qt.MouseButton.LeftButton, modifier, at)


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
@pytest.mark.parametrize(
    ("column", "says"),
    [
        (0, "accounts of row 2 cannot be empty: type a number"),
        (2, "target of row 2: rows have all their targets or none; the table's menu removes all"),
        (4, "error of row 2 is computed and cannot be emptied"),
    ],
)
def test_delete_in_a_cell_that_cannot_be_empty_says_so_and_keeps_the_row(desk, column, says, key):
    desk.click(1, column)
    desk.type("", key)
    assert desk.data.inputs.tolist() == ROWS
    assert desk.data.targets.tolist() == TARGETS
    assert desk.said[-1].startswith(says)
    assert desk.said[-1].endswith("; Ctrl+Delete removes the row")


@pytest.mark.parametrize("column", [0, 2])
def test_delete_removes_rows_that_were_chosen_by_their_numbers(desk, column):
    desk.click(0, column)
    click_number(desk, 1)
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_Down, SHIFT)
    desk.type("", Qt.Key.Key_Delete)
    assert desk.data.inputs.tolist() == [ROWS[0], ROWS[3]]
    assert desk.said[-1] == "Removed 2 rows"


@pytest.mark.parametrize("leaves", [lambda desk: desk.click(1, 0), lambda desk: desk.type("", Qt.Key.Key_Up)])
def test_a_cell_that_is_chosen_after_a_row_s_number_is_what_delete_is_for(desk, leaves):
    click_number(desk, 1)
    leaves(desk)
    desk.type("", Qt.Key.Key_Delete)
    assert desk.data.inputs.tolist() == ROWS


def test_no_cell_is_marked_in_a_row_that_is_chosen_by_its_number(desk):
    def accent():
        image = desk.table.viewport().grab(desk.table.visualRect(desk.table.model().index(1, 0))).toImage()
        pixels = ((x, y) for x in range(image.width()) for y in range(image.height()))
        return sum(image.pixelColor(*at).name().upper() == PALETTES["light"].accent for at in pixels)

    desk.click(1, 0)
    assert accent() > 0
    click_number(desk, 1)
    assert accent() == 0


def one_row(qtbot):
    return Desk(qtbot, State(COURSE, Dataset(ROWS[:1], TARGETS[:1])))


@pytest.mark.parametrize("how", ["Delete", "empty text"])
def test_the_only_target_can_be_emptied_and_undone(qtbot, how):
    desk = one_row(qtbot)
    desk.click(0, 2)
    if how == "Delete":
        desk.type("", Qt.Key.Key_Delete)
    else:
        desk.type("", Qt.Key.Key_F2, Qt.Key.Key_Backspace, Qt.Key.Key_Return)
    assert desk.data.targets is None
    assert desk.texts(0) == ["3", "5", "–", "52", "–", "–"]
    assert desk.said[-1] == "target of row 1 is empty now"
    assert desk.document.undo_text() == "target of row 1"
    desk.document.undo()
    assert desk.data.targets.tolist() == TARGETS[:1]


def test_the_targets_of_all_selected_rows_are_emptied_together(desk):
    desk.click(0, 2)
    desk.click(3, 2, SHIFT)
    desk.type("", Qt.Key.Key_Delete)
    assert desk.data.targets is None
    assert desk.data.inputs.tolist() == ROWS
    assert desk.said[-1] == "target of 4 rows is empty now"


def test_a_target_of_several_that_is_emptied_is_refused_in_its_field(desk):
    desk.click(1, 2)
    desk.type("", Qt.Key.Key_F2, Qt.Key.Key_Backspace, Qt.Key.Key_Return)
    said = "target: rows have all their targets or none; the table's menu removes all"
    assert said in desk.labels()
    desk.type("", Qt.Key.Key_Up)
    assert "target: type a number" in desk.labels()
    desk.type("", Qt.Key.Key_Escape)
    assert desk.data.targets.tolist() == TARGETS


def test_a_sentence_of_refusal_is_in_sight_as_a_whole_in_a_narrow_panel(desk):
    desk.panel.resize(430, 260)
    desk.click(1, 2)
    desk.type("", Qt.Key.Key_F2, Qt.Key.Key_Backspace, Qt.Key.Key_Return)
    refusal = desk.panel.findChild(QLabel, "error")
    desk.qtbot.waitUntil(refusal.isVisible)
    assert desk.panel.width() == 430
    assert clipped(desk.panel) == []


def test_the_menu_removes_the_targets_of_all_rows(desk):
    def choose():
        desk.table.menu_wished.emit(QPoint(2, 2))
        menu = QApplication.activePopupWidget()
        action = entry(menu, "Remove the targets of all rows")
        enabled = action.isEnabled()
        menu.setActiveAction(action)
        desk.qtbot.keyClick(menu, Qt.Key.Key_Return)
        menu.close()
        return enabled

    assert choose()
    assert desk.data.targets is None
    assert desk.said[-1] == "Removed the targets of 4 rows"
    assert not choose()


def test_without_rows_a_sentence_says_how_to_add_one(desk):
    desk.table.selectAll()
    desk.press("Remove row")
    assert any(label.startswith("No rows yet: add one") for label in desk.labels())
    assert not desk.table.isVisible()
    desk.press("Add row")
    assert desk.texts(0) == ["0", "0", "–", "0", "–", "–"]
    assert QApplication.focusWidget() is desk.table
    assert "DATA · 1 ROW" in desk.labels()


def test_without_targets_a_typed_target_makes_the_others_zero_and_says_so(qtbot):
    desk = Desk(qtbot, State(COURSE, Dataset(ROWS)))
    assert desk.texts(0) == ["3", "5", "–", "52", "–", "–"]
    desk.click(0, 2)
    desk.type("60", Qt.Key.Key_Return)
    assert desk.data.targets.tolist() == [[60], [0], [0], [0]]
    assert desk.texts(0)[4] == "−8"
    assert desk.said == ["The rows have targets now; those that you did not type are 0."]


def test_a_changed_weight_changes_the_predictions_and_keeps_current_cell(desk):
    desk.click(2, 1)
    desk.document.push(edits.set_weight(desk.document.state, 1, 0, 0, 3.0), "a weight")
    assert desk.texts(0)[3:] == ["78", "18", "324"]
    assert desk.table.currentIndex().row() == 2


def test_a_new_input_brings_a_column_and_a_name_its_header(desk):
    desk.document.push(structure.add_node(desk.document.state, 0), "an input")
    assert desk.headers()[:4] == ["accounts", "children", "input_2", "target"]
    desk.document.push(edits.rename(desk.document.state, 0, 2, "age"), "a name")
    assert desk.headers()[2] == "age"


def test_a_row_is_copied_at_full_precision_with_an_ascii_minus(desk):
    desk.click(0, 0)
    desk.qtbot.keyClick(desk.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "3\t5\t60\t52\t-8\t64"


def test_only_the_rows_that_are_seen_are_predicted(qtbot, monkeypatch):
    seen = []
    forward = Network.forward
    monkeypatch.setattr(
        Network, "forward", lambda self, x: seen.append(len(np.atleast_2d(x))) or forward(self, x)
    )
    rows = np.arange(120_000.0).reshape(60_000, 2)
    desk = Desk(qtbot, State(COURSE, Dataset(rows, rows[:, :1])))
    desk.selection.row = 59_999
    desk.panel.grab()
    assert 0 < sum(seen) < 200
    assert desk.texts(59_999)[3] == desk.table.model().index(59_999, 3).data()
    assert float(desk.texts(59_999)[3]) == COURSE.predict(rows[-1])[0, 0]


def test_the_row_that_is_looked_at_is_the_only_one_selected(open_window):
    window = open_window("xor")
    for row in (1, 2):
        window.selection.row = row
    rows = {index.row() for index in window.data.table.selectionModel().selectedRows()}
    assert rows == {2}


def with_inputs(count, name="feature_{}"):
    """Return rows of so many inputs with numbers that take many digits."""
    rng = np.random.default_rng(0)
    layer = Layer(("output",), "identity", rng.normal(size=(1, count)))
    network = Network(tuple(name.format(i) for i in range(count)), (layer,))
    return State(network, Dataset(rng.normal(size=(9, count)), rng.normal(size=(9, 1))))


def bold(table):
    """Return the metrics of the numbers that a person types."""
    font = QFont(table.font())
    font.setWeight(QFont.Weight.DemiBold)
    return QFontMetrics(font)


def widths(table):
    return [table.columnWidth(column) for column in range(table.model().columnCount())]


def with_room(window, numbers):
    """Return the table of a window that is 1280 pixels wide, or so wide that the table has room for so many
    numbers side by side: with another font 1280 pixels may be few.
    """
    table = window.data.table
    while table.viewport().width() < numbers * bold(table).horizontalAdvance("−1.234"):
        window.main_window.resize(window.main_window.width() + 10, 800)
        QApplication.processEvents()
    return table


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_up_to_four_inputs_are_seen_with_error_and_square_at_once(open_window, count):
    table = with_room(open_window(with_inputs(count, "x{}")), numbers=11)  # what Inter has at 1280
    assert sum(widths(table)) == table.viewport().width()
    assert bold(table).horizontalAdvance("−1.234") <= min(widths(table)) - 12


def test_many_inputs_scroll_sideways_with_their_names_to_be_read(open_window):
    table = open_window(with_inputs(64)).data.table
    assert table.horizontalScrollBar().maximum() > 0
    metrics = table.horizontalHeader().fontMetrics()
    assert table.columnWidth(63) >= metrics.horizontalAdvance("feature_63") + 8
    numbers = open_window(with_inputs(64, "x{}")).data.table
    texts = [numbers.model().index(row, 0).data() for row in range(9)]
    assert max(map(bold(numbers).horizontalAdvance, texts)) <= numbers.columnWidth(0) - 10


def test_numbers_of_very_many_inputs_can_be_read_though_their_names_are_short(open_window):
    table = open_window(with_inputs(200, "x{}")).data.table
    assert table.columnWidth(0) >= bold(table).horizontalAdvance("−0.1234") + 6


def test_of_a_column_of_which_next_to_nothing_is_in_sight_nothing_is_written(open_window):
    table = open_window(with_inputs(64)).data.table
    right, bar = table.viewport().width(), table.horizontalScrollBar()
    beyond = table.columnViewportPosition(table.columnAt(right - 1) + 1)
    bar.setValue(beyond - (right - 8))
    image, row = table.viewport().grab().toImage(), table.visualRect(table.model().index(3, 0))
    seen = {
        image.pixelColor(x, y).name() for x in range(right - 8, right) for y in range(row.y(), row.bottom())
    }
    assert seen == {PALETTES["light"].surface.lower()}


def test_of_a_number_that_is_cut_off_at_the_left_no_part_is_written(open_window):
    table = open_window(with_inputs(64)).data.table
    texts = [table.model().index(row, 0).data() for row in range(3)]
    for part in (0.3, 0.4, 0.5, 0.6):
        seen = round(part * min(map(bold(table).horizontalAdvance, texts)))
        table.horizontalScrollBar().setValue(table.columnWidth(0) - seen)
        image, row = table.viewport().grab().toImage(), table.visualRect(table.model().index(1, 1))
        edge = {image.pixelColor(0, y).name() for y in range(row.y(), row.bottom())}
        assert edge == {PALETTES["light"].surface.lower()}


@pytest.mark.parametrize("count", [2, 4, 64])
def test_no_name_is_shortened_and_the_numbers_of_the_rows_stay_where_columns_scroll(open_window, count):
    table = open_window(with_inputs(count, "input_{}"), size=(1000, 650)).data.table
    header, rows = table.horizontalHeader(), table.verticalHeader()
    for k, width in enumerate(widths(table)):
        name = table.model().headerData(k, Qt.Orientation.Horizontal)
        assert header.fontMetrics().horizontalAdvance(name) + 10 <= width, name
    table.horizontalScrollBar().setValue(table.horizontalScrollBar().maximum())
    assert rows.isVisible()
    assert rows.mapTo(table, rows.rect().topLeft()).x() >= 0
    assert table.model().headerData(8, Qt.Orientation.Vertical) == 9


def test_very_long_headers_that_begin_and_end_alike_are_told_apart(desk):
    names = [f"a measurement of the {part}, taken in the garden by the people" for part in ("sepal", "petal")]
    layer = Layer(("output",), "identity", [[1.0, 2.0]])
    desk = Desk(desk.qtbot, State(Network(names, (layer,)), Dataset(ROWS)))
    shown = desk.headers()[:2]
    assert "sepal" in shown[0]
    assert "petal" in shown[1]
    for k, name in enumerate(names):
        assert (
            desk.table.model().headerData(k, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == name
        )
        wide = desk.table.horizontalHeader().fontMetrics().horizontalAdvance(shown[k])
        assert wide <= desk.table.columnWidth(k)


def test_a_longer_number_widens_its_column_once_it_is_typed(desk):
    desk.panel.resize(600, 260)
    narrow = desk.table.columnWidth(1)
    desk.click(0, 1)
    desk.type("0.12345678", Qt.Key.Key_Return)
    assert desk.table.columnWidth(1) > narrow
    assert bold(desk.table).horizontalAdvance("0.12345678") + 12 <= desk.table.columnWidth(1)


def test_another_document_or_another_name_fits_the_columns_anew(open_window):
    window = open_window(with_inputs(9, "x{}"), size=(1920, 1080))
    table = window.data.table
    narrow = table.columnWidth(0)
    window.document.start(with_inputs(9, "something_{}"))
    assert table.columnWidth(0) > narrow
    window.document.start(with_inputs(2))
    assert sum(widths(table)) == table.viewport().width()
    window.document.push(structure.add_node(window.document.state, 0), "an input")
    assert sum(widths(table)) == table.viewport().width()


def test_the_numbers_of_a_column_have_one_size_the_first_in_which_all_fit(qapp):
    large, small = (QFontMetrics(ui_font(size)) for size in (13, 10))
    texts, room = ["7", "−0.01234"], large.horizontalAdvance("−0.01234")
    assert first_fitting([large, small], texts, room) == 0
    assert first_fitting([large, small], texts, room - 1) == 1
    assert first_fitting([large, small], texts, 20) is None


def in_sight_in_one_size(window):
    """Return whether the columns stand side by side, each with all its numbers in one of the sizes."""
    table = window.data.table
    sizes = table.cells.fonts
    shown_all = set(sizes) == set(range(table.model().columnCount())) and None not in sizes.values()
    return shown_all and table.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("name", ["twenty-updates", "many-rows", "xor", "tuning-by-hand"])
def test_after_a_run_every_number_of_every_column_is_in_sight(qtbot, open_window, name):
    window = open_window(name)
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()
    with_room(window, numbers=9)
    qtbot.waitUntil(lambda: in_sight_in_one_size(window))


def test_a_number_too_long_for_any_size_gets_a_wider_column_though_others_scroll_then(qtbot, open_window):
    window = open_window("twenty-updates")
    for k in range(3):
        state = edits.set_value(window.document.state, Address("weight", 0, 0, k), -1.2345678e-101)
        window.document.push(edits.set_input(state, 0, k, 1.2345678e-101), "Set")
    table = window.data.table
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() > 0)
    qtbot.waitUntil(lambda: None not in table.cells.fonts.values())


def run_at(qtbot, window, rate):
    """Run from the first weights with a learning rate, to the end."""
    window.runner.restart()
    field = window.training.fields.learning_rate
    field.setText(rate)
    QTest.keyClick(field, Qt.Key.Key_Return)
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()


def test_the_long_numbers_of_a_tiny_error_are_in_sight_side_by_side_with_their_names(qtbot, open_window):
    window = open_window("twenty-updates")
    table = with_room(window, numbers=7.9)  # what it has at 1280
    run_at(qtbot, window, "0.03")
    for k, weight in ((0, None), (0, -6.661338147750939e-16), (1, 0.0), (2, 0.0)):
        if weight is not None:  # below 0 it is longer
            address = Address("weight", 0, 0, k)
            window.document.push(edits.set_value(window.document.state, address, weight), "Set")
        table.grab()  # which finds what has no room
        qtbot.waitUntil(lambda: in_sight_in_one_size(window))
        assert clipped(window.data) == []
    assert [table.model().index(0, k).data() for k in (4, 6)] == ["−6.661e−16", "4.437e−31"]


def test_columns_that_were_wide_for_long_numbers_are_as_before_once_these_are_short(qtbot, open_window):
    window = open_window("twenty-updates")
    table = with_room(window, numbers=9)
    qtbot.waitUntil(lambda: in_sight_in_one_size(window))
    before = widths(table)
    for k in range(3):
        window.document.push(
            edits.set_value(window.document.state, Address("weight", 0, 0, k), -1.2345678e-101), "Set"
        )
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() > 0)
    for _ in range(3):
        window.document.undo()
    qtbot.waitUntil(lambda: widths(table) == before)
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() == 0)  # Qt reckons that out a little later


def test_at_least_five_rows_are_in_sight_at_1280_by_800(open_window):
    table = open_window("digits").data.table
    room = table.viewport().rect()
    whole = [row for row in range(20) if room.contains(table.visualRect(table.model().index(row, 0)))]
    assert len(whole) >= 5
