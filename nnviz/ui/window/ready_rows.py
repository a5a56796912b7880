"""The menu of the tables that ship with nnviz: each opens with a network for its columns."""

from __future__ import annotations

from functools import partial

from nnviz.files.table.ready_sets import READY_SETS, ReadySet
from nnviz.ui.window.menus import Entry, Menu
from nnviz.ui.window.workspace import Workspace


def ready_menu(workspace: Workspace) -> Menu:
    """Return the menu."""
    return Menu(
        "Open rea&dy rows",
        (
            tuple(
                Entry(f"ready {each.name}", each.title, partial(_open, workspace, each), tip=each.line)
                for each in READY_SETS
            ),
        ),
    )


def _open(workspace: Workspace, ready: ReadySet) -> None:
    """Open it as an example is opened."""
    workspace.files.open_new(ready.state(), f"{ready.title}: {ready.line}", example=True)
