"""The window shows each view what has changed, once a frame, and rests when nothing changes."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QTimer

from nnviz.core.address import Address
from nnviz.core.numbers import as_text
from nnviz.document.document import Document
from nnviz.document.job import HOPS
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.kit.desk import Frames
from nnviz.ui.window.session import fill
from nnviz.ui.window.window import MainWindow
from tests.core.oracle import make_network, make_state, set_weight
from tests.ui.sees import explained, figure, untrue


def weight_in(moment):
    """Return a weight, by which the tests tell States apart."""
    return int(moment.state.network.layers[0].weights[0, 0])


class Watcher:
    """A view that keeps the pairs of weights that it was shown, and takes `costs_ms` for each."""

    def __init__(self, clock, moving_ms=0.0, costs_ms=0.0):
        self.moving_ms, self.shown, self._clock, self._costs_ms = moving_ms, [], clock, costs_ms

    def show_moment(self, old, new):
        self._clock[0] += self._costs_ms
        self.shown.append((old and weight_in(old), weight_in(new)))

    @property
    def last(self):
        return [new for _, new in self.shown]


@pytest.fixture
def clock(monkeypatch):
    """Return the time that the frames see, in a list, in milliseconds."""
    now = [1000.0]
    monkeypatch.setattr("nnviz.ui.kit.desk._now_ms", lambda: now[0])
    return now


@pytest.fixture
def document(qapp):
    state = make_state(make_network((2, 2, 1), ("relu", "identity"), (True, True)), 3)
    return Document(set_weight(state, 0, 0, 0, -1.0))


def timers(frames):
    return [timer for timer in frames.findChildren(QTimer) if timer.isActive()]


def set_it(document, weight, merge=None):
    document.push(set_weight(document.state, 0, 0, 0, weight), "a weight", merge)


def test_changes_between_two_frames_are_shown_together_and_then_nothing_goes_on(document, clock, qtbot):
    frames, view = Frames(document), Watcher(clock)
    frames.add(view)
    assert view.shown == [(None, -1)]
    for weight in (1, 2, 3):
        set_it(document, weight)
    assert view.shown[1:] == []
    qtbot.waitUntil(lambda: len(view.shown) > 1 and not timers(frames))
    assert view.shown[1:] == [(-1, 3)]
    frames.show_pending()
    assert len(view.shown) == 2
    for _ in range(50):
        frames.show_pending()  # as while a document opens
    set_it(document, 4)
    assert all(timer.interval() <= 12 for timer in timers(frames)), "the next frame comes soon"
    qtbot.waitUntil(lambda: view.shown[2:] == [(3, 4)])


def test_a_view_that_comes_back_is_shown_everything_and_one_out_of_sight_nothing(document, clock):
    frames, view = Frames(document), Watcher(clock)
    frames.add(view)
    frames.remove(view)
    set_it(document, 1)
    frames.show_pending()
    assert len(view.shown) == 1
    frames.show_again(view)
    frames.show_pending()
    assert len(view.shown) == 1
    frames.add(view)
    assert view.shown[1:] == [(None, 1)]
    frames.show_again(view)  # as after a change of the theme
    frames.show_pending()
    assert view.shown[2:] == [(None, 1)]


class Restless(Watcher):
    """A view that asks to be shown again each time, as one whose text and scroll bar disagree."""

    def show_moment(self, old, new):
        super().show_moment(old, new)
        self.frames.show_again(self)


@pytest.mark.parametrize("moving_ms", [0.0, 100.0])
def test_a_view_that_never_comes_to_rest_lets_others_have_their_turn(document, clock, qtbot, moving_ms):
    frames, view, passed = Frames(document), Restless(clock, moving_ms), []
    view.frames = frames
    frames.add(view)
    QTimer.singleShot(0, lambda: passed.append(len(view.shown)))
    frames.show_pending()
    assert len(view.shown) == 2
    qtbot.waitUntil(lambda: len(view.shown) > 5)
    assert passed
    frames.remove(view)


def run(document, frames, clock, count):
    """Show `count` States of a run, 20 ms apart: the views of every frame, then one whose turn it is."""
    for k in range(count):
        set_it(document, k, "run")
        frames.show_due()
        frames.show_due()
        clock[0] += 20.0


def test_in_a_run_each_view_has_its_own_pace_and_at_its_end_all_see_the_last_state(document, clock, qtbot):
    frames = Frames(document)
    picture, plot, text = (Watcher(clock, moving_ms) for moving_ms in (0.0, 33.0, 100.0))
    for view in (picture, plot, text):
        frames.add(view)
        view.shown.clear()
    document.set_in_motion(True)
    clock[0] += 200.0
    run(document, frames, clock, 13)
    assert picture.last == [*range(13)]
    assert plot.last == [0, 2, 4, 6, 8, 10, 12]
    assert text.last == [-1, 1, 6, 11]
    set_it(document, 99, "run")
    document.set_in_motion(False)
    qtbot.waitUntil(lambda: not timers(frames))
    assert [view.last[-1] for view in (picture, plot, text)] == [99] * 3


def test_in_a_run_all_texts_show_the_same_states_and_take_turns(document, clock):
    frames = Frames(document)
    texts = [Watcher(clock, 100.0, costs_ms) for costs_ms in (0.0, 2.0, 2.0, 0.0)]
    for view in (Watcher(clock), *texts):
        frames.add(view)
        view.shown.clear()
    document.set_in_motion(True)
    clock[0] += 200.0
    run(document, frames, clock, 14)
    assert [view.last for view in texts] == [[-1, 2, 7, 12]] * 4
    document.set_in_motion(False)
    frames.show_pending()
    assert [view.last[-1] for view in texts] == [13] * 4


def test_a_picture_just_before_a_new_state_delays_neither_the_state_nor_the_texts(document, clock, qtbot):
    frames, picture, text = Frames(document), Watcher(clock), Watcher(clock, 100.0)
    for view in (picture, text):
        frames.add(view)
        view.shown.clear()
    document.set_in_motion(True)
    clock[0] += 200.0
    for k in range(20):
        clock[0] += 15.0
        frames.show_due()  # as a timer does that rings when a slice of work ends
        clock[0] += 1.0
        set_it(document, k, "run")
        for _ in range(HOPS):
            QCoreApplication.processEvents()
        assert k == 0 or picture.last[-1] == k
    assert len(text.shown) >= 3
    document.set_in_motion(False)
    frames.show_pending()


def test_a_choice_or_a_note_in_a_run_is_shown_at_once_and_never_taken_back(document, clock):
    frames = Frames(document)
    seen = []

    class Text:
        moving_ms = 100.0

        def show_moment(self, _old, new):
            seen.append((new.row, new.state.notes))

    for view in (Watcher(clock), Text()):
        frames.add(view)
    document.set_in_motion(True)
    for k in range(20):
        set_it(document, k, "run")
        if k == 7:
            document.select_row(2)
        if k == 12:
            document.edit_below_run("Notes", lambda old, text: replace(old, notes=text), "mine", "notes")
        frames.show_due()
        frames.show_due()
        assert seen[-1] == (document.now.row, document.state.notes)
        clock[0] += 20.0
    document.set_in_motion(False)
    frames.show_pending()


def test_a_slow_text_does_not_keep_the_others_waiting(document, clock):
    frames = Frames(document)
    quick, slow = Watcher(clock, 100.0), Watcher(clock, 100.0, costs_ms=60.0)
    for view in (Watcher(clock), quick, slow):
        frames.add(view)
        view.shown.clear()
    document.set_in_motion(True)
    clock[0] += 2000.0
    run(document, frames, clock, 100)
    assert len(slow.shown) <= 3
    assert len(quick.shown) >= 15
    document.set_in_motion(False)
    frames.show_pending()


def test_when_a_drag_pauses_slow_views_catch_up(document, clock, qtbot):
    frames, text = Frames(document), Watcher(clock, 100.0)
    frames.add(text)
    document.set_in_motion(True)
    set_it(document, 1, "drag")
    frames.show_due()
    assert text.last == [-1, -1]
    (waiting,) = timers(frames)
    assert 90 <= waiting.interval() <= 100
    clock[0] += 100.0
    waiting.setInterval(0)
    qtbot.waitUntil(lambda: text.last == [-1, -1, 1])


def test_in_a_run_one_slow_view_has_its_turn_in_a_frame_and_the_slowest_seldom(document, clock):
    frames = Frames(document)
    views = [Watcher(clock, 10.0, costs_ms) for costs_ms in (1.0, 1.0, 8.0)]
    for view in (Watcher(clock), *views):
        frames.add(view)
        view.shown.clear()
    document.set_in_motion(True)
    clock[0] += 200.0
    run(document, frames, clock, 12)
    shown = [weight for view in views for weight in view.last]
    assert len(shown) == len(set(shown)) == 12, "one in each frame"
    assert [len(view.shown) for view in views] == [5, 5, 2]
    document.set_in_motion(False)
    frames.show_pending()
    assert [view.last[-1] for view in views] == [11] * 3


def test_a_view_that_fails_does_not_keep_a_change_from_the_others(document, clock, qtbot):
    frames, bad, good = Frames(document), Watcher(clock), Watcher(clock)
    for view in (bad, good):
        frames.add(view)

    def fail(old, new):
        raise RuntimeError("a view's own fault")

    bad.show_moment = fail
    with qtbot.captureExceptions() as caught:
        set_it(document, 1)
        qtbot.waitUntil(lambda: good.last == [-1, 1] and not timers(frames))
    assert len(caught) == 1


def test_a_window_that_was_shown_empty_follows_the_document_in_all_visible_panels(qtbot, settings):
    empty = MainWindow(settings)
    empty.resize(1280, 800)
    empty.show()
    qtbot.waitExposed(empty)  # as in the program, whose first frame is an empty window
    state = replace(load(example("relu").path), notes="")  # so that Explain is in front
    window = fill(empty, Document(state), settings)
    qtbot.waitUntil(lambda: window.history.curve is not None)
    window.document.select(Address("weight", 1, 0, 0))
    window.document.push(set_weight(window.document.state, 1, 0, 0, 3.0), "a weight")
    qtbot.waitUntil(lambda: figure(window, "MSE").text == as_text(window.document.state.loss()))
    assert "w = 3" in explained(window)
    assert not untrue(window)
    empty.hide()
