"""nnviz: see a small neural network compute, change its weights, watch it learn.

==================== ===================================================================
`load(path)`         return the State in a file: `.network .data .training .weight_sets`
`save(state, path)`  save a State in the format of the path's suffix; warns if the file leaves anything out
`Network`            `Network(inputs, layers)`, `Network.from_weights({…})`; `.predict(x)`, `.forward(x)`
`Layer`              `Layer(nodes, activation, weights, biases)`; `weights` have shape (nodes, inputs)
`slopes(net, x, y)`  return the loss, by default the MSE, and its gradient with respect to every weight
`train(state, …)`    train with settings such as `updates`; return a Result: `.state .history .diverged`
`sweep(state, …)`    train with every combination of settings, such as `learning_rate=[0.01, 0.1]`
`code(state, style)` return the network as a Python program that needs no nnviz
`show(net, x, y)`    open a window on a network in a separate process
`watch(model, x, y)` open a window that follows a training in a script; use `watch.keras()` with `fit`
==================== ===================================================================

A notebook displays a network or a State as a diagram and a Result as a loss curve. Layers and slopes are
displayed as tables.

To start fast, `import nnviz` imports neither Qt nor NumPy; NumPy is imported when a name above is used.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnviz.core import notebook as _notebook

if TYPE_CHECKING:
    from nnviz.core.network import Layer as Layer
    from nnviz.core.network import Network as Network
    from nnviz.core.slopes import slopes as slopes
    from nnviz.core.state import Dataset as Dataset
    from nnviz.core.state import State as State
    from nnviz.core.state import Training as Training
    from nnviz.core.sweep import sweep as sweep
    from nnviz.core.train import train as train
    from nnviz.files.code import code as code
    from nnviz.files.errors import FileError as FileError
    from nnviz.files.registry import load as load
    from nnviz.watching.watch import watch as watch
    from nnviz.watching.window import show as show

    __version__: str

_HOMES = {
    "Dataset": "nnviz.core.state",
    "FileError": "nnviz.files.errors",
    "Layer": "nnviz.core.network",
    "Network": "nnviz.core.network",
    "State": "nnviz.core.state",
    "Training": "nnviz.core.state",
    "code": "nnviz.files.code",
    "load": "nnviz.files.registry",
    "show": "nnviz.watching.window",
    "slopes": "nnviz.core.slopes",
    "sweep": "nnviz.core.sweep",
    "train": "nnviz.core.train",
    "watch": "nnviz.watching.watch",
}
"""Map of each public name to its module."""

__all__ = ["__version__", "save", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("nnviz-desktop")
    if name not in _HOMES:
        raise AttributeError(f"module 'nnviz' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def save(state: State, path: str | os.PathLike[str]) -> None:
    """Save `state` in the format of the path's suffix. If saving fails, the old file stays unchanged.

    Warns with a UserWarning before saving if the format cannot hold a part of `state`, such as the rows.
    Raises FileError.
    """
    from nnviz.files import registry

    lost = registry.losses_on_save(state, path)
    if lost:
        warnings.warn(lost, stacklevel=2)
    registry.save(state, path)


def _draw(shown: object) -> str:
    from nnviz.picture.notebook import render

    return render(shown)


_notebook.draw = _draw


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
