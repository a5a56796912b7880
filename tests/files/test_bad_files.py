"""Every bad file is refused with one sentence that names the place."""

import copy
import json

import pytest

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.files.errors import FileError
from nnviz.files.registry import load

GOOD = {
    "format": "nnviz",
    "version": 1,
    "name": "Bank",
    "notes": "n",
    "network": {
        "inputs": ["accounts", "children"],
        "layers": [
            {
                "nodes": ["node_0", "node_1"],
                "activation": "relu",
                "weights": [[2, 4], [4, -5]],
                "biases": [0.5, 1],
            },
            {"nodes": ["output"], "activation": "identity", "weights": [[2, 7]], "biases": None},
        ],
    },
    "data": {"inputs": [[3, 5], [1, 2]], "targets": [[60], [50]]},
    "training": {"learning_rate": 0.01, "updates": 20, "optimizer": "adam"},
    "weight_sets": [
        {
            "name": "weights_0",
            "layers": [{"weights": [[1, 1], [1, 1]], "biases": [0, 0]}, {"weights": [[1, 1]]}],
        }
    ],
}

INF = float("inf")
DELETE = object()
LAYER = "network.layers[0]"
FINITE = "expected a finite number, found"

# The path into the good file, what is put there, and the whole sentence.
CHANGES = [
    (["format"], DELETE, 'format: expected "nnviz": this is not an nnviz file'),
    (["format"], "keras", 'format: expected "nnviz": this is not an nnviz file'),
    (
        ["version"],
        2,
        "version: this nnviz opens version 1, and the file says 2; a newer nnviz may open it",
    ),
    (
        ["version"],
        True,
        "version: this nnviz opens version 1, and the file says True; a newer nnviz may open it",
    ),
    (
        ["version"],
        1.0,
        "version: this nnviz opens version 1, and the file says 1.0; a newer nnviz may open it",
    ),
    (
        ["version"],
        [[1, 2]],
        "version: this nnviz opens version 1, and the file says [[2 numbers]]; a newer nnviz may open it",
    ),
    (
        ["version"],
        DELETE,
        "version: this nnviz opens version 1, and the file says nothing; a newer nnviz may open it",
    ),
    (["nam"], "x", "unknown key 'nam'; did you mean 'name'?"),
    (["zzz"], "x", "unknown key 'zzz'"),
    (
        ["version"],
        "1" * 99,
        "version: this nnviz opens version 1, and the file says "
        f"'{'1' * 40}…{'1' * 19}'; a newer nnviz may open it",
    ),
    (["name"], 3, "name: expected a text, found a whole number"),
    (["name"], None, "name: expected a text, found null"),
    (["name"], "\ud800", "line 1, column 43: half of a surrogate pair is not a character"),
    (["notes"], "ok \udfff", "line 1, column 60: half of a surrogate pair is not a character"),
    (["a\ud800"], "x", "the key 'a\\ud800': half of a surrogate pair is not a character"),
    (["network"], DELETE, "the key 'network' is missing"),
    (["network"], [], "network: expected an object in braces, found a list"),
    (["network"], None, "network: expected an object in braces, found null"),
    (["network", "weights"], 1, "network: unknown key 'weights'"),
    (["network", "inputs"], DELETE, "network: the key 'inputs' is missing"),
    (["network", "inputs"], [], "network.inputs: expected at least one name"),
    (["network", "inputs"], ["a", "a"], "network.inputs: a name stands twice"),
    (["network", "inputs"], ["a", 1], "network.inputs[1]: expected a text, found a whole number"),
    (["network", "inputs"], ["a", " "], "network.inputs[1]: a name needs at least one character"),
    (
        ["network", "inputs"],
        ["a", "\udead"],
        "line 1, column 93: half of a surrogate pair is not a character",
    ),
    (
        ["network", "inputs"],
        ["a"],
        "network.layers[0].weights[0]: expected 1 number, one for each input, found 2",
    ),
    (["network", "layers"], [], "network.layers: a network needs at least an output layer"),
    (["network", "layers"], 3, "network.layers: expected a list, found a whole number"),
    (["network", "layers", 0], [], f"{LAYER}: expected an object in braces, found a list"),
    (["network", "layers", 0, "weight"], [], f"{LAYER}: unknown key 'weight'; did you mean 'weights'?"),
    (["network", "layers", 0, "activation"], DELETE, f"{LAYER}: the key 'activation' is missing"),
    (["network", "layers", 0, "activation"], 1, f"{LAYER}.activation: expected a text, found a whole number"),
    (
        ["network", "layers", 0, "activation"],
        "swish",
        f"{LAYER}.activation: no activation is called 'swish'; known are " + ", ".join(ACTIVATIONS),
    ),
    (
        ["network", "layers", 0, "activation"],
        "tanh(2)",
        f"{LAYER}.activation: tanh takes no parameter in brackets",
    ),
    (
        ["network", "layers", 0, "activation"],
        "leaky_relu(2)",
        f"{LAYER}.activation: leaky_relu takes in brackets its slope left of 0, a number between 0 and 1, "
        "such as leaky_relu(0.2)",
    ),
    (["network", "layers", 0, "weights"], DELETE, f"{LAYER}: the key 'weights' is missing"),
    (["network", "layers", 0, "weights"], [], f"{LAYER}.weights: expected at least one row"),
    (
        ["network", "layers", 0, "weights"],
        [1, 2],
        f"{LAYER}.weights[0]: expected a list, found a whole number",
    ),
    (["network", "layers", 0, "weights"], None, f"{LAYER}.weights: expected a list, found null"),
    (
        ["network", "layers", 0, "weights", 1],
        [4],
        f"{LAYER}.weights[1]: expected 2 numbers, one for each input, found 1",
    ),
    (
        ["network", "layers", 1, "weights", 0],
        [4, 1, 2],
        "network.layers[1].weights[0]: expected 2 numbers, one for each node before it, found 3",
    ),
    (
        ["network", "layers", 0, "weights"],
        [[1, 1]],
        f"{LAYER}.weights: expected 2 rows, one for each node, found 1",
    ),
    (
        ["network", "layers", 0, "weights", 1, 0],
        True,
        f"{LAYER}.weights[1][0]: expected a number, found true or false",
    ),
    (
        ["network", "layers", 0, "weights", 1, 0],
        "4",
        f"{LAYER}.weights[1][0]: expected a number, found a text",
    ),
    (
        ["network", "layers", 0, "weights", 1, 0],
        None,
        f"{LAYER}.weights[1][0]: expected a number, found null",
    ),
    (["network", "layers", 0, "weights", 1, 0], float("nan"), f"{LAYER}.weights[1][0]: {FINITE} NaN"),
    (
        ["network", "layers", 0, "weights", 1, 0],
        INF,
        f"{LAYER}.weights[1][0]: {FINITE} one that is too large",
    ),
    (
        ["network", "layers", 1, "weights", 0, 1],
        -INF,
        f"network.layers[1].weights[0][1]: {FINITE} one that is too large",
    ),
    (
        ["network", "layers", 0, "weights", 0, 1],
        10**309,
        f"{LAYER}.weights[0][1]: {FINITE} one that is too large",
    ),
    (
        ["network", "layers", 0, "biases"],
        [1],
        f"{LAYER}.biases: expected 2 numbers, one for each node, found 1",
    ),
    (["network", "layers", 0, "biases"], 1, f"{LAYER}.biases: expected a list or null, found a whole number"),
    (["network", "layers", 0, "biases"], [1, float("nan")], f"{LAYER}.biases[1]: {FINITE} NaN"),
    (
        ["network", "layers", 0, "nodes"],
        ["a"],
        f"{LAYER}.weights: expected 1 row, one for each node, found 2",
    ),
    (["network", "layers", 0, "nodes"], ["a", "a"], f"{LAYER}.nodes: the name 'a' stands twice"),
    (
        ["network", "layers", 1, "nodes"],
        ["accounts"],
        "network.layers[1].nodes: the name 'accounts' stands twice",
    ),
    (
        ["network", "layers", 1, "nodes"],
        [""],
        "network.layers[1].nodes[0]: a name needs at least one character",
    ),
    (["data"], [], "data: expected an object in braces or null, found a list"),
    (["data", "rows"], 1, "data: unknown key 'rows'"),
    (["data", "inputs"], DELETE, "data: the key 'inputs' is missing"),
    (["data", "inputs", 1], [1], "data.inputs[1]: expected 2 numbers, one for each input, found 1"),
    (["data", "inputs", 1, 1], float("nan"), f"data.inputs[1][1]: {FINITE} NaN"),
    (["data", "inputs", 1, 1], False, "data.inputs[1][1]: expected a number, found true or false"),
    (["data", "targets"], [[1]], "data.targets: expected 2 rows, one for each row of inputs, found 1"),
    (["data", "targets", 0], [1, 2], "data.targets[0]: expected 1 number, one for each output, found 2"),
    (["data", "targets", 0], 60, "data.targets[0]: expected a list, found a whole number"),
    (["data", "targets", 0, 0], INF, f"data.targets[0][0]: {FINITE} one that is too large"),
    (["training", "rate"], 1, "training: unknown key 'rate'"),
    (["training", "learning_rate"], 0, "training.learning_rate: expected a number above 0"),
    (["training", "learning_rate"], float("nan"), "training.learning_rate: expected a number above 0"),
    (["training", "learning_rate"], "fast", "training.learning_rate: expected a number, found a text"),
    (["training", "updates"], 0, "training.updates: expected a whole number from 1 on"),
    (["training", "updates"], 2.5, "training.updates: expected a whole number, found a decimal number"),
    (["training", "updates"], True, "training.updates: expected a whole number, found true or false"),
    (
        ["training", "batch_size"],
        0,
        "training.batch_size: expected a whole number from 1 on, or null for all rows",
    ),
    (["training", "batch_size"], "all", "training.batch_size: expected a whole number or null, found a text"),
    (
        ["training", "optimizer"],
        "sgd",
        f"training.optimizer: no optimizer is called 'sgd'; known are {', '.join(OPTIMIZERS)}",
    ),
    (["training", "seed"], -1, "training.seed: expected a whole number from 0 on"),
    (["training", "seed"], 2**63, "training.seed: expected a whole number up to 9223372036854775807"),
    (["weight_sets"], {}, "weight_sets: expected a list, found an object in braces"),
    (["weight_sets", 0, "name"], "", "weight_sets[0].name: a name needs at least one character"),
    (["weight_sets", 0, "nodes"], [], "weight_sets[0]: unknown key 'nodes'"),
    (
        ["weight_sets", 0, "layers"],
        [],
        "weight_sets[0].layers: expected 2 layers, one for each layer of the network, found 0",
    ),
    (
        ["weight_sets", 0, "layers", 0, "weights"],
        [[1, 1]],
        "weight_sets[0].layers[0].weights: expected 2 rows, one for each node, found 1",
    ),
    (
        ["weight_sets", 0, "layers", 1, "weights"],
        [[1]],
        "weight_sets[0].layers[1].weights[0]: expected 2 numbers, one for each weight of the node, found 1",
    ),
    (
        ["weight_sets", 0, "layers", 0, "biases"],
        None,
        "weight_sets[0].layers[0].biases: the layer of the network has some",
    ),
    (
        ["weight_sets", 0, "layers", 1, "biases"],
        [1],
        "weight_sets[0].layers[1].biases: the layer of the network has none",
    ),
    (
        ["weight_sets", 0, "layers", 0, "weights", 1, 1],
        INF,
        f"weight_sets[0].layers[0].weights[1][1]: {FINITE} one that is too large",
    ),
]


def changed(path, value):
    raw = copy.deepcopy(GOOD)
    *way, last = path
    here = raw
    for step in way:
        here = here[step]
    if value is DELETE:
        del here[last]
    else:
        here[last] = value
    return raw


def sentence(path):
    with pytest.raises(FileError) as caught:
        load(path)
    return str(caught.value)


def test_the_good_file_that_the_table_changes_opens(tmp_path):
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    assert load(tmp_path / "good.json").network.sizes == (2, 2, 1)


@pytest.mark.parametrize(("path", "value", "expected"), CHANGES, ids=[row[2][:60] for row in CHANGES])
def test_a_changed_file_is_refused_with_its_place(tmp_path, path, value, expected):
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(changed(path, value)))
    assert sentence(file) == expected


TEXTS = {
    b"": "the file is empty",
    b" \n\t": "the file is empty",
    b"\xef\xbb\xbf": "the file is empty",
    b"{": "line 1, column 2: the JSON is broken here (expecting property name enclosed in double quotes)",
    b'{"format": "nnviz': "line 1, column 12: the JSON is broken here (unterminated string)",
    b'{"format": "nn\tviz"}': "line 1, column 15: the JSON is broken here (invalid control character)",
    b'{"format":\n "nnviz" 1}': "line 2, column 10: the JSON is broken here (expecting ',' delimiter)",
    b'{"format": "nnviz"} x': "line 1, column 21: the JSON is broken here (extra data)",
    b'{"format": "nnviz", "a": 1, "b": {"c": 1, "c": 2}}': "the key 'c' stands twice in one object",
    b'{"format": "nnviz", "format": "nnviz"}': "the key 'format' stands twice in one object",
    b"[" * 100_000: "the JSON is nested too deeply",
    b'{"format": "nnviz", "version": 1, "network": ' + b'{"a":' * 100_000: "the JSON is nested too deeply",
    b"[1, 2]": 'format: expected "nnviz": this is not an nnviz file',
    b"null": 'format: expected "nnviz": this is not an nnviz file',
    b"NaN": 'format: expected "nnviz": this is not an nnviz file',
    b'{\n"name": "\xff"}': "line 2: this is not UTF-8 text",
    '{"format": "nnviz"}'.encode("utf-16"): "line 1: this is not UTF-8 text",
    b'{"format": "nnviz", "version": 1, "network": {"inputs": ["a"], "layers": [{"activation": "relu", '
    b'"weights": [[1e999]]}]}}': f"{LAYER}.weights[0][0]: {FINITE} one that is too large",
    b'{"format": "nnviz", "version": 1, "network": {"inputs": ["a"], "layers": [{"activation": "relu", '
    b'"weights": [[-' + b"9" * 5000 + b"]]}]}}": f"{LAYER}.weights[0][0]: {FINITE} one that is too large",
    b'{"format": "nnviz", "version": 1, "network": {"inputs": ["a"], "layers": [{"activation": "relu", '
    b'"weights": [[1]]}]}, "training": {"seed": ' + b"9" * 401 + b"}}": (
        "training.seed: expected a whole number up to 9223372036854775807"
    ),
    b'{"format": "nnviz", "version": 1, "network": {"inputs": ["\\ud800"], "layers": []}}': (
        "line 1, column 58: half of a surrogate pair is not a character"
    ),
}


@pytest.mark.parametrize("data", TEXTS, ids=range(len(TEXTS)))
def test_broken_text_is_refused_with_its_line(tmp_path, data):
    file = tmp_path / "bad.json"
    file.write_bytes(data)
    assert sentence(file) == TEXTS[data]


COMPUTED = "line 1: output has to stand there as numbers: nothing is computed"
NO_WEIGHTS = (
    "expected a dictionary such as weights = {'node_0': [2, 4], 'output': [2]}; code is read, not run"
)
DICTIONARIES = {
    "{'node_0': [1, 2]}": "line 1: output: the weights of the output node are missing",
    "{'output': [1], 'hidden': [1]}": "line 1: hidden: expected a name such as node_0, node_0_1 or output",
    "{'node_0': [1, 2], 'node_1': [1], 'output': [1, 1]}": (
        "line 1: node_0: the nodes of one layer need equally many weights"
    ),
    "{'node_0': [1, 2], 'output': [1, 1]}": (
        "line 1: output: expected 1 weight, one for each node before it, found 2"
    ),
    "{'output': [True]}": "line 1: output[0]: expected a number",
    "{'output': ['1']}": "line 1: output[0]: expected a number",
    "{'output': [1j]}": "line 1: output[0]: expected a number",
    "{'output': [[1]]}": "line 1: output[0]: expected a number",
    "{'output': [2, 1e999]}": "line 1: output[1]: expected a finite number",
    '{"output": [NaN]}': "output[0]: expected a finite number",
    "{'output': [1" + "0" * 400 + "]}": "line 1: output[0]: expected a finite number",
    "{'output':\n[" + "9" * 5000 + "]}": "line 2: a whole number has more than 400 digits",
    "{'output': [0." + "9" * 5000 + ", }": "line 1: this is neither JSON nor Python",
    "{'output': []}": "line 1: output: expected at least one number",
    "{'output': 3}": "line 1: output: expected a list of numbers",
    "{'output': [1], 'output': [2]}": "line 1: 'output' stands twice",
    '{"output": [1], "output": [2]}': "the key 'output' stands twice in one object",
    "{1: [1], 'output': [1]}": "line 1: expected a node's name in quotes",
    "[1, 2]": "expected a dictionary from node names to lists of weights",
    "{'output': [__import__('os').getcwd()]}": COMPUTED,
    "{'output': np.zeros(2)}": COMPUTED,
    "{'output': np.array([2.5], dtype=int)}": COMPUTED,
    "{'output': np.array([1, 2], [3])}": COMPUTED,
    "{'output': np.array([[1, 2], [3, 4]])}": "line 1: output[0]: expected a number",
    "{'output': array([1, ..., 3])}": "line 1: output[1]: expected a number",
    "{'output': np.array(3)}": "line 1: output: expected a list of numbers",
    "from os import remove\nremove('bad.py')": NO_WEIGHTS,
    "from os import remove\nremove('bad.py')\nremove('worse.py')": NO_WEIGHTS,
    "import os": "there are no numbers in it",
    "{'output': [1, 2}": "line 1: this is neither JSON nor Python",
    "{'output': " + "[" * 5000 + "]" * 5000 + "}": None,
    "": "the file is empty",
    "\n\n": "the file is empty",
    "'" + "x" * 5_000_000 + "'": (
        "expected at most 500,000 letters of Python, found 5,000,002; as JSON it can be longer"
    ),
}


@pytest.mark.parametrize("text", DICTIONARIES, ids=range(len(DICTIONARIES)))
def test_a_bad_weights_dictionary_is_refused_with_its_node(tmp_path, text):
    file = tmp_path / "bad.py"
    file.write_text(text)
    told = sentence(file)
    # Python's parser tells deep nesting in several ways, by version.
    expected = DICTIONARIES[text] or told
    assert told == expected
    assert "\n" not in told


def test_a_nul_in_a_dictionary_is_in_no_line(tmp_path):
    (tmp_path / "bad.py").write_text("\0{'output': [1]}")
    assert sentence(tmp_path / "bad.py") == "this is neither JSON nor Python"


def test_what_is_no_file_is_told_in_one_sentence(tmp_path):
    assert sentence(tmp_path / "gone.json") == f"there is no file {tmp_path / 'gone.json'}"
    assert sentence(tmp_path) == f"{tmp_path} is a folder, not a file"
    (tmp_path / "x.bin").write_bytes(b"\x00\x01")
    assert sentence(tmp_path / "x.bin") == f"{tmp_path / 'x.bin'} is not in a format that nnviz knows"
    assert sentence(tmp_path / "x.bin" / "y.json") == f"there is no file {tmp_path / 'x.bin' / 'y.json'}"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "huge.json"
    with file.open("wb") as sparse:
        sparse.truncate(600 * 2**20)
    assert sentence(file) == f"{file} has 600 MB; nnviz opens files up to 128 MB"
