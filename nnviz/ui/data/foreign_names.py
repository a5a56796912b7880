"""The question whether nodes are called as the columns of rows that somebody brings."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.core import edits
from nnviz.core.names import listed
from nnviz.files.table.placing import in_their_order
from nnviz.ui.data.paste import Taken
from nnviz.ui.widgets.dialogs import lettered, message_box, primary


def with_names(window: QWidget, taken: Taken) -> Taken | None:
    """Return what is taken, its nodes called as the columns where a person wants it; None to leave all.

    Nothing is asked where the columns have no names of their own, or none that the nodes can have.
    """
    if not taken.foreign:
        return taken
    network = taken.state.network
    kept = taken._replace(said=f"{taken.said}; {in_their_order(taken.foreign, taken.state)}")
    try:
        renamed = edits.rename_columns(taken.state, taken.foreign)
    except ValueError:
        return kept
    names = [*network.inputs, *network.outputs]
    called, own = listed(list(taken.foreign.values())), listed([names[i] for i in taken.foreign])
    question = f"The columns are called {called}, the nodes {own}. Rename the nodes?"
    more = "They are taken in this order either way; Undo takes all back."
    box = message_box(window, question, more)
    rename = box.addButton("&Rename the nodes", QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton("&Keep the names", QMessageBox.ButtonRole.DestructiveRole)
    lettered(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setDefaultButton(primary(rename))
    box.exec()
    if box.clickedButton() is rename:
        return Taken(renamed, f"{taken.said}; the nodes are called {called}", {})
    return kept if box.clickedButton() is keep else None
