"""What of a State is lost in a file, in words: told before it is saved."""

from __future__ import annotations

from nnviz.core.network import Network
from nnviz.core.state import State

RUN, SETTINGS = "the run", "the training settings"


def lost(state: State, again: State) -> list[str]:
    """Return the parts of `state` that `again`, which its file would be read as, does not have.

    Of an empty part, such as no notes, nothing is lost.
    """
    parts = {
        "the rows": state.data != again.data,
        "the names of the inputs": state.network.inputs != again.network.inputs,
        "the names of the nodes": _nodes(state.network) != _nodes(again.network),
        "the title": state.name != again.name,
        "the notes": state.notes != again.notes,
        SETTINGS: state.training != again.training,
        RUN: state.run is not again.run,
        "the earlier runs": state.runs != again.runs,
        "the weight sets": state.weight_sets != again.weight_sets,
        "the columns of raw rows": any(column.values for column in state.columns),  # scaling is no loss
    }
    return [part for part, is_lost in parts.items() if is_lost]


def _nodes(network: Network) -> list[tuple[str, ...]]:
    return [layer.nodes for layer in network.layers]
