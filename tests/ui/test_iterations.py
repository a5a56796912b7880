"""The plots over the run in Explain: numbers and histograms are those of training again to each iteration."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import as_text
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.train import train
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.panels.iterations import NO_ROWS, PRESS_RUN
from tests.core import oracle
from tests.ui.bare import open_plot
from tests.ui.hands import pick
from tests.ui.runs import colours_of, hover, place

WEIGHT, OTHER, NODE, LAYER = (
    Address("weight", 0, 0, 0),
    Address("weight", 0, 1, 2),
    Address("node", 0, 1),
    Address("layer", 0),
)
LEFT, RIGHT, UP, DOWN, ESCAPE = (
    getattr(Qt.Key, f"Key_{k}") for k in ("Left", "Right", "Up", "Down", "Escape")
)


def start(updates=40):
    network = oracle.make_network([3, 4, 1], ["tanh", "identity"], [True, True], 5)
    return oracle.make_state(network, 11, 7, learning_rate=0.05, updates=updates)


def after(k):
    """Return the State after k updates, trained again."""
    return train(start(), updates=k).state if k else start()


@pytest.fixture
def show(bare, qtbot):
    """Return a function that shows the plot with a title for a selection in Explain: panel and document."""

    def show_it(state, title, *selection):
        own = bare(state)
        card = open_plot(own, (364, 330))
        own.runner.speed = 1.0

        def see(title=title, *selection):
            own.document.select(*selection)
            own.desk.frames.show_pending()
            pick(card.choice, title)
            settle()
            return card.view

        def settle():
            own.desk.frames.show_pending()
            qtbot.waitUntil(lambda: not card.view.work.busy)

        def run():
            with qtbot.waitSignal(own.runner.run_ended):
                own.runner.run()
            settle()

        card.see, card.settle, card.run = see, settle, run
        card.document, card.runner, card.frames = own.document, own.runner, own.desk.frames
        see(title, *selection)
        return card

    return show_it


def pressed(view, *keys):
    """Press keys on the plot, and return the lines that are read out."""
    view.plane.setFocus()
    for key in keys:
        QTest.keyClick(view.plane, key)
    return view.plane.readout.text().splitlines() if view.plane.readout.isVisible() else None


# --- numbers


def test_every_known_weight_and_loss_is_that_of_training_again_bit_for_bit(show):
    card = show(start(), "Over the run", WEIGHT)
    assert card.view.pages.empty.text() == PRESS_RUN.format("w (input_0 → node_0)")
    card.run()
    points = card.view.plane.lines[0].points
    assert points[[0, -1], 0].tolist() == [0, 40]
    assert len(points) > 30
    for iteration, value in points.tolist():
        assert value == after(int(iteration)).network.layers[0].weights[0, 0]
    history, axis = train(start(), updates=40).history, card.view.plane.loss_axis
    drawn = card.view.plane.loss.points
    assert drawn[:, 0].tolist() == history[:, 0].tolist()
    assert (drawn[:, 1] - axis.shift) / axis.times == pytest.approx(history[:, 1])
    reach = [[curve[:, 1].min(), curve[:, 1].max()] for curve in (drawn, points)]
    assert reach[0] == pytest.approx(reach[1]), "both are as high as the plot"


def test_mouse_and_keys_read_known_iterations_and_the_present_one_is_marked(show):
    card = show(start(), "Over the run", WEIGHT)
    card.run()
    plane = card.view.plane
    w, mse = (after(7).network.layers[0].weights[0, 0], after(7).loss())
    lines = ["iteration 7", f"w (input_0 → node_0) {as_text(w)}", f"MSE {as_text(mse)}"]
    assert hover(card.view, place(card.view, 7.2, w)) == lines
    assert pressed(card.view, RIGHT)[0] == "iteration 8"
    assert pressed(card.view, LEFT, LEFT, UP)[0] == "iteration 6"
    assert pressed(card.view, ESCAPE) is None
    assert pressed(card.view, RIGHT)[0] == "iteration 40", "from the ring, which is at the end"
    card.runner.scrub_to(13)
    card.settle()
    assert set(plane.present_line.points[:, 0]) == {13}
    assert plane.lines[0].points[-1, 0] == 40, "the rest of the run stays"
    assert plane.accessibleDescription().startswith("Iteration 13 of 40: w (input_0 → node_0) ")
    card.document.undo()
    card.document.undo()
    card.settle()
    assert set(plane.present_line.points[:, 0]) == {0}
    card.document.edit("Set", edits.set_value, WEIGHT, 9.0)
    card.settle()
    assert card.view.pages.empty.text().startswith("Press Run"), "an edit ends the run"


def test_two_weights_have_their_own_colour_dashes_and_name_in_both_themes(show, qapp):
    card = show(start(), "Over the run", WEIGHT)
    card.run()
    view = card.see("Over the run", WEIGHT, OTHER)
    values = [after(40).network.layers[0].weights[at] for at in ((0, 0), (1, 2))]
    assert [line.points[-1, 1] for line in view.plane.lines] == values
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        card.settle()
        one, two = (line.opts["pen"] for line in view.plane.lines)
        assert one.color() != two.color()
        assert one.style() != two.style()
        for pen in (one, two):
            assert f"color:{pen.color().name()}".lower() in view.plane.title.text.lower()
    assert "input_2" in hover(view, place(view, 3, values[1]))[2]
    view = card.see("Over the run", WEIGHT)
    assert len(view.plane.lines[1].points) == 0


def test_a_node_shows_a_of_the_selected_row(show):
    card = show(start(), "Over the run", NODE)
    card.run()
    for row in (0, 4):
        card.document.select_row(row)
        card.settle()
        for iteration, value in card.view.plane.lines[0].points.tolist():
            state = after(int(iteration))
            trace = state.network.forward(state.data.inputs[row : row + 1])
            assert value == trace.a[0][0, 1]
        assert card.view.plane.accessibleName() == f"a (node_1, row {row + 1}) over the iterations"
    card.document.show_what_if_row([0.5, 0.25, -1.0])
    card.settle()
    expected = after(40).network.forward([[0.5, 0.25, -1.0]]).a[0][0, 1]
    assert card.view.plane.lines[0].points[-1, 1] == expected
    own = card.document.state
    card.document.start(replace(own, data=Dataset(own.data.inputs[:0], own.data.targets[:0]), run=None))
    view = card.see("Over the run", NODE)
    assert view.pages.empty.text() == NO_ROWS


def test_a_run_of_an_opened_file_is_known_at_every_iteration(show):
    card = show(train(start(), updates=40).state, "Over the run", Address("bias", 0, 2))
    points = card.view.plane.lines[0].points
    assert points[:, 0].tolist() == [*range(41)]
    assert points[23, 1] == after(23).network.layers[0].biases[2]


# --- histograms


def numbers_of(title, state):
    """Return the numbers of the first layer that a histogram counts, computed independently."""
    if title == "Weights":
        return state.network.layers[0].weights
    if title == "Activations":
        return np.tanh(state.data.inputs @ state.network.layers[0].weights.T + state.network.layers[0].biases)
    return slopes(state.network, state.data.inputs, state.data.targets).layers[0].weights


def read_counts(view, iteration):
    """Return the iteration and the counts that the keys read out near a tick, and the edges of the bins."""
    pressed(view, ESCAPE)
    edges, axis = view.plane.outlines[0].points[::2, 0], view.plane.left
    hover(view, place(view, (edges[0] + edges[1]) / 2, (iteration - 0.5) * axis.times + axis.shift))
    lines = [view.plane.readout.text().splitlines()]
    lines += [pressed(view, RIGHT) for _ in edges[2:]]
    iterations = {line[0] for line in lines}
    assert len(iterations) == 1
    return int(iterations.pop().split()[1]), [int(line[2].split()[1]) for line in lines], edges


@pytest.mark.parametrize("title", ["Weights", "Slopes", "Activations"])
def test_counts_of_each_iteration_are_those_of_numpy(show, title):
    card = show(start(), title, LAYER)
    card.run()
    iterations = [0, 4, 9, 13, 18, 22, 27, 31, 36, 40]
    assert sum(outline.isVisible() for outline in card.view.plane.outlines) == len(iterations)
    for iteration in iterations:
        seen, counts, edges = read_counts(card.view, iteration)
        assert seen == iteration
        numbers = numbers_of(title, after(iteration))
        assert counts == np.histogram(numbers, edges)[0].tolist()
        assert sum(counts) == numbers.size


def test_a_layer_without_a_run_has_one_histogram_with_an_axis_of_counts(show):
    card = show(start(), "Weights", LAYER)
    plane, values = card.view.plane, start().network.layers[0].weights
    assert [outline.isVisible() for outline in plane.outlines] == [True]
    x, y = plane.outlines[0].points.T
    assert y[1:-1:2].tolist() == np.histogram(values, x[::2])[0].tolist()
    texts = [text for _, text in plane.left.ticks(0.0, float(y.max()), 200)]
    assert all(text.isdigit() for text in texts)
    assert plane.accessibleName() == "Weights: Hidden layer"
    assert (
        f"12 numbers in 13 bins of width 0.25 from {as_text(x[0])} to {as_text(x[-1])}"
        in plane.accessibleDescription()
    )
    assert pressed(card.view, RIGHT, UP)[0] == "iteration 0"


def test_the_displayed_iteration_is_filled_and_stays_when_the_theme_changes(show, qapp):
    card = show(start(), "Weights", LAYER)
    card.run()
    card.runner.scrub_to(20)
    card.settle()
    plane = card.view.plane
    shown = [outline for outline in plane.outlines if outline.isVisible()]
    assert len(shown) == 11, "the displayed iteration is one more"
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        card.settle()
        assert len({outline.opts["brush"].color().name() for outline in shown}) == 2
        filled = [
            k for k, own in enumerate(shown) if own.opts["brush"].color() != shown[0].opts["brush"].color()
        ]
        ends = [shown[k].points[0, 1] for k in filled]
        assert [(end - plane.left.shift) / plane.left.times for end in ends] == pytest.approx([20])
        assert len(colours_of(plane.grab().toImage())) > 3


def test_a_large_layer_is_counted_in_short_steps(show, qtbot):
    layer = Layer([f"node_{k}" for k in range(500)], "relu", np.random.default_rng(1).normal(size=(500, 400)))
    output = Layer(["output"], "identity", np.ones((1, 500)))
    inputs = [f"x_{k}" for k in range(400)]
    state = State(Network(inputs, [layer, output]), Dataset(np.ones((1, 400)), [[1.0]]))
    card = show(state, "Weights", LAYER)
    x, y = card.view.plane.outlines[0].points.T
    assert y[1:-1:2].tolist() == np.histogram(layer.weights, x[::2])[0].tolist()


def test_slopes_say_what_training_needs(show):
    state = start()
    card = show(replace(state, data=Dataset(state.data.inputs)), "Slopes", LAYER)
    assert card.view.pages.empty.text() == "There are no targets to train on: type targets in the data table."
    assert not card.see("Weights", LAYER).pages.empty.isVisible()


def test_a_chosen_plot_stays_for_every_selection_that_has_it(show):
    card = show(start(), "Over the run", WEIGHT)
    for address, title in (
        (NODE, "Over the run"),
        (LAYER, "Matrix"),
        (Address("bias", 0, 1), "Over the run"),
        (Address("node", -1, 0), "No plot"),
    ):
        card.document.select(address)
        card.frames.show_pending()
        assert card.choice.currentText() == title
    card.see("Weights", LAYER)
    card.document.select(WEIGHT)
    card.frames.show_pending()
    assert card.choice.currentText() == "Over the run"
