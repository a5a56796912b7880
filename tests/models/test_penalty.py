"""Penalties and frozen parts as torch and Keras compute them in float64, and in models of Keras."""

import json
import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest
import torch
from keras import layers, regularizers
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import nnviz
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State, Training, epoch_order
from nnviz.core.train import train
from nnviz.files.registry import load, losses_on_overwrite, losses_on_save, save
from tests.core.oracle import frozen_names, make_network, parameters
from tests.formats import SAVED
from tests.models.helpers import KERAS, close, module_of, opened, saved
from tests.models.keras_files import OLD_WEIGHTS, dense, old_h5, sequential
from tests.models.test_keras import LAYERS, written
from tests.models.test_losses import loss_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
DIGITS = 1e-9
KINDS = [("mse", "identity"), ("mse", "sigmoid"), ("cross_entropy", "softmax"), ("cross_entropy", "sigmoid")]
FACTORS = [(0.03, 0.0), (0.0, 0.02), (0.03, 0.02)]
DEPTHS = range(5)


def state_of(kind, depth, biased, **training):
    """Return a State of 3 inputs, 4 nodes a hidden layer and 3 outputs; `frozen` may be a function."""
    loss, output = kind
    network = make_network([3, *[4] * depth, 3], [*["tanh"] * depth, output], [biased] * (depth + 1), depth)
    rng = np.random.default_rng(depth)
    data = Dataset(rng.normal(size=(11, 3)), np.eye(3)[rng.integers(3, size=11)])
    frozen = training.pop("frozen", nothing)(network)
    return State(network, data, Training(0.1, 14, loss=loss, frozen=frozen, **training))


def nothing(_network):
    return ()


def a_layer(_network):
    return ("layer 0",)


def single_parts(network):
    """Return a node, two weights and, if there is one, a bias."""
    first, last, before = network.layers[0].nodes, network.layers[-1], network.names(len(network.layers) - 1)
    biases = ("bias output_2",) if last.biases is not None else ()
    return (first[0], f"input_1 -> {first[1]}", f"{before[2]} -> output_1", *biases)


def the_last_layer_in_parts(network):
    last, before = network.layers[-1], network.names(len(network.layers) - 1)
    weights = [f"{name} -> {node}" for node in last.nodes[1:] for name in before]
    biases = [f"bias {node}" for node in last.nodes[1:]] if last.biases is not None else []
    return ("output_0", *weights, *biases)


def penalised(module, x, y, settings):
    """Return torch's loss of the rows with the penalty."""
    weights = [each.weight for each in module if isinstance(each, torch.nn.Linear)]
    penalty = sum(settings.l1 * w.abs().sum() + settings.l2 * (w * w).sum() for w in weights)
    return loss_of(settings.loss, module, x, y) + penalty


@pytest.mark.crossed(kind=KINDS, depth=DEPTHS, biased=(True, False), factors=FACTORS)
def test_slopes_are_those_of_torch(kind, depth, biased, factors):
    l1, l2 = factors
    state = state_of(kind, depth, biased, l1=l1, l2=l2)
    module, (x, y) = module_of(state.network), (state.data.inputs, state.data.targets)
    found = slopes(state.network, x, y, state.training.loss, l1=l1, l2=l2)
    value = penalised(module, torch.tensor(x), torch.tensor(y), state.training)
    value.backward()
    close(found.loss + found.penalty, value.item(), DIGITS)
    own = [each for layer in found.layers for each in (layer.weights, layer.biases) if each is not None]
    for one, other in zip(own, module.parameters(), strict=True):
        close(one, other.grad, DIGITS)


def batches(state):
    """Yield (rows of an update, whether the history has a point after it)."""
    settings, rows = state.training, state.trained_rows
    size = settings.batch_size or rows
    count = -(-rows // size)
    for t in range(settings.updates):
        epoch, k = divmod(t, count)
        order = epoch_order(settings.seed, epoch, rows) if count > 1 else np.arange(rows)
        yield order[k * size : (k + 1) * size], k == count - 1 or t == settings.updates - 1


@pytest.mark.crossed(
    kind=KINDS,
    depth=DEPTHS,
    biased=(True, False),
    batch=(None, 4),
    factors=[(0.0, 0.0), *FACTORS],
    frozen=(nothing, a_layer, single_parts),
)
def test_training_is_that_of_torch(kind, depth, biased, batch, factors, frozen):
    """The history is the loss of the data alone."""
    l1, l2 = factors
    state = state_of(kind, depth, biased, batch_size=batch, validation=0.2, l1=l1, l2=l2, frozen=frozen)
    settings, module = state.training, module_of(state.network)
    x, y = torch.tensor(state.data.inputs), torch.tensor(state.data.targets)
    stands = torch.tensor([not of.isdisjoint(settings.frozen) for of in frozen_names(state.network)])
    optimizer, rows = torch.optim.SGD(module.parameters(), settings.learning_rate), state.trained_rows
    history = [loss_of(settings.loss, module, x[:rows], y[:rows]).item()]
    for chosen, is_point in batches(state):
        before = parameters_to_vector(module.parameters()).detach()
        optimizer.zero_grad()
        penalised(module, x[chosen], y[chosen], settings).backward()
        optimizer.step()
        after = parameters_to_vector(module.parameters()).detach()
        vector_to_parameters(torch.where(stands, before, after), module.parameters())
        if is_point:
            history.append(loss_of(settings.loss, module, x[:rows], y[:rows]).item())
    result = train(state)
    close(result.history[:, 1], history, DIGITS)
    close(parameters(result.state.network), parameters_to_vector(module.parameters()).detach(), DIGITS)


@pytest.fixture
def float64(monkeypatch):
    """Let Keras compute in float64, as the head of a program does."""
    before, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    monkeypatch.setitem(keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    yield
    keras.config.set_floatx(before)
    keras.config.set_dtype_policy(policy)


BY_KERAS = {
    ("mse", "identity"): "mse",
    ("mse", "sigmoid"): "mse",
    ("cross_entropy", "softmax"): "categorical_crossentropy",
    ("cross_entropy", "sigmoid"): "binary_crossentropy",
}


def arrays_of(network):
    """Return the weights or slopes of each layer as Keras has them: the kernel, then the biases."""
    both = [array for each in network.layers for array in (each.weights.T, each.biases)]
    return [array for array in both if array is not None]


def keras_model(state, whole):
    """Return a compiled model of a State; the layers with the indices `whole` are frozen."""
    settings = state.training
    own = regularizers.L1L2(settings.l1, settings.l2)
    model = keras.Sequential([keras.Input((3,))])
    for k, each in enumerate(state.network.layers):
        more = {"use_bias": each.biases is not None, "kernel_regularizer": own, "trainable": k not in whole}
        model.add(layers.Dense(len(each), "linear" if each.function.linear else each.activation, **more))
    model.set_weights(arrays_of(state.network))
    model.compile(keras.optimizers.SGD(settings.learning_rate), BY_KERAS[settings.loss, each.activation])
    return model


@pytest.mark.crossed(
    kind=KINDS,
    depth=DEPTHS,
    biased=(True, False),
    batch=(None, 4),
    factors=FACTORS,
    frozen=((nothing, ()), (a_layer, (0,)), (the_last_layer_in_parts, (-1,))),
)
@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
def test_training_is_that_of_keras(kind, depth, biased, batch, factors, frozen, float64):
    (l1, l2), (parts, whole) = factors, frozen
    state = state_of(kind, depth, biased, batch_size=batch, l1=l1, l2=l2, frozen=parts)
    model = keras_model(state, {k % (depth + 1) for k in whole})
    x, y = state.data.inputs, state.data.targets
    found = arrays_of(slopes(state.network, x, y, state.training.loss, l1=l1, l2=l2))
    if model.trainable_weights:
        model.compute_loss(x, y, model(x)).backward()
    for one, variable in zip(found, model.weights, strict=True):
        if variable.trainable:
            close(one, variable.value.grad, DIGITS)
    for chosen, _ in batches(state):
        model.train_on_batch(x[chosen], y[chosen])
    for one, other in zip(arrays_of(train(state).state.network), model.get_weights(), strict=True):
        close(one, other, DIGITS)


# Models of Keras


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("end", KERAS)
def test_keras_goes_on_training_with_the_penalty_and_the_frozen_layers(end, optimizer, tmp_path):
    settings = Training(0.03, 1, optimizer=optimizer, l1=0.01, l2=0.002, frozen=("layer 0", "output_2"))
    frozen = ("layer 0",) if optimizer != "adam" else ("output_0", "output_1", "output_2")
    state = state_of(("mse", "identity"), 2, True)
    state = replace(state, training=replace(settings, frozen=frozen))
    path = tmp_path / f"m{end}"
    save(state, path)
    assert losses_on_overwrite(path) == ""
    assert load(path).training == replace(settings, updates=20, frozen=(f"layer {len(frozen) - 1}",))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # that something could not be loaded
        model = keras.saving.load_model(path)
    x, y = state.data.inputs, state.data.targets
    model.fit(x, y, batch_size=len(x), shuffle=False, epochs=5, verbose=0)
    wanted = nnviz.train(state, updates=5).state.network
    for own, each in zip(wanted.layers, model.layers, strict=True):
        np.testing.assert_allclose(each.get_weights()[0].T, own.weights, atol=1e-4)
        np.testing.assert_allclose(each.get_weights()[1], own.biases, atol=1e-4)


@pytest.mark.parametrize("end", KERAS)
def test_what_keras_cannot_freeze_is_said(end, tmp_path):
    path, sentence = tmp_path / f"m{end}", "the freezing of single nodes, weights and biases"
    for parts, kept in ((nothing, ()), (a_layer, ("layer 0",)), (single_parts, ())):
        state = state_of(("mse", "identity"), 1, True, l1=0.01, frozen=parts)
        state = replace(state, training=replace(state.training, updates=20))
        save(state, path)
        assert load(path).training == replace(state.training, frozen=kept)
        lost = losses_on_save(state, path)
        assert (sentence in lost) == (parts is single_parts)
        assert "training settings" not in lost
        lost = losses_on_save(replace(state, training=replace(state.training, updates=7)), path)
        assert "the training settings except loss, optimizer, learning rate, schedule, penalty and" in lost


OTHERS = [form for form in SAVED if form.name != "nnviz network" and "keras" not in form.home]


@pytest.mark.parametrize("form", OTHERS, ids=lambda form: form.name)
def test_other_formats_say_that_they_lose_the_penalty_and_the_frozen_parts(form, tmp_path):
    state = state_of(("mse", "identity"), 0, False)
    for training in (Training(), Training(l1=0.1), Training(l2=0.1), Training(frozen=("output_0",))):
        lost = losses_on_save(replace(state, training=training), tmp_path / f"m{form.saved[0]}")
        assert ("the training settings" in lost) == (training != Training())


def of_keras_2(name, **config):
    return {"class_name": name, "config": config}


WEIGHT_DECAY = of_keras_2("L1L2", l1=0.0, l2=0.009999999776482582)
MODELS = {
    "as Keras 2 writes it": ({"kernel_regularizer": WEIGHT_DECAY},) * 2,
    "both": ({"kernel_regularizer": of_keras_2("L1L2", l1=0.25, l2=0.5)},) * 2,
    "in two ways": (
        {"kernel_regularizer": of_keras_2("L2", l2=0.5)},
        {"kernel_regularizer": of_keras_2("L1L2", l1=0.0, l2=0.5)},
    ),
    "as Keras 1.2 writes it": ({"W_regularizer": {"name": "L1L2Regularizer", "l1": 0.125, "l2": 0.0}},) * 2,
    "as Keras 1.0 writes it": (
        {"W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5}, "b_regularizer": None},
    )
    * 2,
    "frozen": ({"trainable": False}, {}),
    "a penalty of 0": (
        {"kernel_regularizer": of_keras_2("L1", l1=0.0)},
        {"bias_regularizer": of_keras_2("L2", l2=0.0)},
    ),
    "one layer of two": ({"kernel_regularizer": WEIGHT_DECAY, "trainable": False}, {"trainable": False}),
    "two factors": (
        {"kernel_regularizer": of_keras_2("L2", l2=0.5)},
        {"kernel_regularizer": of_keras_2("L2", l2=0.25)},
    ),
    "biases and outputs": (
        {"kernel_regularizer": of_keras_2("L1", l1=0.5), "bias_regularizer": of_keras_2("L1", l1=0.5)},
        {"kernel_regularizer": of_keras_2("L1", l1=0.5), "activity_regularizer": WEIGHT_DECAY},
    ),
    "biases of Keras 1": (
        {
            "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.5},
            "b_regularizer": {"name": "L1L2Regularizer"},
        },
        {"W_regularizer": {"name": "L1L2Regularizer", "l1": 0.5}, "b_regularizer": {"l1": 1}},
    ),
    "another class": ({"kernel_regularizer": of_keras_2("OrthogonalRegularizer", factor=0.01)},) * 2,
}


def test_the_penalty_and_the_frozen_layers_of_a_model_are_taken_or_it_is_said(approved):
    lines = []
    for name, (first, last) in MODELS.items():
        model = sequential(
            dense("dense_1", 3, "relu", **{"batch_input_shape": [None, 2], **first}),
            dense("dense_2", 1, **last),
        )
        state, notes = opened(old_h5(model, OLD_WEIGHTS))
        own = state.training
        assert own == Training(l1=own.l1, l2=own.l2, frozen=own.frozen)
        lines.append(f"{name}: l1 {own.l1}, l2 {own.l2}, frozen {[*own.frozen]}; {', '.join(notes)}")
    approved("penalties and frozen layers of Keras", "\n".join(lines))


CUSTOM = {"module": "mine", "class_name": "L2", "config": {"l2": 0.5}, "registered_name": "mine>L2"}
ODD = [
    *(
        "l2",
        3,
        True,
        [WEIGHT_DECAY],
        {"l2": 0.5},
        CUSTOM,
        of_keras_2(["L2"], l2=0.5),
        of_keras_2("L2", l2=-1.0),
    ),
    *(of_keras_2("L2", l2=value) for value in (None, "0.5", [0.5], True, 10**400)),
    *({"class_name": "L2", "config": config} for config in (None, 3, [0.5])),
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_regularizer_that_nnviz_does_not_have_is_said(odd):
    model = sequential(
        dense("dense_1", 3, "relu", batch_input_shape=[None, 2], kernel_regularizer=odd),
        dense("dense_2", 1, kernel_regularizer=odd),
    )
    state, notes = opened(old_h5(model, OLD_WEIGHTS))
    assert state.training == Training()
    assert notes == [
        "nnviz does not use the model's kernel_regularizer: nnviz has only one penalty, l1·Σ|w| + "
        "l2·Σw² over the weights of all layers"
    ]


@pytest.mark.parametrize("end", KERAS)
def test_a_model_of_keras_opens_with_its_penalty_and_its_frozen_layers(end, tmp_path):
    own = {"kernel_regularizer": regularizers.L1L2(l1=0.01, l2=0.02)}
    inner = keras.Sequential([keras.Input((2,)), layers.Dense(3, "relu", **own), layers.Dense(2, **own)])
    inner.trainable = False
    model = keras.Sequential([keras.Input((2,)), inner, layers.BatchNormalization(), layers.Dense(1, **own)])
    model.compile("sgd", "mse")
    training = load(saved(model, tmp_path / f"m{end}")).training
    assert training == Training(0.01, l1=0.01, l2=0.02, frozen=("layer 0", "layer 1"))
    for short in ("l1", "l2"):
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer=short)])
        training = load(saved(model, tmp_path / f"m{end}")).training
        assert (training.l1, training.l2) == (0.01 * (short == "l1"), 0.01 * (short == "l2"))


def test_an_architecture_and_a_layers_model_have_their_penalty_too(tmp_path):
    model = sequential(*({**each, "config": {**each["config"], **MODELS["both"][0]}} for each in LAYERS))
    (tmp_path / "m.json").write_text(json.dumps(model))
    (tmp_path / "m.h5").write_bytes(old_h5(model, OLD_WEIGHTS))
    assert load(tmp_path / "m.json").training == Training(l1=0.25, l2=0.5)
    topology = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": model}
    path = written(tmp_path, topology=topology)
    assert load(path).training == Training(l1=0.25, l2=0.5)
