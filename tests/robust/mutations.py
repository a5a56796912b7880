"""What becomes of a file on a bad way: each mutation is a function of bytes, a donor and a random.Random."""

import json
import re

from tests.robust.containers import is_framed, is_hdf5, is_zip, overwritten, reframed, repacked
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
"""What may stand where a number is expected."""

_NUMBER = re.compile(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_TEXT = re.compile(rb"""(["'])((?:[^"'\\\n]|\\.)*)\1""")


def flip_bits(data, _donor, chance):
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncate(data, _donor, chance):
    return data[: chance.randrange(len(data))]


def leave_out(data, _donor, chance):
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def repeat(data, _donor, chance):
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 1, 2, 50)) + data[end:]


def splice(data, donor, chance):
    start, end = _span(donor, chance)
    at, to = _span(data, chance)
    return data[:at] + donor[start:end] + data[chance.choice((at, to)) :]


def join_halves(data, donor, chance):
    return data[: chance.randrange(len(data))] + donor[chance.randrange(len(donor)) :]


def swap_spans(data, _donor, chance):
    a, b, c, d = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def insert_signs(data, _donor, chance):
    at = chance.randrange(len(data) + 1)
    return (
        data[:at]
        + bytes(chance.choices(b"[]{}(),:;\"'\\\n\r\t #=-+.eE0\x00\xff\xef\xbb\xbf", k=chance.randint(1, 4)))
        + data[at:]
    )


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
        return splice(data, donor, chance)
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
        holder[key] = chance.choice(
            (None, True, [], {}, "", 0, -1, 1.5, 1e308, float("nan"), 10**400, [[]], [[[]]])
        )
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
    for match in sorted(
        chance.sample(found, min(len(found), chance.choice((1, 1, 2, 5)))), key=lambda m: -m.start()
    ):
        data = data[: match.start()] + new(match) + data[match.end() :]
    return data


MUTATIONS = (
    *(flip_bits, truncate, leave_out, repeat, splice, join_halves, swap_spans, insert_signs),
    *(other_number, other_number, other_text, other_text, swap_texts, change_tree, change_tree, change_tree),
)
PACKINGS = ((is_framed, reframed), (is_zip, repacked), (is_message, retold), (is_hdf5, overwritten))


def mutated(data, donor, chance):
    """Return `data` after one mutation, or a few: of the whole, or of a part of what is packed."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        packing = next((packing for knows, packing in PACKINGS if knows(data)), None)
        if packing and chance.random() < 0.9:
            data = packing(data, donor, chance, _once)
        else:
            data = _once(data, donor, chance)
    return data


def _once(data, donor, chance):
    return chance.choice(MUTATIONS)(data, donor, chance) or b" "
