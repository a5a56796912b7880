"""The course's weights dictionary, `{"node_0": [2, 4], …, "output": [2, 7]}`, as JSON or as a Python literal.

It opens as a network with relu hidden nodes and an identity output. It holds no rows and no settings.
As Python it may stand among the code of a course, with input data; no code is run.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from nnviz.core.address import default_inputs
from nnviz.core.names import quoted
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files import json_text
from nnviz.files.course import code, python_text
from nnviz.files.course.weights import network_of
from nnviz.files.errors import FileError, UnfitError, told_by_core
from nnviz.files.left_out import lost
from nnviz.files.models import scaling
from nnviz.files.source import Source

HEAD_BYTES = 2**16
"""Of a file, which may hold nothing but line breaks, so much is looked at to tell what it is."""

_LINES = rb"(?:\s|\#[^\n]*\n|(?:import|from)[ ][^\n]*\n)*"
_START = re.compile(rb"(?:\xef\xbb\xbf)?" + _LINES + rb"""(?:\w+\s*=\s*)?\{\s*['"](?:node_|output)""")
_IMPORT = re.compile(r"^(?:import|from) ", re.MULTILINE)
_CODE = re.compile(rb"""^\w+\s*=\s*\{\s*['"](?:node_|output)""", re.MULTILINE)


def sniff(data: bytes) -> bool:
    """Tell whether a file that starts with `data` looks like a weights dictionary."""
    head = data[:HEAD_BYTES]
    return _START.match(head) is not None or _CODE.search(head) is not None


def read(source: Source) -> State:
    """Return the State of a dictionary, or of code with one; which activations are taken is told.

    Raises FileError.
    """
    state = _state_of(source)
    source.assumed.append(code.assumed(state.network))
    return state


def _state_of(source: Source) -> State:
    text = json_text.decoded(source.data)
    try:
        raw = json_text.parsed(text, source.progress)
    except json_text.BrokenJsonError:
        return code.state_of(python_text.statements(text))
    network = network_of(raw)
    with told_by_core():
        return State(network, Dataset.empty(network))


def write(state: State) -> bytes:
    """Return the weights of `state` as a dictionary, one node a line.

    Raises FileError for a network, or standardised inputs, that the dictionary cannot hold.
    """
    network = state.network
    nodes = {
        name: row.tolist()
        for layer in network.layers
        for name, row in zip(layer.nodes, layer.weights, strict=True)
    }
    if scaling.find(state):
        raise UnfitError(
            "its inputs are standardised, for which a weights dictionary has no place; "
            "`nnviz convert --without-scaling` leaves the scaling out"
        )
    if why := _unfit(network, nodes):
        raise UnfitError(f"{why}; of Python, nnviz writes a dictionary alone")
    return (json_text.laid_out(nodes) + "\n").encode()


def _unfit(network: Network, nodes: dict[str, list[float]]) -> str:
    """Return why a dictionary cannot hold `network`, whose `nodes` it would hold: what is where; or ""."""
    for layer in network.layers:
        node = quoted(layer.nodes[0])
        if layer.activation != ("identity" if layer is network.layers[-1] else "relu"):
            return (
                f"{node} has {layer.activation}, and a weights dictionary knows relu hidden nodes and an "
                "identity output"
            )
        if layer.biases is not None:
            return f"{node} has a bias, and a weights dictionary knows none"
    try:
        read = network_of(nodes)
    except FileError as error:
        return f"in a weights dictionary nodes have the course's names; {error}"
    same = read.layers == network.layers
    return "" if same else "in a weights dictionary the nodes of a layer are in the order of their numbers"


def left_out(state: State) -> list[str]:
    """Return what of `state` a dictionary does not keep: what it would not have after reading it again."""
    network = replace(state.network, inputs=default_inputs(len(state.network.inputs)))
    return lost(state, State(network, Dataset.empty(network)))


def replaced(data: bytes) -> list[str]:
    """Return what of the text of a file is lost where a dictionary alone takes its place."""
    try:
        text = json_text.decoded(data)
        body = [each.statement for each in python_text.statements(text)]
    except FileError:  # longer than any Python that is read, so JSON; or no dictionary at all
        return []
    bare = any(isinstance(own, ast.Expr) and isinstance(own.value, ast.Dict) for own in body)
    parts = {
        "the dictionary's name": not bare,
        "the other lines of the code": len(body) > 1 or _IMPORT.search(text) is not None,
        "the comments": python_text.has_comment(text),
    }
    return [part for part, lost in parts.items() if lost]
