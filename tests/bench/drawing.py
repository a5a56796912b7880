"""How long the diagram takes to draw, against other ways to draw edges: `python -m tests.bench.drawing`.

All take turns, 1200 by 800 pixels at device pixel ratio 1, painted by Qt's raster engine.
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.bench import one_thread

if __name__ == "__main__":
    one_thread.settle("tests.bench.drawing")

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView

from nnviz.core.address import Address
from nnviz.core.edits import set_weight
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.document.walk.player import Player
from nnviz.files.registry import save
from nnviz.picture.edges import edge_colour, edge_width
from nnviz.picture.layout import lay_out
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import View
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.edge_lines import paint_some_edges
from nnviz.ui.explain.browser import ExplainBrowser
from tests.bench import machine, windows

NETWORKS = {
    344: (8, 16, 12, 2),
    11_000: (9, 100, 100, 1),
    109_184: windows.LARGE,
    1_000_000: (1000, 500, 500, 500),
}
AIMS = {344: 3, 11_000: 8, 109_184: 10, 1_000_000: 20}
LAID_OUT = {(2, 3, 1): 16, (4, 8, 3): 16, windows.LARGE: 16}
SIZE = (1200, 800)
PALETTE = PALETTES["light"]


class Nnviz:
    """The diagram, as in the window during a run."""

    name, most = "nnviz", 10**9

    def __init__(self, state):
        self.document = Document(state)
        selection = Selection(self.document)
        self.player = Player(self.document, selection, Runner(self.document))
        self.diagram = Diagram(self.document, selection, Derived(self.document, selection), self.player)
        self.diagram.resize(*SIZE)
        self.diagram.show()
        windows.settle()
        self.document.set_in_motion(True)
        self.diagram.hold_scale(True)

    def draw(self, network):
        self.document.push(replace(self.document.state, network=network), "Run", "run")
        self.diagram.repaint()

    def close(self):
        self.diagram.hide()


class EveryEdge:
    """Every edge by drawLines, in 32 widths and colours each way, without nodes and texts."""

    name, most = "drawLines of every edge", 109_184

    def __init__(self, state):
        own = Nnviz(state)
        self.picture = own.diagram.picture
        own.close()
        self.pixmap = QPixmap(*SIZE)

    def draw(self, network):
        self.pixmap.fill(QColor(PALETTE.canvas))
        painter = QPainter(self.pixmap)
        for gap, layer in zip(self.picture.layout.gaps, network.layers, strict=True):
            nodes, sources = np.divmod(np.arange(layer.weights.size), layer.weights.shape[1])
            paint_some_edges(painter, gap, layer.weights, nodes, sources, self.picture.scale, PALETTE)
        painter.end()

    def close(self):
        pass


class LineItems:
    """A QGraphicsLineItem for each edge, without nodes and texts."""

    name, most = "QGraphicsLineItem each", 344

    def __init__(self, state):
        own = Nnviz(state)
        self.picture = own.diagram.picture
        own.close()
        self.scene = scene = QGraphicsScene(QRectF(0, 0, *SIZE))
        self.items = []
        for gap in self.picture.layout.gaps:
            nodes, sources = (own.ravel() for own in np.indices((len(gap.y1), len(gap.y0))))
            self.items.append([scene.addLine(*line) for line in gap.segments(nodes, sources).tolist()])
        self.view = QGraphicsView(scene)
        self.view.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.view.resize(*SIZE)
        self.view.show()
        windows.settle(0.1)

    def draw(self, network):
        for items, layer in zip(self.items, network.layers, strict=True):
            shares = layer.weights.ravel() / self.picture.scale
            for item, share in zip(items, shares.tolist(), strict=True):
                item.setPen(QPen(QColor(edge_colour(share, PALETTE)), edge_width(share)))
        self.view.viewport().repaint()

    def close(self):
        self.view.hide()


class Graph:
    """pyqtgraph's GraphItem with a pen for each edge, without texts."""

    name, most = "pyqtgraph GraphItem", 11_000

    def __init__(self, state):
        own = Nnviz(state)
        gaps = own.diagram.picture.layout.gaps
        own.close()
        sizes = state.network.sizes
        first = np.cumsum((0, *sizes))
        self.places = np.concatenate(
            [np.column_stack((np.full(sizes[0], gaps[0].x0), gaps[0].y0))]
            + [np.column_stack((np.full(len(gap.y1), gap.x1), gap.y1)) for gap in gaps]
        )
        pairs = [np.indices((len(gap.y1), len(gap.y0))).reshape(2, -1) for gap in gaps]
        self.edges = np.concatenate(
            [
                np.column_stack((source + first[k], node + first[k + 1]))
                for k, (node, source) in enumerate(pairs)
            ]
        )
        self.view = pg.PlotWidget()
        self.graph = pg.GraphItem()
        self.view.addItem(self.graph)
        self.view.resize(*SIZE)
        self.view.show()
        windows.settle(0.1)

    def draw(self, network):
        weights = np.concatenate([layer.weights.ravel() for layer in network.layers])
        pens = np.zeros(
            len(weights), [(own, "u1") for own in ("red", "green", "blue", "alpha")] + [("width", "f8")]
        )
        pens["red"], pens["blue"], pens["alpha"] = 255 * (weights < 0), 255 * (weights > 0), 255
        pens["width"] = 1 + np.abs(weights)
        self.graph.setData(pos=self.places, adj=self.edges, pen=pens, size=10, pxMode=True)
        self.view.viewport().repaint()

    def close(self):
        self.view.hide()


CONTENDERS = (Nnviz, EveryEdge, LineItems, Graph)


def frames(sizes, edges, rounds):
    """Return the milliseconds of a frame with all weights changed, by contender, in turns."""
    state = windows.state(*sizes)
    networks = [state.network.randomised(seed) for seed in range(6)]
    contenders = [own(state) for own in CONTENDERS if edges <= own.most]
    found = {own.name: [] for own in contenders}
    for k in range(rounds):
        for own in contenders:
            found[own.name].append(windows.timed(lambda _, own=own, k=k: own.draw(networks[k % 6]), 1))
    for own in contenders:
        own.close()
    return {name: statistics.median(times[1:]) for name, times in found.items()}


def animation(sizes, phase):
    """Return the milliseconds of a frame of the walk, from its signal to the painted rectangle."""
    own = Nnviz(windows.state(*sizes))
    own.document.set_in_motion(False)
    own.diagram.hold_scale(False)
    own.player.speed = 0.0
    own.player.show_phase(phase)
    own.player.step()
    windows.settle(0.2)

    def frame(_):
        own.player.frame.emit()
        windows.application().processEvents()

    milliseconds = windows.timed(frame, 40)
    own.player.stop()
    own.close()
    return milliseconds


def nearest(sizes):
    """Return the milliseconds of a look for what is under the mouse, at places all over the picture."""
    own = Nnviz(windows.state(*sizes))
    places = np.random.default_rng(0).uniform((0, 100), SIZE, (400, 2)).tolist()
    picture = own.diagram.picture
    own.close()
    return windows.timed(lambda k: picture.at(*places[k]), 400)


def laid_out(sizes):
    """Return the milliseconds to lay a diagram out anew with slopes, as at every pixel of a resize."""
    network = windows.state(*sizes).network
    return windows.timed(lambda k: lay_out(network, View(SIZE[0] + k, SIZE[1]), slopes=True), 20)


def opened(folder):
    """Return the milliseconds to open a large network in the window, and to explain an edge of it."""
    path = Path(folder) / "large.json"
    save(windows.state(*windows.LARGE, rows=100), path)
    window = windows.open_window(windows.state(2, 2, 1))

    def open_it(_):
        window.document.open(path)
        windows.application().processEvents()

    browser = window.explain.findChild(ExplainBrowser)

    def select(k):
        before = browser.toPlainText()
        window.selection.select(Address("weight", 0, 5 + k, 300 + k))
        windows.until(lambda: browser.toPlainText() != before)

    opening = windows.timed(open_it, 3)
    windows.settle()
    selecting = windows.timed(select, 9)
    window.main_window.hide()
    return opening, selecting


def edited(sizes, panel):
    """Return the milliseconds of a frame in which a weight is edited, with a panel in front."""
    window = windows.open_window(windows.state(*sizes))
    window.board.show_panel(panel, True)

    def edit(k):
        window.document.push(set_weight(window.document.state, 0, 0, 0, k + 0.5), "a weight")
        windows.application().processEvents()

    found = []
    for k in range(15):
        windows.settle(2 * APART_MS / 1000)  # texts are written no more often
        found.append(windows.timed(lambda _, k=k: edit(k), 1))
    window.main_window.hide()
    return statistics.median(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contender (default 15)")
    options = parser.parse_args()
    windows.app()
    names = [own.name for own in CONTENDERS]
    print("| ms a frame, all weights changed | " + " | ".join(names) + " | aim |")
    print("|---" * (len(names) + 2) + "|")
    for edges, sizes in NETWORKS.items():
        medians = frames(sizes, edges, options.rounds)
        cells = [f"{medians[name]:.3g}" if name in medians else "–" for name in names]
        print(f"| {edges:,} edges | " + " | ".join(cells) + f" | ≤ {AIMS[edges]} |")
    large = "-".join(map(str, windows.LARGE))
    print("\n| ms | | aim |\n|---|---|---|")
    for sizes in NETWORKS.values():
        if sizes != NETWORKS[1_000_000]:
            name = "-".join(map(str, sizes))
            print(f"| a frame of the walk forward, {name} | {animation(sizes, 'forward'):.2f} | ≤ 1 |")
    print(f"| a frame of the walk backward, {large} | {animation(windows.LARGE, 'backward'):.2f} | ≤ 16 |")
    print(f"| what is under the mouse, {large} | {nearest(windows.LARGE):.3f} | ≤ 0.05 |")
    for sizes, aim in LAID_OUT.items():
        print(
            f"| laying {'-'.join(map(str, sizes))} out anew, with slopes | {laid_out(sizes):.1f} | ≤ {aim} |"
        )
    for sizes in LAID_OUT:
        name = "-".join(map(str, sizes))
        notes, code = (edited(sizes, panel) for panel in ("Notes", "Code"))
        print(f"| an edit of {name}, with the code in front | {code:.1f}, with notes {notes:.1f} | ≤ 16 |")
    with tempfile.TemporaryDirectory() as folder:
        opening, selecting = opened(folder)
    print(f"| opening {large} with 100 rows | {opening:.0f} | ≤ 1000 |")
    print(f"| explaining an edge of it | {selecting:.0f} | ≤ 100 |")
    print(f"\n{machine.processor()}, {machine.versions('PySide6-Essentials', 'numpy', 'pyqtgraph')};")
    print(f"medians, {options.rounds} frames in turns, {SIZE[0]} by {SIZE[1]} pixels.", file=sys.stdout)


if __name__ == "__main__":
    main()
