"""The first steps: instructions that teach a newcomer the window, with any open network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QRect
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar

from nnviz.core.address import Address
from nnviz.ui.dialogs.guide import Guide, GuideStep, Spot, Where
from nnviz.ui.kit.images import qrect
from nnviz.ui.window.workspace import Workspace

NAME = "First steps"


def begin(workspace: Workspace) -> None:
    """Start the first steps from the beginning; close a guide that is already open."""
    window, document = workspace.main_window, workspace.document
    for guide in window.findChildren(Guide):
        guide.end()
    changes = (
        document.state_changed,
        document.file_changed,
        workspace.player.changed,
        workspace.player.frame,
        workspace.selection.address_changed,
        workspace.diagram.layout_changed,
    )
    workspace.present.leave()
    guide = Guide(window, NAME, steps(workspace), workspace.diagram, changes)
    workspace.present.changed.connect(guide.end)  # presenting hides the panels that the steps show


def steps(workspace: Workspace) -> tuple[GuideStep, ...]:
    """Return the five first steps in their order."""
    return (*_by_hand(workspace), *_by_training(workspace))


def _by_hand(workspace: Workspace) -> tuple[GuideStep, ...]:
    document, player, selection = workspace.document, workspace.player, workspace.selection
    weight, output = partial(_weight, workspace), partial(_node, workspace, -1)
    return (
        GuideStep(
            "Change a weight",
            "Each number on an edge is a weight. Click this weight, type a number, press Enter.",
            "The prediction changes at once. Ctrl+Z undoes every change.",
            target_spot=weight,
            result_spot=output,
            watched_value=lambda: id(document.state.network),
            obstacles=partial(_visible_parts, workspace),
        ),
        GuideStep(
            "Watch the network compute",
            "Press Play or Space: every node adds up input · weight, layer by layer.",
            "This button computes the next node. Phases 2 to 4 show loss, slopes and update.",
            target_spot=lambda: _toolbar_button(workspace, "play"),
            result_spot=lambda: _toolbar_button(workspace, "step"),
            watched_value=lambda: player.progress.active,
            obstacles=partial(_visible_parts, workspace),
        ),
        GuideStep(
            "Ask where a number comes from",
            "Click a node or an edge, for example the prediction.",
            "The panel Explain shows how that number and its slope (gradient) are computed.",
            target_spot=output,
            result_spot=_panel(workspace, "Explain"),
            watched_value=lambda: selection.address,
            begin=lambda: _bring(workspace, "Explain"),
            obstacles=partial(_visible_parts, workspace, "Explain"),
        ),
    )


def _by_training(workspace: Workspace) -> tuple[GuideStep, ...]:
    document = workspace.document
    return (
        GuideStep(
            "Train the network",
            "Press Run: each update moves every weight a small step against its slope, and the loss falls.",
            "This curve shows the loss after every update. Drag the ring to see an earlier network.",
            target_spot=lambda: Spot(workspace.training.run_buttons.run),
            result_spot=_panel(workspace, "MSE"),
            watched_value=lambda: document.state.iteration,
            begin=lambda: _bring(workspace, "Training", "MSE"),
            obstacles=partial(_visible_parts, workspace, "Training", "MSE"),
        ),
        GuideStep(
            "Open an example",
            "Choose an example from this menu. Each example teaches one idea of a first course.",
            "The notes say what to try and what to look for. F1 lists all keys.",
            target_spot=lambda: _menu(workspace, "Examples"),
            result_spot=_panel(workspace, "Notes"),
            watched_value=lambda: document.title,
            begin=lambda: _bring(workspace, "Notes"),
            obstacles=partial(_visible_parts, workspace, "Notes"),
        ),
    )


def _bring(workspace: Workspace, *panels: str) -> None:
    """Bring panels to the front."""
    for panel in panels:
        workspace.board.docks[panel].bring_to_front()


def _panel(workspace: Workspace, name: str) -> Where:
    """Return a function that returns the place of a panel, or None if the panel is not visible."""
    dock = workspace.board.docks[name]
    return lambda: Spot(dock) if dock.is_in_view else None


def _on_diagram(workspace: Workspace, *addresses: Address) -> Spot:
    """Return the place of the first address that is visible on the diagram, or of the whole diagram."""
    picture = workspace.diagram.picture
    present = (address for address in addresses if picture.content.network.has(address))
    places = map(picture.place, present)
    rect = next((place for place in places if place and picture.layout.body.meets(place)), None)
    return Spot(workspace.diagram, qrect(rect).toAlignedRect() if rect else None)


def _weight(workspace: Workspace) -> Spot:
    addresses = (label.address for label in workspace.diagram.picture.labels)
    return _on_diagram(workspace, *(address for address in addresses if address.kind == "weight"))


def _node(workspace: Workspace, column: int, node: int = 0) -> Spot:
    """Return the place of a node in a column of the diagram; column −1 is the output layer."""
    layer = range(-1, len(workspace.document.state.network.layers))[column]
    return _on_diagram(workspace, Address("node", layer, node))


def _visible_parts(workspace: Workspace, *panels: str) -> Iterator[Spot | None]:
    """Yield the places that the guide's text box must not cover.

    These are the nodes, the numbers and the callout of the diagram, the panels, and the selected data row.
    """
    diagram, table = workspace.diagram, workspace.data.table
    if not diagram.callout.box.isEmpty():
        yield Spot(diagram, diagram.callout.box.toAlignedRect())
    numbers = (label.rect for label in diagram.picture.labels if label.value is not None)
    for rect in (*(node.rect for node in diagram.picture.nodes), *numbers):
        yield Spot(diagram, qrect(rect).toAlignedRect())
    for panel in panels:
        yield _panel(workspace, panel)()
    row, view = table.visualRect(table.currentIndex()), table.viewport().rect()
    yield Spot(table.viewport(), QRect(0, row.y(), view.width(), row.height()).intersected(view))


def _toolbar_button(workspace: Workspace, name: str) -> Spot | None:
    """Return the place of an action's toolbar button, or None if the action has no button."""
    bar, action = workspace.main_window.findChild(QToolBar), workspace.main_window.findChild(QAction, name)
    widget = bar.widgetForAction(action) if bar and action else None
    return Spot(widget) if widget else None


def _menu(workspace: Workspace, title: str) -> Spot | None:
    bar = workspace.main_window.menuBar()
    entry = next(action for action in bar.actions() if action.text().replace("&", "") == title)
    return Spot(bar, bar.actionGeometry(entry))
