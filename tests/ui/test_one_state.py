"""While a run goes on, figures, diagram and table show one State in every frame."""

import pytest
from PySide6.QtCore import QEvent, QObject

from nnviz.core.address import Address
from tests.ui.sees import figure, written


class Onlooker(QObject):
    """Keeps what is painted on `widget`: what `seen` says, each time that it is painted in a run."""

    def __init__(self, window, widget, seen):
        super().__init__(window.main_window)
        self._window, self._seen, self.frames = window, seen, []
        widget.installEventFilter(self)

    def eventFilter(self, _, event):  # noqa: N802
        if event.type() == QEvent.Type.Paint and self._window.runner.running:
            self.frames.append(self._seen())
        return False


def run(qtbot, window):
    """Run to the end."""
    window.runner.speed = 0.4
    window.runner.toggle()
    qtbot.waitUntil(lambda: not window.runner.running, timeout=20_000)


@pytest.mark.parametrize("name", ["xor", "curve"])
def test_diagram_and_figures_say_the_same_in_every_frame_of_a_run(qtbot, open_window, name):
    window = open_window(name)
    error = Address("error", len(window.document.state.network.layers) - 1, 0)

    def seen():
        iteration = window.document.state.iteration
        return (
            iteration,
            figure(window, "Iteration").text,
            figure(window, "Row's error").text,
            written(window, error),
        )

    onlooker = Onlooker(window, window.diagram, seen)
    run(qtbot, window)
    assert len({iteration for iteration, *_ in onlooker.frames}) > 10
    for iteration, told, of_figure, on_diagram in onlooker.frames:
        assert told == str(iteration)
        assert on_diagram == f"error {of_figure}"


def test_the_table_is_painted_with_every_state_of_a_run_that_the_diagram_shows(qtbot, open_window):
    window = open_window("xor")
    looks = [
        Onlooker(window, widget, lambda: window.document.state.iteration)
        for widget in (window.diagram, window.data.table.viewport())
    ]
    run(qtbot, window)
    on_diagram, in_table = (set(onlooker.frames) for onlooker in looks)
    assert len(on_diagram) > 10
    assert len(in_table) > 0.5 * len(on_diagram)  # not all, where the machine is slow


def test_the_table_is_painted_in_a_run_without_the_panel_under_it(qtbot, open_window):
    window = open_window("curve")
    panel, diagram = (Onlooker(window, own, lambda: None).frames for own in (window.data, window.diagram))
    run(qtbot, window)
    assert len(panel) < len(diagram) / 2
