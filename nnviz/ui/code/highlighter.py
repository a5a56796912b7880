"""Colours a Python program, a line at a time, by what Pygments takes its words for. Imports Pygments."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from nnviz.ui.widgets.theme import colours

Role: TypeAlias = Literal["keyword", "string", "number", "muted"]
ROLES: tuple[tuple[Any, Role], ...] = (
    (Comment, "muted"),
    (String, "string"),
    (Number, "number"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Builtin, "keyword"),
)
"""The colours of words, by their kind; all others are in ink."""
QUOTES = ("", '"""', "'''")
"""What may be open at the end of a line: its place here is the state of the line's block."""
LINES_KNOWN = 4096
"""So many lines are known by heart: to read one takes a tenth of a millisecond."""

_lexer = PythonLexer(stripnl=False, ensurenl=False)


class Word(NamedTuple):
    """A part of a line that has a colour of its own."""

    start: int
    length: int
    role: Role


class Highlighter(QSyntaxHighlighter):
    """Colours the lines of a document that have changed."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats = _formats()

    def take_colours(self) -> None:
        """Take over another theme; Qt tells of the one in use many times when a style sheet is set."""
        if (formats := _formats()) != self._formats:
            self._formats = formats
            self.rehighlight()

    def highlightBlock(self, text: str) -> None:  # noqa: D102
        words, left_open = _words(text, QUOTES[max(self.previousBlockState(), 0)])
        for start, length, role in words:
            self.setFormat(start, length, self._formats[role])
        self.setCurrentBlockState(QUOTES.index(left_open))


def units(text: str) -> int:
    """Return how long Qt takes a text to be."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


@lru_cache(LINES_KNOWN)
def _words(line: str, quotes: str) -> tuple[tuple[Word, ...], str]:
    """Return the coloured words of a line that begins within `quotes`, and the quotes open at its end."""
    words, left_open, end = [], "", -len(quotes)
    for _, kind, text in _lexer.get_tokens_unprocessed(quotes + line):
        start, end = max(end, 0), end + units(text)
        role = next((role for known, role in ROLES if kind in known), None)
        if role and start < end:
            words.append(Word(start, end - start, role))
        if kind in String and text in QUOTES[1:]:
            left_open = "" if left_open else text
    return tuple(words), left_open


def words(line: str, *roles: Role) -> list[Word]:
    """Return the words of these roles in a line."""
    return [word for word in _words(line, "")[0] if word.role in roles]


def _formats() -> dict[Role, QTextCharFormat]:
    palette, formats = colours(), {}
    for role in {role for _, role in ROLES}:
        formats[role] = QTextCharFormat()
        formats[role].setForeground(QColor(getattr(palette, role)))
    formats["keyword"].setFontWeight(QFont.Weight.DemiBold)
    formats["muted"].setFontItalic(True)
    return formats
