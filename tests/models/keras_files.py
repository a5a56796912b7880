"""Keras' files made by hand, with h5py and json alone: those of versions that cannot be installed here."""

import io
import json
import zipfile

import h5py
import numpy as np

KERNELS = [
    np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]], np.float32),
    np.array([[2.0], [-1.5], [0.75]], np.float32),
]
"""Of a network 2-3-1, of shape (inputs, nodes)."""
BIASES = [np.array([0.5, -0.25, 1.0], np.float32), np.array([0.125], np.float32)]


def hdf5(datasets=(), attributes=()):
    """Return an HDF5 file of arrays by path, and of attributes by the path of their group."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for path, array in dict(datasets).items():
            file[path] = array
        for path, values in dict(attributes).items():
            for name, value in values.items():
                file.require_group(path).attrs[name] = value
    return memory.getvalue()


def old_h5(model, weights, version="2.2.4", **more):
    """Return an `.h5` in the old layout: `weights` are arrays by name, by their layer's name."""
    datasets, attributes = {}, {}
    for layer, arrays in weights.items():
        attributes[f"model_weights/{layer}"] = {"weight_names": np.array([name.encode() for name in arrays])}
        datasets |= {f"model_weights/{layer}/{name}": array for name, array in arrays.items()}
    names = {"layer_names": np.array([name.encode() for name in weights])}
    head = {"keras_version": version.encode(), "backend": b"tensorflow"}
    attributes["model_weights"] = head | names
    attributes["/"] = head | {"model_config": json.dumps(model).encode()} | more
    return hdf5(datasets, attributes)


def keras_zip(model, weights, name="model.weights.h5"):
    """Return a `.keras` of an architecture and the bytes of its weights."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0", "date_saved": "2024-09-01"}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr(name, weights)
    return memory.getvalue()


def dense(name, units, activation="linear", **more):
    """Return a Dense layer as Keras 2 writes it."""
    config = {"name": name, "trainable": True, "units": units, "activation": activation, "use_bias": True}
    return {"class_name": "Dense", "config": {**config, **more}}


def layer(kind, name="odd", **config):
    """Return a layer as Keras 2 writes it."""
    return {"class_name": kind, "config": {"name": name, **config}}


def of_keras_3(layer, module="keras.layers", registered=None):
    """Return a layer as Keras 3 writes it, with the module that it is of."""
    return {"module": module, "registered_name": registered, **layer}


def sequential(*layers):
    """Return a Sequential model as Keras from 2.2.3 on writes it."""
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}


MODEL = sequential(dense("dense_1", 3, "relu", batch_input_shape=[None, 2]), dense("dense_2", 1))
"""The network 2-3-1."""
OLD_WEIGHTS = {
    f"dense_{k + 1}": {f"dense_{k + 1}/kernel:0": KERNELS[k], f"dense_{k + 1}/bias:0": BIASES[k]}
    for k in (0, 1)
}


def counted_weights(paths, **more):
    """Return weights in the layout of Keras 3, where the groups of the layers stand at these paths."""
    datasets = {
        f"{path}/vars/{i}": both[k]
        for k, path in enumerate(paths)
        for i, both in enumerate((KERNELS, BIASES))
    }
    return hdf5(datasets | more)


def predicted(x, activation=lambda z: np.maximum(z, 0)):
    """Return the predictions of the network 2-3-1, in float64."""
    hidden = activation(x @ KERNELS[0].astype(float) + BIASES[0])
    return hidden @ KERNELS[1].astype(float) + BIASES[1]


def functional_model():
    """Return the network 2-3-1 as a functional model of Keras 3."""

    def layer(kind, config, *fed_by):
        name = config["name"]
        nodes = [{"args": [tensor(before)], "kwargs": {}} for before in fed_by]
        known = {"module": "keras.layers", "registered_name": None, "class_name": kind}
        return {**known, "config": config, "name": name, "inbound_nodes": nodes}

    def tensor(name):
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    one, two = (each["config"] for each in MODEL["config"]["layers"])
    layers = [
        layer("InputLayer", {"name": "in", "batch_shape": [None, 2], "dtype": "float32"}),
        layer("Dense", one, "in"),
        layer("LeakyReLU", {"name": "leaky", "negative_slope": 0.25}, "dense_1"),
        layer("Dense", two, "leaky"),
    ]
    layers[1]["config"] = {**one, "activation": "linear"}
    ends = {"input_layers": ["in", 0, 0], "output_layers": [["dense_2", 0, 0]]}
    config = {"name": "functional", "layers": layers, **ends}
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def packed_h5():
    """Return the network 2-3-1 in the old layout, those of its first layer in packed chunks."""
    memory = io.BytesIO(old_h5(MODEL, OLD_WEIGHTS))
    with h5py.File(memory, "r+") as file:
        del file["model_weights/dense_1/dense_1/kernel:0"]
        how = {"chunks": (1, 2), "compression": "gzip", "shuffle": True, "fletcher32": True}
        file["model_weights/dense_1"].create_dataset("dense_1/kernel:0", data=KERNELS[0], **how)
    return memory.getvalue()
