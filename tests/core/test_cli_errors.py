"""Whatever a user does wrong on the command line: one line on stderr, no traceback, exit code 2."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from layerkit.cli import main
from layerkit.errors import NumericsError

TWO_CLASSES = "cm,kind\n" + "".join(f"{n},{'small' if n < 10 else 'large'}\n" for n in range(20))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in, with one good table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(TWO_CLASSES, encoding="utf-8")
    return tmp_path


@pytest.fixture
def complaint(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command, which must fail; what it complains of."""

    def run(*argv: str) -> str:
        assert main(argv) == 2
        error = capsys.readouterr().err
        assert error.startswith("layerkit: ")
        assert error.count("\n") == 1
        assert error.endswith("\n")
        assert "Traceback" not in error
        return error

    return run


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "which command? Known: demo, train"),
        ("trian", "unknown command 'trian'; did you mean 'train'?"),
        ("--versoin", "unknown option '--versoin'; did you mean '--version'?"),
        ("-x", "see 'layerkit -h'"),
        ("train", "TABLE, --target"),
        ("train good.csv", "train: the following arguments are required: --target"),
        ("train good.csv --taget kind", "unknown option '--taget'; did you mean '--target'?"),
        ("train good.csv --target kid", "unknown column 'kid'; did you mean 'kind'?"),
        ("train irs --target species", "unknown file or bundled table 'irs'; did you mean 'iris'?"),
        ("train no.csv --target kind", "cannot read 'no.csv'"),
        ("train . --target kind", "cannot read '.'"),
        ("train good.csv --target kind --epochs -5", "--epochs: it must be a whole number of at least 1, not '-5'"),
        ("train good.csv --target kind --epochs 0", "--epochs: it must be a whole number of at least 1"),
        ("train good.csv --target kind --epochs 1.5", "--epochs: it must be a whole number"),
        ("train good.csv --target kind --hidden 0", "--hidden: it must be a whole number of at least 1, not '0'"),
        ("train good.csv --target kind --hidden", "--hidden: expected at least one argument"),
        ("train --hidden 8 good.csv --target kind", "'good.csv'; put the table before --hidden."),
        ("predict m.json good.csv --output good.csv", "predict: --output 'good.csv': that file is the table"),
        ("predict good.csv iris --output ./good.csv", "predict: --output './good.csv': that file is the model"),
        ("train good.csv --target kind --batch-size 0", "--batch-size: it must be a whole number of at least 1"),
        ("train good.csv --target kind --splits 0", "--splits: it must be a whole number of at least 1"),
        ("train good.csv --target kind --seed x", "--seed: it must be a whole number of at least 0"),
        ("train good.csv --target kind --activation sigmod", "unknown activation 'sigmod'; did you mean 'sigmoid'?"),
        ("train good.csv --target kind --activation step", "perceptron rule"),
        ("train good.csv --target kind --optimizer adm", "unknown optimizer 'adm'; did you mean 'adam'?"),
        ("train good.csv --target kind --learning-rate -1", "learning_rate must be >= 0"),
        ("train good.csv --target kind --learning-rate nan", "learning_rate must be finite"),
        ("train good.csv --target kind --learning-rate fast", "--learning-rate: it must be a number, not 'fast'"),
        ("train good.csv --target kind --test-fraction 1", "--test-fraction: it must be between 0 and 1"),
        ("train good.csv --target kind --test-fraction x", "--test-fraction: it must be a number, not 'x'"),
        ("train good.csv --target kind --save good.csv", "train: --save 'good.csv': that file is the table"),
        ("train ./good.csv --target kind --save good.csv", "that file is the table"),
        ("train good.csv --target kind --save=", "train: --save: the path is empty"),
        ("predict m.json good.csv --output=", "predict: --output: the path is empty"),
        ("train good.csv --target kind --missing fil", "'fil'; did you mean 'fill'?"),
        ("train good.csv --target kind --task regresion", "unknown task 'regresion'; did you mean 'regression'?"),
        ("train good.csv --target kind --task regression", "line 2 has 'small'"),
        ("train good.csv --target kind --drop kidn", "--drop: unknown column 'kidn'; did you mean 'kind'?"),
        ("train good.csv --target kind --drop kind", "both the target and dropped"),
        ("train good.csv --target kind --drop cm", "no feature columns"),
        ("train good.csv --target kind --splits 2 --save m.json", "--save keeps one model"),
        ("train good.csv --target kind --save no/m.json", "cannot write into 'no'"),
        ("train good.csv --target kind --save .", "it is a directory"),
        ("predict", "predict: the following arguments are required: MODEL, TABLE"),
        ("predict no.json good.csv", "cannot read 'no.json'"),
        ("predict good.csv good.csv", "'good.csv' is no model file"),
        ("summary", "summary: the following arguments are required: MODEL"),
        ("summary .", "cannot read '.'"),
        ("demo now", "unrecognized arguments: now"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(
    place: Path, complaint: Callable[..., str], line: str, said: str
) -> None:
    assert said in complaint(*line.split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"cm,kind\n", "only a header line"),
        (b"cm,kind\n1,a\n", "two or more distinct values"),
        (b"cm,kind\n1,a\n2,a\n3,a\n", "all are 'a'"),
        (b"cm,kind\n1,a\n2,b\n3,c\n", "another value in every row"),
        (b"cm,kind\n1,NA\n2,?\n", "all are missing"),
        (b"cm,kind\n1,a\n2\n", "line 3 has 1"),
        (b"cm,cm\n1,a\n", "named 'cm'"),
        (b"other,names\n1,a\n2,b\n", "unknown column 'kind'"),
        (b"cm,kind\n1,\xff\n", "UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"),
        (b"cm,kind\n\x00,a\n", "binary"),
        (b'cm,kind\n"1,a\n', "proper CSV"),
        (b"cm,kind\n,a\n,a\n,b\n,b\n", "no values"),
    ],
)
def test_a_table_that_cannot_be_trained_on_is_named(
    place: Path, complaint: Callable[..., str], content: bytes, said: str
) -> None:
    (place / "bad.csv").write_bytes(content)
    assert said in complaint("train", "bad.csv", "--target", "kind")


def test_missing_values_are_an_error_where_the_user_says_so(place: Path, complaint: Callable[..., str]) -> None:
    rows = TWO_CLASSES.replace("3,small", "NA,small").replace("4,small", "NA,small").replace("12,large", "?,large")
    (place / "holes.csv").write_text(rows, encoding="utf-8")
    error = complaint("train", "holes.csv", "--target", "kind", "--missing", "error")
    assert "train: no value may be missing, column 'cm' has none on line 5. Fix: fill it in, or use --missing" in error
    line = "train good.csv --target kind --missing error --epochs 1 --save m.json"
    assert main(line.split()) == 0
    error = complaint("predict", "m.json", "holes.csv")
    assert "column 'cm' has none on line 5. Fix: fill it in, or train the model with --missing fill" in error


@pytest.mark.skipif(os.name != "posix", reason="Windows lets not everybody make links")
def test_a_link_to_an_input_is_not_written_over(saved: Path, complaint: Callable[..., str]) -> None:
    model = saved.read_bytes()
    os.symlink("good.csv", "table.json")
    os.symlink("m.json", "out.csv")
    assert "that file is the table" in complaint("train", "good.csv", "--target", "kind", "--save", "table.json")
    assert "that file is the model" in complaint("predict", "m.json", "iris", "--output", "out.csv")
    assert Path("good.csv").read_text(encoding="utf-8") == TWO_CLASSES
    assert saved.read_bytes() == model


def test_a_model_whose_report_fails_is_saved_all_the_same(
    place: Path, complaint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(trial: object) -> None:
        raise NumericsError("mse: the sum is not finite.")

    monkeypatch.setattr("layerkit.cli.trial.Trial.measure", too_large)
    assert "not finite" in complaint("train", "good.csv", "--target", "kind", "--epochs", "1", "--save", "m.json")
    assert (place / "m.json").exists()


def test_a_training_that_leaves_the_floats_is_named_and_saves_nothing(
    place: Path, complaint: Callable[..., str]
) -> None:
    rows = "x,y\n" + "".join(f"{n},{n * n / 7}\n" for n in range(40))
    (place / "square.csv").write_text(rows, encoding="utf-8")
    arguments = "train square.csv --target y --activation linear --optimizer sgd --learning-rate 1e9 --epochs 200"
    assert "fit, epoch" in complaint(*arguments.split(), "--save", "m.json")
    assert not (place / "m.json").exists()


@pytest.fixture
def saved(place: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A model file that `layerkit train` wrote."""
    assert main(["train", "good.csv", "--target", "kind", "--hidden", "2", "--epochs", "1", "--save", "m.json"]) == 0
    capsys.readouterr()
    return place / "m.json"


def test_a_table_that_lacks_a_column_of_the_training_is_named(saved: Path, complaint: Callable[..., str]) -> None:
    Path("narrow.csv").write_text("cms\n1\n", encoding="utf-8")
    error = complaint("predict", "m.json", "narrow.csv")
    assert "lacks a column that the model was trained on: unknown column 'cm'; did you mean 'cms'?" in error


def test_a_table_with_text_where_numbers_were_is_named(saved: Path, complaint: Callable[..., str]) -> None:
    Path("text.csv").write_text("cm\n1\nlong\n", encoding="utf-8")
    assert "column 'cm' must hold numbers, line 3 has 'long'" in complaint("predict", "m.json", "text.csv")


def test_predictions_that_cannot_be_written_are_an_error(saved: Path, complaint: Callable[..., str]) -> None:
    assert "'no/out.csv'" in complaint("predict", "m.json", "good.csv", "--output", "no/out.csv")


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_model_file_that_was_cut_off_is_named(saved: Path, complaint: Callable[..., str], share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    assert "is no model file" in complaint("predict", "m.json", "good.csv")
    assert "is no model file" in complaint("summary", "m.json")


def test_a_file_that_is_json_but_no_model_is_named(saved: Path, complaint: Callable[..., str]) -> None:
    for content in ("[]", "{}", "null", "1", '{"format": "layerkit", "version": 99}'):
        saved.write_text(content, encoding="utf-8")
        assert "Fix:" in complaint("predict", "m.json", "good.csv")


def test_what_is_wrong_in_a_model_file_begins_with_its_path(saved: Path, complaint: Callable[..., str]) -> None:
    original = saved.read_text(encoding="utf-8")
    for good, bad in (('"tanh"', '"tan"'), ('"preparation"', '"preparation": 1, "other"')):
        assert good in original
        saved.write_text(original.replace(good, bad), encoding="utf-8")
        assert complaint("predict", "m.json", "good.csv").startswith("layerkit: 'm.json': ")
        assert complaint("summary", "m.json").startswith("layerkit: 'm.json': ")


def _paths(tree: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The path to every dict entry of a JSON tree, and to the first entry of every list."""
    items = (
        list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))[:1] if isinstance(tree, list) else []
    )
    return [found for key, value in items for found in [(*path, key), *_paths(value, (*path, key))]]


@pytest.mark.parametrize("change", ["removed", "null", "text", "list"])
def test_a_model_file_with_any_one_part_damaged_never_ends_in_a_traceback(
    saved: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    original = saved.read_text(encoding="utf-8")
    for path in _paths(json.loads(original)):
        content = json.loads(original)
        place = content
        for key in path[:-1]:
            place = place[key]
        if change == "removed":
            del place[path[-1]]
        else:
            place[path[-1]] = {"null": None, "text": "damaged", "list": [[]]}[change]
        saved.write_text(json.dumps(content), encoding="utf-8")
        code = main(["predict", "m.json", "good.csv"])
        error = capsys.readouterr().err
        assert (code, error.count("\n")) in {(2, 1), (0, 0)}, (path, error)


def test_a_model_that_python_saved_has_no_preparation_and_predict_says_so(
    place: Path, complaint: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    from layerkit import Dense, Sequential

    Sequential([Dense(1, fan_in=1)], seed=1).save("plain.json")
    assert "not how a table becomes its input" in complaint("predict", "plain.json", "good.csv")
    assert main(["summary", "plain.json"]) == 0
    assert "dense_1 (Dense)" in capsys.readouterr().out


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    place: Path, complaint: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "escape.csv").write_text("\x1b[2Jcm,kind\n1,a\n2,b\n3,a\n4,b\n", encoding="utf-8")
    assert "\x1b" not in complaint("train", "escape.csv", "--target", "cm")
    assert main(["train", "escape.csv", "--target", "kind", "--epochs", "1", "--hidden", "1"]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
