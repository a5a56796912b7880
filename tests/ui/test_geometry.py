"""Everything fits: every panel in its window, every text in its control, the window in its screen."""

import gc
import json
import os
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from allpairspy import AllPairs
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QScrollBar,
    QStyle,
    QStyleOptionButton,
    QTabBar,
    QTextBrowser,
    QToolBar,
    QToolButton,
    QWidget,
)
from shiboken6 import createdByPython, getAllValidWrappers

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.state import Dataset
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.dialogs.help import HelpWindow
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.dialogs.questions import AskActivations
from nnviz.ui.kit.controls import MOST_SEEN, ComboBox
from nnviz.ui.kit.settings import SIZES_PERCENT
from nnviz.ui.kit.theme import application, apply_theme, set_size_percent, ui_font
from nnviz.ui.plot.plot import OFFSET
from nnviz.ui.window.app import Opened
from nnviz.ui.window.window import MainWindow, within
from nnviz.ui.window.workspace import PANELS
from tests.conftest import effort
from tests.core.oracle import set_weight
from tests.processes import ended
from tests.ui.bare import end_process, window_in_a_process
from tests.ui.clipped import clipped, walk_panels
from tests.ui.hands import (
    address_named,
    bring,
    choose_entry,
    click,
    drag_edge,
    editor_of,
    entry,
    point,
    unfold,
)
from tests.ui.runs import pixels_of
from tests.ui.sees import help_page, labels, menus, offered, place, written

pytestmark = pytest.mark.fonts

SCREENS = {100: (1000, 650), 125: (1280, 720), 150: (1366, 768), 200: (1920, 1080)}
"""For each interface size a screen that is small for it."""
FRAME = QSize(2, 26)
"""Of a usual window manager."""
LARGE = (2560, 1440)
"""Of a window in which there is room at every interface size."""
WEIGHTS = [Address("weight", 0, 0, 0), Address("weight", 0, 0, 1)]


def settled():
    for _ in range(3):  # a layout within a layout is asked after the outer one
        QApplication.processEvents()


def draw(window, percent, size):
    """Choose a interface size in the menu, and give the window a size; the screen here is small."""
    choose_entry(window, f"{percent} %")
    QApplication.processEvents()
    window.main_window.resize(*size)
    settled()


def in_sight(dock, widget):
    """Return whether all of a widget is in the visible part of a panel."""
    view = dock.findChild(QScrollArea).viewport()
    return view.rect().contains(QRect(widget.mapTo(view, QPoint()), widget.size()))


def bars(dock):
    """Return the ways in which a panel has a bar to scroll with."""
    return {bar.orientation() for bar in dock.findChildren(QScrollBar) if bar.isVisible()}


# --- every panel, over network, theme, size of the window and interface size


def chosen_and_cut_off(dock):
    """Choose every item of a panel's drop-down; yield those that have no room in it."""
    (choice,) = dock.findChildren(ComboBox)
    for k in range(choice.count()):
        choice.setCurrentIndex(k)
        QApplication.processEvents()
        yield from (said for said in clipped(dock) if choice.currentText() in said)


def plot_of_the_loss(window):
    """Yield the faults of the plot of the loss: it has to be whole, and some lines high."""
    curve, dock = window.history.curve, window.board.docks["Loss"]
    curve.settle()
    if not in_sight(dock, curve):
        yield "the plot of the loss is not whole"
    if curve.box.height() < 4 * window.training.heading.fontMetrics().height():
        yield f"the plot of the loss is {curve.box.height()} pixels high"
    if curve.bottom.size().height() < QFontMetricsF(ui_font(11)).height() + OFFSET:
        yield "the numbers under the plot of the loss are cut off"


CROSSED = [("xor", "digits"), SIZES_PERCENT, ("small", "large"), [*PALETTES]]
"""Networks, sizes of everything, screens and themes."""
FITS = {
    "quick": [
        ("xor", 100, "small", "light"),
        ("digits", 200, "small", "dark"),
        ("xor", 150, "large", "light"),
    ],
    "ci": [*AllPairs(CROSSED)],
    "night": [*product(*CROSSED)],
}


def pytest_generate_tests(metafunc):
    if "percent" in metafunc.fixturenames:
        metafunc.parametrize(("name", "percent", "screen", "theme"), FITS[effort(metafunc.config)])


def test_every_panel_fits_in_its_window_and_every_text_in_its_control(
    open_window, settings, qapp, monkeypatch, name, percent, screen, theme
):
    size = SCREENS[percent] if screen == "small" else (1920, 1080)
    on_it = SimpleNamespace(availableSize=lambda: QSize(*size))
    monkeypatch.setattr("nnviz.ui.window.window.Room.screen", lambda _: on_it)
    size = (QSize(*size) - FRAME).toTuple()
    settings.remember("theme", theme)
    settings.remember("size", percent)
    apply_theme(qapp, theme)
    set_size_percent(qapp, percent)
    window = open_window(name, size=size)
    window.main_window.resize(*size)
    window.runner.step()
    settled()
    wrong = [("at first", said) for said in clipped(window.main_window)]
    headings = [own.card.heading for own in window.board.visible_docks if screen == "large"]
    wrong += [("…", own.text()) for own in headings if own.isVisible() and not own.fits]
    for panel in (each.name for each in PANELS):
        bring(window, panel)
        settled()
        wrong += [(panel, said) for said in clipped(window.main_window)]
        if panel == "Code" and name == "xor":
            wrong += [(panel, said) for said in chosen_and_cut_off(window.board.docks[panel])]
        if panel == "Loss" and name == "xor" and (screen == "large" or percent == 150):
            wrong += [(panel, said) for said in plot_of_the_loss(window)]
        if window.main_window.size().toTuple() != size:
            wrong.append((panel, str(window.main_window.size())))
    least = window.main_window.minimumSizeHint()
    wrong += [("least", str(least))] * (least.width() > size[0] or least.height() > size[1])
    for menu in (each for top in window.main_window.menuBar().actions() for each in menus(top.menu())):
        height = sum(menu.actionGeometry(action).height() for action in menu.actions())
        wrong += [("two columns", menu.title())] * (height > SCREENS[percent][1])
    if percent > 100:  # where tabs without room are scrolled to, and lists in a heading shorten their text
        wrong = [each for each in wrong if "QTabBar" not in each[1] and "ComboBox in QFrame" not in each[1]]
    assert wrong == [], "\n".join(map(str, wrong))


def test_long_messages_many_digits_missing_rows_and_other_fonts_cut_nothing_off(
    qtbot, qapp, open_window, amount
):
    many_digits = {"learning_rate": 0.00012, "updates": 1_000_000, "batch_size": 32}
    for pixels in (None, 17, 11)[: amount(quick=2, ci=3, night=3)]:
        if pixels:  # another font of the system
            font = QFont(qapp.font())
            font.setPixelSize(pixels)
            qapp.setFont(font)
        window, wrong = open_window("xor", (1280, 800) if pixels else (1000, 650)), []
        QApplication.processEvents()
        size, training = window.main_window.size(), window.board.docks["Training"]
        window.runner.set_training(replace(window.document.state.training, **many_digits))
        for speed in (0, 50, 99, 100):
            window.training.speed.setValue(speed)
            settled()
            wrong += clipped(window.training)
        window.training.message.show_warning(100 * "Nothing comes of it. ")
        qtbot.waitUntil(lambda dock=training: bars(dock))
        assert bars(training) == {Qt.Orientation.Vertical}
        wrong += clipped(window.training)
        if pixels is None:
            window.document.start(replace(load(example("relu").path), data=Dataset(np.empty((0, 2)))))
            wrong += [(tab, said) for tab in walk_panels(window) for said in clipped(window.main_window)]
        assert (wrong, window.main_window.size()) == ([], size)


def test_the_fields_stay_where_they_are_whatever_time_a_run_takes(open_window):
    window, seen = open_window("relu"), {}
    unfold(window.training)
    runs = [(0, 9), (0, 99), (0, 99 * 60), (0, 99 * 3600), (0, 700 * 86_400), (0, 10**9), (100, 9)]
    for speed, updates in runs:
        window.runner.set_training(replace(window.document.state.training, updates=updates))
        window.training.speed.setValue(speed)
        for _ in range(2):  # the label's room, then the fields'
            settled()
        said = next(text for text in labels(window.training) if text.startswith("Run "))
        seen[said] = [field.geometry() for field in window.training.findChildren(QLineEdit)]
    assert len(seen) == len(runs)
    assert all(places == seen[said] for places in seen.values()), seen


def test_the_word_of_a_phase_that_is_shown_is_not_cut_off(open_window):
    window = open_window("relu")
    for phase in ("forward", "loss", "backward", "update"):
        window.player.show_phase(phase)
        buttons = window.main_window.findChildren(QPushButton, "segment")
        (button,) = [each for each in buttons if each.isChecked()]
        assert phase in button.text().lower()
        option = QStyleOptionButton()
        button.initStyleOption(option)
        contents = button.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, button)
        assert button.fontMetrics().horizontalAdvance(button.text()) <= contents.width(), phase


def test_what_is_cut_off_is_found(qtbot):
    """The finder itself: a label, a button and a field that are too narrow, and one that stands out."""
    room = QWidget()
    qtbot.addWidget(room)
    room.resize(200, 100)
    label, button, field = QLabel("a long text", room), QPushButton("a long text", room), QLineEdit(room)
    field.setText("0.123456789")
    fine = QLabel("fine", room)
    for k, widget in enumerate((label, button, field, fine)):
        widget.setGeometry(10, 20 * k, 30 if widget is not fine else 80, 25)
    out = QLabel("outside", room)
    out.setGeometry(190, 0, 80, 25)
    room.show()
    assert len(clipped(room)) == 4


# --- plots over weights


def test_the_plot_over_two_weights_and_its_caption_are_in_sight_without_scrolling(qtbot, open_window):
    window = open_window("many-rows", (1280, 800))
    window.history.load()
    for size in ((1280, 800), (1920, 1080)):
        window.main_window.resize(*size)
        bring(window, "Loss surface")
        window.document.select(*WEIGHTS)
        dock = window.board.docks["Loss surface"]
        qtbot.waitUntil(partial(is_drawn, dock, 150))
        if size == (1920, 1080):  # in a tall column the plot takes the height
            window.board.tabifyDockWidget(window.board.docks["Explain"], dock)
            dock.bring_to_front()
            qtbot.waitUntil(partial(is_drawn, dock))


def is_drawn(dock, least=None):
    """Return whether a plot over weights is whole, and higher than `least` or than most of its panel."""
    card, bar = dock.card, dock.findChild(QScrollArea).verticalScrollBar()
    if card is None or card.view.work.busy or card.plot is None or bar.isVisible():
        return False
    plane, caption = card.view.plane, card.view.caption
    whole = all(in_sight(dock, own) for own in (card, plane, caption))
    needs = caption.heightForWidth(caption.width())
    return whole and needs <= caption.height() and plane.height() > (least or 0.7 * dock.height())


def test_explain_shows_the_whole_text_and_plot_and_a_caption_with_more_room(qtbot, open_window):
    window = open_window("relu", (1280, 800))
    window.history.load()
    card = bring(window, "Explain")
    for size, chosen in product(((1280, 800), (1920, 1080)), (WEIGHTS[0], Address("node", 0, 0))):
        window.main_window.resize(*size)
        window.document.select(chosen)
        window.desk.frames.show_pending()
        qtbot.waitUntil(lambda: card.plot is not None)
        settled()
        (text,), dock = card.findChildren(QTextBrowser), window.board.docks["Explain"]
        assert all(in_sight(dock, own) for own in (card.view.plane, text))
        line = text.fontMetrics().lineSpacing()  # with a wide font, up to three lines are below
        assert text.verticalScrollBar().maximum() <= (3 * line if size == (1280, 800) else 0)
        assert card.view.plane.height() > (0.14 if size == (1280, 800) else 0.25) * card.height()
        assert card.view.caption.isVisible() or size == (1280, 800)  # with a narrow font, there is room
    window.main_window.resize(1280, 800)
    window.document.push(edits.set_value(window.document.state, WEIGHTS[0], 1e200), "a weight")
    window.document.select(WEIGHTS[0])
    qtbot.waitUntil(lambda: "too large to plot" in card.view.pages.empty.text())
    assert card.view.pages.empty.isVisible(), "an empty plot says why, however low it is"


# --- drop-downs

FRAME_PX = 12
"""The room around the items of a list, above and below."""


def opened(box):
    """Open a drop-down with a click; return its list."""
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(box.width() - 10, box.height() // 2))
    QApplication.processEvents()
    view = box.view()
    assert view.isVisible()
    assert box.screen().geometry().contains(view.window().geometry()), "the list leaves the screen"
    return view


def is_whole(box, k):
    """Return whether an item of the opened list is in sight from edge to edge."""
    view, index = box.view(), box.model().index(k, box.modelColumn(), box.rootModelIndex())
    room, item = view.viewport().rect(), view.visualRect(index)
    high_enough = room.top() <= item.top() and item.bottom() <= room.bottom()
    return high_enough and view.sizeHintForIndex(index).width() <= room.width()


def has_room(box):
    """Return whether the screen has room for all items, above the box or below it."""
    screen, top = box.screen().availableGeometry(), box.mapToGlobal(QPoint()).y()
    room = max(top - screen.top(), screen.bottom() - top - box.height())
    return sum(map(box.view().sizeHintForRow, range(box.count()))) + FRAME_PX <= room


def cut_off(box):
    """Return the items of a drop-down that cannot be read: all are in sight, if there is room for them."""
    view, cut = opened(box), []
    scrolled = box.count() > box.maxVisibleItems() or not has_room(box)
    for k in range(box.count()):
        if scrolled:
            view.scrollTo(box.model().index(k, box.modelColumn(), box.rootModelIndex()))
        if not is_whole(box, k):
            cut.append(box.itemText(k))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible()
    return cut


def test_every_drop_down_shows_all_its_items(open_window, qtbot):
    screen = QApplication.primaryScreen().availableSize()
    window = open_window("xor", QSize(1280, 800).boundedTo(screen).toTuple())
    unfold(window.training)
    count, cut = Counter(), []
    for tab in walk_panels(window):
        for box in window.main_window.findChildren(QComboBox):
            in_sight = not box.visibleRegion().isEmpty()  # the heading of a panel behind counts as visible
            if in_sight and tab in ("Loss", "Loss surface", "Function", "Confusion"):
                count[tab] += 1
                cut += cut_off(box)
    new, save = NewNetwork(), QFileDialog(None, "Save", str(Path.home()), "PNG (*.png);;SVG (*.svg)")
    save.setOption(QFileDialog.Option.DontUseNativeDialog)
    save.resize(save.sizeHint().boundedTo(save.screen().availableSize() * 0.9))
    for dialog, box in ((new, new.activation), (save, save.findChild(QComboBox, "fileTypeCombo"))):
        qtbot.addWidget(dialog)
        dialog.show()
        cut += cut_off(box)
        dialog.hide()
    assert cut == []
    assert count["Loss"] >= 3
    assert count["Loss surface"] >= 5


def test_a_list_that_has_no_room_or_many_items_scrolls_and_shows_each_whole(qtbot):
    for count in (MOST_SEEN + 10, MOST_SEEN):
        room, box = QWidget(), ComboBox()
        qtbot.addWidget(room)
        box.setParent(room)
        box.addItems([f"weight {k} of a node with a long name" for k in range(count)])
        box.resize(90, 30)
        room.setGeometry(10, room.screen().geometry().center().y() - 15, 120, 60)  # half-way down the screen
        room.show()
        if count > MOST_SEEN:
            view = opened(box)
            seen = [k for k in range(count) if is_whole(box, k)]
            QTest.keyClick(view, Qt.Key.Key_Escape)
            assert 5 < len(seen) <= MOST_SEEN
        else:
            assert not has_room(box)
        assert cut_off(box) == []
        room.hide()


def test_a_text_without_room_is_shortened_in_its_middle_and_keeps_both_ends(qtbot):
    def painted(text):
        box = ComboBox()
        qtbot.addWidget(box)
        box.addItem(text)
        box.resize(160, 30)
        box.show()
        return box.grab().toImage()

    long, left = painted("a_name_that_is_much_too_long → node_0"), range(3, 14)  # letters at either end
    assert long in [painted(f"{'a_name_that_is'[:k]}…{'long → node_0'[-n:]}") for k in left for n in left]


# --- sizes of everything


def measures(window):
    """Return the measures that a size changes: texts, rows, icons, gaps and nodes."""
    bar = window.main_window.findChild(QToolBar)
    return {
        "heading": window.training.heading.fontMetrics().height(),
        "button": window.training.run_buttons.run.height(),
        "seed": window.training.fields.seed.height(),
        "row": window.data.table.rowHeight(0),
        "icon": bar.iconSize().width(),
        "toolbar": bar.height(),
        "status": window.status.height(),
        "gap": window.board.contentsMargins().left(),
        "explanation": bring(window, "Explain").heading.fontMetrics().height(),
    }


def beside_entries(window):
    """Return how high a tick, an icon and an arrow are beside entries of the View menu."""
    view = entry(window.main_window.menuBar(), "View").menu()
    heights = []
    for inner, title in (("Panels", "Training"), ("Zoom", "Fit"), ("", "Theme")):
        menu = entry(view, inner).menu() if inner else view
        menu.resize(menu.sizeHint())
        stands = menu.actionGeometry(entry(menu, title))
        beside = min(stands.width() // 8, stands.height())
        stands.setLeft(stands.left() if inner else stands.right() - beside)
        stands.setWidth(beside)
        pixels = pixels_of(menu.grab().toImage().copy(stands))
        rows = np.flatnonzero((pixels[2:-2] != pixels[2, 0]).any(axis=1))
        heights.append(rows[-1] - rows[0])
    return heights


def test_a_size_acts_at_once_on_everything_and_goes_back(open_window, amount):
    window = open_window("xor", size=LARGE)
    unfold(window.training)
    draw(window, 100, LARGE)
    before, beside, heading = measures(window), beside_entries(window), window.training.heading
    assert min(beside) >= 6
    view = entry(window.main_window.menuBar(), "View").menu()
    assert all(sum(not own.isSeparator() for own in each.actions()) <= 15 for each in menus(view))

    def heading_is_aside():
        """Return how many pixels the heading stands beside the left edge of its panel."""
        left, edge = (
            own.mapTo(window.training.window(), QPoint()).x() for own in (heading, window.training.fields)
        )
        return abs(left - edge)

    for percent in amount(quick=(200,), ci=(200, 150, 125), night=(200, 150, 125)):
        draw(window, percent, LARGE)
        after = measures(window)
        assert percent != 200 or items_that_qt_deletes() == []  # of a window as it was opened
        for name, height in before.items():
            assert after[name] == pytest.approx(height * percent / 100, rel=0.12, abs=2), (percent, name)
        address = address_named(window, "output", "node_0")
        click(window, address)  # a number is edited where it stands
        assert editor_of(window).geometry().contains(point(window, address))
        QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
        if percent == 200:
            assert beside_entries(window) == pytest.approx([2 * each for each in beside], rel=0.15)
            made_later = bring(window, "Loss surface").heading.fontMetrics()
            assert made_later.height() == heading.fontMetrics().height()
            help_page(window, "Files")
            bar = window.main_window.findChild(HelpWindow).findChild(QTabBar)
            assert bar.rect().contains(bar.tabRect(bar.count() - 1))
            assert not any(button.isVisible() for button in bar.findChildren(QToolButton))
            window.main_window.findChild(HelpWindow).hide()
        assert heading_is_aside() <= 2  # the border of the card
        draw(window, 100, LARGE)
        assert heading_is_aside() <= 2
        assert measures(window) == pytest.approx(before, abs=1)


def items_that_qt_deletes():
    """Return the items of layouts which Python holds, and which Qt deletes untold."""
    items = [own for own in getAllValidWrappers() if isinstance(own, QLayoutItem)]
    return [own for own in items if not isinstance(own, QLayout) and not createdByPython(own)]


def test_a_size_and_the_sizes_of_panels_are_there_again_after_a_restart(
    open_window, settings, qapp, monkeypatch
):
    def sizes_of(window):
        return [window.board.docks[name].size().toTuple() for name in ("Training", "Data", "Loss")]

    monkeypatch.setattr(MainWindow, "fit_screen", lambda _: None)  # the screen of these tests is small
    window = open_window("xor", size=(1280, 800))
    unfold(window.training)
    settled()
    first, small = window.board.docks["Data"].height(), place(window, Address("node", 0, 0)).height
    draw(window, 150, (1280, 800))
    assert window.board.docks["Data"].height() < 1.5 * first
    window.runner.step()
    settled()
    assert [*plot_of_the_loss(window)] == []
    window.document.undo()
    window.main_window.resize(1920, 1080)
    settled()
    assert place(window, Address("node", 0, 0)).height > 1.1 * small  # the diagram has the room to grow
    drag_edge(window.board, window.board.docks["Notes"], -100, 0)
    settled()
    scale, measured, before = window.diagram.picture.layout.scale, measures(window), sizes_of(window)
    window.main_window.close()
    set_size_percent(qapp, 100)
    again = open_window("xor", size=(1920, 1080))
    again.runner.step()
    again.document.undo()  # as before, so that there is a timeline
    settled()
    assert settings.size == 150
    assert measures(again) == measured
    assert offered(again, "150 %").isChecked()
    assert again.diagram.picture.layout.scale == pytest.approx(scale, rel=0.05)
    assert np.allclose(sizes_of(again), before, rtol=0, atol=8)
    draw(again, 100, (1280, 800))  # panels that gave way have their room again
    assert abs(again.board.docks["Data"].height() - first) <= 0.1 * first


def test_a_question_at_the_start_has_the_size_that_is_remembered(
    qtbot, settings, tmp_path, answer, monkeypatch
):
    heights = []
    monkeypatch.setattr("nnviz.ui.kit.settings.LEAST_PX", QSize(9, 9))  # the screen of the tests is small
    settings.remember("size", 200)
    network = load(example("xor").path).network
    file = tmp_path / "weights.npz"
    np.savez(file, **{f"W{k}": layer.weights for k, layer in enumerate(network.layers)})

    def look(dialog):
        heights.append(max(own.fontMetrics().height() for own in dialog.findChildren(QLabel)))
        dialog.accept()

    answer(AskActivations, look)
    program = Opened(settings, file, tmp_path / "data")
    qtbot.waitUntil(lambda: program.workspace is not None)
    set_size_percent(application(), 100)
    asked = AskActivations(program.workspace.main_window, "weights", network.sizes, ("relu", "identity"))
    usual = max(own.fontMetrics().height() for own in asked.findChildren(QLabel))
    assert heights == [pytest.approx(2 * usual, abs=2)]
    program.workspace.main_window.close()
    program.close()
    gc.unfreeze()


def test_what_a_narrow_window_has_no_room_for_is_reached_and_comes_back(qtbot, open_window):
    window = open_window("calculating-slopes", size=(760, 650))
    bar = window.main_window.findChild(QToolBar)
    slopes = bar.widgetForAction(offered(window, "Show slopes"))
    assert not slopes.isVisible()
    further = next(own for own in bar.findChildren(QToolButton) if own.toolTip() == "More commands")
    assert not further.icon().isNull()
    QTest.mouseClick(further, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(slopes.isVisible)
    QTest.mouseClick(slopes, Qt.MouseButton.LeftButton)
    assert written(window, Address("slope", 0, 0, 0)) == "14"
    draw(window, 100, (900, 900))
    small = width_of_arrows(bar)
    window = open_window("xor", size=(1400, 1020))
    draw(window, 200, (1400, 1020))
    scrolls = window.board.docks["Training"].findChild(QScrollArea).horizontalScrollBar()
    window.main_window.resize(1920, 1060)
    settled()
    assert not scrolls.isVisible()
    draw(window, 200, (1800, 1800))
    assert (small, width_of_arrows(window.main_window.findChild(QToolBar))) == (12, 24)


def width_of_arrows(bar):
    """Return how wide the arrows are behind which the rest of the toolbar is."""
    arrows = bar.findChild(QToolButton, "qt_toolbar_ext_button")
    assert arrows.isVisible()
    assert bar.rect().contains(arrows.geometry())
    return arrows.width()


@pytest.mark.parametrize(
    ("window_at", "frame", "screen", "wanted"),
    [
        ((1, 25, 1280, 800), (0, 0, 1282, 826), (0, 0, 1280, 800), (1, 25, 1278, 774)),
        ((500, 400, 900, 600), (499, 375, 902, 626), (0, 0, 1280, 800), (379, 199, 900, 600)),
        ((100, 100, 900, 600), (99, 75, 902, 626), (0, 0, 1920, 1080), (100, 100, 900, 600)),
        ((10, 10, 3000, 2000), (10, 10, 3000, 2000), (0, 30, 1920, 1050), (0, 30, 1920, 1050)),
    ],
)
def test_a_window_is_moved_and_shrunk_into_its_screen_with_its_frame(window_at, frame, screen, wanted):
    assert within(QRect(*window_at), QRect(*frame), QRect(*screen)) == QRect(*wanted)


def test_everything_is_as_large_as_is_wished_or_as_the_screen_has_room_for(settings):
    settings.remember("size", 200)
    screens = {(1920, 1080): 200, (1600, 900): 150, (1366, 768): 150, (1280, 720): 125, (1024, 600): 100}
    window = QSize(1280, 800)
    assert {screen: settings.size_within(QSize(*screen), window) for screen in screens} == screens


def test_an_automatic_size_grows_with_the_window(settings):
    windows = {(1000, 650): 100, (1366, 768): 100, (1600, 1000): 125, (1920, 1080): 125, (2560, 1440): 150}
    screen = QSize(3840, 2160)
    assert {window: settings.size_within(screen, QSize(*window)) for window in windows} == windows
    assert settings.size_within(QSize(1024, 600), QSize(2560, 1440)) == 100, "the screen is too small"


@pytest.mark.fonts
def test_type_in_the_panels_grows_with_the_window_and_shrinks_again(open_window):
    window = open_window("xor", size=(1280, 800))

    def letters():
        return window.training.heading.font().pointSizeF()

    small = letters()
    for size, factor in (((2560, 1440), 1.5), ((1280, 800), 1.0), ((1920, 1080), 1.25)):
        window.main_window.resize(*size)
        settled()
        assert letters() == pytest.approx(factor * small)
        assert window.main_window.size().toTuple() == size


# --- room for what is looked at


def test_a_small_window_has_room_for_all_numbers_and_presenting_for_large_ones(open_window):
    window = open_window("relu", size=(1000, 650))
    settled()
    assert window.board.docks["Data"].height() <= 0.34 * 650
    assert window.diagram.height() >= 0.42 * 650
    for presents in (False, True):
        window.document.show_slopes(not presents)
        if presents:
            choose_entry(window, "Present")
            settled()  # on the whole screen, which is small in these tests
            window.main_window.resize(1920, 1080)
        for name in ("relu", "xor", "two-hidden-layers"):
            window.document.start(load(example(name).path))
            settled()
            labels = window.diagram.picture.labels
            weights = sum(layer.weights.size for layer in window.document.state.network.layers)
            shown = Counter(label.address.kind for label in labels)
            assert shown["weight"] == weights, name
            if name != "two-hidden-layers":  # whose slopes need more room: hover shows them
                assert shown["slope"] == (0 if presents else weights), name
            if presents:  # values are read from the back row
                sizes = [label.size for label in labels if label.address.kind == "value"]
                assert min(sizes) >= 1080 / 30, name


def test_training_gives_the_room_back_that_a_warning_took_unless_it_was_dragged(qtbot, open_window, amount):
    def heights():
        return [window.board.docks[name].height() for name in ("Training", "Notes")]

    def warn_of(sentence):
        """Have the training panel warn of something, or of nothing; wait until its room is laid out anew."""
        before = heights()
        window.training.message.show_warning(sentence)
        qtbot.waitUntil(lambda: heights() != before)

    for size in ((1000, 650), (1280, 800))[amount(quick=1, ci=0, night=0) :]:
        window = open_window("relu", size=size)
        before = heights()
        warn_of(6 * "Nothing comes of it. ")
        warn_of("")
        qtbot.waitUntil(lambda before=before: heights() == before)


class Seen(QObject):
    """Keeps the names of the widgets that get events of one kind, where `of` may be the application."""

    def __init__(self, kind, of):
        super().__init__()
        self._kind, self.names = kind, []
        of.installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == self._kind and isinstance(watched, QWidget):
            self.names.append(watched.objectName() or type(watched).__name__ if watched.isWindow() else "")
        return False


def test_a_window_is_filled_alone_and_an_edit_lays_no_panel_out_anew(open_window):
    shown = Seen(QEvent.Type.Show, QApplication.instance())
    window = open_window("relu")
    assert [*filter(None, shown.names)] == ["MainWindow"]
    QApplication.processEvents()
    laid_out = Seen(QEvent.Type.LayoutRequest, window.training)
    for value in (3, 4, 5):
        state = set_weight(window.document.state, 0, 0, 0, value)
        window.document.push(state, "Edit")
        QApplication.processEvents()
    assert laid_out.names == []


# --- sizes of everything on one screen, in a process of its own

LOW = 580
"""From this height on, at 100 %, the whole Training panel has room beside another one."""
BEGIN = "import sys; from tests.ui import test_geometry; test_geometry.on_one_screen(*map(int, sys.argv[1:]))"
ALL = (*SIZES_PERCENT, *reversed(SIZES_PERCENT))


def test_no_size_leaves_the_screen_or_shrinks_the_diagram_and_panels_are_as_before(amount, tmp_path):
    for screen in ("1366 768", "1280 720", "1600 900", "1920 1080")[: amount(quick=1, ci=4, night=4)]:
        width, height = map(int, screen.split())
        one = {"name": "one", "x": 0, "y": 0, "width": width, "height": height}
        (tmp_path / "screens.json").write_text(json.dumps({"screens": [one]}))
        platform = f"offscreen:configfile={tmp_path / 'screens.json'}"
        percents = amount(quick=(200, 100), ci=ALL, night=ALL)
        words = [sys.executable, "-c", BEGIN, *map(str, percents)]
        done = ended(words, env={**os.environ, "QT_QPA_PLATFORM": platform})
        assert (done[0], done[1].splitlines()) == (0, [f"on {screen}"]), done


def in_time(holds):
    """Return whether a condition comes true in time: on a busy machine the docks take longer."""
    for _ in range(100):
        if holds():
            return True
        QTest.qWait(50)
    return False


def on_one_screen(*percents):
    """Choose one size after the other; print the faults."""
    window = window_in_a_process("forward")
    room, main = application().primaryScreen().availableGeometry(), window.main_window
    docks = window.board.docks

    def panels():
        """Return how wide and high the panels stand at the right, and how high below."""
        return docks["Training"].width(), docks["Training"].height(), docks["Data"].height()

    def drawn():
        """Return how high a node is on the diagram, and how large the letters of a weight."""
        picture = window.diagram.picture
        return place(window, Address("node", 0, 0)).height, picture.label(Address("weight", 0, 0, 0)).size

    def compare(before):
        if not in_time(lambda: np.allclose(before, panels(), rtol=0, atol=4)):
            print("panels", before, panels())

    def choose(percent):
        window.set_size(percent)
        QTest.qWait(100)

    main.resize(room.size())
    main.show()
    main.fit_screen()
    window.set_size(percents[-1])  # the automatic size depends on the screen
    window.history.load()
    seen = [()]
    while len(set(seen[-5:])) > 1 or len(seen) < 6:  # the docks ask for their room in a few rounds
        QTest.qWait(60)
        seen.append((panels(), drawn()))
    before, small = seen[-1]
    for percent in percents:
        choose(percent)
        QTest.mouseClick(window.training, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))  # which drags nothing
        # downwards Training may scroll where everything is low
        may = {Qt.Orientation.Vertical} if room.height() * 100 / percent < LOW else set()
        for what, holds in {
            "leaves the screen": lambda: room.contains(main.frameGeometry()),
            "shrinks the diagram": lambda: all(a >= b for a, b in zip(drawn(), small, strict=True)),
            "scrolls in Training": lambda may=may: bars(docks["Training"]) <= may,
        }.items():
            if not in_time(holds):
                print(percent, what)
    compare(before)
    end_process(f"on {room.width()} {room.height()}")
