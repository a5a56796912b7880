"""How commands save a network. Knows no command."""

from __future__ import annotations

from pathlib import Path

from nnviz.cli.printing import complain
from nnviz.core.state import State
from nnviz.files import registry


def save(state: State, path: Path) -> None:
    """Save, and say what is left out or changed besides. Raises FileError."""
    for said in (registry.save(state, path), registry.left_out(state, path)):
        if said:
            complain(said)
