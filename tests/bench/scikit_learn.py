"""The network in scikit-learn, warm: one `partial_fit` takes a whole epoch's batches."""

from functools import cache

import numpy as np

NAME = "scikit-learn"


@cache
def regressor():
    try:
        from sklearn.neural_network import MLPRegressor
    except ImportError:
        return None
    return MLPRegressor


def missing(state):
    if regressor() is None:
        return "scikit-learn is left out: it is not installed (extra bench)"
    if any(layer.biases is None for layer in state.network.layers):
        return "scikit-learn is left out where there are no biases: its networks always have them"
    return None


def prepare(state, updates):
    network, settings = state.network, state.training
    x, y, size = state.data.inputs, state.data.targets, settings.batch_size
    model = regressor()(
        hidden_layer_sizes=network.sizes[1:-1],
        activation=network.layers[0].activation,
        solver="sgd",
        alpha=0.0,
        batch_size=size,
        learning_rate_init=settings.learning_rate,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
    )
    flat = (lambda values: values.ravel()) if y.shape[1] == 1 else (lambda values: values)
    model.partial_fit(x, flat(y))  # makes the arrays, which are then set to the start
    for k, layer in enumerate(network.layers):
        model.coefs_[k][...] = layer.weights.T
        model.intercepts_[k][...] = layer.biases
    # Its loss is ½·Σ error² a row, which is outputs / 2 of the MSE.
    model._optimizer.learning_rate = settings.learning_rate * 2 / y.shape[1]

    def measured():
        return np.mean((model.predict(x).reshape(y.shape) - y) ** 2)

    def run():
        history, per_epoch = [measured()], -(-len(x) // size)
        for epoch in range(updates // per_epoch):
            order = np.random.default_rng([settings.seed, 1, epoch]).permutation(len(x))
            model.partial_fit(x[order], flat(y[order]))
            history.append(measured())
        return history

    return run
