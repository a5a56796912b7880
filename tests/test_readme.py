"""What the README says is so: its commands, its program, its file, its names."""

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
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """The README's code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


COMMAND_LINES = [
    line for line in blocks("sh")[2].splitlines() if line != "nnviz relu" + " " * 35 + "# the window"
]


def test_the_first_screen_has_a_picture_and_two_commands_that_are_complete():
    assert blocks("sh")[:2] == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/nnviz\n",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest\n",
    ]
    assert README.index("<picture>") < README.index("```sh") < 1500


def test_the_pictures_are_there():
    names = re.findall(r'(?:src|srcset)="([^"]+)"', README)
    assert names
    assert [name for name in names if not (ROOT / name).is_file()] == []
    assert [name for name in names if (ROOT / name).stat().st_size > 1_500_000] == []


def test_what_it_links_to_is_there():
    names = [name for name in re.findall(r"\]\(([^)]+)\)", README) if "://" not in name]
    assert names
    places = ["#" + own.lower().replace(" ", "-") for own in re.findall(r"^#+ (.+)", README, re.MULTILINE)]
    assert [name for name in names if name not in places and not (ROOT / name).exists()] == []


def test_nobody_is_told_to_install_another_project():
    texts = [README, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")]
    assert not any(
        re.search(r"(?:install|uvx|tool run|pipx run) +['\"]?nnviz(?![-\w])", text) for text in texts
    )


def test_the_commands_do_what_they_should(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    printed = {}
    for line in COMMAND_LINES:
        words = shlex.split(line, comments=True)[1:]
        assert main(words) == 0, line
        printed[words[0]] = capsys.readouterr().out
    assert {"predict", "slopes", "train", "render", "screenshot", "convert", "check"} <= set(printed)
    assert set(printed) == set(COMMANDS)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mse.csv",
        "trained.json",
        "weights.py",
        "window.png",
        "xor.py",
        "xor.svg",
    ]


def test_a_table_of_ones_own_is_learnt_and_predicted_as_it_says(tmp_path, monkeypatch, capsys):
    """As a newcomer would: a table with a column of texts, trained, right for flowers it has not seen."""
    monkeypatch.chdir(tmp_path)
    header, *rows = (ROOT / "resources/data/iris.csv").read_text(encoding="utf-8").splitlines()
    Path("iris.csv").write_text("\n".join([header, *rows[:120], ""]), encoding="utf-8")
    Path("new.csv").write_text("\n".join([header, *rows[120:], ""]), encoding="utf-8")
    block = next(each for each in blocks("sh") if "nnviz convert iris.csv" in each)
    for line in block.splitlines():
        assert main(shlex.split(line, comments=True)[1:]) == 0, line
    out, err = capsys.readouterr()
    assert "iris.csv: 120 rows; inputs sepal_length, sepal_width, petal_length and petal_width; target" in err
    assert max(map(float, out.splitlines()[-1].split())) == float(out.splitlines()[-1].split()[0])
    with open("predicted.csv", encoding="utf-8", newline="") as file:
        found = [*csv.DictReader(file)]
    right = [row["predicted species"] == row["species"] for row in found]
    assert len(found) == 30
    assert sum(right) >= 0.95 * len(right)
    assert [",".join(row[name] for name in header.split(",")) for row in found] == rows[120:]


def test_the_predictions_in_the_comments_are_those_that_are_printed(capsys):
    assert main(["predict", "many-rows"]) == 0
    assert ", ".join(capsys.readouterr().out.split()) == "52.0, 63.0, 0.0, 148.0"
    assert "# 52.0, 63.0, 0.0, 148.0, one a line" in README


def test_the_program_runs_and_gives_what_its_comments_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr(nnviz, "show", shown.append)
    _, program = blocks("python")
    found = {}
    exec(program, found)
    assert found["net"].predict([[3, 5]]).tolist() == [[52]]
    assert found["found"].mse == 64
    assert found["doc"].network == found["result"].state.network
    assert shown == [found["doc"]]


def test_the_loop_is_watched(windows):
    loop, _ = blocks("python")
    given = {"W0": np.ones((2, 3)), "b0": np.zeros(3), "W1": np.ones((3, 1)), "b1": np.zeros(1)}
    exec(loop, {"nnviz": nnviz, "x": [[1, 2]], "y": [[3]], "loss": 4.0, **given})
    state, got, ending = windows[0].read()
    assert (state.network.sizes, got[-1].iteration, ending) == ((2, 3, 1), 1000, "")


def test_the_file_opens(tmp_path):
    (text,) = blocks("json")
    (tmp_path / "readme.json").write_text(text, encoding="utf-8")
    assert load(tmp_path / "readme.json").network.predict([[3, 5]]).tolist() == [[52]]
    assert set(json.loads(text)) == {"format", "version", "name", "network", "data", "training"}


@pytest.mark.parametrize("name", [own.name for own in examples()])
def test_every_example_is_named(name):
    assert f"`{name}`" in README


def test_every_optimizer_and_the_start_of_every_activation_are_told():
    assert [name for name in OPTIMIZERS if name.replace("_", " ") not in README.replace("\n", " ")] == []
    (row,) = (line for line in README.splitlines() if line.startswith("| random weights"))
    he = [name.replace("_", " ") for name, own in ACTIVATIONS.items() if own.start == "he"]
    assert [name for name in he if name not in row] == []


def test_the_limits_are_those_that_hold():
    table = README[README.index("| limits |") :].partition("\n\n")[0]
    told = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    holding = [each for each in vars(limits).values() if isinstance(each, limits.Limit)]
    assert sorted(number.strip().removesuffix(" MB") for _, number in told) == sorted(
        f"{each.most:,}" for each in holding
    )
    for each in holding:
        lines = [what for what, number in told if number.strip().removesuffix(" MB") == f"{each.most:,}"]
        things = "file" if each is limits.FILE else each.things
        assert any(things in line for line in lines), each


def test_the_top_level_holds_what_it_should():
    known = {"pyproject.toml", "nnviz", "tests", "resources", "README.md", "LICENSE", "CHANGELOG.md"}
    made = {"build", "dist", "uv.lock"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - made - known == set()
    assert known <= found


def test_python_3_11_gets_no_qt_that_aborts_on_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "nnviz-desktop"
    assert "PySide6-Essentials<6.12; python_version<'3.12'" in project["dependencies"]


def test_it_lists_every_format_with_what_it_opens_and_saves():
    table = README[README.index("| format | opens | saves |") :].partition("\n\n")[0].splitlines()[2:]
    saves = kinds()
    told = [
        f"| {each.name} | {code(each.suffixes)} | {code(saves[each.name]) if each.name in saves else '–'} |"
        for each in FORMATS
    ]
    assert table == told


def code(words):
    return " ".join(f"`{word}`" for word in words)
