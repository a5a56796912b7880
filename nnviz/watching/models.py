"""What a script calls its model: as a network at the start, and its weights again and again, quickly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.activations import Array, proposed
from nnviz.core.address import layers_by_name
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.core.training.passes import in_one_vector
from nnviz.files import foreign
from nnviz.files.errors import FileError
from nnviz.files.foreign import Chain, as_array
from nnviz.files.foreign.answer import answered
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.watching import arrays

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
    if foreign.framework_of(model):
        return _Way(foreign.look, foreign.network_of(model, activations))
    if isinstance(model, State | Network):
        return _Way(_of_network, model.network if isinstance(model, State) else model)
    if isinstance(model, np.ndarray):
        of_list = _way([model], activations, inputs)
        return of_list._replace(look=lambda array: of_list.look([array]))
    if not isinstance(model, Mapping | Sequence) or isinstance(model, str):
        raise TypeError(f"{UNKNOWN}, found a {type(model).__name__}")
    if isinstance(model, Mapping) and all(_COURSE.fullmatch(str(name)) for name in model):
        return _Way(_of_course, _of_chain(_of_course(model), activations))
    places = arrays.find(model, inputs)
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
