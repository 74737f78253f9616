"""Show the layers of a saved model, and what it predicts from which columns."""

from __future__ import annotations

from argparse import Namespace

from layerkit.cli.output import say
from layerkit.cli.parser import Parser

HELP = "show the layers of a saved model"


def add_arguments(parser: Parser) -> None:
    """The model file."""
    parser.add_argument("model", metavar="MODEL", help="a file that 'layerkit train --save' wrote")


def run(args: Namespace) -> int:
    """Print the table of layers, and the preparation where the file has one."""
    from layerkit.cli.model_file import ModelFile

    saved = ModelFile.read(args.model)
    say(saved.model.summary_text())
    if saved.preparation is not None:
        say(saved.preparation.describe())
    return 0
