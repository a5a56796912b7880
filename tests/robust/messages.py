"""What becomes of a message of protobuf on a bad way: a part is changed, and all lengths are put right again.

So it is read to the end, where a byte that is changed would break it at the first length.
"""

from copy import deepcopy

SIZED = 2
WIDTHS = {1: 8, 5: 4}
NUMBERS = (0, 1, 2, 3, 6, 7, 10, 13, 17, 127, 2**31, 2**40, 2**63, 2**64 - 1)
_TEXTS = b"""
Gemm MatMul Add Mul Div Sub Relu Softmax Gelu Identity Transpose Reshape Squeeze Concat Constant If Conv
x y w v b one alpha transB axis value ../w \xff
"""
TEXTS = (*_TEXTS.split(), b"")
DEEPEST = 8


def is_message(data):
    return data[:1] == b"\x08" and parts_of(data) is not None


def retold(data, donor, chance, mutate):
    """Return a message with one of its parts, at any depth, left out, doubled, exchanged or changed."""
    parts, others = parts_of(data), parts_of(donor) or parts_of(data)
    held = [parts]
    for part in all_parts(parts):
        held += [part[2]] if isinstance(part[2], list) else []
    group = chance.choice([own for own in held if own])
    k = chance.randrange(len(group))
    field, layout, value = group[k]
    what = chance.randrange(8)
    if what == 0:
        del group[k]
    elif what == 1:
        group.append(group[k])
    elif what == 2:
        group.insert(0, group.pop(k))
    elif what == 3:
        alike = [own for own in [*all_parts(parts), *all_parts(others)] if own[:2] == [field, layout]]
        group[k] = deepcopy(chance.choice(alike))  # it may be one that this one stands in
    elif layout == SIZED and not isinstance(value, list):
        text = chance.choice(TEXTS) if what < 6 else mutate(value or b" ", b"y", chance)
        group[k] = [field, layout, text]
    elif layout == 0:
        group[k] = [field, layout, chance.choice(NUMBERS)]
    else:
        group[k] = [chance.randrange(1, 30), layout, value]
    return joined(parts)


def all_parts(parts):
    for part in parts:
        yield part
        if isinstance(part[2], list):
            yield from all_parts(part[2])


def parts_of(data, depth=0):
    """Return the parts of a message, [field, layout, value], messages among them as lists; or None."""
    parts, at = [], 0
    try:
        while at < len(data):
            key, at = number_at(data, at)
            field, layout = key >> 3, key & 7
            if layout == 0:
                value, at = number_at(data, at)
            else:
                size, at = number_at(data, at) if layout == SIZED else (WIDTHS[layout], at)
                value, at = data[at : at + size], at + size
                if layout == SIZED and depth < DEEPEST and value:
                    value = parts_of(value, depth + 1) or value
            if not field or at > len(data):
                return None
            parts.append([field, layout, value])
    except (KeyError, IndexError):
        return None
    return parts


def number_at(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def joined(parts):
    """Return the bytes of parts."""
    out = bytearray()
    for field, layout, value in parts:
        out += number(field << 3 | layout)
        if layout == 0:
            out += number(value)
        else:
            body = joined(value) if isinstance(value, list) else value
            out += (number(len(body)) if layout == SIZED else b"") + body
    return bytes(out)


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
