"""What the walk says of a step: whose it is, its arithmetic, and which numbers of the diagram that uses.

Knows nothing of time and of where anything stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from nnviz.core.address import Address, column_title
from nnviz.core.explanation.arithmetic import Line, Note
from nnviz.core.explanation.mean import averaged_losses_line, averaged_slopes_line, rows_of, update_lines
from nnviz.core.explanation.node import backward_lines, forward_lines, loss_lines, row_loss_line
from nnviz.core.explanation.scene import Scene
from nnviz.core.explanation.weight import slope_line
from nnviz.core.network import Network
from nnviz.core.results import Computed
from nnviz.core.state import State
from nnviz.document.walk.walk import Phase, Step

MOST_LINES = 7
"""Of a node with more weights so many are told, and how many more there are."""
ONE_ROW = "the mean of one row is that row's slope, so all slopes stay"
TAKEN = "this is one update"
COMPUTING = "computing …"


class Saying(NamedTuple):
    """One line as it stands: in pieces, between which it may be broken, and which come one by one."""

    pieces: tuple[str, ...]
    aside: bool = False
    """Whether it is a remark beside the arithmetic."""

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(self.pieces)

    def in_short(self) -> Saying:
        """Return the same with an ellipsis for all but the first piece and the last."""
        return self if len(self.pieces) < 4 else Saying((self.pieces[0], " …", self.pieces[-1]), self.aside)


@dataclass(frozen=True)
class Words:
    """What is said of a step. `subject` are the nodes or edges it speaks of, `uses` the numbers in it.

    What is said `elsewhere`, too, is not worth a number that it would cover.
    """

    title: str
    sayings: tuple[Saying, ...]
    subject: tuple[Address, ...] = ()
    uses: frozenset[Address] = frozenset()
    elsewhere: bool = False

    @property
    def text(self) -> str:
        """All of it on one line, as a screen reader says it."""
        said = "; ".join(saying.text for saying in self.sayings)
        return f"{self.title}: {said}" if self.title and said else self.title or said

    def first(self, count: int) -> Words:
        """Return the same with so many lines, and no remark but how many more there are."""
        lines = [saying for saying in self.sayings if not saying.aside]
        more = [Saying((f"and {len(lines) - count} more",), aside=True)] if len(lines) > count else []
        return replace(self, sayings=(*lines[:count], *more)) if lines else self

    def in_short(self) -> Words:
        """Return the same with the first term of each line and what it comes to."""
        return replace(self, sayings=tuple(saying.in_short() for saying in self.sayings))


NOTHING = Words("", ())


def invitation(phase: Phase) -> Words:
    """Return what to do next where a person has asked for a phase."""
    next_ = Saying(("press Space to play, ", "or . (full stop) for one step"), aside=True)
    return Words(phase.capitalize(), (next_,), elsewhere=True)


def of_layer(step: Step, network: Network) -> str:
    """Return what is said where a step is that of a whole layer."""
    title = column_title(step.layer + 1, len(network.layers))
    does = {"backward": "slopes of the nodes", "slopes": "slopes of the weights", "mean": "mean slopes"}
    return f"{title}: {does.get(step.deed, step.deed)}"


@np.errstate(all="ignore")  # what is too large for a number is written as infinite
def words(
    state: State, computed: Computed, step: Step, loss: float | None, short: Callable[[str], str] = str
) -> Words:
    """Return what is said of `step`; `short` makes a name fit. `loss` is over all rows, once it is known."""
    if computed.trace is None:
        return NOTHING
    scene = Scene(state.network, state.measure, computed.trace, computed.slopes, computed.targets(state))
    told = _Told(state, computed, scene, short)
    if step.deed == "taken":
        return Words("All weights", (Saying(("change to their new values at once; ", TAKEN), aside=True),))
    if step.deed == "losses":
        return told.losses(step, loss)
    if step.deed in ("forward", "loss", "backward"):
        return told.node(step)
    return told.edges(step)


class _Told(NamedTuple):
    state: State
    computed: Computed
    scene: Scene
    short: Callable[[str], str]

    def name(self, layer: int, node: int) -> str:
        return self.short(self.scene.name(layer, node))

    def edge(self, address: Address) -> str:
        node = self.name(address.layer, address.node)
        if address.kind == "bias":
            return f"bias of {node}"
        return f"{self.name(address.layer - 1, address.source)} → {node}"

    def node(self, step: Step) -> Words:
        """Tell of a node: its z and a, its error, or its slope."""
        at = Address("node", step.layer, step.node)
        extra: tuple[Address, ...] = ()
        if step.deed == "forward":
            lines: Sequence[Line | Note] = forward_lines(self.scene, *at[1:3])
        elif step.deed == "loss":
            lines = loss_lines(self.scene, step.node)[:2]
            extra = (at._replace(kind="target"), at._replace(kind="error"))
        else:
            lines = backward_lines(self.scene, *at[1:3])
        return Words(self.name(*at[1:3]), tuple(map(_said_or_noted, lines)), (at,), _used(lines, extra))

    def losses(self, step: Step, loss: float | None) -> Words:
        """Tell of the loss over all rows."""
        outputs = [Address("node", step.layer, node) for node in range(len(self.scene.network.outputs))]
        title = self.name(step.layer, 0) if len(outputs) == 1 else f"all {len(outputs)} outputs"
        lines = [row_loss_line(self.scene)] if len(outputs) > 1 else []
        if loss is None:
            sayings = [*map(_said, lines), Saying((COMPUTING,), aside=True)]
        else:
            lines.append(averaged_losses_line(self.state, loss, self.computed.whole))
            sayings = [*map(_said, lines)]
        if len(self.state.data) == 1:
            sayings.append(Saying(("the mean over all rows: ", "there is one"), aside=True))
        errors = (output._replace(kind="error") for output in outputs)
        return Words(title, tuple(sayings), tuple(outputs), _used(lines, errors))

    def edges(self, step: Step) -> Words:
        """Tell of the weights that feed a node, and of its bias: their slopes, the means, the new values."""
        network, means = self.scene.network, self.computed.update
        if step.deed == "mean" and len(self.state.data) == 1:
            return Words("All weights", (Saying((ONE_ROW,), aside=True),))
        sources = range(network.sizes[step.layer])
        edges = [Address("weight", step.layer, step.node, source) for source in sources]
        if network.layers[step.layer].biases is not None:
            edges.append(Address("bias", step.layer, step.node))
        more = len(edges) - MOST_LINES if len(edges) > MOST_LINES + 1 else 0
        edges = edges[: len(edges) - more]
        if step.deed != "slopes" and means is None:
            return Words(self.edge(edges[0]), (Saying((COMPUTING,), aside=True),), tuple(edges))
        lines, sign = [self._line(step, edge) for edge in edges], " ← " if step.deed == "update" else " = "
        sayings = [_said(line, sign, breaks=True) for line in lines]
        if more:
            sayings.append(Saying((f"and {more:,} more",), aside=True))
        sayings += [Saying(tuple(remark), aside=True) for remark in self._remarks(step)]
        slopes = (edge._replace(kind="slope") for edge in edges if edge.kind == "weight")
        return Words("", tuple(sayings), tuple(edges), _used(lines, slopes))

    def _line(self, step: Step, edge: Address) -> Line:
        means = self.computed.update
        if step.deed == "slopes":
            line = slope_line(self.scene, edge)
        elif step.deed == "mean":
            assert means is not None
            line = averaged_slopes_line(self.state, means, edge)
        else:
            assert means is not None
            line = replace(update_lines(self.state, edge, means.slopes.of(edge))[-1], label=edge.symbol)
        return replace(line, label=f"{self.edge(edge)}: {line.label}")

    def _remarks(self, step: Step) -> Iterator[list[str]]:
        first = (step.layer, step.node) == (len(self.scene.network.layers) - 1, 0)
        if step.deed == "slopes":
            yield ["slope = value at its start", " · slope at its end"]
        elif step.deed == "update" and first and self.state.is_watched:
            yield ["an update of nnviz's own,", " by the settings in Training"]
        elif step.deed == "mean" and first:
            assert self.computed.update is not None
            rows = rows_of(self.state, self.computed.update)
            yield ["from here on the diagram shows means", f" over {rows}"]


def _said_or_noted(line: Line | Note) -> Saying:
    return Saying((line.text,), aside=True) if isinstance(line, Note) else _said(line)


def _said(line: Line, equals: str = " = ", *, breaks: bool = False) -> Saying:
    """Return a line with its label, `z = 3·2 + 5·4 = 26`, in pieces that begin with a sign between terms.

    `breaks`: also after the label.
    """
    sign = " " if line.arithmetic.startswith("≈") else equals
    pieces = [line.label, sign] if breaks else [line.label + sign]
    for k, piece in enumerate(line.written.pieces):
        if k and piece.text[0] == " " and piece.text[1:2] != "[":
            pieces.append(piece.text)
        else:
            pieces[-1] += piece.text
    return Saying(tuple(pieces))


def _used(lines: Iterable[Line | Note], extra: Iterable[Address] = ()) -> frozenset[Address]:
    """Return what the numbers of some lines stand for on the diagram."""
    used = set(extra)
    for piece in (piece for line in lines if isinstance(line, Line) for piece in line.written.pieces):
        at = piece.address
        if at is None:
            continue
        used.add(at)
        if piece.slope:
            used.add(at._replace(kind="slope" if at.kind == "weight" else "node_slope"))
    return frozenset(used)
