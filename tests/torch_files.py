"""Files as `torch.save` writes them, made without torch: opcodes of pickles, archives and old files."""

import io
import zipfile

import numpy as np

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
MARK, NONE, TRUE, FALSE, EMPTY_TUPLE = b"(", b"N", b"\x88", b"\x89", b")"
KINDS = {"<f8": "DoubleStorage", "<f4": "FloatStorage", "<f2": "HalfStorage", "<i8": "LongStorage"}


def name(module, own):
    return b"c%s\n%s\n" % (module.encode(), own.encode())


def text(letters):
    return b"X" + len(letters.encode()).to_bytes(4, "little") + letters.encode()


def number(value):
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def together(*values):
    return MARK + b"".join(values) + b"t"


def listed(*values):
    return b"](" + b"".join(values) + b"e"


def call(function, *values):
    return function + together(*values) + b"R"


def dictionary(items):
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


ORDERED = name("collections", "OrderedDict")
REBUILD = name("torch._utils", "_rebuild_tensor_v2")
PARAMETER = name("torch._utils", "_rebuild_parameter")


def storage(key, size, kind="FloatStorage"):
    return together(text("storage"), name("torch", kind), text(key), text("cpu"), number(size)) + b"Q"


def tensor(numbers, shape, strides, offset=0):
    """Return a tensor on a storage; shape, strides and offset may be wrong."""
    sizes, steps = together(*map(number, shape)), together(*map(number, strides))
    return call(REBUILD, numbers, number(offset), sizes, steps, FALSE, ORDERED + b")R")


def module(kind, parts=(), parameters=(), home="torch.nn.modules.any", **settings):
    """Return a module; parts, parameters and settings are opcodes by name."""
    state = {"_parameters": dictionary(dict(parameters)), "_modules": dictionary(dict(parts)), **settings}
    return name(home, kind) + EMPTY_TUPLE + b"\x81" + dictionary(state) + b"b"


class Storages:
    """The arrays of a file, each in a storage of its own."""

    def __init__(self):
        self.data = {}

    def tensor(self, array):
        """Return the opcodes of a tensor with the numbers of an array."""
        array = np.asarray(array)
        key, kind = str(len(self.data)), KINDS[array.dtype.str]
        self.data[key] = array.tobytes()
        steps = [step // array.itemsize for step in array.strides]
        return tensor(storage(key, array.size, kind), array.shape, steps)


def archive(value, storages=None, root="model", **more):
    """Return an archive with the opcodes of a value and the bytes of the storages by name."""
    entries = {"data.pkl": b"\x80\x02" + value + b".", "byteorder": b"little", "version": b"3\n", **more}
    entries |= {f"data/{key}": data for key, data in (storages or {}).items()}
    return zipped({f"{root}/{own}": data for own, data in entries.items()})


def zipped(entries, how=zipfile.ZIP_STORED):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", how) as file:
        for own, data in entries.items():
            file.writestr(zipfile.ZipInfo(own), data, how)
    return memory.getvalue()


def old_file(value, storages, width=4, keys=None):
    """Return a file as from before PyTorch 1.6."""
    system = dictionary({"little_endian": TRUE, "protocol_version": number(1001)})
    named = listed(*map(text, storages)) if keys is None else keys
    parts = [b"\x80\x02" + each + b"." for each in (number(1001), system, value, named)]
    numbers = [(len(data) // width).to_bytes(8, "little") + data for data in storages.values()]
    return b"".join([MAGIC, *parts, *numbers])


def linear(storages, nodes, inputs, kind="<f4"):
    """Return the opcodes of a Linear module."""
    weights = np.linspace(-1, 1, nodes * inputs, dtype=kind).reshape(nodes, inputs)
    weight, bias = storages.tensor(weights), storages.tensor(np.arange(nodes, dtype=kind))
    more = TRUE, ORDERED + b")R"
    return module(
        "Linear", (), {"weight": call(PARAMETER, weight, *more), "bias": call(PARAMETER, bias, *more)}
    )


def normalisation(storages, **arrays):
    """Return the opcodes of a BatchNorm1d module with some arrays, by default of two numbers."""
    numbers = {"running_mean": [1, 2], "running_var": [1, 4], "weight": [1, 0.5], "bias": [0, -1], **arrays}
    own = {key: storages.tensor(np.array(each, "<f4")) for key, each in numbers.items()}
    buffers = dictionary({key: own.pop(key) for key in ("running_mean", "running_var") if key in own})
    return module("BatchNorm1d", (), own, _buffers=buffers, eps=b"G" + np.array(1e-5, ">f8").tobytes())


def state_dict(storages, kind="<f4"):
    arrays = {
        "0.weight": [[1.5, -2], [0, 3], [4, 5]],
        "0.bias": [1, 2, 3],
        "2.weight": [[1, -1, 0.5]],
        "2.bias": [7],
    }
    return dictionary({own: storages.tensor(np.array(array, kind)) for own, array in arrays.items()})


def examples():
    """Return valid files of several kinds."""
    found = []
    for kind in ("<f4", "<f8", "<f2"):
        own = Storages()
        found.append(archive(state_dict(own, kind), own.data))
    own = Storages()
    value = state_dict(own)
    found.append(old_file(value, own.data))
    optimizer = dictionary({"state": dictionary({}), "param_groups": listed()})
    found.append(
        archive(dictionary({"epoch": number(3), "model_state_dict": value, "optimizer": optimizer}), own.data)
    )
    own = Storages()
    slope = b"G" + np.array(0.2, ">f8").tobytes()
    parts = {"0": linear(own, 3, 2), "1": module("LeakyReLU", negative_slope=slope), "2": linear(own, 1, 3)}
    found.append(archive(module("Sequential", parts), own.data))
    body = module("Sequential", {"0": linear(own, 2, 2), "1": module("Tanh"), "2": module("Dropout")})
    found.append(archive(module("Net", {"body": body}, home="__main__"), own.data))
    own = Storages()
    parts = {"0": linear(own, 2, 2), "1": normalisation(own), "2": module("ReLU"), "3": linear(own, 1, 2)}
    found.append(archive(module("Sequential", parts), own.data))
    return found
