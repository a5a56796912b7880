"""The contract of every entry: an activation, a loss, an optimizer, a code style or a format is one entry.

Each entry, and each entry that is made up for the tests, goes through all that nnviz does with it. A new entry
needs no test of its own, and an entry that does not hold the contract fails here.
"""

import json
import re
from importlib.util import find_spec

import numpy as np
import pytest

import nnviz
from nnviz.cli.main import main
from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.losses import LOSSES
from nnviz.core.optimizers import OPTIMIZERS
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

REGISTRIES = {"activation": ACTIVATIONS, "loss": LOSSES, "optimizer": OPTIMIZERS}


@pytest.fixture(autouse=True)
def states(monkeypatch):
    """Return a State for each entry, those made up among them."""
    made_up.register(monkeypatch)
    return entries.every_state()


def test_every_entry_has_a_state_of_its_own(states):
    for kind, registry in REGISTRIES.items():
        assert {name.split()[1].partition("(")[0] for name in states if name.startswith(kind)} == set(
            registry
        )
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
        for row in (0, len(state.data) - 1):
            for address in (None, *every_where(state.network)):
                lines = lines_of(explained(state, address, row))
                assert [own.text for own in lines if not closes(own.arithmetic)] == [], name
                checks = [own for own in lines if own.label == "check"]
                assert all(own.check_agrees for own in checks), (name, address, row)
                is_parameter = address is not None and address.kind != "node"
                assert len(checks) == is_parameter, (name, address)


@pytest.mark.parametrize("style", STYLES)
def test_every_entry_is_written_in_every_style_and_run(states, style, tmp_path):
    """A style whose library is missing here runs in tests/models; its programs are compiled."""
    made, needs = {}, STYLES[style].needs
    for name, state in states.items():
        try:
            made[name] = code.program(state, style, beside=False), state
        except ValueError as error:
            kind, entry = name.split()[:2]
            assert entry in entries.MADE_UP, "only an entry that no library has may be refused"
            assert str(error).startswith(f"{STYLES[style].title} has no {kind} {entry}")
    for program, _ in made.values():
        compile(program.text, style, "exec")
        assert "()(" not in program.text
        assert not re.search(r"\b(nn|layers|losses|optim|optimizers)\.\(", program.text)
    if all(map(find_spec, needs)):
        exact = {name: (programs.in_float64(own), state) for name, (own, state) in made.items()}
        programs.check(exact, 1e-10 if needs else 1e-12, tmp_path)


@pytest.mark.parametrize("form", SAVED, ids=lambda form: form.name)
def test_every_entry_round_trips_through_every_format_or_is_refused(states, form, tmp_path):
    path = tmp_path / f"network{form.saved[0]}"
    for name, state in states.items():
        kind, entry = name.split()[:2]
        own = activation(state.network.layers[0].activation)
        try:
            save(state, path)
        except FileError as error:
            assert own.base in str(error) or entry in str(error), (name, error)
            continue
        again = load(path, activations=None)
        assert [layer.activation for layer in again.network.layers] == [
            layer.activation for layer in state.network.layers
        ], name
        x = state.data.inputs
        np.testing.assert_allclose(
            again.network.predict(x), state.network.predict(x), 1e-5, 1e-6, err_msg=name
        )
        lost = losses_on_save(state, path)
        for setting in ("loss", "optimizer"):
            kept = getattr(again.training, setting) == getattr(state.training, setting)
            assert kept or "setting" in lost, (name, setting, lost)


def test_every_entry_stands_in_the_schema_and_is_known_to_the_command(states, tmp_path, capsys):
    text = json.dumps(json_schema())
    for name, state in states.items():
        kind, entry = name.split()[:2]
        if entry not in entries.MADE_UP:
            assert f'"{entry}"' in text or re.search(rf"[(|]{entry.partition('(')[0]}[|)]", text), name
        file, out = tmp_path / "a.json", tmp_path / "b.json"
        save(state, file)
        assert load(file) == state, name
        settings = [f"--{kind}", entry] if kind != "activation" else []
        assert main(["train", str(file), "--updates", "2", *settings, "-o", str(out)]) == 0, name
        trained = nnviz.load(out)
        assert getattr(trained.training, kind, entry) == entry
        assert main(["slopes", str(file), "--json"]) == 0
        assert main(["code", str(file)]) == 0
        capsys.readouterr()


def test_every_style_and_format_is_known_to_the_command_and_the_manual(capsys):
    with pytest.raises(SystemExit):
        main(["code", "--help"])
    told = capsys.readouterr().out
    assert all(style in told for style in STYLES)
    assert len({form.name for form in FORMATS}) == len(FORMATS)
