"""The callable `nnviz.watch`, which opens a window on the training of a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnviz.watching.window import WatchWindow

if TYPE_CHECKING:
    from nnviz.watching.keras import Watcher


class Watch:
    """Opens a window that follows a training: `with watch(model, x, y) as view: … view.update(loss)`.

    ============================ =======================================================================
    `watch(model, x, y)`         returns a window; a training loop calls `view.update` after each update
    `watch.keras(x, y)`          returns a callback for `model.fit`
    ============================ =======================================================================
    """

    def __call__(
        self, model: Any, x: Any = None, y: Any = None, *, activations: Sequence[str] | None = None
    ) -> WatchWindow:
        """Open a window on `model` and return a WatchWindow, whose `update` method reports each update.

        The loop changes `model` in place. A model is a list of arrays (weights of shape (nodes, inputs) or
        (inputs, nodes), each optionally followed by its biases), a dictionary of arrays, the course's
        dictionary of weights, a torch module, a Keras model, or an MLP of scikit-learn with `partial_fit`. A
        loop that makes new arrays or a new Network passes them to `update`. `x` and `y` are the rows and
        targets to show, as for `show`. `activations` names one activation for each layer. Without
        `activations`, arrays get relu in hidden layers and identity in the output layer, with a UserWarning.
        The course's dictionary gets the same activations without a warning.
        Raises TypeError or FileError if `model` is not a network or the rows do not fit, and DisplayError if
        no window can be shown.
        """
        return WatchWindow(model, x, y, activations)

    def keras(self, x: Any = None, y: Any = None) -> Watcher:
        """Return a callback for `model.fit(x, y, callbacks=[nnviz.watch.keras(x, y)])`.

        Each `fit` opens a window. The window shows the rows `x` and `y`, because Keras does not pass the rows
        of `fit` to callbacks. The window's loss is the mean that Keras reports for the current epoch.
        """
        from nnviz.watching.keras import Watcher

        return Watcher(x, y)


watch = Watch()
