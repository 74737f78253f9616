"""The command as a process of its own: pipes, signals, encodings, and what is imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and pipes as POSIX has them")


def process(*argv: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Runs `python -m layerkit` to its end."""
    command = [sys.executable, "-m", "layerkit", *argv]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, timeout=60, check=False
    )


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    import layerkit

    done = process("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.decode().split()) == (0, ["layerkit", layerkit.__version__])


def test_help_lists_every_command_and_each_has_help(tmp_path: Path) -> None:
    for command in ("demo", "train", "predict", "summary", "activations"):
        assert f"    {command} " in process("--help", cwd=tmp_path).stdout.decode() or command == "activations"
        assert process(command, "--help", cwd=tmp_path).returncode == 0


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); from layerkit.cli import main; main(['train', '--help']); "
        "print(sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    loaded = done.stderr.decode()
    assert "layerkit.cli.train" in loaded
    for module in ("pluggy", "tabulate", "'json'", "'csv'", "layerkit.sequential", "layerkit.data", "layerkit.nodes"):
        assert module not in loaded


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}],
    ids=["PYTHONIOENCODING", "LC_ALL"],
)
def test_a_terminal_that_knows_only_ascii_gets_ascii(tmp_path: Path, environment: dict[str, str]) -> None:
    rows = "".join(f"{n},{'süß' if n < 10 else '쓴'}\n" for n in range(20))
    (tmp_path / "taste.csv").write_text(f"sugar,taste\n{rows}", encoding="utf-8")
    line = "train taste.csv --target taste --hidden 2 --save m.json"
    trained = process(*line.split(), cwd=tmp_path, **environment)
    assert (trained.returncode, trained.stderr) == (0, b"")
    if trained.stdout.isascii():  # a C locale may be UTF-8 all the same, as on macOS
        assert b"1 -> 2 tanh -> 2 softmax" in trained.stdout
        assert rb"s\xfc\xdf" in trained.stdout
    for arguments in ("demo", "activations", "predict m.json taste.csv", "train --help", "summary m.json"):
        done = process(*arguments.split(), cwd=tmp_path, **environment)
        assert (done.returncode, done.stderr) == (0, b"")
    failed = process("train", "taste.csv", "--target", "쓴", cwd=tmp_path, **environment)
    assert failed.returncode == 2
    assert b"Traceback" not in failed.stderr


@POSIX
@pytest.mark.parametrize(
    ("arguments", "code"), [("activations", 141), ("demo", 141), ("predict m.json iris", 141), ("--help", 0)]
)
def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path, arguments: str, code: int) -> None:
    process("train", "iris", "--target", "species", "--epochs", "1", "--save", "m.json", cwd=tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-m", "layerkit", *arguments.split()]
        done = subprocess.run(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(writer)
    assert done.stderr == b""
    assert done.returncode in {code, 141}  # argparse may or may not see that nobody reads its help


@POSIX
def test_a_model_is_trained_and_saved_though_nobody_reads_the_report(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        arguments = "train iris --target species --epochs 1 --save m.json"
        command = [sys.executable, "-m", "layerkit", *arguments.split()]
        done = subprocess.run(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert process("predict", "m.json", "iris", cwd=tmp_path).returncode == 0


@POSIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "layerkit", "activations"]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"layerkit: cannot read or write the output")
    assert done.stderr.count(b"\n") == 1


@POSIX
def test_ctrl_c_in_a_long_training_saves_a_model_that_predicts(tmp_path: Path) -> None:
    arguments = "train iris --target species --hidden 8 --epochs 10000000 --save m.json"
    command = [sys.executable, "-m", "layerkit", *arguments.split()]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith(b"training:"):
                break
        try:
            running.wait(timeout=1)  # let it train for a while
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert error.startswith(b"layerkit: interrupted after ")
    assert error.count(b"\n") == 1
    assert b"accuracy on the part held out" in out
    assert out.rstrip().endswith(b"saved as m.json")
    assert process("predict", "m.json", "iris", cwd=tmp_path).returncode == 0


def test_the_bundled_tables_can_be_asked_for_by_name_from_anywhere(tmp_path: Path) -> None:
    done = process("train", "penguins", "--target", "species", "--epochs", "1", cwd=tmp_path)
    assert b"table: penguins (bundled with layerkit), 344 rows, 8 columns" in done.stdout
