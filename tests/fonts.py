"""Runs a command with one font family alone: python -m tests.fonts DejaVu -- pytest -m fonts."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts")
CONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


def files(family: str) -> list[Path]:
    """Return the files of a family: the file of DejaVu Sans is called DejaVuSans.ttf."""
    named = re.compile(rf"{re.escape(family.replace(' ', ''))}(?![a-z]).*\.(ttf|otf|ttc)")
    folders = [Path(folder).expanduser() for folder in FOLDERS]
    return [file for folder in folders for file in sorted(folder.rglob("*")) if named.fullmatch(file.name)]


def configured(family: str, folder: Path) -> Path:
    """Write a fontconfig file that knows the fonts of one family alone; return its path."""
    for file in files(family):
        if not (folder / file.name).exists():
            (folder / file.name).symlink_to(file)
    config = folder / "fonts.conf"
    config.write_text(CONFIG.format(folder=folder), "utf-8")
    return config


def main(family: str, dashes: str, *command: str) -> int:
    """Run the command with the family alone; return its exit code."""
    if dashes != "--" or not command:
        raise SystemExit("Write: python -m tests.fonts FAMILY -- COMMAND …")
    if not files(family):
        raise SystemExit(
            f"The fonts {family} are not installed: no file in {', '.join(FOLDERS)} has that name."
        )
    with TemporaryDirectory(prefix="fonts-") as folder:
        config = configured(family, Path(folder))
        return subprocess.run(command, env={**os.environ, "FONTCONFIG_FILE": str(config)}).returncode


if __name__ == "__main__":
    if len(sys.argv) < 4:
        raise SystemExit("Write: python -m tests.fonts FAMILY -- COMMAND …")
    raise SystemExit(main(*sys.argv[1:]))
