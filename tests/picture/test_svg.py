"""The diagram as SVG, and the thumbnails in its nodes pixel by pixel."""

import base64
import itertools
import re
import struct
import zlib
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import thumbnail_columns, weight_colours, why_no_thumbnails
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import View
from nnviz.picture.picture import row_picture
from nnviz.picture.style import label_box, thumbnail_pixels, thumbnail_values
from nnviz.picture.svg import legend, sheet, svg
from tests.picture.diagrams import COURSE, drawn, state

SVG = "{http://www.w3.org/2000/svg}"
LIGHT = PALETTES["light"]


def parsed(*args, **more):
    return ElementTree.fromstring(svg(*args, **more))


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def test_every_text_of_the_picture_is_written_and_names_cannot_break_the_file():
    for sizes in ((2, 2, 1), (1, 8, 1), (2, 8, 8, 8, 1), (3, 1)):
        picture = sheet(drawn(state(sizes), View(900, 500), strongest=True), 900, 500).picture
        words = [label.text for label in picture.labels]
        assert texts(parsed(state(sizes), (900, 500))) == [*words, "+", "weight > 0", "−", "weight < 0"]
    names = ("<b>&", 'quote"]]>', "\u202eright to left")
    network = Network(names, (Layer(("\ufffe",), "identity", [[1, 2, 3]]),))
    assert "<b>&" in texts(parsed(State(network, Dataset([[1, 2, 3]]), name="a < b")))


def test_slopes_of_the_first_row_are_written_in_purple_and_need_targets(approved):
    line = State(Network.from_weights({"output": [0, 2]}), Dataset([[3, 4], [0, 0]], [[1], [0]]))
    root = parsed(line, view="slopes")
    purple = [e.text for e in root.iter(f"{SVG}text") if e.get("fill") == LIGHT.slope]
    assert purple == ["42", "56", "±"]
    approved("texts of a picture with slopes", "\n".join(texts(root)))
    with pytest.raises(ValueError, match="targets"):
        svg(replace(COURSE, data=Dataset(COURSE.data.inputs)), view="slopes")


@pytest.mark.parametrize("theme", PALETTES)
def test_svg_has_the_theme_colours_and_the_requested_size(theme):
    palette = PALETTES[theme]
    root, clear = (parsed(COURSE, (640, 360), theme=theme, transparent=own) for own in (False, True))
    strokes = [line.get("stroke") for line in root.iter(f"{SVG}line")]
    assert len(strokes) == 6
    assert palette.positive.lower() in strokes  # the largest weight, 7, in full colour
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("640", "360", "0 0 640 360")
    grounds = [each.findall(f".//{SVG}rect[@width='640']") for each in (root, clear)]
    assert [[rect.get("fill") for rect in own] for own in grounds] == [[palette.canvas], []]


def test_large_networks_draw_the_strongest_edges_and_tinted_strips():
    document = svg(state((784, 128, 64, 10)))
    root = ElementTree.fromstring(document)
    assert len(list(root.iter(f"{SVG}line"))) == 1500 + 1500 + 640
    uris = [image.get("href") for image in root.iter(f"{SVG}image")]
    assert len(uris) == 2
    assert all(uri.startswith("data:image/png;base64,iVBORw0KGgo") for uri in uris)
    assert len(document) < 600_000
    own = state((4, 30, 1), activation="tanh")  # its nodes are too small for a text
    colours = LIGHT.positive, LIGHT.negative
    tints = [rect for rect in parsed(own).iter(f"{SVG}rect") if rect.get("fill") in colours][:30]
    values = own.network.forward(own.data.inputs[0]).a[0][0]
    assert [tint.get("fill") == LIGHT.positive for tint in tints] == (values > 0).tolist()
    shares = [float(tint.get("fill-opacity", 1.0)) for tint in tints]
    assert shares == pytest.approx(abs(values) / abs(values).max(), abs=1e-3)


def test_the_legend_shows_each_number_in_its_own_shape():
    samples = legend(800, 20)
    assert [sample.meaning.text for sample in samples] == ["weight > 0", "weight < 0", "slope of the loss"]
    assert [sample.edge is None for sample in samples] == [False, False, True]
    for theme in PALETTES.values():
        *weights, slope = (label_box(sample.box, theme) for sample in samples)
        assert [box.line for box in weights] == [theme.positive, theme.negative]
        assert all(slope.radius < box.radius for box in weights)
    rects = [rect for sample in samples for rect in (sample.edge or sample.box.rect, sample.meaning.rect)]
    assert all(left.right < right.x for left, right in itertools.pairwise(rects))
    assert rects[-1].right == 800


# --- thumbnails in the nodes


def decoded(uri):
    """Return a PNG without filters as an array, shape (rows, columns, 4)."""
    data = base64.b64decode(uri.partition(",")[2])
    columns, rows = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT")
    size = struct.unpack(">I", data[start - 4 : start])[0]
    lines = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + size]), dtype=np.uint8)
    return lines.reshape(rows, 1 + 4 * columns)[:, 1:].reshape(rows, columns, 4)


def images(text):
    return [decoded(uri) for uri in re.findall(r'<image [^>]*href="([^"]+)"', text)]


def hexadecimal(pixel):
    return "#{:02X}{:02X}{:02X}".format(*pixel[:3])


def colours(shares):
    """Return the colours of values from −1 to 1 as RGB."""
    packed = weight_colours(np.append(shares.ravel(), 1.0)[None], LIGHT)[0, :-1].reshape(shares.shape)
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1)


def spread(values, count):
    """Return the middles of the parts that the span of `values`, with a tenth on either side, is cut into."""
    low, high = values.min(), values.max()
    room = 0.1 * (high - low)
    return low - room + (np.arange(count) + 0.5) / count * (high - low + 2 * room)


def grid(state, side):
    """Return the inputs of every pixel of a picture, read from the top left."""
    x0, x1 = (spread(state.data.inputs[:, k], side) for k in (0, 1))
    return np.array([(across, up) for up in x1[::-1] for across in x0])


def apart(seen, shares):
    """Return by how many shades a picture is off from values from −1 to 1; one is rounding."""
    wanted = colours(shares.reshape(seen.shape[:2]))
    return np.abs(seen[..., :3].astype(int) - wanted.astype(int)).max()


@pytest.mark.parametrize("activation", ["relu", "tanh", "softmax"])
def test_each_pixel_over_two_inputs_is_what_the_network_computes_there(activation):
    opened = state((2, 5, 3), activation=activation, spread=0)
    found = images(svg(opened, pictures=True))
    assert len(found) == 2 + 5 + 3
    rows = grid(opened, len(found[0]))
    a = np.column_stack([rows, *opened.network.forward(rows).a])
    for node, seen in enumerate(found):
        assert apart(seen, a[:, node] / (np.abs(a[:, node]).max() or 1.0)) <= 2
        assert (seen[..., 3] == 255).all()


@pytest.mark.parametrize("activation", ["identity", "sigmoid"])
def test_two_class_thumbnails_are_pale_at_a_half_and_mark_the_row(activation):
    opened = load(example("xor").path)
    *first, last = opened.network.layers
    network = replace(opened.network, layers=(*first, replace(last, activation=activation)))
    seen = images(svg(replace(opened, network=network), pictures=True))[-1]
    a = network.predict(grid(opened, len(seen)))[:, -1]
    assert apart(seen, np.clip(2 * a - 1, -1, 1)) <= 2
    data = Dataset([[0.25, 0.75], [0.0, 0.0], [1.0, 1.0]])
    root = parsed(replace(opened, network=network, data=data), pictures=True)
    point, image = root.find(f".//{SVG}rect[@fill='{LIGHT.ink}']"), root.find(f".//{SVG}image")
    x, y = (float(point.get(name)) + float(point.get("rx")) for name in ("x", "y"))
    left, top, width, height = (float(image.get(name)) for name in ("x", "y", "width", "height"))
    assert (x - left) / width == pytest.approx((0.25 + 0.1) / 1.2, abs=0.01)
    assert (y - top) / height == pytest.approx(1 - (0.75 + 0.1) / 1.2, abs=0.01)


def test_over_one_input_each_node_is_a_curve():
    opened = load(example("curve").path)
    text = svg(opened, pictures=True)
    assert images(text) == []
    polygons = re.findall(r'<polygon points="([^"]+)" fill="([^"]+)"', text)[:2]
    above, below = (np.array([point.split(",") for point in own.split()], float) for own, _ in polygons)
    assert [fill for _, fill in polygons] == [LIGHT.positive, LIGHT.negative]
    place = row_picture(opened, View(900, 464, pictures=True)).layout.columns[0].picture_of(0)
    assert above[:-2, 0] == pytest.approx(below[:-2, 0])  # of the input: a straight line through 0
    zero, at = above[-1, 1], spread(opened.data.inputs[:, 0], len(above) - 2)[1:-1]
    up = zero - np.minimum(above[1:-3, 1], below[1:-3, 1])
    down = np.maximum(above[1:-3, 1], below[1:-3, 1]) - zero
    curve = np.where(at > 0, up, -down)
    assert curve / curve.max() == pytest.approx(at / at.max(), abs=0.01)
    assert all(place.x - 0.1 <= px <= place.right + 0.1 for px in above[:, 0])


def test_pixels_show_the_row_as_an_image_and_their_nodes_show_weights():
    opened = load(example("digits").path)
    row, weights = opened.data.inputs[0].reshape(8, 8), opened.network.layers[0].weights
    image, *tiles = [own for own in images(svg(opened, pictures=True)) if own.shape == (8, 8, 4)]
    assert image[..., 3] == pytest.approx(255 * row / row.max(), abs=1)
    (plain,) = [own for own in images(svg(opened)) if own.shape == (8, 8, 4)]
    assert np.array_equal(plain, image)
    shares = weights.reshape(32, 8, 8) / np.abs(weights).max()
    for of_node, tile in zip(shares, tiles, strict=True):
        assert np.array_equal(tile[..., :3], colours(of_node))
    largest = np.unravel_index(np.abs(shares).argmax(), shares.shape)
    full = LIGHT.positive if shares[largest] > 0 else LIGHT.negative
    assert hexadecimal(np.array(tiles)[largest]) == full


def test_networks_without_thumbnails_say_why(approved):
    assert images(svg(load(example("xor").path))) == []
    told = {}
    for sizes in ((3, 4, 1), (2, 400, 400, 1)):
        opened = state(sizes, spread=0)
        told[str(sizes)] = why_no_thumbnails(opened.network)
        assert not thumbnail_columns(opened.network)
        asked, plain = (
            row_picture(opened, View(900, 500, pictures=own)).layout.columns for own in (True, False)
        )
        assert [(own.box, own.picture) for own in asked] == [(own.box, own.picture) for own in plain]
    approved("networks without thumbnails", told)


def test_huge_numbers_are_drawn():
    network = Network(["x", "y"], [Layer(["a", "b"], "identity", [[1e308, 1e308], [0.0, 0.0]])])
    picture = row_picture(State(network, Dataset([[-3.0, -3.0], [3.0, 3.0]])), View(900, 500, pictures=True))
    shown = thumbnail_pixels(thumbnail_values(picture, picture.layout.columns[1]), LIGHT)
    corners = hexadecimal(shown[0, 0, -1]), hexadecimal(shown[0, -1, 0])
    assert corners == (LIGHT.positive, LIGHT.negative)
    assert (shown[1] == shown[1, 0, 0]).all()
