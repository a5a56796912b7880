"""Computed columns in files, tables, programs and commands."""

import ast
import json
import re
import shlex
from dataclasses import replace

import numpy as np
import pytest

from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State, Training
from nnviz.files.code import STYLES, program
from nnviz.files.models.dense import remove_scaling
from nnviz.files.registry import load, losses_on_save, save
from nnviz.files.table.columns import Choices, findings, table_uses
from nnviz.files.table.reading import parse
from nnviz.files.table.writing import rows_of_state
from tests.files.helpers import refused
from tests.files.programs import numbers, ran

RAW = [[1.5, 20.0], [2.5, -30.0], [4.0, 55.0], [0.5, 1.0]]
TEXT = "`petal width`*y − 2·sqrt(`petal width`)² + min(y, abs(y), 3)**3/7"


@pytest.fixture
def state():
    """Return a State with a standardised raw column, a plain one, and a standardised and a plain formula."""
    network = Network.random(
        ("petal width", "y"), [(("node_0", "node_1"), "tanh"), (("output",), "identity")], 3
    )
    state = State(network, Dataset(RAW, [[1.0], [2.0], [3.0], [4.0]]), Training(updates=3))
    state = edits.put_column(edits.standardise(state, [0]), "both", TEXT, scaled=True)
    state = edits.put_column(edits.add_node(state, 0), "log p", "log(`petal width`)")
    layer = state.network.layers[0]
    weights = np.linspace(-1.0, 1.0, layer.weights.size).reshape(layer.weights.shape)
    return edits.with_network(state, state.network.with_layer(0, replace(layer, weights=weights)))


def state_of_plain_rows():
    network = Network.random(("x", "y"), [(("output",), "identity")], 0)
    return State(network, Dataset([[1.0, 2.0]]))


def raw_rows(state):
    """Return the raw rows of the State: its inputs are petal width, y and one that was added, all 0."""
    return [[*row, 0.0] for row in RAW]


def function_of(text):
    """Return the function `as_inputs` of a program."""
    (function,) = (node for node in ast.parse(text).body if getattr(node, "name", "") == "as_inputs")
    names = {"np": np}
    exec(ast.unparse(function), names)
    return names["as_inputs"]


def test_formulas_are_saved_and_read_exactly_and_predict_raw_rows(state, tmp_path):
    with pytest.raises(ValueError, match="row 2: the formula log"):
        state.predict([[1, 2, 0], [0, 2, 0]])
    save(state, tmp_path / "n.json")
    again = load(tmp_path / "n.json")
    assert (again.columns, again.data) == (state.columns, state.data)
    assert (
        json.loads((tmp_path / "n.json").read_text("utf-8"))["columns"][-1]["formula"] == "log(`petal width`)"
    )
    wanted = state.network.predict(state.data.inputs)
    np.testing.assert_allclose(again.predict(raw_rows(state)), wanted, rtol=1e-13)


def test_a_file_whose_formulas_are_wrong_is_refused_with_the_place(state, tmp_path, approved):
    save(state, tmp_path / "n.json")
    text, said = (tmp_path / "n.json").read_text("utf-8"), []
    for place, value in (
        (("columns", 2, "formula"), "log(`petal width`"),
        (("columns", 2, "formula"), "log(petal)"),
        (("columns", 2, "formula"), "log(y)"),
        (("data", "inputs", 1, 0), -2),
    ):
        content = part = json.loads(text)
        for key in place[:-1]:
            part = part[key]
        part[place[-1]] = value
        (tmp_path / "n.json").write_text(json.dumps(content), "utf-8")
        said.append(refused(load, tmp_path / "n.json"))
    approved("files with wrong formulas", "\n".join(said))


def test_computed_inputs_are_computed_again_when_a_file_is_opened(state, tmp_path):
    save(state, tmp_path / "n.json")
    content = json.loads((tmp_path / "n.json").read_text("utf-8"))
    content["data"]["inputs"][1][4] = 5
    (tmp_path / "n.json").write_text(json.dumps(content), "utf-8")
    assert load(tmp_path / "n.json").data == state.data


def test_model_formats_say_that_the_formula_is_lost(state, tmp_path, approved, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(state, "n.json")
    said = [
        losses_on_save(state, f"n{end}")
        for end in (".npz", ".safetensors", ".onnx", ".keras", ".py", ".json")
    ]
    assert main(shlex.split("convert n.json n.npz")) == 0
    assert main(shlex.split("convert n.json without.json --without-scaling")) == 0
    assert load("without.json").columns.computed == {}
    save(edits.put_column(state_of_plain_rows(), "p", "x*y"), "plain.json")
    assert main(shlex.split("convert plain.json same.json --without-scaling")) == 0
    assert load("same.json").columns.computed[2].formula == "x*y", "there is no scaling to leave out"
    said.append(capsys.readouterr().err.strip())
    approved("losses", "\n".join(said))
    plain = remove_scaling(state)
    assert plain.columns.computed == {}
    assert plain.data == state.data


@pytest.mark.parametrize("style", STYLES)
def test_programs_compute_the_columns_of_a_raw_row_with_their_own_arithmetic(state, style):
    text = program(state, style).text
    assert "import numpy as np" in text
    found = [*map(function_of(text), raw_rows(state))]
    np.testing.assert_allclose(found, state.columns.encoded(raw_rows(state)), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("power", ["x**0.5", "abs(x**0.5)", "(x**0.5)**2", "max(y, log(x))"])
def test_programs_refuse_rows_that_nnviz_refuses(power):
    """In Python, a broken power of a negative number is a complex number, and max(1, nan) is 1."""
    state = edits.put_column(state_of_plain_rows(), "p", power)
    as_inputs = function_of(program(state, "numpy").text)
    assert as_inputs([4.0, 5.0]) == state.columns.encoded([[4.0, 5.0]])[0].tolist()
    with pytest.raises(ValueError, match="no finite value"):
        state.columns.encoded([[-4.0, 5.0]])
    with pytest.raises(ValueError, match="no finite value"):
        as_inputs([-4.0, 5.0])


WHOLE = "x*abs(10)**20", "x/max(10, 2)**20", "x*min(2, 3)**70", "x*max(2, 4)**-1"
"""Formulas with whole numbers, which NumPy could take for integers of 64 bits."""


@pytest.mark.parametrize(
    "text", ["1/(1 + exp(-x))", "tanh(exp(x))", "exp(-1/x**2)", "max(log(abs(x)), y)", *WHOLE]
)
@pytest.mark.parametrize("x", [0.0, 1000.0, -1000.0])
def test_programs_accept_rows_that_nnviz_accepts(text, x):
    """Numbers on the way to a value may be infinite."""
    state = edits.put_column(state_of_plain_rows(), "p", text)
    as_inputs = function_of(program(state, "course").text)
    assert as_inputs([x, 5]) == state.columns.encoded([[x, 5]])[0].tolist()


def test_programs_print_the_predictions_of_raw_rows(state, tmp_path):
    """The comment with the example call is used as it says, for each row."""
    paths = [tmp_path / f"{style}.py" for style in ("course", "numpy")]
    for path in paths:
        text = program(state, path.stem).text
        (call,) = re.findall(r"^# (print\(.*as_inputs\(.*)$", text, re.MULTILINE)
        calls = [call.replace("[0.0, 0.0, 0.0]", str(row)) for row in raw_rows(state)]
        lines = "\n".join(["np.set_printoptions(precision=17)", "print('raw')", *calls, "print('raw')"])
        path.write_text(text.replace(f"# {call}", lines), "utf-8")
    wanted = state.network.predict(state.data.inputs)
    for printed in ran(paths):
        first, raw, _ = printed.split("raw\n")
        np.testing.assert_allclose(numbers(first), wanted, rtol=1e-12)
        np.testing.assert_allclose(numbers(re.sub(r"[\[\]]", "", raw)), wanted, rtol=1e-12)


def test_commands_take_raw_rows_and_refuse_those_without_a_number(
    state, tmp_path, approved, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    save(state, "n.json")
    (tmp_path / "raw.csv").write_text("y,petal width,input_3\n20,1.5,0\n-30,2.5,0\n", "utf-8")
    (tmp_path / "bad.csv").write_text("y,petal width,input_3\n20,1.5,0\n-30,-1,0\n", "utf-8")

    def run(line):
        code = main(shlex.split(line))
        out, err = capsys.readouterr()
        return out if code == 0 else f"{code}: {err.strip()}"

    wanted = state.network.predict(state.data.inputs)[:2, 0].tolist()
    for line in ("predict n.json --row 1.5,20,0 --row 2.5,-30,0", "predict n.json --data raw.csv"):
        np.testing.assert_allclose(np.array(run(line).split(), dtype=float), wanted, rtol=1e-13)
    lines = "predict n.json --row 1,2,3,4", "predict n.json --row 0,2,0", "predict n.json --data bad.csv"
    approved("commands", "\n".join(run(line) for line in lines))
    assert run("check n.json") == "n.json: no fault found\n"


def test_exported_rows_have_the_raw_columns_alone_and_open_again(state, approved):
    table = rows_of_state(state)
    assert table.decode().splitlines()[0] == "petal width,y,input_3,target,prediction,error"
    uses = uses_of(state, "petal width,y,input_3,target\n1.5,20,0,7\n3,4,0,8\n")
    rows = uses.states["rows"]
    assert rows.columns == state.columns
    np.testing.assert_allclose(rows.data.inputs, state.columns.encoded([[1.5, 20, 0], [3, 4, 0]]), rtol=1e-14)
    approved("a table with other columns", uses_of(state, "a,b,c,target\n1,2,3,4\n").reasons["rows"])


def uses_of(state, text):
    table = parse(text)
    found = findings(table)
    roles = ["input"] * (table.width - 1) + ["target"]
    return table_uses(table, found, Choices(tuple(roles), (False,) * table.width), state)
