"""Training with the picture of the function in sight, against without it: `python -m tests.bench.function`.

Both take turns in one window. A picture's own share is the time of the processor that finding, drawing and
painting it takes. For a net of 784 inputs: the longest that it kept the window waiting.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from nnviz.core.state import Dataset, Training
from tests.bench import report, windows

ENDLESS = 10**9


def circles(rows=300):
    """Return two circles and a 2-8-1 network that learns them."""
    rng = np.random.default_rng(0)
    angle, outer = rng.uniform(0, 2 * np.pi, rows), np.arange(rows) % 2
    radius = np.where(outer, 1.0, 0.45) + rng.normal(0, 0.06, rows)
    x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    made = windows.state(2, 8, 1, activations=["tanh", "sigmoid"])
    return replace(made, data=Dataset(x, outer[:, None].astype(float)), training=Training(0.01, ENDLESS))


def trained(window, seconds, painted):
    """Train as fast as possible for that long; return updates, States and painted pictures a second."""
    painted.clear()
    states = []
    window.document.state_changed.connect(lambda *_: states.append(None))
    start = time.perf_counter()
    window.runner.run()
    windows.until(lambda: time.perf_counter() > start + seconds)
    window.runner.pause()
    took = time.perf_counter() - start
    rates = window.document.state.iteration / took, len(states) / took, len(painted) / took
    window.document.undo()
    windows.settle(0.2)
    return rates


def watch(panel):
    """Return a list that gets the seconds of the processor that each painted picture has taken."""
    shares, plane, view = [], panel.plane, panel.view
    find, draw, paint, spent = view.compute, view.draw, plane.paintEvent, [0.0]

    def timed(does):
        start = time.process_time()
        found = does()
        spent[0] += time.process_time() - start
        return found

    def finding(moving):
        steps, end = find(moving), object()
        while timed(lambda: next(steps, end)) is not end:
            yield

    def painting(event):
        timed(lambda: paint(event))
        shares.append(spent[0])
        spent[0] = 0.0

    view.compute, view.draw, plane.paintEvent = finding, lambda: timed(draw), painting
    return shares


def in_training(rounds, seconds):
    """Return States and pictures a second, a picture's share in ms, and updates a second with and without."""
    window = windows.open_window(circles())
    window.runner.speed = 1.0
    docks = window.board.docks
    docks["Function"].bring_to_front()
    windows.settle()
    shares, own = watch(docks["Function"].card), []

    def shown(name):
        docks[name].bring_to_front()
        windows.settle(0.2)
        rates = trained(window, seconds, shares)
        own.extend(shares[2:-2] if name == "Function" else ())
        return rates

    turns = {name: lambda name=name: shown(name) for name in ("Function", "Explain")}
    found = report.in_turns(rounds, turns)
    window.main_window.hide()
    with_it, states, pictures = np.median(found["Function"], axis=0)
    return states, pictures, 1e3 * statistics.median(own), with_it, np.median(found["Explain"], axis=0)[0]


def longest_wait():
    """Return the longest milliseconds between two rounds of the event loop while 784-128-64-10 is drawn."""
    state = windows.state(*windows.LARGE, rows=1000, activations=["relu", "relu", "softmax"])
    window = windows.open_window(state)
    dock = window.board.docks["Function"]
    dock.bring_to_front()
    windows.settle()
    panel, rounds = dock.card, []
    panel.across.activated.emit(panel.across.currentIndex())
    windows.until(lambda: rounds.append(time.perf_counter()) or not panel.work.busy)
    window.main_window.hide()
    return 1e3 * float(np.diff(rounds).max()), 1e3 * (rounds[-1] - rounds[0])


def main():
    report.in_one_thread()
    parser = report.parser(__doc__, 5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each (default 2)")
    options = parser.parse_args()
    windows.app()
    states, pictures, own, with_it, without = in_training(options.rounds, options.seconds)
    print(f"2-8-1, 300 rows: {pictures:.0f} pictures a second of {states:.0f} States (aim: all of 60),")
    print(f"{own:.2f} ms of the processor each (aim ≤ 3);")
    print(f"{with_it:,.0f} updates a second with it, {without:,.0f} without: {with_it / without:.0%}")
    wait, took = longest_wait()
    print(f"784-128-64-10: the window waits {wait:.1f} ms at most (aim ≤ 16), done after {took:.0f} ms")
    print(report.ran_on())


if __name__ == "__main__":
    main()
