"""The loss and the optimizer in Keras' files: what Keras takes of nnviz's, and nnviz of Keras'."""

import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, losses, optimizers

import nnviz
from nnviz.cli.main import main
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.models.dense import Dense
from nnviz.files.models.keras.compiled import state_of
from nnviz.files.registry import left_out, load, read, save
from nnviz.files.source import Source
from tests.core import made_up
from tests.core.oracle import make_network

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
KERAS = (".keras", ".h5")
OTHERS = (".onnx", ".npz", ".safetensors")


def a_state(output="sigmoid", **settings):
    network = make_network([3, 4, 2], ["tanh", output], [True, False], 2)
    random = np.random.default_rng(0)
    data = Dataset(random.normal(size=(6, 3)), np.eye(2)[random.integers(0, 2, 6)])
    return State(network, data, Training(**{"learning_rate": 0.03, "updates": 1, **settings}))


def by_keras(path):
    """Return what Keras opens, without a warning that something could not be loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        return keras.saving.load_model(path)


def opened(model, path):
    """Return the State in a model that Keras saves, and what is said of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that .h5 is old
        model.save(path)
    source = Source(path.read_bytes(), path)
    return read(source), source.defaults + source.told


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("output", "loss"),
    [("sigmoid", "mse"), ("sigmoid", "cross_entropy"), ("softmax", "cross_entropy"), ("identity", "mse")],
)
@pytest.mark.parametrize("end", KERAS)
def test_keras_goes_on_training_as_nnviz_would(end, output, loss, optimizer, tmp_path):
    state = a_state(output, optimizer=optimizer, loss=loss)
    path = tmp_path / f"m{end}"
    save(state, path)
    model = by_keras(path)
    x, y = state.data.inputs, state.data.targets
    assert model.evaluate(x, y, verbose=0) == pytest.approx(state.loss(), rel=1e-5)
    model.fit(x, y, batch_size=len(x), shuffle=False, epochs=3, verbose=0)
    wanted = nnviz.train(state, updates=3).state.network
    for layer, dense in zip(wanted.layers, model.layers, strict=True):
        np.testing.assert_allclose(dense.get_weights()[0].T, layer.weights, atol=1e-4)
    again = load(path)
    assert again.training == Training(0.03, optimizer=optimizer, loss=loss)
    assert "training settings" in left_out(state, path)
    assert "training settings" not in left_out(replace(state, training=again.training), path)


@pytest.mark.parametrize("name", ["circles", "iris", "curve"])
@pytest.mark.parametrize("end", KERAS)
def test_an_example_comes_back_with_its_loss_optimizer_and_rate(name, end, tmp_path, capsys):
    assert main(["convert", name, str(tmp_path / f"m{end}")]) == 0
    capsys.readouterr()
    assert main(["convert", str(tmp_path / f"m{end}"), str(tmp_path / "again.json")]) == 0
    assert capsys.readouterr().err == ""
    before, after = (load(path).training for path in (example(name).path, tmp_path / "again.json"))
    assert [after.loss, after.optimizer, after.learning_rate] == [
        before.loss,
        before.optimizer,
        before.learning_rate,
    ]


@pytest.mark.parametrize("end", OTHERS)
def test_circles_come_back_from_other_formats_with_the_usual_loss_which_is_said(end, tmp_path, capsys):
    assert main(["convert", "circles", str(tmp_path / f"m{end}")]) == 0
    assert "the training settings" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / f"m{end}"), str(tmp_path / "again.json")]) == 0
    said = "the file says no loss: cross-entropy is taken, the usual loss with sigmoid on the output\n"
    assert capsys.readouterr().err == f"{tmp_path / f'm{end}'}: {said}"
    assert load(tmp_path / "again.json").training.loss == "cross_entropy"


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize(
    ("optimizer", "name", "rate"),
    [
        ("sgd", "gradient_descent", 0.01),
        (optimizers.SGD(0.3), "gradient_descent", 0.3),
        (optimizers.SGD(0.3, momentum=0.9), "momentum", 0.3),
        ("adam", "adam", 0.001),
        (optimizers.Adam(0.02, epsilon=1e-8), "adam", 0.02),
    ],
)
def test_the_optimizer_of_a_model_and_its_rate_are_taken(optimizer, name, rate, end, tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile(optimizer, "mse")
    state, said = opened(model, tmp_path / f"m{end}")
    assert state.training == Training(rate, optimizer=name)
    assert said == []


GENTLE = optimizers.schedules.ExponentialDecay(0.2, 10, 0.5)
TAKEN = "is taken, the usual loss with"
ODD = {
    "unknown": (
        {"optimizer": optimizers.RMSprop(0.5)},
        Training(),
        "nnviz has no optimizer 'RMSprop': gradient descent is taken, at learning rate 0.01",
    ),
    "another momentum": (
        {"optimizer": optimizers.SGD(0.3, momentum=0.5)},
        Training(0.3, optimizer="momentum"),
        "its optimizer 'SGD' has momentum 0.5 (nnviz 0.9)",
    ),
    "more settings": (
        {"optimizer": optimizers.Adam(0.3, beta_1=0.8, clipnorm=1.0)},
        Training(0.3, optimizer="adam"),
        "its optimizer 'Adam' has beta_1 0.8 (nnviz 0.9), clipnorm 1.0 (nnviz none)",
    ),
    "a schedule": (
        {"optimizer": optimizers.SGD(GENTLE)},
        Training(0.2),
        "its learning rate is a schedule, 'ExponentialDecay', which nnviz has not: it stays 0.2",
    ),
    "another loss": (
        {"loss": "mae"},
        Training(),
        f"nnviz has no loss 'mae': MSE {TAKEN} identity on the output",
    ),
    "logits": (
        {"loss": losses.BinaryCrossentropy(from_logits=True)},
        Training(),
        f"its loss takes logits (from_logits): MSE {TAKEN} identity on the output",
    ),
    "one that does not fit": (
        {"loss": "categorical_crossentropy"},
        Training(),
        f"cross-entropy does not go with identity on the output: MSE {TAKEN} identity on the output",
    ),
}


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize("case", ODD)
def test_what_nnviz_has_not_is_said_with_what_is_taken(case, end, tmp_path):
    settings, training, words = ODD[case]
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile(**{"optimizer": optimizers.SGD(0.01), "loss": "mse", **settings})
    state, said = opened(model, tmp_path / f"m{end}")
    assert state.training == training
    assert said == [words]


def test_somebodys_own_optimizer_is_not_taken_for_that_of_keras(tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])

    @keras.saving.register_keras_serializable("mine", "Adam")
    class Adam(optimizers.Adam):
        pass

    model.compile(Adam(0.5), "mse")
    state, (said,) = opened(model, tmp_path / "m.keras")
    assert state.training == Training()
    assert said.startswith("nnviz has no optimizer 'Adam': gradient descent is taken")


@pytest.mark.parametrize("rate", ["many", 0, -1, None, True, [], {"config": 3}, 10**400])
def test_a_rate_that_is_none_is_said(rate):
    source = Source(b"")
    settings = {"loss": "mse", "optimizer": {"class_name": "SGD", "config": {"learning_rate": rate}}}
    state = state_of([Dense(np.eye(2), None, "identity")], settings, source)
    assert state.training == Training()
    assert source.told[0].startswith("its learning rate is ")


@pytest.mark.parametrize("end", KERAS)
def test_an_optimizer_that_keras_has_not_leaves_the_model_uncompiled_and_is_said(end, monkeypatch, tmp_path):
    made_up.register(monkeypatch)
    state = a_state(optimizer="calm")
    save(state, tmp_path / f"m{end}")
    assert not by_keras(tmp_path / f"m{end}").compiled
    assert "the training settings" in left_out(state, tmp_path / f"m{end}")
    assert "but loss" not in left_out(state, tmp_path / f"m{end}")
