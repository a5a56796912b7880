"""All views show one State, computed once, in every frame, and at rest the window sleeps."""

import gc
import itertools
import re
import threading
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSlider

import nnviz
from nnviz.core.address import Address
from nnviz.core.expressions import DIGITS, number_text
from nnviz.core.network import Network
from nnviz.core.numbers import as_text
from nnviz.core.slopes import MOST_ROWS
from nnviz.core.state import Dataset, State, Training
from nnviz.document.job import duration_text
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from nnviz.ui.kit.desk import TEXT_MS
from nnviz.ui.panels.training_parts import Figure
from nnviz.ui.window.app import Opened
from nnviz.ui.window.workspace import PANELS
from tests.ui.hands import bring, press, set_number
from tests.ui.sees import at_work, explained, figure, status, walking, written

W = Address("weight", 0, 0, 0)


def open_in(window, name):
    """Open an example in the place of another, with no walk and no slopes."""
    window.player.stop()
    window.document.show_slopes(False, False)
    window.document.start(load(example(name).path))
    return window.document.state


# --- one pass forward


@pytest.fixture
def passes(monkeypatch):
    """Return a list of the number of rows of each pass forward."""
    taken, forward = [], Network.forward

    def counted(network, x):
        taken.append(len(x))
        return forward(network, x)

    monkeypatch.setattr(Network, "forward", counted)
    return taken


def settle(window):
    """Let everything be painted and everything that waits for a quiet moment be done."""
    for _ in range(2):
        QApplication.processEvents()
        window.main_window.grab()


def test_an_edit_of_a_weight_runs_one_pass_forward_and_words_and_other_rows_none(
    qtbot, afresh, passes, amount
):
    window = afresh("relu", (1000, 650))

    def plotted():
        """Wait until Explain has plotted the loss over the weight."""
        card = window.board.docks["Explain"].card
        qtbot.waitUntil(lambda: window.desk.has_plots and card.plot and not card.view.work.busy)

    def explain_weight():
        bring(window, "Explain")
        window.document.select(W)
        plotted()

    ready = {
        "nothing else": lambda: None,
        "Explain is shown": explain_weight,
        "the walk rests": lambda: window.player.show_phase("backward"),
        "mean slopes are shown": lambda: window.document.show_slopes(True, True),
    }
    names, few = ["relu", "many-rows", "xor"], [("relu", 0), ("many-rows", 3), ("xor", 2), ("many-rows", 1)]
    every, taken = [*product(names, range(4))], {}
    for name, k in amount(quick=few, ci=every, night=every):
        how = [*ready][k]
        open_in(window, name)
        bring(window, "Notes")  # Explain computes more for the mean
        ready[how]()
        assert walking(window) == (how == "the walk rests")
        settle(window)
        passes.clear()
        set_number(window, W, "1.5")
        settle(window)
        if how == "Explain is shown":
            plotted()
        taken[name, how] = (*passes, window.document.state.network.layers[0].weights[0, 0])
    rows = {"relu": 1, "many-rows": 4, "xor": 4}
    more = {"Explain is shown": 1}  # the plot needs one pass more, for the loss after the next step
    assert taken == {(name, how): (*[rows[name]] * (1 + more.get(how, 0)), 1.5) for name, how in taken}
    state = open_in(window, "many-rows")
    bring(window, "Explain")
    window.document.select(Address("node", 0, 0))  # the loss over a weight depends on the learning rate
    settle(window)
    passes.clear()
    window.document.push(replace(state, name="another", notes="others"), "words")
    window.document.push(replace(state, training=replace(state.training, learning_rate=0.5)), "a rate")
    settle(window)
    for row in (3, 1):
        window.document.select_row(row)
        settle(window)
    assert passes == []


def full_of(figure):
    """Return the number of a figure as its tooltip tells it."""
    return float(figure.toolTip().rpartition(": ")[2])


def test_diagram_table_figures_and_explanation_say_the_same(afresh, amount):
    window = afresh("relu")
    bring(window, "Explain")
    names = "many-rows", "digits", "large"
    for name in amount(quick=names[:2], ci=names, night=names):
        state = open_in(window, name)
        window.document.select(None)
        window.document.select_row(2)
        settle(window)
        loss = figure(window, state.measure.title)
        assert number_text(full_of(loss), DIGITS) in explained(window)
        output = Address("node", len(state.network.layers) - 1, 0)
        window.document.select(output)
        settle(window)
        table = window.data.table.model()
        headers = [table.headerData(k, Qt.Orientation.Horizontal) for k in range(table.columnCount())]
        prediction = next(k for k, header in enumerate(headers) if header.startswith("prediction"))
        cell = table.index(2, prediction)
        assert cell.data(Qt.ItemDataRole.ToolTipRole) in window.diagram.picture.describe(output)
        assert number_text(float(cell.data(Qt.ItemDataRole.EditRole)), DIGITS) in explained(window)


def test_with_very_many_rows_the_mse_comes_later_and_holds_nothing_up(qtbot, afresh, passes):
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    rows = np.random.default_rng(0).normal(size=(60_000, 3))
    window = afresh(State(network, Dataset(rows[:, :2], rows[:, 2:])))
    passes.clear()
    set_number(window, W, "1.5")
    mse = figure(window, "MSE")
    assert mse.text == "–"
    qtbot.waitUntil(lambda: mse.text != "–")
    assert full_of(mse) == pytest.approx(window.document.state.loss(), rel=1e-12)
    assert max(passes[:-1]) <= MOST_ROWS


# --- in every frame of a run


class Paints(QObject):
    """Keeps what `seen` says each time that a widget, or any widget of the application, is painted."""

    def __init__(self, of, seen):
        super().__init__()
        self._seen, self.frames = seen, []
        of.installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == QEvent.Type.Paint and (seen := self._seen(watched)):
            self.frames.append(seen)
        return False


def test_in_every_frame_of_a_run_all_views_show_one_state_and_edges_never_thicken(qtbot, afresh):
    window = afresh("curve")
    document, runner = window.document, window.runner
    error = Address("error", len(document.state.network.layers) - 1, 0)

    def seen(_):
        told = figure(window, "Iteration").text
        return runner.running and (document.state.iteration, told, written(window, error), now_error())

    def now_error():
        return as_text(float(document.now.error(document.now.row)[0]))

    diagram = Paints(window.diagram, seen)
    table = Paints(window.data.table.viewport(), lambda _: runner.running and document.state.iteration)
    panel = Paints(window.data, lambda _: runner.running)
    runner.speed = 0.4
    runner.toggle()
    qtbot.waitUntil(lambda: len({iteration for iteration, *_ in diagram.frames}) > 8)
    runner.pause()
    for paints in (diagram, table, panel):
        paints.deleteLater()
    for iteration, told, on_diagram, error_then in diagram.frames:
        assert (told, on_diagram) == (str(iteration), f"error {error_then}")
    on_diagram = {iteration for iteration, *_ in diagram.frames}
    assert len(set(table.frames)) > 0.2 * len(on_diagram)  # not all, where the machine is slow
    assert len(panel.frames) < len(diagram.frames) / 2, "the panel under the table is not painted"


def test_in_a_run_the_scale_of_the_edges_grows_with_the_largest_weight_and_never_shrinks(qtbot, afresh):
    window = afresh("circles")
    scales, weights = [window.diagram.picture.scale], []

    def look():
        scales.append(window.diagram.picture.scale)
        weights.append(max(np.abs(layer.weights).max() for layer in window.document.state.network.layers))

    window.runner.progressed.connect(look)
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()
    assert weights[-1] > 3 * scales[0]
    assert scales == sorted(scales)
    assert all(weight <= scale for weight, scale in zip(weights, scales[1:], strict=True))


# --- counts beyond 32 bits

MANY = 2**53


def test_no_signal_carries_an_int():
    """Qt's int has 32 bits: a count in it is another number, or ends in an error."""
    texts = {path.name: path.read_text("utf-8") for path in Path(nnviz.__file__).parent.rglob("*.py")}
    signals = [
        (name, kinds) for name, text in texts.items() for kinds in re.findall(r"\bSignal\((.*)\)", text)
    ]
    assert [(name, kinds) for name, kinds in signals if re.search(r"\bint\b", kinds)] == []
    assert len(signals) > 50


def test_a_run_of_2_to_the_53_updates_runs_pauses_and_is_gone_through(afresh, qtbot, tmp_path, amount):
    state = load(example("curve").path)
    save(
        replace(state, training=Training(learning_rate=1e-4, updates=MANY, seed=MANY)), tmp_path / "many.json"
    )
    window = afresh(load(tmp_path / "many.json"))
    document, timeline = window.document, window.training.timeline
    for speed in amount(quick=(0, 50, 100), ci=(0, 20, 50, 90, 100), night=range(0, 101, 10)):
        before = document.state.iteration
        window.training.speed.setValue(speed)
        press(window, "Run")
        qtbot.waitUntil(lambda before=before: document.state.iteration > before)
        if speed == 100:
            qtbot.waitUntil(lambda before=before: document.state.iteration > before + 50)
            assert timeline.accessibleDescription().endswith(f" of {MANY}")
        window.main_window.grab()
        press(window, "Pause")
        qtbot.waitUntil(lambda: status(window).startswith("Paused"))  # a busy machine is still pausing
        end = document.state.iteration
        assert status(window) == f"Paused after {end - before:,} of {MANY - before:,} updates"
        assert window.runner.updates_left == MANY - end
    press(window, "One update")
    assert document.state.iteration == end + 1
    assert window.runner.updates_left == MANY - end - 1
    timeline.setFocus()
    QTest.keyClick(timeline, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: document.state.iteration == 0)
    QTest.keyClick(timeline, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: document.state.iteration == 1)
    timeline.triggerAction(QSlider.SliderAction.SliderToMaximum)
    qtbot.waitUntil(lambda: document.state.iteration == end + 1)
    wanted = []
    timeline.wanted.connect(wanted.append)
    timeline.show_iteration(5, MANY)
    timeline.triggerAction(QSlider.SliderAction.SliderToMaximum)
    timeline.triggerAction(QSlider.SliderAction.SliderToMinimum)
    assert wanted == [MANY, 0]
    window.runner.progressed.emit(MANY - 1, MANY)


def test_the_time_that_a_run_takes_is_said_in_few_letters():
    expected = {
        **{5: "5 s", 99: "99 s", 3300: "55 min", 30_000: "8 h", 10**6: "12 d"},
        **{10**7: "116 d", MANY: "years"},
    }
    assert {updates: duration_text(updates, 0.0) for updates in expected} == expected
    assert duration_text(10, 0.01) == "10 s"  # 9.8 s


# --- at rest


@pytest.fixture
def sleeps(qtbot):
    """Return a function that gives the window time to come to rest, and fails if it does not."""
    paints = Paints(QApplication.instance(), lambda widget: type(widget).__name__)

    def it_sleeps():
        for _ in range(500):
            paints.frames.clear()
            qtbot.wait(30)
            busy = [own for own in threading.enumerate() if own.name.startswith("nnviz")] + at_work()
            if not paints.frames + busy:
                return
        raise AssertionError(f"painted {paints.frames}, at work {busy}")

    yield it_sleeps
    QApplication.instance().removeEventFilter(paints)


def woken_in(ms):
    """Return how often the event loop woke within some time."""
    woken, end = [], QEventLoop()
    dispatcher = QAbstractEventDispatcher.instance()
    dispatcher.awake.connect(lambda: woken.append(1))
    QTimer.singleShot(ms, end.quit)
    end.exec()
    dispatcher.awake.disconnect()
    return len(woken)


def test_nothing_that_looks_after_the_window_wakes_it(qtbot, settings, sleeps, tmp_path, amount):
    """Collecting garbage, copies of unsaved work, other windows, signals: all of that is in the program."""
    program = Opened(settings, example("relu").path, tmp_path)
    qtbot.waitUntil(lambda: program.workspace is not None and program.workspace.history.curve is not None)
    sleeps()
    ms = amount(quick=600, ci=1000, night=3000)
    woken = [woken_in(ms)]
    while min(woken) > 2 and len(woken) < 6:
        woken.append(woken_in(ms))
    program.workspace.main_window.close()
    program.close()
    gc.unfreeze()
    # the end is two; what woke it again and again would do so in each
    assert min(woken) <= 2, woken


def test_the_window_comes_to_rest_with_every_tab_after_a_run_and_in_the_middle_of_a_walk(
    qtbot, afresh, sleeps, amount
):
    window = afresh("digits")
    sleeps()
    open_in(window, "xor")
    window.document.select(W, W._replace(source=1))
    for panel in PANELS[:: amount(quick=4, ci=1, night=1)]:
        bring(window, panel.name)
        sleeps()
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()
    sleeps()
    window.player.step()
    window.player.step()
    window.player.pause()
    sleeps()


def test_in_a_run_all_texts_are_of_the_same_states(afresh, qtbot):
    """A text that is read may be of the State before the one that the reader is shown, not of a third one."""
    window = afresh("curve")
    window.document.select_row(0)
    main, diagram, seen = window.main_window, window.diagram, []
    weight, prediction = Address("weight", 1, 0, 1), Address("value", 1, 0)

    class Reader:
        moving_ms = TEXT_MS

        def show_moment(self, _old, new):
            figures = {own.accessibleName(): own.text for own in main.findChildren(Figure)}
            numbers = [diagram.picture.text(at) for at in (weight, prediction)]
            seen.append((new.state, [*numbers, figures["Iteration"]]))

    reader = Reader()
    window.runner.run()
    window.desk.frames.add(reader)
    qtbot.waitUntil(lambda: len(seen) > 5)
    window.desk.frames.remove(reader)
    window.runner.pause()

    def texts(state):
        value = state.network.predict(state.data.inputs)[0, 0]
        return as_text(state.network.value_of(weight)), as_text(value), as_text(state.iteration)

    for (before, _), (state, read) in itertools.pairwise(seen[1:]):
        for text, *possible in zip(read, texts(before), texts(state), strict=True):
            assert text in possible
