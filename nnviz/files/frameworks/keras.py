"""A Keras model as a network: a Sequential model, or a functional model without branches."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnviz.core.network import Network
from nnviz.files import frameworks
from nnviz.files.errors import FileError
from nnviz.files.frameworks import Chain, as_array
from nnviz.files.models import dense, keras_chain, keras_compiled
from nnviz.files.models.keras_chain import StoredLayer

KINDS = (keras_chain.SEQUENTIAL, *keras_chain.FUNCTIONAL - {"Model"})


def network_of(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a model, for any back end.

    Warns if the model scales its inputs; the scaling becomes part of the weights. Raises TypeError for an
    object that is not a model. Raises FileError for a model that is not a chain of dense layers, overrides
    `call`, or has no weights yet.
    """
    layers = keras_chain.model_layers(_description(model))
    chain = keras_chain.chain_of(layers, notes=[])  # no notes: the model is complete
    notes: list[str] = []
    numbers = {id(step): _numbers(model, step) for step in chain.stored_layers}
    dense_layers = keras_chain.with_numbers(chain, numbers, notes)
    frameworks.check_answer(dense_layers, activations)
    network = dense.state_of(dense_layers).network
    for sentence in notes:
        warnings.warn(sentence, stacklevel=2)
    return network


def has_weights(model: Any) -> bool:
    """Return whether a model has weights. Some models get weights at their first call. Raises TypeError."""
    if not hasattr(model, "get_layer"):
        raise TypeError(f"expected a Keras model, found {type(model).__name__}")
    return bool(model.built)


def loss_of(model: Any) -> str:
    """Return the name of the loss that a model is compiled with, or "" if nnviz does not have this loss."""
    loss: Any = keras_compiled.single_loss(getattr(model, "loss", None))
    if hasattr(loss, "get_config"):
        own = {"class_name": type(loss).__name__, "config": loss.get_config()}
        return keras_compiled.loss_of_settings({"loss": own})
    return keras_compiled.loss_by_name(getattr(loss, "__name__", loss))


def read_weights(model: Any) -> Chain:
    """Return the weights and biases of a model's dense layers."""
    return [
        (as_array(layer.kernel.value).T, None if layer.bias is None else as_array(layer.bias.value))
        for layer in _layers_of(model)
        if hasattr(layer, "kernel")
    ]


def _description(model: Any) -> Any:
    """Return a model's architecture as in a Keras file."""
    own: Any = type(model)
    built = has_weights(model)
    kind: Any = next((base for base in own.__mro__ if base.__name__ in KINDS), None)
    if kind is None or own.call is not kind.call:
        raise FileError(
            "the model overrides call(); nnviz shows Sequential and functional models", own.__name__
        )
    if not built:
        raise FileError(
            "the model has no weights yet: add an Input, or call the model on some rows first", own.__name__
        )
    _check_functions(model)
    described = json.loads(model.to_json())
    return {"class_name": kind.__name__, "config": described["config"]}


def _check_functions(model: Any) -> None:
    """Raise FileError for an activation that is not from Keras, since its description is only a name."""
    for layer in _layers_of(model):
        function = getattr(layer, "activation", None)
        if function is not None and function.__module__.partition(".")[0] not in keras_chain.KERAS:
            raise FileError("the activation is a function that is not from Keras", layer.name)


def _layers_of(model: Any) -> Iterator[Any]:
    """Yield the layers of a model, and the layers of each model within the model in its place."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers_of(layer)
        else:
            yield layer


def _numbers(model: Any, step: StoredLayer) -> list[Any]:
    """Return a layer's arrays; a dense layer has a kernel, shape (inputs, nodes), and biases, if any."""
    for name in (*(holder.name for holder in step.holders), step.name):
        model = model.get_layer(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the back end and NumPy
        return [np.asarray(numbers, dtype=np.float64) for numbers in model.get_weights()]
