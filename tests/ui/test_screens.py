"""Small screens and projectors: a toolbar without room for its last buttons, and everything drawn larger."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolBar, QToolButton

from nnviz.core.address import Address
from tests.ui.hands import entry
from tests.ui.sees import offered, status, written


def test_the_last_button_of_the_toolbar_comes_with_a_click(qtbot, open_window):
    window = open_window("calculating-slopes", size=(1000, 650))
    bar = window.main_window.findChild(QToolBar)
    slopes = bar.widgetForAction(offered(window, "Show slopes"))
    assert not slopes.isVisible()
    further = next(own for own in bar.findChildren(QToolButton) if own.toolTip() == "What has no room here")
    assert not further.icon().isNull()
    QTest.mouseClick(further, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(slopes.isVisible)
    QTest.mouseClick(slopes, Qt.MouseButton.LeftButton)
    assert written(window, Address("slope", 0, 0, 0)) == "14"


def test_a_size_for_the_projector_is_remembered_and_its_start_told(open_window, settings):
    window = open_window("relu")
    view = entry(window.main_window.menuBar(), "View").menu()
    sizes = entry(view, "Size of everything").menu()
    assert entry(sizes, "100 %").isChecked()
    entry(sizes, "150 %").trigger()
    assert (settings.size, status(window)) == (150, "Everything is drawn at 150 % from the next start on")
    assert [own.text() for own in sizes.actions() if own.isChecked()] == ["150 %"]
