"""A network as Keras writes it: the architecture of a Sequential model as JSON, and its weights as HDF5.

`.h5` is read by Keras 2 as well, whose words for some things are others.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from nnviz.core.network import Layer, Network
from nnviz.files.models.float32 import narrowed
from nnviz.files.models.keras import activations

VERSION = "3.0.0"
"""The oldest Keras that has all of this."""
DENSE, INPUT = "Dense", "InputLayer"
MODEL_NAME, INPUT_NAME, DENSE_NAME, ACTIVATION_NAME = "sequential", "inputs", "dense_{}", "activation_{}"
"""What the model and its layers are called; the last two with the number of the layer."""
_OLD_FUNCTIONS = {"silu": "swish"}
_OLD_KEYS = {"negative_slope": "alpha"}


class Written(NamedTuple):
    """A layer of Keras': its class, its settings, and the layer of nnviz's whose weights it has, if any."""

    kind: str
    config: dict[str, Any]
    layer: Layer | None = None


def layers(network: Network, *, old: bool) -> list[Written]:
    """Return the layers of Keras' that make a network; `old` says that Keras 2 has to know them."""
    width = [None, len(network.inputs)]
    shape = {"batch_input_shape" if old else "batch_shape": width}
    found = [Written(INPUT, {"name": INPUT_NAME, **shape, "dtype": "float32", "sparse": False})]
    for k, layer in enumerate(network.layers):
        found += _layers(layer, k, old)
    return found


def _layers(layer: Layer, k: int, old: bool) -> Iterator[Written]:
    kind, parameter = activations.written(layer.activation)
    config = {
        "name": DENSE_NAME.format(k),
        "trainable": True,
        "dtype": "float32",
        "units": len(layer),
        "activation": "linear" if parameter else _OLD_FUNCTIONS.get(kind, kind) if old else kind,
        "use_bias": layer.biases is not None,
    }
    yield Written(DENSE, config, layer)
    if parameter:
        named = {_OLD_KEYS.get(key, key) if old else key: value for key, value in parameter.items()}
        name = ACTIVATION_NAME.format(k)
        yield Written(kind, {"name": name, "trainable": True, "dtype": "float32", **named})


def architecture(found: list[Written], *, old: bool) -> dict[str, Any]:
    """Return a Sequential model of these layers, as JSON has it."""
    module = {} if old else {"module": "keras.layers", "registered_name": None}
    inner = [{"class_name": each.kind, "config": each.config, **module} for each in found]
    config = {"name": MODEL_NAME, "trainable": True, "dtype": "float32", "layers": inner}
    outer = {} if old else {"module": "keras", "registered_name": None}
    return {"class_name": "Sequential", "config": config, **outer}


def weights(found: list[Written]) -> bytes:
    """Return the weights as HDF5 in the layout of Keras 3."""
    dense = [each.layer for each in found if each.layer is not None]
    datasets: dict[str, Any] = {}
    for k, layer in enumerate(dense):
        group = f"layers/dense_{k}/vars" if k else "layers/dense/vars"
        datasets |= {f"{group}/{i}": array for i, array in enumerate(_arrays(layer, f"layers[{k}]"))}
    return _hdf5(datasets, {})


def old_file(network: Network) -> bytes:
    """Return architecture and weights as HDF5 in the old layout."""
    found = layers(network, old=True)
    head = {"keras_version": VERSION, "backend": "tensorflow"}
    names = [each.config["name"] for each in found[1:]]
    attributes: dict[str, dict[str, Any]] = {
        "": {**head, "model_config": json.dumps(architecture(found, old=True))},
        "model_weights": {**head, "layer_names": names},
    }
    datasets: dict[str, Any] = {}
    for each in found[1:]:
        name, own = each.config["name"], {}
        if each.layer is not None:
            arrays = _arrays(each.layer, name)
            own = {f"{name}/{what}:0": array for what, array in zip(("kernel", "bias"), arrays, strict=False)}
        attributes[f"model_weights/{name}"] = {"weight_names": list(own)}
        datasets |= {f"model_weights/{name}/{weight}": array for weight, array in own.items()}
    return _hdf5(datasets, attributes)


def _arrays(layer: Layer, place: str) -> list[Any]:
    """Return the kernel, shape (inputs, nodes), and the biases, if there are any."""
    both = (layer.weights.T, layer.biases)
    return [narrowed(array, place) for array in both if array is not None]


def _hdf5(datasets: dict[str, Any], attributes: dict[str, dict[str, Any]]) -> bytes:
    """Return arrays by path, and attributes of groups, as HDF5: texts as bytes, which Keras 2 wants."""
    import h5py
    import numpy as np

    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for path, array in datasets.items():
            file[path] = array
        for path, texts in attributes.items():
            group = file.require_group(path or "/")
            for name, value in texts.items():
                group.attrs[name] = value.encode() if isinstance(value, str) else np.array(value, dtype="S")
    return memory.getvalue()
