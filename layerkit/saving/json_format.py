"""The JSON model file: readable, versioned, and every float reads back to the same bits.

The file is one object: ``{"format": "layerkit", "version": 1, "model": {…}, "preparation": {…} or null}``. A float is
written as Python's repr, the shortest text that reads back to the same float; NaN and infinity are refused.
"""

from __future__ import annotations

import os
from typing import Any

from layerkit.errors import ArgumentTypeError, ModelFileError, short

FORMAT = "layerkit"
VERSION = 1


def write_json(path: str | os.PathLike[str], model: dict[str, Any], preparation: dict[str, Any] | None = None) -> None:
    """Write a model's state, and what prepares its data; an older file at `path` is replaced as a whole or not at all.

    :raises ModelFileError: where the state holds something that JSON has no number for, or the file cannot be written.
    """
    import json

    content = {"format": FORMAT, "version": VERSION, "model": model, "preparation": preparation}
    try:
        text = json.dumps(content, allow_nan=False, ensure_ascii=False, indent=1)
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            f"save: the model holds a value that JSON cannot hold ({error}). Fix: use finite floats, and a number "
            "as the learning rate."
        ) from None
    name = _path(path)
    temporary = f"{name}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(temporary, name)
    except BaseException as error:
        if "\0" not in name and os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, (OSError, ValueError)):
            raise ModelFileError(f"save: cannot write {name!r}: {_reason(error)}. Fix: choose another path.") from None
        raise


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a model file: its keys are format, version, model and preparation.

    :raises ModelFileError: where the file cannot be read or is no model file of a known version.
    """
    import json

    name = _path(path)
    try:
        with open(name, encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise ModelFileError(f"load: {name!r} is no text ({error}). Fix: pass a file that layerkit saved.") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"load: cannot read {name!r}: {_reason(error)}. Fix: check the path.") from None
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"load: {name!r} is no model file ({error}). Fix: pass a file that layerkit saved."
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"load: {name!r} is JSON, but no layerkit model. Fix: pass a file that layerkit saved.")
    if content.get("version") != VERSION:
        raise ModelFileError(
            f"load: {name!r} has format version {content.get('version')!r}, this layerkit reads {VERSION}. "
            "Fix: use a newer layerkit."
        )
    return content


def _path(path: Any) -> str:
    try:
        return os.fsdecode(path)
    except TypeError:
        raise ArgumentTypeError(f"model file: its path must be text, got {short(path)}. Fix: 'model.json'.") from None


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a finite number")
