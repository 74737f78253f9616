"""The bundled tables, against what is published about them; and what importing layerkit.data costs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

import layerkit.data
from layerkit.data import bundled_tables, load_digits, load_iris, load_penguins, load_table
from layerkit.errors import UnknownNameError


def test_iris_has_the_published_means() -> None:
    # UCI, iris.names, "Summary Statistics": mean 5.84, 3.05, 3.76, 1.20 (the sepal width misprinted there: 3.057)
    x, labels = load_iris()
    means = [sum(column) / len(column) for column in zip(*x)]
    assert means == pytest.approx([5.843333, 3.057333, 3.758, 1.199333], abs=1e-6)
    assert Counter(labels) == {"setosa": 50, "versicolor": 50, "virginica": 50}


def test_penguins_have_the_published_counts() -> None:
    # palmerpenguins: 152 Adelie, 68 Chinstrap, 124 Gentoo; 11 without sex, 2 of them without measurements
    table = load_table("penguins")
    assert len(table) == 344
    assert Counter(table.column("species")) == {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}
    assert {name: count for name, count in table.missing().items() if count} == {
        "bill_length_mm": 2,
        "bill_depth_mm": 2,
        "flipper_length_mm": 2,
        "body_mass_g": 2,
        "sex": 11,
    }
    x, labels = load_penguins()
    assert Counter(labels) == {"Adelie": 151, "Chinstrap": 68, "Gentoo": 123}
    means = [sum(column) / len(column) for column in zip(*x)]
    assert means == pytest.approx([43.92193, 17.15117, 200.91520, 4201.754], rel=1e-6)


def test_digits_have_the_published_counts() -> None:
    # UCI, optdigits.names, test part: 178 182 177 183 181 182 181 179 174 180
    x, labels = load_digits()
    assert (len(x), {len(row) for row in x}) == (1797, {64})
    assert [Counter(labels)[str(digit)] for digit in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert {value for row in x for value in row} == set(range(17))


def test_an_unknown_table_comes_with_the_nearest_name() -> None:
    with pytest.raises(
        UnknownNameError, match=r"unknown table 'irsi'; did you mean 'iris'\? Known: digits, iris, pengu"
    ):
        load_table("irsi")


def test_every_bundled_table_has_its_source_and_licence_beside_it() -> None:
    folder = Path(layerkit.data.__file__).parent / "tables"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert sorted(path.stem for path in folder.glob("*.csv")) == bundled_tables()
    assert all(f"{name}.csv" in text for name in bundled_tables())


def test_the_public_names_are_sorted_and_documented() -> None:
    names = layerkit.data.__all__
    assert names == sorted(names)
    assert all(getattr(layerkit.data, name).__doc__ for name in names)


def run(code: str, path: str) -> str:
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {path!r}); {code}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_importing_data_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'json', 'dataclasses', 'statistics', 'fractions', 'decimal', 'pkgutil', 'importlib.resources'}"
    code = f"import layerkit.data; print(sorted({heavy} & set(sys.modules)))"
    assert run(code, str(Path(layerkit.data.__file__).parents[2])) == "[]\n"


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    names = {path.stem for path in Path(layerkit.data.__file__).parent.glob("*.py")}
    if sys.version_info >= (3, 10):
        assert not names & sys.stdlib_module_names


def test_the_tables_are_found_inside_a_zip_file(tmp_path: Path) -> None:
    root = Path(layerkit.data.__file__).parents[2]
    archive = tmp_path / "layerkit.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("layerkit/__init__.py", "")
        for name in ("errors", "numerics", "linalg"):
            file.write(root / "layerkit" / f"{name}.py", f"layerkit/{name}.py")
        for path in (root / "layerkit" / "data").rglob("*"):
            if path.suffix in (".py", ".csv"):
                file.write(path, str(path.relative_to(root)))
    assert run("import layerkit.data as d; print(d.__file__[-5:], len(d.load_table('iris')))", str(archive)).endswith(
        " 150\n"
    )
