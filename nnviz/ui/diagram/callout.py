"""What stands beside the node of the step in progress: its sum as it grows, then what becomes of it."""

from __future__ import annotations

from nnviz.core.walk import Step
from nnviz.picture.labels import Numbers


def callout(numbers: Numbers, step: Step, t: float) -> list[str]:
    """Return the lines for `step` at `t`, from 0 to 1."""
    return []
