"""The loss over one weight and over two: curves, map and captions are true, and the point moves weights."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QTextDocumentFragment
from PySide6.QtTest import QTest

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.landscape import SIZES, loss_along
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import as_text
from nnviz.core.slopes import run_work
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES, rgb
from nnviz.picture.scales import TONES, Tone, blended_pixels, loss_tones, tick_texts
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.panels.loss import LossSurfacePanel, levels_of
from tests.core import oracle
from tests.core.oracle import set_weight
from tests.picture.test_edges import luminance
from tests.ui import hands
from tests.ui.bare import Bare, open_plot
from tests.ui.runs import click, colours_of, drag, hover, keys, pixels_of, place, rounded

FIRST, SECOND = Address("weight", 0, 0, 0), Address("weight", 1, 0, 1)
LEFT, RIGHT, UP, DOWN = (getattr(Qt.Key, f"Key_{name}") for name in ("Left", "Right", "Up", "Down"))
BUTTON = Qt.MouseButton.LeftButton
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


def state_of(what, **settings):
    state = load(example(what).path) if isinstance(what, str) else what
    return edits.set_training(state, replace(state.training, **settings)) if settings else state


def large(rows, *sizes):
    return oracle.make_state(oracle.make_network(sizes, ("tanh", "identity"), (True, True)), rows)


def one_weight(weight, x, target, **settings):
    network = Network(("x",), (Layer(("output",), "identity", [[weight]]),))
    return State(network, Dataset([[x]], [[target]]), Training(**settings))


@pytest.fixture
def open_panel(qtbot, qapp, bare):
    """Return a function that opens a panel alone on a State, or on a Bare, selects, and returns its view."""

    def open_it(of_two, what, chosen, wait=True):
        own = what if isinstance(what, Bare) else bare(what)
        card = LossSurfacePanel(own.desk) if of_two else open_plot(own, (364, 330))
        panel = card.view
        panel.card, panel.frames, panel.runner = card, own.desk.frames, own.runner
        panel.document = own.document
        if of_two:
            own.show(card, (364, 330))
            panel.frames.add(card)
        own.document.select(*chosen)
        if wait:
            settle(qtbot, panel)
        panel.grab()
        qapp.processEvents()  # an axis takes its room once it has been painted
        return panel

    return open_it


@pytest.fixture
def open_curve(open_panel):
    """Return a function that opens the panel over one weight on a State or an example's name."""
    return lambda what="many-rows": open_panel(False, what, [FIRST])


@pytest.fixture
def open_surface(open_panel):
    """Return a function that opens the panel over two weights on a State or an example's name."""
    return lambda what="many-rows", first=FIRST, second=SECOND, wait=True: open_panel(
        True, what, [first, second], wait
    )


def start(qtbot, panel, state, *chosen):
    """Show another document, and select in it."""
    panel.document.start(state)
    panel.document.select(*chosen)
    settle(qtbot, panel)


def hide(panel):
    """Take a panel out of sight."""
    panel.card.hide()
    panel.frames.remove(panel.card)
    panel.card.rest()


def show(panel):
    """Bring a panel back into sight."""
    panel.card.show()
    panel.frames.add(panel.card)


def settle(qtbot, panel):
    panel.frames.show_pending()
    qtbot.waitUntil(lambda: not panel.work.busy)


def change(qtbot, panel, does, *values):
    """Make an edit, and wait until it is drawn."""
    panel.document.push(does(panel.document.state, *values), "Set")
    settle(qtbot, panel)


def values(panel):
    """Return the selected weights."""
    chosen = panel.document.now.address, panel.document.now.second
    return [float(panel.document.state.network.value_of(own)) for own in chosen if own is not None]


def loss_with(state, moved):
    """Return the loss with weights set, by their addresses."""
    for address, value in moved.items():
        state = edits.set_value(state, address, value)
    return state.loss()


def present(panel):
    """Return where the point stands, in the plot's pixels."""
    own = values(panel)
    return place(panel, own[0], own[1] if len(own) == 2 else panel.document.state.loss())


def caption(panel):
    """Return the lines that stand under the plot, or instead of it."""
    if panel.pages.empty.isVisible():
        return [panel.pages.empty.text()]
    return QTextDocumentFragment.fromHtml(panel.caption.text()).toPlainText().splitlines()


def middle(panel):
    """Return the point at which the tangent touches the curve."""
    return panel.plane.tangent.points.mean(axis=0)


def test_the_tangent_touches_the_curve_at_the_present_point_with_the_slope(qtbot, open_curve):
    panel = open_curve()
    for name, address in (("many-rows", FIRST), ("xor", Address("bias", 0, 2))):
        state = state_of(name)
        start(qtbot, panel, state, address)
        (x0, y0), (x1, y1) = panel.plane.tangent.points
        slope, (w,) = (y1 - y0) / (x1 - x0), values(panel)
        assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((w, state.loss()))
        below, above = run_work(loss_along(state, address, [w - 1e-5, w + 1e-5]))
        assert slope == pytest.approx((above - below) / 2e-5, rel=1e-4)


def test_the_curve_follows_every_change_and_the_axis_the_weight(qtbot, open_curve):
    panel = open_curve()
    change(qtbot, panel, set_weight, 1, 0, 0, -3.0)
    state, curve = panel.document.state, panel.plane.line.points
    assert curve[:, 1] == pytest.approx(run_work(loss_along(state, FIRST, curve[:, 0])))
    assert middle(panel) == pytest.approx((2.0, state.loss()))
    hide(panel)
    panel.document.push(set_weight(state, 0, 0, 0, 40.0), "Set")
    assert not panel.work.busy, "hidden it computes nothing"
    show(panel)
    settle(qtbot, panel)
    assert middle(panel) == pytest.approx((40.0, panel.document.state.loss()))
    (low, high), _ = panel.plane.view()
    assert low < 40.0 < high
    start(qtbot, panel, state_of("many-rows"), FIRST)
    panel.runner.speed = 1.0
    with qtbot.waitSignal(panel.runner.run_ended):
        panel.runner.run()
    settle(qtbot, panel)
    assert panel.document.state.iteration > 0
    assert middle(panel) == pytest.approx((*values(panel), panel.document.state.loss()))


def test_the_read_out_and_a_screen_reader_tell_the_curve(open_curve, approved):
    panel = open_curve()
    first, second = hover(panel, present(panel) + QPoint(60, 0))
    assert panel.plane.readout.isVisible()
    name, _, number = first.partition(" = ")
    w, mse = float(number.replace("−", "-")), float(second.removeprefix("MSE "))
    assert name == "w (accounts → node_0)"
    assert mse == pytest.approx(loss_with(panel.document.state, {FIRST: w}), rel=1e-3)
    approved("the curve for a screen reader", rounded(panel.plane.accessibleDescription()))


CAPTIONS = {
    "a weight": (lambda: state_of("many-rows"), FIRST),
    "a bias": (lambda: state_of("xor"), Address("bias", 0, 2)),
    "one row": (lambda: state_of("relu"), FIRST),
    "a small step down": (lambda: one_weight(1.23456789, 1.0, 1.23455, learning_rate=0.01), FIRST),
    "a small step up": (lambda: one_weight(1.23456789, 1.0, 1.23458, learning_rate=0.01), FIRST),
    "a loss that moves little": (
        lambda: train(state_of("xor"), updates=300).state,
        Address("weight", 0, 0, 1),
    ),
    "a slope of 0": (lambda: set_weight(state_of("many-rows"), 1, 0, 1, 0.0), Address("weight", 0, 1, 0)),
    "a frozen weight": (lambda: edits.freeze(state_of("many-rows"), FIRST), FIRST),
    "a learning rate of 0.05": (lambda: state_of("many-rows", learning_rate=0.05), FIRST),
    "a learning rate of 50": (lambda: state_of("many-rows", learning_rate=50.0), FIRST),
    "adam": (lambda: state_of("many-rows", optimizer="adam"), FIRST),
    "batches": (lambda: state_of("many-rows", batch_size=2), FIRST),
    "too large a loss": (lambda: one_weight(1e200, 1.0, 0.0), FIRST),
    "too large a loss beside": (lambda: one_weight(1.0, 1e149, 0.0, learning_rate=1e-290), FIRST),
    "no targets": (lambda: replace(state_of("many-rows"), data=Dataset([[1.0, 2.0]])), FIRST),
}


def test_with_a_penalty_the_curve_contains_it_and_the_data_alone_is_dashed(qtbot, open_curve, approved):
    curve = open_curve(state_of("many-rows", l1=0.5, l2=0.25))
    state, plane = curve.document.state, curve.plane
    points, of_data = plane.line.points, plane.of_data.points
    assert (points[:, 0] == of_data[:, 0]).all()
    for w, loss, below in zip(points[::8, 0], points[::8, 1], of_data[::8, 1], strict=True):
        with_w = edits.set_value(state, FIRST, float(w))
        penalty = oracle.penalty(with_w.network, 0.5, 0.25)
        assert (loss, below) == pytest.approx((with_w.loss() + penalty, with_w.loss()), rel=1e-9)
    assert plane.of_data.opts["pen"].style() == Qt.PenStyle.DashLine
    x, y = middle(curve)
    assert (x, y) == pytest.approx((2, state.loss() + state.penalty))
    (x1, y1), (x2, y2) = plane.tangent.points
    below, above = run_work(loss_along(state, FIRST, [2 - 1e-5, 2 + 1e-5]))
    assert (y2 - y1) / (x2 - x1) == pytest.approx((above - below) / 2e-5, rel=1e-6)
    axes = [axis.label.toPlainText().strip() for axis in (plane.bottom, plane.left)]
    texts = [*axes, plane.accessibleName(), plane.accessibleDescription(), *caption(curve)]
    approved("a curve with a penalty", "\n".join(texts))
    change(qtbot, curve, edits.set_training, replace(state.training, l1=0.0, l2=0.0))
    assert not np.isfinite(plane.of_data.points).all(axis=1).any()
    assert "dashed" not in plane.bottom.label.toPlainText()


def test_with_a_penalty_the_map_contains_it(open_surface, approved):
    surface = open_surface(state_of("many-rows", l2=0.25))
    state, grid = surface.document.state, surface.plane.grid
    for i, j in ((0, 0), (20, 50)):
        moved = {FIRST: float(grid.values1[i]), SECOND: float(grid.values2[j])}
        for address, value in moved.items():
            state = edits.set_value(state, address, value)
        assert grid.loss[i, j] == pytest.approx(state.loss() + oracle.penalty(state.network, 0, 0.25))
    approved("a map with a penalty", "\n".join([surface.plane.accessibleName(), *caption(surface)]))


def test_the_caption_tells_slope_next_step_and_the_loss_of_this_weight_alone(qtbot, open_curve, approved):
    panel, plane = (own := open_curve()), own.plane
    told, seen, warns = {}, {}, set()
    for name, (make, address) in CAPTIONS.items():
        start(qtbot, panel, make(), address)
        told[name] = caption(panel)
        if PALETTES["light"].error in panel.caption.text() and panel.caption.isVisible():
            warns.add(name)
        seen[name] = (plane.view()[0], plane.tangent.points)
        assert plane.isVisible() == (name not in ("no targets", "too large a loss"))
    approved("captions over one weight", "\n".join(f"{name}: {' | '.join(told[name])}" for name in told))
    state = state_of("many-rows")  # w is 2, the learning rate 0.0004, the slope 40
    assert told["a weight"][2].endswith(f" {as_text(loss_with(state, {FIRST: 2 - 0.0004 * 40}))}")
    stepped = train(state, updates=1).state
    assert f"→ {as_text(stepped.network.layers[0].weights[0, 0])}" in told["a weight"][1]
    assert as_text(stepped.loss()) not in told["a weight"][2], "the other weights have moved, too"
    assert warns == {"a learning rate of 0.05", "a learning rate of 50", "too large a loss beside"}
    (low, high), *_ = seen["a learning rate of 0.05"]
    assert low < 0.0 < 2.0 < high
    (low, high), *_ = seen["a learning rate of 50"]
    assert high - low < 20
    assert seen["too large a loss beside"][1].mean(axis=0) == pytest.approx((1.0, 1e298))


def test_the_point_is_dragged_clicked_and_nudged_each_time_as_one_undo_entry(qtbot, open_curve):
    panel = open_curve()
    document, before = panel.document, panel.document.state
    click(panel, present(panel) + QPoint(3, 0))
    assert document.state is before
    (low, high), start = panel.plane.view()[0], present(panel)
    per_pixel = (high - low) / panel.plane.box.width()
    drag(panel, start, start + QPoint(20, 0), start + QPoint(40, 3), start + QPoint(70, 0))
    settle(qtbot, panel)
    dragged = values(panel)
    assert dragged == pytest.approx([2 + 70 * per_pixel], abs=2 * per_pixel)
    assert panel.plane.view()[0] == (low, high) or panel.plane.view()[0] == [low, high]
    assert middle(panel) == pytest.approx((*dragged, document.state.loss()))
    drag(panel, present(panel), present(panel) - QPoint(30, 0))
    document.undo()
    assert values(panel) == dragged
    document.undo()
    assert document.state is before
    assert document.undo_text() == ""
    settle(qtbot, panel)
    keys(panel, RIGHT)
    assert values(panel) == [2.1]
    keys(panel, (UP, SHIFT), (LEFT, ALT))
    assert values(panel) == [3.09]
    document.undo()
    assert document.state is before
    settle(qtbot, panel)
    click(panel, place(panel, 3.5, 500))
    (w,) = values(panel)
    assert w == pytest.approx(3.5, abs=0.05)
    assert w == round(w, 2)
    assert document.undo_text() == "Set accounts → node_0"


def test_the_curve_comes_back_from_where_the_mse_is_too_large(qtbot, open_curve):
    panel = open_curve(one_weight(0.9, 1e150, 0.0))
    curve, before = panel.plane.line.points, panel.document.state
    assert len(curve)
    change(qtbot, panel, edits.set_value, FIRST, 1.5)
    assert not panel.plane.isVisible()
    change(qtbot, panel, lambda _: before)
    assert panel.plane.line.points == pytest.approx(curve)
    assert panel.plane.isVisible()


def test_many_rows_are_computed_meanwhile_and_a_change_drops_what_is_under_way(qtbot, open_panel):
    before = large(10_000, 20, 60, 3)
    panel = open_panel(False, before, [FIRST], wait=False)
    document = panel.document
    qtbot.waitUntil(lambda: panel.caption.text() != "")
    assert panel.work.busy
    assert "Computing" in panel.caption.text()
    change(qtbot, panel, set_weight, 1, 0, 0, 2.0)
    assert middle(panel) == pytest.approx((*values(panel), document.state.loss()))
    document.undo()
    hide(panel)
    show(panel)  # it does not know any more that this takes long
    settle(qtbot, panel)
    document.push(set_weight(before, 1, 0, 0, 2.0), "Set")
    qtbot.waitUntil(lambda: not panel.plane.tangent.points.size)  # the first slice has not come to an end
    assert panel.work.busy
    document.undo()
    settle(qtbot, panel)
    assert middle(panel) == pytest.approx((*values(panel), before.loss()))


def test_a_flat_mse_lies_in_the_plot_and_no_axis_goes_below_0(qtbot, open_curve):
    panel = open_curve()
    dead = Network.from_weights({"node_0": [-1.0], "output": [2.0]}, inputs=["x"])
    for target in (0.0, 3.0):
        start(qtbot, panel, State(dead, Dataset([[0.0]], [[target]])), FIRST)
        curve, (_, (bottom, top)) = panel.plane.line.points, panel.plane.view()
        assert set(curve[:, 1]) == {target**2}
        assert bottom < target**2 < top
        ticks = panel.plane.left.ticks(bottom, top, 100.0)
        assert len(ticks) >= 2
        assert all(value >= 0.0 for value, _ in ticks)


def test_both_plots_take_the_colours_of_the_theme(qapp, open_curve, open_surface, amount):
    curve, surface = open_curve(), open_surface()
    for theme in amount(quick=["dark"], ci=PALETTES, night=PALETTES):
        apply_theme(qapp, theme)
        for panel in (curve, surface):
            panel.frames.show_pending()
        palette, grid = PALETTES[theme], surface.plane.grid
        assert palette.slope in curve.caption.text()
        assert palette.surface in colours_of(curve)
        for panel, own in ((curve, palette.slope), (curve, palette.accent), (surface, palette.surface)):
            channels = pixels_of(panel)[..., None] >> np.array([16, 8, 0]) & 0xFF
            assert np.abs(channels.astype(int) - rgb(own)).max(axis=-1).min() < 12
        i, j = np.unravel_index(grid.loss.argmin(), grid.loss.shape)
        at = surface.plane.mapTo(surface, place(surface, grid.values1[i], grid.values2[j]))
        valley = surface.grab().toImage().pixelColor(at).getRgb()[:3]
        assert valley == pytest.approx(rgb(palette.accent), abs=40)


def test_every_point_of_the_map_is_the_mse_with_both_weights_set(qtbot, open_surface):
    panel = open_surface()
    for name, first, second in (
        ("many-rows", FIRST, SECOND),
        ("xor", Address("bias", 1, 0), Address("bias", 0, 1)),
    ):
        start(qtbot, panel, state_of(name), first, second)
        change(qtbot, panel, edits.set_value, Address("weight", 0, 0, 1), 1.0)
        grid, state = panel.plane.grid, panel.document.state
        for i, j in ((0, 0), (11, 40), (32, 32), (64, 3), (64, 64)):
            expected = loss_with(state, {first: grid.values1[i], second: grid.values2[j]})
            assert grid.loss[i, j] == pytest.approx(expected, rel=1e-9)
    hide(panel)
    panel.document.push(edits.set_value(panel.document.state, Address("bias", 0, 0), 2.5), "Set")
    assert not panel.work.busy, "hidden it computes nothing"
    show(panel)
    settle(qtbot, panel)
    assert f"MSE {as_text(panel.document.state.loss())}" in panel.caption.text()


def test_contours_and_the_read_out_tell_the_mse(open_surface, approved):
    panel = open_surface()
    assert panel.card.accessibleName() == "MSE over two weights"
    points = panel.plane.line.points
    points = points[np.isfinite(points).all(axis=1)]
    rounds = [digit * 10.0**power for power in range(5) for digit in (1, 1.5, 2, 3, 4, 5, 6, 8)]
    assert len(points) > 100
    for x, y in points[:: len(points) // 50]:
        mse = loss_with(panel.document.state, {FIRST: x, SECOND: y})
        assert min(abs(mse / round_mse - 1) for round_mse in rounds) < 0.03
    approved("the map's caption", "\n".join(caption(panel)))
    grid, (x, y) = panel.plane.grid, values(panel)
    i, j = (int(np.abs(v - c).argmin()) for v, c in ((grid.values1, x), (grid.values2, y)))
    around = grid.loss[i - 1 : i + 2, j - 1 : j + 2]
    assert around.min() <= 74.25 <= around.max()
    assert hover(panel, present(panel))[-1] in [f"MSE {as_text(loss)}" for loss in around.flat]
    for (low, high), here in zip(panel.plane.view(), (x, y), strict=True):
        assert low < here < high


def test_the_point_moves_both_weights_each_time_as_one_undo_entry(qtbot, open_surface):
    panel = open_surface()
    document, before, grid, start = panel.document, panel.document.state, panel.plane.grid, present(panel)
    viewport = panel.plane.viewport()
    QTest.mousePress(viewport, BUTTON, pos=start)
    hands.hover(viewport, start + QPoint(20, 5), start + QPoint(50, 40))  # the release went to a dialog
    QTest.mouseRelease(viewport, BUTTON, pos=start)
    assert document.state is before
    drag(panel, start, start + QPoint(20, 5), end := start + QPoint(50, 40))
    settle(qtbot, panel)
    assert (present(panel) - end).manhattanLength() <= 2
    assert panel.plane.grid is grid
    assert f"MSE {as_text(document.state.loss())}" in panel.caption.text()
    document.undo()
    assert document.state is before
    settle(qtbot, panel)
    click(panel, place(panel, 3.0, 5.5))
    assert values(panel) == pytest.approx([3.0, 5.5], abs=0.05)
    assert document.undo_text() == "Set accounts → node_0 and node_1 → output"
    document.undo()
    assert (document.state, document.undo_text()) == (before, "")
    settle(qtbot, panel)
    keys(panel, RIGHT, (DOWN, SHIFT), (UP, ALT))
    assert values(panel) == [2.1, 6.01]
    document.undo()
    assert document.state is before


def ticking(panel):
    return [timer for timer in panel.findChildren(QTimer) if timer.isActive()]


def test_the_map_is_refined_and_a_change_or_selection_drops_what_is_under_way(qtbot, open_surface):
    state = large(2000, 10, 40, 2)
    panel, sizes = open_surface(state, wait=False), []
    qtbot.waitUntil(lambda: panel.plane.grid is not None)
    assert panel.work.busy
    changed = set_weight(state, 1, 1, 5, 9.0)
    panel.document.push(changed, "Set")
    panel.frames.show_pending()
    while panel.work.busy:
        sizes.append(len(panel.plane.grid.values1))
        QTest.qWait(1)
    grid = panel.plane.grid
    sizes.append(len(grid.values1))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == SIZES[-1]
    assert ticking(panel) == []
    expected = loss_with(changed, {FIRST: grid.values1[3], SECOND: grid.values2[60]})
    assert grid.loss[3, 60] == pytest.approx(expected, rel=1e-9)
    panel.document.undo()
    qtbot.waitUntil(lambda: panel.work.busy)
    panel.document.select(FIRST)
    panel.frames.show_pending()
    assert not panel.work.busy
    assert ticking(panel) == []
    assert panel.pages.empty.isVisible()


def step(panel, times=1, **words):
    for _ in range(times):
        panel.document.push(train(panel.document.state, updates=1).state, "Run", **words)


def test_the_path_of_a_run_is_drawn_and_said_to_be_projected_in_a_panel_made_later(
    bare, open_panel, approved
):
    own = bare("many-rows")
    for _ in range(3):
        own.runner.step()
    panel = open_panel(True, own, [FIRST, SECOND])
    path = panel.plane.path.points
    assert len(path) == 4
    assert (path[0].tolist(), path[-1].tolist()) == ([2.0, 7.0], values(panel))
    approved("a path that is projected", caption(panel)[-1])


def test_a_path_over_the_only_two_weights_is_not_projected(qtbot, open_surface, approved):
    network = Network(("x", "y"), (Layer(("output",), "identity", [[1.0, 2.0]]),))
    state = State(network, Dataset(np.eye(2), [[3.0], [3.0]]), Training(learning_rate=0.3))
    panel = open_surface(state, FIRST, Address("weight", 0, 0, 1))
    assert len(panel.plane.path.points) == 0
    step(panel, 3)
    settle(qtbot, panel)
    # each weight goes 0.3 of the way to 3 at every update
    assert panel.plane.path.points == pytest.approx(
        np.array([[3 - 2 * 0.7**k, 3 - 0.7**k] for k in range(4)])
    )
    approved("a path over the only two weights", caption(panel)[-1])


def test_the_path_follows_undo_back_a_new_run_and_new_biases(qtbot, open_surface):
    panel = open_surface()
    document, start = panel.document, values(panel)

    def path():
        settle(qtbot, panel)
        return panel.plane.path.points.tolist()

    step(panel, 4, merge=1)
    whole = path()
    assert len(whole) == 5
    document.undo()
    assert path() == []
    document.redo()
    assert path() == whole
    document.undo()
    step(panel, 3)
    document.undo()
    assert len(path()) == 3
    change(qtbot, panel, set_weight, 0, 0, 1, 1.0)
    assert len(path()) == 3
    begin = values(panel)
    step(panel)
    assert (path()[0], len(path())) == (begin, 2)
    document.push(edits.add_biases(document.state, 0), "Add biases")
    panel.document.select(Address("bias", 0, 0), SECOND)
    assert path() == []
    assert panel.card.first.currentText() == "bias of node_0"
    document.start(state_of("many-rows"))
    panel.document.select(FIRST, SECOND)
    document.push(train(document.state, updates=4).state, "Run")
    for _ in range(2):
        panel.runner.back()
        assert path() == [start, values(panel)]


def test_a_long_run_keeps_few_points_with_both_ends(qtbot, open_surface, approved):
    panel = open_surface("xor")
    start = values(panel)
    hide(panel)
    step(panel, 520, merge=1)
    show(panel)
    settle(qtbot, panel)
    path = panel.plane.path.points
    assert 100 < len(path) <= 500
    assert (path[0].tolist(), path[-1].tolist()) == (start, values(panel))
    approved("the path of a long run", caption(panel)[-1].partition("Line: ")[2])


def test_the_lists_choose_both_weights_by_keyboard_and_follow_names(qtbot, open_surface):
    panel = open_surface(first=None, second=None)
    first, second, document = panel.card.first, panel.card.second, panel.document
    first.setFocus()
    QTest.keyClick(first, DOWN)
    assert document.now.address == FIRST
    second.setFocus()
    for _ in range(3):
        QTest.keyClick(second, DOWN)
    settle(qtbot, panel)
    assert second.currentText() == "accounts → node_1"
    assert document.now.second == Address("weight", 0, 1, 0)
    assert panel.plane.grid is not None
    document.push(edits.rename(document.state, 1, 0, "mood"), "Rename")
    panel.frames.show_pending()
    assert first.itemText(0) == first.currentText() == "accounts → mood"
    document.select(FIRST, SECOND)
    settle(qtbot, panel)
    assert second.currentText() == "node_1 → output"


def of_huge_input(x):
    network = Network(("x", "y"), (Layer(("output",), "identity", [[1.0, 1.0]]),))
    return State(network, Dataset([[x, 1.0]], [[0.0]]))


def test_what_cannot_be_drawn_over_two_weights_is_said(qtbot, open_surface, approved):
    panel, told = open_surface(of_huge_input(1e154), FIRST, Address("weight", 0, 0, 1)), {}
    mse = panel.plane.grid.loss
    assert np.isfinite(mse).any()
    assert not np.isfinite(mse).all()
    told["gaps"] = caption(panel)
    start(qtbot, panel, of_huge_input(1e155), FIRST, Address("weight", 0, 0, 1))
    told["too large"] = caption(panel)
    state = state_of("many-rows")
    start(qtbot, panel, State(state.network, Dataset(state.data.inputs)), FIRST, SECOND)
    told["no targets"] = caption(panel)
    start(qtbot, panel, state_of("large"), None)
    told["a large network"] = caption(panel)
    assert not panel.card.first.isVisible()
    assert panel.card.first.count() == 0
    approved("captions over two weights", "\n".join(f"{name}: {' | '.join(told[name])}" for name in told))


def test_both_axes_have_their_room_after_the_plot_was_hidden(qtbot, open_surface):
    panel = open_surface()
    bottom, left = panel.plane.bottom, panel.plane.left
    for size in ((620, 230), (364, 420)):
        panel.card.resize(*size)
        panel.document.select(None)
        panel.frames.show_pending()
        assert not panel.plane.isVisible()
        panel.plane.name_axes("", "")
        panel.document.select(FIRST, SECOND)
        settle(qtbot, panel)
        qtbot.waitUntil(lambda: bottom.height() > 25 and left.width() > 25)  # its room comes an event later


@pytest.mark.parametrize("theme", PALETTES)
def test_the_ramp_goes_steadily_from_the_accent_to_the_canvas(theme):
    tones = loss_tones(PALETTES[theme])
    assert tones.shape == (TONES, 3)
    assert tones[0] == pytest.approx(rgb(PALETTES[theme].accent), abs=1)
    assert tones[-1] == pytest.approx(rgb(PALETTES[theme].canvas), abs=1)
    steps = np.diff([luminance(QColor(*map(round, tone.tolist())).name()) for tone in tones])
    assert (np.sign(steps[np.abs(steps) > 1e-3]) == (-1 if theme == "dark" else 1)).all()


def test_a_wide_range_is_logarithmic_and_a_narrow_one_is_not():
    for values, tone in (
        ([0.01, 5.0, 100.0], Tone(0.01, 100.0, True)),
        ([3.0, 5.0], Tone(3.0, 5.0, False)),
        ([-3.0, 50.0], Tone(-3.0, 50.0, False)),
        ([-5.0, -3.0], Tone(-5.0, -3.0, False)),
    ):
        assert Tone.scale_for(np.array(values)) == tone
    assert Tone(1.0, 100.0, True).share(np.array([1.0, 10.0, 100.0])) == pytest.approx([0, 0.5, 1])
    assert Tone(2.0, 4.0, False).share(np.array([2.0, 2.5, 4.0])) == pytest.approx([0, 0.25, 1])
    tone = Tone.scale_for(np.array([0.0, 1.0, 1000.0]))
    assert tone.logarithmic
    assert tone.share(np.array([0.0, 1000.0])) == pytest.approx([0, 1])


def test_any_range_has_a_scale_and_contours():
    for mse in ([0.0], [2.0, 2.0], [np.nan, np.inf], [0.0, 1.0], [1e-300, 1e300], [1.0, np.inf], [1.6e308]):
        tone = Tone.scale_for(np.array(mse))
        assert tone.low < tone.high
        assert (np.isnan(tone.share(np.array(mse))) == ~np.isfinite(mse)).all()
        assert len(mse) == 2 or np.isfinite(levels_of(tone)).all()


def test_tones_are_blended_between_points_and_transparent_where_not_finite():
    tones = loss_tones(PALETTES["light"])
    picture = blended_pixels(np.array([[0.0, 0.0], [1.0, 1.0]]), tones, 3)
    assert picture[0, 0, :3].tolist() == tones[0].tolist()
    assert picture[1, 2, :3] == pytest.approx(tones[TONES // 2], abs=2)
    assert picture[2, 0, :3].tolist() == tones[-1].tolist()
    grid = np.full((9, 9), 0.5)
    grid[4, 4] = np.nan
    picture = blended_pixels(grid, tones, 33)
    assert [picture[k, k, 3] for k in (0, 16, 32)] == [255, 0, 255]


def test_contours_stand_at_round_numbers_with_different_texts():
    for tone, levels in (
        (Tone(0.0, 8.0, False), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (Tone(0.5, 60.0, True), [0.5, 1, 2, 5, 10, 20, 50]),
        (Tone(0.001, 9000.0, True), [0.001, 0.01, 0.1, 1, 10, 100, 1000]),
    ):
        assert levels_of(tone) == pytest.approx(levels)
    for width in (1e-3, 1e-9, 1e-12):
        texts = tick_texts(levels_of(Tone(1.0, 1.0 + width, False)))
        assert len(set(texts)) == len(texts) > 2
