"""Actions and menus, made from a table of what can be asked for. Knows nothing of what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

Value = TypeVar("Value")


@dataclass(frozen=True)
class MenuEntry:
    """One thing that a person can ask the window for; `name` is what the program calls it.

    ============ ==========================================================================
    `title`      what the menu says; an & stands before the letter for Alt
    `does`       what is called; of a switch with whether it is on now
    `keys`       the shortcut, as QKeySequence reads it, "; " between several, or one of Qt's standard keys
    `within`     the widget that must have the focus for `keys`; None: they act in the window
    `tip`        what the tooltip and the sheet of keys say, if it is more than the title
    `icon`       the icon's name, for an entry of the toolbar
    `toolbar`    whether it stands on the toolbar, in the order of the menus
    `is_on`      whether a switch is on at first; None: it is no switch
    `group`      entries of one group are a choice: one of them is on
    ============ ==========================================================================
    """

    name: str
    title: str
    does: Callable[..., object]
    _: KW_ONLY
    keys: QKeySequence.StandardKey | str = ""
    within: QWidget | None = None
    tip: str = ""
    icon: str = ""
    toolbar: bool = False
    is_on: bool | None = None
    group: str = ""

    @property
    def words(self) -> str:
        """What it does, in words."""
        return self.tip or self.title.replace("&", "").rstrip("…")

    @property
    def shortcuts(self) -> list[QKeySequence]:
        """What can be pressed for it."""
        if isinstance(self.keys, str):
            return QKeySequence.listFromString(self.keys) if self.keys else []
        return QKeySequence.keyBindings(self.keys)

    @property
    def keys_told(self) -> list[str]:
        """What of it is written down: of a standard key the first, since few keyboards have F16 or Copy."""
        told = [keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in self.shortcuts]
        return told if isinstance(self.keys, str) else told[:1]


@dataclass(frozen=True)
class Menu:
    """A menu: sections of entries and of further menus, or what `fill` puts in whenever it opens.

    One without a title is not shown: its entries stand on the toolbar alone.
    """

    title: str
    sections: tuple[tuple[MenuEntry | Menu, ...], ...] = ()
    fill: Callable[[QMenu], object] | None = None

    def entries(self) -> Iterator[MenuEntry]:
        """Yield the entries of this menu and of those within."""
        for section in self.sections:
            for item in section:
                yield from (item,) if isinstance(item, MenuEntry) else item.entries()


Table: TypeAlias = tuple[Menu, ...]
"""Everything a person can ask the window for, in the order of the menu bar."""


def choice(
    group: str, titles: Sequence[tuple[Value, str]], chosen: Value, choose: Callable[[Value], None]
) -> tuple[MenuEntry, ...]:
    """Return entries of which one is on; each value comes with its title."""
    return tuple(
        MenuEntry(f"{group} {value}", title, partial(choose, value), is_on=value == chosen, group=group)
        for value, title in titles
    )


def make_actions(table: Table, window: QMainWindow) -> dict[str, QAction]:
    """Return an action of `window` for every entry, by its name."""
    groups: dict[str, QActionGroup] = {}
    actions = {}
    for entry in (entry for menu in table for entry in menu.entries()):
        assert entry.name not in actions
        actions[entry.name] = action = _action(entry, window)
        if entry.group:
            groups.setdefault(entry.group, QActionGroup(window)).addAction(action)
    return actions


def _action(entry: MenuEntry, window: QMainWindow) -> QAction:
    action = QAction(entry.title, window)
    action.setObjectName(entry.name)
    action.setShortcuts(entry.shortcuts)
    action.setToolTip(told(entry))
    if entry.is_on is not None:
        action.setCheckable(True)
        action.setChecked(entry.is_on)
    if entry.is_on is None or entry.group:
        action.triggered.connect(lambda *_: entry.does())
    else:
        action.triggered.connect(lambda on: entry.does(on))  # not where it only shows what is so
    if entry.within:
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    (entry.within or window).addAction(action)
    return action


def told(entry: MenuEntry) -> str:
    """Return what an entry does, with its shortcut in brackets, as a tooltip says it."""
    return " ".join([entry.words, *(f"({keys})" for keys in entry.keys_told[:1])])


def fill_menus(table: Table, actions: dict[str, QAction], window: QMainWindow) -> None:
    """Put the menus into the window's menu bar."""
    for menu in table:
        if menu.title:
            _fill(window.menuBar().addMenu(menu.title), menu, actions)


def _fill(shown: QMenu, menu: Menu, actions: dict[str, QAction]) -> None:
    if menu.fill:
        shown.aboutToShow.connect(partial(menu.fill, shown))
    for k, section in enumerate(menu.sections):
        if k:
            shown.addSeparator()
        for item in section:
            if isinstance(item, MenuEntry):
                shown.addAction(actions[item.name])
            else:
                _fill(shown.addMenu(item.title), item, actions)
