"""List the known activations, with their formula, range and the plugin that brings each.

The layer softmax is among them: it is found by its name in the same places.
"""

from __future__ import annotations

from argparse import Namespace
from operator import itemgetter
from typing import TYPE_CHECKING

from layerkit.cli.output import say
from layerkit.cli.parser import Parser

if TYPE_CHECKING:
    from layerkit.activation import Activation

HELP = "list the known activations"


def add_arguments(parser: Parser) -> None:
    """None."""


def run(args: Namespace) -> int:
    """Print the table."""
    from layerkit.plugins import registry
    from layerkit.tables import text_table

    rows = [
        [name, found.formula or None, _range(found), _differentiable(found), plugin]
        for name, (plugin, found) in registry.all("activation").items()
    ]
    rows.append(["softmax", "exp(x) / sum of exp(x) in the row", "0 to 1", "yes", "none, it is a layer"])
    say(text_table(sorted(rows, key=itemgetter(0)), ["name", "formula", "range", "differentiable", "plugin"]))
    return 0


def _range(activation: Activation) -> str:
    low, high = (f"{end:.4g}" for end in activation.range)
    return f"{low} to {high}"


def _differentiable(activation: Activation) -> str:
    if not activation.differentiable:
        return "no" if activation.surrogate is None else "no, by a surrogate"
    kinks = ", ".join(f"{x:g}" for x in activation.kinks)
    return f"yes, not at {kinks}" if kinks else "yes"
