"""A walk that is told without a person: every step in its order, in given times, the same each time."""

import pytest

from nnviz.document.walk.reel import FIRST_S, LAST_S, LONGEST_S, MOVE_S, READ_S, Reel
from nnviz.document.walk.walk import PHASES, Walk


def told(reel, moves=4, said=lambda: ""):
    """Return (position, t, seconds) of every moment."""
    return [(reel.progress.position, reel.t, seconds) for seconds in reel.play(moves, said)]


def test_every_step_moves_and_then_rests_and_the_end_shows_all():
    walk = Walk((2, 2, 1))
    reel = Reel(walk)
    moments = told(reel)
    assert len(moments) == len(walk) * 5 + 1
    assert moments[:5] == [
        (0, 0.0, FIRST_S),
        (0, 0.25, MOVE_S / 4),
        (0, 0.5, MOVE_S / 4),
        (0, 0.75, MOVE_S / 4),
        (1, 0.0, READ_S),
    ]
    assert [position for position, _, seconds in moments if seconds == READ_S] == [*range(1, len(walk) + 1)]
    assert moments[-1] == (0, 0.0, LAST_S)
    assert not reel.progress.active
    assert told(Reel(Walk((2, 2, 1)))) == moments


def test_more_words_rest_longer_but_not_for_ever():
    few, many, most = (told(Reel(Walk((1, 1))), said=lambda n=n: "x" * n)[4][2] for n in (10, 60, 6000))
    assert READ_S < few < many < most == LONGEST_S


def test_all_phases_come_in_their_order():
    reel, seen = Reel(Walk((2, 2, 1))), []
    for _ in reel.play(2, str):
        if reel.progress.active and reel.progress.phase not in seen:
            seen.append(reel.progress.phase)
    assert tuple(seen) == PHASES


@pytest.mark.parametrize("by_layer", [False, True])
def test_whole_layers_are_fewer_moments(by_layer):
    assert len(told(Reel(Walk((3, 3, 1)), by_layer=by_layer), moves=1)) == (25 if by_layer else 41)
