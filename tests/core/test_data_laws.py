"""Laws of layerkit.data that hold for every table, tried on made-up ones."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter

import pytest

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from layerkit.data import (  # noqa: E402
    FeatureEncoder,
    LabelEncoder,
    MinMaxScaler,
    StandardScaler,
    Table,
    batches,
    class_names,
    one_hot,
    parse_number,
    read_csv,
    split_indices,
)
from layerkit.errors import DataError  # noqa: E402

relaxed = settings(deadline=None)  # a slow machine is no failure

EPSILON = 2.0**-52
numbers = st.floats(-1e308, 1e308)
columns = st.lists(numbers, min_size=1, max_size=20)
cells = st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from(',;"\n'), max_size=6)
names = st.text(st.sampled_from("abcxyz é-"), min_size=1, max_size=6).filter(str.strip)


@relaxed
@given(columns, st.sampled_from([StandardScaler, MinMaxScaler]))
def test_inverse_undoes_transform(column: list[float], scaler_type: type[StandardScaler | MinMaxScaler]) -> None:
    rows = [[value] for value in column]
    scaler = scaler_type().fit(rows)
    scaled = scaler.transform(rows)
    assert all(math.isfinite(value) for (value,) in scaled)
    largest = max(map(abs, column))
    for (value,), (again,) in zip(rows, scaler.inverse(scaled)):
        assert abs(value - again) <= 32 * EPSILON * largest + 1e-321


@relaxed
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30).filter(lambda column: len(set(column)) > 1))
def test_standard_scaled_columns_have_mean_0_and_stddev_1(column: list[int]) -> None:
    rows = [[value] for value in column]
    scaled = [value for (value,) in StandardScaler().fit(rows).transform(rows)]
    assert abs(math.fsum(scaled)) <= 1e-11
    assert math.fsum(value * value for value in scaled) / len(scaled) == pytest.approx(1, rel=1e-12)


@relaxed
@given(columns)
def test_min_max_scaled_columns_reach_from_0_to_1(column: list[float]) -> None:
    rows = [[value] for value in column]
    scaled = [value for (value,) in MinMaxScaler().fit(rows).transform(rows)]
    assert (min(scaled), max(scaled)) == ((0, 1) if len(set(column)) > 1 else (0, 0))


@relaxed
@given(columns, st.sampled_from([StandardScaler, MinMaxScaler]))
def test_a_scaler_read_back_from_json_scales_bit_for_bit(
    column: list[float], scaler_type: type[StandardScaler | MinMaxScaler]
) -> None:
    rows = [[value] for value in column]
    scaler = scaler_type().fit(rows)
    again = scaler_type.from_state(json.loads(json.dumps(scaler.state())))
    assert again.transform(rows) == scaler.transform(rows)


@relaxed
@given(
    st.lists(st.sampled_from("aaaaabbbcd"), min_size=2, max_size=60),
    st.floats(0.01, 0.99),
    st.booleans(),
    st.integers(0, 5),
)
def test_a_split_is_a_partition_and_stratified_shares_are_within_one(
    labels: list[str], fraction: float, stratify: bool, seed: int
) -> None:
    counts = Counter(labels)
    hypothesis.assume(not stratify or max(counts.values()) > 1)
    train, test = split_indices(labels, test_fraction=fraction, stratify=stratify, seed=seed)
    assert sorted(train + test) == list(range(len(labels)))
    assert train
    assert test
    if stratify:
        in_test = Counter(labels[n] for n in test)
        for label, count in counts.items():
            assert abs(in_test[label] - count * fraction) <= 1 + 1e-9
            assert count < 2 or 1 <= in_test[label] <= count - 1


@relaxed
@given(st.lists(st.integers()), st.integers(1, 10))
def test_batches_joined_are_the_rows(rows: list[int], batch_size: int) -> None:
    parts = list(batches(rows, rows, batch_size))
    assert [n for x, _ in parts for n in x] == rows
    assert all(x == y and 1 <= len(x) <= batch_size for x, y in parts)


@relaxed
@given(
    st.lists(
        st.text(min_size=1).filter(lambda text: text not in ("NA", "N/A", "NaN", "nan", "null", "None", "?")),
        min_size=1,
    )
)
def test_labels_encode_and_decode_to_themselves(labels: list[str]) -> None:
    encoder = LabelEncoder(class_names(labels))
    assert encoder.decode(encoder.encode(labels)) == labels
    assert [row.index(1) for row in one_hot(labels)] == encoder.encode(labels)
    assert all(sum(row) == 1 for row in one_hot(labels))


@relaxed
@given(st.data(), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_a_table_written_as_csv_reads_back(data: st.DataObject, delimiter: str, line_end: str, mark: bool) -> None:
    header = data.draw(st.lists(names, min_size=1, max_size=4, unique_by=lambda name: " ".join(name.split())))
    row = st.lists(cells, min_size=len(header), max_size=len(header))
    table = Table(header, data.draw(st.lists(row, min_size=1, max_size=5)))
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([table.names, *table.rows])
    content = (b"\xef\xbb\xbf" if mark else b"") + file.getvalue().encode()
    assert read_csv(io.BytesIO(content)) == table
    assert read_csv(io.BytesIO(content), delimiter=delimiter) == table


@relaxed
@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_one_clear_line(content: bytes) -> None:
    try:
        message = f"{len(read_csv(io.BytesIO(content)))} rows. Fix: nothing"
    except DataError as error:
        message = str(error)
    assert re.fullmatch("[^0\n].* Fix: .+", message)


@relaxed
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_written_out_is_parsed_bit_for_bit(number: float) -> None:
    assert parse_number(repr(number)) == number


@relaxed
@given(st.text(max_size=5))
def test_what_is_parsed_as_a_number_is_finite_and_plain(text: str) -> None:
    number = parse_number(text)
    if number is not None:
        assert math.isfinite(number)
        assert set(text) <= set("0123456789.+-eE")


table_cells = st.lists(
    st.tuples(
        st.sampled_from(["1", "-2.5", "1e300", "0.1", "NA", ""]), st.sampled_from(["red", "green", "blue", "None"])
    ),
    min_size=1,
    max_size=10,
)


@relaxed
@given(table_cells, table_cells, st.sampled_from(["fill", "drop"]))
def test_an_encoder_read_back_from_json_encodes_bit_for_bit(
    train: list[tuple[str, str]], later: list[tuple[str, str]], missing: str
) -> None:
    try:
        encoder = FeatureEncoder(missing).fit(Table(["a", "b"], train))
    except DataError:
        hypothesis.reject()
    table = Table(["a", "b"], later)
    encoded = encoder.transform(table)
    assert FeatureEncoder.from_state(json.loads(json.dumps(encoder.state()))).transform(table) == encoded
    assert len(encoded.rows) == len(encoded.kept) == (len(later) if missing == "fill" else len(encoded.kept))
    assert all(len(row) == len(encoder.feature_names) and all(map(math.isfinite, row)) for row in encoded.rows)
