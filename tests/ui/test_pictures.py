"""Pictures of the diagram and of plots: written as PNG, SVG or PDF, and copied."""

from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QMessageBox

from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.picture.palette import PALETTES
from nnviz.ui.pictures.dialog import LookDialog
from tests.ui import pdf
from tests.ui.hands import choose, choose_entry, press_button, type_name
from tests.ui.sees import status

LEGEND = ["weight > 0", "weight < 0", "slope of the MSE"]


@pytest.fixture
def window(open_window):
    return open_window("relu")


def fields(dialog):
    return {own.accessibleName(): own for own in dialog.findChildren(QLineEdit)}


def look(width, height, theme="Light", transparent=False, button="Save as…"):
    """Return what to do with the dialog: fill it in and press a button."""

    def fill(dialog):
        for name, number in (("Width", width), ("Height", height)):
            fields(dialog)[name].setText(str(number))
        dialog.findChild(QComboBox).setCurrentText(theme)
        dialog.findChild(QCheckBox).setChecked(transparent)
        press_button(button)(dialog)

    return fill


def ask(window):
    choose_entry(window, "Export diagram…")


def written(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_whole_diagram_is_exported_with_the_numbers_that_are_seen(window, answer, tmp_path, suffix):
    choose_entry(window, "Show slopes")
    window.diagram.zoom(4)
    out = tmp_path / f"diagram.{suffix}"
    answer(LookDialog, press_button("Save as…"))
    answer(QFileDialog, type_name(out))
    ask(window)
    assert status(window) == f"Exported the diagram as diagram.{suffix}"
    names = {*window.document.state.network.inputs, "node_0", "node_1", "output", *LEGEND}
    if suffix == "png":
        assert QImage(str(out)).size() == 2 * window.diagram.size()
    elif suffix == "svg":
        found = written(out.read_text(encoding="utf-8"))
        assert names <= set(found)
        assert any("slopes of row 1" in text for text in found)
    else:
        found = pdf.texts(out.read_bytes())
        assert names <= set(found)
        assert "HIDDEN LAYER" in found
        assert "row 1 of 1" in found
        assert "−5" in found


def test_a_picture_has_the_size_theme_and_ground_that_are_chosen_and_the_next_one_too(
    window, answer, tmp_path
):
    answer(LookDialog, look(640, 360, "Dark"))
    answer(QFileDialog, type_name(tmp_path / "a.png"))
    ask(window)
    image = QImage(str(tmp_path / "a.png"))
    assert (image.width(), image.height()) == (1280, 720)
    assert image.pixelColor(3, 700).name().upper() == PALETTES["dark"].canvas
    kept = []

    def again(dialog):
        kept.append([fields(dialog)[name].text() for name in ("Width", "Height")])
        dialog.findChild(QCheckBox).setChecked(True)
        press_button("Save as…")(dialog)

    answer(LookDialog, again)
    answer(QFileDialog, type_name(tmp_path / "b.png"))
    ask(window)
    assert kept == [["640", "360"]]
    clear = QImage(str(tmp_path / "b.png"))
    assert clear.size() == image.size()
    assert clear.pixelColor(3, 700).alpha() == 0


def test_a_size_that_is_too_large_is_refused_where_it_was_typed(window, answer):
    told = []

    def type_it(dialog):
        fields(dialog)["Width"].setText("20000")
        press_button("Save as…")(dialog)
        assert dialog.isVisible()
        told.append(fields(dialog)["Width"].property("refused"))
        press_button("Cancel")(dialog)

    answer(LookDialog, type_it)
    ask(window)
    assert told == [True]


def test_an_export_that_fails_says_why(window, answer, tmp_path, monkeypatch):
    def refuse(path, data):
        raise FileError(f"{path} was not saved: the disk is full")

    monkeypatch.setattr(atomic, "write", refuse)
    told = []
    answer(LookDialog, press_button("Save as…"))
    answer(QFileDialog, type_name(tmp_path / "diagram.svg"))
    answer(QMessageBox, choose("OK", told))
    ask(window)
    assert told == [f"{tmp_path / 'diagram.svg'} was not saved: the disk is full"]
    assert status(window) == told[0]


def test_the_diagram_is_copied_as_pixels_and_as_svg(window):
    window.diagram.setFocus()
    QTest.keySequence(window.diagram, "Ctrl+C")
    data, size = QGuiApplication.clipboard().mimeData(), window.diagram.size()
    assert data.hasImage()
    assert QGuiApplication.clipboard().image().size() == 2 * size
    assert {"node_0", "output", *LEGEND[:2]} <= set(written(bytes(data.data("image/svg+xml")).decode()))
    assert status(window) == f"Copied the diagram as a picture, {size.width()} × {size.height()}"


def test_a_picture_is_copied_in_the_size_that_is_chosen(window, answer):
    answer(LookDialog, look(400, 300, transparent=True, button="Copy"))
    ask(window)
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (800, 600)
    assert image.pixelColor(3, 590).alpha() == 0
