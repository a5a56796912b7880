"""The registry of file formats: `load`, `save`, and files that nnviz refuses.

A format converts between bytes and a State; choosing the format and writing safely happen here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from nnviz.core.activations import activation
from nnviz.core.numbers import file_named, on_one_line
from nnviz.core.state import State
from nnviz.files import atomic
from nnviz.files.atomic import LARGEST, LARGEST_BYTES, read_bytes
from nnviz.files.errors import FileError, Progress, not_installed, told_by_core
from nnviz.files.source import RUN, Source, as_names

_TORCH = (".pt", ".pth", ".ckpt")
_SKLEARN = (".pkl", ".pickle", ".joblib")
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x28-\x95]")
"""The protocol and an order; of a file that begins with the length of a header, the third byte is smaller."""
_ZIP_OF_TORCH = re.compile(rb"PK\x03\x04.{22}.{4}[^\x00/]{1,200}/data\.pkl", re.DOTALL)


def refuse_pickle(source: Source) -> None:
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


def refuse_unsupported(source: Source) -> None:
    """Raise FileError for what one of these begins with, and for the file of TensorFlow's by its name."""
    refuse_bytes(source.data)
    if source.path.name == "saved_model.pb":
        raise FileError(_SAVED_MODEL)


def refuse_bytes(data: bytes) -> None:
    """Raise FileError for what one of these begins with."""
    for beginning, sentence in _BY_BYTES.items():
        if re.match(beginning, data[:400]):
            raise FileError(sentence)


@dataclass(frozen=True)
class Format:
    """A file format; the module that reads and writes it is imported when it is needed.

    ========== =======================================================================================
    `name`     what file dialogs call it
    `suffixes` of what is opened, lower case, with the dot
    `home`     its module in `nnviz.files`, with the functions below; the last three may be missing there
    `saves`    the suffixes that it is saved with; None for all of them
    `extra`    the optional extra of nnviz that it needs
    `sniff`    tells from its bytes whether a file is of this format
    `read`     Source → State; raises FileError
    `write`    State → bytes; raises FileError
    `left_out` what of a State `write` does not keep, in words
    `raw_rows` what a file of a State with standardised inputs does with them, in words
    `replaced` what of a file's bytes is lost where `write` puts others in their place, in words
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

    def sniff(self, data: bytes) -> bool:
        """Tell whether bytes are of this format."""
        return bool(self._module.sniff(data))

    def read(self, source: Source) -> State:
        """Return the State in a file. Raises FileError, also where what it takes is not installed."""
        with self._with_extra():
            state: State = self._module.read(source)
        return state

    def write(self, state: State) -> bytes:
        """Return the bytes of a file. Raises FileError, also where what it takes is not installed."""
        with self._with_extra():
            return bytes(self._module.write(state))

    def left_out(self, state: State) -> list[str]:
        """Return what of `state` a file does not keep."""
        own = getattr(self._module, "left_out", None)
        return own(state) if own else []

    def raw_rows(self, state: State) -> str:
        """Return what a file of `state` does with raw rows where its inputs are standardised, or ""."""
        own = getattr(self._module, "raw_rows", None)
        return own(state) if own else ""

    def replaced(self, data: bytes) -> list[str]:
        """Return what of a file's bytes a save in its place would not keep."""
        own = getattr(self._module, "replaced", None)
        with self._with_extra():
            return own(data) if own else []

    @contextmanager
    def _with_extra(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            if not self.extra:
                raise
            what = self.name.partition(",")[0]
            article = "An" if what[0] in "AEIOU" else "A"
            raise not_installed(f"{article} {what}", str(error.name), self.extra) from error

    @property
    def _module(self) -> ModuleType:
        return import_module(f"nnviz.files.{self.home}")


_MOST_TOLD = 5
"""Sentences on what is not as it stands in a file, of which a hostile one has thousands."""

TABLES = (".csv", ".tsv")
"""Suffixes of files that hold rows; a text may also hold some, or a network."""

FORMATS = (
    Format("nnviz network", (".json",), "native"),
    Format("weights dictionary", (".py", ".txt", ".json"), "models.course"),
    Format("NumPy arrays", (".npz",), "models.npz"),
    Format("safetensors", (".safetensors",), "models.safetensors"),
    Format("ONNX model", (".onnx",), "models.onnx", extra="models"),
    Format("Keras model", (".keras",), "models.keras_archive", extra="models"),
    Format("Keras model, HDF5", (".h5", ".hdf5", ".keras"), "models.keras_h5", (".h5",), "models"),
    Format("TensorFlow.js layers model", (".json",), "models.tfjs", ()),
    Format("Keras architecture, weights beside it", (".json",), "models.keras_json", (), "models"),
    Format("table of rows", TABLES, "table", ()),
)
"""Every format. Where several share a suffix, reading sniffs and saving takes the first."""


def load(
    path: str | os.PathLike[str],
    progress: Progress | None = None,
    activations: Sequence[str] | None = None,
) -> State:
    """Return the State that a file holds, in any known format.

    `activations`, one for each layer, are for files that do not say them. Raises FileError, also for a table.
    """
    path = Path(path)
    answer = None if activations is None else as_names(activations)
    source = Source(read_bytes(path, progress), path, progress, answer)
    if is_table(source):
        makes = f"`nnviz convert {path.name} {path.stem}.json` makes one for its columns"
        raise FileError(f"{path} is a table and no network; {makes}")
    return read(source)


def read(source: Source) -> State:
    """Return the State in a file, in the format of its suffix or, where it is of another, of its content.

    Raises FileError.
    """
    try:
        state = _format_of(source).read(source)
    except MemoryError:
        raise FileError(f"{source.path} is too large for this computer's memory") from None
    if source.activations is not None:
        _check_answer(source.activations, tuple(layer.activation for layer in state.network.layers))
    more = len(source.told) - _MOST_TOLD
    source.told[:] = map(on_one_line, source.told[:_MOST_TOLD])  # it is shown in the window and in a terminal
    if more > 0:
        source.told.append(f"and {more:,} more such")
    return state


def is_table(source: Source) -> bool:
    """Tell whether a file holds rows and no network: one is made for them where it is read."""
    return _format_of(source).home == "table"


def is_saved(source: Source) -> bool:
    """Tell whether a file's own format is one that is saved under such a name."""
    return source.path.suffix.lower() in _format_of(source).saved


def is_saved_at(path: Path) -> bool:
    """Tell the same of the file at `path`; of none, and of one that cannot be read, it is so."""
    try:
        return is_saved(Source(read_bytes(path), path))
    except FileError:
        return True


def _check_answer(given: tuple[str, ...], found: tuple[str, ...]) -> None:
    """Raise FileError where a file says other activations than a person."""
    with told_by_core():
        wanted = tuple(activation(name).name for name in given)
    if wanted != found:
        raise FileError(f"the file itself says its activations: {','.join(found)}")


def save(state: State, path: str | os.PathLike[str]) -> str:
    """Save `state` in the format of the path's suffix: the whole file, or the old one stays.

    Returns what else has changed, such as the file's owner, or "". What the format does not keep is told by
    `left_out`. Raises FileError.
    """
    return atomic.write(path, encoded(state, path))


def encoded(state: State, path: str | os.PathLike[str]) -> bytes:
    """Return the bytes that `path` would hold. Raises FileError for what its format cannot hold."""
    form = format_for(path)
    try:
        data = form.write(state)
    except FileError as error:
        raise type(error)(f"{path} was not saved: {error}") from error
    if len(data) > LARGEST_BYTES:
        raise FileError(f"{path} was not saved: it would have {len(data) / 2**20:.0f} MB; {LARGEST}")
    return data


def left_out(state: State, path: str | os.PathLike[str]) -> str:
    """Return a sentence on what a file of the path's suffix loses or changes of `state`, or "".

    Raises FileError for an unknown suffix.
    """
    form, never = format_for(path), FORMATS[0].left_out(state)
    kept = [part for part in form.left_out(state) if part not in never and not (never and part == RUN)]
    said = f"leaves out {_listed(kept + never)}" if kept or never else ""
    if kept:
        said += f"; a file that ends in .json keeps {kept_by_native(state) if never else 'them'}"
    name = file_named(Path(path))
    return "; ".join(f"{name} {part}" for part in (said, form.raw_rows(state)) if part)


def kept_by_native(state: State) -> str:
    """Return how much of `state` nnviz's own file keeps: "everything", or "all but" what."""
    never = FORMATS[0].left_out(state)
    return f"all but {_listed(never)}" if never else "everything"


def replaced(path: Path) -> str:
    """Return a sentence on what of the file at `path` a save there would not keep, or "".

    Raises FileError where there is no file that can be read.
    """
    if is_native(path):
        return ""
    source = Source(read_bytes(path), path)
    try:
        parts = _format_of(source).replaced(source.data)
    except FileError:
        parts = ["what it holds, which nnviz cannot open"]
    return f"{file_named(path)} loses {_listed(parts)}" if parts else ""


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def is_native(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file of that name is saved as nnviz's own."""
    return Path(path).suffix.lower() in FORMATS[0].suffixes


def format_for(path: str | os.PathLike[str]) -> Format:
    """Return the format in which `path` is saved. Raises FileError for an unknown suffix."""
    suffix = Path(path).suffix.lower()
    for each in FORMATS:
        if suffix in each.saved:
            return each
    raise FileError(f"{path} was not saved: its name needs to end in {' or '.join(suffixes())}")


def suffixes() -> tuple[str, ...]:
    """Return every suffix that a file can be saved with."""
    return tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.saved))


def openable() -> tuple[str, ...]:
    """Return every suffix of files that are opened."""
    return tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))


def kinds() -> dict[str, tuple[str, ...]]:
    """Return the name of every format that is saved, with the suffixes that save in it."""
    saving = {
        each.name: tuple(suffix for suffix in each.saved if format_for(f"file{suffix}") is each)
        for each in FORMATS
    }
    return {name: ends for name, ends in saving.items() if ends}


def _format_of(source: Source) -> Format:
    refuse_pickle(source)
    refuse_unsupported(source)
    suffix = source.path.suffix.lower()
    likely = [each for each in FORMATS if suffix in each.suffixes]
    for each in (*likely, *FORMATS):
        if each.sniff(source.data):
            return each
    if likely:
        return likely[0]
    raise FileError(f"{source.path} is not in a format that nnviz knows")
