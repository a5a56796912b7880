"""A course's weights dictionary and code open as a network with its data, and no code is run."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from nnviz.core.edits import add_biases, rename, set_activation
from nnviz.core.network import Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import Dataset, State, Training, WeightSet
from nnviz.files import registry
from nnviz.files.code import code as program
from nnviz.files.errors import FileError, UnsuitableFormatError
from nnviz.files.registry import load, losses_on_save, save
from nnviz.files.source import Source
from tests.core.oracle import make_network
from tests.files.helpers import calls, cases_of, names, refusals

FORWARD = """import numpy as np

input_data = np.array([3, 5])
weights = {'node_0': np.array([2, 4]),
           'node_1': np.array([ 4, -5]),
           'output': np.array([2, 7])}

# Calculate node 0 value: node_0_value
node_0_value = (input_data * weights['node_0']).sum()
print(node_0_value)
"""
TUNING = """# The data point you will make a prediction for
input_data = np.array([0, 3])
weights_0 = {'node_0': [2, 1],
             'node_1': [1, 2],
             'output': [1, 1]
            }
target_actual = 3
model_output_0 = predict_with_network(input_data, weights_0)
error_0 = model_output_0 - target_actual

# Create weights that cause the network to make perfect prediction (3): weights_1
weights_1 = {'node_0': [0, 1], 'node_1': [0, 0], 'output': [1, 0]}
print(predict_with_network(input_data, weights_1))
"""
MANY_ROWS = """from sklearn.metrics import mean_squared_error
def relu(input):
    '''Define your relu activation function here'''
    return max(0, input)
input_data = [np.array([0, 3]), np.array([1, 2]), np.array([-1, -2]), np.array([4, 0])]
target_actuals = [1, 3, 5, 7]
w = {'node_0': [2, 1], 'node_1': [1, 2], 'output': [1, 1]}
model_output_0 = []
for row in input_data:
    model_output_0.append(predict_with_network(row, w))
"""
SLOPES = """weights = np.array([0, 2, 1])
input_data = np.array([1, 2, 3])
target = 0
learning_rate = 0.01
preds = (weights * input_data).sum()
weights = weights - learning_rate * slope
"""
FIRST, LAST = [[2, 4], [4, -5]], [[2, 7]]


def opened(text, name="notes.py"):
    """Return the State in a text of that name."""
    return registry.read(Source(text.encode(), Path(name)))


def activations(state):
    return [layer.activation for layer in state.network.layers]


def weights(layers):
    return [layer.weights.tolist() for layer in layers]


def data(state):
    targets = state.data.targets
    return state.data.inputs.tolist(), None if targets is None else targets.tolist()


NETWORK = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
COURSE = State(NETWORK, Dataset([[3, 5]]))
NODES = "'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7]"
ARRAYS = "'node_0': np.array([2, 4]), 'node_1': np.array([4, -5]),\n 'output': np.array([2, 7])"
FLOATS = "'node_0': array([2., 4.]), 'node_1': array([ 4., -5.]), 'output': array([2., 7.])"
TYPED = "[np.float64(2.0), 4], 'node_1': np.array([4, np.float64(-5.0)], dtype=np.float64)"


def test_a_dictionary_opens_with_relu_hidden_nodes_and_an_identity_output():
    plain = f"{{{NODES}}}"
    for name, text in (
        ("w.json", plain.replace("'", '"')),
        ("w.txt", plain.replace("'", '"')),
        ("w.py", plain),
        ("w.json", f"{{{NODES},}}"),
        ("w.py", f"{{{FLOATS}}}"),
        ("w", plain.replace("[", "(").replace("]", ")")),
        ("w.py", "# my\nw = {'node_0': [2, 4],\n  'node_1': [4, -5],  # two\n 'output': [2, 7]}\n"),
        ("w.py", f"import numpy as np\n\nweights = {{{ARRAYS}}}\n"),
        ("w", f"import numpy\nw = {plain}".replace("[2, 4]", "numpy.array((2, 4))")),
        ("w.py", f"{{'node_0': {TYPED}, 'output': np.array([2, 7], dtype=float)}}"),
        ("w.py", "\ufeff{'output': [2, 7], 'node_1': [4, -5.0], 'node_0': [2, 4]}"),
    ):
        state = opened(text, name)
        assert (state.network, activations(state)) == (COURSE.network, ["relu", "identity"]), text
        assert state.network.predict([3, 5]).tolist() == [[52.0]]
        assert len(state.data) == 0


def test_a_dictionary_is_written_one_node_a_line_and_nnviz_says_what_it_leaves_out(tmp_path, approved):
    save(COURSE, tmp_path / "w.py")
    assert load(tmp_path / "w.py").network == COURSE.network
    named = replace(rename(COURSE, 0, 1, "children"), name="Bank", notes="Try it.")
    bare = State(COURSE.network, Dataset.empty(COURSE.network))
    settled = replace(bare, training=Training(0.1), weight_sets=(WeightSet.of("mine", COURSE.network),))
    left = (
        losses_on_save(COURSE, "w.py"),
        losses_on_save(named, "to/w.py"),
        losses_on_save(settled, "w.txt"),
    )
    approved("a dictionary, and what it leaves out", "\n".join(((tmp_path / "w.py").read_text(), *left)))
    assert losses_on_save(bare, "w.py") == losses_on_save(named, "w.json") == ""
    assert losses_on_save(opened("a = 1\nw = {'output': [1]}"), "w.py").startswith(
        "w.py leaves out the notes"
    )


def test_a_dictionary_that_cannot_hold_a_network_is_not_saved(tmp_path, approved):
    cases = {
        "tanh on the hidden layer": set_activation(COURSE, 0, "tanh"),
        "relu on the output": set_activation(COURSE, 1, "relu"),
        "biases": add_biases(COURSE, 1),
        "an output of another name": rename(COURSE, 1, 0, "first"),
        "a node out of order": rename(COURSE, 1, 0, "node_7"),
    }
    approved("what a dictionary cannot hold", refusals(cases, lambda case: save(case, tmp_path / "w.py")))
    for state in cases.values():
        with pytest.raises(UnsuitableFormatError):
            save(state, tmp_path / "w.py")
    assert names(tmp_path) == []


BAD = r"""
\n\n ¦ [1, 2] ¦ import os ¦ {'node_0': [1, 2]} ¦ {'output': [1], 'hidden': [1]} ¦ {'output': []}
¦ {'output': 3} ¦ {'node_0': [1, 2], 'node_1': [1], 'output': [1, 1]} ¦ {'node_0': [1, 2], 'output': [1, 1]}
¦ a = 1\nw = {'node_0': [1, 2],\n 'node_1': [1],\n 'output': [1, 1]} ¦ {"output": [NaN]}
¦ {'output': [2, 1e999]} ¦ {'output': [True]} ¦ {'output': ['1']} ¦ {'output': [1j]} ¦ {'output': [[1]]}
¦ {'output': [1], 'output': [2]} ¦ a = 1\nw = {'output': [1],\n'output': [2]}
¦ {"output": [1], "output": [2]} ¦ {1: [1], 'output': [1]} ¦ a = 1\nw = {'output': [1], **more}
¦ {'output': [1, 2} ¦ \0{'output': [1]} ¦ w = {'node_0': [1],\n 'output': ['x']}
¦ {'output': [__import__('os').getcwd()]} ¦ {'output': np.zeros(2)} ¦ {'output': np.array([2.5], dtype=int)}
¦ {'output': np.array([1, 2], [3])} ¦ {'output': np.array([[1, 2], [3, 4]])}
¦ {'output': array([1, ..., 3])} ¦ {'output': np.array(3)}
¦ a = 1\nw = {'node_0': [1, 2],\n 'output': np.random.rand(1)} ¦ a = 1\n\nfor x in:\n
¦ from os import remove\nremove('bad.py') ¦ from os import remove\nremove('bad.py')\nremove('worse.py')
¦ a = 1\nprint(weights['node_0']) ¦ a = 1\nweights = [2, '4'] ¦ a = 1\nweights = [2, make()]
"""
LONG = (
    *("", "{'output': [1" + "0" * 400 + "]}", "{'output':\n[" + "9" * 5000 + "]}"),
    *("{'output': [0." + "9" * 5000 + ", }", "'" + "x" * 5_000_000 + "'"),
    "".join(f"w{k} = " for k in range(5000)) + f"{{'output': [{'1, ' * 1000}]}}",
)
WEIGHTS = "weights = {'node_0': [2, 4, 1],\n  'node_1': [4, -5, 1],\n  'output': [2, 7]}\n"
BAD_DATA = (
    *(f"{WEIGHTS}input_data = {value}" for value in ("load('x.csv')", "['1', 2, 3]", "[1, 2, 1e999]")),
    *(f"{WEIGHTS}\n\ninput_data = [3, 5]", f"\n\n{WEIGHTS}input_data = [[1, 2, 3], [4, 5]]"),
    f"{WEIGHTS}input_data = [1, 2, 3]\ntarget = [1, 2]",
)


def test_a_bad_dictionary_or_code_is_refused_with_its_line(approved):
    told = refusals((*cases_of(BAD), *LONG), lambda text: opened(text, "bad.py"))
    approved("bad dictionaries and code", told)
    approved("bad data", refusals(BAD_DATA, opened))
    deep = ("{'output': " + "[" * 5000 + "]" * 5000 + "}", f"w = {{'output': {'[' * 4000}1{']' * 4000}}}")
    assert len(refusals(deep, opened).splitlines()) == 2  # Python's parser has several sentences, by version


def test_the_courses_code_opens_with_its_data(approved):
    for name in ("notes.py", "notes.txt", "notes"):
        state = opened(FORWARD, name)
        assert (weights(state.network.layers), data(state)) == ([FIRST, LAST], ([[3, 5]], None))
        assert state.network.predict([3, 5]).tolist() == [[-39.0]]
        approved("the notes of the course's code", state.notes)


def test_code_with_several_weights_targets_functions_and_loops_opens():
    tuning, twice = opened(TUNING), opened("a = b = {'output': [1, 2]}\nu = 1")
    assert weights(tuning.network.layers) == [[[2, 1], [1, 2]], [[1, 1]]]
    names_of_sets = [[each.name for each in state.weight_sets] for state in (tuning, twice)]
    assert names_of_sets == [["weights_0", "weights_1"], ["a", "b"]]
    assert tuning.weight_sets[1].layers[1].weights.tolist() == [[1, 0]]
    assert data(tuning) == ([[0, 3]], [[3]])
    rows = opened(MANY_ROWS)
    assert data(rows) == ([[0, 3], [1, 2], [-1, -2], [4, 0]], [[1], [3], [5], [7]])
    assert rows.loss() == 37.5
    slopes = opened(SLOPES.replace("weights = weights - learning_rate * slope\n", ""))
    assert slopes.network.sizes == opened('{"output": [0, 2, 1]}').network.sizes == (3, 1)
    assert data(slopes) == ([[1, 2, 3]], [[0]])
    assert opened(SLOPES).network.layers[0].weights.tolist() == [[0, 2, 1]]
    assert opened(FORWARD + "weights = improved(weights)\n").network.sizes == (2, 2, 1)


CHANGED = {
    "weights['output'] = np.array([3, 1])": (FIRST, [[3, 1]]),
    "weights['node_2'] = [1, 1]\nweights['output'] = [1, 2, 3]": ([*FIRST, [1, 1]], [[1, 2, 3]]),
    "weights['output'] = [-3, 1]\nfor w in weights['output']:\n  w -= 1": (FIRST, [[-3, 1]]),
}
UNCHANGED = cases_of(
    r"""
w = weights.copy()\nw['output'] = [1, 1] ¦ w = copy.deepcopy(weights)\nw['output'][0] = 1 ¦ weights: dict
¦ old = weights['output'][0]\nold += 1 ¦ print([weights for weights in (1, 2)], weights.get('output'))
¦ def f(weights):\n  weights = dict(weights)\n  weights['output'] = 1
¦ def f(w, x):\n  w = dict(w)\n  w['output'] = x\nf(weights, 1)
¦ def f(w):\n  w['output'] = 1\nf(weights.copy()) ¦ def f(x):\n  x += 1\nf(weights['output'][0])
¦ def f():\n  weights = {}\n  weights['output'] = 1 ¦ for w in weights['output']:\n  w -= 1
¦ for k in range(2):\n  w = weights['output'][k]\n  w -= 1 ¦ for name in weights:\n  name += ':'
"""
)


def test_a_later_change_of_a_dictionary_is_taken_if_its_numbers_stand_there():
    for later in (*CHANGED, *UNCHANGED):
        state = opened(f"{FORWARD}{later}\n")
        assert weights(state.network.layers) == [*CHANGED.get(later, (FIRST, LAST))], later
        assert "keeps its first value" not in state.notes, later


def test_the_last_literal_of_a_name_counts():
    twice = "w = {'output': [1, 1]}\ninput_data = [1, 2]\ninput_data = load()\n"
    twice += "input_data = np.array([[3, 5]])\nmore = input_data.copy()\nmore[0][0] = 9\n"
    state = opened(twice)
    assert data(state) == ([[3, 5]], None)
    assert "keeps its first value" not in state.notes
    item = opened(f"{twice}input_data[0][1] = 4\n")
    assert data(item) == ([[3, 5]], None)
    assert "`input_data` keeps its first value, although code changes it in line 7" in item.notes
    nodes = opened("weights = {}\nweights['node_0'] = [2, 4]\nweights['output'] = [7]\n").network
    assert weights(nodes.layers) == [[[2, 4]], [[7]]]


UNKNOWN = r"""
weights = improved(weights) ¦ weights['output'] = improved(weights) ¦ weights['output'][0] = np.random.rand()
¦ weights['output'][:] = 5
¦ weights['output'][0] = 2.5 ¦ weights['node_0'][1] = 7 ¦ weights['output'][2] = 5
¦ weights['output'] += 1 ¦ weights['output'], x = [1, 2], 3 ¦ del weights['node_1']
¦ weights.update({'output': [1, 1]}) ¦ old = weights.pop('node_1') ¦ weights['output'].fill(0)
¦ input_data[0] = load() ¦ input_data /= 10 ¦ input_data[0] = [1, 2]
¦ if better: weights['output'] = [1, 1] ¦ for each in weights: weights[each] = [1, 1]
¦ weights['node_0'] = weights['node_0'][0] = [1, 1]  # a list in itself
¦ weights = weights.copy(); weights['output'] = [1, 1]
"""


def test_values_that_code_changes_keep_their_literals_and_the_notes_name_the_line():
    for later in cases_of(UNKNOWN):
        source = Source(f"{FORWARD}{later}\nprint(weights)\n".encode(), Path("notes.py"))
        state = registry.read(source)
        assert (weights(state.network.layers), data(state)) == ([FIRST, LAST], ([[3, 5]], None)), later
        name = "input_data" if "input_data" in later else "weights"
        note = f"`{name}` keeps its first value, although code changes it in line 11"
        assert note in source.assumptions, later
        assert note in state.notes


MANY = {
    "assignments": lambda many: "w['output'][0] = 1.5\n" * many,
    "sums": lambda many: "w['output'][0] += 1\n" * many,
    "nodes": lambda many: "".join(f"w['n{k}'] = [1]\n" for k in range(many)),
    "names": lambda many: "".join(f"v{k} = [1]\nv{k}[0] += 1\n" for k in range(many)),
    "functions": lambda many: "".join(f"def f{k}(): 0\nf{k}(w)\n" for k in range(many)),
    "definitions and calls": lambda many: "def f(v): v[0] = 1\n" * many + "f(w)\n" * many,
    "a list of many names": lambda many: "v = " * many + f"[{'1, ' * many}]\n",
    "an array": lambda many: f"v = np.array([{'1.5, ' * many}])\n" + "v[0] = 1.5\n" * many,
    "a tuple": lambda many: f"u = ({'1, ' * many})\n" + "v = u\n" * many,
}


@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_the_work_for_many_changes_grows_with_the_length_of_the_text_alone(text, amount):
    def reading(many):
        with suppress(FileError):
            opened(f"w = {{'node_0': [1], 'output': [1]}}\n{text(many)}")

    reading(1)  # what is imported has been
    many = amount(quick=60, ci=250, night=250)
    few, more = (calls(lambda many=many: reading(many)) for many in (many, 4 * many))
    assert more < 4.2 * few  # it would be more, if each change looked at all others


def test_a_long_text_of_short_lines_takes_little_work_a_line():
    many = 300
    text = "w = {'output': [1]}\n" + "u = 1\n" * many
    opened(text)  # what is imported has been
    assert calls(lambda: opened(text)) < 150 * many


def test_the_notes_say_what_was_left_out_or_assigned_anew(approved):
    one = "one = {'node_0': [1, 2, 3], 'output': [1]}\n"
    loop = "for i in range(20):\n    weights = weights - slope(weights)\n    weights['output'] = 5\n"
    cases = {
        "weights in one line": SLOPES,
        "weights in a loop": FORWARD + loop,
        "rows": FORWARD + "input_data /= 10\n",
        "one of two weight sets changes": TUNING + "weights_1['node_0'] += 1\n",
        "another network": one + "two = {'node_0': [1, 2], 'output': [1]}\ninput_data = [3, 5]\n",
        "no numbers": "one = {'node_0': [1, 2], 'output': [1]}\ntwo = {'node_0': [1, 2],\n 'output': [w]}\n",
    }
    states = {name: opened(text) for name, text in cases.items()}
    approved("notes", {name: state.notes for name, state in states.items()})
    assert states["another network"].network.sizes == states["no numbers"].network.sizes == (2, 1, 1)


def test_a_letter_is_data_only_if_it_stands_for_numbers():
    for line in ("x = np.linspace(-1, 1)", "X = rows()", "y = relu(3)", "x = 3\nx = relu(x)"):
        assert data(opened(f"w = {{'output': [1]}}\n{line}\n")) == ([], None), line
    assert data(opened("w = {'output': [1]}\nx = 3\ny = 4\n")) == ([[3]], [[4]])


def test_no_code_is_run(tmp_path):
    mark = tmp_path / "ran"
    state = opened(f"open({str(mark)!r}, 'w')\nw = {{'output': [1]}}\nopen({str(mark)!r}, 'w')\n")
    assert state.network.sizes == (1, 1)
    assert not mark.exists()


PREDICTS = """
def predict_with_network(row, weights):
    node_0 = {hidden}((row * weights['node_0']).sum())
    node_1 = {hidden}((row * weights['node_1']).sum())
    input_to_final_layer = (np.array([node_0, node_1]) * weights['output']).sum()
    model_output = {output}(input_to_final_layer)
    return model_output
"""


def test_the_activations_are_those_of_the_code_and_the_notes_say_which(approved):
    told = []
    for code, *expected in (
        (FORWARD, "identity", "identity"),
        (FORWARD + PREDICTS.format(hidden="relu", output=""), "relu", "identity"),
        (FORWARD + PREDICTS.format(hidden="relu", output="relu"), "relu", "relu"),
        (FORWARD + "model_output = relu((hidden * weights['output']).sum())", "relu", "relu"),
        (FORWARD + PREDICTS.format(hidden="tanh", output="sigmoid"), "tanh", "sigmoid"),
        (FORWARD + PREDICTS.format(hidden="", output="sigmoid"), "identity", "sigmoid"),
        (TUNING, "relu", "identity"),
    ):
        state = opened(code)
        assert activations(state) == expected
        told.append(state.notes.splitlines()[-1])
    approved("the activations", "\n".join(told))
    assert "Taken" not in opened(f"weights = {{{NODES}}}").notes
    read = opened("def get_cross_entropy(a):\n    return a\n\nweights = {'output': [1, 2]}\n")
    assert read.training.loss == "mse"  # the loss does not go with the output
    read = opened("def get_huber_0_5(a):\n    return a\n\nweights = {'output': [1, 2]}\n")
    assert read.training.loss == "huber(0.5)"


@pytest.mark.crossed(
    functions=(("relu", "identity"), ("tanh", "identity"), ("identity", "sigmoid"), ("relu", "tanh")),
    biases=(([1, -0.5], [0.25]), (None, None)),
    optimizer=(None, *OPTIMIZERS),
)
def test_a_program_in_the_courses_words_opens_as_the_network_that_it_is_of(functions, biases, optimizer):
    layers = [
        replace(layer, activation=activation, biases=own)
        for layer, activation, own in zip(NETWORK.layers, functions, biases, strict=True)
    ]
    rows = Dataset([[3, 5], [1, 2]], [[60], [20]] if optimizer else None)
    settings = Training(optimizer=optimizer, batch_size=1) if optimizer else Training()
    state = State(Network(NETWORK.inputs, layers), rows, settings)
    read = opened(program(state, "course"))
    assert (read.network, read.data, read.weight_sets) == (state.network, state.data, ())


@pytest.mark.crossed(
    output=("softmax", "sigmoid"),
    loss=("mse", "cross_entropy"),
    hidden=(2, 9),  # by name, and in loops
)
def test_a_program_for_classes_opens_with_its_output_and_its_loss(output, loss, hidden):
    network = make_network([2, hidden, 2], ["tanh", output], [True, True])
    rows = Dataset([[3, 5], [1, 2], [0, 1]], [[1, 0], [0, 1], [0, 1]])
    read = opened(program(State(network, rows, Training(loss=loss, validation=0.4)), "course"))
    assert (activations(read), read.training.loss, read.data) == (["tanh", output], loss, rows)
