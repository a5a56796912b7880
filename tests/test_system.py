"""What is missing for Qt is told in one line, before Qt could abort."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys

import pytest

import nnviz
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


DISPLAY = ":4567"
"""At which nobody answers."""


def test_a_script_whose_window_would_find_nobody_at_its_display_is_told(computer):
    computer.setenv("DISPLAY", DISPLAY)
    computer.delenv("XDG_SESSION_TYPE", raising=False)
    for open_window in (nnviz.show, nnviz.watch):
        with pytest.raises(_system.DisplayError, match=f"^Qt finds no display with DISPLAY={DISPLAY}: cor"):
            open_window(nnviz.Network.from_weights({"output": [1, 2]}))


def test_a_display_at_which_somebody_answers_passes(computer):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{DISPLAY[1:]}")
        server.listen()
        computer.setenv("DISPLAY", f"{DISPLAY}.0")
        assert _system.check_for_process() is None


@pytest.mark.parametrize("display", ["elsewhere:0", "/private/tmp/socket:0", "?"])
def test_a_display_of_another_kind_is_left_to_qt(computer, display):
    computer.setenv("DISPLAY", display)
    assert _system.check_for_process() is None


def run(*arguments, **variables):
    """Run nnviz where the environment says of displays just that; return its code and what it wrote."""
    own = {name: value for name, value in os.environ.items() if name not in SAY_OF_DISPLAYS}
    command = [sys.executable, "-m", "nnviz", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**own, **variables}, timeout=60)
    return done.returncode, done.stdout, done.stderr


SAY_OF_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE")


@pytest.mark.parametrize(
    "said", [{"DISPLAY": DISPLAY}, {"QT_QPA_PLATFORM": "none"}, {"QT_QPA_PLATFORM": "none;xcb:x"}]
)
def test_a_display_that_is_not_there_is_one_sentence(said):
    ((name, value),) = said.items()
    code, out, err = run("relu", **said)
    if "lacks system libraries" in err:
        pytest.skip("the libraries of X11 are not here")
    assert (code, out) == (1, "")
    assert err.startswith(
        f"Qt finds no display with {name}={value}: correct or unset {name}; `nnviz screenshot"
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_display_that_is_not_there_is_not_needed_for_a_picture(tmp_path, suffix):
    picture = tmp_path / f"relu.{suffix}"
    assert run("render", "relu", "-o", str(picture), DISPLAY=DISPLAY) == (0, "", "")
    assert picture.stat().st_size
    if suffix == "png":
        assert run("screenshot", "relu", "-o", str(picture), DISPLAY=DISPLAY) == (0, "", "")


def test_a_platform_that_is_not_there_is_one_sentence_for_a_picture_too(tmp_path):
    code, out, err = run("screenshot", "relu", "-o", str(tmp_path / "x.png"), QT_QPA_PLATFORM="none")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "QT_QPA_PLATFORM=none" in err
