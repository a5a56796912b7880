"""Settings that the window remembers: geometry, panels, theme, last and recent files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSettings, QSize, QTemporaryDir

from nnviz.ui.kit.theme import themes

RECENT = 10
"""Largest number of recent files to remember."""

SIZES_PERCENT = (100, 125, 150, 200)
"""Sizes at which the window can be drawn, in percent of the system's size."""

AUTOMATIC = 0
"""The choice of a size that depends on the size of the window."""

LEAST_PX, ROOM_PX = QSize(700, 505), QSize(1280, 800)
"""Pixels. LEAST_PX: smallest screen on which the window with its frame fits at 100 %. ROOM_PX: size of the
window at 100 % from which an automatic size is 100 %: twice this size is 200 %.
"""


Value = TypeVar("Value", bool, int, str, list[str], QByteArray, QSize)
"""Types of the values that the settings remember."""


class Settings:
    """The settings of this person on this machine.

    If `remembers` is False, the settings are lost when the window closes.
    """

    def __init__(self, *, remembers: bool = True) -> None:
        self._nowhere = None if remembers else QTemporaryDir()
        if self._nowhere is None:
            self._store = QSettings("nnviz", "nnviz")
        else:
            self._store = QSettings(self._nowhere.filePath("settings.ini"), QSettings.Format.IniFormat)

    def get(self, key: str, default: Value) -> Value:
        """Return the value remembered under `key`, or `default` if there is none of the same type."""
        value = self._store.value(key, default, type=type(default))
        return value if isinstance(value, type(default)) else default

    @property
    def theme(self) -> str:
        """The chosen theme, one of `themes()`."""
        name, names = self.get("theme", ""), themes()
        return name if name in names else names[0]

    @property
    def size(self) -> int:
        """The chosen size of the window in percent, one of SIZES_PERCENT, or AUTOMATIC."""
        size = self.get("size", AUTOMATIC)
        return size if size in SIZES_PERCENT else AUTOMATIC

    def size_within(self, screen: QSize, window: QSize) -> int:
        """Return the size in percent to use in a window, limited so that the window fits on the screen.

        An automatic size is the largest size at which the window has the room of ROOM_PX.
        """

        def largest(room: QSize, needed: QSize) -> int:
            fits = [size for size in SIZES_PERCENT if room == room.expandedTo(needed * size / 100)]
            return max(fits, default=SIZES_PERCENT[0])

        return min(self.size or largest(window, ROOM_PX), largest(screen, LEAST_PX))

    def remember(self, key: str, value: QByteArray | QSize | bool | int | str) -> None:
        """Remember a value under `key`."""
        self._store.setValue(key, value)

    @property
    def recent(self) -> list[Path]:
        """The recent files that still exist, the latest file first."""
        return [Path(name) for name in self._texts("recent") if os.path.isfile(name)]

    def remember_open(self, path: Path) -> None:
        """Put a file first among the recent files, and remember it as the file to open next time."""
        path = path.absolute()
        paths = [path, *(recent for recent in self.recent if recent != path)][:RECENT]
        self._store.setValue("recent", [str(recent) for recent in paths])
        self._store.setValue("last", str(path))
        self.remember_folder(path)

    def chosen_activations(self, path: Path) -> tuple[str, ...] | None:
        """Return the activations that the person chose for a file, or None if no choice is stored."""
        entries = (entry.partition(" ") for entry in self._texts("answers"))
        chosen = (names.split(",") for names, _, name in entries if name == str(path.absolute()))
        return next(map(tuple, chosen), None)

    def remember_activations(self, path: Path, activations: tuple[str, ...]) -> None:
        """Remember the activations that the person chose for a file. Keep the last RECENT choices."""
        name = str(path.absolute())
        others = [entry for entry in self._texts("answers") if entry.partition(" ")[2] != name]
        self._store.setValue("answers", [f"{','.join(activations)} {name}", *others][:RECENT])

    def remember_folder(self, path: Path) -> None:
        """Remember the folder of a file that was read or written; file dialogs start in this folder."""
        self._store.setValue("folder", str(path.absolute().parent))

    @property
    def folder(self) -> str:
        """The folder in which file dialogs start, or "" if it is unknown or no longer exists."""
        name = self.get("folder", "")
        return name if os.path.isdir(name) else ""

    def forget_recent(self) -> None:
        """Forget the recent files and the activations chosen for files."""
        self._store.setValue("recent", [])
        self._store.setValue("answers", [])

    @property
    def last(self) -> Path | None:
        """The file that was open last, or None if it is unknown or no longer exists."""
        name = self.get("last", "")
        return Path(name) if os.path.isfile(name) else None  # Path.is_file raises in an unreadable folder

    def _texts(self, key: str) -> list[str]:
        return [str(text) for text in self.get(key, [])]
