"""The loss that other people's models say they learn by, in their files and in a program."""

import warnings

import keras
import numpy as np
import pytest
import torch
from keras import layers, losses
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

import nnviz
from nnviz import _show
from nnviz.core.network import Layer, Network
from nnviz.files.foreign import network_of
from nnviz.files.registry import left_out, load, read
from nnviz.files.source import Source

X = np.random.default_rng(0).normal(size=(20, 3))

COMPILED = [
    ("softmax", None, "cross_entropy"),
    ("softmax", "mse", "mse"),
    ("softmax", "mean_squared_error", "mse"),
    ("softmax", "categorical_crossentropy", "cross_entropy"),
    ("softmax", losses.SparseCategoricalCrossentropy(), "cross_entropy"),
    ("softmax", "mae", "cross_entropy"),
    ("sigmoid", None, "cross_entropy"),
    ("sigmoid", "binary_crossentropy", "cross_entropy"),
    ("sigmoid", losses.BinaryCrossentropy(), "cross_entropy"),
    ("sigmoid", losses.binary_crossentropy, "cross_entropy"),
    ("sigmoid", losses.BinaryCrossentropy(from_logits=True), "cross_entropy"),
    ("sigmoid", ["mae"], "cross_entropy"),
    ("sigmoid", ["mse"], "mse"),
    ("linear", "categorical_crossentropy", "mse"),
    ("linear", losses.MeanSquaredError(), "mse"),
]
OTHER_OF_SIGMOID = "its loss is categorical cross-entropy; with sigmoid nnviz takes the binary one"
OTHER_OF_SOFTMAX = "its loss is binary cross-entropy; with softmax nnviz takes the categorical one"


def state_of(model):
    return _show.state_of(network_of(model), model, None, None)


@pytest.mark.parametrize(("output", "loss", "expected"), COMPILED)
@pytest.mark.filterwarnings("ignore")
def test_a_model_of_keras_has_the_loss_that_it_is_compiled_with(output, loss, expected, tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, output)])
    if loss is not None:
        model.compile("sgd", loss)
    assert state_of(model).training.loss == expected
    for name in ("model.keras", "model.h5"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(tmp_path / name)
        assert load(tmp_path / name).training.loss == expected


@pytest.mark.parametrize(
    ("output", "loss", "told"),
    [
        ("sigmoid", "categorical_crossentropy", OTHER_OF_SIGMOID),
        ("sigmoid", losses.SparseCategoricalCrossentropy(), OTHER_OF_SIGMOID),
        ("softmax", losses.binary_crossentropy, OTHER_OF_SOFTMAX),
        ("softmax", "categorical_crossentropy", None),
        ("sigmoid", "binary_crossentropy", None),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_another_cross_entropy_than_nnviz_has_for_an_output_is_told(output, loss, told, tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, output)])
    model.compile("sgd", loss)
    for path in (tmp_path / "model.keras", tmp_path / "model.h5"):
        model.save(path)
        source = Source(path.read_bytes(), path)
        assert read(source).training.loss == "cross_entropy"
        assert source.told == ([told] if told else [])


@pytest.mark.filterwarnings("ignore")
def test_a_classifier_of_scikit_learn_learns_by_cross_entropy():
    for y in (X[:, 0] > 0, (X[:, 0] > 0) + (X[:, 1] > 0) * 1, X[:, :2] > 0):
        assert state_of(MLPClassifier(max_iter=2).fit(X, y)).training.loss == "cross_entropy"
    assert state_of(MLPRegressor(max_iter=2).fit(X, X[:, 0])).training.loss == "mse"


@pytest.mark.parametrize(
    ("last", "expected"),
    [(nn.Softmax(1), "cross_entropy"), (nn.Sigmoid(), "cross_entropy"), (nn.Tanh(), "mse")],
)
def test_where_a_model_says_nothing_its_output_does(last, expected):
    torch.manual_seed(0)
    assert state_of(nn.Sequential(nn.Linear(3, 2), last)).training.loss == expected


@pytest.mark.parametrize("suffix", [".onnx", ".keras", ".h5", ".npz", ".safetensors"])
def test_a_softmax_opens_again_to_be_trained_by_cross_entropy(suffix, tmp_path):
    layer = Layer(("output_0", "output_1"), "softmax", [[1, 2], [3, 4]], [0, 0])
    network = Network(("input_0", "input_1"), [layer])
    state = nnviz.State(network, nnviz.Dataset.empty(network), nnviz.Training(loss="cross_entropy"))
    path = tmp_path / f"a{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nnviz.save(state, path)
    assert load(path).training == state.training
    assert not left_out(state, path)
