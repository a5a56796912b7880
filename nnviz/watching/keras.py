"""A callback for the `fit` method of Keras 3 that shows the training in a window."""

from __future__ import annotations

from typing import Any

import keras

from nnviz.watching.window import WatchWindow


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is not installed where types are checked
    """Reports every batch of `fit` to a window, with the loss that Keras averages over the current epoch."""

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__()
        self._rows = x, y
        self._view: WatchWindow | None = None

    def on_train_begin(self, _logs: dict[str, float] | None = None) -> None:
        """Open a window that shows the model, and stop reporting to the window of an earlier `fit`."""
        self.on_train_end()
        self._view = WatchWindow(self.model, *self._rows)

    def on_train_batch_end(self, _batch: int, logs: dict[str, float] | None = None) -> None:
        """Report to the window that a batch has updated the weights."""
        assert self._view is not None
        self._view.update((logs or {}).get("loss"))

    def on_train_end(self, _logs: dict[str, float] | None = None) -> None:
        """Report to the window that the training has ended."""
        if self._view:
            self._view.close()
