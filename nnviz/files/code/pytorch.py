"""The code style `pytorch`: a Sequential module of Linear layers; the training loop is written out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from nnviz.core.activations import Activation
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.files.code import frame
from nnviz.files.code.lines import CodeLine, Notation, Numbers, heading, of_nodes, of_outputs, python

NOTATION = Notation("torch.tensor", 'torch.tensor(stored["{}"], dtype=DTYPE)')


def lines(state: State, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the lines of a program that predicts and trains. `numbers` writes the weights and the rows."""
    elsewhere = frame.library_notation(state, "PyTorch")
    if elsewhere and state.training.schedule:
        yield CodeLine("import math")
    yield from numbers.imports()
    if numbers.separate_arrays or state.columns.computed or (elsewhere and frame.mini_batches(state)):
        yield CodeLine("import numpy as np")
    yield CodeLine("import torch")
    yield CodeLine("from torch import nn")
    yield CodeLine()
    yield CodeLine("DTYPE = torch.float32  # torch.float64 computes with all digits")
    yield CodeLine("torch.set_default_dtype(DTYPE)")
    yield CodeLine()
    yield from frame.numbers_and_settings(state, numbers, NOTATION)
    yield from _model(state.network)
    yield from frame.predictions(state, "model(inputs).tolist()", "model(torch.tensor([{}])).tolist()")
    if elsewhere:
        yield from _training(state, elsewhere.torch)


def _tensors(network: Network) -> dict[str, str]:
    """Return code for the tensors of the model, by the names of the arrays with their first values: W0, …."""
    counts = (1 if layer.function.linear else 2 for layer in network.layers[:-1])
    places, kinds = [*accumulate(counts, initial=0)], {"W": "weight", "b": "bias"}
    return {name: f"model[{places[int(name[1:])]}].{kinds[name[0]]}" for name in network.named_arrays}


def _model(network: Network) -> Iterator[CodeLine]:
    yield CodeLine("model = nn.Sequential(", "forward")
    for k, layer in enumerate(network.layers):
        nodes, bias = of_nodes(network, k), ", bias=False" if layer.biases is None else ""
        yield CodeLine(f"    nn.Linear({network.sizes[k]}, {len(layer)}{bias}),", "forward", nodes)
        if not layer.function.linear:
            yield CodeLine(f"    {_activation(layer.function)},", "forward", nodes)
    yield CodeLine(")", "forward")
    yield CodeLine("with torch.no_grad():")
    for name, tensor in _tensors(network).items():
        yield CodeLine(f"    {tensor}.copy_({name})", None, of_nodes(network, int(name[1:])))


def _activation(function: Activation) -> str:
    own = function.notation.torch
    frame.check_has("PyTorch", "activation", function.name, own.name)
    return f"nn.{own.call}" if function.elementwise else f"nn.{own.name}(dim=-1)"


def _restored(state: State) -> Iterator[CodeLine]:
    """Yield lines that give the frozen weights and biases back their values after an update."""
    arrays, tensors = [*frame.frozen_arrays(state)], _tensors(state.network)
    if arrays:
        yield CodeLine(f"    with torch.no_grad():  {frame.FROZEN}", "update")
    for name, index, addresses in arrays:
        yield CodeLine(f"        {tensors[name]}{index} = {name}{index}", "update", addresses)


def _training(state: State, optimizer: str) -> Iterator[CodeLine]:
    network, loss = state.network, state.measure
    outputs, nodes = of_outputs(network), of_nodes(network)
    model, own = "model", loss.notation
    if accuracy := [*frame.accuracy_function(state, "model(x)", "({}).double().mean().item()", "dim")]:
        yield from (CodeLine(), *accuracy)
    yield from heading("Training")
    minimised = "loss"
    if terms := frame.penalty_terms(state, "l1 * w.abs().sum()", "l2 * (w**2).sum()"):
        weights = "[layer.weight for layer in model if isinstance(layer, nn.Linear)]"
        yield CodeLine(f"weights = {weights}", "slopes", nodes)
        minimised = f"(loss + sum({' + '.join(terms)} for w in weights))"
    yield CodeLine(f"optimizer = torch.optim.{optimizer}", "update")
    schedule = state.training.schedule
    if schedule:
        factor = f"lambda k: {python(schedule.factor_rule)}"
        yield CodeLine(f"scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, {factor})", "update")
    if own.of_z and not network.layers[-1].function.linear:
        model = "model[:-1]"
        last = network.layers[-1].function.notation.torch.name
        kind = own.torch.removeprefix("nn.").partition("(")[0]
        reason = f"{kind} applies {last} itself, so it gets the values before {last}"
        yield CodeLine(f"# {reason}: {model}", "loss")
    name = frame.function_name(loss)
    yield CodeLine(f"{name} = {own.torch}", "loss", outputs)
    inputs, targets = frame.rows_of_an_update(state)
    update = [
        CodeLine("    optimizer.zero_grad()", "backward"),
        CodeLine(f"    loss = {name}({model}({inputs}), {targets})", "loss", outputs),
        CodeLine(f"    {minimised}.backward()", "backward", nodes),
        CodeLine("    optimizer.step()", "update", nodes),
        *_restored(state),
    ]
    if schedule:
        update.append(CodeLine("    scheduler.step()", "update"))
    yield from frame.training_loop(state, update, f"{name}({model}({{}}), {{}}).item()")
