"""The code panel: the network as a program that can be copied and saved."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout

from nnviz.core.numbers import file_label
from nnviz.core.state import State
from nnviz.document.moment import Moment, is_new
from nnviz.files.code import STYLES, program
from nnviz.files.code.lines import Program, numbers_path, save
from nnviz.files.errors import FileError, Progress
from nnviz.ui.kit.card import Panel, quiet_button
from nnviz.ui.kit.controls import ComboBox, muted_label
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.dialogs import export
from nnviz.ui.panels.code_text import CodeText, LineMark, Lines
from nnviz.ui.plot.card import Pages

HINT = "Click a line to select the node or edge that the line computes"
SAMPLES = "▌▶"
"""Samples, in the legend, of the mark on the selected lines and of the mark on the lines of the walk."""
STYLE = "code style"
"""Settings key: the name of the style that the person chose last."""


class CodePanel(Panel):
    """The panel that shows the program. It marks the lines of the selected node or edge and of the walk.

    The walk is the animation of one training iteration, step by step.
    """

    moving_ms = TEXT_MS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Code")
        self._program, self._lines = Program(()), Lines(())
        self._program_key: tuple[object, ...] = ()
        """Style of the program and name of the document. The text scrolls to the top if either changes."""
        self._text, self._legend = CodeText(), muted_label()
        self._pages = Pages(self)
        self._pages.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._pages.add_plot(self._text, self._legend)
        self.body.setContentsMargins(8, 0, 8, 6)
        self._style = ComboBox(name="Style of the program", tip="Choose the style of the program")
        self._style.setObjectName("flat")
        for name, each in STYLES.items():
            self._style.addItem(each.title, name)
        self._style.setCurrentIndex(max(self._style.findData(self._desk.settings.get(STYLE, "")), 0))
        cast(QHBoxLayout, self.head.layout()).insertWidget(1, self._style)
        self._copy = quiet_button("Copy", "Copy the program")
        self._save = quiet_button("Save…", "Save the program, ready to run")
        for button in (self._copy, self._save):
            self.buttons.addWidget(button)
        self._style.activated.connect(lambda _: self._choose_style())
        self._text.line_chosen.connect(self._choose)
        self._text.line_hovered.connect(self._hover)
        self._copy.clicked.connect(self._copy_program)
        self._save.clicked.connect(self._save_program)

    # --- the program

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Write the program, mark the lines of the selection and of the walk, and scroll to new marks."""
        if is_new(old, new, "state"):
            self._write(new.state)
        if is_new(old, new, "state", "address", "walk"):
            chosen, walked = self._mark(new)
            if is_new(old, new, "walk") and walked:
                self._text.scroll_to(walked)
            elif (old is None or old.address != new.address) and not self._text.shows_any(chosen):
                self._text.scroll_to(chosen)

    def restyle(self) -> None:
        """Do nothing: the parts of the panel follow the theme and the interface size themselves."""

    def _choose_style(self) -> None:
        self._desk.settings.remember(STYLE, self._style_name)
        self.show_moment(None, self._document.now)

    @property
    def _style_name(self) -> str:
        return str(self._style.currentData())

    def _write(self, state: State) -> None:
        before, self._program_key = self._program_key, (self._style_name, state.name)
        try:
            self._program = program(state, self._style_name)
        except ValueError as error:
            self._program = Program(())
            self._pages.empty.setText(str(error))
        lines = [line.text for line in self._program.lines]
        self._lines = self._lines.updated(self._program.lines)
        self._text.show_lines(lines, self._lines.selects, reset=before != self._program_key)
        self._pages.plot_visible = bool(lines)
        for button in (self._copy, self._save):
            button.setEnabled(bool(lines))

    # --- marks

    def _mark(self, now: Moment) -> tuple[frozenset[int], frozenset[int]]:
        """Mark the lines of the selection and of the walk. Return the numbers of these lines, from 0."""
        chosen, walked, marks = self._lines.about(now.address), self._lines.walk_lines(now.walk), []
        if now.address and chosen:
            marks.append(LineMark(now.state.network.name_of(now.address), chosen))
        if walked:
            marks.append(LineMark(now.walk.phase.capitalize(), walked, is_step=True))
        self._text.show_marks(*marks)
        legend = [f"{SAMPLES[mark.is_step]} {mark.text}" for mark in marks]
        self._legend.setText("    ".join(legend) or HINT)
        description = "; ".join(f"{mark.text}: {_numbers(mark.lines)}" for mark in marks)
        self._text.setAccessibleDescription(description)
        return chosen, walked

    # --- mouse and buttons

    def _hover(self, line: int) -> None:
        address = self._lines.address(line, self._document.now.address) if line >= 0 else None
        self._desk.address_hovered.emit(address)

    def _choose(self, line: int) -> None:
        self._desk.address_hovered.emit(None)
        if line < 0:
            self._legend.setText("This line belongs to no node or edge")
            return
        self._document.select(self._lines.address(line, self._document.now.address, after=1))
        self._mark(self._document.now)

    def _copy_program(self) -> None:
        self._desk.frames.show_pending()
        QGuiApplication.clipboard().setText(self._program.text)
        incomplete = "Copied the program, but not the file with its numbers; press Save… to save both"
        self._desk.message.emit(incomplete if self._program.separate_arrays else "Copied the program")

    def _save_program(self) -> None:
        self._desk.frames.show_pending()
        shown = self._program

        def write(path: Path, _progress: Progress) -> str:
            if path.suffix != ".py":  # a program named like its file of numbers would overwrite that file
                raise FileError(f"{file_label(path)} was not saved: the file name must end in .py")
            save(shown, path)
            written = [path, numbers_path(path)] if shown.separate_arrays else [path]
            return f"Saved {' and '.join(map(file_label, written))}"

        kinds = {"Python program": (".py",)}
        export(self, self._desk, "Save the program", f"-{self._style_name}.py", kinds, write)


def _numbers(lines: Collection[int]) -> str:
    """Return line numbers, from 1, as a text: "lines 3, 5, 6"."""
    return f"line{'s' * (len(lines) > 1)} {', '.join(str(line + 1) for line in sorted(lines))}"
