"""What the window remembers between sessions: geometry, panels, theme, the last and recent files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QSize, QStandardPaths, QTemporaryDir

from nnviz.ui.kit.theme import themes

RECENT = 10

MOST_BYTES = 2**24
"""Of the file of settings, which has some kB."""

SIZES_PERCENT = (100, 125, 150, 200)
"""How large the window can be drawn, against the system's size."""

LEAST_PX = QSize(700, 505)
"""What a window needs on the screen with its frame, for each 100 % of a larger size."""


class Settings:
    """The remembered settings of this person on this machine; without `remembers`, of this window alone.

    They are this window's alone too where something else stands in the place of their file.
    """

    def __init__(self, *, remembers: bool = True) -> None:
        self._nowhere = None if remembers and _can_be_read(_file()) else QTemporaryDir()
        if self._nowhere is None:
            self._store = QSettings("nnviz", "nnviz")
        else:
            self._store = QSettings(self._nowhere.filePath("settings.ini"), QSettings.Format.IniFormat)

    def bytes(self, key: str) -> QByteArray | None:
        """Return a remembered geometry or arrangement."""
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else None

    def extent(self, key: str) -> QSize:
        """Return a remembered width and height; an invalid one where there is none."""
        value = self._store.value(key)
        return value if isinstance(value, QSize) else QSize()

    def flag(self, key: str, *, first: bool = True) -> bool:
        """Return a remembered switch; it is `first` until it is remembered otherwise."""
        return bool(self._store.value(key, first, type=bool))

    def text(self, key: str) -> str:
        """Return a remembered text; "" where there is none."""
        return str(self._store.value(key, ""))

    @property
    def theme(self) -> str:
        """The theme that was chosen, one of `themes()`."""
        name, known = self._store.value("theme"), themes()
        return name if name in known else known[0]

    @property
    def size(self) -> int:
        """How large everything is drawn, one of SIZES_PERCENT."""
        size = self._store.value("size", SIZES_PERCENT[0], type=int)
        return size if isinstance(size, int) and size in SIZES_PERCENT else SIZES_PERCENT[0]

    def size_within(self, room: QSize) -> int:
        """Return the size that is remembered, or the largest at which a window fits into `room`."""
        fits = [size for size in SIZES_PERCENT if room == room.expandedTo(LEAST_PX * size / 100)]
        return min(self.size, max(fits, default=SIZES_PERCENT[0]))

    def remember(self, key: str, value: QByteArray | QSize | bool | int | str) -> None:
        """Remember a value."""
        self._store.setValue(key, value)

    @property
    def recent(self) -> list[Path]:
        """The files that were open last, the latest first; only those that are still there."""
        return [path for name in self._texts("recent") if _is_there(path := Path(name))]

    def opened(self, path: Path) -> None:
        """Put a file at the head of the recent ones; it is the one that opens next time."""
        path = path.absolute()
        paths = [path, *(recent for recent in self.recent if recent != path)][:RECENT]
        self._store.setValue("recent", [str(recent) for recent in paths])
        self._store.setValue("last", str(path))
        self.used(path)

    def answer(self, path: Path) -> tuple[str, ...] | None:
        """Return the activations that a person gave for a file, or None."""
        found = (entry.partition(" ") for entry in self._texts("answers"))
        return next(
            (tuple(names.split(",")) for names, _, name in found if name == str(path.absolute())), None
        )

    def answered(self, path: Path, activations: tuple[str, ...]) -> None:
        """Remember the activations that a person gave for a file, as long as for a recent one."""
        name = str(path.absolute())
        others = [entry for entry in self._texts("answers") if entry.partition(" ")[2] != name]
        self._store.setValue("answers", [f"{','.join(activations)} {name}", *others][:RECENT])

    def used(self, path: Path) -> None:
        """Take the folder of a file that was read or written for the one in which dialogs begin."""
        self._store.setValue("folder", str(path.absolute().parent))

    @property
    def folder(self) -> str:
        """The folder in which dialogs begin; "" where none is known that is still there."""
        name = self.text("folder")
        return name if os.path.isdir(name) else ""

    def forget_recent(self) -> None:
        """Forget the recent files, and what was said of them."""
        self._store.setValue("recent", [])
        self._store.setValue("answers", [])

    @property
    def last(self) -> Path | None:
        """The file that was open last, if it is still there."""
        name = self._store.value("last")
        return Path(str(name)) if name and _is_there(Path(str(name))) else None

    def _texts(self, key: str) -> list[str]:
        value = self._store.value(key)
        return [value] if isinstance(value, str) else list(map(str, value)) if isinstance(value, list) else []


def _file() -> str:
    """Return where Qt keeps the settings, where it keeps them in a file of its own format."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return os.path.join(folder, "nnviz", "nnviz.conf")


def _can_be_read(file: str) -> bool:
    """Tell whether Qt can read a file of settings, if it is there: it would wait for a pipe for ever."""
    try:
        status = os.stat(file)
    except OSError:  # which Qt does without
        return True
    return stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES


def _is_there(path: Path) -> bool:
    """Tell whether a file is there; Path.is_file raises where its folder may not be read."""
    return os.path.isfile(path)
