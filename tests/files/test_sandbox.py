"""The process in which binary files are read: its reply, its limits and its end."""

import math
import sys

import msgspec
import numpy as np
import pytest

from nnviz.files.models import sandbox
from tests.files.helpers import refusals, refused


class Names(msgspec.Struct):
    names: list[str]


def called(what, module="tests.files.sandboxed"):
    return sandbox.call(module, what.encode(), Names, "TEST data")


def test_a_value_and_exact_numbers_come_back():
    value, arrays = called("numbers")
    assert value == Names(["a", "é"])
    assert {name: array.dtype for name, array in arrays.items()} == dict.fromkeys(arrays, np.float64)
    assert arrays["halves"].tolist() == [[float(np.float16(0.1)), math.inf], [0, 65504]]
    assert math.copysign(1, arrays["halves"][1, 0]) == -1
    assert arrays["none"].shape == (0, 3)
    assert arrays["big"] == math.pi


def test_a_missing_package_is_named():
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_package'") as caught:
        called("numbers", "no_such_package")
    assert caught.value.name == "no_such_package"


CASES = ("another_kind", "refusal", "fault", "end", "crash", "large_reply", "no such function")


def test_every_failure_is_a_sentence(approved):
    approved("failures in the sandbox", refusals(CASES, called))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have fewer limits")
def test_memory_and_files_are_limited(approved):
    approved("limits of the sandbox", refusals(("memory", "file"), called))


def test_a_process_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 1.0)
    assert refused(called, "endless").startswith("reading the TEST data failed: ")
