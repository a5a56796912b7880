"""Network and Layer: immutable weights, biases and names, and the forward pass."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import isqrt
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Activation, Array, activation
from nnviz.core.address import Address, column_title, default_inputs, layers_by_name
from nnviz.core.notebook import AsHtml, AsSvg
from nnviz.core.numbers import LAYERS, NODES, NUMBERS, Names, counted, quoted


def frozen(values: ArrayLike, place: str) -> Array:
    """Return a read-only float64 copy of `values`, which are lists, tuples or an array.

    Raises ValueError if a value is not a finite number, rows have different lengths, or `values` has too many
    numbers. The message starts with `place`, the name of the values.
    """
    if isinstance(values, np.ndarray):
        NUMBERS.check(values.size, place)  # before the copy takes memory
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":  # NumPy would convert complex numbers and dates to floats
            raise TypeError
        with np.errstate(invalid="ignore"):  # a signalling NaN would warn here; it is rejected below
            array = np.array(given, dtype=np.float64)
    except OverflowError:
        raise ValueError(f"{place}: expected finite numbers, found a number that is too large") from None
    except (TypeError, ValueError):
        raise ValueError(f"{place}: expected numbers, in rows of equal length") from None
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(np.argwhere(~finite)[0])
        where = "".join(f"[{i}]" for i in index)
        found = "NaN" if np.isnan(array[index]) else "a number that is too large"
        raise ValueError(f"{place}{where}: expected a finite number, found {found}")
    array.flags.writeable = False
    return array


class ByValue:
    """Base class of frozen dataclasses that hold arrays and are compared by value.

    `ARRAYS` names the fields that hold arrays; each field becomes a read-only array, or stays None. Raises
    ValueError if a number in an array is not finite.
    """

    ARRAYS: ClassVar[tuple[str, ...]]
    __hash__ = None  # type: ignore[assignment]  # equal by value, so not by identity

    def __post_init__(self) -> None:
        for name in self.ARRAYS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, frozen(getattr(self, name), name))

    def __setstate__(self, values: dict[str, Any]) -> None:
        vars(self).update(values)
        for array in self.arrays:  # a pickle forgets that an array is read-only
            array.flags.writeable = False

    @property
    def arrays(self) -> list[Array]:
        """The arrays that are not None, in the order of `ARRAYS`."""
        return [array for name in self.ARRAYS if (array := getattr(self, name)) is not None]

    def __eq__(self, other: object) -> bool:
        if self is other or type(self) is not type(other):
            return self is other
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return all(_same(getattr(self, name), getattr(other, name)) for name in names)


def _same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return type(one) is type(other) and one == other


@dataclass(frozen=True, eq=False)
class Layer(ByValue, AsHtml):
    """A layer: nodes with the same activation, and the incoming weights of these nodes.

    =============== ========================================================================
    `nodes`         the name of each node, unique in the network
    `activation`    a name of `ACTIVATIONS`; a parameter other than the default follows in brackets
    `weights`       shape (nodes, inputs of the layer): row j holds the weights of node j
    `biases`        shape (nodes,) or None
    =============== ========================================================================

    The arguments can be lists, tuples or arrays. The layer stores copies: names in a tuple, numbers in
    read-only float64 arrays. The `kernel` of a Keras layer is the transpose of `weights`; the `weight` of a
    PyTorch Linear layer equals `weights`. A notebook shows a layer as a table.

    Raises ValueError for an invalid shape, name, activation or number. The message starts with the place of
    the error, such as `weights[0][1]`.
    """

    ARRAYS = ("weights", "biases")
    nodes: tuple[str, ...]
    activation: str
    weights: Array
    biases: Array | None = None

    if TYPE_CHECKING:  # types of the arguments; the fields have the types after conversion

        def __init__(
            self, nodes: Iterable[str], activation: str, weights: ArrayLike, biases: ArrayLike | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", Names(self.nodes, "nodes"))
        super().__post_init__()
        try:
            object.__setattr__(self, "activation", activation(self.activation).name)
        except ValueError as error:
            raise ValueError(f"activation: {error}") from None
        nodes = len(self.nodes)
        if not nodes:
            raise ValueError("nodes: a layer needs at least one node")
        if getattr(self.weights, "ndim", 0) != 2:
            raise ValueError("weights: expected rows of numbers, one for each node")
        if len(self.weights) != nodes:
            rows, found = counted(nodes, "row"), len(self.weights)
            raise ValueError(f"weights: expected {rows}, one for each node, found {found}")
        if self.biases is not None and self.biases.shape != (nodes,):
            raise ValueError(f"biases: expected {counted(nodes, 'number')}, one for each node")

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def function(self) -> Activation:
        """The activation function whose name is `activation`."""
        return activation(self.activation)

    def computes_as(self, other: Layer) -> bool:
        """Return whether two layers have the same activation, weights and biases; names may differ."""
        names = "activation", "weights", "biases"
        return self is other or all(_same(getattr(self, name), getattr(other, name)) for name in names)

    def z(self, inputs: Array) -> Array:
        """Return `inputs · Wᵀ + b`, shape (rows, nodes); `inputs` has shape (rows, inputs of the layer)."""
        z: Array = inputs @ self.weights.T
        if self.biases is not None:
            z += self.biases
        return z


class Layers(tuple[Layer, ...], AsHtml):
    """The layers of a network, and the names of the inputs. A notebook shows the weights as tables."""

    inputs: Names

    @classmethod
    def of(cls, given: object, inputs: Names) -> Layers:
        """Convert `given`, a list of Layer objects, to Layers. `inputs` are the names of the inputs.

        Raises ValueError if `given` is empty, has too many layers, or has an element that is not a Layer.
        """
        if not isinstance(given, Iterable):
            raise ValueError(f"layers: expected a list of Layers, found {type(given).__name__}")
        layers = cls(given)
        layers.inputs = inputs
        if not layers:
            raise ValueError("layers: a network needs at least an output layer")
        LAYERS.check(len(layers), "layers")
        for k, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise ValueError(f"layers[{k}]: expected a Layer, found {type(layer).__name__}")
        return layers


@dataclass(frozen=True)
class Trace:
    """The result of a forward pass: `z[k]` and `a[k]` of layer k, each of shape (rows, nodes)."""

    inputs: Array
    z: tuple[Array, ...]
    a: tuple[Array, ...]

    @property
    def prediction(self) -> Array:
        """The outputs of the last layer, shape (rows, outputs)."""
        return self.a[-1]

    def feeding(self, layer: int) -> Array:
        """Return a layer's inputs, shape (rows, inputs): the network's inputs or the previous layer's `a`."""
        return self.inputs if layer == 0 else self.a[layer - 1]

    def rows(self, rows: slice | list[int]) -> Trace:
        """Return the trace of the selected rows only."""
        parts = (tuple(values[rows] for values in part) for part in (self.z, self.a))
        return Trace(self.inputs[rows], *parts)


@dataclass(frozen=True)
class Network(AsSvg):
    """A network: named inputs and one or more layers, the last of which is the output layer.

    A notebook shows the diagram of the network.

    Raises ValueError if a layer does not fit the previous layer, two nodes have the same name, or the network
    is too large. The message starts with the place of the error, such as `layers[1].weights`.
    """

    inputs: tuple[str, ...]
    layers: tuple[Layer, ...] = field(repr=False)

    if TYPE_CHECKING:  # types of the arguments

        def __init__(self, inputs: Iterable[str], layers: Iterable[Layer]) -> None: ...

    def __post_init__(self) -> None:
        inputs = Names(self.inputs, "inputs")
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "layers", Layers.of(self.layers, inputs))
        NODES.check(sum(self.sizes))
        NUMBERS.check(self.parameters)
        fan_in = len(self.inputs)
        seen = set(self.inputs)
        if not seen:
            raise ValueError("inputs: a network needs at least one input")
        if len(seen) < fan_in:
            raise ValueError("inputs: two inputs have the same name")
        for k, layer in enumerate(self.layers):
            if layer.weights.shape[1] != fan_in:
                numbers, found = counted(fan_in, "number"), layer.weights.shape[1]
                raise ValueError(f"layers[{k}].weights: expected {numbers} per row, found {found}")
            for name in layer.nodes:
                if name in seen:
                    raise ValueError(f"layers[{k}].nodes: the name {quoted(name)} occurs twice")
                seen.add(name)
            fan_in = len(layer)

    def __repr__(self) -> str:
        layers = ", ".join(f"{len(layer)} {layer.activation}" for layer in self.layers)
        return f"<Network {len(self.inputs)} inputs, {layers}>"

    @classmethod
    def from_weights(
        cls,
        weights: Mapping[str, Sequence[Any]],
        *,
        hidden: str = "relu",
        output: str = "identity",
        inputs: Sequence[str] | None = None,
    ) -> Network:
        """Build a network from a dictionary of node names and incoming weights, as in the course.

        `node_0`, `node_1`, … form a single hidden layer. With several hidden layers, `node_0_1` is the second
        node of the first hidden layer. `output`, or `output_0`, `output_1`, …, form the output layer. The
        arguments `hidden` and `output` are activations.

        Raises ValueError if the names or the numbers of weights do not form a network.
        """
        groups = layers_by_name(weights)
        layers = []
        for k, names in enumerate(groups):
            rows = [list(weights[name]) for name in names]
            if len({len(row) for row in rows}) > 1:
                raise ValueError(f"{names[0]}: all nodes of a layer need the same number of weights")
            name = output if k == len(groups) - 1 else hidden
            layers.append(Layer(names, name, frozen(rows, "weights")))
        fan_in = layers[0].weights.shape[1]
        for before, layer in itertools.pairwise(layers):
            if layer.weights.shape[1] != len(before):
                expected, found = counted(len(before), "weight"), layer.weights.shape[1]
                raise ValueError(
                    f"{layer.nodes[0]}: expected {expected}, one per node of the layer before, found {found}"
                )
        return cls(tuple(inputs) if inputs else default_inputs(fan_in), tuple(layers))

    @classmethod
    def random(cls, inputs: Sequence[str], layers: Iterable[tuple[Sequence[str], str]], seed: int) -> Network:
        """Return a network with random weights, drawn with `seed` as by `randomised`, and with biases 0.

        `layers` holds the names of the nodes and the activation of each layer.
        """
        made, fan_in = [], len(inputs)
        for nodes, name in layers:
            made.append(Layer(nodes, name, np.zeros((len(nodes), fan_in)), np.zeros(len(nodes))))
            fan_in = len(nodes)
        return cls(inputs, made).randomised(seed)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the output nodes."""
        return self.layers[-1].nodes

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of nodes in each column, inputs first: (2, 2, 1)."""
        return (len(self.inputs), *(len(layer) for layer in self.layers))

    @property
    def in_words(self) -> str:
        """The sizes as text: "2-2-1". If there are more than 8 sizes, the text omits the middle ones."""
        sizes = [str(size) for size in self.sizes]
        return "-".join(sizes if len(sizes) <= 8 else [*sizes[:3], "…", *sizes[-3:]])

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum(array.size for layer in self.layers for array in layer.arrays)

    @property
    def named_arrays(self) -> dict[str, Array]:
        """All arrays of weights and biases by their names in programs and archives: W0, b0, W1, …."""
        named: dict[str, Array] = {}
        for k, layer in enumerate(self.layers):
            named |= zip((f"W{k}", f"b{k}"), layer.arrays, strict=False)
        return named

    def names(self, column: int) -> tuple[str, ...]:
        """Return the names of the nodes in a column. Column 0 holds the inputs, column k + 1 layer k."""
        return self.inputs if column == 0 else self.layers[column - 1].nodes

    def all_names(self) -> Iterable[str]:
        """Return the names of all inputs, then of all other nodes."""
        return itertools.chain(self.inputs, *(layer.nodes for layer in self.layers))

    def name_of(self, address: Address, short: Callable[[str], str] = str) -> str:
        """Return the name of a part of the network; `short` shortens the names of nodes.

        Examples are "accounts → node_0" for a weight, "bias of node_0", "target of node_0", "node_0" and
        "Hidden layer".
        """
        if address.kind == "layer":
            return column_title(address.column, len(self.layers))
        node = short(self.names(address.column)[address.node])
        if address.kind == "weight":
            return f"{short(self.names(address.layer)[address.source])} → {node}"
        return f"{address.kind} of {node}" if address.kind in ("bias", "target") else node

    def part_called(self, name: str, place: str = "frozen") -> Address:
        """Return the address of the part that a frozen part's name means, see `Training`.

        Raises ValueError if the network has no part of this name. The message starts with `place`.
        """
        places = {node: (k, j) for k, layer in enumerate(self.layers) for j, node in enumerate(layer.nodes)}
        if (match := re.fullmatch(r"layer ([0-9]{1,9})", name)) and int(match[1]) < len(self.layers):
            return Address("layer", int(match[1]))
        if name in places:
            return Address("node", *places[name])
        bias = name.removeprefix("bias ")
        if bias in places and self.layers[places[bias][0]].biases is not None:
            return Address("bias", *places[bias])
        for arrow in re.finditer(" -> ", name):  # a node's name may contain an arrow
            layer, node = places.get(name[arrow.end() :], (0, -1))
            if node >= 0 and name[: arrow.start()] in self.names(layer):
                return Address("weight", layer, node, self.names(layer).index(name[: arrow.start()]))
        raise ValueError(f"{place}: the network has no layer, node, weight or bias called {quoted(name)}")

    def part_name(self, address: Address) -> str:
        """Return the name by which a layer, node, weight or bias is frozen, see `Training`.

        Raises ValueError if the name of a node makes this name ambiguous.
        """
        node = self.layers[address.layer].nodes[address.node]
        names = {"layer": f"layer {address.layer}", "node": node, "bias": f"bias {node}"}
        name = names.get(address.kind) or f"{self.names(address.layer)[address.source]} -> {node}"
        if self.part_called(name) != address:
            raise ValueError(f"{quoted(name)} is also the name of another part: rename a node first")
        return name

    def has(self, address: Address) -> bool:
        """Return whether the network has a node, layer, weight or bias at an address."""
        if address.layer >= len(self.layers) or address.node >= self.sizes[address.column]:
            return False
        if address.kind == "layer":
            return address.layer >= 0
        if address.kind == "bias":
            return self.layers[address.layer].biases is not None
        return address.kind != "weight" or address.source < self.sizes[address.layer]

    def value_of(self, address: Address) -> float:
        """Return the weight or bias at an address, which must exist in the network."""
        layer = self.layers[address.layer]
        if address.kind == "weight":
            return float(layer.weights[address.node, address.source])
        assert address.kind == "bias"
        assert layer.biases is not None
        return float(layer.biases[address.node])

    def all_weights(self) -> list[Address]:
        """Return the addresses of all weights and biases, node by node: first the weights, then the bias."""
        addresses: list[Address] = []
        for k, layer in enumerate(self.layers):
            for j in range(len(layer)):
                addresses += [Address("weight", k, j, i) for i in range(self.sizes[k])]
                if layer.biases is not None:
                    addresses.append(Address("bias", k, j))
        return addresses

    def with_value(self, address: Address, value: float) -> Network:
        """Return this network with another value of the weight or bias at `address`.

        Raises ValueError if `address` is a bias and the layer has no biases.
        """
        layer, is_weight = self.layers[address.layer], address.kind == "weight"
        values = layer.weights if is_weight else layer.biases
        if values is None:
            raise ValueError(f"layers[{address.layer}].biases: the layer has no biases")
        values = values.copy()
        values[(address.node, address.source) if is_weight else address.node] = value
        changes: Any = {"weights" if is_weight else "biases": values}
        return self.with_layer(address.layer, replace(layer, **changes))

    def computes_as(self, other: Network) -> bool:
        """Return whether two networks have the same activations, weights and biases; names may differ."""
        pairs = zip(self.layers, other.layers, strict=False)
        return len(self.layers) == len(other.layers) and all(one.computes_as(two) for one, two in pairs)

    def fits(self, other: Network) -> bool:
        """Return whether the weights and biases of two networks have the same shapes."""
        return same_shapes(self.layers, other.layers)

    def minus(self, other: Network) -> Network:
        """Return this network with the differences of its weights and biases to those of `other`.

        The shapes must be the same. A difference that is too large is shown as the largest number.
        """
        layers = []
        for own, its in zip(self.layers, other.layers, strict=True):
            with np.errstate(over="ignore"):
                arrays = [np.nan_to_num(a - b) for a, b in zip(own.arrays, its.arrays, strict=True)]
            layers.append(Layer(own.nodes, own.activation, *arrays))
        return replace(self, layers=tuple(layers))

    def with_layer(self, index: int, layer: Layer) -> Network:
        """Return this network with the layer at `index` replaced by `layer`."""
        layers = list(self.layers)
        layers[index] = layer
        return replace(self, layers=tuple(layers))

    def forward(self, x: ArrayLike) -> Trace:
        """Compute z and a of every layer for `x` of shape (rows, inputs) or (inputs,).

        Raises ValueError if `x` does not have one number for each input. On overflow, numbers in the result
        are infinite or NaN, without a warning.
        """
        inputs = np.atleast_2d(np.asarray(x, dtype=np.float64))
        if inputs.ndim != 2 or inputs.shape[1] != len(self.inputs):
            raise ValueError(f"each row needs {counted(len(self.inputs), 'value')}, found {inputs.shape[-1]}")
        with np.errstate(over="ignore", invalid="ignore"):
            zs, activations = zip(*self.onward(0, self.layers[0].z(inputs)), strict=True)
        return Trace(inputs, zs, activations)

    def onward(self, first: int, z: Array, end: int | None = None) -> Iterator[tuple[Array, Array]]:
        """Yield z and a of each layer from index `first` up to `end`, from z of the first of them."""
        a = self.layers[first].function(z)
        yield z, a
        for layer in self.layers[first + 1 : end]:
            z = layer.z(a)
            a = layer.function(z)
            yield z, a

    def predict(self, x: ArrayLike) -> Array:
        """Return the predictions, shape (rows, outputs), for `x` of shape (rows, inputs) or (inputs,)."""
        return self.forward(x).prediction

    def randomised(self, seed: int) -> Network:
        """Return this network with random weights, drawn with `seed`, and biases 0.

        `Activation.start` says which: "he" is He normal (He et al. 2015) with standard deviation √(2/fan_in),
        for activations that block about half of the values, such as relu; "glorot" is Glorot uniform (Glorot
        and Bengio 2010) with the limit √(6/(fan_in + fan_out)). The numbers are drawn from
        `default_rng([seed, 0])`, layer by layer.
        """
        rng = np.random.default_rng([seed, 0])
        layers = []
        for layer in self.layers:
            biases = None if layer.biases is None else np.zeros(len(layer))
            weights = random_weights(rng, layer.function, layer.weights.shape)
            layers.append(replace(layer, weights=weights, biases=biases))
        return replace(self, layers=tuple(layers))


def same_shapes(layers: Sequence[Any], others: Sequence[Any]) -> bool:
    """Return whether the `weights` and `biases` of layers have the same shapes."""

    def shapes(each: Any) -> tuple[object, ...]:
        return each.weights.shape, None if each.biases is None else each.biases.shape

    return [*map(shapes, layers)] == [*map(shapes, others)]


class OtherNetwork(NamedTuple):
    """A network to compare with, its name, and whether the edges of the diagram show the differences."""

    name: str
    network: Network
    shows_differences: bool = False


def moved(address: Address | None, old: Network, new: Network) -> Address | None:
    """Return the address in `new` of the nodes with the same names, or None if a node is missing.

    A layer is where its first remaining node is.
    """
    if address is None:
        return None
    places = {name: (k, j) for k in range(-1, len(new.layers)) for j, name in enumerate(new.names(k + 1))}
    names = old.names(address.column)
    own = names if address.kind == "layer" else names[address.node : address.node + 1]
    layer, node = next((places[name] for name in own if name in places), (None, 0))
    if layer is None:
        return None
    if address.kind != "weight":
        return address._replace(layer=layer, node=0 if address.kind == "layer" else node)
    before, source = places.get(old.names(address.layer)[address.source], (None, -1))
    return address._replace(layer=layer, node=node, source=source) if before == layer - 1 else None


LEAST_PIXELS = 64
"""Least number of inputs that nnviz treats as pixels of an image, if the number is a square number."""


def pixel_side(network: Network) -> int | None:
    """Return the side of the square image that the inputs form, or None if the inputs form no image."""
    side = isqrt(len(network.inputs))
    return side if side * side == len(network.inputs) >= LEAST_PIXELS else None


def random_weights(rng: np.random.Generator, activation: Activation, shape: tuple[int, ...]) -> Array:
    """Return random weights of `shape` (nodes, fan_in), with the distribution that suits `activation`."""
    fan_out, fan_in = shape
    if activation.start == "he":
        return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)
