"""Names, addresses and numbers: how they are given, shortened, found, read and written."""

import copy
import math
import pickle
import re
import sys
from dataclasses import replace
from decimal import Decimal
from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.address import (
    Address,
    column_title,
    default_inputs,
    default_nodes,
    fresh_name,
    layers_by_name,
)
from nnviz.core.edits import add_biases
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import (
    MOST_COMPARED,
    Names,
    as_text,
    full,
    moved_by_steps,
    nudge_digit,
    parse_number,
    quoted,
    shorten_names,
    shortened,
)
from nnviz.core.parameters import Parameters, parameter_index
from nnviz.core.search import find
from nnviz.core.state import Dataset, State
from tests.core.oracle import make_network, make_state
from tests.core.refusals import refusals
from tests.core.test_explain import BANK

# --- names

IRIS = [f"{part} {size} (cm)" for part in ("sepal", "petal") for size in ("length", "width")]


def test_the_course_s_names_are_given():
    assert default_inputs(2) == ("input_0", "input_1")
    nodes = [default_nodes(*of) for of in ((0, 2, 2), (1, 2, 1), (1, 2, 2), (1, 3, 2))]
    two_each = ["node_0 node_1", "output", "output_0 output_1", "node_1_0 node_1_1"]
    assert [" ".join(own) for own in nodes] == two_each
    assert fresh_name("node", {"node_0", "node_1", "node_3"}) == "node_2"
    assert fresh_name("node", {"node_0", "node_3"}, 3) == "node_4"
    titles = [column_title(column, layers) for layers in (1, 2, 3) for column in range(layers + 1)]
    one, two = ["Inputs", "Hidden layer", "Prediction"], ["Hidden layer 1", "Hidden layer 2", "Prediction"]
    assert titles == ["Inputs", "Prediction", *one, "Inputs", *two]


def test_names_group_into_layers_in_number_order(approved):
    names = ["output", "node_1_0", "node_0_1", "node_0_0", "node_10_0", "node_2_0"]
    expected = [["node_0_0", "node_0_1"], ["node_1_0"], ["node_2_0"], ["node_10_0"], ["output"]]
    assert layers_by_name(names) == expected
    wrong = ["x output", "node_0", "node_0 node_00 output", "output output_0", "node_0 node_0_0 output"]
    cases = {text: partial(layers_by_name, text.split()) for text in wrong}
    approved("names that make no layers", refusals(cases))


def test_different_names_are_shortened_to_different_texts():
    for names in (
        IRIS,
        [name.replace(" ", "_") for name in IRIS],
        ["the sepal's length in cm", "the sepal's width in cm"],
        ["aaaaaaaaaaaaaaaaaaaa1aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa2aaaaaaaaaaaaaaaaaaaa"],
        [f"measurement_1_{k}" for k in range(120)],
        ["prediction", "target", *IRIS],
    ):
        for letters in range(8, 18):
            short = shorten_names(names, letters)
            assert len(set(short)) == len(names)
            assert all(len(text) <= letters for text in short)
            assert [s for s, n in zip(short, names, strict=True) if len(n) <= letters and s != n] == []
    assert shorten_names(IRIS, 14) == ["sepal length…", "sepal width…", "petal length…", "petal width…"]
    assert shorten_names(IRIS, 11)[:2] == ["sepal leng…", "sepal widt…"]
    assert [len({*shorten_names(IRIS, letters)}) for letters in (1, 3)] == [1, 2]  # too few to tell apart
    two = ["accounts of a customer", "children of a family"]
    many = [f"a name that is long, and has number {k} in it" for k in range(MOST_COMPARED + 1)]
    for names in (two[:1], two, many):  # those that differ anyway, or are too many, one by one
        assert shorten_names(names, 12) == [shortened(name, 12) for name in names]


@given(st.lists(st.text("ab _", min_size=1, max_size=12), max_size=8), st.integers(1, 13))
def test_shortened_names_fit_and_are_never_more_alike_than_usual(names, letters):
    usual = [shortened(name, letters) for name in names]
    short = shorten_names(names, letters)
    assert all(len(text) <= letters for text in short)
    assert len(set(short)) >= len(set(usual))


def test_names_are_copied_with_their_network_checked_once_and_quoted_in_one_line():
    network = BANK.network
    assert copy.deepcopy(network) == network
    assert pickle.loads(pickle.dumps(network)) == network
    names = Names(("a", "b"), "nodes")
    assert Names(names, "nodes") is names
    assert names == ("a", "b")
    own = network.layers[0]
    assert replace(own, weights=np.ones((2, 2))).nodes is own.nodes
    assert (quoted("short"), quoted("a\nb")) == ("'short'", r"'a\nb'")
    assert shortened("0123456789", 7) == "0123…89"
    assert len(quoted("x" * 10**6)) == 62


# --- addresses

WITH_BIASES = add_biases(BANK, 0).network


def test_a_number_has_a_name_a_value_and_a_place_in_the_flat_vector():
    addresses = ("node", -1, 1), ("node", 1, 0), ("weight", 0, 1, 0), ("weight", 1, 0, 1), ("bias", 0, 1)
    names = ["children", "output", "accounts → node_1", "node_1 → output", "bias of node_1"]
    assert [WITH_BIASES.name_of(Address(*own)) for own in addresses] == names
    flat, every = Parameters(WITH_BIASES, 0).values, WITH_BIASES.all_weights()
    assert every[2] == Address("bias", 0, 0)
    assert WITH_BIASES.value_of(Address("weight", 0, 1, 1)) == -5.0
    assert [parameter_index(WITH_BIASES, address) for address in every] == list(range(len(flat)))
    assert [WITH_BIASES.value_of(address) for address in every] == flat.tolist()
    assert all(WITH_BIASES.has(address) for address in (*every, Address("node", -1, 1)))
    gone = ("bias", 1, 0), ("weight", 0, 0, 2), ("weight", 0, 2, 0), ("node", 2, 0)
    assert not any(WITH_BIASES.has(Address(*own)) for own in gone)


# --- search

SEARCHED = State(
    Network(
        ("a", "b", "time to close"),
        (
            Layer(("node_0_1", "node_0_10"), "relu", [[1.0, -3.0, 0.5], [-1.0, -1.0, -1.0]], [0.5, -0.5]),
            Layer(("yes", "no"), "tanh", [[2.0, -0.25], [-4.0, 0.0]]),
        ),
    ),
    Dataset([[1, 0, 0], [4, 0, 2]], [[0, 0], [0, 0]]),
)
"""Two relu nodes and two tanh outputs."""
TYPED_WORDS = """
yes | node_0_1 | Node 0 1 | node | 0_10 | closing | b→node_0_1 | b -> node 0 1 | time to close
node_0_1 -> | -> node_0_1 | a -> yes | ->
"""


def test_typed_words_find_nodes_and_edges(approved):
    """Of edges the strongest comes first; no is tanh(−4·node_0_1)."""

    def found(text):
        matches = find(SEARCHED, text)
        return "; ".join(f"{match.title}, {as_text(match.value)}" for match in matches)

    texts = TYPED_WORDS.strip().replace("\n", " | ").split(" | ")
    approved("what is typed, and what it finds", "\n".join(f"{text} = {found(text)}" for text in texts))
    assert find(SEARCHED, "  ") == []


def test_an_edge_is_found_by_its_title_if_a_name_contains_an_arrow():
    state = make_state(Network.random(["a"], [(["h -> 1", "h2"], "relu"), (["o"], "identity")], 1), 1)
    for title in ("h -> 1 → o", "a → h -> 1", "h2 → o"):
        assert title in [match.title for match in find(state, title)]


def test_a_match_has_its_address_and_its_value_on_the_row():
    address, _, value, note = find(SEARCHED, "node_0_1", row=1)[0]
    assert (address, value, note) == (Address("node", 0, 0), 4 + 0.5 * 2 + 0.5, "relu")
    assert find(SEARCHED, "time", row=1)[0][0::2] == (Address("node", -1, 2), 2.0)
    assert find(SEARCHED, "b -> node_0_1") == [(Address("weight", 0, 0, 1), "b → node_0_1", -3.0, "")]
    bare = State(SEARCHED.network, Dataset.empty(SEARCHED.network))
    assert [match.value for match in find(bare, "node")] == [None, None]


def test_the_first_of_many_weights_agree_with_sorting_them_all():
    network = make_network((30, 40), ("identity",), (False,))
    state, weights = State(network, Dataset.empty(network)), network.layers[0].weights
    strongest = np.sort(np.abs(weights), axis=None)[:-21:-1]
    assert [abs(match.value) for match in find(state, "->")] == strongest.tolist()
    assert [len(find(SEARCHED, text, limit=3)) for text in ("o", "->")] == [3, 3]


# --- numbers

LARGEST = sys.float_info.max
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SHOWN = "0 -0.0 52 -13 999999 1e6 -1234567 123456789 1e9 1.72 49.890625 -0.00123456 9.8118e-3 1.719963214 "
SHOWN += "0.30000000000000004 0.3000000000001 0.000361890001 -0.9999612345 1234.456789 999999.5678 "
SHOWN += "9.6271134567e-05 1e-300 inf -inf nan"


def test_a_number_is_exact_with_up_to_eight_digits_else_it_has_four(approved):
    approved("numbers as they are shown", "\n".join(f"{n} is {as_text(float(n))}" for n in SHOWN.split()))


@given(FINITE | st.floats(-100, 100) | st.decimals(-100, 100, places=5).map(float))
def test_shown_is_exact_or_within_half_a_unit_of_its_fourth_digit(value):
    text = as_text(value).replace("−", "-")
    read, figures = Decimal(text), re.sub(r"e.*|[-.]", "", text).lstrip("0")
    assert len(figures) <= 8
    if abs(float(text) - value) > 1e-15 * abs(value):
        assert len(figures) == 4
        assert abs(read - Decimal(value)) <= Decimal(1).scaleb(read.as_tuple().exponent) / 2
    elif "." in text:
        assert not re.search(r"0(e|$)", text)
    few = float(f"{value:.7e}")
    if math.isfinite(few):
        assert float(as_text(few).replace("−", "-")) == few


@given(FINITE)
def test_full_reads_back_as_the_same_number(value):
    assert float(full(value)) == value
    assert parse_number(full(value)) == value
    assert parse_number(full(value).replace("-", "−")) == value
    assert [full(each) for each in (-39.0, 0.1, -0.0, -0.5)] == ["-39", "0.1", "0", "-0.5"]


TYPED = ["0.5", "0,5", " ,5 ", "5.", "+3", "-3", "−3", "1/2", "−1/4", "1,5 / 0,5", "1e-3", "1E2", "1000"]
TYPED += ["0.125", "0,125", "1.000", "2/3"]
NOT_TYPED = ["", "  ", "abc", "1_000", "٣", "1..2", "nan", "inf", "1/2/3", "1/", "1,000", "1,000,000"]
NOT_TYPED += ["1.000.000", "12,345.6", "1/0", "1e999", "1e9999/3"]


def test_typed_numbers_are_read_or_refused_with_the_reason(approved):
    approved("what is typed as a number", "\n".join(f"{text!r} is {parse_number(text)!r}" for text in TYPED))
    assert parse_number(" -0,5 ", quotients=False) == -0.5
    cases = {repr(text): partial(parse_number, text) for text in NOT_TYPED}
    cases["1/2 where no quotient is typed"] = partial(parse_number, "1/2", quotients=False)
    approved("refused as number", refusals(cases))


def test_a_nudge_counts_in_decimal_or_in_a_digit_and_ends_at_the_largest_number():
    cases = [(0.2, 1, "0.1"), (0.3, -3, "0.1"), (2.0, 1, "1"), (1.1, 1, "0.01"), (-0.1, 1, "0.1")]
    assert [moved_by_steps(*case) for case in cases] == [0.3, 0.0, 3.0, 1.11, 0.0]
    assert moved_by_steps(1 / 3, 1, "0.1") == float("0.4333333333333333")
    for tenths in (-1000, -7, 0, 3, 999):
        for steps in (-50, -1, 1, 33):
            assert moved_by_steps(moved_by_steps(tenths / 10, steps), -steps) == tenths / 10
    for value in (LARGEST, -LARGEST, 1e308, 5e-324, 0.0):
        assert all(abs(moved_by_steps(value, steps, "10")) <= LARGEST for steps in (1e308, 1.0, -1.0, -1e308))
    first = {(0.08, 3): 0.2, (0.02, -2): 0.009, (0.015, -1): 0.014, (0.015, 1): 0.025}
    second = {(0.01, -1): 0.0099, (0.0099, 1): 0.01, (0.01, 1): 0.011}
    for digit, cases in ((1, first), (2, second), (0, {(0.025, 2): 2.5, (3.0, -1): 0.3})):
        assert {of: nudge_digit(*of, digit) for of in cases} == cases
    assert nudge_digit(LARGEST, 1, 0) == LARGEST
    assert [nudge_digit(5e-324, -1, digit) for digit in (0, 1)] == [5e-324, 5e-324]
