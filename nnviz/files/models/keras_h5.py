"""Keras' `.h5`, of Keras 1.2 to 3, and its `.keras` of before 2023: architecture and weights as HDF5."""

from __future__ import annotations

from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.json_text import parsed
from nnviz.files.models.hdf5 import reading
from nnviz.files.models.keras import compiled, config, layers, lost, weights, written
from nnviz.files.source import Source

sniff = reading.sniff

_MODEL, _COMPILED = "model_config", "training_config"
"""Attributes of the file; the second one is not there where the model is not compiled."""


def read(source: Source) -> State:
    """Return the State in a file of Keras'. Raises FileError."""
    file = reading.read(source.data, source.progress)
    text = file.text("", _MODEL)
    if not text:
        raise FileError(
            "it holds weights alone, without the model: save the whole one with model.save('mine.keras'), "
            "or open the model.json that they belong to"
        )
    chain = layers.chain(config.parts(parsed(text)), source.told)
    made = weights.dense_layers(chain, file, source.told)
    return compiled.state_of(made, _compiled(file.text("", _COMPILED)), source)


def _compiled(text: str) -> object:
    """Return how the model was compiled; None where that is nothing that can be read: it opens without it."""
    try:
        return parsed(text)
    except FileError:
        return None


def write(state: State) -> bytes:
    """Return the network of `state` as a file that Keras 2 and 3 open. Raises FileError."""
    return written.old_file(state)


left_out, raw_rows = written.left_out, written.raw_rows


def replaced(data: bytes) -> list[str]:
    """Return what of a file is lost where one of nnviz's takes its place. Raises FileError."""
    file = reading.read(data)
    return lost.replaced(parsed(file.text("", _MODEL)), _compiled(file.text("", _COMPILED)))
