# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Training of small networks in compiled loops, of one network or of LANES networks of one shape at once.

This file is Python with types, which Cython compiles to C when nnviz is installed. It holds the rules of the
activations, losses and optimizers for single numbers; an entry of a registry names the rule by its number.
Every array has a last axis with an element for each network, so that the compiler computes networks side by
side in a vector register. The results of a network do not depend on the other networks.
"""

import cython

if not cython.compiled:
    raise ImportError("nnviz.core.kernel is not compiled", name=__name__)
from cython.cimports.libc.math import erfc, exp, expm1, fabs, fmax, fmin, log1p, rint, sqrt

compiled = cython.compiled
LANES = 8
Tag = cython.fused_type(cython.char, cython.short)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _sigmoid(z: cython.double) -> cython.double:
    power: cython.double = exp(-fabs(z))
    return (1.0 if z >= 0.0 else power) / (1.0 + power)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _tanh(z: cython.double) -> cython.double:
    # Lambert's continued fraction, exact to the last bits up to 1/2
    x: cython.double = z * z
    if x < 0.25:
        return (
            z
            * (135135.0 + x * (17325.0 + x * (378.0 + x)))
            / (135135.0 + x * (62370.0 + x * (3150.0 + x * 28.0)))
        )
    high: cython.double = 1.0 - 2.0 / (exp(2.0 * fabs(z)) + 1.0)
    return high if z > 0.0 else -high


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _normal(z: cython.double) -> cython.double:
    z = fmin(fmax(z, -40.0), 40.0)
    x: cython.double = z * -sqrt(0.5)
    short_z: cython.double = rint(z * 65536.0) / 65536.0
    short_x: cython.double = rint(x * 65536.0) / 65536.0
    tail: cython.double = erfc(x) / 2.0
    if z < 0.0:
        more: cython.double = (x - short_x) * (x + short_x) - (z - short_z) * (z + short_z) / 2.0
        tail *= exp(more + (short_x * short_x - short_z * short_z / 2.0))
    return tail


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _activate(
    tag: Tag,
    rule: cython.int,
    p: cython.double,
    q: cython.double,
    z: cython.p_double,
    a: cython.p_double,
    count: cython.Py_ssize_t,
) -> cython.void:
    lanes: cython.Py_ssize_t = 1 if Tag is cython.char else 8
    i: cython.Py_ssize_t
    l: cython.Py_ssize_t
    if rule == 0:
        return
    if rule == 1:
        for i in range(count):
            for l in range(lanes):
                a[i * lanes + l] = 0.0 if z[i * lanes + l] <= 0.0 else z[i * lanes + l]
        return
    for i in range(count * lanes):
        if rule == 2:  # leaky relu
            a[i] = p * z[i] if z[i] <= 0.0 else z[i]
        elif rule == 3:  # sigmoid
            a[i] = _sigmoid(z[i])
        elif rule == 4:  # tanh
            a[i] = _tanh(z[i])
        elif rule == 5:  # softplus
            a[i] = log1p(exp(-fabs(z[i]))) + (0.0 if z[i] <= 0.0 else z[i])
        elif rule == 6:  # elu
            a[i] = p * expm1(z[i]) if z[i] <= 0.0 else q * z[i]
        elif rule == 7:  # silu
            a[i] = z[i] * _sigmoid(z[i])
        elif rule == 8:  # gelu
            a[i] = z[i] * _normal(z[i])
        elif rule == 9:  # softsign
            a[i] = z[i] / (1.0 + fabs(z[i]))


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _multiply_slopes(
    tag: Tag,
    rule: cython.int,
    p: cython.double,
    q: cython.double,
    z: cython.p_double,
    a: cython.p_double,
    d: cython.p_double,
    count: cython.Py_ssize_t,
) -> cython.void:
    lanes: cython.Py_ssize_t = 1 if Tag is cython.char else 8
    i: cython.Py_ssize_t
    l: cython.Py_ssize_t
    x: cython.double
    if rule == 0:
        return
    if rule == 1:
        for i in range(count):
            for l in range(lanes):
                d[i * lanes + l] *= 1.0 if a[i * lanes + l] > 0.0 else 0.0
        return
    for i in range(count * lanes):
        if rule == 2:
            d[i] *= p if z[i] <= 0.0 else 1.0
        elif rule == 3:
            d[i] *= a[i] * (1.0 - a[i])
        elif rule == 4:
            d[i] *= 1.0 - a[i] * a[i]
        elif rule == 5:
            d[i] *= _sigmoid(z[i])
        elif rule == 6:
            d[i] *= a[i] + p if z[i] <= 0.0 else q
        elif rule == 7:
            x = _sigmoid(z[i])
            d[i] *= (1.0 - x) * a[i] + x
        elif rule == 8:
            x = fmin(fmax(z[i], -40.0), 40.0)
            d[i] *= _normal(x) + x * exp(-0.5 * x * x) / sqrt(6.283185307179586)
        elif rule == 9:
            x = 1.0 / (1.0 + fabs(z[i]))
            d[i] *= x * x


Plan = cython.struct(
    layers=cython.Py_ssize_t,
    inputs=cython.Py_ssize_t,
    outputs=cython.Py_ssize_t,
    batch=cython.Py_ssize_t,
    trained=cython.Py_ssize_t,
    parameters=cython.Py_ssize_t,
    optimizer=cython.int,
    loss=cython.int,
    p=cython.double,
    x=cython.p_double,
    y=cython.p_double,
    shape=cython.p_Py_ssize_t,
    numbers=cython.p_double,
    values=cython.p_double,
    slopes=cython.p_double,
    z=cython.p_double,
    a=cython.p_double,
    d=cython.p_double,
    d2=cython.p_double,
)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _row(
    tag: Tag,
    plan: cython.pointer(Plan),
    rows: cython.p_Py_ssize_t,
    sums: cython.p_double,
    learns: cython.bint,
    scale: cython.double,
) -> cython.void:
    lanes: cython.Py_ssize_t = 1 if Tag is cython.char else 8
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    k: cython.Py_ssize_t
    l: cython.Py_ssize_t
    n: cython.Py_ssize_t = plan.inputs
    nodes: cython.Py_ssize_t
    biased: cython.Py_ssize_t
    s: cython.double[8]
    w: cython.p_double = plan.values
    a: cython.p_double = plan.a
    z: cython.p_double = plan.z
    x: cython.p_double = plan.x
    y: cython.p_double = plan.y
    before: cython.p_double
    out: cython.p_double
    layer: cython.p_Py_ssize_t = plan.shape
    for i in range(n):
        for l in range(lanes):
            a[i * lanes + l] = x[rows[l] * n + i]
    for k in range(plan.layers):
        before = a
        a += n * lanes
        z += n * lanes
        nodes, biased = layer[4 * k], layer[4 * k + 1]
        out = z if layer[4 * k + 2] else a
        for j in range(nodes):
            for l in range(lanes):
                s[l] = w[n * lanes + l] if biased else 0.0
            for i in range(n):
                for l in range(lanes):
                    s[l] += w[i * lanes + l] * before[i * lanes + l]
            for l in range(lanes):
                out[j * lanes + l] = s[l]
            w += (n + biased) * lanes
        n = nodes
        _activate(
            tag,
            cython.cast(cython.int, layer[4 * k + 2]),
            plan.numbers[2 * k],
            plan.numbers[2 * k + 1],
            z,
            a,
            n,
        )
    d: cython.p_double = plan.d
    d_before: cython.p_double = plan.d2
    e: cython.double
    for j in range(n):
        for l in range(lanes):
            e = a[j * lanes + l] - y[rows[l] * n + j]
            sums[l] += e * e
            d[j * lanes + l] = e * scale
    if not learns:
        return
    slope: cython.p_double = plan.slopes
    slope += w - plan.values
    for k in range(plan.layers - 1, -1, -1):
        nodes, biased = n, layer[4 * k + 1]
        n = layer[4 * k - 4] if k else plan.inputs
        _multiply_slopes(
            tag,
            cython.cast(cython.int, layer[4 * k + 2]),
            plan.numbers[2 * k],
            plan.numbers[2 * k + 1],
            z,
            a,
            d,
            nodes,
        )
        a -= n * lanes
        z -= n * lanes
        w -= nodes * (n + biased) * lanes
        slope -= nodes * (n + biased) * lanes
        if k:
            for i in range(n):
                for l in range(lanes):
                    d_before[i * lanes + l] = 0.0
        for j in range(nodes):
            for l in range(lanes):
                s[l] = d[j * lanes + l]
            for i in range(n):
                for l in range(lanes):
                    slope[i * lanes + l] += s[l] * a[i * lanes + l]
            if biased:
                for l in range(lanes):
                    slope[n * lanes + l] += s[l]
            if k:
                for i in range(n):
                    for l in range(lanes):
                        d_before[i * lanes + l] += s[l] * w[i * lanes + l]
            w += (n + biased) * lanes
            slope += (n + biased) * lanes
        w -= nodes * (n + biased) * lanes
        slope -= nodes * (n + biased) * lanes
        d, d_before = d_before, d


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def _train(
    tag: Tag,
    plan: cython.pointer(Plan),
    updates: cython.Py_ssize_t,
    rates: cython.p_double,
    order: cython.p_Py_ssize_t,
    points: cython.p_double,
) -> cython.void:
    lanes: cython.Py_ssize_t = 1 if Tag is cython.char else 8
    u: cython.Py_ssize_t
    r: cython.Py_ssize_t
    l: cython.Py_ssize_t
    i: cython.Py_ssize_t
    rows: cython.Py_ssize_t[8]
    sums: cython.double[8]
    batches: cython.Py_ssize_t = (plan.trained + plan.batch - 1) // plan.batch
    start: cython.Py_ssize_t
    end: cython.Py_ssize_t
    parameters: cython.Py_ssize_t = plan.parameters
    end = 0
    share: cython.double = 1.0 / (plan.trained * plan.outputs)
    scale: cython.double
    for u in range(updates):
        if end == plan.trained:
            if order:
                order += end * lanes
            end = 0
        start, end = end, end + plan.batch
        if end > plan.trained:
            end = plan.trained
        scale = 2.0 / ((end - start) * plan.outputs)
        for l in range(lanes):
            sums[l] = 0.0
        for i in range(parameters):
            for l in range(lanes):
                plan.slopes[i * lanes + l] = 0.0
        for r in range(start, end):
            for l in range(lanes):
                rows[l] = order[r * lanes + l] if order else r
            _row(tag, plan, rows, sums, True, scale)
        if batches == 1 and u:
            for l in range(lanes):
                points[l] = sums[l] * share
            points += lanes
        for i in range(parameters):
            for l in range(lanes):
                plan.values[i * lanes + l] -= rates[u * lanes + l] * plan.slopes[i * lanes + l]
        if end == plan.trained and (u == updates - 1 or batches > 1):
            for l in range(lanes):
                sums[l] = 0.0
            for r in range(plan.trained):
                for l in range(lanes):
                    rows[l] = r
                _row(tag, plan, rows, sums, False, 0.0)
            for l in range(lanes):
                points[l] = sums[l] * share
            points += lanes


def advance(
    lanes,
    shape: cython.Py_ssize_t[:, ::1],
    numbers: cython.double[:, ::1],
    batch: cython.Py_ssize_t,
    trained: cython.Py_ssize_t,
    x: cython.double[:, ::1],
    y: cython.double[:, ::1],
    values: cython.double[:, ::1],
    slopes: cython.double[:, ::1],
    room: cython.double[:, :, ::1],
    rates: cython.double[:, ::1],
    order,
    points: cython.double[:, ::1],
):
    """Train networks of one shape side by side, one update for each row of `rates`."""
    n: cython.Py_ssize_t = rates.shape[0]
    o: cython.p_Py_ssize_t = cython.NULL
    view: cython.Py_ssize_t[:, ::1]
    if order is not None:
        view = order
        o = cython.address(view[0, 0])
    plan: Plan
    plan.layers = shape.shape[0]
    plan.inputs = x.shape[1]
    plan.outputs = y.shape[1]
    plan.batch = batch
    plan.trained = trained
    plan.parameters = values.shape[0]
    plan.x = cython.address(x[0, 0])
    plan.y = cython.address(y[0, 0])
    plan.shape = cython.address(shape[0, 0])
    plan.numbers = cython.address(numbers[0, 0])
    plan.values = cython.address(values[0, 0])
    plan.slopes = cython.address(slopes[0, 0])
    plan.z = cython.address(room[0, 0, 0])
    plan.a = cython.address(room[1, 0, 0])
    plan.d = cython.address(room[2, 0, 0])
    plan.d2 = cython.address(room[3, 0, 0])
    is_alone: cython.bint = lanes == 1
    with cython.nogil:
        if is_alone:
            _train(
                cython.cast(cython.char, 0),
                cython.address(plan),
                n,
                cython.address(rates[0, 0]),
                o,
                cython.address(points[0, 0]),
            )
        else:
            _train(
                cython.cast(cython.short, 0),
                cython.address(plan),
                n,
                cython.address(rates[0, 0]),
                o,
                cython.address(points[0, 0]),
            )
