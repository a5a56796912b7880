"""Training against plain references, however work is split; accuracy, and earlier iterations."""

import math
import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core import train as training
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address
from nnviz.core.metrics import (
    NO_CLASS,
    are_correct,
    classes_in_blocks,
    classes_of,
    classifies,
    confusion,
    decides_yes_or_no,
    decisions,
    measure_all,
    output_range,
)
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.replay import STORED_STATES, Past, Replay, can_repeat, leads_to, with_past
from nnviz.core.slopes import run_work
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from tests.core import oracle
from tests.core.oracle import classes, set_weight
from tests.core.refusals import refusals
from tests.core.test_explain import NUMBERS, filled
from tests.core.test_overfitting import RUNS, started


def run(trainer, updates):
    for _ in trainer.work(updates):
        pass
    return trainer


def numbers(state):
    """All that training changes, as bytes."""
    parameters = np.array(oracle.parameters(state.network)).tobytes()
    return parameters, state.run.memory.tobytes(), state.run.optimizer, state.iteration


def spiral(rows=23, **training):
    network = oracle.make_network([2, 4, 2, 2], ["tanh", "relu", "identity"], [True, False, True], 5)
    return oracle.make_state(network, rows, 7, learning_rate=0.05, **training)


# --- what an update does


@pytest.mark.crossed(
    case=oracle.CASES,
    hidden=((), ("tanh",), ("relu", "tanh"), ("tanh", "relu", "softplus")),
    rows=(2, 11),
    validation=(0.0, 0.3),
    batch_size=(None, 1, 4, 100),
    optimizer=(*OPTIMIZERS,),
)
def test_weights_and_curves_are_those_of_the_definitions(
    case, hidden, rows, validation, batch_size, optimizer
):
    """Losses are measured at the end of each epoch and of the run."""
    loss, output = case
    settings = {"validation": validation, "batch_size": batch_size, "optimizer": optimizer, "loss": loss}
    state = classes(output, rows=rows, hidden=hidden, updates=30, seed=11, **settings)
    networks, result = [*oracle.plain_updates(state, 30)], train(state)
    found = oracle.parameters(result.state.network)
    assert found == pytest.approx(oracle.parameters(networks[-1]), rel=1e-9, abs=1e-12)
    batches = math.ceil(state.trained_rows / (batch_size or state.trained_rows))
    points = sorted({*range(0, 31, batches), 30})
    assert result.history[:, 0].tolist() == points
    losses = [oracle.losses_of(state, networks[k]) for k in points]
    np.testing.assert_allclose(result.history[:, 1:], losses, rtol=1e-9)
    assert (result.state.iteration, result.diverged) == (30, False)


def test_settings_given_to_train_win_over_the_states(approved):
    state = spiral()
    result = train(state, updates=4, learning_rate=0.2, batch_size=6, optimizer="momentum", seed=8)
    assert result.state.training == Training(0.2, 4, 6, "momentum", 8)
    assert result.history[:, 0].tolist() == [0, 4]
    again = train(replace(state, training=result.state.training))
    assert numbers(result.state) == numbers(again.state)
    wrong = {"learning_rate": 0.0, "updates": 0, "batch_size": 0, "optimizer": "sgd", "seed": -1}
    cases = {name: partial(train, state, **{name: value}) for name, value in wrong.items()}
    network = oracle.make_network([1, 1], ["identity"], [False])
    cases["no rows"] = partial(Trainer, State(network, Dataset.empty(network)))
    cases["no targets"] = partial(Trainer, State(network, Dataset([[1.0]])))
    cases["no row to train on"] = partial(train, classes(rows=2, validation=0.9))
    huge = State(Network.from_weights({"output": [1e200]}), Dataset([[1e200]], [[0.0]]))
    cases["a start too large for a number"] = partial(Trainer, huge)
    approved("training that cannot be", refusals(cases))


def test_an_optimizer_that_is_changed_starts_with_an_empty_memory():
    first = train(spiral(optimizer="momentum"), updates=3).state
    begun = first, replace(first, run=None)
    other, plain = (train(state, updates=1, optimizer="gradient_descent").state for state in begun)
    assert oracle.parameters(other.network) == oracle.parameters(plain.network)
    assert other.iteration == 4


# --- work that is split


@pytest.mark.crossed(
    optimizer=(*OPTIMIZERS,), batch_size=(None, 1, 5), parts=((3, 4), (1,) * 7, (0, 7), (6, 1))
)
def test_split_work_gives_the_same_bits(optimizer, batch_size, parts):
    state = spiral(optimizer=optimizer, batch_size=batch_size)
    whole, one, going = run(Trainer(state), 7), Trainer(state), state
    for part in parts:
        run(one, part)
        going = run(Trainer(going), part).state()
    assert numbers(one.state()) == numbers(going) == numbers(whole.state())
    assert one.state().run.history.last == whole.state().run.history.last
    points = dict(whole.state().run.history.points)
    assert points.items() <= dict(one.state().run.history.points).items()
    assert points.items() <= dict(going.run.history.points).items()
    if batch_size is None:
        assert dict(going.run.history.points) == points


def test_states_taken_on_the_way_and_pauses_change_nothing():
    state = spiral(batch_size=5, optimizer="adam")
    watched, whole = Trainer(state), run(Trainer(state), 40)
    seen = [watched.state() for _ in watched.work(40)]
    assert numbers(seen[-1]) == numbers(whole.state())
    assert [s.iteration for s in seen] == list(range(1, 41))
    left = Trainer(state)
    for _ in left.work(20):
        if left.iteration == 8:
            break
    assert numbers(run(left, 3).state()) == numbers(seen[10])
    for taken in seen[::7]:
        assert numbers(taken) == numbers(run(Trainer(state), taken.iteration).state())
        assert taken.run.history.points[-1, 0] == taken.iteration // 5 * 5
    assert len({s.run.history.points[0].tobytes() for s in seen}) == 1


def test_a_state_is_left_alone_and_what_does_not_change_is_shared():
    state = spiral()
    before = oracle.parameters(state.network), state.data.inputs.tolist()
    trainer = Trainer(state)
    taken = run(trainer, 3).state()
    bits = numbers(taken), taken.run.history.points.tobytes()
    run(trainer, 5)
    assert (numbers(taken), taken.run.history.points.tobytes()) == bits
    assert (oracle.parameters(state.network), state.data.inputs.tolist()) == before
    assert state.run is None
    assert taken.data is state.data
    assert taken.weight_sets is state.weight_sets
    assert taken.run.start is state.network
    assert taken.network.inputs is state.network.inputs


def test_epochs_of_very_many_batches_follow_the_reference_and_can_be_split():
    """More batches than are made ready at once, and the last one short."""
    network = oracle.make_network([1, 1], ["identity"], [True])
    state = oracle.make_state(network, 531, learning_rate=0.01, batch_size=2, seed=4)
    whole, networks = train(state, updates=600).state, [*oracle.plain_updates(state, 600)]
    found = oracle.parameters(whole.network)
    assert found == pytest.approx(oracle.parameters(networks[-1]), rel=1e-9)
    assert whole.run.history.points[:, 0].tolist() == [0, 266, 532, 600]
    losses = [oracle.losses_of(state, networks[k]) for k in (0, 266, 532, 600)]
    np.testing.assert_allclose(whole.run.history.points[:, 1:], losses, rtol=1e-9)
    for stop in (1, 255, 256, 265, 266, 300, 531, 532):
        middle = train(state, updates=stop).state
        assert numbers(train(middle, updates=600 - stop).state) == numbers(whole)


# --- rows that are too many for one unit of work


def long_data(rows=9000, **training):
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    return oracle.make_state(network, rows, **{"learning_rate": 0.1, **training})


def test_long_data_is_cut_into_blocks_that_add_up(amount):
    for optimizer in amount(quick=["adam"], ci=OPTIMIZERS, night=OPTIMIZERS):
        state = long_data(optimizer=optimizer)
        trainer = Trainer(state)
        assert sum(1 for _ in trainer.work(2)) > 10
        assert trainer.iteration == 2
        *_, network = oracle.plain_updates(state, 2)
        after = trainer.state()
        found = oracle.parameters(after.network)
        assert found == pytest.approx(oracle.parameters(network), rel=1e-9, abs=1e-12)
        assert after.run.history.points[:, 0].tolist() == [0, 1, 2]
        assert after.run.history.points[-1, 1] == pytest.approx(after.loss(), rel=1e-12)
        one = run(Trainer(state), 1)
        assert numbers(run(Trainer(one.state()), 1).state()) == numbers(after)
        for unit, _ in enumerate(one.work(2)):  # a rate that is set within an update waits for the next
            if unit == 0:
                assert one.iteration == 1
                one.learning_rate = 0.02
        two = run(Trainer(state), 2)
        two.learning_rate = one.learning_rate
        assert two.learning_rate == 0.02
        assert numbers(run(two, 1).state()) == numbers(one.state())


@pytest.mark.parametrize("batch_size", [None, 400])
def test_rows_of_one_pass_are_trained_beside_validation_rows_of_several(batch_size):
    state = long_data(30_000, validation=0.97, batch_size=batch_size)
    result, networks = train(state, updates=3), [*oracle.plain_updates(state, 3)]
    found = oracle.parameters(result.state.network)
    assert found == pytest.approx(oracle.parameters(networks[-1]), rel=1e-9, abs=1e-12)
    measured = [measure_all(replace(state, network=networks[int(k)])) for k in result.history[:, 0]]
    losses = [(each.loss, each.validation) for each in measured]
    np.testing.assert_allclose(result.history[:, 1:], losses, rtol=1e-9)
    assert len(losses) == (2 if batch_size else 4)


def test_few_rows_of_millions_of_weights_are_one_unit_and_make_the_right_update():
    network = oracle.make_network([1100, 1000, 1], ["tanh", "identity"], [True, True], scale=0.01)
    state = oracle.make_state(network, 4, learning_rate=0.1)
    trainer, x, y = Trainer(state), state.data.inputs, state.data.targets
    for _ in range(2):
        expected = oracle.parameters(network) - 0.1 * oracle.flat_slopes(network, x, y)
        assert sum(1 for _ in trainer.work(1)) == 1
        network = trainer.state().network
        np.testing.assert_allclose(oracle.parameters(network), expected, rtol=1e-10, atol=1e-14)


def test_work_left_in_the_middle_of_a_long_update_leaves_the_update_before_it():
    state = long_data()
    trainer = Trainer(state)
    for unit, _ in enumerate(trainer.work(5)):
        if trainer.iteration == 2 and unit % 3 == 1:
            break
    one = run(Trainer(state), trainer.iteration)
    assert numbers(trainer.state()) == numbers(one.state())
    assert numbers(run(trainer, 1).state()) == numbers(run(one, 1).state())


def test_an_epochs_point_is_made_up_for_where_its_pass_was_left_in_the_middle():
    """The pass over all rows at the end of an epoch is cut into units, as is an update of many rows."""
    for batch_size, epoch in ((3000, 10), (10_000, 3)):
        state = long_data(30_000, learning_rate=0.01, batch_size=batch_size)
        whole, trainer = Trainer(state), Trainer(state)
        assert [whole.iteration for _ in whole.work(epoch + 2)].count(epoch) > 2
        for _ in trainer.work(20):
            if trainer.iteration == epoch:
                break
        left, expected = trainer.state(), whole.state()
        assert left.run.history.points[:, 0].tolist() == [0]
        points = [[0, state.loss()], [epoch, left.loss()], [epoch + 2, expected.loss()]]
        assert expected.run.history.points == pytest.approx(np.array(points), rel=1e-12)
        for going in (trainer, Trainer(left)):
            after = run(going, 2).state()
            assert numbers(after) == numbers(expected)
            assert after.run.history.points.tolist() == expected.run.history.points.tolist()


# --- validation and accuracy


def test_validation_rows_change_nothing_and_are_split_as_by_keras():
    state, rows = classes(validation=0.3, optimizer="adam"), 7
    inputs = state.data.inputs.copy()
    inputs[rows:] += 1.0
    one, two = train(state), train(replace(state, data=Dataset(inputs, state.data.targets)))
    assert one.history[:, 1].tolist() == two.history[:, 1].tolist()
    assert one.history[:, 2].tolist() != two.history[:, 2].tolist()
    alone = replace(state, data=Dataset(inputs[:rows], state.data.targets[:rows]))
    alone = replace(alone, training=replace(state.training, validation=0.0))
    assert train(alone).history.tolist() == one.history[:, :2].tolist()
    splits = {(10, 0.3): 7, (10, 0.2): 8, (3, 0.5): 1, (150, 0.3): 105}
    assert {of: classes(rows=of[0], validation=of[1]).trained_rows for of in splits} == splits
    bare = classes(rows=2, validation=0.9)
    assert (bare.trainable, bare.loss()) == (False, None)


def test_work_cut_in_two_keeps_all_curves_and_another_loss_or_split_none():
    state = classes(validation=0.3, batch_size=3, updates=9)
    whole, half = train(state), train(state, updates=6).state
    rest = train(half, updates=3)
    assert rest.state.network == whole.state.network
    for changes in ({"loss": "mse"}, {"validation": 0.2}):
        assert edits.set_training(half, replace(half.training, **changes)).run is None
    assert edits.set_training(half, replace(half.training, learning_rate=0.5)).run is half.run
    names = [curve.name for curve in whole.state.run.beside]
    assert names == ["validation", "accuracy", "validation accuracy"]
    for name in names:
        one, two = (each.state.run.curve(name).points.tolist() for each in (whole, rest))
        assert one == two


@pytest.mark.parametrize(("output", "outputs"), [("softmax", 3), ("sigmoid", 3), ("sigmoid", 1)])
def test_training_counts_as_accuracy_does_and_measures_both_parts(output, outputs):
    state = train(classes(output, outputs, rows=40, updates=3)).state
    hits = are_correct(state, state.network.predict(state.data.inputs), state.data.targets)
    assert state.run.curve("accuracy").last == (3, hits.mean())
    state = train(classes(output, outputs, rows=40, updates=3, validation=0.3)).state
    found, points = measure_all(state), {curve.name: curve.history.last[1] for curve in state.run.beside}
    assert found.loss == pytest.approx(state.run.history.last[1], rel=1e-12)
    assert found.validation == pytest.approx(points["validation"], rel=1e-12)
    assert (found.accuracy, found.validation_accuracy) == (points["accuracy"], points["validation accuracy"])


# --- classes


def passing_on(activation, *outputs):
    """Return a network of one layer that gives its inputs on."""
    return Network(outputs, (Layer(tuple(f"{o}!" for o in outputs), activation, np.eye(len(outputs))),))


def test_counts_and_shares_are_those_of_a_count_by_hand():
    wanted, taken = np.array([0, 0, 0, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 1, 0, NO_CLASS])
    found = confusion(wanted, taken, 3)
    assert found.counts.tolist() == [[2, 2, 0], [1, 1, 0], [0, 0, 0]]
    assert (found.correct, found.uncounted, found.rows) == (3, 1, 7)
    np.testing.assert_allclose(found.recalls, [2 / 4, 1 / 2, math.nan])
    np.testing.assert_allclose(found.precisions, [2 / 3, 1 / 3, math.nan])
    np.testing.assert_allclose(found.shares, [[1 / 2, 1 / 2, 0], [1 / 2, 1 / 2, 0], [0, 0, 0]])


def test_a_softmax_decides_once_and_each_sigmoid_alone():
    net = passing_on("softmax", "cat", "dog", "owl")
    assert decisions(net) == (("cat!", "dog!", "owl!"),)
    outputs = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [math.nan, 0.0, 1.0]])
    assert classes_of(net, outputs).tolist() == [[1], [0], [NO_CLASS]]
    prediction = np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0], [0.1, 0.2, 0.7], [math.nan, 0, 1]])
    targets = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], float)
    own = State(net, Dataset(np.zeros((4, 3)), targets))
    assert are_correct(own, prediction, targets).tolist() == [True, True, False, False]
    net = passing_on("sigmoid", "rain", "wind")
    assert decisions(net) == (("not rain!", "rain!"), ("not wind!", "wind!"))
    assert classes_of(net, np.array([[0.5, 0.49], [math.nan, 1.0]])).tolist() == [[1, 0], [NO_CLASS, 1]]
    targets = np.array([[1, 0], [1, 0]])
    own = State(net, Dataset(np.zeros((2, 2)), targets))
    assert are_correct(own, np.array([[0.5, 0.4], [0.9, 0.6]]), targets).tolist() == [True, False]


def test_a_hinge_loss_decides_at_0_and_shows_its_scores_around_it():
    data = Dataset([[-0.2], [0.3], [-0.1], [2.0]], [[0.0], [1.0], [1.0], [1.0]])
    state = State(passing_on("identity", "a"), data, Training(loss="binary_hinge"))
    by_mse = replace(state, training=Training())
    correct = [are_correct(own, data.inputs, data.targets).tolist() for own in (state, by_mse)]
    assert correct == [[True, True, False, True], [True, False, False, True]]
    assert [output_range(own, 0, data.inputs[:, 0]) for own in (state, by_mse)] == [(-1, 1), (0, 1)]
    assert run_work(classes_in_blocks(state)).predictions.ravel().tolist() == [0, 1, 0, 1]
    assert measure_all(state).accuracy == 0.75
    two = State(
        passing_on("identity", "a", "b"), Dataset(np.eye(2), np.eye(2)), Training(loss="binary_hinge")
    )
    assert (classifies(two), classifies(replace(two, training=Training()))) == (True, False)
    assert (
        replace(state, data=Dataset([[1.0]], [[0.5]])).unsuited_targets == "hinge loss needs targets 0 or 1"
    )


def test_rows_decided_in_blocks_are_those_decided_together():
    draw = np.random.default_rng(3)
    data = Dataset(draw.normal(size=(500, 3)), draw.integers(0, 2, (500, 3)).astype(float))
    for activation in ("softmax", "sigmoid"):
        state = State(passing_on(activation, "a", "b", "c"), data)
        together = run_work(classes_in_blocks(state, known=state.network.forward(data.inputs)))
        assert len(list(classes_in_blocks(state, block_ns=1.0))) > 1
        in_blocks = run_work(classes_in_blocks(state, block_ns=1.0))
        for found, known in zip(in_blocks, together, strict=True):
            assert found.tolist() == known.tolist()


CLASSES = {"softmax": ([[1, 0, 0]],), "sigmoid": ([[1, 0]], [[1], [1]]), "identity": ([[1], [0]],)}
NO_CLASSES = {
    "identity": ([[1], [0.5]], [[0], [0]], [[1, 0]]),
    "sigmoid": ([[60]], [[1], [0], [0.99]], [[1, 0], [0, -1]], None),
    "softmax": ([[0.2, 0.3, 0.5]], [[1, 0, 0], [0, 0, 2]], np.empty((0, 3))),
}


def test_targets_of_0_and_1_are_classes_where_the_output_is_one():
    for cases, expected in ((CLASSES, True), (NO_CLASSES, False)):
        for output, targets in [(name, y) for name in cases for y in cases[name]]:
            rows, outputs = (1, 1) if targets is None else np.shape(targets)
            net = passing_on(output, *"abc"[:outputs])
            data = Dataset(np.zeros((rows, outputs)), targets)
            assert classifies(State(net, data)) == expected, (output, targets)
    states = [State(passing_on("sigmoid", "a"), Dataset([[0.0]], y)) for y in ([[60.0]], [[1.0]], None)]
    assert [decides_yes_or_no(state) for state in states] == [False, True, True]  # at a half


# --- a run that diverges


def finite(state):
    """Whether weights, memory and curve hold finite numbers alone."""
    held = (oracle.parameters(state.network), state.run.memory, state.run.history.points)
    return all(np.isfinite(each).all() for each in held)


def one_weight(rate, **training):
    """w = 1, x = 1, target 0: each update multiplies w by 1 − 2·rate."""
    network = Network.from_weights({"output": [1.0]})
    return State(network, Dataset([[1.0]], [[0.0]]), Training(rate, **training))


def test_a_run_that_diverges_keeps_the_last_finite_weights():
    """w after k updates is (−9)^k, whose square is finite up to k = 161."""
    for updates in (161, 162, 1000):
        result = train(one_weight(5.0), updates=updates)
        assert (result.state.iteration, result.diverged) == (161, updates > 161)
        assert result.state.network.layers[0].weights[0, 0] == pytest.approx(-(9.0**161), rel=1e-12)
        assert result.history[:, 0].tolist() == list(range(162))
        assert result.history[:, 1] == pytest.approx(81.0 ** np.arange(162.0), rel=1e-12)
        assert finite(result.state)
    trainer, iterations = Trainer(one_weight(5.0)), []
    for _ in trainer.work(1000):
        taken = trainer.state()
        assert finite(taken)
        iterations.append(taken.iteration)
    assert (trainer.diverged, iterations[160]) == (True, 161)
    assert taken.run.history.last[1] == pytest.approx(81.0**161, rel=1e-12)
    assert numbers(run(trainer, 10).state()) == numbers(result.state)  # no update follows


def test_a_learning_rate_that_was_lowered_on_the_way_is_kept_to():
    """The way back to the last finite weights uses each update's own learning rate."""
    trainer = Trainer(one_weight(5.0))
    for _ in trainer.work(1000):
        trainer.learning_rate = 0.25 if 100 <= trainer.iteration < 103 else 5.0
    weight = abs(trainer.state().network.layers[0].weights[0, 0])
    assert trainer.diverged
    assert weight == pytest.approx(9.0 ** (trainer.iteration - 3) / 8, rel=1e-12)
    assert 1e152 < weight < 1.4e154


@pytest.mark.crossed(
    activation=("relu", "softplus", "tanh", "softmax"),
    optimizer=(*OPTIMIZERS,),
    batch_size=(None, 1, 4),
    exponent=(200, 20, 2, 0),
)
def test_too_large_a_learning_rate_stays_finite(activation, optimizer, batch_size, exponent):
    network = oracle.make_network([2, 5, 3, 2], ["relu", activation, "identity"], [True, True, True])
    state = oracle.make_state(network, 9, batch_size=batch_size, optimizer=optimizer)
    result = train(state, updates=400, learning_rate=10.0**exponent)
    assert finite(result.state)
    assert result.diverged or result.state.iteration == 400
    assert np.isfinite(result.state.loss())
    last = result.history[-1].tolist()
    assert last == pytest.approx([result.state.iteration, result.state.loss()], rel=1e-12)


@pytest.mark.parametrize("number", NUMBERS)
def test_training_with_extreme_numbers_ends_finite_or_does_not_begin(number):
    for name in ACTIVATIONS:
        try:
            result = train(filled(number, name), updates=3, learning_rate=1e300)
        except ValueError as error:
            assert str(error).endswith("reduce the weights or the values in the data")  # noqa: PT017
            continue
        assert finite(result.state), name
        assert np.isfinite(result.history).all(), name


@pytest.mark.parametrize("batch_size", [None, 1])
def test_memories_and_weights_that_overflow_out_of_sight_are_found(batch_size):
    """The square of adam's slope is no number; node_0's weight would turn to −∞ and its relu to 0."""
    adam = Training(0.01, batch_size=batch_size, optimizer="adam")
    data = Dataset([[1e60], [1e60]], [[1e140], [1e140]])
    result = train(State(Network.from_weights({"output": [0.0]}), data, adam), updates=5)
    assert (result.diverged, result.state.iteration) == (True, 0)
    assert finite(result.state)
    assert result.history.tolist() == [[0, 1e280]]
    network = Network.from_weights({"node_0": [1.0], "output": [1e100]})
    data = Dataset([[1e10], [1e10]], [[1.0], [1.0]])
    result = train(State(network, data, Training(1e150, batch_size=batch_size)), updates=3)
    assert (result.diverged, result.state.network) == (True, network)
    assert finite(result.state)
    huge = replace(one_weight(0.25), network=Network.from_weights({"output": [1e150]}))
    history = train(huge, updates=3).history[:, 1]  # huge but finite numbers train
    assert history == pytest.approx([1e300, 0.25e300, 0.0625e300, 0.015625e300])


def start(rows=11, **training):
    network = oracle.make_network([2, 4, 1], ["tanh", "identity"], [True, True], 5)
    return oracle.make_state(network, rows, 7, **{"learning_rate": 0.05, **training})


def gone_to(past, iteration):
    known = past.nearest(iteration)
    return run(Replay(known, past.end), iteration - known.iteration).state()


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


def edited(state):
    """Return a State after each of three edits that end its run."""
    weight, target = (
        set_weight(state, 0, 0, 0, 1.0),
        edits.set_value(state, Address("target", 0, 0), 1.0, 0),
    )
    return weight, target, edits.randomise(state, 3)


SEEN = run_with_changes(start())


# --- iterations


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 3])
def test_every_iteration_comes_back_to_the_last_bit_whatever_was_changed(optimizer, batch_size):
    seen = run_with_changes(start(optimizer=optimizer, batch_size=batch_size))
    for known in ([seen[0], seen[-1]], [seen[0], seen[3], seen[11], seen[-1]], seen):
        past = followed(known)
        for k in range(1, 20):
            assert numbers(gone_to(past, k)) == numbers(seen[k])


def test_an_earlier_iteration_comes_with_the_history_of_that_time():
    for state in (start(), start(batch_size=3)):
        past = followed([state, train(state, updates=12).state])
        for k in range(1, 13):
            then = train(state, updates=k).state.run.history.points
            for _ in range(2):  # computed again, then as it is known
                gone = gone_to(past, k)
                assert gone.run.history.points.tolist() == then.tolist()
                past.follow(gone)


def test_a_history_that_was_thinned_since_is_held_only_by_the_history_that_goes_on():
    state = start()
    trainer, past, stores = Trainer(state, history_limit=100), Past(state), []
    for _ in trainer.work(400):
        store = next(trainer.state().run.history.stores)
        if not stores or store is not stores[-1]():
            stores.append(weakref.ref(store))
        past.follow(trainer.state())
    del store
    alive = {id(store()) for store in stores if store() is not None}
    assert alive == {id(each) for each in trainer.state().run.history.stores}
    assert len(alive) < len(stores) / 2
    then, expected = gone_to(past, 217), train(state, updates=217).state
    assert numbers(then) == numbers(expected)
    assert then.run.history.last == expected.run.history.last


def test_a_run_goes_on_from_an_earlier_iteration_to_where_it_ended_or_elsewhere():
    past = followed([*SEEN, SEEN[6], train(SEEN[6], updates=1, learning_rate=0.2).state])
    assert past.end is SEEN[-1]
    other = train(SEEN[6], updates=5, learning_rate=0.3).state
    for state in (SEEN[6], other):
        past.follow(state)
    assert past.end is other
    for k in range(1, 7):
        assert numbers(gone_to(past, k)) == numbers(SEEN[k])
    assert numbers(gone_to(past, 8)) == numbers(train(SEEN[6], updates=2, learning_rate=0.3).state)
    more = replace(SEEN[3], training=replace(SEEN[3].training, updates=77))
    assert leads_to(train(more, updates=1).state, SEEN[-1])


def test_undoing_an_edit_or_another_run_leads_on_to_the_end_of_the_first():
    middle = gone_to(followed(SEEN), 4)
    for edit, end in zip(edited(middle), edited(SEEN[-1]), strict=True):
        past = followed([*SEEN, middle, edit, middle])
        assert past.end is SEEN[-1]
        assert [numbers(gone_to(past, k)) for k in range(1, len(SEEN))] == [
            numbers(each) for each in SEEN[1:]
        ]
        past.follow(end)  # an edit has no past
        assert (past.end.iteration, past.end.run) == (0, None)
    edit = set_weight(SEEN[4], 0, 0, 0, 1.0)
    past = followed([*SEEN, SEEN[4], edit, train(edit, updates=3).state, edit, SEEN[4]])
    assert past.end is SEEN[-1]
    other = train(SEEN[3], updates=2, learning_rate=0.3).state
    for state in (SEEN[3], other, SEEN[3]):
        past.follow(state)
    assert past.end is other


def test_the_way_of_the_last_run_stays_known_until_the_data_change():
    past = followed([*SEEN, set_weight(SEEN[-1], 0, 0, 0, 1.0)])
    assert past.networks() == [state.network for state in SEEN]
    past.follow(SEEN[7])
    assert past.networks() == [state.network for state in SEEN[:8]]
    past.follow(SEEN[0])
    assert past.networks() == []
    assert followed([*SEEN, edits.set_value(SEEN[-1], Address("target", 0, 0), 1.0, 0)]).networks() == []


def test_few_states_are_kept_and_every_iteration_stays_in_reach():
    trainer, past, reached = Trainer(start()), Past(start()), {}
    for _ in trainer.work(3 * STORED_STATES):
        reached[trainer.iteration] = trainer.state()
        past.follow(reached[trainer.iteration])
    nearest = [past.nearest(k).iteration for k in range(1, 3 * STORED_STATES)]
    assert max(k - near for k, near in enumerate(nearest, 1)) < 16
    assert len(set(nearest)) <= STORED_STATES
    assert numbers(gone_to(past, 100)) == numbers(reached[100])
    now = edits.rename(past.end, 1, 0, "first")  # names and settings that changed since stay
    now = edits.set_training(now, replace(now.training, learning_rate=0.5))
    then = with_past(now, gone_to(past, 3))
    assert (then.network.layers[0].nodes[0], then.training.learning_rate) == ("first", 0.5)
    assert numbers(then) == numbers(reached[3])


def test_networks_of_an_opened_run_are_trained_again_at_even_distances_bit_for_bit():
    opened = Past(train(start(batch_size=4), updates=100).state)
    assert [*opened.known()] == [0, 100]
    for _ in opened.fill(50):
        pass
    known = opened.known()
    assert [*known] == [*range(0, 102, 2)]
    for k, network in known.items():
        again = train(start(batch_size=4), updates=k).state if k else start(batch_size=4)
        assert weights_of(network) == weights_of(again.network)
    short = Past(train(start(), updates=5).state)
    for _ in short.fill(50):
        pass
    assert [*short.known()] == [0, 1, 2, 3, 4, 5]
    none = Past(start())
    assert [*none.fill(50)] == []
    assert none.known() == {}


def weights_of(network):
    return [array.tobytes() for layer in network.layers for array in layer.arrays]


def test_redo_into_another_run_goes_back_in_the_run_that_is_redone():
    first = start()
    trained = train(first, updates=1).state
    past = followed([first, trained])
    past.follow(back := with_past(trained, past.nearest(0)))
    edit = replace(back, network=set_weight(back, 0, 0, 0, 7.0).network, run=None)
    again = train(edit, updates=3).state
    for state in (edit, again, edit, back, edit):  # undone twice, and done again once
        past.follow(state)
    assert past.end is again
    assert past.nearest(0).network is edit.network


def test_only_a_run_of_the_same_structure_and_settings_can_be_repeated():
    state = start()
    faster = edits.set_training(state, replace(state.training, learning_rate=0.02))
    trained = train(state).state
    assert can_repeat(state, trained)
    assert can_repeat(trained, train(trained).state)
    assert not can_repeat(faster, edits.set_training(trained, faster.training))
    for other in (edits.remove_biases(state, 0), edits.add_node(state, 1), faster):
        trained = train(other).state
        assert not can_repeat(state, trained)
        assert not can_repeat(trained, state)


# --- the best iteration

NAMES = {run["name"]: run for run in RUNS}
FULL, BATCHES = "circles: a small valley, then a long rise", "moons: the same in mini-batches, which wobble"


def found_best(state):
    """Return where the training of `state` ends, and the State of the least validation loss."""
    result = train(state, keep="best")
    return result.end, result.state


@pytest.mark.crossed(
    every=(1, 10**9),  # a State after each update, or none but the first
    name=(FULL, BATCHES),
    earlier=(0, 42, 210),  # from the start, gone on with, gone on behind it
)
def test_the_best_state_is_that_of_a_run_that_ended_there(every, name, earlier, monkeypatch):
    monkeypatch.setattr(training, "EVERY", every)
    begun = started(NAMES[name])
    state = train(begun, updates=earlier).state if earlier else begun
    end, found = found_best(replace(state, training=replace(begun.training, updates=300)))
    curve = end.run.curve("validation").points
    least = int(curve[curve[:, 1].argmin(), 0])
    assert 0 < found.iteration == least < end.iteration
    assert found.training == end.training
    expected = train(begun, updates=least).state
    assert numbers(found) == numbers(expected)
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
