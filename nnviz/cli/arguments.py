"""Arguments and help of the command line, parsed with argparse."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from nnviz.cli.printing import print_text
from nnviz.core.numbers import LARGEST, parsed
from nnviz.picture.palette import PALETTES

COMMANDS = {
    "predict": "the predictions of a network, one row a line",
    "slopes": "the loss and every slope at the current weights",
    "train": "gradient descent on the file's rows",
    "render": "the diagram as PNG, SVG or PDF, or a film of it; no display needed",
    "screenshot": "the whole window as PNG; no display needed",
    "convert": "from one file format to another, by suffix",
    "check": "whether a file is right, and if not, where",
    "code": "the network as a program that runs as it stands",
    "examples": "the examples that ship with nnviz",
}
"""Every command and what it gives; a file of such a name is opened as `./predict`."""


ACTIVATIONS = "--activations"
"""Says which activation each layer of FILE has, where the file does not."""


class UsageError(Exception):
    """A command line that makes no sense; the message is one sentence."""


PICTURES = (".png", ".svg", ".pdf")
VIEWS = ("forward", "slopes")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what was typed; `command` is the command's word. Raises UsageError."""
    return _parser(arguments[0]).parse_args(_rows_joined(arguments))


class _Parser(argparse.ArgumentParser):
    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002
        """Print it as everything is printed: argparse itself does not mind where that fails."""
        print_text(self.format_help())

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; `{self.prog} --help` says more")


def _rows_joined(arguments: list[str]) -> list[str]:
    """Write `--row -1,-2` as `--row=-1,-2`, for argparse takes what starts with a minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--row" and re.match(r"-[\d.]", argument):
            joined[-1] = f"--row={argument}"
        else:
            joined.append(argument)
    return joined


def _parser(chosen: str) -> _Parser:
    """Return the parser, with the arguments of the chosen command alone: some of them import NumPy."""
    parser = _Parser(
        prog="nnviz",
        usage=f"nnviz [FILE] [{ACTIVATIONS} relu,identity]\n       nnviz COMMAND …",
        description="The window on FILE, or one of the commands. FILE may be an example's name.",
    )
    parser.add_argument("--version", action="store_true", help="the version, and no more")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", prog="nnviz")
    for word, line in COMMANDS.items():
        command = commands.add_parser(word, help=line, description=line[0].upper() + line[1:] + ".")
        if word == chosen and word in _ARGUMENTS:
            _ARGUMENTS[word](command)
    return parser


def answered(arguments: list[str]) -> tuple[str, ...] | None:
    """Return the activations that are given behind the window's FILE. Raises UsageError."""
    parser = _Parser(prog="nnviz")
    _answer(parser)
    given: tuple[str, ...] | None = parser.parse_args(arguments).activations
    return given


def _file(parser: _Parser, called: str = "FILE") -> None:
    parser.add_argument("file", metavar=called, help="a file, or the name of an example")
    _answer(parser)


def _answer(parser: _Parser) -> None:
    parser.add_argument(
        ACTIVATIONS,
        type=_activations,
        metavar="relu,identity",
        help="one for each layer, for a file that does not say them",
    )


def _json(parser: _Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _predict(parser: _Parser) -> None:
    _file(parser)
    parser.add_argument(
        "--row",
        type=_row,
        action="append",
        default=[],
        metavar="3,5",
        help="predict this raw row; may be repeated",
    )
    parser.add_argument("--data", type=Path, metavar="ROWS.csv", help="predict the raw rows of a CSV file")
    parser.add_argument(
        "--skip-incomplete",
        action="store_true",
        help="leave out rows of --data with a missing cell, and print their numbers on standard error",
    )
    _decimal(parser)
    parser.add_argument(
        "-o",
        "--out",
        type=_ends_in((".csv",)),
        metavar="OUT.csv",
        help="write the rows and their predictions as CSV, and print none",
    )
    _json(parser)


def _decimal(parser: _Parser) -> None:
    parser.add_argument("--decimal", choices=(",", "."), metavar=",|.", help="the decimal sign of a table")


def _slopes(parser: _Parser) -> None:
    _file(parser)
    _json(parser)


def _train(parser: _Parser) -> None:
    from nnviz.core.losses import LOSSES
    from nnviz.core.optimizers import OPTIMIZERS

    _file(parser)
    parser.add_argument("--updates", type=_whole(1), metavar="N")
    parser.add_argument("--learning-rate", type=_positive, metavar="R")
    parser.add_argument("--batch-size", type=_whole(1), metavar="B", help="rows in a batch")
    parser.add_argument("--optimizer", choices=list(OPTIMIZERS), metavar="O", help=", ".join(OPTIMIZERS))
    parser.add_argument("--seed", type=_whole(0), metavar="S", help="seed of the row order")
    parser.add_argument("--loss", choices=list(LOSSES), metavar="L", help=", ".join(LOSSES))
    share = "share of the rows, the last ones, that are not trained on, such as 0.2"
    parser.add_argument("--validation", type=_share, metavar="V", help=share)
    parser.add_argument(
        "--keep", choices=["best"], metavar="best", help="save the network of the least validation loss"
    )
    parser.add_argument("--history", type=Path, metavar="LOSS.csv", help="write every iteration and its loss")
    parser.add_argument("-o", "--out", type=_savable, metavar="OUT.json", help="save what came of it")
    _json(parser)


def _render(parser: _Parser) -> None:
    from nnviz.files.film import FPS, MOST_FPS, SUFFIXES

    _file(parser)
    _picture(parser, tuple(dict.fromkeys((*PICTURES, *SUFFIXES))), "light")
    parser.add_argument("--view", choices=VIEWS, default="forward")
    parser.add_argument("--transparent", action="store_true", help="without a background")
    parser.add_argument("--pictures", action="store_true", help="with small pictures in the nodes")
    kinds = f"({', '.join(SUFFIXES)})"
    moves = parser.add_mutually_exclusive_group()
    moves.add_argument("--walk", action="store_true", help=f"the four phases of one update as a film {kinds}")
    moves.add_argument("--training", action="store_true", help=f"the run as a film {kinds}")
    parser.add_argument(
        "--fps", type=_whole(1, MOST_FPS), metavar="N", help=f"frames a second of a film, {FPS} if not given"
    )


def _screenshot(parser: _Parser) -> None:
    _file(parser)
    _picture(parser, (".png",), None)


def _picture(parser: _Parser, suffixes: tuple[str, ...], theme: str | None) -> None:
    names = "|".join(suffix[1:] for suffix in suffixes)
    parser.add_argument("-o", "--out", type=_ends_in(suffixes), required=True, metavar=f"OUT.{names}")
    parser.add_argument("--size", type=_size, metavar="WxH", help="in pixels, such as 1280x800")
    parser.add_argument("--theme", choices=list(PALETTES), default=theme)


def _convert(parser: _Parser) -> None:
    _file(parser, "IN")
    parser.add_argument("out", metavar="OUT", type=_savable)
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="COLUMN",
        help="make this column of a table the target; may be repeated",
    )
    _decimal(parser)
    parser.add_argument(
        "--standardise", action="store_true", help="give each input of numbers mean 0 and deviation 1"
    )
    parser.add_argument("--shuffle", action="store_true", help="mix the rows, by the seed of the settings")
    seed = "seed of a table's random start weights and of --shuffle; it is saved"
    parser.add_argument("--seed", type=_whole(0), metavar="S", help=seed)
    parser.add_argument(
        "--without-scaling",
        action="store_true",
        help="save a model of standardised inputs that does not standardise raw rows itself",
    )


def _code(parser: _Parser) -> None:
    from nnviz.files.code import STYLES

    _file(parser)
    parser.add_argument(
        "--style", choices=list(STYLES), default="numpy", metavar="|".join(STYLES), help="numpy unless given"
    )
    parser.add_argument(
        "-o", "--out", type=_ends_in((".py",)), metavar="OUT.py", help="save it, not print it"
    )


_ARGUMENTS: dict[str, Callable[[_Parser], None]] = {
    "predict": _predict,
    "slopes": _slopes,
    "train": _train,
    "render": _render,
    "screenshot": _screenshot,
    "convert": _convert,
    "check": _file,
    "code": _code,
}


def _activations(text: str) -> tuple[str, ...]:
    """Return the activations that are named in `text`. Raises argparse.ArgumentTypeError."""
    from nnviz.core.activations import activation

    try:
        return tuple(activation(name.strip()).name for name in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _row(text: str) -> list[str]:
    import csv

    try:
        return [cell.strip() for cell in next(csv.reader([text], skipinitialspace=True, strict=True), [])]
    except csv.Error:
        raise argparse.ArgumentTypeError("a quote is not the end of its cell") from None


def _number(text: str) -> float:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _share(text: str) -> float:
    number = _number(text)
    if not 0.0 <= number < 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 on and below 1, found {text}")
    return number


def _positive(text: str) -> float:
    number = _number(text)
    if number <= 0.0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text}")
    return number


def _whole(least: int, most: int = LARGEST) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not re.fullmatch(r"\d{1,300}", text, re.ASCII) or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} on, found {text}")
        if int(text) > most:
            raise argparse.ArgumentTypeError(f"expected a whole number up to {most}, found {text}")
        return int(text)

    return whole


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text, re.ASCII)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (50 <= width <= 10_000 and 50 <= height <= 10_000):
        raise argparse.ArgumentTypeError(
            f"expected a width and a height from 50 to 10000 such as 1280x800, found {text}"
        )
    return width, height


def _ends_in(suffixes: tuple[str, ...]) -> Callable[[str], Path]:
    def picture(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(
                f"expected a name that ends in {' or '.join(suffixes)}, found {text}"
            )
        return Path(text)

    return picture


def _savable(text: str) -> Path:
    from nnviz.files.registry import suffixes

    return _ends_in(suffixes())(text)
