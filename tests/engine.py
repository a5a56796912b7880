"""The engine that trains in the tests: the compiled kernel of the checkout, or NumPy without a kernel."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "nnviz/core/kernel.py"


class OldKernelError(Exception):
    """Raised if the source of the kernel is newer than the kernel. The message says how to build it."""


def check_kernel(source: Path = SOURCE) -> None:
    """Raise OldKernelError if a compiled module that this Python would import is older than its source."""
    for suffix in EXTENSION_SUFFIXES:
        built = source.with_suffix(suffix)
        if built.exists() and built.stat().st_mtime < source.stat().st_mtime:
            raise OldKernelError(
                f"{built.name} is older than {source.name}; compile the kernel again with: "
                "pip install --no-deps -e ."
            )


def name() -> str:
    """Return the name of the engine, and the path of the compiled module in the checkout."""
    try:
        from nnviz.core import kernel
    except ImportError:
        return "NumPy (the kernel is not built)"
    return f"compiled ({Path(kernel.__file__).relative_to(ROOT).as_posix()})"
