"""The callback by which a window watches `fit` of Keras 3."""

from __future__ import annotations

from typing import Any

import keras

from nnviz.watching.window import WatchWindow


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]  # which is not here where types are checked
    """Tells a view of every batch. The loss is as Keras tells it: the mean over the epoch so far."""

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__()
        self._rows = x, y
        self._view: WatchWindow | None = None

    def on_train_begin(self, _logs: dict[str, float] | None = None) -> None:
        """Open a window on the model; one of an earlier `fit` is told that its training has ended."""
        self.on_train_end()
        self._view = WatchWindow(self.model, *self._rows)

    def on_train_batch_end(self, _batch: int, logs: dict[str, float] | None = None) -> None:
        """Say that a batch has updated the weights."""
        assert self._view is not None
        self._view.update((logs or {}).get("loss"))

    def on_train_end(self, _logs: dict[str, float] | None = None) -> None:
        """Say that the training has ended."""
        if self._view:
            self._view.close()
