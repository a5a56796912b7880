"""The notebooks that ship are executed, small, and say nothing of the computer that they ran on."""

import json
import re
from xml.etree import ElementTree

import pytest

from nnviz._resources import resources

NOTEBOOKS = sorted((resources() / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def text(request):
    return request.param.read_text(encoding="utf-8")


def code_cells(text):
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def test_a_notebook_ships():
    assert NOTEBOOKS


def test_it_is_executed_in_order_and_without_an_error(text):
    cells = code_cells(text)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert {output["output_type"] for cell in cells for output in cell["outputs"]} <= {
        "execute_result",
        "stream",
    }
    assert all(cell["outputs"] for cell in cells)


def test_it_is_small_and_knows_no_time_and_no_computer(text):
    assert len(text) < 200_000
    assert [cell["metadata"] for cell in json.loads(text)["cells"] if cell["metadata"]] == []
    assert re.findall(r'"[^"]*(?:/home/|/tmp/|/Users/|[A-Z]:\\\\)[^"]*"|\b20\d\d-\d\d-\d\d', text) == []


def test_its_pictures_are_whole(text):
    pictures = [
        "".join(output["data"]["image/svg+xml"])
        for cell in code_cells(text)
        for output in cell["outputs"]
        if "image/svg+xml" in output.get("data", {})
    ]
    assert pictures
    for picture in pictures:
        ElementTree.fromstring(picture)
