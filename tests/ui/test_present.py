"""Presentation mode while training: the loss, the iteration and the curve of the run below the diagram."""

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.edits import clear_targets
from nnviz.core.numbers import as_text
from nnviz.core.results import HIDDEN
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.parts import Rect
from nnviz.ui.kit.theme import application, apply_theme, colours, set_size_percent
from nnviz.ui.window.present import RunStrip
from tests.ui.hands import address_named, choose_entry, set_number

KEY, LEFT = Qt.Key, Qt.MouseButton.LeftButton


def settled(window):
    """Wait until every view has shown the document and Qt has laid out the window."""
    for _ in range(3):
        QApplication.processEvents()
        window.desk.frames.show_pending()


def present(window, size=(1280, 800)):
    """Present in a window of a size; the screen of the tests is smaller. Return the strip."""
    choose_entry(window, "Present")
    settled(window)
    window.main_window.resize(*size)
    settled(window)
    return window.present.strip


def said(strip):
    """Return what the strip says to a screen reader."""
    return strip.accessibleDescription()


def colours_of(widget):
    """Return the colours that a widget shows, with their numbers of pixels."""
    image, counts = widget.grab().toImage(), {}
    for x in range(0, image.width(), 2):
        for y in range(0, image.height(), 2):
            name = image.pixelColor(x, y).name()
            counts[name] = counts.get(name, 0) + 1
    return counts


def letter_height(strip):
    """Return the height of the letters MSE and the digits of the loss in the strip, in pixels."""
    image, ink = strip.grab().toImage(), colours().ink.lower()
    left = range(int(0.58 * image.width()))
    rows = [y for y in range(image.height()) if any(image.pixelColor(x, y).name() == ink for x in left)]
    return rows[-1] - rows[0] + 1


def test_the_strip_follows_updates_undo_and_a_live_run(open_window, qtbot):
    window = open_window("xor")
    strip = present(window)
    before = as_text(window.document.now.measured.loss)
    assert said(strip) == f"iteration 0, MSE {before}"
    QTest.keyClick(window.diagram, KEY.Key_F10)
    settled(window)
    after = as_text(window.document.state.loss())
    assert after != before
    assert said(strip) == f"iteration 1, MSE {after}"
    QTest.keyClick(window.diagram, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settled(window)
    assert said(strip) == f"iteration 0 of 1, MSE {before}"
    QTest.keyClick(window.diagram, KEY.Key_F5)
    qtbot.waitUntil(lambda: window.runner.running and "iteration 1" in said(strip))
    qtbot.waitUntil(lambda: not window.runner.running)
    settled(window)
    assert said(strip) == f"iteration 500, MSE {as_text(window.document.state.loss())}"
    accent = colours_of(strip)
    set_number(window, address_named(window, "output", "node_0"), "0.25")
    settled(window)
    assert said(strip).startswith("iteration 0, MSE ")
    assert colours_of(strip) != accent


SCREENS = [
    ((1280, 800), 100, "light"),
    ((1280, 800), 150, "dark"),
    ((1920, 1080), 150, "light"),
    ((2560, 1440), 100, "dark"),
]
"""The size of a window, the interface size in percent, and the theme."""


@pytest.mark.parametrize(("size", "percent", "theme"), SCREENS)
def test_the_strip_covers_nothing_and_is_read_from_the_back_row(open_window, size, percent, theme):
    window = open_window("xor")
    set_size_percent(application(), percent)
    apply_theme(application(), theme)
    strip = present(window, size)
    for name in ("xor", "iris", "relu"):
        window.document.start(load(example(name).path))
        window.document.show_slopes(True)
        for key in (KEY.Key_F10, KEY.Key_3):
            QTest.keyClick(window.diagram, key)
            settled(window)
        window.player.to_end()
        window.player.back()
        window.diagram.grab()
        place = strip.geometry()
        covered = Rect(place.x(), place.y(), place.width(), place.height())
        picture = window.diagram.picture
        assert not any(label.rect.meets(covered) for label in picture.labels), name
        assert not any(rect.meets(covered) for rect in picture.nodes.values()), name
        assert not window.diagram.callout.painted_rect.intersects(QRectF(place)), name
        assert window.diagram.rect().contains(place)
        if name == "xor":
            assert letter_height(strip) >= size[1] / 30


def test_the_strip_rests_and_its_room_returns_outside_presentation_mode(open_window, monkeypatch):
    shown, show = [], RunStrip.show_moment
    monkeypatch.setattr(RunStrip, "show_moment", lambda own, *moments: shown.append(1) or show(own, *moments))
    window = open_window("xor")
    strip, diagram = window.present.strip, window.diagram
    QTest.keyClick(diagram, KEY.Key_F10)
    settled(window)
    assert not shown
    assert not strip.isVisible()
    assert diagram.view.height == diagram.height()
    present(window)
    assert strip.isVisible()
    assert diagram.view.height + strip.height() < diagram.height()
    choose_entry(window, "Present")
    settled(window)
    count = len(shown)
    QTest.keyClick(diagram, KEY.Key_F10)
    settled(window)
    assert (strip.isVisible(), len(shown)) == (False, count)
    assert diagram.view.height == diagram.height()


def test_a_network_that_cannot_be_trained_has_no_strip(open_window):
    window = open_window("xor")
    window.document.edit("Remove the targets", clear_targets, [0, 1, 2, 3])
    strip = present(window)
    assert not strip.isVisible()
    assert window.diagram.view.height == window.diagram.height()
    window.undo()
    settled(window)
    assert strip.isVisible()


def test_hidden_results_stay_hidden_until_the_strip_is_clicked(open_window):
    window = open_window("xor")
    strip = present(window)
    QTest.keyClick(window.diagram, KEY.Key_F10)
    settled(window)
    curve = colours_of(strip)
    QTest.keyClick(window.diagram, KEY.Key_H)
    settled(window)
    assert said(strip) == f"iteration 1, MSE {HIDDEN}"
    assert colours_of(strip) != curve
    QTest.mouseClick(strip, LEFT)
    settled(window)
    assert said(strip) == f"iteration 1, MSE {as_text(window.document.state.loss())}"
    assert colours_of(strip) == curve
    QTest.keyClick(window.diagram, KEY.Key_F10)
    settled(window)
    assert said(strip) == f"iteration 2, MSE {HIDDEN}"


def test_the_strip_follows_theme_and_interface_size_while_presenting(open_window):
    window = open_window("xor")
    strip = present(window)
    QTest.keyClick(window.diagram, KEY.Key_F10)
    for theme, percent in (("dark", 150), ("light", 100)):
        apply_theme(application(), theme)
        set_size_percent(application(), percent)
        settled(window)
        seen = colours_of(strip)
        assert max(seen, key=seen.get) == colours().canvas.lower()
        assert {colours().surface.lower(), colours().accent.lower(), colours().ink.lower()} <= set(seen)


def test_the_curve_has_the_scale_that_is_chosen_in_the_panel_loss(open_window):
    window = open_window("twenty-updates")
    pictures = []
    for _ in range(2):
        for _ in range(5):
            window.runner.step()
        pictures.append(present(window).grab().toImage())
        choose_entry(window, "Present")
        for _ in range(5):
            window.runner.back()
        window.history.log_button.click()
    assert pictures[0].size() == pictures[1].size()
    assert pictures[0] != pictures[1]


def test_the_strip_names_the_keys_of_commands_without_a_button_if_there_is_room(open_window):
    def hints(size):
        """Return whether the left end of the strip shows a text."""
        strip = present(window, size)
        image = strip.grab().toImage()
        colours_there = {image.pixelColor(x, y).name() for x in range(60) for y in range(image.height())}
        choose_entry(window, "Present")
        return colours().muted.lower() in colours_there

    window = open_window("relu")
    assert hints((1280, 800))
    assert window.present.strip.hint == "F5 trains\nSpace plays the walk\nH hides results\nF11 leaves"
    assert not hints((640, 700))
