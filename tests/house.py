"""Measures the code of nnviz for the rules of the tests: `python -m tests.house` prints the numbers.

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
"""Largest number of lines of a file and of a function."""
SHORT_FILE, IMPORTERS = 60, 3
"""A file with fewer lines needs this many importers, or an entry in SHORT_FILES."""
SHOWN = 5
BUDGETS = {
    "nnviz": 130,  # which engine trains
    "nnviz.cli": 740,  # with sweeps and the runs of a file
    "nnviz.core": 6329,  # with formulas, frozen parts, compiled loops, kept runs, sweeps and early stopping
    "nnviz.document": 1977,  # with runs that go on with new rows, and sweeps
    "nnviz.explain": 755,  # with the penalty, and what an input does
    "nnviz.files": 1760,  # with formulas, kept runs and event files of TensorBoard
    "nnviz.files.code": 1138,  # programs with the penalty, frozen parts, formulas and early stopping
    "nnviz.files.models": 3211,  # with the penalty and frozen layers in Keras files
    "nnviz.files.table": 921,  # with computed columns
    "nnviz.picture": 2307,  # with padlocks, and differences to another network
    "nnviz.ui": 0,
    "nnviz.ui.diagram": 1655,  # with the menu entries that freeze
    "nnviz.ui.dialogs": 1195,  # with the dialogs for a computed column and for comparisons
    "nnviz.ui.kit": 1192,  # the base of all dialogs, and every question
    "nnviz.ui.panels": 5315,  # with points by hand, the pad, and runs
    "nnviz.ui.plot": 809,  # the grid of cells and the base of all maps, instead of one for each panel
    "nnviz.ui.window": 2144,
    "nnviz.watching": 307,
}
"""Largest number of code lines of each package.

Lower a budget when the package shrinks. Raise a budget only with the reason beside the number.
"""
DIALECT = (
    *("so many", "so much", "so long", "is told", "are told", "tell whether", "tells whether", "what is no"),
    *("of what", "but for", "what becomes of", "in sight", "wished for", "of none", "knows nothing"),
)
"""Phrases that a stranger reads twice. No docstring, comment or string of nnviz may contain them."""
SHORT_FILES = {
    "nnviz/__main__.py": "a process: python -m nnviz",
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
    """Modules of nnviz that the file imports anywhere, including imports only for types."""

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        return _module(self.path)

    @property
    def package(self) -> str:
        """The package of the file; a top-level module counts as its own package."""
        folder = self.path.parent
        return self.module if folder == ROOT / "nnviz" else ".".join(folder.relative_to(ROOT).parts)

    @property
    def room(self) -> str:
        """The folder of the file."""
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
    """Return the number of lines that are not blank, comment, import or docstring."""
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
    """Return the number of imports from one package to another, for each pair."""
    package_of = {file.module: file.package for file in house}
    counted: Counter[tuple[str, str]] = Counter()
    for file in house:
        for module in file.imports:
            if package_of[module] != file.package:
                counted[file.package, package_of[module]] += 1
    return counted


def circle(house: list[File]) -> list[str]:
    """Return a cycle of packages, each of which imports the next, or []."""
    leads_to: dict[str, set[str]] = {file.package: set() for file in house}
    for start, end in arrows(house):
        leads_to[start].add(end)
    return _circle(leads_to)


def circle_of_files(house: list[File]) -> list[str]:
    """Return a cycle of files, or []. Imports only for types count, too."""
    return _circle({file.module: file.imports for file in house})


def _circle(leads_to: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(leads_to).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def clashes(house: list[File]) -> dict[str, list[str]]:
    """Return the names of classes that several files define, with the files."""
    places = defaultdict(list)
    for file in house:
        for name in file.classes:
            places[name].append(file.name)
    return {name: found for name, found in places.items() if len(found) > 1}


def slivers(house: list[File]) -> list[str]:
    """Return the short files with too few importers and without an entry in SHORT_FILES."""
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
    """Return each place in docstrings, comments and strings that contains a phrase of DIALECT."""
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
