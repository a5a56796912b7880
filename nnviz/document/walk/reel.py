"""The walk told from its beginning to its end without a person: every step moves fast, then rests to be read.

Knows no clock: it goes on by a given time, so that it is the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnviz.document.walk.walk import Progress, Walk

MOVE_S = 1.0
"""How long a step moves; the last part of it only says the rest."""
FIRST_S, LAST_S = 1.0, 4.0
"""How long the beginning stands before anything moves, and all values after the update."""
READ_S, LETTER_S, LONGEST_S = 0.6, 0.015, 3.0
"""How long a step rests: so long, and for each letter that is said of it, up to so long."""


class Reel:
    """A walk that is played: `progress` and `t` are where it stands."""

    def __init__(self, walk: Walk, *, by_layer: bool = False) -> None:
        self.progress, self.t = Progress(walk), 0.0
        self.progress.by_layer = by_layer

    def play(self, moves: int, said: Callable[[], str]) -> Iterator[float]:
        """Yield at each moment, `moves` of them while a step moves, how many seconds that stands.

        `said` returns what is said of the step done last. At the last moment the walk is active no more.
        """
        progress, walk = self.progress, self.progress.walk
        progress.stand_at(0)
        while progress.position < len(walk):
            first = progress.position == 0
            progress.set_off()
            for move in range(moves):
                self.t = move / moves
                yield FIRST_S if first and not move else MOVE_S / moves
            self.t = 0.0
            progress.stand_at(progress.goal)
            yield min(READ_S + LETTER_S * len(said()), LONGEST_S)
        progress.end()
        yield LAST_S
