"""The back end that builds nnviz: setuptools, working in a copy of the checkout.

setuptools keeps files beside the sources that it builds. In the checkout these files would be in the way, and
modules removed since would get into the next wheel from them.
"""

import os
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools.build_meta import build_editable as build_editable  # in the checkout, which it installs
from setuptools.build_meta import build_sdist as _build_sdist
from setuptools.build_meta import build_wheel as _build_wheel
from setuptools.build_meta import prepare_metadata_for_build_editable as prepare_metadata_for_build_editable
from setuptools.build_meta import prepare_metadata_for_build_wheel as prepare_metadata_for_build_wheel

FOLDERS = (".ci", "nnviz", "resources", "tests")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
KERNEL = Path("nnviz/core") / f"kernel{sysconfig.get_config_var('EXT_SUFFIX')}"


def build_sdist(folder, config_settings=None):
    """Build the sdist. MANIFEST.in names for setuptools what is not a part of the package."""
    folder = os.path.abspath(folder)
    with _copy() as copy:
        (copy / "MANIFEST.in").write_text(
            "graft tests\ninclude CHANGELOG.md .ci/backend.py\nexclude MANIFEST.in\n", "utf-8"
        )
        return _build_sdist(folder, config_settings)


def build_wheel(folder, config_settings=None, metadata_directory=None):
    """Build the wheel. Copy the compiled kernel beside kernel.py, because the tests import the checkout."""
    folder = os.path.abspath(folder)
    metadata_directory = metadata_directory and os.path.abspath(metadata_directory)
    kernel = KERNEL.absolute()
    with _copy() as copy:
        wheel = _build_wheel(folder, config_settings, metadata_directory)
        with suppress(OSError):  # the checkout may be another user's
            kernel.unlink(missing_ok=True)
            for built in copy.glob(f"build/lib*/{KERNEL.as_posix()}"):
                shutil.copyfile(built, kernel)
    return wheel


@contextmanager
def _copy() -> Iterator[Path]:
    """Copy the sources to a temporary folder, and make the copy the current folder."""
    checkout = Path.cwd()
    with TemporaryDirectory(prefix="nnviz-build.") as folder:
        for name in FOLDERS:
            shutil.copytree(name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy2(name, folder)
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(checkout)  # Windows cannot remove the current folder
