"""The plots over weights stand whole within their panels, however low or high these are."""

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QScrollArea

from nnviz.core.address import Address
from tests.ui import hands

WEIGHTS = [Address("weight", 0, 0, 0), Address("weight", 0, 0, 1)]


@pytest.fixture
def open_plot(qtbot, open_window):
    """Return a function that opens a window of a size with one of the plots, and returns its dock."""

    def open_it(name, size):
        window = open_window("many-rows", size)
        window.library.load()
        hands.bring(window, name)
        dock = window.board.docks[name]
        qtbot.waitUntil(lambda: dock.card is not None)
        window.selection.select(*WEIGHTS[: dock.card.view.wanted])
        qtbot.waitUntil(lambda: not dock.card.work.busy and dock.card.plot is not None)
        return window, dock

    return open_it


def in_sight(dock, widget):
    """Tell whether all of a widget is within what is seen of a panel."""
    view = dock.findChild(QScrollArea).viewport()
    return view.rect().contains(QRect(widget.mapTo(view, QPoint()), widget.size()))


def is_whole(dock):
    card, scrolls = dock.card, dock.findChild(QScrollArea).verticalScrollBar()
    needs = card.caption.heightForWidth(card.caption.width())
    return (
        not scrolls.isVisible()
        and in_sight(dock, card)
        and in_sight(dock, card.plane)
        and in_sight(dock, card.caption)
        and needs <= card.caption.height()
    )


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("name", ["1 weight", "2 weights"])
def test_plot_and_caption_are_in_sight_without_scrolling(qtbot, open_plot, name, size):
    _, dock = open_plot(name, size)
    qtbot.waitUntil(lambda: is_whole(dock) and dock.card.plane.height() > 150)


@pytest.mark.parametrize("name", ["1 weight", "2 weights"])
def test_in_a_tall_column_the_plot_takes_the_height(qtbot, open_plot, name):
    window, dock = open_plot(name, (1920, 1080))
    window.board.tabifyDockWidget(window.board.docks["Explain"], dock)
    dock.come()
    qtbot.waitUntil(lambda: is_whole(dock) and dock.card.plane.height() > 0.7 * dock.height())
