"""What is at the ends of what there can be goes through commands, formats and views: no fault, no warning."""

import json
import time
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.slopes import slopes
from nnviz.document.walk.walk import PHASES
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from nnviz.files.source import Source
from nnviz.ui.pictures.diagram import DiagramDrawing
from nnviz.ui.pictures.drawing import Look, write
from tests.formats import SAVED
from tests.processes import python
from tests.robust.extremes import EXTREMES, some
from tests.ui.conftest import open_window, settings  # noqa: F401
from tests.ui.hands import bring, press
from tests.ui.hands import write as type_text
from tests.ui.sees import OF_THE_MACHINE, untrue


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
    return [(name, state, _saved(state, tmp_path)) for name, state in some(amount(quick=4, ci=30, night=99))]


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


def test_the_diagram_is_drawn_into_every_kind_of_file(extremes, run, qapp, tmp_path, amount):
    kinds = [*product(("svg", "png", "pdf"), ("forward", "slopes"))]
    for number, (name, state, file) in enumerate(extremes):
        for suffix, view in kinds[number % 3 :: amount(quick=5, ci=1, night=1)]:
            out = tmp_path / f"{view}.{suffix}"
            code, _, _ = run("render", file, "-o", out, "--view", view, "--size", "600x400")
            assert code == 0 or (view == "slopes" and not state.trainable), (name, view)
            assert code == 1 or out.stat().st_size > 500, (name, out)
            out.unlink(missing_ok=True)


IN_A_PROCESS = """
import sys
from nnviz.cli.main import main
file, out = sys.argv[1:]
print(main(["slopes", file]), main(["train", file]), main(["screenshot", file, "-o", out]))
"""


def test_a_process_writes_no_warning(amount, tmp_path):
    """In this process a warning is an error; others come from threads and from Qt."""
    names = ["the largest number", "1e-320", "200 layers", "no rows", "5,000 nodes"]
    if not (number := amount(quick=0, ci=3, night=5)):
        pytest.skip("starts a process for each")
    for name in names[:number]:
        code, printed, err = python(IN_A_PROCESS, _saved(EXTREMES[name], tmp_path), tmp_path / "out.png")
        assert code == 0, (name, err)
        codes = [int(end) for end in printed.split()[-3:]]
        assert set(codes) <= {0, 1}
        assert len(err.splitlines()) <= 3, (name, err)
        assert "Warning" not in err, (name, err)


# In the window

LONGEST_S = 3.0
"""How long one deed may keep the window's thread busy on a slow machine; a usual one takes 1 s."""


def parts_of(network):
    """Return a node, a weight and a bias of the first, the middle and the last layer, and an input."""
    yield Address("node", -1, 0)
    for k in sorted({0, len(network.layers) // 2, len(network.layers) - 1}):
        yield from (Address("node", k, 0), Address("weight", k, 0, 0), Address("bias", k, 0))


def deeds(window, folder):
    """Yield what a person does, one deed after the other, each with its name."""
    network = window.document.state.network
    selection, player, runner = window.selection, window.player, window.runner
    for part in parts_of(network):
        yield f"explain {part}", lambda part=part: selection.point_at(part)
    yield "slopes", lambda: selection.show_slopes(True)
    yield "means", lambda: selection.show_slopes(True, True)
    yield "the next row", lambda: setattr(selection, "row", 1)
    yield "two weights", lambda: selection.select(*[Address("weight", 0, 0, k) for k in (0, 1)])
    for card in ("1 weight", "2 weights", "Activation", "Matrix", "MSE"):
        yield f"plot {card}", lambda card=card: bring(window, card)
        yield f"plot {card}, at rest", lambda: QTest.qWait(60)
    yield "the last layer's weights", lambda: selection.select(Address("node", len(network.layers) - 1, 0))
    for phase in PHASES:
        yield f"walk {phase}", lambda phase=phase: player.show_phase(phase)
        yield f"the end of {phase}", player.to_end
    yield "walk on", player.step
    yield "stop", player.stop
    yield "an edit", lambda: window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 0.5), "w")
    yield "a node more", lambda: window.structure.add_node(1)
    yield "a node less", lambda: window.structure.remove_node(1)
    yield "undone", lambda: (window.undo(), window.undo(), window.undo())
    yield "a step", runner.step
    yield "a run", lambda: (setattr(runner, "speed", 1.0), runner.run())
    yield "its end", lambda: QTest.qWait(60)
    yield "pause", runner.pause
    yield "back", runner.back
    yield "restart", runner.restart
    yield "undo", window.undo
    yield "random weights", runner.new_random_weights
    yield "undo once more", window.undo
    yield "zoom", lambda: window.diagram.zoom(3.0)
    yield "fit", window.diagram.fit
    yield "find", lambda: (window.finder.open(), type_text(window.finder.field, network.names(1)[0][:20]))
    yield "select what is found", lambda: QTest.keyClick(window.finder.field, Qt.Key.Key_Return)
    yield "copy the table", lambda: (window.data.table.selectAll(), window.data.table.copy())
    yield "copy the explanation", lambda: press(window, "Copy")
    for suffix in ("svg", "png", "pdf"):
        file = folder / f"out.{suffix}"
        yield (
            f"export {suffix}",
            lambda file=file: write(DiagramDrawing(window.diagram.picture), Look(900, 500), file),
        )


@pytest.fixture
def faults(qtlog, capfd):
    """Return a function that tells what has gone wrong since it was called last."""

    def told():
        lines = [record.message for record in qtlog.records]
        qtlog.records.clear()
        lines += capfd.readouterr().err.splitlines()
        return [line for line in lines if line.strip() and not line.startswith(OF_THE_MACHINE)]

    return told


def test_every_view_shows_it_within_seconds(open_window, qtbot, faults, amount, tmp_path):  # noqa: F811
    for name, state in some(amount(quick=1, ci=14, night=99)):
        with qtbot.capture_exceptions() as failed:
            took = {}
            before = time.thread_time()
            window = open_window(state)
            took["open"] = time.thread_time() - before
            for deed, does in deeds(window, tmp_path):
                before = time.thread_time()
                does()
                QApplication.processEvents()
                if amount(quick=False, ci=True, night=True):  # also what is not new is painted
                    window.main_window.grab()
                took[deed] = time.thread_time() - before
                assert not failed, (name, deed, failed)
                assert not (said := faults()), (name, deed, said)
            assert not (false := untrue(window)), (name, false)
            window.main_window.hide()
        slow = {deed: f"{seconds:.2f} s" for deed, seconds in took.items() if seconds > LONGEST_S}
        assert not slow, (name, slow)
