"""Opens a window from a program: in a process of its own, so that a script or a notebook goes on. No Qt."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnviz import _system
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files import native
from nnviz.files.errors import told_by_core


def show(
    shown: Network | Mapping[str, Sequence[Any]] | State,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
) -> None:
    """Open the window on a network, with rows and targets, or on a State; return at once.

    A dictionary of weights, as a course writes it, is the network that `Network.from_weights` makes of it.
    `x` has shape (rows, inputs) or (inputs,), `y` (rows, outputs) or, of one row or one
    output, the values alone. The window gets a copy.
    Raises TypeError for anything else, FileError where rows do not fit, DisplayError where no window can be
    shown.
    """
    state = shown if isinstance(shown, State) else _state(_network(shown), x, y)
    _system.check(window=True)
    data = native.write(state)
    process = subprocess.Popen(
        [sys.executable, "-m", "nnviz", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a pipe that a script writes to would stay open as long as the window
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    # A large network fills the pipe before the window reads it; the program ends when all is handed over.
    threading.Thread(target=_hand_over, args=(process, data)).start()
    # Somebody has to collect the process when it ends, or it stays as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def _hand_over(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(data)


def _network(shown: object) -> Network:
    if isinstance(shown, Mapping):
        return Network.from_weights(shown)
    if isinstance(shown, Network):
        return shown
    raise TypeError(
        f"show takes a Network, a dictionary of weights or a State, and found a {type(shown).__name__}"
    )


def _state(network: Network, x: ArrayLike | None, y: ArrayLike | None) -> State:
    if x is None:
        return State(network, Dataset.empty(network))
    inputs = np.atleast_2d(np.asarray(x, dtype=np.float64))
    targets = None if y is None else np.atleast_1d(np.asarray(y, dtype=np.float64))
    if targets is not None and targets.ndim == 1:
        targets = targets[:, None] if len(network.outputs) == 1 else targets[None, :]
    with told_by_core("data"):
        data = Dataset(inputs, targets)
    with told_by_core():
        return State(network, data)
