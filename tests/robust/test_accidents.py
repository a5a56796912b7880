"""Accidents in a save: a call that fails, a full disk, a kill. The old or the new file stays, whole."""

import errno
import itertools
import locale
import os
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from PySide6.QtCore import QTimer

if sys.platform == "win32":
    pytest.skip("Windows has other system calls", allow_module_level=True)

import fcntl

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.document.autosave import Recovery, claim_leftovers
from nnviz.document.document import Document
from nnviz.files import atomic
from nnviz.files.code import lines
from nnviz.files.code.lines import CodeLine, Program, numbers_path
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from nnviz.ui.kit.theme import application
from tests.processes import Forks

SHORT = "a short write"
KINDS = ("ENOSPC", "EIO", "EACCES", "EINTR", SHORT)
ATTRIBUTES = ["getxattr", "listxattr", "setxattr"] if hasattr(os, "listxattr") else []
READING = ["access", "fstat", "listdir", "lstat", "open", "scandir", "stat"]
WRITING = ["chmod", "chown", "close", "fsync", "mkdir", "rename", "replace", "unlink", "write"]
CALLS = [(os, name) for name in READING + WRITING + ATTRIBUTES] + [(fcntl, "flock")]


class Fault:
    """Within it, nnviz's `number`-th system call fails, or writes only a part.

    `met` is the name of that call, or "" until it comes.
    """

    def __init__(self, number, kind):
        self._left, self._kind, self.met = number, kind, ""

    def __enter__(self):
        self._patch = pytest.MonkeyPatch()
        for place, name in CALLS:
            self._patch.setattr(place, name, self._around(name, getattr(place, name)))
        return self

    def __exit__(self, *_):
        self._patch.undo()

    def _around(self, name, call):
        def called(*arguments, **words):
            counts = name == "write" or self._kind != SHORT
            if counts and not self.met and is_of_nnviz():
                self._left -= 1
                if self._left == 0:
                    self.met = name
                    return self._fail(name, call, arguments, words)
            return call(*arguments, **words)

        return called

    def _fail(self, name, call, arguments, words):
        if self._kind == SHORT:
            handle, data = arguments
            return call(handle, data[: max(1, len(data) // 2)])
        if name == "close":  # what cannot be closed is closed all the same
            call(*arguments, **words)
        number = getattr(errno, self._kind)
        raise OSError(number, os.strerror(number))


def is_of_nnviz():
    """Return whether nnviz makes the call, itself or through Python's library."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(("nnviz.", "tests.")):
            return name.startswith("nnviz.")
        frame = frame.f_back
    return False


@pytest.fixture(params=KINDS)
def faults(request, amount):
    """Return a function that yields a Fault for the first call, the second, and so on, until one is not met.

    By default for one in a dozen calls, with --ci for one in two: of each kind for others.
    """
    kind, apart = request.param, amount(quick=12, ci=2, night=1)

    def one_after_the_other(least=8):
        for number in itertools.count(1 + KINDS.index(kind) % apart, apart):
            yield (fault := Fault(number, kind))
            if not fault.met:
                break
        assert number > (1 if kind == SHORT else least), "too few calls were met"

    return one_after_the_other


not_short = pytest.mark.parametrize("faults", KINDS[:-1], indirect=True)


def state(number, rows=1):
    """Return a State whose first weight is `number`; a row takes about 20 bytes in a file."""
    network = Network(("x",), (Layer(("output",), "identity", [[number]]),))
    return State(network, Dataset(np.arange(rows)[:, None] + 0.123456789, np.ones((rows, 1))))


def names(folder):
    return sorted(os.listdir(folder))


def opened(folder, case):
    """A document as it is before a save: of State 0, or of nothing yet."""
    file = folder / "a.json"
    for path in folder.iterdir():
        path.unlink()
    if case == "a new file":
        return Document(state(0))
    save(state(-1 if case == "a later save" else 0), file)
    if hasattr(os, "setxattr"):
        with suppress(OSError):
            os.setxattr(file, "user.tag", b"mine")
    document = Document(state(0))
    document.start(*document.read(file))
    if case == "a later save":
        document.push(state(0), "zero")
        document.save()
    return document


def refused(fault, deed):
    """Do something within a fault; return the sentence with which it is refused, or ""."""
    try:
        with fault:
            deed()
    except FileError as error:
        return str(error)
    return ""


KEPT = {"a new file": [], "the first save of a session": [0], "a later save": [-1]}
"""What case of a save leaves which State as the version before."""


@pytest.mark.parametrize("case", KEPT)
def test_a_save_in_which_a_call_fails_leaves_the_old_or_the_new_file(tmp_path, case, faults):
    folder, file = tmp_path, tmp_path / "a.json"
    for fault in faults():
        document = opened(folder, case)
        before = file.read_bytes() if file.exists() else None
        document.push(state(2), "two")
        said = refused(fault, lambda document=document: document.save(file))
        if said:
            assert str(file) in said, fault.met
            assert document.modified, fault.met
            assert (file.read_bytes() if file.exists() else None) == before, fault.met
        else:
            assert load(file) == state(2), fault.met
            assert not document.modified, fault.met
        kept = [name for name in names(folder) if name != "a.json"]
        assert kept in ([], ["a.json~"]), fault.met
        assert [load_kept(folder) for _ in kept] in ([], [state(0)], [state(-1)]), fault.met
        document.push(state(3), "three")
        document.save(file, overwrite=True)
        assert load(file) == state(3)
    assert [load_kept(folder)] * bool(KEPT[case]) == [state(number) for number in KEPT[case]]


def load_kept(folder):
    """The version before, under a name by which it can be loaded."""
    if not (folder / "a.json~").exists():
        return None
    (folder / "kept.json").write_bytes((folder / "a.json~").read_bytes())
    found = load(folder / "kept.json")
    (folder / "kept.json").unlink()
    return found


PROGRAMS = [Program((CodeLine(f"print({k})"),), {"W0": np.full((1, 30), k)}) for k in range(3)]


@pytest.mark.parametrize("there_before", [True, False])
def test_a_program_and_its_numbers_are_both_new_or_both_as_they_were(tmp_path, faults, there_before):
    def pair():
        return [path.read_bytes() if path.exists() else None for path in (file, numbers_path(file))]

    file = tmp_path / "a.py"
    lines.save(PROGRAMS[2], file)
    new = pair()
    for fault in faults():
        for path in tmp_path.iterdir():
            path.unlink()
        if there_before:
            lines.save(PROGRAMS[0], file)
        before = pair()
        said = refused(fault, lambda: lines.save(PROGRAMS[2], file))
        assert str(file) in said or not said, fault.met
        assert pair() == (before if said else new), fault.met
        assert fault.met == "unlink" or set(names(tmp_path)) <= {"a.npz", "a.py"}, fault.met


@not_short
def test_a_question_whether_a_file_can_be_written_ends_in_a_sentence(tmp_path, faults):
    save(state(0), tmp_path / "a.json")
    for fault in faults(least=0):
        said = refused(fault, lambda: atomic.check_writable(tmp_path / "a.json"))
        assert str(tmp_path / "a.json") in said or not said
        left = [name for name in names(tmp_path) if name != "a.json"]
        assert fault.met == "unlink" or not left, fault.met
        for name in left:
            (tmp_path / name).unlink()
    assert load(tmp_path / "a.json") == state(0)


def test_unsaved_work_is_kept_once_a_fault_has_passed(tmp_path, faults, qtbot):
    for count, fault in enumerate(faults()):
        folder, said = tmp_path / f"{count}", []
        document = Document(state(0))
        recovery = Recovery(document, folder, delay_ms=1)
        recovery.failed.connect(said.append)
        with fault:
            document.push(state(1), "one")
            qtbot.waitUntil(lambda said=said, recovery=recovery: bool(said) or not recovery.busy)
        document.push(state(2), "two")
        qtbot.waitUntil(lambda recovery=recovery: not recovery.busy)
        assert len(said) <= 1, fault.met
        recovery.leave()
        assert len([name for name in names(folder) if name.endswith(".copy")]) == 1, fault.met
        assert not [name for name in names(folder) if name.endswith(".tmp")], fault.met
        assert offered(folder) == ([state(2)], ""), fault.met


def offered(folder):
    """Return the State of each leftover, and the messages about the unreadable ones; all stay."""
    left, said = claim_leftovers(folder)
    found = [leftover.load() for leftover in left]
    for leftover in left:
        leftover.release()
    return found, said


@not_short
def test_leftovers_are_offered_now_or_at_the_next_start_whatever_fails(tmp_path, faults, qapp):
    document = Document(state(0))
    recovery = Recovery(document, tmp_path / "as left")
    document.push(state(1), "one")
    recovery.leave()
    for name in ("0.copy", "old.lock", ".nnviz-0123456789ab.tmp"):
        (tmp_path / "as left" / name).write_bytes(b"?")
        os.utime(tmp_path / "as left" / name, (0, 0))
    for count, fault in enumerate(faults(least=15)):
        folder = shutil.copytree(tmp_path / "as left", tmp_path / f"{count}")
        with fault:
            left, _ = claim_leftovers(folder)
        for leftover in left:
            assert leftover.load() == state(1), fault.met
            leftover.release()
        assert offered(folder)[0] == [state(1)], fault.met
    assert sorted(path.suffix for path in folder.iterdir()) == [".copy", ".damaged", ".lock"]


@pytest.mark.skipif(not hasattr(locale, "LC_MESSAGES"), reason="Windows has one language")
def test_the_system_gives_its_reasons_in_english_whatever_the_users_language(qapp):
    with suppress(locale.Error):  # not every system has it
        locale.setlocale(locale.LC_MESSAGES, "C.UTF-8")  # as Qt sets that of the environment
    assert application() is qapp
    assert locale.setlocale(locale.LC_MESSAGES) == "C"
    assert os.strerror(errno.ENOSPC) == "No space left on device"


def test_timers_are_made_where_a_capital_i_has_a_dot(qapp):
    try:
        locale.setlocale(locale.LC_CTYPE, "tr_TR.UTF-8")
    except locale.Error:
        pytest.skip("this system knows no Turkish")
    assert application() is qapp
    assert QTimer(interval=5).interval() == 5


# A disk that is full to the last byte


@pytest.fixture
def disk(tmp_path):
    """Return a folder on a file system of 64 kB; the test is skipped where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "nnviz-test", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system of 64 kB may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_every_size_up_to_the_whole_disk_is_saved_or_refused_and_never_half(disk, tmp_path, amount):
    document, file, before, told = Document(state(0)), disk / "a.json", state(0), []
    document.save(file)
    for rows in range(100, 3001, amount(quick=290, ci=100, night=10)):
        document.push(state(rows, rows), "rows")
        told.append(refused(nullcontext(), document.save))
        before = before if told[-1] else document.state
        assert load(file) == before
        assert names(disk) == ["a.json"]
    assert set(told) == {"", f"{file} was not saved: the disk is full"}
    assert document.modified
    document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json") == document.state


# kill -9 before each system call that changes something

ARMED = """
import os, signal, sys
from pathlib import Path
from nnviz.files.registry import load
left, old, new = int(sys.argv[1]), *(Path(sys.argv[3], name) for name in ("old.json", "new.json"))

def killing(call):
    def called(*arguments, **words):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **words)
    return called

def arm():
    for name in sys.argv[2].split():
        setattr(os, name, killing(getattr(os, name)))
"""
SAVING = f"""{ARMED}
from nnviz.files.on_disk import OpenFile
data = new.read_bytes()
arm()
OpenFile(Path("a.json"), set()).write(data, overwrite=True)
"""
KEEPING = f"""{ARMED}
from PySide6.QtCore import QCoreApplication
from nnviz.document.document import Document
from nnviz.document.autosave import Recovery
app, states = QCoreApplication([]), [load(old), load(new)]
document = Document(states[0])
recovery = Recovery(document, Path(), delay_ms=1)
arm()
for state in (states[1], states[0], states[1]):
    document.push(state, "")
    while recovery.busy:
        app.processEvents()
recovery.close()
"""


@pytest.fixture
def killed(tmp_path, amount):
    """Return a function that kills a program before each of its calls in turn, and yields its folder.

    What the program has left half written is made old, so that the next one sees to it.
    """
    before, halves = tmp_path / "before", []
    before.mkdir()
    for name, number in (("old.json", 0), ("new.json", 1)):
        save(state(number), before / name)

    def one_after_the_other(program):
        with Forks() as run:
            for number in itertools.count(1, amount(quick=8, ci=2, night=1)):
                folder = tmp_path / f"{number}"
                folder.mkdir()
                (folder / "a.json").write_bytes((before / "old.json").read_bytes())
                code, _, err = run(program, number, " ".join(["open", *WRITING]), before, folder=folder)
                assert (code in (0, -signal.SIGKILL), err) == (True, "")
                for path in folder.iterdir():
                    if path.name.startswith(".nnviz-") or path.suffix == ".lock":
                        halves.append(path)
                        os.utime(path, (0, 0))
                yield folder
                if code == 0:
                    break
        assert halves, "no kill has left anything half"

    return one_after_the_other


def test_a_kill_leaves_the_old_or_the_new_file_and_the_next_save_clears_up(killed):
    for folder in killed(SAVING):
        assert load(folder / "a.json") in (state(0), state(1))
        assert load_kept(folder) in (None, state(0))
        Document(state(2)).save(folder / "a.json", overwrite=True)
        assert load(folder / "a.json") == state(2)
        assert set(names(folder)) <= {"a.json", "a.json~"}


def test_a_kill_leaves_whole_copies_and_the_next_start_clears_up(killed):
    for folder in killed(KEEPING):
        left, damaged = claim_leftovers(folder)
        assert damaged == ""
        assert [leftover.load() for leftover in left] in ([], [state(0)], [state(1)])
        for leftover in left:
            leftover.discard()
        assert names(folder) == ["a.json"]
