"""What is painted on the screen: the same as on paper, and after every change the same as painted anew."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.results import Computed
from nnviz.core.state import Dataset, State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.document.walk.player import Player
from nnviz.document.walk.walk import Step
from nnviz.document.walk.words import words
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import Label, Rect, View
from nnviz.picture.picture import row_picture
from nnviz.ui.diagram import callout, paper
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.free_place import Obstacles, Size, free_place, rectangles
from nnviz.ui.diagram.screen import Screen
from nnviz.ui.diagram.walk_layer import WalkLayer
from tests.picture.diagrams import state

LIGHT = PALETTES["light"]


def image(width, height, ratio, paint_it):
    """Return what `paint_it` paints on the canvas, as grey levels of 0 to 255."""
    own = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_RGB32)
    own.setDevicePixelRatio(ratio)
    own.fill(QColor(LIGHT.canvas))
    painter = QPainter(own)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_it(painter)
    painter.end()
    return grey(own)


def grey(own):
    own = own.convertToFormat(QImage.Format.Format_Grayscale8)
    return np.array(own.constBits()).reshape(own.height(), own.bytesPerLine())[:, : own.width()].astype(int)


def blurred(levels):
    """Return means over 5 by 5 pixels, since a sprite stands on whole pixels and may be one aside."""
    sums = levels.cumsum(0).cumsum(1)
    return (sums[5:, 5:] - sums[:-5, 5:] - sums[5:, :-5] + sums[:-5, :-5]) / 25


class Shown:
    """A diagram of `state` outside a window."""

    def __init__(self, qtbot, state):
        self._qtbot = qtbot
        self.document = Document(state)
        selection = Selection(self.document)
        self._player = Player(self.document, selection, Runner(self.document))
        self.diagram = Diagram(self.document, selection, Derived(self.document, selection), self._player)
        qtbot.addWidget(self.diagram)
        self.diagram.resize(900, 500)
        self.diagram.show()
        qtbot.waitExposed(self.diagram)

    def at_rest(self):
        """Return its image when it has come to rest."""
        timers = self.diagram.findChildren(QTimer)
        self._qtbot.waitUntil(lambda: not any(timer.isActive() for timer in timers))
        return self.diagram.grab().toImage()


def on_paper(picture):
    def paint_it(painter):
        paper.paint_nodes(painter, picture, LIGHT)
        for label in picture.labels:
            paper.paint_label(painter, label, LIGHT)

    return paint_it


def on_screen(picture, screen):
    def paint_it(painter):
        screen.paint_nodes(painter, picture, ())
        screen.paint_labels(painter, [label for label in picture.labels if label.style != "name"], ())

    return paint_it


VIEWS = [View(900, 500), View(900, 500, 2.5, -400, -300), View(900, 500, 6.0, -600, -1400)]


@pytest.mark.parametrize("name", ["xor", "curve", "two-hidden-layers", "digits"])
@pytest.mark.parametrize("view", VIEWS, ids=["fitted", "zoomed", "near"])
@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
def test_the_screen_shows_what_is_printed(qapp, name, view, ratio, with_slopes):
    picture = row_picture(load(example(name).path), view, with_slopes=with_slopes)
    printed = image(900, 500, ratio, on_paper(picture))
    seen = image(900, 500, ratio, on_screen(picture, Screen(LIGHT, ratio)))
    assert printed.std() > 5
    # a large number may stand half a device pixel off
    assert (np.abs(blurred(printed) - blurred(seen)) > 40).mean() < 0.001


def test_a_number_that_left_its_edge_is_joined_to_it_on_screen_and_paper(qapp):
    picture = row_picture(state((2, 5, 1)), View(606, 318), with_slopes=True)
    joined = next(label for label in picture.labels if label.leader is not None)
    x, y = joined.rect.center
    border = joined.rect.bottom if joined.leader > y else joined.rect.y
    for paint in (on_paper(picture), on_screen(picture, Screen(LIGHT, 2.0))):
        seen = image(606, 318, 2.0, paint)
        line = seen[round(border + joined.leader), round(2 * x) - 2 : round(2 * x) + 2]
        assert line.min() < 200 < seen[round(border + joined.leader), round(2 * x) + 8]


NUMBERS = [0.0, -1.0, 0.1234, -0.0456789, 1234.5, -98765.0, 1.23456e-7, -4.56e-12, 7.7e22, 111111.0]


@pytest.mark.parametrize("prefix", ["", "b ", "error "])
@pytest.mark.parametrize("value", NUMBERS)
def test_a_number_looks_as_qt_writes_it(qapp, value, prefix):
    style = {"": "value", "b ": "pill", "error ": "error"}[prefix]
    label = Label(Address("value", 0), prefix + shown(value), Rect(10, 10, 180, 30), style, 22.0, value)
    seen = image(200, 50, 1.0, lambda painter: Screen(LIGHT, 1.0).paint_labels(painter, [label], ()))
    printed = image(200, 50, 1.0, lambda painter: paper.paint_label(painter, label, LIGHT))
    assert np.abs(blurred(printed) - blurred(seen)).max() < 40


def test_zooming_to_and_fro_leaves_the_picture_as_it_was(qtbot):
    xor = load(example("xor").path)
    own = Shown(qtbot, xor)
    before = own.at_rest()
    for zoom in np.linspace(1.0, 3.0, 60).tolist():
        own.diagram.fit()
        own.diagram.zoom(zoom)
        own.diagram.grab()
    own.diagram.fit()
    assert own.at_rest() == before == Shown(qtbot, xor).at_rest()


def negated(own):
    """Return a State with the opposite weights, so that the widest edge stays as wide."""
    layers = tuple(replace(layer, weights=-layer.weights) for layer in own.network.layers)
    return replace(own, network=replace(own.network, layers=layers))


@pytest.mark.parametrize("sizes", [(2, 3, 1), (8, 16, 12, 2), (9, 40, 60, 1)], ids=str)
@pytest.mark.parametrize("hovering", [False, True], ids=["", "hovering"])
def test_after_a_run_the_diagram_is_as_if_painted_for_the_first_time(qtbot, sizes, hovering):
    own = Shown(qtbot, state(sizes, spread=0))
    before = own.at_rest()
    own.diagram.hover(Address("node", 0, 0) if hovering else None)
    for _ in range(3):
        own.document.push(negated(own.document.state), "Run", "run")
        own.diagram.grab()
    own.at_rest()
    own.diagram.hover(None)
    after = own.at_rest()
    assert after == Shown(qtbot, own.document.state).at_rest()
    assert after != before


@pytest.mark.parametrize("ratio", [1.0, 1.5])
@pytest.mark.parametrize("sizes", [(2, 3, 1), (9, 40, 60, 1)], ids=str)
def test_nothing_of_the_frame_before_shines_through(qtbot, sizes, ratio):
    own = Shown(qtbot, state(sizes, spread=0))

    def painted_on(ground):
        """Return what the diagram paints on a screen where `ground` is all that was there."""
        screen = QImage(round(900 * ratio), round(500 * ratio), QImage.Format.Format_RGB32)
        screen.setDevicePixelRatio(ratio)
        screen.fill(ground)
        own.diagram.render(screen, renderFlags=QWidget.RenderFlag.DrawChildren)
        return screen

    for lit in (None, Address("node", 0, 0), Address("weight", 0, 0, 0)):
        own.diagram.hover(lit)
        own.at_rest()
        assert painted_on(QColor("red")) == painted_on(QColor("blue"))


def test_another_theme_changes_the_sprites(qapp):
    picture = row_picture(load(example("xor").path), View(900, 500))
    dark = image(900, 500, 1.0, on_screen(picture, Screen(PALETTES["dark"], 1.0)))
    light = image(900, 500, 1.0, on_screen(picture, Screen(LIGHT, 1.0)))
    assert dark.mean() < light.mean() - 5


NAMES = ("שלום", "مرحبا", "𝑥1", "😀ab", "日本語", "משקל_2", "a שלום b", "שלום (a)", "e\u0301té")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ratio", [1.0, 1.5, 3.0])
def test_a_name_of_any_script_looks_as_qt_writes_it_and_leaves_others_alone(qapp, name, ratio):
    texts = ["before", name, "after"]
    labels = [
        Label(Address("name", -1, k), text, Rect(10, 10 + 40 * k, 180, 30), "name", 22.0, align="left")
        for k, text in enumerate(texts)
    ]

    def paint_it(painter):
        for label in labels:
            paper.paint_label(painter, label, LIGHT)

    seen = image(200, 130, ratio, lambda painter: Screen(LIGHT, ratio).paint_labels(painter, labels, ()))
    printed = image(200, 130, ratio, paint_it)
    for third in np.array_split(printed, 3):
        assert third.std() > 5
    assert np.abs(blurred(printed) - blurred(seen)).max() < 40


@pytest.mark.parametrize("view", VIEWS, ids=["fitted", "zoomed", "near"])
def test_names_of_any_script_stand_on_the_screen_as_on_paper(qapp, view):
    layer = Layer(("node_0", "משקל_3"), "relu", np.ones((2, len(NAMES))), None)
    network = Network(NAMES, (layer, Layer(("out",), "identity", np.ones((1, 2)), None)))
    named = State(network, Dataset(np.ones((1, len(NAMES))), np.ones((1, 1))))
    picture = row_picture(named, view)
    printed = image(900, 500, 1.0, on_paper(picture))
    seen = image(900, 500, 1.0, on_screen(picture, Screen(LIGHT, 1.0)))
    # a large number may stand half a device pixel off
    assert (np.abs(blurred(printed) - blurred(seen)) > 40).mean() < 0.001


def test_a_callout_writes_long_names_short():
    named = State(
        Network(("a very " * 20 + "_7", "b"), (Layer(("out",), "identity", np.ones((1, 2)), None),)),
        Dataset(np.ones((1, 2)), np.ones((1, 1))),
    )
    picture = row_picture(named, View(900, 500), with_slopes=True)
    told = said_of(picture, Step("slopes", 0, 0), callout.short_name)
    assert [line.text.partition(" →")[0] for line in told.sayings[:2]] == ["a very a v…_7", "b"]


def said_of(picture, step, short=str):
    """Return what is said of a step."""
    content = picture.content
    return words(content.state, Computed(content.row, content.trace, content.slopes), step, None, short)


def test_a_callout_covers_rather_a_part_of_a_node_than_a_number():
    node, number = Rect(20.0, 10.0, 100.0, 50.0), Rect(225.0, 30.0, 50.0, 20.0)
    none = np.empty((0, 2))
    obstacles = Obstacles(rectangles([]), none, rectangles([node]), rectangles([number]), none)
    place = free_place(Rect(0.0, 0.0, 300.0, 70.0), [Size(200.0, 60.0, 0.0)], obstacles, number, none)
    assert place.rect.meets(node)
    assert not place.rect.meets(number)


def walked(picture, moving, t, image):
    """Return what the layer of a walk paints of `picture` at time `t` of a step: its colours."""
    player = SimpleNamespace(progress=SimpleNamespace(moving=moving, told=moving), t=t)
    narrator = SimpleNamespace(words=lambda short: said_of(picture, moving[0], short))
    image.fill(QColor("black"))
    layer, painter = WalkLayer(player, narrator), QPainter(image)
    layer.dirty(picture)
    layer.paint(painter, picture, LIGHT)
    painter.end()
    return {image.pixelColor(x, y).name() for x in range(0, 900, 2) for y in range(0, 500, 2)}


def test_the_sum_of_a_step_begins_when_its_pulses_have_arrived(qapp):
    picture = row_picture(load(example("relu").path), View(900, 500))
    image, step = QImage(900, 500, QImage.Format.Format_RGB32), (Step("forward", 0, 0),)
    pulses, card = LIGHT.positive.lower(), LIGHT.surface.lower()
    seen = [walked(picture, step, t, image) for t in (0.3, 0.45, 0.49, 0.51, 0.6, 0.9)]
    assert [(pulses in colours, card in colours) for colours in seen] == [
        *[(True, False)] * 3,
        *[(False, True)] * 3,
    ]


def test_a_frame_of_the_walk_places_its_callout_once(qapp, monkeypatch):
    places, place = [], callout.free_place
    monkeypatch.setattr(callout, "free_place", lambda *asked: places.append(1) or place(*asked))
    picture = row_picture(load(example("relu").path), View(900, 500))
    walked(picture, (Step("forward", 0, 0),), 0.9, QImage(900, 500, QImage.Format.Format_RGB32))
    assert len(places) == 1
