"""The panel "Classes", by mouse and keys: what it counts, and the rows that a cell lists in the table."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from nnviz.core import edits, structure
from nnviz.core.confusion import Confusion
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.confusion.grid import image_of
from nnviz.ui.confusion.places import Cell, placed
from tests.ui.hands import bring, choose_in_table_menu, drag, hover, press, write
from tests.ui.sees import status

NAMES = ("cat", "dog", "owl")
WANTED = [0, 0, 1, 1, 1, 2, 2, 0]
TAKEN = [0, 1, 1, 0, 0, 2, 2, 1]
"""Rows 2 and 8 are cats taken for dogs, 4 and 5 dogs taken for cats."""


def pets(activation="softmax", wanted=WANTED, taken=TAKEN, **training):
    """Return a network that takes each row for what its inputs say."""
    layer = Layer(NAMES, activation, 9 * np.eye(3), [-4.0] * 3)
    data = Dataset(np.eye(3)[taken], np.eye(3)[wanted])
    state = State(Network(("x", "y", "z"), (layer,)), data)
    return replace(state, training=replace(state.training, **training))


@pytest.fixture
def show(open_window):
    """Return a function that opens a window with the panel in sight: both."""

    def show_it(what=None, size=(1280, 800)):
        window = open_window(pets() if what is None else what, size)
        return window, bring(window, "Classes")

    return show_it


def click(card, *cell):
    at = card.view.places().cell(Cell(*cell)).center().toPoint()
    QTest.mouseClick(card.view, Qt.MouseButton.LeftButton, pos=at)
    QApplication.processEvents()


def keys(widget, *pressed):
    widget.setFocus()
    for key in pressed:
        QTest.keyClick(widget, key)


def numbers(window):
    """Return the row numbers that the table lists."""
    model = window.data.table.model()
    return [model.headerData(k, Qt.Orientation.Vertical) for k in range(model.rowCount())]


def bar(window):
    """Return what stands over the table; None where nothing does."""
    found = [each.text() for each in window.data.filter.findChildren(QLabel) if each.isVisible()]
    return found[0] if found else None


def read_out(card, *cell):
    hover(card.view, card.view.places().cell(Cell(*cell)).center())
    return card.view.accessibleDescription()


def at(window, line, column):
    table = window.data.table
    return table.visualRect(table.model().index(line, column)).center()


def test_the_counts_are_those_of_a_count_by_hand(show):
    _, card = show()
    assert read_out(card, 0, 1) == "4 of 8 rows right · 50 %; 2 rows: cat taken for dog · 67 % of cat"
    assert "1 row: dog, right · 33 % of dog" in read_out(card, 1, 1)
    assert "2 rows: owl, right · 100 % of owl" in read_out(card, 2, 2)
    assert "0 rows: owl taken for cat · 0 % of owl" in read_out(card, 2, 0)


def test_classes_whose_names_begin_and_end_alike_are_told_apart(show):
    which = "one of the many kinds of animals: {}, but those alone that are tame"
    _, card = show(edits.rename_columns(pets(), {3: which.format("cats"), 4: which.format("dogs")}))
    places = card.view.places()

    def ink_at_left(k):
        """Return how much ink each column of pixels has beside a row of the matrix."""
        row = places.cell(Cell(k, 0)).adjusted(-places.left, 9, 0, -9).toRect()
        row.setWidth(int(places.left) - 6)
        image = card.view.grab(row).toImage()
        dark = [
            [image.pixelColor(x, y).lightness() < 128 for y in range(row.height())]
            for x in range(row.width())
        ]
        return [sum(column) for column in dark]

    assert any(ink_at_left(0))
    assert ink_at_left(0) != ink_at_left(1)


def test_a_click_lists_the_rows_and_selects_the_first(show):
    window, card = show()
    click(card, 0, 1)
    assert numbers(window) == [2, 8]
    assert bar(window) == "2 rows: cat taken for dog"
    assert window.data.heading.text() == "DATA · 2 OF 8 ROWS"
    assert window.selection.row == 1
    click(card, 1, 0)
    assert (numbers(window), window.selection.row) == ([4, 5], 3)
    press(window, "Show all")
    assert (numbers(window), bar(window), window.selection.row) == ([*range(1, 9)], None, 3)


def test_keys_do_the_same_and_escape_ends_it(show):
    window, card = show()
    keys(card.view, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Return)
    assert numbers(window) == [2, 8]
    keys(card.view, Qt.Key.Key_Escape)
    assert len(numbers(window)) == 8
    click(card, 0, 1)
    keys(window.data.table, Qt.Key.Key_Escape)
    assert len(numbers(window)) == 8


def test_a_cell_without_rows_leaves_the_table_as_it_is(show):
    window, card = show()
    click(card, 2, 0)
    assert (len(numbers(window)), status(window)) == (8, "No row: owl taken for cat")


def test_edits_under_a_filter_reach_the_right_rows(show):
    window, card = show()
    click(card, 0, 1)
    table, data = window.data.table, lambda: window.document.state.data
    before = data().inputs.copy()
    table.setFocus()
    table.setCurrentIndex(table.model().index(1, 0))
    assert window.selection.row == 7
    write(table, "5")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    before[7, 0] = 5.0
    assert data().inputs.tolist() == before.tolist()
    drag(table.viewport(), at(window, 0, 0), 40)
    changed = np.argwhere(data().inputs != before).tolist()
    assert changed == [[1, 0]]
    before = data().inputs.copy()
    QGuiApplication.clipboard().setText("7\t8")
    table.setCurrentIndex(table.model().index(1, 0))
    QTest.keySequence(table, "Ctrl+V")
    before[7, :2] = 7.0, 8.0
    assert data().inputs.tolist() == before.tolist()
    QTest.keySequence(table, "Ctrl+C")
    assert QGuiApplication.clipboard().text().startswith("7\t8\t0")
    assert numbers(window) == [2, 8]


def test_rows_that_are_pasted_under_a_filter_reach_no_row_that_is_not_listed(show):
    window, card = show()
    click(card, 0, 1)
    before = window.document.state
    QGuiApplication.clipboard().setText("7\t8\n9\t9")
    QTest.keySequence(window.data.table, "Ctrl+V")
    assert window.document.state is before
    assert status(window) == "Only some rows are listed: paste one at a time, or list all again (Escape)"


def test_under_a_filter_the_menu_splits_all_rows(show):
    window, card = show(pets(validation=0.25))
    click(card, 0, 1)
    choose_in_table_menu(window, "Train on all rows")
    assert window.document.state.trained_rows == 8
    window.selection.row = 7
    choose_in_table_menu(window, "Keep from here on for validation")
    assert window.document.state.trained_rows == 7
    assert numbers(window) == [2, 8]


def test_removing_a_listed_row_removes_that_one_and_ends_the_filter(show):
    window, card = show()
    click(card, 1, 0)
    table = window.data.table
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(window, 1, 0))
    QTest.keyClick(table, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    wanted = [each for k, each in enumerate(WANTED) if k != 4]
    assert window.document.state.data.targets.tolist() == np.eye(3)[wanted].tolist()
    assert (numbers(window), bar(window)) == ([*range(1, 8)], None)


def test_tab_behind_the_last_listed_row_adds_none(show):
    window, card = show()
    click(card, 0, 1)
    table = window.data.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(1, 5))
    table.edit(table.currentIndex())
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert len(window.document.state.data) == 8


@pytest.mark.parametrize(
    "change",
    [
        lambda window: window.document.edit("shuffle", edits.shuffle_rows),
        lambda window: window.document.edit("add", edits.add_row, None),
        lambda window: window.files.take(example("iris").path),
    ],
    ids=["moved", "added", "another document"],
)
def test_a_filter_ends_with_the_rows_that_it_lists(show, change):
    window, card = show()
    click(card, 0, 1)
    change(window)
    assert bar(window) is None
    assert len(numbers(window)) == len(window.document.state.data)


def test_a_filter_stays_while_weights_and_nodes_change(show):
    window, card = show()
    click(card, 0, 1)
    window.document.edit("a weight", edits.set_weight, 0, 1, 1, -9.0)
    assert numbers(window) == [2, 8]
    assert "2 of 2" not in read_out(card, 0, 1)
    window.document.edit("a layer", structure.add_layer, 0)
    assert numbers(window) == [2, 8]


def test_a_cell_under_the_mouse_may_go_away(show):
    window, card = show()
    keys(card.view, *[Qt.Key.Key_Down] * 3, *[Qt.Key.Key_Right] * 2)
    assert "owl, right" in read_out(card, 2, 2)
    window.document.start(load(example("circles").path))
    assert card.view.accessibleDescription().endswith("Escape lists all again")


def test_after_a_run_many_rows_are_counted(qtbot, show):
    wanted, taken = np.random.default_rng(0).integers(0, 3, (2, 10_000))
    window, card = show(pets(wanted=wanted, taken=taken))
    window.document.set_in_motion(True)
    window.document.edit("a weight", edits.set_weight, 0, 1, 1, 0.5)
    qtbot.waitUntil(lambda: card.caption.text() == "Drawn anew once the weights rest.")
    window.document.set_in_motion(False)
    qtbot.waitUntil(lambda: "right" in card.caption.text())


def test_the_matrix_follows_edits(show):
    window, card = show()
    window.document.edit("a weight", edits.set_weight, 0, 1, 1, -9.0)
    state = window.document.state
    taken = state.network.predict(state.data.inputs).argmax(axis=1)
    hits = int((taken == np.array(WANTED)).sum())
    assert hits != 4
    assert card.caption.text().startswith(f"{hits} of 8 rows right")


def test_only_rows_for_validation_are_counted_and_listed(show):
    window, card = show(pets(validation=0.5))
    assert card.part.isVisible()
    card.part.setFocus()
    QTest.keyClick(card.part, Qt.Key.Key_End)
    assert card.caption.text() == "2 of 4 rows right · 50 %"
    click(card, 0, 1)
    assert (numbers(window), bar(window)) == ([8], "1 row: cat taken for dog (validation)")


def test_several_sigmoids_have_a_matrix_each(show):
    window, card = show(pets("sigmoid"))
    hits = sum((wanted == 0) == (taken == 0) for wanted, taken in zip(WANTED, TAKEN, strict=True))
    assert card.caption.text().startswith(f"{hits} of 8 rows right")
    card.output.setFocus()
    QTest.keyClick(card.output, Qt.Key.Key_End)
    assert card.caption.text().startswith("8 of 8 rows right")
    click(card, 1, 1)
    assert (numbers(window), bar(window)) == ([6, 7], "2 rows: owl, right")


def test_what_is_no_classifier_says_what_would_make_it_one(show):
    window, card = show("relu")
    assert "softmax or sigmoid" in card.pages.empty.text()
    assert card.plot is None
    window.document.edit("no rows", edits.remove_rows, [*range(len(window.document.state.data))])
    assert "no rows with targets" in card.pages.empty.text()


def test_many_rows_are_decided_while_idle_and_listed(qtbot, show):
    draw = np.random.default_rng(0)
    wanted, taken = draw.integers(0, 3, (2, 100_000))
    window, card = show(pets(wanted=wanted, taken=taken))
    qtbot.waitUntil(lambda: card.plot is not None and "right" in card.caption.text())
    click(card, 2, 1)
    rows = np.flatnonzero((wanted == 2) & (taken == 1))
    model = window.data.table.model()
    assert model.rowCount() == len(rows)
    assert model.headerData(len(rows) - 1, Qt.Orientation.Vertical) == rows[-1] + 1
    assert window.selection.row == rows[0]


@pytest.mark.parametrize("count", [2, 10, 30, 100])
def test_every_cell_is_found_where_it_is_painted(count):
    for size in ((300, 140), (340, 300), (900, 560)):
        places = placed([f"a class with a long name {k}" for k in range(count)], *size)
        for cell in (Cell(0, 0), Cell(count - 1, 0), Cell(count // 2, count - 1)):
            middle = places.cell(cell).center()
            assert places.at(middle.x(), middle.y()) == cell
        assert places.grid.left() >= places.left
        assert places.grid.right() <= size[0]
        assert places.grid.bottom() <= size[1]


def test_thirty_classes_are_named_and_counted_where_the_panel_is_large():
    places = placed([f"a class with a long name {k}" for k in range(30)], 900, 560)
    assert places.left > 0
    assert places.above > 0
    assert min(places.cell(Cell(0, 0)).width(), places.cell(Cell(0, 0)).height()) >= 12


def test_the_window_keeps_its_size_under_a_filter(show):
    window, card = show(load(example("circles").path), (1000, 650))
    click(card, 0, 1)
    for _ in range(4):
        QApplication.processEvents()
    assert bar(window)
    assert (window.main_window.width(), window.main_window.height()) == (1000, 650)
    assert card.view.height() == 150


def test_once_all_rows_are_listed_again_the_one_on_the_diagram_is_in_sight(show):
    window, card = show(load(example("circles").path))
    click(card, 1, 0)
    window.selection.row = numbers(window)[-1] - 1
    keys(card.view, Qt.Key.Key_Escape)
    QApplication.processEvents()
    table = window.data.table
    assert window.selection.row > 100
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()))


@pytest.mark.parametrize("theme", PALETTES)
def test_a_cell_is_darker_the_more_of_its_row_it_has(theme):
    image = image_of(Confusion(np.array([[0, 1], [9, 1]]), 0), PALETTES[theme])
    assert image.format() == QImage.Format.Format_RGB32
    blues = [image.pixelColor(*at).name().upper() for at in ((0, 0), (1, 0))]
    assert blues == [PALETTES[theme].canvas, PALETTES[theme].output_node]


def test_the_matrix_is_copied_as_a_picture_and_stays_as_it_is(show):
    _, card = show()
    before = card.view.grab().toImage()
    card.copy_picture.trigger()
    image = QGuiApplication.clipboard().image()
    colours = {image.pixelColor(x, y).name().upper() for x in range(0, image.width(), 9) for y in (280, 560)}
    assert min(image.width(), image.height()) >= 560
    assert PALETTES["light"].canvas in colours
    assert card.view.grab().toImage() == before
