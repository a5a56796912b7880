"""A chain of dense layers from the steps of an ONNX graph, taken one after the other.

Numbers that are added or multiplied outside a dense layer become part of the weights and biases beside them.
Knows nothing of operators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.limits import NUMBERS
from nnviz.core.numbers import counted
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models.dense import Dense
from nnviz.files.models.onnx.graph import Constant

Layout: TypeAlias = Literal["rows", "columns", "vector", "result"]
"""How values lie: (rows, nodes), (nodes, rows), (nodes,), or so that no other layer can follow."""

AXES: dict[Layout, tuple[int, ...]] = {"rows": (1, -1), "columns": (0, -2), "vector": (0, -1), "result": ()}
"""The axes along which the nodes of a layer lie."""


class Affine(NamedTuple):
    """What is multiplied by `scale`, and then `shift` is added; None where nothing is."""

    scale: Array | None = None
    shift: Array | None = None

    def then(self, next_one: Affine) -> Affine:
        """Return both, one after the other."""
        scale, shift = next_one
        if scale is None:
            moved = self.shift
            scale = self.scale
        else:
            moved = None if self.shift is None else self.shift * scale
            scale = scale if self.scale is None else self.scale * scale
        return Affine(scale, moved if shift is None else shift if moved is None else moved + shift)


@dataclass
class Chain:
    """The layers so far; methods take the `place` of a node, and raise FileError for what does not fit.

    ========= =======================================================================
    `layout`  how the present values lie
    `width`   of how many nodes or inputs they are, or None where that is not known yet
    `layers`  the last one may still get biases and an activation
    `told`    what is not shown as the file has it, in sentences
    `rows`    how many rows the model takes, where it takes no other number
    `dims`    the shape of a row that has yet to be flattened; None in it is not known
    ========= =======================================================================

    A number that is not finite is refused when the network is made, and not here.
    """

    layout: Layout
    width: int | None
    layers: list[Dense] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    rows: int | None = None
    dims: Sequence[int | None] = ()
    _open: bool = False
    _affine: Affine = field(default_factory=lambda: Affine())
    _waiting: list[str] = field(default_factory=list)
    """The nodes that make up `_affine`, which goes into the next layer."""
    _biased: bool = False
    """Whether the last layer has its biases, and another number that is added is told."""
    _after: Affine = field(default_factory=lambda: Affine())
    """What is done to what the last layer gives; its weights are many, so they are multiplied once."""
    _behind: list[str] = field(default_factory=list)
    """The nodes of `_after` that are told."""
    _numbers: int = 0

    def dense(self, place: str, weights: Constant, needs: Layout, gives: Layout, factor: float = 1.0) -> None:
        """Begin a layer of `weights`, shape (nodes, inputs), which `needs` one layout and `gives` another."""
        shape = weights.shape
        if len(shape) != 2 or 0 in shape:
            raise FileError(f"expected weights of two dimensions, found {list(shape)}", place)
        if self.dims:
            raise FileError(f"expected rows of inputs, found {len(self.dims)} dimensions of each row", place)
        if self.layout == "vector":
            needs = gives = "vector"
        if self.layout != needs:
            raise FileError("its weights are not on the side on which they meet rows of values", place)
        self.check_width(place, shape[1])
        self._numbers += math.prod(shape)
        with told_by_core(place):
            NUMBERS.check(self._numbers)  # before any is read: many layers may share one tensor
        self._close()
        self.layers.append(self._taking_up(Dense(weights.array() * factor, None, "identity", place)))
        self._open, self._biased, self.layout, self.width = True, False, gives, shape[0]

    def _taking_up(self, layer: Dense) -> Dense:
        """Return a layer with what waits for it: W·(scale·x + shift)."""
        if not self._waiting:
            return layer
        self.told.append(_taken(self._waiting, layer.place))
        (scale, shift), weights = self._affine, layer.weights
        biases = None if shift is None else weights @ np.broadcast_to(shift, weights.shape[1])
        self._affine, self._waiting = Affine(), []
        return replace(layer, weights=weights if scale is None else weights * scale, biases=biases)

    def affine(self, place: str, scale: Array | None, shift: Array | None) -> None:
        """Multiply what is there by `scale` and add `shift`: vectors of `vector`, or None."""
        affine = Affine(scale, shift)
        if not self._open:
            self._affine = self._affine.then(affine)
            self._waiting.append(place)
            return
        if scale is not None or self._biased:
            self._behind.append(place)
        self._biased = True
        self._after = self._after.then(affine)

    def _close(self) -> None:
        """Work into the last layer what is done to what it gives, if it may get that."""
        if not self._open:
            return
        layer = self.layers[-1]
        if self._behind:
            self.told.append(_taken(self._behind, layer.place))
        scale, _ = self._after
        weights = layer.weights if scale is None else layer.weights * scale[:, None]
        biases = Affine(None, layer.biases).then(self._after).shift
        if biases is not None:
            biases = np.broadcast_to(biases, len(weights))
        self.layers[-1] = replace(layer, weights=weights, biases=biases)
        self._open, self._after, self._behind = False, Affine(), []

    def activation(self, place: str, name: str, axis: int | None = None) -> None:
        """Give the last layer its activation; along an `axis` where its outputs depend on each other."""
        if not self._open:
            raise FileError("an activation needs a dense layer right before it", place)
        if axis is not None and axis not in AXES[self.layout]:
            raise FileError(f"it goes along axis {axis}, which is not that of the nodes", place)
        self._close()
        self.layers[-1] = replace(self.layers[-1], activation=name)

    def transpose(self, place: str) -> None:
        """Swap rows and columns."""
        if self.layout not in ("rows", "columns"):
            raise FileError("there are no rows and columns to swap", place)
        self.layout = "columns" if self.layout == "rows" else "rows"

    def flatten(self, place: str, axis: int) -> None:
        """Put the numbers of each row behind each other: those of dimension `axis` and behind it."""
        if self.layout != "rows" or axis not in (1, -max(1, len(self.dims))):
            raise FileError("it joins the numbers of several rows", place)
        if self.dims:
            shape = " × ".join("?" if size is None else str(size) for size in self.dims)
            self.told.append(f"the inputs are the {shape} numbers of a row behind each other")
            self.dims = ()

    def reshape(self, place: str, sizes: Sequence[int]) -> None:
        """Do the same where a shape says so, in which -1 is all that remains, and 0 what was there."""
        if list(sizes) == [-1]:
            self.end_with_one(place)
            return
        if list(sizes) == [-1, 1] and self.layers and self.width != 1:  # scikit-learn's, of several targets
            count = counted(self.width or 0, "number")
            self.told.append(f"{place}, which puts the {count} of each row below one another, is left out")
            self.end()
            return
        rows, width = sizes if len(sizes) == 2 else (0, -2)
        if width > 0:
            self.check_width(place, width)
        elif not (width == 0 and not self.dims) and not (width == -1 and rows in (0, self.rows)):
            raise FileError(f"it makes the shape {list(sizes)} of what should be rows", place)
        self.flatten(place, 1)

    def end(self) -> None:
        """Take what is there as the prediction, whose shape is another."""
        self._close()
        self.layout = "result"

    def end_with_one(self, place: str, told: str = "") -> None:
        """Do so where each row has one number."""
        self.check_width(place, 1)
        self.told += [told] if told else []
        self.end()

    def finish(self) -> None:
        """Raise FileError where numbers wait for a layer that does not come."""
        self._close()
        if self._waiting:
            raise FileError("no dense layer follows whose weights it could be part of", self._waiting[0])

    def vector(self, place: str, constant: Constant) -> Array:
        """Return a constant as one number for each node, shape (nodes,), or for all of them, shape (1,)."""
        shape = constant.shape
        size = math.prod(shape)
        if size != 1 or len(shape) > 2:
            fitting: dict[Layout, list[tuple[int, ...]]]
            fitting = {"rows": [(size,), (1, size)], "columns": [(size, 1)], "vector": [(size,)]}
            if shape not in fitting.get(self.layout, []):
                raise FileError(f"expected one number for each node, found a tensor of {list(shape)}", place)
            self.check_width(place, size)
        values: Array = constant.array().astype(np.float64).reshape(-1)
        return values

    def check_width(self, place: str, found: int) -> None:
        """Raise FileError where there are not so many nodes or inputs as what comes before has."""
        if self.width is not None and found != self.width:
            raise FileError(f"expected {counted(self.width, 'number')} for each row, found {found}", place)
        self.width = found


def _taken(places: list[str], layer: str) -> str:
    some = ", ".join(places[:3]) + (" and others" if places[3:] else "")
    return f"{some} became part of the weights and biases of {layer}"


class Step(NamedTuple):
    """What a node of a graph does: `take` does it to a chain, to the value called `before`.

    `needs` is the layout that the value must have, and `swaps` says that the next one has the other.
    """

    before: str
    take: Callable[[Chain], None] = lambda _chain: None
    needs: Layout | None = None
    swaps: bool = False
