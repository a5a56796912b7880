"""What becomes of a file on a bad way: each mutation is a function of bytes, a donor and a random.Random."""

import io
import json
import re
import struct
import warnings
import zipfile
from copy import deepcopy

from tests.robust.messages import is_message, retold
from tests.robust.naughty import NAMES, NO_NAMES

NAUGHTY = (
    *(*NAMES, *NO_NAMES),
    *("node_" + "9" * 5000, "output_99999999999999999999", "node_0_0_0", "node_-1"),
    *("x" * 300, "x" * 10_000, "a\nb: c", " - at `$", "np.array([1])"),
)
"""Texts that have broken something somewhere, names and others."""

_NUMBERS = b"""
0 -0 -0.0 1e308 1.7976931348623157e308 1e309 -1e999 5e-324 1e-400 0.1 NaN Infinity -Infinity nan 1_000 0x10 01
1. .5 +1 1e5 1E+2 9007199254740993 18446744073709551616 -9223372036854775809 true null "1" [] {}
"""
NUMBERS = (*_NUMBERS.split(), b"9" * 400, b"9" * 5000, b"1." + b"0" * 5000 + b"1", "٣".encode())
"""Texts in the place of a number."""

VALUES = (None, True, [], {}, "", 0, -1, 1.5, 1e308, float("nan"), 10**400, [[]], [[[]]])
_ENTRIES = "../W0.npy /W0.npy W0.npy W1.npy b0.npy activations.npy config.json"
ENTRIES = (*_ENTRIES.split(), "x" * 300, "")
SHAPES = ("(1, 1)", "(2,)", "()", "(0, 2)", "(99999999, 99999999)", "(-1, 2)", "(1,) * 9", "(2, 1, 1)")
KINDS = ("<f4", "<f8", "<i2", "|O", "|b1", "<c16", ">f8", "<U3", "|S5", "<M8[s]", "<f16", "|V8", "<f")
TENSORS = ("a.weight", "a.bias", "0.weight", "9.weight", "weight")
TENSOR_KINDS = ("F64", "F32", "F16", "BF16", "I64", "F8_E4M3", "BOOL")
SIGNS = b"[]{}(),:;\"'\\\n\r\t #=-+.eE0\x00\xff\xef\xbb\xbf"

_NUMBER = re.compile(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_TEXT = re.compile(rb"""(["'])((?:[^"'\\\n]|\\.)*)\1""")


def cut_and_join(data, donor, chance):
    """Change some bits, or cut bytes out and join the rest, or some of a donor's, in another order."""
    start, end = _span(data, chance)
    other, other_end = _span(donor, chance)
    a, b, c, d = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    signs = bytes(chance.choices(SIGNS, k=chance.randint(1, 4)))
    bits = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        bits[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    ways = (
        bytes(bits),
        data[:start],
        data[:start] + data[end:],
        data[:end] + data[start:end] * chance.choice((1, 1, 1, 2, 50)) + data[end:],
        data[:start] + donor[other:other_end] + data[chance.choice((start, end)) :],
        data[:start] + donor[other:],
        data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:],
        data[:start] + signs + data[start:],
    )
    return chance.choice(ways)


def other_number(data, _donor, chance):
    return _replaced(data, _NUMBER, lambda _found: chance.choice(NUMBERS), chance)


def other_text(data, _donor, chance):
    def text(found):
        written = json.dumps(chance.choice(NAUGHTY), ensure_ascii=chance.random() < 0.5)[1:-1]
        return found[1] + written.encode("utf-8", "surrogatepass") + found[1]

    return _replaced(data, _TEXT, text, chance)


def swap_texts(data, _donor, chance):
    """Put one text, which may be a key, in the place of another."""
    texts = _TEXT.findall(data[:20_000])
    return _replaced(data, _TEXT, lambda found: found[1] + chance.choice(texts)[1] + found[1], chance)


def change_tree(data, donor, chance):
    """Change the JSON as a tree, where it is some: swap, copy, drop, nest parts, or take a donor's."""
    try:
        tree, other = json.loads(data), json.loads(donor)
    except ValueError:
        return cut_and_join(data, donor, chance)
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(_places(tree) or [(None, None)])
        if holder is None:
            return json.dumps(other).encode()
        _change(holder, key, (_places(tree), _places(other)), chance)
    try:
        return json.dumps(tree).encode()
    except (ValueError, RecursionError):  # a part that has got into itself
        return data


def _change(holder, key, places, chance):
    other, at = chance.choice(chance.choice(places) or places[0])
    what = chance.randrange(7)
    if what == 0:
        del holder[key]
    elif what == 1:
        holder[key], other[at] = other[at], holder[key]
    elif what == 2:
        holder[key] = json.loads(json.dumps(other[at]))
    elif what == 3:
        holder[key] = [holder[key]]
    elif what == 4:
        holder[key] = deepcopy(chance.choice(VALUES))
    elif what == 5 and isinstance(holder, dict):
        holder[chance.choice((*NAUGHTY, *map(str, other)))] = holder.pop(key)
    elif isinstance(holder, list):
        holder[key:key] = [holder[key]] * chance.choice((1, 2, 300))
    else:
        holder[key] = chance.choice(NAUGHTY)


def _places(tree):
    """Return (list or object, index or key) of up to a thousand parts of a tree."""
    found, ahead = [], [tree]
    while ahead and len(found) < 1000:
        here = ahead.pop()
        if isinstance(here, dict | list):
            keys = list(here) if isinstance(here, dict) else range(len(here))
            found += [(here, key) for key in keys]
            ahead += [here[key] for key in keys]
    return found


def _span(data, chance):
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 3, 10, 40, 200, 1000)))


def _replaced(data, pattern, new, chance):
    found = list(pattern.finditer(data[:20_000]))
    chosen = chance.sample(found, min(len(found), chance.choice((1, 1, 2, 5))))
    for match in sorted(chosen, key=lambda match: -match.start()):
        data = data[: match.start()] + new(match) + data[match.end() :]
    return data


# --- what is packed: a part is changed and packed again, past every checksum


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
        entries[k] = (chance.choice((*ENTRIES, *(other for other, _ in entries))), body)
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
    """Return the names and the bytes of the entries; none unless the data are a zip."""
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
    kind, order, shape = chance.choice(KINDS), chance.random() < 0.5, chance.choice(SHAPES)
    text = f"{{'descr': {kind!r}, 'fortran_order': {order}, 'shape': {shape}}}"
    return body[:8] + struct.pack("<H", len(text)) + text.encode() + body[end:]


def reframed(data, donor, chance, mutate):
    """Return bytes with a change in the header, whose length stands before it, or behind the header."""
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
            tensors[chance.choice(TENSORS)] = tensors.pop(name)
        elif what == 1:
            tensors[name]["dtype"] = chance.choice(TENSOR_KINDS)
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


MUTATIONS = (
    *(cut_and_join,) * 8,
    *(other_number, other_number, other_text, other_text, swap_texts, change_tree, change_tree, change_tree),
)
PACKINGS = ((is_framed, reframed), (is_zip, repacked), (is_message, retold), (is_hdf5, overwritten))


def mutated(data, donor, chance):
    """Return `data` after one mutation, or a few: of the whole, or of one packed part."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        packing = next((packing for knows, packing in PACKINGS if knows(data)), None)
        if packing and chance.random() < 0.9:
            data = packing(data, donor, chance, _once)
        else:
            data = _once(data, donor, chance)
    return data


def _once(data, donor, chance):
    return chance.choice(MUTATIONS)(data, donor, chance) or b" "
