"""Keras `model.json` files: an architecture whose weights are in an HDF5 file in the same folder."""

from __future__ import annotations

import re

from nnviz.core.numbers import quoted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.json_text import decode_text, parse
from nnviz.files.models import dense, keras_chain, sandbox
from nnviz.files.source import Source

_WEIGHT_FILES = (
    "{stem}.weights.h5",
    "{stem}_weights.h5",
    "{stem}.h5",
    "model.weights.h5",
    "weights.h5",
    "model.h5",
)
"""Possible names of the weights file, the likeliest first; `{stem}` is the architecture's name."""
_MODEL = re.compile(rb'"class_name"\s*:\s*"')


def sniff(data: bytes) -> bool:
    """Return whether data is JSON with the key "class_name", as in a Keras architecture."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _MODEL.search(data) is not None


def read(source: Source) -> State:
    """Return the State with this architecture and the weights in the same folder. Raises FileError."""
    model = parse(decode_text(source.data), source.progress)
    chain = keras_chain.chain_of(keras_chain.model_layers(model), source.notes)
    file = sandbox.read(source.read_sibling(_weights_name(source)), source.progress)
    return dense.state_of(keras_chain.dense_layers(chain, file, source.notes), source=source)


def _weights_name(source: Source) -> str:
    """Return the name of the weights file. Raises FileError with all possible names if none exists."""
    names = dict.fromkeys(name.format(stem=source.path.stem) for name in _WEIGHT_FILES)
    for name in names:
        if (source.path.parent / name).is_file():
            return name
    listed = ", ".join(map(quoted, names))
    message = "this architecture needs a file of weights in the same folder, with one of these names"
    raise FileError(f"{message}: {listed}")
