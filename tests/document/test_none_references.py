"""Some versions of PySide6 lose a reference to None at every void call, and the program aborts in the end."""

import sys


def references_lost(does):
    does()
    before = sys.getrefcount(None)
    does()
    return before - sys.getrefcount(None)


def test_signals_and_undo_pushes_lose_no_reference_to_none(document, state):
    heard = []
    document.state_changed.connect(lambda *states: heard.append(states))
    one, two = state(1), state(2)

    def changes(rounds):
        for _ in range(rounds):
            document.push(one, "one")  # each emits state_changed and undo_changed
            document.push(two, "two")
            document.undo()
            document.redo()
        document.start(one)
        heard.clear()

    # From CPython 3.12 on None is immortal: nothing is lost, and nothing is counted.
    # A version that loses them (6.12.0 on 3.11) may abort before the count.
    assert abs(references_lost(lambda: changes(1250))) < 100
