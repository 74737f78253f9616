"""`layerkit train` and `predict` on tables small enough to know what must come out."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import layerkit
from layerkit.cli import main

Run = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command, which must succeed in silence on stderr unless `notes`; its output."""

    def runs(line: str, *, notes: str = "") -> str:
        code = main(line.split())
        captured = capsys.readouterr()
        assert (code, captured.err) == (0, notes)
        return captured.out

    return runs


def two_heaps(count: int = 40) -> list[list[str]]:
    """Rows (width, height, kind): the small ones lie within 1 of (0, 0), the large ones within 1 of (10, 10)."""
    rng = random.Random(1)
    centres = {"small": 0, "large": 10}
    return [
        [f"{centre + rng.uniform(-1, 1):.3f}", f"{centre + rng.uniform(-1, 1):.3f}", kind]
        for _ in range(count // 2)
        for kind, centre in centres.items()
    ]


def write(path: str, header: list[str], rows: list[list[str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def command(line: str) -> int:
    return main(line.split())


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_heaps_that_lie_apart_are_told_apart_without_a_mistake(run: Run) -> None:
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    out = run("train heaps.csv --target kind --hidden 3")
    assert "table: heaps.csv (a file), 40 rows, 3 columns" in out
    assert "target: kind, classification into 2 classes (large 20, small 20)" in out
    assert "features: 2 numeric, 0 text" in out
    assert "missing values: none" in out
    assert "split: 32 rows to train, 8 held out, stratified, seed 0" in out
    # 2·3 weights and 3 biases, then 3·2 weights and 2 biases
    assert "network: 2 → 3 tanh → 2 softmax, 17 parameters" in out
    assert "batch size 3, epochs: until the loss stops falling, at most 200" in out  # a tenth of 32 rows
    assert "accuracy on the training part: 100.00 %" in out
    assert "accuracy on the part held out: 100.00 %" in out
    matrix = [line.split() for line in out.splitlines()[-4:]]
    assert matrix == [
        ["true", "large", "small"],
        ["------", "-------", "-------"],
        ["large", "4", "0"],
        ["small", "0", "4"],
    ]


def test_labels_that_say_nothing_are_guessed_no_better_than_by_chance(run: Run) -> None:
    rng = random.Random(3)
    write("noise.csv", ["x", "coin"], [[str(rng.random()), rng.choice(["heads", "tails"])] for _ in range(300)])
    out = run("train noise.csv --target coin --hidden 2 --epochs 5 --splits 5")
    found = re.search(r"mean of 5 splits: ([\d.]+) %", out)
    assert found
    assert 40 < float(found.group(1)) < 60  # 300 tosses: the standard deviation of a share is below 3 %


def test_a_straight_line_is_found_again(run: Run) -> None:
    write("line.csv", ["x", "y"], [[str(x), str(2 * x + 1)] for x in range(50)])
    out = run("train line.csv --target y --activation linear --hidden 1 --save line.json")
    assert "target: y, regression" in out
    assert "held out, seed 0" in out  # no classes, so not stratified
    scores = dict(zip(["mae", "rmse", "r2"], map(float, re.findall(r"held out +([\d.]+) +([\d.]+) +([\d.]+)", out)[0])))
    assert scores["r2"] > 0.99
    assert scores["mae"] <= scores["rmse"] < 3  # y spreads over 1 to 99
    write("new.csv", ["x"], [["0"], ["100"], ["-1"]])
    header, *predicted = read(run("predict line.json new.csv"))
    assert header == ["predicted"]
    assert [float(cell) for (cell,) in predicted] == pytest.approx([1, 201, -1], abs=15)


def test_every_way_to_treat_missing_values_is_reported_and_done(run: Run) -> None:
    rows = two_heaps()
    rows[0][0] = rows[1][1] = rows[2][1] = "NA"
    rows[3][2] = "?"
    write("holes.csv", ["width", "height", "kind"], rows)
    filled = run("train holes.csv --target kind --hidden 2 --epochs 1")
    assert "missing targets: 1 row left out" in filled
    assert "missing values: width 1, height 2; filled in with the mean" in filled
    assert "split: 31 rows to train, 8 held out" in filled
    dropped = run("train holes.csv --target kind --hidden 2 --epochs 1 --missing drop")
    assert "missing values: width 1, height 2; rows that have one are left out" in dropped
    assert "rows left out: 3, rows used: 36" in dropped
    assert "split: 29 rows to train, 7 held out" in dropped


def test_columns_that_are_dropped_are_not_used(run: Run) -> None:
    rows = [[width, height, kind, f"name {n}"] for n, (width, height, kind) in enumerate(two_heaps())]
    write("named.csv", ["width", "height", "kind", "name"], rows)
    out = run("train named.csv --target kind --drop name height --hidden 2 --epochs 1 --save m.json")
    assert "features: 1 numeric, 0 text" in out
    assert "inputs: width\n" in run("summary m.json")


def test_text_columns_become_one_input_for_each_text(run: Run) -> None:
    rows = [[colour, kind] for colour, kind in (("red", "stop"), ("green", "go"), ("amber", "stop")) for _ in range(20)]
    write("lights.csv", ["colour", "kind"], rows)
    out = run("train lights.csv --target kind --hidden 2 --save m.json")
    assert "features: 0 numeric, 1 text" in out
    assert "network: 3 → 2 tanh" in out
    assert "accuracy on the part held out: 100.00 %" in out
    write("new.csv", ["colour"], [["green"], ["red"]])
    assert [row[0] for row in read(run("predict m.json new.csv"))] == ["predicted", "go", "stop"]


def test_a_text_column_that_looks_like_numbers_is_mentioned(run: Run) -> None:
    rows = two_heaps()
    rows[3][0] = "12,5 cm"
    write("odd.csv", ["width", "height", "kind"], rows)
    odd = "column 'width' counts as text: 1 of 32 values are no numbers, the first is '12,5 cm' on line 5."
    run("train odd.csv --target kind --hidden 2 --epochs 1", notes=f"layerkit: note: {odd}\n")


def test_a_target_with_decimal_commas_is_mentioned(run: Run) -> None:
    rows = [[*row[:2], {"small": "0,5", "large": "1,5"}[row[2]]] for row in two_heaps()]
    write("odd.csv", ["width", "height", "size"], rows)
    odd = "the target 'size' counts as text, its numbers have a decimal comma, such as '0,5': write numbers as 1234.5."
    run("train odd.csv --target size --hidden 2 --epochs 1", notes=f"layerkit: note: {odd}\n")


def test_a_row_index_without_a_name_is_left_out_and_mentioned(run: Run) -> None:
    rows = [[str(n), *row] for n, row in enumerate(two_heaps())]
    write("frame.csv", ["", "width", "height", "kind"], rows)
    note = "layerkit: note: 'frame.csv': the first column has no name: it is taken for a row index and left out.\n"
    out = run("train frame.csv --target kind --hidden 2 --epochs 1 --save m.json", notes=note)
    assert "features: 2 numeric, 0 text" in out
    assert len(read(run("predict m.json frame.csv", notes=note))) == 41


def test_the_report_of_a_regression_writes_all_numbers_in_one_way(run: Run) -> None:
    write("line.csv", ["x", "y"], [[str(x), str(9000 * (x % 7) + 0.5)] for x in range(50)])
    out = run("train line.csv --target y --hidden 1 --epochs 1")
    table = out[out.index("mae") :].splitlines()
    assert [re.fullmatch(r"(training|held out)( +-?[\d.]+){3}", line) is not None for line in table[2:]] == [True] * 2


def test_class_names_that_look_like_numbers_stay_as_they_are_written(run: Run) -> None:
    rows = [[*row[:2], {"small": "007", "large": "1e2"}[row[2]]] for row in two_heaps()]
    write("codes.csv", ["width", "height", "code"], rows)
    out = run("train codes.csv --target code --hidden 2 --save m.json")
    assert "classes (007 20, 1e2 20)" in out
    assert [line.split()[0] for line in out.splitlines()[-3:-1]] == ["007", "1e2"]
    write("new.csv", ["width", "height"], [["0", "0"], ["10", "10"]])
    assert [row[0] for row in read(run("predict m.json new.csv"))] == ["predicted", "007", "1e2"]


def test_whole_numbers_are_classes_unless_the_user_says_otherwise(run: Run) -> None:
    write("count.csv", ["x", "legs"], [[str(n), str(2 + 2 * (n % 2))] for n in range(20)])
    assert "classification into 2 classes (2 10, 4 10)" in run("train count.csv --target legs --epochs 1")
    assert "target: legs, regression" in run("train count.csv --target legs --epochs 1 --task regression")


def test_a_bundled_table_is_taken_where_no_file_has_its_name(run: Run) -> None:
    assert "table: iris (bundled with layerkit), 150 rows" in run("train iris --target species --epochs 1")
    write("iris", ["width", "height", "kind"], two_heaps())
    assert "table: iris (a file), 40 rows" in run("train iris --target kind --epochs 1")


def test_a_seeded_run_repeats_and_another_seed_differs(run: Run) -> None:
    first = run("train iris --target species --epochs 2 --seed 5 --save m.json")
    again = run("train iris --target species --epochs 2 --seed 5 --save n.json")
    assert first.replace("m.json", "n.json") == again
    assert Path("m.json").read_bytes() == Path("n.json").read_bytes()
    run("train iris --target species --epochs 2 --seed 6 --save o.json")
    assert Path("m.json").read_bytes() != Path("o.json").read_bytes()


def test_several_splits_print_each_and_their_mean_and_deviation(run: Run) -> None:
    out = run("train iris --target species --epochs 3 --splits 3 --seed 4")
    each = [float(share) for share in re.findall(r"^seed \d: held out accuracy ([\d.]+) %", out, re.MULTILINE)]
    assert [line.split(":")[0] for line in out.splitlines() if line.startswith("seed ")] == [
        "seed 4",
        "seed 5",
        "seed 6",
    ]
    mean = sum(each) / 3
    stddev = (sum((share - mean) ** 2 for share in each) / 2) ** 0.5
    found = re.search(r"mean of 3 splits: ([\d.]+) % ± ([\d.]+) % \(standard deviation\)", out)
    assert found
    assert [float(number) for number in found.groups()] == pytest.approx([mean, stddev], abs=0.02)
    counts = [list(map(int, line.split()[1:])) for line in out.splitlines()[-3:]]
    assert list(map(sum, counts)) == [30, 30, 30]  # 10 of each class held out, three times
    # the same seed alone holds out the same rows and learns the same
    alone = run("train iris --target species --epochs 3 --seed 5")
    assert f"accuracy on the part held out: {each[1]:.2f} %" in alone


def test_several_hidden_layers_and_all_choices_reach_the_network(run: Run) -> None:
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    out = run(
        "train heaps.csv --target kind --hidden 4 3 --activation relu --optimizer sgd --learning-rate 0.5 --epochs 7 "
        "--batch-size 5 --test-fraction 0.5 --save m.json"
    )
    assert "network: 2 → 4 relu → 3 relu → 2 softmax" in out
    assert "training: sgd, learning rate 0.5, batch size 5, epochs: 7" in out
    assert "trained for 7 epochs" in out
    assert "split: 20 rows to train, 20 held out" in out
    model = layerkit.load_model("m.json")
    assert [layer.units for layer in model.layers] == [4, 3, 2]
    assert model.optimizer.learning_rate == 0.5


def test_training_ends_by_itself_when_the_loss_stops_falling(run: Run) -> None:
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    out = run("train heaps.csv --target kind --hidden 3")
    found = re.search(r"trained for (\d+) epochs", out)
    assert found
    assert 5 < int(found.group(1)) < 200
    assert "trained for 200 epochs" in run("train heaps.csv --target kind --hidden 3 --epochs 200")


def test_scaling_is_fitted_on_the_training_part_only(run: Run) -> None:
    from layerkit.data import read_csv, split_indices
    from layerkit.saving import read_json

    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    run("train heaps.csv --target kind --hidden 2 --epochs 1 --seed 3 --save m.json")
    table = read_csv("heaps.csv")
    train, _ = split_indices(table.column("kind"), test_fraction=0.2, stratify=True, seed=3)
    widths = [float(table.rows[n][0]) for n in train]
    column = read_json("m.json")["preparation"]["features"]["columns"][0]
    assert column["mean"] == pytest.approx(sum(widths) / len(widths), rel=1e-12)


# ------------------------------------------------------------------------------------------------------------ predict


def test_a_saved_model_predicts_to_the_last_bit_what_it_did_before(run: Run) -> None:
    from layerkit.cli.dataset import Dataset
    from layerkit.cli.recipe import Recipe
    from layerkit.cli.trial import Trial
    from layerkit.data import load_table

    table = load_table("penguins")
    trial = Trial(Dataset(table, "species"), Recipe([4], epochs=3), test_fraction=0.2, seed=1)
    trial.train(verbose=0)
    trial.save("m.json")
    outputs = trial.model.predict(trial.preparation.x(table).rows)
    notes = "missing values filled in: " + (
        "bill_length_mm 2, bill_depth_mm 2, flipper_length_mm 2, body_mass_g 2, sex 11\n"
    )
    _, *lines = read(run("predict m.json penguins", notes=notes))
    assert [float(probability) for _, probability in lines] == [max(row) for row in outputs]
    classes = ["Adelie", "Chinstrap", "Gentoo"]
    assert [name for name, _ in lines] == [classes[row.index(max(row))] for row in outputs]


def test_predictions_into_a_file_are_those_on_the_terminal(run: Run) -> None:
    run("train iris --target species --epochs 2 --save m.json")
    shown = run("predict m.json iris")
    assert run("predict m.json iris --output out.csv", notes="150 predictions written to out.csv\n") == ""
    assert Path("out.csv").read_text(encoding="utf-8") == shown
    assert len(read(shown)) == 151


def test_what_predict_filled_in_or_did_not_know_is_noted_on_stderr(run: Run) -> None:
    rows = [[str(n), colour, kind] for n, (colour, kind) in enumerate([("red", "stop"), ("green", "go")] * 10)]
    write("lights.csv", ["n", "colour", "kind"], rows)
    run("train lights.csv --target kind --hidden 2 --epochs 2 --save m.json")
    write("new.csv", ["colour", "n"], [["blue", "1"], ["?", ""], ["red", "NA"]])
    notes = "missing values filled in: n 2, colour 1\n" + (
        "texts that the training part does not have, taken as none of its texts: colour: 'blue' in 1\n"
    )
    assert len(read(run("predict m.json new.csv", notes=notes))) == 4


def test_rows_that_a_model_leaves_out_keep_their_place_without_a_prediction(run: Run) -> None:
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    run("train heaps.csv --target kind --hidden 2 --missing drop --save m.json")
    write("new.csv", ["width", "height"], [["0", "0"], ["NA", "0"], ["10", "10"]])
    out = run("predict m.json new.csv", notes="no prediction for 1 row with missing values\n")
    assert [row[0] for row in read(out)] == ["predicted", "small", "", "large"]


def test_summary_says_what_a_model_predicts_from_what(run: Run) -> None:
    run("train penguins --target species --drop year sex --hidden 5 --epochs 1 --save m.json")
    out = run("summary m.json")
    # island has three texts: 4 + 3 inputs, 7·5 + 5 and 5·3 + 3 parameters
    assert "rows of 7 numbers" in out
    assert "58 parameters" in out
    assert "predicts species: one of Adelie, Chinstrap, Gentoo" in out
    assert "island=Biscoe, island=Dream, island=Torgersen" in out


# --------------------------------------------------------------------------------------------------------- activations


def test_activations_lists_all_with_formula_range_and_plugin(run: Run) -> None:
    lines = run("activations").splitlines()
    assert [line.split()[0] for line in lines[2:]] == sorted([*layerkit.activations(), "softmax"])
    softmax = next(line for line in lines if line.startswith("softmax "))
    assert softmax.endswith("none, it is a layer")
    tanh = next(line for line in lines if line.startswith("tanh "))
    assert re.split(r" {2,}", tanh) == ["tanh", "tanh(x)", "-1 to 1", "yes", "layerkit.builtin"]
    step = next(line for line in lines if line.startswith("step "))
    assert re.split(r" {2,}", step)[3] == "no"
    relu = next(line for line in lines if line.startswith("relu "))
    assert re.split(r" {2,}", relu)[2:4] == ["0 to inf", "yes, not at 0"]


def test_an_activation_of_a_plugin_is_listed_with_its_plugin_and_can_be_trained(run: Run) -> None:
    class Plugin:
        @layerkit.hookimpl
        def layerkit_activations(self) -> list[layerkit.Activation]:
            return [layerkit.Activation("cube", lambda x: x**3)]

    plugin = Plugin()
    layerkit.register(plugin, "my plugin")
    try:
        listed = next(line for line in run("activations").splitlines() if line.startswith("cube "))
        assert listed.endswith("my plugin")
        write("heaps.csv", ["width", "height", "kind"], two_heaps())
        out = run("train heaps.csv --target kind --hidden 3 --activation cube --save m.json")
        assert "accuracy on the part held out: 100.00 %" in out
        assert len(read(run("predict m.json heaps.csv"))) == 41
    finally:
        layerkit.unregister(plugin)


# -------------------------------------------------------------------------------------------------------------- Ctrl-C


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the training behave as if the user pressed Ctrl-C at the end of that epoch, counted over all splits."""

    def at_epoch(number: int) -> None:
        epochs = iter(range(1, number + 1))

        class Impatient(layerkit.EarlyStopping):
            def __call__(self, model: object, epoch: int, logs: object) -> None:
                if next(epochs) == number:
                    raise KeyboardInterrupt
                if epoch == 1:  # each split has two epochs
                    model.stop_training = True  # type: ignore[attr-defined]

        monkeypatch.setattr("layerkit.cli.recipe.EarlyStopping", Impatient)

    return at_epoch


def test_ctrl_c_keeps_evaluates_and_saves_the_model_so_far(
    place: Path, capsys: pytest.CaptureFixture[str], ctrl_c: Callable[[int], None]
) -> None:
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    ctrl_c(2)
    assert command("train heaps.csv --target kind --hidden 3 --save m.json") == 130
    captured = capsys.readouterr()
    assert captured.err == "layerkit: interrupted after 2 complete epochs; this is the model so far.\n"
    assert "trained for 2 epochs" in captured.out
    assert "accuracy on the part held out" in captured.out
    assert captured.out.endswith("saved as m.json\n")
    assert command("train heaps.csv --target kind --hidden 3 --epochs 2 --save n.json") == 0
    assert Path("m.json").read_text(encoding="utf-8") == Path("n.json").read_text(encoding="utf-8")


def test_ctrl_c_between_splits_reports_those_that_are_complete(
    place: Path, capsys: pytest.CaptureFixture[str], ctrl_c: Callable[[int], None]
) -> None:
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    ctrl_c(5)
    assert command("train heaps.csv --target kind --hidden 3 --splits 5") == 130
    captured = capsys.readouterr()
    assert captured.err == "layerkit: interrupted; 2 splits of 5 complete.\n"
    assert "mean of 2 splits" in captured.out


def test_ctrl_c_at_any_other_time_ends_quietly(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(trial: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("layerkit.cli.trial.Trial.measure", pressed)
    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    assert command("train heaps.csv --target kind --hidden 3 --epochs 1 --save m.json") == 130
    assert capsys.readouterr().err == "layerkit: interrupted.\n"
    assert Path("m.json").exists()  # what is trained is saved before it is measured


def test_ctrl_c_before_the_first_complete_epoch_leaves_the_saved_model_alone(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(trial: object, *, verbose: object) -> None:
        raise KeyboardInterrupt

    write("heaps.csv", ["width", "height", "kind"], two_heaps())
    assert command("train heaps.csv --target kind --hidden 3 --epochs 1 --save m.json") == 0
    model = Path("m.json").read_bytes()
    capsys.readouterr()
    monkeypatch.setattr("layerkit.cli.trial.Trial.train", pressed)
    assert command("train heaps.csv --target kind --hidden 3 --save m.json") == 130
    captured = capsys.readouterr()
    assert captured.err == "layerkit: interrupted before an epoch was complete; nothing is measured or saved.\n"
    assert "accuracy" not in captured.out
    assert Path("m.json").read_bytes() == model
