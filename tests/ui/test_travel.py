"""Back and forth in a run, by the buttons, the mouse and the keys of the training panel."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from nnviz.core import edits
from nnviz.core.numbers import as_text, parse_number
from nnviz.core.state import Training
from nnviz.core.train import train
from nnviz.document.document import Document
from nnviz.document.job import USUAL_LIMITS, Limits
from nnviz.document.training import Runner
from nnviz.ui.kit.desk import Desk
from nnviz.ui.panels.training import HANDLE_PX, TrainingPanel
from tests.core.oracle import set_weight
from tests.ui import hands, sees
from tests.ui.bare import Seen
from tests.ui.runs import exercise, mse_after, weights
from tests.ui.sees import status

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def document():
    return Document(exercise())


@pytest.fixture
def open_panel(qtbot, document):
    """Return a function that opens the panel of a Runner with `limits`, at full speed."""
    panels = []

    def open_panel(limits=USUAL_LIMITS):
        desk = Desk(document)
        desk.runner = Runner(document, limits)
        panel = TrainingPanel(desk)
        panel.desk = desk
        panel.resize(364, 330)
        qtbot.addWidget(panel)
        panel.show()
        desk.frames.add(panel)
        panel.speed.setValue(100)
        panels.append(panel)
        return Seen(panel)

    yield open_panel
    for panel in panels:
        panel.runner.pause()
        panel.desk.frames.remove(panel)
        panel.hide()


@pytest.fixture
def panel(document, open_panel):
    return open_panel()


def click(button):
    QTest.mouseClick(button, LEFT)


@pytest.fixture
def run(qtbot, document, panel):
    """Return a function that presses Run and waits for the end: the State there."""

    def run():
        with qtbot.waitSignal(panel.runner.run_ended):
            click(panel.run_buttons.run)
        return document.state

    return run


def place(timeline, iteration):
    room = timeline.width() - HANDLE_PX
    return QPoint(HANDLE_PX // 2 + round(room * iteration / timeline.maximum()), timeline.height() // 2)


def shown(panel):
    """Return the iteration that the timeline shows, and its last one."""
    return panel.timeline.value(), panel.timeline.maximum()


def drag(timeline, *iterations):
    """Press the mouse at the first iteration, go through the others, and let it go at the last."""
    QTest.mousePress(timeline, LEFT, pos=place(timeline, iterations[0]))
    for iteration in iterations[1:]:
        QTest.mouseMove(timeline, place(timeline, iteration))
    QTest.mouseRelease(timeline, LEFT, pos=place(timeline, iterations[-1]))


def test_back_keys_and_a_drag_go_through_a_run_each_as_one_undo_entry(qtbot, document, panel, run):
    end, timeline = run(), panel.timeline
    captions = [panel.figures.iteration.accessibleName()]

    def goes(iteration):
        qtbot.waitUntil(lambda: panel.figures.iteration.text == str(iteration))  # perhaps in slices
        assert document.state.iteration == timeline.value() == iteration
        told = parse_number(panel.figures.loss.toolTip().rpartition(": ")[2])
        assert told == pytest.approx(mse_after(iteration), rel=1e-9)
        assert document.state.run.history.last == (iteration, pytest.approx(mse_after(iteration)))

    for iteration in (19, 18, 17):
        click(panel.run_buttons.back)
        goes(iteration)
        assert document.undo_text() == f"Back to iteration {iteration}"
    captions.append(panel.figures.iteration.accessibleName())
    assert captions == ["Iteration", "Iteration of 20"]
    for iterations in ((17, 15, 4, 7), (7, 12)):
        drag(timeline, *iterations)
        goes(iterations[-1])
    for iteration in (7, 17, 18, 19, 20):
        document.undo()
        goes(iteration)
    assert document.state is end
    timeline.setFocus()
    for key, iteration in (("Left", 19), ("Left", 18), ("Home", 0), ("Right", 1), ("PageUp", 3), ("End", 20)):
        QTest.keyClick(timeline, getattr(Qt.Key, f"Key_{key}"))
        goes(iteration)
    assert weights(document.state) == weights(end)
    assert document.state.run is end.run


def test_an_edit_ends_the_way_back_and_a_setting_does_not(document, panel):
    for _ in range(2):
        click(panel.run_buttons.step)
    panel.runner.set_training(replace(document.state.training, learning_rate=0.02, optimizer="momentum"))
    click(panel.run_buttons.back)
    assert (panel.figures.loss.text, document.state.training.learning_rate) == ("25.4016", 0.02)
    click(panel.run_buttons.step)
    assert panel.figures.loss.text == as_text(2.2176**2)  # 5.04 · (1 − 28 · 0.02) is the error
    document.push(set_weight(document.state, 0, 0, 0, 1.5), "Edit")
    edited = document.state
    assert not panel.run_buttons.back.isEnabled()
    assert not panel.run_buttons.restart.isEnabled()
    assert not panel.timeline.isVisible()
    panel.runner.back()
    assert document.state is edited


def test_the_timeline_comes_with_the_first_update_and_goes_to_the_end_of_the_run(qtbot, document, panel, run):
    assert not panel.timeline.isVisible()
    height = panel.sizeHint().height()
    click(panel.run_buttons.step)
    assert panel.timeline.isVisible()
    assert panel.sizeHint().height() == height, "the panels below do not move"
    assert shown(panel) == (1, 1)
    run()
    assert shown(panel) == (21, 21)
    panel.speed.setValue(50)
    click(panel.run_buttons.run)
    qtbot.waitUntil(lambda: document.state.iteration >= 23)
    assert shown(panel) == (document.state.iteration, 41)
    click(panel.run_buttons.run)
    assert panel.timeline.maximum() == document.state.iteration
    click(panel.run_buttons.run)
    qtbot.waitUntil(lambda: document.state.iteration >= 25)
    QTest.mousePress(panel.timeline, LEFT, pos=place(panel.timeline, 1))
    assert (panel.runner.running, document.state.iteration) == (False, 1), "a drag pauses the run"
    QTest.mouseRelease(panel.timeline, LEFT, pos=place(panel.timeline, 1))


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
    for iteration in (1, 2, 500_000, 500_001, 490_000, 1_000_000):
        panel.timeline.show_iteration(iteration, 1_000_000)
        assert panel.timeline.value() == iteration
        qapp.processEvents()
    assert painted == [0, 500_000, 490_000, 1_000_000]


def test_a_run_can_be_gone_through_after_restart_and_undo_until_another_file(document, panel, run):
    end = run()
    click(panel.run_buttons.restart)
    assert (panel.figures.iteration.text, panel.figures.loss.text) == ("0", "49")
    assert not panel.run_buttons.back.isEnabled()
    QTest.mouseClick(panel.timeline, LEFT, pos=place(panel.timeline, 20))
    assert weights(document.state) == weights(end)
    for _ in range(3):
        document.undo()
    assert (document.undo_text(), *shown(panel)) == ("", 0, 20)
    drag(panel.timeline, 0, 20)
    assert weights(document.state) == weights(end)
    # a step from the past goes the same way, or at another rate begins a new run and keeps this one
    for rate, length in ((0.01, 20), (0.02, 1)):
        drag(panel.timeline, 20, 5)
        five = document.state
        panel.runner.set_training(replace(document.state.training, learning_rate=rate))
        assert panel.timeline.maximum() == 20
        click(panel.run_buttons.step)
        assert shown(panel) == ((6, 20) if length == 20 else (1, 1))
        drag(panel.timeline, 6 if length == 20 else 1, length)
        assert (weights(document.state) == weights(end)) == (length == 20)
    assert weights(replace(five, network=document.state.run.start)) == weights(five)
    (kept,) = document.state.runs
    assert weights(kept) == weights(end)
    document.start(exercise())
    assert not panel.timeline.isVisible()


def test_the_way_back_in_a_long_run_is_computed_while_the_window_goes_on(
    qtbot, monkeypatch, document, open_panel
):
    monkeypatch.setattr("nnviz.document.job.AT_ONCE_S", 0.0)
    panel = open_panel(Limits(long_unit_s=0.0))  # too long for a frame is every unit
    document.start(exercise(updates=10_000))
    document.push(edits.set_training(document.state, Training(1e-6, 10_000)), "Change learning rate")
    document.push(train(document.state).state, "Run")
    panel.timeline.setFocus()
    with qtbot.waitSignal(panel.runner.travel.rested):
        QTest.keyClick(panel.timeline, Qt.Key.Key_Left)
        assert document.state.iteration == 10_000
    assert document.state.iteration == panel.timeline.value() == 9_999
    assert document.state.run.history.last[1] == pytest.approx(49 * (1 - 28e-6) ** (2 * 9_999), rel=1e-6)
    with qtbot.waitSignal(panel.runner.travel.rested):
        QTest.mouseClick(panel.timeline, LEFT, pos=place(panel.timeline, 7_500))
    assert document.state.iteration == panel.timeline.value() == pytest.approx(7_500, abs=100)
    document.undo()
    assert document.state.iteration == 9_999


def run_to_end(qtbot, window):
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        hands.press(window, "Run")


def test_the_window_says_where_in_a_run_one_is_and_how_many_updates_were_made(qtbot, afresh, approved):
    window = afresh(exercise())
    run_to_end(qtbot, window)
    end = window.document.state
    told = []
    hands.unfold(window.training)
    for button in ("One back", "Restart", "New random weights"):
        hands.press(window, button)
        told.append(f"{button}: {status(window)}")
    approved("where in a run", "\n".join(told))
    for _ in range(3):
        window.undo()
    QTest.mouseClick(window.training.timeline, LEFT, pos=place(window.training.timeline, 10))
    hands.set_number(window, hands.address_named(window, "output", "input_0"), "5")
    assert not window.training.timeline.isVisible()
    hands.choose_entry(window, "Undo")
    assert shown(window.training) == (10, 20), "an undone edit leaves the rest of the run"
    QTest.mouseClick(window.training.timeline, LEFT, pos=place(window.training.timeline, 20))
    assert weights(window.document.state) == weights(end)

    window.document.start(exercise(updates=500))
    window.runner.speed = 0.5
    hands.press(window, "Run")
    qtbot.waitUntil(lambda: window.document.state.iteration >= 3)
    hands.press(window, "Pause")
    made = window.document.state.iteration
    assert 3 <= made < 500
    assert f"Run of {made} updates" in sees.offered(window, "Undo").toolTip()
    hands.choose_entry(window, "Undo")
    assert status(window) == f"Undone: Run of {made} updates"
    run_to_end(qtbot, window)
    hands.choose_entry(window, "Undo")
    assert status(window) == "Undone: Run of 500 updates"


def test_a_run_is_there_again_after_reopening_and_a_save_in_its_middle_says_so(
    qtbot, open_window, answer, tmp_path, approved
):
    start = replace(exercise(), training=Training(0.01, optimizer="adam"))
    window = open_window(start)
    document, files = window.document, window.files
    window.runner.set_training(replace(start.training, updates=20))
    run_to_end(qtbot, window)
    end = document.state
    window.runner.step()
    next_one = document.state
    document.undo()
    QTest.mouseClick(window.training.timeline, LEFT, pos=place(window.training.timeline, 5))
    answer(QFileDialog, hands.type_name(tmp_path / "mine.json"))
    hands.choose_entry(window, "Save as…")
    told = [status(window)]
    window.runner.set_training(replace(end.training, learning_rate=0.02))
    hands.choose_entry(window, "Save")
    told.append(status(window))
    document.undo()
    hands.choose_entry(window, "Save")
    files.open_example("xor")
    assert not window.training.timeline.isVisible()
    files.open(tmp_path / "mine.json")
    hands.choose_entry(window, "Save")
    told.append(status(window))
    approved("a save in the middle of a run, at another rate, and reopened", "\n".join(told))
    run_to_end(qtbot, window)
    QTest.mouseClick(window.training.timeline, LEFT, pos=place(window.training.timeline, 20))
    assert document.state.iteration == 20
    assert weights(document.state) == weights(end)
    document.save(tmp_path / "end.json")
    files.open_example("xor")
    files.open(tmp_path / "end.json")
    assert shown(window.training) == (20, 20)
    assert len(window.history.curve.line.curve.points) == 21
    window.runner.step()
    assert weights(document.state) == weights(next_one)
    QTest.mouseClick(window.training.timeline, LEFT, pos=place(window.training.timeline, 0))
    assert document.state.network.layers[0].weights.tolist() == [[0, 2, 1]]
    assert sees.figure(window, "MSE").text == "49"
