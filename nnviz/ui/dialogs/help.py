"""The help window and its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from html import escape
from typing import Any, TypeAlias

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabBar, QTextBrowser, QWidget

from nnviz.core.activations import ACTIVATIONS, Activation
from nnviz.core.entries import Parameter
from nnviz.core.expressions import Number
from nnviz.core.losses import LOSSES, Loss
from nnviz.core.optimizers import OPTIMIZERS, Optimizer
from nnviz.core.schedules import SCHEDULES, Schedule, of_numbers
from nnviz.document.autosave import data_folder
from nnviz.files.errors import install_command
from nnviz.files.on_disk import BACKUP_SUFFIX
from nnviz.files.registry import FORMATS, Format, kinds
from nnviz.system import engine, resources
from nnviz.ui.kit.controls import named
from nnviz.ui.kit.dialogs import dialog_column
from nnviz.ui.kit.menus import Menu, MenuEntry, Table
from nnviz.ui.kit.theme import size_factor

Rows: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of a term and its explanation."""
Section: TypeAlias = tuple[str, Rows]
"""A heading and the rows below it."""
Pages: TypeAlias = dict[str, Callable[[], tuple[Section, ...]]]
"""The titles of the help pages, each with the function that returns the sections of the page."""


def read_sections(page: str, **computed: Iterable[tuple[str, str]]) -> tuple[Section, ...]:
    """Return the sections of a page, from its text in the folder `help` of the resources.

    A heading begins with "# ". A row is a term and its explanation, separated by " | ". A line such as
    {losses} stands for the rows `computed` of this name.
    """
    text = (resources() / "help" / f"{page}.txt").read_text(encoding="utf-8")
    sections = []
    for part in text.split("# ")[1:]:
        heading, *lines = part.strip().split("\n")
        rows: list[tuple[str, str]] = []
        for line in lines:
            term, mark, explanation = line.partition(" | ")
            rows += [(term, explanation)] if mark else computed[line.strip("{}")]
        sections.append((heading, tuple(rows)))
    return tuple(sections)


def files() -> tuple[Section, ...]:
    """Return the sections of the page about files."""
    saves = kinds()
    packages = " and ".join(sorted({install_command(each.extra) for each in FORMATS if each.extra}))
    folder = "This folder holds the log, and autosaved work to recover at the next start."
    return read_sections(
        "files",
        formats=[(each.name, _abilities(each, saves.get(each.name, ()))) for each in FORMATS],
        packages=[("Packages that some formats need", f"Install them with {packages}")],
        copies=[
            (f"name.json{BACKUP_SUFFIX}", "The first save in a session copies the old version to this file."),
            (str(data_folder()), folder),
        ],
    )


def _abilities(form: Format, saves: tuple[str, ...]) -> str:
    opened, saved = ", ".join(form.suffixes), ", ".join(saves)
    text = f"nnviz opens {opened}, and saves {saved}." if saves else f"nnviz opens {opened}."
    return f"{text} This format needs extra packages." if form.extra else text


STARTS = {
    "he": "Random weights have a normal distribution with standard deviation √(2 / inputs of the layer)",
    "glorot": "Random weights have a uniform distribution within ±√(6 / (inputs + nodes of the layer))",
}


def formulas() -> tuple[Section, ...]:
    """Return the sections of the page about formulas."""
    losses = [form for forms in LOSSES.values() for form in forms]
    return read_sections(
        "formulas",
        losses=[(_name(form), _loss(form)) for form in losses],
        slopes=[(f"slope of an output node, {_name(form)}", _slope(form)) for form in losses],
        optimizers=[(optimizer.name, _rule(optimizer)) for optimizer in OPTIMIZERS.values()],
        schedules=[(f"schedule {name}", _schedule(each)) for name, each in SCHEDULES.items()],
        activations=[(each.name, _function(each)) for each in ACTIVATIONS.values()],
    )


def _name(loss: Loss) -> str:
    return f"{loss.phrase} with {' or '.join(loss.outputs)}" if loss.outputs else loss.phrase


def _loss(loss: Loss) -> str:
    term = loss.term.text
    text = f"the mean of {term} over all rows and outputs"
    if not loss.averaged:
        text = f"the mean of all rows' losses; the loss of a row is the sum of {term} over the outputs"
    return f"{text}. {_takes(loss.name, loss.parameter)}" if loss.parameter else text


def _takes(name: str, parameter: Parameter[Any]) -> str:
    return f"{name}({parameter.example:g}) sets the {parameter.meaning}, {parameter.valid_range}"


def _slope(loss: Loss) -> str:
    """Return the slope of a row's loss at an output."""
    rule = loss.short.rule(1.0).text if loss.short else f"{loss.slope_rule.factor} · f′(z)"
    averaged = f"∂L/∂z = ({rule}) / number of outputs, for one row"
    return averaged if loss.averaged else f"∂L/∂z = {rule}, for one row whose targets sum to 1"


def _rule(optimizer: type[Optimizer]) -> str:
    *memories, (_, last) = optimizer.rule
    lines = [f"{memory} ← {rule.text}" for memory, rule in memories]
    return ";  ".join([*lines, f"w ← {last.text}"])


def _schedule(kind: type[Schedule]) -> str:
    example = of_numbers(kind, kind.example)
    rule = f"learning_rate · {example.factor_rule.factor}, where k is the number of earlier updates"
    return f"{example.name} sets the {kind.meaning}: {rule}"


def _function(activation: Activation) -> str:
    """Return the formulas of an activation, its parameter and its random weights."""
    lines = [f"f(z) = {activation.formula}"]
    if activation.slope_rule is not None:
        lines.append(f"f′(z) = {activation.slope_rule.text}")
    if activation.joint is not None:
        nothing = [Number(0.0)]
        formula, _ = activation.joint.slope(nothing, nothing, 0, lambda terms: terms[0])
        lines.append(f"∂L/∂z = {formula}")
    if activation.parameter:
        lines.append(_takes(activation.name, activation.parameter))
    lines.append(STARTS[activation.start])
    return ".  ".join(lines)


SIZE_PX = QSize(680, 680)


class HelpWindow(QDialog):
    """Shows `pages` in a window beside the main window, which stays usable."""

    def __init__(self, pages: Pages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self.setWindowTitle("nnviz help")
        self.resize((SIZE_PX * size_factor()).boundedTo(self.screen().availableSize() * 0.9))
        self._bar = named(QTabBar(drawBase=False, expanding=False), "Help pages")
        self._bar.setElideMode(Qt.TextElideMode.ElideNone)
        self._bar.setUsesScrollButtons(False)  # all tabs fit
        self._text = QTextBrowser(openLinks=False)
        self._text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self._text.document().setDocumentMargin(12)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        dialog_column(self, self._bar, self._text, box).setStretchFactor(self._text, 1)
        for title in pages:
            self._bar.addTab(title)
        self._bar.currentChanged.connect(self._show_page)
        self._show_page(0)

    def open_at(self, title: str) -> None:
        """Show the page with this title, and focus its text."""
        self._bar.setCurrentIndex(list(self._pages).index(title))
        self.show()
        self.raise_()
        self.activateWindow()
        self._text.setFocus()

    def _show_page(self, index: int) -> None:
        title = list(self._pages)[index]
        self._text.setAccessibleName(title)
        self._text.setHtml("".join(_html(heading, rows) for heading, rows in self._pages[title]()))


def _html(heading: str, rows: Rows) -> str:
    cells = "".join(
        f"<tr><td width='34%'><b>{escape(term)}</b></td><td>{escape(means)}</td></tr>" for term, means in rows
    )
    return f"<h4>{escape(heading)}</h4><table width='100%' cellpadding='3'>{cells}</table>"


def sheet(table: Table) -> tuple[Section, ...]:
    """Return the sections of the page "Keys and mouse", one for each part of the window.

    `table` holds the menus, whose shortcuts are also listed. The text of the page has the mouse gestures, and
    the keys that are in no menu because their effect depends on the focus.
    """
    diagram: list[tuple[str, str]] = []
    everywhere: list[tuple[str, str]] = []
    for entry in (entry for menu in table for entry in menu.entries()):
        if keys := entry.shortcut_texts:
            rows = diagram if entry.focus_widget else everywhere
            rows.append((", ".join(keys), entry.description))
    return read_sections("keys", diagram=diagram, everywhere=everywhere)


def about() -> tuple[Section, ...]:
    """Return the section with the versions of nnviz and its libraries, its purpose and licence."""
    import numpy as np

    from nnviz import __version__  # slow: searches the installed packages

    libraries = f"built on Qt {qVersion()}, NumPy {np.__version__}; trains with {engine()}"
    return read_sections("about", versions=[("Version", f"nnviz {__version__}, {libraries}")])


def help_menu(table: Table, window: QWidget, first_steps: Callable[[], None]) -> Menu:
    """Return the Help menu. Its page "Keys and mouse" lists the shortcuts of `table` and of this menu."""

    def show(title: str) -> None:
        (window.findChild(HelpWindow) or HelpWindow(pages, window)).open_at(title)

    pages: Pages = {"Keys and mouse": lambda: sheet((*table, menu)), "Formulas": formulas, "Files": files}
    pages["About nnviz"] = about
    keys, *others = pages
    entries = (
        MenuEntry("first steps", "&First steps", first_steps, tip="Start a tour of the window, step by step"),
        MenuEntry("keys", f"&{keys}", partial(show, keys), keys="F1"),
        *(MenuEntry(title.lower(), title, partial(show, title)) for title in others),
    )
    menu = Menu("&Help", (entries[:-1], entries[-1:]))
    return menu
