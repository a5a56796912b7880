"""Panels that hold a plot, and the plots' captions and pages."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from operator import is_
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QMenu, QStackedLayout, QVBoxLayout, QWidget

from nnviz.document.moment import Moment
from nnviz.ui.kit.card import PLOT_MS, Card, Cover, Panel, quiet_button
from nnviz.ui.kit.controls import (
    ComboBox,
    clear_hover_on_close,
    fill_box,
    open_below,
    set_direction,
    wrapped_label,
)
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.theme import AnyWidget, colours, px, styled

if TYPE_CHECKING:
    from nnviz.ui.plot.points import PointPlot


BOX_LETTERS = 4
"""Least number of letters for which a combo box in the heading of a panel has room."""


class PlotPanel(Panel):
    """A panel with a menu that copies or exports its plot as a picture.

    ========= ========================================================
    `phrase`  name of the plot, as written within a sentence
    `ending`  end of the exported file's name, after the network's name
    ========= ========================================================
    """

    def __init__(self, desk: Desk, heading: str, phrase: str, ending: str) -> None:
        super().__init__(desk, heading)
        self.covers = (Cover(self, desk.document),)
        self.phrase, self.ending = phrase, ending
        self.menu = QMenu(self)
        request = desk.picture_requested.emit
        self.copy_picture = self.add_entry("Copy picture", lambda: request(self, True))
        self.export_picture = self.add_entry("Export picture…", lambda: request(self, False))
        self.menu.aboutToShow.connect(self.update_actions)
        self.more_button = quiet_button("", f"Copy or export {phrase}")
        self.more_button.clicked.connect(lambda: open_below(self.more_button, self.menu))
        clear_hover_on_close(self.more_button, self.menu)
        self.buttons.addWidget(self.more_button)
        self._draw_icon()

    @property
    @abstractmethod
    def plot(self) -> QWidget | None:
        """The widget with the plot, or None if there is no plot to show."""

    def add_entry(self, text: str, action: Callable[[], object]) -> QAction:
        """Add an entry to the menu. The entry does nothing if its plot has gone while the menu was open."""

        def act() -> None:
            self.update_actions()
            if entry.isEnabled():
                action()

        entry = self.menu.addAction(text, act)
        return entry

    def update_actions(self) -> None:
        """Enable the menu entries if there is a plot, and if the plot is not hidden."""
        can_copy = self.plot is not None and self.faces.currentIndex() == 0
        for action in (self.copy_picture, self.export_picture):
            action.setEnabled(can_copy)

    def add_button(self, button: AnyWidget) -> AnyWidget:
        """Add a button or a box before the menu's button, and return it."""
        self.buttons.insertWidget(self.buttons.count() - 1, button)
        return button

    def add_box(self, name: str, tip: str) -> ComboBox:
        """Add a combo box before the menu's button. If room is scarce, the box shortens its text."""
        box = styled(ComboBox(name=name, tip=tip), "flat")
        box.setMinimumContentsLength(BOX_LETTERS)
        return self.add_button(box)

    def _draw_icon(self) -> None:
        self.more_button.setIcon(icon("more", colours().muted, 16))

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self._draw_icon()


class PlotView(QWidget):
    """A plot with its texts and controls, which a panel shows.

    ======== ========================================================
    `phrase` name of the plot, as written within a sentence
    `ending` end of the exported file's name, after the network's name
    ======== ========================================================
    """

    moving_ms = PLOT_MS
    phrase: str
    ending: str

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._document = desk.document
        self.body = fill_box(QVBoxLayout(self), 8)

    @property
    @abstractmethod
    def plot(self) -> QWidget | None:
        """The widget with the plot, or None if there is no plot to show."""

    @abstractmethod
    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the Moment `new` in place of `old`, the one shown last. If `old` is None, show everything."""

    def rest(self) -> None:
        """Stop work in progress, since nobody sees the plot now."""


class CaptionedPlot(PlotView):
    """A plot with a caption, or a sentence that says what is missing.

    =============== =============================================================================
    `tip`           tooltip of the caption
    `caption_lines` number of text lines for which the caption reserves room
    `wide`          least width / height for a caption beside the plot, instead of below the plot
    =============== =============================================================================
    """

    tip: str
    caption_lines: int
    wide = math.inf

    def __init__(self, desk: Desk, plane: PointPlot) -> None:
        super().__init__(desk)
        self.plane, self.caption = plane, Caption(self.caption_lines, self.tip)
        self.pages = Pages(self)
        self.pages.addWidget(PlotPage(plane, self.caption, self.wide))

    @property
    def plot(self) -> QWidget | None:  # noqa: D102
        return self.plane if self.pages.plot_visible else None


SPACING_PX = 4
"""Space between a plot and the caption below, in pixels at interface size 100 %."""
PLOT_SHARE, CAPTION_SHARE = 5, 3
"""Relative widths of a plot and of the caption beside it."""
CAPTION_PX, BESIDE_PX = 190, 420
"""Pixels. CAPTION_PX: least height of a page with a caption below the plot. BESIDE_PX: least width with a
caption beside the plot. A page that is smaller shows only the plot.
"""


class PlotPage(QWidget):
    """A page with a plot and its caption.

    The caption is beside the plot if the page is at least `wide` times as wide as high, else below the plot.
    A page that is too small for both shows only the plot. If `share` is given, a caption below leaves the
    plot at least this share of the window's height.
    """

    def __init__(self, plane: PointPlot, caption: QLabel, wide: float, share: float = 0.0) -> None:
        super().__init__()
        self._wide, self._plane, self._caption, self._share = wide, plane, caption, share
        self._box = fill_box(QBoxLayout(QBoxLayout.Direction.TopToBottom, self), SPACING_PX, plane, caption)
        self._box.setStretch(0, PLOT_SHARE)

    def minimumSizeHint(self) -> QSize:
        """Return the minimum size of the plot, since a low page has no caption."""
        least: QSize = self._plane.minimumSizeHint().expandedTo(self._plane.minimumSize())
        return least

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the caption beside the plot if the page is wide, else below the plot if there is room."""
        super().resizeEvent(event)
        is_wide = self.width() >= max(self._wide * self.height(), px(BESIDE_PX))
        free = self.height() - self._caption.sizeHint().height() - px(SPACING_PX)
        has_room = self.height() >= px(CAPTION_PX) and free >= self._share * self.window().height()
        self._caption.setVisible(is_wide or has_room)
        set_direction(self._box, is_wide)
        self._box.setStretch(1, CAPTION_SHARE if is_wide else 0)
        self._box.setSpacing(12 if is_wide else SPACING_PX)


class Pages(QStackedLayout):
    """A stack of two pages: a sentence that replaces a missing plot or program, and the plot or program."""

    def __init__(self, card: Card | PlotView) -> None:
        super().__init__()
        self.empty = wrapped_label()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        card.body.addLayout(self, 1)  # first, or its pages would be windows
        self.addWidget(self.empty)

    def add_plot(self, *parts: QWidget) -> None:
        """Add a page that shows the given widgets, one below the other. The plot takes all free height."""
        page = QWidget()
        fill_box(QVBoxLayout(page), 4, *parts)
        self.addWidget(page)

    @property
    def plot_visible(self) -> bool:
        """Whether the page with the plot is visible."""
        return self.currentIndex() == 1

    @plot_visible.setter
    def plot_visible(self, visible: bool) -> None:
        self.setCurrentIndex(1 if visible else 0)

    def show_sentence(self, sentence: str) -> None:
        """Show the page with a sentence instead of the plot."""
        self.empty.setText(sentence)
        self.plot_visible = False


class Caption(QLabel):
    """A text with a plot's numbers, as coloured HTML. Escape names from a file: they may hold HTML."""

    def __init__(self, lines: int, tip: str) -> None:
        """Reserve room for this many `lines`, so that the plot keeps its height."""
        super().__init__(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        styled(self, "muted", 11.5).setToolTip(tip)
        self.setMinimumHeight(lines * self.fontMetrics().lineSpacing())


def are_same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    """Return whether two tuples hold the same objects."""
    return len(some) == len(others) and all(map(is_, some, others))


def coloured(colour: str, text: str) -> str:
    """Return HTML that shows `text` in a colour, for a caption."""
    return f"<span style='color:{colour}'>{text}</span>"
