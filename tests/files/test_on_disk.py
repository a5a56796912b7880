"""What another program does to a file is noticed, and what it wrote is kept."""

import os
import stat
import sys
import threading
from contextlib import suppress

import pytest

from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.on_disk import ChangedError, News, OnDisk, digest_of


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"as it was opened")
    return path


@pytest.fixture
def file(path):
    """The file as a session has opened it."""
    return OnDisk(path, set(), digest_of(b"as it was opened"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_nobody_touches_is_no_news(file):
    assert file.news() is News.NONE
    file.write(b"mine")
    assert file.news() is News.NONE


def test_a_touch_is_no_news(file, path):
    os.utime(path, (1, 1))
    assert file.news() is News.NONE
    path.write_bytes(b"as it was opened")
    assert file.news() is News.NONE
    assert file.write(b"mine") == ""


def test_a_change_is_news_once(file, path):
    path.write_bytes(b"theirs")
    assert [file.news(), file.news()] == [News.CHANGED, News.NONE]
    path.write_bytes(b"theirs again")
    assert [file.news(), file.news()] == [News.CHANGED, News.NONE]


def test_a_file_that_is_replaced_by_another_of_the_same_size_and_time_is_news(file, path):
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"AS IT WAS OPENED")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, path)
    assert file.news() is News.CHANGED


def test_a_deleted_file_is_news_once_and_is_written_anew(file, path):
    path.unlink()
    assert [file.news(), file.news()] == [News.GONE, News.NONE]
    assert file.write(b"mine") == ""
    assert path.read_bytes() == b"mine"


def test_a_file_that_has_changed_after_it_was_read_is_news(file, path):
    path.write_bytes(b"theirs")
    assert file.news() is News.CHANGED
    with pytest.raises(ChangedError):
        file.write(b"mine")


def test_a_change_stops_a_save_also_when_no_stat_can_tell(file, path):
    assert file.news() is News.NONE
    status = path.stat()
    with path.open("r+b") as same:
        same.write(b"AS IT WAS OPENED")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.news() is News.NONE
    with pytest.raises(ChangedError, match="was changed by another program or window since it was opened"):
        file.write(b"mine")
    assert path.read_bytes() == b"AS IT WAS OPENED"
    assert names(path.parent) == ["a.json"]


def test_a_change_in_the_last_moment_stops_a_save(file, path, monkeypatch):
    fsync = os.fsync

    def meanwhile(handle):
        monkeypatch.setattr(os, "fsync", fsync)
        path.write_bytes(b"theirs")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(ChangedError):
        file.write(b"mine")
    assert path.read_bytes() == b"theirs"


@pytest.fixture
def replaced_meanwhile(path, monkeypatch):
    """While the version before is written, another program replaces the file."""
    replace = os.replace

    def meanwhile(source, target):
        replace(source, target)
        if target.name == "a.json~":
            monkeypatch.undo()
            path.write_bytes(b"theirs")

    monkeypatch.setattr(os, "replace", meanwhile)


@pytest.mark.usefixtures("replaced_meanwhile")
def test_a_change_while_the_version_before_is_kept_stops_a_save(file, path):
    with pytest.raises(ChangedError):
        file.write(b"mine")
    assert path.read_bytes() == b"theirs"


@pytest.mark.usefixtures("replaced_meanwhile")
def test_what_comes_while_the_version_before_is_kept_is_kept_too(file, path):
    assert file.write(b"mine", over=True) == ""
    assert path.read_bytes() == b"mine"
    assert path.with_name("a.json~").read_bytes() == b"theirs"


@pytest.mark.skipif(sys.platform == "win32", reason="there, who reads a file keeps others from replacing it")
def test_of_two_who_save_at_once_neither_loses_what_the_other_has_saved(path):
    def count_up():
        for _ in range(30):
            while True:
                data = path.read_bytes()
                with suppress(ChangedError):
                    OnDisk(path, set(), digest_of(data)).write(str(int(data) + 1).encode())
                    break

    path.write_bytes(b"0")
    both = [threading.Thread(target=count_up) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert path.read_bytes() == b"60"


def test_what_is_saved_over_theirs_keeps_theirs(file, path):
    file.write(b"mine")
    path.write_bytes(b"theirs")
    assert file.write(b"mine again", over=True) == ""
    assert path.read_bytes() == b"mine again"
    assert path.with_name("a.json~").read_bytes() == b"theirs"


def test_what_was_accepted_may_be_saved_over(file, path):
    path.write_bytes(b"theirs")
    file.accept()
    assert file.news() is News.NONE
    file.write(b"mine")
    assert path.with_name("a.json~").read_bytes() == b"theirs"


def test_the_version_before_is_kept_once_a_session(file, path):
    for data in (b"first", b"second", b"third"):
        file.write(data)
    assert path.with_name("a.json~").read_bytes() == b"as it was opened"
    assert names(path.parent) == ["a.json", "a.json~"]


def test_a_file_that_is_opened_again_in_a_session_keeps_what_was_before_the_session(path):
    written = set()
    for data in (b"first", b"second"):
        OnDisk(path, written, digest_of(path.read_bytes())).write(data)
    assert path.with_name("a.json~").read_bytes() == b"as it was opened"


def test_a_file_that_is_new_in_a_session_has_a_version_before_from_the_next_one_on(tmp_path):
    path, written = tmp_path / "a.json", set()
    OnDisk(path, written).write(b"first")
    OnDisk(path, written, digest_of(b"first")).write(b"opened again and run")
    assert names(tmp_path) == ["a.json"]
    OnDisk(path, set(), digest_of(b"opened again and run")).write(b"next session")
    assert path.with_name("a.json~").read_bytes() == b"opened again and run"


def test_a_save_without_a_change_keeps_the_right_to_a_version_before(file, path):
    for data in (b"as it was opened", b"mine"):
        file.write(data)
    assert path.with_name("a.json~").read_bytes() == b"as it was opened"


def test_what_was_written_elsewhere_is_kept_here_all_the_same(path):
    written, digest = set(), digest_of(b"as it was opened")
    OnDisk(path.with_name("b.json"), written).write(b"as it was opened")
    OnDisk(path, written, digest).write(b"mine")
    assert path.with_name("a.json~").read_bytes() == b"as it was opened"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_the_version_before_keeps_its_mode(file, path):
    path.chmod(0o640)
    file.write(b"mine")
    assert stat.S_IMODE(path.with_name("a.json~").stat().st_mode) == 0o640


def test_a_new_file_and_one_that_stays_the_same_have_no_version_before(file, path):
    file.write(b"as it was opened")
    OnDisk(path.with_name("new.json"), set()).write(b"new", over=True)
    assert names(path.parent) == ["a.json", "new.json"]


def test_a_version_before_that_cannot_be_kept_is_said_and_the_file_is_saved(file, path):
    path.with_name("a.json~").mkdir()
    said = file.write(b"mine")
    assert said == f"the version before is not kept: {path}~ was not saved: it is a folder"
    assert path.read_bytes() == b"mine"
    assert names(path.parent) == ["a.json", "a.json~"]


def test_a_full_disk_leaves_the_file_known_as_it_was(file, path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError):
        file.write(b"mine")
    monkeypatch.undo()
    assert file.news() is News.NONE
    assert file.write(b"mine") == ""
    assert path.read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    file = OnDisk(tmp_path / "pipe", set())
    file.accept()
    assert file.news() is News.NONE


def test_a_file_that_changes_all_the_time_is_not_fought_for(file, path, monkeypatch):
    keep, versions = atomic.write_beside, []

    def meanwhile(*args):
        keep(*args)
        versions.append(b"theirs %d" % len(versions))
        path.write_bytes(versions[-1])

    monkeypatch.setattr(atomic, "write_beside", meanwhile)
    path.write_bytes(b"theirs at first")
    with pytest.raises(ChangedError, match="is changed by another program again and again"):
        file.write(b"mine", over=True)
    assert path.read_bytes() == versions[-1]
    monkeypatch.undo()
    assert file.write(b"mine", over=True) == ""
    assert path.read_bytes() == b"mine"


def test_a_file_that_is_too_large_to_look_into_is_changed_and_not_read(file, path):
    with path.open("r+b") as large:
        large.truncate(2**40)
    assert file.news() is News.CHANGED
    with pytest.raises(ChangedError):
        file.write(b"mine")
    assert file.write(b"mine", over=True).startswith("the version before is not kept: ")
    assert path.read_bytes() == b"mine"
