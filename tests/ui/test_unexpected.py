"""An exception that nothing has caught is told once, and the window goes on."""

import sys

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox

from nnviz.ui.window.app import tell_unexpected
from tests.ui.hands import address_named, choose, set_number
from tests.ui.sees import status


@pytest.fixture
def window(open_window, monkeypatch):
    window = open_window("relu")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    tell_unexpected(window.main_window, window.status.say)
    return window


def fail():
    raise ZeroDivisionError("a slot divided by 0")


def test_a_slot_that_fails_is_told_with_its_details(window, answer, qtbot, capsys):
    told = []
    answer(QMessageBox, choose("Copy details", told))
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: status(window) == "Copied the details of the error")
    assert told[0].startswith("An error inside nnviz: ZeroDivisionError: a slot divided by 0")
    details = QGuiApplication.clipboard().text()
    assert "Traceback" in details
    assert "in fail" in details
    assert details in capsys.readouterr().err
    set_number(window, address_named(window, "node_0", window.document.state.network.inputs[0]), "3")
    assert window.document.state.network.layers[0].weights[0, 0] == 3.0


def test_the_same_fault_again_and_a_fault_meanwhile_open_no_more_boxes(window, answer, qtbot):
    boxes = []

    def fail_again(box):
        boxes.append(box)
        QTimer.singleShot(0, fail)
        QTimer.singleShot(0, lambda: {}["another"])
        qtbot.waitUntil(lambda: "KeyError" in status(window))
        QApplication.processEvents()
        assert len([own for own in QApplication.topLevelWidgets() if isinstance(own, QMessageBox)]) == 1
        choose("Close")(box)

    answer(QMessageBox, fail_again)
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: bool(boxes) and QApplication.activeModalWidget() is None)
    QTimer.singleShot(0, fail)
    QApplication.processEvents()
    assert QApplication.activeModalWidget() is None


def test_ctrl_c_in_a_terminal_opens_no_box(window, capsys):
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    QApplication.processEvents()
    assert QApplication.activeModalWidget() is None
    assert "KeyboardInterrupt" in capsys.readouterr().err
