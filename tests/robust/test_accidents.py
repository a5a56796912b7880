"""Accidents in a save: a call that fails, a full disk, a kill. The old or the new file stays, whole."""

import errno
import json
import locale
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer

if sys.platform == "win32":
    pytest.skip("Windows has other system calls", allow_module_level=True)

from nnviz.document.document import Document
from nnviz.document.leftovers import claimed
from nnviz.document.presence import Presence
from nnviz.document.recovery import Recovery
from nnviz.files import atomic
from nnviz.files.code import saving
from nnviz.files.code.program import Line, Program
from nnviz.files.code.saving import beside
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from nnviz.files.snapshot import Copy
from nnviz.ui.widgets.theme import application
from tests.processes import ended
from tests.robust.faults import KINDS, each_call
from tests.robust.small import state


@pytest.fixture
def apart(amount):
    """One in so many calls fails: every one where there is time."""
    return amount(quick=12, ci=1, night=1)


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
    document.open(file)
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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", KEPT)
def test_a_save_in_which_a_call_fails_leaves_the_old_or_the_new_file(tmp_path, case, kind, apart):
    folder, met = tmp_path, []
    file = folder / "a.json"
    for fault in each_call(kind, apart):
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
        document.save(file, over=True)
        assert load(file) == state(3)
        met.append(fault.met)
    assert [load_kept(folder)] * bool(KEPT[case]) == [state(number) for number in KEPT[case]]
    print(len(met) - 1, "faults")
    assert len(met) * apart > (1 if kind == "a short write" else 8)


def load_kept(folder):
    """The version before, under a name by which it can be loaded."""
    if not (folder / "a.json~").exists():
        return None
    (folder / "kept.json").write_bytes((folder / "a.json~").read_bytes())
    found = load(folder / "kept.json")
    (folder / "kept.json").unlink()
    return found


PROGRAMS = [Program((Line(f"print({k})"),), {"W0": np.full((1, 30), k)}) for k in range(3)]


@pytest.mark.parametrize("there_before", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_program_and_its_numbers_are_both_new_or_both_as_they_were(tmp_path, kind, apart, there_before):
    def pair():
        return [path.read_bytes() if path.exists() else None for path in (file, beside(file))]

    file, met = tmp_path / "a.py", []
    saving.save(PROGRAMS[2], file)
    new = pair()
    for fault in each_call(kind, apart):
        for path in tmp_path.iterdir():
            path.unlink()
        if there_before:
            saving.save(PROGRAMS[0], file)
        before = pair()
        said = refused(fault, lambda: saving.save(PROGRAMS[2], file))
        assert str(file) in said or not said, fault.met
        assert pair() == (before if said else new), fault.met
        assert fault.met == "unlink" or set(names(tmp_path)) <= {"a.npz", "a.py"}, fault.met
        met.append(fault.met)
    assert len(met) * apart > (1 if kind == "a short write" else 8)


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_a_question_whether_a_file_can_be_written_ends_in_a_sentence(tmp_path, kind, apart):
    save(state(0), tmp_path / "a.json")
    for fault in each_call(kind, apart):
        said = refused(fault, lambda: atomic.check(tmp_path / "a.json"))
        assert str(tmp_path / "a.json") in said or not said
        left = [name for name in names(tmp_path) if name != "a.json"]
        assert fault.met == "unlink" or not left, fault.met
        for name in left:
            (tmp_path / name).unlink()
    assert load(tmp_path / "a.json") == state(0)


@pytest.mark.parametrize("kind", KINDS)
def test_unsaved_work_is_kept_once_a_fault_has_passed(tmp_path, kind, apart, qtbot):
    count = 0
    for count, fault in enumerate(each_call(kind, apart)):
        folder, said = tmp_path / f"{kind} {count}", []
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
        assert offered(folder) == [state(2)], fault.met
    print(count, "faults")
    assert (count + 1) * apart > (1 if kind == "a short write" else 8)


def offered(folder):
    """Return the State of each leftover; they stay."""
    left, said = claimed(folder)
    found = [leftover.load() for leftover in left]
    for leftover in left:
        leftover.release()
    assert said == ""
    return found


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_leftovers_are_offered_now_or_at_the_next_start_whatever_fails(tmp_path, kind, apart, qapp):
    document = Document(state(0))
    recovery = Recovery(document, tmp_path / "as left")
    document.push(state(1), "one")
    recovery.leave()
    for name in ("0.copy", "old.lock", ".nnviz-0123456789ab.tmp"):
        (tmp_path / "as left" / name).write_bytes(b"?")
        os.utime(tmp_path / "as left" / name, (0, 0))
    count = 0
    for fault in each_call(kind, apart):
        folder = shutil.copytree(tmp_path / "as left", tmp_path / f"{count}")
        with fault:
            left, _ = claimed(folder)
        for leftover in left:
            assert leftover.load() == state(1), fault.met
            leftover.release()
        left, _ = claimed(folder)
        assert [leftover.load() for leftover in left] == [state(1)], fault.met
        for leftover in left:
            leftover.release()
        count += 1
    assert sorted(path.suffix for path in folder.iterdir()) == [".copy", ".damaged", ".lock"]
    print(count - 1, "faults")
    assert count * apart > 15


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_who_has_what_open_is_known_or_not_and_never_in_the_way(tmp_path, kind, apart):
    for count, fault in enumerate(each_call(kind, apart)):
        one, two = Presence(tmp_path / f"{count}"), Presence(tmp_path / f"{count}")
        with fault:
            one.move_to(tmp_path / "a.json")
            two.move_to(tmp_path / "a.json")
            assert one.others() in (0, 1)
            one.leave()
            two.leave()


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


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A folder on a file system of 64 kB; the tests are skipped where none may be mounted."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "nnviz-test", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system of 64 kB may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def empty(disk):
    """The same, empty."""
    for path in sorted(disk.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return disk


def test_what_does_not_fit_leaves_the_old_file_and_can_be_saved_elsewhere(empty, tmp_path):
    document = Document(state(0))
    document.save(empty / "a.json")
    document.push(state(1, rows=3_000), "many rows")
    with pytest.raises(FileError) as caught:
        document.save()
    assert str(caught.value) == f"{empty / 'a.json'} was not saved: the disk is full"
    assert load(empty / "a.json") == state(0)
    assert names(empty) == ["a.json"]
    assert document.modified
    document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json") == state(1, rows=3_000)


def test_every_size_up_to_the_whole_disk_is_saved_or_not_and_never_half(empty, amount):
    document, before = Document(state(0)), state(0)
    document.save(empty / "a.json")
    refused = 0
    for rows in range(100, 3000, amount(quick=350, ci=100, night=100)):
        document.push(state(rows, rows), "rows")
        try:
            document.save()
        except FileError:
            refused += 1
        else:
            before = document.state
        assert load(empty / "a.json") == before
        assert names(empty) == ["a.json"]
    assert 0 < refused < 8 or amount(quick=0, ci=29, night=29) > refused > 0


def test_a_version_before_that_does_not_fit_is_said_and_the_file_is_saved(empty):
    Document(state(0, rows=900)).save(empty / "a.json")
    document = Document(state(0))
    document.open(empty / "a.json")
    (empty / "filler").write_bytes(b"x" * 16_000)
    document.push(state(1), "one row")
    said = document.save()
    size = (empty / "a.json").stat().st_size
    assert said in (
        "",
        f"the version before is not kept: {empty / 'a.json~'} was not saved: the disk is full",
    ), size
    assert load(empty / "a.json") == state(1)


def test_a_full_disk_for_copies_is_said_once_and_work_goes_on(empty, qtbot, tmp_path):
    filler = empty / "filler"
    filler.write_bytes(b"x" * 60_000)
    document, said = Document(state(0)), []
    recovery = Recovery(document, empty / "recovery", delay_ms=1)
    recovery.failed.connect(said.append)
    for number in range(1, 6):
        document.push(state(number, rows=2000), "rows")
        qtbot.waitUntil(lambda: len(said) == 1)
    assert said[0].endswith("the disk is full")
    document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json") == state(5, rows=2000)
    document.push(state(6, rows=1000), "rows")
    filler.unlink()
    qtbot.waitUntil(lambda: not recovery.busy)
    (copy,) = Path(empty / "recovery").glob("*.copy")
    assert Copy(copy.read_bytes()).state() == state(6, rows=1000)
    recovery.close()
    assert names(empty / "recovery") == []


# kill -9 at random moments

SEED = 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks what it kills")
def test_a_kill_leaves_a_whole_file_or_copy_and_the_next_save_or_start_clears_up(tmp_path, amount):
    saves, copies = amount(quick=(12, 3), ci=(200, 200), night=(5000, 5000))
    command = [sys.executable, "-m", "tests.robust.killed", *map(str, (SEED, saves, copies, tmp_path))]
    code, printed, err = ended(command, cwd=Path(__file__).parents[2], timeout=3600)
    assert (code, err) == (0, "")
    print(saves, copies, "kills:", printed)
    found = json.loads(printed)
    assert found["save"]["wrong"] == found["recovery"]["wrong"] == []
    assert found["save"]["left"] in (["a.json"], ["a.json", "a.json~"])
    assert found["save"]["half"] > 0, "no kill has met a save"
    assert found["recovery"]["left"] == []
