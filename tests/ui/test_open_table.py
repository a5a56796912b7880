"""A table of somebody's own, from the file or the clipboard to a network: what the dialog shows and does."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
)

from nnviz._resources import resources
from nnviz.core.limits import NUMBERS
from nnviz.core.numbers import shown
from nnviz.core.standardise import standardise
from nnviz.files.errors import FileError
from nnviz.files.registry import load
from nnviz.files.table import numbers
from nnviz.ui.tables.dialog import OpenTable
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import begin
from tests.ui.hands import choose, choose_entry, type_name
from tests.ui.sees import status

(EXAMPLE,) = (resources() / "examples").glob("*-iris.json")
PASSENGERS = "name;class;age;survived\n" + "".join(
    f"passenger {k};{('first', 'third')[k % 2]};{age};{('no', 'yes')[k % 3 == 0]}\n"
    for k, age in enumerate("" if k == 3 else f"{20 + k},5" for k in range(24))
)


@pytest.fixture
def window(open_window):
    return open_window("relu")


@pytest.fixture
def opened(answer):
    """Return a function that says what to do with the dialog; it is closed whatever comes of that."""

    def when(does):
        def do(dialog):
            try:
                does(dialog)
            finally:
                if dialog.isVisible():
                    dialog.reject()

        answer(OpenTable, do)

    return when


def shown_of(dialog):
    """What the list of columns says: name, what it holds, what it is used as."""
    model = dialog.view.model()
    return [[model.index(row, column).data() for column in (0, 1, 3)] for row in range(model.rowCount())]


def press(dialog, role=QDialogButtonBox.ButtonRole.AcceptRole):
    box = dialog.findChild(QDialogButtonBox)
    (button,) = [own for own in box.buttons() if box.buttonRole(own) == role]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def cancel(dialog):
    press(dialog, QDialogButtonBox.ButtonRole.RejectRole)


def use(dialog, name, wanted, qtbot):
    """Say by keys what a column is used as."""
    row = next(k for k, each in enumerate(shown_of(dialog)) if each[0] == name)
    dialog.view.setFocus()
    dialog.view.selectRow(row)

    def pick():
        menu = next((own for own in dialog.view.findChildren(QMenu) if own.isVisible()), None)
        assert menu is not None
        (action,) = [own for own in menu.actions() if own.text() == wanted]
        menu.setActiveAction(action)
        QTest.keyClick(menu, Qt.Key.Key_Return)

    QTimer.singleShot(0, dialog, pick)
    QTest.keyClick(dialog.view, Qt.Key.Key_Space)
    QApplication.processEvents()
    qtbot.waitUntil(lambda: wanted in shown_of(dialog)[row][2])


def written(folder, text, name="rows.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def test_a_csv_with_a_text_label_becomes_a_network_with_its_names(window, opened):
    seen = []

    def take(dialog):
        seen.append((shown_of(dialog), dialog.uses["network"].text(), dialog.uses["rows"].isEnabled()))
        press(dialog)

    opened(take)
    window.main_window.dropped.emit(resources() / "data" / "iris.csv")
    ((columns, makes, fits),) = seen
    assert columns[0] == ["sepal_length", "numbers, 35 different values", "input ▾"]
    assert columns[4] == ["species", "texts, 3 different values", "target, classes ▾"]
    assert makes.replace("&", "") == "Make a network for these columns: 4-8-3, softmax, cross-entropy"
    assert not fits
    network, data = window.document.state.network, window.document.state.data
    assert network.inputs == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert network.outputs == ("setosa", "versicolor", "virginica")
    assert data.inputs[0].tolist() == [6.1, 2.8, 4.0, 1.3]
    assert data.targets[0].tolist() == [0.0, 1.0, 0.0]
    assert status(window).startswith("iris.csv: 150 rows; inputs sepal_length, ")


def test_a_table_that_the_program_starts_with_is_shown_first_though_its_rows_fit(
    settings, opened, qtbot, tmp_path
):
    path = written(tmp_path, "input_0,input_1,output\n1,2,3\n4,5,9\n")
    seen = []

    def take(dialog):
        seen.extend(shown_of(dialog))
        dialog.uses["network"].click()
        press(dialog)

    opened(take)
    window = begin(MainWindow(settings), settings, path)
    qtbot.waitUntil(lambda: bool(seen))
    assert [each[0] for each in seen] == ["input_0", "input_1", "output"]
    assert window.document.state.data.targets.tolist() == [[3.0], [9.0]]
    assert window.document.path is None
    assert settings.last is None
    with pytest.raises(FileError, match=r"missing\.csv"):
        begin(MainWindow(settings), settings, tmp_path / "missing.csv")


def test_what_is_found_is_shown_and_roles_are_chosen(window, opened, tmp_path, qtbot):
    def take(dialog):
        assert [choice.currentText() for choice in (dialog.delimiter, dialog.decimal)] == [
            "semicolons",
            "comma, as in 0,5",
        ]
        assert shown_of(dialog)[0] == ["name", "texts, 24 different values", "left out ▾"]
        missing = "1 missing, the first in line 5, column 3"
        assert shown_of(dialog)[2][1] == f"numbers, 23 different values; {missing}"
        assert dialog.missing.isVisible()
        use(dialog, "class", "left out", qtbot)
        qtbot.waitUntil(lambda: "1-8-2" in dialog.uses["network"].text())
        dialog.missing.setFocus()
        QTest.keyClick(dialog.missing, Qt.Key.Key_Down)
        press(dialog)

    opened(take)
    window.files.tables.load(written(tmp_path, PASSENGERS))
    state = window.document.state
    assert (state.network.inputs, len(state.data)) == (("age",), 24)
    ages = [20.5 + k for k in range(24) if k != 3]
    assert state.data.inputs[3, 0] == pytest.approx(np.mean(ages))


def test_texts_become_an_input_for_each_value_and_a_raw_row_is_predicted(window, opened, tmp_path):
    opened(press)
    window.files.tables.load(written(tmp_path, PASSENGERS))
    state = window.document.state
    assert state.network.inputs == ("class=first", "class=third", "age")
    assert len(state.data) == 23
    expected = state.network.predict([[0.0, 1.0, 30.0]])
    assert state.predict([["third", 30.0]]).tolist() == expected.tolist()


def test_what_a_column_is_used_as_is_not_cut(window, opened, tmp_path, qtbot):
    def look(dialog):
        view = dialog.view
        assert view.horizontalScrollBar().maximum() == 0
        use(dialog, "y", "inputs, one for each value", qtbot)
        for row in range(view.model().rowCount()):
            cell = view.model().index(row, 3)
            assert view.sizeHintForIndex(cell).width() <= view.visualRect(cell).width()
        cancel(dialog)

    opened(look)
    long = "a rather long name of a column, "
    rows = "".join(f"\n{'' if k == 3 else k};{long}{k % 3};{'ab'[k % 2]}" for k in range(24))
    window.files.tables.load(written(tmp_path, f"{long};{long}2;y{rows}"))


def test_who_cancels_keeps_everything(window, opened, tmp_path):
    before = window.document.state
    opened(cancel)
    window.files.tables.load(written(tmp_path, PASSENGERS))
    assert window.document.state is before
    assert status(window) == "The rows are what they were"


def test_a_new_network_asks_about_unsaved_work(window, answer, opened, tmp_path):
    window.document.edit("a weight", lambda state: state.__class__(state.network, state.data, name="mine"))
    before = window.document.state
    opened(press)
    answer(QMessageBox, choose("Cancel"))
    window.files.tables.load(written(tmp_path, PASSENGERS))
    assert window.document.state is before


def test_the_ends_of_a_network_are_rebuilt_as_one_change(window, opened, tmp_path):
    before = window.document.state

    def rebuild(dialog):
        button = dialog.uses["ends"]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(8, button.height() // 2))
        press(dialog)

    opened(rebuild)
    window.files.tables.load(written(tmp_path, PASSENGERS))
    state = window.document.state
    assert state.network.sizes == (3, 2, 2)
    assert state.training.loss == "cross_entropy"
    assert status(window).startswith("Loss: cross-entropy, the usual one for softmax. rows.csv: ")
    assert [own.text() for own in window.status.findChildren(QPushButton) if own.isVisible()] == ["Use &MSE"]
    window.undo()
    assert window.document.state is before
    assert [own for own in window.status.findChildren(QPushButton) if own.isVisible()] == []


def test_standardising_is_offered_where_scales_differ_and_is_kept(window, opened, tmp_path):
    rows = "".join(f"{k % 7},{1000 * k * k},{k % 2}\n" for k in range(30))

    def take(dialog):
        assert "differ in scale by more than 100 times" in dialog.offer.text()
        assert not dialog.standardise.isChecked()
        dialog.standardise.click()
        press(dialog)

    opened(take)
    window.files.tables.load(written(tmp_path, f"small,large,y\n{rows}"))
    state = window.document.state
    assert state.data.inputs.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert state.data.inputs.std(axis=0) == pytest.approx([1, 1])
    raw = state.network.predict(state.data.inputs[4:5])
    assert state.predict([[4.0, 16_000.0]]) == pytest.approx(raw)
    assert "inputs standardised" in status(window)


@pytest.mark.parametrize(
    "names", ["sepal_length,Sepal_Width,petal_length,petal_width,species", "a,b,c,d,kind"]
)
def test_raw_rows_for_a_standardised_network_are_standardised_as_its_own(window, opened, tmp_path, names):
    window.document.start(standardise(load(EXAMPLE), range(4)))
    before = window.document.state
    raw = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9], [6.0, 3.0, 4.0, 1.0]]

    def take(dialog):
        assert dialog.offer.text().startswith("They are standardised as your network's rows were")
        press(dialog)

    opened(take)
    rows = ["5.1,3.5,1.4,0.2,setosa", "6.3,2.5,5,1.9,virginica", "6,3,4,1,versicolor", "6,3,,1,setosa"]
    window.files.tables.load(written(tmp_path, "\n".join([names, *rows])))
    state = window.document.state
    assert state.data.inputs.tolist() == before.columns.encoded(raw).tolist()
    assert state.predict(raw).tolist() == before.predict(raw).tolist()
    assert "inputs standardised as before" in status(window)


def test_classes_that_a_network_does_not_know_do_not_take_the_place_of_its_own(window, opened, tmp_path):
    window.document.start(load(EXAMPLE))
    told = []

    def look(dialog):
        told.append((dialog.what, dialog.uses["rows"].isEnabled(), dialog.uses["rows"].toolTip()))
        cancel(dialog)

    opened(look)
    names = ",".join((*window.document.state.network.inputs, "species"))
    rows = "".join(f"\n1,2,3,4,{kind}" for kind in ("oak", "ash", "elm"))
    window.files.tables.load(written(tmp_path, names + rows))
    assert told == [("network", False, told[0][2])]
    assert told[0][2].startswith("Line 2, column 5: 'oak' is not known; known are 'setosa'")


def test_rows_are_exported_raw_with_their_predictions(window, answer, tmp_path):
    window.document.start(standardise(load(EXAMPLE), range(4)))
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


def test_another_delimiter_or_encoding_is_tried_at_once(window, opened, tmp_path, qtbot):
    def look(dialog):
        assert (dialog.encoding.currentText(), len(shown_of(dialog))) == ("UTF-16 LE", 2)
        dialog.header.click()
        assert [each[0] for each in shown_of(dialog)] == ["column 1", "column 2"]
        dialog.header.click()
        dialog.delimiter.setFocus()
        dialog.delimiter.setCurrentIndex(dialog.delimiter.findText("tabs"))
        dialog.delimiter.activated.emit(dialog.delimiter.currentIndex())
        assert len(shown_of(dialog)) == 1
        assert not dialog.uses["network"].isEnabled()
        cancel(dialog)

    opened(look)
    text = "größe;art\n" + "".join(f"{k};{'ab'[k % 2]}\n" for k in range(12))
    window.files.tables.load(written(tmp_path, text, encoding="utf-16-le"))


def test_what_cannot_be_read_as_is_said_is_not_taken_as_it_was_read_before(window, opened, tmp_path):
    def look(dialog):
        (take,) = [own for own in dialog.findChildren(QPushButton) if own.text() == "&Take"]
        assert take.isEnabled()
        found = dialog.encoding.currentIndex()
        for index, can in ((dialog.encoding.findText("UTF-8"), False), (found, True)):
            dialog.encoding.setCurrentIndex(index)
            dialog.encoding.activated.emit(index)
            assert (take.isEnabled(), dialog.view.isEnabled(), dialog.wrong.isVisible()) == (
                can,
                can,
                not can,
            )
        cancel(dialog)

    opened(look)
    text = "größe;art\n" + "".join(f"{k};{'äb'[k % 2]}\n" for k in range(12))
    window.files.tables.load(written(tmp_path, text, encoding="cp1252"))


def test_a_stray_text_among_numbers_is_named_with_its_place(window, opened, tmp_path):
    told = []

    def look(dialog):
        told.append(dialog.wrong.text())
        cancel(dialog)

    opened(look)
    window.files.tables.load(written(tmp_path, "a,b,c\n1,2,3\n4,x,6\n7,8,9\n1,1,1\n"))
    assert told == ["Line 3, column 2: 'x' is not a number."]


def test_dates_are_left_out_and_the_only_texts_are_the_target(window, opened, tmp_path):
    seen = []

    def look(dialog):
        seen.extend(shown_of(dialog))
        press(dialog)

    opened(look)
    window.files.tables.load(written(tmp_path, "day,kind,a\n3/14,p,1\n3/15,q,2\n4/1,p,4\n", "a.csv"))
    assert [each[2] for each in seen] == ["left out ▾", "target, classes ▾", "input ▾"]


def test_the_decimal_sign_is_asked_for_where_points_may_part_thousands(window, opened, tmp_path):
    def take(dialog):
        (button,) = [own for own in dialog.findChildren(QPushButton) if own.text() == "&Take"]
        assert (dialog.decimal.currentText(), button.isEnabled()) == ("", False)
        assert dialog.wrong.text().endswith(
            "1.234 can be read in two ways, as 1.234 and, with a thousands separator, as 1234: choose the "
            "decimal sign."
        )
        dialog.header.click()
        dialog.header.click()
        assert (dialog.decimal.currentText(), button.isEnabled()) == ("", False)
        dialog.decimal.setFocus()
        for sign in ("point, as in 0.5", "comma, as in 0,5"):
            QTest.keyClick(dialog.decimal, Qt.Key.Key_Down)
            assert (dialog.decimal.currentText(), button.isEnabled()) == (sign, True)
        press(dialog)

    opened(take)
    window.files.tables.load(written(tmp_path, "preis;y\n1.234;2\n12.500;3\n950;4\n"))
    assert window.document.state.data.inputs[:, 0].tolist() == [1234, 12500, 950]


def test_a_table_is_pasted(window, opened):
    def take(dialog):
        assert not dialog.encoding.isVisible()
        press(dialog)

    opened(take)
    QGuiApplication.clipboard().setText("width\tkind\n" + "".join(f"{k}\t{'ab'[k % 2]}\n" for k in range(9)))
    window.data.table.setFocus()
    QTest.keyClick(window.data.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.document.state.network.inputs == ("width",)
    assert window.document.state.network.outputs == ("a", "b")
    assert status(window).startswith("What was pasted: 9 rows")


def test_inputs_are_standardised_and_back_by_undo(open_window, tmp_path):
    window = open_window("wages")
    before = window.document.state
    choose_entry(window, "Standardise inputs")
    state = window.document.state
    assert state.data.inputs[: state.trained_rows].mean(axis=0) == pytest.approx(0, abs=1e-9)
    age = state.network.inputs.index("age")
    column = state.columns[age]
    header = window.data.table.model().headerData(age, Qt.Orientation.Horizontal)
    assert header == f"age\n(x − {shown(column.mean)}) / {shown(column.deviation)}"
    assert status(window).startswith("Standardised by mean and population deviation of ")
    window.document.undo()
    assert window.document.state is before
    assert window.data.table.model().headerData(age, Qt.Orientation.Horizontal) == "age"


def test_training_offers_to_standardise_rows_that_are_there_and_undo_offers_it_again(open_window, qtbot):
    window = open_window("wages")
    before, button = window.document.state, window.training.scales.button
    assert "night_work has the deviation 0.3936, firm_size has 1123" in button.accessibleDescription()
    assert button.toolTip()[1:] == button.accessibleDescription()[1:]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isVisible()
    assert status(window).startswith("Standardised by mean and population deviation of 480 rows")
    window.document.undo()
    assert window.document.state is before
    assert button.isVisible()


def test_pixels_are_no_reason_to_standardise(open_window):
    assert not open_window("digits").training.scales.button.isVisible()


def test_rows_that_are_pasted_are_offered_to_be_standardised(window):
    button, table = window.training.scales.button, window.data.table
    assert not button.isVisible()
    QGuiApplication.clipboard().setText("0.1\t2000\t1\n0.2\t8000\t2\n0.3\t100\t3")
    table.setCurrentIndex(table.model().index(0, 0))
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.document.state.data.inputs[1].tolist() == [0.2, 8000]
    assert button.isVisible()


def test_of_more_rows_than_nnviz_opens_the_first_are_offered_and_never_taken_at_once(
    window, opened, tmp_path, monkeypatch
):
    monkeypatch.setattr(numbers, "NUMBERS", replace(NUMBERS, most=90))
    told = []

    def take(dialog):
        told.extend(label.text() for label in dialog.findChildren(QLabel))
        press(dialog)

    opened(take)
    own = ",".join((*window.document.state.network.inputs, "target"))
    window.files.tables.load(written(tmp_path, f"{own}\n" + "1,2,3\n" * 100))
    assert told[0] == "rows.csv: 100 rows, 3 columns"
    assert any("The first 30 of 100 rows are taken, as many as nnviz opens." in text for text in told)
    assert len(window.document.state.data) == 30
    assert "the first 30 of 100 rows are taken, as many as nnviz opens" in status(window)
