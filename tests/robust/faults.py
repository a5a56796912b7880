"""Makes the n-th of nnviz's system calls fail, or write only a part. Knows nothing of what makes them."""

import errno
import fcntl
import itertools
import os
import sys

KINDS = ("ENOSPC", "EIO", "EACCES", "EINTR", "a short write")
ATTRIBUTES = ["getxattr", "listxattr", "setxattr"] if hasattr(os, "listxattr") else []
READING = ["access", "fstat", "listdir", "lstat", "open", "scandir", "stat"]
WRITING = ["chmod", "chown", "close", "fsync", "mkdir", "rename", "replace", "unlink", "write"]


class Fault:
    """Within it, the `number`-th system call fails; `met` is the name of that call, or "" until it comes."""

    def __init__(self, number, kind):
        self._left, self._kind, self.met = number, kind, ""

    def __enter__(self):
        self._before = [(place, name, getattr(place, name)) for place, name in _PLACES]
        for place, name, call in self._before:
            setattr(place, name, self._around(name, call))
        return self

    def __exit__(self, *_):
        for place, name, call in self._before:
            setattr(place, name, call)

    def _around(self, name, call):
        def called(*arguments, **words):
            counts = name == "write" or self._kind != "a short write"
            if counts and not self.met and _is_of_nnviz():
                self._left -= 1
                if self._left == 0:
                    self.met = name
                    return self._fail(name, call, arguments, words)
            return call(*arguments, **words)

        return called

    def _fail(self, name, call, arguments, words):
        if self._kind == "a short write":
            handle, data = arguments
            return call(handle, data[: max(1, len(data) // 2)])
        if name == "close":  # what cannot be closed is closed all the same
            call(*arguments, **words)
        number = getattr(errno, self._kind)
        raise OSError(number, os.strerror(number))


_PLACES = [(os, name) for name in READING + WRITING + ATTRIBUTES] + [(fcntl, "flock")]


def _is_of_nnviz():
    """Tell whether nnviz makes the call, itself or through Python's library."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(("nnviz.", "tests.")):
            return name.startswith("nnviz.")
        frame = frame.f_back
    return False


def each_call(kind, apart=1):
    """Yield a Fault for the first call, for the second, and so on, until one was not met any more.

    With `apart`, for one in so many calls: of each kind for others.
    """
    for number in itertools.count(1 + KINDS.index(kind) % apart, apart):
        made = Fault(number, kind)
        yield made
        if not made.met:
            return
