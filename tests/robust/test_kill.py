"""kill -9 at random moments: the old or the new file, whole, and no damaged copy of unsaved work."""

import json
import os
import subprocess
import sys

import pytest

SEED = 9

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks what it kills")


@pytest.fixture
def kill(tmp_path):
    """Return a function that kills programs and returns what was found after: `wrong`, `half`, `left`."""

    def kill(what, kills):
        folder = tmp_path / what
        if what == "save":
            folder.mkdir()
        command = [sys.executable, "-m", "tests.robust.killed", what, str(SEED), str(kills), str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert (done.returncode, done.stderr) == (0, "")
        print(kills, "kills:", done.stdout)
        return json.loads(done.stdout)

    return kill


def test_a_kill_while_saving_leaves_the_old_or_the_new_file_and_the_next_save_clears_up(kill, amount):
    kills = amount(quick=12, ci=200, night=5000)
    found = kill("save", kills)
    assert found["wrong"] == []
    assert found["left"] in (["a.json"], ["a.json", "a.json~"])
    assert found["half"] > 0, "no kill has met a save"


def test_a_kill_while_a_copy_is_written_leaves_a_whole_copy_and_the_next_start_clears_up(kill, amount):
    found = kill("recovery", amount(quick=6, ci=200, night=5000))
    assert found["wrong"] == []
    assert found["left"] == []
