"""What shows itself in a notebook, which asks a value for `_repr_svg_` or `_repr_html_`. Knows no picture."""

from __future__ import annotations

from collections.abc import Callable

draw: Callable[[object], str] = repr
"""Returns a value as SVG or HTML: the package `nnviz` itself, which has core and picture, puts it here."""


class AsSvg:
    """A value that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return draw(self)


class AsHtml:
    """A value that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return draw(self)
