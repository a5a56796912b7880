"""Histograms whose bins have a power of 2 as width, so that every edge is an exact number.

A bin of one histogram is a union of bins of a finer one. So numbers are counted block by block, and several
histograms are compared bin by bin, without counting again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array

BINS, FINEST = 24, 10
"""BINS: largest number of bins. FINEST: a bin has at least 1 / 2**FINEST of the largest |number| as width."""


class Histogram(NamedTuple):
    """Counts of numbers: bin i holds the numbers x with edges[i] ≤ x < edges[i + 1].

    ========== =================================================================
    `exponent` the width of every bin is 2 ** exponent
    `first`    the first edge, in widths of a bin
    `counts`   how many numbers each bin holds, shape (bins,)
    `left_out` how many numbers are in no bin, since they are infinite or NaN
    ========== =================================================================
    """

    exponent: int
    first: int
    counts: NDArray[np.intp]
    left_out: int

    @property
    def edges(self) -> Array:
        """The edges of the bins, shape (bins + 1,)."""
        edges: Array = np.ldexp(self.first + np.arange(len(self.counts) + 1.0), self.exponent)
        return edges

    def in_widths(self, exponent: int) -> NDArray[np.int64]:
        """Return the left edge of each bin in widths of a bin of a coarser histogram, rounded down."""
        return self.first + np.arange(len(self.counts)) >> min(exponent - self.exponent, 62)


def histogram(values: Array) -> Histogram:
    """Return the histogram of an array of any shape, with at most BINS bins, as narrow as possible."""
    finite = values[np.isfinite(values)]
    exponent = math.frexp(np.abs(finite).max(initial=0.0))[1] - FINEST
    bins = np.floor(np.ldexp(finite, -exponent)).astype(np.int64)
    return _fitted(exponent, bins, np.ones(len(bins)), values.size - len(finite))


def _fitted(exponent: int, bins: NDArray[np.int64], counts: Array, left_out: int) -> Histogram:
    """Return a histogram with at most BINS bins, from counts of numbers in narrower bins."""
    first, last = (int(bins.min()), int(bins.max())) if len(bins) else (0, 0)
    while last - first >= BINS:
        exponent, bins, first, last = exponent + 1, bins >> 1, first >> 1, last >> 1
    fitted = np.bincount(bins - first, counts, last - first + 1).astype(np.intp)
    return Histogram(exponent, first, fitted, left_out)


def joined(parts: Sequence[Histogram]) -> Histogram:
    """Return the histogram of the numbers of several histograms together, at least one."""
    exponent = max(part.exponent for part in parts)
    bins = np.concatenate([part.in_widths(exponent) for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    return _fitted(exponent, bins, counts, sum(part.left_out for part in parts))


def aligned(parts: Sequence[Histogram]) -> list[Histogram]:
    """Return the histograms with the bins of all their numbers together."""
    exponent, first, counts, _ = joined(parts)
    bins = (part.in_widths(exponent) - first for part in parts)
    own = (np.bincount(k, part.counts, len(counts)) for k, part in zip(bins, parts, strict=True))
    pairs = zip(own, parts, strict=True)
    return [Histogram(exponent, first, each.astype(np.intp), part.left_out) for each, part in pairs]
