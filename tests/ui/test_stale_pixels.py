"""At fractional sizes no pixel of the diagram is left from before: what is seen is as painted anew."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("ratio", ["1.25", "1.5"])
def test_no_deed_leaves_pixels_from_before(ratio):
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.repaint", "700", "523"],
        env={**os.environ, "QT_SCALE_FACTOR": ratio},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == f"at {ratio}\n"
