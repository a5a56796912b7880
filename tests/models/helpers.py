"""Helpers for other people's models: networks without rows, and files of Keras and PyTorch."""

import io
import warnings
from pathlib import Path

import keras
import numpy as np
import torch
from torch import nn

from nnviz.core.activations import activation
from nnviz.core.state import Dataset, State
from nnviz.files.registry import read
from nnviz.files.source import Source

KERAS = (".keras", ".h5")
MODULES = [
    nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(0.5), nn.SELU(), nn.SiLU(), nn.GELU(), nn.Sigmoid(), nn.Tanh(),
    nn.Softsign(), nn.Softplus(), nn.Softmax(-1), nn.Identity(), nn.Dropout(0.3),
]  # fmt: skip
"""PyTorch's modules that may follow a Linear one."""


def state_of(network, **more):
    """Return the State of a network without rows."""
    return State(network, Dataset.empty(network), **more)


def opened(data, path=Path()):
    """Return the State in the bytes of a file, and nnviz's messages about the file."""
    source = Source(data, path)
    state = read(source)
    return state, source.notes


def saved(model, path):
    """Save a model of Keras; return the path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that .h5 is old
        model.save(path)
    return path


def loaded(path):
    """Return the model that Keras finds in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # .h5 has Keras 2's names of settings
        return keras.saving.load_model(path)


def by_keras(path, x):
    """Return the predictions of Keras with the model in a file."""
    return loaded(path).predict(x, verbose=0)


def exported(module, x, **settings):
    """Return the bytes of PyTorch's ONNX model of a module."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the older one
        torch.onnx.export(module.eval(), (x,), file, dynamo=False, **settings)
    return file.getvalue()


def by_torch(module, x):
    """Return the predictions of a module, in the precision of its weights."""
    with torch.no_grad():
        return module.eval()(torch.as_tensor(x).to(next(module.parameters()))).double().numpy()


def module_of(network):
    """Return a Sequential of Linear layers with a network's weights, and the modules of its activations."""
    parts = []
    for layer in network.layers:
        linear = nn.Linear(layer.weights.shape[1], len(layer), layer.biases is not None, dtype=torch.float64)
        linear.weight.data = torch.tensor(layer.weights)
        if layer.biases is not None:
            linear.bias.data = torch.tensor(layer.biases)
        own, parts = activation(layer.activation), [*parts, linear]
        if not own.linear:
            torch_class = own.notation.torch
            more = {"dim": -1} if torch_class.name == "Softmax" else torch_class.settings
            parts.append(getattr(nn, torch_class.name)(**more))
    return nn.Sequential(*parts)


def close(found, expected, within=1e-6, **more):
    """Assert that two predictions are the same, relatively or absolutely."""
    np.testing.assert_allclose(found, expected, **{"rtol": within, "atol": within, **more})
