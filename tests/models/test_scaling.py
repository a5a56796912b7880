"""Standardised inputs in Keras and ONNX files: raw rows give what nnviz gives, in their own libraries."""

import warnings

import keras
import numpy as np
import pytest
import torch
from keras import layers
from safetensors.torch import load_file
from sklearn.datasets import load_wine

import nnviz
from nnviz.cli.main import main
from nnviz.core.columns import Column
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError
from nnviz.files.foreign import network_of
from nnviz.files.registry import load, read, save
from nnviz.files.source import Source
from tests.models.keras_files import MODEL, OLD_WEIGHTS, old_h5, predicted, sequential
from tests.models.onnx_files import ONNX, checked, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
KERAS = (".keras", ".h5")
TOLD = "the scaling of the inputs is worked into the weights of the first layer"
X = np.random.default_rng(5).normal(size=(30, 2)) * (3.0, 50.0) + (7.0, -400.0)


def by_keras(path, x):
    return keras.saving.load_model(path).predict(x, verbose=0)


def by_onnx(path, x):
    return run(path.read_bytes(), x.astype(np.float32))


def by_torch(path, x):
    """Return what a Sequential of Linear, ReLU and Linear, Softmax gives."""
    held = load_file(path)
    hidden, inputs = held["0.weight"].shape
    parts = (
        torch.nn.Linear(inputs, hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(hidden, 3),
        torch.nn.Softmax(1),
    )
    model = torch.nn.Sequential(*parts)
    model.load_state_dict(held)
    return model(torch.tensor(x, dtype=torch.float32)).detach().numpy()


def saved(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that .h5 is old
        model.save(path)
    return path


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """Return the file of a network that is trained on the standardised wines."""
    folder, data = tmp_path_factory.mktemp("wine"), load_wine()
    table = np.column_stack([data.data, np.array(data.target_names)[data.target]])
    lines = [",".join([*data.feature_names, "class"]), *map(",".join, table.astype(str))]
    (folder / "wine.csv").write_text("\n".join(lines) + "\n")
    path = folder / "wine.json"
    assert main(["convert", str(folder / "wine.csv"), str(path), "--standardise", "--shuffle"]) == 0
    nnviz.save(nnviz.train(nnviz.load(path), updates=60).state, path)
    return path


@pytest.mark.parametrize(
    ("end", "predict", "how"),
    [
        (".keras", by_keras, "a Normalization layer"),
        (".h5", by_keras, "a Normalization layer"),
        (".onnx", by_onnx, "Sub and Div nodes"),
        (".safetensors", by_torch, "the weights and biases of its first layer"),
    ],
)
def test_raw_rows_of_wine_are_told_as_nnviz_tells_them(wine, end, predict, how, tmp_path, capsys):
    data, state, path = load_wine(), load(wine), tmp_path / f"wine{end}"
    wanted = state.predict(data.data)
    assert np.mean(wanted.argmax(axis=1) == data.target) > 0.98
    capsys.readouterr()
    assert main(["convert", str(wine), str(path)]) == 0
    assert f"; wine{end} standardises raw numbers itself, by {how}\n" in capsys.readouterr().err
    found = predict(path, data.data)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    again = load(path)
    np.testing.assert_allclose(again.predict(data.data), wanted, atol=1e-6)
    assert main(["convert", str(wine), str(path), "--without-scaling"]) == 0
    assert np.mean(predict(path, data.data).argmax(axis=1) == data.target) < 0.9
    np.testing.assert_allclose(
        predict(path, state.data.inputs), state.network.predict(state.data.inputs), atol=1e-5
    )


def test_sub_and_div_stand_before_the_first_gemm(wine):
    data = ONNX.write(load(wine))
    assert [node.op_type for node in checked(data).graph.node][:3] == ["Sub", "Div", "Gemm"]
    source = Source(data)
    read(source)
    assert source.told == [
        "centred (Sub), standardised (Div) became part of the weights and biases of z_0 (Gemm)"
    ]


@pytest.mark.parametrize("deviation", [1e-9, 1e-3, 1e20])
@pytest.mark.parametrize(("end", "predict"), [(".keras", by_keras), (".h5", by_keras), (".onnx", by_onnx)])
def test_a_deviation_of_any_size_is_right(end, predict, deviation, tmp_path):
    """Keras takes the root of a variance in 32 bits, and none below 1e-7."""
    network = Network(("x", "y"), (Layer(("n",), "tanh", [[0.5, 1.0]]),))
    columns = (Column("x", ("x",), mean=2 * deviation, deviation=deviation),)
    state = State(network, Dataset.empty(network), columns=columns)
    save(state, tmp_path / f"m{end}")
    x = np.random.default_rng(0).normal(size=(9, 2)) * (deviation, 1.0)
    np.testing.assert_allclose(predict(tmp_path / f"m{end}", x), state.predict(x), atol=1e-5)
    np.testing.assert_allclose(load(tmp_path / f"m{end}").predict(x), state.predict(x), atol=1e-5)


@pytest.mark.parametrize("end", [*KERAS, ".onnx"])
def test_a_mean_too_large_for_the_format_is_refused(end, tmp_path):
    network = Network(("x",), (Layer(("n",), "tanh", [[0.5]]),))
    state = State(network, Dataset.empty(network), columns=(Column("x", ("x",), mean=1e39),))
    with pytest.raises(FileError, match="the mean of an input: a number is too large for the format"):
        save(state, tmp_path / f"m{end}")


def given(**config):
    return {
        "class_name": "Normalization",
        "config": {"name": "odd", "batch_input_shape": [None, 2], **config},
    }


ADAPTED = {
    "adapted": {},
    "given": {"mean": [7.0, -400.0], "variance": [9.0, 2500.0]},
    "one number": {"axis": None, "mean": -200.0, "variance": 9e4},
    "inverse": {"mean": [7.0, 4.0], "variance": [9.0, 0.04], "invert": True},
    "no variance": {"mean": [7.0, 4.0], "variance": [0.0, 1.0]},
}


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("how", ADAPTED)
@pytest.mark.parametrize("end", KERAS)
def test_a_normalization_of_keras_is_worked_into_the_first_layer_and_told(end, how, within, tmp_path):
    keras.utils.set_random_seed(0)
    own = layers.Normalization(**ADAPTED[how])
    if how == "adapted":
        own.adapt(X)
    parts = [keras.Input((2,)), own, layers.Dense(3, "tanh", use_bias=within)]
    first = [keras.Input((2,)), keras.Sequential(parts)] if within else parts
    model = keras.Sequential([*first, layers.Dense(2)])
    x = X if how != "no variance" else X.round() * [0, 1] + [7.0, 0.0]
    expected = model.predict(x, verbose=0)
    path = saved(model, tmp_path / f"m{end}")
    source = Source(path.read_bytes(), path)
    np.testing.assert_allclose(read(source).network.predict(x), expected, rtol=1e-4, atol=1e-4)
    assert source.told == [TOLD]
    with pytest.warns(UserWarning, match=TOLD):
        np.testing.assert_allclose(network_of(model).predict(x), expected, rtol=1e-4, atol=1e-4)


def test_scalings_one_after_the_other_are_taken_in_their_order():
    first = {"class_name": "Rescaling", "config": {"name": "r", "scale": 0.5, "offset": -1.0}}
    both = [{**first, "config": {**first["config"], "batch_input_shape": [None, 2]}}]
    both.append(given(mean=[1.0, 2.0], variance=[4.0, 0.25]))
    found = read(Source(old_h5(sequential(*both, *MODEL["config"]["layers"]), OLD_WEIGHTS))).network
    expected = predicted((X * 0.5 - 1 - [1, 2]) / [2, 0.5])
    np.testing.assert_allclose(found.predict(X), expected, rtol=1e-12)


REFUSED = {
    "no numbers at all": (given(), "expected weights of 3 layers, found those of 2"),
    "as many means": (given(mean=[1.0] * 3, variance=[1.0] * 3), "odd: expected 2 numbers, found 3"),
    "another count": (given(mean=[1.0, 2.0], variance=[1.0]), "odd: expected a mean and a variance for each"),
    "below 0": (given(mean=[1.0, 2.0], variance=[1.0, -1.0]), "odd: expected variances from 0 on"),
    "a text": (given(mean=["1", 2.0], variance=[1.0, 1.0]), "odd.mean: expected numbers, one for each input"),
    "nothing": (given(mean=[], variance=[]), "odd.mean: expected numbers"),
    "too many": (given(mean=[0.0] * 10_001, variance=[1.0] * 10_001), "odd.mean: expected numbers"),
    "no variance": (given(mean=[1.0, 2.0]), "odd.variance: expected numbers, one for each input, found None"),
    "other axes": (given(axis=[1, 2], mean=1.0, variance=1.0), "odd: it standardises rows of several axes"),
    "a picture": (
        given(batch_input_shape=[None, 2, 2], mean=1.0, variance=1.0),
        "odd: it standardises rows of",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_normalization_that_cannot_be_is_refused_with_its_name(case):
    odd, words = REFUSED[case]
    with pytest.raises(FileError) as caught:
        read(Source(old_h5(sequential(odd, *MODEL["config"]["layers"]), OLD_WEIGHTS)))
    assert str(caught.value).startswith(words)


def test_a_normalization_between_dense_layers_is_refused(tmp_path):
    own = layers.Normalization(mean=[1.0] * 3, variance=[1.0] * 3, name="between")
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3), own, layers.Dense(1)])
    with pytest.raises(FileError, match=r"^between: it is a layer of the class 'Normalization'"):
        load(saved(model, tmp_path / "m.keras"))
