"""The examples that ship say what is true, and learn by their own settings."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from nnviz._resources import resources
from nnviz.cli.usage import COMMANDS
from nnviz.core.accuracy import right
from nnviz.core.edits import randomise
from nnviz.core.health import health
from nnviz.core.made.kinds import KINDS
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.slopes import slopes
from nnviz.core.standardise import standardise, worth_standardising
from nnviz.core.structure import remove_node
from nnviz.core.training import train
from nnviz.files import native
from nnviz.files.examples import example, examples
from nnviz.files.registry import load

NAMES = [own.name for own in examples()]


def state(name):
    return load(example(name).path)


def final_mse(name):
    return train(state(name)).history[-1, 1]


def test_the_names_are_fixed_and_in_the_order_of_the_course():
    assert NAMES == [
        "forward",
        "relu",
        "many-rows",
        "two-hidden-layers",
        "tuning-by-hand",
        "two-weight-sets",
        "calculating-slopes",
        "one-update",
        "twenty-updates",
        "mazur",
        "xor",
        "curve",
        "wages",
        "circles",
        "iris",
        "spiral",
        "large",
        "digits",
    ]
    assert not set(NAMES) & set(COMMANDS)


@pytest.mark.parametrize("own", examples(), ids=NAMES)
def test_an_example_has_a_title_a_line_and_notes_and_is_small(own):
    opened = load(own.path)
    assert own.title == opened.name
    assert own.line == opened.notes.split("\n")[0]
    assert own.line.endswith((".", "?"))
    assert len(own.line) <= 90
    assert "**Try:**" in opened.notes
    assert "**Look for:**" in opened.notes
    assert own.path.stat().st_size < 1_000_000


@pytest.mark.parametrize("own", examples(), ids=NAMES)
def test_an_example_stands_in_its_file_as_it_would_be_saved(own):
    assert native.write(load(own.path)) == own.path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_learns_by_its_own_settings(name):
    result = train(state(name))
    mse = result.history[:, 1]
    assert not result.diverged
    assert result.state.iteration == state(name).training.updates
    assert mse[-1] < 0.55 * mse[0]
    assert mse.max() == mse[0]


@pytest.mark.parametrize(
    ("name", "hidden", "predictions"),
    [
        ("forward", [[26, -13]], [-39]),
        ("relu", [[26, 0]], [52]),
        ("many-rows", [[26, 0], [0, 9], [0, 0], [32, 12]], [52, 63, 0, 148]),
        ("two-hidden-layers", [[26, 0]], [182]),
        ("tuning-by-hand", [[3, 6]], [9]),
    ],
)
def test_the_hidden_nodes_and_predictions_are_those_of_the_course(name, hidden, predictions):
    own = state(name)
    trace = own.network.forward(own.data.inputs)
    assert trace.a[0].tolist() == hidden
    assert trace.prediction.ravel().tolist() == predictions


def test_two_hidden_layers_pass_on_0_and_26():
    own = state("two-hidden-layers")
    assert own.network.forward(own.data.inputs).a[1].tolist() == [[0, 26]]


def test_many_rows_starts_at_its_mse_and_falls_below_2():
    assert state("many-rows").loss() == 74.25
    assert final_mse("many-rows") < 2


def test_tuning_by_hand_can_be_tuned_to_no_error():
    own = state("tuning-by-hand")
    tuned = Network.from_weights({"node_0": [0, 1], "node_1": [0, 0], "output": [1, 0]}, output="relu")
    assert (own.loss(), tuned.predict(own.data.inputs).tolist()) == (36, own.data.targets.tolist())


def test_the_two_weight_sets_have_the_mse_of_the_course():
    own = state("two-weight-sets")
    error = {s.name: s.into(own.network).predict(own.data.inputs) - own.data.targets for s in own.weight_sets}
    assert {name: float(np.mean(e**2)) for name, e in error.items()} == {
        "weights_0": 37.5,
        "weights_1": 49.890625,
    }
    assert own.weight_sets[0].into(own.network) == own.network


def test_calculating_slopes_gives_14_28_and_42():
    own = state("calculating-slopes")
    found = slopes(own.network, own.data.inputs, own.data.targets)
    assert found.layers[0].weights.tolist() == [[14, 28, 42]]


def test_one_update_takes_the_error_from_7_to_5_04():
    result = train(state("one-update"))
    error = result.state.network.predict(result.state.data.inputs)
    assert error[0, 0] == pytest.approx(5.04, rel=1e-12)
    assert result.state.network.layers[0].weights[0] == pytest.approx([-0.14, 1.72, 0.58], rel=1e-12)


def test_twenty_updates_follow_the_closed_form():
    k = np.arange(21)
    np.testing.assert_allclose(train(state("twenty-updates")).history[:, 1], 49 * 0.72 ** (2 * k), rtol=1e-12)


def test_mazur_s_numbers_are_his():
    own = state("mazur")
    x, y = own.data.inputs, own.data.targets
    assert own.network.predict(x)[0] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert own.loss() == pytest.approx(0.298371109, abs=5e-10)
    assert own.loss() == pytest.approx(((own.network.predict(x) - y) ** 2).sum() / 2, rel=1e-14)
    first, second = slopes(own.network, x, y).layers
    assert second.weights[0, 0] == pytest.approx(0.082167041, abs=5e-10)
    assert first.weights[0, 0] == pytest.approx(0.000438568, abs=5e-10)
    one = train(own, updates=1).state
    hidden, output = (layer.weights for layer in one.network.layers)
    assert hidden.ravel() == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9)
    assert output.ravel() == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9)
    assert one.loss() == pytest.approx(0.2805, abs=5e-5)
    assert final_mse("mazur") == pytest.approx(2.448e-6, rel=1e-3)


def test_mazur_s_errors_are_those_of_biases_that_stay():
    own = state("mazur")
    x, y = own.data.inputs[0], own.data.targets[0]
    (w, b), (v, c) = ((layer.weights, layer.biases) for layer in own.network.layers)
    errors = []
    for _ in range(10_001):
        h = 1 / (1 + np.exp(-(w @ x + b)))
        o = 1 / (1 + np.exp(-(v @ h + c)))
        errors.append(((o - y) ** 2).sum() / 2)
        d = (o - y) * o * (1 - o)
        v, w = v - 0.5 * np.outer(d, h), w - 0.5 * np.outer(v.T @ d * h * (1 - h), x)
    assert errors[1] == pytest.approx(0.2910, abs=5e-5)
    assert errors[-1] == pytest.approx(0.0000351, abs=5e-8)


def test_xor_needs_its_hidden_layer():
    own = state("xor")
    assert own.network.sizes == (2, 3, 1)
    assert final_mse("xor") < 0.001
    line = Network(own.network.inputs, (Layer(("output",), "identity", np.ones((1, 2)), np.zeros(1)),))
    alone = train(replace(own, network=line), updates=2000)
    assert alone.history[-1, 1] == pytest.approx(0.25, abs=1e-6)


def test_the_curve_is_followed_within_400_updates():
    own = state("curve")
    assert own.network.sizes == (1, 8, 1)
    np.testing.assert_allclose(own.data.targets, np.sin(np.pi * own.data.inputs), atol=5.1e-4)
    assert train(own, updates=400).history[-1, 1] < 0.01


def test_the_large_network_learns_a_function_of_seven_of_its_inputs():
    own = state("large")
    x = own.data.inputs.T
    y = np.sin(2 * x[0] * x[1]) + x[2] ** 2 - x[3] * x[4] + np.abs(x[5]) / 2 + 0.3 * x[6]
    np.testing.assert_allclose(own.data.targets[:, 0], y, atol=5.1e-4)
    assert own.network.sizes == (9, 100, 100, 1)
    assert final_mse("large") < 0.01


def test_wages_are_learned_better_where_the_inputs_are_standardised():
    own = state("wages")
    with (resources() / "data" / "wages.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    table = np.array(rows, dtype=float)
    assert np.array_equal(np.hstack([own.data.inputs, own.data.targets]), table)
    assert worth_standardising(own)
    assert table[:480, 9].var() == pytest.approx(11.82, abs=5e-3)
    assert table[:, 3].max() == 9000
    raw, done = (train(each).history[:, 1:] for each in (own, standardise(own, range(9))))
    assert raw[0, 0] == pytest.approx(1.139e6, rel=1e-3)
    assert raw[-1] == pytest.approx([7.350, 7.367], rel=0.02)
    assert done[0, 0] == pytest.approx(631.2, rel=1e-3)
    assert done[-1] == pytest.approx([0.9315, 1.797], rel=0.02)


def rightly_told(own):
    """Return on how many of the rows that are trained on, and that are kept, the class is told right."""
    hit = right(own.network, own.network.predict(own.data.inputs), own.data.targets)
    trained = int(len(hit) * (1 - own.training.validation))
    return int(hit[:trained].sum()), int(hit[trained:].sum())


@pytest.mark.parametrize(
    ("name", "sizes", "start", "end", "rows"),
    [
        ("circles", (2, 4, 1), (0.7232, 0.7165), (0.02374, 0.08234), (159, 39)),
        ("iris", (4, 8, 3), (0.8888, 1.061), (0.04677, 0.0459), (118, 30)),
        ("spiral", (2, 8, 8, 1), (0.8110, 0.7465), (0.0005617, 0.001765), (160, 40)),
        ("digits", (64, 32, 16, 10), (0.05354, 0.1453), (0.006347, 0.1056), (800, 192)),
    ],
)
def test_classes_are_learned_by_cross_entropy_as_the_notes_say(name, sizes, start, end, rows):
    own = state(name)
    assert (own.network.sizes, own.training.loss, own.training.validation) == (sizes, "cross_entropy", 0.2)
    result = train(own)
    assert result.history[0, 1:] == pytest.approx(start, rel=1e-3)
    assert result.history[-1, 1:] == pytest.approx(end, rel=0.02)
    assert rightly_told(result.state) == rows
    for number in (*start[:1], *end):
        assert shown(number) in own.notes.replace("0.04590", "0.0459")


def test_the_circles_and_the_spiral_are_those_that_are_made():
    for name in ("circles", "spiral"):
        data, kind = state(name).data, KINDS[name]
        made = kind.data(kind.rows, kind.noise, 0)
        assert np.array_equal(data.inputs, made.inputs.round(3))
        assert np.array_equal(data.targets, made.targets)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_nodes_enclose_a_circle_and_two_do_not(seed):
    own = remove_node(state("circles"), 1, 3)
    assert train(randomise(own, seed)).state.loss() < 0.05
    assert train(randomise(remove_node(own, 1, 2), seed)).state.loss() > 0.3


def test_from_seed_2_the_spiral_is_stuck_and_from_seed_3_not():
    stuck, free = (train(randomise(state("spiral"), seed)).state.loss() for seed in (2, 3))
    assert (stuck > 0.55, free < 0.01) == (True, True)


def test_the_irises_are_those_of_the_file_that_ships_and_two_are_told_wrong():
    own = state("iris")
    with (resources() / "data" / "iris.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = own.network.inputs
    assert own.data.inputs.tolist() == [[float(row[name]) for name in names] for row in rows]
    assert [own.network.outputs[k] for k in own.data.targets.argmax(axis=1)] == [
        row["species"] for row in rows
    ]
    after = train(own).state
    hit = right(after.network, after.network.predict(own.data.inputs), own.data.targets)
    assert (np.flatnonzero(~hit) + 1).tolist() == [78, 96]
    shorter, narrower = own.data.inputs[[77, 77]] - [[0, 0, 0.3, 0], [0, 0, 0, 0.3]]
    told = after.network.predict([own.data.inputs[77], shorter, narrower]).argmax(axis=1)
    assert [own.network.outputs[k] for k in told] == ["virginica", "versicolor", "versicolor"]


def test_the_digits_are_read_as_well_as_their_notes_say():
    own = state("digits")
    assert (own.data.targets.sum(axis=1) == 1).all()
    assert np.array_equal(own.data.inputs * 16, np.round(own.data.inputs * 16))
    assert rightly_told(own) == (794, 190)
    trace = own.network.forward(own.data.inputs)
    assert [int(dead.sum()) for dead in health(own.network, trace).dead] == [3, 0, 0]
    assert (own.data.targets[489].argmax(), trace.prediction[489].argmax()) == (3, 5)


def test_of_the_digits_that_are_kept_elsewhere_most_are_read_rightly():
    own = state("digits")
    with (resources() / "data" / "digits.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    pixels = np.array([row[:-1] for row in rows], dtype=float)
    classes = np.array([own.network.outputs.index(row[-1]) for row in rows])
    before, after = (
        int((each.network.predict(pixels).argmax(axis=1) == classes).sum())
        for each in (own, train(own).state)
    )
    assert (before, after) == (735, pytest.approx(740, abs=1))


def test_the_digits_were_trained_by_their_own_settings_from_random_weights():
    own = state("digits")
    again = train(randomise(own, own.training.seed)).state
    assert again.loss() == pytest.approx(own.loss(), rel=0.05)
    for layer, before in zip(again.network.layers, own.network.layers, strict=True):
        np.testing.assert_allclose(layer.weights, before.weights, atol=0.01)


def test_the_digits_are_those_of_scikit_learn():
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    own = state("digits")
    held = len(own.data)
    assert np.array_equal(own.data.inputs, digits.data[:held] / 16)
    assert np.array_equal(own.data.targets.argmax(axis=1), digits.target[:held])


@pytest.mark.parametrize("name", ["xor", "curve", "wages", "circles", "iris", "spiral", "large"])
def test_random_weights_are_those_of_the_seed_that_is_shown(name):
    own = state(name)
    assert own.network == own.network.randomised(own.training.seed)
