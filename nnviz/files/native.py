"""nnviz's own format, a JSON file with everything that a person made, including the training run.

A file keeps a run as its start weights, its segments (parts with constant settings) and its curves. Start
weights and segments are enough to compute every iteration of the run again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from operator import mul
from typing import Any

import msgspec
import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes
from nnviz.core.columns import Columns
from nnviz.core.history import History
from nnviz.core.losses import forms_of
from nnviz.core.metrics import classifies
from nnviz.core.network import Layer, Network, frozen
from nnviz.core.numbers import (
    KEPT_NUMBERS,
    KEPT_RUNS,
    NODES,
    NUMBERS,
    POINTS,
    SEGMENTS,
    counted,
    list_text,
    quoted,
)
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import as_layers, as_vector
from nnviz.core.runs import is_savable, numbers_of, within_limits
from nnviz.core.slopes import QUICK_NS, forward_ns
from nnviz.core.state import (
    COMPILED,
    MOST_UPDATES,
    NUMPY,
    Curve,
    Dataset,
    Run,
    RunLabel,
    Segment,
    State,
    Training,
    Weights,
    WeightSet,
    run_of,
    with_weights,
)
from nnviz.files import json_text, version1
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.json_text import Point
from nnviz.files.source import Codec, Source
from nnviz.files.version1 import (
    AnyRunPart,
    DataPart,
    File,
    KeptLayerPart,
    KeptNetworkPart,
    KeptRunPart,
    LayerPart,
    Matrix,
    NetworkPart,
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


def without_unsavable_runs(state: State) -> State:
    """Return `state`, without runs that are too large for a file, and without the run of a user's script."""
    runs = within_limits([each for each in state.runs if is_savable(each)], state)
    has_run = state.run and not state.run.watched and is_savable(state)
    return replace(state, runs=runs, run=state.run if has_run else None)


def _run_part(state: State) -> RunPart | None:
    """Return the run of `state` as part of a file; None if there is no run or the run has no updates."""
    run = state.run
    if run is None or not run.iteration:
        return None
    start = part_of(WeightSet.of("start", run.start).layers)
    return RunPart(iteration=run.iteration, start=start, **_any_run_part(state, run))


def _any_run_part(state: State, run: Run) -> dict[str, Any]:
    """Return the parts of a file that the current run and kept runs share."""
    names = OPTIMIZERS[run.optimizer].memories if run.memory.any() else ()
    return {
        **vars(run.label),
        "segments": [_segment_part(each) for each in run.segments],
        "optimizer_memory": [
            part_of(WeightSet(name, as_layers(vector, state.network)))
            for name, vector in zip(names, run.memory, strict=bool(names))
        ],
        "history": part_of(run.history.line, Point),
        "engine": COMPILED if run.engine == COMPILED else NUMPY,  # the object that is the default is left out
        "diverged": run.diverged,
        "stopped": run.stopped,
        **{curve.name.replace(" ", "_"): part_of(curve.history.line, Point) for curve in run.beside},
    }


def _kept_run_part(kept: State, after: State) -> KeptRunPart:
    """Return a kept run as part of a file. Its rows are left out if they are those of `after`."""
    run, training = run_of(kept), part_of(kept.training)
    layers = [KeptLayerPart([*layer.nodes], layer.activation) for layer in kept.network.layers]
    network = KeptNetworkPart([*kept.network.inputs], layers)
    shared = _any_run_part(kept, run)
    part = KeptRunPart(training=training, iterations=run.iteration, network=network, **shared)
    if [each.training for each in run.segments] == [kept.training.update_settings]:
        part.segments = []
    if not run.curve_only:
        for layer, start in zip(layers, run.start.layers, strict=True):
            layer.weights, layer.biases = part_of(start.weights), part_of(start.biases)
        part.end = part_of(WeightSet.of("end", kept.network).layers)
    if kept.data != after.data:
        part.data = part_of(kept.data)
    if kept.columns != after.columns:
        part.columns = part_of(tuple(kept.columns))
    return part


def _segment_part(segment: Segment) -> SegmentPart:
    settings = {name: part_of(getattr(segment.training, name)) for name in SETTINGS}
    return SegmentPart(segment.after, **without_defaults(SegmentPart, settings))


def _run_of(part: AnyRunPart, iteration: int, start: Network, state: State, place: str) -> Run:
    """Return the run of `iteration` updates from the weights of `start` to those of `state`.

    Raises FileError if `part` cannot be a run of this network.
    """
    if not state.trainable:
        raise FileError("a run needs rows with targets, and the file has no targets", place)
    _check_iteration(iteration, f"{place}.{'iteration' if isinstance(part, RunPart) else 'iterations'}")
    segments = _segments(part, iteration, state, place)
    optimizer = segments[-1].training.optimizer
    memories = OPTIMIZERS[optimizer].memories
    with as_file_errors(place):
        NUMBERS.check(state.data.numbers + state.network.parameters * (2 + len(memories)))
    memory = np.zeros((len(memories), state.network.parameters))
    names = tuple(own.name for own in part.optimizer_memory)
    if names not in ((), memories):  # without any, the memory is 0
        expected, found = (list_text([*map(quoted, each)]) or "none" for each in (memories, names))
        raise FileError(f"expected {expected}, found {found}", f"{place}.optimizer_memory")
    for i, own in enumerate(part.optimizer_memory):
        layers = _weights(own.layers, state.network, f"{place}.optimizer_memory[{i}].layers")
        memory[i] = as_vector((each.weights, each.biases) for each in layers)
    points = _curve(part.history, iteration, f"{place}.history", least=state.measure.least)
    history, beside = _history(points, segments, state), _beside(part, iteration, state, place)
    run = Run(start, iteration, history, optimizer, memory, segments, beside=beside, engine=part.engine)
    return replace(run, diverged=part.diverged, stopped=part.stopped)


LARGEST_ID = 10**9
"""Largest id of a run in a file, far below the largest one, so that new runs have higher ids."""


def _check_iteration(iteration: int, place: str) -> None:
    if not 1 <= iteration <= MOST_UPDATES:
        raise FileError(f"expected a whole number from 1 to {MOST_UPDATES}", place)


def _label(part: AnyRunPart, place: str, run_id: int) -> RunLabel:
    for name, number in (("id", run_id), ("parent", part.parent or 1)):
        if not 1 <= number <= LARGEST_ID:
            raise FileError(
                f"expected a whole number from 1 to {LARGEST_ID}, found {number}", f"{place}.{name}"
            )
    with as_file_errors(place):
        return RunLabel(run_id, part.parent, part.name, part.note, part.pinned)


def _current_run(part: RunPart, state: State) -> Run | None:
    """Return the run that led to `state`; None if weights or rows in the file were edited after the run."""
    _check_iteration(part.iteration, "run.iteration")
    start = with_weights(state.network, _weights(part.start, state.network, "run.start"))
    run = _run_of(part, part.iteration, start, state, "run")
    if part.id in [run_of(each).label.id for each in state.runs]:
        raise FileError(f"the id {part.id} appears twice", "run.id")
    label = _label(part, "run", state.next_label.id if part.id is None else part.id)
    return None if _was_edited(state, run) else replace(run, label=label)


def _kept_runs(parts: list[KeptRunPart], state: State, current: RunPart | None) -> tuple[State, ...]:
    """Return the kept runs in a file. Raises FileError, also if two runs have the same id."""
    with as_file_errors():
        KEPT_RUNS.check(len(parts), "runs")
    given = [part.id for part in parts]
    used = {*given, current.id if current else None}
    free = (number for number in count(1) if number not in used)
    ids = [next(free) if each is None else each for each in given]
    kept, after = [], state
    for i, part in reversed([*enumerate(parts)]):
        place = f"runs[{i}]"
        if ids[i] in ids[:i]:
            raise FileError(f"the id {ids[i]} appears twice", f"{place}.id")
        if len(part.history) == 1:
            raise FileError("expected at least two points, found 1", f"{place}.history")
        after = _kept_run(part, after, place)
        after = replace(after, run=replace(run_of(after), label=_label(part, place, ids[i])))
        kept.append(after)
    with as_file_errors():
        KEPT_NUMBERS.check(numbers_of(kept[::-1], state), "runs")
    return tuple(reversed(kept))


def _kept_run(part: KeptRunPart, after: State, place: str) -> State:
    """Return the State at the end of a kept run. Without rows of its own, it has those of `after`."""
    training = object_of(part.training, f"{place}.training")
    if part.network is None or not part.end:
        return _curve_only(part, training, after, place)
    start, columns = _network(part.network, f"{place}.network"), after.columns
    data = after.data if part.data is None else _dataset(part.data, start, f"{place}.data")
    if part.columns is not msgspec.UNSET:
        columns = Columns(object_of(part.columns, f"{place}.columns"))
    network = with_weights(start, _weights(part.end, start, f"{place}.end"))
    with as_file_errors(place):
        state = State(network, data, training, columns=columns)
    run = _run_of(part, part.iterations, start, state, place)
    run = replace(run, curve_only=_was_edited(state, run))
    return replace(state, run=run.with_curves(lambda history, _: history.brief()))


def _curve_only(part: KeptRunPart, training: Training, after: State, place: str) -> State:
    """Return a kept run of which an older version of nnviz has written only the curve."""
    network, data, columns = after.network, after.data, after.columns
    _check_iteration(part.iterations, f"{place}.iterations")
    if part.network is not None:
        with as_file_errors(f"{place}.network"):
            sizes = [len(part.network.inputs), *(len(each.nodes) for each in part.network.layers)]
            NODES.check(sum(sizes))
            NUMBERS.check(sum(map(mul, sizes, sizes[1:])))
            shapes = zip(part.network.layers, sizes[:-1], strict=True)
            layers = [Layer(own.nodes, own.activation, np.zeros((len(own.nodes), n))) for own, n in shapes]
            network = Network(part.network.inputs, layers)
    if network.sizes[0] != after.network.sizes[0] or network.sizes[-1] != after.network.sizes[-1]:
        data, columns = Dataset.empty(network), Columns()
    least = min(loss.least for loss in forms_of(training.loss))
    points = _curve(part.history, part.iterations, f"{place}.history", least=least)
    training = replace(training, frozen=())
    segments = (Segment(0, training.update_settings),)
    history = History(is_thinned=True).extended(points).brief()
    memory = np.zeros((0, network.parameters))
    for output in (network.layers[-1].activation, *OUTPUTS):  # the file may not say which one the run had
        last = replace(network.layers[-1], activation=output)
        fitting = network.with_layer(len(network.layers) - 1, last)
        run = Run(fitting, part.iterations, history, "gradient_descent", memory, segments, curve_only=True)
        with suppress(ValueError):
            return State(fitting, data, training, run=run, columns=columns)
    raise FileError(f"no output has the loss {training.loss}", f"{place}.training.loss")


OUTPUTS = "identity", "sigmoid", "softmax"
"""Activations of the output for which every loss is defined in one of them."""


def _was_edited(state: State, run: Run) -> bool:
    """Return whether the loss of `state` differs from the last loss of its run.

    A difference that another computer can cause does not count. The result is False if the check would be
    slow, or if the run stopped within an epoch.
    """
    first, (last, loss) = float(run.history.points[0, 1]), run.history.last
    if last != run.iteration or forward_ns(state.network, len(state.data)) > QUICK_NS:
        return False
    now, targets = state.loss(), state.data.targets
    assert now is not None
    assert targets is not None
    size = abs(_root(now)) + abs(_root(first)) + float(np.abs(targets).max())
    return not abs(_root(now) - _root(loss)) <= SAME * size < math.inf


def _root(loss: float) -> float:
    return math.copysign(math.sqrt(abs(loss)), loss)


def _segments(part: AnyRunPart, iteration: int, state: State, run_place: str) -> tuple[Segment, ...]:
    """Return the segments of a run, from iteration 0 on; all have the loss of `state`."""
    with as_file_errors(run_place):
        SEGMENTS.check(len(part.segments), "segments")
    if not part.segments:
        if isinstance(part, RunPart):
            raise FileError("expected at least one segment of the run", "run.segments")
        return (Segment(0, state.training.update_settings),)
    segments: list[Segment] = []
    for i, each in enumerate(part.segments):
        place, before = f"{run_place}.segments[{i}]", segments[-1].after if segments else -1
        if not before < each.after < iteration or (i == 0 and each.after):
            expected = "0" if i == 0 else f"a whole number above {before} and below {iteration}"
            raise FileError(f"expected {expected}, found {each.after}", f"{place}.after")
        with as_file_errors(place):
            given = {name: getattr(Training, name) for name in SETTINGS} | fields_of(each, place)
            after = given.pop("after")
            training = replace(state.training.update_settings, **given)
            replace(state, training=training)  # raises ValueError if a frozen part is missing
            segments.append(Segment(after, training))
    return tuple(segments)


def _history(points: Array, segments: tuple[Segment, ...], state: State) -> History:
    per_epoch = max(each.training.updates_per_epoch(state.trained_rows) for each in segments)
    is_thinned = bool((np.diff(points[:, 0]) > per_epoch).any())
    return History(is_thinned=is_thinned).extended(points)


def _beside(part: AnyRunPart, iteration: int, state: State, run_place: str) -> tuple[Curve, ...]:
    """Return the curves other than the loss. Raises FileError for an invalid curve.

    An accuracy is left out if the targets are not classes; older versions have saved such curves.
    """
    curves = []
    for key in OTHER_CURVES if classifies(state) else OTHER_CURVES[:1]:
        if given := getattr(part, key):
            name, place = key.replace("_", " "), f"{run_place}.{key}"
            what, lowest = ("validation loss", state.measure.least) if key == "validation" else (name, 0.0)
            points = _curve(given, iteration, place, what, lowest)
            curves.append(Curve(name, History(is_thinned=True).extended(points)))
    return tuple(curves)


def _curve(given: Matrix, last: int, place: str, what: str = "loss", least: float = 0.0) -> Array:
    """Return the curve of a run of `last` updates, shape (points, 2). Raises FileError if it is invalid.

    The curve of the loss begins at iteration 0; other curves may begin later.
    """
    with as_file_errors():
        POINTS.check(len(given), place)
        check_rows(given, 2, f", one for each of iteration and {what}", place)
        points = frozen(object_of(given, place), place)
    if not len(points):
        raise FileError("expected at least one point", place)
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
    saved = without_unsavable_runs(state)
    lost = []
    if saved.run is not state.run:
        too_large = "the run, which is too large for a file"
        lost.append("the loss curve of the training script" if state.is_watched else too_large)
    if missing := len(state.runs) - len(saved.runs):
        lost.append(f"{counted(missing, 'kept run')}, too large for a file")
    return lost


def state_from(raw: Any) -> State:
    """Return the State that parsed JSON describes. Raises FileError."""
    _check_head(raw)
    file = version1.convert(raw, File)
    network = _network(file.network, "network")
    data = Dataset.empty(network) if file.data is None else _dataset(file.data, network, "data")
    training = object_of(file.training or TrainingPart(), "training")
    sets = object_of(file.weight_sets, "weight_sets")
    for i, each in enumerate(sets):
        _check_fits(each.layers, network, f"weight_sets[{i}].layers")
    columns = Columns(object_of(file.columns, "columns"))
    view = object_of(file.view, "view")
    with as_file_errors():
        state = State(network, data, training, sets, file.name, file.notes, columns=columns, view=view)
    state = replace(state, runs=_kept_runs(file.runs, state, file.run), baseline=file.baseline)
    if file.baseline not in [run_of(each).label.id for each in state.runs] + [file.run and file.run.id]:
        state = replace(state, baseline=None)
    return state if file.run is None else replace(state, run=_current_run(file.run, state))


# Reading


def _check_head(raw: Any) -> None:
    if not isinstance(raw, dict) or raw.get("format") != "nnviz":
        raise FileError('expected "nnviz": this is not an nnviz file', "format")
    version = raw.get("version")
    if type(version) is not int or version != 1:
        found = quoted(version) if "version" in raw else "none"
        raise FileError(f"expected version 1, found {found}: try a newer nnviz", "version")


def _network(part: NetworkPart | KeptNetworkPart, place: str) -> Network:
    """Return the network that a part describes. Layers without names of nodes get default names."""
    layers: Sequence[LayerPart | KeptLayerPart] = part.layers
    width = len(part.inputs)
    for k, layer in enumerate(layers):
        if layer.nodes is None:
            layer.nodes = [*default_nodes(k, len(layers), len(layer.weights))]
        node = "node before it" if k else "input"
        check_rows(
            layer.weights if width else [], width, f", one for each {node}", f"{place}.layers[{k}].weights"
        )
        width = len(layer.nodes) if len(layer.nodes) == len(layer.weights) else 0  # unknown
    network: Network = object_of(part, place)
    return network


def _dataset(part: DataPart, network: Network, place: str) -> Dataset:
    for end, nodes in (("input", network.inputs), ("target", network.outputs)):
        name = f"{end}s"
        check_rows(getattr(part, name) or [], len(nodes), f", one for each {end}", f"{place}.{name}")
        if getattr(part, name) == []:
            setattr(part, name, np.empty((0, len(nodes))))
    made: Dataset = object_of(part, place)
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
    state = without_unsavable_runs(state)
    names = (name for name in File.__struct_fields__[2:] if name not in ("run", "runs"))
    parts = {name: part_of(getattr(state, name)) for name in names}
    if not len(state.data) and state.data.targets is None:
        del parts["data"]
    pairs = zip(state.runs, (*state.runs[1:], state), strict=False)
    runs = [_kept_run_part(*pair) for pair in pairs]
    return File(format="nnviz", version=1, **parts | {"run": _run_part(state), "runs": runs})


NATIVE = Codec(sniff, read, write, left_out)
