"""What of somebody's ONNX model is lost where nnviz writes its own in the place, in words.

The model is compared with what nnviz would write of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nnviz.core.names import SHOWN, shortened
from nnviz.files.models.onnx import names, reading, wire, writing
from nnviz.files.models.onnx.graph import Graph, operator_of
from nnviz.files.source import Source

if TYPE_CHECKING:
    import onnx

_MOST = 5
"""So many operators are told by their names."""


def replaced(data: bytes) -> list[str]:
    """Return what of a model is lost. Raises FileError where nnviz cannot read it or write it again."""
    model = wire.parsed(data)
    again = writing.model_of(reading.state_of(Source(data)))
    operators = list(_operators(model) - _operators(again))
    named = ", ".join(shortened(each, SHOWN) for each in operators[:_MOST])
    parts = {
        "its producer": _producer(model) != _producer(again),
        "its name": model.graph.name != again.graph.name,
        "its notes and metadata": _texts(model) != _texts(again),
        f"its operators ({named}{', …' if operators[_MOST:] else ''})": bool(operators),
        "the names of its inputs, outputs and tensors": _names(model) != _names(again),
        "the type and the sizes of its input": _input(model) != _input(again),
    }
    return [part for part, is_lost in parts.items() if is_lost]


def _operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(operator_of(node) for node in model.graph.node)


def _producer(model: onnx.ModelProto) -> tuple[object, ...]:
    return model.producer_name, model.producer_version, model.domain, model.model_version


def _texts(model: onnx.ModelProto) -> tuple[object, ...]:
    metadata = {own.key: own.value for own in model.metadata_props if own.key != names.KEY}
    return model.doc_string, model.graph.doc_string, metadata


def _names(model: onnx.ModelProto) -> set[str]:
    graph = model.graph
    return {own.name for parts in (graph.input, graph.output, graph.initializer) for own in parts}


def _input(model: onnx.ModelProto) -> tuple[int, list[int]]:
    tensor = Graph(model).input.type.tensor_type
    return tensor.elem_type, [size.dim_value for size in tensor.shape.dim]
