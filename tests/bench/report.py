"""Helpers of the benchmarks: one thread, turns, Markdown tables, and the name of the machine."""

import argparse
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from operator import truediv
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
WANTED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
UNWANTED = "OPENBLAS_CORETYPE"  # a kernel for another processor can halve the speed of every matrix product
AIMS = {
    "share_of_full_speed": "≥ 67 %",
    "share_with_function": "≥ 50 %",
    "share_with_code": "≥ 50 %",
    "share_with_explain": "≥ 50 %",
    "late_ms": "≤ 1 ms",
    "frames": "60",
    "first_frame": "≤ 1.6 ×",
    "all_panels": "≤ 3.8 ×",
    "edges_344": "≤ 2 ×",
    "edges_109184_ms": "≤ 10 ms",
    "edit_ms": "≤ 8 ms",
    "plot_ms": "≤ 1.5 ms",
    "memory": "≤ 1.1 ×",
}
"""What each number should be, by its key; those of training stand at its cases."""


def in_one_thread():
    """Go on if NumPy has one thread and its own matrix kernel; else run the program again so, and exit."""
    environment = {name: value for name, value in os.environ.items() if name != UNWANTED} | WANTED
    if environment != dict(os.environ):
        spec = sys.modules["__main__"].__spec__  # None of a script that was started by its path
        again = [sys.executable, *(("-m", spec.name) if spec else sys.argv[:1]), *sys.argv[1:]]
        sys.exit(subprocess.run(again, env=environment, check=False).returncode)


def parser(description, rounds):
    """Return a parser with the option --rounds."""
    made = argparse.ArgumentParser(description=description.partition("\n")[0])
    made.add_argument("--rounds", type=int, default=rounds, help=f"turns of each (default {rounds})")
    return made


def in_turns(rounds, does):
    """Call functions in turns, so that a disturbance meets all; return the results of each by its name."""
    found = {name: [] for name in does}
    for _ in range(rounds):
        for name, function in does.items():
            found[name].append(function())
    return found


def ratio(found, above, below):
    """Return the median of `above` / `below`, two of the results of `in_turns`, of each round."""
    return statistics.median(map(truediv, found[above], found[below]))


def row(*cells):
    """Print a row of a Markdown table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def head(*cells):
    """Print the head of a Markdown table below a blank line."""
    print()
    row(*cells)
    print("|---" * len(cells) + "|")


def ran_on(*packages):
    """Return the processor, the linear algebra library, and the installed of the packages."""
    found = [processor(), kernel(), f"Python {platform.python_version()}"]
    for package in packages or ("numpy", "PySide6-Essentials", "pyqtgraph"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def kernel():
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']} (kernel unknown: threadpoolctl is not installed)"
    own = next(each for each in threadpool_info() if each["user_api"] == "blas")
    return (
        f"{own['internal_api']} {own['version']} {own.get('architecture', '')} on {own['num_threads']} thread"
    )
