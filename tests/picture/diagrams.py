"""Networks to draw, and what must hold in every drawing."""

import itertools

import numpy as np

from nnviz.core.address import Address, default_inputs, default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.picture.content import Content
from nnviz.picture.layout import lay_out
from nnviz.picture.parts import View
from nnviz.picture.picture import make_picture

COURSE = State(
    Network.from_weights(
        {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
    ),
    Dataset([[3, 5], [1, -1]], [[60], [50]]),
)


def state(sizes, *, biases=True, activation="relu", seed=0, spread=5):
    """Return a State with a network of `sizes`, three rows and targets.

    The weights are of the orders of magnitude from −`spread` to `spread`.
    """
    rng = np.random.default_rng(seed)
    count = len(sizes) - 1
    layers = []
    for k, (fan_in, nodes) in enumerate(itertools.pairwise(sizes)):
        weights = rng.normal(size=(nodes, fan_in)) * 10.0 ** rng.integers(
            -spread, spread + 1, (nodes, fan_in)
        )
        layers.append(
            Layer(
                default_nodes(k, count, nodes),
                activation if k < count - 1 else "identity",
                weights,
                -rng.exponential(size=nodes) if biases else None,
            )
        )
    network = Network(default_inputs(sizes[0]), tuple(layers))
    return State(network, Dataset(rng.normal(size=(3, sizes[0])), rng.normal(size=(3, sizes[-1]))))


def content_of(state, row=0, *, trace=None, slopes=None, slopes_of="", badges=None, fates=()):
    """Return what is shown of one row; its trace is computed here if it is not given."""
    if trace is None and 0 <= row < len(state.data):
        trace = state.network.forward(state.data.inputs[row])
    return Content(state, row, trace, slopes, slopes_of, badges or {}, fates)


def drawn(state, view=None, *, with_slopes=False, row=0, trace=None, badges=None, fates=(), **more):
    """Return the picture of the first row."""
    layout = lay_out(state.network, view or View(900, 500), slopes=with_slopes)
    found = None
    if with_slopes:
        found = slopes(state.network, state.data.inputs[:1], state.data.targets[:1])
    slopes_of = "slopes of row 1" if with_slopes else ""
    told = {"slopes_of": slopes_of, "badges": badges, "fates": fates}
    content = content_of(state, row, trace=trace, slopes=found, **told)
    return make_picture(content, layout, **more)


def meeting(one, others):
    """Return which of the rectangles `others` (an array of x, y, right, bottom) rectangle `one` covers."""
    x, y, right, bottom = others.T
    touch = 1e-6
    across = (one[0] < right - touch) & (x < one[2] - touch)
    return across & (one[1] < bottom - touch) & (y < one[3] - touch)


def sides(rects):
    return np.array([(r.x, r.y, r.right, r.bottom) for r in rects]).reshape(-1, 4)


def overlaps(picture):
    """Return every pair of labels that overlap, and every label that covers a node that is not its own."""
    labels = picture.labels
    places = sides(label.rect for label in labels)
    found = []
    for k, label in enumerate(labels):
        found += [
            (label.text, labels[k + 1 + i].text) for i in np.flatnonzero(meeting(places[k], places[k + 1 :]))
        ]
    boxes = [(node.address, node.rect) for node in picture.nodes]
    boxes += [(None, column.box) for column in picture.layout.columns if column.block and column.across == 1]
    boxes += [
        (Address("node", column.layer, node), column.rect(node))
        for column in picture.layout.columns
        for node in range(len(column.tops) if column.across > 1 else 0)
    ]
    corners = sides(rect for _, rect in boxes)
    own = {"name", "input", "z", "value", "badge", "bias", "node_slope"}
    for label, place in zip(labels, places, strict=True):
        if label.address.kind in {"heading", "subheading"}:
            continue
        for i in np.flatnonzero(meeting(place, corners)):
            node = boxes[i][0]
            if label.address.kind in own and node is not None and label.address[1:3] == node[1:3]:
                continue
            found.append((label.text, boxes[i]))
    return found
