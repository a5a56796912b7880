"""Unsaved work survives a crash, and nothing is kept that is saved."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer

from nnviz.document.recovery import Recovery, leftovers, recovery_folder
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save

SOON_MS = 5
"""How long the tests wait for a copy to be written."""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "recovery"


@pytest.fixture
def recovery(document, folder):
    """The recovery of `document`, as a window has it."""
    made = Recovery(document, folder, delay_ms=SOON_MS)
    yield made
    made.close()


def copies(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix == ".json")


def files(folder):
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture
def wait_for_copy(qtbot, folder):
    """Return a function that waits until a copy of a State is there."""
    return lambda state: qtbot.waitUntil(lambda: [load(copy) for copy in copies(folder)] == [state])


def at_work(recovery):
    return any(timer.isActive() for timer in recovery.findChildren(QTimer))


def test_without_unsaved_changes_nothing_is_copied_and_nothing_runs(document, state, recovery, folder):
    document.start(state(3))
    assert not at_work(recovery)
    assert not folder.exists()


def test_when_the_copy_is_there_nothing_runs(document, state, recovery, wait_for_copy, qtbot):
    document.push(state(1), "one")
    assert at_work(recovery)
    wait_for_copy(state(1))
    qtbot.waitUntil(lambda: not at_work(recovery))


@pytest.mark.usefixtures("recovery")
def test_unsaved_changes_are_copied_and_the_copy_follows(document, state, wait_for_copy):
    document.push(state(1), "one")
    wait_for_copy(state(1))
    document.push(state(2), "two")
    wait_for_copy(state(2))


@pytest.mark.usefixtures("recovery")
def test_saving_deletes_the_copy(document, state, wait_for_copy, folder, tmp_path, qtbot):
    document.push(state(1), "one")
    wait_for_copy(state(1))
    document.save(tmp_path / "a.json")
    qtbot.waitUntil(lambda: files(folder) == [])


@pytest.mark.usefixtures("recovery")
def test_undoing_everything_deletes_the_copy_and_redoing_makes_it_again(
    document, state, wait_for_copy, folder, qtbot
):
    document.push(state(1), "one")
    wait_for_copy(state(1))
    document.undo()
    qtbot.waitUntil(lambda: files(folder) == [])
    document.redo()
    wait_for_copy(state(1))


def test_closing_deletes_the_copy(document, state, recovery, wait_for_copy, folder):
    document.push(state(1), "one")
    wait_for_copy(state(1))
    recovery.close()
    assert files(folder) == []


@pytest.mark.usefixtures("recovery")
def test_the_copy_of_a_window_that_is_there_is_no_leftover(document, state, wait_for_copy, folder):
    document.push(state(1), "one")
    wait_for_copy(state(1))
    assert leftovers(folder) == []


@pytest.mark.usefixtures("recovery")
def test_saving_while_a_copy_is_written_leaves_no_copy(document, state, folder, tmp_path, monkeypatch, qtbot):
    begun, go_on = threading.Event(), threading.Event()
    write = atomic.write

    def slowly(path, data):
        if path.parent == folder:
            begun.set()
            assert go_on.wait(10)
        write(path, data)

    monkeypatch.setattr(atomic, "write", slowly)
    document.push(state(1), "one")
    qtbot.waitUntil(begun.is_set)
    document.save(tmp_path / "a.json")
    go_on.set()
    qtbot.waitUntil(lambda: files(folder) == [])
    assert load(tmp_path / "a.json") == state(1)


@contextlib.contextmanager
def crash(folder, original=None):
    """A program with unsaved changes and a copy of them; it is killed at the end."""
    code = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from nnviz.document import recovery
from nnviz.document.document import Document
from nnviz.files.registry import load
app = QCoreApplication([])
folder, original, before, after = map(Path, sys.argv[1:])
document = Document(load(before))
document.path = original if original.name else None
kept = recovery.Recovery(document, folder, delay_ms=5)
document.push(load(after), "change")
timer = QTimer(interval=5)
timer.timeout.connect(lambda: list(folder.glob("*.json")) and print("kept", flush=True))
timer.start()
app.exec()
"""
    before, after = folder.parent / "before.json", folder.parent / "after.json"
    arguments = [sys.executable, "-c", code, folder, original or "", before, after]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline() == "kept\n"
            yield
        finally:
            program.kill()


@pytest.mark.parametrize("saved_before", [True, False])
def test_the_work_of_a_killed_program_is_recovered(document, state, recovery, folder, tmp_path, saved_before):
    folder.parent.mkdir()
    save(state(0), folder.parent / "before.json")
    save(state(7), folder.parent / "after.json")
    original = tmp_path / "my näme.json" if saved_before else None
    with crash(folder, original):
        assert leftovers(folder) == []
    (left,) = leftovers(folder)
    assert left.original == original
    assert left.load() == state(7)

    recovery.recover(left)
    assert document.state == state(7)
    assert (document.path, document.modified, document.undo_text()) == (original, True, "")
    assert leftovers(folder) == []
    assert [load(copy) for copy in copies(folder)] == [state(7)]  # its own now
    document.save(tmp_path / "saved.json")
    assert files(folder) == []


@pytest.fixture
def left(folder):
    """Return a function that leaves a copy behind, as a program does that has ended."""

    def leave(name, content):
        folder.mkdir(parents=True, exist_ok=True)
        save(content, folder / f"{name}.json")
        (folder / f"{name}.from").write_bytes(b"")
        return folder / f"{name}.json"

    return leave


def test_the_latest_leftover_comes_first(left, state, folder):
    for name, when in (("a", 100), ("b", 300), ("c", 200)):
        os.utime(left(name, state(when)), (when, when))
    assert [own.load() for own in leftovers(folder)] == [state(300), state(200), state(100)]
    assert [own.written.timestamp() for own in leftovers(folder)] == [300, 200, 100]


def test_a_discarded_leftover_is_gone(left, state, folder):
    left("a", state(1))
    left("b", state(2))
    for own in leftovers(folder):
        if own.load() == state(1):
            own.discard()
    assert files(folder) == ["b.from", "b.json"]


def test_a_leftover_that_cannot_be_read_leaves_everything_as_it_was(document, left, state, recovery, folder):
    left("a", state(1)).write_text("{")
    before = document.state
    (own,) = leftovers(folder)
    with pytest.raises(FileError):
        recovery.recover(own)
    assert document.state is before
    assert leftovers(folder) == [own]


def test_a_copy_whose_original_is_not_told_is_still_offered(left, state, folder):
    left("a", state(1)).with_suffix(".from").unlink()
    assert [(own.load(), own.original) for own in leftovers(folder)] == [(state(1), None)]


def test_without_a_folder_there_are_no_leftovers(folder):
    assert leftovers(folder) == []


def full_disk(path, _data):
    raise FileError(f"{path.name} was not saved: the disk is full")


def test_a_full_disk_is_told_once_and_again_after_it_went_well(
    document, state, recovery, monkeypatch, qtbot, wait_for_copy
):
    said, tried = [], []
    recovery.failed.connect(said.append)
    write = atomic.write

    def full(path, data):
        tried.append(path)
        full_disk(path, data)

    monkeypatch.setattr(atomic, "write", full)
    for value in (1, 2, 3):
        document.push(state(value), "edit")
        qtbot.waitUntil(lambda value=value: len(tried) == value)
    qtbot.waitUntil(lambda: len(said) == 1)
    assert said[0].startswith("nnviz cannot keep a copy of unsaved changes for the case of a crash: ")
    assert said[0].endswith("the disk is full")
    monkeypatch.setattr(atomic, "write", write)
    document.push(state(4), "edit")
    wait_for_copy(state(4))
    monkeypatch.setattr(atomic, "write", full)
    document.push(state(5), "edit")
    qtbot.waitUntil(lambda: len(said) == 2)


def test_a_folder_that_cannot_be_made_is_told(document, state, folder, qtbot):
    folder.parent.write_text("a file is in the way")
    recovery = Recovery(document, folder)
    with qtbot.waitSignal(recovery.failed) as told:
        document.push(state(1), "one")
    assert told.args[0].endswith(f"{folder} cannot be written: not a directory")
    recovery.close()


def test_a_leftover_stays_where_its_successor_cannot_be_written(
    document, left, state, recovery, folder, monkeypatch
):
    left("a", state(1))
    monkeypatch.setattr(atomic, "write", full_disk)
    recovery.recover(leftovers(folder)[0])
    assert document.state == state(1)
    assert [own.load() for own in leftovers(folder)] == [state(1)]


@pytest.mark.usefixtures("qapp")
def test_copies_have_a_folder_of_this_person_and_program():
    assert isinstance(recovery_folder(), Path)
    assert recovery_folder().name == "recovery"
    assert recovery_folder().is_absolute()
