"""Asks which rows to make, and puts them into the document as one change."""

from __future__ import annotations

from nnviz.ui.made.dialog import MakeRows
from nnviz.ui.window.workspace import Workspace


def make_rows(workspace: Workspace) -> None:
    """Ask for rows, and take them into what is open; Undo brings back what was there."""
    document = workspace.document
    if not document.may_change():
        return
    workspace.runner.pause()
    dialog = MakeRows(workspace.main_window, document.state)
    if dialog.exec():
        shape = document.state.network.sizes
        workspace.diagram.session.close()
        if document.edit(f"Make rows: {dialog.kind.title}", lambda _: dialog.state()):
            if document.state.network.sizes != shape:
                workspace.diagram.fit()
            workspace.selection.row = 0
            workspace.status.say(dialog.said)
    dialog.setParent(None)  # else Python keeps it, with its plot, once Qt has deleted it
    dialog.deleteLater()
