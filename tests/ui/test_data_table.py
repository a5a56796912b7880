"""The table of the data panel: rows typed, dragged, selected, removed, pasted, kept for validation."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTableView

from nnviz.core import edits, structure
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.standardise import standardise
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.picture.palette import PALETTES
from nnviz.ui.data.panel import DataPanel
from tests.ui.clipped import clipped, cut_off
from tests.ui.hands import CORNER, choose_in_table_menu, drag, entry, turn, write

Key = Qt.Key
CONTROL, SHIFT, LEFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.MouseButton.LeftButton,
)
COURSE = Network.from_weights(
    {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
)
ROWS = [[3.0, 5.0], [1.0, -1.0], [0.0, 0.0], [8.0, 4.0]]
TARGETS = [[60.0], [50.0], [0.0], [140.0]]


class Desk:
    """A panel on screen with its document."""

    def __init__(self):
        self.said = []
        self.document = Document(State(COURSE, Dataset(ROWS, TARGETS)))
        self.selection = Selection(self.document)
        self.data = DataPanel(self.document, self.selection, Derived(self.document, self.selection))
        self.data.said.connect(self.said.append)
        self.table = self.data.findChild(QTableView)

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

    def click_number(self, row):
        numbers = self.table.verticalHeader()
        at = QPoint(5, numbers.sectionViewportPosition(row) + 8)
        self.qtbot.mouseClick(numbers.viewport(), LEFT, pos=at)

    def type(self, text, *keys):
        for letter in text:  # the first one opens a field
            write(QApplication.focusWidget(), letter)
        for key in keys:
            self.qtbot.keyClick(QApplication.focusWidget(), key)

    def key(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.table, key, modifiers)

    def editor(self):
        return self.table.findChild(QLineEdit)

    def leave_editor(self):
        for editor in self.table.findChildren(QLineEdit):
            if editor.isVisible():
                self.qtbot.keyClick(editor, Key.Key_Escape)
        self.editor_goes()

    def editor_goes(self):
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
    yield desk
    desk.data.hide()
    desk.data.deleteLater()


@pytest.fixture
def desk(one_desk, qtbot):
    """Return the desk of all tests with the rows of the course."""
    one_desk.qtbot = qtbot
    one_desk.start()
    one_desk.data.resize(1000, 460)
    one_desk.table.show()
    one_desk.data.activateWindow()
    one_desk.table.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is one_desk.table)
    yield one_desk
    one_desk.leave_editor()
    one_desk.table.hide()  # which ends its timers


def test_a_row_shows_inputs_target_prediction_error_and_its_square(desk):
    assert desk.headers() == ["accounts", "children", "target", "prediction", "error", "error²"]
    assert desk.texts(0) == ["3", "5", "60", "52", "−8", "64"]
    assert desk.texts(1) == ["1", "−1", "50", "63", "13", "169"]
    assert "DATA · 4 ROWS" in desk.labels()
    desk.click(2, 1)
    desk.document.push(edits.set_weight(desk.document.state, 1, 0, 0, 3.0), "a weight")
    assert desk.texts(0)[3:] == ["78", "18", "324"]
    assert desk.table.currentIndex().row() == 2
    desk.document.push(structure.add_node(desk.document.state, 0), "an input")
    assert desk.headers()[:4] == ["accounts", "children", "input_2", "target"]
    desk.document.push(edits.rename(desk.document.state, 0, 2, "age"), "a name")
    assert desk.headers()[2] == "age"
    layer = Layer(("low", "high"), "identity", [[1.0], [2.0]])
    desk.start([[3.0]], [[1.0, 10.0]], Network(("x",), (layer,)))
    columns = [f"{kind} {name}" for kind in ("target", "prediction", "error") for name in ("low", "high")]
    assert desk.headers() == ["x", *columns, "MSE"]
    assert desk.texts(0) == ["3", "1", "10", "3", "6", "2", "−4", "10"]


@pytest.mark.fonts
def test_a_number_is_shown_as_everywhere_and_with_all_digits_in_tooltip_and_editor(desk):
    desk.start([[1.72, 1.7200000003], [0.5, 0.00029000000004], [1 / 3, -1 / 3]], None)
    shown = [desk.texts(row)[:2] for row in range(3)]
    assert shown == [["1.72", "1.720"], ["0.5", "0.0002900"], ["0.3333", "−0.3333"]]
    index = desk.table.model().index(2, 1)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "−0.3333333333333333"
    desk.data.resize(400, 260)
    for column, text in ((0, "0.3333333333333333"), (1, "-0.3333333333333333")):
        desk.click(2, column)
        desk.type("", Key.Key_F2)
        assert desk.editor().text() == desk.editor().selectedText() == text
        assert list(cut_off(desk.editor())) == []
        assert desk.table.viewport().rect().contains(desk.editor().geometry())
        desk.leave_editor()


@pytest.mark.fonts
def test_a_longer_number_widens_its_column_once_it_is_typed(desk):
    desk.data.resize(600, 260)
    narrow = desk.table.columnWidth(1)
    desk.click(0, 1)
    desk.type("0.12345678", Key.Key_Return)
    font = QFont(desk.table.font())
    font.setWeight(QFont.Weight.DemiBold)
    assert desk.table.columnWidth(1) > narrow
    assert QFontMetrics(font).horizontalAdvance("0.12345678") + 12 <= desk.table.columnWidth(1)


def test_enter_tab_escape_and_a_click_elsewhere_end_typing(desk):
    desk.click(0, 0)
    desk.type("4", Key.Key_Return)
    assert (desk.inputs[0][0], desk.texts(0)[3]) == (4.0, "56")
    assert (desk.table.currentIndex().row(), desk.table.currentIndex().column()) == (1, 0)
    assert desk.document.undo_text() == "accounts of row 1"
    assert desk.undo_all() == 1
    assert desk.texts(0) == ["3", "5", "60", "52", "−8", "64"]
    desk.click(2, 1)
    desk.type("99", Key.Key_Escape)
    assert (desk.inputs[2][1], desk.document.undo_text()) == (0.0, "")
    desk.click(2, 1)
    desk.type("9")
    desk.click(0, 0)
    assert desk.inputs[2][1] == 9.0
    desk.click(0, 1)
    desk.type("7", Key.Key_Tab)
    desk.type("1/2", Key.Key_Tab)
    desk.type("−2", Key.Key_Backtab)
    desk.type("0,25", Key.Key_Return)
    assert (desk.inputs[0][1], desk.targets[0], desk.inputs[1][0]) == (7.0, [0.25], -2.0)


def test_enter_and_a_double_click_edit_with_the_text_selected(desk):
    desk.click(3, 2)
    desk.type("", Key.Key_Return)
    assert desk.editor().selectedText() == "140"
    desk.leave_editor()
    desk.click(1, 0)
    for click in (QTest.mouseDClick, QTest.mouseRelease):  # or the button stays down for other tests
        click(desk.table.viewport(), LEFT, pos=desk.place(1, 0))
    assert desk.editor().selectedText() == "1"


def test_tab_in_the_last_cell_makes_a_row_which_escape_takes_back_while_untouched(desk):
    desk.click(3, 2)
    desk.type("7", Key.Key_Tab)
    assert (desk.inputs, desk.targets[3], desk.selection.row) == ([*ROWS, [0, 0]], [7.0], 4)
    assert QApplication.focusWidget().accessibleName() == "accounts, row 5"
    desk.type("9", Key.Key_Tab)
    desk.type("8", Key.Key_Return)
    assert desk.inputs == [*ROWS, [9, 8]]
    for _ in range(3):
        desk.document.undo()
    assert (desk.inputs, desk.targets[3]) == (ROWS, [7.0])
    for typed, rows in (("", 4), ("5", 5)):
        desk.click(3, 2)
        desk.type("", Key.Key_F2, Key.Key_Tab)
        assert len(desk.inputs) == 5
        if typed:
            desk.type(typed, Key.Key_Tab)
        desk.leave_editor()
        assert len(desk.inputs) == rows


def test_a_sign_that_begins_no_number_is_left_to_the_window_and_a_digit_is_not(desk):
    desk.click(0, 0)
    for sign in (" ", ".", ",", "x"):
        event = QKeyEvent(QEvent.Type.KeyPress, ord(sign.upper()), Qt.KeyboardModifier.NoModifier, sign)
        event.accept()
        desk.table.keyPressEvent(event)
        assert (event.isAccepted(), desk.editor()) == (False, None), sign
    desk.type("−1", Key.Key_Return)
    assert desk.inputs[0][0] == -1.0
    desk.editor_goes()
    used = []
    QShortcut(QKeySequence("2"), desk.data).activated.connect(lambda: used.append("2"))
    desk.click(1, 0)
    desk.key(Key.Key_2)
    assert (desk.editor().text(), used) == ("2", [])
    desk.leave_editor()
    desk.click(1, 3)  # a prediction
    desk.key(Key.Key_2)
    assert (desk.editor(), used) == (None, ["2"])


def test_a_prediction_cannot_be_typed_into(desk, qtlog):
    desk.click(0, 3)
    desk.type("5", Key.Key_Return)
    assert desk.editor() is None
    assert [each for each in qtlog.records if "edit" in each.message] == []


@pytest.mark.fonts
def test_a_refused_text_stays_in_the_editor_with_a_sentence(desk, approved):
    desk.click(0, 0)
    desk.type("1,000", Key.Key_Return)
    (sentence,) = desk.said
    approved("1,000 in a cell", sentence)
    assert (desk.editor().text(), desk.inputs[0][0]) == ("1,000", 3.0)
    assert sentence in desk.labels()
    desk.type("10", Key.Key_Return)
    assert desk.inputs[0][0] == 10.0
    assert sentence not in desk.labels()
    desk.data.resize(430, 260)
    desk.click(1, 2)
    desk.type("", Key.Key_F2, Key.Key_Backspace, Key.Key_Return)
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
    desk.click(0, 0)
    desk.type("0.2", Key.Key_Up)
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


def test_a_number_that_is_dragged_sideways_is_scrubbed_as_one_edit(desk):
    before = desk.texts(1)
    drag(desk.table.viewport(), desk.place(1, 0), -36)
    assert (desk.inputs[1][0], desk.texts(1)[0]) == (0.4, "0.4")
    assert desk.texts(1)[3] != before[3], "the prediction follows"
    drag(desk.table.viewport(), desk.place(1, 2), 12)
    assert desk.targets[1] == [50.2]
    assert desk.undo_all() == 2
    assert desk.texts(1) == before
    QTest.mousePress(desk.table.viewport(), LEFT, pos=desk.place(0, 0))
    for row in (1, 2):
        QTest.mouseMove(desk.table.viewport(), desk.place(row, 0))
    QTest.mouseRelease(desk.table.viewport(), LEFT, pos=desk.place(2, 0))
    assert desk.selected() == [0, 1, 2]
    drag(desk.table.viewport(), desk.place(1, 3), 36)  # a prediction
    assert desk.document.undo_text() == ""


def test_the_selected_row_is_the_one_on_the_diagram_both_ways(desk):
    desk.click(2, 4)
    assert desk.selection.row == 2
    for row in (0, 1):
        desk.selection.row = row
    assert (desk.table.currentIndex().row(), desk.selected()) == (1, [1])


def test_rows_are_added_below_the_selected_one_and_removed_as_one_edit(desk):
    desk.click(1, 0)
    desk.press("Add row")
    assert desk.inputs == [[3, 5], [1, -1], [0, 0], [0, 0], [8, 4]]
    assert desk.selection.row == desk.table.currentIndex().row() == 2
    assert "DATA · 5 ROWS" in desk.labels()
    desk.document.undo()
    assert desk.inputs == ROWS
    assert "DATA · 4 ROWS" in desk.labels()
    desk.click(0, 0)
    desk.click(2, 0, CONTROL)
    desk.press("Remove row")
    assert (desk.inputs, desk.selection.row) == ([[1, -1], [8, 4]], 0)
    assert desk.document.undo_text() == "remove 2 rows"
    desk.document.undo()
    assert (desk.inputs, desk.targets) == (ROWS, TARGETS)
    desk.click(3, 0)
    desk.key(Key.Key_Delete, CONTROL)
    assert (desk.inputs, desk.selection.row, desk.selected()) == (ROWS[:3], 2, [2])


def test_a_number_that_is_being_typed_is_taken_before_a_row_is_added_or_removed(desk):
    desk.click(1, 0)
    desk.type("7")
    desk.press("Add row")
    assert desk.inputs == [[3, 5], [7, -1], [0, 0], [0, 0], [8, 4]]
    desk.type("9")
    desk.press("Remove row")
    assert desk.inputs == [[3, 5], [7, -1], [0, 0], [8, 4]]
    desk.document.undo()
    assert desk.inputs[2][0] == 9.0


def test_keys_that_go_to_another_row_take_the_selection_with_them(desk):
    for key, modifiers, left in (
        (Key.Key_End, CONTROL, [0, 1, 2]),
        (Key.Key_Down, CONTROL, [0, 2, 3]),
        (Key.Key_Down, SHIFT, [2, 3]),
        (Key.Key_End, CONTROL | SHIFT, []),
    ):
        desk.start()
        desk.click(0, 0)
        desk.key(key, modifiers)
        assert desk.selection.row not in left, "the row on the diagram is one that Ctrl+Delete removes"
        desk.key(Key.Key_Delete, CONTROL)
        assert desk.inputs == [ROWS[row] for row in left], (key, modifiers)


def test_a_row_that_a_click_takes_out_of_the_selection_leaves_the_diagram(desk):
    desk.click(0, 0)
    for row in (2, 2, 0):
        desk.click(row, 0, CONTROL)
    assert desk.selection.row == 0
    desk.key(Key.Key_Delete, CONTROL)
    assert desk.inputs == ROWS[1:], "the last one stays selected"


def test_delete_in_a_cell_that_cannot_be_empty_says_so_and_keeps_the_row(desk, approved):
    for column in (0, 2, 4):
        for key in (Key.Key_Delete, Key.Key_Backspace):
            desk.click(1, column)
            desk.type("", key)
            assert (desk.inputs, desk.targets) == (ROWS, TARGETS)
    assert desk.said[::2] == desk.said[1::2]
    approved("Delete on an input, one of the targets and an error", "\n".join(desk.said[::2]))


def test_delete_removes_rows_that_were_chosen_by_their_numbers_until_cells_are(desk):
    for column in (0, 2):
        desk.start()
        desk.click(0, column)
        desk.click_number(1)
        desk.key(Key.Key_Down, SHIFT)
        desk.type("", Key.Key_Delete)
        assert (desk.inputs, desk.said[-1]) == ([ROWS[0], ROWS[3]], "Removed 2 rows")
    for leaves in (lambda: desk.click(1, 0), lambda: desk.type("", Key.Key_Up)):
        desk.start()
        desk.click_number(1)
        leaves()
        desk.type("", Key.Key_Delete)
        assert desk.inputs == ROWS


def test_rows_that_were_chosen_by_their_numbers_have_no_frame_around_a_cell(desk):
    def accent():
        image = desk.table.viewport().grab().toImage()
        pixels = ((x, y) for x in range(image.width()) for y in range(30, 60))
        return sum(image.pixelColor(*at).name().upper() == PALETTES["light"].accent for at in pixels)

    desk.click(1, 0)
    assert accent() > 0
    desk.click_number(1)
    assert accent() == 0


def test_targets_are_emptied_where_no_row_keeps_one(desk, approved):
    said = []
    for how in ((Key.Key_Delete,), (Key.Key_F2, Key.Key_Backspace, Key.Key_Return)):
        desk.start(ROWS[:1], TARGETS[:1])
        desk.click(0, 2)
        desk.type("", *how)
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
    desk.start()
    choose_in_table_menu(desk, "Remove the targets of all rows")
    assert desk.document.state.data.targets is None
    said.append(desk.said[-1])
    desk.table.menu_wished.emit(CORNER)
    menu = QApplication.activePopupWidget()
    assert not entry(menu, "Remove the targets of all rows").isEnabled()
    menu.close()
    desk.click(0, 2)
    desk.type("60", Key.Key_Return)
    assert desk.targets == [[60], [0], [0], [0]]
    assert desk.texts(0)[4] == "−8"
    said.append(desk.said[-1])
    approved("targets are emptied by keys and the menu, and one typed", "\n".join(said))


def test_without_rows_a_sentence_says_how_to_add_one(desk, approved):
    desk.table.selectAll()
    desk.press("Remove row")
    assert not desk.table.isVisible()
    approved("no rows", "\n".join(desk.labels()))
    desk.press("Add row")
    assert desk.texts(0) == ["0", "0", "–", "0", "–", "–"]
    assert QApplication.focusWidget() is desk.table
    assert "DATA · 1 ROW" in desk.labels()


def test_only_the_rows_in_sight_are_predicted(desk, monkeypatch):
    seen, forward = [], Network.forward
    monkeypatch.setattr(
        Network, "forward", lambda self, x: seen.append(len(np.atleast_2d(x))) or forward(self, x)
    )
    rows = np.arange(120_000.0).reshape(60_000, 2)
    desk.start(rows, rows[:, :1])
    desk.selection.row = 59_999
    desk.data.grab()
    assert 0 < sum(seen) < 200
    assert float(desk.texts(59_999)[3]) == COURSE.predict(rows[-1])[0, 0]


def test_numbers_are_pasted_from_the_current_cell_on_as_one_edit(desk):
    for text in ("5\t6\t7\n8\t.5\t0,5", "5;6;7\n8;,5;0,5", "5,6,7\n8,.5,0.5\n"):
        desk.start()
        desk.paste(text, row=3)
        assert desk.inputs == [*ROWS[:3], [5, 6], [8, 0.5]], text
        assert desk.targets == [*TARGETS[:3], [7], [0.5]], text
        assert desk.said == ["Pasted 2 rows of 3 numbers; 1 row added"]
        assert desk.undo_all() == 1
        assert (desk.inputs, desk.targets) == (ROWS, TARGETS)


def test_what_is_pasted_says_what_its_numbers_become(desk, approved):
    desk.paste("5\t6\n7\t8", row=3)
    assert (desk.inputs[3:], desk.targets[3:]) == ([[5, 6], [7, 8]], [[140], [0]])
    desk.start()
    desk.document.edit("", standardise, [0])
    desk.paste("5\t6")
    assert desk.inputs[0] == [5, 6]
    desk.paste("6\t7", column=1)
    approved("pasted into standardised cells and beside them", "\n".join(desk.said))


def test_a_copied_row_has_all_digits_and_can_be_pasted_again(desk):
    desk.click(0, 0)
    desk.key(Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "3\t5\t60\t52\t-8\t64"
    desk.paste(QGuiApplication.clipboard().text(), row=1)
    assert (desk.inputs[1], desk.targets[1]) == (ROWS[0], TARGETS[0])


def test_what_does_not_fit_is_not_pasted_at_all(desk, approved):
    texts = ("1\t\t3", "1\t2\nx\t3", "1\t1/2", "1\t3/14", "nan\t3", "1\t2\t3\t4")
    for text in texts:
        desk.paste(text)
        assert (desk.inputs, desk.targets) == (ROWS, TARGETS), text
    said = [f"{text!r}: {sentence}" for text, sentence in zip(texts, desk.said, strict=True)]
    approved("texts that cannot be pasted", "\n".join(said))


def kept_rows(count=10, validation=0.3):
    """Return rows of which a share is kept, each number the row's own."""
    numbers = np.arange(count, dtype=float).reshape(-1, 1)
    network = Network.from_weights({"output": [0.5]})
    return {
        "rows": numbers,
        "targets": 10 * numbers,
        "network": network,
        "training": Training(0.001, 5, validation=validation),
    }


@pytest.fixture
def split(desk):
    """Return the line over the kept rows of a table of ten."""
    desk.start(**kept_rows())
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


def darkest(desk, row):
    """Return how light the darkest pixel of a row's first number is."""
    image = desk.table.viewport().grab(desk.table.visualRect(desk.table.model().index(row, 0))).toImage()
    return min(image.pixelColor(x, y).lightness() for x in range(4, image.width() - 4) for y in range(10, 24))


def test_the_line_stands_over_the_first_row_kept_and_says_how_many(desk, split):
    table = desk.table
    assert (split.isVisible(), split.caption) == (True, "validation: 30 %, 3 rows")
    assert abs(split.geometry().center().y() - table.rowViewportPosition(7)) <= 2
    spoken = [table.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in (6, 7)]
    assert [text.endswith(", kept for validation") for text in spoken] == [False, True]
    desk.start(**kept_rows(200))
    assert split.geometry().top() > table.viewport().height()
    table.scrollToBottom()
    table.scrollTo(table.model().index(140, 0), table.ScrollHint.PositionAtCenter)
    assert abs(split.geometry().center().y() - table.rowViewportPosition(140)) <= 2
    assert split.caption == "validation: 30 %, 60 rows"


@pytest.mark.fonts
def test_the_numbers_of_kept_rows_are_lighter(desk, split):
    desk.document.push(edits.set_rows(desk.document.state, np.full((10, 1), 8.0), np.ones((10, 1))), "8")
    light = [darkest(desk, row) for row in (1, 6, 7, 9)]
    assert max(light[:2]) + 20 < min(light[2:]), light


def test_the_line_is_dragged_as_one_edit_and_leaves_a_row_to_train_on(desk, split):
    document = desk.document
    drag_line(desk, 6, 5, 4)
    assert (document.state.trained_rows, document.state.training.validation) == (4, 0.6)
    assert split.caption == "validation: 60 %, 6 rows"
    assert desk.said[-1] == "6 rows kept for validation (60 %), 4 to train on"
    drag_line(desk, 8)
    assert document.state.trained_rows == 8
    document.undo()
    assert document.state.trained_rows == 4
    document.undo()
    assert (document.state.training.validation, split.caption) == (0.3, "validation: 30 %, 3 rows")
    drag_line(desk, 10)
    assert (document.state.training.validation, split.caption) == (0.0, "")
    assert split.isVisible()
    drag_line(desk, 9)
    assert split.caption == "validation: 10 %, 1 row"
    drag_line(desk, 0)
    assert document.state.trained_rows == 1
    desk.start(**kept_rows(100_000, validation=0.0))
    desk.table.scrollToBottom()
    drag_line(desk, 99_998)
    assert document.state.trained_rows == 99_998
    assert split.caption.endswith("2 rows")


def test_without_targets_or_a_second_row_there_is_no_line(desk, split):
    desk.start(**kept_rows() | {"targets": None})
    assert not split.isVisible()
    desk.start(**kept_rows(1, 0.0))
    assert not split.isVisible()


def test_the_menu_of_the_table_splits_and_shuffles(desk, split):
    document = desk.document
    desk.selection.row = 4
    choose_in_table_menu(desk, "Keep from here on for validation")
    assert document.state.trained_rows == 4
    choose_in_table_menu(desk, "Train on all rows")
    assert document.state.training.validation == 0.0
    document.push(train(document.state).state, "Run")
    before = document.state
    choose_in_table_menu(desk, "Shuffle rows")
    order = np.random.default_rng([0, 2]).permutation(10)
    assert document.state.data.inputs[:, 0].tolist() == order.tolist()
    assert document.state.data.targets[:, 0].tolist() == (10.0 * order).tolist()
    assert document.state.run is None
    assert desk.said[-1] == "Shuffled 10 rows by seed 0"
    document.undo()
    assert document.state is before
