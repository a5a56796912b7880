"""What a layer of very many edges looks like from afar, as a small image. Knows nothing of Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.palette import Palette

OPACITY = 0.28
"""Of the haze where it is densest."""


def haze(gap: Gap, weights: Array, blocks: int = 32) -> Array:
    """Return signed sums of the weights where their edges pass, rows downwards, columns along the edges.

    The weights are summed in at most `blocks` by `blocks` blocks, and every block's sum is entered where its
    middle edge passes. Shape (blocks, blocks); it reaches from the gap's x0 to its x1 and over its `span`.
    """
    sums, nodes, sources = _block_sums(weights, blocks)
    top, bottom = gap.span
    parts = (np.arange(blocks) + 0.5) / blocks
    y1, y0 = gap.y1[nodes][:, None, None], gap.y0[sources][:, None]
    rows = ((1.0 - parts) * y0 + parts * y1 - top) * (blocks / max(bottom - top, 1e-9))
    cells = np.clip(rows.astype(np.intp), 0, blocks - 1) * blocks + np.arange(blocks)
    spread = np.broadcast_to(sums[:, :, None], cells.shape)
    image: Array = np.bincount(cells.ravel(), spread.ravel(), blocks * blocks).astype(np.float64)
    return image.reshape(blocks, blocks)


def haze_pixels(gap: Gap, weights: Array, palette: Palette) -> NDArray[np.uint8]:
    """Return the haze as RGBA, shape (rows, columns, 4): the sign as colour, the size as opacity."""
    sums = haze(gap, weights)
    pixels = np.empty((*sums.shape, 4), dtype=np.uint8)
    positive, negative = (
        [int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in (palette.positive, palette.negative)
    )
    pixels[..., :3] = np.where((sums > 0)[..., None], positive, negative)
    strength = np.abs(sums)
    pixels[..., 3] = 255 * OPACITY * np.sqrt(strength / max(float(strength.max()), 1e-300))
    return pixels


def _block_sums(weights: Array, blocks: int) -> tuple[Array, Indices, Indices]:
    """Return signed sums in blocks as equal as can be, and the middle row and column of every block."""
    starts, middles = [], []
    for size in weights.shape:
        borders = np.linspace(0, size, min(blocks, size) + 1).astype(np.intp)
        starts.append(borders[:-1])
        middles.append((borders[:-1] + borders[1:] - 1) // 2)
    sums: Array = np.add.reduceat(np.add.reduceat(weights, starts[0], axis=0), starts[1], axis=1)
    return sums, middles[0], middles[1]
