"""A course's code opens: the dictionaries and the data that stand in it, and no code is run."""

from contextlib import suppress

import pytest

from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.files.code import code as program
from nnviz.files.errors import FileError
from nnviz.files.registry import left_out, load
from tests.files.work import calls

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

# Sample weights
weights_0 = {'node_0': [2, 1],
             'node_1': [1, 2],
             'output': [1, 1]
            }

# The actual target value, used to calculate the error
target_actual = 3

# Make prediction using original weights
model_output_0 = predict_with_network(input_data, weights_0)

# Calculate error: error_0
error_0 = model_output_0 - target_actual

# Create weights that cause the network to make perfect prediction (3): weights_1
weights_1 = {'node_0': [0, 1],
             'node_1': [0, 0],
             'output': [1, 0]
            }

# Make prediction using new weights: model_output_1
model_output_1 = predict_with_network(input_data, weights_1)
print(error_1)
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
print("Mean squared error with w: %f" % mse_0)
"""
NO_RELU = "Taken: identity on the hidden nodes, identity on the output: change it under the headings."
SLOPES = """weights = np.array([0, 2, 1])
input_data = np.array([1, 2, 3])
target = 0
learning_rate = 0.01
preds = (weights * input_data).sum()
weights = weights - learning_rate * slope
"""


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens a text as a file."""

    def open_it(text, name="notes.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load(tmp_path / name)

    return open_it


def data(state):
    targets = state.data.targets
    return state.data.inputs.tolist(), None if targets is None else targets.tolist()


@pytest.mark.parametrize("name", ["notes.py", "notes.txt", "notes"])
def test_the_course_of_forward_propagation_opens_with_its_data(opened, name):
    state = opened(FORWARD, name)
    assert [layer.weights.tolist() for layer in state.network.layers] == [[[2, 4], [4, -5]], [[2, 7]]]
    assert data(state) == ([[3, 5]], None)
    assert state.network.predict([3, 5]).tolist() == [[-39.0]]
    assert state.notes.splitlines()[0] == "The weights are `weights`, line 4 of the code."


def test_of_several_dictionaries_the_first_is_in_use_and_all_are_weight_sets(opened):
    state = opened(TUNING)
    assert [layer.weights.tolist() for layer in state.network.layers] == [[[2, 1], [1, 2]], [[1, 1]]]
    assert [kept.name for kept in state.weight_sets] == ["weights_0", "weights_1"]
    assert state.weight_sets[1].layers[1].weights.tolist() == [[1, 0]]
    assert data(state) == ([[0, 3]], [[3]])


def test_rows_of_arrays_targets_functions_loops_and_another_name(opened):
    state = opened(MANY_ROWS)
    assert data(state) == ([[0, 3], [1, 2], [-1, -2], [4, 0]], [[1], [3], [5], [7]])
    assert state.loss() == 37.5


def test_weights_that_are_a_list_are_a_network_without_hidden_layers(opened):
    state = opened(SLOPES.replace("weights = weights - learning_rate * slope\n", ""))
    assert state.network.sizes == (3, 1)
    assert data(state) == ([[1, 2, 3]], [[0]])


def test_what_is_computed_later_does_not_hide_what_stands_there(opened):
    assert opened(SLOPES).network.layers[0].weights.tolist() == [[0, 2, 1]]
    assert opened(FORWARD + "weights = improved(weights)\n").network.sizes == (2, 2, 1)


@pytest.mark.parametrize(
    ("later", "first", "last"),
    [
        ("weights['output'] = np.array([3, 1])", [[2, 4], [4, -5]], [[3, 1]]),
        ("weights['output'] = [3, 1]\nweights['output'][-1] = 0.5", [[2, 4], [4, -5]], [[3, 0.5]]),
        ("weights['node_0'][1] = 7", [[2, 7], [4, -5]], [[2, 7]]),
        ("weights['node_2'] = [1, 1]\nweights['output'] = [1, 2, 3]", [[2, 4], [4, -5], [1, 1]], [[1, 2, 3]]),
        ("w = weights\nw['output'] = [3, 1]", [[2, 4], [4, -5]], [[3, 1]]),
        ("out = weights['output']\nout[0] = 9", [[2, 4], [4, -5]], [[9, 7]]),
        ("w = weights.copy()\nw['output'] = [1, 1]", [[2, 4], [4, -5]], [[2, 7]]),
        ("w = copy.deepcopy(weights)\nw['output'][0] = 1", [[2, 4], [4, -5]], [[2, 7]]),
        ("weights: dict", [[2, 4], [4, -5]], [[2, 7]]),
        ("old = weights['output'][0]\nold += 1", [[2, 4], [4, -5]], [[2, 7]]),
        ("print([weights for weights in (1, 2)], weights.get('output'))", [[2, 4], [4, -5]], [[2, 7]]),
        ("def f(weights):\n  weights = dict(weights)\n  weights['output'] = 1", [[2, 4], [4, -5]], [[2, 7]]),
        ("def f(w, x):\n  w = dict(w)\n  w['output'] = x\nf(weights, 1)", [[2, 4], [4, -5]], [[2, 7]]),
        ("def f(w):\n  w['output'] = 1\nf(weights.copy())", [[2, 4], [4, -5]], [[2, 7]]),
        ("def f(x):\n  x += 1\nf(weights['output'][0])", [[2, 4], [4, -5]], [[2, 7]]),
        ("def f():\n  weights = {}\n  weights['output'] = 1", [[2, 4], [4, -5]], [[2, 7]]),
        ("for w in weights['output']:\n  w -= 1", [[2, 4], [4, -5]], [[2, 7]]),
        ("for k in range(2):\n  w = weights['output'][k]\n  w -= 1", [[2, 4], [4, -5]], [[2, 7]]),
        ("weights['output'] = [-3, 1]\nfor w in weights['output']:\n  w -= 1", [[2, 4], [4, -5]], [[-3, 1]]),
        ("for name in weights:\n  name += ':'", [[2, 4], [4, -5]], [[2, 7]]),
    ],
)
def test_what_is_put_into_a_dictionary_later_is_taken_where_it_stands_there(opened, later, first, last):
    state = opened(f"{FORWARD}{later}\n")
    assert [layer.weights.tolist() for layer in state.network.layers] == [first, last]
    assert "anew" not in state.notes


def test_rows_are_changed_in_their_place_and_assigned_twice(opened):
    w = "w = {'output': [1, 1]}\ninput_data = [1, 2]\n"
    rows = "input_data = np.array([[3, 5]])\nmore = input_data.copy()\nmore[0][0] = 9\n"
    assert data(opened(w + rows)) == ([[3, 5]], None)
    assert data(opened(f"{w}input_data = np.array([[3, 5], [0.5, 1]])\ninput_data[0][1] = 4.5\n")) == (
        [[3, 4.5], [0.5, 1]],
        None,
    )


@pytest.mark.parametrize(
    "later",
    [
        "weights['output'] = improved(weights)",
        "weights['output'][0] = np.random.rand()",
        "weights['output'][0] = 2.5",  # an array of whole numbers makes a 2 of it
        "weights['output'][:] = 5",
        "weights['output'][2] = 5",
        "weights['output'] += 1",
        "weights['output'], x = [1, 2], 3",
        "del weights['node_1']",
        "weights.update({'output': [1, 1]})",
        "old = weights.pop('node_1')",
        "weights['output'].fill(0)",
        "input_data[0] = load()",
        "input_data[0] = [1, 2]",
        "if better: weights['output'] = [1, 1]",
        "for each in weights: weights[each] = [1, 1]",
        "w = weights; w['output'] *= 2",
        "weights['node_0'] = weights['node_0'][0] = [1, 1]",  # a list in itself
        "out = weights['output']; out += 1",
        "out = weights['output'][:]; out[0] = 1",
        "input_data = same = np.array([1, 2]); same += 1",
        "w = weights.copy(); w['output'][0] = 1",  # which copies no list
        "w = dict(weights); w['output'].fill(0)",
        "w = dict(weights); w['output'] *= 2",
        "def train(): weights['output'] = [1, 1]",
        "def train(weights): weights['output'] = [1, 1]\ntrain(weights)",
        "def train(w, x): w['output'] = [1, 1]\ntrain(weights, 3)",
        "def train(w): w -= 1\ntrain(w=weights['output'])",
        "def train(x): out = weights['output']; out[0] = 1",
        "def train(input_data): input_data *= 2\ntrain(input_data)",
        "for own in weights.values(): own[0] = 1",
        "for name, own in weights.items(): own -= 1",
        "for k in range(3): out = weights['output']; out -= 1",
        "for name in weights: own = weights[name]; own -= 1",
    ],
)
def test_what_changes_weights_or_rows_and_cannot_be_taken_is_refused_with_its_line(opened, later):
    name = "input_data" if "input_data" in later else "weights"
    with pytest.raises(FileError) as caught:
        opened(FORWARD + later)
    assert str(caught.value) == f"line 11: this changes {name} and cannot be taken: code is read, not run"


FEW = 250


@pytest.mark.parametrize(
    "text",
    [
        lambda many: "w['output'][0] = 1.5\n" * many,
        lambda many: "w['output'][0] += 1\n" * many,
        lambda many: "".join(f"w['n{k}'] = [1]\n" for k in range(many)),
        lambda many: "".join(f"v{k} = [1]\nv{k}[0] += 1\n" for k in range(many)),
        lambda many: "".join(f"def f{k}(): 0\nf{k}(w)\n" for k in range(many)),
        lambda many: "def f(v): v[0] = 1\n" * many + "f(w)\n" * many,
        lambda many: "v = " * many + f"[{'1, ' * many}]\n",
        lambda many: f"v = np.array([{'1.5, ' * many}])\n" + "v[0] = 1.5\n" * many,
        lambda many: f"u = ({'1, ' * many})\n" + "v = u\n" * many,
    ],
    ids=lambda text: text(1).partition("\n")[0],
)
def test_the_work_for_a_text_of_many_changes_grows_with_its_length_alone(opened, text):
    def reading(many):
        with suppress(FileError):
            opened(f"w = {{'node_0': [1], 'output': [1]}}\n{text(many)}")

    reading(1)  # what is imported has been
    few, more = (calls(lambda many=many: reading(many)) for many in (FEW, 4 * FEW))
    assert more < 4.2 * few  # it would be more, if each change looked at all others


def test_a_long_text_of_short_lines_takes_little_work_a_line(opened):
    many = 1000
    text = "w = {'output': [1]}\n" + "u = 1\n" * many
    opened(text)  # what is imported has been
    assert calls(lambda: opened(text)) < 120 * many


def test_more_dictionaries_than_there_may_be_weight_sets_are_refused_at_once(opened):
    text = "".join(f"w{k} = " for k in range(5000)) + f"{{'output': [{'1, ' * 1000}]}}"
    with pytest.raises(FileError, match=r"^expected at most 100 weight sets, found 5,000$"):
        opened(text)


def test_a_dictionary_of_two_names_is_two_weight_sets(opened):
    state = opened("a = b = {'output': [1, 2]}\nu = 1")
    assert [each.name for each in state.weight_sets] == ["a", "b"]


def test_what_assigns_weights_or_rows_anew_is_said(opened):
    said = "`{}` is assigned anew in line {} by code that is not run: here it is as before."
    assert said.format("weights", 6) in opened(SLOPES).notes
    loop = "for i in range(20):\n    weights = weights - slope(weights)\n    weights['output'] = 5\n"
    assert said.format("weights", 12) in opened(FORWARD + loop).notes
    assert said.format("input_data", 11) in opened(FORWARD + "input_data /= 10\n").notes
    assert data(opened("w = {'output': [1]}\nx = 3\nx = relu(x)\n")) == ([], None)


def test_of_several_dictionaries_the_one_that_is_changed_is_left_out_and_named(opened):
    state = opened(TUNING + "weights_1['node_0'] += 1\n")
    why = "line 28: this changes weights_1 and cannot be taken: code is read, not run"
    assert f"`weights_1` is left out: {why}." in state.notes
    assert state.weight_sets == ()


def test_the_dictionary_that_takes_the_inputs_is_in_use_and_the_other_is_named(opened):
    one = "one = {'node_0': [1, 2, 3], 'output': [1]}\n"
    state = opened(one + "two = {'node_0': [1, 2], 'output': [1]}\ninput_data = [3, 5]\n")
    assert state.network.sizes == (2, 1, 1)
    assert state.notes == (
        "The weights are `two`, line 2 of the code.\n`one`, line 1, is another network.\n" + NO_RELU
    )


def test_a_dictionary_that_cannot_be_read_is_named_beside_one_that_can(opened):
    state = opened("one = {'node_0': [1, 2], 'output': [1]}\ntwo = {'node_0': [1, 2],\n 'output': [w]}\n")
    assert state.network.sizes == (2, 1, 1)
    assert state.notes == (
        "The weights are `one`, line 1 of the code.\n"
        "`two` is left out: line 3: output has to stand there as numbers: nothing is computed.\n" + NO_RELU
    )


@pytest.mark.parametrize("other", ["x = np.linspace(-1, 1)", "X = rows()", "y = relu(3)"])
def test_a_letter_that_stands_for_something_computed_is_passed_over(opened, other):
    assert data(opened(f"w = {{'output': [1]}}\n{other}\n")) == ([], None)


def test_letters_that_stand_for_numbers_are_rows_and_targets(opened):
    assert data(opened("w = {'output': [1]}\nx = 3\ny = 4\n")) == ([[3]], [[4]])


WEIGHTS = "weights = {'node_0': [2, 4, 1],\n  'node_1': [4, -5, 1],\n  'output': [2, 7]}\n"
REFUSED = {
    f"{WEIGHTS}\n\ninput_data = [3, 5]": "line 6: node_0 has 3 weights, input_data has 2 values",
    f"\n\n{WEIGHTS}input_data = [[1, 2, 3], [4, 5]]": "line 6: node_0 has 3 weights, input_data has 2 values",
    f"{WEIGHTS}input_data = [1, 2, 3]\ntarget = [1, 2]": (
        "line 5: target has 2 rows of 1 value, expected 1 row of 1 value"
    ),
    f"{WEIGHTS}input_data = load('x.csv')": (
        "line 4: input_data has to stand there as numbers: nothing is computed"
    ),
    f"{WEIGHTS}input_data = [True, 2, 3]": "line 4: input_data is not numbers, or rows of numbers",
    f"{WEIGHTS}input_data = [1, 2, 1e999]": (
        "line 4: input_data[0][2]: expected a finite number, found one that is too large"
    ),
    "a = 1\nw = {'node_0': [1, 2],\n 'node_1': [1],\n 'output': [1, 1]}": (
        "line 2: node_0: the nodes of one layer need equally many weights"
    ),
    "a = 1\nw = {'node_0': [1, 2],\n 'output': ['x']}": "line 3: output[0]: expected a number",
    "a = 1\nw = {'node_0': [1, 2],\n 'output': np.random.rand(1)}": (
        "line 3: output has to stand there as numbers: nothing is computed"
    ),
    "a = 1\nw = {'output': [1],\n'output': [2]}": "line 3: 'output' stands twice",
    "a = 1\nw = {'output': [1], **more}": "line 2: expected a node's name in quotes",
    "a = 1\nprint(weights['node_0'])": (
        "expected a dictionary such as weights = {'node_0': [2, 4], 'output': [2]}; code is read, not run"
    ),
    "a = 1\n\nfor x in:\n": "line 3: this is neither JSON nor Python",
    f"a = 1\nw = {{'output': {'[' * 4000}1{']' * 4000}}}": None,
}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read_is_told_with_its_line(opened, text):
    with pytest.raises(FileError) as caught:
        opened(text)
    assert str(caught.value) == (REFUSED[text] or str(caught.value))


def test_no_code_is_run(opened, tmp_path):
    mark = tmp_path / "ran"
    state = opened(f"open({str(mark)!r}, 'w')\nw = {{'output': [1]}}\nopen({str(mark)!r}, 'w')\n")
    assert state.network.sizes == (1, 1)
    assert not mark.exists()


def test_saving_over_the_code_asks_first_for_it_would_leave_things_out(opened):
    assert left_out(opened("a = 1\nw = {'output': [1]}"), "w.py").startswith("w.py leaves out the notes")


PREDICTS = """
def predict_with_network(row, weights):
    node_0 = {hidden}((row * weights['node_0']).sum())
    node_1 = {hidden}((row * weights['node_1']).sum())
    input_to_final_layer = (np.array([node_0, node_1]) * weights['output']).sum()
    model_output = {output}(input_to_final_layer)
    return model_output
"""


@pytest.mark.parametrize(
    ("code", "hidden", "output"),
    [
        (FORWARD, "identity", "identity"),
        (FORWARD + PREDICTS.format(hidden="relu", output=""), "relu", "identity"),
        (FORWARD + PREDICTS.format(hidden="relu", output="relu"), "relu", "relu"),
        (FORWARD + "model_output = relu((hidden * weights['output']).sum())", "relu", "relu"),
        (FORWARD + PREDICTS.format(hidden="tanh", output="sigmoid"), "tanh", "sigmoid"),
        (FORWARD + PREDICTS.format(hidden="", output="sigmoid"), "identity", "sigmoid"),
        (TUNING, "relu", "identity"),
        ("weights = {'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7]}", "relu", "identity"),
    ],
)
def test_the_activations_are_those_of_the_code_and_the_notes_say_which(opened, code, hidden, output):
    state = opened(code)
    assert [layer.activation for layer in state.network.layers] == [hidden, output]
    said = f"Taken: {hidden} on the hidden nodes, {output} on the output: change it under the headings."
    assert (said in state.notes) == ("\n" in code)


@pytest.mark.parametrize(
    ("hidden", "output"), [("tanh", "identity"), ("identity", "sigmoid"), ("relu", "tanh")]
)
def test_a_program_in_the_courses_words_opens_as_the_network_that_it_is_of(opened, hidden, output):
    layers = [
        Layer(["node_0", "node_1"], hidden, [[2, 4], [4, -5]], [1, -0.5]),
        Layer(["output"], output, [[2, 7]], [0.25]),
    ]
    network = Network(["input_0", "input_1"], layers)
    read = opened(program(State(network, Dataset([[3, 5], [1, 2]])), "course"))
    assert read.network == network
    assert read.data == Dataset([[3, 5], [1, 2]])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("biases", [[1, -0.5], None], ids=["biases", "plain"])
def test_a_program_that_trains_opens_as_it_was_before_that(opened, optimizer, biases):
    layers = [
        Layer(["node_0", "node_1"], "relu", [[2, 4], [4, -5]], biases),
        Layer(["output"], "identity", [[2, 7]]),
    ]
    network = Network(["input_0", "input_1"], layers)
    data = Dataset([[3, 5], [1, 2]], [[60], [20]])
    read = opened(program(State(network, data, Training(optimizer=optimizer, batch_size=1)), "course"))
    assert (read.network, read.data, read.weight_sets) == (network, data, ())


def test_biases_that_the_code_changes_are_refused_with_the_line(opened):
    text = "weights = {'output': [1]}\nbiases = {'output': 2}\nbiases['output'] += 1\n"
    with pytest.raises(FileError, match="line 3: this changes biases"):
        opened(text)


@pytest.mark.parametrize("hidden", [2, 9], ids=["by name", "loops"])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_program_for_classes_opens_with_its_output_and_its_loss(opened, output, loss, hidden):
    nodes = [f"node_{k}" for k in range(hidden)]
    layers = [
        Layer(nodes, "tanh", [[1, k] for k in range(hidden)], [0] * hidden),
        Layer(["output_0", "output_1"], output, [[1] * hidden, [2] * hidden], [0, 0]),
    ]
    network = Network(["input_0", "input_1"], layers)
    data = Dataset([[3, 5], [1, 2], [0, 1]], [[1, 0], [0, 1], [0, 1]])
    read = opened(program(State(network, data, Training(loss=loss, validation=0.4)), "course"))
    assert (read.network.layers[-1].activation, read.training.loss) == (output, loss)
    assert (read.network.layers[0].activation, read.data) == ("tanh", data)


def test_a_loss_that_does_not_go_with_the_output_is_not_taken(opened):
    read = opened("def get_cross_entropy(a):\n    return a\n\nweights = {'output': [1, 2]}\n")
    assert read.training.loss == "mse"
