"""Models of torch, Keras and NumPy whose weights a script changes: where their arrays are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.activations import Array, proposed
from nnviz.core.address import layers_by_name
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.core.trainer import in_one_vector
from nnviz.files import frameworks
from nnviz.files.errors import FileError
from nnviz.files.frameworks import Chain, answered, as_array
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense

UNFIT = (
    "the arrays make no network: expected each layer's weights, of shape (nodes, inputs) or all of them "
    "(inputs, nodes), with its biases behind them or without"
)


class Pair(NamedTuple):
    """Where in a script's list or dictionary a layer's weights are, and its biases where it has some."""

    weights: Hashable
    biases: Hashable | None


@dataclass(frozen=True)
class Places:
    """Where the arrays of each layer are; `turned` where their weights have shape (inputs, nodes)."""

    pairs: tuple[Pair, ...]
    turned: bool

    def look(self, held: Any) -> Chain:
        """Return weights of shape (nodes, inputs) and biases of shape (nodes,), as they are now."""
        return [
            (
                _weights(as_array(held[pair.weights]), turned=self.turned),
                None if pair.biases is None else as_array(held[pair.biases]).reshape(-1),
            )
            for pair in self.pairs
        ]


def find_arrays(held: Sequence[Any] | Mapping[Any, Any], inputs: int | None) -> Places:
    """Find the layers among arrays, in their order, such that have so many inputs where there are any.

    Weights are taken as nnviz has them where both ways fit. Raises FileError where none does.
    """
    keys = list(held) if isinstance(held, Mapping) else list(range(len(held)))
    shapes = {key: np.shape(held[key]) for key in keys}
    found: dict[int | None, Places] = {}  # by how many inputs there would be
    for pairs in _ways(keys, shapes):
        for turned in (False, True):
            places = Places(pairs, turned)
            if _fits(layers := places.look(held)):
                found.setdefault(layers[0][0].shape[1], places)
    if not found:
        raise FileError(UNFIT)
    return found.get(inputs, next(iter(found.values())))


def _weights(array: Array, *, turned: bool) -> Array:
    """Return an array as weights; one without columns feeds a single node."""
    return array.reshape(1, -1) if array.ndim < 2 else array.T if turned else array


def _ways(keys: list[Any], shapes: dict[Any, tuple[int, ...]]) -> list[tuple[Pair, ...]]:
    """Return the ways in which arrays may be weights and biases, the likeliest first."""
    matrices = [key for key in keys if len(shapes[key]) == 2]
    others = [key for key in keys if len(shapes[key]) < 2]
    ways = []
    if len(matrices) == len(others):  # one after the other, or the biases behind all weights
        ways.append(tuple(map(Pair, matrices, others)))
    if not others:
        ways.append(tuple(Pair(key, None) for key in keys))
    if len(keys) % 2 == 0:  # biases that are one row or one column, or the weights of a single node
        ways.append(tuple(map(Pair, keys[::2], keys[1::2])))
    if len(keys) == 1:
        ways.append((Pair(keys[0], None),))
    return ways if all(len(shape) <= 2 for shape in shapes.values()) else []


def _fits(layers: Chain) -> bool:
    widths = [weights.shape for weights, _ in layers]
    chained = all(later[1] == before[0] for before, later in itertools.pairwise(widths))
    biased = all(biases is None or len(biases) == len(weights) for weights, biases in layers)
    return bool(layers) and chained and biased


UNKNOWN = (
    "expected a Network, a list of arrays, a dictionary of weights, a torch module, a Keras model or an MLP "
    "of scikit-learn"
)
ASSUMED = (
    "arrays do not say their activations: hidden layers are taken to be relu, the output identity, unless "
    "watch(…, activations=[…]) names each layer's own"
)
_COURSE = re.compile(r"node_\d+(_\d+)?|output(_\d+)?", re.ASCII)
UNLIKE = "its own weights are not those of the network that nnviz makes of it, and cannot be followed"
UNMOVED = "no weight has changed: a loop that makes new arrays has to give them, view.update(loss, [W0, b0])"
MOVED = "it is of another shape than at the start"


class Model:
    """How a model is looked at: its `network` and parameters at the `start`, and `values`, those of now.

    `assumes_activations` where they are in no array, and nobody has said them.
    Raises FileError for what is no network.
    """

    def __init__(self, model: Any, activations: Sequence[str] | None, inputs: int | None) -> None:
        self._look, self.network, self.assumes_activations = _way(model, activations, inputs)
        own = _of_network(self.network)
        self._shapes, self.start = _shapes(own), in_one_vector(own)
        if not np.array_equal(in_one_vector(self._look(model)), self.start):
            raise FileError(UNLIKE)

    def values(self, model: Any) -> Array:
        """Return its parameters as they are now, shape (parameters,), as `as_layers` takes them.

        Raises ValueError where there are others than at the start.
        """
        looked = self._look(model)
        if _shapes(looked) != self._shapes:
            raise ValueError(MOVED)
        return in_one_vector(looked)


def _shapes(chain: Chain) -> list[tuple[tuple[int, ...], bool]]:
    return [(weights.shape, biases is not None) for weights, biases in chain]


class _Way(NamedTuple):
    """How a model's weights are looked up, what it is as a network, and whether that was assumed in part."""

    look: Callable[[Any], Chain]
    network: Network
    assumes_activations: bool = False


def _way(model: Any, activations: Sequence[str] | None, inputs: int | None) -> _Way:
    if frameworks.framework_of(model):
        return _Way(frameworks.look, frameworks.network_of(model, activations))
    if isinstance(model, State | Network):
        return _Way(_of_network, model.network if isinstance(model, State) else model)
    if isinstance(model, np.ndarray):
        of_list = _way([model], activations, inputs)
        return of_list._replace(look=lambda array: of_list.look([array]))
    if not isinstance(model, Mapping | Sequence) or isinstance(model, str):
        raise TypeError(f"{UNKNOWN}, found a {type(model).__name__}")
    if isinstance(model, Mapping) and all(_COURSE.fullmatch(str(name)) for name in model):
        return _Way(_of_course, _of_chain(_of_course(model), activations))
    places = find_arrays(model, inputs)
    return _Way(places.look, _of_chain(places.look(model), activations), not activations)


def _of_chain(chain: Chain, activations: Sequence[str] | None) -> Network:
    """Return weights and biases as a network: hidden layers relu, the output identity, if nothing is said."""
    layers = [Dense(weights, biases, "") for weights, biases in chain]
    return dense.state_of(answered(layers, activations or proposed(len(chain)))).network


# Looks


def _of_network(model: Network | State) -> Chain:
    network = model.network if isinstance(model, State) else model
    return [(layer.weights, layer.biases) for layer in network.layers]


def _of_course(model: Mapping[str, Any]) -> Chain:
    groups = layers_by_name(model)
    return [(np.array([as_array(model[name]) for name in names]), None) for names in groups]
