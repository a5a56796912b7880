"""Everything on the diagram grows with its room, nodes, pills and texts alike."""

import itertools

import pytest

from nnviz import load
from nnviz.files.examples import example, examples
from nnviz.picture.parts import View
from tests.picture.diagrams import COURSE, drawn, overlaps, state

SMALL, MIDDLE, LARGE = View(886, 420), View(1522, 700), View(2160, 1060)
"""The diagram in windows of 1280 by 800, 1920 by 1080 and 2560 by 1440 pixels."""


def node_size(picture):
    column = picture.layout.columns[0]
    return min(column.width, column.height)


@pytest.mark.parametrize("name", [each.name for each in examples()])
def test_nodes_of_the_examples_are_half_as_large_again_on_a_larger_screen_and_twice_on_the_largest(name):
    opened = load(example(name).path)
    small, middle, large = (node_size(drawn(opened, view)) for view in (SMALL, MIDDLE, LARGE))
    assert middle >= 1.5 * small
    assert large >= 1.99 * small


@pytest.mark.parametrize("view", [View(606, 318), SMALL], ids=str)
def test_nothing_is_larger_than_it_need_be_in_a_small_room(view):
    assert drawn(COURSE, view).layout.scale == 1.0


def test_nothing_grows_beyond_twice_its_size_unless_it_may():
    assert drawn(COURSE, View(5000, 3000)).layout.scale == 2.0
    assert drawn(COURSE, View(5000, 3000, most_growth=4.0)).layout.scale == 4.0


@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
def test_every_text_grows_as_its_node_does(with_slopes):
    small, large = (drawn(COURSE, view, with_slopes=with_slopes) for view in (SMALL, LARGE))
    assert small.layout.scale == 1.0
    for label in small.labels:
        assert large.label(label.address).size >= 1.999 * label.size


def test_nodes_grow_with_every_pixel_of_height():
    sizes = [node_size(drawn(COURSE, View(1522, height))) for height in range(500, 700, 20)]
    assert all(one < two for one, two in itertools.pairwise(sizes))


@pytest.mark.parametrize("sizes", [(2, 2, 1), (2, 3, 1), (3, 2, 2, 2)], ids=str)
@pytest.mark.parametrize("room", [(1280, 800), (1366, 768), (1920, 1080), (2560, 1440)], ids=str)
def test_figures_can_be_read_from_the_back_row(sizes, room):
    picture = drawn(state(sizes), View(*room, most_growth=4.0))
    values = [label for label in picture.labels if label.style in {"value", "dead"}]
    assert values
    assert all(label.size >= room[1] / 30 for label in values)
    assert overlaps(picture) == []


@pytest.mark.parametrize("view", [View(640, 240), View(640, 380), View(960, 365)])
def test_without_controls_under_the_headings_the_nodes_have_their_room(view):
    with_controls, bare = (drawn(state((3, 4, 2, 1)), own) for own in (view, view._replace(bare=True)))
    heights = [own.layout.columns[1].height for own in (with_controls, bare)]
    assert heights[0] < heights[1]
    assert not overlaps(bare)
    assert [own.size for own in bare.headings] == [own.size for own in with_controls.headings]
    assert all(0.0 <= own.rect.y < own.rect.bottom <= bare.layout.body.y for own in bare.headings)


def test_nodes_share_the_height_where_they_are_many():
    few, many = (drawn(state((2, count, 1)), LARGE).layout.columns[1].height for count in (3, 30))
    assert many < few / 4


def test_a_zoomed_picture_keeps_its_growth():
    view = View(5000, 3000, most_growth=3.0)
    for other in (view.zoomed(10, 10, 2.0), view.moved(5, 5), view.resized(4000, 2500), view.fitted):
        assert other.most_growth == 3.0
