"""The panel "Confusion", by mouse and keys: its counts, and the rows that a cell lists in the table."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from nnviz.core import edits
from nnviz.core.metrics import Confusion
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import Cell
from nnviz.picture.palette import PALETTES
from nnviz.ui.panels.confusion import ConfusionGrid, ConfusionPanel, share_colours
from tests.core.oracle import set_weight
from tests.ui.bare import Seen
from tests.ui.hands import bring, hover, press, unfold, write
from tests.ui.runs import colours_of, pixels_of
from tests.ui.sees import status

NAMES = ("cat", "dog", "owl")
WANTED = [0, 0, 1, 1, 1, 2, 2, 0]
TAKEN = [0, 1, 1, 0, 0, 2, 2, 1]
"""Rows 2 and 8 are cats taken for dogs, 4 and 5 dogs taken for cats."""


def pets(activation="softmax", wanted=WANTED, taken=TAKEN, **training):
    """Return a network that predicts the class that each row's inputs name."""
    layer = Layer(NAMES, activation, 9 * np.eye(3), [-4.0] * 3)
    data = Dataset(np.eye(3)[taken], np.eye(3)[wanted])
    state = State(Network(("x", "y", "z"), (layer,)), data)
    return replace(state, training=replace(state.training, **training))


@pytest.fixture
def open_card(qtbot, bare):
    """Return a function that opens the panel alone: it, as a person sees it, and its Document."""

    def open_it(state):
        own = bare(state)
        card = ConfusionPanel(own.desk)
        card.desk, card.wished = own.desk, []
        own.desk.rows_requested.connect(lambda rows, what: card.wished.append(([*map(int, rows)], what)))
        own.show(card, (364, 320))
        own.desk.frames.add(card)
        card = Seen(card)
        qtbot.waitUntil(lambda: card.plot is None or "correct" in card.caption.text())
        return card, own.document

    return open_it


@pytest.fixture
def filtered(afresh):
    """Return a window whose table lists the rows 2 and 8, by a click on their cell, and the panel."""
    window = afresh(pets())
    card = bring(window, "Confusion")
    click(card, 0, 1)
    return window, card


def click(card, *cell):
    QTest.mouseClick(card.view, Qt.MouseButton.LeftButton, pos=middle(card, *cell).toPoint())
    QApplication.processEvents()


def middle(card, *cell):
    return QPointF(*card.view.named_cells[0].cell(Cell(*cell)).center)


def keys(widget, *pressed):
    widget.setFocus()
    for key in pressed:
        QTest.keyClick(widget, key)


def numbers(window):
    """Return the row numbers that the table lists."""
    model = window.data.table.model()
    heads = [model.headerData(k, Qt.Orientation.Vertical) for k in range(model.rowCount())]
    return [int(head.split()[0]) for head in heads]


def bar(window):
    """Return the text over the table, or None."""
    found = [each.text() for each in window.data.filter.findChildren(QLabel) if each.isVisible()]
    return found[0] if found else None


def read_out(card, *cell):
    hover(card.view, middle(card, *cell))
    return card.view.accessibleDescription()


def at(window, line, column):
    table = window.data.table
    return table.visualRect(table.model().index(line, column)).center()


def test_the_counts_are_those_of_a_count_by_hand_and_follow_edits(open_card, approved):
    card, document = open_card(pets())
    cells = (0, 1), (1, 1), (2, 2), (2, 0)
    approved("cells under the mouse", "\n".join(read_out(card, *cell) for cell in cells))
    document.edit("a weight", set_weight, 0, 1, 1, -9.0)
    taken = document.state.network.predict(document.state.data.inputs).argmax(axis=1)
    hits = int((taken == np.array(WANTED)).sum())
    assert hits != 4
    assert card.caption.text().startswith(f"{hits} of 8 rows correct")
    assert "owl predicted correctly" in read_out(card, 2, 2)
    document.start(load(example("circles").path))  # which has no third class
    assert card.view.accessibleDescription().endswith("Escape lists all rows")


def test_classes_with_similar_names_are_shortened_differently(open_card):
    which = "one of the many kinds of animals: {}, but those alone that are tame"
    state = pets()
    for k, kind in enumerate(("cats", "dogs")):
        state = edits.rename(state, len(state.network.layers), k, which.format(kind))
    card, _ = open_card(state)
    cells, room = card.view.named_cells
    left, rows = int(cells.room.x - room.left), [int(cells.row(k).center[1]) for k in (0, 1)]
    cats, dogs = (pixels_of(card.view)[row - 8 : row + 8, left : left + int(room.left) - 6] for row in rows)
    assert len(np.unique(cats)) > 2, "a name is written"
    assert (cats != dogs).any()


def test_only_validation_rows_are_counted_and_listed(open_card):
    card, _ = open_card(pets(validation=0.5))
    assert card.part.isVisible()
    keys(card.part, Qt.Key.Key_End)
    assert card.caption.text() == "2 of 4 rows correct · 50 %"
    click(card, 0, 1)
    assert card.wished == [([7], "cat predicted as dog (validation)")]


def test_several_sigmoids_have_a_matrix_each(open_card):
    card, _ = open_card(pets("sigmoid"))
    hits = sum((wanted == 0) == (taken == 0) for wanted, taken in zip(WANTED, TAKEN, strict=True))
    assert card.caption.text().startswith(f"{hits} of 8 rows correct")
    keys(card.output, Qt.Key.Key_End)
    assert card.caption.text().startswith("8 of 8 rows correct")
    click(card, 1, 1)
    assert card.wished == [([5, 6], "owl predicted correctly")]


def test_a_network_that_is_not_a_classifier_says_what_is_missing(open_card, approved):
    card, document = open_card(replace(load(example("relu").path), run=None))
    assert card.plot is None
    told = [card.pages.empty.text()]
    document.edit("sigmoid", edits.set_activation, 1, "sigmoid")
    told.append(card.pages.empty.text())
    document.edit("no rows", edits.remove_rows, [*range(len(document.state.data))])
    told.append(card.pages.empty.text())
    approved("no classes: no sigmoid, a target of 60, no rows", "\n".join(told))


def test_many_rows_are_counted_while_idle_and_after_a_run(qtbot, open_card):
    wanted, taken = np.random.default_rng(0).integers(0, 3, (2, 100_000))
    card, document = open_card(pets(wanted=wanted, taken=taken))
    qtbot.waitUntil(lambda: card.plot is not None and "correct" in card.caption.text())
    click(card, 2, 1)
    assert card.wished == [(np.flatnonzero((wanted == 2) & (taken == 1)).tolist(), "owl predicted as dog")]
    document.set_in_motion(True)
    document.edit("a weight", set_weight, 0, 1, 1, 0.5)
    qtbot.waitUntil(lambda: card.caption.text() == "nnviz redraws the panel when the weights stop changing.")
    document.set_in_motion(False)
    qtbot.waitUntil(lambda: "correct" in card.caption.text())


def test_a_cell_lists_its_rows_and_the_matrix_is_copied_as_a_picture(filtered, approved):
    window, card = filtered
    before = card.view.grab().toImage()
    card.copy_picture.trigger()
    image = QGuiApplication.clipboard().image()
    assert min(image.width(), image.height()) >= 560
    assert PALETTES["light"].canvas in colours_of(image)
    assert card.view.grab().toImage() == before
    assert (numbers(window), bar(window)) == ([2, 8], "2 rows: cat predicted as dog")
    assert window.data.heading.text() == "DATA · 2 OF 8 ROWS"
    assert window.document.now.row == 1
    click(card, 1, 0)
    assert (numbers(window), window.document.now.row) == ([4, 5], 3)
    press(window, "Show all")
    assert (numbers(window), bar(window), window.document.now.row) == ([*range(1, 9)], None, 3)
    click(card, 2, 0)
    assert len(numbers(window)) == 8
    approved("a cell without rows", status(window))
    for widget in (card.view, window.data.table):
        keys(card.view, *[Qt.Key.Key_Up] * 2, *[Qt.Key.Key_Left] * 2, Qt.Key.Key_Right, Qt.Key.Key_Return)
        assert numbers(window) == [2, 8]
        keys(widget, Qt.Key.Key_Escape)
        assert len(numbers(window)) == 8


def test_edits_under_a_filter_reach_the_listed_rows_and_no_others(filtered, approved):
    window, _ = filtered
    table, clipboard = window.data.table, QGuiApplication.clipboard()

    def changed(before):
        """Return where the inputs are others than before."""
        return np.argwhere(window.document.state.data.inputs != before).tolist()

    before = window.document.state.data.inputs.copy()
    table.setFocus()
    table.setCurrentIndex(table.model().index(1, 0))
    assert window.document.now.row == 7
    write(table, "5")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    table.setCurrentIndex(table.model().index(0, 0))
    write(table, "4")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert changed(before) == [[1, 0], [7, 0]]
    clipboard.setText("7\t8")
    table.setCurrentIndex(table.model().index(1, 0))
    QTest.keySequence(table, "Ctrl+V")
    assert changed(before) == [[1, 0], [7, 0], [7, 1]]
    assert window.document.state.data.inputs[7, :2].tolist() == [7.0, 8.0]
    QTest.keySequence(table, "Ctrl+C")
    assert clipboard.text().startswith("7\t8\t0")
    assert numbers(window) == [2, 8]
    state = window.document.state
    clipboard.setText("7\t8\n9\t9")
    QTest.keySequence(table, "Ctrl+V")
    assert window.document.state is state
    approved("several rows pasted under a filter", status(window))
    table.setCurrentIndex(table.model().index(1, 5))
    table.edit(table.currentIndex())
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert window.document.state is state, "tab behind the last listed row adds none"


def test_a_filter_stays_while_weights_change_and_ends_with_the_rows_that_it_lists(filtered):
    window, card = filtered
    document = window.document
    document.edit("a weight", set_weight, 0, 1, 1, -9.0)
    assert numbers(window) == [2, 8]
    assert "2 of 2" not in read_out(card, 0, 1)
    document.edit("a layer", edits.add_layer, 0)
    window.runner.set_training(replace(document.state.training, validation=0.25))
    window.data.validate_from(8)
    assert document.state.trained_rows == 8
    window.data.validate_from(7)
    assert document.state.trained_rows == 7
    assert numbers(window) == [2, 8]
    document.start(pets())
    click(card, 0, 1)
    table = window.data.table

    def remove_the_second():
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at(window, 1, 0))
        QTest.keySequence(table, "Ctrl+Del")
        assert document.state.data.targets.tolist() == np.eye(3)[WANTED[:7]].tolist()

    for change in (
        remove_the_second,
        lambda: document.edit("shuffle", edits.shuffle_rows),
        lambda: document.edit("add", edits.add_row, None),
        lambda: window.files.take(example("iris").path),
    ):
        change()
        assert bar(window) is None
        assert numbers(window) == [*range(1, len(document.state.data) + 1)]
        document.start(pets())
        click(card, 0, 1)
        assert numbers(window) == [2, 8]


def test_the_window_keeps_its_size_under_a_filter_and_shows_the_row_after_it(open_window):
    window = open_window("circles", (1000, 650))
    unfold(window.training)
    card = bring(window, "Confusion")
    click(card, 1, 0)
    for _ in range(4):
        QApplication.processEvents()
    assert bar(window)
    assert (window.main_window.width(), window.main_window.height()) == (1000, 650)
    assert card.view.height() == 150
    window.document.select_row(numbers(window)[-1] - 1)
    keys(card.view, Qt.Key.Key_Escape)
    QApplication.processEvents()
    table = window.data.table
    assert window.document.now.row > 100
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()))


def test_every_cell_is_found_where_it_is_painted(qtbot):
    wrong, grid = [], ConfusionGrid()
    qtbot.addWidget(grid)
    grid.setMinimumSize(1, 1)
    for count, size in product((2, 10, 30, 100), ((300, 140), (340, 300), (900, 560))):
        grid.resize(*size)
        counts = Confusion(np.eye(count, dtype=int), 0)
        grid.show_counts(counts, [f"a class with a long name {k}" for k in range(count)])
        cells, names = grid.named_cells
        room = cells.room
        inside = room.x >= names.left and room.right <= size[0] and room.bottom <= size[1]
        some = Cell(0, 0), Cell(count - 1, 0), Cell(count // 2, count - 1)
        found = [grid.cell_at(*cells.cell(cell).center) for cell in some]
        if found != [*some] or not inside:
            wrong.append((count, size))
        if (count, size[0]) == (30, 900):
            assert min(names.left, names.above) > 0, "thirty classes are named"
            assert min(cells.cell(Cell(0, 0))[2:]) >= 12
    assert wrong == []


@pytest.mark.parametrize("theme", PALETTES)
def test_a_cell_is_darker_the_more_of_its_row_it_has(theme):
    colours = share_colours(Confusion(np.array([[0, 1], [9, 1]]), 0).shares, PALETTES[theme])
    blues = [f"#{colour & 0xFFFFFF:06X}" for colour in colours[0].tolist()]
    assert blues == [PALETTES[theme].canvas, PALETTES[theme].output_node]
