"""The help window that lists what keys and mouse do."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

KEYS = (
    (
        "On the diagram, with the mouse",
        (
            ("click a number", "edit it where it stands"),
            ("drag a number sideways", "change it by 0.1; with Shift by 1, with Alt by 0.01"),
            ("click a name", "rename the node"),
            ("click an edge or a node", "select it: Explain tells where its numbers come from"),
            ("Ctrl or Shift + click on an edge", "choose a second weight for the MSE over two weights"),
            ("double click on an edge", "edit its weight where the number has no room"),
            ("wheel, drag, double click on nothing", "zoom, pan, show everything"),
            ("right click", "nodes, layers, activation, biases"),
        ),
    ),
    (
        "On the diagram, with the keyboard",
        (
            ("arrows", "move the selection: left and right from node to edge to node, up and down within"),
            ("Enter, F2", "edit the number, rename the node"),
            ("+ −, Page Up, Page Down", "change the selected number by 0.1, by 1; with Alt + − by 0.01"),
            ("Space", "play or pause the walk"),
            (". and ,", "one step of the walk on, one back"),
            ("Home, Escape", "to the start of the phase, end the walk"),
            ("Tab", "leave the diagram"),
        ),
    ),
    (
        "In a number that is open",
        (
            ("Enter, Tab, Escape", "accept, accept and go to the next, restore"),
            ("up, down, wheel", "change it by 0.1; with Shift by 1, with Alt by 0.01"),
            ("0.5, 0,5, 1/2, −3, 1e-3", "are numbers"),
        ),
    ),
    (
        "In the data table",
        (
            ("Ctrl+C", "copy the selected rows"),
            ("Ctrl+V", "paste numbers from the current cell on; rows are added where they are needed"),
            ("Delete", "remove the selected rows"),
            ("right click, menu key", "all of these, and rows from a CSV file"),
        ),
    ),
    (
        "On the curve of the MSE",
        (
            ("drag the ring", "go to another iteration of the run"),
            ("wheel, drag, double click", "zoom, pan, show everything"),
            ("left, right, Home, End", "read a point out"),
        ),
    ),
    (
        "Everywhere",
        (
            ("F5, F10, Shift+F10", "run or pause, one update on, one back"),
            ("Ctrl+Z, Ctrl+Shift+Z", "undo, redo"),
            ("Ctrl+L, Ctrl+E", "show slopes, focus on the selection"),
            ("Ctrl+F", "find a node or an edge"),
            ("Ctrl+Up, Ctrl+Down", "previous row, next row"),
            ("Ctrl+N, Ctrl+O, Ctrl+S", "new, open, save"),
            ("Ctrl+Shift+S, Ctrl+Shift+E", "save elsewhere, export the diagram"),
            ("Ctrl+0", "show the whole network"),
        ),
    ),
)


class KeysHelp(QDialog):
    """Lists KEYS."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(620, 640)
        page = QTextBrowser()
        page.setFrameShape(QTextBrowser.Shape.NoFrame)
        page.setAccessibleName("Keys and mouse")
        page.setHtml("".join(_table(title, rows) for title, rows in KEYS))
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.addWidget(page, 1)
        column.addWidget(box)


def _table(title: str, rows: tuple[tuple[str, str], ...]) -> str:
    cells = "".join(f"<tr><td width='240'><b>{key}</b></td><td>{does}</td></tr>" for key, does in rows)
    return f"<h4>{title}</h4><table cellpadding='3'>{cells}</table>"
