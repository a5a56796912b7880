"""The house stays calm: no long file or function, and packages whose arrows run one way."""

import ast

from tests.house import LONGEST_FILE, LONGEST_FUNCTION, arrows, circles, files

HOUSE = files()


def test_no_file_and_no_function_is_long():
    assert [(file.name, file.lines) for file in HOUSE if file.lines > LONGEST_FILE] == []
    assert [each for file in HOUSE for each in file.functions if each.lines > LONGEST_FUNCTION] == []


def test_no_packages_import_one_another_round_about():
    assert arrows(HOUSE)["nnviz.ui.window", "nnviz.ui.widgets"] > 0
    assert circles(HOUSE) == []


def test_every_painter_ends_whatever_is_raised():
    """One that is left active in a paintEvent ends the process at the next paint."""
    left, painters = [], 0
    for file in HOUSE:
        text = file.path.read_text("utf-8")
        nodes = list(ast.walk(ast.parse(text))) if "ainter" in text else []
        made = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "QPainter"]
        ended = [item.context_expr for node in nodes if isinstance(node, ast.With) for item in node.items]
        begun = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "begin"]
        left += [(file.name, call.lineno) for call in made if call not in ended]
        left += [(file.name, node.lineno) for node in begun if ast.unparse(node.value) == "painter"]
        painters += len(made)
    assert painters > 0
    assert left == []
