"""A missing library or display is reported in one line, before Qt could abort."""

import ctypes
import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

import nnviz
from nnviz import system
from tests.processes import ended, python, without_display

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
    with pytest.raises(system.DisplayError) as caught:
        system.check(**needs)
    return str(caught.value)


def test_what_a_window_or_a_picture_lacks_is_told(computer, approved):
    assert system.check(window=True) is None
    computer.lacks(["libEGL.so.1", "libxcb-cursor.so.0"])
    approved("libraries that are missing", told(window=True))
    computer.setattr(os, "geteuid", lambda: 0)
    approved("libraries that are missing for root", told(window=True))
    computer.setattr(shutil, "which", lambda _program: None)
    approved("libraries that are missing without apt-get", told(window=False))
    computer.delenv("DISPLAY")
    computer.setattr(ctypes, "CDLL", lambda _library: None)
    approved("no display", told(window=True))


LACKING = """
import ctypes, os, shutil, pytest
def lacks(name): raise OSError(name)
ctypes.CDLL, os.geteuid, shutil.which = lacks, lambda: 0, lambda name: "/usr/bin/apt-get"
raise SystemExit(pytest.main([]))
"""


def test_the_tests_name_missing_libraries_in_one_line(approved):
    code, _, said = python(LACKING, cwd=Path(__file__).parents[1])
    assert code == pytest.ExitCode.USAGE_ERROR
    approved("tests where libraries are missing", said)


def test_the_libraries_of_x11_are_needed_by_windows_on_x11_alone(computer):
    computer.lacks(["libxcb-cursor.so.0"])
    computer.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert system.check(window=True) is None
    computer.delenv("WAYLAND_DISPLAY")
    computer.delenv("DISPLAY")
    assert system.check(window=False) is None


def test_a_platform_that_the_user_chose_is_respected_else_none_is_needed(computer):
    computer.delenv("DISPLAY")
    computer.setenv("QT_QPA_PLATFORM", "vnc")
    system.draw_without_display()
    assert os.environ["QT_QPA_PLATFORM"] == "vnc"
    assert system.check(window=True) is None
    computer.delenv("QT_QPA_PLATFORM")
    system.draw_without_display()
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"


DISPLAY = f":{1000 + os.getpid() % 9000}"
"""At which nobody answers, also if other tests run beside."""


def test_a_script_whose_window_would_find_nobody_at_its_display_is_told(computer):
    computer.setenv("DISPLAY", DISPLAY)
    computer.delenv("XDG_SESSION_TYPE", raising=False)
    for open_window in (nnviz.show, nnviz.watch):
        with pytest.raises(system.DisplayError, match=f"^Qt finds no display with DISPLAY={DISPLAY}: cor"):
            open_window(nnviz.Network.from_weights({"output": [1, 2]}))


def test_a_display_at_which_somebody_answers_or_of_another_kind_passes(computer):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{DISPLAY[1:]}")
        server.listen()
        for display in (f"{DISPLAY}.0", "elsewhere:0", "/private/tmp/socket:0", "?"):
            computer.setenv("DISPLAY", display)
            assert system.check_for_process() is None


def run(*arguments, **variables):
    """Run nnviz with only these variables for displays; return its code and its output."""
    return ended([sys.executable, "-m", "nnviz", *map(str, arguments)], env=without_display(**variables))


def test_a_display_that_is_not_there_is_one_sentence(amount, approved):
    """QT_QPA_PLATFORM is a list, and Qt tries each platform."""
    cases = [("DISPLAY", DISPLAY), ("QT_QPA_PLATFORM", "none;xcb:x"), ("QT_QPA_PLATFORM", "none")]
    for name, value in cases[: amount(quick=1, ci=3, night=3)]:
        code, out, err = run("relu", **{name: value})
        if "lacks system libraries" in err:
            pytest.skip("the libraries of X11 are not here")
        assert (code, out, err.count("\n")) == (1, "", 1)
        told = err.replace(f"{name}={value}", "NAME=VALUE").replace(name, "NAME")
        approved("a display that is not there", told)


def test_a_picture_needs_no_display_but_a_platform_that_is_there(tmp_path, amount):
    for command, suffix in (("screenshot", "png"), ("render", "pdf"))[: amount(quick=1, ci=2, night=2)]:
        picture = tmp_path / f"relu.{suffix}"
        assert run(command, "relu", "-o", picture, DISPLAY=DISPLAY) == (0, "", "")
        assert picture.stat().st_size
    code, out, err = run("screenshot", "relu", "-o", tmp_path / "x.png", QT_QPA_PLATFORM="none")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "QT_QPA_PLATFORM=none" in err
