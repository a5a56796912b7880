"""The formats that are tested here: those whose optional libraries are installed."""

import io
import json
import os
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nnviz.files.registry import FORMATS
from tests.graphs import other_graphs
from tests.torch_files import examples

_EXTRAS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def installed(extra):
    """Return whether all that an extra names is installed."""
    return all(find_spec(line.partition(">=")[0]) for line in _EXTRAS.get(extra, ()))


HERE = [form for form in FORMATS if installed(form.extra)]
SAVED = [form for form in HERE if form.saved]


def other_arrays() -> list[bytes]:
    found = []
    for save, kind in ((np.savez, "<f4"), (np.savez_compressed, ">f8")):
        file = io.BytesIO()
        weights = np.asfortranarray([[2, 4, 1], [4, -5, 0]], kind)
        rows = {"inputs": np.eye(3, dtype=kind), "targets": np.eye(3, 1)} if kind == "<f4" else {}
        activations = ["relu", "leaky_relu(0.2)"]
        save(file, W0=weights, b0=[1, 2], W1=weights[:1, :2], activations=activations, **rows)
        found.append(file.getvalue())
    return found


def other_tensors() -> list[bytes]:
    body = np.arange(9, dtype="<f4").tobytes()
    head = {
        "__metadata__": {"format": "pt", "nnviz.activations": "tanh,identity"},
        "module.fc1.bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "module.fc1.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [8, 24]},
        "module.out.weight": {"dtype": "BF16", "shape": [3, 2], "data_offsets": [24, 36]},
    }
    text = json.dumps(head).encode()
    return [len(text).to_bytes(8, "little") + text + body]


def keras_archives() -> list[bytes]:
    from tests.models.keras_files import MODEL, counted_weights, functional_model, keras_zip

    root = "_layer_checkpoint_dependencies"
    return [
        keras_zip(functional_model(), counted_weights(["layers/dense", "layers/dense_1"])),
        keras_zip(MODEL, counted_weights([f"{root}/dense", f"{root}/dense_2"])),
    ]


def keras_hdf5() -> list[bytes]:
    from tests.models.keras_files import MODEL, OLD_WEIGHTS, old_h5, packed_h5, sequential

    inner = sequential(MODEL["config"]["layers"][0])
    inner["config"]["name"] = "encoder"
    nested = sequential(inner, MODEL["config"]["layers"][1])
    first, second = OLD_WEIGHTS.values()
    return [old_h5(MODEL, OLD_WEIGHTS), old_h5(nested, {"encoder": first, "dense_2": second}), packed_h5()]


def keras_architectures() -> list[bytes]:
    from tests.models.keras_files import MODEL, functional_model

    return [json.dumps(model).encode() for model in (MODEL, functional_model())]


def keras_weights() -> dict[str, bytes]:
    from tests.models.keras_files import counted_weights

    return {"model.weights.h5": counted_weights(["layers/dense", "layers/dense_1"])}


def layers_models() -> list[bytes]:
    shapes = {"dense_1/kernel": [2, 3], "dense_1/bias": [3], "dense_2/kernel": [3, 1], "dense_2/bias": [1]}
    packed = {"dtype": "uint8", "min": -2.0, "scale": 0.02, "original_dtype": "float32"}
    weights = [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in shapes.items()]
    layers = [
        {"class_name": "Dense", "config": {"name": f"dense_{k}", "units": units, "activation": activation}}
        for k, units, activation in ((1, 3, "relu"), (2, 1, "linear"))
    ]
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    found = []
    for topology, how in ((model, {}), ({"model_config": model}, {"quantization": packed})):
        manifest = [{"paths": ["weights.bin"], "weights": [{**each, **how} for each in weights]}]
        found.append({"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest})
    return [json.dumps(each).encode() for each in found]


def tables() -> list[bytes]:
    return [
        b"id,length,colour,kind\n1,5.1,red,cat\n2,4,blue,dog\n3,,red,cat\n4,1e2,green,dog\n",
        b"a;b;y\r\n1,5;-2;0\r\n3;4;1\r\n5;6;1\r\n",
        *("é|größe\n1|2\n3|4\n-5|1e-3\n".encode(each) for each in ("cp1252", "utf-16-le", "utf-16-be")),
        'é\t"Ma\nß"\n1\t2\n3\t4\n'.encode("utf-8-sig"),
    ]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "models.npz:NPZ": other_arrays,
    "models.safetensors:SAFETENSORS": other_tensors,
    "models.pytorch:PYTORCH": examples,
    "models.onnx:ONNX": other_graphs,
    "models.keras:KERAS_ARCHIVE": keras_archives,
    "models.keras:KERAS_H5": keras_hdf5,
    "models.keras:KERAS_JSON": keras_architectures,
    "models.tfjs:TFJS": layers_models,
    "table:TABLE": tables,
}
"""By a format's home, files as other programs write them: what is mutated besides what nnviz writes."""
BESIDE: dict[str, dict[str, bytes]] = {
    "models.tfjs:TFJS": {"weights.bin": np.linspace(-1, 1, 13).astype("<f4").tobytes()},
    **({"models.keras:KERAS_JSON": keras_weights()} if installed("models") else {}),
}
"""By a format's home, what stands beside each of its files; it is read in a folder that holds just that."""
SLOWER: dict[str, int] = dict.fromkeys(
    ("models.keras:KERAS_ARCHIVE", "models.keras:KERAS_H5"), 3 if hasattr(os, "fork") else 20
)
"""By a format's home, which part of the usual number of files is tried where reading one takes long."""
