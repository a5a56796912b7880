"""The menus that change a network's structure: nodes, layers, activations, biases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QApplication, QMenu

from nnviz.core import edits, structure
from nnviz.core.activation import Parameter
from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.address import Address, column_title
from nnviz.core.losses import LOSSES
from nnviz.core.numbers import full
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.training.fit import advice, ask_loss, misfit
from nnviz.ui.widgets.dialogs import AskText
from nnviz.ui.widgets.list_menu import ListMenu


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
        said = f"Added {name} to {self.title(column, within=True)}"
        if self._edit(f"Add {self._kind(column)} {name}", said, structure.add_node, column, after):
            self._selection.select(Address("node", column - 1, at))

    def remove_node(self, column: int, node: int | None = None) -> None:
        """Remove a node, the last of its column if none is named."""
        names = self._document.state.network.names(column)
        node = len(names) - 1 if node is None else node
        said = f"Removed {names[node]} with its weights"
        self._edit(f"Remove {names[node]}", said, structure.remove_node, column, node)

    def _add_layer(self, before: int) -> None:
        state = structure.add_layer(self._document.state, before)
        said = f"Added a hidden {state.network.layers[before].activation} layer"
        self._edit("Add a hidden layer", said, structure.add_layer, before)

    def _remove_layer(self, layer: int) -> None:
        said = f"Removed {self.title(layer + 1, within=True)}; the next weights are the product of both"
        self._edit(f"Remove {self.title(layer + 1, within=True)}", said, structure.remove_layer, layer)

    def _set_activation(self, layer: int, name: str) -> None:
        """Choose the activation of a layer, with a parameter in brackets where it is to have another."""
        wanted = activation(name)
        state = self._document.state
        if state.network.layers[layer].activation == wanted.name:
            return
        text, said = f"Activation {wanted.name}", f"{self.title(layer + 1)}: a = {wanted.formula}"
        used, is_output = state.training.loss, layer == len(state.network.layers) - 1
        if not is_output:
            self._edit(text, said, edits.set_activation, layer, wanted.name)
        elif not misfit(used, wanted.base):
            said = "; ".join(filter(None, (said, advice(used, wanted.base))))
            self._edit(text, said, edits.set_activation, layer, wanted.name)
        elif self._document.may_change() and (loss := ask_loss(state, wanted.base)):
            word = LOSSES[loss][0].word
            self._edit(f"{text} with {word}", f"{said}; loss: {word}", edits.set_loss, loss, wanted.name)

    def _ask_parameter(self, layer: int, parameter: Parameter, name: str) -> None:
        """Ask for the number in brackets behind an activation's name."""
        label, example = f"{parameter.what.capitalize()}, a number {parameter.taken}", full(parameter.example)

        def check(text: str) -> None:
            activation(f"{name}({text})")

        window = QApplication.activeWindow()
        text = AskText(window, f"Activation {name}", label, example, "&Use", check).asked()
        if text is not None:
            self._set_activation(layer, f"{name}({text})")

    def _set_biases(self, layer: int, wanted: bool) -> None:
        title = self.title(layer + 1)
        if wanted:
            self._edit("Add biases", f"{title}: added biases, all 0", structure.add_biases, layer)
        else:
            self._edit("Remove biases", f"{title}: removed the biases", structure.remove_biases, layer)

    def _edit(self, text: str, said: str, edit: Callable[..., State], *where: object) -> bool:
        """Make an edit; where it could be made, say what was done and what became of the prediction."""
        before = self._document.state
        made = self._document.edit(text, edit, *where)
        if made:
            outcome = structure.outcome(before, self._document.state, self._selection.row)
            self.said.emit("; ".join(filter(None, (said, outcome))))
        return made

    def fill(self, menu: QMenu, address: Address | None) -> None:
        """Put what can be done at an address into a menu: its node, its layer; without one, every layer."""
        _empty(menu)
        sizes = self._document.state.network.sizes
        if address is not None and address.column < len(sizes):
            self._node_entries(menu, address)
            self._layer_entries(menu, address.column)
        else:
            for column in range(len(sizes)):
                self._layer_entries(menu.addMenu(self.title(column)), column)

    def _node_entries(self, menu: QMenu, address: Address) -> None:
        if address.kind in ("heading", "subheading", "weight", "slope"):
            return
        column, node = address.column, address.node
        names = self._document.state.network.names(column)
        name = names[node].replace("&", "&&")
        what = _article(self._kind(column))
        menu.addAction(f"Add {what} below {name}", lambda: self.add_node(column, node))
        remove = menu.addAction(f"Remove {name}", lambda: self.remove_node(column, node))
        remove.setEnabled(len(names) > 1)
        menu.addSeparator()

    def _layer_entries(self, menu: QMenu, column: int) -> None:
        network = self._document.state.network
        title, within = self.title(column), self.title(column, within=True)
        menu.addAction(self.adds(column), lambda: self.add_node(column))
        last = menu.addAction(self.removes(column), lambda: self.remove_node(column))
        last.setEnabled(len(network.names(column)) > 1)
        menu.addSeparator()
        if column:
            layer = network.layers[column - 1]
            activations = ListMenu(f"{title}: {layer.activation}", menu)
            menu.addMenu(activations)
            self.fill_activations(activations, column - 1)
            missing = layer.biases is None
            biases = f"Add biases to {within}" if missing else f"Remove the biases of {within}"
            menu.addAction(biases, lambda: self._set_biases(column - 1, missing))
            menu.addSeparator()
            menu.addAction(f"Add a hidden layer before {within}", lambda: self._add_layer(column - 1))
        if column < len(network.layers):
            menu.addAction(f"Add a hidden layer after {within}", lambda: self._add_layer(column))
        if 0 < column < len(network.layers):
            menu.addAction(f"Remove {within}", lambda: self._remove_layer(column - 1))

    def fill_activations(self, menu: QMenu, layer: int) -> None:
        """Put the activations into a menu, that of `layer` checked."""
        _empty(menu)
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

    def title(self, column: int, *, within: bool = False) -> str:
        """Return what a column is called, also `within` a sentence: "Hidden layer", "the hidden layer"."""
        title = column_title(column, len(self._document.state.network.layers))
        if not within:
            return title
        return title.lower() if title[-1].isdigit() else f"the {title.lower()}"

    def adds(self, column: int) -> str:
        """Return what adding a node to a column is called: "Add a node to the hidden layer"."""
        what, to = self._kind(column), self.title(column, within=True)
        return f"Add a node to {to}" if what == "node" else f"Add {_article(what)}"

    def removes(self, column: int) -> str:
        """Return what removing the last node of a column is called."""
        what, of = self._kind(column), self.title(column, within=True)
        return f"Remove the last node of {of}" if what == "node" else f"Remove the last {what}"

    def _kind(self, column: int) -> str:
        last = len(self._document.state.network.layers)
        return "input" if column == 0 else "output" if column == last else "node"


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _empty(menu: QMenu) -> None:
    menu.clear()
    for submenu in menu.findChildren(QMenu):
        submenu.deleteLater()
    for group in menu.findChildren(QActionGroup):
        group.deleteLater()
