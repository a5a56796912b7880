"""How long the window takes from Enter on a weight to the picture of it: `python -m tests.bench.editing`.

A person's way through the real widgets: click the number on the diagram, type into the field, press Enter.
Measured is from Enter until the diagram is painted, and until all panels in sight are painted.
"""

import statistics

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.bench import report, windows
from tests.ui import hands

ROUNDS = 31
EXAMPLE, WEIGHT = "xor", Address("weight", 0, 1, 0)
"""A 2-3-1 network with notes, and a weight of it."""


def opened():
    """Return a window on the example, and its repaints."""
    window = windows.open_window(load(example(EXAMPLE).path))
    window.diagram.activateWindow()
    return window, windows.Repaints(window)


def typed(window, text):
    """Click the weight and type a number; return the function that presses Enter."""
    hands.click(window, WEIGHT)
    field = hands.editor_of(window)
    hands.write(field, text)
    windows.settle(0.2)  # panels wait no longer after this
    return lambda: QTest.keyClick(field, Qt.Key.Key_Return)


def measure(rounds=ROUNDS, wanted=()):
    """Return the milliseconds from an edit to the painted picture, and to all painted panels."""
    windows.app()
    window, repaints = opened()
    times = []
    for k in range(rounds + 1):
        times.append(windows.painted(repaints, typed(window, f"{k + 1}.5")))
        assert window.document.state.network.value_of(WEIGHT) == k + 1.5
    window.main_window.hide()
    picture, everything = map(statistics.median, zip(*times[1:], strict=True))
    return {"edit_ms": picture, "edit_all_ms": everything}


def main():
    report.in_one_thread()
    options = report.parser(__doc__, ROUNDS).parse_args()
    report.head("", "ms")
    numbers = measure(options.rounds)
    for key, words in (("edit_ms", "the picture is painted"), ("edit_all_ms", "all panels are painted")):
        report.row(f"from Enter on a weight of 2-3-1 until {words}", f"{numbers[key]:.1f}")
    print(f"\n{report.ran_on()};\nmedian of {options.rounds} edits.")


if __name__ == "__main__":
    main()
