"""Columns of raw tables: how cells become inputs, and that every edit keeps them right."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nnviz.core import edits, structure
from nnviz.core.columns import Column, Columns
from nnviz.core.network import Layer, Network
from nnviz.core.standardise import Scales, constant, standardise, told, worth_standardising
from nnviz.core.state import Dataset, State
from tests.core.refusals import refusals

INF, NAN = float("inf"), float("nan")

COLOUR = Column("colour", ("colour=red", "colour=blue"), ("red", "blue"))
AGE = Column("age", ("age",), mean=40.0, deviation=10.0)
KIND = Column("kind", ("cat", "dog"), ("cat", "dog"))


TABLE = State(
    Network(
        ["age", "colour=red", "size", "colour=blue"],
        [
            Layer(["node_0", "node_1"], "tanh", np.arange(8.0).reshape(2, 4) / 10),
            Layer(["cat", "dog"], "identity", np.eye(2)),
        ],
    ),
    Dataset([[1, 0, 3, 1], [-1, 1, 5, 0]], [[1, 0], [0, 1]]),
    columns=Columns((AGE, COLOUR, KIND)),
)


def test_raw_rows_are_predicted_as_the_inputs_that_they_become():
    raw = [[50, "blue", 3], ["30", "red", "5,0"]]
    assert [column.name for column in TABLE.columns.of_inputs] == ["age", "colour", "size"]
    assert TABLE.predict(raw).tolist() == TABLE.network.predict(TABLE.data.inputs).tolist()
    assert AGE.decoded(TABLE.data.inputs[:, [0]]) == [50, 30]
    assert COLOUR.decoded(TABLE.data.inputs[:, [1, 3]]) == ["blue", "red"]


RAW_ROWS = {
    "an unknown colour": [[1, "green", 3]],
    "an empty colour": [[1, "red", 3], [1, "", 3]],
    "a text for a number": [[1, "red", "x"]],
    "a quotient": [["3/14", "red", 1]],
    "an empty number": [["", "red", 1]],
    "None": [[None, "red", 1]],
    "NaN": [[NAN, "red", 1]],
    "a cell too few": [[1, "red"]],
    "no rows": [1, "red", 3],
}
COLUMNS = {
    "no name": ("", ("a",)),
    "no node": ("a", ()),
    "two nodes for numbers": ("a", ("a", "b")),
    "a value too few": ("a", ("a", "b"), ("x",)),
    "a value twice": ("a", ("a", "b"), ("x", "x")),
    "a mean of texts": ("a", ("a",), ("x",), 1.0),
    "a deviation of 0": ("a", ("a",), (), 0.0, 0.0),
    "an infinite deviation": ("a", ("a",), (), 0.0, INF),
    "a mean that is NaN": ("a", ("a",), (), NAN),
}
MISFITS = {
    "an unknown node": [Column("a", ("gone",))],
    "an input in two columns": [AGE, Column("b", ("age",))],
    "an input and an output": [Column("a", ("age", "cat"), ("x", "y"))],
    "a mean of targets": [Column("cat", ("cat",), (), 1.0)],
    "a name of two columns": [AGE, Column("age", ("size",))],
    "a hidden node": [Column("a", ("node_0",))],
}


def test_raw_rows_and_columns_that_do_not_fit_are_refused(approved):
    approved(
        "raw rows that do not fit", refusals({k: partial(TABLE.predict, v) for k, v in RAW_ROWS.items()})
    )
    approved("refused as column", refusals({k: partial(Column, *v) for k, v in COLUMNS.items()}))
    cases = {k: partial(replace, TABLE, columns=Columns(v)) for k, v in MISFITS.items()}
    approved("columns that do not fit a network", refusals(cases))


def test_whole_numbers_and_quotients_are_texts_as_they_are_written(approved):
    classes = Column("k", ("one", "two"), ("1", "2"))
    assert classes.encoded([1, "2", 2.0, "1.0"]).tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]
    column = Column("size", ("half", "point"), ("1/2", "0.5"))
    assert column.encoded(["0.50", "1/2"]).tolist() == [[0, 1], [1, 0]]
    approved("another quotient", refusals({"2/4": partial(column.encoded, ["2/4"])}))


def test_edits_of_the_network_keep_the_columns_right():
    renamed = edits.rename(edits.rename(TABLE, 0, 0, "years"), 0, 1, "is red")
    assert renamed.columns[0] == Column("years", ("years",), (), 40.0, 10.0)
    assert renamed.columns[1].nodes == ("is red", "colour=blue")
    assert renamed.columns[1].name == "colour"
    assert renamed.predict([[50, "blue", 3]]).tolist() == TABLE.predict([[50, "blue", 3]]).tolist()
    both = edits.rename_columns(TABLE, {0: "years", 4: "tom"})
    assert [column.nodes for column in both.columns] == [("years",), COLOUR.nodes, ("tom", "dog")]
    less = structure.remove_node(TABLE, 0, 1)
    assert less.columns[1] == Column("colour", ("colour=blue",), ("blue",))
    assert structure.remove_node(less, 0, 2).columns == (AGE, KIND)
    assert structure.remove_node(TABLE, 2, 0).columns[2] == Column("kind", ("dog",), ("dog",))
    more = structure.add_node(TABLE, 0, 0)
    assert [column.name for column in more.columns.of_inputs][:2] == ["age", more.network.inputs[1]]
    for edited in (structure.add_layer(TABLE, 0), structure.add_biases(TABLE, 0), edits.randomise(TABLE, 3)):
        assert edited.columns == TABLE.columns
    assert edits.rename(TABLE, 0, 0, "colour").columns[0].name == "age"


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
    for i, name in enumerate(("age", "fare")):
        assert by_name[name].decoded(inputs[:, [i]]) == raw[:, i].tolist()
    rows = [[*row[:3], "f"] for row in raw.tolist()]
    assert new.predict(rows).tolist() == new.network.predict(inputs).tolist()
    assert standardise(new, [0, 1]) == new
    more = standardise(edits.add_row(new), [0, 1])
    np.testing.assert_allclose(more.predict(rows), more.network.predict(more.data.inputs[:-1]), rtol=1e-9)
    np.testing.assert_allclose(more.data.inputs[:, :2].std(axis=0), 1)


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e307, 5e-320])
def test_columns_whose_squares_no_number_holds_are_standardised(scale):
    state = made(np.outer([1.0, 2.0, 4.0, 1.0], [scale, 0, 0, 0]))
    found = standardise(state, [0]).data.inputs[:, 0]
    assert found == pytest.approx((np.array([1, 2, 4, 1]) - 2) / np.sqrt(1.5), rel=1e-3)


def test_a_column_near_the_largest_number_is_left_as_it_is(approved):
    raw = np.array([[1.7e308, 1.0, 0, 0], [-1.7e308, 2.0, 0, 0], [1.7e308, 3.0, 0, 0]])
    approved("a column near the largest number", told(made(raw)))
    assert standardise(made(raw), [0, 1]).data.inputs[:, 0].tolist() == raw[:, 0].tolist()


def test_numbers_that_become_too_large_are_infinite():
    assert Column("x", ("x",), mean=1.0, deviation=10.0).decoded(np.array([[1e308], [2.0]])) == [INF, 21.0]
    column = Column("x", ("x",), mean=-1e308, deviation=0.01)
    assert column.encoded([1.7e308, -1e308]).tolist() == [[INF], [0.0]]


def test_standardising_is_offered_where_scales_differ_by_more_than_100_times(approved):
    raw = np.column_stack([np.arange(10.0), 1000 * np.arange(10.0), np.ones(10), np.ones(10)])
    approved("scales that differ", worth_standardising(made(raw)))
    assert worth_standardising(standardise(made(raw), [0, 1])) == ""
    assert worth_standardising(made(np.column_stack([raw[:, 0], 99 * raw[:, 0], raw[:, 2:]]))) == ""
    assert worth_standardising(made(np.zeros((0, 4)))) == ""
    in_blocks = Scales(made(raw))
    assert len(list(in_blocks.find_in_blocks(block_ns=1.0))) == 4
    assert in_blocks.offer == worth_standardising(made(raw))


def test_the_rows_that_are_kept_for_validation_have_no_part_in_it():
    state = made(np.outer(np.arange(10.0), [1, 3, 0, 0]))
    new = standardise(replace(state, training=replace(state.training, validation=0.5)), [0])
    assert (new.columns[1].mean, new.columns[1].deviation) == (2.0, np.sqrt(2.0))
    np.testing.assert_allclose(new.data.inputs[:, 0], (np.arange(10) - 2) / np.sqrt(2))
