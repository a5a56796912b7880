"""The command `nnviz`: which word is which command, and how every fault becomes one sentence.

Imports next to nothing itself, for the window's sake; the commands are in `nnviz.cli.commands`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from nnviz._system import DisplayError
from nnviz.cli.usage import COMMANDS, STANDARD_INPUT, UsageError
from nnviz.files.errors import FileError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run nnviz and return its exit code: 0, 1 for bad input, 2 for bad use."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may hold what the terminal cannot show
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
    except UsageError as error:
        return _fault(error, 2)
    except (FileError, DisplayError) as error:
        return _fault(error, 1)
    except KeyboardInterrupt:
        return _fault("stopped", 130)
    except BrokenPipeError:
        _forget_output()
        return 141
    except OSError as error:
        _forget_output()
        return _fault(f"the output cannot be written: {(error.strerror or str(error)).lower()}", 1)
    return code


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else None
    if first is not None and (first in COMMANDS or (first.startswith("-") and first != STANDARD_INPUT)):
        from nnviz.cli import commands

        return commands.run(arguments)
    if len(arguments) > 1:
        raise UsageError("nnviz: expected one FILE or a command; `nnviz --help` lists them")
    return _open(first)


def _open(file: str | None) -> int:
    if file is not None and file != STANDARD_INPUT:
        from nnviz.files.examples import file_of

        file = str(file_of(file))
    from nnviz import _system

    _system.check(window=True)
    from nnviz.ui.window.app import open_window

    return open_window(file)


def _fault(sentence: object, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _forget_output() -> None:
    """Keep Python from writing to a broken output once more when it ends, with a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
