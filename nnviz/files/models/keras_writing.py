"""Writer of Keras models. It also lists the parts of a model that are lost if nnviz overwrites the file.

Keras 2 can also read the `.h5` files; some names in Keras 2 and Keras 3 differ.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from nnviz.core.network import Layer
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State, Training
from nnviz.files.models import dense, keras_chain, keras_compiled
from nnviz.files.models.dense import to_float32
from nnviz.files.models.keras_chain import Part, json_object, model_layers
from nnviz.files.source import SETTINGS

VERSION = "3.0.0"
"""Oldest Keras version that supports everything that nnviz writes."""
DENSE, INPUT, NORMALIZATION = "Dense", "InputLayer", "Normalization"
MODEL_NAME, INPUT_NAME, DENSE_NAME, ACTIVATION_NAME = "sequential", "inputs", "dense_{}", "activation_{}"
"""Names of the model, its input layer, a dense layer and its activation layer; {} is the layer's number."""
_OLD_FUNCTIONS = {"silu": "swish"}
_OLD_KEYS = {"negative_slope": "alpha"}


class KerasLayer(NamedTuple):
    """A Keras layer: its class, its settings and, for a Dense layer, nnviz's layer with the weights."""

    kind: str
    config: dict[str, Any]
    layer: Layer | None = None


def layers(state: State, *, old: bool) -> list[KerasLayer]:
    """Return the Keras layers of a network. If `old` is true, Keras 2 can also open the layers.

    Raises FileError if the mean of an input is too large for a 32-bit float.
    """
    scales, network = dense.separate_scaling(state)
    width = [None, len(network.inputs)]
    shape = {"batch_input_shape" if old else "batch_shape": width}
    made = [KerasLayer(INPUT, {"name": INPUT_NAME, **shape, "dtype": "float32", "sparse": False})]
    if scales is not None:
        to_float32(scales.mean, "the mean of an input")
        numbers = {"mean": scales.mean.tolist(), "variance": (scales.deviation**2).tolist()}
        config = {"name": NORMALIZATION.lower(), "trainable": True, "dtype": "float32", "axis": [-1]}
        made.append(KerasLayer(NORMALIZATION, {**config, "invert": False, **numbers}))
    for k, layer in enumerate(network.layers):
        made += _layers(layer, k, old)
    return made


def _layers(layer: Layer, k: int, old: bool) -> Iterator[KerasLayer]:
    kind, parameter = keras_chain.keras_activation(layer.activation)
    config = {
        "name": DENSE_NAME.format(k),
        "trainable": True,
        "dtype": "float32",
        "units": len(layer),
        "activation": "linear" if parameter else _OLD_FUNCTIONS.get(kind, kind) if old else kind,
        "use_bias": layer.biases is not None,
    }
    yield KerasLayer(DENSE, config, layer)
    if parameter:
        settings = {_OLD_KEYS.get(key, key) if old else key: value for key, value in parameter.items()}
        name = ACTIVATION_NAME.format(k)
        yield KerasLayer(kind, {"name": name, "trainable": True, "dtype": "float32", **settings})


def architecture(layers: list[KerasLayer], *, old: bool) -> dict[str, Any]:
    """Return a Sequential model of these layers as a JSON object."""
    module = {} if old else {"module": "keras.layers", "registered_name": None}
    inner = [{"class_name": each.kind, "config": each.config, **module} for each in layers]
    config = {"name": MODEL_NAME, "trainable": True, "dtype": "float32", "layers": inner}
    outer = {} if old else {"module": "keras", "registered_name": None}
    return {"class_name": "Sequential", "config": config, **outer}


def settings(state: State, *, old: bool) -> dict[str, Any] | None:
    """Return the compile settings as a JSON object, or None if Keras does not have the optimizer."""
    compiled = keras_compiled.to_keras(state.training, state.network.layers[-1].function.base)
    if compiled is None:
        return None
    optimizer, loss = compiled
    common: dict[str, Any] = {"loss": loss, "loss_weights": None, "metrics": None, "weighted_metrics": None}
    if old:
        return {**common, "optimizer_config": optimizer, "sample_weight_mode": None}
    optimizer |= {"module": "keras.optimizers", "registered_name": None}
    return {
        **common,
        "optimizer": optimizer,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def weights(layers: list[KerasLayer], training: Training | None) -> bytes:
    """Return the weights as HDF5 in the layout of Keras 3.

    With `training`, the file also contains the state of an optimizer before its first update.
    """
    import numpy as np

    datasets: dict[str, Any] = {}
    arrays: list[Any] = []
    for k, layer in enumerate(each.layer for each in layers if each.layer is not None):
        group = f"layers/dense_{k}/vars" if k else "layers/dense/vars"
        layer_arrays = _arrays(layer, f"layers[{k}]")
        datasets |= {f"{group}/{i}": array for i, array in enumerate(layer_arrays)}
        arrays += layer_arrays
    if training is not None:
        count = len(OPTIMIZERS[training.optimizer].memories)
        rate = to_float32(np.array(training.learning_rate), "training.learning_rate")
        memory = [np.zeros_like(array) for array in arrays for _ in range(count)]
        for i, value in enumerate([np.int32(0), rate, *memory]):
            datasets[f"optimizer/vars/{i}"] = value
    return _hdf5(datasets, {})


def old_file(state: State) -> bytes:
    """Return architecture, weights and compile settings as HDF5 in the layout before Keras 3."""
    model = layers(state, old=True)
    head = {"keras_version": VERSION, "backend": "tensorflow"}
    names = [each.config["name"] for each in model[1:]]
    attributes: dict[str, dict[str, Any]] = {
        "": {**head, "model_config": json.dumps(architecture(model, old=True))},
        "model_weights": {**head, "layer_names": names},
    }
    if compiled := settings(state, old=True):
        attributes[""]["training_config"] = json.dumps(compiled)
    datasets: dict[str, Any] = {}
    for each in model[1:]:
        name, weights = each.config["name"], {}
        if each.layer is not None:
            arrays = _arrays(each.layer, name)
            kinds = zip(("kernel", "bias"), arrays, strict=False)
            weights = {f"{name}/{kind}:0": array for kind, array in kinds}
        attributes[f"model_weights/{name}"] = {"weight_names": list(weights)}
        datasets |= {f"model_weights/{name}/{weight}": array for weight, array in weights.items()}
    return _hdf5(datasets, attributes)


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that a Keras file does not keep."""
    lost = [*dense.left_out(state), *dense.lost_digits(state)]
    if settings(state, old=False) is None:
        return lost
    kept = {name: getattr(state.training, name) for name in ("learning_rate", "optimizer", "loss")}
    others = [f"{SETTINGS} except loss, optimizer and learning rate"] * (Training(**kept) != state.training)
    return [part for each in lost for part in (others if each == SETTINGS else [each])]


def raw_rows(state: State, name: str) -> str:
    """Return a sentence on how the model in the file `name` standardises raw rows; "" if it does not."""
    return dense.standardised_rows(state, name, f"layer {NORMALIZATION}")


def _arrays(layer: Layer, place: str) -> list[Any]:
    """Return the kernel, shape (inputs, nodes), and the biases, if any."""
    both = (layer.weights.T, layer.biases)
    return [to_float32(array, place) for array in both if array is not None]


def _hdf5(datasets: dict[str, Any], attributes: dict[str, dict[str, Any]]) -> bytes:
    """Return arrays by path and attributes of groups as HDF5; texts become bytes, which Keras 2 needs."""
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


_INITIALIZERS = ("GlorotUniform", "Zeros", "glorot_uniform", "zero")
"""Default initializers of weights and biases; the last two are from Keras 1."""


def replaced(model: object, settings: object) -> list[str]:
    """List the parts of a model and of its compile `settings` that are lost if nnviz overwrites the file.

    Raises FileError.
    """
    found = model_layers(model)
    kept = [part for part in found if part.kind in (INPUT, DENSE, *keras_chain.ACTIVATION_LAYERS)]
    others = ", ".join(dict.fromkeys(part.kind for part in found if part not in kept))
    config = json_object(model, "the model").get("config")
    lost = {
        f"its layers ({others})": bool(others),
        "its regularizers": _has_setting(kept, "_regularizer"),
        "its constraints": _has_setting(kept, "_constraint"),
        "its initializers": _has_setting(kept, "_initializer", "init", usual=_INITIALIZERS),
        "which layers are frozen": any(part.config.get("trainable") is False for part in kept),
        "the models inside it": any(part.holders for part in found),
        "its name": isinstance(config, Mapping) and config.get("name") != MODEL_NAME,
        "the names of its layers": [part.name for part in kept] != _names(kept),
    }
    return keras_compiled.replaced(settings) + [part for part, is_lost in lost.items() if is_lost]


def _has_setting(found: Sequence[Part], *ends: str, usual: Sequence[str] = ()) -> bool:
    """Return whether a layer has a setting with one of these endings and a value outside `usual`."""
    values = (value for part in found for key, value in part.config.items() if key.endswith(ends))
    names = (value.get("class_name") if isinstance(value, Mapping) else value for value in values)
    return any(name is not None and name not in usual for name in names)


def _names(kept: Sequence[Part]) -> list[str]:
    """Return the names that nnviz gives to the layers."""
    names, k = [], -1
    for part in kept:
        k += part.kind == DENSE
        names.append({INPUT: INPUT_NAME, DENSE: DENSE_NAME}.get(part.kind, ACTIVATION_NAME).format(k))
    return names
