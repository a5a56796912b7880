"""The controls above the diagram's columns, and the menus that change layers and nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QMargins, QObject, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QColor, QKeyEvent, QPainter, QPaintEvent
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
from nnviz.core.activations import ACTIVATIONS, Activation, activation
from nnviz.core.address import Address, Kind, Part, column_title
from nnviz.core.entries import Parameter
from nnviz.core.losses import forms_of
from nnviz.core.numbers import full
from nnviz.core.state import State
from nnviz.document.moment import Moment, is_new
from nnviz.picture.columns import HEAD, Layout
from nnviz.picture.labels import SEPARATOR, split_at_activation
from nnviz.picture.parts import Label, Rect
from nnviz.picture.text import text_width
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.paint import label_font
from nnviz.ui.kit.controls import clear_hover_on_close, paint_chevron, set_lock_reason
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.dialogs import ask_parameters
from nnviz.ui.kit.images import icon, qrect
from nnviz.ui.kit.menus import add_in_groups, clear_menu
from nnviz.ui.kit.theme import OWN_SIZE, colours
from nnviz.ui.panels.training import ask_loss, loss_advice, loss_mismatch

HEADINGS = "layer", "heading", "subheading"
"""Kinds of addresses that stand for a whole layer."""
PARTS: dict[Kind, Part] = {"weight": "weight", "slope": "weight", "bias": "bias"}
"""The part of the network to which a number belongs; every other number or text belongs to a node."""
USUAL_ACTIVATIONS = "identity", "relu", "leaky_relu", "sigmoid", "tanh", "softmax"
"""Activations that the menu of a layer shows at once; a submenu has the others."""


class Structure(QObject):
    """Changes the structure of the open network; every change is one undo entry."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._document, self._message, self._desk = desk.document, desk.message, desk

    def add_node(self, column: int, after: int | None = None) -> None:
        """Add a node to a column, below the node `after` or at the end, and select the new node."""
        state = self._document.state
        at = len(state.network.names(column)) if after is None else after + 1
        name = edits.fresh_node_name(state, column)
        message = f"Added {name} to {self.title(column, within=True)}"
        if self._edit(f"Add {self._kind(column)} {name}", message, edits.add_node, column, after):
            self._document.select(Address("node", column - 1, at))

    def remove_node(self, column: int, node: int | None = None) -> None:
        """Remove `node` from a column, or the last node of the column if `node` is None."""
        names = self._document.state.network.names(column)
        node = len(names) - 1 if node is None else node
        message = f"Removed {names[node]} with its weights"
        self._edit(f"Remove {names[node]}", message, edits.remove_node, column, node)

    def _add_layer(self, before: int) -> None:
        state = edits.add_layer(self._document.state, before)
        message = f"Added a hidden {state.network.layers[before].activation} layer"
        self._edit("Add a hidden layer", message, edits.add_layer, before)

    def _remove_layer(self, layer: int) -> None:
        title = self.title(layer + 1, within=True)
        message = f"Removed {title}; the next layer's weights are now the product of both layers' weights"
        self._edit(f"Remove {title}", message, edits.remove_layer, layer)

    def _set_activation(self, layer: int, name: str) -> None:
        """Set the activation of a layer; `name` may have a parameter in brackets: "elu(0.5)"."""
        function = activation(name)
        state = self._document.state
        layers = state.network.layers
        if layer >= len(layers) or layers[layer].activation == function.name:  # a menu may outlast its layer
            return
        text, message = f"Activation {function.name}", f"{self.title(layer + 1)}: a = {function.formula}"
        used, is_output = state.training.loss, layer == len(layers) - 1
        if not (is_output and loss_mismatch(used, function.base)):
            advice = loss_advice(used, function.base) if is_output else ""
            message = "; ".join(filter(None, (message, advice)))
            self._edit(text, message, edits.set_activation, layer, function.name)
        elif self._document.may_change() and (loss := ask_loss(state, function.base)):
            word = forms_of(loss)[0].phrase
            self._edit(f"{text} with {word}", f"{message}; loss: {word}", edits.set_loss, loss, function.name)

    def _ask_parameter(self, layer: int, parameter: Parameter[Activation], name: str) -> None:
        """Ask for the parameter of an activation, then set the activation."""
        meaning = f"{parameter.meaning}, a number {parameter.valid_range}"
        window, example = QApplication.activeWindow(), full(parameter.example)
        if chosen := ask_parameters(window, "Activation", name, meaning, example, activation):
            self._set_activation(layer, chosen)

    def _edit(self, text: str, message: str, edit: Callable[..., State], *where: object) -> bool:
        """Make an edit, and report `message`. Return whether the edit succeeded."""
        if edited := self._document.edit(text, edit, *where):
            self._message.emit(message)
        return edited

    def fill(self, menu: QMenu, address: Address | None) -> None:
        """Fill a menu with commands for the node and layer at `address` (if None, for all layers)."""
        clear_menu(menu)
        sizes = self._document.state.network.sizes
        if address is not None and address.column < len(sizes):
            self._node_entries(menu, address)
            self._freeze_entries(menu, address)
            self._layer_entries(menu, address.column)
        else:
            titles = [self.title(column) for column in range(len(sizes))]
            add_in_groups(menu, titles, lambda to, k: self._layer_entries(to.addMenu(titles[k]), k))

    def _node_entries(self, menu: QMenu, address: Address) -> None:
        if address.kind in (*HEADINGS, "weight", "slope"):
            return
        column, node = address.column, address.node
        names = self._document.state.network.names(column)
        name = names[node].replace("&", "&&")
        what = _with_article(self._kind(column))
        menu.addAction(f"Add {what} below {name}", lambda: self.add_node(column, node))
        menu.addAction(f"Remove {name}", lambda: self.remove_node(column, node)).setEnabled(len(names) > 1)
        if column == 0 and node in self._document.state.columns.computed:
            menu.addAction(f"Change the formula of {name}…", lambda: self._desk.column_requested.emit(node))
        menu.addSeparator()

    def _freeze_entries(self, menu: QMenu, address: Address) -> None:
        """Add commands that freeze the part at `address`, its node and its layer, or unfreeze these."""
        kind: Part = "layer" if address.kind in HEADINGS else PARTS.get(address.kind, "node")
        changes: dict[str, Callable[[], object]] = {}
        for part in reversed(address._replace(kind=kind).around if address.column else ()):
            frozen = self._document.state.freezing(part)
            name = self._part_text(frozen or part)
            text, message = f"Freeze {name}", f"Training leaves {name} unchanged"
            if frozen:
                text, message = f"Unfreeze {name}", f"Training changes {name} again"
            edit = partial(edits.unfreeze if frozen else edits.freeze, address=frozen or part)
            changes[text] = partial(self._edit, text, message, edit)
        for text, change in changes.items():
            menu.addAction(text.replace("&", "&&"), change)
        menu.addSeparator()

    def _part_text(self, part: Address) -> str:
        """Return the name of a part within a sentence: "the hidden layer", "the bias of node_0", "node_0"."""
        if part.kind == "layer":
            is_last = part.layer == len(self._document.state.network.layers) - 1
            return "the output layer" if is_last else self.title(part.column, within=True)
        name = self._document.state.network.name_of(part)
        return name if part.kind == "node" else f"the {'weight ' * (part.kind == 'weight')}{name}"

    def _layer_entries(self, menu: QMenu, column: int) -> None:
        network = self._document.state.network
        title, within = self.title(column), self.title(column, within=True)
        here = "this one" if 0 < column < len(network.layers) else within
        menu.addAction(self.add_text(column), lambda: self.add_node(column))
        last = menu.addAction(self.remove_text(column), lambda: self.remove_node(column))
        last.setEnabled(len(network.names(column)) > 1)
        menu.addSeparator()
        if column:
            layer = network.layers[column - 1]
            self.fill_activations(menu.addMenu(f"{title}: {layer.activation}"), column - 1)
            text = f"Remove the biases of {within}"
            edit = "Remove biases", f"Removed the biases of {within}", edits.remove_biases
            if layer.biases is None:
                text = f"Add biases to {within}"
                edit = "Add biases", f"Added biases of 0 to {within}", edits.add_biases
            menu.addAction(text, partial(self._edit, *edit, column - 1))
            menu.addSeparator()
            menu.addAction(f"Add a hidden layer before {here}", lambda: self._add_layer(column - 1))
        if column < len(network.layers):
            menu.addAction(f"Add a hidden layer after {here}", lambda: self._add_layer(column))
        if 0 < column < len(network.layers):
            menu.addAction(f"Remove {within}", lambda: self._remove_layer(column - 1))

    def fill_activations(self, menu: QMenu, layer: int) -> None:
        """Fill a menu with the activations, and check the current activation of `layer`."""
        clear_menu(menu)
        group, others = QActionGroup(menu), QMenu("Other activations", menu)
        used = self._document.state.network.layers[layer].function
        offered = dict.fromkeys((*ACTIVATIONS.values(), used))
        for each in sorted(offered, key=lambda each: list(ACTIVATIONS).index(each.base)):
            action = QAction(f"{each.name}:  {each.formula}", group, checkable=True, checked=each is used)
            action.triggered.connect(lambda _=False, name=each.name: self._set_activation(layer, name))
            (menu if each is used or each.name in USUAL_ACTIVATIONS else others).addAction(action)
        menu.addMenu(others)
        others.addSeparator()
        for name, each in ACTIVATIONS.items():
            if each.parameter is not None:
                ask = partial(self._ask_parameter, layer, each.parameter, name)
                others.addAction(f"{name} with another {each.parameter.meaning} …", ask)

    def title(self, column: int, *, within: bool = False) -> str:
        """Return a column's title: "Hidden layer", or in a sentence (`within=True`): "the hidden layer"."""
        title = column_title(column, len(self._document.state.network.layers))
        if not within:
            return title
        return title.lower() if title[-1].isdigit() else f"the {title.lower()}"

    def add_text(self, column: int) -> str:
        """Return the text of the command that adds a node to a column: "Add a node to the hidden layer"."""
        what, to = self._kind(column), self.title(column, within=True)
        return f"Add a node to {to}" if what == "node" else f"Add {_with_article(what)}"

    def remove_text(self, column: int) -> str:
        """Return the text of the command that removes the last node of a column."""
        what, of = self._kind(column), self.title(column, within=True)
        return f"Remove the last node of {of}" if what == "node" else f"Remove the last {what}"

    def _kind(self, column: int) -> str:
        last = len(self._document.state.network.layers)
        return "input" if column == 0 else "output" if column == last else "node"


def _with_article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


WIDTH_PX, HEIGHT_PX, GAP_PX, ICON_PX = 26.0, 24.0, 3.0, 16.0
"""Width and height of a button, gap between two buttons, and size of an icon, in pixels at scale 1."""
ICONS = "remove", "more", "add"
"""Icons of the buttons above a column, from left to right."""
MIN_HEAD = 76.0
"""Height that the controls need above the nodes, in pixels. With less room, the controls shrink."""
ABOVE_BODY_PX = 2.0
"""Gap between the buttons and the area of the nodes below, in pixels at scale 1."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
"""For each arrow key: 1 to move the focus to the next button of the diagram, −1 to the previous button."""
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
LEFT_PADDING_PX, RIGHT_PADDING_PX = 9.0, 19.0
"""Room before an activation's name, and room for the chevron after the name, in pixels at scale 1."""


class Heads:
    """The controls under the headings of all visible columns. A locked document disables the controls."""

    moving_ms = TEXT_MS

    def __init__(self, diagram: Diagram, structure: Structure) -> None:
        self._diagram, self._structure = diagram, structure
        self._heads: list[Head] = []
        self._lock_reason = ""
        diagram.layout_changed.connect(self._place)

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Place the controls if a heading has changed; enable or disable the controls."""
        self._lock_reason = new.lock_reason
        _ = self._diagram.picture  # if a heading has changed, this emits `layout_changed`
        if is_new(old, new, "lock_reason"):
            self._place()

    def _place(self) -> None:
        while len(self._heads) < len(self._diagram.picture.layout.columns):
            before = self._heads[-1].buttons[-1] if self._heads else self._diagram
            self._heads.append(Head(self._diagram, self._structure, len(self._heads)))
            for button in self._heads[-1].buttons:
                QWidget.setTabOrder(before, button)
                before = button
        for head in self._heads:
            head.place(self._lock_reason)
        for k, button in enumerate(_enabled_buttons(self._diagram)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus if k else Qt.FocusPolicy.TabFocus)


class HeadButton(QToolButton):
    """A button on the diagram. A click does not move the focus; Enter presses the button.

    Tab focuses the first button on the diagram, and the arrow keys go on to the other buttons.
    """

    def __init__(self, diagram: Diagram) -> None:
        super().__init__(diagram)
        self.setObjectName("head")
        self._diagram = diagram
        self.setProperty(OWN_SIZE, True)  # the picture sets its size
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # needed for a place in the tab order
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()

    def describe(self, action: str, lock: str, *, can: bool = True) -> None:
        """Name the button `action`. If `lock` is not "", disable the button, with `lock` as its tooltip.

        If `lock` is "", enable the button if `can` is True.
        """
        set_lock_reason(self, lock, action, can=can)
        self.setAccessibleName(action)

    def open_menu(self, menu: QMenu, fill: Callable[[QMenu], None]) -> None:
        """Open a menu on every click; `fill` fills the menu before the menu opens."""
        menu.aboutToShow.connect(lambda: fill(menu))
        clear_hover_on_close(self, menu)
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press the button on Enter, move the focus on an arrow key, and leave Escape to the diagram."""
        if event.key() in STEPS:
            buttons = _enabled_buttons(self._diagram)
            at = buttons.index(self) + STEPS[Qt.Key(event.key())]
            buttons[at % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            event.setAccepted(event.isAccepted() or event.key() != Qt.Key.Key_Escape)
        elif self.menu():
            self.showMenu()
        else:
            self.click()


def _enabled_buttons(diagram: QWidget) -> list[HeadButton]:
    """Return the visible and enabled buttons on the diagram, from left to right."""
    buttons = diagram.findChildren(HeadButton)
    return [button for button in buttons if button.isVisibleTo(diagram) and button.isEnabled()]


class ActivationButton(HeadButton):
    """A button with the name of a layer's activation, in the line of texts under the layer's heading."""

    def __init__(self, diagram: Diagram) -> None:
        super().__init__(diagram)
        self.setObjectName("activation")
        self._before, self._behind = (_SideText(diagram, side) for side in (RIGHT, LEFT))

    def show_over(self, label: Label, texts: tuple[str, str, str], scale: float) -> None:
        """Show three texts in place of `label`: before the button, on the button, and after the button.

        `scale` is the factor for the size of the controls: 1.0 is the normal size.
        """
        before, name, behind = texts
        wide = label.rect.width + (LEFT_PADDING_PX + RIGHT_PADDING_PX) * scale
        line = Rect(*label.rect.center, 0.0, 0.0).middle(wide, HEIGHT_PX * scale)
        gap = text_width(SEPARATOR, label.size)
        left, right = ((text_width(text, label.size) + gap) * bool(text) for text in (before, behind))
        self.setText(name)
        self.setFont(label_font(label.style, label.size))
        self.setGeometry(qrect(line._replace(x=line.x + left, width=line.width - left - right)).toRect())
        self._before.show_text(before, label, line._replace(width=left), gap)
        self._behind.show_text(behind, label, line._replace(x=line.right - right, width=right), gap)
        self.show()

    def hide_all(self) -> None:
        """Hide the button, and the texts on both sides."""
        for part in (self, self._before, self._behind):
            part.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the button's box, the text and the chevron. A disabled button has a paler chevron."""
        option, scale = QStyleOptionToolButton(), self.height() / HEIGHT_PX
        self.initStyleOption(option)
        option.text = ""
        end = self.width() - 11.0 * scale
        with QPainter(self) as painter:
            self.style().drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option, painter, self)
            painter.setPen(QColor(colours().ink))
            text = self.rect().adjusted(round(LEFT_PADDING_PX * scale), 0, 0, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self.text())
            paint_chevron(painter, end, self.height() / 2, scale, enabled=self.isEnabled())


class _SideText(QLabel):
    """A text of the line beside an activation's button."""

    def __init__(self, diagram: Diagram, side: Qt.AlignmentFlag) -> None:
        super().__init__(diagram, alignment=side | Qt.AlignmentFlag.AlignVCenter)
        self.setObjectName("beside")
        self.setProperty(OWN_SIZE, True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.lower()

    def show_text(self, text: str, label: Label, place: Rect, gap: float) -> None:
        """Show `text` in the font of `label`, or hide if `text` is "".

        The text lies in the rectangle `place`, at distance `gap` from the button.
        """
        self.setText(text)
        self.setFont(label_font(label.style, label.size))
        self.setIndent(round(gap))
        room = qrect(place).toAlignedRect()
        more = max(self.sizeHint().width() - room.width(), 0)  # Qt's font may be wider than the picture's
        grows = QMargins(more, 0, 0, 0) if self.alignment() & RIGHT else QMargins(0, 0, more, 0)
        self.setGeometry(room.marginsAdded(grows))
        self.setVisible(bool(text))


class Head:
    """The controls above a column: the activation's button, and the buttons − ⋯ +."""

    def __init__(self, diagram: Diagram, structure: Structure, column: int) -> None:
        self._diagram, self._structure, self._column = diagram, structure, column
        self._activation = ActivationButton(diagram)
        self._remove, self._menu, self._add = (HeadButton(diagram) for _ in ICONS)
        self.buttons = (self._activation, self._remove, self._menu, self._add)
        activations, actions = QMenu("", self._activation), QMenu(self._menu)
        self._activation.open_menu(activations, lambda menu: structure.fill_activations(menu, column - 1))
        self._menu.open_menu(actions, lambda menu: structure.fill(menu, Address("heading", column - 1)))
        self._remove.clicked.connect(lambda: structure.remove_node(column))
        self._add.clicked.connect(lambda: structure.add_node(column))

    def place(self, lock: str) -> None:
        """Place the controls under the column's heading, or hide them if the column is hidden or too narrow.

        If `lock` is not "", disable the controls, and show `lock` as their tooltip.
        """
        layout = self._diagram.picture.layout
        exists = self._column < len(layout.columns) and not self._diagram.presenting
        self._place_buttons(layout if exists else None, lock)
        self._place_activation(_scale(layout) if exists else None, lock)

    def _place_buttons(self, layout: Layout | None, lock: str) -> None:
        buttons = (self._remove, self._menu, self._add)
        scale = _scale(layout) if layout else 1.0
        width, height, step = (round(scale * size) for size in (WIDTH_PX, HEIGHT_PX, WIDTH_PX + GAP_PX))
        fits = layout is not None and layout.headings[self._column].width >= 3 * step
        for button in buttons:
            button.setVisible(fits)
        if layout is None or not fits:
            return
        (middle, _), room = layout.columns[self._column].box.center, layout.headings[self._column]
        left = round(min(max(middle - 1.5 * step, room.x), room.right - 3 * step))
        top = int(layout.body.y - ABOVE_BODY_PX * scale) - height
        for k, (button, name) in enumerate(zip(buttons, ICONS, strict=True)):
            button.setGeometry(left + k * step, top, width, height)
            button.setIcon(icon(name, size=2 * round(ICON_PX)))
            button.setIconSize(QSize(1, 1) * round(ICON_PX * scale))
        names = self._diagram.picture.content.network.names(self._column)
        self._remove.describe(self._structure.remove_text(self._column), lock, can=len(names) > 1)
        self._add.describe(self._structure.add_text(self._column), lock)
        self._menu.describe(f"Menu: {self._structure.title(self._column)}", lock)

    def _place_activation(self, scale: float | None, lock: str) -> None:
        """Place the button over the line with the activation's name, or hide it if there is none."""
        picture, layer = self._diagram.picture, self._column - 1
        label = picture.label(Address("subheading", layer)) if scale and layer >= 0 else None
        used = picture.content.network.layers[layer].activation if label else ""
        texts = split_at_activation(label.text, used) if label else None
        if label and texts and scale:
            self._activation.show_over(label, texts, scale)
            tip = f"Activation of {self._structure.title(self._column, within=True)}: {used}"
            warning = picture.content.fate_sentence(layer)
            self._activation.describe(f"{tip}. {warning}" if warning else tip, lock)
        else:
            self._activation.hide_all()


def _scale(layout: Layout) -> float:
    """Return the scale of the controls."""
    return max(layout.body.y / HEAD, min(layout.body.y / MIN_HEAD, 1.0))
