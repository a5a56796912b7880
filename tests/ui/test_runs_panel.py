"""The panel "Runs", by mouse and keys: all runs beside each other, and the way back to one."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QToolTip

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.edits import use_set
from nnviz.core.numbers import as_text, full_text
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.runs import delete_runs, label_run
from nnviz.core.state import Dataset, State, Training
from nnviz.core.sweep import sweep
from nnviz.core.train import train
from nnviz.picture.palette import PALETTES, rgb
from nnviz.ui.dialogs.compare import CompareSettings
from nnviz.ui.kit.dialogs import AskText
from nnviz.ui.kit.theme import RUN_PATTERNS, apply_theme, run_pen
from tests.core.oracle import make_network, set_weight
from tests.core.test_stopping import noisy
from tests.ui.bare import Seen
from tests.ui.hands import (
    bring,
    choose_entry,
    double_click,
    point,
    press,
    rest,
    set_number,
    type_into,
    unfold,
    written,
)
from tests.ui.runs import drag, exercise, mse_after
from tests.ui.sees import labels, status

KEY = Qt.Key
LEFT = Qt.MouseButton.LeftButton


def fill(field, text):
    """Type a text into a field in place of its text, and press Enter."""
    QTest.mouseClick(field, LEFT)
    field.selectAll()
    QTest.keyClick(field, KEY.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, KEY.Key_Return)
    QApplication.processEvents()


def learn(window, qtbot, rate, updates=20):
    """Type a learning rate into its field, and press Run."""
    fields = window.training.fields
    fill(fields.learning_rate, str(rate))
    fill(fields.updates, str(updates))
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    QApplication.processEvents()


def runs_of(window):
    """Bring the panel into sight, and return it as a person sees it."""
    panel = bring(window, "Runs")
    panel.desk = window.desk
    return Seen(panel)


def cells(panel):
    """Return the texts of the table, the headings first."""
    table = panel.table
    heads = [table.horizontalHeaderItem(k).text() for k in range(table.columnCount())]
    texts = [[table.item(line, k).text() for k in range(len(heads))] for line in range(table.rowCount())]
    return [heads, *texts]


def column(panel, title):
    heads, *lines = cells(panel)
    return [line[heads.index(title)] for line in lines]


def line_at(panel, line):
    return panel.table.visualItemRect(panel.table.item(line, 0)).center()


def click(panel, line):
    QTest.mouseClick(panel.table.viewport(), LEFT, pos=line_at(panel, line))
    QApplication.processEvents()


def choose(panel, text):
    """Open the menu of the panel, and choose an entry that can be chosen."""
    panel.menu.aboutToShow.emit()
    (action,) = (action for action in panel.menu.actions() if action.text() == text)
    assert action.isEnabled()
    action.trigger()
    QApplication.processEvents()


@pytest.fixture
def three(open_window, qtbot):
    """Return a window with runs at three learning rates from one start, and its panel."""
    window = open_window(exercise())
    for rate in (0.01, 0.005, 0.02):
        press(window, "Restart") if window.document.state.iteration else None
        learn(window, qtbot, rate)
    return window, runs_of(window)


def test_runs_at_three_rates_stand_beside_each_other(open_window, qtbot):
    window = open_window(exercise())
    panel = runs_of(window)
    assert panel.pages.empty.isVisible()
    for number, rate in enumerate((0.01, 0.005, 0.02)):
        if number:
            press(window, "Restart")
        learn(window, qtbot, rate)
        assert panel.table.rowCount() == number + 1
    assert cells(panel)[0] == ["Run", "State", "MSE", "Best", "Updates"]
    assert column(panel, "Run") == ["rate 0.01", "rate 0.005", "rate 0.02"]
    for text, rate in zip(column(panel, "MSE"), (0.01, 0.005, 0.02), strict=True):
        assert float(text.replace("−", "-")) == pytest.approx(mse_after(20, rate), rel=1e-3)
    press(window, "All settings")
    heads = cells(panel)[0]
    assert heads[:3] == ["Run", "State", "MSE"]
    assert heads[heads.index("Rate") :][:3] == ["Rate", "Optimizer", "Batch"]
    assert column(panel, "Network") == ["3-1"] * 3
    assert [panel.table.item(k, 0).font().bold() for k in range(3)] == [False, False, True]


def test_other_architectures_and_validation_are_compared_from_fresh_starts(open_window, qtbot):
    """The comparison of the course: widths and depths with validation, each from random weights."""
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(30, 2)), rng.normal(size=(30, 1)))
    network = make_network([2, 3, 1], ["relu", "identity"], [True, True])
    window = open_window(State(network, data, Training(0.01, 10, validation=0.3)))
    panel = runs_of(window)
    learn(window, qtbot, 0.01, 10)
    for change in (lambda state: edits.add_node(state, 1), lambda state: edits.add_layer(state, 1)):
        window.document.edit("Change", change)
        learn(window, qtbot, 0.01, 10)
    assert column(panel, "Run") == ["2-3-1", "2-4-1", "2-4-4-1"]
    for text, (_, named) in zip(column(panel, "Validation"), _runs(window), strict=True):
        last = named.run.curve("validation").last[1]
        assert float(text.replace("−", "-")) == pytest.approx(last, rel=1e-3)
    press(window, "Loss")
    qtbot.waitUntil(lambda: window.history.curve.title.text.count("2-") == 3)
    assert "validation" in window.history.curve.title.text, "the key of the plot names them, too"


def _runs(window):
    return enumerate(window.document.run_table().runs)


def test_a_double_click_or_enter_goes_back_to_a_run_and_undo_forth(three):
    window, panel = three
    last, texts = window.document.state, cells(panel)
    click(panel, 1)
    double_click(panel.table.viewport(), line_at(panel, 1))
    QApplication.processEvents()
    state = window.document.state
    assert (state.run.label.id, state.training.learning_rate, state.iteration) == (2, 0.005, 20)
    assert state.loss() == pytest.approx(mse_after(20, 0.005))
    assert "The end of the run rate 0.005" in status(window)
    assert [panel.table.item(k, 0).font().bold() for k in range(3)] == [False, True, False]
    assert cells(panel) == texts
    window.document.undo()
    assert window.document.state is last
    click(panel, 0)
    QTest.keyClick(panel.table, KEY.Key_Return)
    assert window.document.state.run.label.id == 1
    for iteration in (0, 7, 20):
        window.runner.scrub_to(iteration)
        assert window.document.state.loss() == pytest.approx(mse_after(iteration))
    QTest.keyClick(panel.table, KEY.Key_Return)
    assert window.document.state.iteration == 20, "the current run: its end"


def test_the_start_of_a_run_with_other_settings_or_with_the_same(three, qtbot):
    window, panel = three
    click(panel, 0)
    choose(panel, "Same start, other settings")
    assert window.training.fields.learning_rate.hasFocus()
    assert window.training.fields.learning_rate.selectedText() == "0.01"
    learn(window, qtbot, 0.03)
    assert column(panel, "Run") == ["rate 0.01", "rate 0.005", "rate 0.02", "rate 0.03"]
    assert window.document.state.run.label.parent == 1
    click(panel, 1)
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        choose(panel, "Repeat")
    assert window.document.state.loss() == pytest.approx(mse_after(20, 0.005))
    choose(panel, "Return to its start")
    assert (window.document.state.loss(), window.document.state.iteration) == (49, 0)


def test_a_run_is_renamed_noted_pinned_and_deleted(three, answer):
    window, panel = three
    click(panel, 1)
    QTest.keyClick(panel.table, KEY.Key_F2)
    editor = panel.table.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "the slow one")
    QTest.keyClick(editor, KEY.Key_Return)
    QApplication.processEvents()
    assert column(panel, "Run") == ["rate 0.01", "the slow one", "rate 0.02"]
    answer(AskText, type_into("Note", "it <b>crawls</b>", KEY.Key_Return))
    choose(panel, "Note…")
    assert "\nit <b>crawls</b>\n" in panel.table.item(1, 0).toolTip()
    choose(panel, "Pin")
    assert column(panel, "State") == ["", "note · pinned", ""]
    QTest.keyClick(panel.table, KEY.Key_Delete)
    assert column(panel, "Run") == ["rate 0.01", "rate 0.02"]
    assert "Deleted the run the slow one" in status(window)
    window.document.undo()
    assert column(panel, "Run") == ["rate 0.01", "the slow one", "rate 0.02"]
    click(panel, 2)
    QTest.keyClick(panel.table, KEY.Key_Delete)
    assert "cannot be deleted" in status(window)
    assert panel.table.rowCount() == 3
    label = window.document.run_table().runs[1].run.label
    assert (label.name, label.note, label.pinned) == ("the slow one", "it <b>crawls</b>", True)


def test_a_refused_name_leaves_the_old_one(three):
    window, panel = three
    click(panel, 0)
    QTest.keyClick(panel.table, KEY.Key_F2)
    editor = panel.table.findChild(QLineEdit)
    editor.setText("x" * 300)
    QTest.keyClick(editor, KEY.Key_Return)
    QApplication.processEvents()
    assert column(panel, "Run")[0] == "rate 0.01"
    assert "200" in status(window)


def test_a_baseline_shows_the_difference_of_the_others(three):
    _, panel = three
    click(panel, 0)
    choose(panel, "Baseline")
    texts = column(panel, "MSE")
    assert "(" not in texts[0]
    differences = [float(text.partition("(")[2].strip("()").replace("−", "-")) for text in texts[1:]]
    expected = [mse_after(20, rate) - mse_after(20) for rate in (0.005, 0.02)]
    assert differences == pytest.approx(expected, rel=1e-3)
    assert column(panel, "State")[0] == "baseline"
    choose(panel, "Baseline")
    assert not any("(" in text for text in column(panel, "MSE"))


def test_a_hidden_run_has_no_curve_until_it_is_shown(three, qtbot):
    window, panel = three
    click(panel, 0)
    choose(panel, "Hide its curve")
    assert column(panel, "State")[0] == "hidden"
    press(window, "Loss")
    qtbot.waitUntil(lambda: len(window.history.curve.runs) == 1)
    press(window, "Runs")
    choose(panel, "Hide its curve")
    press(window, "Loss")
    qtbot.waitUntil(lambda: len(window.history.curve.runs) == 2)


def test_the_lines_are_sorted_by_a_column_and_the_selected_run_stays(three):
    _, panel = three
    click(panel, 0)
    header = panel.table.horizontalHeader()

    def sort(title):
        at = cells(panel)[0].index(title)
        x = header.sectionViewportPosition(at) + header.sectionSize(at) // 2
        QTest.mouseClick(header.viewport(), LEFT, pos=QPoint(x, header.height() // 2))

    sort("MSE")
    assert column(panel, "Run") == ["rate 0.02", "rate 0.01", "rate 0.005"]
    assert panel.chosen.name == "rate 0.01"
    panel.show_now()
    assert column(panel, "Run") == ["rate 0.02", "rate 0.01", "rate 0.005"]
    assert panel.chosen.name == "rate 0.01"
    sort("MSE")
    assert column(panel, "Run") == ["rate 0.005", "rate 0.01", "rate 0.02"]


def test_a_run_in_progress_fills_its_line_and_keeps_the_selection(open_window, qtbot):
    window = open_window(exercise())
    panel = runs_of(window)
    learn(window, qtbot, 0.01)
    press(window, "Restart")
    window.runner.speed = 0.5
    fields = window.training.fields
    QTest.mouseClick(fields.learning_rate, LEFT)
    fields.learning_rate.selectAll()
    QTest.keyClicks(fields.learning_rate, "0.002")
    QTest.keyClick(fields.learning_rate, KEY.Key_Return)
    press(window, "Run")
    qtbot.waitUntil(lambda: panel.table.rowCount() == 2 and int(column(panel, "Updates")[1]) >= 4)
    assert panel.chosen.name == "rate 0.002", "the new run is selected"
    click(panel, 0)
    assert panel.table.isColumnHidden(1), "no run has a state to tell"
    assert panel.chosen.name == "rate 0.01"
    choose(panel, "Pin")
    assert not window.runner.running, "an edit pauses a run"
    assert window.document.state.run.label.id == 2
    assert window.document.state.runs[0].run.label.pinned


def test_curves_of_an_older_file_have_no_way_back(open_window, qtbot):
    state = train(exercise()).state
    kept = replace(state, run=replace(state.run, curve_only=True))
    window = open_window(replace(exercise(), runs=(kept,)))
    panel = runs_of(window)
    qtbot.waitUntil(lambda: panel.table.rowCount() == 1)
    click(panel, 0)
    panel.menu.aboutToShow.emit()
    closed = [action.text() for action in panel.menu.actions() if not action.isEnabled() and action.text()]
    assert closed[:4] == [
        "Return to its end\tEnter",
        "Return to its start",
        "Repeat",
        "Same start, other settings",
    ]
    QTest.keyClick(panel.table, KEY.Key_Return)
    assert "kept only the curve" in status(window)


def test_an_edit_keeps_the_run_and_the_file_has_it_at_once(open_window, qtbot, tmp_path):
    window = open_window(exercise())
    learn(window, qtbot, 0.01)
    window.document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    window.document.save(tmp_path / "x.json")
    window.document.start(*window.document.read(tmp_path / "x.json"))
    panel = runs_of(window)
    qtbot.waitUntil(lambda: panel.table.rowCount() == 1)
    click(panel, 0)
    QTest.keyClick(panel.table, KEY.Key_Return)
    assert window.document.state.loss() == pytest.approx(mse_after(20))
    window.runner.scrub_to(5)
    assert window.document.state.loss() == pytest.approx(mse_after(5))


def test_the_button_that_opens_runs_is_in_the_heading_of_loss_while_runs_is_closed(open_window, qtbot):
    window = open_window(exercise())
    bring(window, "Loss")
    learn(window, qtbot, 0.01)
    press(window, "Restart")
    learn(window, qtbot, 0.02)
    press(window, "2 runs")
    assert window.board.docks["Runs"].is_in_view
    press(window, "Loss")
    window.desk.frames.show_pending()
    assert not window.history.runs_button.isVisible(), "the tab says Runs"
    window.board.docks["Runs"].close()
    qtbot.waitUntil(window.history.runs_button.isVisible)


# --- colours

MACHADO = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
"""Deuteranopia as a matrix of linear RGB: Machado, Oliveira and Fernandes (2009), severity 1."""
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def lab(colour, seen):
    """Return CIE L*a*b* (D65) of #RRGGBB as eyes with the matrix `seen` see it."""
    shares = np.array(rgb(colour)) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    x, y, z = np.array(TO_XYZ) @ np.clip(np.array(seen) @ linear, 0, 1) / (0.9505, 1.0, 1.089)
    fx, fy, fz = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


@pytest.mark.parametrize("seen", [np.eye(3), MACHADO], ids=["all colours", "deuteranopia"])
@pytest.mark.parametrize("theme", PALETTES)
def test_twenty_runs_are_told_apart_by_colour_or_dashes(qapp, theme, seen):
    apply_theme(qapp, theme)
    palette = PALETTES[theme]
    pens = [run_pen(run, 1.4) for run in range(1, 21)]
    looks = [(pen.color().name(), pen.style()) for pen in pens]
    assert len(set(looks)) == 20
    assert Qt.PenStyle.SolidLine not in RUN_PATTERNS, "only the current run has a solid line"
    current = {palette.accent, palette.validation}
    for one, other in itertools.combinations((*current, *palette.runs), 2):
        least = 20 if {one, other} & current else 12
        assert np.linalg.norm(lab(one, seen) - lab(other, seen)) > least, (one, other)
    for one, other in itertools.pairwise(looks):
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_runs_with_other_batches_are_plotted_over_epochs(open_window, qtbot):
    window = open_window(noisy(validation=0.3, updates=12))
    bring(window, "Loss")
    for batch in (None, 3):
        window.runner.set_training(replace(window.document.state.training, batch_size=batch))
        press(window, "Restart") if batch else None
        learn(window, qtbot, 0.05, 12)
    panel, curve = window.history, window.history.curve
    panel.menu.aboutToShow.emit()
    (epochs,) = (action for action in panel.menu.actions() if action.text() == "Over epochs")
    assert [run.history.last[0] for run in curve.runs] == [12]
    epochs.trigger()
    window.desk.frames.show_pending()
    assert curve.bottom.labelText == "epochs"
    assert curve.line.curve.points[-1, 0] == 4, "7 training rows in batches of 3: an epoch has 3 updates"
    assert curve.kept.lines[0].curve.points[-1, 0] == 12
    drag(panel, curve.present().toPoint(), curve.place_of(2.0, 1.0).toPoint())
    assert window.document.state.iteration == 6
    panel.units["second"].trigger()
    assert not epochs.isChecked(), "one unit at a time"
    epochs.trigger()
    epochs.trigger()
    window.desk.frames.show_pending()
    assert curve.bottom.labelText == "iterations"
    assert (curve.line.curve.points[-1, 0], curve.line.later.points[-1, 0]) == (6, 12)


def test_runs_are_plotted_over_the_seconds_of_their_computation_and_smoothed(open_window, qtbot):
    window = open_window(noisy(validation=0.0, updates=40))
    bring(window, "Loss")
    learn(window, qtbot, 0.05, 40)
    press(window, "Restart")
    learn(window, qtbot, 0.01, 40)
    panel, curve = window.history, window.history.curve
    entries = {action.text(): action for action in panel.menu.actions()}
    panel.menu.aboutToShow.emit()
    named = window.document.run_table().runs
    assert all(each.run.seconds > 0.0 for each in named)
    entries["Over seconds"].trigger()
    window.desk.frames.show_pending()
    assert curve.bottom.labelText == "seconds"
    kept, end = named[0].run, named[1].run
    assert curve.line.curve.points[-1, 0] == pytest.approx(end.seconds)
    assert curve.kept.lines[0].curve.points[-1, 0] == pytest.approx(kept.seconds)
    assert len(curve.bottom.ticks(0.0, 0.3, 400.0)) > 2, "a run of a split second has ticks"
    assert not entries["Over epochs"].isEnabled(), "each update is an epoch"
    entries["Over seconds"].trigger()
    window.desk.frames.show_pending()
    assert [text for _, text in curve.bottom.ticks(0.0, 2.0, 640.0)] == ["0", "1", "2"], "whole iterations"
    entries["Smoothed"].trigger()
    window.desk.frames.show_pending()
    assert curve.left.labelText == "MSE, smoothed"
    losses = end.history.points[:, 1]
    means = [losses[max(k - 1, 0) : k + 1].mean() for k in range(41)]
    np.testing.assert_allclose(curve.line.curve.points[:, 1], means, rtol=1e-9)
    entries["Smoothed"].trigger()
    window.desk.frames.show_pending()
    np.testing.assert_array_equal(curve.line.curve.points[:, 1], losses)


# --- two runs on one diagram


def test_the_start_of_a_run_stands_beside_its_end_until_the_shapes_differ(three):
    window, panel = three
    click(panel, 0)
    first = window.document.run_table().runs[0]
    choose(panel, "Beside the network: its end")
    heads = [column.header for column in window.data.model.columns]
    assert heads[-3:-1] == ["other prediction", "other error"]
    shown = window.data.model.index(0, len(heads) - 2).data()
    assert shown == as_text(first.state.network.predict([[1.0, 2.0, 3.0]])[0, 0])
    choose(panel, "Differences on the edges")
    weight = Address("weight", 0, 0, 1)
    here = window.document.state.network
    difference = here.value_of(weight) - first.state.network.value_of(weight)
    assert written(window, weight) == as_text(difference)
    choose(panel, "Beside the network: its start")
    difference = here.value_of(weight) - first.run.start.value_of(weight)
    assert "differences" not in " ".join(label.text for label in window.diagram.picture.labels)
    choose(panel, "Differences on the edges")
    assert written(window, weight) == as_text(difference)
    window.document.edit("Add", edits.add_node, 0)
    assert "other prediction" not in " ".join(column.header for column in window.data.model.columns)
    window.document.undo()
    assert written(window, weight) == as_text(difference)
    choose(panel, "Beside the network: its start")
    assert written(window, weight) == as_text(here.value_of(weight))


# --- comparisons


def compare(window, qtbot, title):
    choose_entry(window, title)
    qtbot.waitUntil(lambda: not window.sweeps.running)
    QApplication.processEvents()
    return runs_of(window)


def test_learning_rates_are_compared_by_one_click_from_the_start_of_the_run(open_window, qtbot):
    window = open_window("xor")
    learn(window, qtbot, 0.2, 300)
    before = window.document.state
    panel = compare(window, qtbot, "Compare learning rates")
    assert "3 of 3 runs, in the panel Runs" in status(window)
    assert column(panel, "Run") == ["rate 0.2", "rate 0.01", "rate 0.1", "rate 1"]
    assert column(panel, "State") == ["", "", "", "diverged"]
    assert window.document.state.run is before.run, "the network stays"
    for kept, rate in zip(window.document.state.runs, (0.01, 0.1, 1.0), strict=True):
        alone = train(replace(before, network=before.run.start, run=None), learning_rate=rate).state
        assert (kept.network, kept.run.label.parent) == (alone.network, 1)
    window.document.undo()
    assert window.document.state is before


def test_optimizers_are_compared_and_a_comparison_can_be_stopped(open_window, qtbot):
    window = open_window(exercise(updates=30))
    panel = compare(window, qtbot, "Compare optimizers")
    assert column(panel, "Run") == [name.replace("_", " ") for name in OPTIMIZERS]
    window.document.start(exercise(updates=400_000_000))
    choose_entry(window, "Compare learning rates")
    panel = runs_of(window)
    assert panel.stop.text().startswith("Stop (")
    assert "of 3 runs" in panel.stop.text()
    QTest.mouseClick(panel.stop, LEFT)
    assert not window.sweeps.running
    assert not panel.stop.isVisible()
    assert all(kept.run.diverged for kept in window.document.state.runs), "the others had not ended"


def test_a_comparison_ends_with_its_document_and_leaves_a_run_in_progress_alone(open_window, qtbot):
    window = open_window(exercise(updates=400_000_000))
    choose_entry(window, "Compare learning rates")
    window.files.open_example("relu")
    assert not window.sweeps.running
    assert window.document.state.runs == ()
    window.document.start(exercise(updates=30))
    window.runner.speed = 0.0
    press(window, "Run")
    window.sweeps.begin("Compare", {"learning_rate": [0.001, 0.002]})
    qtbot.waitUntil(lambda: runs_of(window).stop.text().startswith("Stop (2 of 2"))
    assert window.runner.running
    assert window.document.state.runs == (), "the runs are added when the run in progress has ended"
    press(window, "Pause")
    qtbot.waitUntil(lambda: not window.sweeps.running)
    assert len(window.document.state.runs) == 2


def test_the_panel_says_which_run_goes_when_there_is_no_room_for_another(open_window, qtbot):
    window = open_window(exercise(updates=2))
    panel = runs_of(window)
    window.sweeps.begin("Compare", {"learning_rate": [k / 10_000 for k in range(1, 64)]})
    qtbot.waitUntil(lambda: not window.sweeps.running)
    window.desk.frames.show_pending()
    assert panel.table.rowCount() == 63
    assert not panel.limit.isVisible()
    window.sweeps.begin("Compare", {"learning_rate": [0.01]})
    qtbot.waitUntil(lambda: not window.sweeps.running)
    window.desk.frames.show_pending()
    assert panel.limit.isVisible()
    assert panel.limit.text() == "A further run removes the oldest one that is not pinned"
    for kept in window.document.state.runs:
        window.document.edit("Pin", label_run, kept.run.label.id, {"pinned": True})
    window.desk.frames.show_pending()
    assert panel.limit.text() == "A further run is not kept while all runs are pinned"
    window.document.edit("Delete the kept runs", delete_runs)
    window.desk.frames.show_pending()
    assert not panel.limit.isVisible()


def test_typed_settings_are_compared_in_every_combination(open_window, qtbot, answer):
    """The comparison of the course: rates and widths with early stopping, from fresh starts."""
    start = edits.randomise(noisy(patience=2, updates=30), 2)
    window = open_window(start)
    told = []

    def fill_in(dialog):
        fields, rest = dialog.fields, ("sgd", "0, 1", "10-x", "a lot")
        told.append(dialog.summary.text())
        for field, text in zip(("optimizer", "batch_size", "hidden", "updates"), rest, strict=True):
            QTest.keyClicks(fields[field], text)
            title = fields[field].accessibleName()
            told.extend(label for label in labels(dialog) if label.startswith(f"{title}: "))
            fields[field].clear()
        QTest.keyClicks(fields["seeds"], "65")
        told.extend(label for label in labels(dialog) if "too many" in label)
        fields["seeds"].clear()
        QTest.keyClicks(fields["learning_rate"], "0.05, 0.1,")
        QTest.keyClicks(fields["hidden"], "10-10,3")
        told.append(dialog.summary.text())
        QTest.keyClick(fields["hidden"], KEY.Key_Return)

    answer(CompareSettings, fill_in)
    panel = compare(window, qtbot, "Compare settings…")
    assert told == [
        "1 run of 30 updates",
        "Optimizer: no optimizer is called 'sgd'; the optimizers are " + ", ".join(OPTIMIZERS),
        "Batch size: expected a whole number, at least 1",
        "Hidden layers: 'x' is not a number",
        "Updates: 'a lot' is not a number",
        "65 runs are too many: nnviz keeps 64. The command nnviz sweep makes more.",
        "4 runs of 30 updates",
    ]
    rates = [each.run.segments[0].training.learning_rate for each in window.document.state.runs]
    assert rates == [0.05, 0.05, 0.1, 0.1]
    assert column(panel, "Run") == [
        f"rate {rate} · 2-{hidden}-1" for rate in ("0.05", "0.1") for hidden in ("10-10", "3")
    ]
    expected = sweep(start, learning_rate=[0.05, 0.1], hidden=[(10, 10), (3,)])
    for kept, run in zip(window.document.state.runs, expected, strict=True):
        assert kept.network == run.end.network
        assert kept.run.stopped == run.end.run.stopped
    assert "stopped early" in column(panel, "State")


def test_a_comparison_without_rows_says_what_is_missing(open_window):
    window = open_window(State(make_network([2, 1], ["identity"], [False]), Dataset(np.zeros((0, 2)))))
    choose_entry(window, "Compare optimizers")
    assert "There are no rows to train on" in status(window)
    assert not window.sweeps.running


def test_seeds_stand_in_one_line_with_mean_and_spread_and_in_the_plot_as_one_curve(open_window, qtbot):
    start = noisy(validation=0.0, updates=20)
    window = open_window(start)
    panel = runs_of(window)
    window.sweeps.begin("Compare", {"learning_rate": [0.01, 0.02]}, 3)
    qtbot.waitUntil(lambda: not window.sweeps.running)
    QApplication.processEvents()
    assert column(panel, "Run")[:2] == ["rate 0.01 · seed 0", "rate 0.01 · seed 1"]
    press(window, "Mean of seeds")
    QApplication.processEvents()
    assert column(panel, "Run") == ["rate 0.01 · 3 seeds", "rate 0.02 · 3 seeds"]
    for told, rate in zip(column(panel, "MSE"), (0.01, 0.02), strict=True):
        losses = [train(edits.randomise(start, seed), learning_rate=rate).history[-1, 1] for seed in range(3)]
        mean = sum(losses) / 3
        spread = (sum((loss - mean) ** 2 for loss in losses) / 2) ** 0.5
        assert told == f"{as_text(mean)} ± {as_text(spread)}"
    bring(window, "Loss")
    qtbot.waitUntil(lambda: window.history.curve is not None and len(window.history.curve.runs) == 2)
    assert "3 seeds" in window.history.curve.title.text
    assert all(len(run.band) == 2 for run in window.history.curve.runs)
    panel = runs_of(window)
    click(panel, 1)
    QTest.keyClick(panel.table, KEY.Key_Return)
    best = min(train(edits.randomise(start, seed), learning_rate=0.02).history[-1, 1] for seed in range(3))
    assert window.document.state.run.history.last[1] == best
    window.document.undo()
    QApplication.processEvents()
    click(panel, 0)
    QTest.keyClick(panel.table, KEY.Key_Delete)
    QApplication.processEvents()
    assert column(panel, "Run") == ["3 seeds"], "the other seeds are deleted, too"
    press(window, "Mean of seeds")
    QApplication.processEvents()
    assert len(column(panel, "Run")) == 3


# --- runs that stop early


def test_a_run_with_patience_stops_early_and_goes_back_to_the_best_weights(open_window, qtbot):
    """The early stopping of the course: at most 30 epochs, patience 2, on validation rows."""
    start = edits.randomise(noisy(patience=None, updates=30), 2)
    window = open_window(start)
    unfold(window.training)
    fields = window.training.fields
    fill(fields.patience, "2")
    QTest.keyClicks(fields.keep, "b")
    QApplication.processEvents()
    assert window.document.state.training == replace(start.training, patience=2, keep="best")
    expected = train(start, patience=2, keep="best")
    last, best = expected.end.iteration, expected.state.iteration
    assert 0 < best < last < 30
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    QApplication.processEvents()
    reason = "no smaller validation loss for 2 epochs"
    told = f"{last} updates, stopped early: {reason}; back to iteration {best}, the best one"
    assert status(window) == told
    assert (window.training.timeline.value(), window.training.timeline.maximum()) == (best, last)
    assert window.document.state.network == expected.state.network
    bring(window, "Loss")
    qtbot.waitUntil(lambda: window.history.curve is not None and window.history.curve.stop_line.isVisible())
    curve = window.history.curve
    assert (curve.stop_line.value(), reason in curve.stop_line.label.toPlainText()) == (last, True)
    assert f"stopped early: {reason}" in curve.accessibleDescription()
    assert column(runs_of(window), "State") == ["stopped early"]
    window.document.undo()
    assert window.document.state.iteration == 0, "the run and the way back are one undo entry"
    window.document.redo()
    assert window.document.state.iteration == best
    press(window, "Restart")
    fill(fields.patience, "")
    assert window.document.state.training.patience is None
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    QApplication.processEvents()
    assert "stopped" not in status(window)
    assert window.runner.travel.end == 30
    bring(window, "Loss")
    qtbot.waitUntil(lambda: not window.history.curve.stop_line.isVisible())


def test_a_run_stops_at_a_loss_and_a_further_run_after_its_next_epoch(open_window, qtbot):
    window = open_window(exercise(1000))
    unfold(window.training)
    fill(window.training.fields.until, "0.5")
    window.runner.speed = 1.0
    first = next(k for k in range(1000) if mse_after(k) <= 0.5)
    for begins, ends, iteration in (
        (f"{first} updates, ", "stopped early: MSE ≤ 0.5", first),
        ("1 update, ", "stopped early: MSE ≤ 0.5", first + 1),
    ):
        with qtbot.waitSignal(window.runner.run_ended):
            press(window, "Run")
        QApplication.processEvents()
        assert status(window).startswith(begins)
        assert status(window).endswith(ends)
        assert window.document.state.iteration == iteration


# --- weight sets beside the runs


@pytest.fixture
def sets(open_window):
    """Return a window with two weight sets of the course, the first of which is in use, and the panel."""
    window = open_window("two-weight-sets")
    choose_entry(window, "Weight sets")
    return window, runs_of(window)


def test_weight_sets_are_listed_with_their_loss_and_the_error_of_the_row(sets):
    window, panel = sets
    assert cells(panel)[0][:4] == ["Run", "State", "MSE", "Error, row 1"]
    assert column(panel, "MSE") == ["37.5", "49.890625"]
    for k in range(len(window.document.state.data)):
        window.document.select_row(k)
        QApplication.processEvents()
        networks = [use_set(window.document.state, place).network for place in range(2)]
        inputs, targets = window.document.state.data.inputs[k], window.document.state.data.targets[k]
        errors = [as_text(network.predict(inputs)[0, 0] - targets[0]) for network in networks]
        assert column(panel, f"Error, row {k + 1}") == errors
    window.document.edit("Set", edits.set_value, Address("target", -1, 0), 10.0, 0)
    QApplication.processEvents()
    losses = [as_text(use_set(window.document.state, place).loss()) for place in range(2)]
    assert column(panel, "MSE") == losses, "live, after an edit of the rows"


def test_a_weight_set_is_used_kept_and_removed(sets, answer):
    window, panel = sets
    first = window.document.state
    assert column(panel, "State") == ["weights · in use", "weights"]
    click(panel, 1)
    QTest.keyClick(panel.table, KEY.Key_Return)
    QApplication.processEvents()
    assert window.document.state.network == use_set(first, 1).network
    assert column(panel, "State") == ["weights", "weights · in use"]
    assert status(window) == "The network now uses the weight set weights_1"
    window.document.undo()
    set_number(window, Address("weight", 0, 0, 0), "0")

    def name_it(dialog):
        field = dialog.findChild(QLineEdit)
        for name in ("weights_1", "by hand"):
            field.selectAll()
            QTest.keyClicks(field, name)
            QTest.keyClick(field, KEY.Key_Return)

    answer(AskText, name_it)
    choose_entry(window, "Keep the current weights…")
    QApplication.processEvents()
    assert column(panel, "Run") == ["weights_0", "weights_1", "by hand"]
    assert column(panel, "State")[2] == "weights · in use"
    click(panel, 0)
    QTest.keyClick(panel.table, KEY.Key_F2)
    assert panel.table.findChild(QLineEdit) is None, "the name of a set cannot be edited here"
    QTest.keyClick(panel.table, KEY.Key_Delete)
    QApplication.processEvents()
    assert column(panel, "Run") == ["weights_1", "by hand"]
    assert status(window) == "Removed the weight set weights_0: the network keeps its weights"
    window.document.undo()
    QApplication.processEvents()
    assert column(panel, "Run") == ["weights_0", "weights_1", "by hand"]


def test_a_weight_set_stands_beside_the_network_with_its_predictions_and_differences(sets):
    window, panel = sets
    state = window.document.state
    here, beside = state.network, use_set(state, 1).network
    click(panel, 1)
    choose(panel, "Beside the network")
    weight = Address("weight", 0, 1, 1)
    rest(window.diagram, point(window, weight))
    ours, theirs = here.value_of(weight), beside.value_of(weight)
    told = f"{full_text(ours)}, in weights_1 {full_text(theirs)}, here − there = {full_text(ours - theirs)}"
    assert told in QToolTip.text()
    QToolTip.hideText()
    assert written(window, weight) == as_text(ours)
    model = window.data.model
    heads = [column.header for column in model.columns]
    assert heads[-3:-1] == ["other prediction", "other error"]
    for row, predicted in enumerate(beside.predict(state.data.inputs)[:, 0]):
        texts = [model.index(row, len(heads) - k).data() for k in (3, 2)]
        assert texts == [as_text(predicted), as_text(predicted - state.data.targets[row, 0])]
    choose(panel, "Differences on the edges")
    for address in here.all_weights():
        value = as_text(here.value_of(address) - beside.value_of(address))
        assert written(window, address) == value
    assert any(label.text.startswith("differences to weights_1") for label in window.diagram.picture.labels)
    set_number(window, weight, "9")
    assert window.document.state.network.value_of(weight) == 9
    assert written(window, weight) == as_text(9 - theirs)
    choose(panel, "Nothing beside the network")
    assert written(window, weight) == "9"
    assert [column.header for column in model.columns] == [*heads[:-3], heads[-1]]
