"""The command `layerkit`: one module for each subcommand, and what they share.

What is heavy is imported where a subcommand runs, so that `layerkit --help` is quick.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command `layerkit` with these arguments (the program's own where none are given); the exit code.

    Whatever a user can do wrong ends in one line on stderr and exit code 2.

    >>> main(["predict"])  # stderr: layerkit: predict: the following arguments are required: MODEL, TABLE. …
    2
    """
    from layerkit.cli.command import run

    return run(argv)
