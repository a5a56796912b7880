"""What is at the ends of what there can be, in the window: every view shows it within a second."""

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.document.walk.walk import PHASES
from nnviz.ui.pictures.diagram import DiagramDrawing
from nnviz.ui.pictures.drawing import Look, write
from tests.robust.extremes import some
from tests.ui.conftest import open_window, settings  # noqa: F401
from tests.ui.hands import bring, press
from tests.ui.hands import write as type_text
from tests.ui.sees import OF_THE_MACHINE, untrue

LONGEST_S = 1.0
"""How long one deed of a person may keep the window's thread busy."""


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


def test_every_view_shows_it_within_a_second(open_window, qtbot, faults, amount, tmp_path):  # noqa: F811
    for name, state in some(amount(quick=4, ci=14, night=99)):
        with qtbot.capture_exceptions() as failed:
            took = {}
            before = time.thread_time()
            window = open_window(state)
            took["open"] = time.thread_time() - before
            for deed, does in deeds(window, tmp_path):
                before = time.thread_time()
                does()
                QApplication.processEvents()
                window.main_window.grab()
                took[deed] = time.thread_time() - before
                assert not failed, (name, deed, failed)
                assert not (said := faults()), (name, deed, said)
            assert not (false := untrue(window)), (name, false)
            window.main_window.hide()
        slow = {deed: f"{seconds:.2f} s" for deed, seconds in took.items() if seconds > LONGEST_S}
        assert not slow, (name, slow)
