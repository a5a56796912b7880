"""The workspace: all parts of an open window with their connections, and the table of panels.

Each panel has one file and one line in the table. A panel is imported only when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from nnviz.core.address import Address
from nnviz.core.numbers import file_label, one_line
from nnviz.core.state import Shown
from nnviz.document.document import Document
from nnviz.document.moment import Moment
from nnviz.document.walk import PHASES, phase_prompt
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.heads import Heads, Structure
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme, set_size_percent
from nnviz.ui.window.files import FileCommands, ask_keep_weights
from nnviz.ui.window.present import Present
from nnviz.ui.window.status import StatusLine
from nnviz.ui.window.window import MainWindow, PanelEntry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nnviz.document.sweeps import Sweeps
    from nnviz.ui.diagram.finder import Finder
    from nnviz.ui.dialogs.export import Exporter
    from nnviz.ui.kit.card import Panel
    from nnviz.ui.panels.data import DataPanel
    from nnviz.ui.panels.history import HistoryPlot
    from nnviz.ui.panels.notes import Notes
    from nnviz.ui.panels.training import TrainingPanel
    from nnviz.ui.plot.card import PlotPanel


class Workspace:
    """The panels and objects that show `document` in `window`, and the connections between them."""

    def __init__(
        self, window: MainWindow, document: Document, settings: Settings, panels: Sequence[PanelEntry]
    ) -> None:
        self.main_window, self.document, self.settings = window, document, settings
        self.desk = Desk(document, settings, lambda end: self.files.suggestion(end))
        self.runner, self.player = self.desk.runner, self.desk.player
        self.files = FileCommands(window, self.desk)
        self.structure = Structure(self.desk)
        for part in (document, self.desk):
            part.setParent(window)  # deleted with the window, and so are its connections
        self._homes = {entry.name: entry.home for entry in panels}
        self._panels: dict[str, Panel] = {}
        self.data = cast("DataPanel", self.panel("Data"))
        self.training = cast("TrainingPanel", self.panel("Training"))
        self.history = cast("HistoryPlot", self.panel("Loss"))
        self.diagram = Diagram(self.desk)
        self.status = StatusLine()
        window.setStatusBar(self.status)
        window.set_panels(self.diagram, panels)
        self.board = window.board
        self.present = Present(window, self.diagram, self.desk, self.history.log_button)
        for name, dock in self.board.docks.items():
            dock.seen.connect(self._panel_seen)
            dock.fill(partial(self.panel, name))
            dock.focus_lost.connect(self.diagram.setFocus)
        self._first_panel = ""
        self._show_first_panel()
        self._connect()
        self._show_title_and_facts()
        self.diagram.show()  # Qt gives the focus only to a visible widget
        self.diagram.setFocus()

    def appear(self) -> None:
        """Show the document on the diagram, and let Qt paint the window."""
        for view in (self.diagram, self.diagram.numbers, Heads(self.diagram, self.structure)):
            self.desk.frames.add(view)
        for part in (self.main_window, *self.board.docks.values()):  # a floating dock is a window, too
            part.setUpdatesEnabled(True)

    def panel(self, name: str) -> Panel:
        """Return a panel; its module is imported when the panel is first needed."""
        if name not in self._panels:
            self._panels[name] = resolve_name(f"nnviz.ui.panels.{self._homes[name]}")(self.desk)
        return self._panels[name]

    @property
    def notes(self) -> Notes:
        """The panel Notes."""
        return cast("Notes", self.panel("Notes"))

    def _panel_seen(self, panel: Panel, in_sight: bool) -> None:
        """Show the document in a visible panel; let a hidden panel rest."""
        follow = self.desk.frames.add if in_sight else self.desk.frames.remove
        for cover in panel.covers:
            follow(cover)
        follow(panel)
        if not in_sight:
            panel.rest()
        front = self.board.front
        self.document.view = Shown(front) if front not in ("", "Notes") else None

    @cached_property
    def sweeps(self) -> Sweeps:
        """Runs at several settings. They are made when they are first needed."""
        from nnviz.document.sweeps import Sweeps

        sweeps = Sweeps(self.document)
        sweeps.message.connect(self.desk.message)
        sweeps.progressed.connect(self.desk.sweep_progressed)
        self.desk.sweep_stopped.connect(sweeps.stop)
        self.files.opened.connect(partial(sweeps.stop, keep=False))
        return sweeps

    @cached_property
    def exports(self) -> Exporter:
        """The exporter of pictures and films. It is made when it is first needed."""
        from nnviz.ui.dialogs.export import Exporter

        return Exporter(self.main_window, self.desk)

    def export_diagram(self, copied: bool = False) -> None:
        """Copy a picture of the diagram to the clipboard, or ask for a file and write the picture to it."""
        from nnviz.ui.dialogs.pictures import DiagramDrawing

        self.desk.frames.show_pending()
        (self.exports.copy if copied else self.exports.ask)(DiagramDrawing(self.diagram.picture))

    def export_picture(self, panel: PlotPanel, copied: bool) -> None:
        """Copy or export the picture of a panel with a plot."""
        from nnviz.ui.dialogs.pictures import PlotDrawing

        (self.exports.copy if copied else self.exports.ask)(PlotDrawing(panel, self.document.title))

    @cached_property
    def finder(self) -> Finder:
        """The field that finds nodes and edges on the diagram. It is made when it is first needed."""
        from nnviz.ui.diagram.finder import Finder

        return Finder(self.diagram, self.desk)

    def _connect(self) -> None:
        window, document, runner = self.main_window, self.document, self.runner
        self.desk.message.connect(self.status.show_message)
        runner.run_ended.connect(self.status.show_message)
        self.desk.explanation_requested.connect(self._explain)
        self.desk.address_hovered.connect(self.diagram.hover)
        self.desk.picture_requested.connect(self.export_picture)
        self.desk.rows_requested.connect(self._list_rows)
        self.desk.runs_requested.connect(partial(self.board.show_panel, "Runs", True))
        self.board.docks["Runs"].updated.connect(self.history.set_runs_open)
        self.desk.settings_requested.connect(self._show_settings)
        for all_rows_wanted in (self.desk.all_rows_requested, self.files.opened):
            all_rows_wanted.connect(self.data.show_all)
        document.changed.connect(self._forget_invitation)
        for changed in (document.undo_changed, document.file_changed):
            changed.connect(self._show_title_and_facts)
        self.training.fields.finished.connect(self._go_to_diagram)
        for button in self.training.findChildren(QPushButton):  # a floating panel does not end an edit
            button.pressed.connect(self.diagram.session.editor.commit)
        self.files.opened.connect(self._opened)
        self.files.reloaded.connect(self.diagram.session.close)
        self.diagram.menu_requested.connect(self._show_menu)
        window.painted.connect(self.history.load_soon, Qt.ConnectionType.SingleShotConnection)
        window.closing.connect(self._closing)
        window.dropped.connect(self.files.take)
        window.resized.connect(self._resized)
        self.data.empty.load.clicked.connect(self.files.ask_rows)
        self.data.table_paste_requested.connect(self.files.paste_table)
        QApplication.styleHints().colorSchemeChanged.connect(self._follow_theme)  # a lambda keeps self alive

    # --- window title, status bar and panels in front

    def _show_title_and_facts(self) -> None:
        restored = " · Undo restores the run" if self.document.ended_run else ""
        self.status.show_facts(self.document.state.training.seed, self.document.save_status + restored)
        path, title = self.document.path, self.document.title
        file = f" — {file_label(path)}" if path and title != file_label(path.with_suffix("")) else ""
        named = one_line(title + file).replace("[*]", "[*][*]")  # Qt shows [*][*] as the text [*]
        self.main_window.setWindowTitle(f"{named}[*] — nnviz")
        self.main_window.setWindowModified(self.document.modified)

    def _opened(self) -> None:
        self.player.stop()
        self.diagram.session.close()
        self.document.select(None)
        self.document.select_row(0)
        self.diagram.fit()
        self.notes.end_editing()
        for panel in self._panels.values():
            panel.begin_document()
        self._show_first_panel()

    def _show_first_panel(self) -> None:
        """Show the panel that the file names in front, or else Notes, or Explain for a file without notes.

        If the file names no panel, another panel that the person has put in front stays there.
        """
        state = self.document.state
        named = state.view.panel if state.view and state.view.panel in self.board.docks else ""
        if named or self.board.front in ("", "Notes", "Explain", self._first_panel):
            self._first_panel = named or ("Notes" if state.notes else "Explain")
            self.board.offer(self._first_panel)

    def _forget_invitation(self, old: Moment, new: Moment) -> None:
        """Clear the message that names the walk's keys when the walk no longer waits for a key."""
        waits_no_longer = old.walk.is_waiting and not new.walk.is_waiting
        if waits_no_longer and self.status.text in {phase_prompt(phase).text for phase in PHASES}:
            self.status.show_message("")

    def _explain(self) -> None:
        """Show the Explain panel, unless it would cover notes in editing or the code of the selected node."""
        if not self.notes.is_editing and self.board.front != "Code":
            self.board.offer("Explain")

    def _show_settings(self) -> None:
        """Bring the panel Training to the front, with the learning rate ready for typing."""
        self.board.show_panel("Training", True)
        self.desk.frames.show_pending()  # the field shows another rate, which would end its selection
        rate = self.training.fields.learning_rate
        rate.setFocus()
        rate.selectAll()

    def _list_rows(self, rows: NDArray[np.intp], description: str) -> None:
        self.board.docks["Data"].bring_to_front()
        self.data.show_only(rows, description)

    def _show_menu(self, address: Address | None, position: QPoint) -> None:
        menu = QMenu(self.main_window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.aboutToHide.connect(self.diagram.update_hover)
        self.structure.fill(menu, address)
        menu.popup(position)

    def fill_network_menu(self, menu: QMenu) -> None:
        """Fill a menu with the commands for the selected node or edge, and for the whole network."""
        self.structure.fill(menu, self.document.now.address)
        menu.addSeparator()
        menu.addAction("Keep the current weights…", partial(ask_keep_weights, self.main_window, self.desk))
        menu.addAction("Weight sets", self.desk.runs_requested.emit)

    def undo(self) -> None:
        """Undo the last change, and name the change in the status bar."""
        self._revert("Undone", self.document.undo_text, self.document.undo)

    def pause(self) -> None:
        """Pause the run, and accept a text that is typed on the diagram, before a dialog shows the State."""
        self.runner.pause()
        self.diagram.session.editor.leave()

    def redo(self) -> None:
        """Redo the change that was undone last, and name the change in the status bar."""
        self._revert("Redone", self.document.redo_text, self.document.redo)

    def _revert(self, done: str, name: Callable[[], str], revert: Callable[[], bool]) -> None:
        """Undo or redo a change, after a field that is open on the diagram has closed."""
        self.diagram.session.editor.leave()
        text = name()
        if revert():
            self.status.show_message(f"{done}: {text}")

    def float_panel(self) -> None:
        """Float the panel that has the keyboard focus, or dock the panel again."""
        dock = next((dock for dock in self.board.visible_docks if dock.has_focus), None)
        if dock:
            dock.toggle_floating()
            # after its window has opened or closed
            QTimer.singleShot(0, dock, partial(dock.bring_to_front, take_focus=True))
        else:
            self.status.show_message("No panel has the keyboard focus: click into a panel or press F6")

    def go_to_panel(self, count: int) -> None:
        """Move the keyboard focus on by `count` visible panels, or back if `count` is negative.

        The diagram comes after the last panel.
        """
        docks = self.board.visible_docks
        at = next((k for k, dock in enumerate(docks, 1) if dock.has_focus), 0)
        if following := (at + count) % (len(docks) + 1):
            docks[following - 1].bring_to_front(take_focus=True)
        else:
            self._go_to_diagram(Qt.FocusReason.TabFocusReason)

    def _go_to_diagram(self, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        self.diagram.activateWindow()  # a panel may float
        self.diagram.setFocus(why)

    def set_size(self, percent: int) -> None:
        """Use one of the interface sizes SIZES_PERCENT, or AUTOMATIC, and save the choice."""
        self.settings.remember("size", percent)
        self.use_size()

    def use_size(self) -> None:
        """Use the interface size in the settings, or the largest size that fits on the screen."""
        wanted, window = self.settings.size, self.main_window
        screen = window.screen().availableSize().expandedTo(window.size())
        percent = self.settings.size_within(screen, window.size())
        if percent < wanted:
            fault = f"Interface size {wanted} % does not fit on this screen"
            self.status.show_message(f"{fault}: nnviz now uses {percent} %")
        if set_size_percent(application(), percent):
            self.board.keep_margin(True)
            if wanted:
                QTimer.singleShot(0, window, window.fit_screen)  # after Qt has enlarged the window for texts
            QTimer.singleShot(0, self.board, self.board.fit)  # after the texts have got their new size

    def _resized(self) -> None:
        if not self.settings.size:
            self.use_size()

    def set_theme(self, name: str) -> None:
        """Use the theme `name`, one of `themes()`, and save the choice in the settings."""
        self.settings.remember("theme", name)
        self._follow_theme()

    def _follow_theme(self, _scheme: Qt.ColorScheme | None = None) -> None:
        apply_theme(application(), self.settings.theme)

    def _closing(self, event: QCloseEvent) -> None:
        self.runner.pause()
        if self.files.may_leave():
            if "sweeps" in vars(self):  # otherwise closing would make them
                self.sweeps.stop(keep=False)
            self.player.stop()
            self.document.idle.drop()
            self.present.leave()  # the saved arrangement must contain the panels
        else:
            event.ignore()


PANELS = (
    PanelEntry(
        "Training", "right, above", "Has the training settings and starts a run", "training:TrainingPanel"
    ),
    PanelEntry("Explain", "right", "Shows how the selected number is computed", "explain:ExplainPanel"),
    PanelEntry("Function", "right", "Plots the network's output over its inputs", "function:FunctionPanel"),
    PanelEntry(
        "Confusion", "right", "Counts rows by target class and predicted class", "confusion:ConfusionPanel"
    ),
    PanelEntry("Notes", "right", "Says what to try and what to look for", "notes:Notes"),
    PanelEntry("Code", "right", "Shows the network as a program", "code:CodePanel"),
    PanelEntry("Data", "below, left", "Lists the rows, their predictions and errors", "data:DataPanel"),
    PanelEntry("Loss", "below", "Plots the loss after every update", "history:HistoryPlot"),
    PanelEntry("Runs", "below", "Lists all runs with their settings and results", "runs:RunsPanel"),
    PanelEntry("Loss surface", "below", "Plots the loss over two selected weights", "loss:LossSurfacePanel"),
)
