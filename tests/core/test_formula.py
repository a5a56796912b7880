"""Formulas: their numbers, refusals, the columns that they compute, and generated rows."""

import builtins
import math
import random
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.columns import Column, Columns
from nnviz.core.formula import FUNCTIONS, Formula, proposals, readable
from nnviz.core.function import node_functions, refined_pictures, section
from nnviz.core.generators import KINDS, formula_kind
from nnviz.core.metrics import measure_all
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.core.train import train
from nnviz.document.moment import Moment
from nnviz.explain.explain import explain
from nnviz.explain.lines import Note
from tests.core.refusals import refusals

NAMES = ("x_0", "x_1", "petal length (cm)", "größe", "sin")
"""Names of columns: identifiers, a name with blanks, one with other letters, and one of a function."""
PYTHON = {"−": "-", "·": "*", "×": "*"}


def random_formula(chance, depth):
    """Return a random formula, and the same as Python code over the dictionary x."""
    if depth == 0 or chance.random() < 0.15:
        if chance.random() < 0.4:
            number = chance.choice(("2", "0.5", "3.", ".25", "1e-1", "10", "2.5E+0"))
            return number, f"({float(number)!r})"
        name = chance.choice(NAMES)
        is_bare = name.isidentifier() and name not in FUNCTIONS
        return name if is_bare else f"`{name}`", f"x[{name!r}]"
    kind, blank = chance.random(), chance.choice(("", " "))
    one, of_one = random_formula(chance, depth - 1)
    if kind < 0.15:
        sign = chance.choice("+-−")
        return f"{sign}{blank}{one}", f"{PYTHON.get(sign, sign)}{of_one}"
    if kind < 0.35:
        name = chance.choice([*FUNCTIONS][:-2])
        return f"{name}({blank}{one})", f"{'abs' if name == 'abs' else f'math.{name}'}({of_one})"
    other, of_other = random_formula(chance, depth - 1)
    if kind < 0.45:
        name = chance.choice(("min", "max"))
        return f"{name}({one},{blank}{other})", f"{name}({of_one}, {of_other})"
    operator = chance.choice(("+", "-", "−", "*", "·", "×", "/", "**"))
    if operator == "**":  # Python's own operator makes complex numbers
        return f"({one}){blank}**{blank}({other})", f"math.pow({of_one}, {of_other})"
    first, last = chance.choice((("(", ")"), ("", "")))
    python = f"{first}{of_one} {PYTHON.get(operator, operator)} {of_other}{last}"
    return f"{first}{one}{blank}{operator}{blank}{other}{last}", python


def value_of(code, x):
    """Return what Python's own arithmetic makes of the code, or None if that is no finite number."""
    try:
        found = eval(code, {"math": math, "x": x})
    except (ArithmeticError, ValueError):
        return None
    return found if isinstance(found, float) and math.isfinite(found) else None


def test_formulas_equal_another_evaluator_on_10000_random_expressions():
    """A sum that cancels loses digits: the change by a last digit of the inputs says how many."""
    chance, compared = random.Random(0), 0
    while compared < 10_000:
        text, code = random_formula(chance, chance.randint(1, 4))
        if "x[" not in code or len(text) > 500:
            continue
        x = {name: chance.uniform(-2.0, 2.0) for name in NAMES}
        wanted, near = (value_of(code, {k: v * by for k, v in x.items()}) for by in (1.0, 1.0 + 1e-13))
        found = float(Formula(text)(x))
        if wanted is None or near is None:
            continue
        room = 1e-12 * max(1.0, abs(wanted)) + 100.0 * abs(near - wanted)
        assert abs(found - wanted) <= room, (text, x, found, wanted)
        compared += 1


def test_precedence_is_that_of_python():
    x = {"x": 3.0, "y": -2.0}
    for text in (
        *("-x**2", "2**3**2 - x", "-x*y", "x - y - 1", "x/y/2", "2**-x", "--x", "x**-y**2", "-(x + y)**2"),
        *("x*-y", "2*x**2*y", "1 - -x", "min(x, y, 1)", "max(-x, y**2)", "abs(y)**.5", "+x"),
    ):
        assert float(Formula(text)(x)) == eval(text, {**x}), text
    assert float(Formula("x²·y³")(x)) == 9 * -8
    assert float(Formula("−x² − 1")(x)) == -10


BAD = """
2x  |  x y  |  x^2  |  x.y  |  __import__('os')  |  'a'  |  "a"  |  x<3  |  x == y  |  x = 3  |  foo(x)
sin(x, y)  |  min(x)  |  sin()  |  max()  |  `abc  |  (x  |  x)  |  x,y  |  0,5*x  |  x+  |  *x  |  **x
(((x  |  1e999*x  |  lambda: x  |  x if y else z  |  [x]  |  {x}  |  3  |  2 + 2  |  x[0]  |  x and y
not x  |  sin x  |  ()  |  x//2  |  x%2  |  x;y  |  2(x)  |  x(2)  |  `x`(y)  |  # x  |  x!  |  1_000*x
1 2 x  |  0x10*x  |  1j*x  |  max(,x)  |  min(x,)  |  ``  |  x``  |  x @ y  |  x & y  |  ~x  |  x → y
$x  |  x?  |  x:=3  |  ٣*x  |  x**  |  sqrt x  |  π()  |  x..y  |  1..2*x  |  open("/etc/passwd")
().__class__  |  exec(x)  |  unknown + x  |  x + `petal width`
"""
"""Texts that are no formula, separated by bars and line breaks."""


def test_60_bad_formulas_give_one_sentence_each_with_the_place(approved):
    texts = [text.strip() for text in BAD.strip().replace("\n", "|").split("|")]
    texts += ["", "  ", "x\ny", "x\ty", "\\x", "x" * 501, *(part * 60 + "x" for part in ("(", "-", "x**"))]
    assert len(texts) >= 60

    def read(text):
        Formula(text).check_names(["x", "y", "petal length"])

    cases = {repr(text if len(text) < 100 else text[:8]): partial(read, text) for text in texts}
    said = refusals(cases)
    assert len(said.splitlines()) == len(cases)
    assert max(map(len, said.splitlines())) < 200
    approved("bad formulas", said)


def test_nothing_is_run_and_huge_powers_end_at_once(monkeypatch):
    ran = []
    with monkeypatch.context() as patched:
        for name in ("eval", "exec", "compile"):
            patched.setattr(builtins, name, lambda *_, own=name, **_words: ran.append(own))
        for text in ("__import__('os')", "open('x')", "exec(x)", "().__class__", "9**9**9**9**9*x", "sin(x)"):
            with suppress(ValueError):
                Formula(text)({"x": 1.0})
    assert ran == []
    assert Formula("9**9**9**9*x")({"x": 1.0}) == np.inf
    assert Formula("+".join("x" * 250))({"x": np.ones(3)}).tolist() == [250.0] * 3


def test_formulas_are_rewritten_with_other_names_and_read_well():
    own = Formula("sin(x)·`petal length`² − x")
    assert own.names == ("x", "petal length")
    assert own.rewritten(lambda name: f"<{name}>", str.upper) == "SIN(<x>)*<petal length>**2 - <x>"
    assert readable("x_0**2 + x_1**2 - `a b`*x_0") == "x_0² + x_1² − a b·x_0"
    with pytest.raises(ValueError, match="expected an operator"):
        Formula("05*x")  # no number in Python
    assert readable("x**4 + y**20 - z**2.5*w**x**3") == "x^4 + y^20 − z^2.5·w^x³"
    proposed = proposals(["x", "y", "a b", "sin", "with ` in it"])
    assert proposed[:7] == ["x**2", "y**2", "`a b`**2", "`sin`**2", "x*y", "x*`a b`", "x*`sin`"]
    assert not [text for text in proposed if not {*Formula(text).names} <= {"x", "y", "a b", "sin"}]


# Columns


def net(*inputs):
    return Network(inputs, (Layer(("output",), "identity", [[1.0, 2.0, 3.0][: len(inputs)]]),))


def made(text, **words):
    return Column("p", ("p",), formula=text, **words)


def product(rows=((1.0, 2.0), (3.0, 4.0)), text="x*y"):
    """Return a State whose third input p is computed from x and y, by default as x*y."""
    inputs = np.column_stack([np.array(rows, dtype=float), np.zeros(len(rows))])
    return State(net("x", "y", "p"), Dataset(inputs, np.zeros((len(rows), 1))), columns=[made(text)])


def computed(state):
    return state.data.inputs[:, 2].tolist()


def test_computed_inputs_stay_true_through_every_edit_of_rows():
    state = product()
    assert computed(state) == [2, 12]
    assert computed(edits.set_value(state, Address("input", -1, 0), 5.0, 1)) == [2, 20]
    assert computed(edits.add_row(state, 0, [6.0, 7.0, 0.0])) == [2, 42, 12]
    assert computed(edits.put_cells(state, 1, [0, 1], np.array([[2.0, 2.0], [3.0, 3.0]]))) == [2, 4, 9]
    assert computed(edits.put_cells(state, 0, [2], np.array([[99.0]]))) == [2, 12], "never another number"
    assert computed(edits.set_rows(state, np.array([[2.0, 5.0, -1.0]]), None)) == [10]
    assert computed(edits.remove_rows(state, [0])) == [12]
    assert sorted(computed(edits.shuffle_rows(state))) == [2, 12]
    assert computed(edits.put_generated(state, Dataset([[3.0, 3.0]], [[1.0]]))) == [9]
    assert edits.set_notes(state, "other").data is state.data, "the same rows are not copied"
    assert state.predict([[1, 2], ["3", "4"]]).ravel().tolist() == [1 + 4 + 6, 3 + 8 + 36]


def test_standardised_columns_are_computed_from_raw_numbers():
    raw = np.array([[10.0, 1.0], [20.0, 3.0], [60.0, 8.0]])
    state = edits.standardise(product(raw), range(3))
    x, y, p = state.data.inputs.T
    products = raw[:, 0] * raw[:, 1]
    np.testing.assert_allclose(p, (products - products.mean()) / products.std(), rtol=1e-14)
    assert abs(x.mean()) + abs(y.mean()) < 1e-12
    np.testing.assert_allclose(state.predict(raw), state.network.predict(state.data.inputs), rtol=1e-13)
    changed = edits.put_column(state, "q", "x/y", 2, scaled=True)
    assert changed.network.inputs == ("x", "y", "q")
    quotients = raw[:, 0] / raw[:, 1]
    expected = (quotients - quotients.mean()) / quotients.std()
    np.testing.assert_allclose(changed.data.inputs[:, 2], expected, rtol=1e-12)
    assert edits.put_column(changed, "q", "x/y", 2).columns.computed[2].deviation == 1.0


def test_renaming_an_input_renames_it_in_formulas_which_hold_their_inputs():
    state = edits.rename(product(text="x*y + sin(x)"), 0, 0, "petal length")
    assert state.columns.computed[2].formula == "`petal length`*y + sin(`petal length`)"
    assert computed(state) == computed(product(text="x*y + sin(x)"))
    assert edits.rename(state, 0, 0, "sin").columns.computed[2].formula == "`sin`*y + sin(`sin`)"
    assert edits.rename(state, 0, 2, "q").columns[0] == replace(state.columns[0], name="q", nodes=("q",))
    assert edits.remove_node(state, 0, 2).columns.computed == {}
    assert computed(edits.remove_node(edits.add_node(state, 0, 1), 0, 2)) == computed(state)


def test_columns_that_cannot_be_computed_are_refused(approved):
    state = product()
    texts = Column("c", ("x",), ("red",))
    cases = {
        "an unknown name": lambda: product(text="x*z"),
        "itself": lambda: product(text="x*p"),
        "another computed column": lambda: edits.put_column(state, "q", "p**2"),
        "texts": lambda: State(net("x", "y", "p"), state.data, columns=[texts, made("x*y")]),
        "a computed column of texts": lambda: made("x*y", values=("red",)),
        "a target": lambda: State(net("x"), Dataset([[1]]), columns=[replace(made("x"), nodes=("output",))]),
        "a row without a number": lambda: product([[1, 2], [-3, 4]], "log(x)*y"),
        "a new row": lambda: edits.add_row(product(text="1/x")),
        "a typed row": lambda: product(text="1/x").predict([[1, 2], [0, 1]]),
        "a number in its place": lambda: edits.set_value(state, Address("input", -1, 2), 3.0),
        "removing what it needs": lambda: edits.remove_node(state, 0, 1),
        "a name that formulas cannot have": lambda: edits.rename(state, 0, 0, "a`b"),
        "a name in use": lambda: edits.put_column(state, "x", "y**2"),
        "no name": lambda: edits.put_column(state, " ", "y**2"),
        "a bad formula": lambda: edits.put_column(state, "q", "y^2"),
        "no formula": lambda: edits.put_column(state, "q", " "),
    }
    approved("columns that cannot be computed", refusals(cases))


def test_a_column_is_added_with_weights_of_0_and_keeps_predictions_and_sets():
    before = State(net("x", "y"), Dataset([[1.0, 2.0], [3.0, 5.0]], [[0.0], [1.0]]))
    before = edits.keep_set(before, "first")
    state = edits.put_column(before, " x·y ", " x*y ")
    assert (state.network.inputs, state.columns.computed[2].formula) == (("x", "y", "x·y"), "x*y")
    assert state.network.layers[0].weights.tolist() == [[1, 2, 0]]
    assert computed(state) == [2, 15]
    assert np.array_equal(*(each.network.predict(each.data.inputs) for each in (state, before)))
    assert state.weight_sets[0].layers[0].weights.shape == (1, 3)


@pytest.mark.parametrize(("kind", "text"), [("xor", "x_0*x_1"), ("circles", "x_0**2 + x_1**2")])
def test_exclusive_or_and_circles_need_no_hidden_layer_with_a_computed_column(kind, text):
    rows = KINDS[kind].state(200, 0.05, 0)
    network = Network.random(("x_0", "x_1"), [(("output",), "sigmoid")], 0)
    training = replace(rows.training, learning_rate=0.1, updates=1500, validation=0.0)
    plain = State(network, rows.data, training)
    assert measure_all(train(plain).state).accuracy < 0.8
    state = train(edits.put_column(plain, "p", text)).state
    assert measure_all(state).accuracy == 1.0
    plane = section(state, (0, 1), np.zeros(3))
    *_, picture = refined_pictures(state.network, plane, (40, 30), 1e6)
    points = np.dstack(np.meshgrid(*picture.values)).reshape(-1, 2)
    np.testing.assert_allclose(picture.prediction.reshape(-1, 1), state.predict(points), 1e-12, 1e-15)
    assert plane.hidden == []


def test_pictures_over_one_input_follow_the_computed_inputs():
    inputs = np.column_stack([np.linspace(-1.0, 1.0, 9), np.zeros(9)])
    state = State(net("x", "p"), Dataset(inputs), columns=[made("x**2", mean=1.0, deviation=2.0)])
    functions = node_functions(state)
    x, p = functions.a[0]
    np.testing.assert_allclose(p, (x**2 - 1.0) / 2.0)
    np.testing.assert_allclose(functions.a[1][0], x + 2.0 * p)


def test_explain_says_which_inputs_are_computed_and_which_they_follow(approved):
    state = edits.put_column(product(), "q", "y**2")
    numbers, said = Moment.of(state).row_numbers, []
    for node in range(4):
        (section, *_) = explain(state, Address("node", -1, node), numbers).sections
        notes = [row.text for row in section.rows if isinstance(row, Note)]
        own = (text for text in notes if "computes the value" in text or "follows" in text)
        said.append(f"{state.network.inputs[node]}: {' '.join(own)}")
    approved("what Explain says of computed inputs", "\n".join(said))


def test_columns_know_the_inputs_that_are_entered():
    columns = Columns.of([made("x*y")], ("x", "p", "y"), ("output",))
    assert (columns.entered, [*columns.computed]) == ([0, 2], [1])
    assert [column.name for column in columns.of_inputs] == ["x", "y"]
    assert columns.fill(np.array([[2.0, 0.0, 3.0]])).tolist() == [[2, 6, 3]]


# Generated rows


def test_rows_by_a_typed_formula_have_its_inputs_range_and_noise(approved):
    one = formula_kind("height = 2·age − 1", 0.0, 10.0)
    data = one.data(11, 0.0, 0)
    order = np.argsort(data.inputs[:, 0])
    assert (one.inputs, one.outputs) == (("age",), ("height",))
    assert data.inputs[order, 0].tolist() == list(range(11))
    assert data.targets[order, 0].tolist() == [2 * x - 1 for x in range(11)]
    several = formula_kind("`a b` = x*y + z", -1.0, 3.0)
    data = several.data(500, 0.0, 1)
    x, y, z = data.inputs.T
    assert np.array_equal(data.targets[:, 0], x * y + z)
    assert (several.outputs, data.inputs.min() >= -1.0, data.inputs.max() <= 3.0) == (("a b",), True, True)
    assert formula_kind("x**2").outputs == ("y",)
    approved("notes on rows by a formula", one.state(30, 0.1, 0).notes)
    texts = "y = 2x", "y + 1 = x", "y = y*2", "y == x", "", "y =", "y = 3", "y = log(x)", "y = 1/(x - x)"
    cases = {text: lambda text=text: formula_kind(text).state(20, 0.1, 0) for text in texts}
    cases["an empty range"] = lambda: formula_kind("y = x", 1.0, 1.0)
    approved("rows by a formula that cannot be made", refusals(cases))


def test_extrapolation_fails_outside_the_range_of_the_rows():
    kind = formula_kind()
    state = train(kind.state(kind.rows, 0.0, 0)).state
    within, beyond = (state.predict([[x]]).item() - (x**3 - 3 * x) for x in (1.5, 4.0))
    assert abs(within) < 0.2 < 10 < abs(beyond)
