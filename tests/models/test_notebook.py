"""The example notebook runs, and shows what it says that it shows."""

import nbformat

from tests.models.notebook import NOTEBOOK, executed

ANEW = "python -m tests.models.notebook writes it anew"


def shown(notebook):
    """Each code cell's outputs: texts as they are, of pictures and tables that they are there."""
    return [
        (cell.source, [_shown(output) for output in cell.outputs])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _shown(output):
    if output.output_type == "stream":
        return output.name, output.text
    assert output.output_type == "execute_result", output
    return sorted(output.data), output.data["text/plain"]


def test_the_notebook_runs_and_prints_what_stands_in_it():
    now, written = shown(executed()), shown(nbformat.read(NOTEBOOK, as_version=4))
    for one, other in zip(now, written, strict=True):
        assert one == other, ANEW
    kinds = {kind for _, outputs in now for output in outputs for kind in output[0] if "/" in kind}
    assert kinds == {"image/svg+xml", "text/html", "text/plain"}
