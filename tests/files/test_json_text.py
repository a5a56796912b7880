"""JSON is read as Python reads it, but strictly, within limits, and with word of how far it is."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.files import json_text
from nnviz.files.errors import FileError
from nnviz.files.progress import STEP, CancelledError

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | LETTERS
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=20,
)


def plain(value):
    """Return what was read with its Rows as lists."""
    if isinstance(value, json_text.Row):
        return value.numbers.tolist()
    if isinstance(value, list):
        return list(map(plain, value))
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def fault(text):
    """Return what Python says is wrong with a text, or None."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error
    return None


@given(TREES, st.sampled_from([None, 0, 3]), st.booleans())
def test_it_is_what_python_reads(tree, indent, ascii_only):
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    assert plain(json_text.parsed(text)) == json.loads(text)


@given(st.text(st.sampled_from('[]{}:,"\\ 0123-.eEtrufalsn\n'), max_size=12))
def test_what_python_refuses_is_refused_at_the_same_place(text):
    wrong = fault(text)
    if wrong is None:
        assert plain(json_text.parsed(text)) == json.loads(text)
        return
    with pytest.raises(FileError) as caught:
        json_text.parsed(text)
    assert caught.value.place == (f"line {wrong.lineno}, column {wrong.colno}" if text.strip() else "")


@given(
    st.recursive(st.floats(allow_nan=False, allow_infinity=False), lambda inner: st.lists(inner, max_size=5))
)
def test_what_is_written_is_read_bit_for_bit(tree):
    assert repr(plain(json_text.parsed(json_text.laid_out(tree)))).replace(".0", "") == repr(tree).replace(
        ".0", ""
    )


def test_every_float_is_written_as_python_writes_it_but_whole_numbers():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
    scaled = rng.normal(size=20_000) * 10.0 ** rng.integers(-9, 18, 20_000)
    odd = [
        5e-324,
        1e-5,
        9.99e-6,
        0.000012,
        10.000012,
        1e15,
        1e16,
        2.0**53,
        -0.0,
        0.1 + 0.2,
        1.7976931348623157e308,
    ]
    for value in [*bits[np.isfinite(bits)].tolist(), *scaled.tolist(), *odd, *(-value for value in odd)]:
        text = json_text.laid_out([value])
        assert text in (f"[{value!r}]", f"[{value!r}]".replace(".0]", "]"))
        assert np.array(json.loads(text), float).tobytes() == np.array([value]).tobytes()
    row = json_text.Row(np.array([2, -0.0, 0, 10.00005, 1e-5, 1e15, -3, 1.5e-5]))
    assert (
        json_text.laid_out([row]) == "[\n  [2, -0.0, 0, 10.00005, 1e-05, 1000000000000000.0, -3, 1.5e-05]\n]"
    )


def test_a_list_of_numbers_within_a_list_is_a_row_and_texts_are_no_numbers():
    read = json_text.parsed('{"w": [[1, 2.5], [], ["a", 2.0], [true], [1e999]], "b": [1, 2]}')
    kinds = [type(each).__name__ for each in read["w"]]
    assert kinds == ["Row", "Row", "list", "list", "list"]
    assert read["b"] == [1, 2]
    assert json_text.laid_out(["1.0, 2.0]", "[3.0]"]) == '["1.0, 2.0]", "[3.0]"]'


def test_a_text_may_be_as_long_as_the_notes_in_any_notation():
    text = json.dumps("\N{GRINNING FACE}" * 100_000)  # each as twelve letters
    assert len(json_text.parsed(f"[{text}, 1]")[0]) == 100_000
    with pytest.raises(FileError, match=r"^line 1, column 2: a text has too many letters$"):
        json_text.parsed(f'["x{text[1:]}, 1]')


def test_nesting_ends_where_the_limit_says():
    assert json_text.parsed("[" * 32 + "1" + "]" * 32) is not None
    with pytest.raises(FileError, match=r"^the JSON is nested too deeply$"):
        json_text.parsed("[" * 33 + "1" + "]" * 33)


def test_keys_are_counted_over_all_objects_and_not_in_texts():
    assert json_text.parsed(json.dumps({"a": ":" * 1_100_001, "b": {}})) is not None
    objects = ",".join(["{" + ",".join(f'"{k}":0' for k in range(1_100)) + "}"] * 1_001)
    with pytest.raises(FileError, match=r"^expected at most 1,100,000 keys$"):
        json_text.parsed(f"[{objects}]")


def test_it_is_told_how_far_it_is_and_what_is_raised_ends_the_reading():
    text = json.dumps([[0.5] * 100] * 2000)
    told = []
    json_text.parsed(text, told.append)
    assert told == sorted(told)
    assert len(told) == len(text) // STEP
    assert 0.0 < told[0] < told[-1] < 1.0

    def stop(_part):
        raise CancelledError

    with pytest.raises(CancelledError):
        json_text.parsed(text, stop)
