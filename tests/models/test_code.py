"""Programs for Keras and PyTorch, run as they stand, with the digits that they come with and with all."""

from dataclasses import replace

import pytest

from nnviz.files.code import program
from tests.core.oracle import NAMES
from tests.files import programs

STYLES = ("keras", "pytorch")
DTYPES = {"float32": 1e-5, "float64": 1e-10}


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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("style", STYLES)
def test_a_program_prints_the_predictions_and_the_history_of_the_window(style, dtype, tmp_path):
    states = programs.the_issues()
    states |= {f"a{k}": programs.of_activation(name) for k, name in enumerate(NAMES)}
    made = {name: in_dtype(state, style, dtype) for name, state in states.items()}
    programs.check(made, DTYPES[dtype], tmp_path, rounded=dtype == "float32")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("style", STYLES)
def test_losses_validation_and_accuracy_are_those_of_the_window(style, batch, dtype, tmp_path):
    states = {**programs.of_classes(batch, ([3],)), "shares": programs.of_shares()}
    made = {name: in_dtype(state, style, dtype) for name, state in states.items()}
    programs.check(made, DTYPES[dtype], tmp_path, rounded=dtype == "float32")


def test_without_rows_it_ends_in_a_line_that_prints_a_prediction(tmp_path):
    programs.check_what_to_try(("keras", "pytorch"), tmp_path)
