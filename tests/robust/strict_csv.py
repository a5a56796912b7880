"""A reader of CSV letter by letter, which has nothing in common with nnviz's and with Python's."""

_MISSING = """
- -- ? . * na NA n/a N/A #N/A <NA> null Null NULL nil \\N none None NONE nan NaN NAN inf -inf Infinity
#NUM! #DIV/0!
"""
MISSING = {"", *_MISSING.split()}
"""What programs write for a number that is missing: a first row of nothing else names no columns."""


class RefusedError(Exception):
    pass


def rows(text, separator):
    """Return the rows of cells; a blank line is none. Raises RefusedError for a stray quote."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    found, row, at = [], [], 0
    while at < len(text):
        while separator != "\t" and text[at] == " ":
            at += 1
        if text[at] == '"':
            cell, at = _quoted(text, at + 1)
        else:
            end = min(end for sign in (separator, "\n") if (end := text.find(sign, at)) >= 0)
            cell, at = text[at:end], end
        row.append(cell)
        if text[at] == "\n":
            if len(row) > 1 or row[0].strip():
                found.append(row)
            row = []
        elif text[at] != separator:
            raise RefusedError
        at += 1
    return found


def _quoted(text, at):
    cell = ""
    while True:
        end = text.find('"', at)
        if end < 0:
            raise RefusedError
        cell += text[at:end]
        if text[end + 1] != '"':
            return cell, end + 1
        cell, at = cell + '"', end + 2
