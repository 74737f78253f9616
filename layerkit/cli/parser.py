"""Reading the command line: argparse, with errors that are one line and know the nearest option."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from layerkit.errors import ArgumentError, unknown_name


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are `ArgumentError`s, raised and not printed.

    Options cannot be abbreviated: what works today still works when an option is added.
    """

    def __init__(self, **settings: Any) -> None:
        self.known_options: set[str] = set()
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def add_argument(self, *names: Any, **settings: Any) -> Any:
        self.known_options.update(name for name in names if name.startswith("--"))
        return super().add_argument(*names, **settings)

    def require_known_options(self, argv: Sequence[str]) -> None:
        """
        :raises UnknownNameError: where there is an option that is not known; the message has the nearest known one.
        """
        for argument in argv:
            if argument == "--":
                return
            option = argument.partition("=")[0]
            if option.startswith("--") and option not in self.known_options:
                raise unknown_name("option", option, self.known_options)

    def error(self, message: str) -> NoReturn:
        """
        :raises ArgumentError: always.
        """
        raise ArgumentError(f"{self.prog.partition(' ')[2] or 'command line'}: {message}. Fix: see '{self.prog} -h'.")


def whole(at_least: int) -> Callable[[str], int]:
    """Reads a whole number of at least that size.

    >>> whole(1)("8")
    8
    """

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = at_least - 1
        if value < at_least:
            raise argparse.ArgumentTypeError(f"it must be a whole number of at least {at_least}, not {text!r:.60}")
        return value

    return read


def share(text: str) -> float:
    """Reads a number between 0 and 1, neither of them included."""
    value = number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"it must be between 0 and 1, such as 0.2 for 20 %, not {text!r:.60}")
    return value


def before(option: str, read: Callable[[str], int]) -> Callable[[str], int]:
    """The same reader, for an option of several values that may have swallowed the table.

    >>> before("--hidden", whole(1))("8")
    8
    """

    def read_or_hint(text: str) -> int:
        try:
            return read(text)
        except argparse.ArgumentTypeError as error:
            hint = "" if text.lstrip("-").replace(".", "").isdigit() else f"; put the table before {option}"
            raise argparse.ArgumentTypeError(f"{error}{hint}") from None

    return read_or_hint


def number(text: str) -> float:
    """Reads a number; whether it makes sense is for those to say who use it."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"it must be a number, not {text!r:.60}") from None
