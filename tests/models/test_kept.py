"""Loss, optimizer, scaling and more of models are opened, and a save says which of them it drops."""

import re
import warnings
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest
import torch
from keras import layers, losses, optimizers
from safetensors.torch import load_file
from sklearn.datasets import load_wine
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

import nnviz
from nnviz.cli.main import main
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.columns import Column
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import Cosine, Step
from nnviz.core.state import Dataset, State, Training
from nnviz.files.examples import example
from nnviz.files.models import keras as keras_files
from nnviz.files.models.dense import Chain, Dense
from nnviz.files.models.frameworks import network_of
from nnviz.files.models.keras_chain import Part
from nnviz.files.registry import load, losses_on_overwrite, losses_on_save, read, save
from nnviz.files.source import Source
from nnviz.watching import window
from tests.core import made_up
from tests.core.oracle import make_network
from tests.files.helpers import refusals
from tests.models.helpers import KERAS, by_keras, by_torch, close, exported, loaded, opened, saved, state_of
from tests.models.keras_files import MODEL, OLD_WEIGHTS, layer, old_h5, predicted, sequential
from tests.models.onnx_files import ONNX, bytes_of, checked, numbers, run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
X = np.random.default_rng(5).normal(size=(30, 2)) * (3.0, 50.0) + (7.0, -400.0)
ROWS = np.random.default_rng(0).normal(size=(20, 3))
DENSE = MODEL["config"]["layers"]


def shown(model):
    return window.state_of(network_of(model), model, None, None)


# The loss and the optimizer


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("output", "loss"),
    [("sigmoid", "mse"), ("sigmoid", "cross_entropy"), ("softmax", "cross_entropy"), ("identity", "mse")],
)
@pytest.mark.parametrize("end", KERAS)
def test_keras_goes_on_training_as_nnviz_would(end, output, loss, optimizer, tmp_path):
    network = make_network([3, 4, 2], ["tanh", output], [True, False], 2)
    random = np.random.default_rng(0)
    data = Dataset(random.normal(size=(6, 3)), np.eye(2)[random.integers(0, 2, 6)])
    state = State(network, data, Training(0.03, 1, optimizer=optimizer, loss=loss))
    path = tmp_path / f"m{end}"
    save(state, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # that something could not be loaded
        model = keras.saving.load_model(path)
    x, y = state.data.inputs, state.data.targets
    assert model.evaluate(x, y, verbose=0) == pytest.approx(state.loss(), rel=1e-5)
    model.fit(x, y, batch_size=len(x), shuffle=False, epochs=3, verbose=0)
    wanted = nnviz.train(state, updates=3).state.network
    for own, dense in zip(wanted.layers, model.layers, strict=True):
        np.testing.assert_allclose(dense.get_weights()[0].T, own.weights, atol=1e-4)
    again = load(path)
    assert again.training == Training(0.03, optimizer=optimizer, loss=loss)
    assert "training settings" in losses_on_save(state, path)
    assert "training settings" not in losses_on_save(replace(state, training=again.training), path)


def test_an_optimizer_that_keras_has_not_leaves_the_model_uncompiled(monkeypatch, tmp_path):
    made_up.register(monkeypatch)
    state = made_up.state("relu", optimizer="calm")
    for end in KERAS:
        save(state, tmp_path / f"m{end}")
        assert not loaded(tmp_path / f"m{end}").compiled
        assert "the training settings" in losses_on_save(state, tmp_path / f"m{end}")
        assert "but loss" not in losses_on_save(state, tmp_path / f"m{end}")


@pytest.mark.parametrize("end", KERAS)
def test_an_example_comes_back_with_its_loss_optimizer_and_rate(end, tmp_path, capsys):
    for name in ("circles", "iris", "curve"):
        assert main(["convert", name, str(tmp_path / f"m{end}")]) == 0
        capsys.readouterr()
        assert main(["convert", str(tmp_path / f"m{end}"), str(tmp_path / "again.json")]) == 0
        assert capsys.readouterr().err == ""
        before, after = (load(path).training for path in (example(name).path, tmp_path / "again.json"))
        assert after.loss == before.loss
        assert (after.optimizer, after.learning_rate) == (before.optimizer, before.learning_rate)


@pytest.mark.parametrize("end", [".onnx", ".npz", ".safetensors"])
def test_circles_come_back_from_other_formats_with_the_usual_loss_which_is_said(end, tmp_path, capsys):
    assert main(["convert", "circles", str(tmp_path / f"m{end}")]) == 0
    assert "the training settings" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / f"m{end}"), str(tmp_path / "again.json")]) == 0
    said = "the file names no loss: nnviz uses cross-entropy, the usual loss with sigmoid on the output\n"
    assert capsys.readouterr().err == f"{tmp_path / f'm{end}'}: {said}"
    assert load(tmp_path / "again.json").training.loss == "cross_entropy"


BINARY_LOGITS = losses.BinaryCrossentropy(from_logits=True)
GENTLE = optimizers.schedules.ExponentialDecay(0.2, 10, 0.5)
BY_LOSS = {  # output, loss of Keras: loss of nnviz
    ("softmax", None): "cross_entropy",
    ("softmax", "mse"): "mse",
    ("softmax", "mean_squared_error"): "mse",
    ("softmax", "categorical_crossentropy"): "cross_entropy",
    ("softmax", losses.SparseCategoricalCrossentropy()): "cross_entropy",
    ("softmax", losses.binary_crossentropy): "cross_entropy",
    ("softmax", "mae"): "cross_entropy",
    ("sigmoid", None): "cross_entropy",
    ("sigmoid", "binary_crossentropy"): "cross_entropy",
    ("sigmoid", losses.BinaryCrossentropy()): "cross_entropy",
    ("sigmoid", losses.binary_crossentropy): "cross_entropy",
    ("sigmoid", BINARY_LOGITS): "cross_entropy",
    ("sigmoid", "categorical_crossentropy"): "cross_entropy",
    ("sigmoid", losses.SparseCategoricalCrossentropy()): "cross_entropy",
    ("sigmoid", ("mae",)): "cross_entropy",
    ("sigmoid", ("mse",)): "mse",
    ("linear", "mae"): "mse",
    ("linear", BINARY_LOGITS): "mse",
    ("linear", "categorical_crossentropy"): "mse",
    ("linear", losses.MeanSquaredError()): "mse",
}
BY_OPTIMIZER = {
    "sgd": ("sgd", Training(0.01)),
    "SGD at 0.3": (optimizers.SGD(0.3), Training(0.3)),
    "momentum": (optimizers.SGD(0.3, momentum=0.9), Training(0.3, optimizer="momentum")),
    "adam": ("adam", Training(0.001, optimizer="adam")),
    "Adam at 0.02": (optimizers.Adam(0.02, epsilon=1e-8), Training(0.02, optimizer="adam")),
    "RMSprop": (optimizers.RMSprop(0.5), Training(0.5, optimizer="rmsprop")),
    "AdamW": (optimizers.AdamW(0.3, epsilon=1e-8), Training(0.3, optimizer="adamw")),
    "none of nnviz": (optimizers.Adagrad(0.5), Training()),
    "another momentum": (optimizers.SGD(0.3, momentum=0.5), Training(0.3, optimizer="momentum")),
    "more settings": (optimizers.Adam(0.3, beta_1=0.8, clipnorm=1.0), Training(0.3, optimizer="adam")),
    "a schedule": (optimizers.SGD(GENTLE), Training(0.2)),
    "steps": (
        optimizers.SGD(optimizers.schedules.ExponentialDecay(0.2, 50, 0.5, staircase=True)),
        Training(0.2, schedule=Step(50, 0.5)),
    ),
    "a cosine": (
        optimizers.SGD(optimizers.schedules.CosineDecay(0.2, 50)),
        Training(0.2, schedule=Cosine(50)),
    ),
    "a cosine that stays above 0": (
        optimizers.SGD(optimizers.schedules.CosineDecay(0.2, 50, alpha=0.1)),
        Training(0.2),
    ),
}


def compiled_model(output, optimizer, loss):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, output)])
    if loss is not None:
        model.compile(optimizer, list(loss) if isinstance(loss, tuple) else loss)
    return model


def taken_from(model, path):
    """Return the settings that nnviz takes from a model that Keras saves, and its messages about them."""
    source = Source(saved(model, path).read_bytes(), path)
    return read(source).training, "; ".join(source.defaults + source.notes)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", KERAS)
def test_the_loss_and_the_optimizer_of_a_compiled_model_are_taken(end, tmp_path, approved):
    lines = []
    for (output, loss), expected in BY_LOSS.items():
        model = compiled_model(output, "sgd", loss)
        training, said = taken_from(model, tmp_path / f"m{end}")
        name = f"{output}, {getattr(loss, 'name', getattr(loss, '__name__', loss))}"
        assert training.loss == shown(model).training.loss == expected, name
        lines.append(f"{name}{' of logits' * (loss is BINARY_LOGITS)}: {said}")
    for name, (optimizer, expected) in BY_OPTIMIZER.items():
        training, said = taken_from(compiled_model("linear", optimizer, "mse"), tmp_path / f"m{end}")
        assert training == expected, name
        lines.append(f"{name}: {said}")
    approved("what is taken from a compiled model", "\n".join(lines))


def test_somebodys_own_optimizer_is_not_taken_for_that_of_keras(tmp_path):
    @keras.saving.register_keras_serializable("mine", "Adam")
    class Adam(optimizers.Adam):
        pass

    training, said = taken_from(compiled_model("linear", Adam(0.5), "mse"), tmp_path / "m.keras")
    assert training == Training()
    assert said.startswith("nnviz has no optimizer 'Adam' and uses gradient descent")


@pytest.mark.parametrize("rate", ["many", 0, -1, None, True, [], {"config": 3}, 10**400])
def test_a_rate_that_is_none_is_said(rate):
    source = Source(b"")
    settings = {"loss": "mse", "optimizer": {"class_name": "SGD", "config": {"learning_rate": rate}}}
    chain = Chain([], [Dense(np.eye(2), None, "identity")])
    state = keras_files.state_of([Part("d", "Dense", {}, ())], chain, settings, source)
    assert state.training == Training()
    assert source.notes[0].startswith("nnviz uses the constant learning rate ")


@pytest.mark.filterwarnings("ignore")
def test_where_a_model_says_no_loss_its_output_does():
    for y in (ROWS[:, 0] > 0, (ROWS[:, 0] > 0) + (ROWS[:, 1] > 0) * 1, ROWS[:, :2] > 0):
        assert shown(MLPClassifier(max_iter=2).fit(ROWS, y)).training.loss == "cross_entropy"
    assert shown(MLPRegressor(max_iter=2).fit(ROWS, ROWS[:, 0])).training.loss == "mse"
    usual = {nn.Softmax(1): "cross_entropy", nn.Sigmoid(): "cross_entropy", nn.Tanh(): "mse"}
    for last, expected in usual.items():
        assert shown(nn.Sequential(nn.Linear(3, 2), last)).training.loss == expected


@pytest.mark.parametrize("suffix", [*KERAS, ".onnx", ".npz", ".safetensors"])
def test_a_softmax_opens_again_to_be_trained_by_cross_entropy(suffix, tmp_path):
    output = Layer(("output_0", "output_1"), "softmax", [[1, 2], [3, 4]], [0, 0])
    network = Network(("input_0", "input_1"), [output])
    state = state_of(network, training=Training(loss="cross_entropy"))
    path = tmp_path / f"a{suffix}"
    save(state, path)
    assert load(path).training == state.training
    assert not losses_on_save(state, path)


# Standardised inputs

TOLD = r"normalization\w* became part of the weights and biases of dense\w*"


def by_onnx(path, x):
    return run(path.read_bytes(), x.astype(np.float32))


def by_linear_layers(path, x):
    """Return the predictions of a Sequential of Linear, ReLU and Linear, Softmax."""
    held = load_file(path)
    hidden, inputs = held["0.weight"].shape
    model = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 3), nn.Softmax(1))
    model.load_state_dict(held)
    return by_torch(model, x.copy())  # scikit-learn's rows are not writable


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
        (".keras", by_keras, "the layer Normalization"),
        (".h5", by_keras, "the layer Normalization"),
        (".onnx", by_onnx, "the nodes Sub and Div"),
        (".safetensors", by_linear_layers, "the weights and biases of the first layer"),
    ],
)
def test_raw_rows_of_wine_are_told_as_nnviz_tells_them(wine, end, predict, how, tmp_path, capsys):
    data, state, path = load_wine(), load(wine), tmp_path / f"wine{end}"
    wanted = state.predict(data.data)
    assert np.mean(wanted.argmax(axis=1) == data.target) > 0.98
    capsys.readouterr()
    assert main(["convert", str(wine), str(path)]) == 0
    assert f"in wine{end} expects raw numbers and standardises them with {how}\n" in capsys.readouterr().err
    close(predict(path, data.data), wanted, 1e-5)
    close(load(path).predict(data.data), wanted)
    assert main(["convert", str(wine), str(path), "--without-scaling"]) == 0
    assert np.mean(predict(path, data.data).argmax(axis=1) == data.target) < 0.9
    close(predict(path, state.data.inputs), state.network.predict(state.data.inputs), 1e-5)


def test_sub_and_div_stand_before_the_first_gemm(wine):
    data = ONNX.write(load(wine))
    assert [node.op_type for node in checked(data).graph.node][:3] == ["Sub", "Div", "Gemm"]
    said = "centred (Sub) and standardised (Div) became part of the weights and biases of z_0 (Gemm)"
    assert opened(data)[1] == [said]


@pytest.mark.parametrize("deviation", [1e-9, 1e-3, 1e20])
@pytest.mark.parametrize(("end", "predict"), [(".keras", by_keras), (".h5", by_keras), (".onnx", by_onnx)])
def test_a_deviation_of_any_size_is_right(end, predict, deviation, tmp_path):
    """Keras takes the root of a variance in 32 bits, and none below 1e-7."""
    network = Network(("x", "y"), (Layer(("n",), "tanh", [[0.5, 1.0]]),))
    columns = (Column("x", ("x",), mean=2 * deviation, deviation=deviation),)
    state, path = state_of(network, columns=columns), tmp_path / f"m{end}"
    save(state, path)
    x = np.random.default_rng(0).normal(size=(9, 2)) * (deviation, 1.0)
    close(predict(path, x), state.predict(x), 1e-5)
    close(load(path).predict(x), state.predict(x), 1e-5)


@pytest.mark.parametrize("end", [*KERAS, ".onnx"])
def test_a_number_too_large_for_32_bits_is_refused(end, tmp_path, approved):
    small, large = (Network(("x",), (Layer(("n",), "tanh", [[weight]]),)) for weight in (0.5, 1e39))
    cases = {
        "a mean": state_of(small, columns=(Column("x", ("x",), mean=1e39),)),
        "a weight": state_of(large),
    }
    told = refusals(cases, lambda state: save(state, tmp_path / f"m{end}"))
    approved(f"numbers too large for 32 bits | {end}", told.replace(f"m{end}", "FILE"))
    assert not (tmp_path / f"m{end}").exists()


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
    state, told = opened(saved(model, tmp_path / f"m{end}").read_bytes())
    close(state.network.predict(x), expected, 1e-4)
    assert re.fullmatch(TOLD, *told)
    with pytest.warns(UserWarning, match=TOLD):
        close(network_of(model).predict(x), expected, 1e-4)


def normalization(**config):
    return layer("Normalization", **{"batch_input_shape": [None, 2], **config})


def test_scalings_one_after_the_other_are_taken_in_their_order():
    first = layer("Rescaling", "r", scale=0.5, offset=-1.0, batch_input_shape=[None, 2])
    both = [first, normalization(mean=[1.0, 2.0], variance=[4.0, 0.25])]
    state, _ = opened(old_h5(sequential(*both, *DENSE), OLD_WEIGHTS))
    expected = predicted((X * 0.5 - 1 - [1, 2]) / [2, 0.5])
    np.testing.assert_allclose(state.network.predict(X), expected, rtol=1e-12)


def test_a_normalization_that_cannot_be_is_refused_with_its_name(approved):
    cases = {
        "no numbers at all": normalization(),
        "as many means": normalization(mean=[1.0] * 3, variance=[1.0] * 3),
        "another count": normalization(mean=[1.0, 2.0], variance=[1.0]),
        "below 0": normalization(mean=[1.0, 2.0], variance=[1.0, -1.0]),
        "a text": normalization(mean=["1", 2.0], variance=[1.0, 1.0]),
        "nothing": normalization(mean=[], variance=[]),
        "too many": normalization(mean=[0.0] * 10_001, variance=[1.0] * 10_001),
        "no variance": normalization(mean=[1.0, 2.0]),
        "other axes": normalization(axis=[1, 2], mean=1.0, variance=1.0),
        "a picture": normalization(batch_input_shape=[None, 2, 2], mean=1.0, variance=1.0),
    }
    told = refusals(cases, lambda odd: opened(old_h5(sequential(odd, *DENSE), OLD_WEIGHTS)))
    approved("normalizations that cannot be", told)


# What a save in the place of somebody's model would not keep


REPLACED = (
    "Saving over m.keras loses the parts that nnviz does not read, such as the names of layers, metrics, "
    "initializers and the state of the optimizer"
)


@pytest.mark.parametrize("end", [*KERAS, ".onnx", ".safetensors"])
def test_a_file_of_nnvizs_own_is_kept_whole(end, tmp_path):
    names = [name for name in (*ACTIVATIONS, "elu(0.5)") if name != "softmax"]
    made = [Layer((f"n{k}", f"m{k}"), name, np.eye(2)) for k, name in enumerate(names)]
    path = tmp_path / f"m{end}"
    save(state_of(Network(("a", "b"), made), name="Bank", notes="Read me."), path)
    assert losses_on_overwrite(path) == ""
    save(load(path), path)
    assert losses_on_overwrite(path) == ""
    if end == ".keras":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("assets/words.txt", "one")
        assert losses_on_overwrite(path) == REPLACED


def sequential_model(*parts, compiled_by=None, name="sequential", **settings):
    model = keras.Sequential([keras.Input((2,), name="inputs"), *parts], name=name)
    if compiled_by:
        model.compile(*compiled_by, **settings)
    return model


def replaced_models():
    """Return models of Keras by what they have of their own."""
    usual = {"name": "dense_0"}
    nesterov = optimizers.SGD(0.1, nesterov=True, momentum=0.9)
    mine = layers.Dense(3, "relu", kernel_regularizer="l2", name="mine")
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2)])
    by_compiling = {
        "another optimizer": ("rmsprop", "mse"),
        "Nesterov's momentum": (nesterov, "mse"),
        "another loss": ("sgd", "mae"),
        "classes as numbers": ("sgd", "sparse_categorical_crossentropy"),
        "a memory": ("sgd", "mse"),
    }
    by_settings = {
        "constraints": {"kernel_constraint": "non_neg"},
        "initializers": {"kernel_initializer": "he_normal"},
        "frozen layers": {"trainable": False},
    }
    return {
        "all": sequential_model(
            *(layers.Rescaling(0.5), mine, layers.Dropout(0.2), layers.Dense(1)),
            compiled_by=("adam", "mse"),
            metrics=["accuracy"],
            name="wine",
        ),
        **{
            name: sequential_model(layers.Dense(2, **usual), compiled_by=by)
            for name, by in by_compiling.items()
        },
        **{name: sequential_model(layers.Dense(1, **more)) for name, more in by_settings.items()},
        "a model in it": sequential_model(inner, layers.Dense(1)),
    }


@pytest.mark.parametrize("end", KERAS)
def test_a_save_over_a_model_of_keras_names_what_nnviz_does_not_read(end, tmp_path):
    path = tmp_path / f"m{end}"
    for name, model in replaced_models().items():
        assert losses_on_overwrite(saved(model, path)) == REPLACED.replace("m.keras", path.name), name
    path.write_bytes(old_h5(MODEL, OLD_WEIGHTS))
    assert losses_on_overwrite(path) == REPLACED.replace("m.keras", path.name)


W, B = {"W": numbers(3, 2)}, {"b": numbers(3)}


def test_all_that_an_onnx_model_has_of_its_own_is_said(tmp_path, approved):
    nodes = [("Sub", ["x", "mean"], "c"), ("Gemm", ["c", "W", "b"], "z", {"transB": 1}), ("Relu", ["z"], "y")]
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    models = {
        "by hand": bytes_of(nodes, {**W, **B, "mean": numbers(2)}, 2),
        "by PyTorch": exported(net, torch.zeros(1, 2)),
    }
    lines = []
    for name, data in models.items():
        (tmp_path / "m.onnx").write_bytes(data)
        lines.append(f"{name}: {losses_on_overwrite(tmp_path / 'm.onnx')}")
    approved("what an ONNX model loses", "\n".join(lines))


def test_dropout_that_is_passed_over_is_told(tmp_path, approved):
    parts = [layers.GaussianNoise(0.1), layers.Dense(2), layers.Dropout(0.2), layers.Dense(2)]
    model = sequential_model(*parts, layers.Dropout(0.1), layers.Dense(1))
    for end in KERAS:
        _, told = opened(saved(model, tmp_path / f"m{end}").read_bytes())
        approved("dropout in a model of Keras", "\n".join(told))
    nodes = [("Dropout", ["x"], "d"), ("Gemm", ["d", "W"], "y", {"transB": 1})]
    approved("dropout in an ONNX model", "\n".join(opened(bytes_of(nodes, W, 2))[1]))
