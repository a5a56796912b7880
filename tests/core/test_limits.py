"""What is too much is refused wherever it is made, in one sentence."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import limits
from nnviz.core.limits import Limit
from nnviz.core.names import Names, quoted, shortened
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, WeightSet


def layer(count, width, prefix="n"):
    return Layer(tuple(f"{prefix}_{j}" for j in range(count)), "relu", np.zeros((count, width)))


def state(inputs=1, rows=1):
    network = Network(tuple(f"x_{i}" for i in range(inputs)), (layer(1, inputs),))
    return State(network, Dataset(np.zeros((rows, inputs))))


MANY = "expected at most 4,000,000 weights, biases, inputs and targets, those of weight sets among them"
TOO_MUCH = {
    "layers: expected at most 500 layers, found 501": lambda: Network(
        ("x",), tuple(layer(1, 1, f"n{k}") for k in range(501))
    ),
    "expected at most 10,000 nodes, inputs among them, found 10,002": lambda: state(10_001),
    "inputs: expected at most 500,000 rows, found 500,001": lambda: Dataset(np.zeros((500_001, 1))),
    f"inputs: {MANY}, found 10,000,000": lambda: Dataset(np.zeros((500_000, 20))),
    f"{MANY}, found 4,000,100": lambda: Dataset(np.zeros((100, 20_000)), np.zeros((100, 20_001))),
    f"weights: {MANY}, found 20,000,000": lambda: layer(4000, 5000),
    f"{MANY}, found 5,000,000": lambda: Network(
        tuple(f"x_{i}" for i in range(1000)), (layer(2500, 1000), layer(1000, 2500, "out"))
    ),
    "inputs: expected rows of numbers": lambda: Dataset(np.zeros(3)),
    "targets: expected rows of numbers": lambda: Dataset(np.zeros((1, 1)), np.zeros((1, 1, 1))),
    f"{MANY}, found 4,002,000": lambda: state(2000, 2000),
    "weight_sets: expected at most 100 weight sets, found 101": lambda: replace(
        state(), weight_sets=(WeightSet.of("w", state().network),) * 101
    ),
    "name: expected at most 200 letters, found 201": lambda: replace(state(), name="x" * 201),
    "notes: expected at most 100,000 letters, found 100,001": lambda: replace(state(), notes="x" * 100_001),
    "notes: half of a surrogate pair is not a character": lambda: replace(state(), notes="a\udfff"),
    "nodes[0]: expected at most 200 letters, found 201": lambda: Layer(("x" * 201,), "relu", [[1.0]]),
    "updates: expected a whole number up to 9223372036854775807": lambda: Training(updates=2**63),
    "batch_size: expected a whole number up to 9223372036854775807": lambda: Training(batch_size=10**300),
}


@pytest.mark.parametrize("sentence", TOO_MUCH)
def test_more_than_may_be_is_refused(sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TOO_MUCH[sentence]()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "a name needs at least one character"),
        (" \u3000", "a name needs at least one character"),
        ("a\x00b", "a name is one line, without control characters"),
        ("a\nb", "a name is one line, without control characters"),
        ("a\u2028b", "a name is one line, without control characters"),
        ("a\udfff", "half of a surrogate pair is not a character"),
        (7, "expected a text, found 7"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_its_place(name, sentence):
    with pytest.raises(ValueError, match=rf"^inputs\[1\]: {sentence}$"):
        Network(("a", name), (layer(1, 2),))
    with pytest.raises(ValueError, match=rf"^name: {sentence}$"):
        WeightSet(name, ())


def test_names_can_be_copied_with_what_bears_them():
    network = state(2).network
    assert copy.deepcopy(network) == network
    assert pickle.loads(pickle.dumps(network)) == network


def test_names_that_have_been_looked_at_are_not_looked_at_again():
    names = Names(("a", "b"), "nodes")
    assert Names(names, "nodes") is names
    assert names == ("a", "b")
    own = layer(2, 1)
    assert replace(own, weights=np.ones((2, 1))).nodes is own.nodes


def test_a_long_text_is_shortened_in_a_sentence():
    assert quoted("short") == "'short'"
    assert quoted("a\nb") == r"'a\nb'"
    assert shortened("0123456789", 7) == "0123…89"
    assert len(quoted("x" * 10**6)) == 62


def test_every_limit_is_one():
    assert all(isinstance(each, Limit) for name, each in vars(limits).items() if name.isupper())
