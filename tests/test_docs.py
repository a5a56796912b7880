"""README, documentation, changelog and notebooks: commands, programs, names and numbers are true."""

import csv
import json
import re
import shlex
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import nnviz
from nnviz.cli.arguments import COMMANDS
from nnviz.cli.main import main
from nnviz.core import numbers
from nnviz.core.coach import overfitting_since
from nnviz.core.generators import KINDS
from nnviz.core.metrics import measure_all
from nnviz.core.numbers import as_text
from nnviz.files.examples import examples
from nnviz.files.registry import FORMATS, kinds, load

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "resources/docs"
PAGES = {
    path.stem: path.read_text("utf-8")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
}
README, REFERENCE, FILES = PAGES["README"], PAGES["reference"], PAGES["files"]
WRITTEN = ["mse.csv", "trained.json", "weights.py", "xor.py", "xor.svg"]
COMMANDS_OF = {"README": WRITTEN, "reference": sorted([*WRITTEN, "sweep.csv", "window.png"])}
"""The files that the commands of a page write."""


def blocks(page, language):
    """Return the code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)


def commands(page):
    """Return the arguments of every nnviz command of a page, each with its comment."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("nnviz ")]
    return [(shlex.split(line, comments=True)[1:], line.partition("# ")[2]) for line in lines]


def folder(page):
    return ROOT if page in ("README", "CHANGELOG") else DOCS


def test_the_readme_begins_with_a_picture_and_two_commands_and_ends_within_120_lines():
    assert blocks("README", "sh")[:2] == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/nnviz\n",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest\n",
    ]
    assert README.index("<picture>") < README.index("```sh") < 1500
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize("page", PAGES)
def test_pictures_and_links_lead_somewhere_and_nothing_installs_another_project(page):
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', PAGES[page])
    links = [name for name in re.findall(r"\]\(([^)]+)\)", PAGES[page]) if "://" not in name]
    for name in pictures + links:
        path, _, heading = name.partition("#")
        target = (folder(page) / path).resolve() if path else Path(f"{page}.md")
        assert not path or target.exists(), name
        headings = re.findall(r"^#+ (.+)", PAGES.get(target.stem, ""), re.MULTILINE)
        assert not heading or heading in [each.lower().replace(" ", "-") for each in headings], name
    assert [name for name in pictures if (folder(page) / name).stat().st_size > 1_500_000] == []
    assert not re.search(r"(?:install|uvx|tool run|pipx run) +['\"]?nnviz(?![-\w])", PAGES[page])


@pytest.mark.parametrize("page", COMMANDS_OF)
def test_commands_print_the_numbers_of_their_comments(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for words, comment in commands(page):
        assert main(words) == 0, words
        printed = capsys.readouterr().out.replace("\n", " ")
        numbers = [float(number) for number in re.findall(r"-?\b\d+(?:\.\d+)?", comment.partition(";")[0])]
        if words[0] in ("predict", "slopes"):
            assert set(numbers) <= {float(number) for number in re.findall(r"-?\d+\.\d+", printed)}, words
    assert sorted(path.name for path in tmp_path.iterdir()) == COMMANDS_OF[page]
    assert page == "README" or {words[0] for words, _ in commands(page)} == set(COMMANDS)


def test_a_table_becomes_a_network_that_predicts_new_rows(tmp_path, monkeypatch, capsys):
    """As a newcomer does: a table with a text column, trained, right for rows that it has not seen."""
    monkeypatch.chdir(tmp_path)
    header, *rows = (ROOT / "resources/data/iris.csv").read_text("utf-8").splitlines()
    for name, part in (("iris.csv", rows[:120]), ("new.csv", rows[120:])):
        Path(name).write_text("\n".join([header, *part, ""]), "utf-8")
    for words, _ in commands("files"):
        assert main(words) == 0, words
    out, err = capsys.readouterr()
    assert "iris.csv: 120 rows; inputs sepal_length, sepal_width, petal_length and petal_width; target" in err
    predicted = [float(number) for number in out.splitlines()[-1].split()]
    assert predicted[0] == max(predicted)
    with open("predicted.csv", encoding="utf-8", newline="") as file:
        found = [*csv.DictReader(file)]
    assert [",".join(row[name] for name in header.split(",")) for row in found] == rows[120:]
    assert sum(row["predicted species"] == row["species"] for row in found) >= 0.95 * len(found)


@pytest.mark.parametrize("page", ["README", "reference"])
def test_programs_give_what_their_comments_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown, found = [], {}
    monkeypatch.setattr(nnviz, "show", shown.append)
    program = blocks(page, "python")[0]
    exec(program, found)
    assert found["net"].predict([[3, 5]]).tolist() == [[52]]
    assert nnviz.slopes(found["net"], [[3, 5]], [[60]]).mse == 64
    assert all(comment in program for comment in ("# array([[52.]])", "# 64.0"))
    network = found["result"].state.network
    assert [*(each.network for each in shown), load("trained.json").network] == [network, network]


def test_the_exercise_of_the_guide_mends_an_overfitted_spiral():
    exercise = PAGES["guide"].partition("Exercise: a spiral")[2].partition("\n**")[0]
    assert "100 rows, noise 0.08 and seed 1" in exercise
    state, squares = KINDS["spiral"].state(100, 0.08, 1), []
    for l2, loss, right in ((0.0, "1.5", 16), (0.0001, "0.09", 19), (0.001, "", 20), (0.003, "", None)):
        end = nnviz.train(state, l2=l2).state
        found, since = measure_all(end), overfitting_since(end)
        squares.append(sum(float(np.square(layer.weights).sum()) for layer in end.network.layers))
        assert f"{as_text(l2)}" in exercise
        assert (since is None) == (l2 > 0)
        if loss:
            assert f"to about {loss}," in exercise
            assert found.validation == pytest.approx(float(loss), rel=0.2)
        if right is not None:
            assert f"{right} " in exercise
            assert round(20 * found.validation_accuracy) == pytest.approx(right, abs=1)  # of the machine
    assert squares[1] < squares[0] / 2
    assert found.validation_accuracy == pytest.approx(0.5, abs=0.15)


def test_the_loop_of_the_reference_is_watched(windows):
    loop = blocks("reference", "python")[1]
    given = {"W0": np.ones((2, 3)), "b0": np.zeros(3), "W1": np.ones((3, 1)), "b1": np.zeros(1)}
    exec(loop, {"nnviz": nnviz, "x": [[1, 2]], "y": [[3]], "loss": 4.0, **given})
    state, got, ending = windows[0].read()
    assert (state.network.sizes, got[-1].iteration, ending) == ((2, 3, 1), 1000, "")


def test_the_network_file_opens(tmp_path):
    (text,) = blocks("files", "json")
    (tmp_path / "bank.json").write_text(text, "utf-8")
    assert load(tmp_path / "bank.json").network.predict([[3, 5]]).tolist() == [[52]]
    assert set(json.loads(text)) == {"format", "version", "name", "network", "data", "training"}


def test_pages_name_every_example():
    assert [own.name for own in examples() if f"`{own.name}`" not in PAGES["guide"]] == []
    assert f"holds {len(examples())} networks" in README


def test_the_limits_are_those_that_hold():
    table = FILES[FILES.index("| limits |") :].partition("\n\n")[0]
    told = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    told = sorted((number.strip().removesuffix(" MB"), what) for what, number in told)
    holding = [each for each in vars(numbers).values() if isinstance(each, numbers.Limit)]
    assert [number for number, _ in told] == sorted(f"{each.limit:,}" for each in holding)
    for each in holding:
        things = "file" if each is numbers.FILE else each.things
        assert any(things in what for number, what in told if number == f"{each.limit:,}"), each


def test_the_table_of_formats_is_the_registry():
    def code(words):
        return " ".join(f"`{word}`" for word in words)

    table = FILES[FILES.index("| format | opens | saves |") :].partition("\n\n")[0].splitlines()[2:]
    saves = kinds()
    assert table == [
        f"| {each.name} | {code(each.suffixes)} | {code(saves[each.name]) if each.name in saves else '–'} |"
        for each in FORMATS
    ]


def test_the_packages_in_contributing_are_those_of_the_project():
    packages = set(re.findall(r"^nnviz/(\w+) ", PAGES["contributing"], re.MULTILINE))
    assert packages == {path.parent.name for path in (ROOT / "nnviz").glob("*/__init__.py")}
    paths = re.findall(r"`((?:\w+/)+\w+\.py)`", PAGES["contributing"])
    assert [
        path for path in paths if not any((home / path).exists() for home in (ROOT, ROOT / "nnviz"))
    ] == []


def test_the_changelog_has_one_line_for_each_change():
    lines = PAGES["CHANGELOG"].splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    assert versions
    assert all(re.fullmatch(r"## (Unreleased|\d+\.\d+\.\d+ – .+)", line) for line in versions)
    assert {line for line in lines if line.startswith("### ")} <= {"### Added", "### Changed", "### Fixed"}
    entries = lines[lines.index(versions[0]) :]
    assert [line for line in entries if line and not line.startswith(("#", "- "))] == []


def test_the_top_level_holds_nothing_else_and_python_3_11_gets_no_qt_that_aborts():
    known = {"pyproject.toml", "nnviz", "tests", "resources", "README.md", "LICENSE", "CHANGELOG.md"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - {"build", "dist", "uv.lock"} == known
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "nnviz-desktop"
    assert "PySide6-Essentials<6.12; python_version<'3.12'" in project["dependencies"]


NOTEBOOKS = sorted((ROOT / "resources/notebooks").glob("*.ipynb"))


def test_each_notebook_is_executed_small_and_whole_and_says_nothing_of_the_computer():
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert len(text) < 200_000
        assert re.findall(r'"[^"]*(?:/home/|/tmp/|/Users/|[A-Z]:\\\\)[^"]*"|\b20\d\d-\d\d-\d\d', text) == []
        all_cells = json.loads(text)["cells"]
        assert [cell["metadata"] for cell in all_cells if cell["metadata"]] == []
        cells = [cell for cell in all_cells if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        assert all(cell["outputs"] for cell in cells)
        outputs = [output for cell in cells for output in cell["outputs"]]
        assert {output["output_type"] for output in outputs} <= {"execute_result", "stream"}
        data = [output.get("data", {}) for output in outputs]
        pictures = ["".join(each["image/svg+xml"]) for each in data if "image/svg+xml" in each]
        assert pictures
        for picture in pictures:
            ElementTree.fromstring(picture)
