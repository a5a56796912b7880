"""Finds and reads the weights of the torch, Keras or NumPy model that a script trains."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from nnviz.core.activations import Array, default_activations
from nnviz.core.address import layers_by_name
from nnviz.core.network import Network
from nnviz.core.parameters import as_vector
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.models import dense, frameworks
from nnviz.files.models.dense import Dense
from nnviz.files.models.frameworks import Weights, as_array, with_given_activations

NOT_A_NETWORK = (
    "the arrays are not a network: expected the weights of each layer, all of shape (nodes, inputs) or all "
    "of shape (inputs, nodes), each optionally followed by the biases"
)


Keys: TypeAlias = list[tuple[Any, Any | None]]
"""Keys of each layer's weights and biases (None: no biases) in a script's list or dictionary."""
Read: TypeAlias = Callable[[Any], Weights]
"""A function that returns the current weights, shape (nodes, inputs), and biases of each layer of a model."""


def _read_arrays(keys: Keys, turned: bool, arrays: Any) -> Weights:
    """Return the arrays with these keys as layers. If `turned`, weights have shape (inputs, nodes)."""
    return [
        (_weights(as_array(arrays[w]), turned=turned), None if b is None else as_array(arrays[b]).reshape(-1))
        for w, b in keys
    ]


def find_arrays(arrays: Sequence[Any] | Mapping[Any, Any], inputs: int | None) -> Read:
    """Return a function that reads each layer's arrays.

    `arrays` are in the order of the layers; weights may have shape (nodes, inputs) or (inputs, nodes). If
    both shapes fit, choose the shape that gives `inputs` inputs, or else (nodes, inputs). Raises FileError
    if the arrays are not a network.
    """
    keys = list(arrays) if isinstance(arrays, Mapping) else list(range(len(arrays)))
    shapes = {key: np.shape(arrays[key]) for key in keys}
    found: dict[int | None, Read] = {}  # by number of inputs
    for pairs in _possible_pairs(keys, shapes):
        for turned in (False, True):
            read = partial(_read_arrays, pairs, turned)
            if _is_network(layers := read(arrays)):
                found.setdefault(layers[0][0].shape[1], read)
    if not found:
        raise FileError(NOT_A_NETWORK)
    return found.get(inputs, next(iter(found.values())))


def _weights(array: Array, *, turned: bool) -> Array:
    """Return an array as weights, shape (nodes, inputs); one dimension means a layer with one node."""
    return array.reshape(1, -1) if array.ndim < 2 else array.T if turned else array


def _possible_pairs(keys: list[Any], shapes: dict[Any, tuple[int, ...]]) -> list[Keys]:
    """Return the possible ways to pair weights with biases, the most likely way first."""
    matrices = [key for key in keys if len(shapes[key]) == 2]
    others = [key for key in keys if len(shapes[key]) < 2]
    ways: list[Keys] = []
    if len(matrices) == len(others):  # alternating, or all biases after all weights
        ways.append(list(zip(matrices, others, strict=True)))
    if not others or len(keys) == 1:
        ways.append([(key, None) for key in keys])
    if len(keys) % 2 == 0:  # biases as one row or column, or the weights of a single node
        ways.append(list(zip(keys[::2], keys[1::2], strict=True)))
    return ways if all(len(shape) <= 2 for shape in shapes.values()) else []


def _is_network(layers: Weights) -> bool:
    widths = [weights.shape for weights, _ in layers]
    chained = all(later[1] == before[0] for before, later in itertools.pairwise(widths))
    biased = all(biases is None or len(biases) == len(weights) for weights, biases in layers)
    return bool(layers) and chained and biased


EXPECTED_MODELS = (
    "expected a Network, a list of arrays, a dictionary of weights, a torch module, a Keras model or an MLP "
    "of scikit-learn"
)
ASSUMED_ACTIVATIONS = (
    "arrays contain no activations: nnviz assumes relu in hidden layers and identity in the output; "
    "to choose other activations, call watch(…, activations=[…])"
)
_COURSE = re.compile(r"node_\d+(_\d+)?|output(_\d+)?", re.ASCII)
OTHER_WEIGHTS = "nnviz cannot show the training of a model that scales its inputs: scale the rows beforehand"
NO_CHANGE = "no weight has changed: if the loop makes new arrays, pass them as view.update(loss, [W0, b0])"
SHAPES_CHANGED = "the shapes of the model's arrays have changed"


class Model:
    """The model that a script trains: `network` is the model as a Network. `values` reads the parameters.

    `start` holds the parameters at the start, shape (parameters,). `assumes_activations` is true if the model
    consists of arrays and the script names no activations. Raises FileError if the model is not a network.
    """

    def __init__(self, model: Any, activations: Sequence[str] | None, inputs: int | None) -> None:
        self._read, self.network, self.assumes_activations = _reader_of(model, activations, inputs)
        own = _chain_of_network(self.network)
        self._shapes, self.start = _shapes(own), as_vector(own)
        if not np.array_equal(as_vector(self._read(model)), self.start):
            raise FileError(OTHER_WEIGHTS)

    def values(self, model: Any) -> Array:
        """Return the current parameters of `model`, shape (parameters,): each node's weights, then its bias.

        Raises ValueError if the shapes of the arrays have changed since the start.
        """
        looked = self._read(model)
        if _shapes(looked) != self._shapes:
            raise ValueError(SHAPES_CHANGED)
        return as_vector(looked)


def _shapes(chain: Weights) -> list[tuple[tuple[int, ...], bool]]:
    return [(weights.shape, biases is not None) for weights, biases in chain]


Reader: TypeAlias = tuple[Read, Network, bool]
"""A function that reads a model's weights, its network, and whether its activations are assumed."""


def _reader_of(model: Any, activations: Sequence[str] | None, inputs: int | None) -> Reader:
    """Return the reader of a model. Raises FileError or TypeError."""
    if framework := frameworks.framework_of(model):
        return framework.read_weights, frameworks.network_of(model, activations), False
    if isinstance(model, State | Network):
        return _chain_of_network, model.network if isinstance(model, State) else model, False
    if isinstance(model, np.ndarray):
        of_list, network, assumes = _reader_of([model], activations, inputs)
        return lambda array: of_list([array]), network, assumes
    if not isinstance(model, Mapping | Sequence) or isinstance(model, str):
        raise TypeError(f"{EXPECTED_MODELS}, found {type(model).__name__}")
    if isinstance(model, Mapping) and all(_COURSE.fullmatch(str(name)) for name in model):
        return _chain_of_course, _network_of_chain(_chain_of_course(model), activations), False
    read = find_arrays(model, inputs)
    return read, _network_of_chain(read(model), activations), not activations


def _network_of_chain(chain: Weights, activations: Sequence[str] | None) -> Network:
    """Return a network with these weights and biases; the default is relu, and identity in the last layer."""
    layers = [Dense(weights, biases, "") for weights, biases in chain]
    given = activations or default_activations(len(chain))
    return dense.state_of(with_given_activations(layers, given)).network


# Readers of weights


def _chain_of_network(model: Network | State) -> Weights:
    network = model.network if isinstance(model, State) else model
    return [(layer.weights, layer.biases) for layer in network.layers]


def _chain_of_course(model: Mapping[str, Any]) -> Weights:
    groups = layers_by_name(model)
    return [(np.array([as_array(model[name]) for name in names]), None) for names in groups]
