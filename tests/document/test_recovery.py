"""Unsaved work survives a crash, in a copy that is there only as long as the work is unsaved."""

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

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from nnviz.core.edits import standardise
from nnviz.core.train import train
from nnviz.document.autosave import Recovery, claim_leftovers, data_folder, state_summary
from nnviz.files import atomic, native
from nnviz.files.errors import FileError
from nnviz.files.examples import file_of
from nnviz.files.on_disk import News
from nnviz.files.registry import load, save
from nnviz.files.snapshot import About, Copy, copy_parts, with_digest
from tests.core.oracle import make_network, make_state

pytestmark = pytest.mark.usefixtures("qapp")
SOON_MS = 5
"""How long the tests wait for a copy to be written."""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "recovery"


@pytest.fixture
def recovery(document, folder):
    """Return the recovery of `document`, as a window has it."""
    made = Recovery(document, folder, delay_ms=SOON_MS)
    yield made
    made.close()


class Kept:
    """The folder of copies, and what another window or program does in it."""

    def __init__(self, folder, qtbot):
        self._folder, self._qtbot, self._claimed = folder, qtbot, []

    def states(self):
        return [Copy(path.read_bytes()).state() for path in self._folder.glob("*.copy")]

    def names(self):
        return sorted(path.name for path in self._folder.rglob("*"))

    def wait_for(self, state):
        """Wait until a copy of a State is there, or of None no file."""
        self._qtbot.waitUntil(lambda: self.states() == [state] if state else self.names() == [])

    def leave(self, name, content, path=None, digest=b""):
        """Leave a copy behind, as a program does that has ended."""
        self._folder.mkdir(parents=True, exist_ok=True)
        told = About("line", state_summary(content), path, digest)
        (self._folder / f"{name}.copy").write_bytes(b"".join(with_digest(copy_parts(content, told))))
        (self._folder / f"{name}.lock").write_bytes(b"")
        return self._folder / f"{name}.copy"

    def claim(self):
        """Claim the leftovers, after those claimed before are released."""
        self.release()
        self._claimed, said = claim_leftovers(self._folder)
        return self._claimed, said

    def release(self):
        for leftover in self._claimed:
            leftover.release()


@pytest.fixture
def kept(folder, qtbot):
    kept = Kept(folder, qtbot)
    yield kept
    kept.release()


@pytest.fixture
def held_up(monkeypatch):
    """Return two events: a copy is about to be written, and the test lets it be written."""
    begun, go_on, write = threading.Event(), threading.Event(), atomic.write

    def slowly(path, *data, **words):
        if path.suffix == ".copy":
            begun.set()
            assert go_on.wait(120)
        return write(path, *data, **words)

    monkeypatch.setattr(atomic, "write", slowly)
    return begun, go_on


def no_locks(_handle, _how):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def full_disk(path, *_data, **_words):
    raise FileError("the copy was not saved: the disk is full")


# --- while a window is open


def test_a_copy_follows_unsaved_changes(document, state, recovery, folder, tmp_path, qtbot, kept):
    def at_work():
        return any(timer.isActive() for timer in recovery.findChildren(QTimer))

    document.start(state(3))
    assert not at_work()
    assert not folder.exists()
    folder.mkdir(parents=True)
    folder.chmod(0o755)  # as an earlier version made it
    document.push(state(1), "one")
    assert at_work()
    kept.wait_for(state(1))
    qtbot.waitUntil(lambda: not at_work())
    if sys.platform != "win32":
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kept.claim() == ([], "")  # the copy is this window's
    document.push(state(2), "two")
    kept.wait_for(state(2))
    for change, copy in ((document.undo, state(1)), (document.undo, None), (document.redo, state(1))):
        change()
        kept.wait_for(copy)
    document.save(tmp_path / "a.json")
    kept.wait_for(None)
    document.push(state(4), "four")
    kept.wait_for(state(4))
    recovery.close()
    assert kept.names() == []


def test_a_copy_follows_changes_that_never_pause(document, state, recovery, qtbot, kept):
    def number(own):
        return own.network.layers[0].weights[0, 0]

    def change():
        document.push(state(number(document.state) + 1), "run", "run")

    timer = QTimer(document, interval=0)
    timer.timeout.connect(change)
    timer.start()
    for _ in range(3):
        begun = number(document.state)
        qtbot.waitUntil(lambda begun=begun: any(number(copy) > begun for copy in kept.states()))
    timer.stop()
    qtbot.waitUntil(lambda: not recovery.busy)
    copied = weakref.ref(document.state)
    change()
    assert copied() is None


def test_a_copy_holds_all_that_a_network_can_have_and_its_run_with_a_thinned_curve():
    def copied(state):
        return Copy(b"".join(with_digest(copy_parts(state, About("", "", None, b""))))).state()

    for name in ("xor", "iris", "wages"):
        before = train(standardise(load(file_of(name)), [0, 1]), updates=2).state
        after = copied(before)
        assert native.write(after) == native.write(before)
        assert after.columns == before.columns
    trained = train(before, updates=6, optimizer="adam").state
    after = copied(trained)
    assert after.run.history.points.tolist() == trained.run.history.points.tolist()
    assert after.run.segments == trained.run.segments
    assert native.write(train(after, updates=5).state) == native.write(train(trained, updates=5).state)
    history = trained.run.history.extended(np.tile(np.arange(7.0, 20_000)[:, None], 2))
    long = copied(replace(trained, run=replace(trained.run, history=history, iteration=19_999)))
    assert (history.is_thinned, long.run.history.is_thinned) == (False, True)
    assert len(long.run.history) < len(history)


def test_a_copy_says_what_it_holds(state):
    assert state_summary(train(state(1), updates=20).state) == "1-1 network, 1 row, iteration 20"
    deep = make_state(make_network([1] * 14, ["identity"] * 13, [False] * 13), 1)
    assert state_summary(deep) == "1-1-1-…-1-1-1 network, 1 row"
    assert data_folder().is_absolute()


def test_a_full_disk_is_announced_once(document, state, recovery, monkeypatch, qtbot, approved, kept):
    said, tried, write = [], [], atomic.write
    recovery.failed.connect(said.append)

    def full(path, *data, **words):
        tried.append(path)
        full_disk(path)

    monkeypatch.setattr(atomic, "write", full)
    for value in (1, 2, 3):
        document.push(state(value), "edit")
        qtbot.waitUntil(lambda value=value: len(tried) >= 2 * value)
    assert len(said) == 1
    approved("a full disk", said[0])
    monkeypatch.setattr(atomic, "write", write)
    kept.wait_for(state(3))
    monkeypatch.setattr(atomic, "write", full)
    document.push(state(5), "edit")
    qtbot.waitUntil(lambda: len(said) == 2)


def test_a_folder_that_cannot_be_used_is_announced(document, state, folder, monkeypatch, qtbot, approved):
    def failure(value):
        recovery = Recovery(document, folder, delay_ms=SOON_MS)
        with qtbot.waitSignal(recovery.failed) as said:
            document.push(state(value), "edit")
        recovery.close()
        return said.args[0]

    folder.parent.write_text("a file is in the way")
    approved("a file where the folder of copies would be", failure(1))
    folder.parent.unlink()
    if sys.platform != "win32":  # which always has locks
        monkeypatch.setattr("fcntl.flock", no_locks)
        assert failure(2).endswith(f"{folder} cannot be used: no locks available")


# --- after a crash

CRASH = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from nnviz.document import autosave
from nnviz.document.document import Document
from nnviz.files.registry import load
app = QCoreApplication([])
folder, original, before, after = map(Path, sys.argv[1:])
documents = [Document(load(before)), Document(load(before))]
documents[0].start(*documents[0].read(original))
kept = [autosave.Recovery(document, folder, delay_ms=5) for document in documents]
for document in documents:
    document.push(load(after), "change")
timer = QTimer(interval=5)
timer.timeout.connect(lambda: len(list(folder.glob("*.copy"))) == 2 and print("kept", flush=True))
timer.start()
app.exec()
"""


def test_a_killed_programs_work_is_recovered(document, state, recovery, folder, tmp_path, qtbot, kept):
    """The program had two windows: one with a file, one without."""
    folder.parent.mkdir()
    original, before, after = tmp_path / "my näme.json", tmp_path / "before.json", tmp_path / "after.json"
    for path, value in ((original, 0), (before, 0), (after, 7)):
        save(state(value), path)
    arguments = [sys.executable, "-c", CRASH, folder, original, before, after]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline() == "kept\n"
            assert claim_leftovers(folder) == ([], "")
        finally:
            program.kill()
    left, said = kept.claim()
    assert said == ""
    assert {each.about.original for each in left} == {None, original}
    assert {each.about[:2] for each in left} == {("line", "1-1 network, 1 row")}
    for others, leftover in ((1, left[0]), (0, left[1])):
        assert leftover.load() == state(7)
        recovery.recover(leftover)
        assert document.state == state(7)
        assert (document.path, document.modified, document.undo_text()) == (leftover.about.original, True, "")
        assert document.file_news() is News.NONE
        qtbot.waitUntil(lambda: not recovery.busy)
        assert kept.states() == [state(7)] * (others + 1)  # one is its own now
        assert claim_leftovers(folder) == ([], "")
        document.save(tmp_path / "saved.json")
        qtbot.waitUntil(lambda others=others: len(kept.states()) == others)
    assert kept.names() == []


def test_recovered_work_knows_what_became_of_its_file(document, state, recovery, tmp_path, kept):
    save(state(1), tmp_path / "a.json")
    document.start(*document.read(tmp_path / "a.json"))
    kept.leave("a", state(2), path=document.path, digest=document.file.digest)
    save(state(3), tmp_path / "a.json")
    recovery.recover(kept.claim()[0][0])
    assert document.file_news() is News.CHANGED
    document.start(state(1))
    model = tmp_path / "model.json"
    model.write_text('{"modelTopology": {}, "weightsManifest": []}')
    kept.leave("b", state(2), path=model)
    recovery.recover(kept.claim()[0][0])
    assert not document.file.as_read.is_saved


def test_leftovers_are_offered_the_latest_first_to_one_at_a_time(state, folder, kept):
    assert kept.claim() == ([], "")
    assert not folder.exists()
    for name, when in (("a", 100), ("b", 300), ("c", 200), ("odd", -(10**9)), ("odder", 10**11)):
        os.utime(kept.leave(name, state(when)), (when, when))
    (folder / "a.lock").unlink()
    left, _ = kept.claim()
    assert [own.load() for own in left] == [state(when) for when in (10**11, 300, 200, 100, -(10**9))]
    assert [own.written.timestamp() for own in left[1:4]] == [300, 200, 100]
    assert claim_leftovers(folder) == ([], "")
    left[2].release()
    ((again,), _) = claim_leftovers(folder)
    assert again.load() == state(200)
    again.release()
    for own in left[:2]:
        own.discard()
    assert kept.names() == ["a.copy", "a.lock", "c.copy", "c.lock", "odd.copy", "odd.lock"]


def of_state(state):
    """Return the bytes of an undamaged copy whose State is this JSON."""
    about = About("line", "1-1 network, 1 row", None, b"").as_json()
    return of_head({"about": about, "state": "STATE"}, state)


def of_head(head, state=""):
    text = json.dumps(head).replace('"STATE"', state).encode()
    return b"".join(with_digest([b"nnviz copy 1\n", len(text).to_bytes(8, "little"), text]))


ABOUT = {"title": 1, "holds": 2, "path": 3, "digest": "zz"}
BIT = of_state("1")
NO_COPIES = {
    "empty": b"",
    "a brace": b"{",
    "a first line": b"nnviz copy 1\n",
    "one bit": BIT.replace(b"line", b"lime"),
    "a list": of_head([1]),
    "no about": of_head({"state": 1}),
    "no title": of_head({"about": {}, "state": {}}),
    "numbers about": of_head({"about": ABOUT, "state": 1}),
    "another version": of_state("1"),
    "deep JSON": of_state("[" * 100_000 + "]" * 100_000),
    "deep lists": of_state("[" * 900 + "]" * 900),
    "a shape too large": of_state(f'{{"shape": [{10**400}]}}'),
    "a shape larger than memory": of_state(f'{{"shape": [{2**60}]}}'),
    "no such kind": of_state('{"kind": "Foreign"}'),
    "a folder": lambda path: (path / "folder").mkdir(parents=True),
}
if sys.platform != "win32":  # which has no such files, or not without taking room
    NO_COPIES["12 GB"] = lambda path: path.touch() or os.truncate(path, 12 * 2**30)
    NO_COPIES |= {"a pipe": os.mkfifo, "a device": lambda path: path.symlink_to("/dev/zero")}


def test_what_is_no_copy_is_put_aside_and_hides_no_copy(state, folder, approved, kept):
    kept.leave("good", state(1))
    sentences = []
    for name, content in NO_COPIES.items():
        odd = folder / "odd.copy"
        content(odd) if callable(content) else odd.write_bytes(content)
        left, said = kept.claim()
        assert [own.load() for own in left] == [state(1)], name
        assert said.startswith("A copy of unsaved work cannot be recovered: "), name
        assert said.endswith(f"; the copy is kept as odd.damaged in {folder}"), name
        assert kept.claim()[1] == "", name
        odd.with_suffix(".damaged").rename(folder.parent / name)
        assert {each.name for each in folder.iterdir()} == {"good.copy", "good.lock"}, name
        sentences.append(f"{name}: {said.split(': ', 1)[1].split(' (')[0].split(';')[0]}")
    approved("why something is no copy", "\n".join(sentences))


def test_a_copy_that_cannot_be_put_aside_or_claimed_stays(state, folder, approved, kept):
    kept.leave("good", state(1))
    kept.leave("bad", state(2)).write_bytes(b"?")
    (folder / "bad.damaged" / "folder").mkdir(parents=True)
    left, stays = kept.claim()
    assert [own.load() for own in left] == [state(1)]
    assert (folder / "bad.copy").read_bytes() == b"?"
    (folder / "bad.copy").unlink()
    locked = kept.leave("odd", state(2)).with_suffix(".lock")
    locked.unlink()
    locked.mkdir()
    left, unlocked = kept.claim()
    assert [own.load() for own in left] == [state(1)]
    assert Copy((folder / "odd.copy").read_bytes()).state() == state(2)
    approved("a damaged copy that stays, and one with a folder as its lock", f"{stays}\n{unlocked}")


def test_damaged_copies_are_counted_and_all_kept(state, folder, approved, kept):
    for number in range(8):
        kept.leave(f"copy-{number}", state(1)).write_bytes(b"?")
    said = kept.claim()[1]
    approved("several damaged copies", said.replace(said.split("first copy is ")[1].split(".")[0], "ONE"))
    assert kept.names() == [f"copy-{number}.damaged" for number in range(8)]
    assert kept.claim() == ([], "")


def test_old_locks_and_halves_of_copies_are_deleted(folder, kept):
    folder.mkdir(parents=True)
    for name, ago_s in (("a.lock", 61), (".nnviz-0123456789ab.tmp", 61), ("b.lock", 10), ("mine.txt", 61)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - ago_s,) * 2)
    kept.claim()
    assert kept.names() == ["b.lock", "mine.txt"]


def test_a_leftover_stays_until_it_is_copied_or_saved(
    document, state, recovery, monkeypatch, qtbot, tmp_path, kept
):
    copy, before = kept.leave("a", state(1)), document.state
    ((own,), _) = kept.claim()
    whole = copy.read_bytes()
    copy.unlink()
    with pytest.raises(FileError):
        recovery.recover(own)
    assert document.state is before
    copy.write_bytes(whole)
    recovery.recover(own)
    assert (document.state, recovery.busy, kept.states()) == (state(1), False, [state(1)])
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write", full_disk)
        with qtbot.waitSignal(recovery.failed):
            document.push(state(2), "two")
    assert kept.states() == [state(1)]
    document.save(tmp_path / "a.json")
    kept.wait_for(None)


def test_a_leftover_takes_the_place_of_an_older_copy_and_ends_with_a_save(
    document, state, recovery, held_up, qtbot, kept, tmp_path
):
    kept.leave("a", state(1))
    ((own,), _) = kept.claim()
    begun, go_on = held_up
    document.push(state(2), "two")
    qtbot.waitUntil(begun.is_set)
    threading.Timer(0.05, go_on.set).start()
    recovery.recover(own)
    assert kept.names() == ["a.copy", "a.lock"]
    assert kept.states() == [state(1)]
    begun.clear()
    go_on.clear()
    document.push(state(3), "three")
    qtbot.waitUntil(begun.is_set)
    document.save(tmp_path / "a.json")
    go_on.set()
    kept.wait_for(None)
    assert load(tmp_path / "a.json") == state(3)


def test_a_program_that_has_to_end_leaves_unsaved_changes_alone(document, state, folder, kept):
    recovery = Recovery(document, folder, delay_ms=100_000)
    document.push(state(1), "one")
    document.push(state(2), "two")
    recovery.leave()
    ((own,), _) = kept.claim()
    assert own.load() == state(2)
    own.discard()
    document.start(state(0))
    recovery = Recovery(document, folder, delay_ms=SOON_MS)
    document.push(state(1), "one")
    document.undo()
    recovery.leave()
    assert kept.claim() == ([], "")
