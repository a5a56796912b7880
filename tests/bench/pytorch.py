"""The network in PyTorch, float64, with its own layers, loss and optimizer."""

from functools import cache

import numpy as np

NAME = "PyTorch"


@cache
def module():
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return torch


def missing(_state):
    return None if module() else "PyTorch is left out: it is not installed (extra bench)"


def build(torch, network):
    parts = []
    for layer in network.layers:
        linear = torch.nn.Linear(layer.weights.shape[1], len(layer), bias=layer.biases is not None)
        linear.weight.data = torch.from_numpy(layer.weights.copy())
        if layer.biases is not None:
            linear.bias.data = torch.from_numpy(layer.biases.copy())
        parts.append(linear)
        if layer.activation != "identity":
            parts.append({"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[layer.activation]())
    return torch.nn.Sequential(*parts)


def prepare(state, updates):
    torch, settings = module(), state.training
    model = build(torch, state.network)
    x, y = (torch.from_numpy(values.copy()) for values in (state.data.inputs, state.data.targets))
    optimizer = torch.optim.SGD(model.parameters(), lr=settings.learning_rate)
    loss_of = torch.nn.MSELoss()

    def measured():
        with torch.no_grad():
            return loss_of(model(x), y).item()

    def update(inputs, targets):
        optimizer.zero_grad()
        loss = loss_of(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    def full_batch():
        history = [update(x, y).item() for _ in range(updates)]
        return [*history, measured()]

    def mini_batches():
        history, done, size = [measured()], 0, settings.batch_size
        while done < updates:
            drawn = np.random.default_rng([settings.seed, 1, len(history) - 1]).permutation(len(x))
            order = torch.from_numpy(drawn)
            for start in range(0, len(x), size):
                batch = order[start : start + size]
                update(x[batch], y[batch])
                done += 1
            history.append(measured())
        return history

    return mini_batches if settings.batch_size else full_batch
