"""The history: shared, frozen, bounded, and never without its extremes."""

import numpy as np
import pytest

from nnviz.core.history import BUCKETS, History

LIMIT = 8 * BUCKETS


def curve(values, start=0):
    return np.column_stack((np.arange(start, start + len(values)), values))


def rows(array):
    return {tuple(row) for row in array.tolist()}


def rising(points):
    return bool((np.diff(points[:, 0]) > 0).all())


def falling(iterations, seed):
    """Return a loss that falls steeply at first, with noise, jumps and spikes, shape (points, 2)."""
    rng = np.random.default_rng(seed)
    share = iterations / iterations[-1]
    loss = 0.72 * np.exp(-share * 10 ** rng.uniform(0, 4))
    loss += 10 ** rng.uniform(-6, -1) * rng.random(len(share)) + rng.random() * (share > rng.random())
    loss[rng.integers(len(loss), size=5)] = 10 * rng.random(5)
    return np.column_stack((iterations, loss))


def gone_on(history, points, step):
    """Return every History on the way when `points` come `step` at a time."""
    way = []
    for start in range(0, len(points), step):
        history = history.extended(points[start : start + step])
        way.append(history)
    return way


def check_line(line, points, bucket=None):
    """Check that a line is nowhere further from the curve than the spread within 1/2048 of the run."""
    iterations, loss = points.T
    assert line[[0, -1]].tolist() == points[[0, -1]].tolist()
    assert rising(line)
    assert np.array_equal(points[np.searchsorted(iterations, line[:, 0])], line)
    number = iterations // (bucket or 2 ** int(np.log2(max(iterations[-1] / 2048, 1))))
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    spread = np.maximum.reduceat(loss, starts) - np.minimum.reduceat(loss, starts)
    away = np.abs(np.interp(iterations, *line.T) - loss)
    assert (away <= np.repeat(spread, np.diff(starts, append=len(loss))) + 1e-12).all()


EVERY_UPDATE, EPOCHS, CHANGED_BATCHES = range(3)


def iterations_of(kind, count):
    """Return the iterations at which a run measures `count` losses, and once more within an epoch."""
    steps = np.ones(count)
    steps[0] = 0
    if kind != EVERY_UPDATE:
        steps[1:] = 100
    if kind == CHANGED_BATCHES:
        steps[count // 3 :] = 7
    steps[-1:] = min(steps[-1], 3)
    return np.cumsum(steps)


def test_a_history_grows_without_changing_the_shorter_one():
    short = History().extended(curve([3.0, 2.0]))
    one, other = short.extended(curve([1.0], 2)), short.extended(curve([5.0], 2))
    assert short.points.tolist() == [[0, 3], [1, 2]]
    assert one.points.tolist() == [[0, 3], [1, 2], [2, 1]]
    assert other.points.tolist() == [[0, 3], [1, 2], [2, 5]]
    assert (len(short), len(one), one.last) == (2, 3, (2, 1.0))
    with pytest.raises(ValueError, match="read-only"):
        one.points[0, 0] = 5


def test_appended_points_are_all_there_however_they_come():
    rng = np.random.default_rng(0)
    for size in (1, 7, 60, 500):
        values, history, at = 10.0 ** rng.uniform(-300, 300, size), History(), 0
        while at < size:
            part = values[at : at + rng.integers(0, 60)]
            history = history.extended(curve(part, at))
            at += len(part)
        assert history.points.tolist() == history.line.tolist() == curve(values).tolist()
    history = gone_on(History(), curve(np.ones(400_000)), 100_000)[-1]
    assert np.array_equal(history.points[:, 0], np.arange(400_000))


def test_losses_that_are_constant_or_not_finite_have_a_line_with_extremes_and_ends():
    constant = History().extended(curve(np.full(30_000, 4.0))).line
    assert constant[[0, -1], 0].tolist() == [0, 29_999]
    assert rising(constant)
    values = np.full(5000, 5.0)
    values[[7, 4321]], values[::10], values[-1] = (1.0, 9.0), np.nan, np.inf
    history = History(256).extended(curve(values))
    for points in (history.points, history.line):
        assert {(7, 1)} <= rows(points)
        assert points[-1].tolist() == [4999, np.inf]


@pytest.mark.crossed(
    count=(2, 300, 20_000, 90_000), step=(1, 700, 40_000), kind=(EVERY_UPDATE, EPOCHS, CHANGED_BATCHES)
)
def test_the_line_of_any_run_is_within_the_spread_of_one_bucket(count, step, kind, amount):
    for seed in range(amount(quick=1, ci=2, night=100)):
        rng = np.random.default_rng([seed, count, step, kind])
        points = falling(iterations_of(kind, count), seed)
        way = gone_on(History(LIMIT), points, max(step, count // 50))
        history = way[-1]
        check_line(history.line, points)
        check_line(History().extended(points).line, points)
        check_line(History(LIMIT).extended(history.line).line, points)  # as it is saved and opened again
        assert len(history.line) <= 4 * BUCKETS
        assert len(history) <= LIMIT
        part = way[rng.integers(len(way))]
        check_line(part.line, points[points[:, 0] <= part.last[0]])  # a State from before buckets merged
        gone_back = points[: rng.integers(2, count + 1)]
        again = history.until(History().extended(gone_back[-1:]))
        check_line(again.line, gone_back)
        other = falling(np.arange(1, 2000) + gone_back[-1, 0], seed + 1)
        check_line(again.extended(other).line, np.concatenate((gone_back, other)))
        check_line(history.line, points)


def test_thinning_begins_at_the_limit_and_does_not_depend_on_how_points_come():
    values = np.random.default_rng(3).random(3 * LIMIT)
    at_once = History(LIMIT).extended(curve(values))
    assert np.array_equal(at_once.line, gone_on(History(LIMIT), curve(values), 30_001)[-1].line)
    before = History(LIMIT).extended(curve(values[:LIMIT]))
    after = before.extended(curve(np.array([7.0]), LIMIT))
    assert (len(before), before.is_thinned, after.last) == (LIMIT, False, (LIMIT, 7.0))
    assert np.array_equal(before.points[:, 1], values[:LIMIT])
    assert len(after) < LIMIT
    points = falling(np.arange(100_000.0), 2)  # without a limit at first
    history = History().extended(points[:99_000]).limited(LIMIT).extended(points[99_000:])
    assert len(history) <= LIMIT
    check_line(history.line, points)
    million = gone_on(History(LIMIT), falling(np.arange(1_200_000.0), 1), 10_000)[-1]
    assert np.diff(million.line[:, 0]).max() <= 1_200_000 / 2048


def test_an_earlier_history_is_cut_from_the_later_one():
    values, others = np.random.default_rng(5).random((2, 1000))
    parts = gone_on(History(), curve(values[:60]), 1)
    for part in parts[::7]:
        again = parts[-1].until(part.end())
        assert again.points.tolist() == part.points.tolist()
        assert next(again.stores) is next(parts[-1].stores)
    thinned = gone_on(History(100), curve(values), 1)
    for part in thinned[::7]:
        again = thinned[-1].until(part.end())
        assert again.last == part.last
        assert rising(again.points)
        assert rows(again.points) <= rows(curve(values))
    nothing = thinned[-1].until(History())  # forgets the buckets of the old run
    assert not nothing.is_thinned
    part = History(100).extended(curve(others[:60]))
    assert nothing.extended(curve(others)).until(part.end()).points.tolist() == part.points.tolist()


def test_a_smoothed_curve_has_the_mean_of_the_last_twentieth_of_the_iterations():
    rng = np.random.default_rng(0)
    points = np.column_stack((np.sort(rng.choice(1000, 300, replace=False)), rng.normal(size=300)))
    points[-1, 0] = 1000
    for found, (iteration, _) in zip(History().extended(points).smoothed().points, points, strict=True):
        last = [loss for at, loss in points if iteration - 50 < at <= iteration]
        np.testing.assert_allclose(found, (iteration, sum(last) / len(last)), rtol=1e-9, atol=1e-12)
    assert len(History().smoothed()) == 0
