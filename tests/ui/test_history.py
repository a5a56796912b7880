"""The plot of the history: curve, ring, read-out, earlier and diverged runs, validation, export."""

import html
import math
import re
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QToolTip

import nnviz
from nnviz.core import edits
from nnviz.core.history import BUCKETS, History
from nnviz.core.numbers import MINUS, as_text, percent_text
from nnviz.core.runs import delete_runs, label_run
from nnviz.core.state import Training
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.panels.history import EMPTY, HistoryPlot
from tests.core.oracle import set_weight
from tests.core.test_history import check_line, falling, gone_on
from tests.core.test_overfitting import RUNS, started
from tests.ui import hands, runs
from tests.ui.bare import Seen
from tests.ui.runs import click, drag, hover, keys, mse_after, pixels_of, place, read_out, rounded
from tests.ui.sees import panel_entry, status

Key, LEFT, LIGHT = Qt.Key, Qt.MouseButton.LeftButton, PALETTES["light"]
FIRST = "learning rate 0.01 · gradient descent · 20 updates"
SECOND = "learning rate 0.005 · gradient descent · 20 updates"


@pytest.fixture
def own(bare):
    """Return the exercise, whose runs take no time."""
    own = bare(runs.exercise())
    own.runner.speed = 1.0
    return own


@pytest.fixture
def document(own):
    return own.document


@pytest.fixture
def runner(own):
    return own.runner


@pytest.fixture
def plot(own):
    """Return the plot of its history as a person sees it, with the library loaded."""
    plot = own.show(HistoryPlot(own.desk), (364, 260))
    plot.desk = own.desk
    own.desk.frames.add(plot)
    plot.load()
    return Seen(plot)


@pytest.fixture
def go_to(qtbot, document, runner):
    """Return a function that goes to an iteration of the run and waits until the plot shows it."""

    def go_to(iteration):
        runner.scrub_to(iteration)
        qtbot.waitUntil(lambda: document.state.iteration == iteration)

    return go_to


@pytest.fixture
def trained(qtbot, document, plot):
    document.push(train(document.state).state, "Run")
    qtbot.waitUntil(plot.curve.isVisible)
    plot.grab()  # pyqtgraph lays its axes out when it paints
    return plot


@pytest.fixture
def run(qtbot, document, runner):
    """Return a function that restarts, chooses a learning rate, and runs."""

    def run(rate, updates=20):
        runner.restart()
        runner.set_training(replace(document.state.training, learning_rate=rate, updates=updates))
        with qtbot.waitSignal(runner.run_ended):
            runner.run()

    return run


@pytest.fixture
def three(run, plot, qtbot):
    """Return the plot with a run and two earlier ones."""
    plot.resize(480, 300)
    for rate in (0.01, 0.005, 0.02):
        run(rate)
    qtbot.waitUntil(lambda: len(earlier_curves(plot)) == 2)
    plot.grab()
    return plot


@pytest.fixture(scope="module")
def overfitted():
    return train(runs.noisy_sine()).state


@pytest.fixture(scope="module")
def of_classes():
    return runs.classes()


def showing(plot, document, state):
    document.start(state)
    plot.curve.settle()
    plot.grab()


def drawn(plot):
    """Return the points of the curve as they are drawn."""
    return plot.curve.line.curve.points


def earlier_curves(plot):
    """Return the points of the curve of each kept run as they are drawn."""
    return [line.curve.points for line in plot.curve.kept.lines if line.curve.isVisible()]


def ring(plot):
    """Return where the ring stands, in the plot's pixels."""
    return plot.curve.present().toPoint()


def ticks(plot):
    low, high = plot.curve.view()[1]
    return [text for _, text in plot.curve.left.ticks(low, high, 150.0)]


def rings_pixels(plot):
    """Return how many pixels of the plot have the colour that is the ring's alone."""
    return int((pixels_of(plot.curve) == int(LIGHT.ink[1:], 16)).sum())


def test_the_panel_stands_before_pyqtgraph_is_there(qtbot, own, document):
    plot, frames = HistoryPlot(own.desk), own.desk.frames
    qtbot.addWidget(plot)
    frames.add(plot)
    plot.update_actions()
    assert plot.curve is None
    assert not any(action.isEnabled() for action in (plot.ask_csv, plot.export_picture, plot.copy_picture))
    assert plot.pages.empty.text() == EMPTY.format(loss="MSE")
    document.push(train(document.state).state, "Run")
    plot.load()
    assert "pyqtgraph" in sys.modules
    plot.show()
    frames.show_pending()
    assert plot.curve.isVisible()
    plot.hide()
    frames.remove(plot)
    document.push(train(document.state, updates=10).state, "Run")
    plot.show()
    frames.add(plot)
    assert len(drawn(plot)) == 31, "a hidden plot catches up when it is shown"
    plot.hide()


def test_the_curve_is_the_exercise_s_and_followed_while_it_grows(document, trained):
    axes = trained.curve.bottom, trained.curve.left
    assert [axis.labelText for axis in axes] == ["iterations", "MSE"]
    for last in (20, 120):
        points = drawn(trained)
        assert points[:, 0].tolist() == list(range(last + 1))
        np.testing.assert_allclose(points[:, 1], mse_after(points[:, 0]), rtol=1e-9, atol=1e-20)
        (x0, x1), (y0, y1) = trained.curve.view()
        assert x0 <= 0 < last <= x1 < 1.1 * last
        assert y0 <= 0 < 49 <= y1 < 60
        document.push(train(document.state, updates=100).state, "Run")


def test_the_ring_is_whole_where_the_mse_is_lowest_or_highest(document, plot):
    cut_off = []
    for size, mse in product([(364, 260), (250, 140)], [0.0, 49.0, -49.0]):
        plot.resize(*size)
        showing(plot, document, runs.with_history([(0, 49.0 - mse), (1, 20.0), (2, mse)]))
        box = plot.curve.box.sceneBoundingRect()
        if not box.contains(QRectF(-6, -6, 12, 12).translated(plot.curve.present())):
            cut_off.append((size, mse))
    assert cut_off == []


def test_the_line_of_a_long_run_is_nowhere_away_from_its_losses(document, plot):
    """Not further than the spread within 1/2048 of the run, or within a pixel where that is longer."""
    points = falling(np.arange(300_000.0), 1)
    state, history = runs.with_history(points[:1]), gone_on(History(8 * BUCKETS), points, 1000)[-1]
    for width in (480, 5000):
        plot.resize(width, 300)
        showing(plot, document, replace(state, run=replace(state.run, iteration=299_999, history=history)))
        assert len(drawn(plot)) <= 8 * width
        check_line(drawn(plot), points, max(plot.curve.pixel()[0] // 256, 1) * 256)


def test_every_point_of_a_long_history_is_drawn_when_looked_at_closely(document, plot):
    mse = np.full(30_000, 2.0)
    mse[[7_001, 20_003]] = 9.0, 0.5
    document.start(runs.with_history(list(enumerate(mse))))
    assert len(drawn(plot)) < 3000
    assert {0.5, 2.0, 9.0} <= set(drawn(plot)[:, 1])
    for first in (7_000, 12_000):
        plot.curve.show_view([[first, first + 10.0], [0.0, 10.0]])
        assert set(range(first, first + 11)) <= set(drawn(plot)[:, 0])
        assert set(drawn(plot)[drawn(plot)[:, 0] == 7_001, 1]) == ({9.0} if first == 7_000 else set())


def test_a_smooth_curve_is_drawn_wide_and_noise_thin(document, plot):
    def pixels(mse):
        document.start(runs.with_history(list(enumerate(mse))))
        middle = place(plot, len(mse) / 2, mse[-1])
        column = pixels_of(plot.curve)[middle.y() - 4 : middle.y() + 5, middle.x()]
        return (column != int(LIGHT.surface[1:], 16)).sum()

    smooth = np.array([3.0, *[2.1] * 400])
    assert pixels(smooth) >= 2
    assert pixels(smooth + 1e-9 * (np.arange(401) % 2)) == 1


def test_log_draws_exponents_and_labels_true_values(qtbot, document, trained):
    qtbot.mouseClick(trained.log_button, LEFT)
    np.testing.assert_allclose(drawn(trained)[:, 1], np.log10(mse_after(np.arange(21))))
    axis = trained.curve.left
    assert [text for _, text in axis.ticks(-5.0, 2.0, 110.0)] == ["0.0001", "0.01", "1", "100"]
    trained.curve.settle()
    assert hover(trained, place(trained, 0, np.log10(49))) == ["iteration 0", "MSE 49"]
    qtbot.mouseClick(trained.log_button, LEFT)
    assert drawn(trained)[0, 1] == pytest.approx(49)
    qtbot.mouseClick(trained.log_button, LEFT)
    showing(trained, document, runs.with_history([(0, 4.0), (1, 0.0), (2, 1.0)]))
    assert drawn(trained)[:, 0].tolist() == [0, 2], "0 has no place on a log scale"
    assert hover(trained, place(trained, 1, 0.0)) == ["iteration 1", "MSE 0"]
    trained.curve.show_view([[0.0, 1.0], [-900.0, 900.0]])
    trained.grab()
    exponents = [value for value, _ in axis.ticks(-900.0, 900.0, 150.0)]
    assert len(exponents) >= 2
    assert all(-308 <= exponent <= 308 for exponent in exponents)


def test_no_number_or_name_of_an_axis_is_cut_off(document, plot):
    document.start(runs.with_history([(k, (1000 - k) / 10.8) for k in range(1001)]))  # up to a tick at 100
    image = pixels_of(plot.curve)
    assert {*image[0].tolist(), *image[:, -1].tolist()} == {int(LIGHT.surface[1:], 16)}
    for height in (180, 400):
        plot.resize(364, height)
        showing(plot, document, runs.with_history([(0, 5.0), (1, 1.0)]))
        showing(plot, document, runs.watched([(0, 2.0), (1, 1.0)]))
        axis = plot.curve.left
        name, room = axis.label.sceneBoundingRect(), axis.sceneBoundingRect()
        assert axis.label.toPlainText().strip() == "script's loss", "a later name has room, too"
        assert room.top() <= name.top() < name.bottom() <= room.bottom()
        assert name.center().y() == pytest.approx(room.center().y(), abs=2.0)


UNUSUAL = [
    [(0, 0.0), (1, 0.0)],
    [(0, 5.0)],
    [(0, 0.25), (1, 0.25 - 2**-54), (2, 0.25)],
    [(0, 1e295), (1, 1e300)],
    [(0, 3e-300), (1, 1e-308)],
    [(0, 2.0), (1, 1.9999999)],
]
FLAT = [[(0, mse), (1, mse * (1 - 2**-53)), (2, mse)] for mse in (0.0, 0.25, 5.0, 1e-20)]


def test_unusual_histories_are_in_view_with_different_ticks_and_flat_ones_from_0_on(document, plot):
    wrong = []
    for points, log in [*product(UNUSUAL, (False, True)), *product(FLAT, [False])]:
        plot.log_button.setChecked(log)
        showing(plot, document, runs.with_history(points))
        (x0, x1), (y0, y1) = plot.curve.view()
        inside = all(x0 <= x <= x1 and y0 <= y <= y1 for x, y in drawn(plot))
        labels = ticks(plot)
        if points in FLAT:
            fine = y0 < points[0][1] < y1 and not any(own[0] == MINUS for own in labels)
            fine = fine and max(map(len, labels)) <= 8
        else:
            fine = 2 <= len(labels) == len(set(labels))
        if not (inside and fine):
            wrong.append((log, points, inside, labels))
    assert wrong == []


def test_back_in_the_run_what_comes_after_stays_faint_and_the_ring_goes_along(qapp, trained, go_to):
    def strength(iteration):
        """Return how far the curve's colour is from the ground, where it passes an iteration."""
        at, seen = place(trained, iteration, mse_after(iteration)), pixels_of(trained.curve) & 0xFF
        return np.abs(seen[at.y() - 3 : at.y() + 4, at.x()].astype(int) - int(seen[2, 2])).max()

    go_to(10)
    try:
        for theme in PALETTES:
            apply_theme(qapp, theme)
            qapp.processEvents()
            assert strength(5) > 1.5 * strength(15) > 15, theme
    finally:
        apply_theme(qapp, "light")
    for log in (False, True):
        trained.log_button.setChecked(log)
        trained.curve.settle()  # other numbers on the axis have other room
        go_to(20)
        whole, view = drawn(trained), trained.curve.view()
        for iteration in (19, 7, 0, 12, 20):
            go_to(iteration)
            np.testing.assert_array_equal(drawn(trained), whole[: iteration + 1])
            beyond = whole[iteration:] if iteration < 20 else np.empty((0, 2))
            np.testing.assert_array_equal(trained.curve.line.later.points, beyond)
            assert ring(trained) == place(trained, iteration, whole[iteration, 1])
            assert trained.curve.view() == view


def test_a_new_end_replaces_what_came_after_an_undone_run_is_faint_and_an_edit_keeps_it(
    document, trained, go_to
):
    document.undo()
    assert trained.curve.line.later.points[:, 0].tolist() == list(range(21))
    assert ring(trained) == place(trained, 0, 49)
    document.redo()
    document.push(set_weight(document.state, 0, 0, 0, 1.0), "Edit")
    assert len(drawn(trained)) == 0
    (kept,) = earlier_curves(trained)
    assert kept[:, 0].tolist() == list(range(21))
    document.edit("Delete", delete_runs)
    assert not trained.curve.isVisible()
    assert trained.pages.empty.text() == EMPTY.format(loss="MSE")
    document.undo()
    document.undo()
    assert (len(drawn(trained)), earlier_curves(trained)) == (21, [])
    assert len(drawn(trained)) == 21
    go_to(5)
    document.push(train(document.state, updates=2).state, "Run")
    assert drawn(trained)[-1, 0] == 7
    assert trained.curve.line.later.points[[0, -1], 0].tolist() == [7, 20], "the same steps go along it"
    go_to(5)
    document.push(edits.set_training(document.state, Training(0.02, 20)), "Change learning rate")
    assert trained.curve.line.later.points[-1, 0] == 20
    document.push(train(document.state, updates=1).state, "Step")
    assert drawn(trained)[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert len(trained.curve.line.later.points) == 0


def test_before_the_first_loss_that_a_script_told_there_is_no_ring(document, plot, go_to, approved):
    document.start(runs.watched([(1, 9.0), (2, 5.0), (3, 1.0)]))
    assert rings_pixels(plot) > 0
    go_to(0)
    assert rings_pixels(plot) == len(drawn(plot)) == 0
    assert plot.curve.line.later.points.tolist() == [[1, 9], [2, 5], [3, 1]]
    approved("a script's loss for a screen reader", plot.curve.accessibleDescription())
    approved("the tooltip of Log for a script's loss", plot.log_button.toolTip())
    go_to(3)
    assert rings_pixels(plot) > 0


def test_the_wheel_zooms_only_as_far_as_qt_can_draw(trained):
    for way in (6, -6):
        for _ in range(250):
            hands.turn(trained.curve.viewport(), way)
            trained.curve.grab()
        (left, right), (bottom, top) = trained.curve.view()
        assert left < right < math.inf
        assert bottom < top < math.inf


def test_the_mouse_drags_the_ring_along_the_run_and_elsewhere_the_view(qtbot, document, trained):
    end, curve, whole = document.state, trained.curve, trained.curve.view()
    view = curve.viewport()
    qtbot.mousePress(view, LEFT, pos=ring(trained))
    hands.hover(view, *(place(trained, k, 20) for k in (14, 3)))  # the release went to a dialog
    qtbot.mouseRelease(view, LEFT, pos=ring(trained))
    assert document.state is end
    drag(trained, ring(trained), *(place(trained, k, 20) for k in (14, 3, 8)))
    assert document.state.run.history.last == (8, pytest.approx(mse_after(8)))
    assert (document.state.iteration, document.now.is_moving) == (8, False)
    assert curve.view() == whole
    drag(trained, ring(trained), QPoint(0, 40))
    assert document.state.iteration == 0
    document.undo()
    assert document.state.iteration == 8
    document.undo()
    assert document.state is end
    click(trained, place(trained, 10, 30))
    assert curve.view() == whole
    drag(trained, *(place(trained, k, 30) for k in (5, 12, 14)))  # elsewhere, else a double click
    assert curve.view() != whole
    assert document.state.iteration == 20
    for reset in (lambda: hands.double_click(view, place(trained, 3, 3)), trained.view_all.trigger):
        curve.show_view([[2.0, 4.0], [0.0, 10.0]])
        assert curve.view() != whole
        reset()
        np.testing.assert_allclose(curve.view(), whole)


def test_the_mouse_and_arrow_keys_read_points_out(document, trained, go_to, approved):
    own = trained.curve.readout
    for iteration in (0, 3, 20):
        target = place(trained, iteration, mse_after(iteration))
        lines = hover(trained, target + QPoint(2, -3))
        assert lines == [f"iteration {iteration}", f"MSE {as_text(mse_after(iteration))}"]
        assert trained.curve.rect().contains(own.geometry())
        assert not own.geometry().contains(target)
    assert hover(trained, QPoint(3, 3)) is None
    for key, iteration in ((Key.Key_Left, 19), (Key.Key_Home, 0), (Key.Key_Right, 1)):
        keys(trained, key)
        assert read_out(trained)[0] == f"iteration {iteration}"
    keys(trained, Key.Key_Escape)
    assert read_out(trained) is None
    view = trained.curve.viewport()
    hands.rest(view, place(trained, 5, 10.0))
    assert read_out(trained)
    assert not QToolTip.isVisible(), "the curve has the numbers instead"
    hands.rest(view, QPoint(2, 60))
    approved("the tooltip beside the curve", QToolTip.text())
    assert max(map(len, QToolTip.text().splitlines())) < 70
    QToolTip.hideText()
    approved("a run for a screen reader", rounded(trained.curve.accessibleDescription()))
    go_to(5)
    lines = hover(trained, place(trained, 15, mse_after(15)))
    assert lines[0] == "iteration 15", "what comes after is read out, too"
    trained.curve.read_at(None)
    keys(trained, Key.Key_Right)
    assert read_out(trained)[0] == "iteration 6"
    approved("back in a run, for a screen reader", rounded(trained.curve.accessibleDescription()))
    document.push(train(document.state).state, "Run")
    assert read_out(trained)[0] == "iteration 6", "it stays while the curve grows"
    document.start(runs.with_history([(0, 2.0), (1, 1.0)]))
    assert read_out(trained) is None


def test_a_click_on_a_button_leaves_the_focus_tab_reaches_it_and_a_menu_opens(qtbot, qapp, trained, approved):
    trained.activateWindow()
    trained.curve.setFocus()
    qtbot.waitUntil(trained.curve.hasFocus)
    assert rings_pixels(trained) == 0, "with the focus it has the accent's colour"
    for button in (trained.log_button, trained.more_button):
        qtbot.mouseClick(button, LEFT)
        if menu := qapp.activePopupWidget():
            menu.close()
        assert trained.curve.hasFocus()
    reached = set()
    for _ in range(5):
        qtbot.keyClick(qapp.focusWidget(), Key.Key_Tab)
        reached.add(qapp.focusWidget())
    assert {trained.log_button, trained.more_button} <= reached
    trained.more_button.setFocus()
    assert rings_pixels(trained) > 0
    qtbot.mouseClick(trained.more_button, LEFT)
    menu = qapp.activePopupWidget()
    entries = [(action.text(), action.isEnabled()) for action in menu.actions() if action.text()]
    menu.close()
    approved("the menu", "\n".join(f"{text}{'' if enabled else ' (disabled)'}" for text, enabled in entries))


def test_csv_has_every_loss_and_says_what_a_long_history_leaves_out(
    answer, document, plot, go_to, tmp_path, of_classes, approved, monkeypatch
):
    told = []
    plot.desk.message.connect(told.append)

    def export(name):
        answer(QFileDialog, hands.type_name(tmp_path / name))
        plot.ask_csv.trigger()

    start = document.state
    document.push(train(start).state, "Run")
    points = document.state.run.history.points
    go_to(5)
    for state, header, expected in (
        (None, "iteration,mse", points),
        (of_classes, "iteration,cross_entropy,validation", of_classes.run.points),
    ):
        name = f"{len(expected)}.csv"
        if state:
            document.start(state)
        export(name)
        assert (tmp_path / name).read_text().splitlines()[0] == header
        np.testing.assert_array_equal(np.loadtxt(tmp_path / name, delimiter=",", skiprows=1), expected)
        assert told.pop() == f"Exported {name}"
    limited = Trainer(start, history_limit=100)
    for _ in limited.work(400):
        pass
    document.push(limited.state(), "Run")
    export("curve")
    assert (tmp_path / "curve.csv").exists()
    approved("a long history as CSV", told.pop())

    def fail(*_):
        raise FileError("full.csv was not saved: the disk is full")

    monkeypatch.setattr(atomic, "write", fail)
    answer(QFileDialog, hands.type_name(tmp_path / "full"))
    answer(QMessageBox, hands.choose("OK"))
    plot.ask_csv.trigger()
    assert told.pop() == "full.csv was not saved: the disk is full"


# --- kept runs


def triggered(plot, text):
    """Choose an entry of the plot's menu that can be chosen."""
    plot.menu.aboutToShow.emit()
    (action,) = (action for action in plot.menu.actions() if action.text() == text)
    assert action.isEnabled()
    action.trigger()


def test_kept_runs_are_drawn_and_read_out_by_mouse_and_keys(qapp, three, document, approved):
    curves = [*earlier_curves(three), three.curve.line.curve.points]
    for curve, rate in zip(curves, (0.01, 0.005, 0.02), strict=True):
        np.testing.assert_allclose(curve[:, 1], mse_after(np.arange(21), rate), rtol=1e-7)
    for rate in (0.01, 0.005):
        name, iteration, mse = hover(three, place(three, 3, mse_after(3, rate)))
        assert (name, iteration, mse.split()[0]) == (f"rate {rate}", "iteration 3", "MSE")
        assert float(mse.split()[1]) == pytest.approx(mse_after(3, rate), rel=1e-3)
    for iteration, mse in ((3, mse_after(3, 0.02)), (15, 40.0)):
        assert hover(three, place(three, iteration, mse))[0] == f"iteration {iteration}"
    for key, begins in (
        (Key.Key_Home, "iteration 0"),
        (Key.Key_Right, "iteration 1"),
        (Key.Key_Down, "rate 0.005"),
        (Key.Key_Down, "rate 0.01"),
        (Key.Key_Right, "rate 0.01"),
        (Key.Key_Up, "rate 0.005"),
        (Key.Key_Up, "iteration 2"),
    ):
        keys(three, key)
        assert " · ".join(read_out(three)).startswith(begins)
    approved("runs for a screen reader", rounded(three.curve.accessibleDescription()))
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        seen, palette = runs.colours_of(three.curve), PALETTES[theme]
        assert palette.slope not in seen
        assert {palette.runs[1], palette.runs[2], palette.accent} <= set(seen)
    document.edit("Rename", label_run, 2, {"name": "<b>slow"})
    assert hover(three, place(three, 3, mse_after(3, 0.005)))[0] == "<b>slow"
    assert three.curve.readout.textFormat() == Qt.TextFormat.PlainText


def test_the_key_names_the_runs_for_which_it_has_room(three, document):
    def key():
        return re.sub(r"\s", "", html.unescape(re.sub("<[^>]+>", "", three.curve.title.text)))

    assert key() == "━━rate0.02•••rate0.005╍╍rate0.01"
    document.edit("Rename", label_run, 1, {"name": "<b>one"})
    three.show_now()
    assert key().endswith("<b>one")
    for number in (1, 2):
        document.edit("Rename", label_run, number, {"name": "a name that is rather long"})
    three.resize(300, 300)
    three.grab()
    three.show_now()
    assert key().endswith("more")
    document.hide_runs(frozenset({1, 2}))
    three.show_now()
    assert (key(), earlier_curves(three)) == ("", [])


def test_a_growing_curve_leaves_the_picture_of_the_others_for_many_frames(three, document):
    """While the run grows, the view moves only when the curve has left it."""
    views, end = [], document.state.run
    for updates in range(2, 60):
        longer = History().extended(np.column_stack((np.arange(updates), np.full(updates, 3.0))))
        three.curve.show_history(longer, longer.last, growing=True)
        (left, right), (bottom, top) = three.curve.view()
        assert left < 0
        assert updates - 1 < right
        assert bottom < 3.0 < top
        views.append(right)
    assert len(set(views)) < 12
    three.curve.show_history(end.history, end.history.last)
    assert three.curve.view()[0][1] == pytest.approx(20, abs=1.5), "at rest, the view fits the curves"


def test_the_axes_take_in_kept_runs(three, run):
    for log in (False, True):
        three.log_button.setChecked(log)
        run(0.02, updates=5)
        (left, right), (bottom, top) = three.curve.view()
        for curve in earlier_curves(three):
            x, y = curve.T
            assert left < x.min() < x.max() < right
            assert bottom < y.min() < y.max() < top
        expected = mse_after(np.arange(21), 0.005)
        expected = np.log10(expected) if log else expected
        np.testing.assert_allclose(earlier_curves(three)[1][:, 1], expected, rtol=1e-9)


def test_kept_runs_can_be_deleted_brought_back_and_saved(qtbot, three, document, tmp_path):
    present, earlier = drawn(three).tolist(), [curve.tolist() for curve in earlier_curves(three)]
    document.save(tmp_path / "x.json")
    triggered(three, "Delete the kept runs")
    assert (earlier_curves(three), document.state.runs) == ([], ())
    assert drawn(three).tolist() == present
    assert document.undo_text() == "Delete the kept runs"
    document.undo()
    assert len(earlier_curves(three)) == 2
    document.undo()
    assert len(earlier_curves(three)) == 1, "an undone run is the present one's way"
    document.redo()
    document.edit("Change weight", set_weight, 0, 0, 0, 0.5)
    qtbot.waitUntil(lambda: not len(drawn(three)))
    assert three.curve.isVisible()
    assert len(earlier_curves(three)) == 3, "kept runs are drawn alone"
    three.menu.aboutToShow.emit()
    assert not three.ask_csv.isEnabled()
    document.start(*document.read(tmp_path / "x.json"))
    qtbot.waitUntil(lambda: len(earlier_curves(three)) == 2)
    assert [curve.tolist() for curve in earlier_curves(three)] == earlier


def test_kept_runs_of_another_network_are_drawn_too(qtbot, three, document, run):
    document.edit("Add a layer", edits.add_layer, 0)
    document.edit("Small weights", edits.randomise, 1)
    run(0.001, updates=5)
    qtbot.waitUntil(lambda: len(drawn(three)) == 6)
    assert len(earlier_curves(three)) == 3
    assert three.curve.view()[0][1] > 20
    assert "3-3-1" in three.curve.title.text


def test_a_kept_run_of_another_loss_is_not_drawn(qtbot, document, runner, plot, of_classes):
    showing(plot, document, replace(of_classes, runs=()))

    def run_anew(**settings):
        state = document.state
        document.push(edits.set_training(state, replace(state.training, **settings)), "Settings")
        document.push(edits.randomise(document.state, document.state.training.seed + 1), "Random")
        with qtbot.waitSignal(runner.run_ended):
            runner.run()

    run_anew()
    assert len(earlier_curves(plot)) == 1
    run_anew(loss="mse")
    assert (len(document.state.runs), earlier_curves(plot)) == (2, [])
    run_anew()
    assert len(earlier_curves(plot)) == 1


# --- runs that diverge


@pytest.fixture
def xor(plot, document):
    """Return the plot of the example xor, which diverges at a learning rate of 1."""
    plot.resize(560, 280)
    document.start(load(example("xor").path))
    return plot


def test_a_diverged_run_is_drawn_up_to_three_times_its_start_and_told(qtbot, document, xor, run, approved):
    run(1.0, updates=300)
    history = document.state.run.history.points
    losses, start = history[:, 1], history[0, 1]
    assert losses.max() > 1e300
    qtbot.waitUntil(xor.verdict.isVisible)  # below the plot, which gets smaller
    qtbot.waitUntil(lambda: xor.curve.view()[0][1] > document.state.iteration)
    for log in (True, False):
        xor.log_button.setChecked(log)
        xor.curve.settle()
        low, high = (10**y for y in xor.curve.view()[1]) if log else xor.curve.view()[1]
        assert low < losses.min()
        assert 3 * start <= high < 4 * start
        assert drawn(xor)[:, 1].max() > xor.curve.view()[1][1], "the curve leaves the plot"
        assert xor.curve.rect().contains(ring(xor)), "the ring can still be dragged back"
    first = int(np.flatnonzero(losses <= 3 * start)[-1]) + 1
    lines = hover(xor, place(xor, first, 2 * start))
    assert lines[0] == f"iteration {first}"
    sentence = " ".join(lines[-2:])
    approved("a point of a diverged run above the plot", sentence)
    *_, described = xor.curve.accessibleDescription().split(", ")
    approved("a diverged run for a screen reader", described)
    for key, told in ((Key.Key_Home, False), (Key.Key_End, True)):
        keys(xor, key)
        assert (sentence in " ".join(read_out(xor))) == told
    xor.curve.show_view([[0, 20], [0, 1e40]])
    np.testing.assert_array_equal(drawn(xor)[:20], history[:20])
    hands.rest(xor.curve.viewport(), place(xor, 3, 5e39))
    assert "above the plot" not in xor.curve.readout.text()
    xor.view_all.trigger()
    run(0.05, updates=300)
    qtbot.waitUntil(lambda: len(earlier_curves(xor)) == 1)
    keys(xor, Key.Key_End, Key.Key_Down)
    assert sentence in " ".join(read_out(xor))


@pytest.mark.parametrize("rates", [(1.0, 0.05), (0.05, 1.0)], ids=["before", "after"])
def test_a_diverged_run_leaves_another_one_its_shape(qtbot, xor, run, rates):
    for rate in rates:
        run(rate, updates=300)
    qtbot.waitUntil(lambda: len(earlier_curves(xor)) == 1)
    for log in (True, False):
        xor.log_button.setChecked(log)
        xor.curve.settle()
        good, bad = drawn(xor), earlier_curves(xor)[0]
        good, bad = (good, bad) if rates[-1] < 1 else (bad, good)
        bottom, top = xor.curve.view()[1]
        assert np.ptp(good[:, 1]) > 0.2 * (top - bottom)
        assert bad[-1, 1] > top


def test_what_rises_is_drawn_whole_and_what_starts_diverged_has_its_ring_in_view(plot):
    losses = np.column_stack((np.arange(100), np.linspace(0.01, 5000, 100)))
    plot.curve.show_history(History().extended(losses), (99, 5000.0))
    assert plot.curve.view()[1][1] > 5000
    losses = np.array([[0, 1.55e307], [1, 1.55e307], [2, 1.6e307]])
    plot.curve.show_history(History().extended(losses), (2, 1.6e307))
    low, high = plot.curve.view()[1]
    assert -1e305 < low < high < 3e306
    assert plot.curve.rect().contains(ring(plot))


# --- validation, accuracy, over-fitting


def test_validation_is_a_second_curve_with_a_key_in_other_colours(document, plot, overfitted):
    key = plot.curve.title
    assert not key.isVisible()
    showing(plot, document, overfitted)
    run = overfitted.run
    np.testing.assert_array_equal(drawn(plot), run.history.points)
    np.testing.assert_array_equal(plot.curve.validation.curve.points, run.curve("validation").points)
    assert key.isVisible()
    assert "training" in key.text
    assert "validation" in key.text
    _, (y0, y1) = plot.curve.view()
    for points in (drawn(plot), plot.curve.validation.curve.points):
        assert ((y0 <= points[:, 1]) & (points[:, 1] <= y1)).all()
    showing(plot, document, train(runs.noisy_sine(validation=0.0), updates=5).state)
    assert len(plot.curve.validation.curve.points) == 0
    assert not key.isVisible()


def test_the_accuracy_is_drawn_by_a_switch_and_read_out(document, plot, go_to, of_classes):
    assert not plot.accuracy_button.isVisible()
    showing(plot, document, of_classes)
    run = document.state.run
    plot.curve.read_at(12)
    loss, validation, right, right_aside = (
        values.points[12, 1] for values in (run.history, *(curve.history for curve in run.beside))
    )
    assert read_out(plot) == [
        "iteration 12",
        f"Cross-entropy {as_text(loss)}",
        f"validation {as_text(validation)}",
        f"training accuracy {percent_text(right)}",
        f"validation accuracy {percent_text(right_aside)}",
    ]
    plot.curve.read_at(None)
    QTest.mouseClick(plot.accuracy_button, LEFT)
    plot.curve.settle()
    np.testing.assert_array_equal(drawn(plot), run.curve("accuracy").points)
    np.testing.assert_array_equal(plot.curve.validation.curve.points, run.curve("validation accuracy").points)
    assert [ticks(plot)[k] for k in (0, -1)] == ["0 %", "100 %"]
    assert plot.curve.left.labelText == "accuracy"
    assert not plot.log_button.isEnabled()
    assert read_out(plot) is None
    go_to(7)
    assert plot.curve.present() == plot.curve.place_of(7.0, drawn(plot)[-1, 1])
    lines = plot.curve.line.curve, plot.curve.validation.curve, plot.curve.line.later
    assert [len(line.points) for line in lines] == [8, 8, 24]
    go_to(30)
    QTest.keyClick(plot.accuracy_button, Key.Key_Space)
    np.testing.assert_array_equal(drawn(plot), run.history.points)
    assert plot.log_button.isEnabled()


def test_overfitting_is_named_and_marked(qtbot, document, plot, overfitted, of_classes, approved):
    showing(plot, document, overfitted)
    qtbot.waitUntil(plot.verdict.isVisible)
    least = int(overfitted.run.curve("validation").points[:, 1].argmin())
    assert 0 < least < 590
    sentence = plot.verdict.text()
    assert f"{least}" in sentence
    approved("overfitting", sentence.replace(f"{least}", "LEAST"))
    approved("the rule of overfitting", plot.verdict.toolTip())
    assert f"the validation loss has risen since iteration {least}" in plot.curve.accessibleDescription()
    mark = plot.curve.start_of_rise
    assert mark.pos().toTuple() == pytest.approx(overfitted.run.curve("validation").points[least])
    for state in (of_classes, train(runs.noisy_sine(), updates=100).state):
        showing(plot, document, state)
        qtbot.waitUntil(lambda: not plot.verdict.isVisible())
        assert not mark.isVisible()
        showing(plot, document, overfitted)
        qtbot.waitUntil(plot.verdict.isVisible)


@pytest.mark.parametrize("by_key", [False, True])
def test_an_overfitted_run_is_mended_by_a_new_run_with_l2(qtbot, own, document, plot, overfitted, by_key):
    showing(plot, document, overfitted)
    qtbot.waitUntil(plot.remedy.isVisible)
    button, before = plot.remedy, overfitted.run.curve("validation").last[1]
    assert (button.isVisible(), button.text()) == (True, "Run with L2 0.0001")
    assert "0.0001·Σw²" in button.toolTip()
    with qtbot.waitSignal(own.runner.run_ended):
        if by_key:
            button.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(button, Qt.Key.Key_Space)
        else:
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    mended = document.state
    assert (mended.training.l2, mended.iteration) == (0.0001, overfitted.training.updates)
    assert mended.run.start.computes_as(overfitted.run.start)
    assert mended.network == train(replace(runs.noisy_sine(), training=mended.training)).state.network
    assert mended.run.curve("validation").last[1] < before
    assert [run.training.l2 for run in mended.runs] == [0.0], "the run before is drawn beside it"
    assert "without the penalty" in plot.curve.toolTip()
    qtbot.waitUntil(lambda: plot.remedy.text() == "Run with L2 0.0003")
    document.undo()
    assert document.undo_text() == "Restart with L2 0.0001"
    assert (document.state.training.l2, document.state.iteration) == (0.0001, 0)
    document.undo()
    assert document.state.training.l2 == 0.0
    assert document.state.network == overfitted.network
    qtbot.waitUntil(lambda: plot.remedy.text() == "Run with L2 0.0001")
    assert "penalty" not in plot.curve.toolTip()


def test_a_script_gets_a_verdict_but_no_new_run(qtbot, document, plot, overfitted):
    showing(plot, document, overfitted)
    qtbot.waitUntil(plot.remedy.isVisible)
    showing(plot, document, replace(overfitted, run=replace(overfitted.run, watched=True)))
    qtbot.waitUntil(lambda: not plot.remedy.isVisible())
    assert plot.verdict.isVisible()


BADLY_SET = {
    "one weight: each update goes too far": ("is too large", "learning rate 0.07"),
    "moons: adam with rate 1e-6": ("is too small", "learning rate 0.001"),
    "wages: raw columns saturate tanh": (
        "Inputs of unlike scales: the standard deviation is 0.3936 for",
        "standardised inputs",
    ),
    "spiral: dead from the start": ("every node is dead on all 100 rows", "new random weights"),
}


@pytest.mark.parametrize("name", BADLY_SET)
def test_one_click_tries_the_remedy_as_the_next_run_over_the_badly_set_one(qtbot, own, document, plot, name):
    evidence, remedy = BADLY_SET[name]
    start = started(next(run for run in RUNS if run["name"] == name))
    document.start(start)
    with qtbot.waitSignal(own.runner.run_ended):
        own.runner.run()
    bad = document.state
    qtbot.waitUntil(plot.remedy.isVisible)
    assert evidence in plot.verdict.text()
    assert plot.verdict.text()[0].isupper()
    assert plot.verdict.toolTip() == plot.verdict.toolTip().strip()
    assert plot.remedy.text() == f"Run with {remedy}"
    assert f"train again with {remedy}\n" in plot.remedy.toolTip()
    with qtbot.waitSignal(own.runner.run_ended):
        QTest.mouseClick(plot.remedy, LEFT)
    qtbot.waitUntil(lambda: len(earlier_curves(plot)) == 1)
    better = document.state
    assert better.iteration == start.training.updates
    assert better.run.history.last[1] < bad.run.history.last[1]
    qtbot.waitUntil(lambda: not plot.verdict.isVisible())
    document.undo()
    assert document.undo_text() == f"Restart with {remedy}"
    document.undo()
    assert (document.state.network, document.state.data) == (bad.network, bad.data)
    assert (document.state.training, document.state.runs) == (start.training, ())
    qtbot.waitUntil(plot.remedy.isVisible)
    assert evidence in plot.verdict.text()


def test_a_run_that_diverges_at_once_gets_a_remedy(qtbot, own, document, plot, run):
    run(1e200)
    assert document.state.iteration == 0
    qtbot.waitUntil(plot.remedy.isVisible)
    assert plot.verdict.text() == "Learning rate 1e200 is too large: the MSE rose from 49 without bound"
    with qtbot.waitSignal(own.runner.run_ended):
        QTest.mouseClick(plot.remedy, LEFT)
    assert document.state.training.learning_rate == 1e199


def test_no_verdict_is_shown_during_a_run_and_while_results_are_hidden(qtbot, own, document, plot, run):
    run(0.3)
    qtbot.waitUntil(plot.remedy.isVisible)
    document.hide_results(True)
    assert (plot.verdict.isVisible(), plot.remedy.isVisible()) == (False, False)
    document.hide_results(False)
    assert (plot.verdict.isVisible(), plot.remedy.isVisible()) == (True, True)
    own.runner.speed = 0.0
    own.runner.run()
    assert (plot.verdict.isVisible(), plot.remedy.isVisible()) == (False, False)
    own.runner.pause()
    qtbot.waitUntil(plot.remedy.isVisible)


def test_the_best_of_many_runs_gets_a_sentence_and_no_button(qtbot, document, plot, tmp_path):
    name = "moons: the best of ten runs by validation"
    end = train(started(next(run for run in RUNS if run["name"] == name))).state
    nnviz.save(end, tmp_path / "runs.json")
    document.start(load(tmp_path / "runs.json"))
    qtbot.waitUntil(plot.verdict.isVisible)
    assert "the lowest of 10 runs on the same 20 rows" in plot.verdict.text()
    assert not plot.remedy.isVisible()


def test_the_heading_names_the_loss_in_use_and_the_panel_names_overfitting(
    qtbot, open_window, settings, of_classes
):
    window = open_window(of_classes)
    dock, card = window.board.docks["Loss"], window.history
    assert dock.is_in_view
    assert (dock.windowTitle(), card.heading.text()) == ("Loss", "CROSS-ENTROPY")
    assert card.heading.isVisible()  # its tab does not say which loss
    hands.press(window, "Loss")
    card.accuracy_button.click()
    assert settings.get("accuracy", False)
    window.document.start(runs.noisy_sine())
    assert panel_entry(window, "Loss").isChecked()
    assert window.history.heading.text() == "MSE"
    assert "MSE" in card.pages.empty.text()
    hands.bring(window, "Loss surface")
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        hands.press(window, "Run")
    curve = card.curve
    window.history.load()  # as it was already
    assert card.curve is curve
    hands.bring(window, "Loss")
    told = f"; the validation loss has risen since iteration {card.curve.marked} (overfitting)"
    assert status(window).endswith(told)
    qtbot.waitUntil(card.verdict.isVisible)
    QApplication.processEvents()
    assert card.heightForWidth(card.width()) <= card.height()  # or it would scroll
