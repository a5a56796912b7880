"""Wherever the window says what it measures, it says the loss in use: with cross-entropy nothing says MSE."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHeaderView, QTabBar, QTextBrowser, QWidget

from nnviz.core import edits
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.clipped import clipped, walk_panels
from tests.ui.hands import address_named, click

OUTPUTS = {"sigmoid": "xor", "softmax": "spiral"}
"""An output activation, and an example that gets it."""


def by_cross_entropy(output):
    state = load(example(OUTPUTS[output]).path)
    return replace(edits.set_loss(replace(state, notes=""), "cross_entropy", output), run=None)


def said(window):
    """Return everything that a window says: texts, tooltips, what a screen reader is told, axes, entries."""
    texts = [label.text for label in window.diagram.picture.labels]
    for widget in window.main_window.findChildren(QWidget):
        if not widget.isVisible():
            continue
        texts += [
            widget.toolTip(),
            widget.accessibleName(),
            widget.accessibleDescription(),
            widget.statusTip(),
        ]
        if isinstance(widget, QComboBox):
            texts.append(widget.currentText())
        elif isinstance(widget, QTabBar):
            texts += [
                text for k in range(widget.count()) for text in (widget.tabText(k), widget.tabToolTip(k))
            ]
        elif isinstance(widget, QHeaderView):
            ways = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole
            model, way = widget.model(), widget.orientation()
            texts += [str(model.headerData(k, way, role)) for k in range(widget.count()) for role in ways]
        elif isinstance(widget, QTextBrowser):
            texts.append(widget.toPlainText())
        elif hasattr(widget, "text") and callable(widget.text):
            texts.append(widget.text())
        if hasattr(widget, "plotItem"):
            texts += [widget.plotItem.getAxis(side).labelText for side in ("left", "bottom")]
    for action in window.main_window.findChildren(QAction):
        texts += [action.text(), action.toolTip(), action.statusTip()]
    return texts


@pytest.mark.parametrize("output", OUTPUTS)
def test_with_cross_entropy_in_use_nothing_says_mse(qtbot, open_window, output):
    window = open_window(by_cross_entropy(output))
    window.selection.show_slopes(True)
    click(window, address_named(window, window.document.state.network.outputs[0]))
    found = {}
    for ran in (False, True):
        if ran:  # the plots say other things then
            window.runner.speed = 1.0
            with qtbot.waitSignal(window.runner.run_ended, timeout=20_000):
                window.runner.run()
        for tab in walk_panels(window):
            for text in said(window):
                if "MSE" in text:
                    found.setdefault(text, tab)
    assert found == {}


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)])
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_longer_word_cuts_nothing_off(qtbot, open_window, output, size):
    window = open_window(by_cross_entropy(output), size=size)
    window.runner.step()
    for tab in walk_panels(window):
        qtbot.waitUntil(lambda: clipped(window.main_window) == [])
        assert (window.main_window.width(), window.main_window.height()) == size, tab
