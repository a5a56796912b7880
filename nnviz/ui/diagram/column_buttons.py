"""The small buttons over each column of the diagram: fewer or more nodes, and the layer's menu."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from nnviz.core.naming import column_title
from nnviz.picture.picture import Part
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.structure_menu import Structure
from nnviz.ui.icons import icon
from nnviz.ui.theme import colours

HEIGHT = 20
TOP = 48
"""The buttons end where the diagram's body begins, so that they are not painted whenever a weight changes."""


class ColumnButtons:
    """Keeps a group of buttons under the heading of every column in sight."""

    def __init__(self, diagram: Diagram, structure: Structure) -> None:
        self._diagram, self._structure = diagram, structure
        self._groups: list[_Group] = []
        diagram.looked.connect(self.place)

    def place(self) -> None:
        """Put the groups where their columns are."""
        rooms = self._diagram.picture.layout.headings
        while len(self._groups) < len(rooms):
            self._groups.append(_Group(self._diagram, self._structure, len(self._groups)))
        for k, group in enumerate(self._groups):
            room = rooms[k] if k < len(rooms) else None
            fits = room is not None and room.width > 84
            group.setVisible(fits)
            if room is not None and fits:
                group.show_limits()
                x, _ = self._diagram.picture.layout.columns[k].box.center
                group.move(round(x - group.sizeHint().width() / 2), TOP)

    def recolour(self) -> None:
        """Draw the icons in the theme's ink."""
        for group in self._groups:
            group.recolour()


class _Group(QWidget):
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
        self._menu.aboutToShow.connect(lambda: structure.fill(self._menu, Part("heading", column)))
        self._menu_button.setMenu(self._menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in (self._fewer, self._menu_button, self._more):
            row.addWidget(button)
        self.recolour()

    def show_limits(self) -> None:
        """Name the buttons after the column, and disable what cannot be."""
        network = self._diagram.picture.numbers.network
        title = column_title(self._column, len(network.layers))
        self._fewer.setEnabled(len(network.names(self._column)) > 1)
        self._fewer.setAccessibleName(f"Remove a node: {title}")
        self._more.setAccessibleName(f"Add a node: {title}")
        self._menu_button.setAccessibleName(f"Menu: {title}")

    def recolour(self) -> None:
        """Draw the icons in the theme's muted ink."""
        for button, name in ((self._fewer, "remove"), (self._more, "add"), (self._menu_button, "more")):
            button.setIcon(icon(name, colours().muted, 16))

    def _button(self, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("quiet")
        button.setToolTip(tip)
        button.setFixedHeight(HEIGHT)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        return button
