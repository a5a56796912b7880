"""Asks where the rows are written as a CSV file with their predictions, and writes them."""

from __future__ import annotations

from nnviz.core.names import file_named
from nnviz.core.numbers import counted
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.progress import CancelledError
from nnviz.files.table.writing import rows_of_state
from nnviz.ui.widgets.ask_where import ask_where
from nnviz.ui.widgets.dialogs import tell
from nnviz.ui.widgets.waiting import Waiting
from nnviz.ui.window.workspace import Workspace


def export_rows(workspace: Workspace) -> None:
    """Write the rows that there are, raw as a table has them, with what the network predicts now."""
    state, window, say = workspace.document.state, workspace.main_window, workspace.status.say
    if not len(state.data):
        say("There are no rows to export")
        return
    suggestion = workspace.files.suggestion("-predicted.csv")
    path = ask_where(window, "Export rows", suggestion, {"CSV": (".csv",)})
    if path is None:
        return
    name = file_named(path)
    try:
        with Waiting(window, f"Writing {name}") as writing:
            atomic.write(path, rows_of_state(state, writing))
    except CancelledError:
        say(f"{name} was not written")
    except FileError as error:
        say(str(error))
        tell(window, str(error))
    else:
        say(f"Exported {name}: {counted(len(state.data), 'row')} with the predictions")
