"""How commands save a network, and what they do where that fails after long work. Knows no command."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nnviz.cli.printing import complain
from nnviz.core.state import State
from nnviz.files import native, registry
from nnviz.files.errors import FileError


def save(state: State, path: Path) -> None:
    """Save, and say what is left out or changed besides. Raises FileError."""
    for said in (registry.save(state, path), registry.left_out(state, path)):
        if said:
            complain(said)


def rescued(state: State) -> str:
    """Save what took long to make where temporary files are; say where, or why not."""
    try:
        with tempfile.NamedTemporaryFile(prefix="nnviz-", suffix=".json", delete=False) as file:
            file.write(native.write(state))
    except (OSError, FileError) as error:
        return f"nor could it be saved as a temporary file: {error}"
    return f"what came of it is in {file.name}"
