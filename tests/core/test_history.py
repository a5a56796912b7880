"""The history: shared, frozen, bounded, and never without its extremes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.history import History, thinned

LIMIT = 2**17


def curve(values, start=0):
    return np.column_stack((np.arange(start, start + len(values)), values))


def rows(array):
    return {tuple(row) for row in array.tolist()}


def rising(points):
    return bool((np.diff(points[:, 0]) > 0).all())


def test_a_history_grows_without_changing_the_shorter_one():
    short = History().extended(curve([3.0, 2.0]))
    long = short.extended(curve([1.0], start=2))
    assert short.points.tolist() == [[0, 3], [1, 2]]
    assert long.points.tolist() == [[0, 3], [1, 2], [2, 1]]
    assert (len(short), len(long), long.last) == (2, 3, (2, 1.0))


def test_two_that_go_on_from_one_do_not_meet():
    base = History().extended(curve([3.0]))
    one, other = base.extended(curve([1.0], 1)), base.extended(curve([2.0], 1))
    assert one.points.tolist() == [[0, 3], [1, 1]]
    assert other.points.tolist() == [[0, 3], [1, 2]]


def test_points_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        History().extended(curve([1.0])).points[0, 0] = 5


@given(st.lists(st.lists(st.floats(0, 1e300), max_size=60), max_size=20))
def test_what_is_appended_is_what_is_there(parts):
    history, values = History(), []
    for part in parts:
        history = history.extended(curve(part, len(values)))
        values += part
    assert history.points.tolist() == curve(values).tolist()
    assert history.envelope.tolist() == curve(values).tolist() or len(values) > 5


def test_what_is_no_number_hides_no_extreme():
    values = np.full(5000, 5.0)
    values[[7, 4321]], values[::10], values[-1] = (1.0, 9.0), np.nan, np.inf
    history = History(256).extended(curve(values))
    for points in (history.points, history.envelope):
        assert {(7, 1)} <= rows(points)
        assert points[-1].tolist() == [4999, np.inf]


@settings(max_examples=40)
@given(st.integers(1, 40_000), st.lists(st.integers(1, 3000), min_size=1, max_size=8), st.integers(0, 99))
def test_the_envelope_of_a_growing_history_keeps_its_extremes(first, more, seed):
    rng = np.random.default_rng(seed)
    history, length = History(), 0
    for count in (first, *more):
        history = history.extended(curve(rng.normal(size=count), length))
        length += count
        told, points = history.envelope, history.points
        assert len(told) <= 2052
        assert rising(told)
        assert (points[told[:, 0].astype(int)] == told).all()
        assert told[0].tolist() == points[0].tolist()
        assert told[-1].tolist() == points[-1].tolist()
        assert told[:, 1].min() == points[:, 1].min()
        assert told[:, 1].max() == points[:, 1].max()


def test_every_stretch_of_the_envelope_shows_its_own_spike():
    values = np.full(100_000, 1.0)
    spikes = np.arange(500, 100_000, 1000)
    values[spikes] = 2.0 + np.arange(len(spikes))
    told = History().extended(curve(values)).envelope
    assert {(k, values[k]) for k in spikes} <= rows(told)


def test_a_shorter_history_has_an_envelope_of_its_own():
    short = History().extended(curve(np.linspace(5, 1, 5000)))
    long = short.extended(curve(np.linspace(9, 8, 5000), 5000))
    assert long.envelope[:, 1].max() == 9
    assert short.envelope[:, 1].max() == 5
    assert short.envelope[-1].tolist() == [4999, 1]
    assert long.envelope[-1].tolist() == [9999, 8]


def test_a_constant_curve_keeps_its_ends():
    told = History().extended(curve(np.full(30_000, 4.0))).envelope
    assert told[[0, -1], 0].tolist() == [0, 29_999]
    assert rising(told)


def long_run(total, step):
    """A falling, noisy curve with one spike up and one down, taken in `step` points at a time."""
    rng = np.random.default_rng(1)
    history, kept = History(LIMIT), []
    for start in range(0, total, step):
        k = np.arange(start, min(start + step, total))
        values = 1 / (1 + 1e-5 * k) + 0.01 * rng.random(len(k)) + 1
        values[k == 1_234_567] = 9.0
        values[k == 2_345_678] = 0.5
        history = history.extended(np.column_stack((k, values)))
        kept.append(len(history.envelope))
        assert len(history) <= LIMIT
        assert history.last[0] == k[-1]
    return history, max(kept)


def test_ten_million_points_are_bounded_and_keep_their_extremes():
    history, widest = long_run(10_000_000, 100_000)
    points, told = history.points, history.envelope
    assert LIMIT // 8 <= len(points) <= LIMIT
    assert history.is_thinned
    assert widest <= 2052
    for curve_ in (points, told):
        assert rising(curve_)
        assert curve_[0, 0] == 0
        assert curve_[-1, 0] == 9_999_999
        assert {(1_234_567.0, 9.0), (2_345_678.0, 0.5)} <= rows(curve_)


def test_thinning_does_not_depend_on_how_the_points_came():
    values = np.random.default_rng(3).random(3 * LIMIT)
    at_once = History(LIMIT).extended(curve(values))
    split = History(LIMIT)
    for start in range(0, len(values), 30_001):
        split = split.extended(curve(values[start : start + 30_001], start))
    assert np.array_equal(at_once.points, split.points)


def test_a_history_from_before_the_thinning_stays_whole():
    values = np.random.default_rng(3).random(LIMIT)
    before = History(LIMIT).extended(curve(values))
    after = before.extended(curve(np.array([7.0]), LIMIT))
    assert len(before) == LIMIT
    assert not before.is_thinned
    assert np.array_equal(before.points[:, 1], values)
    assert len(after) < LIMIT
    assert after.last == (LIMIT, 7.0)


def test_without_a_limit_every_point_stays():
    history = History()
    for start in range(0, 2_000_000, 500_000):
        history = history.extended(curve(np.ones(500_000), start))
    assert np.array_equal(history.points[:, 0], np.arange(2_000_000))


@given(st.integers(1, 60), st.data())
def test_what_a_history_was_earlier_shares_its_points(length, data):
    values = np.random.default_rng(length).random(length)
    whole, parts = History(), [History()]
    for k, value in enumerate(values):
        whole = whole.extended(curve([value], k))
        parts.append(whole)
    part = data.draw(st.sampled_from(parts))
    again = whole.until(part.end())
    assert again.points.tolist() == part.points.tolist()
    assert again.store is whole.store


def test_what_a_thinned_history_was_earlier_ends_where_it_ended():
    values = np.random.default_rng(5).random(1000)
    whole, parts = History(100), []
    for k, value in enumerate(values):
        whole = whole.extended(curve([value], k))
        parts.append(whole)
    for part in parts:
        again = whole.until(part.end())
        assert again.last == part.last
        assert rising(again.points)
        assert rows(again.points[:-1]) <= rows(whole.points)


@pytest.mark.parametrize("count", [1, 2, 3, 100, 101, 5000])
def test_a_thinned_curve_keeps_its_extremes_and_ends(count):
    points = curve(np.random.default_rng(count).random(count))
    thin = thinned(points, 8)
    assert len(thin) <= count / 4 + 10
    assert rising(thin)
    wanted = points[[0, -1, points[:, 1].argmin(), points[:, 1].argmax()]]
    assert rows(wanted) <= rows(thin) <= rows(points)
