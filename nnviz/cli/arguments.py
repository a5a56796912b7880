"""Arguments and help of the command line, parsed with argparse."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from nnviz.cli.terminal import print_text
from nnviz.core.numbers import LARGEST
from nnviz.picture.palette import PALETTES

_T = TypeVar("_T")
ACTIVATIONS = "--activations"
"""Name of the option that gives each layer's activation, for a FILE that contains no activations."""


class UsageError(Exception):
    """The command line is invalid. The message is one sentence."""


PICTURES = (".png", ".svg", ".pdf")
VIEWS = ("forward", "slopes")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line; the result's `command` is the name of the command. Raises UsageError."""
    return _parser(arguments[0]).parse_args(_rows_joined(arguments))


class _Parser(argparse.ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002
        """Print the help with `print_text`, because argparse ignores errors while printing."""
        print_text(self.format_help())

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; see `{self.prog} --help`")


def _rows_joined(arguments: list[str]) -> list[str]:
    """Write `--row -1,-2` as `--row=-1,-2`, because argparse would read `-1,-2` as an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--row" and re.match(r"-[\d.]", argument):
            joined[-1] = f"--row={argument}"
        else:
            joined.append(argument)
    return joined


def _parser(chosen: str) -> _Parser:
    """Return the parser with the arguments of the `chosen` command; other commands may import NumPy."""
    parser = _Parser(
        prog="nnviz",
        usage=f"nnviz [FILE] [{ACTIVATIONS} relu,identity]\n       nnviz COMMAND …",
        description="Open FILE in a window, or run a command. FILE may be the name of an example.",
    )
    _option(parser, "--version", "print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog="nnviz")
    for word, (line, *parts) in COMMANDS.items():
        command = commands.add_parser(word, help=line, description=line[0].upper() + line[1:] + ".")
        for add_arguments in parts if word == chosen else ():
            add_arguments(command)
    return parser


def parse_activations(arguments: list[str]) -> tuple[str, ...] | None:
    """Return the activations of the option --activations, or None without this option. Raises UsageError."""
    parser = _Parser(prog="nnviz")
    _answer(parser)
    given: tuple[str, ...] | None = parser.parse_args(arguments).activations
    return given


def _option(parser: argparse._ActionsContainer, names: str, text: str, **settings: Any) -> None:
    """Add an option with the help `text`; `names` are its flags and its metavar, as in "-o --out OUT.py"."""
    *flags, last = names.split()
    if last.startswith("-"):
        parser.add_argument(*flags, last, help=text, action="store_true")
    else:
        parser.add_argument(*flags, metavar=last, help=text, **settings)


def _file(parser: _Parser, called: str = "FILE") -> None:
    parser.add_argument("file", metavar=called, help="a file, or the name of an example")
    _answer(parser)


def _answer(parser: _Parser) -> None:
    text = "the activation of each layer, for a file that contains no activations"
    _option(parser, f"{ACTIVATIONS} relu,identity", text, type=_activations)


def _json(parser: _Parser) -> None:
    _option(parser, "--json", "print JSON")


def _predict(parser: _Parser) -> None:
    text = "predict this row of raw inputs; may be repeated"
    _option(parser, "--row 3,5", text, type=_row, action="append", default=[])
    _option(parser, "--data ROWS.csv", "predict the rows of a CSV file", type=Path)
    text = "leave out rows of --data that have missing cells, and list these rows on standard error"
    _option(parser, "--skip-incomplete", text)
    _decimal(parser)
    text = "write the rows and their predictions to a CSV file instead of printing them"
    _option(parser, "-o --out OUT.csv", text, type=_ends_in((".csv",)))


def _decimal(parser: _Parser) -> None:
    _option(parser, "--decimal ,|.", "the decimal sign in a table", choices=(",", "."))


def _train(parser: _Parser) -> None:
    from nnviz.core.losses import LOSSES, forms_of
    from nnviz.core.optimizers import OPTIMIZERS
    from nnviz.core.schedules import CONSTANT, SCHEDULES, of_numbers, schedule
    from nnviz.core.state import number_of
    from nnviz.files.registry import savable_suffixes

    def number(setting: str) -> Callable[[str], float]:
        return _read(partial(number_of, setting))

    _option(parser, "--updates N", "number of updates", type=_whole(1))
    _option(parser, "--learning-rate R", "above 0", type=number("learning_rate"))
    schedules = [CONSTANT, *(of_numbers(kind, kind.example).name for kind in SCHEDULES.values())]
    _option(parser, "--schedule S", ", ".join(schedules), type=_checked(schedule))
    _option(parser, "--batch-size B", "number of rows in a batch", type=_whole(1))
    _option(parser, "--optimizer O", ", ".join(OPTIMIZERS), choices=list(OPTIMIZERS))
    _option(parser, "--seed S", "seed for the order of the rows", type=_whole(0))
    _option(parser, "--loss L", ", ".join(LOSSES), type=_checked(forms_of))
    text = "share of the rows used for validation, such as 0.2 for the last fifth"
    _option(parser, "--validation V", text, type=number("validation"))
    _option(parser, "--l1 A", "penalty A·Σ|w| for large weights", type=number("l1"))
    _option(parser, "--l2 A", "penalty A·Σw² for large weights", type=number("l2"))
    _option(parser, "--random-start", "train from random weights, which are made with the seed")
    text = "stop when the loss is at most LOSS; 0 for never"
    _option(parser, "--until LOSS", text, type=lambda text: 0 if text == "0" else number("until")(text))
    text = "stop after K epochs without a lower validation loss; 0 for never"
    _option(parser, "--patience K", text, type=_whole(0))
    text = "save the network with the lowest validation loss, or the last one"
    _option(parser, "--keep best|last", text, choices=["best", "last"])
    _option(parser, "--history LOSS.csv", "save the loss history as CSV", type=Path)
    _option(parser, "-o --out OUT.json", "save the trained network", type=_ends_in(savable_suffixes()))


def _render(parser: _Parser) -> None:
    from nnviz.files.film import FPS, MOST_FPS, SUFFIXES

    _picture(parser, tuple(dict.fromkeys((*PICTURES, *SUFFIXES))), "light")
    parser.add_argument("--view", choices=VIEWS, default="forward")
    _option(parser, "--transparent", "without a background")
    _option(parser, "--pictures", "draw thumbnails in the nodes")
    _option(parser, "--all-weights", "show all weights of many edges, not only the strongest")
    kinds = f"OUT must end in {' or '.join(SUFFIXES)}"
    moves = parser.add_mutually_exclusive_group()
    _option(moves, "--walk", f"film the four phases of one update; {kinds}")
    _option(moves, "--training", f"film the training; {kinds}")
    _option(parser, "--fps N", f"frames per second of a film (default: {FPS})", type=_whole(1, MOST_FPS))


def _screenshot(parser: _Parser) -> None:
    _picture(parser, (".png",), None)


def _picture(parser: _Parser, suffixes: tuple[str, ...], theme: str | None) -> None:
    names = "|".join(suffix[1:] for suffix in suffixes)
    parser.add_argument("-o", "--out", type=_ends_in(suffixes), required=True, metavar=f"OUT.{names}")
    _option(parser, "--size WxH", "size in pixels, such as 1280x800", type=_size)
    parser.add_argument("--theme", choices=list(PALETTES), default=theme)


def _convert(parser: _Parser) -> None:
    from nnviz.files.registry import savable_suffixes

    _file(parser, "IN")
    parser.add_argument("out", metavar="OUT", type=_ends_in(savable_suffixes()))
    text = "use this column of a table as a target; may be repeated"
    _option(parser, "--target COLUMN", text, action="append", default=[])
    _decimal(parser)
    _option(parser, "--standardise", "scale numeric inputs to mean 0 and standard deviation 1")
    _option(parser, "--shuffle", "shuffle the rows with the training seed")
    text = "seed for --shuffle and for the random weights of a new network for a table; OUT stores the seed"
    _option(parser, "--seed S", text, type=_whole(0))
    _option(parser, "--without-scaling", "save no scaling; OUT expects standardised inputs")


def _code(parser: _Parser) -> None:
    from nnviz.files.code import STYLES

    _option(parser, f"--style {'|'.join(STYLES)}", "default: numpy", choices=list(STYLES), default="numpy")
    _option(parser, "-o --out OUT.py", "save the program to this file", type=_ends_in((".py",)))


def _sweep(parser: _Parser) -> None:
    from nnviz.core.sweep import READERS
    from nnviz.core.workers import BACKENDS

    _file(parser)
    for name, reader in READERS.items():
        _option(parser, f"--{name.replace('_', '-')} A,B", reader.meaning, type=_read(reader.values))
    _option(parser, "--seeds N", "train each from N random starts, seeds 0 to N - 1", type=_whole(1))
    _option(parser, "--updates N", "number of updates of each run", type=_whole(1))
    _option(parser, "-o --out SWEEP.csv", "write the runs to a CSV file", type=_ends_in((".csv",)))
    _option(parser, "--resume", "make only the runs that the CSV file does not have")
    _option(parser, "--jobs N", "number of threads or processes", type=_whole(1))
    text = "what trains beside each other (default: threads)"
    _option(parser, f"--backend {'|'.join(BACKENDS)}", text, choices=BACKENDS, default="threads")
    _option(parser, "--scheduler ADDRESS", "scheduler of the Dask cluster, such as tcp://host:8786")


def _runs(parser: _Parser) -> None:
    _option(parser, "-o --out RUNS.csv", "write the runs to a CSV file", type=_ends_in((".csv",)))
    _option(parser, "--tensorboard FOLDER", "write the curves as event files of TensorBoard", type=Path)


COMMANDS: dict[str, tuple[str, *tuple[Callable[[_Parser], None], ...]]] = {
    "predict": ("print the prediction for each row", _file, _predict, _json),
    "slopes": ("print the loss and the slope (gradient) of every weight", _file, _json),
    "train": ("train on the file's rows and print the loss", _file, _train, _json),
    "sweep": ("train with every combination of settings, and list the results", _sweep),
    "runs": ("list the runs that a file keeps, with their settings and results", _file, _runs, _json),
    "render": ("draw the diagram as PNG, SVG, PDF or film; needs no display", _file, _render),
    "screenshot": ("draw the whole window as PNG; needs no display", _file, _screenshot),
    "convert": ("convert a file to another format, chosen by suffix", _convert),
    "check": ("check a file and report the place of any fault", _file),
    "code": ("print the network as a program that runs on its own", _file, _code),
    "examples": ("list the examples that come with nnviz",),
}
"""Map of each command to its help text and the functions that add its arguments, in the order of the help.

A file with the name of a command opens as `nnviz ./predict`.
"""


def _activations(text: str) -> tuple[str, ...]:
    """Return the activations named in `text`. Raises argparse.ArgumentTypeError."""
    from nnviz.core.activations import activation

    return tuple(_read(activation)(name.strip()).name for name in text.split(","))


def _read(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """Return a function that raises argparse.ArgumentTypeError where `read` raises ValueError."""

    def read_option(text: str) -> _T:
        try:
            return read(text)
        except ValueError as error:
            raise ArgumentTypeError(re.sub(r"^[a-z0-9_]+: ", "", str(error))) from None

    return read_option


def _checked(check: Callable[[str], object]) -> Callable[[str], str]:
    """Return a function that returns its text if `check` accepts the text, and refuses the text otherwise."""
    return _read(lambda text: (check(text), text)[1])


def _row(text: str) -> list[str]:
    import csv

    try:
        return [cell.strip() for cell in next(csv.reader([text], skipinitialspace=True, strict=True), [])]
    except csv.Error:
        raise ArgumentTypeError("a cell has text after its closing quote") from None


def _whole(least: int, most: int = LARGEST) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not re.fullmatch(r"\d{1,300}", text, re.ASCII) or int(text) < least:
            raise ArgumentTypeError(f"expected a whole number of {least} or more, found {text}")
        if int(text) > most:
            raise ArgumentTypeError(f"expected a whole number of {most} or less, found {text}")
        return int(text)

    return whole


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text, re.ASCII)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (50 <= width <= 10_000 and 50 <= height <= 10_000):
        raise ArgumentTypeError(f"expected width and height from 50 to 10000, such as 1280x800, found {text}")
    return width, height


def _ends_in(suffixes: tuple[str, ...]) -> Callable[[str], Path]:
    def picture(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise ArgumentTypeError(f"expected a name that ends in {' or '.join(suffixes)}, found {text}")
        return Path(text)

    return picture
