"""The commands of the window: as actions, in the menus and in the toolbar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from nnviz.files.examples import examples
from nnviz.ui.widgets.theme import THEMES
from nnviz.ui.window.about import about
from nnviz.ui.window.commands import Commands
from nnviz.ui.window.keys import KeysHelp
from nnviz.ui.window.settings import SIZES, Settings
from nnviz.ui.window.walk_bar import WalkBar

if TYPE_CHECKING:
    from nnviz.ui.window.workspace import Workspace

Choice = TypeVar("Choice")
STANDARD = QKeySequence.StandardKey


class Menus:
    """Puts what can be done in a workspace into its window."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._commands = Commands(workspace.main_window)
        self._make_actions()
        self._make_toolbar()
        bar = workspace.main_window.menuBar()
        self._fill_file(bar.addMenu("&File"))
        self._fill_edit(bar.addMenu("&Edit"))
        network = bar.addMenu("&Network")
        network.aboutToShow.connect(lambda: self._fill_network(network))
        bar.addMenu(self.walk.menu())
        self._fill_train(bar.addMenu("&Train"))
        self._fill_view(bar.addMenu("&View"))
        self._fill_examples(bar.addMenu("E&xamples"))
        help_menu = bar.addMenu("&Help")
        self._add(help_menu, "&Keys and mouse", lambda: KeysHelp(workspace.main_window).exec(), keys="F1")
        help_menu.addAction("&About nnviz", lambda: about(workspace.main_window))
        for changed in (workspace.document.undo_changed, workspace.document.file_changed):
            changed.connect(self._show_undo)
        self._show_undo()

    def recolour(self) -> None:
        """Draw the icons in the theme's ink."""
        self._commands.recolour()
        self.walk.refresh()

    def _make_actions(self) -> None:
        """Make those that stand in the toolbar or in more than one menu."""
        add, files, workspace = self._commands.add, self._workspace.files, self._workspace
        self.new = add("&New…", files.new, icon_name="new", keys=STANDARD.New)
        self.open = add("&Open…", files.ask_open, icon_name="open", keys=STANDARD.Open)
        self.save = add("&Save", files.save, icon_name="save", keys=STANDARD.Save)
        self.undo = add("&Undo", self._undo, icon_name="undo", keys=STANDARD.Undo)
        self.redo = add("&Redo", self._redo, icon_name="redo", keys="Ctrl+Shift+Z")
        self.fit = add(
            "&Fit", workspace.diagram.fit, icon_name="fit", keys="Ctrl+0", tip="Show the whole network"
        )
        self.slopes = add(
            "Show &slopes",
            icon_name="slopes",
            keys="Ctrl+L",
            checkable=True,
            tip="Keep the slopes on the diagram; they follow while weights are edited",
        )
        self.mean = add(
            "Mean over all &rows",
            checkable=True,
            tip="Slopes as the mean over all rows, as the update uses them, instead of the selected row's",
        )
        for action in (self.slopes, self.mean):
            action.toggled.connect(
                lambda _: workspace.selection.show_slopes(self.slopes.isChecked(), self.mean.isChecked())
            )

    def _make_toolbar(self) -> None:
        workspace = self._workspace
        bar = QToolBar("Toolbar")
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addActions([self.new, self.open, self.save])
        bar.addSeparator()
        bar.addActions([self.undo, self.redo])
        bar.addSeparator()
        self.walk = WalkBar(bar, self._commands, workspace.document, workspace.selection, workspace.player)
        bar.addSeparator()
        bar.addActions([self.slopes, self.fit])
        workspace.main_window.addToolBar(bar)
        further = bar.findChild(QToolButton, "qt_toolbar_ext_button")  # Qt's own, where the window is narrow
        assert isinstance(further, QToolButton)
        self._commands.set_icon(further, "further")
        further.setToolTip("What has no room here")

    def _add(
        self,
        menu: QMenu,
        text: str,
        does: Callable[[], object],
        keys: QKeySequence.StandardKey | str | None = None,
    ) -> None:
        menu.addAction(self._commands.add(text, does, keys=keys))

    def _fill_file(self, menu: QMenu) -> None:
        menu.addActions([self.new, self.open])
        recent = menu.addMenu("Open &recent")
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        menu.addSeparator()
        menu.addAction(self.save)
        self._add(menu, "Save &as…", self._workspace.files.ask_save, "Ctrl+Shift+S")
        menu.addSeparator()
        self._add(menu, "&Load rows from CSV…", self._workspace.files.rows.ask)
        self._add(menu, "&Export diagram…", self._export, "Ctrl+Shift+E")
        menu.addSeparator()
        self._add(menu, "&Quit", self._workspace.main_window.close, STANDARD.Quit)

    def _export(self) -> None:
        self._workspace.files.ask_export(self._workspace.diagram.picture)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for path in self._settings.recent:
            menu.addAction(str(path).replace("&", "&&"), partial(self._workspace.files.leave_and_open, path))
        if menu.isEmpty():
            menu.addAction("No recent files").setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Forget these", self._settings.forget_recent)

    def _fill_edit(self, menu: QMenu) -> None:
        menu.addActions([self.undo, self.redo])
        menu.addSeparator()
        self._add(menu, "&Find…", lambda: self._workspace.finder.open(), STANDARD.Find)

    def _fill_network(self, menu: QMenu) -> None:
        self._workspace.structure.fill(menu, self._workspace.selection.address)
        menu.addSeparator()
        self._workspace.weight_sets.add_to(menu)

    def _fill_train(self, menu: QMenu) -> None:
        training, runner = self._workspace.training, self._workspace.runner
        self._add(menu, "&Run or pause", partial(self._train, training.toggle_run), "F5")
        self._add(menu, "&Step", partial(self._train, training.step), "F10")
        self._add(menu, "&Back", runner.back, "Shift+F10")
        self._add(menu, "Re&start", runner.restart)
        self._add(menu, "&New random weights", runner.new_random_weights)

    def _train(self, does: Callable[[], None]) -> None:
        """Accept a number that is open on the diagram before anything is trained."""
        if self._workspace.diagram.session.editor.commit():
            does()

    def _fill_view(self, menu: QMenu) -> None:
        diagram = self._workspace.diagram
        focus = self._commands.add(
            "F&ocus on the selection",
            keys="Ctrl+E",
            checkable=True,
            tip="Show the edges of the selected node alone and fade the rest",
        )
        focus.toggled.connect(diagram.focus_on_selection)
        menu.addActions([self.slopes, self.mean, focus])
        menu.addSeparator()
        menu.addAction(self.fit)
        self._add(menu, "Zoom &in", lambda: diagram.zoom(1.25), STANDARD.ZoomIn)
        self._add(menu, "Zoom &out", lambda: diagram.zoom(0.8), STANDARD.ZoomOut)
        menu.addSeparator()
        for name, panel in self._workspace.panels.items():
            action = self._commands.add(f"{name} panel", checkable=True)
            action.setChecked(self._settings.flag(f"panel/{name}", True))
            panel.setVisible(action.isChecked())
            action.toggled.connect(panel.setVisible)
            action.toggled.connect(lambda on, name=name: self._settings.remember(f"panel/{name}", on))
            menu.addAction(action)
        menu.addSeparator()
        themes = {name.capitalize(): name for name in THEMES}
        self._fill_choice(menu.addMenu("&Theme"), themes, self._settings.theme, self._workspace.set_theme)
        sizes = {f"{size} %": size for size in SIZES}
        self._fill_choice(menu.addMenu("&Size of everything"), sizes, self._settings.size, self._set_size)

    def _fill_choice(
        self, menu: QMenu, values: dict[str, Choice], chosen: Choice, choose: Callable[[Choice], None]
    ) -> None:
        group = QActionGroup(menu)
        for text, value in values.items():
            action = self._commands.add(text, partial(choose, value), checkable=True)
            action.setChecked(value == chosen)
            group.addAction(action)
        menu.addActions(group.actions())

    def _set_size(self, size: int) -> None:
        self._settings.remember("size", size)
        self._workspace.status.say(f"Everything is drawn at {size} % from the next start on")

    def _fill_examples(self, menu: QMenu) -> None:
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: self._list_examples(menu))

    def _list_examples(self, menu: QMenu) -> None:
        menu.clear()
        for own in examples():
            action = menu.addAction(
                f"{own.title}\t{own.line}".replace("&", "&&"),
                partial(self._workspace.files.open_example, own.name),
            )
            action.setToolTip(own.line)

    def _show_undo(self) -> None:
        document = self._workspace.document
        for action, word, text in (
            (self.undo, "Undo", document.undo_text()),
            (self.redo, "Redo", document.redo_text()),
        ):
            action.setEnabled(bool(text))
            action.setText(f"&{word} {text.replace('&', '&&')}".rstrip())
            action.setToolTip(f"{word} {text}".rstrip())

    def _undo(self) -> None:
        text = self._workspace.document.undo_text()
        self._workspace.document.undo()
        self._workspace.status.say(f"Undone: {text}")

    def _redo(self) -> None:
        text = self._workspace.document.redo_text()
        self._workspace.document.redo()
        self._workspace.status.say(f"Done again: {text}")
