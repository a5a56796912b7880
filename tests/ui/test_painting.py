"""The screen looks as paper does, after a change as painted anew, and is finite at extremes."""

import math
import os
import sys
from dataclasses import replace
from itertools import combinations_with_replacement, product
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from nnviz.core.address import Address
from nnviz.core.history import History
from nnviz.core.landscape import Grid
from nnviz.core.network import Layer, Network
from nnviz.core.results import Computed
from nnviz.core.state import MOST_UPDATES, Dataset, State
from nnviz.document.walk import StepText, WalkStep, step_text
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import Rect, View
from nnviz.picture.picture import row_picture
from nnviz.picture.style import label_shapes, node_shapes
from nnviz.ui.diagram import paint, walk
from nnviz.ui.diagram.canvas import DiagramPainter, PaintOptions
from nnviz.ui.diagram.walk import Obstacles, Size, WalkLayer, free_place, rectangles
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme
from nnviz.ui.panels.history_canvas import HistoryCurve
from nnviz.ui.panels.history_readout import ShownRun
from nnviz.ui.panels.loss import LossCurvePlane, LossSurfacePlane
from nnviz.ui.plot.plot import drawable_ranges
from tests.core.oracle import set_weight
from tests.picture.diagrams import state
from tests.processes import ended
from tests.robust.test_extremes import LARGEST, filled
from tests.ui.bare import end_process, window_in_a_process
from tests.ui.hands import hover, point
from tests.ui.runs import pixels_of

RGB = QImage.Format.Format_RGB32
LIGHT = PALETTES["light"]


def image(width, height, ratio, paint_it, palette=LIGHT):
    """Return what `paint_it` paints on the canvas, as grey levels of 0 to 255."""
    own = QImage(round(width * ratio), round(height * ratio), RGB)
    own.setDevicePixelRatio(ratio)
    own.fill(QColor(palette.canvas))
    painter = QPainter(own)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_it(painter)
    painter.end()
    own = own.convertToFormat(QImage.Format.Format_Grayscale8)
    return np.array(own.constBits()).reshape(own.height(), own.bytesPerLine())[:, : own.width()].astype(int)


def at_rest(qtbot, window):
    """Return the image of the diagram when it has the focus and has come to rest."""
    window.diagram.setFocus()
    timers = window.diagram.findChildren(QTimer)
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in timers))
    return window.diagram.grab().toImage()


def on_paper(picture, palette=LIGHT):
    def paint_it(painter):
        paint.paint_shapes(painter, label_shapes(picture.headings, palette))
        painter.setClipRect(qrect(picture.layout.body))
        paint.paint_edges(painter, picture, palette)
        paint.paint_shapes(painter, node_shapes(picture, palette))
        paint.paint_shapes(painter, label_shapes(picture.body_labels, palette))

    return paint_it


def on_screen(picture, palette):
    progress, words = SimpleNamespace(moving=(), described_steps=()), StepText("", ())
    moment = SimpleNamespace(walk=progress, walk_text=lambda _: words, address=None)
    options = PaintOptions((), None, moving=False, palette=palette)
    return lambda painter: DiagramPainter().paint(painter, moment, picture, picture, options)


VIEWS = {
    "fitted": View(900, 500),
    "zoomed": View(900, 500, 2.5, -400, -300),
    "near": View(900, 500, 6.0, -600, -1400),
}


NAMES = ("שלום", "مرحبا", "𝑥1", "😀ab", "日本語", "משקל_2", "a שלום b", "שלום (a)", "e\u0301té")


def named(inputs, nodes=("node_0", "משקל_3")):
    """Return a State whose inputs and hidden nodes have these names."""
    layer = Layer(nodes, "relu", np.ones((len(nodes), len(inputs))), None)
    network = Network(inputs, (layer, Layer(("out",), "identity", np.ones((1, len(nodes))), None)))
    return State(network, Dataset(np.ones((1, len(inputs))), np.ones((1, 1))))


@pytest.mark.crossed(
    name=("xor", "curve", "two-hidden-layers", "digits", "names of any script"),
    view=tuple(VIEWS),
    ratio=(1.0, 1.25, 2.0),
    with_slopes=(False, True),
    theme=("light", "dark"),
)
def test_the_screen_shows_what_is_printed(qapp, name, view, ratio, with_slopes, theme):
    opened, palette = named(NAMES) if " " in name else load(example(name).path), PALETTES[theme]
    picture = row_picture(opened, VIEWS[view], with_slopes=with_slopes)
    printed = image(900, 500, ratio, on_paper(picture, palette), palette)
    seen = image(900, 500, ratio, on_screen(picture, palette), palette)
    assert printed.std() > 5
    assert np.abs(printed - seen).max() < 40  # letters blend differently on a transparent ground


def test_zooming_to_and_fro_leaves_the_picture_as_it_was(qtbot, bare, pictures_made, amount):
    window = bare("xor")
    before = at_rest(qtbot, window)
    for zoom in np.linspace(1.0, 3.0, amount(quick=12, ci=60, night=60)).tolist():
        window.diagram.fit()
        window.diagram.grab()
        pictures_made.clear()
        window.diagram.zoom(zoom)
        window.diagram.grab()
        assert zoom == 1.0 or len(pictures_made) == 1
    window.diagram.fit()
    assert at_rest(qtbot, window) == before == at_rest(qtbot, bare("xor"))


def negated(own):
    """Return a State with the opposite weights, so that the widest edge stays as wide."""
    layers = tuple(replace(layer, weights=-layer.weights) for layer in own.network.layers)
    return replace(own, network=replace(own.network, layers=layers))


@pytest.mark.parametrize(
    ("sizes", "hovering"), [((2, 3, 1), True), ((8, 16, 12, 2), False), ((9, 40, 60, 1), True)], ids=str
)
def test_after_a_run_the_diagram_is_as_if_painted_for_the_first_time(qtbot, bare, sizes, hovering):
    window = bare(state(sizes, spread=0))
    before = at_rest(qtbot, window)
    window.diagram.hover(Address("node", 0, 0) if hovering else None)
    for _ in range(3):
        window.document.push(negated(window.document.state), "Run", "run")
        window.diagram.grab()
    at_rest(qtbot, window)
    window.diagram.hover(None)
    after = at_rest(qtbot, window)
    assert after == at_rest(qtbot, bare(window.document.state))
    assert after != before


@pytest.mark.parametrize(("sizes", "ratio"), [((2, 3, 1), 1.5), ((9, 40, 60, 1), 1.0)], ids=str)
def test_nothing_of_the_frame_before_shines_through(qtbot, bare, sizes, ratio):
    window = bare(state(sizes, spread=0))

    def painted_on(ground):
        """Return the diagram as painted on a screen that showed only `ground`."""
        screen = QImage(window.diagram.size() * ratio, RGB)
        screen.setDevicePixelRatio(ratio)
        screen.fill(ground)
        window.diagram.render(screen, renderFlags=QWidget.RenderFlag.DrawChildren)
        return screen

    for lit in (None, Address("node", 0, 0), Address("weight", 0, 0, 0)):
        window.diagram.hover(lit)
        at_rest(qtbot, window)
        assert painted_on(QColor("red")) == painted_on(QColor("blue"))


@pytest.mark.fonts
def test_a_callout_writes_long_names_short():
    picture = row_picture(named(("a very " * 20 + "_7", "b")), View(900, 500), with_slopes=True)
    told = said_of(picture, WalkStep("slopes", 0, 0), walk.short_name)
    assert [line.text.partition(" →")[0] for line in told.text_lines[:2]] == ["a very a v…_7", "b"]


def said_of(picture, step, short=str):
    """Return the words of a step."""
    content = picture.content
    return step_text(content.state, Computed(content.row, content.trace, content.slopes), step, short)


def test_a_callout_covers_rather_a_part_of_a_node_than_a_number():
    node, number = Rect(20.0, 10.0, 100.0, 50.0), Rect(220.0, 30.0, 50.0, 20.0)
    none = np.empty((0, 2))
    obstacles = Obstacles(rectangles([]), none, rectangles([node]), rectangles([number]), none)
    place = free_place(Rect(0.0, 0.0, 300.0, 72.0), [Size(200.0, 60.0, 0.0)], obstacles, number, none)
    assert place.rect.meets(node)
    assert not place.rect.meets(number)


def walked(picture, moving, t, image):
    """Return what the layer of a walk paints of `picture` at time `t` of a step: its colours."""
    progress = SimpleNamespace(moving=moving, described_steps=moving)
    moment = SimpleNamespace(walk=progress, walk_text=lambda short: said_of(picture, moving[0], short))
    image.fill(QColor("black"))
    layer, painter = WalkLayer(), QPainter(image)
    layer.t = t
    layer.dirty(moment, picture)
    layer.paint(painter, moment, picture, LIGHT)
    painter.end()
    pixels = np.array(image.constBits()).view(np.uint32).reshape(image.height(), -1)
    return {QColor(pixel).name() for pixel in np.unique(pixels[::2, ::2]).tolist()}


def test_the_sum_of_a_step_begins_when_its_pulses_have_arrived_and_is_placed_once(qapp, monkeypatch):
    places, place = [], walk.free_place
    monkeypatch.setattr(walk, "free_place", lambda *asked: places.append(1) or place(*asked))
    picture = row_picture(load(example("relu").path), View(900, 500))
    image, step = QImage(900, 500, RGB), (WalkStep("forward", 0, 0),)
    pulses, card = LIGHT.positive.lower(), LIGHT.surface.lower()
    for t in (0.3, 0.45, 0.49, 0.51, 0.6, 0.9):
        places.clear()
        colours = walked(picture, step, t, image)
        assert (pulses in colours, card in colours) == (t < 0.5, t > 0.5)
    assert len(places) == 1


class Onlooker(QObject):
    """Keeps what stands on the screen, and counts the frames in which the whole painted anew differs."""

    def __init__(self, diagram):
        super().__init__()
        self._diagram, self._looking = diagram, False
        self.screen, self.frames, self.wrong = self._painted(QImage(diagram.size(), RGB)), 0, 0

    def _painted(self, image, region=None):
        self._looking = True
        region = region or QRegion(self._diagram.rect())
        corner = region.boundingRect().topLeft()
        self._diagram.render(image, corner, region, QWidget.RenderFlag.DrawChildren)
        self._looking = False
        return image

    def eventFilter(self, _, event):  # noqa: N802
        if event.type() == QEvent.Type.Paint and not self._looking:
            self._painted(self.screen, event.region())
            self.frames += 1
            self.wrong += self.screen != self._painted(QImage(self._diagram.size(), RGB))
        return False


def test_a_frame_of_the_walk_paints_all_that_it_changes(qtbot, bare, amount):
    for name in ("xor", "curve")[: amount(quick=1, ci=2, night=2)]:
        window = bare(name)
        onlooker = Onlooker(window.diagram)
        window.diagram.installEventFilter(onlooker)
        window.player.speed = 1.0
        steps = 0
        while steps < 4 or (onlooker.frames <= 8 and steps < 16):  # of which a busy machine paints few
            window.player.step()
            qtbot.waitUntil(lambda player=window.player: not player.progress.moving)
            steps += 1
        window.diagram.removeEventFilter(onlooker)
        assert onlooker.frames > 8
        assert onlooker.wrong == 0


# --- at fractional sizes of the screen, in a process of its own

BEGIN = "import sys; from tests.ui import test_painting; test_painting.repaint_all(*map(int, sys.argv[1:]))"
AROUND_PX, ROUNDING = 4, 2
"""The pixels that are compared around the diagram, and the allowed difference of a channel."""


def test_at_a_fractional_size_nothing_leaves_pixels_from_before(amount):
    for ratio in ("1.25", "1.5")[: amount(quick=1, ci=2, night=2)]:
        environment = {**os.environ, "QT_SCALE_FACTOR": ratio, "QT_QPA_PLATFORM": "offscreen"}
        code, out, err = ended([sys.executable, "-c", BEGIN, "700", "523"], env=environment)
        assert (code, out) == (0, f"at {ratio}\n"), err


def on_screen_now(window):
    """Return the pixels of the diagram, and some around it, as the screen has them."""
    image = application().primaryScreen().grabWindow(window.main_window.winId()).toImage()
    ratio = image.devicePixelRatio()
    corner = window.diagram.mapTo(window.main_window, QPoint(0, 0))
    place = QRect(corner * ratio, window.diagram.size() * ratio)
    part = pixels_of(image.copy(place.adjusted(-AROUND_PX, -AROUND_PX, AROUND_PX, AROUND_PX)))
    return np.stack([part >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(int)


def settle(window):
    """Let everything be painted that is due, once the panels have come to rest."""
    window.main_window.raise_()
    sizes = []
    while len(sizes) < 3 or len(set(sizes[-3:])) > 1:
        QTest.qWait(20)
        sizes.append(window.diagram.size().toTuple())


def stale(window):
    """Return how many pixels are not as painted anew."""
    settle(window)
    seen = on_screen_now(window)
    for widget in (window.diagram, window.board, window.main_window):
        widget.update()
    settle(window)
    return int((np.abs(seen - on_screen_now(window)) > ROUNDING).any(axis=2).sum())


def take_a_step(window):
    """Take a step of the walk, until all that moves has arrived."""
    window.player.step()
    window.player.speed = 1.0
    while window.player.progress.moving:
        QTest.qWait(20)


def deeds(window):
    """Yield the name and the function of each deed that changes a part of the diagram."""
    diagram, state = window.diagram, window.document.state
    weight, node = Address("weight", 0, 1, 0), Address("node", 0, 0)
    yield "hover", lambda: hover(diagram, point(window, node))
    yield "leave", lambda: hover(diagram, QPoint(1, 1))
    yield "select", lambda: window.document.select(weight)
    yield "edit", lambda: window.document.push(set_weight(state, 0, 1, 0, -3.0), "w")
    yield "slopes", lambda: window.document.show_slopes(True)
    yield "step", lambda: take_a_step(window)
    yield "update", window.runner.step
    yield "end of the walk", window.player.stop
    yield "dark", lambda: apply_theme(application(), "dark")
    yield "hover in the dark", lambda: hover(diagram, point(window, node))


def repaint_all(width, height):
    """Print a line for every deed that leaves pixels behind."""
    window = window_in_a_process("xor")
    window.main_window.resize(width, height)
    window.main_window.show()
    window.history.load()
    settle(window)
    for name, does in deeds(window):
        does()
        if pixels := stale(window):
            print(name, pixels)
    end_process(f"at {window.diagram.devicePixelRatio()}")


# --- numbers that hardly are numbers: nothing is raised in painting, and what is seen is finite

EXTREMES = [0.0, -0.0, 5e-324, 1e-320, 1e-300, 1e-154, 1.0, 1e16, 1e154, 1e300, 1e307, 5e307, 1.7e308]
HISTORIES = [[value] * 3 for value in EXTREMES] + [[1.0], [0.0], [1.7e308, 0.0], [5e-324, 1.7e308, 1.0]]
ENDS = [-math.inf, -1e308, -1e300, -1.0, -1e-320, 0.0, 1e-320, 1.0, 1e300, 1.7e308, math.inf]
STRETCHES = [*combinations_with_replacement(ENDS, 2)]
LINES = [each for each in STRETCHES if max(map(abs, each)) <= 1e300]
PRESENT = [[], [1.0, 0.5], [0.0, 0.0], [1.7e308, 0.0]]
KEPT = [
    (present, mse)
    for k, mse in enumerate(each for each in HISTORIES if len(each) > 1)
    for present in (PRESENT if mse[0] in (0.0, 1.7e308) else [PRESENT[k % 4]])
]
"""Each earlier run with one present history, and those at the ends with all of them."""


@pytest.fixture
def show(qtbot):
    """Return a function that shows a plot, moves the mouse over it, and clicks."""

    def look(plot):
        plot.resize(300, 200)
        qtbot.addWidget(plot)
        plot.show()
        for at in (QPoint(150, 100), QPoint(80, 40)):
            QTest.mouseMove(plot.viewport(), at)
            QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
            plot.grab()
        assert all(math.isfinite(low) and low < high for low, high in plot.view())
        return plot

    return look


def history_of(points):
    return History().extended(np.array([*points], dtype=float).reshape(-1, 2))


def show_history(plot, mse):
    """Show a history of these losses; the last is the present one."""
    history = history_of(enumerate(mse))
    plot.show_history(history, history.last if mse else None)


def test_runs_of_extremes_are_drawn_on_both_scales(show, amount):
    plot = HistoryCurve()
    alone = [(mse, None) for mse in HISTORIES]
    for present, mse in [*alone, *KEPT[:: amount(quick=4, ci=1, night=1)]]:
        runs = [ShownRun(1, "a", history_of(enumerate(mse)))] if mse else []
        if len(present) == 2:
            far = [[0.0, 1.0], [float(MOST_UPDATES), mse[-1] if mse else 1.0]]
            runs.append(ShownRun(2, "far", history_of(far)))
        plot.show_runs(tuple(runs))
        show_history(plot, present)
        show(plot)
        for logarithmic in (True, False):
            plot.set_log(logarithmic)
            plot.grab()
            QTest.keyClick(plot, Qt.Key.Key_Down)
            QTest.keyClick(plot, Qt.Key.Key_Right)
            plot.show_view([[0.0, 1e-300], [0.0, 1e-290]])
            QTest.mouseMove(plot.viewport(), QPoint(150, 90))
            plot.grab()
            plot.view_all()
    plot.show_runs(())
    show_history(plot, [1.0, 2.0])
    assert plot.kept.lines == []


def assert_finite(plot):
    plot.grab()
    assert all(math.isfinite(end) for stretch in plot.view() for end in stretch)


@pytest.mark.crossed(mse=(0.0, 1e-320, 1.0, 1e300), slope=(0.0, 1e-320, -1e300, 1.7e308))
def test_a_curve_of_extremes_is_drawn(show, mse, slope, amount):
    plot = LossCurvePlane()
    plot.show_curve(np.linspace(0.0, 1.0, 33), np.ones(33), (0.0, 2.0))
    show(plot)
    for low, high in LINES[:: amount(quick=5, ci=1, night=1)]:
        values, heights = np.linspace(low, high, 33), np.full(33, mse)
        heights[::5] = 1e308
        plot.show_curve(values, heights, (-0.1 * mse, 3.0 * mse))
        plot.show_point(low, mse, slope, (high, 1e308))
        assert_finite(plot)


def test_a_map_of_extremes_is_drawn(show, amount):
    plot = LossSurfacePlane()
    plot.show_grid(Grid(np.linspace(0.0, 1.0, 9), np.linspace(0.0, 1.0, 9), np.ones((9, 9))))
    show(plot)
    for values in LINES[:: amount(quick=9, ci=1, night=1)]:
        for mse in (0.0, 5e-324, 1.0, 1e300, 1.7e308):
            for grid in (np.full((9, 9), mse), np.linspace(0.0, mse, 81).reshape(9, 9)):
                plot.show_grid(Grid(np.linspace(*values, 9), np.linspace(*values, 9), grid))
                plot.show_present(values[0], values[1])
                assert_finite(plot)


def test_what_is_drawn_has_pixels_that_can_be_told_apart():
    for across, up in product(STRETCHES, repeat=2):
        drawn = drawable_ranges(across, up)
        for low, high in drawn:
            pixel = (high - low) / 1000
            assert math.isfinite(pixel)
            assert low < low + pixel < high - pixel < high
        assert 0.0 < math.prod(high - low for low, high in drawn) < math.inf


def test_a_number_that_is_nudged_and_scrubbed_ends_at_the_largest(bare):
    window = bare(filled(LARGEST))
    weight = Address("weight", 0, 0, 0)
    window.diagram.setFocus()
    window.document.select(weight)
    QTest.keyClick(window.diagram, Qt.Key.Key_Plus)
    window.diagram.session.nudge(weight, 1e308, "100")
    assert window.document.state.network.value_of(weight) == LARGEST


def test_a_last_file_that_may_not_be_looked_at_is_none(monkeypatch, tmp_path):
    settings = Settings(remembers=False)
    path = tmp_path / "mine.json"
    path.write_bytes(example("relu").path.read_bytes())
    settings.remember_open(path)
    assert settings.last == path
    monkeypatch.setattr("os.stat", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert (settings.last, settings.recent) == (None, [])
