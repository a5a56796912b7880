"""Rows kept for validation in the table: muted, under a line that is dragged; rows are shuffled."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.picture.palette import PALETTES
from tests.ui.hands import choose_in_table_menu
from tests.ui.sees import offered, status, written


def rows(count=10, validation=0.3):
    numbers = np.arange(count, dtype=float).reshape(-1, 1)
    network = Network.from_weights({"output": [0.5]})
    return State(network, Dataset(numbers, 10 * numbers), Training(0.001, 5, validation=validation))


@pytest.fixture
def open_rows(open_window):
    def open_it(*args, **words):
        window = open_window(rows(*args, **words), size=(1280, 1000))
        window.board.resizeDocks([window.board.docks["Data"]], [460], Qt.Orientation.Vertical)
        QApplication.processEvents()
        return window, window.data.table.split

    return open_it


def edge(window, row):
    """Return where the upper edge of a row is, in the line's own pixels, at its right end."""
    table = window.data.table
    y = (
        table.rowViewportPosition(row)
        if row < table.model().rowCount()
        else table.rowViewportPosition(0) + (row * table.rowHeight(0))
    )
    at = QPoint(table.viewport().width() - 20, y)
    return table.split.mapFrom(table.viewport(), at)


def drag(window, *rows):
    line = window.data.table.split
    QTest.mousePress(line, Qt.MouseButton.LeftButton, pos=line.rect().center())
    for row in rows:
        QTest.mouseMove(line, edge(window, row))
    QTest.mouseRelease(line, Qt.MouseButton.LeftButton, pos=line.rect().center())


def ink_of(window, row):
    """Tell whether a row's first number is written in the theme's ink."""
    table = window.data.table
    place = table.visualRect(table.model().index(row, 0))
    image = table.viewport().grab(place).toImage()
    ink = PALETTES["light"].ink.lower()
    return any(
        image.pixelColor(x, y).name() == ink for x in range(image.width()) for y in range(image.height())
    )


def test_the_line_stands_over_the_first_row_kept_and_says_how_many(open_rows):
    window, line = open_rows()
    table = window.data.table
    assert line.isVisible()
    assert line.caption == "validation: 30 %, 3 rows"
    middle = line.geometry().center().y()
    assert abs(middle - table.rowViewportPosition(7)) <= 2
    assert [ink_of(window, row) for row in (0, 6, 7, 9)] == [True, True, False, False]
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert table.model().index(7, 0).data(spoken) == "i0 7, kept for validation".replace(
        "i0", window.document.state.network.inputs[0]
    )
    assert not table.model().index(6, 0).data(spoken).endswith("validation")
    window.selection.row = 7
    assert written(window, Address("subheading", -1)).startswith("row 8 of 10, ")


def test_the_line_is_dragged_by_the_mouse_and_a_drag_is_one_undo_entry(open_rows):
    window, line = open_rows()
    document = window.document
    drag(window, 6, 5, 4)
    assert document.state.trained_rows == 4
    assert document.state.training.validation == 0.6
    assert line.caption == "validation: 60 %, 6 rows"
    assert status(window) == "6 rows kept for validation (60 %), 4 to train on"
    drag(window, 8)
    assert document.state.trained_rows == 8
    document.undo()
    assert document.state.trained_rows == 4
    document.undo()
    assert document.state.training.validation == 0.3
    assert line.caption == "validation: 30 %, 3 rows"


def test_the_share_can_be_typed_as_the_line_says_it(open_rows):
    window, line = open_rows()
    field = window.training.fields.validation
    field.setText("40 %")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.document.state.training.validation == 0.4
    assert line.caption == "validation: 40 %, 4 rows"


def test_it_is_dragged_to_the_end_and_back_but_leaves_a_row_to_train_on(open_rows):
    window, line = open_rows()
    drag(window, 10)
    assert window.document.state.training.validation == 0.0
    assert line.caption == ""
    assert line.isVisible()
    drag(window, 9)
    assert line.caption == "validation: 10 %, 1 row"
    drag(window, 0)
    assert window.document.state.trained_rows == 1


def test_it_follows_the_table_as_it_is_scrolled(open_rows):
    window, line = open_rows(200)
    table = window.data.table
    assert line.geometry().top() > table.viewport().height()
    table.scrollToBottom()
    table.scrollTo(table.model().index(140, 0), table.ScrollHint.PositionAtCenter)
    assert abs(line.geometry().center().y() - table.rowViewportPosition(140)) <= 2
    assert line.caption == "validation: 30 %, 60 rows"


def test_without_targets_or_a_second_row_there_is_no_line(open_window):
    state = rows()
    window = open_window(State(state.network, Dataset(state.data.inputs), state.training))
    assert not window.data.table.split.isVisible()
    window.document.start(rows(1, 0.0))
    assert not window.data.table.split.isVisible()


def test_the_menu_of_the_table_splits_and_shuffles_by_keyboard(open_rows):
    window, _ = open_rows()
    document = window.document

    window.selection.row = 4
    choose_in_table_menu(window, "Keep from here on for validation")
    assert document.state.trained_rows == 4
    choose_in_table_menu(window, "Train on all rows")
    assert document.state.training.validation == 0.0
    choose_in_table_menu(window, "Shuffle rows")
    order = np.random.default_rng([0, 2]).permutation(10)
    assert document.state.data.inputs[:, 0].tolist() == order.tolist()


def test_rows_are_shuffled_by_the_menu_of_the_window_and_undo_brings_them_back(open_rows):
    window, _ = open_rows()
    document, before = window.document, window.document.state
    document.push(train(before).state, "Run")
    assert document.state.run
    offered(window, "Shuffle rows").trigger()
    assert document.state.run is None
    order = np.random.default_rng([0, 2]).permutation(10)
    assert document.state.data.targets[:, 0].tolist() == (10.0 * order).tolist()
    assert status(window) == "Shuffled 10 rows by seed 0"
    document.undo()
    assert document.state.data == before.data
    assert document.state.run


def test_a_large_table_is_split_to_the_row(open_rows):
    window, line = open_rows(100_000, validation=0.0)
    window.data.table.scrollToBottom()
    drag(window, 99_998)
    assert window.document.state.trained_rows == 99_998
    assert line.caption.endswith("2 rows")
