"""What programs of every style have in common: their head, the settings and the order of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS, Elsewhere
from nnviz.core.state import State
from nnviz.files.code.loss import MSE
from nnviz.files.code.program import Line
from nnviz.files.code.words import comment, of_outputs

WRITTEN_OUT = 8
"""Inputs of a row that are written one by one."""


class Names(NamedTuple):
    """What a style calls the inputs of all rows, how many updates there are, and the history."""

    inputs: str = "inputs"
    updates: str = "updates"
    history: str = "history"


NAMES = Names()


def head(state: State) -> Iterator[Line]:
    """Say what the program is. A text from outside comes third: the first two lines can name an encoding."""
    sizes = "-".join(map(str, state.network.sizes))
    does = ["predicts its rows"] * (len(state.data) > 0)
    does += [f"trains on them from these weights, printing the {MSE.name}"] * state.trainable
    yield Line(f"# A network of {sizes} nodes as nnviz shows it.")
    yield Line(f"# The program {' and '.join(does) or 'has no rows yet'}.")
    if state.name:
        yield Line(f"# {comment(state.name)}")
    if state.iteration:
        updates, verb = counted(state.iteration, "update"), "is" if state.iteration == 1 else "are"
        yield Line(f"# {updates} of training {verb} in the weights; here it begins anew.")
        yield Line("# For the run that led to them press Restart in nnviz before you save.")
    yield Line()


def predictions(state: State, rows: str, call: str) -> Iterator[Line]:
    """Write how the predictions, `rows` of numbers, are printed or, where there are none, how one is."""
    outputs = of_outputs(state.network)
    if len(state.data):
        yield Line()
        yield Line("# The prediction of every row")
        yield Line(f"for row in {rows}:", "forward", outputs)
        yield Line("    print(*row)", "forward", outputs)
    yield from to_try(state, call)


def to_try(state: State, call: str) -> Iterator[Line]:
    """Write, where there are no rows, how a prediction is printed; `{}` in the call stands for a row."""
    if not len(state.data):
        count = len(state.network.inputs)
        row = f"[{', '.join(['0.0'] * count)}]" if count <= WRITTEN_OUT else f"[0.0] * {count}"
        yield Line()
        yield Line(f"# The prediction of a row: put its {counted(count, 'input')} in, and take the # away")
        yield Line(f"# print({call.format(row)})")


def mini_batches(state: State) -> bool:
    """Tell whether an update takes a part of the rows."""
    return (state.training.batch_size or len(state.data)) < len(state.data)


def settings(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Write the settings of the training."""
    training = state.training
    yield Line("# The settings")
    yield Line(f"learning_rate = {training.learning_rate!r}", "update")
    yield Line(f"{names.updates} = {training.updates}")
    if mini_batches(state):
        yield Line(f"batch_size = {training.batch_size}")
        yield Line(f"seed = {training.seed}")
    yield Line()


def batches(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Write, where updates take mini-batches, how many there are in an epoch."""
    if mini_batches(state):
        count = f"-(-len({names.inputs}) // batch_size)"
        yield Line(f"batches = {count}  # in an epoch; the last one may be short")


def rows_of_update(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Write, within the loop, which `rows` an update takes: the seed and the epoch give their order."""
    if mini_batches(state):
        yield Line("    epoch, batch = divmod(t - 1, batches)")
        yield Line(f"    order = np.random.default_rng([seed, 1, epoch]).permutation(len({names.inputs}))")
        yield Line("    rows = order[batch * batch_size : (batch + 1) * batch_size]")


def measured(state: State, loss: str, names: Names = NAMES) -> Iterator[Line]:
    """Write, within the loop, that the loss over all rows goes into the history, where a point is due."""
    indent = "    "
    if mini_batches(state):
        yield Line(f"    if t % batches == 0 or t == {names.updates}:", "loss")
        indent *= 2
    yield Line(f"{indent}{names.history}.append((t, {loss}))", "loss")


def elsewhere(state: State, library: str) -> Elsewhere | None:
    """Return how another library has the optimizer, or None where there is nothing to train on.

    Raises ValueError where that library has no such optimizer.
    """
    if not state.trainable:
        return None
    optimizer = OPTIMIZERS[state.training.optimizer]
    if optimizer.elsewhere is None:
        raise ValueError(
            f"{library} has no optimizer {optimizer.name}; the styles course and numpy write it out"
        )
    return optimizer.elsewhere


def printed(names: Names = NAMES) -> Iterator[Line]:
    """Print the history."""
    yield Line()
    yield Line(f"# How many updates, and the {MSE.name} after them")
    yield Line(f"for t, value in {names.history}:", "loss")
    yield Line("    print(t, value)", "loss")
