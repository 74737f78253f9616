"""Data for a network: tables from CSV files, scaling, one-hot rows, splitting, and three bundled tables."""

from __future__ import annotations

from layerkit.data.bundled import bundled_tables, load_digits, load_iris, load_penguins, load_table
from layerkit.data.cells import MISSING_TOKENS, is_missing, parse_number
from layerkit.data.classes import LabelEncoder, class_names, one_hot
from layerkit.data.features import EncodedFeatures, FeatureEncoder
from layerkit.data.reading import read_csv
from layerkit.data.scalers import MinMaxScaler, StandardScaler
from layerkit.data.splitting import batches, split, split_indices
from layerkit.data.table import Table
from layerkit.data.targets import EncodedTarget, TargetEncoder, detect_task

__all__ = [
    "EncodedFeatures",
    "EncodedTarget",
    "FeatureEncoder",
    "LabelEncoder",
    "MISSING_TOKENS",
    "MinMaxScaler",
    "StandardScaler",
    "Table",
    "TargetEncoder",
    "batches",
    "bundled_tables",
    "class_names",
    "detect_task",
    "is_missing",
    "load_digits",
    "load_iris",
    "load_penguins",
    "load_table",
    "one_hot",
    "parse_number",
    "read_csv",
    "split",
    "split_indices",
]
