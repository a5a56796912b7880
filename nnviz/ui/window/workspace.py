"""Everything that shows one document in a window: the panels, and what they tell each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from nnviz.core.address import Address
from nnviz.core.numbers import file_named, on_one_line
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.player import Player
from nnviz.document.training import Runner
from nnviz.document.walk import PHASES, invitation
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.heads import Structure, keep_heads
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme, draw_at
from nnviz.ui.panels.data import DataPanel
from nnviz.ui.panels.history import HistoryPlot, PlotLibrary
from nnviz.ui.panels.notes import Notes
from nnviz.ui.panels.training import TrainingPanel
from nnviz.ui.window.files import FileCommands, WeightSets
from nnviz.ui.window.present import Present
from nnviz.ui.window.status import StatusLine
from nnviz.ui.window.window import MainWindow, Panel

if TYPE_CHECKING:
    from nnviz.ui.diagram.finder import Finder
    from nnviz.ui.dialogs.export import Exports
    from nnviz.ui.panels.explain import ExplainPanel
    from nnviz.ui.plot.card import PlotCard


PRESSED_KEYS = "pressed keys"
"""The switch that shows keys while presenting, as it is remembered."""


class Workspace:
    """Fills `window` for `document`."""

    data: DataPanel
    training: TrainingPanel
    notes: Notes
    history: HistoryPlot

    def __init__(
        self, window: MainWindow, document: Document, settings: Settings, panels: Sequence[Panel]
    ) -> None:
        self.main_window, self.document, self.settings = window, document, settings
        self.selection = Selection(document)
        self.derived = Derived(document, self.selection)
        self.runner = Runner(document)
        self.player = Player(document, self.selection, self.runner)
        self.files = FileCommands(window, document, self.runner.travel, settings)
        self.structure = Structure(document, self.selection)
        self.weight_sets = WeightSets(window, document)
        for part in (document, self.selection, self.derived, self.runner, self.player, self.structure):
            part.setParent(window)  # ends with it, and with it all that its signals hold
        self._make_panels(panels)
        self._connect()
        self._show_facts()
        self._show_title()
        self.diagram.show()  # at once, in a window that stands: Qt gives the focus to what is in sight alone
        self.diagram.setFocus()

    def _make_panels(self, panels: Sequence[Panel]) -> None:
        document, selection, derived = self.document, self.selection, self.derived
        self.diagram = Diagram(document, selection, derived, self.player)
        keep_heads(self.diagram, self.structure, document)
        self.data = DataPanel(document, selection, derived)
        self.training = TrainingPanel(document, self.runner, selection, derived)
        self.notes = Notes(document)
        self.history = HistoryPlot(document, self.runner, self.files.suggestion)
        self.with_pictures(self.history)
        self.library = PlotLibrary(self.main_window, self.history)
        self.status = StatusLine()
        self.main_window.setStatusBar(self.status)
        self.main_window.put(self.diagram, panels)
        self.board = self.main_window.board
        keys = self.settings.flag(PRESSED_KEYS, first=False)
        self.present = Present(self.main_window, self.diagram, shows_keys=keys)
        self.board.docks[self._first_read[0]].come_forward()
        for panel in panels:
            dock = self.board.docks[panel.name]
            dock.fill(partial(panel.make, self))
            dock.focus_lost.connect(self.diagram.setFocus)

    @cached_property
    def explain(self) -> ExplainPanel:
        """The panel that explains, made when it is first wanted: it may stand behind the notes for long."""
        from nnviz.ui.panels.explain import ExplainPanel

        panel = ExplainPanel(self.document, self.selection, self.derived)
        panel.address_hovered.connect(self.diagram.hover)
        return panel

    @cached_property
    def exports(self) -> Exports:
        """What writes and copies pictures, made when it is first wanted."""
        from nnviz.ui.dialogs.export import Exports

        exports = Exports(self.main_window, self.files.suggestion)
        exports.said.connect(self.status.say)
        return exports

    def export_diagram(self) -> None:
        """Ask how to write the diagram, and where."""
        from nnviz.ui.dialogs.pictures import DiagramDrawing

        self.exports.ask(DiagramDrawing(self.diagram.picture))

    def copy_diagram(self) -> None:
        """Copy the diagram as a picture."""
        from nnviz.ui.dialogs.pictures import DiagramDrawing

        self.exports.copy(DiagramDrawing(self.diagram.picture))

    def with_pictures(self, card: PlotCard) -> PlotCard:
        """Return a card of which pictures can be had."""

        def give(copied: bool) -> None:
            from nnviz.ui.dialogs.pictures import PlotDrawing

            drawing = PlotDrawing(card, self.document.title)
            (self.exports.copy if copied else self.exports.ask)(drawing)

        card.picture_wished.connect(give)
        return card

    @cached_property
    def finder(self) -> Finder:
        """The search field, made when it is first wanted."""
        from nnviz.ui.diagram.finder import Finder

        return Finder(self.diagram, self.document, self.selection)

    def _connect(self) -> None:
        window, document, runner = self.main_window, self.document, self.runner
        panels = (self.diagram, self.data, self.notes.page, self.history)
        for source in (*panels, self.structure, self.weight_sets, self.files, self.player, runner):
            source.said.connect(self.status.say)
        for said in (runner.run_ended, document.refused):
            said.connect(self.status.say)
        self.selection.explanation_requested.connect(self._explain)
        self.player.changed.connect(self._forget_invitation)
        runner.run_started.connect(lambda: self.diagram.hold_scale(True))
        runner.run_ended.connect(lambda _: self.diagram.hold_scale(False))
        document.state_changed.connect(lambda *_: self._show_facts())
        for changed in (document.undo_changed, document.file_changed):
            changed.connect(self._show_facts)
            changed.connect(self._show_title)
        self.training.fields.finished.connect(self._go_to_diagram)
        for button in self.training.findChildren(QPushButton):  # in a panel that floats, the field goes on
            button.pressed.connect(self.diagram.session.editor.commit)
        self.files.opened.connect(self._opened)
        self.files.taken.connect(self.diagram.session.close)
        for asking in (self.files, self.data):
            asking.about_to_ask.connect(runner.pause)
        self.diagram.menu_requested.connect(self._show_menu)
        window.painted.connect(self.library.load_soon, Qt.ConnectionType.SingleShotConnection)
        window.closing.connect(self._closing)
        window.dropped.connect(self.files.take)
        self.training.scales.wished.connect(self.data.all_rows.standardise)
        self.data.load_wished.connect(self.files.ask_rows)
        self.data.table_wished.connect(self.files.tables.ask_text)
        QApplication.styleHints().colorSchemeChanged.connect(self._follow_theme)  # a lambda would hold us

    # --- what it shows

    def _show_title(self) -> None:
        path, title = self.document.path, self.document.title
        file = f" — {file_named(path)}" if path and title != file_named(path.with_suffix("")) else ""
        named = on_one_line(title + file).replace("[*]", "[*][*]")  # so Qt writes it out
        self.main_window.setWindowTitle(f"{named}[*] — nnviz")
        self.main_window.setWindowModified(self.document.modified)

    def _show_facts(self) -> None:
        self.status.show_facts(self.document.state.training.seed, self.document.kept)

    def _opened(self) -> None:
        self.player.stop()
        self.diagram.session.close()
        self.selection.select(None)
        self.selection.row = 0
        self.diagram.fit()
        self.notes.end_writing()
        first, instead = self._first_read
        if self.board.covers(instead, first):  # any other panel that is in front stays there
            self.board.docks[first].come_forward()

    @property
    def _first_read(self) -> tuple[str, str]:
        """Which panel a document begins with, its notes where it has any, and which one else it would be."""
        return ("Notes", "Explain") if self.document.state.notes else ("Explain", "Notes")

    def _forget_invitation(self) -> None:
        """Say no longer which keys go on where a walk does not wait for them."""
        progress = self.player.progress
        if not progress.waits and self.status.text in {invitation(phase).text for phase in PHASES}:
            self.status.say("")

    def _explain(self) -> None:
        """Show the explanation of what was pointed at, unless it would cover what is written or follows."""
        followed = any(self.board.covers(name, "Explain") for name in ("Code", "Activation"))
        if not self.notes.being_written and not followed:
            self.board.docks["Explain"].come_forward()

    def _show_menu(self, address: Address | None, at: QPoint) -> None:
        menu = QMenu(self.main_window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.aboutToHide.connect(self.diagram.hover_again)
        self.structure.fill(menu, address)
        menu.popup(at)

    def fill_network_menu(self, menu: QMenu) -> None:
        """Fill a menu with what can be done to the network, first to what is selected."""
        self.structure.fill(menu, self.selection.address)
        menu.addSeparator()
        self.weight_sets.add_to(menu)

    def undo(self) -> None:
        """Take the last change back, and say so; a field that is open over it shows what was."""
        self.diagram.session.editor.leave()
        text = self.document.undo_text()
        if self.document.undo():
            self.status.say(f"Undone: {text}")

    def redo(self) -> None:
        """Do the last change again that was undone, and say so."""
        self.diagram.session.editor.leave()
        text = self.document.redo_text()
        if self.document.redo():
            self.status.say(f"Done again: {text}")

    def float_panel(self) -> None:
        """Float the panel that has the keyboard, or put it back."""
        dock = next((dock for dock in self.board.in_sight if dock.has_focus), None)
        if dock:
            dock.turn_loose()
            QTimer.singleShot(
                0, dock, partial(dock.come, take_focus=True)
            )  # once its window is there, or gone
        else:
            self.status.say("No panel has the keyboard: click into one, or press F6")

    def go_to_panel(self, by: int) -> None:
        """Give the keyboard to the next panel in sight; after the last one comes the diagram."""
        docks = self.board.in_sight
        at = next((k for k, dock in enumerate(docks, 1) if dock.has_focus), 0)
        if following := (at + by) % (len(docks) + 1):
            docks[following - 1].come(take_focus=True)
        else:
            self._go_to_diagram(Qt.FocusReason.TabFocusReason)

    def _go_to_diagram(self, why: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        self.diagram.activateWindow()  # a panel may float
        self.diagram.setFocus(why)

    def show_pressed_keys(self, shown: bool) -> None:
        """Show the keys that are pressed while presenting, from now on."""
        self.settings.remember(PRESSED_KEYS, shown)
        self.present.shows_keys = shown

    def set_size(self, percent: int) -> None:
        """Draw everything in one of SIZES_PERCENT from now on."""
        self.settings.remember("size", percent)
        self.use_size()

    def use_size(self) -> None:
        """Draw everything in the size that is remembered, or in the largest that has room on the screen."""
        wished, window = self.settings.size, self.main_window
        room = window.screen().availableSize().expandedTo(window.size())
        percent = self.settings.size_within(room)
        if percent < wished:
            self.status.say(f"{wished} % has no room on this screen: {percent} % is used")
        self.board.about_to_grow()
        window.about_to_grow()
        if draw_at(application(), percent):
            self.board.grow()
            window.fit_screen()
            QTimer.singleShot(0, window, window.grow)  # once the texts have shrunk

    def set_theme(self, name: str) -> None:
        """Use a theme of `themes()` from now on."""
        self.settings.remember("theme", name)
        self._follow_theme()

    def _follow_theme(self, _scheme: Qt.ColorScheme | None = None) -> None:
        apply_theme(application(), self.settings.theme)

    def _closing(self, event: QCloseEvent) -> None:
        self.runner.pause()
        if self.files.may_leave():
            self.player.stop()
            self.derived.rest()
            self.present.leave()  # so that the next window has its panels
        else:
            event.ignore()
