"""Network and Layer: immutable weights, biases and names, and the forward pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Activation, Array, activation
from nnviz.core.address import Address, default_inputs, layers_by_name
from nnviz.core.notebook import AsHtml, AsSvg
from nnviz.core.numbers import LAYERS, NODES, NUMBERS, Names, counted, quoted


def frozen(values: ArrayLike, place: str) -> Array:
    """Return `values`, lists, tuples or an array, as a read-only float64 array of its own.

    Raises ValueError, which names the place, for what is no numbers in rows of one length, where one of them
    is not finite, and where too many are there.
    """
    if isinstance(values, np.ndarray):
        NUMBERS.check(values.size, place)  # before they are copied
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":  # NumPy would make other numbers of complex ones, and of dates
            raise TypeError
        with np.errstate(invalid="ignore"):  # of a NaN that signals, which is refused below
            array = np.array(given, dtype=np.float64)
    except OverflowError:
        raise ValueError(f"{place}: expected finite numbers, found one that is too large") from None
    except (TypeError, ValueError):
        raise ValueError(f"{place}: expected numbers, in rows of one length") from None
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(np.argwhere(~finite)[0])
        where = "".join(f"[{i}]" for i in index)
        found = "NaN" if np.isnan(array[index]) else "one that is too large"
        raise ValueError(f"{place}{where}: expected a finite number, found {found}")
    array.flags.writeable = False
    return array


class ByValue:
    """A frozen dataclass that holds `ARRAYS` (or None): they are made read-only, and compared by value.

    Raises ValueError where one of them holds what is not a finite number, so that no State does.
    """

    ARRAYS: ClassVar[tuple[str, ...]]
    __hash__ = None  # type: ignore[assignment]  # equal by value, so not by identity

    def __post_init__(self) -> None:
        for name in self.ARRAYS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, frozen(getattr(self, name), name))

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
    """Nodes that share an activation, and the weights that feed them.

    =============== ========================================================================
    `nodes`         one name a node, unique within the network
    `activation`    the name of one of `ACTIVATIONS`; a parameter other than usual in brackets
    `weights`       shape (nodes, inputs of the layer): row j feeds node j
    `biases`        shape (nodes,) or None
    =============== ========================================================================

    Lists, tuples and arrays will do; the layer has copies, names as a tuple and numbers as read-only float64.
    A kernel of Keras is the transpose of `weights`; a `weight` of PyTorch's Linear is `weights`.
    In a notebook it shows itself as a table.
    Raises ValueError, which begins with the place such as `weights[0][1]`, where shapes, a name or the
    activation do not fit, or a number is not finite.
    """

    ARRAYS = ("weights", "biases")
    nodes: tuple[str, ...]
    activation: str
    weights: Array
    biases: Array | None = None

    if TYPE_CHECKING:  # what may be given, where the fields say what is held

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
            raise ValueError("nodes: a layer needs at least one")
        if getattr(self.weights, "ndim", 0) != 2:
            raise ValueError("weights: expected rows of numbers, one for each node")
        if len(self.weights) != nodes:
            wish = f"expected {counted(nodes, 'row')}, one for each node"
            raise ValueError(f"weights: {wish}, found {len(self.weights)}")
        if self.biases is not None and self.biases.shape != (nodes,):
            raise ValueError(f"biases: expected {counted(nodes, 'number')}, one for each node")

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def function(self) -> Activation:
        """The activation itself."""
        return activation(self.activation)

    def z(self, inputs: Array) -> Array:
        """Return `inputs · Wᵀ + b`, shape (rows, nodes); `inputs` has shape (rows, inputs of the layer)."""
        z: Array = inputs @ self.weights.T
        if self.biases is not None:
            z += self.biases
        return z


class Layers(tuple[Layer, ...], AsHtml):
    """The layers of a network with these `inputs`; in a notebook, tables of weights between named nodes."""

    inputs: Names

    @classmethod
    def of(cls, given: object, inputs: Names) -> Layers:
        """Return one or more layers. Raises ValueError for what is none."""
        if not isinstance(given, Iterable):
            raise ValueError(f"layers: expected a list of Layers, found a {type(given).__name__}")
        layers = cls(given)
        layers.inputs = inputs
        if not layers:
            raise ValueError("layers: a network needs at least an output layer")
        LAYERS.check(len(layers), "layers")
        for k, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise ValueError(f"layers[{k}]: expected a Layer, found a {type(layer).__name__}")
        return layers


@dataclass(frozen=True)
class Trace:
    """What every layer computed: `z[k]` and `a[k]` of layer k, each of shape (rows, nodes)."""

    inputs: Array
    z: tuple[Array, ...]
    a: tuple[Array, ...]

    @property
    def prediction(self) -> Array:
        """The last layer's outputs, shape (rows, outputs)."""
        return self.a[-1]

    def feeding(self, layer: int) -> Array:
        """Return what feeds layer `layer`, shape (rows, inputs of the layer)."""
        return self.inputs if layer == 0 else self.a[layer - 1]

    def rows(self, rows: slice | list[int]) -> Trace:
        """Return what some of the rows computed."""
        parts = (tuple(values[rows] for values in part) for part in (self.z, self.a))
        return Trace(self.inputs[rows], *parts)


@dataclass(frozen=True)
class Network(AsSvg):
    """Named inputs and one or more layers; the last layer is the output. In a notebook, its diagram.

    Raises ValueError, which begins with the place such as `layers[1].weights`, where a layer does not fit the
    one before, a name stands twice, or too many are there.
    """

    inputs: tuple[str, ...]
    layers: tuple[Layer, ...] = field(repr=False)

    if TYPE_CHECKING:  # what may be given

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
            raise ValueError("inputs: a network needs at least one")
        if len(seen) < fan_in:
            raise ValueError("inputs: a name stands twice")
        for k, layer in enumerate(self.layers):
            if layer.weights.shape[1] != fan_in:
                raise ValueError(
                    f"layers[{k}].weights: expected {fan_in} a row, found {layer.weights.shape[1]}"
                )
            for name in layer.nodes:
                if name in seen:
                    raise ValueError(f"layers[{k}].nodes: the name {quoted(name)} stands twice")
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
        """Build a network from the course's dictionary: node name → the weights that feed it.

        `node_0`, `node_1`, … are one hidden layer; `node_0_1` is the second node of the first of several;
        `output` (or `output_0`, …) is the output layer. Raises ValueError where the names or lengths do not
        make a network.
        """
        groups = layers_by_name(weights)
        layers = []
        for k, names in enumerate(groups):
            rows = [list(weights[name]) for name in names]
            if len({len(row) for row in rows}) > 1:
                raise ValueError(f"{names[0]}: the nodes of one layer need equally many weights")
            layers.append(
                Layer(tuple(names), output if k == len(groups) - 1 else hidden, frozen(rows, "weights"))
            )
        fan_in = layers[0].weights.shape[1]
        for before, layer in itertools.pairwise(layers):
            if layer.weights.shape[1] != len(before):
                wish = f"expected {counted(len(before), 'weight')}, one for each node before it"
                raise ValueError(f"{layer.nodes[0]}: {wish}, found {layer.weights.shape[1]}")
        return cls(tuple(inputs) if inputs else default_inputs(fan_in), tuple(layers))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the output nodes."""
        return self.layers[-1].nodes

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes in each column, inputs first: (2, 2, 1)."""
        return (len(self.inputs), *(len(layer) for layer in self.layers))

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return sum(
            layer.weights.size + (0 if layer.biases is None else layer.biases.size) for layer in self.layers
        )

    def names(self, column: int) -> tuple[str, ...]:
        """Return the names in a column; column 0 holds the inputs, column k + 1 layer k."""
        return self.inputs if column == 0 else self.layers[column - 1].nodes

    def all_names(self) -> Iterable[str]:
        """Yield every name, inputs first."""
        for column in range(len(self.layers) + 1):
            yield from self.names(column)

    def name_of(self, address: Address) -> str:
        """Return "accounts → node_0" for a weight, "bias of node_0", "target of node_0", or "node_0"."""
        node = self.names(address.column)[address.node]
        if address.kind == "weight":
            return f"{self.names(address.layer)[address.source]} → {node}"
        return f"{address.kind} of {node}" if address.kind in ("bias", "target") else node

    def has(self, address: Address) -> bool:
        """Return whether the network has this node, weight or bias."""
        if address.layer >= len(self.layers) or address.node >= self.sizes[address.column]:
            return False
        if address.kind == "bias":
            return self.layers[address.layer].biases is not None
        return address.kind != "weight" or address.source < self.sizes[address.layer]

    def value_of(self, address: Address) -> float:
        """Return the weight or bias at an address that the network has."""
        layer = self.layers[address.layer]
        if address.kind == "weight":
            return float(layer.weights[address.node, address.source])
        assert address.kind == "bias"
        assert layer.biases is not None
        return float(layer.biases[address.node])

    def all_weights(self) -> list[Address]:
        """Return the address of every weight and bias, node by node; a node's bias follows its weights."""
        addresses: list[Address] = []
        for k, layer in enumerate(self.layers):
            for j in range(len(layer)):
                addresses += [Address("weight", k, j, i) for i in range(self.sizes[k])]
                if layer.biases is not None:
                    addresses.append(Address("bias", k, j))
        return addresses

    def with_layer(self, index: int, layer: Layer) -> Network:
        """Return this network with layer `index` replaced; the others are shared."""
        layers = list(self.layers)
        layers[index] = layer
        return replace(self, layers=tuple(layers))

    def forward(self, x: ArrayLike) -> Trace:
        """Compute z and a of every layer for `x` of shape (rows, inputs) or (inputs,).

        What is too large for a number is infinite or NaN, without a warning.
        Raises ValueError where x has another width.
        """
        inputs = np.atleast_2d(np.asarray(x, dtype=np.float64))
        if inputs.ndim != 2 or inputs.shape[1] != len(self.inputs):
            raise ValueError(f"expected {len(self.inputs)} values a row, found {inputs.shape[-1]}")
        zs, activations = [], []
        a = inputs
        with np.errstate(over="ignore", invalid="ignore"):
            for layer in self.layers:
                z = layer.z(a)
                a = layer.function(z)
                zs.append(z)
                activations.append(a)
        return Trace(inputs, tuple(zs), tuple(activations))

    def predict(self, x: ArrayLike) -> Array:
        """Return the prediction for `x` of shape (rows, inputs) or (inputs,): shape (rows, outputs)."""
        return self.forward(x).prediction

    def randomised(self, seed: int) -> Network:
        """Return this network at its seeded random start, biases 0.

        He normal, standard deviation √(2/fan_in), for relu, leaky_relu, elu, silu, gelu and softplus, which
        stop about half of what comes (He et al. 2015); Glorot uniform, limit √(6/(fan_in + fan_out)),
        otherwise (Glorot and Bengio 2010), also for selu, which is scaled for a variance of 1/fan_in.
        The draws come from `default_rng([seed, 0])`, layers in order.
        """
        rng = np.random.default_rng([seed, 0])
        layers = []
        for layer in self.layers:
            biases = None if layer.biases is None else np.zeros(len(layer))
            weights = random_weights(rng, layer.function, layer.weights.shape)
            layers.append(replace(layer, weights=weights, biases=biases))
        return replace(self, layers=tuple(layers))


def random_weights(rng: np.random.Generator, activation: Activation, shape: tuple[int, ...]) -> Array:
    """Draw a weight matrix of `shape` (nodes, fan_in) by the activation's random start."""
    fan_out, fan_in = shape
    if activation.start == "he":
        return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, shape)
