"""The style `keras`: Keras 3, on any of its back ends."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.activation import Named
from nnviz.core.network import Layer
from nnviz.core.numbers import full
from nnviz.core.state import State
from nnviz.files.code import frame
from nnviz.files.code.loss import MSE
from nnviz.files.code.numbers import Notation, Numbers
from nnviz.files.code.program import Line
from nnviz.files.code.words import of_inputs, of_nodes, of_outputs, parameters

_DTYPE = """\
DTYPE = "float32"  # "float64" computes with all digits (on JAX with JAX_ENABLE_X64=1)
keras.config.set_floatx(DTYPE)
if DTYPE == "float64":  # which Keras would turn back into float32, but on TensorFlow
    keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
""".splitlines()


def lines(state: State, numbers: Numbers) -> Iterator[Line]:
    """Write the program."""
    elsewhere = frame.elsewhere(state, "Keras")
    yield Line("# Keras 3 runs on PyTorch, TensorFlow or JAX: set KERAS_BACKEND to torch, tensorflow or jax")
    yield from numbers.imports()
    yield Line("import keras")
    yield Line("import numpy as np")
    names = (
        ["layers"] + ["ops"] * bool(elsewhere and elsewhere.keras_class) + ["optimizers"] * bool(elsewhere)
    )
    yield Line(f"from keras import {', '.join(names)}")
    yield Line()
    yield from map(Line, _DTYPE)
    yield Line()
    yield from numbers.stored()
    yield from numbers.weights(Notation())
    yield from numbers.rows(Notation())
    if elsewhere:
        yield from frame.settings(state)
        if elsewhere.keras_class:
            yield Line()
            yield from (Line(text, "update") for text in elsewhere.keras_class.splitlines())
            yield Line()
            yield Line()
    yield from _model(state)
    predict = "model.predict({}, verbose=0)"
    yield from frame.predictions(state, predict.format("inputs"), predict.format("np.array([{}])"))
    if elsewhere:
        yield from _training(state, elsewhere.keras)


def _model(state: State) -> Iterator[Line]:
    network = state.network
    yield Line("model = keras.Sequential([", "forward")
    yield Line(f"    keras.Input(({len(network.inputs)},)),", "forward", of_inputs(network))
    for k, layer in enumerate(network.layers):
        for text in _dense(layer):
            yield Line(f"    {text},", "forward", of_nodes(network, k))
    yield Line("])", "forward")
    weights = [f"{name}.T" if name.startswith("W") else name for name in parameters(network)]
    yield Line("# A layer's kernel is the transpose of its W: column j feeds node j")
    yield Line(f"model.set_weights([{', '.join(weights)}])")


def _dense(layer: Layer) -> list[str]:
    """Return a layer, and its activation as a layer of its own where that has a parameter."""
    function, own = layer.function, layer.function.elsewhere.keras
    inside = "" if function.linear or own.parameter else f', activation="{own.name}"'
    bias = ", use_bias=False" if layer.biases is None else ""
    return [f"layers.Dense({len(layer)}{inside}{bias})"] + [_activation(own)] * bool(own.parameter)


def _activation(own: Named) -> str:
    return f"layers.{own.name}({own.parameter}={full(own.value)})"


def _training(state: State, optimizer: str) -> Iterator[Line]:
    nodes = of_nodes(state.network, *range(len(state.network.layers)))
    yield Line()
    yield Line("# Training")
    yield Line("model.compile(")
    yield Line(f"    optimizer={optimizer},", "update")
    yield Line(f'    loss="{MSE.keras}",', "loss", of_outputs(state.network))
    yield Line(")")
    evaluated = "model.evaluate(inputs, targets, batch_size=len(inputs), verbose=0)"
    if frame.mini_batches(state):
        yield from frame.batches(state)
        yield Line(f"history = [(0, {evaluated})]", "loss")
        yield Line("for t in range(1, updates + 1):")
        yield from frame.rows_of_update(state)
        yield Line("    model.train_on_batch(inputs[rows], targets[rows])", "fit", nodes)
        yield from frame.measured(state, evaluated)
    else:
        yield Line(f"# An epoch is one update here, of all rows; fit() tells the {MSE.name} before it")
        fit = "model.fit(inputs, targets, batch_size=len(inputs), epochs=updates, shuffle=False, verbose=0)"
        yield Line(f"fitted = {fit}", "fit", nodes)
        yield Line(f"last = {evaluated}", "loss")
        yield Line('history = list(enumerate([*fitted.history["loss"], last]))', "loss")
    yield from frame.printed()
