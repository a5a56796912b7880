"""The tests name the engine that trains, and refuse a kernel that is older than its source."""

import os
import re
from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from tests import engine


@pytest.mark.parametrize("suffix", EXTENSION_SUFFIXES)
def test_a_kernel_older_than_its_source_is_refused(tmp_path, suffix):
    source, built = tmp_path / "kernel.py", tmp_path / f"kernel{suffix}"
    source.touch()
    engine.check_kernel(source)
    built.touch()
    os.utime(source, (1000, 1000))
    engine.check_kernel(source)
    os.utime(built, (999, 999))
    with pytest.raises(engine.OldKernelError, match=re.escape(f"{built.name} is older than kernel.py")):
        engine.check_kernel(source)


def test_the_engine_is_compiled_only_with_a_compiled_module_in_the_checkout():
    built = [path for path in map(engine.SOURCE.with_suffix, EXTENSION_SUFFIXES) if path.exists()]
    if not built:
        assert engine.name() == "NumPy (the kernel is not built)"
        return
    assert engine.name() == f"compiled (nnviz/core/{built[0].name})"
