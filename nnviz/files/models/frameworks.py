"""Models of torch, Keras and scikit-learn as networks.

This module does not import these libraries: a script with a model has already imported the library. A
Sequential module of torch runs its parts in order. For other modules, nnviz takes the parts in the order of
their definition, and compares the network with `forward` on random rows.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Array, default_activations
from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.losses import CROSS_ENTROPY, MSE
from nnviz.core.network import Network
from nnviz.core.numbers import one_line, quoted, shortened
from nnviz.files.errors import FileError
from nnviz.files.models import dense, keras, keras_chain, pytorch
from nnviz.files.models.dense import Dense
from nnviz.files.models.keras_chain import Part
from nnviz.files.models.pytorch import Module, ModuleChain
from nnviz.files.source import activation_names, check_given

Weights: TypeAlias = list[tuple[Array, Array | None]]
"""Weights, shape (nodes, inputs), and biases, shape (nodes,), of each layer; None for missing biases."""


def as_array(values: Any) -> Array:
    """Return an array, a list or a tensor as an array of float64. Raises ValueError for other values."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)


ROWS = 16
"""Number of random rows on which `forward` and the network are compared."""


def _torch_network(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a module, for any type of numbers and any device.

    Warns if a normalisation becomes part of the weights, and if `forward` gives other predictions than the
    network, or fails on random rows. Raises TypeError for an object that is not a module. Raises FileError
    for a module that is not a chain of layers, or if nnviz cannot see the activations and the user has not
    given any.
    """
    model = _unwrapped(model)
    found = pytorch.chain_of(_modules(model, ""), [])
    layers = found.chain.finish()
    if activations is not None and found.custom:
        network = dense.state_of(with_given_activations(layers, activations)).network
    else:
        network = _checked_network(layers, activations)
    for sentence in found.chain.notes:
        warnings.warn(sentence, stacklevel=2)
    if found.custom:
        _check_forward(model, network, found, given=activations is not None)
    return network


def _torch_has_weights(model: Any) -> bool:
    """Return whether a module has weights. A lazy module gets weights at its first call. Raises TypeError."""
    return not any(map(sys.modules["torch"].nn.parameter.is_lazy, _unwrapped(model).parameters()))


def _torch_weights(model: Any) -> Weights:
    """Return the weights and biases of a module's layers, in the order of their definition."""
    layers = pytorch.chain_of(_modules(_unwrapped(model), ""), []).chain.finish()
    return [(layer.weights, layer.biases) for layer in layers]


def _unwrapped(model: Any) -> Any:
    """Return the module that DataParallel or `torch.compile` has wrapped, or the model itself.

    Raises TypeError for an object that is not a module.
    """
    torch = sys.modules["torch"]
    if not isinstance(model, torch.nn.Module) or isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            f"expected a torch module that is not a TorchScript module, found {type(model).__name__}"
        )
    while type(model).__name__ in pytorch.WRAPPERS and type(model).__module__.startswith("torch."):
        (model,) = model.children()
    return model


def _modules(module: Any, name: str) -> Iterator[Module]:
    """Yield the descriptions of a module and of its parts in the order of definition."""
    own, nn = type(module), sys.modules["torch"].nn
    plain = (base for base in (pytorch.LINEAR, pytorch.SEQUENTIAL) if _is_plain(module, getattr(nn, base)))
    base = next(plain, own.__name__ if own.__module__.partition(".")[0] == "torch" else "")
    is_hooked = bool(module._forward_hooks or module._forward_pre_hooks)
    settings = {key: getattr(module, key) for key in pytorch.SETTINGS if hasattr(module, key)}
    found = Module(name, own.__name__, base, not module._modules, is_hooked, settings)
    for key in pytorch.ARRAYS.get(base, ()):
        if getattr(module, key) is not None:
            found.arrays[key] = _numbers(getattr(module, key), found.place)
    yield found
    for key, part in module._modules.items() if base in pytorch.CONTAINERS else ():  # may occur twice
        if part is not None:
            yield from _modules(part, pytorch.within(name, key))


def _is_plain(module: Any, kind: Any) -> bool:
    """Return whether a module computes the same as a class of torch; the module may be of a subclass."""
    return isinstance(module, kind) and type(module).forward is kind.forward and "forward" not in vars(module)


def _numbers(tensor: Any, place: str) -> Array:
    """Return a tensor as an array. Raises FileError if it has no real numbers yet."""
    if tensor.is_meta or sys.modules["torch"].nn.parameter.is_lazy(tensor):
        raise FileError("the layer has no weights yet: call the model on some rows first", place)
    if tensor.is_complex():
        raise FileError("the weights are complex numbers", place)
    return as_array(tensor)


def _check_forward(model: Any, network: Network, chain: ModuleChain, *, given: bool) -> None:
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
    tried = "the forward() of the model gives different predictions than the layers in this order"
    not_tried = "the order was not checked, as the forward() of the model failed on rows of numbers"
    warnings.warn(f"{order}; {not_tried if same is None else tried}", stacklevel=2)


def _is_same(model: Any, network: Network) -> bool | None:
    """Return whether a module predicts the same as the network; None if it cannot predict rows of numbers."""
    torch, weights = sys.modules["torch"], next(model.parameters())
    rows = np.random.default_rng(0).normal(size=(ROWS, len(network.inputs)))
    x = torch.as_tensor(rows).to(weights)
    modes = [(part, part.training) for part in model.modules()]
    try:
        for part, _ in modes:  # without dropout; a module's own train() may change its weights
            part.training = False
        with torch.no_grad():
            prediction = as_array(model(x)).reshape(ROWS, -1)
    except Exception:  # forward may need something else
        return None
    finally:
        for part, mode in modes:
            part.training = mode
    expected = network.predict(as_array(x))
    if prediction.shape != expected.shape:
        return False
    close = max(1e-4, 8 * torch.finfo(weights.dtype).eps)
    return bool(np.allclose(prediction, expected, rtol=close, atol=close * np.abs(expected).max()))


_KERAS_KINDS = (keras_chain.SEQUENTIAL, *keras_chain.FUNCTIONAL - {"Model"})


def _keras_network(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a model, for any back end.

    Warns if the model scales its inputs; the scaling becomes part of the weights. Raises TypeError for an
    object that is not a model. Raises FileError for a model that is not a chain of dense layers, overrides
    `call`, or has no weights yet.
    """
    parts = keras_chain.model_layers(_keras_description(model))
    arrays = {id(part): _keras_numbers(model, part) for part in parts if keras_chain.most_arrays(part)}
    chain = keras_chain.chain_of(parts, arrays)
    network = _checked_network(chain.layers, activations)
    for sentence in chain.notes:
        warnings.warn(sentence, stacklevel=2)
    return network


def _keras_has_weights(model: Any) -> bool:
    """Return whether a model has weights. Some models get weights at their first call. Raises TypeError."""
    if not hasattr(model, "get_layer"):
        raise TypeError(f"expected a Keras model, found {type(model).__name__}")
    return bool(model.built)


def _keras_loss(model: Any) -> str:
    """Return the name of the loss that a model is compiled with, or "" if nnviz does not have this loss."""
    loss: Any = keras.single_loss(getattr(model, "loss", None))
    if hasattr(loss, "get_config"):
        own = {"class_name": type(loss).__name__, "config": loss.get_config()}
        return keras.loss_of_settings({"loss": own})
    return keras.loss_by_name(getattr(loss, "__name__", loss))


def _keras_weights(model: Any) -> Weights:
    """Return the weights and biases of a model's dense layers."""
    return [
        (as_array(layer.kernel.value).T, None if layer.bias is None else as_array(layer.bias.value))
        for layer in _keras_layers(model)
        if hasattr(layer, "kernel")
    ]


def _keras_description(model: Any) -> Any:
    """Return a model's architecture as in a Keras file."""
    own: Any = type(model)
    built = _keras_has_weights(model)
    kind: Any = next((base for base in own.__mro__ if base.__name__ in _KERAS_KINDS), None)
    if kind is None or own.call is not kind.call:
        raise FileError(
            "the model overrides call(); nnviz shows Sequential and functional models", own.__name__
        )
    if not built:
        raise FileError(
            "the model has no weights yet: add an Input, or call the model on some rows first", own.__name__
        )
    _check_keras_functions(model)
    described = json.loads(model.to_json())
    return {"class_name": kind.__name__, "config": described["config"]}


def _check_keras_functions(model: Any) -> None:
    """Raise FileError for an activation that is not from Keras, since its description is only a name."""
    for layer in _keras_layers(model):
        function = getattr(layer, "activation", None)
        if function is not None and function.__module__.partition(".")[0] not in keras_chain.KERAS:
            raise FileError("the activation is a function that is not from Keras", layer.name)


def _keras_layers(model: Any) -> Iterator[Any]:
    """Yield the layers of a model, and the layers of each model within the model in its place."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _keras_layers(layer)
        else:
            yield layer


def _keras_numbers(model: Any, part: Part) -> list[Any]:
    """Return the arrays of a layer, in the order of a file."""
    for name in (*(holder.name for holder in part.holders), part.name):
        model = model.get_layer(name)
    with warnings.catch_warnings(action="ignore"):  # about the back end and NumPy
        return [np.asarray(numbers, dtype=np.float64) for numbers in model.get_weights()]


_SKLEARN_KINDS = ("MLPRegressor", "MLPClassifier")


def _sklearn_network(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a fitted model; for two classes, the output is the second class's probability.

    Inputs get the names of the columns that the model was fitted to, and outputs the names of the classes.
    Raises TypeError for another kind of model. Raises FileError for a model that is not fitted or has an
    activation that nnviz does not have.
    """
    if not _sklearn_has_weights(model):
        raise FileError(f"the {type(model).__name__} is not fitted yet: call fit first")
    weights, layers = _sklearn_weights(model), list[Dense]()
    names = [*[model.activation] * (len(weights) - 1), model.out_activation_]
    for k, (layer, name) in enumerate(zip(weights, names, strict=True)):
        name = {"logistic": "sigmoid"}.get(name, name)
        if name not in ACTIVATIONS:
            raise FileError(f"nnviz has no activation {quoted(name)}")
        nodes = default_nodes(k, len(weights), len(layer[0]))
        layers.append(Dense(*layer, name, f"coefs_[{k}]", nodes))
    last, classes = layers[-1], getattr(model, "classes_", ())
    if last.activation == "softmax" or (len(last.nodes) == 1 and len(classes) == 2):
        layers[-1] = replace(last, nodes=[str(own) for own in classes[-len(last.nodes) :]])
    columns = getattr(model, "feature_names_in_", default_inputs(model.n_features_in_))
    return _checked_network(layers, activations, [str(name) for name in columns])


def _sklearn_has_weights(model: Any) -> bool:
    """Return whether a model has weights (`coefs_`). Raises TypeError for another kind of model."""
    kind: Any = type(model)
    if not any(own.__name__ in _SKLEARN_KINDS for own in kind.__mro__):
        raise TypeError(f"expected an {' or '.join(_SKLEARN_KINDS)} of scikit-learn, found {kind.__name__}")
    return hasattr(model, "coefs_")


def _sklearn_loss(model: Any) -> str:
    """Return the name of a model's loss: cross-entropy for a classifier, MSE for a regressor."""
    return {"log_loss": CROSS_ENTROPY, "squared_error": MSE.name}.get(model.loss, "")


def _sklearn_weights(model: Any) -> Weights:
    layers = zip(model.coefs_, model.intercepts_, strict=True)
    return [(as_array(weights).T, as_array(biases)) for weights, biases in layers]


def with_given_activations(layers: Sequence[Dense], activations: Sequence[str]) -> list[Dense]:
    """Return the layers with the activations that the user gave, one per layer. Raises FileError."""
    return dense.with_activations(layers, activation_names(activations), "activations")


def _checked_network(
    layers: Sequence[Dense], activations: Sequence[str] | None, inputs: Sequence[str] = ()
) -> Network:
    """Return the network of a model's layers and of the names of its inputs, if they are known.

    Raises FileError if `activations`, given by the user, differ from the model's own activations.
    """
    if activations is not None:
        own = [layer.activation for layer in layers]
        check_given(activation_names(activations), own, "activations")
    return dense.state_of(layers, inputs=inputs).network


class Framework(NamedTuple):
    """The functions that read the models of one library.

    ============== ===========================================================================
    `network_of`   model, given activations or None → Network; raises TypeError and FileError
    `has_weights`  model → whether the model already has weights; raises TypeError
    `loss_of`      model → name of the loss, or "" if the model has no loss that nnviz has
    `read_weights` model → present weights and biases of each layer
    ============== ===========================================================================
    """

    network_of: Callable[[Any, Sequence[str] | None], Network]
    has_weights: Callable[[Any], bool]
    loss_of: Callable[[Any], str]
    read_weights: Callable[[Any], Weights]


TORCH = Framework(_torch_network, _torch_has_weights, lambda _: "", _torch_weights)  # a module has no loss
KERAS = Framework(_keras_network, _keras_has_weights, _keras_loss, _keras_weights)
SKLEARN = Framework(_sklearn_network, _sklearn_has_weights, _sklearn_loss, _sklearn_weights)
FRAMEWORKS = {"torch": TORCH, "keras": KERAS, "tf_keras": KERAS, "sklearn": SKLEARN}
"""Map from the name of a library to the functions that read its models."""


def framework_of(model: object) -> Framework | None:
    """Return the framework of a model of torch, Keras or scikit-learn. Return None for other objects."""
    packages = (kind.__module__.partition(".")[0] for kind in type(model).__mro__)
    return next((FRAMEWORKS[package] for package in packages if package in FRAMEWORKS), None)


def name_of(model: Any) -> str:
    """Return a window title: a Keras model's name, another model's class name, or "" for other objects."""
    framework = framework_of(model)
    name = model.name if framework is KERAS and hasattr(model, "name") else type(model).__name__
    return one_line(shortened(str(name))) if framework else ""


def network_of(model: Any, activations: Sequence[str] | None = None) -> Network:
    """Return a network with the present weights of a model.

    `activations`, one for each layer, are for a model whose activations nnviz cannot see. Raises TypeError
    for an object that is not a model of torch, Keras or scikit-learn. Raises FileError for a model that is
    not a chain of dense layers.
    """
    if (framework := framework_of(model)) is None:
        raise TypeError(f"expected a model of torch, Keras or scikit-learn, found {type(model).__name__}")
    return framework.network_of(model, activations)


def loss_of(model: Any) -> str:
    """Return the name of the loss that a model is trained with, or "" if nnviz does not know the loss."""
    framework = framework_of(model)
    return framework.loss_of(model) if framework else ""


def has_weights(model: Any) -> bool:
    """Return whether a model already has weights; some models create their weights from the first rows.

    Raises TypeError if the object comes from one of the libraries, but is not a model that nnviz can show.
    """
    framework = framework_of(model)
    return framework is None or framework.has_weights(model)


def targets_of(model: Any, y: Any) -> Array:
    """Return targets as numbers; labels of a scikit-learn classifier become class indices.

    Raises FileError for a label that is not a class of the model.
    """
    classes = getattr(model, "classes_", None) if framework_of(model) is SKLEARN else None
    if not isinstance(classes, np.ndarray) or np.ndim(y) != 1:
        return as_array(y)
    labels = np.asarray(y)
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise FileError(f"no class of the model is called {quoted(labels[unknown][0].item())}", "y")
    return as_array(np.searchsorted(classes, labels))
