"""Every edit changes its own part and nothing else, and the columns still turn cells into inputs."""

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.columns import Column, Columns
from nnviz.core.edits import (
    keep_set,
    new_set_name,
    remove_set,
    standardise,
    standardising_note,
    use_set,
    uses_set,
    worth_standardising,
)
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from tests.core import oracle
from tests.core.oracle import set_bias, set_weight
from tests.core.refusals import refusals

UNSEEN = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus")
SMALL = oracle.small_state()
"""2-3-2-1 nodes with a weight set and 4 rows; the middle layer has no biases."""
LAYERS = SMALL.network.layers
EMPTIED = edits.remove_rows(SMALL, [0, 1, 2, 3])
BARE = replace(SMALL, data=replace(SMALL.data, targets=None))


def changed(state, other):
    """Return the names of the fields in which two States differ."""
    return {each.name for each in fields(State) if getattr(state, each.name) != getattr(other, each.name)}


def test_setting_a_number_changes_that_number_alone():
    for kind, address, row, at, by_its_edit in (
        ("weights", Address("weight", 1, 0, 2), None, (0, 2), set_weight(SMALL, 1, 0, 2, 9.5)),
        ("biases", Address("bias", 0, 1), None, 1, set_bias(SMALL, 0, 1, 9.5)),
        (
            "inputs",
            Address("input", -1, 1),
            2,
            (2, 1),
            edits.set_value(SMALL, Address("input", -1, 1), 9.5, 2),
        ),
        (
            "targets",
            Address("target", 2, 0),
            3,
            (3, 0),
            edits.set_value(SMALL, Address("target", 0, 0), 9.5, 3),
        ),
    ):
        after, in_data = edits.set_value(SMALL, address, 9.5, row), row is not None
        old, new = ((own.data if in_data else own.network.layers[address.layer]) for own in (SMALL, after))
        expected = getattr(old, kind).copy()
        expected[at] = 9.5
        assert getattr(new, kind).tolist() == expected.tolist()
        assert changed(SMALL, after) == {"data" if in_data else "network"}
        kept = [each is own for each, own in zip(after.network.layers, LAYERS, strict=True)]
        assert kept == [in_data or k != address.layer for k in range(3)]
        assert by_its_edit == after
        assert edits.set_value(after, address, 9.5, row) is after


def test_rows_are_added_and_removed_and_the_first_number_makes_the_first_row():
    after = edits.add_row(SMALL, after=1)
    assert (after.data.inputs[2].tolist(), after.data.targets[2].tolist()) == ([0, 0], [0])
    assert edits.remove_rows(after, [2]).data == SMALL.data
    more = edits.add_row(SMALL, 0, [[1, 2], [3, 4]])
    assert (more.data.inputs[1:3].tolist(), more.data.targets[1:3].tolist()) == ([[1, 2], [3, 4]], [[0], [0]])
    assert (len(edits.add_row(SMALL).data), len(EMPTIED.data)) == (5, 0)
    assert edits.add_row(EMPTIED).data.inputs.tolist() == [[0, 0]]
    assert edits.value_at(EMPTIED, Address("input", -1, 1)) is None
    assert edits.set_value(EMPTIED, Address("input", -1, 1), 8.0).data.inputs.tolist() == [[0, 8]]
    assert edits.set_value(BARE, Address("target", 0, 0), 5.0, 1).data.targets.tolist() == [
        [0],
        [5],
        [0],
        [0],
    ]
    three = np.array([[3.0]])
    for state in (EMPTIED, replace(EMPTIED, data=replace(EMPTIED.data, targets=None))):
        first = edits.set_value(state, Address("input", -1, 0), 3.0)
        for after in (edits.add_row(state), first, edits.put_cells(state, 0, [0], three)):
            assert after.data.targets is None
        first = edits.set_value(state, Address("target", 1, 0), 3.0)
        for after in (first, edits.put_cells(state, 0, [2], three)):
            assert after.data.targets.tolist() == [[3]]


def test_targets_are_emptied_together_or_not_at_all():
    bare = edits.clear_targets(SMALL, [0, 1, 2, 3])
    assert bare.data.targets is None
    assert changed(SMALL, bare) == {"data"}
    assert bare.data.inputs.tolist() == SMALL.data.inputs.tolist()
    assert edits.clear_targets(bare, [0]) is bare
    one = edits.remove_rows(SMALL, [1, 2, 3])
    assert edits.set_value(one, Address("target", 2, 0), None, 0).data.targets is None


def test_names_activations_and_random_weights_change_alone():
    after = edits.randomise(SMALL, 77)
    assert (after.network, after.training.seed) == (SMALL.network.randomised(77), 77)
    assert changed(SMALL, after) == {"network", "training"}
    after = edits.rename(edits.rename(SMALL, 0, 1, " age "), 2, 0, "middle")
    assert after.network.inputs == ("input_0", "age")
    assert after.network.layers[1].nodes == ("middle", "node_1_1")
    assert oracle.predictions(after).tolist() == oracle.predictions(SMALL).tolist()
    assert edits.rename(SMALL, 0, 0, "input_0") is SMALL
    after = edits.set_activation(SMALL, 1, "sigmoid")
    assert [layer.activation for layer in after.network.layers] == ["relu", "sigmoid", "identity"]
    assert after.network.layers[1].weights.tolist() == LAYERS[1].weights.tolist()


def test_an_edit_ends_the_run_and_names_and_settings_do_not():
    state = train(SMALL, updates=3).state
    weights = set_weight(state, 0, 0, 0, 1.0), set_bias(state, 0, 0, 1.0), use_set(state, 0)
    rows = (
        edits.set_value(state, Address("input", -1, 0), 1.0, 0),
        edits.set_value(state, Address("target", 0, 0), 1.0, 0),
        edits.add_row(state),
    )
    others = edits.remove_rows(state, [0]), edits.randomise(state, 3), edits.set_activation(state, 0, "tanh")
    biases = edits.add_biases(state, 1), edits.remove_biases(state, 0)
    nodes = edits.add_node(state, 1), edits.remove_node(state, 1, 0)
    layers = edits.add_layer(state, 1), edits.remove_layer(state, 0)
    assert {after.run for after in (*weights, *rows, *others, *biases, *nodes, *layers)} == {None}
    kept = edits.set_training(state, Training(0.5)), edits.rename(state, 1, 0, "first")
    assert all(each.run is state.run for each in (*kept, keep_set(state, "trained"), remove_set(state, 0)))
    assert state.iteration == 3


@pytest.mark.parametrize("state", [SMALL, BARE], ids=["with targets", "without"])
def test_nodes_layers_and_biases_that_are_added_and_removed_leave_no_trace(state):
    sizes = state.network.sizes
    for column in range(4):
        for after in (None, *range(min(2, sizes[column]))):
            grown = edits.add_node(state, column, after)
            assert grown.network.sizes[column] == sizes[column] + 1
            assert set(grown.network.all_names()) > set(state.network.all_names())
            at = sizes[column] if after is None else after + 1
            assert edits.remove_node(grown, column, at) == state
    biased = edits.add_biases(state, 1)
    for layers in (biased.network.layers, biased.weight_sets[0].layers):
        assert layers[1].biases.tolist() == [0, 0]
    assert oracle.predictions(biased).tolist() == oracle.predictions(state).tolist()
    assert edits.remove_biases(biased, 1) == state
    for before in range(3):
        grown = edits.add_layer(state, before)
        assert len(grown.weight_sets[0].layers) == 4
        assert edits.remove_layer(grown, before) == state


@given(oracle.states(max_hidden=3, activations=UNSEEN), st.data())
def test_an_added_node_changes_no_prediction(state, data):
    column = data.draw(st.integers(0, len(state.network.layers)))
    after = data.draw(st.none() | st.integers(-1, state.network.sizes[column] - 1))
    grown = edits.add_node(state, column, after)
    at = state.network.sizes[column] if after is None else after + 1
    found = oracle.predictions(grown)
    if column == len(state.network.layers):
        found = np.delete(found, at, axis=1)
    assert found == pytest.approx(oracle.predictions(state), rel=1e-12, abs=1e-12)
    assert grown.data.inputs.shape[1] == grown.network.sizes[0]
    assert grown.data.targets.shape[1] == grown.network.sizes[-1]


def test_added_and_removed_nodes_keep_the_others_data_and_every_weight_set():
    """An added input brings a column of zeros, and an added output a target."""
    wider, two = edits.add_node(SMALL, 0, after=0), edits.add_node(SMALL, 3)
    assert wider.data.inputs[:, 1].tolist() == [0] * 4
    assert wider.network.inputs == ("input_0", "input_2", "input_1")
    assert two.data.targets.tolist() == [[*row, 0] for row in SMALL.data.targets.tolist()]
    assert two.network.outputs == ("output", "output_1")
    assert edits.remove_node(two, 0, 0).data.inputs.tolist() == two.data.inputs[:, 1:].tolist()
    assert edits.remove_node(two, 3, 0).data.targets.tolist() == two.data.targets[:, 1:].tolist()
    after = edits.remove_node(SMALL, 1, 1)
    assert after.network.layers[0].nodes == ("node_0_0", "node_0_2")
    assert after.data == SMALL.data
    for old, new in ((SMALL.network, after.network), (SMALL.weight_sets[0], after.weight_sets[0])):
        first, second, last = old.layers
        assert new.layers[0].weights.tolist() == np.delete(first.weights, 1, axis=0).tolist()
        assert new.layers[0].biases.tolist() == np.delete(first.biases, 1).tolist()
        assert new.layers[1].weights.tolist() == np.delete(second.weights, 1, axis=1).tolist()
        assert new.layers[2].weights.tolist() == last.weights.tolist()


@given(oracle.states(max_hidden=3, activations=("identity", "relu")), st.data())
def test_an_added_layer_passes_on_what_it_receives(state, data):
    assume(len(state.network.layers) > 1)
    before = data.draw(st.integers(1, len(state.network.layers) - 1))
    grown = edits.add_layer(state, before)
    assert oracle.predictions(grown) == pytest.approx(oracle.predictions(state), rel=1e-12, abs=1e-12)
    assert grown.network.sizes == (*state.network.sizes[: before + 1], *state.network.sizes[before:])
    assert grown.network.layers[before].activation == state.network.layers[before - 1].activation
    assert grown.data is state.data
    assert set(grown.network.all_names()) > set(state.network.all_names())


SETS = keep_set(SMALL, "weights_1")


def test_weight_sets_are_kept_used_and_dropped():
    other = use_set(SETS, 0)
    assert other.network == SMALL.network.randomised(1)
    assert changed(SETS, other) == {"network"}
    assert [use_set(SETS, k).loss() for k in (0, 1)] == [other.loss(), SMALL.loss()]
    assert [uses_set(state, k) for state in (SETS, other) for k in (0, 1)] == [False, True, True, False]
    assert use_set(edits.remove_rows(SETS, [0, 1, 2, 3]), 0).loss() is None
    edited = set_weight(SETS, 0, 0, 0, 9.0)
    kept = keep_set(edited, " mine ")
    assert [own.name for own in kept.weight_sets] == ["weights_0", "weights_1", "mine"]
    assert use_set(use_set(kept, 0), 2).network == edited.network
    assert new_set_name(SETS) == "weights_2"
    less = remove_set(SETS, 0)
    assert [own.name for own in less.weight_sets] == ["weights_1"]
    assert less.network is SETS.network


def test_edits_that_cannot_be_are_refused(approved):
    linear = oracle.make_state(oracle.make_network([2, 3, 2, 1], ["identity"] * 3, [True] * 3, 3), 4)
    removed = oracle.predictions(edits.remove_layer(linear, 1))
    assert removed == pytest.approx(oracle.predictions(linear), rel=1e-12)
    cases = {
        "targets of some rows": lambda: edits.clear_targets(SMALL, [1, 2, 3]),
        "a bias of a layer without": lambda: set_bias(SMALL, 1, 0, 1.0),
        "an empty name": lambda: edits.rename(SMALL, 0, 0, ""),
        "a name that is taken": lambda: edits.rename(SMALL, 0, 0, "output"),
        "a name of 300 letters": lambda: edits.rename(SMALL, 0, 0, "x" * 300),
        "a name of two lines": lambda: edits.rename(SMALL, 1, 0, "x\ny"),
        "a formula that a name makes too long": lambda: edits.rename(
            edits.put_column(TABLE, "p", "*".join(["size"] * 50)), 0, 2, "y" * 200
        ),
        "the name of a column": lambda: edits.rename(TABLE, 0, 2, "colour"),
        "the last node": lambda: edits.remove_node(SMALL, 3, 0),
        "the output layer": lambda: edits.remove_layer(linear, 2),
        "a set's name that is taken": lambda: keep_set(SETS, "weights_1"),
        "an empty name of a set": lambda: keep_set(SETS, "  "),
        "a computed input called like a column": lambda: edits.put_column(TABLE, "colour", "age*size"),
    }
    approved("edits that cannot be", refusals(cases))


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


def test_a_computed_input_keeps_its_scaling_until_its_formula_changes():
    scaled = edits.put_column(edits.add_row(SMALL), "p", "input_0*3", scaled=True)
    place = len(SMALL.network.inputs)
    later = edits.remove_rows(scaled, [0])
    assert edits.put_column(later, "p", "input_0*3", place, scaled=True) is later
    column = edits.put_column(later, "q", "input_0*3", place, scaled=True).columns.computed[place]
    assert (column.mean, column.deviation) == (scaled.columns[0].mean, scaled.columns[0].deviation)
    assert edits.put_column(later, "p", "input_0*3", place).columns.computed[place].mean == 0.0
    assert edits.put_column(later, "p", "input_0*6", place, scaled=True).columns[0].mean != column.mean


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
    raw_rows = refusals({name: partial(TABLE.predict, rows) for name, rows in RAW_ROWS.items()})
    approved("raw rows that do not fit", raw_rows)
    approved("refused as column", refusals({name: partial(Column, *of) for name, of in COLUMNS.items()}))
    cases = {name: partial(replace, TABLE, columns=Columns(of)) for name, of in MISFITS.items()}
    approved("columns that do not fit a network", refusals(cases))


def test_whole_numbers_and_quotients_are_texts_as_they_are_written(approved):
    classes = Column("k", ("one", "two"), ("1", "2"))
    assert classes.encoded([1, "2", 2.0, "1.0"]).tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]
    column = Column("size", ("half", "point"), ("1/2", "0.5"))
    assert column.encoded(["0.50", "1/2"]).tolist() == [[0, 1], [1, 0]]
    many = Column("n", tuple(f"n={k}" for k in range(12)), tuple(map(str, range(12))))
    cases = {"2/4": partial(column.encoded, ["2/4"]), "the 13th": partial(many.encoded, ["12"])}
    approved("texts that are not known", refusals(cases))


def test_edits_of_the_network_keep_the_columns_right():
    renamed = edits.rename(edits.rename(TABLE, 0, 0, "years"), 0, 1, "is red")
    assert renamed.columns[0] == Column("years", ("years",), (), 40.0, 10.0)
    assert renamed.columns[1].nodes == ("is red", "colour=blue")
    assert renamed.columns[1].name == "colour"
    assert renamed.predict([[50, "blue", 3]]).tolist() == TABLE.predict([[50, "blue", 3]]).tolist()
    renamed = edits.rename(TABLE, 2, 0, "tom")
    assert [column.nodes for column in renamed.columns] == [AGE.nodes, COLOUR.nodes, ("tom", "dog")]
    less = edits.remove_node(TABLE, 0, 1)
    assert less.columns[1] == Column("colour", ("colour=blue",), ("blue",))
    assert edits.remove_node(less, 0, 2).columns == (AGE, KIND)
    assert edits.remove_node(TABLE, 2, 0).columns[2] == Column("kind", ("dog",), ("dog",))
    more = edits.add_node(TABLE, 0, 0)
    assert [column.name for column in more.columns.of_inputs][:2] == ["age", more.network.inputs[1]]
    for edited in (edits.add_layer(TABLE, 0), edits.add_biases(TABLE, 0), edits.randomise(TABLE, 3)):
        assert edited.columns == TABLE.columns
    called = replace(TABLE, columns=(replace(COLOUR, name="input_4"), KIND))
    assert edits.add_node(called, 0).network.inputs[4] == "input_5", "a table has one column of a name"


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


def test_a_standardised_column_whose_raw_squares_overflow_is_left_as_it_is():
    state = made(np.outer([-1.0, 0.0, 1.3], np.ones(4)))
    for deviation in (1e200, 1e-170):
        columns = Columns([Column("age", ("age",), mean=0.0, deviation=deviation)])
        assert standardise(replace(state, columns=columns), [0]) == replace(state, columns=columns)


def test_columns_whose_squares_no_number_holds_are_left_as_they_are(approved):
    for scale in (1e200, 1e-200, 1e307, 5e-320):
        state = made(np.outer([1.0, 2.0, 4.0, 1.0], [scale, 0, 0, 0]))
        assert np.array_equal(standardise(state, [0]).data.inputs, state.data.inputs)
    raw = np.array([[1.7e308, 1.0, 0, 0], [-1.7e308, 2.0, 0, 0], [1.7e308, 3.0, 0, 0]])
    approved(
        "a column near the largest number, and others",
        f"{standardising_note(made(raw))}\n{standardising_note(TABLE)}",
    )
    assert standardise(made(raw), [0, 1]).data.inputs[:, 0].tolist() == raw[:, 0].tolist()
    assert Column("x", ("x",), mean=1.0, deviation=10.0).decoded(np.array([[1e308], [2.0]])) == [INF, 21.0]
    column = Column("x", ("x",), mean=-1e308, deviation=0.01)
    assert column.encoded([1.7e308, -1e308]).tolist() == [[INF], [0.0]]


def test_standardising_is_offered_where_scales_differ_by_more_than_100_times(approved):
    raw = np.column_stack([np.arange(10.0), 1000 * np.arange(10.0), np.ones(10), np.ones(10)])
    approved("scales that differ", worth_standardising(made(raw)))
    assert worth_standardising(standardise(made(raw), [0, 1])) == ""
    assert worth_standardising(made(np.column_stack([raw[:, 0], 99 * raw[:, 0], raw[:, 2:]]))) == ""
    assert worth_standardising(made(np.zeros((0, 4)))) == ""


def test_the_rows_that_are_kept_for_validation_have_no_part_in_it():
    state = made(np.outer(np.arange(10.0), [1, 3, 0, 0]))
    new = standardise(replace(state, training=replace(state.training, validation=0.5)), [0])
    assert (new.columns[1].mean, new.columns[1].deviation) == (2.0, np.sqrt(2.0))
    np.testing.assert_allclose(new.data.inputs[:, 0], (np.arange(10) - 2) / np.sqrt(2))
