"""Which lines of a program are about what: about a node or an edge, and about where the walk is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from nnviz.core.address import Address
from nnviz.document.walk.walk import Phase, Progress, Step
from nnviz.files.code.program import Deed, Line
from nnviz.ui.code.highlighter import Word, words

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

    def __init__(self, lines: Sequence[Line]) -> None:
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

    def of(self, lines: Sequence[Line]) -> Lines:
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

    def _of_step(self, step: Step, of_all: bool) -> set[int]:
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


def pointed_at(lines: Sequence[Line], line: int, column: int) -> Pointed | None:
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


def _kinds(lines: Sequence[Line]) -> list[tuple[str | None, tuple[Address, ...]]]:
    return [(line.deed, line.addresses) for line in lines]


def _end(address: Address) -> Address:
    return Address("node", address.layer, address.node)


def _selectable(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return nodes, weights and biases; several weights of one node after the node itself."""
    ends = tuple(dict.fromkeys(map(_end, addresses)))
    if not addresses[0].is_number:
        return ends
    return addresses if len(ends) > 1 or len(addresses) == 1 else (*ends, *addresses)
