"""Preparing the feature columns of a table."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from layerkit.data import FeatureEncoder, Table, load_table
from layerkit.errors import DataError, ModelFileError, NumericsError, OrderError, UnknownNameError

TRAIN = Table(
    ["mass", "island"],
    [["1", "Dream"], ["3", "Biscoe"], ["NA", "Dream"], ["2", "?"]],
)
# mass: mean of 1, 3, 2 is 2; filled 1, 3, 2, 2 has variance 2 / 4, so √2 per unit
ROOT2 = math.sqrt(2)


def test_missing_numbers_become_the_mean_and_missing_texts_the_most_frequent() -> None:
    encoded = FeatureEncoder("fill").fit(TRAIN).transform(TRAIN)
    assert encoded.rows == [
        pytest.approx([-ROOT2, 0, 1]),
        pytest.approx([ROOT2, 1, 0]),
        [0, 0, 1],
        [0, 0, 1],
    ]
    assert encoded.kept == [0, 1, 2, 3]
    assert encoded.filled == {"mass": 1, "island": 1}
    assert encoded.unseen == {}


def test_equally_frequent_texts_are_filled_with_the_first_in_order() -> None:
    train = Table(["a"], [["y"], ["x"], [""]])
    encoder = FeatureEncoder().fit(train)
    assert encoder.feature_names == ["a=x", "a=y"]
    assert encoder.transform(train).rows == [[0, 1], [1, 0], [1, 0]]


def test_drop_leaves_out_rows_and_says_which_are_kept() -> None:
    encoder = FeatureEncoder("drop").fit(TRAIN)
    encoded = encoder.transform(TRAIN)
    assert encoded.kept == [0, 1]
    assert encoded.rows == [[-1, 0, 1], [1, 1, 0]]  # of the rows 1 and 3: mean 2, stddev 1
    assert encoder.transform(TRAIN.take([2])) == ([], [], {}, {})


def test_drop_ignores_holes_in_columns_that_training_did_not_have() -> None:
    encoder = FeatureEncoder("drop").fit(TRAIN.drop("island"))
    assert encoder.transform(TRAIN).kept == [0, 1, 3]


def test_error_names_the_first_missing_value_by_line_and_column() -> None:
    with pytest.raises(DataError, match="column 'mass' has none on line 4"):
        FeatureEncoder("error").fit(TRAIN)
    with pytest.raises(DataError, match="column 'island' has none on line 5"):
        FeatureEncoder("error").fit(TRAIN.take([3, 2]))
    encoder = FeatureEncoder("error").fit(TRAIN.take([0, 1]))
    with pytest.raises(DataError, match="column 'island' has none on line 5"):
        encoder.transform(TRAIN.take([1, 3]))


def test_nothing_is_learned_from_the_table_that_is_transformed() -> None:
    encoder = FeatureEncoder().fit(TRAIN)
    before = encoder.state()
    other = Table(["mass", "island"], [["1000", "Torgersen"], ["", "Torgersen"], ["2", "Gough"]])
    encoded = encoder.transform(other)
    assert encoder.state() == before
    assert encoded.rows[0] == pytest.approx([998 * ROOT2, 0, 0])
    assert encoded.rows[1:] == [[0, 0, 0], [0, 0, 0]]
    assert encoded.unseen == {"island": {"Torgersen": 2, "Gough": 1}}


def test_columns_are_found_by_name_and_extra_ones_are_ignored() -> None:
    encoder = FeatureEncoder().fit(TRAIN)
    other = Table(["extra", "island", "mass"], [["inf", "Dream", "2"]])
    assert encoder.transform(other).rows == [[0, 0, 1]]


def test_an_absent_column_comes_with_the_nearest_name() -> None:
    encoder = FeatureEncoder().fit(TRAIN)
    with pytest.raises(UnknownNameError, match="unknown column 'island'; did you mean 'Islands'") as caught:
        encoder.transform(Table(["mass", "Islands"], [["1", "Dream"]]))
    assert "\n" not in str(caught.value)


def test_text_in_a_numeric_column_is_named_with_column_line_and_value() -> None:
    encoder = FeatureEncoder().fit(TRAIN)
    with pytest.raises(DataError, match="column 'mass' must hold numbers, line 3 has 'heavy'"):
        encoder.transform(Table(["mass", "island"], [["1", "Dream"], ["heavy", "Dream"]]))


def test_a_kind_can_be_given_for_a_column() -> None:
    whole = Table(["flat"], [["12"], ["14"], ["12B"]])
    train = whole.take([0, 1])
    assert FeatureEncoder().fit(train).feature_names == ["flat"]
    encoder = FeatureEncoder().fit(train, kinds=whole.kinds())
    assert encoder.feature_names == ["flat=12", "flat=14"]
    assert encoder.transform(whole).unseen == {"flat": {"12B": 1}}
    with pytest.raises(DataError, match="line 4 has '12B'"):
        FeatureEncoder().fit(whole, kinds={"flat": "numeric"})
    with pytest.raises(UnknownNameError, match="unknown kind of column 'number'"):
        FeatureEncoder().fit(train, kinds={"flat": "number"})


def test_a_constant_column_is_zero() -> None:
    encoder = FeatureEncoder().fit(Table(["a"], [["7"], ["7"], ["NA"]]))
    assert encoder.transform(Table(["a"], [["7"], ["8"], ["NA"]])).rows == [[0], [0], [0]]


def test_columns_that_may_be_meant_as_numbers_are_noted() -> None:
    mixed = Table(["age"], [["1"], ["NA"], ["inf"], ["2"], ["1_000"]])
    assert FeatureEncoder().fit(mixed).notes == [
        "column 'age' counts as text: 2 of 4 values are no numbers, the first is 'inf' on line 4."
    ]
    commas = Table(["price"], [[f"{n},5"] for n in range(30)])
    assert FeatureEncoder().fit(commas).notes == [
        "column 'price' counts as text, its numbers have a decimal comma, such as '0,5': write numbers as 1234.5."
    ]
    few = Table(["price", "code"], [["1.234,5", "a"], ["NA", "b"], ["2,0", "a"]])
    assert FeatureEncoder().fit(few).notes == [
        "column 'price' counts as text, its numbers have a decimal comma, such as '1.234,5': write numbers as 1234.5."
    ]
    names = Table(["name"], [[f"name {n}"] for n in range(30)])
    assert FeatureEncoder().fit(names).notes == [
        "column 'name' counts as text, with 30 different values in 30 rows, such as 'name 0': "
        "leave it out, or write numbers as 1234.5."
    ]
    assert FeatureEncoder().fit(TRAIN).notes == []


@pytest.mark.parametrize(
    ("table", "missing", "message"),
    [
        (TRAIN.drop("mass", "island"), "fill", "no feature columns"),
        (TRAIN.take([]), "fill", "the table is empty"),
        (TRAIN.take([2, 3]), "drop", "every row has a missing value"),
        (Table(["a", "b"], [["1", "NA"]]), "fill", "column 'b' has no values"),
    ],
)
def test_a_table_with_nothing_to_learn_is_refused(table: Table, missing: str, message: str) -> None:
    encoder = FeatureEncoder(missing)
    with pytest.raises(DataError, match=message):
        encoder.fit(table)
    with pytest.raises(OrderError):
        encoder.transform(TRAIN)


def test_a_refused_fit_leaves_the_encoder_as_it_was() -> None:
    encoder = FeatureEncoder().fit(TRAIN)
    before = encoder.state()
    with pytest.raises(DataError):
        encoder.fit(Table(["a"], [["NA"]]))
    assert encoder.state() == before


def test_an_unknown_way_to_treat_missing_values_comes_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'fil'; did you mean 'fill'"):
        FeatureEncoder("fil")


@pytest.mark.parametrize("call", ["state", "transform", "feature_names"])
def test_before_fit_everything_is_an_error_that_says_so(call: str) -> None:
    encoder = FeatureEncoder()
    with pytest.raises(OrderError, match="FeatureEncoder: it must be fitted first"):
        encoder.transform(TRAIN) if call == "transform" else getattr(encoder, call)()


@pytest.mark.parametrize("missing", ["fill", "drop"])
def test_the_state_goes_through_json_and_transforms_bit_for_bit(missing: str) -> None:
    table = load_table("penguins").drop("species")
    encoder = FeatureEncoder(missing).fit(table.take(range(0, 344, 2)))
    again = FeatureEncoder.from_state(json.loads(json.dumps(encoder.state())))
    assert again.feature_names == encoder.feature_names
    assert again.transform(table) == encoder.transform(table)
    assert again.state() == encoder.state()


GOOD = {"name": "a", "kind": "numeric", "fill": 0.0, "mean": 0.0, "stddev": 1.0}


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {"missing": "fill"},
        {"missing": "maybe", "columns": []},
        {"missing": "fill", "columns": ["a"]},
        {"missing": "fill", "columns": [{**GOOD, "kind": "date"}]},
        {"missing": "fill", "columns": [{**GOOD, "mean": "0"}]},
        {"missing": "fill", "columns": [{**GOOD, "stddev": float("inf")}]},
        {"missing": "fill", "columns": [{**GOOD, "kind": "text"}]},
    ],
)
def test_a_damaged_state_is_refused(state: Any) -> None:
    with pytest.raises(ModelFileError, match="FeatureEncoder"):
        FeatureEncoder.from_state(state)


def test_a_value_too_far_from_the_training_part_is_named_by_its_column() -> None:
    encoder = FeatureEncoder().fit(Table(["a"], [["0"], ["1e-300"]]))
    with pytest.raises(NumericsError, match=r"column 'a'.*1e\+308 exceeds"):
        encoder.transform(Table(["a"], [["1e308"]]))


def test_penguins_have_the_features_one_expects() -> None:
    encoder = FeatureEncoder().fit(load_table("penguins").drop("species"))
    assert encoder.feature_names == [
        "island=Biscoe",
        "island=Dream",
        "island=Torgersen",
        "bill_length_mm",
        "bill_depth_mm",
        "flipper_length_mm",
        "body_mass_g",
        "sex=female",
        "sex=male",
        "year",
    ]
    encoded = encoder.transform(load_table("penguins"))
    assert encoded.filled == {
        "bill_length_mm": 2,
        "bill_depth_mm": 2,
        "flipper_length_mm": 2,
        "body_mass_g": 2,
        "sex": 11,
    }
    for column in list(zip(*encoded.rows))[3:7]:
        assert math.fsum(column) == pytest.approx(0, abs=1e-10)
        assert math.fsum(z * z for z in column) == pytest.approx(344)
