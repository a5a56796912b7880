"""The text of the code panel: colours, and marks for the lines of the selection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
    QSyntaxHighlighter,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from nnviz.core.address import Address
from nnviz.document.walk import Phase, Progress, WalkStep
from nnviz.files.code.lines import CodeLine, Deed
from nnviz.ui.kit.controls import leave_drops
from nnviz.ui.kit.theme import code_font, colours, px, ui_font

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


_WITHIN: dict[str, Deed] = {
    "losses": "loss",
    "mean": "slopes",
    "slopes": "backward",
    "backward": "fit",
    "taken": "update",
    "update": "fit",
}
"""Where a program does what no line of it does alone: NumPy takes the mean with the slopes."""
_IN_PHASE: dict[Phase, tuple[Deed, ...]] = {
    "forward": ("forward",),
    "loss": ("loss",),
    "backward": ("backward", "slopes", "fit"),
    "update": ("mean", "update", "fit"),
}


class Lines:
    """The lines of a program, by what they compute or hold and by what they do."""

    def __init__(self, lines: Sequence[CodeLine]) -> None:
        self._kinds = _kinds(lines)
        self.selects = {k: _selectable(line.addresses) for k, line in enumerate(lines) if line.addresses}
        """What clicks on a line select in turn, by its number from 0."""
        self._about: dict[Address, set[int]] = defaultdict(set)
        self._all = set(self.selects)
        self._doing: dict[str | None, set[int]] = defaultdict(set)
        for k, line in enumerate(lines):
            self._doing[line.deed].add(k)
            for address in line.addresses:
                self._about[address].add(k)
                self._about[_end(address)].add(k)

    def of(self, lines: Sequence[CodeLine]) -> Lines:
        """Return the same for other lines; of an edit nothing but their texts is other, as a rule."""
        return self if _kinds(lines) == self._kinds else Lines(lines)

    def about(self, address: Address | None) -> frozenset[int]:
        """Return the lines about a node and what feeds it, or about an edge and the node that it feeds."""
        if address is None:
            return frozenset()
        lines = self._about.get(address, set())
        if address.is_number:
            end = _end(address)
            lines = lines | {k for k in self._about.get(end, ()) if end in self.selects[k]}
        return frozenset(lines)

    def walked(self, progress: Progress) -> frozenset[int]:
        """Return the lines that do what the walk's steps do, or all of the phase where it is at none."""
        if not progress.active:
            return frozenset()
        steps = [self._of_step(step, progress.walk.of_all_weights(step)) for step in progress.told]
        phase = [self._doing[deed] for deed in _IN_PHASE[progress.phase]]
        return frozenset().union(*steps) or frozenset().union(*phase)

    def _of_step(self, step: WalkStep, of_all: bool) -> set[int]:
        """Return the lines that do this with its node, or with any; failing that those that do more."""
        node = Address("node", step.layer, step.node)
        about = self._all if of_all else self._about.get(node, set())
        deed: str | None = step.deed
        while deed and not self._doing[deed] & about:
            deed = _WITHIN.get(deed)
        return self._doing[deed] & about if deed else set()

    def next_of(self, line: int, selected: Address | None) -> Address:
        """Return what a click on a line selects: the first that it is about, or the next after `selected`."""
        own = self.selects[line]
        return own[(own.index(selected) + 1) % len(own)] if selected in own else own[0]

    def lit_of(self, line: int, selected: Address | None) -> Address:
        """Return what the mouse over a line lights up: `selected` where it is about that, or the first."""
        own = self.selects[line]
        return selected if selected in own else own[0]


class Pointed(NamedTuple):
    """What stands at a place in a program, and the row that it is of, if it is of one."""

    address: Address
    row: int | None = None


def pointed_at(lines: Sequence[CodeLine], line: int, column: int) -> Pointed | None:
    """Return whose number, or the node whose name, stands there, in a line that holds numbers."""
    own = lines[line].addresses
    if not own or own[0].kind == "node":
        return None
    if _at(words(lines[line].text, "string", "muted"), column) is not None:
        return Pointed(_end(own[0]))
    at = _at(words(lines[line].text, "number"), column)
    if at is None:
        return None
    while lines[line - 1].addresses == own:
        line -= 1
        at += len(words(lines[line].text, "number"))
    row, place = divmod(at, len(own))
    return Pointed(own[place]) if own[place].is_number else Pointed(_end(own[place]), row)


def _at(found: Sequence[Word], column: int) -> int | None:
    """Return which of some words stands there, with what is just before and behind it."""
    near = (k for k, word in enumerate(found) if word.start - 1 <= column <= word.start + word.length)
    return next(near, None)


def _kinds(lines: Sequence[CodeLine]) -> list[tuple[str | None, tuple[Address, ...]]]:
    return [(line.deed, line.addresses) for line in lines]


def _end(address: Address) -> Address:
    return Address("node", address.layer, address.node)


def _selectable(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return nodes, weights and biases; several weights of one node after the node itself."""
    ends = tuple(dict.fromkeys(map(_end, addresses)))
    if not addresses[0].is_number:
        return ends
    return addresses if len(ends) > 1 or len(addresses) == 1 else (*ends, *addresses)


MarkKind: TypeAlias = Literal["chosen", "walked"]
BAR_PX, ARROW_PX = 3, 8
"""How wide a bar is, and how far its arrow points."""
APART_PX, BEHIND_PX = 14, 5
"""Between two entries of the legend, and between a mark and its text."""


class MarkEntry(NamedTuple):
    """What lines are marked for; without a mark a sentence that stands alone."""

    text: str
    kind: MarkKind | None = None


def paint_mark(painter: QPainter, kind: MarkKind, place: QRectF, begins: float = 0.0) -> None:
    """Paint a mark at the left of a place: a bar; the walk's with an arrow where it `begins`, so high."""
    colour = QColor(colours().walk if kind == "walked" else colours().accent)
    painter.fillRect(QRectF(place.left(), place.top(), px(BAR_PX), place.height()), colour)
    if kind == "walked" and begins:
        left, middle, long = place.left(), place.top() + begins / 2, px(ARROW_PX)
        half = 0.625 * long
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        points = ((left, middle - half), (left + long, middle), (left, middle + half))
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in points]))


class MarkLegend(QWidget):
    """One line that says which lines are lit up for what."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[MarkEntry] = ()
        self.setFont(ui_font(12))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def tell(self, *entries: MarkEntry) -> None:
        """Say this from now on."""
        if entries != self._entries:
            self._entries = entries
            texts = [entry.text for entry in entries]
            self.setToolTip("\n".join(texts))
            self.setAccessibleName(", ".join(texts))
            self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(0, self.fontMetrics().height() + px(4))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the entries side by side; the last one ends in "…" where it has no room."""
        palette, left, metrics = colours(), px(BAR_PX), self.fontMetrics()
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for entry in self._entries:
                if entry.kind:
                    mark = QRectF(left, px(2), px(ARROW_PX), self.height() - px(4))
                    paint_mark(painter, entry.kind, mark, mark.height())
                    left += px((ARROW_PX if entry.kind == "walked" else BAR_PX) + BEHIND_PX)
                room = max(self.width() - left, 0)
                text = metrics.elidedText(entry.text, Qt.TextElideMode.ElideRight, room)
                painter.setPen(QColor(palette.ink if entry.kind else palette.muted))
                painter.drawText(QRectF(left, 0, room, self.height()), side, text)
                left += metrics.horizontalAdvance(text) + px(APART_PX)


HANGING = 4
"""So many letters more than its beginning the rest of a line is indented that has no room."""


def write(document: QTextDocument, before: Sequence[str], now: Sequence[str], left: int) -> None:
    """Write lines in the place of those `before`, `left` pixels from the edge; what is the same stays."""
    cursor = QTextCursor(document)
    cursor.beginEditBlock()
    if len(before) == len(now):
        other = [k for k in range(len(now)) if before[k] != now[k]]
        for k in other:
            _replace(cursor, document.findBlockByNumber(k).position(), before[k], now[k])
        indent(document, (k for k in other if _depth(before[k]) != _depth(now[k])), left)
    else:
        _replace(cursor, 0, "\n".join(before), "\n".join(now))
        indent(document, range(len(now)), left)
    cursor.endEditBlock()


def indent(document: QTextDocument, lines: Iterable[int], left: int) -> None:
    """Have lines begin `left` pixels from the edge, and what has no room in them further in."""
    letter = QFontMetricsF(document.defaultFont()).horizontalAdvance(" ")
    for line in lines:
        block, form = document.findBlockByNumber(line), QTextBlockFormat()
        further = (_depth(block.text()) + HANGING) * letter
        form.setLeftMargin(left + further)
        form.setTextIndent(-further)
        if block.blockFormat() != form:
            QTextCursor(block).setBlockFormat(form)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _replace(cursor: QTextCursor, start: int, before: str, now: str) -> None:
    """Write `now` over `before`, which stands at `start`: no more of it than what is other.

    What is new comes before what is old goes, so that what is selected beside it stays as it is.
    """
    head = _alike(before, now)
    tail = _alike(before[head:][::-1], now[head:][::-1])
    first = start + units(before[:head])
    last = first + units(before[head : len(before) - tail])
    cursor.setPosition(last)
    cursor.insertText(now[head : len(now) - tail])
    cursor.setPosition(first)
    cursor.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()


def _alike(one: str, other: str) -> int:
    """Return how many letters two texts begin with that are the same."""
    letters = enumerate(zip(one, other, strict=False))
    return next((k for k, (a, b) in letters if a != b), min(len(one), len(other)))


LANES_PX = 18
"""How wide the margin is in which lit lines are marked."""
CHOSEN_PX, WALKED_PX = 2, 8
"""Where in it the mark of what is selected stands, and that of the walk."""
AROUND_PX, CARET_PX = 4, 2
LEAST_LINES = 3

_Spot: TypeAlias = tuple[int, int]
"""A line and a column."""
NOWHERE: _Spot = (-1, 0)


class Lit(NamedTuple):
    """The lines that are lit up, by their numbers from 0."""

    chosen: frozenset[int] = frozenset()
    walked: frozenset[int] = frozenset()


class CodeText(QTextEdit):
    """Shows a program; nothing can be typed into it. A line that has no room goes on further in.

    ============== =============================================================================
    `line_chosen`  a line was clicked, or Enter pressed in it: its number and the column
    `line_hovered` the mouse is over another line or column
    ============== =============================================================================

    Where a line leads nowhere both tell −1.
    """

    line_chosen = Signal(object, object)
    line_hovered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._leading: Collection[int] = ()
        self._lit = Lit()
        self._hovered = NOWHERE
        self.setAccessibleName("Program")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        leave_drops(self)
        self.viewport().setMouseTracking(True)
        self.setFont(code_font(12))
        self._highlighter = Highlighter(self.document())
        self._fit()

    # --- what it shows

    def show_lines(self, lines: Sequence[str], leading: Collection[int], *, anew: bool) -> None:
        """Show other lines, of which those `leading` somewhere can be chosen.

        Unless all is `anew`, what is scrolled to and selected stays.
        """
        before, self._lines, self._leading = self._lines, list(lines), leading
        write(self.document(), before, self._lines, px(LANES_PX))
        if anew:
            self.setTextCursor(QTextCursor(self.document()))
            self.verticalScrollBar().setValue(0)

    def light(self, lit: Lit) -> None:
        """Light up lines."""
        if lit != self._lit:
            self._lit = lit
            self.viewport().update()

    def bring(self, lines: Collection[int]) -> None:
        """Scroll to where lines begin from which most of them are in sight, unless as many are already."""
        bar, page = self.verticalScrollBar(), self.viewport().height()
        around, shift, ordered = self.fontMetrics().lineSpacing(), bar.value(), sorted(lines)
        places = [self._place(self.document().findBlockByNumber(line)) for line in ordered]
        tops = [place.top() + shift for place in places]
        bottoms = [place.bottom() + shift for place in places]

        def worth(start: int) -> tuple[int, int]:
            seen = bisect_right(bottoms, start + page) - bisect_left(tops, start)
            return seen, -abs(start - shift)

        begins = [top - around for line, top in zip(ordered, tops, strict=True) if line - 1 not in lines]
        bar.setValue(max((round(min(max(start, 0), bar.maximum())) for start in (shift, *begins)), key=worth))

    def shows_any(self, lines: Collection[int]) -> bool:
        """Tell whether one of the lines is in sight."""
        return any(block.blockNumber() in lines for block, _ in self._in_sight())

    def _place(self, block: QTextBlock) -> QRectF:
        """Return where a line stands in the viewport, from edge to edge."""
        place = self.document().documentLayout().blockBoundingRect(block)
        top = place.top() - self.verticalScrollBar().value()
        return QRectF(0, top, self.viewport().width(), place.height())

    def _in_sight(self) -> Iterator[tuple[QTextBlock, QRectF]]:
        """Yield the lines in sight, and where they stand."""
        block = self.cursorForPosition(QPoint()).block()
        while block.isValid() and (place := self._place(block)).top() < self.viewport().height():
            yield block, place
            block = block.next()

    # --- where the mouse is

    def _spot_at(self, at: QPoint) -> _Spot:
        """Return the line that leads somewhere at a place of the viewport, and the column, or NOWHERE."""
        cursor = self.cursorForPosition(at)
        return self._spot_of(cursor) if self._place(cursor.block()).contains(at) else NOWHERE

    def _spot_of(self, cursor: QTextCursor) -> _Spot:
        leads = cursor.blockNumber() in self._leading
        return (cursor.blockNumber(), cursor.positionInBlock()) if leads else NOWHERE

    def _hover(self, spot: _Spot) -> None:
        if spot != self._hovered:
            self._hovered = spot
            shapes = Qt.CursorShape
            self.viewport().setCursor(shapes.IBeamCursor if spot == NOWHERE else shapes.PointingHandCursor)
            self.line_hovered.emit(*spot)

    # --- what Qt calls

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint marks and grounds of the lit lines, the walk's above the other, and the text on them."""
        palette, high = colours(), self.fontMetrics().lineSpacing()
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for block, place in self._in_sight():
                line = block.blockNumber()
                chosen, walked = line in self._lit.chosen, line in self._lit.walked
                if chosen or walked:
                    ground = place.adjusted(px(LANES_PX - AROUND_PX), 0, 0, 0)
                    painter.fillRect(ground, QColor(palette.walked if walked else palette.selection))
                if chosen:
                    paint_mark(painter, "chosen", place.translated(px(CHOSEN_PX), 0))
                if walked:
                    begins = 0 if line - 1 in self._lit.walked else high
                    paint_mark(painter, "walked", place.translated(px(WALKED_PX), 0), begins)
        super().paintEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseMoveEvent(event)
        self._hover(self._spot_at(event.position().toPoint()) if not event.buttons() else NOWHERE)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose a line that was clicked, unless text was selected."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.line_chosen.emit(*self._spot_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered any more."""
        super().leaveEvent(event)
        self._hover(NOWHERE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the line of the caret with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            cursor = self.textCursor()
            self.line_chosen.emit(*self._spot_of(cursor))
        else:
            super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text alone: colours are the window's."""
        data = super().createMimeDataFromSelection()
        text = data.text()
        for kind in data.formats():
            data.removeFormat(kind)
        data.setText(text)
        return data

    def minimumSizeHint(self) -> QSize:
        """Ask for a few lines."""
        height = LEAST_LINES * self.fontMetrics().lineSpacing() + px(2 * AROUND_PX)
        return QSize(super().minimumSizeHint().width(), height)

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme's colours, or another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_highlighter"):
            self._highlighter.take_colours()
        elif event.type() == QEvent.Type.FontChange and self.document().documentMargin() != px(AROUND_PX):
            self._fit()

    def _fit(self) -> None:
        self.setCursorWidth(px(CARET_PX))
        self.document().setDocumentMargin(px(AROUND_PX))
        indent(self.document(), range(len(self._lines)), px(LANES_PX))
