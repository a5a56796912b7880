"""The diagram of a network with many edges: whose weights it shows, and how they are edited."""

import numpy as np
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.edits import set_value
from nnviz.core.trainer import Trainer
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.parts import Rect
from nnviz.ui.diagram.canvas import PictureMaker
from nnviz.ui.dialogs.films import Subject, TrainingFilm
from nnviz.ui.dialogs.pictures import DiagramDrawing, Look
from nnviz.ui.window.commands import ALL_WEIGHTS
from tests.picture.diagrams import state
from tests.ui.hands import choose_entry, click, double_click, drag, editor_of, hover, write
from tests.ui.runs import pixels_of
from tests.ui.sees import offered, place

TITLE = "All weights"
NODE = Address("node", 0, 3)


def weights_in(picture):
    return {label.address for label in picture.labels if label.address.kind == "weight"}


def weights(window):
    return weights_in(window.diagram.picture)


def edges_of(network, node):
    """Return the weights into and out of a node."""
    into = {Address("weight", node.layer, node.node, k) for k in range(network.sizes[node.layer])}
    if node.layer + 1 == len(network.layers):
        return into
    return into | {
        Address("weight", node.layer + 1, k, node.node) for k in range(network.sizes[node.layer + 2])
    }


def hidden(window):
    """Return a weight that the diagram does not show."""
    sizes = window.document.state.network.sizes
    every = (Address("weight", 0, *map(int, at)) for at in np.ndindex(sizes[1], sizes[0]))
    return next(at for at in every if at not in weights(window))


def trained(updates):
    """Return iris after some updates."""
    trainer = Trainer(load(example("iris").path))
    for _ in trainer.work(updates):
        pass
    return trainer.state()


def middle(rect: Rect):
    return QPoint(*map(round, rect.center))


def test_a_node_under_the_mouse_shows_its_weights_until_the_mouse_leaves(bare):
    window = bare("iris")
    before, shown = window.diagram.grab().toImage(), weights(window)
    edges = edges_of(window.document.state.network, NODE)
    assert not edges <= shown
    hover(window.diagram, middle(place(window, NODE)))
    added = window.diagram.picture.hidden_numbers(NODE)
    assert {label.address for label in added} == edges - shown
    assert weights(window) == shown  # no other number has moved
    after = window.diagram.grab().toImage()
    for label in added:
        rect = label.rect.middle(label.rect.width - 4, label.rect.height - 4)
        pixels = [(round(rect.x + k), round(rect.center[1])) for k in range(int(rect.width))]
        assert any(before.pixel(x, y) != after.pixel(x, y) for x, y in pixels), label.text
    others = [at for at in shown - edges if not any(place(window, at).meets(each.rect) for each in added)]
    assert len(others) > 5
    for address in others:  # the numbers of faded edges are not painted
        rect = QRectF(*place(window, address)).toRect()
        images = (pixels_of(image.copy(rect)).astype(np.int64) for image in (before, after))
        brightest = (np.max([pixels >> shift & 255 for shift in (16, 8, 0)], axis=0) for pixels in images)
        ink = [(channel < 90).any() for channel in brightest]
        assert ink == [True, False], address
    hover(window.diagram, QPoint(3, 3))
    assert window.diagram.grab().toImage() == before


def test_a_weight_that_the_mouse_reveals_is_edited_where_it_stands(bare):
    window = bare("iris")
    hover(window.diagram, middle(place(window, NODE)))
    label, other, *_ = window.diagram.picture.hidden_numbers(NODE)
    at, beside = middle(label.rect), middle(other.rect)
    hover(window.diagram, at)
    assert window.diagram.hidden_number_at(at.x(), at.y()) == label.address  # it stays under the mouse
    assert window.diagram.hidden_number_at(beside.x(), beside.y()) == other.address
    assert window.diagram.cursor().shape() == Qt.CursorShape.IBeamCursor
    QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, pos=at)
    editor = editor_of(window)
    assert (editor.geometry().center() - middle(place(window, label.address))).manhattanLength() <= 3
    write(editor, "0.25")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert window.document.state.network.value_of(label.address) == 0.25
    assert window.diagram.picture.text(label.address) == "0.25"


def test_a_weight_that_the_mouse_reveals_can_be_dragged(bare):
    window = bare("iris")
    hover(window.diagram, middle(place(window, NODE)))
    label = window.diagram.picture.hidden_numbers(NODE)[0]
    before = window.document.state.network.value_of(label.address)
    drag(window.diagram, middle(label.rect), 40)
    assert window.document.state.network.value_of(label.address) != before
    assert label.address in weights(window)


def test_the_selection_shows_its_weights(bare):
    window = bare("iris")
    shown, address = weights(window), hidden(window)
    window.document.select(address)
    assert address in weights(window)
    assert window.diagram.picture.label(address).rect == place(window, address)
    window.document.select(NODE)
    assert edges_of(window.document.state.network, NODE) <= weights(window)
    QTest.keyClick(window.diagram, Qt.Key.Key_Left)
    edge = window.document.now.address
    assert edge.kind == "weight"
    assert edge in weights(window)
    QTest.keyClick(window.diagram, Qt.Key.Key_Down)
    assert window.document.now.address in weights(window)
    window.document.select(None)
    assert weights(window) == shown


def test_tab_goes_to_the_next_weight_also_if_it_is_hidden(bare):
    window = bare("iris")
    window.document.select(Address("weight", 0, 0, 0))
    QTest.keyClick(window.diagram, Qt.Key.Key_Return)
    for source in (0, 1, 2, 3):
        editor, at = editor_of(window), Address("weight", 0, 0, source)
        assert window.document.now.address == at
        assert at in weights(window)
        assert (editor.geometry().center() - middle(place(window, at))).manhattanLength() <= 3
        write(editor, f"{source + 0.5}")
        QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert window.document.state.network.layers[0].weights[0].tolist() == [0.5, 1.5, 2.5, 3.5]


def test_a_double_click_on_an_edge_edits_its_hidden_weight(bare):
    window = bare("iris")
    address = hidden(window)
    gap = window.diagram.picture.layout.gaps[0]
    at = QPoint(*map(round, gap.point(address.node, address.source, 0.02)))
    found = window.diagram.picture.address_at(at.x(), at.y())
    double_click(window.diagram, at)
    assert window.document.now.address == found
    assert found in weights(window)
    assert (editor_of(window).geometry().center() - middle(place(window, found))).manhattanLength() <= 3


def test_the_same_weights_are_shown_during_a_run_and_a_drag(bare, qtbot):
    window = bare("iris")
    before, seen = weights(window), set()
    window.document.changed.connect(lambda *_: seen.add(frozenset(weights(window))))
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration > 40)
    assert window.document.now.is_moving
    assert {weights for weights in seen if weights != before} == set()
    window.runner.pause()
    qtbot.waitUntil(lambda: not window.document.now.is_moving)
    held = weights(window)
    window.diagram.hold_scale(True)
    weakest = hidden(window)
    window.document.edit("Set a weight", set_value, weakest, 1000.0)
    assert weights(window) == held
    window.diagram.hold_scale(False)
    assert weakest in weights(window)


def test_the_weights_of_a_selected_node_stand_still_during_a_run(bare, qtbot):
    window = bare("digits")  # 32 weights lead into the node, of which at most 16 are shown
    node, seen = Address("node", 1, 3), {}
    window.document.select(node)

    def look(*_):
        for label in window.diagram.picture.labels:
            if label.is_on_edge:
                seen.setdefault(label.address, set()).add(label.rect.center)

    look()
    shown = set(seen)
    window.document.changed.connect(look)
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration > 40)
    assert window.document.now.is_moving
    window.document.changed.disconnect(look)
    assert set(seen) == shown
    assert all(len(centers) == 1 for centers in seen.values())


def test_the_walk_shows_the_weights_of_which_it_speaks(bare):
    window = bare("iris")
    window.player.speed = 0.0
    for phase in ("forward", "backward", "update"):
        window.player.show_phase(phase)
        for _ in range(12):
            window.player.step()
            step = window.document.now.walk.described_steps[0]
            speaks = [at for at in window.document.now.walk_text().used_numbers if at.kind == "weight"]
            assert set(speaks) <= weights(window), step
    window.player.stop()


def test_a_film_of_the_training_shows_the_same_weights_in_every_frame(qapp):
    for all_weights in (False, True):
        subject = Subject("training", trained(30), all_weights=all_weights)
        film = TrainingFilm(subject, Look(1200, 900), 2, lambda _: None)
        seen = {frozenset(weights_in(film.picture)) for _ in film.moments()}
        assert len(seen) == 1 or all_weights
        assert weights_in(film.picture) == weights_in(PictureMaker().picture(film.moment, film.above))
        assert (len(next(iter(seen))) > 20) is all_weights


def test_an_exported_picture_follows_the_switch_but_not_the_mouse(bare):
    window, counts = bare("iris"), []
    for all_weights in (False, True):
        window.diagram.show_all_weights(all_weights)
        window.document.select(None)
        before = DiagramDrawing(window.diagram.picture).svg(Look(900, 560))
        window.document.select(NODE)
        hover(window.diagram, middle(place(window, NODE)))
        assert DiagramDrawing(window.diagram.picture).svg(Look(900, 560)) == before
        counts.append(before.count(b"<text"))
    assert counts[1] > counts[0] + 20


def test_a_switch_shows_all_weights_and_is_remembered(open_window, settings):
    window = open_window("iris")
    before = weights(window)
    assert not offered(window, TITLE).isChecked()
    choose_entry(window, TITLE)
    assert len(weights(window)) > 2 * len(before)
    assert settings.get(ALL_WEIGHTS, False)
    again = open_window("iris")
    assert offered(again, TITLE).isChecked()
    assert weights(again) == weights(window)
    choose_entry(again, TITLE)
    assert weights(again) == before


def test_a_network_of_30_edges_is_as_it_was(bare):
    window = bare(state((5, 5, 1), spread=0))
    before = weights(window)
    window.diagram.show_all_weights(True)
    assert weights(window) == before
    window.diagram.show_all_weights(False)
    hover(window.diagram, middle(place(window, Address("node", 0, 2))))
    assert window.diagram.picture.hidden_numbers(Address("node", 0, 2)) == ()
    click(window, Address("weight", 0, 0, 0))
    assert editor_of(window)
    QApplication.processEvents()
