"""The line that offers to standardise the inputs, where one learning rate cannot suit them as they are."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from nnviz.core.standardise import DIFFER
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.picture.small import pixel_side
from nnviz.ui.widgets.theme import ui_font


class ScalesOffer(QWidget):
    """In sight where it is worth it; `wished` when the button is pressed."""

    wished = Signal()

    def __init__(self, document: Document, derived: Derived) -> None:
        super().__init__()
        self._document, self._derived = document, derived
        told = QLabel(f"{DIFFER[0].upper()}{DIFFER[1:]}.")
        told.setObjectName("muted")
        told.setWordWrap(True)
        self.button = QPushButton("Standardise inputs")
        self.button.setObjectName("small")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self.wished)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for part, stretch in ((told, 1), (self.button, 0)):
            part.setFont(ui_font(11.5))
            line.addWidget(part, stretch)
        document.state_changed.connect(lambda *_: self.follow())
        document.motion_changed.connect(self.follow)
        derived.computed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Offer it where the scales differ; not to a script, and not for pixels, which have one scale."""
        state = self._document.state
        can = state.trainable and not self._document.held and not state.is_watched
        offer = self._derived.scales if can and not pixel_side(state.network) else ""
        if offer != self.button.accessibleDescription():
            self.button.setAccessibleDescription(offer)
            self.button.setToolTip(f"{offer[:1].upper()}{offer[1:]}")
        self.setVisible(bool(offer))
