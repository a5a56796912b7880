"""Size of everything: it acts at once, nothing is cut off, and no window is larger than its screen."""

import gc

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QScrollArea,
    QTabBar,
    QToolBar,
    QToolButton,
)
from shiboken6 import createdByPython, getAllValidWrappers

from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.help.help_window import HelpWindow
from nnviz.ui.plots.plot import OFFSET
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.theme import application, draw_at, ui_font
from nnviz.ui.window.app import Opened
from nnviz.ui.window.ask_activations import AskActivations
from nnviz.ui.window.main_window import MainWindow, within
from nnviz.ui.window.panels import PANELS
from nnviz.ui.window.settings import SIZES_PERCENT
from tests.ui.clipped import clipped
from tests.ui.hands import address_named, bring, choose_entry, click, editor_of, entry
from tests.ui.sees import help_page, offered, place

SCREENS = {100: (1000, 650), 125: (1280, 720), 150: (1366, 768), 200: (1920, 1080)}
"""For each size a screen that is small for it."""
FRAME = QSize(2, 26)
"""Of a usual window manager."""


@pytest.fixture(autouse=True)
def as_before(qapp):
    yield
    draw_at(qapp, 100)


@pytest.fixture
def window(open_window):
    """Return a function that opens a window and chooses a size."""

    def at(percent, size=(1920, 1080), what="xor"):
        opened = open_window(what, size=size)
        choose_entry(opened, f"{percent} %")
        QApplication.processEvents()
        opened.main_window.resize(*size)  # the screen of these tests is smaller
        for _ in range(3):
            QApplication.processEvents()
        return opened

    return at


def measures(window):
    """Return what is to be seen of a size: texts, rows, icons, gaps and nodes."""
    bar = window.main_window.findChild(QToolBar)
    return {
        "heading": window.training.heading.fontMetrics().height(),
        "button": window.training.verbs.run.height(),
        "seed": window.training.fields.seed.height(),
        "row": window.data.table.rowHeight(0),
        "icon": bar.iconSize().width(),
        "toolbar": bar.height(),
        "status": window.status.height(),
        "gap": window.board.contentsMargins().left(),
        "explanation": window.explain.findChild(QLabel).fontMetrics().height(),
    }


@pytest.mark.parametrize("percent", SIZES_PERCENT[1:])
def test_a_size_acts_at_once_on_all_and_goes_back_without_a_rest(open_window, percent):
    window = open_window("xor", size=(2560, 1440))
    QApplication.processEvents()
    before = measures(window)
    choose_entry(window, f"{percent} %")
    for _ in range(3):
        QApplication.processEvents()
    after = measures(window)
    for name, height in before.items():
        assert after[name] == pytest.approx(height * percent / 100, rel=0.12, abs=2), name
    choose_entry(window, "100 %")
    for _ in range(3):
        QApplication.processEvents()
    assert measures(window) == pytest.approx(before, abs=1)


def test_a_size_is_remembered_and_used_from_the_start(window, open_window, settings, qapp):
    before = measures(window(150))
    draw_at(qapp, 100)
    after = open_window("xor", size=(1920, 1080))
    QApplication.processEvents()
    assert settings.size == 150
    assert measures(after) == before
    assert offered(after, "150 %").isChecked()


@pytest.mark.parametrize("percent", [150, 200])
def test_a_question_at_the_start_has_the_size_that_is_remembered(
    qtbot, settings, tmp_path, answer, monkeypatch, percent
):
    heights = []
    monkeypatch.setattr("nnviz.ui.window.settings.LEAST_PX", QSize(9, 9))  # the screen of the tests is small
    settings.remember("size", percent)
    network = load(example("xor").path).network
    file = tmp_path / "weights.npz"
    np.savez(file, **{f"W{k}": layer.weights for k, layer in enumerate(network.layers)})

    def look(dialog):
        heights.append(max(own.fontMetrics().height() for own in dialog.findChildren(QLabel)))
        dialog.accept()

    answer(AskActivations, look)
    program = Opened(settings, file, tmp_path / "data")
    qtbot.waitUntil(lambda: program.workspace is not None)
    draw_at(application(), 100)
    asked = AskActivations(program.workspace.main_window, "weights", network.sizes, ("relu", "identity"))
    usual = max(own.fontMetrics().height() for own in asked.findChildren(QLabel))
    assert heights == [pytest.approx(usual * percent / 100, abs=2)]
    program.workspace.main_window.close()
    program.close()
    gc.unfreeze()


def test_panels_have_the_same_sizes_after_a_restart_at_150_percent(window, open_window, qapp, monkeypatch):
    monkeypatch.setattr(MainWindow, "fit_screen", lambda _: None)  # the screen of these tests is small
    large = window(150)
    docks = large.board.docks
    large.board.resizeDocks([docks["Training"]], [700], Qt.Orientation.Horizontal)
    large.board.resizeDocks([docks["Data"]], [500], Qt.Orientation.Vertical)
    QApplication.processEvents()
    before = [docks[name].size() for name in ("Training", "Data", "MSE")]
    large.main_window.close()
    draw_at(qapp, 100)
    again = open_window("xor", size=(1920, 1080))
    after = [again.board.docks[name].size() for name in ("Training", "Data", "MSE")]
    assert all(abs((a - b).width()) + abs((a - b).height()) <= 4 for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("percent", "size"), [(150, (1280, 800)), (150, (1366, 768)), (200, (1920, 1080))])
def test_at_every_size_the_plot_of_the_loss_is_whole_and_some_lines_high(window, percent, size):
    opened = window(percent, size)
    for _ in range(3):
        opened.runner.step()
        QApplication.processEvents()
    curve = opened.history.curve
    curve.settle()
    line = opened.training.heading.fontMetrics().height()
    assert curve.plotItem.vb.height() >= 4 * line
    view = opened.board.docks["MSE"].findChild(QScrollArea).viewport()
    assert view.rect().contains(QRect(curve.mapTo(view, QPoint()), curve.size()))
    below = curve.plotItem.getAxis("bottom")
    assert below.size().height() >= QFontMetricsF(ui_font(11)).height() + OFFSET


def test_panels_that_gave_way_have_their_room_again_at_100_percent_also_after_a_restart(window, open_window):
    first = open_window("xor", size=(1280, 800)).board.docks["Data"].height()
    large = window(150, (1280, 800))
    assert large.board.docks["Data"].height() < 1.5 * first
    large.main_window.close()
    again = open_window("xor", size=(1280, 800))
    again.main_window.resize(1280, 800)  # the screen of these tests is smaller
    for _ in range(3):
        QApplication.processEvents()
    scale = large.diagram.picture.layout.scale
    assert again.diagram.picture.layout.scale == pytest.approx(scale, rel=0.05)
    choose_entry(again, "100 %")
    QApplication.processEvents()
    again.main_window.resize(1280, 800)  # the screen of these tests is smaller
    for _ in range(3):
        QApplication.processEvents()
    assert abs(again.board.docks["Data"].height() - first) <= 4


@pytest.mark.parametrize("percent", [200, 100])
def test_a_heading_stands_over_the_left_edge_of_its_panel(window, percent):
    window(200)
    panel = window(percent).training
    left = [own.mapTo(panel.window(), QPoint()).x() for own in (panel.heading, panel.fields)]
    assert abs(left[0] - left[1]) <= 2  # the border of the card


def test_a_panel_that_is_made_later_has_the_size_too(window):
    at_200 = window(200)
    late = bring(at_200, "Matrix").heading.fontMetrics().height()
    assert late == at_200.training.heading.fontMetrics().height()


def beside_entries(window):
    """Return how high a tick, an icon and an arrow are beside entries of the View menu."""
    view = entry(window.main_window.menuBar(), "View").menu()
    heights = []
    for inner, title, at_right in (
        ("Panels", "Training", False),
        ("Zoom", "Fit", False),
        ("", "Theme", True),
    ):
        menu = entry(view, inner).menu() if inner else view
        menu.resize(menu.sizeHint())
        whole = menu.grab().toImage()
        place = menu.actionGeometry(entry(menu, title))
        beside = min(place.width() // 8, place.height())
        place.setLeft(place.right() - beside if at_right else place.left())
        place.setWidth(beside)
        image = whole.copy(place)
        ground = image.pixelColor(0, 2)
        rows = [
            y
            for y in range(2, image.height() - 2)
            if any(image.pixelColor(x, y) != ground for x in range(image.width()))
        ]
        heights.append(rows[-1] - rows[0])
    return heights


def test_ticks_icons_and_arrows_of_menus_grow_too(window):
    before = beside_entries(window(100))
    assert min(before) >= 6
    for then, now in zip(before, beside_entries(window(200)), strict=True):
        assert 1.7 <= now / then <= 2.3


def menus(menu):
    """Yield a menu, filled, and those within."""
    menu.aboutToShow.emit()
    yield menu
    for action in menu.actions():
        if action.menu():
            yield from menus(action.menu())


def height_of(menu):
    """Return how high a menu is in one column; where that is more than the screen has, Qt makes two."""
    return sum(menu.actionGeometry(action).height() for action in menu.actions())


@pytest.mark.parametrize("percent", SIZES_PERCENT)
def test_every_menu_has_room_in_one_column_on_a_small_screen(window, percent):
    bar = window(percent).main_window.menuBar()
    heights = {each.title(): height_of(each) for top in bar.actions() for each in menus(top.menu())}
    assert {title: height for title, height in heights.items() if height > SCREENS[percent][1]} == {}


def test_no_menu_has_more_than_a_glance_takes_in(window):
    view = entry(window(100).main_window.menuBar(), "View").menu()
    for each in menus(view):
        assert sum(not action.isSeparator() for action in each.actions()) <= 15, each.title()


@pytest.mark.parametrize("percent", [100, 200])
def test_the_arrows_behind_which_the_rest_of_the_toolbar_is_grow_too(window, percent):
    bar = window(percent, (9 * percent, 9 * percent)).main_window.findChild(QToolBar)
    arrows = bar.findChild(QToolButton, "qt_toolbar_ext_button")
    assert arrows.isVisible()
    assert arrows.width() == 12 * percent // 100
    assert bar.rect().contains(arrows.geometry())


def test_controls_that_had_no_room_are_in_sight_as_soon_as_the_window_is_wide_enough(window):
    opened = window(200, (1400, 900))
    bar = opened.board.docks["Training"].findChild(QScrollArea).horizontalScrollBar()
    assert bar.isVisible()
    opened.main_window.resize(1920, 1060)
    for _ in range(3):
        QApplication.processEvents()
    assert not bar.isVisible()


def test_all_pages_of_the_help_are_to_be_chosen(window):
    opened = window(200)
    help_page(opened, "Files")
    bar = opened.main_window.findChild(HelpWindow).findChild(QTabBar)
    assert bar.rect().contains(bar.tabRect(bar.count() - 1))
    assert not any(button.isVisible() for button in bar.findChildren(QToolButton))


@pytest.mark.parametrize("percent", SIZES_PERCENT)
def test_no_drop_down_cuts_the_text_off_that_is_chosen(window, percent):
    opened, cut = window(percent), []
    for name in ("Code", "Matrix"):
        bring(opened, name)
        (choice,) = opened.board.docks[name].findChildren(Choice)
        for k in range(choice.count()):
            choice.setCurrentIndex(k)
            QApplication.processEvents()
            cut += [said for said in clipped(opened.main_window) if choice.currentText() in said]
    assert cut == []


@pytest.mark.parametrize("percent", SIZES_PERCENT)
def test_no_size_makes_the_window_larger_than_its_screen(window, percent):
    screen = QSize(*SCREENS[percent]) - FRAME
    opened = window(percent, size=(screen.width(), screen.height()))
    for panel in PANELS:
        bring(opened, panel.name)
        QApplication.processEvents()
    least = opened.main_window.minimumSizeHint()
    assert least.width() <= screen.width()
    assert least.height() <= screen.height()
    assert opened.main_window.size() == screen


@pytest.mark.parametrize("percent", SIZES_PERCENT)
@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_no_text_of_a_button_or_of_a_label_is_cut_off(window, percent, size):
    if size[0] < SCREENS[percent][0]:
        pytest.skip("a screen too small for that size")
    opened = window(percent, size)
    kinds = (QPushButton, QLabel)
    seen = [own for kind in kinds for own in opened.main_window.findChildren(kind) if own.isVisible()]
    cut = [
        own.text()
        for own in seen
        if own.text()
        and not getattr(own, "wordWrap", lambda: False)()
        and own.parentWidget() is not opened.status
        and own.fontMetrics().horizontalAdvance(own.text().replace("&", "")) > own.contentsRect().width() + 1
    ]
    assert cut == []


def test_the_diagram_grows_with_the_size_where_it_has_the_room(window):
    opened = window(100, (1280, 800))
    before = place(opened, Address("node", 0, 0))
    opened = window(150, (1920, 1200))
    after = place(opened, Address("node", 0, 0))
    assert after.height > 1.2 * before.height


def test_a_number_is_edited_where_it_stands_at_every_size(window):
    opened = window(150)
    address = address_named(opened, "output", "node_0")
    click(opened, address)
    stands = place(opened, address)
    assert editor_of(opened).geometry().contains(*(round(value) for value in stands.center))


@pytest.mark.parametrize(
    ("window_at", "frame", "screen", "wanted"),
    [
        (QRect(1, 25, 1280, 800), QRect(0, 0, 1282, 826), QRect(0, 0, 1280, 800), QRect(1, 25, 1278, 774)),
        (QRect(500, 400, 900, 600), QRect(499, 375, 902, 626), QRect(0, 0, 1280, 800), None),
        (
            QRect(100, 100, 900, 600),
            QRect(99, 75, 902, 626),
            QRect(0, 0, 1920, 1080),
            QRect(100, 100, 900, 600),
        ),
        (
            QRect(10, 10, 3000, 2000),
            QRect(10, 10, 3000, 2000),
            QRect(0, 30, 1920, 1050),
            QRect(0, 30, 1920, 1050),
        ),
    ],
)
def test_a_window_is_moved_and_shrunk_into_its_screen_with_its_frame(window_at, frame, screen, wanted):
    stands = within(window_at, frame, screen)
    moved = stands.adjusted(
        frame.left() - window_at.left(),
        frame.top() - window_at.top(),
        frame.right() - window_at.right(),
        frame.bottom() - window_at.bottom(),
    )
    assert screen.contains(moved)
    assert wanted is None or stands == wanted


def test_python_holds_no_item_of_a_layout_which_qt_deletes_untold(window):
    window(150)
    items = [own for own in getAllValidWrappers() if isinstance(own, QLayoutItem)]
    assert [own for own in items if not isinstance(own, QLayout) and not createdByPython(own)] == []
