"""Windows that have one file open know of each other, and nobody is taken for one that has ended."""

import errno
import os
import sys
import time

import pytest

from nnviz.document.presence import Presence
from nnviz.files import lock


@pytest.fixture
def window(tmp_path):
    """Return a function that opens another window."""
    made = []

    def make(folder=tmp_path / "open"):
        made.append(Presence(folder))
        return made[-1]

    yield make
    for presence in made:
        presence.leave()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    return path


def test_two_windows_on_one_file_know_of_each_other(window, path):
    one, two = window(), window()
    one.move_to(path)
    assert one.others() == 0
    two.move_to(path)
    assert (one.others(), two.others()) == (1, 1)
    two.leave()
    assert one.others() == 0


def test_windows_on_two_files_or_on_none_have_nothing_to_do_with_each_other(window, path):
    one, two, three = window(), window(), window()
    one.move_to(path)
    two.move_to(path.with_name("b.json"))
    three.move_to(None)
    assert (one.others(), two.others(), three.others()) == (0, 0, 0)


def test_a_file_has_one_name_however_it_is_reached(window, path):
    (path.parent / "link.json").symlink_to(path)
    one, two = window(), window()
    one.move_to(path)
    two.move_to(path.parent / "link.json")
    assert one.others() == 1


def test_a_window_that_opens_another_file_has_left(window, path):
    one, two = window(), window()
    one.move_to(path)
    two.move_to(path)
    two.move_to(path.with_name("b.json"))
    assert one.others() == 0


def test_a_window_that_was_killed_is_nobody_and_is_cleared_up(window, path, tmp_path):
    one, killed = window(), window()
    killed.move_to(path)
    (name,) = os.listdir(tmp_path / "open")
    killed.leave()
    one.move_to(path)
    left = tmp_path / "open" / name
    left.write_bytes(b"")
    assert one.others() == 0
    assert left.exists()  # it may be about to be locked
    os.utime(left, (time.time() - 61,) * 2)
    assert one.others() == 0
    assert not left.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no shared locks")
def test_somebody_who_only_looks_is_nobody(window, path, tmp_path):
    one, killed = window(), window()
    killed.move_to(path)
    (name,) = os.listdir(tmp_path / "open")
    killed.leave()
    one.move_to(path)
    (tmp_path / "open" / name).write_bytes(b"")
    with (tmp_path / "open" / name).open("rb") as looks:  # as a third window does at this moment
        lock.take(looks.fileno(), shared=True)
        assert one.others() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has locks")
def test_where_there_are_no_locks_nobody_is_taken_for_a_window(window, path, tmp_path, monkeypatch):
    one = window()
    one.move_to(path)
    (name,) = os.listdir(tmp_path / "open")
    left = tmp_path / "open" / f"{name.partition('-')[0]}-left"
    left.write_bytes(b"")
    os.utime(left, (0, 0))
    monkeypatch.setattr("fcntl.flock", no_locks)
    two = window()
    two.move_to(path)
    assert two.others() == 0
    assert set(os.listdir(tmp_path / "open")) == {name, left.name}  # left alone: it may be somebody's


def no_locks(_handle, _how):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_after_all_have_left_there_is_nothing(window, path, tmp_path):
    for each in (window(), window()):
        each.move_to(path)
        each.leave()
    assert os.listdir(tmp_path / "open") == []


def test_where_nothing_can_be_written_nobody_knows_of_anybody(window, path):
    one = window(path / "no folder")
    one.move_to(path)
    assert one.others() == 0
    one.leave()
