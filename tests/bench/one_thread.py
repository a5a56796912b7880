"""One thread, and the matrix kernel that NumPy chooses itself; to be settled before NumPy is imported."""

import os
import subprocess
import sys

WANTED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
UNWANTED = "OPENBLAS_CORETYPE"  # a kernel for another processor can halve the speed of every matrix product


def settle(module: str) -> None:
    """Go on where the environment is as wanted; else run `module` again in one that is, and exit."""
    environment = {name: value for name, value in os.environ.items() if name != UNWANTED} | WANTED
    if environment != dict(os.environ):
        again = [sys.executable, "-m", module, *sys.argv[1:]]
        sys.exit(subprocess.run(again, env=environment, check=False).returncode)
