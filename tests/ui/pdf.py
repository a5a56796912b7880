"""Reads the texts of a PDF as a search in a viewer does: by its fonts' tables of characters.

A font may draw a digit by a glyph without a character in its table, or with a private one: it reads as ANY.
"""

import re
import zlib

ANY = "?"


def texts(pdf):
    """Return what each piece of text of the one page says, in the order in which they were drawn."""
    objects = dict(re.findall(rb"(?:^|\n)(\d+) 0 obj\n(.*?)endobj", pdf, re.DOTALL))
    fonts = {
        name: _characters(_stream(objects[re.search(rb"/ToUnicode (\d+) 0 R", objects[number])[1]]))
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", pdf)
    }
    (page,) = [stream for stream in map(_stream, objects.values()) if b"\nBT\n" in stream and b"Tj" in stream]
    found = []
    for block in re.findall(rb"\nBT\n(.*?)\nET\n", page, re.DOTALL):
        font = fonts[re.match(rb"/(F\d+) ", block)[1]]
        codes = b"".join(re.findall(rb"<([0-9a-fA-F]+)> Tj", block))
        found.append("".join(font.get(int(codes[k : k + 4], 16), ANY) for k in range(0, len(codes), 4)))
    return found


def has(found, text):
    """Return whether one of the texts that were found reads like this one."""
    return any(
        len(own) == len(text) and all(a in (b, ANY) for a, b in zip(own, text, strict=True)) for own in found
    )


def _stream(body):
    """Return what an object's stream holds; nothing where it has none."""
    found = re.search(rb"stream\r?\n(.*)\nendstream", body, re.DOTALL)
    if found is None:
        return b""
    return zlib.decompress(found[1]) if b"FlateDecode" in body else found[1]


def _characters(table):
    """Return what each code of a font stands for."""
    characters = {}
    for first, _last, codes in re.findall(rb"<(\w+)> <(\w+)> (\[[^\]]*\]|<\w+>)", table):
        for k, character in enumerate(re.findall(rb"<(\w+)>", codes)):
            text = bytes.fromhex(character.decode()).decode("utf-16-be")
            characters[int(first, 16) + k] = ANY if "\ue000" <= text <= "\uf8ff" else text
    return characters
