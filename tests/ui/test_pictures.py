"""Pictures of the diagram and of plots: written as PNG, SVG or PDF, and copied."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QMessageBox, QWidget

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.picture.palette import PALETTES
from nnviz.ui.pictures.dialog import LookDialog
from nnviz.ui.pictures.plots import MARGIN_PX
from nnviz.ui.plots.plot_card import PlotCard
from tests.ui import pdf
from tests.ui.hands import address_named, choose, choose_entry, press_button, type_name
from tests.ui.sees import at_work, status

SVG = "{http://www.w3.org/2000/svg}"
LEGEND = ["weight > 0", "weight < 0", "slope of the loss"]


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
    choose_entry(window, "Export picture…")


def test_enter_in_a_field_presses_the_button_that_is_marked(window, answer, tmp_path):
    def enter(dialog):
        fields(dialog)["Width"].setText("500")
        QTest.keyClick(fields(dialog)["Width"], Qt.Key.Key_Return)

    answer(LookDialog, enter)
    answer(QFileDialog, type_name(tmp_path / "diagram.png"))
    ask(window)
    assert QImage(str(tmp_path / "diagram.png")).width() == 1000


@pytest.mark.parametrize(("typed", "escapes"), [("", 1), ("9", 2)])
def test_escape_in_a_field_takes_back_what_was_typed_or_closes_the_dialog(window, answer, typed, escapes):
    needed = []

    def escape(dialog):
        field = fields(dialog)["Width"]
        field.setFocus()
        QTest.keyClicks(field, typed)
        while dialog.isVisible():
            QTest.keyClick(field, Qt.Key.Key_Escape)
            needed.append(field.touched)
            if len(needed) == 5:
                dialog.reject()

    answer(LookDialog, escape)
    ask(window)
    assert needed == [False] * escapes


def written(svg):
    elements = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return [element.text.strip() for element in elements]


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


PLOTS = {
    "MSE": ("the MSE", "iterations"),
    "1 weight": ("the loss over one weight", "w (accounts → node_0)"),
    "2 weights": ("the loss over two weights", "w (accounts → node_0)"),
    "Activation": ("the activation of a node", "z of node_0"),
    "Function": ("the function", "accounts"),
    "Matrix": ("the weights", None),
}


@pytest.fixture
def plot(qtbot, open_window):
    """Return a function that opens a panel with a plot in it, by its name: the window and the card."""

    def show(name):
        window = open_window("many-rows", (1280, 800))
        window.selection.select(address_named(window, "node_0", "accounts"), Address("weight", 1, 0, 0))
        for _ in range(3):
            window.runner.step()
        window.board.show_panel(name, True)
        card = window.board.docks[name].card
        qtbot.waitUntil(lambda: card in plots(window) and card.plot is not None)
        qtbot.waitUntil(lambda: not at_work())
        return window, card

    return show


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_is_exported_and_the_one_on_the_screen_stays_as_it_is(qtbot, plot, answer, tmp_path, name):
    window, card = plot(name)
    what, axis = PLOTS[name]
    seen = []
    for suffix, theme in (("png", "Dark"), ("svg", "Light")):
        answer(LookDialog, look(700, 420, theme, transparent=suffix == "svg"))
        answer(QFileDialog, type_name(tmp_path / f"plot.{suffix}"))
        card.export_picture.trigger()
        assert status(window) == f"Exported {what} as plot.{suffix}"
        qtbot.waitUntil(lambda: not at_work())  # a map is found anew for other pixels
        seen.append(card.plot.grab().toImage())
    assert seen[0] == seen[1]
    image = QImage(str(tmp_path / "plot.png"))
    assert (image.width(), image.height()) == (1400, 840)
    assert image.pixelColor(2, 2).name().upper() == PALETTES["dark"].surface
    assert len({image.pixelColor(x, y).name() for x in range(0, 1400, 2) for y in range(0, 840, 2)}) > 5
    svg = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert axis is None or axis in written(svg)
    assert 'viewBox="0 0 700 420"' in svg
    assert PALETTES["light"].surface.lower() not in svg[:900].lower()


def test_a_plot_is_copied_from_its_menu(plot):
    window, card = plot("MSE")
    card.copy_picture.trigger()
    assert QGuiApplication.clipboard().image().width() == 1800
    assert "iterations" in written(
        bytes(QGuiApplication.clipboard().mimeData().data("image/svg+xml")).decode()
    )
    assert status(window) == "Copied the MSE as a picture, 900 × 560"


def test_a_font_of_an_svg_has_another_where_it_is_not_installed_and_names_stay_as_they_are(plot):
    window, card = plot("Matrix")
    name = ' font-family="x" vector-effect="none"'
    window.document.push(replace(window.document.state, name=name), "a title")
    window.document.push(edits.rename(window.document.state, 0, 0, name[:16]), "a name")
    card.copy_picture.trigger()
    svg = ElementTree.fromstring(bytes(QGuiApplication.clipboard().mimeData().data("image/svg+xml")))
    fonts = {element.get("font-family") for element in svg.iter()} - {None}
    assert fonts
    assert [font for font in fonts if not font.endswith(", sans-serif")] == []
    assert svg.find(f"{SVG}title").text == name
    assert any(name[:16] in text for text in svg.itertext())


def stroked(svg):
    """Return (width, points) of every line in an SVG, in the picture's pixels: points of shape (n, 2)."""
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("stroke", "none") == "none" or not group.get("transform"):
            continue
        a, b, c, d, e, f = map(float, re.findall(r"[-+.\de]+", group.get("transform").removeprefix("matrix")))
        for shape in group:
            text = shape.get("d") or shape.get("points")
            if text and shape.get("stroke") != "none":
                numbers = np.array(re.findall(r"-?\d[-+.\de]*", text), dtype=float).reshape(-1, 2)
                width = float(group.get("stroke-width")) * max(np.hypot(a, b), np.hypot(c, d))
                yield width, numbers @ np.array([[a, b], [c, d]]) + (e, f)


@pytest.mark.parametrize("name", ["MSE", "1 weight", "2 weights", "Activation"])
def test_an_svg_of_a_plot_is_drawn_alike_by_every_program(plot, name):
    _, card = plot(name)
    card.copy_picture.trigger()
    svg = bytes(QGuiApplication.clipboard().mimeData().data("image/svg+xml")).decode()
    assert "vector-effect" not in svg, "few programs know lines that keep their width"
    assert svg.count("<image") == (2 if name == "2 weights" else 0), "only the map and its scale are pixels"
    lines = list(stroked(svg))
    assert len(lines) > 5
    assert max(width for width, _ in lines) <= 5.01
    assert any(len(points) > 3 for _, points in lines), "the curve itself"


def test_an_svg_of_a_zoomed_plot_ends_where_the_plot_does(plot):
    _, card = plot("MSE")
    card.plot.show_view([[0.5, 1.5], [40.0, 60.0]])
    card.copy_picture.trigger()
    svg = bytes(QGuiApplication.clipboard().mimeData().data("image/svg+xml")).decode()
    grid = np.vstack([points for _, points in stroked(svg) if len(points) == 2 and np.ptp(points[:, 1]) == 0])
    (left, _), (right, low) = grid.min(axis=0), grid.max(axis=0)
    every = np.vstack([points for _, points in stroked(svg)])
    assert np.all((left - 1 <= every[:, 0]) & (every[:, 0] <= right + 1))
    assert np.all((every[:, 1] >= MARGIN_PX) & (every[:, 1] <= low + 1))


def plots(window):
    """Return the plots in sight."""
    return [card for card in window.main_window.findChildren(PlotCard) if card.isVisible()]


def test_there_is_no_picture_of_a_plot_that_is_not_there(qtbot, open_window):
    window = open_window("relu")
    window.board.show_panel("1 weight", True)
    qtbot.waitUntil(lambda: len(plots(window)) == 1)
    (card,) = plots(window)
    card.look()
    assert not card.export_picture.isEnabled()


def test_the_title_of_an_axis_keeps_off_wide_numbers(plot, answer, tmp_path):
    window, card = plot("MSE")
    state = window.document.state
    targets = replace(state.data, targets=state.data.targets * 1e4)
    window.document.push(replace(state, data=targets), "Targets")
    window.runner.step()
    answer(LookDialog, look(700, 420))
    answer(QFileDialog, type_name(tmp_path / "plot.png"))
    card.export_picture.trigger()
    image = QImage(str(tmp_path / "plot.png"))
    ground = image.pixelColor(2, 2)
    ink = [any(image.pixelColor(x, y) != ground for y in range(60, 700)) for x in range(200)]
    left = "".join(" #"[there] for there in ink).split()
    assert len(left[0]) < 30, "the title, turned, is as wide as a line is high"
    assert len(left) > 4, "the numbers stand apart from it"


def test_the_status_line_has_the_legend_of_the_pictures(window):
    (legend,) = [own for own in window.status.findChildren(QWidget) if "Legend" in own.accessibleName()]
    assert legend.accessibleName() == f"Legend: {', '.join(LEGEND)}"
    image = legend.grab().toImage()
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    light = PALETTES["light"]
    assert {light.positive.lower(), light.negative.lower()} <= seen
