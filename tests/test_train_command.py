# ruff: noqa: F811 - arguments are called as the fixtures that they are
"""`nnviz train`: what a signal leaves of it, `--keep best`, and that it names over-fitting."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import nnviz
from nnviz.core import standardise
from nnviz.core.numbers import shown
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.core.test_overfitting import RUNS, extremes, started, with_curves
from tests.test_cli import answer, python, run  # noqa: F401 - fixtures

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")

SIGNALLED = """
import os, signal, sys
from nnviz.cli.main import main
from nnviz.core.training.trainer import Trainer

def send():
    os.kill(os.getpid(), signal.{name})

AT = {at}
work = Trainer.work
def until_told(self, updates):
    for _ in work(self, updates):
        if self.iteration == AT:
            {deed}
        yield
Trainer.work = until_told
sys.exit(main())
"""
"""A command that sends itself a signal once so many updates are made, or does another deed."""


def signalled(*arguments, at, name="SIGINT", deed="send()", before="", **settings):
    return python(before + SIGNALLED.format(at=at, name=name, deed=deed), "train", *arguments, **settings)


def same_run(file, other):
    """Tell whether two files hold the same run to the last bit."""
    one, two = nnviz.load(file), nnviz.load(other)
    assert one.iteration == two.iteration
    assert one.network == two.network
    assert one.run.memory.tolist() == two.run.memory.tolist()
    np.testing.assert_array_equal(one.run.points, two.run.points)
    return one.run.segments == two.run.segments


@needs_signals
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_what_was_trained_until_a_signal_is_saved(answer, tmp_path, name, code):
    out, csv = tmp_path / "out.json", tmp_path / "loss.csv"
    done = signalled("iris", "--updates", "500", "-o", str(out), "--history", str(csv), at=37, name=name)
    assert (done.returncode, done.stderr) == (code, "stopped after 37 of 500 updates\n")
    assert done.stdout.splitlines()[-2].split()[0] == "37"
    whole, losses = tmp_path / "whole.json", tmp_path / "losses.csv"
    answer("train", "iris", "--updates", "37", "-o", str(whole), "--history", str(losses))
    assert same_run(out, whole)
    assert csv.read_bytes() == losses.read_bytes()
    assert nnviz.load(out).training.updates == 500
    assert sorted(tmp_path.iterdir()) == sorted((out, csv, whole, losses))


@needs_signals
def test_within_an_epoch_the_last_point_is_measured(answer, tmp_path):
    options = "--batch-size", "8", "--validation", "0.2"
    out, whole = tmp_path / "out.json", tmp_path / "whole.json"
    done = signalled("iris", *options, "--json", "-o", str(out), at=20)
    printed = json.loads(done.stdout)
    assert (done.returncode, printed["iteration"]) == (130, 20)
    assert [point[0] for point in printed["history"]] == [0, 15, 20]
    answer("train", "iris", *options, "--updates", "20", "-o", str(whole))
    assert same_run(out, whole)


@needs_signals
def test_without_an_output_the_history_is_printed():
    done = signalled("relu", "--updates", "9", at=2)
    assert (done.returncode, done.stderr) == (130, "stopped after 2 of 9 updates\n")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["iteration", "0", "1", "2"]


@needs_signals
def test_ctrl_c_from_the_terminal_stops_a_long_training(tmp_path):
    out = tmp_path / "out.json"
    program = SIGNALLED.format(at=100, name="SIGINT", deed="print('begun', flush=True)")
    line = [sys.executable, "-c", program, "train", "spiral", "--updates", "1000000000", "-o", str(out)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    made = nnviz.load(out).iteration
    assert made >= 100
    assert told == f"stopped after {made:,} of 1,000,000,000 updates\n"


@needs_signals
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_signal_that_ends_the_reader_of_the_output_too_is_told_by_the_exit_code(tmp_path, unbuffered):
    out = tmp_path / "out.json"
    program = SIGNALLED.format(at=5, name="SIGINT", deed="sys.stdin.readline(), send()")
    line = [sys.executable, "-c", program, "train", "relu", "-o", str(out)]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    piped = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(line, **piped, text=True, env=environment) as process:
        process.stdout.close()
        process.stdin.write("go on\n")
        process.stdin.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (130, "stopped after 5 of 20 updates\n")
    assert nnviz.load(out).iteration == 5


BEFORE_THE_FIRST = {
    "while the file is read": (
        "import nnviz.files.opening as place\nname = 'read_bytes'\n",
        "stopped\n",
    ),
    "before the first update": (
        "import nnviz.core.training.batches as place\nname = 'Batches'\n",
        "stopped before the first update; nothing is saved\n",
    ),
}


@needs_signals
@pytest.mark.parametrize("when", BEFORE_THE_FIRST)
def test_a_signal_before_the_first_update_leaves_the_old_file(tmp_path, when):
    out = tmp_path / "out.json"
    out.write_text("old")
    which, told = BEFORE_THE_FIRST[when]
    before = f"""
import os, signal
{which}
whole = getattr(place, name)
def signalled(*arguments, **settings):
    os.kill(os.getpid(), signal.SIGTERM)
    return whole(*arguments, **settings)
import nnviz.core.training.trainer
for module in (place, nnviz.core.training.trainer):
    setattr(module, name, signalled)
"""
    done = signalled("relu", "-o", str(out), "--history", str(tmp_path / "h.csv"), at=None, before=before)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", told)
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@needs_signals
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_while_saving_waits_until_all_is_saved(tmp_path, name, code):
    out, csv = tmp_path / "out.json", tmp_path / "loss.csv"
    deed = "setattr(os, 'fsync', lambda _handle: send())"
    line = "relu", "--updates", "5", "-o", str(out), "--history", str(csv)
    done = signalled(*line, at=5, name=name, deed=deed)
    assert (done.returncode, done.stderr) == (code, "")
    assert nnviz.load(out).iteration == 5
    assert len(csv.read_text().splitlines()) == 7


@needs_signals
def test_a_second_ctrl_c_while_saving_ends_at_once_and_leaves_the_old_file(tmp_path):
    out = tmp_path / "out.json"
    out.write_text("old")
    before = "import nnviz.cli.stopping\nnnviz.cli.stopping.DOUBLED_S = -1.0\n"
    deed = "send(); os.fsync = lambda _handle: send()"
    done = signalled("relu", "-o", str(out), at=3, deed=deed, before=before)
    assert (done.returncode, done.stderr) == (130, "stopped after 3 of 20 updates\nstopped\n")
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@needs_signals
def test_a_ctrl_c_that_comes_doubled_is_one(tmp_path):
    out = tmp_path / "out.json"
    done = signalled("relu", "-o", str(out), at=3, deed="send(); send()")
    assert (done.returncode, nnviz.load(out).iteration) == (130, 3)


@needs_signals
def test_in_the_background_where_interrupts_are_ignored_they_stay_ignored(tmp_path):
    out = tmp_path / "out.json"
    before = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    done = signalled("relu", "-o", str(out), at=3, before=before)
    assert (done.returncode, done.stderr, nnviz.load(out).iteration) == (0, "", 20)


# --keep best

OVER_FITTING = "--learning-rate", "0.1", "--validation", "0.5"
LEAST = 57
"""The iteration of iris at which the validation loss is least then."""


def test_keep_best_writes_the_run_up_to_the_least_validation_loss(run, tmp_path):
    best, whole, csv = tmp_path / "best.json", tmp_path / "whole.json", tmp_path / "loss.csv"
    line = "train", "iris", *OVER_FITTING
    code, out, err = run(*line, "--keep", "best", "-o", str(best), "--history", str(csv))
    losses = np.loadtxt(csv, delimiter=",", skiprows=1)
    assert losses[:, 0].tolist() == list(range(301))  # of the whole training
    least = losses[losses[:, 2].argmin()]
    assert (code, least[0]) == (0, LEAST)
    assert err == (
        f"validation has risen since iteration {LEAST}: over-fitting\n"
        f"kept: iteration {LEAST} of 300, the least validation loss, 0.08266\n"
    )
    assert [str(LEAST), *map(repr, least[1:].tolist())] in [row.split() for row in out.splitlines()]
    run(*line, "--updates", str(LEAST), "-o", str(whole))
    assert same_run(best, whole)


def test_keep_best_says_in_json_which_network_it_is(run):
    _, out, _ = run("train", "iris", *OVER_FITTING, "--keep", "best", "--json")
    printed = json.loads(out)
    point = printed["history"][LEAST]
    assert (printed["kept"], printed["iteration"], printed["over_fitting_since"]) == ("best", LEAST, LEAST)
    assert [printed["iteration"], printed["cross_entropy"]] == point[:2]
    assert printed["validation"] == pytest.approx(point[2], rel=1e-12)
    assert len(printed["history"]) == 301
    _, out, _ = run("train", "iris", *OVER_FITTING, "--updates", str(LEAST), "--json")
    assert json.loads(out)["layers"] == printed["layers"]


@needs_signals
def test_keep_best_keeps_the_best_until_a_signal(run, tmp_path):
    best, whole = tmp_path / "best.json", tmp_path / "whole.json"
    done = signalled("iris", *OVER_FITTING, "--keep", "best", "-o", str(best), at=80)
    assert done.returncode == 130
    assert "kept: iteration 57 of 80, " in done.stderr
    assert done.stderr.endswith("stopped after 80 of 300 updates\n")
    run("train", "iris", *OVER_FITTING, "--updates", str(LEAST), "-o", str(whole))
    assert same_run(best, whole)


def test_keep_best_goes_back_before_the_updates_of_this_command(run, tmp_path):
    first, then, whole = (tmp_path / f"{name}.json" for name in ("first", "then", "whole"))
    run("train", "iris", *OVER_FITTING, "-o", str(first))
    _, _, err = run("train", str(first), "--updates", "20", "--keep", "best", "-o", str(then))
    assert f"kept: iteration {LEAST} of 320, " in err
    run("train", "iris", *OVER_FITTING, "--updates", str(LEAST), "-o", str(whole))
    assert same_run(then, whole)


def test_keep_best_finds_it_in_a_file_that_keeps_some_points_of_a_long_run(run, tmp_path):
    start = started(next(run for run in RUNS if run["name"] == "circles: MSE, slow gradient descent"))
    file, best = tmp_path / "long.json", tmp_path / "best.json"
    few = with_curves(nnviz.train(start).state, lambda history: extremes(history.points, 16))
    nnviz.save(few, file)
    curve = nnviz.load(file).run.curve("validation").points
    iteration, least = curve[curve[:, 1].argmin()]
    line = "train", str(file), "--updates", "5", "--keep", "best", "-o", str(best)
    _, out, err = run(*line, "--json")
    told = f"kept: iteration {iteration:.0f} of 3005, the least validation loss, {shown(least)}\n"
    assert err.endswith(told)
    expected = nnviz.train(start, updates=int(iteration))
    printed = json.loads(out)
    assert (printed["iteration"], printed["mse"]) == (iteration, expected.history[-1, 1])
    assert nnviz.load(best).network == expected.state.network
    code, _, _ = run(*line)
    assert code == 0


@pytest.mark.parametrize("options", [["iris", "--validation", "0"], ["relu"]])
def test_keep_best_without_validation_is_bad_use(run, options):
    told = "nnviz train: --keep best needs rows for validation; add --validation 0.2, say\n"
    assert run("train", *options, "--keep", "best") == (2, "", told)


# over-fitting


def test_train_names_over_fitting_as_the_window_does(run, answer, tmp_path):
    _, _, err = run("train", "iris", *OVER_FITTING)
    told = f"validation has risen since iteration {LEAST}: over-fitting"
    assert err == f"{told}; --keep best saves the network of the least validation loss\n"
    file = tmp_path / "iris.json"
    nnviz.save(standardise.standardise(load(example("iris").path), range(4)), file)
    line = "train", str(file), "--learning-rate", "1", "--updates", "200", "--json"
    assert "over_fitting_since" not in json.loads(answer(*line))  # one lucky dip
