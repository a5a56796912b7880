"""What lasts long: updates by the million, and documents and windows that come and go, in flat memory.

What is counted is what a person would notice in the end: memory, widgets, timers, threads, open files.
"""

import gc
import json
import os
import re
import sys
import threading
import weakref
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core import edits
from nnviz.core.runs import keep
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from nnviz.document.job import USUAL_LIMITS
from nnviz.files import native
from nnviz.files.examples import paths
from nnviz.files.registry import save
from nnviz.files.source import Source
from nnviz.ui.kit.settings import Settings
from nnviz.ui.window.app import LOG_NAME, Opened
from tests.bench.memory import megabytes
from tests.core import oracle
from tests.core.test_history import check_line
from tests.robust.truths import logged
from tests.ui.hands import address_named, click
from tests.ui.sees import figure

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in /proc")

FLAT_MB = 8.0
"""Two curves, of the loss and of the accuracy, take up to 2 MB each, and as much again while they grow."""


@contextmanager
def opened(qtbot, file, data):
    """Open a window on a file as the program does, and close it in the end; a box that came is in the log."""
    program = Opened(Settings(remembers=False), file, data)
    boxes = QTimer(interval=100)
    boxes.timeout.connect(lambda: (box := QApplication.activeModalWidget()) and box.close())
    boxes.start()
    qtbot.waitUntil(lambda: program.workspace is not None and program.workspace.history.curve is not None)
    try:
        yield program.workspace
    finally:
        program.workspace.files.asks = False
        program.close()
        gc.unfreeze()  # the program would be over
        gc.collect()
    assert logged(data / LOG_NAME) == []


def learning(updates, rate=1e-6, output="identity", **settings):
    """Return 2-2-1 with the four rows of XOR; by default it learns slowly."""
    network = oracle.make_network([2, 2, 1], ["tanh", output], [True, True], scale=1.0)
    data = Dataset([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
    return State(network, data, Training(rate, updates, **settings))


def open_files():
    """Yield what each file handle leads to."""
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the folder itself
            name = re.sub(r"[0-9a-f-]{16,}|\d+", "N", os.readlink(handle))
            if name != "anon_inode:[eventfd]":  # of threads that Qt paints with, which end when they like
                yield name


def counted():
    """Return the number of each thing that must not become more, once the garbage is gone."""
    for _ in range(3):
        gc.collect()
        QTest.qWait(0)
    known = [type(thing).__name__ for thing in shiboken6.getAllValidWrappers() if isinstance(thing, QObject)]
    numbers = Counter([*known, *open_files()])
    more = {"widgets": len(QApplication.allWidgets()), "top levels": len(QApplication.topLevelWidgets())}
    return numbers + Counter(more | {"threads": threading.active_count()})


def assert_flat(told):
    """Fail where the first of the megabytes is not nearly the most."""
    assert max(told) - told[0] <= FLAT_MB, f"{[round(value, 1) for value in told]} MB"


def test_a_long_run_takes_no_more_memory_and_every_iteration_stays_in_reach(qtbot, tmp_path, amount):
    if not (updates := amount(quick=0, ci=120_000, night=10**7)):
        pytest.skip("takes many updates")
    save(learning(updates), tmp_path / "long.json")
    with opened(qtbot, tmp_path / "long.json", tmp_path) as window:
        window.runner.speed = 1.0
        window.runner.run()
        told = []
        for mark in np.linspace(100_000, updates, 10, dtype=int).tolist():
            qtbot.waitUntil(lambda mark=mark: window.document.state.iteration >= mark, timeout=10**6)
            told.append(megabytes())
        qtbot.waitUntil(lambda: not window.runner.running)
        qtbot.waitUntil(lambda: figure(window, "Iteration").accessibleDescription() == f"{updates}")
        assert_flat(told)
        window.runner.scrub_to(80_001)
        qtbot.waitUntil(lambda: window.document.state.iteration == 80_001)
        assert window.document.state.network == train(learning(80_001)).state.network


def in_use(qtbot, window):
    """Do a little of everything with the open network."""
    document = window.document
    window.runner.run()
    qtbot.waitUntil(lambda: document.state.iteration > 0 or not window.runner.running)
    window.runner.pause()
    click(window, address_named(window, document.state.network.outputs[0]))
    QTest.keyClick(window.diagram, Qt.Key.Key_Space)
    window.document.push(replace(document.state, notes="# Notes"), "notes")
    QTest.qWait(1)
    window.player.stop()


def test_documents_that_come_and_go_leave_nothing(qtbot, tmp_path, amount):
    if not (rounds := amount(quick=0, ci=3, night=80)):
        pytest.skip("opens many documents; windows that come and go have one each")
    told, kinds, networks = [], [], []
    files = paths()[:: amount(quick=2, ci=2, night=1)]
    with opened(qtbot, files[0], tmp_path) as window:
        window.files.asks = False
        for path in files * rounds:
            assert window.files.open(path)
            in_use(qtbot, window)
            networks.append(weakref.ref(window.document.state.network))
            if path == files[-1]:
                while window.document.modified:  # of what is unsaved a copy may be open
                    window.undo()
                kinds.append(counted())
                told.append(megabytes())
        window.files.open(files[0])
        counted()
        left = [k for k, network in enumerate(networks) if network() is not None]
        assert len(left) <= 3, f"documents {left} are still held"  # the last of each kind of diagram
    assert_flat(told)
    assert kinds[2:] == kinds[1:-1]


def test_windows_that_come_and_go_leave_nothing(qtbot, tmp_path, amount):
    told, kinds, parts, number = [], [], [], amount(quick=3, ci=12, night=1000)
    for k in range(number):
        with opened(qtbot, paths()[k % 4], tmp_path) as window:
            in_use(qtbot, window)
            parts += map(weakref.ref, (window, window.document, window.main_window, window.diagram))
        del window
        if (k + 1) % max(number // 4, 1) == 0:
            kinds.append(counted())
            told.append(megabytes())
    assert [part() for part in parts if part() is not None] == []
    assert_flat(told[1:])  # the first quarter warms up
    assert kinds[2:] == kinds[1:-1]


def trained(state, updates, limit):
    """Return the run of real updates; the document takes a State now and then, as it does each frame."""
    trainer = Trainer(state, limit)
    for unit, _ in enumerate(trainer.work(updates)):
        if unit % 5000 == 0:
            trainer.state()
    return trainer.state()


def curves(run):
    return [run.history, *(curve.history for curve in run.beside)]


def test_the_line_of_a_long_run_is_true_in_the_window_and_in_the_file(amount):
    if not (updates := amount(quick=0, ci=50_000, night=10_000_000)):
        pytest.skip("takes many updates")
    state = learning(updates, 0.3, "sigmoid", validation=0.25)
    whole = trained(state, updates, float("inf")).run
    shown = trained(state, updates, USUAL_LIMITS.history_points)
    written = native.write(shown)
    read = native.read(Source(written))
    assert len(curves(whole)) == 4
    for curve, *others in zip(*map(curves, (whole, shown.run, read.run)), strict=True):
        assert len(curve) == updates + 1
        for other in others:
            check_line(other.line, curve.points)
    later = keep(edits.randomise(shown, 3), shown)
    (kept,) = later.runs
    np.testing.assert_array_equal(kept.run.history.points, whole.history.brief().points)
    (again,) = native.read(Source(native.write(later))).runs
    np.testing.assert_array_equal(again.run.history.points, kept.run.history.points)
    assert len(json.loads(written)["run"]["history"]) <= 4 * 4096
