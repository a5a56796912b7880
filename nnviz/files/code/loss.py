"""The loss in other people's notation, in one place."""

from __future__ import annotations

from typing import NamedTuple


class Loss(NamedTuple):
    """A loss as code has it.

    ============= ======================================================================
    `name`        what it is called in a sentence
    `variable`    what it is called in code
    `numpy`       an expression of `prediction` and `y`, arrays of shape (rows, outputs)
    `numpy_slope` one that gives its slope with respect to the prediction
    `row_slope`   the same of one row and output, an expression of `error`, prediction − target
    `keras`       a name of `keras.losses`
    `torch`       a class of `torch.nn`
    ============= ======================================================================
    """

    name: str
    variable: str
    numpy: str
    numpy_slope: str
    row_slope: str
    keras: str
    torch: str


MSE = Loss(
    "MSE",
    "mse",
    "np.mean((prediction - y) ** 2)",
    "2 * (prediction - y) / y.size",
    "2 * error",
    "mean_squared_error",
    "MSELoss",
)
