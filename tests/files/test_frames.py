"""A training's frames come whole out of a pipe, bounded in number, and strange ones are refused."""

import io

import numpy as np

from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files import frames
from nnviz.files.frames import Frame, Mailbox
from tests.files.helpers import refusals, refused

NETWORK = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})


def frame(iteration, losses=1, value=0.0):
    iterations = np.arange(iteration - losses + 1.0, iteration + 1.0)
    return Frame(iteration, np.column_stack((iterations, 1.0 / iterations)), np.full(6, value))


def read_on(data):
    return frames.read_next(io.BytesIO(data), 6)


def test_a_training_goes_through_and_comes_out_to_the_last_bit():
    state = State(NETWORK, Dataset([[3, 5]], [[60]]), name="Mine")
    sent = frame(7, losses=3, value=0.1)
    messages = (
        *frames.start_message(state),
        frames.frame_message(sent),
        frames.end_message("KeyboardInterrupt"),
    )
    stream = io.BytesIO(b"".join(messages))
    assert frames.read_start(stream) == state
    got = frames.read_next(stream, 6)
    assert (got.iteration, got.points.tolist()) == (7, sent.points.tolist())
    assert got.values.tolist() == sent.values.tolist()
    assert frames.read_next(stream, 6) == "KeyboardInterrupt"
    assert frames.read_next(stream, 6) is None


def test_a_stream_that_breaks_off_has_ended_and_a_strange_one_is_refused(approved):
    whole, empty = frames.frame_message(frame(1)), np.empty((0, 2))
    assert [read_on(whole[:-cut]) for cut in (1, 8, 9, 30, 60)] == [None] * 5
    strange = {
        "another kind": b"X" + bytes(8),
        "a very long one": b"F" + (2**60).to_bytes(8, "little"),
        "nothing": b"F" + bytes(8),
        "another number of weights": frames.frame_message(Frame(1, empty, np.zeros(5))),
        "NaN": frames.frame_message(Frame(1, empty, np.zeros(6))).replace(bytes(8), b"\xff" * 8, 1),
    }
    told = refusals(strange, read_on)
    approved("strange frames", f"{told}\nno network: {refused(frames.read_start, io.BytesIO(whole))}")


def test_a_late_reader_gets_the_newest_weights_and_every_loss():
    mailbox = Mailbox()
    for iteration in (2, 4, 6):
        mailbox.put(frame(iteration, losses=2, value=iteration))
    taken = mailbox.take()
    assert (taken.iteration, taken.values[0]) == (6, 6.0)
    assert taken.points[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert mailbox.take() is None
    mailbox.put(frame(7))
    assert mailbox.take().points[:, 0].tolist() == [7]
    mailbox.end("first")
    mailbox.end("second")
    assert mailbox.ending == "first"


def test_losses_that_nobody_takes_are_bounded_and_keep_their_extremes():
    mailbox, lowest = Mailbox(), 1e-9
    for iteration in range(100, 100_100, 100):
        mailbox.put(frame(iteration, losses=100))
        if iteration == 5000:
            mailbox.put(Frame(iteration, np.array([[5000.5, lowest]]), np.zeros(6)))
    points = mailbox.take().points
    assert len(points) <= frames.POINTS
    assert points[:, 1].min() == lowest
    assert points[-1, 0] == 100_000
