"""Small networks whose one weight is told by a number, and the document that holds them."""

import numpy as np
import pytest

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document


@pytest.fixture
def state():
    """Return a function that makes a State whose first weight is `number`, in a layer of `size` weights."""

    def make(number, size=1, name="line"):
        weights = np.zeros((1, size))
        weights[0, 0] = number
        network = Network(tuple(f"x{i}" for i in range(size)), (Layer(("y",), "identity", weights, None),))
        return State(network, Dataset(np.ones((1, size)), np.ones((1, 1))), name=name)

    return make


@pytest.fixture
def document(state):
    return Document(state(0))
