"""The words of the command line, and what a wrong one raises. Imports nothing, for the window's sake."""

from __future__ import annotations

COMMANDS = {
    "predict": "the predictions of a network, one row a line",
    "slopes": "the loss and every slope at the current weights",
    "train": "gradient descent on the file's rows",
    "render": "the diagram as PNG, SVG or PDF, or a film of it; no display needed",
    "screenshot": "the whole window as PNG; no display needed",
    "convert": "from one file format to another, by suffix",
    "check": "whether a file is right, and if not, where",
    "code": "the network as a program that runs as it stands",
    "examples": "the examples that ship with nnviz",
}
"""Every command and what it gives; a file of such a name is opened as `./predict`."""


ACTIVATIONS = "--activations"
"""Says which activation each layer of FILE has, where the file does not."""


class UsageError(Exception):
    """A command line that makes no sense; the message is one sentence."""
