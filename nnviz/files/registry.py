"""The registry of file formats, with `load`, `save`, and errors for files that nnviz does not open.

A format converts between bytes and a State. This module chooses the format and writes safely.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from nnviz.core.numbers import file_label, one_line
from nnviz.core.state import State
from nnviz.files import atomic
from nnviz.files.atomic import LARGEST, LARGEST_BYTES, read_bytes
from nnviz.files.errors import (
    FileError,
    MissingActivationsError,
    Progress,
    UnsuitableFormatError,
    errors_as,
    missing_package_error,
)
from nnviz.files.source import RUN, Codec, Source, activation_names, check_given

_SKLEARN = (".pkl", ".pickle", ".joblib")
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x28-\x95]")
"""A pickle protocol and an opcode. In a safetensors file the third byte, of a length, is smaller."""


def refuse_pickle(source: Source) -> None:
    """Raise FileError if a file is a pickle that is not from PyTorch; the error says what to do instead."""
    is_pickle = source.path.suffix.lower() in _SKLEARN or _PICKLE.match(source.data)
    if is_pickle and not PYTORCH.codec.sniff(source.data):
        raise FileError(
            "nnviz opens a pickle only if torch.save has written it, and reads it as data; "
            "show other models from Python: nnviz.show(model)"
        )


_IN_PYTHON = "save the model in Python: model.save('model.keras')"
_BY_BYTES = {
    rb"\Z": "the file is empty",
    rb"version https://git-lfs\.": "the file is a Git LFS pointer; download its content with: git lfs pull",
    rb"(?i)\s*<(?:!doctype\s+)?html": "the file contains a web page; download the file itself",
    rb"\x93NUMPY": (
        "the file is one array with no name; save all arrays in Python: numpy.savez('model.npz', W0=…, b0=…)"
    ),
    rb"(?s).{4}TFL3": f"nnviz does not open TensorFlow Lite files; {_IN_PYTHON}",
}


def refuse_bytes(data: bytes) -> None:
    """Raise FileError if a file, by its first bytes, has a format that nnviz does not open."""
    for beginning, sentence in _BY_BYTES.items():
        if re.match(beginning, data[:400]):
            raise FileError(sentence)


@dataclass(frozen=True)
class Format:
    """A file format. The module that reads and writes the format is imported when it is first needed.

    ========== =======================================================================================
    `name`     name in file dialogs
    `suffixes` suffixes of the files to open, in lower case, with the dot
    `home`     module in `nnviz.files` and, after a colon, the name of the format's Codec in the module
    `saves`    suffixes of the files to save; None for all `suffixes`
    `extra`    optional extra of nnviz that the format needs
    ========== =======================================================================================
    """

    name: str
    suffixes: tuple[str, ...]
    home: str
    saves: tuple[str, ...] | None = None
    extra: str = ""

    @property
    def saved(self) -> tuple[str, ...]:
        """The suffixes that a file of this format can be saved with."""
        return self.suffixes if self.saves is None else self.saves

    @property
    def codec(self) -> Codec:
        """The functions of the format. Their module is imported at the first use."""
        codec: Codec = resolve_name(f"nnviz.files.{self.home}")
        return codec

    def read(self, source: Source) -> State:
        """Return the State in a file. Raises FileError, also if the format's package is not installed."""
        with self._with_extra():
            return self.codec.read(source)

    def write(self, state: State) -> bytes:
        """Return the bytes of a file. Raises FileError, also if the format's package is not installed."""
        with self._with_extra():
            assert self.codec.write is not None
            return self.codec.write(state)

    @contextmanager
    def _with_extra(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            if not self.extra:
                raise
            raise missing_package_error(f"this format ({self.name})", str(error.name), self.extra) from error


_MOST_NOTES = 5
"""Most notes on one file; a hostile file could cause thousands of notes."""

TABLES = (".csv", ".tsv")
"""Suffixes of tables; a .txt file may be a table or a network."""

PYTORCH = Format("PyTorch model", (".pt", ".pth", ".ckpt"), "models.pytorch:PYTORCH", ())
TABLE_FORMAT = Format("table of rows", TABLES, "table:TABLE", ())
FORMATS = (
    Format("nnviz network", (".json",), "native:NATIVE"),
    Format("weights dictionary", (".py", ".txt", ".json"), "models.course:COURSE", (".py", ".txt")),
    Format("NumPy arrays", (".npz",), "models.npz:NPZ"),
    Format("safetensors", (".safetensors",), "models.safetensors:SAFETENSORS"),
    PYTORCH,
    Format("ONNX model", (".onnx",), "models.onnx:ONNX", extra="models"),
    Format("Keras model", (".keras",), "models.keras:KERAS_ARCHIVE", extra="models"),
    Format("Keras model, HDF5", (".h5", ".hdf5", ".keras"), "models.keras:KERAS_H5", (".h5",), "models"),
    Format("TensorFlow.js layers model", (".json",), "models.tfjs:TFJS", ()),
    Format("Keras architecture, separate weights", (".json",), "models.keras:KERAS_JSON", (), "models"),
    TABLE_FORMAT,
)
"""All formats.

If several formats share a suffix, the bytes of a file decide its format. Each suffix is saved in one format.
"""


def load(
    path: str | os.PathLike[str], progress: Progress | None = None, activations: Sequence[str] | None = None
) -> State:
    """Return the State in a file of any known format.

    `activations`, one for each layer, are for files without activations. Raises FileError, also for a table.
    """
    path = Path(path)
    answer = None if activations is None else activation_names(activations)
    source = Source(read_bytes(path, progress), path, progress, answer)
    if is_table(source):
        command = f"nnviz convert {path.name} {path.stem}.json"
        raise FileError(f"{path} is a table, not a network; make a network for its columns with `{command}`")
    return read(source)


def read(source: Source) -> State:
    """Return the State in a file. The first bytes of the file and the suffix choose the format.

    Raises FileError.
    """
    with errors_as(f"{source.path} is too large for this computer's memory", kind=MemoryError):
        state = _format_of(source).read(source)
    if source.activations is not None:
        check_given(source.activations, [layer.activation for layer in state.network.layers])
    more = len(source.notes) - _MOST_NOTES
    source.notes[:] = map(one_line, source.notes[:_MOST_NOTES])  # for the window and a terminal
    if more > 0:
        source.notes.append(f"further messages on this file that nnviz does not show: {more:,}")
    return state


def is_table(source: Source) -> bool:
    """Return whether a file is a table; a table has no network, so nnviz makes a new one for it."""
    return _format_of(source) is TABLE_FORMAT


def is_saved(source: Source) -> bool:
    """Return whether a file keeps its present format if nnviz saves it under the same suffix."""
    return source.path.suffix.lower() in _format_of(source).saved


def is_saved_at(path: Path) -> bool:
    """Return whether a save to `path` keeps the file's present format. True if the file cannot be read."""
    try:
        return is_saved(Source(read_bytes(path), path))
    except FileError:
        return True


def save(state: State, path: str | os.PathLike[str]) -> None:
    """Save `state` in the format of the path's suffix; after an error the old file is unchanged.

    `losses_on_save` says what the format does not keep. Raises FileError.
    """
    atomic.write(path, encode(state, path))


def encode(state: State, path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of `state` in the format of `path`. Raises FileError if the format cannot hold it."""
    form = format_for(path)
    try:
        data = form.write(state)
    except FileError as error:
        raise type(error)(f"{path} was not saved: {error}") from error
    if len(data) > LARGEST_BYTES:
        raise FileError(f"{path} was not saved: the file would have {len(data) / 2**20:.0f} MB; {LARGEST}")
    return data


def losses_on_save(state: State, path: str | os.PathLike[str]) -> str:
    """Return sentences on the parts of `state` that a file with this suffix leaves out or changes, or "".

    Raises FileError for an unknown suffix.
    """
    form, never = format_for(path), FORMATS[0].codec.left_out(state)
    only_here = [
        part for part in form.codec.left_out(state) if part not in never and not (never and part == RUN)
    ]
    name, parts = file_label(Path(path)), _listed(only_here + never)
    sentences = [f"{name} leaves out {parts}"] if parts else []
    if only_here:
        sentences.append(f"a file that ends in .json keeps {parts_kept_by_json(state) if never else 'them'}")
    return "; ".join(filter(None, [*sentences, form.codec.raw_rows(state, name)]))


def parts_kept_by_json(state: State) -> str:
    """Return "everything" or "everything except …", for the parts of `state` that a .json file keeps."""
    never = FORMATS[0].codec.left_out(state)
    return f"everything except {_listed(never)}" if never else "everything"


def losses_on_overwrite(path: Path) -> str:
    """Return a sentence on what a save over the file at `path` loses, or "" if nnviz wrote the same bytes.

    Raises FileError if the file is missing or cannot be read.
    """
    if is_native(path):
        return ""
    source, losing = Source(read_bytes(path), path), f"Saving over {file_label(path)} loses"
    try:
        unread = _format_of(source).codec.unread
        is_own = not unread or encode(read(source), path) == source.data
    except (MissingActivationsError, UnsuitableFormatError):
        is_own = False
    except FileError:
        return f"{losing} its content, which nnviz cannot open"
    return "" if is_own else f"{losing} the parts that nnviz does not read, such as {unread}"


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def is_native(path: str | os.PathLike[str]) -> bool:
    """Return whether nnviz saves a file of this name in its own format."""
    return Path(path).suffix.lower() in FORMATS[0].suffixes


def format_for(path: str | os.PathLike[str]) -> Format:
    """Return the format in which `path` is saved. Raises FileError for an unknown suffix."""
    suffix = Path(path).suffix.lower()
    for each in FORMATS:
        if suffix in each.saved:
            return each
    raise FileError(f"{path} was not saved: its name must end in {' or '.join(savable_suffixes())}")


def savable_suffixes() -> tuple[str, ...]:
    """Return all suffixes of files that nnviz saves."""
    return tuple(suffix for each in FORMATS for suffix in each.saved)


def openable_suffixes() -> tuple[str, ...]:
    """Return all suffixes of files that nnviz opens."""
    return tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))


def kinds() -> dict[str, tuple[str, ...]]:
    """Return a dictionary from the name of each format that nnviz saves to the suffixes of the format."""
    return {each.name: each.saved for each in FORMATS if each.saved}


def _format_of(source: Source) -> Format:
    refuse_pickle(source)
    refuse_bytes(source.data)
    if source.path.name == "saved_model.pb":
        raise FileError(f"nnviz does not open a TensorFlow SavedModel, which is a program; {_IN_PYTHON}")
    suffix = source.path.suffix.lower()
    likely = [each for each in FORMATS if suffix in each.suffixes]
    for each in (*likely, *FORMATS):
        if each.codec.sniff(source.data):
            return each
    if likely:
        return likely[0]
    raise FileError(f"{source.path} is not in a format that nnviz knows")
