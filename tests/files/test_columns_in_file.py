"""The columns of raw rows in nnviz's own file, and what other formats lose of them."""

import json

import pytest

from nnviz.core.columns import Column, Columns
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files import native
from nnviz.files.errors import FileError
from nnviz.files.registry import left_out, load, save
from nnviz.files.source import Source

COLUMNS = (
    Column("age", ("age",), mean=0.1 + 0.2, deviation=5e-324),
    Column("colour", ("colour=rot", "colour=blau"), ("rot", 'bl"au\n')),
)


@pytest.fixture
def state():
    network = Network(["age", "colour=rot", "colour=blau"], [Layer(["output"], "identity", [[1, 2, 3]])])
    return State(network, Dataset.empty(network), columns=Columns(COLUMNS))


def test_columns_come_back_to_the_last_bit(state, tmp_path):
    save(state, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == state
    assert load(tmp_path / "a.json").columns == COLUMNS
    raw = json.loads((tmp_path / "a.json").read_text())
    assert raw["columns"][0] == {"name": "age", "nodes": ["age"], "mean": 0.1 + 0.2, "deviation": 5e-324}


def test_a_network_without_columns_writes_none(state):
    plain = State(state.network, state.data)
    assert b"columns" not in native.write(plain)


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ({"nodes": ["age"]}, "columns[0]: the key 'name' is missing"),
        ({"name": "a", "nodes": []}, "columns[0].nodes: a column needs at least one"),
        ({"name": "a", "nodes": ["gone"]}, "columns[0].nodes: no input and no output is called 'gone'"),
        (
            {"name": "a", "nodes": ["age"], "values": ["x", "y"]},
            "columns[0].values: expected 1 text, one for each node, found 2",
        ),
        (
            {"name": "a", "nodes": ["age"], "deviation": 0},
            "columns[0].deviation: expected a finite number above 0",
        ),
        ({"name": "a", "nodes": ["age"], "value": []}, "columns[0]: unknown key 'value'"),
        (
            {"name": "a", "nodes": ["age", "output"], "values": ["x", "y"]},
            "columns[0].nodes: expected inputs",
        ),
    ],
)
def test_a_column_that_cannot_be_is_refused_with_its_place(state, column, sentence):
    raw = json.loads(native.write(state)) | {"columns": [column]}
    with pytest.raises(FileError) as caught:
        native.read(Source(json.dumps(raw).encode()))
    assert str(caught.value).startswith(sentence)


def test_other_formats_say_that_they_lose_them(state):
    assert "the columns of raw rows" in left_out(state, "a.npz")
    assert "the columns of raw rows" not in left_out(state, "a.json")
