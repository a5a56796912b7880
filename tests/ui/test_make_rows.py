"""Rows made in the window: chosen, changed and taken by mouse and keys; what table and diagram then show."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QRadioButton

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
from tests.ui.hands import choose_entry, choose_in_table_menu, turn, write
from tests.ui.hands import press as press_in
from tests.ui.hands import press_button as press
from tests.ui.hands import shown as on_diagram
from tests.ui.sees import figure, offered, status, untrue

LEFT = Qt.MouseButton.LeftButton


def relu():
    return load(example("relu").path)


def ask_by_menu(window):
    choose_entry(window, "Make rows…")


@pytest.fixture
def made(open_window, answer):
    """Return a function that asks for rows over a State, and does something in the dialog: the window."""
    windows = []

    def make(state, *deeds, ask=ask_by_menu):
        window = windows[0] if windows else open_window("relu")
        windows.append(window)
        if state:
            window.document.start(load(example(state).path) if isinstance(state, str) else state)
        answer(MakeRows, lambda dialog: [deed(dialog) for deed in deeds])
        ask(window)
        return window

    return make


@pytest.fixture
def dialog(qtbot):
    dialog = MakeRows(None, relu())
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def click_kind(title):
    """Return what clicks a kind in the list."""

    def click(dialog):
        kinds = dialog.findChild(QListWidget)
        (item,) = kinds.findItems(title, Qt.MatchFlag.MatchExactly)
        QTest.mouseClick(kinds.viewport(), LEFT, pos=kinds.visualItemRect(item).center())

    return click


def field(dialog, name):
    return next(own for own in dialog.findChildren(QLineEdit) if own.accessibleName() == name)


def type_into(name, text, key=None):
    """Return what types a number over that of a field."""

    def type_it(dialog):
        QTest.mouseClick(field(dialog, name), LEFT)
        field(dialog, name).selectAll()
        QTest.keyClick(field(dialog, name), Qt.Key.Key_Delete)
        write(field(dialog, name), text)
        if key is not None:
            QTest.keyClick(field(dialog, name), key)

    return type_it


def radio(dialog, begins):
    texts = {own.text().replace("&", ""): own for own in dialog.findChildren(QRadioButton)}
    return next(own for text, own in texts.items() if text.startswith(begins))


def click_radio(begins):
    return lambda dialog: QTest.mouseClick(radio(dialog, begins), LEFT, pos=QPoint(10, 10))


def told(dialog):
    return [own.text() for own in dialog.findChildren(QLabel) if own.isVisible() and own.text()]


def table_rows(window):
    """Return what the table shows: the first three cells of each row."""
    model = window.data.model
    return [[model.index(row, k).data() for k in range(3)] for row in range(model.rowCount())]


def as_shown(data):
    return [[shown(value) for value in row] for row in np.hstack([data.inputs, data.targets]).tolist()]


MOONS, MAKE = click_kind("Two moons"), press("Make rows")


def test_rows_go_into_a_network_that_fits_and_its_weights_stay(made, approved):
    from_menu = {"ask": lambda window: choose_in_table_menu(window, "Make rows…")}
    window = made("relu", click_kind("Spiral"), press("Cancel"), **from_menu)
    assert table_rows(window) == [["3", "5", "60"]]
    assert not window.document.modified
    choose_entry(window, "Backward")
    made(None, MOONS, MAKE)
    assert not window.player.progress.active, "a walk is ended by other rows"
    assert (window.selection.row, untrue(window)) == (0, [])
    assert window.document.state.network.layers[0].weights.tolist() == [[2, 4], [4, -5]]
    moons = as_shown(KINDS["moons"].data(200, 0.1, 0))
    assert table_rows(window) == moons
    approved("rows are made for one's own network", status(window))
    assert offered(window, "Undo").text().replace("&", "") == "Undo Make rows: Two moons"
    window.undo()
    assert table_rows(window) == [["3", "5", "60"]]
    without = replace(relu(), data=Dataset(np.empty((0, 2))))
    made(without, MOONS, MAKE, ask=lambda window: press_in(window, "Make rows…"))
    assert table_rows(window) == moons

    column = Column("x_0", ("x_0",), mean=5.0, deviation=2.0)
    made(replace(load(example("xor").path), columns=(column,)), click_kind("Two circles"), MAKE)
    assert window.document.state.columns == (), "made rows are inputs as they stand"
    window.undo()
    assert window.document.state.columns == (column,)


def test_a_network_that_suits_comes_with_rows_settings_and_notes_also_by_keys(made, qtbot, approved):
    take = click_kind("Spiral"), click_radio("Take a network"), MAKE
    window = made("relu", *take, ask=lambda window: (choose_entry(window, "Backward"), ask_by_menu(window)))
    assert not window.player.progress.active, "a walk is ended by other rows"
    state = window.document.state
    assert state.network.sizes == (2, 16, 16, 1)
    assert state.training == KINDS["spiral"].suits.training
    assert table_rows(window) == as_shown(KINDS["spiral"].data(200, 0.02, 0))
    assert figure(window, "Cross-entropy").text == shown(state.loss())
    assert "Spiral" in window.main_window.windowTitle()
    assert state.notes.startswith(KINDS["spiral"].line)
    assert untrue(window) == []
    assert on_diagram(window, "value", "output") == shown(state.network.predict(state.data.inputs)[0, 0])
    seen = []

    def look(dialog):
        seen.extend(told(dialog))
        assert not radio(dialog, "Put them").isEnabled()
        assert radio(dialog, "Take a").isChecked()

    made("digits", click_kind("Curve"), look, MAKE)
    approved("rows that do not fit the network", "\n".join(seen))
    assert window.document.state.network.sizes == (1, 8, 1)

    def by_keys(dialog):
        kinds = dialog.findChild(QListWidget)
        qtbot.waitUntil(kinds.hasFocus)
        for _ in range(3):
            QTest.keyClick(kinds, Qt.Key.Key_Down)
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
    enter = type_into("Rows", "4", Qt.Key.Key_Return)
    made("xor", click_kind("Exclusive or"), type_into("Noise", "0"), enter)
    assert table_rows(window) == [["0", "0", "0"], ["0", "1", "1"], ["1", "0", "1"], ["1", "1", "0"]]


def test_a_number_that_cannot_be_is_told_and_nothing_is_made(dialog, approved):
    said = []
    for name, text, right in (
        *(("Rows", text, "20") for text in ("0", "1.5", "1e9", "many")),
        ("Noise", "-1", "0.1"),
        ("Noise", "", "0.1"),
        ("Seed", "-1", "0"),
    ):
        before = told(dialog)
        type_into(name, text, Qt.Key.Key_Return)(dialog)
        assert dialog.isVisible()
        said += [f"{name} {text}: {sentence}" for sentence in told(dialog) if sentence not in before]
        type_into(name, right, Qt.Key.Key_Tab)(dialog)
    approved("numbers that cannot be", "\n".join(said))


def test_the_picture_shows_the_rows_of_the_kind_under_its_marks(dialog, qtbot, approved):
    preview, rows, noise = dialog.findChild(Preview), field(dialog, "Rows"), field(dialog, "Noise")
    assert preview.drawn == {"blue circles": 20}
    click_kind("Three blobs")(dialog)
    assert preview.drawn == {"orange squares": 50, "blue circles": 50, "green triangles": 50}
    marks = [sentence for sentence in told(dialog) if "quares" in sentence]
    MOONS(dialog)
    QTest.mouseClick(rows, LEFT)
    QTest.keyClick(rows, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: sum(preview.drawn.values()) == 190)
    turn(rows, 1)
    qtbot.waitUntil(lambda: sum(preview.drawn.values()) == 191)
    click_kind("Spiral")(dialog)
    assert sum(preview.drawn.values()) == 191, "a number that was typed stays with the next kind"
    assert noise.text() == "0.02"
    QTest.mouseClick(noise, LEFT)
    for _ in range(3):
        QTest.keyClick(noise, Qt.Key.Key_Down)
    assert noise.text() == "0"
    type_into("Rows", "500000", Qt.Key.Key_Tab)(dialog)
    click_kind("Two circles")(dialog)
    assert sum(preview.drawn.values()) == 2000
    marks += [sentence for sentence in told(dialog) if "quares" in sentence]
    approved("the marks of three blobs and of very many rows", "\n".join(marks))


def dots_of(dialog, colour):
    """Return how many pixels of the picture have a colour."""
    image = dialog.findChild(Preview).grab().toImage()
    pixels = ((x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2))
    return sum(image.pixelColor(*at).name().upper() == colour for at in pixels)


@pytest.mark.fonts
def test_no_text_of_the_dialog_is_cut_off_on_a_small_screen(dialog):
    dialog.resize(dialog.minimumSize())
    for kind in KINDS.values():
        click_kind(kind.title)(dialog)
        QApplication.processEvents()
        assert clipped(dialog) == [], kind.title
        assert dialog.width() <= 1024
        assert dialog.height() <= 700


def test_the_chosen_network_stays_with_another_kind_and_classes_have_their_colours(qapp, dialog, amount):
    for kind, clicks in (
        ("Two moons", "Put them"),
        (None, "Take a network"),
        ("Two circles", "Take a network"),
        (None, "Put them"),
        ("Three blobs", "Take a network"),  # for which no other one fits
        ("Two circles", "Put them"),
    ):
        (click_kind(kind) if kind else click_radio(clicks))(dialog)
        assert radio(dialog, clicks).isChecked(), (kind, clicks)

    MOONS(dialog)
    try:
        for theme in amount(quick=["dark"], ci=PALETTES, night=PALETTES):
            palette = PALETTES[theme]
            if theme != "light":
                apply_theme(qapp, theme)
            QApplication.processEvents()
            for colour in (palette.positive, palette.negative):
                assert dots_of(dialog, colour) > 100, theme
    finally:
        apply_theme(qapp, "light")
