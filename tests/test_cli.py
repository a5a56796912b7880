"""The command line: what it prints, how it ends, and what it does not import."""

import io
import json
import os
import subprocess
import sys
import tempfile
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnviz
from nnviz import _system
from nnviz.cli.main import main
from nnviz.cli.usage import COMMANDS
from nnviz.core import edits, training
from nnviz.core.training.earlier import with_earlier
from nnviz.files.code import STYLES
from nnviz.files.examples import example, examples
from nnviz.files.registry import suffixes
from nnviz.picture.palette import PALETTES


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def answer(run):
    """Run a command that has to succeed in silence on stderr, and return what it prints."""

    def answer(*arguments):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        return out

    return answer


# predict


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("forward", "-39.0\n"),
        ("relu", "52.0\n"),
        ("many-rows", "52.0\n63.0\n0.0\n148.0\n"),
        ("two-hidden-layers", "182.0\n"),
    ],
)
def test_predict_prints_the_answers_of_the_course(answer, name, printed):
    assert answer("predict", name) == printed
    assert answer("predict", str(example(name).path)) == printed


@pytest.mark.parametrize(
    ("rows", "printed"),
    [
        (["--row", "3,5"], "52.0\n"),
        (["--row", "-1,-2"], "42.0\n"),
        (["--row", "-.5,-1e0"], "21.0\n"),
        (["--row=-1,-2"], "42.0\n"),
        (["--row", "−1,−2"], "42.0\n"),
        (["--row", "-1,-2", "--row", "3, 5", "--row", "1/2,0"], "42.0\n52.0\n16.0\n"),
    ],
)
def test_predict_takes_rows_as_typed(answer, rows, printed):
    assert answer("predict", "relu", *rows) == printed


def test_predict_reads_the_rows_of_a_csv_file(answer, tmp_path):
    (tmp_path / "plain.csv").write_text("3,5\n-1,-2\n")
    (tmp_path / "named.csv").write_text("target,children,accounts\n60,5,3\n0,-2,-1\n")
    assert answer("predict", "relu", "--data", str(tmp_path / "plain.csv")) == "52.0\n42.0\n"
    assert answer("predict", "relu", "--data", str(tmp_path / "named.csv")) == "52.0\n42.0\n"
    both = answer("predict", "relu", "--data", str(tmp_path / "plain.csv"), "--row", "0,0")
    assert both == "0.0\n52.0\n42.0\n"


def test_predict_takes_rows_with_targets_and_says_which_columns_they_are(run, tmp_path):
    both = tmp_path / "both.csv"
    both.write_text("3,5,60\n-1,-2,0\n")
    told = f"{both}: no line names the columns: the first 2 columns are inputs, the others targets\n"
    assert run("predict", "relu", "--data", str(both)) == (0, "52.0\n42.0\n", told)
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("a,b,target\n3,5,x\n")
    assert run("predict", "relu", "--data", str(foreign)) == (
        0,
        "52.0\n",
        f"{foreign}: the columns are taken in their order: a as accounts and b as children\n",
    )


def test_predict_prints_several_outputs_in_full_with_a_space_between(answer, tmp_path):
    (tmp_path / "two.json").write_text('{"output_0": [0.1, 0.2], "output_1": [1, -1]}')
    assert answer("predict", str(tmp_path / "two.json"), "--row", "1,1") == "0.30000000000000004 0.0\n"


def test_predict_prints_json(answer):
    printed = json.loads(answer("predict", "many-rows", "--json"))
    assert printed == {"predictions": [[52.0], [63.0], [0.0], [148.0]]}


# slopes


def test_slopes_prints_every_slope_in_a_table(answer):
    assert answer("slopes", "calculating-slopes") == (
        "MSE 49.0\n\n"
        "node    from     weight  slope\n"
        "output  input_0  0.0     14.0\n"
        "output  input_1  2.0     28.0\n"
        "output  input_2  1.0     42.0\n"
    )


def test_slopes_prints_json(answer):
    printed = json.loads(answer("slopes", "calculating-slopes", "--json"))
    assert printed == {"mse": 49.0, "layers": [{"weights": [[14.0, 28.0, 42.0]], "biases": None}]}


def test_slopes_tells_the_biases(answer):
    printed = json.loads(answer("slopes", "xor", "--json"))
    state = nnviz.load(example("xor").path)
    error = state.network.predict(state.data.inputs) - state.data.targets
    assert printed["layers"][1]["biases"][0] == pytest.approx(2 * error.mean(), rel=1e-12)
    assert sum("(bias)" in line for line in answer("slopes", "xor").splitlines()) == 4


# train


def closed_form(k):
    return 49 * 0.72 ** (2 * k)


def test_train_prints_the_history_of_the_closed_form(answer):
    lines = [line.split() for line in answer("train", "twenty-updates").splitlines()]
    assert lines[0] == ["iteration", "mse"]
    assert [int(k) for k, _ in lines[1:]] == list(range(21))
    np.testing.assert_allclose([float(m) for _, m in lines[1:]], closed_form(np.arange(21)), rtol=1e-12)


def test_train_prints_json(answer):
    printed = json.loads(answer("train", "twenty-updates", "--json"))
    np.testing.assert_allclose(np.array(printed["history"])[:, 1], closed_form(np.arange(21)), rtol=1e-12)
    assert (printed["iteration"], printed["diverged"]) == (20, False)
    assert printed["mse"] == printed["history"][-1][1]
    weights = np.array([0, 2, 1]) - np.array([1, 2, 3]) * (7 - 7 * 0.72**20) / 14
    np.testing.assert_allclose(printed["layers"][0]["weights"], [weights], rtol=1e-12)


def test_train_writes_the_history_and_the_result(answer, tmp_path):
    csv, out = tmp_path / "mse.csv", tmp_path / "out.json"
    answer("train", "twenty-updates", "--history", str(csv), "-o", str(out))
    lines = csv.read_text().splitlines()
    assert lines[0] == "iteration,mse"
    np.testing.assert_allclose(
        [float(line.split(",")[1]) for line in lines[1:]], closed_form(np.arange(21)), rtol=1e-12
    )
    assert nnviz.load(out).loss() == pytest.approx(closed_form(20), rel=1e-12)


def test_the_run_is_in_the_file_that_train_writes(answer, tmp_path):
    answer("train", "twenty-updates", "--updates", "7", "-o", str(tmp_path / "a.json"))
    answer("train", str(tmp_path / "a.json"), "--updates", "5", "-o", str(tmp_path / "b.json"))
    answer("train", "twenty-updates", "--updates", "12", "-o", str(tmp_path / "c.json"))
    runs = [json.loads((tmp_path / name).read_text())["run"] for name in ("b.json", "c.json")]
    assert runs[0] == runs[1]
    assert runs[0]["iteration"] == 12
    answer("check", str(tmp_path / "b.json"))
    answer("convert", str(tmp_path / "b.json"), str(tmp_path / "d.json"))
    assert (tmp_path / "d.json").read_text() == (tmp_path / "b.json").read_text()


def test_train_keeps_the_earlier_runs_of_a_file_and_goes_on_with_its_run(answer, tmp_path):
    run = training.train(nnviz.load(example("xor").path), updates=5).state
    begun = with_earlier(edits.randomise(run, 3), run)
    nnviz.save(training.train(begun, updates=2).state, tmp_path / "a.json")
    answer("train", str(tmp_path / "a.json"), "--learning-rate", "0.5", "-o", str(tmp_path / "b.json"))
    before, after = (json.loads((tmp_path / name).read_text())["runs"] for name in ("a.json", "b.json"))
    assert len(after) == 1
    assert after == before


def test_train_takes_its_settings_from_the_command_line(answer, tmp_path):
    out = tmp_path / "out.json"
    settings = "--updates 6 --learning-rate 0.001 --batch-size 2 --optimizer momentum --seed 7"
    answer("train", "many-rows", *settings.split(), "-o", str(out))
    assert nnviz.load(out).training == nnviz.Training(0.001, 6, 2, "momentum", 7)


def test_train_writes_no_history_over_a_network(run, answer, tmp_path):
    file, link = tmp_path / "a.json", tmp_path / "link.csv"
    answer("convert", "twenty-updates", str(file))
    link.symlink_to(file)
    before = file.read_bytes()
    for history in (link, f"{tmp_path}/./a.json"):
        for network in ((str(file),), ("relu", "-o", str(file))):
            code, out, err = run("train", *network, "--history", str(history))
            told = f"nnviz train: --history would write over another file of this command: {Path(history)}\n"
            assert (code, out, err) == (2, "", told)
    assert file.read_bytes() == before


def test_a_history_has_the_loss_over_the_rows_kept_for_validation_in_a_column_of_its_own(answer, tmp_path):
    path = tmp_path / "losses.csv"
    lines = answer("train", "circles", "--updates", "2", "--history", str(path)).splitlines()
    header, *rows = path.read_text().splitlines()
    assert header == "iteration,cross_entropy,validation"
    history = training.train(nnviz.load(example("circles").path), updates=2).history
    assert [[float(cell) for cell in row.split(",")] for row in rows] == history.tolist()
    assert [line.split() for line in lines[:-1]] == [line.split(",") for line in (header, *rows)]
    printed = json.loads(answer("train", "circles", "--updates", "2", "--json"))
    assert printed["history"] == history.tolist()


def test_train_thins_a_long_history_on_the_terminal_alone(answer, tmp_path):
    csv = tmp_path / "mse.csv"
    lines = answer("train", "xor", "--history", str(csv)).splitlines()
    assert [int(line.split()[0]) for line in lines[1:-1]] == list(range(0, 501, 25))
    assert len(csv.read_text().splitlines()) == 502


def test_a_training_that_diverges_ends_at_the_last_finite_weights_and_says_so(run):
    code, out, err = run("train", "twenty-updates", "--learning-rate", "10", "--updates", "9999", "--json")
    printed = json.loads(out)
    assert code == 0
    assert printed["diverged"] is True
    assert np.isfinite(printed["mse"])
    assert np.isfinite(printed["layers"][0]["weights"]).all()
    assert err == (
        f"the MSE grew beyond all bounds; the weights are those after {printed['iteration']} updates, "
        "and a smaller learning rate may help\n"
    )


@pytest.fixture
def yes_or_no(tmp_path):
    """Return a file with one sigmoid output, trained by MSE on all of eight rows."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(8, 2))
    network = nnviz.Network.from_weights({"output": [0.5, -0.25]}, output="sigmoid")
    file = tmp_path / "yes.json"
    nnviz.save(nnviz.State(network, nnviz.Dataset(inputs, (inputs[:, :1] > 0).astype(float))), file)
    return file


def test_train_takes_a_loss_and_a_share_for_validation(answer, tmp_path, yes_or_no):
    csv, out = tmp_path / "losses.csv", tmp_path / "after.json"
    options = ["--loss", "cross_entropy", "--validation", "1/4", "--updates", "5"]
    lines = answer("train", str(yes_or_no), *options, "--history", str(csv), "-o", str(out)).splitlines()
    assert lines[0].split() == ["iteration", "cross_entropy", "validation"]
    shares = lines[-1].split()
    assert csv.read_text().splitlines()[0] == "iteration,cross_entropy,validation"
    after = nnviz.load(out)
    assert (after.training.loss, after.training.validation) == ("cross_entropy", 0.25)
    printed = json.loads(answer("train", str(yes_or_no), *options, "--json"))
    y, a = after.data.targets[:, 0], after.network.predict(after.data.inputs)[:, 0]
    terms = -(y * np.log(a) + (1 - y) * np.log(1 - a))
    assert printed["cross_entropy"] == pytest.approx(terms[:6].mean(), rel=1e-12)
    assert printed["validation"] == pytest.approx(terms[6:].mean(), rel=1e-12)
    assert printed["accuracy"] == ((a >= 0.5) == (y >= 0.5))[:6].mean()
    assert printed["validation_accuracy"] == ((a >= 0.5) == (y >= 0.5))[6:].mean()
    assert shares == ["accuracy", repr(printed["accuracy"]), repr(printed["validation_accuracy"])]
    assert "mse" not in printed


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_no_accuracy_is_told_where_a_target_is_no_class(answer, tmp_path, output):
    network = nnviz.Network.from_weights({"output": [0.5, -0.25]}, output="sigmoid")
    targets = [[60.0], [0.0], [1.0]]
    if output == "softmax":
        layer = nnviz.Layer(("no", "yes"), "softmax", [[1, 2], [2, 1]])
        network, targets = nnviz.Network(("x", "y"), (layer,)), [[0.2, 0.8], [1, 0], [0, 1]]
    file = str(tmp_path / "numbers.json")
    nnviz.save(nnviz.State(network, nnviz.Dataset([[3, 5], [1, 2], [2, 0]], targets)), file)
    line = "train", file, "--validation", "0.4", "--updates", "3"
    assert "accuracy" not in answer(*line)
    assert not {"accuracy", "validation_accuracy"} & set(json.loads(answer(*line, "--json")))
    for style in ("course", "numpy", "keras", "pytorch"):
        assert "accuracy" not in answer("code", file, "--style", style)


def test_targets_that_are_no_shares_are_told_where_the_loss_is_cross_entropy(run, tmp_path):
    state = edits.set_loss(nnviz.load(example("xor").path), "cross_entropy", "sigmoid")
    nnviz.save(edits.set_target(state, 0, 0, 5.0), tmp_path / "xor.json")
    told = "cross-entropy is for targets from 0 to 1: by others it falls without end\n"
    assert run("train", str(tmp_path / "xor.json"))[2] == told
    assert told not in run("train", str(tmp_path / "xor.json"), "--loss", "mse")[2]


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a table, and whose commands get it and a file beside it."""

    def write(text, name="table.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name), str(tmp_path / "net.json")

    return write


KINDS = "kind,a,b\np,1,2\nq,2,3\np,3,5\nq,4,7\n"


def test_convert_leaves_dates_out_and_makes_no_number_of_them(run, table):
    file, out = table("day,pressure,x,y\n3/14,120/80,1,2\n4/1,130/85,2,4\n4/2,120/80,3,9\n")
    code, _, told = run("convert", file, out)
    assert code == 0
    assert "left out day (it holds dates or times)" in told
    assert nnviz.load(out).network.inputs == ("pressure=120/80", "pressure=130/85", "x")


def test_predict_makes_no_number_of_a_quotient_in_a_table_but_of_one_that_is_typed(run, answer, table):
    file, _ = table("accounts,children\n3,1/2\n")
    assert run("predict", "relu", "--data", file) == (
        1,
        "",
        f"{file}, line 2, column 2: '1/2' is not a number\n",
    )
    assert answer("predict", "relu", "--row", "3,1/2") == answer("predict", "relu", "--row", "3,0.5")


def test_the_decimal_sign_of_a_table_is_asked_for_and_said(run, table):
    file, out = table("preis;n;y\n1.234;3;2.345\n950;4;3.456\n")
    place = (
        "line 2, column 1: 1.234 can be read in two ways, as 1.234 and, with a thousands separator, as 1234"
    )
    option = "(--decimal . or --decimal ,)"
    assert run("convert", file, out) == (1, "", f"{place}: choose the decimal sign {option}\n")
    assert run("check", file)[2] == f"{place}: choose the decimal sign (`nnviz convert` with --decimal)\n"
    for sign, rows in ((".", [[1.234, 3], [950, 4]]), (",", [[1234, 3], [950, 4]])):
        assert run("convert", file, out, "--decimal", sign)[0] == 0
        assert nnviz.load(out).data.inputs.tolist() == rows
    assert run("predict", out, "--data", file) == (
        1,
        "",
        f"{file}, {place}: choose the decimal sign {option}\n",
    )
    by_table = run("predict", out, "--data", file, "--decimal", ",")[1].splitlines()
    assert run("predict", file, "--decimal", ",")[:2] == (0, "\n".join([*by_table, ""]))
    assert by_table[0] == run("predict", out, "--row", "1234,3")[1].strip()


def test_convert_takes_the_only_texts_or_the_columns_that_are_said_as_targets(run, table):
    file, out = table(KINDS)
    for options, outputs in (
        ([], ("p", "q")),
        (["--target", "b"], ("b",)),
        (["--target", "b", "--target", "a"], ("a", "b")),
    ):
        assert run("convert", file, out, *options)[0] == 0
        assert nnviz.load(out).network.outputs == outputs
    assert run("convert", file, out, "--target", "knd") == (
        1,
        "",
        "no column is called 'knd': perhaps 'kind'\n",
    )


@pytest.mark.parametrize("option", [("--target", "a"), ("--decimal", ",")])
def test_convert_refuses_options_of_a_table_for_another_file(run, tmp_path, option):
    told = f"nnviz convert: {option[0]} is for a table, and relu is none\n"
    assert run("convert", "relu", str(tmp_path / "out.json"), *option) == (2, "", told)


def test_the_seed_of_convert_makes_the_start_and_the_order_of_the_rows_and_is_kept(run, table):
    file, out = table(KINDS)
    run("convert", file, out)
    unseeded = nnviz.load(out)
    run("convert", file, out, "--seed", "7", "--shuffle")
    state = nnviz.load(out)
    assert (unseeded.training.seed, state.training.seed) == (0, 7)
    assert state.network == unseeded.network.randomised(7)
    order = np.random.default_rng([7, 2]).permutation(4)
    assert state.data.inputs.tolist() == unseeded.data.inputs[order].tolist()
    run("convert", "relu", out, "--seed", "7")
    relu = nnviz.load(example("relu").path)
    assert (nnviz.load(out).network, nnviz.load(out).training.seed) == (relu.network, 7)


HOLES = "kind,a,b\np,1,\n,2,3\np,k.A.,4\nq,-,3\nn/a,4,1\nq,5,5\n"


def test_predict_refuses_incomplete_rows_or_skips_them_and_says_which(run, table, tmp_path):
    file, out = table(KINDS)
    run("convert", file, out, "--target", "b")
    holes, _ = table(HOLES, "holes.csv")
    first, last = run("predict", out, "--row", "p,1", "--row", "q,5")[1].split()
    assert run("predict", out, "--data", holes) == (
        1,
        "",
        f"{holes}, line 4, column 2: 'k.A.' is not a number\n",
    )
    told = f"{holes}: 4 rows with missing cells are left out: rows 2, 3, 4, 5 (lines 3, 4, 5, 6)\n"
    skipping = ("predict", out, "--data", holes, "--skip-incomplete")
    assert run(*skipping) == (0, f"{first}\n{last}\n", told)
    code, printed, _ = run(*skipping, "--json")
    assert (code, json.loads(printed)) == (0, {"predictions": [[float(first)], [float(last)]]})
    assert run(*skipping, "-o", str(tmp_path / "o.csv")) == (0, "", told)
    written = (tmp_path / "o.csv").read_text().splitlines()
    assert written == ["kind,a,b,prediction b", f"p,1,,{first}", f"q,5,5,{last}"]


def test_predict_skips_no_row_for_a_fault_or_for_a_text_that_it_knows(run, table):
    file, out = table(KINDS)
    run("convert", file, out, "--target", "b")
    Path(out).write_text(Path(out).read_text().replace('"p"', '"-"'))
    skipping = ("predict", out, "--skip-incomplete", "--data")
    told = "1 row with missing cells is left out: row 3 (line 4)"
    known, _ = table("kind,a\nq,1\n-,2\n,1\n", "known.csv")
    code, printed, error = run(*skipping, known)
    assert (code, len(printed.split()), error) == (0, 2, f"{known}: {told}\n")
    strange, _ = table("kind,a\nq,1\nq,x\n,1\n", "strange.csv")
    fault = f"{strange}, line 3, column 2: 'x' is not a number\n"
    assert run(*skipping, strange)[::2] == (1, f"{strange}: {told}\n{fault}")
    nothing, _ = table("kind,a\nq,\n,1\n", "nothing.csv")
    told = f"{nothing}: no row is left: every row has a missing cell\n"
    assert run(*skipping, nothing) == (1, "", told)
    assert run("predict", out, "--skip-incomplete") == (
        2,
        "",
        "nnviz predict: --skip-incomplete leaves out rows of --data, which is missing\n",
    )


def test_rows_that_stand_class_by_class_are_told_and_shuffled(run, tmp_path):
    table, file = tmp_path / "kinds.csv", tmp_path / "kinds.json"
    table.write_text("x,kind\n" + "".join(f"{k / 7},{'abc'[k // 10]}\n" for k in range(30)))
    told = "the rows stand class by class: shuffle them, or validation has the last classes alone"
    assert f"{table}: {told} (--shuffle)\n" in run("convert", str(table), str(file))[2]
    ordered = nnviz.load(file).data.targets
    assert run("train", str(file), "--updates", "1", "--validation", "0.2")[::2] == (0, f"{told}\n")
    assert "class by class" not in run("convert", str(table), str(file), "--shuffle")[2]
    shuffled = nnviz.load(file).data.targets
    assert shuffled.tolist() == ordered[np.random.default_rng([0, 2]).permutation(30)].tolist()
    assert run("train", str(file), "--updates", "1", "--validation", "0.2")[2] == ""


def test_slopes_are_those_of_the_loss_in_use_over_the_rows_that_are_trained_on(answer, tmp_path, yes_or_no):
    state, file = nnviz.load(yes_or_no), tmp_path / "crossed.json"
    nnviz.save(replace(state, training=nnviz.Training(loss="cross_entropy", validation=0.25)), file)
    x, y = state.data.inputs[:6], state.data.targets[:6]
    slopes = ((state.network.predict(x) - y) * x).mean(axis=0)
    printed = json.loads(answer("slopes", str(file), "--json"))
    assert set(printed) == {"cross_entropy", "layers"}
    np.testing.assert_allclose(printed["layers"][0]["weights"], [slopes], rtol=1e-12)
    assert answer("slopes", str(file)).startswith(f"Cross-entropy {printed['cross_entropy']!r}\n\n")


def test_a_loss_that_does_not_fit_the_output_ends_with_1_and_says_what_would(run):
    code, out, err = run("train", "relu", "--loss", "cross_entropy")
    told = "cross-entropy needs softmax or sigmoid on the output, which has identity\n"
    assert (code, out, err) == (1, "", told)


def test_where_nothing_is_left_to_train_on_it_ends_with_1(run):
    code, out, err = run("train", "relu", "--validation", "0.5")
    assert (code, out) == (1, "")
    assert err == "validation: it leaves none of 1 row to train on: make it smaller\n"


# render, convert, check, examples


def test_render_writes_an_svg(answer, tmp_path):
    out = tmp_path / "relu.svg"
    assert answer("render", "relu", "-o", str(out), "--size", "600x400", "--theme", "dark") == ""
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<svg") or text.startswith("<?xml")
    assert 'width="600"' in text
    assert 'height="400"' in text
    assert PALETTES["dark"].canvas in text.splitlines()[2]
    answer("render", "relu", "-o", str(out), "--transparent")
    assert PALETTES["light"].canvas not in out.read_text(encoding="utf-8").splitlines()[2]


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (
            "render relu -o {0}/a.pdf --size 300x200 --theme dark --view slopes --transparent",
            ("render", "The relu activation", "a.pdf", (300, 200), "dark", "slopes", True, False),
        ),
        (
            "render relu -o {0}/a.PNG --pictures",
            ("render", "The relu activation", "a.PNG", (1200, 800), "light", "forward", False, True),
        ),
        (
            "screenshot relu -o {0}/s.png --activations relu,identity",
            ("screenshot", "02-relu.json", "s.png", None, None, ("relu", "identity")),
        ),
        (
            "screenshot relu -o {0}/s.png --size 1280x800 --theme light",
            ("screenshot", "02-relu.json", "s.png", (1280, 800), "light", None),
        ),
        ("relu", ("open_window", "02-relu.json", None)),
        ("relu --activations tanh,relu", ("open_window", "02-relu.json", ("tanh", "relu"))),
        ("relu --activations=tanh", ("open_window", "02-relu.json", ("tanh",))),
        ("", ("open_window", None, None)),
    ],
)
def test_what_needs_qt_is_handed_to_the_window(run, monkeypatch, tmp_path, arguments, call):
    calls = []

    def recorder(name):
        def record(*given):
            calls.append((name, *(plain(value) for value in given)))
            return 0

        return record

    def plain(value):
        if isinstance(value, nnviz.State):
            return value.name
        return os.path.basename(value) if isinstance(value, str | Path) and os.sep in str(value) else value

    app, draw = types.ModuleType("nnviz.ui.window.app"), types.ModuleType("nnviz.ui.pictures.diagram")
    app.open_window, app.screenshot = recorder("open_window"), recorder("screenshot")
    draw.render = recorder("render")
    monkeypatch.setitem(sys.modules, "nnviz.ui.window.app", app)
    monkeypatch.setitem(sys.modules, "nnviz.ui.pictures.diagram", draw)
    monkeypatch.setattr(_system, "check", lambda **_: None)
    assert run(*arguments.format(tmp_path).split()) == (0, "", "")
    assert calls == [call]


def test_convert_goes_by_the_suffix_and_tells_what_is_left_out(run, answer, tmp_path):
    assert run("convert", "relu", str(tmp_path / "w.py")) == (
        0,
        "",
        "w.py leaves out the rows, the names of the inputs, the title, the notes and the training settings; "
        "a file that ends in .json keeps them\n",
    )
    assert answer("convert", str(tmp_path / "w.py"), str(tmp_path / "w.json")) == ""
    assert answer("predict", str(tmp_path / "w.json"), "--row", "3,5") == "52.0\n"


# code


@pytest.mark.parametrize("style", STYLES)
def test_code_prints_a_program_or_saves_it(answer, tmp_path, style):
    path = tmp_path / "mine.py"
    assert answer("code", "relu", "--style", style, "-o", str(path)) == ""
    assert path.read_text(encoding="utf-8") == answer("code", "relu", "--style", style)
    assert answer("code", "relu", "--style", style) == nnviz.code(nnviz.load(example("relu").path), style)
    assert os.listdir(tmp_path) == ["mine.py"]


def test_code_puts_many_numbers_beside_the_program(run, answer, tmp_path):
    path, numbers = tmp_path / "mine.py", tmp_path / "mine.npz"
    said = f"{numbers} holds its numbers: keep the two together\n"
    for updates in ("1", "2"):  # a second time its own file is replaced
        answer("train", "digits", "--updates", updates, "-o", str(tmp_path / "digits.json"))
        state = nnviz.load(tmp_path / "digits.json")
        assert run("code", str(tmp_path / "digits.json"), "-o", str(path)) == (0, "", said)
        with np.load(numbers) as stored:
            assert np.array_equal(stored["W0"], state.network.layers[0].weights)
            assert np.array_equal(stored["inputs"], state.data.inputs)
    code, out, err = run("code", "digits")
    assert (code, err) == (
        0,
        "all numbers are written out; -o OUT.py puts them into a file beside the program\n",
    )
    assert out == nnviz.code(nnviz.load(example("digits").path))


def test_code_takes_no_other_file_for_its_numbers(run, tmp_path):
    path, numbers = tmp_path / "mine.py", tmp_path / "mine.npz"
    np.savez(numbers, W0=[[1.0]])
    before = numbers.read_bytes()
    why = "its numbers would take the place of mine.npz, which is another file; choose another name"
    assert run("code", "digits", "-o", str(path)) == (1, "", f"{path} was not saved: {why}\n")
    assert (os.listdir(tmp_path), numbers.read_bytes()) == (["mine.npz"], before)


def test_check_says_where_the_fault_is(run, answer, tmp_path):
    assert answer("check", "relu") == "relu: no fault found\n"
    text = example("relu").path.read_text(encoding="utf-8").replace("[2, 7]", "[2, 7, 1]")
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    assert run("check", str(tmp_path / "bad.json")) == (
        1,
        "",
        "network.layers[1].weights[0]: expected 2 numbers, one for each node before it, found 3\n",
    )


def test_examples_prints_each_name_and_line(answer):
    lines = [line.split("\t") for line in answer("examples").splitlines()]
    assert lines == [[own.name, own.line] for own in examples()]


def test_a_file_wins_over_an_example_and_a_command_over_a_file(answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "relu").write_text('{"output": [10, 0]}')
    (tmp_path / "examples").write_text('{"output": [10, 0]}')
    (tmp_path / "xor").mkdir()
    assert answer("predict", "relu", "--row", "1,1") == "10.0\n"
    assert answer("check", "xor") == "xor: no fault found\n"
    assert answer("examples").startswith("forward\t")


# Faults

FORMATS = f"expected a name that ends in {' or '.join(suffixes())}, found"

# The command line, which command's help is offered, and the sentence between.
BAD_USE = {
    "predict": ("predict", "the following arguments are required: FILE"),
    "predict relu --row": ("predict", "argument --row: expected one argument"),
    "predict relu --row 3,a": (
        "predict",
        "argument --row: expected numbers such as 3,5: 'a' is not a number",
    ),
    "predict relu --row nan,1": (
        "predict",
        "argument --row: expected numbers such as 3,5: 'nan' is not a number",
    ),
    "predict relu --ro 3,5": ("", "unrecognized arguments: --ro 3,5"),
    "train relu --updates 0": ("train", "argument --updates: expected a whole number from 1 on, found 0"),
    "train relu --updates 2.5": ("train", "argument --updates: expected a whole number from 1 on, found 2.5"),
    "train relu --seed 9223372036854775808": (
        "train",
        "argument --seed: expected a whole number up to 9223372036854775807, found 9223372036854775808",
    ),
    "train relu --seed -1": ("train", "argument --seed: expected a whole number from 0 on, found -1"),
    "train relu --learning-rate -0.1": (
        "train",
        "argument --learning-rate: expected a number above 0, found -0.1",
    ),
    "train relu --validation 1": (
        "train",
        "argument --validation: expected a number from 0 on and below 1, found 1",
    ),
    "train relu --learning-rate fast": ("train", "argument --learning-rate: 'fast' is not a number"),
    "train relu -o out.doc": ("train", f"argument -o/--out: {FORMATS} out.doc"),
    "convert relu out": ("convert", f"argument OUT: {FORMATS} out"),
    "code relu -o out": ("code", "argument -o/--out: expected a name that ends in .py, found out"),
    "render relu": ("render", "the following arguments are required: -o/--out"),
    "render relu -o a.bmp": (
        "render",
        "argument -o/--out: expected a name that ends in "
        ".png or .svg or .pdf or .gif or .apng or .mp4, found a.bmp",
    ),
    "render relu -o a.gif --walk --training": (
        "render",
        "argument --training: not allowed with argument --walk",
    ),
    "render relu -o a.gif --walk --fps 51": (
        "render",
        "argument --fps: expected a whole number up to 50, found 51",
    ),
    "render relu -o a.svg --size 5x5": (
        "render",
        "argument --size: expected a width and a height from 50 to 10000 such as 1280x800, found 5x5",
    ),
    "screenshot relu -o a.svg": (
        "screenshot",
        "argument -o/--out: expected a name that ends in .png, found a.svg",
    ),
    "--nothing": ("", "unrecognized arguments: --nothing"),
}


@pytest.mark.parametrize("line", BAD_USE)
def test_bad_use_ends_with_2_and_one_sentence(run, line):
    word, sentence = BAD_USE[line]
    command = f"nnviz {word}".strip()
    assert run(*line.split()) == (2, "", f"{command}: {sentence}; `{command} --help` says more\n")


def test_two_files_are_bad_use(run):
    sentence = "nnviz: expected one FILE or a command; `nnviz --help` lists them\n"
    assert run("relu", "xor") == (2, "", sentence)


@pytest.mark.parametrize(
    "line",
    [
        "train relu --optimizer sgd",
        "train relu --loss mae",
        "code relu --style cobol",
        "render relu -o a.svg --theme blue",
    ],
)
def test_a_choice_that_there_is_not_ends_with_2(run, line):
    code, out, err = run(*line.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "invalid choice" in err


BAD_INPUT = {
    "predict gone": "there is no file and no example called gone; `nnviz examples` lists the examples\n",
    "gone": "there is no file and no example called gone; `nnviz examples` lists the examples\n",
    "gone.json": "there is no file gone.json\n",
    "slopes gone.json": "there is no file gone.json\n",
    "check sub/gone": "there is no file sub/gone\n",
    "check .": ". is a folder, not a file\n",
    "predict relu --row 3": "--row 3: expected 2 numbers a row, one for each input, found 1\n",
    "predict relu --data gone.csv": "there is no file gone.csv\n",
    "predict relu --data four.csv": "four.csv, line 1: expected 2 columns, one for each input, or 3 with the "
    "targets, found 4\n",
    "predict relu --data foreign.csv": "foreign.csv, line 1: expected 2 columns, one for each input, found 1 "
    "beside the targets\n",
    "predict relu --data names.csv": "names.csv: there are no rows\n",
    "predict relu --data text.csv": "text.csv, line 2, column 1: 'x' is not a number\n",
    "predict w.json": "data: the file has no rows; give one with --row, or a CSV file with --data\n",
    "predict huge.json --row 1e300": "the result is too large for a number: make the weights or the data "
    "smaller\n",
    "slopes w.json": "data: there are no rows with targets, and so no MSE and no slopes\n",
    "train w.json": "data: there are no rows to train on\n",
    "convert xor w.py": "w.py was not saved: 'node_0' has tanh, and a weights dictionary knows "
    "relu hidden nodes and an identity output; of Python, nnviz writes a dictionary alone\n",
    "convert relu gone/w.json": "gone/w.json was not saved: there is no folder gone\n",
    "code relu -o gone/w.py": "gone/w.py was not saved: there is no folder gone\n",
    "render relu -o gone/w.svg": "gone/w.svg was not saved: there is no folder gone\n",
}


@pytest.mark.parametrize("line", BAD_INPUT)
def test_bad_input_ends_with_1_and_one_sentence(run, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "four.csv").write_text("1,2,3,4\n")
    (tmp_path / "foreign.csv").write_text("foo,output\n1,2\n")
    (tmp_path / "names.csv").write_text("a,b\n")
    (tmp_path / "text.csv").write_text("a,b\nx,1\n")
    (tmp_path / "w.json").write_text('{"output": [1, 2]}')
    (tmp_path / "huge.json").write_text('{"output": [1e300]}')
    assert run(*line.split()) == (1, "", BAD_INPUT[line])


def test_help_names_every_command(answer):
    printed = answer("--help")
    assert all(word in printed for word in COMMANDS)
    for word in COMMANDS:
        assert f"nnviz {word}" in answer(word, "--help")


def test_the_version_is_that_of_the_package(answer):
    assert answer("--version") == f"nnviz {nnviz.__version__}\n"


def test_a_name_that_the_terminal_cannot_show_is_no_fault(tmp_path, monkeypatch):
    state = nnviz.load(example("calculating-slopes").path)
    nnviz.save(
        nnviz.State(nnviz.Network(("α", "b", "c"), state.network.layers), state.data), tmp_path / "a.json"
    )
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["slopes", str(tmp_path / "a.json")]) == 0
    assert b"output  ?     0.0     14.0" in terminal.buffer.getvalue()


# In a process of its own


def python(code, *arguments, **settings):
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)


COMMAND = "import sys; from nnviz.cli.main import main; sys.exit(main())"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows breaks pipes in another way")
def test_a_reader_that_goes_away_is_no_fault():
    shell = [sys.executable, "-W", "error", "-c", COMMAND, "slopes", "large"]
    writer = subprocess.Popen(shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdout.read(1)
    writer.stdout.close()
    told = writer.stderr.read()
    writer.stderr.close()
    assert (writer.wait(), told) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_full_disk_behind_the_output_is_told():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-W", "error", "-c", COMMAND, "predict", "relu"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "the output cannot be written: no space left on device\n")


def in_shell(line, tmp_path):
    """Run a line of a shell in which `nnviz` is the command."""
    command = f"{sys.executable} -W error -m nnviz"
    return subprocess.run(
        line.replace("nnviz", command, 1),
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )


FULL = "the output cannot be written: no space left on device\n"
CLOSED = "the output cannot be written: standard output is closed\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize("line", ["nnviz --help", "nnviz train --help", "nnviz --version", "nnviz examples"])
def test_an_output_that_takes_nothing_ends_with_1_and_one_sentence(tmp_path, line):
    for where, said in ((">/dev/full", FULL), (">&-", CLOSED)):
        done = in_shell(f"{line} {where}", tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize(
    "line",
    [
        "predict relu",
        "predict relu --json",
        "slopes relu",
        "slopes relu --json",
        "train relu",
        "train relu --json",
        "check relu",
        "examples",
        "--help",
        "check --help",
        "--version",
    ],
)
def test_every_command_minds_whether_its_output_is_written(monkeypatch, capsys, line):
    for out, said in ((open("/dev/full", "w"), FULL), (None, CLOSED)):  # noqa: SIM115
        monkeypatch.setattr(sys, "stdout", out)
        assert main(line.split()) == 1
        assert capsys.readouterr().err == said
        if out:
            out.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that closes streams")
def test_what_prints_nothing_needs_no_output(tmp_path):
    done = in_shell("nnviz convert relu a.json <&- >&- 2>&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert nnviz.load(tmp_path / "a.json") == nnviz.load(example("relu").path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that closes streams")
def test_a_closed_standard_error_gets_nothing_and_nothing_gets_it(tmp_path):
    done = in_shell("nnviz check gone 2>&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize(
    "line",
    [
        "train {long} -o gone/a.json",
        "train {long} --history gone/a.csv",
        "render xor -o gone/a.png",
        "screenshot xor -o gone/a.png",
        "convert relu gone/a.json",
    ],
)
def test_what_cannot_be_written_is_known_before_the_work(run, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    line = line.format(long="large --updates 100000000")
    code, out, err = run(*line.split())
    name = line.split()[-1]
    assert (code, out, err) == (1, "", f"{name} was not saved: there is no folder gone\n")
    assert os.listdir(tmp_path) == []


def test_training_that_cannot_be_saved_after_all_is_not_lost(run, tmp_path, monkeypatch):
    """The folder goes away meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "gone").mkdir()
    expected = training.train(nnviz.load(example("twenty-updates").path), updates=20).state
    carry_out = training.carry_out

    def meanwhile(*arguments):
        (tmp_path / "gone").rmdir()
        return carry_out(*arguments)

    monkeypatch.setattr(training, "carry_out", meanwhile)
    out, history = tmp_path / "gone" / "a.json", tmp_path / "mse.csv"
    code, printed, err = run("train", "twenty-updates", "-o", str(out), "--history", str(history))
    (rescued,) = tmp_path.glob("nnviz-*.json")
    why = f"{out} was not saved: there is no folder {out.parent}"
    assert (code, err) == (1, f"{why}; what came of it is in {rescued}\n")
    assert (len(printed.splitlines()), len(history.read_text().splitlines())) == (22, 22)
    assert nnviz.load(rescued) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_a_file_that_may_not_be_reached_is_not_an_output_that_cannot_be_written(tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0)
        code = "import os, sys\nfrom nnviz.cli.main import main\nmain(['check', 'relu'])\n"  # imports all
        code += "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\nsys.exit(main(sys.argv[1:]))"
        done = python(code, "check", f"{folder}/a.json")
    assert (done.returncode, done.stderr) == (1, f"{folder}/a.json cannot be read: permission denied\n")


def test_a_name_that_no_file_can_have_is_told(run):
    code, out, err = run("check", "x" * 300 + ".json")
    assert (code, out) == (1, "")
    assert err.endswith(".json cannot be read: its name is too long\n")
    assert run("check", "a\0.json") == (1, "", "'a\\x00.json' cannot be the name of a file\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_ctrl_c_in_the_middle_of_the_imports_prints_no_traceback():
    """The import of NumPy sends it: an exception there would come out of somebody else's code."""
    code = """
import os, signal, sys
from nnviz.cli.main import main
class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == "numpy":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
sys.argv = ["nnviz", "check", "relu"]
main()
"""
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_who_is_ended_in_the_middle_of_a_save_leaves_nothing_half_written(tmp_path, name, code):
    program = f"""
import os, signal, sys
from nnviz.cli.main import main
os.fsync = lambda _handle: os.kill(os.getpid(), signal.{name})
main()
"""
    done = python(program, "convert", "relu", str(tmp_path / "a.json"))
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "stopped\n")
    assert list(tmp_path.iterdir()) == []


def test_who_ignores_interrupts_goes_on_ignoring_them():
    done = python(
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from nnviz.cli.main import "
        "main; sys.argv = ['nnviz', '--version']; main(); "
        "sys.exit(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)"
    )
    assert done.returncode == 0


NO_QT = """
import sys
from nnviz.cli.main import main
code = main(sys.argv[1:])
loaded = [name for name in sys.modules if name.startswith(("PySide6", "pyqtgraph", "contourpy", "nnviz.ui"))]
sys.exit(f"{code} {loaded}" if code or loaded else 0)
"""


@pytest.mark.parametrize(
    "line",
    [
        "predict relu",
        "slopes relu",
        "train relu",
        "convert relu {0}/a.json",
        "check relu",
        "examples",
        "render relu -o {0}/a.svg",
        "--help",
        "--version",
    ],
)
def test_a_command_imports_no_qt(tmp_path, line):
    done = python(NO_QT, *line.format(tmp_path).split())
    assert (done.returncode, done.stderr) == (0, "")


def test_listing_the_examples_does_not_import_numpy():
    done = python(
        "import sys; from nnviz.cli.main import main; main(['examples']); sys.exit('numpy' in sys.modules)"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_python_m_nnviz_is_the_command(tmp_path):
    command = [sys.executable, "-m", "nnviz", "predict", "relu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "52.0\n", "")


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_slopes_without_targets_are_refused_in_one_sentence(run, tmp_path, suffix):
    file = tmp_path / "weights.json"
    file.write_text('{"output": [1, 2]}')
    code, _, err = run("render", str(file), "-o", str(tmp_path / f"x.{suffix}"), "--view", "slopes")
    assert (code, err) == (1, "data.targets: there are no rows with targets to take slopes of\n")


# Activations that a file does not say


@pytest.fixture
def weights_alone(tmp_path):
    """Return a file of two layers without activations: x1 + x2, and then twice that."""
    path = tmp_path / "w.npz"
    np.savez(path, W0=[[1.0, 1.0]], W1=[[2.0]])
    return str(path)


@pytest.mark.parametrize(
    "line",
    [
        "predict FILE --row -3,1",
        "slopes FILE",
        "train FILE",
        "check FILE",
        "code FILE",
        "convert FILE OUT.json",
        "render FILE -o OUT.svg",
    ],
)
def test_a_file_that_does_not_say_its_activations_is_refused_with_the_option(
    run, weights_alone, tmp_path, line
):
    words = [
        word.replace("FILE", weights_alone).replace("OUT", str(tmp_path / "out")) for word in line.split()
    ]
    code, out, err = run(*words)
    assert (code, out) == (1, "")
    assert err == (
        "the file does not say which activations its layers have; "
        "give one for each layer, such as --activations relu,identity\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


def test_every_command_takes_the_activations_of_a_file(run, answer, weights_alone, tmp_path):
    given = ("--activations", "relu,identity")
    assert answer("predict", weights_alone, "--row", "-3,1", *given) == "0.0\n"
    assert answer("predict", weights_alone, "--row", "-3,1", "--activations=identity,relu") == "0.0\n"
    assert answer("check", weights_alone, "--activations", "leaky_relu(0.20), tanh") != ""
    assert answer("convert", weights_alone, str(tmp_path / "w.json"), *given) == ""
    assert answer("predict", str(tmp_path / "w.json"), "--row", "3,1") == "8.0\n"
    assert answer("render", weights_alone, "-o", str(tmp_path / "w.svg"), *given) == ""
    assert "maximum" in answer("code", weights_alone, *given)


def test_activations_that_do_not_fit_are_refused(run, weights_alone):
    assert run("check", weights_alone, "--activations", "relu") == (
        1,
        "",
        "expected 2 activations, one for each layer, found 1\n",
    )
    assert run("check", "relu", "--activations", "tanh,identity") == (
        1,
        "",
        "the file itself says its activations: relu,identity\n",
    )
    for line in (("check", weights_alone), (weights_alone,)):
        code, out, err = run(*line, "--activations", "cube,relu")
        assert (code, out) == (2, "")
        assert "argument --activations: no activation is called 'cube'" in err
        assert "--help` says more" in err
