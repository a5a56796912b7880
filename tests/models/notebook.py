"""Runs the example notebook: `python -m tests.models.notebook` writes it with the outputs that it has now."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "resources" / "notebooks" / "a-network.ipynb"


def executed():
    """Return the notebook with its outputs, without times, and leave nothing in the home folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    path = {"metadata": {"path": str(NOTEBOOK.parent)}}
    with tempfile.TemporaryDirectory() as folder:
        home = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"), folder)
        with patch.dict(os.environ, home):
            NotebookClient(notebook, timeout=120, record_timing=False, resources=path).execute()
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main():
    nbformat.write(executed(), NOTEBOOK)
    print(f"{NOTEBOOK.name}: {NOTEBOOK.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
