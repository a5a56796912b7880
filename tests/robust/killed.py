"""Kills programs while they save or keep copies, at random moments, and prints as JSON what was found after.

    python -m tests.robust.killed SEED SAVES COPIES FOLDER

One process that has imported everything forks each program: to start one anew takes ten times as long.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTimer

from nnviz.document.document import Document
from nnviz.document.leftovers import claimed
from nnviz.document.recovery import Recovery
from nnviz.files import native
from nnviz.files.on_disk import OnDisk
from tests.robust.small import state

LONGEST_S = {"save": 0.06, "recovery": 0.08}
"""How long a program lives at most, from its first save or its first unsaved change on."""


VERSIONS = [state(1, 10), state(2, 5_000)]
DATA = [native.write(version) for version in VERSIONS]


def save_again_and_again(folder, began):
    """Save two versions in turn, each as the first save of a session, which keeps the version before."""
    os.write(began, b".")
    while True:
        for each in DATA:
            OnDisk(folder / "a.json", set()).write(each, over=True)


def keep_again_and_again(folder, began):
    """Change a document without end, while a copy of it is kept."""
    app = QCoreApplication([])
    document = Document(VERSIONS[0])
    recovery = Recovery(document, folder, delay_ms=1)
    os.write(began, b".")
    timer = QTimer()
    timer.timeout.connect(lambda: document.push(VERSIONS[document.state is VERSIONS[0]], "", "run"))
    timer.start(1)
    app.exec()
    recovery.close()


def kill_one(program, folder, life_s):
    """Fork a program, and kill it `life_s` seconds after it has begun."""
    sees_it, began = os.pipe()
    child = os.fork()
    if child == 0:
        program(folder, began)
        os._exit(1)
    os.close(began)
    assert os.read(sees_it, 1) == b".", "the program has not begun"
    os.close(sees_it)
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def look_at_saved(folder):
    """Return what is wrong with the files that a killed program has left."""
    there = [path for path in (folder / "a.json", folder / "a.json~") if path.exists()]
    return [f"{path.name} is none of the versions" for path in there if path.read_bytes() not in DATA]


def look_at_kept(folder):
    """Return what is wrong with the copies that a killed program has left, and discard them."""
    left, damaged = claimed(folder)
    wrong = [damaged] * bool(damaged) + ["more than one copy"] * (len(left) > 1)
    wrong += ["a copy is another one" for leftover in left if leftover.load() not in VERSIONS]
    for leftover in left:
        leftover.discard()
    return wrong


def half_files(folder):
    """Return how many half files there are anew; they are made old, so that the next save sees to them."""
    left = [path for path in folder.iterdir() if path.name.startswith(".nnviz-") or path.suffix == ".lock"]
    new = [path for path in left if path.stat().st_mtime > 0]
    for path in new:
        os.utime(path, (0, 0))
    return len(new)


def killed(what, seed, kills, folder):
    """Kill so many programs; return what was wrong, how many half files were left, and what is there now."""
    program = {"save": save_again_and_again, "recovery": keep_again_and_again}[what]
    look = {"save": look_at_saved, "recovery": look_at_kept}[what]
    chance, wrong, half = random.Random(seed), [], 0
    for number in range(kills):
        life_s = chance.uniform(0, LONGEST_S[what])
        kill_one(program, folder, life_s)
        found = look(folder) if folder.exists() else []
        wrong += [f"seed {seed}, kill {number} after {life_s:.5f} s: {each}" for each in found]
        half += half_files(folder) if folder.exists() else 0
    if what == "save":
        OnDisk(folder / "a.json", set()).write(DATA[0], over=True)
    else:
        look(folder)
    return {"wrong": wrong, "half": half, "left": sorted(os.listdir(folder))}


def main(seed, saves, copies, folder):
    """Kill programs that save, and such as keep copies; print what was found after."""
    found = {}
    for what, kills in (("save", saves), ("recovery", copies)):
        (folder / what).mkdir()
        found[what] = killed(what, int(seed), int(kills), folder / what)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
