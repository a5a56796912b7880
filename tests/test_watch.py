"""`nnviz.watch` as a script meets it: the window is a stand-in that reads, hangs, closes or dies."""

import itertools
import signal
import sys
import warnings

import numpy as np
import pytest

import nnviz
from nnviz.files import frames
from nnviz.system import TRAINING
from nnviz.watching import window
from nnviz.watching.window import window_process
from tests.processes import PATIENCE_S

pytestmark = pytest.mark.filterwarnings("ignore:arrays contain no activations:UserWarning")

WEIGHTS = {"node_0": [2.0, 4.0], "node_1": [4.0, -5.0], "output": [2.0, 7.0]}
NETWORK = nnviz.Network.from_weights(WEIGHTS)


def all_points(got):
    return np.concatenate([frame.points for frame in got]).tolist()


def shape(network):
    """Return the sizes of a network, and of each layer whether it has biases."""
    return network.sizes, tuple(layer.biases is not None for layer in network.layers)


def test_a_loop_over_arrays_that_change_in_place_is_followed_from_its_start_to_its_end(windows):
    w0, b0, w1 = np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2), np.array([[5.0], [6.0]])
    with nnviz.watch([w0, b0, w1, np.zeros(1)], [[1, 2]], [[3]]) as watched:
        for k in range(5):
            w1 += 1
            watched.update(1 / (k + 1))
    state, got, ending = windows[0].read()
    assert [layer.weights.tolist() for layer in state.network.layers] == [[[1, 3], [2, 4]], [[5, 6]]]
    assert [layer.activation for layer in state.network.layers] == ["relu", "identity"]
    assert state.data == nnviz.Dataset([[1, 2]], [[3]])
    assert got[-1].iteration == 5
    assert got[-1].values.tolist() == [1, 3, 0, 2, 4, 0, 10, 11, 0]
    assert all_points(got) == [[k, 1 / k] for k in range(1, 6)]
    assert ending == ""


def test_every_loss_of_a_quick_loop_comes_though_few_frames_do(windows):
    """A loss that is infinite or NaN is a point as it is, and None is no point."""
    with nnviz.watch(np.zeros((1, 2))) as watched:
        for k in range(10_000):
            watched.update(float(k))
    with nnviz.watch([W23]) as watched:
        for loss in (1.0, None, np.nan, np.inf, np.array(2.0)):
            watched.update(loss)
    (_, many, _), (_, strange, _) = (window.read() for window in windows)
    assert len(many) < 1000
    assert all_points(many) == [[k + 1, k] for k in range(10_000)]
    points = [[1, 1], [3, np.nan], [4, np.inf], [5, 2]]
    assert np.array_equal(all_points(strange), points, equal_nan=True)
    assert strange[-1].iteration == 5


def test_models_of_every_kind_are_followed_as_they_change(windows):
    """One array, weights that the loop makes anew, a network that another replaces, a dictionary."""
    array, anew = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0]])
    with nnviz.watch(array) as watched:
        array += 1
        watched.update(1.0)
    with nnviz.watch([anew]) as watched:
        for _ in range(3):
            anew = anew * 2
            watched.update(model=[anew])
    with nnviz.watch(NETWORK) as watched:
        watched.update(1.0, nnviz.Network.from_weights({**WEIGHTS, "output": [0, 1]}))
    dictionary = {name: np.array(values) for name, values in WEIGHTS.items()}
    with nnviz.watch(dictionary, [[3, 5]], [60]) as watched:
        dictionary["output"] = dictionary["output"] - 1
        watched.update(np.float64(64.0))
    states, frames_of, _ = zip(*(window.read() for window in windows), strict=True)
    starts = [state.network.layers[0].weights.tolist() for state in states[:2]]
    assert starts == [[[1, 2], [3, 4]], [[1, 2]]]
    assert [state.network for state in states[2:]] == [NETWORK, NETWORK]
    ends = [got[-1].values.tolist() for got in frames_of]
    assert ends == [[2, 3, 4, 5], [8, 16], [2, 4, 4, -5, 0, 1], [2, 4, 4, -5, 1, 6]]
    assert [all_points(got) for got in frames_of] == [[[1, 1]], [], [[1, 1]], [[1, 64]]]


W23, W31 = np.ones((2, 3)), np.ones((3, 1))


FULL = (2, 3, 1), (True, True)
SHAPES = {
    "transposed": ([W23.T, np.zeros(3), W31.T, np.zeros(1)], FULL),
    "each with its biases": ([W23, np.zeros(3), W31, np.zeros(1)], FULL),
    "biases last": ([W23, W31, np.zeros(3), np.zeros(1)], FULL),
    "no biases": ([W23, W31], ((2, 3, 1), (False, False))),
    "biases in rows": ([W23, np.zeros((1, 3)), W31, np.zeros((1, 1))], FULL),
    "a dictionary": ({"W1": W23, "b1": np.zeros((1, 3)), "W2": W31, "b2": np.zeros((1, 1))}, FULL),
    "one node": ([np.ones(4), np.zeros(1)], ((4, 1), (True,))),
    "one node and a number": ([np.ones(4), 0.0], ((4, 1), (True,))),
    "one row": (np.ones(4), ((4, 1), (False,))),
    "one column": (np.ones((4, 1)), ((1, 4), (False,))),
    "a tuple": ((W23,), ((3, 2), (False,))),
}


def test_arrays_are_taken_as_weights_and_biases_in_the_order_that_makes_a_network(windows):
    for model, _ in SHAPES.values():
        nnviz.watch(model).close()
    found = [shape(window.read()[0].network) for window in windows]
    assert dict(zip(SHAPES, found, strict=True)) == {name: expected for name, (_, expected) in SHAPES.items()}
    nnviz.watch([W23], [[1, 2]]).close()  # the rows tell which way round the weights of a script are
    assert windows[-1].read()[0].network.sizes == (2, 3)


def test_a_loop_that_makes_new_arrays_and_keeps_them_to_itself_is_told_so(windows, capsys, approved):
    told = []
    for moves in (True, False):
        weights = W23.copy()
        with nnviz.watch([weights], activations=["identity"]) as view:
            for loss in (3.0, 2.0):
                weights = np.subtract(weights, 0.1, out=weights if moves else None)
                view.update(loss)
        told.append(capsys.readouterr().err)
    assert told[0] == ""
    approved("no weight has changed", told[1])


def test_activations_that_are_assumed_are_told_where_watch_is_called_and_in_the_window(windows, approved):
    with pytest.warns(UserWarning, match="activations") as told:
        nnviz.watch([W23, W31]).close()
    assert [warning.filename for warning in told] == [__file__]
    approved("activations that are assumed", f"{told[0].message}\n{windows[0].read()[0].notes}")


def test_only_activations_that_are_assumed_are_a_reason_to_warn(windows):
    warnings.simplefilter("error")
    with pytest.raises(UserWarning, match="activations"):
        nnviz.watch(W23)
    assert windows == []
    for model, activations in (([W23, W31], ["tanh", "identity"]), (WEIGHTS, None), (NETWORK, None)):
        nnviz.watch(model, activations=activations).close()
    assert [window.read()[0].notes for window in windows] == ["", "", ""]


REFUSED = {
    "a number": (5, {}),
    "a text": ("bank.json", {}),
    "arrays that do not meet": ([np.ones((2, 3)), np.ones((4, 4))], {}),
    "no array": ([], {}),
    "three dimensions": ([np.ones((2, 3, 4))], {}),
    "two activations": ([W23], {"activations": ["relu", "relu"]}),
    "an unknown activation": ([W23], {"activations": ["rely"]}),
    "four columns": ([W23.T, np.ones((2, 1))], {"x": [[1, 2, 3, 4]]}),
    "not a number": ([W23 * np.nan], {}),
}


def test_what_cannot_be_watched_is_refused_before_the_training(windows, approved):
    told = {}
    for name, (model, words) in REFUSED.items():
        error = TypeError if isinstance(model, int | str) else nnviz.FileError
        with pytest.raises(error) as caught:
            nnviz.watch(model, **words)
        told[name] = str(caught.value)
    assert windows == []
    approved("what cannot be watched", told)


def test_an_exception_ends_a_watch_by_its_name_and_goes_on_up(windows):
    def interrupted():
        with nnviz.watch([W23]) as watched:
            watched.update(1.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    nnviz.watch([W23]).update(1.0)  # a view that is let go of has ended
    ends = [(got[-1].iteration, ending) for _, got, ending in (window.read() for window in windows)]
    assert ends == [(1, "The training stopped with KeyboardInterrupt"), (1, "")]


def test_a_model_that_changes_its_shape_ends_the_watch_with_a_note_and_not_the_training(windows, capsys):
    model = [np.ones((2, 3))]
    with nnviz.watch(model) as watched:
        for _ in range(1000):
            model[0] = np.ones((2, 4))
            watched.update(1.0)
    _, _, ending = windows[0].read()
    why = "the shapes of the model's arrays have changed"
    assert ending == f"Watching has ended because the model cannot be read ({why})"
    assert capsys.readouterr().err == f"nnviz: watching has ended because the model cannot be read: {why}\n"


@pytest.mark.usefixtures("windows")
def test_a_model_that_takes_long_to_look_at_is_looked_at_less_often(monkeypatch):
    looks = []

    class Model(list):
        def __getitem__(self, key):
            looks.append(key)
            return super().__getitem__(key)

    ticks = itertools.count(0.0, 0.010)  # 10 ms from one look at the clock to the next, as the model takes
    monkeypatch.setattr(window, "_clock", lambda: next(ticks))
    watched = nnviz.watch(Model([W23]))
    looks.clear()
    for _ in range(200):  # in 2 seconds
        watched.update(1.0)
    assert 2 <= len(looks) <= 6


@pytest.mark.skipif(sys.platform == "win32", reason="its processes are not ended by signals")
def test_the_window_itself_takes_a_training_and_stays_when_it_has_ended():
    process = window_process(TRAINING)
    points = np.column_stack((np.arange(1.0, 20_001.0), np.ones(20_000)))
    with process.stdin as pipe:
        for part in frames.start_message(nnviz.State(NETWORK, nnviz.Dataset([[3, 5]]))):
            pipe.write(part)
        pipe.write(frames.frame_message(frames.Frame(20_000, points, np.ones(6))))  # more than a pipe holds
        pipe.write(frames.end_message(""))
    assert process.poll() is None
    process.terminate()
    assert process.wait(PATIENCE_S) in (128 + signal.SIGTERM, -signal.SIGTERM)


SCRIPT = """
import atexit, os, signal, subprocess, sys, time
windows = []
atexit.register(lambda: [each.{at_last}() for each in windows])  # after what nnviz does then
import numpy as np
import nnviz
from nnviz import system
from nnviz.watching import window
system.check = lambda window: None
window.PATIENCE_S = 0.3
real = subprocess.Popen
def stand_in(command, **settings):
    windows.append(real([sys.executable, "-c", {window!r}], **settings))
    return windows[-1]
window.subprocess.Popen = stand_in
{training}
print("trained")
"""
LOOP = """
weights = [np.ones({shape})]
with nnviz.watch(weights, activations=["identity"]) as view:
    for k in range({updates}):
        weights[0][0, 0] += 1.0
        view.update(1.0)
        {each}
"""
READS = "import sys; sys.stdin.buffer.read()"
HANGS = "import time; time.sleep(1000)"
CLOSES = "import os; os.close(0)"
DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def run(forks, tmp_path):
    """Return a function that runs a script with a stand-in for its window: exit code and output."""
    return lambda window, training, at_last="wait": forks(
        SCRIPT.format(window=window, training=training, at_last=at_last), folder=tmp_path
    )


def test_a_window_that_hangs_holds_up_neither_the_loop_nor_the_end_of_the_script(run):
    for shape in ((2, 3), (300, 1000)):
        assert run(HANGS, LOOP.format(shape=shape, updates=8_000, each=""), "kill") == (0, "trained\n", "")


UNTIL_IT_IS_GONE = LOOP.format(shape=(2, 3), updates=5000, each="windows[0].wait() if k == 3 else None")


@pytest.mark.skipif(sys.platform == "win32", reason="its processes are not ended by signals")
def test_a_window_that_is_gone_costs_a_script_a_note_at_most(run):
    """Also a script that would end where a pipe is closed."""
    note = "nnviz: the window has ended unexpectedly; the training continues without the window\n"
    assert run(CLOSES, UNTIL_IT_IS_GONE) == (0, "trained\n", "")
    assert run(DIES, UNTIL_IT_IS_GONE) == (0, "trained\n", note)
    ended_by_pipes = f"signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n{UNTIL_IT_IS_GONE}"
    assert run(CLOSES, ended_by_pipes) == (0, "trained\n", "")


def test_a_child_that_was_forked_tells_the_window_nothing_and_does_not_hold_it_open(run):
    training = """
weights = [np.ones((2, 3))]
with nnviz.watch(weights, activations=["identity"]) as view:
    weights[0] += 1.0
    view.update(1.0)
    child = os.fork()
    if not child:
        for _ in range(1000):
            view.update(2.0)
        time.sleep(1000)
windows[0].wait()
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
"""
    assert run(READS, training) == (0, "trained\n", "")


def test_a_script_that_closes_no_view_ends_and_hands_the_end_over(run, tmp_path):
    got = tmp_path / "got"
    window = f"import sys; open({str(got)!r}, 'wb').write(sys.stdin.buffer.read())"
    training = """
weights = [np.ones((100, 1000))]
view = nnviz.watch(weights, activations=["identity"])
view.update(1.0)
weights[0][:] = 7
view.update(2.0)
"""
    assert run(window, training) == (0, "trained\n", "")
    with open(got, "rb") as stream:
        frames.read_start(stream)
        messages = [frames.read_next(stream, 100_000) for _ in range(3)]
    *_, last, ending = [message for message in messages if message is not None]
    assert (last.iteration, last.values.min(), ending) == (2, 7, "")
