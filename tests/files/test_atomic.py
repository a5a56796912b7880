"""A file is written whole or not at all, whatever happens meanwhile, and nothing but its bytes changes."""

import errno
import os
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


@pytest.fixture
def without_rights(tmp_path_factory):
    """Return a function that runs code as somebody who is not the superuser, and the folder it runs in."""
    if sys.platform == "win32":
        pytest.skip("Windows knows no such modes")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.path.realpath(name))
        folder.chmod(0o777)
        become = "import os, sys\nfrom nnviz.files import atomic\nfrom nnviz.files.errors import FileError\n"
        become += f"os.chdir({str(folder)!r})\nif os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        yield folder, lambda code: run(become + code)


SAVE = """
try:
    print(atomic.write(os.path.abspath("a.json"), b"new"))
except FileError as error:
    print(error)
"""


def test_a_read_only_file_is_told(without_rights):
    folder, run_it = without_rights
    (folder / "a.json").write_bytes(OLD)
    (folder / "a.json").chmod(0o444)
    assert run_it(SAVE).stdout == f"{folder / 'a.json'} was not saved: the file is read-only\n"
    assert (folder / "a.json").read_bytes() == OLD
    assert names(folder) == ["a.json"]


def test_a_folder_that_may_not_be_looked_into_is_told(without_rights):
    folder, run_it = without_rights
    (folder / "a.json").write_bytes(OLD)
    folder.chmod(0)
    try:
        done = run_it(SAVE)
    finally:
        folder.chmod(0o700)
    assert done.stdout == f"{folder / 'a.json'} was not saved: permission denied in {folder}\n"


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only the superuser gives files away"
)
@pytest.mark.parametrize("mode", [0o640, 0o600, 0o4755])
def test_the_superuser_leaves_a_file_to_its_owner_and_group(file, mode):
    os.chown(file, 12345, 54321)
    file.chmod(mode)
    assert atomic.write(file, NEW) == ""
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 54321, mode)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs a file of somebody else's")
def test_a_file_that_changes_hands_is_said_and_lets_no_other_group_in(without_rights):
    folder, run_it = without_rights
    (folder / "a.json").write_bytes(OLD)
    (folder / "a.json").chmod(0o662)
    assert run_it(SAVE).stdout == "it belongs to you now\n"
    status = (folder / "a.json").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (65534, 0o622)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_what_takes_the_place_of_a_private_file_is_private_from_its_first_byte_on(file):
    file.chmod(0o600)
    modes = []
    atomic.write(file, NEW, last_look=lambda _: modes.extend(p.stat().st_mode & 0o777 for p in beside(file)))
    atomic.write(file.with_name("new"), NEW, private=True)
    assert modes == [0o600]
    assert stat.S_IMODE(file.with_name("new").stat().st_mode) == 0o600


def beside(file):
    return [path for path in file.parent.iterdir() if path != file]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_hard_link_keeps_the_old_file_and_that_is_said(file):
    file.with_name("other").hardlink_to(file)
    assert atomic.write(file, NEW) == "its other names (hard links) keep the version before"
    assert (file.read_bytes(), file.with_name("other").read_bytes()) == (NEW, OLD)
    assert atomic.write(file, OLD) == ""


@pytest.fixture
def with_attribute(file):
    """Return a function that gives the file an attribute; the test is skipped where there are none."""

    def give(name, value):
        try:
            os.setxattr(file, name, value)
        except (AttributeError, OSError):
            pytest.skip("no such attributes here")
        return os.getxattr(file, name)

    return give


ACCESS = struct.pack("<I" + 5 * "HHi", 2, 1, 6, -1, 2, 6, 12345, 4, 4, -1, 16, 6, -1, 32, 4, -1)
"""What setfacl makes: another user may write too."""


@pytest.mark.parametrize(("name", "value"), [("user.tag", b"mine"), ("system.posix_acl_access", ACCESS)])
def test_extended_attributes_stay(file, with_attribute, name, value):
    before = with_attribute(name, value)
    mode = file.stat().st_mode
    assert atomic.write(file, NEW) == ""
    atomic.write_beside(file, "~", OLD)
    for path in (file, file.with_name("a.json~")):
        assert (os.getxattr(path, name), path.stat().st_mode) == (before, mode)


def test_extended_attributes_that_cannot_stay_are_said(file, with_attribute, monkeypatch):
    with_attribute("user.tag", b"mine")

    def refuse(_handle, _name, _value):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "setxattr", refuse)
    assert atomic.write(file, NEW) == "its extended attributes are not kept"


@pytest.mark.parametrize("name", ["x\0.json", "\ud800.json"])
def test_a_name_that_no_file_can_have_is_told(tmp_path, name):
    with pytest.raises(FileError) as caught:
        atomic.write(tmp_path / name, NEW)
    assert str(caught.value).endswith(".json' was not saved: no file can have such a name")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts otherwise")
def test_a_name_that_is_too_long_is_told(tmp_path):
    with pytest.raises(FileError) as caught:
        atomic.write(tmp_path / f"{'x' * 300}.json", NEW)
    assert str(caught.value).endswith(".json was not saved: its name is too long")


@pytest.fixture
def killed(file):
    """Return a function that makes a file which a program left that was killed `ago_s` seconds ago."""

    def leave(ago_s, name=".nnviz-0123456789ab.tmp"):
        left = file.with_name(name)
        left.write_bytes(NEW)
        os.utime(left, (time.time() - ago_s,) * 2)
        return left

    return leave


def test_what_killed_programs_left_is_gone_after_the_next_save(file, killed):
    killed(61)
    killed(61, ".nnviz-0123456789ac.tmp")
    atomic.write(file, NEW)
    assert names(file.parent) == ["a.json"]


def test_what_may_be_at_work_or_is_not_of_nnviz_is_left_alone(file, killed):
    killed(30)
    killed(61, ".nnviz-mine.tmp")
    atomic.write(file, NEW)
    assert names(file.parent) == [".nnviz-0123456789ab.tmp", ".nnviz-mine.tmp", "a.json"]


def test_the_file_of_a_program_that_still_writes_is_left_alone(file):
    def meanwhile(_target):
        (own,) = beside(file)
        os.utime(own, (0, 0))
        atomic.sweep(file.parent)

    atomic.write(file, NEW, last_look=meanwhile)
    assert file.read_bytes() == NEW


def test_who_does_not_get_to_save_in_time_is_told(file):
    def meanwhile(target):
        with pytest.raises(FileError) as caught:
            atomic.write(target.with_name("b.json"), OLD)
        assert str(caught.value) == (
            f"{target.with_name('b.json')} was not saved: another program has locked {target.parent}"
        )

    atomic.write(file, NEW, last_look=meanwhile)
    assert names(file.parent) == ["a.json"]


def test_a_last_look_that_objects_leaves_the_old_file(file):
    def object_to(target):
        assert target == file
        raise FileError("somebody has changed it")

    with pytest.raises(FileError, match="somebody has changed it"):
        atomic.write(file, NEW, last_look=object_to)
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["a.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_what_is_written_beside_has_the_same_mode_and_follows_no_link(file, tmp_path):
    file.chmod(0o640)
    precious = tmp_path / "precious"
    precious.write_bytes(OLD)
    (tmp_path / "a.json~").symlink_to(precious)
    atomic.write_beside(file, "~", NEW)
    assert (tmp_path / "a.json~").read_bytes() == NEW
    assert stat.S_IMODE((tmp_path / "a.json~").lstat().st_mode) == 0o640
    assert precious.read_bytes() == OLD


def test_whether_a_file_can_be_written_is_known_before_and_leaves_nothing(file):
    atomic.check(file)
    atomic.check(file.with_name("new.json"))
    assert names(file.parent) == ["a.json"]
    assert file.read_bytes() == OLD
    for path, why in ((file / "x", f"{file} is not a folder"), (file.parent, "it is a folder")):
        with pytest.raises(FileError) as caught:
            atomic.check(path)
        assert str(caught.value) == f"{path} was not saved: {why}"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev")
def test_a_device_is_written_to_and_not_replaced(tmp_path):
    code = "from nnviz.files import atomic; atomic.write('/dev/stdout', b'hello')"
    assert run(code).stdout == "hello"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError) as caught:
        atomic.write(pipe, b"hello")
    assert str(caught.value) == f"{pipe} was not saved: nobody reads it"
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    atomic.write(pipe, b"hello")
    assert os.read(reader, 10) == b"hello"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
