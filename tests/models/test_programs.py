"""Programs for Keras and PyTorch print the numbers of the window, and the notebook its own outputs."""

from dataclasses import replace

import nbformat
import pytest

from nnviz.files import code
from nnviz.files.code import program
from tests import entries
from tests.core import made_up
from tests.core.oracle import NAMES
from tests.files import programs
from tests.models.notebook import NOTEBOOK, executed

STYLES = [name for name, style in code.STYLES.items() if style.needs]
UPDATES = 12
"""At most as many are made: several epochs of few rows."""


def shorter(state):
    """Return a State that makes fewer updates."""
    training = replace(state.training, updates=min(state.training.updates, UPDATES))
    return replace(state, training=training)


@pytest.mark.parametrize("style", STYLES)
def test_a_program_prints_what_the_window_shows(style, tmp_path, monkeypatch):
    """In float64, so that any other arithmetic is seen; all in one process, which takes long to begin."""
    states = programs.the_issues()
    states |= {f"a{k}": programs.of_activation(name) for k, name in enumerate(NAMES)}
    for batch in (None, 3):
        states |= {f"{name}_{batch}": own for name, own in programs.of_classes(batch, ([3],)).items()}
    states["shares"] = programs.of_shares()
    states |= {name: own for name, own in entries.every_state().items() if not name.startswith("activation")}
    made_up.register(monkeypatch)
    states["made up"] = made_up.state(updates=UPDATES)
    states = {name: shorter(state) for name, state in states.items()}
    states["curve"] = programs.shipped("curve")  # all updates: adam makes a step of what 0 rounds to
    made = {name: (programs.in_float64(program(state, style)), state) for name, state in states.items()}
    programs.check(made, 1e-10, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_a_program_trains_with_a_penalty_and_leaves_out_frozen_parts(style, tmp_path):
    """The history is the loss of the data alone. Keras freezes whole layers only."""
    states = programs.of_penalties(programs.WHOLE if style == "keras" else programs.FROZEN)
    made = {name: (programs.in_float64(program(state, style)), state) for name, state in states.items()}
    programs.check(made, 1e-10, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_a_program_stops_early_where_nnviz_does(style, tmp_path):
    """Keras stops by itself where it can: all rows in an update, and validation rows."""
    states = programs.of_stops()
    made = {name: (programs.in_float64(program(state, style)), state) for name, state in states.items()}
    programs.check(made, 1e-10, tmp_path)
    assert ("EarlyStopping" in made["{'patience': 2}, None, 0.3"][0].text) == (style == "keras")


def test_a_program_of_keras_names_the_parts_that_keras_cannot_freeze(tmp_path):
    """They learn, and everything else stands still."""
    states = programs.of_penalties()
    state = replace(states["momentum, a layer and single parts"], name="")
    text = program(state, "keras").text
    assert "# Keras freezes only whole layers. Other frozen parts: node_0 and input_2 -> node_1.\n" in text
    assert not any(
        "# Keras freezes" in program(states[f"adam, {case}"], "keras").text for case in programs.WHOLE
    )
    as_in_keras = replace(state, training=replace(state.training, frozen=("layer 1",)))
    programs.check({"some": (programs.in_float64(program(state, "keras")), as_in_keras)}, 1e-10, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_a_program_as_it_stands_prints_the_same_to_the_precision_of_its_numbers(style, tmp_path):
    states = {name: shorter(programs.the_issues()[name]) for name in ("softmax", "mini_batches", "adam")}
    states["shares"] = shorter(programs.of_shares())
    states["penalty"] = programs.of_penalties()["adam, a layer in parts"]
    made = {name: (program(state, style), state) for name, state in states.items()}
    assert all("float32" in own.text for own, _ in made.values())
    programs.check(made, 1e-5, tmp_path, rounded=True)


def test_without_rows_a_program_ends_in_a_line_that_prints_a_prediction(tmp_path):
    programs.check_what_to_try(STYLES, tmp_path)


def shown(notebook):
    """Return each code cell with its outputs: texts as they are, of pictures and tables their kinds."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, [shown_output(output) for output in cell.outputs]) for cell in cells]


def shown_output(output):
    if output.output_type == "stream":
        return output.name, output.text
    assert output.output_type == "execute_result", output
    return sorted(output.data), output.data["text/plain"]


def test_the_notebook_runs_and_prints_what_stands_in_it():
    now, written = shown(executed()), shown(nbformat.read(NOTEBOOK, as_version=4))
    for one, other in zip(now, written, strict=True):
        assert one == other, "python -m tests.models.notebook writes it anew"
    kinds = {kind for _, outputs in now for output in outputs for kind in output[0] if "/" in kind}
    assert kinds == {"image/svg+xml", "text/html", "text/plain"}
