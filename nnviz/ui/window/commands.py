"""Every command of the window in one table: menus, toolbar and the list of shortcuts are made from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from nnviz.core.losses import LOSSES
from nnviz.core.numbers import counted, file_named
from nnviz.core.state import State
from nnviz.document.job import missing
from nnviz.document.player import NO_ROW, Player, Repeat
from nnviz.document.walk import Phase
from nnviz.files import atomic
from nnviz.files.errors import CancelledError, FileError
from nnviz.files.table import READY_SETS, ReadySet
from nnviz.files.table.writing import rows_of_state
from nnviz.picture.matrix import why_none
from nnviz.ui.dialogs.help import help_menu
from nnviz.ui.kit.controls import hold
from nnviz.ui.kit.dialogs import Waiting, ask_where, tell
from nnviz.ui.kit.menus import Menu, MenuEntry, Table, choice, fill_menus, make_actions
from nnviz.ui.kit.settings import SIZES_PERCENT, Settings
from nnviz.ui.kit.theme import themes
from nnviz.ui.panels.training import misfit
from nnviz.ui.window.panels import PANELS
from nnviz.ui.window.status import EndedRun
from nnviz.ui.window.toolbar import END_WALK, REPEAT, WALK, Toolbar, WalkKeys
from nnviz.ui.window.workspace import Workspace

if TYPE_CHECKING:
    from nnviz.ui.dialogs.films import What


ACCURACY = "accuracy"
"""The switch that draws the accuracy instead of the loss, as it is remembered."""


def keep_called(workspace: Workspace, action: QAction) -> None:
    """Have dock and menu entry of the panel follow the loss in use, and remember its switch."""
    card, dock, settings = workspace.history, workspace.board.docks["MSE"], workspace.settings
    for call in (dock.call, action.setText):
        call(card.short)
        card.called.connect(call)
    card.show_accuracy(settings.flag(ACCURACY, first=False))
    card.accuracy_chosen.connect(partial(settings.remember, ACCURACY))


def tell_changed_loss(workspace: Workspace) -> None:
    """Say that the output's activation changed the loss, and offer the loss before where that fits."""
    document, status = workspace.document, workspace.status

    def use(before: str) -> None:
        workspace.training.choose_loss(before)
        status.say(f"Loss: {document.state.measure.word}")

    def say(before: str) -> None:
        loss, output = document.state.measure, document.state.network.layers[-1].function.base
        status.say(f"Loss: {loss.word}, the usual one for {output}. {status.text}")
        if not misfit(before, output):
            title = LOSSES[before][0].title
            status.offer(f"Use &{title}", partial(use, before), f"Train by {title} instead")

    def follow(old: State, new: State) -> None:
        if old.training.loss != new.training.loss:
            status.withdraw()

    workspace.files.loss_changed.connect(say)
    document.state_changed.connect(follow)


STANDARD = QKeySequence.StandardKey


PICTURES = "small pictures"
"""The switch for small pictures in the nodes, as it is remembered."""


def view_menu(workspace: Workspace, settings: Settings) -> Menu:
    """Return the View menu."""
    zoom = workspace.diagram.zoom
    fit = MenuEntry(
        "fit",
        "&Fit",
        workspace.diagram.fit,
        keys="Ctrl+0",
        tip="Show the whole network",
        icon="fit",
        toolbar=True,
    )
    zooms = (
        MenuEntry("zoom in", "Zoom &in", partial(zoom, 1.25), keys=STANDARD.ZoomIn),
        MenuEntry("zoom out", "Zoom &out", partial(zoom, 0.8), keys=STANDARD.ZoomOut),
    )
    return Menu(
        "&View",
        (
            (*_slopes(workspace), _pictures(workspace, settings)),
            (Menu("&Zoom", ((fit, *zooms),)), *_present(workspace)),
            (Menu("P&anels", (_panels(workspace),)), *_arrangement(workspace)),
            (_themes(workspace, settings), _sizes(workspace, settings)),
        ),
    )


def _present(workspace: Workspace) -> tuple[MenuEntry, ...]:
    present = workspace.present
    return (
        MenuEntry(
            "present",
            "&Present",
            present.turn,
            keys="F11",
            tip="Show the diagram alone on the whole screen, or all again",
            icon="present",
            toolbar=True,
            is_on=False,
        ),
        MenuEntry(
            "pressed keys",
            "Show pressed &keys while presenting",
            workspace.show_pressed_keys,
            tip="Show the keys that are pressed while presenting",
            is_on=present.shows_keys,
        ),
    )


def _panels(workspace: Workspace) -> tuple[MenuEntry, ...]:
    return tuple(
        MenuEntry(
            f"panel {panel.name}",
            panel.name,
            partial(workspace.board.show_panel, panel.name),
            tip=f"Bring this panel to the front, or hide it where it is there: {panel.tip}",
            is_on=workspace.board.docks[panel.name].is_open,
        )
        for panel in PANELS
    )


def _arrangement(workspace: Workspace) -> tuple[MenuEntry, ...]:
    go = workspace.go_to_panel
    tip = "Float the panel that has the keyboard, or put it back"
    return (
        MenuEntry(
            "next panel", "N&ext panel", partial(go, 1), keys="F6", tip="Go to the next panel, or the diagram"
        ),
        MenuEntry("previous panel", "Pre&vious panel", partial(go, -1), keys="Shift+F6"),
        MenuEntry(
            "float", "F&loat or put back this panel", workspace.float_panel, keys="Ctrl+Shift+F", tip=tip
        ),
        MenuEntry("reset arrangement", "&Reset arrangement", workspace.board.reset),
    )


def _slopes(workspace: Workspace) -> tuple[MenuEntry, ...]:
    selection = workspace.selection
    return (
        MenuEntry(
            "slopes",
            "Show &slopes",
            selection.show_slopes,
            keys="Ctrl+L",
            tip="Keep the slopes on the diagram; they follow while weights are edited",
            icon="slopes",
            toolbar=True,
            is_on=False,
        ),
        MenuEntry(
            "mean",
            "&Mean over all rows",
            lambda on: selection.show_slopes(selection.slopes_shown, on),
            tip="Slopes as the mean over all rows, as the update uses them, instead of the selected row's",
            is_on=False,
        ),
        MenuEntry(
            "focus",
            "F&ocus on the selection",
            workspace.diagram.focus_on_selection,
            keys="Ctrl+E",
            tip="Show the edges of the selected node alone and fade the rest",
            is_on=False,
        ),
    )


def _pictures(workspace: Workspace, settings: Settings) -> MenuEntry:
    def show(shown: bool) -> None:
        settings.remember(PICTURES, shown)
        workspace.diagram.show_pictures(shown)
        if shown and (why := why_none(workspace.document.state.network)):
            workspace.status.say(why)

    return MenuEntry(
        "pictures",
        "Small pi&ctures in the nodes",
        show,
        keys="Ctrl+I",
        tip="Show in each node what it computes over one or two inputs, or its weights over an image",
        is_on=settings.flag(PICTURES, first=False),
    )


def _themes(workspace: Workspace, settings: Settings) -> Menu:
    titles = [(name, name.capitalize()) for name in themes()]
    return Menu("&Theme", (choice("theme", titles, settings.theme, workspace.set_theme),))


def _sizes(workspace: Workspace, settings: Settings) -> Menu:
    titles = [(size, f"{size} %") for size in SIZES_PERCENT]
    return Menu("S&ize of everything", (choice("size", titles, settings.size, workspace.set_size),))


def export_rows(workspace: Workspace) -> None:
    """Write the rows that there are, raw as a table has them, with what the network predicts now."""
    state, window, say = workspace.document.state, workspace.main_window, workspace.status.say
    if not len(state.data):
        say("There are no rows to export")
        return
    suggestion = workspace.files.suggestion("-predicted.csv")
    path = ask_where(window, "Export rows", suggestion, {"CSV": (".csv",)})
    if path is None:
        return
    name = file_named(path)
    try:
        with Waiting(window, f"Writing {name}") as writing:
            atomic.write(path, rows_of_state(state, writing))
    except CancelledError:
        say(f"{name} was not written")
    except FileError as error:
        say(str(error))
        tell(window, str(error))
    else:
        say(f"Exported {name}: {counted(len(state.data), 'row')} with the predictions")


def ready_menu(workspace: Workspace) -> Menu:
    """Return the menu."""
    return Menu(
        "Open rea&dy rows",
        (
            tuple(
                MenuEntry(f"ready {each.name}", each.title, partial(_open, workspace, each), tip=each.line)
                for each in READY_SETS
            ),
        ),
    )


def _open(workspace: Workspace, ready: ReadySet) -> None:
    """Open it as an example is opened."""
    workspace.files.open_new(ready.state(), f"{ready.title}: {ready.line}", example=True)


def make_rows(workspace: Workspace) -> None:
    """Ask for rows. For the open network they are an edit; with a network of their own a new document."""
    document = workspace.document
    if not document.may_change():
        return
    workspace.runner.pause()
    from nnviz.ui.dialogs.make_rows import MakeRows  # which imports the plot library

    dialog = MakeRows(workspace.main_window, document.state)
    if dialog.exec():
        if dialog.suiting.isChecked():
            workspace.files.open_new(dialog.state(), dialog.said)
        else:
            workspace.diagram.session.close()
            if document.edit(f"Make rows: {dialog.kind.title}", lambda _: dialog.state()):
                workspace.selection.row = 0
                workspace.status.say(dialog.said)
    dialog.setParent(None)  # else Python keeps it, with its plot, once Qt has deleted it
    dialog.deleteLater()


MAKE_ROWS = "Make rows by a formula: circles, moons, a spiral and others, with a network that suits them"
WALK_FILM = "Write the four phases of an update as a film: GIF, animated PNG or MP4"
TRAINING_FILM = "Write the run, or the one that Run would make, as a film: GIF, animated PNG or MP4"
EXPORT_ROWS = "Write the rows as a CSV file, raw as a table has them, with predictions and errors"
KEEP = "Add the row that is tried out on the Function panel to the data"
LEAVE = "Look at the row of the data again that was looked at before"
STANDARDISE = "Make of each input (value − mean) / deviation; both are kept, and applied to new rows"
SHUFFLE = "Mix the rows by the seed, so that those kept for validation are like the others"

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
                MenuEntry("new", "&New…", files.new, keys=STANDARD.New, icon="new", toolbar=True),
                MenuEntry("open", "&Open…", files.ask_open, keys=STANDARD.Open, icon="open", toolbar=True),
                Menu("Open &recent", fill=files.fill_recent),
            ),
            (
                MenuEntry("save", "&Save", files.save, keys=STANDARD.Save, icon="save", toolbar=True),
                MenuEntry("save as", "Save &as…", files.ask_save, keys="Ctrl+Shift+S"),
            ),
            (
                MenuEntry("load rows", "&Load rows from CSV…", files.ask_rows),
                MenuEntry("make rows", "&Make rows…", partial(make_rows, workspace), tip=MAKE_ROWS),
                ready_menu(workspace),
            ),
            (
                MenuEntry("export", "&Export picture…", workspace.export_diagram, keys="Ctrl+Shift+E"),
                MenuEntry(
                    "export walk", "Export &walk…", partial(_export_film, workspace, "walk"), tip=WALK_FILM
                ),
                MenuEntry(
                    "export training",
                    "Export &training…",
                    partial(_export_film, workspace, "training"),
                    tip=TRAINING_FILM,
                ),
                MenuEntry("export rows", "E&xport rows…", partial(export_rows, workspace), tip=EXPORT_ROWS),
            ),
            (MenuEntry("quit", "&Quit", workspace.main_window.close, keys=STANDARD.Quit),),
        ),
    )


def _export_film(workspace: Workspace, what: What) -> None:
    from nnviz.ui.dialogs.films import Subject  # most people want none

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
    find = MenuEntry("find", "&Find…", lambda: workspace.finder.open(), keys=STANDARD.Find)
    undo = MenuEntry("undo", "&Undo", workspace.undo, keys=STANDARD.Undo, icon="undo", toolbar=True)
    redo = MenuEntry("redo", "&Redo", workspace.redo, keys="Ctrl+Shift+Z; Ctrl+Y", icon="redo", toolbar=True)
    copy = MenuEntry(
        "copy diagram",
        "&Copy picture",
        workspace.copy_diagram,
        keys=STANDARD.Copy,
        within=workspace.diagram,
        tip="Copy the diagram as a picture",
    )
    keep = MenuEntry("keep row", "&Keep free row", partial(_keep_row, workspace), tip=KEEP)
    shuffle = MenuEntry("shuffle rows", "&Shuffle rows", workspace.data.all_rows.shuffle, tip=SHUFFLE)
    scale = MenuEntry(
        "standardise", "S&tandardise inputs", workspace.data.all_rows.standardise, tip=STANDARDISE
    )
    leave = MenuEntry("leave row", "&Leave free row", workspace.selection.leave_free, tip=LEAVE)
    return Menu("&Edit", ((undo, redo), (copy, find), (keep, leave), (shuffle, scale)))


def _keep_row(workspace: Workspace) -> None:
    if said := workspace.selection.keep_free():
        workspace.status.say(said)


def _walk(workspace: Workspace) -> Menu:
    player = workspace.player
    to_start = partial(MenuEntry, within=workspace.diagram, keys="Home", icon="to-start")
    steps = (
        MenuEntry("play", "&Play or pause the walk", player.toggle, keys="Space"),
        MenuEntry("step", "&Next step", player.step, keys=".", icon="step"),
        MenuEntry("step back", "Pre&vious step", player.back, keys=",", icon="step-back"),
        to_start("to start", "To the start of the phase", player.to_start),
        MenuEntry("to end", "Finish the phase", player.to_end, icon="to-end"),
        MenuEntry(END_WALK, "End the walk", player.stop, keys="Escape", icon="end"),
    )
    phases = tuple(
        MenuEntry(phase, phase.capitalize(), partial(player.show_phase, phase), tip=tip, keys=str(number))
        for number, (phase, tip) in enumerate(PHASES, 1)
    )
    return Menu(WALK, (steps, phases, _repeats(player), (_by_layer(player),)))


def _repeats(player: Player) -> tuple[MenuEntry, ...]:
    def repeat_by(repeat: Repeat) -> None:
        player.repeat = repeat

    return choice(REPEAT, REPEATS, player.repeat, repeat_by)


def _by_layer(player: Player) -> MenuEntry:
    def set_by_layer(on: bool) -> None:
        player.progress.by_layer = on

    tip = "Step and play layer by layer instead of node by node"
    return MenuEntry("by layer", "Whole layers at a time", set_by_layer, tip=tip, is_on=False)


def _rows(workspace: Workspace) -> tuple[MenuEntry, MenuEntry]:
    def go(rows: int) -> None:
        workspace.selection.row += rows

    return (
        MenuEntry("previous row", "Previous row", partial(go, -1), icon="left", keys="Ctrl+Up"),
        MenuEntry("next row", "Next row", partial(go, 1), icon="right", keys="Ctrl+Down"),
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
                MenuEntry("run", "&Run or pause", partial(after_editing, training.toggle_run), keys="F5"),
                MenuEntry("one update", "&One update", partial(after_editing, training.step), keys="F10"),
                MenuEntry("one update back", "One &back", runner.back, keys="Shift+F10"),
                MenuEntry("restart", "Re&start", runner.restart),
                MenuEntry("random", "&New random weights", runner.new_random_weights),
            ),
        ),
    )


def _name(action: QAction, word: str, text: str, held: str) -> None:
    """Name undo or redo after what it takes back or does again."""
    action.setText(f"&{word} {text.replace('&', '&&')}".rstrip())
    hold(action, held, f"{word} {text}".rstrip(), can=bool(text))
