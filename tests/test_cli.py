"""Each command: its output, the input that it refuses, its exit codes, and the data for the window."""

import csv
import io
import itertools
import json
import os
import shlex
import struct
import sys
import tempfile
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnviz
from nnviz import system
from nnviz.cli.arguments import COMMANDS
from nnviz.cli.main import main
from nnviz.core import edits, train
from nnviz.core.address import Address
from nnviz.core.numbers import as_text
from nnviz.core.runs import keep
from nnviz.files import tensorboard
from nnviz.files.code import STYLES
from nnviz.files.examples import example, examples
from nnviz.picture.palette import PALETTES
from nnviz.ui.dialogs.pictures import Look
from tests.core.test_overfitting import RUNS, extremes, started, with_curves
from tests.files.helpers import cases_of

RELU = example("relu").path

FILES = dict(
    case.split(": ", 1)
    for case in cases_of(r"""
plain.csv: 3,5\n-1,-2\n ¦ named.csv: target,children,accounts\n60,5,3\n0,-2,-1\n
¦ both.csv: 3,5,60\n-1,-2,0\n ¦ foreign.csv: a,b,target\n3,5,x\n ¦ half.csv: accounts,children\n3,1/2\n
¦ four.csv: 1,2,3,4\n ¦ one.csv: foo,output\n1,2\n ¦ names.csv: a,b\n ¦ text.csv: a,b\nx,1\n
¦ prices.csv: preis;n;y\n1.234;3;2.345\n950;4;3.456\n ¦ kinds.csv: kind,a,b\np,1,2\nq,2,3\np,3,5\nq,4,7\n
¦ holes.csv: kind,a,b\np,1,\n,2,3\np,k.A.,4\nq,-,3\nn/a,4,1\nq,5,5\n ¦ known.csv: kind,a\nq,1\n-,2\n,1\n
¦ strange.csv: kind,a\nq,1\nq,x\n,1\n ¦ nothing.csv: kind,a\nq,\n,1\n ¦ w.json: {"output": [1, 2]}
¦ two.json: {"output_0": [0.1, 0.2], "output_1": [1, -1]} ¦ huge.json: {"output": [1e300]}
""")
)
FILES["bad.json"] = RELU.read_text("utf-8").replace("[2, 7]", "[2, 7, 1]")


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Return a function that runs a line in a folder of its own: its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(line):
        code = main(shlex.split(line))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def answer(run):
    """Return a function that runs a line, checks that it succeeds in silence, and returns its output."""

    def answer(line):
        code, out, err = run(line)
        assert (code, err) == (0, ""), line
        return out

    return answer


@pytest.fixture
def refusals(run):
    """Return a function that runs lines that end with a code and one sentence, and returns the sentences."""
    write(*FILES)

    def refusals(code, *lines):
        told = {line: run(line) for line in lines}
        wrong = {line: end for line, end in told.items() if (*end[:2], end[2].count("\n")) != (code, "", 1)}
        assert wrong == {}
        return "\n".join(f"{line}: {err.rstrip()}" for line, (_, _, err) in told.items())

    return refusals


def write(*names):
    """Write files into the current folder."""
    for name in names:
        Path(name).write_text(FILES[name], "utf-8")


ANSWERED = """
predict forward ¦ predict relu ¦ predict many-rows ¦ predict many-rows --json ¦ predict two-hidden-layers
¦ predict relu --row 3,5 ¦ predict relu --row -1,-2 ¦ predict relu --row -.5,-1e0 ¦ predict relu --row=-1,-2
¦ predict relu --row −1,−2 ¦ predict relu --row -1,-2 --row '3, 5' --row 1/2,0
¦ predict relu --data plain.csv ¦ predict relu --data named.csv ¦ predict relu --data plain.csv --row 0,0
¦ predict two.json --row 1,1 ¦ check relu ¦ slopes calculating-slopes ¦ slopes calculating-slopes --json
"""


def test_a_command_prints_its_answer_one_row_a_line(answer, approved):
    write("plain.csv", "named.csv", "two.json")
    approved("answers", {line: answer(line) for line in cases_of(ANSWERED)})
    assert answer("--version") == f"nnviz {nnviz.__version__}, trains with {system.engine()}\n"
    assert answer(f"predict '{RELU}'") == "52.0\n"


def test_predict_says_which_columns_of_a_table_it_takes(run, approved):
    write("both.csv", "foreign.csv")
    ends = [run("predict relu --data both.csv"), run("predict relu --data foreign.csv")]
    assert [end[:2] for end in ends] == [(0, "52.0\n42.0\n"), (0, "52.0\n")]
    approved("columns that predict takes", "".join(end[2] for end in ends))


# slopes


def test_slopes_of_biases_are_among_the_slopes(answer):
    printed = json.loads(answer("slopes xor --json"))
    state = nnviz.load(example("xor").path)
    error = state.network.predict(state.data.inputs) - state.data.targets
    assert printed["layers"][1]["biases"][0] == pytest.approx(2 * error.mean(), rel=1e-12)
    assert sum("(bias)" in line for line in answer("slopes xor").splitlines()) == 4


# train


def closed_form(k):
    return 49 * 0.72 ** (2 * k)


def table_of(lines, separator=None):
    """Return the header and the numbers of a table."""
    header, *rows = [line.split(separator) for line in lines]
    return header, np.array(rows, float)


def test_train_follows_the_closed_form_on_the_terminal_in_files_and_as_json(answer):
    expected = np.column_stack((np.arange(21), closed_form(np.arange(21))))
    told = answer("train twenty-updates --history mse.csv -o out.json").splitlines()
    for header, history in (table_of(told), table_of(Path("mse.csv").read_text().splitlines(), ",")):
        assert header == ["iteration", "mse"]
        np.testing.assert_allclose(history, expected, rtol=1e-12)
    assert nnviz.load("out.json").loss() == pytest.approx(closed_form(20), rel=1e-12)
    printed = json.loads(answer("train twenty-updates --json"))
    np.testing.assert_allclose(printed["history"], expected, rtol=1e-12)
    assert (printed["iteration"], printed["diverged"]) == (20, False)
    assert printed["mse"] == printed["history"][-1][1]
    weights = np.array([0, 2, 1]) - np.array([1, 2, 3]) * (7 - 7 * 0.72**20) / 14
    np.testing.assert_allclose(printed["layers"][0]["weights"], [weights], rtol=1e-12)


def test_train_goes_on_with_the_run_of_a_file_and_keeps_it_before_another(answer):
    def held(name, key):
        return json.loads(Path(name).read_text())[key]

    answer("train twenty-updates --updates 7 -o a.json")
    answer("train a.json --updates 5 -o b.json")
    answer("train twenty-updates --updates 12 -o c.json")
    assert held("b.json", "run") == held("c.json", "run")
    assert held("b.json", "run")["iteration"] == 12
    answer("convert b.json d.json")
    assert Path("d.json").read_text() == Path("b.json").read_text()
    run = train.train(nnviz.load(example("xor").path), updates=5).state
    begun = keep(edits.randomise(run, 3), run)
    nnviz.save(train.train(begun, updates=2).state, "a.json")
    answer("train a.json --updates 3 -o b.json")
    assert held("b.json", "runs") == held("a.json", "runs")
    assert held("b.json", "run")["iteration"] == 5
    answer("train a.json --learning-rate 0.05 -o c.json")
    first, second = held("c.json", "runs")
    assert [first] == held("a.json", "runs")
    assert (second["id"], second["parent"], second["iterations"]) == (2, 1, 2)
    assert (held("c.json", "run")["id"], held("c.json", "run")["parent"]) == (3, 2)
    assert held("c.json", "run")["start"] == second["end"]


def test_train_writes_no_history_over_a_network(refusals, answer, approved):
    answer("convert twenty-updates a.json")
    Path("link.csv").symlink_to("a.json")
    before = Path("a.json").read_bytes()
    histories, networks = ("link.csv", "./a.json"), ("a.json", "relu -o a.json")
    lines = [f"train {network} --history {history}" for history in histories for network in networks]
    approved("a history over a network", refusals(2, *lines))
    assert Path("a.json").read_bytes() == before


def test_train_thins_a_long_history_on_the_terminal_alone(answer):
    told = answer("train xor --history mse.csv").splitlines()
    assert [int(line.split()[0]) for line in told[1:-1]] == list(range(0, 501, 25))
    assert len(Path("mse.csv").read_text().splitlines()) == 502


def test_a_training_that_diverges_ends_at_the_last_finite_weights_and_says_so(run, approved):
    code, out, err = run("train twenty-updates --learning-rate 10 --updates 9999 --json")
    printed = json.loads(out)
    assert (code, printed["diverged"]) == (0, True)
    assert np.isfinite(printed["mse"])
    assert np.isfinite(printed["layers"][0]["weights"]).all()
    approved("a training that diverges", err.replace(f"{printed['iteration']}", "N"))


@pytest.fixture
def yes_or_no(run):
    """Write a file with one sigmoid output, trained by MSE on all of eight rows; return its State."""
    inputs = np.random.default_rng(0).normal(size=(8, 2))
    network = nnviz.Network.from_weights({"output": [0.5, -0.25]}, output="sigmoid")
    state = nnviz.State(network, nnviz.Dataset(inputs, (inputs[:, :1] > 0).astype(float)))
    nnviz.save(state, "yes.json")
    return state


def test_train_takes_its_settings_from_the_command_line(answer, yes_or_no):
    settings = "--updates 6 --learning-rate 0.001 --batch-size 2 --optimizer momentum --seed 7"
    line = f"train yes.json --loss cross_entropy --validation 1/4 {settings}"
    lines = answer(f"{line} --history losses.csv -o after.json").splitlines()
    after, printed = nnviz.load("after.json"), json.loads(answer(f"{line} --json"))
    assert after.training == nnviz.Training(0.001, 6, 2, "momentum", 7, "cross_entropy", 0.25)
    for header, rows in (table_of(lines[:-1]), table_of(Path("losses.csv").read_text().splitlines(), ",")):
        assert header == ["iteration", "cross_entropy", "validation"]
        assert rows.tolist() == printed["history"]
    y, a = after.data.targets[:, 0], after.network.predict(after.data.inputs)[:, 0]
    terms, right = -(y * np.log(a) + (1 - y) * np.log(1 - a)), (a >= 0.5) == (y >= 0.5)
    assert printed["cross_entropy"] == pytest.approx(terms[:6].mean(), rel=1e-12)
    assert printed["validation"] == pytest.approx(terms[6:].mean(), rel=1e-12)
    assert (printed["accuracy"], printed["validation_accuracy"]) == (right[:6].mean(), right[6:].mean())
    shares = [repr(printed[key]) for key in ("accuracy", "validation_accuracy")]
    assert lines[-1].split() == ["accuracy", *shares]
    assert "mse" not in printed


def test_slopes_are_those_of_the_loss_in_use_over_the_rows_that_are_trained_on(answer, yes_or_no):
    settings = nnviz.Training(loss="cross_entropy", validation=0.25)
    nnviz.save(replace(yes_or_no, training=settings), "crossed.json")
    x, y = yes_or_no.data.inputs[:6], yes_or_no.data.targets[:6]
    slopes = ((yes_or_no.network.predict(x) - y) * x).mean(axis=0)
    printed = json.loads(answer("slopes crossed.json --json"))
    assert set(printed) == {"cross_entropy", "layers"}
    np.testing.assert_allclose(printed["layers"][0]["weights"], [slopes], rtol=1e-12)
    assert answer("slopes crossed.json").startswith(f"Cross-entropy {printed['cross_entropy']!r}\n\n")


def test_a_penalty_is_taken_from_the_command_line_and_printed_apart_from_the_loss(answer):
    """The input is 1, 2, 3; the weights are 0, 2, 1, and the error is 7."""
    line = "train one-update --updates 1 --l1 0.5 --l2 0.25"
    _, history = table_of(answer(f"{line} -o out.json").splitlines())
    assert history[0].tolist() == [0, 49]
    trained = nnviz.load("out.json")
    assert (trained.training.l1, trained.training.l2) == (0.5, 0.25)
    slopes = np.array([14 + 0, 28 + 0.5 + 0.5 * 2, 42 + 0.5 + 0.5 * 1])
    np.testing.assert_allclose(trained.network.layers[0].weights, [[0, 2, 1] - 0.01 * slopes], rtol=1e-12)
    printed = json.loads(answer("slopes out.json --json"))
    w = trained.network.layers[0].weights[0]
    error = w @ [1, 2, 3]
    assert history[1, 1] == pytest.approx(error**2, rel=1e-12)
    assert printed["mse"] == pytest.approx(error**2, rel=1e-12)
    assert printed["penalty"] == pytest.approx(0.5 * abs(w).sum() + 0.25 * (w * w).sum(), rel=1e-12)
    expected = 2 * error * np.array([1, 2, 3]) + 0.5 * np.sign(w) + 0.5 * w
    np.testing.assert_allclose(printed["layers"][0]["weights"], [expected], rtol=1e-12)
    assert answer("slopes out.json").splitlines()[1] == f"Penalty {printed['penalty']!r}"


def test_no_accuracy_is_told_where_a_target_is_no_class(answer):
    layer = nnviz.Layer(("no", "yes"), "softmax", [[1, 2], [2, 1]])
    for network, targets in (
        (nnviz.Network.from_weights({"output": [0.5, -0.25]}, output="sigmoid"), [[60.0], [0.0], [1.0]]),
        (nnviz.Network(("x", "y"), (layer,)), [[0.2, 0.8], [1, 0], [0, 1]]),
    ):
        nnviz.save(nnviz.State(network, nnviz.Dataset([[3, 5], [1, 2], [2, 0]], targets)), "a.json")
        assert "accuracy" not in answer("train a.json --validation 0.4 --updates 3 --json")
        assert "accuracy" not in answer("train a.json --validation 0.4 --updates 3")
        for style in STYLES:
            assert "accuracy" not in answer(f"code a.json --style {style}")


def test_targets_that_are_no_shares_are_told_where_the_loss_is_cross_entropy(run, approved):
    state = edits.set_loss(nnviz.load(example("xor").path), "cross_entropy", "sigmoid")
    nnviz.save(edits.set_value(state, Address("target", 0, 0), 5.0, 0), "xor.json")
    told = run("train xor.json")[2]
    approved("targets that are no shares", told)
    assert told not in run("train xor.json --loss mse")[2]


# --keep best, and over-fitting

OVER_FITTING = "--learning-rate 0.1 --validation 0.5"
LEAST = 57
"""The iteration of iris at which the validation loss is least then."""


def test_keep_best_writes_the_run_up_to_the_least_validation_loss_and_says_so(run, approved):
    best = f"train iris {OVER_FITTING} --keep best"
    code, out, err = run(f"{best} -o best.json --history loss.csv")
    losses = np.loadtxt("loss.csv", delimiter=",", skiprows=1)
    assert losses[:, 0].tolist() == list(range(301))  # of the whole training
    least = losses[losses[:, 2].argmin()]
    assert (code, least[0]) == (0, LEAST)
    approved("keep best", err)
    assert [str(LEAST), *map(repr, least[1:].tolist())] in [row.split() for row in out.splitlines()]
    whole = json.loads(run(f"train iris {OVER_FITTING} --updates {LEAST} --json -o whole.json")[1])
    assert same_run("best.json", "whole.json")
    printed = json.loads(run(f"{best} --json")[1])
    assert (printed["kept"], printed["over_fitting_since"], len(printed["history"])) == ("best", LEAST, 301)
    assert [printed["iteration"], printed["cross_entropy"]] == printed["history"][LEAST][:2]
    assert printed["validation"] == pytest.approx(least[2], rel=1e-12)
    assert whole["layers"] == printed["layers"]


def test_training_stops_at_a_loss_or_without_progress_and_says_why(run):
    _, out, err = run("train xor --learning-rate 0.5 --updates 100000 --until 0.01 --json -o low.json")
    made = json.loads(out)
    assert made["stopped"] == "MSE ≤ 0.01"
    assert made["mse"] <= 0.01 < made["history"][-2][1]
    assert f"training stopped after {made['iteration']} updates: MSE ≤ 0.01" in err
    assert nnviz.load("low.json").training.until == 0.01
    _, out, err = run("train iris --learning-rate 1 --validation 0.5 --patience 2 --json")
    points, reason = json.loads(out)["history"][1:], "no smaller validation loss for 2 epochs"
    least = min(range(len(points)), key=lambda k: points[k][2])
    assert len(points) == least + 3 < 300
    assert f"{reason}\n" in err
    run("train iris --patience 2 --keep best --until 0.1 --updates 5 -o rules.json")
    run("train rules.json --patience 0 --until 0 --keep last -o none.json")
    settings = nnviz.load("none.json").training
    assert (settings.patience, settings.until, settings.keep) == (None, None, "")


def same_run(file, other):
    """Return whether two files hold the same run to the last bit."""
    one, two = nnviz.load(file), nnviz.load(other)
    assert one.iteration == two.iteration
    assert one.network == two.network
    assert one.run.memory.tolist() == two.run.memory.tolist()
    np.testing.assert_array_equal(one.run.points, two.run.points)
    return one.run.segments == two.run.segments


def test_keep_best_goes_back_before_the_updates_of_this_command(run):
    run(f"train iris {OVER_FITTING} -o first.json")
    assert (
        f"kept iteration {LEAST} of 320 (" in run("train first.json --updates 20 --keep best -o then.json")[2]
    )
    run(f"train iris {OVER_FITTING} --updates {LEAST} -o whole.json")
    assert same_run("then.json", "whole.json")


def test_keep_best_finds_it_in_a_file_that_keeps_some_points_of_a_long_run(run):
    start = started(next(run for run in RUNS if run["name"] == "circles: MSE, slow gradient descent"))
    few = with_curves(nnviz.train(start).state, lambda history: extremes(history.points, 16))
    nnviz.save(few, "long.json")
    curve = nnviz.load("long.json").run.curve("validation").points
    iteration, least = curve[curve[:, 1].argmin()]
    _, out, err = run("train long.json --updates 5 --keep best --json -o best.json")
    told = f"kept iteration {iteration:.0f} of 3005 (lowest validation loss: {as_text(least)})\n"
    assert err.endswith(told)
    expected, printed = nnviz.train(start, updates=int(iteration)), json.loads(out)
    assert (printed["iteration"], printed["mse"]) == (iteration, expected.history[-1, 1])
    assert nnviz.load("best.json").network == expected.state.network


def test_train_names_over_fitting_as_the_window_does(run, answer, approved):
    approved("over-fitting", run(f"train iris {OVER_FITTING}")[2])
    nnviz.save(edits.standardise(nnviz.load(example("iris").path), range(4)), "iris.json")
    line = "train iris.json --learning-rate 1 --updates 200 --json"
    assert "over_fitting_since" not in json.loads(answer(line))  # one lucky dip


# tables


def test_the_decimal_sign_of_a_table_is_asked_for_and_said(run, refusals, approved):
    for sign, rows in ((".", [[1.234, 3], [950, 4]]), (",", [[1234, 3], [950, 4]])):
        assert run(f"convert prices.csv net.json --decimal {sign}")[0] == 0
        assert nnviz.load("net.json").data.inputs.tolist() == rows
    lines = "convert prices.csv net.json", "check prices.csv", "predict net.json --data prices.csv"
    approved("the decimal sign", refusals(1, *lines))
    by_table = run("predict net.json --data prices.csv --decimal ,")[1].splitlines()
    code, by_itself, _ = run("predict prices.csv --decimal ,")
    assert (code, by_itself.splitlines()) == (0, by_table)
    assert float(by_table[0]) == pytest.approx(float(run("predict net.json --row 1234,3")[1]), rel=1e-12)


def test_convert_takes_the_only_texts_or_the_columns_that_are_said_as_targets(run):
    write("kinds.csv")
    for options, outputs in (("", ("p", "q")), ("--target b", ("b",)), ("--target b --target a", ("a", "b"))):
        assert run(f"convert kinds.csv net.json {options}")[0] == 0
        assert nnviz.load("net.json").network.outputs == outputs


def test_the_seed_of_convert_makes_the_start_and_the_order_of_the_rows_and_is_kept(run):
    write("kinds.csv")
    run("convert kinds.csv net.json")
    unseeded = nnviz.load("net.json")
    run("convert kinds.csv net.json --seed 7 --shuffle")
    state = nnviz.load("net.json")
    assert (unseeded.training.seed, state.training.seed) == (0, 7)
    assert state.network == unseeded.network.randomised(7)
    order = np.random.default_rng([7, 2]).permutation(4)
    assert state.data.inputs.tolist() == unseeded.data.inputs[order].tolist()
    run("convert relu net.json --seed 7")
    assert nnviz.load("net.json").network == nnviz.load(RELU).network
    assert nnviz.load("net.json").training.seed == 7


def test_predict_refuses_incomplete_rows_or_skips_them_and_says_which(run, refusals, approved):
    run("convert kinds.csv net.json --target b")
    first, last = run("predict net.json --row p,1 --row q,5")[1].split()
    skipping = "predict net.json --data holes.csv --skip-incomplete"
    code, out, told = run(skipping)
    assert (code, out) == (0, f"{first}\n{last}\n")
    approved("incomplete rows", f"{refusals(1, 'predict net.json --data holes.csv')}\n{told}")
    assert json.loads(run(f"{skipping} --json")[1]) == {"predictions": [[float(first)], [float(last)]]}
    assert run(f"{skipping} -o o.csv") == (0, "", told)
    expected = ["kind,a,b,prediction b", f"p,1,,{first}", f"q,5,5,{last}"]
    assert Path("o.csv").read_text().splitlines() == expected


def test_predict_skips_no_row_for_a_fault_or_for_a_text_that_it_knows(run, refusals, approved):
    run("convert kinds.csv net.json --target b")
    Path("net.json").write_text(Path("net.json").read_text().replace('"p"', '"-"'))
    skipping = "predict net.json --skip-incomplete --data"
    known, strange = run(f"{skipping} known.csv"), run(f"{skipping} strange.csv")
    assert (known[0], len(known[1].split()), strange[:2]) == (0, 2, (1, ""))
    nothing = refusals(1, f"{skipping} nothing.csv")
    approved("rows that are skipped, and a fault", f"{known[2]}{strange[2]}{nothing}")


def test_rows_sorted_by_class_give_a_warning_and_can_be_shuffled(run, approved):
    Path("rows.csv").write_text("x,kind\n" + "".join(f"{k / 7},{'abc'[k // 10]}\n" for k in range(30)))
    convert, train = "convert rows.csv rows.json", "train rows.json --updates 1 --validation 0.2"
    (said,) = [line for line in run(convert)[2].splitlines() if "sorted by class" in line]
    ordered = nnviz.load("rows.json").data.targets
    approved("rows class by class", f"{said}\n{run(train)[2]}")
    assert "sorted by class" not in run(f"{convert} --shuffle")[2]
    shuffled = nnviz.load("rows.json").data.targets
    assert shuffled.tolist() == ordered[np.random.default_rng([0, 2]).permutation(30)].tolist()
    assert run(train)[2] == ""


# render, convert, code, check, examples


def test_render_writes_an_svg(answer):
    assert answer("render relu -o relu.svg --size 600x400 --theme dark") == ""
    answer("render relu -o clear.svg --transparent")
    text, clear = (Path(name).read_text("utf-8") for name in ("relu.svg", "clear.svg"))
    assert all(part in text for part in ("<svg", 'width="600"', 'height="400"'))
    answer("render iris -o strongest.svg")
    answer("render iris -o all.svg --all-weights")
    strongest, all_weights = (
        Path(f"{name}.svg").read_text("utf-8").count("<text") for name in ("strongest", "all")
    )
    assert all_weights > strongest + 20
    assert PALETTES["dark"].canvas in text.splitlines()[2]
    assert PALETTES["light"].canvas not in clear.splitlines()[2]


HANDED_OVER = cases_of("""
render relu -o ./a.pdf --size 300x200 --theme dark --view slopes --transparent
¦ render relu -o ./a.PNG --pictures ¦ screenshot relu -o ./s.png --activations relu,identity
¦ screenshot relu -o ./s.png --size 1280x800 --theme light ¦ relu ¦ relu --activations tanh,relu
¦ relu --activations=tanh ¦
""")


def test_what_needs_qt_is_handed_to_the_window(run, monkeypatch, approved):
    handed = []

    def recorder(name):
        def record(*given, **named):
            named = [f"{key}={value}" for key, value in named.items()]
            handed.append(f"{name}({', '.join([*map(plain, given), *named])})")
            return 0

        return record

    def plain(value):
        if isinstance(value, nnviz.State):
            return f"the State {value.name!r}"
        is_path = isinstance(value, Path) or (isinstance(value, str) and os.sep in value)
        return repr(os.path.basename(value) if is_path else value)

    app, draw = types.ModuleType("nnviz.ui.window.app"), types.ModuleType("nnviz.ui.dialogs.pictures")
    app.open_window, app.screenshot = recorder("open_window"), recorder("screenshot")
    draw.render, draw.Look = recorder("render"), Look
    monkeypatch.setitem(sys.modules, "nnviz.ui.window.app", app)
    monkeypatch.setitem(sys.modules, "nnviz.ui.dialogs.pictures", draw)
    monkeypatch.setattr(system, "check", lambda **_: None)
    assert [line for line in HANDED_OVER if run(line) != (0, "", "")] == []
    approved(
        "what the window is given",
        {f"nnviz {line}": given for line, given in zip(HANDED_OVER, handed, strict=True)},
    )


def test_convert_goes_by_the_suffix_and_tells_what_is_left_out(run, answer, approved):
    code, out, said = run("convert relu w.py")
    assert (code, out) == (0, "")
    approved("what a dictionary leaves out", said)
    assert answer("convert w.py w.json") == ""
    assert answer("predict w.json --row 3,5") == "52.0\n"


def test_code_prints_a_program_or_saves_it(answer, tmp_path):
    for style in STYLES:
        assert answer(f"code relu --style {style} -o mine.py") == ""
        assert Path("mine.py").read_text("utf-8") == answer(f"code relu --style {style}")
        assert answer(f"code relu --style {style}") == nnviz.code(nnviz.load(RELU), style)
    assert os.listdir(tmp_path) == ["mine.py"]


def test_code_puts_many_numbers_beside_the_program(run, answer, approved):
    for updates in (1, 2):  # a second time its own file is replaced
        answer(f"train digits --updates {updates} -o digits.json")
        state = nnviz.load("digits.json")
        code, out, said = run("code digits.json -o mine.py")
        assert (code, out) == (0, "")
        with np.load("mine.npz") as stored:
            assert np.array_equal(stored["W0"], state.network.layers[0].weights)
            assert np.array_equal(stored["inputs"], state.data.inputs)
    code, out, err = run("code digits")
    assert (code, out) == (0, nnviz.code(nnviz.load(example("digits").path)))
    approved("many numbers in a program", said + err)


def test_code_takes_no_other_file_for_its_numbers(refusals, approved, tmp_path):
    np.savez("mine.npz", W0=[[1.0]])
    before = Path("mine.npz").read_bytes()
    approved("another file in the place of the numbers", refusals(1, "code digits -o mine.py"))
    assert Path("mine.npz").read_bytes() == before
    assert not Path("mine.py").exists()


def test_a_file_wins_over_an_example_and_a_command_over_a_file(answer):
    lines = [line.split("\t") for line in answer("examples").splitlines()]
    assert lines == [[own.name, own.line] for own in examples()]
    for name in ("relu", "examples"):
        Path(name).write_text('{"output": [10, 0]}')
    Path("xor").mkdir()
    assert answer("predict relu --row 1,1") == "10.0\n"
    assert answer("check xor") == "xor: no fault found\n"
    assert answer("examples").startswith("forward\t")
    printed = answer("--help")
    assert all(word in printed for word in COMMANDS)
    assert [word for word in COMMANDS if f"nnviz {word}" not in answer(f"{word} --help")] == []


# Faults

BAD_USE = """
predict ¦ predict relu --skip-incomplete ¦ predict relu --row ¦ predict relu --row 3,a
¦ predict relu --row nan,1 ¦ predict relu --ro 3,5 ¦ train relu --updates 0 ¦ train relu --updates 2.5
¦ train relu --seed 9223372036854775808 ¦ train relu --seed -1 ¦ train relu --learning-rate -0.1
¦ train relu --validation 1 ¦ train relu --learning-rate fast ¦ train relu --patience 1.5
¦ train relu --l1 -1 ¦ train relu --l2 nan ¦ train relu --loss zero_one ¦ train relu --loss 'huber(0)'
¦ train relu -o out.doc ¦ train iris --patience -1 ¦ train iris --until -1 ¦ code relu -o out ¦ render relu
¦ render relu -o a.bmp ¦ render relu -o a.gif --walk --training ¦ render relu -o a.gif --walk --fps 51
¦ render relu -o a.svg --size 5x5 ¦ screenshot relu -o a.svg ¦ convert relu out
¦ convert relu out.json --target a ¦ convert relu out.json --decimal , ¦ relu xor ¦ --nothing
"""
BAD_INPUT = """
predict gone ¦ gone ¦ gone.json ¦ slopes gone.json ¦ check sub/gone ¦ check . ¦ check 'a\0.json'
¦ check bad.json ¦ predict relu --row 3 ¦ predict relu --data gone.csv ¦ predict relu --data four.csv
¦ predict relu --data one.csv ¦ predict relu --data names.csv ¦ predict relu --data text.csv
¦ predict relu --data half.csv ¦ predict w.json ¦ predict huge.json --row 1e300 ¦ slopes w.json
¦ train w.json ¦ train relu --loss cross_entropy ¦ train relu --validation 0.5
¦ train large --updates 100000000 -o gone/a.json ¦ train large --updates 100000000 --history gone/a.csv
¦ convert xor w.py ¦ convert relu gone/w.json ¦ convert kinds.csv net.json --target knd
¦ code relu -o gone/w.py ¦ render relu -o gone/w.svg ¦ render xor -o gone/a.png
¦ render w.json -o x.svg --view slopes ¦ render w.json -o x.png --view slopes ¦ screenshot xor -o gone/a.png
¦ check relu --activations tanh,identity
"""


def test_bad_use_ends_with_2_and_one_sentence(refusals, approved):
    approved("bad use", refusals(2, *cases_of(BAD_USE)))
    choices = "train relu --optimizer sgd", "code relu --style cobol"
    told = refusals(2, *choices, "render relu -o a.svg --theme blue").splitlines()
    assert all("invalid choice" in line for line in told)  # the rest depends on Python's version


def test_bad_input_ends_with_1_and_one_sentence_before_any_work(refusals, approved, tmp_path):
    approved("bad input", refusals(1, *cases_of(BAD_INPUT)).replace("\0", "NUL"))
    assert sorted(os.listdir(tmp_path)) == sorted(FILES)
    assert refusals(1, f"check {'x' * 300}.json").endswith(".json cannot be read: file name too long")


def test_training_that_cannot_be_saved_after_all_is_not_lost(run, tmp_path, monkeypatch, approved):
    """The folder goes away meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Path("gone").mkdir()
    expected = train.train(nnviz.load(example("twenty-updates").path), updates=20).state
    carry_out = train.carry_out

    def meanwhile(*arguments):
        Path("gone").rmdir()
        return carry_out(*arguments)

    monkeypatch.setattr(train, "carry_out", meanwhile)
    code, printed, err = run("train twenty-updates -o gone/a.json --history mse.csv")
    (rescued,) = tmp_path.glob("nnviz-*.json")
    assert code == 1
    approved("a training that is rescued", err.replace(str(rescued), "RESCUED"))
    assert (len(printed.splitlines()), len(Path("mse.csv").read_text().splitlines())) == (22, 22)
    assert nnviz.load(rescued) == expected


BOTH = [f"{word} relu{option}" for word in ("predict", "slopes", "train") for option in ("", " --json")]
ALL_OUTPUTS = [*BOTH, "check relu", "examples", "--help", "check --help", "train --help", "--version"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_every_command_minds_whether_its_output_is_written(monkeypatch, capsys, approved):
    told = {"full": set(), "closed": set()}
    for line in ALL_OUTPUTS:
        with open("/dev/full", "w") as full:
            for kind, out in (("full", full), ("closed", None)):
                monkeypatch.setattr(sys, "stdout", out)
                assert main(line.split()) == 1
                told[kind].add(capsys.readouterr().err)
    approved("an output that cannot be written", "".join(f"{kind}: {''.join(told[kind])}" for kind in told))


def test_a_name_that_the_terminal_cannot_show_is_no_fault(run, monkeypatch):
    state = nnviz.load(example("calculating-slopes").path)
    nnviz.save(replace(state, network=nnviz.Network(("α", "b", "c"), state.network.layers)), "a.json")
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["slopes", "a.json"]) == 0
    assert b"output  ?     0.0     14.0" in terminal.buffer.getvalue()


# Activations that a file does not say


def test_activations_that_a_file_does_not_say_are_asked_for_and_taken(refusals, answer, approved, tmp_path):
    """Two layers: x1 + x2, and then twice that."""
    np.savez("w.npz", W0=[[1.0, 1.0]], W1=[[2.0]])
    lines = "predict w.npz --row -3,1|slopes w.npz|train w.npz|check w.npz|code w.npz|convert w.npz out.json"
    said = refusals(1, *lines.split("|"), "render w.npz -o out.svg", "check w.npz --activations relu")
    assert sorted(os.listdir(tmp_path)) == sorted([*FILES, "w.npz"])
    cube = refusals(2, "check w.npz --activations cube,relu", "w.npz --activations cube,relu")
    approved("activations", f"{said}\n{cube}")
    given = "--activations relu,identity"
    assert answer(f"predict w.npz --row -3,1 {given}") == "0.0\n"
    assert answer("predict w.npz --row -3,1 --activations=identity,relu") == "0.0\n"
    assert answer("check w.npz --activations 'leaky_relu(0.20), tanh'") != ""
    assert answer(f"convert w.npz out.json {given}") == answer(f"render w.npz -o out.svg {given}") == ""
    assert answer("predict out.json --row 3,1") == "8.0\n"
    assert "maximum" in answer(f"code w.npz {given}")


# --- kept runs


@pytest.fixture
def kept(answer):
    """Return the name of a file with three runs of XOR: at two rates, and from other weights."""
    answer("train xor --updates 20 -o a.json")
    answer("train a.json --updates 30 --learning-rate 0.3 -o b.json")
    answer("train b.json --updates 10 --learning-rate 0.05 -o kept.json")
    return "kept.json"


def test_runs_are_listed_oldest_first_with_what_differs(kept, answer):
    told = json.loads(answer(f"runs {kept} --json"))
    keys = "id parent name training iterations first last best validation accuracy state"
    assert [list(each) for each in told] == [keys.split()] * 3
    assert [(each["id"], each["parent"], each["iterations"]) for each in told] == [
        (1, None, 20),
        (2, 1, 30),
        (3, 2, 10),
    ]
    assert [each["training"]["learning_rate"] for each in told] == [0.1, 0.3, 0.05]
    assert [each["name"] for each in told] == ["rate 0.1", "rate 0.3 · start 2", "rate 0.05 · start 3"]
    for before, after in itertools.pairwise(told):
        assert after["first"] == pytest.approx(before["last"], rel=1e-12)
    last = json.loads(answer(f"train {kept} --updates 1 --json"))["history"]
    assert last[10][1] == told[2]["last"]
    heads, *lines = answer(f"runs {kept}").splitlines()
    shown = [key for key in keys.split() if key not in ("parent", "training")]
    assert heads.split() == [*shown, "learning_rate", "start"]
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert answer("runs xor") == "no runs\n"
    assert json.loads(answer("runs xor --json")) == []


def test_runs_are_written_as_csv(kept, answer):
    assert answer(f"runs {kept} -o runs.csv") == ""
    with Path("runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = json.loads(answer(f"runs {kept} --json"))
    for row, each in zip(rows, told, strict=True):
        assert float(row["last"]) == each["last"]
        assert float(row["learning_rate"]) == each["training"]["learning_rate"]
        assert (int(row["id"]), row["network"], row["validation"]) == (each["id"], "2-3-1", "")
    answer("runs xor -o none.csv")
    assert Path("none.csv").read_text() == "\n"


def test_runs_are_written_for_tensorboard(kept, answer, refusals):
    """The checksum of "123456789" is that of RFC 3720; tests/models reads the files with TensorBoard."""
    digits = np.frombuffer(b"123456789", np.uint8)[None]
    crc = 0xE3069283
    assert int(tensorboard.masked_crc32c(digits)[0]) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert answer(f"runs {kept} --tensorboard logs") == ""
    folders = sorted(path.name for path in Path("logs").iterdir())
    assert folders == ["1_rate_0.1", "2_rate_0.3_start_2", "3_rate_0.05_start_3"]
    (file,) = Path("logs/1_rate_0.1").iterdir()
    data, at, events = file.read_bytes(), 0, []
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        events.append(data[at + 12 : at + 12 + size])
        at += 16 + size
    assert b"brain.Event:2" in events[0]
    losses = [struct.unpack("<f", event[-4:])[0] for event in events if b"loss" in event]
    assert len(losses) == 21
    assert losses[-1] == pytest.approx(json.loads(answer(f"runs {kept} --json"))[0]["last"], rel=1e-6)
    Path("full").write_text("")
    assert "full" in refusals(1, f"runs {kept} --tensorboard full")


# --- sweeps

SETTINGS = "learning_rate,optimizer,batch_size,hidden,activation,l1,l2,seed"
SWEEP = f"{SETTINGS},updates,loss,validation,accuracy,diverged"


def test_a_sweep_prints_a_line_for_each_combination(answer):
    heads, *lines = answer("sweep xor --learning-rate 0.1,0.3 --hidden 2,3-3,none --updates 30").splitlines()
    assert heads == SWEEP
    cells = [line.split(",") for line in lines]
    assert [(line[0], line[3]) for line in cells] == [*itertools.product(("0.1", "0.3"), ("2", "3-3", ""))]
    assert {line[-1] for line in cells} == {"false"}


def test_a_line_of_a_sweep_is_that_of_train_from_a_random_start(answer):
    lines = answer("sweep iris --batch-size 8,all --optimizer adam --seeds 2 --updates 40").splitlines()[1:]
    for line in lines:
        cells = dict(zip(SWEEP.split(","), line.split(","), strict=True))
        size = f"--batch-size {cells['batch_size']}" if cells["batch_size"] else "--batch-size 150"
        told = answer(
            f"train iris --optimizer adam --seed {cells['seed']} --random-start --updates 40 {size} --json"
        )
        alone = json.loads(told)
        assert float(cells["loss"]) == alone["cross_entropy"]
        assert float(cells["accuracy"]) == alone["accuracy"]
        assert [float(cells["validation"])] == alone["history"][-1][2:]


def test_a_sweep_is_resumed_where_it_was_cut_off(answer, refusals):
    line = "sweep xor --learning-rate 0.1,0.2,0.3 --l2 0,0.01 --updates 50"
    assert answer(f"{line} -o whole.csv") == ""
    whole = Path("whole.csv").read_text()
    heads, *lines = whole.splitlines(keepends=True)
    for kept in (0, 1, 4, 6):
        Path("part.csv").write_text(heads + "".join(lines[2 : 2 + kept]) + lines[0][:9] * (kept < 6))
        assert answer(f"{line} -o part.csv --resume") == ""
        assert Path("part.csv").read_text() == whole
    answer(f"{line} -o new.csv --resume")
    assert Path("new.csv").read_text() == whole
    Path("other.csv").write_text(whole.replace("0.2,gradient", "0.7,gradient"))
    Path("longer.csv").write_text(whole.replace(",50,", ",60,"))
    told = refusals(1, f"{line} -o other.csv --resume", f"{line} -o longer.csv --resume")
    assert "other.csv, line 4: a run of another sweep" in told
    assert "longer.csv, line 2: a run of 60 updates, not of 50" in told


def test_a_sweep_in_processes_prints_the_lines_of_threads_and_is_resumed(answer):
    line = "sweep xor --learning-rate 0.1,0.2 --seeds 2 --updates 50"
    whole = answer(line)
    assert answer(f"{line} --backend processes --jobs 2") == whole
    Path("part.csv").write_text("".join(whole.splitlines(keepends=True)[:3]))
    assert answer(f"{line} -o part.csv --resume --backend processes") == ""
    assert Path("part.csv").read_text() == whole


def test_a_sweep_refuses_what_it_cannot_do(refusals, approved, monkeypatch):
    bad = (
        "--learning-rate 0",
        "--learning-rate 0.1,x",
        "--optimizer adam,sgd",
        "--batch-size 0",
        "--hidden 3-0",
        "--hidden a",
        "--activation step",
        "--l2 -1",
        "--seeds 0",
        "--resume",
        "-o sweep.txt",
        "--backend dask",
        "--scheduler tcp://127.0.0.1:8786",
        "--backend processes --scheduler tcp://127.0.0.1:8786",
    )
    approved("sweeps with bad options", refusals(2, *(f"sweep xor {each}" for each in bad)))
    before = Path("both.csv").read_bytes()
    lines = "sweep both.csv --learning-rate 0.1 -o ./both.csv", "runs both.csv -o both.csv"
    approved("a table that would overwrite its file", refusals(2, *lines))
    assert Path("both.csv").read_bytes() == before
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it was not installed
    lines = "sweep two.json --learning-rate 0.1", "sweep xor --backend dask --scheduler tcp://127.0.0.1:1"
    approved("sweeps that cannot begin", refusals(1, *lines))
