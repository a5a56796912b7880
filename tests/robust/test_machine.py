"""Random sequences of everything that can be done to a document: what has to hold holds after each of them.

What is done stands in `actions`, what has to hold in `truths`; a failure names the sequence, which hypothesis
has made as short as it can.
"""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.job import Limits
from nnviz.document.training.runner import Runner
from nnviz.document.walk.player import Player
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.robust.actions import ACTIONS, OFTEN, Stage
from tests.robust.truths import AT_THE_END, TRUTHS

pytestmark = pytest.mark.usefixtures("qapp")


def models_alone(limits):
    """Return the models of a document without a window."""
    document = Document(load(example("many-rows").path))
    selection = Selection(document)
    runner = Runner(document, limits)
    return SimpleNamespace(
        document=document,
        selection=selection,
        derived=Derived(document, selection),
        runner=runner,
        player=Player(document, selection, runner),
    )


class Machine(RuleBasedStateMachine):
    """Does one action after the other; `stage` is made by `open_stage`."""

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._failed, self._hook = [], sys.excepthook
        sys.excepthook = lambda *error: self._failed.append(error[1])  # of a slot, which raises nowhere else

    @initialize(in_thread=st.booleans())
    def open_it(self, in_thread):
        limits = Limits(long_unit_s=0.0) if in_thread else Limits()
        self.stage = Stage(models_alone(limits), Path(self._folder.name))

    @rule(
        rng=st.randoms(use_true_random=True)
    )  # what hypothesis draws itself comes in the same order too often
    def act(self, rng):
        name = rng.choice(OFTEN)
        note(f"{name}: {ACTIONS[name](self.stage, rng) or 'done'}")

    @invariant()
    def all_holds(self):
        if self._failed:
            raise self._failed[0]
        for holds in TRUTHS:
            holds(self.stage)

    def teardown(self):
        try:
            if hasattr(self, "stage"):
                self.stage.player.stop()
                ACTIONS["undo_and_redo_all"](self.stage, None)
                self.all_holds()
                for holds in AT_THE_END:
                    holds(self.stage)
        finally:
            sys.excepthook = self._hook
            self._folder.cleanup()


def test_whatever_is_done_in_whatever_order_the_document_stays_right(amount):
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=amount(quick=4, ci=300, night=20_000),
            stateful_step_count=amount(quick=20, ci=40, night=60),
            derandomize=amount(quick=True, ci=True, night=False),
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
