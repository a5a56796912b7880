"""Undo and redo, the saved mark and the file of a document; the selected row and address are of its state."""

import gc
import sys
import weakref
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.core.train import train
from nnviz.document.document import Document
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from tests.core.oracle import set_weight

pytestmark = pytest.mark.usefixtures("qapp")


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
    document.changed.connect(lambda old, new: heard.append((old.state, new.state)))
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
    def now():
        return number(document), document.state.notes

    document.set_in_motion(True)
    for k, notes in enumerate(("", "a", "ab", "abc")):
        if k:
            document.push(replace(state(k), notes=document.state.notes), "run", "run")
        if k == saved_after:
            document.save(tmp_path / "a.json")
            saved = now()
        if k:
            assert document.edit_below_run("notes", edits.set_notes, notes, "writing")
    document.set_in_motion(False)
    assert now() == (3, "abc")
    clean, went = [], []
    while document.undo_text():
        went.append(document.undo_text())
        document.undo()
        clean += [now()] if not document.modified else []
    assert clean == [saved]
    assert went == ["run", "notes", "run", "notes"][: 2 + saved_after]
    assert now() == (0, "")
    while document.redo_text():
        document.redo()
    assert now() == (3, "abc")


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
    document, networks = Document(state(0, 1000)), []
    for name, limit in limits.items():
        setattr(document, name, limit)
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
    for value in (-3, -2, -1):  # a drag lets go of the states in between
        document.push(state(value), "drag", merge="w")
        networks.append(weakref.ref(document.state.network))
    gc.collect()
    assert [network() is not None for network in networks[-3:]] == [False, False, True]


def test_undo_counts_histories_that_a_run_has_left_behind_and_not_what_states_share(state):
    document = Document(state(0, 1000))
    document.undo_bytes = 1000 * 8
    for value in range(1, 50):
        document.push(replace(document.state, notes=str(value)), "notes")
    while document.undo():
        pass
    assert document.state.notes == ""
    document, stores = Document(state(0)), []
    document.undo_bytes = 6 * 1000 * 16
    for k in range(15):
        runs = document.state.runs
        trained = train(state(k + 2.0), updates=999, learning_rate=0.01).state
        document.push(replace(trained, runs=runs), "Run")
        stores.append(weakref.ref(next(document.state.run.history.stores)))
    assert 3 < sum(store() is not None for store in stores) <= 7


@pytest.mark.parametrize(("pushes", "modified"), [(10, False), (11, True)])
def test_the_saved_state_is_known_as_long_as_undo_reaches_it(state, tmp_path, pushes, modified):
    document = Document(state(0))
    document.undo_steps = 10
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
    heard, one, two = [], state(1), state(2)
    document.changed.connect(lambda old, new: heard.append((old.state, new.state)))

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


def test_a_document_that_a_script_holds_says_so_and_neither_changes_nor_undoes(document, state, qtbot):
    document.push(state(1), "one")
    document.push(state(2), "two")
    document.undo()
    before = document.state
    document.lock("The script trains")
    for change in (document.undo, document.redo, lambda: document.edit("an edit", set_weight, 0, 0, 0, 3.0)):
        with qtbot.waitSignal(document.refused) as refused:
            assert not change()
        assert (document.state, refused.args) == (before, ["The script trains"])
    document.lock("")
    assert document.redo()


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


def test_an_opened_file_replaces_all_and_a_broken_or_a_failed_save_nothing(document, state, tmp_path):
    document.save(tmp_path / "a.json")
    document.push(state(1), "one")
    document.undo()
    document.push(state(2), "two")
    before, heard = document.state, []
    document.changed.connect(lambda old, new: heard.append((old.state, new.state)))
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(FileError):
        document.save(tmp_path / "no folder" / "b.json")
    for name in ("bad.json", "gone.json"):
        with pytest.raises(FileError):
            document.start(*document.read(tmp_path / name))
    assert (document.state, heard, load(tmp_path / "a.json")) == (before, [], state(0))
    assert (document.path, document.undo_text(), document.modified) == (tmp_path / "a.json", "two", True)
    save(state(7), tmp_path / "seven.json")
    document.start(*document.read(tmp_path / "seven.json"))
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


OUTPUT, MOVED = Address("node", 1, 0), Address("node", 2, 0)
FIRST, SECOND = Address("weight", 0, 0, 0), Address("weight", 0, 1, 0)


@pytest.fixture
def hidden(document):
    """Return the document with a network of 2-2-1 nodes and three rows."""
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    document.start(State(network, Dataset([[3, 5], [1, 2], [0, 1]])))
    return document


def selected(moment):
    return moment.address, moment.row


def test_the_selection_moves_with_its_node_in_the_same_moment_as_the_state(hidden):
    heard = []
    hidden.changed.connect(
        lambda old, new: heard.append((selected(old), selected(new), selected(hidden.now)))
    )
    hidden.select(OUTPUT)
    hidden.select_row(2)
    heard.clear()
    hidden.push(edits.remove_rows(edits.add_layer(hidden.state, 1), [2]), "both")
    assert heard == [((OUTPUT, 2), (MOVED, 1), (MOVED, 1))]
    hidden.push(edits.add_node(hidden.state, 1), "a node")
    hidden.push(set_weight(hidden.state, 0, 0, 0, 1.0), "a weight")
    hidden.push(edits.remove_rows(hidden.state, [1]), "fewer rows")
    assert selected(hidden.now) == (MOVED, 0)


def test_a_change_made_while_a_change_is_announced_is_announced_afterwards_to_all(hidden):
    heard = []

    def choose(old, new):
        if new.address and new.row != 1:
            hidden.select_row(1)
        heard.append(("first", selected(old), selected(new)))

    hidden.changed.connect(choose)
    hidden.changed.connect(lambda old, new: heard.append(("second", selected(old), selected(new))))
    hidden.select(OUTPUT)
    assert heard == [
        ("first", (None, 0), (OUTPUT, 0)),
        ("second", (None, 0), (OUTPUT, 0)),
        ("first", (OUTPUT, 0), (OUTPUT, 1)),
        ("second", (OUTPUT, 0), (OUTPUT, 1)),
    ]


def test_a_failing_listener_does_not_keep_later_changes_from_the_others(hidden, qtbot):
    heard = []

    def fail(*_):
        raise RuntimeError("a listener's own fault")

    hidden.changed.connect(fail)
    hidden.changed.connect(lambda _, new: heard.append(new.row))
    with qtbot.captureExceptions() as caught:
        hidden.select_row(1)
        hidden.select_row(2)
    assert (heard, len(caught)) == ([1, 2], 2)


def test_only_what_the_network_has_is_selected(hidden):
    for address in (Address("node", 7, 0), Address("bias", 0, 0)):  # the layer has no biases
        hidden.select(address)
        assert hidden.now.address is None
    for removed in (1, 0):
        hidden.select(FIRST, SECOND)
        hidden.push(edits.remove_node(hidden.state, 1, removed), "a node less")
        assert (hidden.now.weights, hidden.now.second) == ((FIRST, None), None)
        hidden.push(edits.add_node(hidden.state, 1, None), "a node")
