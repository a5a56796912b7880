"""Training: one Trainer owns flat parameters and slopes, and updates them in place.

Rows are rows and nodes are columns throughout. A ones-column beside a layer's inputs makes its biases the last
column of one matrix, so that every layer is one product forward and two back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.history import History
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import Run, State


@dataclass(frozen=True)
class Result:
    """What a training came to: the State after it, and its history, shape (points, 2): iteration, MSE."""

    state: State
    history: Array
    diverged: bool = False


def train(
    state: State,
    *,
    updates: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    optimizer: str | None = None,
    seed: int | None = None,
) -> Result:
    """Train `state` by its own settings, or by those given here, and return the result.

    Raises ValueError without rows or targets, or where a setting cannot be.
    """
    given = {
        "updates": updates,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "seed": seed,
    }
    settings = replace(state.training, **{k: v for k, v in given.items() if v is not None})
    trainer = Trainer(replace(state, training=settings))
    for _ in trainer.work(settings.updates):
        pass
    after = trainer.state()
    assert after.run is not None
    return Result(after, after.run.history.points, trainer.diverged)


class Trainer:
    """Trains a State's network on its data, a unit of work at a time.

    ================== ====================================================================
    `work(n)`          up to `n` more updates; yields after each unit of work
    `learning_rate`    may be set between units; holds from the next update on
    `iteration`, `mse` updates done in this run, and the MSE at the last point of the history
    `diverged`         the MSE ceased to be finite; the last finite weights are kept
    `state()`          the State as it is now, with its run
    ================== ====================================================================

    A State that has a run goes on with it: iteration, epochs, row order and optimizer memory.
    Raises ValueError where the State has no rows or no targets, or its MSE is not finite.
    """

    def __init__(self, state: State) -> None:
        if len(state.data) == 0:
            raise ValueError("data: there are no rows to train on")
        if state.data.targets is None:
            raise ValueError("data.targets: there are no targets to train on")
        self._state = state
        self._settings = state.training
        self.learning_rate = state.training.learning_rate
        self.diverged = False
        rows = len(state.data)
        self._batch = min(state.training.batch_size or rows, rows)
        self._bind_parameters(state)
        self._x = state.data.inputs
        self._y = state.data.targets
        self._points: list[tuple[int, float]] = []
        self.mse = self._whole_mse()
        if not np.isfinite(self.mse):
            raise ValueError("the MSE is too large for a number: make the weights or the data smaller")
        if self.iteration == 0:
            self._points.append((0, self.mse))
        self._keep()

    def _bind_parameters(self, state: State) -> None:
        network, run = state.network, state.run
        flat = [
            part.ravel()
            for layer in network.layers
            for part in (layer.weights, layer.biases)
            if part is not None
        ]
        parameters = np.concatenate(flat)
        optimizer = OPTIMIZERS[self._settings.optimizer]
        self._all = np.zeros((1 + optimizer.memories, parameters.size))
        self._all[0] = parameters
        self.iteration = run.iteration if run else 0
        if run and run.optimizer == optimizer.name:
            self._all[1:] = run.memory
        self._run = run or Run(network, 0, History(), optimizer.name, self._all[1:])
        self._slopes = np.empty(parameters.size)
        self._optimizer = optimizer(self._all[0], self._slopes, self._all[1:])

    def _network(self, parameters: Array) -> Network:
        layers, at = [], 0
        for layer in self._state.network.layers:
            weights = parameters[at : at + layer.weights.size].reshape(layer.weights.shape)
            at += layer.weights.size
            biases = None
            if layer.biases is not None:
                biases = parameters[at : at + len(layer)]
                at += len(layer)
            layers.append(Layer(layer.nodes, layer.activation, weights, biases))
        return replace(self._state.network, layers=tuple(layers))

    def _whole_mse(self) -> float:
        error = self._network(self._all[0]).predict(self._x) - self._y
        return float(np.mean(error * error))

    def _keep(self) -> None:
        self._kept, self._kept_iteration = self._all.copy(), self.iteration

    def _backward(self, x: Array, y: Array) -> None:
        from nnviz.core.slopes import slopes

        found = slopes(self._network(self._all[0]), x, y)
        parts = [p.ravel() for layer in found.layers for p in (layer.weights, layer.biases) if p is not None]
        np.concatenate(parts, out=self._slopes)

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, yielding after each unit of work; stops where it diverges."""
        rows = len(self._x)
        batches = -(-rows // self._batch)
        order = None
        last = self.iteration + updates
        while self.iteration < last and not self.diverged:
            if batches == 1:
                self._backward(self._x, self._y)
            else:
                epoch, batch = divmod(self.iteration, batches)
                if batch == 0 or order is None:
                    order = np.random.default_rng([self._settings.seed, 1, epoch]).permutation(rows)
                chosen = order[batch * self._batch : (batch + 1) * self._batch]
                self._backward(self._x[chosen], self._y[chosen])
            self.iteration += 1
            self._optimizer.update(self.learning_rate, self.iteration)
            if self.iteration % batches == 0 or self.iteration == last:
                self._record()
            yield

    def _record(self) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            mse = self._whole_mse()
        if np.isfinite(mse):
            self.mse = mse
            self._points.append((self.iteration, mse))
            self._keep()
        else:
            self.diverged = True
            self._all[:] = self._kept
            self.iteration = self._kept_iteration

    def state(self) -> State:
        """Return the State as it is now. In the middle of an epoch its history ends at the epoch's start."""
        history = self._run.history.extended(np.array(self._points).reshape(-1, 2))
        self._points.clear()
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=history,
            optimizer=self._optimizer.name,
            memory=self._all[1:].copy(),
        )
        return replace(self._state, network=self._network(self._all[0]), run=self._run)
