"""Keras' `model.json`: an architecture alone, whose weights stand in an HDF5 file beside it."""

from __future__ import annotations

import re

from nnviz.core.numbers import quoted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.json_text import decoded, parsed
from nnviz.files.models import dense, keras_chain, sandbox
from nnviz.files.source import Source

_BESIDE = (
    "{stem}.weights.h5",
    "{stem}_weights.h5",
    "{stem}.h5",
    "model.weights.h5",
    "weights.h5",
    "model.h5",
)
"""What the file of weights may be called, the likeliest first; `{stem}` is the architecture's name."""
_MODEL = re.compile(rb'"class_name"\s*:\s*"')


def sniff(data: bytes) -> bool:
    """Tell whether a text names a class as Keras does."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _MODEL.search(data) is not None


def read(source: Source) -> State:
    """Return the State of an architecture with the weights beside it. Raises FileError."""
    model = parsed(decoded(source.data), source.progress)
    chain = keras_chain.chain_of(keras_chain.parts(model), source.told)
    file = sandbox.read(source.beside(_weights(source)), source.progress)
    return dense.state_of(keras_chain.dense_layers(chain, file, source.told), source=source)


def _weights(source: Source) -> str:
    """Return the name of the file of weights. Raises FileError, with all names, where there is none."""
    names = dict.fromkeys(name.format(stem=source.path.stem) for name in _BESIDE)
    for name in names:
        if (source.path.parent / name).is_file():
            return name
    wish = ", ".join(map(quoted, names))
    raise FileError(f"it is an architecture without weights, and none of these is beside it: {wish}")
