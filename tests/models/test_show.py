"""`nnviz.show` and `nnviz.watch` of models of PyTorch, Keras and scikit-learn: they predict what those do."""

import io
import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from keras import layers
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

import nnviz
from nnviz import system
from nnviz.core.parameters import as_layers
from nnviz.core.state import with_weights
from nnviz.files.models.frameworks import TORCH, name_of, network_of
from nnviz.files.registry import load, save
from nnviz.watching import window
from tests.core.oracle import NAMES, make_network
from tests.files.helpers import refusals, refused
from tests.models.helpers import MODULES, by_torch, close, module_of, state_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
X = np.random.default_rng(0).normal(size=(40, 3))


def same(model, activations=None):
    """Check that a model and its network predict the same; return the network."""
    network = network_of(model, activations)
    if isinstance(model, keras.Model):
        expected = keras.ops.convert_to_numpy(model(X.astype("f4")))
    else:
        expected = by_torch(model, X)
    close(network.predict(X), expected)
    return network


# PyTorch


@pytest.mark.parametrize("own", MODULES, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sequential_module_predicts_the_same(own, dtype):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 4), own, nn.Linear(4, 4, bias=False), own)
    network = same(nn.Sequential(nn.Flatten(), body, nn.Linear(4, 2), nn.Softmax(dim=-1)).to(dtype))
    assert network.sizes == (3, 4, 4, 2)
    assert network.layers[1].biases is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_16_bits_are_shown_as_they_are(dtype):
    net = nn.Linear(3, 2).to(dtype)
    assert np.array_equal(network_of(net).layers[0].weights, net.weight.detach().double().numpy())


class Plain(nn.Module):
    """Its activations are modules."""

    def __init__(self):
        super().__init__()
        self.first, self.act, self.last = nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)
        self.loss = nn.MSELoss()

    def forward(self, x):
        return self.last(self.act(self.first(x)))


class Functional(nn.Module):
    """Its activations are in `forward` alone."""

    def __init__(self, hidden=nn.functional.relu):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3, 4), nn.Linear(4, 2)
        self.hidden = [hidden]

    def forward(self, x):
        return torch.softmax(self.fc2(self.hidden[0](self.fc1(x))), -1)


class Shared(nn.Module):
    """One module is its activation twice."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.parts = nn.ModuleList([nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)])

    def forward(self, x):
        return self.parts[2](self.relu(self.parts[1](self.relu(self.parts[0](x)))))


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Backwards(nn.Module):
    """Its layers are not defined in the order in which they compute."""

    def __init__(self):
        super().__init__()
        self.last, self.first = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


class Picky(Plain):
    """Takes more than rows."""

    def forward(self, x, more):
        return super().forward(x) + more


@pytest.mark.parametrize(
    ("net", "activations"),
    [
        (Functional(), ["relu", "softmax"]),
        (Functional(nn.functional.gelu), ["gelu", "softmax"]),
        (Shared(), ["relu", "relu", "identity"]),
        (nn.Sequential(nn.Linear(3, 4), Swish(), nn.Linear(4, 2)), ["silu", "identity"]),
    ],
    ids=["relu", "gelu", "shared", "own"],
)
def test_activations_within_forward_must_be_given(net, activations, recwarn):
    example = ["relu"] * (len(activations) - 1) + ["identity"]
    said = refused(network_of, net)
    assert said.endswith(f"give an activation for each Linear layer: activations={example}")
    same(net, activations)
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_a_hook_is_no_part_of_the_network_unless_it_changes_nothing(recwarn):
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.utils.weight_norm(nn.Linear(2, 2)))
    same(net)
    assert not [each for each in recwarn if each.category is UserWarning]
    net[1].register_forward_hook(lambda _module, _given, a: 2 * a)
    assert refused(network_of, net).startswith("ReLU: nnviz cannot see which activations forward")


def test_a_forward_of_ones_own_is_tried_and_the_module_stays_in_its_mode(recwarn):
    net = Plain()
    net.act.eval()
    network = network_of(net)
    assert [part.training for part in net.modules()] == [True, True, False, True, True]
    close(network.predict(X), by_torch(net, X))
    assert not recwarn.list


class Merging(Plain):
    """Adds up its weights as soon as it leaves training mode, as some fine-tuned layers do."""

    def train(self, _mode=True):
        with torch.no_grad():
            for weights in self.parameters():
                weights.add_(1.0)


def test_a_module_is_tried_without_its_own_change_of_mode(recwarn):
    net = Merging()
    before = [weights.detach().clone() for weights in net.parameters()]
    network_of(net)
    assert all(torch.equal(*pair) for pair in zip(before, net.parameters(), strict=True))
    assert not recwarn.list


def test_a_forward_that_computes_something_else_or_cannot_be_tried_is_told():
    with pytest.warns(
        UserWarning, match=r"of their definition; the forward\(\) of the model gives different predictions"
    ):
        network_of(Functional(), ["tanh", "softmax"])
    with pytest.warns(UserWarning, match=r"of Picky are shown .* the forward\(\) of the model failed"):
        network = network_of(Picky())
    assert [layer.activation for layer in network.layers] == ["tanh", "identity"]


class Normalised(nn.Module):
    """Normalises before its activation."""

    def __init__(self):
        super().__init__()
        self.fc1, self.norm, self.fc2 = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)

    def forward(self, x):
        return self.fc2(torch.relu(self.norm(self.fc1(x))))


def test_a_normalisation_becomes_part_of_the_weights_and_is_told():
    parts = nn.BatchNorm1d(3), nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.BatchNorm1d(4, affine=False)
    for net, activations in (
        (nn.Sequential(*parts, nn.Linear(4, 2)), None),
        (Normalised(), ["relu", "identity"]),
    ):
        for _ in range(3):
            net(torch.tensor(X, dtype=torch.float32) * 5 + 3)
        with pytest.warns(UserWarning, match=r"BatchNorm1d\) became part of the weights and biases of "):
            network = same(net, activations)
        for layer, (weights, biases) in zip(network.layers, TORCH.read_weights(net), strict=True):
            assert layer.weights.tolist() == weights.tolist()
            assert layer.biases.tolist() == biases.tolist()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_what_wraps_a_module_is_looked_through():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    for wrapped in (nn.DataParallel(net), torch.compile(net, backend="eager")):
        close(network_of(wrapped).predict(X), by_torch(net, X))


# Keras


def sequential(*parts, kind=keras.Sequential, **settings):
    return kind([keras.Input((3,)), *parts], **settings)


FUNCTIONS = [name for name in NAMES if "(" not in name and name not in ("identity", "leaky_relu")]
OWN = [layers.LeakyReLU(), layers.ELU(0.5), layers.ReLU(), layers.Softmax(), layers.Activation("swish")]


@pytest.mark.parametrize("own", ["linear", *FUNCTIONS, *OWN], ids=str)
def test_a_sequential_model_predicts_the_same(own):
    parts = [layers.Dense(4, own)] if isinstance(own, str) else [layers.Dense(4), own]
    model = sequential(*parts, layers.Dropout(0.5), layers.Dense(2, "softmax", use_bias=False), name="wine")
    network = same(model)
    assert network.layers[1].biases is None
    assert network.sizes == (3, 4, 2)
    assert name_of(model) == "wine"


def test_models_within_models_and_functional_ones_predict_the_same():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, "tanh")], name="inner")
    same(sequential(layers.Dense(4, "relu"), inner, layers.Dense(1)))
    start, inside = keras.Input((3,)), keras.Input((4,))
    functional = keras.Model(inside, layers.Dense(2, "gelu", name="dense")(inner(inside)), name="outer")
    same(keras.Model(start, layers.Dense(1, name="dense")(functional(layers.Dense(4)(start)))))
    kept = layers.Dropout(0.5)(layers.Dense(3)(start), training=False)
    same(keras.Model(start, layers.Dense(2)(kept)))


class Own(keras.Sequential):
    """Computes as its base does."""


class Calls(keras.Model):
    """Computes by a `call` of its own."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def test_a_subclass_that_computes_the_same_is_shown():
    same(sequential(layers.Dense(2), kind=Own))


def test_where_inputs_are_scaled_it_is_said():
    with pytest.warns(UserWarning, match="rescaling.* became part of the weights and biases of dense"):
        same(sequential(layers.Rescaling(2.0, offset=1.0), layers.Dense(2)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_weights_of_any_type_are_shown_as_they_are(dtype):
    model = sequential(layers.Dense(2, dtype=dtype))
    kernel = keras.ops.convert_to_numpy(keras.ops.cast(model.layers[0].kernel, "float64"))
    assert np.array_equal(network_of(model).layers[0].weights, kernel.T)


# What is refused


def strange(x):
    return x


def named_relu(x):
    return x * x


named_relu.__name__ = "relu"


class Doubled(layers.Dense):
    """It says that it is a Dense layer."""

    def call(self, x):
        return 2 * super().call(x)


Doubled.__name__, Doubled.__module__ = "Dense", "__main__"


def modules():
    """Return models of PyTorch and scikit-learn that are no chain of dense layers."""
    linear = nn.Linear(3, 2)
    return {
        "a convolution": nn.Sequential(nn.Linear(3, 3), nn.Conv1d(1, 1, 1)),
        "a normalisation of each batch": nn.Sequential(linear, nn.BatchNorm1d(2, track_running_stats=False)),
        "recurrence": nn.LSTM(3, 3),
        "nothing": nn.Sequential(nn.ReLU()),
        "no layer": nn.Sequential(),
        "two activations": nn.Sequential(linear, nn.ReLU(), nn.Tanh()),
        "layers that do not meet": nn.Sequential(linear, nn.Linear(3, 2)),
        "a lazy layer": nn.LazyLinear(3),
        "no memory": nn.Linear(3, 2, device="meta"),
        "complex numbers": nn.Linear(3, 2, dtype=torch.complex64),
        "a GELU by tanh": nn.Sequential(linear, nn.GELU("tanh")),
        "a leak of nothing": nn.Sequential(linear, nn.LeakyReLU(0)),
        "another order": Backwards(),
        "not fitted": MLPClassifier(),
    }


def models():
    """Return models of Keras that are no chain of dense layers."""
    approximate, start, calls = partial(keras.activations.gelu, approximate=True), keras.Input((3,)), Calls()
    calls(X)
    dropped = layers.Dropout(0.5, name="drop")(layers.Dense(3)(start), training=True)
    return {
        "no weights": keras.Sequential([layers.Dense(2)], name="empty"),
        "a convolution": keras.Sequential([keras.Input((3, 1)), layers.Conv1D(2, 1, name="conv")]),
        "a function of one's own": sequential(layers.Dense(2, strange, name="d")),
        "a function of one's own that is called relu": sequential(
            layers.Dense(2), layers.Activation(named_relu, name="d")
        ),
        "a part of a function": sequential(layers.Dense(2, approximate, name="d")),
        "a layer of one's own that is called Dense": sequential(Doubled(2, name="d")),
        "a lambda": sequential(layers.Lambda(strange, name="l"), layers.Dense(2)),
        "a call of one's own": calls,
        "dropout as in training": keras.Model(start, layers.Dense(2)(dropped)),
        "a branch": keras.Model(start, layers.Add(name="add")([layers.Dense(3, name="d")(start), start])),
    }


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_what_is_no_chain_is_refused_with_its_place(approved):
    approved("modules that are no chain", refusals(modules(), network_of))
    approved("models that are no chain", refusals(models(), network_of))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_objects_that_are_not_models_raise_a_type_error(windows):
    net, tensor, dense = nn.Sequential(nn.Linear(3, 2)), torch.zeros(3), layers.Dense(2)
    for thing in (tensor, net[0].weight, torch.optim.SGD(net.parameters()), torch.jit.script(net)):
        with pytest.raises(TypeError, match=rf"^expected a torch module .* {type(thing).__name__}$"):
            network_of(thing)
    with pytest.raises(TypeError, match=r"^expected a Keras model, found Dense$"):
        network_of(dense)
    for thing in (tensor, dense, LinearRegression()):
        with pytest.raises(TypeError, match=rf"^expected an? .*, found {type(thing).__name__}$"):
            nnviz.watch(thing)
    assert windows == []


def test_activations_that_do_not_fit_are_refused(approved):
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    cases = {
        "another one": (net, ["tanh"]),
        "another one than a model of Keras": (sequential(layers.Dense(2)), ["relu"]),
        "one too few": (Functional(), ["relu"]),
        "a text": (Functional(), "relu"),
    }
    approved("activations that do not fit", refusals(cases, lambda case: network_of(*case)))
    assert network_of(net, ["relu"]) == network_of(net)


# scikit-learn


def fitted(kind, y, **settings):
    return kind(hidden_layer_sizes=(4, 3), max_iter=5, random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_networks_of_scikit_learn_predict_the_same(activation):
    for y in (X[:, 0], X[:, :2]):
        model = fitted(MLPRegressor, y, activation=activation)
        close(network_of(model).predict(X), model.predict(X).reshape(len(X), -1))
    y = (X[:, 0] > 0).astype(int)
    for names in ([0, 1], ["no", "yes"]):
        model = fitted(MLPClassifier, np.array(names)[y], activation=activation)
        close(network_of(model).predict(X), model.predict_proba(X)[:, 1:])
        assert network_of(model).outputs == (str(names[1]),)
    model = fitted(MLPClassifier, np.array(["ash", "elm", "oak"])[y + (X[:, 1] > 0)], activation=activation)
    network = network_of(model)
    close(network.predict(X), model.predict_proba(X))
    assert (network.inputs, network.outputs) == (("input_0", "input_1", "input_2"), ("ash", "elm", "oak"))


# The window


@pytest.fixture
def shown(monkeypatch):
    """Stand in for the processes of windows; returns the State that each would open."""
    states = []

    class Process:
        def __init__(self, _command, **_settings):
            self.stdin = io.BytesIO()

        def wait(self):
            return 0

    monkeypatch.setattr(system, "check", lambda **_: None)
    monkeypatch.setattr(window.native, "write", lambda state: states.append(state) or b"")
    monkeypatch.setattr(window.subprocess, "Popen", Process)
    return states


def test_show_opens_a_module_with_tensors_as_rows(shown):
    net = Functional()
    x, y = torch.randn(5, 3, requires_grad=True), torch.tensor([0, 1, 1, 0, 1])
    nnviz.show(net, x, y, activations=["relu", "softmax"])
    (state,) = shown
    close(state.network.predict(state.data.inputs), by_torch(net, x))
    assert np.array_equal(state.data.targets, np.eye(2)[y])
    assert state.name == "Functional"


def test_show_takes_the_labels_of_a_classifier(shown):
    of_two, of_three = ["elm", "ash"], ["elm", "ash", "oak"]
    for labels, targets in ((of_two, [[1], [0]]), (of_three, [[0, 1, 0], [1, 0, 0], [0, 0, 1]])):
        model = fitted(MLPClassifier, np.resize(labels, len(X)))
        nnviz.show(model, X[: len(labels)], labels)
        assert shown[-1].data.targets.tolist() == targets
        assert refused(nnviz.show, model, X[:1], ["fir"]) == "y: no class of the model is called 'fir'"
    nnviz.show(fitted(MLPRegressor, X[:, 0]), X, X[:, 0])
    assert np.array_equal(shown[-1].data.targets, X[:, :1])


FRAMEWORKS = ["torch", "keras", "sklearn", "tensorflow", "h5py", "onnx"]
LOADED = {
    "import numpy": [],
    "from torch import nn; network_of(nn.Linear(3, 2))": ["torch"],
    "from sklearn.neural_network import MLPRegressor as M; "
    "network_of(M(hidden_layer_sizes=(2,), max_iter=1, tol=9).fit([[1], [2]], [1, 2]))": ["sklearn"],
}


@pytest.mark.parametrize("code", LOADED)
def test_no_framework_is_imported_but_by_who_uses_it(code):
    program = (
        "import sys, nnviz; from nnviz.files.models.frameworks import network_of\n"
        f"{code}\n"
        "try: nnviz.show(0)\n"
        "except TypeError: pass\n"
        f"print([each for each in {FRAMEWORKS} if each in sys.modules])"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{LOADED[code]}\n"


# nnviz.watch

CLASSES = np.arange(40) % 4


def last(window):
    """Return the State at the start, the network at the end, the curve, and how it ended."""
    state, got, ending = window.read()
    network = with_weights(state.network, as_layers(got[-1].values, state.network))
    points = np.concatenate([frame.points for frame in got])
    return state, nnviz.Network(network.inputs, network.layers), points, ending


@pytest.mark.parametrize("double", [True, False])
def test_a_torch_loop_is_watched(windows, double):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4)).to(torch.float64 if double else None)
    x = torch.as_tensor(X).to(net[0].weight)
    optimizer, losses = torch.optim.Adam(net.parameters()), []
    begin = by_torch(net, x)
    with nnviz.watch(net, X, CLASSES) as view:
        for _ in range(20):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), torch.as_tensor(CLASSES))
            loss.backward()
            optimizer.step()
            view.update(loss)
            losses.append(loss.item())
    state, end, points, ending = last(windows[0])
    within = 1e-12 if double else 1e-5
    assert np.abs(state.network.predict(X) - begin).max() < within
    assert np.abs(end.predict(X) - by_torch(net, x)).max() < within
    assert points.tolist() == [[k + 1, loss] for k, loss in enumerate(losses)]
    assert state.data.targets.tolist() == np.eye(4)[CLASSES].tolist()
    assert ending == ""


def test_a_torch_module_that_holds_others_and_uses_no_biases_is_watched(windows):
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))
    net[0][0].bias = None
    with nnviz.watch(net) as view, torch.no_grad():
        net[1][1].weight.fill_(2.0)
        view.update()
    state, end, points, _ = last(windows[0])
    assert state.network.sizes == (3, 4, 2)
    assert end.layers[0].biases is None
    assert end.layers[1].weights.tolist() == [[2.0] * 4] * 2
    assert len(points) == 0


def test_a_list_of_torch_tensors_is_watched(windows):
    w, b = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, requires_grad=True)
    with nnviz.watch([w, b], activations=["identity"]) as view:
        ((w @ torch.ones(3) + b - 1) ** 2).mean().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        view.update()
    _, end, _, _ = last(windows[0])
    assert end.layers[0].weights.tolist() == w.detach().double().tolist()


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_a_lazy_torch_module_is_watched_once_it_has_weights(windows):
    net = nn.Sequential(nn.LazyLinear(2))
    with nnviz.watch(net) as view:
        assert windows == []
        net(torch.zeros(1, 3))
        view.update(1.0)
    state, end, _, _ = last(windows[0])
    assert state.network == end
    assert end.sizes == (3, 2)


def keras_model(built=True):
    parts = [layers.Dense(5, activation="tanh"), layers.Dense(4, activation="softmax", use_bias=False)]
    model = keras.Sequential([*([keras.Input((3,))] if built else []), *parts])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("built", [True, False])
def test_fit_of_keras_is_watched(windows, built):
    model, watcher = keras_model(built), nnviz.watch.keras(X, CLASSES)
    begin = model.predict(X, verbose=0) if built else None
    told = model.fit(X, CLASSES, epochs=3, batch_size=10, verbose=0, callbacks=[watcher])
    state, end, points, ending = last(windows[0])
    if built:
        assert np.abs(state.network.predict(X) - begin).max() < 1e-5
    assert np.abs(end.predict(X) - model.predict(X, verbose=0)).max() < 1e-5
    assert points[:, 0].tolist() == list(range(1, 13))
    assert points[3::4, 1] == pytest.approx(told.history["loss"])
    assert state.data.targets.tolist() == np.eye(4)[CLASSES].tolist()
    assert ending == ""
    model.fit(X, CLASSES, batch_size=20, verbose=0, callbacks=[watcher])
    assert windows[1].read()[1][-1].iteration == 2  # each fit has a window of its own


def test_a_keras_model_in_a_loop_of_ones_own_is_watched(windows):
    model = keras_model()
    with nnviz.watch(model, X, CLASSES) as view:
        for _ in range(3):
            view.update(float(model.train_on_batch(X, CLASSES)))
    _, end, points, _ = last(windows[0])
    assert np.abs(end.predict(X) - model.predict(X, verbose=0)).max() < 1e-5
    assert len(points) == 3


@pytest.mark.parametrize(("classifies", "kind"), [(True, "f8"), (False, "f8"), (False, "f4")])
def test_partial_fit_of_scikit_learn_is_watched_from_its_first_update_on(windows, classifies, kind):
    rows = X.astype(kind)
    model = (MLPClassifier if classifies else MLPRegressor)(
        hidden_layer_sizes=(5,), activation="tanh", random_state=0
    )
    y = CLASSES if classifies else rows @ np.array([1, 2, 3], kind)
    with nnviz.watch(model, rows, y) as view:
        assert windows == []
        for _ in range(3):
            model.partial_fit(rows, y, **({"classes": range(4)} if classifies else {}))
            view.update(model.loss_)
    _, end, points, _ = last(windows[0])
    expected = model.predict_proba(rows) if classifies else model.predict(rows)[:, None]
    assert np.abs(end.predict(rows) - expected).max() < (1e-12 if kind == "f8" else 1e-5)
    assert points[:, 0].tolist() == [1, 2, 3]


def test_what_has_other_weights_than_a_chain_is_refused_before_the_training(windows):
    assert "Conv2d" in refused(nnviz.watch, nn.Sequential(nn.Conv2d(1, 1, 3)))
    with pytest.warns(match="rescaling.* became part of the weights"):
        said = refused(nnviz.watch, sequential(layers.Rescaling(0.5), layers.Dense(1)))
    assert "scales its inputs" in said
    assert windows == []


# Tensors of PyTorch in a file


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("bias", [True, False])
def test_a_module_that_pytorch_saves_predicts_the_same(tmp_path, kind, bias):
    names = ("tanh",) * 10 + ("relu", "softmax")  # layer 10 stands behind layer 9
    own = module_of(make_network((3, *[5] * 11, 2), names, [bias] * 12)).to(kind)
    saved = own if bias else nn.DataParallel(own)
    safetensors.torch.save_file(saved.state_dict(), tmp_path / "a.safetensors")
    network = load(tmp_path / "a.safetensors", activations=names).network
    assert network.predict(X) == pytest.approx(by_torch(own.double(), X), abs=1e-12)


def test_a_normalisation_is_refused_with_a_way_round_that_works(tmp_path):
    dense, norm, end = nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)
    own, path = nn.Sequential(dense, norm, nn.ReLU(), end), tmp_path / "a.safetensors"
    own(torch.tensor(X, dtype=torch.float32))
    safetensors.torch.save_file(own.state_dict(), path)
    with pytest.raises(nnviz.FileError, match=r"normalisation .*fuse_linear_bn_eval\(linear.eval\(\), norm"):
        load(path)
    fused = nn.utils.fuse_linear_bn_eval(dense.eval(), norm.eval())
    safetensors.torch.save_file(nn.Sequential(fused, nn.ReLU(), end).state_dict(), path)
    close(load(path, activations=["relu", "identity"]).network.predict(X), by_torch(own, X), 1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_nnviz_saves_loads_into_the_module_and_predicts_the_same(tmp_path, name):
    network = make_network((3, 2, 1), (name, "identity"), (False, False))
    save(state_of(network), tmp_path / "a.safetensors")
    own = module_of(make_network((3, 2, 1), (name, "identity"), (False, False), 1))
    own.load_state_dict(safetensors.torch.load_file(tmp_path / "a.safetensors"))
    close(network.predict(X), by_torch(own, X), 1e-9)
    saved = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert saved["0.weight"].tolist() == network.layers[0].weights.tolist()
