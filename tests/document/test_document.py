"""What is open: changes are undone and redone, a drag is one change, the clean mark, and opening files."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.document import Document
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save


@pytest.fixture
def heard(document):
    """Every (old, new) State that the document has announced."""
    pairs = []
    document.state_changed.connect(lambda old, new: pairs.append((old, new)))
    return pairs


def test_undo_and_redo_go_through_the_very_states_that_were_there(document, state, heard):
    states = [document.state, state(1), state(2)]
    document.push(states[1], "one")
    document.push(states[2], "two")
    document.undo()
    document.undo()
    document.redo()
    went = [states[0], states[1], states[2], states[1], states[0], states[1]]
    assert [new for _, new in heard] == went[1:]
    assert [old for old, _ in heard] == went[:-1]
    assert document.state is states[1]


def test_the_texts_name_the_change_that_undo_and_redo_would_make(document, state):
    assert (document.undo_text(), document.redo_text()) == ("", "")
    document.push(state(1), "edit weight")
    document.push(state(2), "add node")
    assert (document.undo_text(), document.redo_text()) == ("add node", "")
    document.undo()
    assert (document.undo_text(), document.redo_text()) == ("edit weight", "add node")
    document.undo()
    assert (document.undo_text(), document.redo_text()) == ("", "edit weight")


def test_with_nothing_to_undo_or_redo_nothing_happens(document, heard):
    document.undo()
    document.redo()
    assert heard == []


def test_a_new_change_after_undo_replaces_what_could_be_redone(document, state, number):
    document.push(state(1), "one")
    document.push(state(2), "two")
    document.undo()
    document.push(state(3), "three")
    document.redo()
    assert number() == 3
    assert document.undo_text() == "three"
    document.undo()
    assert number() == 1


def test_pushing_the_present_state_is_no_change(document, heard):
    document.push(document.state, "nothing")
    assert (heard, document.undo_text(), document.modified) == ([], "", False)


def test_pushes_of_one_drag_are_one_change(document, state, number):
    document.push(state(1), "before")
    for value in (2, 3, 4):
        document.push(state(value), "drag", merge="w")
    document.undo()
    assert number() == 1
    document.redo()
    assert number() == 4


def test_the_states_that_a_drag_passed_through_are_let_go(document, state):
    passed = state(2)
    gone = weakref.ref(passed.network)
    document.push(state(1), "drag", merge="w")
    document.push(passed, "drag", merge="w")
    document.push(state(3), "drag", merge="w")
    del passed
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(("first", "second"), [("w", "v"), (None, "w"), ("w", None), (None, None)])
def test_pushes_with_different_merges_or_none_are_changes_of_their_own(
    document, state, number, first, second
):
    document.push(state(1), "one", merge=first)
    document.push(state(2), "two", merge=second)
    document.undo()
    assert number() == 1


def test_sealing_ends_a_drag(document, state, number):
    document.push(state(1), "drag", merge="w")
    document.seal()
    document.push(state(2), "drag", merge="w")
    document.undo()
    assert number() == 1


@pytest.mark.parametrize("go_back", ["undo", "undo twice and redo"])
def test_after_undo_or_redo_a_drag_is_a_change_of_its_own(document, state, number, go_back):
    document.push(state(1), "drag", merge="w")
    document.push(state(2), "other", merge="v")
    document.undo()
    if go_back != "undo":
        document.undo()
        document.redo()
    document.push(state(3), "drag", merge="w")
    document.undo()
    assert number() == 1


def test_going_back_to_what_was_saved_is_unmodified(document, state, tmp_path):
    document.push(state(1), "one")
    document.save(tmp_path / "a.json")
    assert not document.modified
    document.push(state(2), "two")
    assert document.modified
    document.undo()
    assert not document.modified
    document.undo()
    assert document.modified
    document.redo()
    assert not document.modified


def test_a_drag_that_goes_on_after_saving_can_be_undone_to_what_was_saved(document, state, number, tmp_path):
    document.push(state(1), "drag", merge="w")
    document.save(tmp_path / "a.json")
    document.push(state(2), "drag", merge="w")
    assert document.modified
    document.undo()
    assert number() == 1
    assert not document.modified


@pytest.mark.parametrize("saved_after", [0, 1, 2])
def test_an_edit_beneath_a_run_is_a_change_of_its_own_and_what_was_saved_stays_reached(
    document, state, number, tmp_path, saved_after
):
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
    assert (number(), document.state.notes) == (3, "abc")
    clean, went = [], []
    while document.undo_text():
        went.append(document.undo_text())
        document.undo()
        clean += [(number(), document.state.notes)] if not document.modified else []
    saved = load(tmp_path / "a.json")
    assert clean == [(saved.network.layers[0].weights[0, 0], saved.notes)]
    assert went == ["run", "notes", "run", "notes"][: 2 + saved_after]
    assert (number(), document.state.notes) == (0, "")
    while document.redo_text():
        document.redo()
    assert (number(), document.state.notes) == (3, "abc")


def test_saving_announces_the_new_place_and_the_clean_mark(document, state, tmp_path):
    document.push(state(1), "one")
    said = []
    document.file_changed.connect(lambda: said.append(document.path))
    document.undo_changed.connect(lambda: said.append(document.modified))
    document.save(tmp_path / "a.json")
    document.save()
    assert said == [False, tmp_path / "a.json"]
    assert load(tmp_path / "a.json") == document.state


def test_a_failed_save_leaves_file_place_and_mark_as_they_were(document, state, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    with pytest.raises(FileError):
        document.save(tmp_path / "no folder" / "b.json")
    assert document.path == tmp_path / "a.json"
    assert document.modified
    assert load(tmp_path / "a.json") == state(0)


def test_opening_a_file_shows_it_with_nothing_to_undo(document, state, heard, tmp_path):
    save(state(7), tmp_path / "seven.json")
    document.push(state(1), "one")
    document.open(tmp_path / "seven.json")
    assert document.state == state(7)
    assert heard[-1][1] is document.state
    assert (document.undo_text(), document.redo_text(), document.modified) == ("", "", False)
    assert document.path == tmp_path / "seven.json"


def test_a_file_that_cannot_be_opened_leaves_everything_as_it_was(document, state, heard, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    document.undo()
    document.push(state(2), "two")
    before, announced = document.state, len(heard)
    (tmp_path / "bad.json").write_text("{")
    for name in ("bad.json", "gone.json"):
        with pytest.raises(FileError):
            document.open(tmp_path / name)
    assert document.state is before
    assert (document.path, document.undo_text(), document.modified) == (tmp_path / "a.json", "two", True)
    assert len(heard) == announced


def test_starting_anew_forgets_the_file_the_changes_and_the_mark(document, state, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    document.start(state(5))
    assert (document.path, document.undo_text(), document.modified) == (None, "", False)


def test_what_was_recovered_is_unsaved_until_it_is_saved_or_another_is_open(document, state, tmp_path):
    document.recover(state(5), tmp_path / "a.json", b"")
    assert document.modified
    document.save()
    assert not document.modified
    document.mark_unsaved()
    document.start(state(6))
    assert not document.modified


def test_a_document_is_called_by_its_name_else_by_its_file(state, tmp_path):
    document = Document(state(0, name=""))
    assert document.title == "Untitled"
    document.save(tmp_path / "wave.json")
    assert document.title == "wave"
    document.push(state(0, name="A line"), "rename")
    assert document.title == "A line"


def number_of(document):
    return document.state.network.layers[0].weights[0, 0]


def test_undo_reaches_back_only_as_far_as_its_memory(state):
    size = 1000
    document = Document(state(0, size), undo_bytes=5.1 * size * 8 * 2)  # weights and inputs
    for value in range(1, 21):
        document.push(state(value, size), "edit")
    for _ in range(20):
        document.undo()
    assert number_of(document) == 15
    assert document.undo_text() == ""
    for _ in range(20):
        document.redo()
    assert number_of(document) == 20


def test_what_undo_cannot_reach_is_let_go(state):
    document = Document(state(0, 1000), undo_bytes=5.1 * 1000 * 8 * 2)
    alive = []
    for value in range(1, 41):
        made = state(value, 1000)
        alive.append(weakref.ref(made.network))
        document.push(made, "edit")
    del made
    gc.collect()
    assert sum(ref() is not None for ref in alive) == 6


def test_undo_counts_only_what_the_states_do_not_share(state):
    document = Document(state(0, 1000), undo_bytes=1000 * 8)
    for value in range(1, 50):
        document.push(replace(document.state, notes=str(value)), "notes")
    for _ in range(49):
        document.undo()
    assert document.state.notes == ""


def test_undo_counts_histories_that_a_run_has_left_behind():
    rows = Dataset(np.array([[1.0]]), np.array([[0.0]]))
    start = State(Network.from_weights({"output": [1]}), rows)
    document = Document(start, undo_bytes=40 * 1000 * 16)
    stores = []
    for k in range(100):
        other = edits.set_weight(start, 0, 0, 0, k + 2.0)
        document.push(train(other, updates=999).state, "Run")
        stores.append(weakref.ref(document.state.run.history.store))
    assert 20 < sum(store() is not None for store in stores) <= 41


def test_the_last_change_can_always_be_undone(state):
    document = Document(state(0), undo_bytes=0)
    document.push(state(1), "one")
    document.push(state(2), "two")
    document.undo()
    assert number_of(document) == 1
    document.undo()
    assert number_of(document) == 1


def test_undo_reaches_back_a_bounded_number_of_steps(state):
    document = Document(state(0), undo_steps=10)
    for value in range(1, 31):
        document.push(state(value), "edit")
    for _ in range(30):
        document.undo()
    assert number_of(document) == 20


@pytest.mark.parametrize(("pushes", "modified"), [(10, False), (11, True)])
def test_the_saved_state_is_known_as_long_as_undo_reaches_it(state, tmp_path, pushes, modified):
    document = Document(state(0), undo_steps=10)
    document.push(state(-1), "edit")
    document.push(state(0), "edit")
    document.save(tmp_path / "a.json")
    for value in range(1, pushes + 1):
        document.push(state(value), "edit")
    for _ in range(20):
        document.undo()
    assert document.modified is modified
