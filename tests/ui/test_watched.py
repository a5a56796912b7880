"""A training in a script as the window shows it: live, locked against edits, and kept when it has ended."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

from nnviz.core.network import Network
from nnviz.core.state import Dataset, State, Training
from nnviz.document.watched import SCRIPT_LOCK, WALK_HIDES_TRAINING
from nnviz.files import frames
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.diagram.heads import HeadButton
from nnviz.ui.panels.history import NO_LOSS
from nnviz.ui.panels.training import SCRIPT_TIP
from nnviz.ui.window.session import follow
from tests.ui.hands import (
    address_named,
    bring,
    choose,
    choose_in_table_menu,
    click,
    drag,
    press,
    set_number,
    shown,
    type_name,
)
from tests.ui.sees import explained, figure, offered, status, untrue, walking, written

NETWORK = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
STATE = State(NETWORK, Dataset([[3, 5], [1, -1]], [[60], [50]]), name="Training of loop.py")


class Script:
    """Stands in for a script that a window follows through a pipe."""

    def __init__(self, qtbot, window):
        reads, self._pipe = os.pipe()
        self._qtbot, self.window, self.stream = qtbot, window, os.fdopen(reads, "rb")
        follow(window, self.stream)

    def write(self, data):
        os.write(self._pipe, data)

    def update(self, iteration, output, loss=None):
        """Report an update with these output weights."""
        points = np.array([[iteration, iteration if loss is None else loss]], dtype=float)
        values = np.array([2, 4, 4, -5, *output], dtype=float)
        self.write(frames.frame_message(frames.Frame(iteration, points, values)))

    def shows(self, iteration, output, loss=None):
        """Report an update, and wait until the window shows it."""
        self.update(iteration, output, loss)
        sees(self._qtbot, self.window, iteration)

    def end(self, ending=""):
        self.write(frames.end_message(ending))

    def is_over(self):
        """Wait until the window has seen the end."""
        self._qtbot.waitUntil(lambda: not self.window.document.now.lock_reason)

    def ends(self, *outputs):
        """Report updates and the end, and wait until the window shows them."""
        for iteration, output in enumerate(outputs, 1):
            self.shows(iteration, output)
        self.end()
        self.is_over()

    def close(self):
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


@pytest.fixture
def watch(qtbot, afresh):
    """Return a function that has a window follow a new script from a State on: the window and the script."""
    scripts = []

    def watch_it(state=STATE):
        scripts.append(Script(qtbot, afresh(state)))
        return scripts[-1].window, scripts[-1]

    yield watch_it
    for script in scripts:
        script.close()
    for script in scripts:
        script.window.player.stop()
        script.is_over()
        script.stream.close()


def sees(qtbot, window, iteration):
    qtbot.waitUntil(lambda: figure(window, "Iteration").text == f"{iteration}")


def output_of(window):
    return window.document.state.network.layers[1].weights.tolist()


def weight_of(window):
    return address_named(window, "output", "node_0")


def test_all_follows_the_script_while_rows_are_chosen_and_notes_written(qtbot, watch, approved):
    window, script = watch()
    curve, seen = window.history.curve, []
    script.update(1, [2, 8], loss=9.0)
    script.shows(5, [3, 0], loss=0.5)
    assert written(window, weight_of(window)) == "3"
    assert shown(window, "value", "output") == "78"
    assert not untrue(window)
    assert window.document.state.loss() == np.mean(np.square([78 - 60, 0 - 50]))
    qtbot.waitUntil(lambda: len(curve.line.curve.points) == 2)
    assert curve.line.curve.points.tolist() == [[1, 9], [5, 0.5]]
    mse = figure(window, "MSE")
    told = [curve.accessibleDescription(), mse.accessibleName(), mse.toolTip(), curve.toolTip()]
    QTest.keyClick(curve, Qt.Key.Key_Left)
    approved("the script's loss", "\n---\n".join((*told, curve.readout.text())))
    window.document.changed.connect(lambda _, new: seen.append(new.state.iteration))
    for iteration in range(6, 506):
        script.update(iteration, [iteration, 1])
    sees(qtbot, window, 505)
    assert len(seen) < 250, "the newest of many frames is shown"
    assert window.runner.travel.history.points[:, 0].tolist() == [1, *range(5, 506)]
    _, script = watch()
    window.document.select_row(1)
    click(window, address_named(window, "output"))
    script.shows(1, [2, 8])
    qtbot.waitUntil(lambda: "8" in explained(window))
    assert window.document.edit_below_run(
        "Notes", lambda old, text: replace(old, notes=text), "Mine", "notes"
    )
    script.shows(2, [2, 9])
    assert (window.document.now.row, window.document.state.notes) == (1, "Mine")
    qtbot.waitUntil(lambda: "81" in explained(window))  # node_1 is 4·1 + 5·1 = 9, times 9
    click(window, weight_of(window))
    alike = []

    def look(*_):
        weight = explained(window).split("w = ")[1].split("\n")[0]
        ring = window.history.curve.accessibleDescription().split()[-1]
        alike.append((figure(window, "Iteration").text, weight, ring))

    window.document.changed.connect(look)
    for iteration in range(3, 9):
        script.shows(iteration, [iteration, 7])
    window.document.changed.disconnect(look)
    assert alike == [(f"{iteration}",) * 3 for iteration in range(3, 9)]


TRIES = {
    "weight": lambda window: click(window, weight_of(window)),
    **{
        entry: lambda window, entry=entry: offered(window, entry).trigger()
        for entry in ("Run or pause", "One update", "Restart", "One back", "New random weights")
    },
    "row": lambda window: window.data.table.remove_requested.emit(),
    "CSV": lambda window: window.files.load_table(Path("rows.csv")),
    "paste": lambda window: window.data.table.paste_requested.emit(),
    "paste a table": lambda window: choose_in_table_menu(window, "Paste as a table…"),
    "ring": lambda window: window.runner.scrub_to(0),
    "rate": lambda window: window.training.fields.accepted.emit(Training(updates=7)),
}


def test_nothing_can_be_changed_before_it_has_ended_and_the_window_says_why(qtbot, watch, approved):
    window, script = watch()
    script.shows(1, [2, 8])
    before, wrong = window.document.state, []
    for name, tries in TRIES.items():
        window.status.show_message("")
        tries(window)
        if (
            status(window) != SCRIPT_LOCK
            or window.diagram.session.open
            or window.document.state is not before
        ):
            wrong.append((name, status(window)))
    assert wrong == []
    script.shows(2, [2, 9])
    _, script = watch()
    panel, names = window.training, ("Add", "Remove", "New random weights")
    fields = panel.fields
    buttons = [
        *(button for button in window.main_window.findChildren(QPushButton) if button.text() in names),
        *(button for button in window.diagram.findChildren(HeadButton) if button.isVisible()),
        window.training.timeline,
        offered(window, "Undo"),
    ]
    numbers = (fields.learning_rate, fields.updates, fields.batch, fields.seed)
    settings = [*numbers, fields.optimizer, panel.speed]
    assert len(buttons) == 3 + 3 * 3 + 2 + 2
    click(window, weight_of(window))
    script.shows(1, [2, 8])
    assert {(button.isEnabled(), button.toolTip()) for button in buttons} == {(False, SCRIPT_LOCK)}
    assert {(field.isEnabled(), field.toolTip()) for field in settings} == {(False, SCRIPT_TIP)}
    bring(window, "Explain")
    qtbot.waitUntil(lambda: "The script makes the next update" in explained(window))
    assert "learning_rate" not in explained(window)
    script.ends()
    assert [button.toolTip() for button in buttons if not button.isEnabled()] == ["Remove the last output"]
    assert not {SCRIPT_LOCK, SCRIPT_TIP} & {own.toolTip() for own in (*buttons, *settings)}
    assert all(field.isEnabled() for field in settings)
    approved("the settings after a training", panel.message.label.text())
    qtbot.waitUntil(lambda: "Next update by nnviz" in explained(window))
    assert "nnviz uses its own settings, not those of the script" in explained(window)
    press(window, "One update")
    qtbot.waitUntil(lambda: "Next update by nnviz" not in explained(window))
    assert "Next update" in explained(window)


def test_when_it_has_ended_one_can_go_back_save_edit_and_run(qtbot, watch, answer, tmp_path, approved):
    window, script = watch()
    script.ends([2, 8], [2, 9], [2, 10])
    told = [status(window)]
    assert offered(window, "Undo").text().replace("&", "") == "Undo Watched training"
    offered(window, "Undo").trigger()
    assert window.document.state.network == NETWORK
    assert not offered(window, "Undo").isEnabled()
    offered(window, "Redo").trigger()
    assert output_of(window) == [[2, 10]]
    press(window, "One back")
    assert output_of(window) == [[2, 9]]
    approved("a training that has ended, and one back", "\n".join((*told, status(window))))
    press(window, "Restart")
    assert window.document.state.network == NETWORK
    window.runner.scrub_to(3)
    assert output_of(window) == [[2, 10]]
    answer(QFileDialog, type_name(tmp_path / "loss.csv"))
    window.history.export_csv()
    assert (tmp_path / "loss.csv").read_text() == "iteration,loss\n1,1.0\n2,2.0\n3,3.0\n"
    window.document.save(tmp_path / "trained.json")
    assert load(tmp_path / "trained.json").network.layers[1].weights.tolist() == [[2, 10]]
    set_number(window, weight_of(window), "5")
    assert output_of(window) == [[5, 10]]
    _, script = watch()
    curve = window.history.curve
    script.ends([2, 8], [2, 7])
    press(window, "One update")
    qtbot.waitUntil(lambda: not window.runner.running)
    state = window.document.state
    assert (state.iteration, state.run.start, state.runs) == (1, NETWORK, ())
    assert state.run.history.at(0) == (0, STATE.loss())
    qtbot.waitUntil(lambda: curve.accessibleDescription().startswith("MSE "))
    assert figure(window, "MSE").accessibleName() == "MSE"
    assert curve.toolTip().startswith("Drag the ring")
    offered(window, "Undo").trigger()
    qtbot.waitUntil(lambda: curve.accessibleDescription().startswith("loss "))


def test_all_is_free_after_a_drag_of_the_ring_and_after_stop_watching(qtbot, watch, approved):
    window, script = watch()
    curve = window.history.curve
    script.shows(10, [2, 10])
    script.shows(20, [2, 20])
    qtbot.waitUntil(lambda: len(curve.line.curve.points) == 2)
    window.main_window.grab()
    drag(curve.viewport(), curve.present().toPoint(), -60)
    script.ends()
    assert window.training.fields.learning_rate.isEnabled()
    assert offered(window, "Undo").isEnabled()
    assert "nnviz continues with its own settings" in window.training.message.label.text()
    window.runner.scrub_to(15)
    assert output_of(window) == [[2, 10]], "between frames the one before is gone back to"
    _, script = watch()
    script.shows(1, [2, 8])
    assert offered_buttons(window) == ["Stop watching"]
    press(window, "Stop watching")
    assert "Run" in offered_buttons(window)
    assert "Stop watching" not in offered_buttons(window)
    approved("watching is stopped", status(window))
    set_number(window, weight_of(window), "5")
    for iteration in range(2, 100):
        script.update(iteration, [2, 9])
    script.end()
    press(window, "One update")
    qtbot.waitUntil(lambda: not window.runner.running)
    assert window.document.state.iteration == 1

    _, script = watch()
    script.shows(1, [2, 8])
    other = load(example("relu").path)
    window.document.start(other, example=True)  # another document takes its place
    script.update(2, [2, 9])
    assert not window.document.now.lock_reason
    press(window, "One update")
    sees(qtbot, window, 1)
    assert window.document.state.data is other.data


def test_that_the_curve_is_not_kept_is_said_before_a_save_and_once(
    watch, tmp_path, monkeypatch, answer, approved
):
    window, script = watch()
    where, told, asked = "nnviz.ui.window.files.ask_save_path", [], []
    script.shows(1, [2, 8])
    monkeypatch.setattr(where, lambda *_: tmp_path / "trained.json")
    answer(QMessageBox, choose("Cancel", told))
    window.files.ask_save()
    assert list(tmp_path.iterdir()) == []
    answer(QMessageBox, choose("Save"))
    window.files.ask_save()
    told.append(status(window))
    script.shows(2, [2, 9])
    window.files.save()
    assert load(tmp_path / "trained.json").network.layers[1].weights.tolist() == [[2, 9]]
    assert not window.main_window.isWindowModified()
    approved("a save as JSON while a training goes on", "\n".join(told))
    script.ends()

    _, script = watch()
    script.ends([2, 8])
    answer(QMessageBox, choose("Cancel", asked))
    window.main_window.close()
    approved("leaving a training that has ended", asked.pop())
    monkeypatch.setattr(where, lambda *_: tmp_path / "w.npz")
    answer(QMessageBox, choose("Save as nnviz JSON", asked))
    window.files.ask_save()
    approved("a save as NPZ", f"{asked.pop()}\n{status(window)}")


ENDS = {
    "KeyboardInterrupt": lambda script: script.end("The training stopped with KeyboardInterrupt"),
    "a script that is gone": lambda script: script.close(),
    "garbled": lambda script: script.write(b"garbled" * 4),
}


def offered_buttons(window):
    """Return the texts of the visible buttons that start a run."""
    buttons = window.training.run_buttons.findChildren(QPushButton)
    return [button.text() for button in buttons if button.isVisible() and button.text()]


def test_it_may_end_in_any_way_and_during_a_walk(qtbot, watch, approved):
    window, script = watch()
    told = []
    for name, ends in ENDS.items():
        script.shows(1, [2, 8])
        ends(script)
        script.is_over()
        told.append(f"{name}: {status(window)}")
        assert output_of(window) == [[2, 8]]
        set_number(window, weight_of(window), "5")
        assert output_of(window) == [[5, 8]]
        _, script = watch()
    approved("ends of a training", "\n".join(told))
    window.player.step()
    script.update(1, [2, 8])
    qtbot.waitUntil(lambda: status(window) == WALK_HIDES_TRAINING)
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)
    sees(qtbot, window, 1)
    assert status(window) != WALK_HIDES_TRAINING
    window.player.step()
    assert walking(window)
    script.update(2, [2, 9])
    script.update(3, [2, 10])
    qtbot.waitUntil(lambda: status(window) == WALK_HIDES_TRAINING)
    script.end()
    assert walking(window)
    assert figure(window, "Iteration").text == "1"
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)
    sees(qtbot, window, 3)
    qtbot.waitUntil(lambda: "3 updates" in status(window))
    approved("a walk while a training goes on", f"{WALK_HIDES_TRAINING}\n{status(window)}")


def test_a_click_on_stop_that_comes_after_the_end_changes_nothing(qtbot, watch):
    window, script = watch()
    script.shows(1, [2, 8])
    stop, screen = window.training.run_buttons, window.main_window.windowHandle()

    def go_there():  # again, where the panel has grown meanwhile by what it says
        QCursor.setPos(stop.mapToGlobal(stop.rect().center()))
        return stop.underMouse()

    def click_there():
        at = stop.mapTo(window.main_window, stop.rect().center())
        QTest.mouseClick(screen, Qt.MouseButton.LeftButton, pos=at)

    qtbot.waitUntil(go_there)
    script.ends()
    ended = window.document.state
    click_there()
    assert window.document.state is ended
    QCursor.setPos(0, 0)
    qtbot.waitUntil(stop.isEnabled)
    click_there()
    qtbot.waitUntil(lambda: window.document.state is not ended)


def test_weights_and_losses_that_are_no_numbers_are_told(qtbot, watch, approved):
    window, script = watch()
    curve = window.history.curve
    script.shows(1, [2, 8])
    script.update(2, [np.nan, 8], loss=np.inf)
    script.is_over()
    script.update(3, [2, 9])  # is not shown any more
    assert output_of(window) == [[2, 8]]
    assert figure(window, "Iteration").text == "1"
    qtbot.waitUntil(
        lambda: curve.accessibleDescription().endswith("loss 1 at iteration 1, loss ∞ at iteration 2")
    )
    told = [status(window)]
    press(window, "Restart")
    window.runner.scrub_to(1)
    approved("weights that are no numbers", "\n".join((*told, status(window))))
    _, script = watch()
    curve, empty = window.history.curve, window.history.pages.empty
    script.shows(1, [2, 8], loss=np.inf)
    qtbot.waitUntil(lambda: "∞" in empty.text())
    told = [empty.text()]
    for iteration, loss in ((2, 1.0), (3, 8.0), (4, np.nan), (5, np.inf)):
        script.update(iteration, [2, 8], loss=loss)
    script.ends()
    qtbot.waitUntil(lambda: curve.accessibleDescription() == "loss ∞ at iteration 1, loss ∞ at iteration 5")
    approved("a loss that is no number", "\n".join((*told, status(window))))
    (first, last), (low, high) = curve.view()
    assert first <= 0 < 5 <= last < 6
    assert -1 < low <= 0 < 8 <= high < 9
    assert curve.viewport().rect().contains(curve.present().toPoint())


def test_without_rows_the_weights_are_followed_and_the_plot_says_what_it_waits_for(qtbot, watch, approved):
    state = State(NETWORK, Dataset.empty(NETWORK), name="loop.py", notes="Assumed: relu.")
    window, script = watch(state)
    approved("the start of a training", status(window))
    qtbot.waitUntil(lambda: window.history.pages.empty.text() == NO_LOSS)
    script.shows(1, [2, 8])
    assert written(window, address_named(window, "output", "node_1")) == "8"
    assert figure(window, "MSE").text == "–"
