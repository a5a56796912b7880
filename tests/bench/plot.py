"""How long a frame of the MSE plot takes as the history grows, and its memory: `python -m tests.bench.plot`.

One column has as many earlier runs under the history as there may be, of full length.

The reference is a plain pyqtgraph curve of all points, downsampled by pyqtgraph itself, in turns.
"""

import argparse
import statistics

from tests.bench import one_thread

if __name__ == "__main__":
    one_thread.settle("tests.bench.plot")

import numpy as np
import pyqtgraph as pg

from nnviz.core.history import History
from nnviz.core.limits import EARLIER_RUNS
from nnviz.core.run import EarlierRun, Training
from nnviz.document.training.job import USUAL_LIMITS
from nnviz.picture.palette import PALETTES
from nnviz.ui.plots.history_curve import HistoryCurve
from tests.bench import machine, windows

LENGTHS = tuple(10**k for k in range(3, 8))
SIZE = (340, 300)
CHUNK = 1000
"""Points that come between two frames."""


def points(first, count):
    """Return points as noisy training makes them, shape (count, 2)."""
    iterations = np.arange(first, first + count, dtype=float)
    noise = np.random.default_rng(first).random(count)
    return np.column_stack((iterations, (0.2 + noise) / (1 + iterations) ** 0.3))


class Plain:
    """A pyqtgraph curve with its own downsampling, as its documentation has it."""

    def __init__(self):
        self.plot = pg.PlotWidget()
        self.plot.resize(*SIZE)
        self.curve = self.plot.plot(pen=pg.mkPen("b", width=1))
        self.plot.plotItem.setDownsampling(auto=True, mode="peak")
        self.plot.plotItem.setClipToView(True)
        self.plot.show()

    def frame(self, found):
        self.curve.setData(found[:, 0], found[:, 1])
        self.plot.viewport().repaint()


def measured(length, rounds):
    """Return the milliseconds of a frame of nnviz, further back, with earlier runs, and of the plain curve.

    And the points that nnviz keeps.
    """
    ours, plain = HistoryCurve(PALETTES["light"]), Plain()
    ours.resize(*SIZE)
    ours.show()
    windows.settle(0.1)
    history, everything = History(USUAL_LIMITS.history_points), points(0, length + (rounds + 1) * CHUNK)
    for start in range(0, length, 100_000):
        history = history.extended(everything[start : min(start + 100_000, length)])
    times = ([], [], [], [])
    earlier = tuple(
        EarlierRun(f"{k}", Training(), length, History().extended(everything[:length] * (1, 1 - k / 20)).line)
        for k in range(EARLIER_RUNS.most)
    )
    for k in range(1, rounds + 2):
        until = length + k * CHUNK
        history = history.extended(everything[until - CHUNK : until])

        def frame(_, history=history):
            ours.show_history(history, history.last)
            ours.viewport().repaint()

        def back(_, history=history, k=k):
            iteration, mse = history.points[len(history) * k // (rounds + 2)].tolist()
            ours.show_history(history, (int(iteration), mse))
            ours.viewport().repaint()

        times[0].append(windows.timed(frame, 1))
        times[1].append(windows.timed(back, 1))
        ours.show_earlier(earlier)
        frame(0)
        times[2].append(windows.timed(frame, 1))
        ours.show_earlier(())
        frame(0)
        times[3].append(windows.timed(lambda _, until=until: plain.frame(everything[:until]), 1))
    kept = history.points[:, 1]
    assert kept.min() == everything[:until, 1].min()
    assert kept.max() == everything[:until, 1].max()
    ours.hide()
    plain.plot.hide()
    return *(statistics.median(own[1:]) for own in times), len(history)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30, help="frames of each (default 30)")
    options = parser.parse_args()
    windows.app()
    heads = ("iterations", "ms a frame", "back in the run", "8 earlier runs", "plain pyqtgraph curve")
    print(f"| {' | '.join(heads)} | aim | points kept |")
    print("|---|---|---|---|---|---|---|")
    for length in LENGTHS:
        ours, back, many, plain, kept = measured(length, options.rounds)
        print(f"| {length:,} | {ours:.2f} | {back:.2f} | {many:.2f} | {plain:.2f} | ≤ 1.5 | {kept:,} |")
    limit = USUAL_LIMITS.history_points
    print(f"\nOf at most {limit:,} points kept, none is lost that is a smallest or a largest.")
    print(f"{machine.processor()}, {machine.versions('PySide6-Essentials', 'numpy', 'pyqtgraph')};")
    print(f"median of {options.rounds} frames in turns, {CHUNK} points more in each.")


if __name__ == "__main__":
    main()
