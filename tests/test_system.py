"""What is missing for Qt is told in one line, before Qt could abort."""

import ctypes
import os
import shutil
import sys

import pytest

from nnviz import _system

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lacks libraries")


@pytest.fixture
def computer(monkeypatch):
    """A computer with everything, an X11 display and apt-get; `lacks(…)` takes libraries away."""
    missing = set()

    def load(library):
        if library in missing:
            raise OSError(f"{library}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(shutil, "which", lambda _program: "/usr/bin/apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.lacks = missing.update
    return monkeypatch


def told(**needs):
    with pytest.raises(_system.DisplayError) as caught:
        _system.check(**needs)
    return str(caught.value)


@pytest.mark.usefixtures("computer")
def test_a_computer_that_has_everything_passes():
    assert _system.check(window=True) is None


def test_the_packages_that_are_missing_are_named_in_the_command_that_installs_them(computer):
    computer.lacks(["libEGL.so.1", "libxcb-cursor.so.0"])
    expected = "Qt lacks system libraries; this installs them: sudo apt-get install libegl1 libxcb-cursor0"
    assert told(window=True) == expected
    computer.setattr(os, "geteuid", lambda: 0)
    assert told(window=True) == expected.replace("sudo ", "")


def test_drawing_without_a_display_does_not_need_the_libraries_of_x11(computer):
    computer.lacks(["libxcb-cursor.so.0"])
    computer.delenv("DISPLAY")
    assert _system.check(window=False) is None


def test_a_wayland_display_does_not_need_the_libraries_of_x11(computer):
    computer.lacks(["libxcb-cursor.so.0"])
    computer.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert _system.check(window=True) is None


def test_without_apt_get_the_libraries_themselves_are_named(computer):
    computer.setattr(shutil, "which", lambda _program: None)
    computer.lacks(["libGL.so.1"])
    assert told(window=False) == "Qt lacks system libraries; install those that bring libGL.so.1"


def test_a_window_without_a_display_is_told_what_needs_none(computer):
    computer.delenv("DISPLAY")
    sentence = told(window=True)
    assert sentence.startswith("there is no display here: `nnviz screenshot FILE -o OUT.png`")
    assert "xvfb-run" in sentence


def test_a_platform_that_the_user_chose_is_respected(computer):
    computer.delenv("DISPLAY")
    computer.setenv("QT_QPA_PLATFORM", "vnc")
    _system.draw_without_display()
    assert os.environ["QT_QPA_PLATFORM"] == "vnc"
    assert _system.check(window=True) is None


def test_drawing_without_a_display_chooses_the_platform_that_draws_into_memory(computer):
    computer.setenv("QT_QPA_PLATFORM", "")
    computer.delenv("QT_QPA_PLATFORM")
    _system.draw_without_display()
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
