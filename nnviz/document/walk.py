"""The walk: the steps of one training iteration (forward, loss, backward, update) and their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.address import Address, Kind, column_title
from nnviz.core.network import Network
from nnviz.core.results import BLANK, Computed
from nnviz.core.state import State
from nnviz.explain.lines import Line, Note, Scene
from nnviz.explain.mean import loss_lines_over_rows, mean_line, rows_phrase, update_lines
from nnviz.explain.node import backward_lines, forward_lines, loss_lines, row_loss_line, slope_line

MOST_LINES = 7
"""Largest number of weights that a node's text lists. A last line says how many more there are."""


class TextLine(NamedTuple):
    """One line of text in pieces, which appear one by one. The line may be broken between two pieces."""

    pieces: tuple[str, ...]
    is_remark: bool = False
    """Whether the line is a remark, not a calculation."""

    @property
    def text(self) -> str:
        """The line as one text."""
        return "".join(self.pieces)

    def shorten(self) -> TextLine:
        """Return the line with an ellipsis in place of the middle pieces."""
        short = (self.pieces[0], " …", self.pieces[-1])
        return self if len(self.pieces) < 4 else TextLine(short, self.is_remark)


@dataclass(frozen=True)
class StepText:
    """The text of a step of a walk, which shows one training iteration step by step.

    `subject` holds the addresses of the step's nodes or edges. `used_numbers` holds the addresses of the
    numbers in the text. If `is_shown_elsewhere` is true, another part of the window also shows the text, so
    the diagram leaves the text out if it has no free room.
    """

    title: str
    text_lines: tuple[TextLine, ...]
    subject: tuple[Address, ...] = ()
    used_numbers: frozenset[Address] = frozenset()
    is_shown_elsewhere: bool = False

    @property
    def text(self) -> str:
        """The text on one line, for a screen reader."""
        lines = "; ".join(saying.text for saying in self.text_lines)
        return f"{self.title}: {lines}" if self.title and lines else self.title or lines

    def limit_lines(self, count: int) -> StepText:
        """Return the text with at most `count` lines of calculation.

        If lines are left out, a last line says how many. All remarks are left out, but a text that consists
        only of remarks does not change.
        """
        lines = [saying for saying in self.text_lines if not saying.is_remark]
        more = [_remark(f"and {len(lines) - count} more")] if len(lines) > count else []
        return replace(self, text_lines=(*lines[:count], *more)) if lines else self

    def blank(self) -> StepText:
        """Return the text with a blank in place of all lines."""
        return replace(self, text_lines=(TextLine((BLANK,)),), used_numbers=frozenset())

    def shorten(self) -> StepText:
        """Return the text with each line shortened to its first piece, an ellipsis and its result."""
        return replace(self, text_lines=tuple(saying.shorten() for saying in self.text_lines))


NO_TEXT = StepText("", ())


def phase_prompt(phase: Phase) -> StepText:
    """Return the text that names a phase and says which keys play it."""
    keys = _remark("press Space to play, ", "or . (full stop) for one step")
    return StepText(phase.capitalize(), (keys,), is_shown_elsewhere=True)


def layer_text(step: WalkStep, network: Network) -> str:
    """Return the name of a layer and what the step computes: "Hidden layer 1: slopes of the weights".

    The text is for an animation that goes layer by layer. `step` is the step of any node of the layer.
    """
    title = column_title(step.layer + 1, len(network.layers))
    parts = {"backward": "slopes of the nodes", "slopes": "slopes of the weights", "mean": "mean slopes"}
    return f"{title}: {parts.get(step.deed, step.deed)}"


@np.errstate(all="ignore")  # an overflow is written as infinite
def step_text(
    state: State, computed: Computed, step: WalkStep, short: Callable[[str], str] = str
) -> StepText:
    """Return the text of one step of the walk (the animation of one update); `short` shortens node names."""
    if (scene := Scene.of(state, computed)) is None:
        return NO_TEXT
    writer = _StepWriter(state, computed, scene, short)
    if step.deed == "taken":
        line = _remark("all new values are set together; ", "the update is complete")
        return StepText("All weights", (line,))
    if step.deed == "losses":
        return writer.losses(step)
    if step.deed in ("forward", "loss", "backward"):
        return writer.node(step)
    return writer.edges(step)


class _StepWriter(NamedTuple):
    state: State
    computed: Computed
    scene: Scene
    short: Callable[[str], str]

    def name_of(self, address: Address) -> str:
        return self.scene.network.name_of(address, self.short)

    def node(self, step: WalkStep) -> StepText:
        """Return the text of a step that computes a node's z and a, a node's error or a node's slope."""
        at = Address("node", step.layer, step.node)
        extra: tuple[Address, ...] = ()
        if step.deed == "forward":
            lines: Sequence[Line | Note] = forward_lines(self.scene, *at[1:3])
        elif step.deed == "loss":
            lines = loss_lines(self.scene, step.node)[:2]
            extra = (at._replace(kind="target"), at._replace(kind="error"))
        else:
            lines = backward_lines(self.scene, *at[1:3])
        return StepText(self.name_of(at), tuple(map(_line_or_note, lines)), (at,), _used(lines, extra))

    def losses(self, step: WalkStep) -> StepText:
        """Return the text of the loss over all rows."""
        outputs = [Address("node", step.layer, node) for node in range(len(self.scene.network.outputs))]
        title = self.name_of(outputs[0]) if len(outputs) == 1 else f"all {len(outputs)} outputs"
        lines: list[Line | Note] = [row_loss_line(self.scene)] if len(outputs) > 1 else []
        lines += loss_lines_over_rows(self.state, self.computed.means)
        sayings = [*map(_line_or_note, lines)]
        if len(self.state.data) == 1:
            sayings.append(_remark("there is one row, ", "so its loss is the mean loss"))
        errors = (output._replace(kind="error") for output in outputs)
        return StepText(title, tuple(sayings), tuple(outputs), _used(lines, errors))

    def edges(self, step: WalkStep) -> StepText:
        """Return the text of a step at a node's weights and bias: the slopes, mean slopes, or new values."""
        network, means = self.scene.network, self.computed.update
        if step.deed == "mean" and len(self.state.data) == 1:
            return StepText("All weights", (_remark("there is one row, so its slopes are the mean slopes"),))
        sources = range(network.sizes[step.layer])
        edges = [Address("weight", step.layer, step.node, source) for source in sources]
        if network.layers[step.layer].biases is not None:
            edges.append(Address("bias", step.layer, step.node))
        more = len(edges) - MOST_LINES if len(edges) > MOST_LINES + 1 else 0
        edges = edges[: len(edges) - more]
        if step.deed != "slopes" and means is None:
            return StepText(self.name_of(edges[0]), (_remark("computing …"),), tuple(edges))
        lines, sign = [self._line(step, edge) for edge in edges], " ← " if step.deed == "update" else " = "
        sayings = [_line_pieces(line, sign, breaks=True) for line in lines]
        if more:
            sayings.append(_remark(f"and {more:,} more"))
        sayings += self._remarks(step)
        slopes = (edge._replace(kind="slope") for edge in edges if edge.kind == "weight")
        return StepText("", tuple(sayings), tuple(edges), _used(lines, slopes))

    def _line(self, step: WalkStep, edge: Address) -> Line:
        means = self.computed.update
        if step.deed == "slopes":
            line: Line | Note = slope_line(self.scene, edge)
        elif step.deed == "mean":
            line = mean_line(self.state, means, edge)
        else:
            assert means is not None
            frozen = " (frozen)" if self.state.freezing(edge) else ""
            line = update_lines(self.state, edge, means.slopes.slope(edge))[-1]
            line = replace(line, label=f"{edge.symbol}{frozen}")
        assert isinstance(line, Line)
        return replace(line, label=f"{self.name_of(edge)}: {line.label}")

    def _remarks(self, step: WalkStep) -> Iterator[TextLine]:
        first = (step.layer, step.node) == (len(self.scene.network.layers) - 1, 0)
        if step.deed == "slopes":
            penalty = [" + slope of the penalty"] if self.scene.penalty else []
            yield _remark("slope = start node's value", " · end node's slope", *penalty)
        elif step.deed == "update" and first and self.state.is_watched:
            yield _remark("nnviz computes this update", " with the settings in Training")
        elif step.deed == "mean" and first:
            assert self.computed.update is not None
            rows = rows_phrase(self.state, self.computed.update)
            yield _remark("from now on the diagram shows", f" mean slopes over {rows}")


def _remark(*pieces: str) -> TextLine:
    return TextLine(pieces, is_remark=True)


def _line_or_note(line: Line | Note) -> TextLine:
    return _remark(line.text) if isinstance(line, Note) else _line_pieces(line)


def _line_pieces(line: Line, equals: str = " = ", *, breaks: bool = False) -> TextLine:
    """Return a line such as `z = 3·2 + 5·4 = 26` in pieces; a piece begins at each sign between terms.

    If `breaks` is true, a piece also begins after the label `z`.
    """
    sign = " " if line.arithmetic.startswith("≈") else equals
    pieces = [line.label, sign] if breaks else [line.label + sign]
    for k, piece in enumerate(line.written.pieces):
        if k and piece.text[0] == " " and piece.text[1:2] != "[":
            pieces.append(piece.text)
        else:
            pieces[-1] += piece.text
    return TextLine(tuple(pieces))


def _used(lines: Iterable[Line | Note], extra: Iterable[Address] = ()) -> frozenset[Address]:
    """Return the addresses on the diagram whose numbers appear in these lines, and those in `extra`."""
    used = set(extra)
    for piece in (piece for line in lines if isinstance(line, Line) for piece in line.written.pieces):
        if at := piece.address:
            used.add(at)
        if at and piece.slope:
            used.add(at._replace(kind="slope" if at.kind == "weight" else "node_slope"))
    return frozenset(used)


Phase: TypeAlias = Literal["forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "update")

ARRIVAL_SHARE = 0.5
"""In the animation of a step, the values on the edges reach the node after this fraction of the time."""

MANY_STEPS = 100
"""A walk (a training iteration, step by step) with more steps goes layer by layer, not node by node."""

Deed: TypeAlias = Literal["forward", "loss", "losses", "backward", "slopes", "mean", "update", "taken"]
_DEEDS: dict[Phase, tuple[Deed, ...]] = {
    "forward": ("forward",),
    "loss": ("loss", "losses"),
    "backward": ("backward", "slopes"),
    "update": ("mean", "update", "taken"),
}
_PHASE_OF = {deed: phase for phase, deeds in _DEEDS.items() for deed in deeds}
_DEED_FOR: dict[Kind, Deed] = {
    "z": "forward",
    "value": "forward",
    "share": "forward",
    "badge": "forward",
    "error": "loss",
    "node_slope": "backward",
    "slope": "slopes",
}
"""Map of a kind of number to the step that computes the number; all other kinds exist from the start."""


class WalkStep(NamedTuple):
    """One step of the walk (the animation of one update), at one node of a layer.

    `deed` says what the step computes:

    ========== ==================================================================================
    forward    z and a of the node
    loss       the error of an output and its term of the row's loss
    losses     the mean of the rows' losses: one step for the whole network
    backward   the slope of the node
    slopes     the slopes of the node's incoming weights and bias
    mean       the mean slopes of these weights and the bias over the rows of the update
    update     the new values of the node's incoming weights and bias
    taken      all weights take their new values: one step for the whole network
    ========== ==================================================================================

    If the data has one row, `mean` is one step for the whole network.
    """

    deed: Deed
    layer: int
    node: int

    @property
    def phase(self) -> Phase:
        """The phase of the step."""
        return _PHASE_OF[self.deed]


class Walk:
    """All steps of one training iteration of a network with layers of these `sizes`, inputs first.

    `rows` is the number of rows of the data. A position is the number of steps done, from 0 to `len(walk)`.
    The weights are updated at the end.
    """

    def __init__(self, sizes: tuple[int, ...], phases: tuple[Phase, ...] = PHASES, rows: int = 1) -> None:
        self.phases = phases
        self.one_row = rows <= 1
        """Whether the data has at most one row, so that the mean slopes are the slopes of that row."""
        self.steps = [step for step in self._all_steps(sizes) if step.phase in phases]
        self._done = {step: k for k, step in enumerate(self.steps)}
        self.starts = {step.phase: k for k, step in reversed([*enumerate(self.steps)])}
        """The position (number of steps done) at which each phase begins."""
        layers = [step[:2] for step in self.steps]
        self.layer_starts = [k for k, layer in enumerate(layers) if k == 0 or layer != layers[k - 1]]
        """The positions (numbers of steps done) at which the steps of a layer begin."""

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

    def phase_end(self, position: int) -> int:
        """Return the position (number of steps done) at the end of the current phase.

        The current phase is the phase of the next step after `position` steps.
        """
        return self.next_of(self.starts.values(), position)

    def next_of(self, starts: Iterable[int], position: int) -> int:
        """Return the first of the positions `starts` after `position`, or else the walk's end."""
        return min((start for start in starts if start > position), default=len(self))

    def of_all_weights(self, step: WalkStep) -> bool:
        """Return whether `step` is one step for all weights of the network."""
        return step.deed == "taken" or (step.deed == "mean" and self.one_row)

    def done(self, step: WalkStep, position: int) -> bool:
        """Return whether `step` is one of the first `position` steps of the walk."""
        return self._done.get(step, position) < position


@dataclass(frozen=True, eq=False)
class WalkProgress:
    """The progress of a walk, which shows one training iteration step by step.

    The first `position` steps are done, and the next steps, up to `goal`, are in progress. If the walk is not
    `active`, the diagram shows all values. `playing` says whether the next step begins by itself. With
    `by_layer`, a step animates a layer, not a node. `chosen_position` is the start of the phase that the user
    chose.
    """

    walk: Walk
    active: bool = False
    position: int = 0
    goal: int = 0
    playing: bool = False
    by_layer: bool = False
    chosen_position: int = 0

    @property
    def moving(self) -> tuple[WalkStep, ...]:
        """The steps in progress: the step of one node, or the steps of a whole layer."""
        return tuple(self.walk.steps[self.position : self.goal])

    @property
    def is_waiting(self) -> bool:
        """Whether the animation of an update waits at the start of a phase that the user chose."""
        return self.active and self.goal == self.position == self.chosen_position

    @property
    def described_steps(self) -> tuple[WalkStep, ...]:
        """The steps in progress or, if no step is in progress, the last steps: of one node or one layer."""
        if self.moving or not self.active or self.is_waiting or self.position == 0:
            return self.moving
        return tuple(self.walk.steps[self.step_before : self.position])

    @property
    def phase(self) -> Phase:
        """The phase that the diagram shows: the phase in progress, or else the phase done last."""
        if not self.active:
            return "forward"
        begun = self.goal > self.position or self.position == self.chosen_position
        step = self.position if begun else max(self.position - 1, 0)
        return self.walk.steps[min(step, len(self.walk) - 1)].phase

    @property
    def shows_slopes(self) -> bool:
        """Whether the diagram shows slopes, computed or still empty: in the phases backward and update."""
        return self.active and self.phase in ("backward", "update")

    @property
    def mean_over_rows(self) -> bool:
        """Whether the diagram shows mean slopes over rows: in the phase update, after its first step."""
        return self.active and self.phase == "update" and self.position > self.walk.starts["update"]

    def shows(self, address: Address) -> bool:
        """Return whether the animation of an update has already computed the number at `address`."""
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
        """The position one step back or, if the animation goes layer by layer, one layer back."""
        return max(start for start in self._starts if start < self.position)

    @property
    def phase_start(self) -> int:
        """The position (number of steps done) at the start of the phase.

        If the animation is already at this start, the position is the start of the previous phase.
        """
        return max((start for start in self.walk.starts.values() if start < self.position), default=0)

    def at(self, position: int) -> WalkProgress:
        """Return the progress with `position` steps done and no step in progress."""
        return replace(self, active=True, position=position, goal=position)

    def at_phase(self, phase: Phase) -> WalkProgress:
        """Return the progress at the start of `phase`, which the user chose."""
        start = self.walk.starts[phase]
        return replace(self.at(start), chosen_position=start)

    def in_next_step(self) -> WalkProgress:
        """Return the progress in the next step or, if the walk goes layer by layer, in the next layer."""
        return replace(self, goal=self.walk.next_of(self._starts, self.position), chosen_position=0)

    def ended(self) -> WalkProgress:
        """Return the progress of the walk when it is not active, so that the diagram shows all values."""
        return replace(self, active=False, position=0, goal=0)

    @property
    def whole_layers(self) -> bool:
        """Whether the walk (the animation of one update) goes layer by layer, not node by node."""
        return self.by_layer or len(self.walk) > MANY_STEPS

    @property
    def _starts(self) -> Sequence[int]:
        """The positions at which the steps, or the layers, begin."""
        return self.walk.layer_starts if self.whole_layers else range(len(self.walk))


NO_WALK = WalkProgress(Walk((1, 1)))
