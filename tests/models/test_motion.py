"""Films as GIF, with Pillow: what another reader finds in the file."""

import sys

import numpy as np
import pytest
from PIL import Image, ImageSequence

from nnviz.cli.main import main
from nnviz.files import film
from nnviz.files.errors import CancelledError
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES, rgb
from nnviz.ui.dialogs.films import Subject, film_of
from nnviz.ui.dialogs.pictures import Look
from nnviz.ui.kit.theme import application, apply_theme
from tests.files.helpers import names, refused
from tests.films import Squares


@pytest.fixture(autouse=True)
def app():
    apply_theme(application(), "light")


def read(path):
    """Return (pixels, milliseconds) of every frame."""
    with Image.open(path) as image:
        frames = ImageSequence.Iterator(image)
        return [(np.array(frame.convert("RGB")), frame.info["duration"]) for frame in frames]


def test_a_gif_has_every_frame_exactly_and_begins_again(tmp_path):
    squares = Squares(seconds=1 / 15, count=8)
    film.write(squares, tmp_path / "film.gif")
    frames = read(tmp_path / "film.gif")
    assert [time for _, time in frames] == [70, 60, 70, 70, 60, 70, 70, 60]
    for k, (pixels, _) in enumerate(frames):
        assert np.array_equal(pixels, squares.pixels(k))
    with Image.open(tmp_path / "film.gif") as image:
        assert (image.size, image.n_frames, image.info["loop"]) == ((40, 24), 8, 0)


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(("kind", "name"), [("walk", "relu"), ("training", "xor")])
def test_a_gif_shows_what_was_painted(tmp_path, kind, name, theme):
    own = film_of(Subject(kind, load(example(name).path)), Look(640, 400, theme), 5, lambda _: None)
    film.write(own, tmp_path / "film.gif")
    frames, painted = read(tmp_path / "film.gif"), list(own.frames())
    assert len(frames) == len(painted) == own.count
    seconds = sum(frame.seconds for frame in painted)
    assert sum(time for _, time in frames) == pytest.approx(1000 * seconds, abs=10)
    assert all(time % 10 == 0 for _, time in frames)
    chosen, last = PALETTES[theme], frames[-1][0].reshape(-1, 3)
    for (pixels, _), (original, _) in zip(frames, painted, strict=True):
        background = (original == rgb(chosen.canvas)).all(axis=2)
        assert (pixels[background] == rgb(chosen.canvas)).all()  # no stains
        away = np.abs(pixels.astype(int) - original)
        assert away.mean() < 0.15
        assert away.max() < 32
    for colour in (chosen.canvas, chosen.output_node, chosen.ink):
        assert (last == rgb(colour)).all(axis=1).any()
    assert not np.array_equal(frames[0][0], frames[-1][0])


def test_a_colour_that_is_seldom_and_far_from_others_is_kept():
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[..., 0] = np.arange(100)
    pixels[..., 1] = np.arange(100)[:, None]
    pixels[50, 50] = (10, 10, 250)
    colours, nearest = film.reduce_colours(pixels.reshape(-1, 3), np.empty(0, np.int32))
    assert tuple(colours[nearest[50 * 100 + 50]]) == (10, 10, 250)
    assert len(colours) == film.COLOURS


def test_the_walk_of_a_small_network_is_a_small_file(tmp_path):
    out = tmp_path / "walk.gif"
    assert main(["render", "relu", "-o", str(out), "--walk"]) == 0
    assert out.stat().st_size < 1_000_000
    with Image.open(out) as image:
        assert image.size == (960, 600)
        assert image.n_frames > 200


def test_a_gif_that_is_stopped_or_has_no_folder_leaves_nothing(tmp_path):
    with pytest.raises(CancelledError):
        film.write(Squares(stop=CancelledError(), stop_at=3), tmp_path / "film.gif")
    assert "there is no folder" in refused(film.write, Squares(), tmp_path / "gone" / "film.gif")
    assert names(tmp_path) == []


def test_pillow_is_imported_for_a_gif_alone(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "PIL", None)
        film.write(Squares(), tmp_path / "film.apng")
    with Image.open(tmp_path / "film.apng") as image:
        assert image.n_frames == 6
