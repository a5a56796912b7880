"""Arrows between the parts run one way: seen by what an import brings along, and by the import contracts."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnviz

QT = {"PySide6", "shiboken6"}
PLOTS = {"pyqtgraph", "contourpy"}
WIDGETS = {"PySide6.QtWidgets", "PySide6.QtSvg", "PySide6.QtPrintSupport"}


def modules(package):
    root = Path(nnviz.__file__).parent
    files = sorted(file for file in (root / package).rglob("*.py") if file.name != "__init__.py")
    return [".".join(("nnviz", *file.relative_to(root).with_suffix("").parts)) for file in files]


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("core", QT | PLOTS | {"msgspec", "nnviz.files", "nnviz.picture", "nnviz.document", "nnviz.ui"}),
        ("files", QT | PLOTS | {"nnviz.picture", "nnviz.document", "nnviz.ui"}),
        ("picture", QT | PLOTS | {"nnviz.files", "nnviz.document", "nnviz.ui"}),
        ("document", WIDGETS | PLOTS | {"nnviz.picture", "nnviz.ui"}),
    ],
)
def test_importing_all_of_a_package_brings_along_nothing_that_it_must_not_know(package, unwanted):
    names = modules(package)
    assert names
    code = f"import json, sys, {', '.join(names)}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert unwanted.intersection(json.loads(done.stdout)) == set()


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
