"""The JSON of an nnviz file, version 1: the schema, and the conversion of each part.

Run as a program, this module prints the JSON Schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sized
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from functools import reduce
from operator import or_
from statistics import mode
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta

from nnviz.core.activations import ACTIVATIONS, Array
from nnviz.core.columns import Column
from nnviz.core.losses import LOSSES
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import counted, quoted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import SCHEDULES
from nnviz.core.state import NUMPY, Dataset, EngineName, Shown, Training, Weights, WeightSet
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.json_text import Point, Row

Matrix: TypeAlias = list[Row]
_T = TypeVar("_T")


def _meta(description: str | None = None, **schema: Any) -> Meta:
    """Return a description of a field and further keywords for its schema, which msgspec does not check."""
    return Meta(description=description, extra_json_schema=schema or None)


_Names = Annotated[list[str], _meta("The names are unique within the network.")]
_Weights = Annotated[Matrix, _meta("Row j holds the weights that feed node j.")]
_Biases = Annotated[list[float] | None, _meta("One bias for each node, or null.")]


def _entry(example: str, registry: Collection[str], with_parameter: Iterable[str]) -> Meta:
    """Return the description of the name of an entry in a registry, which may have a parameter."""
    pattern = rf"^({'|'.join(with_parameter)})\(.+\)$"
    description = f"Write a parameter other than the default in parentheses: {example}."
    return _meta(description, anyOf=[{"enum": list(registry)}, {"pattern": pattern}])


_Activation = Annotated[
    str,
    _entry("leaky_relu(0.2)", ACTIVATIONS, (name for name, each in ACTIVATIONS.items() if each.parameter)),
]
_Optimizer = Annotated[str, _meta(enum=list(OPTIMIZERS))]
_Loss = Annotated[
    str, _entry("huber(0.5)", LOSSES, (name for name, forms in LOSSES.items() if forms[0].parameter))
]
_Validation = Annotated[
    float,
    _meta(
        "The share of the rows used for validation. nnviz uses the last rows of the data.",
        minimum=0,
        exclusiveMaximum=1,
    ),
]


class LayerPart(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One layer; if `nodes` is missing, the nodes get default names."""

    nodes: _Names | None = None
    activation: _Activation
    weights: _Weights
    biases: _Biases = None


class NetworkPart(msgspec.Struct, forbid_unknown_fields=True):
    """The names of the inputs, and the layers, the output layer last."""

    inputs: _Names
    layers: list[LayerPart]


class DataPart(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The rows: inputs and optional targets."""

    inputs: Annotated[Matrix, _meta("Each row has one value for each input.")]
    targets: Annotated[Matrix | None, _meta("Each row has one value for each output.")] = None


_Rate = Annotated[float, _meta(exclusiveMinimum=0)]
_BatchSize = Annotated[int | None, _meta(minimum=1)]
_Seed = Annotated[int, _meta(minimum=0)]
_Factor = Annotated[
    float, _meta("Factor of the penalty for large weights: l1·Σ|w| + l2·Σw², without biases.", minimum=0)
]
_Frozen = Annotated[
    list[str], _meta('Parts that training does not change: "layer 0", "node_0", "a -> b", "bias node_0".')
]


_Until = Annotated[float, _meta("A run ends when its loss is at most this.", exclusiveMinimum=0)]
_Patience = Annotated[
    int, _meta("A run ends after this many epochs without a smaller validation loss.", minimum=1)
]
_Keep = Annotated[Literal["best"], _meta("A run ends with the weights of the smallest validation loss.")]


_SCHEDULE_PARTS: dict[str, Any] = {
    kind: msgspec.defstruct(
        f"{kind.capitalize()}SchedulePart",
        [(each.name, get_type_hints(own)[each.name]) for each in dataclass_fields(own)],
        tag_field="kind",
        tag=kind,
        forbid_unknown_fields=True,
        namespace={"__doc__": own.__doc__},
    )
    for kind, own in SCHEDULES.items()
}
"""The struct of each kind of schedule."""
if TYPE_CHECKING:
    _Schedule: TypeAlias = Any
else:
    _Schedule = reduce(or_, _SCHEDULE_PARTS.values()) | msgspec.UnsetType


class TrainingPart(msgspec.Struct, forbid_unknown_fields=True):
    """The settings of a run. A `batch_size` of null means all rows; `updates` is the number of iterations."""

    # without `l1` and `l2`, there is no penalty; without `schedule`, the learning rate is constant; without
    # `frozen`, training changes all weights and biases

    learning_rate: _Rate = 0.01
    updates: Annotated[int, _meta(minimum=1)] = 20
    batch_size: _BatchSize = None
    optimizer: _Optimizer = "gradient_descent"
    seed: _Seed = 0
    loss: _Loss = "mse"
    validation: _Validation = 0.0
    l1: _Factor | msgspec.UnsetType = msgspec.UNSET
    l2: _Factor | msgspec.UnsetType = msgspec.UNSET
    schedule: _Schedule = msgspec.UNSET
    frozen: _Frozen | msgspec.UnsetType = msgspec.UNSET
    until: _Until | msgspec.UnsetType = msgspec.UNSET
    patience: _Patience | msgspec.UnsetType = msgspec.UNSET
    keep: _Keep | msgspec.UnsetType = msgspec.UNSET


class ColumnPart(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A column of a raw table. `nodes` are the inputs or outputs that the column becomes."""

    # A column of numbers becomes one node, (raw − mean) / deviation. A column of texts, with `values`,
    # becomes a one-hot node for each text.

    name: str
    nodes: Annotated[list[str], _meta("Names of inputs or names of outputs.", minItems=1)]
    values: Annotated[list[str], _meta("The text for which each of `nodes` is 1.")] = []
    mean: float = 0.0
    deviation: Annotated[float, _meta(exclusiveMinimum=0)] = 1.0
    formula: Annotated[str, _meta("How the input is computed from raw numbers: x_0*x_1.")] = ""


class WeightsPart(msgspec.Struct, forbid_unknown_fields=True):
    """One layer's weights and biases."""

    weights: _Weights
    biases: _Biases = None


class WeightSetPart(msgspec.Struct, forbid_unknown_fields=True):
    """A named set of weights and biases for all layers, in addition to the network's own weights."""

    name: str
    layers: list[WeightsPart]


class SegmentPart(msgspec.Struct, forbid_unknown_fields=True):
    """The settings that apply after the first `after` updates of a run, up to the next segment."""

    after: Annotated[int, _meta(minimum=0)]
    learning_rate: _Rate
    batch_size: _BatchSize
    optimizer: _Optimizer
    seed: _Seed
    l1: _Factor | msgspec.UnsetType = msgspec.UNSET
    l2: _Factor | msgspec.UnsetType = msgspec.UNSET
    schedule: _Schedule = msgspec.UNSET
    frozen: _Frozen | msgspec.UnsetType = msgspec.UNSET


class AnyRunPart(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What the file has of the current run and of each kept run."""

    # optimizer_memory has the optimizer's values for each weight and bias by name, such as v; default: 0

    id: Annotated[int | None, _meta("The number of the run, from 1.")] = None
    parent: Annotated[int | None, _meta("The id of the run that ended before this run.")] = None
    name: Annotated[str, _meta("Without a name, nnviz names the run by its settings.")] = ""
    note: str = ""
    pinned: Annotated[bool, _meta("Whether the run is kept when there are too many runs.")] = False
    segments: list[SegmentPart] = []
    optimizer_memory: list[WeightSetPart] = []
    history: Annotated[
        Matrix,
        _meta(
            "Pairs [iteration, loss after the iteration] from iteration 0; pairs may be missing.", minItems=1
        ),
    ]
    validation: Annotated[Matrix, _meta("Pairs [iteration, validation loss].")] = []
    accuracy: Annotated[Matrix, _meta("Pairs [iteration, accuracy].")] = []
    validation_accuracy: Annotated[Matrix, _meta("Pairs [iteration, validation accuracy].")] = []
    engine: Annotated[EngineName, _meta("What has computed the updates.")] = NUMPY
    diverged: Annotated[bool, _meta("Whether a number became infinite or NaN.")] = False
    stopped: Annotated[
        str,
        Meta(
            description="What ended the run early.",
            pattern=r"^(patience [1-9]\d{0,15}|until \d[\d.e+-]{0,30})?$",
        ),
    ] = ""


class RunPart(AnyRunPart, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The run that led to the weights. To repeat it, train from `start` with the settings in `segments`."""

    iteration: Annotated[int, _meta(minimum=1)]
    start: Annotated[list[WeightsPart], _meta("The weights at iteration 0, layer by layer.")]


class KeptLayerPart(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One layer of the network of a kept run; older versions kept no weights."""

    nodes: _Names
    activation: _Activation
    weights: _Weights = []
    biases: _Biases = None


class KeptNetworkPart(msgspec.Struct, forbid_unknown_fields=True):
    """The network of a kept run, with the weights at iteration 0."""

    inputs: _Names
    layers: list[KeptLayerPart]


class KeptRunPart(AnyRunPart, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A kept run. To repeat it, train `network` with the settings in `training` and `segments`."""

    # without `data`, the rows and columns are those of the next run in the list, or of the file; without
    # `segments`, `training` holds in all updates

    training: TrainingPart
    iterations: Annotated[int, _meta(minimum=1)]
    network: KeptNetworkPart | None = None
    end: Annotated[list[WeightsPart], _meta("The weights after the last iteration.")] = []
    data: DataPart | None = None
    columns: list[ColumnPart] | msgspec.UnsetType = msgspec.UNSET


class ViewPart(msgspec.Struct, forbid_unknown_fields=True):
    """What the window shows when the file is opened."""

    panel: Annotated[str, _meta("The panel in front at the right of the diagram.")]


class File(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A network with its data, settings and weight sets, as nnviz saves it."""

    format: Literal["nnviz"]
    version: Literal[1]
    name: str = ""
    notes: Annotated[str, _meta("Markdown; the first line is a summary.")] = ""
    network: NetworkPart
    data: DataPart | None = None
    training: TrainingPart | None = None
    weight_sets: list[WeightSetPart] = []
    run: RunPart | None = None
    runs: Annotated[list[KeptRunPart], _meta("Kept runs; the run that ended last is the last.")] = []
    baseline: Annotated[int | None, _meta("The id of the run that others are compared with.")] = None
    columns: Annotated[
        list[ColumnPart], _meta("How the cells of a raw table become inputs and targets.")
    ] = []
    view: ViewPart | None = None


_WORDS = {
    "array": "a list",
    "Row": "a list",
    "object": "an object in braces",
    "str": "a text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
}


def convert(raw: Any, kind: type[_T], place: str = "") -> _T:
    """Return parsed JSON as an object of a type, such as File. `place` is the place of `raw` in the file.

    Raises FileError for a value of the wrong type.
    """
    try:
        return msgspec.convert(raw, kind, dec_hook=_row)
    except msgspec.ValidationError as error:
        raise _plain_error(error).within(place) from None


def to_json_types(file: File) -> Any:
    """Convert a File to dictionaries, lists and plain values. Row and Point objects stay unchanged."""
    raw = msgspec.to_builtins(file, builtin_types=(Row, Point))
    for run in (*raw.get("runs", ()), *filter(None, [raw.get("run")])):
        for name in AnyRunPart.__struct_fields__[5:]:  # what is long comes last
            if name in run:
                run[name] = run.pop(name)
    return raw


def _row(_type: type, value: Any) -> Row:
    if isinstance(value, Row):
        return value
    try:
        return Row(np.array(msgspec.convert(value, list[float])))
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None  # msgspec adds the place of the row


def _plain_error(error: msgspec.ValidationError) -> FileError:
    """Return an error of msgspec in plain words, with its place in the file, such as "data.inputs[0]"."""
    what, *places = str(error).split(" - at `$")
    place = "".join(part.rstrip("`") for part in reversed(places)).removeprefix(".")
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        return FileError(f"unknown key {quoted(match[1])}", place)
    if match := re.fullmatch(r"Object missing required field `(.*)`", what):
        return FileError(f"the key {match[1]!r} is missing", place)
    if match := re.fullmatch(r"Expected `(.*)`, got `(.*)`", what):
        expected = " or ".join(_WORDS.get(word, word) for word in match[1].split(" | "))
        found = "a decimal number" if match[2] == "float" else _WORDS.get(match[2], match[2])
        return FileError(f"expected {expected}, found {found}", place)
    if what == "Number out of range":
        return FileError("expected a finite number, found a number that is too large", place)
    what = re.sub("`([a-z]+)`", lambda word: _WORDS.get(word[1], word[1]), what.replace(" enum ", " "))
    return FileError(f"{what[0].lower()}{what[1:]}", place)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the format, which is also in `resources/schema/`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nnviz, version 1",
        **msgspec.json.schema(File, schema_hook=lambda _row: {"type": "array", "items": {"type": "number"}}),
    }


if __name__ == "__main__":  # python -m nnviz.files.version1 > resources/schema/nnviz-1.schema.json
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


_OBJECTS: dict[type, Callable[..., Any]] = {
    KeptNetworkPart: Network,
    KeptLayerPart: Layer,
    NetworkPart: Network,
    LayerPart: Layer,
    DataPart: Dataset,
    TrainingPart: Training,
    ColumnPart: Column,
    WeightsPart: Weights,
    WeightSetPart: WeightSet,
    ViewPart: Shown,
    **{part: SCHEDULES[kind] for kind, part in _SCHEDULE_PARTS.items()},
}
"""The class of nnviz.core that each part describes; the fields of both have the same names."""
_PART_OF = {own: part for part, own in _OBJECTS.items()}
"""The part that describes an object of each class of nnviz.core; of several parts, the last one."""


def object_of(part: Any, place: str) -> Any:
    """Return the object of nnviz.core that a part of a file describes, or that a list of parts describes.

    Lists become tuples, and rows of numbers an array, shape (rows, numbers). Raises FileError, with the place
    in the file, for a value that nnviz.core refuses.
    """
    if isinstance(part, list):
        if part and isinstance(part[0], Row):
            return _matrix(part, place)
        return tuple(object_of(each, f"{place}[{k}]") for k, each in enumerate(part))
    if type(part) not in _OBJECTS:
        return part
    with as_file_errors(place):
        return _OBJECTS[type(part)](**fields_of(part, place))


def fields_of(part: msgspec.Struct, place: str) -> dict[str, Any]:
    """Return the fields of a part that the file has, each as an object of nnviz.core."""
    given = msgspec.structs.asdict(part).items()
    return {name: object_of(each, f"{place}.{name}") for name, each in given if each is not msgspec.UNSET}


def _matrix(rows: Matrix, place: str) -> Array:
    check_rows(rows, mode(map(len, rows)), " as in the other rows", place)
    return np.array([row.numbers for row in rows])


def check_rows(rows: Iterable[Sized], width: int, why: str, place: str) -> None:
    """Raise FileError unless each row has `width` numbers; `why` is a reason that follows this count."""
    for j, row in enumerate(rows):
        if len(row) != width:
            expected = f"{counted(width, 'number')}{why}"
            raise FileError(f"expected {expected}, found {len(row)}", f"{place}[{j}]")


def part_of(value: Any, row: type[Row] = Row) -> Any:
    """Return an object of nnviz.core as part of a file. Each row of an array becomes an object of `row`."""
    if isinstance(value, np.ndarray):
        return [row(each) for each in value] if value.ndim > 1 else value.tolist()
    if isinstance(value, Training):
        value = replace(value, learning_rate=float(value.learning_rate))
    if isinstance(value, tuple):
        return [part_of(each) for each in value]
    if type(value) not in _PART_OF:
        return value
    part: Any = _PART_OF[type(value)]
    parts = {name: part_of(getattr(value, name)) for name in part.__struct_fields__}
    return part(**without_defaults(part, parts))


def training_json(training: Training) -> dict[str, Any]:
    """Return settings as a dictionary for JSON, as in a file."""
    return dict(msgspec.to_builtins(part_of(training)))


def without_defaults(part: type[msgspec.Struct], values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields `values` of a part without optional fields that are None, 0 or empty."""
    optional = {each.name for each in msgspec.structs.fields(part) if each.default is msgspec.UNSET}
    return {name: each for name, each in values.items() if each or name not in optional}
