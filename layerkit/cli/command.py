"""The command line as a whole: which subcommand, and how it ends."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Protocol

from layerkit import __version__
from layerkit.cli import activations, demo, predict, summary, train
from layerkit.cli.output import complain, degrading, discard_output
from layerkit.cli.parser import Parser
from layerkit.errors import ArgumentError, LayerkitError, unknown_name


class Subcommand(Protocol):
    """What the module of a subcommand has; its docstring is the description that --help shows."""

    HELP: str

    def add_arguments(self, parser: Parser) -> None:
        """Declare its arguments."""

    def run(self, args: Namespace) -> int:
        """Do it; the exit code."""


COMMANDS: dict[str, Subcommand] = {
    "demo": demo,
    "train": train,
    "predict": predict,
    "summary": summary,
    "activations": activations,
}

FAILED = 2
INTERRUPTED = 130  # as a shell says for Ctrl-C
PIPE_CLOSED = 141  # as a shell says for a reader that went away


def run(argv: Sequence[str] | None = None) -> int:
    """The whole of `layerkit.cli.main`."""
    with degrading(sys.stdout), degrading(sys.stderr):
        try:
            code = _run(list(sys.argv[1:] if argv is None else argv))
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
        except BrokenPipeError:
            discard_output()
            return PIPE_CLOSED
        except KeyboardInterrupt:
            complain("interrupted.")
            return INTERRUPTED
        except LayerkitError as error:
            complain(str(error))
        except MemoryError:
            complain("not enough memory. Fix: use fewer units or a smaller table.")
        except OSError as error:
            if error.filename is None:  # stdout itself: such as a full disk
                discard_output()
            name = "the output" if error.filename is None else repr(error.filename)
            complain(f"cannot read or write {name}: {error.strerror or error}. Fix: check the path.")
    return FAILED


def _run(argv: list[str]) -> int:
    parser, subparsers = _parsers()
    if not argv:
        raise ArgumentError(f"which command? Known: {', '.join(COMMANDS)}. Fix: try 'layerkit demo'.")
    if not argv[0].startswith("-") and argv[0] not in COMMANDS:
        raise unknown_name("command", argv[0], COMMANDS)
    subparsers.get(argv[0], parser).require_known_options(argv)
    try:
        args = parser.parse_args(argv)
    except SystemExit:  # after --help and --version; errors of the parser are ArgumentErrors
        return 0
    return COMMANDS[args.command].run(args)


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    """The parser of the whole line, and those of the subcommands."""
    parser = Parser(
        prog="layerkit",
        description="Neural networks in plain Python: train one on a CSV file, use it, and see how it works.",
        epilog="'layerkit COMMAND --help' says more about a command. A first look: layerkit demo",
    )
    parser.add_argument("--version", action="version", version=f"layerkit {__version__}")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    subparsers = {}
    for name, module in COMMANDS.items():
        subparsers[name] = choices.add_parser(name, help=module.HELP, description=(module.__doc__ or "").strip())
        module.add_arguments(subparsers[name])
    return parser, subparsers
