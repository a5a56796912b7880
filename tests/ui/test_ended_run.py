"""An edit that ends a run says so, and which key brings the run back."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from tests.ui import hands
from tests.ui.sees import offered, status

ENDED = "; the run of 20 updates ended; Ctrl+Z brings it back"


@pytest.fixture
def after_run(qtbot, open_window):
    """Return a window in which twenty updates were made."""
    window = open_window("twenty-updates")
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        hands.press(window, "Run")
    assert window.document.state.iteration == 20
    return window


def test_a_weight_typed_after_a_run_ends_it_and_says_so(qtbot, after_run):
    weight = Address("weight", 0, 0, 0)
    hands.set_number(after_run, weight, "1")
    qtbot.waitUntil(lambda: status(after_run).endswith(ENDED))
    assert status(after_run).startswith("input_0 → output")
    offered(after_run, "Undo").trigger()
    assert after_run.document.state.iteration == 20
    assert ENDED not in status(after_run)


def test_a_click_on_the_curve_ends_the_run_and_says_so(qtbot, after_run):
    after_run.library.load()
    card = hands.bring(after_run, "1 weight")
    after_run.selection.select(Address("weight", 0, 0, 0))
    qtbot.waitUntil(lambda: not card.work.busy and card.plot is not None)
    middle = card.plane.viewport().rect().center()
    QTest.mouseClick(card.plane.viewport(), Qt.MouseButton.LeftButton, pos=middle + QPoint(60, -20))
    qtbot.waitUntil(lambda: status(after_run) == f"Set input_0 → output{ENDED}")
    qtbot.waitUntil(lambda: not card.work.busy)
    QTest.mouseClick(card.plane.viewport(), Qt.MouseButton.LeftButton, pos=middle + QPoint(-40, -20))
    qtbot.waitUntil(lambda: status(after_run) == "Set input_0 → output")  # one Ctrl+Z more is needed now


def test_while_the_edit_goes_on_it_stays_said_and_the_next_edit_says_its_own(qtbot, after_run):
    weight = Address("weight", 0, 0, 0)
    hands.drag(after_run.diagram, hands.point(after_run, weight), 60)
    qtbot.waitUntil(lambda: status(after_run).endswith(ENDED))
    said = status(after_run).removesuffix(ENDED)
    assert said.endswith(hands.written(after_run, weight))
    hands.set_number(after_run, weight, "7")
    qtbot.waitUntil(lambda: "ended" not in status(after_run))


def test_a_run_that_is_undone_has_not_ended(qtbot, after_run):
    offered(after_run, "Undo").trigger()
    QApplication.processEvents()  # what an edit says comes a moment later
    assert status(after_run).startswith("Undone: ")
    assert "ended" not in status(after_run)
