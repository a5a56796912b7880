"""The dialog that asks for the values of settings with which the network is trained."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtWidgets import QLineEdit, QWidget

from nnviz.core.numbers import KEPT_NUMBERS, KEPT_RUNS, counted, field_text, parse_whole
from nnviz.core.state import State
from nnviz.core.sweep import READERS, combinations
from nnviz.ui.kit.controls import named, wrapped_label
from nnviz.ui.kit.dialogs import Dialog, form, heading, show_text

HOW = (
    "Type values with commas between them; an empty field keeps the setting in grey."
    " Each combination is trained from the same start."
)
SEEDS_TIP = "A whole number: each combination is trained from this many random starts, from seed 0 on"
UPDATES_TIP = "The number of updates of each run"
FIELD_PX = 280


def _title(name: str) -> str:
    return "Hidden layers" if name == "hidden" else name.replace("_", " ").capitalize()


def _known(value: object) -> str:
    """Return a setting as a person types it."""
    if value is None:
        return "all"
    return field_text(value) if isinstance(value, float) else str(value) or "none"


class CompareSettings(Dialog):
    """Asks for the values of settings. `state` is the State from which the runs start.

    `answers` holds the values by setting, the number of seeds and the number of updates, as `combinations`
    takes them. An empty field leaves the setting of `state`, which the field shows in grey.
    """

    def __init__(self, window: QWidget | None, state: State) -> None:
        super().__init__(window, "Compare settings", "&Compare")
        self._state = state
        self.answers: tuple[dict[str, Any], int | None, int | None] = {}, None, None
        (trial,) = combinations(state, {})
        known = {**trial.settings, "seeds": "the start of this run", "updates": state.training.updates}
        tips = {name: reader.meaning for name, reader in READERS.items()}
        self.fields = {
            name: self._field(tip, known[name])
            for name, tip in (tips | {"seeds": SEEDS_TIP, "updates": UPDATES_TIP}).items()
        }
        self.summary = wrapped_label()
        fields = form(*((_title(name), field) for name, field in self.fields.items()))
        self._lay_out(heading("Compare settings"), wrapped_label(HOW), fields, self.summary)
        self._count()

    def _field(self, tip: str, known: object) -> QLineEdit:
        field = named(QLineEdit(), "", f"{tip[0].upper()}{tip[1:]}")
        field.setPlaceholderText(_known(known))
        field.setMinimumWidth(FIELD_PX)
        field.textChanged.connect(self._count)
        return field

    def _count(self) -> None:
        """Show how many runs the answers make, or why they are invalid."""
        show_text(self.summary, "" if self._show_refusal() else self._runs)

    def _check(self) -> None:
        """Read the answers. Raises ValueError, with the name of the field, for an invalid answer."""
        texts = {name: field.text().strip(", ") for name, field in self.fields.items()}
        given = {name: self._read(name, text) for name, text in texts.items() if text}
        seeds, updates = given.pop("seeds", None), given.pop("updates", None)
        combined, most = math.prod(map(len, given.values())), "The command nnviz sweep makes more."
        if (runs := combined * (seeds or 1)) > KEPT_RUNS.limit:
            raise ValueError(f"{runs:,} runs are too many: nnviz keeps {KEPT_RUNS.limit}. {most}")
        trials = combinations(self._state, given, seeds and 1, updates)
        weights = 2 * sum(trial.state.network.parameters for trial in trials) * (seeds or 1)
        if weights > KEPT_NUMBERS.limit:
            raise ValueError(f"these runs have too many weights: nnviz keeps {KEPT_NUMBERS.limit:,}. {most}")
        each = counted(trials[0].state.training.updates, "update")
        self._runs = f"{counted(runs, 'run')} of {each}"
        self.answers = given, seeds, updates

    def _read(self, name: str, text: str) -> Any:
        try:
            if name not in READERS:
                return parse_whole(text, least=1)
            return list(dict.fromkeys(READERS[name].values(text)))
        except ValueError as error:
            raise ValueError(f"{_title(name)}: {str(error).removeprefix(f'{name}: ')}") from None
