"""`nnviz.watch` follows trainings of PyTorch, Keras and scikit-learn to their last update."""

from itertools import pairwise

import keras
import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

import nnviz
from nnviz.core.state import with_weights
from nnviz.core.training.passes import as_layers

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras

ROWS = np.random.default_rng(0).normal(size=(40, 3))
CLASSES = np.arange(40) % 4


def last(window):
    """Return the State at the start, the network at the end, the curve, and how it ended."""
    state, got, ending = window.read()
    network = with_weights(state.network, as_layers(got[-1].values, state.network))
    points = np.concatenate([frame.points for frame in got])
    return state, nnviz.Network(network.inputs, network.layers), points, ending


def linear(*sizes):
    parts = [torch.nn.Linear(*sizes[:2])]
    for before, after in pairwise(sizes[1:]):
        parts += [torch.nn.Tanh(), torch.nn.Linear(before, after)]
    return torch.nn.Sequential(*parts)


@pytest.mark.parametrize("double", [True, False])
def test_a_torch_loop(windows, double):
    torch.manual_seed(0)
    module = linear(3, 5, 4).to(torch.float64 if double else torch.float32)
    x = torch.as_tensor(ROWS).to(module[0].weight)
    optimizer, losses = torch.optim.Adam(module.parameters()), []
    begin = module(x).detach().numpy()
    with nnviz.watch(module, ROWS, CLASSES) as view:
        for _ in range(20):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(x), torch.as_tensor(CLASSES))
            loss.backward()
            optimizer.step()
            view.update(loss)
            losses.append(loss.item())
    state, end, points, ending = last(windows[0])
    close = 1e-12 if double else 1e-5
    assert np.abs(state.network.predict(ROWS) - begin).max() < close
    assert np.abs(end.predict(ROWS) - module(x).detach().numpy()).max() < close
    assert points.tolist() == [[k + 1, loss] for k, loss in enumerate(losses)]
    assert state.data.targets.tolist() == np.eye(4)[CLASSES].tolist()
    assert ending == ""


def test_a_torch_module_that_holds_others_and_uses_no_biases(windows):
    module = torch.nn.Sequential(linear(3, 4), torch.nn.Sequential(torch.nn.ReLU(), linear(4, 2)))
    module[0][0].bias = None
    with nnviz.watch(module) as view, torch.no_grad():
        module[1][1][0].weight.fill_(2.0)
        view.update()
    state, end, points, _ = last(windows[0])
    assert state.network.sizes == (3, 4, 2)
    assert end.layers[0].biases is None
    assert end.layers[1].weights.tolist() == [[2.0] * 4] * 2
    assert len(points) == 0


def test_a_list_of_torch_tensors(windows):
    w, b = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, requires_grad=True)
    with nnviz.watch([w, b], activations=["identity"]) as view:
        ((w @ torch.ones(3) + b - 1) ** 2).mean().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        view.update()
    _, end, _, _ = last(windows[0])
    assert end.layers[0].weights.tolist() == w.detach().double().tolist()


def test_a_lazy_torch_module_is_watched_once_it_has_weights(windows):
    module = torch.nn.Sequential(torch.nn.LazyLinear(2))
    with nnviz.watch(module) as view:
        assert windows == []
        module(torch.zeros(1, 3))
        view.update(1.0)
    state, end, _, _ = last(windows[0])
    assert state.network == end
    assert end.sizes == (3, 2)


def keras_model(built=True):
    layers = keras.layers
    parts = [layers.Dense(5, activation="tanh"), layers.Dense(4, activation="softmax", use_bias=False)]
    model = keras.Sequential([*([keras.Input((3,))] if built else []), *parts])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("built", [True, False])
def test_fit_of_keras(windows, built):
    model, watcher = keras_model(built), nnviz.watch.keras(ROWS, CLASSES)
    begin = model.predict(ROWS, verbose=0) if built else None
    told = model.fit(ROWS, CLASSES, epochs=3, batch_size=10, verbose=0, callbacks=[watcher])
    state, end, points, ending = last(windows[0])
    if built:
        assert np.abs(state.network.predict(ROWS) - begin).max() < 1e-5
    assert np.abs(end.predict(ROWS) - model.predict(ROWS, verbose=0)).max() < 1e-5
    assert points[:, 0].tolist() == list(range(1, 13))
    assert points[3::4, 1] == pytest.approx(told.history["loss"])
    assert state.data.targets.tolist() == np.eye(4)[CLASSES].tolist()
    assert ending == ""


def test_each_fit_of_keras_has_a_window_of_its_own(windows):
    model, watcher = keras_model(), nnviz.watch.keras()
    for _ in range(2):
        model.fit(ROWS, CLASSES, batch_size=20, verbose=0, callbacks=[watcher])
    assert [window.read()[1][-1].iteration for window in windows] == [2, 2]


def test_a_keras_model_in_a_loop_of_ones_own(windows):
    model = keras_model()
    with nnviz.watch(model, ROWS, CLASSES) as view:
        for _ in range(3):
            view.update(float(model.train_on_batch(ROWS, CLASSES)))
    _, end, points, _ = last(windows[0])
    assert np.abs(end.predict(ROWS) - model.predict(ROWS, verbose=0)).max() < 1e-5
    assert len(points) == 3


def test_a_keras_model_that_scales_its_inputs_is_refused_since_it_has_other_weights(windows):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Rescaling(0.5), keras.layers.Dense(1)])
    refused = pytest.raises(nnviz.FileError, match="its own weights are not those")
    with pytest.warns(match="scaling of the inputs"), refused:
        nnviz.watch(model)
    assert windows == []


@pytest.mark.parametrize(("classifies", "kind"), [(True, "f8"), (False, "f8"), (False, "f4")])
def test_partial_fit_of_scikit_learn_from_its_first_update_on(windows, classifies, kind):
    rows = ROWS.astype(kind)
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


@pytest.mark.parametrize(
    "thing", [torch.zeros(3), keras.layers.Dense(2), LinearRegression()], ids=["tensor", "layer", "no MLP"]
)
def test_what_is_of_a_framework_and_no_model_is_refused_before_the_training(windows, thing):
    with pytest.raises(TypeError, match=f"nnviz shows .*, found a {type(thing).__name__}$"):
        nnviz.watch(thing)
    assert windows == []


def test_what_is_no_chain_of_dense_layers_is_refused_before_the_training(windows):
    with pytest.raises(nnviz.FileError, match="Conv2d"):
        nnviz.watch(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3)))
    assert windows == []
