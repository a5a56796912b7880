"""What `nnviz render` does where it is a film: of the walk or of the training."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nnviz.cli.arguments import PICTURES
from nnviz.cli.printing import complain
from nnviz.cli.usage import UsageError
from nnviz.core.state import State
from nnviz.files.motion import kinds
from nnviz.files.motion.film import FPS, MOST_PX, SIZE_PX

if TYPE_CHECKING:
    from nnviz.ui.pictures.motion import What


def wanted(chosen: argparse.Namespace) -> bool:
    """Tell whether a film is asked for. Raises UsageError for what does not go together."""
    suffix, option = chosen.out.suffix.lower(), "--walk" if chosen.walk else "--training"
    if not (chosen.walk or chosen.training):
        if chosen.fps is not None:
            raise UsageError("nnviz render: --fps is for a film, so it goes with --walk or --training")
        if suffix not in PICTURES:
            raise UsageError(f"nnviz render: what moves in a {suffix} is missing: give --walk or --training")
        return False
    if suffix not in kinds.SUFFIXES:
        raise UsageError(f"nnviz render: with {option}, OUT ends in {', '.join(kinds.SUFFIXES)}")
    if chosen.transparent:
        raise UsageError(f"nnviz render: --transparent does not go with {option}")
    if chosen.walk and chosen.view == "slopes":
        raise UsageError("nnviz render: --view does not go with --walk, which comes to the slopes by itself")
    if max(chosen.size or SIZE_PX) > MOST_PX:
        raise UsageError(f"nnviz render: with {option}, width and height are up to {MOST_PX}")
    return True


def film(state: State, chosen: argparse.Namespace) -> None:
    """Write the film. Raises FileError, and ValueError where there is nothing to show."""
    from nnviz import _system

    kinds.check(chosen.out)
    _system.draw_without_display()
    from nnviz.ui.pictures.drawing import Look
    from nnviz.ui.pictures.motion import Subject, render

    width, height = chosen.size or SIZE_PX
    what: What = "walk" if chosen.walk else "training"
    subject = Subject(what, state, slopes=chosen.view == "slopes", pictures=chosen.pictures)
    render(subject, Look(width, height, chosen.theme), chosen.fps or FPS, chosen.out)
    if of_size := kinds.of_size(chosen.out, width, height):
        complain(f"{chosen.out}: {of_size}")
