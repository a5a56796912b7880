"""The house stays calm: no long file or function, and packages whose arrows run one way."""

import ast

import pytest

from tests.house import LONGEST_FILE, LONGEST_FUNCTION, arrows, circles, files

HOUSE = files()


@pytest.mark.parametrize("file", HOUSE, ids=lambda file: file.module)
def test_no_file_and_no_function_is_long(file):
    assert file.lines <= LONGEST_FILE
    assert [function for function in file.functions if function.lines > LONGEST_FUNCTION] == []


def test_no_packages_import_one_another_round_about():
    assert arrows(HOUSE)["nnviz.ui.window", "nnviz.ui.widgets"] > 0
    assert circles(HOUSE) == []


@pytest.mark.parametrize("file", HOUSE, ids=lambda file: file.module)
def test_every_painter_ends_whatever_is_raised(file):
    """One that is left active in a paintEvent ends the process at the next paint."""
    text = file.path.read_text("utf-8")
    nodes = list(ast.walk(ast.parse(text))) if "ainter" in text else []
    made = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "QPainter"]
    ended = [item.context_expr for node in nodes if isinstance(node, ast.With) for item in node.items]
    assert [ast.unparse(call) for call in made if call not in ended] == []
    assert not any(
        isinstance(node, ast.Attribute) and node.attr == "begin" and ast.unparse(node.value) == "painter"
        for node in nodes
    )
