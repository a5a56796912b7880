"""The code style `keras`: Keras 3 with any back end."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.activations import Activation
from nnviz.core.network import Layer
from nnviz.core.numbers import list_text
from nnviz.core.parameters import frozen_layers
from nnviz.core.state import State
from nnviz.files.code import frame
from nnviz.files.code.lines import (
    WIDTH,
    CodeLine,
    Notation,
    Numbers,
    comment,
    definition,
    heading,
    of_inputs,
    of_nodes,
    of_outputs,
)

_DTYPE = """\
DTYPE = "float32"  # "float64" computes with all digits (on JAX with JAX_ENABLE_X64=1)
keras.config.set_floatx(DTYPE)
if DTYPE == "float64":  # without this, Keras uses float32 except on TensorFlow
    keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
""".splitlines()


def lines(state: State, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the lines of a program that predicts and trains. `numbers` writes the weights and the rows."""
    elsewhere = frame.library_notation(state, "Keras")
    yield CodeLine(
        "# Keras 3 runs on PyTorch, TensorFlow or JAX: set KERAS_BACKEND to torch, tensorflow or jax"
    )
    yield from numbers.imports()
    yield CodeLine("import keras")
    yield CodeLine("import numpy as np")
    classes = elsewhere.keras_class if elsewhere else ""
    lacks = not all(layer.function.notation.keras.name for layer in state.network.layers)
    ops = ", ops" if classes or lacks else ""
    yield CodeLine(f"from keras import layers{ops}{', optimizers' if elsewhere else ''}")
    yield CodeLine()
    yield from map(CodeLine, _DTYPE)
    yield CodeLine()
    yield from frame.numbers_and_settings(state, numbers, Notation())
    if classes:
        yield CodeLine()
        yield from (CodeLine(text, "update") for text in classes.splitlines())
        yield CodeLine()
        yield CodeLine()
    yield from _model(state)
    predict = "model.predict({}, verbose=0)"
    yield from frame.predictions(state, predict.format("inputs"), predict.format("np.array([{}])"))
    if elsewhere:
        yield from _training(state, elsewhere.keras)


def _model(state: State) -> Iterator[CodeLine]:
    network, frozen = state.network, frozen_layers(state) if state.trainable else ()
    factors = ", ".join(frame.penalty_terms(state, "l1=l1", "l2=l2"))
    if factors:
        yield CodeLine(f"penalty = keras.regularizers.L1L2({factors})", "slopes")
    yield CodeLine("model = keras.Sequential(", "forward")
    yield CodeLine("    [", "forward")
    yield CodeLine(f"        keras.Input(({len(network.inputs)},)),", "forward", of_inputs(network))
    for k, layer in enumerate(network.layers):
        more = ", kernel_regularizer=penalty" * bool(factors) + ", trainable=False" * (k in frozen)
        for text in _dense(layer, more, apart=k == len(network.layers) - 1 and _of_z(state)):
            yield CodeLine(f"        {text}", "forward", of_nodes(network, k))
    yield CodeLine("    ]", "forward")
    yield CodeLine(")", "forward")
    weights = [f"{name}.T" if name.startswith("W") else name for name in network.named_arrays]
    yield CodeLine("# A layer's kernel is the transpose of its W: column j feeds node j")
    yield CodeLine(f"model.set_weights([{', '.join(weights)}])")


def _of_z(state: State) -> bool:
    """Return whether the training leaves out the last activation, because the loss applies it."""
    last = state.network.layers[-1].function
    return state.trainable and state.measure.notation.of_z and not last.linear


def _dense(layer: Layer, more: str, *, apart: bool) -> list[str]:
    """Return the lines of a Dense layer with `more` settings.

    Its activation is a separate layer if it has a parameter or is `apart`.
    """
    function, own = layer.function, layer.function.notation.keras
    apart = apart or bool(own.settings) or not own.name
    inside = "" if function.linear or apart else f', activation="{own.name}"'
    bias = ", use_bias=False" if layer.biases is None else ""
    settings = f"{len(layer)}{inside}{bias}{more}"
    texts = [f"layers.Dense({settings}),"]
    if len(texts[0]) > WIDTH - 8:
        texts = ["layers.Dense(", f"    {settings}", "),"]
    return texts + [f"{_activation(function)},"] * apart


def _activation(function: Activation) -> str:
    """Return a layer of an activation; an activation that Keras lacks is computed by `keras.ops`."""
    own = function.notation.keras
    if own.settings:
        return f"layers.{own.call}"
    name = f'"{own.name}"' if own.name else f"lambda z: {frame.with_names(function.notation.numpy, np='ops')}"
    return f"layers.Activation({name})"


def _training(state: State, optimizer: str) -> Iterator[CodeLine]:
    of_z, others = _of_z(state), frame.frozen_parts(state, frozen_layers(state))
    model = "trained" if of_z else "model"
    if accuracy := [*frame.accuracy_function(state, "model.predict(x, verbose=0)")]:
        yield from (CodeLine(), *accuracy)
    yield from heading("Training")
    if schedule := state.training.schedule:
        settings = ", ".join(f"{name}={value!r}" for name, value in schedule.keras_config.items())
        decay = f"keras.optimizers.schedules.{schedule.keras[0]}"
        yield CodeLine(f"learning_rate = {decay}(learning_rate, {settings})", "update")
    if of_z:
        last = state.network.layers[-1].function.notation.keras.name
        yield CodeLine(f"# The loss applies {last} itself, so train the same layers without {last}", "loss")
        yield CodeLine("trained = keras.Model(model.inputs, model.layers[-2].output)")
    if others:
        names = list_text([comment(state.network.part_name(part)) for part in others])
        yield CodeLine(f"# Keras freezes only whole layers. Other frozen parts: {names}.", "fit")
        yield CodeLine("# These parts learn here, so the training differs from that of nnviz.", "fit")
    yield from _compile(state, model, optimizer)
    yield CodeLine()
    evaluate = f"{model}.evaluate(x, y, batch_size=len(x), verbose=0)" + "[1]" * bool(state.training.penalty)
    result = CodeLine(f"    return {evaluate}", "loss", of_outputs(state.network))
    yield from definition("loss_of(x, y)", [result], "loss")
    yield CodeLine()
    training = state.training
    if not (frame.mini_batches(state) or training.until or (training.patience and not state.validated)):
        yield from _by_fit(state, model)
        return
    batch = ", ".join(frame.rows_of_an_update(state))
    update = CodeLine(f"    {model}.train_on_batch({batch})", "fit", of_nodes(state.network))
    yield from frame.training_loop(state, [update], LOSS)


def _compile(state: State, model: str, optimizer: str) -> Iterator[CodeLine]:
    """Yield code that compiles the model. With a penalty, a metric computes the loss of the data alone."""
    loss, outputs, penalty = state.measure, of_outputs(state.network), state.training.penalty
    own = loss.notation.keras
    call = f"keras.losses.{f'{own.name}(from_logits=True)' if loss.notation.of_z else own.call}"
    if penalty:
        yield CodeLine("# Keras's loss contains the penalty; a metric computes the loss without it", "loss")
        yield CodeLine(f"data_loss = {call}", "loss", outputs)
    yield CodeLine(f"{model}.compile(")
    yield CodeLine(f"    optimizer={optimizer},", "update")
    yield CodeLine(f"    loss={'data_loss' if penalty else call},", "loss", outputs)
    if penalty:
        yield CodeLine('    metrics=[keras.metrics.MeanMetricWrapper(data_loss, "data_loss")],', "loss")
    yield CodeLine(")")


LOSS = "loss_of({}, {})"
"""Call of the program's function that returns the loss, with {} in place of inputs and targets."""


def _by_fit(state: State, model: str) -> Iterator[CodeLine]:
    trained, *validation = frame.NAMES.measured(state)
    yield from frame.split(state)
    loss = state.measure.phrase
    yield CodeLine(f"# An epoch is one update on all rows; fit() reports the {loss} before the update")
    if validation:
        yield CodeLine(f"# and the {loss} of the validation rows after the update")
    settings = [*trained, f"batch_size=len({trained[0]})", "epochs=updates", "shuffle=False", "verbose=0"]
    for inputs, targets in validation:
        yield CodeLine(f"first = {LOSS.format(inputs, targets)}", "loss")
        settings += [f"validation_data=({inputs}, {targets})", f"validation_batch_size=len({inputs})"]
    if state.training.patience:
        monitor = "val_data_loss" if state.training.penalty else "val_loss"
        stopping = f'keras.callbacks.EarlyStopping("{monitor}", patience=patience, mode="min")'
        settings.append(f"callbacks=[{stopping}]")
    texts = [f"fitted = {model}.fit(", *(f"    {each}," for each in settings), ")"]
    yield from (CodeLine(text, "fit", of_nodes(state.network)) for text in texts)
    key = "data_loss" if state.training.penalty else "loss"
    yield CodeLine(f'losses = [*fitted.history["{key}"], {LOSS.format(*trained)}]', "loss")
    if validation:
        yield CodeLine(f'validation_losses = [first, *fitted.history["val_{key}"]]', "loss")
        yield CodeLine("history = list(zip(range(updates + 1), losses, validation_losses))", "loss")
    else:
        yield CodeLine("history = list(enumerate(losses))", "loss")
    yield from frame.results(state)
