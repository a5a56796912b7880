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

OPTIONAL = {"h5py", "onnx", "PIL", "pygments", "torch", "keras", "sklearn", "IPython"}
"""Of extras and of other people's programs, but for Pygments, which a window alone needs."""


IMPORTS = f"""
import importlib, json, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # what runs in a process of its own, where an extra is not installed
        if error.name not in {OPTIONAL}:
            raise
print(json.dumps(sorted(sys.modules)))
"""


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
    done = subprocess.run([sys.executable, "-c", IMPORTS, *names], capture_output=True, text=True, check=True)
    assert unwanted.intersection(json.loads(done.stdout)) == set()


@pytest.mark.parametrize(
    "code",
    [
        "import nnviz",
        "from nnviz import *",
        "from nnviz.cli.main import main; main(['predict', 'relu'])",
        "from nnviz.cli.main import main; main(['slopes', 'relu'])",
        "from nnviz.cli.main import main; main(['check', 'relu'])",
        f"import nnviz; nnviz.train(nnviz.load({str(example('xor').path)!r}))",
    ],
)
def test_libraries_that_only_some_need_are_not_even_looked_for_by_the_others(code):
    """So it holds where they are missing, too, and the start stays as fast."""
    watch = f"""
import sys
class Watch:
    @staticmethod
    def find_spec(name, *_):
        if name in {sorted(OPTIONAL)}:
            print("looked for", name)
sys.meta_path.insert(0, Watch)
{code}
"""
    done = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    assert "looked for" not in done.stdout


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
