"""Networks to draw, and what must hold in every drawing."""

import functools
import itertools
import math
import re
from decimal import Decimal

import numpy as np

from nnviz.core.address import Address, default_inputs, default_nodes
from nnviz.core.metrics import means_classes
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import percent_text
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.picture.columns import lay_out, share_bar
from nnviz.picture.content import Content
from nnviz.picture.parts import View
from nnviz.picture.picture import make_picture
from nnviz.picture.text import text_width

COURSE = State(
    Network.from_weights(
        {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}, inputs=["accounts", "children"]
    ),
    Dataset([[3, 5], [1, -1]], [[60], [50]]),
)


@functools.cache
def state(sizes, *, biases=True, activation="relu", seed=0, spread=5, output="identity"):
    """Return a State with a network of `sizes`, three rows and targets, which are classes but for identity.

    The weights are of the orders of magnitude from −`spread` to `spread`.
    """
    rng, count = np.random.default_rng(seed), len(sizes) - 1
    layers = []
    for k, (fan_in, nodes) in enumerate(itertools.pairwise(sizes)):
        magnitudes = 10.0 ** rng.integers(-spread, spread + 1, (nodes, fan_in))
        weights = rng.normal(size=(nodes, fan_in)) * magnitudes
        own = activation if k < count - 1 else output
        bias = -rng.exponential(size=nodes) if biases else None
        layers.append(Layer(default_nodes(k, count, nodes), own, weights, bias))
    network = Network(default_inputs(sizes[0]), tuple(layers))
    inputs, targets = rng.normal(size=(3, sizes[0])), rng.normal(size=(3, sizes[-1]))
    return State(network, Dataset(inputs, targets if output == "identity" else targets > 0.0))


def drawn(state, view=None, *, with_slopes=False, row=0, shows=None, largest=None, strongest=False, **more):
    """Return the picture of a row with all weights, or the strongest of many; `more` are words of Content."""
    x = state.data.inputs[row : row + 1]
    if with_slopes:
        own = slopes(state.network, x, state.data.targets[row : row + 1])
        more = {"slopes": own, "slopes_of": f"slopes of row {row + 1}"} | more
    content = Content(state, row, state.network.forward(x[0]) if len(x) else None, **more)
    view = (view or View(900, 500))._replace(all_weights=not strongest)
    layout = lay_out(state.network, view, slopes=with_slopes, classes=means_classes(state))
    return make_picture(content, layout, shows=shows, largest=largest)


def shown(picture, kind):
    """Return how many labels of a kind are shown."""
    return sum(label.address.kind == kind for label in picture.labels)


def amounts(picture):
    """Return how many numbers and names are shown, of how many, and how large those on edges are."""
    network, sizes = picture.content.network, picture.content.network.sizes
    weights = sum(layer.weights.size for layer in network.layers)
    of = {"weight": weights, "slope": weights, "name": sum(sizes), "input": sizes[0]}
    of |= dict.fromkeys(("value", "node_slope", "bias"), sum(sizes[1:])) | {"share": sizes[-1]}
    found = [f"{kind} {shown(picture, kind)} of {of[kind]}" for kind in of if shown(picture, kind)]
    heights = sorted({round(label.size, 1) for label in on_edges(picture)})
    return ", ".join(found) + (f"; on edges {heights[0]} to {heights[-1]} px" if heights else "")


# --- what must hold in every drawing, whatever the network, the room and the zoom

PREFIXES = {"bias": "b ", "z": "z ", "target": "target ", "error": "error "}
BOLD = {"pill", "slope", "node_slope", "value", "dead", "heading", "error", "mark"}
IN_NODE = {"name", "input", "z", "value", "bias", "node_slope"}
UNDER_NODE = {"badge", "share", "target", "error"}
HEADINGS = {"heading", "subheading"}


def number(text):
    """Return the number that a text writes, and how many significant digits it has."""
    plain = text.replace("−", "-")
    digits = re.sub(r"e.*|[-.]", "", plain).lstrip("0")
    return Decimal(plain), len(digits)


def is_exact(text, value):
    """Return whether a text is the number, up to what float64 cannot hold."""
    return math.isclose(number(text)[0], value, rel_tol=1.001e-15)


def is_true(text, value):
    """Return whether a text is the exact number, or a correct rounding with four digits or more."""
    read, digits = number(text)
    last = Decimal(1).scaleb(read.as_tuple().exponent)
    return is_exact(text, value) or (digits >= 4 and abs(read - Decimal(value)) <= last / 2)


def covered(one, others):
    """Return which of the rectangles `others` (an array of x, y, right, bottom) rectangle `one` covers."""
    x, y, right, bottom = others.T
    touch = 1e-6
    across = (one[0] < right - touch) & (x < one[2] - touch)
    return across & (one[1] < bottom - touch) & (y < one[3] - touch)


def sides(rects):
    return np.array([(r.x, r.y, r.right, r.bottom) for r in rects]).reshape(-1, 4)


def overlaps(picture):
    """Return every pair of labels that overlap, and every label that covers a node that is not its own."""
    labels, columns = picture.labels, picture.layout.columns
    places = sides(label.rect for label in labels)
    found = [
        (labels[k].text, labels[k + 1 + i].text)
        for k in range(len(labels))
        for i in np.flatnonzero(covered(places[k], places[k + 1 :]))
    ]
    boxes = [*picture.nodes.items()]
    boxes += [(None, column.box) for column in columns if column.block and column.per_row == 1]
    for column in columns:
        nodes = range(len(column.tops) if column.per_row > 1 else 0)
        boxes += [(Address("node", column.layer, node), column.rect(node)) for node in nodes]
    corners = sides(rect for _, rect in boxes)
    for label, place in zip(labels, places, strict=True):
        for i in np.flatnonzero(covered(place, corners)) if label.address.kind not in HEADINGS else ():
            node = boxes[i][0]
            own = label.address.kind in IN_NODE | {"badge", "share"} and node is not None
            if not (own and label.address[1:3] == node[1:3]):
                found.append((label.text, boxes[i]))
    return found


def on_edges(picture):
    return [label for label in picture.labels if label.address.kind in {"weight", "slope"}]


def distances(gap, x, y):
    """Return the distance from a point to every edge of a gap, by the definition, shape (nodes, sources)."""
    across, down = gap.x1 - gap.x0, gap.y1[:, None] - gap.y0
    part = np.clip(((x - gap.x0) * across + (y - gap.y0) * down) / (across**2 + down**2), 0.0, 1.0)
    return np.hypot(gap.x0 + part * across - x, gap.y0 + part * down - y)


def astray(picture):
    """Return the numbers not on their edge and nearest to it, and those outside the body."""
    body, found = picture.layout.body, []
    for label in on_edges(picture):
        gap, (x, y) = picture.layout.gaps[label.address.layer], label.rect.center
        own, far = (label.address.node, label.address.source), distances(gap, x, y)
        on_edge = gap.point(*own, (x - gap.x0) / (gap.x1 - gap.x0))[1]
        is_on = abs(on_edge - y) < 1e-6
        inside = body.y - 1e-6 <= label.rect.y and label.rect.bottom <= body.bottom + 1e-6
        far[own] -= 1e-6
        if not (is_on and inside and far.argmin() == own[0] * far.shape[1] + own[1]):
            found.append(label)
    return found


def out_of_order(picture):
    """Return the pairs of numbers that stand above each other in another order than their edges there."""
    found = []
    for one, two in itertools.combinations(on_edges(picture), 2):
        layer = one.address.layer
        if two.address.layer != layer or one.rect.right < two.rect.x or two.rect.right < one.rect.x:
            continue
        gap = picture.layout.gaps[layer]
        (x0, y0), (x1, y1) = one.rect.center, two.rect.center
        part = ((x0 + x1) / 2 - gap.x0) / (gap.x1 - gap.x0)
        heights = [gap.point(each.address.node, each.address.source, part)[1] for each in (one, two)]
        if (y1 - y0) * (heights[1] - heights[0]) < -1e-6:
            found.append((one.text, two.text))
    for label in on_edges(picture):
        weight = picture.label(label.address._replace(kind="weight"))
        if weight is not None and weight.rect.center[0] > label.rect.center[0]:
            found.append(label)
    return found


def covers(rect, other):
    """Return whether the rectangle `other` lies inside `rect`."""
    covers_across = rect.x <= other.x and other.right <= rect.right
    return covers_across and rect.y <= other.y and other.bottom <= rect.bottom


def misplaced(picture):
    """Return the labels that are not in, or not under, their node, or are not hit where they stand."""
    found = []
    for label in picture.labels:
        kind, (x, y) = label.address.kind, label.rect.center
        box = picture.layout.column(label.address.layer).rect(label.address.node)
        is_in = covers(box, label.rect)
        is_inside = box.x - 1.6 <= label.rect.x and label.rect.right <= box.right + 1.6  # side by side
        is_under = label.rect.y >= box.bottom and (is_inside or abs(x - box.center[0]) < 1e-6)
        placed = is_in if kind in IN_NODE else is_in or is_under if kind in UNDER_NODE else True
        is_hit = picture.place(label.address) == label.rect and picture.address_at(x, y) == label.address
        found += [] if placed and is_hit else [label]
    return found


def untrue(picture):
    """Return the numbers that are not true or have no prefix, and texts wider than their place."""
    found = []
    for label in picture.labels:
        prefix = PREFIXES.get(label.address.kind, "")
        text = label.text.removeprefix(prefix)
        is_right = label.value is None or (label.text.startswith(prefix) and is_told(text, label))
        fits = text_width(label.text, label.size, label.style in BOLD) <= label.rect.width + 1e-6
        found += [] if is_right and fits else [label]
    return found


def is_told(text, label):
    """Return whether a text says the number of its label: of a share, of class 1 or of class 0."""
    if label.address.kind != "share":
        return is_true(text, label.value)
    return "%" not in text or percent_text(label.value) in text or percent_text(1 - label.value) in text


def barred(picture):
    """Return the bars of shares that a text or another node covers, or that reach out of the room."""
    column, places = picture.layout.columns[-1], sides(label.rect for label in picture.labels)
    nodes, found = sides(picture.nodes.values()), []
    for node in (
        column.visible_nodes(picture.layout.body)
        if picture.content.share(Address("share", column.layer)) is not None
        else ()
    ):
        bar = share_bar(column, node)
        if bar and (covered(sides([bar])[0], places).any() or covered(sides([bar])[0], nodes).any()):
            found.append(bar)
    return found


def amiss(picture):
    """Return the small pictures that are not in their node, and the texts that cover them."""
    found = []
    for column in picture.layout.columns if picture.layout.view.pictures else ():
        for node in range(len(column.tops) if column.picture else 0):
            place = column.picture_of(node)
            own = [
                picture.label(Address(kind, column.layer, node)) for kind in ("name", "z", "value", "input")
            ]
            texts = sides(label.rect for label in own if label)
            if not covers(column.rect(node), place) or covered(sides([place])[0], texts).any():
                found.append((column.layer, node))
    return found


def outside(picture):
    """Return what reaches out of the room under the headings, of a picture that is not zoomed."""
    places = [*picture.nodes.items()]
    places += [(None, column.box) for column in picture.layout.columns]
    places += [(label.address, label.rect) for label in picture.labels if label.address.kind not in HEADINGS]
    return [place for place in places if not covers(picture.layout.body, place[1])]


def faults(picture):
    """Return all of that by name; a part that does not hold is left out."""
    checks = [overlaps, astray, out_of_order, misplaced, untrue, amiss, barred]
    checks += [outside] if picture.layout.view.zoom == 1.0 else []
    return {check.__name__: found for check in checks if (found := check(picture))}
