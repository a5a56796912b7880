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
    what: str = ""
    """What is limited, as the help says it; of a limit that no person meets nothing."""

    def check(self, count: int, place: str = "") -> None:
        """Raise ValueError, in a sentence behind its `place`, where there are more than may be."""
        if count > self.most:
            where = f"{place}: " if place else ""
            raise ValueError(f"{where}expected at most {self.most:,} {self.things}, found {count:,}")


FILE = Limit("MB", 128, "A file")
"""Of 2²⁰ bytes; a text takes up to four times as much memory as its file."""
NUMBERS = Limit(
    "weights, biases, inputs and targets, those of weight sets among them", 4_000_000, "Numbers in all"
)
LAYERS = Limit("layers", 500, "A network's layers")
NODES = Limit("nodes, inputs among them", 10_000, "A network's nodes")
ROWS = Limit("rows", 500_000, "Rows")
COLUMNS = Limit("columns", 10_000, "The columns of a CSV file")
LINES = Limit("lines", 2_000_000, "The lines of a CSV file, blank ones among them")
WEIGHT_SETS = Limit("weight sets", 100, "Weight sets")
SEGMENTS = Limit(
    "settings that a run had one after the other, in a file", 20_000, "A run whose settings were changed"
)
POINTS = Limit("points of a run's curve in a file", 16_384, "A run's curve")
"""Four for each of 4,096 buckets: the first, least, greatest and last."""
EARLIER_RUNS = Limit("earlier runs, the latest", 8, "Earlier runs")
EARLIER_POINTS = Limit("points of an earlier run's curve", 16_384, "An earlier run's curve")
NAME = Limit("letters", 200, "A title, and the name of an input, a node or a weight set")
NOTES = Limit("letters", 100_000, "Notes")
NESTING = Limit("levels of brackets", 32, "Brackets within brackets in a file")
DIGITS = Limit("digits", 400, "A number that is typed, or a whole number in a file")
"""309 are too large for a number."""
LITERAL = Limit("letters", 500_000, "A dictionary in Python's notation, which as JSON can be longer")
"""Python's own parser takes some 500 bytes for each."""
