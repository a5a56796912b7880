"""Asks which rows to make, and puts them into the document, or opens them with a network made for them."""

from __future__ import annotations

from nnviz.ui.made.dialog import MakeRows
from nnviz.ui.window.workspace import Workspace


def make_rows(workspace: Workspace) -> None:
    """Ask for rows. For the open network they are an edit; with a network of their own a new document."""
    document = workspace.document
    if not document.may_change():
        return
    workspace.runner.pause()
    dialog = MakeRows(workspace.main_window, document.state)
    if dialog.exec():
        if dialog.suiting.isChecked():
            workspace.files.open_new(dialog.state(), dialog.said)
        else:
            workspace.diagram.session.close()
            if document.edit(f"Make rows: {dialog.kind.title}", lambda _: dialog.state()):
                workspace.selection.row = 0
                workspace.status.say(dialog.said)
    dialog.setParent(None)  # else Python keeps it, with its plot, once Qt has deleted it
    dialog.deleteLater()
