"""How much work something is, without the clock."""

import sys


def calls(made):
    """Return how many calls of functions something takes."""
    count = 0

    def one_more(_frame, event, _of):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(one_more)
    try:
        made()
    finally:
        sys.setprofile(None)
    return count
