"""What is at the ends of what there can be goes through every command and format: no fault, no warning."""

import json
import subprocess
import sys

import numpy as np
import pytest

from nnviz.cli.main import main
from nnviz.core.slopes import slopes
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from nnviz.files.source import Source
from tests.formats import SAVED
from tests.robust.extremes import EXTREMES, some


@pytest.fixture
def run(capsys):
    """Return a function that runs a command line: its exit code, output and faults."""

    def run_it(*arguments):
        code = main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        assert code in (0, 1), (arguments, code, output.err)
        if code == 1:
            assert len(output.err.strip().splitlines()) == 1, f"{arguments}: expected one line: {output.err}"
        return code, output.out, output.err

    return run_it


@pytest.fixture
def extremes(amount, tmp_path):
    """Return some extremes as (name, State, the file that holds it)."""
    return [(name, state, _saved(state, tmp_path)) for name, state in some(amount(quick=12, ci=30, night=99))]


def _saved(state, folder):
    file = folder / f"{len([*folder.iterdir()])}.json"
    save(state, file)
    return file


def test_a_command_computes_or_says_why_not(extremes, run, tmp_path):
    for name, state, file in extremes:
        assert run("check", file)[0] == 0, name
        predicted = state.network.predict(state.data.inputs)
        code, out, _ = run("predict", file, "--json")
        assert (code == 0) == (len(state.data) > 0 and bool(np.isfinite(predicted).all())), name
        if code == 0:
            assert json.loads(out)["predictions"] == predicted.tolist(), name
        code, out, _ = run("slopes", file, "--json")
        if code == 0:
            found = slopes(state.network, state.data.inputs, state.data.targets)
            assert json.loads(out)["mse"] == found.mse, name
            assert json.loads(out)["layers"][0]["weights"] == found.layers[0].weights.tolist(), name
        trained = tmp_path / "trained.json"
        if run("train", file, "-o", trained, "--history", tmp_path / "mse.csv")[0] == 0:
            assert run("check", trained)[0] == 0, name
        run("slopes", file)
        run("predict", file, "--row", ",".join(["1e308"] * len(state.network.inputs)))


def test_every_format_gives_back_what_it_holds_or_refuses_it(extremes, run, tmp_path):
    for name, state, _ in extremes:
        for form in SAVED:
            try:
                data = form.write(state)
            except FileError:
                continue
            read, left_out = form.read(Source(data)), form.left_out(state)
            assert read == state or left_out, (name, form.name)
            held = np.float32 if any("digits" in part for part in left_out) else np.float64
            for one, other in zip(read.network.layers, state.network.layers, strict=True):
                kept = other.weights.astype(held).astype(np.float64)
                assert one.weights.tobytes() == kept.tobytes(), (name, form.name)
            for suffix in form.suffixes:
                (tmp_path / f"in{suffix}").write_bytes(data)
                run("convert", tmp_path / f"in{suffix}", tmp_path / "out.json")
                assert load(tmp_path / "out.json").network.sizes == state.network.sizes, (name, suffix)


def test_the_diagram_is_drawn_into_every_kind_of_file(extremes, run, qapp, tmp_path):
    for name, state, file in extremes:
        for suffix in ("svg", "png", "pdf"):
            for view in ("forward", "slopes"):
                out = tmp_path / f"{view}.{suffix}"
                code, _, _ = run("render", file, "-o", out, "--view", view, "--size", "600x400")
                assert code == 0 or (view == "slopes" and not state.trainable), (name, view)
                assert code == 1 or out.stat().st_size > 500, (name, out)
                out.unlink(missing_ok=True)


def test_a_process_writes_no_warning(amount, tmp_path):
    names = ["the largest number", "1e-320", "200 layers", "no rows", "5,000 nodes"]
    for name in names[: amount(quick=1, ci=3, night=5)]:
        file = _saved(EXTREMES[name], tmp_path)
        for command in (["slopes", file], ["train", file], ["screenshot", file, "-o", tmp_path / "out.png"]):
            arguments = [sys.executable, "-W", "error", "-m", "nnviz", *map(str, command)]
            ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
            assert ended.returncode in (0, 1), (name, command, ended.stderr)
            assert len(ended.stderr.splitlines()) <= 1, (name, command, ended.stderr)
            assert "Warning" not in ended.stderr, (name, command, ended.stderr)
