"""Extreme networks go through commands, formats and views without a fault and without a warning."""

import json
import time
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.cli.main import main
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State, Training, WeightSet
from nnviz.document.walk import PHASES
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from nnviz.files.source import Source
from nnviz.ui.dialogs.pictures import DiagramDrawing, Look, write
from tests.core.oracle import set_weight
from tests.formats import SAVED
from tests.processes import python
from tests.robust.naughty import NAMES
from tests.ui.hands import bring, press
from tests.ui.hands import write as type_text
from tests.ui.sees import OF_THE_MACHINE, untrue

LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324


def filled(value, activation="identity", rows=3, names=("a", "b", "out", "x", "y")):
    """Return a State of 2-2-1 nodes with biases, whose every number is `value` or −`value`."""
    hidden = Layer(names[:2], activation, [[value, -value], [-value, value]], [value, -value])
    output = Layer(names[2:3], "identity", [[value, -value]], [-value])
    inputs = np.full((rows, 2), value)
    inputs[::2] = -value
    return named(Network(names[3:], (hidden, output)), Dataset(inputs, np.full((rows, 1), value)))


def named(network, data, training=None):
    """Return a State with a weight set, a name and notes."""
    sets = (WeightSet.of("as they were", network),)
    return State(network, data, training or Training(updates=3), sets, "An extreme", "Some *notes*.")


def plain(data, training=None):
    layers = Layer(("a", "b"), "relu", [[1, 2], [3, -4]]), Layer(("out",), "identity", [[1, 1]])
    return named(Network(("x", "y"), layers), data, training)


def deep(layers):
    """Return a State with a number of layers of 2 nodes."""
    inner = [Layer((f"h{k}", f"g{k}"), "tanh", [[1.0, 0.1], [-0.1, 1.0]]) for k in range(layers - 1)]
    network = Network(("x", "y"), (*inner, Layer(("out",), "identity", [[1.0, 1.0]])))
    return named(network, Dataset([[0.5, -0.5], [1.0, 1.0]], [[1.0], [0.0]]))


def wide(nodes):
    """Return a State with a number of nodes in one hidden layer."""
    rng = np.random.default_rng(0)
    hidden = Layer(tuple(f"h{k}" for k in range(nodes)), "tanh", rng.normal(size=(nodes, 2)))
    output = Layer(("out",), "identity", rng.normal(size=(1, nodes)) / nodes, [0.0])
    data = Dataset([[0.5, -0.5], [1.0, 1.0]], [[1.0], [0.0]])
    return named(Network(("x", "y"), (hidden, output)), data, Training(learning_rate=1e-4, updates=3))


def named_as(names):
    """Return a State whose inputs, nodes, weight sets and title have these eight names."""
    hidden = Layer(tuple(names[2:5]), "relu", [[1, 2], [3, -4], [0.5, 0]], [0, 1, 2])
    output = Layer(tuple(names[5:7]), "sigmoid", [[1, 1, -1], [0, 1, 2]])
    network = Network(tuple(names[:2]), (hidden, output))
    sets = (WeightSet.of(names[7], network),)
    return State(network, Dataset([[1, 2], [3, 4]], [[0, 1], [1, 0]]), Training(), sets, names[0], names[1])


EXTREMES = {
    "1e308, under strange names": filled(1e308, names=NAMES[60:65]),
    "the largest number": filled(LARGEST, "relu"),
    "1e155, whose square is too large": filled(1e155, "leaky_relu"),
    "1e-320": filled(1e-320),
    "the smallest number": filled(SMALLEST, "tanh"),
    "−0.0": filled(-0.0),
    "no rows": plain(Dataset(np.empty((0, 2)))),
    "no rows, but targets": plain(Dataset(np.empty((0, 2)), np.empty((0, 1)))),
    "one row": plain(Dataset([[1.0, 2.0]], [[3.0]])),
    "no targets": plain(Dataset([[1.0, 2.0]])),
    "constant columns": plain(Dataset(np.ones((5, 2)), np.ones((5, 1)))),
    "a rate of 1e308": plain(Dataset([[1.0, 2.0]], [[3.0]]), Training(learning_rate=1e308, updates=3)),
    "a rate of 5e-324": plain(Dataset([[1.0, 2.0]], [[3.0]]), Training(SMALLEST, 3, 1, "adam")),
    "one weight": State(Network(("x",), (Layer(("y",), "identity", [[0.0]]),)), Dataset([[0.0]], [[0.0]])),
    **{f"{name} of 1e308": filled(1e308, name) for name in ACTIVATIONS},
    "200 layers": deep(200),
    "5,000 nodes": wide(5000),
}

NAMED = {f"names {k}": named_as(NAMES[k : k + 8]) for k in range(0, len(NAMES) - 7, 8)}


def some(count):
    """Return a number of the extremes, evenly from all, with their names."""
    listed = [*EXTREMES.items(), *NAMED.items()]
    step = max(1.0, (len(listed) - 1) / max(count - 1, 1))
    return [listed[round(k * step)] for k in range(min(count, len(listed)))]


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
    return [(name, state, _saved(state, tmp_path)) for name, state in some(amount(quick=4, ci=12, night=99))]


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
            read, left_out = form.read(Source(data)), form.codec.left_out(state)
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
        for suffix, view in kinds[number % 3 :: amount(quick=5, ci=2, night=1)]:
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
    if not (number := amount(quick=0, ci=1, night=5)):
        pytest.skip("starts a process for each")
    for name in names[:number]:
        code, printed, err = python(IN_A_PROCESS, _saved(EXTREMES[name], tmp_path), tmp_path / "out.png")
        assert code == 0, (name, err)
        codes = [int(end) for end in printed.split()[-3:]]
        assert set(codes) <= {0, 1}
        assert len(err.splitlines()) <= 3, (name, err)
        assert "Warning" not in err, (name, err)


# In the window


LONGEST = 6.0
"""How many times as long as the yardstick one deed may keep the window's thread at work; half is usual."""


def yardstick():
    """Do what takes about half a second of the processor: longer if others slow it down, as a deed does."""
    sorted(range(2_000_000), key=lambda k: -k % 1001)


def processor_s(does):
    """Return how many seconds of the processor it takes to do something."""
    before = time.thread_time()
    does()
    return time.thread_time() - before


def parts_of(network):
    """Return a node, a weight and a bias of the first, the middle and the last layer, and an input."""
    yield Address("node", -1, 0)
    for k in sorted({0, len(network.layers) // 2, len(network.layers) - 1}):
        yield from (Address("node", k, 0), Address("weight", k, 0, 0), Address("bias", k, 0))


def deeds(window, folder):
    """Yield the name and the function of each thing that a person does, one after the other."""
    network = window.document.state.network
    document, player, runner = window.document, window.player, window.runner
    for part in parts_of(network):
        yield f"explain {part}", lambda part=part: window.desk.explain(part)
    yield "slopes", lambda: document.show_slopes(True)
    yield "means", lambda: document.show_slopes(True, True)
    yield "the next row", lambda: document.select_row(1)
    yield "two weights", lambda: document.select(*[Address("weight", 0, 0, k) for k in (0, 1)])
    for card in ("Loss surface", "Explain", "Loss"):
        yield f"plot {card}", lambda card=card: bring(window, card)
        yield f"plot {card}, at rest", lambda: QTest.qWait(60)
    yield "the last layer's weights", lambda: document.select(Address("node", len(network.layers) - 1, 0))
    for phase in PHASES:
        yield f"walk {phase}", lambda phase=phase: player.show_phase(phase)
        yield f"the end of {phase}", player.to_end
    yield "walk on", player.step
    yield "stop", player.stop
    yield "an edit", lambda: window.document.push(set_weight(window.document.state, 0, 0, 0, 0.5), "w")
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
    """Return a function that returns the faults since its last call."""

    def told():
        lines = [record.message for record in qtlog.records]
        qtlog.records.clear()
        lines += capfd.readouterr().err.splitlines()
        return [line for line in lines if line.strip() and not line.startswith(OF_THE_MACHINE)]

    return told


def test_every_view_shows_it_soon_and_without_a_fault(open_window, qtbot, faults, amount, tmp_path):
    longest_s = LONGEST * processor_s(yardstick)
    large = amount(quick=[], ci=["200 layers", "5,000 nodes"], night=[])
    for name, state in [*some(amount(quick=1, ci=1, night=99)), *((name, EXTREMES[name]) for name in large)]:
        with qtbot.capture_exceptions() as failed:
            before = time.thread_time()
            window = open_window(state)
            took = {"open": time.thread_time() - before}
            for deed, does in deeds(window, tmp_path):

                def seen_to(does=does, window=window):
                    does()
                    QApplication.processEvents()
                    if amount(quick=False, ci=True, night=True):  # also what is not new is painted
                        window.main_window.grab()

                took[deed] = processor_s(seen_to)
                assert not failed, (name, deed, failed)
                assert not (said := faults()), (name, deed, said)
            assert not (false := untrue(window)), (name, false)
            window.main_window.hide()
        slow = {deed: f"{seconds:.2f} s" for deed, seconds in took.items() if seconds > longest_s}
        assert not slow, (name, slow)
