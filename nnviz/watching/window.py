"""The nnviz window that a script opens with `show` or `watch`.

`watch` sends frames (the current weights and losses) through a pipe to the window's process. A thread waits
for the window and sends the newest frame.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnviz import system
from nnviz.core.activations import Array
from nnviz.core.network import Network
from nnviz.core.numbers import counted, file_label
from nnviz.core.state import Dataset, State
from nnviz.files import frames, native
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.frames import Frame
from nnviz.files.models import dense, frameworks
from nnviz.system import NETWORK, TRAINING
from nnviz.watching.models import ASSUMED_ACTIVATIONS, NO_CHANGE, Model

_START = "\nfrom nnviz.cli.main import main; raise SystemExit(main())"


def show(shown: Any, x: Any = None, y: Any = None, *, activations: Sequence[str] | None = None) -> None:
    """Open a window on a network with rows `x` and targets `y`, or on a State, and return at once.

    =============================== ====================================================================
    a Network, a State              shown unchanged
    a dictionary of weights         converted by `Network.from_weights`
    a torch module                  made of Linear layers and activations
    a Keras model                   Sequential, or a functional model without branches
    an MLPRegressor, MLPClassifier  from scikit-learn, after `fit`
    =============================== ====================================================================

    If the `forward` of a torch module calls activations as functions, give `activations`: one name for each
    layer. For an MLPClassifier with two classes, the output is the probability of the second class.

    `x` has shape (rows, inputs) or (inputs,). `y` has shape (rows, outputs), or one dimension if there
    is a single row or output. For several outputs, `y` may hold the class of each row, as a number or a label
    of the classifier. The window shows a copy of the network, and the name of the framework's model as title.
    Raises TypeError for any other object, FileError for a model that is not a chain of layers or for rows
    that do not fit, and DisplayError if no window can be shown.
    """
    state = shown if isinstance(shown, State) else state_of(_network(shown, activations), shown, x, y)
    system.check_for_process()
    data = native.write(state)
    process = window_process(NETWORK)
    # A large network fills the pipe, so a thread writes the data; the script ends when all is written.
    threading.Thread(target=_hand_over, args=(process, data)).start()
    # Without a wait, the ended process would stay as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def window_process(what: str) -> subprocess.Popen[bytes]:
    """Start a window in a new process, which reads standard input as `what`: NETWORK or TRAINING."""
    return subprocess.Popen(
        system.command(_START, what),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # otherwise a pipe of the script would stay open as long as the window
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _hand_over(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(data)


def _network(shown: object, activations: Sequence[str] | None) -> Network:
    if frameworks.framework_of(shown):
        return frameworks.network_of(shown, activations)
    if activations is not None:
        raise TypeError(
            f"`activations` needs a model of torch, Keras or scikit-learn, found {type(shown).__name__}"
        )
    if isinstance(shown, Mapping):
        return Network.from_weights(shown)
    if isinstance(shown, Network):
        return shown
    raise TypeError(
        "show expects a Network, a State, a dictionary of weights, a torch module, a Keras model or an MLP "
        f"of scikit-learn, found {type(shown).__name__}"
    )


def state_of(network: Network, shown: object, x: Any, y: Any) -> State:
    """Return a State with `network`, rows `x` and targets `y`. Raises FileError if the rows do not fit.

    The title and the loss come from `shown`, the object that `network` was made from.
    """
    name = frameworks.name_of(shown)
    training = dense.training_for(network, frameworks.loss_of(shown))
    if x is None:
        return State(network, Dataset.empty(network), training, name=name)
    inputs = _rows(frameworks.as_array(x), len(network.inputs))
    shape = len(inputs), len(network.outputs)
    targets = None if y is None else _targets(frameworks.targets_of(shown, y), *shape)
    with as_file_errors("data"):
        data = Dataset(inputs, targets)
    with as_file_errors():
        return State(network, data, training, name=name)


def _rows(x: Array, inputs: int) -> Array:
    """Return `x` as rows, shape (rows, inputs). Raises FileError."""
    rows = np.atleast_2d(x)
    if (found := rows.shape[-1]) != inputs:
        shape = f"has {counted(found, 'column')}" if x.ndim > 1 else f"is a row of {counted(found, 'number')}"
        raise FileError(f"the model takes {counted(inputs, 'input')}, but x {shape}")
    return rows


def _targets(y: Array, rows: int, outputs: int) -> Array:
    """Return targets, shape (rows, outputs), from one row, one output or the class of each row."""
    if y.ndim > 1:
        return y
    if outputs == 1:
        return y.reshape(-1, 1)
    if y.shape == (rows,) != (1,) and np.isin(y, range(outputs)).all():
        return np.asarray(np.eye(outputs)[y.astype(int)])
    return y.reshape(1, -1)


PATIENCE_S = 5.0
"""Seconds that a script waits at its end for a window that has stopped reading the pipe."""
PART_BYTES = 2**16
"""Number of bytes that are written at once; a window that hangs takes none."""
WINDOW_GONE = "the window has ended unexpectedly; the training continues without the window"


class Link(frames.Mailbox):
    """A pipe to a new window on `state`: a thread sends frames (weights and losses) as the window reads.

    The link ends when the window is closed, and in a forked child process. At the end of the script, the link
    calls `finish`, which sends the last frame.
    """

    def __init__(self, state: State, finish: weakref.WeakMethod[Callable[[], None]]) -> None:
        super().__init__()
        self._finish = finish
        self._process = window_process(TRAINING)
        self._writing_since: float | None = None
        self._handed_over = threading.Event()
        threading.Thread(target=self._run_thread, args=(state,), name="nnviz watch", daemon=True).start()
        atexit.register(self.leave)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def _run_thread(self, state: State) -> None:
        if hasattr(signal, "pthread_sigmask"):  # a closed pipe must not end the script
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        gone = False
        try:
            self._hand_over(state)
        except OSError:
            gone = True
            self.end(WINDOW_GONE)
        self._handed_over.set()
        if self._process.wait() and gone:  # a person who closes the window needs no message
            # In one call, because the script may end now.
            print(f"nnviz: {WINDOW_GONE}\n", end="", file=sys.stderr)

    def _hand_over(self, state: State) -> None:
        assert self._process.stdin is not None
        with self._process.stdin as pipe:
            for part in frames.start_message(state):
                self._write(pipe.fileno(), part)
            while frame := self._next_frame():
                self._write(pipe.fileno(), frames.frame_message(frame))
            self._write(pipe.fileno(), frames.end_message(self.ending or ""))

    def _next_frame(self) -> Frame | None:
        """Wait for a frame and return it; return None at the end of the training."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self.ending is not None)
            return self.take()

    def _write(self, pipe: int, data: bytes | memoryview) -> None:
        """Write all data to the pipe, waiting while the pipe is full."""
        rest = memoryview(data)
        while rest:
            self._writing_since = time.monotonic()
            rest = rest[os.write(pipe, rest[:PART_BYTES]) :]
        self._writing_since = None

    def leave(self) -> None:
        """Send the remaining frames before the script ends, without waiting for a window that hangs."""
        if finish := self._finish():
            finish()
        self.end("")
        while not self._handed_over.wait(0.02):
            since = self._writing_since
            if since is not None and time.monotonic() - since > PATIENCE_S:
                break  # the window hangs

    def forget(self) -> None:
        """Disconnect from the pipe in a forked child process, because the pipe belongs to the parent."""
        self._changed = threading.Condition()  # the parent's lock may be held
        self.end(WINDOW_GONE)
        self._handed_over.set()
        pipe = self._process.stdin
        assert pipe is not None
        if not pipe.closed:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, pipe.fileno(), inheritable=False)
            os.close(nowhere)


FRAME_S = 1 / 30
FRAME_PER_LOOK = 50.0
"""Least pause before sending the weights again, as a multiple of the time that the last sending took."""

_clock = time.perf_counter


class WatchWindow(contextlib.AbstractContextManager["WatchWindow"]):
    """A window that shows the training of a script while the script runs.

    ================ ================================================================
    `update(loss)`   report an update of the weights
    `close()`        report the end of the training; a `with` block calls `close`
    ================ ================================================================

    The window never blocks the script. If the user closes the window, the training continues.
    """

    def __init__(self, model: Any, x: Any = None, y: Any = None, activations: Any = None) -> None:
        self._model, self._rows, self._activations = model, (x, y), activations
        self._losses: list[Any] = []
        self._sent_updates = 0  # number of updates sent, without those in `_losses`
        self._has_changed = False  # whether any weight has ever differed from its start
        self._next_look_s = -math.inf  # time of the next look at the model
        self._link: Link | None = None
        system.check_for_process()
        if frameworks.has_weights(model):
            self._open()

    def _open(self) -> Link:
        """Open the window on the current model."""
        x, y = self._rows
        self._watched_model = Model(self._model, self._activations, None if x is None else np.shape(x)[-1])
        state = replace(state_of(self._watched_model.network, self._model, x, y), name=_name())
        if self._watched_model.assumes_activations:
            warnings.warn(ASSUMED_ACTIVATIONS, stacklevel=4)  # the caller of `watch`
            state = replace(state, notes=f"{ASSUMED_ACTIVATIONS[0].upper()}{ASSUMED_ACTIVATIONS[1:]}.")
        link = self._link = Link(state, weakref.WeakMethod(self.close))
        weakref.finalize(self, link.end, "").atexit = False
        return link

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(f"The training stopped with {kind.__name__}" if kind else "")

    def update(self, loss: Any = None, model: Any = None) -> None:
        """Report an update of the weights. `loss` is usually the loss that was measured before the update.

        Pass the new `model` if the loop makes new arrays or a new Network instead of changing the old one.
        """
        if model is not None:
            self._model = model
        if hasattr(loss, "detach"):  # a tensor: free its graph, and do not wait for a GPU
            loss = loss.item() if loss.is_cpu and not loss.ndim else loss.detach()
        self._losses.append(loss)
        if _clock() >= self._next_look_s:
            self._send_current()

    def close(self, ending: str = "") -> None:
        """Report the end of the training. `ending` is a sentence that explains an unusual end, or ""."""
        if self._link and self._link.ending is None:
            self._send_current()
            if self._sent_updates and not self._has_changed:
                print(f"nnviz: {NO_CHANGE}", file=sys.stderr)
            self._link.end(ending)

    def _send_current(self) -> None:
        """Send the current weights and losses."""
        began, losses, made = _clock(), self._losses, self._sent_updates
        self._losses, self._sent_updates = [], made + len(losses)
        link = self._link or self._open()  # the model got its weights by its first update
        if link.ending is not None:
            return
        try:
            values = self._watched_model.values(self._model)
            self._has_changed = self._has_changed or not np.array_equal(values, self._watched_model.start)
            frame = Frame(self._sent_updates, _points(losses, made), values)
        except Exception as error:  # after any failure, the training continues
            link.end(f"Watching has ended because the model cannot be read ({error})")
            print(f"nnviz: watching has ended because the model cannot be read: {error}", file=sys.stderr)
            return
        link.put(frame)
        now = _clock()
        self._next_look_s = now + max(FRAME_S, FRAME_PER_LOOK * (now - began))


def _points(losses: list[Any], made: int) -> Array:
    """Return the losses that are not None as points of a curve, shape (points, 2): iteration, loss."""
    iterations = [made + k for k, loss in enumerate(losses, start=1) if loss is not None]
    reported = [loss for loss in losses if loss is not None]
    return np.column_stack((iterations, np.asarray(_numbers(reported), np.float64).reshape(len(reported))))


def _numbers(losses: list[Any]) -> Any:
    if losses and all(hasattr(loss, "detach") for loss in losses):
        return frameworks.as_array(sys.modules["torch"].stack(losses))  # waits for a GPU only once
    return losses


def _name() -> str:
    """Return the title of the training: "Training in" and the name of the script, or "a notebook"."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return f"Training in {file_label(Path(script))}" if script else "Training in a notebook"
