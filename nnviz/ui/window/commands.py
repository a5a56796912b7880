"""The table of everything that a person can ask the window for: one entry each, in the order of the menus.

Menus, toolbar and the sheet of keys are made from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from nnviz.document.training.outcome import missing
from nnviz.document.walk.player import NO_ROW, Player, Repeat
from nnviz.document.walk.walk import Phase
from nnviz.ui.widgets.hold import hold
from nnviz.ui.window.ended_run import EndedRun
from nnviz.ui.window.export_rows import export_rows
from nnviz.ui.window.help import help_menu
from nnviz.ui.window.loss_in_use import keep_called, tell_changed_loss
from nnviz.ui.window.menus import Entry, Menu, Table, choice, fill_menus, make_actions
from nnviz.ui.window.ready_rows import ready_menu
from nnviz.ui.window.settings import Settings
from nnviz.ui.window.toolbar import END_WALK, REPEAT, WALK, Toolbar
from nnviz.ui.window.view_menu import view_menu
from nnviz.ui.window.walk_keys import WalkKeys
from nnviz.ui.window.workspace import Workspace

if TYPE_CHECKING:
    from nnviz.ui.pictures.motion import What

MAKE_ROWS = "Make rows by a formula: circles, moons, a spiral and others, with a network that suits them"
WALK_FILM = "Write the four phases of an update as a film: GIF, animated PNG or MP4"
TRAINING_FILM = "Write the run, or the one that Run would make, as a film: GIF, animated PNG or MP4"
EXPORT_ROWS = "Write the rows as a CSV file, raw as a table has them, with predictions and errors"
KEEP = "Add the row that is tried out on the Function panel to the data"
LEAVE = "Look at the row of the data again that was looked at before"
STANDARDISE = "Make of each input (value − mean) / deviation; both are kept, and applied to new rows"
SHUFFLE = "Mix the rows by the seed, so that those kept for validation are like the others"
STANDARD = QKeySequence.StandardKey

PHASES: tuple[tuple[Phase, str], ...] = (
    ("forward", "Values run forward: every node adds up its terms and applies its activation"),
    ("loss", "The prediction is compared with the target: error, loss of the row, mean over all rows"),
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
    WalkKeys(window, workspace.diagram)
    EndedRun(document, workspace.status, actions["undo"])
    training = (actions[name].shortcut().toString() for name in ("run", "one update", "one update back"))
    workspace.training.verbs.name_keys(*training)

    def offer_free() -> None:
        for name in ("keep row", "leave row"):
            actions[name].setEnabled(workspace.selection.free is not None)

    workspace.data.make_wished.connect(actions["make rows"].trigger)

    def name_undo() -> None:
        _name(actions["undo"], "Undo", document.undo_text(), document.held)
        _name(actions["redo"], "Redo", document.redo_text(), document.held)

    for changed in (document.undo_changed, document.file_changed):
        changed.connect(name_undo)
    for dock in workspace.board.docks.values():
        dock.looked.connect(actions[f"panel {dock.objectName()}"].setChecked)
    keep_called(workspace, actions["panel MSE"])
    tell_changed_loss(workspace)
    workspace.present.changed.connect(actions["present"].setChecked)
    workspace.selection.row_changed.connect(offer_free)
    offer_free()
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
        view_menu(workspace, settings),
        Menu("E&xamples", fill=workspace.files.fill_examples),
    )
    return (*menus, help_menu(menus, window, partial(_show_first_steps, workspace)))


def _show_first_steps(workspace: Workspace) -> None:
    from nnviz.ui.window.first_steps import begin  # most people want it once

    begin(workspace)


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
                Entry("make rows", "&Make rows…", partial(_make_rows, workspace), tip=MAKE_ROWS),
                ready_menu(workspace),
            ),
            (
                Entry("export", "&Export picture…", workspace.export_diagram, keys="Ctrl+Shift+E"),
                Entry(
                    "export walk", "Export &walk…", partial(_export_film, workspace, "walk"), tip=WALK_FILM
                ),
                Entry(
                    "export training",
                    "Export &training…",
                    partial(_export_film, workspace, "training"),
                    tip=TRAINING_FILM,
                ),
                Entry("export rows", "E&xport rows…", partial(export_rows, workspace), tip=EXPORT_ROWS),
            ),
            (Entry("quit", "&Quit", workspace.main_window.close, keys=STANDARD.Quit),),
        ),
    )


def _make_rows(workspace: Workspace) -> None:
    from nnviz.ui.window.make_rows import make_rows  # brings the plot library in

    make_rows(workspace)


def _export_film(workspace: Workspace, what: What) -> None:
    from nnviz.ui.pictures.motion import Subject  # most people want none

    workspace.runner.pause()
    state, selection, progress = workspace.document.state, workspace.selection, workspace.player.progress
    row = selection.row
    if what == "walk":
        state, row = selection.looked_at
    why = missing(state) if what == "training" else "" if len(state.data) else NO_ROW
    if why:
        workspace.status.say(why)
        return
    slopes, past = selection.slopes_shown, workspace.runner.travel.past
    pictures = workspace.diagram.view.pictures
    workspace.exports.ask_film(Subject(what, state, row, slopes, progress.by_layer, past, pictures))


def _edit(workspace: Workspace) -> Menu:
    find = Entry("find", "&Find…", lambda: workspace.finder.open(), keys=STANDARD.Find)
    undo = Entry("undo", "&Undo", workspace.undo, keys=STANDARD.Undo, icon="undo", toolbar=True)
    redo = Entry("redo", "&Redo", workspace.redo, keys="Ctrl+Shift+Z; Ctrl+Y", icon="redo", toolbar=True)
    copy = Entry(
        "copy diagram",
        "&Copy picture",
        workspace.copy_diagram,
        keys=STANDARD.Copy,
        within=workspace.diagram,
        tip="Copy the diagram as a picture",
    )
    keep = Entry("keep row", "&Keep free row", partial(_keep_row, workspace), tip=KEEP)
    shuffle = Entry("shuffle rows", "&Shuffle rows", workspace.data.all_rows.shuffle, tip=SHUFFLE)
    scale = Entry("standardise", "S&tandardise inputs", workspace.data.all_rows.standardise, tip=STANDARDISE)
    leave = Entry("leave row", "&Leave free row", workspace.selection.leave_free, tip=LEAVE)
    return Menu("&Edit", ((undo, redo), (copy, find), (keep, leave), (shuffle, scale)))


def _keep_row(workspace: Workspace) -> None:
    if said := workspace.selection.keep_free():
        workspace.status.say(said)


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

    return choice(REPEAT, REPEATS, player.repeat, repeat_by)


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


def _name(action: QAction, word: str, text: str, held: str) -> None:
    """Name undo or redo after what it takes back or does again."""
    action.setText(f"&{word} {text.replace('&', '&&')}".rstrip())
    hold(action, held, f"{word} {text}".rstrip(), can=bool(text))
