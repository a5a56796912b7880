"""A new activation and a new optimizer need an entry each, and nothing else: here both are made up."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from nnviz.cli.main import main
from nnviz.core import edits, structure
from nnviz.core.activations import activation
from nnviz.core.address import Address, all_weights
from nnviz.core.explanation.check import checking
from nnviz.core.explanation.explain import explain
from nnviz.core.health import health
from nnviz.core.oddities import zero_reason
from nnviz.core.search import find
from nnviz.core.slopes import slopes
from nnviz.core.training import train
from nnviz.core.training.trainer import Trainer
from nnviz.files.registry import load, save
from nnviz.picture.svg import svg
from tests.core import made_up
from tests.core.oracle import central_differences, flat_slopes, mse
from tests.core.test_explain import computed, explained, last, line, told
from tests.core.written import closes


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    made_up.register(monkeypatch)


def with_hinge():
    """The network, which was a tanh network before it was edited."""
    state = edits.set_activation(made_up.state("tanh"), 0, "hinge")
    return edits.set_training(state, replace(state.training, optimizer="calm"))


def test_it_is_edited():
    state = with_hinge()
    assert state == made_up.state(optimizer="calm")
    assert state.network.layers[0].function is made_up.HINGE
    more = structure.add_node(edits.set_weight(state, 0, 0, 1, -0.25), 1)
    assert more.network.sizes == (2, 4, 1)
    assert np.array_equal(
        more.network.predict([1, 2]), edits.set_weight(state, 0, 0, 1, -0.25).network.predict([1, 2])
    )
    assert state.network.randomised(3).layers[0].activation == "hinge"


def test_its_slopes_are_the_limit_of_differences():
    state = with_hinge()
    x, y = state.data.inputs, state.data.targets
    assert state.loss() == pytest.approx(mse(state.network, x, y))
    assert flat_slopes(state.network, x, y) == pytest.approx(
        central_differences(state.network, x, y), abs=1e-8
    )


@pytest.mark.parametrize("updates", [0, 1, 4])
def test_every_number_of_it_is_explained_and_every_line_closes(updates):
    state = with_hinge()
    state = train(state, updates=updates).state if updates else state
    after = train(state, updates=1).state.network
    addresses = [*all_weights(state.network), *(Address("node", 0, j) for j in range(3)), Address("node", 1)]
    for row in range(3):
        for address in addresses:
            explanation = explain(state, address, computed(state, row))
            assert [each.arithmetic for each in explanation.lines if not closes(each.arithmetic)] == []
            assert all(np.isfinite(each.value) for each in explanation.lines)
            if address.is_number:
                assert line(explanation, f"new {address.symbol}").value == pytest.approx(address.value(after))


def test_its_lines_are_those_of_the_entry():
    state = with_hinge()
    lines = told(explained(state, Address("node", 0, 2)))
    assert lines["a"] == "hinge(−4.5) = −1"
    assert lines["hinge′(z)"] == "0"
    node = explained(state, Address("node", 0, 2))
    assert line(node, "a").formula == "hinge(z)"
    assert line(node, "hinge′(z)").formula == "1 if z > −1 else 0"
    weight = explained(state, Address("weight", 0, 1, 0))
    assert [each.label for each in weight.lines[-2:]] == ["new b̄", "new w"]
    assert [each.formula for each in weight.lines[-2:]] == [
        "0.75·b̄ + 0.25·slope",
        "w − learning_rate·(slope + 0.5·b̄)",
    ]
    assert (
        line(explained(state, Address("bias", 0, 1)), "new b").formula == "b − learning_rate·(slope + 0.5·b̄)"
    )


def test_it_is_checked_numerically_and_its_kink_is_named():
    state = with_hinge()
    for address in all_weights(state.network):
        check = last(checking(state, address, None))
        slope = flat_slopes(state.network, state.data.inputs, state.data.targets)
        assert any(check.agrees(each) for each in slope), address
    for bias in (0.5, 0.499995, 0.500005):  # 0.5·1 − 1·2 + 0.5 = −1 on the first row
        weight = explained(edits.set_bias(state, 0, 0, bias), Address("weight", 0, 0, 0))
        assert line(weight, "check").ticked is False
        assert told(weight)["differs"] == (
            "the z of node_0 passes −1 within w ± h in row 1, where hinge has a kink."
        )


def test_what_is_odd_about_it_is_told():
    state = with_hinge()
    assert health(state.network, state.network.forward(state.data.inputs)).badges() == {
        (0, 2): "saturated on all rows"
    }
    assert [match.title for match in find(state, "saturated")] == ["node_2"]
    own = slopes(state.network, state.data.inputs, state.data.targets)
    assert zero_reason(state.network, own, Address("weight", 0, 2, 0)) == (
        "node_2 does not move on every row: the slope of hinge is 0 where z ≤ −1"
    )


def test_it_is_trained_and_its_memory_goes_on():
    state = with_hinge()
    whole = train(state, updates=30)
    assert whole.history[-1, 1] < 0.5 * whole.history[0, 1]
    half = train(state, updates=15).state
    again = Trainer(half)
    for _ in again.work(15):
        pass
    assert again.state().network == whole.state.network
    assert half.run.memory.shape == (1, 12)
    assert half.run.memory.any()


def test_it_is_saved_loaded_drawn_and_known_to_the_command(tmp_path, capsys):
    state, file = with_hinge(), tmp_path / "hinge.json"
    save(state, file)
    assert load(file) == state
    assert main(["check", str(file)]) == 0
    assert (
        main(["train", str(file), "--updates", "5", "--optimizer", "calm", "-o", str(tmp_path / "b.json")])
        == 0
    )
    assert json.loads((tmp_path / "b.json").read_text())["training"]["optimizer"] == "calm"
    drawn = svg(state, view="slopes")
    for text in ("hinge · biases", "z −4.5", "−1"):  # node_2: z and a
        assert text in re.findall(r">([^<]*)</text>", drawn)
    capsys.readouterr()


def test_an_unknown_name_lists_it():
    with pytest.raises(ValueError, match=r"known are .*softmax, hinge$"):
        activation("none")
