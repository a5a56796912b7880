"""Sweeps on a real Dask cluster: two workers on this computer, each a process."""

import os
import signal

import pytest
from distributed import Client, LocalCluster

from nnviz.cli.main import main
from nnviz.core.sweep import carry_out_trials, combinations, sweep
from nnviz.core.train import train
from nnviz.core.workers import Cluster, WorkerError
from tests.core.test_sweep import small
from tests.core.test_training import numbers, start

RATES = {"learning_rate": [0.01, 0.02, 0.03], "hidden": [(2,), (3,)]}


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made


@pytest.fixture
def workers(cluster):
    made = Cluster(cluster.scheduler_address)
    yield made
    made.close()


def end_first_worker(*_):
    """End the worker that calls this first; return the number of calls after that."""
    from distributed import get_client

    tries = get_client().get_metadata("tries", 0)
    get_client().set_metadata("tries", tries + 1)
    if not tries:
        os.kill(os.getpid(), signal.SIGKILL)
    return tries


def end_worker(*_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("made", [start, small])
def test_a_cluster_trains_to_the_bits_of_this_process(cluster, made):
    state = made(9)
    found = sweep(state, **RATES, updates=30, backend="dask", scheduler=cluster.scheduler_address)
    for run, trial in zip(found, combinations(state, RATES, None, 30), strict=True):
        assert numbers(run.state) == numbers(train(trial.state).state)
        assert run.state.data is state.data


def test_a_run_goes_on_when_its_worker_is_killed(workers):
    assert workers.call(end_first_worker, ()) == 1


def test_a_run_that_kills_its_workers_ends_the_sweep_with_a_sentence(workers):
    with pytest.raises(WorkerError, match="a run was given up because its worker was killed 4 times"):
        workers.call(end_worker, ())


def test_closing_leaves_nothing_running_on_the_cluster(cluster, workers):
    long = combinations(start(9), {"learning_rate": [0.01, 0.02]}, None, 10**9)
    runs = carry_out_trials([*combinations(start(9), {}, None, 1), *long], workers)
    assert next(runs)[0] == 0
    runs.close()
    workers.close()
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        while any(client.run(lambda dask_worker: len(dask_worker.state.executing)).values()):
            pass
        while any(client.run(lambda dask_worker: len(dask_worker.state.tasks)).values()):
            pass


def test_the_command_sweeps_on_a_cluster(cluster, capsys):
    line = ["sweep", "xor", "--learning-rate", "0.1,0.2", "--updates", "50"]
    assert main(line) == 0
    alone = capsys.readouterr()
    assert main([*line, "--backend", "dask", "--scheduler", cluster.scheduler_address]) == 0
    assert capsys.readouterr() == alone


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "foo://host:1"])
def test_a_scheduler_that_does_not_answer_is_named(address, capsys, monkeypatch):
    monkeypatch.setattr("nnviz.core.workers.CONNECT_S", 1)
    assert main(["sweep", "xor", "--backend", "dask", "--scheduler", address]) == 1
    assert capsys.readouterr().err.startswith(f"no Dask scheduler answers at {address} (")
