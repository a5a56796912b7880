"""Keras' own models, of random shapes and activations: opened, and written for Keras, with one prediction."""

import os
import subprocess
import sys
import time
import warnings
from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import layers

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError
from nnviz.files.registry import left_out, load, save

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras with torch

CLOSE = 1e-6
KERAS = (
    "linear",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "silu",
    "gelu",
    "softsign",
    "sigmoid",
    "tanh",
    "softplus",
)
ENDS = (".keras", ".h5")


def saved(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that .h5 is old
        model.save(path)
    return path


def opened_by_keras(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return keras.saving.load_model(path)


def same(model, network, seed=0):
    """Check that both predict the same for some rows."""
    x = np.random.default_rng(seed).normal(size=(20, len(network.inputs))).astype(np.float32)
    np.testing.assert_allclose(network.predict(x), model.predict(x, verbose=0), rtol=CLOSE, atol=CLOSE)


def activation_layers(chance):
    """Return what may follow a dense layer without an activation."""
    return chance.choice(
        [
            layers.Activation("tanh"),
            layers.LeakyReLU(),
            layers.LeakyReLU(negative_slope=float(chance.choice([0.01, 0.125, 0.7]))),
            layers.ELU(alpha=float(chance.choice([1.0, 0.3]))),
            layers.ReLU(),
            layers.ReLU(negative_slope=0.25),
            layers.Activation("linear"),
        ]
    )


def parts(chance):
    """Return the layers of a random model behind its input."""
    for _ in range(chance.integers(1, 6)):
        alone = chance.random() < 0.4
        dense = layers.Dense(
            int(chance.integers(1, 30)),
            activation=None if alone else str(chance.choice(KERAS)),
            use_bias=bool(chance.random() < 0.7),
            bias_initializer=keras.initializers.RandomNormal(seed=1),
        )
        yield dense
        if alone:
            yield activation_layers(chance)
        if chance.random() < 0.3:
            yield layers.Dropout(0.5)
    yield layers.Dense(int(chance.integers(2, 6)), activation="softmax" if chance.random() < 0.5 else None)


def random_model(seed, functional):
    chance = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    inputs = int(chance.integers(1, 20))
    own = list(parts(chance))
    if not functional:
        return keras.Sequential([layers.Input((inputs,)), *own])
    start = end = layers.Input((inputs,))
    for layer in own:
        end = layer(end)
    return keras.Model(start, end)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("functional", [False, True], ids=["sequential", "functional"])
@pytest.mark.parametrize("seed", range(8))
def test_a_random_model_of_keras_opens_and_predicts_the_same(seed, functional, end, tmp_path):
    model = random_model(seed, functional)
    same(model, load(saved(model, tmp_path / f"model{end}")).network, seed)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("seed", range(4))
def test_what_nnviz_writes_keras_opens_and_predicts_the_same(seed, end, tmp_path):
    state = load(saved(random_model(seed, False), tmp_path / "model.keras"))
    save(state, tmp_path / f"again{end}")
    same(opened_by_keras(tmp_path / f"again{end}"), state.network, seed)
    assert load(tmp_path / f"again{end}") == state  # exactly


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)"])
def test_every_activation_goes_to_keras_and_back(name, end, tmp_path):
    weights = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    network = Network(
        ("a", "b"),
        (Layer(("c", "d", "e"), name, weights, weights[:, 0]), Layer(("f", "g"), "identity", weights.T)),
    )
    path = tmp_path / f"model{end}"
    save(State(network, Dataset.empty(network)), path)
    found = load(path).network
    assert [layer.activation for layer in found.layers] == [name, "identity"]
    np.testing.assert_array_equal(found.layers[0].weights, network.layers[0].weights)
    same(opened_by_keras(path), network)


@pytest.mark.parametrize("end", ENDS)
def test_a_compiled_and_trained_model_opens_without_its_optimizer(end, tmp_path):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError())
    x = np.random.default_rng(0).normal(size=(20, 3))
    model.fit(x, x.sum(axis=1), epochs=2, verbose=0)
    same(model, load(saved(model, tmp_path / f"model{end}")).network)


@pytest.mark.parametrize("end", ENDS)
def test_models_in_models_open(end, tmp_path):
    keras.utils.set_random_seed(1)
    inner = keras.Sequential([layers.Input((2,)), layers.Dense(3, activation="relu"), layers.Dense(3)])
    inner.layers[0].trainable = False  # Keras lists its weights behind the others
    start = layers.Input((3,))
    other = keras.Model(start, layers.Dense(2, activation="tanh")(layers.Dense(4)(start)))
    model = keras.Sequential([layers.Input((2,)), inner, layers.Dense(3), other, layers.Dense(1)])
    same(model, load(saved(model, tmp_path / f"model{end}")).network)


def test_a_functional_model_around_a_sequential_one_opens(tmp_path):
    start = layers.Input((2,))
    inner = keras.Sequential([layers.Dense(3, activation="relu"), layers.Dropout(0.2)])
    model = keras.Model(start, layers.Dense(1)(inner(start)))
    for end in ENDS:
        same(model, load(saved(model, tmp_path / f"model{end}")).network)


def test_a_picture_is_flattened_and_scaled(tmp_path):
    model = keras.Sequential(
        [
            layers.Input((4, 3)),
            layers.Rescaling(1 / 255, offset=-0.5),
            layers.Flatten(),
            layers.Dense(5, "relu"),
            layers.Dense(2, "softmax"),
        ]
    )
    network = load(saved(model, tmp_path / "model.keras")).network
    x = np.random.default_rng(0).uniform(0, 255, size=(10, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(
        network.predict(x.reshape(10, 12)), model.predict(x, verbose=0), rtol=1e-5, atol=CLOSE
    )


@pytest.mark.parametrize("weights", ["model.weights.h5", "m.h5"])
def test_an_architecture_as_json_opens_with_the_weights_beside_it(weights, tmp_path):
    model = random_model(3, True)
    (tmp_path / "model.json").write_text(model.to_json())
    if weights == "m.h5":
        (tmp_path / "model.json").rename(tmp_path / "m.json")
        saved(model, tmp_path / weights)
    else:
        model.save_weights(tmp_path / weights)
    same(model, load(next(tmp_path.glob("*.json"))).network)


CONVOLVED = [layers.Input((8, 8, 1)), layers.Conv2D(2, 3, name="seen"), layers.Flatten(), layers.Dense(1)]
ODD = {
    "Conv2D": lambda: keras.Sequential(CONVOLVED),
    "BatchNormalization": lambda: keras.Sequential(
        [layers.Input((2,)), layers.Dense(2), layers.BatchNormalization(name="seen"), layers.Dense(1)]
    ),
    "PReLU": lambda: keras.Sequential(
        [layers.Input((2,)), layers.Dense(2), layers.PReLU(name="seen"), layers.Dense(1)]
    ),
    "3 axes": lambda: keras.Sequential([layers.Input((3, 4, 2)), layers.Dense(2, name="seen")]),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("words", ODD)
def test_a_model_that_is_no_chain_of_dense_layers_is_refused_with_the_layers_name(words, end, tmp_path):
    with pytest.raises(FileError, match=f"^seen: .*{words}"):
        load(saved(ODD[words](), tmp_path / f"model{end}"))


def test_weights_alone_are_refused_with_what_to_save_instead(tmp_path):
    keras.Sequential([layers.Input((2,)), layers.Dense(1)]).save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(
        FileError, match=r"^it holds weights alone, without the model: .*model.save\('mine.keras'"
    ):
        load(tmp_path / "m.weights.h5")


def test_two_paths_are_refused(tmp_path):
    start = layers.Input((2,))
    model = keras.Model(start, layers.Add()([layers.Dense(2)(start), start]))
    for end in ENDS:
        with pytest.raises(FileError, match="chains of layers"):
            load(saved(model, tmp_path / f"model{end}"))


# Saving


def a_state(weights, **more):
    network = Network(("a", "b"), (Layer(("n",), "identity", weights),))
    return State(network, Dataset([[1.0, 2.0]], [[1.0]]), **more)


@pytest.mark.parametrize("end", ENDS)
def test_what_is_not_kept_is_told_before(end, tmp_path):
    said = left_out(a_state([[0.1, 1.0]], name="Bank", training=Training(0.5, 7)), tmp_path / f"m{end}")
    for words in (
        "the rows",
        "the names of the inputs",
        "the title",
        "the training settings but loss, optimizer and learning rate",
        "beyond the seventh",
    ):
        assert words in said
    assert "seventh" not in left_out(a_state([[0.5, 1.0]]), tmp_path / f"m{end}")


@pytest.mark.parametrize("end", ENDS)
def test_a_number_too_large_for_32_bits_is_refused(end, tmp_path):
    with pytest.raises(FileError, match=r"too large for the format"):
        save(a_state([[1e39, 1.0]]), tmp_path / f"m{end}")
    assert not (tmp_path / f"m{end}").exists()


@pytest.mark.parametrize("end", ENDS)
def test_the_same_network_is_the_same_file_on_another_day(end, tmp_path, monkeypatch):
    for day, name in enumerate("ab"):
        monkeypatch.setattr(time, "time", lambda day=day: 1e9 + 86_400.0 * day)
        save(a_state([[0.5, 1.0]]), tmp_path / f"{name}{end}")
    assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()


@pytest.mark.parametrize("end", ENDS)
def test_five_hundred_layers_go_and_come_back(end, tmp_path):
    made = tuple(Layer((f"n{k}",), "leaky_relu", [[0.5]], [k * 0.25]) for k in range(500))
    network = Network(("x",), made)
    save(State(network, Dataset.empty(network)), tmp_path / f"m{end}")
    assert load(tmp_path / f"m{end}").network.predict([[1.0]]) == network.predict([[1.0]])


@pytest.mark.parametrize("end", ENDS)
def test_a_million_weights_go_and_come_back(end, tmp_path):
    random = np.random.default_rng(0)
    sizes = (784, 900, 300, 10)
    made = [
        Layer(
            tuple(f"n{k}_{i}" for i in range(size)),
            "relu",
            random.normal(size=(size, before)).astype(np.float32),
            np.zeros(size),
        )
        for k, (before, size) in enumerate(pairwise(sizes))
    ]
    network = Network(tuple(f"x{i}" for i in range(sizes[0])), tuple(made))
    save(State(network, Dataset.empty(network)), tmp_path / f"m{end}")
    found = load(tmp_path / f"m{end}").network
    for before, after in zip(network.layers, found.layers, strict=True):
        np.testing.assert_array_equal(before.weights, after.weights)


def test_a_model_opens_without_keras_and_its_back_end(tmp_path):
    path = saved(random_model(5, False), tmp_path / "model.keras")
    others = "{'keras', 'torch', 'h5py', 'PySide6'}"
    program = f"import nnviz, sys; nnviz.load({str(path)!r}); print(sorted({others} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert ended.stdout == "[]\n"
