"""The command that starts another Python process, with this one's modules but none of a person's folder.

Otherwise a `random.py` in the current folder, or in the script's, would run instead of Python's own.
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
    """Return the command of a process that runs `code`; it starts sooner without `site`."""
    return [sys.executable, "-I", "-S", "-c", _PATH + code, *arguments, json.dumps(_folders())]


def _folders() -> list[str]:
    """Return the folders to search after Python's own: that of nnviz, then those of this process."""
    main = sys.modules["__main__"]
    foreign = {os.path.realpath(os.curdir)}
    if getattr(main, "__spec__", None) is None and (script := getattr(main, "__file__", None)):
        foreign.add(os.path.dirname(os.path.realpath(script)))
    folders = map(os.path.abspath, sys.path)
    return [_NNVIZ, *(folder for folder in folders if os.path.realpath(folder) not in foreign)]
