"""Every approved text is still asked for."""

import ast
from pathlib import Path

import pytest

from tests.approved import file_of, read

FILES = [path for path in sorted(Path(__file__).parent.rglob("test_*.py")) if file_of(path).exists()]


@pytest.mark.parametrize("test", FILES, ids=lambda path: path.stem)
def test_a_test_asks_for_every_approved_text(test):
    """A title's part before ` | ` stands in the test; what follows may be computed."""
    nodes = ast.walk(ast.parse(test.read_text("utf-8")))
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    begun = tuple(word for word in words if " | " in word)
    unknown = [title for title in read(file_of(test)) if not {title, title.partition(" | ")[0]} & words]
    assert [title for title in unknown if not title.startswith(begun)] == []
