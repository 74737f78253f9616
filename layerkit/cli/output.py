"""What goes to the terminal: text that every terminal can show, reports on stdout, notes and errors on stderr."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_HANDLER = "layerkit.degrade"
_PLAIN = {"×": "x", "·": "*", "−": "-", "–": "-", "→": "->", "±": "+-", "½": "1/2", "²": "^2", "…": "...", "⁺": "+"}


def _degrade(error: UnicodeError) -> tuple[str, int]:
    """Characters that the stream cannot write: plain ones for layerkit's own, escapes for all else."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    plain = (_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode("ascii") for c in lost)
    return "".join(plain), error.end


@contextmanager
def degrading(stream: Any) -> Iterator[None]:
    """Meanwhile the stream writes every text, whatever its encoding."""
    before = getattr(stream, "errors", None)
    if before is None or not hasattr(stream, "reconfigure"):
        yield
        return
    codecs.register_error(_HANDLER, _degrade)
    stream.reconfigure(errors=_HANDLER)
    try:
        yield
    finally:
        try:
            stream.reconfigure(errors=before)
        except (OSError, ValueError):  # the reader is gone, or somebody closed the stream
            pass


def say(text: str = "") -> None:
    """A line or several on stdout, at once, also where stdout is a pipe."""
    print(visible(text), flush=True)


def say_if_heard(text: str = "") -> None:
    """Like `say`, but where the reader of stdout went away, this and all that follows goes nowhere."""
    try:
        say(text)
    except BrokenPipeError:
        discard_output()


def note(text: str) -> None:
    """One line on stderr, where there is one."""
    if sys.stderr is not None:
        print(visible(" ".join(text.splitlines())), file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """One line on stderr that says who complains. Nobody is left to tell where that fails."""
    try:
        note(f"layerkit: {text}")
    except OSError:
        pass


def visible(text: str) -> str:
    r"""The text with control characters escaped, so that data cannot steer a terminal; line ends stay.

    >>> print(visible("a\x1b[2Jb\nc"))
    a\x1b[2Jb
    c
    """
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode("ascii") for c in text)


def discard_output() -> None:
    """Let what is still in the buffer of stdout go nowhere: its reader is gone."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):  # stdout is no file
        pass


def plural(count: int, noun: str) -> str:
    """
    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1200 rows')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
