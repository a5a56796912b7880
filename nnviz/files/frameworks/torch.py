"""A torch module as a network: its Linear layers and activations, one after the other.

A Sequential module runs its parts in order. For other modules, nnviz takes the parts in the order of their
definition, and compares the network with `forward` on random rows.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Array, activation, default_activations
from nnviz.core.network import Network
from nnviz.core.numbers import full
from nnviz.files import frameworks
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.frameworks import Chain, as_array
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense

SHOWN = "nnviz shows chains of Linear layers and activations"
PASSED_OVER = ("Identity", "Flatten", "Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout")
"""Names of torch classes that leave a row of numbers unchanged in evaluation mode."""
_BY_CLASS = {own.notation.torch.name: own for own in ACTIVATIONS.values() if not own.linear}
_FIXED: dict[str, dict[str, tuple[object, ...]]] = {
    "GELU": {"approximate": ("none",)},
    "Softmax": {"dim": (-1, 1, None)},
    "Softplus": {"beta": (1,), "threshold": (20,)},
}
"""Settings with which a class computes an activation that nnviz has."""
_WRAPS = ("_orig_mod", "module")
"""Attributes in which `torch.compile` and DataParallel keep the module that they wrap."""

ROWS = 16
"""Number of random rows on which `forward` and the network are compared."""


def network_of(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a module, for any type of numbers and any device.

    Warns if `forward` gives other predictions than the network, or fails on random rows. Raises TypeError for
    an object that is not a module. Raises FileError for a module that is not a chain of layers, or if nnviz
    cannot see the activations and the user has not given any.
    """
    _check_kind(model)
    model, chain = _unwrapped(model), _Chain()
    chain.add(model, "")
    if not chain.layers:
        raise FileError("the model has no Linear layer", type(model).__name__)
    if activations is None or not chain.custom:
        frameworks.check_answer(chain.layers, activations)
        network = dense.state_of(chain.layers).network
    else:
        network = dense.state_of(frameworks.with_given_activations(chain.layers, activations)).network
    if chain.custom:
        _check_forward(model, network, chain, given=activations is not None)
    return network


def has_weights(model: Any) -> bool:
    """Return whether a module has weights. A lazy module gets weights at its first call. Raises TypeError."""
    _check_kind(model)
    return not any(map(sys.modules["torch"].nn.parameter.is_lazy, model.parameters()))


def loss_of(_model: Any) -> str:
    """Return "", since a module does not contain its loss."""
    return ""


def read_weights(model: Any) -> Chain:
    """Return the weights and biases of a module's Linear layers, in the order of their definition."""
    return [_numbers(layer) for layer in _linear_layers(model)]


def _check_kind(model: Any) -> None:
    torch = sys.modules["torch"]
    if not isinstance(model, torch.nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            f"expected a torch module that is not a TorchScript module, found {type(model).__name__}"
        )


def _linear_layers(module: Any) -> Iterator[Any]:
    """Yield the Linear layers in a module; a layer that occurs twice is yielded twice."""
    if _is_linear(module):
        yield module
    else:
        for part in module._modules.values():
            if part is not None:
                yield from _linear_layers(part)


def _unwrapped(model: Any) -> Any:
    while type(model).__module__.startswith("torch.") and (inner := _wrapped(model)) is not None:
        model = inner
    return model


def _wrapped(model: Any) -> Any:
    return next((own for name in _WRAPS if (own := model._modules.get(name)) is not None), None)


@dataclass
class _Chain:
    """The layers that nnviz finds, module by module.

    `custom` is the class of the first module with a hook or with a `forward` that is not from torch. The
    chain is `unclear` if such a module may apply functions that nnviz cannot see.
    """

    layers: list[Dense] = field(default_factory=list)
    custom: str = ""
    unclear: bool = False
    _open: bool = False
    """Whether the last layer may still get an activation."""

    def add(self, module: Any, name: str) -> None:
        """Add a module with its name in the model: "fc1", "body.0". Raises FileError for an unknown kind."""
        kind, nn = type(module).__name__, sys.modules["torch"].nn
        place = f"{name} ({kind})" if name else kind
        if module._forward_hooks or module._forward_pre_hooks:
            self.custom = self.custom or kind
        if _is_linear(module):
            self.unclear |= self._open and bool(self.custom)
            self.layers.append(_dense(module, place))
            self._open = True
        elif not _is_of_torch(module) or isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict):
            if not _is_plain(module, nn.Sequential):
                self.custom = self.custom or kind
                self.unclear |= not module._modules
            for own, part in module._modules.items():  # a part may occur twice
                if part is not None:
                    self.add(part, f"{name}.{own}" if name else own)
        elif kind in _BY_CLASS:
            self._add_activation(module, place)
        elif kind not in PASSED_OVER and type(module).__module__ != "torch.nn.modules.loss":
            raise FileError(SHOWN, place)

    def _add_activation(self, module: Any, place: str) -> None:
        if self._open:
            with as_file_errors(place):
                self.layers[-1] = replace(self.layers[-1], activation=_activation(module))
            self._open = False
        elif self.custom:
            self.unclear = True
        else:
            raise FileError("an activation needs a Linear layer right before it", place)


def _is_of_torch(module: Any) -> bool:
    return type(module).__module__.partition(".")[0] == "torch"


def _is_linear(module: Any) -> bool:
    return _is_plain(module, sys.modules["torch"].nn.Linear)


def _is_plain(module: Any, kind: Any) -> bool:
    """Return whether a module computes the same as a class of torch; the module may be of a subclass."""
    return isinstance(module, kind) and type(module).forward is kind.forward and "forward" not in vars(module)


def _dense(module: Any, place: str) -> Dense:
    """Return a Linear layer. Raises FileError if it has no real weights yet."""
    weights = module.weight
    if weights.is_meta or sys.modules["torch"].nn.parameter.is_lazy(weights):
        raise FileError("the layer has no weights yet: call the model on some rows first", place)
    if weights.is_complex():
        raise FileError("the weights are complex numbers", place)
    return Dense(*_numbers(module), "identity", place)


def _numbers(layer: Any) -> tuple[Array, Array | None]:
    """Return weights, shape (nodes, inputs), and biases, shape (nodes,) or None, of a Linear layer."""
    return as_array(layer.weight), None if layer.bias is None else as_array(layer.bias)


def _activation(module: Any) -> str:
    """Return nnviz's name of an activation. Raises ValueError for settings that nnviz does not have."""
    kind = type(module).__name__
    for key, values in _FIXED.get(kind, {}).items():
        if (value := getattr(module, key)) not in values:
            raise ValueError(f"nnviz does not have this activation with {key}={value}")
    own = _BY_CLASS[kind]
    if own.parameter is None:
        return own.name
    return activation(f"{own.base}({full(getattr(module, own.notation.torch.parameter))})").name


def _check_forward(model: Any, network: Network, chain: _Chain, *, given: bool) -> None:
    """Warn or raise FileError if `forward` may compute something else than the network."""
    same = _is_same(model, network)
    if same:
        return
    if not given and (chain.unclear or same is False):
        example = list(default_activations(len(network.layers)))
        raise FileError(
            "nnviz cannot see which activations forward() applies; give an activation for each Linear layer: "
            f"activations={example}",
            chain.custom,
        )
    order = f"the Linear layers of {chain.custom} are shown in the order of their definition"
    tried = "the forward() of the model gives other predictions"
    not_tried = "the forward() of the model failed on rows of numbers"
    warnings.warn(f"{order}; {not_tried if same is None else tried}", stacklevel=2)


def _is_same(model: Any, network: Network) -> bool | None:
    """Return whether a module predicts the same as the network; None if it cannot predict rows of numbers."""
    torch, weights = sys.modules["torch"], next(model.parameters())
    rows = np.random.default_rng(0).normal(size=(ROWS, len(network.inputs)))
    x = torch.as_tensor(rows).to(weights)
    try:
        with torch.no_grad(), _evaluation_mode(model):
            prediction = as_array(model(x)).reshape(ROWS, -1)
    except Exception:  # forward may need something else
        return None
    expected = network.predict(as_array(x))
    if prediction.shape != expected.shape:
        return False
    close = max(1e-4, 8 * torch.finfo(weights.dtype).eps)
    return bool(np.allclose(prediction, expected, rtol=close, atol=close * np.abs(expected).max()))


@contextmanager
def _evaluation_mode(model: Any) -> Iterator[None]:
    """Switch off dropout, and restore the mode of each part at the end."""
    modes = [(part, part.training) for part in model.modules()]
    try:
        for part, _ in modes:
            part.training = False
        yield
    finally:
        for part, mode in modes:
            part.training = mode
