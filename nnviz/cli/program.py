"""The command that writes a network as a program. Imports no Qt."""

from __future__ import annotations

import argparse

from nnviz.cli.printing import complain, print_text
from nnviz.core.state import State
from nnviz.files.code import program
from nnviz.files.code.saving import beside, save
from nnviz.files.errors import FileError


def write(state: State, chosen: argparse.Namespace) -> None:
    """Print the program, all numbers in it, or save it, many numbers in a file beside it."""
    try:
        made = program(state, chosen.style)
    except ValueError as error:
        raise FileError(str(error)) from None
    if chosen.out is None:
        if made.beside:
            complain("all numbers are written out; -o OUT.py puts them into a file beside the program")
            made = program(state, chosen.style, beside=False)
        print_text(made.text)
        return
    if said := save(made, chosen.out):
        complain(said)
    if made.beside:
        complain(f"{beside(chosen.out)} holds its numbers: keep the two together")
