"""The dialog for a new network, typed into as a person does."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QPushButton

from nnviz.picture.palette import PALETTES
from nnviz.ui.widgets.theme import apply_theme
from nnviz.ui.window.new_network import NewNetwork
from tests.ui.clipped import clipped
from tests.ui.hands import choose_entry, press_button
from tests.ui.sees import status


@pytest.fixture
def dialog(qtbot):
    dialog = NewNetwork()
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def fill(field, text):
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def may_be_made(dialog):
    return next(own for own in dialog.findChildren(QPushButton) if own.text() == "&Create").isEnabled()


def sentences(dialog):
    return [
        own.text() for own in dialog.findChildren(QLabel) if own.isVisible() and own.objectName() == "error"
    ]


def test_it_offers_the_course_s_network(dialog):
    network = dialog.state().network
    assert network.sizes == (2, 2, 1)
    assert [layer.activation for layer in network.layers] == ["relu", "identity"]
    assert may_be_made(dialog)


def test_sizes_activation_and_biases_are_taken(dialog):
    fill(dialog.inputs, "3")
    fill(dialog.hidden, "8, 4")
    fill(dialog.outputs, "2")
    dialog.activation.setFocus()
    QTest.keyClicks(dialog.activation, "tanh")
    QTest.mouseClick(dialog.biases, Qt.MouseButton.LeftButton, pos=dialog.biases.rect().center() / 2)
    network = dialog.state().network
    assert network.sizes == (3, 8, 4, 2)
    assert [layer.activation for layer in network.layers] == ["tanh", "tanh", "identity"]
    assert all(layer.biases is not None for layer in network.layers)


def test_what_is_typed_replaces_a_number_that_gets_the_focus(dialog, qtbot):
    qtbot.waitUntil(lambda: dialog.focusWidget() is dialog.inputs)
    QTest.keyClicks(dialog.focusWidget(), "3")
    QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
    QTest.keyClicks(dialog.focusWidget(), "5")
    assert (dialog.inputs.text(), dialog.hidden.text()) == ("3", "5")


def test_it_says_before_any_mistake_that_each_hidden_layer_has_a_number_of_its_own(dialog):
    seen = [own.text() for own in dialog.findChildren(QLabel) if own.isVisible()]
    assert "Nodes per &hidden layer" in seen
    assert "Such as 4, or 8 8 for two layers; empty: no hidden layer" in seen


def test_no_hidden_layer_is_a_network_too(dialog):
    fill(dialog.hidden, "")
    assert dialog.state().network.sizes == (2, 1)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("inputs", "0", "Inputs: a whole number from 1 to 5000"),
        ("inputs", "", "Inputs: a whole number from 1 to 5000"),
        ("inputs", "2 3", "Inputs: a whole number from 1 to 5000"),
        ("outputs", "5001", "Outputs: a whole number from 1 to 5000"),
        ("hidden", "8 x", "Nodes per hidden layer: whole numbers from 1 to 5000, such as 8 8"),
        ("hidden", "1 " * 500, "expected at most 500 layers, found 501"),
        ("hidden", "5000 5000", "expected at most 10,000 nodes, inputs among them, found 10,003"),
        (
            "hidden",
            "4000 4000",
            "expected at most 4,000,000 weights, biases, inputs and targets, "
            "those of weight sets among them, found 16,020,004",
        ),
        ("hidden", "1" * 5000, "Nodes per hidden layer: whole numbers from 1 to 5000, such as 8 8"),
    ],
)
def test_what_is_no_size_is_refused_with_a_sentence_until_it_is_mended(dialog, field, text, sentence):
    fill(getattr(dialog, field), text)
    assert sentences(dialog) == [sentence]
    assert not may_be_made(dialog)
    fill(getattr(dialog, field), "7")
    assert sentences(dialog) == []
    assert may_be_made(dialog)


def test_a_button_with_the_focus_has_one_frame(dialog):
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel)

    def inside():
        return button.grab(button.rect().adjusted(4, 4, -4, -4)).toImage()

    before = inside()
    dialog.biases.setFocus()
    while not button.hasFocus():
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
    assert inside() == before


def test_a_loss_that_fits_the_outputs_is_chosen_with_their_activation(dialog):
    def losses():
        return [dialog.loss.itemText(k) for k in range(dialog.loss.count())]

    assert (losses(), dialog.state().training.loss) == (["MSE"], "mse")
    for output in ("softsign", "softmax", "silu", "sigmoid"):
        dialog.output.setCurrentText(output)
        fits = output in ("softmax", "sigmoid")
        assert losses() == (["MSE", "Cross-entropy"] if fits else ["MSE"])
        state = dialog.state()
        assert state.network.layers[-1].activation == output
        assert state.training.loss == ("cross_entropy" if fits else "mse")
    dialog.loss.setFocus()
    QTest.keyClick(dialog.loss, Qt.Key.Key_Up)
    assert dialog.state().training.loss == "mse"


def choose_by_keys(choice, text):
    """Go to an entry of a list with the arrow keys."""
    choice.setFocus()
    down = choice.findText(text) > choice.currentIndex()
    while choice.currentText() != text:
        QTest.keyClick(choice, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def test_a_loss_that_was_chosen_stays_with_another_output_that_takes_it(dialog):
    choose_by_keys(dialog.output, "sigmoid")
    choose_by_keys(dialog.loss, "MSE")
    choose_by_keys(dialog.output, "softmax")
    assert dialog.state().training.loss == "mse"
    choose_by_keys(dialog.loss, "Cross-entropy")
    choose_by_keys(dialog.output, "tanh")
    assert dialog.state().training.loss == "mse"
    choose_by_keys(dialog.output, "sigmoid")
    assert dialog.state().training.loss == "cross_entropy"


MAZUR = "Loss: cross-entropy, the usual one for sigmoid. New network with random weights, seed 0"


@pytest.fixture
def make_network(open_window, answer):
    """Make a network by the dialog in a window, after some deeds in it; return the window."""

    def make(*deeds, size=(1280, 800)):
        window = open_window(size=size)

        def do(dialog):
            for deed in deeds:
                deed(dialog)
            press_button("Create")(dialog)

        answer(NewNetwork, do)
        choose_entry(window, "New…")
        return window

    return make


def sigmoid(dialog):
    choose_by_keys(dialog.output, "sigmoid")


def way_back(window):
    """Return what the button beside what is said says, "" without one."""
    return "".join(own.text() for own in window.status.findChildren(QPushButton) if own.isVisible())


@pytest.mark.parametrize("how", ["mouse", "Alt and its letter", "Tab and Space"])
def test_the_loss_that_sigmoid_brought_is_said_with_a_way_back(make_network, how, qtbot):
    window = make_network(sigmoid)
    assert status(window) == MAZUR
    assert way_back(window) == "Use &MSE"
    (button,) = (own for own in window.status.findChildren(QPushButton))
    if how == "mouse":
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    elif how == "Tab and Space":
        button.setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(button, Qt.Key.Key_Space)
    else:
        window.main_window.activateWindow()  # as a window manager does once a dialog closes
        qtbot.waitUntil(lambda: window.diagram.hasFocus())
        QTest.keyClick(window.main_window, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: window.document.state.training.loss == "mse")  # Qt shows a key's click first
    assert window.document.state.network.layers[-1].activation == "sigmoid"
    assert window.training.fields.loss.currentText() == "MSE"
    assert (status(window), way_back(window)) == ("Loss: MSE", "")
    window.undo()
    assert window.document.state.training.loss == "cross_entropy"


def test_the_way_back_goes_with_what_was_said_or_with_the_loss(make_network):
    window = make_network(sigmoid)
    window.status.say(f"{MAZUR}; and more of the same")
    assert way_back(window)
    choose_by_keys(window.training.fields.loss, "MSE")
    assert way_back(window) == ""
    window = make_network(sigmoid)
    window.status.say("Something else")
    assert way_back(window) == ""


def test_a_loss_that_was_chosen_or_is_mse_is_no_news(make_network):
    window = make_network(sigmoid, lambda dialog: choose_by_keys(dialog.loss, "MSE"))
    assert (status(window), way_back(window)) == ("New network with random weights, seed 0", "")
    assert window.document.state.training.loss == "mse"
    assert status(make_network()) == "New network with random weights, seed 0"


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)])
def test_the_way_back_has_room_in_the_status_line(qapp, make_network, size, theme):
    window = make_network(sigmoid, size=size)
    try:
        apply_theme(qapp, theme)
        QApplication.processEvents()
        assert clipped(window.status) == []
        assert window.status.height() == 28
    finally:
        apply_theme(qapp, "light")
