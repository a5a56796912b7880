"""Rows made in the window: chosen, changed and taken by mouse and keys; what table and diagram then show."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QMenu, QPushButton, QRadioButton

from nnviz.core.columns import Column
from nnviz.core.made.kinds import KINDS
from nnviz.core.numbers import shown
from nnviz.core.state import Dataset
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.made.dialog import MakeRows
from nnviz.ui.made.preview import Preview
from nnviz.ui.widgets.theme import apply_theme
from tests.ui.clipped import clipped
from tests.ui.hands import choose_entry, entry, write
from tests.ui.hands import press as press_in
from tests.ui.hands import shown as on_diagram
from tests.ui.sees import figure, offered, status, untrue

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def made(open_window, answer):
    """Open a window, ask for rows there, and do something in the dialog: return the window."""

    def make(example, *deeds):
        window = open_window(example) if isinstance(example, str) else example

        def do(dialog):
            for deed in deeds:
                deed(dialog)

        answer(MakeRows, do)
        choose_entry(window, "Make rows…")
        return window

    return make


def listed(dialog):
    return dialog.findChild(QListWidget)


def click_kind(title):
    """Return what clicks a kind in the list."""

    def click(dialog):
        (item,) = listed(dialog).findItems(title, Qt.MatchFlag.MatchExactly)
        place = listed(dialog).visualItemRect(item).center()
        QTest.mouseClick(listed(dialog).viewport(), LEFT, pos=place)

    return click


def field(dialog, name):
    return next(own for own in dialog.findChildren(QLineEdit) if own.accessibleName() == name)


def type_into(name, text, key=None):
    """Return what types a number over that of a field."""

    def type_it(dialog):
        QTest.mouseClick(field(dialog, name), LEFT)
        write(field(dialog, name), text)
        if key is not None:
            QTest.keyClick(field(dialog, name), key)

    return type_it


def radio(dialog, begins):
    return next(
        own for own in dialog.findChildren(QRadioButton) if own.text().replace("&", "").startswith(begins)
    )


def click_radio(begins):
    return lambda dialog: QTest.mouseClick(radio(dialog, begins), LEFT, pos=QPoint(10, 10))


def press(text):
    def press_it(dialog):
        (button,) = (own for own in dialog.findChildren(QPushButton) if own.text().replace("&", "") == text)
        QTest.mouseClick(button, LEFT)

    return press_it


def told(dialog):
    return [own.text() for own in dialog.findChildren(QLabel) if own.isVisible() and own.text()]


def table_rows(window):
    """Return what the table shows: the first three cells of each row."""
    model = window.data.model
    return [[model.index(row, k).data() for k in range(3)] for row in range(model.rowCount())]


def as_shown(data):
    return [[shown(value) for value in row] for row in np.hstack([data.inputs, data.targets]).tolist()]


def test_rows_go_into_a_network_that_fits_and_its_weights_stay(made):
    window = made("relu", click_kind("Two moons"), press("Make rows"))
    assert window.document.state.network.layers[0].weights.tolist() == [[2, 4], [4, -5]]
    assert table_rows(window) == as_shown(KINDS["moons"].data(200, 0.1, 0))
    assert status(window) == "Made 200 rows: Two moons, seed 0; the weights are what they were"
    assert offered(window, "Undo").text().replace("&", "") == "Undo Make rows: Two moons"
    window.undo()
    assert table_rows(window) == [["3", "5", "60"]]


def test_made_rows_are_inputs_as_they_stand_also_where_others_were_standardised(made, open_window):
    state = load(example("xor").path)
    column = Column("x_0", ("x_0",), mean=5.0, deviation=2.0)
    window = open_window(replace(state, columns=(column,)))
    made(window, click_kind("Two circles"), press("Make rows"))
    assert window.document.state.columns == ()
    window.undo()
    assert window.document.state.columns == (column,)


def test_a_network_that_suits_comes_with_its_rows_settings_and_notes(made):
    window = made("relu", click_kind("Spiral"), click_radio("Take a network"), press("Make rows"))
    state = window.document.state
    assert state.network.sizes == (2, 16, 16, 1)
    assert state.training == KINDS["spiral"].suits.training
    assert table_rows(window) == as_shown(KINDS["spiral"].data(200, 0.02, 0))
    assert figure(window, "Cross-entropy").text == shown(state.loss())
    assert "Spiral" in window.main_window.windowTitle()
    assert state.notes.startswith(KINDS["spiral"].line)
    assert untrue(window) == []
    assert on_diagram(window, "value", "output") == shown(state.network.predict(state.data.inputs)[0, 0])


def test_where_the_widths_do_not_fit_only_a_network_that_suits_is_offered_and_the_sizes_are_told(made):
    seen = []

    def look(dialog):
        seen.append(
            (radio(dialog, "Put them").isEnabled(), radio(dialog, "Take a").isChecked(), told(dialog))
        )

    window = made("digits", click_kind("Curve"), look, press("Make rows"))
    ((enabled, chosen, texts),) = seen
    assert (enabled, chosen) == (False, True)
    assert "For 1 input and 1 output; this one is 64-32-16-10" in texts
    assert window.document.state.network.sizes == (1, 8, 1)


def test_the_keyboard_alone_makes_rows(made, qtbot):
    def by_keys(dialog):
        qtbot.waitUntil(lambda: listed(dialog).hasFocus())
        for _ in range(3):
            QTest.keyClick(listed(dialog), Qt.Key.Key_Down)
        for name, text in (("Rows", "12"), ("Noise", "0"), ("Seed", "4")):
            QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
            assert dialog.focusWidget() is field(dialog, name)
            write(dialog.focusWidget(), text)
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        assert dialog.focusWidget() is radio(dialog, "Put them")
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Down)
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)

    window = made("xor", by_keys)
    assert table_rows(window) == as_shown(KINDS["circles"].data(12, 0.0, 4))
    assert window.document.state.network == KINDS["circles"].network()


def test_enter_in_a_field_takes_what_is_typed_and_makes_the_rows(made):
    window = made(
        "xor", click_kind("Exclusive or"), type_into("Noise", "0"), type_into("Rows", "4", Qt.Key.Key_Return)
    )
    assert table_rows(window) == [["0", "0", "0"], ["0", "1", "1"], ["1", "0", "1"], ["1", "1", "0"]]


def test_where_there_is_no_row_yet_a_button_makes_some(open_window, answer):
    window = open_window(replace(load(example("relu").path), data=Dataset(np.empty((0, 2)))))
    answer(MakeRows, lambda dialog: (click_kind("Two moons")(dialog), press("Make rows")(dialog)))
    press_in(window, "Make rows…")
    assert table_rows(window) == as_shown(KINDS["moons"].data(200, 0.1, 0))


def test_the_menu_of_the_table_makes_rows_too(open_window, answer):
    window = open_window("relu")
    answer(MakeRows, lambda dialog: (click_kind("Two moons")(dialog), press("Make rows")(dialog)))
    window.data.table.menu_wished.emit(QPoint(5, 5))
    (menu,) = (own for own in window.data.findChildren(QMenu) if own.isVisible())
    entry(menu, "Make rows…").trigger()
    assert len(table_rows(window)) == 200


def test_cancel_changes_nothing(made):
    window = made("relu", click_kind("Spiral"), press("Cancel"))
    assert table_rows(window) == [["3", "5", "60"]]
    assert not window.document.modified


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("Rows", "0", "Rows: expected a whole number from 1 on"),
        ("Rows", "1.5", "Rows: expected a whole number from 1 on"),
        ("Rows", "1e9", "Rows: expected at most 500,000 rows, found 1,000,000,000"),
        ("Rows", "many", "Rows: 'many' is not a number"),
        ("Noise", "-1", "Noise: expected a number from 0 to 100"),
        ("Noise", "", "Noise: type a number"),
        ("Seed", "-1", "Seed: expected a whole number from 0 on"),
    ],
)
def test_a_number_that_cannot_be_is_told_and_nothing_is_made(made, name, text, sentence):
    seen = []

    def clear(dialog):
        field(dialog, name).clear()

    def look(dialog):
        seen.append(told(dialog))
        assert dialog.isVisible()

    window = made("relu", clear, type_into(name, text, Qt.Key.Key_Return), look, press("Cancel"))
    assert sentence in seen[0]
    assert not window.document.modified


@pytest.fixture
def dialog(qtbot, open_window):
    dialog = MakeRows(None, open_window("relu").document.state)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def test_the_picture_shows_the_rows_of_the_kind_under_its_marks(dialog):
    preview = dialog.findChild(Preview)
    assert preview.drawn == {"blue circles": 20}
    click_kind("Three blobs")(dialog)
    assert preview.drawn == {"orange squares": 50, "blue circles": 50, "green triangles": 50}
    assert "Orange squares: blob_0, blue circles: blob_1, green triangles: blob_2" in told(dialog)


def test_a_nudge_draws_at_once_and_a_number_that_was_typed_stays_with_the_next_kind(dialog, qtbot):
    preview = dialog.findChild(Preview)
    click_kind("Two moons")(dialog)
    QTest.mouseClick(field(dialog, "Rows"), LEFT)
    QTest.keyClick(field(dialog, "Rows"), Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: sum(preview.drawn.values()) == 190)
    at = QPointF(5, 5)
    none = Qt.KeyboardModifier.NoModifier
    turned = QWheelEvent(at, at, QPoint(), QPoint(0, 120), LEFT, none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(field(dialog, "Rows"), turned)
    qtbot.waitUntil(lambda: sum(preview.drawn.values()) == 191)
    click_kind("Spiral")(dialog)
    assert sum(preview.drawn.values()) == 191
    assert field(dialog, "Noise").text() == "0.02"


def test_noise_is_never_nudged_below_0(dialog):
    QTest.mouseClick(field(dialog, "Noise"), LEFT)
    for _ in range(3):
        QTest.keyClick(field(dialog, "Noise"), Qt.Key.Key_Down)
    assert field(dialog, "Noise").text() == "0"


def test_of_very_many_rows_some_are_drawn_and_that_is_said(dialog):
    type_into("Rows", "500000", Qt.Key.Key_Tab)(dialog)
    click_kind("Two circles")(dialog)
    assert sum(dialog.findChild(Preview).drawn.values()) == 2000
    assert "Orange squares: target 0, blue circles: target 1; 2,000 of 500,000 rows are drawn" in told(dialog)


def dots_of(dialog, colour):
    """Return how many pixels of the picture have a colour."""
    image = dialog.findChild(Preview).grab().toImage()
    pixels = ((x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2))
    return sum(image.pixelColor(*at).name().upper() == colour for at in pixels)


@pytest.mark.parametrize("theme", PALETTES)
def test_the_classes_stand_in_the_colours_of_the_theme(qapp, dialog, theme):
    click_kind("Two moons")(dialog)
    try:
        apply_theme(qapp, theme)
        QApplication.processEvents()
        for colour in (PALETTES[theme].positive, PALETTES[theme].negative):
            assert dots_of(dialog, colour) > 100
    finally:
        apply_theme(qapp, "light")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_text_of_the_dialog_is_cut_off_on_a_small_screen(dialog, kind):
    dialog.resize(dialog.minimumSize())
    click_kind(kind.title)(dialog)
    QApplication.processEvents()
    assert clipped(dialog) == []
    assert dialog.width() <= 1024
    assert dialog.height() <= 700


@pytest.mark.parametrize("choice", ["Put them", "Take a network"])
def test_a_walk_is_ended_by_other_rows(made, open_window, choice):
    window = open_window("relu")
    choose_entry(window, "Backward")
    made(window, click_kind("Two circles"), click_radio(choice), press("Make rows"))
    assert not window.player.progress.active
    assert window.selection.row == 0
    assert untrue(window) == []


def test_the_network_that_was_chosen_stays_chosen_with_another_kind(dialog):
    click_kind("Two moons")(dialog)
    assert radio(dialog, "Put them").isChecked()
    click_radio("Take a network")(dialog)
    click_kind("Two circles")(dialog)
    assert radio(dialog, "Take a network").isChecked()
    click_radio("Put them")(dialog)
    click_kind("Three blobs")(dialog)
    assert radio(dialog, "Take a network").isChecked()
    click_kind("Two circles")(dialog)
    assert radio(dialog, "Put them").isChecked()
