"""Training: batches, forward and backward passes, measures, and the updates.

Rows are copied into a table, with a column of ones if the first layer has biases, so that a pass finds them
in one block in any order. Long data is cut into blocks of rows, so that one unit of work is always short.
Within a pass nodes are rows and data rows are columns, so that the values of a layer are contiguous. All
weights and biases lie in one flat vector, so that an update is one subtraction: layer by layer, node by node,
each node's bias after its weights. Knows nothing of windows, clocks or threads: the caller decides when the
next unit is computed.
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
from nnviz.core.metrics import classifies, counting
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.slopes import THERE_AND_BACK, Work, forward_ns
from nnviz.core.state import Curve, Run, Segment, State, Weights, epoch_order

PASS_NS = 6_700_000.0
"""What a pass there and back should not exceed."""
UNCUT_ROWS = 8
"""So many rows are never cut: to read millions of weights takes as long for one row."""
READY_NUMBERS = 2**15
"""Inputs of mini-batches that are made ready at once: few enough to stay in the cache."""
READY_BATCHES = 256
"""Mini-batches that are made ready at once, at most."""
COPIED_BYTES = 2**24
"""Inputs that may be copied, so as to have the ones beside them."""


class _Room(NamedTuple):
    """Tables for the rows of a pass, and what makes the buffers for so many."""

    inputs: Array
    targets: Array
    buffers: Callable[[int], Buffers]


class Batches:
    """The passes over a State's data with the weights of `parameters`.

    Slopes come multiplied by `rate`, an array of no dimension, where it is given.

    =========== ==================================================================
    `per_epoch` updates in an epoch
    `whole`     the pass over all rows that are trained on, where one holds them
    `long`      an update takes more than one pass
    `pass_ns`   about what a pass takes, at most
    `aside`     the pass over the rows for validation, where there are and one holds them
    =========== ==================================================================

    Sums are taken pass by pass, so their last bits depend on how long a pass is, which depends on the network
    alone.
    """

    def __init__(self, state: State, parameters: Parameters, rate: Array | None) -> None:
        network, data, settings = state.network, state.data, state.training
        assert data.targets is not None
        self._measure, self._rows, self._outputs = state.measure, state.trained_rows, len(network.outputs)
        self._batch = min(settings.batch_size or self._rows, self._rows)
        self._seed = settings.seed
        self.per_epoch = settings.updates_per_epoch(self._rows)
        row_ns = forward_ns(network)
        at_once = max(UNCUT_ROWS, int(PASS_NS / (THERE_AND_BACK * row_ns)))
        self.long = self._batch > at_once
        # A pass that only measures the loss can be longer: the way forward is a third of an update.
        longest = at_once if self.long or self.per_epoch == 1 else THERE_AND_BACK * at_once
        self._block = min(longest, self._rows)
        self.pass_ns = row_ns * max(THERE_AND_BACK * min(self._batch, at_once), self._block)

        self._rate = rate
        self._scales: dict[int, Array] = {}
        self._make_buffers = partial(Buffers, network, self._measure, parameters)
        self._source = _Source(state)
        self._room = self._make_room(self._block)
        self._all = np.arange(self._rows)
        self.whole: Pass | None = None
        if self._block == self._rows:
            (self.whole,) = self._blocks(self._all, self._room)
        self._set_aside(np.arange(self._rows, len(data)), THERE_AND_BACK * at_once)
        self._ready: list[tuple[Call, ...]] = []
        if self.per_epoch > 1 and not self.long:
            self._make_room_for_batches()

    def every_row(self) -> Iterator[Pass]:
        """Yield the passes over all rows, in the order of the data; make each before the next is taken."""
        return iter((self.whole,)) if self.whole else self._blocks(self._all, self._room)

    def every_row_aside(self) -> Iterator[Pass]:
        """Yield those over the rows that are kept for validation."""
        if self.aside or not self._aside:
            return iter((self.aside,) if self.aside else ())
        return self._blocks(self._kept, self._aside)

    def blocks(self, done: int) -> Iterator[Pass]:
        """Yield the passes of the update that follows `done` updates; make each before the next is taken."""
        if self.per_epoch == 1:
            return self._blocks(self._all, self._room)
        epoch, part = divmod(done, self.per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)
        return self._blocks(order[part * self._batch : (part + 1) * self._batch], self._room)

    def calls(self, done: int) -> tuple[Call, ...]:
        """Return the one pass of the update that follows `done` updates, a mini-batch, there and back."""
        at = done - self._first_ready
        if not 0 <= at < len(self._ready):
            self._make_ready(done)
            at = done - self._first_ready
        return self._ready[at]

    def take_rate(self) -> None:
        """Let the slopes follow a `rate` that has been changed."""
        for batch, scale in self._scales.items():
            scale.fill(self._scale(batch))

    def _set_aside(self, kept: NDArray[np.intp], longest: int) -> None:
        """Make ready to measure the rows `kept`, in buffers of their own: an update begins in the others."""
        self._kept = kept
        self._aside = self._make_room(min(len(kept), longest)) if len(kept) else None
        self.aside: Pass | None = None
        if self._aside and len(kept) <= longest:
            (self.aside,) = self._blocks(kept, self._aside)

    def _make_room(self, rows: int) -> _Room:
        return _Room(*self._source.room(rows), cache(self._make_buffers))

    def _blocks(self, order: NDArray[np.intp], room: _Room) -> Iterator[Pass]:
        for start in range(0, len(order), len(room.inputs)):
            which = order[start : start + len(room.inputs)]
            inputs, targets = room.inputs[: len(which)], room.targets[: len(which)]
            self._source.copy(which, inputs, targets)
            yield self._pass_over(inputs, targets, len(order), room)

    def _pass_over(self, inputs: Array, targets: Array, batch: int, room: _Room) -> Pass:
        """Return the pass over rows that are part of a batch of so many."""
        if batch not in self._scales:
            self._scales[batch] = np.array(self._scale(batch))
        return room.buffers(len(inputs)).pass_over(inputs, targets, self._scales[batch])

    def _scale(self, batch: int) -> float:
        """Return what turns slopes into those of a batch's loss."""
        return self._measure.scale(batch, self._outputs) * (1.0 if self._rate is None else float(self._rate))

    # Every epoch takes the rows in an order of its own. The mini-batches of many updates are copied at once,
    # into a table whose passes are made once.

    def _make_room_for_batches(self) -> None:
        batch = self._batch
        fitting = READY_NUMBERS // (batch * self._source.width)
        self._at_once = max(1, min(fitting, READY_BATCHES, self.per_epoch))
        self._table = inputs, targets = self._source.room(self._at_once * batch)

        def calls(k: int, count: int) -> tuple[Call, ...]:
            part = slice(k * batch, k * batch + count)
            return self._pass_over(inputs[part], targets[part], count, self._room).there_and_back

        self._full = [calls(k, batch) for k in range(self._at_once)]
        self._short: tuple[Call, ...] = ()
        if short := self._rows % batch:
            self._short = calls((self.per_epoch - 1) % self._at_once, short)
        self._first_ready = 0

    def _make_ready(self, done: int) -> None:
        epoch, part = divmod(done, self.per_epoch)
        start = part - part % self._at_once
        end = min(start + self._at_once, self.per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)[start * self._batch : end * self._batch]
        inputs, targets = self._table
        self._source.copy(order, inputs[: len(order)], targets[: len(order)])
        self._first_ready = done - part + start
        self._ready = self._full[: end - start]
        if self._short and end == self.per_epoch:
            self._ready[-1] = self._short


class _Source:
    """The data of a State, to be copied row by row into tables of `width` inputs."""

    def __init__(self, state: State) -> None:
        data = state.data
        assert data.targets is not None
        ones = state.network.layers[0].biases is not None
        self.width = data.inputs.shape[1] + ones
        self._inputs, self._targets = data.inputs, data.targets
        if ones and data.inputs.nbytes <= COPIED_BYTES:
            self._inputs = np.hstack((data.inputs, np.ones((len(data), 1))))

    def room(self, rows: int) -> tuple[Array, Array]:
        """Return a table of inputs, with ones where they belong, and one of targets."""
        return np.ones((rows, self.width)), np.empty((rows, self._targets.shape[1]))

    def copy(self, which: NDArray[np.intp], inputs: Array, targets: Array) -> None:
        """Write the rows `which` into `inputs` and `targets`."""
        if self._inputs.shape[1] == self.width:
            self._inputs.take(which, axis=0, out=inputs, mode="clip")  # "raise" would copy first
        else:
            inputs[:, :-1] = self._inputs.take(which, axis=0)
        self._targets.take(which, axis=0, out=targets, mode="clip")


class Parameters:
    """What training changes, in place.

    ================= ========================================================================
    `all`             shape (1 + memories, parameters): the values, then the optimizer's memory
    `values`          the first row of it
    `memory`          the other rows, zeros at first
    `matrices`        the values layer by layer, shape (nodes, inputs of the layer [+ 1 for b])
    `slopes`          ∂loss/∂value of each
    `slope_matrices`  the same layer by layer
    ================= ========================================================================
    """

    def __init__(self, network: Network, memories: int) -> None:
        shapes = _shapes(network)
        count = sum(nodes * inputs for nodes, inputs in shapes)
        self.all = np.zeros((1 + memories, count))
        self.values, self.memory = self.all[0], self.all[1:]
        self.slopes = np.full(count, 0.0)  # touched now: the first product need not wait for the pages
        self.matrices = _matrices(self.values, shapes)
        self.slope_matrices = _matrices(self.slopes, shapes)
        for matrix, layer in zip(self.matrices, network.layers, strict=True):
            matrix[:, : layer.weights.shape[1]] = layer.weights
            if layer.biases is not None:
                matrix[:, -1] = layer.biases

    def into(self, network: Network) -> Network:
        """Return `network` with copies of these values."""
        layers = []
        for matrix, layer in zip(self.matrices, network.layers, strict=True):
            weights = matrix[:, : layer.weights.shape[1]]
            biases = None if layer.biases is None else matrix[:, -1]
            layers.append(Layer(layer.nodes, layer.activation, weights, biases))
        return replace(network, layers=tuple(layers))


def place(network: Network, address: Address) -> int:
    """Return the place of a weight or bias in the flat vector."""
    shapes = _shapes(network)
    before = sum(nodes * inputs for nodes, inputs in shapes[: address.layer])
    inputs = shapes[address.layer][1]
    return before + address.node * inputs + (address.source if address.kind == "weight" else inputs - 1)


def as_layers(vector: Array, network: Network) -> tuple[Weights, ...]:
    """Return a flat vector, shape (parameters,), as that which belongs to weights and biases, by layer."""
    matrices = _matrices(vector, _shapes(network))
    return tuple(
        Weights(matrix[:, : layer.weights.shape[1]], None if layer.biases is None else matrix[:, -1])
        for matrix, layer in zip(matrices, network.layers, strict=True)
    )


def in_one_vector(layers: Iterable[tuple[Array, Array | None]]) -> Array:
    """Return each layer's weights and biases as a flat vector, shape (parameters,): see `as_layers`."""
    matrices = (weights if biases is None else np.c_[weights, biases] for weights, biases in layers)
    return np.concatenate([matrix.ravel() for matrix in matrices])


def _shapes(network: Network) -> list[tuple[int, int]]:
    """Return (nodes, inputs of the layer [+ 1 for b]), layer by layer."""
    return [(len(layer), layer.weights.shape[1] + (layer.biases is not None)) for layer in network.layers]


def _matrices(vector: Array, shapes: list[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([nodes * inputs for nodes, inputs in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]


DOT_LIMIT_NUMBERS = 2**19
"""The largest product that `dot` makes: so many numbers, 4 MB, are cleared in no time."""


class Pass(NamedTuple):
    """What is called, one after the other, to take some rows through the network.

    =========== ===========================================================================
    `forward`   computes every layer, and the slopes of the loss, but for their scale
    `total`     returns the sum of the loss's terms over these rows and the outputs
    `backward`  writes the slopes of what these rows add to their batch's loss
    `counting`  returns what counts those of these rows that are right; the rows must stay
    =========== ===========================================================================
    """

    forward: tuple[Call, ...]
    total: Callable[[], float]
    backward: tuple[Call, ...]
    counting: Callable[[], Callable[[], int]]

    @property
    def there_and_back(self) -> tuple[Call, ...]:
        """The calls of the pass forward and of the one back."""
        return self.forward + self.backward

    def measured(self) -> float:
        """Go forward and return the sum of the loss's terms."""
        for call in self.forward:
            call()
        return self.total()


class _LayerValues(NamedTuple):
    """What one layer computes, shape (nodes, rows) each, and the slopes of the loss with respect to it.

    `onward` is `a` over a row of ones, where the next layer has biases, and `slope_onward` its slope: it is
    quicker to multiply by a whole matrix than by all but a column of it.
    """

    z: Array
    a: Array
    onward: Array
    slope_onward: Array
    slope_a: Array
    slope_z: Array

    @classmethod
    def room(cls, layer: Layer, rows: int, ones: bool) -> _LayerValues:
        onward = np.ones((len(layer) + ones, rows))
        slope_onward = np.empty_like(onward)
        a, slope_a = onward[: len(layer)], slope_onward[: len(layer)]
        if _linear(layer):
            return cls(a, a, onward, slope_onward, slope_a, slope_a)
        return cls(np.empty_like(a), a, onward, slope_onward, slope_a, np.empty_like(a))


def _product(left: Array, right: Array, out: Array) -> Call:
    """Return what writes `left` · `right` into `out`.

    The method `dot` is called in half the time of `matmul`, but clears `out` first and lets no thread go on
    meanwhile: with millions of weights, the window would stand still.
    """
    if out.size > DOT_LIMIT_NUMBERS:
        return partial(np.matmul, left, right, out)
    return partial(left.dot, right, out)


def _linear(layer: Layer) -> bool:
    """Tell whether z and a can be one array, so that nothing need be computed."""
    return layer.function.linear


class Buffers:
    """Room for what a pass over `rows` rows computes, shared by all passes over so many.

    The weights are those of `parameters` at the time of the call; the slopes go there too.
    """

    def __init__(self, network: Network, measure: Loss, parameters: Parameters, rows: int) -> None:
        layers = network.layers
        wants_ones = [layer.biases is not None for layer in layers[1:]] + [False]
        values = [
            _LayerValues.room(layer, rows, ones) for layer, ones in zip(layers, wants_ones, strict=True)
        ]
        self._network, self._measure, self._parameters = network, measure, parameters
        self._first, self._last = values[0], values[-1]
        self._slopes = np.empty_like(self._last.a)
        self._forward: list[Call] = []
        self._backward: list[Call] = []
        for k, (layer, here) in enumerate(zip(layers, values, strict=True)):
            backward: list[Call] = []
            if k:
                before, matrix = values[k - 1], parameters.matrices[k]
                self._forward.append(_product(matrix, before.onward, here.z))
                backward.append(_product(here.slope_z, before.onward.T, parameters.slope_matrices[k]))
                backward.append(_product(matrix.T, here.slope_z, before.slope_onward))
            if not _linear(layer):
                z, a, slope_a, slope_z = here.z.T, here.a.T, here.slope_a.T, here.slope_z.T
                self._forward.append(layer.function.forward(z, a))
                if here is not self._last or not measure.short:
                    backward.insert(0, layer.function.backward(z, a, slope_a, slope_z))
            self._backward[:0] = backward

    def pass_over(self, inputs: Array, targets: Array, scale: Array) -> Pass:
        """Return the pass over `inputs`, shape (rows, inputs [+ 1 of ones]), and `targets`, (rows, outputs).

        What goes back are the slopes of the loss times `scale`, an array of no dimension.
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
            cache(lambda: counting(self._network, last.a.T, targets)),
        )


class Points:
    """Measures a State's network by the passes of its `batches`.

    =============== =====================================================================
    `beside`        the names of what is measured beside the loss
    `at_once`       each is measured in one pass
    `of`            all of them, of the sum of the loss's terms; the pass that gave it stands
    `in_blocks`     the same, yielding between passes; it makes all of them
    =============== =====================================================================
    """

    def __init__(self, state: State, batches: Batches) -> None:
        self._batches, self._classifies = batches, classifies(state.network, state.data)
        self._rows, self._aside = state.trained_rows, len(state.data) - state.trained_rows
        self._parts = state.measure.parts(len(state.network.outputs))
        self._terms = self._rows * self._parts
        self.at_once = batches.whole is not None and (batches.aside is not None or not self._aside)
        self.beside: tuple[str, ...] = ("validation",) if self._aside else ()
        if self._classifies:
            self.beside += ("accuracy", "validation accuracy") if self._aside else ("accuracy",)

    def of(self, total: float) -> tuple[float, ...]:
        """Return what is measured now: the loss, then what `beside` names."""
        if not self.beside:
            return (total / self._terms,)
        whole, aside = self._batches.whole, self._batches.aside
        assert whole is not None
        hits = self._hits(whole)
        if aside is None:
            return self._measured(total, hits)
        return self._measured(total, hits, aside.measured(), self._hits(aside))

    def in_blocks(self) -> Work[tuple[float, ...]]:
        """Measure the same block by block, and yield between them."""
        trained = yield from self._over(self._batches.every_row())
        aside = yield from self._over(self._batches.every_row_aside())
        return self._measured(*trained, *aside)

    def _over(self, passes: Iterator[Pass]) -> Work[tuple[float, int]]:
        """Return the sum of the loss's terms and how many rows are right."""
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
        self, total: float, hits: int, total_aside: float = 0.0, hits_aside: int = 0
    ) -> tuple[float, ...]:
        values: tuple[float, ...] = (total / self._terms,)
        if self._aside:
            values += (total_aside / (self._aside * self._parts),)
        if self._classifies:
            values += (hits / self._rows,)
            values += (hits_aside / self._aside,) if self._aside else ()
        return values


CHECK_UPDATES = 256
"""Updates of a small network between two looks for numbers that are not finite."""


class Trainer:
    """Trains a State's network on its data, a unit of work at a time.

    ================= ============================================================
    `work(n)`         up to `n` more updates; yields after each unit of work: an
                      update, or a block of rows of a long one
    `end()`           measures where `work` was left, as after its last update
    `learning_rate`   may be set between units; holds from the next update on
    `iteration`       updates done in this run
    `loss`            over the rows that are trained on, at the last point of the
                      history; NaN until the first pass over long data is through
    `diverged`        some number ceased to be finite; the last finite are kept
    `state()`         the State as it is now, with its run
    ================= ============================================================

    A State that has a run goes on with it: iteration, epochs, row order and optimizer memory; its history
    holds up to `history_limit` points before it is thinned. However the
    work is split, the numbers are the same to the last bit; only a stop within an epoch leaves a point more
    in the history. Raises ValueError where the State has no rows to train on or no targets, or its loss is
    not finite (for long data, `work` raises that).
    """

    def __init__(self, state: State, history_limit: float = math.inf) -> None:
        if len(state.data) == 0:
            raise ValueError("data: there are no rows to train on")
        if state.data.targets is None:
            raise ValueError("data.targets: there are no targets to train on")
        if not state.trainable:
            rows = f"none of {counted(len(state.data), 'row')}"
            raise ValueError(f"validation: it leaves {rows} to train on: make it smaller")
        # NumPy 2 keeps what to do about overflow in a context variable: in a context of its own the work is
        # silent for 30 ns a unit, where `np.errstate` costs 700.
        self._quiet = copy_context()
        self._quiet.run(np.seterr, over="ignore", invalid="ignore")
        self._state = state
        self._make_ready(state)
        self._take_up(state, history_limit)
        if self._batches.whole:
            self._quiet.run(_make_all, self._measure_start())

    def _make_ready(self, state: State) -> None:
        optimizer = OPTIMIZERS[state.training.optimizer]
        self._parameters = Parameters(state.network, len(optimizer.memories))
        values, slopes, memory = self._parameters.values, self._parameters.slopes, self._parameters.memory
        self._learning_rate = state.training.learning_rate
        self._rate = np.array(self._learning_rate)  # what the arithmetic reads
        self._optimizer = optimizer(values, slopes, memory, self._rate)
        rate_of_slopes = self._rate if optimizer.rate_in_slopes else None
        self._batches = Batches(state, self._parameters, rate_of_slopes)
        self._points = Points(state, self._batches)
        self._one_pass = self._batches.per_epoch == 1 and self._points.at_once
        self._check_every = 1
        if self._one_pass:
            self._check_every = min(CHECK_UPDATES, 1 + int(PASS_NS / self._batches.pass_ns))
        self._forward_stands = False
        """Whether the whole pass forward has been made with the present weights."""

    def _take_up(self, state: State, history_limit: float) -> None:
        """Go on with the run of `state`, or begin one."""
        name, memory = state.training.optimizer, self._parameters.memory
        self._run = state.run or Run(state.network, 0, History(history_limit), name, memory, ())
        if self._run.optimizer == name:
            memory[:] = self._run.memory
        self.iteration = self._run.iteration
        self._curves = {"": self._run.history.limited(history_limit)}
        for name in self._points.beside:
            curve = self._run.curve(name)
            self._curves[name] = History(history_limit) if curve is None else curve.limited(history_limit)
        self._segments = self._run.segments
        self._begin_segment()
        self.diverged = False
        self.loss = self._history.last[1] if len(self._history) else math.nan
        self._measured: list[tuple[float, ...]] = []
        self._kept = np.empty_like(self._parameters.all)
        self._keep()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if value == self._learning_rate:
            return
        self._quiet.run(self._check)  # what may have to be repeated was made at the old rate
        self._learning_rate = value
        if not self._batches.long:  # a long update may be half done
            self._take_rate()

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, yielding after each unit of work; stops where it diverges."""
        last = self.iteration + updates
        return self._quietly(self._updates_in_one_pass(last) if self._one_pass else self._updates(last))

    def end(self) -> Iterator[None]:
        """Measure the last point of a run that stops here, within an epoch too, yielding as `work` does."""
        if self._one_pass or (len(self._history) and self._history.last[0] == self.iteration):
            return iter(())
        return self._quietly(self._record())

    def _quietly(self, units: Iterator[None]) -> Iterator[None]:
        run = self._quiet.run
        while run(next, units, self) is None:
            yield

    def state(self) -> State:
        """Return the State as it is now. Within an epoch its history ends at the epoch's start."""
        self._quiet.run(self._check)
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=self._history,
            beside=tuple(Curve(name, self._curves[name]) for name in self._points.beside),
            optimizer=self._state.training.optimizer,
            memory=self._parameters.memory.copy(),
            segments=self._segments_made(),
        )
        network = self._parameters.into(self._state.network)
        return replace(self._state, network=network, run=self._run)

    def _take_rate(self) -> None:
        self._rate.fill(self._learning_rate)
        self._batches.take_rate()
        self._begin_segment()

    def _begin_segment(self) -> None:
        """Note how the next update is made."""
        segments = self._segments_made()
        settings = replace(self._state.training, learning_rate=self._learning_rate, updates=1)
        if not segments or segments[-1].training != settings:
            segments = (*segments, Segment(self.iteration, settings))
        self._segments = segments

    def _segments_made(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self._segments if segment.after < self.iteration)

    def _updates_in_one_pass(self, last: int) -> Iterator[None]:
        """Make updates of all rows at once: the way forward that measures the loss begins the next update."""
        assert self._batches.whole is not None
        forward, total, backward, _ = self._batches.whole
        update, measure = self._optimizer.update, self._points.of
        if not self._forward_stands:
            for call in forward:
                call()
            self._forward_stands = True
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
        """Make updates of mini-batches, or long ones, and measure after each epoch and at the end."""
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
        """Find the slopes of the next update, yielding after each block of its rows."""
        self._take_rate()
        slopes = self._parameters.slopes
        total = np.zeros_like(slopes)
        for block in self._batches.blocks(self.iteration):
            for call in block.there_and_back:
                call()
            total += slopes
            yield
        slopes[:] = total

    def _measure_start(self) -> Iterator[None]:
        """Record a point that is due here: the first one, or one whose pass was left in the middle."""
        history = self._history
        if self.iteration % self._batches.per_epoch or (len(history) and history.last[0] == self.iteration):
            return
        yield from self._record()
        if not len(self._history):
            what = self._state.measure.word
            raise ValueError(f"the {what} is too large for a number: make the weights or the data smaller")

    def _record(self) -> Iterator[None]:
        measured = yield from self._points.in_blocks()
        self._forward_stands = True
        if math.isfinite(sum(measured)) and self._finite():
            self.loss = measured[0]
            self._measured.append(measured)
            self._keep()
        else:
            self._fall_back()

    # A finite loss does not tell that all numbers are: a relu hides an infinite weight, and adam's memory can
    # overflow alone. To look at all numbers costs as much as a small update, so it is done now and then; what
    # was found finite is kept, and where some number is not, the updates since are repeated one by one.

    def _finite(self) -> bool:
        return bool(np.isfinite(self._parameters.all).all())

    def _check(self) -> None:
        """Look at all numbers now, unless it was done at this iteration."""
        if self.iteration == self._kept_point[0]:
            return
        if not self._finite():
            self._fall_back()
        elif self._one_pass:
            self._keep()

    def _keep(self) -> None:
        """Keep all numbers, which are finite, to fall back to, and hand the new points to the history."""
        self._kept[:] = self._parameters.all
        self._kept_point = self.iteration, self.loss
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
        """Return to the last iteration at which every number was finite."""
        failed = self.iteration
        self._parameters.all[:] = self._kept
        self._forward_stands = False
        self.iteration, self.loss = self._kept_point
        self._measured.clear()
        if self._check_every > 1:
            self._check_every, self._next_check = 1, self.iteration
            _make_all(self._updates_in_one_pass(failed))
        self.diverged = True


def _make_all(units: Iterator[None]) -> None:
    for _ in units:
        pass
