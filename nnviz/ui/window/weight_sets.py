"""The menu of weight sets: each with its loss, to be put in; the weights in use can be kept as one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from nnviz.core.cost import QUICK_NS, forward_ns
from nnviz.core.edits import keep_set, loss_with_set, new_set_name, remove_set, set_in_use, use_set
from nnviz.core.numbers import loss_in_words
from nnviz.document.document import Document
from nnviz.ui.widgets.dialogs import AskText
from nnviz.ui.widgets.list_menu import ListMenu

NONE_YET = "No weight sets yet: keep the present weights, to come back to them"


class WeightSets(QObject):
    """Fills a menu; what is chosen there is an undo entry. `said` carries a sentence for the status line."""

    said = Signal(str)

    def __init__(self, window: QWidget, document: Document) -> None:
        super().__init__(window)
        self._window, self._document = window, document

    def add_to(self, menu: QMenu) -> None:
        """Add the submenu to a menu; it is filled whenever it opens."""
        shown = ListMenu("&Weight sets", menu)
        menu.addMenu(shown)
        shown.aboutToShow.connect(lambda: self._fill(shown))

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        sets = self._document.state.weight_sets
        for place in range(len(sets)):
            action = menu.addAction("\t".join([self._name(place), self._told(place)]))
            action.setCheckable(True)
            action.setChecked(set_in_use(self._document.state, place))
            action.triggered.connect(partial(self._use, place))
        if not sets:
            menu.addAction(NONE_YET).setEnabled(False)
        menu.addSeparator()
        menu.addAction("Keep the present weights…", self._ask_keep)
        if sets:
            removal = ListMenu("Remove", menu)
            menu.addMenu(removal)
            for place in range(len(sets)):
                removal.addAction(self._name(place), partial(self._remove, place))

    def _name(self, place: int) -> str:
        return self._document.state.weight_sets[place].name.replace("&", "&&").replace("\t", " ")

    def _told(self, place: int) -> str:
        """Return the loss with a set, unless it takes long to compute."""
        state = self._document.state
        quick = forward_ns(state.network, len(state.data)) <= QUICK_NS
        loss = loss_with_set(state, place) if quick else None
        return "" if loss is None else loss_in_words(state.measure.title, loss)

    def _use(self, place: int) -> None:
        name = self._document.state.weight_sets[place].name
        if self._document.edit(f"Use {name}", use_set, place):
            self.said.emit(f"The weights are those of {name} now")

    def _ask_keep(self) -> None:
        state, title = self._document.state, "Keep the present weights"
        check = partial(keep_set, state)
        dialog = AskText(self._window, title, "&Name of the set", new_set_name(state), "&Keep", check)
        name = dialog.asked()
        if name is not None and self._document.edit(f"Keep {name}", keep_set, name):
            self.said.emit(f"Kept the present weights as {name}; Network → Weight sets puts them back in")

    def _remove(self, place: int) -> None:
        name = self._document.state.weight_sets[place].name
        if self._document.edit(f"Remove {name}", remove_set, place):
            self.said.emit(f"Removed the weight set {name}; the weights in use stay")
