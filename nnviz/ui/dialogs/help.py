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
from nnviz.files.errors import install_line
from nnviz.files.on_disk import KEPT
from nnviz.files.registry import FORMATS, Format, kinds
from nnviz.ui.kit.dialogs import column_of
from nnviz.ui.kit.menus import Menu, MenuEntry, Table
from nnviz.ui.kit.theme import factor

Rows: TypeAlias = tuple[tuple[str, str], ...]
"""Terms, each with what it means."""
Section: TypeAlias = tuple[str, Rows]
"""A heading and what stands under it."""


class Page(NamedTuple):
    """What a page is called, and what returns its sections when it is first read."""

    title: str
    sections: Callable[[], tuple[Section, ...]]


ROWS: Section = (
    "Rows",
    (
        (
            "File → Load rows from CSV",
            "takes a table of any kind; where its columns are not the network's, it asks",
        ),
        ("a first line of names", "says which column is which, in any order and with others between"),
        (
            "a CSV file opened, or dropped on the window",
            "is loaded too; Ctrl+V in the data table pastes numbers",
        ),
        ("File → Export rows", "writes them as CSV, raw as a table has them, with predictions and errors"),
    ),
)
OTHERS: Section = (
    "Other people's files",
    (
        ("activations that a file does not say", "are asked for once, and can be changed under the headings"),
        ("what a kind of file cannot keep", "is told before it is saved"),
        (".pt, .pth, .pkl, .joblib", "are programs, and are never opened; the refusal says the safe way"),
    ),
)


def file_sections() -> tuple[Section, ...]:
    """Return the sections of the page."""
    from nnviz.files.film import KINDS as FILMS  # which takes long
    from nnviz.ui.dialogs.pictures import KINDS

    saves = kinds()
    formats = tuple((each.name, _told(each, saves.get(each.name, ()))) for each in FORMATS)
    pictures = tuple((name, f"File → Export picture, {', '.join(ends)}") for name, ends in KINDS.items())
    films = tuple(
        (name, f"File → Export walk or Export training, {', '.join(ends)}") for name, ends in FILMS.items()
    )
    packages = " and ".join(sorted({install_line(each.extra) for each in FORMATS if each.extra}))
    kept = (
        ("name.json" + KEPT, "the version before the first save of a session, beside the file"),
        (str(data_folder()), "copies of unsaved work, offered at the next start, and the log"),
    )
    return (
        ("Networks", (*formats, ("the packages that some need", f"are installed by {packages}"))),
        OTHERS,
        ROWS,
        ("Pictures", pictures),
        ("Films", films),
        ("What nnviz keeps", kept),
        ("Limits: more is refused in a sentence", _limits()),
    )


def _told(form: Format, saves: tuple[str, ...]) -> str:
    saving = f"; saves {', '.join(saves)}" if saves else ""
    needs = "; needs packages" * bool(form.extra)
    return f"opens {', '.join(form.suffixes)}{saving}{needs}"


def _limits() -> tuple[tuple[str, str], ...]:
    """Return every limit there is, by what it is for."""
    return tuple(
        (limit.what, f"at most {limit.most:,} {limit.things}")
        for limit in vars(numbers).values()
        if isinstance(limit, Limit)
    )


FORWARD: Section = (
    "Forward: from the inputs to the loss",
    (
        (
            "z of a node",
            "z = W·a + b: the sum of weight · value over all that feeds it, and its bias, if its layer has "
            "them. Row j of W holds the weights that feed node j; a are the values of the layer before.",
        ),
        ("value of a node", "a = f(z), with the activation function f of its layer"),
        ("prediction", "the value a of an output node; y is its target"),
        ("error", "prediction − target"),
    ),
)
MEASURES = (
    (
        "accuracy",
        "the share of rows that are right: with softmax the largest output is that of the largest target; "
        "else every output is on the side of 0.5 on which its target is. "
        "There is none where a target is neither 0 nor 1",
    ),
    (
        "validation",
        "the same over the last rows, which are not trained on: those from int(rows · (1 − share)) on",
    ),
)
BACKWARD: Section = (
    "Backward: slopes",
    (
        ("slope of a weight", "∂L/∂w = value at its start · slope at its end; L is the loss"),
        ("slope of a node", "∂L/∂z: the slope at the end of every edge that leads to it, and of its bias"),
        ("at a hidden node", "∂L/∂z = f′(z) · the sum of weight · slope at its end over all that it feeds"),
        ("without hidden layers", "one row, one output, no activation, MSE: ∂L/∂w = 2 · x · error"),
        ("a row's slope", "the slope of its own loss; the mean over all rows is the slope of the loss"),
        ("relu at z = 0", "its slope there is 0; of every kink that of its left side counts"),
    ),
)
UPDATES: Section = (
    "Update: steps against the slope",
    (
        ("update, iteration", "one step of all weights and biases at once; a run counts them from 1"),
        ("epoch", "one pass over all rows; with a batch of fewer rows it takes several updates"),
    ),
)
STARTS = {
    "he": "normal with deviation √(2 / inputs of the layer)",
    "glorot": "uniform within ±√(6 / (inputs + nodes of the layer))",
}


def formula_sections() -> tuple[Section, ...]:
    """Return the sections of the page."""
    name, rows = UPDATES
    steps = tuple((optimizer.name, _rule(optimizer)) for optimizer in OPTIMIZERS.values())
    functions = tuple((each.name, _function(each)) for each in ACTIVATIONS.values())
    losses = [form for forms in LOSSES.values() for form in forms]
    (forward, values), (backward, (weight, node, *others)) = FORWARD, BACKWARD
    measured = *((_called(form), _loss(form)) for form in losses), *MEASURES
    at_outputs = ((f"at an output, {_called(form)}", _slope(form)) for form in losses)
    return (
        (forward, (*values, *measured)),
        (backward, (weight, node, *at_outputs, *others)),
        (name, (*rows, *steps)),
        ("Activation functions", functions),
    )


def _called(loss: Loss) -> str:
    return f"{loss.word} with {' or '.join(loss.outputs)}" if loss.outputs else loss.word


def _loss(loss: Loss) -> str:
    if loss.averaged:
        return f"the mean of {loss.term.text} over all rows and outputs"
    return f"the sum of {loss.term.text} over the outputs of a row, and of that the mean over all rows"


def _slope(loss: Loss) -> str:
    """Return what a row's slope at an output is."""
    rule = loss.short.rule(1.0).text if loss.short else f"{loss.slope_rule.text} · f′(z)"
    where = "of a row, where its targets sum to 1" if not loss.averaged else "of a row"
    return f"∂L/∂z = {rule} {where}{', divided by the number of outputs' if loss.averaged else ''}"


def _rule(optimizer: type[Optimizer]) -> str:
    *remembered, (_, last) = optimizer.rule
    lines = [f"{memory} ← {rule.text}" for memory, rule in remembered]
    return ";  ".join([*lines, f"w ← {last.text}"])


def _function(activation: Activation) -> str:
    """Return what an entry says of itself, in sentences."""
    said = [f"f(z) = {activation.formula}"]
    if activation.slope_rule is not None:
        said.append(f"f′(z) = {activation.slope_rule.text}")
    if activation.joint is not None:
        nothing = [Number(0.0)]
        formula, _ = activation.joint.slope(nothing, nothing, 0, lambda terms: terms[0])
        said.append(f"∂L/∂z = {formula}")
    if takes := activation.parameter:
        said.append(f"{activation.name}({takes.example:g}) has another {takes.what}, {takes.taken}")
    said.append(f"random weights: {STARTS[activation.start]}")
    return ".  ".join(said)


SIZE_PX = QSize(680, 680)


class HelpWindow(QDialog):
    """Shows `pages`. The window that it belongs to stays usable meanwhile."""

    def __init__(self, pages: tuple[Page, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self.setWindowTitle("nnviz help")
        self.resize((SIZE_PX * factor()).boundedTo(self.screen().availableSize() * 0.9))
        self._bar = QTabBar()
        self._bar.setDrawBase(False)
        self._bar.setExpanding(False)
        self._bar.setElideMode(Qt.TextElideMode.ElideNone)
        self._bar.setUsesScrollButtons(False)  # there is room for all
        self._bar.setAccessibleName("Pages of the help")
        self._text = QTextBrowser()
        self._text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self._text.setOpenLinks(False)
        self._text.document().setDocumentMargin(12)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        column = column_of(self)
        column.addWidget(self._bar)
        column.addWidget(self._text, 1)
        column.addWidget(box)
        for page in pages:
            self._bar.addTab(page.title)
        self._bar.currentChanged.connect(self._turn)
        self._turn(0)

    def open_at(self, title: str) -> None:
        """Open at the page of a title, with the keyboard in its text."""
        self._bar.setCurrentIndex([page.title for page in self._pages].index(title))
        self.show()
        self.raise_()
        self.activateWindow()
        self._text.setFocus()

    def _turn(self, index: int) -> None:
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
    return formula_sections()


def files() -> tuple[Section, ...]:
    """Return what opens and what is saved."""
    return file_sections()


def help_menu(table: Table, window: QWidget, first_steps: Callable[[], None]) -> Menu:
    """Return the menu of the help; the sheet of keys is that of `table` and of this menu."""

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
        MenuEntry("first steps", "&First steps", first_steps, tip="Show what can be done here, step by step"),
        MenuEntry("keys", f"&{keys.title}", partial(show, keys), keys="F1"),
        *(MenuEntry(page.title.lower(), page.title, partial(show, page)) for page in others),
    )
    menu = Menu("&Help", (entries[:-1], entries[-1:]))
    return menu
