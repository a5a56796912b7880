"""Both losses against torch in float64: their values, their slopes, and what training by them comes to."""

import numpy as np
import pytest

from nnviz.core.losses import LOSSES
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training, epoch_order
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from tests.core.oracle import make_network

torch = pytest.importorskip("torch")

DIGITS = {"rtol": 1e-9, "atol": 1e-9}
UPDATES = 17


def a_state(loss, output, depth, validation, batch):
    sizes = [3, *[4] * depth, 3]
    network = make_network(sizes, [*["tanh"] * depth, output], [True] * depth + [depth % 2 == 0], 10 + depth)
    random = np.random.default_rng(depth)
    targets = np.eye(3)[random.integers(0, 3, 13)]
    if output == "sigmoid":
        targets = random.integers(0, 2, (13, 3)).astype(float)
    data = Dataset(random.normal(size=(13, 3)), targets)
    return State(network, data, Training(0.5, UPDATES, batch, seed=3, loss=loss, validation=validation))


def parameters_of(network):
    found = []
    for layer in network.layers:
        found.append(torch.tensor(layer.weights, requires_grad=True))
        found.append(None if layer.biases is None else torch.tensor(layer.biases, requires_grad=True))
    return found


def z_of(network, parameters, x):
    for k in range(len(network.layers)):
        x = torch.nn.functional.linear(x, parameters[2 * k], parameters[2 * k + 1])
        if k < len(network.layers) - 1:
            x = torch.tanh(x)
    return x


def loss_of(name, output, z, y):
    """Return the loss as torch has it, of the last z."""
    if name == "mse":
        a = torch.softmax(z, dim=1) if output == "softmax" else torch.sigmoid(z)
        return torch.nn.functional.mse_loss(a, y)
    if output == "softmax":
        return torch.nn.functional.cross_entropy(z, y)
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y)


def trained(state):
    """Return the history of torch, a row for each update: iteration, loss and, if there is, validation."""
    settings, network = state.training, state.network
    x, y = torch.tensor(state.data.inputs), torch.tensor(state.data.targets)
    count = int(len(x) * (1 - settings.validation))
    batch = settings.batch_size or count
    parameters = parameters_of(network)
    batches = -(-count // batch)

    def measured(t):
        parts = [slice(count)] + [slice(count, None)] * (count < len(x))
        losses = [
            loss_of(settings.loss, network.layers[-1].activation, z_of(network, parameters, x[part]), y[part])
            for part in parts
        ]
        return [t, *(loss.item() for loss in losses)]

    history = [measured(0)]
    optimizer = torch.optim.SGD([p for p in parameters if p is not None], lr=settings.learning_rate)
    for t in range(1, settings.updates + 1):
        rows = np.arange(count)
        if batch < count:
            epoch, k = divmod(t - 1, batches)
            rows = epoch_order(settings.seed, epoch, count)[k * batch : (k + 1) * batch].copy()
        optimizer.zero_grad()
        z = z_of(network, parameters, x[rows])
        loss_of(settings.loss, network.layers[-1].activation, z, y[rows]).backward()
        optimizer.step()
        if batch == count or t % batches == 0 or t == settings.updates:
            history.append(measured(t))
    return np.array(history)


KINDS = [(loss, output) for loss in LOSSES for output in ("softmax", "sigmoid")]


@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(("loss", "output"), KINDS)
def test_value_and_slopes_are_those_of_torch(loss, output, depth):
    state = a_state(loss, output, depth, 0.0, None)
    found = slopes(state.network, state.data.inputs, state.data.targets, loss)
    parameters = parameters_of(state.network)
    z = z_of(state.network, parameters, torch.tensor(state.data.inputs))
    value = loss_of(loss, output, z, torch.tensor(state.data.targets))
    value.backward()
    np.testing.assert_allclose(found.loss, value.item(), **DIGITS)
    np.testing.assert_allclose(state.loss(), value.item(), **DIGITS)
    for k in range(depth + 1):
        np.testing.assert_allclose(found.layers[k].weights, parameters[2 * k].grad, **DIGITS)
        if parameters[2 * k + 1] is not None:
            np.testing.assert_allclose(found.layers[k].biases, parameters[2 * k + 1].grad, **DIGITS)


@pytest.mark.parametrize("batch", [None, 1, 4])
@pytest.mark.parametrize("validation", [0.0, 0.25])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(("loss", "output"), KINDS)
def test_the_history_is_that_of_torch(loss, output, depth, validation, batch):
    state = a_state(loss, output, depth, validation, batch)
    expected = trained(state)
    found = train(state).history
    assert found.shape == expected.shape == (len(expected), 3 if validation else 2)
    np.testing.assert_allclose(found, expected, **DIGITS)


@pytest.mark.parametrize("z", [-1000.0, -40.0, 0.0, 40.0, 1000.0])
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_extremes_are_finite_and_right(output, y, z):
    layers = [Layer(("yes", "no"), output, [[1.0], [0.0]], [0.0, 0.0])]
    network = Network(["x"], layers)
    data = Dataset([[z]], [[y, 1.0 - y]])
    found = slopes(network, data.inputs, data.targets, "cross_entropy")
    own = torch.tensor([[z, 0.0]], dtype=torch.float64, requires_grad=True)
    value = loss_of("cross_entropy", output, own, torch.tensor(data.targets))
    value.backward()
    assert np.isfinite(found.loss)
    np.testing.assert_allclose(found.loss, value.item(), **DIGITS)
    np.testing.assert_allclose(found.layers[0].biases, own.grad[0], **DIGITS)
