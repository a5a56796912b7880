"""Over-fitting is named where validation has risen for good while the loss falls; rows split and shuffled."""

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.history import History
from nnviz.core.network import Network
from nnviz.core.overfitting import risen_since
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State


def curve(losses, every=1):
    points = np.column_stack((np.arange(len(losses)) * every, losses))
    return History().extended(points)


FALLS = curve(np.linspace(9, 1, 41))


def test_a_curve_that_has_risen_since_its_least_is_over_fitting_since_then():
    assert risen_since(FALLS, curve([*np.linspace(9, 5, 21), *np.linspace(5.1, 6, 20)])) == 20


@pytest.mark.parametrize(
    "validation",
    [
        np.linspace(9, 5, 41),  # it falls
        [*np.linspace(9, 5, 21), *np.linspace(5.001, 5.04, 20)],  # by less than 1 %
        [*np.linspace(9, 5, 36), 6, 6, 6, 6, 6],  # too few points to say
        [*np.linspace(9, 5, 21), *[6] * 10, *[5.02] * 10],  # it came down again
        [9, 3, *[5, 3.01] * 19, 5],  # it wobbles about what it was
        np.linspace(5, 9, 41),  # it has never fallen
        [9, *[0] * 11, *[1e-9] * 29],  # rounding noise
        [np.nan] * 41,
        [-4, *[-5] * 40],  # below 0, too
    ],
)
def test_one_that_has_not_is_none(validation):
    assert risen_since(FALLS, curve(validation)) is None


def test_where_the_loss_does_not_fall_either_it_is_no_over_fitting():
    rises = curve([*np.linspace(9, 5, 21), *np.linspace(5.1, 6, 20)])
    assert risen_since(rises, rises) is None


def test_without_validation_there_is_none():
    assert risen_since(FALLS, None) is None
    assert risen_since(FALLS, History()) is None


def test_of_epochs_the_iteration_is_told():
    trained = curve(np.linspace(9, 1, 41), every=15)
    assert risen_since(trained, curve([5, 4, *np.linspace(4.1, 8, 39)], every=15)) == 15


def some(rows, seed=0):
    network = Network.from_weights({"output": [1.0]})
    numbers = np.arange(rows, dtype=float).reshape(-1, 1)
    return State(network, Dataset(numbers, 10 * numbers), Training(seed=seed))


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 10, 49, 150, 1000])
def test_every_split_is_had_and_by_few_digits(rows):
    for row in range(1, rows + 1):
        split = edits.validate_from(some(rows), row)
        assert split.trained_rows == row
        assert len(repr(split.training.validation)) <= 2 + len(str(rows)) + 1


@pytest.mark.parametrize(
    ("rows", "row", "share"), [(150, 105, 0.3), (150, 120, 0.2), (10, 9, 0.1), (4, 3, 0.2), (4, 4, 0.0)]
)
def test_the_share_is_the_one_that_a_person_would_type(rows, row, share):
    assert edits.validate_from(some(rows), row).training.validation == share


def test_a_large_table_is_split_to_the_row():
    assert int(500_000 * (1 - edits.validation_from(333_333, 500_000))) == 333_333


def test_shuffled_rows_are_in_the_order_of_the_seed_with_their_targets():
    shuffled = edits.shuffle_rows(some(50, seed=7))
    order = np.random.default_rng([7, 2]).permutation(50)
    assert shuffled.data.inputs[:, 0].tolist() == order.tolist()
    assert shuffled.data.targets[:, 0].tolist() == (10 * order).tolist()


def test_rows_without_targets_are_shuffled_too():
    bare = edits.set_rows(some(5), some(5).data.inputs, None)
    assert sorted(edits.shuffle_rows(bare).data.inputs[:, 0]) == [0, 1, 2, 3, 4]
