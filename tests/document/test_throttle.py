"""In a run the slow views leave States out; what they show at its end is the last one."""

from dataclasses import replace

import pytest

from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
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
