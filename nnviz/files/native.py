"""nnviz's own file format, version 1: a State as JSON text. Each error names its place in the file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from nnviz.core.address import default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import quoted
from nnviz.core.state import Column, Columns, Dataset, State, Training, WeightSet
from nnviz.files import json_text, runs, version1
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.source import Source
from nnviz.files.version1 import (
    ColumnPart,
    DataPart,
    File,
    LayerPart,
    NetworkPart,
    WeightSetPart,
    all_weights,
    biases_of,
    check_count,
    matrix,
    numbers,
    rows,
    training_of,
    training_part,
    weights_parts,
)


def sniff(data: bytes) -> bool:
    """Return whether the bytes of a file contain the name of nnviz's own format."""
    return re.search(rb'"format"\s*:\s*"nnviz"', data) is not None


def read(source: Source) -> State:
    """Return the State in a file. Raises FileError."""
    return state_from(json_text.parse(json_text.decode_text(source.data), source.progress))


def write(state: State) -> bytes:
    """Return the bytes of a file with `state`, except a run that is too large.

    Raises FileError for values that could not be read again, such as a number that is not finite.
    """
    raw = version1.to_json_types(_file(state))
    state_from(raw)
    text = json_text.to_text(raw) + "\n"
    json_text.check_counts(text)
    return text.encode()


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that a file does not keep, such as "the run"."""
    if runs.without_unsavable_run(state) is state:
        return []
    watched = state.run is not None and state.run.watched
    return ["the loss curve of the training script" if watched else "the run, which is too large for a file"]


def state_from(raw: Any) -> State:
    """Return the State that parsed JSON describes. Raises FileError."""
    _check_head(raw)
    file = version1.parse(raw)
    network = _network(file.network)
    data = Dataset.empty(network) if file.data is None else _dataset(file.data, network)
    training = Training() if file.training is None else training_of(file.training)
    sets = tuple(_weight_set(part, network, f"weight_sets[{i}]") for i, part in enumerate(file.weight_sets))
    earlier = runs.earlier_runs(file.runs)
    columns = Columns(_column(part, f"columns[{i}]") for i, part in enumerate(file.columns))
    with as_file_errors():
        state = State(network, data, training, sets, file.name, file.notes, runs=earlier, columns=columns)
    return state if file.run is None else replace(state, run=runs.run_of(file.run, state))


# Reading


def _check_head(raw: Any) -> None:
    if not isinstance(raw, dict) or raw.get("format") != "nnviz":
        raise FileError('expected "nnviz": this is not an nnviz file', "format")
    version = raw.get("version")
    if type(version) is not int or version != 1:
        found = quoted(version) if "version" in raw else "none"
        raise FileError(f"expected version 1, found {found}: try a newer nnviz", "version")


def _network(part: NetworkPart) -> Network:
    if not part.inputs:
        raise FileError("expected at least one name", "network.inputs")
    layers: list[Layer] = []
    for k in range(len(part.layers)):
        layers.append(_layer(part, k, len(layers[-1]) if layers else len(part.inputs)))
    with as_file_errors("network"):
        return Network(tuple(part.inputs), tuple(layers))


def _layer(part: NetworkPart, k: int, width: int) -> Layer:
    layer, place = part.layers[k], f"network.layers[{k}]"
    count = len(layer.weights)
    if count == 0:
        raise FileError("expected at least one row", f"{place}.weights")
    names = default_nodes(k, len(part.layers), count) if layer.nodes is None else tuple(layer.nodes)
    check_count(count, len(names), "row", "node", f"{place}.weights")
    weights = matrix(layer.weights, width, "node before it" if k else "input", f"{place}.weights")
    biases = biases_of(layer.biases, count, f"{place}.biases")
    with as_file_errors(place):
        return Layer(names, layer.activation, weights, biases)


def _dataset(part: DataPart, network: Network) -> Dataset:
    inputs = matrix(part.inputs, len(network.inputs), "input", "data.inputs")
    targets = None
    if part.targets is not None:
        check_count(len(part.targets), len(inputs), "row", "row of inputs", "data.targets")
        targets = matrix(part.targets, len(network.outputs), "output", "data.targets")
    with as_file_errors("data"):
        return Dataset(inputs, targets)


def _weight_set(part: WeightSetPart, network: Network, place: str) -> WeightSet:
    layers = all_weights(part.layers, network, f"{place}.layers")
    with as_file_errors(place):
        return WeightSet(part.name, layers)


def _column(part: ColumnPart, place: str) -> Column:
    with as_file_errors(place):
        return Column(part.name, tuple(part.nodes), tuple(part.values), part.mean, part.deviation)


# Writing


def _file(state: State) -> File:
    return File(
        format="nnviz",
        version=1,
        name=state.name,
        notes=state.notes,
        network=NetworkPart(
            list(state.network.inputs),
            [
                LayerPart(
                    nodes=list(layer.nodes),
                    activation=layer.activation,
                    weights=rows(layer.weights),
                    biases=numbers(layer.biases),
                )
                for layer in state.network.layers
            ],
        ),
        data=_data(state.data),
        training=training_part(state.training),
        weight_sets=[WeightSetPart(each.name, weights_parts(each.layers)) for each in state.weight_sets],
        run=runs.part_of(runs.without_unsavable_run(state)),
        runs=runs.earlier_parts(state.runs),
        columns=[
            ColumnPart(each.name, list(each.nodes), list(each.values), each.mean, each.deviation)
            for each in state.columns
        ],
    )


def _data(data: Dataset) -> DataPart | None:
    if len(data) == 0 and data.targets is None:
        return None
    return DataPart(rows(data.inputs), None if data.targets is None else rows(data.targets))
