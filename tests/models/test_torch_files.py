"""Files that `torch.save` writes: nnviz predicts what torch predicts from the same module."""

import io
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nnviz.files.errors import MissingActivationsError
from nnviz.files.registry import read
from nnviz.files.source import Source
from tests.files.helpers import refusals, refused
from tests.models.helpers import by_torch, close

X = np.random.default_rng(0).normal(size=(40, 3))
ACTIVATIONS = ("relu", "tanh", "identity")
OLD = {"_use_new_zipfile_serialization": False}


class Net(nn.Module):
    """Its activations are in `forward` alone."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.first, self.second, self.end = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.end(torch.tanh(self.second(self.drop(torch.relu(self.first(x))))))


class Body(nn.Module):
    """All of its layers and activations are in one Sequential module."""

    def __init__(self):
        super().__init__()
        self.body, self.loss = sequential(), nn.MSELoss()

    def forward(self, x):
        return self.body(x)


def sequential(bias=True):
    torch.manual_seed(1)
    parts = nn.Linear(3, 4, bias), nn.ReLU(), nn.Linear(4, 4, bias), nn.Tanh(), nn.Linear(4, 2, bias)
    return nn.Sequential(*parts)


def normalised():
    net = nn.Sequential(
        nn.BatchNorm1d(3),
        nn.Linear(3, 4),
        nn.BatchNorm1d(4),
        nn.LeakyReLU(0.2),
        nn.Dropout(),
        nn.Linear(4, 2),
    )
    net(torch.tensor(X, dtype=torch.float32))
    return net


def file_of(thing, **how):
    file = io.BytesIO()
    torch.save(thing, file, **how)
    return file.getvalue()


def zipped(entries):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return memory.getvalue()


def trained(net, optimizer):
    net(torch.ones(5, 3)).sum().backward()
    optimizer.step()
    return optimizer


def checkpoint(net):
    adam = trained(net, torch.optim.Adam(net.parameters()))
    return {
        "epoch": 3,
        "model_state_dict": net.state_dict(),
        "optimizer": adam.state_dict(),
        "loss": torch.ones(()),
    }


def changed(net, change):
    """Return the state_dict of a module with the same numbers, after a change of each of its tensors."""
    return {name: change(tensor) for name, tensor in net.state_dict().items()}


def at_offset(tensor):
    larger = torch.zeros(tensor.numel() + 7, dtype=tensor.dtype)
    larger[5:-2] = tensor.flatten()
    return larger[5:-2].view(tensor.shape)


def every_other(tensor):
    return torch.stack([tensor, tensor + 1], -1)[..., 0]


def shared(net):
    """Return a state_dict of views of one storage."""
    flat = torch.cat([tensor.flatten() for tensor in net.state_dict().values()])
    sizes = [tensor.numel() for tensor in net.state_dict().values()]
    parts = zip(net.state_dict().items(), flat.split(sizes), strict=True)
    return {name: part.view(tensor.shape) for (name, tensor), part in parts}


def numbered(net):
    return {0: net.state_dict(), 1: [1.5] * 20, 2: {None: 1, (1, 2): 3}}


STATES = {
    "a state_dict": lambda net: net.state_dict(),
    "a checkpoint with an optimizer": checkpoint,
    "a checkpoint with two models": lambda net: {"state_dict": net.state_dict(), "ema": net.state_dict()},
    "keys that are numbers": numbered,
    "a view with an offset": lambda net: changed(net, at_offset),
    "a view of every other number": lambda net: changed(net, every_other),
    "transposed weights": lambda net: changed(net, lambda tensor: tensor.t().contiguous().t()),
    "one storage": shared,
    "parameters": lambda net: dict(net.named_parameters()),
    "DataParallel": lambda net: nn.DataParallel(net).state_dict(),
    "torch.compile": lambda net: torch.compile(net, backend="eager").state_dict(),
    "names without numbers": lambda net: net.state_dict(),
}
"""Function from a module to what is saved; the file has no activations."""
MODULES = {
    "a Sequential": lambda: sequential(),
    "a Sequential without biases": lambda: sequential(bias=False),
    "a Sequential in a Sequential": lambda: nn.Sequential(sequential(), nn.Flatten(), nn.Softmax(-1)),
    "DataParallel of a Sequential": lambda: nn.DataParallel(sequential()),
    "DataParallel of a module of one's own": lambda: nn.DataParallel(Body()),
    "a part that is called module": lambda: nn.Sequential(OrderedDict(module=nn.Linear(3, 2), act=nn.ReLU())),
    "torch.compile of a Sequential": lambda: torch.compile(sequential(), backend="eager"),
    "a module of one's own around a Sequential": Body,
    "normalisations": normalised,
    "parameters of activations": lambda: nn.Sequential(
        nn.Linear(3, 2), nn.ELU(0.5), nn.Linear(2, 2), nn.GELU()
    ),
}
"""Modules that are saved whole, with the activations."""
KINDS = [torch.float16, torch.float32, torch.float64, torch.bfloat16]
HOW = {"as usual": {}, "as before 1.6": OLD, **{f"protocol {p}": {"pickle_protocol": p} for p in (3, 4, 5)}}


def exactly(network, net):
    assert network.predict(X) == pytest.approx(by_torch(net.double(), X), abs=1e-12)


@pytest.mark.parametrize("name", STATES)
def test_saved_weights_predict_what_torch_predicts(name):
    net = Net() if name == "names without numbers" else sequential()
    saved = STATES[name](net)
    for how in (OLD, {}):
        exactly(read(Source(file_of(saved, **how), activations=ACTIVATIONS)).network, net)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_whole_module_predicts_what_torch_predicts(name):
    net = MODULES[name]()
    for how in (OLD, {}):
        close(read(Source(file_of(net, **how))).network.predict(X), by_torch(net, X))


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("how", HOW)
def test_every_type_of_numbers_and_every_protocol_is_read(kind, how):
    net = sequential().to(kind)
    source = Source(file_of(net.state_dict(), **HOW[how]), activations=ACTIVATIONS)
    exactly(read(source).network, net)
    exactly(read(Source(file_of(net, **HOW[how]))).network, net)


def test_the_numbers_of_a_big_endian_computer_are_read():
    """In files of either kind, of which a computer of the other kind has written the numbers."""
    net = sequential()
    swapped = {name: tensor.numpy().byteswap() for name, tensor in net.state_dict().items()}
    thing = {name: torch.from_numpy(numbers.view("<f4")) for name, numbers in swapped.items()}
    new, old = (file_of(thing, **how) for how in ({}, OLD))
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["archive/byteorder"] = b"big"
    told = b"little_endianq\x02\x88"
    assert told in old
    for data in (zipped(entries), old.replace(told, told[:-1] + b"\x89")):
        exactly(read(Source(data, activations=ACTIVATIONS)).network, net)


def test_a_module_of_ones_own_needs_activations_and_says_what_nnviz_assumes():
    data = file_of(Net())
    with pytest.raises(MissingActivationsError) as caught:
        read(Source(data))
    assert caught.value.sizes == (3, 4, 4, 2)
    source = Source(data, activations=ACTIVATIONS)
    net = torch.load(io.BytesIO(data), weights_only=False)
    exactly(read(source).network, net)
    order = "the Linear layers are in the order of their definition"
    assert source.assumptions == [f"the file does not contain the forward() of Net: {order}"]
    around = Source(file_of(Body()))
    read(around)
    assumed = "nnviz assumes that forward() runs only the Sequential module"
    assert around.assumptions == [f"the file does not contain the forward() of Body: {assumed}"]


def test_nnviz_says_what_it_leaves_out_of_a_checkpoint():
    source = Source(file_of(checkpoint(sequential())), Path("a.ckpt"), activations=ACTIVATIONS)
    read(source)
    assert source.notes[0] == "nnviz reads only 'model_state_dict' and leaves out epoch, optimizer and loss"


def scripted():
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(sequential()), file)
    return file.getvalue()


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 3))


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.norm, self.end = nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)


def two_models():
    return {name: sequential().state_dict() for name in ("encoder", "decoder")}


def others():
    """Return files that hold no chain of dense layers."""
    net = sequential()
    return {
        "a convolution": file_of(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 1)).state_dict()),
        "a convolution, whole": file_of(nn.Sequential(nn.Linear(3, 3), nn.Conv1d(1, 2, 3))),
        "an embedding, whole": file_of(nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 1))),
        "recurrence": file_of(nn.LSTM(3, 4).state_dict()),
        "a large network": file_of({"a.weight": torch.zeros(1, 1).expand(2001, 2000)}),
        "a normalisation": file_of(normalised().state_dict()),
        "a normalisation somewhere": file_of(Normalised()),
        "a normalisation of each batch": file_of(
            nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, track_running_stats=False))
        ),
        "weights of its own": file_of(Own()),
        "whole numbers": file_of({"a.weight": torch.ones(2, 3, dtype=torch.int64)}),
        "a type that torch 2.3 has added": file_of({"a.weight": torch.ones(2, 3, dtype=torch.uint16)}),
        "complex numbers": file_of({"a.weight": torch.ones(2, 3, dtype=torch.complex64)}),
        "no memory": file_of(nn.Linear(3, 2, device="meta").state_dict()),
        "an optimizer": file_of(trained(net, torch.optim.Adam(net.parameters())).state_dict()),
        "a tensor": file_of(torch.ones(3)),
        "a list": file_of([torch.ones(3, 3)]),
        "nothing": file_of({}),
        "two models": file_of(two_models()),
        "TorchScript": scripted(),
        "half of it": file_of(net.state_dict())[:1000],
    }


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_is_no_chain_of_layers_is_refused_with_its_place(approved):
    approved(
        "PyTorch files without a chain", refusals(others(), lambda data: read(Source(data, Path("a.pt"))))
    )


def test_a_file_that_is_cut_off_anywhere_is_refused():
    for data in (file_of(sequential().state_dict()), file_of(sequential(), **OLD)):
        for size in range(1, len(data) - 1, len(data) // 40):
            assert refused(read, Source(data[:size], Path("a.pt"), activations=ACTIVATIONS))
