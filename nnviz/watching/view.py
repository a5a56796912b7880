"""What a script tells of its training: `view.update(loss)` after each update, at next to no cost."""

from __future__ import annotations

import math
import sys
import time
import warnings
import weakref
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from nnviz import _show, _system
from nnviz.core.activations import Array
from nnviz.core.names import file_named
from nnviz.files import foreign
from nnviz.files.frames import Frame
from nnviz.watching.link import Link
from nnviz.watching.models import ASSUMED, UNMOVED, Model

FRAME_S = 1 / 30
FRAME_PER_LOOK = 50.0
"""A frame lasts at least so many times as long as looking at the model: a large one is no brake."""

UNREAD = "the model could not be read any more"

_clock = time.perf_counter


class View:
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
        _system.check_for_process()
        if foreign.has_weights(model):
            self._begin()

    def _begin(self) -> Link:
        """Open the window on the model as it is now."""
        x, y = self._rows
        self._looked_at = Model(self._model, self._activations, None if x is None else np.shape(x)[-1])
        state = replace(_show.state_of(self._looked_at.network, self._model, x, y), name=_name())
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
        return foreign.as_array(sys.modules["torch"].stack(losses))  # so that a GPU is waited for once
    return losses


def _name() -> str:
    """Return what the window calls the training: after the script, where there is one."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return f"Training of {file_named(Path(script))}" if script else "Training of a notebook"
