"""nnviz: see a small neural network compute, touch its weights, watch it learn.

==================== ===================================================================
`load(path)`         a State from a file: `.network .data .training .weight_sets`
`save(state, path)`  a State into a file, in the format of the path's suffix; warns of what that does not keep
`Network`            `Network(inputs, layers)`, `Network.from_weights({…})`; `.predict(x)`, `.forward(x)`
`Layer`              `Layer(nodes, activation, weights, biases)`: W of shape (nodes, inputs), and b
`slopes(net, x, y)`  the MSE, or the `loss` that is named, and its slope with respect to every weight
`train(state, …)`    a Result: `.state`, `.history`, `.diverged`; takes `loss`, `validation` and the like
`code(state, style)` the network as a program that runs as it stands
`show(net, x, y)`    the window, in a process of its own
`watch(model, x, y)` the window, following a training that runs in a script; `watch.keras()` for `fit`
==================== ===================================================================

In a notebook a network and a State show themselves as the diagram, a Result as its curve, layers and slopes
as tables.

Importing nnviz imports neither Qt nor, until a name is used, NumPy: the command starts the faster for it.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnviz.core import notebook as _notebook

if TYPE_CHECKING:
    from nnviz.core.network import Layer, Network
    from nnviz.core.slopes import slopes
    from nnviz.core.state import Dataset, State, Training
    from nnviz.core.train import train
    from nnviz.files.code import code
    from nnviz.files.errors import FileError
    from nnviz.files.registry import load
    from nnviz.watching.watch import watch
    from nnviz.watching.window import show

    __version__: str

__all__ = [
    "Dataset",
    "FileError",
    "Layer",
    "Network",
    "State",
    "Training",
    "__version__",
    "code",
    "load",
    "save",
    "show",
    "slopes",
    "train",
    "watch",
]

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
    "train": "nnviz.core.train",
    "watch": "nnviz.watching.watch",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("nnviz-desktop")
    if name not in _HOMES:
        raise AttributeError(f"module 'nnviz' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def save(state: State, path: str | os.PathLike[str]) -> str:
    """Save `state` in the format of the path's suffix: the whole file, or the old one stays.

    Warns before of what the format does not keep, such as rows, with a UserWarning. Returns what else has
    changed, such as the file's owner, or "". Raises FileError.
    """
    from nnviz.files import registry

    lost = registry.left_out(state, path)
    if lost:
        warnings.warn(lost, stacklevel=2)
    return registry.save(state, path)


def _draw(shown: object) -> str:
    from nnviz.picture.notebook import drawn

    return drawn(shown)


_notebook.draw = _draw


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
