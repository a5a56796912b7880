"""Histograms: their counts are NumPy's for the edges that are shown, also block by block and side by side."""

import numpy as np
import pytest

from nnviz.core.histogram import BINS, aligned, histogram, joined

RNG = np.random.default_rng(0)
SAMPLES = {
    "normal": RNG.normal(size=5000),
    "in a matrix": RNG.uniform(-3, 7, (40, 50)),
    "tiny": 1e-300 * RNG.normal(size=100),
    "far from 0": 1000 + RNG.normal(size=100),
    "on edges": np.arange(-16, 17) / 8,
    "huge": np.array([-1e308, 1e308, 0.0]),
    "equal": np.full(7, 0.3),
    "zeros": np.zeros(5),
}


def assert_counts(one, values):
    """Assert that a histogram counts as NumPy does with the same edges, where the last bin has two edges."""
    assert np.array_equal(one.counts, np.histogram(values, one.edges)[0])
    assert one.counts.sum() == values.size
    assert one.edges[0] <= values.min()
    assert values.max() < one.edges[-1]


@pytest.mark.parametrize("name", SAMPLES)
def test_counts_are_those_of_numpy_in_few_bins_of_a_power_of_2(name):
    one = histogram(SAMPLES[name])
    assert_counts(one, SAMPLES[name])
    assert len(one.counts) <= BINS
    width = one.edges[1] - one.edges[0]
    assert np.log2(width) == one.exponent
    assert np.all(np.diff(one.edges) == width)
    if name not in ("equal", "zeros", "far from 0"):
        assert len(one.counts) > BINS / 2 - 1


def test_blocks_are_counted_as_all_numbers_together_and_aligned_bin_by_bin():
    parts = [SAMPLES["tiny"], SAMPLES["normal"], 100 * SAMPLES["normal"], SAMPLES["zeros"]]
    every, together = np.concatenate(parts), joined([histogram(part) for part in parts])
    assert_counts(together, every)
    assert together.edges.tolist() == histogram(every).edges.tolist()
    for one, part in zip(aligned([histogram(part) for part in parts]), parts, strict=True):
        assert one.edges.tolist() == together.edges.tolist()
        assert_counts(one, part)


def test_infinite_numbers_and_nan_are_counted_apart():
    values = np.array([1.0, np.inf, np.nan, 2.0, -np.inf])
    assert (histogram(values).left_out, histogram(values).counts.sum()) == (3, 2)
    both = joined([histogram(values), histogram(np.array([np.nan]))])
    assert (both.left_out, both.counts.sum()) == (4, 2)
