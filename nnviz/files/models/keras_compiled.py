"""Reader and writer of the loss and the optimizer that a Keras model is compiled with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nnviz.core.losses import CROSS_ENTROPY, LOSSES, MSE, loss_of
from nnviz.core.numbers import full, quoted
from nnviz.core.optimizers import OPTIMIZERS, Optimizer
from nnviz.core.state import State, Training
from nnviz.files.errors import FileError
from nnviz.files.models import dense, keras_chain
from nnviz.files.source import Source

_ALIASES = {"mse": MSE.name, "sparsecategoricalcrossentropy": CROSS_ENTROPY}
"""Other Keras names of losses, in lower-case letters only."""
_CROSS_ENTROPIES = {"softmax": ("binary", "categorical"), "sigmoid": ("categorical", "binary")}
"""For each output: the other cross-entropy that Keras allows, and nnviz's cross-entropy."""
_UNSUPPORTED = ("weight_decay", "decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema")
"""Settings of Keras optimizers that nnviz does not have; 0 has no effect."""
_TOLERANCE = 1e-6
"""Smallest difference that counts: settings may be 32-bit floats, and epsilon is small."""


def state_of(layers: Sequence[dense.Dense], settings: object, source: Source) -> State:
    """Return a State with these layers and a Keras file's loss and optimizer. Raises FileError.

    Adds a note to `source` for each difference between Keras and nnviz.
    """
    loss, name = loss_of_settings(settings), _loss_name(settings)
    has_logits = "the model's loss takes logits (from_logits)"
    reason = has_logits if loss_by_name(name) else f"nnviz has no loss {quoted(name)}"
    state = dense.state_of(layers, loss=loss, source=source, why=reason if name else "")
    output = layers[-1].activation
    other, ours = _CROSS_ENTROPIES.get(output, ("", ""))
    if loss == CROSS_ENTROPY and other and f"{other}crossentropy" in _letters(name):
        source.notes.append(
            f"nnviz uses {ours} cross-entropy with {output}, not the model's {other} cross-entropy"
        )
    return replace(state, training=_with_optimizer(state.training, _optimizer(settings), source.notes))


def loss_of_settings(settings: object) -> str:
    """Return nnviz's name for the loss in the compile settings; "" if nnviz does not have the loss."""
    loss = _loss(settings)
    config = loss.get("config") if isinstance(loss, Mapping) else None
    takes_z = isinstance(config, Mapping) and bool(config.get("from_logits"))
    return "" if takes_z else loss_by_name(_loss_name(settings))


def loss_by_name(name: object) -> str:
    """Return nnviz's name for a Keras loss; "" if nnviz does not have the loss."""
    letters = _letters(name)
    return _ALIASES.get(letters) or _losses().get(letters, "")


def to_keras(training: Training, output: str) -> tuple[dict[str, Any], str] | None:
    """Return (optimizer as JSON for Keras, Keras' name of the loss).

    `output` is the activation of the output layer. Return None if Keras does not have the optimizer.
    """
    elsewhere = OPTIMIZERS[training.optimizer].notation
    if elsewhere is None or not elsewhere.keras_file[0]:
        return None
    kind, settings = elsewhere.keras_file
    config = {"name": kind.lower(), "learning_rate": training.learning_rate, **settings}
    loss = re.sub(r"(?<!^)(?=[A-Z])", "_", loss_of(training.loss, output).notation.keras).lower()
    return {"class_name": kind, "config": config}, loss


def replaced(settings: object) -> list[str]:
    """Return the names of the parts of the compile settings that are lost if nnviz overwrites the file."""
    if not isinstance(settings, Mapping) or not settings:
        return []
    notes: list[str] = []
    optimizer = _optimizer(settings)
    saved = to_keras(_with_optimizer(Training(), optimizer, notes), "")
    is_own = saved is not None and optimizer.get("config") == saved[0]["config"]
    lost = {
        "its loss": not loss_of_settings(settings)
        or _letters(_loss_name(settings)) not in (*_losses(), "mse"),
        "its optimizer": bool(notes),
        "the state of its optimizer": not (notes or is_own),
        "its metrics": any(settings.get(key) for key in ("metrics", "weighted_metrics")),
    }
    return [part for part, is_lost in lost.items() if is_lost]


def _losses() -> dict[str, str]:
    """Return nnviz's losses by the lower-case letters of their Keras classes."""
    return {_letters(form.notation.keras): name for name, forms in LOSSES.items() for form in forms}


def _loss(settings: object) -> object:
    return single_loss(settings.get("loss")) if isinstance(settings, Mapping) else None


def single_loss(loss: object) -> object:
    """Return the only loss in a list or dictionary; return any other `loss` unchanged."""
    if isinstance(loss, Mapping) and "class_name" not in loss:
        loss = list(loss.values())
    return loss[0] if isinstance(loss, list) and len(loss) == 1 else loss


def _loss_name(settings: object) -> object:
    loss = _loss(settings)
    if not isinstance(loss, Mapping):
        return loss
    config = loss.get("config")  # the name, for a function
    return config if isinstance(config, str) else loss.get("class_name")


def _letters(name: object) -> str:
    return re.sub(r"[^a-z]", "", name.lower()) if isinstance(name, str) else ""


def _optimizer(settings: object) -> Mapping[str, Any]:
    """Return the optimizer's class and settings; {} if the model is not compiled."""
    if not isinstance(settings, Mapping):
        return {}
    optimizer = settings.get("optimizer") or settings.get("optimizer_config")
    return optimizer if isinstance(optimizer, Mapping) else {"class_name": optimizer} if optimizer else {}


def _with_optimizer(training: Training, optimizer: Mapping[str, Any], notes: list[str]) -> Training:
    """Return `training` with the optimizer and learning rate of a file; add a note for each difference."""
    if not optimizer:
        return training
    kind, config = optimizer.get("class_name"), optimizer.get("config")
    config = config if isinstance(config, Mapping) else {}
    known = [each for each in OPTIMIZERS.values() if _matches(each, kind)]
    try:
        keras_chain.check_part_of_keras(optimizer)
    except FileError:
        known = []
    if not known:
        name, rate = training.optimizer.replace("_", " "), full(training.learning_rate)
        notes.append(f"nnviz has no optimizer {quoted(kind)} and uses {name} with learning rate {rate}")
        return training
    chosen = min(known, key=lambda each: sum(_differences(each, config).values()))
    number, schedule = _rate(config, training.learning_rate)
    ours = _settings(chosen)
    others = [f"{key} {config[key]} ({ours[key]} in nnviz)" for key in _differences(chosen, config)]
    others += [f"{key} {quoted(config[key])} (not in nnviz)" for key in _UNSUPPORTED if config.get(key)]
    if others:
        notes.append(f"nnviz does not use the model's settings of {quoted(kind)}: {', '.join(others)}")
    if schedule:
        notes.append(f"nnviz uses the constant learning rate {full(number)} instead of {schedule}")
    return replace(training, optimizer=chosen.name, learning_rate=number)


def _matches(optimizer: type[Optimizer], kind: object) -> bool:
    elsewhere = optimizer.notation
    return elsewhere is not None and isinstance(kind, str) and kind.lower() == elsewhere.keras_file[0].lower()


def _settings(optimizer: type[Optimizer]) -> Mapping[str, float]:
    assert optimizer.notation is not None
    return optimizer.notation.keras_file[1]


def _differences(optimizer: type[Optimizer], config: Mapping[str, Any]) -> dict[str, float]:
    """Return how much each setting in a file differs from nnviz's optimizer, if it differs."""
    distances = {}
    for key, default in _settings(optimizer).items():
        value = config.get(key)
        if isinstance(value, bool) or dense.is_number(value):
            distances[key] = abs(value - default)
    return {key: distance for key, distance in distances.items() if distance > _TOLERANCE}


def _rate(config: Mapping[str, Any], default: float) -> tuple[float, str]:
    """Return the learning rate, and the value that it replaces; "" if the file has a number.

    nnviz uses the first learning rate of a schedule, and `default` for any other value.
    """
    rate = config.get("learning_rate", config.get("lr"))
    schedule = ""
    if isinstance(rate, Mapping):
        schedule = f"the schedule {quoted(rate.get('class_name'))}"
        inner = rate.get("config")
        rate = inner.get("initial_learning_rate") if isinstance(inner, Mapping) else None
    if dense.is_number(rate) and rate > 0:
        return dense.shortest_decimal(float(rate)), schedule
    return default, schedule or quoted(rate)
