"""The formats that are tested here: those whose optional libraries are installed."""

import io
import json
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from nnviz.files.registry import FORMATS
from tests.graphs import other_graphs

_EXTRAS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def installed(extra):
    """Tell whether all that an extra names is installed."""
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


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "models.npz": other_arrays,
    "models.safetensors": other_tensors,
    "models.onnx": other_graphs,
}
"""By a format's home, files as other programs write them: what is mutated besides what nnviz writes."""
BESIDE: dict[str, dict[str, bytes]] = {}
"""By a format's home, what stands beside each of its files; it is read in a folder that holds just that."""
SLOWER: dict[str, int] = {}
"""By a format's home, which part of the usual number of files is tried where reading one takes long."""
