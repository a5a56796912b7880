"""What a screen reader is told that would not find it by itself."""

from nnviz.ui.widgets.announce import announce


def test_a_sentence_is_announced_on_behalf_of_its_widget(open_window, heard):
    window = open_window("relu")
    announce(window.diagram, "node_0: z = 26")
    assert heard[-1] == (window.diagram, "node_0: z = 26")


def test_nothing_is_announced_in_no_words(open_window, heard):
    announce(open_window("relu").diagram, "")
    assert heard == []
