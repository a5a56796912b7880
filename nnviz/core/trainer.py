"""Training: batches, forward and backward passes, measures, and the updates.

A pass is a forward and backward pass over some rows of the data. The rows are copied into a table, so that
the rows of a pass are one block of memory. The table has a column of ones if the first layer has biases. Long
data is cut into blocks of rows, so that a unit of work is always short. Within a pass, an array has a row for
each node and a column for each data row, so that the values of a node are contiguous.

All weights and biases are in one flat vector, so that an update is one subtraction. The order is layer by
layer, node by node; the bias of a node comes after the weights. This module uses no windows, clocks or
threads: the caller decides when to compute the next unit of work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array, Call
from nnviz.core.address import Address
from nnviz.core.history import History
from nnviz.core.losses import Loss
from nnviz.core.metrics import classifies, correct_counter
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.slopes import PASSES_PER_UPDATE, Work, forward_ns
from nnviz.core.state import Curve, Run, Segment, State, Weights, epoch_order

PASS_NS = 6_700_000.0
"""Longest time that one forward pass and its backward pass take together, in nanoseconds."""
UNCUT_ROWS = 8
"""A pass may have this many rows even if it exceeds PASS_NS: for large networks, 8 rows take as long as 1."""
READY_NUMBERS = 2**15
"""Largest number of input values that are copied together for several mini-batches; fits in the cache."""
READY_BATCHES = 256
"""Largest number of mini-batches whose rows are copied together."""
COPIED_BYTES = 2**24
"""Inputs up to this size, in bytes, are copied once, as a whole, to append a column of ones."""


class _Room(NamedTuple):
    """Tables for the rows of a pass, and a function that returns buffers for a number of rows."""

    inputs: Array
    targets: Array
    buffers: Callable[[int], Buffers]


class Batches:
    """Creates the passes (forward and backward) over the data of a State, with the weights in `parameters`.

    If `rate` is not None, the slopes are multiplied by `rate`, a 0-dimensional array.

    ================= ====================================================================
    `per_epoch`       number of updates in an epoch
    `training_pass`   the pass over all training rows; None if several passes are needed
    `validation_pass` the pass over all validation rows; None if several passes are needed
    `long`            whether an update takes more than one pass
    `pass_ns`         approximate time of the longest pass, in nanoseconds
    ================= ====================================================================

    Sums are added pass by pass, so the last bits of a sum depend on the number of rows per pass. This number
    depends only on the network.
    """

    def __init__(self, state: State, parameters: Parameters, rate: Array | None) -> None:
        network, data, settings = state.network, state.data, state.training
        assert data.targets is not None
        self._measure, self._rows, self._outputs = state.measure, state.trained_rows, len(network.outputs)
        self._batch = min(settings.batch_size or self._rows, self._rows)
        self._seed = settings.seed
        self.per_epoch = settings.updates_per_epoch(self._rows)
        row_ns = forward_ns(network)
        at_once = max(UNCUT_ROWS, int(PASS_NS / (PASSES_PER_UPDATE * row_ns)))
        self.long = self._batch > at_once
        # A pass that only measures the loss can be longer: the forward pass is a third of an update.
        longest = at_once if self.long or self.per_epoch == 1 else PASSES_PER_UPDATE * at_once
        self._block = min(longest, self._rows)
        self.pass_ns = row_ns * max(PASSES_PER_UPDATE * min(self._batch, at_once), self._block)

        self._rate = rate
        self._scales: dict[int, Array] = {}
        self._make_buffers = partial(Buffers, network, self._measure, parameters)
        self._source = _Source(state)
        self._room = self._make_room(self._block)
        self._all = np.arange(self._rows)
        self.training_pass: Pass | None = None
        if self._block == self._rows:
            (self.training_pass,) = self._blocks(self._all, self._room)
        self._prepare_validation(np.arange(self._rows, len(data)), PASSES_PER_UPDATE * at_once)
        self._prepared: list[tuple[Call, ...]] = []
        if self.per_epoch > 1 and not self.long:
            self._make_room_for_batches()

    def training_passes(self) -> Iterator[Pass]:
        """Yield the passes over all training rows, in order. Run each pass before you take the next pass."""
        return iter((self.training_pass,)) if self.training_pass else self._blocks(self._all, self._room)

    def validation_passes(self) -> Iterator[Pass]:
        """Yield the passes over the validation rows. Run each pass before you take the next pass."""
        if self.validation_pass or not self._validation_room:
            return iter((self.validation_pass,) if self.validation_pass else ())
        return self._blocks(self._validation_rows, self._validation_room)

    def blocks(self, done: int) -> Iterator[Pass]:
        """Yield the passes of update number `done` + 1. Run each pass before you take the next pass."""
        if self.per_epoch == 1:
            return self._blocks(self._all, self._room)
        epoch, part = divmod(done, self.per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)
        return self._blocks(order[part * self._batch : (part + 1) * self._batch], self._room)

    def calls(self, done: int) -> tuple[Call, ...]:
        """Return the functions to call for the forward and backward pass of update number `done` + 1."""
        at = done - self._first_prepared
        if not 0 <= at < len(self._prepared):
            self._prepare(done)
            at = done - self._first_prepared
        return self._prepared[at]

    def apply_rate(self) -> None:
        """Scale the slopes of the next passes with the learning rate that the array `rate` now contains."""
        for batch, scale in self._scales.items():
            scale.fill(self._scale(batch))

    def _prepare_validation(self, rows: NDArray[np.intp], longest: int) -> None:
        """Create the buffers to measure the validation rows; an update uses the other buffers."""
        self._validation_rows = rows
        self._validation_room = self._make_room(min(len(rows), longest)) if len(rows) else None
        self.validation_pass: Pass | None = None
        if self._validation_room and len(rows) <= longest:
            (self.validation_pass,) = self._blocks(rows, self._validation_room)

    def _make_room(self, rows: int) -> _Room:
        return _Room(*self._source.room(rows), cache(self._make_buffers))

    def _blocks(self, order: NDArray[np.intp], room: _Room) -> Iterator[Pass]:
        for start in range(0, len(order), len(room.inputs)):
            which = order[start : start + len(room.inputs)]
            inputs, targets = room.inputs[: len(which)], room.targets[: len(which)]
            self._source.copy(which, inputs, targets)
            yield self._pass_over(inputs, targets, len(order), room)

    def _pass_over(self, inputs: Array, targets: Array, batch: int, room: _Room) -> Pass:
        """Return the pass over rows that are a part of a batch with `batch` rows."""
        if batch not in self._scales:
            self._scales[batch] = np.array(self._scale(batch))
        return room.buffers(len(inputs)).pass_over(inputs, targets, self._scales[batch])

    def _scale(self, batch: int) -> float:
        """Return the factor that turns slopes into slopes of the mean loss of a batch."""
        return self._measure.scale(batch, self._outputs) * (1.0 if self._rate is None else float(self._rate))

    # Every epoch has another order of the rows. The mini-batches of many updates are copied together, into a
    # table whose passes are created once.

    def _make_room_for_batches(self) -> None:
        batch = self._batch
        fitting = READY_NUMBERS // (batch * self._source.width)
        self._at_once = max(1, min(fitting, READY_BATCHES, self.per_epoch))
        self._table = inputs, targets = self._source.room(self._at_once * batch)

        def calls(k: int, count: int) -> tuple[Call, ...]:
            part = slice(k * batch, k * batch + count)
            return self._pass_over(inputs[part], targets[part], count, self._room).all_calls

        self._full = [calls(k, batch) for k in range(self._at_once)]
        self._short: tuple[Call, ...] = ()
        if short := self._rows % batch:
            self._short = calls((self.per_epoch - 1) % self._at_once, short)
        self._first_prepared = 0

    def _prepare(self, done: int) -> None:
        epoch, part = divmod(done, self.per_epoch)
        start = part - part % self._at_once
        end = min(start + self._at_once, self.per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)[start * self._batch : end * self._batch]
        inputs, targets = self._table
        self._source.copy(order, inputs[: len(order)], targets[: len(order)])
        self._first_prepared = done - part + start
        self._prepared = self._full[: end - start]
        if self._short and end == self.per_epoch:
            self._prepared[-1] = self._short


class _Source:
    """The data of a State, to copy rows of it into tables of `width` inputs."""

    def __init__(self, state: State) -> None:
        data = state.data
        assert data.targets is not None
        ones = state.network.layers[0].biases is not None
        self.width = data.inputs.shape[1] + ones
        self._inputs, self._targets = data.inputs, data.targets
        if ones and data.inputs.nbytes <= COPIED_BYTES:
            self._inputs = np.hstack((data.inputs, np.ones((len(data), 1))))

    def room(self, rows: int) -> tuple[Array, Array]:
        """Return two new tables with `rows` rows: inputs (and a column of ones if needed), and targets."""
        return np.ones((rows, self.width)), np.empty((rows, self._targets.shape[1]))

    def copy(self, which: NDArray[np.intp], inputs: Array, targets: Array) -> None:
        """Write the rows with the indices `which` into the tables `inputs` and `targets`."""
        if self._inputs.shape[1] == self.width:
            self._inputs.take(which, axis=0, out=inputs, mode="clip")  # mode "raise" would copy `out` first
        else:
            inputs[:, :-1] = self._inputs.take(which, axis=0)
        self._targets.take(which, axis=0, out=targets, mode="clip")


class Parameters:
    """The weights, biases, slopes and optimizer memory that training changes in place.

    ================ =========================================================================
    `vectors`        the values, then the optimizer's memory, shape (1 + memories, parameters)
    `values`         the first row of `vectors`: all weights and biases
    `memory`         the other rows of `vectors`, which start as zeros
    `matrices`       the values layer by layer, shape (nodes, inputs of the layer [+ 1 for b])
    `slopes`         ∂loss/∂value of each value, shape (parameters,)
    `slope_matrices` the slopes layer by layer, in the shapes of `matrices`
    ================ =========================================================================
    """

    def __init__(self, network: Network, memories: int) -> None:
        count = sum(nodes * inputs for nodes, inputs in _shapes(network))
        self.vectors = np.zeros((1 + memories, count))
        self.values, self.memory = self.vectors[0], self.vectors[1:]
        self.slopes = np.full(count, 0.0)  # writes now, so that the first product need not wait for the pages
        self.matrices, self.slope_matrices = (_matrices(each, network) for each in (self.values, self.slopes))
        for (weights, biases), layer in zip(_views(self.values, network), network.layers, strict=True):
            weights[:] = layer.weights
            if biases is not None:
                biases[:] = layer.biases

    def into(self, network: Network) -> Network:
        """Return `network` with copies of the weights and biases in `values`."""
        views = zip(network.layers, _views(self.values, network), strict=True)
        layers = (Layer(layer.nodes, layer.activation, *own) for layer, own in views)
        return replace(network, layers=tuple(layers))


def parameter_index(network: Network, address: Address) -> int:
    """Return the index of a weight or bias in the flat vector of all weights and biases."""
    shapes = _shapes(network)
    before = sum(nodes * inputs for nodes, inputs in shapes[: address.layer])
    inputs = shapes[address.layer][1]
    return before + address.node * inputs + (address.source if address.kind == "weight" else inputs - 1)


def as_layers(vector: Array, network: Network) -> tuple[Weights, ...]:
    """Return the weights and biases of each layer from a flat vector, shape (parameters,)."""
    return tuple(Weights(*own) for own in _views(vector, network))


def as_vector(layers: Iterable[tuple[Array, Array | None]]) -> Array:
    """Return the weights and biases of all layers as a flat vector, shape (parameters,).

    `layers` holds (weights, biases or None) for each layer. `as_layers` is the inverse function.
    """
    matrices = (weights if biases is None else np.c_[weights, biases] for weights, biases in layers)
    return np.concatenate([matrix.ravel() for matrix in matrices])


def _shapes(network: Network) -> list[tuple[int, int]]:
    """Return (nodes, inputs of the layer [+ 1 for b]), layer by layer."""
    return [(len(layer), layer.weights.shape[1] + (layer.biases is not None)) for layer in network.layers]


def _matrices(vector: Array, network: Network) -> list[Array]:
    """Return views of a flat vector, layer by layer, shape (nodes, inputs of the layer [+ 1 for b])."""
    shapes = _shapes(network)
    ends = np.cumsum([nodes * inputs for nodes, inputs in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]


def _views(vector: Array, network: Network) -> Iterator[tuple[Array, Array | None]]:
    """Yield views of the weights and biases (or None) of each layer in a flat vector."""
    for matrix, layer in zip(_matrices(vector, network), network.layers, strict=True):
        yield matrix[:, : layer.weights.shape[1]], None if layer.biases is None else matrix[:, -1]


DOT_LIMIT_NUMBERS = 2**19
"""Largest number of elements in a matrix product computed with `dot`; `matmul` computes larger products."""


class Pass(NamedTuple):
    """The functions of a forward and backward pass over some rows of a batch.

    =========== ======================================================================================
    `forward`   functions that compute every layer, and the unscaled slopes of the loss at the outputs
    `total`     function that returns the sum of the loss's terms over all rows and outputs
    `backward`  functions that write what these rows contribute to the slopes of the batch's mean loss
    `counting`  function that returns a counter: a function that counts the correctly classified rows
    =========== ======================================================================================
    """

    forward: tuple[Call, ...]
    total: Callable[[], float]
    backward: tuple[Call, ...]
    counting: Callable[[], Callable[[], int]]

    @property
    def all_calls(self) -> tuple[Call, ...]:
        """The functions of the forward pass, then the functions of the backward pass."""
        return self.forward + self.backward

    def measured(self) -> float:
        """Run the forward pass, and return the sum of the loss's terms over all rows and outputs."""
        for call in self.forward:
            call()
        return self.total()


class _LayerValues(NamedTuple):
    """The values of one layer in a pass and their slopes, shape (nodes, rows) each.

    `next_inputs` is `a`, with a row of ones below if the next layer has biases, and `next_slope` is the slope
    of `next_inputs`. Multiplying by a whole matrix is quicker than by a matrix without its last column.
    """

    z: Array
    a: Array
    next_inputs: Array
    next_slope: Array
    slope_a: Array
    slope_z: Array

    @classmethod
    def room(cls, layer: Layer, rows: int, ones: bool) -> _LayerValues:
        onward = np.ones((len(layer) + ones, rows))
        next_slope = np.empty_like(onward)
        a, slope_a = onward[: len(layer)], next_slope[: len(layer)]
        if _linear(layer):
            return cls(a, a, onward, next_slope, slope_a, slope_a)
        return cls(np.empty_like(a), a, onward, next_slope, slope_a, np.empty_like(a))


def _product(left: Array, right: Array, out: Array) -> Call:
    """Return a call that writes `left` · `right` into `out`.

    Calling the method `dot` takes half the time of `matmul`. But `dot` clears `out` first and holds
    Python's global lock: with millions of weights, the window would freeze.
    """
    if out.size > DOT_LIMIT_NUMBERS:
        return partial(np.matmul, left, right, out)
    return partial(left.dot, right, out)


def _linear(layer: Layer) -> bool:
    """Return whether z and a can be the same array."""
    return layer.function.linear


class Buffers:
    """Arrays for the values of a pass over `rows` rows. All passes with this number of rows share the arrays.

    A running pass reads the weights in `parameters`, and writes the slopes into `parameters`.
    """

    def __init__(self, network: Network, measure: Loss, parameters: Parameters, rows: int) -> None:
        layers = network.layers
        need_ones = [layer.biases is not None for layer in layers[1:]] + [False]
        values = [_LayerValues.room(layer, rows, ones) for layer, ones in zip(layers, need_ones, strict=True)]
        self._network, self._measure, self._parameters = network, measure, parameters
        self._first, self._last = values[0], values[-1]
        self._slopes = np.empty_like(self._last.a)
        self._forward: list[Call] = []
        self._backward: list[Call] = []
        for k, (layer, here) in enumerate(zip(layers, values, strict=True)):
            backward: list[Call] = []
            if k:
                before, matrix = values[k - 1], parameters.matrices[k]
                self._forward.append(_product(matrix, before.next_inputs, here.z))
                backward.append(_product(here.slope_z, before.next_inputs.T, parameters.slope_matrices[k]))
                backward.append(_product(matrix.T, here.slope_z, before.next_slope))
            if not _linear(layer):
                z, a, slope_a, slope_z = here.z.T, here.a.T, here.slope_a.T, here.slope_z.T
                self._forward.append(layer.function.forward(z, a))
                if here is not self._last or not measure.short:
                    backward.insert(0, layer.function.backward(z, a, slope_a, slope_z))
            self._backward[:0] = backward

    def pass_over(self, inputs: Array, targets: Array, scale: Array) -> Pass:
        """Return the pass over the rows `inputs` and `targets`.

        `inputs` has shape (rows, inputs), with a further column of ones if the first layer has biases;
        `targets` has shape (rows, outputs). The slopes of the loss at the outputs are multiplied by `scale`,
        a 0-dimensional array, before they pass back through the layers.
        """
        matrix, slopes = self._parameters.matrices[0], self._parameters.slope_matrices[0]
        first, last, measure = self._first, self._last, self._measure
        of_outputs = last.z.T, last.a.T, targets, self._slopes.T
        begins = last.slope_z if measure.short else last.slope_a
        return Pass(
            (_product(matrix, inputs.T, first.z), *self._forward, measure.slopes(*of_outputs)),
            measure.total(*of_outputs),
            (
                partial(np.multiply, self._slopes, scale, begins),
                *self._backward,
                _product(first.slope_z, inputs, slopes),
            ),
            cache(lambda: correct_counter(self._network, last.a.T, targets)),
        )


class Points:
    """Measures the points of a run's curves (loss and accuracies) with the passes of `batches`.

    =============== ============================================================================
    `names`         the names of the curves other than the training loss
    `at_once`       whether one pass can hold all training rows, and another all validation rows
    `measure`       measures a point if `at_once` is true
    `in_blocks`     measures a point with several passes, and yields between the passes
    =============== ============================================================================
    """

    def __init__(self, state: State, batches: Batches) -> None:
        self._batches, self._classifies = batches, classifies(state.network, state.data)
        self._rows, self._validation_rows = state.trained_rows, len(state.data) - state.trained_rows
        self._parts = state.measure.parts(len(state.network.outputs))
        self._terms = self._rows * self._parts
        self.at_once = batches.training_pass is not None and (
            batches.validation_pass is not None or not self._validation_rows
        )
        self.names: tuple[str, ...] = ("validation",) if self._validation_rows else ()
        if self._classifies:
            self.names += ("accuracy", "validation accuracy") if self._validation_rows else ("accuracy",)

    def measure(self, total: float) -> tuple[float, ...]:
        """Return the training loss, then the values of the curves in `names`.

        `total` is the sum of the loss's terms, which the training pass has just computed.
        """
        if not self.names:
            return (total / self._terms,)
        training, validation = self._batches.training_pass, self._batches.validation_pass
        assert training is not None
        hits = self._hits(training)
        if validation is None:
            return self._measured(total, hits)
        return self._measured(total, hits, validation.measured(), self._hits(validation))

    def in_blocks(self) -> Work[tuple[float, ...]]:
        """Return the training loss, then the values of the curves in `names`; yield between two passes."""
        training = yield from self._sum_and_correct(self._batches.training_passes())
        validation = yield from self._sum_and_correct(self._batches.validation_passes())
        return self._measured(*training, *validation)

    def _sum_and_correct(self, passes: Iterator[Pass]) -> Work[tuple[float, int]]:
        """Return the sum of the loss's terms and the number of correctly classified rows."""
        total, hits = 0.0, 0
        for k, block in enumerate(passes):
            if k:
                yield
            total += block.measured()
            hits += self._hits(block)
        return total, hits

    def _hits(self, block: Pass) -> int:
        return block.counting()() if self._classifies else 0

    def _measured(
        self, total: float, hits: int, validation_total: float = 0.0, validation_hits: int = 0
    ) -> tuple[float, ...]:
        values: tuple[float, ...] = (total / self._terms,)
        if self._validation_rows:
            values += (validation_total / (self._validation_rows * self._parts),)
        if self._classifies:
            values += (hits / self._rows,)
            values += (validation_hits / self._validation_rows,) if self._validation_rows else ()
        return values


CHECK_UPDATES = 256
"""Largest number of updates between two checks that all numbers of a small network are finite."""


class Trainer:
    """Trains a State's network on its data, one unit of work at a time.

    ================= ========================================================================
    `work(n)`         makes up to `n` more updates, and yields after each unit of work
    `end()`           measures the loss if `work` was stopped within an epoch
    `learning_rate`   the learning rate of the next update; may be set between two units
    `iteration`       the number of updates in this run
    `loss`            the training loss at the last measured point; NaN before the first point
    `diverged`        whether a number became infinite or NaN
    `state()`         returns the current State, with the run
    ================= ========================================================================

    A unit of work is an update, or a block of rows of a long update. If the run diverges, the Trainer returns
    to the last iteration with finite numbers. If the State has a run, the Trainer continues the run:
    iteration, epochs, row order and optimizer memory. Points are removed from a history with more than
    `history_limit` points. The results do not depend on how the work is divided into calls; only a stop
    within an epoch adds a point to the history.

    Raises ValueError if the State has no training rows or no targets, or if the first loss is infinite or
    NaN. For long data, `work` computes the first loss and raises this error.
    """

    def __init__(self, state: State, history_limit: float = math.inf) -> None:
        if len(state.data) == 0:
            raise ValueError("data: training needs at least one row")
        if state.data.targets is None:
            raise ValueError("data.targets: training needs targets")
        if not state.trainable:
            rows = counted(len(state.data), "row")
            raise ValueError(f"validation: with {rows}, this share leaves no training row; reduce the share")
        # NumPy 2 stores the handling of overflow in a context variable. Running the work in its own context
        # costs 30 ns a unit, while `np.errstate` costs 700.
        self._quiet = copy_context()
        self._quiet.run(np.seterr, over="ignore", invalid="ignore")
        self._state = state
        self._prepare(state)
        self._continue_run(state, history_limit)
        if self._batches.training_pass:
            self._quiet.run(_do_all, self._measure_start())

    def _prepare(self, state: State) -> None:
        optimizer = OPTIMIZERS[state.training.optimizer]
        self._parameters = Parameters(state.network, len(optimizer.memories))
        values, slopes, memory = self._parameters.values, self._parameters.slopes, self._parameters.memory
        self._learning_rate = state.training.learning_rate
        self._rate = np.array(self._learning_rate)  # the copy that the optimizer reads
        self._optimizer = optimizer(values, slopes, memory, self._rate)
        rate_of_slopes = self._rate if optimizer.rate_in_slopes else None
        self._batches = Batches(state, self._parameters, rate_of_slopes)
        self._points = Points(state, self._batches)
        self._one_pass = self._batches.per_epoch == 1 and self._points.at_once
        self._check_every = 1
        if self._one_pass:
            self._check_every = min(CHECK_UPDATES, 1 + int(PASS_NS / self._batches.pass_ns))
        self._forward_done = False
        """Whether the buffers hold the forward pass over all rows with the current weights."""

    def _continue_run(self, state: State, history_limit: float) -> None:
        """Continue the run of `state`, or start a new one."""
        name, memory = state.training.optimizer, self._parameters.memory
        self._run = state.run or Run(state.network, 0, History(history_limit), name, memory, ())
        if self._run.optimizer == name:
            memory[:] = self._run.memory
        self.iteration = self._run.iteration
        self._curves = {"": self._run.history.limited(history_limit)}
        for name in self._points.names:
            curve = self._run.curve(name)
            self._curves[name] = History(history_limit) if curve is None else curve.limited(history_limit)
        self._segments = self._run.segments
        self._begin_segment()
        self.diverged = False
        self.loss = self._history.last[1] if len(self._history) else math.nan
        self._measured: list[tuple[float, ...]] = []
        self._finite_numbers = np.empty_like(self._parameters.vectors)
        self._store()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if value == self._learning_rate:
            return
        self._quiet.run(self._check)  # `_fall_back` repeats updates with one rate
        self._learning_rate = value
        if not self._batches.long:  # `_long_slopes` takes the rate when the next long update starts
            self._apply_rate()

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, and yield after each unit of work.

        If the run diverges, the Trainer makes no more updates.
        """
        last = self.iteration + updates
        return self._quietly(self._updates_in_one_pass(last) if self._one_pass else self._updates(last))

    def end(self) -> Iterator[None]:
        """Measure the loss at the current iteration if the history lacks it; yield after each unit of work.

        Call this when a run stops. If the run stops within an epoch, `work` has not measured this loss.
        """
        if self._one_pass or (len(self._history) and self._history.last[0] == self.iteration):
            return iter(())
        return self._quietly(self._record())

    def _quietly(self, units: Iterator[None]) -> Iterator[None]:
        run = self._quiet.run
        while run(next, units, self) is None:
            yield

    def state(self) -> State:
        """Return the current State. Within an epoch, the history ends at the start of the epoch."""
        self._quiet.run(self._check)
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=self._history,
            beside=tuple(Curve(name, self._curves[name]) for name in self._points.names),
            optimizer=self._state.training.optimizer,
            memory=self._parameters.memory.copy(),
            segments=self._segments_made(),
        )
        network = self._parameters.into(self._state.network)
        return replace(self._state, network=network, run=self._run)

    def _apply_rate(self) -> None:
        self._rate.fill(self._learning_rate)
        self._batches.apply_rate()
        self._begin_segment()

    def _begin_segment(self) -> None:
        """Store the settings of the next update as a segment, if they changed."""
        segments = self._segments_made()
        settings = replace(self._state.training, learning_rate=self._learning_rate, updates=1)
        if not segments or segments[-1].training != settings:
            segments = (*segments, Segment(self.iteration, settings))
        self._segments = segments

    def _segments_made(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self._segments if segment.after < self.iteration)

    def _updates_in_one_pass(self, last: int) -> Iterator[None]:
        """Make updates over all rows. The forward pass that measures the loss also starts the next update."""
        assert self._batches.training_pass is not None
        forward, total, backward, _ = self._batches.training_pass
        update, measure = self._optimizer.update, self._points.measure
        if not self._forward_done:
            for call in forward:
                call()
            self._forward_done = True
        while self.iteration < last and not self.diverged:
            for call in backward:
                call()
            update(self.iteration + 1)
            for call in forward:
                call()
            measured = measure(float(total()))
            self.loss = measured[0]
            self.iteration += 1
            self._measured.append(measured)
            if not math.isfinite(sum(measured)):
                self._fall_back()
            elif self.iteration >= self._next_check or self.iteration == last:
                self._check()
            yield

    def _updates(self, last: int) -> Iterator[None]:
        """Make updates over mini-batches or in several passes. Measure after each epoch and at the end."""
        batches, update = self._batches, self._optimizer.update
        calls, long, per_epoch = batches.calls, batches.long, batches.per_epoch
        yield from self._measure_start()
        while self.iteration < last and not self.diverged:
            if long:
                yield from self._long_slopes()
            else:
                for call in calls(self.iteration):
                    call()
            update(self.iteration + 1)
            self.iteration += 1
            if self.iteration % per_epoch == 0 or self.iteration == last:
                yield from self._record()
            yield

    def _long_slopes(self) -> Iterator[None]:
        """Compute the slopes of the next update, and yield after each block of rows."""
        self._apply_rate()
        slopes = self._parameters.slopes
        total = np.zeros_like(slopes)
        for block in self._batches.blocks(self.iteration):
            for call in block.all_calls:
                call()
            total += slopes
            yield
        slopes[:] = total

    def _measure_start(self) -> Iterator[None]:
        """Record the point of this iteration if it is missing: the first one, or one that was stopped."""
        history = self._history
        if self.iteration % self._batches.per_epoch or (len(history) and history.last[0] == self.iteration):
            return
        yield from self._record()
        if not len(self._history):
            loss = self._state.measure.phrase
            raise ValueError(f"the {loss} is infinite or NaN: reduce the weights or the values in the data")

    def _record(self) -> Iterator[None]:
        measured = yield from self._points.in_blocks()
        self._forward_done = True
        if math.isfinite(sum(measured)) and self._finite():
            self.loss = measured[0]
            self._measured.append(measured)
            self._store()
        else:
            self._fall_back()

    # The loss can be finite although other numbers are not: relu hides an infinite weight, and adam's memory
    # can overflow. Checking all numbers costs as much as a small update, so it is done only now and then.
    # Finite numbers are stored. If a later number is not finite, the updates since are repeated one by one.

    def _finite(self) -> bool:
        return bool(np.isfinite(self._parameters.vectors).all())

    def _check(self) -> None:
        """Check now that all numbers are finite, unless that was done at this iteration."""
        if self.iteration == self._finite_point[0]:
            return
        if not self._finite():
            self._fall_back()
        elif self._one_pass:
            self._store()

    def _store(self) -> None:
        """Store all numbers, which are finite, for `_fall_back`, and add the new points to the history."""
        self._finite_numbers[:] = self._parameters.vectors
        self._finite_point = self.iteration, self.loss
        self._next_check = self.iteration + self._check_every
        if self._measured:
            iterations = range(self.iteration + 1 - len(self._measured), self.iteration + 1)
            points = np.column_stack((iterations, self._measured))
            for k, (name, curve) in enumerate(self._curves.items()):
                self._curves[name] = curve.extended(points[:, [0, 1 + k]])
            self._measured.clear()

    @property
    def _history(self) -> History:
        return self._curves[""]

    def _fall_back(self) -> None:
        """Return to the last iteration with finite numbers, and mark the run as diverged."""
        failed = self.iteration
        self._parameters.vectors[:] = self._finite_numbers
        self._forward_done = False
        self.iteration, self.loss = self._finite_point
        self._measured.clear()
        if self._check_every > 1:
            self._check_every, self._next_check = 1, self.iteration
            _do_all(self._updates_in_one_pass(failed))
        self.diverged = True


def _do_all(units: Iterator[None]) -> None:
    for _ in units:
        pass
