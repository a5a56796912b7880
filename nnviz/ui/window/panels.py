"""The table of panels: the name, first place, tooltip and factory of each panel.

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
    card.said.connect(workspace.status.say)
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
    card.said.connect(workspace.status.say)
    return workspace.connect_pictures(card)


def _confusion(workspace: Workspace) -> Card:
    from nnviz.ui.panels.confusion import ConfusionPanel

    card, data = ConfusionPanel(workspace.document, workspace.derived), workspace.data

    def list_rows(rows: NDArray[np.intp], description: str) -> None:
        workspace.board.docks["Data"].bring_to_front()
        data.show_only(rows, description)

    card.rows_requested.connect(list_rows)
    card.all_wished.connect(data.show_all)
    workspace.files.opened.connect(data.show_all)
    card.said.connect(workspace.status.say)
    return workspace.connect_pictures(card)


def _matrix(workspace: Workspace) -> Card:
    from nnviz.ui.panels.matrix import WeightMatrix

    return workspace.connect_pictures(WeightMatrix(workspace.document, workspace.selection))


PANELS = (
    Panel("Training", "right, above", "Training settings, Run and its results", lambda own: own.training),
    Panel("Explain", "right", "How the selected number is computed", lambda own: own.explain),
    Panel("Activation", "right", "The activation of the selected node, with all rows on it", _activation),
    Panel("Function", "right", "The network's output over its inputs", _function),
    Panel("Classes", "right", "Predicted class against target class; a cell lists its rows", _confusion),
    Panel("Notes", "right", "What to try here and what to look for", lambda own: own.notes),
    Panel("Code", "right", "The network as a program", _code),
    Panel("Data", "below, left", "The rows, their predictions and errors", lambda own: own.data),
    Panel("MSE", "below", "The loss after every update", lambda own: own.history),
    Panel("1 weight", "below", "The loss as a function of the selected weight", _over_one_weight),
    Panel("2 weights", "below", "The loss as a function of two weights", _over_two_weights),
    Panel("Matrix", "below", "A layer's weights as an image", _matrix),
)
