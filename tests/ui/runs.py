"""States with runs, and hands on a plot, for the tests of plots and readouts."""

import re
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from nnviz.core.history import History
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, Run, State, Training
from nnviz.core.train import train


def exercise(updates=20):
    """Return a state where every update multiplies the error by 0.72, from an MSE of 49 on."""
    network = Network.from_weights({"output": [0, 2, 1]})
    data = Dataset(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0]]))
    return State(network, data, Training(learning_rate=0.01, updates=updates))


def mse_after(k, rate=0.01):
    """Return the MSE of the exercise after k updates."""
    return 49 * (1 - 28 * rate) ** (2 * k)


def with_history(points):
    """Return the exercise with a run of these (iteration, loss)."""
    state = exercise()
    history = History().extended(np.array(points, dtype=float))
    run = Run(state.network, len(points) - 1, history, "gradient_descent", np.empty((0, 3)), ())
    return replace(state, run=run)


def watched(points):
    """Return the exercise with a watched run of these (iteration, loss)."""
    state = with_history(points)
    return replace(state, run=replace(state.run, iteration=points[-1][0], watched=True))


def classes(rows=40, validation=0.25):
    """Return three classes by softmax, trained a little, with some rows wrong."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(rows, 2))
    targets = np.eye(3)[np.digitize(inputs[:, 0] + rng.normal(0, 0.3, rows), [-0.5, 0.5])]
    layers = (Layer(("a", "b", "c"), "softmax", np.zeros((3, 2)), np.zeros(3)),)
    network = Network(("x", "y"), layers).randomised(0)
    settings = Training(0.5, 30, loss="cross_entropy", validation=validation)
    return train(State(network, Dataset(inputs, targets), settings)).state


def noisy_sine(validation=0.4, updates=600):
    """Return few noisy rows and a network that overfits them."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (30, 1))
    y = np.sin(3 * x) + rng.normal(0, 0.35, (30, 1))
    hidden = Layer(tuple(f"node_{k}" for k in range(10)), "tanh", np.zeros((10, 1)), np.zeros(10))
    output = Layer(("output",), "identity", np.zeros((1, 10)), np.zeros(1))
    settings = Training(0.02, updates, optimizer="adam", validation=validation)
    return State(Network(("x",), (hidden, output)).randomised(0), Dataset(x, y), settings)


def rounded(text):
    """Return a text whose numbers have 7 digits at most, for the last ones are the machine's."""
    return re.sub(r"(\d\.\d{6})\d+", r"\1", text)


def weights(state):
    """Return the bytes of all weights."""
    return [layer.weights.tobytes() for layer in state.network.layers]


def plane_of(panel):
    """Return the plot within a panel."""
    return panel.curve if hasattr(panel, "curve") else panel.plane


def place(panel, x, y):
    """Return where a point of a panel's plot stands, in its pixels."""
    return plane_of(panel).place_of(x, y).toPoint()


def click(panel, at, button=Qt.MouseButton.LeftButton):
    QTest.mouseClick(plane_of(panel).viewport(), button, pos=at)


def read_out(panel):
    """Return the lines that are read out; None if the read-out is hidden."""
    own = plane_of(panel).readout
    return own.text().splitlines() if own.isVisible() else None


def hover(panel, at):
    """Move the mouse there, and return the lines that are read out.

    Qt sends nothing where the mouse stands there already from the test before.
    """
    for stop in (QPoint(1, 1), at):
        QTest.mouseMove(plane_of(panel).viewport(), stop)
    return read_out(panel)


def drag(panel, start, *ends):
    from pyqtgraph import setConfigOption

    setConfigOption("mouseRateLimit", 0)  # or pyqtgraph drops moves within 10 ms of another one
    viewport, button = plane_of(panel).viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(viewport, button, pos=start)
    for end in ends:
        QTest.mouseMove(viewport, end)
    QTest.mouseRelease(viewport, button, pos=ends[-1])


def keys(panel, *pressed):
    """Press keys in a panel's plot: each a key, or a key with its modifier."""
    plane_of(panel).setFocus()
    for key in pressed:
        QTest.keyClick(plane_of(panel), *(key if isinstance(key, tuple) else [key]))


def pixels_of(widget):
    """Return the colours of the pixels of a widget or an image as 0xRRGGBB, shape (height, width)."""
    image = widget if isinstance(widget, QImage) else widget.grab().toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return rows[:, : image.width()] & 0xFFFFFF


def colours_of(widget):
    """Return the colours that a widget is painted in, as "#RRGGBB"."""
    return {f"#{colour:06X}" for colour in np.unique(pixels_of(widget)).tolist()}
