"""The course's weights dictionary opens and is written, as JSON and as a Python literal."""

from dataclasses import replace

import pytest

from nnviz.core.edits import rename, set_activation
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, WeightSet
from nnviz.core.structure import add_biases
from nnviz.files.errors import UnfitError
from nnviz.files.registry import left_out, load, save

WEIGHTS = {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}
STATE = State(Network.from_weights(WEIGHTS), Dataset([[3, 5]]))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("w.json", '{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}'),
        ("w.txt", '{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}'),
        ("w.py", "{'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7]}"),
        ("w.json", "{'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7],}"),
        ("w", "{'node_0': (2, 4), 'node_1': (4, -5), 'output': (2, 7)}"),
        (
            "w.py",
            "# my weights\nweights = {'node_0': [2, 4],\n  'node_1': [4, -5],  # two\n 'output': [2, 7]}\n",
        ),
        (
            "w.py",
            "import numpy as np\n\nweights = {'node_0': np.array([2, 4]), 'node_1': np.array([4, -5]),\n"
            "           'output': np.array([2, 7])}\n",
        ),
        ("w", "import numpy\nw = {'node_0': numpy.array((2, 4)), 'node_1': [4, -5], 'output': [2, 7]}"),
        ("w.py", "{'node_0': array([2., 4.]), 'node_1': array([ 4., -5.]), 'output': array([2., 7.])}"),
        (
            "w.py",
            "{'node_0': [np.float64(2.0), 4], 'node_1': np.array([4, -np.float64(5.0)], dtype=np.float64),"
            " 'output': np.array([2, 7], dtype=float)}",
        ),
        ("w.py", "\ufeff{'output': [2, 7], 'node_1': [4, -5.0], 'node_0': [2, 4]}"),
    ],
)
def test_a_dictionary_opens_with_relu_hidden_nodes_and_an_identity_output(tmp_path, file, text):
    (tmp_path / file).write_text(text, encoding="utf-8")
    state = load(tmp_path / file)
    assert state.network == STATE.network
    assert [layer.activation for layer in state.network.layers] == ["relu", "identity"]
    assert state.network.predict([3, 5]).tolist() == [[52.0]]
    assert len(state.data) == 0


def test_an_output_alone_is_a_network_without_hidden_layers(tmp_path):
    (tmp_path / "w.json").write_text('{"output": [0, 2, 1]}')
    assert load(tmp_path / "w.json").network.sizes == (3, 1)


def test_a_dictionary_is_written_one_node_a_line(tmp_path):
    save(STATE, tmp_path / "w.py")
    assert (tmp_path / "w.py").read_text() == (
        '{\n  "node_0": [2, 4],\n  "node_1": [4, -5],\n  "output": [2, 7]\n}\n'
    )
    assert load(tmp_path / "w.py").network == STATE.network


def test_what_a_dictionary_leaves_out_is_told(tmp_path):
    rows = STATE
    named = replace(rename(STATE, 0, 1, "children"), name="Bank", notes="Try it.")
    settled = replace(
        State(STATE.network, Dataset.empty(STATE.network)),
        training=Training(0.1),
        weight_sets=(WeightSet.of("mine", STATE.network),),
    )
    bare = State(STATE.network, Dataset.empty(STATE.network))
    assert left_out(rows, "w.py") == "w.py leaves out the rows; a file that ends in .json keeps them"
    assert left_out(named, "to/w.py") == (
        "w.py leaves out the rows, the names of the inputs, the title and the notes; "
        "a file that ends in .json keeps them"
    )
    assert left_out(settled, "w.txt") == (
        "w.txt leaves out the training settings and the weight sets; a file that ends in .json keeps them"
    )
    assert left_out(bare, "w.py") == left_out(named, "w.json") == ""


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (set_activation(STATE, 0, "tanh"), "'node_0' has tanh, and a weights"),
        (set_activation(STATE, 1, "relu"), "'output' has relu, and a weights"),
        (add_biases(STATE, 1), "'output' has a bias, and a weights dictionary knows none"),
        (rename(STATE, 1, 0, "first"), "course's names; first: expected a name such as"),
        (rename(STATE, 1, 0, "node_7"), "are in the order of their numbers"),
    ],
)
def test_what_a_dictionary_cannot_hold_is_refused(tmp_path, state, why):
    with pytest.raises(UnfitError, match=why):
        save(state, tmp_path / "w.py")
    assert not (tmp_path / "w.py").exists()
