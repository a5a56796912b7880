"""The networks and data that training is timed on."""

from dataclasses import dataclass

import numpy as np

from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State


@dataclass(frozen=True)
class Case:
    """A network with made data. `epoch` is how many updates it makes in an epoch, `aim` the wished ratio."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    biases: bool
    rows: int
    batch_size: int | None
    learning_rate: float
    aim: float

    @property
    def epoch(self) -> int:
        return -(-self.rows // self.batch_size) if self.batch_size else 1

    def state(self) -> State:
        """Return the State at its seeded start."""
        layers = len(self.sizes) - 1
        network = Network(
            default_inputs(self.sizes[0]),
            tuple(
                Layer(
                    default_nodes(k, layers, self.sizes[k + 1]),
                    self.activation if k < layers - 1 else "identity",
                    np.zeros((self.sizes[k + 1], self.sizes[k])),
                    np.zeros(self.sizes[k + 1]) if self.biases else None,
                )
                for k in range(layers)
            ),
        ).randomised(1)
        rng = np.random.default_rng(2)
        x = rng.normal(size=(self.rows, self.sizes[0]))
        y = np.sin(x @ rng.normal(size=(self.sizes[0], self.sizes[-1])) / np.sqrt(self.sizes[0]))
        return State(network, Dataset(x, y), Training(self.learning_rate, 1, self.batch_size))


CASES = (
    Case("2-2-1 relu, 4 rows, full batch, no biases", (2, 2, 1), "relu", False, 4, None, 1e-3, 3.2),
    Case("2-4-2-1 tanh, 250 rows, batch 10", (2, 4, 2, 1), "tanh", True, 250, 10, 1e-2, 3.8),
    Case("9-100-100-1 relu, 1000 rows, batch 32", (9, 100, 100, 1), "relu", True, 1000, 32, 1e-3, 1.9),
    Case("784-128-64-10 relu, 2048 rows, batch 32", (784, 128, 64, 10), "relu", True, 2048, 32, 1e-3, 1.2),
)
