"""A made-up activation and optimizer in the window: chosen, seen, walked, explained, trained and kept."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QTextBrowser, QToolButton

from nnviz.core.address import Address
from nnviz.core.training import train
from nnviz.files.registry import load
from nnviz.ui.window.new_network import NewNetwork
from tests.core import made_up
from tests.ui.hands import address_named, choose_entry, click, entry, press, set_number, shown
from tests.ui.sees import written


@pytest.fixture
def registered(monkeypatch):
    made_up.register(monkeypatch)


@pytest.fixture
def window(registered, open_window):
    """A tanh network that has become one of hinges by the menu, and its optimizer calm by the list."""
    window = open_window(made_up.state("tanh"))
    choose_activation(window, "hinge:  max(−1, z)")
    combo = next(
        own for own in window.main_window.findChildren(QComboBox) if own.accessibleName() == "Optimizer"
    )
    combo.setFocus()
    QTest.keyClicks(combo, "calm")
    return window


def activation_menu(window):
    """Open the list of activations under the heading of the hidden layer, and return it."""
    window.diagram.grab()
    button = next(
        own
        for own in window.main_window.findChildren(QToolButton)
        if own.accessibleName().startswith("Activation of the hidden layer")
    )
    button.menu().aboutToShow.emit()
    return button.menu()


def choose_activation(window, text):
    entry(activation_menu(window), text).trigger()


def checked(window):
    actions = activation_menu(window).actions()
    return [action.text().replace("&", "") for action in actions if action.isChecked()]


def explained(window):
    """What stands in the panel Explain."""
    browser = window.explain.findChild(QTextBrowser)
    return browser.toPlainText().replace("\u200b", "").replace("\u00a0", " ")


def test_they_are_chosen(window):
    assert window.document.state == made_up.state(optimizer="calm")
    assert checked(window) == ["hinge:  max(−1, z)"]
    texts = [label.text for label in window.diagram.picture.labels]
    assert {"hinge · biases", "saturated"} <= set(texts)
    assert (shown(window, "z", "node_2"), shown(window, "value", "node_2")) == ("z −4.5", "−1")
    assert f"One update: {made_up.Calm.formula}" in window.training.message.label.text()
    choose_entry(window, "Undo")
    choose_entry(window, "Undo")
    assert window.document.state == made_up.state("tanh")
    assert checked(window) == ["tanh:  tanh(z)"]


def test_it_is_edited_and_explained_where_it_stands(window, qtbot):
    set_number(window, Address("bias", 0, 0), "0,5")
    assert shown(window, "value", "node_0") == "−1"
    click(window, address_named(window, "node_0"))
    qtbot.waitUntil(lambda: "hinge(−1) = −1" in explained(window))
    assert "1 if z > −1 else 0" in explained(window)
    window.selection.select(Address("weight", 0, 0, 0))
    qtbot.waitUntil(lambda: "passes −1 within w ± h in row 1, where hinge has a kink" in explained(window))
    assert "0.75·b̄ + 0.25·slope" in explained(window)


def test_it_is_walked_to_the_end_and_the_round_is_one_update(window, qtbot):
    before = window.document.state
    click(window, address_named(window, "node_0"))
    window.player.speed = 1.0
    for _ in range(len(window.player.progress.walk)):
        QTest.keyClick(window.diagram, Qt.Key.Key_Period)
        qtbot.waitUntil(lambda: not window.player.progress.moving)
    assert window.document.state.network == train(before, updates=1).state.network
    assert window.document.state.run.optimizer == "calm"


def test_it_is_trained_saved_and_opened(window, qtbot, tmp_path):
    before = window.document.state
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
        window.training.speed.setValue(100)
    assert window.document.state.network == train(before).state.network
    window.document.save(tmp_path / "a.json")
    window.document.open(tmp_path / "a.json")
    assert load(tmp_path / "a.json") == window.document.state
    assert window.document.state.network.layers[0].activation == "hinge"


def test_a_new_network_can_have_it(registered, qtbot):
    dialog = NewNetwork()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activation.setFocus()
    QTest.keyClicks(dialog.activation, "hinge")
    assert dialog.state().network.layers[0].function is made_up.HINGE


def test_a_parameter_is_typed_shown_as_chosen_and_kept(open_window, answer, tmp_path):
    window = open_window("relu")

    def type_a_half(dialog):
        field = dialog.findChild(QLineEdit)
        assert field.text() == "0.2"
        field.selectAll()
        QTest.keyClicks(field, "1/2")
        QTest.keyClick(field, Qt.Key.Key_Return)

    answer(object, type_a_half)
    choose_activation(window, "leaky_relu with another slope left of 0 …")
    assert shown(window, "value", "node_1") == "−6.5"
    assert written(window, Address("subheading", 0)) == "leaky_relu(0.5)"
    assert checked(window) == ["leaky_relu(0.5):  max(0.5·z, z)"]
    window.document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json").network.layers[0].activation == "leaky_relu(0.5)"
    choose_activation(window, "relu:  max(0, z)")
    assert entry(activation_menu(window), "leaky_relu(0.5):  max(0.5·z, z)") is None


def test_a_bad_parameter_is_refused_in_the_dialog_which_stays(open_window, answer):
    window, told = open_window("relu"), []
    before = window.document.state

    def type_nonsense(dialog):
        field = dialog.findChild(QLineEdit)
        field.selectAll()
        QTest.keyClicks(field, "-1")
        QTest.keyClick(field, Qt.Key.Key_Return)
        told.extend(own.text() for own in dialog.findChildren(QLabel) if own.isVisible())
        QTest.keyClick(field, Qt.Key.Key_Escape)

    answer(object, type_nonsense)
    choose_activation(window, "elu with another depth left of 0 …")
    assert window.document.state is before
    assert "elu takes in brackets its depth left of 0, a number above 0, such as elu(0.5)" in told
