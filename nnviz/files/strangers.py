"""Files that are often met and are no model that nnviz opens: refused with the way to one that is."""

from __future__ import annotations

import re

from nnviz.files.errors import FileError
from nnviz.files.source import Source

_AS_KERAS = "nnviz does not open; in Python, where the model is at hand: model.save('model.keras')"
_BY_BYTES = {
    rb"\Z": "the file is empty",
    rb"version https://git-lfs\.": "it stands for one that Git LFS keeps elsewhere: git lfs pull brings it",
    rb"(?i)\s*<(?:!doctype\s+)?html": "it is a web page: download the file itself",
    rb"\x93NUMPY": (
        "it is one array without a name; in Python, with all of them: numpy.savez('model.npz', W0=…, b0=…)"
    ),
    rb"(?s).{4}TFL3": f"it is TensorFlow Lite's, which {_AS_KERAS}",
}
_SAVED_MODEL = f"it is a SavedModel of TensorFlow's, a program that {_AS_KERAS}"


def refuse(source: Source) -> None:
    """Raise FileError for what one of these begins with, and for the file of TensorFlow's by its name."""
    refuse_bytes(source.data)
    if source.path.name == "saved_model.pb":
        raise FileError(_SAVED_MODEL)


def refuse_bytes(data: bytes) -> None:
    """Raise FileError for what one of these begins with."""
    for beginning, sentence in _BY_BYTES.items():
        if re.match(beginning, data[:400]):
            raise FileError(sentence)
