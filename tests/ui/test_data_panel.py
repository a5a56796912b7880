"""The data panel in the window: widths of its columns, its line, rows that are pasted with names."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.data.cells import first_fitting
from nnviz.ui.tables.dialog import OpenTable
from nnviz.ui.widgets.theme import ui_font
from tests.ui.clipped import clipped
from tests.ui.hands import choose, choose_entry, set_number, type_name, write
from tests.ui.sees import status, written

WIDEST = "−1.234"


def with_inputs(count, name="feature_{}", names=()):
    """Return rows of so many inputs with numbers that take many digits."""
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
    needed = int(numbers * bold(table).horizontalAdvance(WIDEST)) + 1
    while (missing := needed - table.viewport().width()) > 0:
        window.main_window.resize(window.main_window.width() + max(missing, 10), 800)
        QApplication.processEvents()
    return table


def colours(table, columns, row):
    """Return the colours of a row's pixels in a range of columns of the screen."""
    image = table.viewport().grab().toImage()
    return {image.pixelColor(x, y).name() for x in columns for y in range(row.y(), row.bottom())}


@pytest.mark.fonts
def test_up_to_four_inputs_are_seen_at_once_and_many_scroll_sideways(open_window):
    window = open_window(with_inputs(1, "x{}"))
    table = with_room(window, numbers=11)  # what Inter has at 1280
    for count in (1, 2, 3, 4):
        start(window, with_inputs(count, "x{}"))
        assert sum(widths(table)) == table.viewport().width()
        assert bold(table).horizontalAdvance(WIDEST) <= min(widths(table)) - 12
    start(window, load(example("digits").path), (1280, 800))
    room = table.viewport().rect()
    whole = [row for row in range(20) if room.contains(table.visualRect(table.model().index(row, 0)))]
    assert len(whole) >= 5

    narrow = start(window, with_inputs(9, "x{}")).columnWidth(0)
    start(window, with_inputs(9, "something_{}"))
    assert table.columnWidth(0) > narrow, "another name fits the columns anew"
    start(window, with_inputs(2), (1920, 1080))
    assert sum(widths(table)) == table.viewport().width()
    window.document.push(structure.add_node(window.document.state, 0), "an input")
    assert sum(widths(table)) == table.viewport().width()

    start(window, with_inputs(64), (1280, 800))
    assert table.horizontalScrollBar().maximum() > 0
    surface, row = {PALETTES["light"].surface.lower()}, table.visualRect(table.model().index(1, 0))
    right, bar = table.viewport().width(), table.horizontalScrollBar()
    texts = [table.model().index(k, 0).data() for k in range(3)]
    for part in (0.3, 0.4, 0.5, 0.6):
        seen = round(part * min(map(bold(table).horizontalAdvance, texts)))
        bar.setValue(table.columnWidth(0) - seen)
        above_dots = row.adjusted(0, 0, 0, -row.height() // 2)  # with some fonts "…" begins at the edge
        assert colours(table, [0], above_dots) == surface, "no part of a number that is cut off at the left"
    bar.setValue(0)
    bar.setValue(table.columnViewportPosition(table.columnAt(right - 1) + 1) - (right - 4))
    in_sight = range(right - 4, right)  # where no font has room for "…"
    assert colours(table, in_sight, row) == surface, "nothing of a column hardly in sight"

    for count, name, size in (
        (64, "feature_{}", (1280, 800)),
        (2, "input_{}", (1000, 650)),
        (4, "input_{}", (1000, 650)),
        (64, "input_{}", (1000, 650)),
    ):
        start(window, with_inputs(count, name), size)
        header, rows = table.horizontalHeader(), table.verticalHeader()
        for k, width in enumerate(widths(table)):
            title = table.model().headerData(k, Qt.Orientation.Horizontal)
            assert header.fontMetrics().horizontalAdvance(title) + 8 <= width, title
        bar.setValue(bar.maximum())
        assert rows.isVisible()
        assert rows.mapTo(table, rows.rect().topLeft()).x() >= 0
        assert table.model().headerData(8, Qt.Orientation.Vertical) == 9
        bar.setValue(0)
    for count in (64, 200):
        start(window, with_inputs(count, "x{}"), (1280, 800))
        texts = [table.model().index(k, 0).data() for k in range(9)]
        assert max(map(bold(table).horizontalAdvance, texts)) <= table.columnWidth(0) - 6
    long = [f"a measurement of the {part}, taken in the garden by the people" for part in ("sepal", "petal")]
    start(window, with_inputs(2, names=tuple(long)))
    for k, part in enumerate(("sepal", "petal")):
        shown, tip = (
            table.model().headerData(k, Qt.Orientation.Horizontal, role)
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
        )
        assert (part in shown, tip) == (True, long[k])
        assert header.fontMetrics().horizontalAdvance(shown) <= table.columnWidth(k)


@pytest.mark.fonts
def test_the_numbers_of_a_column_have_the_first_size_in_which_all_fit(qapp):
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


def run(window, qtbot):
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()


@pytest.mark.fonts
def test_kept_rows_are_told_and_after_a_run_every_number_is_in_sight(qtbot, open_window, amount):
    window = open_window("many-rows")
    document, line = window.document, window.data.table.split
    field, rows = window.training.fields.validation, len(document.state.data)
    field.setText("40 %")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert document.state.training.validation == 0.4
    assert line.caption == f"validation: 40 %, {rows - document.state.trained_rows} rows"
    window.selection.row = rows - 1
    assert written(window, Address("subheading", -1)).startswith(f"row {rows} of {rows}, ")
    before = document.state
    choose_entry(window, "Shuffle rows")
    assert status(window).startswith(f"Shuffled {rows} rows by seed ")
    choose_entry(window, "Undo")
    assert document.state is before

    some = ["many-rows", "twenty-updates"]
    every = [*some, "xor", "tuning-by-hand"]
    for name in amount(quick=some, ci=every, night=every):
        window.document.start(load(example(name).path))
        run(window, qtbot)
        table = with_room(window, numbers=9)
        qtbot.waitUntil(lambda: in_sight_in_one_size(window))
    window.document.start(load(example("twenty-updates").path))
    qtbot.waitUntil(lambda: in_sight_in_one_size(window))
    before = widths(table)
    for k in range(3):
        state = edits.set_value(window.document.state, Address("weight", 0, 0, k), -1.2345678e-101)
        window.document.push(edits.set_input(state, 0, k, 1.2345678e-101), "Set")
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() > 0)  # as these fit in no size
    qtbot.waitUntil(lambda: None not in table.cells.fonts.values())
    for _ in range(3):
        window.document.undo()
    qtbot.waitUntil(lambda: widths(table) == before)
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() == 0)  # Qt reckons that out a little later

    window.training.fields.learning_rate.setText("0.03")
    QTest.keyClick(window.training.fields.learning_rate, Qt.Key.Key_Return)
    run(window, qtbot)
    for k, weight in ((0, None), (0, -6.661338147750939e-16), (1, 0.0), (2, 0.0)):
        if weight is not None:  # below 0 it is longer
            address = Address("weight", 0, 0, k)
            window.document.push(edits.set_value(window.document.state, address, weight), "Set")
        table.grab()  # which finds what has no room
        qtbot.waitUntil(lambda: in_sight_in_one_size(window))
        assert clipped(window.data) == []
    assert [table.model().index(0, k).data() for k in (4, 6)] == ["−6.661e−16", "4.437e−31"]


def test_a_number_is_written_alike_everywhere_and_a_refusal_goes_with_the_next_deed(open_window):
    window = open_window("xor")
    table, rate = window.data.table, window.training.fields.learning_rate
    for text in ("1/2", "0,5", " 5e-1 ", "0.5"):
        window.document.start(load(example("xor").path))
        set_number(window, Address("weight", 0, 0, 0), text)
        table.setCurrentIndex(table.model().index(0, 0))
        table.edit(table.currentIndex())
        for field in (table.findChildren(QLineEdit)[-1], rate):
            field.setFocus()
            field.selectAll()
            write(field, text)
            QTest.keyClick(field, Qt.Key.Key_Return)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        state = window.document.state
        weight = state.network.layers[0].weights[0, 0]
        assert (weight, state.data.inputs[0, 0], state.training.learning_rate) == (0.5, 0.5, 0.5), text

    window.document.start(load(example("xor").path))
    for key, after in ((Qt.Key.Key_Escape, ""), (Qt.Key.Key_Return, "input_0 of row 1: 9")):
        table.setFocus()
        table.setCurrentIndex(table.model().index(0, 0))
        QTest.keyClick(table, Qt.Key.Key_9)
        editor = table.findChild(QLineEdit)
        for text, pressed in (("abc", Qt.Key.Key_Return), ("9", key)):
            editor.selectAll()
            write(editor, text)
            QTest.keyClick(editor, pressed)
            assert ("'abc' is not a number" in status(window)) == (text == "abc")
        assert status(window) == after.replace("input_0", window.document.state.network.inputs[0])
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def paste(window, text):
    table = window.data.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 0))
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def rows(window):
    data = window.document.state.data
    return data.inputs.tolist()[:2], data.targets.tolist()[:2]


TWO_ROWS = ([[1, 2], [4, 5]], [[3], [6]])


def test_a_tables_file_replaces_the_rows_by_name_and_names_are_offered_to_the_nodes(
    open_window, answer, approved, tmp_path
):
    window, path, asked = open_window("xor"), tmp_path / "rows.csv", []
    before = window.document.state
    names = before.network.inputs
    path.write_text(f"target,{names[1]},{names[0]}\n7,5,3\n")
    window.main_window.dropped.emit(path)
    assert rows(window) == ([[3, 5]], [[7]])
    assert status(window) == "Loaded rows.csv: 1 row with targets"
    window.document.undo()
    assert window.document.state is before
    for suffix in ("csv", "TSV"):
        (tmp_path / f"more.{suffix}").write_text("3,5,7\n")
        answer(QFileDialog, type_name(tmp_path / f"more.{suffix}"))
        choose_entry(window, "Open…")
        assert status(window) == f"Loaded more.{suffix}: 1 row with targets"
        assert window.document.state.network is before.network
    path.write_text("1,2\n3,4,5\n")
    answer(QMessageBox, choose("OK", asked))
    window.main_window.dropped.emit(path)

    def look(dialog):
        asked.extend(kind for kind in dialog.nameFilters() if kind.startswith("Tables"))
        dialog.reject()

    for entry in ("Open…", "Load rows from CSV…"):
        answer(QFileDialog, look)
        choose_entry(window, entry)
    state = window.document.state

    def undecided(dialog):
        asked.extend([dialog.decimal.currentText(), dialog.wrong.text()])
        dialog.reject()

    answer(OpenTable, undecided)
    paste(window, "1.234;2.345\n3.456;4.567")
    assert window.document.state is state
    approved("a bad file, kinds of tables, numbers to be read in two ways", "\n".join(asked))
    window.document.start(before)
    path.write_text("target,wind,rain\n3,1,2\n6,4,5\n")
    answer(OpenTable, lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Return))
    window.files.tables.load(path)
    assert rows(window) == TWO_ROWS
    network = window.document.state.network
    assert (network.inputs, network.outputs) == (("wind", "rain"), ("target",))

    told = []
    window.document.start(before)
    before = window.document.state
    names = before.network.inputs, before.network.outputs
    for button, kept in (
        ("Rename the nodes", (("wind", "rain"), ("umbrella",))),
        ("Keep the names", names),
        ("Cancel", None),
    ):
        answer(QMessageBox, choose(button, told))
        paste(window, "wind,rain,umbrella\n1,2,3\n4,5,6\n")
        if kept:
            assert rows(window) == TWO_ROWS
            network = window.document.state.network
            assert (network.inputs, network.outputs) == kept
            told.append(status(window))
            window.document.undo()
        assert window.document.state is before
    hidden = before.network.layers[0].nodes[0]
    paste(window, f"{hidden},rain,umbrella\n1,2,3\n4,5,6\n")
    assert rows(window) == TWO_ROWS
    approved("names renamed, kept, cancelled, that nodes cannot have", "\n".join([*told, status(window)]))
