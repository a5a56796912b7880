"""Slow, plain references for the core's tests: one number at a time, written from the definitions."""

import itertools
import math
from collections import defaultdict
from dataclasses import replace
from functools import cache

import numpy as np
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address, default_inputs, default_nodes
from nnviz.core.edits import set_value
from nnviz.core.network import Layer, Network
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State, Training, WeightSet

SCALAR = {
    "identity": lambda z: z,
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z, leak=0.01: z if z > 0 else leak * z,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "softplus": lambda z: math.log1p(math.exp(z)),
    "elu": lambda z, alpha=1.0: z if z > 0 else alpha * math.expm1(z),
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * math.expm1(z)),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "softsign": lambda z: z / (1 + abs(z)),
}
"""An activation of one z by its base name. A second argument is the parameter in brackets."""
NAMES = (
    *SCALAR,
    *(f"{name}({own.parameter.example})" for name, own in ACTIVATIONS.items() if own.parameter),
    "softmax",
)


def defined(registry, name):
    """Return the definition of an entry, which takes the parameter in brackets last."""
    base, bracket, rest = name.partition("(")
    own = registry[base]
    return (lambda *values: own(*values, float(rest[:-1]))) if bracket else own


@cache
def kinks(name, h=1e-5):
    """Return each multiple of 1/80 from -8 to 8 at which the definition or its slope jumps."""
    if name == "softmax":
        return []
    f, places = defined(SCALAR, name), [count / 80 for count in range(-640, 641)]
    return [z for z in places if abs(f(z + h) - 2 * f(z) + f(z - h)) > 0.01 * h]


def activate(name, z):
    if name == "softmax":
        powers = [math.exp(v) for v in z]
        return [p / sum(powers) for p in powers]
    f = defined(SCALAR, name)
    return [f(v) for v in z]


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


def loss(network, x, y, name="mse"):
    """The mean over rows of a row's loss."""
    form = f"{name} {network.layers[-1].activation}"
    term, is_summed, rows = LOSSES.get(form) or defined(LOSSES, name), form in SUMMED or name in SUMMED, []
    for row, targets in zip(x, y, strict=True):
        pairs = [*zip(predict(network, row), targets, strict=True)]
        rows.append(sum(term(a, t) for a, t in pairs) / (1 if is_summed else len(pairs)))
    return sum(rows) / len(rows)


def _huber(a, t, delta=1.0):
    return (a - t) ** 2 / 2 if abs(a - t) <= delta else delta * (abs(a - t) - delta / 2)


LOSSES = {
    "mse": lambda a, t: (a - t) ** 2,
    "huber": _huber,
    "cross_entropy": lambda a, t: -(t * math.log(a) + (1 - t) * math.log(1 - a)),
    "cross_entropy softmax": lambda a, t: -t * math.log(a),
    "binary_hinge": lambda a, t: max(0.0, 1 - (2 * t - 1) * a),
}
"""The term of an output and its target, by PyTorch's documentation."""
SUMMED = {"cross_entropy softmax": True}
"""Where a row's loss is the sum of its terms; elsewhere it is their mean."""


def nearest_kink(network, x):
    """The smallest distance of the z of any node from a kink of its activation."""
    pairs = zip(network.forward(x).z, (layer.activation for layer in network.layers), strict=True)
    return min((np.abs(z - kink).min() for z, name in pairs for kink in kinks(name)), default=math.inf)


def parameters(network):
    """Every weight and bias as one list of floats, layer by layer, weights before biases."""
    return _flat(network).tolist()


def _flat(layered):
    parts = (part for layer in layered.layers for part in (layer.weights, layer.biases) if part is not None)
    return np.concatenate([part.ravel() for part in parts])


def with_parameters(network, values):
    rest, layers = np.asarray(values, dtype=np.float64), []
    for layer in network.layers:
        weights, rest = np.split(rest, [layer.weights.size])
        biases, rest = np.split(rest, [0 if layer.biases is None else len(layer)])
        own = {} if layer.biases is None else {"biases": biases}
        layers.append(replace(layer, weights=weights.reshape(layer.weights.shape), **own))
    return Network(network.inputs, tuple(layers))


def flat_slopes(network, x, y, name="mse"):
    """The slopes in the order of `parameters`."""
    return _flat(slopes(network, x, y, name))


def slope_along(direction, network, x, y, name="mse", step=1e-6):
    """The central difference of the loss along a direction of all weights and biases."""
    ends = (parameters(network) + sign * step * direction for sign in (1, -1))
    high, low = (loss(with_parameters(network, end), x, y, name) for end in ends)
    return (high - low) / (2 * step)


def _momentum(w, g, rate, memory, _t):
    memory["v"] = 0.9 * memory["v"] + g
    return w - rate * memory["v"]


def _adam(w, g, rate, memory, t):
    memory["m"] = 0.9 * memory["m"] + 0.1 * g
    memory["v"] = 0.999 * memory["v"] + 0.001 * g * g
    m_hat, v_hat = memory["m"] / (1 - 0.9**t), memory["v"] / (1 - 0.999**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + 1e-8)


def _rmsprop(w, g, rate, memory, _t):
    memory["v"] = 0.99 * memory["v"] + 0.01 * g * g
    return w - rate * g / (np.sqrt(memory["v"]) + 1e-8)


OPTIMIZERS = {
    "gradient_descent": lambda w, g, rate, _memory, _t: w - rate * g,
    "momentum": _momentum,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": lambda w, g, rate, memory, t: _adam(w - rate * 0.01 * w, g, rate, memory, t),
}
"""The t-th update by PyTorch's documentation; `memory` holds 0.0 by any name at first."""


def optimizer_steps(name):
    """A function (parameters, slopes, learning rate) → parameters."""
    memory, updates = defaultdict(float), itertools.count(1)
    return lambda w, g, rate: OPTIMIZERS[name](w, g, rate, memory, next(updates))


def plain_updates(state, updates):
    """Yield the network after 0, 1, … `updates` updates by the definitions."""
    x, y, settings = state.data.inputs, state.data.targets, state.training
    rows = int(len(x) * (1 - settings.validation))
    batch = min(settings.batch_size or rows, rows)
    batches = math.ceil(rows / batch)
    step, network = optimizer_steps(settings.optimizer), state.network
    yield network
    for k in range(updates):
        epoch, part = divmod(k, batches)
        order = np.arange(rows)
        if batches > 1:
            order = np.random.default_rng([settings.seed, 1, epoch]).permutation(rows)
        order = order[part * batch : (part + 1) * batch]
        found = flat_slopes(network, x[order], y[order], settings.loss)
        found = found + penalty_slopes(network, settings.l1, settings.l2)
        rate = settings.learning_rate * rate_factor(settings.schedule, k)
        before = np.array(parameters(network))
        frozen = [not of.isdisjoint(settings.frozen) for of in frozen_names(network)]
        values = np.where(frozen, before, step(before, found, rate))
        network = with_parameters(network, values)
        yield network


def penalty(network, l1, l2):
    """Return the sum of l1·|w| + l2·w² over all weights, without biases."""
    weights = [w for layer in network.layers for row in layer.weights.tolist() for w in row]
    return math.fsum(l1 * abs(w) + l2 * w * w for w in weights)


def penalty_slopes(network, l1, l2):
    """The slopes of `penalty` in the order of `parameters`."""
    values, names = parameters(network), frozen_names(network)
    signs = [(w > 0) - (w < 0) for w in values]
    return np.array(
        [
            0.0 if any(name.startswith("bias ") for name in own) else l1 * sign + 2 * l2 * w
            for w, sign, own in zip(values, signs, names, strict=True)
        ]
    )


def frozen_names(network):
    """Return, in the order of `parameters`, the names that each freeze this parameter."""
    names, before = [], network.inputs
    for k, layer in enumerate(network.layers):
        around = [{f"layer {k}", node} for node in layer.nodes]
        names += [
            {*own, f"{source} -> {node}"}
            for own, node in zip(around, layer.nodes, strict=True)
            for source in before
        ]
        if layer.biases is not None:
            names += [{*own, f"bias {node}"} for own, node in zip(around, layer.nodes, strict=True)]
        before = layer.nodes
    return names


def rate_factor(schedule, k):
    """The factor of the learning rate after k updates, by the definitions."""
    if schedule is None:
        return 1.0
    if schedule.kind == "step":
        return schedule.factor ** (k // schedule.every)
    return (1 + math.cos(math.pi * k / schedule.updates)) / 2 if k < schedule.updates else 0.0


def losses_of(state, network):
    """Return the loss over the rows trained on and, if there are any, that over the others."""
    x, y, rows = state.data.inputs, state.data.targets, state.trained_rows
    parts = [part for part in (slice(rows), slice(rows, None)) if len(x[part])]
    return [loss(network, x[part], y[part], state.training.loss) for part in parts]


def make_network(sizes, activations, biases, seed=0, scale=1.0):
    """A network of normal weights: `sizes` counts the nodes of each column, inputs first."""
    rng, layers = np.random.default_rng(seed), []
    for k, (before, after) in enumerate(itertools.pairwise(sizes)):
        weights = rng.normal(0, scale, (after, before))
        own = rng.normal(0, scale, after) if biases[k] else None
        layers.append(Layer(default_nodes(k, len(sizes) - 1, after), activations[k], weights, own))
    return Network(default_inputs(sizes[0]), tuple(layers))


def make_state(network, rows, data_seed=0, **training):
    """`network` with normal data and the given training settings."""
    rng = np.random.default_rng([data_seed, 99])
    x, y = (rng.normal(size=(rows, len(names))) for names in (network.inputs, network.outputs))
    return State(network, Dataset(x, y), Training(**training))


def classes(output="softmax", outputs=3, rows=11, hidden=("tanh",), seed=0, **training):
    """Return a State of 3 inputs, 4 nodes a hidden layer and targets of 0 and 1, away from kinks."""
    rng, biases = np.random.default_rng([seed, 5]), [k % 2 == 0 for k in range(len(hidden) + 1)]
    x, y = rng.normal(size=(rows, 3)), np.eye(outputs)[rng.integers(outputs, size=rows)]
    if output != "softmax":
        y = rng.integers(2, size=(rows, outputs)).astype(float)
    for own in range(seed, seed + 200):
        network = make_network([3, *[4] * len(hidden), outputs], [*hidden, output], biases, own)
        if nearest_kink(network, x) > 1e-3:
            break
    settings = {"learning_rate": 0.1, "updates": 7, "loss": "cross_entropy", **training}
    return State(network, Dataset(x, y), Training(**settings))


CASES = [
    ("mse", "identity"),
    ("mse", "sigmoid"),
    ("mse", "softmax"),
    ("huber", "identity"),
    ("huber(0.5)", "softplus"),
    ("cross_entropy", "sigmoid"),
    ("cross_entropy", "softmax"),
    ("binary_hinge", "identity"),
]
"""Losses with outputs that they go with."""


def small_state(**training):
    """2-3-2-1 nodes with a weight set, 4 rows, a name and notes."""
    network = make_network([2, 3, 2, 1], ["relu", "tanh", "identity"], [True, False, True], 3)
    sets = (WeightSet.of("weights_0", network.randomised(1)),)
    return replace(make_state(network, 4, **training), weight_sets=sets, name="n", notes="t")


def predictions(state):
    return state.network.predict(state.data.inputs)


def set_weight(state, layer, node, source, value):
    """Return the State with another weight."""
    return set_value(state, Address("weight", layer, node, source), value)


def set_bias(state, layer, node, value):
    """Return the State with another bias."""
    return set_value(state, Address("bias", layer, node), value)


@st.composite
def networks(draw, max_hidden=4, activations=NAMES):
    layers = draw(st.integers(1, max_hidden + 1))
    sizes = draw(st.lists(st.integers(1, 4), min_size=layers + 1, max_size=layers + 1))
    of_layers = [draw(each) for _ in range(layers) for each in (st.sampled_from(activations), st.booleans())]
    return make_network(sizes, of_layers[::2], of_layers[1::2], draw(st.integers(0, 2**32 - 1)))


@st.composite
def states(draw, max_hidden=4, max_rows=5, activations=NAMES, **training):
    network = draw(networks(max_hidden, activations))
    return make_state(network, draw(st.integers(1, max_rows)), draw(st.integers(0, 999)), **training)
