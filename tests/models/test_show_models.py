"""`nnviz.show` of other people's models: the network predicts what the framework does."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

import nnviz
from nnviz import _show, _system
from nnviz.files.foreign import network_of

X = np.random.default_rng(0).normal(size=(40, 3))


def same(network, expected, within=1e-6):
    np.testing.assert_allclose(network.predict(X), expected, atol=within, rtol=within)


def of_torch(module, x=X):
    with torch.no_grad():
        return module.eval()(torch.as_tensor(x).to(next(module.parameters()))).double().numpy()


MODULES = [
    nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(0.5), nn.SELU(), nn.SiLU(), nn.GELU(), nn.Sigmoid(), nn.Tanh(),
    nn.Softsign(), nn.Softplus(), nn.Softmax(1), nn.Identity(), nn.Dropout(0.3),
]  # fmt: skip


@pytest.mark.parametrize("own", MODULES, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sequential_module_predicts_the_same(own, dtype):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 4), own, nn.Linear(4, 4, bias=False), own)
    net = nn.Sequential(nn.Flatten(), body, nn.Linear(4, 2), nn.Softmax(dim=-1)).to(dtype)
    network = network_of(net)
    same(network, of_torch(net))
    assert network.sizes == (3, 4, 4, 2)
    assert network.layers[1].biases is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_16_bits_are_shown_as_they_are(dtype):
    net = nn.Linear(3, 2).to(dtype)
    network = network_of(net)
    assert np.array_equal(network.layers[0].weights, net.weight.detach().double().numpy())


class Plain(nn.Module):
    """Its activations are modules."""

    def __init__(self):
        super().__init__()
        self.first, self.act, self.last = nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)
        self.loss = nn.MSELoss()

    def forward(self, x):
        return self.last(self.act(self.first(x)))


class Functional(nn.Module):
    """Its activations are in `forward` alone."""

    def __init__(self, hidden=nn.functional.relu):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3, 4), nn.Linear(4, 2)
        self.hidden = [hidden]

    def forward(self, x):
        return torch.softmax(self.fc2(self.hidden[0](self.fc1(x))), -1)


class Shared(nn.Module):
    """One module is its activation twice."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.parts = nn.ModuleList([nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)])

    def forward(self, x):
        return self.parts[2](self.relu(self.parts[1](self.relu(self.parts[0](x)))))


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Backwards(nn.Module):
    """Its layers are not defined in the order in which they compute."""

    def __init__(self):
        super().__init__()
        self.last, self.first = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


class Picky(Plain):
    """Takes more than rows."""

    def forward(self, x, more):
        return super().forward(x) + more


def test_a_module_of_somebodys_own_is_tried_and_predicts_the_same(recwarn):
    net = Plain()
    same(network_of(net), of_torch(net))
    assert not recwarn.list


@pytest.mark.parametrize(
    ("net", "activations"),
    [
        (Functional(), ["relu", "softmax"]),
        (Functional(nn.functional.gelu), ["gelu", "softmax"]),
        (Shared(), ["relu", "relu", "identity"]),
        (nn.Sequential(nn.Linear(3, 4), Swish(), nn.Linear(4, 2)), ["silu", "identity"]),
    ],
    ids=["relu", "gelu", "shared", "own"],
)
def test_what_forward_does_and_cannot_be_seen_has_to_be_given(net, activations, recwarn):
    example = ["relu"] * (len(activations) - 1) + ["identity"]
    with pytest.raises(nnviz.FileError) as refused:
        network_of(net)
    assert str(refused.value).endswith(f"say it, one for each Linear layer: activations={example}")
    same(network_of(net, activations), of_torch(net))
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_a_hook_is_no_part_of_the_network_unless_it_changes_nothing(recwarn):
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.utils.weight_norm(nn.Linear(2, 2)))
    same(network_of(net), of_torch(net))
    assert not [each for each in recwarn if each.category is UserWarning]
    net[1].register_forward_hook(lambda _module, _given, a: 2 * a)
    with pytest.raises(nnviz.FileError, match=r"^ReLU: which functions its forward applies cannot be seen"):
        network_of(net)


def test_where_forward_computes_something_else_it_is_said():
    with pytest.warns(UserWarning, match="order of their definition; its forward computes something else"):
        network_of(Functional(), ["tanh", "softmax"])
    with pytest.raises(nnviz.FileError, match=r"^Backwards: which functions its forward"):
        network_of(Backwards())


def test_where_forward_cannot_be_tried_the_order_is_said():
    with pytest.warns(UserWarning, match=r"of Picky are shown .* its forward could not be tried"):
        network = network_of(Picky())
    assert [layer.activation for layer in network.layers] == ["tanh", "identity"]


def test_a_module_stays_in_the_mode_that_it_is_in():
    net = Plain()
    net.act.eval()
    network_of(net)
    assert [part.training for part in net.modules()] == [True, True, False, True, True]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_what_wraps_a_module_is_looked_through():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    same(network_of(nn.DataParallel(net)), of_torch(net))
    same(network_of(torch.compile(net, backend="eager")), of_torch(net))


REFUSED = {
    "a convolution": (
        nn.Sequential(nn.Linear(3, 3), nn.Conv1d(1, 1, 1)),
        "1 (Conv1d): nnviz shows chains",
    ),
    "a normalisation": (nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)), "1 (BatchNorm1d): nnviz shows"),
    "recurrence": (nn.LSTM(3, 3), "LSTM: nnviz shows chains of Linear layers"),
    "nothing": (nn.Sequential(nn.ReLU()), "0 (ReLU): an activation needs a Linear layer right before it"),
    "no layer": (nn.Sequential(), "Sequential: it has no Linear layer"),
    "two activations": (
        nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Tanh()),
        "2 (Tanh): an activation",
    ),
    "layers that do not meet": (
        nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2)),
        "1 (Linear): expected 2",
    ),
    "a lazy layer": (nn.LazyLinear(3), "LazyLinear: it has no weights yet"),
    "no memory": (nn.Linear(3, 2, device="meta"), "Linear: it has no weights yet"),
    "complex numbers": (nn.Linear(3, 2, dtype=torch.complex64), "Linear: its weights are complex numbers"),
    "a GELU by tanh": (
        nn.Sequential(nn.Linear(3, 2), nn.GELU("tanh")),
        "1 (GELU): with approximate=tanh",
    ),
    "a leak of nothing": (nn.Sequential(nn.Linear(3, 2), nn.LeakyReLU(0)), "1 (LeakyReLU): leaky_relu takes"),
    "not fitted": (MLPClassifier(), "the MLPClassifier is not fitted yet"),
}


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_chain_is_refused_with_its_place(name):
    model, sentence = REFUSED[name]
    with pytest.raises(nnviz.FileError) as refused:
        network_of(model)
    assert str(refused.value).startswith(sentence)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_no_module_is_refused_by_its_type():
    net = nn.Sequential(nn.Linear(3, 2))
    for thing in (torch.zeros(3), net[0].weight, torch.optim.SGD(net.parameters()), torch.jit.script(net)):
        with pytest.raises(TypeError, match=rf"^of torch nnviz shows modules, .* {type(thing).__name__}$"):
            network_of(thing)


def test_activations_of_another_number_or_that_the_model_says_otherwise_are_refused():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    with pytest.raises(nnviz.FileError, match=r"^activations: the model itself says its own: relu$"):
        network_of(net, ["tanh"])
    with pytest.raises(nnviz.FileError, match=r"^activations: expected 2 activations, .* found 1$"):
        network_of(Functional(), ["relu"])
    with pytest.raises(nnviz.FileError, match=r"^activations: expected a list of names, found 'relu'$"):
        network_of(Functional(), "relu")
    assert network_of(net, ["relu"]) == network_of(net)


# scikit-learn


def fitted(kind, y, **said):
    return kind(hidden_layer_sizes=(4, 3), max_iter=5, random_state=0, **said).fit(X, y)


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_a_regressor_predicts_the_same(activation):
    for y in (X[:, 0], X[:, :2]):
        model = fitted(MLPRegressor, y, activation=activation)
        same(network_of(model), model.predict(X).reshape(len(X), -1))


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_a_classifier_predicts_the_probabilities(activation):
    y = (X[:, 0] > 0).astype(int)
    model = fitted(MLPClassifier, y, activation=activation)
    same(network_of(model), model.predict_proba(X)[:, 1:])
    assert network_of(model).outputs == (str(model.classes_[1]),)
    model = fitted(MLPClassifier, np.array(["no", "yes"])[y], activation=activation)
    assert network_of(model).outputs == ("yes",)
    names = np.array(["ash", "elm", "oak"])[y + (X[:, 1] > 0)]
    model = fitted(MLPClassifier, names, activation=activation)
    network = network_of(model)
    same(network, model.predict_proba(X))
    assert (network.inputs, network.outputs) == (("input_0", "input_1", "input_2"), ("ash", "elm", "oak"))


# The window


@pytest.fixture
def shown(monkeypatch):
    """Stand in for the processes of windows; returns the State that each would open."""
    states = []

    class Process:
        def __init__(self, _command, **_settings):
            self.stdin = io.BytesIO()

        def wait(self):
            return 0

    monkeypatch.setattr(_system, "check", lambda **_: None)
    monkeypatch.setattr(_show.native, "write", lambda state: states.append(state) or b"")
    monkeypatch.setattr(_show.subprocess, "Popen", Process)
    return states


def test_show_opens_a_module_with_tensors_as_rows(shown):
    net = Functional()
    x, y = torch.randn(5, 3, requires_grad=True), torch.tensor([0, 1, 1, 0, 1])
    nnviz.show(net, x, y, activations=["relu", "softmax"])
    (state,) = shown
    np.testing.assert_allclose(state.network.predict(state.data.inputs), net(x).detach().numpy(), atol=1e-6)
    assert np.array_equal(state.data.targets, np.eye(2)[y])
    assert state.name == "Functional"


def test_show_takes_the_labels_of_a_classifier(shown):
    for labels, targets in (
        (["elm", "ash"], [[1], [0]]),
        (["elm", "ash", "oak"], [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    ):
        y = np.resize(labels, len(X))
        nnviz.show(fitted(MLPClassifier, y), X[: len(labels)], labels)
        assert shown[-1].data.targets.tolist() == targets
        with pytest.raises(nnviz.FileError, match=r"^y: no class of the model is called 'fir'$"):
            nnviz.show(fitted(MLPClassifier, y), X[:1], ["fir"])
    nnviz.show(fitted(MLPRegressor, X[:, 0]), X, X[:, 0])
    assert np.array_equal(shown[-1].data.targets, X[:, :1])


FRAMEWORKS = ["torch", "keras", "sklearn", "tensorflow", "h5py", "onnx"]
LOADED = {
    "import numpy": [],
    "from torch import nn; network_of(nn.Linear(3, 2))": ["torch"],
    "from sklearn.neural_network import MLPRegressor as M; "
    "network_of(M(hidden_layer_sizes=(2,), max_iter=1, tol=9).fit([[1], [2]], [1, 2]))": ["sklearn"],
}


@pytest.mark.parametrize("code", LOADED)
def test_no_framework_is_imported_but_by_who_uses_it(code):
    program = (
        "import sys, nnviz; from nnviz.files.foreign import network_of\n"
        f"{code}\n"
        "try: nnviz.show(0)\n"
        "except TypeError: pass\n"
        f"print([each for each in {FRAMEWORKS} if each in sys.modules])"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{LOADED[code]}\n"
