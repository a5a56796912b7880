"""The floor: `floor.c`, compiled by the C compiler that is there."""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

NAME = "C loop"

# Sums may be reordered, so that they are vectorised. Not by -ffast-math: a library linked with that turns
# subnormal numbers off for the whole process as soon as it is loaded.
REORDER = ["-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-fno-math-errno"]
OPTIONS = ["-O3", "-march=native", *REORDER, "-shared", "-fPIC"]

SOURCE = Path(__file__).with_name("floor.c")


def missing(_state):
    return None if shutil.which("gcc") else "the C loop is left out: there is no gcc"


@cache
def compiled():
    folder = tempfile.TemporaryDirectory(prefix="nnviz-bench-")
    target = Path(folder.name) / "floor.so"
    subprocess.run(["gcc", *OPTIONS, str(SOURCE), "-o", str(target), "-lm"], check=True)
    return ctypes.CDLL(str(target)), folder


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def prepare(state, updates):
    network, settings, rows = state.network, state.training, len(state.data)
    biased = network.layers[0].biases is not None
    blocks = [np.column_stack((own.weights, own.biases)) if biased else own.weights for own in network.layers]
    w = np.concatenate([block.ravel() for block in blocks])
    batch = settings.batch_size or rows
    epochs = updates // -(-rows // batch)
    sizes = np.array(network.sizes, dtype=np.int32)
    slopes, a, d = np.empty_like(w), np.empty(sizes.sum()), np.empty(2 * sizes.max())
    x, y = state.data.inputs, state.data.targets
    kind = ["relu", "tanh"].index(network.layers[0].activation)
    library, _ = compiled()

    def run():
        history = np.empty(epochs + 1)
        order = None
        if batch < rows:
            drawn = [np.random.default_rng([settings.seed, 1, k]).permutation(rows) for k in range(epochs)]
            order = np.concatenate(drawn)
        library.train(
            *(len(sizes) - 1, pointer(sizes), kind, int(biased), pointer(w), pointer(slopes)),
            *(ctypes.c_long(w.size), pointer(x), pointer(y), ctypes.c_long(rows), ctypes.c_long(batch)),
            *(None if order is None else pointer(order), ctypes.c_long(epochs)),
            *(ctypes.c_double(settings.learning_rate), pointer(a), pointer(d), pointer(history)),
        )
        return history

    return run
