"""Base classes for values that a Jupyter notebook shows as a picture or table."""

from __future__ import annotations

from collections.abc import Callable

draw: Callable[[object], str] = repr
"""Function that returns a value as SVG or HTML text. `nnviz/__init__.py` replaces the default, repr."""


class AsSvg:
    """A value that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return draw(self)


class AsHtml:
    """A value that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return draw(self)
