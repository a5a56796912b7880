"""How another process of Python is started: it imports what this one would, but nothing of a person's folder.

Of the current folder, and of the script's own, a `random.py` would be run in the place of Python's.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_NNVIZ = str(Path(__file__).parents[1])
_PATH = """
import json, sys
sys.path += json.loads(sys.argv.pop())
"""


def command(code: str, *arguments: str) -> list[str]:
    """Return the command of a process that runs `code`: without `site`, it is ready sooner."""
    return [sys.executable, "-I", "-S", "-c", _PATH + code, *arguments, json.dumps(_folders())]


def _folders() -> list[str]:
    """Return where modules are looked for after Python's own: nnviz where it is here, then as here."""
    main = sys.modules["__main__"]
    foreign = {os.path.realpath(os.curdir)}
    if getattr(main, "__spec__", None) is None and (script := getattr(main, "__file__", None)):
        foreign.add(os.path.dirname(os.path.realpath(script)))
    folders = map(os.path.abspath, sys.path)
    return [_NNVIZ, *(folder for folder in folders if os.path.realpath(folder) not in foreign)]
