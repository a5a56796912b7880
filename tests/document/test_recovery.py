"""Unsaved work survives a crash, and nothing is kept that is saved."""

import contextlib
import errno
import json
import os
import stat
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer

from nnviz.core.run import Training
from nnviz.core.standardise import standardise
from nnviz.core.state import Dataset
from nnviz.core.training import train
from nnviz.document.leftovers import MOST_DAMAGED, claimed
from nnviz.document.recovery import Recovery, data_folder, holds
from nnviz.files import atomic, native
from nnviz.files.errors import FileError
from nnviz.files.examples import file_of
from nnviz.files.on_disk import News
from nnviz.files.registry import load, save
from nnviz.files.snapshot import About, Copy, parts, sealed

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
    return [Copy(path.read_bytes()).state() for path in folder.glob("*.copy")]


def files(folder):
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture
def wait_for_copy(qtbot, folder):
    """Return a function that waits until a copy of a State is there."""
    return lambda state: qtbot.waitUntil(lambda: copies(folder) == [state])


@pytest.fixture
def left_in():
    """Return a function that claims the leftovers in a folder; they are let go of at the end."""
    held = []

    def claim(folder):
        left, said = claimed(folder)
        held.extend(left)
        return left, said

    yield claim
    for leftover in held:
        leftover.release()


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


def test_what_was_copied_is_held_by_nobody_once_the_run_goes_on(document, state, recovery, qtbot):
    document.push(state(1), "", "run")
    copied = weakref.ref(document.state)
    qtbot.waitUntil(lambda: not recovery.busy)
    document.push(state(2), "", "run")
    assert copied() is None


@pytest.mark.usefixtures("recovery")
def test_a_copy_holds_the_run_and_how_it_goes_on(document, state, wait_for_copy, folder):
    start = replace(state(3), data=Dataset([[1.0], [2.0]], [[1.0], [0.0]]), training=Training(0.01))
    trained = train(start, updates=6, optimizer="adam").state
    document.push(trained, "Run")
    wait_for_copy(trained)
    (copied,) = copies(folder)
    assert copied.run.history.points.tolist() == trained.run.history.points.tolist()
    assert copied.run.segments == trained.run.segments
    assert native.write(train(copied).state) == native.write(train(trained).state)


@pytest.mark.parametrize("name", ["xor", "iris", "wages"])
def test_a_copy_holds_all_that_a_network_can_have(name):
    before = train(standardise(load(file_of(name)), [0, 1]), updates=2).state
    after = Copy(b"".join(sealed(parts(before, About("", "", None, b""))))).state()
    assert native.write(after) == native.write(before)
    assert after.columns == before.columns


@pytest.mark.usefixtures("recovery")
def test_a_copy_of_a_long_run_knows_that_its_curve_is_thinned(document, state, wait_for_copy, folder):
    start = replace(state(3), data=Dataset([[1.0], [2.0]], [[1.0], [0.0]]), training=Training(0.01, 20_000))
    trained = train(start).state
    document.push(trained, "Run")
    wait_for_copy(trained)
    (copied,) = copies(folder)
    assert len(copied.run.history) < len(trained.run.history)
    assert copied.run.history.is_thinned


@pytest.mark.usefixtures("recovery")
def test_the_copy_follows_changes_that_never_pause(document, state, folder, qtbot):
    count = 0

    def change():
        nonlocal count
        count += 1
        document.push(state(count), "run", "run")

    timer = QTimer(interval=0)
    timer.timeout.connect(change)
    timer.start()
    try:
        for _ in range(3):
            begun = count
            qtbot.waitUntil(
                lambda begun=begun: any(
                    copy.network.layers[0].weights[0, 0] > begun for copy in copies(folder)
                )
            )
    finally:
        timer.stop()


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
def test_the_copy_of_a_window_that_is_there_is_no_leftover(document, state, wait_for_copy, folder, left_in):
    document.push(state(1), "one")
    wait_for_copy(state(1))
    assert left_in(folder) == ([], "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
@pytest.mark.usefixtures("recovery")
def test_copies_are_for_their_owner_alone(document, state, wait_for_copy, folder):
    folder.mkdir(parents=True)
    folder.chmod(0o755)  # as an earlier version made it
    document.push(state(1), "one")
    wait_for_copy(state(1))
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.usefixtures("recovery")
def test_saving_while_a_copy_is_written_leaves_no_copy(document, state, folder, tmp_path, monkeypatch, qtbot):
    begun, go_on = threading.Event(), threading.Event()
    write = atomic.write

    def slowly(path, *data, **words):
        if path.parent == folder:
            begun.set()
            assert go_on.wait(10)
        return write(path, *data, **words)

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
if original.name:
    document.open(original)
kept = recovery.Recovery(document, folder, delay_ms=5)
document.push(load(after), "change")
timer = QTimer(interval=5)
timer.timeout.connect(lambda: list(folder.glob("*.copy")) and print("kept", flush=True))
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
def test_the_work_of_a_killed_program_is_recovered(
    document, state, recovery, folder, tmp_path, saved_before, left_in, wait_for_copy, qtbot
):
    folder.parent.mkdir()
    save(state(0), folder.parent / "before.json")
    save(state(7), folder.parent / "after.json")
    original = tmp_path / "my näme.json" if saved_before else None
    if original:
        save(state(0), original)
    with crash(folder, original):
        assert left_in(folder) == ([], "")
    ((left,), said) = left_in(folder)
    assert (left.original, left.title, left.holds, said) == (original, "line", "1-1 network, 1 row", "")
    assert left.load() == state(7)

    recovery.recover(left)
    assert document.state == state(7)
    assert (document.path, document.modified, document.undo_text()) == (original, True, "")
    wait_for_copy(state(7))  # its own now
    assert left_in(folder) == ([], "")
    assert document.news() is News.NONE
    document.save(tmp_path / "saved.json")
    qtbot.waitUntil(lambda: files(folder) == [])


def test_a_file_that_was_changed_after_the_crash_is_noticed(
    document, state, recovery, leave, left_in, folder, tmp_path
):
    save(state(1), tmp_path / "a.json")
    document.open(tmp_path / "a.json")
    leave("a", state(2), path=document.path, digest=document.file.digest)
    save(state(3), tmp_path / "a.json")
    recovery.recover(left_in(folder)[0][0])
    assert document.news() is News.CHANGED


def test_a_model_of_a_kind_that_is_not_saved_is_known_as_such_after_the_crash(
    document, state, recovery, leave, left_in, folder, tmp_path
):
    model = tmp_path / "model.json"
    model.write_text('{"modelTopology": {}, "weightsManifest": []}')
    leave("a", state(2), path=model, digest=b"")
    recovery.recover(left_in(folder)[0][0])
    assert not document.file.as_read.is_saved


@pytest.fixture
def leave(folder):
    """Return a function that leaves a copy behind, as a program does that has ended."""

    def leave(name, content, path=None, digest=b""):
        folder.mkdir(parents=True, exist_ok=True)
        told = About("line", holds(content), path, digest)
        (folder / f"{name}.copy").write_bytes(b"".join(sealed(parts(content, told))))
        (folder / f"{name}.lock").write_bytes(b"")
        return folder / f"{name}.copy"

    return leave


def test_the_latest_leftover_comes_first(leave, state, folder, left_in):
    for name, when in (("a", 100), ("b", 300), ("c", 200)):
        os.utime(leave(name, state(when)), (when, when))
    left, _ = left_in(folder)
    assert [own.load() for own in left] == [state(300), state(200), state(100)]
    assert [own.written.timestamp() for own in left] == [300, 200, 100]


def test_a_leftover_is_offered_by_one_and_by_another_only_when_it_is_let_go(leave, state, folder, left_in):
    leave("a", state(1))
    ((own,), _) = left_in(folder)
    assert left_in(folder) == ([], "")
    own.release()
    assert len(left_in(folder)[0]) == 1


def test_a_discarded_leftover_is_gone(leave, state, folder, left_in):
    leave("a", state(1))
    leave("b", state(2))
    for own in left_in(folder)[0]:
        if own.load() == state(1):
            own.discard()
    assert files(folder) == ["b.copy", "b.lock"]


@pytest.mark.parametrize("damage", [b"", b"{", b"nnviz copy 1\n", None])
def test_a_damaged_copy_is_said_and_kept_and_hides_no_other(leave, state, folder, left_in, damage):
    leave("good", state(1))
    copy = leave("bad", state(2))
    whole = bytearray(copy.read_bytes())
    whole[len(whole) // 2] ^= 1
    copy.write_bytes(bytes(whole) if damage is None else damage)
    left, said = left_in(folder)
    assert [own.load() for own in left] == [state(1)]
    kept = f"it is kept as bad.damaged in {folder}"
    assert said == f"A copy of unsaved work cannot be recovered: it is damaged; {kept}"
    for own in left:
        own.release()
    assert left_in(folder)[1] == ""
    assert files(folder) == ["bad.damaged", "good.copy", "good.lock"]


@pytest.mark.parametrize(
    "head",
    [
        [1],
        {"state": 1},
        {"about": {}, "state": {}},
        {"about": {"title": 1, "holds": 2, "path": 3, "digest": "zz"}, "state": 1},
    ],
)
def test_a_whole_copy_of_another_shape_hides_no_other(leave, state, folder, left_in, head):
    leave("good", state(1))
    text = json.dumps(head).encode()
    whole = sealed([b"nnviz copy 1\n", len(text).to_bytes(8, "little"), text])
    (folder / "other.copy").write_bytes(b"".join(whole))
    left, said = left_in(folder)
    assert [own.load() for own in left] == [state(1)]
    assert said.startswith("A copy of unsaved work cannot be recovered: it is of another version of nnviz (")
    assert files(folder) == ["good.copy", "good.lock", "other.damaged"]


def sealed_state(state):
    """Return the bytes of a whole copy whose State stands so in its JSON."""
    about = json.dumps(About("line", "1-1 network, 1 row", None, b"").as_json())
    head = f'{{"about": {about}, "state": {state}}}'.encode()
    return b"".join(sealed([b"nnviz copy 1\n", len(head).to_bytes(8, "little"), head]))


def of_content(content):
    return lambda path: path.write_bytes(content)


def of_size(path):
    with path.open("wb") as file:
        file.truncate(12 * 2**30)  # sparse: it takes no room


def of_no_kind_of_file(path):
    (path / "folder").mkdir(parents=True)


FOREIGN = {
    "another version": of_content(sealed_state("1")),
    "deep JSON": of_content(sealed_state("[" * 100_000 + "]" * 100_000)),
    "deep lists": of_content(sealed_state("[" * 900 + "]" * 900)),
    "a shape too large": of_content(sealed_state(f'{{"shape": [{10**400}]}}')),
    "a shape larger than memory": of_content(sealed_state(f'{{"shape": [{2**60}]}}')),
    "no such kind": of_content(sealed_state('{"kind": "Foreign"}')),
    "12 GB": of_size,
    "a folder": of_no_kind_of_file,
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}
NOT_ON_WINDOWS = ("a pipe", "a device", "12 GB")


@pytest.fixture(params=FOREIGN)
def put_foreign(request):
    """Return a function that makes something at a path that is no copy of nnviz's."""
    if sys.platform == "win32" and request.param in NOT_ON_WINDOWS:
        pytest.skip("Windows has no such files, or not without taking room")
    return FOREIGN[request.param]


def test_what_is_no_copy_is_put_aside_and_hides_no_other(leave, state, folder, left_in, put_foreign):
    leave("good", state(1))
    put_foreign(folder / "odd.copy")
    left, said = left_in(folder)
    assert [own.load() for own in left] == [state(1)]
    assert said.startswith("A copy of unsaved work cannot be recovered: ")
    assert said.endswith(f"; it is kept as odd.damaged in {folder}")
    assert {each.name for each in folder.iterdir()} == {"good.copy", "good.lock", "odd.damaged"}
    for own in left:
        own.release()
    assert left_in(folder)[1] == ""


def test_a_copy_that_cannot_be_put_aside_stays_and_hides_no_other(leave, state, folder, left_in):
    leave("good", state(1))
    leave("bad", state(2)).write_bytes(b"?")
    of_no_kind_of_file(folder / "bad.damaged")
    left, said = left_in(folder)
    assert [own.load() for own in left] == [state(1)]
    assert said.endswith(f"it is damaged; it is kept as bad.copy in {folder}")
    assert (folder / "bad.copy").read_bytes() == b"?"


def test_a_copy_whose_lock_cannot_be_taken_is_told_and_hides_no_other(leave, state, folder, left_in):
    leave("good", state(1))
    lock = leave("odd", state(2)).with_suffix(".lock")
    lock.unlink()
    lock.mkdir()
    left, said = left_in(folder)
    assert [own.load() for own in left] == [state(1)]
    assert said.endswith(f"{lock} is a folder, not a file; it is kept as odd.copy in {folder}")
    assert Copy((folder / "odd.copy").read_bytes()).state() == state(2)


def test_several_damaged_copies_are_told_in_one_sentence(leave, state, folder, left_in):
    for name in ("a", "b", "c"):
        leave(name, state(1)).write_bytes(b"?")
    assert left_in(folder)[1].endswith(f".damaged in {folder}, and so are 2 others")


@pytest.mark.parametrize("when_s", [-(10**9), 10**11])
def test_a_copy_with_an_odd_time_is_offered(leave, state, folder, left_in, when_s):
    os.utime(leave("a", state(1)), (when_s, when_s))
    assert [own.load() for own in left_in(folder)[0]] == [state(1)]


def test_only_so_many_damaged_copies_are_kept_from_start_to_start(leave, state, folder, left_in):
    for number in range(MOST_DAMAGED + 3):
        copy = leave(f"copy-{number}", state(1))
        copy.write_bytes(b"?")
        os.utime(copy, (number, number))
    assert left_in(folder)[1].endswith(f"and so are {MOST_DAMAGED + 2} others")
    assert len(files(folder)) == MOST_DAMAGED + 3
    left_in(folder)
    assert files(folder) == [f"copy-{number}.damaged" for number in range(3, MOST_DAMAGED + 3)]


def test_a_damaged_copy_that_is_told_as_kept_is_kept_however_old(leave, state, folder, left_in):
    copy = leave("old", state(1))
    for number in range(MOST_DAMAGED):
        (folder / f"{number}.damaged").write_bytes(b"?")
    copy.write_bytes(b"?")
    os.utime(copy, (0, 0))
    assert "old.damaged" in left_in(folder)[1]
    assert "old.damaged" in files(folder)
    assert len(files(folder)) == MOST_DAMAGED


def test_what_is_of_no_use_to_anybody_is_deleted_when_it_is_old(folder, left_in):
    folder.mkdir(parents=True)
    for name, ago_s in (("a.lock", 61), (".nnviz-0123456789ab.tmp", 61), ("b.lock", 10), ("mine.txt", 61)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - ago_s,) * 2)
    left_in(folder)
    assert files(folder) == ["b.lock", "mine.txt"]


def test_a_leftover_that_has_gone_leaves_everything_as_it_was(
    document, leave, state, recovery, folder, left_in
):
    copy = leave("a", state(1))
    before = document.state
    ((own,), _) = left_in(folder)
    copy.unlink()
    with pytest.raises(FileError):
        recovery.recover(own)
    assert document.state is before


def test_a_copy_without_a_lock_is_still_offered(leave, state, folder, left_in):
    leave("a", state(1)).with_suffix(".lock").unlink()
    assert [own.load() for own in left_in(folder)[0]] == [state(1)]


def test_without_a_folder_there_are_no_leftovers(folder, left_in):
    assert left_in(folder) == ([], "")
    assert not folder.exists()


def full_disk(path, *_data, **_words):
    raise FileError(f"{path.name} was not saved: the disk is full")


def test_a_full_disk_is_told_once_tried_again_and_told_again_after_it_went_well(
    document, state, recovery, monkeypatch, qtbot, wait_for_copy
):
    said, tried = [], []
    recovery.failed.connect(said.append)
    write = atomic.write

    def full(path, *data, **words):
        tried.append(path)
        full_disk(path)

    monkeypatch.setattr(atomic, "write", full)
    for value in (1, 2, 3):
        document.push(state(value), "edit")
        qtbot.waitUntil(lambda value=value: len(tried) >= 2 * value)
    qtbot.waitUntil(lambda: len(said) == 1)
    assert said[0].startswith("nnviz cannot keep a copy of unsaved changes for the case of a crash: ")
    assert said[0].endswith("the disk is full")
    monkeypatch.setattr(atomic, "write", write)
    wait_for_copy(state(3))
    monkeypatch.setattr(atomic, "write", full)
    document.push(state(5), "edit")
    qtbot.waitUntil(lambda: len(said) == 2)


def test_a_folder_that_cannot_be_made_is_told(document, state, folder, qtbot):
    folder.parent.write_text("a file is in the way")
    recovery = Recovery(document, folder, delay_ms=SOON_MS)
    with qtbot.waitSignal(recovery.failed) as told:
        document.push(state(1), "one")
    assert told.args[0].endswith(f"{folder} cannot be used: not a directory")
    recovery.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has locks")
def test_a_folder_without_locks_is_told(document, state, recovery, folder, monkeypatch, qtbot):
    def no_locks(_handle, _how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with qtbot.waitSignal(recovery.failed) as told:
        document.push(state(1), "one")
    assert told.args[0].endswith(f"{folder} cannot be used: no locks available")


def test_a_leftover_stays_while_its_successor_cannot_be_written(
    document, leave, state, recovery, folder, monkeypatch, left_in, qtbot, tmp_path
):
    leave("a", state(1))
    write = atomic.write
    monkeypatch.setattr(atomic, "write", full_disk)
    with qtbot.waitSignal(recovery.failed):
        recovery.recover(left_in(folder)[0][0])
    assert document.state == state(1)
    assert copies(folder) == [state(1)]
    monkeypatch.setattr(atomic, "write", write)
    document.save(tmp_path / "a.json")
    qtbot.waitUntil(lambda: files(folder) == [])  # what is saved is not offered again


def test_a_leftover_stays_while_an_older_copy_is_written(
    document, leave, state, recovery, folder, monkeypatch, left_in, qtbot
):
    leave("a", state(1))
    ((own,), _) = left_in(folder)
    begun, go_on, seen = threading.Event(), threading.Event(), []
    write = atomic.write

    def slowly(path, *data, **words):
        begun.set()
        assert go_on.wait(10)
        seen.append(sorted(copy.name for copy in folder.glob("*.copy")))
        return write(path, *data, **words)

    monkeypatch.setattr(atomic, "write", slowly)
    document.push(state(2), "two")
    qtbot.waitUntil(begun.is_set)
    recovery.recover(own)
    go_on.set()
    qtbot.waitUntil(lambda: len(seen) == 2 and not recovery.busy)
    assert "a.copy" in seen[1]  # until its successor is written
    assert copies(folder) == [state(1)]


def test_who_has_to_end_leaves_the_latest_changes_to_the_next_start(document, state, folder, left_in):
    recovery = Recovery(document, folder, delay_ms=100_000)
    document.push(state(1), "one")
    document.push(state(2), "two")
    recovery.leave()
    assert [own.load() for own in left_in(folder)[0]] == [state(2)]


def test_who_has_to_end_with_everything_saved_leaves_nothing(document, state, folder, left_in):
    recovery = Recovery(document, folder, delay_ms=SOON_MS)
    document.push(state(1), "one")
    document.undo()
    recovery.leave()
    assert left_in(folder) == ([], "")


def test_what_a_copy_holds_is_told_in_words(state):
    assert holds(train(state(1), updates=20).state) == "1-1 network, 1 row, iteration 20"
    deep = state(1)
    for _ in range(12):
        network = deep.network
        hidden = replace(network.layers[0], nodes=(f"n{len(network.layers)}",), weights=[[1.0]])
        deep = replace(deep, network=replace(network, layers=(hidden, *network.layers)))
    assert holds(deep) == "1-1-1-…-1-1-1 network, 1 row"


@pytest.mark.usefixtures("qapp")
def test_copies_have_a_folder_of_this_person_and_program():
    assert isinstance(data_folder(), Path)
    assert data_folder().is_absolute()
