"""Where the files that ship with nnviz are: in the wheel, in a checkout, in an editable install."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resources() -> Path:
    """Return the folder `resources`."""
    shipped = _PACKAGE / "resources"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "resources"
