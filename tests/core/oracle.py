"""Slow, plain references for the core's tests: one number at a time, written from the definitions."""

import itertools
import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State, WeightSet

SCALAR = {
    "identity": lambda z: z,
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "softplus": lambda z: math.log1p(math.exp(z)),
    "leaky_relu(0.2)": lambda z: z if z > 0 else 0.2 * z,
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "elu(0.5)": lambda z: z if z > 0 else 0.5 * math.expm1(z),
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * math.expm1(z)),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "softsign": lambda z: z / (1 + abs(z)),
}
KINKED = ("relu", "leaky_relu", "leaky_relu(0.2)", "elu(0.5)", "selu")
NAMES = (*SCALAR, "softmax")


def activate(name, z):
    if name == "softmax":
        powers = [math.exp(v) for v in z]
        return [p / sum(powers) for p in powers]
    return [SCALAR[name](v) for v in z]


def predict(network, row):
    """The course's way: node by node."""
    a = [float(v) for v in row]
    for layer in network.layers:
        biases = layer.biases if layer.biases is not None else [0.0] * len(layer)
        z = [
            sum(float(w) * v for w, v in zip(weights, a, strict=True)) + float(b)
            for weights, b in zip(layer.weights, biases, strict=True)
        ]
        a = activate(layer.activation, z)
    return a


def mse(network, x, y):
    squares = [
        (p - t) ** 2
        for row, targets in zip(x, y, strict=True)
        for p, t in zip(predict(network, row), targets, strict=True)
    ]
    return sum(squares) / len(squares)


def nearest_kink(network, x):
    """The smallest |z| of any node that has a kink at 0."""
    trace = network.forward(x)
    kinked = [
        np.abs(z).min()
        for z, layer in zip(trace.z, network.layers, strict=True)
        if layer.activation in KINKED
    ]
    return min(kinked, default=math.inf)


def parameters(network):
    """Every weight and bias as one list of floats, layer by layer, weights before biases."""
    return [
        float(v)
        for layer in network.layers
        for part in (layer.weights, layer.biases)
        if part is not None
        for v in part.ravel()
    ]


def with_parameters(network, values):
    values = np.asarray(values, dtype=np.float64)
    layers, at = [], 0
    for layer in network.layers:
        weights = values[at : at + layer.weights.size].reshape(layer.weights.shape)
        at += layer.weights.size
        biases = None
        if layer.biases is not None:
            biases = values[at : at + len(layer)]
            at += len(layer)
        layers.append(Layer(layer.nodes, layer.activation, weights, biases))
    return Network(network.inputs, tuple(layers))


def flat_slopes(network, x, y):
    """The slopes in the order of `parameters`."""
    return np.array(
        [
            v
            for layer in slopes(network, x, y).layers
            for part in (layer.weights, layer.biases)
            if part is not None
            for v in part.ravel()
        ]
    )


def central_differences(network, x, y, step=1e-5):
    """∂MSE/∂w of every weight and bias, in the order of `parameters`."""
    values = parameters(network)
    found = []
    for i, value in enumerate(values):
        h = step * max(1.0, abs(value))
        up, down = list(values), list(values)
        up[i], down[i] = value + h, value - h
        rise = mse(with_parameters(network, up), x, y) - mse(with_parameters(network, down), x, y)
        found.append(rise / (2 * h))
    return np.array(found)


def _momentum(w, g, rate, memory, _t):
    memory["v"] = 0.9 * memory["v"] + g
    return w - rate * memory["v"]


def _adam(w, g, rate, memory, t):
    memory["m"] = 0.9 * memory["m"] + 0.1 * g
    memory["v"] = 0.999 * memory["v"] + 0.001 * g * g
    m_hat, v_hat = memory["m"] / (1 - 0.9**t), memory["v"] / (1 - 0.999**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + 1e-8)


OPTIMIZERS = {
    "gradient_descent": lambda w, g, rate, _memory, _t: w - rate * g,
    "momentum": _momentum,
    "adam": _adam,
}
"""The t-th update by PyTorch's documentation; `memory` holds 0.0 by any name at first."""


def optimizer_steps(name):
    """A function (parameters, slopes, learning rate) → parameters."""
    memory, updates = defaultdict(float), itertools.count(1)
    return lambda w, g, rate: OPTIMIZERS[name](w, g, rate, memory, next(updates))


def train_plainly(state, updates):
    """Return (network, MSE over all rows after 0, 1, … `updates` updates) by the definitions."""
    x, y, settings = state.data.inputs, state.data.targets, state.training
    batch = min(settings.batch_size or len(x), len(x))
    batches = math.ceil(len(x) / batch)
    step = optimizer_steps(settings.optimizer)
    network, history = state.network, [mse(state.network, x, y)]
    for k in range(updates):
        epoch, part = divmod(k, batches)
        rows = np.arange(len(x))
        if batches > 1:
            rows = np.random.default_rng([settings.seed, 1, epoch]).permutation(len(x))
        rows = rows[part * batch : (part + 1) * batch]
        values = np.array(parameters(network))
        network = with_parameters(
            network, step(values, flat_slopes(network, x[rows], y[rows]), settings.learning_rate)
        )
        history.append(mse(network, x, y))
    return network, history


def make_network(sizes, activations, biases, seed=0, scale=1.0):
    """A network of normal weights: `sizes` counts the nodes of each column, inputs first."""
    rng = np.random.default_rng(seed)
    layers = [
        Layer(
            default_nodes(k, len(sizes) - 1, sizes[k + 1]),
            activations[k],
            rng.normal(0, scale, (sizes[k + 1], sizes[k])),
            rng.normal(0, scale, sizes[k + 1]) if biases[k] else None,
        )
        for k in range(len(sizes) - 1)
    ]
    return Network(default_inputs(sizes[0]), tuple(layers))


def make_state(network, rows, data_seed=0, **training):
    """`network` with normal data and the given training settings."""
    rng = np.random.default_rng([data_seed, 99])
    data = Dataset(
        rng.normal(size=(rows, len(network.inputs))), rng.normal(size=(rows, len(network.outputs)))
    )
    return State(network, data, Training(**training))


def small_state(**training):
    """2-3-2-1 nodes with a weight set, 4 rows, a name and notes."""
    network = make_network([2, 3, 2, 1], ["relu", "tanh", "identity"], [True, False, True], 3)
    sets = (WeightSet.of("weights_0", network.randomised(1)),)
    return replace(make_state(network, 4, **training), weight_sets=sets, name="n", notes="t")


def predictions(state):
    return state.network.predict(state.data.inputs)


@st.composite
def networks(draw, max_hidden=4, activations=NAMES):
    hidden = draw(st.integers(0, max_hidden))
    sizes = draw(st.lists(st.integers(1, 4), min_size=hidden + 2, max_size=hidden + 2))
    layers = hidden + 1
    return make_network(
        sizes,
        draw(st.lists(st.sampled_from(activations), min_size=layers, max_size=layers)),
        draw(st.lists(st.booleans(), min_size=layers, max_size=layers)),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


@st.composite
def states(draw, max_hidden=4, max_rows=5, activations=NAMES, **training):
    network = draw(networks(max_hidden, activations))
    return make_state(network, draw(st.integers(1, max_rows)), draw(st.integers(0, 999)), **training)
