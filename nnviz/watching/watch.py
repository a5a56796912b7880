"""`nnviz.watch` as a script calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnviz.watching.view import View


class Watch:
    """Opens a window that follows a training: `with watch(model, x, y) as view`, `view.update(loss)` in it.

    ============================ ==============================================================
    `watch(model, x, y)`         of any loop, which calls `update` after each of its updates
    ============================ ==============================================================
    """

    def __call__(
        self, model: Any, x: Any = None, y: Any = None, *, activations: Sequence[str] | None = None
    ) -> View:
        """Open the window on `model`; it follows once the view is told of updates.

        `model` is what the loop changes in place: a list of arrays (weights of shape (nodes, inputs) or
        (inputs, nodes), each with its biases behind it, or without), a dictionary of them or the course's, a
        torch module, an MLP of scikit-learn with `partial_fit`. Where the loop makes new
        arrays, or a new Network, it gives them to `update`. `x` and `y` are the rows that the window shows,
        as for `show`. Arrays do not say their `activations`, one a layer: without them hidden ones are relu,
        the output identity.
        Raises TypeError and FileError for what is no network and rows that do not fit, DisplayError where no
        window can be shown.
        """
        return View(model, x, y, activations)


watch = Watch()
