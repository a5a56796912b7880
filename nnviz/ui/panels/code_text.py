"""The text of the code panel: syntax colours, the addresses of lines, and marks on lines.

An address names a node, weight or bias. The walk is the animation of one training iteration, step by step.
"""

from __future__ import annotations

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
    QSyntaxHighlighter,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QFrame, QTextEdit

from nnviz.core.address import Address
from nnviz.document.walk import Phase, WalkProgress, WalkStep
from nnviz.files.code.lines import CodeLine, Deed
from nnviz.picture.palette import Palette
from nnviz.ui.kit.card import STYLE_EVENTS
from nnviz.ui.kit.controls import ignore_drops
from nnviz.ui.kit.theme import code_font, colours, px

Role: TypeAlias = Literal["keyword", "string", "number", "muted"]
ROLES: dict[Role, tuple[Any, ...]] = {
    "muted": (Comment,),
    "string": (String,),
    "number": (Number,),
    "keyword": (Keyword, Operator.Word, Name.Builtin),
}
"""The types of Pygments tokens with each colour role. Tokens of all other types have the colour of text."""
CACHED_LINES = 4096
"""Number of lines whose tokens are cached, since splitting a line into tokens takes 0.1 ms."""

_lexer = PythonLexer(stripnl=False, ensurenl=False)


class Highlighter(QSyntaxHighlighter):
    """Colours Python code: each changed line of a document is coloured again.

    Each line is coloured by itself, since no program of nnviz has a string or a comment over several lines.
    """

    def highlightBlock(self, text: str) -> None:  # noqa: D102
        formats = _formats(colours())
        for start, length, role in _words(text):
            self.setFormat(start, length, formats[role])


@lru_cache(CACHED_LINES)
def _words(line: str) -> list[tuple[int, int, Role]]:
    """Return (start, length, role) of each coloured word of a line, in UTF-16 units, as in Qt."""
    words, end = list[tuple[int, int, Role]](), 0
    for _, kind, text in _lexer.get_tokens_unprocessed(line):
        start, end = end, end + len(text.encode("utf-16-le")) // 2
        if role := next((role for role, known in ROLES.items() if any(kind in each for each in known)), None):
            words.append((start, end - start, role))
    return words


@lru_cache(1)
def _formats(palette: Palette) -> dict[Role, QTextCharFormat]:
    formats = {role: QTextCharFormat() for role in ROLES}
    for role, form in formats.items():
        form.setForeground(QColor(getattr(palette, role)))
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
"""Maps an operation to the operation whose line includes it: in NumPy programs, slopes include the mean."""
_IN_PHASE: dict[Phase, tuple[Deed, ...]] = {
    "forward": ("forward",),
    "loss": ("loss",),
    "backward": ("backward", "slopes", "fit"),
    "update": ("mean", "update", "fit"),
}


class Lines:
    """Finds the lines of a program for a node, an edge, or a step of the walk (animation of an iteration)."""

    def __init__(self, lines: Sequence[CodeLine]) -> None:
        self._kinds = _kinds(lines)
        self.selects = {k: _selectable(line.addresses) for k, line in enumerate(lines) if line.addresses}
        """The addresses that repeated clicks on a line select in turn, by line number from 0."""
        self._about: dict[Address, set[int]] = defaultdict(set)
        self._doing: dict[str | None, set[int]] = defaultdict(set)
        for k, line in enumerate(lines):
            self._doing[line.deed].add(k)
            for address in line.addresses:
                for part in (address, _node_of(address), Address("layer", address.layer)):
                    self._about[part].add(k)

    def updated(self, lines: Sequence[CodeLine]) -> Lines:
        """Return a `Lines` object for `lines`: this object if only the texts of the lines have changed."""
        return self if _kinds(lines) == self._kinds else Lines(lines)

    def about(self, address: Address | None) -> frozenset[int]:
        """Return the numbers, from 0, of the lines that compute or hold a node, weight or bias.

        For a node, this includes lines of its incoming edges; for an edge, lines of the node at its end.
        """
        if address is None:
            return frozenset()
        lines, node = self._about.get(address, set()), _node_of(address)
        if address.is_number:
            lines = lines | {k for k in self._about.get(node, ()) if node in self.selects[k]}
        return frozenset(lines)

    def walk_lines(self, progress: WalkProgress) -> frozenset[int]:
        """Return the numbers of the lines that do the current steps of the walk (animation of an iteration).

        If no line does one of these steps, return the numbers of the lines that do the walk's phase.
        """
        if not progress.active:
            return frozenset()
        steps = [self._of_step(step, progress.walk.of_all_weights(step)) for step in progress.described_steps]
        phase = [self._doing[deed] for deed in _IN_PHASE[progress.phase]]
        return frozenset().union(*steps) or frozenset().union(*phase)

    def _of_step(self, step: WalkStep, of_all: bool) -> set[int]:
        """Return the lines that do a step for its node, or for any node; else lines that include the step."""
        node = Address("node", step.layer, step.node)
        about = self.selects.keys() if of_all else self._about.get(node, set())
        deed: str | None = step.deed
        while deed and not self._doing[deed] & about:
            deed = _WITHIN.get(deed)
        return self._doing[deed] & about if deed else set()

    def address(self, line: int, selected: Address | None, after: int = 0) -> Address:
        """Return `selected` if it is an address of a line, else the first address of the line.

        `after` is 1 for a click, which selects the next address of the line instead of `selected`.
        """
        choices = self.selects[line]
        if selected not in choices:
            return choices[0]
        return choices[(choices.index(selected) + after) % len(choices)]


def _kinds(lines: Sequence[CodeLine]) -> list[tuple[str | None, tuple[Address, ...]]]:
    return [(line.deed, line.addresses) for line in lines]


def _node_of(address: Address) -> Address:
    return Address("node", address.layer, address.node)


def _selectable(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return the addresses that a line selects; several weights of one node follow the node itself."""
    nodes = tuple(dict.fromkeys(map(_node_of, addresses)))
    if not addresses[0].is_number:
        return nodes
    return addresses if len(nodes) > 1 or len(addresses) == 1 else (*nodes, *addresses)


BAR_PX, ARROW_PX = 3, 8
"""In pixels at 100 %. BAR_PX: width of a mark's bar. ARROW_PX: width of the arrow at an animated step."""


class LineMark(NamedTuple):
    """A mark on lines: for the selection, or for the animated step (`is_step`).

    `text` names the selection or the step. `lines` are line numbers from 0.
    """

    text: str
    lines: frozenset[int]
    is_step: bool = False


def paint_mark(painter: QPainter, mark: LineMark, place: QRectF, arrow_height: float) -> None:
    """Paint a bar at the left of `place`. For a step, add an arrow in the top `arrow_height` pixels."""
    colour = QColor(colours().walk if mark.is_step else colours().accent)
    painter.fillRect(QRectF(place.left(), place.top(), px(BAR_PX), place.height()), colour)
    if mark.is_step and arrow_height:
        left, middle, width = place.left(), place.top() + arrow_height / 2, px(ARROW_PX)
        half = 0.625 * width
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        points = ((left, middle - half), (left + width, middle), (left, middle + half))
        painter.drawPolygon([QPointF(*point) for point in points])


HANGING = 4
"""Additional indentation of the continuation lines of a wrapped line, in characters."""


def write(document: QTextDocument, old: Sequence[str], new: Sequence[str], left: int) -> None:
    """Replace a document's lines `old` with `new`, indented by `left` pixels."""
    if len(old) != len(new):
        document.setPlainText("\n".join(new))
        indent(document, range(len(new)), left)
        return
    changed = [k for k in range(len(new)) if old[k] != new[k]]
    cursor = QTextCursor(document)
    cursor.beginEditBlock()
    for k in changed:
        cursor.setPosition(document.findBlockByNumber(k).position())
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(new[k])
    indent(document, changed, left)
    cursor.endEditBlock()


def indent(document: QTextDocument, lines: Iterable[int], left: int) -> None:
    """Indent lines by `left` pixels, and their wrapped parts by more. `lines` are line numbers from 0."""
    letter = QFontMetricsF(document.defaultFont()).horizontalAdvance(" ")
    cursor = QTextCursor(document)
    cursor.beginEditBlock()  # or Qt would lay out the document after each line
    for line in lines:
        block, form = document.findBlockByNumber(line), QTextBlockFormat()
        depth = len(block.text()) - len(block.text().lstrip(" "))
        hanging = (depth + HANGING) * letter
        form.setLeftMargin(left + hanging)
        form.setTextIndent(-hanging)
        if block.blockFormat() != form:
            QTextCursor(block).setBlockFormat(form)
    cursor.endEditBlock()


LANES_PX = 18
"""Width of the margin with the marks, in pixels at 100 %."""
CHOSEN_PX, STEP_PX = 2, 8
"""Left edge of a mark, in pixels at 100 %. CHOSEN_PX: for the selection. STEP_PX: for an animated step."""
AROUND_PX, CARET_PX = 4, 2
LEAST_LINES = 3


class CodeText(QTextEdit):
    """A read-only program with marked lines. Long lines wrap and continue indented.

    ============== =============================================================================
    `line_chosen`  emitted when a line is clicked, or Enter is pressed in the line
    `line_hovered` emitted when the mouse moves to another line
    ============== =============================================================================

    Both signals carry the number of the line, from 0, or −1 for a line that cannot be chosen.
    """

    line_chosen = Signal(object)
    line_hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__(readOnly=True, undoRedoEnabled=False, tabChangesFocus=True)
        self._lines: list[str] = []
        self._choosable: Collection[int] = ()
        self._marks: Sequence[LineMark] = ()
        self._hovered = -1
        self.setAccessibleName("Program")
        self.setFrameShape(QFrame.Shape.NoFrame)
        by = Qt.TextInteractionFlag
        self.setTextInteractionFlags(by.TextSelectableByMouse | by.TextSelectableByKeyboard)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        ignore_drops(self)
        self.viewport().setMouseTracking(True)
        self.setFont(code_font(12))
        self._highlighter = Highlighter(self.document())
        self._fit()

    # --- lines and marks

    def show_lines(self, lines: Sequence[str], choosable: Collection[int], *, reset: bool) -> None:
        """Replace the program's lines; `choosable` holds the numbers of the lines that can be chosen.

        Keep the scroll position, and the selected text in lines that stay, unless `reset` is true.
        """
        old, self._lines, self._choosable = self._lines, list(lines), choosable
        place = 0 if reset else self.verticalScrollBar().value()
        write(self.document(), old, self._lines, px(LANES_PX))
        if reset:
            self.setTextCursor(QTextCursor(self.document()))
        self.verticalScrollBar().setValue(place)

    def show_marks(self, *marks: LineMark) -> None:
        """Replace the marks on the lines."""
        if marks != self._marks:
            self._marks = marks
            self.viewport().update()

    def scroll_to(self, lines: Collection[int]) -> None:
        """Scroll the first of `lines` to the top, unless all of them are visible or there is none."""
        if lines:
            bar, find = self.verticalScrollBar(), self.document().findBlockByNumber
            top, bottom = self._place(find(min(lines))).top(), self._place(find(max(lines))).bottom()
            if top < 0 or bottom > self.viewport().height():
                bar.setValue(bar.value() + round(top) - self.fontMetrics().lineSpacing())

    def shows_any(self, lines: Collection[int]) -> bool:
        """Return whether at least one of the lines is visible."""
        return any(block.blockNumber() in lines for block, _ in self._visible_lines())

    def _place(self, block: QTextBlock) -> QRectF:
        """Return the rectangle of a line in the viewport, over its full width."""
        place = self.document().documentLayout().blockBoundingRect(block)
        top = place.top() - self.verticalScrollBar().value()
        return QRectF(0, top, self.viewport().width(), place.height())

    def _visible_lines(self) -> Iterator[tuple[QTextBlock, QRectF]]:
        """Yield the visible lines and their rectangles."""
        block = self.cursorForPosition(QPoint()).block()
        while block.isValid() and (place := self._place(block)).top() < self.viewport().height():
            yield block, place
            block = block.next()

    # --- mouse

    def _line_at(self, at: QPoint) -> int:
        """Return the number of the choosable line at a point of the viewport, or −1."""
        cursor = self.cursorForPosition(at)
        return self._choosable_line(cursor) if self._place(cursor.block()).contains(at) else -1

    def _choosable_line(self, cursor: QTextCursor) -> int:
        return cursor.blockNumber() if cursor.blockNumber() in self._choosable else -1

    def _hover(self, line: int) -> None:
        if line != self._hovered:
            self._hovered = line
            shapes = Qt.CursorShape
            self.viewport().setCursor(shapes.IBeamCursor if line < 0 else shapes.PointingHandCursor)
            self.line_hovered.emit(line)

    # --- events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the marks and backgrounds of the marked lines, then the text.

        The selected lines and the lines of the animated step are marked.
        """
        palette, high = colours(), self.fontMetrics().lineSpacing()
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for block, place in self._visible_lines():
                line, ground = block.blockNumber(), place.adjusted(px(LANES_PX - AROUND_PX), 0, 0, 0)
                for mark in self._marks:
                    if line in mark.lines:
                        colour = palette.walked if mark.is_step else palette.selection
                        painter.fillRect(ground, QColor(colour))
                        bar = place.translated(px(STEP_PX if mark.is_step else CHOSEN_PX), 0)
                        paint_mark(painter, mark, bar, 0 if line - 1 in mark.lines else high)
        super().paintEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseMoveEvent(event)
        self._hover(-1 if event.buttons() else self._line_at(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the clicked line, unless text was selected."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.line_chosen.emit(self._line_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Emit `line_hovered` with line number −1, since the mouse is over no line."""
        super().leaveEvent(event)
        self._hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the line of the caret if Enter is pressed."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.line_chosen.emit(self._choosable_line(self.textCursor()))
        else:
            super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text without its colours, which belong to the window's theme."""
        data = QMimeData()
        data.setText(self.textCursor().selection().toPlainText())
        return data

    def minimumSizeHint(self) -> QSize:
        """Return the size of a few lines."""
        height = LEAST_LINES * self.fontMetrics().lineSpacing() + px(2 * AROUND_PX)
        return QSize(super().minimumSizeHint().width(), height)

    def changeEvent(self, event: QEvent) -> None:
        """Use the new theme's colours, or the new font size."""
        super().changeEvent(event)
        if event.type() in STYLE_EVENTS and hasattr(self, "_highlighter"):
            self._highlighter.rehighlight()
            self._fit()

    def _fit(self) -> None:
        self.setCursorWidth(px(CARET_PX))
        self.document().setDocumentMargin(px(AROUND_PX))
        indent(self.document(), range(len(self._lines)), px(LANES_PX))
