"""Keras `.keras` files: zip archives of an architecture as JSON and weights as HDF5."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from nnviz.core.state import State
from nnviz.files.json_text import decode_text, parse
from nnviz.files.models import keras_chain, keras_compiled, keras_writing, sandbox
from nnviz.files.models.npz import Archive
from nnviz.files.source import Source

CONFIG, METADATA = "config.json", "metadata.json"
_COMPILED = "compile_config"
"""Key in the architecture; missing if the model is not compiled."""
WEIGHTS = ("model.weights.h5", "variables.h5")
"""Name of the weights file in Keras 3, then its name in the first releases of Keras 2.12."""
_LIST_BYTES = 2**16
_CONFIG_BYTES = 2**25
"""Far more than the largest network needs; as text it may take four times this memory."""


def sniff(data: bytes) -> bool:
    """Return whether data is a zip archive that contains the file of a Keras architecture."""
    return data.startswith(b"PK\x03\x04") and CONFIG.encode() in data[-_LIST_BYTES:]


def read(source: Source) -> State:
    """Return the State in a Keras archive. Raises FileError."""
    archive = Archive(source.data)
    model = keras_chain.json_object(_architecture(archive), "the model")
    chain = keras_chain.chain_of(keras_chain.model_layers(model), source.notes)
    member = next((name for name in WEIGHTS if name in archive.names), WEIGHTS[0])
    file = sandbox.read(archive.read(member), source.progress)
    layers = keras_chain.dense_layers(chain, file, source.notes)
    return keras_compiled.state_of(layers, model.get(_COMPILED), source)


def _architecture(archive: Archive) -> object:
    return parse(decode_text(archive.read(CONFIG, _CONFIG_BYTES)))


def write(state: State) -> bytes:
    """Return the network of `state` as an archive that Keras 3 opens. Raises FileError."""
    layers = keras_writing.layers(state, old=False)
    settings = keras_writing.settings(state, old=False)
    model = {**keras_writing.architecture(layers, old=False), **({_COMPILED: settings} if settings else {})}
    parts = {
        METADATA: json.dumps({"keras_version": keras_writing.VERSION}).encode(),
        CONFIG: json.dumps(model).encode(),
        WEIGHTS[0]: keras_writing.weights(layers, state.training if settings else None),
    }
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # without a time: equal networks, equal files
    return memory.getvalue()


left_out, raw_rows = keras_writing.left_out, keras_writing.raw_rows


def replaced(data: bytes) -> list[str]:
    """Return the names of the parts of an archive that are lost if nnviz overwrites it. Raises FileError."""
    archive = Archive(data)
    model = _architecture(archive)
    settings = model.get(_COMPILED) if isinstance(model, Mapping) else None
    files = ["the archive's other files"] if {*archive.names} - {CONFIG, METADATA, *WEIGHTS} else []
    return keras_writing.replaced(model, settings) + files
