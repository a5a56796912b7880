"""Whether this computer can run Qt at all, found out before Qt aborts. Imports no Qt.

A minimal Linux lacks shared libraries that Qt's wheels expect from the system; other systems lack nothing.
"""

from __future__ import annotations

import os
import shutil
import sys


class DisplayError(Exception):
    """Qt cannot run here; the message is one sentence with the command that mends it."""


_ALWAYS = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
_UNDER_X11 = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""Shared library → the Debian and Ubuntu package that brings it."""


def check(*, window: bool) -> None:
    """Raise DisplayError where Qt could not start; with `window` also where no window could be shown.

    A `QT_QPA_PLATFORM` that the user has set is respected.
    """
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    x11, wayland = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    needs_x11 = platform.startswith("xcb") or (window and not platform and not wayland)
    _check_libraries({**_ALWAYS, **_UNDER_X11} if needs_x11 else _ALWAYS)
    if window and not (platform or x11 or wayland):
        raise DisplayError(
            "there is no display here: `nnviz screenshot FILE -o OUT.png` and `nnviz render` need none, "
            "and `xvfb-run nnviz` makes one"
        )


def draw_without_display() -> None:
    """Let Qt draw into memory, unless the user has chosen a platform. Call before Qt is imported."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    check(window=False)


def _check_libraries(libraries: dict[str, str]) -> None:
    missing = [library for library in libraries if not _loads(library)]
    if not missing:
        return
    if shutil.which("apt-get"):
        sudo = "" if os.geteuid() == 0 else "sudo "
        packages = " ".join(libraries[library] for library in missing)
        raise DisplayError(f"Qt lacks system libraries; this installs them: {sudo}apt-get install {packages}")
    raise DisplayError(f"Qt lacks system libraries; install those that bring {', '.join(missing)}")


def _loads(library: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
