"""Programs of the styles that need NumPy alone print the window's numbers, run as they stand."""

import ast
import difflib
import io
import re
import shutil
import subprocess
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest

import nnviz
from nnviz.core.address import Address
from nnviz.core.columns import Column
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.files import code
from nnviz.files.code import program
from nnviz.files.examples import examples
from nnviz.files.registry import load
from tests.core import made_up
from tests.core.oracle import NAMES, make_network, make_state, small_state
from tests.files import programs
from tests.files.helpers import calls, names
from tests.robust import naughty

STYLES = tuple(name for name, style in code.STYLES.items() if not style.needs)
LIMIT = 1e-12


def made_of(states, style):
    return {name: (program(state, style), state) for name, state in states.items()}


def executed(text):
    """Return the lines that a program prints, and its names."""
    out, found = io.StringIO(), {}
    with redirect_stdout(out):
        exec(text, found)
    return out.getvalue().splitlines(), found


def of_large_z():
    """Return networks whose z are 1000 apart: a wrong row costs 1000, and a right one nothing."""
    rows = Dataset([[1000.0], [-1000.0], [0.0]], [[1.0, 0.0]] * 3)
    for output in ("softmax", "sigmoid"):
        network = Network(["x"], [Layer(("yes", "no"), output, [[1.0], [0.0]])])
        state = State(network, rows, Training(1e-9, 2, loss="cross_entropy"))
        assert state.loss() > 100
        yield f"large {output}", state


def of_layers():
    """Return networks with layers of every kind: softmax between others, whole numbers without end, loops."""
    softmax = make_network([2, 2, 3, 1], ["softmax", "softmax", "softmax"], [True, False, True], 3)
    loop = make_network([2, 9, 2, 1], ["identity", "softmax", "relu"], [False, True, False], 4)
    layers = [Layer([f"n{k}"], "identity", [[3e9]], [1e14]) for k in range(4)]
    yield "whole numbers", State(Network(["x"], layers), Dataset([[3e9], [0.5]]))
    yield "alone", make_state(make_network([3, 4], ["softplus"], [False], 1), 3, optimizer="adam")
    yield "softmax between others", make_state(softmax, 4)
    yield "loops", make_state(loop, 4)


def of_a_summed_loss():
    """Return networks whose row's loss is a sum over its outputs."""
    for outputs, hidden in ((1, 2), (3, 2), (2, 9)):
        network = make_network([2, hidden, outputs], ["relu", "sigmoid"], [True, True], 5)
        yield f"log cosh {outputs}", make_state(network, 7, loss="log_cosh", batch_size=3, validation=0.2)


def test_a_program_prints_the_predictions_and_the_history_of_the_window(monkeypatch, tmp_path, amount):
    made_up.register(monkeypatch)
    few = {None: ([], [9]), 3: ([3],)}
    every = dict.fromkeys(few, ([], [3], [9]))
    hostile, apart = programs.HOSTILE, amount(quick=4, ci=1, night=1)
    of_names = {
        f"names {k}": programs.of_names(*(hostile[k:] + hostile)[:5]) for k in range(len(hostile))[::apart]
    }
    lacking = {
        "no targets": replace(small_state(), data=Dataset(small_state().data.inputs)),
        "no rows": replace(small_state(), data=Dataset.empty(small_state().network)),
    }
    states = programs.the_issues() | dict(of_large_z()) | dict(of_layers()) | of_names | lacking
    for batch, hidden in amount(quick=few, ci=every, night=every).items():
        # losses, outputs, validation and accuracy
        states |= {f"{name} {batch}": own for name, own in programs.of_classes(batch, hidden).items()}
    states |= {f"activation {k}": programs.of_activation(name) for k, name in enumerate(NAMES)}
    states |= {"shares": programs.of_shares(), **dict(of_a_summed_loss())}
    states["after a run"] = nnviz.train(small_state(optimizer="adam", updates=30)).state
    states |= {"hinge": made_up.state(updates=30), "calm": made_up.state(optimizer="calm", updates=30)}
    made = {f"{name} {style}": own for style in STYLES for name, own in made_of(states, style).items()}
    if amount(quick=True, ci=False, night=False):
        families = [name for name in states if name.startswith(("activation", "cross_entropy", "mse"))]
        for name in ["digits", *(own for k, own in enumerate(families) if k % 4)]:
            del made[f"{name} course"]  # which takes long node by node
    programs.check(made, LIMIT, tmp_path)
    for style in STYLES:
        for state in of_names.values():
            nodes = list(ast.walk(ast.parse(program(state, style).text)))
            named = {node.id for node in nodes if isinstance(node, ast.Name)}
            assert not named & {"__import__", "SystemExit"}
            imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
            assert [ast.unparse(node) for node in imports] == ["import numpy as np"]
        for state in lacking.values():
            text = program(state, style).text
            assert not any(word in text for word in ("history", "learning_rate"))


def test_a_program_trains_with_a_penalty_and_leaves_out_frozen_parts(tmp_path):
    """All optimizers, with mini-batches or all rows; the history is the loss of the data alone."""
    states = programs.of_penalties()
    made = {f"{name} {style}": own for style in STYLES for name, own in made_of(states, style).items()}
    programs.check(made, LIMIT, tmp_path)


def test_a_program_stops_early_where_nnviz_does(tmp_path, approved):
    states = programs.of_stops()
    made = {f"{name} {style}": own for style in STYLES for name, own in made_of(states, style).items()}
    programs.check(made, LIMIT, tmp_path)
    state = states["{'patience': 2}, None, 0.3"]
    plain = replace(state, training=replace(state.training, patience=None))
    both = replace(state, training=replace(state.training, until=0.25, keep="best"))
    for style in ("numpy", "keras"):
        texts = [program(each, style).text.splitlines() for each in (plain, both)]
        changed = [line.rstrip() for line in difflib.ndiff(*texts) if line[0] in "+-"]
        approved(f"settings that stop a run | {style}", "\n".join(changed))


@pytest.mark.parametrize("style", code.STYLES)
def test_a_penalty_and_frozen_parts_add_few_lines_to_a_program(style, approved):
    state = programs.of_penalties()["gradient_descent, a layer and single parts"]
    plain = replace(state, training=replace(state.training, l1=0.0, l2=0.0, frozen=()))
    texts = [program(each, style).text.splitlines() for each in (plain, state)]
    changed = [line.rstrip() for line in difflib.ndiff(*texts) if line[0] in "+-"]
    approved(f"a penalty and frozen parts | {style}", "\n".join(changed))
    without_targets = replace(state, data=Dataset(state.data.inputs))
    others = replace(plain, data=without_targets.data)
    assert program(without_targets, style).text == program(others, style).text


def test_the_program_of_curve_keeps_to_its_history_and_others_print_a_prediction(tmp_path, amount):
    """On a level loss Adam makes a step of the rounding error."""
    state = programs.shipped("curve")
    styles = amount(quick=("numpy",), ci=STYLES, night=STYLES)
    programs.check({style: (program(state, style), state) for style in styles}, 1e-9, tmp_path)
    programs.check_what_to_try(STYLES, tmp_path)


@pytest.mark.parametrize("style", code.STYLES)
def test_the_program_is_built_alike_whatever_the_names_are(style, amount):
    given, built = naughty.NAMES, set()
    for k in range(0, len(given), amount(quick=5, ci=1, night=1)):
        text = program(programs.of_names(*(given[k:] + given)[:5]), style).text
        assert all(letter.isprintable() or letter == "\n" for letter in text)
        built.add(tuple(type(node) for node in ast.walk(ast.parse(text.encode()))))
    assert len(built) == 1


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is installed with the extra dev alone")
@pytest.mark.parametrize("style", ["numpy", "keras", "pytorch"])
def test_ruff_where_it_is_installed_changes_no_program_of_an_example(style, tmp_path):
    for each in examples():
        text = program(load(each.path), style).text
        (tmp_path / f"{each.name}.py").write_text(text, encoding="utf-8")
    for name, state in programs.of_penalties().items():
        if not name.startswith("adamw"):  # whose rule is a long line
            (tmp_path / f"{name}.py").write_text(program(state, style).text, encoding="utf-8")
    found = subprocess.run(
        ["ruff", "format", "--isolated", "--no-cache", "--diff", tmp_path], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout


def test_a_program_has_only_the_comments_that_a_reader_needs(approved):
    after = nnviz.train(small_state(optimizer="adam", updates=30)).state
    for style in STYLES:
        head = [line for line in program(after, style).text.splitlines() if line.startswith("#")]
        approved(f"comments after a run | {style}", "\n".join(head))
        plain = program(programs.shipped("many-rows"), style).text
        words = ("batch", "seed", "memory", "math", "b0", "bias", "npz", "0.9")
        assert not any(word in plain for word in words)
    once = program(nnviz.train(small_state(updates=1)).state).text
    assert "# The weights are the result of 1 update;" in once


def test_numbers_longer_than_a_screenful_are_in_a_separate_file(tmp_path, approved):
    state = make_state(make_network([30, 9, 2], ["tanh", "identity"], [True, True]), 60, updates=2)
    made = {}
    for style in STYLES:
        beside, alone = program(state, style), program(state, style, beside=False)
        assert len(beside.lines) < 200 < len(alone.lines)
        approved("a program with its numbers beside it", re.search("# .*npz", beside.text)[0])
        assert not alone.separate_arrays
        assert alone.text == nnviz.code(state, style)
        made |= {f"beside_{style}": (beside, state), f"alone_{style}": (alone, state)}
    programs.check(made, LIMIT, tmp_path)
    numbers = [f"beside_{style}.npz" for style in STYLES]
    assert names(tmp_path) == sorted([*numbers, *(f"{name}.py" for name in made)])


@pytest.mark.parametrize("style", STYLES)
def test_every_weight_and_every_node_has_its_lines(style):
    state = small_state()
    made = program(state, style)
    held = {address for line in made.lines if line.deed is None for address in line.addresses}
    assert held >= set(state.network.all_weights())
    for layer, nodes in enumerate(state.network.sizes[1:]):
        for node in range(nodes):
            for phase in ("forward", "backward"):
                lines = [line for line in made.lines if line.deed == phase]
                assert any(Address("node", layer, node) in line.addresses for line in lines)
    assert {line.deed for line in made.lines} >= {None, "forward", "loss", "backward", "slopes", "update"}


@pytest.mark.parametrize("style", code.STYLES)
def test_a_program_is_made_while_one_edits(style):
    """A program is made at every edit with few calls: a small one in 0.2 ms, a million weights in 3 ms."""
    small = make_state(make_network([2, 3, 1], ["relu", "identity"], [True, True]), 4)
    large = make_state(make_network([1000, 1000, 1], ["relu", "identity"], [True, True]), 100)
    assert calls(lambda: program(small, style).text) < 4_000
    assert calls(lambda: program(large, style).text) < 100_000


def test_the_course_style_uses_the_words_of_the_course(approved):
    """Those of its exercises: without relu a node has a value, with relu an input and an output."""
    approved("the course's words without relu", program(programs.shipped("forward"), "course").text)
    two = program(programs.shipped("two-hidden-layers"), "course").text
    approved(
        "the course's words with relu", "\n".join(line for line in two.splitlines() if "node_0_0" in line)
    )


def test_numbers_read_back_to_the_last_bit_and_an_unknown_style_is_named():
    values = [[0.1 + 0.2, -0.0], [5e-324, 1.7976931348623157e308]]
    network = Network(["x", "y"], [Layer(["a", "b"], "identity", values)])
    _, found = executed(program(State(network, Dataset.empty(network)), "numpy").text)
    assert found["W0"].tobytes() == np.array(values).tobytes()
    with pytest.raises(ValueError, match=r"no code style is called 'cobol'; the styles are .*numpy"):
        nnviz.code(small_state(), "cobol")


def with_columns():
    """Return a State of a text column apart from itself, two standardised ones and a plain one; raw rows."""
    network = make_network([5, 2], ["softmax"], [True], 3)
    network = replace(network, inputs=("age", "is red", "width", "is 1", "rest"))
    columns = (
        Column("age", ("age",), mean=-1.5, deviation=0.3),
        Column("colour '", ("is red", "is 1"), ("r'ed\"", "1")),
        Column("# width", ("width",), mean=2e3, deviation=7.0),
    )
    raw = [[3.5, "r'ed\"", 1999, 4], [2, "1", 2001, 5], [2, 1, -7, 6.5]]
    state = State(network, Dataset.empty(network), columns=columns)
    return replace(state, data=Dataset(state.columns.encoded(raw), [[1, 0], [0, 1], [0, 1]])), raw


@pytest.mark.parametrize("style", STYLES)
def test_a_raw_row_is_standardised_as_nnviz_does_it_and_predicted(style):
    state, raw = with_columns()
    for rows in (3, 0):
        each = state if rows else replace(state, data=Dataset.empty(state.network))
        text = program(each, style).text
        (asked,) = [line for line in text.splitlines() if line.startswith("# print(")]
        printed, found = executed(text.replace(asked, f"print(*{asked.removeprefix('# print(')}"))
        for row in raw:
            assert found["as_inputs"](row) == state.columns.encoded([row])[0].tolist()
        with pytest.raises(ValueError, match="'blue' is not in list"):
            found["as_inputs"]([1, "blue", 2, 3])
        expected = each.predict([[0.0, raw[0][1], 0.0, 0.0]])[0].tolist()
        numbers = [float(number) for number in re.findall(r"[-+.\de]+", printed[rows])]
        np.testing.assert_allclose(numbers, expected, 1e-7)
    assert "# The rows as the network takes them" in program(state, style).text
    assert "as_inputs" not in program(replace(state, columns=()), style).text


@pytest.mark.parametrize("style", ["course", "numpy", "keras", "pytorch"])
def test_the_example_row_of_many_inputs_is_short(style):
    network = make_network([100, 1], ["identity"], [True], 3)
    text = program(State(network, Dataset.empty(network)), style).text
    (line,) = [line for line in text.splitlines() if line.startswith("# print(")]
    assert "[0.0] * 100" in line
    assert len(line) <= 88


def test_many_columns_are_standardised():
    network = make_network([50, 1], ["identity"], [True], 3)
    columns = tuple(Column(name, (name,), mean=k, deviation=k + 0.1) for k, name in enumerate(network.inputs))
    state = State(network, Dataset.empty(network), columns=columns)
    _, found = executed(program(state, "numpy").text)
    row = np.random.default_rng(0).normal(size=50).tolist()
    assert found["as_inputs"](row) == state.columns.encoded([row])[0].tolist()
