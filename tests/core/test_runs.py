"""Kept runs: which are kept and when, in which settings they differ, and what comes back with one."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.history import History
from nnviz.core.network import Network
from nnviz.core.numbers import KEPT_NUMBERS, KEPT_POINTS, KEPT_RUNS
from nnviz.core.replay import Past, Replay, leads_to, state_at_start
from nnviz.core.runs import (
    SEGMENT_NUMBERS,
    add_runs,
    begin,
    delete_run,
    delete_runs,
    keep,
    keep_ended,
    label_run,
    numbers_of,
    return_to,
    run_table,
    set_baseline,
)
from nnviz.core.state import RunLabel, WeightSet
from nnviz.core.sweep import sweep
from nnviz.core.train import carry_out, train
from tests.core.oracle import set_weight
from tests.core.test_training import edited, numbers, start

RUN = train(start(8), updates=12).state


def with_settings(state, **settings):
    return edits.set_training(state, replace(state.training, **settings))


def ids(state):
    return [kept.run.label.id for kept in state.runs]


def after(state, last=None, **settings):
    """Return the end of a run of `state` with other settings, as the window makes it."""
    return carry_out(begin(with_settings(state, **settings), last or state)).state


def iteration_of(end, k):
    """Return the State at an iteration of the run that has ended in `end`, computed again from its start."""
    begun = state_at_start(end)
    if k == 0:
        return begun
    replay = Replay(begun, end)
    for _ in replay.work(k):
        pass
    return replay.state()


# --- which runs are kept


def test_an_edit_that_ends_a_run_keeps_it_with_its_rows_weights_and_settings():
    for edit in edited(RUN):
        (kept,) = keep_ended(RUN, edit, RUN).runs
        assert (kept.network, kept.data, kept.training) == (RUN.network, RUN.data, RUN.training)
        assert kept.run.history.points.tolist() == RUN.run.history.points.tolist()
        assert numbers(iteration_of(kept, 5)) == numbers(iteration_of(RUN, 5))


def test_edits_that_end_no_run_and_runs_without_updates_keep_nothing():
    begun = state_at_start(RUN)
    undone = edits.with_network(RUN, RUN.run.start)
    for new in (begun, undone, edits.rename(RUN, 0, 0, "x"), with_settings(RUN, updates=3)):
        assert keep_ended(RUN, new, RUN) is new
    changed = edits.randomise(RUN, 3)
    assert keep_ended(start(8), changed, None) is changed
    without_a_curve = replace(RUN, run=replace(RUN.run, history=RUN.run.history.end()))
    assert keep(changed, without_a_curve) is changed
    assert keep(changed, begun) is changed


def test_an_edit_after_going_back_keeps_the_whole_run():
    middle = iteration_of(RUN, 5)
    middle = replace(middle, data=RUN.data)
    (kept,) = keep_ended(middle, edits.randomise(middle, 3), RUN).runs
    assert kept.iteration == 12


@pytest.mark.parametrize("at", [0, 5, 12])
def test_other_settings_begin_a_new_run_and_the_same_ones_go_on(at):
    state = iteration_of(RUN, at) if at < 12 else RUN
    for same in (state, with_settings(state, updates=30)):
        assert begin(same, RUN) is same
    for settings in ({"learning_rate": 0.01}, {"optimizer": "adam"}, {"batch_size": 3}, {"l2": 0.1}):
        begun = begin(with_settings(state, **settings), RUN)
        assert (begun.run, ids(begun)) == (None, [1])
        assert begun.network == state.network
        new = carry_out(replace(begun, training=replace(begun.training, updates=2))).state
        assert new.run.label == RunLabel(2, 1)


def test_a_run_that_another_repeats_is_removed_unless_it_has_a_name():
    first = keep(set_weight(RUN, 0, 0, 0, 9.0), RUN)
    first = label_run(first, 1, {"name": "mine", "pinned": True})
    repeated = train(replace(first, network=RUN.run.start, run=None), updates=20).state
    again = keep(edits.randomise(repeated, 3), repeated)
    kept, repeat = again.runs
    assert (kept.run.label.name, kept.iteration, repeat.iteration) == ("mine", 12, 20), "a named run stays"
    unnamed = keep(set_weight(RUN, 0, 0, 0, 9.0), RUN)
    repeated = train(replace(unnamed, network=RUN.run.start, run=None), updates=20).state
    (kept,) = keep(edits.randomise(repeated, 3), repeated).runs
    assert (kept.run.label.id, kept.iteration) == (2, 20)
    shorter = train(replace(first, network=RUN.run.start, run=None), updates=5).state
    assert ids(keep(edits.randomise(shorter, 3), shorter)) == [1, 2], "its end would be lost"


def test_a_watched_run_is_not_kept_and_does_not_go_on():
    watched = replace(RUN, run=replace(RUN.run, watched=True))
    assert keep(edits.randomise(RUN, 3), watched).runs == ()
    assert begin(watched, watched).run is None


def many_runs(count, pinned=()):
    state = start(8)
    for seed in range(count):
        last = train(edits.randomise(state, seed), updates=2).state
        if seed + 1 in pinned:
            last = label_run(last, last.run.label.id, {"pinned": True})
        state = keep(edits.randomise(last, 1000), last)
    return state


def test_beyond_the_limit_the_oldest_runs_that_are_not_pinned_go():
    most = KEPT_RUNS.limit
    assert ids(many_runs(most + 3, pinned=(1, 3))) == [1, 3, *range(6, most + 4)]
    assert train(many_runs(3), updates=3).state.run.label == RunLabel(4, 3)


def test_large_networks_keep_fewer_runs(monkeypatch):
    state = many_runs(6)
    size = numbers_of(state.runs[:1], state)
    assert size == 2 * state.network.parameters + 2 * 3 + SEGMENT_NUMBERS, "no memory, and three points"
    monkeypatch.setattr("nnviz.core.runs.KEPT_NUMBERS", replace(KEPT_NUMBERS, limit=3 * size))
    assert ids(keep(edits.randomise(RUN, 3), RUN)) == [1]
    last = train(edits.randomise(state, 9), updates=2).state
    assert ids(keep(edits.randomise(last, 1000), last)) == [5, 6, 7]


def test_rows_that_several_runs_share_count_once():
    state = many_runs(2)
    other = edits.set_value(state, edits.Address("target", 0, 0), 5.0, 0)
    assert numbers_of(state.runs, other) - numbers_of(state.runs, state) == state.data.numbers


@pytest.mark.parametrize("length", [2, 501, 1023, 1024, 4096, 16_385, 131_072])
def test_a_long_curve_keeps_its_extremes_and_ends_in_few_points(length):
    losses = np.random.default_rng(length).random(length) + 0.5
    points = np.column_stack((np.arange(length), losses))
    brief = History().extended(points).brief()
    assert min(length, 1024) <= len(brief) <= KEPT_POINTS.limit
    assert (np.diff(brief.points[:, 0]) > 0).all()
    assert brief.points[[0, -1]].tolist() == points[[0, -1]].tolist()
    assert (brief.points[:, 1].min(), brief.points[:, 1].max()) == (losses.min(), losses.max())
    assert brief.brief().points.tolist() == brief.points.tolist()
    assert brief.is_thinned == (len(brief) < length)


# --- going back to one


def rates():
    """Return the end of the last of three runs with other learning rates from one start."""
    first = train(start(8), updates=12).state
    second = after(state_at_start(first), first, learning_rate=0.01)
    return after(state_at_start(second), second, optimizer="adam", updates=7)


def test_every_iteration_of_a_run_one_returns_to_is_the_same_to_the_last_bit():
    end = rates()
    for run_id in (1, 2):
        kept = next(each for each in end.runs if each.run.label.id == run_id)
        back = return_to(end, run_id, end)
        assert (back.network, back.training, back.run) == (kept.network, kept.training, kept.run)
        assert sorted(ids(back)) == sorted({1, 2, 3} - {run_id})
        past = Past(back)
        assert past.end is back
        for k in (0, 1, 6, 11):
            assert numbers(iteration_of(back, k)) == numbers(iteration_of(kept, k))
        further, straight = train(back, updates=3).state, train(start(8), updates=back.iteration + 3)
        if run_id == 1:
            assert numbers(further) == numbers(straight.state)


def test_the_start_of_a_run_comes_back_and_the_run_stays_the_parent_of_the_next():
    end = rates()
    begun = return_to(end, 1, end, at_start=True)
    assert (begun.network, begun.run) == (start(8).network, None)
    assert ids(begun) == [2, 3, 1]
    new = after(begun, end, learning_rate=0.5)
    assert new.run.label == RunLabel(4, 1)


def test_a_run_comes_back_with_its_network_rows_and_the_weight_sets_that_fit():
    sets = (WeightSet.of("small", RUN.network),)
    state = replace(RUN, weight_sets=sets, name="Title", notes="Notes")
    bigger = keep_ended(state, edits.add_node(state, 1), state)
    bigger = edits.set_value(bigger, edits.Address("target", 0, 0), 5.0, 0)
    bigger = replace(bigger, weight_sets=(*bigger.weight_sets, WeightSet.of("big", bigger.network)))
    back = return_to(bigger, 1, None)
    assert (back.network, back.data, back.name, back.notes) == (RUN.network, RUN.data, "Title", "Notes")
    assert back.network.sizes == RUN.network.sizes
    assert all(each.into(back.network) for each in back.weight_sets)
    assert "big" not in [each.name for each in back.weight_sets]


def test_what_there_is_not_is_refused():
    for change in (delete_run, label_run, return_to):
        more = {delete_run: (), label_run: ({},), return_to: (None,)}[change]
        with pytest.raises(ValueError, match="there is no run with the id 9"):
            change(rates(), 9, *more)
    curve = keep(edits.randomise(RUN, 3), replace(RUN, run=replace(RUN.run, curve_only=True)))
    with pytest.raises(ValueError, match="an older version of nnviz kept only the curve"):
        return_to(curve, 1, None)
    with pytest.raises(ValueError, match="name"):
        label_run(rates(), 1, {"name": "two\nlines"})


def test_runs_are_labelled_deleted_and_compared():
    end = set_baseline(rates(), 1)
    assert label_run(end, 3, {"note": "now"}).run.label.note == "now"
    labelled = label_run(end, 2, {"name": "slow"})
    assert [kept.run.label.name for kept in labelled.runs] == ["", "slow"]
    assert labelled.runs[0] is end.runs[0]
    assert (ids(delete_run(end, 2)), delete_run(end, 2).baseline) == ([1], 1)
    assert (ids(delete_run(end, 1)), delete_run(end, 1).baseline) == ([2], None)
    assert (delete_runs(end).runs, delete_runs(end).baseline) == ((), None)
    assert train(delete_run(end, 2), updates=1, learning_rate=0.3).state.run.label == end.run.label


# --- beside each other


def test_runs_are_named_by_what_differs(approved):
    end = rates()
    other = keep_ended(end, edits.add_node(end, 1), end)
    other = after(other, end, learning_rate=0.1 + 0.2, l1=0.5, batch_size=3, updates=2)
    penalised = replace(other, training=replace(other.training, learning_rate=2.0))
    last = label_run(after(penalised, other), 5, {"name": "mine"})
    table = run_table([last, *last.runs])
    lines = [f"{each.id}: {each.name} | {each.outcome} | {each.facts['best']:.6g}" for each in table.runs]
    approved("runs beside each other", "\n".join([", ".join(table.differing), *lines]))


def test_equal_settings_are_left_out_and_runs_without_difference_have_numbers():
    state = many_runs(2)
    table = run_table(state.runs)
    assert table.differing == ["seed", "start"]
    assert [each.name for each in table.runs] == ["seed 0", "seed 1"], "the seed says as much"
    edited = set_weight(state.runs[0], 0, 0, 0, 1.0)
    third = train(replace(edited, runs=state.runs), updates=2).state
    fourth = train(replace(third, network=third.run.start, run=None, runs=(*state.runs, third)), updates=2)
    names = [each.name for each in run_table([*state.runs, third, fourth.state]).runs]
    same = "seed 0 · start 3"
    assert names == ["seed 0", "seed 1 · start 2", f"{same} · run 3", f"{same} · run 4"]
    assert [each.name for each in run_table(state.runs[:1]).runs] == ["run 1"]
    assert run_table([]) == ([], [])


def test_the_facts_of_a_run_are_those_of_its_curves():
    end = train(start(10, validation=0.3), updates=9).state
    (named,) = run_table([end]).runs
    losses = end.run.history.points[:, 1]
    assert (named.facts["first"], named.last, named.best) == (losses[0], losses[-1], losses.min())
    assert named.facts["validation"] == end.run.curve("validation").last[1]
    assert (named.outcome, named.facts["accuracy"]) == ("done", None)
    assert run_table([train(end, updates=1).state]).runs[0].outcome == "done"
    assert run_table([train(start(10), updates=4).state]).with_state(end).runs[0].state is end
    short = replace(end, training=replace(end.training, updates=20))
    assert run_table([short]).runs[0].outcome == "paused"
    network = Network.from_weights({"output": [1.0]})
    grown = replace(start(8), network=network, data=edits.Dataset([[3.0]], [[0.0]]))
    diverged = train(grown, updates=4000, learning_rate=1.0).state
    assert run_table([diverged]).runs[0].outcome == "diverged"
    assert not state_at_start(diverged).run.diverged
    assert leads_to(state_at_start(diverged), diverged)


# --- seeds of one setting as one run


def test_seeds_of_one_setting_are_one_run_with_a_mean_curve_between_the_extremes():
    swept = sweep(start(10, validation=0.3), learning_rate=[0.05, 0.01], seeds=3, updates=6)
    state = add_runs(start(10, validation=0.3), [run.end for run in swept], None)
    alone = after(state, updates=4)
    table = run_table([*state.runs, alone])
    together = table.with_seeds_together(alone.run.label.id)
    names = ["rate 0.05 · 3 seeds", "rate 0.01 · 3 seeds", "rate 0.05 · seed 0 · start 4"]
    assert [each.name for each in together.runs] == names
    assert together.differing == ["learning_rate"]
    for named, runs in zip(together.runs, (swept[:3], swept[3:]), strict=False):
        losses = np.array([run.end.run.history.points[:, 1] for run in runs])
        for curve, values in zip(
            named.curves(""), (losses.mean(axis=0), losses.min(axis=0), losses.max(axis=0)), strict=True
        ):
            np.testing.assert_allclose(curve.points, np.column_stack((range(7), values)), rtol=1e-15)
        assert named.last == min(runs, key=lambda run: run.validation).loss, "the best by its validation"
        assert named.curves("accuracy") == ()
    assert table.with_seeds_together(None).runs[0].id == together.runs[0].id
    assert [len(each.seeds) for each in table.with_seeds_together(None).runs] == [4, 3]


def test_a_seed_that_has_ended_counts_in_the_mean_with_its_last_value():
    short, long = (train(edits.randomise(start(8), seed), updates=n).state for seed, n in ((1, 3), (2, 7)))
    state = add_runs(start(8), [short, long], None)
    (named,) = run_table(state.runs).with_seeds_together(None).runs
    mean, *_ = named.curves("")
    losses = short.run.history.points[:, 1]
    expected = (np.append(losses, [losses[-1]] * 4) + long.run.history.points[:, 1]) / 2
    np.testing.assert_allclose(mean.points, np.column_stack((range(8), expected)), rtol=1e-15)
