"""What an explanation is made of: lines of arithmetic and sentences, in sections. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz.core.explanation.arithmetic import Written, ascii_text
from nnviz.core.expressions import Piece


@dataclass(frozen=True)
class Line:
    """A label, a formula, and the same with the present numbers.

    `name` is what unfolds it; `ticked` says of a numerical check whether it agrees.
    """

    label: str
    formula: str
    written: Written
    name: str = ""
    ticked: bool | None = None

    @property
    def arithmetic(self) -> str:
        """The arithmetic as plain text."""
        return self.written.text

    @property
    def value(self) -> float:
        """What the arithmetic comes to, at full precision."""
        return self.written.value

    @property
    def exact(self) -> bool:
        """Whether nothing in it is rounded."""
        return self.written.exact

    @property
    def factors(self) -> tuple[Piece, ...]:
        """The numbers that stand for a node or an edge."""
        return tuple(piece for piece in self.written.pieces if piece.address is not None)


@dataclass(frozen=True)
class Note:
    """A sentence."""

    label: str
    text: str


@dataclass(frozen=True)
class Section:
    """Lines under a heading that says of which row or rows they are."""

    heading: str
    rows: tuple[Line | Note, ...]


@dataclass(frozen=True)
class Explanation:
    """Where a node's, a weight's or the MSE's number comes from."""

    title: str
    sections: tuple[Section, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines of arithmetic."""
        return tuple(row for section in self.sections for row in section.rows if isinstance(row, Line))

    def text(self) -> str:
        """Return everything as ASCII text, as it is copied; names keep their letters."""
        found = [self.title]
        for section in self.sections:
            found += ["", section.heading] if section.heading else [""]
            found += [_text(row) for row in section.rows]
        return ascii_text("\n".join(found)) + "\n"


def _text(row: Line | Note) -> str:
    if isinstance(row, Note):
        return f"{row.label}: {row.text}" if row.label else row.text
    tick = {True: " (agrees)", False: " (differs)", None: ""}[row.ticked]
    formula = f" = {row.formula}" if row.formula else ""
    sign = "" if row.arithmetic.startswith("≈") else "= "
    return f"{row.label}{formula} {sign}{row.arithmetic}{tick}"
