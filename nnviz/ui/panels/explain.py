"""The Explain panel: the formulas, numbers and plot behind the selected node, edge or layer.

Names may come from files, so HTML characters in names are escaped. Copied text is ASCII.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import partial
from html import escape
from pkgutil import resolve_name
from typing import TypeAlias, cast

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QStackedWidget, QTextBrowser, QWidget

from nnviz.core.address import Address, Kind
from nnviz.core.expressions import Piece
from nnviz.core.slopes import Work, forward_ns, run_work
from nnviz.document.idle import Slicer
from nnviz.document.moment import Moment, is_new
from nnviz.explain.explain import PASSES_PER_ROW, Check, explain, is_mean, measure_slope
from nnviz.explain.lines import Explanation, Line, LineSection, Note, ascii_text
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import ElidedLabel, ignore_drops
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.plot.card import PlotPanel, PlotView, coloured

BREAK, JOINER, NO_BREAK = "\u200b", "\u2060", "\u00a0"
"""BREAK allows a line break; JOINER and NO_BREAK forbid one. Copied text has none of these characters."""
KEEPING = {" ": NO_BREAK, "/": f"/{JOINER}"}
BREAKING = {"·": f"·{BREAK}", "/": f"/{JOINER}"}
"""What replaces a character after which a line may break; KEEPING: after which no line may break."""
SIGN = re.compile(" [+−=≈] ")
"""Pattern of a sign between two terms, with its spaces."""
INDENT_PX = 12
"""Indentation of the continuation lines of an item, in pixels."""
Fits: TypeAlias = Callable[[str], bool]
"""A function that returns whether a text fits on one line."""


class ExplainBrowser(QTextBrowser):
    """The text of the explanation, with links.

    `room_changed` is emitted when the width or the font size of the lines has changed. Qt's signal
    `highlighted` carries the link under the mouse or with the focus, or an empty link.
    """

    room_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Explanation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        ignore_drops(self)
        self.setUndoRedoEnabled(False)
        self.document().setDefaultFont(ui_font(13))
        self.document().setDocumentMargin(0)
        self._html, self._width = "", 0

    def show_html(self, html: str, keep_place: bool) -> None:
        """Show `html`. If `keep_place` is True, keep the scroll position, else scroll to the top."""
        if html == self._html:
            return
        self._html = html
        bar = self.verticalScrollBar()
        place = bar.value() if keep_place else 0
        self.setHtml(html)
        bar.setValue(place)

    def fits(self, text: str) -> bool:
        """Return whether `text` fits on one indented line, also if there is a scroll bar.

        If the lines depended on the scroll bar, and the scroll bar on the lines, neither might come to rest.
        """
        needed = QFontMetricsF(self.document().defaultFont()).horizontalAdvance(text)
        room = self.maximumViewportSize().width() - self.verticalScrollBar().sizeHint().width()
        return needed <= room - INDENT_PX

    def changeEvent(self, event: QEvent) -> None:
        """Use the new font size, and break lines again."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.document().setDefaultFont(ui_font(13))
            self.room_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Emit `room_changed` if the width has changed, and not only the width that a scroll bar leaves."""
        super().resizeEvent(event)
        if self.width() != self._width:
            self._width = self.width()
            self.room_changed.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Emit `highlighted` with an empty link, since the mouse is over no link."""
        super().leaveEvent(event)
        self.highlighted.emit(QUrl())

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text in ASCII.

        Qt creates the returned object, since the clipboard still needs it after Python has ended. An object
        that Python created would no longer exist then.
        """
        data = super().createMimeDataFromSelection()
        text = data.text().replace(BREAK, "").replace(JOINER, "").replace(NO_BREAK, " ")
        for kind in data.formats():
            data.removeFormat(kind)
        data.setText(ascii_text(text))
        return data


def address_of_link(link: QUrl) -> Address | None:
    """Return the address that a link selects, or None for an empty link."""
    if link.isEmpty():
        return None
    kind, *numbers = link.toString().split("/")
    return Address(cast(Kind, kind), *map(int, numbers))


def html(explanation: Explanation, hint: str, fits: Fits) -> str:
    """Return the explanation as rich text: formulas muted, slopes purple, addresses as links.

    `hint` is the text of an additional first paragraph, or "". `fits` returns whether a text fits on a line.
    """
    intro = f'<p style="color:{colours().muted}; margin:0 0 6px 0">{escape(hint)}</p>' if hint else ""
    return intro + "".join(_section(section, fits) for section in explanation.sections)


def _section(section: LineSection, fits: Fits) -> str:
    style = f"color:{colours().muted}; font-size:{px(12)}px; font-weight:600; margin:5px 0 0 0"
    heading = f'<p style="{style}">{escape(section.heading)}</p>' if section.heading else ""
    return heading + "".join(_row(row, fits) for row in section.rows)


def _row(row: Line | Note, fits: Fits) -> str:
    if isinstance(row, Line):
        text = _line(row, fits)
    else:
        text = coloured(colours().muted, escape(f"{row.label} {row.text}".strip()))
    return f'<p style="margin:1px 0 0 {INDENT_PX}px; text-indent:-{INDENT_PX}px">{text}</p>'


def _line(line: Line, fits: Fits) -> str:
    """Return `label = formula` and `= arithmetic`, on one line if they fit, else below each other."""
    p, formula = colours(), f" = {line.formula}" if line.formula else ""
    sign = "" if line.arithmetic.startswith("≈") else "= "
    label, muted = _pieces(fits, Piece(line.label), Piece(formula))
    text = "".join(_pieces(fits, Piece(sign), *line.written.pieces))
    if line.check_agrees is not None:
        colour, tick = (p.accent, "✓ agrees") if line.check_agrees else (p.error, "✗ differs")
        text += f" {coloured(colour, tick.replace(' ', NO_BREAK))}"
    between = " " if fits(line.text) or not formula else "<br>"
    return f"{label}{coloured(p.muted, muted)}{between}{text}"


def _pieces(fits: Fits, *pieces: Piece) -> list[str]:
    """Return the HTML of each of the pieces that follow each other, with the places for line breaks."""
    texts = [piece.text for piece in pieces]
    breaks = line_breaks("".join(texts), fits)
    starts = itertools.accumulate(map(len, texts), initial=0)
    return [_piece(*each, breaks) for each in zip(pieces, starts, strict=False)]


def _piece(piece: Piece, start: int, breaks: set[int]) -> str:
    tables = (BREAKING if start + k in breaks else KEEPING for k in range(len(piece.text)))
    signs = (table.get(sign, sign) for table, sign in zip(tables, piece.text, strict=True))
    text = escape("".join(signs)).replace("−(", f"−{JOINER}(")
    colour = colours().slope if piece.slope else colours().ink
    if piece.address is None:
        return coloured(colour, text) if piece.slope else text
    link = "/".join(map(str, piece.address))
    return f'<a href="{link}" style="color:{colour}; text-decoration:none">{text}</a>'


def line_breaks(text: str, fits: Fits) -> set[int]:
    """Return the indices of the characters " " and "·" in `text` at which a line may break.

    A line may break between terms outside all parentheses, and after a comma. A term that does not fit on a
    line may break between the terms in its parentheses, or at each "·" if no terms are in parentheses.
    """
    depths = list(itertools.accumulate((sign == "(") - (sign == ")") for sign in text))
    signs = [(match.start(), depths[match.start()]) for match in SIGN.finditer(text)]
    breaks = {match.start() + 1 for match in re.finditer(", ", text)}

    def split(start: int, end: int, depth: int) -> None:
        inner = [(at, level) for at, level in signs if start < at < end and level >= depth]
        outermost = [at for at, level in inner if level == depth]
        breaks.update(outermost)
        for first, last in itertools.pairwise((start, *outermost, end)):
            if fits(text[first:last].strip()):
                continue
            if any(first < at < last for at, level in inner if level > depth):
                split(first, last, depth + 1)
            else:
                breaks.update(first + match.end() - 1 for match in re.finditer("· ?", text[first:last]))

    split(0, len(text), 0)
    return breaks


HINT = "Click a node, an edge or a layer's heading to see where its numbers come from."
QUICK_NS = 6e6
"""Time limit in ns: if measuring a slope takes longer, the slope appears after the rest of the text."""
SHOWN = (
    *(f"state.{name}" for name in ("network", "data", "training", "run")),
    *("lock_reason", "address", "row", "what_if_row", "mean_over_rows"),
    *(f"explanation_input.{name}" for name in ("means", "update", "health", "by_input")),
)
"""The parts of a Moment that the explanation shows."""


FIRST_PERCENT, LOW_PERCENT, HIGH_PERCENT, MOST_PERCENT = 40, 30, 60, 85
"""Shares of the panel's height that the plot takes, in percent.

Until a person has dragged the divider, the plot takes the height that the text leaves, at most HIGH_PERCENT;
if less than LOW_PERCENT is left, the text scrolls, and the plot takes FIRST_PERCENT, or PLOT_PX if that is
more. A person can drag the divider up to a share of MOST_PERCENT.
"""
DIVIDER = "explain divider"
"""Settings key: the share of the panel's height that the plot takes, in percent."""
DIVIDER_PX, TEXT_PX, PLOT_PX = 10, 48, 110
"""Pixels. DIVIDER_PX: height of the divider. TEXT_PX: least text height. PLOT_PX: usual least plot height, at
100 %."""


class _Plots(QStackedWidget):
    """A stack that is at least as large as its current page, instead of the largest page."""

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return page.minimumSizeHint() if page else QSize()


class PlotAboveText(QSplitter):
    """A plot above a text. A person drags the divider between both."""

    def __init__(self, text: QTextBrowser, settings: Settings) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._settings, self._text = settings, text
        self._percent = settings.get(DIVIDER, 0)
        """The share that the person has chosen, or 0."""
        self._plots = _Plots()
        self._plots.setContentsMargins(6, 0, 6, 0)
        self.addWidget(text)  # first, so that F6 moves the keyboard focus to the text
        self.insertWidget(0, self._plots)
        self._plots.hide()
        self.setChildrenCollapsible(False)
        self.setHandleWidth(DIVIDER_PX)
        self.handle(1).setToolTip("Drag to change the height of the plot")
        text.setMinimumHeight(TEXT_PX)
        self.splitterMoved.connect(self._moved)

    def show_plot(self, plot: QWidget | None) -> None:
        """Show `plot` above the text in place of the former plot, or only the text if `plot` is None."""
        if plot is not None:
            if self._plots.indexOf(plot) < 0:
                self._plots.addWidget(plot)
            self._plots.setCurrentWidget(plot)
        self._plots.setVisible(plot is not None)
        self.share_out()

    def share_out(self) -> None:
        """Share the height between plot and text."""
        height = self.height() - self.handleWidth()
        self.setSizes([plot := round(height * self._share(height)), height - plot])

    def _share(self, height: int) -> float:
        """Return the share of `height`, in pixels, that the plot takes."""
        if self._percent:
            return self._percent / 100
        text, line = self._text, self._text.fontMetrics().lineSpacing()  # for lines that break once more
        margins = text.height() - text.viewport().height()
        left = 1 - (text.document().size().height() + margins + 2 * line) / max(height, 1)
        if left < LOW_PERCENT / 100:
            left = max(FIRST_PERCENT / 100, px(PLOT_PX) / max(height, 1))
        return min(left, HIGH_PERCENT / 100)

    def _moved(self) -> None:
        above, below = self.sizes()
        self._percent = min(round(100 * above / max(above + below, 1)), MOST_PERCENT)
        self._settings.remember(DIVIDER, self._percent)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the share of the plot."""
        super().resizeEvent(event)
        self.share_out()


MATRIX = "Matrix"
"""Title of the plot of a layer's weights."""
_MATRIX, _RUN = {MATRIX: "matrix:WeightMatrix"}, {"Over the run": "iterations:NumbersView"}
_HISTOGRAMS = {each: f"iterations:{each[:-1]}Histogram" for each in ("Weights", "Slopes", "Activations")}


def _plots_of(address: Address) -> dict[str, str]:
    """Return the class and module of each plot of a selection, by title; the first plot is the usual one."""
    if address.kind == "layer":
        return _MATRIX | _HISTOGRAMS
    if address.is_number:
        return {"Loss": "loss:LossCurve"} | _RUN | _MATRIX
    if address.layer < 0:
        return {"No plot": ""} | _MATRIX
    return {"Activation": "activation:ActivationView"} | _RUN | _MATRIX


class ExplainPanel(PlotPanel):
    """The panel that explains the selected node, edge or layer, or the loss if nothing is selected.

    `view` is the plot of the selection above the text, or None. The person chooses the plot in the box
    `choice`. A plot is made when needed, and not before `desk.has_plots`, since pyqtgraph is slow to import.
    """

    moving_ms = TEXT_MS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Explain", "the plot", "-explain")
        self.view: PlotView | None = None
        self._views: dict[str, PlotView] = {}
        self._preferred: list[str] = []
        """Titles of the plots that the person has chosen, the last one first."""
        self._moment = desk.document.now
        """The Moment that the panel explains."""
        self._address: Address | None = None
        self._check: Check | None = None
        self._check_of: tuple[object, ...] = ()
        """What the measured slope belongs to: results of the network and the data, address, and row."""
        self._checking = Slicer(self, self._measure, self._show_check)
        self._subject = ElidedLabel()
        self._subject.elided = Qt.TextElideMode.ElideMiddle
        self._subject.setFont(ui_font(13, QFont.Weight.DemiBold))
        row = cast(QHBoxLayout, self.head.layout())
        row.insertWidget(1, self._subject, 1)
        row.setStretch(2, 0)
        self._text = ExplainBrowser()
        self.body.setContentsMargins(8, 0, 8, 6)
        self.parts = PlotAboveText(self._text, desk.settings)
        self.body.addWidget(self.parts, 1)
        self.choice = self.add_box("Plot", "Choose the plot above the text")
        self.choice.hide()
        self.choice.activated.connect(lambda: self._prefer(self.choice.currentText()))
        self._copy = self.add_button(quiet_button("Copy", "Copy the explanation as plain text"))
        self.more_button.hide()
        for needs_all in (self._text.room_changed, desk.plots_allowed):
            needs_all.connect(lambda *_: desk.frames.show_again(self))
        self._text.highlighted.connect(lambda link: desk.address_hovered.emit(address_of_link(link)))
        self._text.anchorClicked.connect(self._link_clicked)
        self._copy.clicked.connect(self._copy_text)

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Explain the selected number again if something that the explanation shows has changed."""
        self._show_view(old, new)
        if is_new(old, new, *SHOWN):
            self._moment = new
            self._begin_check()
            self._write()

    def rest(self) -> None:
        """Stop measuring and plotting, since the panel is hidden now."""
        self._checking.stop()
        self._rest_view()

    # --- the plot

    @property
    def plot(self) -> QWidget | None:  # noqa: D102
        return self.view.plot if self.view else None

    def _show_view(self, old: Moment | None, new: Moment) -> None:
        """Show the plot of the selection, which from now on follows the document at its own pace."""
        view = self._view_of(new.address)
        self.choice.setVisible(new.address is not None and self._desk.has_plots)
        if view is not self.view:
            self._rest_view()
            self.view = view
            self.parts.show_plot(view)
            self.more_button.setVisible(view is not None)
        elif old is not None:
            return
        if view:
            self.phrase, self.ending = view.phrase, view.ending
            self._desk.frames.add(view)

    def _view_of(self, address: Address | None) -> PlotView | None:
        """Return the plot of an address, which is made if necessary, or None if there is no plot."""
        if address is None or not self._desk.has_plots:
            return None
        plots = _plots_of(address)
        chosen = next((each for each in self._preferred if each in plots), next(iter(plots)))
        self.choice.show_items(list(plots), list(plots).index(chosen))
        if not (name := plots[chosen]):
            return None
        if name not in self._views:
            view = resolve_name(f"nnviz.ui.panels.{name}")(self._desk)
            if chosen == MATRIX:  # stays when a person selects a weight in it
                for selects in (view.grid.clicked, view.grid.moved):
                    selects.connect(lambda _: self._prefer(MATRIX))
            self._views[name] = view
        return self._views[name]

    def _prefer(self, title: str) -> None:
        """Show the plot with this title for every selection that has the plot."""
        others = _plots_of(self._document.now.address) if self._document.now.address else {}
        self._preferred = [title, *(each for each in self._preferred if each not in others)]
        self._desk.frames.show_again(self)

    def _rest_view(self) -> None:
        if self.view:
            self._desk.frames.remove(self.view)
            self.view.rest()

    # --- the measured slope

    def _begin_check(self) -> None:
        """Measure the explained slope if necessary: at once if that is quick, else in the background.

        The slope is that of the row on the diagram, or of the mean over all rows.
        """
        now = self._moment
        is_input = now.address is not None and now.address.layer < 0
        row = None if is_mean(now.state, now.mean_over_rows and not is_input) else now.row
        check_of = now.known.results, now.address, row
        if self._check_of == check_of and (self._check or self._checking.busy):
            return
        self._check, self._check_of = None, check_of
        self._checking.drop()
        if now.slopes is None or not now.address or not (now.address.is_number or is_input):
            return
        count, known = (len(now.state.data), None) if row is None else (1, now.trace)
        self._checks = partial(measure_slope, now.state, now.address, row, known=known)
        if PASSES_PER_ROW * forward_ns(now.state.network, count) > QUICK_NS:
            self._checking.restart()
        else:
            run_work(self._measure())

    def _measure(self) -> Work[None]:
        for check in self._checks():
            self._check = check
            yield

    def _show_check(self) -> bool:
        if self._check is not None:
            self._write()
        return self._check is not None

    # --- the text

    def _write(self) -> None:
        now = self._moment
        keep_place, self._address = now.address == self._address, now.address
        self._explanation = explain(
            now.state,
            now.address,
            now.explanation_input,
            mean=now.mean_over_rows,
            check=self._check,
            watched=bool(now.lock_reason),
        )
        self._subject.setText(self._explanation.title)
        text = html(self._explanation, "" if now.address else HINT, self._text.fits)
        self._text.show_html(text, keep_place)
        if not keep_place:
            self.parts.share_out()

    def _copy_text(self) -> None:
        self._desk.frames.show_pending()
        QGuiApplication.clipboard().setText(self._explanation.text())

    def _link_clicked(self, link: QUrl) -> None:
        self._desk.address_hovered.emit(None)
        self._document.select(address_of_link(link))
