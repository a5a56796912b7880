"""How long an update takes, against the references, as a Markdown table: `python -m tests.bench.training`.

Every contender keeps the MSE history while it is timed, and must first show the same one as nnviz. They take
turns, so that whatever else the machine does meets all of them; what is told is the median of the rounds.
"""

import argparse
import statistics
import sys
import time

from tests.bench import one_thread

if __name__ == "__main__":
    one_thread.settle("tests.bench.training")

import numpy as np

from tests.bench import c_loop, machine, ours, per_node, plain, pytorch, scikit_learn
from tests.bench.cases import CASES

CONTENDERS = (ours, plain, per_node, c_loop, pytorch, scikit_learn)

SECONDS = 0.15
"""What one contender's turn should take, and at least one epoch."""


def seconds(contender, state, updates):
    """Return how long `updates` updates take from the start; making ready is not counted."""
    run = contender.prepare(state, updates)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def checked(contender, case, state):
    """Stop with a sentence where the contender does not show nnviz's MSE history."""
    updates = case.epoch * (2 if case.epoch > 1 else 40)
    expected, found = ours.prepare(state, updates)(), contender.prepare(state, updates)()
    if len(found) != len(expected) or not np.allclose(found, expected, rtol=1e-9, atol=0):
        sys.exit(f"{contender.NAME} does not show nnviz's MSE history on {case.name}")


def fitting(contender, case, state):
    """Return how many updates fill a turn: whole epochs."""
    updates = case.epoch
    while (once := seconds(contender, state, updates)) < SECONDS / 20:
        updates *= 10
    return case.epoch * max(1, round(updates / case.epoch * SECONDS / once))


def timed(case, rounds):
    """Return the contenders' microseconds an update, by name, and the reasons why some are missing."""
    state = case.state()
    reasons = [reason for own in CONTENDERS if (reason := own.missing(state))]
    present = [own for own in CONTENDERS if not own.missing(state)]
    for contender in present:
        checked(contender, case, state)
    updates = {own.NAME: fitting(own, case, state) for own in present}
    found = {own.NAME: [] for own in present}
    for _ in range(rounds):
        for own in present:
            count = updates[own.NAME]
            found[own.NAME].append(seconds(own, state, count) / count * 1e6)
    return {name: statistics.median(each) for name, each in found.items()}, reasons


def table(results):
    """Return the Markdown table: microseconds an update, and how many times nnviz's that is."""
    names = [own.NAME for own in CONTENDERS]
    lines = [
        "| µs an update (× nnviz) | " + " | ".join(names) + " | aim, plain |",
        "|---" * (len(names) + 2) + "|",
    ]
    for case, medians in results:
        cells = [cell(medians.get(name), medians[ours.NAME]) for name in names]
        lines.append(f"| {case.name} | " + " | ".join(cells) + f" | ≥ {case.aim:g} × |")
    return "\n".join(lines)


def cell(median, own):
    if median is None:
        return "–"
    digits = f"{median:.3g}" if median < 1000 else f"{median:,.0f}"
    return f"**{digits}**" if median == own else f"{digits} ({median / own:.3g} ×)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contender (default 15)")
    parser.add_argument("--only", default="", help="cases whose name begins so, e.g. 2-2-1")
    options = parser.parse_args()
    results, reasons = [], []
    for case in (case for case in CASES if case.name.startswith(options.only)):
        medians, left_out = timed(case, options.rounds)
        results.append((case, medians))
        reasons += [reason for reason in left_out if reason not in reasons]
        print(f"{case.name}: done", file=sys.stderr)
    print(table(results))
    print(
        f"\n{machine.processor()}, {machine.kernel()}, {machine.versions('numpy', 'torch', 'scikit-learn')};"
    )
    print(f"median of {options.rounds} rounds, one thread, the MSE history kept.")
    for reason in reasons:
        print(f"{reason[0].upper()}{reason[1:]}.")


if __name__ == "__main__":
    main()
