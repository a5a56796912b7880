"""The operating system: checks for Qt's libraries and a display, and commands that start Python.

A minimal Linux lacks libraries that Qt needs. `command` starts Python without the current folder on the
module path, because a `random.py` in that folder would replace Python's own module.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path

_REMEDY = "start `xvfb-run nnviz`, or use `nnviz render` or `nnviz screenshot`, which need no display"


class DisplayError(Exception):
    """Raised if Qt cannot run. The message is one sentence that says what to do."""

    @classmethod
    def of_settings(cls) -> DisplayError:
        """Return the error for a missing display. The message names the environment variables to correct."""
        names = list(filter(os.environ.get, ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")))
        if not names:
            return cls(f"Qt finds no display: {_REMEDY}")
        values = " and ".join(f"{name}={os.environ[name]}" for name in names)
        return cls(f"Qt finds no display with {values}: correct or unset {' or '.join(names)}, or {_REMEDY}")


_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
_X11_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""Map of each shared library to the package of Debian and Ubuntu that contains the library."""


def check(*, window: bool) -> None:
    """Raise DisplayError if Qt cannot start. With `window=True`, also check for a display.

    If the user has set `QT_QPA_PLATFORM`, check the libraries for that platform.
    """
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    x11, wayland = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    needs_x11 = platform.startswith("xcb") or (window and not platform and not wayland)
    _check_libraries({**_LIBRARIES, **_X11_LIBRARIES} if needs_x11 else _LIBRARIES)
    if window and not (platform or x11 or wayland):
        raise DisplayError(f"there is no display: {_REMEDY}")


def check_for_process() -> None:
    """Raise DisplayError if a new process could not show a window.

    This also checks that an X11 display answers, because nobody would see Qt's error message in the new
    process.
    """
    check(window=True)
    platform = os.environ.get("QT_QPA_PLATFORM") or "xcb"
    wayland = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland"
    x11 = re.fullmatch(r"(?:unix|localhost)?:(\d{1,4})(?:\.\d+)?", os.environ.get("DISPLAY", ""))
    if sys.platform.startswith("linux") and platform.partition(":")[0] == "xcb" and not wayland and x11:
        _check_answers(int(x11[1]))


def draw_without_display() -> None:
    """Make Qt draw into memory, unless the user has chosen a platform. Call this before importing Qt."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    check(window=False)


def _check_answers(number: int) -> None:
    """Raise DisplayError if the X11 display with this number does not answer on this computer."""
    import socket  # imported here, because it is slow and rarely needed

    for name in (f"\0/tmp/.X11-unix/X{number}", f"/tmp/.X11-unix/X{number}"):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            return server.connect(name)
    with suppress(OSError):
        return socket.create_connection(("localhost", 6000 + number), timeout=1).close()
    raise DisplayError.of_settings()


def _check_libraries(libraries: dict[str, str]) -> None:
    missing = [library for library in libraries if not _can_load(library)]
    if not missing:
        return
    if shutil.which("apt-get"):
        sudo = "" if os.geteuid() == 0 else "sudo "
        packages = " ".join(libraries[library] for library in missing)
        raise DisplayError(f"Qt lacks system libraries; install them with: {sudo}apt-get install {packages}")
    raise DisplayError(f"Qt lacks system libraries; install {', '.join(missing)}")


def _can_load(library: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


_PACKAGE = Path(__file__).parent


def engine() -> str:
    """Return what trains networks: compiled loops and NumPy, or NumPy alone where no compiler was."""
    try:
        from nnviz.core import kernel  # noqa: F401
    except ImportError:
        return "NumPy (nnviz was installed without a C compiler)"
    return "compiled loops and NumPy"


def resources() -> Path:
    """Return the path of the folder `resources`, which contains examples, icons and styles."""
    shipped = _PACKAGE / "resources"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "resources"


_NNVIZ = str(Path(__file__).parents[1])
_PATH = """
import json, sys
sys.path += json.loads(sys.argv.pop())
"""


def command(code: str, *arguments: str) -> list[str]:
    """Return the command that runs Python `code` in a new process, without the module `site`, for speed."""
    return [sys.executable, "-I", "-S", "-c", _PATH + code, *arguments, json.dumps(_folders())]


def _folders() -> list[str]:
    """Return the folders to append to the module path: first the folder of nnviz, then this process's."""
    main = sys.modules["__main__"]
    foreign = {os.path.realpath(os.curdir)}
    if getattr(main, "__spec__", None) is None and (script := getattr(main, "__file__", None)):
        foreign.add(os.path.dirname(os.path.realpath(script)))
    folders = map(os.path.abspath, sys.path)
    return [_NNVIZ, *(folder for folder in folders if os.path.realpath(folder) not in foreign)]


NETWORK = "-"
"""Argument with which `nnviz` reads a network from standard input and shows it as unsaved work."""
TRAINING = "--watched"
"""Argument with which `nnviz` shows the training that a script sends to standard input."""
STREAMS = (NETWORK, TRAINING)
