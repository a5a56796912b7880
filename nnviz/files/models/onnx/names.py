"""What an ONNX model holds beside the numbers: the names of inputs and nodes, the title, the notes.

The names stand as JSON in the model's metadata, title and notes as the graph's and the model's own texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nnviz.core.state import State
from nnviz.files import json_text
from nnviz.files.errors import FileError

if TYPE_CHECKING:
    import onnx

PRODUCER = "nnviz"
KEY = "nnviz.names"
"""Of the metadata: `{"inputs": ["accounts", "children"], "nodes": [["node_0", "node_1"], ["output"]]}`."""
UNTITLED = "network"
"""A graph needs a name."""


class _Names(msgspec.Struct):
    inputs: list[str]
    nodes: list[list[str]]


class Words(NamedTuple):
    """Names, title and notes; `nodes` holds the names of each layer's nodes."""

    inputs: tuple[str, ...] = ()
    nodes: tuple[tuple[str, ...], ...] = ()
    name: str = ""
    notes: str = ""


def read(model: onnx.ModelProto) -> Words:
    """Return what nnviz has written into a model, and nothing where another program has written it."""
    if model.producer_name != PRODUCER:
        return Words()
    title = "" if model.graph.name == UNTITLED else model.graph.name
    return Words(*_names(model), title, model.doc_string)


def write(model: onnx.ModelProto, state: State) -> None:
    """Put names, title and notes of `state` into a model."""
    network = state.network
    names = {"inputs": network.inputs, "nodes": [layer.nodes for layer in network.layers]}
    model.metadata_props.add(key=KEY, value=json.dumps(names, ensure_ascii=False))
    model.producer_name = PRODUCER
    model.graph.name = state.name or UNTITLED
    model.doc_string = state.notes


def _names(model: onnx.ModelProto) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the names of inputs and nodes, or none where somebody has changed them to what are no names."""
    text = next((own.value for own in model.metadata_props if own.key == KEY), "{}")
    try:
        raw = msgspec.convert(json_text.parsed(text), _Names)
    except (FileError, msgspec.ValidationError):
        return (), ()
    return tuple(raw.inputs), tuple(map(tuple, raw.nodes))
