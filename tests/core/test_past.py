"""Earlier iterations of a run against what the run was then, to the last bit."""

import weakref
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.structure import add_node, remove_biases
from nnviz.core.training import train
from nnviz.core.training.past import KEPT_STATES, Past, Replay, is_trained, leads_to, put_into
from nnviz.core.training.trainer import Trainer
from tests.core import oracle


def start(rows=11, **training):
    network = oracle.make_network([2, 4, 1], ["tanh", "identity"], [True, True], 5)
    return oracle.make_state(network, rows, 7, learning_rate=0.05, **training)


def bits(state):
    numbers = [np.array(oracle.parameters(state.network)).tobytes()]
    return [*numbers, state.run.memory.tobytes(), state.run.optimizer, state.iteration]


def gone_to(past, iteration):
    return computed(past.nearest(iteration), past.end, iteration)


def computed(known, end, iteration):
    replay = Replay(known, end)
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
    seen = [state]
    trainer = Trainer(state)
    for _ in trainer.work(9):
        seen.append(trainer.state())
        if trainer.iteration == 4:
            trainer.learning_rate = 0.2
    for settings in (
        {"learning_rate": 0.2, "batch_size": 4},
        {"learning_rate": 0.01, "optimizer": "adam", "seed": 3},
    ):
        trainer = Trainer(replace(seen[-1], training=replace(state.training, **settings)))
        seen.extend(trainer.state() for _ in trainer.work(5))
    return seen


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 3])
def test_every_iteration_comes_back_to_the_last_bit_whatever_was_changed_on_the_way(optimizer, batch_size):
    seen = run_with_changes(start(optimizer=optimizer, batch_size=batch_size))
    for known in ([seen[0], seen[-1]], [seen[0], seen[3], seen[11], seen[-1]], seen):
        past = followed(known)
        for k in range(1, 20):
            assert bits(gone_to(past, k)) == bits(seen[k])


@pytest.mark.parametrize("batch_size", [None, 3])
def test_an_earlier_iteration_comes_with_the_history_of_that_time(batch_size):
    seen = run_with_changes(start(batch_size=batch_size))
    whole = train(
        replace(seen[0], training=replace(seen[0].training, batch_size=batch_size)), updates=12
    ).state
    past = followed([seen[0], whole])
    for k in range(1, 13):
        then = train(seen[0], updates=k, batch_size=batch_size).state.run.history.points
        for _ in range(2):  # computed again, then as it is known
            gone = gone_to(past, k)
            assert gone.run.history.points.tolist() == then.tolist()
            past.follow(gone)


def test_a_history_that_was_thinned_since_is_held_by_nothing_that_is_known():
    state = start()
    trainer, past, stores = Trainer(state, history_limit=100), Past(state), []
    for _ in trainer.work(1000):
        stores.append(weakref.ref(trainer.state().run.history.store))
        past.follow(trainer.state())
    alive = {id(store()) for store in stores if store() is not None}
    assert len(alive) == 1
    then = gone_to(past, 517)
    assert bits(then) == bits(train(state, updates=517).state)
    assert then.run.history.last == train(state, updates=517).state.run.history.last


def test_the_beginning_is_the_network_that_the_run_started_from():
    seen = run_with_changes(start(optimizer="momentum"))
    first = followed([seen[0], seen[-1]]).nearest(0)
    assert first.network is seen[0].network
    assert first.run.history.points.tolist() == [[0, pytest.approx(seen[0].loss(), rel=1e-12)]]
    assert not first.run.memory.any()
    assert bits(train(put_into(seen[0], first), updates=1).state) == bits(seen[1])


def test_a_learning_rate_set_within_a_long_update_is_that_of_the_next():
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    state = oracle.make_state(network, 9000, learning_rate=0.1)
    trainer = Trainer(train(state, updates=1).state)
    for unit, _ in enumerate(trainer.work(2)):
        if unit == 0:
            assert trainer.iteration == 1
            trainer.learning_rate = 0.02
    assert bits(computed(state, trainer.state(), 3)) == bits(trainer.state())


def test_who_has_gone_back_can_go_on_again_to_where_it_ended():
    seen = run_with_changes(start())
    past = followed(seen)
    past.follow(seen[6])
    past.follow(train(seen[6], updates=1, learning_rate=0.2).state)
    assert past.end is seen[-1]


def test_another_learning_rate_leads_elsewhere_and_what_was_before_stays_known():
    seen = run_with_changes(start())
    past = followed(seen)
    past.follow(seen[6])
    other = train(seen[6], updates=5, learning_rate=0.3).state
    past.follow(other)
    assert past.end is other
    for k in range(1, 7):
        assert bits(gone_to(past, k)) == bits(seen[k])
    assert bits(gone_to(past, 8)) == bits(train(seen[6], updates=2, learning_rate=0.3).state)


def test_more_updates_asked_for_lead_no_elsewhere():
    seen = run_with_changes(start())
    again = train(replace(seen[3], training=replace(seen[3].training, updates=77)), updates=1).state
    assert leads_to(again, seen[-1])


EDITS = [
    lambda s: edits.set_weight(s, 0, 0, 0, 1.0),
    lambda s: edits.set_target(s, 0, 0, 1.0),
    lambda s: edits.randomise(s, 3),
]


@pytest.mark.parametrize("edit", EDITS)
def test_who_undoes_an_edit_in_the_past_can_go_on_again_to_where_the_run_ended(edit):
    seen = run_with_changes(start())
    past = followed(seen)
    middle = gone_to(past, 4)
    for state in (middle, edit(middle), middle):
        past.follow(state)
    assert past.end is seen[-1]
    assert [bits(gone_to(past, k)) for k in range(1, len(seen))] == [bits(state) for state in seen[1:]]


def test_other_runs_that_are_undone_lead_back_to_the_first_ones_end():
    seen = run_with_changes(start())
    past = followed(seen)
    edited = edits.set_weight(seen[4], 0, 0, 0, 1.0)
    other = train(seen[3], updates=2, learning_rate=0.3).state
    for state in (seen[4], edited, train(edited, updates=3).state, edited, seen[4]):
        past.follow(state)
    assert past.end is seen[-1]
    for state in (seen[3], other, seen[3]):
        past.follow(state)
    assert past.end is other


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: edits.set_weight(s, 0, 0, 0, 1.0),
        lambda s: edits.set_target(s, 0, 0, 1.0),
        lambda s: edits.randomise(s, 3),
    ],
)
def test_an_edit_has_no_past(edit):
    seen = run_with_changes(start())
    past = followed(seen)
    past.follow(edit(seen[-1]))
    assert past.end.iteration == 0
    assert past.end.run is None


def test_the_way_of_the_last_run_stays_known_after_an_edit_of_weights():
    seen = run_with_changes(start())
    past = followed(seen)
    past.follow(edits.set_weight(seen[-1], 0, 0, 0, 1.0))
    assert past.way() == [state.network for state in seen]
    past.follow(seen[7])
    assert past.way() == [state.network for state in seen[:8]]
    past.follow(seen[0])
    assert past.way() == []


def test_other_data_ends_the_way():
    seen = run_with_changes(start())
    past = followed(seen)
    past.follow(edits.set_target(seen[-1], 0, 0, 1.0))
    assert past.way() == []


def test_names_and_settings_that_changed_since_stay_and_only_the_iteration_moves():
    seen = run_with_changes(start())
    now = edits.rename(seen[-1], 1, 0, "first")
    now = edits.set_training(now, replace(now.training, learning_rate=0.5))
    then = put_into(now, gone_to(followed(seen), 3))
    assert then.network.layers[0].nodes[0] == "first"
    assert then.training.learning_rate == 0.5
    assert bits(then) == bits(seen[3])


def test_no_more_states_are_kept_than_are_allowed_and_every_iteration_stays_in_reach():
    trainer, state = Trainer(start()), start()
    past = Past(state)
    reached = {}
    for _ in trainer.work(3 * KEPT_STATES):
        reached[trainer.iteration] = trainer.state()
        past.follow(reached[trainer.iteration])
    steps = [k - past.nearest(k).iteration for k in range(1, 3 * KEPT_STATES)]
    assert max(steps) < 16
    assert len({past.nearest(k).iteration for k in range(1, 3 * KEPT_STATES)}) <= KEPT_STATES
    assert bits(gone_to(past, 100)) == bits(reached[100])


def test_undo_into_another_run_and_redo_goes_back_in_the_run_that_is_redone():
    first = start()
    past = Past(first)
    past.follow(trained := train(first, updates=1).state)
    past.follow(back := put_into(trained, past.nearest(0)))
    edited = replace(back, network=edits.set_weight(back, 0, 0, 0, 7.0).network, run=None)
    past.follow(edited)
    past.follow(again := train(edited, updates=3).state)
    for state in (edited, back, edited):  # undone twice, and done again once
        past.follow(state)
    assert past.end is again
    assert past.nearest(0).network is edited.network


@pytest.mark.parametrize(("edit", "where"), [(remove_biases, 0), (add_node, 1)])
def test_what_was_trained_after_another_structure_is_not_what_training_alone_made(edit, where):
    state = start()
    other = train(edit(state, where), updates=2).state
    assert other.run is not None
    assert not is_trained(state, other)
    assert not is_trained(other, state)
    assert is_trained(state, train(state, updates=2).state)
