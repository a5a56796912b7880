"""Networks and rows at the ends of what there can be, by name. Knows nothing of files and windows."""

import numpy as np

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, WeightSet
from tests.robust.naughty import NAMES

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324


def filled(value, activation="identity", rows=3, names=("a", "b", "out", "x", "y")):
    """Return a State of 2-2-1 nodes with biases, whose every number is `value` or −`value`."""
    hidden = Layer(names[:2], activation, [[value, -value], [-value, value]], [value, -value])
    output = Layer(names[2:3], "identity", [[value, -value]], [-value])
    inputs = np.full((rows, 2), value)
    inputs[::2] = -value
    return named(Network(names[3:], (hidden, output)), Dataset(inputs, np.full((rows, 1), value)))


def named(network, data, training=None):
    """Return a State with a weight set, a name and notes."""
    sets = (WeightSet.of("as they were", network),)
    return State(network, data, training or Training(updates=3), sets, "An extreme", "Some *notes*.")


def plain(data, training=None):
    layers = Layer(("a", "b"), "relu", [[1, 2], [3, -4]]), Layer(("out",), "identity", [[1, 1]])
    return named(Network(("x", "y"), layers), data, training)


def deep(layers):
    """Return a State with so many layers of 2 nodes."""
    inner = [Layer((f"h{k}", f"g{k}"), "tanh", [[1.0, 0.1], [-0.1, 1.0]]) for k in range(layers - 1)]
    network = Network(("x", "y"), (*inner, Layer(("out",), "identity", [[1.0, 1.0]])))
    return named(network, Dataset([[0.5, -0.5], [1.0, 1.0]], [[1.0], [0.0]]))


def wide(nodes):
    """Return a State with so many nodes in one hidden layer."""
    rng = np.random.default_rng(0)
    hidden = Layer(tuple(f"h{k}" for k in range(nodes)), "tanh", rng.normal(size=(nodes, 2)))
    output = Layer(("out",), "identity", rng.normal(size=(1, nodes)) / nodes, [0.0])
    data = Dataset([[0.5, -0.5], [1.0, 1.0]], [[1.0], [0.0]])
    return named(Network(("x", "y"), (hidden, output)), data, Training(learning_rate=1e-4, updates=3))


def called(names):
    """Return a State whose inputs, nodes, weight sets and title are called so; there must be eight."""
    hidden = Layer(tuple(names[2:5]), "relu", [[1, 2], [3, -4], [0.5, 0]], [0, 1, 2])
    output = Layer(tuple(names[5:7]), "sigmoid", [[1, 1, -1], [0, 1, 2]])
    network = Network(tuple(names[:2]), (hidden, output))
    sets = (WeightSet.of(names[7], network),)
    return State(network, Dataset([[1, 2], [3, 4]], [[0, 1], [1, 0]]), Training(), sets, names[0], names[1])


EXTREMES = {
    "1e308, under strange names": filled(1e308, names=NAMES[60:65]),
    "the largest number": filled(LARGEST, "relu"),
    "1e155, whose square is too large": filled(1e155, "leaky_relu"),
    "1e-320": filled(1e-320),
    "the smallest number": filled(SMALLEST, "tanh"),
    "−0.0": filled(-0.0),
    "no rows": plain(Dataset(np.empty((0, 2)))),
    "no rows, but targets": plain(Dataset(np.empty((0, 2)), np.empty((0, 1)))),
    "one row": plain(Dataset([[1.0, 2.0]], [[3.0]])),
    "no targets": plain(Dataset([[1.0, 2.0]])),
    "constant columns": plain(Dataset(np.ones((5, 2)), np.ones((5, 1)))),
    "a rate of 1e308": plain(Dataset([[1.0, 2.0]], [[3.0]]), Training(learning_rate=1e308, updates=3)),
    "a rate of 5e-324": plain(Dataset([[1.0, 2.0]], [[3.0]]), Training(SMALLEST, 3, 1, "adam")),
    "one weight": State(Network(("x",), (Layer(("y",), "identity", [[0.0]]),)), Dataset([[0.0]], [[0.0]])),
    **{f"{name} of 1e308": filled(1e308, name) for name in ACTIVATIONS},
    "200 layers": deep(200),
    "5,000 nodes": wide(5000),
}

CALLED = {f"names {k}": called(NAMES[k : k + 8]) for k in range(0, len(NAMES) - 7, 8)}


def some(count):
    """Return so many of them, evenly from all, with their names."""
    listed = [*EXTREMES.items(), *CALLED.items()]
    step = max(1.0, (len(listed) - 1) / max(count - 1, 1))
    return [listed[round(k * step)] for k in range(min(count, len(listed)))]
