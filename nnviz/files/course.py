"""The course's weights dictionary, `{"node_0": [2, 4], …, "output": [2, 7]}`, as JSON or as a Python literal.

It opens as a network with relu hidden nodes and an identity output. It holds no rows and no settings.
A Python literal may hold NumPy's arrays, as a course writes them and as Python prints them; no code is run.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from typing import Any

from nnviz.core.address import default_inputs
from nnviz.core.limits import DIGITS, LITERAL
from nnviz.core.names import quoted
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files import json_text
from nnviz.files.errors import FileError, UnfitError, told_by_core
from nnviz.files.progress import Progress

HEAD_BYTES = 2**16
"""Of a file, which may hold nothing but line breaks, so much is looked at to tell what it is."""

_LINES = rb"(?:\s|\#[^\n]*\n|(?:import|from)[ ][^\n]*\n)*"
_START = re.compile(rb"(?:\xef\xbb\xbf)?" + _LINES + rb"""(?:\w+\s*=\s*)?\{\s*['"](?:node_|output)""")
_TOO_LONG = re.compile(rf"(?<![\w.])\d{{{DIGITS.most + 1},}}(?![\w.])")
_NUMPY = ("", "np.", "numpy.")
_ARRAYS = {f"{place}array" for place in _NUMPY}
_FLOATS = {f"{place}float64" for place in _NUMPY}


def sniff(data: bytes) -> bool:
    """Tell whether a file that starts with `data` looks like a weights dictionary."""
    return _START.match(data, 0, HEAD_BYTES) is not None


def read(data: bytes, progress: Progress | None = None) -> State:
    """Return the State that the bytes of a dictionary hold, without rows. Raises FileError."""
    text = json_text.decoded(data)
    try:
        raw = json_text.parsed(text, progress)
    except json_text.BrokenJsonError:
        raw = _literal(text)
    network = _network(raw)
    with told_by_core():
        return State(network, Dataset.empty(network))


def write(state: State) -> bytes:
    """Return the weights of `state` as a dictionary, one node a line.

    Raises FileError for a network that the dictionary cannot hold.
    """
    network = state.network
    nodes = {
        name: row.tolist()
        for layer in network.layers
        for name, row in zip(layer.nodes, layer.weights, strict=True)
    }
    if why := _unfit(network, nodes):
        raise UnfitError(why)
    return (json_text.laid_out(nodes) + "\n").encode()


def _unfit(network: Network, nodes: dict[str, list[float]]) -> str:
    """Return why a dictionary cannot hold `network`, whose `nodes` it would hold: what is where; or ""."""
    for layer in network.layers:
        node = quoted(layer.nodes[0])
        if layer.activation != ("identity" if layer is network.layers[-1] else "relu"):
            return (
                f"{node} has {layer.activation}, and a weights dictionary knows relu hidden nodes and an "
                "identity output"
            )
        if layer.biases is not None:
            return f"{node} has a bias, and a weights dictionary knows none"
    try:
        read = _network(nodes)
    except FileError as error:
        return f"in a weights dictionary nodes have the course's names; {error}"
    same = read.layers == network.layers
    return "" if same else "in a weights dictionary the nodes of a layer are in the order of their numbers"


def left_out(state: State) -> list[str]:
    """Return what of `state` a dictionary does not keep: what it would not have after reading it again."""
    default = State(state.network, Dataset.empty(state.network))
    parts = {
        "the rows": len(state.data) > 0,
        "the names of the inputs": state.network.inputs != default_inputs(len(state.network.inputs)),
        "the title": state.name != default.name,
        "the notes": state.notes != default.notes,
        "the training settings": state.training != default.training,
        "the run": state.run is not None,
        "the weight sets": state.weight_sets != default.weight_sets,
    }
    return [part for part, lost in parts.items() if lost]


def _literal(text: str) -> Any:
    """Return the value of a Python literal, or of one assignment of a literal such as `weights = {…}`.

    `import numpy` may stand before it.
    """
    if len(text) > LITERAL.most:
        longest = (
            f"expected at most {LITERAL.most:,} {LITERAL.things} of a Python literal, found {len(text):,}"
        )
        raise FileError(f"{longest}; as JSON it can be longer")
    refused = FileError(
        "expected a dictionary of lists or np.array([…]) of numbers, as JSON or as a Python literal"
    )
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd escapes in texts, which are refused anyway
            body = ast.parse(text.strip()).body
        body = [part for part in body if not _imports_numpy(part)]
        if len(body) != 1 or not isinstance(body[0], ast.Expr | ast.Assign):
            raise refused
        node = body[0].value
        if isinstance(node, ast.Dict):
            json_text.check_unique([key.value for key in node.keys if isinstance(key, ast.Constant)])
        return ast.literal_eval(_Plain().visit(node))
    except SyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else ""  # none of a text with a NUL
        if _TOO_LONG.search(text):
            raise FileError(f"a whole number has more than {DIGITS.most} digits", place) from None
        raise FileError("this is neither JSON nor a Python literal", place) from None
    except (ValueError, TypeError):
        raise refused from None
    except (RecursionError, MemoryError):
        raise FileError("the dictionary is nested too deeply") from None


def _imports_numpy(part: ast.stmt) -> bool:
    if isinstance(part, ast.ImportFrom):
        return part.module == "numpy"
    return isinstance(part, ast.Import) and all(each.name == "numpy" for each in part.names)


class _Plain(ast.NodeTransformer):
    """Puts the list in the place of `np.array([…])`, and the number in the place of `np.float64(…)`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = ast.unparse(node.func)
        exact = all(
            called in _ARRAYS and key.arg == "dtype" and ast.unparse(key.value) in {"float", *_FLOATS}
            for key in node.keywords
        )
        known = called in _ARRAYS or called in _FLOATS
        return node.args[0] if known and exact and len(node.args) == 1 else node


def _network(raw: Any) -> Network:
    if not isinstance(raw, dict):
        raise FileError("expected a dictionary from node names to lists of weights")
    for name, weights in raw.items():
        if not isinstance(name, str):
            raise FileError(f"expected a node's name, found {quoted(name)}")
        _check_weights(name, weights)
    with told_by_core():
        return Network.from_weights(raw)


def _check_weights(name: str, weights: Any) -> None:
    if not isinstance(weights, list | tuple):
        raise FileError("expected a list of numbers", name)
    if not weights:
        raise FileError("expected at least one number", name)
    for i, weight in enumerate(weights):
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise FileError("expected a number", f"{name}[{i}]")
        if not abs(weight) <= sys.float_info.max:  # NaN too
            raise FileError("expected a finite number", f"{name}[{i}]")
