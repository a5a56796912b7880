"""Undo and redo, the saved mark, and the file of a document."""

import gc
import sys
import weakref
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core import edits
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.document import Document
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save


def number(document):
    return document.state.network.layers[0].weights[0, 0]


class UndoModel:
    """What undo has to do: a list of states, the text of the change that led to each, and the saved one."""

    def __init__(self, state):
        self.states, self.texts, self.at, self.saved, self.merge = [state], [""], 0, 0, None

    def push(self, state, text, merge):
        is_merged = merge is not None and merge == self.merge and self.at != self.saved
        self.merge, self.at = merge, self.at + (not is_merged)
        self.states[self.at :], self.texts[self.at :] = [state], [text]
        if self.saved is not None and self.saved >= self.at:
            self.saved = None

    def go(self, steps):
        if 0 <= self.at + steps < len(self.states):
            self.at, self.merge = self.at + steps, None


OPERATIONS = st.one_of(
    st.tuples(st.just("push"), st.sampled_from([None, "v", "w"])),
    st.sampled_from([("push", "w"), ("again",), ("undo",), ("redo",), ("seal",), ("save",)]),
)


@given(st.lists(OPERATIONS, min_size=10, max_size=25))
def test_undo_redo_merging_and_saving_agree_with_a_list_of_states(tmp_path_factory, operations):
    empty = State(Network.from_weights({"output": [0]}), Dataset([[1]]))
    document, model, heard, path = Document(empty), UndoModel(empty), [], tmp_path_factory.getbasetemp()
    document.state_changed.connect(lambda old, new: heard.append((old, new)))
    for k, (name, *merge) in enumerate(operations):
        before = document.state
        if name == "push":
            state = replace(empty, notes=str(k))
            document.push(state, f"change {k}", *merge)
            model.push(state, f"change {k}", *merge)
        elif name == "again":
            document.push(document.state, "nothing")
        elif name == "seal":
            document.seal()
            model.merge = None
        elif name == "save":
            document.save(path / "saved.json")
            model.saved = model.at
        else:
            model.go(-1 if name == "undo" else 1)
            assert getattr(document, name)() is (model.states[model.at] is not before)
        assert document.state is model.states[model.at]
        assert document.undo_text() == model.texts[model.at]
        assert document.redo_text() == "".join(model.texts[model.at + 1 : model.at + 2])
        assert document.modified is (model.at != model.saved)
        assert heard == ([] if document.state is before else [(before, document.state)])
        heard.clear()


@pytest.mark.parametrize("saved_after", [0, 1, 2])
def test_an_edit_beneath_a_run_is_a_change_of_its_own(document, state, tmp_path, saved_after):
    def save_at(when):
        if when == saved_after:
            document.save(tmp_path / "a.json")

    document.set_in_motion(True)
    save_at(0)
    for k, notes in ((1, "a"), (2, "ab"), (3, "abc")):
        document.push(replace(state(k), notes=document.state.notes), "run", "run")
        save_at(k)
        assert document.edit_beneath("notes", edits.set_notes, notes, "writing")
    document.set_in_motion(False)
    assert (number(document), document.state.notes) == (3, "abc")
    clean, went = [], []
    while document.undo_text():
        went.append(document.undo_text())
        document.undo()
        clean += [(number(document), document.state.notes)] if not document.modified else []
    saved = load(tmp_path / "a.json")
    assert clean == [(saved.network.layers[0].weights[0, 0], saved.notes)]
    assert went == ["run", "notes", "run", "notes"][: 2 + saved_after]
    assert (number(document), document.state.notes) == (0, "")
    while document.redo_text():
        document.redo()
    assert (number(document), document.state.notes) == (3, "abc")


# --- what undo holds in memory

TWO_ARRAYS = 2 * 1000 * 8
"""Bytes of the weights and the inputs of a layer of 1000 weights."""


@pytest.mark.parametrize(
    ("limits", "pushes", "oldest"),
    [
        ({"undo_bytes": 5.1 * TWO_ARRAYS}, 20, 15),
        ({"undo_bytes": 0}, 2, 1),  # the last change can always be undone
        ({"undo_steps": 10}, 30, 20),
    ],
)
def test_undo_reaches_back_to_its_limit_and_lets_go_of_older_states(state, limits, pushes, oldest):
    document, networks = Document(state(0, 1000), **limits), []
    for value in range(1, pushes + 1):
        document.push(state(value, 1000), "edit")
        networks.append(weakref.ref(document.state.network))
    gc.collect()
    assert [k for k, network in enumerate(networks, 1) if network()] == [*range(oldest, pushes + 1)]
    while document.undo():
        pass
    assert (number(document), document.undo_text()) == (oldest, "")
    while document.redo():
        pass
    assert number(document) == pushes


def test_a_drag_lets_go_of_the_states_in_between(document, state):
    networks = []
    for value in (1, 2, 3):
        document.push(state(value), "drag", merge="w")
        networks.append(weakref.ref(document.state.network))
    gc.collect()
    assert [network() is not None for network in networks] == [False, False, True]


def test_undo_counts_only_what_the_states_do_not_share(state):
    document = Document(state(0, 1000), undo_bytes=1000 * 8)
    for value in range(1, 50):
        document.push(replace(document.state, notes=str(value)), "notes")
    while document.undo():
        pass
    assert document.state.notes == ""


def test_undo_counts_histories_that_a_run_has_left_behind():
    start = State(Network.from_weights({"output": [1]}), Dataset([[1.0]], [[0.0]]))
    document = Document(start, undo_bytes=6 * 1000 * 16)
    stores = []
    for k in range(15):
        other = edits.set_weight(start, 0, 0, 0, k + 2.0)
        document.push(train(other, updates=999).state, "Run")
        stores.append(weakref.ref(document.state.run.history.store))
    assert 3 < sum(store() is not None for store in stores) <= 7


@pytest.mark.parametrize(("pushes", "modified"), [(10, False), (11, True)])
def test_the_saved_state_is_known_as_long_as_undo_reaches_it(state, tmp_path, pushes, modified):
    document = Document(state(0), undo_steps=10)
    document.push(state(-1), "edit")
    document.push(state(0), "edit")
    document.save(tmp_path / "a.json")
    for value in range(1, pushes + 1):
        document.push(state(value), "edit")
    while document.undo():
        pass
    assert document.modified is modified


def test_signals_and_undo_pushes_lose_no_reference_to_none(document, state):
    """Some versions of PySide6 lose one at every void call, until the program aborts."""
    heard = []
    document.state_changed.connect(lambda *states: heard.append(states))
    one, two = state(1), state(2)

    def changes():
        for _ in range(150):
            document.push(one, "one")  # each emits state_changed and undo_changed
            document.push(two, "two")
            document.undo()
            document.redo()
        document.start(one)
        heard.clear()

    changes()
    before = sys.getrefcount(None)  # from CPython 3.12 on None is immortal, and nothing is counted
    changes()
    assert abs(before - sys.getrefcount(None)) < 100


# --- the file


def test_a_saved_document_has_its_files_name_and_announces_the_file_once(state, tmp_path):
    document, said = Document(state(0, name="")), []
    document.file_changed.connect(lambda: said.append(document.path))
    document.undo_changed.connect(lambda: said.append(document.modified))
    assert (document.title, document.path) == ("Untitled", None)
    document.push(state(1, name=""), "one")
    document.save(tmp_path / "wave.json")
    document.save()
    assert said == [True, False, tmp_path / "wave.json"]
    assert document.title == "wave"
    assert load(tmp_path / "wave.json") == document.state
    document.push(state(2, name="A line"), "rename")
    assert document.title == "A line"


def test_a_failed_save_leaves_the_file_its_place_and_the_mark(document, state, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    with pytest.raises(FileError):
        document.save(tmp_path / "no folder" / "b.json")
    assert (document.path, document.modified) == (tmp_path / "a.json", True)
    assert load(tmp_path / "a.json") == state(0)


def test_an_opened_file_replaces_all_and_a_broken_one_nothing(document, state, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    document.undo()
    document.push(state(2), "two")
    before, heard = document.state, []
    document.state_changed.connect(lambda *states: heard.append(states))
    (tmp_path / "bad.json").write_text("{")
    for name in ("bad.json", "gone.json"):
        with pytest.raises(FileError):
            document.open(tmp_path / name)
    assert document.state is before
    assert (document.path, document.undo_text(), document.modified) == (tmp_path / "a.json", "two", True)
    assert heard == []
    save(state(7), tmp_path / "seven.json")
    document.open(tmp_path / "seven.json")
    assert document.state == state(7)
    assert heard == [(before, document.state)]
    assert (document.undo_text(), document.redo_text(), document.modified) == ("", "", False)
    assert document.path == tmp_path / "seven.json"


def test_a_recovered_document_is_unsaved_until_it_is_saved(document, state, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    document.start(state(5))
    assert (document.path, document.undo_text(), document.modified) == (None, "", False)
    document.recover(state(5), tmp_path / "b.json", b"")
    assert (document.path, document.modified) == (tmp_path / "b.json", True)
    document.save()
    assert not document.modified
    document.mark_unsaved()
    assert document.modified
    document.start(state(6))
    assert not document.modified
