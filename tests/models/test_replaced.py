"""What of somebody's model a save in its place would not keep is said before: of nnviz's own file nothing."""

import warnings
import zipfile

import keras
import numpy as np
import pytest
import torch
from keras import layers

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.registry import load, read, replaced, save
from nnviz.files.source import Source
from tests.models.keras_files import MODEL, OLD_WEIGHTS, keras_zip, old_h5
from tests.models.onnx_files import bytes_of, numbers, opened

KERAS = (".keras", ".h5")
COMPILED = "what its optimizer remembers, its metrics"
NAMES = "the names of its layers"


def a_state(**more):
    made = [
        Layer(("n", "m") if k == 0 else (f"n{k}", f"m{k}"), name, np.eye(2))
        for k, name in enumerate([*ACTIVATIONS, "elu(0.5)"])
        if name != "softmax"
    ]
    network = Network(("a", "b"), tuple(made))
    return State(network, Dataset.empty(network), **more)


def saved(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that .h5 is old
        model.save(path)
    return path


def told(model, tmp_path, end):
    return replaced(saved(model, tmp_path / f"m{end}"))


@pytest.mark.parametrize("end", [*KERAS, ".onnx"])
def test_a_file_of_nnvizs_own_is_kept_whole(end, tmp_path):
    path = tmp_path / f"m{end}"
    save(a_state(name="Bank", notes="Read me."), path)
    assert replaced(path) == ""
    save(load(path), path)
    assert replaced(path) == ""


@pytest.mark.parametrize("end", KERAS)
def test_all_that_a_model_of_keras_has_of_its_own_is_said(end, tmp_path):
    parts = [layers.Rescaling(0.5), layers.Dense(3, "relu", kernel_regularizer="l2", name="mine")]
    model = keras.Sequential([keras.Input((2,)), *parts, layers.Dropout(0.2), layers.Dense(1)], name="wine")
    model.compile("adam", "mse", metrics=["accuracy"])
    assert told(model, tmp_path, end) == (
        f"m{end} loses {COMPILED}, its layers (Rescaling, Dropout), its regularizers, its name and {NAMES}"
    )


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize(
    ("optimizer", "loss", "lost"),
    [
        ("rmsprop", "mse", "its optimizer"),
        (keras.optimizers.SGD(0.1, nesterov=True, momentum=0.9), "mse", "its optimizer"),
        ("sgd", "mae", "its loss and what its optimizer remembers"),
        ("sgd", "sparse_categorical_crossentropy", "its loss and what its optimizer remembers"),
        ("sgd", "mse", "what its optimizer remembers"),
    ],
)
def test_what_nnviz_has_not_of_how_a_model_is_compiled_is_said(optimizer, loss, lost, end, tmp_path):
    model = keras.Sequential(
        [keras.Input((2,), name="inputs"), layers.Dense(2, name="dense_0")], name="sequential"
    )
    model.compile(optimizer, loss)
    assert told(model, tmp_path, end) == f"m{end} loses {lost}"


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kernel_constraint": "non_neg"}, "its constraints"),
        ({"kernel_initializer": "he_normal"}, "its initializers"),
        ({"trainable": False}, "which layers are frozen"),
    ],
)
def test_settings_of_dense_layers_are_said(settings, words, end, tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, **settings)], name="sequential")
    assert told(model, tmp_path, end) == f"m{end} loses {words} and {NAMES}"


@pytest.mark.parametrize("end", KERAS)
def test_models_in_a_model_are_said(end, tmp_path):
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2)])
    model = keras.Sequential([keras.Input((2,)), inner, layers.Dense(1)], name="sequential")
    assert told(model, tmp_path, end) == f"m{end} loses the models in it and {NAMES}"


def test_of_a_plain_model_of_keras_the_names_alone_are_lost(tmp_path):
    for end, data in ((".keras", keras_zip(MODEL, b"")), (".h5", old_h5(MODEL, OLD_WEIGHTS))):
        path = tmp_path / f"m{end}"
        path.write_bytes(data)
        assert replaced(path) == f"m{end} loses {NAMES}"


def test_a_model_of_another_kind_than_its_suffix_is_known_by_its_content(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(old_h5(MODEL, OLD_WEIGHTS))
    assert replaced(path) == f"m.keras loses {NAMES}"


def test_other_files_in_the_archive_are_said(tmp_path):
    path = tmp_path / "m.keras"
    save(a_state(), path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("assets/words.txt", "one")
    assert replaced(path) == "m.keras loses the other files in it"


@pytest.mark.parametrize("end", KERAS)
def test_dropout_that_is_passed_over_is_told(end, tmp_path):
    path = tmp_path / f"m{end}"
    dropped = [layers.Dense(2), layers.Dropout(0.2), layers.Dense(2), layers.Dropout(0.1), layers.Dense(1)]
    saved(keras.Sequential([keras.Input((2,)), layers.GaussianNoise(0.1), *dropped]), path)
    source = Source(path.read_bytes(), path)
    read(source)
    assert source.told == [
        "GaussianNoise, which acts in training alone, is left out",
        "Dropout, which acts in training alone, is left out",
    ]


TENSORS = {"mean": numbers(2), "W": numbers(3, 2), "b": numbers(3)}


def test_all_that_an_onnx_model_has_of_its_own_is_said(tmp_path):
    path = tmp_path / "m.onnx"
    nodes = [("Sub", ["x", "mean"], "c"), ("Gemm", ["c", "W", "b"], "z", {"transB": 1}), ("Relu", ["z"], "y")]
    path.write_bytes(bytes_of(nodes, TENSORS, 2))
    assert replaced(path) == (
        "m.onnx loses its producer, its name, its operators (Sub) and "
        "the names of its inputs, outputs and tensors"
    )


def test_the_exports_of_pytorch_lose_their_producer_and_their_names(tmp_path):
    path = tmp_path / "m.onnx"
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the older one
        torch.onnx.export(net, torch.zeros(1, 2), str(path), dynamo=False)
    assert replaced(path) == (
        "m.onnx loses its producer, its name, the names of its inputs, outputs and tensors and "
        "the type and the sizes of its input"
    )


def test_dropout_in_an_onnx_model_is_told():
    nodes = [("Dropout", ["x"], "d"), ("Gemm", ["d", "W"], "y", {"transB": 1})]
    _, said = opened(bytes_of(nodes, {"W": TENSORS["W"]}, 2))
    assert said == ["dropout_0 (Dropout), which acts in training alone, is left out"]
