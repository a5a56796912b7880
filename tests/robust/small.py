"""The State that is saved, kept and lost in the tests of accidents."""

import numpy as np

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State


def state(number, rows=1):
    """Return a State whose first weight is `number`; a row takes about 20 bytes in a file."""
    network = Network(("x",), (Layer(("output",), "identity", [[number]]),))
    return State(network, Dataset(np.arange(rows)[:, None] + 0.123456789, np.ones((rows, 1))))
