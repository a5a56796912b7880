"""`nnviz.show` of Keras models: the network predicts what Keras does."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

import nnviz
from nnviz.files.foreign import name_of, network_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Of Keras with PyTorch, to NumPy."""

X = np.random.default_rng(0).normal(size=(20, 3)).astype("f4")

NAMES = [
    "linear",
    "relu",
    "elu",
    "selu",
    "silu",
    "gelu",
    "sigmoid",
    "tanh",
    "softsign",
    "softplus",
    "softmax",
]
LAYERS = [layers.LeakyReLU(), layers.ELU(0.5), layers.ReLU(), layers.Softmax(), layers.Activation("swish")]


def same(model):
    network = network_of(model)
    expected = keras.ops.convert_to_numpy(model(X))
    np.testing.assert_allclose(network.predict(X), expected, rtol=1e-6, atol=1e-6)
    return network


def sequential(*parts, kind=keras.Sequential):
    return kind([keras.Input((3,)), *parts])


@pytest.mark.parametrize("own", [*NAMES, *LAYERS], ids=str)
def test_a_sequential_model_predicts_the_same(own):
    parts = [layers.Dense(4, own)] if isinstance(own, str) else [layers.Dense(4), own]
    network = same(sequential(*parts, layers.Dropout(0.5), layers.Dense(2, "softmax", use_bias=False)))
    assert network.layers[1].biases is None
    assert network.sizes == (3, 4, 2)


def test_a_window_is_called_as_the_model():
    assert name_of(keras.Sequential([keras.Input((3,))], name="wine")) == "wine"


def test_models_within_models_and_functional_ones_predict_the_same():
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, "tanh"), layers.LeakyReLU(0.1)][:2], name="inner"
    )
    same(sequential(layers.Dense(4, "relu"), inner, layers.Dense(1)))
    given = keras.Input((3,))
    inside = keras.Input((4,))
    functional = keras.Model(inside, layers.Dense(2, "gelu", name="dense")(inner(inside)), name="outer")
    same(keras.Model(given, layers.Dense(1, name="dense")(functional(layers.Dense(4)(given)))))


class Own(keras.Sequential):
    """Computes as its base does."""


class Calls(keras.Model):
    """Computes by a `call` of its own."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def test_a_subclass_that_computes_the_same_is_shown_and_one_with_a_call_of_its_own_refused():
    same(sequential(layers.Dense(2), kind=Own))
    model = Calls()
    model(X)
    with pytest.raises(nnviz.FileError, match=r"^Calls: it computes by a call of its own"):
        network_of(model)


def test_where_inputs_are_scaled_it_is_said():
    model = sequential(layers.Rescaling(2.0, offset=1.0), layers.Dense(2))
    with pytest.warns(UserWarning, match="the scaling of the inputs is worked into the weights"):
        same(model)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_weights_of_any_type_are_shown_as_they_are(dtype):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype=dtype)])
    kernel = keras.ops.convert_to_numpy(keras.ops.cast(model.layers[0].kernel, "float64"))
    assert np.array_equal(network_of(model).layers[0].weights, kernel.T)


def strange(x):
    return x


def named_relu(x):
    return x * x


named_relu.__name__ = "relu"


class Doubled(layers.Dense):
    """It says that it is a Dense layer."""

    def call(self, x):
        return 2 * super().call(x)


Doubled.__name__, Doubled.__module__ = "Dense", "__main__"


REFUSED = {
    "no weights": (lambda: keras.Sequential([layers.Dense(2)]), "Sequential: it has no weights yet"),
    "a convolution": (
        lambda: keras.Sequential([keras.Input((3, 1)), layers.Conv1D(2, 1, name="conv")]),
        "conv: it is a layer of the class 'Conv1D'",
    ),
    "a function of one's own": (lambda: sequential(layers.Dense(2, strange, name="d")), "d: "),
    "a function of one's own that is called relu": (
        lambda: sequential(layers.Dense(2), layers.Activation(named_relu, name="d")),
        "d: its activation is a function that is not Keras' own",
    ),
    "a part of a function": (
        lambda: sequential(layers.Dense(2, partial(keras.activations.gelu, approximate=True), name="d")),
        "d: its activation is a function that is not Keras' own",
    ),
    "a layer of one's own that is called Dense": (
        lambda: sequential(Doubled(2, name="d")),
        "d: 'Dense' is 'Dense', not Keras' own",
    ),
    "a lambda": (lambda: sequential(layers.Lambda(strange, name="l"), layers.Dense(2)), "l: it is a Lambda"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_chain_is_refused_with_its_place(name):
    model, sentence = REFUSED[name]
    with pytest.raises(nnviz.FileError) as refused:
        network_of(model())
    assert str(refused.value).startswith(sentence)


def test_dropout_that_is_called_as_in_training_is_refused():
    given = keras.Input((3,))
    kept = layers.Dropout(0.5, name="drop")(layers.Dense(3)(given), training=True)
    with pytest.raises(nnviz.FileError, match=r"^drop: it is called as in training"):
        network_of(keras.Model(given, layers.Dense(2)(kept)))
    same(keras.Model(given, layers.Dropout(0.5)(layers.Dense(3)(given), training=False)))


def test_branches_layers_and_other_activations_are_refused():
    given = keras.Input((3,))
    with pytest.raises(nnviz.FileError, match="nnviz opens chains of layers"):
        network_of(keras.Model(given, layers.Add()([layers.Dense(3)(given), given])))
    with pytest.raises(TypeError, match=r"^of Keras nnviz shows models, found a Dense$"):
        network_of(layers.Dense(2))
    with pytest.raises(nnviz.FileError, match=r"^activations: the model itself says its own: identity$"):
        network_of(sequential(layers.Dense(2)), ["relu"])
