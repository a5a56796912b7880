"""Garbage is collected on the thread of the window alone."""

import threading
import weakref

from PySide6.QtCore import QTimer


def make_many():
    """Make more objects than Python lets be made without collecting."""
    return [[] for _ in range(100_000)]


def test_a_timer_that_nothing_holds_ends_in_the_thread_of_the_window_whoever_makes_objects(qtbot):
    gone = []
    thing = QTimer(interval=1000)
    thing.itself = thing
    thing.start()
    weakref.finalize(thing, lambda: gone.append(threading.current_thread()))
    del thing
    other = threading.Thread(target=make_many)
    other.start()
    other.join()
    assert gone == []
    many = make_many()
    qtbot.waitUntil(lambda: bool(gone))
    assert gone == [threading.main_thread()]
    del many
