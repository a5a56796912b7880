"""The Help menu and its pages: a sheet of all keys and gestures, formulas, files, and what nnviz is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QWidget

from nnviz.ui.help.page import Page, Section
from nnviz.ui.window.menus import Entry, Menu, Table

ON_THE_DIAGRAM, EVERYWHERE = "On the diagram, with the keyboard", "Everywhere"
GESTURES: tuple[Section, ...] = (
    (
        "On the diagram, with the mouse",
        (
            ("click a number", "edit it where it stands"),
            ("drag a number sideways", "change it by 0.1; with Shift by 1, with Alt by 0.01"),
            ("click a name", "rename the node"),
            ("click an edge or a node", "select it: Explain tells where its numbers come from"),
            ("Ctrl or Shift + click on an edge", "choose a second weight for the loss over two weights"),
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
            ("Escape", "select nothing"),
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
            ("Delete", "empty the targets of the selected rows, if no other row has one"),
            ("Ctrl+Delete; click on a row's number, Delete", "remove the selected rows"),
            ("right click, menu key", "all of these, and rows from a CSV file"),
        ),
    ),
    (
        "In the matrix of the classes",
        (
            ("arrows, Enter; click", "go to a cell and list its rows in the table"),
            ("Escape, there or in the table", "list all rows again"),
        ),
    ),
    (
        "On the curve of the loss",
        (
            ("drag the ring", "go to another iteration of the run"),
            ("wheel, drag, double click", "zoom, pan, show everything"),
            ("left, right, Home, End", "read a point out"),
        ),
    ),
    (
        "In the code",
        (
            ("click, Enter", "select the weight, or what the line computes; again, what else it computes"),
            ("drag, Shift with arrows", "select its text"),
        ),
    ),
    (
        EVERYWHERE,
        (("text, a cell, a button reached with Tab", "keep the keys that they need from those below"),),
    ),
)
"""What the mouse does, and the keys that are no action's: they depend on where they are pressed."""


def sheet(table: Table) -> tuple[Section, ...]:
    """Return every key and gesture and what it does, by the place where it does so."""
    rows: dict[str, list[tuple[str, str]]] = {ON_THE_DIAGRAM: [], EVERYWHERE: []}
    for entry in (entry for menu in table for entry in menu.entries()):
        if keys := entry.keys_told:
            words = entry.words[0].lower() + entry.words[1:]
            rows[ON_THE_DIAGRAM if entry.within else EVERYWHERE].append((", ".join(keys), words))
    return tuple((place, (*known, *rows.get(place, ()))) for place, known in GESTURES)


def about() -> tuple[Section, ...]:
    """Return what nnviz is, its version, and what it is built on."""
    import numpy as np

    from nnviz import __version__  # looks into the installed packages, which takes long

    return (
        (
            f"nnviz {__version__}",
            (
                ("What it does", "See a small neural network compute, touch its weights, watch it learn."),
                (
                    "Its numbers",
                    "are float64, can be redone by hand, and are not rounded before use.",
                ),
                ("Its connections", "It opens none to a network; a link in notes opens in your browser."),
                ("Built on", f"Qt {qVersion()}, NumPy {np.__version__}"),
                ("Licence", "MIT"),
            ),
        ),
    )


def formulas() -> tuple[Section, ...]:
    """Return how every number comes about."""
    from nnviz.ui.help.formulas import formulas  # each page is imported when it is first read

    return formulas()


def files() -> tuple[Section, ...]:
    """Return what opens and what is saved."""
    from nnviz.ui.help.files import files

    return files()


def help_menu(table: Table, window: QWidget, first_steps: Callable[[], None]) -> Menu:
    """Return the menu of the help; the sheet of keys is that of `table` and of this menu."""

    def show(page: Page) -> None:
        from nnviz.ui.help.help_window import HelpWindow

        (window.findChild(HelpWindow) or HelpWindow(pages, window)).open_at(page.title)

    pages = (
        Page("Keys and mouse", lambda: sheet((*table, menu))),
        Page("Formulas", formulas),
        Page("Files", files),
        Page("About nnviz", about),
    )
    keys, *others = pages
    entries = (
        Entry("first steps", "&First steps", first_steps, tip="Show what can be done here, step by step"),
        Entry("keys", f"&{keys.title}", partial(show, keys), keys="F1"),
        *(Entry(page.title.lower(), page.title, partial(show, page)) for page in others),
    )
    menu = Menu("&Help", (entries[:-1], entries[-1:]))
    return menu
