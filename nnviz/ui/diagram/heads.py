"""The heads of the diagram's columns, and the menus for their structure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QMargins, QObject, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMenu,
    QStyle,
    QStyleOptionToolButton,
    QToolButton,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS, Parameter, activation
from nnviz.core.address import Address, column_title
from nnviz.core.losses import LOSSES
from nnviz.core.numbers import full
from nnviz.core.state import State
from nnviz.document.derived import Selection
from nnviz.document.document import Document
from nnviz.picture.columns import HEAD, Layout
from nnviz.picture.labels import SEPARATOR, around
from nnviz.picture.parts import Label, Rect
from nnviz.picture.text import text_width
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.paint import label_font
from nnviz.ui.kit.controls import ListMenu, follow, hold
from nnviz.ui.kit.dialogs import AskText
from nnviz.ui.kit.images import icon, qrect
from nnviz.ui.kit.theme import OWN_SIZE, colours
from nnviz.ui.panels.training import advice, ask_loss, misfit


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
        name = edits.fresh_node_name(network, column)
        said = f"Added {name} to {self.title(column, within=True)}"
        if self._edit(f"Add {self._kind(column)} {name}", said, edits.add_node, column, after):
            self._selection.select(Address("node", column - 1, at))

    def remove_node(self, column: int, node: int | None = None) -> None:
        """Remove a node, the last of its column if none is named."""
        names = self._document.state.network.names(column)
        node = len(names) - 1 if node is None else node
        said = f"Removed {names[node]} with its weights"
        self._edit(f"Remove {names[node]}", said, edits.remove_node, column, node)

    def _add_layer(self, before: int) -> None:
        state = edits.add_layer(self._document.state, before)
        said = f"Added a hidden {state.network.layers[before].activation} layer"
        self._edit("Add a hidden layer", said, edits.add_layer, before)

    def _remove_layer(self, layer: int) -> None:
        said = f"Removed {self.title(layer + 1, within=True)}; the next weights are the product of both"
        self._edit(f"Remove {self.title(layer + 1, within=True)}", said, edits.remove_layer, layer)

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
            self._edit("Add biases", f"{title}: added biases, all 0", edits.add_biases, layer)
        else:
            self._edit("Remove biases", f"{title}: removed the biases", edits.remove_biases, layer)

    def _edit(self, text: str, said: str, edit: Callable[..., State], *where: object) -> bool:
        """Make an edit; where it could be made, say what was done and what became of the prediction."""
        before = self._document.state
        made = self._document.edit(text, edit, *where)
        if made:
            outcome = edits.outcome(before, self._document.state, self._selection.row)
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


WIDTH_PX, HEIGHT_PX, APART_PX, ICON_PX = 26.0, 24.0, 3.0, 16.0
"""Of a button, between two of them, and of an icon, where a heading has its usual size."""
LEAST_HEAD = 76.0
"""With less room over the diagram's body they are smaller than usual."""
ABOVE_BODY_PX = 2.0
"""The buttons end above the diagram's body, so that they are not painted whenever a weight changes."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
"""How far an arrow key goes along all buttons on the diagram."""
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
BEFORE_PX, BEHIND_PX = 9.0, 19.0
"""Around the name of an activation; the chevron stands behind it."""


def keep_heads(diagram: Diagram, structure: Structure, document: Document) -> None:
    """Keep the controls under the heading of every column in sight; they act unless `document` is held."""
    heads: list[Head] = []

    def place() -> None:
        while len(heads) < len(diagram.picture.layout.columns):
            before = heads[-1].buttons[-1] if heads else diagram
            heads.append(Head(diagram, structure, len(heads)))
            for button in heads[-1].buttons:
                QWidget.setTabOrder(before, button)
                before = button
        for head in heads:
            head.place(document.held)
        for k, button in enumerate(_standing(diagram)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus if k else Qt.FocusPolicy.TabFocus)

    diagram.laid_out.connect(place)
    document.motion_changed.connect(place)


class HeadButton(QToolButton):
    """A button on the diagram: a click leaves the keyboard where it is, Enter presses it.

    Tab reaches the first of them all, and from there arrow keys the others.
    """

    def __init__(self, diagram: Diagram, icon_name: str = "") -> None:
        super().__init__(diagram)
        self._diagram, self._icon_name = diagram, icon_name
        self.setObjectName("head")
        self.setProperty(OWN_SIZE, True)  # that of the picture
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # which has a place in the order of Tab
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()
        self._draw_icon()

    def name(self, what: str, held: str, *, can: bool = True) -> None:
        """Say what it does, to those who see it and to those who do not, or why it is `held`."""
        hold(self, held, what, can=can)
        self.setAccessibleName(what)

    def open_menu(self, menu: QMenu, fill: Callable[[QMenu], None]) -> None:
        """Open a menu from now on, which `fill` fills each time."""
        menu.aboutToShow.connect(lambda: fill(menu))
        follow(self, menu)
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _draw_icon(self) -> None:
        if self._icon_name:
            self.setIcon(icon(self._icon_name, colours().ink, 2 * round(ICON_PX)))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icon in the theme's ink."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icon_name"):
            self._draw_icon()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Enter as a click, go by arrows; but for Escape no key acts on the diagram from here."""
        if event.key() in STEPS:
            standing = _standing(self._diagram)
            at = standing.index(self) + STEPS[Qt.Key(event.key())]
            standing[at % len(standing)].setFocus(Qt.FocusReason.TabFocusReason)
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            event.setAccepted(event.isAccepted() or event.key() != Qt.Key.Key_Escape)
        elif self.menu():
            self.showMenu()
        else:
            self.click()


def _standing(diagram: QWidget) -> list[HeadButton]:
    """Return the buttons on the diagram that can be pressed, from left to right."""
    return [
        button
        for button in diagram.findChildren(HeadButton)
        if button.isVisibleTo(diagram) and button.isEnabled()
    ]


class ActivationButton(HeadButton):
    """The name of a layer's activation, with a chevron; beside it stands what else its line says."""

    def __init__(self, diagram: Diagram) -> None:
        super().__init__(diagram)
        self._label: Label | None = None
        self.setObjectName("activation")
        self._before, self._behind = (_Beside(diagram, side) for side in (RIGHT, LEFT))

    def show_over(self, label: Label, said: tuple[str, str, str], scale: float) -> None:
        """Stand over a line of the picture and say the same: what is before the name, it, what is behind."""
        before, name, behind = said
        wide = label.rect.width + (BEFORE_PX + BEHIND_PX) * scale
        line = Rect(*label.rect.center, 0.0, 0.0).middle(wide, HEIGHT_PX * scale)
        gap = text_width(SEPARATOR, label.size)
        left, right = ((text_width(text, label.size) + gap) * bool(text) for text in (before, behind))
        self.setText(name)
        self._label = label
        self.setFont(label_font(label))
        self.setGeometry(qrect(line._replace(x=line.x + left, width=line.width - left - right)).toRect())
        self._before.show_text(before, label, line._replace(width=left), gap)
        self._behind.show_text(behind, label, line._replace(x=line.right - right, width=right), gap)
        self.show()

    def leave(self) -> None:
        """Stand nowhere."""
        for part in (self, self._before, self._behind):
            part.hide()

    def changeEvent(self, event: QEvent) -> None:
        """Keep the font of the picture, which another theme takes away."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._label:
            self.setFont(label_font(self._label))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box as the style does, and in it the text and the chevron, which fades where held."""
        option, scale = QStyleOptionToolButton(), self.height() / HEIGHT_PX
        self.initStyleOption(option)
        option.text = ""
        x, y, across, down = self.width() - 11.0 * scale, self.height() / 2, 3.5 * scale, 1.75 * scale
        pen = QPen(QColor(colours().muted if self.isEnabled() else colours().zero), 1.6 * scale)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        with QPainter(self) as painter:
            self.style().drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option, painter, self)
            painter.setPen(QColor(colours().ink))
            text = self.rect().adjusted(round(BEFORE_PX * scale), 0, 0, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self.text())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(pen)
            painter.drawPolyline(
                [QPointF(x - across, y - down), QPointF(x, y + down), QPointF(x + across, y - down)]
            )


class _Beside(QLabel):
    """What a line says beside the control of an activation, next to that."""

    def __init__(self, diagram: Diagram, side: Qt.AlignmentFlag) -> None:
        super().__init__(diagram)
        self._label: Label | None = None
        self.setObjectName("beside")
        self.setProperty(OWN_SIZE, True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.lower()

    def show_text(self, text: str, label: Label, place: Rect, gap: float) -> None:
        """Say `text` in the font of a label, `gap` from the control, or nothing."""
        self.setText(text)
        self._label = label
        self._mark(label.style == "marked")
        self.setFont(label_font(label))
        self.setIndent(round(gap))
        room = qrect(place).toAlignedRect()
        more = max(self.sizeHint().width() - room.width(), 0)  # of a font that is wider than the picture's
        grows = QMargins(more, 0, 0, 0) if self.alignment() & RIGHT else QMargins(0, 0, more, 0)
        self.setGeometry(room.marginsAdded(grows))
        self.setVisible(bool(text))

    def _mark(self, marked: bool) -> None:
        """Stand out, or not."""
        if marked != bool(self.property("marked")):
            self.setProperty("marked", marked)
            self.style().unpolish(self)
            self.style().polish(self)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the font of the picture, which another theme takes away."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._label:
            self.setFont(label_font(self._label))


class Head:
    """The controls of one column: its activation, − ⋯ +."""

    def __init__(self, diagram: Diagram, structure: Structure, column: int) -> None:
        self._diagram, self._structure, self._column = diagram, structure, column
        self._activation = ActivationButton(diagram)
        self._fewer, self._menu, self._more = (
            HeadButton(diagram, name) for name in ("remove", "more", "add")
        )
        self.buttons = (self._activation, self._fewer, self._menu, self._more)
        activations, actions = ListMenu("", self._activation), QMenu(self._menu)
        self._activation.open_menu(activations, lambda menu: structure.fill_activations(menu, column - 1))
        self._menu.open_menu(actions, lambda menu: structure.fill(menu, Address("heading", column - 1)))
        self._fewer.clicked.connect(lambda: structure.remove_node(column))
        self._more.clicked.connect(lambda: structure.add_node(column))

    def place(self, held: str) -> None:
        """Stand under the heading, named after the column, if it is in sight with room enough.

        Where the document is `held`, that says why nothing can be pressed.
        """
        layout = self._diagram.picture.layout
        there = self._column < len(layout.columns) and not self._diagram.alone
        self._place_buttons(layout if there else None, held)
        self._place_activation(_scale(layout) if there else None, held)

    def _place_buttons(self, layout: Layout | None, held: str) -> None:
        buttons = (self._fewer, self._menu, self._more)
        scale = _scale(layout) if layout else 1.0
        width, height, step = (round(scale * size) for size in (WIDTH_PX, HEIGHT_PX, WIDTH_PX + APART_PX))
        fits = layout is not None and layout.headings[self._column].width >= 3 * step
        for button in buttons:
            button.setVisible(fits)
        if layout is None or not fits:
            return
        (middle, _), room = layout.columns[self._column].box.center, layout.headings[self._column]
        left = round(min(max(middle - 1.5 * step, room.x), room.right - 3 * step))
        top = int(layout.body.y - ABOVE_BODY_PX * scale) - height
        for k, button in enumerate(buttons):
            button.setGeometry(left + k * step, top, width, height)
            button.setIconSize(QSize(1, 1) * round(ICON_PX * scale))
        names = self._diagram.picture.content.network.names(self._column)
        self._fewer.name(self._structure.removes(self._column), held, can=len(names) > 1)
        self._more.name(self._structure.adds(self._column), held)
        self._menu.name(f"Menu: {self._structure.title(self._column)}", held)

    def _place_activation(self, scale: float | None, held: str) -> None:
        """Stand over the line that names the activation; where there is another one, nowhere."""
        picture, layer = self._diagram.picture, self._column - 1
        label = picture.label(Address("subheading", layer)) if scale and layer >= 0 else None
        used = picture.content.network.layers[layer].activation if label else ""
        said = around(label.text, used) if label else None
        if label and said and scale:
            self._activation.show_over(label, said, scale)
            title = self._structure.title(self._column, within=True)
            odd = picture.content.fate_told(layer)
            self._activation.name(f"Activation of {title}: {used}" + (odd and f"; {odd}"), held)
        else:
            self._activation.leave()


def _scale(layout: Layout) -> float:
    """Return how many times as large as usual the controls are."""
    return max(layout.body.y / HEAD, min(layout.body.y / LEAST_HEAD, 1.0))
