"""The View menu: what of the window and of the diagram is seen, how large and in which colours."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QKeySequence

from nnviz.picture.small import why_none
from nnviz.ui.widgets.theme import themes
from nnviz.ui.window.menus import Entry, Menu, choice
from nnviz.ui.window.panels import PANELS
from nnviz.ui.window.settings import SIZES_PERCENT, Settings
from nnviz.ui.window.workspace import Workspace

STANDARD = QKeySequence.StandardKey


PICTURES = "small pictures"
"""The switch for small pictures in the nodes, as it is remembered."""


def view_menu(workspace: Workspace, settings: Settings) -> Menu:
    """Return the View menu."""
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
            (*_slopes(workspace), _pictures(workspace, settings)),
            (Menu("&Zoom", ((fit, *zooms),)), *_present(workspace)),
            (Menu("P&anels", (_panels(workspace),)), *_arrangement(workspace)),
            (_themes(workspace, settings), _sizes(workspace, settings)),
        ),
    )


def _present(workspace: Workspace) -> tuple[Entry, ...]:
    present = workspace.present
    return (
        Entry(
            "present",
            "&Present",
            present.turn,
            keys="F11",
            tip="Show the diagram alone on the whole screen, or all again",
            icon="present",
            toolbar=True,
            is_on=False,
        ),
        Entry(
            "pressed keys",
            "Show pressed &keys while presenting",
            workspace.show_pressed_keys,
            tip="Show the keys that are pressed while presenting",
            is_on=present.shows_keys,
        ),
    )


def _panels(workspace: Workspace) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            f"panel {panel.name}",
            panel.name,
            partial(workspace.board.show_panel, panel.name),
            tip=f"Bring this panel to the front, or hide it where it is there: {panel.tip}",
            is_on=workspace.board.docks[panel.name].is_open,
        )
        for panel in PANELS
    )


def _arrangement(workspace: Workspace) -> tuple[Entry, ...]:
    go = workspace.go_to_panel
    tip = "Float the panel that has the keyboard, or put it back"
    return (
        Entry(
            "next panel", "N&ext panel", partial(go, 1), keys="F6", tip="Go to the next panel, or the diagram"
        ),
        Entry("previous panel", "Pre&vious panel", partial(go, -1), keys="Shift+F6"),
        Entry("float", "F&loat or put back this panel", workspace.float_panel, keys="Ctrl+Shift+F", tip=tip),
        Entry("reset arrangement", "&Reset arrangement", workspace.board.reset),
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
            "&Mean over all rows",
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


def _pictures(workspace: Workspace, settings: Settings) -> Entry:
    def show(shown: bool) -> None:
        settings.remember(PICTURES, shown)
        workspace.diagram.show_pictures(shown)
        if shown and (why := why_none(workspace.document.state.network)):
            workspace.status.say(why)

    return Entry(
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
