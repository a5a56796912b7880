"""Every loss against torch in float64: their values, their slopes, and what training by them comes to."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional

from nnviz.core.network import Layer, Network
from nnviz.core.slopes import slopes
from nnviz.core.state import epoch_order
from nnviz.core.train import train
from tests import entries
from tests.core.oracle import classes
from tests.models.helpers import close, module_of

DIGITS = 1e-9
KINDS = [
    (loss, output)
    for loss in entries.loss_names()
    for output in ("softmax", "sigmoid", "identity")
    if entries.fits(loss, output)
]
BY_PREDICTION = {
    "mse": functional.mse_loss,
    "huber": functional.huber_loss,
    "huber(0.5)": partial(functional.huber_loss, delta=0.5),
    "binary_hinge": lambda a, y: (1 - (2 * y - 1) * a).clamp(min=0).mean(),
}


def state_of(loss, output, depth, **training):
    return classes(output, 3, 13, ["tanh"] * depth, 10 + depth, loss=loss, learning_rate=0.5, **training)


def loss_of(name, module, x, y):
    """Return the loss of torch: cross-entropy of the last z, which torch takes before softmax or sigmoid."""
    if name in BY_PREDICTION:
        return BY_PREDICTION[name](module(x), y)
    by_logits = functional.cross_entropy
    if isinstance(module[-1], torch.nn.Sigmoid):
        by_logits = functional.binary_cross_entropy_with_logits
    return by_logits(module[:-1](x), y)


def check_slopes(state):
    """Check the loss and its slopes of all rows; return the loss."""
    found = slopes(state.network, state.data.inputs, state.data.targets, state.training.loss)
    module = module_of(state.network)
    value = loss_of(state.training.loss, module, *map(torch.tensor, (state.data.inputs, state.data.targets)))
    value.backward()
    close([found.loss, state.loss()], [value.item()] * 2, DIGITS)
    expected = iter(module.parameters())
    for layer in found.layers:
        close(layer.weights, next(expected).grad, DIGITS)
        if layer.biases is not None:
            close(layer.biases, next(expected).grad, DIGITS)


def trained(state):
    """Return the history of torch, a row for each update: iteration, loss and, if there is, validation."""
    settings, module = state.training, module_of(state.network)
    x, y = torch.tensor(state.data.inputs), torch.tensor(state.data.targets)
    count = int(len(x) * (1 - settings.validation))
    batch = settings.batch_size or count
    batches = -(-count // batch)
    parts = [slice(count)] + [slice(count, None)] * (count < len(x))

    def measured(t):
        return [t, *(loss_of(settings.loss, module, x[part], y[part]).item() for part in parts)]

    history = [measured(0)]
    optimizer = torch.optim.SGD(module.parameters(), lr=settings.learning_rate)
    for t in range(1, settings.updates + 1):
        epoch, k = divmod(t - 1, batches)
        order = epoch_order(settings.seed, epoch, count) if batches > 1 else np.arange(count)
        rows = order[k * batch : (k + 1) * batch]
        optimizer.zero_grad()
        loss_of(settings.loss, module, x[rows], y[rows]).backward()
        optimizer.step()
        if batch == count or t % batches == 0 or t == settings.updates:
            history.append(measured(t))
    return np.array(history)


@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(("loss", "output"), KINDS)
def test_value_and_slopes_are_those_of_torch(loss, output, depth):
    check_slopes(state_of(loss, output, depth))


@pytest.mark.parametrize("batch", [None, 1, 4])
@pytest.mark.parametrize("validation", [0.0, 0.25])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(("loss", "output"), KINDS)
def test_the_history_is_that_of_torch(loss, output, depth, validation, batch):
    state = state_of(loss, output, depth, updates=17, batch_size=batch, validation=validation)
    expected = trained(state)
    found = train(state).history
    assert found.shape == expected.shape == (len(expected), 3 if validation else 2)
    close(found, expected, DIGITS)


@pytest.mark.parametrize("z", [-1000.0, -40.0, 0.0, 40.0, 1000.0])
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_extremes_are_finite_and_right(output, target, z):
    network = Network(["x"], [Layer(("yes", "no"), output, [[1.0], [0.0]], [0.0, 0.0])])
    module, inputs, targets = module_of(network), [[z]], [[target, 1.0 - target]]
    found = slopes(network, np.array(inputs), np.array(targets), "cross_entropy")
    x, y = (torch.tensor(values, dtype=torch.float64) for values in (inputs, targets))
    value = loss_of("cross_entropy", module, x, y)
    value.backward()
    assert np.isfinite(found.loss)
    close(found.loss, value.item(), DIGITS)
    close(found.layers[0].biases, module[0].bias.grad, DIGITS)
