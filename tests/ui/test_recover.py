"""After a crash the window offers the unsaved work that was left behind."""

import pytest
from PySide6.QtWidgets import QMessageBox

from nnviz.core import edits
from nnviz.document.document import Document
from nnviz.document.recovery import Recovery, leftovers
from nnviz.files import native
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.window.session import offer
from tests.ui.hands import choose


@pytest.fixture
def crashed(tmp_path):
    """A folder with the copy of a program that no longer runs: a weight of `relu` was 9."""
    folder = tmp_path / "recovery"
    folder.mkdir()
    state = edits.set_weight(load(example("relu").path), 0, 0, 0, 9.0)
    (folder / "gone.json").write_bytes(native.write(state))
    (folder / "gone.from").write_text(str(tmp_path / "mine.json"), encoding="utf-8")
    return folder


def test_recovered_work_opens_as_unsaved_changes_to_its_file(open_window, answer, crashed, tmp_path):
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    answer(QMessageBox, choose("Recover"))
    said = offer(window.main_window, recovery, leftovers(crashed))
    assert said == "Recovered unsaved changes to mine.json"
    assert window.document.state.network.layers[0].weights[0, 0] == 9.0
    assert window.document.path == tmp_path / "mine.json"
    assert window.main_window.isWindowModified()
    recovery.close()


def test_a_network_without_a_file_is_recovered_as_one(open_window, answer, crashed):
    (crashed / "gone.from").write_text("")
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    told = []
    answer(QMessageBox, choose("Recover", told))
    said = offer(window.main_window, recovery, leftovers(crashed))
    assert told[0].startswith("nnviz ended with a network that was never saved, last kept at ")
    assert "file" not in told[0]
    assert said == "Recovered a network that was never saved"
    assert window.document.path is None
    recovery.close()


def test_discarded_work_is_not_offered_again(open_window, answer, crashed):
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    answer(QMessageBox, choose("Discard"))
    offer(window.main_window, recovery, leftovers(crashed))
    assert leftovers(crashed) == []
    assert not window.document.modified
    recovery.close()


def test_work_that_is_left_for_later_is_offered_again(open_window, answer, crashed):
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    answer(QMessageBox, choose("Later"))
    assert offer(window.main_window, recovery, leftovers(crashed)) == ""
    assert len(leftovers(crashed)) == 1
    recovery.close()


def test_nothing_is_asked_where_nothing_was_left(open_window, tmp_path):
    window = open_window("relu")
    recovery = Recovery(window.document, tmp_path)
    assert offer(window.main_window, recovery, leftovers(tmp_path)) == ""
    assert isinstance(window.document, Document)
    recovery.close()
