"""Prints how large the house is: `python -m tests.house`.

Files, lines and classes of each package of nnviz, its longest files and functions, and the arrows between the
packages. Lines are all lines of a file, blank ones and comments too.
"""

import ast
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 900, 50
"""Lines that a file and a function may have."""
SHOWN = 5


class Function(NamedTuple):
    lines: int
    place: str


class File(NamedTuple):
    path: Path
    lines: int
    classes: int
    functions: list[Function]
    imports: set[str]
    """Names imported from nnviz, each with its module, or a module itself."""

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    @property
    def package(self) -> str:
        """Its folder; a file at the top, which anybody may import, is one by itself."""
        folder = self.path.parent
        return self.module if folder == ROOT / "nnviz" else ".".join(folder.relative_to(ROOT).parts)


@cache
def files() -> list[File]:
    """Return every Python file of nnviz."""
    return [_read(path) for path in sorted((ROOT / "nnviz").rglob("*.py"))]


def _read(path: Path) -> File:
    text = path.read_text("utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    functions = [
        Function(node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    imports = {
        f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnviz")
        for alias in node.names
    }
    classes = sum(isinstance(node, ast.ClassDef) for node in nodes)
    return File(path, len(text.splitlines()), classes, functions, imports)


def arrows(house: list[File]) -> Counter[tuple[str, str]]:
    """Return how many imports lead from one package to another."""
    package_of = {file.module: file.package for file in house}
    counted: Counter[tuple[str, str]] = Counter()
    for file in house:
        for name in file.imports:
            package = package_of.get(name) or package_of[name.rpartition(".")[0]]
            if package != file.package:
                counted[file.package, package] += 1
    return counted


def circle(house: list[File]) -> list[str]:
    """Return packages each of which imports the next, and the last the first; none is best."""
    leads_to: dict[str, set[str]] = {file.package: set() for file in house}
    for start, end in arrows(house):
        leads_to[start].add(end)
    try:
        TopologicalSorter(leads_to).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def main() -> None:
    house = files()
    functions = sorted((function for file in house for function in file.functions), reverse=True)
    print(f"{'package':28}{'files':>7}{'lines':>8}{'classes':>9}")
    packages = {name: [f for f in house if f.package == name] for name in {file.package for file in house}}
    for name, own in [*sorted(packages.items()), ("all", house)]:
        print(f"{name:28}{len(own):7}{sum(f.lines for f in own):8,}{sum(f.classes for f in own):9}")
    print(f"\nfiles: median {median(f.lines for f in house):.0f} lines; the longest:")
    for file in sorted(house, key=lambda file: -file.lines)[:SHOWN]:
        print(f"{file.lines:6}  {file.name}")
    print(f"functions: median {median(f.lines for f in functions):.0f} lines; the longest:")
    for function in functions[:SHOWN]:
        print(f"{function.lines:6}  {function.place}")
    print(f"\narrows between packages: {len(arrows(house))}; circle: {' → '.join(circle(house)) or 'none'}")


if __name__ == "__main__":
    main()
