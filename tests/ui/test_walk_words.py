"""What the walk says of each step, where it says it, and who hears it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest

from nnviz.core.address import Address
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.picture.picture import make_picture
from tests.ui.hands import choose_entry, press, set_number
from tests.ui.sees import status, walking, written

SIZES = [SMALL := (1000, 650), (1280, 800), (1920, 1080)]
LONG_WALKS = ("iris", "spiral")
"""Walks through so many nodes with so many weights each that they would take a minute of every run."""
ROOMY = ("forward", "relu", "many-rows", "calculating-slopes", "one-update")
"""Examples beside whose numbers there is room for what is said of them."""


def step(window, qtbot, times=1):
    """Press `.` and wait until the step is done."""
    for _ in range(times):
        QTest.keyClick(window.diagram, Qt.Key.Key_Period)
        qtbot.waitUntil(lambda: not window.player.progress.moving)


def told(window):
    """Return what is said of the step done last."""
    return window.diagram.narrator.words().text


@pytest.fixture
def quick(open_window):
    def open_it(what="relu", size=(1280, 800)):
        window = open_window(what, size)
        window.player.speed = 1.0
        return window

    return open_it


def told_in(window, qtbot, phase):
    """Walk through a phase; return what is said of each step."""
    window.player.show_phase(phase)
    steps = sum(own.phase == phase for own in window.player.progress.walk.steps)
    sayings = []
    for k in range(steps):
        QTest.keyClick(window.diagram, Qt.Key.Key_Period)
        sayings.append(told(window))
        if k < steps - 1:
            qtbot.waitUntil(lambda: not window.player.progress.moving)
    window.player.stop()
    return sayings


def test_forward_says_whose_sum_it_is(quick, qtbot):
    assert told_in(quick("relu"), qtbot, "forward") == [
        "node_0: z = 3·2 + 5·4 = 26; a = relu(26) = 26",
        "node_1: z = 3·4 + 5·(−5) = −13; a = relu(−13) = 0",
        "output: z = 26·2 + 0·7 = 52; a = 52",
    ]


def test_loss_goes_on_to_the_mean_over_all_rows(quick, qtbot):
    assert told_in(quick("many-rows"), qtbot, "loss") == [
        "output: error = 52 − 60 = −8; error² = (−8)² = 64",
        "output: MSE = (64 + 169 + 0 + 64)/4 = 74.25",
    ]


def test_loss_of_one_row_says_that_there_is_one(quick, qtbot):
    assert (
        told_in(quick("relu"), qtbot, "loss")[-1] == "output: MSE = 64; the mean over all rows: there is one"
    )


def test_backward_says_each_weights_product_before_its_slope_stands_on_the_edge(quick, qtbot):
    window = quick("relu")
    window.player.show_phase("backward")
    step(window, qtbot)
    assert told(window) == "output: ∂MSE/∂a = 2·(−8) = −16; ∂MSE/∂z = −16"
    QTest.keyClick(window.diagram, Qt.Key.Key_Period)
    assert told(window) == (
        "node_0 → output: slope = 26·(−16) = −416; node_1 → output: slope = 0·(−16) = 0; "
        "slope = value at its start · slope at its end"
    )
    assert written(window, Address("slope", 1, 0, 0)) == ""
    qtbot.waitUntil(lambda: not window.player.progress.moving)
    assert written(window, Address("slope", 1, 0, 0)) == "−416"


def test_48_is_3_times_16(quick, qtbot):
    window = quick("relu")
    set_number(window, Address("target", 1, 0), "48")  # error 4, slope of the prediction 8, of node_0 2·8
    sayings = told_in(window, qtbot, "backward")
    assert sayings[2] == "node_0: ∂MSE/∂a = 2·8 = 16; relu′(z) = 1; ∂MSE/∂z = 16·1 = 16"
    assert sayings[4].startswith("accounts → node_0: slope = 3·16 = 48; children → node_0: slope = 5·16 = 80")
    window.document.undo()


def test_the_mean_of_the_rows_slopes_is_a_step_before_the_update(quick, qtbot):
    window = quick("many-rows")
    window.player.show_phase("update")
    assert written(window, Address("slope", 0, 0, 0)) == "−96"  # 3·(−32): of row 1
    step(window, qtbot)
    assert told(window) == (
        "node_0 → output: mean slope = (−416 + 0 + 0 + 512)/4 = 24; "
        "node_1 → output: mean slope = (0 + 234 + 0 + 192)/4 = 106.5; "
        "from here on the diagram shows means over all 4 rows"
    )
    assert status(window) == "The slopes on the diagram are means over the update's rows from here on"
    assert written(window, Address("slope", 1, 0, 0)) == "24"
    assert written(window, Address("slope", 0, 0, 0)) == ""
    step(window, qtbot)
    assert told(window).startswith("accounts → node_0: mean slope = (−96 + 0 + 0 + 256)/4 = 40; ")
    assert written(window, Address("slope", 0, 0, 0)) == "40"


def test_the_mean_of_one_row_is_that_rows_slope(quick, qtbot):
    window = quick("relu")
    window.player.show_phase("update")
    step(window, qtbot)
    assert told(window) == "All weights: the mean of one row is that row's slope, so all slopes stay"
    assert written(window, Address("slope", 0, 0, 0)) == "−96"


def test_update_names_each_weight_by_both_ends(quick, qtbot):
    window = quick("many-rows")
    window.player.show_phase("update")
    step(window, qtbot, 4)
    assert told(window) == (
        "accounts → node_0: w ← 2 − 0.0004·40 = 1.984; children → node_0: w ← 4 − 0.0004·(−8) = 4.0032"
    )


def test_a_batch_is_said_to_be_one(quick, qtbot):
    state = load(example("many-rows").path)
    window = quick(replace(state, training=replace(state.training, batch_size=2)))
    window.player.show_phase("update")
    step(window, qtbot)
    assert ")/2 = " in told(window)
    assert "from here on the diagram shows means over the batch of rows " in told(window)


def test_a_bias_has_its_lines(quick, qtbot):
    sayings = told_in(quick("xor"), qtbot, "backward")
    assert any("bias of " in saying and ": slope = 1·" in saying for saying in sayings)
    assert any(
        "bias of " in saying and ": b ← " in saying for saying in told_in(window_of(quick), qtbot, "update")
    )


def window_of(quick):
    return quick("xor")


def test_many_rows_are_not_written_out(quick, qtbot):
    window = quick("digits")
    window.player.show_phase("loss")
    window.player.to_end()
    qtbot.waitUntil(lambda: "computing" not in told(window))
    assert "Cross-entropy, mean over the 800 rows trained on ≈ " in told(window)


@pytest.mark.parametrize("phase", ["forward", "loss", "backward", "update"])
def test_a_phase_says_what_to_do_next(quick, phase):
    window = quick("relu")
    press(
        window,
        {"forward": "1", "loss": "2", "backward": "3", "update": "4"}[phase] + f"  {phase.capitalize()}",
    )
    says = f"{phase.capitalize()}: press Space to play, or . (full stop) for one step"
    assert status(window) == says
    assert told(window) == says
    assert not callout(window).box.isEmpty()


def test_the_words_of_a_step_are_worked_out_once(quick, qtbot):
    window = quick("many-rows")
    narrator = window.diagram.narrator
    step(window, qtbot)
    first = narrator.words()
    assert narrator.words() is first
    step(window, qtbot)
    assert narrator.words() is not first
    window.selection.row = 1
    assert narrator.words().text == "node_1: z = 1·4 + (−1)·(−5) = 9; a = relu(9) = 9"


def test_a_screen_reader_is_told_of_each_step(quick, qtbot, heard):
    window = quick("relu")
    step(window, qtbot, 2)
    assert [text for who, text in heard if who is window.diagram] == [
        "node_0: z = 3·2 + 5·4 = 26; a = relu(26) = 26",
        "node_1: z = 3·4 + 5·(−5) = −13; a = relu(−13) = 0",
    ]


def test_a_screen_reader_is_told_of_each_step_that_plays(quick, qtbot, heard):
    window = quick("relu")
    QTest.keyClick(window.diagram, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not window.player.playing)
    assert [text.partition(":")[0] for who, text in heard if who is window.diagram] == [
        "node_0",
        "node_1",
        "output",
    ]


def test_a_screen_reader_is_told_of_whole_layers(quick, qtbot, heard):
    window = quick("relu")
    choose_entry(window, "Whole layers at a time")
    step(window, qtbot, 2)
    said = [text for who, text in heard if who is window.diagram]
    assert said == ["Hidden layer: forward", "output: z = 26·2 + 0·7 = 52; a = 52"]


def callout(window):
    window.diagram.grab()
    return window.diagram.callout


def forbidden(window):
    """Return the rectangles and the points of edges that a callout must leave free at present."""
    picture, words = window.diagram.picture, window.diagram.narrator.words()
    whole = make_picture(picture.content, picture.layout)
    rects, points = [], []
    for at in (*words.subject, *words.uses):
        if at.kind == "node":
            rects.append(picture.layout.column(at.layer).rect(at.node))
        elif label := whole.label(at):
            rects.append(label.rect)
        if at.kind == "weight" and at in words.subject:
            gap = picture.layout.gaps[at.layer]
            points += [gap.point(at.node, at.source, share / 50) for share in range(51)]
    return rects, points


def covered(window):
    """Return the numbers on the diagram that the callout covers."""
    box, picture = callout(window).box, window.diagram.picture
    numbers = (own for own in make_picture(picture.content, picture.layout).labels if own.value is not None)
    return [label.text for label in numbers if box.intersects(QRectF(*label.rect))]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", [own.name for own in examples() if own.name not in LONG_WALKS])
def test_a_callout_covers_neither_what_it_speaks_of_nor_the_numbers_that_it_uses(quick, name, size):
    window = quick(name, size)
    player = window.player
    player.show_phase("forward")
    walk = player.progress.walk
    while player.progress.position < len(walk):
        player.progress.set_off()
        player.progress.stand_at(player.progress.goal)
        if len(player.progress.told) > 1:
            continue  # a whole layer: nothing is written out
        player.changed.emit()
        box = callout(window).box
        body = window.diagram.picture.layout.body
        assert body.covers(body._replace(x=box.x(), y=box.y(), width=box.width(), height=box.height()))
        rects, points = forbidden(window)
        for rect in rects:
            assert not box.intersects(box.__class__(*rect)), (player.progress.told, rect)
        assert not any(box.contains(QPointF(*point)) for point in points), player.progress.told
        if name in ROOMY and size != SMALL:
            assert not covered(window)
    player.stop()
    assert not walking(window)


def test_a_sum_for_which_there_is_no_room_is_told_in_short_and_leaves_its_node_free(quick):
    window = quick("spiral", SMALL)
    progress = window.player.progress
    window.player.show_phase("forward")
    for _ in range(13):
        progress.set_off()
        progress.stand_at(progress.goal)
    window.player.changed.emit()
    box, (rects, _) = callout(window).box, forbidden(window)
    assert told(window).startswith("node_1_4: z = ")
    assert not box.isEmpty()
    assert not any(box.intersects(QRectF(*rect)) for rect in rects)
    window.player.stop()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["xor", "two-hidden-layers", "curve", "digits"])
def test_what_to_do_next_covers_no_number(quick, name, size):
    window = quick(name, size)
    for phase in ("loss", "backward", "update"):
        window.player.show_phase(phase)
        assert not covered(window)
        assert status(window).endswith("press Space to play, or . (full stop) for one step")


def test_the_last_new_weight_can_be_read_before_all_change_at_once(quick, qtbot):
    window = quick("relu")
    before = window.document.state
    window.player.show_phase("update")
    step(window, qtbot, 4)
    assert told(window).endswith("node_1 → output: w ← 7 − 0.0002·0 = 7")
    assert window.document.state is before
    QTest.keyClick(window.diagram, Qt.Key.Key_Period)
    assert told(window) == "All weights: change to their new values at once; this is one update"
    qtbot.waitUntil(lambda: not walking(window))
    assert window.document.state.iteration == 1
