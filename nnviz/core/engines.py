"""The engines, which make the updates of a training: NumPy, and loops that a compiler has made.

An engine reads and writes the arrays of `Parameters`. `engine_of` chooses the faster engine for a State. A
run keeps its engine, because the engines round differently.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import chain, islice, repeat
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Activation, Array
from nnviz.core.entries import Rule
from nnviz.core.losses import Loss
from nnviz.core.metrics import classifies, correct_rows, is_one_of_many
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import Parameters, frozen_mask
from nnviz.core.slopes import PASSES_PER_UPDATE, Work, forward_ns, run_work
from nnviz.core.state import COMPILED, NUMPY, EngineName, State, epoch_order

try:
    from nnviz.core import kernel
except ImportError:  # no compiler was there when nnviz was installed
    kernel = None  # type: ignore[assignment]

LANES = 8
"""Number of networks that the compiled loops can train beside each other."""
ORDER_NS = 14_000.0
"""Approximate time to find the order of the rows in an epoch, in nanoseconds."""
BATCH_NS = 2500.0
"""Approximate time that NumPy takes to copy the rows of a mini-batch, in nanoseconds."""
UNIT_NS = 2_000_000.0
"""Approximate time of a unit of work that makes several updates, in nanoseconds."""
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


class Engine(ABC):
    """Makes the updates of one State's training, and measures the network.

    ============== ===================================================================================
    `name`         the name of the engine in runs and files
    `per_epoch`    number of updates in an epoch
    `names`        the names of the curves other than the training loss
    `is_long`      whether an update takes several units of work
    `is_quick`     whether `measure` is one unit of work
    `most`         number of updates that take about UNIT_NS
    `spans_epochs` whether `advance` can make the updates of several epochs
    ============== ===================================================================================
    """

    name: ClassVar[EngineName]
    is_long = False
    is_quick = True
    most = 1
    spans_epochs = True

    def __init__(self, state: State) -> None:
        assert state.data.targets is not None
        self._state, self._rows, self._seed = state, state.trained_rows, state.training.seed
        self._batch = min(state.training.batch_size or self._rows, self._rows)
        self.per_epoch = state.training.updates_per_epoch(self._rows)
        self._classifies = classifies(state)
        self._terms = state.measure.parts(state.data.targets.shape[1])
        self.names: tuple[str, ...] = ("validation",) if state.validated else ()
        if self._classifies:
            self.names += ("accuracy", "validation accuracy")[: 1 + len(self.names)]

    @abstractmethod
    def advance(self, done: int, updates: int, rates: Array) -> Work[Array]:
        """Make updates after `done` updates. `rates` holds the learning rate of each, or one for all.

        Return the points at the epochs that end with one of these updates, shape (points, 1 + curves):
        iteration, training loss, and the curves in `names`; or no points if `measure` is to be called. Yield
        between the units of a long update.
        """

    @abstractmethod
    def measure(self, done: int) -> Work[Array]:
        """Return the point after `done` updates, shape (1, 1 + curves). Yield between two units of work."""


# NumPy


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
    total = measure.total or (lambda z, a, y, _slopes: float(measure.terms(z, a, y).sum()))

    def bind(inputs: Array, targets: Array, scale: Array) -> BoundPass:
        of_outputs = z.T, a.T, targets, slopes.T
        first, last = _product(matrices[0], inputs.T, first_z), _product(first_slope, inputs, gradients[0])
        there: tuple[Call, ...] = first, *forward, partial(measure.slopes, *of_outputs)
        back: tuple[Call, ...] = partial(np.multiply, slopes, scale, begin), *backward, last
        correct = partial(correct_rows, a.T, targets, is_one_of_many(state.network), measure.threshold)
        return BoundPass(there, partial(total, *of_outputs), correct, back, there + back)

    return bind


class NumpyEngine(Engine):
    """Trains by passes, whose functions are bound to arrays once, so that an update only calls them.

    A pass is a forward and backward pass over some rows of the data. These rows are copied into a table, so
    that they are one block of memory. The table has a column of ones if the first layer has biases. Long data
    is cut into blocks of rows, so that a unit of work is always short. Within a pass, an array has a row for
    each node and a column for each data row, so that the values of a node are contiguous.

    Sums are added pass by pass, so the last bits of a sum depend on the number of rows per pass. This number
    depends only on the network.
    """

    name = NUMPY

    def __init__(self, state: State, parameters: Parameters) -> None:
        super().__init__(state)
        rows, validated = self._rows, len(state.data) - self._rows
        self._parameters, self._rate, self._known_rate = parameters, np.empty(()), math.nan
        optimizer = OPTIMIZERS[state.training.optimizer]
        self._optimizer = optimizer(parameters.values, parameters.slopes, parameters.memory, self._rate)
        self._penalty, self._frozen = state.training.penalty, np.flatnonzero(frozen_mask(state))
        is_constrained = self._penalty or len(self._frozen)
        self._update = self._constrained_update if is_constrained else self._optimizer.update
        self._scales = np.empty(2)  # of the slopes of the loss: in a batch, and in a short last one
        self._training = np.arange(rows)

        row_ns = PASSES_PER_UPDATE * forward_ns(state.network)
        shorter = max(UNCUT_ROWS, int(PASS_NS / row_ns))
        longer = PASSES_PER_UPDATE * shorter  # a pass that only measures takes a third of the time
        self.is_long = self._batch > shorter
        longest = shorter if self.is_long or self.per_epoch == 1 else longer
        self.is_quick = rows <= longest and validated <= longer
        self.spans_epochs = self.is_quick and self.per_epoch == 1  # one pass makes updates and measures
        self._batches = self._table(min(longest, rows), self._batch if self.is_long else rows)
        self._parts: list[tuple[int, Callable[[], Iterator[BoundPass]]]]
        self._parts = [(rows, partial(self._batches, self._training))]
        if validated:
            passes = self._table(min(longer, validated), validated)
            self._parts.append((validated, partial(passes, np.arange(rows, len(state.data)))))
        if self.is_quick:  # the tables hold all rows, which are copied only now
            self._parts = [(count, partial(iter, list(passes()))) for count, passes in self._parts]
        self._ready = 1
        if not self.is_long:
            self.most = max(1, int(UNIT_NS / (_calls_ns(state) + row_ns * self._batch)))
        if not (self.is_long or self.spans_epochs):
            fitting = READY_NUMBERS // (self._batch * parameters.matrices[0].shape[1])
            self._ready = max(1, min(fitting, READY_BATCHES, self.per_epoch))
            self._batches = self._table(self._ready * self._batch, self._batch)
        self._reached = self._measured_after = -1

    def advance(self, done: int, updates: int, rates: Array) -> Work[Array]:  # noqa: D102
        points = []
        if done != self._reached:
            self._updates = self._updates_after(done)
            self._passes = chain.from_iterable(self._updates)
        self._reached = -1  # until all is done
        each_rate = repeat(float(rates[0]), updates) if len(rates) == 1 else rates.tolist()
        for iteration, rate in enumerate(each_rate, done):
            if rate != self._known_rate:
                self._set_rate(rate)
            if self.is_long:
                yield from self._add_up_slopes(next(self._updates))
            else:
                each = next(self._passes)
                for call in each.backward if self._measured_after == iteration else each.calls:
                    call()
            self._update(iteration + 1)
            if self.spans_epochs:
                points.append((iteration + 1, *run_work(self._measured(iteration + 1))))
        self._reached = done + updates
        return np.array(points)

    def _set_rate(self, rate: float) -> None:
        """Set the learning rate, by which slopes are multiplied already if the optimizer follows them."""
        self._known_rate = rate
        self._rate.fill(rate)
        self._factor = rate if self._optimizer.follows_slope else 1.0
        outputs, short = len(self._state.network.outputs), self._rows % self._batch or self._rows
        self._scales[:] = [self._factor * self._state.measure.scale(n, outputs) for n in (self._batch, short)]

    def _add_up_slopes(self, passes: Iterator[BoundPass]) -> Iterator[None]:
        """Compute the slopes of an update of several passes, and yield after each pass."""
        slopes = self._parameters.slopes
        total = np.zeros_like(slopes)
        for block in passes:
            for call in block.calls:
                call()
            total += slopes
            yield
        slopes[:] = total

    def _constrained_update(self, iteration: int) -> None:
        """Make an update whose slopes contain the penalty, and that leaves out the frozen parts."""
        own = self._parameters
        if self._penalty:
            for slopes, weights in own.weights:
                slopes += self._factor * self._penalty.slopes(weights)
        kept = own.vectors[:, self._frozen]
        self._optimizer.update(iteration)
        own.vectors[:, self._frozen] = kept

    def _updates_after(self, done: int) -> Iterator[Iterator[BoundPass]]:
        """Yield the passes of the updates after `done` updates. Run each before you take the next.

        If an update takes more than one pass, the passes are yielded update by update, else epoch by epoch.
        Every epoch has another order of the rows.
        """
        if self.spans_epochs:
            yield repeat(*self._parts[0][1]())
        while True:
            epoch, part = divmod(done, self.per_epoch)
            skipped = part % self._ready
            end = part + 1 if self.is_long else self.per_epoch
            order = self._training if self.per_epoch == 1 else epoch_order(self._seed, epoch, self._rows)
            batches = order[(part - skipped) * self._batch : end * self._batch]
            yield islice(self._batches(batches), skipped, None)
            done += end - part

    def measure(self, done: int) -> Work[Array]:  # noqa: D102
        return np.array([(done, *(yield from self._measured(done)))])

    def _measured(self, done: int) -> Work[tuple[float, ...]]:
        """Return the training loss after `done` updates, then the curves in `names`."""
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
        self._measured_after = done if self.spans_epochs else -1
        return *losses, *(accuracies if self._classifies else ())

    def _table(self, room: int, batch: int) -> Passes:
        """Create a table for `room` rows, and return a function that yields the passes over rows in it.

        The function cuts the rows into batches, and a batch that exceeds the table into passes.
        """
        source, targets = self._state.data.inputs, self._state.data.targets
        assert targets is not None
        inputs = np.ones((room, self._parameters.matrices[0].shape[1]))
        wanted = np.empty((room, targets.shape[1]))
        layers = cache(partial(_binder, self._state, self._parameters))

        @cache
        def bind(count: int, short: int) -> list[BoundPass]:
            """Bind passes over the first `count` rows; a batch from row `short` on is the last, short one."""
            ends = [(start, min(start + batch, count)) for start in range(0, count, batch)]
            scales = [self._scales[int(start >= short), ...] for start, _ in ends]
            return [
                layers(end - start)(inputs[start:end], wanted[start:end], scale)
                for (start, end), scale in zip(ends, scales, strict=True)
            ]

        def passes(order: Order) -> Iterator[BoundPass]:
            whole = len(order) // batch * batch
            for first in range(0, len(order), room):
                which = order[first : first + room]
                count = len(which)
                inputs[:count, : source.shape[1]] = source.take(which, axis=0)
                wanted[:count] = targets.take(which, axis=0)
                yield from bind(count, min(max(whole - first, 0), count))

        return passes


# Compiled loops


class CompiledEngine(Engine):
    """Trains one network, or LANES networks beside each other, in the compiled loops of `kernel`.

    The networks of the States have one shape, and the same rows and settings, except the weights, learning
    rates, seeds, factors of the penalty and frozen parts. `vectors` holds the values and the memory of all
    networks, shape (1 + memories, parameters, networks). A network's results do not depend on the others.
    """

    name = COMPILED

    def __init__(self, states: Sequence[State], vectors: Array) -> None:
        state = states[0]
        super().__init__(state)
        settings, layers, measure = [each.training for each in states], state.network.layers, state.measure
        self._seeds = [each.seed for each in settings]
        shape = [(len(each), each.biases is not None, _rule(each.function).number) for each in layers]
        rule, decides = _rule(measure), 1 if is_one_of_many(state.network) else 2
        frozen = np.column_stack([frozen_mask(each) for each in states]).astype(np.int8)
        penalty = np.array([[each.l1 for each in settings], [each.l2 for each in settings]], dtype=np.float64)
        self._kernel = kernel.Kernel(
            np.array(shape, dtype=np.intp),
            np.array([_rule(each.function)[1:] for each in layers], dtype=np.float64),
            (rule.number, rule.p, measure.factor, self._terms),
            vars(OPTIMIZERS[state.training.optimizer])["compiled"],
            (decides * self._classifies, measure.threshold),
            np.array(state.data.inputs, order="C"),
            np.array(state.data.targets, order="C"),
            self._rows,
            self._batch,
            penalty if penalty.any() else None,
            frozen if frozen.any() else None,
            vectors,
        )
        measured = len(state.data) / self.per_epoch / PASSES_PER_UPDATE
        order_ns = ORDER_NS / self.per_epoch if self.per_epoch > 1 else 0.0
        self.most = max(1, int(UNIT_NS / (order_ns + _compiled_ns(state, self._batch + measured))))

    def advance(self, done: int, updates: int, rates: Array) -> Work[Array]:  # noqa: D102
        yield from ()
        return self.advance_all(done, updates, rates[:, np.newaxis])[0, :]

    def measure(self, done: int) -> Work[Array]:  # noqa: D102
        return (yield from self.advance(done, 0, np.zeros(1)))

    def advance_all(self, done: int, updates: int, rates: Array) -> Array:
        """Make updates of all networks; `rates` has the shape (updates or 1, networks).

        Return the points of `Engine.advance` for each network, shape (networks, points, 1 + curves); or, if
        `updates` is 0, the present point of each.
        """
        first, last = done // self.per_epoch, (done + updates) // self.per_epoch
        points = np.empty((len(self._seeds), last - first if updates else 1, 2 + len(self.names)))
        order = None
        if self.per_epoch > 1 and updates:
            epochs = range(first, -(-(done + updates) // self.per_epoch))
            orders = [[epoch_order(seed, each, self._rows) for each in epochs] for seed in self._seeds]
            order = np.ascontiguousarray(np.reshape(orders, (len(orders), -1)).T)
        self._kernel.advance(done, updates, np.ascontiguousarray(rates), order, points)
        return points


def _rule(entry: Activation | Loss) -> Rule:
    assert entry.compiled is not None
    return entry.compiled


def _compiled_ns(state: State, rows: float) -> float:
    """Return the approximate time of a compiled update of `rows` rows, in nanoseconds (measured)."""
    row_ns = 5.0 + sum(1.5 * layer.weights.size + 6.0 * len(layer) for layer in state.network.layers)
    return 20.0 + rows * row_ns


def _calls_ns(state: State) -> float:
    """Return the approximate time that NumPy's calls take in an update, in nanoseconds (measured)."""
    return 2500.0 + 3500.0 * len(state.network.layers)


def engine_of(state: State) -> EngineName:
    """Return the name of the engine for the next updates of a State: that of its run, or the faster one.

    NumPy takes time for its calls, and the compiled loops take longer for each row. A measurement of all rows
    must be short, because the loops do not stop within it.
    """
    rules: list[object] = [each.function.compiled for each in state.network.layers]
    rules += state.measure.compiled, vars(OPTIMIZERS[state.training.optimizer]).get("compiled")
    is_long = _compiled_ns(state, len(state.data)) > UNIT_NS
    if kernel is None or None in rules or is_long:
        return NUMPY
    if state.run:
        return state.run.engine
    rows, size = state.trained_rows, state.training.batch_size
    calls_ns, computed_rows = _calls_ns(state), float(rows)
    if size and size < rows:  # an epoch ends with a forward pass of all rows, whose time its updates share
        calls_ns, computed_rows = calls_ns + BATCH_NS, size + size / PASSES_PER_UPDATE
    return COMPILED if _compiled_ns(state, computed_rows) < calls_ns else NUMPY


def make_engine(state: State, parameters: Parameters) -> Engine:
    """Return the engine that trains `state` in the arrays of `parameters`."""
    if engine_of(state) == COMPILED:
        return CompiledEngine([state], parameters.vectors[:, :, np.newaxis])
    return NumpyEngine(state, parameters)
