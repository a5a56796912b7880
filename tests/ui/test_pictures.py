"""Pictures of the diagram and of plots, and films of the walk and of the training: written and copied."""

import re
import sys
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressDialog,
    QWidget,
)

from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.history import History
from nnviz.core.replay import Past
from nnviz.core.state import Run, Training, Weights, with_weights
from nnviz.core.train import train
from nnviz.document.job import NO_ROWS
from nnviz.document.player import NO_ROW
from nnviz.files import atomic
from nnviz.files.errors import CancelledError, FileError, install_command
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from nnviz.picture.palette import PALETTES, rgb
from nnviz.ui.dialogs.export import LookDialog
from nnviz.ui.dialogs.films import FIRST, LAST_S, SECONDS, Subject, TrainingFilm, WalkFilm, frame_counts
from nnviz.ui.dialogs.pictures import MARGIN_PX, Look
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.panels.training_parts import TrainingFigures
from tests.films import frames_of_apng
from tests.ui import pdf
from tests.ui.hands import (
    address_named,
    bring,
    choose,
    choose_entry,
    pick,
    press_button,
    press_cancel,
    type_name,
)
from tests.ui.runs import colours_of, pixels_of
from tests.ui.sees import at_work, status

SVG = "{http://www.w3.org/2000/svg}"
LEGEND = ["weight > 0", "weight < 0", "slope of the loss"]
DARK, LIGHT = PALETTES["dark"], PALETTES["light"]
PICTURE, FILM = "Export picture…", "Export film of the walk…"
SAVE, CANCEL = "Save as…", "Cancel"


def state(name="relu"):
    return load(example(name).path)


def fields(dialog):
    return {own.accessibleName(): own for own in dialog.findChildren(QLineEdit)}


def refusal(dialog):
    """Return the text below the dialog's fields, which says why a number is refused."""
    return next(own.text() for own in dialog.findChildren(QLabel) if own.objectName() == "error")


def filled(button=SAVE, theme=None, transparent=None, met=None, **numbers):
    """Return a function that notes a dialog's fields in `met`, fills them in and presses a button."""

    def fill(dialog):
        if met is not None:
            theme_before = dialog.findChild(QComboBox).currentText()
            met.append([*(own.text() for own in dialog.findChildren(QLineEdit)), theme_before])
        for name, number in numbers.items():
            fields(dialog)[name.replace("_", " ")].setText(str(number))
        if theme:
            dialog.findChild(QComboBox).setCurrentText(theme)
        if transparent is not None:
            dialog.findChild(QCheckBox).setChecked(transparent)
        press_button(button)(dialog)

    return fill


@pytest.fixture
def export(answer):
    """Return a function that asks for an export, answers the dialog and chooses the path."""

    def export(ask, dialog, fill, path):
        answer(dialog, fill)
        answer(QFileDialog, type_name(path))
        ask()
        return path

    return export


def svg_copied():
    return bytes(QGuiApplication.clipboard().mimeData().data("image/svg+xml")).decode()


def written(svg):
    return [element.text.strip() for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def colour(image, *at):
    return image.pixelColor(*at).name().upper()


def test_export_of_the_diagram_follows_size_theme_and_background(
    open_window, answer, export, tmp_path, monkeypatch, approved
):
    window, told, kept = open_window("relu"), [], []
    window.diagram.setFocus()
    QTest.keySequence(window.diagram, "Ctrl+C")
    size = window.diagram.size()
    assert QGuiApplication.clipboard().image().size() == 2 * size
    assert {"node_0", "output", *LEGEND[:2]} <= set(written(svg_copied()))
    approved("the diagram is copied", status(window).replace(f"{size.width()} × {size.height()}", "SIZE"))
    choose_entry(window, "Show slopes")
    window.diagram.zoom(4)
    names = {*window.document.state.network.inputs, "node_0", "node_1", "output", *LEGEND}

    def ask():
        choose_entry(window, PICTURE)

    for suffix in ("png", "svg", "pdf"):
        out = export(ask, LookDialog, press_button(SAVE), tmp_path / f"diagram.{suffix}")
        told.append(status(window))
        if suffix == "png":
            assert QImage(str(out)).size() == 2 * window.diagram.size()
        elif suffix == "svg":
            found = written(out.read_text("utf-8"))
            assert names <= set(found)
            assert any("slopes of row 1" in text for text in found)
        else:
            found = pdf.texts(out.read_bytes())
            assert all(pdf.has(found, text) for text in (*names, "HIDDEN LAYER", "row 1 of 1", "−5")), found
    approved("the diagram as a picture", "\n".join(told))
    (legend,) = [own for own in window.status.findChildren(QWidget) if "Legend" in own.accessibleName()]
    assert legend.accessibleName() == f"Legend: {', '.join(LEGEND)}"
    assert {LIGHT.positive, LIGHT.negative} <= colours_of(legend)

    fill = filled(theme="Dark", Width=640, Height=360)
    image = QImage(str(export(ask, LookDialog, fill, tmp_path / "a.png")))
    assert (image.width(), image.height(), colour(image, 3, 700)) == (1280, 720, DARK.canvas)
    clear = QImage(str(export(ask, LookDialog, filled(transparent=True, met=kept), tmp_path / "b.png")))
    assert kept == [["640", "360", "Dark"]]
    assert (clear.size(), clear.pixelColor(3, 700).alpha()) == (image.size(), 0)
    choose_entry(window, "Copy picture")
    copied = QGuiApplication.clipboard().image()
    assert (copied.size(), copied.pixelColor(3, 700).alpha()) == (image.size(), 0)  # as exported last

    def refuse(path, data):
        raise FileError(f"{path} was not saved: the disk is full")

    told.clear()
    monkeypatch.setattr(atomic, "write", refuse)
    (tmp_path / "diagram.svg").unlink()
    answer(LookDialog, press_button(SAVE))
    answer(QFileDialog, type_name(tmp_path / "diagram.svg"))
    answer(QMessageBox, choose("OK", told))
    ask()
    assert told == [status(window)]
    approved("an export that fails", told[0])


PLOTS = {
    "Loss": ("the MSE", "iterations"),
    "Explain": ("the loss over one weight", "w (accounts → node_0)"),
    "Loss surface": ("the loss over two weights", "w (accounts → node_0)"),
    "Function": ("the function", "accounts"),
}


@pytest.fixture
def window(open_window):
    """Return a window on the example with many rows, after three updates, with two weights selected."""
    window = open_window("many-rows")
    window.document.select(address_named(window, "node_0", "accounts"), Address("weight", 1, 0, 0))
    for _ in range(3):
        window.runner.step()
    return window


def card_of(qtbot, window, name):
    """Bring a panel with a plot into sight, and return its card when nothing is at work any more."""
    card = bring(window, name)
    qtbot.waitUntil(lambda: card.isVisible() and card.plot is not None)
    qtbot.waitUntil(lambda: not at_work())
    return card


def stroked(svg):
    """Return (width, points) of every line in an SVG, in the picture's pixels: points of shape (n, 2)."""
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("stroke", "none") == "none" or not group.get("transform"):
            continue
        a, b, c, d, e, f = map(float, re.findall(r"[-+.\de]+", group.get("transform").removeprefix("matrix")))
        for shape in group:
            text = shape.get("d") or shape.get("points")
            if text and shape.get("stroke") != "none":
                numbers = np.array(re.findall(r"-?\d[-+.\de]*", text), dtype=float).reshape(-1, 2)
                width = float(group.get("stroke-width")) * max(np.hypot(a, b), np.hypot(c, d))
                yield width, numbers @ np.array([[a, b], [c, d]]) + (e, f)


def test_export_of_a_plot_leaves_the_plot_on_the_screen_unchanged(qtbot, window, export, tmp_path, amount):
    some = ["Loss", "Loss surface", "Function"]
    for name in amount(quick=some, ci=PLOTS, night=PLOTS):
        what, axis = PLOTS[name]
        card, seen, copied = card_of(qtbot, window, name), [], name != "Function"
        if copied:
            card.copy_picture.trigger()
            svg = svg_copied()
            assert axis in written(svg)
            assert "vector-effect" not in svg, "few programs know lines that keep their width"
            assert svg.count("<image") == (2 if name == "Loss surface" else 0), (
                "the map and its scale are pixels"
            )
            lines = list(stroked(svg))
            assert len(lines) > 5
            assert max(width for width, _ in lines) <= 5.01
            assert any(len(points) > 3 for _, points in lines), "the curve itself"
        for suffix, theme in (("png", "Dark"), ("svg", "Light")):
            if suffix == "png" or not copied or name == "Loss":
                fill = filled(theme=theme, transparent=suffix == "svg", Width=350, Height=210)
                export(card.export_picture.trigger, LookDialog, fill, tmp_path / f"{name}.{suffix}")
                assert status(window) == f"Exported {what} as {name}.{suffix}"
            qtbot.waitUntil(lambda: not at_work())  # a map is found anew for other pixels
            seen.append(card.plot.grab().toImage())
        assert seen[0] == seen[1]
        image = QImage(str(tmp_path / f"{name}.png"))
        assert (image.width(), image.height(), colour(image, 2, 2)) == (700, 420, DARK.surface)
        assert len(np.unique(pixels_of(image))) > 5
        if (tmp_path / f"{name}.svg").exists():
            svg = (tmp_path / f"{name}.svg").read_text("utf-8")
            assert axis is None or axis in written(svg)
            assert 'viewBox="0 0 350 210"' in svg
            assert LIGHT.surface.lower() not in svg[:900].lower()

    card = card_of(qtbot, window, "Loss")
    own = window.document.state
    window.document.push(replace(own, data=replace(own.data, targets=own.data.targets * 1e4)), "Targets")
    window.runner.step()
    fill = filled(theme="Light", transparent=False, Width=700, Height=420)
    image = QImage(str(export(card.export_picture.trigger, LookDialog, fill, tmp_path / "plot.png")))
    seen = pixels_of(image)
    ink = (seen[60:700, :200] != seen[2, 2]).any(axis=0)
    left = "".join(" #"[int(there)] for there in ink).split()
    assert len(left[0]) < 30, "the title, turned, is as wide as a line is high"
    assert len(left) > 4, "the numbers stand apart from it"


def test_a_copied_plot_has_names_and_fonts_and_clips_its_zoom(qtbot, window, approved):
    card = card_of(qtbot, window, "Loss")
    card.copy_picture.trigger()
    assert QGuiApplication.clipboard().image().width() == 1800
    assert "iterations" in written(svg_copied())
    approved("a plot is copied", status(window))
    card.plot.show_view([[0.5, 1.5], [40.0, 60.0]])
    card.copy_picture.trigger()
    lines = [points for _, points in stroked(svg_copied())]
    grid = np.vstack([points for points in lines if len(points) == 2 and np.ptp(points[:, 1]) == 0])
    (left, _), (right, low) = grid.min(axis=0), grid.max(axis=0)
    every = np.vstack(lines)
    assert np.all((left - 1 <= every[:, 0]) & (every[:, 0] <= right + 1))
    assert np.all((every[:, 1] >= MARGIN_PX) & (every[:, 1] <= low + 1))

    card, name = card_of(qtbot, window, "Explain"), ' font-family="x" vector-effect="none"'
    pick(card.choice, "Matrix")
    window.desk.frames.show_pending()
    window.document.push(replace(window.document.state, name=name), "a title")
    window.document.push(edits.rename(window.document.state, 0, 0, name[:16]), "a name")
    card.copy_picture.trigger()
    svg = ElementTree.fromstring(svg_copied())
    fonts = {element.get("font-family") for element in svg.iter()} - {None}
    assert fonts
    assert [font for font in fonts if not font.endswith(", sans-serif")] == []
    assert svg.find(f"{SVG}title").text == name
    assert any(name[:16] in text for text in svg.itertext())
    window.document.select(None)
    window.desk.frames.show_pending()
    card.update_actions()
    assert not card.export_picture.isEnabled(), "there is no picture of a plot that is not there"


LOOK, SMALL, FPS = Look(640, 400), Look(240, 160), 5


def walk(of=None, look=LOOK, row=0, fps=FPS, **options):
    return WalkFilm(Subject("walk", of or state(), row, **options), look, fps, lambda _: None)


def training(of=None, look=LOOK, fps=FPS, **options):
    return TrainingFilm(Subject("training", of or state("xor"), **options), look, fps, lambda _: None)


def first_frame(path):
    """Return the first frame of a film, which has the small size and the dark theme."""
    frames, count = frames_of_apng(path.read_bytes())
    assert len(frames) == count > 5
    first = frames[0][0]
    assert (first.shape, tuple(first[0, 0])) == ((160, 240, 3), rgb(DARK.canvas))
    return first


def told(film):
    """Return what there is at each moment: numbers of the diagram by address, words, the foot, the time."""
    return [
        (
            {
                f"{own.address.kind} {own.address.layer} {own.address.node}": own.text
                for own in film.picture.labels
            },
            film.moment.walk_line,
            [word.text for word in film.words(LOOK.palette)],
            seconds,
        )
        for seconds in film.moments()
    ]


@pytest.mark.parametrize("film", [walk, training])
def test_a_film_has_its_size_and_theme_and_is_reproducible(qapp, film, amount):
    one = film(state("twenty-updates"), look=SMALL, fps=1)
    first = [*one.frames()]
    again = [*islice(one.frames(), amount(quick=5, ci=one.count, night=one.count))]
    assert len(first) == one.count
    for own, other in zip(first, again, strict=False):
        assert own.pixels.shape == (160, 240, 3)
        assert np.array_equal(own.pixels, other.pixels)
        assert own.seconds == other.seconds > 0.0
    assert not np.array_equal(first[0].pixels, first[-1].pixels)
    for theme in amount(quick=["dark"], ci=PALETTES, night=PALETTES):
        pixels = next(film(look=replace(SMALL, theme=theme)).frames()).pixels
        assert tuple(pixels[0, 0]) == rgb(PALETTES[theme].canvas)
        colours = set(map(tuple, pixels.reshape(-1, 3).tolist()))
        assert not colours & {rgb(each.canvas) for name, each in PALETTES.items() if name != theme}


def test_the_film_of_the_walk_has_the_captions_of_the_window(qapp, approved):
    moments = told(walk())
    assert "value 0 0" not in moments[0][0]
    words = list(dict.fromkeys(words for _, words, _, _ in moments))
    foots = list(dict.fromkeys(tuple(foot) for _, _, foot, _ in moments))
    approved("the words of a walk", "\n".join((*words, *map(str, foots))))
    rests = [own for own, words, _, _ in moments if words == "node_0: z = 3·2 + 5·4 = 26; a = relu(26) = 26"]
    assert rests[-1]["value 0 0"] == "26"
    assert moments[-1][0]["value 1 0"] == "54.62"
    moments = told(walk(edits.set_rows(state(), np.array([[3.0, 5.0]]), None)))
    assert all(foot == ["1 Forward"] for _, _, foot, _ in moments), "without targets it is the pass forward"
    assert moments[-1][0]["value 1 0"] == "52"


def test_the_film_of_the_walk_shows_its_row_and_can_go_by_layers(qapp):
    by_node, by_layer = (walk(state("many-rows"), row=2, by_layer=own) for own in (False, True))
    first, second = told(by_node), told(by_layer)
    for moments in (first, second):
        assert "row 3 of 4" in moments[0][0].values()
    assert by_layer.count < by_node.count
    assert "Hidden layer: slopes of the nodes" in [foot[-1] for _, _, foot, _ in second]
    assert "4 Update" in {foot[-1] for _, _, foot, _ in first}


def test_a_film_needs_a_row_and_an_update_and_can_be_cancelled(qapp):
    for make, of, why in (
        (walk, edits.remove_rows(state(), [0]), "data: a film of one update needs at least one row"),
        (training, edits.remove_rows(state(), [0]), "data"),
        (training, edits.set_training(state(), Training(learning_rate=1e300)), "no update is possible"),
    ):
        with pytest.raises(ValueError, match=why):
            make(of)

    def stop(part):
        if part >= 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        list(WalkFilm(Subject("walk", state()), SMALL, FPS, stop).frames())
    with pytest.raises(CancelledError):
        TrainingFilm(Subject("training", state("xor")), SMALL, FPS, lambda _: stop(1.0))


def test_the_film_of_the_training_shows_the_run_or_makes_one(qapp, tmp_path):
    film = training()
    moments = told(film)
    assert moments[0][2] == ["iteration 0 of 500", "MSE 1.030"]
    assert moments[-1][2] == ["iteration 500 of 500", "MSE 0.0003619"]
    assert sum(seconds for *_, seconds in moments) == pytest.approx(SECONDS + LAST_S)
    assert moments[-1][0]["value 1 0"] == "0.01289"
    assert film.picture.content.network == train(state("xor")).state.network
    save(train(state("xor"), updates=70, learning_rate=0.05).state, tmp_path / "run.json")
    moments = told(training(load(tmp_path / "run.json"), slopes=True))
    assert moments[0][2] == ["iteration 0 of 70", "MSE 1.030"]
    assert moments[-1][2][0] == "iteration 70 of 70"
    assert "slope 1 0" in moments[0][0]


def test_the_film_of_a_watched_run_shows_its_known_states(qapp):
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
    assert [(foot, numbers["weight 1 0"]) for numbers, _, foot, _ in moments] == [
        (["iteration 0 of 60", ""], "7"),
        (["iteration 20 of 60", "script's loss 0.05"], "7.2"),
        (["iteration 40 of 60", "script's loss 0.025"], "7.4"),
        (["iteration 60 of 60", "script's loss 0.01667"], "7.6"),
    ]
    assert len(frames) == film.count
    accent = [(frame.pixels[-150:] == rgb(LOOK.palette.accent)).all(axis=2) for frame in frames]
    none, *ends = [max(np.nonzero(pixels)[1], default=0) for pixels in accent]  # of the curve, at the right
    assert (none, ends[0] > 50) == (0, True)
    assert ends[1] - ends[0] == pytest.approx(ends[2] - ends[1], abs=3)


def test_a_film_shows_the_first_updates_slowly_and_the_others_faster():
    for updates in (1, 2, 8, 20, 500, 100_000):
        seen = frame_counts(range(updates), 150)
        iterations, counts = [own for own, _ in seen], [count for _, count in seen]
        assert iterations == sorted(set(iterations))
        assert (iterations[0], sum(counts)) == (0, 150)
        assert iterations[-1] < updates
        if updates >= 8:
            assert counts[0] == round(150 * FIRST)
            assert counts[:3] == sorted(counts[:3], reverse=True)


@pytest.mark.parametrize("option", ["--walk", "--training"])
def test_render_writes_a_film_without_a_display(tmp_path, capsys, option):
    out = tmp_path / "film.png"
    line = f"render twenty-updates {option} --fps 1 --size 240x160 --theme dark -o"
    assert main([*line.split(), str(out)]) == 0
    assert capsys.readouterr() == ("", "")
    first_frame(out)


def test_options_that_do_not_go_together_are_bad_use(tmp_path, monkeypatch, capsys, approved):
    monkeypatch.chdir(tmp_path)
    told = []
    for line in (
        "a.gif",
        "a.png --fps 4",
        "a.svg --walk",
        "a.gif --walk --transparent",
        "a.gif --walk --view slopes",
        "a.gif --training --size 5000x100",
    ):
        assert main(["render", "relu", "-o", *line.split()]) == 2
        out, err = capsys.readouterr()
        told.append(f"{line}: {err.strip()}")
        assert (out, list(tmp_path.iterdir())) == ("", [])
    approved("bad use of render", "\n".join(told))


def test_the_window_writes_films_with_the_chosen_look(open_window, answer, export, tmp_path, amount):
    rows = np.arange(9.0).reshape(3, 3), np.ones((3, 1))
    window, kept = open_window(edits.set_rows(state("twenty-updates"), *rows)), []
    window.document.select_row(2)
    before = window.document.state
    fill = filled(theme="Dark", Width=240, Height=160, Frames_per_second=1)
    films = ("Export film of the walk…", "the walk"), ("Export film of the training…", "the training")
    for entry, what in films[: amount(quick=1, ci=2, night=2)]:
        out = export(partial(choose_entry, window, entry), LookDialog, fill, tmp_path / f"{what}.apng")
        assert status(window) == f"Exported {what} as {what}.apng"
        first = first_frame(out)
        assert (window.document.state is before, window.document.undo_text()) == (True, "")
        answer(LookDialog, filled(CANCEL, met=kept))
        choose_entry(window, entry)
        assert kept.pop()[:3] == ["240", "160", "1"]
        for row in (1, 2) if what == "the walk" else ():
            dark = replace(SMALL, theme="dark")
            own = WalkFilm(Subject("walk", before, row), dark, 1, lambda _: None)
            assert np.array_equal(first, next(own.frames()).pixels) == (row == 2)


def test_only_available_film_formats_are_offered_and_writing_can_be_cancelled(
    open_window, answer, tmp_path, monkeypatch, approved
):
    window, out, said = open_window("relu"), tmp_path / "film.apng", []
    needs = {"Pillow": "GIF animation", "ffmpeg": "MP4 video"}

    def look_and_leave(lacking, dialog):
        kinds = [own.split(" (")[0] for own in dialog.nameFilters()]
        assert kinds[len(kinds) - len(lacking) :] == [needs[own] for own in lacking]
        assert Path(dialog.selectedFiles()[0]).suffix == (".apng" if "Pillow" in lacking else ".gif")
        dialog.reject()

    def export_walk(fill, *then):
        answer(LookDialog, filled(**fill))
        for kind, does in then:
            answer(kind, does)
        choose_entry(window, "Export film of the walk…")

    with monkeypatch.context() as can:
        for lacking in ((), ("Pillow",), ("ffmpeg",), ("Pillow", "ffmpeg")):
            found = {own: None if own in lacking else "/usr/bin/found" for own in needs}
            can.setattr("nnviz.files.film.find_spec", lambda _, at=found["Pillow"]: at)
            can.setattr("shutil.which", lambda _, at=found["ffmpeg"]: at)
            can.setitem(sys.modules, "imageio_ffmpeg", None)
            export_walk({"Width": 320, "Height": 240}, (QFileDialog, partial(look_and_leave, lacking)))

    monkeypatch.setattr("nnviz.ui.kit.dialogs.WAIT_S", 0.0)
    out.write_bytes(b"old")
    export_walk(
        {"Width": 640, "Height": 400, "Frames_per_second": 50},
        (QFileDialog, type_name(out)),
        (QMessageBox, press_button("Yes")),
        (QProgressDialog, press_cancel(said)),
    )
    approved("a film that is stopped", f"{said.pop()}\n{status(window)}")
    assert out.read_bytes() == b"old"
    monkeypatch.setattr("nnviz.files.film.find_spec", lambda _: None)
    export_walk(
        {"Width": 240, "Height": 160, "Frames_per_second": 4},
        (QFileDialog, type_name(tmp_path / "film.gif")),
        (QMessageBox, lambda box: (said.append(box.text()), box.accept())),
    )
    assert said == [
        f"A GIF needs Pillow, which is not installed; install it with: {install_command('motion')}"
    ]
    assert status(window) == said[0]
    assert [path.name for path in tmp_path.iterdir()] == ["film.apng"]

    window.document.start(end := train(state("xor"), updates=1200, learning_rate=0.05).state)
    figures = window.main_window.findChild(TrainingFigures)
    assert figures.iteration.text == "1200", "iterations are written alike in window and film"
    assert told(training(end))[-1][2][0] == "iteration 1200 of 1200"
    window.document.start(edits.remove_rows(state(), [0]))
    for entry, sentence in (("Export film of the walk…", NO_ROW), ("Export film of the training…", NO_ROWS)):
        choose_entry(window, entry)
        assert status(window) == sentence


def test_the_export_dialog_refuses_bad_numbers_and_takes_keys(qapp, open_window, answer, approved, tmp_path):
    window, said, met = open_window("relu"), [], []
    refused = {"Frames per second": "51", "Width": "3841", "Height": "x"}

    def ask(entry, does):
        answer(LookDialog, does)
        choose_entry(window, entry)

    def fill(dialog):
        own = fields(dialog)
        assert refusal(dialog) == ""
        for name, number in refused.items():
            before = own[name].text()
            own[name].setText(number)
            press_button(SAVE)(dialog)
            said.append(f"{name} {number}: {refusal(dialog)}")
            assert dialog.isVisible()
            own[name].setText(before)
        press_button(CANCEL)(dialog)

    ask(FILM, fill)
    approved("numbers that a film cannot have", "\n".join(said))
    apply_theme(qapp, "dark")
    for entry in (PICTURE, FILM):
        ask(entry, filled(CANCEL, met=met))
        assert met.pop()[-1] == "Dark", "if nobody chooses, the theme is the window's"

    def enter(dialog):
        fields(dialog)["Width"].setText("500")
        QTest.keyClick(fields(dialog)["Width"], Qt.Key.Key_Return)

    def type_and_escape(typed, dialog):
        field = fields(dialog)["Width"]
        field.setFocus()
        QTest.keyClicks(field, typed)
        while dialog.isVisible() and len(met) < 5:
            QTest.keyClick(field, Qt.Key.Key_Escape)
            met.append(field.is_edited)

    def too_large(dialog):
        fields(dialog)["Width"].setText("20000")
        press_button(SAVE)(dialog)
        met.append((dialog.isVisible(), fields(dialog)["Width"].property("refused")))
        press_button(CANCEL)(dialog)

    answer(LookDialog, enter)
    answer(QFileDialog, type_name(tmp_path / "diagram.png"))
    choose_entry(window, PICTURE)
    assert QImage(str(tmp_path / "diagram.png")).width() == 1000
    for typed, seen in (("", [False]), ("9", [False, False])):  # the first one takes back what is typed
        ask(PICTURE, partial(type_and_escape, typed))
        assert met == seen
        met.clear()
    ask(PICTURE, too_large)
    assert met == [(True, True)]


def test_a_plot_that_goes_while_its_menu_is_open_is_not_exported(open_window):
    window = open_window("relu")
    panel = window.history
    window.runner.step()
    window.desk.frames.show_pending()
    panel.menu.popup(panel.mapToGlobal(panel.rect().center()))
    assert panel.copy_picture.isEnabled()
    window.document.start(load(example("xor").path))
    window.desk.frames.show_pending()
    assert panel.plot is None
    said = status(window)
    for entry in (panel.copy_picture, panel.export_picture, panel.ask_csv):
        entry.trigger()
        assert not entry.isEnabled()
    panel.menu.close()
    assert status(window) == said
