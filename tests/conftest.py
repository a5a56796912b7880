"""Tests run without a display; `--robust` says how many hostile inputs and accidents tests/robust tries."""

import gc
import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # several spin on cores that others need


def pytest_addoption(parser):
    parser.addoption(
        "--robust",
        choices=("quick", "full", "long"),
        default="quick",
        help="how much tests/robust tries: quick every day, full as .ci/run does, long for a night",
    )


def pytest_collection_finish():
    """Leave what pytest holds of the tests, to the end, out of every collection of garbage."""
    gc.freeze()


@pytest.fixture(autouse=True)
def time_for_a_busy_machine(monkeypatch):
    """A Step and the way back are done at once on a machine that does other things, too."""
    monkeypatch.setattr("nnviz.document.training.job.AT_ONCE_S", 1.0)


@pytest.fixture
def windows(monkeypatch):
    """Return the windows that nnviz.watch opens in the test, which are stand-ins."""
    from tests.watched import Window

    opened = []

    def start(_what):
        opened.append(Window())
        return opened[-1]

    monkeypatch.setattr("nnviz.watching.link.window_process", start)
    monkeypatch.setattr("nnviz._system.check", lambda **_: None)
    yield opened
    for window in opened:
        window.close()
