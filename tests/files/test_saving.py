"""A file is saved whole or not at all, other programs' changes are noticed, and only files are opened."""

import errno
import itertools
import os
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock, call

import numpy as np
import pytest

from nnviz.files import atomic
from nnviz.files.atomic import LARGEST_BYTES, read_bytes, read_standard_input
from nnviz.files.code.lines import CodeLine, Program, numbers_path, save
from nnviz.files.errors import CancelledError, FileError
from nnviz.files.on_disk import ChangedError, News, OpenFile, digest_of
from nnviz.files.registry import load
from tests.files.helpers import names, refusals, refused
from tests.processes import python

OLD, NEW = b"old", b"new" * 1000
unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes, links, pipes and limits")
superuser = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only the superuser may do that")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    return path


def others(file):
    return [path for path in file.parent.iterdir() if path != file]


def held(file):
    """Return the bytes of a file, and the names of all files in its folder."""
    return file.read_bytes(), names(file.parent)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def full(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_save_replaces_the_file_and_a_failed_one_leaves_the_old_file(file, monkeypatch, approved):
    told = set()
    for failing in ("fsync", "replace", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(os, failing, full)
            told.add(refused(atomic.write, file, NEW))
        assert held(file) == (OLD, ["a.json"]), failing
    approved("a full disk", "\n".join(told))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            atomic.write(file, NEW)
    assert held(file) == (OLD, ["a.json"])
    atomic.write(file, NEW)
    assert held(file) == (NEW, ["a.json"])
    longest = file.with_name("x" * 250 + ".json")
    atomic.write(longest, NEW)
    assert longest.read_bytes() == NEW


@unix
def test_a_full_disk_or_a_kill_in_the_middle_leaves_the_old_file(file, approved):
    program = """
import os, resource, signal, sys
from nnviz.files import atomic
atomic.write("/dev/stdout", b"hello\\n")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    atomic.write(sys.argv[1], b"x" * 100_000)
except Exception as error:
    print(type(error).__name__, error, os.listdir(os.path.dirname(sys.argv[1])), flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
atomic.write(sys.argv[1], b"x" * 100_000)
"""
    code, out, _ = python(program, file)
    approved("standard output, and a disk that fills up", out)
    assert (code, file.read_bytes()) == (-signal.SIGKILL, OLD)


@unix
def test_modes_links_and_the_umask_are_kept(file):
    file.chmod(0o640)
    link, to_nothing, new = file.with_name("link"), file.with_name("to nothing"), file.with_name("new")
    link.symlink_to(file)
    to_nothing.symlink_to(file.with_name("target"))
    umask = os.umask(0o027)
    try:
        for path in (link, to_nothing, new):
            atomic.write(path, NEW)
    finally:
        os.umask(umask)
    assert [path.is_symlink() for path in (link, to_nothing)] == [True, True]
    assert [path.read_bytes() for path in (file, file.with_name("target"), new)] == [NEW] * 3
    assert (mode(file), mode(new)) == (0o640, 0o640)


@unix
def test_a_path_that_cannot_be_saved_is_refused_before_the_save(file, tmp_path, approved):
    os.mkfifo(tmp_path / "pipe")
    places = ["gone/a.json", "a.json/b.json", "", "pipe", "x\0.json", "\ud800.json", f"{'x' * 300}.json"]
    paths = {ascii(place): tmp_path / place if place else tmp_path for place in places}
    told = refusals(paths, lambda path: atomic.write(path, NEW))
    approved("where nothing can be saved", told.replace("x" * 300, "x…x"))
    before = names(tmp_path)
    known = {name: paths[name] for name in (ascii("a.json/b.json"), ascii(""))}
    assert refusals(known, atomic.check_writable).splitlines() == told.splitlines()[1:3]
    atomic.check_writable(file)
    atomic.check_writable(file.with_name("new.json"))
    assert held(file) == (OLD, before)


AS_NOBODY = """
import os, sys
from nnviz.files import atomic
from nnviz.files.errors import FileError
os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for name in ("read-only", "closed", "no new files", "another's"):
    try:
        atomic.write(os.path.abspath(os.path.join(name, "a.json")), b"new")
    except FileError as error:
        print(f"{name}:", error)
"""


@unix
def test_missing_rights_are_named(approved):
    with tempfile.TemporaryDirectory() as name:
        root = Path(os.path.realpath(name))
        root.chmod(0o777)
        folders = {"read-only": 0o777, "closed": 0, "no new files": 0o555, "another's": 0o777}
        paths = [root / each / "a.json" for each in folders]
        for path, rights in zip(paths, folders.values(), strict=True):
            path.parent.mkdir()
            path.write_bytes(OLD)
            path.chmod(0o444 if path == paths[0] else 0o662)
            path.parent.chmod(rights)
        _, out, _ = python(AS_NOBODY, root)
        for path in paths:
            path.parent.chmod(0o700)
        approved("somebody without rights", out.replace(str(root), "TMP"))
        assert [held(path) for path in paths] == [(OLD, ["a.json"])] * 3 + [(b"new", ["a.json"])]
        if os.geteuid() == 0:
            assert (paths[3].stat().st_uid, mode(paths[3])) == (65534, 0o602)  # no other group gets in


@superuser
@pytest.mark.parametrize("rights", [0o640, 0o600])
def test_the_superuser_leaves_a_file_to_its_owner_and_group(file, rights):
    os.chown(file, 12345, 54321)
    file.chmod(rights)
    atomic.write(file, NEW)
    status = file.stat()
    assert (status.st_uid, status.st_gid, mode(file)) == (12345, 54321, rights)


@unix
def test_a_private_file_is_private_from_its_first_byte_on(file):
    file.chmod(0o600)
    modes = []
    atomic.write(file, NEW, last_look=lambda _: modes.extend(map(mode, others(file))))
    atomic.write(file.with_name("new"), NEW, private=True)
    assert (modes, mode(file.with_name("new"))) == ([0o600], 0o600)


@unix
def test_a_hard_link_keeps_the_old_file(file):
    file.with_name("other").hardlink_to(file)
    atomic.write(file, NEW)
    assert (file.read_bytes(), file.with_name("other").read_bytes()) == (NEW, OLD)


def test_a_save_deletes_the_leftovers_of_killed_programs_alone(file):
    ages = {".nnviz-0123456789ab.tmp": 61, ".nnviz-0123456789ac.tmp": 1, ".nnviz-mine.tmp": 61}
    for name, seconds in ages.items():
        file.with_name(name).write_bytes(NEW)
        os.utime(file.with_name(name), (time.time() - seconds,) * 2)

    def meanwhile(_target):  # another save sweeps while this one writes
        own = next(path for path in others(file) if path.name not in ages)
        os.utime(own, (0, 0))
        atomic.delete_leftovers(file.parent)

    atomic.write(file, NEW, last_look=meanwhile)
    assert file.read_bytes() == NEW
    assert names(file.parent) == [".nnviz-0123456789ac.tmp", ".nnviz-mine.tmp", "a.json"]


def test_a_save_stops_if_last_look_raises(file):
    assert refused(atomic.write, file, NEW, last_look=Mock(side_effect=FileError("changed"))) == "changed"
    assert held(file) == (OLD, ["a.json"])


@unix
def test_a_copy_beside_the_file_has_its_mode_and_follows_no_link(file, tmp_path):
    file.chmod(0o640)
    precious, copy = tmp_path / "precious", tmp_path / "a.json~"
    precious.write_bytes(OLD)
    copy.symlink_to(precious)
    atomic.write_sibling(file, "~", NEW)
    assert (copy.read_bytes(), mode(copy), precious.read_bytes()) == (NEW, 0o640, OLD)


@unix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    atomic.write(pipe, b"hello")
    assert os.read(reader, 10) == b"hello"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    known = OpenFile(pipe, set())
    known.accept()  # waits for no writer
    assert known.news() is News.NONE


# What a session knows of a file, and the version before.


@pytest.fixture
def known(file):
    """Return the file as a session has opened it."""
    return OpenFile(file, set(), digest_of(OLD))


def before_of(path):
    return path.with_name(path.name + "~").read_bytes()


def test_news_reports_a_change_by_another_program_once(known, file):
    assert known.news() is News.NONE
    os.utime(file, (1, 1))
    assert known.news() is News.NONE
    file.write_bytes(OLD)
    assert known.news() is News.NONE
    assert known.write(b"mine") == ""
    assert known.news() is News.NONE
    for theirs in (b"theirs", b"theirs again"):
        file.write_bytes(theirs)
        assert [known.news(), known.news()] == [News.CHANGED, News.NONE]
    file.unlink()
    assert [known.news(), known.news()] == [News.GONE, News.NONE]
    assert known.write(b"anew") == ""
    assert file.read_bytes() == b"anew"


def test_news_reports_a_change_since_the_file_was_read(known, file):
    status = file.stat()
    other = file.with_name("other")
    other.write_bytes(b"OLD")  # of the same size and time
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(other, file)
    assert known.news() is News.CHANGED
    with pytest.raises(ChangedError):
        known.write(b"mine")
    with file.open("r+b") as large:  # too large to look into
        large.truncate(2**40)
    again = OpenFile(file, set(), digest_of(OLD))
    assert again.news() is News.CHANGED
    with pytest.raises(ChangedError):
        again.write(b"mine")
    assert again.write(b"mine", overwrite=True).startswith("no copy of the previous version was saved: ")
    assert file.read_bytes() == b"mine"


def test_a_change_that_no_stat_shows_stops_a_save(known, file, approved):
    assert known.news() is News.NONE
    status = file.stat()
    with file.open("r+b") as same:
        same.write(b"OLD")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert known.news() is News.NONE
    with pytest.raises(ChangedError) as caught:
        known.write(b"mine")
    approved("a file that another program has changed", str(caught.value))
    assert held(file) == (b"OLD", ["a.json"])


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("moment", ["the last moment", "the version before is kept"])
def test_a_change_while_a_file_is_written_is_not_lost(known, file, monkeypatch, moment, over):
    name = "fsync" if moment == "the last moment" else "replace"
    step = getattr(os, name)

    def meanwhile(*arguments):
        if name == "replace":
            step(*arguments)
        if name == "fsync" or arguments[1].name == "a.json~":
            monkeypatch.undo()
            file.write_bytes(b"theirs")
        if name == "fsync":
            step(*arguments)

    monkeypatch.setattr(os, name, meanwhile)
    if over:
        assert known.write(b"mine", overwrite=True) == ""
        assert (file.read_bytes(), before_of(file)) == (b"mine", b"theirs")
    else:
        with pytest.raises(ChangedError):
            known.write(b"mine")
        assert file.read_bytes() == b"theirs"


def test_a_save_fails_if_another_program_keeps_changing_the_file(known, file, monkeypatch, approved):
    keep, versions = atomic.write_sibling, []

    def meanwhile(*args):
        keep(*args)
        versions.append(b"theirs %d" % len(versions))
        file.write_bytes(versions[-1])

    file.write_bytes(b"theirs at first")
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write_sibling", meanwhile)
        with pytest.raises(ChangedError) as caught:
            known.write(b"mine", overwrite=True)
    approved("a file that another program changes again and again", str(caught.value))
    assert file.read_bytes() == versions[-1]
    assert known.write(b"mine", overwrite=True) == ""
    assert file.read_bytes() == b"mine"


def test_the_previous_version_is_kept_once_per_session(known, file):
    if os.name != "nt":
        file.chmod(0o640)
    for data in (OLD, b"first", b"second", b"third"):  # the first save changes nothing
        known.write(data)
    assert (before_of(file), names(file.parent)) == (OLD, ["a.json", "a.json~"])
    assert os.name == "nt" or mode(file.with_name("a.json~")) == 0o640
    file.write_bytes(b"theirs")
    assert known.write(b"mine", overwrite=True) == ""
    assert (file.read_bytes(), before_of(file)) == (b"mine", b"theirs")
    file.write_bytes(b"theirs again")
    known.accept()
    assert known.news() is News.NONE
    known.write(b"mine again")
    assert before_of(file) == b"theirs again"


def test_the_previous_version_is_from_before_the_session(file, tmp_path):
    written = set()
    OpenFile(tmp_path / "b.json", written).write(OLD)  # what was written elsewhere is kept here all the same
    for data in (b"first", b"second"):  # opened twice in one session
        OpenFile(file, written, digest_of(file.read_bytes())).write(data)
    assert before_of(file) == OLD
    new, written = tmp_path / "new.json", set()
    OpenFile(new, written).write(b"first", overwrite=True)
    OpenFile(new, written, digest_of(b"first")).write(b"opened again and run")
    assert names(tmp_path) == ["a.json", "a.json~", "b.json", "new.json"]
    OpenFile(new, set(), digest_of(b"opened again and run")).write(b"next session")
    assert before_of(new) == b"opened again and run"


def test_a_save_says_when_the_previous_version_cannot_be_kept(known, file, monkeypatch, approved):
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        refused(known.write, b"mine")
    assert known.news() is News.NONE  # a failed save leaves the file known as it was
    file.with_name("a.json~").mkdir()
    approved("a version before that cannot be kept", known.write(b"mine"))
    assert held(file) == (b"mine", ["a.json", "a.json~"])


# A program and the file of its numbers.

PROGRAMS = [Program((CodeLine(f"print({k})"),), {"W0": np.full((1, 30), k)}) for k in range(2)]


class KilledError(BaseException):
    """The process is no more: nothing that it would do afterwards happens."""


def stop_at(monkeypatch, number):
    """Let the `number`-th renaming or deleting raise KilledError."""
    counted = itertools.count()

    def around(call):
        def called(*arguments, **words):
            if next(counted) >= number:
                raise KilledError
            return call(*arguments, **words)

        return called

    for name in ("rename", "replace", "unlink"):
        monkeypatch.setattr(os, name, around(getattr(os, name)))


def which(path):
    """Return the number of the program of PROGRAMS that a path holds, None for nothing."""
    if not path.exists():
        return None
    if path.suffix == ".py":
        return int(path.read_text().removeprefix("print(").rstrip(")\n"))
    with np.load(path) as stored:
        return int(stored["W0"][0, 0])


def test_a_kill_never_leaves_a_program_with_the_numbers_of_another(tmp_path):
    seen, killed = set(), True
    for number in range(20):
        path = tmp_path / str(number) / "o.py"
        path.parent.mkdir()
        save(PROGRAMS[0], path)
        with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
            stop_at(patch, number)
            save(PROGRAMS[1], path)
            killed = False
        program, numbers = which(path), which(numbers_path(path))
        assert program is None or program == numbers, number
        texts = [each.read_text() for each in path.parent.glob("o.py*")]
        assert PROGRAMS[0].text in texts or program == 1, number
        seen.add(program)
        if not killed:
            break
    assert not killed
    assert seen == {0, 1, None}
    assert names(path.parent) == ["o.npz", "o.py"]


def test_a_program_that_cannot_be_saved_leaves_both_files(tmp_path, monkeypatch, approved):
    path, replace = tmp_path / "o.py", os.replace
    save(PROGRAMS[0], path)
    for fails in ("o.py", "o.npz"):

        def refuse(source, target, fails=fails):
            if os.path.basename(target) == fails and str(source).endswith(".tmp"):
                raise PermissionError(errno.EACCES, "Permission denied")
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", refuse)
            approved("a program that cannot be replaced", refused(save, PROGRAMS[1], path))
        assert (which(path), which(numbers_path(path)), names(tmp_path)) == (0, 0, ["o.npz", "o.py"])
    path.unlink()
    path.mkdir()
    approved("a folder in the place of the program", refused(save, PROGRAMS[1], path))
    assert which(numbers_path(path)) == 0


@unix
def test_a_program_keeps_the_modes_of_both_files_and_replaces_no_pipe(tmp_path, approved):
    path = tmp_path / "o.py"
    save(PROGRAMS[0], path)
    path.chmod(0o755)
    numbers_path(path).chmod(0o640)
    save(PROGRAMS[1], path)
    assert (mode(path), mode(numbers_path(path))) == (0o755, 0o640)
    os.mkfifo(tmp_path / "p.npz")
    approved("a pipe in the place of the numbers", refused(save, PROGRAMS[1], tmp_path / "p.py"))


# What is opened.


@unix
def test_a_path_that_is_not_a_file_is_refused_before_it_is_opened(tmp_path, monkeypatch, approved):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    os.mkfifo("pipe.json")
    Path("link.json").symlink_to("/dev/zero")
    Path("ring.json").symlink_to("ring.json")
    Path("x.bin").write_bytes(b"\x00\x01")
    with Path("huge.json").open("wb") as sparse:
        sparse.truncate(LARGEST_BYTES + 1)
    files = ("", "pipe.json", "socket.json", "link.json", "gone.json", "x.bin", "x.bin/y.json", "huge.json")
    cases = {name: tmp_path / name if name else tmp_path for name in files}
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.json")
        approved("refused as file", refusals(cases | {"a NUL": "a\0b.json", "zeros": "/dev/zero"}, load))
    told = f"{tmp_path / 'ring.json'} cannot be read: {os.strerror(errno.ELOOP).lower()}"
    assert refused(load, tmp_path / "ring.json") == told
    assert refused(read_bytes, tmp_path / "huge.json") == refused(load, tmp_path / "huge.json")


@pytest.fixture
def pipe(monkeypatch):
    """Return a function that puts a pipe in the place of standard input, and returns where to write."""
    readers = []

    def make():
        end, start = os.pipe()
        readers.append(os.fdopen(end, "rb"))
        monkeypatch.setattr("sys.stdin", readers[-1])
        return start

    yield make
    for reader in readers:
        reader.close()


def test_standard_input_is_read_to_its_end_and_a_wait_can_be_ended(pipe, monkeypatch, approved):
    start = pipe()
    os.write(start, b"abc")
    os.close(start)
    assert read_standard_input() == b"abc"
    start, progress = pipe(), Mock(side_effect=[None, None, CancelledError])
    with pytest.raises(CancelledError):
        read_standard_input(progress)
    os.close(start)
    assert progress.mock_calls == [call(0.0)] * 3
    monkeypatch.setattr("sys.stdin", None)
    approved("standard input is closed", refused(read_standard_input))


@pytest.mark.parametrize("progress", [None, float])
def test_endless_standard_input_is_refused(pipe, progress, monkeypatch, approved):
    monkeypatch.setattr(atomic, "LARGEST_BYTES", 2**20)
    start = pipe()

    def pour():
        with suppress(BrokenPipeError):
            while True:
                os.write(start, bytes(2**16))
        os.close(start)

    thread = threading.Thread(target=pour)
    thread.start()
    approved("standard input without an end", refused(read_standard_input, progress))
    sys.stdin.close()
    thread.join()
