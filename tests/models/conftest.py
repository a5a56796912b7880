"""Tests against other people's libraries: `pip install '.[models-test]'`; without those none is collected."""

import os
from importlib.util import find_spec

import pytest

from nnviz.files.errors import FileError
from nnviz.files.models import onnx_chain, sandbox

os.environ.setdefault("KERAS_BACKEND", "torch")

collect_ignore_glob = [] if all(map(find_spec, ("keras", "torch", "h5py", "onnx", "sklearn"))) else ["test_*"]


class UnexpectedError(BaseException):
    """What the reader of ONNX models has raised instead of FileError."""


@pytest.fixture
def onnx_is_read_here(monkeypatch):
    """Read ONNX models in this process, which is fast, and where nothing but FileError may come out."""
    by_process = sandbox._request

    def read_here(data):
        try:
            return onnx_chain.read(data)
        except FileError:
            raise
        except Exception as error:
            raise UnexpectedError from error

    def reply_to(module, data, what, progress):
        is_onnx = module == onnx_chain.__name__
        return sandbox.reply(read_here, data, what) if is_onnx else by_process(module, data, what, progress)

    monkeypatch.setattr(sandbox, "_request", reply_to)
