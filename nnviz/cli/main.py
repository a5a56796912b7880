"""Entry point of the `nnviz` command: runs one command line, prints errors, and returns an exit code.

This module imports little, so that the window starts fast. The commands are in `nnviz.cli.commands`.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from nnviz.cli import terminal
from nnviz.cli.arguments import ACTIVATIONS, COMMANDS, UsageError, parse_activations
from nnviz.cli.terminal import end_at_once_on_signals
from nnviz.files.errors import FileError
from nnviz.system import STREAMS, DisplayError


def run(arguments: list[str]) -> int:
    """Run the command line, print any error to standard error, and return an exit code."""
    terminal.fill_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may contain letters that the terminal cannot show
    code = 0
    try:
        code = _run(arguments)
        terminal.flush()
    except (UsageError, FileError, DisplayError, terminal.OutputError) as error:
        terminal.print_remark(error)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        return code or 141
    finally:
        terminal.end()
    return code


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else None
    if first is not None and (first in COMMANDS or (first.startswith("-") and first not in STREAMS)):
        from nnviz.cli import commands

        return commands.run(arguments)
    rest = arguments[1:]
    if rest and not rest[0].startswith(ACTIVATIONS):
        raise UsageError("nnviz: expected one FILE or a command; see `nnviz --help`")
    return _open(first, parse_activations(rest) if rest else None)


def _open(file: str | None, activations: tuple[str, ...] | None) -> int:
    if file is not None and file not in STREAMS:
        from nnviz.files.examples import file_of

        file = str(file_of(file))
    from nnviz import system

    gc.disable()  # until the window is filled: objects of the start are not garbage
    system.check(window=True)
    from nnviz.ui.window.app import open_window

    return open_window(file, activations)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run nnviz with `arguments`, by default the arguments of the process; return an exit code.

    The exit code is 0 on success, 1 for bad input, 2 for a bad command line, and 128 plus the number of a
    signal that stopped the command. If `arguments` is None, SIGINT, SIGTERM and SIGHUP end the process.
    """
    if arguments is None:
        end_at_once_on_signals()

    return run(list(sys.argv[1:] if arguments is None else arguments))
