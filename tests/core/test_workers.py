"""Workers of a sweep: processes that train to the bits of this process, and that may be killed."""

import multiprocessing
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

import nnviz
from nnviz.core.engines import engine_of
from nnviz.core.state import COMPILED, NUMPY
from nnviz.core.sweep import carry_out_trials, combinations, sweep
from nnviz.core.train import results_of, train
from nnviz.core.workers import KILLED, Processes, WorkerError, open_workers
from tests.core.refusals import refusals
from tests.core.test_sweep import small
from tests.core.test_training import numbers, start
from tests.processes import ended

LONG = 10**9
"""A number of updates that nobody waits for."""


@pytest.fixture
def workers():
    with closing(Processes(2)) as made:
        yield made
        made.stop.set()
    assert multiprocessing.active_children() == []


def call(workers, function, *arguments):
    """Call a function as a sweep does: in a thread, which does not receive Ctrl+C."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(workers.call, function, *arguments).result()


def end_process(*_):
    os.kill(os.getpid(), signal.SIGTERM)


def end_process_once(path, *_):
    if not path.exists():
        path.touch()
        end_process()
    return "done"


@pytest.mark.parametrize("made", [start, small])
def test_processes_train_to_the_bits_of_this_process(made, workers):
    state = made(9)
    trials = combinations(state, {"learning_rate": [0.01, 0.02, 0.03], "hidden": [(2,), (3,)]}, 2, 20)
    found = dict(carry_out_trials(trials, workers))
    assert sorted(found) == [*range(12)]
    for place, run in found.items():
        alone = train(trials[place].state)
        assert numbers(run.state) == numbers(alone.state)
        assert run.end.run.points.tolist() == alone.end.run.points.tolist()
        assert run.state.data is state.data
        assert not run.state.network.layers[0].weights.flags.writeable


def test_a_group_of_networks_trains_in_a_process_to_the_bits_of_single_runs(workers):
    trials = combinations(start(9), {}, 20, 20)
    for place, run in carry_out_trials(trials, workers):
        assert numbers(run.state) == numbers(train(trials[place].state).state)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGKILL", signal.SIGTERM)]
)
def test_killed_processes_do_not_end_a_sweep(number, workers):
    """SIGINT does nothing, because Ctrl+C in a terminal reaches every process."""
    trials = combinations(start(9), {"learning_rate": [0.01, 0.02], "hidden": [(2,), (3,), (4,)]}, None, 3000)
    found = {}
    for place, run in carry_out_trials(trials, workers):
        found[place] = numbers(run.state)
        if len(found) <= 3:  # at any moment of the work: of both processes, as some wait and some train
            for child in multiprocessing.active_children():
                os.kill(child.pid, number)
    assert found == {k: numbers(train(trial.state).state) for k, trial in enumerate(trials)}


def test_a_run_that_loses_its_process_is_repeated(tmp_path, workers):
    assert call(workers, end_process_once, tmp_path / "made") == "done"
    assert call(workers, end_process_once, tmp_path / "made") == "done"


def test_a_run_that_ends_its_process_again_and_again_ends_the_sweep(workers):
    with pytest.raises(WorkerError, match=KILLED):
        call(workers, end_process, None)


def test_closing_a_sweep_in_processes_leaves_none(workers):
    trials = combinations(start(9), {"learning_rate": [0.01, 0.02]}, None, LONG)
    runs = carry_out_trials([*combinations(start(9), {}, None, 1), *trials], workers)
    assert next(runs)[0] == 0
    runs.close()
    workers.close()
    assert multiprocessing.active_children() == []


def test_stopping_a_sweep_in_processes_ends_it(workers):
    trials = combinations(start(9), {"learning_rate": [0.01, 0.02]}, None, LONG)
    runs = carry_out_trials([*combinations(start(9), {}, None, 1), *trials], workers)
    assert next(runs)[0] == 0
    workers.stop.set()
    assert list(runs) == []


def test_an_error_in_a_process_names_the_state(workers):
    state = start(9)
    empty = nnviz.State(state.network, nnviz.Dataset.empty(state.network), state.training)
    with pytest.raises(ValueError, match=r"states\[1\]: data: training needs at least one row"):
        list(results_of([state, empty], workers))


def test_a_worker_with_another_engine_is_refused(workers, monkeypatch):
    other = COMPILED if engine_of(start(9)) == NUMPY else NUMPY
    monkeypatch.setattr("nnviz.core.train.engine_of", lambda _: other)  # of this process alone
    with pytest.raises(ValueError, match="a worker does not have the engine of this computer"):
        list(carry_out_trials(combinations(start(9), {}, None, 1), workers))


def test_workers_that_cannot_be_are_refused(approved):
    cases = {
        "another backend": lambda: open_workers("joblib"),
        "dask without address": lambda: sweep(start(6), backend="dask"),
        "threads with address": lambda: sweep(start(6), scheduler="tcp://host:1"),
    }
    approved("workers that cannot be", refusals(cases))


SCRIPT = """
import sys, nnviz
found = nnviz.sweep(nnviz.load(sys.argv[1]), learning_rate=[0.1, 0.2], backend=sys.argv[2])
print([run.loss for run in found])
"""
GUARDED = "if __name__ == '__main__':\n    " + SCRIPT.strip().replace("\n", "\n    ")


def test_a_script_needs_a_guard_for_processes_alone_and_is_told_so(tmp_path):
    (tmp_path / "bare.py").write_text(SCRIPT)
    (tmp_path / "guarded.py").write_text(GUARDED)
    nnviz.save(start(9), tmp_path / "state.json")

    def script(name, backend):
        return ended([sys.executable, tmp_path / name, tmp_path / "state.json", backend])

    code, told, err = script("bare.py", "threads")
    assert (code, err, told.count(",")) == (0, "", 1)
    assert script("guarded.py", "processes") == (0, told, "")
    code, out, err = script("bare.py", "processes")
    assert (code, out) == (1, "")
    assert "the processes of a sweep do not start; a script must call it below `if __name__ ==" in err
