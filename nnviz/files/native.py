"""nnviz's own format, a JSON file with everything that a person made, including the training run.

A file keeps a run as its start weights, its segments (parts with constant settings) and its curves. Start
weights and segments are enough to compute every iteration of the run again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes
from nnviz.core.columns import Columns
from nnviz.core.history import History
from nnviz.core.losses import forms_of
from nnviz.core.metrics import classifies
from nnviz.core.network import Network, frozen
from nnviz.core.numbers import (
    EARLIER_POINTS,
    EARLIER_RUNS,
    NUMBERS,
    POINTS,
    SEGMENTS,
    Limit,
    counted,
    list_text,
    quoted,
)
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import as_layers, as_vector
from nnviz.core.slopes import QUICK_NS, forward_ns
from nnviz.core.state import (
    COMPILED,
    MOST_UPDATES,
    NUMPY,
    Curve,
    Dataset,
    EarlierRun,
    Run,
    Segment,
    State,
    Training,
    Weights,
    WeightSet,
    with_weights,
)
from nnviz.files import json_text, version1
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.json_text import Point
from nnviz.files.source import Codec, Source
from nnviz.files.version1 import (
    DataPart,
    EarlierRunPart,
    File,
    Matrix,
    RunPart,
    SegmentPart,
    TrainingPart,
    WeightsPart,
    check_rows,
    fields_of,
    object_of,
    part_of,
    without_defaults,
)

SETTINGS = SegmentPart.__struct_fields__[1:]
"""Names of the training settings that affect an update."""

OTHER_CURVES = ("validation", "accuracy", "validation_accuracy")
"""Keys of all curves except the training loss."""

SAME = 1e-6
"""Losses count as equal if their roots differ by at most SAME · (√loss + √first loss + largest |target|)."""


def without_unsavable_run(state: State) -> State:
    """Return `state`, without its run if the run is too large for a file or comes from a user's script."""
    run = state.run
    if run is None:
        return state
    if run.watched:
        return replace(state, run=None)
    few = len(run.segments) <= SEGMENTS.limit and run.iteration <= MOST_UPDATES
    fits = few and _number_count(state, len(run.memory)) <= NUMBERS.limit
    return state if fits else replace(state, run=None)


def _run_part(state: State) -> RunPart | None:
    """Return the run of `state` as part of a file; None if there is no run or the run has no updates."""
    run = state.run
    if run is None or not run.iteration:
        return None
    names = OPTIMIZERS[run.optimizer].memories if run.memory.any() else ()
    network = state.network
    return RunPart(
        iteration=run.iteration,
        segments=[_segment_part(each) for each in run.segments],
        start=part_of(WeightSet.of("start", run.start).layers),
        optimizer_memory=[
            part_of(WeightSet(name, as_layers(vector, network)))
            for name, vector in zip(names, run.memory, strict=bool(names))
        ],
        history=part_of(run.history.line, Point),
        engine=COMPILED if run.engine == COMPILED else NUMPY,  # the object that is the default is left out
        **{curve.name.replace(" ", "_"): part_of(curve.history.line, Point) for curve in run.beside},
    )


def _segment_part(segment: Segment) -> SegmentPart:
    settings = {name: part_of(getattr(segment.training, name)) for name in SETTINGS}
    return SegmentPart(segment.after, **without_defaults(SegmentPart, settings))


def _run_of(part: RunPart, state: State) -> Run | None:
    """Return the run that led to `state`; None if weights or rows in the file were edited after the run.

    Raises FileError if `part` cannot be a run of this network.
    """
    if not state.trainable:
        raise FileError("a run needs rows with targets, and the file has no targets", "run")
    if not 1 <= part.iteration <= MOST_UPDATES:
        raise FileError(f"expected a whole number from 1 to {MOST_UPDATES}", "run.iteration")
    segments = _segments(part, state)
    optimizer = segments[-1].training.optimizer
    memories = OPTIMIZERS[optimizer].memories
    with as_file_errors("run"):
        NUMBERS.check(_number_count(state, len(memories)))
    start = _weights(part.start, state.network, "run.start")
    memory = np.zeros((len(memories), state.network.parameters))
    names = tuple(own.name for own in part.optimizer_memory)
    if names not in ((), memories):  # without any, the memory is 0
        expected, found = (list_text([*map(quoted, each)]) or "none" for each in (memories, names))
        raise FileError(f"expected {expected}, found {found}", "run.optimizer_memory")
    for i, own in enumerate(part.optimizer_memory):
        layers = _weights(own.layers, state.network, f"run.optimizer_memory[{i}].layers")
        memory[i] = as_vector((each.weights, each.biases) for each in layers)
    history = _history(part, segments, state)
    if history.last[0] == part.iteration and _was_edited(state, float(history.points[0, 1]), history.last[1]):
        return None
    network, beside = with_weights(state.network, start), _beside(part, state)
    return Run(
        network, part.iteration, history, optimizer, memory, segments, beside=beside, engine=part.engine
    )


def _was_edited(state: State, first: float, loss: float) -> bool:
    """Return whether the loss of `state` differs from the run's last loss; False if the check would be slow.

    A difference that another computer can cause does not count.
    """
    if forward_ns(state.network, len(state.data)) > QUICK_NS:
        return False
    now, targets = state.loss(), state.data.targets
    assert now is not None
    assert targets is not None
    size = abs(_root(now)) + abs(_root(first)) + float(np.abs(targets).max())
    return not abs(_root(now) - _root(loss)) <= SAME * size < math.inf


def _root(loss: float) -> float:
    return math.copysign(math.sqrt(abs(loss)), loss)


def _number_count(state: State, memories: int) -> int:
    """Return the count of numbers in the file of `state`; `memories` is the optimizer's values per weight."""
    networks = 1 + len(state.weight_sets) + 1 + memories
    return state.data.numbers + state.network.parameters * networks


def _segments(part: RunPart, state: State) -> tuple[Segment, ...]:
    """Return the segments of a run, from iteration 0 on; all have the loss of the present settings."""
    with as_file_errors("run"):
        SEGMENTS.check(len(part.segments), "segments")
    if not part.segments:
        raise FileError("expected at least one segment of the run", "run.segments")
    segments: list[Segment] = []
    for i, each in enumerate(part.segments):
        place, before = f"run.segments[{i}]", segments[-1].after if segments else -1
        if not before < each.after < part.iteration or (i == 0 and each.after):
            expected = "0" if i == 0 else f"a whole number above {before} and below {part.iteration}"
            raise FileError(f"expected {expected}, found {each.after}", f"{place}.after")
        with as_file_errors(place):
            given = {name: getattr(Training, name) for name in SETTINGS} | fields_of(each, place)
            after = given.pop("after")
            training = replace(state.training, updates=1, **given)
            replace(state, training=training)  # raises ValueError if a frozen part is missing
            segments.append(Segment(after, training))
    return tuple(segments)


def _history(part: RunPart, segments: tuple[Segment, ...], state: State) -> History:
    trained = state.trained_rows
    points = _curve(part.history, part.iteration, POINTS, "run.history", least=state.measure.least)
    per_epoch = max(each.training.updates_per_epoch(trained) for each in segments)
    is_thinned = len(points) > 1 and bool(np.diff(points[:, 0]).max() > per_epoch)
    return History(is_thinned=is_thinned).extended(points)


def _beside(part: RunPart, state: State) -> tuple[Curve, ...]:
    """Return the curves other than the loss. Raises FileError for an invalid curve.

    An accuracy is left out if the targets are not classes; older versions have saved such curves.
    """
    curves = []
    for key in OTHER_CURVES if classifies(state) else OTHER_CURVES[:1]:
        given: Matrix = getattr(part, key)
        if given:
            name, place = key.replace("_", " "), f"run.{key}"
            what, lowest = ("validation loss", state.measure.least) if key == "validation" else (name, 0.0)
            points = _curve(given, part.iteration, POINTS, place, what, lowest)
            curves.append(Curve(name, History(is_thinned=True).extended(points)))
    return tuple(curves)


def _curve(
    given: Matrix | Array, last: int, limit: Limit, place: str, what: str = "loss", least: float = 0.0
) -> Array:
    """Return the curve of a run of `last` updates, shape (points, 2). Raises FileError if it is invalid.

    The curve of the loss begins at iteration 0; other curves may begin later.
    """
    with as_file_errors():
        limit.check(len(given), place)
        check_rows(given, 2, f", one for each of iteration and {what}", place)
        points = frozen(object_of(given, place), place)
    if not len(points):
        raise FileError("expected at least one point", place)
    if points.shape[1] != 2:
        raise FileError(f"expected pairs of iteration and {what}", place)
    iterations, values = points.T
    is_late = (np.diff(iterations, prepend=-1.0) > 0) & (iterations <= last)
    is_whole = iterations == np.floor(iterations)
    for column, wrong, wanted in (
        (0, (iterations[:1] != 0) & (what == "loss"), "0, the start of the run"),
        (0, ~(is_late & is_whole), f"a whole number up to {last}, larger than in the previous point"),
        (1, values < least, f"the {what}, a number ≥ 0"),
    ):
        if wrong.any():
            i = int(wrong.argmax())
            raise FileError(f"expected {wanted}, found {points[i, column]:g}", f"{place}[{i}][{column}]")
    return points


def _earlier_runs(parts: list[EarlierRunPart]) -> tuple[EarlierRun, ...]:
    """Return the earlier runs in a file. Raises FileError, also if two runs have the same name."""
    with as_file_errors():
        EARLIER_RUNS.check(len(parts), "runs")
    runs: tuple[EarlierRun, ...] = object_of(parts, "runs")
    names = [run.name for run in runs]
    for i, run in enumerate(runs):
        place = f"runs[{i}]"
        if run.name in names[:i]:
            raise FileError(f"the name {quoted(run.name)} appears twice", f"{place}.name")
        least = min(loss.least for loss in forms_of(run.training.loss))
        if len(_curve(run.history, run.iterations, EARLIER_POINTS, f"{place}.history", least=least)) < 2:
            raise FileError("expected at least two points, found 1", f"{place}.history")
    return runs


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
    if without_unsavable_run(state) is state:
        return []
    watched = state.run is not None and state.run.watched
    return ["the loss curve of the training script" if watched else "the run, which is too large for a file"]


def state_from(raw: Any) -> State:
    """Return the State that parsed JSON describes. Raises FileError."""
    _check_head(raw)
    file = version1.convert(raw, File)
    count, width = len(file.network.layers), len(file.network.inputs)
    for k, layer in enumerate(file.network.layers):
        if layer.nodes is None:
            layer.nodes = [*default_nodes(k, count, len(layer.weights))]
        place, node = f"network.layers[{k}].weights", "node before it" if k else "input"
        check_rows(layer.weights if width else [], width, f", one for each {node}", place)
        width = len(layer.nodes) if len(layer.nodes) == len(layer.weights) else 0  # unknown
    network = object_of(file.network, "network")
    data = Dataset.empty(network) if file.data is None else _dataset(file.data, network)
    training = object_of(file.training or TrainingPart(), "training")
    sets = object_of(file.weight_sets, "weight_sets")
    for i, each in enumerate(sets):
        _check_fits(each.layers, network, f"weight_sets[{i}].layers")
    earlier = _earlier_runs(file.runs)
    columns = Columns(object_of(file.columns, "columns"))
    view = object_of(file.view, "view")
    with as_file_errors():
        state = State(network, data, training, sets, file.name, file.notes, None, earlier, columns, view)
    return state if file.run is None else replace(state, run=_run_of(file.run, state))


# Reading


def _check_head(raw: Any) -> None:
    if not isinstance(raw, dict) or raw.get("format") != "nnviz":
        raise FileError('expected "nnviz": this is not an nnviz file', "format")
    version = raw.get("version")
    if type(version) is not int or version != 1:
        found = quoted(version) if "version" in raw else "none"
        raise FileError(f"expected version 1, found {found}: try a newer nnviz", "version")


def _dataset(part: DataPart, network: Network) -> Dataset:
    for end, nodes in (("input", network.inputs), ("target", network.outputs)):
        name = f"{end}s"
        check_rows(getattr(part, name) or [], len(nodes), f", one for each {end}", f"data.{name}")
        if getattr(part, name) == []:
            setattr(part, name, np.empty((0, len(nodes))))
    made: Dataset = object_of(part, "data")
    return made


def _weights(parts: list[WeightsPart], network: Network, place: str) -> tuple[Weights, ...]:
    """Return weights and biases for every layer of `network`. Raises FileError if a shape does not fit."""
    layers: tuple[Weights, ...] = object_of(parts, place)
    _check_fits(layers, network, place)
    return layers


def _check_fits(layers: Sequence[Weights], network: Network, place: str) -> None:
    if len(layers) != len(network.layers):
        expected = counted(len(network.layers), "layer")
        raise FileError(f"expected {expected}, one for each layer of the network, found {len(layers)}", place)
    for k, pair in enumerate(zip(layers, network.layers, strict=True)):
        for name in Weights.ARRAYS:
            arrays = [getattr(each, name) for each in pair]
            found, expected = ("null" if each is None else f"the shape {each.shape}" for each in arrays)
            if found != expected:
                message = f"expected {expected}, as in the layer of the network, found {found}"
                raise FileError(message, f"{place}[{k}].{name}")


# Writing


def _file(state: State) -> File:
    parts = {name: part_of(getattr(state, name)) for name in File.__struct_fields__[2:]}
    if not len(state.data) and state.data.targets is None:
        del parts["data"]
    return File(format="nnviz", version=1, **parts | {"run": _run_part(without_unsavable_run(state))})


NATIVE = Codec(sniff, read, write, left_out)
