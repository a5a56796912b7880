"""Hide results: blanks for a question to a class, and how the key and clicks show the results again."""

from dataclasses import replace
from itertools import chain

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolTip, QWidget

from nnviz.core.address import Address
from nnviz.core.numbers import as_text, full_text
from nnviz.core.results import BLANK, HIDDEN
from nnviz.files.native import write as file_of
from nnviz.picture.palette import PALETTES
from nnviz.picture.style import tints
from nnviz.picture.svg import sheet, sheet_svg
from nnviz.ui.kit.theme import colours
from tests.ui.hands import (
    address_named,
    bring,
    choose_entry,
    click,
    editor_of,
    rest,
    set_number,
    shown,
    write,
)
from tests.ui.sees import figure, labels, offered, status, written

KEY, ROLE, LEFT = Qt.Key, Qt.ItemDataRole, Qt.MouseButton.LeftButton
OUTPUT = Address("value", 1, 0)
COVERED = "Explain", "Function", "Confusion", "Loss", "Loss surface"


def press_h(window):
    """Press H for the widget with the focus, shortcuts included."""
    QTest.keyClick(QApplication.focusWidget() or window.diagram, KEY.Key_H)
    window.desk.frames.show_pending()


def next_row(window):
    """Press the keys that go to the next row."""
    QTest.keyClick(window.diagram, KEY.Key_Down, Qt.KeyboardModifier.ControlModifier)
    window.desk.frames.show_pending()


@pytest.fixture
def window(open_window):
    """A window on the example many-rows with slopes, whose results are hidden by the key H."""
    window = open_window("many-rows")
    window.document.show_slopes(True)
    window.diagram.setFocus()
    press_h(window)
    assert window.document.now.hiding.on
    return window


def results(window):
    """Return the texts of all results of the row on the diagram, in every form."""
    now = window.document.now
    trace, slopes = now.trace, now.slopes
    values = list(chain(*(array.ravel().tolist() for array in (*trace.z, *trace.a))))
    values += [now.error(now.row)[0], now.row_loss(now.row), now.measured.loss]
    values += list(chain(*(layer.weights.ravel().tolist() for layer in slopes.layers)))
    given = {as_text(value) for value in given_numbers(window)}
    return {text for value in values for text in (as_text(value), full_text(value))} - given


def given_numbers(window):
    """Return the numbers that stay in sight: weights, biases, inputs, targets, learning rate and counts."""
    state = window.document.state
    weights = chain(*(array.ravel().tolist() for layer in state.network.layers for array in layer.arrays))
    data = chain(*(array.ravel().tolist() for array in state.data.arrays))
    return [*weights, *data, *range(10), state.training.learning_rate]


def cells(window, column, role=ROLE.DisplayRole):
    """Return what the table says in a column, by its header."""
    model = window.data.table.model()
    k = [each.header for each in model.columns].index(column)
    return [model.data(model.index(line, k), role) for line in range(model.rowCount())]


def click_cell(window, line, column):
    """Click a cell of the table."""
    table = window.data.table
    k = [each.header for each in table.model().columns].index(column)
    at = table.visualRect(table.model().index(line, k)).center()
    QTest.mouseClick(table.viewport(), LEFT, pos=at)
    window.desk.frames.show_pending()


def words_in(window):
    """Return all that a screen reader may say of the widgets in sight, and all tooltips."""
    widgets = [own for own in window.main_window.findChildren(QWidget) if own.isVisible()]
    said = [own.accessibleName() for own in widgets] + [own.accessibleDescription() for own in widgets]
    texts = [own.text() for own in widgets if hasattr(own, "text") and callable(own.text)]
    return [*said, *texts, *(own.toolTip() for own in widgets)]


def test_h_hides_every_result_of_the_diagram_and_shows_it_again(window):
    labels = {label.address: label for label in window.diagram.picture.labels}
    blanks = {at.kind for at, label in labels.items() if BLANK in label.text}
    assert blanks == {"value", "z", "error", "slope", "node_slope"}
    assert all(BLANK in label.text for at, label in labels.items() if at.kind in blanks)
    assert shown(window, "error", "output") == "error ?"
    assert status(window) == "Results are hidden: press H to show them, or click on one"
    assert offered(window, "Hide results").isChecked()
    for key in (KEY.Key_1, KEY.Key_Escape):  # the walk shows a message of its own, and clears it
        QTest.keyClick(window.diagram, key)
    window.document.show_slopes(True)
    assert status(window) == "Results are hidden: press H to show them, or click on one"
    press_h(window)
    assert not offered(window, "Hide results").isChecked()
    seen = {each.address: each for each in window.diagram.picture.labels if each.address.kind != "badge"}
    assert {at: label.rect for at, label in seen.items()} == {at: each.rect for at, each in labels.items()}
    assert written(window, OUTPUT) == as_text(window.document.now.trace.prediction[0, 0])
    assert not any(BLANK in label.text for label in seen.values())
    assert status(window) == ""


def test_a_click_shows_one_result_until_something_changes(window):
    def revealed():
        return [
            label.address
            for label in window.diagram.picture.labels
            if label.address.kind in ("value", "z", "error") and BLANK not in label.text
        ]

    weight, state = address_named(window, "output", "node_0"), window.document.state
    for change in (
        lambda: next_row(window),
        lambda: set_number(window, weight, "0.5"),
        lambda: choose_entry(window, "Undo"),
        lambda: QTest.keyClick(window.diagram, KEY.Key_F10),
        lambda: window.document.show_what_if_row([1.0, 2.0]),
    ):
        assert revealed() == []
        click(window, OUTPUT)
        assert revealed() == [OUTPUT]
        assert window.document.now.address is None, "a click on a blank shows it, and selects nothing"
        change()
        window.document.select(None)
    assert revealed() == []
    assert window.document.now.hiding.on
    assert window.document.state is not state


def test_tooltips_and_screen_readers_do_not_tell_hidden_results(window, monkeypatch, heard):
    tips = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, text, _widget: tips.append(text))
    answers = results(window)
    assert len(answers) > 6
    for label in window.diagram.picture.labels:
        rest(window.diagram, QPoint(*map(round, label.rect.center)))
    for name in ("output", "node_0"):
        window.document.select(address_named(window, name))
        window.desk.frames.show_pending()
        assert HIDDEN in window.diagram.accessibleDescription()
    for name in COVERED:
        bring(window, name)
        tips += words_in(window)
    for column in ("prediction", "error", "error²"):
        assert cells(window, column) == [BLANK] * window.data.table.model().rowCount()
        tips += cells(window, column, ROLE.ToolTipRole) + cells(window, column, ROLE.AccessibleTextRole)
    tips += [text for _, text in heard]
    told = {answer for answer in answers for text in tips if answer in f" {text} ".split()}
    assert told == set()
    press_h(window)
    window.document.select(address_named(window, "output"))
    window.desk.frames.show_pending()
    assert answers.intersection(window.diagram.accessibleDescription().replace(",", "").split())


def test_a_click_in_the_table_shows_one_cell(window):
    rows = window.data.table.model().rowCount()
    click_cell(window, 1, "prediction")
    value = as_text(window.document.now.prediction(1)[0])
    assert cells(window, "prediction") == [value if line == 1 else BLANK for line in range(rows)]
    assert cells(window, "error") == [BLANK] * rows
    click_cell(window, 1, "error")
    assert cells(window, "error")[1] == as_text(window.document.now.error(1)[0])
    assert cells(window, "prediction")[1] == value
    click_cell(window, 0, "target")
    assert cells(window, "prediction") == [BLANK] * rows, "another row hides them again"


def test_columns_stay_as_wide_as_their_hidden_numbers(window, qtbot):
    def widths():
        return [window.data.table.columnWidth(k) for k in range(window.data.table.model().columnCount())]

    hidden = widths()
    press_h(window)
    qtbot.waitUntil(lambda: not window.data.table.fit_soon.isActive())
    assert widths() == hidden


def test_the_figures_of_training_are_blank_until_one_is_clicked(window):
    mse = figure(window, "MSE")
    assert (mse.text, figure(window, "Iteration").text) == (BLANK, "0")
    assert mse.accessibleDescription() == HIDDEN
    QTest.mouseClick(mse, LEFT)
    window.desk.frames.show_pending()
    assert mse.text == as_text(window.document.now.measured.loss)
    QTest.keyClick(window.diagram, KEY.Key_F10)
    assert figure(window, "MSE").text == BLANK
    assert figure(window, "Iteration").text == "1"
    assert status(window) == "Iteration 1: results are hidden"


def test_a_warning_that_the_loss_rose_goes_with_the_results(window):
    press_h(window)
    window.runner.set_training(replace(window.document.state.training, learning_rate=0.1))
    QTest.keyClick(window.diagram, KEY.Key_F10)
    warning = [text for text in labels(window.training) if "rose" in text]
    assert len(warning) == 1, "the rate is too large"
    press_h(window)
    assert not [text for text in labels(window.training) if "rose" in text]


@pytest.mark.parametrize("name", COVERED)
def test_a_blank_covers_a_panel_of_results(window, name):
    card = bring(window, name)
    window.desk.frames.show_pending()
    (cover,) = card.covers
    assert cover.isVisible()
    assert labels(card) == [each for each in labels(card) if each.isupper() or each == ""]
    card.update_actions()
    assert not card.copy_picture.isEnabled()
    before = card.size()
    QTest.mouseClick(cover, LEFT)
    window.desk.frames.show_pending()
    assert not cover.isVisible()
    assert card.size() == before
    next_row(window)
    window.desk.frames.show_pending()
    assert cover.isVisible()
    press_h(window)
    assert not cover.isVisible()


def test_the_walk_shows_a_blank_until_its_callout_is_clicked(open_window, heard):
    window = open_window("many-rows")
    window.diagram.setFocus()
    for key in (KEY.Key_H, KEY.Key_1, KEY.Key_Period):
        QTest.keyClick(window.diagram, key)
    window.player.to_end()
    window.player.back()
    now = window.document.now
    assert now.walk_line.endswith(f": {BLANK}")
    window.diagram.grab()
    at = window.diagram.callout.box.center().toPoint()
    QTest.mouseClick(window.diagram, LEFT, pos=at)
    line = window.document.now.walk_line
    assert "=" in line
    window.player.back()
    assert window.document.now.walk_line.endswith(f": {BLANK}"), "the next step is hidden again"
    assert not [text for _, text in heard if "=" in text and text != line]


def test_a_written_h_is_a_letter(open_window):
    window = open_window("many-rows")
    window.diagram.setFocus()
    window.diagram.session.edit(Address("name", 1, 0))
    QTest.keyClick(editor_of(window), KEY.Key_H)
    assert editor_of(window).text() == "h"
    window.diagram.session.close()
    choose_entry(window, "Find…")
    write(QApplication.focusWidget(), "")
    QTest.keyClick(QApplication.focusWidget(), KEY.Key_H)
    assert window.finder.field.text() == "h"
    notes = bring(window, "Notes")
    next(
        own
        for own in notes.findChildren(QPushButton) + window.board.docks["Notes"].findChildren(QPushButton)
        if own.text() == "Edit"
    ).click()
    QTest.keyClick(QApplication.focusWidget(), KEY.Key_H)
    assert not window.document.now.hiding.on


def test_the_list_of_found_nodes_does_not_tell_their_values(window):
    choose_entry(window, "Find…")
    field, found = window.finder.field, window.finder.list

    def value_of(name):
        field.clear()
        write(field, name)
        return {match.title: found.item(k, 2).text() for k, match in enumerate(found.matches)}[name]

    source = window.document.state.network.inputs[0]
    given = as_text(window.document.now.trace.inputs[0, 0])
    assert [value_of(name) for name in ("output", "node_0", source)] == ["", "", given]
    window.diagram.setFocus()
    press_h(window)
    assert value_of("output") == as_text(window.document.now.trace.prediction[0, 0])


def test_hiding_is_no_part_of_the_file_and_off_in_another_window(window, open_window):
    hidden = file_of(window.document.state)
    press_h(window)
    assert hidden == file_of(window.document.state)
    assert not window.document.modified
    press_h(window)
    assert not open_window("relu").document.now.hiding.on


def test_a_picture_of_the_diagram_shows_the_blanks(window):
    value = as_text(window.document.now.trace.prediction[0, 0])
    assert f">{BLANK}<" in drawn(window)
    assert f">{value}<" not in drawn(window)
    press_h(window)
    assert f">{value}<" in drawn(window)


def drawn(window):
    """Return the picture of the diagram as an SVG document."""
    return sheet_svg(sheet(window.diagram.picture, 900, 500), PALETTES["light"])


def test_a_hidden_dead_node_looks_like_any_other(open_window):
    window = open_window("many-rows")
    dead = [label for label in window.diagram.picture.labels if label.style == "dead"]
    assert dead, "the example has a dead node in its first row"
    press_h(window)
    picture = window.diagram.picture
    assert {picture.label(each.address).style for each in dead} == {"value"}
    assert not any("passes 0" in label.text for label in picture.labels)
    assert "passes" not in picture.describe(dead[0].address)
    click(window, dead[0].address)
    assert window.diagram.picture.label(dead[0].address).style == "dead"


def test_colours_of_small_nodes_and_thumbnails_hide_as_well(open_window):
    window = open_window("digits")
    values = [tint for tint in tints_of(window) if tint.any()]
    press_h(window)
    hidden = [tint for tint in tints_of(window) if tint.any()]
    assert len(hidden) == 1 < len(values), "the inputs alone keep their colours"


def tints_of(window):
    picture = window.diagram.picture
    return [tint.strengths for column in picture.layout.columns for tint in tints(picture, column, colours())]
