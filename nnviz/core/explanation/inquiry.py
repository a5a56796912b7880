"""What an explanation needs to know, found out step by step: the row at once, what takes all rows later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nnviz.core.address import Address
from nnviz.core.explanation.check import Check, checking
from nnviz.core.means import Figures, figures
from nnviz.core.state import State


@dataclass(frozen=True)
class Known:
    """The figures and the measured slope as far as they are known; `whole`: nothing is left to find out."""

    figures: Figures
    check: Check | None = None
    whole: bool = False


def inquire(
    state: State, address: Address | None, row: int, mean: bool, before: Figures | None = None
) -> Iterator[Known]:
    """Yield what is known after each step of a few milliseconds.

    `before` are the figures of the same State on any row, so that the means need not be computed again.
    """
    steps = figures(state, row)
    found = next(steps)
    if before is not None:
        found = replace(found, whole=before.whole, update=before.update)
    yield Known(found)
    check = None
    if address is not None and address.kind != "node" and found.slopes is not None:
        for check in checking(state, address, None if mean else row):
            yield Known(found, check)
    if found.whole is None or found.update is None:
        for found in steps:
            yield Known(found, check)
    yield Known(found, check, whole=True)
