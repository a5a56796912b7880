"""A view shows no more often than is seen, and always the last: in a run, in a drag, where it is slow."""

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject

from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle, Throttle
from nnviz.files.examples import example
from nnviz.files.registry import load


@pytest.fixture
def states():
    first = load(example("relu").path)
    return [replace(first, name=f"state {k}") for k in range(50)]


def shown_by(document, states):
    shown = []
    throttle = MotionThrottle(document, lambda: shown.append(document.state), document, phase=0.0)
    document.state_changed.connect(lambda *_: throttle.changed())
    for state in states:
        document.push(state, "a change")
    return shown


def test_each_of_many_changes_is_shown(qapp, states):
    assert shown_by(Document(states[0]), states[1:]) == states[1:]


def test_in_motion_some_are_left_out_but_never_the_last(qapp, states):
    document = Document(states[0])
    document.set_in_motion(True)
    shown = shown_by(document, states[1:])
    assert len(shown) < len(states) / 2
    document.set_in_motion(False)
    assert shown[-1] is states[-1]


def test_what_comes_too_early_is_shown_a_little_later_and_once(qtbot):
    parent, shown = QObject(), []
    throttle = Throttle(parent, lambda: shown.append(1), apart_ms=60.0)
    for _ in range(5):
        throttle.changed()
    assert (shown, throttle.waiting) == ([1], True)
    qtbot.waitUntil(lambda: not throttle.waiting)
    assert shown == [1, 1]


def test_what_takes_long_is_shown_seldom(qtbot):
    parent, shown = QObject(), []

    def slow():
        shown.append(1)
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            pass

    throttle = Throttle(parent, slow, share=1000.0)
    throttle.changed()
    throttle.changed()
    assert (len(shown), throttle.waiting) == (1, True)
    throttle.stop()
    assert not throttle.waiting


def test_many_who_ask_for_soon_are_shown_once(qtbot):
    parent, shown = QObject(), []
    throttle = Throttle(parent, lambda: shown.append(1))
    for _ in range(5):
        throttle.soon()
    assert shown == []
    qtbot.waitUntil(lambda: bool(shown))
    assert (shown, throttle.waiting) == ([1], False)
