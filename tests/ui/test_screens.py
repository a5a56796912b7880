"""Small screens and projectors: a toolbar without room for its last buttons, and everything drawn larger."""

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, qWarning
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QToolBar,
    QToolButton,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.ui.window.app import screenshot
from tests.ui.sees import offered, written


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


class Seen(QObject):
    """Counts the events of one kind that any widget, or one, gets."""

    def __init__(self, kind, of=None):
        super().__init__()
        self.kind, self.of, self.widgets, self.windows = kind, of, [], []
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == self.kind and isinstance(watched, QWidget) and self.of in (None, watched):
            self.widgets.append(watched)
            if watched.isWindow():
                self.windows.append(watched)
        return False

    def stop(self):
        QApplication.instance().removeEventFilter(self)


def test_an_edit_does_not_lay_the_training_panel_out_anew(open_window):
    window = open_window("relu")
    QApplication.processEvents()
    seen = Seen(QEvent.Type.LayoutRequest, window.training)
    for value in (3, 4, 5):
        state = edits.set_weight(window.document.state, 0, 0, 0, value)
        window.document.push(state, "Edit")
        QApplication.processEvents()
    seen.stop()
    assert seen.widgets == []


def test_a_window_is_filled_without_another_one_on_the_screen(open_window):
    seen = Seen(QEvent.Type.Show)
    window = open_window("relu")
    seen.stop()
    assert seen.windows == [window.main_window]


@pytest.mark.parametrize("phase", ["forward", "loss", "backward", "update"])
def test_the_word_of_a_phase_that_is_shown_is_not_cut_off(open_window, phase):
    window = open_window("relu")
    window.player.show_phase(phase)
    buttons = window.main_window.findChildren(QPushButton, "segment")
    button = next(each for each in buttons if each.isChecked())
    assert phase in button.text().lower()
    bold = QFont(button.font())
    bold.setWeight(QFont.Weight.DemiBold)
    option = QStyleOptionButton()
    button.initStyleOption(option)
    room = button.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, button).width()
    assert QFontMetrics(bold).horizontalAdvance(button.text()) <= room


def test_a_picture_of_the_window_leaves_qts_warnings_to_be_heard(qtlog, tmp_path):
    screenshot(example("relu").path, tmp_path / "relu.png")
    qWarning("Qt does not like this")
    assert [record.message.strip() for record in qtlog.records] == ["Qt does not like this"]
