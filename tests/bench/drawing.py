"""How long the diagram takes to draw, with and without small pictures: `python -m tests.bench.drawing`.

1200 by 800 pixels at device pixel ratio 1, painted by Qt's raster engine.
"""

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnviz.core.address import Address
from nnviz.core.edits import set_weight
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS
from nnviz.document.player import Player
from nnviz.document.training import Runner
from nnviz.files.registry import save
from nnviz.picture.columns import lay_out
from nnviz.picture.parts import View
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.panels.explain import ExplainBrowser
from tests.bench import report, windows
from tests.bench.windows import LARGE, name_of

SIZE = (1200, 800)
AIMS = {(8, 16, 12, 2): 3, (9, 100, 100, 1): 8, LARGE: 10, (1000, 500, 500, 500): 20}
"""By network, the milliseconds that a frame may take."""
WITH_PICTURES = ((1, 8, 1), (2, 3, 1), (2, 8, 8, 2), (2, 100, 100, 1), (64, 32, 16, 10), LARGE)
SMALL = ((2, 3, 1), (4, 8, 3), LARGE)


class Canvas:
    """The diagram, as in the window during a run."""

    def __init__(self, *sizes, rows=4):
        self.document = Document(windows.state(*sizes, rows=rows))
        selection = Selection(self.document)
        self.player = Player(self.document, selection, Runner(self.document))
        self.diagram = Diagram(self.document, selection, Derived(self.document, selection), self.player)
        self.diagram.resize(*SIZE)
        self.diagram.show()
        windows.settle()
        self.move(True)

    def move(self, moving):
        self.document.set_in_motion(moving)
        self.diagram.fix_scale(moving)

    def draw(self, network):
        self.document.push(replace(self.document.state, network=network), "Run", "run")
        self.diagram.repaint()


def frames(sizes, rounds, pictures=(False,), rows=4):
    """Return the milliseconds of a frame with all weights changed, without pictures in the nodes and with."""
    canvas = Canvas(*sizes, rows=rows)
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
    canvas = Canvas(*sizes)
    canvas.move(False)
    canvas.player.speed = 0.0
    canvas.player.show_phase(phase)
    canvas.player.step()
    windows.settle(0.2)

    def frame(_):
        canvas.player.frame.emit()
        windows.application().processEvents()

    milliseconds = windows.timed(frame, 40)
    canvas.player.stop()
    canvas.diagram.hide()
    return milliseconds


def nearest(sizes):
    """Return the milliseconds that it takes to find the item under the mouse, all over the picture."""
    canvas = Canvas(*sizes)
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
        window.document.open(path)
        windows.application().processEvents()

    def select(k):
        before = browser.toPlainText()
        window.selection.select(Address("weight", 0, 5 + k, 300 + k))
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
        window.document.push(set_weight(window.document.state, 0, 0, 0, k + 0.5), "a weight")
        windows.application().processEvents()

    found = []
    for k in range(15):
        windows.settle(2 * APART_MS / 1000)  # texts are written no more often
        found.append(windows.timed(lambda _, k=k: edit(k), 1))
    window.main_window.hide()
    return statistics.median(found)


def main():
    report.in_one_thread()
    options = report.parser(__doc__, 15).parse_args()
    windows.app()
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
