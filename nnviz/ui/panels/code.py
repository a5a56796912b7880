"""The code panel: the network as a program, to copy and save."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from nnviz.core.address import Address
from nnviz.core.numbers import file_named
from nnviz.core.state import State
from nnviz.document.derived import Selection
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS, Throttle
from nnviz.document.player import Player
from nnviz.files.code import STYLES, program
from nnviz.files.code.lines import Program, beside, save
from nnviz.files.errors import FileError
from nnviz.ui.kit.card import Card, quiet_button
from nnviz.ui.kit.controls import Choice
from nnviz.ui.kit.dialogs import ask_where, tell
from nnviz.ui.panels.code_text import CodeText, Lines, Lit, MarkEntry, MarkLegend, Pointed, pointed_at

KINDS = {"Python program": (".py",)}


def ask_save(window: QWidget, program: Program, suggestion: Path) -> str:
    """Ask where to save a program, and save it; return what became of that, or "" where it is cancelled."""
    path = ask_where(window, "Save the program", suggestion, KINDS)
    if path is None:
        return ""
    try:
        if path.suffix != ".py":  # as numbers beside it would be called, it would be one file
            raise FileError(f"{file_named(path)} was not saved: the name of a program ends in .py")
        more = save(program, path)
    except FileError as error:
        tell(window, str(error))
        return str(error)
    written = [path, beside(path)] if program.beside else [path]
    return "; ".join(filter(None, (f"Saved {' and '.join(map(file_named, written))}", more)))


HINT = "Click a line to select what it computes"
ABOUT_NOTHING = "This line is about no node or edge"
SHARE = 15
"""Of a run's time, writing the program takes no more than one part in so many."""


class CodePanel(Card):
    """Shows the program and where in it one is; `suggestion` makes the path of a file with this end.

    ================= =======================================================================
    `address_hovered` what the line or the number under the mouse is about, or None
    `style_chosen`    another style was chosen
    `said`            what was copied or saved
    ================= =======================================================================
    """

    address_hovered = Signal(object)
    style_chosen = Signal(str)
    said = Signal(str)

    def __init__(
        self,
        document: Document,
        selection: Selection,
        player: Player,
        style: str,
        suggestion: Callable[[str], Path],
    ) -> None:
        super().__init__("Code")
        self._document, self._selection, self._player = document, selection, player
        self._suggestion = suggestion
        self._program, self._lines = Program(()), Lines(())
        self._shown: tuple[object, ...] = ()
        """The style and the name of what is shown: of others all is anew."""
        self._changes = Throttle(self, self._refresh, APART_MS, share=SHARE)
        self._make_body()
        self._make_controls(style)
        self._connect()

    def _make_body(self) -> None:
        self._text, self._legend, self._refusal = CodeText(), MarkLegend(), QLabel()
        self._refusal.setObjectName("muted")
        self._refusal.setWordWrap(True)
        self._refusal.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._pages = QStackedWidget()
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._text, 1)
        column.addWidget(self._legend)
        for page in (whole, self._refusal):
            self._pages.addWidget(page)
        self.body.setContentsMargins(8, 0, 8, 6)
        self.body.addWidget(self._pages, 1)

    def _make_controls(self, style: str) -> None:
        self._style = Choice()
        for name, own in STYLES.items():
            self._style.addItem(own.title, name)
        self._style.setCurrentIndex(max(self._style.findData(style), 0))
        self._style.setToolTip("How the program is written")
        self._style.setAccessibleName("Style of the program")
        cast(QHBoxLayout, self.head.layout()).insertWidget(1, self._style)
        self._copy = quiet_button("Copy", "Copy the program")
        self._save = quiet_button("Save…", "Save the program, which runs as it stands")
        for button in (self._copy, self._save):
            self.buttons.addWidget(button)

    def _connect(self) -> None:
        self._document.state_changed.connect(self._state_changed)
        self._selection.address_changed.connect(self._selected)
        self._player.changed.connect(self._walked)
        self._style.activated.connect(lambda _: self._choose_style())
        self._text.line_chosen.connect(self._choose)
        self._text.line_hovered.connect(self._hover)
        self._copy.clicked.connect(self._copy_program)
        self._save.clicked.connect(self._save_program)

    # --- when it writes

    def _state_changed(self, old: State, new: State) -> None:
        """Write at once, as part of the frame that shows the State, but not at every frame of a run."""
        if self.isVisible():
            self._changes.changed(self._document.held)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._changes.show_now()
        self._bring_lit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Write no more."""
        super().hideEvent(event)
        self._changes.stop()

    def _choose_style(self) -> None:
        self.style_chosen.emit(self._style_name)
        self._changes.show_now()
        self._bring_lit()

    @property
    def _style_name(self) -> str:
        return str(self._style.currentData())

    def _refresh(self) -> None:
        state, style = self._document.state, self._style_name
        shown: tuple[object, ...] = ()
        try:
            self._program = program(state, style)
        except ValueError as error:
            self._program = Program(())
            self._refusal.setText(str(error))
        else:
            shown = style, state.name
        lines = [line.text for line in self._program.lines]
        self._lines = self._lines.of(self._program.lines)
        self._text.show_lines(lines, self._lines.selects, anew=shown != self._shown)
        self._shown = shown
        self._pages.setCurrentIndex(0 if shown else 1)
        for button in (self._copy, self._save):
            button.setEnabled(bool(shown))
        self._light()

    # --- where one is

    def _light(self) -> Lit:
        """Light up what is selected and where the walk is, and say so."""
        address, progress = self._selection.address, self._player.progress
        lit = Lit(self._lines.about(address), self._lines.walked(progress))
        entries = []
        if address and lit.chosen:
            entries.append(MarkEntry(self._document.state.network.name_of(address), "chosen"))
        if lit.walked:
            entries.append(MarkEntry(progress.phase.capitalize(), "walked"))
        self._text.light(lit)
        self._legend.tell(*entries or [MarkEntry(HINT)])
        told = zip(entries, filter(None, lit), strict=True)
        self._text.setAccessibleDescription(
            "; ".join(f"{own.text}: {_numbers(lines)}" for own, lines in told)
        )
        return lit

    def _selected(self) -> None:
        if self.isVisible():
            self._light()
            self._bring_selected()

    def _bring_lit(self) -> None:
        if walked := self._lines.walked(self._player.progress):
            self._text.bring(walked)
        else:
            self._bring_selected()

    def _bring_selected(self) -> None:
        lines = self._lines.about(self._selection.address)
        if not self._text.shows_any(lines):
            self._text.bring(lines)

    def _walked(self) -> None:
        if self.isVisible():
            self._text.bring(self._light().walked)

    # --- what a person does

    def _hover(self, line: int, column: int) -> None:
        self.address_hovered.emit(
            self._pointed(line, column, self._lines.lit_of).address if line >= 0 else None
        )

    def _choose(self, line: int, column: int) -> None:
        self.address_hovered.emit(None)
        if line < 0:
            self._legend.tell(MarkEntry(ABOUT_NOTHING))
            return
        address, row = self._pointed(line, column, self._lines.next_of)
        if row is not None:
            self._selection.row = row
        self._selection.select(address)
        self._light()

    def _pointed(self, line: int, column: int, of_line: Callable[[int, Address | None], Address]) -> Pointed:
        """Return what stands there, or else one of what the line is about."""
        found = pointed_at(self._program.lines, line, column)
        return found or Pointed(of_line(line, self._selection.address))

    def _copy_program(self) -> None:
        self._changes.show_now()
        QGuiApplication.clipboard().setText(self._program.text)
        more = "; it loads numbers from a file, which Save… writes" if self._program.beside else ""
        self.said.emit(f"Copied the program{more}")

    def _save_program(self) -> None:
        self._changes.show_now()
        if said := ask_save(self, self._program, self._suggestion(f"-{self._style_name}.py")):
            self.said.emit(said)


def _numbers(lines: Collection[int]) -> str:
    """Return the numbers of lines, from 1: "lines 3, 5 to 9"."""
    ordered = sorted(lines)
    firsts = [line for line in ordered if line - 1 not in lines]
    lasts = [line for line in ordered if line + 1 not in lines]
    spans = (f"{a + 1}" if a == b else f"{a + 1} to {b + 1}" for a, b in zip(firsts, lasts, strict=True))
    return f"line{'s' * (len(ordered) > 1)} {', '.join(spans)}"
