"""The boxes that offer what goes together, where a loss does not go with the output's activation."""

from __future__ import annotations

from typing import cast

from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from nnviz.core.losses import LOSSES, fitting, loss_of, usual
from nnviz.core.state import State
from nnviz.ui.widgets.dialogs import lettered, message_box, primary

BOTH = "The loss and the output’s activation change together; Undo takes both back."


def misfit(loss: str, output: str) -> str:
    """Return the sentence that says why a loss does not go with an output's activation; "" where it does."""
    try:
        loss_of(loss, output)
    except ValueError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    return ""


def advice(loss: str, output: str) -> str:
    """Return what to choose for a softmax that is to be trained with another loss than is usual; else ""."""
    if output != "softmax" or loss == usual(output):
        return ""
    return f"Softmax is usually trained with {LOSSES[usual(output)][0].word}: choose it as Loss"


def ask_output(state: State, loss: str) -> str | None:
    """Ask which activation the output is to have, so that `loss` goes with it; None where it is to stay.

    What fits best comes first. For one output that is sigmoid alone: softmax would make it 1 on every row.
    """
    layer = state.network.layers[-1]
    offered = [name for name in fitting(loss) if len(layer) > 1 or name != "softmax"]
    buttons = {f"Use {name[0]}&{name[1:]}": name for name in offered}  # both begin with the same letter
    return _asked(misfit(loss, layer.function.base), buttons)


def ask_loss(state: State, output: str) -> str | None:
    """Ask whether the usual loss is to be taken, so that the output can have the activation `output`."""
    why = misfit(state.training.loss, output).replace("has", "would have")
    fitting_loss = usual(output)
    return _asked(why, {f"Use &{LOSSES[fitting_loss][0].title}": fitting_loss})


def _asked(why: str, buttons: dict[str, str]) -> str | None:
    """Say why, and ask; the first button is the primary one. Return what the pressed one stands for."""
    box = message_box(QApplication.activeWindow(), why, BOTH)
    accept = QMessageBox.ButtonRole.AcceptRole
    given = {box.addButton(text, accept): answer for text, answer in buttons.items()}
    lettered(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setDefaultButton(primary(next(iter(given))))
    box.exec()
    return given.get(cast(QPushButton, box.clickedButton()))
