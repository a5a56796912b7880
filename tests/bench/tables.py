"""Tables: how long reading, a network for them and scrolling take: `python -m tests.bench.tables`.

Each case is a process of its own; measured are the shortest of some rounds and the process's peak memory,
with Python, NumPy and the file's bytes. The last case is MNIST's size; it holds more numbers than
nnviz opens, so its first rows are taken. A frame of scrolling is all that the window does for one.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from nnviz.files.table.columns import build, findings, proposed_choices
from nnviz.files.table.reading import read
from tests.bench import report

ROUNDS = 3
FRAMES = 300


def floats(rows, end=""):
    """Return 10 columns of numbers of 16 digits."""
    numbers = np.random.default_rng(0).normal(size=(rows, 10)).tolist()
    names = ",".join(f"x{i}" for i in range(10)) + (",kind" if end else "")
    lines = (",".join(map(repr, row)) + (f",kind {i % 3}" if end else "") for i, row in enumerate(numbers))
    return "\n".join([names, *lines, ""]).encode()


def pixels(rows):
    """Return a label and 784 whole numbers a row, four in five of them 0."""
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 256, (rows, 785), dtype=np.int16)
    numbers[:, 1:][rng.random((rows, 784)) < 0.8] = 0
    return "\n".join([*(",".join(map(str, row.tolist())) for row in numbers), ""]).encode()


CASES = {
    "100,000 × 10 numbers": lambda: floats(100_000),
    "100,000 × 10 numbers and a text": lambda: floats(100_000, end="kind"),
    "100,000 × 10, decimal comma": lambda: floats(100_000).replace(b",", b";").replace(b".", b","),
    "4,900 × 785 pixels": lambda: pixels(4_900),
    "60,000 × 785 pixels": lambda: pixels(60_000),
}


SCROLLED = "100,000 × 10 numbers and a text"


def shortest(work):
    """Return the shortest time of some rounds, in milliseconds."""
    best = np.inf
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return 1000 * best


def peak():
    """Return this process's peak memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def network(data):
    """Read a table and make a network of it."""
    table = read(data, fitting=True)
    found = findings(table)
    build(table, found, proposed_choices(found)).network()


def scrolled():
    """Print how long the window takes to load rows, and for a frame of scrolling them."""
    from PySide6.QtWidgets import QApplication

    from tests.bench import windows

    windows.app()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(CASES[SCROLLED]())
        table = read(path.read_bytes())
        found = findings(table)
        window = windows.open_window(build(table, found, proposed_choices(found)).network(), (1920, 1080))
        windows.settle(1.0)
        loading = windows.timed(lambda _: window.files.load_table(path), 1)
    windows.settle(1.0)
    bar = window.data.table.verticalScrollBar()
    print(f"\n{SCROLLED} in the window: loaded in {loading:.0f} ms")
    print("A frame of scrolling by as many rows, in ms:")
    for rows in (1, bar.pageStep(), bar.maximum() // FRAMES):
        bar.setValue(0)
        windows.settle(0.2)
        times = []
        for _ in range(FRAMES):
            start = time.perf_counter()
            bar.setValue(bar.value() + rows)
            QApplication.processEvents()
            times.append(1000 * (time.perf_counter() - start))
        print(f"{rows:5}: {np.median(times):.1f}, 99 of 100 at most {np.percentile(times, 99):.1f}")
    window.main_window.hide()


def measured(case):
    """Print the times of a case, whose table comes in by standard input, and its memory."""
    data = sys.stdin.buffer.read()
    reading = shortest(lambda: read(data, fitting=True))
    whole = shortest(lambda: network(data))
    cells = (f"{len(data) / 2**20:.1f}", f"{reading:.0f}", f"{whole:.0f}", f"{peak():.0f}")
    report.row(case, *cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--scroll", action="store_true", help="scroll alone")
    options = parser.parse_args()
    if options.case:
        measured(options.case)
        return
    if not options.scroll:
        report.head("", "MB", "ms read", "ms network", "peak MB")
        for case, make in CASES.items():
            command = [sys.executable, "-m", "tests.bench.tables", "--case", case]
            subprocess.run(command, input=make(), check=True)
    scrolled()
    print(f"\n{report.ran_on('numpy', 'msgspec')}")


if __name__ == "__main__":
    main()
