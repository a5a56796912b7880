"""The table of everything that a person can ask the window for: one entry each, in the order of the menus.

Menus, toolbar and the sheet of keys are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from PySide6.QtGui import QAction, QKeySequence

from nnviz.document.walk.player import Player, Repeat
from nnviz.document.walk.walk import Phase
from nnviz.ui.widgets.theme import themes
from nnviz.ui.window import first_steps
from nnviz.ui.window.help import help_menu
from nnviz.ui.window.menus import Entry, Menu, Table, fill_menus, make_actions
from nnviz.ui.window.panels import PANELS
from nnviz.ui.window.settings import SIZES_PERCENT, Settings
from nnviz.ui.window.toolbar import END_WALK, REPEAT, WALK, Toolbar
from nnviz.ui.window.walk_keys import WalkKeys
from nnviz.ui.window.workspace import Workspace

Value = TypeVar("Value")
STANDARD = QKeySequence.StandardKey

PHASES: tuple[tuple[Phase, str], ...] = (
    ("forward", "Values run forward: every node adds up its terms and applies its activation"),
    ("loss", "The prediction is compared with the target: error, squared error, MSE"),
    ("backward", "Slopes come back, layer by layer from the output"),
    ("update", "Every weight takes a step against its slope"),
)
REPEATS: tuple[tuple[Repeat, str], ...] = (
    ("phase", "Stop after each phase"),
    ("rows", "Forward pass of every row, again and again"),
    ("rounds", "All four phases, again and again"),
)


def offer_actions(workspace: Workspace, entries: Table) -> None:
    """Put what can be asked for into the workspace's window, as menus and toolbar."""
    window, document = workspace.main_window, workspace.document
    actions = make_actions(entries, window)
    bar = Toolbar(entries, actions, document, workspace.selection, workspace.player)
    window.addToolBar(bar)
    fill_menus(entries, actions, window)
    WalkKeys(window)
    training = (actions[name].shortcut().toString() for name in ("run", "one update", "one update back"))
    workspace.training.verbs.name_keys(*training)

    def name_undo() -> None:
        _name(actions["undo"], "Undo", document.undo_text())
        _name(actions["redo"], "Redo", document.redo_text())

    for changed in (document.undo_changed, document.file_changed):
        changed.connect(name_undo)
    for dock in workspace.board.docks.values():
        dock.seen.connect(actions[f"panel {dock.objectName()}"].setChecked)
    name_undo()


def table(workspace: Workspace, settings: Settings) -> Table:
    """Return everything that can be asked for."""
    window = workspace.main_window
    menus = (
        _file(workspace),
        _edit(workspace),
        Menu("&Network", fill=workspace.fill_network_menu),
        _walk(workspace),
        Menu("", (_rows(workspace),)),
        _train(workspace),
        _view(workspace, settings),
        Menu("E&xamples", fill=workspace.files.fill_examples),
    )
    return (*menus, help_menu(menus, window, partial(first_steps.begin, workspace)))


def _file(workspace: Workspace) -> Menu:
    files = workspace.files

    return Menu(
        "&File",
        (
            (
                Entry("new", "&New…", files.new, keys=STANDARD.New, icon="new", toolbar=True),
                Entry("open", "&Open…", files.ask_open, keys=STANDARD.Open, icon="open", toolbar=True),
                Menu("Open &recent", fill=files.fill_recent),
            ),
            (
                Entry("save", "&Save", files.save, keys=STANDARD.Save, icon="save", toolbar=True),
                Entry("save as", "Save &as…", files.ask_save, keys="Ctrl+Shift+S"),
            ),
            (
                Entry("load rows", "&Load rows from CSV…", files.ask_rows),
                Entry("export", "&Export diagram…", workspace.export_diagram, keys="Ctrl+Shift+E"),
            ),
            (Entry("quit", "&Quit", workspace.main_window.close, keys=STANDARD.Quit),),
        ),
    )


def _edit(workspace: Workspace) -> Menu:
    find = Entry("find", "&Find…", lambda: workspace.finder.open(), keys=STANDARD.Find)
    undo = Entry("undo", "&Undo", workspace.undo, keys=STANDARD.Undo, icon="undo", toolbar=True)
    redo = Entry("redo", "&Redo", workspace.redo, keys="Ctrl+Shift+Z", icon="redo", toolbar=True)
    copy = Entry(
        "copy diagram",
        "&Copy diagram",
        workspace.copy_diagram,
        keys=STANDARD.Copy,
        within=workspace.diagram,
        tip="Copy the diagram as a picture",
    )
    return Menu("&Edit", ((undo, redo), (copy, find)))


def _walk(workspace: Workspace) -> Menu:
    player = workspace.player
    to_start = partial(Entry, within=workspace.diagram, keys="Home", icon="to-start")
    steps = (
        Entry("play", "&Play or pause the walk", player.toggle, keys="Space"),
        Entry("step", "&Next step", player.step, keys=".", icon="step"),
        Entry("step back", "Pre&vious step", player.back, keys=",", icon="step-back"),
        to_start("to start", "To the start of the phase", player.to_start),
        Entry("to end", "Finish the phase", player.to_end, icon="to-end"),
        Entry(END_WALK, "End the walk", player.stop, keys="Escape", icon="end"),
    )
    phases = tuple(
        Entry(phase, phase.capitalize(), partial(player.show_phase, phase), tip=tip, keys=str(number))
        for number, (phase, tip) in enumerate(PHASES, 1)
    )
    return Menu(WALK, (steps, phases, _repeats(player), (_by_layer(player),)))


def _repeats(player: Player) -> tuple[Entry, ...]:
    def repeat_by(repeat: Repeat) -> None:
        player.repeat = repeat

    return _choice(REPEAT, REPEATS, player.repeat, repeat_by)


def _by_layer(player: Player) -> Entry:
    def set_by_layer(on: bool) -> None:
        player.progress.by_layer = on

    tip = "Step and play layer by layer instead of node by node"
    return Entry("by layer", "Whole layers at a time", set_by_layer, tip=tip, is_on=False)


def _rows(workspace: Workspace) -> tuple[Entry, Entry]:
    def go(rows: int) -> None:
        workspace.selection.row += rows

    return (
        Entry("previous row", "Previous row", partial(go, -1), icon="left", keys="Ctrl+Up"),
        Entry("next row", "Next row", partial(go, 1), icon="right", keys="Ctrl+Down"),
    )


def _train(workspace: Workspace) -> Menu:
    training, runner = workspace.training, workspace.runner

    def after_editing(does: Callable[[], None]) -> None:
        """Accept a number that is open on the diagram before anything is trained."""
        if workspace.diagram.session.editor.commit():
            does()

    return Menu(
        "&Train",
        (
            (
                Entry("run", "&Run or pause", partial(after_editing, training.toggle_run), keys="F5"),
                Entry("one update", "&One update", partial(after_editing, training.step), keys="F10"),
                Entry("one update back", "One &back", runner.back, keys="Shift+F10"),
                Entry("restart", "Re&start", runner.restart),
                Entry("random", "&New random weights", runner.new_random_weights),
            ),
        ),
    )


def _view(workspace: Workspace, settings: Settings) -> Menu:
    zoom = workspace.diagram.zoom
    fit = Entry(
        "fit",
        "&Fit",
        workspace.diagram.fit,
        keys="Ctrl+0",
        tip="Show the whole network",
        icon="fit",
        toolbar=True,
    )
    zooms = (
        Entry("zoom in", "Zoom &in", partial(zoom, 1.25), keys=STANDARD.ZoomIn),
        Entry("zoom out", "Zoom &out", partial(zoom, 0.8), keys=STANDARD.ZoomOut),
    )
    return Menu(
        "&View",
        (
            _slopes(workspace),
            (fit, *zooms),
            _panels(workspace),
            (Entry("reset arrangement", "&Reset arrangement", workspace.board.reset),),
            (_themes(workspace, settings), _sizes(workspace, settings)),
        ),
    )


def _panels(workspace: Workspace) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            f"panel {panel.name}",
            panel.name,
            partial(workspace.board.show_panel, panel.name),
            tip=f"Show or hide the panel {panel.name}: {panel.tip}",
            is_on=workspace.board.docks[panel.name].in_sight,
        )
        for panel in PANELS
    )


def _slopes(workspace: Workspace) -> tuple[Entry, ...]:
    selection = workspace.selection
    return (
        Entry(
            "slopes",
            "Show &slopes",
            selection.show_slopes,
            keys="Ctrl+L",
            tip="Keep the slopes on the diagram; they follow while weights are edited",
            icon="slopes",
            toolbar=True,
            is_on=False,
        ),
        Entry(
            "mean",
            "Mean over all &rows",
            lambda on: selection.show_slopes(selection.slopes_shown, on),
            tip="Slopes as the mean over all rows, as the update uses them, instead of the selected row's",
            is_on=False,
        ),
        Entry(
            "focus",
            "F&ocus on the selection",
            workspace.diagram.focus_on_selection,
            keys="Ctrl+E",
            tip="Show the edges of the selected node alone and fade the rest",
            is_on=False,
        ),
    )


def _themes(workspace: Workspace, settings: Settings) -> Menu:
    titles = [(name, name.capitalize()) for name in themes()]
    return Menu("&Theme", (_choice("theme", titles, settings.theme, workspace.set_theme),))


def _sizes(workspace: Workspace, settings: Settings) -> Menu:
    def choose(size: int) -> None:
        settings.remember("size", size)
        workspace.status.say(f"Everything is drawn at {size} % from the next start on")

    titles = [(size, f"{size} %") for size in SIZES_PERCENT]
    return Menu("&Size of everything", (_choice("size", titles, settings.size, choose),))


def _choice(
    group: str, titles: Sequence[tuple[Value, str]], chosen: Value, choose: Callable[[Value], None]
) -> tuple[Entry, ...]:
    """Return entries of which one is on; each value comes with its title."""
    return tuple(
        Entry(f"{group} {value}", title, partial(choose, value), is_on=value == chosen, group=group)
        for value, title in titles
    )


def _name(action: QAction, word: str, text: str) -> None:
    """Name undo or redo after what it takes back or does again."""
    action.setEnabled(bool(text))
    action.setText(f"&{word} {text.replace('&', '&&')}".rstrip())
    action.setToolTip(f"{word} {text}".rstrip())
