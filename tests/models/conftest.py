"""Tests against other people's libraries: `pip install '.[models-test]'`; without those none is collected."""

import os
from importlib.util import find_spec

import pytest

from nnviz.files.models import onnx_chain
from tests.readers import read_here

os.environ.setdefault("KERAS_BACKEND", "torch")

collect_ignore_glob = [] if all(map(find_spec, ("keras", "torch", "h5py", "onnx", "sklearn"))) else ["test_*"]


@pytest.fixture
def onnx_is_read_here():
    """Read ONNX models in this process, which is fast, and where nothing but FileError may come out."""
    with read_here(onnx_chain):
        yield
