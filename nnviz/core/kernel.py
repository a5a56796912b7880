# cython: infer_types=True, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Training of small networks in compiled loops: one network, or 8 networks of one shape beside each other.

This file is Python with the types of C. Cython compiles it when nnviz is installed; where no compiler is,
NumPy trains instead. The rules of the activations, losses and optimizers stand here for single numbers; the
entry of an activation, loss or optimizer holds the number of its rule.

The last axis of every array holds the networks, so that one instruction computes several of them. The
results of a network do not depend on the others. The weights and biases are in the order of `Parameters`.
"""

import cython

if not cython.compiled:
    raise ImportError("nnviz.core.kernel is not compiled", name=__name__)

from cython.cimports.libc.math import erfc, exp, expm1, fabs, log, log1p, pow, rint, sqrt  # noqa: A004

Lanes = cython.fused_type(cython.char, cython.short)
"""Type of the argument `tag`: char for one network, short for 8. Cython makes a function for each."""

Plan = cython.struct(
    layers=cython.Py_ssize_t,
    inputs=cython.Py_ssize_t,
    outputs=cython.Py_ssize_t,
    before_outputs=cython.Py_ssize_t,  # number of inputs and hidden nodes
    parameters=cython.Py_ssize_t,
    trained=cython.Py_ssize_t,  # number of training rows; the validation rows follow
    rows=cython.Py_ssize_t,
    batch=cython.Py_ssize_t,
    loss=cython.int,
    loss_number=cython.double,
    factor=cython.double,  # of the loss's slope
    terms=cython.double,  # number of terms whose mean is the loss of a row
    optimizer=cython.int,
    decides=cython.int,  # 0: no classes, 1: one of many classes, 2: each output decides
    threshold=cython.double,
    shape=cython.p_Py_ssize_t,  # nodes, 1 if there are biases, and number of the rule, layer by layer
    numbers=cython.p_double,  # two of the rule, layer by layer
    x=cython.p_double,
    y=cython.p_double,
    penalty=cython.p_double,  # l1 of each network, then l2; or NULL
    frozen=cython.p_char,  # 1 for each frozen weight or bias; or NULL
    values=cython.p_double,  # of the weights and biases; the memory of the optimizer follows
    slopes=cython.p_double,
    z=cython.p_double,
    a=cython.p_double,
    d=cython.p_double,  # ∂L/∂a or ∂L/∂z of a layer
    d_before=cython.p_double,
    row=cython.Py_ssize_t[8],  # index of the row that is computed now, for each network
    scale=cython.double,  # of its slopes
    stride=cython.Py_ssize_t,  # between the points of two networks
    sums=cython.double[16],  # of the losses of the rows for each network, then numbers of right rows
    minus=cython.double[8],  # −1 times the learning rates
)
Pointer = cython.typedef(cython.pointer(Plan))


# Rules for single numbers. With `z <= 0` as the condition, f(NaN) is NaN.


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _sigmoid(z: cython.double) -> cython.double:
    power = exp(-fabs(z))
    return (1.0 if z >= 0.0 else power) / (1.0 + power)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _tanh(z: cython.double) -> cython.double:
    """Return tanh z: up to 1/2 by Lambert's continued fraction. Takes half the time of C's tanh."""
    x = z * z
    if x < 0.25:
        above = z * (135135.0 + x * (17325.0 + x * (378.0 + x)))
        return above / (135135.0 + x * (62370.0 + x * (3150.0 + x * 28.0)))
    size = 1.0 - 2.0 / (exp(2.0 * fabs(z)) + 1.0)
    return -size if z < 0.0 else size


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _normal(z: cython.double) -> cython.double:
    """Return Φ(z) for |z| ≤ 40, corrected as in `activations.normal`."""
    x = z * -sqrt(0.5)
    short_z, short_x = rint(z * 65536.0) / 65536.0, rint(x * 65536.0) / 65536.0
    more = (x - short_x) * (x + short_x) - (z - short_z) * (z + short_z) / 2.0
    more += short_x * short_x - short_z * short_z / 2.0
    return erfc(x) / 2.0 * (exp(more) if z < 0.0 else 1.0)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _value(rule: cython.int, p: cython.double, q: cython.double, z: cython.double) -> cython.double:
    """Return f(z)."""
    if rule == 1:  # relu
        return 0.0 if z <= 0.0 else z
    if rule == 2:  # leaky relu
        return p * z if z <= 0.0 else z
    if rule == 3:  # sigmoid
        return _sigmoid(z)
    if rule == 4:  # tanh
        return _tanh(z)
    if rule == 5:  # softplus
        return (0.0 if z <= 0.0 else z) + log1p(exp(-fabs(z)))
    if rule == 6:  # elu
        return p * expm1(z) if z <= 0.0 else q * z
    if rule == 7:  # silu
        return z * _sigmoid(z)
    if rule == 8:  # gelu
        return z * _normal(-40.0 if z < -40.0 else 40.0 if z > 40.0 else z)
    return z / (1.0 + fabs(z))  # 9: softsign


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _slope(
    rule: cython.int, p: cython.double, q: cython.double, z: cython.double, a: cython.double
) -> cython.double:
    """Return f′(z), where a is f(z)."""
    if rule == 1:
        return 1.0 if a > 0.0 else 0.0
    if rule == 2:
        return p if z <= 0.0 else 1.0
    if rule == 3:
        return a * (1.0 - a)
    if rule == 4:
        return 1.0 - a * a
    if rule == 5:
        return _sigmoid(z)
    if rule == 6:
        return a + p if z <= 0.0 else q
    if rule == 7:
        s = _sigmoid(z)
        return s + a * (1.0 - s)
    if rule == 8:
        x = -40.0 if z < -40.0 else 40.0 if z > 40.0 else z
        return _normal(x) + x * exp(-0.5 * x * x) / sqrt(6.283185307179586)
    s = 1.0 / (1.0 + fabs(z))
    return s * s


# A row of each network


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _add_product(
    tag: Lanes, to: cython.p_double, x: cython.p_double, y: cython.p_double, is_first: cython.bint
) -> cython.void:
    """Add x·y to `to`, or write x·y there if it is the first product.

    All numbers are read before one is written, as vector registers need it.
    """
    lanes = 1 if Lanes is cython.char else 8
    sums: cython.double[8]
    for l in range(lanes):
        sums[l] = x[l] * y[l] if is_first else to[l] + x[l] * y[l]
    for l in range(lanes):
        to[l] = sums[l]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _activate(
    tag: Lanes, plan: Pointer, k: cython.Py_ssize_t, z: cython.p_double, a: cython.p_double
) -> cython.void:
    """Compute a of layer `k`. If a is z, both are one array."""
    lanes = 1 if Lanes is cython.char else 8
    nodes, rule = plan.shape[3 * k], plan.shape[3 * k + 2]
    if rule == 1:  # a loop of its own for the most frequent rule
        for j in range(nodes):
            for l in range(lanes):
                a[j * lanes + l] = _value(1, 0.0, 0.0, z[j * lanes + l])
    elif rule == 10:  # softmax
        for l in range(lanes):
            largest, total = z[l], 0.0
            for j in range(1, nodes):
                largest = z[j * lanes + l] if z[j * lanes + l] > largest else largest
            for j in range(nodes):
                a[j * lanes + l] = exp(z[j * lanes + l] - largest)
                total += a[j * lanes + l]
            for j in range(nodes):
                a[j * lanes + l] /= total
    elif rule:
        for j in range(nodes * lanes):
            a[j] = _value(rule, plan.numbers[2 * k], plan.numbers[2 * k + 1], z[j])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _multiply_slopes(
    tag: Lanes,
    plan: Pointer,
    k: cython.Py_ssize_t,
    z: cython.p_double,
    a: cython.p_double,
    d: cython.p_double,
) -> cython.void:
    """Turn ∂L/∂a of layer `k` in `d` into ∂L/∂z."""
    lanes = 1 if Lanes is cython.char else 8
    nodes, rule = plan.shape[3 * k], plan.shape[3 * k + 2]
    if rule == 1:
        for j in range(nodes):
            for l in range(lanes):
                d[j * lanes + l] *= _slope(1, 0.0, 0.0, 0.0, a[j * lanes + l])
    elif rule == 10:
        for l in range(lanes):
            mean = 0.0
            for j in range(nodes):
                mean += d[j * lanes + l] * a[j * lanes + l]
            for j in range(nodes):
                d[j * lanes + l] = (d[j * lanes + l] - mean) * a[j * lanes + l]
    elif rule:
        for j in range(nodes * lanes):
            d[j] *= _slope(rule, plan.numbers[2 * k], plan.numbers[2 * k + 1], z[j], a[j])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _lose(tag: Lanes, plan: Pointer, z: cython.p_double, a: cython.p_double) -> cython.void:
    """Add the loss, and write its slopes at the outputs."""
    lanes = 1 if Lanes is cython.char else 8
    n, d, p = plan.outputs, plan.d, plan.loss_number
    if plan.loss == 0:  # MSE
        for j in range(n):
            for l in range(lanes):
                e = a[j * lanes + l] - plan.y[plan.row[l] * n + j]
                plan.sums[l] += e * e
                d[j * lanes + l] = plan.scale * e
        return
    for l in range(lanes):
        y, share, largest, total = plan.y + plan.row[l] * n, 0.0, z[l], 0.0
        if plan.loss == 2:
            for j in range(n):
                share += y[j]
                largest = z[j * lanes + l] if z[j * lanes + l] > largest else largest
            for j in range(n):
                total += exp(z[j * lanes + l] - largest)
            total = log(total)
        for j in range(n):
            i = j * lanes + l
            e = a[i] - y[j]
            if plan.loss == 1:  # cross-entropy of sigmoids
                plan.sums[l] += (0.0 if z[i] <= 0.0 else z[i]) - y[j] * z[i] + log1p(exp(-fabs(z[i])))
                d[i] = plan.scale * e
            elif plan.loss == 2:  # cross-entropy of a softmax
                plan.sums[l] += y[j] * (total - (z[i] - largest))
                d[i] = plan.scale * (a[i] * share - y[j])
            elif plan.loss == 3:  # Huber loss
                plan.sums[l] += p * (fabs(e) - p / 2.0) if fabs(e) > p else e * e / 2.0
                d[i] = plan.scale * (p if e > p else -p if e < -p else e)
            else:  # 4: hinge loss
                e = 1.0 - (2.0 * y[j] - 1.0) * a[i]
                plan.sums[l] += 0.0 if e <= 0.0 else e
                d[i] = plan.scale * (1.0 - 2.0 * y[j] if e > 0.0 else 0.0)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _is_right(plan: Pointer, lanes: cython.Py_ssize_t, a: cython.p_double, y: cython.p_double) -> cython.bint:
    """Return whether the class of a row is right, as `metrics.correct_rows` does."""
    best = wanted = 0
    for j in range(plan.outputs):
        own = a[j * lanes]
        if own != own or (plan.decides == 2 and (own >= plan.threshold) != (y[j] >= 0.5)):
            return False
        best = j if own > a[best * lanes] else best
        wanted = j if y[j] > y[wanted] else wanted
    return plan.decides == 2 or best == wanted


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _go_forward(tag: Lanes, plan: Pointer) -> cython.void:
    """Compute a row of each network, and add its loss and whether its class is right."""
    lanes = 1 if Lanes is cython.char else 8
    s: cython.double[8]
    w, z, a, n = plan.values, plan.z, plan.a, plan.inputs
    for i in range(n):
        for l in range(lanes):
            a[i * lanes + l] = plan.x[plan.row[l] * n + i]
    for k in range(plan.layers):
        before, nodes, biased = a, plan.shape[3 * k], plan.shape[3 * k + 1]
        a += n * lanes
        z += n * lanes
        out = z if plan.shape[3 * k + 2] else a
        for j in range(nodes):
            for l in range(lanes):
                s[l] = w[n * lanes + l] if biased else 0.0
            for i in range(n):
                _add_product(tag, s, w + i * lanes, before + i * lanes, False)
            for l in range(lanes):
                out[j * lanes + l] = s[l]
            w += (n + biased) * lanes
        n = nodes
        _activate(tag, plan, k, out, a)
    _lose(tag, plan, z, a)
    if plan.decides:
        for l in range(lanes):
            plan.sums[lanes + l] += _is_right(plan, lanes, a + l, plan.y + plan.row[l] * n)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _go_back(tag: Lanes, plan: Pointer, is_first: cython.bint) -> cython.void:
    """Add the slopes of a row of each network, after `_go_forward`; write them if the row is the first."""
    lanes = 1 if Lanes is cython.char else 8
    w, slopes = plan.values + plan.parameters * lanes, plan.slopes + plan.parameters * lanes
    z, a, n = plan.z + plan.before_outputs * lanes, plan.a + plan.before_outputs * lanes, plan.outputs
    d, d_before = plan.d, plan.d_before
    for k in range(plan.layers - 1, -1, -1):
        if not (k == plan.layers - 1 and (plan.loss == 1 or plan.loss == 2)):  # these give ∂L/∂z
            _multiply_slopes(tag, plan, k, z, a, d)
        nodes, biased, n = n, plan.shape[3 * k + 1], plan.shape[3 * k - 3] if k else plan.inputs
        a -= n * lanes
        z -= n * lanes
        w -= nodes * (n + biased) * lanes
        slopes -= nodes * (n + biased) * lanes
        if k:
            for i in range(n * lanes):
                d_before[i] = 0.0
        for j in range(nodes):
            own, at, slope = d + j * lanes, w + j * (n + biased) * lanes, slopes + j * (n + biased) * lanes
            for i in range(n):
                _add_product(tag, slope + i * lanes, own, a + i * lanes, is_first)
            if biased:
                for l in range(lanes):
                    slope[n * lanes + l] = own[l] if is_first else slope[n * lanes + l] + own[l]
            if k:
                for i in range(n):
                    _add_product(tag, d_before + i * lanes, own, at + i * lanes, False)
        d, d_before = d_before, d


# Updates


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _add_penalty(tag: Lanes, plan: Pointer) -> cython.void:
    """Add the slopes of the penalty for the weights."""
    lanes = 1 if Lanes is cython.char else 8
    w, slopes, n = plan.values, plan.slopes, plan.inputs
    for k in range(plan.layers):
        for _ in range(plan.shape[3 * k]):
            for i in range(n * lanes):
                sign = 1.0 if w[i] > 0.0 else -1.0 if w[i] < 0.0 else 0.0
                slopes[i] += plan.penalty[i % lanes] * sign + 2.0 * plan.penalty[lanes + i % lanes] * w[i]
            w += (n + plan.shape[3 * k + 1]) * lanes
            slopes += (n + plan.shape[3 * k + 1]) * lanes
        n = plan.shape[3 * k]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _update(tag: Lanes, plan: Pointer, rates: cython.p_double, t: cython.Py_ssize_t) -> cython.void:
    """Make update `t` of the run, counted from 1, by the slopes."""
    lanes = 1 if Lanes is cython.char else 8
    size, optimizer, w, g = plan.parameters * lanes, plan.optimizer, plan.values, plan.slopes
    m, v = w + size, w + 2 * size
    if optimizer == 0 and not plan.frozen:  # a loop of its own for the most frequent rule
        for l in range(lanes):
            plan.minus[l] = -rates[l]
        for i in range(plan.parameters):
            _add_product(tag, w + i * lanes, plan.minus, g + i * lanes, False)
        return
    m_share, v_share = 1.0 - pow(0.9, t), 1.0 - pow(0.999, t)
    for i in range(size):
        rate = rates[i % lanes]
        if plan.frozen and plan.frozen[i]:
            continue
        if optimizer == 0:  # gradient descent
            w[i] -= rate * g[i]
        elif optimizer == 1:  # momentum
            m[i] = 0.9 * m[i] + g[i]
            w[i] -= rate * m[i]
        elif optimizer == 2:  # RMSprop
            m[i] = 0.99 * m[i] + (1.0 - 0.99) * (g[i] * g[i])
            w[i] -= rate * (g[i] / (sqrt(m[i]) + 1e-8))
        else:  # 3: adam, 4: adamw
            w[i] -= rate * 0.01 * w[i] if optimizer == 4 else 0.0
            m[i] = 0.9 * m[i] + (1.0 - 0.9) * g[i]
            v[i] = 0.999 * v[i] + (1.0 - 0.999) * (g[i] * g[i])
            w[i] -= m[i] / (sqrt(v[i] / v_share) + 1e-8) * (rate / m_share)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _measure(
    tag: Lanes, plan: Pointer, done: cython.Py_ssize_t, is_known: cython.bint, point: cython.p_double
) -> cython.p_double:
    """Write the point after `done` updates, and return the place of the next one.

    A point has the iteration, the losses, and the shares of right rows. If `is_known`, the training rows are
    added up already.
    """
    lanes = 1 if Lanes is cython.char else 8
    parts = 2 if plan.rows > plan.trained else 1
    for l in range(lanes):
        point[l * plan.stride] = done
    first, last = 0, plan.trained
    for part in range(parts):
        if part or not is_known:
            for l in range(2 * lanes):
                plan.sums[l] = 0.0
            for r in range(first, last):
                for l in range(lanes):
                    plan.row[l] = r
                _go_forward(tag, plan)
        for l in range(lanes):
            point[l * plan.stride + 1 + part] = plan.sums[l] / ((last - first) * plan.terms)
            if plan.decides:
                point[l * plan.stride + 1 + parts + part] = plan.sums[lanes + l] / (last - first)
        first, last = last, plan.rows
    return point + 1 + parts * (2 if plan.decides else 1)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _train(
    tag: Lanes,
    plan: Pointer,
    done: cython.Py_ssize_t,
    updates: cython.Py_ssize_t,
    rates: cython.p_double,
    rates_step: cython.Py_ssize_t,
    order: cython.p_Py_ssize_t,
    point: cython.p_double,
) -> cython.void:
    """Make updates, and write the point of each epoch that ends with one of them; 0 updates only measure.

    `rates_step` is the distance between the rates of two updates, or 0 if all updates have one rate.
    """
    lanes = 1 if Lanes is cython.char else 8
    per_epoch = (plan.trained + plan.batch - 1) // plan.batch
    short = plan.trained - (per_epoch - 1) * plan.batch
    scale, short_scale = plan.factor / (plan.batch * plan.terms), plan.factor / (short * plan.terms)
    end = done % per_epoch * plan.batch
    for u in range(done, done + updates):
        start = end
        end = start + plan.batch if start + plan.batch < plan.trained else plan.trained
        plan.scale = short_scale if end == plan.trained else scale
        for l in range(2 * lanes):
            plan.sums[l] = 0.0
        for r in range(start, end):
            for l in range(lanes):
                plan.row[l] = order[r * lanes + l] if order else r
            _go_forward(tag, plan)
            _go_back(tag, plan, r == start)
        if per_epoch == 1 and u > done:  # the forward pass of this update has measured the last one
            point = _measure(tag, plan, u, True, point)
        if plan.penalty:
            _add_penalty(tag, plan)
        _update(tag, plan, rates, u + 1)
        rates += rates_step
        if end == plan.trained:
            end = 0
            if per_epoch > 1:
                order += plan.trained * lanes
                point = _measure(tag, plan, u + 1, False, point)
    if per_epoch == 1 or updates == 0:
        _measure(tag, plan, done + updates, False, point)


@cython.cclass
class Kernel:
    """Trains one network, or LANES networks of one shape on the same rows.

    =========== ==========================================================================================
    `shape`     nodes, 1 if there are biases, and number of the rule of each layer, shape (layers, 3)
    `numbers`   two numbers of the rule of each layer, shape (layers, 2)
    `loss`      number of the rule, its number, factor of the slope, number of terms of a row
    `optimizer` number of the rule
    `decides`   0: no classes, 1: one of many classes, 2: each output decides; then the threshold
    `x`, `y`    inputs and targets of all rows: `trained` training rows, of which `batch` make an update
    `penalty`   l1 and l2 of each network, shape (2, networks), or None
    `frozen`    1 for each frozen weight or bias, shape (parameters, networks), or None
    `vectors`   values, then memory, shape (1 + memories, parameters, networks); changed in place
    =========== ==========================================================================================
    """

    plan: Plan
    is_alone: cython.bint
    arrays: object

    def __init__(
        self,
        shape: cython.Py_ssize_t[:, ::1],
        numbers: cython.double[:, ::1],
        loss,
        optimizer,
        decides,
        x: cython.double[:, ::1],
        y: cython.double[:, ::1],
        trained,
        batch,
        penalty: cython.double[:, ::1] | None,
        frozen: cython.char[:, ::1] | None,
        vectors: cython.double[:, :, ::1],
    ):
        import numpy as np  # not at the start, so that `nnviz --version` is quick

        plan, lanes = cython.address(self.plan), vectors.shape[2]
        plan.layers, plan.inputs, plan.outputs = shape.shape[0], x.shape[1], y.shape[1]
        plan.before_outputs = plan.inputs + np.asarray(shape)[:-1, 0].sum()
        plan.parameters, plan.rows, plan.trained, plan.batch = vectors.shape[1], x.shape[0], trained, batch
        plan.loss, plan.loss_number, plan.factor, plan.terms = loss
        plan.optimizer = optimizer
        plan.decides, plan.threshold = decides
        plan.shape, plan.numbers = cython.address(shape[0, 0]), cython.address(numbers[0, 0])
        plan.x, plan.y = cython.address(x[0, 0]), cython.address(y[0, 0])
        plan.values = cython.address(vectors[0, 0, 0])
        plan.penalty = cython.NULL if penalty is None else cython.address(penalty[0, 0])
        plan.frozen = cython.NULL if frozen is None else cython.address(frozen[0, 0])
        values = plan.before_outputs + plan.outputs
        room: cython.double[:, ::1] = np.zeros((5, max(values, plan.parameters) * lanes))
        plan.slopes, plan.z = cython.address(room[0, 0]), cython.address(room[1, 0])
        plan.a, plan.d = cython.address(room[2, 0]), cython.address(room[3, 0])
        plan.d_before = cython.address(room[4, 0])
        self.is_alone = lanes == 1
        self.arrays = shape, numbers, x, y, penalty, frozen, vectors, room  # keep their memory

    def advance(
        self,
        done: cython.Py_ssize_t,
        updates: cython.Py_ssize_t,
        rates: cython.double[:, ::1],
        order: cython.Py_ssize_t[:, ::1] | None,
        points: cython.double[:, :, ::1],
    ):
        """Make updates with the learning rates `rates`, shape (updates or 1, networks), after `done` updates.

        Fill `points`, shape (networks, points, 1 + curves), with the point of each epoch that ends with one
        of the updates; or, if `updates` is 0, with the present point. `order` holds the order of the rows
        from the start of the present epoch on, shape (rows, networks), or is None if a batch has all rows.
        """
        plan, rate = cython.address(self.plan), cython.address(rates[0, 0])
        step = rates.shape[1] if rates.shape[0] > 1 else 0
        rows = cython.NULL if order is None else cython.address(order[0, 0])
        plan.stride = points.shape[1] * points.shape[2]
        point = cython.address(points[0, 0, 0]) if plan.stride else cython.NULL
        with cython.nogil:
            if self.is_alone:
                _train(cython.cast(cython.char, 0), plan, done, updates, rate, step, rows, point)
            else:
                _train(cython.cast(cython.short, 0), plan, done, updates, rate, step, rows, point)
