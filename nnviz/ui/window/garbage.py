"""Collects Python's garbage between two events, and nowhere else. Knows nothing of what is seen."""

from __future__ import annotations

import gc

from PySide6.QtCore import QAbstractEventDispatcher, QObject


class Garbage(QObject):
    """Collects while it is there, as often as Python would, before the thread of its parent waits for events.

    Python itself collects in the middle of painting, and in whichever thread makes objects: a widget or a
    timer that ends in another thread than its own, or while it is in use, ends the process.
    """

    def __init__(self, parent: QObject) -> None:
        gc.disable()
        super().__init__(parent)
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._collect)

    def _collect(self) -> None:
        """Collect the oldest generation that is due, and with it the younger ones."""
        due = zip(gc.get_count(), gc.get_threshold(), strict=True)
        generations = [k for k, (count, threshold) in enumerate(due) if 0 < threshold < count]
        if generations:
            gc.collect(generations[-1])
