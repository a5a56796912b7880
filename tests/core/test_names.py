"""Names that are shortened can still be told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.names import MOST_COMPARED, shorten_distinctly, shorten_names, shortened

IRIS = [f"{part} {size} (cm)" for part in ("sepal", "petal") for size in ("length", "width")]


@pytest.mark.parametrize("letters", range(8, 18))
@pytest.mark.parametrize(
    "names",
    [
        IRIS,
        [name.replace(" ", "_") for name in IRIS],
        ["the sepal's length in cm", "the sepal's width in cm"],
        ["aaaaaaaaaaaaaaaaaaaa1aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa2aaaaaaaaaaaaaaaaaaaa"],
        [f"measurement_1_{k}" for k in range(120)],
        ["prediction", "target", *IRIS],
    ],
)
def test_names_of_which_each_differs_are_shortened_to_different_texts(names, letters):
    short = shorten_names(names, letters)
    assert len(set(short)) == len(names)
    assert all(len(text) <= letters for text in short)
    assert all(text == name for text, name in zip(short, names, strict=True) if len(name) <= letters)


def test_what_all_end_with_is_left_out_first():
    assert shorten_names(IRIS, 14) == ["sepal length…", "sepal width…", "petal length…", "petal width…"]
    assert shorten_names(IRIS, 11)[:2] == ["sepal leng…", "sepal widt…"]


def test_names_that_differ_anyway_are_shortened_as_usual():
    names = ["accounts of a customer", "children of a family"]
    assert shorten_names(names[:1], 12) == [shortened(names[0], 12)]
    assert shorten_names(names, 12) == [shortened(name, 12) for name in names]


def test_of_very_many_names_each_is_shortened_by_itself():
    names = [f"a name that is long, and has number {k} in it" for k in range(MOST_COMPARED + 1)]
    assert shorten_names(names, 12) == [shortened(name, 12) for name in names]


@given(st.lists(st.text("ab _", min_size=1, max_size=12), max_size=8), st.integers(1, 13))
def test_shortened_names_fit_and_are_never_more_alike_than_usual(names, letters):
    usual = [shortened(name, letters) for name in names]
    short = shorten_distinctly(
        names, lambda text: len(text) <= letters, lambda name: shortened(name, letters)
    )
    assert all(len(text) <= letters for text in short)
    assert len(set(short)) >= len(set(usual))
