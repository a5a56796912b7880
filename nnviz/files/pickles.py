"""Refuses files that are programs: a pickle runs what it likes when it is loaded, and none is ever loaded."""

from __future__ import annotations

import re

from nnviz.files.errors import FileError
from nnviz.files.source import Source

_TORCH = (".pt", ".pth", ".ckpt")
_SKLEARN = (".pkl", ".pickle", ".joblib")
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x28-\x95]")
"""The protocol and an order; of a file that begins with the length of a header, the third byte is smaller."""
_ZIP_OF_TORCH = re.compile(rb"PK\x03\x04.{22}.{4}[^\x00/]{1,200}/data\.pkl", re.DOTALL)


def refuse(source: Source) -> None:
    """Raise FileError, with the safe way round, for a pickle in any form, by its name or its bytes."""
    suffix, head = source.path.suffix.lower(), source.data[:400]
    if suffix in _TORCH or _ZIP_OF_TORCH.match(head):
        raise FileError(
            "PyTorch's own file is a pickle, a program that runs when it is loaded, so nnviz does not "
            'load it; in Python: safetensors.torch.save_file(model.state_dict(), "model.safetensors")'
        )
    if suffix in _SKLEARN or _PICKLE.match(head):
        raise FileError(
            "a pickle is a program that runs when it is loaded, so nnviz does not load it; "
            "in Python, where the model is at hand: nnviz.show(model)"
        )
