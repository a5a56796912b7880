"""A model that was changed anywhere and that nnviz opens predicts what onnxruntime predicts."""

import random

import numpy as np
import onnxruntime

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError
from tests.graphs import other_graphs
from tests.models.onnx_files import ONNX, opened
from tests.robust.messages import retold
from tests.robust.mutations import MUTATIONS

ROWS = 5
KINDS = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2"}
CLOSE = 2e-3
"""For models whose numbers have 16 bits."""


def own_model():
    layers = (
        Layer(("p", "q"), "tanh", [[1, 2, 0.5], [3, -1, 0.25]], [0.5, 1]),
        Layer(("o",), "elu", [[2, -1]]),
    )
    network = Network(("a", "b", "c"), layers)
    return ONNX.write(State(network, Dataset.empty(network)))


def plainly(data, donor, chance):
    return chance.choice(MUTATIONS)(data, donor, chance) or b" "


def outputs(data, x):
    """Return what onnxruntime makes of rows, in a shape that the model takes; or nothing."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception:  # of its own kinds
        return []
    (given,) = (own for own in session.get_inputs() if own.type in KINDS)
    for shaped in (x, x.T, x[:, :, None], x[0]):
        try:
            return session.run(None, {given.name: shaped.astype(KINDS[given.type])})
        except Exception:
            continue
    return []


def is_close(found, expected):
    """Tell whether an output is a prediction: in rows or in columns, of one row or with the other class."""
    if isinstance(found, list):
        found = [list(own.values()) for own in found]
    found = np.asarray(found, dtype="f8")
    wide = found.reshape(len(found), -1) if found.ndim else found.reshape(1, 1)
    ways = (wide, wide.T, wide[:, 1:])
    return any(
        np.allclose(way, own, CLOSE, CLOSE, equal_nan=True)
        for own in (expected, expected[:1])
        for way in ways
        if way.shape == own.shape
    )


def test_what_is_opened_is_right():
    seeds = [*other_graphs(), own_model()]
    compared = 0
    for number in range(500):
        chance = random.Random(f"onnx:{number}")
        data = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = retold(data, chance.choice(seeds), chance, plainly)
        try:
            network = opened(data)[0].network
        except FileError:
            continue
        x = np.random.default_rng(number).normal(size=(ROWS, len(network.inputs)))
        expected = network.predict(x)
        if found := outputs(data, x):
            compared += 1
            assert any(is_close(own, expected) for own in found), number
    assert compared > 50
