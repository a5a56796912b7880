"""A table of somebody's own, from the file or the clipboard to a network; the tables that ship; export."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
)

from nnviz._resources import resources
from nnviz.core import edits
from nnviz.core.limits import NUMBERS
from nnviz.core.numbers import shown
from nnviz.core.standardise import standardise, worth_standardising
from nnviz.core.training import train
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.files.table import numbers
from nnviz.files.table.ready_sets import READY_SETS
from nnviz.ui.tables.dialog import OpenTable
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import begin
from tests.ready_sets import FOLDER
from tests.ui.hands import choose, choose_entry, press_button, type_name
from tests.ui.sees import status, untrue

IRIS = next((resources() / "examples").glob("*-iris.json"))
PASSENGERS = "name;class;age;survived\n" + "".join(
    f"passenger {k};{('first', 'third')[k % 2]};{age};{('no', 'yes')[k % 3 == 0]}\n"
    for k, age in enumerate("" if k == 3 else f"{20 + k},5" for k in range(24))
)
take, cancel = press_button("Take"), press_button("Cancel")


@pytest.fixture
def asked(answer):
    """Return a function that says what is done with the dialog; it is closed whatever comes of that."""

    def when(does):
        def do(dialog):
            try:
                does(dialog)
            finally:
                if dialog.isVisible():
                    dialog.reject()

        answer(OpenTable, do)

    return when


@pytest.fixture
def opened(open_window, asked, tmp_path):
    """Return a function that opens a table over a State, and what is done with the dialog: the window."""
    windows = []

    def open_it(text, *deeds, over=None, encoding="utf-8", name="rows.csv"):
        window = windows[0] if windows else open_window("relu")
        windows.append(window)
        window.document.start(over or load(example("relu").path))
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        asked(lambda dialog: [deed(dialog) for deed in deeds])
        window.files.tables.load(path)
        return window

    return open_it


def columns(dialog):
    """What the list of columns says: name, what it holds, what it is used as."""
    model = dialog.view.model()
    return [[model.index(row, column).data() for column in (0, 1, 3)] for row in range(model.rowCount())]


def told(dialog):
    """All that the dialog says of a table."""
    labels = [own.text() for own in dialog.findChildren(QLabel) if own.isVisible() and own.text()]
    uses = [
        f"({'•' if own.isChecked() else ' '}) {own.text()}" for own in dialog.uses.values() if own.isEnabled()
    ]
    return "\n".join([*labels, *("; ".join(each) for each in columns(dialog)), *uses])


def can_be_taken(dialog):
    return next(own for own in dialog.findChildren(QPushButton) if own.text() == "&Take").isEnabled()


def pick(choice, text):
    """Choose an entry of a list."""
    choice.setCurrentIndex(choice.findText(text))
    choice.activated.emit(choice.currentIndex())


def use(dialog, name, wanted, qtbot):
    """Say by keys what a column is used as."""
    row = next(k for k, each in enumerate(columns(dialog)) if each[0] == name)
    dialog.view.setFocus()
    dialog.view.selectRow(row)

    def choose_use():
        (menu,) = [own for own in dialog.view.findChildren(QMenu) if own.isVisible()]
        (action,) = [own for own in menu.actions() if own.text() == wanted]
        menu.setActiveAction(action)
        QTest.keyClick(menu, Qt.Key.Key_Return)

    QTimer.singleShot(0, dialog, choose_use)
    QTest.keyClick(dialog.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: wanted in columns(dialog)[row][2])


def ways_back(window):
    return [own.text() for own in window.status.findChildren(QPushButton) if own.isVisible()]


def test_a_csv_with_a_text_label_becomes_a_network_and_rows_are_exported(
    open_window, asked, answer, tmp_path, approved
):
    window, seen = open_window("relu"), []

    def take_it(dialog):
        seen.append(told(dialog))
        take(dialog)

    asked(take_it)
    window.main_window.dropped.emit(resources() / "data" / "iris.csv")
    approved("iris.csv is opened", "\n".join([*seen, status(window)]))
    network, data = window.document.state.network, window.document.state.data
    assert network.sizes == (4, 8, 3)
    assert network.inputs == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert network.outputs == ("setosa", "versicolor", "virginica")
    assert data.inputs[0].tolist() == [6.1, 2.8, 4.0, 1.3]
    assert data.targets[0].tolist() == [0.0, 1.0, 0.0]

    def without_encoding(dialog):
        assert not dialog.encoding.isVisible()
        take(dialog)

    asked(without_encoding)
    window.document.start(load(example("relu").path))
    QGuiApplication.clipboard().setText("width\tkind\n" + "".join(f"{k}\t{'ab'[k % 2]}\n" for k in range(9)))
    window.data.table.setFocus()
    QTest.keyClick(window.data.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    network = window.document.state.network
    assert (network.inputs, network.outputs) == (("width",), ("a", "b"))
    approved("a table is pasted", status(window))

    window.document.start(load(example("relu").path))
    button, table = window.training.scales.button, window.data.table
    assert not button.isVisible()
    QGuiApplication.clipboard().setText("0.1\t2000\t1\n0.2\t8000\t2\n0.3\t100\t3")
    table.setCurrentIndex(table.model().index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.document.state.data.inputs[1].tolist() == [0.2, 8000]
    assert button.isVisible(), "what is pasted is offered to be standardised"

    window.document.start(standardise(load(IRIS), range(4)))
    path = tmp_path / "flowers.csv"
    answer(QFileDialog, type_name(path))
    choose_entry(window, "Export rows…")
    assert status(window) == "Exported flowers.csv: 150 rows with the predictions"
    state = window.document.state
    header, first, *_ = csv.reader(path.read_text().splitlines())
    assert header[:6] == [*state.network.inputs, "species", f"prediction {state.network.outputs[0]}"]
    raw = [float(cell) for cell in first[:4]]
    assert state.data.inputs[0] == pytest.approx(state.columns.encoded([raw])[0], abs=1e-15)
    prediction = state.predict([raw])[0]
    assert [float(cell) for cell in first[5:8]] == pytest.approx(prediction.tolist(), rel=1e-12)
    assert first[8] == state.network.outputs[prediction.argmax()]


def test_a_table_that_the_program_starts_with_is_shown_first_though_its_rows_fit(
    settings, asked, qtbot, tmp_path
):
    path, seen = tmp_path / "rows.csv", []
    path.write_text("input_0,input_1,output\n1,2,3\n4,5,9\n")

    def take_it(dialog):
        seen.extend(each[0] for each in columns(dialog))
        dialog.uses["network"].click()
        take(dialog)

    asked(take_it)
    window = begin(MainWindow(settings), settings, path)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == ["input_0", "input_1", "output"]
    assert window.document.state.data.targets.tolist() == [[3.0], [9.0]]
    assert (window.document.path, settings.last) == (None, None)
    with pytest.raises(FileError, match=r"missing\.csv"):
        begin(MainWindow(settings), settings, tmp_path / "missing.csv")


@pytest.mark.fonts
def test_what_a_column_is_used_as_is_chosen(opened, approved, qtbot):
    seen = []

    def choose_uses(dialog):
        seen.append(told(dialog))
        seen.extend([dialog.delimiter.currentText(), dialog.decimal.currentText()])
        assert dialog.missing.isVisible()
        use(dialog, "class", "left out", qtbot)
        qtbot.waitUntil(lambda: "1-8-2" in dialog.uses["network"].text())
        dialog.missing.setFocus()
        QTest.keyClick(dialog.missing, Qt.Key.Key_Down)

    window = opened(PASSENGERS, choose_uses, take)
    approved("a table of passengers", "\n".join(seen))
    state = window.document.state
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


def test_who_cancels_keeps_everything_and_the_first_of_too_many_rows_are_offered(
    opened, answer, asked, tmp_path, monkeypatch, approved
):
    window = opened(PASSENGERS, cancel)
    assert window.document.state == load(example("relu").path)
    approved("a table is not taken", status(window))
    window.document.edit("a name", lambda state: replace(state, name="mine"))
    before = window.document.state
    asked(take)
    answer(QMessageBox, choose("Cancel"))
    window.files.tables.load(tmp_path / "rows.csv")
    assert window.document.state is before

    monkeypatch.setattr(numbers, "NUMBERS", replace(NUMBERS, most=90))
    names, seen = ",".join((*load(example("relu").path).network.inputs, "target")), []
    window = opened(f"{names}\n" + "1,2,3\n" * 100, lambda dialog: seen.append(told(dialog)), take)
    assert len(window.document.state.data) == 30
    approved("more rows than nnviz opens", "\n".join([*seen, status(window)]))


def test_columns_are_standardised_and_the_ends_of_a_network_are_rebuilt_as_one_change(opened, approved):
    offers = []

    def standardise_it(dialog):
        offers.append(dialog.offer.text())
        assert not dialog.standardise.isChecked()
        dialog.standardise.click()

    rows = "".join(f"{k % 7},{1000 * k * k},{k % 2}\n" for k in range(30))
    window = opened(f"small,large,y\n{rows}", standardise_it, take)
    offers.append(status(window))
    state = window.document.state
    assert state.data.inputs.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert state.data.inputs.std(axis=0) == pytest.approx([1, 1])
    assert state.predict([[4.0, 16_000.0]]) == pytest.approx(state.network.predict(state.data.inputs[4:5]))

    own = standardise(load(IRIS), range(4))
    raw = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9], [6.0, 3.0, 4.0, 1.0]]
    rows = ["5.1,3.5,1.4,0.2,setosa", "6.3,2.5,5,1.9,virginica", "6,3,4,1,versicolor", "6,3,,1,setosa"]
    for names in ("sepal_length,Sepal_Width,petal_length,petal_width,species", "a,b,c,d,kind"):
        window = opened(
            "\n".join([names, *rows]), lambda dialog: offers.append(dialog.offer.text()), take, over=own
        )
        state = window.document.state
        assert state.data.inputs.tolist() == own.columns.encoded(raw).tolist()
        assert state.predict(raw).tolist() == own.predict(raw).tolist()
        offers.append(status(window))
    approved("standardising is offered and said", "\n".join(offers))

    tips = []
    names = ",".join((*own.network.inputs, "species"))
    strange = names + "".join(f"\n1,2,3,4,{kind}" for kind in ("oak", "ash", "elm"))

    def look(dialog):
        tips.append((dialog.what, dialog.uses["rows"].isEnabled(), dialog.uses["rows"].toolTip()))

    opened(strange, look, cancel, over=load(IRIS))
    ((what, fits, tip),) = tips
    assert (what, fits) == ("network", False)
    approved("classes that a network does not know", tip)

    def rebuild(dialog):
        button = dialog.uses["ends"]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))

    window = opened(PASSENGERS, rebuild, take)
    state = window.document.state
    assert (state.network.sizes, state.training.loss) == ((3, 2, 2), "cross_entropy")
    approved("the ends are rebuilt", status(window))
    assert ways_back(window) == ["Use &MSE"]
    window.undo()
    assert window.document.state == load(example("relu").path)
    assert ways_back(window) == []


def test_the_layout_is_said_anew_and_only_what_can_be_read_is_taken(opened, approved):
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
    opened(text, change_layout, cancel, encoding="utf-16-le")

    def change_encoding(dialog):
        assert can_be_taken(dialog)
        found = dialog.encoding.currentText()
        for encoding, can in (("UTF-8", False), (found, True)):
            pick(dialog.encoding, encoding)
            shows = (can_be_taken(dialog), dialog.view.isEnabled(), dialog.wrong.isVisible())
            assert shows == (can, can, not can)

    opened(text.replace("a", "ä"), change_encoding, cancel, encoding="cp1252")
    opened("a,b,c\n1,2,3\n4,x,6\n7,8,9\n1,1,1\n", lambda dialog: wrong.append(dialog.wrong.text()), cancel)

    def choose_sign(dialog):
        wrong.append(dialog.wrong.text())
        for _ in range(2):
            assert (dialog.decimal.currentText(), can_be_taken(dialog)) == ("", False)
            dialog.header.click()
        dialog.decimal.setFocus()
        for sign in ("point, as in 0.5", "comma, as in 0,5"):
            QTest.keyClick(dialog.decimal, Qt.Key.Key_Down)
            assert (dialog.decimal.currentText(), can_be_taken(dialog)) == (sign, True)

    window = opened("preis;y\n1.234;2\n12.500;3\n950;4\n", choose_sign, take)
    assert window.document.state.data.inputs[:, 0].tolist() == [1234, 12500, 950]
    approved("a stray text, and points that may part thousands", "\n".join(wrong))
    uses = []
    dates = "day,kind,a\n3/14,p,1\n3/15,q,2\n4/1,p,4\n"
    opened(dates, lambda dialog: uses.extend(each[2] for each in columns(dialog)), take)
    assert uses == ["left out ▾", "target, classes ▾", "input ▾"]


def test_rows_are_opened_by_the_menu_and_training_offers_to_standardise_them(
    open_window, answer, qtbot, approved
):
    window = open_window("wages")
    before, button, said = window.document.state, window.training.scales.button, []

    def press_it():
        said.append(button.accessibleDescription())
        assert button.toolTip()[1:] == button.accessibleDescription()[1:]
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    for do in (press_it, lambda: choose_entry(window, "Standardise inputs")):
        do()
        said.append(status(window))
        assert not button.isVisible()
        state = window.document.state
        assert state.data.inputs[: state.trained_rows].mean(axis=0) == pytest.approx(0, abs=1e-9)
        age = state.network.inputs.index("age")
        column, model = state.columns[age], window.data.table.model()
        header = f"age\n(x − {shown(column.mean)}) / {shown(column.deviation)}"
        assert model.headerData(age, Qt.Orientation.Horizontal) == header
        window.document.undo()
        assert window.document.state is before
        assert model.headerData(age, Qt.Orientation.Horizontal) == "age"
        assert button.isVisible()
    approved("the rows of wages are standardised by the button and the menu", "\n".join(said))
    window.document.start(load(example("digits").path))
    QApplication.processEvents()
    assert not button.isVisible(), "pixels are no reason"

    window.document.start(load(example("relu").path))
    window.document.edit("a weight", edits.set_weight, 0, 0, 0, 9.0)
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
    assert "standardised by mean and population deviation of 480 rows: " in notes
    assert window.document.state.columns


LOSSES = {"iris": 0.1, "wine": 0.05, "digits": 0.05, "passengers": 0.5, "wages": 10.0}


def test_every_table_that_ships_is_in_the_menu_and_its_source_in_the_readme():
    assert {each.path.name for each in READY_SETS} == {path.name for path in FOLDER.glob("*.csv")}
    readme = (FOLDER / "README.md").read_text("utf-8")
    for each in READY_SETS:
        (row,) = re.findall(rf"^\| `{each.name}\.csv`.*$", readme, re.MULTILINE)
        known = "made up" if each.source.startswith("Made up") else each.source[-10:-1]
        assert known in row, each.name
        assert each.line.split()[0] in row


def test_a_table_that_ships_opens_with_a_network_that_learns_it():
    for ready in READY_SETS:
        state = ready.state()
        assert not ready.standardises or not worth_standardising(state), ready.name
        result = train(state)
        assert not result.diverged
        assert result.state.loss() < LOSSES[ready.name], ready.name
        assert (state.name, state.training.validation) == (ready.title, 0.2)
        assert ready.source in state.notes
