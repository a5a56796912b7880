"""The named sets of weights that a State keeps beside those in use: put one in, keep those in use, drop one.

Every function returns another State; a set is told by its place, for a file may give two the same name.
"""

from __future__ import annotations

from dataclasses import replace

from nnviz.core.edits import with_network
from nnviz.core.naming import fresh_name
from nnviz.core.state import State, WeightSet


def with_set(state: State, place: int) -> State:
    """Return `state` with the weights of a set in use; its run ends, as after any edit."""
    return with_network(state, state.weight_sets[place].into(state.network))


def in_use(state: State, place: int) -> bool:
    """Tell whether the weights in use are those of a set."""
    own = state.weight_sets[place]
    return own == WeightSet.of(own.name, state.network)


def mse_with(state: State, place: int) -> float | None:
    """Return the MSE over all rows with the weights of a set, or None without rows or targets."""
    return with_set(state, place).mse()


def new_name(state: State) -> str:
    """Return the first of the course's names, weights_0 and so on, that no set has."""
    return fresh_name("weights", {own.name for own in state.weight_sets})


def keep(state: State, name: str) -> State:
    """Keep the weights in use as one more set. Raises ValueError for an empty name or one that is taken."""
    name = name.strip()
    if not name:
        raise ValueError("a name needs at least one character")
    if any(own.name == name for own in state.weight_sets):
        raise ValueError(f"a weight set is called {name!r} already; remove it, or choose another name")
    return replace(state, weight_sets=(*state.weight_sets, WeightSet.of(name, state.network)))


def without_set(state: State, place: int) -> State:
    """Drop a set; the weights in use stay, those of the set too."""
    sets = state.weight_sets
    return replace(state, weight_sets=sets[:place] + sets[place + 1 :])
