"""Films of the walk and of the training: what they show, and how they are asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QMessageBox, QProgressDialog

from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.history import History
from nnviz.core.run import Run, Training
from nnviz.core.state import Weights, with_weights
from nnviz.core.training import train
from nnviz.core.training.past import Past
from nnviz.document.training.outcome import NO_ROWS
from nnviz.document.walk.player import NO_ROW
from nnviz.files.errors import install_line
from nnviz.files.examples import example
from nnviz.files.progress import CancelledError
from nnviz.files.registry import load, save
from nnviz.picture.palette import PALETTES, rgb
from nnviz.ui.pictures.dialog import FilmDialog, LookDialog
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.pictures.training_film import FIRST, LAST_S, SECONDS, TrainingFilm, spread
from nnviz.ui.pictures.walk_film import WalkFilm
from nnviz.ui.training.figures import TrainingFigures
from nnviz.ui.widgets.theme import apply_theme
from tests.films import frames_of_apng
from tests.ui.hands import choose_entry, press_button, press_cancel, type_name
from tests.ui.sees import status

LOOK, FPS = Look(640, 400), 5


def state(name="relu"):
    return load(example(name).path)


def walk(of=None, look=LOOK, row=0, **options):
    return WalkFilm(of or state(), look, FPS, lambda _: None, row, **options)


def training(of=None, look=LOOK, **options):
    return TrainingFilm(of or state("xor"), look, FPS, lambda _: None, **options)


def told(film):
    """Return what there is at each moment: numbers of the diagram by address, words, the foot, the time."""
    return [
        (
            {
                f"{own.address.kind} {own.address.layer} {own.address.node}": own.text
                for own in film.scene.picture.labels
            },
            film.scene.said,
            [word.text for word in film.words(LOOK.palette)],
            seconds,
        )
        for seconds in film.moments()
    ]


@pytest.mark.parametrize("film", [walk, training])
def test_a_film_has_as_many_frames_as_it_says_in_its_size_and_the_same_each_time(qapp, film):
    film = film()
    first, second = (list(film.frames()) for _ in range(2))
    assert len(first) == film.count
    for one, other in zip(first, second, strict=True):
        assert one.pixels.shape == (400, 640, 3)
        assert np.array_equal(one.pixels, other.pixels)
        assert one.seconds == other.seconds > 0.0
    assert not np.array_equal(first[0].pixels, first[-1].pixels)


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("film", [walk, training])
def test_a_film_is_in_its_theme_whatever_the_window_has(qapp, film, theme):
    pixels = next(film(look=Look(640, 400, theme)).frames()).pixels
    assert tuple(pixels[0, 0]) == rgb(PALETTES[theme].canvas)
    colours = set(map(tuple, np.unique(pixels.reshape(-1, 3), axis=0).tolist()))
    others = {rgb(each.canvas) for name, each in PALETTES.items() if name != theme}
    assert not colours & others


def test_the_walk_tells_what_the_window_tells_and_ends_after_the_update(qapp):
    moments = told(walk())
    assert "value 0 0" not in moments[0][0]
    rests = [moment for moment in moments if moment[1] == "node_0: z = 3·2 + 5·4 = 26; a = relu(26) = 26"]
    assert rests[-1][0]["value 0 0"] == "26"
    foots = ["1 Forward", "2 Loss", "3 Backward", "4 Update"]
    assert all(foot == foots for _, _, foot, _ in moments[:-1])
    last, _, foot, _ = moments[-1]
    assert foot == ["After one update", "MSE 64 → 28.98"]
    assert last["value 1 0"] == "54.62"
    said = [words for _, words, _, _ in moments]
    for step in ("error = 52 − 60 = −8", "MSE = 64", "∂MSE/∂z = −32·1 = −32", "slope = 26·(−16) = −416"):
        assert any(step in words for words in said), step


def test_the_walk_of_a_network_without_targets_is_its_pass_forward(qapp):
    plain = edits.set_rows(state(), np.array([[3.0, 5.0]]), None)
    moments = told(walk(plain))
    assert all(foot == ["1 Forward"] for _, _, foot, _ in moments)
    assert moments[-1][0]["value 1 0"] == "52"


def test_the_walk_is_that_of_its_row_and_may_go_by_layers(qapp):
    by_node, by_layer = walk(state("many-rows"), row=2), walk(state("many-rows"), row=2, by_layer=True)
    for film in (by_node, by_layer):
        assert "row 3 of 4" in told(film)[0][0].values()
    assert by_layer.count < by_node.count
    said = [foot[-1] for _, _, foot, _ in told(by_layer)]
    assert "Hidden layer: slopes of the nodes" in said
    assert "4 Update" in {foot[-1] for _, _, foot, _ in told(by_node)}


def test_without_a_row_there_is_no_film(qapp):
    empty = edits.remove_rows(state(), [0])
    with pytest.raises(ValueError, match="data: there is no row to walk"):
        walk(empty)
    with pytest.raises(ValueError, match="data"):
        training(empty)


def test_the_training_goes_to_the_end_of_the_run_that_the_settings_make(qapp):
    film, end = training(), train(state("xor")).state
    moments = told(film)
    assert moments[0][2] == ["iteration 0 of 500", "MSE 1.030"]
    assert moments[-1][2] == ["iteration 500 of 500", "MSE 0.0003619"]
    assert sum(seconds for *_, seconds in moments) == pytest.approx(SECONDS + LAST_S)
    assert moments[-1][0]["value 1 0"] == "0.01289"
    assert film.scene.picture.content.network == end.network


def test_the_training_shows_a_run_that_there_is_from_its_start(qapp, tmp_path):
    save(train(state("xor"), updates=70, learning_rate=0.05).state, tmp_path / "run.json")
    moments = told(training(load(tmp_path / "run.json"), slopes=True))
    assert moments[0][2] == ["iteration 0 of 70", "MSE 1.030"]
    assert moments[-1][2][0] == "iteration 70 of 70"
    assert "slope 1 0" in moments[0][0]


def test_of_a_run_that_was_watched_it_shows_what_was_seen(qapp):
    start = state("forward")
    past, now, history = Past(start), start, History()
    for first, iteration in ((1, 20), (21, 40), (41, 60)):
        layers = [Weights(layer.weights + 0.01 * iteration) for layer in start.network.layers]
        history = history.extended(np.array([[each, 1 / each] for each in range(first, iteration + 1)]))
        run = Run(start.network, iteration, history, "gradient_descent", np.zeros((0, 6)), (), watched=True)
        now = replace(start, network=with_weights(start.network, layers), run=run)
        past.follow(now)
    film = training(now, past=past)
    moments, frames = told(film), [*film.frames()]
    assert [foot for _, _, foot, _ in moments] == [
        ["iteration 0 of 60", ""],
        ["iteration 20 of 60", "script's loss 0.05"],
        ["iteration 40 of 60", "script's loss 0.025"],
        ["iteration 60 of 60", "script's loss 0.01667"],
    ]
    assert [numbers["weight 1 0"] for numbers, *_ in moments] == ["7", "7.2", "7.4", "7.6"]
    assert len(frames) == film.count
    none, *ends = [end_of_curve(frame.pixels) for frame in frames]
    assert none is None
    assert ends[1] - ends[0] == pytest.approx(ends[2] - ends[1], abs=3)
    assert ends[0] > 50


def end_of_curve(pixels):
    """Return where the curve under the diagram has its right end; None where there is no curve."""
    columns = np.nonzero((pixels[-150:] == rgb(LOOK.palette.accent)).all(axis=2))[1]
    return max(columns, default=None)


def test_iterations_are_written_as_in_the_window(open_window):
    end = train(state("xor"), updates=1200, learning_rate=0.05).state
    figures = open_window(end).main_window.findChild(TrainingFigures)
    assert figures.iteration.text == "1200"
    assert told(training(end))[-1][2][0] == "iteration 1200 of 1200"


def test_the_first_updates_are_slow_and_the_others_come_faster_and_faster():
    for updates in (1, 2, 8, 20, 500, 100_000):
        seen = spread(range(updates), 150)
        iterations = [iteration for iteration, _ in seen]
        assert iterations == sorted(set(iterations))
        assert iterations[0] == 0
        assert iterations[-1] < updates
        assert sum(count for _, count in seen) == 150
        if updates >= 8:
            assert seen[0][1] == round(150 * FIRST)
            assert [count for _, count in seen[:3]] == sorted((count for _, count in seen[:3]), reverse=True)


def test_a_run_that_cannot_begin_is_refused(qapp):
    steep = edits.set_training(state(), Training(learning_rate=1e300))
    with pytest.raises(ValueError, match="not one update can be made; make the learning rate smaller"):
        training(steep)


def test_a_person_can_stop_it_at_any_time(qapp):
    def stop(part):
        if part >= 0.5:
            raise CancelledError

    film = WalkFilm(state(), LOOK, FPS, stop)
    with pytest.raises(CancelledError):
        list(film.frames())
    with pytest.raises(CancelledError):
        TrainingFilm(state("xor"), LOOK, FPS, lambda _: stop(1.0))


@pytest.fixture
def light_again(qapp):
    """Give the application its theme back, which the command has changed."""
    yield
    apply_theme(qapp, "light")


@pytest.mark.parametrize(("option", "name"), [("--walk", "relu"), ("--training", "twenty-updates")])
def test_render_writes_a_film_without_a_display(light_again, tmp_path, capsys, option, name):
    out = tmp_path / "film.png"
    line = ["render", name, "-o", str(out), option, "--fps", "4", "--size", "320x240", "--theme", "dark"]
    assert main(line) == 0
    assert capsys.readouterr() == ("", "")
    frames, count = frames_of_apng(out.read_bytes())
    assert len(frames) == count > 20
    assert frames[0][0].shape == (240, 320, 3)
    assert tuple(frames[0][0][0, 0]) == rgb(PALETTES["dark"].canvas)


@pytest.mark.parametrize(
    ("line", "told"),
    {
        "a.gif": "what moves in a .gif is missing: give --walk or --training",
        "a.png --fps 4": "--fps is for a film, so it goes with --walk or --training",
        "a.svg --walk": "with --walk, OUT ends in .gif, .apng, .png, .mp4",
        "a.gif --walk --transparent": "--transparent does not go with --walk",
        "a.gif --walk --view slopes": "--view does not go with --walk, which comes to the slopes by itself",
        "a.gif --training --size 5000x100": "with --training, width and height are up to 3840",
    }.items(),
)
def test_what_does_not_go_together_is_bad_use(tmp_path, monkeypatch, capsys, line, told):
    monkeypatch.chdir(tmp_path)
    assert main(["render", "relu", "-o", *line.split()]) == 2
    assert capsys.readouterr() == ("", f"nnviz render: {told}\n")
    assert list(tmp_path.iterdir()) == []


# In the window


@pytest.fixture
def window(open_window):
    return open_window("relu")


def wished(width=320, height=240, theme="Dark", fps=4, button="Save as…"):
    """Return what to do with the dialog: fill it in and press a button."""

    def fill(dialog):
        found = {own.accessibleName(): own for own in dialog.findChildren(QLineEdit)}
        for name, number in (("Width", width), ("Height", height), ("Frames a second", fps)):
            found[name].setText(str(number))
        dialog.findChild(QComboBox).setCurrentText(theme)
        press_button(button)(dialog)

    return fill


@pytest.mark.parametrize(
    ("entry", "told"), [("Export walk…", "the walk"), ("Export training…", "the training")]
)
def test_the_window_writes_a_film_as_it_is_wished(window, answer, tmp_path, entry, told):
    before, out = window.document.state, tmp_path / "film.apng"
    answer(FilmDialog, wished())
    answer(QFileDialog, type_name(out))
    choose_entry(window, entry)
    assert status(window) == f"Exported {told} as film.apng"
    frames, count = frames_of_apng(out.read_bytes())
    assert len(frames) == count
    assert frames[0][0].shape == (240, 320, 3)
    assert tuple(frames[0][0][0, 0]) == rgb(PALETTES["dark"].canvas)
    assert window.document.state is before
    assert not window.document.undo_text()
    kept = []

    def look_and_leave(dialog):
        kept.extend(own.text() for own in dialog.findChildren(QLineEdit))
        press_button("Cancel")(dialog)

    answer(FilmDialog, look_and_leave)
    choose_entry(window, entry)
    assert kept == ["320", "240", "4"]


def test_the_film_is_of_the_selected_row(open_window, answer, tmp_path):
    window = open_window("many-rows")
    window.selection.row = 2
    answer(FilmDialog, wished())
    answer(QFileDialog, type_name(tmp_path / "film.apng"))
    choose_entry(window, "Export walk…")
    written, _ = frames_of_apng((tmp_path / "film.apng").read_bytes())
    own = WalkFilm(window.document.state, Look(320, 240, "dark"), 4, lambda _: None, row=2)
    assert np.array_equal(written[-1][0], [*own.frames()][-1].pixels)


def test_a_film_that_takes_long_shows_how_far_it_is_and_can_be_stopped(window, answer, tmp_path, monkeypatch):
    monkeypatch.setattr("nnviz.ui.widgets.waiting.WAIT_S", 0.0)
    said, out = [], tmp_path / "film.apng"
    out.write_bytes(b"old")
    answer(FilmDialog, wished(1280, 800, fps=50))
    answer(QFileDialog, type_name(out))
    answer(QMessageBox, press_button("Yes"))
    answer(QProgressDialog, press_cancel(said))
    choose_entry(window, "Export walk…")
    assert said == ["Exporting film.apng"]
    assert status(window) == "film.apng was not written; all is as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["film.apng"]
    assert out.read_bytes() == b"old"


def test_what_is_missing_is_said_in_one_sentence(window, answer, tmp_path, monkeypatch):
    monkeypatch.setattr("nnviz.files.motion.kinds.find_spec", lambda _: None)
    told = []
    answer(FilmDialog, wished())
    answer(QFileDialog, type_name(tmp_path / "film.gif"))
    answer(QMessageBox, lambda box: (told.append(box.text()), box.accept()))
    choose_entry(window, "Export walk…")
    assert told == [f"A GIF needs Pillow, which is not installed: {install_line('motion')}"]
    assert status(window) == told[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lacking", [(), ("Pillow",), ("ffmpeg",), ("Pillow", "ffmpeg")])
@pytest.mark.parametrize("entry", ["Export walk…", "Export training…"])
def test_a_kind_of_film_that_can_be_written_here_is_proposed(window, answer, monkeypatch, entry, lacking):
    needs = {"Pillow": "GIF animation", "ffmpeg": "MP4 video"}
    monkeypatch.setattr("nnviz.files.motion.kinds.find_spec", lambda _: None if "Pillow" in lacking else 1)
    monkeypatch.setattr("shutil.which", lambda _: None if "ffmpeg" in lacking else "/usr/bin/ffmpeg")
    proposed = []

    def look_and_leave(dialog):
        kinds = [own.split(" (")[0] for own in dialog.nameFilters()]
        proposed.extend((kinds, Path(dialog.selectedFiles()[0]).suffix))
        dialog.reject()

    answer(FilmDialog, wished())
    answer(QFileDialog, look_and_leave)
    choose_entry(window, entry)
    kinds, suffix = proposed
    last = [needs[own] for own in lacking]
    assert kinds[len(kinds) - len(last) :] == last
    assert suffix == (".apng" if "Pillow" in lacking else ".gif")


@pytest.mark.parametrize(("field", "number"), [("Frames a second", "51"), ("Width", "3841"), ("Height", "x")])
def test_a_number_that_cannot_be_is_refused_where_it_stands(window, answer, field, number):
    told = []

    def fill(dialog):
        found = {own.accessibleName(): own for own in dialog.findChildren(QLineEdit)}
        found[field].setText(number)
        press_button("Save as…")(dialog)
        told.append(facts(dialog))
        assert dialog.isVisible()
        press_button("Cancel")(dialog)

    answer(FilmDialog, fill)
    choose_entry(window, "Export walk…")
    assert "number" in told[0]


def facts(dialog):
    """Return what the dialog says below its fields."""
    return next(own.text() for own in dialog.findChildren(QLabel) if own.objectName() == "muted")


@pytest.mark.parametrize("kind", [FilmDialog, LookDialog])
def test_what_is_exported_has_the_theme_of_the_window_if_nobody_chooses(
    light_again, qapp, window, answer, kind
):
    apply_theme(qapp, "dark")
    chosen = []

    def look_and_leave(dialog):
        chosen.append(dialog.findChild(QComboBox).currentText())
        press_button("Cancel")(dialog)

    answer(kind, look_and_leave)
    choose_entry(window, "Export walk…" if kind is FilmDialog else "Export picture…")
    assert chosen == ["Dark"]


def test_the_dialog_says_that_a_video_needs_an_even_size_where_it_is_odd(window, answer):
    said = []

    def fill(dialog):
        (height,) = (own for own in dialog.findChildren(QLineEdit) if own.accessibleName() == "Height")
        said.append(facts(dialog))
        for size in ("599", "600"):
            height.setFocus()
            height.setText(size)
            dialog.findChild(QComboBox).setFocus()
            said.append(facts(dialog))
        press_button("Cancel")(dialog)

    answer(FilmDialog, fill)
    choose_entry(window, "Export walk…")
    first, odd, even = said
    assert odd == "Pixels of the file; an MP4 has 960 × 600, for its sizes are even"
    assert first == even != odd


def test_where_there_is_nothing_to_film_it_is_said_at_once(open_window):
    window = open_window(edits.remove_rows(state(), [0]))
    choose_entry(window, "Export walk…")
    assert status(window) == NO_ROW
    choose_entry(window, "Export training…")
    assert status(window) == NO_ROWS
