"""What is drawn of the loss over weights, and the words that its views share.

Knows nothing of the panel that asks for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.ui.loss.plane import LossPlane


class LossView(ABC):
    """The loss over the `weights` that are chosen, drawn on a plane.

    =============== ======================================================================
    `title`         the heading of its panel
    `what`          what it is called in a sentence
    `ending`        what its file is called behind the name of the network
    `tip`           what its caption says, in general
    `wanted`        how many weights it is over
    `caption_lines` how many lines its caption has at most, so that the plot keeps its height
    =============== ======================================================================
    """

    title: str
    what: str
    ending: str
    tip: str
    wanted: int
    caption_lines: int

    _known: object = None
    """What is known of the loss over the weights, which may be that of another State."""
    _drawn: object = None
    """What of it is drawn."""

    def __init__(self, plane: LossPlane) -> None:
        self.plane = plane
        self.weights: tuple[Address, ...] = ()

    def choose(self, weights: tuple[Address, ...]) -> None:
        """Begin anew with these weights."""
        self.weights = weights
        self._known = self._drawn = None

    @abstractmethod
    def hint(self, state: State) -> str:
        """Return how to choose the weights that are missing."""

    @abstractmethod
    def find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find what is to be drawn, a unit of work at a time; `slopes` over all rows, if they are known."""

    @abstractmethod
    def draw(self, state: State) -> tuple[bool, str]:
        """Draw what is known. Return whether it is of `state`, and a caption as rich text."""


def axis_name(network: Network, weight: Address) -> str:
    """Return "w (accounts → node_0)", or "b (node_0)" for a bias."""
    name = network.layers[weight.layer].nodes[weight.node] if weight.kind == "bias" else weight.name(network)
    return f"{weight.symbol} ({name})"
