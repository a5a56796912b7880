"""The first steps on the real window: what is done is noticed, and they come once by themselves."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.guide.card import Pointer, Ring, StepCard
from nnviz.ui.guide.placing import place
from nnviz.ui.widgets.theme import apply_theme
from nnviz.ui.window.app import Opened, screenshot
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import fill
from nnviz.ui.window.settings import Settings
from tests.ui.hands import address_named, choose_entry, click, press, set_number
from tests.ui.sees import offered
from tests.ui.sees import place as place_of

TITLES = (
    "Change a weight",
    "Watch the values run",
    "Ask where a number comes from",
    "Let it learn",
    "Go on",
)


def cards(window):
    main = getattr(window, "main_window", window)
    return [own for own in main.findChildren(StepCard) if own.isVisible()]


def said(window):
    """Return what the card says: number, title, sentences."""
    (card,) = cards(window)
    return [label.text() for label in card.findChildren(QLabel)]


def ringed(window):
    """Return where the ring goes round, in the window's pixels; None where there is none."""
    rings = [own for own in window.main_window.findChildren(Ring) if own.isVisible()]
    assert len(rings) <= 1
    return rings[0].geometry() if rings else None


def in_window(window, address):
    found = place_of(window, address)
    corner = window.diagram.mapTo(window.main_window, QPoint(round(found.x), round(found.y)))
    return corner, corner + QPoint(round(found.width), round(found.height))


@pytest.fixture
def window(open_window):
    opened = open_window("forward")
    choose_entry(opened, "First steps")
    return opened


def test_the_first_step_is_a_card_beside_a_weight_with_a_ring_around_it(window):
    assert said(window)[:2] == ["1 of 5", TITLES[0]]
    (card,) = cards(window)
    ring, geometry = ringed(window), card.geometry()
    assert any(
        ring.contains(in_window(window, address)[0]) and ring.contains(in_window(window, address)[1])
        for address in (label.address for label in window.diagram.picture.labels)
        if address.kind == "weight"
    )
    assert not ring.intersects(geometry)
    assert window.main_window.rect().contains(geometry)
    corner, _ = in_window(window, address_named(window, "output"))
    assert not geometry.contains(corner)  # the prediction, which is to be seen changing


def test_deeds_are_noticed_and_next_leads_through_all_steps(window, qtbot):
    set_number(window, address_named(window, "output", "node_0"), "3")
    qtbot.waitUntil(lambda: said(window)[0] == "1 of 5 ✓")
    assert covered(window) == []
    assert "Ctrl+Z" in said(window)[2]
    assert ringed(window).contains(in_window(window, address_named(window, "output"))[0])
    press(window, "Next")
    assert said(window)[:2] == ["2 of 5", TITLES[1]]
    QTest.keyClick(window.diagram, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: said(window)[0] == "2 of 5 ✓")
    assert covered(window) == []
    press(window, "Next")
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: said(window)[0] == "3 of 5 ✓")
    assert covered(window) == []
    assert window.explain.isVisible()
    press(window, "Next")
    press(window, "Run")
    qtbot.waitUntil(lambda: said(window)[0] == "4 of 5 ✓")
    assert covered(window) == []
    press(window, "Next")
    assert said(window)[1] == TITLES[4]
    window.runner.pause()
    window.files.asks = False
    window.files.open_example("relu")
    qtbot.waitUntil(lambda: said(window)[0] == "5 of 5 ✓")
    press(window, "Finish")
    assert cards(window) == []
    assert ringed(window) is None


def test_next_goes_on_without_a_deed_and_back_goes_back(window):
    press(window, "Next")
    press(window, "Next")
    assert said(window)[1] == TITLES[2]
    press(window, "Back")
    assert said(window)[:2] == ["2 of 5", TITLES[1]]
    press(window, "Back")
    (card,) = cards(window)
    assert not next(own for own in card.findChildren(QPushButton) if own.text() == "Back").isEnabled()


@pytest.mark.parametrize("where", ["card", "diagram"])
def test_escape_skips_all_of_it(window, where):
    (card,) = cards(window)
    target = card.findChild(QPushButton) if where == "card" else window.diagram
    target.setFocus()
    QTest.keyClick(target, Qt.Key.Key_Escape)
    assert cards(window) == []
    assert ringed(window) is None


def test_skip_ends_it_and_the_menu_begins_it_anew(window):
    press(window, "Next")
    press(window, "Skip")
    assert cards(window) == []
    choose_entry(window, "First steps")
    assert said(window)[:2] == ["1 of 5", TITLES[0]]
    press(window, "Next")
    choose_entry(window, "First steps")
    assert said(window)[:2] == ["1 of 5", TITLES[0]]


def test_tab_leads_from_the_diagram_to_next(window):
    window.diagram.setFocus()
    QTest.keyClick(window.diagram, Qt.Key.Key_Tab)
    assert QApplication.focusWidget().text() == "Next"
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert said(window)[1] == TITLES[1]
    assert QApplication.focusWidget().text() == "Next"


def test_a_click_on_next_leaves_the_keyboard_with_the_diagram(window):
    window.diagram.setFocus()
    press(window, "Next")
    assert window.diagram.hasFocus()


def test_steps_are_announced(window, heard):
    press(window, "Next")
    assert heard[-1][1].startswith("First steps, 2 of 5: Watch the values run. Press Play")
    press(window, "Back")
    set_number(window, address_named(window, "output", "node_0"), "3")
    QApplication.processEvents()
    assert any("Ctrl+Z" in text for _, text in heard)


def test_a_hidden_panel_that_a_step_speaks_of_is_shown(open_window):
    window = open_window("forward")
    offered(window, "Training").trigger()
    choose_entry(window, "First steps")
    for _ in range(3):
        press(window, "Next")
    assert window.training.isVisible()
    assert ringed(window) is not None


@pytest.mark.parametrize(
    ("name", "size"), [("forward", (1000, 650)), ("forward", (1920, 1080)), ("digits", (1280, 800))]
)
def test_every_card_is_within_the_window_and_covers_nothing_that_it_speaks_of(open_window, name, size):
    window = open_window(name, size=size)
    choose_entry(window, "First steps")
    for title in TITLES:
        assert said(window)[1] == title
        (card,) = cards(window)
        assert window.main_window.rect().contains(card.geometry())
        assert not ringed(window).intersects(card.geometry())
        for label in card.findChildren(QLabel):
            assert label.height() >= label.heightForWidth(label.width())
        press(window, "Finish" if title == TITLES[-1] else "Next")


def covered(window):
    """Return what the card covers of the numbers on the diagram and of the selected row of the data."""
    (card,) = cards(window)
    numbers = [label.address for label in window.diagram.picture.labels if label.value is not None]
    found = [each for each in numbers if card.geometry().intersects(QRect(*in_window(window, each)))]
    table = window.data.table
    row = table.visualRect(table.currentIndex())
    row.setRect(0, row.y(), table.viewport().width(), row.height())
    row.moveTopLeft(table.viewport().mapTo(window.main_window, row.topLeft()))
    return found + ["row"] * card.geometry().intersects(row)


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800), (1920, 1080)], ids=str)
@pytest.mark.parametrize("name", ["forward", "xor", "two-hidden-layers"])
def test_a_card_covers_no_number_stands_near_what_it_speaks_of_and_points_at_it(open_window, name, size):
    window = open_window(name, size=size)
    choose_entry(window, "First steps")
    for title in TITLES:
        assert said(window)[1] == title
        assert covered(window) == []
        (card,), ring = cards(window), ringed(window)
        (pointer,) = [own for own in window.main_window.findChildren(Pointer) if own.isVisible()]
        assert pointer.geometry().intersects(ring)
        assert pointer.geometry().intersects(card.geometry())
        assert max(pointer.width(), pointer.height()) < 0.25 * size[0]
        press(window, "Finish" if title == TITLES[-1] else "Next")


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800), (1920, 1080)], ids=str)
def test_a_card_leaves_the_walk_its_numbers_and_its_words(qtbot, open_window, size):
    window = open_window("relu", size=size)
    window.player.speed = 1.0
    choose_entry(window, "First steps")
    press(window, "Next")
    for _ in range(6):
        QTest.keyClick(window.diagram, Qt.Key.Key_Period)
        qtbot.waitUntil(lambda: not window.player.progress.moving)
        window.diagram.grab()
        qtbot.waitUntil(lambda: not cards(window)[0].geometry().intersects(words_of_the_walk(window)))
        assert covered(window) == []


def words_of_the_walk(window):
    """Return where what is said of the step done last stands in the window."""
    box = window.diagram.callout.box.toAlignedRect()
    return box.translated(window.diagram.mapTo(window.main_window, QPoint()))


def test_the_ring_follows_what_it_goes_round(window, qtbot):
    before = ringed(window)
    window.diagram.zoom(1.5)
    qtbot.waitUntil(lambda: ringed(window) != before)
    window.main_window.resize(1100, 700)
    qtbot.waitUntil(lambda: window.main_window.rect().contains(cards(window)[0].geometry()))


@pytest.mark.parametrize("theme", PALETTES)
def test_ring_and_card_are_in_the_theme_s_colours(qapp, window, theme):
    try:
        apply_theme(qapp, theme)
        (card,) = cards(window)
        image = window.main_window.grab().toImage()
        inside = card.geometry().topLeft() + QPoint(card.width() // 2, 6)
        assert image.pixelColor(inside).name().upper() == PALETTES[theme].surface.upper()
        ring = ringed(window)
        line = [image.pixelColor(ring.center().x(), ring.top() + y).name().upper() for y in range(6)]
        assert PALETTES[theme].accent.upper() in line
    finally:
        apply_theme(qapp, "light")


def test_a_card_that_has_no_room_beside_stands_where_it_covers_least():
    room, spot = QRect(0, 0, 400, 400), QRect(100, 150, 200, 100)
    card, _ = place(QSize(300, 150), room, spot, [spot])
    common = card.intersected(spot)
    assert room.contains(card)
    assert common.width() * common.height() < 200 * 100 / 2


def test_a_panel_that_floats_has_the_ring_in_its_own_window(window, qtbot):
    dock = window.board.docks["Explain"]
    for _ in range(2):
        press(window, "Next")
    dock.turn_loose()
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: said(window)[0] == "3 of 5 ✓")
    qtbot.waitUntil(lambda: ringed(window) is not None)
    (ring,) = [own for own in window.main_window.findChildren(Ring) if own.isVisible()]
    assert ring.window() is dock
    assert window.main_window.rect().contains(cards(window)[0].geometry())
    dock.turn_loose()
    qtbot.waitUntil(lambda: ring.window() is window.main_window)


def test_the_keys_of_the_menus_stay_those_of_the_menus(window):
    (card,) = cards(window)
    assert [own.text() for own in card.findChildren(QPushButton) if "&" in own.text()] == []


def test_presenting_ends_them(window):
    choose_entry(window, "Present")
    assert cards(window) == []
    choose_entry(window, "Present")
    assert cards(window) == []


# --- when they come by themselves


@pytest.fixture
def started(qtbot, tmp_path):
    """Return a function that starts the program, as `Opened` does, and waits until all of it is there."""
    programs = []

    def start(settings, file=None):
        program = Opened(settings, file, tmp_path)
        programs.append(program)
        qtbot.waitUntil(lambda: program.workspace is not None)
        qtbot.waitUntil(lambda: program.workspace.history.curve is not None)
        return program

    yield start
    for program in programs:
        program.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_a_window_that_stands_gives_the_diagram_the_keyboard_once_it_is_filled_and_no_button(qtbot, settings):
    empty = MainWindow(settings)
    qtbot.addWidget(empty)
    empty.show()
    qtbot.waitExposed(empty)
    window = fill(empty, Document(load(example("forward").path)), settings)
    assert empty.focusWidget() is window.diagram  # whenever it is activated, be it at once
    qtbot.waitUntil(lambda: window.history.curve is not None)
    assert QApplication.focusWidget() is window.diagram
    assert not window.diagram.by_keyboard


def test_they_come_at_the_very_first_start_and_not_at_the_second(started):
    settings = Settings(remembers=False)
    first = started(settings)
    assert said(first.workspace)[:2] == ["1 of 5", TITLES[0]]
    first.close()
    assert cards(started(settings).workspace) == []


def test_a_file_that_is_asked_for_comes_alone_and_they_wait(started):
    settings = Settings(remembers=False)
    with_file = started(settings, example("relu").path)
    assert cards(with_file.workspace) == []
    with_file.close()
    assert said(started(settings).workspace)[1] == TITLES[0]


def test_a_screenshot_has_none(qtbot, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("nnviz.ui.guide.guide.Guide.__init__", lambda *_: seen.append("guide"))
    screenshot(example("relu").path, tmp_path / "a.png")
    assert seen == []


def test_a_node_that_a_card_leaves_free_may_be_removed(window):
    for column in (1, 0):
        window.structure.remove_node(column)
        QApplication.processEvents()
    assert said(window)[1] == TITLES[0]
