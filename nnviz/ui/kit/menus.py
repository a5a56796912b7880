"""Actions and menus from a table of commands; this module does not know what the commands do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from itertools import chain
from typing import TypeAlias, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

Value = TypeVar("Value")


@dataclass(frozen=True)
class MenuEntry:
    """A command of the window; `name` is the name of the command in the program.

    ============== ====================================================================================
    `title`        text in the menu, with & before the letter for Alt
    `action`       function to call; for a switch, its argument is whether the switch is on now
    `tip`          text in the tooltip and the list of shortcuts; "" uses the title
    `keys`         shortcut: text for QKeySequence, "; " between several, or a standard key of Qt
    `focus_widget` widget that must have the focus for `keys`; with None, keys work in the whole window
    `icon`         name of the icon; "" is the name of the command, for an entry with `toolbar`
    `toolbar`      whether the entry is on the toolbar, in the order of the menus
    `is_on`        whether a switch is on at first; None for an entry that is not a switch
    `group`        name of a group of entries, of which exactly one is on
    ============== ====================================================================================
    """

    name: str
    title: str
    action: Callable[..., object]
    tip: str = ""
    keys: QKeySequence.StandardKey | str = ""
    _: KW_ONLY
    focus_widget: QWidget | None = None
    icon: str = ""
    toolbar: bool = False
    is_on: bool | None = None
    group: str = ""

    @property
    def description(self) -> str:
        """Description of the command: the tooltip, or else the title."""
        return self.tip or self.title.replace("&", "").rstrip("…")

    @property
    def shortcuts(self) -> list[QKeySequence]:
        """Key sequences that run the command."""
        if isinstance(self.keys, str):
            return QKeySequence.listFromString(self.keys) if self.keys else []
        return QKeySequence.keyBindings(self.keys)

    @property
    def shortcut_texts(self) -> list[str]:
        """Texts of the shortcuts to show.

        If a standard key of Qt has several shortcuts, only the first is shown: the others need rare keys.
        """
        texts = [keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in self.shortcuts]
        return texts if isinstance(self.keys, str) else texts[:1]


@dataclass(frozen=True)
class Menu:
    """A menu of entries and submenus, or of entries that the function `fill` adds whenever the menu opens.

    Lines separate the groups of entries in `sections`. A menu without a title is not in the menu bar: its
    entries are only on the toolbar. With `toolbar`, the button Panels of the toolbar has the entries, too.
    """

    title: str
    sections: tuple[tuple[MenuEntry | Menu, ...], ...] = ()
    fill: Callable[[QMenu], object] | None = None
    toolbar: bool = False

    def submenus(self) -> Iterator[Menu]:
        """Yield the submenus of this menu."""
        return (item for item in chain(*self.sections) if isinstance(item, Menu))

    def entries(self) -> Iterator[MenuEntry]:
        """Yield the entries of this menu and of its submenus."""
        for item in chain(*self.sections):
            yield from (item,) if isinstance(item, MenuEntry) else item.entries()


Table: TypeAlias = tuple[Menu, ...]
"""All commands of the window, in the order of the menu bar."""


def choice_entries(
    group: str, titles: Sequence[tuple[Value, str]], chosen: Value, choose: Callable[[Value], None]
) -> tuple[MenuEntry, ...]:
    """Return menu entries, one for each (value, title), of which exactly one is on: at first `chosen`.

    An entry calls `choose` with its value. `group` names the group.
    """
    return tuple(
        MenuEntry(f"{group} {value}", title, partial(choose, value), is_on=value == chosen, group=group)
        for value, title in titles
    )


def clear_menu(menu: QMenu) -> None:
    """Remove all entries and submenus of a menu."""
    menu.clear()
    for part in (*menu.findChildren(QMenu), *menu.findChildren(QActionGroup)):
        part.deleteLater()


MOST_IN_GROUP = 12
"""Largest number of similar entries in a menu, which leaves room for two other entries in a menu of 14."""


def add_in_groups(menu: QMenu, titles: Sequence[str], add: Callable[[QMenu, int], object]) -> None:
    """Call `add(menu, index)` for each of `titles`; more than MOST_IN_GROUP of them come into submenus.

    The title of a submenu names its first and last entry: "first … last".
    """
    size = 1
    while size * MOST_IN_GROUP < len(titles):
        size *= MOST_IN_GROUP

    def add_part(target: QMenu, places: range, size: int) -> None:
        for start in places[::size]:
            if size == 1:
                add(target, start)
                continue
            part = range(start, min(start + size, places.stop))
            add_part(target.addMenu(f"{titles[start]} … {titles[part[-1]]}"), part, size // MOST_IN_GROUP)

    add_part(menu, range(len(titles)), size)


def make_actions(table: Table, window: QMainWindow) -> dict[str, QAction]:
    """Return a QAction for each entry, by the entry's name. The actions belong to `window`."""
    groups: dict[str, QActionGroup] = {}
    actions = {}
    for entry in (entry for menu in table for entry in menu.entries()):
        assert entry.name not in actions
        actions[entry.name] = action = _action(entry, window)
        if entry.group:
            groups.setdefault(entry.group, QActionGroup(window)).addAction(action)
    return actions


def _action(entry: MenuEntry, window: QMainWindow) -> QAction:
    action = QAction(entry.title, window, checkable=entry.is_on is not None, checked=bool(entry.is_on))
    action.setObjectName(entry.name)
    action.setShortcuts(entry.shortcuts)
    action.setToolTip(" ".join([entry.description, *(f"({keys})" for keys in entry.shortcut_texts[:1])]))
    if entry.is_on is None or entry.group:
        action.triggered.connect(lambda *_: entry.action())
    else:
        action.triggered.connect(lambda on: entry.action(on))  # "toggled" also reports the program's changes
    if entry.focus_widget:
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    (entry.focus_widget or window).addAction(action)
    return action


def fill_menus(table: Table, actions: dict[str, QAction], window: QMainWindow) -> None:
    """Add the menus to the window's menu bar."""
    for menu in table:
        if menu.title:
            _fill(window.menuBar().addMenu(menu.title), menu, actions)


def _fill(target: QMenu, menu: Menu, actions: dict[str, QAction]) -> None:
    if menu.fill:
        target.aboutToShow.connect(partial(menu.fill, target))
    for k, section in enumerate(menu.sections):
        if k:
            target.addSeparator()
        for item in section:
            if isinstance(item, MenuEntry):
                target.addAction(actions[item.name])
            else:
                _fill(target.addMenu(item.title), item, actions)
