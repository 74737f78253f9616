"""Predict with a saved model: one line of CSV for each row of the table, in its order.

The columns are the predicted class and its probability, or the predicted number. Both are written in full, so that they
read back to exactly what the model gave.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from layerkit.cli.output import note, plural
from layerkit.cli.parser import Parser

if TYPE_CHECKING:
    from layerkit.cli.model_file import ModelFile
    from layerkit.cli.preparation import Preparation
    from layerkit.data import Table

HELP = "predict with a saved model"


def add_arguments(parser: Parser) -> None:
    """The model, the table, and where the predictions go."""
    parser.add_argument("model", metavar="MODEL", help="a file that 'layerkit train --save' wrote")
    parser.add_argument("table", metavar="TABLE", help="a CSV file with the columns that the model was trained on")
    parser.add_argument("--output", metavar="FILE", help="write to this file instead of the terminal")


def run(args: Namespace) -> int:
    """Read the model and the table, write the predictions."""
    import csv
    import io

    from layerkit.cli.model_file import ModelFile
    from layerkit.cli.places import require_other_file
    from layerkit.cli.tables import open_table

    if args.output is not None:
        require_other_file("predict: --output", args.output, {"the model": args.model, "the table": args.table})
    saved = ModelFile.read(args.model)
    table, _ = open_table(args.table)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_predictions(saved, table, args))
    if args.output is not None:
        with open(args.output, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        note(f"{plural(len(table), 'prediction')} written to {args.output}")
    else:
        print(text.getvalue(), end="")
    return 0


def _predictions(saved: ModelFile, table: Table, args: Namespace) -> list[list[Any]]:
    """The header and a line for each row; what was filled in or left out is noted."""
    from layerkit.cli.report import unseen
    from layerkit.errors import ModelFileError

    preparation = saved.preparation
    if preparation is None:
        raise ModelFileError(
            f"predict: {args.model!r} holds a model, but not how a table becomes its input. "
            "Fix: save the model with 'layerkit train --save', or use load_model in Python."
        )
    _require_complete(preparation, table, args.table)
    encoded = preparation.x(table)
    if encoded.filled:
        note(f"missing values filled in: {', '.join(f'{name} {count}' for name, count in encoded.filled.items())}")
    if encoded.unseen:
        note(unseen(encoded.unseen))
    if len(encoded.kept) < len(table):
        note(f"no prediction for {plural(len(table) - len(encoded.kept), 'row')} with missing values")
    outputs = saved.model.predict(encoded.rows) if encoded.rows else []
    classes = preparation.target.classes is not None
    answers = {
        n: [answer, repr(max(row))] if classes else [repr(answer)]
        for n, answer, row in zip(encoded.kept, preparation.answers(outputs), outputs)
    }
    header = ["predicted", "probability"] if classes else ["predicted"]
    return [header, *(answers.get(n, [""] * len(header)) for n in range(len(table)))]


def _require_complete(preparation: Preparation, table: Table, path: str) -> None:
    """
    :raises UnknownNameError: where the table lacks a column of the training.
    :raises DataError: where a value is missing and the model was trained to refuse that.
    """
    from layerkit.cli.dataset import first_missing
    from layerkit.errors import DataError, UnknownNameError, unknown_name

    features = preparation.features
    for name in features.column_names:
        if name not in table.names:
            error = unknown_name("column", name, table.names)
            raise UnknownNameError(
                f"predict: {path!r} lacks a column that the model was trained on: {error} Fix: add or rename it."
            )
    hole = first_missing(table, features.column_names) if features.missing == "error" else None
    if hole:
        raise DataError(f"predict: {hole}. Fix: fill it in, or train the model with --missing fill or --missing drop.")
