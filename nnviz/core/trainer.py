"""Training: passes whose arrays are bound once, measures, and the updates.

A pass is a forward and backward pass over some rows of the data. Its functions are bound once to the arrays
that they read and write, so that an update only calls them. The rows are copied into a table, so that the
rows of a pass are one block of memory. The table has a column of ones if the first layer has biases. Long
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
from itertools import chain, islice, repeat
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.history import History
from nnviz.core.metrics import classifies, correct_rows, is_one_of_many
from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.slopes import PASSES_PER_UPDATE, Work, forward_ns, run_work
from nnviz.core.state import Curve, Run, Segment, State, Weights, epoch_order, with_weights

PASS_NS = 6_700_000.0
"""Longest time that one forward pass and its backward pass take together, in nanoseconds."""
UNCUT_ROWS = 8
"""A pass may have this many rows even if it exceeds PASS_NS: for large networks, 8 rows take as long as 1."""
READY_NUMBERS = 2**15
"""Largest number of input values that are copied together for several mini-batches; fits in the cache."""
READY_BATCHES = 256
"""Largest number of mini-batches whose rows are copied together."""
DOT_LIMIT_NUMBERS = 2**19
"""Largest number of elements in a matrix product computed with `dot`; `matmul` computes larger products."""


class Parameters:
    """The weights, biases, slopes and optimizer memory that training changes in place.

    ================ =========================================================================
    `vectors`        the values, then the optimizer's memory, shape (1 + memories, parameters)
    `values`         the first row of `vectors`: all weights and biases
    `memory`         the other rows of `vectors`, which start as zeros
    `matrices`       the values layer by layer, shape (nodes, inputs of the layer [+ 1 for b])
    `slopes`         ∂loss/∂value of each value, shape (parameters,)
    `slope_matrices` the slopes layer by layer, in the shapes of `matrices`
    `weights`        (slopes, weights) of each layer without biases, shape (nodes, inputs of the layer)
    ================ =========================================================================
    """

    def __init__(self, network: Network, memories: int) -> None:
        count = sum(nodes * inputs for nodes, inputs in _shapes(network))
        self.vectors = np.zeros((1 + memories, count))
        self.values, self.memory = self.vectors[0], self.vectors[1:]
        self.slopes = np.full(count, 0.0)  # writes now, so that the first product need not wait for the pages
        self.matrices, self.slope_matrices = (_matrices(each, network) for each in (self.values, self.slopes))
        self.values[:] = as_vector((layer.weights, layer.biases) for layer in network.layers)
        both = zip(self.slope_matrices, self.matrices, network.sizes, strict=False)
        self.weights = [(slopes[:, :inputs], values[:, :inputs]) for slopes, values, inputs in both]


def parameter_index(network: Network, address: Address) -> int:
    """Return the index of a weight or bias in the flat vector of all weights and biases."""
    shapes = _shapes(network)
    before = sum(nodes * inputs for nodes, inputs in shapes[: address.layer])
    inputs = shapes[address.layer][1]
    return before + address.node * inputs + (address.source if address.kind == "weight" else inputs - 1)


def _frozen_mask(state: State) -> Array:
    """Return a flat vector, shape (parameters,): 1 for each frozen weight or bias, else 0."""
    is_frozen = np.zeros(state.network.parameters)
    matrices = _matrices(is_frozen, state.network)
    for part in state.frozen:
        row = slice(None) if part.kind == "layer" else part.node
        column = {"weight": part.source, "bias": -1}.get(part.kind, slice(None))
        matrices[part.layer][row, column] = 1.0
    return is_frozen


def learned_numbers(state: State) -> list[int]:
    """Return the number of weights and biases in each layer that are not frozen."""
    return [int((mask == 0.0).sum()) for mask in _matrices(_frozen_mask(state), state.network)]


def frozen_layers(state: State) -> tuple[int, ...]:
    """Return the indices of the layers in which all weights and biases are frozen."""
    counts = learned_numbers(state) if state.frozen else []
    return tuple(k for k, count in enumerate(counts) if count == 0)


def as_layers(vector: Array, network: Network) -> tuple[Weights, ...]:
    """Return the weights and biases of each layer from a flat vector, shape (parameters,)."""
    pairs = zip(_matrices(vector, network), network.layers, strict=True)
    return tuple(
        Weights(matrix[:, : layer.weights.shape[1]], None if layer.biases is None else matrix[:, -1])
        for matrix, layer in pairs
    )


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


Call: TypeAlias = Callable[[], object]


class BoundPass(NamedTuple):
    """The functions of a forward and backward pass over some rows of a batch, bound to their arrays.

    =========== ======================================================================================
    `forward`   functions that compute every layer, and the unscaled slopes of the loss at the outputs
    `total`     function that returns the sum of the loss's terms over all rows and outputs
    `correct`   function that returns whether each row is classified correctly, shape (rows,)
    `backward`  functions that write what these rows contribute to the slopes of the batch's mean loss
    `calls`     the functions of `forward`, then those of `backward`
    =========== ======================================================================================
    """

    forward: tuple[Call, ...]
    total: Callable[[], float]
    correct: Callable[[], NDArray[np.bool_]]
    backward: tuple[Call, ...]
    calls: tuple[Call, ...]


Binder: TypeAlias = Callable[[Array, Array, Array], BoundPass]
"""`bind(inputs, targets, scale)` returns a pass over the rows `inputs` and `targets` of a table.

`inputs` has shape (rows, inputs), with a further column of ones if the first layer has biases; `targets` has
shape (rows, outputs). The slopes of the loss at the outputs are multiplied by `scale`, a 0-dimensional array,
before they pass back through the layers.
"""
Order: TypeAlias = NDArray[np.intp]
"""The indices of rows of the data, in the order in which they are copied into a table."""
Passes: TypeAlias = Callable[[Order], Iterator[BoundPass]]
"""`passes(order)` copies rows into a table, and yields passes over them. Run each before the next."""


def _product(left: Array, right: Array, out: Array) -> Call:
    """Return a call that writes `left` · `right` into `out`.

    Calling the method `dot` takes half the time of `matmul`. But `dot` clears `out` first and holds
    Python's global lock: with millions of weights, the window would freeze.
    """
    if out.size > DOT_LIMIT_NUMBERS:
        return partial(np.matmul, left, right, out)
    return partial(left.dot, right, out)


def _binder(state: State, parameters: Parameters, rows: int) -> Binder:
    """Create the arrays for the values of a pass over `rows` rows, and return a function that binds passes.

    All these passes share the arrays. They read the weights in `parameters`, and write the slopes there.
    `onward` is `a`, with a row of ones below if the next layer has biases: whole matrices multiply quicker.
    """
    layers, measure = state.network.layers, state.measure
    matrices, gradients = parameters.matrices, parameters.slope_matrices
    forward: tuple[Call, ...] = ()
    backward: tuple[Call, ...] = ()
    onward = onward_slope = np.empty((0, rows))
    for k, layer in enumerate(layers):
        is_last, linear = k == len(layers) - 1, layer.function.linear
        ones = not is_last and layers[k + 1].biases is not None
        before, onward = onward, np.ones((len(layer) + ones, rows))
        before_slope, onward_slope = onward_slope, np.empty_like(onward)
        a, slope_a = onward[: len(layer)], onward_slope[: len(layer)]
        z, slope_z = (a, slope_a) if linear else (np.empty_like(a), np.empty_like(a))
        if k:
            forward += (_product(matrices[k], before, z),)
            to_weights = _product(slope_z, before.T, gradients[k])
            backward = to_weights, _product(matrices[k].T, slope_z, before_slope), *backward
        else:
            first_z, first_slope = z, slope_z
        if not linear:
            forward += (partial(layer.function.forward, z.T, a.T),)
            if not (is_last and measure.short):
                backward = partial(layer.function.backward, z.T, a.T, slope_a.T, slope_z.T), *backward
    slopes, begin = np.empty_like(a), slope_z if measure.short else slope_a

    def bind(inputs: Array, targets: Array, scale: Array) -> BoundPass:
        of_outputs = z.T, a.T, targets, slopes.T
        first, last = _product(matrices[0], inputs.T, first_z), _product(first_slope, inputs, gradients[0])
        there: tuple[Call, ...] = first, *forward, partial(measure.slopes, *of_outputs)
        back: tuple[Call, ...] = partial(np.multiply, slopes, scale, begin), *backward, last
        correct = partial(correct_rows, a.T, targets, is_one_of_many(state.network), measure.threshold)
        return BoundPass(there, partial(measure.total, *of_outputs), correct, back, there + back)

    return bind


class BoundData:
    """The rows of a State, bound to the passes that train and measure the weights in `parameters`.

    ============= ========================================================================
    `per_epoch`   number of updates in an epoch
    `long`        whether an update takes more than one pass
    `at_once`     whether one pass measures all training rows, and one all validation rows
    `in_one_pass` whether one and the same pass makes every update and measures the loss
    `names`       the names of the curves other than the training loss
    ============= ========================================================================

    Sums are added pass by pass, so the last bits of a sum depend on the number of rows per pass. This number
    depends only on the network. Call `set_rate` before the first pass that computes slopes.
    """

    def __init__(self, state: State, parameters: Parameters) -> None:
        network, data, settings, measure = state.network, state.data, state.training, state.measure
        assert data.targets is not None
        self._source, self._targets = data.inputs, data.targets
        self._width, outputs = parameters.matrices[0].shape[1], data.targets.shape[1]
        self._bind_layers = partial(_binder, state, parameters)
        self._rows = rows = state.trained_rows
        validated = len(data) - rows
        self._batch = min(settings.batch_size or rows, rows)
        self._seed, self.per_epoch = settings.seed, settings.updates_per_epoch(rows)
        self._factors = [measure.scale(size, outputs) for size in (self._batch, rows % self._batch or rows)]
        self._scales = np.empty(2)

        shorter = max(UNCUT_ROWS, int(PASS_NS / (PASSES_PER_UPDATE * forward_ns(network))))
        longer = PASSES_PER_UPDATE * shorter  # a pass that only measures takes a third of the time
        self.long = self._batch > shorter
        longest = shorter if self.long or self.per_epoch == 1 else longer
        self._batches = self._table(min(longest, rows), self._batch if self.long else rows)
        self._ready = 1
        self._training = np.arange(rows)
        self._parts: list[tuple[int, Callable[[], Iterator[BoundPass]]]] = [
            (rows, partial(self._batches, self._training))
        ]
        if validated:
            passes = self._table(min(longer, validated), validated)
            self._parts.append((validated, partial(passes, np.arange(rows, len(data)))))
        self._terms, self._classifies = measure.parts(outputs), classifies(state)
        self.at_once = rows <= longest and validated <= longer
        if self.at_once:  # the tables hold all rows, which are copied only now
            self._parts = [(count, partial(iter, list(passes()))) for count, passes in self._parts]
        self.in_one_pass = self.at_once and self.per_epoch == 1
        if self.in_one_pass:
            (self._whole,) = self._parts[0][1]()
        if not (self.in_one_pass or self.long):
            fitting = READY_NUMBERS // (self._batch * self._width)
            self._ready = max(1, min(fitting, READY_BATCHES, self.per_epoch))
            self._batches = self._table(self._ready * self._batch, self._batch)
        self.names = ("validation",)[:validated]
        if self._classifies:
            self.names += ("accuracy", "validation accuracy")[: len(self._parts)]

    def set_rate(self, rate: float) -> None:
        """Multiply the slopes of the next passes by `rate`."""
        self._scales[:] = [factor * rate for factor in self._factors]

    def updates(self, done: int) -> Iterator[Iterator[BoundPass]]:
        """Yield the passes of the updates after `done` updates. Run each before you take the next.

        If an update takes more than one pass, the passes are yielded update by update, else epoch by epoch.
        Every epoch has another order of the rows.
        """
        if self.in_one_pass:
            yield repeat(self._whole)
        while True:
            epoch, part = divmod(done, self.per_epoch)
            skipped = part % self._ready
            end = part + 1 if self.long else self.per_epoch
            order = self._training if self.per_epoch == 1 else epoch_order(self._seed, epoch, self._rows)
            batches = order[(part - skipped) * self._batch : end * self._batch]
            yield islice(self._batches(batches), skipped, None)
            done += end - part

    def measure(self) -> Work[tuple[float, ...]]:
        """Return the training loss, then the values of the curves in `names`; yield between two passes."""
        if self.in_one_pass and not self.names:
            for call in self._whole.forward:
                call()
            return (self._whole.total() / (self._rows * self._terms),)
        losses, accuracies = [], []
        for rows, passes in self._parts:
            total, hits = 0.0, 0
            for k, each in enumerate(passes()):
                if k:
                    yield
                for call in each.forward:
                    call()
                total += each.total()
                hits += int(each.correct().sum()) if self._classifies else 0
            losses.append(total / (rows * self._terms))
            accuracies.append(hits / rows)
        return *losses, *(accuracies if self._classifies else ())

    def _table(self, room: int, batch: int) -> Passes:
        """Create a table for `room` rows, and return a function that yields the passes over rows in it.

        The function cuts the rows into batches, and a batch that exceeds the table into passes.
        """
        inputs, targets = np.ones((room, self._width)), np.empty((room, self._targets.shape[1]))
        layers = cache(self._bind_layers)

        @cache
        def bind(count: int, short: int) -> list[BoundPass]:
            """Bind passes over the first `count` rows; a batch from row `short` on is the last, short one."""
            ends = [(start, min(start + batch, count)) for start in range(0, count, batch)]
            scales = [self._scales[int(start >= short), ...] for start, _ in ends]
            return [
                layers(end - start)(inputs[start:end], targets[start:end], scale)
                for (start, end), scale in zip(ends, scales, strict=True)
            ]

        def passes(order: Order) -> Iterator[BoundPass]:
            whole = len(order) // batch * batch
            for first in range(0, len(order), room):
                which = order[first : first + room]
                count = len(which)
                inputs[:count, : self._source.shape[1]] = self._source.take(which, axis=0)
                targets[:count] = self._targets.take(which, axis=0)
                yield from bind(count, min(max(whole - first, 0), count))

        return passes


CHECK_UPDATES = 256
"""Largest number of updates between two checks that all numbers of a small network are finite."""


class Trainer:
    """Trains a State's network on its data, one unit of work at a time.

    ================= ========================================================================
    `work(n)`         makes up to `n` more updates, and yields after each unit of work
    `end()`           measures the loss if `work` was stopped within an epoch
    `learning_rate`   the learning rate of the next update; may be set between two units
    `iteration`       the number of updates in this run
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
        if self._data.at_once:
            self._quiet.run(run_work, self._measure_start())

    def _prepare(self, state: State) -> None:
        optimizer = OPTIMIZERS[state.training.optimizer]
        self._parameters = own = Parameters(state.network, len(optimizer.memories))
        self._learning_rate = state.training.learning_rate
        self._rate = np.empty(())  # the copy that the optimizer reads
        self._optimizer = optimizer(own.values, own.slopes, own.memory, self._rate)
        self._data = BoundData(state, own)
        self._penalty, self._frozen = state.training.penalty, np.flatnonzero(_frozen_mask(state))
        is_constrained = self._penalty or len(self._frozen)
        self._update = self._constrained_update if is_constrained else self._optimizer.update
        self._forward_done = False
        """Whether the arrays hold the forward pass of the next update."""
        self._check_every = 1
        if self._data.in_one_pass:
            update_ns = PASSES_PER_UPDATE * forward_ns(state.network, state.trained_rows)
            self._check_every = min(CHECK_UPDATES, 1 + int(PASS_NS / update_ns))

    def _continue_run(self, state: State, history_limit: float) -> None:
        """Continue the run of `state`, or start a new one."""
        name, memory = state.training.optimizer, self._parameters.memory
        self._run = state.run or Run(state.network, 0, History(), name, memory, ())
        if self._run.optimizer == name:
            memory[:] = self._run.memory
        self.iteration, self._segments = self._run.iteration, self._run.segments
        curves = {"": self._run.history} | {curve.name: curve.history for curve in self._run.beside}
        names = "", *self._data.names
        self._curves = {name: curves.get(name, History()).limited(history_limit) for name in names}
        self._apply_rate()
        self.diverged = False
        self._measured: list[tuple[float, ...]] = []
        self._finite_numbers = np.empty_like(self._parameters.vectors)
        self._store()

    @property
    def learning_rate(self) -> float:
        """The learning rate, which a schedule multiplies."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if value == self._learning_rate:
            return
        self._quiet.run(self._check)  # `_fall_back` repeats updates with one rate
        self._learning_rate = value
        if not self._data.long:  # `_long_slopes` takes the rate when the next long update starts
            self._apply_rate()

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, and yield after each unit of work.

        If the run diverges, the Trainer makes no more updates.
        """
        run, units = self._quiet.run, self._updates(self.iteration + updates)
        while run(next, units, self) is None:
            yield

    def end(self) -> None:
        """Measure the loss at the current iteration if the history lacks it.

        Call this when a run stops. If the run stops within an epoch, `work` has not measured this loss.
        """
        if not (self._data.in_one_pass or (len(self._history) and self._history.last[0] == self.iteration)):
            self._quiet.run(run_work, self._record())

    def state(self) -> State:
        """Return the current State. Within an epoch, the history ends at the start of the epoch."""
        self._quiet.run(self._check)
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=self._history,
            beside=tuple(Curve(name, self._curves[name]) for name in self._data.names),
            optimizer=self._state.training.optimizer,
            memory=self._parameters.memory.copy(),
            segments=self._segments_made(),
        )
        network = self._state.network
        network = with_weights(network, as_layers(self._parameters.values, network))
        return replace(self._state, network=network, run=self._run)

    def _apply_rate(self) -> None:
        """Use the learning rate, and store the settings of the next update as a segment if they changed."""
        self._set_rate()
        segments = self._segments_made()
        settings = replace(self._state.training, learning_rate=self._learning_rate, updates=1)
        if not segments or segments[-1].training != settings:
            segments = (*segments, Segment(self.iteration, settings))
        self._segments = segments

    def _set_rate(self) -> None:
        """Set the learning rate of the next update."""
        schedule = self._state.training.schedule
        rate = schedule.rate(self._learning_rate, self.iteration) if schedule else self._learning_rate
        self._rate.fill(rate)
        self._scale = rate if self._optimizer.follows_slope else 1.0
        self._data.set_rate(self._scale)

    def _constrained_update(self, iteration: int) -> None:
        """Make an update whose slopes contain the penalty, and that leaves out the frozen parts."""
        own = self._parameters
        if self._penalty:
            for slopes, weights in own.weights:
                slopes += self._scale * self._penalty.slopes(weights)
        kept = own.vectors[:, self._frozen]
        self._optimizer.update(iteration)
        own.vectors[:, self._frozen] = kept

    def _segments_made(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self._segments if segment.after < self.iteration)

    def _updates(self, last: int) -> Work[None]:
        """Make updates, and measure after each epoch and at the end.

        If all rows are one pass, the forward pass that measures the loss also starts the next update.
        """
        data, update, schedule = self._data, self._update, self._state.training.schedule
        yield from self._measure_start()
        parts = data.updates(self.iteration)
        passes = chain.from_iterable(parts)
        while self.iteration < last and not self.diverged:
            if data.long:
                yield from self._long_slopes(next(parts))
            else:
                if schedule:
                    self._set_rate()
                each = next(passes)
                for call in each.backward if self._forward_done else each.calls:
                    call()
            update(self.iteration + 1)
            self.iteration += 1
            if self.iteration % data.per_epoch == 0 or self.iteration == last:
                self._add((yield from data.measure()), self.iteration < last)
            yield

    def _long_slopes(self, passes: Iterator[BoundPass]) -> Iterator[None]:
        """Compute the slopes of an update of several passes, and yield after each pass."""
        self._apply_rate()
        slopes = self._parameters.slopes
        total = np.zeros_like(slopes)
        for block in passes:
            for call in block.calls:
                call()
            total += slopes
            yield
        slopes[:] = total

    def _measure_start(self) -> Work[None]:
        """Record the point of this iteration if it is missing: the first one, or one that was stopped."""
        history = self._history
        if self.iteration % self._data.per_epoch or (len(history) and history.last[0] == self.iteration):
            return
        yield from self._record()
        if not len(self._history):
            loss = self._state.measure.phrase
            raise ValueError(f"the {loss} is infinite or NaN: reduce the weights or the values in the data")

    def _record(self) -> Work[None]:
        """Measure, and check all numbers."""
        self._add((yield from self._data.measure()))

    def _add(self, measured: tuple[float, ...], may_wait: bool = False) -> None:
        """Add a measured point, and check all numbers; if `may_wait`, only every `_check_every` updates."""
        self._forward_done = self._data.in_one_pass
        self._measured.append(measured)
        if not (may_wait and self.iteration < self._next_check and math.isfinite(sum(measured))):
            self._check()

    # The loss can be finite although other numbers are not: relu hides an infinite weight, and adam's memory
    # can overflow. Checking all numbers costs as much as a small update, so it is done only now and then.
    # Finite numbers are stored. If a later number is not finite, the updates since are repeated one by one.

    def _check(self) -> None:
        """Store the new points if all numbers are finite now, else fall back."""
        is_finite = all(math.isfinite(sum(point)) for point in self._measured[-1:])
        if not (is_finite and np.isfinite(self._parameters.vectors).all()):
            self._fall_back()
        elif self._measured:
            self._store()

    def _store(self) -> None:
        """Store all numbers, which are finite, for `_fall_back`, and add the new points to the history."""
        self._finite_numbers[:] = self._parameters.vectors
        self._finite_iteration = self.iteration
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
        self.iteration = self._finite_iteration
        self._measured.clear()
        if self._check_every > 1:
            self._check_every, self._next_check = 1, self.iteration
            run_work(self._updates(failed))
        self.diverged = True
