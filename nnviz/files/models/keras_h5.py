"""Keras `.h5` files of Keras 1.2 to 3, and `.keras` files before 2023: architecture and weights as HDF5."""

from __future__ import annotations

from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.json_text import parse
from nnviz.files.models import keras_chain, keras_compiled, keras_writing, sandbox
from nnviz.files.source import Source

sniff = sandbox.sniff

_MODEL, _COMPILED = "model_config", "training_config"
"""_MODEL: attribute with the architecture. _COMPILED: attribute with the compile settings, if any."""


def read(source: Source) -> State:
    """Return the State in a Keras HDF5 file. Raises FileError."""
    file = sandbox.read(source.data, source.progress)
    text = file.text("", _MODEL)
    if not text:
        raise FileError(
            "the file contains weights but no model: save the whole model with model.save('mine.keras'), or "
            "open the model.json that belongs to the weights"
        )
    chain = keras_chain.chain_of(keras_chain.model_layers(parse(text)), source.notes)
    layers = keras_chain.dense_layers(chain, file, source.notes)
    return keras_compiled.state_of(layers, _compiled(file.text("", _COMPILED)), source)


def _compiled(text: str) -> object:
    """Return the settings that the model was compiled with, or None if they cannot be read."""
    try:
        return parse(text)
    except FileError:
        return None


def write(state: State) -> bytes:
    """Return the network of `state` as a file that Keras 2 and 3 can open. Raises FileError."""
    return keras_writing.old_file(state)


left_out, raw_rows = keras_writing.left_out, keras_writing.raw_rows


def replaced(data: bytes) -> list[str]:
    """Return the names of the parts of a file that are lost if nnviz overwrites it. Raises FileError."""
    file = sandbox.read(data)
    return keras_writing.replaced(parse(file.text("", _MODEL)), _compiled(file.text("", _COMPILED)))
