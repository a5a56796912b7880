"""What every test may ask for: how much to try, approved texts, every pair of choices."""

import gc
import os
import threading
from itertools import product

import hypothesis
import pytest
from allpairspy import AllPairs

from nnviz import system
from tests import engine
from tests.approved import Approved
from tests.surroundings import settle

settle()
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # several spin on cores that others need

for _name, _examples in {"quick": 25, "ci": 100, "night": 2000}.items():
    hypothesis.settings.register_profile(
        _name, deadline=None, max_examples=_examples, derandomize=_name == "quick"
    )


def pytest_addoption(parser):
    try:
        system.check(window=False)
    except system.DisplayError as error:  # before pytest-qt prints a traceback
        raise pytest.UsageError(str(error)) from None
    group = parser.getgroup("nnviz")
    group.addoption(
        "--ci", action="store_true", help="try as many hostile files and accidents as .ci/run does"
    )
    group.addoption("--night", action="store_true", help="try every combination, and soak for hours")
    group.addoption("--approve", action="store_true", help="write the texts that tests see beside them")


def effort(config) -> str:
    """Return how much the tests try: "quick", "ci" or "night"."""
    return "night" if config.getoption("--night") else "ci" if config.getoption("--ci") else "quick"


def pytest_configure(config):
    try:
        engine.check_kernel()
    except engine.OldKernelError as error:
        raise pytest.UsageError(str(error)) from None
    hypothesis.settings.load_profile(effort(config))
    unwritable = "ignore::pytest.PytestCacheWarning"  # the checkout may be another user's
    config.addinivalue_line("filterwarnings", unwritable)


def pytest_terminal_summary(terminalreporter):
    """Write which engine has trained; a header would be left out with -q."""
    terminalreporter.write_line(f"engine: {engine.name()}")


def pytest_xdist_auto_num_workers(config):
    """Return one worker a core; none for a single test, and none where texts are written."""
    single = any("::" in argument for argument in config.args)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if single or cores < 2 or config.getoption("--approve") else min(cores, 8)


def pytest_generate_tests(metafunc):
    """Try every pair of a `crossed` test's choices; with --night every combination."""
    for mark in metafunc.definition.iter_markers("crossed"):
        choices = [*mark.kwargs.values()]
        rows = [*product(*choices)] if effort(metafunc.config) == "night" else [*AllPairs(choices)]
        metafunc.parametrize([*mark.kwargs], [tuple(row) for row in rows])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark each test that asks for `amount`: `--ci -m more` runs what the plain run has not tried in full."""
    for item in items:
        if "amount" in item.fixturenames:
            item.add_marker("more")


def pytest_collection_finish():
    """Keep the collected tests out of garbage collection."""
    gc.freeze()


@pytest.fixture
def amount(request):
    """Return a function that picks one of three counts: `quick`, or that for --ci or --night."""
    return lambda **counts: counts[effort(request.config)]


@pytest.fixture
def qtbot(qapp, request):
    """Return pytest-qt's bot, which waits for as long as a busy machine needs."""
    from tests.patient import PatientBot

    return PatientBot(request)


@pytest.fixture
def approved(request, tmp_path):
    """Return a function that compares a text with the approved one of that title."""
    return Approved(request.path, tmp_path, writes=request.config.getoption("--approve"))


@pytest.fixture(autouse=True)
def time_for_a_busy_machine(monkeypatch):
    """Let a single step and the way back finish at once on a busy machine."""
    monkeypatch.setattr("nnviz.document.job.AT_ONCE_S", 1.0)


@pytest.fixture(scope="session")
def forks():
    """Return a function that runs programs in forks of one process that has imported nnviz."""
    from tests.processes import Forks

    with Forks() as forks:
        yield forks


class WatchingWindow:
    """Stands in for the window that watches a training: a pipe that the test reads."""

    def __init__(self):
        reads, writes = os.pipe()
        self.stdin, self._stream = os.fdopen(writes, "wb"), os.fdopen(reads, "rb")
        self._ended = threading.Event()

    def wait(self):
        self._ended.wait(60)
        return 0

    def read(self):
        """Return the State at the start, every frame, and how it ended, once it has ended."""
        from nnviz.files import frames

        state, got = frames.read_start(self._stream), []
        while isinstance(message := frames.read_next(self._stream, state.network.parameters), frames.Frame):
            got.append(message)
        self.close()
        return state, got, message

    def close(self):
        self._ended.set()
        self._stream.close()


@pytest.fixture
def windows(monkeypatch):
    """Return the stand-ins for the windows that nnviz.watch opens in the test."""
    opened = []

    def start(_what):
        opened.append(WatchingWindow())
        return opened[-1]

    monkeypatch.setattr("nnviz.watching.window.window_process", start)
    monkeypatch.setattr("nnviz.system.check", lambda **_: None)
    yield opened
    for window in opened:
        window.close()
