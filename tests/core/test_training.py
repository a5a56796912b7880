"""Training against the plain reference, and bit for bit against itself however the work is split."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.network import Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.trainer import Trainer
from tests.core import oracle

SMOOTH = ("identity", "sigmoid", "tanh", "softplus", "softmax")


def run(trainer, updates):
    for _ in trainer.work(updates):
        pass
    return trainer


def numbers(state):
    """All that training changes, as bytes."""
    return (
        [np.array(oracle.parameters(state.network)).tobytes(), state.run.memory.tobytes()],
        state.run.iteration,
    )


def spiral(rows=23, **training):
    network = oracle.make_network([2, 4, 2, 2], ["tanh", "relu", "identity"], [True, False, True], 5)
    return oracle.make_state(network, rows, 7, learning_rate=0.05, **training)


@settings(max_examples=40)
@given(
    oracle.states(max_hidden=3, max_rows=7, activations=SMOOTH),
    st.sampled_from(list(OPTIMIZERS)),
    st.sampled_from([None, 1, 2, 3, 5, 100]),
    st.integers(1, 12),
)
def test_training_does_what_the_definitions_say(state, optimizer, batch_size, updates):
    rate, every = 0.01 if optimizer == "adam" else 0.1, [math.inf]
    while not all(mse < 1e9 for mse in every):  # where it diverges a Trainer stops: it has tests of its own
        rate /= 10
        training = Training(rate, updates, batch_size, optimizer, seed=3)
        state = replace(state, training=training)
        with np.errstate(over="ignore", invalid="ignore"):
            network, every = oracle.train_plainly(state, updates)
    result = train(state)
    assert oracle.parameters(result.state.network) == pytest.approx(
        oracle.parameters(network), rel=1e-11, abs=1e-12
    )
    rows = len(state.data)
    batches = math.ceil(rows / min(batch_size or rows, rows))
    expected = sorted({*range(0, updates + 1, batches), updates})
    assert result.history[:, 0].tolist() == expected
    assert result.history[:, 1] == pytest.approx([every[k] for k in expected], rel=1e-9)
    assert result.state.iteration == updates
    assert not result.diverged


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 1, 7])
def test_a_longer_run_with_relu_follows_the_reference(optimizer, batch_size):
    state = spiral(optimizer=optimizer, batch_size=batch_size, updates=60, seed=11)
    network, every = oracle.train_plainly(state, 60)
    result = train(state)
    assert oracle.parameters(result.state.network) == pytest.approx(oracle.parameters(network), rel=1e-9)
    assert result.history[-1, 1] == pytest.approx(every[60], rel=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize("parts", [(3, 4), (1,) * 7, (0, 7), (6, 1)])
def test_split_work_gives_the_same_bits(optimizer, batch_size, parts):
    state = spiral(optimizer=optimizer, batch_size=batch_size)
    whole = run(Trainer(state), 7).state()
    one = Trainer(state)
    going = state
    for part in parts:
        run(one, part)
        going = run(Trainer(going), part).state()
    assert numbers(one.state()) == numbers(whole)
    assert numbers(going) == numbers(whole)
    assert one.loss == run(Trainer(state), 7).loss
    points = dict(whole.run.history.points)
    assert points.items() <= dict(one.state().run.history.points).items()
    assert points.items() <= dict(going.run.history.points).items()
    if batch_size is None:
        assert going.run.history.points.tolist() == whole.run.history.points.tolist()


def test_states_taken_on_the_way_change_nothing():
    state = spiral(batch_size=5, optimizer="adam")
    watched, whole = Trainer(state), run(Trainer(state), 40)
    seen = [watched.state() for _ in watched.work(40)]
    assert numbers(watched.state()) == numbers(whole.state())
    assert [s.iteration for s in seen] == list(range(1, 41))
    for taken in seen[::7]:
        assert numbers(taken) == numbers(run(Trainer(state), taken.iteration).state())
        points = taken.run.history.points
        assert points[-1, 0] == taken.iteration // 5 * 5
        assert [s.run.history.points[0].tolist() for s in seen] == [points[0].tolist()] * 40


def test_work_left_in_the_middle_can_be_taken_up():
    state = spiral(batch_size=5)
    trainer = Trainer(state)
    for _ in trainer.work(20):
        if trainer.iteration == 8:
            break
    assert numbers(run(trainer, 3).state()) == numbers(run(Trainer(state), 11).state())


def test_a_state_that_is_done_is_left_alone():
    state = spiral()
    before = [np.array(oracle.parameters(state.network)).tobytes(), state.data.inputs.tobytes()]
    trainer = Trainer(state)
    taken = run(trainer, 3).state()
    bits = numbers(taken), taken.run.history.points.tobytes()
    run(trainer, 5)
    assert (numbers(taken), taken.run.history.points.tobytes()) == bits
    assert [np.array(oracle.parameters(state.network)).tobytes(), state.data.inputs.tobytes()] == before
    assert state.run is None


def test_another_run_after_an_undone_one_keeps_both_histories():
    start = spiral()
    base = run(Trainer(start), 5).state()
    first = run(Trainer(base), 4).state()
    kept = first.run.history.points.copy()
    faster = replace(base, training=replace(base.training, learning_rate=0.2))
    second = run(Trainer(faster), 6).state()
    assert first.run.history.points.tolist() == kept.tolist()
    assert second.run.history.points[:6].tolist() == base.run.history.points.tolist()
    assert len(second.run.history) == 12
    assert second.run.history.points[6, 1] != kept[6, 1]


def test_what_training_does_not_change_is_shared():
    state = spiral()
    after = train(state, updates=2).state
    assert after.data is state.data
    assert after.weight_sets is state.weight_sets
    assert after.run.start is state.network
    assert after.network.inputs is state.network.inputs


def test_a_new_learning_rate_holds_from_the_next_update():
    state = spiral()
    trainer = Trainer(state)
    for _ in trainer.work(6):
        if trainer.iteration == 2:
            trainer.learning_rate = 0.01
    middle = train(state, updates=2).state
    slower = replace(middle, training=replace(middle.training, learning_rate=0.01))
    assert trainer.learning_rate == 0.01
    assert numbers(trainer.state()) == numbers(run(Trainer(slower), 4).state())


def test_settings_given_to_train_win_over_the_states():
    state = spiral()
    result = train(state, updates=4, learning_rate=0.2, batch_size=6, optimizer="momentum", seed=8)
    assert result.state.training == Training(0.2, 4, 6, "momentum", 8)
    assert result.history[:, 0].tolist() == [0, 4]
    assert numbers(result.state) == numbers(
        train(result.state.run and replace(state, training=result.state.training)).state
    )


def test_an_optimizer_that_is_changed_starts_with_an_empty_memory():
    first = train(spiral(optimizer="momentum"), updates=3).state
    other = train(first, updates=1, optimizer="gradient_descent").state
    plain = train(replace(first, run=None), updates=1, optimizer="gradient_descent").state
    assert oracle.parameters(other.network) == oracle.parameters(plain.network)
    assert other.iteration == 4


def test_a_batch_larger_than_the_rows_is_all_rows():
    every = train(spiral(batch_size=1000), updates=9)
    assert every.history.tolist() == train(spiral(), updates=9).history.tolist()


def test_one_row_is_enough():
    state = oracle.make_state(oracle.make_network([1, 1], ["identity"], [True]), 1, learning_rate=0.1)
    x, y = state.data.inputs[0, 0], state.data.targets[0, 0]
    w, b = oracle.parameters(state.network)
    error = w * x + b - y
    after = train(state, updates=1).state
    expected = [w - 0.1 * 2 * x * error, b - 0.1 * 2 * error]
    assert oracle.parameters(after.network) == pytest.approx(expected, rel=1e-14)


def test_rows_are_taken_in_the_order_of_the_seed():
    """With single rows, no hidden layer and one input the first update tells which row was taken."""
    x = np.arange(1.0, 8.0).reshape(-1, 1)
    state = State(
        Network.from_weights({"output": [0.0]}), Dataset(x, x), Training(0.001, 14, batch_size=1, seed=42)
    )
    w = 0.0
    for epoch in (0, 1):
        for row in np.random.default_rng([42, 1, epoch]).permutation(7):
            w -= 0.001 * 2 * x[row, 0] * (w * x[row, 0] - x[row, 0])
    assert train(state).state.network.layers[0].weights[0, 0] == pytest.approx(w, rel=1e-14)


def test_a_short_last_batch_is_averaged_over_its_own_rows():
    x = np.array([[1.0], [2.0], [3.0]])
    state = State(Network.from_weights({"output": [1.0]}), Dataset(x, 0 * x), Training(0.01, 2, batch_size=2))
    order = np.random.default_rng([0, 1, 0]).permutation(3)
    w = 1.0
    for rows in (order[:2], order[2:]):
        w -= 0.01 * np.mean(2 * x[rows] * w * x[rows])
    assert train(state).state.network.layers[0].weights[0, 0] == pytest.approx(w, rel=1e-14)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_long_data_is_cut_into_blocks_that_add_up(optimizer):
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    state = oracle.make_state(network, 9000, learning_rate=0.1, optimizer=optimizer)
    trainer = Trainer(state)
    units = sum(1 for _ in trainer.work(2))
    assert units > 10
    assert trainer.iteration == 2
    x, y = state.data.inputs, state.data.targets
    values, step = np.array(oracle.parameters(network)), oracle.optimizer_steps(optimizer)
    for _ in range(2):
        values = step(values, oracle.flat_slopes(oracle.with_parameters(network, values), x, y), 0.1)
    after = trainer.state()
    assert oracle.parameters(after.network) == pytest.approx(values.tolist(), rel=1e-9, abs=1e-12)
    assert after.run.history.points[:, 0].tolist() == [0, 1, 2]
    assert after.run.history.points[-1, 1] == pytest.approx(after.loss(), rel=1e-12)
    again = Trainer(state)
    for _ in again.work(2):
        if again.iteration == 1:
            break
    assert numbers(run(Trainer(again.state()), 1).state()) == numbers(after)


def test_few_rows_of_a_network_of_millions_of_weights_are_one_unit_and_make_the_right_update():
    network = oracle.make_network([1300, 1200, 1], ["tanh", "identity"], [True, True], scale=0.01)
    state = oracle.make_state(network, 4, learning_rate=0.1)
    trainer = Trainer(state)
    assert sum(1 for _ in trainer.work(2)) == 2
    values = np.array(oracle.parameters(network))
    for _ in range(2):
        step = oracle.flat_slopes(
            oracle.with_parameters(network, values), state.data.inputs, state.data.targets
        )
        values = values - 0.1 * step
    np.testing.assert_allclose(oracle.parameters(trainer.state().network), values, rtol=1e-10, atol=1e-14)


def test_work_left_in_the_middle_of_a_long_update_leaves_the_update_before_it():
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    state = oracle.make_state(network, 9000, learning_rate=0.1)
    trainer = Trainer(state)
    for unit, _ in enumerate(trainer.work(5)):
        if trainer.iteration == 2 and unit % 3 == 1:
            break
    one = run(Trainer(state), trainer.iteration)
    assert numbers(trainer.state()) == numbers(one.state())
    assert numbers(run(trainer, 1).state()) == numbers(run(one, 1).state())


def test_the_mse_over_long_data_at_the_end_of_an_epoch_is_cut_too():
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    state = oracle.make_state(network, 9000, learning_rate=0.01, batch_size=4500)
    trainer = Trainer(state)
    assert sum(1 for _ in trainer.work(2)) > 4
    after = trainer.state()
    assert after.run.history.points[:, 0].tolist() == [0, 2]
    assert after.run.history.points[:, 1] == pytest.approx([state.loss(), after.loss()], rel=1e-12)


def test_an_epochs_point_is_made_up_for_where_its_pass_was_left_in_the_middle():
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    state = oracle.make_state(network, 30_000, learning_rate=0.01, batch_size=3000)
    trainer = Trainer(state)
    for _ in trainer.work(20):
        if trainer.iteration == 10:
            break
    left = trainer.state()
    assert left.run.history.points[:, 0].tolist() == [0]
    expected = run(Trainer(state), 12).state()
    for going in (trainer, Trainer(left)):
        after = run(going, 2).state()
        assert numbers(after) == numbers(expected)
        assert after.run.history.points.tolist() == expected.run.history.points.tolist()


def test_without_rows_or_targets_nothing_can_be_trained():
    network = oracle.make_network([1, 1], ["identity"], [False])
    with pytest.raises(ValueError, match="there are no rows to train on"):
        Trainer(State(network, Dataset.empty(network)))
    with pytest.raises(ValueError, match="there are no targets to train on"):
        Trainer(State(network, Dataset([[1.0]])))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("learning_rate", 0.0), ("updates", 0), ("batch_size", 0), ("optimizer", "sgd"), ("seed", -1)],
)
def test_a_setting_that_cannot_be_is_refused_by_name(setting, value):
    with pytest.raises(ValueError, match=f"^{setting}: "):
        train(spiral(), **{setting: value})


def test_epochs_of_very_many_batches_follow_the_reference_and_can_be_split():
    """More batches than are made ready at once, and the last one short."""
    network = oracle.make_network([1, 1], ["identity"], [True])
    state = oracle.make_state(network, 531, learning_rate=0.01, batch_size=2, seed=4)
    whole = train(state, updates=600).state
    network, every = oracle.train_plainly(state, 600)
    assert oracle.parameters(whole.network) == pytest.approx(oracle.parameters(network), rel=1e-9)
    assert whole.run.history.points[:, 0].tolist() == [0, 266, 532, 600]
    assert whole.run.history.points[2, 1] == pytest.approx(every[532], rel=1e-9)
    for stop in (1, 255, 256, 265, 266, 300, 531, 532):
        middle = train(state, updates=stop).state
        assert numbers(train(middle, updates=600 - stop).state) == numbers(whole)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_learning_rate_set_within_a_long_update_waits_for_the_next(optimizer):
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    state = oracle.make_state(network, 9000, learning_rate=0.1, optimizer=optimizer)
    trainer = run(Trainer(state), 1)
    for unit, _ in enumerate(trainer.work(2)):
        if unit == 0:
            assert trainer.iteration == 1
            trainer.learning_rate = 0.02
    one = run(Trainer(state), 2)
    one.learning_rate = 0.02
    assert numbers(run(one, 1).state()) == numbers(trainer.state())
