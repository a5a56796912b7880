"""A State as Keras writes it: the architecture of a Sequential model as JSON, and its weights as HDF5.

`.h5` is read by Keras 2 as well, whose words for some things are others.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from nnviz.core.network import Layer
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import State
from nnviz.files.left_out import SETTINGS
from nnviz.files.models import dense, float32, scaling
from nnviz.files.models.float32 import narrowed
from nnviz.files.models.keras import activations, compiled

VERSION = "3.0.0"
"""The oldest Keras that has all of this."""
DENSE, INPUT, NORMALIZATION = "Dense", "InputLayer", "Normalization"
MODEL_NAME, INPUT_NAME, DENSE_NAME, ACTIVATION_NAME = "sequential", "inputs", "dense_{}", "activation_{}"
"""What the model and its layers are called; the last two with the number of the layer."""
_OLD_FUNCTIONS = {"silu": "swish"}
_OLD_KEYS = {"negative_slope": "alpha"}


class Written(NamedTuple):
    """A layer of Keras': its class, its settings, and the layer of nnviz's whose weights it has, if any."""

    kind: str
    config: dict[str, Any]
    layer: Layer | None = None


def layers(state: State, *, old: bool) -> list[Written]:
    """Return the layers of Keras' that make a network; `old` says that Keras 2 has to know them.

    Raises FileError where the inputs are standardised by numbers that are too large.
    """
    scales, network = scaling.separate(state)
    width = [None, len(network.inputs)]
    shape = {"batch_input_shape" if old else "batch_shape": width}
    found = [Written(INPUT, {"name": INPUT_NAME, **shape, "dtype": "float32", "sparse": False})]
    if scales is not None:
        narrowed(scales.mean, "the mean of an input")
        numbers = {"mean": scales.mean.tolist(), "variance": (scales.deviation**2).tolist()}
        config = {"name": NORMALIZATION.lower(), "trainable": True, "dtype": "float32", "axis": [-1]}
        found.append(Written(NORMALIZATION, {**config, "invert": False, **numbers}))
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


def settings(state: State, *, old: bool) -> dict[str, Any] | None:
    """Return how the model is compiled, as JSON has it; None where Keras has no such optimizer."""
    made = compiled.written(state.training, state.network.layers[-1].function.base)
    if made is None:
        return None
    optimizer, loss = made
    usual: dict[str, Any] = {"loss": loss, "loss_weights": None, "metrics": None, "weighted_metrics": None}
    if old:
        return {**usual, "optimizer_config": optimizer, "sample_weight_mode": None}
    optimizer |= {"module": "keras.optimizers", "registered_name": None}
    return {
        **usual,
        "optimizer": optimizer,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def weights(found: list[Written], training: Training | None) -> bytes:
    """Return the weights as HDF5 in the layout of Keras 3, with an optimizer that has made no update yet."""
    import numpy as np

    datasets: dict[str, Any] = {}
    arrays: list[Any] = []
    for k, layer in enumerate(each.layer for each in found if each.layer is not None):
        group = f"layers/dense_{k}/vars" if k else "layers/dense/vars"
        own = _arrays(layer, f"layers[{k}]")
        datasets |= {f"{group}/{i}": array for i, array in enumerate(own)}
        arrays += own
    if training is not None:
        count = len(OPTIMIZERS[training.optimizer].memories)
        rate = narrowed(np.array(training.learning_rate), "training.learning_rate")
        remembered = [np.zeros_like(array) for array in arrays for _ in range(count)]
        for i, value in enumerate([np.int32(0), rate, *remembered]):
            datasets[f"optimizer/vars/{i}"] = value
    return _hdf5(datasets, {})


def old_file(state: State) -> bytes:
    """Return architecture, weights and how the model is compiled as HDF5 in the old layout."""
    found = layers(state, old=True)
    head = {"keras_version": VERSION, "backend": "tensorflow"}
    names = [each.config["name"] for each in found[1:]]
    attributes: dict[str, dict[str, Any]] = {
        "": {**head, "model_config": json.dumps(architecture(found, old=True))},
        "model_weights": {**head, "layer_names": names},
    }
    if how := settings(state, old=True):
        attributes[""]["training_config"] = json.dumps(how)
    datasets: dict[str, Any] = {}
    for each in found[1:]:
        name, own = each.config["name"], {}
        if each.layer is not None:
            arrays = _arrays(each.layer, name)
            own = {f"{name}/{what}:0": array for what, array in zip(("kernel", "bias"), arrays, strict=False)}
        attributes[f"model_weights/{name}"] = {"weight_names": list(own)}
        datasets |= {f"model_weights/{name}/{weight}": array for weight, array in own.items()}
    return _hdf5(datasets, attributes)


def left_out(state: State) -> list[str]:
    """Return what of `state` such a file does not keep."""
    lost = [*dense.left_out(state), *float32.left_out(state)]
    if settings(state, old=False) is None:
        return lost
    kept = {name: getattr(state.training, name) for name in ("learning_rate", "optimizer", "loss")}
    others = [f"{SETTINGS} but loss, optimizer and learning rate"] * (Training(**kept) != state.training)
    return [part for own in lost for part in (others if own == SETTINGS else [own])]


def raw_rows(state: State) -> str:
    """Return what such a file does with raw rows if the inputs are standardised, else ""."""
    return scaling.describe(state, f"a {NORMALIZATION} layer")


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
