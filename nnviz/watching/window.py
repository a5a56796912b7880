"""The nnviz window that a script opens with `show` or `watch`.

The script writes a frame into the pipe itself if the pipe has room, because waking a thread takes longer. If
not, a thread waits for the window and sends the newest frame.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import select
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
from types import TracebackType
from typing import Any, Self

import numpy as np

from nnviz import system
from nnviz.core.activations import Array
from nnviz.core.network import Network
from nnviz.core.numbers import counted, file_named
from nnviz.core.state import Dataset, State
from nnviz.files import frames, frameworks, native
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.frames import Frame
from nnviz.files.models import dense
from nnviz.system import NETWORK, TRAINING
from nnviz.watching.models import ASSUMED, UNMOVED, Model

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
    system.check_for_process()
    data = native.write(state)
    process = window_process(NETWORK)
    # A large network fills the pipe before the window reads it; the program ends when all is handed over.
    threading.Thread(target=_hand_over, args=(process, data)).start()
    # Somebody has to collect the process when it ends, or it stays as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def window_process(what: str) -> subprocess.Popen[bytes]:
    """Start the process of a window that opens `what`, which is to come through its standard input."""
    return subprocess.Popen(
        system.command(_START, what),
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
    if frameworks.framework_of(shown):
        return frameworks.network_of(shown, activations)
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
    name = frameworks.name_of(shown)
    training = dense.trained_by(network, frameworks.loss_of(shown))
    if x is None:
        return State(network, Dataset.empty(network), training, name=name)
    inputs = _rows(frameworks.as_array(x), len(network.inputs))
    targets = (
        None if y is None else _targets(frameworks.targets_of(shown, y), len(inputs), len(network.outputs))
    )
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


if sys.platform != "win32":
    import fcntl

PATIENCE_S = 5.0
"""So long the script's end waits for a window that takes nothing, from when it took nothing any more."""
PIPE_BYTES = 2**20
"""What a pipe is made to hold where it can be asked to."""
LEFT = "the window that watched has ended; the training goes on without it"


class Link(frames.Mailbox):
    """Starts a window on `state` and hands on what is put in, as fast as the window takes it.

    Where the window is gone, or in a child that was forked, it has ended. `finish` is called before the
    script's own end: it puts in what is still missing.
    """

    def __init__(self, state: State, finish: weakref.WeakMethod[Callable[[], None]]) -> None:
        super().__init__()
        self._finish = finish
        self._process = window_process(TRAINING)
        assert self._process.stdin is not None
        self._pipe = self._process.stdin.fileno()
        self._waits = _waits(self._pipe)
        self._thread_writes = True  # else the script may
        self._rest: memoryview = memoryview(b"")  # of a frame that the script has begun
        self._writing_since: float | None = None
        self._handed_over = threading.Event()
        threading.Thread(target=self._run, args=(state,), name="nnviz watch", daemon=True).start()
        _links.append(self)

    def put(self, frame: Frame) -> None:
        """Hand a frame over, or have it wait for the window in the place of the one before."""
        super().put(frame)
        with self._changed:
            if self._thread_writes or self.ending is not None:
                return
            if not self._waits and not _ends_scripts() and (newest := self.take()):
                self._rest = memoryview(frames.gone_on(newest))
                with contextlib.suppress(OSError):  # it is full, or gone, which the thread finds out
                    self._rest = self._rest[os.write(self._pipe, self._rest) :]
            if self._frame is not None or self._rest:
                self._thread_writes = True
                self._changed.notify_all()

    def _run(self, state: State) -> None:
        if hasattr(signal, "pthread_sigmask"):  # of a script that would end where a pipe is closed
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        gone = False
        try:
            self._hand_over(state)
        except OSError:
            gone = True
            self.end(LEFT)
        self._handed_over.set()
        if self._process.wait() and gone:  # who closes it knows
            print(f"nnviz: {LEFT}\n", end="", file=sys.stderr)  # in one piece, for the script may end now

    def _hand_over(self, state: State) -> None:
        assert self._process.stdin is not None
        with self._process.stdin:
            for part in frames.begun(state):
                self._write(part)
            while self._has_work():
                self._write(self._rest)
                self._rest = memoryview(b"")
                if frame := self.take():
                    self._write(frames.gone_on(frame))
            self._write(frames.ended(self.ending or ""))

    def _has_work(self) -> bool:
        """Leave the writing to the script until there is something to wait for; False at the end."""
        with self._changed:
            if self._frame is None and self.ending is None:
                self._thread_writes = False
                self._changed.wait_for(lambda: self._thread_writes or self.ending is not None)
            self._thread_writes = True
            return self._frame is not None or len(self._rest) > 0

    def _write(self, data: bytes | memoryview) -> None:
        """Write all of it, and wait where the pipe is full."""
        rest = memoryview(data)
        while rest:
            self._writing_since = time.monotonic()
            if not self._waits:
                room = select.poll()
                room.register(self._pipe, select.POLLOUT)
                room.poll()
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._pipe, rest) :]
        self._writing_since = None

    def leave(self) -> None:
        """Hand over what is left before the script's process ends, but wait for no window that hangs."""
        if finish := self._finish():
            finish()
        self.end("")
        while not (self._handed_over.wait(0.02) or self._hangs()):
            pass

    def _hangs(self) -> bool:
        since = self._writing_since
        return since is not None and time.monotonic() - since > PATIENCE_S

    def forget(self) -> None:
        """Be no link any more, in a child that was forked: the pipe is its parent's."""
        self._changed = threading.Condition()  # the parent's may be held
        self.end(LEFT)
        self._handed_over.set()
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._pipe, inheritable=False)
            os.close(nowhere)


def _waits(pipe: int) -> bool:
    """Have writing to a pipe return where it is full; tell whether it waits all the same, as on Windows."""
    if sys.platform == "win32":
        return True
    os.set_blocking(pipe, False)
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return False


def _ends_scripts() -> bool:
    """Tell whether the script would end where it writes to a pipe that is closed."""
    return signal.getsignal(signal.SIGPIPE) == signal.SIG_DFL


_links: list[Link] = []
"""All that there were, which hold next to nothing once they have ended."""


def _leave_all() -> None:
    for link in _links:
        link.leave()


def _forget_all() -> None:
    for link in _links:
        link.forget()


atexit.register(_leave_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


FRAME_S = 1 / 30
FRAME_PER_LOOK = 50.0
"""A frame lasts at least so many times as long as looking at the model: a large one is no brake."""

UNREAD = "the model could not be read any more"

_clock = time.perf_counter


class WatchWindow:
    """The window that watches a training, as its script has it.

    ================ ================================================================
    `update(loss)`   an update of the weights is made
    `close()`        the training has ended, which the end of `with` says by itself
    ================ ================================================================

    The window never holds the script up, and where it is closed the training goes on without it.
    """

    def __init__(self, model: Any, x: Any = None, y: Any = None, activations: Any = None) -> None:
        self._model, self._rows, self._activations = model, (x, y), activations
        self._losses: list[Any] = []
        self._made = 0  # how many updates are behind, those of `_losses` not among them
        self._moved = False  # whether any weight was ever another one than at the start
        self._due = -math.inf  # when the model is to be looked at next
        self._link: Link | None = None
        system.check_for_process()
        if frameworks.has_weights(model):
            self._begin()

    def _begin(self) -> Link:
        """Open the window on the model as it is now."""
        x, y = self._rows
        self._looked_at = Model(self._model, self._activations, None if x is None else np.shape(x)[-1])
        state = replace(state_of(self._looked_at.network, self._model, x, y), name=_name())
        if self._looked_at.assumes_activations:
            warnings.warn(ASSUMED, stacklevel=4)  # where `watch` is called
            state = replace(state, notes=f"{ASSUMED[0].upper()}{ASSUMED[1:]}.")
        link = self._link = Link(state, weakref.WeakMethod(self.close))
        weakref.finalize(self, link.end, "").atexit = False
        return link

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.close(f"The training was ended by {kind.__name__}" if kind else "")

    def update(self, loss: Any = None, model: Any = None) -> None:
        """Say that the weights were updated, and what the script's own loss was, as a rule before that.

        `model` is given where the loop does not change the weights in place, but makes new ones.
        """
        if model is not None:
            self._model = model
        if hasattr(loss, "detach"):  # a tensor: its graph is not held, and a GPU not waited for
            loss = loss.item() if loss.is_cpu and not loss.ndim else loss.detach()
        self._losses.append(loss)
        if _clock() >= self._due:
            self._look()

    def close(self, ending: str = "") -> None:
        """Say that the training has ended, and where it was not meant to, by what."""
        if self._link and self._link.ending is None:
            self._look()
            if self._made and not self._moved:
                print(f"nnviz: {UNMOVED}", file=sys.stderr)
            self._link.end(ending)

    def _look(self) -> None:
        """Hand the weights and the losses on as they are now."""
        began, losses, made = _clock(), self._losses, self._made
        self._losses, self._made = [], made + len(losses)
        link = self._link or self._begin()  # of a model that has got its weights by its first update
        if link.ending is not None:
            return
        try:
            values = self._looked_at.values(self._model)
            self._moved = self._moved or not np.array_equal(values, self._looked_at.start)
            frame = Frame(self._made, _points(losses, made), values)
        except Exception as error:  # whatever it is, the training goes on
            link.end(f"Watching has ended, {UNREAD}: {error}")
            print(f"nnviz: watching has ended, {UNREAD}: {error}", file=sys.stderr)
            return
        link.put(frame)
        now = _clock()
        self._due = now + max(FRAME_S, FRAME_PER_LOOK * (now - began))


def _points(losses: list[Any], made: int) -> Array:
    """Return the losses that were told as points of a curve, shape (points, 2): iteration, loss."""
    iterations = np.arange(made + 1.0, made + 1.0 + len(losses))
    told = [loss for loss in losses if loss is not None]
    if len(told) < len(losses):
        iterations = iterations[[loss is not None for loss in losses]]
    return np.column_stack((iterations, np.asarray(_numbers(told), np.float64).reshape(len(told))))


def _numbers(losses: list[Any]) -> Any:
    if losses and all(hasattr(loss, "detach") for loss in losses):
        return frameworks.as_array(sys.modules["torch"].stack(losses))  # so that a GPU is waited for once
    return losses


def _name() -> str:
    """Return what the window calls the training: after the script, where there is one."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return f"Training of {file_named(Path(script))}" if script else "Training of a notebook"
