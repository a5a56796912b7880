"""An edit that would go beyond what nnviz holds is refused in a sentence, and nothing is lost."""

import numpy as np

from nnviz.core.limits import NODES, NOTES, ROWS
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from tests.ui.hands import press
from tests.ui.sees import status


def state(hidden=1, rows=1):
    layers = (
        Layer([f"h{k}" for k in range(hidden)], "relu", np.ones((hidden, 1))),
        Layer(("out",), "identity", np.ones((1, hidden))),
    )
    return State(Network(("x",), layers), Dataset(np.zeros((rows, 1))))


def test_a_node_too_many_is_refused(open_window):
    window = open_window(state(hidden=NODES.most - 2))
    before = window.document.state
    window.structure.add_node(1)
    assert "expected at most 10,000 nodes" in status(window)
    assert window.document.state is before


def test_a_row_too_many_is_refused(open_window):
    window = open_window(state(rows=ROWS.most))
    before = window.document.state
    press(window, "Add row")
    assert "expected at most 500,000 rows" in status(window)
    assert window.document.state is before


def test_notes_that_are_too_long_stay_open_to_be_shortened(open_window):
    window = open_window("relu")
    press(window, "Edit")
    window.notes.field.setPlainText("x" * (NOTES.most + 1))
    press(window, "Done")
    assert "expected at most 100,000 letters" in status(window)
    assert window.notes.field.isVisible()
    assert len(window.notes.field.toPlainText()) == NOTES.most + 1
    window.notes.field.setPlainText("short")
    press(window, "Done")
    assert window.document.state.notes == "short"
