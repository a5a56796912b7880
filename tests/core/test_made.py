"""Made rows are what their formulas say, by an independent definition, and their networks learn them."""

import numpy as np
import pytest

from nnviz.core.made.kinds import KINDS
from nnviz.core.network import Network
from nnviz.core.training import train

TWO_CLASSES = ["xor", "circles", "moons", "spiral"]


def rows_of(kind, rows=60, noise=0.0, seed=0):
    data = KINDS[kind].data(rows, noise, seed)
    return data.inputs, data.targets


def in_order(inputs, *others):
    """Return rows in the order of the first input."""
    order = np.argsort(inputs[:, 0])
    return [each[order] for each in (inputs, *others)]


@pytest.mark.parametrize(
    ("kind", "f"), [("line", lambda x: 2 * x - 1), ("curve", lambda x: np.sin(np.pi * x))]
)
def test_functions_are_sampled_at_equal_distances(kind, f):
    x, y = in_order(*rows_of(kind, 41))
    np.testing.assert_allclose(x[:, 0], np.arange(-20, 21) / 20, atol=1e-15)
    np.testing.assert_allclose(y, f(x), atol=1e-15)


def test_four_rows_of_exclusive_or_are_its_table():
    x, y = rows_of("xor", 4)
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.ravel().tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("kind", "make", "settings"),
    [("circles", "make_circles", {"factor": 0.5}), ("moons", "make_moons", {})],
)
def test_circles_and_moons_are_those_of_scikit_learn(kind, make, settings):
    theirs, classes = getattr(pytest.importorskip("sklearn.datasets"), make)(61, shuffle=False, **settings)
    x, y = rows_of(kind, 61)
    ours = np.column_stack([y, x])
    wanted = np.column_stack([classes, theirs])
    np.testing.assert_allclose(
        np.array(sorted(ours.round(9).tolist())), np.array(sorted(wanted.round(9).tolist())), atol=1e-12
    )


def test_circles_have_their_radii_and_moons_lie_on_their_half_circles():
    x, y = rows_of("circles")
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y[:, 0], 0.5, 1.0))
    x, y = rows_of("moons")
    centres = np.where(y, [1.0, 0.5], [0.0, 0.0])
    np.testing.assert_allclose(np.hypot(*(x - centres).T), 1.0)
    assert ((x - centres)[:, 1] * np.where(y[:, 0], -1, 1) >= -1e-12).all()


def test_the_arms_of_the_spiral_are_half_a_turn_apart_and_grow_by_the_angle():
    x, y = rows_of("spiral", 100)
    r = np.hypot(*x.T)
    turned = 2 * np.pi * 1.25 * (r - 0.1) / 0.9 + np.pi * y[:, 0]
    np.testing.assert_allclose(x, (r * [np.cos(turned), np.sin(turned)]).T, atol=1e-12)
    np.testing.assert_allclose(np.sort(r[y[:, 0] == 1]), np.linspace(0.1, 1, 50))


def test_blobs_stand_at_three_corners_one_target_each():
    x, y = rows_of("blobs", 3000, 0.2)
    assert (y.sum(axis=1) == 1).all()
    centres = y.T @ x / 1000
    half = np.sqrt(3) / 2
    np.testing.assert_allclose(centres, [[0, 1], [-half, -0.5], [half, -0.5]], atol=0.02)
    assert (x - y @ centres).std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_numbers_give_the_same_rows_and_another_seed_gives_others(kind):
    one, again, other = (KINDS[kind].data(50, 0.1, seed) for seed in (7, 7, 8))
    assert one == again
    assert not np.array_equal(one.inputs, other.inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_has_the_size_that_is_said(kind):
    """Of many rows, each compared with where it stands without noise."""
    plain, noisy = (KINDS[kind].data(4000, noise, 3) for noise in (0.0, 0.25))
    function = kind in ("line", "curve")
    moved = noisy.targets - plain.targets if function else noisy.inputs - plain.inputs
    kept = (noisy.inputs, plain.inputs) if function else (noisy.targets, plain.targets)
    assert np.array_equal(*kept)
    assert moved.std() == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_few_rows_are_made_too(kind, rows):
    assert len(KINDS[kind].data(rows, 0.1, 0)) == rows


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_fifth_of_the_rows_is_like_the_others(kind):
    data = KINDS[kind].data(200, 0.0, 0)
    held = slice(160, None)
    assert data.targets[held].mean(axis=0) == pytest.approx(data.targets.mean(axis=0), abs=0.3)
    assert data.inputs[held].mean(axis=0) == pytest.approx(data.inputs.mean(axis=0), abs=0.3)


@pytest.mark.parametrize(
    ("rows", "noise", "sentence"),
    [
        (0, 0.1, "expected a whole number from 1 on"),
        (500_001, 0.1, "expected at most 500,000 rows, found 500,001"),
        (10, -0.1, "expected a number from 0 to 100"),
        (10, float("nan"), "expected a number from 0 to 100"),
    ],
)
def test_what_cannot_be_is_refused(rows, noise, sentence):
    with pytest.raises(ValueError, match=sentence):
        KINDS["moons"].data(rows, noise, 0)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_its_network_fits_and_is_at_the_random_start_of_its_seed(kind):
    network = kind.network()
    assert kind.fits(network)
    assert not kind.fits(Network.from_weights({"output": [1, 2, 3]}))
    assert network == network.randomised(kind.suits.training.seed)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_its_network_learns_it_by_its_own_settings(kind, seed):
    state = kind.state(kind.rows, kind.noise, seed)
    result = train(state)
    assert not result.diverged
    prediction, targets = result.state.network.predict(state.data.inputs), state.data.targets
    if kind.name in ("line", "curve"):
        assert result.state.loss() < 2 * kind.noise**2
    elif kind.name in TWO_CLASSES:
        assert ((prediction > 0.5) == (targets > 0.5)).mean() >= 0.97
    else:
        assert (prediction.argmax(axis=1) == targets.argmax(axis=1)).mean() >= 0.97


@pytest.mark.parametrize("kind", TWO_CLASSES)
def test_classes_are_learned_by_cross_entropy_and_of_few_rows_none_is_kept(kind):
    many, few = (KINDS[kind].state(rows, 0.0, 0).training for rows in (200, 4))
    assert many.loss == few.loss == "cross_entropy"
    assert (many.validation, few.validation) == (0.0 if kind == "xor" else 0.2, 0.0)


def test_the_table_of_exclusive_or_is_learned_whole():
    state = train(KINDS["xor"].state(4, 0.0, 0)).state
    assert (np.round(state.network.predict(state.data.inputs)) == state.data.targets).all()


def test_the_line_is_found():
    network = train(KINDS["line"].state(20, 0.0, 0)).state.network
    assert network.layers[0].weights[0, 0] == pytest.approx(2, abs=0.01)
    assert network.layers[0].biases[0] == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_notes_speak_of_fewer_nodes_where_there_are_hidden_ones(kind):
    state = kind.state(10, 0.0, 0)
    assert ("fewer nodes" in state.notes) == (len(state.network.layers) > 1)
