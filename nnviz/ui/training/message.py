"""What the training panel has to say: the formula of an update, or what is wrong and what mends it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from nnviz.core.numbers import shown
from nnviz.ui.widgets.theme import ui_font


class Message(QWidget):
    """One text at a time: a refused field's reason, or else a run's warning, or else the formula.

    ============== =====================================================================
    `cure`         the button under a warning, where one click can mend it
    `cure_wanted`  it was pressed: the iteration to return to, and a learning rate
    ============== =====================================================================
    """

    cure_wanted = Signal(int, float)

    def __init__(self) -> None:
        super().__init__()
        self._formula = self._warning = self._refusal = ""
        self._cure = 0, 0.0
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setFont(ui_font(11.5))
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.cure = QPushButton()
        self.cure.setObjectName("small")
        self.cure.setFont(ui_font(11.5))
        self.cure.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cure.clicked.connect(lambda: self.cure_wanted.emit(*self._cure))
        self.cure.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.label)
        column.addWidget(self.cure, alignment=Qt.AlignmentFlag.AlignLeft)

    def show_formula(self, formula: str) -> None:
        """Show how an update is made, where nothing is wrong."""
        self._formula = formula
        self._show()

    def show_refusal(self, why: str) -> None:
        """Show why a field's text is refused; "" where none is."""
        self._refusal = why
        self._show()

    def show_warning(self, sentence: str) -> None:
        """Show what went wrong."""
        self._warning = sentence
        self._show()

    def clear_warning(self) -> None:
        """Show no warning any more."""
        self._warning = ""
        self.cure.hide()
        self._show()

    def offer_cure(self, text: str, iteration: int, learning_rate: float) -> None:
        """Offer under the warning, as `text`, to return to an iteration with another learning rate."""
        self._cure = iteration, learning_rate
        self.cure.setText(text)
        self.cure.setToolTip(
            f"Return to where the run began, to go on with learning rate {shown(learning_rate)}"
        )
        self.cure.show()

    def _show(self) -> None:
        trouble = self._refusal or self._warning
        self.label.setText(trouble or f"One update: {self._formula}")
        name = "error" if trouble else "muted"
        if name != self.label.objectName():
            self.label.setObjectName(name)
            self.label.style().unpolish(self.label)
            self.label.style().polish(self.label)
        self._fit()

    def _fit(self) -> None:
        """Take the height that the text needs at this width, and always that of two lines."""
        two = 2 * self.label.fontMetrics().lineSpacing()
        self.label.setFixedHeight(max(two, self.label.heightForWidth(self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()
