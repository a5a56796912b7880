"""The numbers on more than 30 edges: of the strongest weights, and of edges that a person points at."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.address import Address
from nnviz.picture.number_rooms import MOST_STRONGEST
from nnviz.picture.parts import View
from nnviz.picture.svg import sheet, svg
from tests.picture.diagrams import drawn, faults, on_edges, overlaps, shown, state

IRIS, SPIRAL = (4, 8, 3), (2, 8, 8, 1)
ROOMS = [View(606, 263), View(886, 412), View(1526, 690), View(2166, 1050)]


def weights_of(picture):
    return {label.address for label in picture.labels if label.address.kind == "weight"}


def strongest_of(picture, layer):
    """Return the addresses of the strongest weights of a layer, by the definition."""
    weights = picture.weights[layer]
    order = np.argsort(-np.abs(weights), axis=None, kind="stable")[:MOST_STRONGEST]
    return [Address("weight", layer, *map(int, divmod(k, weights.shape[1]))) for k in order]


def test_up_to_30_edges_every_weight_is_shown_and_above_only_the_strongest():
    for sizes in ((4, 5, 2), (5, 5, 1), (15, 1, 15)):
        own = state(sizes)
        assert sum(map(np.size, drawn(own).weights)) == 30
        assert drawn(own, strongest=True).labels == drawn(own).labels
    picture = drawn(state((2, 3, 5, 2)), strongest=True)  # 31 edges
    assert picture.layout.shows_strongest
    assert shown(picture, "weight") < shown(drawn(state((2, 3, 5, 2))), "weight")


@pytest.mark.parametrize("view", ROOMS, ids=str)
@pytest.mark.parametrize("sizes", [IRIS, (4, 8, 1), SPIRAL, (9, 50, 32, 1), (64, 32, 16, 10)], ids=str)
def test_the_shown_weights_are_among_the_strongest_of_their_layer(sizes, view):
    picture = drawn(state(sizes, spread=0), view, strongest=True)
    strongest = {at for layer in range(len(sizes) - 1) for at in strongest_of(picture, layer)}
    assert weights_of(picture) <= strongest
    for layer in range(len(sizes) - 1):
        if picture.weights[layer].size <= 600 and view.width > 800:
            assert picture.label(strongest_of(picture, layer)[0]), "the strongest weight of all"


@pytest.mark.parametrize("view", [*ROOMS, View(886, 420, 1.6, -100, -120)], ids=str)
@pytest.mark.parametrize("slopes", [False, True])
@pytest.mark.parametrize("spread", [0, 5])
def test_they_stand_clear_on_their_edges_with_space_around_them(view, slopes, spread):
    for sizes in (IRIS, SPIRAL, (2, 3, 5, 2), (20, 20, 1), (64, 32, 16, 10)):
        picture = drawn(state(sizes, spread=spread), view, with_slopes=slopes, strongest=True)
        assert faults(picture) == {}
        for one, two in itertools.combinations(on_edges(picture), 2):
            wider = one.rect.middle(one.rect.width, 1.9 * one.rect.height)
            assert not wider.meets(two.rect), (sizes, one.text, two.text)
        slopes_at = {label.address for label in picture.labels if label.address.kind == "slope"}
        assert {at._replace(kind="weight") for at in slopes_at} <= weights_of(picture)
        assert bool(slopes_at) is slopes or view.width < 800 or view.zoom > 1.0


def edges_at(picture, node):
    """Return the weights into and out of a node."""
    layers = enumerate(picture.weights)
    ends = ((layer, *map(int, at)) for layer, weights in layers for at in np.ndindex(weights.shape))
    edges = (Address("weight", *end) for end in ends)
    return {e for e in edges if (e.layer, e.node) == node[1:3] or (e.layer - 1, e.source) == node[1:3]}


@pytest.mark.parametrize("view", ROOMS, ids=str)
@pytest.mark.parametrize("sizes", [IRIS, SPIRAL, (2, 3, 5, 2)], ids=str)
def test_a_node_that_is_pointed_at_shows_the_weights_of_all_its_edges(sizes, view):
    picture = drawn(state(sizes, spread=0), view, strongest=True)
    for column in picture.layout.columns:
        for node in (Address("node", column.layer, k) for k in range(len(column.tops))):
            hidden, edges = picture.hidden_numbers(node), edges_at(picture, node)
            own = [label for label in picture.labels if label.address in edges]
            found = {label.address for label in (*own, *hidden)}
            assert found <= edges if view.width < 800 else found == edges
            assert faults(replace(picture, labels=(*own, *hidden))) == {}


def test_numbers_at_the_selection_are_in_the_picture_and_no_other_number_moves():
    before = drawn(state(SPIRAL, spread=0), strongest=True)
    for address in (Address("node", 1, 3), Address("weight", 1, 6, 2), Address("bias", 0, 2)):
        after = before.with_numbers(address)
        assert overlaps(after) == []
        if address.kind == "weight":
            assert after.label(address).value == before.weights[1][6, 2]
        else:
            assert edges_at(before, address) <= weights_of(after)
        kept = weights_of(before) & weights_of(after)
        assert len(kept) > 5
        assert all(before.label(at) == after.label(at) for at in kept)


def test_a_layer_has_no_numbers_of_its_own_and_small_networks_show_one_edge_only():
    picture = drawn(state(IRIS, spread=0), strongest=True)
    assert picture.hidden_numbers(Address("layer", 0)) == picture.hidden_numbers(None) == ()
    assert drawn(state(IRIS, spread=0)).hidden_numbers(Address("node", 0, 3)) == ()


def test_pictures_in_files_show_the_strongest_or_all():
    own = state(IRIS, spread=0)
    for all_weights in (False, True):
        picture = drawn(own, View(900, 464), strongest=not all_weights)
        text = svg(own, (900, 500), all_weights=all_weights)
        assert text.count('rx="') >= shown(picture, "weight")
        written = sheet(picture, 900, 500).picture
        assert written.layout.shows_strongest is not all_weights
        assert all(f">{label.text}<" in text for label in written.labels)
    assert svg(own, (900, 500)).count("<text") < svg(own, (900, 500), all_weights=True).count("<text")
    selected = drawn(own, strongest=True).with_numbers(Address("node", 0, 3))
    assert weights_of(sheet(selected, 900, 500).picture) == weights_of(
        drawn(own, View(900, 464), strongest=True)
    )
