"""The loss panels, which plot the loss over one or two weights.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from PySide6.QtCore import QSize
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QWidget

from nnviz.core.address import Address
from nnviz.core.edits import set_value
from nnviz.core.network import Network
from nnviz.core.numbers import as_text, moved_by_steps, shorten_names
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS, FRAME_MS, Slicer
from nnviz.document.job import NO_TRAINING_ROWS
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import Choice
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.history import NEEDS_ROWS
from nnviz.ui.plot.card import Caption, Pages, PlotCard
from nnviz.ui.plot.points import PointPlot


class LossView(ABC):
    """A view that computes the loss over the chosen `weights` and draws the loss on `plane`.

    =============== =================================================================
    `title`         heading of the panel
    `phrase`        name of the plot within a sentence
    `ending`        end of the file name of an exported plot, after the network's name
    `tip`           tooltip of the caption
    `wanted`        number of weights that the plot needs: 1 or 2
    `caption_lines` number of text lines for which the caption reserves room
    =============== =================================================================
    """

    title: str
    phrase: str
    ending: str
    tip: str
    wanted: int
    caption_lines: int

    _result: object = None
    """The last computed loss over the weights, possibly for an earlier State."""
    _drawn: object = None
    """The part of the result that the plane shows."""

    def __init__(self, plane: LossPlane) -> None:
        self.plane = plane
        self.weights: tuple[Address, ...] = ()

    def choose(self, weights: tuple[Address, ...]) -> None:
        """Use other weights, and discard the computed loss."""
        self.weights = weights
        self._result = self._drawn = None

    @abstractmethod
    def hint(self, state: State) -> str:
        """Return a message that says how to choose the missing weights."""

    @abstractmethod
    def compute(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Compute the loss over the weights, and yield after each unit of work.

        `slopes` holds the mean slopes (gradients) over all rows, or is None if they are not known.
        """

    @abstractmethod
    def draw(self, state: State) -> tuple[bool, str]:
        """Draw the computed loss. Return whether this loss belongs to `state`, and the caption in HTML."""


def axis_name(network: Network, weight: Address) -> str:
    """Return the title of a weight's axis, such as "w (accounts → node_0)", or "b (node_0)" for a bias."""
    name = network.name_of(weight._replace(kind="node") if weight.kind == "bias" else weight)
    return f"{weight.symbol} ({name})"


SHORT = 22
"""Longer names in a readout are shortened to this number of characters."""


class LossPlane(PointPlot):
    """A plot of the loss over weights. The accessible name is the loss's title and `title_ending`."""

    title_ending: str
    _measure = ""

    def show_measure(self, title: str) -> None:
        """Set the title of the loss, such as "MSE"."""
        if title != self._measure:
            self._measure = title
            self.setAccessibleName(f"{title} {self.title_ending}")

    def in_words(self, weights: tuple[float, ...], loss: float) -> str:
        """Return a readout with the weights and the loss, each on a line of its own."""
        names = shorten_names(self._names, SHORT)
        lines = [f"{name} = {as_text(value)}" for name, value in zip(names, weights, strict=False)]
        return "\n".join((*lines, f"{self._measure} {as_text(loss) if math.isfinite(loss) else 'too large'}"))


SPACING_PX = 8
MOST_LISTED = 150
"""Largest number of weights and biases for which the combo boxes are shown."""


class LossChoice(QWidget):
    """Two combo boxes that list the weights and biases of a small network and select two of them.

    The boxes are visible while fewer than two weights are selected, or while `button` is checked.
    """

    def __init__(self, document: Document, selection: Selection) -> None:
        super().__init__()
        self._document, self._selection = document, selection
        self._weights: list[Address] = []
        self._entries: object = None
        self.first, self.second = Choice(), Choice()
        self._boxes = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._boxes.setContentsMargins(0, 0, 0, 0)
        self._boxes.setSpacing(SPACING_PX)
        for box, which, axis in ((self.first, "First", "horizontal"), (self.second, "Second", "vertical")):
            box.setMinimumContentsLength(13)
            box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setPlaceholderText(f"{which} weight…")
            box.setAccessibleName(f"{which} weight")
            box.setToolTip(f"{which} weight, on the {axis} axis")
            box.activated.connect(self._choose)
            self._boxes.addWidget(box, 1)
        self.button: QPushButton = quiet_button("Weights…", "Choose the two weights from lists")
        self.button.setCheckable(True)
        self.button.toggled.connect(self.refresh)
        document.state_changed.connect(self._follow)
        selection.address_changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        """Return the minimum size: as wide as one box, since the boxes can be below each other."""
        return QSize(self.first.minimumSizeHint().width(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the boxes side by side if both fit, else below each other."""
        super().resizeEvent(event)
        is_wide = self.width() >= 2 * self.first.minimumSizeHint().width() + SPACING_PX
        directions = QBoxLayout.Direction
        self._boxes.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)

    def refresh(self) -> None:
        """Show the selected weights, and show or hide the boxes."""
        self._fill(self._document.state.network)
        chosen = self._selection.weights
        for box, weight in zip((self.first, self.second), chosen, strict=True):
            box.setCurrentIndex(self._weights.index(weight) if weight in self._weights else -1)
        both = None not in chosen
        self.button.setVisible(bool(self._weights) and both)
        self.setVisible(bool(self._weights) and (self.button.isChecked() or not both))

    def _follow(self, old: State, new: State) -> None:
        if old.network is not new.network:
            self.refresh()

    def _fill(self, network: Network) -> None:
        if self._entries == (entries := _names(network)):
            return
        self._entries = entries
        self._weights = network.all_weights() if is_listed(network) else []
        names = [network.name_of(weight) for weight in self._weights]
        for box in (self.first, self.second):
            box.clear()
            box.addItems(names)

    def _choose(self) -> None:
        indices = [box.currentIndex() for box in (self.first, self.second)]
        addresses = dict.fromkeys(self._weights[k] for k in indices if k >= 0)
        self._selection.select(*addresses)


def is_listed(network: Network) -> bool:
    """Return whether the network is small enough for the combo boxes."""
    return network.parameters <= MOST_LISTED


def _names(network: Network) -> list[object]:
    return [network.inputs, *((layer.nodes, layer.biases is None) for layer in network.layers)]


WIDE, PLOT_SHARE, CAPTION_SHARE = 1.6, 5, 3
"""WIDE: least width / height for a caption beside the plot. PLOT_SHARE, CAPTION_SHARE: relative widths."""
SOURCES = ("network", "data", "training", "run")
"""Names of the parts of a State on which a plot may depend."""


class LossPanel(PlotCard):
    """A panel with a `view` of the loss over the selected weights, or a message that says what is missing.

    `choice` is a LossChoice, whose combo boxes are above the plot, or None.
    """

    def __init__(
        self,
        view: LossView,
        document: Document,
        selection: Selection,
        derived: Derived,
        choice: LossChoice | None = None,
    ) -> None:
        super().__init__(view.title, view.phrase, view.ending)
        self.view, self.plane, self._document, self._selection = view, view.plane, document, selection
        self._gestures = itertools.count()
        self._end_gesture()
        self.work = Slicer(self, lambda: view.compute(document.state, derived.known_slopes), self._show)
        self.pages, self.caption = Pages(self), Caption(view.caption_lines, view.tip)
        self.pages.addWidget(PlotPage(self.plane, self.caption))
        self.choice = choice
        if choice:
            self.body.insertWidget(0, choice)
            choice.refresh()  # only now, since a visible widget without parent is a window
            self.add_button(choice.button)
        self.plane.point_moved.connect(self._set)
        self.plane.point_nudged.connect(self._nudge)
        self.plane.gesture_ended.connect(self._end_gesture)
        document.state_changed.connect(self._follow)
        selection.address_changed.connect(self._choose)
        self._choose()

    @property
    def plot(self) -> LossPlane | None:  # noqa: D102
        return self.plane if self.pages.plot_visible and self.plane.plotItem.isVisible() else None

    # --- updating

    def _choose(self) -> None:
        """Plot the loss over the selected weights."""
        network, chosen = self._document.state.network, self._selection.weights[: self.view.wanted]
        self._end_gesture()
        weights = (weight for weight in chosen if weight and network.has(weight))
        self.view.choose(tuple(dict.fromkeys(weights)))
        self.work.stop()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        if old.network.sizes != new.network.sizes or not all(
            new.network.has(weight) for weight in self.view.weights
        ):
            self._choose()
        elif any(getattr(old, part) is not getattr(new, part) for part in SOURCES):
            self._begin()

    def _begin(self) -> None:
        """Start to compute the plot, or show a message that says what is missing."""
        state = self._document.state
        self.plane.show_measure(state.measure.title)
        self.setAccessibleName(self.plane.accessibleName())
        missing = "" if len(self.view.weights) == self.view.wanted else self.view.hint(state)
        if not state.trainable:
            no_targets = not len(state.data) or state.data.targets is None
            missing = NEEDS_ROWS.format(loss=state.measure.phrase) if no_targets else NO_TRAINING_ROWS
        if missing:
            self.work.stop()
            self.pages.show_sentence(missing)
        elif self.isVisible():
            self.work.restart(APART_MS if state.run else FRAME_MS)

    def _show(self) -> bool:
        """Show the result. Return whether it is of the present State."""
        self.pages.plot_visible = True
        is_current, caption = self.view.draw(self._document.state)
        self.caption.setText(caption)
        return is_current

    # --- changing the weights

    def _nudge(self, right: int, up: int, size: str) -> None:
        steps = (right + up,) if self.view.wanted == 1 else (right, up)
        network = self._document.state.network
        weights = zip(self.view.weights, steps, strict=True)
        self._set(*(moved_by_steps(network.value_of(weight), step, size) for weight, step in weights))

    def _set(self, *values: float) -> None:
        """Set the values of the weights; the changes of one gesture are one undo entry."""
        pairs = list(zip(self.view.weights, values, strict=False))  # a curve's point has no second weight
        names = " and ".join(self._document.state.network.name_of(weight) for weight in self.view.weights)
        self._document.edit(f"Set {names}", _with_values, pairs, merge=(id(self), self._gesture))

    def _end_gesture(self) -> None:
        self._gesture = next(self._gestures)

    # --- events

    def showEvent(self, event: QShowEvent) -> None:
        """Update the plot if something changed while the panel was hidden."""
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing while the panel is hidden."""
        super().hideEvent(event)
        self.work.stop()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.plane.set_palette(colours())
        if self.pages.plot_visible:
            self._show()


class PlotPage(QWidget):
    """A page with a plot and its caption. The caption is below the plot, or beside it if the page is wide."""

    def __init__(self, plane: LossPlane, caption: QLabel) -> None:
        super().__init__()
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(plane, PLOT_SHARE)
        self._box.addWidget(caption)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the caption beside the plot if the page is wide, else below the plot."""
        super().resizeEvent(event)
        is_wide = self.width() >= WIDE * self.height()
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)
        self._box.setStretch(1, CAPTION_SHARE if is_wide else 0)
        self._box.setSpacing(12 if is_wide else 4)


def _with_values(state: State, values: Iterable[tuple[Address, float]]) -> State:
    for weight, value in values:
        state = set_value(state, weight, value)
    return state
