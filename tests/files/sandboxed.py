"""A reader that does in the sandbox what the bytes of a file say, for test_sandbox."""

import math
import os

import numpy as np

from nnviz.files.errors import FileError

FILES = []


def warm_up():
    """Import nothing more."""


def read(data):
    return globals()[data.decode()]()


def numbers():
    halves = np.array([[0.1, np.inf], [-0.0, 65504]], "<f2")
    return {"names": ["a", "é"]}, {
        "halves": halves,
        "none": np.zeros((0, 3)),
        "big": np.array(math.pi, ">f8"),
    }


def another_kind():
    return {"names": 3}, {}


def refusal():
    raise FileError("this cannot be", "layers[3]")


def fault():
    raise KeyError("a")


def endless():
    while True:
        pass


def memory():
    return {"names": []}, {"a": np.ones(2**31)}


def file():
    FILES.append(open(os.devnull))  # noqa: SIM115


def end():
    os._exit(3)


def crash():
    os.abort()


def large_reply():
    return {"names": ["a" * 2**20] * 100}, {"a": np.zeros(2**22)}
