"""Processes that tests start: of Python, of nnviz, and cheap ones forked from one that has imported nnviz."""

import json
import os
import subprocess
import sys

import pytest

PATIENCE_S = 300
COMMAND = "import sys; from nnviz.cli.main import main; sys.exit(main())"
ENVIRONMENT = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE")
"""The variables that say which display there is."""


def python(code, *arguments, **settings):
    """Run a program with warnings as errors; return (exit code, stdout, stderr)."""
    return ended([sys.executable, "-W", "error", "-c", code, *map(str, arguments)], **settings)


def ended(command, **settings):
    """Run a command to its end; return (exit code, stdout, stderr)."""
    settings = {"capture_output": True, "text": True, "timeout": PATIENCE_S, "check": False} | settings
    done = subprocess.run(command, **settings)
    return done.returncode, done.stdout, done.stderr


def without_display(**variables):
    """Return the environment with no word of displays but these."""
    return {name: value for name, value in os.environ.items() if name not in ENVIRONMENT} | variables


_FORKS = """
import contextlib, io, json, os, sys, tempfile, warnings
warnings.filterwarnings("ignore", "This process", DeprecationWarning)  # of threads, which it does not have
import nnviz
from nnviz.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    main(["train", "iris", "--updates", "1", "--json"])
for line in sys.stdin:
    program, words, folder = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.chdir(folder)
            sys.argv = ["nnviz", *words]
            exec(program, {"__name__": "__main__"})
            sys.exit()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        written = [file.seek(0) or file.read().decode() for file in (out, err)]
    print(json.dumps([code, *written]), flush=True)
"""


class Forks:
    """Runs programs in forks of one process that has imported nnviz; each ends as a process of its own."""

    def __enter__(self):
        if not hasattr(os, "fork"):
            pytest.skip("there are no forks here")
        piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([sys.executable, "-W", "error", "-c", _FORKS], **piped)
        return self

    def __exit__(self, *_):
        with self._process:
            self._process.stdin.close()

    def __call__(self, code, *words, folder="."):
        """Run a program with words after its name in a folder; return (exit code, stdout, stderr)."""
        line = json.dumps([code, [*map(str, words)], str(os.path.abspath(folder))])
        print(line, file=self._process.stdin, flush=True)
        return tuple(json.loads(self._process.stdout.readline()))
