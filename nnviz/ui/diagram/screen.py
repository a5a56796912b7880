"""Paints nodes and texts from sprites: what paper.py paints, fast enough for every frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from math import ceil

import numpy as np
from PySide6.QtGui import QColor, QPainter

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.columns import COMPACT, corner
from nnviz.picture.layout import Layout
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Column, Label, NodeBox, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import PILLS, Box, label_box, node_box, sign_colour, text_colour, tints
from nnviz.ui.diagram.paper import label_font, paint_box, paint_label, paint_leader
from nnviz.ui.diagram.sprites import NONE, Letters, Sprites, TextSetter

LARGEST_TEXT, LARGEST = 36.0, 600.0
"""Font size and width, in pixels, of what is painted without a sprite if larger: few are in sight at once."""
WIDTH, MOST = 1024, 2048
"""Width of the sprites' pixmap, in pixels, and its height at most: several times what a diagram takes."""


class Screen:
    """The sprites of one widget, in the colours of `palette`, at `ratio` device pixels a pixel."""

    def __init__(self, palette: Palette, ratio: float) -> None:
        self.palette, self.ratio = palette, ratio
        self._margin = ceil(3 * ratio)
        self._sprites = Sprites(round(WIDTH * ratio))
        self._setter = TextSetter(self._sprites)
        self._letters: dict[tuple[str, float, str], Letters] = {}
        self._boxes: dict[tuple[object, ...], int] = {}
        self._layout: Layout | None = None
        self._still = NONE
        self._large_nodes: list[NodeBox] = []
        self._large_names: list[Label] = []

    @property
    def full(self) -> bool:
        """Whether it is better to start anew with another one, as after much zooming."""
        return self._sprites.height > MOST * self.ratio

    def paint_nodes(self, painter: QPainter, picture: Picture, selected: tuple[Address, ...]) -> None:
        """Paint the nodes that are drawn one by one, with their names; those selected with the accent."""
        layout = picture.layout
        if layout is not self._layout:
            self._still, self._layout = self._nodes_and_names(layout), layout
            self._large_nodes = [node for node in layout.nodes if node.rect.width > LARGEST]
            self._large_names = [name for name in layout.names if _is_large(name)]
        for node in self._large_nodes:
            paint_box(painter, node.rect, node_box(node.role, node.rect, self.palette))
        tinted = (placed for column in layout.columns for placed in self._tinted(picture, column))
        self._sprites.draw(painter, np.concatenate([self._still, *tinted]))
        for name in self._large_names:
            paint_label(painter, name, self.palette)
        for address in selected:
            column = layout.column(address.layer)
            if address.kind == "node" and column.told_apart:
                rect = column.rect(address.node)
                paint_box(painter, rect, Box("", self.palette.accent, 2.4, corner(rect)))

    def paint_labels(self, painter: QPainter, labels: Iterable[Label], selected: tuple[Address, ...]) -> None:
        """Paint labels with their pills; those selected with the accent."""
        pills = []
        for label in labels:
            chosen = label.address in selected
            if _is_large(label):
                paint_label(painter, label, self.palette, chosen=chosen)
                continue
            if label.leader is not None:
                paint_leader(painter, label, self.palette)
            if label.style in PILLS:
                pills.append(self._pill(label, chosen))
            self._setter.set(self._letters_of(label), label)
        below = self._sprites.placed(*zip(*pills, strict=True)) if pills else NONE
        self._sprites.draw(painter, np.concatenate((below, self._setter.placed())))

    def _letters_of(self, label: Label) -> Letters:
        colour = text_colour(label, self.palette)
        key = (label.style, label.size, colour)
        letters = self._letters.get(key)
        if letters is None:
            letters = self._letters[key] = Letters(self._setter, label_font(label), colour, self.ratio)
        return letters

    def _nodes_and_names(self, layout: Layout) -> Array:
        """Return what stands still as long as the layout does."""
        boxes = [self._boxes_of(column, column.in_sight(layout.body)) for column in layout.columns]
        for name in layout.names:
            if not _is_large(name):
                self._setter.set(self._letters_of(name), name)
        return np.concatenate([*boxes, self._setter.placed()])

    def _boxes_of(self, column: Column, nodes: range) -> Array:
        if not nodes or column.width > LARGEST:
            return NONE
        left, width = self._across(column.box)
        height = max(round(column.height * self.ratio), 1)
        tops = self._tops(column, nodes)
        box = node_box(column.role, column.rect(0), self.palette)
        if column.height < COMPACT:
            sprite, margin = self._plain(width + 1, height + 1, box.fill, box.line), 0
        else:
            sprite, margin = self._box(width, height, box), self._margin
        return self._sprites.placed([sprite] * len(nodes), left - margin, tops - margin)

    def _tinted(self, picture: Picture, column: Column) -> Iterator[Array]:
        """Yield what tints the nodes of a column, if they are too small for a text."""
        nodes = column.in_sight(picture.layout.body)
        if not nodes or column.height >= COMPACT:
            return
        left, width = self._across(column.box)
        height, tops = max(round(column.height * self.ratio), 1), self._tops(column, nodes)
        for tint in tints(picture, column, self.palette):
            across = int(width * tint.share)
            strengths = tint.strengths[nodes.start : nodes.stop]
            colours = [
                self._plain(across, height, colour, colour) for colour in (tint.negative, tint.positive)
            ]
            sprites = np.take(colours, strengths > 0)
            yield self._sprites.placed(sprites, left + width - across, tops, np.abs(strengths))

    def _pill(self, label: Label, chosen: bool) -> tuple[int, int, int]:
        left, width = self._across(label.rect)
        top = round(label.rect.y * self.ratio)
        height = round(label.rect.bottom * self.ratio) - top
        key = (width, height, label.style, sign_colour(label.value or 0.0, self.palette), chosen)
        sprite = self._boxes.get(key)
        if sprite is None:
            box = label_box(label, self.palette, chosen=chosen)
            assert box is not None
            sprite = self._boxes[key] = self._box(width, height, box)
        return sprite, left - self._margin, top - self._margin

    def _across(self, rect: Rect) -> tuple[int, int]:
        """Return left and width in device pixels."""
        left = round(rect.x * self.ratio)
        return left, round(rect.right * self.ratio) - left

    def _tops(self, column: Column, nodes: range) -> Array:
        """Return the upper edges of nodes in device pixels."""
        tops: Array = np.rint(column.tops[nodes.start : nodes.stop] * self.ratio)
        return tops

    def _box(self, width: int, height: int, box: Box) -> int:
        """Return the sprite of a box with free pixels around it for its line."""
        key, margin = (width, height, box), 2 * self._margin
        if key not in self._boxes:
            paint = partial(self._paint_box, *key)
            self._boxes[key] = self._sprites.add(width + margin, height + margin, paint)
        return self._boxes[key]

    def _paint_box(self, width: int, height: int, box: Box, painter: QPainter) -> None:
        painter.translate(self._margin, self._margin)
        painter.scale(self.ratio, self.ratio)
        paint_box(painter, Rect(0.0, 0.0, width / self.ratio, height / self.ratio), box)

    def _plain(self, width: int, height: int, fill: str, line: str) -> int:
        """Return the sprite of a rectangle with square corners and a line of one device pixel."""
        key = (width, height, fill, line)
        if key not in self._boxes:
            self._boxes[key] = self._sprites.add(width, height, partial(_paint_plain, *key))
        return self._boxes[key]


def _is_large(label: Label) -> bool:
    return label.size > LARGEST_TEXT or label.rect.width > LARGEST


def _paint_plain(width: int, height: int, fill: str, line: str, painter: QPainter) -> None:
    painter.fillRect(0, 0, width, height, QColor(line))
    painter.fillRect(1, 1, width - 2, height - 2, QColor(fill))
