"""Films are written whole as animated PNG and MP4, and a failed one leaves the old file."""

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from nnviz.files import film as kinds
from nnviz.files.errors import CancelledError, install_command
from nnviz.files.film import FilmFrame, patch, rounded_durations
from tests.files.helpers import names, refusals, refused
from tests.films import Squares, frames_of_apng, frames_of_video
from tests.processes import ended

HERE = (".apng", ".mp4") if shutil.which("ffmpeg") else (".apng",)


@pytest.mark.skipif(sys.platform == "win32", reason="its programs are known by their suffix")
def test_a_program_of_the_current_folder_is_not_ffmpeg(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.curdir)  # the folder in which Windows looks first
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert kinds.ffmpeg_path() is None


def test_an_mp4_is_written_by_the_ffmpeg_of_a_package_if_none_is_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    package = Mock()
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", package)
    package.get_ffmpeg_exe.return_value = "/some/package/ffmpeg"
    assert kinds.ffmpeg_path() == "/some/package/ffmpeg"
    package.get_ffmpeg_exe.side_effect = RuntimeError("no ffmpeg for this computer")
    assert kinds.ffmpeg_path() is None


def test_an_animated_png_has_every_frame_as_it_was(tmp_path):
    film = Squares(seconds=0.12)
    for name in ("film.apng", "film.png"):
        kinds.write(film, tmp_path / name)
        frames, told = frames_of_apng((tmp_path / name).read_bytes())
        assert told == len(frames) == film.count
        assert [time for _, time in frames] == [120] * film.count
        for k, (pixels, _) in enumerate(frames):
            assert np.array_equal(pixels, film.pixels(k))
    kinds.write(Squares(step=0), tmp_path / "film.apng")  # a frame like the one before has its time
    frames, told = frames_of_apng((tmp_path / "film.apng").read_bytes())
    assert told == len(frames) == 6


def test_a_frame_keeps_only_what_differs_and_times_are_whole():
    film = Squares()
    part = patch(film.pixels(1), film.pixels(0))
    assert (part.x, part.y, part.pixels.shape) == (0, 4, (8, 12, 3))
    assert part.changed.tolist() == [[True] * 4 + [False] * 4 + [True] * 4] * 8
    frames = [FilmFrame(np.zeros((1, 1, 3), np.uint8), 1 / 15)] * 150
    times = [time for _, time in rounded_durations(frames, 100, 2)]
    assert sum(times) == 1000
    assert set(times) == {6, 7}


@pytest.mark.skipif(".mp4" not in HERE, reason="MP4 is written by ffmpeg: not here")
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


@pytest.mark.parametrize("suffix", HERE)
def test_a_film_that_fails_leaves_the_old_file_alone(tmp_path, suffix, monkeypatch, approved):
    path = tmp_path / f"film{suffix}"
    for old in ([], [path.name]):
        if old:
            path.write_bytes(b"old")
        for stop in (CancelledError(), KeyboardInterrupt()):
            with pytest.raises(type(stop)):
                kinds.write(Squares(stop=stop, stop_at=3), path)
            assert names(tmp_path) == old
    gone = refused(kinds.write, Squares(), tmp_path / "gone" / path.name)
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
    told = f"{gone}\n{refused(kinds.write, Squares(), path)}"
    approved("films that are not saved", told.replace(suffix, ".SUFFIX"))
    assert (names(tmp_path), path.read_bytes()) == ([path.name], b"old")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_a_film_is_not_written_into_a_folder_that_may_only_be_read(approved):
    program = """
import os, sys
from pathlib import Path
from nnviz.files import film as kinds
from tests.films import Squares
if os.geteuid() == 0:  # who may do anything
    os.setgid(65534)
    os.setuid(65534)
for path in sys.argv[1:]:
    try:
        kinds.write(Squares(), Path(path))
    except kinds.FileError as error:
        print(error)
"""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        paths = [f"{folder}/film{suffix}" for suffix in HERE]
        _, out, err = ended([sys.executable, "-c", program, *paths])
        assert (len(out.splitlines()), err) == (len(paths), "")
        for suffix, line in zip(HERE, out.splitlines(), strict=True):
            approved("a folder that may only be read", line.replace(folder, "TMP").replace(suffix, ".SUFFIX"))
        assert names(Path(folder)) == []


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ffmpeg is a shell script")
def test_a_message_of_ffmpeg_is_shown(tmp_path, monkeypatch, approved):
    tools, out = tmp_path / "tools", tmp_path / "out"
    tools.mkdir()
    out.mkdir()
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)

    def film(script):
        (tools / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n")
        (tools / "ffmpeg").chmod(0o755)
        kinds.write(Squares(400, 300, count=40), out / "film.mp4")

    scripts = {
        "a full disk": "echo 'No space left on device' >&2; exit 1",
        "another fault": "echo 'Unknown encoder libx264' >&2; exit 1",
        "nothing": "cat >/dev/null; exit 3",
    }
    approved("messages of ffmpeg", refusals(scripts, film))
    assert names(out) == []
    monkeypatch.setattr(Squares, "report_progress", Mock(side_effect=CancelledError))
    with pytest.raises(CancelledError):  # a person stops it while ffmpeg ends its work
        film("cat >/dev/null; exec sleep 60")
    assert names(out) == []


def test_a_film_that_cannot_be_written_names_what_it_needs(tmp_path, monkeypatch, approved):
    find = importlib.util.find_spec
    monkeypatch.setattr(kinds, "find_spec", lambda name: None if name == "PIL" else find(name))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    films = {name: tmp_path / name for name in ("film.mp4", "film.gif", "film.webm")}
    told = refusals(films, lambda path: kinds.write(Squares(), path))
    approved(
        "films of other kinds",
        told.replace(install_command("motion"), "INSTALL").replace(install_command("video"), "INSTALL"),
    )
    assert names(tmp_path) == []
