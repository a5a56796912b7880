"""Reads the texts of a PDF as a search in a viewer does: by its fonts' tables of characters."""

import re
import zlib


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
        found.append("".join(font[int(codes[k : k + 4], 16)] for k in range(0, len(codes), 4)))
    return found


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
            characters[int(first, 16) + k] = bytes.fromhex(character.decode()).decode("utf-16-be")
    return characters
