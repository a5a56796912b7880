"""The house stays calm: no long file or function, and packages whose arrows run one way."""

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
