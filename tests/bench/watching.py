"""By how much `nnviz.watch` slows a loop down: `python -m tests.bench.watching`, with and without in turns.

The window is the real one, drawn without a display unless `QT_QPA_PLATFORM` says otherwise.
"""

import os
import statistics
import time

import numpy as np

import nnviz
from nnviz.watching import window
from tests.bench import report

ROUND_S = 1.0
"""How long a loop runs by itself in a round."""


class NumPyLoop:
    """Gradient descent as a course writes it: relu, MSE, weights that change in place."""

    def __init__(self, inputs, hidden, outputs, rows):
        rng = np.random.default_rng(0)
        self.name = f"NumPy {inputs}-{hidden}-{outputs}, {rows} rows"
        self.x, self.y = rng.normal(size=(rows, inputs)), rng.normal(size=(rows, outputs))
        self.model = [
            rng.normal(size=(inputs, hidden)) / inputs,
            np.zeros(hidden),
            rng.normal(size=(hidden, outputs)) / hidden,
            np.zeros(outputs),
        ]

    def run(self, updates, update=None):
        x, y, (w0, b0, w1, b1) = self.x, self.y, self.model
        for _ in range(updates):
            hidden = np.maximum(x @ w0 + b0, 0)
            error = hidden @ w1 + b1 - y
            slope = 2 * error / error.size
            back = (slope @ w1.T) * (hidden > 0)
            w1 -= 0.01 * hidden.T @ slope
            b1 -= 0.01 * slope.sum(axis=0)
            w0 -= 0.01 * x.T @ back
            b0 -= 0.01 * back.sum(axis=0)
            loss = (error * error).mean()
            if update:
                update(loss)


class TorchLoop:
    """The usual loop: Linear layers, Adam, cross-entropy."""

    def __init__(self, inputs, hidden, outputs, rows):
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.name = f"torch {inputs}-{hidden}-{outputs}, {rows} rows"
        relu, linear = torch.nn.ReLU(), torch.nn.Linear
        self._module = torch.nn.Sequential(linear(inputs, hidden), relu, linear(hidden, outputs))
        self.model = [*self._module.parameters()]
        self._optimizer = torch.optim.Adam(self.model)
        self._loss = torch.nn.CrossEntropyLoss()
        self._x, self._classes = torch.randn(rows, inputs), torch.randint(outputs, (rows,))
        self.x, self.y = self._x.numpy(), np.eye(outputs)[self._classes]

    def run(self, updates, update=None):
        for _ in range(updates):
            self._optimizer.zero_grad()
            loss = self._loss(self._module(self._x), self._classes)
            loss.backward()
            self._optimizer.step()
            if update:
                update(loss)


def took(loop, updates, update=None):
    """Return the seconds of a loop, by the clock and of the processor, all threads of the script together."""
    began, worked = time.perf_counter(), time.process_time()
    loop.run(updates, update)
    return np.array([time.perf_counter() - began, time.process_time() - worked])


def measured(loop, rounds):
    """Return the microseconds of an update by itself, and by how much watched ones are slower, of each round.

    Slower by the clock, which other programs on the machine disturb, and in time of the processor.
    """
    loop.run(200)
    updates = max(1, int(200 * ROUND_S / took(loop, 200)[1]))
    slower, alone = [], []
    with nnviz.watch(loop.model, loop.x, loop.y, activations=("relu", "identity")) as view:
        loop.run(2 * updates, view.update)  # until the window stands
        time.sleep(2)
        for number in range(rounds):
            order = (None, view.update) if number % 2 else (view.update, None)
            seconds = {update: took(loop, updates, update) for update in order}
            slower.append(seconds[view.update] / seconds[None] - 1)
            alone.append(1e6 * seconds[None][1] / updates)
    return statistics.median(alone), np.transpose(slower)


def main():
    report.in_one_thread()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    options = report.parser(__doc__, 15).parse_args()
    windows, start = [], window.window_process
    window.window_process = lambda what: windows.append(start(what)) or windows[-1]
    loops = [NumPyLoop(2, 8, 1, 32), NumPyLoop(64, 32, 10, 32)]
    try:
        loops.append(TorchLoop(64, 32, 10, 32))
    except ImportError:
        print("torch is not installed: left out")
    report.head("loop", "µs an update alone", "slower when watched, by the clock", "in time of the processor")
    for loop in loops:
        alone, slower = measured(loop, options.rounds)
        windows.pop().kill()  # which would stay open
        cells = []
        for each in slower:
            low, middle, high = (f"{part:+.1%}" for part in np.quantile(each, (0.25, 0.5, 0.75)))
            cells.append(f"{middle} ({low} to {high})")
        report.row(loop.name, f"{alone:.1f}", *cells)
    print(f"\n{report.ran_on('numpy', 'torch', 'PySide6-Essentials')}")


if __name__ == "__main__":
    main()
