"""TensorFlow.js' layers models, made by hand: read with their weights beside them, packed or not."""

import json

import numpy as np
import pytest

from nnviz.files.errors import FileError
from nnviz.files.registry import format_for, load
from tests.models.keras_files import BIASES, KERNELS, MODEL, predicted

X = np.array([[3.0, 5.0], [-1.0, 2.0], [0.5, -0.5]])
NAMES = ("dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias")
ARRAYS = dict(zip(NAMES, (KERNELS[0], BIASES[0], KERNELS[1], BIASES[1]), strict=True))


def plain(name, array):
    return {"name": name, "shape": list(array.shape), "dtype": "float32"}, array.astype("<f4").tobytes()


def half(name, array):
    spec = {"name": name, "shape": list(array.shape), "dtype": "float32"}
    return {**spec, "quantization": {"dtype": "float16", "original_dtype": "float32"}}, array.astype(
        "<f2"
    ).tobytes()


def packed(kind):
    def pack(name, array):
        steps = np.iinfo(kind).max
        least, scale = float(array.min()), float(np.ptp(array) / steps) or 1.0
        data = np.round((array - least) / scale).astype(np.dtype(kind).newbyteorder("<"))
        spec = {"name": name, "shape": list(array.shape), "dtype": "float32"}
        how = {"dtype": kind, "min": least, "scale": scale, "original_dtype": "float32"}
        return {**spec, "quantization": how}, data.tobytes()

    return pack


def written(folder, how=plain, shards=1, topology=None, arrays=ARRAYS, **more):
    """Write a model, its weights in so many files; return the path of its model.json."""
    specs, data = zip(*(how(name, array) for name, array in arrays.items()), strict=True)
    whole = b"".join(data)
    cuts = [len(whole) * k // shards for k in range(shards + 1)]
    paths = [f"group1-shard{k + 1}of{shards}.bin" for k in range(shards)]
    for k, path in enumerate(paths):
        (folder / path).write_bytes(whole[cuts[k] : cuts[k + 1]])
    topology = topology or {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": MODEL}
    manifest = [{"paths": paths, "weights": list(specs)}]
    model = {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest, **more}
    (folder / "model.json").write_text(json.dumps(model))
    return folder / "model.json"


def changed(folder, **spec):
    """Return the path of a model whose first weight is said to be otherwise."""
    path = written(folder)
    model = json.loads(path.read_text())
    model["weightsManifest"][0]["weights"][0] |= spec
    path.write_text(json.dumps(model))
    return path


def is_the_network(network, close=1e-12):
    np.testing.assert_allclose(network.predict(X), predicted(X), rtol=close)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_layers_model_opens_with_its_weights_from_one_file_or_several(shards, tmp_path):
    is_the_network(load(written(tmp_path, shards=shards)).network)


def test_a_model_that_tensorflow_js_itself_has_saved_opens(tmp_path):
    is_the_network(load(written(tmp_path, topology={**MODEL, "keras_version": "tfjs-layers 4.2.0"})).network)


@pytest.mark.parametrize(("how", "close"), [(half, 1e-3), (packed("uint16"), 1e-3), (packed("uint8"), 0.05)])
def test_packed_weights_are_what_tensorflow_js_computes_from_them(how, close, tmp_path):
    found = load(written(tmp_path, how)).network
    is_the_network(found, close)
    spec, data = how("dense_1/kernel", KERNELS[0])
    if "scale" in (pack := spec["quantization"]):
        exact = np.frombuffer(data, pack["dtype"]).astype(float) * pack["scale"] + pack["min"]
        np.testing.assert_array_equal(found.layers[0].weights.T.ravel(), exact.astype(np.float32))


def test_it_is_not_saved_to():
    assert format_for("model.json").name == "nnviz network"


def refused(path):
    with pytest.raises(FileError) as caught:
        load(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["../secret.bin", "/etc/passwd", "a/b.bin", "..", "C:\\secret", "link.bin", ""]
)
def test_weights_from_elsewhere_are_refused(name, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(200))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    path = written(folder)
    path.write_text(path.read_text().replace("group1-shard1of1.bin", name.replace("\\", "\\\\")))
    assert "plain name" in (said := refused(path)) or "is a link" in said


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"shape": [10**6, 10**6]}, "at most 4,000,000"),
        ({"shape": [2000, 2000]}, "too short"),
        ({"shape": [-1, -1]}, "no shape"),
        ({"shape": [True, 3]}, "no shape"),
        ({"shape": [1] * 40}, "no shape"),
        ({"shape": 3}, "expected a name and a shape"),
        ({"dtype": "string"}, "'string'"),
        ({"dtype": "int32"}, "'int32'"),
        ({"quantization": {"dtype": "complex64"}}, "'complex64'"),
        ({"quantization": {"dtype": "uint8", "scale": "1", "min": 0}}, "expected a number"),
        ({"quantization": {"dtype": "uint8", "scale": 10**300, "min": 0}}, "expected a number"),
        ({"quantization": [1]}, "expected an object"),
        ({"name": "dense_1/bias"}, "stands twice"),
        ({"name": "dense_7/kernel"}, "dense_1: expected a kernel and biases, found 1 array"),
    ],
)
def test_weights_that_are_not_what_is_said_of_them_are_refused(spec, words, tmp_path):
    assert words in refused(changed(tmp_path, **spec))


def test_more_weights_than_a_model_of_dense_layers_has_are_refused(tmp_path):
    more = {f"more_{k}/bias": np.zeros(0) for k in range(4_001)}
    assert refused(written(tmp_path, arrays=more)) == (
        "weightsManifest[0].weights: expected at most 4,000, found 4,001"
    )


def test_a_missing_file_of_weights_is_named(tmp_path):
    path = written(tmp_path)
    (tmp_path / "group1-shard1of1.bin").unlink()
    assert "there is no file" in (said := refused(path))
    assert "group1-shard1of1.bin" in said


def test_a_graph_of_operations_is_refused(tmp_path):
    path = written(tmp_path, topology={"node": [], "library": {}}, format="graph-model")
    assert "graph of operations" in refused(path)


@pytest.mark.parametrize(
    "manifest", [None, {}, [[]], [{"paths": "x", "weights": []}], [{"paths": [1], "weights": []}]]
)
def test_a_manifest_that_is_none_is_refused(manifest, tmp_path):
    path = written(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "weightsManifest": manifest}))
    assert refused(path)
