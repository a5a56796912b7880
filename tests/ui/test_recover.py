"""After a crash the window offers the unsaved work that was left behind."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from nnviz.core import edits
from nnviz.document.document import Document
from nnviz.document.recovery import Recovery, leftovers
from nnviz.files import native
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.window.recover import offer


@pytest.fixture
def crashed(tmp_path):
    """A folder with the copy of a program that no longer runs: a weight of `relu` was 9."""
    folder = tmp_path / "recovery"
    folder.mkdir()
    state = edits.set_weight(load(example("relu").path), 0, 0, 0, 9.0)
    (folder / "gone.json").write_bytes(native.write(state))
    (folder / "gone.from").write_text(str(tmp_path / "mine.json"), encoding="utf-8")
    return folder


def answer(word):
    """Press the button `word` of the message box that is about to open."""

    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(own for own in box.buttons() if own.text().replace("&", "") == word).click()

    QTimer.singleShot(0, press)


def test_recovered_work_opens_as_unsaved_changes_to_its_file(open_window, crashed, tmp_path):
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    answer("Recover")
    said = offer(window.main_window, recovery, leftovers(crashed))
    assert said == "Recovered the unsaved changes to mine.json"
    assert window.document.state.network.layers[0].weights[0, 0] == 9.0
    assert window.document.path == tmp_path / "mine.json"
    assert window.main_window.isWindowModified()
    recovery.close()


def test_discarded_work_is_not_offered_again(open_window, crashed):
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    answer("Discard")
    offer(window.main_window, recovery, leftovers(crashed))
    assert leftovers(crashed) == []
    assert not window.document.modified
    recovery.close()


def test_work_that_is_left_for_later_is_offered_again(open_window, crashed):
    window = open_window("relu")
    recovery = Recovery(window.document, crashed)
    answer("Later")
    assert offer(window.main_window, recovery, leftovers(crashed)) == ""
    assert len(leftovers(crashed)) == 1
    recovery.close()


def test_nothing_is_asked_where_nothing_was_left(open_window, tmp_path):
    window = open_window("relu")
    recovery = Recovery(window.document, tmp_path)
    assert offer(window.main_window, recovery, leftovers(tmp_path)) == ""
    assert isinstance(window.document, Document)
    recovery.close()
