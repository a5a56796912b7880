"""A file is written whole or not at all, whatever happens meanwhile."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from nnviz.files import atomic
from nnviz.files.errors import FileError

OLD, NEW = b"old", b"new" * 1000


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    return path


def test_new_bytes_replace_the_old_file_and_leave_nothing_beside_it(file):
    atomic.write(file, NEW)
    assert file.read_bytes() == NEW
    assert names(file.parent) == ["a.json"]


@pytest.mark.parametrize("failing", ["fsync", "replace", "open"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(file, monkeypatch, failing):
    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(FileError) as caught:
        atomic.write(file, NEW)
    monkeypatch.undo()
    assert str(caught.value) == f"{file} was not saved: the disk is full"
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["a.json"]


def test_an_interrupt_while_writing_leaves_the_old_file(file, monkeypatch):
    def interrupt(_handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic.write(file, NEW)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["a.json"]


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_disk_that_fills_up_in_the_middle_leaves_the_old_file(file):
    code = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from nnviz.files import atomic
try:
    atomic.write(sys.argv[1], b"x" * 100_000)
except Exception as error:
    print(type(error).__name__, error)
"""
    done = run(code, str(file))
    assert done.stdout == f"FileError {file} was not saved: file too large\n"
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["a.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_kill_before_the_last_step_leaves_the_old_file(file):
    code = """
import os, signal, sys
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from nnviz.files import atomic
atomic.write(sys.argv[1], b"x" * 100_000)
"""
    assert run(code, str(file)).returncode == -signal.SIGKILL
    assert file.read_bytes() == OLD


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_an_existing_file_keeps_its_mode_and_a_new_one_follows_the_umask(file):
    file.chmod(0o640)
    atomic.write(file, NEW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    old = os.umask(0o027)
    try:
        atomic.write(file.with_name("new"), NEW)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.with_name("new").stat().st_mode) == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_stays_a_link_and_its_target_is_replaced(file):
    link = file.with_name("link.json")
    link.symlink_to(file)
    atomic.write(link, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_to_nothing_gets_its_target(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    atomic.write(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW


def test_a_very_long_name_can_be_written(tmp_path):
    path = tmp_path / ("x" * 250 + ".json")
    atomic.write(path, NEW)
    assert path.read_bytes() == NEW


def test_a_missing_folder_and_a_folder_are_told(tmp_path):
    with pytest.raises(FileError) as caught:
        atomic.write(tmp_path / "gone" / "a.json", NEW)
    assert str(caught.value) == (
        f"{tmp_path / 'gone' / 'a.json'} was not saved: there is no folder {tmp_path / 'gone'}"
    )
    with pytest.raises(FileError) as caught:
        atomic.write(tmp_path, NEW)
    assert str(caught.value) == f"{tmp_path} was not saved: it is a folder"


def test_a_file_where_a_folder_should_be_is_told(file):
    with pytest.raises(FileError) as caught:
        atomic.write(file / "b.json", NEW)
    assert str(caught.value) == f"{file / 'b.json'} was not saved: {file} is not a folder"


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write into every folder"
)
def test_a_read_only_folder_is_told(file):
    file.parent.chmod(0o500)
    try:
        with pytest.raises(FileError) as caught:
            atomic.write(file, NEW)
    finally:
        file.parent.chmod(0o700)
    assert str(caught.value) == f"{file} was not saved: permission denied in {file.parent}"
    assert file.read_bytes() == OLD


def test_a_refused_file_is_told(file, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError) as caught:
        atomic.write(file, NEW)
    assert str(caught.value) == f"{file} was not saved: permission denied in {file.parent}"
    assert file.read_bytes() == OLD


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev")
def test_a_device_is_written_to_and_not_replaced(tmp_path):
    code = "from nnviz.files import atomic; atomic.write('/dev/stdout', b'hello')"
    assert run(code).stdout == "hello"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    atomic.write(pipe, b"hello")
    assert os.read(reader, 10) == b"hello"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
