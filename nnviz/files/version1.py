"""The native file, version 1, as types: what it may hold, and what its JSON Schema says. Reads nothing.

Run as a program it prints the schema.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.optimizers import OPTIMIZERS

Matrix: TypeAlias = list[list[float]]

_Names = Annotated[list[str], Meta(description="Unique within the network.")]
_Weights = Annotated[Matrix, Meta(description="Row j holds the weights that feed node j.")]
_Biases = Annotated[list[float] | None, Meta(description="One for each node, or null.")]
_with_parameter = "|".join(name for name, own in ACTIVATIONS.items() if own.parameter)
_Activation = Annotated[
    str,
    Meta(
        description="A parameter other than usual stands in brackets: leaky_relu(0.2).",
        extra_json_schema={
            "anyOf": [{"enum": list(ACTIVATIONS)}, {"pattern": rf"^({_with_parameter})\(.+\)$"}]
        },
    ),
]
_Optimizer = Annotated[str, Meta(extra_json_schema={"enum": list(OPTIMIZERS)})]


class LayerPart(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One layer; without `nodes` they get the course's names."""

    nodes: _Names | None = None
    activation: _Activation
    weights: _Weights
    biases: _Biases = None


class NetworkPart(msgspec.Struct, forbid_unknown_fields=True):
    """Named inputs and the layers, the output last."""

    inputs: _Names
    layers: list[LayerPart]


class DataPart(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Rows of inputs and, where there are any, of targets."""

    inputs: Annotated[Matrix, Meta(description="One row of values for the network's inputs a line.")]
    targets: Annotated[Matrix | None, Meta(description="One row of values for the outputs a line.")] = None


class TrainingPart(msgspec.Struct, forbid_unknown_fields=True):
    """The settings of a run; `batch_size` null means all rows, `updates` counts iterations."""

    learning_rate: Annotated[float, Meta(extra_json_schema={"exclusiveMinimum": 0})] = 0.01
    updates: Annotated[int, Meta(extra_json_schema={"minimum": 1})] = 20
    batch_size: Annotated[int | None, Meta(extra_json_schema={"minimum": 1})] = None
    optimizer: _Optimizer = "gradient_descent"
    seed: Annotated[int, Meta(extra_json_schema={"minimum": 0})] = 0


class WeightsPart(msgspec.Struct, forbid_unknown_fields=True):
    """One layer's weights and biases."""

    weights: _Weights
    biases: _Biases = None


class WeightSetPart(msgspec.Struct, forbid_unknown_fields=True):
    """All weights of the network under a name, kept beside those in use."""

    name: str
    layers: list[WeightsPart]


class File(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A network with its data, settings and weight sets, as nnviz saves it."""

    format: Literal["nnviz"]
    version: Literal[1]
    name: str = ""
    notes: Annotated[str, Meta(description="Markdown; its first line says in one line what this is.")] = ""
    network: NetworkPart
    data: DataPart | None = None
    training: TrainingPart | None = None
    weight_sets: list[WeightSetPart] = []


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the format: what `resources/schema/` holds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nnviz, version 1",
        **msgspec.json.schema(File),
    }


if __name__ == "__main__":  # python -m nnviz.files.version1 > resources/schema/nnviz-1.schema.json
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
