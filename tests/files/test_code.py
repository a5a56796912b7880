"""Programs of the styles that need NumPy alone, run as they stand."""

import ast
import re
from dataclasses import replace

import numpy as np
import pytest

import nnviz
from nnviz.core.address import Address, all_weights
from nnviz.core.columns import Column
from nnviz.core.losses import LOSSES, MSE
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.files import code
from nnviz.files.code import program
from tests.core import made_up
from tests.core.oracle import NAMES, make_network, make_state, small_state
from tests.files import programs
from tests.files.work import calls
from tests.robust import naughty

STYLES = ("course", "numpy")
LIMIT = 1e-12


@pytest.mark.parametrize("style", STYLES)
def test_a_program_prints_the_predictions_and_the_history_of_the_window(style, tmp_path):
    states = programs.the_issues()
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_the_program_of_curve_keeps_to_the_history_to_its_end(style, tmp_path):
    """With adam, which makes a step of what a truly level loss rounds to."""
    state = programs.shipped("curve")
    programs.check({"curve": (program(state, style), state)}, 1e-9, tmp_path)


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("style", STYLES)
def test_losses_validation_and_accuracy_are_those_of_the_window(style, batch, tmp_path):
    states = {**programs.of_classes(batch), "shares": programs.of_shares()}
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_probabilities_that_round_to_0_or_1_cost_what_they_cost(style, tmp_path):
    """Where all z are 1000 apart a row that is wrong costs 1000, and one that is right nothing."""
    extreme = Dataset([[1000.0], [-1000.0], [0.0]], [[1.0, 0.0]] * 3)
    states = {}
    for output in ("softmax", "sigmoid"):
        network = Network(["x"], [Layer(("yes", "no"), output, [[1.0], [0.0]])])
        states[output] = State(network, extreme, Training(1e-9, 2, loss="cross_entropy"))
        loss = states[output].loss()
        assert loss > 100
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_every_activation_is_right_in_it(style, tmp_path):
    states = {f"a{k}": programs.of_activation(name) for k, name in enumerate(NAMES)}
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_what_an_author_adds_is_in_it(style, monkeypatch, tmp_path):
    made_up.register(monkeypatch)
    states = {"hinge": made_up.state(updates=30), "calm": made_up.state(optimizer="calm", updates=30)}
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_a_third_loss_is_written_by_its_entry(style, monkeypatch, tmp_path):
    """The logarithm of the hyperbolic cosine of the error, the sum over a row's outputs."""

    def terms(_z, a, y):
        return np.log(np.cosh(a - y))

    log_cosh = replace(
        MSE,
        name="log_cosh",
        title="Log-cosh",
        averaged=False,
        terms=terms,
        slopes=lambda _z, a, y, out: lambda: np.tanh(a - y, out=out),
        slopes_a=lambda _z, a, y: np.tanh(a - y),
        factor=1.0,
        total=lambda z, a, y, _: lambda: float(terms(z, a, y).sum()),
        elsewhere=MSE.elsewhere._replace(
            numpy="np.log(np.cosh(prediction - y))", slope="np.tanh(error)", keras="LogCosh"
        ),
    )
    monkeypatch.setitem(LOSSES, "log_cosh", (log_cosh,))
    states = {}
    for outputs, hidden in ((1, 2), (3, 2), (2, 9)):
        network = make_network([2, hidden, outputs], ["relu", "sigmoid"], [True, True], 5)
        states[f"of_{outputs}"] = make_state(network, 7, loss="log_cosh", batch_size=3, validation=0.2)
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_no_name_is_taken_for_code(style, tmp_path):
    names = programs.HOSTILE
    states = {f"n{k}": programs.of_names(*(names[k:] + names)[:5]) for k in range(len(names))}
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)
    for state in states.values():
        text = program(state, style).text
        nodes = list(ast.walk(ast.parse(text)))
        named = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert not named & {"__import__", "SystemExit"}
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        assert [ast.unparse(node) for node in imports] == ["import numpy as np"]


@pytest.mark.parametrize("style", STYLES)
def test_layers_of_every_kind_are_right_in_it(style, tmp_path):
    """Softmax takes all nodes of a layer at once, whole numbers have no end, and 9 nodes are a loop."""
    softmax = make_network([2, 2, 3, 1], ["softmax", "softmax", "softmax"], [True, False, True], 3)
    loop = make_network([2, 9, 2, 1], ["identity", "softmax", "relu"], [False, True, False], 4)
    layers = [Layer([f"n{k}"], "identity", [[3e9]], [1e14]) for k in range(4)]
    whole = State(Network(["x"], layers), Dataset([[3e9], [0.5]]))
    alone = make_state(make_network([3, 4], ["softplus"], [False], 1), 3, optimizer="adam")
    states = {"alone": alone, "softmax": make_state(softmax, 4), "loop": make_state(loop, 4), "whole": whole}
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", code.STYLES)
def test_the_program_is_built_alike_whatever_the_names_are(style):
    names, built = naughty.NAMES, set()
    for k in range(len(names)):
        text = program(programs.of_names(*(names[k:] + names)[:5]), style).text
        assert all(letter.isprintable() or letter == "\n" for letter in text)
        built.add(tuple(type(node) for node in ast.walk(ast.parse(text.encode()))))
    assert len(built) == 1


@pytest.mark.parametrize("style", STYLES)
def test_what_a_file_lacks_the_program_does_without(style, tmp_path):
    state = small_state()
    states = {
        "no_targets": replace(state, data=Dataset(state.data.inputs)),
        "no_rows": replace(state, data=Dataset.empty(state.network)),
    }
    for each in states.values():
        assert "history" not in program(each, style).text
        assert "learning_rate" not in program(each, style).text
    programs.check({name: (program(s, style), s) for name, s in states.items()}, LIMIT, tmp_path)


def test_without_rows_it_ends_in_a_line_that_prints_a_prediction(tmp_path):
    programs.check_what_to_try(STYLES, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_after_a_run_it_begins_anew_from_the_present_weights(style, tmp_path):
    state = nnviz.train(small_state(optimizer="adam", updates=30)).state
    text = program(state, style).text
    assert "# 30 updates of training are in the weights; here it begins anew." in text
    assert "press Restart in nnviz before you save" in text
    assert "# 1 update of training is in" in program(nnviz.train(small_state(updates=1)).state, style).text
    programs.check({"after": (program(state, style), state)}, LIMIT, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_nothing_stands_there_that_is_not_needed(style):
    plain = program(programs.shipped("many-rows"), style).text
    assert not any(word in plain for word in ("batch", "seed", "memory", "math", "b0", "bias", "npz", "0.9"))


@pytest.mark.parametrize("style", STYLES)
def test_numbers_that_are_longer_than_a_screenful_stand_beside_it_unless_it_is_one_text(style, tmp_path):
    state = programs.shipped("digits", updates=2)
    beside, alone = program(state, style), program(state, style, beside=False)
    assert len(beside.lines) < 200 < len(alone.lines)
    assert "# The weights and rows are in the file beside this one that has its name and ends in .npz" in (
        beside.text
    )
    assert not alone.beside
    assert alone.text == nnviz.code(state, style)
    programs.check({"alone": (alone, state)}, LIMIT, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.py"]


@pytest.mark.parametrize("style", STYLES)
def test_every_weight_and_every_node_has_its_lines(style):
    state = small_state()
    made = program(state, style)
    held = {address for line in made.lines if line.deed is None for address in line.addresses}
    assert held >= set(all_weights(state.network))
    for layer, nodes in enumerate(state.network.sizes[1:]):
        for node in range(nodes):
            for phase in ("forward", "backward"):
                lines = [line for line in made.lines if line.deed == phase]
                assert any(Address("node", layer, node) in line.addresses for line in lines)
    assert {line.deed for line in made.lines} >= {None, "forward", "loss", "backward", "slopes", "update"}


@pytest.mark.parametrize("style", code.STYLES)
def test_it_is_made_while_one_edits(style):
    """What is made for every edit takes few calls: a small program 0.2 ms, one of a million weights 3."""
    small = make_state(make_network([2, 3, 1], ["relu", "identity"], [True, True]), 4)
    large = make_state(make_network([1000, 1000, 1], ["relu", "identity"], [True, True]), 100)
    assert calls(lambda: program(small, style).text) < 4_000
    assert calls(lambda: program(large, style).text) < 100_000


def test_the_course_finds_its_own_words():
    """Those of its exercises: without relu a node has a value, with relu an input and an output."""
    forward = program(programs.shipped("forward"), "course").text
    assert "    node_0_value = (input_data * weights['node_0']).sum()\n" in forward
    assert "    model_output = (hidden_layer_outputs * weights['output']).sum()\n" in forward
    two = program(programs.shipped("two-hidden-layers"), "course").text
    assert "    'node_0_0': np.array([2, 4]),\n" in two
    assert "    node_0_0_input = (input_data * weights['node_0_0']).sum()\n" in two
    assert "    node_0_0_output = relu(node_0_0_input)\n" in two
    assert "    hidden_0_outputs = np.array([node_0_0_output, node_0_1_output])\n" in two


def test_a_style_that_there_is_not_is_named():
    with pytest.raises(ValueError, match=r"no style is called 'cobol'; known are .*numpy"):
        nnviz.code(small_state(), "cobol")


def test_numbers_read_back_to_the_last_bit():
    values = [[0.1 + 0.2, -0.0], [5e-324, 1.7976931348623157e308]]
    network = make_network([2, 2], ["identity"], [False])
    layers = (replace(network.layers[0], weights=values),)
    network = replace(network, layers=layers)
    text = program(State(network, Dataset.empty(network)), "numpy").text
    names = {}
    exec(text, names)
    assert names["W0"].tobytes() == np.array(values).tobytes()


def _with_columns(**changes):
    """Return a State of a text column apart from itself, two standardised ones and a plain one."""
    network = make_network([5, 2], ["softmax"], [True], 3)
    network = replace(network, inputs=("age", "is red", "width", "is 1", "rest"))
    columns = (
        Column("age", ("age",), mean=-1.5, deviation=0.3),
        Column("colour '", ("is red", "is 1"), ("r'ed\"", "1")),
        Column("# width", ("width",), mean=2e3, deviation=7.0),
    )
    raw = [[3.5, "r'ed\"", 1999, 4], [2, "1", 2001, 5], [2, 1, -7, 6.5]]
    state = State(network, Dataset.empty(network), columns=columns)
    data = Dataset(state.columns.encoded(raw), [[1, 0], [0, 1], [0, 1]])
    return replace(state, data=data, **changes), raw


@pytest.mark.parametrize("style", STYLES)
def test_a_raw_row_is_standardised_as_nnviz_does_it_and_predicted(style, tmp_path):
    state, raw = _with_columns()
    for k, each in enumerate((state, replace(state, data=Dataset.empty(state.network)))):
        text = program(each, style).text
        made = {}
        exec(text, made)
        for row in raw:
            assert made["as_inputs"](row) == state.columns.encoded([row])[0].tolist()
        with pytest.raises(ValueError, match="column colour ': 'blue' is not known; known are ") as found:
            made["as_inputs"]([1, "blue", 2, 3])
        with pytest.raises(ValueError, match=f"^row 1, {re.escape(str(found.value))}$"):
            state.predict([[1, "blue", 2, 3]])
        (asked,) = [line for line in text.splitlines() if line.startswith("# print(")]
        path = tmp_path / f"{k}.py"
        path.write_text(text.replace(asked, f"print(*{asked.removeprefix('# print(')}"), encoding="utf-8")
        expected = each.predict(raw[:1] if k == 0 else [[0.0, raw[0][1], 0.0, 0.0]])[0].tolist()
        found = [
            float(n) for n in re.findall(r"[-+.\de]+", programs.ran([path])[0].split("\n")[3 * (k == 0)])
        ]
        np.testing.assert_allclose(found, expected, 1e-7)
    assert "# The rows as the network takes them" in program(state, style).text
    assert "as_inputs" not in program(replace(state, columns=()), style).text


def test_many_columns_are_standardised_by_lists():
    network = make_network([50, 1], ["identity"], [True], 3)
    columns = tuple(Column(name, (name,), mean=k, deviation=k + 0.1) for k, name in enumerate(network.inputs))
    state = State(network, Dataset.empty(network), columns=columns)
    made = {}
    exec(program(state, "numpy").text, made)
    row = np.random.default_rng(0).normal(size=50).tolist()
    assert made["as_inputs"](row) == state.columns.encoded([row])[0].tolist()
