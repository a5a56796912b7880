"""Reader of the files that `torch.save` writes, which runs in the sandbox.

Such a file is a pickle, a program for a stack machine that can call any function of Python. This reader runs
no such program. `pickletools` splits the pickle into opcodes, and the machine in this module builds numbers,
texts, lists, dictionaries and tuples. The name of a class or function stays a name, and a call becomes a
Record: nothing is looked up or called, whatever the pickle says.

Since PyTorch 1.6 a file is a zip archive with the pickle and one entry for each storage, the numbers of a
tensor and its views. Older files are five pickles, and then the storages.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from pickletools import OpcodeInfo, StackObject, anyobject, genops, markobject, opcodes
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from nnviz.core.numbers import LAYERS, NUMBERS, list_text, quoted
from nnviz.files.errors import FileError
from nnviz.files.models import dense
from nnviz.files.models.npz import Archive
from nnviz.files.models.pytorch import (
    ARRAYS,
    CONTAINERS,
    OLD_START,
    SETTINGS,
    SHOWN,
    Module,
    TorchFile,
    within,
)
from nnviz.files.models.safetensors import check_tensors

MOST_OPCODES = 300_000
"""Largest number of opcodes in all pickles of a file; a layer with optimizer state needs about 200."""
MOST_MODULES = 40 * LAYERS.limit
"""Largest number of modules; each part of another module counts twice."""
MOST_BYTES = 2**25
"""Largest size of the pickle in an archive, in bytes."""
LONGEST_NAME = 1_000
_DAMAGED = "the pickle in this file is damaged"


class Name(NamedTuple):
    """The name of a class or function, such as `torch.nn.modules.linear.Linear`."""

    text: str


class Record:
    """A call in a pickle that has not been made: the name of the function, and the state of the result."""

    __slots__ = ("name", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: Any = None


class Storage(NamedTuple):
    """The numbers behind tensors: the class, such as `FloatStorage`, the name and the number of numbers."""

    kind: str
    key: str
    size: int


class Tensor(NamedTuple):
    """A view of a storage; nothing in it is checked yet. `offset` and `strides` count numbers."""

    storage: Any
    offset: Any
    shape: Any
    strides: Any


_DICTIONARIES = ("collections.OrderedDict", "builtins.dict", "__builtin__.dict")
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_FIRST = (
    *("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"),
    *("torch._dynamo.eval_frame.OptimizedModule", "torch.Size"),
)
"""Calls that stand for their first argument."""


def _call(function: Any, args: Any) -> Any:
    """Return what a call in a pickle stands for. Nothing is called."""
    name = function.text if isinstance(function, Name) else ""
    args = args if isinstance(args, tuple) else ()
    if name in _DICTIONARIES:
        return {}
    if name in _FIRST:
        return args[0]
    if name.startswith("torch._utils._rebuild_"):
        return Tensor(*args[:4]) if name in _TENSORS else Tensor(None, 0, (), ())
    return Record(name)


def _fill(target: Any, items: list[Any]) -> Any:
    """Add keys and values to a dictionary; leave out long keys and keys that are no text or whole number."""
    if isinstance(target, dict):
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, str | int) and len(text := str(key)) <= LONGEST_NAME:
                target[text] = value  # texts, as a file can choose whole numbers with equal hashes
    return target


def _extend(target: Any, values: list[Any]) -> Any:
    if isinstance(target, list):
        target += values
    return target


def _set_state(target: Any, state: Any) -> Any:
    if isinstance(target, Record):
        target.state = state
    return target


def _name(text: str) -> Name:
    if len(text) > LONGEST_NAME:
        raise FileError("the name of a class or function is too long")
    return Name(text.replace(" ", "."))


_VALUES = frozenset(
    opcode.name
    for opcode in opcodes
    if opcode.arg and opcode.stack_before == [] and opcode.stack_after not in ([], [anyobject])
)
"""Opcodes whose argument is the value that they push: a number, a text or bytes."""
_RESULTS: dict[str, Callable[..., Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    **dict.fromkeys(("EMPTY_TUPLE", "TUPLE", "FROZENSET"), tuple),
    **dict.fromkeys(("TUPLE1", "TUPLE2", "TUPLE3"), lambda *values: values),
    **dict.fromkeys(("EMPTY_LIST", "LIST", "EMPTY_SET"), list),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), _extend),
    "APPEND": lambda target, value: _extend(target, [value]),
    "EMPTY_DICT": dict,
    "SETITEMS": _fill,
    "SETITEM": lambda target, *item: _fill(target, [*item]),
    "STACK_GLOBAL": lambda *names: _name(" ".join(names)),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _call),
    "NEWOBJ_EX": lambda function, args, _named: _call(function, args),
    "BUILD": _set_state,
}
"""Function from the values that an opcode takes from the stack to the value that it puts there."""


class Machine:
    """The stack machine of pickles, without any way to look up or call a function."""

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}
        self._opcodes = MOST_OPCODES
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def read(self, file: io.BytesIO) -> Any:
        """Return the value of the pickle at the position of `file`. Raises FileError."""
        self._stack, self._marks, self._memo = [], [], {}
        try:
            for opcode, argument, _ in genops(file):
                self._opcodes -= 1
                if self._opcodes < 0:
                    raise FileError(f"the pickle has more than {MOST_OPCODES:,} opcodes")
                self._step(opcode, argument)
            return self._stack.pop()
        except (FileError, MemoryError):
            raise
        except Exception:  # pickletools and a damaged pickle raise several
            raise FileError(_DAMAGED) from None

    def _step(self, opcode: OpcodeInfo, argument: Any) -> None:
        name, stack = opcode.name, self._stack
        if name in _RESULTS:
            stack.append(_RESULTS[name](*self._taken(opcode.stack_before)))
        elif name in _VALUES:
            stack.append(argument)
        elif name.endswith("PUT"):
            self._memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name.endswith("GET"):
            stack.append(self._memo[argument])
        elif name == "MARK":
            self._marks.append(len(stack))
        elif name == "POP_MARK":
            self._after(self._marks.pop())
        elif name == "POP":
            stack.pop()
        elif name == "GLOBAL":
            stack.append(_name(argument))
        elif name == "BINPERSID":
            stack.append(self._persistent(stack.pop()))
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise FileError(f"PyTorch does not write the opcode {name}, which this pickle has")

    def _taken(self, kinds: list[StackObject]) -> list[Any]:
        """Remove and return the values that an opcode takes; the values after the last mark are one list."""
        last = [self._after(self._marks.pop())] if markobject in kinds else []
        count = kinds.index(markobject) if last else len(kinds)
        return self._after(len(self._stack) - count) + last

    def _after(self, start: int) -> list[Any]:
        """Remove and return the values of the stack from `start` on."""
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def _persistent(self, found: Any) -> Any:
        """Return the storage, or the name of a class of modules, to which a pickle refers."""
        if not isinstance(found, tuple):
            raise FileError(_DAMAGED)
        if found[0] == "module":
            return found[1]
        what, kind, key, _, size, *view = found
        storage = Storage(kind.text.rpartition(".")[2], key, size)
        is_whole = type(size) is int and 0 <= size <= _LARGEST
        if what != "storage" or not isinstance(key, str) or not is_whole or any(view):
            raise FileError(_DAMAGED)
        if self.storages.setdefault(key, storage) != storage:
            raise FileError(f"the storage {quoted(key)} has two types or sizes")
        return storage


_REAL = {"DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "BFloat16Storage": "u2"}
"""NumPy's type for each class of storage with real numbers; NumPy has no bfloat16."""
_WHOLE = {"LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2"}
_BYTES = {"CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "b1"}
_WIDTHS = {kind: int(form[1]) for kind, form in (_REAL | _WHOLE | _BYTES).items()}
"""Bytes of a number for each class of storage."""
_MOST_AXES = 8
_LARGEST = 2**40
"""Largest size, stride and offset; the products of larger ones would not fit NumPy's integers."""


class _File(NamedTuple):
    """The value of the pickle in a file, the bytes of the storages by name, and the order of the bytes."""

    value: Any
    storages: Mapping[str, bytes | memoryview]
    is_big_endian: bool

    def array(self, tensor: Tensor, place: str) -> NDArray[Any]:
        """Return the numbers of a tensor with a checked shape, as a view of its storage. Raises FileError."""
        (kind, key, size), offset, shape, strides = tensor
        if kind not in _REAL:
            raise FileError(f"expected real numbers, found {quoted(kind)}", place)
        form = np.dtype(_REAL[kind]).newbyteorder(">" if self.is_big_endian else "<")
        data = self.storages.get(key, b"")
        end = offset + 1 + sum((side - 1) * step for side, step in zip(shape, strides, strict=True))
        if len(data) != size * form.itemsize or offset > size or (math.prod(shape) and end > size):
            raise FileError("the file does not contain all numbers of this tensor", place)
        numbers = np.frombuffer(data, form)[offset:]
        array = as_strided(numbers, shape, [step * form.itemsize for step in strides], writeable=False)
        return dense.from_bfloat16(array) if kind == "BFloat16Storage" else array


def _is_shape(tensor: Tensor) -> bool:
    """Return whether the sizes, strides and offset of a tensor are whole numbers, and its storage is one."""
    storage, offset, shape, strides = tensor
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        return False
    are_whole = all(type(n) is int and 0 <= n <= _LARGEST for n in (offset, *shape, *strides))
    return are_whole and len(shape) == len(strides) <= _MOST_AXES


def _open_archive(archive: Archive) -> _File:
    roots = [name.partition("/")[0] for name in archive.names if re.fullmatch(r"[^/]*/data\.pkl", name)]
    if any(re.match(r"[^/]*/(?:constants\.pkl|code/)", name) for name in archive.names):
        raise FileError(
            "this is a TorchScript program (torch.jit.save), which nnviz does not run; "
            "in Python, save the weights instead: torch.save(model.state_dict(), 'model.pt')"
        )
    if len(roots) != 1 or archive.is_packed:
        raise FileError("expected an archive of torch.save, which has one data.pkl and compresses no entry")
    machine, root = Machine(), roots[0]
    value = machine.read(io.BytesIO(archive.read(f"{root}/data.pkl", MOST_BYTES)))
    order = f"{root}/byteorder"
    is_big_endian = order in archive.names and archive.read(order) == b"big"
    names = {key: f"{root}/data/{key}" for key in machine.storages}
    storages = {key: archive.read(name) for key, name in names.items() if name in archive.names}
    return _File(value, storages, is_big_endian)


def _open_old(data: bytes) -> _File:
    """Return the contents of a file from PyTorch before 1.6: five pickles, and then the storages."""
    if not OLD_START.match(data):
        raise FileError("torch.save has not written this file")
    machine, file = Machine(), io.BytesIO(data)
    _magic, _version, system, value, keys = (machine.read(file) for _ in range(5))
    is_big_endian = isinstance(system, dict) and system.get("little_endian") is False
    storages: dict[str, memoryview] = {}
    end = file.tell()
    for key in keys if isinstance(keys, list) else []:
        storage = machine.storages.get(key) if isinstance(key, str) else None
        if storage is None or storage.kind not in _WIDTHS:
            raise FileError(f"the storage {quoted(key)} has no known type")
        begin = end + 8  # the number of numbers comes first
        end = begin + storage.size * _WIDTHS[storage.kind]
        if end > len(data):
            raise FileError(f"the file is cut off: it needs {end:,} bytes and has {len(data):,}")
        storages[key] = memoryview(data)[begin:end]
    return _File(value, storages, is_big_endian)


_MODELS = ("model_state_dict", "state_dict", "model", "net", "network", "module", "weights")
"""Usual names of the weights in a file with several dictionaries of weights, the likeliest first."""


def _is_module(value: Any) -> bool:
    return isinstance(value, Record) and isinstance(value.state, dict) and "_modules" in value.state


def _is_state_dict(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(each, Tensor) for each in value.values())


def _find_model(value: Any) -> tuple[Any, str]:
    """Return the model or the state_dict in the value of a pickle, and its name in the file or "".

    Raises FileError if there is none, or if there are several without a usual name.
    """
    if _is_module(value):
        return value, ""
    if not isinstance(value, dict):
        kind = value.name if isinstance(value, Record) else type(value).__name__
        raise FileError(f"expected a model or a state_dict, found {quoted(kind)}")
    if any(isinstance(each, Tensor) and key.endswith("weight") for key, each in value.items()):
        return value, ""
    found = [key for key, each in value.items() if _is_module(each) or _is_state_dict(each)]
    usual = [key for key in _MODELS if key in found]
    if len(found) > 1 and not usual:
        raise FileError(f"the file has several models: {list_text(found)}; save only one of them")
    if found:
        return value[(usual or found)[0]], (usual or found)[0]
    if not _is_state_dict(value):
        raise FileError(f"expected weights, found only {list_text(list(value)) or 'an empty dictionary'}")
    return value, ""


def _read_modules(model: Record) -> tuple[list[Module], dict[str, Tensor]]:
    """Return the modules of a model in the order of definition, and their tensors by path ("body.0.bias")."""
    modules: list[Module] = []
    tensors: dict[str, Tensor] = {}
    pending, rest = [("", model)], MOST_MODULES
    while pending:
        name, record = pending.pop()
        if not _is_module(record) or len(name) > LONGEST_NAME:
            raise FileError("expected a module", name)
        module = _description(name, record)
        modules.append(module)
        for key in ARRAYS.get(module.base, ()):
            for group in ("_parameters", "_buffers"):
                if isinstance(each := _dictionary(record, group).get(key), Tensor):
                    tensors[within(name, key)] = each
        parts = _dictionary(record, "_modules") if module.base in CONTAINERS else {}
        rest -= 1 + len(parts)
        if rest < 0:
            raise FileError("the model has too many modules")
        pending += [(within(name, own), part) for own, part in reversed(parts.items()) if part is not None]
    return modules, tensors


def _dictionary(record: Record, name: str) -> dict[str, Any]:
    found = record.state.get(name)
    return found if isinstance(found, dict) else {}


def _description(name: str, record: Record) -> Module:
    """Return the description of a module. Raises FileError for weights of a class that is not from torch."""
    state, kind = record.state, record.name.rpartition(".")[2]
    module = Module(
        name,
        kind,
        base=kind if record.name.startswith("torch.") else "",
        is_leaf=not _dictionary(record, "_modules"),
        is_hooked=bool(state.get("_forward_hooks") or state.get("_forward_pre_hooks")),
        settings={key: state[key] for key in SETTINGS if _is_setting(state.get(key, ()))},
    )
    if module.base in CONTAINERS and state.get("_parameters"):
        raise FileError(SHOWN, module.place)
    return module


def _is_setting(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < 2**53
    return value is None or isinstance(value, float) or (isinstance(value, str) and len(value) < LONGEST_NAME)


def read(data: bytes) -> tuple[TorchFile, dict[str, NDArray[Any]]]:
    """Return the modules or the state_dict in a file, and their arrays by path. Raises FileError."""
    file = _open_archive(Archive(data)) if data.startswith(b"PK\x03\x04") else _open_old(data)
    model, key = _find_model(file.value)
    left_out = [name for name in file.value if name != key] if key else []
    modules: list[Module] = []
    if isinstance(model, Record):
        modules, tensors = _read_modules(model)
    else:
        tensors = {name: each for name, each in model.items() if isinstance(each, Tensor)}
        left_out += [name for name in model if name not in tensors]
    for name, tensor in tensors.items():
        if not _is_shape(tensor):
            raise FileError("this tensor is damaged, or of a kind that nnviz cannot read", name)
    if not modules:
        check_tensors({name: tensor.shape for name, tensor in tensors.items()})
    dense.check_limit(NUMBERS, sum(math.prod(tensor.shape) for tensor in tensors.values()))
    arrays = {name: file.array(tensor, name) for name, tensor in tensors.items()}
    return TorchFile(modules, key, left_out), arrays


def warm_up() -> None:
    """Read a small file, so that the libraries load everything that `read` needs."""
    data = b"\x80\x02}X\x06\x00\x00\x00weightctorch._utils\n_rebuild_tensor_v2\n(("
    data += b"X\x07\x00\x00\x00storagectorch\nBFloat16Storage\nX\x01\x00\x00\x000NK\x01tQ"
    data += b"K\x00K\x01K\x01\x86K\x01K\x01\x86tRs."
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/data/0", bytes(2))
    read(memory.getvalue())
