"""What the Help menu shows: a sheet of all keys and gestures, and what nnviz is."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QTextBrowser, QVBoxLayout, QWidget

from nnviz.ui.window.menus import Table

Rows = tuple[tuple[str, str], ...]

ON_THE_DIAGRAM, EVERYWHERE = "On the diagram, with the keyboard", "Everywhere"
GESTURES: tuple[tuple[str, Rows], ...] = (
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
        ON_THE_DIAGRAM,
        (
            ("arrows", "move the selection: left and right from node to edge to node, up and down within"),
            ("Enter, F2", "edit the number, rename the node"),
            ("+ −, Page Up, Page Down", "change the selected number by 0.1, by 1; with Alt + − by 0.01"),
            ("Escape", "end the walk, select nothing"),
            ("Tab", "leave the diagram"),
        ),
    ),
    (
        "In a number that is open",
        (
            ("Enter, Tab, Escape", "accept, accept and go to the next, restore"),
            ("up, down, wheel", "change it by 0.1; with Shift by 1, with Alt by 0.01"),
            ("the same in a whole number", "change it by 1; with Shift by 10"),
            (
                "the same in the learning rate",
                "change its first digit; with Alt the second, with Shift tenfold",
            ),
            ("drag sideways in a setting of the run", "the same, where it was not open yet"),
            ("0.5, 0,5, 1/2, −3, 1e-3", "are numbers"),
        ),
    ),
    (
        "In the data table",
        (
            ("drag a number sideways", "change it by 0.1; with Shift by 1, with Alt by 0.01"),
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
    (EVERYWHERE, ()),
)
"""What the mouse does, and the keys that are no action's: they depend on where they are pressed."""


def sheet(table: Table) -> tuple[tuple[str, Rows], ...]:
    """Return every key and gesture and what it does, by the place where it does so."""
    rows: dict[str, list[tuple[str, str]]] = {ON_THE_DIAGRAM: [], EVERYWHERE: []}
    for entry in (entry for menu in table for entry in menu.entries()):
        if keys := [each.toString(QKeySequence.SequenceFormat.NativeText) for each in entry.shortcuts]:
            words = entry.words[0].lower() + entry.words[1:]
            rows[ON_THE_DIAGRAM if entry.within else EVERYWHERE].append((", ".join(keys), words))
    return tuple((place, (*known, *rows.get(place, ()))) for place, known in GESTURES)


class KeysHelp(QDialog):
    """Lists what `sheet` returns."""

    def __init__(self, table: Table, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(620, 640)
        page = QTextBrowser()
        page.setFrameShape(QTextBrowser.Shape.NoFrame)
        page.setAccessibleName("Keys and mouse")
        page.setHtml("".join(_html(title, rows) for title, rows in sheet(table)))
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.addWidget(page, 1)
        column.addWidget(box)


def _html(title: str, rows: Rows) -> str:
    cells = "".join(_row(key, does) for key, does in rows)
    return f"<h4>{title}</h4><table cellpadding='3'>{cells}</table>"


def _row(key: str, does: str) -> str:
    return f"<tr><td width='240'><b>{escape(key)}</b></td><td>{escape(does)}</td></tr>"


def about(parent: QWidget) -> None:
    """Show what nnviz is, its version, and what it is built on."""
    import numpy as np

    from nnviz import __version__  # looks into the installed packages, which takes long

    said = (
        f"nnviz {__version__}",
        "See a small neural network compute, touch its weights, watch it learn.",
        "Every number is float64 and can be redone by hand. The loss is the MSE, the mean of error² over "
        "rows and outputs; a slope is ∂MSE/∂w.",
        f"Qt {qVersion()}, NumPy {np.__version__}. MIT License.",
    )
    QMessageBox.about(parent, "About nnviz", "\n\n".join(said))
