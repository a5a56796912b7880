"""How large what nnviz opens may be: every limit, once. Knows nothing of files and windows.

They hold wherever a network, rows or a State is made: in every format, in the window, in Python. What is
within them can be saved, and what was saved can be opened again: such a file is within FILE.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """At most `most` of something; `things` says of what, in the plural."""

    things: str
    most: int

    def check(self, count: int, place: str = "") -> None:
        """Raise ValueError, in a sentence behind its `place`, where there are more than may be."""
        if count > self.most:
            where = f"{place}: " if place else ""
            raise ValueError(f"{where}expected at most {self.most:,} {self.things}, found {count:,}")


FILE = Limit("MB", 128)
"""Of 2²⁰ bytes; a text takes up to four times as much memory as its file."""
NUMBERS = Limit("weights, biases, inputs and targets, those of weight sets among them", 4_000_000)
LAYERS = Limit("layers", 500)
NODES = Limit("nodes, inputs among them", 10_000)
ROWS = Limit("rows", 500_000)
COLUMNS = Limit("columns", 10_000)
"""Of a table in a file; those of a network are its inputs and outputs."""
LINES = Limit("lines", 2_000_000)
"""Of such a table, blank ones among them."""
WEIGHT_SETS = Limit("weight sets", 100)
SEGMENTS = Limit("settings of a run one after the other, in a file", 20_000)
POINTS = Limit("points of a run's curve in a file", 2_100)
"""Few enough to be read, more than a plot shows; a longer curve keeps its lowest and highest."""
EARLIER_RUNS = Limit("earlier runs, the latest", 8)
EARLIER_POINTS = Limit("points of an earlier run's curve", 500)
NAME = Limit("letters", 200)
"""Of a title, and of the name of an input, a node or a weight set."""
NOTES = Limit("letters", 100_000)
NESTING = Limit("levels of brackets", 32)
DIGITS = Limit("digits", 400)
"""Of a number that is typed, or of a whole number in a file: 309 are too large for a number."""
LITERAL = Limit("letters", 500_000)
"""Of a Python literal: Python's own parser takes some 500 bytes for each."""
