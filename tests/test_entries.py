"""The contract of every entry: an activation, a loss, an optimizer, a code style or a format is one entry.

Each entry, and each entry that is made up for the tests, goes through all that nnviz does with it. A new
entry needs no test of its own, and an entry that does not hold the contract fails here.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import nnviz
from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.losses import LOSSES
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import SCHEDULES
from nnviz.core.train import train
from nnviz.files import code
from nnviz.files.code import STYLES
from nnviz.files.errors import FileError
from nnviz.files.registry import FORMATS, load, losses_on_save, save
from nnviz.files.version1 import json_schema
from tests import entries
from tests.core import made_up, oracle
from tests.core.test_explain import every_where, explained, lines_of
from tests.core.written import closes
from tests.files import programs
from tests.formats import SAVED

DOCS = Path(__file__).parents[1] / "resources/docs"
REGISTRIES = {"activation": ACTIVATIONS, "loss": LOSSES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}


@pytest.fixture(autouse=True)
def states(monkeypatch):
    """Return a State for each entry, those made up among them."""
    made_up.register(monkeypatch)
    return entries.every_state()


def test_every_entry_has_a_state_of_its_own(states):
    for kind, registry in REGISTRIES.items():
        own = {name.split()[1].partition("(")[0] for name in states if name.startswith(kind)}
        assert own == set(registry)
    assert {name.split()[1] for name in states} >= set(entries.MADE_UP)


def test_every_entry_trains_as_it_is_defined(states):
    for name, state in states.items():
        result = train(state)
        *_, last = oracle.plain_updates(state, state.training.updates)
        found = oracle.parameters(result.state.network)
        assert found == pytest.approx(oracle.parameters(last), rel=1e-9, abs=1e-11), name
        losses = oracle.losses_of(state, last)
        assert result.history[-1, 1:] == pytest.approx(losses, rel=1e-9), name
        assert result.history[-1, 1] < result.history[0, 1], name


def test_every_entry_is_explained_by_lines_that_close_and_agree_with_a_difference(states):
    for name, state in states.items():
        for address in (None, *every_where(state.network)):
            lines = lines_of(explained(state, address))
            assert [own.text for own in lines if not closes(own.arithmetic)] == [], name
            checks = [own for own in lines if own.label == "check"]
            assert all(own.check_agrees for own in checks), (name, address)
            has_slope = address is not None and (address.kind != "node" or address.layer < 0)
            assert len(checks) == has_slope, (name, address)


@pytest.mark.parametrize("style", STYLES)
def test_every_entry_is_written_in_every_style_and_run(states, style, tmp_path):
    """The programs of a style that needs another library run in tests/models."""
    made, refused = {}, {}
    for name, state in states.items():
        kind, entry = name.split()[:2]
        try:
            made[name] = code.program(state, style, beside=False), state
        except ValueError as error:
            refused[name] = f"{kind} {entry}", str(error)
        if style in entries.LIBRARIES:
            assert (name in made) == entries.is_in(style, kind, state), name
    for own, sentence in refused.values():
        assert sentence == f"{STYLES[style].title} has no {own}; use the code style course or numpy"
    if style in ("course", "numpy"):
        assert not refused
    for program, _ in made.values():
        compile(program.text, style, "exec")
        assert "()(" not in program.text
        assert not re.search(r"\b(nn|layers|losses|optim|optimizers)\.\(", program.text)
    if not STYLES[style].needs:
        programs.check(made, 1e-12, tmp_path)


@pytest.mark.parametrize("form", SAVED, ids=lambda form: form.name)
def test_every_entry_round_trips_through_every_format_or_is_refused(states, form, tmp_path):
    path = tmp_path / f"network{form.saved[0]}"
    once = {tuple(name.split()[:2]): name for name in states}.values()  # since each file starts a process
    for name, state in ((name, states[name]) for name in once):
        if form.name == "weights dictionary":
            state = without_biases(state)
        layers = [layer.activation for layer in state.network.layers]
        if error := not_saved(state, path):
            assert any(word in error for word in (*layers, *name.split()[1:3])), error
            continue
        again = load(path)
        assert [layer.activation for layer in again.network.layers] == layers, name
        found, expected = (own.network.predict(state.data.inputs) for own in (again, state))
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6, err_msg=name)
        lost = losses_on_save(state, path)
        for setting in ("loss", "optimizer", "schedule"):
            kept = getattr(again.training, setting) == getattr(state.training, setting)
            assert kept or named_as_lost(setting, lost), (name, setting, lost)


def named_as_lost(setting, lost):
    """Whether the sentence on what a file leaves out names a setting."""
    _, settings, kept = lost.partition("the training settings")
    return bool(settings) and not re.match(rf" except [^;]*\b{setting}\b", kept)


def not_saved(state, path):
    """Save a State; return the sentence that refuses it, or ""."""
    try:
        save(state, path)
    except FileError as error:
        return str(error)
    return ""


def without_biases(state):
    for k in range(len(state.network.layers)):
        if state.network.layers[k].biases is not None:
            state = edits.remove_biases(state, k)
    return state


def test_every_entry_stands_in_the_schema_and_is_known_to_the_command(states, tmp_path, capsys):
    text = json.dumps(json_schema())
    for name, state in states.items():
        kind, entry = name.split()[:2]
        if entry not in entries.MADE_UP:
            assert f'"{entry}"' in text or re.search(rf"[(|]{entry.partition('(')[0]}[|)]", text), name
        file, out = tmp_path / "a.json", tmp_path / "b.json"
        save(state, file)
        assert load(file) == state, name
        own = state.training.schedule.name if kind == "schedule" else entry
        settings = [] if kind == "activation" else [f"--{kind}", own]
        assert main(["train", str(file), "--updates", "2", *settings, "-o", str(out)]) == 0, name
        trained = nnviz.load(out)
        assert getattr(trained.training, kind, entry) == getattr(state.training, kind, entry)
        assert main(["slopes", str(file), "--json"]) == 0
        assert main(["code", str(file)]) == 0
        capsys.readouterr()


def test_every_entry_stands_in_the_manual_and_every_style_is_known_to_the_command(capsys):
    assert main(["code", "--help"]) == 0
    told = capsys.readouterr().out
    assert all(style in told for style in STYLES)
    manual, files = ((DOCS / f"{page}.md").read_text("utf-8").casefold() for page in ("reference", "files"))
    names = [name for registry in (*REGISTRIES.values(), STYLES) for name in registry]
    names = [name for name in names if name not in entries.MADE_UP]
    assert [name for name in names if not re.search(rf"\b{name.replace('_', '[ _-]')}\b", manual)] == []
    assert [suffix for form in FORMATS for suffix in form.suffixes if f"`{suffix}`" not in files] == []
    assert len({form.name for form in FORMATS}) == len(FORMATS)
