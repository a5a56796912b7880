"""The files of Keras: `.keras` archives, `.h5` files and `model.json` files, and their compile settings.

A `.keras` file is a zip archive of an architecture as JSON and weights as HDF5; before 2023 it had the form
of a `.h5` file. A `.h5` file of Keras 1.2 to 3 has both as HDF5. A `model.json` has only the architecture;
its weights are in an HDF5 file in the same folder. Some names in Keras 2 and Keras 3 differ.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.losses import CROSS_ENTROPY, LOSSES, NO_PENALTY, Penalty, forms_of
from nnviz.core.network import Layer
from nnviz.core.numbers import full, list_text, quoted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import frozen_layers
from nnviz.core.schedules import SCHEDULES, Schedule, of_numbers
from nnviz.core.state import State, Training
from nnviz.files.errors import FileError
from nnviz.files.json_text import decode_text, parse
from nnviz.files.models import dense, keras_chain
from nnviz.files.models.dense import to_float32
from nnviz.files.models.keras_chain import Part, mapping, model_layers
from nnviz.files.models.npz import Archive
from nnviz.files.source import SETTINGS, Codec, Source

_SPARSE = "sparsecategoricalcrossentropy"
"""Keras' name of the cross-entropy with class numbers as targets, in lower-case letters only."""
_CROSS_ENTROPIES = {"softmax": ("binary", "categorical"), "sigmoid": ("categorical", "binary")}
"""For each output: the other cross-entropy that Keras allows, and nnviz's cross-entropy."""
_OPTIMIZERS = {
    name: (own.notation.name, own.notation.keras_settings)
    for name, own in OPTIMIZERS.items()
    if own.notation is not None
}
"""For each of nnviz's optimizers that Keras has: Keras' class, and all settings except the learning rate."""
_FIRST_RATE = "initial_learning_rate"
_OF_EVERY_RATE = (_FIRST_RATE, "name")
"""_FIRST_RATE: setting with the first learning rate of a Keras schedule. _OF_EVERY_RATE: settings of all."""
_UNSUPPORTED = ("weight_decay", "decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema")
"""Settings of Keras optimizers that nnviz does not have; 0 has no effect."""
_TOLERANCE = 1e-6
"""Smallest difference that counts: settings may be 32-bit floats, and epsilon is small."""


def state_of(parts: Sequence[Part], chain: dense.Chain, settings: object, source: Source) -> State:
    """Return a State with a Keras model's network, loss, optimizer, penalty and frozen layers.

    `parts` are the layers of the model, `chain` is the chain of its dense layers, and `settings` are its
    compile settings. Adds a note (a sentence for the user) to `source` for each difference between Keras and
    nnviz. Raises FileError.
    """
    source.notes.extend(keras_chain.training_notes(parts) + chain.notes)
    loss, (name, _) = loss_of_settings(settings), _loss(settings)
    has_logits = "nnviz has no loss that takes logits (from_logits)"
    reason = has_logits if loss_by_name(name) else f"nnviz has no loss {quoted(name)}"
    state = dense.state_of(chain.layers, loss=loss, source=source, why=reason if name else "")
    output = chain.layers[-1].activation
    other, ours = _CROSS_ENTROPIES.get(output, ("", ""))
    if loss == CROSS_ENTROPY and other and f"{other}crossentropy" in _letters(name):
        source.notes.append(
            f"nnviz uses {ours} cross-entropy with {output}, not the model's {other} cross-entropy"
        )
    training = _with_optimizer(state.training, _optimizer(settings), source.notes)
    return replace(state, training=_with_penalty(training, parts, source.notes))


def loss_of_settings(settings: object) -> str:
    """Return nnviz's name for the loss in the compile settings; "" if nnviz does not have the loss."""
    name, config = _loss(settings)
    loss = "" if config.get("from_logits") else loss_by_name(name)
    value = config.get(LOSSES[loss][0].notation.keras.parameter) if loss else None
    if not dense.is_number(value):
        return loss
    try:
        return forms_of(f"{loss}({full(dense.shortest_decimal(float(value)))})")[0].name
    except ValueError:
        return ""


def loss_by_name(name: object) -> str:
    """Return nnviz's name for a Keras loss; "" if nnviz does not have the loss."""
    letters = _letters(name)
    return CROSS_ENTROPY if letters == _SPARSE else _losses().get(letters, "")


def _part(module: str, kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return an object of Keras 3 as JSON."""
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def _losses() -> dict[str, str]:
    """Return nnviz's losses by the lower-case letters of their Keras classes, and by "mse" and the like."""
    every = [(form.notation.keras.name, name) for name, forms in LOSSES.items() for form in forms]
    initials = {re.sub("[^A-Z]", "", own).lower(): name for own, name in every if own.startswith("Mean")}
    return initials | {_letters(own): name for own, name in every if own}


def _loss(settings: object) -> tuple[object, Mapping[str, Any]]:
    """Return the name and the settings of the loss in the compile settings."""
    loss = single_loss(mapping(settings).get("loss"))
    if not isinstance(loss, Mapping):
        return loss, {}
    config = loss.get("config")
    if isinstance(config, str):  # the name of a function
        return config, {}
    return loss.get("class_name"), mapping(config)


def single_loss(loss: object) -> object:
    """Return the only loss in a list or dictionary; return any other `loss` unchanged."""
    if isinstance(loss, Mapping) and "class_name" not in loss:
        loss = list(loss.values())
    return loss[0] if isinstance(loss, list) and len(loss) == 1 else loss


def _letters(name: object) -> str:
    return re.sub(r"[^a-z]", "", name.lower()) if isinstance(name, str) else ""


def _optimizer(settings: object) -> Mapping[str, Any]:
    """Return the optimizer's class and settings; {} if the model is not compiled."""
    settings = mapping(settings)
    optimizer = settings.get("optimizer") or settings.get("optimizer_config")
    return optimizer if isinstance(optimizer, Mapping) else {"class_name": optimizer} if optimizer else {}


def _with_optimizer(training: Training, optimizer: Mapping[str, Any], notes: list[str]) -> Training:
    """Return `training` with the optimizer and learning rate of a file; add a note for each difference."""
    if not optimizer:
        return training
    kind, config = optimizer.get("class_name"), mapping(optimizer.get("config"))
    differences: dict[str, dict[str, float]] = {}
    with suppress(FileError):
        keras_chain.check_part_of_keras(optimizer)
        differences = {
            name: _differences(settings, config)
            for name, (own, settings) in _OPTIMIZERS.items()
            if isinstance(kind, str) and kind.lower() == own.lower()
        }
    if not differences:
        name, rate = training.optimizer.replace("_", " "), full(training.learning_rate)
        notes.append(f"nnviz has no optimizer {quoted(kind)} and uses {name} with learning rate {rate}")
        return training
    chosen = min(differences, key=lambda name: sum(differences[name].values()))
    number, schedule, unread = _rate(config, training.learning_rate)
    _, ours = _OPTIMIZERS[chosen]
    keys = [*differences[chosen], *(key for key in _UNSUPPORTED if config.get(key) and key not in ours)]
    others = [f"{key} {quoted(config[key])} ({ours.get(key, 'not')} in nnviz)" for key in keys]
    if others:
        notes.append(f"nnviz does not use the model's settings of {quoted(kind)}: {', '.join(others)}")
    if unread:
        notes.append(f"nnviz uses the constant learning rate {full(number)} instead of {unread}")
    return replace(training, optimizer=chosen, learning_rate=number, schedule=schedule)


def _differences(settings: Mapping[str, float], config: Mapping[str, Any]) -> dict[str, float]:
    """Return how much each setting in a file differs from nnviz's `settings`, if it differs."""
    distances = {
        key: abs(config[key] - default)
        for key, default in settings.items()
        if isinstance(config.get(key), bool) or dense.is_number(config.get(key))
    }
    return {key: distance for key, distance in distances.items() if distance > _TOLERANCE}


def _rate(config: Mapping[str, Any], default: float) -> tuple[float, Schedule | None, str]:
    """Return the learning rate, its schedule, and the value that the rate replaces; "" if there is none.

    nnviz uses the first learning rate of a schedule that nnviz lacks, and `default` for any other value.
    """
    rate = config.get("learning_rate", config.get("lr"))
    schedule, unread = None, ""
    if isinstance(rate, Mapping):
        kind, inner = rate.get("class_name"), mapping(rate.get("config"))
        schedule = _schedule(kind, inner)
        unread = "" if schedule else f"the schedule {quoted(kind)}"
        rate = inner.get(_FIRST_RATE)
    if dense.is_number(rate) and rate > 0:
        return dense.shortest_decimal(float(rate)), schedule, unread
    return default, schedule, unread or quoted(rate)


def _schedule(kind: object, config: Mapping[str, Any]) -> Schedule | None:
    """Return the schedule with the class and the settings of a Keras schedule; None if nnviz lacks it."""
    for own in SCHEDULES.values():
        keras, names, others = own.keras
        rest = {key: value for key, value in config.items() if key not in (*names.values(), *_OF_EVERY_RATE)}
        values = [config.get(name) for name in names.values()]
        same = kind == keras and {key: value for key, value in rest.items() if value} == others
        numbers = [dense.shortest_decimal(float(value)) for value in values if dense.is_number(value)]
        if same:
            with suppress(ValueError):
                return of_numbers(own, numbers)
    return None


_OLD_NAMES = {"kernel_regularizer": "W_regularizer", "bias_regularizer": "b_regularizer"}
"""Names of settings in Keras 1."""
_PENALTIES = ("L1", "L2", "L1L2", "L1L2Regularizer", "WeightRegularizer")
"""Classes of the penalty l1·Σ|w| + l2·Σw²; the last two are from Keras 1."""


def _with_penalty(training: Training, parts: Sequence[Part], notes: list[str]) -> Training:
    """Return `training` with a model's penalty and frozen layers; add a note for unused regularizers."""
    layers = [part.config for part in parts if part.kind == "Dense"]
    found = {
        key: {_penalty(config.get(key) or config.get(_OLD_NAMES.get(key, ""))) for config in layers}
        for key in (*_OLD_NAMES, "activity_regularizer")
    }
    (first, *others), *_ = found.values()
    penalty = NO_PENALTY if first is None or others else first
    used = {"kernel_regularizer": {penalty}}
    if unused := [key for key, each in found.items() if each != used.get(key, {NO_PENALTY})]:
        own = "nnviz has only one penalty, l1·Σ|w| + l2·Σw² over the weights of all layers"
        notes.append(f"nnviz does not use the model's {list_text(unused)}: {own}")
    frozen = tuple(f"layer {k}" for k, config in enumerate(layers) if config.get("trainable") is False)
    return replace(training, l1=penalty.l1, l2=penalty.l2, frozen=frozen)


def _penalty(regularizer: object) -> Penalty | None:
    """Return the penalty of a Keras regularizer, or None if nnviz does not have the regularizer."""
    if not isinstance(regularizer, Mapping):
        return None if regularizer else NO_PENALTY
    config = regularizer.get("config", regularizer)  # Keras 1 has no inner object
    is_known = regularizer.get("class_name", regularizer.get("name")) in _PENALTIES
    given = [config.get(name, 0.0) for name in ("l1", "l2")] if isinstance(config, Mapping) else []
    factors = [dense.shortest_decimal(float(each)) for each in given if dense.is_number(each)]
    with suppress(FileError, ValueError):
        keras_chain.check_part_of_keras(regularizer)
        if is_known and len(factors) == 2:
            return Penalty(*factors)
    return None


VERSION = "3.0.0"
"""Oldest Keras version that supports everything that nnviz writes."""
NORMALIZATION = "Normalization"
_OLD_FUNCTIONS = {"silu": "swish"}
_OLD_KEYS = {"negative_slope": "alpha"}


class KerasLayer(NamedTuple):
    """A Keras layer: its class, its settings and, for a Dense layer, nnviz's layer with the weights."""

    kind: str
    config: dict[str, Any]
    layer: Layer | None = None


def _keras_layers(state: State, *, old: bool) -> list[KerasLayer]:
    """Return the Keras layers of a network. If `old` is true, Keras 2 can also open the layers.

    Raises FileError if the mean of an input is too large for a 32-bit float.
    """
    scales, network = dense.separate_scaling(state)
    width = [None, len(network.inputs)]
    shape = {"batch_input_shape" if old else "batch_shape": width}
    made = [KerasLayer("InputLayer", {"name": "inputs", **shape, "dtype": "float32", "sparse": False})]
    if scales is not None:
        to_float32(scales.mean, "the mean of an input")
        numbers = {"mean": scales.mean.tolist(), "variance": (scales.deviation**2).tolist()}
        config = {"name": NORMALIZATION.lower(), "trainable": True, "dtype": "float32", "axis": [-1]}
        made.append(KerasLayer(NORMALIZATION, {**config, "invert": False, **numbers}))
    factors, frozen = {"l1": state.training.l1, "l2": state.training.l2}, frozen_layers(state)
    regularizer = _part("keras.regularizers", "L1L2", factors)
    penalty = {"kernel_regularizer": regularizer} if state.training.penalty else {}
    for k, layer in enumerate(network.layers):
        made += _layers(layer, k, old, {"trainable": k not in frozen, **penalty})
    return made


def _layers(layer: Layer, k: int, old: bool, more: dict[str, Any]) -> Iterator[KerasLayer]:
    own = layer.function.notation.keras
    dense.check_has("Keras", layer.activation, own)
    kind, parameter = own.name, own.settings
    config = {
        "name": f"dense_{k}",
        **more,
        "dtype": "float32",
        "units": len(layer),
        "activation": "linear" if parameter else _OLD_FUNCTIONS.get(kind, kind) if old else kind,
        "use_bias": layer.biases is not None,
    }
    yield KerasLayer("Dense", config, layer)
    if parameter:
        settings = {_OLD_KEYS.get(key, key) if old else key: value for key, value in parameter.items()}
        yield KerasLayer(kind, {"name": f"activation_{k}", "trainable": True, "dtype": "float32", **settings})


def _model_json(layers: list[KerasLayer], *, old: bool) -> dict[str, Any]:
    """Return a Sequential model of these layers as a JSON object."""
    module = {} if old else {"module": "keras.layers", "registered_name": None}
    inner = [{"class_name": each.kind, "config": each.config, **module} for each in layers]
    config = {"name": "sequential", "trainable": True, "dtype": "float32", "layers": inner}
    outer = {} if old else {"module": "keras", "registered_name": None}
    return {"class_name": "Sequential", "config": config, **outer}


def _compile_settings(state: State, *, old: bool) -> dict[str, Any] | None:
    """Return the compile settings as a JSON object, or None if Keras lacks the optimizer or the loss.

    A loss without a parameter is only a name.
    """
    training, own = state.training, state.measure.notation.keras
    if training.optimizer not in _OPTIMIZERS or not own.name:
        return None
    kind, settings = _OPTIMIZERS[training.optimizer]
    rate: float | dict[str, Any] = training.learning_rate
    if schedule := training.schedule:
        inner = {_FIRST_RATE: rate, **schedule.keras_config}
        rate = _part("keras.optimizers.schedules", schedule.keras[0], inner)
    config = {"name": kind.lower(), "learning_rate": rate, **settings}
    optimizer, name = _part("keras.optimizers", kind, config), keras_chain.snake_case(own.name)
    loss = _part("keras.losses", own.name, own.settings) if own.settings else name
    common: dict[str, Any] = {"loss": loss, "loss_weights": None, "metrics": None, "weighted_metrics": None}
    if old:
        return {**common, "optimizer_config": optimizer, "sample_weight_mode": None}
    run = {"run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}
    return {**common, "optimizer": optimizer, **run}


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that a Keras file does not keep."""
    lost = [*dense.left_out(state), *dense.lost_digits(state)]
    if _compile_settings(state, old=False) is None:
        return lost
    names = ("learning_rate", "schedule", "optimizer", "loss", "l1", "l2", "frozen")
    kept = {name: getattr(state.training, name) for name in names}
    listed = "loss, optimizer, learning rate, schedule, penalty and frozen layers"
    others = [f"{SETTINGS} except {listed}"] * (Training(**kept) != state.training)
    if {part.layer for part in state.frozen} - {*frozen_layers(state)}:
        others.append("the freezing of single nodes, weights and biases")
    return [part for each in lost for part in (others if each == SETTINGS else [each])]


def _arrays(layer: Layer, place: str) -> list[Any]:
    """Return the kernel, shape (inputs, nodes), and the biases, if any."""
    return [to_float32(array.T, place) for array in layer.arrays]


RAW_ROWS = partial(dense.standardised_rows, part=f"layer {NORMALIZATION}")
"""Function for a sentence on how the model in a file standardises raw rows."""
UNREAD = "the names of layers, metrics, initializers and the state of the optimizer"
CONFIG, METADATA = "config.json", "metadata.json"
_COMPILED_IN_ARCHIVE = "compile_config"
"""Key in the architecture; missing if the model is not compiled."""
WEIGHTS = ("model.weights.h5", "variables.h5")
"""Name of the weights file in Keras 3, then its name in the first releases of Keras 2.12."""
_LIST_BYTES = 2**16
_CONFIG_BYTES = 2**25
"""Far more than the largest network needs; as text it may take four times this memory."""


def sniff_archive(data: bytes) -> bool:
    """Return whether data is a zip archive that contains the file of a Keras architecture."""
    return data.startswith(b"PK\x03\x04") and CONFIG.encode() in data[-_LIST_BYTES:]


def read_archive(source: Source) -> State:
    """Return the State in a Keras archive. Raises FileError."""
    archive = Archive(source.data)
    config = parse(decode_text(archive.read(CONFIG, _CONFIG_BYTES)))
    model = keras_chain.json_object(config, "the model")
    parts = model_layers(model)
    member = next((name for name in WEIGHTS if name in archive.names), WEIGHTS[0])
    file = keras_chain.read_hdf5(archive.read(member), source.progress)
    return state_of(parts, keras_chain.stored_chain(parts, file), model.get(_COMPILED_IN_ARCHIVE), source)


def _weights(layers: list[KerasLayer], training: Training | None) -> bytes:
    """Return the weights as HDF5 in the layout of Keras 3.

    With `training`, the file also contains the state of an optimizer before its first update.
    """
    from nnviz.files.models import hdf5  # imports h5py

    datasets: dict[str, Any] = {}
    arrays: list[Any] = []
    stored = ((each.layer, each.config["trainable"]) for each in layers if each.layer is not None)
    for k, (layer, is_trainable) in enumerate(stored):
        group = f"layers/dense_{k}/vars" if k else "layers/dense/vars"
        layer_arrays = _arrays(layer, f"layers[{k}]")
        datasets |= {f"{group}/{i}": array for i, array in enumerate(layer_arrays)}
        arrays += layer_arrays if is_trainable else []
    if training is not None:
        count = len(OPTIMIZERS[training.optimizer].memories)
        rate = to_float32(np.array(training.learning_rate), "training.learning_rate")
        memory = [np.zeros_like(array) for array in arrays for _ in range(count)]
        rates = [] if training.schedule else [rate]
        for i, value in enumerate([np.int32(0), *rates, *memory]):
            datasets[f"optimizer/vars/{i}"] = value
    return hdf5.write(datasets, {})


def write_archive(state: State) -> bytes:
    """Return the network of `state` as an archive that Keras 3 opens. Raises FileError."""
    layers = _keras_layers(state, old=False)
    settings = _compile_settings(state, old=False)
    model = {**_model_json(layers, old=False), **({_COMPILED_IN_ARCHIVE: settings} if settings else {})}
    parts = {
        METADATA: json.dumps({"keras_version": VERSION}).encode(),
        CONFIG: json.dumps(model).encode(),
        WEIGHTS[0]: _weights(layers, state.training if settings else None),
    }
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # without a time: equal networks, equal files
    return memory.getvalue()


KERAS_ARCHIVE = Codec(sniff_archive, read_archive, write_archive, left_out, RAW_ROWS, UNREAD)

_MODEL_IN_H5, _COMPILED_IN_H5 = "model_config", "training_config"
"""Attributes with the architecture and with the compile settings; an uncompiled model has no settings."""


def sniff_h5(data: bytes) -> bool:
    """Return whether `data` starts like an HDF5 file."""
    return data.startswith(b"\x89HDF\r\n\x1a\n")


def read_h5(source: Source) -> State:
    """Return the State in a Keras HDF5 file. Raises FileError."""
    file = keras_chain.read_hdf5(source.data, source.progress)
    text = file.text("", _MODEL_IN_H5)
    if not text:
        raise FileError(
            "the file contains weights but no model: save the whole model with model.save('mine.keras'), or "
            "open the model.json that belongs to the weights"
        )
    parts = model_layers(parse(text))
    settings = None
    with suppress(FileError):
        settings = parse(file.text("", _COMPILED_IN_H5))
    return state_of(parts, keras_chain.stored_chain(parts, file), settings, source)


def write_h5(state: State) -> bytes:
    """Return the network of `state` as a file that Keras 2 and 3 can open. Raises FileError."""
    from nnviz.files.models import hdf5  # imports h5py

    model = _keras_layers(state, old=True)
    head = {"keras_version": VERSION, "backend": "tensorflow"}
    names = [each.config["name"] for each in model[1:]]
    attributes: dict[str, dict[str, Any]] = {
        "": {**head, _MODEL_IN_H5: json.dumps(_model_json(model, old=True))},
        "model_weights": {**head, "layer_names": names},
    }
    if compiled := _compile_settings(state, old=True):
        attributes[""][_COMPILED_IN_H5] = json.dumps(compiled)
    datasets: dict[str, Any] = {}
    for each in model[1:]:
        name = each.config["name"]
        arrays = [] if each.layer is None else _arrays(each.layer, name)
        weights = dict(zip((f"{name}/kernel:0", f"{name}/bias:0"), arrays, strict=False))
        attributes[f"model_weights/{name}"] = {"weight_names": list(weights)}
        datasets |= {f"model_weights/{name}/{weight}": array for weight, array in weights.items()}
    return hdf5.write(datasets, attributes)


KERAS_H5 = Codec(sniff_h5, read_h5, write_h5, left_out, RAW_ROWS, UNREAD)

_WEIGHT_FILES = (
    "{stem}.weights.h5",
    "{stem}_weights.h5",
    "{stem}.h5",
    "model.weights.h5",
    "weights.h5",
    "model.h5",
)
"""Possible names of the weights file, the likeliest first; `{stem}` is the architecture's name."""
_MODEL_IN_JSON = re.compile(rb'"class_name"\s*:\s*"')


def sniff_json(data: bytes) -> bool:
    """Return whether data is JSON with the key "class_name", as in a Keras architecture."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _MODEL_IN_JSON.search(data) is not None


def read_json(source: Source) -> State:
    """Return the State that a `model.json` describes. Raises FileError.

    The weights come from an HDF5 file in the same folder.
    """
    model = parse(decode_text(source.data), source.progress)
    parts = model_layers(model)
    file = keras_chain.read_hdf5(source.read_sibling(_weights_name(source)), source.progress)
    return state_of(parts, keras_chain.stored_chain(parts, file), None, source)


def _weights_name(source: Source) -> str:
    """Return the name of the weights file. Raises FileError with all possible names if none exists."""
    names = dict.fromkeys(name.format(stem=source.path.stem) for name in _WEIGHT_FILES)
    for name in names:
        if (source.path.parent / name).is_file():
            return name
    listed = ", ".join(map(quoted, names))
    message = "this architecture needs a file of weights in the same folder, with one of these names"
    raise FileError(f"{message}: {listed}")


KERAS_JSON = Codec(sniff_json, read_json)
