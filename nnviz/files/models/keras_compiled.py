"""Read and write the loss and the optimizer that a Keras model is compiled with."""

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

_BESIDES = {"mse": MSE.name, "sparsecategoricalcrossentropy": CROSS_ENTROPY}
"""Keras' other names of losses, in lower-case letters alone."""
_OTHERS = {"softmax": ("binary", "categorical"), "sigmoid": ("categorical", "binary")}
"""By output: the cross-entropy that Keras allows besides nnviz's, and nnviz's."""
_UNKNOWN = ("weight_decay", "decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema")
"""Settings of Keras' optimizers that nnviz does not have; 0 has no effect."""
_SAME = 1e-6
"""Smaller differences do not count: settings may be floats of 32 bits, and epsilon is small."""


def state_of(layers: Sequence[dense.Dense], settings: object, source: Source) -> State:
    """Return the State of layers, trained by the loss and the optimizer in a file. Raises FileError.

    The `source` notes what nnviz computes differently.
    """
    loss, name = compiled_with(settings), _name(settings)
    why = "its loss takes logits (from_logits)" if loss_named(name) else f"nnviz has no loss {quoted(name)}"
    state = dense.state_of(layers, loss=loss, source=source, why=why if name else "")
    output = layers[-1].activation
    others, own = _OTHERS.get(output, ("", ""))
    if loss == CROSS_ENTROPY and others and f"{others}crossentropy" in _letters(name):
        source.told.append(f"its loss is {others} cross-entropy; with {output} nnviz takes the {own} one")
    return replace(state, training=_optimized(state.training, _optimizer(settings), source.told))


def compiled_with(settings: object) -> str:
    """Return the loss in what a file says of how the model was compiled; "" for none that nnviz has."""
    loss = _loss(settings)
    config = loss.get("config") if isinstance(loss, Mapping) else None
    of_z = isinstance(config, Mapping) and bool(config.get("from_logits"))
    return "" if of_z else loss_named(_name(settings))


def loss_named(name: object) -> str:
    """Return the loss that is called so in Keras; "" for none that nnviz has."""
    letters = _letters(name)
    return _BESIDES.get(letters) or _own_losses().get(letters, "")


def written(training: Training, output: str) -> tuple[dict[str, Any], str] | None:
    """Return Keras' JSON of the optimizer, and the name of the loss for an output with that activation.

    Return None if Keras has no such optimizer.
    """
    elsewhere = OPTIMIZERS[training.optimizer].elsewhere
    if elsewhere is None or not elsewhere.keras_file[0]:
        return None
    kind, settings = elsewhere.keras_file
    config = {"name": kind.lower(), "learning_rate": training.learning_rate, **settings}
    loss = re.sub(r"(?<!^)(?=[A-Z])", "_", loss_of(training.loss, output).elsewhere.keras).lower()
    return {"class_name": kind, "config": config}, loss


def replaced(settings: object) -> list[str]:
    """Return what compiled settings lose if a file of nnviz replaces the model's, in words."""
    if not isinstance(settings, Mapping) or not settings:
        return []
    told: list[str] = []
    given = _optimizer(settings)
    again = written(_optimized(Training(), given, told), "")
    is_own = again is not None and given.get("config") == again[0]["config"]
    lost = {
        "its loss": not compiled_with(settings) or _letters(_name(settings)) not in (*_own_losses(), "mse"),
        "its optimizer": bool(told),
        "what its optimizer remembers": not (told or is_own),
        "its metrics": any(settings.get(key) for key in ("metrics", "weighted_metrics")),
    }
    return [part for part, is_lost in lost.items() if is_lost]


def _own_losses() -> dict[str, str]:
    """Return nnviz's losses by the small letters of Keras' classes."""
    return {_letters(form.elsewhere.keras): name for name, forms in LOSSES.items() for form in forms}


def _loss(settings: object) -> object:
    return of_one_output(settings.get("loss")) if isinstance(settings, Mapping) else None


def of_one_output(loss: object) -> object:
    """Return a loss; of a list or a dictionary of one loss, that one."""
    if isinstance(loss, Mapping) and "class_name" not in loss:
        loss = list(loss.values())
    return loss[0] if isinstance(loss, list) and len(loss) == 1 else loss


def _name(settings: object) -> object:
    loss = _loss(settings)
    if not isinstance(loss, Mapping):
        return loss
    config = loss.get("config")
    return config if isinstance(config, str) else loss.get("class_name")  # a function has its name there


def _letters(name: object) -> str:
    return re.sub(r"[^a-z]", "", name.lower()) if isinstance(name, str) else ""


def _optimizer(settings: object) -> Mapping[str, Any]:
    """Return the optimizer's class and settings; nothing where the model is not compiled."""
    if not isinstance(settings, Mapping):
        return {}
    given = settings.get("optimizer") or settings.get("optimizer_config")
    return given if isinstance(given, Mapping) else {"class_name": given} if given else {}


def _optimized(training: Training, given: Mapping[str, Any], told: list[str]) -> Training:
    """Return `training` with a file's optimizer and rate; add what nnviz does not have to `told`."""
    if not given:
        return training
    kind, config = given.get("class_name"), given.get("config")
    config = config if isinstance(config, Mapping) else {}
    known = [each for each in OPTIMIZERS.values() if _is_of(each, kind)]
    try:
        keras_chain.check_own_activation(given)
    except FileError:
        known = []
    if not known:
        usual = training.optimizer.replace("_", " ")
        told.append(
            f"nnviz has no optimizer {quoted(kind)}: {usual} is taken, at learning rate "
            f"{full(training.learning_rate)}"
        )
        return training
    chosen = min(known, key=lambda each: sum(_differences(each, config).values()))
    rate, follows = _rate(config, training.learning_rate)
    own = _settings(chosen)
    others = [f"{key} {config[key]} (nnviz {own[key]})" for key in _differences(chosen, config)]
    others += [f"{key} {quoted(config[key])} (nnviz none)" for key in _UNKNOWN if config.get(key)]
    if others:
        told.append(f"its optimizer {quoted(kind)} has {', '.join(others)}")
    if follows:
        told.append(f"its learning rate is {follows}, which nnviz has not: it stays {full(rate)}")
    return replace(training, optimizer=chosen.name, learning_rate=rate)


def _is_of(optimizer: type[Optimizer], kind: object) -> bool:
    elsewhere = optimizer.elsewhere
    return elsewhere is not None and isinstance(kind, str) and kind.lower() == elsewhere.keras_file[0].lower()


def _settings(optimizer: type[Optimizer]) -> Mapping[str, float]:
    assert optimizer.elsewhere is not None
    return optimizer.elsewhere.keras_file[1]


def _differences(optimizer: type[Optimizer], config: Mapping[str, Any]) -> dict[str, float]:
    """Return the distance of each setting in a file from that of nnviz's optimizer, if they differ."""
    found = {}
    for key, own in _settings(optimizer).items():
        value = config.get(key)
        if isinstance(value, bool) or dense.is_number(value):
            found[key] = abs(value - own)
    return {key: distance for key, distance in found.items() if distance > _SAME}


def _rate(config: Mapping[str, Any], usual: float) -> tuple[float, str]:
    """Return the learning rate, and a description unless it is a number.

    A schedule gives its first rate, everything else the `usual` one.
    """
    rate = config.get("learning_rate", config.get("lr"))
    follows = ""
    if isinstance(rate, Mapping):
        follows = f"a schedule, {quoted(rate.get('class_name'))}"
        inner = rate.get("config")
        rate = inner.get("initial_learning_rate") if isinstance(inner, Mapping) else None
    if dense.is_number(rate) and rate > 0:
        return dense.shortest(float(rate)), follows
    return usual, follows or quoted(rate)
