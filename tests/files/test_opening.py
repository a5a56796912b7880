"""What is opened: files of a sane size, and streams that are named as such; nothing waits for nobody."""

import errno
import os
import socket
import sys
import threading

import pytest

from nnviz.files.errors import FileError
from nnviz.files.opening import LARGEST_BYTES, read_bytes, read_standard_input
from nnviz.files.progress import CancelledError
from nnviz.files.registry import load

unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def sentence(path):
    with pytest.raises(FileError) as caught:
        load(path)
    return str(caught.value)


@unix
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "socket.json"))
    (tmp_path / "link.json").symlink_to("/dev/zero")
    (tmp_path / "ring.json").symlink_to(tmp_path / "ring.json")
    assert sentence(tmp_path) == f"{tmp_path} is a folder, not a file"
    assert sentence(tmp_path / "pipe.json") == f"{tmp_path / 'pipe.json'} is a pipe, not a file"
    assert sentence(tmp_path / "socket.json") == f"{tmp_path / 'socket.json'} is a socket, not a file"
    assert sentence(tmp_path / "link.json") == f"{tmp_path / 'link.json'} is a device, not a file"
    assert sentence("/dev/zero") == "/dev/zero is a device, not a file"
    told = f"{tmp_path / 'ring.json'} cannot be read: {os.strerror(errno.ELOOP).lower()}"
    assert sentence(tmp_path / "ring.json") == told
    bound.close()


def test_a_name_with_a_nul_is_told_as_such(tmp_path):
    assert sentence("a\0b.json") == "'a\\x00b.json' cannot be the name of a file"


def test_a_file_that_is_too_large_is_refused_by_its_size(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as sparse:
        sparse.truncate(LARGEST_BYTES + 1)
    with pytest.raises(FileError, match=r"has 129 MB; nnviz opens files up to 128 MB$"):
        read_bytes(tmp_path / "huge.csv")


@pytest.fixture
def pipe(monkeypatch):
    """Return a function that puts a pipe in the place of standard input, and returns where to write."""
    ends = []

    def make():
        end, start = os.pipe()
        reader = os.fdopen(end, "rb")
        ends.append(reader)
        monkeypatch.setattr("sys.stdin", reader)
        return start

    yield make
    for reader in ends:
        reader.close()


def test_standard_input_is_read_to_its_end(pipe):
    start = pipe()
    os.write(start, b"abc")
    os.close(start)
    assert read_standard_input() == b"abc"


def test_while_nothing_comes_somebody_is_told_and_may_end_the_wait(pipe):
    start = pipe()
    told = []

    def progress(part):
        told.append(part)
        if len(told) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        read_standard_input(progress)
    os.close(start)
    assert told == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("progress", [None, float])
def test_standard_input_without_an_end_is_given_up(pipe, progress):
    start = pipe()

    def pour():
        try:
            while True:
                os.write(start, bytes(2**16))
        except BrokenPipeError:
            os.close(start)

    thread = threading.Thread(target=pour)
    thread.start()
    with pytest.raises(FileError, match=r"^standard input does not end within the 128 MB that nnviz reads$"):
        read_standard_input(progress)
    sys.stdin.close()
    thread.join()


def test_a_closed_standard_input_is_told(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(FileError, match=r"^standard input is closed$"):
        read_standard_input()
