"""Keras' `.h5`, of Keras 1.2 to 3, and its `.keras` of before 2023: architecture and weights as HDF5."""

from __future__ import annotations

from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.json_text import parsed
from nnviz.files.models import keras_chain, keras_compiled, keras_writing, sandbox
from nnviz.files.source import Source

sniff = sandbox.sniff

_MODEL, _COMPILED = "model_config", "training_config"
"""Attributes of the file; the second one is not there where the model is not compiled."""


def read(source: Source) -> State:
    """Return the State in a file of Keras'. Raises FileError."""
    file = sandbox.read(source.data, source.progress)
    text = file.text("", _MODEL)
    if not text:
        raise FileError(
            "it holds weights alone, without the model: save the whole one with model.save('mine.keras'), "
            "or open the model.json that they belong to"
        )
    chain = keras_chain.chain_of(keras_chain.parts(parsed(text)), source.told)
    made = keras_chain.dense_layers(chain, file, source.told)
    return keras_compiled.state_of(made, _compiled(file.text("", _COMPILED)), source)


def _compiled(text: str) -> object:
    """Return how the model was compiled; None where that is nothing that can be read: it opens without it."""
    try:
        return parsed(text)
    except FileError:
        return None


def write(state: State) -> bytes:
    """Return the network of `state` as a file that Keras 2 and 3 open. Raises FileError."""
    return keras_writing.old_file(state)


left_out, raw_rows = keras_writing.left_out, keras_writing.raw_rows


def replaced(data: bytes) -> list[str]:
    """Return what of a file is lost where one of nnviz's takes its place. Raises FileError."""
    file = sandbox.read(data)
    return keras_writing.replaced(parsed(file.text("", _MODEL)), _compiled(file.text("", _COMPILED)))
