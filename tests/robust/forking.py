"""HDF5 files read by the forks of one process, one for each file: many more a second than by new processes.

What is run there is what nnviz runs, with its limits; what ends a fork ends nothing else.
"""

import subprocess
import sys
from pathlib import Path

from nnviz.core.limits import NUMBERS

_SERVER = """
import os, sys
from nnviz.files.models.hdf5 import process as process
process._warm_up()
given, back = sys.stdin.buffer, sys.stdout.buffer
while size := given.read(8):
    data = given.read(int.from_bytes(size, "little"))
    out, end = os.pipe()
    if not os.fork():
        try:
            process._limit()
            with os.fdopen(end, "wb") as pipe:
                pipe.write(process.reply(data, int(sys.argv[1])))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(end)
    with os.fdopen(out, "rb") as pipe:
        reply = pipe.read()
    failed = os.wait()[1]
    reply = b"" if failed else reply
    back.write(len(reply).to_bytes(8, "little") + reply)
    back.flush()
"""


class Server:
    """Replies to the bytes of a file as nnviz's process does."""

    def __init__(self):
        self.crashed = 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(NUMBERS.most)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def __call__(self, data, _progress):
        self._process.stdin.write(len(data).to_bytes(8, "little") + data)
        self._process.stdin.flush()
        size = int.from_bytes(self._process.stdout.read(8), "little")
        self.crashed += not size
        return self._process.stdout.read(size)
