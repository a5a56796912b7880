"""The examples that ship with nnviz, in order. Knows where they are and what they call themselves."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnviz.files.errors import FileError, reading_failed
from nnviz.system import resources


@dataclass(frozen=True)
class Example:
    """An example: its `name` to type, its `title`, what it teaches in one `line`, and its file."""

    name: str
    title: str
    line: str
    path: Path


@cache
def examples() -> tuple[Example, ...]:
    """Return every example in order: a file `03-many-rows.json` is the third, `many-rows`."""
    return tuple(_example(path) for path in paths())


@cache
def paths() -> tuple[Path, ...]:
    """Return every example's file in order, without a look into it."""
    return tuple(sorted((resources() / "examples").glob("*.json")))


def _example(path: Path) -> Example:
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Example(path.stem.partition("-")[2], raw["name"], raw["notes"].partition("\n")[0], path)


def example(name: str) -> Example | None:
    """Return the example of that name, or None."""
    return next((each for each in examples() if each.name == name), None)


def file_of(file: str) -> Path:
    """Return the path that FILE stands for: a file, else the example of that name. Raises FileError."""
    path = Path(file)
    if os.path.isfile(path):  # which does not raise where its folder may not be read
        return path
    known = example(file)
    if known is not None:
        return known.path
    try:
        os.stat(path)
    except FileNotFoundError as error:
        if path.suffix or path.name != file:
            raise reading_failed(path, error) from None
        raise FileError(
            f"there is no file and no example called {file}; `nnviz examples` lists the examples"
        ) from None
    except OSError as error:
        raise reading_failed(path, error) from None
    except ValueError:
        return path  # who reads it tells that no file can have such a name
    return path
