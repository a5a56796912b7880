"""What tests and their processes meet on every machine: folders of their own, default signals."""

import atexit
import os
import shutil
import signal
import site
import sys
import tempfile
from pathlib import Path

FOLDER = "NNVIZ_TESTS_FOLDER"
"""The variable with the temporary folder of a run, which its workers share."""


def settle():
    """Make the process, and those that it starts, independent of who starts the tests, and where."""
    _own_folders()
    _default_signals()
    _english()


def _own_folders():
    """Let HOME, settings, data and caches lie in a temporary folder: nothing is read or written elsewhere."""
    if FOLDER not in os.environ:
        home, me = Path(os.path.expanduser("~")), os.getpid()
        os.environ.setdefault("PYTHONUSERBASE", site.getuserbase())
        if "DISPLAY" in os.environ:
            os.environ.setdefault("XAUTHORITY", str(home / ".Xauthority"))
        os.environ[FOLDER] = made = tempfile.mkdtemp(prefix="nnviz-tests-")
        atexit.register(lambda: os.getpid() == me and shutil.rmtree(made, ignore_errors=True))
    run = Path(os.environ[FOLDER])
    own = run / os.environ.get("PYTEST_XDIST_WORKER", "main")
    folders = {
        "HOME": own,
        "XDG_CONFIG_HOME": own / "config",
        "XDG_DATA_HOME": own / "data",
        "XDG_RUNTIME_DIR": own / "runtime",
        "XDG_CACHE_HOME": run / "cache",  # the fonts are the same for all
        "HYPOTHESIS_STORAGE_DIRECTORY": own / "hypothesis",
    }
    for name, folder in folders.items():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ[name] = str(folder)


def _default_signals():
    """Let a process that a test starts be ended by signals, also where the shell's `&` or nohup ignores them.

    Who ignores a signal hands that on; a handler is not handed on, and this one still ends nothing here.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None) if sys.platform != "win32" else None
        if number and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _english():
    """Let the system give its reasons in English, and keep the user's numbers, dates and letters."""
    if locale := os.environ.pop("LC_ALL", ""):
        categories = "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY"
        os.environ.update(dict.fromkeys(categories, locale))
    os.environ["LC_MESSAGES"] = "C"
    os.environ.pop("LANGUAGE", None)
    os.environ["COLUMNS"] = "80"
