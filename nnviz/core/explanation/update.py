"""How the next update changes one weight or bias, by each optimizer."""

from __future__ import annotations

from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import write
from nnviz.core.explanation.expressions import Call, Negative, Number, Product, Quotient, Square, Sum
from nnviz.core.explanation.lines import Line
from nnviz.core.optimizers import Adam, Momentum
from nnviz.core.state import State
from nnviz.core.training.parameters import place


def update_lines(state: State, address: Address, slope: float) -> list[Line]:
    """Return the lines that lead to the new value; `slope` is the mean over the update's rows."""
    w = Number(address.value(state.network), address)
    rate = Number(state.training.learning_rate)
    told = Number(slope, address, slope=True)
    return _RULES[state.training.optimizer](state, address, address.symbol, w, rate, told)


def _gradient_descent(
    _state: State, _where: Address, name: str, w: Number, rate: Number, slope: Number
) -> list[Line]:
    new = w.value - rate.value * slope.value
    expression = Sum(w, Negative(Product(rate, slope)))
    return [Line(f"new {name}", f"{name} − learning_rate·slope", write(expression, new))]


def _momentum(
    state: State, address: Address, name: str, w: Number, rate: Number, slope: Number
) -> list[Line]:
    decay = Number(float(Momentum.decay))
    before = Number(memory(state, address)[0])
    v = Number(decay.value * before.value + slope.value)
    new = w.value - rate.value * v.value
    return [
        Line("v", f"{decay.value:g}·v + slope", write(Sum(Product(decay, before), slope), v.value)),
        Line(f"new {name}", f"{name} − learning_rate·v", write(Sum(w, Negative(Product(rate, v))), new)),
    ]


def _adam(state: State, address: Address, name: str, w: Number, rate: Number, slope: Number) -> list[Line]:
    betas, epsilon = (float(Adam.beta1), float(Adam.beta2)), float(Adam.epsilon)
    mean, square = memory(state, address)
    m = _decayed("m", betas[0], mean, slope, slope.value)
    v = _decayed("v", betas[1], square, Square(slope), slope.value * slope.value)
    m_line, v_line = (
        _corrected(line, beta, state.iteration + 1) for line, beta in zip((m, v), betas, strict=True)
    )
    step = Product(rate, Number(m_line.value))
    below = Sum(Call("√", Number(v_line.value)), Number(epsilon))
    new = w.value - rate.value * m_line.value / (v_line.value**0.5 + epsilon)
    written = write(Sum(w, Negative(Quotient(step, below))), new)
    formula = f"{name} − learning_rate·m̂ / (√v̂ + {epsilon:g})"
    return [m, v, m_line, v_line, Line(f"new {name}", formula, written)]


def _corrected(line: Line, beta: float, updates: int) -> Line:
    """Return what is remembered, over what `updates` updates have weighed in all."""
    share = Number(1.0 - beta**updates)
    written = write(Quotient(Number(line.value), share), line.value / share.value)
    return Line(f"{line.label}̂", f"{line.label} / (1 − {beta:g}^{updates})", written)


def _decayed(label: str, beta: float, before: float, added: Number | Square, value: float) -> Line:
    """Return `beta·before + (1 − beta)·added`."""
    share = Number(round(1.0 - beta, 12))
    expression = Sum(Product(Number(beta), Number(before)), Product(share, added))
    slope = "slope" if isinstance(added, Number) else "slope²"
    return Line(
        label,
        f"{beta:g}·{label} + {share.value:g}·{slope}",
        write(expression, beta * before + share.value * value),
    )


def memory(state: State, address: Address) -> tuple[float, ...]:
    """Return what the optimizer remembers of a weight or bias: zeros before its first update."""
    run = state.run
    if run is None or run.optimizer != state.training.optimizer or run.memory.size == 0:
        return (0.0, 0.0)
    at = place(state.network, address)
    return tuple(float(row[at]) for row in run.memory)


_RULES = {"gradient_descent": _gradient_descent, "momentum": _momentum, "adam": _adam}
"""How each optimizer's update is written."""
