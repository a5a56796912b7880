"""Arrows between the parts run one way, by imports and by contracts, and no file or function is long."""

import ast
import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import pytest

import nnviz
from nnviz.files.examples import example
from nnviz.ui.window.workspace import PANELS
from tests.house import (
    BUDGETS,
    LONGEST_FILE,
    LONGEST_FUNCTION,
    SHORT_FILES,
    arrows,
    circle,
    circle_of_files,
    clashes,
    dialect,
    files,
    rooms,
    slivers,
)
from tests.processes import ended, python

QT = {"PySide6", "shiboken6"}
PLOTS = {"pyqtgraph", "contourpy"}
WIDGETS = {"PySide6.QtWidgets", "PySide6.QtSvg", "PySide6.QtPrintSupport"}
UNWANTED = {
    "core": QT | PLOTS | {"msgspec", "nnviz.files", "nnviz.picture", "nnviz.document", "nnviz.ui"},
    "picture": QT | PLOTS | {"nnviz.files", "nnviz.document", "nnviz.ui"},
    "files": QT | PLOTS | {"nnviz.picture", "nnviz.document", "nnviz.ui"},
    "document": WIDGETS | PLOTS | {"nnviz.picture", "nnviz.ui"},
}
"""What importing all of a package must not bring along."""

OPTIONAL = {"h5py", "onnx", "PIL", "pygments", "torch", "keras", "sklearn", "IPython"}
"""Of extras and of other people's programs, but for Pygments, which a window alone needs."""

KERNEL = {"cython", "nnviz.core.kernel"}
"""Missing where the kernel is not compiled: Cython, or the kernel itself where somebody has Cython."""

IMPORTS = f"""
import importlib, json, sys
found = {{}}
for package, names in json.loads(sys.argv[1]).items():
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:  # of an extra, in a process of its own
            if error.name not in {OPTIONAL | KERNEL}:
                raise
    found[package] = sorted(sys.modules)
    for name in found[package]:
        if name.startswith("nnviz.picture"):
            del sys.modules[name]
print(json.dumps(found))
"""


def modules(package):
    root = Path(nnviz.__file__).parent
    paths = sorted(file for file in (root / package).rglob("*.py") if file.name != "__init__.py")
    return [".".join(("nnviz", *file.relative_to(root).with_suffix("").parts)) for file in paths]


def test_importing_all_of_a_package_brings_along_nothing_that_it_must_not_know():
    names = {package: modules(package) for package in UNWANTED}
    assert all(names.values())
    code, out, err = python(IMPORTS, json.dumps(names))
    assert code == 0, err
    found = json.loads(out)
    assert {package: sorted(UNWANTED[package].intersection(found[package])) for package in UNWANTED} == {
        package: [] for package in UNWANTED
    }


def test_only_who_needs_an_optional_library_looks_for_it():
    """So all else works where they are missing, too, and the start stays fast."""
    _, out, err = python(f"""
import sys
class Watch:
    @staticmethod
    def find_spec(name, *_):
        if name in {sorted(OPTIONAL)}:
            print("looked for", name)
sys.meta_path.insert(0, Watch)
import nnviz
from nnviz import *
from nnviz.cli.main import main
for command in ("predict", "slopes", "check"):
    main([command, "relu"])
nnviz.train(nnviz.load({str(example("xor").path)!r}))
print("done")
""")
    assert out.endswith("done\n"), err
    assert "looked for" not in out


@pytest.mark.skipif(
    importlib.util.find_spec("importlinter") is None, reason="import-linter is of the extra dev; CI has it"
)
def test_the_import_contracts_hold():
    program = (
        "import sys; from importlinter.cli import lint_imports_command as lint; sys.argv[1:] = []; lint()"
    )
    settings = {
        "cwd": Path(__file__).parents[1],
        "env": {**os.environ, "PYTHONUTF8": "1"},
        "encoding": "utf-8",
    }
    code, out, _ = ended([sys.executable, "-c", program], **settings)
    assert code == 0, out


def test_no_panel_imports_another_panel():
    panels = {f"nnviz.ui.panels.{panel.home.partition(':')[0]}" for panel in PANELS}
    found = {file.module: file.imports & panels for file in files() if file.module in panels}
    assert found == {panel: set() for panel in panels}


def test_no_file_and_no_function_is_long():
    assert [(file.name, file.lines) for file in files() if file.lines > LONGEST_FILE] == []
    assert [each for file in files() for each in file.functions if each.lines > LONGEST_FUNCTION] == []


def test_a_short_file_has_several_importers_or_a_reason():
    assert slivers(files()) == []
    assert set(SHORT_FILES) <= {file.name for file in files()}


FOLLOWS = re.compile(r"document\.\w+\.connect|player\.\w*changed|\bThrottle\b")
"""Code of a view that would follow the document by itself, beside the Moments that the window shows it."""


def test_views_are_shown_moments_and_follow_nothing_by_themselves():
    rooms = "nnviz.ui.panels", "nnviz.ui.plot", "nnviz.ui.diagram"
    views = [file for file in files() if file.room in rooms]
    assert views
    assert [(file.name, found) for file in views for found in FOLLOWS.findall(file.path.read_text())] == []


def test_a_class_name_stands_for_one_class():
    assert clashes(files()) == {}


def test_no_room_has_more_code_lines_than_its_budget():
    assert {room: lines for room, lines in rooms(files()).items() if lines > BUDGETS.get(room, 0)} == {}


def test_words_are_those_of_the_field():
    assert dialect(files()) == []


def test_no_files_and_no_packages_import_each_other_in_a_circle():
    assert arrows(files())["nnviz.ui.window", "nnviz.ui.kit"] > 0
    assert circle(files()) == []
    assert circle_of_files(files()) == []


def test_every_painter_ends_whatever_is_raised():
    """One that is left active in a paintEvent ends the process at the next paint."""
    left, painters = [], 0
    for file in files():
        text = file.path.read_text("utf-8")
        nodes = list(ast.walk(ast.parse(text))) if "ainter" in text else []
        made = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "QPainter"]
        ended = [item.context_expr for node in nodes if isinstance(node, ast.With) for item in node.items]
        begun = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "begin"]
        left += [(file.name, call.lineno) for call in made if call not in ended]
        left += [(file.name, node.lineno) for node in begun if ast.unparse(node.value) == "painter"]
        painters += len(made)
    assert painters > 0
    assert left == []
