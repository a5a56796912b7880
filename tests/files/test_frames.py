"""A training's frames on their way through a pipe: what is joined, what is bounded, what is refused."""

import io

import numpy as np
import pytest

from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files import frames
from nnviz.files.errors import FileError
from nnviz.files.frames import Frame, Mailbox

NETWORK = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})


def frame(iteration, losses=1, value=0.0):
    iterations = np.arange(iteration - losses + 1.0, iteration + 1.0)
    return Frame(iteration, np.column_stack((iterations, 1.0 / iterations)), np.full(6, value))


def through(*messages):
    return io.BytesIO(b"".join(messages))


def test_a_training_goes_through_and_comes_out_to_the_last_bit():
    state = State(NETWORK, Dataset([[3, 5]], [[60]]), name="Mine")
    sent = frame(7, losses=3, value=0.1)
    stream = through(*frames.begun(state), frames.gone_on(sent), frames.ended("KeyboardInterrupt"))
    assert frames.read_start(stream) == state
    got = frames.read_on(stream, 6)
    assert (got.iteration, got.points.tolist(), got.values.tolist()) == (
        7,
        sent.points.tolist(),
        sent.values.tolist(),
    )
    assert frames.read_on(stream, 6) == "KeyboardInterrupt"
    assert frames.read_on(stream, 6) is None


@pytest.mark.parametrize("cut", [1, 8, 9, 30, 60])
def test_a_stream_that_breaks_off_within_a_message_has_ended(cut):
    whole = frames.gone_on(frame(1))
    assert frames.read_on(through(whole[:-cut]), 6) is None


@pytest.mark.parametrize(
    "garbled",
    [
        b"X" + bytes(8),
        b"F" + (2**60).to_bytes(8, "little"),
        b"F" + bytes(8),
        frames.gone_on(Frame(1, np.empty((0, 2)), np.zeros(5))),
        frames.gone_on(Frame(1, np.empty((0, 2)), np.zeros(6))).replace(bytes(8), b"\xff" * 8, 1),
    ],
)
def test_what_is_no_frame_of_this_network_is_refused(garbled):
    with pytest.raises(FileError, match="what came from the script is no training that this nnviz knows"):
        frames.read_on(through(garbled), 6)


def test_what_does_not_begin_with_a_network_is_refused():
    with pytest.raises(FileError, match="no training that this nnviz knows"):
        frames.read_start(through(frames.gone_on(frame(1))))


def test_who_takes_late_gets_the_newest_weights_and_every_loss():
    mailbox = Mailbox()
    for iteration in (2, 4, 6):
        mailbox.put(frame(iteration, losses=2, value=iteration))
    taken = mailbox.take()
    assert (taken.iteration, taken.values[0]) == (6, 6.0)
    assert taken.points[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert mailbox.take() is None
    mailbox.put(frame(7))
    assert mailbox.take().points[:, 0].tolist() == [7]


def test_what_nobody_takes_is_bounded_and_keeps_its_extremes():
    mailbox, lowest = Mailbox(), 1e-9
    for iteration in range(100, 100_100, 100):
        mailbox.put(frame(iteration, losses=100))
        if iteration == 5000:
            mailbox.put(Frame(iteration, np.array([[5000.5, lowest]]), np.zeros(6)))
    points = mailbox.take().points
    assert len(points) <= frames.POINTS
    assert points[:, 1].min() == lowest
    assert points[-1, 0] == 100_000


def test_how_it_ended_is_told_once():
    mailbox = Mailbox()
    mailbox.end("first")
    mailbox.end("second")
    assert mailbox.ending == "first"
