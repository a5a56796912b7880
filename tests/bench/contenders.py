"""The same training by nnviz, NumPy, the course's style, C, JavaScript, PyTorch and scikit-learn.

Each contender is a function (state, updates), which makes ready and returns a function. That one trains and
returns the MSE history.
"""

import ctypes
import json
import math
import shutil
import subprocess
import tempfile
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from nnviz.core.history import History
from nnviz.core.state import NUMPY, Run
from nnviz.core.trainer import Trainer


class LeftOutError(Exception):
    """The contender is not here, or cannot train this network; says why."""


def nnviz(state, updates, engine=None):
    """nnviz, with the engine that it chooses, or with `engine`."""
    state = replace(state, training=replace(state.training, updates=updates))
    if engine:
        memory = np.zeros((0, state.network.parameters))
        run = Run(state.network, 0, History(), state.training.optimizer, memory, (), engine=engine)
        state = replace(state, run=run)
    trainer = Trainer(state, at_once=math.inf)

    def train():
        for _ in trainer.work(updates):
            pass
        return trainer.state().run.history.points[:, 1]

    return train


def order_of(state, epoch):
    """Return the order of the rows in an epoch of mini-batches."""
    return np.random.default_rng([state.training.seed, 1, epoch]).permutation(len(state.data))


def loop(state, updates, update, mse, mse_of):
    """Return a function that trains by `update(rows)`; rows are None for the full batch.

    `mse()` measures the whole data, `mse_of` what an update has returned, which is of before the update.
    """
    rows, size = len(state.data), state.training.batch_size

    def full_batch():
        return [*(mse_of(update(None)) for _ in range(updates)), mse()]

    def mini_batches():
        history = [mse()]
        for epoch in range(updates // -(-rows // size)):
            order = order_of(state, epoch)
            for start in range(0, rows, size):
                update(order[start : start + size])
            history.append(mse())
        return history

    return mini_batches if size else full_batch


def mean_square(error):
    return np.mean(error**2)


def plain_numpy(state, updates):
    """The network as vectorised NumPy, the way one writes it from the formulas. The output is linear."""
    x, y, rate = state.data.inputs, state.data.targets, state.training.learning_rate
    layers = state.network.layers
    weights = [layer.weights.copy() for layer in layers]
    biases = [None if layer.biases is None else layer.biases.copy() for layer in layers]
    function, slope = {
        "identity": (np.positive, np.ones_like),
        "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
        "tanh": (np.tanh, lambda a: 1 - a**2),
    }[layers[0].activation]

    def forward(values):
        a = [values]
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = a[-1] @ w.T if b is None else a[-1] @ w.T + b
            a.append(function(z) if k < len(weights) - 1 else z)
        return a

    def update(batch):
        a = forward(x if batch is None else x[batch])
        error = a[-1] - (y if batch is None else y[batch])
        slope_z = 2 * error / error.size
        for k in reversed(range(len(weights))):
            slope_w = slope_z.T @ a[k]
            if biases[k] is not None:
                biases[k] = biases[k] - rate * slope_z.sum(axis=0)
            if k > 0:
                slope_z = slope_z @ weights[k] * slope(a[k])
            weights[k] = weights[k] - rate * slope_w
        return error

    return loop(state, updates, update, lambda: mean_square(forward(x)[-1] - y), mean_square)


def course(state, updates):
    """The network in the course's style: a dictionary of weights, one row and one node at a time."""
    x, y, rate = state.data.inputs, state.data.targets, state.training.learning_rate
    layers = [layer.nodes for layer in state.network.layers]
    weights, biases, biased = {}, {}, state.network.layers[0].biases is not None
    for layer in state.network.layers:
        for j, node in enumerate(layer.nodes):
            weights[node] = layer.weights[j].copy()
            biases[node] = float(layer.biases[j]) if biased else 0.0
    function, slope = {
        "identity": (lambda z: z, lambda _: 1),
        "relu": (lambda z: max(0, z), lambda a: 1 if a > 0 else 0),
        "tanh": (np.tanh, lambda a: 1 - a**2),
    }[state.network.layers[0].activation]

    def forward(row):
        columns = [row]
        for k, nodes in enumerate(layers):
            outputs = []
            for node in nodes:
                node_input = (columns[-1] * weights[node]).sum() + biases[node]
                outputs.append(function(node_input) if k < len(layers) - 1 else node_input)
            columns.append(np.array(outputs))
        return columns

    def update(batch):
        rows = range(len(x)) if batch is None else batch
        columns_of_rows = [forward(x[i]) for i in rows]
        errors = [columns[-1] - y[i] for columns, i in zip(columns_of_rows, rows, strict=True)]
        slopes = {node: np.zeros_like(own) for node, own in weights.items()}
        bias_slopes = dict.fromkeys(biases, 0.0)
        for columns, error in zip(columns_of_rows, errors, strict=True):
            node_slopes = dict(zip(layers[-1], 2 * error / (len(rows) * error.size), strict=True))
            for k in reversed(range(len(layers))):
                slopes_before = np.zeros_like(columns[k])
                for node in layers[k]:
                    slopes[node] += node_slopes[node] * columns[k]
                    bias_slopes[node] += node_slopes[node]
                    slopes_before += node_slopes[node] * weights[node]
                if k > 0:
                    for j, node in enumerate(layers[k - 1]):
                        node_slopes[node] = slopes_before[j] * slope(columns[k][j])
        for node in weights:
            weights[node] = weights[node] - rate * slopes[node]
            if biased:
                biases[node] = biases[node] - rate * bias_slopes[node]
        return np.array(errors)

    def mse():
        return mean_square(np.array([forward(row)[-1] for row in x]) - y)

    return loop(state, updates, update, mse, mean_square)


# Sums may be reordered, so that they are vectorised. Not by -ffast-math: a library linked with that turns
# subnormal numbers off for the whole process as soon as it is loaded.
REORDER = ["-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"]
OPTIONS = ["-O3", "-march=native", *REORDER, "-shared", "-fPIC"]
SOURCE = Path(__file__).with_name("floor.c")


@cache
def compiled():
    """Return floor.c as a library, and the folder that holds it."""
    if not shutil.which("gcc"):
        raise LeftOutError("the C loop is left out: there is no gcc")
    folder = tempfile.TemporaryDirectory(prefix="nnviz-bench-")
    target = Path(folder.name) / "floor.so"
    subprocess.run(["gcc", *OPTIONS, str(SOURCE), "-o", str(target), "-lm"], check=True)
    return ctypes.CDLL(str(target)), folder


def c_loop(state, updates):
    """The floor: floor.c, which trains one row after another."""
    library, _ = compiled()
    network, settings, rows = state.network, state.training, len(state.data)
    biased = network.layers[0].biases is not None
    blocks = [np.column_stack((own.weights, own.biases)) if biased else own.weights for own in network.layers]
    w = np.concatenate([block.ravel() for block in blocks])
    batch = settings.batch_size or rows
    epochs = updates // -(-rows // batch)
    sizes = np.array(network.sizes, dtype=np.int32)
    slopes, a, d = np.empty_like(w), np.empty(sizes.sum()), np.empty(2 * sizes.max())
    kind = int(network.layers[0].activation == "tanh")

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def run():
        history, order = np.empty(epochs + 1), None
        if batch < rows:
            order = np.concatenate([order_of(state, k) for k in range(epochs)])
        library.train(
            *(len(sizes) - 1, pointer(sizes), kind, int(biased), pointer(w), pointer(slopes)),
            *(ctypes.c_long(w.size), pointer(state.data.inputs), pointer(state.data.targets)),
            *(ctypes.c_long(rows), ctypes.c_long(batch)),
            *(None if order is None else pointer(order), ctypes.c_long(epochs)),
            *(ctypes.c_double(settings.learning_rate), pointer(a), pointer(d), pointer(history)),
        )
        return history

    return run


def playground(state, updates):
    """The way of TensorFlow Playground: playground.js, which has an object for each node and each link."""
    if not shutil.which("node"):
        raise LeftOutError("playground.js is left out: there is no node")
    settings, rows, layers = state.training, len(state.data), state.network.layers
    batch = settings.batch_size or rows
    epochs = updates // -(-rows // batch)
    task = {
        "layers": [
            {
                "activation": layer.activation,
                "weights": layer.weights.tolist(),
                "biases": None if layer.biases is None else layer.biases.tolist(),
            }
            for layer in layers
        ],
        "x": state.data.inputs.tolist(),
        "y": state.data.targets.tolist(),
        "batch": batch,
        "orders": [order_of(state, k).tolist() for k in range(epochs)] if batch < rows else None,
        "epochs": epochs,
        "rate": settings.learning_rate,
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(["node", Path(__file__).with_name("playground.js")], **pipes)
    process.stdin.write(json.dumps(task).encode() + b"\n")
    process.stdin.flush()
    process.stdout.read(len("ready"))

    def run():
        process.stdin.write(b"go\n")
        process.stdin.flush()
        history = np.frombuffer(process.stdout.read(8 * (epochs + 1)))
        process.kill()  # its own end would take longer than the training
        process.communicate()
        return history

    return run


def pytorch(state, updates):
    """The network in PyTorch, float64, with its own layers, loss and optimizer."""
    try:
        import torch
    except ImportError as error:
        raise LeftOutError("PyTorch is left out: it is not installed (extra bench)") from error
    torch.set_num_threads(1)
    parts = []
    for layer in state.network.layers:
        linear = torch.nn.Linear(layer.weights.shape[1], len(layer), bias=layer.biases is not None)
        linear.weight.data = torch.from_numpy(layer.weights.copy())
        if layer.biases is not None:
            linear.bias.data = torch.from_numpy(layer.biases.copy())
        parts.append(linear)
        if layer.activation != "identity":
            parts.append({"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[layer.activation]())
    model = torch.nn.Sequential(*parts)
    x, y = (torch.from_numpy(values.copy()) for values in (state.data.inputs, state.data.targets))
    optimizer = torch.optim.SGD(model.parameters(), lr=state.training.learning_rate)
    loss_of = torch.nn.MSELoss()

    def update(batch):
        rows = None if batch is None else torch.from_numpy(batch)
        optimizer.zero_grad()
        loss = loss_of(model(x), y) if rows is None else loss_of(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        return loss

    def mse():
        with torch.no_grad():
            return loss_of(model(x), y).item()

    return loop(state, updates, update, mse, torch.Tensor.item)


def scikit_learn(state, updates):
    """The network in scikit-learn, warm: one `partial_fit` takes a whole epoch's batches."""
    try:
        from sklearn.neural_network import MLPRegressor
    except ImportError as error:
        raise LeftOutError("scikit-learn is left out: it is not installed (extra bench)") from error
    network, settings = state.network, state.training
    if any(layer.biases is None for layer in network.layers):
        raise LeftOutError(
            "scikit-learn is left out where there are no biases: its networks always have them"
        )
    x, y, size = state.data.inputs, state.data.targets, settings.batch_size
    how = {"solver": "sgd", "alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False, "shuffle": False}
    model = MLPRegressor(
        hidden_layer_sizes=network.sizes[1:-1],
        activation=network.layers[0].activation,
        batch_size=size,
        learning_rate_init=settings.learning_rate,
        **how,
    )
    flat = np.ravel if y.shape[1] == 1 else np.asarray
    model.partial_fit(x, flat(y))  # makes the arrays, which are then set to the start
    for k, layer in enumerate(network.layers):
        model.coefs_[k][...] = layer.weights.T
        model.intercepts_[k][...] = layer.biases
    # Its loss is ½·Σ error² a row, which is outputs / 2 of the MSE.
    model._optimizer.learning_rate = settings.learning_rate * 2 / y.shape[1]

    def mse():
        return mean_square(model.predict(x).reshape(y.shape) - y)

    def run():
        history = [mse()]
        for epoch in range(updates // -(-len(x) // size)):
            order = order_of(state, epoch)
            model.partial_fit(x[order], flat(y[order]))
            history.append(mse())
        return history

    return run


CONTENDERS = {
    "nnviz": nnviz,
    "nnviz with NumPy": partial(nnviz, engine=NUMPY),
    "plain NumPy": plain_numpy,
    "the course's style": course,
    "C loop": c_loop,
    "Playground": playground,
    "PyTorch": pytorch,
    "scikit-learn": scikit_learn,
}
