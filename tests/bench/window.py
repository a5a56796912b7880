"""Training in the window, against training alone, and how soon it pauses: `python -m tests.bench.window`.

Both take turns in one process. A frame is late by what it comes later than a 60th of a second after the last.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from nnviz.core.trainer import Trainer
from nnviz.document.document import Document
from tests.bench import report, windows
from tests.bench.training import CASES

ENDLESS = 10**9
HEAVY = {
    "500,000 rows, full batch, 6-100-100-1": lambda: windows.state(6, 100, 100, 1, rows=500_000),
    "5,000 rows × 784 inputs, full batch, 784-32-10": lambda: windows.state(784, 32, 10, rows=5_000),
    "784-128-64-10, 4 rows": lambda: windows.state(*windows.LARGE),
    "a layer of 1,990 × 1,990, 4 rows": lambda: windows.state(1990, 1990, 1),
}
"""The heaviest networks and data within the limits of nnviz.core.numbers: 4,000,000 numbers, 500,000 rows."""


def endless(state, learning_rate):
    return replace(state, training=replace(state.training, learning_rate=learning_rate, updates=ENDLESS))


def alone(state):
    """Return the updates a second without a window, the history kept."""
    trainer = Trainer(state)
    work, clock = trainer.work(ENDLESS), time.perf_counter
    start = now = clock()
    while now < start + 1.0:
        next(work)
        now = clock()
    return trainer.iteration / (now - start)


def in_window(window, frames, seconds):
    """Return the updates a second in the window as fast as possible, and the seconds between `frames`."""
    frames.clear()
    start = time.perf_counter()
    window.runner.run()
    windows.until(lambda: time.perf_counter() > start + seconds)
    window.runner.pause()
    rate = window.document.state.iteration / (time.perf_counter() - start)
    between = np.diff(frames[1:-1])
    window.document.undo()
    windows.settle(0.1)
    return rate, between


def rates(rounds):
    """Print the rates of a small network."""
    case, frames = CASES[1], []
    document = Document(endless(case.state(), 1e-2))
    document.state_changed.connect(lambda *_: frames.append(time.perf_counter()))
    window = windows.open_window(document)
    window.runner.speed = 1.0
    in_window(window, frames, 0.5)
    turns = {"alone": lambda: alone(document.state), "in it": lambda: in_window(window, frames, 2.0)}
    found = report.in_turns(rounds, turns)
    window.main_window.hide()
    by_itself, (shown, gaps) = found["alone"], zip(*found["in it"], strict=True)
    share = statistics.median(rate / own for rate, own in zip(shown, by_itself, strict=True))
    between = np.concatenate(gaps)
    late = 1e3 * np.percentile(np.maximum(between - 1 / 60, 0), 99)
    report.head(case.name, "", "aim")
    report.row("updates a second alone", f"{statistics.median(by_itself):,.0f}", "")
    rate = f"{statistics.median(shown):,.0f}, {share:.0%}"
    report.row("in the window, diagram and plot following", rate, "≥ 60 %")
    report.row("frames a second", f"{1 / between.mean():.0f}", 60)
    report.row("how late a frame is, 99 of 100", f"{late:.1f} ms", "≤ 1 ms")


def heaviest(state):
    """Return the longest that the window did not answer from Run to the end of the pause, in ms.

    And what pressing Run and Pause took, in ms, how long it was until it paused, and the updates until then.
    """
    window = windows.open_window(endless(state, 1e-6))
    window.runner.speed = 1.0
    beats = [time.perf_counter()]

    def beat():
        beats.append(time.perf_counter())
        return beats[-1]

    window.runner.run()
    run = time.perf_counter() - beats[0]
    windows.until(lambda: beat() > beats[0] + 3.0)
    before = time.perf_counter()
    window.runner.toggle()
    pause = time.perf_counter() - before
    windows.until(lambda: beat() and not window.runner.running)
    window.main_window.hide()
    times = (np.diff(beats).max(), run, pause, beats[-1] - before)
    return *(f"{1e3 * seconds:.0f}" for seconds in times), f"{window.document.state.iteration:,}"


def main():
    report.in_one_thread()
    parser = report.parser(__doc__, 7)
    parser.add_argument("--only-small", action="store_true", help="leave the heavy networks out")
    options = parser.parse_args()
    windows.app()
    rates(options.rounds)
    if not options.only_small:
        times = ("longest without an answer", "Run", "Pause (aim ≤ 50)", "until paused")
        report.head("ms", *times, "updates in 3 s")
        for name, make in HEAVY.items():
            report.row(name, *heaviest(make()))
    print(f"\n{report.ran_on()}; one thread for the arithmetic.")


if __name__ == "__main__":
    main()
