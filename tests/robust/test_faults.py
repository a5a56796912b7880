"""Whatever system call fails in a save: the old or the new file, whole, and a sentence."""

import os
import shutil
import sys
from contextlib import suppress

import numpy as np
import pytest

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
from tests.robust.faults import KINDS, each_call
from tests.robust.small import state


@pytest.fixture
def apart(amount):
    """One in so many calls fails: every one where there is time."""
    return amount(quick=8, ci=1, night=1)


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
