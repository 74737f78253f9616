"""Four short stories with every number computed on the spot: a worked network, a line fit, a descent, logic gates."""

from __future__ import annotations

from argparse import Namespace

from layerkit.cli.output import say
from layerkit.cli.parser import Parser

HELP = "what layerkit does, in four short stories"


def add_arguments(parser: Parser) -> None:
    """None."""


def run(args: Namespace) -> int:
    """Tell the stories one after the other."""
    from layerkit.cli.stories import descent, gates, line_fit, worked_network

    stories = {
        "a worked network": worked_network,
        "a line fit": line_fit,
        "a descent": descent,
        "logic gates": gates,
    }
    for letter, (title, story) in zip("abcd", stories.items()):
        say(f"({letter}) {title}\n{'=' * (len(title) + 4)}\n")
        say(f"{story.tell()}\n")
    return 0
