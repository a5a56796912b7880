"""The menu that changes a network's structure: nodes, layers, activations, biases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QToolButton, QWidget

from nnviz.core import edits, structure
from nnviz.core.activation import Parameter
from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.address import Address, column_title
from nnviz.core.numbers import full
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.widgets.dialogs import ask_text
from nnviz.ui.widgets.images import icon
from nnviz.ui.widgets.theme import colours


class Structure(QObject):
    """Changes the structure of what is open; every change is one undo entry."""

    said = Signal(str)

    def __init__(self, document: Document, selection: Selection) -> None:
        super().__init__()
        self._document, self._selection = document, selection

    def add_node(self, column: int, after: int | None = None) -> None:
        """Add a node to a column and select it."""
        network = self._document.state.network
        at = len(network.names(column)) if after is None else after + 1
        name = structure.fresh_node_name(network, column)
        said = f"Added {name}; the prediction is what it was"
        if self._edit(f"Add {self._kind(column)} {name}", said, structure.add_node, column, after):
            self._selection.select(Address("node", column - 1, at))

    def remove_node(self, column: int, node: int | None = None) -> None:
        """Remove a node, the last of its column if none is named."""
        names = self._document.state.network.names(column)
        node = len(names) - 1 if node is None else node
        said = f"Removed {names[node]} with its weights"
        self._edit(f"Remove {names[node]}", said, structure.remove_node, column, node)

    def _add_layer(self, before: int) -> None:
        said = "Added a hidden layer that passes its values on"
        self._edit("Add a hidden layer", said, structure.add_layer, before)

    def _remove_layer(self, layer: int) -> None:
        said = "Removed the hidden layer; the next weights are the product of both"
        self._edit("Remove the hidden layer", said, structure.remove_layer, layer)

    def _set_activation(self, layer: int, name: str) -> None:
        """Choose the activation of a layer, with a parameter in brackets where it is to have another."""
        try:
            wanted = activation(name)
        except ValueError as error:
            self.said.emit(str(error))
            return
        if self._document.state.network.layers[layer].activation != wanted.name:
            text, said = f"Activation {wanted.name}", f"a = {wanted.formula}"
            self._edit(text, said, edits.set_activation, layer, wanted.name)

    def _ask_parameter(self, layer: int, parameter: Parameter, name: str) -> None:
        """Ask for the number in brackets behind an activation's name."""
        label, example = f"{parameter.what.capitalize()}, a number {parameter.taken}", full(parameter.example)
        text = ask_text(QApplication.activeWindow(), f"Activation {name}", label, example, "&Use")
        if text is not None:
            self._set_activation(layer, f"{name}({text})")

    def _set_biases(self, layer: int, wanted: bool) -> None:
        if wanted:
            self._edit("Add biases", "Added biases, all 0", structure.add_biases, layer)
        else:
            self._edit("Remove biases", "Removed the biases", structure.remove_biases, layer)

    def _edit(self, text: str, said: str, edit: Callable[..., State], *where: object) -> bool:
        """Make an edit, and say what was done where it could be."""
        made = self._document.edit(text, edit, *where)
        if made:
            self.said.emit(said)
        return made

    def fill(self, menu: QMenu, address: Address | None) -> None:
        """Put what can be done at an address into a menu: its node, its layer; without one, every layer."""
        menu.clear()
        for submenu in menu.findChildren(QMenu):
            submenu.deleteLater()
        sizes = self._document.state.network.sizes
        if address is not None and address.column < len(sizes):
            self._node_entries(menu, address)
            self._layer_entries(menu, address.column)
        else:
            for column in range(len(sizes)):
                self._layer_entries(menu.addMenu(column_title(column, len(sizes) - 1)), column)

    def _node_entries(self, menu: QMenu, address: Address) -> None:
        if address.kind in ("heading", "subheading", "weight", "slope"):
            return
        column, node = address.column, address.node
        names = self._document.state.network.names(column)
        what = self._kind(column)
        menu.addAction(f"Add {_article(what)} below", lambda: self.add_node(column, node))
        remove = menu.addAction(
            f"Remove {names[node]}".replace("&", "&&"), lambda: self.remove_node(column, node)
        )
        remove.setEnabled(len(names) > 1)
        menu.addSeparator()

    def _layer_entries(self, menu: QMenu, column: int) -> None:
        network = self._document.state.network
        what = self._kind(column)
        menu.addAction(f"Add {_article(what)}", lambda: self.add_node(column))
        last = menu.addAction(f"Remove the last {what}", lambda: self.remove_node(column))
        last.setEnabled(len(network.names(column)) > 1)
        menu.addSeparator()
        if column:
            self._activations(menu.addMenu("Activation"), column - 1)
            biases = menu.addAction("Biases")
            biases.setCheckable(True)
            biases.setChecked(network.layers[column - 1].biases is not None)
            biases.triggered.connect(lambda on: self._set_biases(column - 1, on))
            menu.addSeparator()
            menu.addAction("Add a hidden layer before", lambda: self._add_layer(column - 1))
        if column < len(network.layers):
            menu.addAction("Add a hidden layer after", lambda: self._add_layer(column))
        if 0 < column < len(network.layers):
            menu.addAction("Remove this hidden layer", lambda: self._remove_layer(column - 1))

    def _activations(self, menu: QMenu, layer: int) -> None:
        group = QActionGroup(menu)
        used = self._document.state.network.layers[layer].function
        offered = dict.fromkeys((*ACTIVATIONS.values(), used))
        for each in sorted(offered, key=lambda each: list(ACTIVATIONS).index(each.base)):
            action = menu.addAction(f"{each.name}:  {each.formula}")
            action.setCheckable(True)
            action.setChecked(each is used)
            action.triggered.connect(lambda _=False, name=each.name: self._set_activation(layer, name))
            group.addAction(action)
        menu.addSeparator()
        for name, each in ACTIVATIONS.items():
            if each.parameter is not None:
                ask = partial(self._ask_parameter, layer, each.parameter, name)
                menu.addAction(f"{name} with another {each.parameter.what} …", ask)

    def _kind(self, column: int) -> str:
        last = len(self._document.state.network.layers)
        return "input" if column == 0 else "output" if column == last else "node"


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


BUTTON_HEIGHT_PX = 20
"""The buttons end where the diagram's body begins, so that they are not painted whenever a weight changes."""


def keep_buttons(diagram: Diagram, structure: Structure) -> None:
    """Keep a group of buttons under the heading of every column in sight."""
    groups: list[ColumnButtons] = []

    def place() -> None:
        while len(groups) < len(diagram.picture.layout.columns):
            groups.append(ColumnButtons(diagram, structure, len(groups)))
        for group in groups:
            group.place()

    diagram.laid_out.connect(place)


class ColumnButtons(QWidget):
    """− ⋯ + of one column."""

    def __init__(self, diagram: Diagram, structure: Structure, column: int) -> None:
        super().__init__(diagram)
        self._diagram, self._column = diagram, column
        self._fewer = self._button("Remove the last node of this layer")
        self._more = self._button("Add a node to this layer")
        self._menu_button = self._button("Activation, biases, layers")
        self._fewer.clicked.connect(lambda: structure.remove_node(column))
        self._more.clicked.connect(lambda: structure.add_node(column))
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(lambda: structure.fill(self._menu, Address("heading", column - 1)))
        self._menu_button.setMenu(self._menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in (self._fewer, self._menu_button, self._more):
            row.addWidget(button)
        self._draw_icons()

    def place(self) -> None:
        """Stand under the heading, named after the column, if it is in sight with room enough."""
        layout, network = self._diagram.picture.layout, self._diagram.picture.content.network
        fits = self._column < len(layout.columns) and layout.headings[self._column].width > 84
        self.setVisible(fits)
        if not fits:
            return
        middle, _ = layout.columns[self._column].box.center
        self.move(round(middle - self.sizeHint().width() / 2), int(layout.body.y) - BUTTON_HEIGHT_PX)
        title = column_title(self._column, len(network.layers))
        self._fewer.setEnabled(len(network.names(self._column)) > 1)
        self._fewer.setAccessibleName(f"Remove a node: {title}")
        self._more.setAccessibleName(f"Add a node: {title}")
        self._menu_button.setAccessibleName(f"Menu: {title}")

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons in the theme's ink."""
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icons()
        super().changeEvent(event)

    def _draw_icons(self) -> None:
        for button, name in ((self._fewer, "remove"), (self._more, "add"), (self._menu_button, "more")):
            button.setIcon(icon(name, colours().muted, 16))

    def _button(self, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("quiet")
        button.setToolTip(tip)
        button.setFixedHeight(BUTTON_HEIGHT_PX)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        return button
