"""The table of all window commands, from which the menus, the toolbar and the shortcut list are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtGui import QKeySequence

from nnviz.core.numbers import counted, file_label
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.document.document import Document
from nnviz.document.job import missing_for_training
from nnviz.document.player import NO_ROW, Repeat
from nnviz.document.walk import Phase
from nnviz.files import atomic
from nnviz.files.errors import Progress
from nnviz.picture.matrix import why_no_thumbnails
from nnviz.picture.number_rooms import MANY_EDGES
from nnviz.ui.dialogs.help import help_menu
from nnviz.ui.kit.card import HOW_TO_SHOW
from nnviz.ui.kit.controls import set_lock_reason
from nnviz.ui.kit.dialogs import export
from nnviz.ui.kit.menus import Menu, MenuEntry, Table, choice_entries, fill_menus, make_actions
from nnviz.ui.kit.settings import AUTOMATIC, SIZES_PERCENT
from nnviz.ui.kit.theme import themes
from nnviz.ui.panels.data import COLUMN_TIP
from nnviz.ui.window.toolbar import END_WALK, WALK, Toolbar, WalkKeys
from nnviz.ui.window.window import ARRANGEMENTS, Arrangement, PanelEntry
from nnviz.ui.window.workspace import PANELS, Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from nnviz.files.table import ReadySet
    from nnviz.ui.dialogs.films import What
    from nnviz.ui.panels.function import FunctionPanel


STANDARD = QKeySequence.StandardKey

PICTURES = "small pictures"
"""Settings key: whether the nodes show thumbnails."""
ALL_WEIGHTS = "all weights"
"""Settings key: whether a network with many edges shows all its weights, not only the strongest."""


def view_menu(workspace: Workspace) -> Menu:
    """Return the menu View: what the window and the diagram show."""
    diagram, present, settings = workspace.diagram, workspace.present, workspace.settings
    focus, pictures = diagram.focus_on_selection, partial(_show_pictures, workspace)
    show_slopes, show_mean = workspace.document.show_slopes, partial(_show_mean_slopes, workspace.document)
    weights = diagram.show_all_weights
    has_pictures, has_all = settings.get(PICTURES, False), settings.get(ALL_WEIGHTS, False)
    shows = (
        MenuEntry("slopes", "Show &slopes", show_slopes, SLOPES, "Ctrl+L", toolbar=True, is_on=False),
        MenuEntry("mean", "&Mean slopes over all rows", show_mean, MEAN, is_on=False),
        MenuEntry("focus", "F&ocus on the selection", focus, FOCUS, "Ctrl+E", is_on=False),
        MenuEntry("pictures", "Thum&bnails in the nodes", pictures, THUMBNAILS, "Ctrl+I", is_on=has_pictures),
        MenuEntry("all weights", "All &weights", weights, WEIGHTS, "Ctrl+Shift+W", is_on=has_all),
    )
    zooms = (
        MenuEntry("fit", "&Fit", diagram.fit, "Zoom and pan so that the whole network is visible", "Ctrl+0"),
        MenuEntry("zoom in", "Zoom &in", partial(diagram.zoom, 1.25), keys=STANDARD.ZoomIn),
        MenuEntry("zoom out", "Zoom &out", partial(diagram.zoom, 0.8), keys=STANDARD.ZoomOut),
    )
    presents = (
        Menu("&Zoom", (zooms,)),
        MenuEntry("present", "&Present", present.turn, PRESENT, "F11", toolbar=True, is_on=False),
        MenuEntry("hide", "&Hide results", partial(_hide_results, workspace), HIDE, "H", is_on=False),
    )
    theme_titles = [(name, name.capitalize()) for name in themes()]
    size_titles = [(AUTOMATIC, "Automatic"), *((size, f"{size} %") for size in SIZES_PERCENT)]
    looks = (
        Menu("&Theme", (choice_entries("theme", theme_titles, settings.theme, workspace.set_theme),)),
        Menu("Interface s&ize", (choice_entries("size", size_titles, settings.size, workspace.set_size),)),
    )
    return Menu("&View", (shows, presents, _panels(workspace), looks))


def _hide_results(workspace: Workspace, on: bool) -> None:
    workspace.document.hide_results(on)
    workspace.status.reminder = HOW_TO_SHOW if on else ""
    workspace.status.show_message("")


def _panels(workspace: Workspace) -> tuple[Menu | MenuEntry, ...]:
    board, go = workspace.board, workspace.go_to_panel

    def entry(panel: PanelEntry) -> MenuEntry:
        name, tip = panel.name, f"{panel.tip}. Show this panel, or hide it if it is in front"
        show, is_on = partial(board.show_panel, name), not board.docks[name].isHidden()
        return MenuEntry(f"panel {name}", name, show, tip, is_on=is_on)

    def arrange(number: int, each: Arrangement) -> MenuEntry:
        title, show = f"Arrange for {each.name}", partial(board.arrange_for, each)
        return MenuEntry(f"arrange {each.name}", title, show, each.tip, f"Ctrl+{number}")

    moves = (
        MenuEntry("next panel", "N&ext panel", partial(go, 1), "Move the focus to the next panel", "F6"),
        MenuEntry("previous panel", "Pre&vious panel", partial(go, -1), keys="Shift+F6"),
        MenuEntry("float", "F&loat or dock this panel", workspace.float_panel, FLOAT, "Ctrl+Shift+F"),
    )
    return (
        Menu("P&anels", (tuple(map(entry, PANELS)), moves), toolbar=True),
        Menu("A&rrange for", (tuple(map(arrange, count(1), ARRANGEMENTS)),), toolbar=True),
    )


def _show_mean_slopes(document: Document, on: bool) -> None:
    document.show_slopes(document.now.slopes_shown, on)


def _show_pictures(workspace: Workspace, shown: bool) -> None:
    workspace.diagram.show_pictures(shown)
    if shown and (why := why_no_thumbnails(workspace.document.state.network)):
        workspace.status.show_message(why)


def export_rows(workspace: Workspace) -> None:
    """Ask for a CSV file, and write the raw (unscaled) rows and their predictions to the file."""
    state = workspace.document.state
    if not len(state.data):
        workspace.status.show_message("There are no rows to export: load or make rows first")
        return

    def write(path: Path, progress: Progress) -> str:
        from nnviz.files.table.writing import rows_of_state  # imported late: most sessions export no rows

        atomic.write(path, rows_of_state(state, progress))
        return f"Exported {counted(len(state.data), 'row')} with predictions to {file_label(path)}"

    kinds = {"CSV": (".csv",)}
    export(workspace.main_window, workspace.desk, "Export rows", "-predicted.csv", kinds, write)


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
    workspace.pause()
    from nnviz.ui.dialogs.make_rows import MakeRows  # imported late, since it imports the plot library

    dialog = MakeRows(workspace.main_window, document.state)
    if dialog.is_accepted():
        if dialog.for_new_network.isChecked():
            workspace.files.open_new(dialog.state(), dialog.summary)
        elif document.edit(f"Make rows: {dialog.kind.title}", lambda _: dialog.state()):
            document.select_row(0)
            workspace.status.show_message(dialog.summary)


def new_from_points(workspace: Workspace) -> None:
    """Open a network without rows, and let the person place points in the plot of the function."""
    from nnviz.ui.dialogs.new_network import empty_plane  # imported late, like the dialog

    if workspace.files.open_new(empty_plane(), ""):
        workspace.board.docks["Function"].bring_to_front()
        workspace.training.fold.button.setChecked(False)  # gives the plane more room
        workspace.desk.frames.show_pending()  # so that the panel knows the plane
        cast("FunctionPanel", workspace.panel("Function")).tool.setChecked(True)


def ask_column(workspace: Workspace, place: int | None = None) -> None:
    """Ask for a new input that a formula computes, or change the formula of the input at index `place`."""
    document = workspace.document
    if not document.may_change():
        return
    workspace.pause()
    from nnviz.ui.dialogs.column import ColumnDialog  # imported late: most sessions add no column

    dialog = ColumnDialog(workspace.main_window, document.state, place)
    if dialog.is_accepted():
        name, text = dialog.name.text().strip(), dialog.formula.text().strip()
        if document.edit(f"{'Add' if place is None else 'Change'} {name}", lambda _: dialog.state()):
            added = "; its weights are 0 until you train" if place is None else ""
            workspace.status.show_message(f"{name} = {text}{added}")


NEW_POINTS = "Open a network without rows, and click into a plane to add the rows as points of two classes"
SLOPES = "Show the slopes (gradients) of the loss on the diagram, even while you edit weights"
MEAN = "Show the mean of the slopes over all rows instead of the slopes of one row"
FOCUS = "Fade all edges except the edges of the selected node"
WEIGHTS = f"Show all weights of a network with more than {MANY_EDGES} edges, not only the strongest ones"
THUMBNAILS = "Show in each node a plot of its output over one or two inputs, or an image of its weights"
PRESENT = "Show only the diagram and the run, on the full screen; Escape shows all panels again"
HIDE = "Hide predictions, errors, slopes and losses, for a question to a class; a click shows a single one"
FLOAT = "Make the panel with the keyboard focus a window of its own, or dock the panel again"
COPY = "Copy the diagram to the clipboard as a picture"
BY_LAYER = "Let each step of the animated update show a whole layer instead of a single node"
MAKE_ROWS = "Generate rows in a shape such as circles or a spiral, and optionally a suitable network"
WALK_FILM = "Export a film of the four phases of an update, as GIF, animated PNG or MP4"
TRAINING_FILM = "Export a film of the last run, or of a new run if there is none: GIF, animated PNG, MP4"
EXPORT_ROWS = "Export the rows to a CSV file, with unscaled inputs, predictions and errors"
KEEP = "Add the what-if row (the inputs that you chose in the panel Function) to the data"
LEAVE = "Discard the what-if row (the inputs that you chose), and select the row that was selected before"
STANDARDISE = "Replace each input with (value − mean) / standard deviation, and scale new rows likewise"
WRONG_ROWS = "List only the rows with a wrong class or a large error; Escape in the table lists all rows"
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
    training = (actions[name].shortcut().toString() for name in ("run", "one update", "one update back"))
    workspace.training.run_buttons.name_keys(*training)

    workspace.data.empty.make.clicked.connect(actions["make rows"].trigger)
    workspace.desk.column_requested.connect(partial(ask_column, workspace))

    def name_undo() -> None:
        for word, text in (("Undo", document.undo_text()), ("Redo", document.redo_text())):
            action = actions[word.lower()]
            action.setText(f"&{word} {text.replace('&', '&&')}".rstrip())
            set_lock_reason(action, document.now.lock_reason, f"{word} {text}".rstrip(), can=bool(text))

    for changed in (document.undo_changed, document.file_changed):
        changed.connect(name_undo)
    for dock in workspace.board.docks.values():
        dock.updated.connect(actions[f"panel {dock.objectName()}"].setChecked)
    for name, key in (("pictures", PICTURES), ("all weights", ALL_WEIGHTS)):
        actions[name].toggled.connect(partial(workspace.settings.remember, key))
    workspace.present.changed.connect(actions["present"].setChecked)
    name_undo()


def table(workspace: Workspace) -> Table:
    """Return all commands of the window, as a table of menus."""
    menus = (
        _file(workspace),
        _edit(workspace),
        Menu("&Network", fill=workspace.fill_network_menu),
        _walk(workspace),
        Menu("", (_rows(workspace),)),
        _train(workspace),
        view_menu(workspace),
        Menu("E&xamples", fill=workspace.files.fill_examples),
    )
    return (*menus, help_menu(menus, workspace.main_window, partial(_show_first_steps, workspace)))


def _show_first_steps(workspace: Workspace) -> None:
    from nnviz.ui.window.first_steps import begin  # imported late: most people need the first steps once

    begin(workspace)


def _file(workspace: Workspace) -> Menu:
    files = workspace.files
    opens = (
        MenuEntry("new", "&New…", files.new, keys=STANDARD.New, toolbar=True),
        MenuEntry("new points", "New from &points", partial(new_from_points, workspace), NEW_POINTS),
        MenuEntry("open", "&Open…", files.ask_open, keys=STANDARD.Open, toolbar=True),
        Menu("Open &recent", fill=files.fill_recent),
    )
    saves = (
        MenuEntry("save", "&Save", files.save, keys=STANDARD.Save, toolbar=True),
        MenuEntry("save as", "Save &as…", files.ask_save, keys="Ctrl+Shift+S"),
    )
    rows = (
        MenuEntry("load rows", "&Load rows from CSV…", files.ask_rows),
        MenuEntry("make rows", "&Make rows…", partial(make_rows, workspace), MAKE_ROWS),
        Menu("Open built-in &data", fill=partial(_fill_ready, workspace)),
    )
    walk, training = partial(_export_film, workspace, "walk"), partial(_export_film, workspace, "training")
    exports = (
        MenuEntry("export", "&Export picture…", workspace.export_diagram, keys="Ctrl+Shift+E"),
        MenuEntry("export walk", "Export film of the &walk…", walk, WALK_FILM),
        MenuEntry("export training", "Export film of the &training…", training, TRAINING_FILM),
        MenuEntry("export rows", "E&xport rows…", partial(export_rows, workspace), EXPORT_ROWS),
    )
    quits = (MenuEntry("quit", "&Quit", workspace.main_window.close, keys=STANDARD.Quit),)
    return Menu("&File", (opens, saves, rows, exports, quits))


def _export_film(workspace: Workspace, what: What) -> None:
    from nnviz.ui.dialogs.films import Subject  # imported late: most sessions export no film

    workspace.runner.pause()
    now = workspace.document.now
    state, row = (now.row_state, now.row_index) if what == "walk" else (now.state, now.row)
    why = missing_for_training(state) if what == "training" else "" if len(state.data) else NO_ROW
    if why:
        workspace.status.show_message(why)
        return
    past, view = workspace.document.past, workspace.diagram.view
    options = now.slopes_shown, now.walk.by_layer, past, view.pictures, view.all_weights
    workspace.exports.ask_film(Subject(what, state, row, *options))


def _edit(workspace: Workspace) -> Menu:
    document, diagram, data = workspace.document, workspace.diagram, workspace.data
    steps = (
        MenuEntry("undo", "&Undo", workspace.undo, keys=STANDARD.Undo, toolbar=True),
        MenuEntry("redo", "&Redo", workspace.redo, keys="Ctrl+Shift+Z; Ctrl+Y", toolbar=True),
    )
    copy = partial(workspace.export_diagram, copied=True)
    finds = (
        MenuEntry("copy diagram", "&Copy picture", copy, COPY, STANDARD.Copy, focus_widget=diagram),
        MenuEntry("find", "&Find…", lambda: workspace.finder.open(), keys=STANDARD.Find),
    )
    what_if = (
        MenuEntry("keep row", "&Add to the data", partial(_keep_row, workspace), KEEP),
        MenuEntry("leave row", "&Discard", partial(_go_to_row, document, 0), LEAVE),
    )
    rows = (
        Menu("&What-if row", (what_if,)),
        MenuEntry("wrong rows", "&Only wrong rows", data.show_wrong, WRONG_ROWS),
        MenuEntry("shuffle rows", "&Shuffle rows", data.shuffle, SHUFFLE),
        MenuEntry("add column", "Add co&lumn…", partial(ask_column, workspace), COLUMN_TIP),
        MenuEntry("standardise", "S&tandardise inputs", data.standardise, STANDARDISE),
    )
    return Menu("&Edit", (steps, finds, rows))


def _keep_row(workspace: Workspace) -> None:
    if message := workspace.document.insert_what_if_row():
        workspace.status.show_message(message)


def _walk(workspace: Workspace) -> Menu:
    player, diagram = workspace.player, workspace.diagram

    start = "Go to the start of the phase"
    steps = (
        MenuEntry("play", "&Play or pause the walk", player.toggle, keys="Space"),
        MenuEntry("step", "&Next step", player.step, keys=".", icon="step"),
        MenuEntry("step back", "Pre&vious step", player.back, keys=",", icon="step-back"),
        MenuEntry("to start", start, player.to_start, keys="Home", icon="to-start", focus_widget=diagram),
        MenuEntry("to end", "Finish the phase", player.to_end, icon="to-end"),
        MenuEntry(END_WALK, "End the walk", player.stop, keys="Escape", icon="end"),
    )
    phases = tuple(
        MenuEntry(phase, phase.capitalize(), partial(player.show_phase, phase), tip, str(number))
        for number, (phase, tip) in enumerate(PHASES, 1)
    )
    by_layer = MenuEntry("by layer", "One layer at a time", player.set_by_layer, BY_LAYER, is_on=False)
    repeats = choice_entries("repeat", REPEATS, player.repeat, partial(setattr, player, "repeat"))
    return Menu(WALK, (steps, phases, repeats, (by_layer,)))


def _go_to_row(document: Document, rows: int) -> None:
    """Select the row that is `rows` rows below the selected row."""
    document.select_row(document.now.row + rows)


def _rows(workspace: Workspace) -> tuple[MenuEntry, MenuEntry]:
    previous, following = (partial(_go_to_row, workspace.document, rows) for rows in (-1, 1))
    return (
        MenuEntry("previous row", "Previous row", previous, icon="left", keys="Ctrl+Up"),
        MenuEntry("next row", "Next row", following, icon="right", keys="Ctrl+Down"),
    )


COMPARE_RATES = "Train from the start of this run with the learning rates 0.01, 0.1 and 1, and list the runs"
COMPARE_OPTIMIZERS = "Train from the start of this run with every optimizer, and list the runs"
COMPARISONS: tuple[tuple[str, str, dict[str, list[object]]], ...] = (
    ("Compare learning rates", COMPARE_RATES, {"learning_rate": [0.01, 0.1, 1.0]}),
    ("Compare optimizers", COMPARE_OPTIMIZERS, {"optimizer": list(OPTIMIZERS)}),
)
"""Comparisons of runs from one start: title, tooltip, and the settings that differ."""
COMPARE_SETTINGS = "Train with every combination of the settings that you type, and list the runs"


def _train(workspace: Workspace) -> Menu:
    training, runner = workspace.training, workspace.runner

    def after_editing(command: Callable[[], None]) -> None:
        """Accept the number that is being edited on the diagram, then call `command`."""
        if workspace.diagram.session.editor.commit():
            command()

    commands = (
        MenuEntry("run", "&Run or pause", partial(after_editing, training.toggle_run), keys="F5"),
        MenuEntry("one update", "&One update", partial(after_editing, training.step), keys="F10"),
        MenuEntry("one update back", "One &back", runner.back, keys="Shift+F10"),
        MenuEntry("restart", "Re&start", runner.restart),
        MenuEntry("random", "&New random weights", runner.new_random_weights),
    )

    def compare(title: str, *settings: Any) -> None:
        runner.pause()
        workspace.sweeps.begin(title, *settings)
        workspace.desk.runs_requested.emit()

    def compare_settings() -> None:
        from nnviz.ui.dialogs.compare import CompareSettings

        runner.pause()
        dialog = CompareSettings(workspace.main_window, workspace.document.state.before_run)
        if dialog.is_accepted():
            compare("Compare settings", *dialog.answers)

    comparisons = [
        MenuEntry(title.lower(), title, partial(after_editing, partial(compare, title, settings)), tip)
        for title, tip, settings in COMPARISONS
    ]
    ask = partial(after_editing, compare_settings)
    asked = MenuEntry("compare settings", "&Compare settings…", ask, COMPARE_SETTINGS)
    return Menu("&Train", (commands, (*comparisons, asked)))
