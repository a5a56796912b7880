"""Arrows between the parts run one way: seen by what an import brings along, and by the import contracts."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnviz
from nnviz.files.examples import example

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

IMPORTS = f"""
import importlib, json, sys
found = {{}}
for package, names in json.loads(sys.argv[1]).items():
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:  # of an extra, in a process of its own
            if error.name not in {OPTIONAL}:
                raise
    found[package] = sorted(sys.modules)
    for name in found[package]:
        if name.startswith("nnviz.picture"):
            del sys.modules[name]
print(json.dumps(found))
"""


def run(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def modules(package):
    root = Path(nnviz.__file__).parent
    files = sorted(file for file in (root / package).rglob("*.py") if file.name != "__init__.py")
    return [".".join(("nnviz", *file.relative_to(root).with_suffix("").parts)) for file in files]


def test_importing_all_of_a_package_brings_along_nothing_that_it_must_not_know():
    names = {package: modules(package) for package in UNWANTED}
    assert all(names.values())
    found = json.loads(run(IMPORTS, json.dumps(names)))
    assert {package: sorted(UNWANTED[package].intersection(found[package])) for package in UNWANTED} == {
        package: [] for package in UNWANTED
    }


def test_only_who_needs_an_optional_library_looks_for_it():
    """So all else works where they are missing, too, and the start stays fast."""
    said = run(f"""
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
    assert said.endswith("done\n")
    assert "looked for" not in said


@pytest.mark.skipif(
    importlib.util.find_spec("importlinter") is None, reason="import-linter is of the extra dev; CI has it"
)
def test_the_import_contracts_hold():
    root = Path(__file__).parents[1]
    code = "import sys; from importlinter.cli import lint_imports_command as lint; sys.argv[1:] = []; lint()"
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=root, env=environment, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout
