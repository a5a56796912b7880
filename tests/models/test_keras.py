"""Files of Keras: those of all its versions, rebuilt by hand, its own models, and those of TensorFlow.js."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from nnviz.core.activations import activation
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.files.errors import FileError
from nnviz.files.models.frameworks import network_of
from nnviz.files.registry import format_for, load, losses_on_save, save
from tests.core.oracle import NAMES, make_network
from tests.files.helpers import refusals, refused
from tests.models import keras_files
from tests.models.helpers import KERAS, by_keras, close, loaded, opened, saved, state_of
from tests.models.keras_files import (
    BIASES,
    KERNELS,
    MODEL,
    OLD_WEIGHTS,
    counted_weights,
    dense,
    keras_zip,
    layer,
    of_keras_3,
    old_h5,
    predicted,
    sequential,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
X = np.array([[3.0, 5.0], [-1.0, 2.0], [0.5, -0.5]])
LAYERS = MODEL["config"]["layers"]
COUNTED = counted_weights(["layers/dense", "layers/dense_1"])


def network(data, name="model.h5"):
    return opened(data, Path(name))[0].network


def is_the_network(found):
    assert found.sizes == (2, 3, 1)
    np.testing.assert_array_equal(found.layers[0].weights, KERNELS[0].T)
    np.testing.assert_array_equal(found.layers[1].biases, BIASES[1])
    np.testing.assert_allclose(found.predict(X), predicted(X), rtol=1e-14)


def of_layers_in_json(*layers):
    """Return a Sequential model as Keras 3 writes it."""
    config = {"trainable": True, "dtype": "float32", "layers": [of_keras_3(each) for each in layers]}
    return of_keras_3(layer("Sequential", "sequential", **config), "keras")


# The versions of Keras


def keras_1_2():
    """Return a file in which Keras says output_dim, and names its weights W and b."""
    settings = {"W_regularizer": None, "init": "glorot_uniform", "input_dim": 2}
    one = {"output_dim": 3, "activation": "linear", "bias": True, "batch_input_shape": [None, 2], **settings}
    config = [
        layer("Dense", "dense_1", **one),
        layer("Activation", "activation_1", activation="relu", trainable=True),
        layer("Dropout", "dropout_1", p=0.5, trainable=True),
        layer("Dense", "dense_2", output_dim=1, activation="linear", bias=True),
    ]
    weights = {
        "dense_1": {"dense_1_W:0": KERNELS[0], "dense_1_b:0": BIASES[0]},
        "activation_1": {},
        "dropout_1": {},
        "dense_2": {"dense_2_W:0": KERNELS[1], "dense_2_b:0": BIASES[1]},
    }
    return old_h5({"class_name": "Sequential", "config": config}, weights, "1.2.2")


def of_names_out_of_order():
    """Return a file whose layer dense_10 HDF5 lists before dense_9."""
    model = sequential(dense("dense_9", 3, "relu", batch_input_shape=[None, 2]), dense("dense_10", 1))
    return old_h5(model, dict(zip(("dense_9", "dense_10"), OLD_WEIGHTS.values(), strict=True)))


def fed(one, *names):
    """Return a layer of a functional model of Keras 2 that takes what other layers make."""
    nodes = [[[name, 0, 0, {}] for name in names]] if names else []
    return {**one, "name": one["config"]["name"], "inbound_nodes": nodes}


def functional(layers, outputs=("dense_2",), inputs=("in",), kind="Functional"):
    ends = {"input_layers": inputs, "output_layers": outputs}
    ends = {key: [[name, 0, 0] for name in own] for key, own in ends.items()}
    return layer(kind, "f", layers=layers, **ends)


def of_names_in_parts():
    """Return a file in which a long list of names comes in parts."""
    with h5py.File(memory := io.BytesIO(old_h5(MODEL, OLD_WEIGHTS)), "r+") as file:
        names = file["model_weights"].attrs["layer_names"]
        del file["model_weights"].attrs["layer_names"]
        for k, name in enumerate(names):
            file["model_weights"].attrs[f"layer_names{k}"] = np.array([name])
    return memory.getvalue()


def nested_in_keras_2():
    """Return a file whose nested model lists all its weights in one group."""
    inner = sequential(dense("inner", 3, "relu", batch_input_shape=[None, 2], trainable=False))
    inner["config"]["name"] = "encoder"
    arrays = {"inner/kernel:0": KERNELS[0], "inner/bias:0": BIASES[0]}
    model = sequential(inner, dense("dense_2", 1))
    return old_h5(model, {"encoder": arrays, "dense_2": OLD_WEIGHTS["dense_2"]})


def of_16_bits(chunks):
    """Return an archive of bfloat16, the upper half of a float of 32 bits: to HDF5 two bytes of no type."""
    memory = io.BytesIO(COUNTED)
    with h5py.File(memory, "r+") as file:
        for k in (0, 1):
            halves = (file[path := f"layers/dense/vars/{k}"][...].view("<u4") >> 16).astype("<u2")
            del file[path]
            file.create_dataset(path, data=halves.view("V2"), chunks=chunks).attrs["dtype"] = "bfloat16"
    return keras_zip(MODEL, memory.getvalue())


def of_other_names():
    """Return an archive with layers by class and number, whatever their names are."""
    model = of_layers_in_json(
        layer("InputLayer", "in", batch_shape=[None, 2], dtype="float32"),
        dense("zebra", 3, "relu"),
        layer("Dropout", "dense", rate=0.5),
        dense("aardvark", 1),
    )
    seed = {"layers/dropout/seed_generator/vars/0": np.array([1, 2], np.uint32)}
    optimizer = {f"optimizer/vars/{k}": np.zeros((2, 3), np.float32) for k in range(12)}
    return keras_zip(model, counted_weights(["layers/dense", "layers/dense_1"], **seed, **optimizer))


ROOT = "_layer_checkpoint_dependencies"
START = fed(layer("InputLayer", "in", batch_input_shape=[None, 2], sparse=False, dtype="float32"))
CHAIN = [START, fed(dense("dense_2", 1), "dense_1"), fed(dense("dense_1", 3, "relu"), "in")]
FLAT = {
    kind: layer(kind, "flat", batch_input_shape=[None, 1, 2], **more)
    for kind, more in (("Flatten", {}), ("Reshape", {"target_shape": [-1]}))
}
VERSIONS = {
    "Keras 1.2, model.h5": keras_1_2(),
    "Keras 2.0 with a list of layers, model.h5": old_h5(
        {"class_name": "Sequential", "config": LAYERS}, OLD_WEIGHTS, "2.0.8"
    ),
    "Keras 2.2 with an object of layers, model.h5": old_h5(
        MODEL, OLD_WEIGHTS, training_config=b'{"loss": "mse"}'
    ),
    "Keras before 2.10, model.keras": old_h5(MODEL, OLD_WEIGHTS),
    "Keras 2.12 with variables, m.keras": keras_zip(MODEL, COUNTED, "variables.h5"),
    "Keras 2.13 with other names, m.keras": keras_zip(
        MODEL, counted_weights([f"{ROOT}/dense", f"{ROOT}/dense_2"])
    ),
    "Keras 2.13 on Windows, m.keras": keras_zip(
        MODEL, counted_weights([f"{ROOT}\\dense", f"{ROOT}\\dense_2"])
    ),
    "Keras 3 with layers of any name, m.keras": of_other_names(),
    "names out of order, model.h5": of_names_out_of_order(),
    "names in parts, model.h5": of_names_in_parts(),
    **{
        f"a functional model called {kind}, model.h5": old_h5(
            functional(CHAIN, kind=kind), {"in": {}, **OLD_WEIGHTS}
        )
        for kind in ("Model", "Functional")
    },
    "a model in a model, model.h5": nested_in_keras_2(),
    "packed weights, model.h5": keras_files.packed_h5(),
    "16 bits, m.keras": of_16_bits(None),
    "16 bits in chunks, m.keras": of_16_bits(True),
    **{
        f"a picture that {kind} lays flat, model.h5": old_h5(sequential(first, *LAYERS), OLD_WEIGHTS)
        for kind, first in FLAT.items()
    },
    "an archive without a suffix, model": keras_zip(MODEL, COUNTED),
    "HDF5 without a suffix, old": old_h5(MODEL, OLD_WEIGHTS),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_of_any_version_of_keras_opens(version):
    is_the_network(network(VERSIONS[version], version.rpartition(", ")[2]))


def test_twelve_layers_are_counted_as_numbers():
    """HDF5 lists dense_10 before dense_2."""
    kernels = [np.full((1, 1), k + 1, np.float32) for k in range(12)]
    weights = {f"layers/dense{f'_{k}' if k else ''}/vars/0": kernel for k, kernel in enumerate(kernels)}
    model = of_layers_in_json(*(dense(f"d{k}", 1, use_bias=False) for k in range(12)))
    found = network(keras_zip(model, keras_files.hdf5(weights)), "m.keras")
    assert [layer.weights[0, 0] for layer in found.layers] == list(range(1, 13))
    assert all(layer.biases is None for layer in found.layers)


@pytest.mark.parametrize("name", ["model.weights.h5", "model_weights.h5", "weights.h5", "model.h5"])
def test_an_architecture_finds_its_weights_beside_it(name, tmp_path):
    model = {**MODEL, "keras_version": "2.2.4", "backend": "tensorflow"}
    (tmp_path / "model.json").write_text(json.dumps(model))
    (tmp_path / name).write_bytes(COUNTED if "." in name[:-3] else old_h5(MODEL, OLD_WEIGHTS))
    is_the_network(load(tmp_path / "model.json").network)


def test_weights_alone_of_keras_2_list_their_layers_at_the_top(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(MODEL))
    datasets = {f"{part}/{name}": array for part, own in OLD_WEIGHTS.items() for name, array in own.items()}
    attributes = {
        part: {"weight_names": [name.encode() for name in own]} for part, own in OLD_WEIGHTS.items()
    }
    top = {"/": {"layer_names": [b"dense_1", b"dense_2"], "keras_version": b"2.2.4"}}
    (tmp_path / "mine.h5").write_bytes(keras_files.hdf5(datasets, attributes | top))
    is_the_network(load(tmp_path / "mine.json").network)


def test_a_model_without_its_other_half_says_what_is_looked_for(tmp_path, approved):
    (tmp_path / "mine.json").write_text(json.dumps(MODEL))
    model = keras.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.save_weights(tmp_path / "m.weights.h5")
    files = {name: (tmp_path / name).read_bytes() for name in ("mine.json", "m.weights.h5")}
    mine = of_keras_3({"class_name": "Mine", "config": {}}, None, "Mine")
    cases = {
        "an architecture": (files["mine.json"], tmp_path / "mine.json"),
        "an architecture from standard input": (files["mine.json"], "standard input"),
        "an architecture of somebody's own": (json.dumps(mine).encode(), "m.json"),
        "weights": (files["m.weights.h5"], "m.weights.h5"),
        "weights by hand": (COUNTED, "model.h5"),
    }
    approved("half a model", refusals(cases, lambda case: network(*case)))


# What layers make

RELU = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
CALLED = of_keras_3(layer("LeakyRelu", "a", negative_slope=0.2), "keras.src.ops.nn")
ACTIVATIONS = {
    "None": ((None,), "identity"),
    "a name": (("softsign",), "softsign"),
    "swish": (("swish",), "silu"),
    "the function leaky_relu": (("leaky_relu",), "leaky_relu(0.2)"),
    "the function elu": (("elu",), "elu"),
    "an object": (({"class_name": "ELU", "config": {"alpha": 0.5}},), "elu(0.5)"),
    "a function as an object": (
        (of_keras_3({"class_name": "function", "config": "gelu"}, "keras.activations", "gelu"),),
        "gelu",
    ),
    "a layer of its own": ((None, layer("Activation", "a", activation="tanh")), "tanh"),
    "LeakyReLU by default": ((None, layer("LeakyReLU", "a")), "leaky_relu(0.3)"),
    "LeakyReLU of Keras 2, a float32": (
        (None, layer("LeakyReLU", "a", alpha=0.30000001192092896)),
        "leaky_relu(0.3)",
    ),
    "LeakyReLU of Keras 3": ((None, layer("LeakyReLU", "a", negative_slope=0.01)), "leaky_relu"),
    "ReLU": ((None, layer("ReLU", "a", **RELU)), "relu"),
    "ReLU that leaks": ((None, layer("ReLU", "a", negative_slope=0.25)), "leaky_relu(0.25)"),
    "ELU": ((None, layer("ELU", "a", alpha=1.0)), "elu"),
    "ELU with a setting of ReLU": ((None, layer("ELU", "a", negative_slope=0.25)), "elu"),
    "ReLU with a setting of ELU": ((None, layer("ReLU", "a", alpha=0.5)), "relu"),
    "Softmax with a setting of ELU": ((None, layer("Softmax", "a", alpha=0.5)), "softmax"),
    "Softmax": ((None, layer("Softmax", "a", axis=-1)), "softmax"),
    "a function that was called": ((None, CALLED), "leaky_relu(0.2)"),
    "a relu that was called": ((None, {**CALLED, "class_name": "Relu"}), "leaky_relu(0.2)"),
    "a linear one first": ((None, layer("Activation", "a", activation="linear"), layer("ELU", "a")), "elu"),
}
"""By case, the activation of the Dense layer, the layers behind it, and nnviz's name for both."""


def test_an_activation_is_a_name_an_object_or_a_layer():
    found = {}
    for case, ((given, *behind), _) in ACTIVATIONS.items():
        first = dense("dense_1", 3, given, batch_input_shape=[None, 2])
        made = network(old_h5(sequential(first, *behind, dense("dense_2", 1)), OLD_WEIGHTS))
        found[case] = made.layers[0].activation
    assert found == {case: name for case, (_, name) in ACTIVATIONS.items()}


def test_scaling_of_the_inputs_is_worked_into_the_first_layer_and_told():
    scaling = layer("Rescaling", "r", scale=0.5, offset=-1.0, batch_input_shape=[None, 2])
    state, told = opened(old_h5(sequential(scaling, *LAYERS), OLD_WEIGHTS))
    np.testing.assert_allclose(state.network.predict(X), predicted(X * 0.5 - 1), rtol=1e-14)
    assert told == ["r became part of the weights and biases of dense_1"]


def normalised(model, chance):
    """Give each batch normalisation of a model the means and variances of some training."""
    for each in model.layers:
        if isinstance(each, layers.BatchNormalization):
            arrays = [chance.uniform(0.5, 2, array.shape) for array in each.get_weights()]
            each.set_weights(arrays)
    return model


BATCHES = {
    "before the first layer": [
        layers.BatchNormalization,
        lambda: layers.Dense(3, "tanh"),
        lambda: layers.Dense(2),
    ],
    "before an activation": [
        lambda: layers.Dense(3, use_bias=False),
        layers.BatchNormalization,
        lambda: layers.Activation("relu"),
        lambda: layers.Dense(2),
    ],
    "behind an activation": [
        lambda: layers.Dense(3, "relu"),
        lambda: layers.BatchNormalization(scale=False, epsilon=0.1),
        lambda: layers.Dropout(0.5),
        lambda: layers.Dense(2, "softmax"),
    ],
    "at the end": [lambda: layers.Dense(3), lambda: layers.BatchNormalization(center=False)],
    "between two linear layers": [
        lambda: layers.Dense(3),
        layers.BatchNormalization,
        lambda: layers.Dense(2),
    ],
    "with scalings": [
        lambda: layers.Dense(3, "relu"),
        lambda: layers.Rescaling(0.5, offset=2.0),
        layers.BatchNormalization,
        lambda: layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0]),
        lambda: layers.Dense(2, use_bias=False),
        lambda: layers.Rescaling(0.5),
    ],
}


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize("where", BATCHES)
def test_batch_normalisation_becomes_part_of_the_layer_beside_it(where, end, tmp_path):
    keras.utils.set_random_seed(3)
    own = keras.Sequential([layers.Input((2,)), *(make() for make in BATCHES[where])])
    normalised(own, np.random.default_rng(3))
    state, told = opened(saved(own, tmp_path / f"m{end}").read_bytes())
    same(own, state.network)
    dense_layers = [each for each in own.layers if isinstance(each, layers.Dense)]
    assert len(state.network.layers) == len(dense_layers)
    assert any("normalization" in each and "became part of the weights" in each for each in told)
    with pytest.warns(UserWarning, match="became part of the weights"):
        same(own, network_of(own))


def test_of_a_model_in_a_model_the_batch_normalisation_is_found_as_well(tmp_path):
    keras.utils.set_random_seed(3)
    inner = keras.Sequential([layers.Input((2,)), layers.Dense(3, "relu"), layers.BatchNormalization()])
    normalised(inner, np.random.default_rng(3))
    own = keras.Sequential([layers.Input((2,)), layers.BatchNormalization(), inner, layers.Dense(1)])
    normalised(own, np.random.default_rng(4))
    for end in KERAS:
        same(own, load(saved(own, tmp_path / f"m{end}")).network)


def test_a_batch_normalisation_without_a_place_is_refused_with_its_name(approved):
    four = {f"norm/{name}:0": np.ones(3, np.float32) for name in ("gamma", "beta", "mean", "variance")}
    named = layer("BatchNormalization", "norm")
    first, last = LAYERS
    cases = {
        "no layer behind an activation": ([first, named], four),
        "pictures": (
            [layer("BatchNormalization", "norm", batch_input_shape=[None, 4, 4, 3]), first, last],
            four,
        ),
        "another axis": ([first, layer("BatchNormalization", "norm", axis=2), last], four),
        "an epsilon of yes": ([first, layer("BatchNormalization", "norm", epsilon="yes"), last], four),
        "an array too few": ([first, layer("BatchNormalization", "norm", scale=False), last], four),
        "another size": ([first, named, last], {name: np.ones(2, np.float32) for name in four}),
        "variances below 0": ([first, named, last], {name: -array for name, array in four.items()}),
        "no factor": ([first, named, last], {**four, "norm/gamma:0": np.ones((), np.float32)}),
    }

    def open_with(case):
        parts, arrays = case
        weights = {"dense_1": OLD_WEIGHTS["dense_1"], "norm": arrays}
        if parts[0] is not first:
            weights = dict(reversed(weights.items()))
        if last in parts:
            weights["dense_2"] = OLD_WEIGHTS["dense_2"]
        network(old_h5(sequential(*parts), weights))

    approved("batch normalisations that do not fit", refusals(cases, open_with))


# What is refused


def with_weights(**changed):
    """Return the network 2-3-1 with other arrays in the place of some: "dense_1/bias:0" is dense_1_bias."""
    weights = {part: dict(own) for part, own in OLD_WEIGHTS.items()}
    for name, array in changed.items():
        part, _, kind = name.rpartition("_")
        weights[part][f"{part}/{kind}:0"] = array
    return weights


ODD = {
    "Conv2D": layer("Conv2D", filters=3),
    "Embedding": layer("Embedding"),
    "LSTM": layer("LSTM"),
    "a largest value": layer("ReLU", max_value=6),
    "relu6": layer("Activation", activation="relu6"),
    "hard_sigmoid": dense("odd", 3, "hard_sigmoid"),
    "a second activation": layer("ELU"),
    "a softmax over rows": layer("Softmax", axis=0),
    "a mean of two axes": layer("Normalization", mean=[[1.0, 2.0], [3.0, 4.0]], variance=[1.0] * 4),
    "GELU by tanh": of_keras_3(layer("Gelu", approximate=True), "keras.src.ops.nn"),
    "Swish": layer("Swish"),
    "a leak of 2": layer("LeakyReLU", alpha=2),
    "scaling by several numbers": layer("Rescaling", scale=[2.0, 3.0, 4.0]),
    "a thousand million nodes": dense("odd", 10**9),
    "a bias of yes": dense("odd", 3, use_bias="yes"),
}
ONE, TWO = fed(dense("dense_1", 3), "in"), fed(dense("dense_2", 1), "dense_1")
ADDED = fed(layer("Add", "add"), "dense_1", "dense_2")
CALLED_WITH = {
    name: {**TWO, "inbound_nodes": [[["dense_1", 0, 0, {"mask": mask}]]]}
    for name, mask in (("a mask", [1, 0, 1]), ("training of 1", 1), ("training", True))
}
TWICE = {**ONE, "inbound_nodes": [[["in", 0, 0, {}]], [["dense_2", 0, 0, {}]]]}
BRANCHES = {
    "two outputs": functional([START, ONE, TWO], ("dense_1", "dense_2")),
    "two inputs": functional([START, ONE, TWO], inputs=("in", "in")),
    "a skipped connection": functional([START, ONE, TWO, ADDED], ("add",)),
    "a layer beside": functional([START, ONE, TWO, fed(dense("dense_3", 1), "dense_1")]),
    "a loop": functional([START, fed(dense("dense_1", 3), "dense_2"), TWO]),
    "a layer that is not there": functional([START, fed(dense("dense_1", 3), "nobody"), TWO]),
    "a layer used twice": functional([START, TWICE, TWO]),
    **{f"called with {name}": functional([START, ONE, two]) for name, two in CALLED_WITH.items()},
    "two layers of one name": functional([START, ONE, ONE, TWO]),
}


def test_what_is_no_chain_of_dense_layers_is_refused_with_the_layers_name(approved):
    odd = {
        name: sequential(LAYERS[0], each, *(LAYERS[1:] * (each["class_name"] != "Dense")))
        for name, each in ODD.items()
    }
    told = refusals(odd | BRANCHES, lambda model: network(old_h5(model, OLD_WEIGHTS)))
    approved("no chain of dense layers", told)
    wide = sequential(dense("dense_1", 3, batch_input_shape=[None, 7]), dense("dense_2", 1))
    scaled = sequential(layer("Rescaling", scale=1.0, offset=1.0), *LAYERS)
    swapped = dict(zip(OLD_WEIGHTS, reversed(OLD_WEIGHTS.values()), strict=True))
    cases = {
        "weights in another order": (MODEL, swapped),
        "weights of one layer": (MODEL, {"dense_1": OLD_WEIGHTS["dense_1"]}),
        "other inputs": (wide, OLD_WEIGHTS),
        "no biases": (scaled, with_weights(dense_1_bias=np.zeros(0, np.float32))),
        "whole numbers": (MODEL, with_weights(dense_2_kernel=KERNELS[1].astype(np.int8))),
        "NaN": (MODEL, with_weights(dense_2_kernel=KERNELS[1] * np.nan)),
    }
    approved("weights that do not fit", refusals(cases, lambda case: network(old_h5(*case))))


REFUSED = {
    "a convolution": ((8, 8, 1), layers.Conv2D(2, 3, name="seen"), layers.Flatten(), layers.Dense(1)),
    "slopes that are learned": ((2,), layers.Dense(2), layers.PReLU(name="seen"), layers.Dense(1)),
    "three axes": ((3, 4, 2), layers.Dense(2, name="seen")),
}


def test_keras_own_models_that_are_no_chain_are_refused(tmp_path, approved):
    start = layers.Input((2,))
    models = {"two paths": keras.Model(start, layers.Add()([layers.Dense(2)(start), start]))}
    for name, (shape, *parts) in REFUSED.items():
        models[name] = keras.Sequential([layers.Input(shape), *parts])
    for end in KERAS:
        told = refusals(models, lambda model, end=end: load(saved(model, tmp_path / f"m{end}")))
        approved("Keras' own models that are no chain", told)


# Keras' own models


def same(model, found, seed=0):
    """Check that both predict the same for some rows."""
    x = np.random.default_rng(seed).normal(size=(20, len(found.inputs))).astype(np.float32)
    close(found.predict(x), model.predict(x, verbose=0))


def activation_layer(chance):
    """Return the layers that may follow a dense layer without an activation."""
    return chance.choice(
        [
            layers.Activation("tanh"),
            layers.LeakyReLU(),
            layers.LeakyReLU(negative_slope=float(chance.choice([0.01, 0.125, 0.7]))),
            layers.ELU(alpha=float(chance.choice([1.0, 0.3]))),
            layers.ReLU(),
            layers.ReLU(negative_slope=0.25),
            layers.Activation("linear"),
        ]
    )


FUNCTIONS = ["linear", *(name for name in NAMES if "(" not in name and name not in ("identity", "softmax"))]


def parts(chance):
    """Return the layers of a random model behind its input."""
    for _ in range(chance.integers(1, 6)):
        alone = chance.random() < 0.4
        yield layers.Dense(
            int(chance.integers(1, 30)),
            activation=None if alone else str(chance.choice(FUNCTIONS)),
            use_bias=bool(chance.random() < 0.7),
            bias_initializer=keras.initializers.RandomNormal(seed=1),
        )
        if alone:
            yield activation_layer(chance)
        if chance.random() < 0.3:
            yield layers.Dropout(0.5)
    yield layers.Dense(int(chance.integers(2, 6)), activation="softmax" if chance.random() < 0.5 else None)


def random_model(seed, functional):
    chance = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    start = end = layers.Input((int(chance.integers(1, 20)),))
    own = list(parts(chance))
    if not functional:
        return keras.Sequential([start, *own])
    for each in own:
        end = each(end)
    return keras.Model(start, end)


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize("functional", [False, True], ids=["sequential", "functional"])
@pytest.mark.parametrize("seed", range(8))
def test_a_random_model_of_keras_opens_and_goes_back(seed, functional, end, tmp_path):
    model = random_model(seed, functional)
    state = load(saved(model, tmp_path / f"model{end}"))
    same(model, state.network, seed)
    save(state, tmp_path / f"again{end}")
    same(loaded(tmp_path / f"again{end}"), state.network, seed)
    assert load(tmp_path / f"again{end}") == state  # exactly


@pytest.mark.parametrize("end", KERAS)
def test_trained_models_in_models_open(end, tmp_path):
    keras.utils.set_random_seed(1)
    inner = keras.Sequential([layers.Input((2,)), layers.Dense(3, activation="relu"), layers.Dense(3)])
    inner.layers[0].trainable = False  # Keras lists its weights behind the others
    start = layers.Input((3,))
    other = keras.Model(start, layers.Dense(2, activation="tanh")(layers.Dense(4)(start)))
    model = keras.Sequential([layers.Input((2,)), inner, layers.Dense(3), other, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError())
    model.fit(X, X.sum(axis=1), epochs=2, verbose=0)  # so that the file has what the optimizer remembers
    same(model, load(saved(model, tmp_path / f"model{end}")).network)
    start = layers.Input((2,))
    inner = keras.Sequential([layers.Dense(3, activation="relu"), layers.Dropout(0.2)])
    around = keras.Model(start, layers.Dense(1)(inner(start)))
    same(around, load(saved(around, tmp_path / f"around{end}")).network)


def test_a_picture_is_flattened_and_scaled(tmp_path):
    first = [layers.Input((4, 3)), layers.Rescaling(1 / 255, offset=-0.5), layers.Flatten()]
    model = keras.Sequential([*first, layers.Dense(5, "relu"), layers.Dense(2, "softmax")])
    found = load(saved(model, tmp_path / "model.keras")).network
    x = np.random.default_rng(0).uniform(0, 255, size=(10, 4, 3)).astype(np.float32)
    close(found.predict(x.reshape(10, 12)), model.predict(x, verbose=0), 1e-5)


def test_an_architecture_opens_with_the_weights_that_keras_saves(tmp_path):
    model = random_model(3, True)
    for name in ("model.json", "m.json"):
        (tmp_path / name).write_text(model.to_json())
    model.save_weights(tmp_path / "model.weights.h5")
    saved(model, tmp_path / "m.h5")
    for name in ("model.json", "m.json"):
        same(model, load(tmp_path / name).network)


def test_a_model_opens_without_keras_and_its_back_end(tmp_path):
    path = saved(random_model(5, False), tmp_path / "model.keras")
    others = "{'keras', 'torch', 'h5py', 'PySide6'}"
    program = f"import nnviz, sys; nnviz.load({str(path)!r}); print(sorted({others} & set(sys.modules)))"
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert ended.stdout == "[]\n"


# What nnviz writes


@pytest.mark.parametrize("end", KERAS)
@pytest.mark.parametrize("name", NAMES)
def test_every_activation_goes_to_keras_and_back(name, end, tmp_path):
    made = make_network((2, 3, 2), (name, "identity"), (True, False))
    path = tmp_path / f"model{end}"
    if not activation(name).notation.keras.name:
        with pytest.raises(FileError, match=f"Keras has no activation {re.escape(name)}"):
            save(state_of(made), path)
        return
    save(state_of(made), path)
    assert [layer.activation for layer in load(path).network.layers] == [name, "identity"]
    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    close(made.predict(x), by_keras(path, x), 1e-5)


def of_weights(weights, **more):
    made = Network(("a", "b"), (Layer(("n",), "identity", weights),))
    return State(made, Dataset([[1.0, 2.0]], [[1.0]]), **more)


@pytest.mark.parametrize("end", KERAS)
def test_what_keras_files_do_not_keep_is_said(end, tmp_path, approved):
    state = of_weights([[0.1, 1.0]], name="Bank", training=Training(0.5, 7))
    approved("what Keras' files leave out", losses_on_save(state, f"m{end}").replace(f"m{end}", "FILE"))
    assert "digits" not in losses_on_save(of_weights([[0.5, 1.0]]), f"m{end}")


@pytest.mark.parametrize("end", KERAS)
def test_the_same_network_is_the_same_file_on_another_day(end, tmp_path, monkeypatch):
    for day, name in enumerate("ab"):
        monkeypatch.setattr(time, "time", lambda day=day: 1e9 + 86_400.0 * day)
        save(of_weights([[0.5, 1.0]]), tmp_path / f"{name}{end}")
    assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()


@pytest.mark.parametrize("end", [*KERAS, ".onnx"])
def test_large_networks_go_and_come_back(end, tmp_path):
    deep = Network(("x",), tuple(Layer((f"n{k}",), "leaky_relu", [[0.5]], [k * 0.25]) for k in range(500)))
    save(state_of(deep), tmp_path / f"m{end}")
    assert load(tmp_path / f"m{end}").network.predict([[1.0]]) == deep.predict([[1.0]])
    wide = make_network((784, 900, 300, 10), ("relu",) * 3, (True,) * 3)
    save(state_of(wide), tmp_path / f"m{end}")
    found = load(tmp_path / f"m{end}").network
    for before, after in zip(wide.layers, found.layers, strict=True):
        np.testing.assert_array_equal(before.weights.astype(np.float32), after.weights)


# TensorFlow.js

ARRAYS = {
    f"{part}/{name.split('/')[1][:-2]}": array
    for part, own in OLD_WEIGHTS.items()
    for name, array in own.items()
}


def spec_of(name, array, **more):
    return {"name": name, "shape": list(array.shape), "dtype": "float32", **more}


def plain(name, array):
    return spec_of(name, array), array.astype("<f4").tobytes()


def half(name, array):
    how = {"dtype": "float16", "original_dtype": "float32"}
    return spec_of(name, array, quantization=how), array.astype("<f2").tobytes()


def packed(kind):
    def pack(name, array):
        steps = np.iinfo(kind).max
        least, scale = float(array.min()), float(np.ptp(array) / steps) or 1.0
        data = np.round((array - least) / scale).astype(np.dtype(kind).newbyteorder("<"))
        how = {"dtype": kind, "min": least, "scale": scale, "original_dtype": "float32"}
        return spec_of(name, array, quantization=how), data.tobytes()

    return pack


KERAS_2_15 = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": MODEL}


def written(folder, how=plain, shards=1, topology=KERAS_2_15):
    """Write a model with its weights in as many files; return the path of its model.json."""
    specs, data = zip(*(how(name, array) for name, array in ARRAYS.items()), strict=True)
    whole = b"".join(data)
    cuts = [len(whole) * k // shards for k in range(shards + 1)]
    paths = [f"group1-shard{k + 1}of{shards}.bin" for k in range(shards)]
    for k, path in enumerate(paths):
        (folder / path).write_bytes(whole[cuts[k] : cuts[k + 1]])
    manifest = [{"paths": paths, "weights": list(specs)}]
    model = {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(model))
    return folder / "model.json"


def test_a_path_as_a_browser_writes_it_opens(tmp_path):
    path = written(tmp_path)
    path.write_text(path.read_text().replace("group1-shard", "./group1-shard"))
    is_the_network(load(path).network)


def test_a_layers_model_opens_with_its_weights_from_one_file_or_several(tmp_path):
    for how in ({}, {"shards": 3}, {"topology": {**MODEL, "keras_version": "tfjs-layers 4.2.0"}}):
        is_the_network(load(written(tmp_path, **how)).network)
    assert format_for("model.json").name == "nnviz network"  # it is not saved to


@pytest.mark.parametrize(("how", "within"), [(half, 1e-3), (packed("uint16"), 1e-3), (packed("uint8"), 0.05)])
def test_packed_weights_are_what_tensorflow_js_computes_from_them(how, within, tmp_path):
    found = load(written(tmp_path, how)).network
    np.testing.assert_allclose(found.predict(X), predicted(X), rtol=within)
    spec, data = how("dense_1/kernel", KERNELS[0])
    if "scale" in (pack := spec["quantization"]):
        exact = np.frombuffer(data, pack["dtype"]).astype(float) * pack["scale"] + pack["min"]
        np.testing.assert_array_equal(found.layers[0].weights.T.ravel(), exact.astype(np.float32))


def test_weights_from_elsewhere_are_refused(tmp_path, approved):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(200))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    text = written(folder).read_text()
    elsewhere = ["../secret.bin", "/etc/passwd", "a/b.bin", "..", "C:\\secret", "link.bin", ""]
    elsewhere += ["./../secret.bin", "././a.bin", "./link.bin", "./"]

    def load_from(name):
        (folder / "model.json").write_text(text.replace("group1-shard1of1.bin", name.replace("\\", "\\\\")))
        load(folder / "model.json")

    approved("weights from elsewhere", refusals(elsewhere, load_from))
    written(folder)
    (folder / "group1-shard1of1.bin").unlink()
    approved("weights that are missing", refused(load, folder / "model.json"))
