"""Over-fitting: whether the loss over the rows for validation has risen while that of training still falls.

Knows nothing of Qt.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter

import numpy as np

from nnviz.core.history import History

RISE, NOISE = 0.01, 1e-6
"""By so much of its least value, and of its first, validation must have risen."""
POINTS = 10
"""So many points must have been measured since: fewer say little of mini-batches, whose losses wobble."""


def risen_since(trained: History, validation: History | None) -> int | None:
    """Return the iteration at which the loss over the validation rows was least, where it has risen since.

    Both histories are of one run. It must have fallen first, and POINTS must have been measured since; each
    in the later half of the iterations since then is above the least by more than RISE of it and NOISE of the
    first: one that came down again has not risen. Where the loss over the rows that are trained on is not
    below what it was at that iteration, it is no over-fitting, and the answer is None, as it is without
    validation.
    """
    if validation is None or not len(validation):
        return None
    points = validation.points
    at = int(np.argmin(np.where(np.isnan(points[:, 1]), np.inf, points[:, 1])))
    if at == 0 or len(points) - 1 - at < POINTS:
        return None
    iteration, least = points[at].tolist()
    half = bisect_left(points, (iteration + points[-1, 0]) / 2, key=itemgetter(0))
    above = least + RISE * abs(least) + NOISE * abs(points[0, 1])
    there = trained.at(int(iteration))
    falls = there is not None and trained.last[1] < there[1]
    return int(iteration) if falls and bool((points[half:, 1] > above).all()) else None
