"""The menu Network: a new network by its dialog, weight sets, an activation made up by an author."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
)

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.training import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.widgets.theme import apply_theme
from nnviz.ui.window.new_network import NewNetwork
from tests.core import made_up
from tests.ui.clipped import clipped
from tests.ui.hands import (
    address_named,
    choose_entry,
    click,
    entry,
    press,
    press_button,
    set_number,
    shown,
    write,
)
from tests.ui.sees import explained, figure, status, written

Key = Qt.Key


@pytest.fixture
def dialog(qtbot):
    dialog = NewNetwork()
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def fill(field, text):
    field.selectAll()
    QTest.keyClick(field, Key.Key_Delete)
    if len(text) < 20:
        QTest.keyClicks(field, text)
    else:
        QGuiApplication.clipboard().setText(text)
        QTest.keyClick(field, Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def choose_by_keys(choice, text):
    """Go to an entry of a list with the arrow keys."""
    choice.setFocus()
    down = choice.findText(text) > choice.currentIndex()
    while choice.currentText() != text:
        QTest.keyClick(choice, Key.Key_Down if down else Key.Key_Up)


def labels(dialog):
    return [own.text() for own in dialog.findChildren(QLabel) if own.isVisible() and own.text()]


def test_sizes_activation_and_biases_are_taken(dialog, qtbot, approved):
    def sizes_and_activations():
        network = dialog.state().network
        return network.sizes, [layer.activation for layer in network.layers]

    assert sizes_and_activations() == ((2, 2, 1), ["relu", "identity"])
    approved("a new network", "\n".join(labels(dialog)))
    qtbot.waitUntil(lambda: dialog.focusWidget() is dialog.inputs)
    QTest.keyClicks(dialog.focusWidget(), "3")
    QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
    QTest.keyClicks(dialog.focusWidget(), "5")
    assert (dialog.inputs.text(), dialog.hidden.text()) == ("3", "5")
    fill(dialog.hidden, "8, 4")
    fill(dialog.outputs, "2")
    dialog.activation.setFocus()
    QTest.keyClicks(dialog.activation, "tanh")
    QTest.mouseClick(dialog.biases, Qt.MouseButton.LeftButton, pos=dialog.biases.rect().center() / 2)
    assert sizes_and_activations() == ((3, 8, 4, 2), ["tanh", "tanh", "identity"])
    assert all(layer.biases is not None for layer in dialog.state().network.layers)
    fill(dialog.hidden, "")
    assert dialog.state().network.sizes == (3, 2)


def test_a_size_that_cannot_be_is_refused_until_it_is_mended(dialog, approved):
    create = next(own for own in dialog.findChildren(QPushButton) if own.text() == "&Create")
    before, said = labels(dialog), []
    for name, text in (
        *(("inputs", text) for text in ("0", "", "2 3")),
        ("outputs", "5001"),
        *(("hidden", text) for text in ("8 x", "1 " * 500, "5000 5000", "4000 4000", "1" * 5000)),
    ):
        fill(field := getattr(dialog, name), text)
        (wrong,) = (own for own in labels(dialog) if own not in before)
        said.append(f"{name} {text[:10]}: {wrong}")
        assert not create.isEnabled(), text
        fill(field, "7")
        assert labels(dialog) == before, text
        assert create.isEnabled(), text
        fill(field, "2")
    approved("sizes that cannot be", "\n".join(said))


def test_a_button_with_the_focus_has_one_frame(dialog):
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel)

    def inside():
        return button.grab(button.rect().adjusted(4, 4, -4, -4)).toImage()

    before = inside()
    dialog.biases.setFocus()
    while not button.hasFocus():
        QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
    assert inside() == before


def test_a_loss_that_fits_the_outputs_comes_with_their_activation_unless_chosen(dialog):
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
    for output, chosen, loss in (
        ("sigmoid", "MSE", "mse"),
        ("softmax", None, "mse"),
        ("softmax", "Cross-entropy", "cross_entropy"),
        ("tanh", None, "mse"),
        ("sigmoid", None, "cross_entropy"),
    ):
        choose_by_keys(dialog.output, output)
        if chosen:
            choose_by_keys(dialog.loss, chosen)
        assert dialog.state().training.loss == loss, (output, chosen)


def sigmoid(dialog):
    choose_by_keys(dialog.output, "sigmoid")


def mse(dialog):
    choose_by_keys(dialog.loss, "MSE")


@pytest.fixture
def make_network(answer):
    """Return a function that makes a network by the dialog in a window."""

    def make(window, *deeds):
        answer(NewNetwork, lambda dialog: [deed(dialog) for deed in (*deeds, press_button("Create"))])
        choose_entry(window, "New…")

    return make


def way_back(window):
    """Return what the button beside what is said says, "" without one."""
    return "".join(own.text() for own in window.status.findChildren(QPushButton) if own.isVisible())


@pytest.mark.fonts
def test_the_loss_that_sigmoid_brought_is_said_with_a_way_back_that_has_room(
    qapp, open_window, make_network, qtbot, approved, amount
):
    window = open_window()

    def anew(*deeds):
        window.document.start(load(example("relu").path))
        make_network(window, *deeds)

    for how in ("mouse", "Alt and its letter", "Tab and Space"):
        anew(sigmoid)
        brought = status(window)
        assert way_back(window) == "Use &MSE"
        (button,) = window.status.findChildren(QPushButton)
        if how == "mouse":
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        elif how == "Tab and Space":
            button.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(button, Key.Key_Space)
        else:
            window.main_window.activateWindow()  # as a window manager does once a dialog closes
            qtbot.waitUntil(lambda: QApplication.activeWindow() is window.main_window)
            QTest.keyClick(window.main_window, Key.Key_M, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda: window.document.state.training.loss == "mse")  # Qt shows a key's click first
        assert window.document.state.network.layers[-1].activation == "sigmoid"
        assert window.training.fields.loss.currentText() == "MSE"
        assert (status(window), way_back(window)) == ("Loss: MSE", "")
        window.undo()
        assert window.document.state.training.loss == "cross_entropy"
    anew(sigmoid)
    window.status.say(f"{brought}; and more of the same")
    assert way_back(window)
    mse(window.training.fields)
    assert way_back(window) == ""
    anew(sigmoid)
    window.status.say("Something else")
    assert way_back(window) == ""
    for deeds in ((sigmoid, mse), ()):  # a loss that was chosen or is MSE is no news
        anew(*deeds)
        assert window.document.state.training.loss == "mse"
        assert way_back(window) == ""
    approved("new networks with the loss that sigmoid brings, and without", f"{brought}\n{status(window)}")

    anew(sigmoid)
    try:
        for theme in amount(quick=["light"], ci=PALETTES, night=PALETTES):
            if theme != "light":
                apply_theme(qapp, theme)
            for size in ((1280, 800), (1000, 650)):
                window.main_window.resize(*size)
                QApplication.processEvents()
                assert (clipped(window.status), window.status.height()) == ([], 28), (size, theme)
    finally:
        if theme != "light":
            apply_theme(qapp, "light")


def menu_of(window):
    """Open the menu Network, and Weight sets in it."""
    network = entry(window.main_window.menuBar(), "Network").menu()
    network.aboutToShow.emit()
    sets = entry(network, "Weight sets").menu()
    sets.aboutToShow.emit()
    return sets


def entries(window):
    return [
        action.text().replace("&", "") + (" ✓" if action.isChecked() else "")
        for action in menu_of(window).actions()
        if action.text()
    ]


def call_it(*names, told=None):
    """Return what to do with the question for a name: type names until one is taken."""

    def into(dialog):
        field = dialog.findChild(QLineEdit)
        for name in names:
            field.selectAll()
            write(field, name)
            QTest.keyClick(field, Key.Key_Return)
            if dialog.isVisible():
                told.extend(labels(dialog)[-1:])

    return into


def test_weight_sets_are_listed_used_kept_and_removed_and_a_parameter_is_typed(
    open_window, answer, tmp_path, approved
):
    window, told = open_window("two-weight-sets"), []
    second = "weights_1\tMSE 49.890625"
    assert entries(window)[:2] == ["weights_0\tMSE 37.5 ✓", second]
    entry(menu_of(window), second).trigger()
    assert "49.890625" in figure(window, "MSE").toolTip()
    told.append(status(window))
    assert window.document.undo_text() == "Use weights_1"
    choose_entry(window, "Undo")
    assert figure(window, "MSE").text == "37.5"

    before = window.document.state.network
    entry(entry(menu_of(window), "Remove").menu(), "weights_0").trigger()
    assert entries(window)[0] == second
    assert window.document.state.network is before
    choose_entry(window, "Undo")
    assert len(window.document.state.weight_sets) == 2

    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 0.0), "a weight")
    answer(QDialog, call_it("weights_1", "by hand", told=told))
    entry(menu_of(window), "Keep the present weights…").trigger()
    assert [kept.name for kept in window.document.state.weight_sets] == ["weights_0", "weights_1", "by hand"]
    assert window.main_window.isWindowModified()
    third = entries(window)[2].removesuffix(" ✓")
    assert third.startswith("by hand\tMSE ")
    for text, weight in (("weights_0\tMSE 37.5", before.layers[0].weights[0, 0]), (third, 0.0)):
        entry(menu_of(window), text).trigger()
        assert window.document.state.network.layers[0].weights[0, 0] == weight
    window.document.start(load(example("relu").path))
    approved("a set is put in; its name is taken; there are none", "\n".join([*told, *entries(window)]))

    told.clear()
    before = window.document.state

    def type_nonsense(dialog):
        call_it("-1", told=told)(dialog)
        QTest.keyClick(dialog.findChild(QLineEdit), Key.Key_Escape)

    answer(QDialog, type_nonsense)
    choose_activation(window, "elu with another depth left of 0 …")
    assert window.document.state is before
    approved("a parameter that cannot be", "\n".join(told))

    def type_a_half(dialog):
        assert dialog.findChild(QLineEdit).text() == "0.2"
        call_it("1/2")(dialog)

    answer(QDialog, type_a_half)
    choose_activation(window, "leaky_relu with another slope left of 0 …")
    assert shown(window, "value", "node_1") == "−6.5"
    assert written(window, Address("subheading", 0)) == "leaky_relu(0.5)"
    assert checked(window) == ["leaky_relu(0.5):  max(0.5·z, z)"]
    window.document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json").network.layers[0].activation == "leaky_relu(0.5)"
    choose_activation(window, "relu:  max(0, z)")
    assert entry(activation_menu(window), "leaky_relu(0.5):  max(0.5·z, z)") is None


@pytest.fixture
def registered(monkeypatch):
    made_up.register(monkeypatch)


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


def test_a_made_up_activation_and_optimizer_are_chosen_walked_trained_and_kept(
    registered, open_window, qtbot, tmp_path, amount
):
    window = open_window(made_up.state("tanh"))
    choose_activation(window, "hinge:  max(−1, z)")
    combos = window.main_window.findChildren(QComboBox)
    combo = next(own for own in combos if own.accessibleName() == "Optimizer")
    combo.setFocus()
    QTest.keyClicks(combo, "calm")
    assert window.document.state == made_up.state(optimizer="calm")
    assert checked(window) == ["hinge:  max(−1, z)"]
    assert {"hinge · biases", "saturated"} <= {label.text for label in window.diagram.picture.labels}
    assert (shown(window, "z", "node_2"), shown(window, "value", "node_2")) == ("z −4.5", "−1")
    assert f"One update: {made_up.Calm.formula}" in window.training.message.label.text()
    choose_entry(window, "Undo")
    choose_entry(window, "Undo")
    assert window.document.state == made_up.state("tanh")
    assert checked(window) == ["tanh:  tanh(z)"]
    choose_entry(window, "Redo")
    choose_entry(window, "Redo")

    set_number(window, Address("bias", 0, 0), "0,5")
    assert shown(window, "value", "node_0") == "−1"
    click(window, address_named(window, "node_0"))
    qtbot.waitUntil(lambda: "hinge(−1) = −1" in explained(window))
    assert "1 if z > −1 else 0" in explained(window)
    window.selection.select(Address("weight", 0, 0, 0))
    qtbot.waitUntil(lambda: "passes −1 within w ± h in row 1, where hinge has a kink" in explained(window))
    assert "0.75·b̄ + 0.25·slope" in explained(window)

    choose_entry(window, "Undo")
    before = window.document.state
    click(window, address_named(window, "node_0"))
    window.player.speed = 1.0
    every = len(window.player.progress.walk)
    for _ in range(amount(quick=6, ci=every, night=every)):
        QTest.keyClick(window.diagram, Key.Key_Period)
        qtbot.waitUntil(lambda: not window.player.progress.moving)
    while window.document.state is before:
        window.player.to_end()  # of each phase
        qtbot.waitUntil(lambda: not window.player.progress.moving)
    assert window.document.state.network == train(before, updates=1).state.network
    assert window.document.state.run.optimizer == "calm"

    window.document.start(before)
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
        window.training.speed.setValue(100)
    assert window.document.state.network == train(before).state.network
    window.document.save(tmp_path / "a.json")
    window.document.open(tmp_path / "a.json")
    assert load(tmp_path / "a.json") == window.document.state
    assert window.document.state.network.layers[0].activation == "hinge"


def test_a_new_network_can_have_a_made_up_activation(registered, dialog):
    dialog.activation.setFocus()
    QTest.keyClicks(dialog.activation, "hinge")
    assert dialog.state().network.layers[0].function is made_up.HINGE
