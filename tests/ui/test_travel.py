"""Back and forth in a run, by the buttons, the mouse and the keys of the training panel."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from nnviz.core import edits
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.job import Limits
from nnviz.document.training.runner import Runner
from nnviz.ui.training.panel import TrainingPanel
from nnviz.ui.training.timeline import HANDLE_PX
from tests.ui import hands, sees
from tests.ui.sees import status

LEFT = Qt.MouseButton.LeftButton


def slopes_exercise(updates=20):
    """Every update takes the error times 0.72: the MSE after k updates is 49 · 0.72^2k."""
    network = Network.from_weights({"output": [0, 2, 1]})
    data = Dataset(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0]]))
    return State(network, data, Training(learning_rate=0.01, updates=updates))


@pytest.fixture
def document():
    return Document(slopes_exercise())


@pytest.fixture
def open_panel(qtbot, document):
    """Return a function that opens the panel of a Runner, at full speed."""
    panels = []

    def open_panel(runner):
        selection = Selection(document)
        panel = TrainingPanel(document, runner, selection, Derived(document, selection))
        panel.resize(364, 330)
        qtbot.addWidget(panel)
        panel.show()
        panel.speed.setValue(100)
        panels.append(panel)
        return panel

    yield open_panel
    for panel in panels:
        panel.runner.pause()
        panel.hide()


@pytest.fixture
def panel(document, open_panel):
    return open_panel(Runner(document))


@pytest.fixture
def run(qtbot, panel):
    """Press Run, wait, and return the States that were shown, by iteration."""

    def run():
        seen = {}

        def keep(_old, new):
            seen[new.iteration] = new

        panel._document.state_changed.connect(keep)
        with qtbot.waitSignal(panel.runner.run_ended):
            click(qtbot, panel.verbs.run)
        return seen

    return run


def click(qtbot, button):
    qtbot.mouseClick(button, LEFT)


def place(timeline, iteration):
    room = timeline.width() - HANDLE_PX
    return QPoint(HANDLE_PX // 2 + round(room * iteration / timeline.maximum()), timeline.height() // 2)


def drag(qtbot, timeline, *iterations):
    """Press the mouse at the first iteration, go through the others, and let it go at the last."""
    qtbot.mousePress(timeline, LEFT, pos=place(timeline, iterations[0]))
    for iteration in iterations[1:]:
        qtbot.mouseMove(timeline, place(timeline, iteration))
    qtbot.mouseRelease(timeline, LEFT, pos=place(timeline, iterations[-1]))


def weights(state):
    return [layer.weights.tobytes() for layer in state.network.layers]


def test_back_takes_one_update_of_a_run_back(qtbot, panel, run):
    run()
    for k in (19, 18, 17):
        click(qtbot, panel.verbs.back)
        assert panel.figures.iteration.text == str(k)
        told = float(panel.figures.loss.toolTip().rpartition(": ")[2])
        assert told == pytest.approx(49 * 0.72 ** (2 * k), rel=1e-9)


def test_back_shows_the_very_numbers_that_the_steps_had(qtbot, document, panel):
    document.start(replace(slopes_exercise(), training=Training(0.01, optimizer="adam")))
    seen = [document.state]
    for _ in range(6):
        click(qtbot, panel.verbs.step)
        seen.append(document.state)
    for then in reversed(seen[:-1]):
        click(qtbot, panel.verbs.back)
        assert weights(document.state) == weights(then)
        assert document.state.iteration == then.iteration
    assert not panel.verbs.back.isEnabled()


def test_a_changed_setting_leaves_back_as_it_is_and_stays(qtbot, document, panel):
    click(qtbot, panel.verbs.step)
    one = document.state
    click(qtbot, panel.verbs.step)
    panel.runner.set_training(replace(document.state.training, learning_rate=0.02, optimizer="momentum"))
    assert panel.verbs.back.isEnabled()
    click(qtbot, panel.verbs.back)
    assert weights(document.state) == weights(one)
    assert document.state.training.learning_rate == 0.02
    click(qtbot, panel.verbs.step)
    assert panel.figures.row_error.text == "2.2176"  # 5.04 · (1 − 28 · 0.02)


def test_every_back_is_an_undo_entry_like_every_step(qtbot, document, panel, run):
    run()
    end = document.state
    click(qtbot, panel.verbs.back)
    click(qtbot, panel.verbs.back)
    assert document.undo_text() == "Back to iteration 18"
    document.undo()
    assert document.state.iteration == 19
    document.undo()
    assert document.state is end


def test_an_edit_has_nothing_to_go_back_to(qtbot, document, panel):
    click(qtbot, panel.verbs.step)
    document.push(edits.set_weight(document.state, 0, 0, 0, 1.5), "Edit")
    assert not panel.verbs.back.isEnabled()
    assert not panel.verbs.restart.isEnabled()
    assert not panel.timeline.isVisible()
    edited = document.state
    panel.runner.back()
    assert document.state is edited


def test_the_timeline_comes_with_the_first_update_and_is_as_long_as_the_run(qtbot, panel, run):
    assert not panel.timeline.isVisible()
    click(qtbot, panel.verbs.step)
    assert panel.timeline.isVisible()
    assert (panel.timeline.value(), panel.timeline.maximum()) == (1, 1)
    run()
    assert (panel.timeline.value(), panel.timeline.maximum()) == (21, 21)


def test_during_a_run_the_timeline_goes_to_where_the_run_will_end(qtbot, document, panel):
    panel.speed.setValue(50)
    click(qtbot, panel.verbs.run)
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    assert panel.timeline.maximum() == 20
    assert panel.timeline.value() == document.state.iteration
    click(qtbot, panel.verbs.run)
    assert panel.timeline.maximum() == document.state.iteration


def test_the_timeline_is_painted_only_where_its_handle_moves(qtbot, qapp, panel):
    painted = []

    class Painted(QObject):
        def eventFilter(self, watched, event):  # noqa: N802
            if event.type() == QEvent.Type.Paint:
                painted.append(watched.value())
            return False

    watch = Painted()
    panel.timeline.installEventFilter(watch)
    panel.timeline.show_iteration(0, 1_000_000)
    qtbot.waitUntil(lambda: painted == [0])
    for iteration in (1, 2, 500_000, 500_001, 499_000, 1_000_000):
        panel.timeline.show_iteration(iteration, 1_000_000)
        assert panel.timeline.value() == iteration
        qapp.processEvents()
    assert painted == [0, 500_000, 499_000, 1_000_000]


def test_a_drag_goes_through_the_run_and_is_one_undo_entry(qtbot, document, panel, run):
    run()
    end = document.state
    drag(qtbot, panel.timeline, 20, 15, 4, 7)
    qtbot.waitUntil(lambda: panel.figures.iteration.text == "7")  # a busy machine computes it in slices
    assert document.state.run.history.last == (7, pytest.approx(49 * 0.72**14))
    drag(qtbot, panel.timeline, 7, 12)
    qtbot.waitUntil(lambda: panel.figures.iteration.text == "12")
    document.undo()
    assert panel.figures.iteration.text == "7"
    document.undo()
    assert document.state is end
    assert panel.timeline.value() == 20


def test_the_panel_says_how_far_the_run_goes_beyond_what_is_shown(qtbot, panel, run):
    run()
    assert panel.figures.iteration.accessibleName() == "Iteration"
    click(qtbot, panel.verbs.back)
    assert panel.figures.iteration.accessibleName() == "Iteration of 20"


def test_keys_go_by_one_update_and_to_both_ends(qtbot, document, panel, run):
    run()
    end = document.state
    panel.timeline.setFocus()
    for key, iteration in (
        (Qt.Key.Key_Left, 19),
        (Qt.Key.Key_Left, 18),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_PageUp, 3),
    ):
        qtbot.keyClick(panel.timeline, key)
        assert document.state.iteration == iteration
    qtbot.keyClick(panel.timeline, Qt.Key.Key_End)
    assert weights(document.state) == weights(end)
    assert document.state.run is end.run


def test_restart_and_then_the_end_of_the_timeline_is_the_end_of_the_run(qtbot, document, panel, run):
    run()
    end = document.state
    click(qtbot, panel.verbs.restart)
    assert (panel.figures.iteration.text, panel.figures.loss.text) == ("0", "49")
    assert not panel.verbs.back.isEnabled()
    click_at = place(panel.timeline, 20)
    qtbot.mouseClick(panel.timeline, LEFT, pos=click_at)
    assert weights(document.state) == weights(end)


def test_an_undone_run_can_be_gone_through_until_something_else_is_opened(qtbot, document, panel, run):
    seen = run()
    document.undo()
    assert (panel.timeline.value(), panel.timeline.maximum()) == (0, 20)
    drag(qtbot, panel.timeline, 0, 20)
    assert weights(document.state) == weights(seen[20])
    document.start(slopes_exercise())
    assert not panel.timeline.isVisible()


def test_a_step_from_the_past_goes_the_same_way_again(qtbot, document, panel, run):
    seen = run()
    drag(qtbot, panel.timeline, 20, 5)
    click(qtbot, panel.verbs.step)
    assert (panel.timeline.value(), panel.timeline.maximum()) == (6, 20)
    drag(qtbot, panel.timeline, 6, 20)
    assert weights(document.state) == weights(seen[20])


def test_a_step_at_another_learning_rate_is_a_new_end(qtbot, document, panel, run):
    run()
    drag(qtbot, panel.timeline, 20, 5)
    panel.runner.set_training(replace(document.state.training, learning_rate=0.02))
    assert panel.timeline.maximum() == 20
    click(qtbot, panel.verbs.step)
    assert (panel.timeline.value(), panel.timeline.maximum()) == (6, 6)


def test_dragging_during_a_run_pauses_it(qtbot, document, panel):
    panel.speed.setValue(50)
    click(qtbot, panel.verbs.run)
    qtbot.waitUntil(lambda: document.state.iteration >= 3)
    qtbot.mousePress(panel.timeline, LEFT, pos=place(panel.timeline, 1))
    assert not panel.runner.running
    assert document.state.iteration == 1
    qtbot.mouseRelease(panel.timeline, LEFT, pos=place(panel.timeline, 1))


def test_the_way_back_in_a_long_run_is_computed_while_the_window_goes_on(
    qtbot, monkeypatch, document, open_panel
):
    monkeypatch.setattr("nnviz.document.training.job.AT_ONCE_S", 0.0)
    panel = open_panel(Runner(document, Limits(long_unit_s=0.0)))  # too long for a frame is every unit
    document.start(slopes_exercise(updates=60_000))
    document.push(edits.set_training(document.state, Training(1e-6, 60_000)), "Change learning rate")
    document.push(train(document.state).state, "Run")
    panel.timeline.setFocus()
    with qtbot.waitSignal(panel.runner.travel.rested):
        qtbot.keyClick(panel.timeline, Qt.Key.Key_Left)
        assert document.state.iteration == 60_000
    assert document.state.iteration == panel.timeline.value() == 59_999
    assert document.state.run.history.last[1] == pytest.approx(49 * (1 - 28e-6) ** (2 * 59_999), rel=1e-6)


@pytest.fixture
def after_run(qtbot, open_window):
    """Return a function that opens a window on a State and presses Run there, and waits for the end."""

    def open_it(state):
        window = open_window(state)
        window.runner.speed = 1.0
        with qtbot.waitSignal(window.runner.run_ended):
            hands.press(window, "Run")
        return window

    return open_it


def test_an_edit_in_the_past_that_is_undone_leaves_the_rest_of_the_run(qtbot, after_run):
    window = after_run(slopes_exercise())
    end = window.document.state
    timeline = window.training.timeline
    qtbot.mouseClick(timeline, LEFT, pos=place(timeline, 10))
    hands.set_number(window, hands.address_named(window, "output", "input_0"), "5")
    assert not timeline.isVisible()
    hands.choose_entry(window, "Undo")
    assert (timeline.value(), timeline.maximum()) == (10, 20)
    qtbot.mouseClick(timeline, LEFT, pos=place(timeline, 20))
    assert weights(window.document.state) == weights(end)


def test_undo_says_how_many_updates_of_a_run_were_made(qtbot, open_window):
    window = open_window(slopes_exercise(updates=500))
    hands.press(window, "Run")
    qtbot.waitUntil(lambda: window.document.state.iteration >= 3)
    hands.press(window, "Pause")
    made = window.document.state.iteration
    assert 3 <= made < 500
    assert f"Run of {made} updates" in sees.offered(window, "Undo").toolTip()
    hands.choose_entry(window, "Undo")
    assert status(window) == f"Undone: Run of {made} updates"
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.speed = 1.0
        hands.press(window, "Run")
    hands.choose_entry(window, "Undo")
    assert status(window) == "Undone: Run of 500 updates"


def test_the_curve_the_timeline_and_the_next_update_are_there_after_reopening(
    qtbot, after_run, answer, tmp_path
):
    window = after_run(slopes_exercise())
    answer(QFileDialog, hands.type_name(tmp_path / "mine.json"))
    hands.choose_entry(window, "Save as…")
    window.runner.step()
    next_one = window.document.state
    window.document.undo()

    window.files.open_example("xor")
    assert not window.training.timeline.isVisible()
    window.files.open(tmp_path / "mine.json")
    timeline = window.training.timeline
    assert (timeline.value(), timeline.maximum()) == (20, 20)
    assert len(window.history.curve.curve()) == 21
    window.runner.step()
    assert weights(window.document.state) == weights(next_one)
    qtbot.mouseClick(timeline, LEFT, pos=place(timeline, 0))
    assert window.document.state.network.layers[0].weights.tolist() == [[0, 2, 1]]
    assert sees.figure(window, "MSE").text == "49"


def test_the_status_line_says_where_one_has_come_to(after_run):
    window = after_run(slopes_exercise())
    hands.press(window, "One back")
    assert status(window) == "Iteration 19 of 20: MSE 0.0001857"
    hands.press(window, "Restart")
    assert status(window) == "Iteration 0 of 20: MSE 49"
    hands.press(window, "New random weights")
    assert status(window) == "Random weights of seed 1"


def test_a_save_at_an_earlier_iteration_says_so_and_the_file_leads_to_the_others(
    qtbot, after_run, answer, tmp_path
):
    window = after_run(replace(slopes_exercise(), training=Training(0.01, optimizer="adam")))
    end = window.document.state
    timeline = window.training.timeline
    qtbot.mouseClick(timeline, LEFT, pos=place(timeline, 5))
    answer(QFileDialog, hands.type_name(tmp_path / "mine.json"))
    hands.choose_entry(window, "Save as…")
    at = "at iteration 5 of the run's 20"
    assert status(window) == f"Saved mine.json {at}; Run makes the same updates again from there"
    window.runner.set_training(replace(end.training, learning_rate=0.02))
    hands.choose_entry(window, "Save")
    assert status(window) == f"Saved mine.json {at}"
    window.document.undo()
    hands.choose_entry(window, "Save")
    window.files.open(tmp_path / "mine.json")
    hands.choose_entry(window, "Save")
    assert status(window) == "Saved mine.json"
    with qtbot.waitSignal(window.runner.run_ended):
        hands.press(window, "Run")
    qtbot.mouseClick(timeline, LEFT, pos=place(timeline, 20))
    assert window.document.state.iteration == 20
    assert weights(window.document.state) == weights(end)
