"""Opens a window from a program: in a process of its own, so that a script or a notebook goes on. No Qt."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnviz import _python, _system
from nnviz._streams import NETWORK
from nnviz.core.activations import Array
from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.core.state import Dataset, State
from nnviz.files import foreign, native
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense

_START = """
import sys
from nnviz.cli.main import main
sys.exit(main())
"""


def show(shown: Any, x: Any = None, y: Any = None, *, activations: Sequence[str] | None = None) -> None:
    """Open the window on a network, with rows and targets, or on a State; return at once.

    =============================== ====================================================================
    a Network, a State              as it is
    a dictionary of weights         the network that `Network.from_weights` makes of it
    a torch module                  of Linear layers and activations; where functions stand in `forward`
                                    alone, give `activations`, a name for each layer
    a Keras model                   Sequential, or functional without branches
    an MLPRegressor, MLPClassifier  of scikit-learn, fitted; of two classes the second's probability
    =============================== ====================================================================

    `x` has shape (rows, inputs) or (inputs,), `y` (rows, outputs) or, of one row or one output, the values
    alone; of several outputs it may be each row's class, as a number or a label of the classifier. The window
    gets a copy, and is called as the model of a framework is.
    Raises TypeError for anything else, FileError for a model that is no chain of layers and where rows do not
    fit, DisplayError where no window can be shown.
    """
    state = shown if isinstance(shown, State) else state_of(_network(shown, activations), shown, x, y)
    _system.check_for_process()
    data = native.write(state)
    process = window_process(NETWORK)
    # A large network fills the pipe before the window reads it; the program ends when all is handed over.
    threading.Thread(target=_hand_over, args=(process, data)).start()
    # Somebody has to collect the process when it ends, or it stays as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def window_process(what: str) -> subprocess.Popen[bytes]:
    """Start the process of a window that opens `what`, which is to come through its standard input."""
    return subprocess.Popen(
        _python.command(_START, what),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a pipe that a script writes to would stay open as long as the window
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _hand_over(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(data)


def _network(shown: object, activations: Sequence[str] | None) -> Network:
    if foreign.framework_of(shown):
        return foreign.network_of(shown, activations)
    if activations is not None:
        raise TypeError(
            f"activations are for models that do not say them, and found a {type(shown).__name__}"
        )
    if isinstance(shown, Mapping):
        return Network.from_weights(shown)
    if isinstance(shown, Network):
        return shown
    raise TypeError(
        "show takes a Network, a State, a dictionary of weights, a torch module, a Keras model or an MLP of "
        f"scikit-learn, and found a {type(shown).__name__}"
    )


def state_of(network: Network, shown: object, x: Any, y: Any) -> State:
    """Return the network that `shown` is with rows and targets as `show` takes them. Raises FileError."""
    name = foreign.name_of(shown)
    training = dense.trained_by(network, foreign.loss_of(shown))
    if x is None:
        return State(network, Dataset.empty(network), training, name=name)
    inputs = _rows(foreign.as_array(x), len(network.inputs))
    targets = None if y is None else _targets(foreign.targets_of(shown, y), len(inputs), len(network.outputs))
    with told_by_core("data"):
        data = Dataset(inputs, targets)
    with told_by_core():
        return State(network, data, training, name=name)


def _rows(x: Array, inputs: int) -> Array:
    """Return `x` as rows of so many inputs. Raises FileError."""
    rows = np.atleast_2d(x)
    if rows.shape[-1] != inputs:
        found = rows.shape[-1]
        has = f"has {counted(found, 'column')}" if x.ndim > 1 else f"is a row of {counted(found, 'number')}"
        raise FileError(f"the model takes {counted(inputs, 'input')}, and x {has}")
    return rows


def _targets(y: Array, rows: int, outputs: int) -> Array:
    """Return targets as rows: of one row, of one output, or of each row's class, where they stand alone."""
    if y.ndim > 1:
        return y
    if outputs == 1:
        return y.reshape(-1, 1)
    if y.shape == (rows,) != (1,) and np.isin(y, range(outputs)).all():
        return np.asarray(np.eye(outputs)[y.astype(int)])
    return y.reshape(1, -1)
