"""Films as files: animated PNG and MP4, what is missing, and that nothing is left of what failed."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from nnviz.files.errors import FileError, install_line
from nnviz.files.motion import kinds, mp4
from nnviz.files.motion.film import Frame, patch, timed
from nnviz.files.progress import CancelledError
from tests.films import Squares, frames_of_apng, frames_of_video

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="MP4 is written by ffmpeg: not here")
KINDS = [".apng", pytest.param(".mp4", marks=needs_ffmpeg)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="its programs are known by their suffix")
def test_a_program_of_the_current_folder_is_not_ffmpeg(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.curdir)  # the folder in which Windows looks first
    assert mp4.program() is None


@pytest.mark.parametrize("suffix", [".apng", ".png"])
def test_an_animated_png_has_every_frame_as_it_was(tmp_path, suffix):
    film = Squares(seconds=0.12)
    kinds.write(film, tmp_path / f"film{suffix}")
    frames, told = frames_of_apng((tmp_path / f"film{suffix}").read_bytes())
    assert told == len(frames) == film.count
    assert [time for _, time in frames] == [120] * film.count
    for k, (pixels, _) in enumerate(frames):
        assert np.array_equal(pixels, film.pixels(k))


def test_a_frame_like_the_one_before_still_has_its_time(tmp_path):
    kinds.write(Squares(step=0), tmp_path / "film.apng")
    frames, told = frames_of_apng((tmp_path / "film.apng").read_bytes())
    assert told == len(frames) == 6


def test_of_a_frame_only_what_differs_is_kept():
    film = Squares()
    part = patch(film.pixels(1), film.pixels(0))
    assert (part.x, part.y, part.pixels.shape) == (0, 4, (8, 12, 3))
    assert part.same.tolist() == [[False] * 4 + [True] * 4 + [False] * 4] * 8


def test_times_are_whole_and_no_error_adds_up():
    frames = [Frame(np.zeros((1, 1, 3), np.uint8), 1 / 15)] * 150
    times = [time for _, time in timed(frames, 100, 2)]
    assert sum(times) == 1000
    assert set(times) == {6, 7}


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "film.mp4 40 24": "",
        "film.MP4 41 24": "42 × 24: an MP4 has even sizes",
        "film.mp4 41 25": "42 × 26: an MP4 has even sizes",
        "film.gif 41 25": "",
    }.items(),
)
def test_of_a_video_it_is_said_where_its_size_is_another_than_what_is_wished(name, told):
    name, width, height = name.split()
    assert kinds.of_size(Path(name), int(width), int(height)) == told


@needs_ffmpeg
@pytest.mark.parametrize(("width", "height"), [(40, 24), (41, 25)])
def test_a_video_has_every_frame_for_its_time_and_an_even_size(tmp_path, width, height):
    film = Squares(width, height, seconds=0.3)
    kinds.write(film, tmp_path / "film.mp4")
    frames = frames_of_video(tmp_path / "film.mp4", width + width % 2, height + height % 2)
    assert len(frames) == 3 * film.count
    for k in range(film.count):
        near = np.abs(frames[3 * k, :height, :width].astype(int) - film.pixels(k))
        assert np.median(near) <= 2
        assert near[6:10, 4 * k + 2 : 4 * k + 6].max() < 16


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("stop", [CancelledError(), KeyboardInterrupt()])
def test_a_film_that_is_stopped_leaves_nothing_but_what_was_there(tmp_path, suffix, stop):
    path = tmp_path / f"film{suffix}"
    for old in ([], [path.name]):
        if old:
            path.write_bytes(b"old")
        with pytest.raises(type(stop)):
            kinds.write(Squares(stop=stop, stop_at=3), path)
        assert names(tmp_path) == old
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("suffix", KINDS)
def test_a_film_is_not_written_where_there_is_no_folder(tmp_path, suffix):
    path = tmp_path / "gone" / f"film{suffix}"
    with pytest.raises(FileError) as caught:
        kinds.write(Squares(), path)
    assert str(caught.value) == f"{path} was not saved: there is no folder {path.parent}"
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
@pytest.mark.parametrize("suffix", KINDS)
def test_a_film_is_not_written_into_a_folder_that_may_only_be_read(suffix):
    program = """
import os, sys
from pathlib import Path
from nnviz.files.motion import kinds, mp4
from tests.films import Squares
if os.geteuid() == 0:  # who may do anything
    os.setgid(65534)
    os.setuid(65534)
try:
    kinds.write(Squares(), Path(sys.argv[1]))
except kinds.FileError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film{suffix}"
        os.chmod(folder, 0o555)
        command = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == (
            f"{path} was not saved: permission denied in {folder}\n",
            "",
        )
        assert names(Path(folder)) == []


@pytest.mark.parametrize("suffix", KINDS)
def test_a_full_disk_leaves_what_was_there(tmp_path, suffix, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    path = tmp_path / f"film{suffix}"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="the disk is full"):
        kinds.write(Squares(), path)
    assert names(tmp_path) == [path.name]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ffmpeg is a shell script")
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'No space left on device' >&2; exit 1", "film.mp4 was not saved: the disk is full"),
        ("echo 'Unknown encoder libx264' >&2; exit 1", "Unknown encoder libx264"),
        ("cat >/dev/null; exit 3", "ffmpeg could not write the film: it ended early"),
    ],
)
def test_what_ffmpeg_says_is_told(tmp_path, monkeypatch, script, told):
    tools, out = tmp_path / "tools", tmp_path / "out"
    tools.mkdir()
    out.mkdir()
    (tools / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    with pytest.raises(FileError) as caught:
        kinds.write(Squares(400, 300, count=40), out / "film.mp4")
    assert told in str(caught.value)
    assert names(out) == []


def test_without_ffmpeg_a_sentence_names_another_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileError) as caught:
        kinds.write(Squares(), tmp_path / "film.mp4")
    assert str(caught.value) == "An MP4 needs ffmpeg, which is not on the PATH; a name in .apng needs nothing"
    assert names(tmp_path) == []


def test_without_pillow_a_sentence_has_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(
        kinds, "find_spec", lambda name: None if name == "PIL" else importlib.util.find_spec(name)
    )
    with pytest.raises(FileError) as caught:
        kinds.write(Squares(), tmp_path / "film.gif")
    assert str(caught.value) == f"A GIF needs Pillow, which is not installed: {install_line('motion')}"
    assert names(tmp_path) == []


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"its name needs to end in \.gif, \.apng, \.png, \.mp4"):
        kinds.write(Squares(), tmp_path / "film.webm")
