"""The steps of the walk through a network (forward, loss, backward, update), and their sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from nnviz.core.address import Address, Kind, column_title
from nnviz.core.network import Network
from nnviz.core.results import Computed
from nnviz.core.state import State
from nnviz.explain.lines import Line, Note, Scene
from nnviz.explain.mean import averaged_losses_line, averaged_slopes_line, rows_of, update_lines
from nnviz.explain.node import backward_lines, forward_lines, loss_lines, row_loss_line, slope_line

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
class StepWords:
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

    def first(self, count: int) -> StepWords:
        """Return the same with so many lines, and no remark but how many more there are."""
        lines = [saying for saying in self.sayings if not saying.aside]
        more = [Saying((f"and {len(lines) - count} more",), aside=True)] if len(lines) > count else []
        return replace(self, sayings=(*lines[:count], *more)) if lines else self

    def in_short(self) -> StepWords:
        """Return the same with the first term of each line and what it comes to."""
        return replace(self, sayings=tuple(saying.in_short() for saying in self.sayings))


NOTHING = StepWords("", ())


def invitation(phase: Phase) -> StepWords:
    """Return what to do next where a person has asked for a phase."""
    next_ = Saying(("press Space to play, ", "or . (full stop) for one step"), aside=True)
    return StepWords(phase.capitalize(), (next_,), elsewhere=True)


def of_layer(step: WalkStep, network: Network) -> str:
    """Return what is said where a step is that of a whole layer."""
    title = column_title(step.layer + 1, len(network.layers))
    does = {"backward": "slopes of the nodes", "slopes": "slopes of the weights", "mean": "mean slopes"}
    return f"{title}: {does.get(step.deed, step.deed)}"


@np.errstate(all="ignore")  # what is too large for a number is written as infinite
def words(
    state: State, computed: Computed, step: WalkStep, loss: float | None, short: Callable[[str], str] = str
) -> StepWords:
    """Return what is said of `step`; `short` makes a name fit. `loss` is over all rows, once it is known."""
    if computed.trace is None:
        return NOTHING
    scene = Scene(state.network, state.measure, computed.trace, computed.slopes, computed.targets(state))
    told = _Told(state, computed, scene, short)
    if step.deed == "taken":
        return StepWords(
            "All weights", (Saying(("change to their new values at once; ", TAKEN), aside=True),)
        )
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

    def node(self, step: WalkStep) -> StepWords:
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
        return StepWords(self.name(*at[1:3]), tuple(map(_said_or_noted, lines)), (at,), _used(lines, extra))

    def losses(self, step: WalkStep, loss: float | None) -> StepWords:
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
        return StepWords(title, tuple(sayings), tuple(outputs), _used(lines, errors))

    def edges(self, step: WalkStep) -> StepWords:
        """Tell of the weights that feed a node, and of its bias: their slopes, the means, the new values."""
        network, means = self.scene.network, self.computed.update
        if step.deed == "mean" and len(self.state.data) == 1:
            return StepWords("All weights", (Saying((ONE_ROW,), aside=True),))
        sources = range(network.sizes[step.layer])
        edges = [Address("weight", step.layer, step.node, source) for source in sources]
        if network.layers[step.layer].biases is not None:
            edges.append(Address("bias", step.layer, step.node))
        more = len(edges) - MOST_LINES if len(edges) > MOST_LINES + 1 else 0
        edges = edges[: len(edges) - more]
        if step.deed != "slopes" and means is None:
            return StepWords(self.edge(edges[0]), (Saying((COMPUTING,), aside=True),), tuple(edges))
        lines, sign = [self._line(step, edge) for edge in edges], " ← " if step.deed == "update" else " = "
        sayings = [_said(line, sign, breaks=True) for line in lines]
        if more:
            sayings.append(Saying((f"and {more:,} more",), aside=True))
        sayings += [Saying(tuple(remark), aside=True) for remark in self._remarks(step)]
        slopes = (edge._replace(kind="slope") for edge in edges if edge.kind == "weight")
        return StepWords("", tuple(sayings), tuple(edges), _used(lines, slopes))

    def _line(self, step: WalkStep, edge: Address) -> Line:
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

    def _remarks(self, step: WalkStep) -> Iterator[list[str]]:
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


Phase: TypeAlias = Literal["forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "update")

ARRIVED = 0.5
"""The part of a step's time after which what travels along the edges has arrived, and is added up."""

MANY_STEPS = 100
"""A round with more steps than this is walked a layer at a time unless a person asks for nodes."""

Deed: TypeAlias = Literal["forward", "loss", "losses", "backward", "slopes", "mean", "update", "taken"]
_PHASE_OF: dict[Deed, Phase] = {
    "forward": "forward",
    "loss": "loss",
    "losses": "loss",
    "backward": "backward",
    "slopes": "backward",
    "mean": "update",
    "update": "update",
    "taken": "update",
}
_DEED_FOR: dict[Kind, Deed] = {
    "z": "forward",
    "value": "forward",
    "badge": "forward",
    "error": "loss",
    "node_slope": "backward",
    "slope": "slopes",
}
"""What computes a number; all others are there from the start."""


class WalkStep(NamedTuple):
    """What one step of the walk does to one node of a layer.

    ========== ==================================================================================
    forward    the node adds up its terms and applies its activation
    loss       an output's error and what it adds to the row's loss
    losses     the mean of the rows' losses: one step for the whole network
    backward   the node's slope
    slopes     the slopes of the weights that feed it, and of its bias
    mean       the means of these over the update's rows; of one row one step for the whole network
    update     the new values of the weights that feed it, and of its bias
    taken      all of them change to these at once: one step for the whole network
    ========== ==================================================================================
    """

    deed: Deed
    layer: int
    node: int

    @property
    def phase(self) -> Phase:
        """The phase that it belongs to."""
        return _PHASE_OF[self.deed]


class Walk:
    """All steps of one round for a network of `sizes` (inputs first), and which of them are whole layers.

    A position is the number of steps done, from 0 to `len(walk)`. Reaching the end takes the update.
    """

    def __init__(self, sizes: tuple[int, ...], phases: tuple[Phase, ...] = PHASES, rows: int = 1) -> None:
        self.phases = phases
        self.one_row = rows <= 1
        """Whether there is nothing to take a mean of: the mean slopes are the row's."""
        self.steps = [step for step in self._all_steps(sizes) if step.phase in phases]
        self._done = {step: k for k, step in enumerate(self.steps)}
        self._starts = {step.phase: k for k, step in reversed([*enumerate(self.steps)])}

    def _all_steps(self, sizes: tuple[int, ...]) -> Iterator[WalkStep]:
        def each(deed: Deed, layer: int) -> Iterator[WalkStep]:
            return (WalkStep(deed, layer, node) for node in range(sizes[layer + 1]))

        layers, last = range(len(sizes) - 1), len(sizes) - 2
        yield from chain.from_iterable(each("forward", layer) for layer in layers)
        yield from each("loss", last)
        yield WalkStep("losses", last, 0)
        for layer in reversed(layers):
            yield from each("backward", layer)
            yield from each("slopes", layer)
        if self.one_row:
            yield WalkStep("mean", last, 0)
        else:
            yield from chain.from_iterable(each("mean", layer) for layer in reversed(layers))
        yield from chain.from_iterable(each("update", layer) for layer in layers)
        yield WalkStep("taken", last, 0)

    def __len__(self) -> int:
        return len(self.steps)

    def start(self, phase: Phase) -> int:
        """Return the position at which `phase` begins."""
        return self._starts[phase]

    def phase_at(self, position: int) -> Phase:
        """Return the phase of the step that comes next at `position`, at the end the last phase."""
        return self.steps[min(position, len(self) - 1)].phase

    def phase_end(self, position: int) -> int:
        """Return the position at which the phase of the step that comes next at `position` is done."""
        phase = self.phase_at(position)
        return max(k for k, step in enumerate(self.steps) if step.phase == phase) + 1

    def layer_end(self, position: int) -> int:
        """Return the position after the layer whose step comes next at `position`."""
        step = self.steps[position]
        while position < len(self) and self.steps[position][:2] == step[:2]:
            position += 1
        return position

    def layer_start(self, position: int) -> int:
        """Return the position before the layer whose step was done last at `position`."""
        step = self.steps[position - 1]
        while position > 0 and self.steps[position - 1][:2] == step[:2]:
            position -= 1
        return position

    def of_all_weights(self, step: WalkStep) -> bool:
        """Tell whether `step` is about all weights at once."""
        return step.deed == "taken" or (step.deed == "mean" and self.one_row)

    def done(self, step: WalkStep, position: int) -> bool:
        """Tell whether `step` is done at `position`; a step of a phase that is not walked never is."""
        return self._done.get(step, position) < position


class Progress:
    """A walk and where it stands: `position` steps are done, those up to `goal` are in progress.

    Not `active`, the diagram shows all values.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.by_layer = False
        self.active = False
        self.position = self.goal = 0
        self._chosen = 0
        """Where a person chose to stand, at the start of a phase."""

    @property
    def moving(self) -> tuple[WalkStep, ...]:
        """The steps in progress: one node's, or a whole layer's."""
        return tuple(self.walk.steps[self.position : self.goal])

    @property
    def waits(self) -> bool:
        """Whether it stands at the start of a phase that a person asked for, and nothing is in progress."""
        return self.active and self.goal == self.position == self._chosen

    @property
    def told(self) -> tuple[WalkStep, ...]:
        """The steps in progress, else those done last, which may be read now: one node's, or a layer's."""
        if self.moving or not self.active or self.waits or self.position == 0:
            return self.moving
        return tuple(self.walk.steps[self.step_before : self.position])

    @property
    def phase(self) -> Phase:
        """The phase that is shown: the one in progress, or done last."""
        if not self.active:
            return "forward"
        begun = self.goal > self.position or self.position == self._chosen
        return self.walk.phase_at(self.position if begun else max(self.position - 1, 0))

    @property
    def shows_slopes(self) -> bool:
        """Whether slopes have a place on the diagram at present."""
        return self.active and self.phase in ("backward", "update")

    @property
    def mean_over_rows(self) -> bool:
        """Whether the slopes must be those that the update uses: from the end of the first mean on."""
        return self.active and self.phase == "update" and self.position > self.walk.start("update")

    def shows(self, address: Address) -> bool:
        """Tell whether the walk has come to the number at an address."""
        deed = _DEED_FOR.get(address.kind)
        if deed is None or address.layer < 0:
            return True
        if self.mean_over_rows and not self.walk.one_row and deed in ("backward", "slopes"):
            deed = "mean"
        if _PHASE_OF[deed] not in self.walk.phases:
            return False
        return self.walk.done(WalkStep(deed, address.layer, address.node), self.position)

    @property
    def step_before(self) -> int:
        """The position before the step, a node's or a layer's, that was done last."""
        return self.walk.layer_start(self.position) if self.whole_layers else self.position - 1

    @property
    def phase_start(self) -> int:
        """The start of the phase, or of the one before where it has just begun."""
        starts = [self.walk.start(phase) for phase in self.walk.phases]
        return max((start for start in starts if start < self.position), default=0)

    def stand_at(self, position: int) -> None:
        """Be active with so many steps done and none in progress."""
        self.active = True
        self.position = self.goal = position

    def choose(self, phase: Phase) -> None:
        """Stand at the start of `phase` because a person asked for it."""
        self._chosen = self.walk.start(phase)
        self.stand_at(self._chosen)

    def set_off(self) -> None:
        """Begin the next step: a node's, or a whole layer's."""
        self.goal = self.walk.layer_end(self.position) if self.whole_layers else self.position + 1
        self._chosen = 0

    def end(self) -> None:
        """Be active no longer."""
        self.active = False
        self.position = self.goal = 0

    @property
    def whole_layers(self) -> bool:
        """Whether a step is that of a whole layer."""
        return self.by_layer or len(self.walk) > MANY_STEPS


class Walking(Protocol):
    """Who moves a walk, as those who show it see them."""

    @property
    def progress(self) -> Progress:
        """Where the walk stands."""

    @property
    def t(self) -> float:
        """How far the step in progress is, from 0 to 1."""
