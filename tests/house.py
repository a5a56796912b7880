"""Measures the house and holds its rules: `python -m tests.house` prints it.

It shows files, code lines and classes of each room (a package of nnviz), and the longest files and functions.
A code line is neither blank, comment, docstring nor import. tests/test_layers.py asserts the rules.
"""

import ast
import re
import tokenize
from collections import Counter, defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from io import StringIO
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 900, 50
"""Lines that a file and a function may have."""
SHORT_FILE, IMPORTERS = 60, 3
"""A file with fewer lines has this many importers, or stands in SHORT_FILES."""
SHOWN = 5
BUDGETS = {
    "nnviz": 138,
    "nnviz.cli": 709,
    "nnviz.core": 4734,
    "nnviz.document": 2162,
    "nnviz.explain": 786,
    "nnviz.files": 1762,
    "nnviz.files.code": 1165,
    "nnviz.files.frameworks": 291,
    "nnviz.files.models": 3227,
    "nnviz.files.table": 1093,
    "nnviz.picture": 2658,
    "nnviz.ui": 0,
    "nnviz.ui.diagram": 2218,
    "nnviz.ui.dialogs": 2051,
    "nnviz.ui.kit": 956,
    "nnviz.ui.panels": 5883,
    "nnviz.ui.plot": 570,
    "nnviz.ui.window": 2401,
    "nnviz.watching": 379,
}
"""Code lines that a room may have.

A budget is lowered when a room shrinks, and raised only by hand, with the reason beside it.
"""
DIALECT = (
    *("so many", "so much", "so long", "is told", "are told", "tell whether", "tells whether", "what is no"),
    *("of what", "but for", "what becomes of", "in sight", "wished for", "of none", "knows nothing"),
)
"""Phrases that a stranger reads twice; none stands in a docstring, a comment or a text of nnviz."""
SHORT_FILES = {
    "nnviz/__main__.py": "a process: python -m nnviz",
    "nnviz/files/models/keras_h5.py": "a format",
    "nnviz/files/models/keras_json.py": "a format",
    "nnviz/files/models/onnx.py": "a format, imported without the library that reads it",
    "nnviz/ui/window/log.py": "imported at the first error, since logging takes time",
    "nnviz/watching/keras.py": "imported where Keras is, since it has a class of Keras as base",
    "nnviz/watching/watch.py": "nnviz.watch",
}
"""Files that may be short, each with the reason."""


class Function(NamedTuple):
    lines: int
    place: str


class File(NamedTuple):
    path: Path
    lines: int
    code: int
    classes: list[str]
    functions: list[Function]
    imports: set[str]
    """Modules of nnviz that are imported anywhere in the file, also for types alone."""

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        return _module(self.path)

    @property
    def package(self) -> str:
        """Its folder; a file at the top, which anybody may import, is one by itself."""
        folder = self.path.parent
        return self.module if folder == ROOT / "nnviz" else ".".join(folder.relative_to(ROOT).parts)

    @property
    def room(self) -> str:
        """Its folder."""
        return ".".join(self.path.parent.relative_to(ROOT).parts)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def files() -> list[File]:
    """Return every Python file of nnviz."""
    paths = sorted((ROOT / "nnviz").rglob("*.py"))
    modules = {_module(path) for path in paths}
    return [_read(path, modules) for path in paths]


def _read(path: Path, modules: set[str]) -> File:
    text = path.read_text("utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    functions = [
        Function(node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    imports = {
        full if (full := f"{node.module}.{alias.name}") in modules else node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnviz")
        for alias in node.names
    }
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    return File(
        path, len(text.splitlines()), _code_lines(text, nodes), classes, functions, imports - {_module(path)}
    )


def _code_lines(text: str, nodes: list[ast.AST]) -> int:
    """Return how many lines are neither blank, comment, import nor a text that stands alone (a docstring)."""
    blank = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    lines: set[int] = set()
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in nodes:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom) or (is_text and isinstance(node.value.value, str)):
            lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


def arrows(house: list[File]) -> Counter[tuple[str, str]]:
    """Return how many imports lead from one package to another."""
    package_of = {file.module: file.package for file in house}
    counted: Counter[tuple[str, str]] = Counter()
    for file in house:
        for module in file.imports:
            if package_of[module] != file.package:
                counted[file.package, package_of[module]] += 1
    return counted


def circle(house: list[File]) -> list[str]:
    """Return packages each of which imports the next, and the last the first; none is best."""
    leads_to: dict[str, set[str]] = {file.package: set() for file in house}
    for start, end in arrows(house):
        leads_to[start].add(end)
    return _circle(leads_to)


def circle_of_files(house: list[File]) -> list[str]:
    """Return the same of files, whose imports for types alone count as well."""
    return _circle({file.module: file.imports for file in house})


def _circle(leads_to: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(leads_to).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def clashes(house: list[File]) -> dict[str, list[str]]:
    """Return the name of each class that several files define, with these files."""
    places = defaultdict(list)
    for file in house:
        for name in file.classes:
            places[name].append(file.name)
    return {name: found for name, found in places.items() if len(found) > 1}


def slivers(house: list[File]) -> list[str]:
    """Return the short files that too few others import and that are no entry of their own."""
    importers = Counter(module for file in house for module in file.imports)
    return [
        file.name
        for file in house
        if file.lines < SHORT_FILE
        and file.path.name != "__init__.py"
        and importers[file.module] < IMPORTERS
        and file.name not in SHORT_FILES
    ]


def dialect(house: list[File]) -> list[str]:
    """Return each place where a docstring, comment or text has a phrase of DIALECT."""
    kinds = {getattr(tokenize, name, None) for name in ("COMMENT", "STRING", "FSTRING_MIDDLE")}
    phrases = re.compile(rf"\b({'|'.join(DIALECT)})\b", re.IGNORECASE)
    return [
        f"{file.name}:{token.start[0]}: {found[1]}"
        for file in house
        for token in tokenize.generate_tokens(StringIO(file.path.read_text("utf-8")).readline)
        if token.type in kinds and (found := phrases.search(" ".join(token.string.split())))
    ]


def rooms(house: list[File]) -> dict[str, int]:
    """Return the code lines of each room."""
    lines: Counter[str] = Counter()
    for file in house:
        lines[file.room] += file.code
    return dict(lines)


def main() -> None:
    house = files()
    functions = sorted((function for file in house for function in file.functions), reverse=True)
    print(f"{'room':28}{'files':>7}{'lines':>8}{'code':>8}{'budget':>8}{'classes':>9}")
    budgets = {**BUDGETS, "all": sum(BUDGETS.values())}
    for name in (*sorted(rooms(house)), "all"):
        own = [file for file in house if name in (file.room, "all")]
        print(
            f"{name:28}{len(own):7}{sum(f.lines for f in own):8,}{sum(f.code for f in own):8,}"
            f"{budgets.get(name, 0):8,}{sum(len(f.classes) for f in own):9}"
        )
    print(f"\nfiles: median {median(f.lines for f in house):.0f} lines; the longest:")
    for file in sorted(house, key=lambda file: -file.lines)[:SHOWN]:
        print(f"{file.lines:6}  {file.name}")
    short = sum(file.lines < SHORT_FILE for file in house)
    print(f"{short:6}  files below {SHORT_FILE} lines, {len(slivers(house))} of them without a reason")
    print(f"functions: median {median(f.lines for f in functions):.0f} lines; the longest:")
    for function in functions[:SHOWN]:
        print(f"{function.lines:6}  {function.place}")
    print(f"\nnames of several classes: {', '.join(sorted(clashes(house))) or 'none'}")
    print(f"arrows between packages: {len(arrows(house))}; circle: {' → '.join(circle(house)) or 'none'}")
    print(f"places in dialect: {len(dialect(house))}")
    print(f"circle of files: {' → '.join(circle_of_files(house)) or 'none'}")


if __name__ == "__main__":
    main()
