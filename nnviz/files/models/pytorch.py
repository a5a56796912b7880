"""Modules of PyTorch as chains of dense layers, and the files that `torch.save` writes.

A model in memory and a model in a file both become a list of Module, which needs no torch. A Sequential
module runs its parts in order. For other modules, nnviz takes the parts in the order of their definition.

A file is a pickle, which nnviz reads as data: nothing in it is looked up or run. The file holds a state_dict,
a dictionary with a state_dict or a model, or a whole model. A state_dict has no activations, and the classes
of other modules are not in the file; nnviz then asks the user for the activations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from nnviz.core.activations import Array, activation, named_in
from nnviz.core.numbers import full, list_text, quoted
from nnviz.core.state import State
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.models import dense, sandbox
from nnviz.files.models.dense import Affine, Chain, Dense
from nnviz.files.models.safetensors import layers_of
from nnviz.files.source import Codec, Source

SHOWN = "nnviz shows only chains of Linear layers and activations"
LINEAR, NORMALISATION, SEQUENTIAL = "Linear", "BatchNorm1d", "Sequential"
WRAPPERS = ("DataParallel", "DistributedDataParallel", "OptimizedModule")
"""Classes that only run another module; the last one is from `torch.compile`."""
CONTAINERS = ("", SEQUENTIAL, *WRAPPERS, "ModuleList", "ModuleDict")
"""Bases of modules with parts; "" stands for a class that is not from torch."""
PASSED_OVER = ("Identity", "Flatten", "Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout")
"""Names of torch classes that leave a row of numbers unchanged in evaluation mode."""
_BY_CLASS = {name: own for name, own in named_in("torch").items() if not own.linear}
_FIXED: dict[str, dict[str, tuple[object, ...]]] = {
    **{
        name: {key: (each,) for key, each in own.notation.torch.constants.items()}
        for name, own in _BY_CLASS.items()
    },
    "GELU": {"approximate": ("none",)},
    "Softmax": {"dim": (-1, 1, None)},
    "Softplus": {"beta": (1,), "threshold": (20,)},
}
"""Settings with which a class computes an activation that nnviz has; the first value is the default."""
SETTINGS = frozenset(
    ["eps", *(own.notation.torch.parameter for own in _BY_CLASS.values() if own.parameter is not None)]
    + [key for fixed in _FIXED.values() for key in fixed]
)
"""Names of the settings that nnviz looks at."""
ARRAYS = {LINEAR: ("weight", "bias"), NORMALISATION: ("weight", "bias", "running_mean", "running_var")}
"""Names of the tensors that nnviz reads, for each class that has some."""


class Module(msgspec.Struct):
    """A module of a model, described without torch.

    =========== ==============================================================================
    `name`      name in the model, such as "body.0"; "" for the model itself
    `kind`      name of the module's class
    `base`      name of the class of torch that computes the same; "" if torch has no such class
    `is_leaf`   whether the module has no parts
    `is_hooked` whether functions run before or after the module
    `settings`  settings by name, such as the slope of a LeakyReLU
    `arrays`    arrays by name; without the name if the module does not use the array
    =========== ==============================================================================
    """

    name: str
    kind: str
    base: str
    is_leaf: bool
    is_hooked: bool
    settings: dict[str, float | str | None]
    arrays: dict[str, Any] = {}

    @property
    def place(self) -> str:
        """The name and class of the module for a message: "body.0 (Linear)"."""
        return f"{self.name} ({self.kind})" if self.name else self.kind


def within(name: str, part: str) -> str:
    """Return the name in the model of a part of the module `name`."""
    return f"{name}.{part}" if name else part


@dataclass
class ModuleChain:
    """The layers that nnviz finds in a model, module by module.

    `custom` is the class of the first module with a hook or with a `forward` that is not from torch. The
    chain is `unclear` if such a module may apply functions that nnviz cannot see.
    """

    chain: Chain
    custom: str = ""
    unclear: bool = False

    def add(self, module: Module) -> None:
        """Add the next module, in the order of definition. Raises FileError for a module of another kind."""
        base = module.base
        is_custom = base in ("", "ModuleList", "ModuleDict")
        if module.is_hooked or is_custom:
            self.custom = self.custom or module.kind
        if base == LINEAR:
            self.unclear |= self.chain.is_open and bool(self.custom)
            if "weight" not in module.arrays:
                raise FileError("the layer has no weights", module.place)
            layer = Dense(module.arrays["weight"], module.arrays.get("bias"), "identity", module.place)
            dense.sizes_of([layer])  # checks the shapes
            self.chain.dense(layer)
        elif base == NORMALISATION:
            self.unclear |= bool(self.custom)
            self.chain.affine(_affine(module), [module.place])
        elif base in _BY_CLASS and self.custom and not self.chain.is_open:
            self.unclear = True
        elif base in _BY_CLASS:
            with as_file_errors(module.place):
                name = _activation(module)
            self.chain.activation(name, module.place)
        elif base in CONTAINERS:
            self.unclear |= is_custom and module.is_leaf
        elif not _is_passed_over(base):
            raise FileError(SHOWN, module.place)


def chain_of(modules: Iterable[Module], notes: list[str]) -> ModuleChain:
    """Return the layers of modules in the order of definition. Raises FileError for one of another kind."""
    chain = ModuleChain(Chain(notes))
    for module in modules:
        chain.add(module)
    return chain


def _is_passed_over(base: str) -> bool:
    return base in PASSED_OVER or base.endswith("Loss")


def _affine(module: Module) -> Affine:
    """Return the function of a BatchNorm1d module in evaluation mode. Raises FileError."""
    arrays, epsilon = module.arrays, module.settings.get("eps")
    if "running_mean" not in arrays or "running_var" not in arrays or not isinstance(epsilon, int | float):
        raise FileError("this normalisation has no running mean and variance", module.place)
    mean, variance = arrays["running_mean"], arrays["running_var"]
    if mean.ndim != 1 or {each.shape for each in arrays.values()} != {mean.shape}:
        raise FileError("expected arrays of one size", module.place)
    with np.errstate(all="ignore"):  # the network refuses numbers that are not finite
        scale: Array = arrays.get("weight", 1.0) / np.sqrt(variance + epsilon)
        return Affine(scale, arrays.get("bias", 0.0) - mean * scale)


def _activation(module: Module) -> str:
    """Return nnviz's name of an activation. Raises ValueError for settings that nnviz does not have."""
    for key, values in _FIXED.get(module.base, {}).items():
        if (value := module.settings.get(key, values[0])) not in values:
            raise ValueError(f"nnviz does not have this activation with the setting {key}={quoted(value)}")
    own = _BY_CLASS[module.base]
    if own.parameter is None:
        return own.name
    setting = module.settings.get(own.notation.torch.parameter)
    if not isinstance(setting, int | float):
        raise ValueError(f"expected a number for {own.notation.torch.parameter}, found {quoted(setting)}")
    return activation(f"{own.base}({full(setting)})").name


OLD_START = re.compile(rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", re.DOTALL)
"""The number with which PyTorch before 1.6 begins a file."""
_ZIP_START = re.compile(
    rb"PK\x03\x04.{26}[^\x00/]{1,200}/(?:data\.pkl|data/\d|constants\.pkl|code/)", re.DOTALL
)
"""The first entry of an archive of `torch.save` or `torch.jit.save`."""


def sniff(data: bytes) -> bool:
    """Return whether data begins like a file of `torch.save` or `torch.jit.save`."""
    return (OLD_START.match(data) or _ZIP_START.match(data[:400])) is not None


class TorchFile(msgspec.Struct):
    """What `torch_pickle` reads in a file besides the arrays, which have names such as "body.0.weight".

    `modules` are the modules of a whole model, or empty for a state_dict. `key` is the name under which the
    file holds the model or state_dict, or ""; `left_out` are the other names in the file.
    """

    modules: list[Module]
    key: str
    left_out: list[str]


def read(source: Source) -> State:
    """Return the State in a file that `torch.save` has written. Raises FileError."""
    home = "nnviz.files.models.torch_pickle"
    found, arrays = sandbox.call(home, source.data, TorchFile, "PyTorch data", source.progress)
    if found.left_out:
        what = f"only {quoted(found.key)}" if found.key else "only the weights and biases"
        source.notes.append(f"nnviz reads {what} and leaves out {list_text(found.left_out)}")
    if not found.modules:
        layers = _in_order(layers_of(arrays))
        names = source.given_activations(dense.sizes_of(layers))
        return dense.state_of(dense.with_activations(layers, names), source=source)
    for module in found.modules:
        paths = {own: within(module.name, own) for own in ARRAYS.get(module.base, ())}
        module.arrays = {own: arrays[path] for own, path in paths.items() if path in arrays}
    return dense.state_of(_layers(found.modules, source), source=source)


def _in_order(layers: list[Dense]) -> list[Dense]:
    """Return the layers in the order of the file if they fit each other, else in the only order that fits."""
    try:
        dense.sizes_of(layers)
    except FileError:
        return dense.sort_layers(layers)
    return layers


def _layers(modules: Sequence[Module], source: Source) -> list[Dense]:
    """Return the layers of a whole model, with activations that the user gives if nnviz cannot see them."""
    own = chain_of(modules, source.notes)
    layers = own.chain.finish()
    if not own.custom:
        return layers
    forward = f"the file does not contain the forward() of {own.custom}"
    if _is_one_sequential(modules):
        source.assumptions.append(f"{forward}: nnviz assumes that forward() runs only the Sequential module")
        return layers
    for module in modules:
        if module.base == NORMALISATION:
            raise FileError(
                f"{forward}, so nnviz cannot see where this normalisation is applied", module.place
            )
    names = source.given_activations(dense.sizes_of(layers))
    source.assumptions.append(f"{forward}: the Linear layers are in the order of their definition")
    return dense.with_activations(layers, names)


def _is_one_sequential(modules: Sequence[Module]) -> bool:
    """Return whether all layers and activations of a model are parts of one Sequential module."""
    first = next((module for module in modules if module.base == SEQUENTIAL), None)
    if first is None or any(module.is_hooked for module in modules):
        return False
    start = within(first.name, "")
    return all(
        module is first or (module.base in ("", *WRAPPERS)) != module.name.startswith(start)
        for module in modules
        if not _is_passed_over(module.base)
    )


PYTORCH = Codec(sniff, read)
