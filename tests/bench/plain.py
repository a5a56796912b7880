"""The network as plainly vectorised NumPy, the way one writes it from the formulas. The output is linear."""

import numpy as np

NAME = "plain NumPy"

FUNCTIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}
SLOPES = {"relu": lambda a: a > 0, "tanh": lambda a: 1 - a**2}


def missing(_state):
    return None


class PlainNetwork:
    def __init__(self, state):
        self.weights = [layer.weights.copy() for layer in state.network.layers]
        self.biases = [None if b is None else b.copy() for b in (own.biases for own in state.network.layers)]
        hidden = state.network.layers[0].activation
        self.function, self.slope = FUNCTIONS[hidden], SLOPES[hidden]

    def forward(self, x):
        a = [x]
        for k, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = a[-1] @ w.T if b is None else a[-1] @ w.T + b
            a.append(self.function(z) if k < len(self.weights) - 1 else z)
        return a

    def update(self, a, error, learning_rate):
        slope_z = 2 * error / error.size
        for k in reversed(range(len(self.weights))):
            slope_w = slope_z.T @ a[k]
            if self.biases[k] is not None:
                self.biases[k] = self.biases[k] - learning_rate * slope_z.sum(axis=0)
            if k > 0:
                slope_z = slope_z @ self.weights[k] * self.slope(a[k])
            self.weights[k] = self.weights[k] - learning_rate * slope_w

    def mse(self, x, y):
        return np.mean((self.forward(x)[-1] - y) ** 2)


def prepare(state, updates):
    network, x, y = PlainNetwork(state), state.data.inputs, state.data.targets
    settings = state.training
    return lambda: (
        full_batch(network, x, y, settings.learning_rate, updates)
        if settings.batch_size is None
        else mini_batches(network, x, y, settings, updates)
    )


def full_batch(network, x, y, learning_rate, updates):
    history = []
    for _ in range(updates):
        a = network.forward(x)
        error = a[-1] - y
        history.append(np.mean(error**2))
        network.update(a, error, learning_rate)
    return [*history, network.mse(x, y)]


def mini_batches(network, x, y, settings, updates):
    history = [network.mse(x, y)]
    rows, size, done, epoch = len(x), settings.batch_size, 0, 0
    while done < updates:
        order = np.random.default_rng([settings.seed, 1, epoch]).permutation(rows)
        for start in range(0, rows, size):
            batch = order[start : start + size]
            a = network.forward(x[batch])
            network.update(a, a[-1] - y[batch], settings.learning_rate)
            done += 1
        history.append(network.mse(x, y))
        epoch += 1
    return history
