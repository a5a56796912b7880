"""A line of arguments: which word is which command, and how every fault becomes one sentence.

Imports next to nothing itself, for the window's sake; the commands are in `nnviz.cli.commands`.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper

from nnviz._streams import STREAMS
from nnviz._system import DisplayError
from nnviz.cli import printing
from nnviz.cli.usage import ACTIVATIONS, COMMANDS, UsageError
from nnviz.files.errors import FileError, UnansweredError


def run(arguments: list[str]) -> int:
    """Run what the arguments say and return the exit code."""
    printing.fill_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may hold what the terminal cannot show
    code = 0
    try:
        code = _run(arguments)
        printing.flush()
    except UsageError as error:
        return _fault(error, 2)
    except UnansweredError as error:
        return _fault(error.on_the_command_line(ACTIVATIONS), 1)
    except (FileError, DisplayError, printing.OutputError) as error:
        return _fault(error, 1)
    except BrokenPipeError:
        return code or 141
    finally:
        printing.end()
    return code


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else None
    if first is not None and (first in COMMANDS or (first.startswith("-") and first not in STREAMS)):
        from nnviz.cli import commands

        return commands.run(arguments)
    rest = arguments[1:]
    if not rest:
        return _open(first, None)
    if not rest[0].startswith(ACTIVATIONS):
        raise UsageError("nnviz: expected one FILE or a command; `nnviz --help` lists them")
    from nnviz.cli.arguments import answered

    return _open(first, answered(rest))


def _open(file: str | None, activations: tuple[str, ...] | None) -> int:
    if file is not None and file not in STREAMS:
        from nnviz.files.examples import file_of

        file = str(file_of(file))
    from nnviz import _system

    _system.check(window=True)
    from nnviz.ui.window.app import open_window

    return open_window(file, activations)


def _fault(sentence: object, code: int) -> int:
    printing.complain(sentence)
    return code
