"""Columns of raw tables: how cells become inputs, and that every edit keeps them right."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits, structure
from nnviz.core.columns import Column, Columns
from nnviz.core.network import Layer, Network
from nnviz.core.standardise import Scales, constant, standardise, told, worth_standardising
from nnviz.core.state import Dataset, State

COLOUR = Column("colour", ("colour=red", "colour=blue"), ("red", "blue"))
AGE = Column("age", ("age",), mean=40.0, deviation=10.0)
KIND = Column("kind", ("cat", "dog"), ("cat", "dog"))


@pytest.fixture
def state():
    network = Network(
        ["age", "colour=red", "size", "colour=blue"],
        [
            Layer(["node_0", "node_1"], "tanh", np.arange(8.0).reshape(2, 4) / 10),
            Layer(["cat", "dog"], "identity", np.eye(2)),
        ],
    )
    data = Dataset([[1, 0, 3, 1], [-1, 1, 5, 0]], [[1, 0], [0, 1]])
    return State(network, data, columns=Columns((AGE, COLOUR, KIND)))


def test_raw_rows_are_predicted_as_the_inputs_that_they_become(state):
    raw = [[50, "blue", 3], ["30", "red", "5,0"]]
    assert [column.name for column in state.columns.of_inputs] == ["age", "colour", "size"]
    assert state.predict(raw).tolist() == state.network.predict(state.data.inputs).tolist()
    assert [column.decoded(state.data.inputs[:, [0]]) for column in (AGE,)] == [[50, 30]]
    assert COLOUR.decoded(state.data.inputs[:, [1, 3]]) == ["blue", "red"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[1, "green", 3]], "row 1, column colour: 'green' is not known; known are 'red', 'blue'"),
        ([[1, "red", 3], [1, "", 3]], "row 2, column colour: the cell is empty"),
        ([[1, "red", "x"]], "row 1, column size: 'x' is not a number"),
        ([["3/14", "red", 1]], "row 1, column age: '3/14' is not a number"),
        ([["", "red", 1]], "row 1, column age: the cell is empty"),
        ([[None, "red", 1]], "row 1, column age: the cell is empty"),
        ([[float("nan"), "red", 1]], "row 1, column age: nan is not a finite number"),
        ([[1, "red"]], r"row 1: expected 3 cells \(age, colour, size\), found 2"),
        ([1, "red", 3], r"row 1: expected 3 cells \(age, colour, size\), found 1, which is no row"),
    ],
)
def test_a_raw_row_that_does_not_fit_is_refused_with_row_and_column(state, rows, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        state.predict(rows)


def test_whole_numbers_are_texts_as_they_are_written():
    classes = Column("k", ("one", "two"), ("1", "2"))
    assert classes.encoded([1, "2", 2.0, "1.0"]).tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("column", "place"),
    [
        (lambda: Column("", ("a",)), "name"),
        (lambda: Column("a", ()), "nodes"),
        (lambda: Column("a", ("a", "b")), "nodes"),
        (lambda: Column("a", ("a", "b"), ("x",)), "values"),
        (lambda: Column("a", ("a", "b"), ("x", "x")), "values"),
        (lambda: Column("a", ("a",), ("x",), 1.0), "mean"),
        (lambda: Column("a", ("a",), (), 0.0, 0.0), "deviation"),
        (lambda: Column("a", ("a",), (), 0.0, float("inf")), "deviation"),
        (lambda: Column("a", ("a",), (), float("nan")), "mean"),
    ],
)
def test_what_is_no_column_is_refused(column, place):
    with pytest.raises(ValueError, match=f"^{place}: "):
        column()


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ([Column("a", ("gone",))], r"columns\[0\].nodes: no input and no output is called 'gone'"),
        ([AGE, Column("b", ("age",))], r"columns\[1\].nodes: 'age' is in two columns"),
        ([Column("a", ("age", "cat"), ("x", "y"))], r"columns\[0\].nodes: expected inputs or outputs, found"),
        ([Column("cat", ("cat",), (), 1.0)], r"columns\[0\].mean: targets are taken as they are"),
        ([AGE, Column("age", ("size",))], r"columns\[1\].name: two columns are called 'age'"),
        ([Column("a", ("node_0",))], r"columns\[0\].nodes: no input and no output is called 'node_0'"),
    ],
)
def test_columns_that_do_not_fit_a_network_are_refused(state, columns, place):
    with pytest.raises(ValueError, match=f"^{place}"):
        State(state.network, state.data, columns=Columns(columns))


def test_edits_of_the_network_keep_the_columns_right(state):
    renamed = edits.rename(edits.rename(state, 0, 0, "years"), 0, 1, "is red")
    assert renamed.columns[0] == Column("years", ("years",), (), 40.0, 10.0)
    assert renamed.columns[1].nodes == ("is red", "colour=blue")
    assert renamed.columns[1].name == "colour"
    assert renamed.predict([[50, "blue", 3]]).tolist() == state.predict([[50, "blue", 3]]).tolist()
    both = edits.rename_columns(state, {0: "years", 4: "tom"})
    assert [column.nodes for column in both.columns] == [("years",), COLOUR.nodes, ("tom", "dog")]
    less = structure.remove_node(state, 0, 1)
    assert less.columns[1] == Column("colour", ("colour=blue",), ("blue",))
    assert structure.remove_node(less, 0, 2).columns == (AGE, KIND)
    assert structure.remove_node(state, 2, 0).columns[2] == Column("kind", ("dog",), ("dog",))
    more = structure.add_node(state, 0, 0)
    assert [column.name for column in more.columns.of_inputs][:2] == ["age", more.network.inputs[1]]
    for edited in (structure.add_layer(state, 0), structure.add_biases(state, 0), edits.randomise(state, 3)):
        assert edited.columns == state.columns


def test_a_column_keeps_its_name_where_another_has_the_new_one(state):
    assert edits.rename(state, 0, 0, "colour").columns[0].name == "age"


def made(rows):
    network = Network(["age", "fare", "same", "sex=f"], [Layer(["output"], "identity", np.ones((1, 4)), [0])])
    columns = Columns([Column("sex", ("sex=f",), ("f",))])
    return State(network, Dataset(rows, np.zeros((len(rows), 1))), columns=columns)


def test_standardising_gives_mean_0_and_deviation_1_and_is_kept_for_raw_rows():
    rng = np.random.default_rng(1)
    raw = np.column_stack([rng.integers(1, 80, 50), rng.normal(3e4, 1e3, 50), np.full(50, 7.0), np.ones(50)])
    state = made(raw)
    new = standardise(state, range(4))
    inputs = new.data.inputs
    np.testing.assert_allclose(inputs[:, :2].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(inputs[:, :2].std(axis=0), 1, atol=1e-12)
    assert inputs[:, 2:].tolist() == raw[:, 2:].tolist()
    assert constant(state) == ["same", "sex=f"]
    by_name = {column.name: column for column in new.columns}
    assert (by_name["age"].mean, by_name["age"].deviation) == (raw[:, 0].mean(), raw[:, 0].std())
    assert "same" not in by_name
    rows = [[*row[:3], "f"] for row in raw.tolist()]
    assert new.predict(rows).tolist() == new.network.predict(inputs).tolist()
    assert [by_name[name].decoded(inputs[:, [i]]) for i, name in enumerate(("age", "fare"))] == [
        raw[:, 0].tolist(),
        raw[:, 1].tolist(),
    ]


def test_standardising_twice_still_takes_raw_rows():
    raw = np.column_stack([np.arange(9.0), np.arange(9.0) ** 3, np.ones(9), np.ones(9)])
    once = standardise(made(raw), [0, 1])
    assert standardise(once, [0, 1]) == once
    more = standardise(edits.add_row(once), [0, 1])
    rows = [[*row[:3], "f"] for row in raw.tolist()]
    np.testing.assert_allclose(more.predict(rows), more.network.predict(more.data.inputs[:-1]), rtol=1e-12)
    np.testing.assert_allclose(more.data.inputs[:, :2].std(axis=0), 1)


def test_a_raw_number_that_is_too_large_is_infinite_without_a_warning():
    assert Column("x", ("x",), mean=1.0, deviation=10.0).decoded(np.array([[1e308], [2.0]])) == [np.inf, 21.0]


def test_a_quotient_is_a_text_of_its_own_among_texts():
    column = Column("size", ("half", "point"), ("1/2", "0.5"))
    assert column.encoded(["0.50", "1/2"]).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="'2/4' is not known"):
        column.encoded(["2/4"])


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e307, 5e-320])
def test_columns_whose_squares_no_number_holds_are_standardised(state, scale):
    raw = np.array([[1.0], [2.0], [4.0], [1.0]]) * scale
    network = Network(["x"], [Layer(["y"], "identity", np.ones((1, 1)))])
    state = standardise(State(network, Dataset(raw, np.zeros((4, 1)))), [0])
    assert state.data.inputs[:, 0] == pytest.approx((np.array([1, 2, 4, 1]) - 2) / np.sqrt(1.5), rel=1e-3)


def test_a_column_near_the_largest_number_is_left_as_it_is_and_said():
    raw = np.array([[1.7e308, 1.0], [-1.7e308, 2.0], [1.7e308, 3.0]])
    network = Network(["huge", "x"], [Layer(["y"], "identity", np.ones((1, 2)))])
    state = State(network, Dataset(raw, np.zeros((3, 1))))
    assert told(state) == (
        "standardised by mean and population deviation of 3 rows: x; huge is too large for that and left as "
        "it is"
    )
    assert standardise(state, [0, 1]).data.inputs[:, 0].tolist() == raw[:, 0].tolist()


def test_a_standardised_number_that_is_too_large_is_infinite_without_a_warning():
    column = Column("x", ("x",), mean=-1e308, deviation=0.01)
    assert column.encoded([1.7e308, -1e308]).tolist() == [[np.inf], [0.0]]


def test_it_is_offered_where_scales_differ_by_more_than_100_times():
    raw = np.column_stack([np.arange(10.0), 1000 * np.arange(10.0), np.ones(10), np.ones(10)])
    assert worth_standardising(made(raw)).startswith(
        "the inputs differ in scale by more than 100 times: age has the deviation 2.872, fare has 2872; "
    )
    assert worth_standardising(standardise(made(raw), [0, 1])) == ""
    assert worth_standardising(made(np.column_stack([raw[:, 0], 99 * raw[:, 0], raw[:, 2:]]))) == ""
    assert worth_standardising(made(np.zeros((0, 4)))) == ""
    in_blocks = Scales(made(raw))
    assert len(list(in_blocks.find_in_blocks(block_ns=1.0))) == 4
    assert in_blocks.offer == worth_standardising(made(raw))


def test_the_rows_that_are_kept_for_validation_have_no_part_in_it():
    raw = np.column_stack([np.arange(10.0), np.arange(10.0) * 3, np.ones(10), np.ones(10)])
    state = made(raw)
    state = replace(state, training=replace(state.training, validation=0.5))
    new = standardise(state, [0])
    assert (new.columns[1].mean, new.columns[1].deviation) == (2.0, np.sqrt(2.0))
    np.testing.assert_allclose(new.data.inputs[:, 0], (np.arange(10) - 2) / np.sqrt(2))
