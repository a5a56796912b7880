"""Drop-downs: every item of an opened list is in sight and whole, whatever the list belongs to."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QTabBar, QWidget

from nnviz.ui.widgets.choice import MOST_SEEN, Choice
from nnviz.ui.window.new_network import NewNetwork


def cut_off(box):
    """Open a drop-down with a click; return the items that are not in sight from edge to edge."""
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(box.width() - 10, box.height() // 2))
    QApplication.processEvents()
    view = box.view()
    assert view.isVisible()
    assert box.screen().geometry().contains(view.window().geometry()), "the list leaves the screen"
    cut = []
    for k in range(box.count()):
        index = box.model().index(k, box.modelColumn(), box.rootModelIndex())
        room, place = view.viewport().rect(), view.visualRect(index)
        high_enough = room.top() <= place.top() and place.bottom() <= room.bottom()
        if not high_enough or view.sizeHintForIndex(index).width() > room.width():
            cut.append(box.itemText(k))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible()
    return cut


def boxes_in(widget):
    return [box for box in widget.findChildren(QComboBox) if box.isVisible()]


@pytest.mark.parametrize(("tab", "count"), [("MSE", 2), ("2 weights", 4), ("Matrix", 3)])
def test_every_drop_down_of_the_window_shows_all_its_items(open_window, tab, count):
    window = open_window("xor")
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
    qtbot.addWidget(dialog)
    dialog.show()
    assert cut_off(dialog.findChild(QComboBox, "fileTypeCombo")) == []


def test_a_list_is_as_wide_as_its_items_and_scrolls_where_there_are_many(qtbot):
    place = QWidget()
    qtbot.addWidget(place)
    box = Choice()
    box.setParent(place)
    box.addItems([f"weight {k} of a node with a long name" for k in range(MOST_SEEN + 10)])
    box.resize(90, 30)
    place.resize(120, 60)
    place.show()
    assert len(cut_off(box)) == 10


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
