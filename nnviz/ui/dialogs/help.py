"""The help window and its pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import NamedTuple, TypeAlias

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabBar, QTextBrowser, QWidget

from nnviz.core import numbers
from nnviz.core.activations import ACTIVATIONS, Activation
from nnviz.core.expressions import Number
from nnviz.core.losses import LOSSES, Loss
from nnviz.core.numbers import Limit
from nnviz.core.optimizers import OPTIMIZERS, Optimizer
from nnviz.document.autosave import data_folder
from nnviz.files.errors import install_command
from nnviz.files.on_disk import BACKUP_SUFFIX
from nnviz.files.registry import FORMATS, Format, kinds
from nnviz.ui.kit.dialogs import dialog_column
from nnviz.ui.kit.menus import Menu, MenuEntry, Table
from nnviz.ui.kit.theme import size_factor

Rows: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of a term and its explanation."""
Section: TypeAlias = tuple[str, Rows]
"""A heading and the rows below it."""


class Page(NamedTuple):
    """The title of a help page, and the function that returns the sections of the page."""

    title: str
    sections: Callable[[], tuple[Section, ...]]


ROWS: Section = (
    "Rows",
    (
        (
            "File → Load rows from CSV",
            "nnviz reads any table. If the columns do not fit the network, nnviz asks how to use them.",
        ),
        ("Column names in the first line", "nnviz finds inputs and targets by name, in any order."),
        (
            "Other ways",
            "Open a CSV file, or drop the file on the window. Ctrl+V in the data table pastes numbers.",
        ),
        ("File → Export rows", "nnviz writes CSV in the original units, with predictions and errors."),
    ),
)
OTHERS: Section = (
    "Other people's files",
    (
        ("Missing activations", "nnviz asks for activations a file lacks. Change them above the diagram."),
        ("Limits of a file format", "Before saving, nnviz says which parts the format cannot store."),
        (".pt, .pth, .pkl, .joblib", "nnviz does not open these files, because they can run code."),
    ),
)


def file_sections() -> tuple[Section, ...]:
    """Return the sections of the page about files."""
    from nnviz.files.film import KINDS as FILMS  # a slow import
    from nnviz.ui.dialogs.pictures import KINDS

    saves = kinds()
    formats = tuple((each.name, _abilities(each, saves.get(each.name, ()))) for each in FORMATS)
    pictures = tuple((name, f"File → Export picture saves {', '.join(ends)}") for name, ends in KINDS.items())
    films = tuple(
        (name, f"File → Export walk or training saves {', '.join(ends)}") for name, ends in FILMS.items()
    )
    packages = " and ".join(sorted({install_command(each.extra) for each in FORMATS if each.extra}))
    copies = (
        ("name.json" + BACKUP_SUFFIX, "The first save in a session copies the old version to this file."),
        (str(data_folder()), "This folder holds the log, and autosaved work to recover at the next start."),
    )
    return (
        ("Networks", (*formats, ("Packages that some formats need", f"Install them with {packages}"))),
        OTHERS,
        ROWS,
        ("Pictures", pictures),
        ("Films", films),
        ("Backups and autosave", copies),
        ("Limits", _limits()),
    )


def _abilities(form: Format, saves: tuple[str, ...]) -> str:
    opened, saved = ", ".join(form.suffixes), ", ".join(saves)
    text = f"nnviz opens {opened}, and saves {saved}." if saves else f"nnviz opens {opened}."
    return f"{text} This format needs extra packages." if form.extra else text


def _limits() -> Rows:
    """Return a row for each limit that a user can meet."""
    return tuple(
        (limit.title, f"nnviz allows at most {limit.limit:,} {limit.things}")
        for limit in vars(numbers).values()
        if isinstance(limit, Limit)
    )


FORWARD: Section = (
    "Forward: from the inputs to the loss",
    (
        (
            "z of a node",
            "z = W·a + b: the sum of weight · value over all incoming edges, plus the bias if the layer has "
            "biases. Row j of W holds the incoming weights of node j; a holds the previous layer's values.",
        ),
        ("value of a node", "a = f(z), with the activation function f of the node's layer"),
        ("prediction", "the value a of an output node; y is the target of this node"),
        ("error", "prediction − target"),
    ),
)
MEASURES = (
    (
        "accuracy",
        "The share of correct rows. With softmax, a row is correct if its largest output and its largest "
        "target are the same node. Without softmax, a row is correct if each output is on the same side of "
        "0.5 as its target. With a target that is neither 0 nor 1, accuracy is undefined.",
    ),
    (
        "validation",
        "The loss or the accuracy of the validation rows. nnviz does not train on these rows. They are the "
        "last rows, from index int(rows · (1 − share)) on; share is the validation split.",
    ),
)
BACKWARD: Section = (
    "Backward: slopes (gradients)",
    (
        ("slope of a weight", "∂L/∂w = value of the start node · ∂L/∂z of the end node; L is the loss"),
        ("slope of a node", "∂L/∂z, with the node's z; the slope of the node's bias has the same value"),
        ("slope of a hidden node", "f′(z) · the sum over outgoing edges of weight · ∂L/∂z of the end node"),
        ("without hidden layers", "∂L/∂w = 2 · x · error, for MSE, one row, one output and no activation"),
        ("slope of one row", "the slope of a row's loss; the slope of the loss is the mean over all rows"),
        ("relu at z = 0", "f′(0) = 0: at every kink of a function, nnviz uses the slope on the left side"),
    ),
)
UPDATES: Section = (
    "Update: steps against the slope (gradient)",
    (
        ("update, iteration", "one change of all weights and biases; a run counts its updates from 1"),
        ("epoch", "one pass over all rows, with one update for each batch"),
    ),
)
STARTS = {
    "he": "Random weights have a normal distribution with standard deviation √(2 / inputs of the layer)",
    "glorot": "Random weights have a uniform distribution within ±√(6 / (inputs + nodes of the layer))",
}


def formula_sections() -> tuple[Section, ...]:
    """Return the sections of the page about formulas."""
    name, rows = UPDATES
    steps = tuple((optimizer.name, _rule(optimizer)) for optimizer in OPTIMIZERS.values())
    functions = tuple((each.name, _function(each)) for each in ACTIVATIONS.values())
    losses = [form for forms in LOSSES.values() for form in forms]
    (forward, values), (backward, (weight, node, *others)) = FORWARD, BACKWARD
    measured = *((_name(form), _loss(form)) for form in losses), *MEASURES
    at_outputs = ((f"slope of an output node, {_name(form)}", _slope(form)) for form in losses)
    return (
        (forward, (*values, *measured)),
        (backward, (weight, node, *at_outputs, *others)),
        (name, (*rows, *steps)),
        ("Activation functions", functions),
    )


def _name(loss: Loss) -> str:
    return f"{loss.phrase} with {' or '.join(loss.outputs)}" if loss.outputs else loss.phrase


def _loss(loss: Loss) -> str:
    if loss.averaged:
        return f"the mean of {loss.term.text} over all rows and outputs"
    return f"the mean of all rows' losses; the loss of a row is the sum of {loss.term.text} over the outputs"


def _slope(loss: Loss) -> str:
    """Return the slope of a row's loss at an output."""
    rule = loss.short.rule(1.0).text if loss.short else f"{loss.slope_rule.text} · f′(z)"
    averaged = f"∂L/∂z = ({rule}) / number of outputs, for one row"
    return averaged if loss.averaged else f"∂L/∂z = {rule}, for one row whose targets sum to 1"


def _rule(optimizer: type[Optimizer]) -> str:
    *memories, (_, last) = optimizer.rule
    lines = [f"{memory} ← {rule.text}" for memory, rule in memories]
    return ";  ".join([*lines, f"w ← {last.text}"])


def _function(activation: Activation) -> str:
    """Return the formulas of an activation, its parameter and its random weights."""
    lines = [f"f(z) = {activation.formula}"]
    if activation.slope_rule is not None:
        lines.append(f"f′(z) = {activation.slope_rule.text}")
    if activation.joint is not None:
        nothing = [Number(0.0)]
        formula, _ = activation.joint.slope(nothing, nothing, 0, lambda terms: terms[0])
        lines.append(f"∂L/∂z = {formula}")
    if takes := activation.parameter:
        lines.append(f"{activation.name}({takes.example:g}) sets the {takes.meaning}, {takes.valid_range}")
    lines.append(STARTS[activation.start])
    return ".  ".join(lines)


SIZE_PX = QSize(680, 680)


class HelpWindow(QDialog):
    """Shows `pages` in a window beside the main window, which stays usable."""

    def __init__(self, pages: tuple[Page, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self.setWindowTitle("nnviz help")
        self.resize((SIZE_PX * size_factor()).boundedTo(self.screen().availableSize() * 0.9))
        self._bar = QTabBar()
        self._bar.setDrawBase(False)
        self._bar.setExpanding(False)
        self._bar.setElideMode(Qt.TextElideMode.ElideNone)
        self._bar.setUsesScrollButtons(False)  # all tabs fit
        self._bar.setAccessibleName("Help pages")
        self._text = QTextBrowser()
        self._text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self._text.setOpenLinks(False)
        self._text.document().setDocumentMargin(12)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        column = dialog_column(self)
        column.addWidget(self._bar)
        column.addWidget(self._text, 1)
        column.addWidget(box)
        for page in pages:
            self._bar.addTab(page.title)
        self._bar.currentChanged.connect(self._show_page)
        self._show_page(0)

    def open_at(self, title: str) -> None:
        """Show the page with this title, and focus its text."""
        self._bar.setCurrentIndex([page.title for page in self._pages].index(title))
        self.show()
        self.raise_()
        self.activateWindow()
        self._text.setFocus()

    def _show_page(self, index: int) -> None:
        page = self._pages[index]
        self._text.setAccessibleName(page.title)
        self._text.setHtml("".join(_html(heading, rows) for heading, rows in page.sections()))


def _html(heading: str, rows: Rows) -> str:
    cells = "".join(
        f"<tr><td width='34%'><b>{escape(term)}</b></td><td>{escape(means)}</td></tr>" for term, means in rows
    )
    return f"<h4>{escape(heading)}</h4><table width='100%' cellpadding='3'>{cells}</table>"


ON_THE_DIAGRAM, EVERYWHERE = "On the diagram, with the keyboard", "Everywhere"
GESTURES: tuple[Section, ...] = (
    (
        "On the diagram, with the mouse",
        (
            ("click a number", "Edit the number in place"),
            ("drag a number sideways", "Change the number in steps of 0.1 (Shift: 1, Alt: 0.01)"),
            ("click a name", "Rename the node"),
            ("click an edge or a node", "Select the edge or node; the Explain panel shows its calculation"),
            ("click a layer's heading", "Select the layer; the Explain panel shows its weights as a matrix"),
            ("Ctrl or Shift + click on an edge", "Select a second weight, to see the loss over both weights"),
            ("double-click on an edge", "Edit the weight of the edge, even if the diagram hides the number"),
            ("wheel", "Zoom the diagram around the mouse"),
            ("drag the background", "Move the diagram"),
            ("double-click on the background", "Show the whole network"),
            ("right click", "Open a menu that changes nodes, layers, activations and biases"),
        ),
    ),
    (
        ON_THE_DIAGRAM,
        (
            ("arrows", "Move the selection: left and right between nodes and edges, up and down in a column"),
            ("up on the first node", "Select the layer; left and right select other layers"),
            ("Enter, F2", "Edit the selected number, or rename the selected node"),
            ("+ and −", "Change the selected number by 0.1 (Alt: by 0.01)"),
            ("Page Up, Page Down", "Change the selected number by 1"),
            ("Escape", "Clear the selection"),
            ("Tab", "Move the focus out of the diagram"),
        ),
    ),
    (
        "In a number field",
        (
            ("Enter", "Accept the number"),
            ("Tab", "Accept the number and edit the next number"),
            ("Escape", "Restore the previous number"),
            ("up, down, wheel", "Change the number by 0.1 (Shift: by 1, Alt: by 0.01)"),
            ("up, down or wheel in a field with a whole number", "Change the number by 1 (Shift: by 10)"),
            (
                "up, down or wheel in the field of the learning rate",
                "Change the first digit of the rate (Alt: the second digit, Shift: by a factor of 10)",
            ),
            ("drag a training setting", "Change the setting in steps (in a focused field: select text)"),
            ("0.5, 0,5, 1/2, −3, 1e-3", "You can type a number in any of these ways"),
        ),
    ),
    (
        "In the data table",
        (
            ("drag a number sideways", "Change the number in steps of 0.1 (Shift: 1, Alt: 0.01)"),
            ("Ctrl+C", "Copy the selected rows"),
            ("Ctrl+V", "Paste numbers, starting at the current cell; nnviz adds rows as needed"),
            ("Delete", "Clear the targets of the selected rows, if no other row has a target"),
            ("Ctrl+Delete; or click a row's number, then Delete", "Remove the selected rows"),
            ("right click, menu key", "Open a menu to copy, paste, clear, remove and load rows"),
        ),
    ),
    (
        "In the panel Explain",
        (
            ("drag the point; arrows", "Change the selected weight (arrows: by 0.1, Shift: 1, Alt: 0.01)"),
            ("left, right on the curve of an activation", "Read z, a and the slope"),
            ("arrows, Page Up, Page Down on the matrix", "Select the next weight (arrows) or node"),
            ("drag the divider", "Change the height of the plot"),
            ("double-click on the divider", "Enlarge the plot, or show the text again (also: Escape)"),
        ),
    ),
    (
        "In the confusion matrix",
        (
            ("arrows, Enter; click", "Go to a cell and list its rows in the data table"),
            ("Escape in the matrix or the data table", "List all rows in the data table again"),
        ),
    ),
    (
        "In the plot of the loss curve",
        (
            ("drag the ring on the curve", "Go back to another iteration of the run"),
            ("wheel, drag", "Zoom the plot (wheel), or move the plot (drag)"),
            ("double-click", "Show the whole curve"),
            ("left, right, Home, End", "Go to a point of the curve and read its value"),
        ),
    ),
    (
        "In the code",
        (
            ("click, Enter", "Select a weight or node that the line computes; repeat to select the next"),
            ("drag, Shift with arrows", "Select text"),
        ),
    ),
    (EVERYWHERE, (("exception", "A text field, a cell or a button with the focus uses its own keys first"),)),
)
"""Mouse gestures, and the keys that are in no menu because their effect depends on the focus."""


def sheet(table: Table) -> tuple[Section, ...]:
    """Return the sections of the page "Keys and mouse", one for each part of the window.

    `table` holds the menus, whose shortcuts are also listed.
    """
    rows: dict[str, list[tuple[str, str]]] = {ON_THE_DIAGRAM: [], EVERYWHERE: []}
    for entry in (entry for menu in table for entry in menu.entries()):
        if keys := entry.shortcut_texts:
            rows[ON_THE_DIAGRAM if entry.focus_widget else EVERYWHERE].append(
                (", ".join(keys), entry.description)
            )
    return tuple((place, (*gestures, *rows.get(place, ()))) for place, gestures in GESTURES)


def about() -> tuple[Section, ...]:
    """Return the section with the version of nnviz, its purpose, libraries and licence."""
    import numpy as np

    from nnviz import __version__  # slow: searches the installed packages

    return (
        (
            f"nnviz {__version__}",
            (
                ("Purpose", "See a small neural network compute. Change its weights. Watch it learn."),
                ("Numbers", "nnviz computes in float64, and rounds numbers only for display."),
                ("Internet", "nnviz opens no connections. A link in the notes opens in your browser."),
                ("Built on", f"Qt {qVersion()}, NumPy {np.__version__}"),
                ("Licence", "MIT"),
            ),
        ),
    )


def formulas() -> tuple[Section, ...]:
    """Return the sections of the page about formulas."""
    return formula_sections()


def files() -> tuple[Section, ...]:
    """Return the sections of the page about files."""
    return file_sections()


def help_menu(table: Table, window: QWidget, first_steps: Callable[[], None]) -> Menu:
    """Return the Help menu. Its page "Keys and mouse" lists the shortcuts of `table` and of this menu."""

    def show(page: Page) -> None:
        (window.findChild(HelpWindow) or HelpWindow(pages, window)).open_at(page.title)

    pages = (
        Page("Keys and mouse", lambda: sheet((*table, menu))),
        Page("Formulas", formulas),
        Page("Files", files),
        Page("About nnviz", about),
    )
    keys, *others = pages
    entries = (
        MenuEntry("first steps", "&First steps", first_steps, tip="Start a tour of the window, step by step"),
        MenuEntry("keys", f"&{keys.title}", partial(show, keys), keys="F1"),
        *(MenuEntry(page.title.lower(), page.title, partial(show, page)) for page in others),
    )
    menu = Menu("&Help", (entries[:-1], entries[-1:]))
    return menu
