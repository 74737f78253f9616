"""What can go wrong, as one tree of exceptions, and the one line each of them says.

Every message has the same four parts, so that a reader knows where to look:
who complains, what was expected, what came, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable


class LayerkitError(Exception):
    """Any error that layerkit raises on purpose."""


class ArgumentError(LayerkitError, ValueError):
    """An argument has the right type but a value that makes no sense (a negative rate, zero epochs)."""


class ArgumentTypeError(LayerkitError, TypeError):
    """An argument is of a type that cannot be used (text where a number must stand)."""


class ShapeError(LayerkitError, ValueError):
    """Rows, columns or units do not fit together."""


class DataError(LayerkitError, ValueError):
    """Data holds what layerkit cannot train on: missing values, text, NaN, an unreadable table."""


class UnknownNameError(LayerkitError, LookupError):
    """A name (of an activation, layer, loss, optimizer, column, …) is not known."""


class OrderError(LayerkitError, RuntimeError):
    """Something was called before what it needs: backward before forward, fit before compile."""


class NotDifferentiableError(LayerkitError, TypeError):
    """Gradient descent was asked of a function that has no useful derivative."""


class NumericsError(LayerkitError, ArithmeticError):
    """A result is not a finite number."""


class RecordingError(LayerkitError, RuntimeError):
    """A recorded value was used in a way that the record cannot hold."""


class PluginError(LayerkitError, RuntimeError):
    """A plugin cannot be used as it is."""


class ModelFileError(LayerkitError, ValueError):
    """A model file cannot be read, or does not hold what it says."""


def short(value: object, limit: int = 40) -> str:
    """The value as a message shows it: its repr on one line, cut where it is long.

    >>> short([[0, 1], [1, 0]]), short("x" * 99, 12), short(10 ** 5000)
    ('[[0, 1], [1, 0]]', "'xxxxxxxx...", '<a huge int>')
    """
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python writes out no int of more than 4300 digits
        text = f"<a huge {type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not known, with the nearest known name and the list of all.

    >>> print(unknown_name("activation", "sigmod", ["tanh", "sigmoid"]))
    unknown activation 'sigmod'; did you mean 'sigmoid'? Known: sigmoid, tanh.
    """
    names = sorted(known)
    nearest = _nearest(str(name), names)
    hint = f"; did you mean {nearest!r}?" if nearest else "."
    return UnknownNameError(f"unknown {kind} {name!r}{hint} Known: {', '.join(names) or 'none'}.")


def _nearest(name: str, names: list[str]) -> str | None:
    """The most similar of the names, or None where none is similar."""
    try:
        from difflib import get_close_matches
    except ImportError:  # a minimal Python has no difflib: the list of known names must do
        return None
    by_lower = {known.lower(): known for known in names}
    matches = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[matches[0]] if matches else None
