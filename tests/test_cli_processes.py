"""nnviz as a process: signals, streams that are closed or full, and lazy imports."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

import nnviz
from nnviz.cli.main import main
from nnviz.files.examples import example
from tests.processes import COMMAND, PATIENCE_S, ended, python
from tests.test_cli import LEAST, OVER_FITTING, same_run

CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")


IMPORTS = """
import sys
def imported(*names):
    return [name for name in sys.modules if name.startswith(names)]
import nnviz
assert not imported("PySide6", "numpy", "msgspec"), imported()
from nnviz.cli.main import main
assert main(["examples"]) == 0
assert not imported("numpy")
from nnviz import *
for line in sys.argv[1:]:
    try:
        assert main(line.split()) == 0
    except SystemExit as end:
        assert not end.code
    assert not imported("PySide6", "pyqtgraph", "contourpy", "nnviz.ui"), line
"""


def test_neither_nnviz_nor_a_command_that_needs_no_window_imports_qt(tmp_path):
    """`import nnviz` and the list of examples do not import NumPy either."""
    of_a_network = "predict relu|slopes relu|train relu|convert relu a.json|check relu|render relu -o a.svg"
    lines = [*of_a_network.split("|"), "examples", "--help", "--version"]
    code, _, err = python(IMPORTS, *lines, cwd=tmp_path)
    assert (code, err) == (0, "")


# Streams


@pytest.mark.skipif(sys.platform == "win32", reason="Windows breaks pipes in another way")
def test_a_reader_that_goes_away_is_no_fault():
    command = [sys.executable, "-W", "error", "-c", COMMAND, "slopes", "large"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        writer.stdout.read(1)
        writer.stdout.close()
        told = writer.stderr.read()
    assert (writer.returncode, told) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_process_minds_its_streams(tmp_path, amount):
    nnviz_command = f"{sys.executable} -W error -m nnviz"
    full = "the output cannot be written: no space left on device\n"
    closed = "the output cannot be written: standard output is closed\n"
    lines = {
        "predict relu >/dev/full": (1, "", full),
        "--help >&-": (1, "", closed),
        "convert relu a.json <&- >&- 2>&-": (0, "", ""),
        "check gone 2>&-": (1, "", ""),
        "predict relu": (0, "52.0\n", ""),
    }
    for line, expected in [*lines.items()][: amount(quick=3, ci=5, night=5)]:
        assert ended(f"{nnviz_command} {line}", shell=True, cwd=tmp_path) == expected, line
    assert nnviz.load(tmp_path / "a.json") == nnviz.load(example("relu").path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_a_file_that_may_not_be_reached_is_not_an_output_that_cannot_be_written(forks, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    as_nobody = f"import os\nif os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n{COMMAND}"
    os.chmod(tmp_path, 0o755)
    told = f"{closed}/a.json cannot be read: permission denied\n"
    assert forks(as_nobody, "check", closed / "a.json", folder="/") == (1, "", told)


# Signals


@needs_signals
def test_ctrl_c_in_the_middle_of_the_imports_prints_no_traceback():
    """The signal comes during the import of NumPy: an exception would come out of NumPy's code."""
    code = """
import os, signal, sys
from nnviz.cli.main import main
class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == "numpy":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
sys.argv = ["nnviz", "check", "relu"]
main()
"""
    assert python(code) == (130, "", "stopped\n")


@needs_signals
def test_who_is_ended_in_the_middle_of_a_save_leaves_nothing_half_written(forks, tmp_path):
    program = "import os, signal; os.fsync = lambda _handle: os.kill(os.getpid(), signal.{}); " + COMMAND
    for name, code in CODES.items():
        assert forks(program.format(name), "convert", "relu", tmp_path / "a.json") == (code, "", "stopped\n")
        assert list(tmp_path.iterdir()) == []


SIGNALLED = """
import os, signal, sys
from nnviz.cli.main import main
from nnviz.core.trainer import Trainer

def send():
    os.kill(os.getpid(), signal.{name})

work = Trainer.work
def until_told(self, updates):
    self.at_once = 1
    for _ in work(self, updates):
        if self.iteration == {at}:
            {deed}
        yield
Trainer.work = until_told
sys.exit(main())
"""


def program(at, name="SIGINT", deed="send()", before=""):
    """Return a command that sends itself a signal, or does another deed, after a number of updates."""
    return before + SIGNALLED.format(at=at, name=name, deed=deed)


def train(line, capsys):
    """Train in this process, to compare with."""
    code = main(["train", *map(str, line)])
    assert (code, capsys.readouterr().err) == (0, "")


@needs_signals
def test_what_was_trained_until_a_signal_is_saved(forks, tmp_path, capsys):
    whole, losses = tmp_path / "whole.json", tmp_path / "losses.csv"
    train(("iris", "--updates", 37, "-o", whole, "--history", losses), capsys)
    for name, expected in CODES.items():
        out, csv = tmp_path / "out.json", tmp_path / "loss.csv"
        line = "train", "iris", "--updates", 500, "-o", out, "--history", csv
        code, printed, err = forks(program(37, name), *line)
        assert (code, err) == (expected, "training stopped after 37 of 500 updates\n")
        assert printed.splitlines()[-2].split()[0] == "37"
        assert same_run(out, whole)
        assert csv.read_bytes() == losses.read_bytes()
        assert nnviz.load(out).training.updates == 500
        assert sorted(tmp_path.iterdir()) == sorted((out, csv, whole, losses))


@needs_signals
def test_within_an_epoch_the_last_point_is_measured(forks, tmp_path, capsys):
    options = "--batch-size", "8", "--validation", "0.2"
    out, whole = tmp_path / "out.json", tmp_path / "whole.json"
    code, printed, _ = forks(program(20), "train", "iris", *options, "--json", "-o", out)
    printed = json.loads(printed)
    assert (code, printed["iteration"]) == (130, 20)
    assert [point[0] for point in printed["history"]] == [0, 15, 20]
    train(("iris", *options, "--updates", 20, "-o", whole), capsys)
    assert same_run(out, whole)
    code, printed, err = forks(program(2), "train", "relu", "--updates", "9")  # without an output
    assert (code, err) == (130, "training stopped after 2 of 9 updates\n")
    assert [line.split()[0] for line in printed.splitlines()] == ["iteration", "0", "1", "2"]


@needs_signals
def test_ctrl_c_from_the_terminal_stops_a_long_training(tmp_path):
    out = tmp_path / "out.json"
    begun = program(100, deed="print('begun', flush=True)")
    line = [sys.executable, "-c", begun, "train", "spiral", "--updates", "1000000000", "-o", str(out)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 130
    made = nnviz.load(out).iteration
    assert made >= 100
    assert told == f"training stopped after {made:,} of 1,000,000,000 updates\n"


@needs_signals
def test_a_signal_that_ends_the_reader_of_the_output_too_is_told_by_the_exit_code(tmp_path, amount):
    out = tmp_path / "out.json"
    line = [sys.executable, "-c", program(5, deed="sys.stdin.readline(), send()"), "train", "relu", "-o", out]
    piped = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    for unbuffered in ("", "1")[: amount(quick=1, ci=2, night=2)]:
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        with subprocess.Popen(line, **piped, text=True, env=environment) as process:
            process.stdout.close()
            process.stdin.write("go on\n")
            process.stdin.close()
            told = process.stderr.read()
        assert (process.returncode, told) == (130, "training stopped after 5 of 20 updates\n")
        assert nnviz.load(out).iteration == 5
        out.unlink()


BEFORE_THE_FIRST = """
import os, signal
import nnviz.core.trainer, nnviz.files.atomic
whole = nnviz.{place}
def signalled(*arguments, **settings):
    os.kill(os.getpid(), signal.SIGTERM)
    return whole(*arguments, **settings)
nnviz.{place} = signalled
"""


@needs_signals
def test_a_signal_before_the_first_update_leaves_the_old_file(forks, tmp_path):
    """While the file is read, and once it is."""
    out = tmp_path / "out.json"
    out.write_text("old")
    for place, told in (
        ("files.atomic.read_bytes", "stopped\n"),
        ("core.trainer.make_engine", "training stopped before the first update; nothing was saved\n"),
    ):
        code = program(None, before=BEFORE_THE_FIRST.format(place=place))
        assert forks(code, "train", "relu", "-o", out, "--history", tmp_path / "h.csv") == (143, "", told)
        assert out.read_text() == "old"
        assert [*tmp_path.iterdir()] == [out]


@needs_signals
def test_a_signal_while_saving_waits_until_all_is_saved(forks, tmp_path):
    out, csv = tmp_path / "out.json", tmp_path / "loss.csv"
    for name in ("SIGINT", "SIGTERM"):
        code = program(5, name, "setattr(os, 'fsync', lambda _handle: send())")
        line = "train", "relu", "--updates", "5", "-o", out, "--history", csv
        assert forks(code, *line)[::2] == (CODES[name], "")
        assert nnviz.load(out).iteration == 5
        assert len(csv.read_text().splitlines()) == 7
        out.unlink()


@needs_signals
def test_a_second_ctrl_c_while_saving_ends_at_once_and_a_doubled_one_is_one(forks, tmp_path):
    out = tmp_path / "out.json"
    out.write_text("old")
    before = "import nnviz.cli.terminal\nnnviz.cli.terminal.DOUBLED_S = -1.0\n"
    code = program(3, deed="send(); os.fsync = lambda _handle: send()", before=before)
    assert forks(code, "train", "relu", "-o", out)[::2] == (
        130,
        "training stopped after 3 of 20 updates\nstopped\n",
    )
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
    code, _, _ = forks(program(3, deed="send(); send()"), "train", "relu", "-o", out)
    assert (code, nnviz.load(out).iteration) == (130, 3)


@needs_signals
def test_in_the_background_where_interrupts_are_ignored_they_stay_ignored(forks, tmp_path):
    out = tmp_path / "out.json"
    code = program(3, before="import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n")
    assert forks(code, "train", "relu", "-o", out)[::2] == (0, "")
    assert nnviz.load(out).iteration == 20


@needs_signals
def test_keep_best_keeps_the_best_until_a_signal(forks, tmp_path, capsys):
    best, whole = tmp_path / "best.json", tmp_path / "whole.json"
    line = "iris", *OVER_FITTING.split()
    code, _, err = forks(program(80), "train", *line, "--keep", "best", "-o", best)
    assert code == 130
    assert "kept iteration 57 of 80 (" in err
    assert err.endswith("training stopped after 80 of 300 updates\n")
    train((*line, "--updates", LEAST, "-o", whole), capsys)
    assert same_run(best, whole)


@needs_signals
def test_a_second_ctrl_c_while_a_long_history_is_written_leaves_the_saved_network(forks, tmp_path):
    out, csv = tmp_path / "out.json", tmp_path / "loss.csv"
    before = "import nnviz.cli.terminal\nfrom nnviz.files.table import writing\n"
    before += "nnviz.cli.terminal.DOUBLED_S = -1.0\n"
    deed = "send(); writing.history_text = lambda *_: send()"
    code, _, told = forks(program(3, deed=deed, before=before), "train", "relu", "-o", out, "--history", csv)
    assert (code, told) == (130, "training stopped after 3 of 20 updates\nstopped\n")
    assert nnviz.load(out).iteration == 3
    assert list(tmp_path.iterdir()) == [out]


SWEPT = """
import os, signal, sys
from nnviz.cli import sweeps
from nnviz.cli.main import main

class Progress(sweeps.Progress):
    def show(self):
        super().show()
        if self._made == 3:
            {deed}

sweeps.Progress = Progress
sys.exit(main())
"""


@needs_signals
def test_a_sweep_that_is_interrupted_keeps_its_lines_and_goes_on_with_resume(tmp_path, capsys):
    rates = [f"0.{k}" for k in range(111, 119)]
    path = tmp_path / "sweep.csv"
    line = ["sweep", "xor", "--learning-rate", ",".join(rates), "--updates", "5000", "-o", path]
    told = "the sweep stopped after 3 runs of 8; --resume makes the others\n"
    program = SWEPT.format(deed="os.kill(os.getpid(), signal.SIGINT)")
    assert python(program, *line, "--jobs", "1") == (CODES["SIGINT"], "", told)
    before = path.read_text().splitlines()
    assert len(before) == 4
    assert main([*map(str, line), "--resume"]) == 0
    after = path.read_text().splitlines()
    assert [row.split(",")[0] for row in after[1:]] == rates
    assert set(before) <= set(after)
    assert capsys.readouterr().err == ""


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sweep_in_processes_that_is_interrupted_leaves_no_process(number, tmp_path):
    """The signal reaches all processes, as Ctrl+C in a terminal."""
    program = SWEPT.format(deed=f"print(os.getpid(), flush=True), os.killpg(0, {int(number)})")
    line = ["sweep", "xor", "--seeds", "4", "--updates", "50", "--hidden", "2,3,4", "--backend", "processes"]
    path = tmp_path / "sweep.csv"
    code, out, err = python(program, *line, "-o", path, start_new_session=True)
    assert (code, err) == (128 + number, "the sweep stopped after 3 runs of 12; --resume makes the others\n")
    assert len(path.read_text().splitlines()) == 4
    with contextlib.suppress(ProcessLookupError):
        while True:  # until the process that cleans up after the others has ended, too
            os.killpg(int(out), 0)
