"""Training and accuracy against plain references, however work is split, and finite when it diverges."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.accuracy import NO_CLASS, classifies, decided, right
from nnviz.core.confusion import confusion, decided_in_blocks, decisions
from nnviz.core.cost import finished
from nnviz.core.decision import decides
from nnviz.core.edits import set_training
from nnviz.core.measured import measured
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import Results
from nnviz.core.run import Training
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.trainer import Trainer
from tests.core import oracle
from tests.core.oracle import classes
from tests.core.refusals import refusals

SMOOTH = ("identity", "sigmoid", "tanh", "softplus", "softmax")


def run(trainer, updates):
    for _ in trainer.work(updates):
        pass
    return trainer


def numbers(state):
    """All that training changes, as bytes."""
    parameters = np.array(oracle.parameters(state.network)).tobytes()
    return [parameters, state.run.memory.tobytes()], state.run.iteration


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
    training = {"validation": validation, "batch_size": batch_size, "optimizer": optimizer, "seed": 11}
    state = classes(output, rows=rows, hidden=hidden, loss=loss, updates=30, **training)
    network, losses = oracle.train_plainly(state, 30)
    result = train(state)
    found = oracle.parameters(result.state.network)
    assert found == pytest.approx(oracle.parameters(network), rel=1e-9, abs=1e-12)
    batches = math.ceil(state.trained_rows / (batch_size or state.trained_rows))
    points = sorted({*range(0, 31, batches), 30})
    assert result.history[:, 0].tolist() == points
    np.testing.assert_allclose(result.history[:, 1:], [losses[k] for k in points], rtol=1e-9)
    assert (result.state.iteration, result.diverged) == (30, False)


def test_settings_given_to_train_win_over_the_states(approved):
    state = spiral()
    result = train(state, updates=4, learning_rate=0.2, batch_size=6, optimizer="momentum", seed=8)
    assert result.state.training == Training(0.2, 4, 6, "momentum", 8)
    assert result.history[:, 0].tolist() == [0, 4]
    again = train(replace(state, training=result.state.training))
    assert numbers(result.state) == numbers(again.state)
    wrong = {"learning_rate": 0.0, "updates": 0, "batch_size": 0, "optimizer": "sgd", "seed": -1}
    cases = {name: lambda name=name: train(state, **{name: wrong[name]}) for name in wrong}
    network = oracle.make_network([1, 1], ["identity"], [False])
    cases["no rows"] = lambda: Trainer(State(network, Dataset.empty(network)))
    cases["no targets"] = lambda: Trainer(State(network, Dataset([[1.0]])))
    cases["no row to train on"] = lambda: train(classes(rows=2, validation=0.9))
    huge = State(Network.from_weights({"output": [1e200]}), Dataset([[1e200]], [[0.0]]))
    cases["a start too large for a number"] = lambda: Trainer(huge)
    approved("training that cannot be", refusals(cases))


def test_a_new_learning_rate_holds_from_the_next_update():
    trainer = Trainer(spiral())
    for _ in trainer.work(6):
        if trainer.iteration == 2:
            trainer.learning_rate = 0.01
    middle = train(spiral(), updates=2).state
    slower = replace(middle, training=replace(middle.training, learning_rate=0.01))
    assert trainer.learning_rate == 0.01
    assert numbers(trainer.state()) == numbers(run(Trainer(slower), 4).state())


def test_an_optimizer_that_is_changed_starts_with_an_empty_memory():
    first = train(spiral(optimizer="momentum"), updates=3).state
    other = train(first, updates=1, optimizer="gradient_descent").state
    plain = train(replace(first, run=None), updates=1, optimizer="gradient_descent").state
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
    assert one.loss == whole.loss
    points = dict(whole.state().run.history.points)
    assert points.items() <= dict(one.state().run.history.points).items()
    assert points.items() <= dict(going.run.history.points).items()
    if batch_size is None:
        assert dict(going.run.history.points) == points


def test_states_taken_on_the_way_and_pauses_change_nothing():
    state = spiral(batch_size=5, optimizer="adam")
    watched, whole = Trainer(state), run(Trainer(state), 40)
    seen = [watched.state() for _ in watched.work(40)]
    assert numbers(watched.state()) == numbers(whole.state())
    assert [s.iteration for s in seen] == list(range(1, 41))
    left = Trainer(state)
    for _ in left.work(20):
        if left.iteration == 8:
            break
    assert numbers(run(left, 3).state()) == numbers(seen[10])
    for taken in seen[::7]:
        assert numbers(taken) == numbers(run(Trainer(state), taken.iteration).state())
        points = taken.run.history.points
        assert points[-1, 0] == taken.iteration // 5 * 5
        assert [s.run.history.points[0].tolist() for s in seen] == [points[0].tolist()] * 40


def test_a_state_is_left_alone_and_what_does_not_change_is_shared():
    state = spiral()
    before = [np.array(oracle.parameters(state.network)).tobytes(), state.data.inputs.tobytes()]
    trainer = Trainer(state)
    taken = run(trainer, 3).state()
    bits = numbers(taken), taken.run.history.points.tobytes()
    run(trainer, 5)
    assert (numbers(taken), taken.run.history.points.tobytes()) == bits
    assert [np.array(oracle.parameters(state.network)).tobytes(), state.data.inputs.tobytes()] == before
    assert state.run is None
    assert taken.data is state.data
    assert taken.weight_sets is state.weight_sets
    assert taken.run.start is state.network
    assert taken.network.inputs is state.network.inputs


def test_another_run_after_an_undone_one_keeps_both_histories():
    base = run(Trainer(spiral()), 5).state()
    first = run(Trainer(base), 4).state()
    kept = first.run.history.points.copy()
    faster = replace(base, training=replace(base.training, learning_rate=0.2))
    second = run(Trainer(faster), 6).state()
    assert first.run.history.points.tolist() == kept.tolist()
    assert second.run.history.points[:6].tolist() == base.run.history.points.tolist()
    assert len(second.run.history) == 12
    assert second.run.history.points[6, 1] != kept[6, 1]


def test_epochs_of_very_many_batches_follow_the_reference_and_can_be_split():
    """More batches than are made ready at once, and the last one short."""
    network = oracle.make_network([1, 1], ["identity"], [True])
    state = oracle.make_state(network, 531, learning_rate=0.01, batch_size=2, seed=4)
    whole = train(state, updates=600).state
    rates, values = np.array(oracle.parameters(network)), []
    x, y = state.data.inputs, state.data.targets
    for epoch, batches in ((0, 266), (1, 266), (2, 68)):
        order = np.random.default_rng([4, 1, epoch]).permutation(531)
        values.append(oracle.loss(oracle.with_parameters(network, rates), x, y))
        for part in range(batches):
            rows = order[2 * part : 2 * part + 2]
            error = rates[0] * x[rows, 0] + rates[1] - y[rows, 0]
            rates = rates - 0.01 * 2 * np.array([(error * x[rows, 0]).mean(), error.mean()])
    assert oracle.parameters(whole.network) == pytest.approx(rates, rel=1e-9)
    assert whole.run.history.points[:, 0].tolist() == [0, 266, 532, 600]
    assert whole.run.history.points[:3, 1] == pytest.approx(values, rel=1e-9)
    for stop in (1, 255, 256, 265, 266, 300, 531, 532):
        middle = train(state, updates=stop).state
        assert numbers(train(middle, updates=600 - stop).state) == numbers(whole)


# --- rows that are too many for one unit of work


def long_data(rows=9000, **training):
    network = oracle.make_network([30, 40, 3], ["tanh", "identity"], [True, True], scale=0.1)
    return oracle.make_state(network, rows, **{"learning_rate": 0.1, **training})


def test_long_data_is_cut_into_blocks_that_add_up(amount):
    for optimizer in amount(quick=["adam"], ci=OPTIMIZERS, night=OPTIMIZERS):
        adds_up(optimizer)


def adds_up(optimizer):
    state = long_data(optimizer=optimizer)
    trainer = Trainer(state)
    assert sum(1 for _ in trainer.work(2)) > 10
    assert trainer.iteration == 2
    values, step = np.array(oracle.parameters(state.network)), oracle.optimizer_steps(optimizer)
    for _ in range(2):
        network = oracle.with_parameters(state.network, values)
        values = step(values, oracle.flat_slopes(network, state.data.inputs, state.data.targets), 0.1)
    after = trainer.state()
    assert oracle.parameters(after.network) == pytest.approx(values.tolist(), rel=1e-9, abs=1e-12)
    assert after.run.history.points[:, 0].tolist() == [0, 1, 2]
    assert after.run.history.points[-1, 1] == pytest.approx(after.loss(), rel=1e-12)
    one = run(Trainer(state), 1)
    assert numbers(run(Trainer(one.state()), 1).state()) == numbers(after)
    for unit, _ in enumerate(one.work(2)):  # a rate that is set within an update waits for the next
        if unit == 0:
            assert one.iteration == 1
            one.learning_rate = 0.02
    two = run(Trainer(state), 2)
    two.learning_rate = 0.02
    assert numbers(run(two, 1).state()) == numbers(one.state())


def test_few_rows_of_millions_of_weights_are_one_unit_and_make_the_right_update():
    network = oracle.make_network([1100, 1000, 1], ["tanh", "identity"], [True, True], scale=0.01)
    state = oracle.make_state(network, 4, learning_rate=0.1)
    trainer = Trainer(state)
    for _ in range(2):
        found = slopes(network, state.data.inputs, state.data.targets)
        assert sum(1 for _ in trainer.work(1)) == 1
        before, network = network, trainer.state().network
        for old, new, slope in zip(before.layers, network.layers, found.layers, strict=True):
            np.testing.assert_allclose(new.weights, old.weights - 0.1 * slope.weights, rtol=1e-10, atol=1e-14)
            np.testing.assert_allclose(new.biases, old.biases - 0.1 * slope.biases, rtol=1e-10, atol=1e-14)


def test_work_left_in_the_middle_of_a_long_update_leaves_the_update_before_it():
    state = long_data()
    trainer = Trainer(state)
    for unit, _ in enumerate(trainer.work(5)):
        if trainer.iteration == 2 and unit % 3 == 1:
            break
    one = run(Trainer(state), trainer.iteration)
    assert numbers(trainer.state()) == numbers(one.state())
    assert numbers(run(trainer, 1).state()) == numbers(run(one, 1).state())


def test_the_loss_over_long_data_at_the_end_of_an_epoch_is_cut_too():
    state = long_data(learning_rate=0.01, batch_size=4500)
    trainer = Trainer(state)
    assert sum(1 for _ in trainer.work(2)) > 4
    after = trainer.state()
    assert after.run.history.points[:, 0].tolist() == [0, 2]
    assert after.run.history.points[:, 1] == pytest.approx([state.loss(), after.loss()], rel=1e-12)


def test_an_epochs_point_is_made_up_for_where_its_pass_was_left_in_the_middle():
    state = long_data(30_000, learning_rate=0.01, batch_size=3000)
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


# --- validation and accuracy


def test_validation_rows_change_nothing():
    state, rows = classes(validation=0.3, optimizer="adam"), 7
    inputs = state.data.inputs.copy()
    inputs[rows:] += 1.0
    one, two = train(state), train(replace(state, data=Dataset(inputs, state.data.targets)))
    assert one.history[:, 1].tolist() == two.history[:, 1].tolist()
    assert one.history[:, 2].tolist() != two.history[:, 2].tolist()
    alone = replace(state, data=Dataset(inputs[:rows], state.data.targets[:rows]))
    alone = replace(alone, training=replace(state.training, validation=0.0))
    assert train(alone).history.tolist() == one.history[:, :2].tolist()


def test_the_split_is_that_of_keras():
    splits = {(10, 0.3): 7, (10, 0.2): 8, (3, 0.5): 1, (150, 0.3): 105}
    assert {of: classes(rows=of[0], validation=of[1]).trained_rows for of in splits} == splits
    bare = classes(rows=2, validation=0.9)
    assert not bare.trainable
    assert bare.loss() is None


def test_work_cut_in_two_keeps_all_curves_and_another_loss_or_split_none():
    state = classes(validation=0.3, batch_size=3, updates=9)
    whole, half = train(state), train(state, updates=6).state
    rest = train(half, updates=3)
    assert rest.state.network == whole.state.network
    for changes in ({"loss": "mse"}, {"validation": 0.2}):
        assert set_training(half, replace(half.training, **changes)).run is None
    assert set_training(half, replace(half.training, learning_rate=0.5)).run is half.run
    names = [curve.name for curve in whole.state.run.beside]
    assert names == ["validation", "accuracy", "validation accuracy"]
    for name in names:
        one, two = (each.state.run.curve(name).points.tolist() for each in (whole, rest))
        assert one == two


@pytest.mark.parametrize(("output", "outputs"), [("softmax", 3), ("sigmoid", 3), ("sigmoid", 1)])
def test_training_counts_as_accuracy_does_and_measures_both_parts(output, outputs):
    state = train(classes(output, outputs, rows=40, updates=3)).state
    hits = right(state.network, state.network.predict(state.data.inputs), state.data.targets)
    assert state.run.curve("accuracy").last == (3, hits.mean())
    state = train(classes(output, outputs, rows=40, updates=3, validation=0.3)).state
    found, points = measured(state), {curve.name: curve.history.last[1] for curve in state.run.beside}
    assert found.loss == pytest.approx(state.run.history.last[1], rel=1e-12)
    assert found.validation == pytest.approx(points["validation"], rel=1e-12)
    assert (found.accuracy, found.validation_accuracy) == (points["accuracy"], points["validation accuracy"])


# --- classes


def passing_on(activation, *outputs):
    """Return a network of one layer that gives its inputs on."""
    return Network(outputs, (Layer(tuple(f"{o}!" for o in outputs), activation, np.eye(len(outputs))),))


def test_a_softmax_decides_once_and_each_sigmoid_alone():
    net = passing_on("softmax", "cat", "dog", "owl")
    assert decisions(net) == (("cat!", "dog!", "owl!"),)
    outputs = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [math.nan, 0.0, 1.0]])
    assert decided(net, outputs).tolist() == [[1], [0], [NO_CLASS]]
    net = passing_on("sigmoid", "rain", "wind")
    assert decisions(net) == (("not rain!", "rain!"), ("not wind!", "wind!"))
    assert decided(net, np.array([[0.5, 0.49], [math.nan, 1.0]])).tolist() == [[1, 0], [NO_CLASS, 1]]


def test_counts_and_shares_are_those_of_a_count_by_hand():
    wanted, taken = np.array([0, 0, 0, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 1, 0, NO_CLASS])
    found = confusion(wanted, taken, 3)
    assert found.counts.tolist() == [[2, 2, 0], [1, 1, 0], [0, 0, 0]]
    assert (found.right, found.lost, found.rows) == (3, 1, 7)
    np.testing.assert_allclose(found.recalls, [2 / 4, 1 / 2, math.nan])
    np.testing.assert_allclose(found.precisions, [2 / 3, 1 / 3, math.nan])
    np.testing.assert_allclose(found.shares, [[1 / 2, 1 / 2, 0], [1 / 2, 1 / 2, 0], [0, 0, 0]])


def test_accuracy_counts_what_a_person_counts():
    net = passing_on("softmax", "a", "b", "c")
    prediction = np.array([[0.2, 0.5, 0.3], [0.5, 0.5, 0.0], [0.1, 0.2, 0.7], [math.nan, 0, 1]])
    targets = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], float)
    assert right(net, prediction, targets).tolist() == [True, True, False, False]
    two = passing_on("sigmoid", "a", "b")
    found = right(two, np.array([[0.5, 0.4], [0.9, 0.6]]), np.array([[1, 0], [1, 0]]))
    assert found.tolist() == [True, False]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_rows_decided_in_blocks_are_those_decided_together(activation):
    draw = np.random.default_rng(3)
    inputs, targets = draw.normal(size=(500, 3)), draw.integers(0, 2, (500, 3)).astype(float)
    state = State(passing_on(activation, "a", "b", "c"), Dataset(inputs, targets))
    together = Results(state)
    together.decide()
    assert len(list(decided_in_blocks(state, block_ns=1.0))) > 1
    for found, known in zip(finished(decided_in_blocks(state, block_ns=1.0)), together.decided, strict=True):
        assert found.tolist() == known.tolist()


def test_targets_of_0_and_1_are_classes_where_the_output_is_one():
    cases = [
        ("softmax", 3, [[1, 0, 0]], True),
        ("sigmoid", 2, [[1, 0]], True),
        ("identity", 1, [[1], [0]], True),
        ("identity", 1, [[1], [0.5]], False),
        ("identity", 1, [[0], [0]], False),
        ("identity", 2, [[1, 0]], False),
        ("sigmoid", 1, None, False),
        ("sigmoid", 1, [[1], [1]], True),
        ("sigmoid", 1, [[60]], False),
        ("sigmoid", 1, [[1], [0], [0.99]], False),
        ("sigmoid", 2, [[1, 0], [0, -1]], False),
        ("softmax", 3, [[0.2, 0.3, 0.5]], False),
        ("softmax", 3, [[1, 0, 0], [0, 0, 2]], False),
        ("softmax", 3, [], False),
    ]
    for output, outputs, targets, expected in cases:
        y = None if targets is None else np.array(targets, float).reshape(-1, outputs)
        net = passing_on(output, *"abc"[:outputs])
        data = Dataset(np.zeros((1 if y is None else len(y), outputs)), y)
        assert classifies(net, data) == expected, (output, targets)


def test_a_sigmoid_decides_at_a_half_unless_a_target_is_no_class():
    states = [State(passing_on("sigmoid", "a"), Dataset([[0.0]], y)) for y in ([[60.0]], [[1.0]], None)]
    assert [decides(state) for state in states] == [False, True, True]


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


def test_every_state_of_a_run_that_diverges_is_finite_and_no_update_follows():
    trainer, iterations = Trainer(one_weight(5.0)), []
    for _ in trainer.work(1000):
        taken = trainer.state()
        assert finite(taken)
        iterations.append(taken.iteration)
    assert trainer.diverged
    assert iterations[160] == 161
    assert trainer.loss == pytest.approx(81.0**161, rel=1e-12)
    before = trainer.state()
    run(trainer, 10)
    assert trainer.iteration == 161
    assert oracle.parameters(trainer.state().network) == oracle.parameters(before.network)


def test_a_learning_rate_that_was_lowered_on_the_way_is_kept_to():
    """The way back to the last finite weights uses each update's own learning rate."""
    trainer = Trainer(one_weight(5.0))
    for _ in trainer.work(1000):
        trainer.learning_rate = 0.25 if 100 <= trainer.iteration < 103 else 5.0
    weight = trainer.state().network.layers[0].weights[0, 0]
    assert trainer.diverged
    assert abs(weight) == pytest.approx(9.0 ** (trainer.iteration - 3) / 8, rel=1e-12)
    assert 1e152 < abs(weight) < 1.4e154


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
    assert result.diverged
    assert finite(result.state)
    assert result.state.network == network
    huge = replace(one_weight(0.25), network=Network.from_weights({"output": [1e150]}))
    history = train(huge, updates=3).history[:, 1]  # huge but finite numbers train
    assert history == pytest.approx([1e300, 0.25e300, 0.0625e300, 0.015625e300])
