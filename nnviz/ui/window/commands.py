"""The table of all window commands, from which the menus, the toolbar and the shortcut list are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from nnviz.core.losses import LOSSES
from nnviz.core.numbers import counted, file_label
from nnviz.document.job import missing_for_training
from nnviz.document.moment import Moment
from nnviz.document.player import NO_ROW, Player, Repeat
from nnviz.document.walk import Phase
from nnviz.files import atomic
from nnviz.files.errors import Progress
from nnviz.picture.matrix import why_no_thumbnails
from nnviz.ui.dialogs.help import help_menu
from nnviz.ui.kit.controls import set_lock_reason
from nnviz.ui.kit.dialogs import export
from nnviz.ui.kit.menus import Menu, MenuEntry, Table, choice_entries, fill_menus, make_actions
from nnviz.ui.kit.settings import SIZES_PERCENT, Settings
from nnviz.ui.kit.theme import themes
from nnviz.ui.panels.training import loss_mismatch
from nnviz.ui.window.status import EndedRun
from nnviz.ui.window.toolbar import END_WALK, REPEAT, WALK, Toolbar, WalkKeys
from nnviz.ui.window.workspace import PANELS, Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from nnviz.files.table import ReadySet
    from nnviz.ui.dialogs.films import What


ACCURACY = "accuracy"
"""Settings key: whether the loss panel plots the accuracy instead of the loss."""


def remember_accuracy(workspace: Workspace) -> None:
    """Restore whether the loss panel plots loss or accuracy, and save each later choice."""
    card, settings = workspace.history, workspace.settings
    card.show_accuracy(settings.get(ACCURACY, False))
    card.accuracy_chosen.connect(partial(settings.remember, ACCURACY))


def report_changed_loss(workspace: Workspace) -> None:
    """Report when a new output activation has changed the loss. Offer the former loss if that loss fits."""
    document, status = workspace.document, workspace.status

    def restore(before: str) -> None:
        workspace.training.choose_loss(before)
        status.show_message(f"The loss is now {document.state.measure.phrase}")

    def report(before: str) -> None:
        loss, output = document.state.measure, document.state.network.layers[-1].function.base
        status.show_message(f"The loss is now {loss.phrase}, the usual loss for {output}. {status.text}")
        if not loss_mismatch(before, output):
            title = LOSSES[before][0].title
            status.offer(f"Use &{title}", partial(restore, before), f"Use {title} as the loss again")

    def withdraw(old: Moment, new: Moment) -> None:
        if old.state.training.loss != new.state.training.loss:
            status.withdraw()

    workspace.files.loss_changed.connect(report)
    document.changed.connect(withdraw)


STANDARD = QKeySequence.StandardKey


PICTURES = "small pictures"
"""Settings key: whether the nodes show thumbnails."""


def view_menu(workspace: Workspace, settings: Settings) -> Menu:
    """Return the menu View: what the window and the diagram show."""
    zoom = workspace.diagram.zoom
    fit = MenuEntry(
        "fit",
        "&Fit",
        workspace.diagram.fit,
        keys="Ctrl+0",
        tip="Zoom and pan so that the whole network is visible",
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
            tip="Show only the diagram, on the full screen, or show all panels again",
            icon="present",
            toolbar=True,
            is_on=False,
        ),
        MenuEntry(
            "pressed keys",
            "Show pressed &keys while presenting",
            workspace.show_pressed_keys,
            tip="Show the name of each key that you press while presenting",
            is_on=present.shows_keys,
        ),
    )


def _panels(workspace: Workspace) -> tuple[MenuEntry, ...]:
    return tuple(
        MenuEntry(
            f"panel {panel.name}",
            panel.name,
            partial(workspace.board.show_panel, panel.name),
            tip=f"{panel.tip}. Show this panel, or hide it if it is in front",
            is_on=workspace.board.docks[panel.name].is_open,
        )
        for panel in PANELS
    )


def _arrangement(workspace: Workspace) -> tuple[MenuEntry, ...]:
    go = workspace.go_to_panel
    tip = "Make the panel with the keyboard focus a window of its own, or dock the panel again"
    return (
        MenuEntry(
            "next panel", "N&ext panel", partial(go, 1), keys="F6", tip="Move the focus to the next panel"
        ),
        MenuEntry("previous panel", "Pre&vious panel", partial(go, -1), keys="Shift+F6"),
        MenuEntry("float", "F&loat or dock this panel", workspace.float_panel, keys="Ctrl+Shift+F", tip=tip),
        MenuEntry("reset arrangement", "&Reset arrangement", workspace.board.reset),
    )


def _slopes(workspace: Workspace) -> tuple[MenuEntry, ...]:
    document = workspace.document
    return (
        MenuEntry(
            "slopes",
            "Show &slopes",
            document.show_slopes,
            keys="Ctrl+L",
            tip="Show the slopes (gradients) of the loss on the diagram, even while you edit weights",
            icon="slopes",
            toolbar=True,
            is_on=False,
        ),
        MenuEntry(
            "mean",
            "&Mean slopes over all rows",
            lambda on: document.show_slopes(document.now.slopes_shown, on),
            tip="Show the mean of the slopes over all rows instead of the slopes of one row",
            is_on=False,
        ),
        MenuEntry(
            "focus",
            "F&ocus on the selection",
            workspace.diagram.focus_on_selection,
            keys="Ctrl+E",
            tip="Fade all edges except the edges of the selected node",
            is_on=False,
        ),
    )


def _pictures(workspace: Workspace, settings: Settings) -> MenuEntry:
    def show(shown: bool) -> None:
        settings.remember(PICTURES, shown)
        workspace.diagram.show_pictures(shown)
        if shown and (why := why_no_thumbnails(workspace.document.state.network)):
            workspace.status.show_message(why)

    return MenuEntry(
        "pictures",
        "Thum&bnails in the nodes",
        show,
        keys="Ctrl+I",
        tip="Show in each node a plot of its output over one or two inputs, or an image of its weights",
        is_on=settings.get(PICTURES, False),
    )


def _themes(workspace: Workspace, settings: Settings) -> Menu:
    titles = [(name, name.capitalize()) for name in themes()]
    return Menu("&Theme", (choice_entries("theme", titles, settings.theme, workspace.set_theme),))


def _sizes(workspace: Workspace, settings: Settings) -> Menu:
    titles = [(size, f"{size} %") for size in SIZES_PERCENT]
    return Menu("Interface s&ize", (choice_entries("size", titles, settings.size, workspace.set_size),))


def export_rows(workspace: Workspace) -> None:
    """Ask for a CSV file, and write the raw (unscaled) rows and their predictions to the file."""
    state, window, say = workspace.document.state, workspace.main_window, workspace.status.show_message
    if not len(state.data):
        say("There are no rows to export: load or make rows first")
        return
    suggestion = workspace.files.suggestion("-predicted.csv")

    def write(path: Path, progress: Progress) -> None:
        from nnviz.files.table.writing import rows_of_state  # imported late: most sessions export no rows

        atomic.write(path, rows_of_state(state, progress))

    if path := export(window, say, "Export rows", suggestion, {"CSV": (".csv",)}, write):
        say(f"Exported {counted(len(state.data), 'row')} with predictions to {file_label(path)}")


def _fill_ready(workspace: Workspace, menu: QMenu) -> None:
    """Fill a menu with the built-in data sets, such as iris."""
    from nnviz.files.table import READY_SETS  # imported late: most sessions open no table

    menu.clear()
    menu.setToolTipsVisible(True)
    for each in READY_SETS:
        menu.addAction(each.title, partial(_open, workspace, each)).setToolTip(each.line)


def _open(workspace: Workspace, ready: ReadySet) -> None:
    """Open a built-in data set as a new document without a file, like an example."""
    workspace.files.open_new(ready.state(), f"{ready.title}: {ready.line}", example=True)


def make_rows(workspace: Workspace) -> None:
    """Ask which rows to make, and put the rows into the open network or into a new document.

    In the open network, Undo takes back the new rows in one step.
    """
    document = workspace.document
    if not document.may_change():
        return
    workspace.runner.pause()
    from nnviz.ui.dialogs.make_rows import MakeRows  # imported late, since it imports the plot library

    dialog = MakeRows(workspace.main_window, document.state)
    if dialog.is_accepted():
        if dialog.for_new_network.isChecked():
            workspace.files.open_new(dialog.state(), dialog.summary)
        else:
            workspace.diagram.session.close()
            if document.edit(f"Make rows: {dialog.kind.title}", lambda _: dialog.state()):
                document.select_row(0)
                workspace.status.show_message(dialog.summary)


MAKE_ROWS = "Generate rows in a shape such as circles or a spiral, and optionally a suitable network"
WALK_FILM = "Export a film of the four phases of an update, as GIF, animated PNG or MP4"
TRAINING_FILM = "Export a film of the last run, or of a new run if there is none: GIF, animated PNG, MP4"
EXPORT_ROWS = "Export the rows to a CSV file, with unscaled inputs, predictions and errors"
KEEP = "Add the what-if row (the inputs that you chose in the panel Function) to the data"
LEAVE = "Discard the what-if row (the inputs that you chose), and select the row that was selected before"
STANDARDISE = "Replace each input with (value − mean) / standard deviation, and scale new rows likewise"
SHUFFLE = "Put the rows in a random order, so that the validation rows resemble the training rows"

PHASES: tuple[tuple[Phase, str], ...] = (
    ("forward", "Forward pass: every node adds up input · weight and applies its activation function"),
    ("loss", "Loss: compare the prediction with the target, and average the losses of all rows"),
    ("backward", "Backward pass: compute the slopes (gradients) of the loss, layer by layer from the output"),
    ("update", "Update: move every weight a small step against its slope"),
)
REPEATS: tuple[tuple[Repeat, str], ...] = (
    ("phase", "Stop after each phase"),
    ("rows", "Repeat the forward pass for every row"),
    ("rounds", "Repeat all four phases"),
)


def offer_actions(workspace: Workspace, entries: Table) -> None:
    """Add the commands in `entries` to the workspace's window as menus and a toolbar."""
    window, document = workspace.main_window, workspace.document
    actions = make_actions(entries, window)
    bar = Toolbar(entries, actions, workspace.desk)
    workspace.desk.frames.add(bar)
    window.addToolBar(bar)
    fill_menus(entries, actions, window)
    WalkKeys(window, workspace.diagram)
    EndedRun(document, workspace.status, actions["undo"])
    training = (actions[name].shortcut().toString() for name in ("run", "one update", "one update back"))
    workspace.training.run_buttons.name_keys(*training)

    workspace.data.make_requested.connect(actions["make rows"].trigger)

    def name_undo() -> None:
        _name(actions["undo"], "Undo", document.undo_text(), document.lock_reason)
        _name(actions["redo"], "Redo", document.redo_text(), document.lock_reason)

    for changed in (document.undo_changed, document.file_changed):
        changed.connect(name_undo)
    for dock in workspace.board.docks.values():
        dock.updated.connect(actions[f"panel {dock.objectName()}"].setChecked)
    remember_accuracy(workspace)
    report_changed_loss(workspace)
    workspace.present.changed.connect(actions["present"].setChecked)
    name_undo()


def table(workspace: Workspace, settings: Settings) -> Table:
    """Return all commands of the window, as a table of menus."""
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
    from nnviz.ui.window.first_steps import begin  # imported late: most people need the first steps once

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
                Menu("Open built-in &data", fill=partial(_fill_ready, workspace)),
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
    from nnviz.ui.dialogs.films import Subject  # imported late: most sessions export no film

    workspace.runner.pause()
    now = workspace.document.now
    state, row = (now.row_state, now.row_index) if what == "walk" else (now.state, now.row)
    why = missing_for_training(state) if what == "training" else "" if len(state.data) else NO_ROW
    if why:
        workspace.status.show_message(why)
        return
    past, pictures = workspace.runner.travel.past, workspace.diagram.view.pictures
    workspace.exports.ask_film(Subject(what, state, row, now.slopes_shown, now.walk.by_layer, past, pictures))


def _edit(workspace: Workspace) -> Menu:
    document = workspace.document
    find = MenuEntry("find", "&Find…", lambda: workspace.finder.open(), keys=STANDARD.Find)
    undo = MenuEntry("undo", "&Undo", workspace.undo, keys=STANDARD.Undo, icon="undo", toolbar=True)
    redo = MenuEntry("redo", "&Redo", workspace.redo, keys="Ctrl+Shift+Z; Ctrl+Y", icon="redo", toolbar=True)
    copy = MenuEntry(
        "copy diagram",
        "&Copy picture",
        workspace.copy_diagram,
        keys=STANDARD.Copy,
        focus_widget=workspace.diagram,
        tip="Copy the diagram to the clipboard as a picture",
    )
    keep = MenuEntry("keep row", "&Keep what-if row", partial(_keep_row, workspace), tip=KEEP)
    shuffle = MenuEntry("shuffle rows", "&Shuffle rows", workspace.data.all_rows.shuffle, tip=SHUFFLE)
    scale = MenuEntry(
        "standardise", "S&tandardise inputs", workspace.data.all_rows.standardise, tip=STANDARDISE
    )
    leave = MenuEntry(
        "leave row", "&Discard what-if row", lambda: document.select_row(document.now.row), tip=LEAVE
    )
    return Menu("&Edit", ((undo, redo), (copy, find), (keep, leave), (shuffle, scale)))


def _keep_row(workspace: Workspace) -> None:
    if message := workspace.document.insert_what_if_row():
        workspace.status.show_message(message)


def _walk(workspace: Workspace) -> Menu:
    player = workspace.player
    to_start = partial(MenuEntry, focus_widget=workspace.diagram, keys="Home", icon="to-start")
    steps = (
        MenuEntry("play", "&Play or pause the walk", player.toggle, keys="Space"),
        MenuEntry("step", "&Next step", player.step, keys=".", icon="step"),
        MenuEntry("step back", "Pre&vious step", player.back, keys=",", icon="step-back"),
        to_start("to start", "Go to the start of the phase", player.to_start),
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

    return choice_entries(REPEAT, REPEATS, player.repeat, repeat_by)


def _by_layer(player: Player) -> MenuEntry:
    tip = "Let each step of the animated update show a whole layer instead of a single node"
    return MenuEntry("by layer", "One layer at a time", player.set_by_layer, tip=tip, is_on=False)


def _rows(workspace: Workspace) -> tuple[MenuEntry, MenuEntry]:
    def go(rows: int) -> None:
        workspace.document.select_row(workspace.document.now.row + rows)

    return (
        MenuEntry("previous row", "Previous row", partial(go, -1), icon="left", keys="Ctrl+Up"),
        MenuEntry("next row", "Next row", partial(go, 1), icon="right", keys="Ctrl+Down"),
    )


def _train(workspace: Workspace) -> Menu:
    training, runner = workspace.training, workspace.runner

    def after_editing(command: Callable[[], None]) -> None:
        """Accept the number that is being edited on the diagram, then call `command`."""
        if workspace.diagram.session.editor.commit():
            command()

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


def _name(action: QAction, word: str, text: str, lock_reason: str) -> None:
    """Set the text of the action Undo or Redo to `word` and the name of the edit, `text`."""
    action.setText(f"&{word} {text.replace('&', '&&')}".rstrip())
    set_lock_reason(action, lock_reason, f"{word} {text}".rstrip(), can=bool(text))
