"""Training in the window, against training alone, and how soon it pauses: `python -m tests.bench.window`.

Both take turns in one process. A frame is late by what it comes later than a 60th of a second after the last.
"""

import argparse
import statistics
import time
from dataclasses import replace

from tests.bench import one_thread

if __name__ == "__main__":
    one_thread.settle("tests.bench.window")

import numpy as np

from nnviz.core.training.trainer import Trainer
from nnviz.document.document import Document
from tests.bench import machine, windows
from tests.bench.cases import CASES

ENDLESS = 10**9
SMALL = CASES[1].state()
HEAVY = {
    "60,000 rows × 784 inputs, full batch, 784-32-10": lambda: windows.state(784, 32, 10, rows=60_000),
    "784-128-64-10, 4 rows": lambda: windows.state(*windows.LARGE),
    "a layer of 5,000 × 5,000, 4 rows": lambda: windows.state(5000, 5000, 1),
}


def endless(state, learning_rate):
    return replace(state, training=replace(state.training, learning_rate=learning_rate, updates=ENDLESS))


def alone(state, seconds):
    """Return the updates a second without a window, the history kept."""
    trainer = Trainer(state)
    work, clock = trainer.work(ENDLESS), time.perf_counter
    start = now = clock()
    while now < start + seconds:
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
    document, frames = Document(endless(SMALL, 1e-2)), []
    document.state_changed.connect(lambda *_: frames.append(time.perf_counter()))
    window = windows.open_window(document)
    window.runner.speed = 1.0
    in_window(window, frames, 0.5)
    found, gaps = [], []
    for _ in range(rounds):
        by_itself = alone(window.document.state, 1.0)
        rate, between = in_window(window, frames, 2.0)
        found.append((by_itself, rate, rate / by_itself))
        gaps.append(between)
    window.main_window.hide()
    by_itself, rate, share = (statistics.median(own) for own in zip(*found, strict=True))
    between = np.concatenate(gaps)
    late = 1e3 * np.percentile(np.maximum(between - 1 / 60, 0), 99)
    print("| 2-4-2-1 tanh, 250 rows, batch 10 | | aim |\n|---|---|---|")
    print(f"| updates a second alone | {by_itself:,.0f} | |")
    print(f"| in the window, diagram and plot following | {rate:,.0f}, {100 * share:.0f} % | ≥ 60 % |")
    print(f"| frames a second | {1 / between.mean():.0f} | 60 |")
    print(f"| how late a frame is, 99 of 100 | {late:.1f} ms | ≤ 1 ms |")


def heaviest(make):
    """Return the longest the window did not answer from run to the end of the pause, in ms.

    And what pressing Run and Pause took, in ms, how long it was until it paused, and the updates until then.
    """
    window = windows.open_window(endless(make(), 1e-6))
    window.runner.speed = 1.0
    beats = []
    start = time.perf_counter()
    window.runner.run()
    run = time.perf_counter() - start

    def beat():
        beats.append(time.perf_counter())
        return beats[-1]

    windows.until(lambda: beat() > start + 3.0)
    before = time.perf_counter()
    window.runner.toggle()
    pause = time.perf_counter() - before
    windows.until(lambda: beat() and not window.runner.running)
    paused = beats[-1] - before
    updates = window.document.state.iteration
    window.main_window.hide()
    return 1e3 * np.diff([start, *beats]).max(), 1e3 * run, 1e3 * pause, 1e3 * paused, updates


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    parser.add_argument("--only-small", action="store_true", help="leave the heavy networks out")
    options = parser.parse_args()
    windows.app()
    rates(options.rounds)
    if not options.only_small:
        print(
            "\n| ms | longest without an answer | Run | Pause (aim ≤ 50) | until paused | updates in 3 s |\n"
            "|---|---|---|---|---|---|"
        )
        for name, make in HEAVY.items():
            longest, run, pause, paused, updates = heaviest(make)
            print(f"| {name} | {longest:.0f} | {run:.0f} | {pause:.0f} | {paused:.0f} | {updates:,} |")
    print(f"\n{machine.processor()}, {machine.kernel()},")
    print(f"{machine.versions('PySide6-Essentials', 'numpy', 'pyqtgraph')}; one thread for the arithmetic.")


if __name__ == "__main__":
    main()
