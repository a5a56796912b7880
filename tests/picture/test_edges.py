"""Edges as arrays: the nearest one, the strongest ones, colours and widths, and the haze."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.picture.edges import Gap, edge_colour, edge_width, haze, haze_pixels, strongest
from nnviz.picture.palette import PALETTES


def gap_of(sources, nodes, seed=0):
    rng = np.random.default_rng(seed)
    return Gap(0, 100.0, 350.0, np.sort(rng.uniform(0, 500, sources)), np.sort(rng.uniform(0, 500, nodes)))


def distances(gap, x, y):
    """Return the distance from a point to every edge, shape (nodes, sources), from the definition."""
    a = np.stack(np.broadcast_arrays(gap.x0, gap.y0[None, :]), axis=-1)
    b = np.stack(np.broadcast_arrays(gap.x1, gap.y1[:, None]), axis=-1)
    along = np.clip(((np.array([x, y]) - a) * (b - a)).sum(-1) / ((b - a) ** 2).sum(-1), 0, 1)
    return np.hypot(*np.moveaxis(a + along[..., None] * (b - a) - np.array([x, y]), -1, 0))


@settings(max_examples=200, deadline=None)
@given(
    sources=st.integers(1, 40),
    nodes=st.integers(1, 40),
    x=st.floats(100.0, 350.0),
    y=st.floats(-50.0, 550.0),
    seed=st.integers(0, 5),
)
def test_the_nearest_edge_is_the_one_that_a_look_at_every_edge_finds(sources, nodes, x, y, seed):
    gap = gap_of(sources, nodes, seed)
    node, source, distance = gap.nearest(x, y)
    every = distances(gap, x, y)
    assert distance == pytest.approx(every.min(), abs=1e-7)
    assert every[node, source] == pytest.approx(every.min(), abs=1e-7)


def test_no_edge_is_near_outside_the_gap():
    gap = gap_of(3, 2)
    assert gap.nearest(99.0, 200.0) is None
    assert gap.nearest(380.0, 200.0) is None


def test_segments_run_from_source_to_node():
    gap = Gap(0, 10.0, 20.0, np.array([1.0, 2.0]), np.array([5.0, 6.0, 7.0]))
    lines = gap.segments(np.array([2, 0]), np.array([0, 1]))
    assert lines.tolist() == [[10.0, 1.0, 20.0, 7.0], [10.0, 2.0, 20.0, 5.0]]


def test_the_strongest_edges_are_the_largest_without_sign_weakest_first():
    weights = np.array([[1.0, -9.0, 2.0], [0.5, 3.0, -4.0]])
    nodes, sources = strongest(weights, 3)
    assert weights[nodes, sources].tolist() == [3.0, -4.0, -9.0]


def test_the_strongest_of_few_edges_are_all_of_them():
    nodes, sources = strongest(np.ones((2, 2)), 1500)
    assert sorted(zip(nodes.tolist(), sources.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("k", [1, 300, 200_000])
def test_the_strongest_of_very_many_edges_are_found_wherever_they_are(k):
    weights = np.random.default_rng(3).normal(size=(500, 700))
    nodes, sources = strongest(weights, k)
    expected = np.argsort(np.abs(weights).ravel())[-k:]
    assert (nodes * 700 + sources).tolist() == expected.tolist()


def test_the_strongest_of_very_many_equal_edges_are_as_many_as_asked_for():
    nodes, _ = strongest(np.ones((500, 700)), 1500)
    assert len(nodes) == 1500


def test_the_strongest_are_found_where_a_sample_misleads():
    weights = np.ones((128, 256))
    weights.ravel()[::4] = 10.0
    weights[7, 5] = -2.0
    nodes, sources = strongest(weights, 9000)
    found = np.abs(weights[nodes, sources])
    assert len(set(zip(nodes.tolist(), sources.tolist(), strict=True))) == 9000
    assert np.count_nonzero(found == 10.0) == np.count_nonzero(weights == 10.0)
    assert np.count_nonzero(found == 2.0) == 1


@pytest.mark.parametrize("weights", [np.zeros((200, 100)), np.full((200, 100), 1e-310)], ids=["zero", "tiny"])
def test_the_strongest_of_equal_weights_are_as_many_as_asked_for(weights):
    assert len(strongest(weights, 500)[0]) == 500


def test_the_haze_enters_every_weight_once_in_every_column():
    gap = gap_of(100, 70)
    weights = np.random.default_rng(1).normal(size=(70, 100))
    assert haze(gap, weights).shape == (32, 32)
    assert haze(gap, weights).sum(axis=0) == pytest.approx(np.full(32, weights.sum()))


def test_the_haze_of_a_single_strong_edge_runs_along_it():
    gap = Gap(0, 0.0, 100.0, np.linspace(0, 99, 100), np.linspace(0, 99, 100))
    weights = np.zeros((100, 100))
    weights[99, 0] = 1.0
    rows = haze(gap, weights).argmax(axis=0)
    assert (np.diff(rows) >= 0).all()
    assert rows[0] < 3
    assert rows[-1] > 28


def test_haze_pixels_carry_the_sign_as_colour():
    gap = gap_of(10, 10)
    pixels = haze_pixels(gap, -np.ones((10, 10)), PALETTES["light"])
    seen = pixels[pixels[..., 3] > 0]
    assert {tuple(pixel) for pixel in seen[:, :3].tolist()} == {(0xF0, 0x8A, 0x1D)}


def test_edges_fade_from_their_sign_to_grey():
    light = PALETTES["light"]
    assert edge_colour(1.0, light) == light.positive.lower()
    assert edge_colour(-1.0, light) == light.negative.lower()
    assert edge_colour(0.0, light) == light.zero.lower()
    assert edge_colour(-0.25, light) == "#daa976"  # half-way, as √0.25 = ½


def test_edges_are_wide_by_their_weight():
    assert edge_width(0.0) == pytest.approx(1.2)
    assert edge_width(-1.0) == pytest.approx(6.0)
    assert edge_width(0.5) == pytest.approx(3.6)


def test_edges_of_a_crowded_layer_are_half_as_wide_but_never_thin():
    assert edge_width(1.0, crowded=True) == pytest.approx(3.0)
    assert edge_width(0.1, crowded=True) == pytest.approx(1.2)
