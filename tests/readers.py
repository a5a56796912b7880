"""Readers of hostile files, run in this process instead of the sandbox, and the deeds that Python reports."""

import sys
from contextlib import contextmanager

import pytest

from nnviz.files.errors import FileError
from nnviz.files.models import sandbox


class UnexpectedError(BaseException):
    """What a reader of the sandbox has raised instead of FileError."""


@contextmanager
def read_here(module):
    """Let a module of the sandbox read in this process, where nothing but FileError may come out."""
    by_process = sandbox._request

    def read(data):
        try:
            return module.read(data)
        except FileError:
            raise
        except Exception as error:
            raise UnexpectedError from error

    def reply_to(name, data, what, progress):
        if name == module.__name__:
            return sandbox.reply(read, data, what)
        return by_process(name, data, what, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "_request", reply_to)
        yield


_deeds = None


def _hear(event, arguments):
    if _deeds is not None:
        _deeds.append((event, arguments[0] if event == "open" else None))


sys.addaudithook(_hear)  # of which there is no way back


@contextmanager
def heard():
    """Yield a list of pairs: a deed that Python reports meanwhile, and the path if a file is opened."""
    global _deeds
    _deeds = deeds = []
    try:
        yield deeds
    finally:
        _deeds = None
