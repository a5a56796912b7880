"""The code style `numpy`: one matrix product per layer; backpropagation and training loop are written out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.files.code import frame
from nnviz.files.code.lines import (
    CodeLine,
    Notation,
    Numbers,
    definition,
    heading,
    of_nodes,
    of_outputs,
    python,
)


def lines(state: State, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the lines of a program that predicts and trains. `numbers` writes the weights and the rows."""
    network = state.network
    yield from frame.imports(state, numbers)
    yield from frame.numbers_and_settings(state, numbers, Notation())
    yield from frame.defined(state)
    yield from definition("forward(x)", _forward(network), "forward")
    last = "" if len(_computed(network)) == 1 else "[-1]"
    prediction = CodeLine(f"    return forward(x){last}", "forward", of_outputs(network))
    yield from definition("predict(x)", [prediction], "forward")
    if state.trainable:
        loss = f"{frame.function_name(state.measure)}(x, y)"
        yield from definition(loss, _loss(state), "loss", of_outputs(network))
        yield from frame.accuracy_function(state, "predict(x)")
        yield from definition("backward(x, y)", _backward(state), "backward")
    yield from frame.predictions(state, "predict(inputs)", "predict(np.array([{}]))")
    if state.trainable:
        yield from _training(state)


def _into(k: int) -> str:
    """Return the name of the values that feed layer k."""
    return f"a{k - 1}" if k else "x"


def _computed(network: Network) -> list[str]:
    """Return the names of the layers' values: z and a, or only a if the activation is linear."""
    names = []
    for k, layer in enumerate(network.layers):
        names += [f"a{k}"] if layer.function.linear else [f"z{k}", f"a{k}"]
    return names


def _forward(network: Network) -> Iterator[CodeLine]:
    for k, layer in enumerate(network.layers):
        nodes = of_nodes(network, k)
        linear = layer.function.linear
        bias = f" + b{k}" if layer.biases is not None else ""
        yield CodeLine(f"    {'a' if linear else 'z'}{k} = {_into(k)} @ W{k}.T{bias}", "forward", nodes)
        if not linear:
            yield CodeLine(f"    a{k} = {frame.function_name(layer.function)}(z{k})", "forward", nodes)
    yield CodeLine(f"    return {', '.join(_computed(network))}", "forward")


def _loss(state: State) -> Iterator[CodeLine]:
    network, loss = state.network, state.measure
    outputs, own = of_outputs(network), loss.notation
    if own.comment:
        yield CodeLine(f"    # {own.comment}", "loss", outputs)
    if frame.uses(own.numpy, "z"):
        z = "predict(x)" if network.layers[-1].function.linear else "forward(x)[-2]"
        yield CodeLine(f"    z = {z}", "loss", outputs)
    if frame.uses(own.numpy, "prediction"):
        yield CodeLine("    prediction = predict(x)", "loss", outputs)
    yield CodeLine(f"    return {frame.mean(loss)}", "loss", outputs)


def _backward(state: State) -> Iterator[CodeLine]:
    network, loss = state.network, state.measure
    layers, last = network.layers, len(network.layers) - 1
    minimised = f"{loss.phrase} plus the penalty" if state.training.penalty else loss.phrase
    what = f'"""Return the slope of the {minimised} with respect to every parameter."""'
    yield CodeLine(f"    {what}", "backward")
    yield CodeLine(f"    {', '.join(_computed(network))} = forward(x)", "forward")
    start, end = (f"z{last}", ".") if loss.short else ("the prediction", "")
    first = f"    # The slope with respect to {start}, from the last layer to the first{end}"
    yield CodeLine(first, "backward")
    if loss.short:
        yield CodeLine(f"    # {loss.short.reason}", "backward")
    text = frame.with_names(frame.slope(state), prediction=f"a{last}", error=f"(a{last} - y)")
    slope = frame.divided(text, "y.size" if loss.averaged else "len(y)")
    name = f"slope_z{last}" if loss.short else _slope_a(layers, last)
    yield CodeLine(f"    {name} = {slope}", "backward", of_outputs(network))
    for k in reversed(range(len(layers))):
        yield from _layer_back(state, k, begun=k == last and loss.short is not None)
    slopes = ", ".join(f"slope_{name}" for name in network.named_arrays)
    yield CodeLine(f"    return [{slopes}]", "backward")


def _slope_a(layers: tuple[Layer, ...], k: int) -> str:
    return f"slope_z{k}" if layers[k].function.linear else f"slope_a{k}"


def _layer_back(state: State, k: int, *, begun: bool) -> Iterator[CodeLine]:
    """Yield the lines for the slopes of a layer; if `begun`, the slope with respect to z is known."""
    network = state.network
    layer, nodes = network.layers[k], of_nodes(network, k)
    if not layer.function.linear and not begun:
        back = frame.back(layer.function, {name: f"{name}{k}" for name in ("z", "a", "slope_a")})
        yield CodeLine(f"    slope_z{k} = {back}", "backward", nodes)
    penalty = frame.penalty_slope(state, f"W{k}")
    yield CodeLine(f"    slope_W{k} = slope_z{k}.T @ {_into(k)}{penalty}", "slopes", nodes)
    if layer.biases is not None:
        yield CodeLine(f"    slope_b{k} = slope_z{k}.sum(axis=0)", "slopes", nodes)
    if k:
        before = _slope_a(network.layers, k - 1)
        yield CodeLine(f"    {before} = slope_z{k} @ W{k}", "backward", of_nodes(network, k - 1))


def _training(state: State) -> Iterator[CodeLine]:
    memories = OPTIMIZERS[state.training.optimizer].memories
    yield from heading("Training")
    yield CodeLine(f"parameters = [{', '.join(state.network.named_arrays)}]")
    zeros = ", ".join(["np.zeros_like(w)"] * len(memories))
    if memories:
        yield CodeLine(f"memory = [{zeros if len(memories) == 1 else f'({zeros})'} for w in parameters]")
    for name in dict.fromkeys(array for array, *_ in frame.frozen_arrays(state)):
        yield CodeLine(f"{name}_start = {name}.copy()", "update")
    yield from frame.training_loop(state, _update(state), f"{frame.function_name(state.measure)}({{}}, {{}})")


def _update(state: State) -> Iterator[CodeLine]:
    """Yield the lines of one update: the slopes, and the optimizer's rule as a loop over all parameters."""
    yield CodeLine(f"    slopes = backward({', '.join(frame.rows_of_an_update(state))})", "backward")
    yield CodeLine("    # Update: w[:] = … changes an array such as W0 in place", "update")
    optimizer, nodes = OPTIMIZERS[state.training.optimizer], of_nodes(state.network)
    memories = optimizer.memories
    names = ", ".join(memories)
    each = f"({names})" if len(memories) > 1 else names
    own, all_of = (f", {each}", ", memory") if memories else ("", "")
    yield CodeLine(f"    for w, slope{own} in zip(parameters, slopes{all_of}):", "update", nodes)
    for name, expression in optimizer.rule:
        place = "[:]" if name == "w" or name in memories else ""
        rule = frame.with_names(python(expression), **frame.rate_names(state))
        rule = re.sub(r"(?<=\w) \*\* (?=\w+\b(?![.(]))", "**", rule)  # as formatters write a power
        yield CodeLine(f"        {name}{place} = {rule}", "update", nodes)
    if state.frozen:
        yield CodeLine(f"    {frame.FROZEN}", "update")
    for name, index, addresses in frame.frozen_arrays(state):
        yield CodeLine(f"    {name}{index} = {name}_start{index}", "update", addresses)
