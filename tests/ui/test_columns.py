"""Columns by formula in the window: the dialog, the table, the diagram, the function panel, and made rows."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QMenu

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.generators import KINDS
from nnviz.core.network import Network
from nnviz.core.numbers import as_text
from nnviz.core.state import Dataset, State
from nnviz.core.train import train
from nnviz.ui.dialogs.column import ColumnDialog
from nnviz.ui.dialogs.make_rows import MakeRows
from tests.ui import runs
from tests.ui.clipped import clipped
from tests.ui.hands import (
    choose_entry,
    choose_in_table_menu,
    click,
    click_in_list,
    double_click,
    drag,
    editor_of,
    field,
    point,
    press,
    press_button,
    set_number,
    type_into,
    write,
)
from tests.ui.sees import labels, offered, status, untrue

Key, LEFT = Qt.Key, Qt.MouseButton.LeftButton
ROWS = [[1.0, 4.0], [2.0, 5.0], [3.0, -6.0]]


def linear(rows=ROWS, targets=((0.0,), (1.0,), (2.0,))):
    return State(Network.random(("x", "y"), [(("output",), "identity")], 0), Dataset(rows, targets))


def product(text="x*y"):
    return edits.put_column(linear(), "x·y", text)


@pytest.fixture
def asked(carry_out):
    """Return a function that takes the deeds for the next dialog, which closes even after a failure."""
    return lambda *deeds, kind=ColumnDialog: carry_out(kind, *deeds)


def headers(window):
    model = window.data.model
    return [model.headerData(k, Qt.Orientation.Horizontal) for k in range(model.columnCount())]


def column_of(window, k):
    model = window.data.model
    return [model.index(row, k).data() for row in range(model.rowCount())]


def shown_after(qtbot, dialog, do):
    """Return the labels of a dialog that are shown soon after `do(dialog)`."""
    before = labels(dialog)
    do(dialog)
    qtbot.waitUntil(lambda: labels(dialog) != before)
    return labels(dialog)


def test_a_column_is_added_from_a_proposal_and_taken_back_in_one_step(afresh, asked, qtbot, approved):
    window = afresh(linear())
    seen = []

    def choose(dialog):
        seen.extend(shown_after(qtbot, dialog, click_in_list("x*y")))

    asked(choose, press_button("Add"))
    press(window, "Add column…")
    assert window.document.state.network.inputs == ("x", "y", "x·y")
    assert headers(window)[2] == "x·y\n= x*y"
    assert column_of(window, 2) == ["4", "10", "−18"]
    assert window.document.state.network.layers[0].weights[0, 2] == 0.0
    assert untrue(window) == []
    approved("a column is added", "\n".join([*seen, status(window)]))
    assert offered(window, "Undo").text().replace("&", "") == "Undo Add x·y"
    window.undo()
    assert window.document.state.network.inputs == ("x", "y")
    window.redo()
    assert headers(window)[2] == "x·y\n= x*y"


def test_a_number_that_is_being_typed_is_kept_when_a_column_is_added(afresh, asked):
    window, weight = afresh(linear()), Address("weight", 0, 0, 0)
    click(window, weight)
    write(editor_of(window), "7.5")
    asked(type_into("Formula", "x*y"), press_button("Add"))
    choose_entry(window, "Add column…")
    assert window.document.state.network.inputs == ("x", "y", "x·y")
    assert window.document.state.network.value_of(weight) == 7.5


def test_an_emptied_name_follows_the_formula_again(afresh, asked):
    window, names = afresh(linear()), []

    def empty(dialog):
        for text in ("own", ""):
            type_into("Name", text)(dialog)
            type_into("Formula", f"x*y*{len(names) + 2}")(dialog)
            names.append(field(dialog, "Name").text())

    asked(empty)
    choose_entry(window, "Add column…")
    assert names == ["own", "x·y·3"]


def test_a_changed_formula_may_have_its_old_name(afresh, asked):
    window, names = afresh(product()), []

    def retype(dialog):
        for text in ("x*y*2", "x*y"):
            type_into("Name", "")(dialog)
            type_into("Formula", text)(dialog)
            names.append(field(dialog, "Name").text())

    asked(retype)
    window.desk.column_requested.emit(2)
    assert names == ["x·y·2", "x·y"]


def test_a_column_is_typed_by_the_keyboard_alone(afresh, asked, qtbot):
    window = afresh(linear())

    def by_keys(dialog):
        qtbot.waitUntil(field(dialog, "Formula").hasFocus)
        write(dialog.focusWidget(), "x² + y²")
        assert field(dialog, "Name").text() == "x² + y²"
        QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
        assert dialog.focusWidget() is field(dialog, "Name")
        dialog.focusWidget().selectAll()
        write(dialog.focusWidget(), "distance²")
        QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
        assert isinstance(dialog.focusWidget(), QCheckBox)
        QTest.keyClick(dialog.focusWidget(), Key.Key_Space)
        QTest.keyClick(dialog.focusWidget(), Key.Key_Return)

    asked(by_keys)
    choose_entry(window, "Add column…")
    (column,) = window.document.state.columns.computed.values()
    assert (column.formula, column.name) == ("x² + y²", "distance²")
    values = window.document.state.data.inputs[:, 2]
    assert (abs(values.mean()) < 1e-12, values.std()) == (True, pytest.approx(1.0))
    header, tip = (
        window.data.model.headerData(2, Qt.Orientation.Horizontal, role)
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    )
    assert header == "distance²\n= x² + y², scaled"
    assert tip == "distance², computed as x² + y², then standardised"


def test_the_numbers_of_a_single_row_are_not_standardised(afresh, asked):
    window, can = afresh(linear(ROWS[:1], [[0.0]])), []
    asked(lambda dialog: can.append(dialog.findChild(QCheckBox).isEnabled()))
    choose_entry(window, "Add column…")
    assert can == [False]


def test_the_dialog_says_why_a_formula_cannot_be_used_and_stays_open(afresh, asked, qtbot, approved):
    window, said = afresh(linear()), []

    def look(dialog):
        for text in ("2x", "x*z", "log(y)", "x/(y - 4)", "sqrt(y)", "x +", ""):
            told = shown_after(qtbot, dialog, type_into("Formula", text))
            said.append(f"{text}: {' / '.join(told[3:])}")
            assert clipped(dialog) == []
            QTest.keyClick(field(dialog, "Formula"), Key.Key_Return)
            assert dialog.isVisible()
        shown_after(qtbot, dialog, type_into("Formula", "x*y"))
        for name in ("output", ""):
            told = shown_after(qtbot, dialog, type_into("Name", name))
            said.append(f"called {name}: {' / '.join(told[3:])}")
            press_button("Add")(dialog)
            assert dialog.isVisible()

    asked(look)
    press(window, "Add column…")
    assert not window.document.modified
    approved("formulas that cannot be used", "\n".join(said))


def test_the_formula_of_a_column_is_changed_from_the_table_and_the_diagram(afresh, asked):
    window = afresh(product())
    asked(type_into("Formula", "x - y", Key.Key_Return))
    window.data.table.setCurrentIndex(window.data.model.index(0, 2))
    choose_in_table_menu(window, "Change the formula of x·y…")
    assert column_of(window, 2) == ["−3", "−3", "9"]
    assert window.document.state.network.inputs[2] == "x·y", "a name stays"
    asked(type_into("Name", "difference"), type_into("Formula", "y - x", Key.Key_Return))
    header = window.data.table.horizontalHeader()
    header.customContextMenuRequested.emit(QPoint(header.sectionViewportPosition(2) + 5, 5))
    choose_in_menu(QApplication.activePopupWidget(), "Change the formula of x·y…")
    assert headers(window)[2] == "difference\n= y - x"
    assert offered(window, "Undo").text().replace("&", "") == "Undo Change difference"
    window.undo()
    window.undo()
    assert column_of(window, 2) == ["4", "10", "−18"]


def choose_in_menu(menu, text):
    """Choose what says `text` in an open menu, by the keyboard."""
    (action,) = (each for each in menu.actions() if each.text().replace("&", "") == text)
    menu.setActiveAction(action)
    QTest.keyClick(menu, Key.Key_Return)


def test_the_menu_of_an_input_offers_its_formula(afresh, asked):
    window, menu = afresh(product()), QMenu()
    window.structure.fill(menu, Address("node", -1, 0))
    assert not [each for each in menu.actions() if "formula" in each.text()]
    window.structure.fill(menu, Address("node", -1, 2))
    menu.popup(window.diagram.mapToGlobal(window.diagram.rect().center()))
    asked(type_into("Formula", "x/y", Key.Key_Return))
    choose_in_menu(menu, "Change the formula of x·y…")
    assert window.document.state.columns.computed[2].formula == "x/y"


def test_computed_numbers_follow_and_are_read_only_in_table_and_diagram(afresh, approved):
    window = afresh(product())
    said, own = [], Address("input", -1, 2)
    set_number(window, Address("input", -1, 0), "7")
    assert column_of(window, 2)[0] == "28"
    drag(window.diagram, point(window, Address("input", -1, 0)), 60)
    assert window.document.state.data.inputs[0, 2] == window.document.state.data.inputs[0, :2].prod() != 28.0
    window.undo()
    before = window.document.state
    click(window, own)
    assert window.diagram.session.editor.isHidden()
    said.append(status(window))
    assert window.document.now.address == Address("node", -1, 2)
    for key in (Key.Key_Return, Key.Key_Plus):
        QTest.keyClick(window.diagram, key)
        said.append(status(window))
    drag(window.diagram, point(window, own), 60)
    said.append(status(window))
    table, index = window.data.table, window.data.model.index(0, 2)
    table.setFocus()
    table.setCurrentIndex(index)
    at = table.visualRect(index).center()
    for deed in (partial(QTest.keyClick, table, Key.Key_Return), partial(double_click, table.viewport(), at)):
        QTest.mouseClick(table.viewport(), LEFT, pos=at)
        window.desk.message.emit("")
        deed()
        said.append(status(window))
    assert window.document.state is before
    assert window.diagram.picture.describe(own) == "x·y = x*y = 28"
    assert len(set(said)) == 1
    approved("read only", said[0])
    click(window, Address("input", -1, 1))
    QTest.keyClick(editor_of(window), Key.Key_Tab)
    assert editor_of(window).accessibleName().startswith("Weight"), "Tab passes over computed numbers"
    QTest.keyClick(editor_of(window), Key.Key_Escape)


def test_edits_without_a_finite_number_are_refused_with_the_row(afresh, approved):
    window = afresh(edits.put_column(linear([[1.0, 4.0], [2.0, 5.0]], None), "log x", "log(x)"))
    before, said = window.document.state, []
    set_number(window, Address("input", -1, 0), "-1")
    said.append(status(window))
    press(window, "Add")
    said.append(status(window))
    window.document.show_what_if_row([0.0, 1.0, 9.0])
    said.append(status(window))
    assert window.document.now.what_if_row is None
    assert window.document.state is before
    window.document.show_what_if_row([np.e, 1.0, 9.0])
    assert window.document.now.what_if_row.tolist() == [np.e, 1.0, 1.0]
    set_number(window, Address("input", -1, 0), "1")
    assert window.document.now.what_if_row.tolist() == [1.0, 1.0, 0.0]
    approved("refused edits", "\n".join(said))


def test_the_function_panel_draws_the_plane_of_the_raw_inputs(afresh, qtbot):
    rows = KINDS["xor"].state(40, 0.1, 0)
    network = Network.random(("x_0", "x_1"), [(("output",), "sigmoid")], 0)
    start = State(network, rows.data, replace(rows.training, learning_rate=0.1, updates=800))
    state = train(edits.put_column(start, "p", "x_0*x_1", scaled=True)).state
    window = afresh(state)
    panel = window.panel("Function")
    window.board.docks["Function"].show()
    window.board.docks["Function"].raise_()
    qtbot.waitUntil(lambda: panel.is_current and panel.plot is not None)
    boxes = [[box.itemText(k) for k in range(box.count())] for box in (panel.across, panel.up)]
    assert boxes == [["x_0", "x_1", "target"], ["prediction", "x_0", "x_1"]]
    assert "Other inputs" not in panel.caption.text()
    for x, y in ((0.5, 0.9), (0.2, 0.1)):
        place, text = panel._read(QPointF(x, y))
        assert text.endswith(f"output: {as_text(state.predict([[place.x(), place.y()]]).item())}")
    panel._put(0.5, 3.0)
    row = window.document.now.what_if_row
    assert row[2] == state.columns.encoded([[0.5, 3.0]])[0, 2]
    QTest.mouseClick(panel.tool, LEFT)
    runs.click(panel, runs.place(panel, 0.4, 0.7))
    QTest.mouseClick(panel.tool, LEFT)
    data = window.document.state.data
    assert len(data) == 41
    assert (
        data.inputs[:, 2].tolist() == window.document.state.columns.encoded(data.inputs[:, :2])[:, 2].tolist()
    )
    spans = panel.plane.picture.section.spans
    panel.wide.trigger()
    qtbot.waitUntil(lambda: panel.is_current and panel.plane.picture.section.spans != spans)
    (low, high), (wide_low, wide_high) = spans[0], panel.plane.picture.section.spans[0]
    assert wide_high - wide_low == pytest.approx((high - low) / 1.2 * 3.0)
    panel.across.setCurrentIndex(1)
    panel.across.activated.emit(1)
    assert panel.axes.along == (1, 0)


def test_an_input_that_a_formula_needs_stays_and_a_new_name_goes_into_the_formula(afresh, approved):
    window = afresh(product())
    window.structure.remove_node(0, 1)
    approved("an input that is needed", status(window))
    set_number(window, Address("name", -1, 0), "petal width")
    assert headers(window)[2] == "x·y\n= `petal width`*y"
    window.structure.remove_node(0, 2)
    assert window.document.state.network.inputs == ("petal width", "y")


def test_copied_rows_and_pasted_rows_leave_computed_numbers_out(afresh):
    window = afresh(product())
    table = window.data.table
    table.setFocus()
    table.selectRow(1)
    table.copy()
    assert QApplication.clipboard().text() == "2\t5\t1"
    QApplication.clipboard().setText("6\t7\t1")
    table.setCurrentIndex(window.data.model.index(0, 0))
    table.paste_requested.emit()
    assert window.document.state.data.inputs[0].tolist() == [6, 7, 42]
    before = window.document.state
    QApplication.clipboard().setText("9")
    table.setCurrentIndex(window.data.model.index(0, 2))
    table.paste_requested.emit()
    QTest.keyClick(table, Key.Key_Delete)
    assert window.document.state is before
    assert "is computed as" in status(window)


# Rows by a formula


def test_rows_by_a_typed_formula_open_with_a_network_or_go_into_mine(afresh, asked, qtbot, approved):
    window, said = afresh(linear()), []

    def look(dialog):
        for text in ("y = 2x", "y = log(x)", "z = x*y"):
            before = labels(dialog)
            told = shown_after(qtbot, dialog, type_into("Formula", text))
            said.extend(f"{text}: {sentence}" for sentence in told if sentence not in before)

    def type_range(dialog):
        type_into("From", "-1", Key.Key_Tab)(dialog)
        type_into("To", "3", Key.Key_Tab)(dialog)

    enter = type_into("Formula", "h = t**3 - 3*t", Key.Key_Return)
    asked(click_in_list("Formula"), look, type_range, enter, kind=MakeRows)
    choose_entry(window, "Make rows…")
    state = window.document.state
    assert (state.network.inputs, state.network.outputs, state.network.sizes) == (("t",), ("h",), (1, 8, 1))
    assert (state.data.inputs.min(), state.data.inputs.max()) == (-1.0, 3.0)
    approved("rows by a formula", "\n".join([*said, status(window), state.notes]))

    window = afresh(product())
    asked(
        *(click_in_list("Formula"), type_into("Formula", "z = x*y"), type_into("Noise", "0", Key.Key_Tab)),
        press_button("Make rows"),
        kind=MakeRows,
    )
    choose_entry(window, "Make rows…")
    data = window.document.state.data
    assert window.document.state.columns.computed[2].formula == "x*y"
    assert np.array_equal(data.inputs[:, 2], data.targets[:, 0])
    window.undo()
    assert window.document.state.data.inputs[:, 2].tolist() == [4, 10, -18]
