"""`nnviz.watch` as a script calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnviz.watching.window import WatchWindow

if TYPE_CHECKING:
    from nnviz.watching.keras import Watcher


class Watch:
    """Opens a window that follows a training: `with watch(model, x, y) as view`, `view.update(loss)` in it.

    ============================ ==============================================================
    `watch(model, x, y)`         of any loop, which calls `update` after each of its updates
    `watch.keras(x, y)`          a callback for `model.fit`
    ============================ ==============================================================
    """

    def __call__(
        self, model: Any, x: Any = None, y: Any = None, *, activations: Sequence[str] | None = None
    ) -> WatchWindow:
        """Open the window on `model`; it follows once the view is told of updates.

        `model` is what the loop changes in place: a list of arrays (weights of shape (nodes, inputs) or
        (inputs, nodes), each with its biases behind it, or without), a dictionary of them or the course's, a
        torch module, a Keras model, an MLP of scikit-learn with `partial_fit`. Where the loop makes new
        arrays, or a new Network, it gives them to `update`. `x` and `y` are the rows that the window shows,
        as for `show`. Arrays do not say their `activations`, one a layer: without them hidden ones are taken
        to be relu, the output identity, with a UserWarning; the course's dictionary is that by custom.
        Raises TypeError and FileError for what is no network and rows that do not fit, DisplayError where no
        window can be shown.
        """
        return WatchWindow(model, x, y, activations)

    def keras(self, x: Any = None, y: Any = None) -> Watcher:
        """Return a callback for `model.fit(x, y, callbacks=[nnviz.watch.keras(x, y)])`: a window each time.

        Keras tells no callback its rows, so the window shows those that are given here; and of the loss it
        tells the mean over the epoch so far.
        """
        from nnviz.watching.keras import Watcher

        return Watcher(x, y)


watch = Watch()
