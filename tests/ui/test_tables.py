"""Rows from elsewhere: tables of one's own or that ship, from file or clipboard; rows made; rows exported."""

import csv
import re
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QListWidget,
    QMenu,
    QMessageBox,
    QPushButton,
    QRadioButton,
)

from nnviz.core.columns import Column
from nnviz.core.edits import standardise, worth_standardising
from nnviz.core.generators import KINDS
from nnviz.core.numbers import NUMBERS, as_text
from nnviz.core.state import Dataset
from nnviz.core.train import train
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.files.table import READY_SETS, reading
from nnviz.picture.palette import PALETTES
from nnviz.picture.scales import class_colour
from nnviz.system import resources
from nnviz.ui.dialogs.make_rows import MakeRows, Preview
from nnviz.ui.dialogs.table import OpenTable
from nnviz.ui.kit.theme import apply_theme, colours
from nnviz.ui.panels.function_plane import class_shape
from nnviz.ui.window.session import begin
from nnviz.ui.window.window import MainWindow
from tests.core.oracle import set_weight
from tests.ready_sets import FOLDER
from tests.ui import hands
from tests.ui.clipped import clipped
from tests.ui.hands import (
    choose,
    choose_entry,
    click_in_list,
    field,
    press_button,
    turn,
    type_into,
    type_name,
    write,
)
from tests.ui.runs import pixels_of
from tests.ui.sees import figure, labels, offered, status, untrue

Key, LEFT = Qt.Key, Qt.MouseButton.LeftButton
IRIS = example("iris").path
PASSENGERS = "name;class;age;survived\n" + "".join(
    f"passenger {k};{('first', 'third')[k % 2]};{age};{('no', 'yes')[k % 3 == 0]}\n"
    for k, age in enumerate("" if k == 3 else f"{20 + k},5" for k in range(24))
)
take, cancel = press_button("Use this table"), press_button("Cancel")


def relu():
    return load(example("relu").path)


@pytest.fixture
def asked(carry_out):
    """Return a function that takes the deeds for the next dialog, which closes even after a failure."""
    return partial(carry_out, OpenTable)


@pytest.fixture
def opened(afresh, asked, tmp_path):
    """Return a function that opens a table over a State and does deeds with the dialog: the window."""

    def open_it(text, *deeds, over="relu", encoding="utf-8"):
        window, path = afresh(over), tmp_path / "rows.csv"
        path.write_bytes(text.encode(encoding))
        asked(*deeds)
        window.files.load_table(path)
        return window

    return open_it


def columns(dialog):
    """Return the list of columns: name, content and use of each."""
    model = dialog.view.model()
    return [[model.index(row, column).data() for column in (0, 1, 3)] for row in range(model.rowCount())]


def told(dialog):
    """Return all that the dialog says of a table."""
    uses = [
        f"({'•' if own.isChecked() else ' '}) {own.text()}" for own in dialog.uses.values() if own.isEnabled()
    ]
    return "\n".join([*labels(dialog), *("; ".join(each) for each in columns(dialog)), *uses])


def can_be_taken(dialog):
    buttons = dialog.findChildren(QPushButton)
    return next(own for own in buttons if own.text() == "&Use this table").isEnabled()


def pick(choice, text):
    """Choose an entry of a list."""
    choice.setCurrentIndex(choice.findText(text))
    choice.activated.emit(choice.currentIndex())


def use(dialog, name, wanted, qtbot):
    """Choose by keys the use of a column."""
    row = next(k for k, each in enumerate(columns(dialog)) if each[0] == name)
    dialog.view.setFocus()
    dialog.view.selectRow(row)

    def choose_use():
        (menu,) = [own for own in dialog.view.findChildren(QMenu) if own.isVisible()]
        menu.setActiveAction(hands.entry(menu, wanted))
        QTest.keyClick(menu, Key.Key_Return)

    QTimer.singleShot(0, dialog, choose_use)
    QTest.keyClick(dialog.view, Key.Key_Space)
    qtbot.waitUntil(lambda: wanted in columns(dialog)[row][2])


def paste(window, text):
    table = window.data.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 0))
    QGuiApplication.clipboard().setText(text)
    QTest.keySequence(table, "Ctrl+V")


def rows_of(window):
    data = window.document.state.data
    return data.inputs.tolist()[:2], data.targets.tolist()[:2]


def names_of(window):
    network = window.document.state.network
    return network.inputs, network.outputs


TWO_ROWS = ([[1, 2], [4, 5]], [[3], [6]])


def test_a_csv_with_a_text_label_becomes_a_network_and_rows_are_exported(
    afresh, asked, answer, tmp_path, approved
):
    window, seen = afresh(), []
    asked(lambda dialog: seen.append(told(dialog)), take)
    window.main_window.dropped.emit(resources() / "data" / "iris.csv")
    approved("iris.csv is opened", "\n".join([*seen, status(window)]))
    network, data = window.document.state.network, window.document.state.data
    assert network.sizes == (4, 8, 3)
    assert names_of(window) == (
        ("sepal_length", "sepal_width", "petal_length", "petal_width"),
        ("setosa", "versicolor", "virginica"),
    )
    assert data.inputs[0].tolist() == [6.1, 2.8, 4.0, 1.3]
    assert data.targets[0].tolist() == [0.0, 1.0, 0.0]

    window.document.start(standardise(load(IRIS), range(4)))
    path = tmp_path / "flowers.csv"
    answer(QFileDialog, type_name(path))
    choose_entry(window, "Export rows…")
    assert status(window) == "Exported 150 rows with predictions to flowers.csv"
    state = window.document.state
    header, first, *_ = csv.reader(path.read_text().splitlines())
    assert header[:6] == [*state.network.inputs, "species", f"prediction {state.network.outputs[0]}"]
    raw = [float(cell) for cell in first[:4]]
    assert state.data.inputs[0] == pytest.approx(state.columns.encoded([raw])[0], abs=1e-15)
    prediction = state.predict([raw])[0]
    assert [float(cell) for cell in first[5:8]] == pytest.approx(prediction.tolist(), rel=1e-12)
    assert first[8] == state.network.outputs[prediction.argmax()]


def test_a_pasted_table_with_different_scales_brings_advice_to_standardise(afresh, asked, approved):
    window, seen = afresh(), []
    asked(lambda dialog: seen.append(dialog.encoding.isVisible()), take)
    paste(window, "width\tkind\n" + "".join(f"{k}\t{'ab'[k % 2]}\n" for k in range(9)))
    assert (seen, names_of(window)) == ([False], (("width",), ("a", "b")))
    approved("a table is pasted", status(window))
    window.document.start(relu())
    advice = window.training.message.label
    assert not advice.isVisible()
    paste(window, "0.1\t2000\t1\n0.2\t8000\t2\n0.3\t100\t3")
    assert window.document.state.data.inputs[1].tolist() == [0.2, 8000]
    assert "Standardise inputs" in advice.text()


def test_a_table_replaces_the_rows_and_nnviz_asks_for_the_layout_if_needed(
    afresh, asked, answer, approved, tmp_path
):
    window, path, seen = afresh("xor"), tmp_path / "rows.csv", []
    before = window.document.state
    path.write_text("target,x_1,x_0\n7,5,3\n")
    window.main_window.dropped.emit(path)
    assert rows_of(window) == ([[3, 5]], [[7]])
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
    answer(QMessageBox, choose("OK", seen))
    window.main_window.dropped.emit(path)

    def look(dialog):
        seen.extend(kind for kind in dialog.nameFilters() if kind.startswith("Tables"))
        dialog.reject()

    for entry in ("Open…", "Load rows from CSV…"):
        answer(QFileDialog, look)
        choose_entry(window, entry)
    state = window.document.state
    asked(lambda dialog: seen.extend([dialog.decimal.currentText(), dialog.error_label.text()]))
    paste(window, "1.234;2.345\n3.456;4.567")
    assert window.document.state is state
    approved("a bad file, kinds of tables, numbers to be read in two ways", "\n".join(seen))
    window.document.start(before)
    path.write_text("target,wind,rain\n3,1,2\n6,4,5\n")
    asked(lambda dialog: QTest.keyClick(dialog, Key.Key_Return))
    window.files.load_table(path)
    assert (rows_of(window), names_of(window)) == (TWO_ROWS, (("wind", "rain"), ("target",)))


def test_a_table_with_column_names_is_pasted_by_the_dialog(afresh, asked):
    window = afresh("xor")
    asked(lambda dialog: dialog.uses["rows"].click(), take)
    paste(window, "x_1,x_0,output\n2,1,3\n5,4,6\n")
    assert rows_of(window) == TWO_ROWS
    asked(lambda dialog: QTest.keyClick(dialog, Key.Key_Escape))
    paste(window, "wind,rain,umbrella\n7,8,9\n")
    assert rows_of(window) == TWO_ROWS


def test_a_table_that_the_program_starts_with_is_shown_first_though_its_rows_fit(
    settings, asked, qtbot, tmp_path
):
    path, seen = tmp_path / "rows.csv", []
    path.write_text("input_0,input_1,output\n1,2,3\n4,5,9\n")
    asked(
        lambda dialog: seen.extend(each[0] for each in columns(dialog)),
        lambda dialog: dialog.uses["network"].click(),
        take,
    )
    window = begin(MainWindow(settings), settings, path)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == ["input_0", "input_1", "output"]
    assert window.document.state.data.targets.tolist() == [[3.0], [9.0]]
    assert (window.document.path, settings.last) == (None, None)
    with pytest.raises(FileError, match=r"missing\.csv"):
        begin(MainWindow(settings), settings, tmp_path / "missing.csv")


@pytest.mark.fonts
def test_the_user_chooses_the_use_of_a_column(opened, approved, qtbot):
    seen = []

    def choose_uses(dialog):
        seen.extend([told(dialog), dialog.delimiter.currentText(), dialog.decimal.currentText()])
        assert dialog.missing.isVisible()
        use(dialog, "class", "left out", qtbot)
        qtbot.waitUntil(lambda: "1-8-2" in dialog.uses["network"].text())
        dialog.missing.setFocus()
        QTest.keyClick(dialog.missing, Key.Key_Down)

    state = opened(PASSENGERS, choose_uses, take).document.state
    approved("a table of passengers", "\n".join(seen))
    assert (state.network.inputs, len(state.data)) == (("age",), 24)
    assert state.data.inputs[3, 0] == pytest.approx(np.mean([20.5 + k for k in range(24) if k != 3]))
    state = opened(PASSENGERS, take).document.state
    assert (state.network.inputs, len(state.data)) == (("class=first", "class=third", "age"), 23)
    assert state.predict([["third", 30.0]]).tolist() == state.network.predict([[0.0, 1.0, 30.0]]).tolist()

    def look(dialog):
        view = dialog.view
        assert view.horizontalScrollBar().maximum() == 0
        use(dialog, "y", "inputs, one for each value", qtbot)
        for row in range(view.model().rowCount()):
            cell = view.model().index(row, 3)
            assert view.sizeHintForIndex(cell).width() <= view.visualRect(cell).width()

    long = "a rather long name of a column, "
    rows = "".join(f"\n{'' if k == 3 else k};{long}{k % 3};{'ab'[k % 2]}" for k in range(24))
    opened(f"{long};{long}2;y{rows}", look, cancel)


def test_cancel_changes_nothing_and_a_large_table_offers_its_first_rows(
    opened, answer, asked, tmp_path, monkeypatch, approved
):
    window = opened(PASSENGERS, cancel)
    assert window.document.state == relu()
    approved("a table is not taken", status(window))
    window.document.edit("a name", lambda state: replace(state, name="mine"))
    before = window.document.state
    asked(take)
    answer(QMessageBox, choose("Cancel"))
    window.files.load_table(tmp_path / "rows.csv")
    assert window.document.state is before

    monkeypatch.setattr(reading, "NUMBERS", replace(NUMBERS, limit=90))
    names, seen = ",".join((*relu().network.inputs, "target")), []
    window = opened(f"{names}\n" + "1,2,3\n" * 100, lambda dialog: seen.append(told(dialog)), take)
    assert len(window.document.state.data) == 30
    approved("more rows than nnviz opens", "\n".join([*seen, status(window)]))


def test_rows_are_standardised_as_the_networks_own_and_the_ends_are_rebuilt(opened, approved):
    told = []
    own = standardise(load(IRIS), range(4))
    raw = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9], [6.0, 3.0, 4.0, 1.0]]
    rows = "5.1,3.5,1.4,0.2,setosa\n6.3,2.5,5,1.9,virginica\n6,3,4,1,versicolor\n6,3,,1,setosa"
    for names in ("sepal_length,Sepal_Width,petal_length,petal_width,species", "a,b,c,d,kind"):
        window = opened(f"{names}\n{rows}", take, over=own)
        state = window.document.state
        assert state.data.inputs.tolist() == own.columns.encoded(raw).tolist()
        assert state.predict(raw).tolist() == own.predict(raw).tolist()
        told.append(status(window))
    approved("rows are standardised as the network's own", "\n".join(told))

    def without_use(dialog):
        assert (dialog.chosen_use, dialog.uses["rows"].isEnabled()) == ("network", False)
        approved("classes that a network does not know", dialog.uses["rows"].toolTip())

    names = ",".join((*own.network.inputs, "species"))
    opened(f"{names}\n1,2,3,4,oak\n1,2,3,4,ash\n1,2,3,4,elm", without_use, cancel, over="iris")

    def rebuild(dialog):
        button = dialog.uses["ends"]
        QTest.mouseClick(button, LEFT, pos=QPoint(8, button.height() // 2))

    window = opened(PASSENGERS, rebuild, take)
    state = window.document.state
    assert (state.network.sizes, state.training.loss) == ((3, 2, 2), "cross_entropy")
    approved("the ends are rebuilt", status(window))
    window.undo()
    assert window.document.state == relu()


def test_another_layout_reads_the_table_again_and_an_unreadable_one_cannot_be_used(opened, approved):
    wrong = []

    def change_layout(dialog):
        assert (dialog.encoding.currentText(), len(columns(dialog))) == ("UTF-16 LE", 2)
        dialog.header.click()
        assert [each[0] for each in columns(dialog)] == ["column 1", "column 2"]
        dialog.header.click()
        pick(dialog.delimiter, "tabs")
        assert len(columns(dialog)) == 1
        assert not dialog.uses["network"].isEnabled()

    text = "größe;art\n" + "".join(f"{k};{'ab'[k % 2]}\n" for k in range(12))
    opened(text, change_layout, cancel, encoding="utf-16")

    def change_encoding(dialog):
        assert can_be_taken(dialog)
        found = dialog.encoding.currentText()
        for encoding, can in (("UTF-8", False), (found, True)):
            pick(dialog.encoding, encoding)
            shows = (can_be_taken(dialog), dialog.view.isEnabled(), dialog.error_label.isVisible())
            assert shows == (can, can, not can)

    def look(dialog):
        wrong.append(dialog.error_label.text())

    opened(text.replace("a", "ä"), change_encoding, cancel, encoding="cp1252")
    opened("a,b,c\n1,2,3\n4,x,6\n7,8,9\n1,1,1\n", look, cancel)

    def choose_sign(dialog):
        for _ in range(2):
            assert (dialog.decimal.currentText(), can_be_taken(dialog)) == ("", False)
            dialog.header.click()
        dialog.decimal.setFocus()
        for sign in ("point, as in 0.5", "comma, as in 0,5"):
            QTest.keyClick(dialog.decimal, Key.Key_Down)
            assert (dialog.decimal.currentText(), can_be_taken(dialog)) == (sign, True)

    window = opened("preis;y\n1.234;2\n12.500;3\n950;4\n", look, choose_sign, take)
    assert window.document.state.data.inputs[:, 0].tolist() == [1234, 12500, 950]
    approved("a stray text, and points that may part thousands", "\n".join(wrong))
    uses = []
    dates = "day,kind,a\n3/14,p,1\n3/15,q,2\n4/1,p,4\n"
    opened(dates, lambda dialog: uses.extend(each[2] for each in columns(dialog)), take)
    assert uses == ["left out ▾", "target (classes) ▾", "input ▾"]


# --- tables that ship


def test_training_advises_to_standardise_inputs_and_the_menu_does_so(afresh, approved):
    window = afresh("wages")
    before, advice = window.document.state, window.training.message.label
    said = [advice.text()]
    choose_entry(window, "Standardise inputs")
    said.append(status(window))
    assert not window.training.message.label.text()
    state = window.document.state
    assert state.data.inputs[: state.trained_rows].mean(axis=0) == pytest.approx(0, abs=1e-9)
    age = state.network.inputs.index("age")
    column, model = state.columns[age], window.data.table.model()
    header = f"age\n(x − {as_text(column.mean)}) / {as_text(column.deviation)}"
    assert model.headerData(age, Qt.Orientation.Horizontal) == header
    window.document.undo()
    assert window.document.state is before
    assert model.headerData(age, Qt.Orientation.Horizontal) == "age"
    assert window.training.message.label.text() == said[0]
    approved("the rows of wages are standardised after advice", "\n".join(said))
    window.document.start(load(example("digits").path))
    QApplication.processEvents()
    assert not window.training.message.label.text(), "pixels are no reason"


def test_tables_that_ship_are_opened_by_the_menu(afresh, answer, approved):
    window = afresh("relu")
    window.document.edit("a weight", set_weight, 0, 0, 0, 9.0)
    before = window.document.state
    answer(QMessageBox, choose("Cancel"))
    choose_entry(window, "Wine")
    assert window.document.state is before
    window.document.undo()
    choose_entry(window, "Iris")
    assert window.document.state.network.sizes == (4, 8, 3)
    assert [window.data.model.index(0, k).data() for k in range(4)] == ["6.1", "2.8", "4", "1.3"]
    assert window.main_window.windowTitle() == "Iris[*] — nnviz"
    approved("Iris is opened by the menu", status(window))
    assert not window.document.modified
    assert untrue(window) == []
    choose_entry(window, "Wages")
    notes = window.document.state.notes
    assert " with the mean and population standard deviation of 480 rows" in notes
    assert window.document.state.columns


LOSSES = {"iris": 0.1, "wine": 0.05, "digits": 0.05, "passengers": 0.5, "wages": 10.0}


def test_every_table_that_ships_opens_with_its_source_and_a_network_that_learns_it():
    assert {each.path.name for each in READY_SETS} == {path.name for path in FOLDER.glob("*.csv")}
    readme = (FOLDER / "README.md").read_text("utf-8")
    for ready in READY_SETS:
        (row,) = re.findall(rf"^\| `{ready.name}\.csv`.*$", readme, re.MULTILINE)
        assert ("made up" if ready.source.startswith("Made up") else ready.source[-10:-1]) in row, ready.name
        assert ready.line.split()[0] in row
        state = ready.state()
        assert not ready.standardises or not worth_standardising(state), ready.name
        result = train(state)
        assert not result.diverged
        assert result.state.loss() < LOSSES[ready.name], ready.name
        assert (state.name, state.training.validation) == (ready.title, 0.2)
        assert ready.source in state.notes


# --- rows that are made


def ask_by_menu(window):
    choose_entry(window, "Make rows…")


@pytest.fixture
def made(afresh, lasting, answer):
    """Return a function that asks for rows over a State, and does something in the dialog: the window."""

    def make(state, *deeds, ask=ask_by_menu):
        window = afresh(state) if state else lasting
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


def radio(dialog, begins):
    texts = {own.text().replace("&", ""): own for own in dialog.findChildren(QRadioButton)}
    return next(own for text, own in texts.items() if text.startswith(begins))


def click_radio(begins):
    return lambda dialog: QTest.mouseClick(radio(dialog, begins), LEFT, pos=QPoint(10, 10))


def table_rows(window):
    """Return the first three cells of each row of the table."""
    model = window.data.model
    return [[model.index(row, k).data() for k in range(3)] for row in range(model.rowCount())]


def as_shown(data):
    return [[as_text(value) for value in row] for row in np.hstack([data.inputs, data.targets]).tolist()]


MOONS, MAKE = click_in_list("Two moons"), press_button("Make rows")


def test_made_rows_go_into_a_network_that_fits_and_keep_its_weights(made, approved):
    window = made("relu", click_in_list("Spiral"), cancel)
    assert table_rows(window) == [["3", "5", "60"]]
    assert not window.document.modified
    choose_entry(window, "Backward")
    made(None, MOONS, MAKE)
    assert not window.player.progress.active, "a walk is ended by other rows"
    assert (window.document.now.row, untrue(window)) == (0, [])
    assert window.document.state.network.layers[0].weights.tolist() == [[2, 4], [4, -5]]
    moons = as_shown(KINDS["moons"].data(200, 0.1, 0))
    assert table_rows(window) == moons
    approved("rows are made for one's own network", status(window))
    assert offered(window, "Undo").text().replace("&", "") == "Undo Make rows: Two moons"
    window.undo()
    assert table_rows(window) == [["3", "5", "60"]]
    without = replace(relu(), data=Dataset(np.empty((0, 2))))
    made(without, MOONS, MAKE, ask=lambda window: hands.press(window, "Make rows…"))
    assert table_rows(window) == moons

    column = Column("x_0", ("x_0",), mean=5.0, deviation=2.0)
    made(replace(load(example("xor").path), columns=(column,)), click_in_list("Two circles"), MAKE)
    assert window.document.state.columns == (), "made rows are inputs as they stand"
    window.undo()
    assert window.document.state.columns == (column,)


def test_made_rows_can_open_with_a_network_settings_and_notes(made, qtbot, approved):
    window = made("relu", click_in_list("Spiral"), click_radio("Make a network"), MAKE)
    state = window.document.state
    assert state.network.sizes == (2, 16, 16, 1)
    assert state.training == KINDS["spiral"].training
    assert table_rows(window) == as_shown(KINDS["spiral"].data(200, 0.02, 0))
    assert figure(window, "Cross-entropy").text == as_text(state.loss())
    assert "Spiral" in window.main_window.windowTitle()
    assert state.notes.startswith(KINDS["spiral"].line)
    assert untrue(window) == []
    seen = []

    def look(dialog):
        seen.extend(labels(dialog))
        assert not radio(dialog, "Put these").isEnabled()
        assert radio(dialog, "Make a").isChecked()

    made("digits", click_in_list("Curve"), look, MAKE)
    approved("rows that do not fit the network", "\n".join(seen))
    assert window.document.state.network.sizes == (1, 8, 1)

    def by_keys(dialog):
        kinds = dialog.findChild(QListWidget)
        qtbot.waitUntil(kinds.hasFocus)
        for _ in range(3):
            QTest.keyClick(kinds, Key.Key_Down)
        for name, text in (("Rows", "12"), ("Noise", "0"), ("Seed", "4")):
            QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
            assert dialog.focusWidget() is field(dialog, name)
            write(dialog.focusWidget(), text)
        QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
        assert dialog.focusWidget() is radio(dialog, "Put these")
        QTest.keyClick(dialog.focusWidget(), Key.Key_Down)
        QTest.keyClick(dialog.focusWidget(), Key.Key_Return)

    made("xor", by_keys)
    assert table_rows(window) == as_shown(KINDS["circles"].data(12, 0.0, 4))
    assert window.document.state.network == KINDS["circles"].network()
    enter = type_into("Rows", "4", Key.Key_Return)
    made("xor", click_in_list("Exclusive or"), type_into("Noise", "0"), enter)
    assert table_rows(window) == [["0", "0", "0"], ["0", "1", "1"], ["1", "0", "1"], ["1", "1", "0"]]


def test_an_invalid_number_shows_why_and_makes_no_rows(dialog, approved):
    said = []
    for name, text, right in (
        *(("Rows", text, "20") for text in ("0", "1.5", "1e9", "many")),
        ("Noise", "-1", "0.1"),
        ("Noise", "", "0.1"),
        ("Seed", "-1", "0"),
    ):
        before = labels(dialog)
        type_into(name, text, Key.Key_Return)(dialog)
        assert dialog.isVisible()
        said += [f"{name} {text}: {sentence}" for sentence in labels(dialog) if sentence not in before]
        type_into(name, right, Key.Key_Tab)(dialog)
    approved("numbers that cannot be", "\n".join(said))


def test_the_preview_shows_the_rows_or_the_first_of_very_many(dialog, qtbot, approved):
    preview, rows, noise = dialog.findChild(Preview), field(dialog, "Rows"), field(dialog, "Noise")
    rows_of = preview.marks.rows
    assert (set(rows_of.colours), set(rows_of.shapes), len(rows_of.points)) == ({colours().positive}, {0}, 20)
    click_in_list("Three blobs")(dialog)
    seen = Counter(zip(preview.marks.rows.colours, preview.marks.rows.shapes, strict=True))
    assert seen == {(class_colour(colours(), k), class_shape(k)): 50 for k in range(3)}
    MOONS(dialog)
    QTest.mouseClick(rows, LEFT)
    QTest.keyClick(rows, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: len(preview.marks.rows.points) == 190)
    turn(rows, 1)
    qtbot.waitUntil(lambda: len(preview.marks.rows.points) == 191)
    click_in_list("Spiral")(dialog)
    assert len(preview.marks.rows.points) == 200
    assert noise.text() == "0.02"
    QTest.mouseClick(noise, LEFT)
    for _ in range(3):
        QTest.keyClick(noise, Key.Key_Down)
    assert noise.text() == "0"
    click_in_list("Two circles")(dialog)
    type_into("Rows", "500000", Key.Key_Tab)(dialog)
    qtbot.waitUntil(lambda: len(preview.marks.rows.points) == 1500)
    approved("very many rows", next(text for text in labels(dialog) if "The picture" in text))
    for button in (LEFT, Qt.MouseButton.RightButton):
        QTest.mouseClick(preview.viewport(), button)  # which means nothing here


@pytest.mark.fonts
def test_no_text_of_the_dialog_is_cut_off_on_a_small_screen(dialog):
    dialog.resize(dialog.minimumSize())
    for kind in KINDS.values():
        click_in_list(kind.title)(dialog)
        QApplication.processEvents()
        assert clipped(dialog) == [], kind.title
        assert dialog.width() <= 1024
        assert dialog.height() <= 700


def test_the_chosen_network_stays_with_another_kind_and_classes_have_their_colours(qapp, dialog, amount):
    for kind, clicks in (
        ("Two moons", "Put these"),
        (None, "Make a network"),
        ("Two circles", "Make a network"),
        (None, "Put these"),
        ("Three blobs", "Make a network"),  # for which no other one fits
        ("Two circles", "Put these"),
    ):
        (click_in_list(kind) if kind else click_radio(clicks))(dialog)
        assert radio(dialog, clicks).isChecked(), (kind, clicks)
    MOONS(dialog)
    for theme in amount(quick=["dark"], ci=PALETTES, night=PALETTES):
        apply_theme(qapp, theme)
        QApplication.processEvents()
        seen = pixels_of(dialog.findChild(Preview))
        for colour in (PALETTES[theme].positive, PALETTES[theme].negative):
            assert (seen == int(colour[1:], 16)).sum() > 400, theme
