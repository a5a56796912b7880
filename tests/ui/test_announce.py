"""What a screen reader is told that would not find it by itself."""

from dataclasses import replace

from nnviz.core.run import Training
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.widgets.announce import announce
from tests.ui.hands import choose_entry, press
from tests.ui.sees import status


def test_a_sentence_is_announced_on_behalf_of_its_widget(open_window, heard):
    window = open_window("relu")
    announce(window.diagram, "node_0: z = 26")
    assert heard[-1] == (window.diagram, "node_0: z = 26")


def test_nothing_is_announced_in_no_words(open_window, heard):
    announce(open_window("relu").diagram, "")
    assert heard == []


def test_the_same_said_again_is_announced_again_and_lights_up_for_a_moment(open_window, heard, qtbot):
    window, looks = open_window("relu"), []
    for _ in range(2):
        choose_entry(window, "Copy picture")
        looks.append(window.status.grab().toImage())
    assert [text for _, text in heard] == [status(window)] * 2
    assert status(window).startswith("Copied the diagram as a picture")
    once, again = looks
    assert again != once
    qtbot.waitUntil(lambda: window.status.grab().toImage() == once)


def test_a_warning_about_a_run_is_announced_once(open_window, heard, qtbot):
    window = open_window(replace(load(example("relu").path), training=Training(learning_rate=100)))
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    assert "the MSE rose" in status(window)
    assert [text for _, text in heard].count(status(window)) == 1
