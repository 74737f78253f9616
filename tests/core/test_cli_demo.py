"""The stories of `layerkit demo`, and the examples: every number as it was published, to the printed digits."""

from __future__ import annotations

import re
import runpy
import time
from pathlib import Path
from typing import Any

import pytest

from layerkit.cli import main
from layerkit.cli.stories import descent, gates, line_fit, worked_network

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """What a script leaves in its names, and what it prints."""
    names = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return names, capsys.readouterr().out


# ---------------------------------------------------------------------------------------------- (a) the worked network


def test_the_first_update_of_the_worked_network_is_as_published() -> None:
    found = {p.name: p.computed for p in [*worked_network.forward_pass(), *worked_network.first_update()]}
    assert found["out h1"] == pytest.approx(0.593269992, abs=5e-10)
    assert found["out h2"] == pytest.approx(0.596884378, abs=5e-10)
    assert found["out o1"] == pytest.approx(0.75136507, abs=5e-9)
    assert found["out o2"] == pytest.approx(0.772928465, abs=5e-10)
    assert found["E"] == pytest.approx(0.298371109, abs=5e-10)
    assert found["w1⁺"] == pytest.approx(0.149780716, abs=5e-10)
    assert found["w2⁺"] == pytest.approx(0.19956143, abs=5e-9)
    assert found["w3⁺"] == pytest.approx(0.24975114, abs=5e-9)
    assert found["w4⁺"] == pytest.approx(0.29950229, abs=5e-9)
    assert found["w5⁺"] == pytest.approx(0.35891648, abs=5e-9)
    assert found["w6⁺"] == pytest.approx(0.408666186, abs=5e-10)
    assert found["w7⁺"] == pytest.approx(0.511301270, abs=5e-10)
    assert found["w8⁺"] == pytest.approx(0.561370121, abs=5e-10)
    assert all(p.agrees for p in [*worked_network.forward_pass(), *worked_network.first_update()])


def test_proper_updates_of_the_worked_network_do_not_give_the_published_later_figures() -> None:
    course = worked_network.course(worked_network.proper_update)
    assert course.errors[1] == pytest.approx(0.2910277737, abs=5e-11)
    assert course.errors[9_999] == pytest.approx(3.510854812e-05, rel=2e-9)
    assert course.errors[10_000] == pytest.approx(3.510187783e-05, rel=2e-9)
    assert course.outputs == pytest.approx([0.0159136204, 0.9840642735], abs=5e-11)
    assert [p.agrees for p in worked_network.later_figures(course)] == [False, False, False, False]


def test_the_published_later_figures_come_from_hidden_gradients_through_updated_weights() -> None:
    course = worked_network.course(worked_network.hasty_update)
    assert course.errors[1] == pytest.approx(0.291027924, abs=5e-10)
    assert course.outputs == pytest.approx([0.015912196, 0.984065734], abs=5e-10)
    assert [p.agrees for p in worked_network.later_figures(course)] == [True, False, True, True]


def test_the_example_of_the_worked_network_computes_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    names, out = example("worked_network", capsys)
    assert names["errors"] == worked_network.course(worked_network.proper_update).errors
    assert names["hasty_errors"][1] == pytest.approx(0.291027924, abs=5e-10)
    assert names["hasty_final"] == pytest.approx([0.015912196, 0.984065734], abs=5e-10)
    for printed in ("0.2910277737", "3.510187783e-05", "3.510854812e-05", "0.0159136204", "0.9840642735"):
        assert printed in out


# ---------------------------------------------------------------------------------------------------- (b) the line fit


def test_the_line_fit_ends_as_published() -> None:
    steps = line_fit.fit()
    assert len(steps) == 10
    # by hand: w x + b = −1, so dw = 2 (−1 + 4) (−2) = −12 and db = 6
    assert steps[0] == pytest.approx((1, -2, -4, 1 + 1.2, 1 - 0.6))
    *_, w, b = steps[-1]
    assert w == pytest.approx(3.0254803968, abs=5e-11)
    assert b == pytest.approx(1.9490392064, abs=5e-11)


def test_the_example_of_the_line_fit_ends_as_published_step_by_step_and_with_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out = example("line_fit", capsys)
    *_, last_step, published, fitted = out.splitlines()
    for line in (last_step, published, fitted):
        assert line.endswith("w 3.0254803968  b 1.9490392064")


# ----------------------------------------------------------------------------------------------------- (c) the descent


@pytest.mark.parametrize(
    ("rate", "factor", "verdict"),
    [
        (0.1, 0.8, "converges"),
        (0.5, 0.0, "lands at once"),
        (0.9, -0.8, "oscillates"),
        (1.0, -1.0, "swings for ever"),
        (1.1, -1.2, "diverges"),
    ],
)
def test_each_step_down_the_square_multiplies_by_one_minus_twice_the_rate(
    rate: float, factor: float, verdict: str
) -> None:
    path = descent.descend(rate)
    assert path == pytest.approx([3 * factor**step for step in range(11)])
    assert descent.verdict(path) == verdict


def test_the_example_of_the_descent_computes_the_same_paths(capsys: pytest.CaptureFixture[str]) -> None:
    names, out = example("descent", capsys)
    assert names["paths"] == {rate: descent.descend(rate) for rate in (0.1, 0.5, 0.9, 1.0, 1.1)}
    assert "18.5752" in out  # 3 · 1.2¹⁰


# ------------------------------------------------------------------------------------------------------- (d) the gates


def test_one_unit_learns_and_or_and_nand_but_not_xor() -> None:
    right = {gate: learned.right for gate, learned in gates.single_units().items()}
    assert right.pop("XOR") < 4
    assert right == {"AND": 4, "OR": 4, "NAND": 4}


def test_xor_is_reached_from_most_of_ten_seeds_and_the_count_is_honest() -> None:
    found = gates.xor_from_seeds()
    assert list(found) == list(range(10))
    for learned in found.values():
        answers = [out > 0.5 for out in learned.outputs]
        assert learned.right == sum(a == b for a, b in zip(answers, [False, True, True, False]))
    reached = sum(learned.right == 4 for learned in found.values())
    assert 5 <= reached < 10
    assert f"{reached} of 10 seeds reach it" in gates.tell()


def test_the_example_of_the_gates_counts_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    names, out = example("gates", capsys)
    assert {gate: learned for gate, (_, learned) in names["single"].items()} == {
        "AND": True,
        "OR": True,
        "NAND": True,
        "XOR": False,
    }
    reached = [seed for seed, learned in gates.xor_from_seeds().items() if learned.right == 4]
    assert [seed for seed, (_, learned) in names["xor"].items() if learned] == reached
    assert f"{len(reached)} of 10 seeds reach it" in out


# ------------------------------------------------------------------------------------------------------------ the demo


def test_the_demo_tells_all_four_stories_in_less_than_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    assert main(["demo"]) == 0
    assert time.monotonic() - began < 10
    out = capsys.readouterr().out
    assert re.findall(r"^\((\w)\) ", out, re.MULTILINE) == ["a", "b", "c", "d"]
    for printed in (
        ".511301270", ".561370121", ".2910277737", "3.510187783e-05", "3.510854812e-05", ".291027924", "3.51084e-05",
        ".015912196", ".984065734", "3.0254803968", "1.9490392064", "swings for ever", "of 10 seeds reach it",
    ):  # fmt: skip
        assert printed in out
    assert max(map(len, out.splitlines())) <= 110


def test_the_example_that_trains_on_a_table_tells_the_penguins_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["train_csv.py"])
    names, out = example("train_csv", capsys)
    assert names["share"] > 0.95
    assert "Table of 344 rows" in out
    assert "'sex': 11" in out
    command = "train penguins --target species"
    assert main(command.split()) == 0
    report = capsys.readouterr().out
    assert f"trained for {len(names['history'])} epochs" in report
    assert f"accuracy on the part held out: {100 * names['share']:.2f} %" in report
    assert report.endswith(out[out.index("true ") :])  # the same confusion matrix


def test_the_example_that_trains_on_a_table_takes_numbers_and_needs_a_target(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "line.csv"
    path.write_text("x,y\n" + "".join(f"{x},{2 * x + 0.5}\n" for x in range(50)), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["train_csv.py", str(path), "y"])
    names, out = example("train_csv", capsys)
    assert names["explained"] > 0.9
    assert "mean absolute error" in out
    monkeypatch.setattr("sys.argv", ["train_csv.py", str(path)])
    with pytest.raises(SystemExit, match="usage: "):
        example("train_csv", capsys)
