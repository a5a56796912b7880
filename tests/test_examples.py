"""Examples, shipped tables and made rows are true to their descriptions, and networks learn them."""

import csv
import math
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nnviz.cli.arguments import COMMANDS
from nnviz.core.edits import randomise, remove_node, standardise, worth_standardising
from nnviz.core.generators import KINDS
from nnviz.core.metrics import are_correct
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import as_text
from nnviz.core.results import health
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.train import train
from nnviz.files import native
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from tests.core.refusals import refusals
from tests.ready_sets import FOLDER, MADE_UP, TAKEN

COURSE = ("forward", "relu", "many-rows", "two-hidden-layers", "tuning-by-hand", "two-weight-sets")
COURSE += ("calculating-slopes", "one-update", "twenty-updates")
OTHERS = ("mazur", "xor", "curve", "wages", "circles", "iris", "spiral", "large", "digits")


def state(name):
    return load(example(name).path)


def learned(name):
    """Return the State of an example and the result of its own training, which has to make sense."""
    own = state(name)
    result = train(own)
    losses = result.history[:, 1]
    assert not result.diverged
    assert result.state.iteration == own.training.updates
    assert losses[-1] < 0.55 * losses[0]
    assert losses.max() == losses[0]
    return own, result


def test_the_names_are_fixed_and_in_the_order_of_the_course():
    names = [own.name for own in examples()]
    assert names == [*COURSE, *OTHERS]
    assert not set(names) & set(COMMANDS)


@pytest.mark.parametrize("own", examples(), ids=lambda own: own.name)
def test_an_example_has_a_title_notes_and_a_small_file_as_it_would_be_saved(own):
    opened = load(own.path)
    assert own.title == opened.name
    assert own.line == opened.notes.split("\n")[0]
    assert own.line.endswith((".", "?"))
    assert len(own.line) <= 90
    assert "**Try:**" in opened.notes
    assert "**Look for:**" in opened.notes
    assert native.write(opened) == own.path.read_bytes()
    assert own.path.stat().st_size < 1_000_000
    if own.name in OTHERS[1:-1]:  # not in mazur, and digits comes trained
        assert opened.network == opened.network.randomised(opened.training.seed)


# --- the course


def test_hidden_nodes_and_predictions_are_those_of_the_course():
    for name, hidden, predictions in (
        ("forward", [[26, -13]], [-39]),
        ("relu", [[26, 0]], [52]),
        ("many-rows", [[26, 0], [0, 9], [0, 0], [32, 12]], [52, 63, 0, 148]),
        ("two-hidden-layers", [[26, 0]], [182]),
        ("tuning-by-hand", [[3, 6]], [9]),
    ):
        own = state(name)
        trace = own.network.forward(own.data.inputs)
        assert (trace.a[0].tolist(), trace.prediction.ravel().tolist()) == (hidden, predictions)
        assert name != "two-hidden-layers" or trace.a[1].tolist() == [[0, 26]]


@pytest.mark.parametrize("name", COURSE)
def test_an_example_of_the_course_learns_with_its_numbers(name):
    own, result = learned(name)
    network, losses = result.state.network, result.history[:, 1]
    if name == "many-rows":
        assert (own.loss(), losses[-1] < 2) == (74.25, True)
    elif name == "tuning-by-hand":
        tuned = Network.from_weights({"node_0": [0, 1], "node_1": [0, 0], "output": [1, 0]}, output="relu")
        assert (own.loss(), tuned.predict(own.data.inputs).tolist()) == (36, own.data.targets.tolist())
    elif name == "two-weight-sets":
        states = {each.name: replace(own, network=each.into(own.network)) for each in own.weight_sets}
        losses = {name: each.loss() for name, each in states.items()}
        assert losses == {"weights_0": 37.5, "weights_1": 49.890625}
        assert states["weights_0"].network == own.network
    elif name == "calculating-slopes":
        found = slopes(own.network, own.data.inputs, own.data.targets)
        assert found.layers[0].weights.tolist() == [[14, 28, 42]]
    elif name == "one-update":
        assert network.predict(own.data.inputs)[0, 0] == pytest.approx(5.04, rel=1e-12)
        assert network.layers[0].weights[0] == pytest.approx([-0.14, 1.72, 0.58], rel=1e-12)
    elif name == "twenty-updates":
        np.testing.assert_allclose(losses, 49 * 0.72 ** (2 * np.arange(21)), rtol=1e-12)


# --- the others


def test_mazur_s_numbers_are_his():
    own, result = learned("mazur")
    x, y = own.data.inputs, own.data.targets
    one = train(own, updates=1).state
    (first, second), (hidden, output) = (
        [layer.weights.ravel() for layer in layers]
        for layers in (slopes(own.network, x, y).layers, one.network.layers)
    )
    assert own.network.predict(x)[0] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert own.loss() == pytest.approx(0.298371109, abs=5e-10)
    assert (second[0], first[0]) == pytest.approx((0.082167041, 0.000438568), abs=5e-10)
    assert hidden == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9)
    assert output == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9)
    assert one.loss() == pytest.approx(0.2805, abs=5e-5)
    assert result.history[-1, 1] == pytest.approx(2.448e-6, rel=1e-3)


def test_mazur_s_errors_are_those_of_biases_that_stay():
    own = state("mazur")
    x, y = own.data.inputs[0].tolist(), own.data.targets[0].tolist()
    (w, b), (v, c) = ((layer.weights.tolist(), layer.biases.tolist()) for layer in own.network.layers)
    errors, two = [], range(2)
    for _ in range(10_001):
        h = [1 / (1 + math.exp(-(w[j][0] * x[0] + w[j][1] * x[1] + b[j]))) for j in two]
        o = [1 / (1 + math.exp(-(v[k][0] * h[0] + v[k][1] * h[1] + c[k]))) for k in two]
        errors.append(sum((o[k] - y[k]) ** 2 for k in two) / 2)
        d = [(o[k] - y[k]) * o[k] * (1 - o[k]) for k in two]
        e = [(v[0][j] * d[0] + v[1][j] * d[1]) * h[j] * (1 - h[j]) for j in two]
        v = [[v[k][j] - 0.5 * d[k] * h[j] for j in two] for k in two]
        w = [[w[j][i] - 0.5 * e[j] * x[i] for i in two] for j in two]
    assert errors[1] == pytest.approx(0.2910, abs=5e-5)
    assert errors[-1] == pytest.approx(0.0000351, abs=5e-8)


def test_the_curve_a_function_of_seven_inputs_and_exclusive_or_are_learned():
    own, result = learned("curve")
    assert own.network.sizes == (1, 8, 1)
    np.testing.assert_allclose(own.data.targets, np.sin(np.pi * own.data.inputs), atol=5.1e-4)
    assert dict(result.history.tolist())[400] < 0.01
    own, result = learned("large")
    x = own.data.inputs.T
    y = np.sin(2 * x[0] * x[1]) + x[2] ** 2 - x[3] * x[4] + np.abs(x[5]) / 2 + 0.3 * x[6]
    np.testing.assert_allclose(own.data.targets[:, 0], y, atol=5.1e-4)
    assert (own.network.sizes, result.history[-1, 1] < 0.01) == ((9, 100, 100, 1), True)
    own, result = learned("xor")
    assert (own.network.sizes, result.history[-1, 1] < 0.001) == ((2, 3, 1), True)
    line = Network(own.network.inputs, (Layer(("output",), "identity", np.ones((1, 2)), np.zeros(1)),))
    alone = train(replace(own, network=line), updates=2000)  # it needs its hidden layer
    assert alone.history[-1, 1] == pytest.approx(0.25, abs=1e-6)


def table(name):
    """Return the rows of a table that ships, by their columns."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_wages_are_learned_better_where_the_inputs_are_standardised():
    own, result = learned("wages")
    rows = np.array([[*row.values()] for row in table("wages")], dtype=float)
    assert np.array_equal(np.hstack([own.data.inputs, own.data.targets]), rows)
    assert worth_standardising(own)
    raw, done = result.history[:, 1:], train(standardise(own, range(9))).history[:, 1:]
    assert (raw[0, 0], done[0, 0]) == pytest.approx((1.139e6, 631.2), rel=1e-3)
    assert raw[-1] == pytest.approx([7.350, 7.367], rel=0.02)
    assert done[-1] == pytest.approx([0.9315, 1.797], rel=0.02)
    assert (rows[:480, 9].var(), rows[:, 3].max()) == (pytest.approx(11.82, abs=5e-3), 9000)


def hits(own):
    """Return whether the prediction has the right class, for each row."""
    return are_correct(own, own.network.predict(own.data.inputs), own.data.targets)


def check_classes(own, result, sizes, start, end, rows, kind=None):
    """Check sizes, losses at the start and the end, rows told right of both parts, and the formula."""
    assert (own.network.sizes, own.training.loss, own.training.validation) == (sizes, "cross_entropy", 0.2)
    assert result.history[0, 1:] == pytest.approx(start, rel=1e-3)
    assert result.history[-1, 1:] == pytest.approx(end, rel=0.02)
    assert parts_right(result.state) == rows
    notes = own.notes.replace("0.04590", "0.0459")
    assert all(as_text(number) in notes for number in (start[0], *end))
    if kind:
        made = kind.data(kind.rows, kind.noise, 0)
        assert np.array_equal(own.data.inputs, made.inputs.round(3))
        assert np.array_equal(own.data.targets, made.targets)


def parts_right(own):
    hit, trained = hits(own), int(len(own.data) * (1 - own.training.validation))
    return int(hit[:trained].sum()), int(hit[trained:].sum())


def test_three_nodes_enclose_a_circle_and_two_do_not(amount):
    own, result = learned("circles")
    check_classes(own, result, (2, 4, 1), (0.7232, 0.7165), (0.02374, 0.08234), (159, 39), KINDS["circles"])
    three = remove_node(own, 1, 3)
    for seed in range(1, 1 + amount(quick=1, ci=3, night=3)):
        assert train(randomise(three, seed)).state.loss() < 0.05
        assert train(randomise(remove_node(three, 1, 2), seed)).state.loss() > 0.3


def test_from_seed_2_the_spiral_is_stuck_and_from_seed_3_not():
    own, result = learned("spiral")
    check_classes(
        own, result, (2, 8, 8, 1), (0.8110, 0.7465), (0.0005617, 0.001765), (160, 40), KINDS["spiral"]
    )
    assert train(randomise(own, 2)).state.loss() > 0.55
    assert train(randomise(own, 3)).state.loss() < 0.01


def test_the_irises_are_those_of_the_table_and_two_are_told_wrong():
    own, result = learned("iris")
    check_classes(own, result, (4, 8, 3), (0.8888, 1.061), (0.04677, 0.0459), (118, 30))
    rows, outputs = table("iris"), own.network.outputs
    assert own.data.inputs.tolist() == [[float(row[name]) for name in own.network.inputs] for row in rows]
    assert [outputs[k] for k in own.data.targets.argmax(axis=1)] == [row["species"] for row in rows]
    assert (np.flatnonzero(~hits(result.state)) + 1).tolist() == [78, 96]
    shorter, narrower = own.data.inputs[[77, 77]] - [[0, 0, 0.3, 0], [0, 0, 0, 0.3]]
    told = result.state.network.predict([own.data.inputs[77], shorter, narrower]).argmax(axis=1)
    assert [outputs[k] for k in told] == ["virginica", "versicolor", "versicolor"]


def test_the_digits_are_read_as_well_as_their_notes_say():
    own, result = learned("digits")
    check_classes(own, result, (64, 32, 16, 10), (0.05354, 0.1453), (0.006347, 0.1056), (800, 192))
    assert parts_right(own) == (794, 190)
    trace = own.network.forward(own.data.inputs)
    assert [layer for layer, _ in health(own.network, trace).badges()] == [0, 0, 0]
    assert (own.data.targets[489].argmax(), trace.prediction[489].argmax()) == (3, 5)
    rows = [[*row.values()] for row in table("digits")]  # those that are kept elsewhere
    pixels = np.array([row[:-1] for row in rows], dtype=float)
    classes = np.array([own.network.outputs.index(row[-1]) for row in rows])
    networks = own.network, result.state.network
    before, after = (int((each.predict(pixels).argmax(axis=1) == classes).sum()) for each in networks)
    assert (before, after) == (735, pytest.approx(740, abs=1))


def test_the_digits_were_trained_by_their_own_settings_from_random_weights():
    own = state("digits")
    again = train(randomise(own, own.training.seed)).state
    assert again.loss() == pytest.approx(own.loss(), rel=0.05)
    for layer, before in zip(again.network.layers, own.network.layers, strict=True):
        np.testing.assert_allclose(layer.weights, before.weights, atol=0.01)


# --- the tables in resources/data


def test_every_table_stands_in_the_readme_with_its_rows():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)\.csv` \| (\d+) \|", readme, re.MULTILINE))
    tables = {name: table(name) for name in (*TAKEN, *MADE_UP)}
    assert {name: str(len(rows)) for name, rows in tables.items()} == told
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(told)
    missing = sum(not row["age"] for row in tables["passengers"])
    assert f"with texts and {missing} ages missing" in readme
    for name in (*TAKEN, "passengers"):  # the last fifth has every class
        classes = [list(row.values())[-1] for row in tables[name]]
        assert set(classes[-(len(classes) // 5) :]) == set(classes)


def test_the_digits_are_those_of_scikit_learn():
    digits, data = pytest.importorskip("sklearn.datasets").load_digits(), state("digits").data
    assert np.array_equal(data.inputs, digits.data[: len(data)] / 16)
    assert np.array_equal(data.targets.argmax(axis=1), digits.target[: len(data)])


@pytest.mark.parametrize("name", [*MADE_UP, *TAKEN])
def test_a_table_is_made_by_its_program(name):
    if name in TAKEN:
        pytest.importorskip("sklearn")
    text = (FOLDER / f"{name}.csv").read_text(encoding="utf-8")
    assert text == {**MADE_UP, **TAKEN}[name]()


# --- rows that are made by a formula

TWO_CLASSES = ["xor", "circles", "moons", "spiral"]
FUNCTIONS = ["line", "curve", "formula"]


def rows_of(kind, rows=60, noise=0.0, seed=0):
    data = KINDS[kind].data(rows, noise, seed)
    return data.inputs, data.targets


def test_functions_are_sampled_at_equal_distances_and_exclusive_or_at_its_table():
    for kind, f in (("line", lambda x: 2 * x - 1), ("curve", lambda x: np.sin(np.pi * x))):
        x, y = rows_of(kind, 41)
        np.testing.assert_allclose(np.sort(x[:, 0]), np.arange(-20, 21) / 20, atol=1e-15)
        np.testing.assert_allclose(y, f(x), atol=1e-15)
    assert np.hstack(rows_of("xor", 4)).tolist() == [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_circles_and_moons_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    makers = {"circles": partial(datasets.make_circles, factor=0.5), "moons": datasets.make_moons}
    for kind, make in makers.items():
        ours, theirs = np.column_stack(rows_of(kind, 61)), np.column_stack(make(61, shuffle=False))
        both = [np.array(sorted(each.round(9).tolist())) for each in (ours, theirs)]
        np.testing.assert_allclose(*both, atol=1e-12)


def test_circles_moons_spirals_and_blobs_lie_where_their_formulas_say():
    x, y = rows_of("circles")
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y[:, 0], 0.5, 1.0))
    x, y = rows_of("moons")
    centres = np.where(y, [1.0, 0.5], [0.0, 0.0])
    np.testing.assert_allclose(np.hypot(*(x - centres).T), 1.0)
    assert ((x - centres)[:, 1] * np.where(y[:, 0], -1, 1) >= -1e-12).all()
    x, y = rows_of("spiral", 100)  # its arms are half a turn apart and grow by the angle
    r = np.hypot(*x.T)
    turned = 2 * np.pi * 1.25 * (r - 0.1) / 0.9 + np.pi * y[:, 0]
    np.testing.assert_allclose(x, (r * [np.cos(turned), np.sin(turned)]).T, atol=1e-12)
    np.testing.assert_allclose(np.sort(r[y[:, 0] == 1]), np.linspace(0.1, 1, 50))
    x, y = rows_of("blobs", 3000, 0.2)  # three corners, one target each
    assert (y.sum(axis=1) == 1).all()
    half = np.sqrt(3) / 2
    np.testing.assert_allclose(y.T @ x / 1000, [[0, 1], [-half, -0.5], [half, -0.5]], atol=0.02)
    assert (x - y @ (y.T @ x / 1000)).std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_rows_are_those_of_their_seed_with_noise_of_the_given_size(kind):
    """Of many rows, each is compared with where it stands without noise."""
    one, again, other = (kind.data(50, 0.1, seed) for seed in (7, 7, 8))
    assert one == again
    assert not np.array_equal(one.inputs, other.inputs)
    plain, noisy = (kind.data(4000, noise, 3) for noise in (0.0, 0.25))
    pairs = [(noisy.targets, plain.targets), (noisy.inputs, plain.inputs)]
    moved, kept = pairs if kind.name in FUNCTIONS else reversed(pairs)
    assert np.array_equal(*kept)
    assert np.subtract(*moved).std() == pytest.approx(0.25, rel=0.05)
    assert [len(kind.data(rows, 0.1, 0)) for rows in (1, 2, 3, 7)] == [1, 2, 3, 7]
    data = kind.data(200, 0.0, 0)
    for numbers in (data.inputs, data.targets):  # the last fifth is kept for validation
        assert numbers[160:].mean(axis=0) == pytest.approx(numbers.mean(axis=0), abs=0.3)


def test_rows_and_noise_that_cannot_be_are_refused(approved):
    moons = KINDS["moons"].data
    cases = {f"{of[0]} rows, noise {of[1]}": partial(moons, *of, 0) for of in ((0, 0.1), (500_001, 0.1))}
    cases |= {f"noise {noise}": partial(moons, 10, noise, 0) for noise in (-0.1, float("nan"))}
    approved("rows that cannot be made", refusals(cases))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_its_network_fits_and_learns_it_by_its_own_settings(kind, amount):
    network = kind.network()
    networks = network, Network.from_weights({"output": [1, 2, 3]})
    assert [kind.fits(State(each, Dataset.empty(each))) for each in networks] == [True, False]
    assert network == network.randomised(kind.training.seed)
    for seed in range(amount(quick=1, ci=2, night=2)):
        state = kind.state(kind.rows, kind.noise, seed)
        result = train(state)
        assert not result.diverged
        if kind.name in FUNCTIONS:
            assert result.state.loss() < 2 * kind.noise**2
        else:
            assert hits(result.state).mean() >= 0.97
        assert ("fewer nodes" in state.notes) == (len(state.network.layers) > 1)
    if kind.name in TWO_CLASSES:  # few rows are all trained on
        many, few = (kind.state(rows, 0.0, 0).training for rows in (200, 4))
        assert many.loss == few.loss == "cross_entropy"
        assert (many.validation, few.validation) == (0.0 if kind.name == "xor" else 0.2, 0.0)


def test_exclusive_or_and_the_line_are_learned_exactly():
    state = train(KINDS["xor"].state(4, 0.0, 0)).state
    assert hits(state).all()
    layer = train(KINDS["line"].state(20, 0.0, 0)).state.network.layers[0]
    assert (layer.weights[0, 0], layer.biases[0]) == pytest.approx((2, -1), abs=0.01)
