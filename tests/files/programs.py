"""Networks as programs, run in a clean process, and what they have to print."""

import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnviz.core import train
from nnviz.core.metrics import measure_all
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import Dataset, State, Training
from nnviz.files import code
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.core.oracle import make_network, make_state

RUN = """
import contextlib, io, json, os, runpy, sys
for path in sys.argv[1:]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(path, run_name="__main__")
    print(json.dumps(out.getvalue()))
"""


def ran(paths):
    """Run programs one after the other in a process that knows no nnviz; return what each printed."""
    command = [sys.executable, "-I", "-W", "error::SyntaxWarning", "-c", RUN, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(paths[0]).parent)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def numbers(printed):
    """Return the numbers of each printed line."""
    return [[float(number) for number in re.split(r"[,\s]+", line)] for line in printed.splitlines()]


def expected(state):
    """Return the numbers that a program prints: predictions, iterations and losses, the accuracies last."""
    lines = state.network.predict(state.data.inputs).tolist() if len(state.data) else []
    if state.trainable:
        fresh = State(state.network, state.data, state.training)
        result = train.train(fresh)
        lines += result.history.tolist()
        after = measure_all(result.state)
        lines += [[share] for share in (after.accuracy, after.validation_accuracy) if share is not None]
    return lines


def check(programs, tolerance, tmp_path, *, rounded=False):
    """Write programs, by name (program, State), run them all, and compare what they print.

    Where `rounded`, what a number lost on the way counts against the largest: 182 − 175 in float32 has lost
    what 182 lost.
    """
    paths = []
    for name, (program, _) in programs.items():
        paths.append(tmp_path / f"{name}.py")
        paths[-1].write_text(program.text, encoding="utf-8")
        if program.separate_arrays:
            (tmp_path / f"{name}.npz").write_bytes(program.npz)
    states = {id(state): state for _, state in programs.values()}
    numbers_of = {own: expected(state) for own, state in states.items()}
    for (name, (_, state)), printed in zip(programs.items(), ran(paths), strict=True):
        found, wanted = numbers(printed), numbers_of[id(state)]
        assert [len(line) for line in found] == [len(line) for line in wanted], name
        largest = max(abs(line[-1]) for line in wanted) if rounded else 1.0
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, tolerance, max(1.0, largest) * tolerance, err_msg=name)


def in_float64(made):
    """Return a program with another number at its top, as a person would type it."""
    lines = [
        replace(line, text=line.text.replace("float32", "float64", 1))
        if line.text.startswith("DTYPE = ")
        else line
        for line in made.lines
    ]
    return replace(made, lines=tuple(lines))


def check_what_to_try(styles, tmp_path):
    """Take the # away from the last line of programs without rows, and compare what they print."""
    networks = [make_network([2, 3, 2], ["tanh", "softmax"], [True, True], 7)]
    networks += [make_network([inputs, 4, 1], ["tanh", "identity"], [True, True], 8) for inputs in (1, 9)]
    paths, wanted = [], []
    for style in styles:
        for k, network in enumerate(networks):
            *lines, last = code.program(State(network, Dataset.empty(network)), style).text.splitlines()
            assert last.startswith("# print(")
            paths.append(tmp_path / f"{style}_{k}.py")
            paths[-1].write_text("\n".join((*lines, last.removeprefix("# "))), encoding="utf-8")
            wanted.append(network.predict(np.zeros((1, len(network.inputs))))[0])
    for printed, prediction in zip(ran(paths), wanted, strict=True):
        found = numbers(re.sub(r"[\[\]]", " ", printed).strip())
        np.testing.assert_allclose(found, [prediction], 1e-5, 1e-5)


def shipped(name, **changes):
    state = load(example(name).path)
    return State(state.network, state.data, Training(**{**vars(state.training), **changes}), name=state.name)


def the_issues():
    """Return by name the networks of every kind that code has to be right for."""
    two = make_network([3, 4, 3, 2], ["tanh", "relu", "sigmoid"], [True, False, True], 5)
    soft = make_network([2, 3, 3], ["sigmoid", "softmax"], [True, True], 6)
    return {
        "relu": shipped("many-rows"),
        "no_hidden_layer": shipped("twenty-updates"),
        "two_hidden_layers": shipped("two-hidden-layers"),
        "xor": shipped("xor", updates=50),
        "softmax": make_state(soft, 5, learning_rate=1.0, updates=20),
        "digits": shipped("digits", updates=45),
        "mini_batches": make_state(two, 7, batch_size=3, seed=4, updates=20, learning_rate=0.05),
        "momentum": make_state(two, 5, optimizer="momentum", updates=30),
        "adam": make_state(two, 5, optimizer="adam", batch_size=2, updates=30),
    }


def of_classes(batch=None, depths=([], [3], [9])):
    """Return by name networks that tell classes, of each loss and output, validated and not."""
    made = {}
    for loss, output, outputs in (
        *(("cross_entropy", *kind) for kind in (("softmax", 3), ("sigmoid", 1), ("sigmoid", 2))),
        *(("mse", *kind) for kind in (("softmax", 3), ("sigmoid", 2), ("identity", 1))),
    ):
        for hidden in depths:
            network = make_network(
                [2, *hidden, outputs], ["tanh"] * len(hidden) + [output], [True] * (len(hidden) + 1), 5
            )
            random = np.random.default_rng(len(made))
            classes = random.integers(0, max(outputs, 2), 11)
            targets = np.eye(outputs)[classes] if outputs > 1 else classes[:, None].astype(float)
            data = Dataset(random.normal(size=(11, 2)), targets)
            for validation in (0.0, 0.3):
                settings = Training(0.3, 9, batch, seed=2, loss=loss, validation=validation)
                name = f"{loss}_{output}{outputs}_{len(made)}"
                made[name] = State(network, data, settings)
    return made


def of_shares():
    """Return a softmax whose targets sum to other numbers than 1."""
    network = make_network([2, 3, 3], ["relu", "softmax"], [True, True], 4)
    targets = np.random.default_rng(8).uniform(size=(6, 3))
    data = Dataset(np.random.default_rng(9).normal(size=(6, 2)), targets)
    return State(network, data, Training(0.2, 12, 4, loss="cross_entropy", validation=0.2))


FROZEN = {
    "nothing": (),
    "a layer": ("layer 0",),
    "a layer in parts": ("node_1", *(f"input_{k} -> node_0" for k in range(3)), "bias node_0"),
    "all layers": ("layer 0", "output_0", "output_1"),
    "single parts": ("node_0", "bias node_1", "input_1 -> node_1", "node_1 -> output_0"),
    "a layer and single parts": ("layer 1", "node_0", "input_2 -> node_1"),
}
"""Frozen parts of a network of 3-2-2 nodes whose hidden layer alone has biases."""
WHOLE = tuple(FROZEN)[:4]
"""The cases in which whole layers are frozen, as Keras can do it."""


def of_penalties(cases=FROZEN):
    """Return by name networks that train with a penalty, and in which parts are frozen."""
    made, factors = {}, ((0.03, 0.0), (0.0, 0.02), (0.01, 0.02))
    for k, (optimizer, case) in enumerate(itertools.product(OPTIMIZERS, cases)):
        l1, l2 = factors[k % 3]
        own = {
            "optimizer": optimizer,
            "frozen": FROZEN[case],
            "batch_size": (None, 4)[k % 2],
            "l1": l1,
            "l2": l2,
        }
        settings = {"learning_rate": 0.05, "updates": 11, "validation": (0.0, 0.2)[k % 4 // 2], **own}
        network = make_network([3, 2, 2], ["tanh", "sigmoid"], [True, False], k)
        made[f"{optimizer}, {case}"] = make_state(
            network, 9, loss=("mse", "cross_entropy")[k % 2], **settings
        )
    deep = make_network([2, 9, 4, 1], ["tanh", "relu", "identity"], [False, True, True], 3)
    frozen = ("layer 1", "node_0_8", "input_1 -> node_0_2", "bias output")
    made["loops"] = make_state(deep, 7, l1=0.01, l2=0.1, frozen=frozen * (cases is FROZEN), updates=20)
    return made


def of_stops():
    """Return by name networks whose runs stop early, each for its setting and before the last update."""
    made = {}
    rules = {"patience": 2}, {"until": 1.1}, {"patience": 2, "l2": 0.05}
    for rule, batch, validation in itertools.product(rules, (None, 4), (0.0, 0.3)):
        if "l2" in rule and not validation:
            continue  # its many updates make much of a rounding error
        network = make_network([2, 4, 1], ["tanh", "identity"], [True, True], 5)
        own = {"batch_size": batch, "validation": validation, **rule}
        state = make_state(network, 10, 7, learning_rate=0.05, updates=300, optimizer="rmsprop", **own)
        assert train.carry_out(state).end.run.stopped.partition(" ")[0] in rule
        made[f"{rule}, {batch}, {validation}"] = state
    return made


def of_activation(name):
    """Return a State whose hidden layer has the activation; some z are below 0 and some above."""
    return make_state(make_network([3, 5, 2], [name, "identity"], [True, False], 2, 1.5), 6, updates=20)


def of_names(*names):
    """Return a State of two inputs, two hidden nodes and one output, with these five names, some twice."""
    inputs, hidden, outputs = names[:2], names[2:4], names[4:5]
    layers = (Layer(hidden, "relu", [[2, 4], [4, -5]]), Layer(outputs, "identity", [[2, 7]], [0.5]))
    data = Dataset([[3, 5], [1, -1]], [[60], [50]])
    return State(Network(inputs, layers), data, Training(0.0002, 5), name=names[-1])


HOSTILE = (
    *("'''\"\"\"`{}%s\\", "__import__('os').system('echo harm')", "'] = 1; raise SystemExit('harm') #"),
    *("# coding: utf-7", "\u202eharm\u2066", "class", "model", "größe", "ﬁ", "fi", "np", "output"),
    "\\N{bullet}{0}",
)
