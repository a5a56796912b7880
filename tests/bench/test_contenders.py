"""The references that need nothing installed train as nnviz does, so that their times can be compared."""

import numpy as np
import pytest

from tests.bench import c_loop, ours, per_node, plain
from tests.bench.cases import CASES

SMALL = [case for case in CASES if max(case.sizes) < 10]


@pytest.mark.parametrize("contender", [plain, per_node, c_loop], ids=lambda own: own.NAME)
@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_a_reference_shows_the_same_history(case, contender):
    state = case.state()
    if reason := contender.missing(state):
        pytest.skip(reason)
    updates = 2 * case.epoch if case.epoch > 1 else 30
    expected = ours.prepare(state, updates)()
    assert len(expected) > 2
    assert contender.prepare(state, updates)() == pytest.approx(np.array(expected), rel=1e-10)
