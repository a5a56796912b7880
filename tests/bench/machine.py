"""What a benchmark ran on, in one line."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np


def processor() -> str:
    """Return the processor's name as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def kernel() -> str:
    """Return the linear algebra library that NumPy uses, and its kernel where threadpoolctl is installed."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']} (kernel unknown: threadpoolctl is not installed)"
    libraries = [own for own in threadpool_info() if own["user_api"] == "blas"]
    return ", ".join(
        f"{own['internal_api']} {own['version']} {own.get('architecture', '')} on {own['num_threads']} thread"
        for own in libraries[:1]
    )


def versions(*packages: str) -> str:
    """Return the installed of `packages` with their versions."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
