"""The films that there are of a network: of its walk and of its training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from nnviz.core.state import State
from nnviz.core.training.past import Past
from nnviz.files.motion import kinds
from nnviz.files.progress import Progress
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.pictures.film import ImageFilm
from nnviz.ui.pictures.walk_film import WalkFilm
from nnviz.ui.widgets.theme import application, apply_theme

What: TypeAlias = Literal["walk", "training"]


@dataclass(frozen=True)
class Subject:
    """What is filmed: a walk, perhaps by whole layers, or a training, perhaps with slopes; of one row.

    `past` is what is known of the run; of one that was watched nothing else can be shown. `pictures`: with
    small pictures in the nodes.
    """

    what: What
    state: State
    row: int = 0
    slopes: bool = False
    by_layer: bool = False
    past: Past | None = None
    pictures: bool = False


def film_of(subject: Subject, look: Look, fps: int, progress: Progress) -> ImageFilm:
    """Return a film; `progress` is told how far it is. Raises ValueError where there is nothing to show."""
    look = replace(look, pictures=subject.pictures)
    if subject.what == "walk":
        return WalkFilm(subject.state, look, fps, progress, subject.row, by_layer=subject.by_layer)
    from nnviz.ui.pictures.training_film import TrainingFilm

    row, slopes, past = subject.row, subject.slopes, subject.past
    return TrainingFilm(subject.state, look, fps, progress, row, slopes=slopes, past=past)


def render(subject: Subject, look: Look, fps: int, out: Path) -> None:
    """Write a film. Needs no display. Raises FileError, and ValueError where there is nothing to show."""
    apply_theme(application(), look.theme)
    kinds.write(film_of(subject, look, fps, lambda _: None), out)
