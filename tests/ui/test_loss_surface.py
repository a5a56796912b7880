"""The MSE over two weights: the map is true, refined while idle, and the point moves both weights."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.loss.moved_weights import SIZES
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.loss.panel import LossPanel
from nnviz.ui.loss.surface import LossSurface
from nnviz.ui.loss.view import LossView
from nnviz.ui.loss.weight_choice import LossChoice
from nnviz.ui.widgets.theme import apply_theme
from tests.core import oracle
from tests.ui import hands

FIRST, SECOND = Address("weight", 0, 0, 0), Address("weight", 1, 0, 1)


@pytest.fixture
def open_surface(qtbot, qapp):
    """Return a function that opens the panel alone on a State or an example's name."""

    def open_it(what="many-rows", first=FIRST, second=SECOND, wait=True):
        state = load(example(what).path) if isinstance(what, str) else what
        document = Document(state)
        selection = Selection(document)
        runner = Runner(document)
        view, choice = LossSurface(runner.travel.past), LossChoice(document, selection)
        panel = LossPanel(view, document, selection, Derived(document, selection), choice)
        panel.document, panel.selection, panel.runner = document, selection, runner
        qtbot.addWidget(panel)
        panel.resize(364, 330)
        panel.show()
        qtbot.waitExposed(panel)
        selection.select(first, second)
        if wait:
            settle(qtbot, panel)
        panel.grab()
        qapp.processEvents()  # an axis takes its room once it has been painted
        return panel

    return open_it


def settle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.work.busy, timeout=20_000)


def value(state, address):
    return address.value(state.network)


def both(panel):
    return value(panel.document.state, FIRST), value(panel.document.state, SECOND)


def mse_with(state, x, y, first=FIRST, second=SECOND):
    for address, v in ((first, x), (second, y)):
        state = edits.set_value(state, address, v)
    return state.loss()


def place(panel, x, y):
    return panel.plane.place_of(x, y).toPoint()


def hover(panel, at):
    """Move the mouse there; Qt sends nothing where it stands there already from the test before."""
    QTest.mouseMove(panel.plane.viewport(), QPoint(1, 1))
    QTest.mouseMove(panel.plane.viewport(), at)


def drag(panel, start, *ends):
    viewport = panel.plane.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for end in ends:
        QTest.mouseMove(viewport, end)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=ends[-1])


def ticking(panel):
    return [timer for timer in panel.findChildren(QTimer) if timer.isActive()]


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("many-rows", FIRST, SECOND),
        ("many-rows", SECOND, FIRST),
        ("xor", Address("bias", 0, 1), Address("bias", 1, 0)),
    ],
)
def test_every_point_of_the_map_is_the_mse_with_both_weights_set(open_surface, name, first, second):
    panel = open_surface(name, first, second)
    grid, state = panel.plane.grid, panel.document.state
    for i, j in ((0, 0), (11, 40), (64, 3), (64, 64)):
        expected = mse_with(state, grid.values1[i], grid.values2[j], first, second)
        assert grid.loss[i, j] == pytest.approx(expected, rel=1e-9)


def test_another_weight_elsewhere_changes_the_whole_map(qtbot, open_surface):
    panel = open_surface()
    panel.document.push(edits.set_weight(panel.document.state, 0, 0, 1, 1.0), "Set")
    settle(qtbot, panel)
    grid, state = panel.plane.grid, panel.document.state
    for i, j in ((0, 0), (32, 32), (11, 40)):
        assert grid.loss[i, j] == pytest.approx(mse_with(state, grid.values1[i], grid.values2[j]), rel=1e-9)


def test_along_a_contour_the_mse_is_a_round_number(open_surface):
    panel = open_surface()
    points = panel.plane.contours()
    points = points[np.isfinite(points).all(axis=1)]
    rounds = [digit * 10.0**power for power in range(5) for digit in (1, 1.5, 2, 3, 4, 5, 6, 8)]
    assert len(points) > 100
    for x, y in points[:: len(points) // 50]:
        mse = mse_with(panel.document.state, x, y)
        assert min(abs(mse / round_mse - 1) for round_mse in rounds) < 0.03


def test_the_map_at_the_present_point_is_the_present_mse(open_surface):
    panel = open_surface()
    x, y = both(panel)
    hover(panel, place(panel, x, y))
    assert panel.plane.read_out.text().splitlines()[-1] == "MSE 74.25"
    assert "MSE 74.25 over all 4 rows" in panel.caption.text()
    grid = panel.plane.grid
    i, j = (int(np.abs(v - c).argmin()) for v, c in ((grid.values1, x), (grid.values2, y)))
    around = grid.loss[i - 1 : i + 2, j - 1 : j + 2]
    assert around.min() <= 74.25 <= around.max()


def test_the_axes_show_the_present_point_inside(open_surface):
    panel = open_surface()
    for (low, high), here in zip(panel.plane.view(), both(panel), strict=True):
        assert low < here < high


def test_a_click_sets_both_weights_as_one_undo_entry(open_surface):
    panel = open_surface()
    before = panel.document.state
    QTest.mouseClick(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=place(panel, 3.0, 5.5))
    assert both(panel) == pytest.approx((3.0, 5.5), abs=0.05)
    assert panel.document.undo_text() == "Set accounts → node_0 and node_1 → output"
    panel.document.undo()
    assert panel.document.state is before
    assert panel.document.undo_text() == ""


def test_a_drag_sets_both_weights_as_one_undo_entry_and_the_map_stays(qtbot, open_surface):
    panel = open_surface()
    before, grid = panel.document.state, panel.plane.grid
    start = place(panel, *both(panel))
    end = start + QPoint(50, 40)
    drag(panel, start, start + QPoint(20, 5), end)
    settle(qtbot, panel)
    assert place(panel, *both(panel)) in [end + QPoint(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    assert panel.plane.grid is grid
    assert f"MSE {shown(panel.document.state.loss())}" in panel.caption.text()
    panel.document.undo()
    assert panel.document.state is before


def test_a_press_whose_release_went_to_a_box_moves_nothing_when_the_mouse_moves_on(open_surface):
    panel = open_surface()
    before, start = panel.document.state, place(panel, *both(panel))
    QTest.mousePress(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=start)
    hands.hover(panel.plane.viewport(), start + QPoint(20, 5), start + QPoint(50, 40))
    QTest.mouseRelease(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=start)
    assert panel.document.state is before


def test_arrow_keys_move_across_and_up(open_surface):
    panel = open_surface()
    panel.plane.setFocus()
    QTest.keyClick(panel.plane, Qt.Key.Key_Right)
    QTest.keyClick(panel.plane, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(panel.plane, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert both(panel) == (2.1, 6.01)
    panel.document.undo()
    assert both(panel) == (2.0, 7.0)


def test_the_map_is_refined_and_then_nothing_ticks(qtbot, open_surface):
    network = oracle.make_network((10, 40, 2), ("tanh", "identity"), (True, True))
    panel = open_surface(oracle.make_state(network, 3000), wait=False)
    sizes = []
    qtbot.waitUntil(lambda: panel.plane.grid is not None, timeout=20_000)
    while panel.work.busy:
        sizes.append(len(panel.plane.grid.values1))
        QTest.qWait(1)
    sizes.append(len(panel.plane.grid.values1))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == SIZES[-1]
    assert ticking(panel) == []


def test_a_change_drops_what_is_under_way(qtbot, open_surface):
    network = oracle.make_network((10, 40, 2), ("tanh", "identity"), (True, True))
    state = oracle.make_state(network, 3000)
    panel = open_surface(state, wait=False)
    qtbot.waitUntil(lambda: panel.plane.grid is not None, timeout=20_000)
    assert panel.work.busy
    changed = edits.set_weight(state, 1, 1, 5, 9.0)
    panel.document.push(changed, "Set")
    settle(qtbot, panel)
    grid = panel.plane.grid
    assert grid.loss[3, 60] == pytest.approx(mse_with(changed, grid.values1[3], grid.values2[60]), rel=1e-9)
    assert ticking(panel) == []


def test_another_selection_drops_what_is_under_way(qtbot, open_surface):
    network = oracle.make_network((10, 40, 2), ("tanh", "identity"), (True, True))
    panel = open_surface(oracle.make_state(network, 3000), wait=False)
    qtbot.waitUntil(lambda: panel.work.busy)
    panel.selection.select(FIRST)
    assert not panel.work.busy
    assert ticking(panel) == []
    assert panel.pages.empty.isVisible()


def test_hidden_it_computes_nothing_and_catches_up_when_shown(qtbot, open_surface):
    panel = open_surface()
    panel.hide()
    panel.document.push(edits.set_weight(panel.document.state, 0, 1, 1, 2.5), "Set")
    assert not panel.work.busy
    panel.show()
    settle(qtbot, panel)
    assert f"MSE {shown(panel.document.state.loss())}" in panel.caption.text()


def test_the_path_of_a_run_is_drawn_and_said_to_be_projected_in_a_card_made_later(qtbot, open_window):
    window = open_window("many-rows")
    start = window.document.state
    for _ in range(3):
        hands.press(window, "One update")
    panel = hands.bring(window, "2 weights")
    window.selection.select(
        hands.address_named(window, "node_0", "accounts"), hands.address_named(window, "output", "node_1")
    )
    settle(qtbot, panel)
    path = panel.plane.path()
    assert len(path) == 4
    assert path[0].tolist() == [value(start, FIRST), value(start, SECOND)]
    assert path[-1].tolist() == [value(window.document.state, address) for address in (FIRST, SECOND)]
    assert "Line: the last run’s path, projected: the other weights moved too" in panel.caption.text()


def test_a_path_over_the_only_two_weights_is_not_projected(qtbot, open_surface):
    network = Network(("x", "y"), (Layer(("output",), "identity", [[1.0, 2.0]]),))
    data = Dataset([[1.0, 0.0], [0.0, 1.0]], [[3.0], [3.0]])
    panel = open_surface(
        State(network, data, Training(learning_rate=0.3)),
        Address("weight", 0, 0, 0),
        Address("weight", 0, 0, 1),
    )
    assert len(panel.plane.path()) == 0
    for _ in range(3):
        panel.document.push(train(panel.document.state, updates=1).state, "Step")
    settle(qtbot, panel)
    # each weight goes 0.3 of the way to 3 at every update
    assert panel.plane.path() == pytest.approx(np.array([[3 - 2 * 0.7**k, 3 - 0.7**k] for k in range(4)]))
    assert "Line: the last run’s path." in panel.caption.text()


def test_a_step_taken_back_shortens_the_path_and_a_new_run_begins_anew(qtbot, open_surface):
    panel = open_surface()
    document = panel.document
    for _ in range(3):
        document.push(train(document.state, updates=1).state, "Step")
    document.undo()
    settle(qtbot, panel)
    assert len(panel.plane.path()) == 3
    document.push(edits.set_weight(document.state, 0, 0, 1, 1.0), "Set")
    settle(qtbot, panel)
    assert len(panel.plane.path()) == 3
    begin = both(panel)
    document.push(train(document.state, updates=1).state, "Step")
    settle(qtbot, panel)
    assert panel.plane.path()[0].tolist() == list(begin)
    assert len(panel.plane.path()) == 2


def test_a_long_run_keeps_few_points_with_both_ends(qtbot, open_surface):
    panel = open_surface("xor")
    start, state = panel.document.state, panel.document.state
    for _ in range(1200):
        state = train(state, updates=1).state
        panel.document.push(state, "Run", merge=1)
    settle(qtbot, panel)
    path = panel.plane.path()
    assert 100 < len(path) <= 500
    assert path[0].tolist() == [value(start, FIRST), value(start, SECOND)]
    assert path[-1].tolist() == [value(state, FIRST), value(state, SECOND)]
    assert f"Line: {len(path)} points of the last run’s path" in panel.caption.text()


def test_biases_that_are_new_end_the_path(qtbot, open_surface):
    panel = open_surface()
    document = panel.document
    document.push(train(document.state, updates=1).state, "Step")
    document.push(structure.add_biases(document.state, 0), "Add biases")
    panel.selection.select(Address("bias", 0, 0), SECOND)
    settle(qtbot, panel)
    assert len(panel.plane.path()) == 0
    assert panel.choice.first.currentText() == "bias of node_0"


def test_going_back_in_a_run_shortens_the_path(qtbot, open_surface):
    panel = open_surface()
    document = panel.document
    start = both(panel)
    document.push(train(document.state, updates=4).state, "Run")
    for _ in range(2):
        panel.runner.back()
        settle(qtbot, panel)
        assert panel.plane.path().tolist() == [list(start), list(both(panel))]


def test_a_run_that_is_undone_leaves_no_path_until_it_is_redone(qtbot, open_surface):
    panel = open_surface()
    document = panel.document
    for _ in range(6):
        document.push(train(document.state, updates=1).state, "Run", merge=1)
    settle(qtbot, panel)
    path = panel.plane.path().tolist()
    document.undo()
    settle(qtbot, panel)
    assert len(panel.plane.path()) == 0
    document.redo()
    settle(qtbot, panel)
    assert panel.plane.path().tolist() == path
    assert len(path) == 7


def test_the_lists_choose_both_weights_by_keyboard(qtbot, open_surface):
    panel = open_surface(first=None, second=None)
    assert panel.choice.isVisible()
    panel.choice.first.setFocus()
    QTest.keyClick(panel.choice.first, Qt.Key.Key_Down)
    assert panel.selection.address == Address("weight", 0, 0, 0)
    panel.choice.second.setFocus()
    for _ in range(3):
        QTest.keyClick(panel.choice.second, Qt.Key.Key_Down)
    settle(qtbot, panel)
    assert panel.choice.second.currentText() == "accounts → node_1"
    assert panel.selection.second == Address("weight", 0, 1, 0)
    assert panel.plane.grid is not None


def test_the_lists_of_two_chosen_weights_come_back_by_a_button_that_leaves_the_keyboard_alone(open_surface):
    panel = open_surface()
    assert not panel.choice.isVisible()
    panel.activateWindow()
    panel.plane.setFocus()
    QTest.mouseClick(panel.choice.button, Qt.MouseButton.LeftButton)
    assert panel.choice.isVisible()
    assert panel.choice.second.currentText() == "node_1 → output"
    assert panel.plane.hasFocus()


def test_it_is_called_by_the_field_s_word(open_surface):
    assert open_surface().accessibleName() == "MSE over two weights"


def test_a_large_network_has_no_lists_but_a_sentence(open_surface):
    panel = open_surface("large", None, None)
    assert not panel.choice.isVisible()
    assert "Ctrl+click" in panel.pages.empty.text()
    assert panel.choice.first.count() == 0


def test_renamed_nodes_are_renamed_in_the_lists(open_surface):
    panel = open_surface()
    panel.document.push(edits.rename(panel.document.state, 1, 0, "mood"), "Rename")
    assert panel.choice.first.itemText(0) == "accounts → mood"
    assert panel.choice.first.currentText() == "accounts → mood"
    assert panel.choice.second.currentText() == "node_1 → output"


def test_without_targets_it_says_what_is_missing(open_surface):
    state = load(example("many-rows").path)
    panel = open_surface(State(state.network, Dataset(state.data.inputs)))
    assert "targets" in panel.pages.empty.text()


def of_huge_input(x):
    network = Network(("x", "y"), (Layer(("output",), "identity", [[1.0, 1.0]]),))
    return State(network, Dataset([[x, 1.0]], [[0.0]]))


def test_where_the_mse_is_too_large_for_a_number_the_map_has_gaps(open_surface):
    panel = open_surface(of_huge_input(1e154), Address("weight", 0, 0, 0), Address("weight", 0, 0, 1))
    mse = panel.plane.grid.loss
    assert np.isfinite(mse).any()
    assert not np.isfinite(mse).all()
    assert "MSE 1e308" in panel.caption.text()


def test_weights_whose_mse_is_too_large_for_a_number_are_said_to_be_so(open_surface):
    panel = open_surface(of_huge_input(1e155), Address("weight", 0, 0, 0), Address("weight", 0, 0, 1))
    assert "too large" in panel.caption.text()


def test_it_takes_the_colours_of_the_theme(qapp, open_surface):
    panel = open_surface()
    try:
        for theme in ("dark", "light"):
            apply_theme(qapp, theme)
            image = panel.grab().toImage()
            assert image.pixelColor(4, image.height() // 2).name().upper() == PALETTES[theme].surface
            corner = panel.plane.mapTo(panel, place(panel, *(low for low, _ in panel.plane.view())))
            lowest = np.unravel_index(panel.plane.grid.loss.argmin(), panel.plane.grid.loss.shape)
            at = place(panel, panel.plane.grid.values1[lowest[0]], panel.plane.grid.values2[lowest[1]])
            valley = image.pixelColor(panel.plane.mapTo(panel, at))
            accent = PALETTES[theme].accent
            wanted = [int(accent[k : k + 2], 16) for k in (1, 3, 5)]
            assert valley.getRgb()[:3] == pytest.approx(wanted, abs=40)
            assert image.pixelColor(corner + QPoint(4, -4)) != valley
            colours = {
                image.pixelColor(x, y).name().upper()
                for x in range(image.width())
                for y in range(image.height())
            }
            assert PALETTES[theme].slope not in colours
    finally:
        apply_theme(qapp, "light")


@pytest.mark.parametrize("size", [(620, 230), (364, 420)])
def test_both_axes_have_their_room_after_the_plot_was_hidden(qtbot, open_surface, size):
    panel = open_surface()
    panel.resize(*size)
    panel.selection.select(None)
    assert not panel.plane.isVisible()
    panel.plane.name_axes("", "")
    panel.plane.show_nothing()
    panel.selection.select(FIRST, SECOND)
    settle(qtbot, panel)
    bottom, left = (panel.plane.getAxis(side) for side in ("bottom", "left"))
    qtbot.waitUntil(lambda: bottom.height() > 25 and left.width() > 25)  # an axis has its room an event later


def test_a_view_that_draws_nothing_cannot_be_made():
    class Nothing(LossSurface):
        draw = LossView.draw

    with pytest.raises(TypeError, match="draw"):
        Nothing(None)
