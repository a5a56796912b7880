"""What becomes of what is packed on a bad way: a part is changed and packed again, past every checksum.

Each mutation is a function of bytes, a donor, a random.Random and a mutation of plain bytes.
"""

import io
import json
import re
import struct
import warnings
import zipfile

_NAMES = "../W0.npy /W0.npy W0.npy W1.npy b0.npy activations.npy config.json"
NAMES = (*_NAMES.split(), "x" * 300, "")
SHAPES = ("(1, 1)", "(2,)", "()", "(0, 2)", "(99999999, 99999999)", "(-1, 2)", "(1,) * 9", "(2, 1, 1)")
KINDS = ("<f4", "<f8", "<i2", "|O", "|b1", "<c16", ">f8", "<U3", "|S5", "<M8[s]", "<f16", "|V8", "<f")


def is_zip(data):
    return data.startswith(b"PK")


def is_framed(data):
    return len(data) > 10 and data[8:9] == b"{" and struct.unpack("<Q", data[:8])[0] < len(data)


def repacked(data, donor, chance, mutate):
    """Return a zip with an entry changed, called otherwise, left out, doubled, or that of a donor."""
    entries = unpacked(data)
    others = unpacked(donor) or entries
    if not entries:
        return mutate(data, donor, chance)
    k = chance.randrange(len(entries))
    name, body = entries[k]
    what = chance.randrange(10)
    if what == 0:
        del entries[k]
    elif what == 1:
        entries.append((name, body))
    elif what == 2:
        entries[k] = (chance.choice((*NAMES, *(other for other, _ in entries))), body)
    elif what == 3:
        entries[k] = (name, chance.choice(others)[1])
    elif what == 4:
        entries[k] = (name, of_header(body, chance))
    elif is_zip(body):
        entries[k] = (name, repacked(body, donor, chance, mutate))
    else:
        entries[k] = (name, mutate(body or b" ", chance.choice(others)[1] or b" ", chance))
    return packed(entries, chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def unpacked(data):
    """Return the names and the bytes of the entries, or none of what is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # a zip that was changed before may be broken in any way
        return []


def packed(entries, how):
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", how) as archive:
        warnings.simplefilter("ignore")  # names that stand twice
        for name, body in entries:
            archive.writestr(name or "a", body)
    return file.getvalue()


def of_header(body, chance):
    """Return an array of NumPy's with another shape or type in its header."""
    if not body.startswith(b"\x93NUMPY"):
        return body[::-1]
    end = 10 + int.from_bytes(body[8:10], "little")
    header = {"descr": "<f8", "fortran_order": chance.random() < 0.5, "shape": chance.choice(SHAPES)}
    header["descr"] = chance.choice(KINDS)
    text = "{" + ", ".join(
        f"{key!r}: {value if key == 'shape' else repr(value)}" for key, value in header.items()
    )
    return body[:8] + struct.pack("<H", len(text) + 1) + text.encode() + b"}" + body[end:]


def reframed(data, donor, chance, mutate):
    """Return bytes whose header, of a length that stands before it, is changed, or what is behind it."""
    if not is_framed(donor):
        donor = data
    (head, body), (other_head, other_body) = cut(data), cut(donor)
    if chance.random() < 0.8:
        head = of_numbers(head, chance) if chance.random() < 0.3 else mutate(head, other_head, chance)
    else:
        body = mutate(body or b" ", other_body or b" ", chance)
    return struct.pack("<Q", len(head)) + head + body


def of_numbers(head, chance):
    """Return a header of tensors with another name, type or shape for one of them."""
    try:
        tensors = json.loads(head)
        name = chance.choice(list(tensors))
        what = chance.randrange(4)
        if what == 0:
            tensors[chance.choice(("a.weight", "a.bias", "0.weight", "9.weight", "weight"))] = tensors.pop(
                name
            )
        elif what == 1:
            tensors[name]["dtype"] = chance.choice(("F64", "F32", "F16", "BF16", "I64", "F8_E4M3", "BOOL"))
        elif what == 2:
            tensors[name]["shape"] = tensors[name]["shape"][::-1]
        else:
            tensors.pop("__metadata__", None)
        return json.dumps(tensors).encode()
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):  # it was changed before
        return head


def cut(data):
    end = 8 + struct.unpack("<Q", data[:8])[0]
    return data[8:end] or b" ", data[end:]


def is_hdf5(data):
    return data.startswith(b"\x89HDF")


def overwritten(data, donor, chance, mutate):
    """Return HDF5 with a few spans changed in their place, most of them in texts: all else is still found."""
    texts = [found.span() for found in re.finditer(rb"[ -~]{4,}", data)]
    for _ in range(chance.randint(1, 3)):
        low, high = chance.choice(texts) if texts and chance.random() < 0.7 else (0, len(data))
        start = chance.randrange(low, high)
        end = min(high, start + chance.choice((1, 4, 8, 40, 200)))
        at = chance.randrange(len(donor))
        new = mutate(data[start:end], donor[at : at + 200], chance)[: end - start]
        data = data[:start] + new.ljust(end - start, b" ") + data[end:]
    return data
