"""The formats that are tested here: those whose optional libraries are installed."""

import tomllib
from importlib.util import find_spec
from pathlib import Path

from nnviz.files.registry import FORMATS

_EXTRAS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def installed(extra):
    """Tell whether all that an extra names is installed."""
    return all(find_spec(line.partition(">=")[0]) for line in _EXTRAS.get(extra, ()))


HERE = [form for form in FORMATS if installed(form.extra)]
SAVED = [form for form in HERE if form.saved]
