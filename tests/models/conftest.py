"""Tests against other people's libraries: `pip install '.[models-test]'`; without those none is collected."""

import os
from importlib.util import find_spec

os.environ.setdefault("KERAS_BACKEND", "torch")

collect_ignore_glob = [] if all(map(find_spec, ("keras", "torch", "h5py", "onnx", "sklearn"))) else ["test_*"]
