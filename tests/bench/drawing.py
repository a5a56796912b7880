"""How long the diagram takes to draw, with and without small pictures: `python -m tests.bench.drawing`.

1200 by 800 pixels at device pixel ratio 1, painted by Qt's raster engine.
"""

import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from nnviz.core.address import Address
from nnviz.core.edits import set_value
from nnviz.document.idle import APART_MS
from nnviz.files.registry import save
from nnviz.picture.columns import lay_out
from nnviz.picture.edges import EVERY_EDGE, edge_colour, edge_width
from nnviz.picture.parts import View
from nnviz.ui.diagram.paint import ALWAYS_SHARP, BUCKETS
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.explain import ExplainBrowser
from tests.bench import report, windows
from tests.bench.windows import LARGE, name_of

ROUNDS = 15
SIZE = (1200, 800)
AIMS = {(8, 16, 12, 2): 3, (9, 100, 100, 1): 8, LARGE: 10, (1000, 500, 500, 500): 20}
"""By network, the milliseconds that a frame may take."""
WITH_PICTURES = ((1, 8, 1), (2, 3, 1), (2, 8, 8, 2), (2, 100, 100, 1), (64, 32, 16, 10), LARGE)
SMALL = ((2, 3, 1), (4, 8, 3), LARGE)


class Lines(QWidget):
    """Every edge of a picture by QPainter.drawLines, with the diagram's pens, and nothing else."""

    def __init__(self):
        super().__init__()
        self._lines, self._sharp = [], False
        self.resize(*SIZE)
        self.show()
        windows.settle()

    def take(self, picture):
        """Make the pens and lines of a picture ready: as the diagram paints few edges in a run."""
        lines, palette = defaultdict(list), colours()
        self._sharp = sum(weights.size for weights in picture.weights) <= ALWAYS_SHARP
        for gap, weights in zip(picture.layout.gaps, picture.weights, strict=True):
            crowded = weights.size > EVERY_EDGE
            shares = np.clip(np.rint(weights.ravel() / picture.scale * BUCKETS) / BUCKETS, -1, 1)
            places = gap.segments(*gap.all_edges)
            for share, place in zip(shares.tolist(), places.tolist(), strict=True):
                lines[share, crowded].append(QLineF(*place))
        self._lines = []
        for (share, crowded), own in sorted(lines.items(), key=lambda each: abs(each[0][0])):
            width = edge_width(share, crowded) * picture.layout.scale
            self._lines.append((QPen(QColor(edge_colour(share, palette)), width), own))

    def paintEvent(self, _event):  # noqa: N802
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(colours().canvas))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._sharp)
            for pen, lines in self._lines:
                painter.setPen(pen)
                painter.drawLines(lines)


def against_lines(sizes, rounds):
    """Return the milliseconds of a frame with all weights changed, and of the lines alone, of each round."""
    canvas, lines = windows.Canvas(SIZE, *sizes), Lines()
    networks = [canvas.document.state.network.randomised(seed) for seed in range(6)]
    found = {"frame": [], "lines": []}
    for k in range(rounds + 1):
        found["frame"].append(windows.timed(lambda _, k=k: canvas.draw(networks[k % 6]), 1))
        lines.take(canvas.diagram.picture)
        found["lines"].append(windows.timed(lambda _: lines.repaint(), 1))
    for widget in (canvas.diagram, lines):
        widget.hide()
    return {name: times[1:] for name, times in found.items()}


EDGES = {"edges_344": (8, 16, 12, 2), "edges_109184": LARGE}


def measure(rounds=ROUNDS, wanted=tuple(EDGES)):
    """Return a frame's time against that of drawing every edge as a line, and in ms; of EDGES."""
    windows.app()
    numbers = {}
    for key, sizes in EDGES.items():
        if {key, f"{key}_ms"} & set(wanted):
            found = against_lines(sizes, rounds)
            numbers[key] = report.ratio(found, "frame", "lines")
            numbers[f"{key}_ms"] = statistics.median(found["frame"])
    return numbers


def frames(sizes, rounds, pictures=(False,), rows=4):
    """Return the milliseconds of a frame with all weights changed, without pictures in the nodes and with."""
    canvas = windows.Canvas(SIZE, *sizes, rows=rows)
    networks = [canvas.document.state.network.randomised(seed) for seed in range(6)]
    found = {shown: [] for shown in pictures}
    for k in range(rounds + 1):
        for shown, times in found.items():
            canvas.diagram.view = canvas.diagram.view._replace(pictures=shown)
            if len(found) > 1:
                canvas.draw(networks[(k + 1) % 6])  # lays out
            times.append(windows.timed(lambda _, k=k: canvas.draw(networks[k % 6]), 1))
    canvas.diagram.hide()
    return [statistics.median(times[1:]) for times in found.values()]


def animation(sizes, phase):
    """Return the milliseconds of a frame of the walk, from its signal to the painted rectangle."""
    canvas = windows.Canvas(SIZE, *sizes)
    canvas.move(False)
    canvas.player.speed = 0.0
    canvas.player.show_phase(phase)
    canvas.player.step()
    windows.settle(0.2)

    def frame(_):
        canvas.player.frame.emit(0.5)
        windows.application().processEvents()

    milliseconds = windows.timed(frame, 40)
    canvas.player.stop()
    canvas.diagram.hide()
    return milliseconds


def nearest(sizes):
    """Return the milliseconds that it takes to find the item under the mouse, all over the picture."""
    canvas = windows.Canvas(SIZE, *sizes)
    places = np.random.default_rng(0).uniform((0, 100), SIZE, (400, 2)).tolist()
    picture = canvas.diagram.picture
    canvas.diagram.hide()
    return windows.timed(lambda k: picture.address_at(*places[k]), 400)


def laid_out(sizes):
    """Return the milliseconds to lay a diagram out anew with slopes, as at every pixel of a resize."""
    network = windows.state(*sizes).network
    return windows.timed(lambda k: lay_out(network, View(SIZE[0] + k, SIZE[1]), slopes=True), 20)


def opened():
    """Return the milliseconds to open a large network in the window, and to explain an edge of it."""
    window = windows.open_window(windows.state(2, 2, 1))
    browser = window.board.docks["Explain"].card.findChild(ExplainBrowser)

    def open_it(path):
        window.document.start(*window.document.read(path))
        windows.application().processEvents()

    def select(k):
        before = browser.toPlainText()
        windows.select(window, Address("weight", 0, 5 + k, 300 + k))
        windows.until(lambda: browser.toPlainText() != before)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.json"
        save(windows.state(*LARGE, rows=100), path)
        opening = windows.timed(lambda _: open_it(path), 3)
    windows.settle()
    selecting = windows.timed(select, 9)
    window.main_window.hide()
    return opening, selecting


def edited(sizes, panel):
    """Return the milliseconds of a frame in which a weight is edited, with a panel in front."""
    window = windows.open_window(windows.state(*sizes))
    window.board.show_panel(panel, True)

    def edit(k):
        window.document.edit("a weight", set_value, Address("weight", 0, 0, 0), k + 0.5)
        windows.application().processEvents()

    found = []
    for k in range(15):
        windows.settle(2 * APART_MS / 1000)  # texts are written no more often
        found.append(windows.timed(lambda _, k=k: edit(k), 1))
    window.main_window.hide()
    return statistics.median(found)


def main():
    report.in_one_thread()
    options = report.parser(__doc__, ROUNDS).parse_args()
    windows.app()
    report.head("a frame, all weights changed", "ms", "× drawLines of every edge")
    numbers = measure(options.rounds)
    for key, sizes in EDGES.items():
        report.row(name_of(sizes), f"{numbers[f'{key}_ms']:.3g}", f"{numbers[key]:.3g}")
    report.head("a frame, all weights changed", "ms", "aim")
    for sizes, aim in AIMS.items():
        (milliseconds,) = frames(sizes, options.rounds)
        report.row(name_of(sizes), f"{milliseconds:.3g}", f"≤ {aim}")
    report.head("200 rows", "ms without pictures in the nodes", "ms with them", "aim")
    for sizes in WITH_PICTURES:
        without, shown = frames(sizes, options.rounds, (False, True), rows=200)
        report.row(name_of(sizes), f"{without:.2f}", f"{shown:.2f}", "≤ 16.6")
    report.head("", "ms", "aim")
    for sizes in [*AIMS][:3]:
        report.row(
            f"a frame of the walk forward, {name_of(sizes)}", f"{animation(sizes, 'forward'):.2f}", "≤ 1"
        )
    large = name_of(LARGE)
    report.row(f"a frame of the walk backward, {large}", f"{animation(LARGE, 'backward'):.2f}", "≤ 16")
    report.row(f"what is under the mouse, {large}", f"{nearest(LARGE):.3f}", "≤ 0.05")
    for sizes in SMALL:
        report.row(f"laying {name_of(sizes)} out anew, with slopes", f"{laid_out(sizes):.1f}", "≤ 16")
        for panel in ("Code", "Notes"):
            name = f"an edit of {name_of(sizes)}, with {panel} in front"
            report.row(name, f"{edited(sizes, panel):.1f}", "≤ 16")
    opening, selecting = opened()
    report.row(f"opening {large} with 100 rows", f"{opening:.0f}", "≤ 1000")
    report.row("explaining an edge of it", f"{selecting:.0f}", "≤ 100")
    print(f"\n{report.ran_on()};")
    print(f"medians, {options.rounds} frames, {SIZE[0]} by {SIZE[1]} pixels.")


if __name__ == "__main__":
    main()
