"""A module of torch as a network: its Linear layers and activations, one after the other.

What Sequential modules compute is known. Of other ones the parts are taken in the order of their definition,
and whether `forward` computes the same is tried.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Array, activation, proposed
from nnviz.core.network import Network
from nnviz.core.numbers import full
from nnviz.files import frameworks
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.frameworks import Chain, as_array
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense

SHOWN = "nnviz shows chains of Linear layers and activations"
PASSED_OVER = ("Identity", "Flatten", "Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout")
"""Classes that change nothing of a row of numbers, once a model is trained."""
_BY_CLASS = {own.elsewhere.torch.name: own for own in ACTIVATIONS.values() if not own.linear}
_FIXED: dict[str, dict[str, tuple[object, ...]]] = {
    "GELU": {"approximate": ("none",)},
    "Softmax": {"dim": (-1, 1, None)},
    "Softplus": {"beta": (1,), "threshold": (20,)},
}
"""Settings with which a class is what nnviz has."""
_WRAPS = ("_orig_mod", "module")
"""Where `torch.compile` and DataParallel keep the module that they wrap."""

ROWS = 16
"""On so many random rows `forward` is tried."""


def network_of(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a module, whatever the type of its numbers and the device that they are on.

    Warns where `forward` was not seen to compute the same. Raises TypeError for what is no module, FileError
    for what is no chain of layers, and where its activations cannot be seen and none are given.
    """
    _check_kind(model)
    model, chain = _unwrapped(model), _Chain()
    chain.take(model, "")
    if not chain.layers:
        raise FileError("it has no Linear layer", type(model).__name__)
    if activations is None or not chain.custom:
        frameworks.check_answer(chain.layers, activations)
        network = dense.state_of(chain.layers).network
    else:
        network = dense.state_of(frameworks.answered(chain.layers, activations)).network
    if chain.custom:
        _check_forward(model, network, chain, given=activations is not None)
    return network


def has_weights(model: Any) -> bool:
    """Tell whether a module has its weights, which a lazy one gets with its first rows. Raises TypeError."""
    _check_kind(model)
    return not any(map(sys.modules["torch"].nn.parameter.is_lazy, model.parameters()))


def loss_of(_model: Any) -> str:
    """Return "": a module does not say its loss."""
    return ""


def look(model: Any) -> Chain:
    """Return the weights and biases of a module's Linear layers, in the order of their definition."""
    return [_numbers(layer) for layer in _linear_layers(model)]


def _check_kind(model: Any) -> None:
    torch = sys.modules["torch"]
    if not isinstance(model, torch.nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            f"of torch nnviz shows modules, but none of TorchScript, found a {type(model).__name__}"
        )


def _linear_layers(module: Any) -> Iterator[Any]:
    """Yield the Linear layers in a module, each as often as it stands there."""
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
    """The layers that are found, module by module.

    `custom` is the class of the first module whose `forward` is not torch's own, or has a hook; where parts
    of such a module cannot be told to follow each other, the chain is `unclear`.
    """

    layers: list[Dense] = field(default_factory=list)
    custom: str = ""
    unclear: bool = False
    _open: bool = False
    """Whether the last layer may still get an activation."""

    def take(self, module: Any, name: str) -> None:
        """Take a module by its name in the model: "fc1", "body.0". Raises FileError for another one."""
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
            for own, part in module._modules.items():  # each as often as it stands there
                if part is not None:
                    self.take(part, f"{name}.{own}" if name else own)
        elif kind in _BY_CLASS:
            self._activate(module, place)
        elif kind not in PASSED_OVER and type(module).__module__ != "torch.nn.modules.loss":
            raise FileError(SHOWN, place)

    def _activate(self, module: Any, place: str) -> None:
        if self._open:
            with told_by_core(place):
                self.layers[-1] = replace(self.layers[-1], activation=_named(module))
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
    """Tell whether a module computes what a class of torch does, of which it may be a subclass."""
    return isinstance(module, kind) and type(module).forward is kind.forward and "forward" not in vars(module)


def _dense(module: Any, place: str) -> Dense:
    """Return a Linear layer. Raises FileError where it has no real weights yet."""
    weights = module.weight
    if weights.is_meta or sys.modules["torch"].nn.parameter.is_lazy(weights):
        raise FileError("it has no weights yet: call the model on some rows first", place)
    if weights.is_complex():
        raise FileError("its weights are complex numbers", place)
    return Dense(*_numbers(module), "identity", place)


def _numbers(layer: Any) -> tuple[Array, Array | None]:
    """Return the weights, shape (nodes, inputs), and the biases of a Linear layer, if it has any."""
    return as_array(layer.weight), None if layer.bias is None else as_array(layer.bias)


def _named(module: Any) -> str:
    """Return nnviz's name of an activation. Raises ValueError where its settings are others than nnviz's."""
    kind = type(module).__name__
    for key, taken in _FIXED.get(kind, {}).items():
        if (value := getattr(module, key)) not in taken:
            raise ValueError(f"with {key}={value} it is none of nnviz's activations")
    own = _BY_CLASS[kind]
    if own.parameter is None:
        return own.name
    return activation(f"{own.base}({full(getattr(module, own.elsewhere.torch.parameter))})").name


def _check_forward(model: Any, network: Network, chain: _Chain, *, given: bool) -> None:
    """Warn or raise FileError where `forward` may compute something else than the network."""
    same = _is_same(model, network)
    if same:
        return
    if not given and (chain.unclear or same is False):
        example = list(proposed(len(network.layers)))
        raise FileError(
            "which functions its forward applies cannot be seen; say it, one for each Linear layer: "
            f"activations={example}",
            chain.custom,
        )
    why = "could not be tried on rows of numbers" if same is None else "computes something else"
    warnings.warn(
        f"the Linear layers of {chain.custom} are shown in the order of their definition; its forward {why}",
        stacklevel=2,
    )


def _is_same(model: Any, network: Network) -> bool | None:
    """Tell whether a module predicts what the network does; None where it takes no rows of numbers."""
    torch, weights = sys.modules["torch"], next(model.parameters())
    rows = np.random.default_rng(0).normal(size=(ROWS, len(network.inputs)))
    x = torch.as_tensor(rows).to(weights)
    try:
        with torch.no_grad(), _in_use(model):
            found = as_array(model(x)).reshape(ROWS, -1)
    except Exception:  # whatever it needs
        return None
    expected = network.predict(as_array(x))
    if found.shape != expected.shape:
        return False
    close = max(1e-4, 8 * torch.finfo(weights.dtype).eps)
    return bool(np.allclose(found, expected, rtol=close, atol=close * np.abs(expected).max()))


@contextmanager
def _in_use(model: Any) -> Iterator[None]:
    """Have no dropout, and leave each part in the mode that it was in."""
    modes = [(part, part.training) for part in model.modules()]
    try:
        for part, _ in modes:
            part.training = False
        yield
    finally:
        for part, mode in modes:
            part.training = mode
