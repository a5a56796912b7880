"""The walk on the diagram: its numbers, marks and callouts appear in order, and a screen reader hears it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.document import player as player_module
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.picture.picture import make_picture
from nnviz.ui.diagram import walk
from nnviz.ui.diagram.paint import edge_line
from nnviz.ui.diagram.walk import Callout, short_name
from nnviz.ui.window.toolbar import Toolbar
from tests.picture.diagrams import covers
from tests.ui.hands import address_named, choose_entry, press, set_number, shown
from tests.ui.sees import offered, status, walking, written

SMALL, _, LARGE = SIZES = [(606, 263), (886, 413), (1526, 693)]
"""The diagram's in windows of 1000 by 650, 1280 by 800 and 1920 by 1080."""
LONG_WALKS = ("iris", "spiral")
"""Walks that would take a minute of every run: they have many nodes with many weights each."""
ROOMY = ("forward", "relu", "many-rows", "calculating-slopes", "one-update")
"""Examples with room for the callouts beside the numbers of a large diagram, in any font."""


@pytest.fixture(autouse=True)
def quick_steps(monkeypatch):
    """Let a step take no longer than it must at the highest speed."""
    monkeypatch.setattr(player_module, "FASTEST_MS", 1)


@pytest.fixture
def window(afresh):
    window = afresh("relu")
    window.player.speed = 1.0
    return window


def key(window, letter):
    QTest.keyClick(window.diagram, letter)


def step(window, qtbot, times=1):
    """Press `.` some times and wait until the last step, and an update at its end, are done."""
    for _ in range(times):
        key(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: not (window.player.progress.moving or window.runner.running))


def slope(window, layer, node=0, source=0):
    return written(window, Address("slope", layer, node, source))


def test_the_walk_shows_the_penalty_in_the_slopes_and_beside_the_loss(window, qtbot, heard):
    training = replace(window.document.state.training, l2=0.25)
    window.document.edit("L2", edits.set_training, training)
    step(window, qtbot, 4)
    key(window, Qt.Key.Key_Period)
    line = window.document.now.walk_line
    assert "MSE = (−8)² = 64; Penalty = 0.25·(2² + 4² + 4² + (−5)² + 2² + 7²) = 28.5; " in line
    assert "Training loss = 64 + 28.5 = 92.5" in line
    step(window, qtbot)
    key(window, Qt.Key.Key_Period)
    assert "slope = 26·(−16) + 2·0.25·2 = −415" in window.document.now.walk_line
    step(window, qtbot)
    assert slope(window, 1) == "−415"


def headings(window):
    """Return the lines below the headings, as one text."""
    labels = window.diagram.picture.labels
    return "; ".join(own.text for own in labels if own.address.kind == "subheading")


def test_numbers_appear_step_by_step_and_a_screen_reader_hears_them(window, qtbot, heard, approved):
    before = window.diagram.grab().toImage()

    def values():
        return [shown(window, "value", name) for name in ("node_0", "node_1", "output")]

    seen = []
    for _ in range(3):
        step(window, qtbot)
        seen.append(values())
    assert seen == [["26", "", ""], ["26", "0", ""], ["26", "0", "52"]]
    assert shown(window, "error", "output") == ""
    assert window.diagram.grab().toImage() != before, "the sum of the step done last stays to be read"
    step(window, qtbot)
    assert shown(window, "error", "output") == "error −8"
    step(window, qtbot, 2)
    assert (shown(window, "node_slope", "output"), slope(window, 1)) == ("−16", "")
    key(window, Qt.Key.Key_Period)
    assert "slope = 26·(−16) = −416" in window.document.now.walk_line
    assert slope(window, 1) == "", "it is said before it stands on the edge"
    qtbot.waitUntil(lambda: not window.player.progress.moving)
    assert (slope(window, 1), slope(window, 0)) == ("−416", "")
    step(window, qtbot, 4)
    assert (slope(window, 0), slope(window, 0, 1)) == ("−96", "0")
    assert headings(window).count("slopes of row 1 · identity") == headings(window).count("slopes") == 1
    key(window, Qt.Key.Key_Escape)
    assert values() == ["26", "0", "52"]
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not window.player.progress.playing)
    assert (shown(window, "value", "output"), shown(window, "error", "output")) == ("52", "")
    key(window, Qt.Key.Key_Escape)
    choose_entry(window, "One layer at a time")
    step(window, qtbot)
    assert values() == ["26", "0", ""]
    step(window, qtbot)
    choose_entry(window, "One layer at a time")
    approved("what a screen reader hears", "\n".join(text for who, text in heard if who is window.diagram))


def test_all_the_way_forward_and_back_ends_in_the_starting_picture(window, qtbot):
    def seen():
        return [(own.address, own.text, own.rect) for own in window.diagram.picture.labels]

    for name in ("relu", "twenty-updates", "two-hidden-layers", "xor"):
        window.document.start(load(example(name).path))
        state, before = window.document.state, seen()
        step(window, qtbot)
        rounds = len(window.player.progress.walk)
        step(window, qtbot, rounds - 1)
        assert window.document.state.iteration == state.iteration + 1
        assert not walking(window)
        for _ in range(rounds + 1):
            key(window, Qt.Key.Key_Comma)
        assert (window.document.state is state, seen(), walking(window)) == (True, before, False)


def test_phases_have_buttons_and_say_what_to_do_next_and_an_edit_ends_the_walk(window, approved):
    told = []
    for k, phase in enumerate(("Forward", "Loss", "Backward", "Update"), 1):
        press(window, f"{k}  {phase}")
        assert window.player.progress.phase == phase.lower()
        told.append(status(window))
        assert window.document.now.walk_text().text == status(window)
        window.diagram.grab()
        assert not window.diagram.callout.box.isEmpty()
    press(window, "3  Backward")
    assert shown(window, "error", "output") == "error −8"
    assert shown(window, "node_slope", "output") == ""
    set_number(window, address_named(window, "node_0", "accounts"), "1")
    assert not walking(window)
    assert shown(window, "value", "output") == "46"
    for entry in ("Undo", "Redo"):
        choose_entry(window, entry)
        told.append(status(window))
    approved("the buttons of the phases, undo and redo", "\n".join(told))


def test_the_menu_shows_slopes_their_mean_and_repeats_the_forward_pass_over_the_rows(window, qtbot):
    window.document.start(load(example("many-rows").path))
    for title, said in (
        ("Show slopes", "slopes of row 1"),
        ("Mean slopes over all rows", "slopes: mean of all rows"),
    ):
        choose_entry(window, title)
        assert said in headings(window)
    offered(window, "Repeat the forward pass for every row").trigger()
    seen = []
    window.document.changed.connect(lambda old, new: seen.extend([new.row] * (old.row != new.row)))
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(seen) >= 4)
    key(window, Qt.Key.Key_Space)
    assert not window.player.progress.playing
    assert seen[:4] == [1, 2, 3, 0]


def test_the_mean_of_the_slopes_takes_their_place_node_by_node(bare):
    for name, means in (("many-rows", [("24", ""), ("24", "40")]), ("relu", [("−416", "−96")])):
        window = bare(name)
        window.player.show_phase("update")
        assert slope(window, 0) == "−96"  # 3·(−32): of row 1
        for expected in means:
            window.player.step()
            window.player.pause()
            assert (slope(window, 1), slope(window, 0)) == expected


def test_space_refreshes_toolbar_and_diagram_once(window, pictures_made, monkeypatch):
    refreshed, refresh = [], Toolbar.show_moment
    monkeypatch.setattr(Toolbar, "show_moment", lambda bar, *both: refreshed.append(1) or refresh(bar, *both))
    window.player.speed = 0.0
    for does in ("play", "pause"):
        window.diagram.grab()
        refreshed.clear()
        pictures_made.clear()
        key(window, Qt.Key.Key_Space)
        window.diagram.grab()  # after its frame
        assert (does, len(refreshed), len(pictures_made)) == (does, 1, 1)


def test_a_layer_of_many_weights_marks_its_nodes_not_each_of_its_edges(bare, monkeypatch):
    window = bare("large", (1600, 910))
    marked = []
    monkeypatch.setattr(walk, "edge_line", lambda *where: marked.append(where) or edge_line(*where))
    window.player.show_phase("backward")
    while not (steps := window.player.progress.described_steps) or steps[0][:2] != ("slopes", 1):
        window.player.step()
    assert len(steps) == 100
    assert not window.diagram.picture.layout.column(1).block
    marked.clear()
    window.diagram.grab()
    assert len(marked) == 0


# --- the callout: what is said stands beside what it is said of


class Look:
    """The present words, the place of their callout, and all items on the whole diagram."""

    def __init__(self, window):
        self.picture = window.diagram.picture
        self.words = window.document.now.walk_text(short_name)
        self.whole = make_picture(self.picture.content, self.picture.layout)
        callout = Callout()
        callout.place_box(self.picture, self.words)
        self.box = callout.box

    def covered(self):
        """Return the numbers on the diagram that the callout covers."""
        numbers = (own for own in self.whole.labels if own.value is not None)
        return [label.text for label in numbers if self.box.intersects(QRectF(*label.rect))]

    def covers_what_it_speaks_of(self):
        """Return the nodes, numbers and edges under the callout that it must leave free."""
        layout, found = self.picture.layout, []
        for at in (*self.words.subject, *self.words.used_numbers):
            label = self.whole.label(at)
            rect = layout.column(at.layer).rect(at.node) if at.kind == "node" else label and label.rect
            found += [at] * bool(rect and self.box.intersects(QRectF(*rect)))
            if at.kind == "weight" and at in self.words.subject:
                points = (layout.gaps[at.layer].point(at.node, at.source, k / 50) for k in range(51))
                found += [at] * any(self.box.contains(QPointF(*point)) for point in points)
        return found


def test_a_callout_covers_neither_what_it_speaks_of_nor_the_numbers_that_it_uses(bare, amount):
    every, failed, steps = amount(quick=10, ci=1, night=1), [], 0
    names = [own.name for own in examples()]
    for name, size in [(name, size) for size in SIZES for name in names][::every]:
        window = bare(name, size)
        player = window.player
        player.show_phase("forward")
        progress = player.progress
        while progress.position < len(progress.walk) and name not in LONG_WALKS:
            progress = progress.at(progress.in_next_step().goal)
            window.document.show_walk(progress)
            steps += 1
            if len(progress.described_steps) > 1 or steps % every:
                continue  # nothing is written out of a whole layer
            look, body = Look(window), window.diagram.picture.layout.body
            at, box = (name, size, progress.described_steps), look.box
            own = body._replace(x=box.x(), y=box.y(), width=box.width(), height=box.height())
            inside = covers(body, own)
            failed += [at] * (not inside)
            failed += [(at, own) for own in look.covers_what_it_speaks_of()]
            failed += [(at, own) for own in look.covered() if name in ROOMY and size == LARGE]
        for phase in ("loss", "backward", "update"):  # what to do next is said, and covers no number
            player.show_phase(phase)
            failed += [(name, size, phase, own) for own in Look(window).covered()]
        player.stop()
        assert not walking(window)
    assert failed == []
    assert steps > 50


def test_a_sum_for_which_there_is_no_room_is_told_in_short_and_leaves_its_node_free(bare):
    window = bare("spiral", SMALL)
    window.player.show_phase("forward")
    window.document.show_walk(window.player.progress.at(13))
    look = Look(window)
    assert look.words.text.startswith("node_1_4: z = ")
    assert not look.box.isEmpty()
    assert look.covers_what_it_speaks_of() == []
