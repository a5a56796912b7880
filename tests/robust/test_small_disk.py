"""A disk that is full to the last byte: the old file stays, a sentence says why, and work goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from nnviz.document.document import Document
from nnviz.document.recovery import Recovery
from nnviz.files.errors import FileError
from nnviz.files.registry import load
from nnviz.files.snapshot import Copy
from tests.robust.small import state


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


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_does_not_fit_leaves_the_old_file_and_can_be_saved_elsewhere(empty, tmp_path):
    document = Document(state(0))
    document.save(empty / "a.json")
    document.push(state(1, rows=10_000), "many rows")
    with pytest.raises(FileError) as caught:
        document.save()
    assert str(caught.value) == f"{empty / 'a.json'} was not saved: the disk is full"
    assert load(empty / "a.json") == state(0)
    assert names(empty) == ["a.json"]
    assert document.modified
    document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json") == state(1, rows=10_000)


def test_every_size_up_to_the_whole_disk_is_saved_or_not_and_never_half(empty):
    document, before = Document(state(0)), state(0)
    document.save(empty / "a.json")
    refused = 0
    for rows in range(100, 3000, 100):
        document.push(state(rows, rows), "rows")
        try:
            document.save()
        except FileError:
            refused += 1
        else:
            before = document.state
        assert load(empty / "a.json") == before
        assert names(empty) == ["a.json"]
    assert 0 < refused < 29


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
