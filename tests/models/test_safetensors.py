"""Networks that PyTorch saves as safetensors, and PyTorch's own reading of what nnviz saves."""

import itertools

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save


def module(sizes, names, *, bias=True):
    """Return a Sequential of Linear layers of these sizes, each with the module of its activation."""
    parts = []
    for (inputs, nodes), name in zip(itertools.pairwise(sizes), names, strict=True):
        parts.append(nn.Linear(inputs, nodes, bias))
        own = activation(name)
        if not own.linear:
            torch_name, parameter, value = own.elsewhere.torch
            more = {"dim": -1} if name == "softmax" else {parameter: value} if parameter else {}
            parts.append(getattr(nn, torch_name)(**more))
    return nn.Sequential(*parts)


def rows(width):
    return np.random.default_rng(0).normal(size=(20, width))


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("bias", [True, False])
def test_a_module_that_pytorch_saves_predicts_the_same(tmp_path, kind, bias):
    torch.manual_seed(0)
    own = module((3, 5, 12, 2), ("tanh", "relu", "softmax"), bias=bias).to(kind)
    safetensors.torch.save_file(own.state_dict(), tmp_path / "a.safetensors")
    network = load(tmp_path / "a.safetensors", activations=["tanh", "relu", "softmax"]).network
    expected = own.double()(torch.tensor(rows(3))).detach().numpy()
    assert network.predict(rows(3)) == pytest.approx(expected, abs=1e-12)


def test_a_normalisation_is_refused_with_a_way_round_that_works(tmp_path):
    dense, norm, last = nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)
    own, path = nn.Sequential(dense, norm, nn.ReLU(), last), tmp_path / "a.safetensors"
    own(torch.tensor(rows(2), dtype=torch.float32))
    safetensors.torch.save_file(own.state_dict(), path)
    with pytest.raises(
        FileError, match=r"^1: it is a normalisation.*fuse_linear_bn_eval\(linear.eval\(\), norm"
    ):
        load(path)
    fused = torch.nn.utils.fuse_linear_bn_eval(dense.eval(), norm.eval())
    safetensors.torch.save_file(nn.Sequential(fused, nn.ReLU(), last).state_dict(), path)
    expected = own(torch.tensor(rows(2), dtype=torch.float32)).detach().numpy()
    assert load(path, activations=["relu", "identity"]).network.predict(rows(2)) == pytest.approx(
        expected, abs=1e-5
    )


def test_a_module_of_twelve_layers_keeps_their_order(tmp_path):
    own = module((4,) * 13, ("tanh",) * 12).double()
    safetensors.torch.save_file(nn.DataParallel(own).state_dict(), tmp_path / "a.safetensors")
    network = load(tmp_path / "a.safetensors", activations=["tanh"] * 12).network
    assert network.predict(rows(4)) == pytest.approx(own(torch.tensor(rows(4))).detach().numpy(), abs=1e-12)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)"])
def test_what_nnviz_saves_loads_into_the_module_and_predicts_the_same(tmp_path, name):
    rng = np.random.default_rng(1)
    network = Network.from_weights(
        {"node_0": rng.normal(size=3), "node_1": rng.normal(size=3), "output": rng.normal(size=2)},
        hidden=name,
    )
    save(State(network, Dataset.empty(network)), tmp_path / "a.safetensors")
    own = module((3, 2, 1), (name, "identity"), bias=False).double()
    own.load_state_dict(safetensors.torch.load_file(tmp_path / "a.safetensors"))
    expected = own(torch.tensor(rows(3))).detach().numpy()
    assert network.predict(rows(3)) == pytest.approx(expected, abs=1e-9)
    saved = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert saved["0.weight"].tolist() == network.layers[0].weights.tolist()
