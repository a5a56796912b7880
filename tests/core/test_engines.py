"""The compiled engine against NumPy's, networks that train beside each other, and which engine a run has.

What needs the compiled engine says so in its name. The other tests of training use the engine that is here.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits, engines
from nnviz.core.activations import ACTIVATIONS, Activation
from nnviz.core.history import History
from nnviz.core.losses import LOSSES, MSE
from nnviz.core.network import Network
from nnviz.core.optimizers import OPTIMIZERS, Adam
from nnviz.core.replay import Replay, state_at_start
from nnviz.core.schedules import schedule
from nnviz.core.state import COMPILED, NUMPY, Dataset, Run, State, Training
from nnviz.core.train import carry_out_all, train
from nnviz.core.trainer import Trainer
from nnviz.files import registry
from nnviz.files.examples import file_of
from tests.core import oracle
from tests.core.oracle import classes

compiled = pytest.mark.skipif(engines.kernel is None, reason="no compiler was there when nnviz was installed")


def trained(state, engine, updates):
    """Train a State with an engine, from iteration 0 on."""
    memory = np.zeros((len(OPTIMIZERS[state.training.optimizer].memories), state.network.parameters))
    run = Run(state.network, 0, History(), state.training.optimizer, memory, (), engine=engine)
    trainer = Trainer(replace(state, run=run), at_once=math.inf)
    assert trainer.engine.name == engine
    for _ in trainer.work(updates):
        pass
    return trainer.state()


def bits(state):
    """All that training changes, as bytes."""
    curves = [each.history.points.tobytes() for each in state.run.beside]
    numbers = np.array(oracle.parameters(state.network)).tobytes(), state.run.memory.tobytes()
    return *numbers, state.run.history.points.tobytes(), *curves, state.iteration


def example(name, **training):
    state = registry.load(file_of(name))
    return replace(state, training=replace(state.training, **training))


# --- the same numbers


@compiled
@pytest.mark.crossed(
    case=(*oracle.CASES, ("cross_entropy", "sigmoid", 1), ("mse", "tanh", 1)),
    hidden=oracle.NAMES,
    optimizer=(*OPTIMIZERS,),
    batch_size=(None, 4),
    validation=(0.0, 0.3),
    factors=((0.0, 0.0), (0.01, 0.0), (0.0, 0.02)),
    frozen=((), ("node_1",), ("layer 1",)),
)
def test_one_update_is_that_of_numpy_to_1e_12_where_it_is_compiled(
    case, hidden, optimizer, batch_size, validation, factors, frozen
):
    loss, output, outputs = (*case, 3)[:3]
    settings = {"optimizer": optimizer, "batch_size": batch_size, "validation": validation, "frozen": frozen}
    settings |= dict(zip(("l1", "l2"), factors, strict=True))
    state = classes(output, outputs, hidden=(hidden,), loss=loss, **settings)
    numpy, own = (trained(state, engine, 1) for engine in (NUMPY, COMPILED))
    parameters = [np.array(oracle.parameters(each.network)) for each in (numpy, own)]
    np.testing.assert_allclose(parameters[1], parameters[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(own.run.memory, numpy.run.memory, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(own.run.points, numpy.run.points, rtol=1e-12)
    assert [each.name for each in own.run.beside] == [each.name for each in numpy.run.beside]
    for one, other in zip(own.run.beside, numpy.run.beside, strict=True):
        np.testing.assert_allclose(one.history.points, other.history.points, rtol=1e-12)


STEADY = {
    "3-1": lambda: example("twenty-updates", learning_rate=0.001),
    "2-3-1 tanh": lambda: example("xor"),
    "2-4-2 in mini-batches": lambda: classes(hidden=("tanh",), rows=40, batch_size=10, learning_rate=0.05),
    "adam": lambda: classes("sigmoid", 1, hidden=("softplus",), optimizer="adam", learning_rate=0.001),
}
"""Networks on which a changed last bit stays small."""


@compiled
@pytest.mark.parametrize("name", STEADY)
def test_1000_updates_are_those_of_numpy_to_1e_9_where_it_is_compiled(name):
    state = STEADY[name]()
    weight = state.network.layers[0].weights[0, 0]
    nudged = oracle.set_weight(state, 0, 0, 0, np.nextafter(weight, np.inf))
    ends = [trained(*each, 1000) for each in ((state, NUMPY), (nudged, NUMPY), (state, COMPILED))]
    numpy, near, own = (np.array(oracle.parameters(each.network)) for each in ends)
    assert np.abs(near - numpy).max() < 1e-10 * np.abs(numpy).max()
    np.testing.assert_allclose(own, numpy, rtol=1e-9)
    np.testing.assert_allclose(ends[2].run.points, ends[0].run.points, rtol=1e-9, atol=1e-20)


@compiled
def test_tanh_is_exact_to_the_last_bits_where_it_is_compiled():
    """The loss of one row with the target 0 is the square of tanh."""
    z = np.concatenate([np.linspace(-3, 3, 3001), np.geomspace(1e-12, 30, 2000), [0.5, -0.5, 0.0, 700.0]])
    network = Network.from_weights({"output": [1.0]})
    network = replace(network, layers=(replace(network.layers[0], activation="tanh"),))
    errors = []
    for value in z:
        state = State(network, Dataset([[value]], [[0.0]]), Training(1e-300, 1))
        found = trained(state, COMPILED, 1).run.history.points[0, 1]
        true = math.tanh(value) ** 2
        errors.append(abs(found - true) / true if true else found)
    assert max(errors) < 1.5e-15


# --- beside each other


def seeded(state, count, **changes):
    """Return States with other weights, seeds and learning rates; `changes` gives the k-th its settings."""
    made = []
    for k in range(count):
        own = {name: change(k) for name, change in changes.items()}
        settings = replace(
            state.training, seed=k, learning_rate=state.training.learning_rate * (1 + k % 3), **own
        )
        made.append(edits.randomise(replace(state, training=settings), k))
    return made


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("count", [2, 5, 13])
def test_states_that_train_together_get_the_bits_of_training_alone(count, batch_size, optimizer):
    state = classes(rows=23, validation=0.2, batch_size=batch_size, optimizer=optimizer, updates=33)
    states = seeded(
        state,
        count,
        l2=lambda k: 0.01 * k,
        frozen=lambda k: ("node_1",) if k == 2 else (),
        schedule=lambda k: schedule("step(10, 0.5)") if k == 1 else None,
    )
    together = train(states)
    assert [bits(each.state) for each in together] == [bits(train(each).state) for each in states]
    assert [each.state.training for each in together] == [each.training for each in states]
    again = carry_out_all([each.state for each in together])  # goes on within an epoch
    assert [bits(each.state) for each in again] == [bits(train(each.state).state) for each in together]


def test_a_schedule_that_makes_units_shorter_does_so_for_the_networks_beside_it():
    states = seeded(
        example("xor", updates=3000), 6, schedule=lambda k: schedule("cosine(3000)") if k == 1 else None
    )
    assert [bits(each.state) for each in train(states)] == [bits(train(each).state) for each in states]


def test_states_of_several_kinds_and_states_that_diverge_train_together():
    state, large = (
        example("xor"),
        oracle.make_state(oracle.make_network([9, 90, 1], ["tanh", "identity"], [1, 1]), 60),
    )
    states = [large, *seeded(state, 7), *seeded(classes(), 6), large]
    states[3] = replace(states[3], training=replace(states[3].training, learning_rate=1e3))
    together = train(states, updates=50)
    assert [bits(each.state) for each in together] == [bits(train(each, updates=50).state) for each in states]
    assert [k for k, each in enumerate(together) if each.diverged] == [3]
    assert train([]) == []
    with pytest.raises(ValueError, match=r"^states\[1\]: data: training needs at least one row$"):
        train([state, replace(state, data=Dataset.empty(state.network))])
    rows = np.full((4, 2), 1e300)
    huge = replace(state, data=Dataset(np.tile(rows, (90_000, 1)), np.full((360_000, 1), 1e300)))
    with pytest.raises(ValueError, match=r"^states\[2\]: the MSE is infinite or NaN"):
        train([state, state, huge], updates=2)


def test_states_that_go_on_from_one_run_keep_its_history_apart():
    """Threads append to the buffer that the States share: each other one to a copy."""
    base = train(classes(rows=6, updates=3000)).state
    states = [replace(base, training=replace(base.training, optimizer=name)) for name in [*OPTIMIZERS] * 2]
    together = train(states, updates=9000)
    assert [bits(each.state) for each in together] == [
        bits(train(each, updates=9000).state) for each in states
    ]


def test_rows_in_any_order_of_memory_and_whole_numbers_as_settings_train_as_others():
    state = classes(rows=9, learning_rate=1, l2=1, updates=4, schedule=schedule("step(2, 1)"))
    turned = replace(
        state, data=Dataset(np.asfortranarray(state.data.inputs), np.asfortranarray(state.data.targets))
    )
    floats = replace(state.training, learning_rate=1.0, l2=1.0, schedule=schedule("step(2, 1.0)"))
    expected = bits(train(replace(state, training=floats)).state)
    assert bits(train(turned).state) == expected
    assert [bits(each.state) for each in train([turned] * 6)] == [expected] * 6


# --- which engine


def engine(state):
    return Trainer(state).engine.name


def test_an_entry_without_a_compiled_rule_runs_on_numpy(monkeypatch):
    state, usual = classes(), engines.engine_of(classes())
    assert usual == (COMPILED if engines.kernel else NUMPY)
    cube = Activation(
        "cube",
        lambda z, a: np.copyto(a, z**3),
        lambda z, _, d, out: np.multiply(3 * z * z, d, out),
        "z³",
        None,
    )
    monkeypatch.setitem(ACTIVATIONS, "cube", cube)
    network = oracle.make_network([3, 2, 1], ["cube", "identity"], [True, True], scale=0.3)
    cubed = oracle.make_state(network, 5, learning_rate=0.01, updates=3)
    assert engine(cubed) == NUMPY
    assert train(cubed).state.loss() < cubed.loss()
    monkeypatch.setitem(LOSSES, "own", (replace(MSE, name="own", compiled=None),))
    assert engine(replace(state, training=replace(state.training, loss="own"))) == NUMPY
    own = type("Own", (Adam,), {"name": "own"})  # its rule need not be adam's
    monkeypatch.setitem(OPTIMIZERS, "own", own)
    assert engine(replace(state, training=replace(state.training, optimizer="own"))) == NUMPY


def test_the_engine_is_numpy_where_its_matrices_are_faster():
    small, large = (
        example("xor"),
        oracle.make_state(oracle.make_network([9, 90, 1], ["relu", "identity"], [1, 1]), 60),
    )
    many = replace(small, data=Dataset(np.zeros((5000, 2)), np.zeros((5000, 1))))
    assert [engine(each) for each in (small, large, many)] == [
        COMPILED if engines.kernel else NUMPY,
        NUMPY,
        NUMPY,
    ]


@compiled
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("name", [NUMPY, COMPILED])
def test_a_run_keeps_its_engine_and_is_replayed_to_the_bit_where_it_is_compiled(name, batch_size, tmp_path):
    state = example("xor", batch_size=batch_size, optimizer="adam")
    middle = trained(state, name, 3)
    assert middle.run.engine == name
    other = replace(middle, training=replace(middle.training, batch_size=3, optimizer="momentum"))
    end = train(other, updates=20).state
    assert (end.run.engine, end.iteration) == (name, 23)
    replay = Replay(state_at_start(end), end)
    for _ in replay.work(23):
        pass
    assert bits(replay.state()) == bits(end)
    path = tmp_path / "run.json"
    registry.save(end, path)
    assert ('"engine"' in path.read_text("utf-8")) == (name == COMPILED)
    read = registry.load(path)
    assert bits(train(read, updates=9).state) == bits(train(end, updates=9).state)


def test_a_run_that_has_converged_is_read_again(tmp_path):
    """Its loss is nothing but rounding, which differs where it is computed again."""
    end = train(example("twenty-updates", learning_rate=0.01, optimizer="adam"), updates=2000).state
    assert end.loss() < 1e-20
    registry.save(end, tmp_path / "run.json")
    assert registry.load(tmp_path / "run.json").iteration == 2000


def test_a_run_of_compiled_loops_goes_on_with_numpy_where_no_compiler_was(monkeypatch):
    state = train(example("xor"), updates=3).state
    state = replace(state, run=replace(state.run, engine=COMPILED))
    monkeypatch.setattr(engines, "kernel", None)
    assert engine(state) == NUMPY
    assert train(state, updates=3).state.iteration == 6


# --- units of work


@pytest.mark.parametrize("name", ["xor", "spiral"])
def test_units_of_several_updates_end_where_they_are_asked_to(name):
    state = example(name, batch_size=7)
    one, many = Trainer(state), Trainer(state, at_once=math.inf)
    assert [one.iteration for _ in one.work(30)] == list(range(1, 31))
    for _ in many.work(30):
        assert many.iteration == 30 or many.iteration % many.engine.per_epoch == 0
    assert bits(one.state()) == bits(many.state())
    seen, many.at_once = [30], 5
    for _ in many.work(300):
        assert 0 < many.iteration - seen[-1] <= many.at_once
        seen.append(many.iteration)
        many.at_once = 7 - many.at_once
    assert seen[-1] == 330
    replay = Replay(state_at_start(many.state()), many.state(), at_once=1)
    reached = []
    for _ in replay.work(330):
        reached.append(replay.iteration)
        replay.at_once = 110
    assert (reached[0], reached[-1]) == (1, 330)
    assert reached[1] > 2  # `at_once` counts from the next unit on
    assert bits(replay.state()) == bits(many.state())
