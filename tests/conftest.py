"""Tests run without a display; `--robust` says how many hostile inputs and accidents tests/robust tries."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_addoption(parser):
    parser.addoption(
        "--robust",
        choices=("quick", "full", "long"),
        default="quick",
        help="how much tests/robust tries: quick every day, full as .ci/run does, long for a night",
    )
