"""The panel of the loss in its window: called as the loss in use on its tab and in the menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QAction

from nnviz.ui.window.workspace import Workspace

ACCURACY = "accuracy"
"""The switch that draws the accuracy instead of the loss, as it is remembered."""


def keep_called(workspace: Workspace, action: QAction) -> None:
    """Have dock and menu entry of the panel follow the loss in use, and remember its switch."""
    card, dock, settings = workspace.history, workspace.board.docks["MSE"], workspace.settings
    for call in (dock.call, action.setText):
        call(card.short)
        card.called.connect(call)
    card.show_accuracy(settings.flag(ACCURACY, first=False))
    card.accuracy_chosen.connect(partial(settings.remember, ACCURACY))
