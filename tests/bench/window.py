"""Training in the window, against training alone, and how soon it pauses: `python -m tests.bench.window`.

Both take turns in one process. A frame is a repaint of the diagram that follows a change. It is late by what
it comes later than a 60th of a second after the last.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from nnviz.core.address import Address
from nnviz.core.trainer import Trainer
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


ROUNDS = 15
SMALL = CASES[2]
IN_SIGHT = {
    "share_of_full_speed": ("Notes", None),
    "share_with_function": ("Function", None),
    "share_with_code": ("Code", None),
    "share_with_explain": ("Explain", Address("weight", 0, 0, 0)),
}
"""By number, the panel beside the diagram, Training, Data and Loss, and what is selected."""
OF_FRAMES = ("late_ms", "frames")


def endless(state, learning_rate):
    return replace(state, training=replace(state.training, learning_rate=learning_rate, updates=ENDLESS))


def alone(state, seconds):
    """Return the updates a second without a window, the history kept."""
    trainer = Trainer(state, at_once=ENDLESS)
    work, clock = trainer.work(ENDLESS), time.perf_counter
    start = now = clock()
    while now < start + seconds:
        next(work)
        now = clock()
    return trainer.iteration / (now - start)


def in_window(window, frames, seconds):
    """Return the updates a second in the window as fast as possible, and the seconds between its frames."""
    frames.times.clear()
    start = time.perf_counter()
    window.runner.run()
    windows.settle(seconds)
    window.runner.pause()
    rate = window.document.state.iteration / (time.perf_counter() - start)
    between = np.diff(frames.times[1:-1])
    window.document.undo()
    windows.settle(0.1)
    return rate, between


def measure(rounds=ROUNDS, wanted=(*IN_SIGHT, *OF_FRAMES)):
    """Return the share of the updates a second alone that the window reaches, by the panel in front.

    And with Notes in front: updates a second, frames a second, and how late 99 of 100 frames are at most.
    """
    windows.app()
    window = windows.open_window(replace(endless(SMALL.state(), 1e-2), notes="Follow the loss."))
    state, frames, numbers = window.document.state, windows.Repaints(window), {}
    window.runner.speed = 1.0
    turns = {"alone": lambda: alone(state, 0.4), "in it": lambda: in_window(window, frames, 1.0)}
    for key, (panel, selected) in IN_SIGHT.items():
        is_first = panel == "Notes"
        if key not in wanted and not (is_first and {*OF_FRAMES} & set(wanted)):
            continue
        windows.bring_to_front(window, panel, selected)
        in_window(window, frames, 0.3)
        found = report.in_turns(rounds, turns)
        rates, gaps = zip(*found["in it"], strict=True)
        numbers[key] = report.ratio({**found, "rates": rates}, "rates", "alone")
        if is_first:
            between = np.concatenate(gaps)
            numbers["late_ms"] = float(1e3 * np.percentile(np.maximum(between - 1 / 60, 0), 99))
            numbers["frames"] = float(1 / between.mean())
            numbers["updates alone"] = statistics.median(found["alone"])
            numbers["updates in it"] = statistics.median(rates)
    window.main_window.hide()
    return numbers


def tell(numbers):
    """Print the numbers of the small network."""
    report.head(SMALL.name, "", "aim")
    report.row("updates a second alone", f"{numbers['updates alone']:,.0f}", "")
    report.row("in the window, all panels following", f"{numbers['updates in it']:,.0f}", "")
    for key, (panel, _) in IN_SIGHT.items():
        report.row(f"its share, with {panel} in front", f"{numbers[key]:.0%}", report.AIMS[key])
    report.row("frames a second", f"{numbers['frames']:.0f}", report.AIMS["frames"])
    report.row("how late a frame is, 99 of 100", f"{numbers['late_ms']:.1f} ms", report.AIMS["late_ms"])


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
    parser = report.parser(__doc__, ROUNDS)
    parser.add_argument("--only-small", action="store_true", help="leave the heavy networks out")
    options = parser.parse_args()
    tell(measure(options.rounds))
    if not options.only_small:
        times = ("longest without an answer", "Run", "Pause (aim ≤ 50)", "until paused")
        report.head("ms", *times, "updates in 3 s")
        for name, make in HEAVY.items():
            report.row(name, *heaviest(make()))
    print(f"\n{report.ran_on()}; one thread for the arithmetic.")


if __name__ == "__main__":
    main()
