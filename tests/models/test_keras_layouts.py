"""Keras' files of all its versions, rebuilt by hand: each opens as the network that it holds."""

import io
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from nnviz.files.errors import FileError
from nnviz.files.registry import load, read
from nnviz.files.source import Source
from tests.models import keras_files
from tests.models.keras_files import (
    BIASES,
    KERNELS,
    MODEL,
    OLD_WEIGHTS,
    counted_weights,
    dense,
    keras_zip,
    old_h5,
    predicted,
    sequential,
)

X = np.array([[3.0, 5.0], [-1.0, 2.0], [0.5, -0.5]])


def network(data, name="model.h5"):
    return read(Source(data, Path(name))).network


def refused(data, name="model.h5"):
    with pytest.raises(FileError) as caught:
        network(data, name)
    return str(caught.value)


def is_the_network(found):
    assert found.sizes == (2, 3, 1)
    np.testing.assert_array_equal(found.layers[0].weights, KERNELS[0].T)
    np.testing.assert_array_equal(found.layers[1].biases, BIASES[1])
    np.testing.assert_allclose(found.predict(X), predicted(X), rtol=1e-14)


def counted_in_json(*layers):
    """Return a Sequential model as Keras 3 writes it."""
    own = [{"module": "keras.layers", "registered_name": None, **layer} for layer in layers]
    config = {"name": "sequential", "trainable": True, "dtype": "float32", "layers": own}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


# Keras 1 and 2, .h5


def test_keras_1_2_says_output_dim_and_names_its_weights_w_and_b():
    layers = [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1",
                "output_dim": 3,
                "activation": "linear",
                "bias": True,
                "input_dim": 2,
                "batch_input_shape": [None, 2],
                "W_regularizer": None,
                "init": "glorot_uniform",
            },
        },
        {
            "class_name": "Activation",
            "config": {"name": "activation_1", "activation": "relu", "trainable": True},
        },
        {"class_name": "Dropout", "config": {"name": "dropout_1", "p": 0.5, "trainable": True}},
        {
            "class_name": "Dense",
            "config": {"name": "dense_2", "output_dim": 1, "activation": "linear", "bias": True},
        },
    ]
    weights = {
        "dense_1": {"dense_1_W:0": KERNELS[0], "dense_1_b:0": BIASES[0]},
        "activation_1": {},
        "dropout_1": {},
        "dense_2": {"dense_2_W:0": KERNELS[1], "dense_2_b:0": BIASES[1]},
    }
    is_the_network(network(old_h5({"class_name": "Sequential", "config": layers}, weights, "1.2.2")))


def test_keras_2_0_has_a_list_of_layers():
    layers = MODEL["config"]["layers"]
    is_the_network(network(old_h5({"class_name": "Sequential", "config": layers}, OLD_WEIGHTS, "2.0.8")))


def test_keras_2_2_4_has_an_object_with_layers():
    is_the_network(network(old_h5(MODEL, OLD_WEIGHTS, "2.2.4", training_config=b'{"loss": "mse"}')))


def test_layers_are_taken_in_the_order_of_their_list_not_of_their_names():
    """HDF5 lists dense_10 before dense_9."""
    model = sequential(dense("dense_9", 3, "relu", batch_input_shape=[None, 2]), dense("dense_10", 1))
    weights = dict(zip(("dense_9", "dense_10"), OLD_WEIGHTS.values(), strict=True))
    is_the_network(network(old_h5(model, weights)))


@pytest.mark.parametrize("kind", ["Model", "Functional"])
def test_a_functional_model_of_keras_2_is_followed_from_its_input_to_its_output(kind):
    start = {
        "class_name": "InputLayer",
        "name": "input_1",
        "inbound_nodes": [],
        "config": {"name": "input_1", "batch_input_shape": [None, 2], "sparse": False, "dtype": "float32"},
    }
    one = {**dense("dense_1", 3, "relu"), "name": "dense_1", "inbound_nodes": [[["input_1", 0, 0, {}]]]}
    two = {**dense("dense_2", 1), "name": "dense_2", "inbound_nodes": [[["dense_1", 0, 0, {}]]]}
    config = {
        "name": "model_1",
        "layers": [start, two, one],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["dense_2", 0, 0]],
    }
    weights = {"input_1": {}, **OLD_WEIGHTS}
    is_the_network(network(old_h5({"class_name": kind, "config": config}, weights)))


def test_long_lists_of_names_come_in_parts():
    data = old_h5(MODEL, OLD_WEIGHTS)
    with h5py.File(memory := io.BytesIO(data), "r+") as file:
        names = file["model_weights"].attrs["layer_names"]
        del file["model_weights"].attrs["layer_names"]
        for k, name in enumerate(names):
            file["model_weights"].attrs[f"layer_names{k}"] = np.array([name])
    is_the_network(network(memory.getvalue()))


def test_a_nested_model_of_keras_2_lists_all_its_weights_in_one_group():
    inner = sequential(dense("inner", 3, "relu", batch_input_shape=[None, 2], trainable=False))
    inner["config"]["name"] = "encoder"
    names = {"inner/kernel:0": KERNELS[0], "inner/bias:0": BIASES[0]}
    model = sequential(inner, dense("dense_2", 1))
    is_the_network(network(old_h5(model, {"encoder": names, "dense_2": OLD_WEIGHTS["dense_2"]})))


def test_weights_in_parts_of_the_file_that_are_packed_open_too():
    is_the_network(network(keras_files.packed_h5()))


# .keras


@pytest.mark.parametrize("chunks", [None, True])
def test_floats_of_16_bits_that_hdf5_does_not_know_open_too(chunks):
    """Keras writes a bfloat16, the upper half of a float of 32 bits, as two bytes of no type."""
    memory = io.BytesIO(counted_weights(["layers/dense", "layers/dense_1"]))
    with h5py.File(memory, "r+") as file:
        for k in (0, 1):
            halves = (file[path := f"layers/dense/vars/{k}"][...].view("<u4") >> 16).astype("<u2")
            del file[path]
            file.create_dataset(path, data=halves.view("V2"), chunks=chunks).attrs["dtype"] = "bfloat16"
    is_the_network(network(keras_zip(MODEL, memory.getvalue()), "m.keras"))


def test_keras_2_13_counts_in_twos_under_another_name():
    root = "_layer_checkpoint_dependencies"
    is_the_network(
        network(keras_zip(MODEL, counted_weights([f"{root}/dense", f"{root}/dense_2"])), "m.keras")
    )


def test_keras_2_13_on_windows_writes_backslashes():
    root = "_layer_checkpoint_dependencies"
    weights = counted_weights([f"{root}\\dense", f"{root}\\dense_2"])
    is_the_network(network(keras_zip(MODEL, weights), "m.keras"))


def test_keras_2_12_calls_its_weights_variables():
    data = keras_zip(MODEL, counted_weights(["layers/dense", "layers/dense_1"]), "variables.h5")
    is_the_network(network(data, "m.keras"))


def test_keras_3_0_and_3_5_count_by_class_whatever_layers_are_called():
    model = counted_in_json(
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "dtype": "float32", "name": "in"}},
        dense("zebra", 3, "relu"),
        {"class_name": "Dropout", "config": {"name": "dense", "rate": 0.5}},
        dense("aardvark", 1),
    )
    seed = {"layers/dropout/seed_generator/vars/0": np.array([1, 2], np.uint32)}
    optimizer = {f"optimizer/vars/{k}": np.zeros((2, 3), np.float32) for k in range(12)}
    weights = counted_weights(["layers/dense", "layers/dense_1"], **seed, **optimizer)
    is_the_network(network(keras_zip(model, weights), "m.keras"))


def test_eleven_layers_are_counted_as_numbers():
    """HDF5 lists dense_10 before dense_2."""
    kernels = [np.full((1, 1), k + 1, np.float32) for k in range(12)]
    layers = [dense(f"d{k}", 1, use_bias=False) for k in range(12)]
    weights = {f"layers/dense{f'_{k}' if k else ''}/vars/0": kernel for k, kernel in enumerate(kernels)}
    found = network(keras_zip(counted_in_json(*layers), keras_files.hdf5(weights)), "m.keras")
    assert [layer.weights[0, 0] for layer in found.layers] == list(range(1, 13))
    assert all(layer.biases is None for layer in found.layers)


def test_before_2_10_a_keras_file_could_be_plain_hdf5():
    is_the_network(network(old_h5(MODEL, OLD_WEIGHTS), "model.keras"))


def test_what_a_file_is_says_its_content_where_its_name_does_not(tmp_path):
    (tmp_path / "model").write_bytes(keras_zip(MODEL, counted_weights(["layers/dense", "layers/dense_1"])))
    (tmp_path / "old").write_bytes(old_h5(MODEL, OLD_WEIGHTS))
    is_the_network(load(tmp_path / "model").network)
    is_the_network(load(tmp_path / "old").network)


# model.json


@pytest.mark.parametrize("name", ["model.weights.h5", "model_weights.h5", "weights.h5", "model.h5"])
def test_an_architecture_finds_its_weights_beside_it(name, tmp_path):
    (tmp_path / "model.json").write_text(
        json.dumps({**MODEL, "keras_version": "2.2.4", "backend": "tensorflow"})
    )
    old = old_h5(MODEL, OLD_WEIGHTS)
    (tmp_path / name).write_bytes(
        counted_weights(["layers/dense", "layers/dense_1"]) if "." in name[:-3] else old
    )
    is_the_network(load(tmp_path / "model.json").network)


def test_weights_alone_of_keras_2_list_their_layers_at_the_top(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(MODEL))
    datasets = {f"{layer}/{name}": array for layer, own in OLD_WEIGHTS.items() for name, array in own.items()}
    attributes = {
        layer: {"weight_names": [name.encode() for name in own]} for layer, own in OLD_WEIGHTS.items()
    }
    top = {"/": {"layer_names": [b"dense_1", b"dense_2"], "keras_version": b"2.2.4"}}
    (tmp_path / "mine.h5").write_bytes(keras_files.hdf5(datasets, attributes | top))
    is_the_network(load(tmp_path / "mine.json").network)


def test_an_architecture_without_weights_says_what_was_looked_for(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps(MODEL))
    with pytest.raises(FileError, match=r"none of these is beside it: 'mine.weights.h5', .*'model.h5'"):
        load(tmp_path / "mine.json")
    assert "beside" in refused(json.dumps(MODEL).encode(), "standard input")


def test_an_architecture_of_somebodys_own_class_says_so():
    data = json.dumps({"module": None, "class_name": "Mine", "config": {}, "registered_name": "Mine"})
    assert refused(data.encode(), "m.json").startswith("the model: 'Mine' is 'Mine', not Keras' own")


def test_weights_alone_say_that_their_architecture_is_elsewhere():
    assert "weights alone" in refused(counted_weights(["layers/dense", "layers/dense_1"]))


# What layers make


def activated(given, *layers):
    model = sequential(dense("dense_1", 3, given, batch_input_shape=[None, 2]), *layers, dense("dense_2", 1))
    return model, OLD_WEIGHTS


LAYER = {"name": "a", "trainable": True}

ACTIVATIONS = {
    "None": (None, (), "identity"),
    "a name": ("softsign", (), "softsign"),
    "swish": ("swish", (), "silu"),
    "the function leaky_relu": ("leaky_relu", (), "leaky_relu(0.2)"),
    "the function elu": ("elu", (), "elu"),
    "an object": ({"class_name": "ELU", "config": {"alpha": 0.5}}, (), "elu(0.5)"),
    "a function as an object": (
        {
            "module": "keras.activations",
            "class_name": "function",
            "config": "gelu",
            "registered_name": "gelu",
        },
        (),
        "gelu",
    ),
    "a layer of its own": (
        None,
        ({"class_name": "Activation", "config": {**LAYER, "activation": "tanh"}},),
        "tanh",
    ),
    "LeakyReLU by default": (None, ({"class_name": "LeakyReLU", "config": LAYER},), "leaky_relu(0.3)"),
    "LeakyReLU of Keras 2, a float32": (
        None,
        ({"class_name": "LeakyReLU", "config": {**LAYER, "alpha": 0.30000001192092896}},),
        "leaky_relu(0.3)",
    ),
    "LeakyReLU of Keras 3": (
        None,
        ({"class_name": "LeakyReLU", "config": {**LAYER, "negative_slope": 0.01}},),
        "leaky_relu",
    ),
    "ReLU": (
        None,
        (
            {
                "class_name": "ReLU",
                "config": {**LAYER, "max_value": None, "negative_slope": 0.0, "threshold": 0.0},
            },
        ),
        "relu",
    ),
    "ReLU that leaks": (
        None,
        ({"class_name": "ReLU", "config": {**LAYER, "negative_slope": 0.25}},),
        "leaky_relu(0.25)",
    ),
    "ELU": (None, ({"class_name": "ELU", "config": {**LAYER, "alpha": 1.0}},), "elu"),
    "Softmax": (None, ({"class_name": "Softmax", "config": {**LAYER, "axis": -1}},), "softmax"),
    "a function that was called": (
        None,
        (
            {
                "module": "keras.src.ops.nn",
                "class_name": "LeakyRelu",
                "config": {**LAYER, "negative_slope": 0.2},
            },
        ),
        "leaky_relu(0.2)",
    ),
    "a linear one first": (
        None,
        (
            {"class_name": "Activation", "config": {**LAYER, "activation": "linear"}},
            {"class_name": "ELU", "config": LAYER},
        ),
        "elu",
    ),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_an_activation_is_a_name_an_object_or_a_layer(case):
    given, layers, name = ACTIVATIONS[case]
    assert network(old_h5(*activated(given, *layers))).layers[0].activation == name


@pytest.mark.parametrize(("kind", "more"), [("Flatten", {}), ("Reshape", {"target_shape": [-1]})])
def test_a_picture_is_laid_flat_first(kind, more):
    layers = (
        {"class_name": kind, "config": {"name": "flat", "batch_input_shape": [None, 1, 2], **more}},
        *MODEL["config"]["layers"],
    )
    is_the_network(network(old_h5(sequential(*layers), OLD_WEIGHTS)))


def test_scaling_of_the_inputs_is_worked_into_the_first_layer_and_told():
    scaling = {
        "class_name": "Rescaling",
        "config": {"name": "r", "scale": 0.5, "offset": -1.0, "batch_input_shape": [None, 2]},
    }
    source = Source(old_h5(sequential(scaling, *MODEL["config"]["layers"]), OLD_WEIGHTS), Path("m.h5"))
    found = read(source).network
    np.testing.assert_allclose(found.predict(X), predicted(X * 0.5 - 1), rtol=1e-14)
    assert source.told == ["the scaling of the inputs is worked into the weights of the first layer"]


def layer(kind, **config):
    return {"class_name": kind, "config": {"name": "odd", **config}}


REFUSED = {
    "'Conv2D'": (layer("Conv2D", filters=3),),
    "'BatchNormalization'": (layer("BatchNormalization"),),
    "'Normalization'": (layer("Normalization"),),
    "'Embedding'": (layer("Embedding"),),
    "'LSTM'": (layer("LSTM"),),
    "largest value": (layer("ReLU", max_value=6),),
    "no activation 'relu6'": (layer("Activation", activation="relu6"),),
    "no activation 'hard_sigmoid'": (dense("odd", 3, "hard_sigmoid"),),
    "it follows another activation, relu": (layer("ELU"),),
    "not taken over the nodes": (layer("Softmax", axis=0),),
    "computed by tanh": ({**layer("Gelu", approximate=True), "module": "keras.src.ops.nn"},),
    "'Swish'": (layer("Swish"),),
    "between 0 and 1": (layer("LeakyReLU", alpha=2),),
    "between dense layers": (layer("Rescaling", scale=2.0),),
    "expected from 1 to 10,000 nodes": (dense("odd", 10**9),),
    "found 'yes'": (dense("odd", 3, use_bias="yes"),),
    "its models are nested": None,
}


@pytest.mark.parametrize("words", [words for words, layers in REFUSED.items() if layers])
def test_what_is_no_chain_of_dense_layers_is_refused_with_the_layers_name(words):
    said = refused(old_h5(sequential(MODEL["config"]["layers"][0], *REFUSED[words]), OLD_WEIGHTS))
    assert said.startswith("odd"), said
    assert words in said


def functional(layers, outputs=("dense_2",), inputs=("in",)):
    return {
        "class_name": "Functional",
        "config": {
            "name": "f",
            "layers": layers,
            "input_layers": [[name, 0, 0] for name in inputs],
            "output_layers": [[name, 0, 0] for name in outputs],
        },
    }


def fed(one, *names):
    return {
        **one,
        "name": one["config"]["name"],
        "inbound_nodes": [[[name, 0, 0, {}] for name in names]] if names else [],
    }


IN = fed({"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 2]}})
ONE, TWO = fed(dense("dense_1", 3), "in"), fed(dense("dense_2", 1), "dense_1")

BRANCHES = {
    "two outputs": functional([IN, ONE, TWO], ("dense_1", "dense_2")),
    "two inputs": functional([IN, ONE, TWO], inputs=("in", "in")),
    "a skipped connection": functional(
        [IN, ONE, TWO, fed({"class_name": "Add", "config": {"name": "add"}}, "dense_1", "dense_2")], ("add",)
    ),
    "a layer beside": functional([IN, ONE, TWO, fed(dense("dense_3", 1), "dense_1")]),
    "a loop": functional([IN, fed(dense("dense_1", 3), "dense_2"), TWO]),
    "a layer that is not there": functional([IN, fed(dense("dense_1", 3), "nobody"), TWO]),
    "a layer used twice": functional(
        [IN, {**ONE, "inbound_nodes": [[["in", 0, 0, {}]], [["dense_2", 0, 0, {}]]]}, TWO]
    ),
    "two layers of one name": functional([IN, ONE, ONE, TWO]),
}


@pytest.mark.parametrize("case", BRANCHES)
def test_a_model_that_branches_is_refused(case):
    assert refused(old_h5(BRANCHES[case], OLD_WEIGHTS))


def test_numbers_that_do_not_fit_are_refused_with_their_layer():
    swapped = dict(zip(OLD_WEIGHTS, reversed(OLD_WEIGHTS.values()), strict=True))
    assert refused(old_h5(MODEL, swapped)) == "dense_1: expected a kernel of shape (inputs, 3), found (3, 1)"
    assert "weights of 2 layers, found those of 1" in refused(
        old_h5(MODEL, {"dense_1": OLD_WEIGHTS["dense_1"]})
    )
    wide = sequential(dense("dense_1", 3, batch_input_shape=[None, 7]), dense("dense_2", 1))
    assert "the model's 7 inputs" in refused(old_h5(wide, OLD_WEIGHTS))
    scaled = sequential(layer("Rescaling", scale=1.0, offset=1.0), *MODEL["config"]["layers"])
    few = {**OLD_WEIGHTS["dense_1"], "dense_1/bias:0": np.zeros(0, np.float32)}
    assert refused(old_h5(scaled, OLD_WEIGHTS | {"dense_1": few})) == (
        "dense_1: expected 3 numbers, one for each node, found those of shape (0,)"
    )
    quantised = {**OLD_WEIGHTS["dense_2"], "dense_2/kernel:0": KERNELS[1].astype(np.int8)}
    assert "int8" in refused(old_h5(MODEL, OLD_WEIGHTS | {"dense_2": quantised}))
    broken = {**OLD_WEIGHTS["dense_2"], "dense_2/kernel:0": KERNELS[1] * np.nan}
    assert "dense_2.weights[0][0]: expected a finite number, found NaN" in refused(
        old_h5(MODEL, OLD_WEIGHTS | {"dense_2": broken})
    )
