"""The first steps on the real window: they notice each deed, and come once by themselves."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.window.app import Opened
from nnviz.ui.window.first_steps import Ring, StepCard, card_place
from nnviz.ui.window.session import fill
from nnviz.ui.window.window import MainWindow
from tests.ui.hands import address_named, choose_entry, click, press, set_number
from tests.ui.sees import offered
from tests.ui.sees import place as place_of

pytestmark = pytest.mark.fonts

TITLES = (
    "Change a weight",
    "Watch the network compute",
    "Ask where a number comes from",
    "Train the network",
    "Open an example",
)


def cards(window):
    return [own for own in window.main_window.findChildren(StepCard) if own.isVisible()]


def said(window):
    """Return the card's number, title and sentences."""
    (card,) = cards(window)
    return [label.text() for label in card.findChildren(QLabel)]


def rings(window):
    return [own for own in window.main_window.findChildren(Ring) if own.isVisible()]


def ringed(window):
    """Return where the ring goes round, in the window's pixels."""
    found = rings(window)
    assert len(found) == 1
    return found[0].geometry()


def in_window(window, address):
    """Return where a number of the diagram stands, in the window's pixels."""
    found = place_of(window, address)
    corner = window.diagram.mapTo(window.main_window, QPoint(round(found.x), round(found.y)))
    return QRect(corner, QSize(round(found.width) + 1, round(found.height) + 1))


@pytest.fixture
def window(open_window):
    opened = open_window("forward")
    choose_entry(opened, "First steps")
    return opened


def covered(window):
    """Return the numbers of the diagram and of the selected row that the card covers."""
    (card,) = cards(window)
    numbers = [label.address for label in window.diagram.picture.labels if label.value is not None]
    found = [each for each in numbers if card.geometry().intersects(in_window(window, each))]
    table = window.data.table
    row = table.visualRect(table.currentIndex())
    row.setRect(0, row.y(), table.viewport().width(), row.height())
    row.moveTopLeft(table.viewport().mapTo(window.main_window, row.topLeft()))
    return found + ["row"] * card.geometry().intersects(row)


def is_painted_in(palette, window):
    """Return whether the card and its ring are painted in the colours of a theme."""
    (card,), ring = cards(window), ringed(window)
    image = window.main_window.grab().toImage()
    inside = card.geometry().topLeft() + QPoint(card.width() // 2, 6)
    line = [image.pixelColor(ring.center().x(), ring.top() + y).name().upper() for y in range(6)]
    return image.pixelColor(inside).name().upper() == palette.surface and palette.accent in line


def test_the_first_step_is_a_card_beside_a_weight_with_a_ring_around_it(qapp, window, qtbot):
    assert said(window)[:2] == ["1 of 5", TITLES[0]]
    (card,) = cards(window)
    ring, geometry = ringed(window), card.geometry()
    addresses = [label.address for label in window.diagram.picture.labels if label.address.kind == "weight"]
    assert any(ring.contains(in_window(window, address)) for address in addresses)
    assert not ring.intersects(geometry)
    assert window.main_window.rect().contains(geometry)
    prediction = in_window(window, address_named(window, "output"))  # which is to be seen changing
    assert not geometry.contains(prediction.topLeft())
    # the keys of the menus stay those of the menus
    assert [own.text() for own in card.findChildren(QPushButton) if "&" in own.text()] == []
    assert is_painted_in(PALETTES["light"], window)
    apply_theme(qapp, "dark")
    assert is_painted_in(PALETTES["dark"], window)
    before = ringed(window)
    window.diagram.zoom(1.5)
    qtbot.waitUntil(lambda: ringed(window) != before)
    window.main_window.resize(1100, 700)
    qtbot.waitUntil(lambda: window.main_window.rect().contains(cards(window)[0].geometry()))
    for column in (1, 0):  # a node that a card leaves free may be removed
        window.structure.remove_node(column)
        QApplication.processEvents()
    assert said(window)[1] == TITLES[0]


def test_deeds_are_noticed_and_announced_and_next_leads_through_all_steps(window, qtbot, heard):
    def is_noticed(step):
        """Wait until the card has noticed the deed; it covers no number."""
        qtbot.waitUntil(lambda: said(window)[0] == f"{step} of 5 ✓")
        assert covered(window) == []

    set_number(window, address_named(window, "output", "node_0"), "3")
    is_noticed(1)
    assert "Ctrl+Z" in said(window)[2]
    assert any("Ctrl+Z" in text for _, text in heard)
    assert ringed(window).contains(in_window(window, address_named(window, "output")).topLeft())
    press(window, "Next")
    assert said(window)[:2] == ["2 of 5", TITLES[1]]
    assert heard[-1][1].startswith("First steps, 2 of 5: Watch the network compute. Press Play")
    QTest.keyClick(window.diagram, Qt.Key.Key_Space)
    is_noticed(2)
    press(window, "Next")
    dock = window.board.docks["Explain"]
    dock.toggle_floating()
    click(window, address_named(window, "output"))
    is_noticed(3)
    assert dock.is_in_view
    qtbot.waitUntil(lambda: rings(window) == [])  # the panel floats, outside the window
    assert window.main_window.rect().contains(cards(window)[0].geometry())
    dock.toggle_floating()
    qtbot.waitUntil(lambda: [own.window() for own in rings(window)] == [window.main_window])
    offered(window, "Training").trigger()
    press(window, "Next")
    assert window.training.isVisible()  # a hidden panel that a step speaks of is shown
    assert rings(window)
    press(window, "Run")
    is_noticed(4)
    press(window, "Next")
    assert said(window)[1] == TITLES[4]
    window.runner.pause()
    window.files.asks = False
    window.files.open_example("relu")
    qtbot.waitUntil(lambda: said(window)[0] == "5 of 5 ✓")
    press(window, "Finish")
    window.files.open_example("forward")  # before Qt deletes the guide
    QApplication.processEvents()
    assert (cards(window), rings(window)) == ([], [])


def test_buttons_and_tab_lead_to_and_fro_and_skip_escape_and_present_end_it(window):
    window.diagram.setFocus()
    QTest.keyClick(window.diagram, Qt.Key.Key_Tab)
    assert QApplication.focusWidget().text() == "Next"
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert said(window)[1] == TITLES[1]
    assert QApplication.focusWidget().text() == "Next"
    window.diagram.setFocus()
    press(window, "Next")  # without a deed
    assert window.diagram.hasFocus()  # a click leaves the keyboard there
    assert said(window)[1] == TITLES[2]
    for title in (TITLES[1], TITLES[0]):
        press(window, "Back")
        assert said(window)[1] == title
    (card,) = cards(window)
    assert not next(own for own in card.findChildren(QPushButton) if own.text() == "Back").isEnabled()

    def escape(widget):
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_Escape)

    for ends in (
        lambda: press(window, "Skip"),
        lambda: escape(window.diagram),
        lambda: escape(cards(window)[0].findChild(QPushButton)),
        lambda: choose_entry(window, "Present"),
    ):
        press(window, "Next")
        choose_entry(window, "First steps")  # begins anew
        assert said(window)[:2] == ["1 of 5", TITLES[0]]
        press(window, "Next")
        ends()
        assert (cards(window), rings(window)) == ([], [])
        if window.main_window.isFullScreen():
            choose_entry(window, "Present")
            assert cards(window) == []
        choose_entry(window, "First steps")
        assert said(window)[:2] == ["1 of 5", TITLES[0]]


def assert_has_room(window, *, is_small, at_most=0):
    """Assert that the card is whole, in the window and beside its ring, and covers `at_most` numbers."""
    (card,), ring = cards(window), ringed(window)
    assert window.main_window.rect().contains(card.geometry())
    assert not ring.intersects(card.geometry())
    for label in card.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
    if is_small:
        assert len(covered(window)) <= at_most


def test_a_card_is_within_the_window_beside_its_ring_and_covers_no_number(open_window, amount):
    window = open_window("forward")
    names = ["digits", "xor", "forward", "two-hidden-layers"]
    for size, shown, at_most in (
        ((1920, 1080), names[:: amount(quick=2, ci=1, night=1)], 0),
        ((1280, 800), names[:: amount(quick=2, ci=1, night=1)], 0),
        ((1000, 650), names[1:], 2),  # too small for digits; wide letters leave the card no free place
    ):
        window.main_window.resize(*size)
        for name in shown:
            window.document.start(load(example(name).path))
            for _ in range(4):
                QApplication.processEvents()
            choose_entry(window, "First steps")
            for title in TITLES:
                assert said(window)[1] == title
                assert_has_room(window, is_small=name != "digits", at_most=at_most)
                press(window, "Finish" if title == TITLES[-1] else "Next")
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_card_leaves_the_walk_its_numbers_and_its_words(qtbot, open_window, amount):
    for size in ((1280, 800), (1920, 1080))[: amount(quick=1, ci=2, night=2)]:
        window = open_window("relu", size=size)
        window.player.speed = 1.0
        choose_entry(window, "First steps")
        press(window, "Next")

        def leaves_the_words(window=window):
            words = window.diagram.callout.box.toAlignedRect()
            words.translate(window.diagram.mapTo(window.main_window, QPoint()))
            return not cards(window)[0].geometry().intersects(words)

        for _ in range(6):
            QTest.keyClick(window.diagram, Qt.Key.Key_Period)
            qtbot.waitUntil(lambda player=window.player: not player.progress.moving)
            window.diagram.grab()
            qtbot.waitUntil(leaves_the_words)
        assert covered(window) == [], size


def test_a_card_that_has_no_room_beside_stands_where_it_covers_least():
    room, spot = QRect(0, 0, 400, 400), QRect(100, 150, 200, 100)
    card = QRect(card_place(QSize(300, 150), room, spot, [spot]), QSize(300, 150))
    common = card.intersected(spot)
    assert room.contains(card)
    assert common.width() * common.height() < 200 * 100 / 2


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


def test_a_window_that_is_filled_later_gives_the_diagram_the_keyboard_and_no_button(qtbot, settings):
    empty = MainWindow(settings)
    qtbot.addWidget(empty)
    empty.show()
    qtbot.waitExposed(empty)
    window = fill(empty, Document(load(example("forward").path)), settings)
    assert empty.focusWidget() is window.diagram  # whenever it is activated, be it at once
    qtbot.waitUntil(lambda: window.history.curve is not None)
    assert QApplication.focusWidget() is window.diagram
    assert not window.diagram.by_keyboard


def test_they_come_once_at_the_first_start_without_a_file(started):
    settings = Settings(remembers=False)
    with_file = started(settings, example("relu").path)
    assert cards(with_file.workspace) == []  # a file that is asked for comes alone, and they wait
    with_file.close()
    first = started(settings)
    assert said(first.workspace)[:2] == ["1 of 5", TITLES[0]]
    first.close()
    assert cards(started(settings).workspace) == []
