"""How long a frame of the MSE plot takes as the history grows, and its memory: `python -m tests.bench.plot`.

One column has 50 kept runs under the history, of full length, while the history grows. Another one is the
time of a zoom into them.
"""

import statistics

import numpy as np

from nnviz.core.history import History
from nnviz.document.job import USUAL_LIMITS
from nnviz.ui.panels.history_canvas import HistoryCurve
from nnviz.ui.panels.history_readout import ShownRun
from tests.bench import report, windows

LENGTHS = tuple(10**k for k in range(3, 8))
ROUNDS = 30
CHUNK = 1000
"""Points that come between two frames."""
RUNS = 50
NUMBERS = ("plot_ms", "back in the run", "kept runs", "zoom", "points kept")


def points(count):
    """Return points as noisy training makes them, shape (count, 2)."""
    iterations = np.arange(count, dtype=float)
    noise = np.random.default_rng(0).random(count)
    return np.column_stack((iterations, (0.2 + noise) / (1 + iterations) ** 0.3))


def measured(length, rounds):
    """Return the milliseconds of a frame at the end, further back, with kept runs and in a zoom."""
    curve = HistoryCurve()
    curve.resize(340, 300)
    curve.show()
    windows.settle(0.1)
    history, everything = History(USUAL_LIMITS.history_points), points(length + (rounds + 1) * CHUNK)
    for start in range(0, length, 100_000):
        history = history.extended(everything[start : min(start + 100_000, length)])
    kept_runs = tuple(
        ShownRun(k + 1, f"rate {k}", History().extended(everything[:length] * (1, 1 - k / 60)).brief())
        for k in range(RUNS)
    )

    def zoom(k):
        curve.show_view([[0.0, length * (0.9 - 0.1 * (k % 2))], [0.0, 2.0]])
        curve.viewport().repaint()

    def frame(moment):
        curve.show_history(history, moment, growing=True)
        curve.viewport().repaint()

    def timed(moment):
        return windows.timed(lambda _: frame(moment), 1)

    times = []
    for k in range(1, rounds + 2):
        until = length + k * CHUNK
        history = history.extended(everything[until - CHUNK : until])
        iteration, mse = history.points[len(history) * k // (rounds + 2)].tolist()
        own = [timed(history.last), timed((int(iteration), mse))]
        curve.show_runs(kept_runs)
        frame(history.last)
        own += [timed(history.last), windows.timed(lambda _, k=k: zoom(k), 1)]
        curve.following = True
        curve.show_runs(())
        frame(history.last)
        times.append(own)
    kept = history.points[:, 1]
    assert kept.min() == everything[:until, 1].min()
    assert kept.max() == everything[:until, 1].max()
    curve.hide()
    return *(statistics.median(own) for own in zip(*times[1:], strict=True)), len(history)


def measure(rounds=ROUNDS, wanted=(), length=LENGTHS[-1]):
    """Return the milliseconds of a frame of a curve of this length: at the end, further back, and so on."""
    windows.app()
    return dict(zip(NUMBERS, measured(length, rounds), strict=True))


def main():
    report.in_one_thread()
    options = report.parser(__doc__, ROUNDS).parse_args()
    report.head("iterations", "ms a frame", "back in the run", f"{RUNS} runs", "zoom", "aim", "points kept")
    for length in LENGTHS:
        *times, kept = measure(options.rounds, length=length).values()
        texts = [f"{time:.2f}" for time in times]
        report.row(f"{length:,}", *texts, report.AIMS["plot_ms"], f"{kept:,}")
    limit = USUAL_LIMITS.history_points
    print(f"\nOf at most {limit:,} points kept, none is lost that is a smallest or a largest.")
    print(f"{report.ran_on()};\nmedian of {options.rounds} frames, {CHUNK} points more in each.")


if __name__ == "__main__":
    main()
