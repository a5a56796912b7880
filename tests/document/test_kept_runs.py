"""Runs that the document keeps: through undo, other settings, names, saves and copies of work."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.runs import delete_run, label_run, return_to
from nnviz.core.schedules import SCHEDULES, of_numbers
from nnviz.core.state import Dataset, RunLabel, State, Training
from nnviz.core.train import train
from nnviz.document.document import Document
from nnviz.document.training import Runner
from nnviz.files import native, snapshot
from nnviz.files.source import Source
from tests.core.oracle import make_network, set_weight
from tests.ui.runs import exercise, mse_after


@pytest.fixture
def document(qapp):
    return Document(exercise())


@pytest.fixture
def runner(document):
    return Runner(document)


def learn(qtbot, document, runner, rate):
    runner.set_training(replace(document.state.training, learning_rate=rate))
    runner.speed = 1.0
    with qtbot.waitSignal(runner.run_ended):
        runner.run()


def table(document):
    return [
        (each.id, each.state.run.segments[-1].training.learning_rate) for each in document.run_table().runs
    ]


def reopened(document, path):
    document.save(path)
    document.start(*document.read(path))
    return document


def test_undo_of_a_run_removes_only_this_run(qtbot, document, runner):
    for number, rate in enumerate((0.01, 0.02, 0.03)):
        if number:
            runner.restart()
        learn(qtbot, document, runner, rate)
    document.undo()
    assert table(document) == [(1, 0.01), (2, 0.02)], "only the run that was undone is gone"
    learn(qtbot, document, runner, 0.005)
    assert [rate for _, rate in table(document)] == [0.01, 0.02, 0.005]


def test_an_undone_run_is_kept_when_another_one_begins_and_stays_after_undo(qtbot, document, runner):
    learn(qtbot, document, runner, 0.01)
    document.undo()
    learn(qtbot, document, runner, 0.02)
    assert table(document) == [(1, 0.01), (2, 0.02)]
    document.undo()
    learn(qtbot, document, runner, 0.03)
    assert [rate for _, rate in table(document)] == [0.01, 0.02, 0.03]


@pytest.mark.parametrize("at", [0, 7])
def test_a_save_in_the_middle_of_a_run_keeps_the_whole_run(qtbot, document, runner, tmp_path, at):
    learn(qtbot, document, runner, 0.01)
    runner.scrub_to(at)
    again = reopened(document, tmp_path / "x.json")
    assert again.state.iteration == at
    assert again.state.loss() == pytest.approx(mse_after(at))
    whole = next(each for each in again.run_table().runs if each.run.iteration == 20)
    again.edit("Return", return_to, whole.id, None)
    assert again.state.loss() == pytest.approx(mse_after(20))


def test_after_a_return_to_a_start_the_slider_is_that_of_no_other_run_and_the_file_is_saved(
    qtbot, document, runner, tmp_path
):
    learn(qtbot, document, runner, 0.01)
    runner.restart()
    learn(qtbot, document, runner, 0.02)
    document.edit("Return", return_to, 1, document.past.last, True)
    assert (runner.travel.end, document.state.training.learning_rate) == (0, 0.01)
    assert table(document) == [(1, 0.01), (2, 0.02)]
    learn(qtbot, document, runner, 0.01)
    runner.scrub_to(5)
    again = reopened(document, tmp_path / "x.json")
    labels = [each.id for each in again.run_table().runs]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("back", [None, 0, 7])
def test_a_run_that_is_current_again_after_undo_is_there_once_and_is_saved(
    qtbot, document, runner, tmp_path, back
):
    """Another rate keeps the run; undo makes it the current one again."""
    learn(qtbot, document, runner, 0.01)
    document.edit("Rename", label_run, 1, {"name": "mine"})
    if back is not None:
        runner.scrub_to(back)
    learn(qtbot, document, runner, 0.02)
    document.undo()
    document.undo()  # of the other rate
    state = document.state
    assert [each.name for each in document.run_table().runs] == ["mine"]
    again = reopened(document, tmp_path / "x.json")
    assert [each.run.iteration for each in again.run_table().runs].count(20) == 1
    assert again.state.network == state.network
    assert again.state.loss() == pytest.approx(mse_after(20 if back is None else back))


def test_a_run_that_goes_on_after_another_one_was_undone_is_kept_with_all_updates(qtbot, document, runner):
    learn(qtbot, document, runner, 0.01)
    learn(qtbot, document, runner, 0.02)
    document.undo()
    document.undo()
    learn(qtbot, document, runner, 0.01)
    assert document.state.iteration == 40
    document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    assert 40 in [kept.iteration for kept in document.state.runs]
    ids = [kept.run.label.id for kept in document.state.runs]
    assert len(ids) == len(set(ids))


def test_a_name_of_the_current_run_stays_with_it(qtbot, document, runner):
    learn(qtbot, document, runner, 0.01)
    document.edit("Rename", label_run, 1, {"name": "mine", "pinned": True})
    assert document.run_table().runs[0].name == "mine"
    runner.scrub_to(5)
    assert document.run_table().runs[0].name == "mine"
    document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    (kept,) = document.state.runs
    assert kept.run.label == RunLabel(1, None, "mine", "", True)
    assert kept.iteration == 20


def test_settings_changed_after_a_run_are_not_those_of_the_run(qtbot, document, runner):
    learn(qtbot, document, runner, 0.01)
    runner.set_training(replace(document.state.training, optimizer="adam"))
    assert document.run_table().runs[0].settings["optimizer"] == "gradient descent"
    document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    assert document.state.runs[0].training.optimizer == "gradient_descent"
    assert document.state.training.optimizer == "adam"


def test_a_run_that_is_too_large_to_keep_removes_no_other(monkeypatch, qapp):
    document = Document(train(exercise()).state)
    document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    wide = make_network([3, 200, 1], ["tanh", "identity"], [True, True])
    document.push(replace(train(replace(exercise(), network=wide)).state, runs=document.state.runs), "Wide")
    limit = replace(native.KEPT_NUMBERS, limit=600)
    monkeypatch.setattr("nnviz.core.runs.KEPT_NUMBERS", limit)
    document.edit("Random", edits.randomise, 3)
    assert [kept.run.label.id for kept in document.state.runs] == [1]


def test_a_hidden_run_that_is_deleted_or_left_hides_no_other(document):
    document.hide_runs(frozenset({2}))
    document.start(exercise())
    assert document.now.hidden_runs == frozenset()


def test_copies_of_work_hold_shared_rows_once_and_every_schedule(qapp):
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(500, 3)), rng.normal(size=(500, 1)))
    schedules = [of_numbers(kind, kind.example) for kind in SCHEDULES.values()]
    state = replace(exercise(), data=data)
    sizes = []
    for number in range(6):
        training = Training(0.01, 3, schedule=schedules[number % len(schedules)])
        document = Document(train(replace(state, run=None, training=training)).state)
        document.edit("Random", edits.randomise, number)
        state = document.state
        parts = snapshot.copy_parts(state, snapshot.About("", "", None, b""))
        copied = b"".join(snapshot.with_digest(parts))
        sizes.append(len(copied))
        runs = snapshot.Copy(copied).state().runs
        assert [kept.training for kept in runs] == [kept.training for kept in state.runs]
    assert sizes[-1] < sizes[0] + 500 * 4 * 8


def test_kept_runs_beyond_the_limits_of_a_file_are_left_out_and_nnviz_says_so(monkeypatch):
    state = train(exercise()).state
    document = Document(state)
    document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    monkeypatch.setattr("nnviz.core.runs.KEPT_NUMBERS", replace(native.KEPT_NUMBERS, limit=10))
    assert native.left_out(document.state) == ["1 kept run, too large for a file"]
    again = native.read(Source(native.write(document.state)))
    assert (again.runs, again.network) == ((), document.state.network)


def test_a_deleted_run_comes_back_by_undo(document, qtbot, runner):
    learn(qtbot, document, runner, 0.01)
    document.edit("Edit", set_weight, 0, 0, 0, 5.0)
    document.edit("Delete", delete_run, 1)
    assert document.state.runs == ()
    document.undo()
    assert [each.id for each in document.run_table().runs] == [1]
    assert isinstance(document.state, State)
