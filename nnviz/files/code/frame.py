"""What programs of every style have in common: their head, the settings and the order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nnviz.core.accuracy import classifies
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS, Elsewhere
from nnviz.core.state import State
from nnviz.files.code import measure, raw_rows
from nnviz.files.code.program import Line
from nnviz.files.code.words import comment, of_outputs


class Names(NamedTuple):
    """What a style calls the inputs and targets of all rows, how many updates there are, and the history."""

    inputs: str = "inputs"
    targets: str = "targets"
    updates: str = "updates"
    history: str = "history"

    def part(self, which: str) -> tuple[str, str]:
        """Return what inputs and targets of a part of the rows are called: `train_data` of `input_data`."""
        return f"{which}_{self.inputs.split('_')[-1]}", f"{which}_{self.targets.split('_')[-1]}"

    def trained(self, state: State) -> tuple[str, str]:
        """Return what inputs and targets of the rows that are trained on are called."""
        return self.part("train") if state.validated else (self.inputs, self.targets)

    def measured(self, state: State) -> list[tuple[str, str]]:
        """Return the names of all parts: of what is trained on and, if there are any, of validation."""
        return [self.trained(state)] + [self.part("validation")] * state.validated


NAMES = Names()


def head(state: State) -> Iterator[Line]:
    """Say what the program is. A text from outside comes third: the first two lines can name an encoding."""
    sizes = "-".join(map(str, state.network.sizes))
    does = ["predicts its rows"] * (len(state.data) > 0)
    does += [f"trains on them from these weights, printing the {state.measure.word}"] * state.trainable
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
    yield from raw_rows.to_try(state, call)


def mini_batches(state: State) -> bool:
    """Tell whether an update takes a part of the rows that are trained on."""
    return (state.training.batch_size or state.trained_rows) < state.trained_rows


def settings(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Write the settings of the training."""
    training = state.training
    yield Line("# The settings")
    yield Line(f"learning_rate = {training.learning_rate!r}", "update")
    yield Line(f"{names.updates} = {training.updates}")
    if mini_batches(state):
        yield Line(f"batch_size = {training.batch_size}")
        yield Line(f"seed = {training.seed}")
    if state.validated:
        yield Line(f"validation = {training.validation!r}  # the share of the last rows, not trained on")
    yield Line()


def split(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Part the rows, where some are for validation, into those and the ones that are trained on."""
    if state.validated:
        yield Line("# The last rows are for validation")
        yield Line(f"count = int(len({names.inputs}) * (1 - validation))")
        parts = zip(names.part("train"), names.part("validation"), (names.inputs, names.targets), strict=True)
        for first, last, rows in parts:
            yield Line(f"{first}, {last} = {rows}[:count], {rows}[count:]")


def batches(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Write, where updates take mini-batches, how many there are in an epoch."""
    if mini_batches(state):
        count = f"-(-len({names.trained(state)[0]}) // batch_size)"
        yield Line(f"batches = {count}  # in an epoch; the last one may be short")


def rows_of_update(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Write, within the loop, which `rows` an update takes: the seed and the epoch give their order."""
    if mini_batches(state):
        count = f"len({names.trained(state)[0]})"
        yield Line("    epoch, batch = divmod(t - 1, batches)")
        yield Line(f"    order = np.random.default_rng([seed, 1, epoch]).permutation({count})")
        yield Line("    rows = order[batch * batch_size : (batch + 1) * batch_size]")


def of_update(state: State, names: Names = NAMES) -> tuple[str, str]:
    """Return the inputs and targets that an update takes: all that are trained on, or `rows` of them."""
    part = "[rows]" if mini_batches(state) else ""
    inputs, targets = names.trained(state)
    return f"{inputs}{part}", f"{targets}{part}"


def begun(state: State, loss: Callable[[str, str], str], names: Names = NAMES) -> Iterator[Line]:
    """Begin the history with the loss before the first update; `loss` gives its call for inputs, targets."""
    yield from _point(state, loss, names, "0", f"{names.history} = [", "]")


def measured(state: State, loss: Callable[[str, str], str], names: Names = NAMES) -> Iterator[Line]:
    """Write, within the loop, that the loss over all rows goes into the history, where a point is due."""
    indent = "    "
    if mini_batches(state):
        yield Line(f"    if t % batches == 0 or t == {names.updates}:", "loss")
        indent *= 2
    yield from _point(state, loss, names, "t", f"{indent}{names.history}.append(", ")")


def _point(
    state: State, loss: Callable[[str, str], str], names: Names, t: str, start: str, end: str
) -> Iterator[Line]:
    """Write a point of the history, a line for each loss where there are two."""
    losses = [loss(*part) for part in names.measured(state)]
    if len(losses) == 1:
        yield Line(f"{start}({t}, {losses[0]}){end}", "loss")
        return
    indent = " " * (len(start) - len(start.lstrip()))
    yield Line(f"{start}(", "loss")
    for each in (t, *losses):
        yield Line(f"{indent}    {each},", "loss")
    yield Line(f"{indent}){end}", "loss")


def accuracy_function(
    state: State, prediction: str, mean: str = "np.mean({})", axis: str = "axis"
) -> Iterator[Line]:
    """Define, for a classifier, the accuracy over rows `x`, by what predicts them and how a mean is taken."""
    if classifies(state.network, state.data):
        right = measure.right(state.network).replace("axis", axis)
        yield Line()
        yield Line("def accuracy(x, y):")
        yield Line(f"    prediction = {prediction}")
        yield Line(f"    return {mean.format(right)}")
        yield Line()


def accuracy(state: State, call: Callable[[str, str], str], names: Names = NAMES) -> Iterator[Line]:
    """Print, for a classifier, the accuracy after training; `call` gives it for inputs and targets."""
    if classifies(state.network, state.data):
        yield Line()
        of_both = ": of the rows trained on, then of those for validation" if state.validated else ""
        yield Line(f"# The accuracy, the share of rows that are right{of_both}")
        for part in names.measured(state):
            yield Line(f"print({call(*part)})")


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


def printed(state: State, names: Names = NAMES) -> Iterator[Line]:
    """Print the history."""
    more = ", validation_value" if state.validated else ""
    yield Line()
    of_both = ": of the rows trained on, and of those for validation" if more else ""
    yield Line(f"# How many updates, and the {state.measure.word} after them{of_both}")
    yield Line(f"for t, value{more} in {names.history}:", "loss")
    yield Line(f"    print(t, value{more})", "loss")
