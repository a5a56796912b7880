"""States that use every entry of the registries of activations, losses and optimizers, for the contract."""

from dataclasses import replace

import numpy as np

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.losses import LOSSES, loss_of
from nnviz.core.network import Layer
from nnviz.core.numbers import full
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import SCHEDULES, of_numbers
from tests.core import oracle

MADE_UP = ("hinge", "log_cosh", "calm")
"""Entries of `tests.core.made_up`, which no other library has."""


def names(registry, parameter_of):
    """Return every name in a registry, then those with a parameter, as a person would write them."""
    examples = {name: parameter_of(entry) for name, entry in registry.items()}
    written = [f"{name}({full(own.example)})" for name, own in examples.items() if own]
    return [*registry, *written]


def activation_names():
    return names(ACTIVATIONS, lambda entry: entry.parameter)


def loss_names():
    return names(LOSSES, lambda forms: forms[0].parameter)


def every_state():
    """Return a State for each entry by a readable name; call it with the made-up entries registered."""
    states = {}
    for name in activation_names():
        states[f"activation {name}"] = with_biases(
            oracle.classes("identity", 2, 6, (name,), loss="mse", updates=20)
        )
    for name in loss_names():
        for output in [output for output in ACTIVATIONS if fits(name, output)][:3]:
            for outputs in (1, 3) if output != "softmax" else (3,):
                state = oracle.classes(output, outputs, loss=name, validation=0.2, updates=12)
                states[f"loss {name} {output} {outputs}"] = state
    for name in OPTIMIZERS:
        state = oracle.classes(optimizer=name, batch_size=4, updates=9)
        states[f"optimizer {name}"] = state
    for kind, own in SCHEDULES.items():
        for batch_size in (None, 4):
            way = of_numbers(own, [4, *own.example[1:]])
            state = oracle.classes(schedule=way, batch_size=batch_size, updates=9)
            states[f"schedule {kind} {batch_size}"] = state
    return states


LIBRARIES = {"keras": "keras", "pytorch": "torch"}
"""The library of each code style that needs one."""


def is_in(style, kind, state):
    """Whether the library of a code style has the entry of a State, as the entry says."""
    library = LIBRARIES[style]
    if kind == "activation":  # what Keras lacks, the program computes with keras.ops
        return library == "keras" or bool(state.network.layers[0].function.notation.torch.name)
    if kind == "loss":
        own = state.measure.notation
        return bool(own.keras.name if library == "keras" else own.torch)
    notation = OPTIMIZERS[state.training.optimizer].notation
    return notation is not None and bool(getattr(notation, library))


def fits(loss, output):
    try:
        loss_of(loss, output)
    except ValueError:
        return False
    return True


def with_biases(state):
    """Return a State whose output layer has biases too."""
    last = state.network.layers[-1]
    biased = Layer(last.nodes, last.activation, last.weights, np.zeros(len(last)))
    return replace(state, network=state.network.with_layer(len(state.network.layers) - 1, biased))
