"""How long an update takes, against the references, as a Markdown table: `python -m tests.bench.training`.

Every contender keeps the MSE history while it is timed, and must first show the same one as nnviz. They take
turns; the table has the median of the rounds. In the last row, many networks of one shape train together.
"""

import os
import shutil
import statistics
import sys
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnviz import system
from nnviz.core import edits
from nnviz.core.state import Dataset, Training
from nnviz.core.train import train
from tests.bench import report, windows
from tests.bench.contenders import CONTENDERS, LeftOutError, nnviz

ROUNDS, PLAIN, C = 15, "plain NumPy", "C loop"
TOGETHER = 64
"""Number of networks that train together."""
OF_C_TOGETHER = 0.3
"""The wished ratio of their time, for one of them, to that of the C loop."""
SECONDS = 0.15
"""What one contender's turn should take, and at least one epoch."""
LONGEST = 1_000_000
"""Largest number of updates in a turn: in longer ones, new memory for the history takes much of the time."""


class Case(NamedTuple):
    """A network with made rows. `aim` is the wished ratio: of updates a second to those of plain NumPy.

    `of_c` is the wished ratio of the time to that of the C loop, for the smallest networks.
    """

    name: str
    sizes: tuple[int, ...]
    activation: str
    biases: bool
    rows: int
    batch_size: int | None
    learning_rate: float
    aim: float
    of_c: float = 0.0

    @property
    def key(self):
        """The name of the case's number: "train_2_2_1"."""
        return "_".join(("train", *map(str, self.sizes)))

    @property
    def c_key(self):
        """The name of the number against the C loop: "c_2_2_1"."""
        return "_".join(("c", *map(str, self.sizes)))

    @property
    def epoch(self):
        """The number of updates in an epoch."""
        return -(-self.rows // self.batch_size) if self.batch_size else 1

    def state(self):
        """Return the State at its seeded start."""
        activations = [self.activation] * (len(self.sizes) - 2) + ["identity"]
        made = windows.state(*self.sizes, activations=activations, biases=self.biases, seed=1)
        rng = np.random.default_rng(2)
        x = rng.normal(size=(self.rows, self.sizes[0]))
        y = np.sin(x @ rng.normal(size=(self.sizes[0], self.sizes[-1])) / np.sqrt(self.sizes[0]))
        return replace(made, data=Dataset(x, y), training=Training(self.learning_rate, 1, self.batch_size))


CASES = (
    Case("3-1 linear, 1 row, no biases", (3, 1), "relu", False, 1, None, 1e-3, 100, of_c=1.0),
    Case("2-2-1 relu, 4 rows, full batch, no biases", (2, 2, 1), "relu", False, 4, None, 1e-3, 50, of_c=1.0),
    Case("2-4-2-1 tanh, 250 rows, batch 10", (2, 4, 2, 1), "tanh", True, 250, 10, 1e-2, 10, of_c=1.0),
    Case("9-100-100-1 relu, 1000 rows, batch 32", (9, 100, 100, 1), "relu", True, 1000, 32, 1e-3, 1.9),
    Case("784-128-64-10 relu, 2048 rows, batch 32", windows.LARGE, "relu", True, 2048, 32, 1e-3, 1.2),
)
SMALL = CASES[1]


def seconds(contender, state, updates):
    """Return how long the updates take from the start; making ready is not counted."""
    run = contender(state, updates)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def shows_the_history(contender, case, state):
    """Return whether the contender shows nnviz's MSE history."""
    updates = case.epoch * (2 if case.epoch > 1 else 40)
    expected, found = nnviz(state, updates)(), contender(state, updates)()
    return len(found) == len(expected) and np.allclose(found, expected, rtol=1e-9, atol=0)


def fitting(contender, case, state):
    """Return how many updates fill a turn: whole epochs."""
    updates = case.epoch
    while (once := seconds(contender, state, updates)) < SECONDS / 20:
        updates *= 10
    return min(LONGEST, case.epoch * max(1, round(updates / case.epoch * SECONDS / once)))


def timed(case, rounds, contenders=CONTENDERS):
    """Return the contenders' microseconds an update of each round, and the reasons why some are missing."""
    state, turns, reasons = case.state(), {}, []
    for name, contender in contenders.items():
        try:
            if not shows_the_history(contender, case, state):
                sys.exit(f"{name} does not show nnviz's MSE history on {case.name}")
        except LeftOutError as error:
            reasons.append(str(error))
        else:
            updates = fitting(contender, case, state)
            turns[name] = lambda own=contender, count=updates: seconds(own, state, count) / count * 1e6
    return report.in_turns(rounds, turns), reasons


def many(state, updates):
    """TOGETHER networks of one shape; the time is that of one of them."""
    states = [edits.randomise(replace(state, training=replace(state.training, updates=updates)), 0)]
    states = [edits.randomise(states[0], k) for k in range(TOGETHER)]

    def run():
        return train(states)

    return run


def together(rounds):
    """Return the microseconds an update and network of many networks, and of the C loop, of each round."""
    state, updates = SMALL.state(), 50_000
    turns = {
        "together": lambda: seconds(many, state, updates) / TOGETHER / updates * 1e6,
        C: lambda: seconds(CONTENDERS[C], state, updates) / updates * 1e6,
    }
    return report.in_turns(rounds, turns)


def measure(rounds=ROUNDS, wanted=tuple(case.key for case in CASES)):
    """Return how much faster nnviz trains each case than plain NumPy, which is always there.

    And of small networks, the time in multiples of that of the C loop, alone and of many together.
    """
    rivals, found = {name: CONTENDERS[name] for name in ("nnviz", PLAIN, C)}, {}
    for case in CASES:
        if {case.key, case.c_key} & {*wanted}:
            timings = timed(case, rounds, rivals)[0]
            found[case.key] = report.ratio(timings, PLAIN, "nnviz")
            if C in timings:
                found[case.c_key] = report.ratio(timings, "nnviz", C)
    if "c_together" in wanted and shutil.which("gcc"):
        found["c_together"] = report.ratio(together(rounds), "together", C)
    return found


def cell(median, own):
    if median is None:
        return "–"
    digits = f"{median:.3g}" if median < 1000 else f"{median:,.0f}"
    return f"**{digits}**" if median == own else f"{digits} ({median / own:.3g} ×)"


def main():
    report.in_one_thread()
    parser = report.parser(__doc__, ROUNDS)
    parser.add_argument("--only", default="", help="cases whose name begins so, e.g. 2-2-1")
    options = parser.parse_args()
    reasons = {}
    report.head("µs an update (× nnviz)", *CONTENDERS, "aim, plain")
    for case in (case for case in CASES if case.name.startswith(options.only)):
        found, left_out = timed(case, options.rounds)
        medians = {name: statistics.median(each) for name, each in found.items()}
        cells = [cell(medians.get(name), medians["nnviz"]) for name in CONTENDERS]
        report.row(case.name, *cells, f"≥ {case.aim:g} ×")
        reasons |= dict.fromkeys(left_out)
    if SMALL.name.startswith(options.only) and shutil.which("gcc"):
        found = together(options.rounds)
        own, ratio = statistics.median(found["together"]), report.ratio(found, "together", C)
        print(
            f"\n{TOGETHER} networks 2-2-1 on {os.cpu_count()} processors: {own:.3g} µs an update and network,"
        )
        print(f"{ratio:.2f} × the C loop for one network (aim ≤ {OF_C_TOGETHER:g} ×).")
    print(f"\n{report.ran_on('numpy', 'torch', 'scikit-learn')}; nnviz with {system.engine()};")
    print(f"median of {options.rounds} rounds, one thread, the MSE history kept.")
    for reason in reasons:
        print(f"{reason[0].upper()}{reason[1:]}.")


if __name__ == "__main__":
    main()
