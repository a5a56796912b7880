"""The table of panels: name, place at the first start, description and factory of each panel.

Each panel has one file and one line in the table. A panel is imported only when it is made.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nnviz.ui.window.window import Panel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nnviz.ui.kit.card import Card
    from nnviz.ui.window.workspace import Workspace


def _code(workspace: Workspace) -> Card:
    from nnviz.ui.panels.code import CodePanel

    settings, style = workspace.settings, "code style"
    card = CodePanel(
        workspace.document,
        workspace.selection,
        workspace.player,
        settings.text(style),
        workspace.files.suggestion,
    )
    card.style_chosen.connect(partial(settings.remember, style))
    card.address_hovered.connect(workspace.diagram.hover)
    card.said.connect(workspace.status.show_message)
    return card


def _over_one_weight(workspace: Workspace) -> Card:
    from nnviz.ui.panels.loss import LossPanel
    from nnviz.ui.panels.loss_curve import LossCurve

    card = LossPanel(LossCurve(), workspace.document, workspace.selection, workspace.derived)
    return workspace.connect_pictures(card)


def _over_two_weights(workspace: Workspace) -> Card:
    from nnviz.ui.panels.loss import LossChoice, LossPanel
    from nnviz.ui.panels.loss_map import LossSurface

    document, selection = workspace.document, workspace.selection
    view, choice = LossSurface(workspace.runner.travel.past), LossChoice(document, selection)
    card = LossPanel(view, document, selection, workspace.derived, choice)
    return workspace.connect_pictures(card)


def _activation(workspace: Workspace) -> Card:
    from nnviz.ui.panels.activation import ActivationPanel

    card = ActivationPanel(workspace.document, workspace.selection, workspace.derived)
    return workspace.connect_pictures(card)


def _function(workspace: Workspace) -> Card:
    from nnviz.ui.panels.function import FunctionPanel

    card = FunctionPanel(workspace.document, workspace.selection, workspace.derived)
    card.said.connect(workspace.status.show_message)
    return workspace.connect_pictures(card)


def _confusion(workspace: Workspace) -> Card:
    from nnviz.ui.panels.confusion import ConfusionPanel

    card, data = ConfusionPanel(workspace.document, workspace.derived), workspace.data

    def list_rows(rows: NDArray[np.intp], description: str) -> None:
        workspace.board.docks["Data"].bring_to_front()
        data.show_only(rows, description)

    card.rows_requested.connect(list_rows)
    card.all_rows_requested.connect(data.show_all)
    workspace.files.opened.connect(data.show_all)
    card.said.connect(workspace.status.show_message)
    return workspace.connect_pictures(card)


def _matrix(workspace: Workspace) -> Card:
    from nnviz.ui.panels.matrix import WeightMatrix

    return workspace.connect_pictures(WeightMatrix(workspace.document, workspace.selection))


PANELS = (
    Panel("Training", "right, above", "has the training settings and starts a run", lambda own: own.training),
    Panel("Explain", "right", "shows how the selected number is computed", lambda own: own.explain),
    Panel("Activation", "right", "plots the selected node's activation function", _activation),
    Panel("Function", "right", "plots the network's output over its inputs", _function),
    Panel("Classes", "right", "counts the rows by target class and predicted class", _confusion),
    Panel("Notes", "right", "says what to try and what to look for", lambda own: own.notes),
    Panel("Code", "right", "shows the network as a program", _code),
    Panel("Data", "below, left", "lists the rows, their predictions and errors", lambda own: own.data),
    Panel("MSE", "below", "plots the loss after every update", lambda own: own.history),
    Panel("1 weight", "below", "plots the loss over the selected weight", _over_one_weight),
    Panel("2 weights", "below", "plots the loss over two selected weights", _over_two_weights),
    Panel("Matrix", "below", "shows a layer's weights as an image", _matrix),
)
