"""Keras models as nnviz writes them, and what overwriting a model loses.

Keras 2 reads `.h5` files too; some of its terms differ from those of Keras 3.
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
from nnviz.files.models.dense import narrowed
from nnviz.files.models.keras_chain import Part, mapping, parts
from nnviz.files.source import SETTINGS

VERSION = "3.0.0"
"""The oldest Keras that has all of this."""
DENSE, INPUT, NORMALIZATION = "Dense", "InputLayer", "Normalization"
MODEL_NAME, INPUT_NAME, DENSE_NAME, ACTIVATION_NAME = "sequential", "inputs", "dense_{}", "activation_{}"
"""What the model and its layers are called; the last two with the number of the layer."""
_OLD_FUNCTIONS = {"silu": "swish"}
_OLD_KEYS = {"negative_slope": "alpha"}


class KerasLayer(NamedTuple):
    """A layer of Keras': its class, its settings, and the layer of nnviz's whose weights it has, if any."""

    kind: str
    config: dict[str, Any]
    layer: Layer | None = None


def layers(state: State, *, old: bool) -> list[KerasLayer]:
    """Return the layers of Keras' that make a network; `old` says that Keras 2 has to know them.

    Raises FileError where the inputs are standardised by numbers that are too large.
    """
    scales, network = dense.separate_scaling(state)
    width = [None, len(network.inputs)]
    shape = {"batch_input_shape" if old else "batch_shape": width}
    found = [KerasLayer(INPUT, {"name": INPUT_NAME, **shape, "dtype": "float32", "sparse": False})]
    if scales is not None:
        narrowed(scales.mean, "the mean of an input")
        numbers = {"mean": scales.mean.tolist(), "variance": (scales.deviation**2).tolist()}
        config = {"name": NORMALIZATION.lower(), "trainable": True, "dtype": "float32", "axis": [-1]}
        found.append(KerasLayer(NORMALIZATION, {**config, "invert": False, **numbers}))
    for k, layer in enumerate(network.layers):
        found += _layers(layer, k, old)
    return found


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
        named = {_OLD_KEYS.get(key, key) if old else key: value for key, value in parameter.items()}
        name = ACTIVATION_NAME.format(k)
        yield KerasLayer(kind, {"name": name, "trainable": True, "dtype": "float32", **named})


def architecture(found: list[KerasLayer], *, old: bool) -> dict[str, Any]:
    """Return a Sequential model of these layers, as JSON has it."""
    module = {} if old else {"module": "keras.layers", "registered_name": None}
    inner = [{"class_name": each.kind, "config": each.config, **module} for each in found]
    config = {"name": MODEL_NAME, "trainable": True, "dtype": "float32", "layers": inner}
    outer = {} if old else {"module": "keras", "registered_name": None}
    return {"class_name": "Sequential", "config": config, **outer}


def settings(state: State, *, old: bool) -> dict[str, Any] | None:
    """Return how the model is compiled, as JSON has it; None where Keras has no such optimizer."""
    made = keras_compiled.written(state.training, state.network.layers[-1].function.base)
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


def weights(found: list[KerasLayer], training: Training | None) -> bytes:
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
    lost = [*dense.left_out(state), *dense.lost_digits(state)]
    if settings(state, old=False) is None:
        return lost
    kept = {name: getattr(state.training, name) for name in ("learning_rate", "optimizer", "loss")}
    others = [f"{SETTINGS} but loss, optimizer and learning rate"] * (Training(**kept) != state.training)
    return [part for own in lost for part in (others if own == SETTINGS else [own])]


def raw_rows(state: State) -> str:
    """Return what such a file does with raw rows if the inputs are standardised, else ""."""
    return dense.standardised_rows(state, f"a {NORMALIZATION} layer")


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


_USUAL = ("GlorotUniform", "Zeros", "glorot_uniform", "zero")
"""How Keras begins weights and biases where nothing else is said; Keras 1 has the last two."""


def replaced(model: object, settings: object) -> list[str]:
    """Return what of an architecture is lost, and of the `settings` it is compiled with. Raises FileError."""
    found = parts(model)
    kept = [part for part in found if part.kind in (INPUT, DENSE, *keras_chain.ACTIVATION_LAYERS)]
    others = ", ".join(dict.fromkeys(part.kind for part in found if part not in kept))
    config = mapping(model, "the model").get("config")
    lost = {
        f"its layers ({others})": bool(others),
        "its regularizers": _any(kept, "_regularizer"),
        "its constraints": _any(kept, "_constraint"),
        "its initializers": _any(kept, "_initializer", "init", usual=_USUAL),
        "which layers are frozen": any(part.config.get("trainable") is False for part in kept),
        "the models in it": any(part.around for part in found),
        "its name": isinstance(config, Mapping) and config.get("name") != MODEL_NAME,
        "the names of its layers": [part.name for part in kept] != _names(kept),
    }
    return keras_compiled.replaced(settings) + [part for part, is_lost in lost.items() if is_lost]


def _any(found: Sequence[Part], *ends: str, usual: Sequence[str] = ()) -> bool:
    """Tell whether a layer has a setting of such a name that is other than the usual ones."""
    given = (value for part in found for key, value in part.config.items() if key.endswith(ends))
    named = (value.get("class_name") if isinstance(value, Mapping) else value for value in given)
    return any(name is not None and name not in usual for name in named)


def _names(kept: Sequence[Part]) -> list[str]:
    """Return what nnviz calls the layers."""
    names, k = [], -1
    for part in kept:
        k += part.kind == DENSE
        names.append({INPUT: INPUT_NAME, DENSE: DENSE_NAME}.get(part.kind, ACTIVATION_NAME).format(k))
    return names
