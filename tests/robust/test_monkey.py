"""A monkey plays with the window: nothing is raised, Qt warns of nothing, nothing is silent, all stays true.

To repeat what failed, or to go on for longer: `python -m tests.robust.monkey --seed SEED --seconds 20`.
"""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.robust.monkey import let_loose


@pytest.fixture
def jungle(qapp, tmp_path, monkeypatch):
    """Return a folder to play in, as the program would live there."""
    monkeypatch.chdir(tmp_path)
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    yield tmp_path
    QApplication.clipboard().clear()


def test_a_monkey_without_a_display(jungle, amount):
    for seed in range(amount(quick=1, ci=1, night=20)):
        print(seed, let_loose(seed, amount(quick=3, ci=3, night=15), jungle), "deeds")


@pytest.mark.window
def test_a_monkey_in_a_real_window(jungle, amount):
    for seed in range(100, 100 + amount(quick=1, ci=2, night=40)):
        print(seed, let_loose(seed, amount(quick=10, ci=10, night=15), jungle), "deeds")
