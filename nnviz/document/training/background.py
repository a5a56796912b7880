"""Goes on with a Trainer's work in a thread, for networks whose unit of work is longer than a frame.

BLAS frees Python's lock, so the window goes on meanwhile. Knows nothing of Qt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from nnviz.core.state import State
from nnviz.core.training.past import Replay
from nnviz.core.training.trainer import Trainer

PATIENCE_S = 0.04
"""How long stopping waits for the unit that is under way; after that it ends alone and is forgotten."""


class Background:
    """Works until iteration `last`; the thread alone touches the trainer, and makes it too, by `ready`.

    After it has handed a State out, it works `work_per_state` times as long as that took.

    =============== ==============================================================
    `asked`         the iteration up to which it may go by now
    `learning_rate` may be set; holds from the next update on
    `ended`         there is nothing more to do, or `error` says why it cannot go on
    =============== ==============================================================
    """

    def __init__(
        self,
        ready: Callable[[], tuple[Trainer | Replay, Iterator[None]]],
        learning_rate: float,
        asked: int,
        last: int,
        work_per_state: float,
    ) -> None:
        self.learning_rate = learning_rate
        self.asked = asked
        self.ended = False
        self.error: ValueError | None = None
        self._ready, self._last, self._work_per_state = ready, last, work_per_state
        self._latest: tuple[State, bool] | None = None
        self._wanted = self._stopped = False
        self._next_hand_out = 0.0
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nnviz training", daemon=True)
        self._thread.start()

    def end_soon(self) -> None:
        """Ask the thread to end after the unit that is under way, and to hand its State out."""
        self._stopped = True
        self._woken.set()

    def stop(self) -> None:
        """Ask the thread to end, and wait for it a little."""
        self.end_soon()
        self._thread.join(PATIENCE_S)

    def take(self) -> tuple[State, bool] | None:
        """Return the last State that was handed out and whether it has diverged; ask for the next one.

        The same State may come again.
        """
        self._wanted = True
        self._woken.set()
        return self._latest

    def _run(self) -> None:
        try:
            self._trainer, self._work = self._ready()
            self._handed_out = self._trainer.iteration
            while not self._stopped and self._one_unit():
                news = self._trainer.iteration > self._handed_out
                if self._wanted and news and time.perf_counter() >= self._next_hand_out:
                    self._hand_out()
            self._hand_out()
        except ValueError as error:
            self.error = error
        except MemoryError:
            self.error = ValueError("there is not enough memory to go on")
        finally:
            self.ended = True

    def _one_unit(self) -> bool:
        """Make one unit, or wait where the pace asks for none; tell whether to go on."""
        trainer = self._trainer
        if self.asked <= trainer.iteration < self._last:
            self._woken.wait(0.1)
            self._woken.clear()
            return True
        trainer.learning_rate = self.learning_rate
        return next(self._work, self) is not self and not trainer.diverged

    def _hand_out(self) -> None:
        began = time.perf_counter()
        self._wanted, self._handed_out = False, self._trainer.iteration
        state = self._trainer.state()
        self._latest = state, self._trainer.diverged
        now = time.perf_counter()
        self._next_hand_out = now + self._work_per_state * (now - began)
