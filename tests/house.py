"""Prints how large the house is: `python -m tests.house`.

Files, lines and classes of each package of nnviz, its longest files and functions, and the arrows between the
packages. Lines are all lines of a file, blank ones and comments too.
"""

import ast
from collections import Counter
from functools import cache
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
    """What is taken from nnviz, each with the module that it is taken from, or a module itself."""

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


def circles(house: list[File]) -> list[tuple[str, ...]]:
    """Return the groups of packages that import one another, directly or round about."""
    leads_to: dict[str, set[str]] = {file.package: set() for file in house}
    for start, end in arrows(house):
        leads_to[start].add(end)
    reached = {package: _reached(package, leads_to) for package in leads_to}
    groups = {
        tuple(sorted(other for other in reached[package] if package in reached[other]))
        for package in leads_to
        if package in reached[package]
    }
    return sorted(groups)


def _reached(package: str, leads_to: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    ahead = list(leads_to[package])
    while ahead:
        following = ahead.pop()
        if following not in seen:
            seen.add(following)
            ahead += leads_to[following]
    return seen


def main() -> None:
    house = files()
    functions = sorted((function for file in house for function in file.functions), reverse=True)
    print(f"{'package':28}{'files':>7}{'lines':>8}{'classes':>9}")
    for package in sorted({file.package for file in house}):
        own = [file for file in house if file.package == package]
        print(f"{package:28}{len(own):7}{sum(f.lines for f in own):8,}{sum(f.classes for f in own):9}")
    print(f"{'all':28}{len(house):7}{sum(f.lines for f in house):8,}{sum(f.classes for f in house):9}")
    print(f"\nfiles: median {median(f.lines for f in house):.0f} lines; the longest:")
    for file in sorted(house, key=lambda file: -file.lines)[:SHOWN]:
        print(f"{file.lines:6}  {file.name}")
    print(f"functions: median {median(f.lines for f in functions):.0f} lines; the longest:")
    for function in functions[:SHOWN]:
        print(f"{function.lines:6}  {function.place}")
    between = arrows(house)
    print(f"\narrows between packages: {len(between)}; circles: {len(circles(house))}")
    for circle in circles(house):
        print("        " + " ↔ ".join(circle))


if __name__ == "__main__":
    main()
