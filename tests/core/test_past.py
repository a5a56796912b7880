"""Earlier iterations, the best one and earlier runs against what training was then, to the last bit."""

import weakref
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits, structure
from nnviz.core.history import History
from nnviz.core.limits import EARLIER_POINTS, EARLIER_RUNS
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.training import best, carry_out, train
from nnviz.core.training.best import Best
from nnviz.core.training.earlier import forget_runs, with_earlier
from nnviz.core.training.past import KEPT_STATES, Past, Replay, beginning, is_trained, leads_to, put_into
from nnviz.core.training.trainer import Trainer
from tests.core import oracle
from tests.core.test_overfitting import RUNS, started


def start(rows=11, **training):
    network = oracle.make_network([2, 4, 1], ["tanh", "identity"], [True, True], 5)
    return oracle.make_state(network, rows, 7, **{"learning_rate": 0.05, **training})


def bits(state):
    numbers = [np.array(oracle.parameters(state.network)).tobytes()]
    return [*numbers, state.run.memory.tobytes(), state.run.optimizer, state.iteration]


def gone_to(past, iteration):
    known = past.nearest(iteration)
    replay = Replay(known, past.end)
    for _ in replay.work(iteration - known.iteration):
        pass
    return replay.state()


def followed(states):
    past = Past(states[0])
    for state in states[1:]:
        past.follow(state)
    return past


def run_with_changes(state):
    """Return the States after every update: a new learning rate on the way, then other settings."""
    seen, trainer = [state], Trainer(state)
    for _ in trainer.work(9):
        seen.append(trainer.state())
        if trainer.iteration == 4:
            trainer.learning_rate = 0.2
    adam = {"learning_rate": 0.01, "optimizer": "adam", "seed": 3}
    for settings in ({"learning_rate": 0.2, "batch_size": 4}, adam):
        trainer = Trainer(replace(seen[-1], training=replace(state.training, **settings)))
        seen.extend(trainer.state() for _ in trainer.work(5))
    return seen


EDITS = {
    "weight": lambda s: edits.set_weight(s, 0, 0, 0, 1.0),
    "target": lambda s: edits.set_target(s, 0, 0, 1.0),
    "random": lambda s: edits.randomise(s, 3),
}
SEEN = run_with_changes(start())


# --- iterations


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 3])
def test_every_iteration_comes_back_to_the_last_bit_whatever_was_changed(optimizer, batch_size):
    seen = run_with_changes(start(optimizer=optimizer, batch_size=batch_size))
    for known in ([seen[0], seen[-1]], [seen[0], seen[3], seen[11], seen[-1]], seen):
        past = followed(known)
        for k in range(1, 20):
            assert bits(gone_to(past, k)) == bits(seen[k])


@pytest.mark.parametrize("batch_size", [None, 3])
def test_an_earlier_iteration_comes_with_the_history_of_that_time(batch_size):
    state = start(batch_size=batch_size)
    past = followed([state, train(state, updates=12).state])
    for k in range(1, 13):
        then = train(state, updates=k).state.run.history.points
        for _ in range(2):  # computed again, then as it is known
            gone = gone_to(past, k)
            assert gone.run.history.points.tolist() == then.tolist()
            past.follow(gone)


def test_a_history_that_was_thinned_since_is_held_by_nothing_that_is_known():
    state = start()
    trainer, past, stores = Trainer(state, history_limit=100), Past(state), []
    for _ in trainer.work(400):
        stores.append(weakref.ref(trainer.state().run.history.store))
        past.follow(trainer.state())
    alive = {id(store()) for store in stores if store() is not None}
    assert len(alive) == 1
    then, expected = gone_to(past, 217), train(state, updates=217).state
    assert bits(then) == bits(expected)
    assert then.run.history.last == expected.run.history.last


def test_a_run_goes_on_from_an_earlier_iteration_to_where_it_ended_or_elsewhere():
    past = followed(SEEN)
    past.follow(SEEN[6])
    past.follow(train(SEEN[6], updates=1, learning_rate=0.2).state)
    assert past.end is SEEN[-1]
    past.follow(SEEN[6])
    other = train(SEEN[6], updates=5, learning_rate=0.3).state
    past.follow(other)
    assert past.end is other
    for k in range(1, 7):
        assert bits(gone_to(past, k)) == bits(SEEN[k])
    assert bits(gone_to(past, 8)) == bits(train(SEEN[6], updates=2, learning_rate=0.3).state)
    more = replace(SEEN[3], training=replace(SEEN[3].training, updates=77))
    assert leads_to(train(more, updates=1).state, SEEN[-1])


def test_undoing_an_edit_or_another_run_leads_on_to_the_end_of_the_first():
    for edit in EDITS.values():
        past = followed(SEEN)
        middle = gone_to(past, 4)
        for state in (middle, edit(middle), middle):
            past.follow(state)
        assert past.end is SEEN[-1]
        assert [bits(gone_to(past, k)) for k in range(1, len(SEEN))] == [bits(each) for each in SEEN[1:]]
        past.follow(edit(SEEN[-1]))  # an edit has no past
        assert (past.end.iteration, past.end.run) == (0, None)
    past = followed(SEEN)
    edited = edits.set_weight(SEEN[4], 0, 0, 0, 1.0)
    other = train(SEEN[3], updates=2, learning_rate=0.3).state
    for state in (SEEN[4], edited, train(edited, updates=3).state, edited, SEEN[4]):
        past.follow(state)
    assert past.end is SEEN[-1]
    for state in (SEEN[3], other, SEEN[3]):
        past.follow(state)
    assert past.end is other


def test_the_way_of_the_last_run_stays_known_until_the_data_change():
    past = followed(SEEN)
    past.follow(edits.set_weight(SEEN[-1], 0, 0, 0, 1.0))
    assert past.way() == [state.network for state in SEEN]
    past.follow(SEEN[7])
    assert past.way() == [state.network for state in SEEN[:8]]
    past.follow(SEEN[0])
    assert past.way() == []
    past = followed(SEEN)
    past.follow(edits.set_target(SEEN[-1], 0, 0, 1.0))
    assert past.way() == []


def test_names_and_settings_that_changed_since_stay():
    now = edits.rename(SEEN[-1], 1, 0, "first")
    now = edits.set_training(now, replace(now.training, learning_rate=0.5))
    then = put_into(now, gone_to(followed(SEEN), 3))
    assert (then.network.layers[0].nodes[0], then.training.learning_rate) == ("first", 0.5)
    assert bits(then) == bits(SEEN[3])


def test_few_states_are_kept_and_every_iteration_stays_in_reach():
    trainer, past, reached = Trainer(start()), Past(start()), {}
    for _ in trainer.work(3 * KEPT_STATES):
        reached[trainer.iteration] = trainer.state()
        past.follow(reached[trainer.iteration])
    nearest = [past.nearest(k).iteration for k in range(1, 3 * KEPT_STATES)]
    assert max(k - near for k, near in enumerate(nearest, 1)) < 16
    assert len(set(nearest)) <= KEPT_STATES
    assert bits(gone_to(past, 100)) == bits(reached[100])


def test_redo_into_another_run_goes_back_in_the_run_that_is_redone():
    first = start()
    trained = train(first, updates=1).state
    past = followed([first, trained])
    past.follow(back := put_into(trained, past.nearest(0)))
    edited = replace(back, network=edits.set_weight(back, 0, 0, 0, 7.0).network, run=None)
    again = train(edited, updates=3).state
    for state in (edited, again, edited, back, edited):  # undone twice, and done again once
        past.follow(state)
    assert past.end is again
    assert past.nearest(0).network is edited.network


def test_a_run_of_another_structure_is_not_what_training_alone_made():
    state = start()
    for other in (structure.remove_biases(state, 0), structure.add_node(state, 1)):
        trained = train(other, updates=2).state
        assert not is_trained(state, trained)
        assert not is_trained(trained, state)
    assert is_trained(state, train(state, updates=2).state)


# --- the best iteration

NAMES = {run["name"]: run for run in RUNS}
FULL, BATCHES = "circles: a small valley, then a long rise", "moons: the same in mini-batches, which wobble"


def found_best(state):
    """Return where the training of `state` ends, and the State of the least validation loss."""
    finder = Best(state)
    end = carry_out(state, follow=finder.follow).state
    return end, finder.of(end)


@pytest.mark.crossed(
    pace=(0.0, 1e9),  # a State after each update, or none but the first
    name=(FULL, BATCHES),
    earlier=(0, 42, 210),  # from the start, gone on with, gone on behind it
)
def test_the_best_state_is_that_of_a_run_that_ended_there(pace, name, earlier, monkeypatch):
    monkeypatch.setattr(best, "WORK_PER_STATE", pace)
    begun = started(NAMES[name])
    updates = replace(begun.training, updates=300)
    end, found = found_best(
        replace(train(begun, updates=earlier).state if earlier else begun, training=updates)
    )
    curve = end.run.curve("validation").points
    least = int(curve[curve[:, 1].argmin(), 0])
    assert 0 < found.iteration == least < end.iteration
    assert found.training == end.training
    expected = train(begun, updates=least).state
    assert bits(found) == bits(expected)
    assert found.run.segments == expected.run.segments
    np.testing.assert_array_equal(found.run.points, expected.run.points)


def test_the_last_or_the_first_state_is_the_best_where_nothing_was_better():
    state = started(NAMES["wages: both losses fall"])
    end, found = found_best(replace(state, training=replace(state.training, updates=60)))
    assert found is end
    state = started(NAMES["spiral: few rows, validation never falls"])
    _, found = found_best(state)
    assert (found.iteration, len(found.run.history)) == (0, 1)
    assert found.network == state.network


# --- earlier runs

RUN = train(start(8), updates=12).state
NAME = "learning rate 0.05 · gradient descent · 12 updates"


def names(state):
    return [run.name for run in state.runs]


def other_rate(state):
    return edits.set_training(state, replace(state.training, learning_rate=0.01))


def test_the_run_before_is_kept_with_its_settings_and_its_curve(approved):
    (kept,) = with_earlier(other_rate(beginning(RUN)), RUN).runs
    assert (kept.name, kept.iterations, kept.training) == (NAME, 12, RUN.training)
    assert kept.history.tolist() == RUN.run.history.points.tolist()
    assert kept.network.in_words == "2-4-1"
    assert kept.fits(RUN.network)
    assert not kept.fits(structure.add_node(RUN, 1).network)
    unusual = train(start(8, batch_size=3, seed=4, optimizer="adam"), updates=1).state
    (other,) = with_earlier(edits.randomise(unusual, 5), unusual).runs
    approved("names of earlier runs", f"{kept.name}\n{kept.called()}\n{other.name}")


def test_a_run_is_kept_when_an_edit_ends_it():
    changes = [edit(state) for edit in EDITS.values() for state in (RUN, beginning(RUN))]
    changes.append(edits.set_activation(beginning(RUN), 0, "relu"))
    middle = replace(train(start(8), updates=5).state, data=RUN.data)
    middle = replace(middle, run=replace(middle.run, start=RUN.run.start))
    assert with_earlier(middle, RUN) is middle
    changes.append(other_rate(middle))  # from the middle of the run another one branches off
    assert [names(with_earlier(change, RUN)) for change in changes] == [[NAME]] * 8


def test_a_run_that_goes_on_is_made_again_or_has_no_curve_is_not_kept():
    again = edits.with_network(RUN, replace(RUN.run.start))
    for state in (RUN, beginning(RUN), other_rate(RUN), again, edits.rename(beginning(RUN), 0, 0, "x")):
        assert with_earlier(state, RUN) is state
    assert with_earlier(start(8), None).runs == ()
    short = replace(RUN, run=replace(RUN.run, history=RUN.run.history.end()))
    state = edits.randomise(RUN, 3)
    assert with_earlier(state, short) is state


def test_runs_of_one_name_get_a_number_and_a_run_is_kept_once():
    state = start(8)
    for weight in (0.1, 0.2, 0.3, 0.2):
        begun = edits.set_weight(replace(start(8), runs=state.runs), 0, 0, 0, weight)
        run = train(begun, updates=12).state
        state = with_earlier(edits.set_weight(run, 0, 0, 0, -1.0), run)
    assert names(state) == [NAME, f"{NAME} (3)", f"{NAME} (2)"]
    losses = [edits.set_weight(start(8), 0, 0, 0, weight).loss() for weight in (0.1, 0.3, 0.2)]
    assert [kept.history[0, 1] for kept in state.runs] == pytest.approx(losses, rel=1e-12)


def test_the_latest_runs_are_kept_and_training_takes_them_along():
    state = start(8)
    for updates in range(1, 12):
        run = train(edits.with_network(state, state.network), updates=updates).state
        state = with_earlier(edits.set_weight(run, 0, 0, 0, 0.5), run)
    assert [run.iterations for run in state.runs] == list(range(12 - EARLIER_RUNS.most, 12))
    assert forget_runs(state).runs == ()
    assert train(state, updates=3).state.runs == state.runs


@pytest.mark.parametrize("length", [2, 501, 16_384, 16_385, 131_072])
def test_a_long_curve_of_an_earlier_run_keeps_its_extremes_and_ends(length):
    losses = np.random.default_rng(length).random(length) + 0.5
    points = np.column_stack((np.arange(length), losses))
    brief = History().extended(points).line
    assert min(length, 4096) <= len(brief) <= EARLIER_POINTS.most
    assert (np.diff(brief[:, 0]) > 0).all()
    assert brief[[0, -1]].tolist() == points[[0, -1]].tolist()
    assert (brief[:, 1].min(), brief[:, 1].max()) == (losses.min(), losses.max())
