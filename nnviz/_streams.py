"""What stands for FILE where the window opens what comes through standard input. Imports nothing."""

from __future__ import annotations

NETWORK = "-"
"""A network, up to the end of the stream; the window opens it, unsaved."""
TRAINING = "--watched"
"""A training, which the window follows: how nnviz.watch starts it."""
STREAMS = (NETWORK, TRAINING)
