import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog, QToolTip

from nnviz.core import edits
from nnviz.core.history import BUCKETS, History
from nnviz.core.network import Network
from nnviz.core.numbers import MINUS, shown
from nnviz.core.run import Run, Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.trainer import Trainer
from nnviz.document.document import Document
from nnviz.document.training.runner import Runner
from nnviz.picture.palette import PALETTES
from nnviz.ui.plots.history_plot import EMPTY, HistoryPlot
from nnviz.ui.widgets.theme import apply_theme
from tests.core.test_history import check_line, falling, gone_on
from tests.ui import hands
from tests.ui.hands import type_name


def untrained():
    network = Network.from_weights({"output": [0, 2, 1]})
    data = Dataset(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0]]))
    return State(network, data, Training(learning_rate=0.01, updates=20))


def with_history(points):
    state = untrained()
    history = History().extended(np.array(points, dtype=float))
    run = Run(state.network, len(points) - 1, history, "gradient_descent", np.empty((0, 3)), ())
    return replace(state, run=run)


def watched(points):
    state = with_history(points)
    return replace(state, run=replace(state.run, iteration=points[-1][0], watched=True))


@pytest.fixture
def document():
    return Document(untrained())


@pytest.fixture
def runner(document):
    return Runner(document)


@pytest.fixture
def go_to(qtbot, document, runner):
    """Return a function that goes to an iteration of the run and waits until it is shown."""

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


def drawn(plot):
    """Return the points of the curve as they are drawn."""
    return plot.curve.curve()


def test_a_mouse_that_rests_on_the_curve_gets_its_numbers_and_no_tooltip_over_them(trained):
    view = trained.curve.viewport()
    hands.rest(view, place(trained, 5, 10.0))
    assert trained.curve.read_out.isVisible()
    assert not QToolTip.isVisible()


def test_a_mouse_that_rests_beside_the_curve_is_told_what_it_can_do_in_short_lines(trained):
    hands.rest(trained.curve.viewport(), QPoint(2, 60))
    assert QToolTip.text().startswith("Drag the ring")
    assert max(map(len, QToolTip.text().splitlines())) < 70
    QToolTip.hideText()


def place(plot, iteration, mse):
    """Return where a point of the curve stands, in the plot's pixels."""
    return plot.curve.place_of(iteration, mse).toPoint()


@pytest.mark.parametrize("size", [(364, 260), (250, 140)])
@pytest.mark.parametrize("mse", [0.0, 49.0, -49.0])
def test_the_ring_is_whole_where_the_mse_is_lowest_or_highest(qtbot, document, plot, size, mse):
    plot.resize(*size)
    document.push(with_history([(0, 49.0 - mse), (1, 20.0), (2, mse)]), "Run")
    qtbot.waitUntil(plot.curve.isVisible)
    plot.grab()
    box = plot.curve.plotItem.vb.sceneBoundingRect()
    ring = QRectF(-6, -6, 12, 12).translated(plot.curve.present())
    assert box.contains(ring), (box, ring)


def mse_after(k):
    return 49 * 0.72 ** (2 * k)


def ring(plot):
    """Return where the ring stands, in the plot's pixels."""
    return plot.curve.present().toPoint()


def drag(qtbot, plot, start, *places):
    """Press the mouse at `start`, go through the other places, and let it go."""
    view = plot.curve.viewport()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for at in places:
        qtbot.mouseMove(view, at)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=places[-1])


def hover(qtbot, plot, point):
    qtbot.mouseMove(plot.curve.viewport(), point)


def test_the_panel_stands_before_pyqtgraph_is_there(qtbot, document):
    plot = HistoryPlot(document, Runner(document), Path)
    qtbot.addWidget(plot)
    assert plot.curve is None
    assert plot.pages.empty.text() == EMPTY.format(loss="MSE")
    document.push(train(document.state).state, "Run")
    plot.load()
    assert "pyqtgraph" in sys.modules
    plot.show()
    assert plot.curve.isVisible()
    plot.hide()


def test_the_history_of_the_tenth_exercise_is_drawn(trained):
    points = drawn(trained)
    assert points[:, 0].tolist() == list(range(21))
    np.testing.assert_allclose(points[:, 1], [49 * 0.72 ** (2 * k) for k in range(21)], rtol=1e-9)
    assert [axis.labelText for axis in (trained.curve.getAxis("bottom"), trained.curve.getAxis("left"))] == [
        "iterations",
        "MSE",
    ]


def test_the_whole_curve_is_in_view_and_followed_while_it_grows(document, trained):
    for _ in range(2):
        (x0, x1), (y0, y1) = trained.curve.view()
        last = document.state.run.history.last[0]
        assert x0 <= 0 < last <= x1 < 1.1 * last
        assert y0 <= 0 < 49 <= y1 < 60
        document.push(train(document.state, updates=100).state, "Run")


@pytest.mark.parametrize("log", [False, True])
def test_back_in_the_run_what_comes_after_stays_and_the_ring_goes_along(trained, go_to, log):
    trained.log_button.setChecked(log)
    trained.curve.settle()  # other numbers on the axis have other room
    whole, view = drawn(trained), trained.curve.view()
    for iteration in (19, 7, 0, 12):
        go_to(iteration)
        np.testing.assert_array_equal(drawn(trained), whole[: iteration + 1])
        np.testing.assert_array_equal(trained.curve.beyond(), whole[iteration:])
        assert ring(trained) == place(trained, iteration, whole[iteration, 1])
        assert trained.curve.view() == view
    go_to(20)
    np.testing.assert_array_equal(drawn(trained), whole)
    assert len(trained.curve.beyond()) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_comes_after_is_faint_on_either_ground(qapp, trained, go_to, theme):
    apply_theme(qapp, theme)
    try:
        go_to(10)
        image = trained.curve.grab().toImage()
    finally:
        apply_theme(qapp, "light")

    def strongest(iteration):
        """Return how far the curve's colour is from the ground, where it passes an iteration."""
        at, ground = place(trained, iteration, mse_after(iteration)), QColor(PALETTES[theme].surface)
        found = [image.pixelColor(at.x(), at.y() + k) for k in range(-3, 4)]
        return max(abs(own.red() - ground.red()) + abs(own.blue() - ground.blue()) for own in found)

    assert strongest(5) > 1.5 * strongest(15) > 30


def test_a_new_end_takes_the_place_of_what_came_after(document, trained, go_to):
    go_to(5)
    document.push(edits.set_training(document.state, Training(0.02, 20)), "Change learning rate")
    assert trained.curve.beyond()[-1, 0] == 20
    document.push(train(document.state, updates=1).state, "Step")
    assert drawn(trained)[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert len(trained.curve.beyond()) == 0


def test_the_same_steps_again_go_along_what_came_after(document, trained, go_to):
    go_to(5)
    document.push(train(document.state, updates=2).state, "Run")
    assert drawn(trained)[-1, 0] == 7
    assert trained.curve.beyond()[[0, -1], 0].tolist() == [7, 20]


def test_an_undone_run_is_faint_from_its_start_on(document, trained):
    document.undo()
    assert trained.curve.isVisible()
    assert trained.curve.beyond()[:, 0].tolist() == list(range(21))
    assert ring(trained) == place(trained, 0, 49)


def test_between_two_epochs_the_ring_stands_at_its_iteration(document, plot, go_to):
    rows = Dataset([[1.0, 2.0, 3.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [2.0, 1.0, 0.0]], [[0.0]] * 4)
    state = replace(untrained(), data=rows, training=Training(0.01, 20, batch_size=1))
    document.start(state)
    document.push(train(state).state, "Run")
    go_to(6)
    expected = train(state, updates=6).history[-1].tolist()
    assert drawn(plot)[:, 0].tolist() == [0, 4, 6]
    assert drawn(plot)[-1].tolist() == expected
    assert ring(plot) == place(plot, *expected)
    assert plot.curve.beyond()[:, 0].tolist() == [6, 8, 12, 16, 20]


def test_what_comes_after_can_be_read_out_and_is_exported(qtbot, trained, go_to, tmp_path):
    go_to(5)
    hover(qtbot, trained, place(trained, 15, mse_after(15)))
    assert trained.curve.read_out.text().startswith("iteration 15\n")
    trained.curve.read_at(None)
    qtbot.keyClick(trained.curve, Qt.Key.Key_Right)
    assert trained.curve.read_out.text().startswith("iteration 6\n")
    assert "at iteration 5, MSE" in trained.curve.accessibleDescription()
    trained.export_csv(tmp_path / "mse.csv")
    assert len((tmp_path / "mse.csv").read_text().splitlines()) == 1 + 21


def test_before_the_first_loss_that_a_script_told_there_is_no_ring(document, plot, go_to):
    document.start(watched([(1, 9.0), (2, 5.0), (3, 1.0)]))
    assert rings_pixels(plot) > 0
    go_to(0)
    assert rings_pixels(plot) == len(drawn(plot)) == 0
    assert plot.curve.beyond().tolist() == [[1, 9], [2, 5], [3, 1]]
    assert plot.curve.accessibleDescription() == "loss 9 at iteration 1, loss 1 at iteration 3"
    go_to(3)
    assert rings_pixels(plot) > 0


def rings_pixels(plot):
    """Return how many pixels of the plot have the colour that is the ring's alone."""
    image, ink = plot.curve.grab().toImage(), QColor(PALETTES["light"].ink)
    return sum(image.pixelColor(x, y) == ink for x in range(image.width()) for y in range(image.height()))


def test_a_script_s_loss_is_called_that_by_what_is_pressed_too(document, plot):
    document.start(watched([(0, 2.0), (1, 1.0)]))
    assert "MSE" not in plot.log_button.toolTip()


def test_the_ring_is_dragged_along_the_run_and_a_drag_is_one_undo_entry(qtbot, document, trained):
    end, view = document.state, trained.curve.view()
    drag(qtbot, trained, ring(trained), *(place(trained, k, 20) for k in (14, 3, 8)))
    assert document.state.iteration == 8
    assert document.state.run.history.last == (8, pytest.approx(mse_after(8)))
    assert not document.in_motion
    assert trained.curve.view() == view
    drag(qtbot, trained, ring(trained), QPoint(0, 40))
    assert document.state.iteration == 0
    document.undo()
    assert document.state.iteration == 8
    document.undo()
    assert document.state is end


def test_a_press_whose_release_went_to_a_box_drags_no_ring_when_the_mouse_moves_on(qtbot, document, trained):
    view, start = trained.curve.viewport(), ring(trained)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    hands.hover(view, *(place(trained, k, 20) for k in (14, 3)))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start)
    assert document.state.iteration == 20
    assert not document.in_motion


def test_a_drag_elsewhere_moves_the_view_and_a_click_nothing(qtbot, document, trained):
    view = trained.curve.view()
    qtbot.mouseClick(trained.curve.viewport(), Qt.MouseButton.LeftButton, pos=place(trained, 10, 30))
    assert trained.curve.view() == view
    drag(qtbot, trained, *(place(trained, k, 30) for k in (10, 12, 14)))
    assert trained.curve.view() != view
    assert document.state.iteration == 20


def test_an_edit_ends_the_run_and_empties_the_plot(document, trained):
    document.push(edits.set_weight(document.state, 0, 0, 0, 1.0), "Edit")
    assert not trained.curve.isVisible()
    assert trained.pages.empty.isVisible()
    assert trained.pages.empty.text() == EMPTY.format(loss="MSE")
    document.undo()
    assert trained.curve.isVisible()
    assert len(drawn(trained)) == 21


@pytest.mark.parametrize("iteration", [0, 3, 20])
def test_hovering_reads_the_nearest_point(qtbot, trained, iteration):
    mse = 49 * 0.72 ** (2 * iteration)
    target = place(trained, iteration, mse)
    hover(qtbot, trained, target + QPoint(2, -3))
    read_out = trained.curve.read_out
    assert read_out.isVisible()
    lines = read_out.text().splitlines()
    assert lines[0] == f"iteration {iteration}"
    assert lines[1] == f"MSE {shown(mse)}"
    assert trained.curve.rect().contains(read_out.geometry())
    assert not read_out.geometry().contains(target)


def test_the_read_out_goes_with_the_mouse(qtbot, trained):
    hover(qtbot, trained, place(trained, 5, 20))
    assert trained.curve.read_out.isVisible()
    hover(qtbot, trained, QPoint(3, 3))
    assert not trained.curve.read_out.isVisible()


def test_the_read_out_stays_while_the_curve_grows(qtbot, document, trained):
    hover(qtbot, trained, place(trained, 5, 20))
    document.push(train(document.state).state, "Run")
    assert trained.curve.read_out.isVisible()
    assert trained.curve.read_out.text().startswith("iteration 5\n")
    document.start(with_history([(0, 2.0), (1, 1.0)]))
    assert not trained.curve.read_out.isVisible()


@pytest.mark.parametrize("width", [480, 5000])
def test_the_line_drawn_of_a_long_run_is_nowhere_away_from_its_losses(document, plot, width):
    """Not further than the spread within 1/2048 of the run, or within a pixel where that is longer."""
    plot.resize(width, 300)
    points = falling(np.arange(600_000.0), 1)
    state = with_history(points[:1])
    history = gone_on(History(8 * BUCKETS), points, 1000)[-1]
    document.start(replace(state, run=replace(state.run, iteration=599_999, history=history)))
    column = max(plot.curve.pixel()[0] // 256, 1) * 256
    assert len(drawn(plot)) <= 8 * width
    check_line(drawn(plot), points, column)


def test_a_long_history_keeps_its_extremes_and_every_point_when_looked_at_closely(document, plot):
    mse = np.full(30_000, 2.0)
    mse[[7_001, 20_003]] = 9.0, 0.5
    document.start(with_history(list(enumerate(mse))))
    assert len(drawn(plot)) < 3000
    assert {0.5, 2.0, 9.0} <= set(drawn(plot)[:, 1])
    assert drawn(plot)[[0, -1], 0].tolist() == [0, 29_999]
    plot.curve.show_view([[7_000.0, 7_010.0], [0.0, 10.0]])
    assert set(range(7_000, 7_011)) <= set(drawn(plot)[:, 0])
    assert drawn(plot)[drawn(plot)[:, 0] == 7_001, 1] == [9.0]


def test_a_zoomed_curve_that_is_turned_by_the_wheel_shows_what_came_into_view(document, plot):
    document.start(with_history([(k, 100.0 - k) for k in range(100)]))
    plot.curve.show_view([[10.0, 20.0], [0.0, 100.0]])
    plot.curve.show_view([[40.0, 60.0], [0.0, 100.0]])
    assert set(range(40, 61)) <= set(drawn(plot)[:, 0])


def test_a_smooth_curve_is_drawn_wide_and_noise_thin(document, plot):
    def pixels(mse):
        document.start(with_history(list(enumerate(mse))))
        image = plot.curve.grab().toImage()
        middle = place(plot, len(mse) / 2, mse[-1])
        column = [image.pixelColor(middle.x(), middle.y() + k).name() for k in range(-4, 5)]
        return len(column) - column.count(PALETTES["light"].surface.lower())

    smooth = np.array([3.0, *[2.1] * 400])
    assert pixels(smooth) >= 2
    assert pixels(smooth + 1e-9 * (np.arange(401) % 2)) == 1


def test_arrow_keys_read_points_out(qtbot, trained):
    for key, iteration in ((Qt.Key.Key_Left, 19), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Right, 1)):
        qtbot.keyClick(trained.curve, key)
        assert trained.curve.read_out.text().startswith(f"iteration {iteration}\n")
    qtbot.keyClick(trained.curve, Qt.Key.Key_Escape)
    assert not trained.curve.read_out.isVisible()


def test_a_screen_reader_is_told_start_and_end(trained):
    assert trained.curve.accessibleDescription().startswith("MSE 49 at iteration 0, MSE 9.6")


def test_log_draws_exponents_and_labels_true_values(qtbot, trained):
    qtbot.mouseClick(trained.log_button, Qt.MouseButton.LeftButton)
    np.testing.assert_allclose(drawn(trained)[:, 1], [np.log10(49 * 0.72 ** (2 * k)) for k in range(21)])
    ticks = trained.curve.getAxis("left").ticks(-5.0, 2.0, 110.0)
    assert [text for _, text in ticks] == ["0.0001", "0.01", "1", "100"]
    hover(qtbot, trained, place(trained, 0, np.log10(49)))
    assert trained.curve.read_out.text() == "iteration 0\nMSE 49"
    qtbot.mouseClick(trained.log_button, Qt.MouseButton.LeftButton)
    assert drawn(trained)[0, 1] == pytest.approx(49)


def test_an_mse_of_0_has_no_place_on_a_log_scale_but_is_read_out(qtbot, document, plot):
    document.start(with_history([(0, 4.0), (1, 0.0), (2, 1.0)]))
    qtbot.mouseClick(plot.log_button, Qt.MouseButton.LeftButton)
    assert drawn(plot)[:, 0].tolist() == [0, 2]
    plot.grab()
    hover(qtbot, plot, place(plot, 1, 0.0))
    assert plot.curve.read_out.text() == "iteration 1\nMSE 0"


def test_a_number_at_the_top_or_at_the_right_is_not_cut_off(document, plot):
    document.start(with_history([(k, (1000 - k) / 10.8) for k in range(1001)]))  # up to a tick at 100
    image = plot.curve.grab().toImage()
    border = [image.pixelColor(x, 0).name() for x in range(image.width())]
    border += [image.pixelColor(image.width() - 1, y).name() for y in range(image.height())]
    assert set(border) == {PALETTES["light"].surface.lower()}


@pytest.mark.parametrize("height", [180, 400])
def test_the_axis_has_its_name_whole_and_in_the_middle_also_a_later_one(document, plot, height):
    plot.resize(364, height)
    document.start(with_history([(0, 5.0), (1, 1.0)]))
    plot.grab()
    document.start(watched([(0, 2.0), (1, 1.0)]))
    plot.grab()
    axis = plot.curve.getAxis("left")
    name, room = axis.label.sceneBoundingRect(), axis.sceneBoundingRect()
    assert axis.label.toPlainText().strip() == "script's loss"
    assert room.top() <= name.top() < name.bottom() <= room.bottom()
    assert name.center().y() == pytest.approx(room.center().y(), abs=2.0)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "points",
    [
        [(0, 0.0), (1, 0.0)],
        [(0, 5.0)],
        [(0, 0.25), (1, 0.25 - 2**-54), (2, 0.25)],
        [(0, 1e295), (1, 1e300)],
        [(0, 3e-300), (1, 1e-308)],
        [(0, 2.0), (1, 1.9999999)],
    ],
)
def test_unusual_histories_are_in_view_with_ticks(document, plot, points, log):
    plot.log_button.setChecked(log)
    document.start(with_history(points))
    plot.grab()
    (x0, x1), (y0, y1) = plot.curve.view()
    shown = drawn(plot)
    assert all(x0 <= x <= x1 for x in shown[:, 0])
    assert all(y0 <= y <= y1 for y in shown[:, 1])
    labels = [text for _, text in plot.curve.getAxis("left").ticks(y0, y1, 150.0)]
    assert len(labels) >= 2
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("mse", [0.0, 0.25, 5.0, 1e-20])
def test_a_flat_mse_has_an_axis_from_0_on_in_few_digits(document, plot, mse):
    document.start(with_history([(0, mse), (1, mse * (1 - 2**-53)), (2, mse)]))
    plot.grab()
    bottom, top = plot.curve.view()[1]
    assert bottom < mse < top
    labels = [text for _, text in plot.curve.getAxis("left").ticks(bottom, top, 150.0)]
    assert not any(label.startswith(MINUS) for label in labels)
    assert max(map(len, labels)) <= 8


def test_a_log_scale_can_be_zoomed_far_out(document, plot):
    plot.log_button.setChecked(True)
    document.start(with_history([(0, 4.0), (1, 2.0)]))
    plot.curve.show_view([[0.0, 1.0], [-900.0, 900.0]])
    plot.grab()
    exponents = [value for value, _ in plot.curve.getAxis("left").ticks(-900.0, 900.0, 150.0)]
    assert len(exponents) >= 2
    assert all(-308 <= exponent <= 308 for exponent in exponents)


def test_double_click_and_view_all_undo_a_zoom(qtbot, trained):
    whole = trained.curve.view()
    for reset in (
        lambda: qtbot.mouseDClick(
            trained.curve.viewport(), Qt.MouseButton.LeftButton, pos=place(trained, 3, 3)
        ),
        trained.view_all.trigger,
    ):
        trained.curve.show_view([[2.0, 4.0], [0.0, 10.0]])
        assert trained.curve.view() != whole
        reset()
        np.testing.assert_allclose(trained.curve.view(), whole)


def test_a_right_click_opens_the_menu(qtbot, qapp, trained):
    qtbot.mouseClick(trained.curve.viewport(), Qt.MouseButton.RightButton, pos=place(trained, 10, 20))
    menu = qapp.activePopupWidget()
    labels = [action.text() for action in menu.actions() if action.text()]
    menu.close()
    assert labels == [
        *("Fit", "Copy picture", "Export picture…", "Export CSV…"),
        *("Show earlier runs", "Show earlier runs of other networks", "Forget earlier runs"),
    ]


def test_csv_is_what_was_drawn_to_the_last_bit(qtbot, document, trained, tmp_path):
    path = tmp_path / "mse.csv"
    with qtbot.waitSignal(trained.said) as told:
        trained.export_csv(path)
    assert path.read_text().splitlines()[0] == "iteration,mse"
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows, document.state.run.history.points)
    assert told.args == ["Exported mse.csv"]


def test_a_file_that_cannot_be_written_is_told(qtbot, trained, tmp_path):
    with qtbot.waitSignal(trained.said) as told:
        trained.export_csv(tmp_path / "nowhere" / "mse.csv")
    assert "there is no folder" in told.args[0]


def test_the_export_of_a_long_history_says_that_it_is_thinned(qtbot, document, plot, tmp_path):
    limited = Trainer(document.state, history_limit=100)
    for _ in limited.work(400):
        pass
    document.push(limited.state(), "Run")
    with qtbot.waitSignal(plot.said) as told:
        plot.export_csv(tmp_path / "mse.csv")
    assert told.args == ["Exported mse.csv: the first, least, greatest and last MSE of every few updates"]


def test_export_asks_for_a_place_and_adds_the_suffix(answer, trained, tmp_path):
    answer(QFileDialog, type_name(tmp_path / "curve"))
    trained.ask_csv.trigger()
    assert [path.name for path in tmp_path.iterdir()] == ["curve.csv"]


def test_there_is_nothing_to_export_before_a_run(plot):
    plot.look()
    assert not any(action.isEnabled() for action in (plot.ask_csv, plot.export_picture, plot.copy_picture))


def test_the_plot_follows_the_theme(qapp, trained):
    def corner():
        return trained.curve.grab().toImage().pixelColor(2, 2).name()

    assert corner() == PALETTES["light"].surface.lower()
    apply_theme(qapp, "dark")
    try:
        qapp.processEvents()
        assert corner() == PALETTES["dark"].surface.lower()
    finally:
        apply_theme(qapp, "light")
        qapp.processEvents()


def test_a_hidden_plot_catches_up_when_it_is_shown(document, plot):
    plot.hide()
    document.push(train(document.state).state, "Run")
    plot.show()
    assert len(drawn(plot)) == 21


def test_a_click_on_a_button_leaves_the_keyboard_where_it_is_and_tab_reaches_it(qtbot, qapp, trained):
    trained.activateWindow()
    trained.curve.setFocus()
    for button in (trained.log_button, trained.more_button):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        if menu := qapp.activePopupWidget():
            menu.close()
        assert trained.curve.hasFocus()
    reached = set()
    for _ in range(5):
        qtbot.keyClick(qapp.focusWidget(), Qt.Key.Key_Tab)
        reached.add(qapp.focusWidget())
    assert {trained.log_button, trained.more_button} <= reached


def test_the_ring_shows_whether_arrow_keys_act_here(qtbot, trained):
    assert rings_pixels(trained) > 0
    trained.activateWindow()
    trained.curve.setFocus()
    qtbot.waitUntil(trained.curve.hasFocus)
    assert rings_pixels(trained) == 0  # it has the accent's colour
    trained.more_button.setFocus()
    assert rings_pixels(trained) > 0
