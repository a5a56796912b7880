"""A program and the file of its numbers are saved as one."""

import os
import sys

import numpy as np
import pytest

from nnviz.files.code.program import Line, Program
from nnviz.files.code.saving import beside, save
from nnviz.files.errors import FileError

OLD, NEW = (Program((Line(f"print({k})"),), {"W0": np.full((1, 30), k)}) for k in range(2))


class KilledError(BaseException):
    """The process is no more: nothing that it would do afterwards happens."""


def stop_at(monkeypatch, number):
    """Let the `number`-th renaming or deleting be the last thing that is done; return how many there were."""
    count = [0]

    def around(call):
        def called(*arguments, **words):
            if count[0] == number:
                raise KilledError
            count[0] += 1
            return call(*arguments, **words)

        return called

    for name in ("rename", "replace", "unlink"):
        monkeypatch.setattr(os, name, around(getattr(os, name)))
    return count


def which(path):
    """Return 0 for what OLD has at a path, 1 for NEW, None for nothing."""
    if not path.exists():
        return None
    if path.suffix == ".py":
        return int(path.read_text().removeprefix("print(").rstrip(")\n"))
    with np.load(path) as stored:
        return int(stored["W0"][0, 0])


def test_a_kill_never_leaves_a_program_with_the_numbers_of_another(tmp_path):
    seen = set()
    for number in range(20):
        path = tmp_path / str(number) / "o.py"
        path.parent.mkdir()
        save(OLD, path)
        with pytest.MonkeyPatch.context() as patch:
            stop_at(patch, number)
            try:
                save(NEW, path)
                killed = False
            except KilledError:
                killed = True
        program, numbers = which(path), which(beside(path))
        assert program is None or program == numbers, number
        texts = [each.read_text() for each in path.parent.glob("o.py*")]
        assert OLD.text in texts or program == 1, number
        seen.add(program)
        if not killed:
            break
    assert not killed
    assert seen == {0, 1, None}
    assert sorted(os.listdir(path.parent)) == ["o.npz", "o.py"]


@pytest.mark.parametrize("fails", ["o.py", "o.npz"])
def test_where_either_file_cannot_be_replaced_both_stay(tmp_path, monkeypatch, fails):
    path, replace = tmp_path / "o.py", os.replace
    save(OLD, path)

    def refuse(source, target):
        if os.path.basename(target) == fails and str(source).endswith(".tmp"):
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(FileError, match=r"o\.py was not saved: permission denied"):
        save(NEW, path)
    assert (which(path), which(beside(path))) == (0, 0)
    assert sorted(os.listdir(tmp_path)) == ["o.npz", "o.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_both_files_keep_their_modes(tmp_path):
    path = tmp_path / "o.py"
    save(OLD, path)
    path.chmod(0o755)
    beside(path).chmod(0o640)
    assert save(NEW, path) == ""
    assert (path.stat().st_mode & 0o777, beside(path).stat().st_mode & 0o777) == (0o755, 0o640)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_a_pipe_in_the_place_of_the_numbers_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "o.npz")
    with pytest.raises(FileError, match=r"would take the place of o\.npz"):
        save(NEW, tmp_path / "o.py")


def test_a_folder_in_the_place_of_the_program_leaves_the_numbers_as_they_were(tmp_path):
    path = tmp_path / "o.py"
    save(OLD, path)
    path.unlink()
    path.mkdir()
    with pytest.raises(FileError, match="it is a folder"):
        save(NEW, path)
    assert which(beside(path)) == 0
