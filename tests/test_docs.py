"""README, documentation and changelog: their commands, programs, files, names and numbers are true."""

import csv
import json
import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest

import nnviz
from nnviz.cli.main import main
from nnviz.cli.usage import COMMANDS
from nnviz.core import limits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.files.examples import examples
from nnviz.files.registry import FORMATS, kinds, load

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "resources/docs"
PAGES = {
    path.stem: path.read_text("utf-8")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
}
README, REFERENCE, FILES = PAGES["README"], PAGES["reference"], PAGES["files"]
COMMANDS_OF = {
    "README": ["mse.csv", "trained.json", "weights.py", "xor.py", "xor.svg"],
    "reference": ["mse.csv", "trained.json", "weights.py", "window.png", "xor.py", "xor.svg"],
}
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
def test_pictures_and_links_lead_somewhere(page):
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', PAGES[page])
    links = [name for name in re.findall(r"\]\(([^)]+)\)", PAGES[page]) if "://" not in name]
    for name in pictures + links:
        path, _, heading = name.partition("#")
        target = (folder(page) / path).resolve() if path else Path(f"{page}.md")
        assert not path or target.exists(), name
        headings = re.findall(r"^#+ (.+)", PAGES.get(target.stem, ""), re.MULTILINE)
        assert not heading or heading in [each.lower().replace(" ", "-") for each in headings], name
    assert [name for name in pictures if (folder(page) / name).stat().st_size > 1_500_000] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_installs_the_other_project_of_that_name(page):
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


def test_the_reference_shows_every_command():
    assert {words[0] for words, _ in commands("reference")} == set(COMMANDS)


def test_a_table_becomes_a_network_that_predicts_new_rows(tmp_path, monkeypatch, capsys):
    """As a newcomer does: a table with a text column, trained, right for rows that it has not seen."""
    monkeypatch.chdir(tmp_path)
    header, *rows = (ROOT / "resources/data/iris.csv").read_text("utf-8").splitlines()
    Path("iris.csv").write_text("\n".join([header, *rows[:120], ""]), "utf-8")
    Path("new.csv").write_text("\n".join([header, *rows[120:], ""]), "utf-8")
    for words, _ in commands("files"):
        assert main(words) == 0, words
    out, err = capsys.readouterr()
    assert "iris.csv: 120 rows; inputs sepal_length, sepal_width, petal_length and petal_width; target" in err
    assert max(map(float, out.splitlines()[-1].split())) == float(out.splitlines()[-1].split()[0])
    with open("predicted.csv", encoding="utf-8", newline="") as file:
        found = [*csv.DictReader(file)]
    right = [row["predicted species"] == row["species"] for row in found]
    assert len(found) == 30
    assert sum(right) >= 0.95 * len(right)
    assert [",".join(row[name] for name in header.split(",")) for row in found] == rows[120:]


@pytest.mark.parametrize("page", ["README", "reference"])
def test_programs_give_what_their_comments_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr(nnviz, "show", shown.append)
    program, found = blocks(page, "python")[0], {}
    exec(program, found)
    assert found["net"].predict([[3, 5]]).tolist() == [[52]]
    assert "# array([[52.]])" in program
    assert nnviz.slopes(found["net"], [[3, 5]], [[60]]).mse == 64
    assert "# 64.0" in program
    assert [each.network for each in shown] == [found["result"].state.network]
    assert load("trained.json").network == found["result"].state.network


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


def test_the_guide_names_every_example_and_the_readme_their_number():
    assert [own.name for own in examples() if f"`{own.name}`" not in PAGES["guide"]] == []
    assert f"holds {len(examples())} networks" in README


def test_the_reference_names_every_optimizer_and_every_activation_with_its_start():
    rows = {line.split("|")[1].strip(): line for line in REFERENCE.splitlines() if line.startswith("| ")}
    assert [name for name in OPTIMIZERS if name.replace("_", " ") not in rows["optimizers"]] == []
    assert [name for name in ACTIVATIONS if name.replace("_", " ") not in rows["activations"]] == []
    he = [name.replace("_", " ") for name, own in ACTIVATIONS.items() if own.start == "he"]
    assert [name for name in he if name not in rows["random weights"]] == []


def test_the_limits_are_those_that_hold():
    table = FILES[FILES.index("| limits |") :].partition("\n\n")[0]
    told = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    holding = [each for each in vars(limits).values() if isinstance(each, limits.Limit)]
    numbers = [number.strip().removesuffix(" MB") for _, number in told]
    assert sorted(numbers) == sorted(f"{each.most:,}" for each in holding)
    for each in holding:
        lines = [what for (what, _), number in zip(told, numbers, strict=True) if number == f"{each.most:,}"]
        things = "file" if each is limits.FILE else each.things
        assert any(things in line for line in lines), each


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


def test_the_top_level_holds_nothing_else():
    known = {"pyproject.toml", "nnviz", "tests", "resources", "README.md", "LICENSE", "CHANGELOG.md"}
    made = {"build", "dist", "uv.lock"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - made - known == set()
    assert known <= found


def test_python_3_11_gets_no_qt_that_aborts_on_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "nnviz-desktop"
    assert "PySide6-Essentials<6.12; python_version<'3.12'" in project["dependencies"]
