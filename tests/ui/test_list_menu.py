"""Menus of names: what is typed goes to a name, and nothing is chosen before Enter."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from tests.ui.hands import entry, write
from tests.ui.sees import offered


@pytest.fixture(autouse=True)
def a_slow_machine(qapp):
    """What is typed belongs together, however long a key press takes."""
    before = QApplication.keyboardInputInterval()
    QApplication.setKeyboardInputInterval(60_000)
    yield
    QApplication.setKeyboardInputInterval(before)


@pytest.fixture
def window(open_window):
    return open_window("relu")


def opened(menu):
    menu.popup(QPoint(50, 50))
    return menu


def on_the_diagram(window):
    """Open the list of activations under the heading of the hidden layer."""
    window.diagram.grab()
    buttons = window.main_window.findChildren(QToolButton)
    named = "Activation of the hidden layer"
    return opened(next(own.menu() for own in buttons if own.accessibleName().startswith(named)))


def in_the_network_menu(window):
    """Open the list of activations of the hidden layer in the menu Network."""
    network = offered(window, "Network").menu()
    network.aboutToShow.emit()
    used = window.document.state.network.layers[0].activation
    return opened(entry(network, f"Hidden layer: {used}").menu())


PLACES = pytest.mark.parametrize("place", [on_the_diagram, in_the_network_menu])


def used(window):
    return window.document.state.network.layers[0].activation


def name(action):
    return action.text().partition(":")[0]


@PLACES
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("sig", "sigmoid"),
        ("softm", "softmax"),
        ("i", "identity"),
        ("g", "gelu"),
        ("SOFTP", "softplus"),
        ("leaky_relu w", "leaky_relu with another slope left of 0 …"),
        ("sigx", "sigmoid"),
    ],
)
def test_typing_goes_to_an_activation_and_chooses_none(window, place, typed, wanted):
    menu = place(window)
    write(menu, typed)
    assert menu.isVisible()
    assert name(menu.activeAction()) == wanted
    assert used(window) == "relu"
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()
    assert used(window) == "relu"


@PLACES
def test_enter_chooses_the_activation_that_was_typed(window, place):
    menu = place(window)
    write(menu, "sig")
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert used(window) == "sigmoid"
    assert not menu.isVisible()


def test_every_activation_is_reached_by_its_name(window):
    menu = on_the_diagram(window)
    for each in ACTIVATIONS:
        QApplication.setKeyboardInputInterval(0)  # a rest, and a new name
        write(menu, each[0])
        QApplication.setKeyboardInputInterval(60_000)
        write(menu, f"{each[1:]}:")
        assert name(menu.activeAction()) == each
    menu.close()


def test_an_activation_with_another_parameter_is_reached_by_its_name(window):
    window.document.edit("Slope", edits.set_activation, 0, "leaky_relu(0.2)")
    menu = on_the_diagram(window)
    write(menu, "leaky_relu(")
    assert name(menu.activeAction()) == "leaky_relu(0.2)"
    menu.close()


def test_one_letter_again_and_again_goes_through_the_names_that_begin_with_it(window):
    menu, seen = on_the_diagram(window), []
    for _ in range(7):
        write(menu, "s")
        seen.append(name(menu.activeAction()))
    begin = [each for each in ACTIVATIONS if each.startswith("s")]
    assert seen == (begin + begin)[:7]
    menu.close()


def test_after_a_rest_a_new_name_begins(window):
    menu = on_the_diagram(window)
    write(menu, "s")
    QApplication.setKeyboardInputInterval(0)
    write(menu, "g")
    assert name(menu.activeAction()) == "gelu"
    menu.close()


def test_arrows_go_on_from_what_was_typed(window):
    menu = on_the_diagram(window)
    write(menu, "tanh")
    QTest.keyClick(menu, Qt.Key.Key_Up)
    before = list(ACTIVATIONS)[list(ACTIVATIONS).index("tanh") - 1]
    assert name(menu.activeAction()) == before
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert used(window) == before


def test_a_letter_goes_to_a_weight_set_whose_name_begins_with_it(open_window):
    window = open_window("two-weight-sets")
    window.document.edit("Keep", edits.keep_set, "kept & mine")
    network = offered(window, "Network").menu()
    network.aboutToShow.emit()
    menu = opened(entry(network, "Weight sets").menu())
    write(menu, "kept &")
    assert menu.activeAction().text().startswith("kept && mine")
    assert window.document.undo_text() == "Keep"
    menu.close()
