"""Programs for Keras and PyTorch, run as they stand, with the digits that they come with and with all."""

from dataclasses import replace

import pytest

from nnviz.files.code import program
from tests.core.oracle import NAMES
from tests.files import programs

STYLES = ("keras", "pytorch")
UPDATES = 12
"""At most so many are made: several epochs of few rows."""


def in_dtype(state, style, dtype):
    """Return the program with another number at its top, as a person would type it, and its State."""
    made = program(state, style)
    lines = [
        replace(
            line,
            text=line.text.replace("float32", dtype, 1) if line.text.startswith("DTYPE = ") else line.text,
        )
        for line in made.lines
    ]
    return replace(made, lines=tuple(lines)), state


def shorter(state):
    """Return a State that makes fewer updates."""
    training = replace(state.training, updates=min(state.training.updates, UPDATES))
    return replace(state, training=training)


@pytest.mark.parametrize("style", STYLES)
def test_a_program_prints_what_the_window_shows(style, tmp_path):
    """In float64, so that any other arithmetic is seen; all in one process, which takes long to begin."""
    states = programs.the_issues()
    states |= {f"a{k}": programs.of_activation(name) for k, name in enumerate(NAMES)}
    for batch in (None, 3):
        states |= {f"{name}_{batch}": own for name, own in programs.of_classes(batch, ([3],)).items()}
    states["shares"] = programs.of_shares()
    states = {name: shorter(state) for name, state in states.items()}
    states["curve"] = programs.shipped("curve")  # all updates: adam makes a step of what 0 rounds to
    made = {name: in_dtype(state, style, "float64") for name, state in states.items()}
    programs.check(made, 1e-10, tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_a_program_as_it_stands_prints_the_same_to_the_precision_of_its_numbers(style, tmp_path):
    states = {name: programs.the_issues()[name] for name in ("softmax", "mini_batches", "adam")}
    states["shares"] = programs.of_shares()
    made = {name: (program(shorter(state), style), shorter(state)) for name, state in states.items()}
    assert all("float32" in own.text for own, _ in made.values())
    programs.check(made, 1e-5, tmp_path, rounded=True)


def test_without_rows_it_ends_in_a_line_that_prints_a_prediction(tmp_path):
    programs.check_what_to_try(("keras", "pytorch"), tmp_path)
