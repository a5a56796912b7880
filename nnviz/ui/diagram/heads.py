"""What stands under a column's heading: its activation as a drop-down, and the buttons − ⋯ +."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMargins, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QStyle,
    QStyleOptionToolButton,
    QToolButton,
    QWidget,
)

from nnviz.core.address import Address
from nnviz.document.document import Document
from nnviz.picture.columns import HEAD
from nnviz.picture.labels import BETWEEN, around
from nnviz.picture.layout import Layout
from nnviz.picture.parts import Label, Rect
from nnviz.picture.text import text_width
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.paper import label_font
from nnviz.ui.diagram.structure_menu import Structure
from nnviz.ui.widgets.button_menu import follow
from nnviz.ui.widgets.hold import hold
from nnviz.ui.widgets.images import icon, qrect
from nnviz.ui.widgets.list_menu import ListMenu
from nnviz.ui.widgets.sizes import OWN_SIZE
from nnviz.ui.widgets.theme import colours

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
        gap = text_width(BETWEEN, label.size)
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
