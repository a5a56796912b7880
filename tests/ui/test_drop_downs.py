"""Drop-downs: every item of an opened list is in sight and whole, whatever the list belongs to."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QTabBar, QWidget

from nnviz.ui.widgets.choice import MOST_SEEN, Choice
from nnviz.ui.window.new_network import NewNetwork

FRAME_PX = 12
"""What is around the items of a list, above and below."""


def opened(box):
    """Open a drop-down with a click; return its list."""
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(box.width() - 10, box.height() // 2))
    QApplication.processEvents()
    view = box.view()
    assert view.isVisible()
    assert box.screen().geometry().contains(view.window().geometry()), "the list leaves the screen"
    return view


def close(view):
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible()


def is_whole(box, k):
    """Tell whether an item of the opened list is in sight from edge to edge."""
    view, index = box.view(), box.model().index(k, box.modelColumn(), box.rootModelIndex())
    room, item = view.viewport().rect(), view.visualRect(index)
    high_enough = room.top() <= item.top() and item.bottom() <= room.bottom()
    return high_enough and view.sizeHintForIndex(index).width() <= room.width()


def has_room(box):
    """Tell whether the screen has room for all items, above the box or below it."""
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
    close(view)
    return cut


def boxes_in(widget):
    return [box for box in widget.findChildren(QComboBox) if box.isVisible()]


TABS = [("MSE", 3), ("2 weights", 5), ("Function", 5), ("Matrix", 4), ("Classes", 3)]


@pytest.mark.parametrize(("tab", "count"), TABS)
def test_every_drop_down_of_the_window_shows_all_its_items(open_window, tab, count):
    screen = QApplication.primaryScreen().availableSize()
    window = open_window("xor", (min(1280, screen.width()), min(800, screen.height())))
    for bar in window.main_window.findChildren(QTabBar):
        for k in range(bar.count()):
            if bar.tabText(k).casefold() == tab.casefold():
                bar.setCurrentIndex(k)
    QApplication.processEvents()
    boxes = boxes_in(window.main_window)
    assert len(boxes) == count
    for box in boxes:
        assert cut_off(box) == [], box.accessibleName()


def test_the_activations_of_a_new_network_are_all_in_sight(qtbot):
    dialog = NewNetwork()
    qtbot.addWidget(dialog)
    dialog.show()
    assert cut_off(dialog.activation) == []


def test_the_file_types_of_a_dialog_are_all_in_sight(qtbot):
    dialog = QFileDialog(None, "Save", str(Path.home()), "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)")
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.resize(dialog.sizeHint().boundedTo(dialog.screen().availableSize() * 0.9))
    qtbot.addWidget(dialog)
    dialog.show()
    assert cut_off(dialog.findChild(QComboBox, "fileTypeCombo")) == []


@pytest.fixture
def narrow(qtbot):
    """Return a function that makes a narrow box of so many long names, half-way down the screen."""
    place = QWidget()
    qtbot.addWidget(place)

    def make(count):
        box = Choice()
        box.setParent(place)
        box.addItems([f"weight {k} of a node with a long name" for k in range(count)])
        box.resize(90, 30)
        place.setGeometry(10, place.screen().geometry().center().y() - 15, 120, 60)
        place.show()
        return box

    return make


def test_a_list_of_many_scrolls(narrow):
    box = narrow(MOST_SEEN + 10)
    view = opened(box)
    seen = [k for k in range(box.count()) if is_whole(box, k)]
    close(view)
    assert 5 < len(seen) <= MOST_SEEN
    assert cut_off(box) == []


def test_a_list_without_room_for_all_its_items_scrolls_and_shows_each_of_them_whole(narrow):
    box = narrow(MOST_SEEN)
    assert not has_room(box)
    assert cut_off(box) == []


def test_a_text_without_room_is_shortened_in_its_middle_and_keeps_both_ends(qtbot):
    def painted(text):
        box = Choice()
        qtbot.addWidget(box)
        box.addItem(text)
        box.resize(160, 30)
        box.show()
        return box.grab().toImage()

    long, left = painted("a_name_that_is_much_too_long → node_0"), range(3, 14)  # letters at either end
    assert long in [painted(f"{'a_name_that_is'[:k]}…{'long → node_0'[-n:]}") for k in left for n in left]
