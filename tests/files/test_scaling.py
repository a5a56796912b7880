"""What a model file of standardised inputs makes of raw rows, and what is said of it; no other libraries."""

from dataclasses import replace

import numpy as np
import pytest

import nnviz
from nnviz.cli.main import main
from nnviz.core.columns import Column
from nnviz.core.network import Layer
from nnviz.core.standardise import standardise
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError
from nnviz.files.registry import left_out, load, save
from tests.core.oracle import make_network

ENDS = (".npz", ".safetensors")
FOLDED = "standardises raw numbers itself, by the weights and biases of its first layer"
LEFT_OUT = "leaves out the scaling of the inputs: it takes standardised rows"


def a_state(mean=(12.0, -750.0), deviation=(0.8, 310.0), biases=True):
    """Return a network of two standardised inputs and one of a text, and raw rows of it."""
    random = np.random.default_rng(1)
    numbers = random.normal(size=(20, 2)) * deviation + mean
    raw = [[x, y, "red"] for x, y in numbers.tolist()]
    network = replace(
        make_network([3, 4, 2], ["tanh", "identity"], [biases] * 2, 3), inputs=("x", "y", "red")
    )
    made = State(network, Dataset(np.column_stack([numbers, np.ones(20)]), random.normal(size=(20, 2))))
    made = standardise(made, (0, 1))
    return replace(made, columns=(*made.columns, Column("colour", ("red",), ("red",)))), raw


def as_inputs(raw):
    return np.array([[x, y, 1.0] for x, y, _ in raw])


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("end", ENDS)
def test_a_model_gives_for_raw_rows_what_nnviz_gives(end, biases, tmp_path):
    state, raw = a_state(biases=biases)
    save(state, tmp_path / f"m{end}")
    again = load(tmp_path / f"m{end}")
    np.testing.assert_allclose(again.predict(as_inputs(raw)), state.predict(raw), rtol=1e-12, atol=1e-12)
    assert FOLDED in left_out(state, tmp_path / f"m{end}")


@pytest.mark.parametrize("end", ENDS)
def test_what_is_not_standardised_is_written_as_it_is_and_nothing_said(end, tmp_path):
    plain = replace(a_state()[0], columns=())
    save(plain, tmp_path / f"m{end}")
    assert load(tmp_path / f"m{end}").network.layers == plain.network.layers
    assert "standardises" not in left_out(plain, tmp_path / f"m{end}")


def test_convert_says_how_raw_rows_are_standardised_and_of_which_columns_not(tmp_path, capsys):
    save(a_state()[0], tmp_path / "a.json")
    assert main(["convert", str(tmp_path / "a.json"), str(tmp_path / "m.npz")]) == 0
    told = capsys.readouterr().err
    assert "the columns of raw rows" in told
    assert f"; m.npz {FOLDED}, and takes a 1 or a 0 for each text of a column" in told


@pytest.mark.parametrize("end", [*ENDS, ".json"])
def test_without_scaling_the_weights_are_those_that_are_shown(end, tmp_path, capsys):
    state, _ = a_state()
    save(state, tmp_path / "a.json")
    out = tmp_path / f"m{end}"
    assert main(["convert", str(tmp_path / "a.json"), str(out), "--without-scaling"]) == 0
    told = capsys.readouterr().err
    assert f"{out} {LEFT_OUT}\n" in told
    assert "standardises" not in told
    for one, other in zip(load(out).network.layers, state.network.layers, strict=True):
        assert np.array_equal(one.weights, other.weights)
    rows = state.data.inputs
    assert np.array_equal(load(out).network.predict(rows), state.network.predict(rows))


def test_without_scaling_says_nothing_where_nothing_is_standardised(tmp_path, capsys):
    assert main(["convert", "xor", str(tmp_path / "m.json"), "--without-scaling"]) == 0
    assert capsys.readouterr().err == ""


def test_a_weights_dictionary_refuses_standardised_inputs_and_names_the_way_out(tmp_path, capsys):
    state = nnviz.load("resources/examples/02-relu.json")
    save(replace(state, columns=(Column("children", ("children",), mean=2.0),)), tmp_path / "a.json")
    command = ["convert", str(tmp_path / "a.json"), str(tmp_path / "m.py")]
    assert main(command) == 1
    assert "its inputs are standardised" in (told := capsys.readouterr().err)
    assert "--without-scaling" in told
    assert main([*command, "--without-scaling"]) == 0
    assert load(tmp_path / "m.py").network.layers == state.network.layers


@pytest.mark.parametrize("end", ENDS)
def test_a_mean_far_beyond_the_deviation_keeps_its_digits_and_is_told(end, tmp_path):
    state, raw = a_state(mean=(1e6, 1.0), deviation=(1e-3, 1.0))
    save(state, tmp_path / f"m{end}")
    found = load(tmp_path / f"m{end}").network.predict(as_inputs(raw))
    np.testing.assert_allclose(found, state.predict(raw), atol=1e-6)
    assert left_out(state, f"m{end}").endswith(
        "; floats of 32 bits are coarse for x: the mean is over 10,000 times the deviation"
    )


def test_weights_that_would_be_too_large_are_refused(tmp_path):
    state, _ = a_state()
    state = replace(state, columns=(Column("x", ("x",), deviation=5e-324),))
    with pytest.raises(FileError, match=r"so small a deviation .*--without-scaling"):
        save(state, tmp_path / "m.npz")
    assert not (tmp_path / "m.npz").exists()


def test_a_program_is_warned_of_how_raw_rows_are_standardised(tmp_path):
    with pytest.warns(UserWarning, match=FOLDED):
        nnviz.save(a_state()[0], tmp_path / "m.npz")


@pytest.mark.parametrize(("output", "word"), [("sigmoid", "cross-entropy"), ("softmax", "cross-entropy")])
@pytest.mark.parametrize("end", ENDS)
def test_the_usual_loss_of_the_output_is_taken_and_said(end, output, word, tmp_path, capsys):
    network = replace(a_state()[0].network, layers=(Layer(("a", "b"), output, np.ones((2, 3))),))
    save(State(network, Dataset.empty(network)), tmp_path / f"m{end}")
    assert load(tmp_path / f"m{end}").training.loss == "cross_entropy"
    assert main(["convert", str(tmp_path / f"m{end}"), str(tmp_path / "a.json")]) == 0
    said = f"m{end}: the file says no loss: {word} is taken, the usual loss with {output} on the output\n"
    assert capsys.readouterr().err.endswith(said)
    assert main(["predict", str(tmp_path / f"m{end}"), "--row", "1,2,3"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_said_where_no_other_loss_is_possible(end, tmp_path, capsys):
    state = replace(a_state()[0], columns=())
    save(state, tmp_path / f"m{end}")
    assert main(["convert", str(tmp_path / f"m{end}"), str(tmp_path / "a.json")]) == 0
    assert capsys.readouterr().err == ""
