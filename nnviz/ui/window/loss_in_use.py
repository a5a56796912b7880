"""The loss in use, in its window: how its panel is called, and what is said where nnviz chose it."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QAction

from nnviz.core.losses import LOSSES
from nnviz.core.state import State
from nnviz.ui.training.fit import misfit
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


def tell_changed_loss(workspace: Workspace) -> None:
    """Say that the output's activation changed the loss, and offer the loss before where that fits."""
    document, status = workspace.document, workspace.status

    def use(before: str) -> None:
        workspace.training.choose_loss(before)
        status.say(f"Loss: {document.state.measure.word}")

    def say(before: str) -> None:
        loss, output = document.state.measure, document.state.network.layers[-1].function.base
        status.say(f"Loss: {loss.word}, the usual one for {output}. {status.text}")
        if not misfit(before, output):
            title = LOSSES[before][0].title
            status.offer(f"Use &{title}", partial(use, before), f"Train by {title} instead")

    def follow(old: State, new: State) -> None:
        if old.training.loss != new.training.loss:
            status.withdraw()

    workspace.files.loss_changed.connect(say)
    document.state_changed.connect(follow)
