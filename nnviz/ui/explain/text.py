"""An explanation as the rich text of its panel. Names come from files and are escaped."""

from __future__ import annotations

from html import escape

from nnviz.core.address import Address, Kind
from nnviz.core.explanation.lines import Explanation, Line, Note, Section
from nnviz.core.expressions import Piece
from nnviz.picture.palette import Palette

BREAK = "\u200b"
"""Lets a long product wrap; taken out again of what is copied."""
NO_BREAK = "\u00a0"
ROOM = 34
"""Characters that a formula and its arithmetic may have to stand on one line."""


def link_of(address: Address) -> str:
    """Return the link that leads to an address."""
    return "/".join(["at", address.kind, str(address.layer), str(address.node), str(address.source)])


_KINDS: dict[str, Kind] = {"node": "node", "weight": "weight", "bias": "bias"}


def address_of_link(link: str) -> Address | None:
    """Return the address that a link leads to, or None for another link."""
    head, *rest = link.split("/")
    if head != "at":
        return None
    kind, layer, node, source = rest
    return Address(_KINDS[kind], int(layer), int(node), int(source))


def html(
    explanation: Explanation, palette: Palette, hint: str = "", unfolded: frozenset[str] = frozenset()
) -> str:
    """Return the explanation as rich text: labels left and muted, arithmetic right, slopes purple."""
    parts = []
    if hint:
        parts.append(f'<p style="color:{palette.muted}; margin:0 0 8px 0">{escape(hint)}</p>')
    else:
        parts.append(f'<p style="font-weight:600; margin:0 0 2px 0">{escape(explanation.title)}</p>')
    parts += [_section(section, palette, unfolded) for section in explanation.sections]
    return "".join(parts)


def _section(section: Section, p: Palette, unfolded: frozenset[str]) -> str:
    heading = ""
    if section.heading:
        style = f"color:{p.muted}; font-size:12px; font-weight:600; margin:8px 0 2px 0"
        heading = f'<p style="{style}">{escape(section.heading)}</p>'
    rows = "".join(_row(row, p, unfolded) for row in section.rows)
    style = "" if heading else ' style="margin-top:4px"'
    return f'{heading}<table width="100%" cellspacing="0" cellpadding="0"{style}>{rows}</table>'


def _row(row: Line | Note, p: Palette, unfolded: frozenset[str]) -> str:
    if isinstance(row, Note) and not row.label:
        return f'<tr><td colspan="2" style="color:{p.muted}; padding:3px 0">{escape(row.text)}</td></tr>'
    text = _arithmetic(row, p, unfolded) if isinstance(row, Line) else escape(row.text)
    label = f'<td width="92" style="color:{p.muted}; padding:3px 8px 3px 0">{escape(row.label)}</td>'
    return f'<tr>{label}<td style="padding:3px 0">{text}</td></tr>'


def _arithmetic(line: Line, p: Palette, unfolded: frozenset[str]) -> str:
    text = "".join(_piece(piece, p) for piece in line.written.pieces)
    if line.name in unfolded:
        text += f" {_link(f'fold/{line.name}', 'show fewer', p.accent)}"
    if line.ticked is not None:
        colour, sign = (p.accent, "✓ agrees") if line.ticked else (p.error, "✗ differs")
        text += f' <span style="color:{colour}">{sign}</span>'
    if not line.formula:
        return text
    joint = "" if line.arithmetic.startswith("≈") else "= "
    apart = "<br>" if len(line.formula) + len(line.arithmetic) > ROOM else " "
    formula = escape(line.formula).replace("·", "·" + BREAK)
    return f'<span style="color:{p.muted}; font-size:12px">{formula}</span>{apart}{joint}{text}'


def _piece(piece: Piece, p: Palette) -> str:
    text = escape(piece.text).replace("·", "·" + BREAK)
    for sign in ("=", "≈"):  # the result stays beside its sign
        text = text.replace(f"{sign} ", f"{sign}{NO_BREAK}")
    colour = p.slope if piece.slope else p.ink
    if piece.unfolds:
        return _link(f"unfold/{piece.unfolds}", text, p.accent)
    if piece.address is not None:
        return _link(link_of(piece.address), text, colour)
    return f'<span style="color:{colour}">{text}</span>' if piece.slope else text


def _link(target: str, text: str, colour: str) -> str:
    return f'<a href="{escape(target, quote=True)}" style="color:{colour}; text-decoration:none">{text}</a>'
