"""The question what becomes of unsaved work before it is left, and what would be lost of it."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.core.names import SHOWN, shortened
from nnviz.core.numbers import counted
from nnviz.document.document import Document
from nnviz.ui.widgets.dialogs import lettered, message_box, primary


def ask_leave(window: QWidget, document: Document, left_out: str) -> QMessageBox.StandardButton:
    """Ask whether to save; `left_out` says what a file that holds the rest of the State leaves out, or ""."""
    buttons = QMessageBox.StandardButton
    box = message_box(window, *_told(document, left_out))
    box.setDefaultButton(primary(lettered(box.addButton(buttons.Save))))
    for button in (buttons.Discard, buttons.Cancel):
        lettered(box.addButton(button))
    return buttons(box.exec())


def _told(document: Document, left_out: str) -> tuple[str, str]:
    title, state = shortened(document.title, SHOWN), document.state
    lost = "What is not saved is lost."
    if left_out:
        return f"Save all of {title}?", f"{left_out}. {lost}"
    if state.run and state.run.watched:
        made = counted(state.iteration, "update")
        return "Save the trained network?", f"{title}: {made}. What neither you nor the script saves is lost."
    done = shortened(document.last_done(), 2 * SHOWN)
    return f"Save the changes to {title}?", f"{done}. {lost}" if done else lost
