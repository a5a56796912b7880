"""Saves from a program, which is warned of what a kind of file does not keep."""

from __future__ import annotations

import os
import warnings

from nnviz.core.state import State
from nnviz.files import registry


def save(state: State, path: str | os.PathLike[str]) -> str:
    """Save `state` in the format of the path's suffix: the whole file, or the old one stays.

    Warns before of what the format does not keep, such as rows, with a UserWarning. Returns what else has
    changed, such as the file's owner, or "". Raises FileError.
    """
    lost = registry.left_out(state, path)
    if lost:
        warnings.warn(lost, stacklevel=2)
    return registry.save(state, path)
