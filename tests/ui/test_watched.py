"""A training in a script as the window shows it: live, held against edits, and kept when it has ended."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.document.training.watched import HELD, STILL
from nnviz.files import frames
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.diagram.heads import HeadButton
from nnviz.ui.plots.history_plot import NO_LOSS
from nnviz.ui.training.panel import NOT_YET
from nnviz.ui.window.watching import follow
from tests.ui.hands import address_named, choose, click, drag, press, set_number, shown
from tests.ui.sees import explained, figure, offered, status, untrue, walking, written

NETWORK = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
STATE = State(NETWORK, Dataset([[3, 5], [1, -1]], [[60], [50]]), name="Training of loop.py")


class Script:
    """Stands in for a script: a pipe into the window."""

    def __init__(self, pipe):
        self._pipe = pipe

    def _write(self, data):
        os.write(self._pipe, data)

    def update(self, iteration, output, loss=None):
        """Tell of an update whose output weights are these."""
        points = np.array([[iteration, iteration if loss is None else loss]], dtype=float)
        values = np.array([2, 4, 4, -5, *output], dtype=float)
        self._write(frames.gone_on(frames.Frame(iteration, points, values)))

    def end(self, ending=""):
        self._write(frames.ended(ending))

    def break_off(self):
        os.close(self._pipe)
        self._pipe = None

    def close(self):
        if self._pipe is not None:
            self.break_off()


@pytest.fixture
def watch(qtbot, open_window):
    """Return a function that opens a window on a State: it, and the script whose training it follows."""
    opened = []

    def open_it(state):
        reads, writes = os.pipe()
        window, script, stream = open_window(state), Script(writes), os.fdopen(reads, "rb")
        follow(window, stream)
        opened.append((window, script, stream))
        return window, script

    yield open_it
    for window, script, stream in opened:
        script.close()
        window.player.stop()
        qtbot.waitUntil(lambda window=window: not window.document.held)
        stream.close()


@pytest.fixture
def watching(watch):
    return watch(STATE)


def sees(qtbot, window, iteration):
    qtbot.waitUntil(lambda: figure(window, "Iteration").text == f"{iteration}")


def test_weights_prediction_mse_and_curve_follow_the_script(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8], loss=9.0)
    script.update(5, [3, 0], loss=0.5)
    sees(qtbot, window, 5)
    weight = address_named(window, "output", "node_0")
    assert written(window, weight) == "3"
    assert shown(window, "value", "output") == "78"
    assert not untrue(window)
    assert window.document.state.loss() == np.mean(np.square([78 - 60, 0 - 50]))
    qtbot.waitUntil(lambda: len(window.history.curve.curve()) == 2)
    assert window.history.curve.curve().tolist() == [[1, 9], [5, 0.5]]
    assert window.history.curve.accessibleDescription().startswith("loss 9 at iteration 1")
    assert figure(window, "MSE").accessibleName() == "MSE, nnviz's own"
    assert "after the update\nThe loss that the script told" in figure(window, "MSE").toolTip()
    assert window.history.curve.toolTip().startswith("The script told each loss with an update")
    QTest.keyClick(window.history.curve, Qt.Key.Key_Left)
    assert window.history.curve.read_out.text() == "loss 9, as the script\ntold it with update 1"


def test_only_the_newest_of_many_frames_is_shown_and_every_loss_is_in_the_curve(qtbot, watching):
    window, script = watching
    seen = []
    window.document.state_changed.connect(lambda _, new: seen.append(new.iteration))
    for iteration in range(1, 501):
        script.update(iteration, [iteration, 1])
    sees(qtbot, window, 500)
    assert len(seen) < 250
    assert window.runner.travel.history.points[:, 0].tolist() == list(range(1, 501))


@pytest.mark.parametrize(
    "tries",
    [
        lambda window: click(window, address_named(window, "output", "node_0")),
        lambda window: offered(window, "Run or pause").trigger(),
        lambda window: offered(window, "One update").trigger(),
        lambda window: offered(window, "Restart").trigger(),
        lambda window: offered(window, "One back").trigger(),
        lambda window: offered(window, "New random weights").trigger(),
        lambda window: window.data.table.remove_wished.emit(),
        lambda window: window.files.tables.load(Path("rows.csv")),
        lambda window: window.data.table.paste_wished.emit(),
        lambda window: window.runner.scrub_to(0),
        lambda window: window.training.fields.accepted.emit(STATE.training.__class__(updates=7)),
    ],
    ids=["weight", "Run", "update", "Restart", "back", "new", "row", "CSV", "paste", "ring", "rate"],
)
def test_nothing_can_be_changed_before_it_has_ended_and_a_sentence_says_so(qtbot, watching, tries):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    before = window.document.state
    tries(window)
    assert status(window) == HELD
    assert not window.diagram.session.open
    assert window.document.state is before
    script.update(2, [2, 9])
    sees(qtbot, window, 2)


def test_what_cannot_act_before_it_has_ended_is_greyed_and_says_why(qtbot, watching):
    window, script = watching
    names = ("Add row", "Remove row", "New random weights")
    buttons = [
        *(button for button in window.main_window.findChildren(QPushButton) if button.text() in names),
        *(button for button in window.diagram.findChildren(HeadButton) if button.isVisible()),
        window.training.timeline,
        offered(window, "Undo"),
    ]
    assert len(buttons) == 3 + 3 * 3 + 2 + 2
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    assert {(button.isEnabled(), button.toolTip()) for button in buttons} == {(False, HELD)}
    script.end()
    qtbot.waitUntil(lambda: not window.document.held)
    assert [button.toolTip() for button in buttons if not button.isEnabled()] == ["Remove the last output"]
    assert HELD not in {button.toolTip() for button in buttons}


def test_rows_are_chosen_and_numbers_explained_while_it_goes_on(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    window.selection.row = 1
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: "8" in explained(window))
    script.update(2, [2, 9])
    sees(qtbot, window, 2)
    assert window.selection.row == 1
    qtbot.waitUntil(lambda: "81" in explained(window))  # node_1 is 4·1 + 5·1 = 9, times 9


def test_explain_and_the_curve_show_the_same_frame_as_the_figures(qtbot, watching):
    window, script = watching
    click(window, address_named(window, "output", "node_0"))
    seen = []

    def look(_, new):
        weight = explained(window).split("w = ")[1].split("\n")[0]
        ring = window.history.curve.accessibleDescription().split()[-1]
        seen.append((figure(window, "Iteration").text, weight, ring))

    window.document.state_changed.connect(look)
    for iteration in range(1, 9):
        script.update(iteration, [iteration, 7])
        sees(qtbot, window, iteration)
    assert seen == [(f"{iteration}",) * 3 for iteration in range(1, 9)]


def test_settings_are_not_those_of_the_script_and_said_to_be_nnvizs_own_when_it_has_ended(qtbot, watching):
    window, script = watching
    click(window, address_named(window, "output", "node_0"))
    fields, panel = window.training.fields, window.training
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    assert "The script makes it" in explained(window)
    assert "learning_rate" not in explained(window)
    numbers = (fields.learning_rate, fields.updates, fields.batch, fields.seed)
    for field in (*numbers, fields.optimizer, panel.speed):
        assert not field.isEnabled()
        assert field.toolTip() == NOT_YET
    script.end()
    qtbot.waitUntil(lambda: not window.document.held)
    assert fields.learning_rate.isEnabled()
    assert fields.learning_rate.toolTip().startswith("How far one update goes")
    assert panel.message.label.text().startswith("nnviz goes on by its own settings, not the script's. ")
    qtbot.waitUntil(lambda: "nnviz's own next update" in explained(window))
    assert "by the settings in Training, not by the script's" in explained(window)
    press(window, "One update")
    qtbot.waitUntil(lambda: "own next update" not in explained(window))
    assert "Next update" in explained(window)


def test_all_is_free_after_the_end_though_the_ring_of_the_curve_was_dragged_meanwhile(qtbot, watching):
    window, script = watching
    curve = window.history.curve
    script.update(1, [3, 0])
    script.update(5, [3, 1])
    sees(qtbot, window, 5)
    qtbot.waitUntil(lambda: len(curve.curve()) == 2)
    window.main_window.grab()
    drag(curve.viewport(), curve.present().toPoint(), -60)
    script.end()
    qtbot.waitUntil(lambda: not window.document.held)
    assert window.training.fields.learning_rate.isEnabled()
    assert offered(window, "Undo").isEnabled()
    assert "nnviz goes on by its own settings" in window.training.message.label.text()


def test_a_walk_holds_its_picture_still_and_what_came_meanwhile_follows_it(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    window.player.step()
    assert walking(window)
    script.update(2, [2, 9])
    script.update(3, [2, 10])
    qtbot.waitUntil(lambda: status(window) == STILL)
    script.end()
    qtbot.waitUntil(lambda: status(window).startswith("The training has ended; its end is shown when"))
    assert walking(window)
    assert figure(window, "Iteration").text == "1"
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)
    sees(qtbot, window, 3)
    qtbot.waitUntil(lambda: status(window) == "The training has ended: 3 updates, the script's loss 1 → 3")


def test_after_a_walk_it_is_said_that_the_picture_follows_again(qtbot, watching):
    window, script = watching
    window.player.step()
    script.update(1, [2, 8])
    qtbot.waitUntil(lambda: status(window) == STILL)
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)
    sees(qtbot, window, 1)
    assert status(window) == "The walk is over: the training is shown again as it goes on"


def ended(qtbot, window, script, *outputs):
    for iteration, output in enumerate(outputs, 1):
        script.update(iteration, output)
        sees(qtbot, window, iteration)
    script.end()
    qtbot.waitUntil(lambda: not window.document.held)


def test_when_it_has_ended_one_undo_leads_to_its_start_and_redo_to_its_end(qtbot, watching):
    window, script = watching
    ended(qtbot, window, script, [2, 8], [2, 9], [2, 10])
    assert status(window) == "The training has ended: 3 updates, the script's loss 1 → 3"
    assert offered(window, "Undo").text().replace("&", "") == "Undo Training watched"
    offered(window, "Undo").trigger()
    assert window.document.state.network == NETWORK
    assert not offered(window, "Undo").isEnabled()
    offered(window, "Redo").trigger()
    assert window.document.state.network.layers[1].weights.tolist() == [[2, 10]]


def test_the_frames_that_were_seen_can_be_gone_back_to(qtbot, watching):
    window, script = watching
    ended(qtbot, window, script, [2, 8], [2, 9], [2, 10])
    press(window, "One back")
    assert window.document.state.network.layers[1].weights.tolist() == [[2, 9]]
    assert status(window) == "Iteration 2 of 3: loss 2, as the script told it with this update"
    press(window, "Restart")
    assert window.document.state.network == NETWORK
    window.runner.scrub_to(3)
    assert window.document.state.network.layers[1].weights.tolist() == [[2, 10]]


def test_between_frames_the_one_before_is_gone_back_to(qtbot, watching):
    window, script = watching
    for iteration in (10, 20):
        script.update(iteration, [2, iteration])
        sees(qtbot, window, iteration)
    script.end()
    qtbot.waitUntil(lambda: not window.document.held)
    window.runner.scrub_to(15)
    assert window.document.state.network.layers[1].weights.tolist() == [[2, 10]]


def test_after_it_a_run_of_ones_own_begins_with_its_weights_and_a_curve_of_the_mse(qtbot, watching):
    window, script = watching
    ended(qtbot, window, script, [2, 8], [2, 7])
    press(window, "One update")
    qtbot.waitUntil(lambda: not window.runner.running)
    state = window.document.state
    assert (state.iteration, state.run.start, state.runs) == (1, NETWORK, ())
    assert state.run.history.first == (0, STATE.loss())
    qtbot.waitUntil(lambda: window.history.curve.accessibleDescription().startswith("MSE "))
    assert figure(window, "MSE").accessibleName() == "MSE"
    assert window.history.curve.toolTip().startswith("Drag the ring")
    offered(window, "Undo").trigger()
    qtbot.waitUntil(lambda: window.history.curve.accessibleDescription().startswith("loss "))


def test_it_can_be_edited_and_saved_when_it_has_ended(qtbot, watching, tmp_path):
    window, script = watching
    ended(qtbot, window, script, [2, 8])
    window.document.save(tmp_path / "trained.json")
    assert load(tmp_path / "trained.json").network.layers[1].weights.tolist() == [[2, 8]]
    set_number(window, address_named(window, "output", "node_0"), "5")
    assert window.document.state.network.layers[1].weights.tolist() == [[5, 8]]


def test_that_the_curve_is_not_kept_is_said_before_a_save_and_once(
    qtbot, watching, tmp_path, monkeypatch, answer
):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    monkeypatch.setattr("nnviz.ui.window.file_commands.ask_where", lambda *_: tmp_path / "trained.json")
    lost, told = "trained.json leaves out the curve of the watched training", []
    answer(QMessageBox, choose("Cancel", told))
    window.files.ask_save()
    assert told == [f"{lost}.Export CSV in the menu of its plot keeps it."]
    assert list(tmp_path.iterdir()) == []
    answer(QMessageBox, choose("Save"))
    window.files.ask_save()
    assert status(window) == f"Saved trained.json; {lost}"
    script.update(2, [2, 9])
    sees(qtbot, window, 2)
    window.files.save()
    assert load(tmp_path / "trained.json").network.layers[1].weights.tolist() == [[2, 9]]
    assert not window.main_window.isWindowModified()


def test_no_kind_of_file_is_said_to_keep_the_curve(qtbot, watching, tmp_path, monkeypatch, answer):
    window, script = watching
    ended(qtbot, window, script, [2, 8])
    curve, told = "the curve of the watched training", []
    monkeypatch.setattr("nnviz.ui.window.file_commands.ask_where", lambda *_: tmp_path / "w.npz")
    answer(QMessageBox, choose("Save as nnviz JSON", told))
    window.files.ask_save()
    assert told == [
        f"w.npz leaves out the rows, the title and {curve}; a file that ends in .json keeps all but {curve}."
        f"nnviz JSON keeps all but {curve}: w.json, in the same folder."
    ]
    assert status(window) == f"Saved w.json; w.json leaves out {curve}"


def test_who_leaves_it_is_asked_about_what_was_trained(qtbot, watching, answer):
    window, script = watching
    ended(qtbot, window, script, [2, 8])
    told = []
    answer(QMessageBox, choose("Cancel", told))
    window.main_window.close()
    lost = "What neither you nor the script saves is lost."
    assert told == [f"Save the trained network?Training of loop.py: 1 update. {lost}"]


def test_the_curve_is_exported_as_the_loss_that_it_is(qtbot, watching, tmp_path):
    window, script = watching
    ended(qtbot, window, script, [2, 8])
    window.history.export_csv(tmp_path / "loss.csv")
    assert (tmp_path / "loss.csv").read_text() == "iteration,loss\n1,1.0\n"


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        (
            lambda script: script.end("The training was ended by KeyboardInterrupt"),
            "The training was ended by KeyboardInterrupt: 1 update, the script's loss 1 → 1",
        ),
        (
            lambda script: script.break_off(),
            "The script of this training is gone: 1 update, the script's loss 1 → 1",
        ),
        (
            lambda script: script._write(b"garbled" * 4),
            "Watching has ended, what came from the script is no training that this nnviz knows: 1 update, "
            "the script's loss 1 → 1",
        ),
    ],
)
def test_however_it_ends_the_network_stays_and_is_free(qtbot, watching, ends, sentence):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    ends(script)
    qtbot.waitUntil(lambda: status(window) == sentence)
    assert window.document.state.network.layers[1].weights.tolist() == [[2, 8]]
    set_number(window, address_named(window, "output", "node_0"), "5")
    assert window.document.state.network.layers[1].weights.tolist() == [[5, 8]]


def offered_buttons(window):
    """Return what the buttons say that are to be seen where a run is started."""
    buttons = window.training.verbs.findChildren(QPushButton)
    return [button.text() for button in buttons if button.isVisible() and button.text()]


def test_who_stops_watching_has_the_network_and_the_script_goes_on(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    assert offered_buttons(window) == ["Stop watching"]
    press(window, "Stop watching")
    assert "Run" in offered_buttons(window)
    assert "Stop watching" not in offered_buttons(window)
    assert status(window) == "You have stopped watching: 1 update, the script's loss 1 → 1"
    set_number(window, address_named(window, "output", "node_0"), "5")
    for iteration in range(2, 100):
        script.update(iteration, [2, 9])
    script.end()
    press(window, "One update")
    qtbot.waitUntil(lambda: not window.runner.running)
    assert window.document.state.iteration == 1


def test_a_click_on_stop_that_comes_after_the_end_changes_nothing(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    stop, screen = window.training.verbs, window.main_window.windowHandle()

    def go_there():  # again, where the panel has grown meanwhile by what it says
        QCursor.setPos(stop.mapToGlobal(stop.rect().center()))
        return stop.underMouse()

    def click_there():
        at = stop.mapTo(window.main_window, stop.rect().center())
        QTest.mouseClick(screen, Qt.MouseButton.LeftButton, pos=at)

    qtbot.waitUntil(go_there)
    script.end()
    qtbot.waitUntil(lambda: not window.document.held)
    ended = window.document.state
    click_there()
    assert window.document.state is ended
    QCursor.setPos(0, 0)
    qtbot.waitUntil(lambda: not stop.underMouse())
    click_there()
    qtbot.waitUntil(lambda: window.document.state is not ended)


def test_weights_that_cease_to_be_numbers_leave_the_last_that_were(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    script.update(2, [np.nan, 8], loss=np.inf)
    told = "By update 2 weights are no numbers: update 1 is shown"
    qtbot.waitUntil(lambda: status(window) == f"{told}; the training goes on")
    script.update(3, [np.inf, 8], loss=np.nan)
    script.end()
    end = f"The training has ended: 3 updates, the script's loss 1 → NaN. {told}"
    qtbot.waitUntil(lambda: status(window) == end)
    assert window.document.state.network.layers[1].weights.tolist() == [[2, 8]]
    assert figure(window, "Iteration").text == "1"
    curve = window.history.curve
    assert curve.accessibleDescription().endswith("loss 1 at iteration 1, loss NaN at iteration 3")
    assert curve.view()[0][1] >= 3
    press(window, "Restart")
    window.runner.scrub_to(1)
    assert status(window) == "Iteration 1 of 1: loss 1, as the script told it with this update"


def test_a_loss_that_diverges_is_told_as_what_it_is_and_the_axes_go_to_where_it_is(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8], loss=np.inf)
    qtbot.waitUntil(
        lambda: window.history.pages.empty.text() == "The script's loss is no number: ∞ at iteration 1"
    )
    for iteration, loss in ((2, 1.0), (3, 8.0), (4, np.nan), (5, np.inf)):
        script.update(iteration, [2, 8], loss=loss)
    script.end()
    qtbot.waitUntil(lambda: status(window) == "The training has ended: 5 updates, the script's loss ∞ → ∞")
    curve = window.history.curve
    qtbot.waitUntil(lambda: curve.accessibleDescription() == "loss ∞ at iteration 1, loss ∞ at iteration 5")
    (first, last), (low, high) = curve.view()
    assert first <= 0 < 5 <= last < 6
    assert -1 < low <= 0 < 8 <= high < 9
    assert curve.viewport().rect().contains(curve.present().toPoint())


def test_notes_are_written_while_it_goes_on(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    assert window.document.edit_beneath("Notes", lambda old, text: replace(old, notes=text), "Mine", "notes")
    script.update(2, [2, 9])
    sees(qtbot, window, 2)
    assert window.document.state.notes == "Mine"


def test_another_document_takes_its_place_and_nothing_more_is_shown(qtbot, watching):
    window, script = watching
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    other = load(example("relu").path)
    window.document.start(other, example=True)
    script.update(2, [2, 9])
    assert not window.document.held
    press(window, "One update")
    qtbot.waitUntil(lambda: figure(window, "Iteration").text == "1")
    assert window.document.state.data is other.data


def test_without_rows_the_weights_are_followed_and_the_plot_says_what_it_waits_for(qtbot, watch):
    window, script = watch(State(NETWORK, Dataset.empty(NETWORK), name="loop.py", notes="Assumed: relu."))
    assert status(window) == "loop.py: shown as it goes on. Assumed: relu."
    qtbot.waitUntil(lambda: window.history.pages.empty.text() == NO_LOSS)
    script.update(1, [2, 8])
    sees(qtbot, window, 1)
    assert written(window, address_named(window, "output", "node_1")) == "8"
    assert figure(window, "MSE").text == "–"
