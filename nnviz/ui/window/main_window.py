"""The window: puts the panels around the diagram, and the commands into menus and toolbar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
    QPaintEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSplitter, QToolBar, QWidget

from nnviz.document.document import Document
from nnviz.files.examples import examples
from nnviz.picture.picture import Part
from nnviz.ui.data.panel import DataPanel
from nnviz.ui.diagram.column_buttons import ColumnButtons
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.finder import Finder
from nnviz.ui.diagram.player import Player
from nnviz.ui.diagram.structure_menu import Structure
from nnviz.ui.explain.panel import ExplainPanel
from nnviz.ui.loss.curve import LossCurve
from nnviz.ui.loss.surface import LossSurface
from nnviz.ui.notes import Notes
from nnviz.ui.plots.mse_plot import MsePlot
from nnviz.ui.plots.weight_matrix import WeightMatrix
from nnviz.ui.selection import Selection
from nnviz.ui.theme import THEMES, apply_theme, system_theme
from nnviz.ui.training.panel import TrainingPanel
from nnviz.ui.training.runner import Runner
from nnviz.ui.widgets.tabs import CardTabs, Tab
from nnviz.ui.window.about import about
from nnviz.ui.window.commands import Commands
from nnviz.ui.window.file_commands import FileCommands
from nnviz.ui.window.keys import KeysHelp
from nnviz.ui.window.settings import Settings
from nnviz.ui.window.status_line import StatusLine
from nnviz.ui.window.walk_bar import WalkBar

SIDE = 364
GAP = 10


class MainWindow(QMainWindow):
    """The window of one document."""

    def __init__(self, document: Document, settings: Settings) -> None:
        super().__init__()
        self.document, self._settings = document, settings
        self.selection = Selection(document)
        self.runner = Runner(document)
        self.player = Player(document, self.selection, self.runner)
        self.files = FileCommands(self, document, settings)
        self._structure = Structure(document, self.selection)
        self._commands = Commands(self)
        self._theme = settings.text("theme", "system")
        self._plots_import: Thread | None = None
        self._plots_loaded = False
        self._make_panels()
        self._make_actions()
        self._make_toolbar()
        self._make_menus()
        self._connect()
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self._restore()
        self._refresh()
        self._show_words()
        self.diagram.setFocus()

    # --- what it is made of

    def _make_panels(self) -> None:
        self.diagram = Diagram(self.document, self.selection, self.player)
        self.data = DataPanel(self.document, self.selection)
        self.training = TrainingPanel(self.document, self.runner, self.selection)
        self.plot = MsePlot(self.document)
        self.curve = LossCurve(self.document, self.selection)
        self.surface = LossSurface(self.document, self.selection)
        self.matrix = WeightMatrix(self.document, self.selection)
        self.plots = CardTabs(
            (
                Tab("MSE", "The MSE after every update", self.plot),
                Tab("1 weight", "The MSE along the selected weight", self.curve),
                Tab("2 weights", "The MSE over two weights", self.surface),
                Tab("matrix", "A layer's weights as an image", self.matrix),
            )
        )
        self.explain = ExplainPanel(self.document, self.selection)
        self.notes = Notes(self.document)
        self.words = CardTabs(
            (
                Tab("explain", "Where the selected number comes from", self.explain),
                Tab("notes", "What to try here and what to look for", self.notes),
            )
        )
        self.finder = Finder(self.diagram, self.document, self.selection)
        self.status = StatusLine()
        self.setStatusBar(self.status)
        self._buttons = ColumnButtons(self.diagram, self._structure)
        self._below = _splitter(Qt.Orientation.Horizontal, self.data, self.words)
        self._left = _splitter(Qt.Orientation.Vertical, self.diagram, self._below)
        self._left.setStretchFactor(0, 1)
        self._right = _splitter(Qt.Orientation.Vertical, self.training, self.plots)
        self._right.setStretchFactor(1, 1)
        self._right.setMinimumWidth(300)
        self._whole = _splitter(Qt.Orientation.Horizontal, self._left, self._right)
        self._whole.setStretchFactor(0, 1)
        self._whole.setContentsMargins(GAP, GAP, GAP, GAP)
        self.setCentralWidget(self._whole)
        self.panels: dict[str, QWidget] = {
            "Data": self.data,
            "Training": self.training,
            "Plots": self.plots,
            "Explain and notes": self.words,
        }

    def _make_actions(self) -> None:
        add, keys = self._commands.add, QKeySequence.StandardKey
        self.new = add("&New…", self.files.new, icon_name="new", keys=keys.New)
        self.open = add("&Open…", self.files.ask_open, icon_name="open", keys=keys.Open)
        self.save = add("&Save", self.files.save, icon_name="save", keys=keys.Save)
        self.save_as = add("Save &as…", self.files.ask_save, keys="Ctrl+Shift+S")
        self.undo = add("&Undo", self._undo, icon_name="undo", keys=keys.Undo)
        self.redo = add("&Redo", self._redo, icon_name="redo", keys="Ctrl+Shift+Z")
        self.fit = add("&Fit", self.diagram.fit, icon_name="fit", keys="Ctrl+0", tip="Show the whole network")
        self.run = add("&Run or pause", partial(self._train, self.training.toggle_run), keys="F5")
        self.slopes = add(
            "Show &slopes",
            icon_name="slopes",
            keys="Ctrl+L",
            checkable=True,
            tip="Keep the slopes on the diagram; they follow while weights are edited",
        )
        self.focus = add(
            "F&ocus on the selection",
            keys="Ctrl+E",
            checkable=True,
            tip="Show the edges of the selected node alone and fade the rest",
        )
        self.focus.toggled.connect(self.diagram.focus_on_selection)
        self.slopes.toggled.connect(lambda on: self.selection.show_slopes(on))
        self.mean = add(
            "Mean over all &rows",
            checkable=True,
            tip="Slopes as the mean over all rows, as the update uses them, instead of the selected row's",
        )
        self.mean.toggled.connect(lambda on: self.selection.show_slopes(self.slopes.isChecked(), on))

    def _make_toolbar(self) -> None:
        bar = QToolBar("Toolbar")
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addActions([self.new, self.open, self.save])
        bar.addSeparator()
        bar.addActions([self.undo, self.redo])
        bar.addSeparator()
        self.walk = WalkBar(bar, self._commands, self.document, self.selection, self.player)
        bar.addSeparator()
        bar.addActions([self.slopes, self.fit])
        self.addToolBar(bar)

    def _make_menus(self) -> None:
        bar = self.menuBar()
        file = bar.addMenu("&File")
        file.addActions([self.new, self.open])
        self._recent = file.addMenu("Open &recent")
        self._recent.aboutToShow.connect(self._fill_recent)
        file.addSeparator()
        file.addActions([self.save, self.save_as])
        file.addSeparator()
        file.addAction(self._commands.add("&Quit", self.close, keys=QKeySequence.StandardKey.Quit))
        edit = bar.addMenu("&Edit")
        edit.addActions([self.undo, self.redo])
        edit.addSeparator()
        edit.addAction(self._commands.add("&Find…", self.finder.open, keys=QKeySequence.StandardKey.Find))
        self._network = bar.addMenu("&Network")
        self._network.aboutToShow.connect(self._fill_network)
        self._walk_menu = self.walk.menu()
        bar.addMenu(self._walk_menu)
        train = bar.addMenu("&Train")
        train.addAction(self.run)
        train.addAction(self._commands.add("&Step", partial(self._train, self.training.step), keys="F10"))
        train.addAction(self._commands.add("&Back", self.runner.back, keys="Shift+F10"))
        train.addAction(self._commands.add("Re&start", self.runner.restart))
        train.addAction(self._commands.add("&New random weights", self.runner.new_random_weights))
        self._make_view_menu(bar.addMenu("&View"))
        self._shipped = bar.addMenu("E&xamples")
        self._shipped.setToolTipsVisible(True)
        self._shipped.aboutToShow.connect(self._fill_examples)
        self._make_help_menu(bar.addMenu("&Help"))

    def _make_view_menu(self, menu: QMenu) -> None:
        menu.addActions([self.slopes, self.mean, self.focus])
        menu.addSeparator()
        menu.addAction(self.fit)
        menu.addAction(
            self._commands.add(
                "Zoom &in", lambda: self.diagram.zoom(1.25), keys=QKeySequence.StandardKey.ZoomIn
            )
        )
        menu.addAction(
            self._commands.add(
                "Zoom &out", lambda: self.diagram.zoom(0.8), keys=QKeySequence.StandardKey.ZoomOut
            )
        )
        menu.addSeparator()
        for name, panel in self.panels.items():
            action = self._commands.add(f"{name} panel", checkable=True)
            action.setChecked(self._settings.flag(f"panel/{name}", True))
            action.toggled.connect(panel.setVisible)
            panel.setVisible(action.isChecked())
            action.toggled.connect(lambda on, name=name: self._settings.remember(f"panel/{name}", on))
            menu.addAction(action)
        menu.addSeparator()
        themes = menu.addMenu("&Theme")
        for name in THEMES:
            action = self._commands.add(name.capitalize(), partial(self.set_theme, name), checkable=True)
            action.setChecked(name == self._theme)
            themes.addAction(action)
        self._themes = themes

    def _make_help_menu(self, menu: QMenu) -> None:
        menu.addAction(self._commands.add("&Keys and mouse", lambda: KeysHelp(self).exec(), keys="F1"))
        menu.addAction("&About nnviz", lambda: about(self))

    def _connect(self) -> None:
        for source in (self.diagram, self.data, self._structure, self.files, self.player):
            source.said.connect(self.status.say)
        self.plot.exported.connect(self.status.say)
        self.plot.refused.connect(self.status.say)
        self.explain.part_hovered.connect(self.diagram.hover)
        self.runner.run_ended.connect(self.status.say)
        self.runner.warned.connect(self.status.say)
        self.runner.run_started.connect(lambda: self.diagram.hold_scale(True))
        self.runner.run_ended.connect(lambda _: self.diagram.hold_scale(False))
        self.document.state_changed.connect(lambda *_: self._refresh_facts())
        self.document.undo_changed.connect(self._refresh)
        self.document.file_changed.connect(self._refresh)
        self.files.opened.connect(self._opened)
        self.diagram.menu_requested.connect(self._show_menu)
        QApplication.styleHints().colorSchemeChanged.connect(lambda _: self._follow_system())

    # --- what it shows

    def _refresh(self) -> None:
        document = self.document
        for action, word, text in (
            (self.undo, "Undo", document.undo_text()),
            (self.redo, "Redo", document.redo_text()),
        ):
            action.setEnabled(bool(text))
            action.setText(f"&{word} {text}".replace("_", " ").rstrip() if text else f"&{word}")
            action.setToolTip(f"{word} {text}".rstrip())
        self.setWindowTitle(f"{document.title}[*] — nnviz")
        self.setWindowModified(document.modified)
        self._refresh_facts()

    def _refresh_facts(self) -> None:
        self.status.show_facts(self.document.state.training.seed, not self.document.modified)

    def _opened(self) -> None:
        self.player.stop()
        self.diagram.session.close()
        self.selection.select(None)
        self.selection.row = 0
        self.diagram.fit()
        self._show_words()

    def _show_words(self) -> None:
        """Begin with the notes where there are any."""
        self.words.show_card(1 if self.document.state.notes else 0)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self._settings.recent:
            self._recent.addAction(str(path).replace("&", "&&"), partial(self.files.leave_and_open, path))
        if self._recent.isEmpty():
            self._recent.addAction("No recent files").setEnabled(False)
        else:
            self._recent.addSeparator()
            self._recent.addAction("Forget these", self._settings.forget_recent)

    def _fill_examples(self) -> None:
        self._shipped.clear()
        for own in examples():
            action = self._shipped.addAction(
                f"{own.title}\t{own.line}".replace("&", "&&"),
                partial(self.files.open_example, own.name),
            )
            action.setToolTip(own.line)

    def _undo(self) -> None:
        text = self.document.undo_text()
        self.document.undo()
        self.status.say(f"Undone: {text}")

    def _redo(self) -> None:
        text = self.document.redo_text()
        self.document.redo()
        self.status.say(f"Done again: {text}")

    def _train(self, does: Callable[[], None]) -> None:
        """Accept a number that is open on the diagram before anything is trained."""
        if self.diagram.session.editor.commit():
            does()

    def _show_menu(self, part: Part | None, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._structure.fill(menu, part)
        menu.popup(at)

    def _fill_network(self) -> None:
        self._structure.fill(self._network, self.selection.part)

    # --- theme

    def set_theme(self, name: str) -> None:
        """Use a theme of THEMES from now on."""
        self._theme = name
        self._settings.remember("theme", name)
        for action in self._themes.actions():
            action.setChecked(action.text().lower() == name)
        self._follow_system()

    def _follow_system(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, system_theme() if self._theme == "system" else self._theme)
        self._commands.recolour()
        self._buttons.recolour()
        self.walk.refresh()

    # --- events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Import the plot library after the first frame: a timer started when shown would fire before it."""
        super().paintEvent(event)
        if self._plots_import is None:
            self._plots_import = Thread(target=import_module, args=("pyqtgraph",))
            QTimer.singleShot(0, self._plots_import.start)
            QTimer.singleShot(0, self._await_plots)

    def _await_plots(self) -> None:
        """Look whether the plot library has come; the window answers meanwhile."""
        if self._plots_import and self._plots_import.is_alive():
            QTimer.singleShot(10, self._await_plots)
        else:
            self.load_plots()

    def load_plots(self) -> None:
        """Bring in the plots, which take longer than the first frame may."""
        if not self._plots_loaded:
            self._plots_loaded = True
            for card in (self.plot, self.curve, self.surface):
                card.load()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved changes, and remember the window."""
        self.runner.pause()
        if not self.files.may_leave():
            event.ignore()
            return
        self.player.stop()
        self._settings.remember("geometry", self.saveGeometry())
        for name, splitter in self._splitters().items():
            self._settings.remember(f"splitter/{name}", splitter.saveState())
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the file that is dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, lambda: self.files.leave_and_open(paths[0]))

    def _splitters(self) -> dict[str, QSplitter]:
        return {"left": self._left, "below": self._below, "right": self._right, "whole": self._whole}

    def _restore(self) -> None:
        self._left.setSizes([450, 214])
        self._below.setSizes([510, 366])
        self._right.setSizes([280, 400])
        self._whole.setSizes([1280 - SIDE, SIDE])
        if geometry := self._settings.bytes("geometry"):
            self.restoreGeometry(geometry)
        for name, splitter in self._splitters().items():
            if state := self._settings.bytes(f"splitter/{name}"):
                splitter.restoreState(state)


def _splitter(orientation: Qt.Orientation, *widgets: QWidget) -> QSplitter:
    splitter = QSplitter(orientation)
    splitter.setHandleWidth(GAP)
    splitter.setChildrenCollapsible(False)
    for widget in widgets:
        splitter.addWidget(widget)
    return splitter
