"""Which lines of a program are about what: about a node or an edge, and about where the walk is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from nnviz.core.address import Address
from nnviz.document.walk.walk import Progress
from nnviz.files.code.program import Line
from nnviz.ui.code.highlighter import numbers


class Lines:
    """The lines of a program, by what they compute or hold and by their phase."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._kinds = _kinds(lines)
        self.selects = {k: _selectable(line.addresses) for k, line in enumerate(lines) if line.addresses}
        """What clicks on a line select in turn, by its number from 0."""
        self._about: dict[Address, set[int]] = defaultdict(set)
        self._phases: dict[str | None, set[int]] = defaultdict(set)
        for k, line in enumerate(lines):
            self._phases[line.phase].add(k)
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
        """Return the lines of the phase, as far as there are some those of the nodes that the walk is at."""
        if not progress.active:
            return frozenset()
        phase = self._phases[progress.phase]
        nodes = {Address("node", step.layer, step.node) for step in progress.told}
        of_nodes = {line for node in nodes for line in self._about.get(node, ())} & phase
        return frozenset(of_nodes or phase)

    def next_of(self, line: int, selected: Address | None) -> Address:
        """Return what a click on a line selects: the first that it is about, or the next after `selected`."""
        own = self.selects[line]
        return own[(own.index(selected) + 1) % len(own)] if selected in own else own[0]

    def lit_of(self, line: int, selected: Address | None) -> Address:
        """Return what the mouse over a line lights up: `selected` where it is about that, or the first."""
        own = self.selects[line]
        return selected if selected in own else own[0]


def number_at(line: Line, column: int) -> Address | None:
    """Return the weight or bias whose number stands there, in a line of just the numbers that it is about."""
    found = numbers(line.text)
    if len(found) != len(line.addresses) or not all(address.is_number for address in line.addresses):
        return None
    pairs = zip(found, line.addresses, strict=True)
    return next((own for word, own in pairs if word.start - 1 <= column <= word.start + word.length), None)


def _kinds(lines: Sequence[Line]) -> list[tuple[str | None, tuple[Address, ...]]]:
    return [(line.phase, line.addresses) for line in lines]


def _end(address: Address) -> Address:
    return Address("node", address.layer, address.node)


def _selectable(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return addresses; several weights of one node after the node itself."""
    ends = {_end(address) for address in addresses}
    return addresses if len(ends) > 1 or len(addresses) == 1 else tuple(dict.fromkeys((*ends, *addresses)))
