"""A fitted MLPRegressor or MLPClassifier of scikit-learn as a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.losses import CROSS_ENTROPY, MSE
from nnviz.core.network import Network
from nnviz.core.numbers import quoted
from nnviz.files import frameworks
from nnviz.files.errors import FileError
from nnviz.files.frameworks import Chain, as_array
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense

KINDS = ("MLPRegressor", "MLPClassifier")


def network_of(model: Any, activations: Sequence[str] | None) -> Network:
    """Return the network of a fitted model; for two classes, the output is the second class's probability.

    Inputs get the names of the columns that the model was fitted to, and outputs the names of the classes.
    Raises TypeError for another kind of model. Raises FileError for a model that is not fitted or has an
    activation that nnviz does not have.
    """
    if not has_weights(model):
        raise FileError(f"the {type(model).__name__} is not fitted yet: call fit first")
    chain = read_weights(model)
    count = len(chain)
    names = [_activation(own) for own in (model.activation,) * (count - 1) + (model.out_activation_,)]
    layers = [
        Dense(weights, biases, name, f"coefs_[{k}]", default_nodes(k, count, len(weights)))
        for k, ((weights, biases), name) in enumerate(zip(chain, names, strict=True))
    ]
    frameworks.check_answer(layers, activations)
    last, classes = layers[-1], getattr(model, "classes_", ())
    if last.activation == "softmax" or (len(last.nodes) == 1 and len(classes) == 2):
        layers[-1] = replace(last, nodes=[str(own) for own in classes[-len(last.nodes) :]])
    columns = getattr(model, "feature_names_in_", default_inputs(model.n_features_in_))
    return dense.state_of(layers, inputs=[str(name) for name in columns]).network


def has_weights(model: Any) -> bool:
    """Return whether a model has weights (`coefs_`). Raises TypeError for another kind of model."""
    kind: Any = type(model)
    if not any(own.__name__ in KINDS for own in kind.__mro__):
        raise TypeError(f"expected an {' or '.join(KINDS)} of scikit-learn, found {kind.__name__}")
    return hasattr(model, "coefs_")


def loss_of(model: Any) -> str:
    """Return the name of a model's loss: cross-entropy for a classifier, MSE for a regressor."""
    return {"log_loss": CROSS_ENTROPY, "squared_error": MSE.name}.get(model.loss, "")


def read_weights(model: Any) -> Chain:
    """Return the weights and biases of a model's layers."""
    layers = zip(model.coefs_, model.intercepts_, strict=True)
    return [(as_array(weights).T, as_array(biases)) for weights, biases in layers]


def numbered(model: Any, y: Any) -> Any:
    """Return class labels as class indices, and other targets unchanged. Raises FileError."""
    labels, classes = np.asarray(y), getattr(model, "classes_", None)
    if not isinstance(classes, np.ndarray) or labels.ndim != 1:
        return y
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise FileError(f"no class of the model is called {quoted(labels[unknown][0].item())}", "y")
    return np.searchsorted(classes, labels)


def _activation(own: str) -> str:
    name = {"logistic": "sigmoid"}.get(own, own)
    if name not in ACTIVATIONS:
        raise FileError(f"nnviz has no activation {quoted(own)}")
    return name
